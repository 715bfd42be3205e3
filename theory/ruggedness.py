"""Ruggedness of a landscape on a Hamming graph: correlation, spectrum, random walks; estimates from noisy tables."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike
from scipy.special import ndtri
from scipy.stats import rankdata

from .correlations import Correlation, character_sums
from .graphs import Hamming


def normal_scores(losses: np.ndarray) -> np.ndarray:
    """Φ⁻¹((rank − 1/2)/n), ties at their mean rank: local search does not see the difference; shape and NaN kept.

    >>> normal_scores(np.array([3.0, 1.0, 2.0])).round(3)
    array([ 0.967, -0.967,  0.   ])
    """
    ranks = rankdata(losses, axis=None, nan_policy="omit").reshape(np.shape(losses))
    return ndtri((ranks - 0.5) / np.count_nonzero(~np.isnan(ranks)))


def covariance_by_distance(graph: Hamming, first: np.ndarray, second: np.ndarray | None = None) -> np.ndarray:
    """C_h, the mean of (a_u−ā)(b_v−b̄) over all ordered pairs at Hamming distance h = 0..d, shape (d+1,).

    With two different seeds of one table as a and b, independent noise drops out of every C_h, C_0 included.
    Status: exact average over pairs. ValueError for the wrong shape.
    """
    second = first if second is None else second
    for name, values in (("first", first), ("second", second)):
        if np.shape(values) != (graph.n,):
            raise ValueError(f"{name}: shape {np.shape(values)} must be ({graph.n},)")
    around = [(second - second.mean()).reshape(graph.radices)]  # sums over the vertices at distance 0, 1, …
    for axis in range(len(graph.radices)):
        others = [shell.sum(axis=axis, keepdims=True) - shell for shell in around]
        nothing = np.zeros(graph.radices)
        around = [a + b for a, b in zip([*around, nothing], [nothing, *others], strict=True)]
    sizes = reduce(np.convolve, ([1, q - 1] for q in graph.radices), np.ones(1))
    centred = (first - first.mean()).reshape(graph.radices)
    return np.array([np.mean(centred * shell) for shell in around]) / sizes


def correlation_by_distance(graph: Hamming, losses: np.ndarray) -> Correlation:
    """ρ_h = C_h/C_0 of a landscape at every distance; ValueError for a constant one.

    With equal radices it is positive semi-definite, being an average over the symmetries of the graph.
    """
    covariance = covariance_by_distance(graph, losses)
    if np.ptp(losses) == 0:
        raise ValueError("losses: all equal; a constant landscape has no correlation")
    return Correlation(tuple(np.clip(covariance / covariance[0], -1, 1)))


def correlation_by_coordinate(graph: Hamming, losses: np.ndarray) -> np.ndarray:
    """ρ_1 along each coordinate: mean of (ℓ_u−ℓ̄)(ℓ_v−ℓ̄) over the pairs on its lines, over C_0; shape (d,).

    ρ_1^{(i)} = 1 − q_i/(q_i−1) Σ_{S∋i} B_S, B the shares of `interactions`: a coordinate that takes part in much of
    the variance is a rugged one. Equal in an isotropic landscape.
    Status: exact average over pairs. ValueError for the wrong shape or a constant landscape.

    >>> correlation_by_coordinate(Hamming((2, 2)), np.array([0.0, 0.0, 1.0, 1.0]))
    array([-1.,  1.])
    """
    centred = _centred(graph, losses)
    lines = [(axis, q, centred.sum(axis=axis, keepdims=True)) for axis, q in enumerate(graph.radices)]
    pairs = [np.mean(centred * (total - centred)) / (q - 1) for _, q, total in lines]
    return np.array(pairs) / np.mean(centred**2)


def _centred(graph: Hamming, losses: np.ndarray) -> np.ndarray:
    """ℓ − ℓ̄ as an array of shape `graph.radices`."""
    if np.shape(losses) != (graph.n,):
        raise ValueError(f"losses: shape {np.shape(losses)} must be ({graph.n},)")
    if np.ptp(losses) == 0:
        raise ValueError("losses: all equal; a constant landscape has no correlation")
    return (losses - np.mean(losses)).reshape(graph.radices)


def interactions(graph: Hamming, losses: np.ndarray) -> np.ndarray:
    """B_S, the share of the variance in the joint effect of each set S of coordinates, shape (2,)*d; Σ_S B_S = 1.

    The analysis of variance of a table: the part of S is orthogonal to every function of fewer of its coordinates. It
    is the energy of the product basis functions that vary on S exactly, in any orthonormal basis that starts with the
    constant: here cosines, on the hypercube Walsh functions.
    Status: exact. ValueError for the wrong shape or a constant landscape. Source: Efron and Stein 1981 (decomposition).

    >>> interactions(Hamming((2, 2)), np.array([0.0, 1.0, 1.0, 0.0])).round(9)
    array([[0., 0.],
           [0., 1.]])
    """
    parts = _parts(_centred(graph, losses))
    return parts / parts.sum()


def _parts(values: np.ndarray) -> np.ndarray:
    """Mean square of the joint effect of each set of coordinates, of values of shape `radices`; shape (2,)*d."""
    energy = np.square(np.asarray(scipy.fft.dctn(values, norm="ortho")))
    for axis in range(energy.ndim):
        energy = np.add.reduceat(energy, [0, 1], axis=axis)
    return energy / values.size


def effects(graph: Hamming, losses: np.ndarray, order: int) -> np.ndarray:
    """The joint effects of up to `order` coordinates, summed: the best fit to ℓ − ℓ̄ by functions of so few, shape (n,).

    Its free parameters are Σ_{|S|≤order} Π_{i∈S}(q_i−1) less one, its share of the variance Σ_{|S|≤order} B_S.
    Status: exact. ValueError as `interactions`. Source: Efron and Stein 1981 (decomposition).

    >>> effects(Hamming((2, 2)), np.array([0.0, 1.0, 1.0, 4.0]), 1).round(9)
    array([-2.,  0.,  0.,  2.])
    """
    coefficients = np.asarray(scipy.fft.dctn(_centred(graph, losses), norm="ortho"))
    coefficients[np.sum(np.indices(graph.radices) > 0, axis=0) > order] = 0
    return np.asarray(scipy.fft.idctn(coefficients, norm="ortho")).ravel()


def amplitudes(graph: Hamming, losses: np.ndarray) -> np.ndarray:
    """Amplitude spectrum B_j = Σ_{|S|=j} B_S, the share of the variance in interactions of j coordinates, shape (d+1,).

    B_0 = 0 and Σ_j B_j = 1. With equal radices ρ_h = Σ_j B_j K_h(j)/K_h(0), K the Krawtchouk polynomials of
    `correlations.character_sums`, and the landscape is elementary, an eigenfunction of the graph, where one B_j is 1.
    Status: exact. ValueError as `interactions`. Source: Stadler 1996; Hordijk and Stadler 1998.
    """
    shares = interactions(graph, losses)
    return np.bincount(_order(shares).ravel(), shares.ravel())


def _order(shares: np.ndarray) -> np.ndarray:
    """Number of coordinates of each set, shape (2,)*d."""
    return np.indices(shares.shape).sum(axis=0)


def elementary(graph: Hamming, order: int) -> Correlation:
    """ρ_h = K_h(j)/K_h(0), the correlation of every elementary landscape of order j on H(q^d).

    Its random walk decays geometrically, r(t) = (1 − jq/(d(q−1)))^t.
    Status: exact. ValueError for mixed radices or an order outside 1..d. Source: Stadler 1996.

    >>> elementary(Hamming((2, 2, 2)), 1).rho
    (1.0, 0.3333333333333333, -0.3333333333333333, -1.0)
    """
    d = len(graph.radices)
    if not graph.is_uniform:
        raise ValueError(f"graph: {graph} has mixed radices, on which ρ_h does not follow from the order")
    if not 1 <= order <= d:
        raise ValueError(f"order: {order} must lie in 1..{d}")
    sums = character_sums(graph)
    return Correlation(tuple(sums[order] / sums[0]))


def autocorrelation(graph: Hamming, correlation: Correlation, steps: ArrayLike) -> np.ndarray:
    """r(t) = Σ_h P_t(h) ρ_h along a random walk to uniform neighbours, for integers t ≥ 0; shape of `steps`.

    P_t(h) is the law of the distance after t steps. Among m coordinates of q letters the number h that differ is a
    Markov chain with steps −1, 0, +1 of rates h, h(q−2), (m−h)(q−1), and a step is spent on them with
    probability m(q−1)/s. The chain is applied backwards to ρ: no term is negative, nothing cancels.

    ValueError where ρ is impossible on the graph, or a step is negative or no integer.
    Status: exact in M2, and for a table of equal radices with its own ρ_h. Source: Weinberger 1990.

    >>> autocorrelation(Hamming((2,) * 10), Correlation.geometric(0.5, 10), [0, 1, 2])
    array([1.   , 0.5  , 0.325])
    """
    rho, steps = correlation.completed(graph).rho, _counts(steps)
    present = Counter(graph.radices)
    chain, distance = np.zeros((1, 1)), np.zeros(1, dtype=int)
    for q, m in present.items():
        chain = np.kron(chain, np.eye(m + 1)) + np.kron(np.eye(len(chain)), _distance_rates(q, m)) / graph.degree
        distance = np.add.outer(distance, np.arange(m + 1)).ravel()
    value = np.asarray(rho)[distance]
    found = np.empty(steps.max(initial=0) + 1)
    for t in range(len(found)):
        found[t] = value[0]
        value = chain @ value
    return found[steps]


def _distance_rates(q: int, m: int) -> np.ndarray:
    """Rates of the number of differing coordinates, of m with q letters; rows sum to m(q−1), shape (m+1, m+1)."""
    h = np.arange(m + 1)
    return np.diag(h * (q - 2)) + np.diag(h[1:], -1) + np.diag((m - h[:-1]) * (q - 1), 1)


def _counts(steps: ArrayLike) -> np.ndarray:
    counts = np.asarray(steps)
    if not np.issubdtype(counts.dtype, np.integer) or counts.min(initial=0) < 0:
        raise ValueError(f"steps: {steps} must be integers of at least 0")
    return counts


def table_autocorrelation(graph: Hamming, losses: np.ndarray, steps: ArrayLike) -> np.ndarray:
    """r(t) = Σ_S B_S (1 − Σ_{i∈S} q_i/s)^t of a table, the mean over all walks; shape of `steps`.

    The random walk has every interaction as an eigenfunction, so this holds for mixed radices too.
    Status: exact. ValueError as `interactions` and for steps that are negative or no integers. Source: Stadler 1996.
    """
    shares, counts = interactions(graph, losses).ravel(), _counts(steps)
    return (1 - _losing(graph)) ** counts[..., None] @ shares


def correlation_length(graph: Hamming, losses: np.ndarray) -> float:
    """Σ_{t≥0} r(t) = s Σ_S B_S / Σ_{i∈S} q_i, the correlation length of a table's random walk (the series in the
    sense of Abel where r(t) alternates for ever).

    1/(1−r(1)) where the landscape is elementary, and at least that where it is not (convexity).
    Status: exact. ValueError as `interactions`. Source: Stadler 1996.

    >>> correlation_length(Hamming((2, 2, 2)), np.array([0.0, 1, 1, 2, 1, 2, 2, 3]))  # additive: r(1) = 1 − 2/3
    1.5
    """
    shares = interactions(graph, losses).ravel()
    return float((shares[1:] / _losing(graph)[1:]).sum())


def _losing(graph: Hamming) -> np.ndarray:
    """1 − μ_S = Σ_{i∈S} q_i/s for every set of coordinates, μ_S eigenvalue of the walk; shape (2^d,)."""
    sets = np.indices((2,) * len(graph.radices))
    return np.tensordot(graph.radices, sets, axes=1).ravel() / graph.degree


class Ruggedness(NamedTuple):
    """ρ_0..ρ_d of the true loss, shape (d+1,); σ of one seed in units of the true loss's standard deviation; r(0)."""

    rho: np.ndarray
    sigma: float
    r: float


class Denoised(NamedTuple):
    """C_h of the true loss, shape (d+1,); variance of one seed's noise, and of that left in the vertex means."""

    covariance: np.ndarray
    noise: float
    left: float


class Parts(NamedTuple):
    """Variance of the joint effect of each set S of coordinates, of the true loss and of one seed's noise; (2,)*d."""

    true: np.ndarray
    noise: np.ndarray


class Estimate(NamedTuple):
    """Estimates with two standard errors: over seeds (NaN for two), and over landscapes of this spectrum."""

    value: Ruggedness
    seed_error: Ruggedness
    landscape_error: Ruggedness


def estimate(graph: Hamming, losses: np.ndarray) -> Estimate:
    """ρ_h, σ and r of the true loss from a table with seeds, shape (n, seeds), NaN where a seed is missing.

    With vertex means m_v of k_v seeds and their sample variances s_v², independent noise has
    C_h(true) = C_h(m) − τ² (1{h=0} − 1/n), τ² = mean of s_v²/k_v, σ² = mean of s_v² / C_0(true), without bias
    whatever seeds are missing (at random or not) and however the noise varies between vertices.

    Over seeds: jackknife, for three columns or more; conservative (Efron and Stein 1981).
    Over landscapes: the table as one draw of a Gaussian field whose coefficients on S are N_S = Π_{i∈S}(q_i−1)
    independent ones of equal variance, so that Var(ρ_h) = 2 Σ_S B_S²/N_S (κ_h(S)−ρ_h)², κ_h(S) the ρ_h of a landscape
    on S alone, and alike for σ and r by linearisation: the table is worth 1/Σ_S(B_S²/N_S) independent vertices.

    ValueError as `denoised_covariance`, for one coordinate, or where noise leaves no variance.
    Status: exact up to the ratio (each C_h is unbiased); the errors are asymptotic. Source: derived here.
    """
    losses = np.asarray(losses, dtype=float)
    if len(graph.radices) < 2:
        raise ValueError(f"graph: {graph} has one coordinate, r needs at least 2")
    value = _denoised(graph, losses)
    return Estimate(value, _unstacked(_seed_error(graph, losses)), _unstacked(_landscape_error(graph, losses, value)))


def _unstacked(values: np.ndarray) -> Ruggedness:
    return Ruggedness(values[:-2], float(values[-2]), float(values[-1]))


def _seed_error(graph: Hamming, losses: np.ndarray) -> np.ndarray:
    """Jackknife standard errors of ρ_h, σ and r, stacked; NaN where a seed's deletion leaves too little."""
    deletions = [np.delete(losses, j, axis=1) for j in range(losses.shape[1])]
    if any(_seeds(deletion).min() < 1 or _seeds(deletion).max() < 2 for deletion in deletions):
        return np.full(len(graph.radices) + 3, np.nan)
    found = [np.hstack([*_denoised(graph, deletion)]) for deletion in deletions]
    return np.sqrt(len(found) - 1) * np.std(found, axis=0)


def _seeds(losses: np.ndarray) -> np.ndarray:
    return np.sum(~np.isnan(losses), axis=1)


def denoised_covariance(graph: Hamming, losses: np.ndarray) -> Denoised:
    """C_h of the true loss at h = 0..d from a table with seeds, and the variance of its noise, as in `estimate`.

    A vertex of one seed counts with the mean variance of the others.
    ValueError for the wrong shape, a vertex without seed, or none with two.
    Status: exact in expectation. Source: analysis of variance.
    """
    if np.ndim(losses) != 2 or len(losses) != graph.n:
        raise ValueError(f"losses: shape {np.shape(losses)} must be ({graph.n}, seeds)")
    seeds = _seeds(losses)
    if seeds.min() < 1 or seeds.max() < 2:
        raise ValueError(f"losses: vertices have {seeds.min()} to {seeds.max()} seeds; all need one, and some two")
    means = np.nanmean(losses, axis=1)
    squares = np.nansum((losses - means[:, None]) ** 2, axis=1)
    repeated = seeds > 1
    noise = np.mean(squares[repeated] / (seeds[repeated] - 1))
    left = np.mean(np.where(repeated, squares / np.maximum(seeds - 1, 1), noise) / seeds)
    observed = covariance_by_distance(graph, means)
    return Denoised(observed - left * ((np.arange(len(observed)) == 0) - 1 / graph.n), float(noise), float(left))


def denoised_interactions(graph: Hamming, losses: np.ndarray) -> Parts:
    """Analysis of variance of the true loss and of the noise, from a table with seeds, shape (n, seeds), NaN missing.

    Noise may be correlated between vertices: seeds that share their data split share what it favours. With vertex means
    m and deviations e_j of seed j from them, Σ_j of the mean squares of e_j on S is (k−1) noise_S, and that of m−m̄ is
    true_S + noise_S/k. The mean of the true loss is no effect; that of the noise, a shift of a seed, is S = ∅.

    ValueError as `denoised_covariance`.
    Status: exact in expectation where no seed is missing, approximation elsewhere; a small part can come out negative.
    Source: analysis of variance.
    """
    found, means = denoised_covariance(graph, losses), np.nanmean(losses, axis=1)
    deviations = np.nan_to_num(losses - means[:, None]).T
    noise = np.sum([_parts(deviation.reshape(graph.radices)) for deviation in deviations], axis=0)
    shares = noise / (noise.sum() or 1)
    true = _parts(means.reshape(graph.radices)) - found.left * shares
    true.flat[0] = 0
    return Parts(true, found.noise * shares)


def _denoised(graph: Hamming, losses: np.ndarray) -> Ruggedness:
    C, noise, left = denoised_covariance(graph, losses)
    if C[0] <= 0:
        raise ValueError(f"losses: noise of variance {left:.3g} in the means leaves a variance of {C[0]:.3g}")
    rho = C / C[0]
    return Ruggedness(rho, float(np.sqrt(noise / C[0])), float((1 - 2 * rho[1] + rho[2]) / (2 * (1 - rho[1]))))


def _landscape_error(graph: Hamming, losses: np.ndarray, value: Ruggedness) -> np.ndarray:
    """Standard errors of ρ_h, σ and r over landscapes, stacked; B²/N is estimated without bias by B²/(N+2).

    Of the energy of the vertex means on S noise has put there τ²N_S/n.
    """
    C, _, left = denoised_covariance(graph, losses)
    means, dimensions = np.nanmean(losses, axis=1), _dimensions(graph)
    shares = np.maximum(interactions(graph, means).ravel() * np.var(means) - left / graph.n * dimensions, 0) / C[0]
    one, two = value.rho[1:3]
    change = _shell_means(graph) - value.rho  # of ρ_h, by a unit more of S; shape (2^d, d+1)
    of_sigma = np.full(len(change), -value.sigma / 2)
    of_r = ((two - 1) / (1 - one) * change[:, 1] + change[:, 2]) / (2 * (1 - one))
    influence = np.column_stack([change, of_sigma, of_r])
    return np.sqrt(2 * (shares**2 / (dimensions + 2)) @ influence**2)


def _dimensions(graph: Hamming) -> np.ndarray:
    """N_S = Π_{i∈S}(q_i−1), shape (2^d,)."""
    return reduce(np.kron, ([1, q - 1] for q in graph.radices), np.ones(1))


def _shell_means(graph: Hamming) -> np.ndarray:
    """κ_h(S), the ρ_h of a landscape on S alone: [x^h] Π_{i∈S}(1−x) Π_{i∉S}(1+(q_i−1)x) / v_h, shape (2^d, d+1)."""
    sums = np.ones((1, 1))
    for q in graph.radices:
        same, other = np.pad(sums, ((0, 0), (0, 1))), np.pad(sums, ((0, 0), (1, 0)))
        sums = np.stack([same + (q - 1) * other, same - other], axis=1).reshape(-1, same.shape[1])
    return sums / sums[0]
