"""SymPy statements of the results, and derivations of their closed forms as code.

Every statement is an equation or inequality in the symbols of NOTATION.md; `derive_…` functions do not state a
closed form but let SymPy find or prove it.
"""

# pyright: reportReturnType=false, reportCallIssue=false, reportAttributeAccessIssue=false
# pyright: reportOperatorIssue=false, reportIndexIssue=false
# (SymPy's own annotations do not know that expressions stay expressions.)

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

n, s, q, d, k, j = sp.symbols("n s q d k j", integer=True, positive=True)
x, y, z, z0, p = sp.symbols("x y z z_0 p", real=True)
a, b, m, u = sp.symbols("a b m u", positive=True)
sigma, rho1, rho2, r = sp.symbols("sigma rho_1 rho_2 r", real=True)
lam = sp.Symbol(r"\lambda_{\min}", negative=True)
LM, LM2, STEPS = (
    sp.Symbol(r"\mathrm{E}\#LM"),
    sp.Symbol(r"\mathrm{Var}\,\#LM"),
    sp.Symbol(r"\mathrm{E}[steps]"),
)
COUNT = sp.Symbol(r"\#LM")
PREIMAGE = sp.Symbol(r"\mathrm{E}|LS^{-k}(x)|")
f, K, S = sp.Function("f"), sp.Function("k"), sp.Function("S")
phi, Phi = sp.Function("phi"), sp.Function("Phi")
EVALS = sp.Symbol(r"\mathrm{E}[evaluations]")
q_i, i = sp.IndexedBase("q"), sp.Symbol("i", integer=True, positive=True)  # radix of coordinate i
v, w = sp.symbols("v w", integer=True, nonnegative=True)  # vertices, 0 … n−1
r_t, t = sp.IndexedBase("r"), sp.Symbol("t", integer=True, nonnegative=True)  # fresh neighbours after t steps


def minima_iid() -> sp.Basic:
    """Mean and variance, a_v = s_v+1.

    A is the adjacency matrix, and c_vw the number of neighbours that v and w share where they are at distance two.
    """
    closed, adjacent, shared = map(sp.IndexedBase, "aAc")
    mean = sp.Eq(LM, sp.Sum(1 / closed[v], (v, 0, n - 1)))
    own = sp.Sum(1 / closed[v] - 1 / closed[v] ** 2, (v, 0, n - 1))
    far = shared[v, w] / ((closed[v] + closed[w] - shared[v, w]) * closed[v] * closed[w])
    pairs = sp.Sum(far - adjacent[v, w] / (closed[v] * closed[w]), (v, 0, n - 1), (w, 0, n - 1))
    return sp.And(mean, sp.Eq(LM2, own + pairs), evaluate=False)


def derive_minima_iid() -> sp.Expr:
    """P(v is a local minimum) = ∫_0^1 (1−x)^s dx, integrated by SymPy to 1/(s+1)."""
    return sp.simplify(sp.integrate((1 - x) ** s, (x, 0, 1)))


def derive_pair_probability() -> sp.Expr:
    """P(two vertices at distance two are both minima): a and b closed degrees, m common neighbours.

    Of the two, one has the loss x and the other y > x: the latter's b−1 neighbours, m of them shared, exceed y, the
    former's other a−1−m exceed x. SymPy integrates, for either order, to (a+b)/((a+b−m) a b).
    """
    gap, w = sp.symbols("g w", positive=True)  # 1−x and 1−y
    own = sp.Symbol("i", nonnegative=True)  # a−1−m
    inner = sp.integrate(w ** (b - 1), (w, 0, gap))
    lower = sp.integrate(sp.powsimp(gap**own * inner), (gap, 0, 1)).subs(own, a - 1 - m)
    return sp.simplify(lower + lower.subs({a: b, b: a}, simultaneous=True))


def erdos_renyi_pair(size: int) -> sp.Expr:
    """P(two given vertices are both minima) in G(n, p), integrated by SymPy for a given n, as a function of p."""
    each = 1 - p * (1 - p) * x - p * y
    return sp.factor(2 * (1 - p) * sp.integrate(sp.integrate(sp.expand(each ** (size - 2)), (y, x, 1)), (x, 0, 1)))


def minima_branching() -> sp.Basic:
    return sp.Eq(LM, n * sp.Integral(f(x) * S(x, x) ** s, (x, -sp.oo, sp.oo)))


def _second_difference(variance: sp.Expr) -> sp.Expr:
    return (variance - 2 * rho1 + rho2) / (2 * (variance - rho1))


LINES = sp.Symbol(r"\mathrm{E}\#LM_c")


def minima_gaussian() -> sp.Basic:
    """By ρ_1 and ρ_2, and with a c_i for each coordinate; on the hypercube r > 1/2 is meant by continuation."""
    half = sp.Rational(1, 2)
    better = (sp.sqrt(r) * z0 + sp.sqrt(half - r) * z) / sp.sqrt(half)
    line = sp.Integral(phi(z) * Phi(better) ** (q_i[i] - 1), (z, -sp.oo, sp.oo))
    count = sp.Eq(LM, n * sp.Integral(phi(z0) * sp.Product(line, (i, 1, d)), (z0, -sp.oo, sp.oo)))
    c_i = sp.IndexedBase("c")[i]
    above = (sp.sqrt(c_i * (1 - c_i)) * z - (1 - c_i) * x - sigma * z0) / sp.sqrt(1 - c_i + sigma**2)
    worse = sp.Product(sp.Integral(phi(z) * Phi(above) ** (q_i[i] - 1), (z, -sp.oo, sp.oo)), (i, 1, d))
    at_centre = sp.Integral(phi(x) * sp.Integral(phi(z0) * worse, (z0, -sp.oo, sp.oo)), (x, -sp.oo, sp.oo))
    return sp.And(count, sp.Eq(r, _second_difference(1 + sigma**2)), sp.Eq(LINES, n * at_centre), evaluate=False)


def gaussian_limits() -> dict[str, sp.Expr]:
    """r in the additive limit (ρ_2 = 2ρ_1 − 1), the iid limit (ρ_1 = ρ_2 = 0) and σ → ∞."""
    ratio = _second_difference(1 + sigma**2)
    return {
        "additive": sp.simplify(ratio.subs(sigma, 0).subs(rho2, 2 * rho1 - 1)),
        "iid": sp.simplify(ratio.subs({rho1: 0, rho2: 0})),
        "noise": sp.limit(ratio, sigma, sp.oo),
    }


def minima_noise_monotone() -> sp.Basic:
    low, high = sp.Function("E")(0), n / (s + 1)
    bracket = sp.And(sp.Le(low, sp.Function("E")(sigma)), sp.Le(sp.Function("E")(sigma), high), evaluate=False)
    return sp.Implies(sp.Ge(rho1, rho2), bracket, evaluate=False)


def derive_noise_monotone() -> sp.Expr:
    """dr/d(σ²), factored by SymPy: its sign is that of ρ_1 − ρ_2."""
    variance = sp.Symbol("A", positive=True)
    return sp.factor(sp.diff(_second_difference(variance), variance))


def minima_independence() -> sp.Basic:
    return sp.Le(COUNT, n * -lam / (s - lam), evaluate=False)


def preimage_branching() -> sp.Basic:
    inner = sp.Function("B")
    first = sp.Eq(inner(1, x), sp.Integral(K(x, y) * S(y, x) ** (s - 1), (y, x, sp.oo)))
    later = sp.Eq(inner(k, x), sp.Integral(K(x, y) * S(y, x) ** (s - 2) * inner(k - 1, y), (y, x, sp.oo)))
    return sp.And(sp.Eq(PREIMAGE, s * (s - 1) ** (k - 1) * inner(k, x)), first, later, evaluate=False)


def preimage_published() -> sp.Basic:
    e = sp.Function("e")
    first = sp.Eq(e(1, x), s * S(x, x) ** s)
    later = sp.Eq(e(k, x), s * S(x, x) ** (s - 1) * sp.Integral(K(x, y) * e(k - 1, y), (y, x, sp.oo)))
    return sp.And(first, later, evaluate=False)


def preimage_iid() -> sp.Basic:
    product = sp.Product(j * (s - 1) + 2, (j, 1, k - 1))
    return sp.Eq(PREIMAGE, s * (s - 1) ** (k - 1) * (1 - x) ** (k * (s - 1) + 1) / product)


def preimage_induction(depth: int) -> sp.Expr:
    """E|LS^{-k}(x)| for k = depth in the iid model, by `depth` symbolic integrations of `preimage_branching`.

    With w = 1−y the integral ∫_x^1 (1−x)^e w^c dy is a power of 1−x, so SymPy integrates for symbolic s.
    """
    w, gap = sp.symbols("w g", positive=True)
    inner = gap**s  # B_1 as a function of g = 1−x
    for _ in range(depth - 1):
        inner = gap ** (s - 2) * sp.integrate(inner.subs(gap, w), (w, 0, gap))
        inner = sp.powsimp(sp.simplify(inner))
    return s * (s - 1) ** (depth - 1) * inner.subs(gap, 1 - x)


def walk_iid() -> sp.Basic:
    """Steepest descent with fresh neighbours s, then a, then b for ever."""
    return sp.Eq(STEPS, s / (s + 1) * (1 + a / b * sp.E * sp.lowergamma((a + s + 1) / b, 1)))


def derive_constant_memory() -> sp.Expr:
    """Steps of steepest descent with r ≡ s, solved and integrated by SymPy: e·γ(1/s, 1)/s − 1."""
    return sp.simplify(sp.gammasimp(sp.integrate(_visits(s), (u, 0, 1)) - 1))


def derive_memory() -> sp.Expr:
    """Steps of steepest descent with fresh neighbours s, a, b, b, …, solved and integrated by SymPy.

    In u = 1−loss: the first step reaches at most u with the mass W(u) = ∫_0^u w·s w^{s−1} dw, the second one is taken
    at u with density a u^{a−1}, and `_visits(b)` vertices follow. SymPy integrates over u^b.
    """
    w, power = sp.symbols("w p", positive=True)
    mass = sp.powsimp(sp.integrate(w * s * w ** (s - 1), (w, 0, u)))
    later = (a * u ** (a - 1) * _visits(b) * mass).subs(u, w ** (1 / b)) * sp.diff(w ** (1 / b), w)
    later = sp.powsimp(sp.powdenest(later, force=True))
    exponent = later.as_powers_dict()[w]
    constant = sp.powsimp(later / (w**exponent * sp.exp(-w)))
    integral = sp.gammasimp(sp.integrate(w ** (power - 1) * sp.exp(-w), (w, 0, 1))).subs(power, exponent + 1)
    return sp.simplify(mass.subs(u, 1) + constant * integral)


def _visits(fresh: sp.Expr) -> sp.Expr:
    """1 + m(u), vertices visited from loss 1−u with r fresh neighbours at every step: m' = −r u^{r−1}(1+m)."""
    visits = sp.Function("g")
    ode = sp.Eq(visits(u).diff(u), -fresh * u ** (fresh - 1) * visits(u))
    return sp.dsolve(ode, visits(u), ics={visits(1): 1}).rhs


def walk_iid_evaluations() -> sp.Basic:
    """1 + Σ_t r_t P(steps ≥ t), P(steps ≥ 1) = s/(s+1), of the same walk."""
    return sp.Eq(EVALS, 1 + s + (a - b) * s / (s + 1) + b * STEPS)


def walk_iid_steepest() -> sp.Basic:
    return sp.And(walk_iid(), walk_iid_evaluations(), evaluate=False)


def walk_induction(depth: int) -> sp.Expr:
    """P(steps ≥ k) of steepest descent with s, s−1, s−1, … fresh neighbours on iid losses, for k = depth.

    `depth` symbolic integrations of `walk_law`: with g = 1−loss a step multiplies by r g^{r−1} and integrates.
    """
    inner, gap = sp.symbols("w g", positive=True)
    alive, fresh = sp.Integer(1), s
    for _ in range(depth):
        alive = sp.powsimp(fresh * gap ** (fresh - 1) * sp.integrate(alive.subs(gap, inner), (inner, 0, gap)))
        fresh = s - 1
    return sp.simplify(sp.integrate(alive, (gap, 0, 1)))


def walk_first() -> sp.Basic:
    """First improvement with r ≡ s: ∫_0^1 exp(Σ_{j=1}^s u^j/j) du − 1."""
    return sp.Eq(STEPS, sp.Integral(sp.exp(sp.Sum(u**j / j, (j, 1, s))), (u, 0, 1)) - 1)


def walk_reluctant() -> sp.Basic:
    edges = sp.Symbol(r"|E|", integer=True, nonnegative=True)
    return sp.Eq(STEPS, edges / n)


def derive_reluctant_tree(degree: int) -> sp.Expr:
    """Steps of the reluctant walk on the s-regular tree from its renewal equation, a route apart from `walk_reluctant`.

    The losses descend by renewals of density r(1−w)^{r−1}, r = s−1, so U(y), the expected renewals in [0, y] with the
    one at 0, obeys U(y) = 1 + ∫_0^y r(1−w)^{r−1} U(y−w) dw, and the walk makes ∫_0^1 s w^{s−1} ∫_0^w U dw steps.
    U is entire: its power series is cut after 80 terms, and 20 digits are returned.
    """
    rate = degree - 1
    density = [sp.binomial(rate - 1, i) * (-1) ** i * rate * sp.factorial(i) for i in range(rate)]
    series = [sp.Integer(1)]  # U(y) = Σ c_i y^i/i!; y^i/i! and w^l/l! convolve to y^{i+l+1}/(i+l+1)!
    for i in range(1, 80):
        series.append(sum((density[l] * series[i - 1 - l] for l in range(min(i, rate))), sp.Integer(0)))
    terms = (c * degree / (sp.factorial(i + 1) * (i + 1 + degree)) for i, c in enumerate(series))
    return sp.N(sum(terms, sp.Integer(0)), 20)


def walk_additive() -> sp.Basic:
    return sp.Eq(STEPS, sp.Sum(1 - 1 / q_i[i], (i, 1, d)))


level, eps, theta, best = sp.symbols(r"t \epsilon \theta \ell_*", real=True)
BELOW = sp.Symbol(r"\mathrm{E}\#\{LM: \ell<t\}")
SUCCESS = sp.Symbol(r"P(\ell_{end}\le\ell_*+\epsilon)")
BASIN = sp.Function(r"\mathrm{E}|LS^{-*}|")


def minima_densities() -> tuple[sp.Basic, sp.Basic]:
    """g(x), expected minima by loss: in M0 and M1, and in M2 in units of the observed standard deviation √(1+σ²)."""
    branching = sp.Eq(sp.Function("g_1")(x), n * f(x) * S(x, x) ** s)
    one, two = rho1 / (1 + sigma**2), rho2 / (1 + sigma**2)
    better = (sp.sqrt(one - two) * z + sp.sqrt(two - one**2) * z0 - (1 - one) * x) / sp.sqrt(1 - one)
    line = sp.Integral(phi(z) * Phi(better) ** (q_i[i] - 1), (z, -sp.oo, sp.oo))
    lines = sp.Integral(phi(z0) * sp.Product(line, (i, 1, d)), (z0, -sp.oo, sp.oo))
    return branching, sp.Eq(sp.Function("g_2")(x), n * phi(x) * lines)


def minima_below() -> sp.Basic:
    below = sp.Eq(BELOW, sp.Integral(sp.Function("g")(x), (x, -sp.oo, level)))
    return sp.And(below, *minima_densities(), evaluate=False)


def minima_loss_law() -> sp.Basic:
    """Law and k-th moment of the loss of a random minimum."""
    density = sp.Function("g")(x)
    whole = sp.Integral(density, (x, -sp.oo, sp.oo))
    law = sp.Eq(sp.Symbol(r"P(\ell<t\mid LM)"), sp.Integral(density, (x, -sp.oo, level)) / whole)
    moment = sp.Eq(sp.Symbol(r"\mathrm{E}[\ell^k\mid LM]"), sp.Integral(x**k * density, (x, -sp.oo, sp.oo)) / whole)
    return sp.And(law, moment, *minima_densities(), evaluate=False)


def minima_rmf() -> sp.Basic:
    h, survival = sp.Symbol("h", integer=True, nonnegative=True), sp.Function("S")
    near, far = survival(x + theta) ** h, survival(x - theta) ** ((d - h) * (q - 1))
    shell = sp.binomial(d, h) * (q - 1) ** h
    inner = sp.Integral(f(x) * near * survival(x) ** (h * (q - 2)) * far, (x, -sp.oo, sp.oo))
    return sp.Eq(LM, sp.Sum(shell * inner, (h, 0, d)))


def derive_rmf_gumbel(near: sp.Expr, far: sp.Expr) -> sp.Expr:
    """P(minimum) on the hypercube for losses of law S(x) = exp(−e^x): 1/(1 + near·e^θ + far·e^{−θ}), by SymPy."""
    w = sp.Symbol("w", positive=True)  # e^x
    return sp.simplify(sp.integrate(sp.exp(-w * (1 + near * sp.exp(theta) + far * sp.exp(-theta))), (w, 0, sp.oo)))


def minima_nk() -> sp.Basic:
    """The count with block neighbourhoods, and the ρ_h with which `minima_gaussian` approximates the others."""
    h = sp.Symbol("h", integer=True, nonnegative=True)
    block = sp.Eq(LM, (q ** (k + 1) / ((k + 1) * (q - 1) + 1)) ** (d / (k + 1)))
    overlapping = sp.Eq(sp.IndexedBase("rho")[h], sp.binomial(d - k - 1, h) / sp.binomial(d, h))
    return sp.And(block, overlapping, evaluate=False)


def preimage_hamming() -> sp.Basic:
    through = sp.Product(r_t[t], (t, 0, k - 1)) * (1 - x) ** sp.Sum(r_t[t], (t, 0, k - 1))
    return sp.Eq(PREIMAGE, through / sp.Product(1 + sp.Sum(r_t[t], (t, 0, i - 1)), (i, 1, k - 1)))


def success_epsilon() -> sp.Basic:
    share = S(x, x) ** s + S(x, x) ** (s - 1) * (BASIN(x) - 1)
    return sp.Eq(SUCCESS, sp.Integral(f(x) * share, (x, best, best + eps)))


def success_published() -> sp.Basic:
    e = sp.Function("e")
    share = S(x, x) ** s * (1 + sp.Sum(e(k, x), (k, 1, sp.oo)))
    return sp.Eq(SUCCESS, sp.Integral(f(x) * share, (x, best, best + eps)))


def success_iid() -> sp.Basic:
    power = (k + 1) * (s - 1) + 2
    factor = s * (s - 1) ** (k - 1) / sp.Product(j * (s - 1) + 2, (j, 1, k - 1))
    start = (1 - (1 - eps) ** (s + 1)) / (s + 1)
    return sp.Eq(SUCCESS, start + sp.Sum(factor * (1 - (1 - eps) ** power) / power, (k, 1, sp.oo)))


FRESH = sp.Symbol("r", integer=True, nonnegative=True)
ALIVE, STEP, LOOK = sp.Function("m"), sp.Function("K"), sp.Function("A")


def step_densities() -> dict[str, sp.Expr]:
    """Density of the next loss y < x with r fresh neighbours, by rule."""
    scan = sp.Sum(S(x, x) ** j, (j, 0, FRESH - 1))  # (1−S^r)/(1−S)
    return {
        "steepest": FRESH * K(x, y) * S(x, y) ** (FRESH - 1),
        "first": K(x, y) * scan,
        "reluctant": FRESH * K(x, y) * (1 - S(x, y) + S(x, x)) ** (FRESH - 1),
    }


def looks() -> dict[str, sp.Expr]:
    """Fresh neighbours that a walk at loss x looks at in expectation, of r, by rule."""
    return {"steepest": FRESH, "first": sp.Sum(S(x, x) ** j, (j, 0, FRESH - 1)), "reluctant": FRESH}


def _walk() -> list[sp.Basic]:
    """m(t, x): P(steps ≥ t) by the loss after t steps; K is one of the densities of a step, by rule."""
    onward = sp.Integral(ALIVE(t, x) * STEP(r_t[t], x, y), (x, y, sp.oo))
    steps = [sp.Eq(sp.Function(f"K_{rule}")(FRESH, x, y), step) for rule, step in step_densities().items()]
    return [sp.Eq(ALIVE(0, x), f(x)), sp.Eq(ALIVE(t + 1, y), onward), *steps]


def walk_law() -> sp.Basic:
    stop = sp.Integral(ALIVE(t, x) * S(x, x) ** r_t[t], (x, -sp.oo, sp.oo))
    return sp.And(sp.Eq(sp.Symbol("P(steps=t)"), stop), *_walk(), evaluate=False)


def walk_tree() -> sp.Basic:
    """Steps and evaluations with s, s−1, s−1, … fresh neighbours; A is what a rule looks at."""
    steps = sp.Sum(sp.Integral(ALIVE(t, x), (x, -sp.oo, sp.oo)), (t, 1, sp.oo))
    seen = sp.Sum(sp.Integral(ALIVE(t, x) * LOOK(r_t[t], x), (x, -sp.oo, sp.oo)), (t, 0, sp.oo))
    rules = [sp.Eq(sp.Function(f"A_{rule}")(FRESH, x), look) for rule, look in looks().items()]
    memory = sp.Eq(r_t[t], s - 1 + sp.KroneckerDelta(t, 0))
    return sp.And(sp.Eq(STEPS, steps), sp.Eq(EVALS, 1 + seen), memory, *rules, *_walk(), evaluate=False)


def walk_additive_law() -> sp.Basic:
    return sp.Eq(sp.Symbol(r"\mathrm{E}[z^{steps}]"), sp.Product(1 / q_i[i] + (1 - 1 / q_i[i]) * z, (i, 1, d)))


c = sp.Symbol("c", positive=True)
tau = sp.Symbol("tau", real=True)


def first_line() -> sp.Expr:
    """P(no letter of a fresh line is observed at or below y | true loss τ): residuals of variance 1−c², covariance
    c−c², noise σ."""
    above = (sp.sqrt(c * (1 - c)) * z - y + c * tau) / sp.sqrt(1 - c + sigma**2)
    return sp.Integral(phi(z) * Phi(above) ** (q - 1), (z, -sp.oo, sp.oo))


def walk_gaussian() -> sp.Basic:
    """P(T ≥ t) over the losses x_0 > x_1 > … > x_t of the walk, and S_j(t, y), no letter of line j at or below y.

    The product is averaged over x_0, over the true losses τ_0, τ_1, … and over the lines used. S_j is given for a
    fresh line and, q = 2, for lines not used so far: M is the law of its letter's residual, filtered by the moves. What
    `gaussian_walks.steps` does about lines used before, and several letters of a line, is said there: approximate.
    """
    line, e, now = sp.Symbol("j", integer=True), *sp.symbols("e e'", real=True)
    losses, taus = sp.IndexedBase("x"), sp.IndexedBase("tau")
    survival, law, start = sp.Function("S"), sp.Function("M"), sp.Function("E")
    rate = -sp.Derivative(sp.log(survival(line, i, losses[i + 1])), losses[i + 1])
    move = sp.Sum(rate, (line, 1, d)) * sp.Product(survival(line, i, losses[i + 1]), (line, 1, d))
    path = sp.Integral(sp.Product(move, (i, 0, t - 1)), sp.Symbol(r"{x_{0}>x_{1}>\dots>x_{t}}"))
    passed = Phi((e - losses[t + 1] + c * taus[t]) / sigma)
    step = phi((now - c * e) / (1 - c**2)) / (1 - c**2)
    return sp.And(
        sp.Eq(sp.Symbol(r"P(T\ge t)"), start(path)),
        sp.Eq(survival(line, 0, y), first_line().subs({q: q_i[line], tau: taus[0]})),
        sp.Eq(survival(line, t, losses[t + 1]), sp.Integral(law(t, e) * passed, (e, -sp.oo, sp.oo))),
        sp.Eq(
            law(t + 1, now),
            sp.Integral(step * law(t, e) * passed, (e, -sp.oo, sp.oo)) / survival(line, t, losses[t + 1]),
        ),
        sp.Eq(law(0, e), phi(e / sp.sqrt(1 - c**2)) / sp.sqrt(1 - c**2)),
        evaluate=False,
    )


def walk_gaussian_first() -> sp.Basic:
    """m(x) expected steps from observed loss x; W(x, y) = P(next loss > y | x), averaged over the true loss τ."""
    steps, above = sp.Function("m"), sp.Function("W")
    spread = sp.sqrt(1 + sigma**2)
    lines = first_line().subs(tau, x / spread**2 + sigma * z0 / spread) ** d
    return sp.And(
        sp.Eq(above(x, y), sp.Integral(phi(z0) * lines, (z0, -sp.oo, sp.oo))),
        sp.Eq(steps(x), sp.Integral(-sp.Derivative(above(x, y), y) * (1 + steps(y)), (y, -sp.oo, x))),
        sp.Eq(STEPS, sp.Integral(phi(x / spread) / spread * steps(x), (x, -sp.oo, sp.oo))),
        evaluate=False,
    )


TIME, MOVE = sp.Function("h"), sp.Function("P")
loss, adjacent = sp.IndexedBase(r"\ell"), sp.IndexedBase("A")
delta = sp.Symbol("delta", positive=True)
GAP = sp.IndexedBase(r"\Delta")


def restart_wald() -> sp.Basic:
    """e_v distinct evaluations of the run from v, o_v whether it ends at an optimum."""
    evaluated, optimal = sp.IndexedBase("e"), sp.IndexedBase("o")
    run, success = (sp.Sum(each[v], (v, 0, n - 1)) / n for each in (evaluated, optimal))
    return sp.Eq(EVALS, run / success)


def restart_exchangeable() -> sp.Basic:
    return sp.Eq(EVALS, (n + 1) / 2)


def derive_exchangeable(size: int) -> sp.Expr:
    """Mean place of the optimum in a random order of n evaluations, Σ_k k/n."""
    place = sp.Symbol("k", integer=True, positive=True)
    return sp.summation(place / size, (place, 1, size))


def descent_moves() -> dict[str, sp.Expr]:
    """P(v → w) of a noise-free walk to a better neighbour w, by rule; those of the other two rules are 0 or 1."""
    other = sp.Symbol("u", integer=True, nonnegative=True)
    better = adjacent[v, w] * sp.Piecewise((1, loss[w] < loss[v]), (0, True))
    choices, degree = (sp.Sum(each.subs(w, other), (other, 0, n - 1)) for each in (better, adjacent[v, w]))
    return {"first": better / choices, "proposals": better / degree}


def chain_descent() -> sp.Basic:
    """h(v) steps from v and p(v) chance to end at an optimum, 0 and 0 or 1 at local minima, where P is not defined."""
    ends = sp.Function("p")
    stay = 1 - sp.Sum(MOVE(v, w), (w, 0, n - 1))
    steps = sp.Eq(TIME(v), 1 + stay * TIME(v) + sp.Sum(MOVE(v, w) * TIME(w), (w, 0, n - 1)))
    success = sp.Eq(ends(v), stay * ends(v) + sp.Sum(MOVE(v, w) * ends(w), (w, 0, n - 1)))
    rules = [sp.Eq(sp.Function(f"P_{rule}")(v, w), move) for rule, move in descent_moves().items()]
    return sp.And(steps, success, *rules, evaluate=False)


def chain_hitting() -> sp.Basic:
    """h(v) steps from v to the optimum, where h = 0; z is the observed best loss, from ℓ_w, in units of σ."""
    u_ = sp.Symbol("u", integer=True, nonnegative=True)
    here, same = adjacent[v, u_] + sp.KroneckerDelta(v, u_), sp.KroneckerDelta(u_, w)
    others = sp.Product(Phi((loss[u_] - loss[w]) / sigma - z) ** (here * (1 - same)), (u_, 0, n - 1))
    near = adjacent[v, w] + sp.KroneckerDelta(v, w)
    move = sp.Eq(MOVE(v, w), near * sp.Integral(phi(z) * others, (z, -sp.oo, sp.oo)))
    return sp.And(move, sp.Eq(TIME(v), 1 + sp.Sum(MOVE(v, w) * TIME(w), (w, 0, n - 1))), evaluate=False)


def chain_best_noise() -> sp.Basic:
    """h as in `chain_hitting`."""
    mean = sp.Sum(TIME(v), (v, 0, n - 1)) / n
    return sp.Eq(sp.Symbol(r"\sigma^*"), sp.Function(r"\arg\min_\sigma")(mean))


def bound_sample_descend() -> sp.Basic:
    return sp.Le(EVALS, m + s * (1 + (n - m) / (m + 1)), evaluate=False)


def derive_best_samples() -> sp.Expr:
    """The stationary number of samples of `bound_sample_descend`, by SymPy: √(s(n+1)) − 1."""
    return sp.simplify(sp.solve(sp.diff(m + s * (1 + (n - m) / (m + 1)), m), m)[0])


def bound_fitness_levels() -> sp.Basic:
    """Levels i = 1 … k, the best first, after the target; P(v → i) moves to level i, P(v → <i) to a better one."""
    time, start, at = sp.Symbol(r"\mathrm{E}T"), sp.Function("P_0"), sp.Symbol("v")
    w0, p0, v0, u0 = map(sp.IndexedBase, "wpvu")
    best, worst = (sp.Function(rf"\{name}_{{v\in i}}") for name in ("max", "min"))
    share = MOVE(at, i) / MOVE(at, sp.Symbol(r"\le i"))
    least = sp.Function(r"\min_{v\in\,>i}")(share)
    return sp.And(
        sp.Le(sp.Sum(v0[i] / u0[i], (i, 1, k)), time),
        sp.Le(time, sp.Sum(w0[i] / p0[i], (i, 1, k))),
        sp.Eq(p0[i], worst(MOVE(at, sp.Symbol("<i")))),
        sp.Eq(u0[i], best(MOVE(at, sp.Symbol("<i")))),
        sp.Eq(w0[i], start(sp.Symbol(r"\ge i"))),
        sp.Eq(v0[i], sp.Min(least, start(i) / start(sp.Symbol(r"\le i")))),
        evaluate=False,
    )


FALL, POTENTIAL = sp.Function("Delta"), sp.Function("V")


def bound_drift() -> sp.Basic:
    """E T ≤ and ≥ by additive, multiplicative and variable drift; Δ_W(v) = E[W(X_t) − W(X_{t+1}) | X_t = v].

    h(x) is the least Δ_V over V(v) ≥ x, H(x) the largest Δ⁺_V over v whose steps can reach V ≤ x.
    """
    time, at, start = sp.Symbol(r"\mathrm{E}T"), sp.Symbol("v"), sp.Function(r"\mathrm{E}_0")
    most, least = (sp.Function(rf"\{name}_v") for name in ("max", "min"))
    V, g, here = POTENTIAL(at), sp.Function("g"), sp.Symbol("{V(X_{0})}")
    slow, fast = sp.Function("h"), sp.Function("H")
    return sp.And(
        sp.Le(start(here) / most(FALL(at)), time),
        sp.Le(time, start(here) / least(FALL(at))),
        sp.Le(start(g(here)) / most(sp.Function("Delta_g")(at)), time),
        sp.Le(time, start(g(here)) / least(FALL(at) / V)),
        sp.Eq(g(x), 1 + sp.log(x / sp.Symbol(r"V_{\min}"))),
        sp.Le(start(sp.Integral(1 / fast(x), (x, 0, here))), time),
        sp.Le(time, start(sp.Integral(1 / slow(x), (x, 0, here)))),
        evaluate=False,
    )


def bound_query() -> sp.Basic:
    return sp.Ge(sp.Symbol("queries"), sp.Function("Omega")(2 ** (d / 2) * sp.sqrt(d)), evaluate=False)


def bound_flip() -> sp.Basic:
    edge = sp.Symbol("e", integer=True)
    return sp.Le(sp.Symbol(r"P(LM\ changes)"), sp.Sum(Phi(-GAP[edge] / (sigma * sp.sqrt(2))), (edge, 1, m)))


def noise_preserve() -> sp.Basic:
    edge = sp.Symbol("e", integer=True)
    return sp.Le(sp.Sum(Phi(-GAP[edge] * sp.sqrt(k) / (sigma * sp.sqrt(2))), (edge, 1, m)), delta)


STATEMENTS: dict[str, Callable[[], sp.Basic]] = {
    "minima.iid": minima_iid,
    "minima.branching": minima_branching,
    "minima.gaussian": minima_gaussian,
    "minima.noise_monotone": minima_noise_monotone,
    "minima.independence": minima_independence,
    "preimage.branching": preimage_branching,
    "preimage.published": preimage_published,
    "preimage.iid": preimage_iid,
    "walk.iid": walk_iid_steepest,
    "walk.reluctant": walk_reluctant,
    "walk.additive": walk_additive,
    "minima.below": minima_below,
    "minima.loss_law": minima_loss_law,
    "minima.rmf": minima_rmf,
    "minima.nk": minima_nk,
    "preimage.hamming": preimage_hamming,
    "success.epsilon": success_epsilon,
    "success.published": success_published,
    "success.iid": success_iid,
    "walk.law": walk_law,
    "walk.tree": walk_tree,
    "walk.additive_law": walk_additive_law,
    "walk.gaussian": walk_gaussian,
    "walk.gaussian_first": walk_gaussian_first,
    "restart.wald": restart_wald,
    "restart.exchangeable": restart_exchangeable,
    "chain.descent": chain_descent,
    "chain.hitting": chain_hitting,
    "chain.best_noise": chain_best_noise,
    "bound.sample_descend": bound_sample_descend,
    "bound.fitness_levels": bound_fitness_levels,
    "bound.drift": bound_drift,
    "bound.query": bound_query,
    "bound.flip": bound_flip,
    "noise.preserve": noise_preserve,
}
