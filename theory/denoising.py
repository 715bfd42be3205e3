"""What evaluation noise costs, and what averaging buys: flipped comparisons, regret, and the budget of seeds.

Noise is Gaussian and frozen, losses have unit variance unless they are given. Regret rests on one identity: the least
observed loss min(ℓ+σε) has the slope ε(chosen) in σ, so that with m(σ) = E[min ℓ̂], in every model,

    E[true loss of the observed best] = m(σ) − σ m'(σ).
"""

from __future__ import annotations

import math
from collections import Counter
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import comb, log_ndtr, ndtr

from .correlations import Correlation, character_sums, second_difference
from .graphs import Graph, Hamming
from .laws import normal_pdf
from .minima import gaussian
from .noise import NOISELESS, Noise, least_draws
from .quadrature import LINE, MASS, Panels, integrate, refine


class Regret(NamedTuple):
    """Expected true loss lost by trusting the observed best: that of the chosen one less that of the best one."""

    regret: float
    chosen: float
    best: float


class Choice(NamedTuple):
    """Expected true loss lost by trusting the observed best of given losses, and two upper bounds of it."""

    regret: float
    by_flips: float
    by_extremes: float


class Minimum(NamedTuple):
    """Expected true loss of a uniformly chosen observed minimum, its observed loss, and that of a true minimum."""

    true: float
    observed: float
    noiseless: float


class Budget(NamedTuple):
    """The best number of seeds, and the expected true loss of the choice with 1, 2, … seeds a candidate."""

    seeds: int
    losses: np.ndarray


class Denoising(NamedTuple):
    """The least number of seeds that suffices; E#LM without noise; the numbers tried and E#LM with each."""

    seeds: int
    noiseless: float
    tried: np.ndarray
    minima: np.ndarray


def flip(gap: ArrayLike, noise: Noise) -> np.ndarray:
    """P(the worse of two looks better) = Φ(−Δ/(σ√2)) across a gap Δ ≥ 0 of true losses; shape of `gap`.

    1/2 at Δ = 0, also without noise. ValueError for a negative gap.
    Status: exact, independent Gaussian noise. Source: elementary.

    >>> flip([0.0, 1.0, 2.0], Noise(1.0)).round(4)
    array([0.5   , 0.2398, 0.0786])
    """
    gap = np.asarray(gap, dtype=float)
    if not (gap >= 0).all():
        raise ValueError(f"gap: {gap} must be at least 0")
    if noise.sd == 0:
        return np.where(gap > 0, 0.0, 0.5)
    with np.errstate(over="ignore"):  # a gap of infinitely many σ
        return ndtr(-gap / math.sqrt(2) / noise.sd)


def expected_maximum(count: ArrayLike) -> np.ndarray:
    """e_m = E[max of m iid N(0,1)] = ∫_0^∞ (1 − Φ(x)^m − Φ(−x)^m) dx for m ≥ 1; shape of `count`.

    ValueError for m < 1. Status: exact. Source: order statistics.

    >>> expected_maximum([1, 2, 15625]).round(4)
    array([0.    , 0.5642, 3.96  ])
    """
    count = np.asarray(count, dtype=float)
    if not (count >= 1).all():
        raise ValueError(f"count: {count} must be at least 1")
    panels = Panels.covering(0.0, 12.0, 32)
    x, m = panels.nodes, count[..., None]
    return -(np.expm1(m * log_ndtr(x)) + np.exp(m * log_ndtr(-x))) @ panels.weights


def candidates(count: int, rho: float, noise: Noise) -> Regret:
    """Regret of the observed best of m exchangeable Gaussian candidates of correlation ρ.

    E[chosen] = −e_m (1−ρ)/√(1−ρ+σ²), E[best] = −e_m √(1−ρ): a shared part shifts all alike and cancels. With ρ = 0 the
    candidates are iid, and the choice is that of a random search, or of the whole table in M0.
    ValueError for m < 1 or ρ outside [−1/(m−1), 1].
    Status: exact. Source: derived here; selection differential of quantitative genetics.

    >>> round(candidates(10, 0.3, Noise(1.0)).regret, 4)
    0.4613
    """
    least = -1 / (count - 1) if count > 1 else -1.0
    if not least <= rho <= 1:
        raise ValueError(f"rho: {rho} must lie in [{least:.4g}, 1] for {count} exchangeable candidates")
    spread, e = math.sqrt(1 - rho), float(expected_maximum(count))
    observed = math.hypot(spread, noise.sd)
    chosen = -e * spread**2 / observed if observed > 0 else 0.0
    return Regret(chosen + e * spread, chosen, -e * spread)


def step(graph: Hamming, correlation: Correlation, noise: Noise) -> Regret:
    """Regret of one step of local search: the observed best of a closed neighbourhood of a Gaussian field.

    With v = 1+σ²−ρ_1, m(σ) = −√(2v) G(r(σ)): the centre has mean 0 and the loss differences D = √(2v) X are those of
    `minima.gaussian`. G(r) = E[max(0, max X)] = ∫(1 − H(u)) Φ(u/√r) du and, since dr adds covariance across lines only,
    G'(r) = −∫ Σ_{i<j} h_i' h_j' Π_{k≠i,j} h_k Φ(u/√r) du (heat equation), where h_i(u) = P(max X on line i < u | the
    factor common to all lines is 0) and H = Π h_i. Then m − σm' is
    E[chosen] = −√2 ((1−ρ_1) G − σ²(ρ_1−ρ_2) G'/(A−ρ_1)) / √(A−ρ_1), A = 1+σ².

    ValueError as `minima.gaussian`, and where ρ_1 < ρ_2 on the hypercube too.
    Status: exact in M2. Source: derived here.

    >>> round(step(Hamming((5,) * 6), Correlation.geometric(0.6, 6), Noise(0.5)).regret, 4)
    0.2457
    """
    correlation = _completed(graph, correlation)
    rho1, rho2 = correlation[1], correlation[2] if len(graph.radices) > 1 else correlation[1]
    v = 1 + noise.sd**2 - rho1
    G, slope = _excess(graph, _ratio(graph, correlation, noise))
    best = -math.sqrt(2 * (1 - rho1)) * _excess(graph, _ratio(graph, correlation, NOISELESS))[0] if rho1 < 1 else 0.0
    chosen = -math.sqrt(2 / v) * ((1 - rho1) * G - noise.sd**2 * (rho1 - rho2) / v * slope)
    return Regret(chosen - best, chosen, best)


def minimum(graph: Hamming, correlation: Correlation, noise: Noise) -> Minimum:
    """Expected true and observed loss of a uniformly chosen strict minimum of the observed Gaussian field.

    With F(t) = P(all X < t) of `step`, integration by parts gives
    E[ℓ̂ | minimum] = −√((A−ρ_1)/2) F'(0)/F(0), E[ℓ | minimum] = (1−ρ_1)/(A−ρ_1) E[ℓ̂ | minimum], A = 1+σ²:
    ℓ and ℓ̂ covary with all differences to the neighbours in this one ratio, so that it holds for any choice that looks
    at them only. (A descent looks further, and chooses minima by their basins.)

    ValueError as `step`.
    Status: exact in M2, expectation weighted by the number of minima. Source: derived here.

    >>> found = minimum(Hamming((5,) * 6), Correlation.geometric(0.6, 6), Noise(1.0))
    >>> round(found.true, 4), round(found.observed, 4), round(found.noiseless, 4)
    (-0.7671, -2.685, -2.1982)
    """
    correlation = _completed(graph, correlation)

    def observed(noise: Noise) -> float:
        u = math.sqrt(_ratio(graph, correlation, noise)) * LINE
        F, dF = (MASS @ product for product in _products(graph, _ratio(graph, correlation, noise), u)[:2])
        return -math.sqrt((1 + noise.sd**2 - correlation[1]) / 2) * float(dF / F)

    seen = observed(noise)
    kept = (1 - correlation[1]) / (1 + noise.sd**2 - correlation[1])
    return Minimum(kept * seen, seen, observed(NOISELESS))


def _completed(graph: Graph, correlation: Correlation) -> Correlation:
    if not isinstance(graph, Hamming):
        raise ValueError(f"graph: {graph} is not a Hamming graph, on which fields have a correlation by distance")
    return correlation.completed(graph)


def _ratio(graph: Hamming, correlation: Correlation, noise: Noise) -> float:
    """r(σ) in (0, 1/2]; G and F are smooth in r, and 0 is as good as 1e−20. One line alone has no r: any serves."""
    if len(graph.radices) == 1:
        return 0.5
    r = second_difference(correlation, noise)
    if not -1e-12 <= r <= 0.5 + 1e-12:
        raise ValueError(f"rho: r = {r:.4g} lies outside [0, 1/2], where the one-factor formula holds")
    return min(max(r, 1e-20), 0.5)


def _products(graph: Hamming, r: float, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Π h_i, Σ_i h_i' Π_{j≠i} h_j and Σ_{i<j} h_i' h_j' Π_{k≠i,j} h_k at u, the coefficients of Π (h_i + h_i' x).

    h_i(u) = ∫φ(z) Φ(√2 (u + √(1/2−r) z))^{q_i−1} dz.
    """
    inside = math.sqrt(2) * (u[:, None] + math.sqrt(0.5 - r) * LINE)
    below, density = ndtr(inside), math.sqrt(2) * np.asarray(normal_pdf(inside))
    none, one, two = np.ones_like(u), np.zeros_like(u), np.zeros_like(u)
    for q, count in Counter(graph.radices).items():
        h, dh = below ** (q - 1) @ MASS, ((q - 1) * below ** (q - 2) * density) @ MASS
        for _ in range(count):
            none, one, two = none * h, one * h + none * dh, two * h + one * dh
    return none, one, two


def _excess(graph: Hamming, r: float) -> tuple[float, float]:
    """G(r) and G'(r) of `step`; Φ(u/√r) is 0 or 1 beyond |u| = 8√r."""
    wide = 8 * math.sqrt(r)

    def value(count: int) -> np.ndarray:
        parts = [Panels.covering(a, b, count) for a, b in ((-wide, wide), (wide, 12.0))]
        u, weights = (np.concatenate(ends) for ends in zip(*((p.nodes, p.weights) for p in parts), strict=True))
        none, _, two = _products(graph, r, u)
        return np.array([1 - none, -two]) @ (weights * ndtr(u / math.sqrt(r)))

    G, slope = refine(value)
    return float(G), float(slope)


def choice(losses: np.ndarray, noise: Noise) -> Choice:
    """Regret of the observed best of given true losses, σ in the same units; any landscape, any subset of it.

    With Δ_v = ℓ_v − ℓ_min, ∫ Σ_v Δ_v φ((t−Δ_v)/σ)/σ Π_{u≠v} Φ((Δ_u−t)/σ) dt. It is at most
    by_flips     Σ_v Δ_v Φ(−Δ_v/(σ√2)): v must look better than the best one
    by_extremes  σ e_n: E[ℓ̂(chosen)] ≤ ℓ_min, and no ε is below the least one

    ValueError for losses that are no vector of finite numbers.
    Status: exact in M3, and two upper bounds. Source: derived here.

    >>> round(choice(np.array([0.0, 1.0]), Noise(1.0)).regret, 6)  # Φ(−1/√2), as by flips
    0.23975
    """
    losses = np.asarray(losses, dtype=float)
    if losses.ndim != 1 or not losses.size or not np.isfinite(losses).all():
        raise ValueError(f"losses: {losses} must be a vector of finite numbers")
    if noise.sd == 0:
        return Choice(0.0, 0.0, 0.0)
    gaps = losses - losses.min()
    by_flips = float((gaps * flip(gaps, noise)).sum())
    near = gaps[gaps < 25 * noise.sd] / noise.sd  # the others are never chosen

    def lost(t: np.ndarray) -> np.ndarray:
        beyond = log_ndtr(near - t[:, None])
        chosen = np.exp(beyond.sum(axis=1, keepdims=True) - beyond - (t[:, None] - near) ** 2 / 2)
        return noise.sd / math.sqrt(2 * math.pi) * chosen @ near

    regret = integrate(lost, -14.0, 9.0) if near.any() else 0.0
    return Choice(regret, by_flips, noise.sd * float(expected_maximum(len(losses))))


def descent(graph: Graph, losses: np.ndarray, noise: Noise) -> float:
    """E[true loss at the end of a noisy descent] ≤ mean over v of min ℓ over {v} ∪ N(v), + σ e_n; σ in units of loss.

    From a uniform start, first step steepest, noise frozen, any rule that then only improves: the end looks no worse
    than the observed best of the first closed neighbourhood, whose mean is at most the true best's, and its noise is no
    lower than the least of all n. In M0 the end is exact: E[true loss] = E[end without noise]/√(1+σ²) for normal losses
    and any rule, since given all observed losses the true ones are independent of mean ℓ̂/(1+σ²).

    ValueError for losses of the wrong shape or not finite.
    Status: bound (upper), any landscape. Source: derived here.

    >>> from theory.graphs import cycle
    >>> descent(cycle(4), np.array([0.0, 1.0, 2.0, 3.0]), Noise(0.0))
    0.25
    """
    losses = np.asarray(losses, dtype=float)
    if losses.shape != (graph.n,) or not np.isfinite(losses).all():
        raise ValueError(f"losses: {losses} must be {graph.n} finite numbers on {graph}")
    first = np.minimum(losses, losses[graph.neighbours].min(axis=1))
    return float(first.mean() + noise.sd * expected_maximum(graph.n))


def limit(graph: Hamming, correlation: Correlation, noise: Noise) -> float:
    """E[true loss of any vertex chosen by the observed losses alone] ≥ −√(2 ln n) τ, τ² = Σ_T N_T λ_T²/(λ_T+σ²)/n.

    No search, however clever, can do better: the true loss of its choice has the mean of E[ℓ(v)|ℓ̂] there, a Gaussian of
    variance τ² at every v, and the least of n such has at least this mean. λ_T = Σ_h ρ_h v_h P_T(h) are the eigenvalues
    of the field's covariance and N_T their multiplicities, by type of character (`correlations.character_sums`).

    ValueError where ρ is impossible on the graph.
    Status: bound (lower), M2. Source: derived here; maximal inequality for normal variables.

    >>> from theory.graphs import hypercube
    >>> round(limit(hypercube(10), Correlation.geometric(0.0, 10), Noise(1.0)), 4)  # iid: √(2 ln n)/√2
    -2.6328
    """
    eigenvalues = np.maximum(character_sums(graph) @ _completed(graph, correlation).rho, 0)
    sizes = (comb(m, np.arange(m + 1)) * (q - 1.0) ** np.arange(m + 1) for q, m in Counter(graph.radices).items())
    multiplicities = reduce(np.kron, sizes, np.ones(1))
    kept = np.divide(eigenvalues**2, eigenvalues + noise.sd**2, out=np.zeros_like(eigenvalues), where=eigenvalues > 0)
    return -math.sqrt(2 * math.log(graph.n) * float(multiplicities @ kept) / graph.n)


def budget(trainings: int, noise: Noise) -> Budget:
    """How many seeds for each candidate: best of ⌊B/k⌋ iid N(0,1) candidates, each the mean of k trainings.

    E[true loss of the observed best] = −e_{⌊B/k⌋}/√(1+σ²/k), for k = 1..B: `candidates` with what the total B leaves.
    ValueError for B < 1.
    Status: exact. Source: derived here; the optimum of a selection experiment of given size (Robertson 1957).

    >>> [budget(1000, Noise(sigma)).seeds for sigma in (0.1, 1.0, 3.0)]
    [1, 4, 20]
    """
    if trainings < 1:
        raise ValueError(f"trainings: {trainings} must be at least 1")
    seeds = np.arange(1, trainings + 1)
    counts, which = np.unique(trainings // seeds, return_inverse=True)
    losses = -expected_maximum(counts)[which] / np.sqrt(1 + noise.sd**2 / seeds)
    return Budget(int(losses.argmin()) + 1, losses)


def denoise(graph: Graph, correlation: Correlation, noise: Noise, factor: float) -> Denoising:
    """The least number k of seeds with E#LM(σ/√k) ≤ factor · E#LM(0), by bisection: E#LM falls in k (Slepian).

    ValueError unless factor > 1 and ρ_1 ≥ ρ_2, and as `minima.gaussian`.
    Status: exact in M2. Source: derived here, `minima.gaussian` and `minima.noise_monotone`.

    >>> from theory.graphs import parse_graph
    >>> denoise(parse_graph("hamming:5^6"), Correlation.geometric(0.6, 6), Noise(0.3), 1.1).seeds
    8
    """
    if not factor > 1:
        raise ValueError(f"factor: {factor} must exceed 1")
    if isinstance(graph, Hamming) and len(graph.radices) > 1 and correlation[1] < correlation[2]:
        raise ValueError(f"rho: ρ_1 = {correlation[1]:g} < ρ_2 = {correlation[2]:g}; E#LM falls in k where ρ_1 ≥ ρ_2")
    noiseless = gaussian(graph, correlation)
    minima: dict[int, float] = {}

    def suffices(k: int) -> bool:
        minima[k] = gaussian(graph, correlation, Noise(noise.sigma, noise.average * k))
        return minima[k] <= factor * noiseless

    enough = least_draws(suffices)
    tried = sorted(minima)
    return Denoising(enough, noiseless, np.array(tried), np.array([minima[k] for k in tried]))
