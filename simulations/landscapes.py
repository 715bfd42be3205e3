"""Random graphs and random landscapes; the generator is always the caller's argument.

A landscape is an array of losses, shape (n,), of unit variance; lower is better.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import scipy.fft

from theory.correlations import Anisotropic, Correlation
from theory.graphs import ErdosRenyi, ExplicitGraph, Graph, Hamming, RandomRegular
from theory.noise import Noise


def draw_graph(graph: Graph, rng: np.random.Generator) -> Graph:
    """One graph of a distribution over graphs; a concrete graph is returned as it is.

    Random regular graphs come from the pairing model with its loops and repeated edges re-paired together with random
    other edges (Bollobás 1980; uniform up to o(1)). A dense one is the complement of a sparse one.
    """
    match graph:
        case ErdosRenyi(n=n, p=p):
            pairs = n * (n - 1) // 2
            chosen = rng.choice(pairs, size=rng.binomial(pairs, p), replace=False, shuffle=False)
            return ExplicitGraph(n, _pair(chosen, n))
        case RandomRegular(n=n, s=s) if 2 * s >= n:
            thin = _pairing(n, n - 1 - s, rng)
            absent = np.isin(np.arange(n * (n - 1) // 2), _code(thin, n), invert=True)
            return ExplicitGraph(n, _pair(np.flatnonzero(absent), n))
        case RandomRegular(n=n, s=s):
            return ExplicitGraph(n, _pairing(n, s, rng))
    return graph


def _code(edges: np.ndarray, n: int) -> np.ndarray:
    """Number of each pair a < b in the order (0,1), (0,2), …, (n−2,n−1)."""
    a, b = edges.min(axis=1), edges.max(axis=1)
    return a * (2 * n - a - 1) // 2 + b - a - 1


def _pair(code: np.ndarray, n: int) -> np.ndarray:
    """Inverse of `_code`, shape (m, 2)."""
    first = np.arange(n) * (2 * n - np.arange(n) - 1) // 2  # number of the pair (a, a+1)
    a = np.searchsorted(first[: n - 1], code, side="right") - 1
    return np.stack([a, code - first[a] + a + 1], axis=1)


def _pairing(n: int, s: int, rng: np.random.Generator) -> np.ndarray:
    """Edges of a simple random s-regular graph, shape (n·s/2, 2)."""
    edges = rng.permutation(np.repeat(np.arange(n), s)).reshape(-1, 2)
    while True:
        code = edges.min(axis=1) * n + edges.max(axis=1)
        order = np.argsort(code, kind="stable")
        repeated = np.zeros(len(code), dtype=bool)
        repeated[order[1:]] = code[order[1:]] == code[order[:-1]]
        bad = np.flatnonzero(repeated | (edges[:, 0] == edges[:, 1]))
        if not len(bad):
            return edges
        mixed = np.union1d(bad, rng.integers(len(edges), size=len(bad) + 4))
        edges[mixed] = rng.permutation(edges[mixed].ravel()).reshape(-1, 2)


def iid(graph: Graph, rng: np.random.Generator) -> np.ndarray:
    """House of Cards: independent standard normal losses (their law does not matter to local search)."""
    return rng.standard_normal(graph.n)


def gaussian(graph: Hamming, correlation: Correlation | Anisotropic, rng: np.random.Generator) -> np.ndarray:
    """Stationary Gaussian field with correlation ρ_h at Hamming distance h, or Π c_i, exact in law.

    The covariance is a function of which letters differ, so it is diagonal in any product of orthonormal bases
    that start with the constant: here cosine transforms, scaled by the square root of the Fourier transform of ρ.
    ValueError where ρ does not cover all distances or is not positive semi-definite.
    """
    d = len(graph.radices)
    if isinstance(correlation, Anisotropic):
        if len(correlation.c) != d:
            raise ValueError(f"c: {len(correlation.c)} values given, a field on {graph} needs {d}")
        lines = ([1.0, *[c] * (q - 1)] for c, q in zip(correlation.c, graph.radices, strict=True))
        covariance = reduce(np.multiply.outer, lines, np.ones(()))
    else:
        if len(correlation.rho) != d + 1:
            raise ValueError(f"rho: {len(correlation.rho)} values given, a field on {graph} needs {d + 1}")
        covariance = np.asarray(correlation.rho)[_letters_from_zero(graph)]
    spectrum = np.real(np.asarray(scipy.fft.fftn(covariance)))
    if spectrum.min() < -1e-9 * spectrum.max():
        raise ValueError(f"rho: {correlation} is not positive semi-definite on {graph}")
    white = rng.standard_normal(graph.radices)
    return np.asarray(scipy.fft.idctn(np.sqrt(np.maximum(spectrum, 0)) * white, norm="ortho")).ravel()


def _letters_from_zero(graph: Hamming) -> np.ndarray:
    """Hamming distance of every vertex from vertex 0, shape `graph.radices`."""
    distance = np.zeros((1,) * len(graph.radices), dtype=np.int8)
    for axis, q in enumerate(graph.radices):
        shape = [1] * len(graph.radices)
        shape[axis] = q
        distance = distance + (np.arange(q) > 0).astype(np.int8).reshape(shape)
    return distance


def additive(graph: Hamming, rng: np.random.Generator) -> np.ndarray:
    """ℓ(v) = Σ_i w_i(v_i)/√d with independent standard normal effects w."""
    losses = np.zeros(graph.radices)
    for axis, q in enumerate(graph.radices):
        shape = [1] * len(graph.radices)
        shape[axis] = q
        losses = losses + rng.standard_normal(q).reshape(shape) / np.sqrt(len(graph.radices))
    return losses.ravel()


def rough_mount_fuji(graph: Hamming, slope: float, rng: np.random.Generator) -> np.ndarray:
    """Slope times the Hamming distance to vertex 0, plus standard normal losses."""
    return slope * _letters_from_zero(graph).ravel() + rng.standard_normal(graph.n)


def nk(graph: Hamming, k: int, neighbourhood: str, rng: np.random.Generator) -> np.ndarray:
    """NK: the mean over coordinates, times √d, of standard normal functions of a coordinate and k others.

    The others are the next k (adjacent), random, or those of the same block of k+1 (which must divide d).
    ValueError for an unknown neighbourhood, or k and d that do not fit.
    """
    d = len(graph.radices)
    if not 0 <= k < d or (neighbourhood == "block" and d % (k + 1)):
        raise ValueError(f"k: {k} does not fit {d} coordinates ({neighbourhood})")
    losses = np.zeros(graph.radices)
    for i in range(d):
        match neighbourhood:
            case "block":
                axes = range(i // (k + 1) * (k + 1), (i // (k + 1) + 1) * (k + 1))
            case "adjacent":
                axes = [(i + j) % d for j in range(k + 1)]
            case "random":
                axes = [i, *rng.choice([j for j in range(d) if j != i], size=k, replace=False)]
            case _:
                raise ValueError(f"neighbourhood: {neighbourhood!r} is unknown; allowed: block, adjacent, random")
        shape = [q if axis in axes else 1 for axis, q in enumerate(graph.radices)]
        losses = losses + rng.standard_normal(shape) / np.sqrt(d)
    return losses.ravel()


def observe(losses: np.ndarray, noise: Noise, rng: np.random.Generator) -> np.ndarray:
    """Observed losses ℓ + σ ε under frozen noise, averaged over `noise.average` draws a vertex."""
    if noise.sigma == 0:
        return losses
    draws = sum(rng.standard_normal(losses.shape) for _ in range(noise.average))
    return losses + noise.sigma / noise.average * draws
