"""SymPy statements and derivations of the results on noise, ruggedness and lines; symbols as in `theory.symbolic`."""

from __future__ import annotations

# pyright: reportReturnType=false, reportCallIssue=false, reportAttributeAccessIssue=false
# pyright: reportOperatorIssue=false, reportIndexIssue=false
from collections.abc import Callable

import sympy as sp

from .symbolic import LM, Phi, d, delta, f, j, k, n, phi, q, r, rho1, rho2, sigma, u, x, z

e_max = sp.Function("e")  # e(m) = E[max of m iid N(0,1)]
CHOSEN, REGRET = sp.Symbol(r"\mathrm{E}[\ell_{chosen}]"), sp.Symbol(r"\mathrm{E}[\mathrm{regret}]")
TRUE, SEEN = sp.Symbol(r"\mathrm{E}[\ell\mid LM]"), sp.Symbol(r"\mathrm{E}[\hat\ell\mid LM]")
A = 1 + sigma**2


def noise_flip() -> sp.Basic:
    return sp.Eq(sp.Symbol(r"P(flip)"), Phi(-delta / (sigma * sp.sqrt(2))), evaluate=False)


def noise_regret() -> sp.Basic:
    """The tangent identity, and what it gives on a closed neighbourhood of H(q^d)."""
    m, G = sp.Function("m"), sp.Function("G")
    tangent = sp.Eq(CHOSEN, m(sigma) - sigma * sp.Derivative(m(sigma), sigma), evaluate=False)
    least = sp.Eq(m(sigma), -sp.sqrt(2 * (A - rho1)) * G(r), evaluate=False)
    excess = sp.Eq(G(r), sp.Integral((1 - sp.Function("h")(u) ** d) * Phi(u / sp.sqrt(r)), (u, -sp.oo, sp.oo)))
    line = sp.Integral(
        phi(z) * Phi(sp.sqrt(2) * (u + sp.sqrt(sp.Rational(1, 2) - r) * z)) ** (q - 1), (z, -sp.oo, sp.oo)
    )
    ratio = sp.Eq(r, (A - 2 * rho1 + rho2) / (2 * (A - rho1)), evaluate=False)
    return sp.And(tangent, least, excess, sp.Eq(sp.Function("h")(u), line), ratio, evaluate=False)


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
    rho, m = sp.Symbol("rho", real=True), sp.Symbol("m", integer=True, positive=True)
    spread = sp.sqrt(1 - rho)
    return sp.Eq(REGRET, e_max(m) * (spread - (1 - rho) / sp.sqrt(1 - rho + sigma**2)), evaluate=False)


def derive_candidates() -> sp.Expr:
    """−e (1−ρ)/√(1−ρ+σ²) from the tangent identity with m(σ) = −e √(1−ρ+σ²), by SymPy."""
    rho, e = sp.Symbol("rho", real=True), sp.Symbol("e", positive=True)
    least = -e * sp.sqrt(1 - rho + sigma**2)
    return sp.simplify(least - sigma * sp.diff(least, sigma))


def noise_minimum() -> sp.Basic:
    F = sp.Function("F")
    log_slope = sp.Subs(sp.Derivative(F(x), x), x, 0) / F(0)
    seen = sp.Eq(SEEN, -sp.sqrt((A - rho1) / 2) * log_slope, evaluate=False)
    return sp.And(seen, sp.Eq(TRUE, (1 - rho1) / (A - rho1) * SEEN, evaluate=False), evaluate=False)


def noise_choice() -> sp.Basic:
    i, gap = sp.Symbol("v", integer=True), sp.IndexedBase(r"\Delta")
    flips = sp.Sum(gap[i] * Phi(-gap[i] / (sigma * sp.sqrt(2))), (i, 1, n))
    return sp.And(sp.Le(REGRET, flips, evaluate=False), sp.Le(REGRET, sigma * e_max(n), evaluate=False), evaluate=False)


def noise_descent() -> sp.Basic:
    v, first = sp.Symbol("v", integer=True), sp.Function(r"\min_{N[v]}\ell")
    return sp.Le(
        sp.Symbol(r"\mathrm{E}[\ell_{end}]"), sp.Sum(first(v), (v, 1, n)) / n + sigma * e_max(n), evaluate=False
    )


def noise_limit() -> sp.Basic:
    t, lam_t, mult = sp.Symbol("T", integer=True), sp.IndexedBase("lambda"), sp.IndexedBase("N")
    kept = sp.Sum(mult[t] * lam_t[t] ** 2 / (lam_t[t] + sigma**2), (t, 1, sp.Symbol(r"\tau", integer=True))) / n
    return sp.Ge(CHOSEN, -sp.sqrt(2 * sp.log(n) * kept), evaluate=False)


def noise_budget() -> sp.Basic:
    B = sp.Symbol("B", integer=True, positive=True)
    return sp.Eq(CHOSEN, -e_max(sp.floor(B / k)) / sp.sqrt(1 + sigma**2 / k), evaluate=False)


def noise_denoise() -> sp.Basic:
    count, factor = sp.Function(r"\mathrm{E}\#LM"), sp.Symbol("c", positive=True)
    return sp.Le(count(sigma / sp.sqrt(k)), factor * count(0), evaluate=False)


def minima_lines() -> sp.Basic:
    c, i = sp.IndexedBase("c"), sp.Symbol("i", integer=True)
    qi = sp.IndexedBase("q")
    line = sp.Integral(phi(z) * Phi(sp.sqrt(c[i]) * z - sp.sqrt(1 - c[i]) * x) ** (qi[i] - 1), (z, -sp.oo, sp.oo))
    return sp.Eq(LM, n * sp.Integral(f(x) * sp.Product(line, (i, 1, d)), (x, -sp.oo, sp.oo)), evaluate=False)


def minima_planes() -> sp.Basic:
    """The maximum-entropy law of the indicators b_i given the rank t, order K."""
    b, theta, J = sp.IndexedBase("b"), sp.IndexedBase("theta"), sp.IndexedBase("J")
    i, K = sp.Symbol("i", integer=True), sp.Symbol("K", integer=True)
    t = sp.Symbol("t", real=True)
    total = sp.Sum(b[i], (i, 1, d))
    energy = sp.Sum(theta[i] * b[i], (i, 1, d)) + sp.Sum(J[j] * sp.binomial(total, j), (j, 2, K))
    law = sp.Function("P")
    chance = sp.Eq(law(b, t), sp.exp(energy) / sp.Function("Z")(t), evaluate=False)
    v = sp.Symbol("v", integer=True)
    return sp.And(sp.Eq(LM, sp.Sum(law(1, sp.IndexedBase("t")[v]), (v, 1, n)), evaluate=False), chance, evaluate=False)


def autocorrelation_walk() -> sp.Basic:
    h, t = sp.symbols("h t", integer=True, nonnegative=True)
    rho, P, B = sp.IndexedBase("rho"), sp.Function("P"), sp.IndexedBase("B")
    R = sp.Function("r")
    by_distance = sp.Eq(R(t), sp.Sum(P(t, h) * rho[h], (h, 0, d)), evaluate=False)
    by_order = sp.Eq(R(t), sp.Sum(B[j] * (1 - j * q / (d * (q - 1))) ** t, (j, 1, d)), evaluate=False)
    return sp.And(by_distance, by_order, evaluate=False)


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


def ruggedness_spectrum() -> sp.Basic:
    h, B, rho, kraw = sp.Symbol("h", integer=True), sp.IndexedBase("B"), sp.IndexedBase("rho"), sp.Function("K")
    whole = sp.Eq(sp.Sum(B[j], (j, 1, d)), 1, evaluate=False)
    return sp.And(
        whole, sp.Eq(rho[h], sp.Sum(B[j] * kraw(h, j) / kraw(h, 0), (j, 1, d)), evaluate=False), evaluate=False
    )


def ruggedness_length() -> sp.Basic:
    t, R, B = sp.Symbol("t", integer=True), sp.Function("r"), sp.IndexedBase("B")
    closed = sp.Sum(B[j] * d * (q - 1) / (j * q), (j, 1, d))
    return sp.Eq(sp.Sum(R(t), (t, 0, sp.oo)), closed, evaluate=False)


def ruggedness_coordinate() -> sp.Basic:
    i, T = sp.Symbol("i", integer=True), sp.IndexedBase("T")  # T_i = Σ_{S∋i} B_S
    qi, rho = sp.IndexedBase("q"), sp.IndexedBase(r"\rho_1")
    return sp.Eq(rho[i], 1 - qi[i] / (qi[i] - 1) * T[i], evaluate=False)


def ruggedness_estimate() -> sp.Basic:
    h, C, M = sp.Symbol("h", integer=True), sp.IndexedBase("C"), sp.IndexedBase("C^m")
    tau, B, N, kap, rho = (
        sp.Symbol("tau"),
        sp.IndexedBase("B"),
        sp.IndexedBase("N"),
        sp.Function("kappa"),
        sp.IndexedBase("rho"),
    )
    S = sp.Symbol("S", integer=True)
    value = sp.Eq(C[h], M[h] - tau**2 * (sp.KroneckerDelta(h, 0) - 1 / n), evaluate=False)
    error = sp.Eq(
        sp.Symbol(r"\mathrm{Var}\,\rho_h"),
        2 * sp.Sum(B[S] ** 2 / N[S] * (kap(h, S) - rho[h]) ** 2, (S, 1, 2**d - 1)),
        evaluate=False,
    )
    return sp.And(value, error, evaluate=False)


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
