"""SymPy statements and derivations of the results on noise, ruggedness and lines; symbols as in `theory.symbolic`."""

from __future__ import annotations

# pyright: reportReturnType=false, reportCallIssue=false, reportAttributeAccessIssue=false
# pyright: reportOperatorIssue=false, reportIndexIssue=false
from collections.abc import Callable

import sympy as sp

from .symbolic import LM, Phi, d, delta, f, i, j, k, loss, n, phi, q, q_i, r, rho1, rho2, s, sigma, t, v, w, x, z, z0

e_max = sp.Function("e")
CHOSEN, REGRET = sp.Symbol(r"\mathrm{E}[\ell_{chosen}]"), sp.Symbol(r"\mathrm{E}[\mathrm{regret}]")
TRUE, SEEN = sp.Symbol(r"\mathrm{E}[\ell\mid LM]"), sp.Symbol(r"\mathrm{E}[\hat\ell\mid LM]")
A = 1 + sigma**2
m = sp.Symbol("m", integer=True, positive=True)


def largest_of() -> sp.Basic:
    """e(m) = E[max of m iid N(0,1)]."""
    return sp.Eq(e_max(m), sp.Integral(x * m * phi(x) * Phi(x) ** (m - 1), (x, -sp.oo, sp.oo)))


def _all_below(at: sp.Expr) -> sp.Expr:
    """Π_i h_i: P(no loss difference in units of its √(2v) exceeds `at` | the factor common to all lines is 0)."""
    below = Phi(sp.sqrt(2) * (at + sp.sqrt(sp.Rational(1, 2) - r) * z))
    return sp.Product(sp.Integral(phi(z) * below ** (q_i[i] - 1), (z, -sp.oo, sp.oo)), (i, 1, d))


def noise_flip() -> sp.Basic:
    return sp.Eq(sp.Symbol(r"P(flip)"), Phi(-delta / (sigma * sp.sqrt(2))), evaluate=False)


def noise_regret() -> sp.Basic:
    """The tangent identity, and what it gives on a closed neighbourhood of H(q^d)."""
    least, G, level = sp.Function("m"), sp.Function("G"), sp.Symbol("u", real=True)
    return sp.And(
        sp.Eq(CHOSEN, least(sigma) - sigma * sp.Derivative(least(sigma), sigma), evaluate=False),
        sp.Eq(REGRET, CHOSEN - least(0), evaluate=False),
        sp.Eq(least(sigma), -sp.sqrt(2 * (A - rho1)) * G(r), evaluate=False),
        sp.Eq(G(r), sp.Integral((1 - _all_below(level)) * Phi(level / sp.sqrt(r)), (level, -sp.oo, sp.oo))),
        sp.Eq(r, (A - 2 * rho1 + rho2) / (2 * (A - rho1)), evaluate=False),
        evaluate=False,
    )


def derive_step_regret() -> sp.Expr:
    """m − σm' of a closed neighbourhood less the form in `denoising.step`: 0 by SymPy.

    With v = 1+σ²−ρ_1 the slope is σm' = 2σ² dm/dv. Both sides are linear in G: G(r) = exp(tr) will do.
    """
    v, t = sp.symbols("v t", positive=True)
    ratio, noise = (v - rho1 + rho2) / (2 * v), v + rho1 - 1
    least = -sp.sqrt(2 * v) * sp.exp(t * ratio)
    stated = -sp.sqrt(2 / v) * ((1 - rho1) - noise * (rho1 - rho2) / v * t) * sp.exp(t * ratio)
    return sp.simplify(least - 2 * noise * sp.diff(least, v) - stated)


def noise_regret_candidates() -> sp.Basic:
    rho = sp.Symbol("rho", real=True)
    chosen = sp.Eq(CHOSEN, -e_max(m) * (1 - rho) / sp.sqrt(1 - rho + sigma**2), evaluate=False)
    return sp.And(
        chosen, sp.Eq(REGRET, CHOSEN + e_max(m) * sp.sqrt(1 - rho), evaluate=False), largest_of(), evaluate=False
    )


def derive_candidates() -> sp.Expr:
    """−e (1−ρ)/√(1−ρ+σ²) from the tangent identity with m(σ) = −e √(1−ρ+σ²), by SymPy."""
    rho, e = sp.Symbol("rho", real=True), sp.Symbol("e", positive=True)
    least = -e * sp.sqrt(1 - rho + sigma**2)
    return sp.simplify(least - sigma * sp.diff(least, sigma))


def noise_minimum() -> sp.Basic:
    F = sp.Function("F")
    log_slope = sp.Subs(sp.Derivative(F(x), x), x, 0) / F(0)
    seen = sp.Eq(SEEN, -sp.sqrt((A - rho1) / 2) * log_slope, evaluate=False)
    kept = sp.Eq(TRUE, (1 - rho1) / (A - rho1) * SEEN, evaluate=False)
    below = sp.Integral(phi(z0) * _all_below(x + sp.sqrt(r) * z0), (z0, -sp.oo, sp.oo))
    ratio = sp.Eq(r, (A - 2 * rho1 + rho2) / (2 * (A - rho1)), evaluate=False)
    return sp.And(seen, kept, sp.Eq(F(x), below), ratio, evaluate=False)


def noise_choice() -> sp.Basic:
    """Δ_v = ℓ_v − min ℓ; z is the observed best loss, from ℓ_v, in units of σ."""
    gap = sp.IndexedBase(r"\Delta")
    others = sp.Product(Phi((gap[w] - gap[v]) / sigma - z) ** (1 - sp.KroneckerDelta(v, w)), (w, 0, n - 1))
    exact = sp.Sum(gap[v] * sp.Integral(phi(z) * others, (z, -sp.oo, sp.oo)), (v, 0, n - 1))
    flips = sp.Sum(gap[v] * Phi(-gap[v] / (sigma * sp.sqrt(2))), (v, 0, n - 1))
    return sp.And(
        sp.Eq(REGRET, exact, evaluate=False),
        sp.Le(REGRET, flips, evaluate=False),
        sp.Le(REGRET, sigma * e_max(n), evaluate=False),
        largest_of(),
        evaluate=False,
    )


def noise_descent() -> sp.Basic:
    """The first is the least loss of v and its neighbours."""
    first = sp.IndexedBase(r"\min_{N[v]}\ell")
    mean = sp.Sum(first[v], (v, 0, n - 1)) / n
    bound = sp.Le(sp.Symbol(r"\mathrm{E}[\ell_{end}]"), mean + sigma * e_max(n), evaluate=False)
    return sp.And(bound, largest_of(), evaluate=False)


def noise_limit() -> sp.Basic:
    """T runs over the sets of coordinates, 2^d of them; P(T, h) sums a character that varies on T over distance h."""
    T, h, eigenvalue, size = (
        sp.Symbol("T", integer=True),
        sp.Symbol("h", integer=True),
        *map(sp.IndexedBase, ("lambda", "N")),
    )
    kept = sp.Sum(size[T] * eigenvalue[T] ** 2 / (eigenvalue[T] + sigma**2), (T, 0, 2**d - 1)) / n
    spectrum = sp.Sum(sp.IndexedBase("rho")[h] * sp.Function("P")(T, h), (h, 0, d))
    bound = sp.Ge(CHOSEN, -sp.sqrt(2 * sp.log(n) * kept), evaluate=False)
    return sp.And(bound, sp.Eq(eigenvalue[T], spectrum, evaluate=False), evaluate=False)


def noise_budget() -> sp.Basic:
    B = sp.Symbol("B", integer=True, positive=True)
    chosen = sp.Eq(CHOSEN, -e_max(sp.floor(B / k)) / sp.sqrt(1 + sigma**2 / k), evaluate=False)
    return sp.And(chosen, largest_of(), evaluate=False)


def noise_denoise() -> sp.Basic:
    count, factor = sp.Function(r"\mathrm{E}\#LM"), sp.Symbol("c", positive=True)
    return sp.Le(count(sigma / sp.sqrt(k)), factor * count(0), evaluate=False)


def minima_lines() -> sp.Basic:
    c = sp.IndexedBase("c")
    line = sp.Integral(phi(z) * Phi(sp.sqrt(c[i]) * z - sp.sqrt(1 - c[i]) * x) ** (q_i[i] - 1), (z, -sp.oo, sp.oo))
    count = sp.Eq(LM, n * sp.Integral(f(x) * sp.Product(line, (i, 1, d)), (x, -sp.oo, sp.oo)), evaluate=False)
    return sp.And(count, sp.Eq(f(x), phi(x), evaluate=False), evaluate=False)


def minima_planes() -> sp.Basic:
    """Law of maximum entropy of the indicators b_i given the log-rank t, order K, and its likeliest coefficients a.

    The polynomials p_l have degrees up to the one of the least Akaike criterion; the v of least loss are counted.
    """
    K, l_, t_, at = *sp.symbols("K l", integer=True), sp.Symbol("t", real=True), sp.IndexedBase("t")
    won, theta, J, coefficient = sp.IndexedBase("b"), sp.Function("theta"), sp.Function("J"), sp.IndexedBase("a")
    law, polynomial, best = sp.Function("P"), sp.Function("p"), sp.Function(r"\arg\max_a")
    total, of_degree = sp.Sum(won[i], (i, 1, d)), (l_, 0, sp.Symbol("D", integer=True))
    energy = sp.Sum(theta(i, t_) * won[i], (i, 1, d)) + sp.Sum(J(j, t_) * sp.binomial(total, j), (j, 2, K))
    ridge = sp.Sum(coefficient[j, l_] ** 2, (j, 1, d + K - 1), of_degree) / 200
    likelihood = sp.Sum(sp.log(law(sp.Symbol("b(v)"), at[v])), (v, 1, n)) - ridge
    return sp.And(
        sp.Eq(LM, sp.Sum(law(1, at[v]), (v, 1, n)), evaluate=False),
        sp.Eq(law(won, t_), sp.exp(energy) / sp.Function("Z")(t_), evaluate=False),
        sp.Eq(theta(i, t_), sp.Sum(coefficient[i, l_] * polynomial(l_, t_), of_degree)),
        sp.Eq(J(j, t_), sp.Sum(coefficient[d + j - 1, l_] * polynomial(l_, t_), of_degree)),
        sp.Eq(sp.Symbol("a"), best(likelihood)),
        evaluate=False,
    )


def krawtchouk(h: sp.Expr, order: sp.Expr) -> sp.Expr:
    """K_h(j), the sum of a character that varies on j coordinates over the vertices at distance h of H(q^d)."""
    g = sp.Symbol("g", integer=True, nonnegative=True)
    return sp.Sum((-1) ** g * (q - 1) ** (h - g) * sp.binomial(order, g) * sp.binomial(d - order, h - g), (g, 0, h))


RHO, SHARES = sp.IndexedBase("rho"), sp.IndexedBase("B")


def autocorrelation_walk() -> sp.Basic:
    """By the law of the distance after t steps, and by order of interaction (B_0 = 0 in a table, not in a field)."""
    h = sp.Symbol("h", integer=True, nonnegative=True)
    P, R = sp.Function("P"), sp.Function("r")
    nearer, level, farther = (h + 1) * P(t, h + 1), h * (q - 2) * P(t, h), (d - h + 1) * (q - 1) * P(t, h - 1)
    return sp.And(
        sp.Eq(R(t), sp.Sum(P(t, h) * RHO[h], (h, 0, d)), evaluate=False),
        sp.Eq(P(t + 1, h), (nearer + level + farther) / (d * (q - 1)), evaluate=False),
        sp.Eq(R(t), sp.Sum(SHARES[j] * (1 - j * q / (d * (q - 1))) ** t, (j, 0, d)), evaluate=False),
        sp.Eq(RHO[h], sp.Sum(SHARES[j] * krawtchouk(h, j), (j, 0, d)) / krawtchouk(h, sp.Integer(0)), evaluate=False),
        evaluate=False,
    )


def derive_distance_chain(dimension: int, letters: int) -> sp.Expr:
    """Σ_h P_1(g → h) K_h(j)/K_h(0) − (1 − jq/(d(q−1))) K_g(j)/K_g(0) for every j and g: 0 by SymPy."""
    w = sp.Symbol("w")
    worst = sp.Integer(0)
    for order in range(dimension + 1):
        poly = sp.Poly((1 - w) ** order * (1 + (letters - 1) * w) ** (dimension - order), w)
        size = sp.Poly((1 + (letters - 1) * w) ** dimension, w)
        rho = [sp.Rational(poly.coeff_monomial(w**h), size.coeff_monomial(w**h)) for h in range(dimension + 1)]
        s = dimension * (letters - 1)
        mu = 1 - sp.Rational(order * letters, s)
        for g in range(dimension + 1):
            after = sp.Rational(g * (letters - 2), s) * rho[g]
            after += sp.Rational(g, s) * rho[g - 1] if g else 0
            after += sp.Rational((dimension - g) * (letters - 1), s) * rho[g + 1] if g < dimension else 0
            worst += sp.Abs(after - mu * rho[g])
    return worst


SET, member = sp.Symbol("S", integer=True), sp.IndexedBase(r"1_{i\in S}")  # S = 0 … 2^d−1, 0 the empty set


def interaction_shares() -> sp.Basic:
    """B_S, the share of the variance in the effect of S: the means given subsets T of S, included and excluded."""
    T, effect, given = sp.Symbol("T", integer=True), sp.Function("f"), sp.Function(r"\mathrm{E}[\ell\mid T]")
    signed = sp.Sum(sp.Function("mu")(T, SET) * given(T, v), (T, 0, SET))
    squares, mean = sp.Sum(effect(SET, v) ** 2, (v, 0, n - 1)), sp.Sum(loss[w], (w, 0, n - 1)) / n
    share = sp.Eq(SHARES[SET], squares / sp.Sum((loss[v] - mean) ** 2, (v, 0, n - 1)), evaluate=False)
    return sp.And(share, sp.Eq(effect(SET, v), signed, evaluate=False), evaluate=False)


def ruggedness_spectrum() -> sp.Basic:
    """B_j of a table by its B_S, and on H(q^d) by its ρ_h too."""
    h, spectrum, size = sp.Symbol("h", integer=True), sp.IndexedBase("B"), sp.IndexedBase("|S|")
    by_sets = sp.Sum(SHARES[SET] * sp.KroneckerDelta(size[SET], j), (SET, 1, 2**d - 1))
    by_distance = sp.Sum(spectrum[j] * krawtchouk(h, j), (j, 1, d)) / krawtchouk(h, sp.Integer(0))
    return sp.And(
        sp.Eq(spectrum[j], by_sets, evaluate=False),
        sp.Eq(RHO[h], by_distance, evaluate=False),
        *interaction_shares().args,
        evaluate=False,
    )


def ruggedness_length() -> sp.Basic:
    R = sp.Function("r")
    closed = sp.Sum(SHARES[SET] * s / sp.Sum(member[SET, i] * q_i[i], (i, 1, d)), (SET, 1, 2**d - 1))
    length = sp.Eq(sp.Sum(R(t), (t, 0, sp.oo)), closed, evaluate=False)
    return sp.And(length, *interaction_shares().args, evaluate=False)


def ruggedness_coordinate() -> sp.Basic:
    of_pairs = sp.IndexedBase(r"\rho_1")
    whole = sp.Sum(member[SET, i] * SHARES[SET], (SET, 1, 2**d - 1))
    correlation = sp.Eq(of_pairs[i], 1 - q_i[i] / (q_i[i] - 1) * whole, evaluate=False)
    return sp.And(correlation, *interaction_shares().args, evaluate=False)


def ruggedness_estimate() -> sp.Basic:
    """From the vertex means: C^m_h, B^m_S; τ² noise left in them, ω² that of one seed; ρ^{-j} without seed j of J."""
    h, C, M, N = sp.Symbol("h", integer=True), *map(sp.IndexedBase, ("C", "C^m", "N"))
    left, noise, kappa, ratio = sp.Symbol("tau"), sp.Symbol("omega"), sp.IndexedBase("kappa"), sp.Symbol("r")
    J, deleted = sp.Symbol("J", integer=True, positive=True), sp.IndexedBase(r"\rho^{-}")
    spectrum = 2 * sp.Sum(SHARES[SET] ** 2 / (N[SET] + 2) * (kappa[h, SET] - RHO[h]) ** 2, (SET, 1, 2**d - 1))
    energy = sp.IndexedBase("B^m")[SET] * M[0] - left**2 * N[SET] / n
    mean = sp.Sum(deleted[i, h], (i, 1, J)) / J
    jackknife = (J - 1) / J * sp.Sum((deleted[j, h] - mean) ** 2, (j, 1, J))
    return sp.And(
        sp.Eq(C[h], M[h] - left**2 * (sp.KroneckerDelta(h, 0) - 1 / n), evaluate=False),
        sp.Eq(RHO[h], C[h] / C[0], evaluate=False),
        sp.Eq(sigma, noise / sp.sqrt(C[0]), evaluate=False),
        sp.Eq(ratio, (1 - 2 * RHO[1] + RHO[2]) / (2 * (1 - RHO[1])), evaluate=False),
        sp.Eq(sp.Symbol(r"\mathrm{Var}\,\rho_h"), spectrum, evaluate=False),
        sp.Eq(SHARES[SET], sp.Max(energy, 0) / C[0], evaluate=False),
        sp.Eq(sp.Symbol(r"\mathrm{Var}_{seeds}\,\rho_h"), jackknife, evaluate=False),
        evaluate=False,
    )


STATEMENTS: dict[str, Callable[[], sp.Basic]] = {
    "noise.flip": noise_flip,
    "noise.regret": noise_regret,
    "noise.candidates": noise_regret_candidates,
    "noise.minimum": noise_minimum,
    "noise.choice": noise_choice,
    "noise.descent": noise_descent,
    "noise.limit": noise_limit,
    "noise.budget": noise_budget,
    "noise.denoise": noise_denoise,
    "autocorrelation.walk": autocorrelation_walk,
    "ruggedness.spectrum": ruggedness_spectrum,
    "ruggedness.length": ruggedness_length,
    "ruggedness.coordinate": ruggedness_coordinate,
    "ruggedness.estimate": ruggedness_estimate,
    "minima.lines": minima_lines,
    "minima.planes": minima_planes,
}
