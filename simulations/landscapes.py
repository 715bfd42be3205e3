"""Random graphs and random landscapes; the generator is always the caller's argument.

A landscape is an array of losses, shape (n,), of unit variance; lower is better.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from scipy.special import ndtr, ndtri

from theory.correlations import Correlation
from theory.graphs import ErdosRenyi, ExplicitGraph, Graph, Hamming, RandomRegular
from theory.laws import AR1Kernel, Kernel, LipschitzKernel, TruncatedNormalKernel, UniformKernel
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


def gaussian(graph: Hamming, correlation: Correlation, rng: np.random.Generator) -> np.ndarray:
    """Stationary Gaussian field with correlation ρ_h at Hamming distance h, exact in law.

    The covariance is a function of which letters differ, so it is diagonal in any product of orthonormal bases
    that start with the constant: here cosine transforms, scaled by the square root of the Fourier transform of ρ.
    ValueError where ρ does not cover all distances or is not positive semi-definite.
    """
    d = len(graph.radices)
    if len(correlation.rho) != d + 1:
        raise ValueError(f"rho: {len(correlation.rho)} values given, a field on {graph} needs {d + 1}")
    spectrum = np.real(np.asarray(scipy.fft.fftn(np.asarray(correlation.rho)[_letters_from_zero(graph)])))
    if spectrum.min() < -1e-9 * spectrum.max():
        raise ValueError(f"rho: {correlation.rho} is not positive semi-definite on {graph}")
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


def observe(losses: np.ndarray, noise: Noise, rng: np.random.Generator) -> np.ndarray:
    """Observed losses ℓ + σ ε under frozen noise, averaged over `noise.average` draws a vertex."""
    if noise.sigma == 0:
        return losses
    draws = sum(rng.standard_normal(losses.shape) for _ in range(noise.average))
    return losses + noise.sigma / noise.average * draws


def neighbour_losses(kernel: Kernel, centres: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One neighbour's loss for each centre's loss, drawn from the kernel; shape of `centres`."""
    match kernel:
        case UniformKernel():
            return rng.random(centres.shape)
        case TruncatedNormalKernel(tau=tau):
            low, high = ndtr(-centres / tau), ndtr((1 - centres) / tau)
            return np.clip(centres + tau * ndtri(low + (high - low) * rng.random(centres.shape)), 0, 1)
        case LipschitzKernel(tau=tau):
            return rng.uniform(np.maximum(centres - tau, 0), np.minimum(centres + tau, 1))
        case AR1Kernel(rho=rho):
            return rho * centres + np.sqrt(1 - rho**2) * rng.standard_normal(centres.shape)
    raise ValueError(f"kernel: {kernel} cannot be drawn from")
