"""Expected numbers of strict local minima (isolated vertices count: they have no better neighbour)."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import numpy as np
import scipy.sparse as sparse
from scipy.special import ndtr

from .correlations import Anisotropic, Correlation, second_difference
from .graphs import ErdosRenyi, Graph, Hamming, RandomRegular
from .laws import Kernel, Law, normal_pdf
from .levels import density
from .noise import NOISELESS, Noise
from .quadrature import LINE, MASS, Panels, integrate, refine


class Moments(NamedTuple):
    """Mean and variance of the number of strict local minima."""

    mean: float
    variance: float


class Bracket(NamedTuple):
    """Lower and upper bound of an expected number of strict local minima."""

    low: float
    high: float


def iid(graph: Graph) -> Moments:
    """Mean and variance of the number of strict local minima of iid continuous losses.

    With a_v = s_v+1 and c_uv common neighbours,
    E = Σ_v 1/a_v,
    Var = Σ_v (1/a_v − 1/a_v²) − Σ_{u~v} 1/(a_u a_v) + Σ_{dist(u,v)=2} c_uv/((a_u+a_v−c_uv) a_u a_v),
    sums over ordered pairs. For G(n, p) mean and variance are over graphs too (q = 1−p):
    E = (1−q^n)/p, P(both minima) = 2q/(p n (n−1)) ((1−q^{2n})/(p(2−p)) − (q^n−q^{2n})/(pq)), evaluated as
    2∫∫_{x<y} q (1 − pqx − py)^{n−2} dx dy less the product of the two chances, which does not cancel.

    Status: exact; for random regular graphs the mean is exact and the variance asymptotic (locally a tree, c_uv = 1).
    Source: mean Kauffman and Levin 1987; variance by pairs, Baldi, Rinott and Stein 1989; G(n, p) derived here.

    >>> from theory.graphs import parse_graph
    >>> iid(parse_graph("hamming:5^6"))
    Moments(mean=625.0, variance=250.0)
    """
    match graph:
        case ErdosRenyi():
            return _iid_erdos_renyi(graph.n, graph.p)
        case RandomRegular():
            return _iid_regular(graph.n, graph.s, [(1, graph.s * (graph.s - 1))])
        case Hamming():
            offsets = [q - 1 for q in graph.radices]
            pairs = (sum(offsets) ** 2 - sum(b * b for b in offsets)) // 2
            return _iid_regular(graph.n, graph.degree, [(2, pairs)])
    a = graph.degrees + 1.0
    adjacency = graph.adjacency
    paths, near = sparse.csr_array(adjacency @ adjacency).tocoo(), adjacency.tocoo()
    far = (paths.row != paths.col) & ~np.isin(paths.row * graph.n + paths.col, near.row * graph.n + near.col)
    u, v, c = paths.row[far], paths.col[far], paths.data[far]
    variance = (
        (1 / a - 1 / a**2).sum()
        - (1 / (a[near.row] * a[near.col])).sum()
        + (c / ((a[u] + a[v] - c) * a[u] * a[v])).sum()
    )
    return Moments(float((1 / a).sum()), float(variance))


def _iid_regular(n: int, s: int, distance_two: list[tuple[int, int]]) -> Moments:
    """`distance_two` lists (c, how many vertices at distance 2 of a vertex share c neighbours with it)."""
    a = s + 1
    pairs = sum(m * c / (2 * a - c) for c, m in distance_two)
    return Moments(n / a, n * (a - 1 - s + pairs) / a**2)


def _iid_erdos_renyi(n: int, p: float) -> Moments:
    if p == 0 or n == 1:
        return Moments(float(n), 0.0)
    if p == 1:
        return Moments(1.0, 0.0)
    log_q = math.log1p(-p)
    mean = -math.expm1(n * log_q) / p
    not_minimum = integrate(lambda x: -np.expm1((n - 1) * np.log1p(-p * x)), 0.0, 1.0, _near_zero(n, p))

    def covariance(count: int) -> np.ndarray:
        """Twice the integral over x < y of P(both minima at losses x, y) − P(one) P(other), without cancellation."""
        panels = Panels.covering(0.0, 1.0, count, _near_zero(n, p))
        y, x = panels.nodes, panels.nodes[:, None] * panels.nodes  # x = t·y for t at the nodes
        weights = panels.weights[:, None] * panels.weights * y
        apart = (1 - p * x) * (1 - p * y)
        log_ratio = (n - 2) * np.log1p(p * p * x * (1 - y) / apart)
        close = apart ** (n - 2) * ((1 - p) * np.expm1(np.minimum(log_ratio, 1)) - p * (1 - x - y + p * x * y))
        far = (1 - p) * (1 - p * (1 - p) * x - p * y) ** (n - 2) - apart ** (n - 1)
        return np.atleast_1d(2 * (weights * np.where(log_ratio < 1, close, far)).sum())

    pairs = n * (n - 1) * float(refine(covariance)[0])
    return Moments(mean, n * not_minimum * (1 - not_minimum) + pairs)


def _near_zero(n: int, p: float) -> tuple[float, ...]:
    """Losses at which panels are cut: local minima of G(n, p) live on losses of the scale 1/(np)."""
    return tuple(k / (n * p) for k in (1, 4, 16, 64))


def branching(graph: Graph, law: Law, kernel: Kernel) -> float:
    """E#LM = Σ_v ∫ f(x) S(x,x)^{s_v} dx (n ∫ f S^s on a regular graph).

    ValueError unless the law lives where the kernel does.
    Status: exact in M1; approximation on graphs with cycles. Source: White, Nolen and Savani 2021, Theorem 5.1.

    >>> from theory.graphs import parse_graph
    >>> from theory.laws import AR1Kernel, Normal
    >>> round(branching(parse_graph("hamming:5^6"), Normal(), AR1Kernel(0.6)), 1)
    28.3
    """
    return density(graph, law, kernel).integral()


def gaussian(graph: Graph, correlation: Correlation | Anisotropic, noise: Noise = NOISELESS) -> float:
    """E#LM of a stationary Gaussian field on H(q_1,…,q_d) under frozen noise.

    n ∫φ(z0) Π_i [∫φ(z) Φ((√r z0 + √(1/2−r) z)/√(1/2))^{q_i−1} dz] dz0 with r = r(σ) of
    `theory.correlations.second_difference`: the n·P(all loss differences at a vertex are positive), since differences
    correlate 1/2 on a line and r across lines. With one c_i a coordinate (`Anisotropic`) the lines are independent
    given the centre's loss x and noise σe, so that
    n ∫∫φ(x)φ(e) Π_i L_i((1−c_i)x + σe) dx de, L_i(u) = P(all c_i-line residuals, noise included, exceed u).

    ValueError where ρ is impossible on the graph, or r is outside [0, 1/2] (on the hypercube: [0, 1]), that is where
    a field has ρ_1 < ρ_2 or 1−2ρ_1+ρ_2 < 0.
    Status: exact in M2. Source: Šidák/Dunnett–Sobel one-factor integrals; derived for H(q^d) here.

    >>> from theory.graphs import parse_graph
    >>> field = Correlation.geometric(0.6, 6)
    >>> round(gaussian(parse_graph("hamming:5^6"), field, Noise(0.3)), 2)
    113.74
    """
    if not isinstance(graph, Hamming):
        raise ValueError(f"graph: {graph} is not a Hamming graph, on which minima.gaussian is defined")
    if isinstance(correlation, Anisotropic):
        return _anisotropic(graph, correlation.c, noise)
    field = correlation.completed(graph)
    if len(graph.radices) == 1:
        second_difference(Correlation((*field.rho, 0.0)), noise)  # refuses a constant landscape
        return graph.n / (graph.degree + 1)
    r = second_difference(field, noise)
    most = 1.0 if set(graph.radices) == {2} else 0.5
    if not -1e-12 <= r <= most + 1e-12:
        raise ValueError(f"rho: r = {r:.4g} lies outside [0, {most}], where the one-factor formula holds")
    r = min(max(r, 0.0), most)
    step = math.sqrt(max(1 - r, 1e-300) / max(r, 1e-300))  # width over which a difference of correlation r turns
    marks = tuple(k * step for k in (-8.0, -2.0, 0.0, 2.0, 8.0)) if most == 1 else ()
    return graph.n * integrate(lambda z0: normal_pdf(z0) * _all_worse(graph, r, z0), -12.0, 12.0, marks)


def _anisotropic(graph: Hamming, c: tuple[float, ...], noise: Noise) -> float:
    if len(c) != len(graph.radices):
        raise ValueError(f"c: {len(c)} values given, {graph} has {len(graph.radices)} coordinates")
    if 1.0 in c and noise.sd == 0:
        raise ValueError("c: 1 on a coordinate without noise makes ties, and no strict local minimum")
    x = LINE[::2]
    centre_noise = x if noise.sd > 0 else np.zeros(1)
    product = np.ones((len(x), len(centre_noise)))
    for (q, ci), times in Counter(zip(graph.radices, c, strict=True)).items():
        thresholds = (1 - ci) * x[:, None] + noise.sd * centre_noise
        product *= line_worse(thresholds, q, ci, noise.sd) ** times
    weights = 2 * MASS[::2]
    return float(graph.n * (weights @ product @ (weights if noise.sd > 0 else np.ones(1))))


def line_worse(u: np.ndarray, q: int, c: float, sd: float = 0.0) -> np.ndarray:
    """P(the q−1 others of a line exceed cx+u | centre's loss x), correlation c, noise sd; shape of u.

    Residuals given x have variance 1−c² and covariance c−c²: ∫φ(z) Φ((√(c(1−c)) z − u)/√(1−c+sd²))^{q−1} dz.
    """
    common, own = math.sqrt(c * (1 - c)), math.sqrt(1 - c + sd**2)
    return ndtr((common * LINE - u[..., None]) / own) ** (q - 1) @ MASS


def _all_worse(graph: Hamming, r: float, z0: np.ndarray) -> np.ndarray:
    """Π_i P(the q_i−1 differences of line i are positive | common factor z0)."""
    if set(graph.radices) == {2}:  # one difference a line: no inner integral, and r may exceed 1/2
        return ndtr(math.sqrt(r) * z0 / math.sqrt(1 - r)) ** len(graph.radices) if r < 1 else (z0 > 0) * 1.0
    better = ndtr((math.sqrt(r) * z0[:, None] + math.sqrt(0.5 - r) * LINE) * math.sqrt(2))
    powers = {q: better ** (q - 1) @ MASS for q in set(graph.radices)}
    return np.prod([powers[q] for q in graph.radices], axis=0)


def noise_monotone(graph: Graph, correlation: Correlation, noise: Noise = NOISELESS) -> Bracket:
    """E#LM(0) ≤ E#LM(σ) ≤ n/(s+1): denoising removes local minima.

    If ρ_1 ≥ ρ_2 then dr/dσ² = (ρ_1−ρ_2)/(2(1+σ²−ρ_1)²) ≥ 0, and by Slepian's inequality the orthant probability
    grows with r up to the iid value. ValueError where ρ_1 < ρ_2.
    Status: bound, M2. Source: Slepian 1962.
    """
    if correlation[1] < correlation[2]:
        raise ValueError(f"rho: ρ_1 = {correlation[1]:g} < ρ_2 = {correlation[2]:g}; the bound needs ρ_1 ≥ ρ_2")
    return Bracket(gaussian(graph, correlation), graph.n / (graph.degree + 1))


def independence(graph: Graph) -> float:
    """#LM ≤ α(G) ≤ n(−λ_min)/(s−λ_min) for every landscape on a regular graph.

    Strict local minima are an independent set. For an edgeless graph the bound is n. ValueError where not regular, or
    for a distribution over graphs.
    Status: bound, any landscape. Source: Hoffman (Haemers 2021, Hoffman's ratio bound).

    >>> from theory.graphs import parse_graph
    >>> independence(parse_graph("hamming:5^6"))
    3125.0
    """
    s = graph.degree
    if s == 0:
        return float(graph.n)
    least = graph.smallest_eigenvalue
    return graph.n * -least / (s - least)
