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


def minima_iid() -> sp.Basic:
    """Mean and variance on an s-regular graph whose vertices at distance two share c neighbours (m_c of them)."""
    c, mc = sp.symbols("c m_c", positive=True)
    mean = sp.Eq(LM, n / (s + 1))
    pairs = sp.Sum(mc * c / (2 * s + 2 - c), (c, 1, s))
    return sp.And(mean, sp.Eq(LM2, n * pairs / (s + 1) ** 2), evaluate=False)


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


def minima_gaussian() -> sp.Basic:
    line = sp.Integral(
        phi(z) * Phi((sp.sqrt(r) * z0 + sp.sqrt(sp.Rational(1, 2) - r) * z) / sp.sqrt(sp.Rational(1, 2))) ** (q - 1),
        (z, -sp.oo, sp.oo),
    )
    count = sp.Eq(LM, n * sp.Integral(phi(z0) * line**d, (z0, -sp.oo, sp.oo)))
    return sp.And(count, sp.Eq(r, _second_difference(1 + sigma**2)), evaluate=False)


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
    at u with density a u^{a−1}, and `_visits(b)` vertices follow.
    """
    w = sp.Symbol("w", positive=True)
    mass = sp.integrate(w * s * w ** (s - 1), (w, 0, u))
    later = sp.integrate(sp.powsimp(a * u ** (a - 1) * _visits(b) * mass), (u, 0, 1))
    return sp.simplify(mass.subs(u, 1) + sp.gammasimp(later))


def _visits(fresh: sp.Expr) -> sp.Expr:
    """1 + m(u), vertices visited from loss 1−u with r fresh neighbours at every step: m' = −r u^{r−1}(1+m)."""
    visits = sp.Function("g")
    ode = sp.Eq(visits(u).diff(u), -fresh * u ** (fresh - 1) * visits(u))
    return sp.dsolve(ode, visits(u), ics={visits(1): 1}).rhs


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
    qi, i = sp.IndexedBase("q"), sp.Symbol("i", integer=True)
    return sp.Eq(STEPS, sp.Sum(1 - 1 / qi[i], (i, 1, d)))


level, eps, theta, best = sp.symbols(r"t \epsilon \theta \ell_*", real=True)
BELOW = sp.Symbol(r"\mathrm{E}\#\{LM: \ell<t\}")
SUCCESS = sp.Symbol(r"P(\ell_{end}\le\ell_*+\epsilon)")
BASIN = sp.Function(r"\mathrm{E}|LS^{-*}|")


def minima_below() -> sp.Basic:
    return sp.Eq(BELOW, n * sp.Integral(f(x) * S(x, x) ** s, (x, -sp.oo, level)))


def minima_loss_law() -> sp.Basic:
    density = f(x) * S(x, x) ** s
    whole = sp.Integral(density, (x, -sp.oo, sp.oo))
    return sp.Eq(sp.Symbol(r"P(\ell<t\mid LM)"), sp.Integral(density, (x, -sp.oo, level)) / whole)


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
    return sp.Eq(LM, (q ** (k + 1) / ((k + 1) * (q - 1) + 1)) ** (d / (k + 1)))


def preimage_hamming() -> sp.Basic:
    fresh, t, i = sp.IndexedBase("r"), sp.Symbol("t", integer=True), sp.Symbol("i", integer=True)
    through = sp.Product(fresh[t], (t, 0, k - 1)) * (1 - x) ** sp.Sum(fresh[t], (t, 0, k - 1))
    return sp.Eq(PREIMAGE, through / sp.Product(1 + sp.Sum(fresh[t], (t, 0, i - 1)), (i, 1, k - 1)))


def success_epsilon() -> sp.Basic:
    share = S(x, x) ** s * (1 + (BASIN(x) - 1) / S(x, x))
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


def walk_law() -> sp.Basic:
    alive, t = sp.Function("m"), sp.Symbol("t", integer=True, nonnegative=True)
    fresh = sp.IndexedBase("r")
    onward = sp.Eq(alive(t + 1, y), sp.Integral(alive(t, x) * sp.Function("K")(fresh[t], x, y), (x, y, sp.oo)))
    stop = sp.Eq(sp.Symbol("P(steps=t)"), sp.Integral(alive(t, x) * S(x, x) ** fresh[t], (x, -sp.oo, sp.oo)))
    return sp.And(sp.Eq(alive(0, x), f(x)), onward, stop, evaluate=False)


def walk_tree() -> sp.Basic:
    t = sp.Symbol("t", integer=True, positive=True)
    return sp.Eq(STEPS, sp.Sum(sp.Function("P")(sp.Ge(sp.Symbol("steps"), t)), (t, 1, sp.oo)))


def walk_additive_law() -> sp.Basic:
    qi, i = sp.IndexedBase("q"), sp.Symbol("i", integer=True)
    return sp.Eq(sp.Symbol(r"\mathrm{E}[z^{steps}]"), sp.Product(1 / qi[i] + (1 - 1 / qi[i]) * z, (i, 1, d)))


def walk_gaussian() -> sp.Basic:
    """P(T ≥ t) over the losses x_0 > x_1 > … of the walk: S_j, no letter of line j at or below the next loss."""
    t, i, line = sp.symbols("t i j", integer=True, nonnegative=True)
    losses, survival = sp.IndexedBase("x"), sp.Function("S")
    rate = -sp.Derivative(sp.log(survival(line, losses[i + 1])), losses[i + 1])
    move = sp.Sum(rate, (line, 1, d)) * sp.Product(survival(line, losses[i + 1]), (line, 1, d))
    path = sp.Product(move, (i, 0, t - 1))
    return sp.Eq(sp.Symbol(r"P(T\ge t)"), sp.Function("E")(sp.Integral(path, (losses[t], -sp.oo, losses[t - 1]))))


def walk_gaussian_first() -> sp.Basic:
    steps, law = sp.Function("m"), sp.Function("L")
    density = -sp.Derivative(law(x, y) ** d, y)
    return sp.Eq(steps(x), sp.Integral(density * (1 + steps(y)), (y, -sp.oo, x)))


EVALS, TIME = sp.Symbol(r"\mathrm{E}[evaluations]"), sp.Function("h")
delta = sp.Symbol("delta", positive=True)
GAP = sp.IndexedBase(r"\Delta")


def restart_wald() -> sp.Basic:
    return sp.Eq(EVALS, sp.Symbol(r"\mathrm{E}[evaluations\ of\ a\ run]") / sp.Symbol("P(success)"))


def restart_exchangeable() -> sp.Basic:
    return sp.Eq(EVALS, (n + 1) / 2)


def derive_exchangeable(size: int) -> sp.Expr:
    """Mean place of the optimum in a random order of n evaluations, Σ_k k/n."""
    place = sp.Symbol("k", integer=True, positive=True)
    return sp.summation(place / size, (place, 1, size))


def chain_descent() -> sp.Basic:
    w, w2 = sp.symbols("v u", integer=True)
    move = sp.Function("P")(w, w2)
    return sp.Eq(TIME(w), 1 + sp.Sum(move * TIME(w2), (w2, 1, s)))


def chain_hitting() -> sp.Basic:
    v0, u0, w0, t0 = sp.Symbol("v"), sp.Symbol("u"), sp.Symbol("w", integer=True), sp.Symbol("t", real=True)
    losses, move = sp.IndexedBase(r"\ell"), sp.Function("P")
    others = sp.Product(Phi((losses[w0] - t0) / sigma), (w0, 1, s))  # ℓ_1…ℓ_s: the closed neighbourhood without u
    own = phi((t0 - sp.Symbol(r"\ell_u")) / sigma) / sigma
    step = sp.Eq(move(v0, u0), sp.Integral(own * others, (t0, -sp.oo, sp.oo)))
    return sp.And(step, sp.Eq(TIME(v0), 1 + sp.Sum(move(v0, w0) * TIME(w0), (w0, 0, s))), evaluate=False)


def chain_best_noise() -> sp.Basic:
    return sp.Eq(sp.Symbol(r"\sigma^*"), sp.Function(r"\arg\min_\sigma")(sp.Function(r"\mathrm{E}h")(sigma)))


def bound_sample_descend() -> sp.Basic:
    return sp.Le(EVALS, m + s * (1 + (n - m) / (m + 1)), evaluate=False)


def derive_best_samples() -> sp.Expr:
    """The stationary number of samples of `bound_sample_descend`, by SymPy: √(s(n+1)) − 1."""
    return sp.simplify(sp.solve(sp.diff(m + s * (1 + (n - m) / (m + 1)), m), m)[0])


def bound_fitness_levels() -> sp.Basic:
    i, w0, p0, v0, u0 = sp.Symbol("i", integer=True), *map(sp.IndexedBase, "wpvu")
    low, high = sp.Sum(v0[i] / u0[i], (i, 1, k)), sp.Sum(w0[i] / p0[i], (i, 1, k))
    return sp.And(sp.Le(low, sp.Symbol(r"\mathrm{E}T")), sp.Le(sp.Symbol(r"\mathrm{E}T"), high), evaluate=False)


def bound_drift() -> sp.Basic:
    start, time = sp.Symbol(r"\mathrm{E}V(X_0)"), sp.Symbol(r"\mathrm{E}T")
    most, least = sp.symbols(r"\Delta_{\max} \Delta_{\min}", positive=True)
    return sp.And(sp.Le(start / most, time), sp.Le(time, start / least), evaluate=False)


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
    "walk.iid": walk_iid,
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
