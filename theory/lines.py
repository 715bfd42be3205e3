"""Local minima from the lines through a vertex: for Gaussian fields by quadrature, for tables by estimation.

A vertex is a strict minimum where it is the best of each of its d lines. Given its loss these d events are nearly
independent; how far they are not is read off a table order by order.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from scipy.special import comb, logsumexp, softmax
from scipy.stats import rankdata

from .correlations import Anisotropic, Correlation
from .graphs import Graph, Hamming
from .minima import line_worse
from .noise import NOISELESS, Noise
from .quadrature import LINE, MASS

CELL = 1 / 20
"""Width in log-rank of the cells in which the vertices of a table are pooled."""
DEGREES = range(9)
"""Degrees in log-rank among which Akaike's criterion chooses."""
RIDGE = 0.01
"""A normal prior of standard deviation 10 on each coefficient: a table where a line never wins keeps them finite."""


class Prediction(NamedTuple):
    """Expected number of strict local minima, its standard error, and the standard deviation of a count about it."""

    minima: float
    error: float
    spread: float


def gaussian(graph: Graph, correlation: Correlation | Anisotropic, noise: Noise = NOISELESS) -> float:
    """E#LM ≈ n ∫φ(x) Π_i L_i(x) dx, L_i(x) = P(the q_i−1 others of line i are worse | observed loss x).

    L_i(x) = ∫φ(z) Φ(√c z − √(1−c) x)^{q_i−1} dz, c = ρ_1/(1+σ²) of coordinate i.

    ValueError where the graph is no Hamming graph, c does not fit it, or c lies outside [0, 1).
    Status: exact where the lines are independent given the centre's loss, ρ_2 = ρ_1² without noise; approximation
    elsewhere (`minima.gaussian` is exact). Source: derived here.

    >>> from theory.graphs import parse_graph
    >>> round(gaussian(parse_graph("hamming:5^6"), Correlation.geometric(0.6, 6)), 2)
    64.22
    """
    if not isinstance(graph, Hamming):
        raise ValueError(f"graph: {graph} is not a Hamming graph, on which minima.lines is defined")
    c = correlation.c if isinstance(correlation, Anisotropic) else (correlation[1],) * len(graph.radices)
    if len(c) != len(graph.radices):
        raise ValueError(f"c: {len(c)} values given, {graph} has {len(graph.radices)} coordinates")
    c = [ci / (1 + noise.sd**2) for ci in c]
    if not all(0 <= ci < 1 for ci in c):
        raise ValueError(f"c: observed correlations {c} on the lines must lie in [0, 1)")
    worse = [line_worse((1 - ci) * LINE, q, ci) for q, ci in zip(graph.radices, c, strict=True)]
    return float(graph.n * MASS @ np.prod(worse, axis=0))


def bests(graph: Hamming, losses: np.ndarray) -> np.ndarray:
    """Whether a vertex is strictly the best of its line i, shape (n, d): a strict minimum is it on all.

    >>> bests(Hamming((2, 2)), np.array([0.0, 1.0, 2.0, 1.0])).astype(int)
    array([[1, 1],
           [0, 0],
           [0, 0],
           [0, 1]])
    """
    table = np.asarray(losses).reshape(graph.radices)
    two = [np.partition(table, 1, axis=axis).take([0, 1], axis=axis) for axis in range(table.ndim)]
    found = [(table == t.take([0], axis=a)) & (t.take([0], axis=a) < t.take([1], axis=a)) for a, t in enumerate(two)]
    return np.stack([b.ravel() for b in found], axis=1)


def table(graph: Hamming, losses: np.ndarray, order: int = 1) -> Prediction:
    """#LM ≈ Σ_v P(vertex v is the best of all its lines | rank of v), with the lines joined up to the given order.

    Let b_i say whether v is the best of line i, and M = Σ_i b_i. Given the rank, b has the law of maximum entropy among
    those with the rank's E[b_i] and E[C(M,j)], j = 2..order:
    P(b) ∝ exp(Σ_i θ_i b_i + Σ_j J_j C(M,j)), the θ_i and J_j polynomials in log-rank, fitted by maximum likelihood.
    Order 1 is `minima.lines`, independent lines: Σ_v Π_i L_i. Order 2 joins the planes of two lines, order 3 three
    lines, and order d is the count itself: each order trades bias for variance. The degree is that of the least Akaike
    criterion (which is the leave-one-out likelihood for large n, Stone 1977); vertices whose log-ranks agree within
    1/20 are pooled; those of the least loss are counted, not predicted. No correlation model, and no order below d sees
    the count.

    The error takes the vertices for independent, and the spread is √ΣP(1−P). On Gaussian fields both together are
    rather too large (minima repel, and prediction and count share the table), but neither knows the bias of the order.
    Order 1 has one even where lines are independent given the loss x: in one table its mean and the effects of its
    letters are fixed, and given the rank alone these tie the lines (by +31 % for ρ_h = 0.6^h on H(5^6), +384 % for
    0.9^h; order 2: 0 % and +39 %; order 3: 0 % and +22 %).

    ValueError for losses of the wrong shape, not finite or all equal, an order outside 1..d, or d > 12.
    Status: approximation. Source: derived here; maximum entropy, Jaynes 1957.

    >>> round(table(Hamming((2, 2)), np.array([0.0, 1.0, 2.0, 0.5]), order=2).minima)  # order d: the count
    2
    """
    _check(graph, losses, order)
    won, rank = bests(graph, losses), rankdata(losses)
    lowest = losses == np.min(losses)
    cell = np.rint(np.log(rank[~lowest]) / CELL)
    _, cell, count = np.unique(cell, return_inverse=True, return_counts=True)
    position = np.bincount(cell, np.log(rank[~lowest])) / count
    features = _features(won[~lowest], order)
    sums = np.stack([np.bincount(cell, column) for column in features.T], axis=1)
    states = _features(np.array(list(itertools.product([False, True], repeat=won.shape[1]))), order)
    degrees = [degree for degree in DEGREES if degree < len(count)]
    fits = [_fit(states, _polynomials(position, degree), sums, count) for degree in degrees]
    best = max(fits, key=lambda fit: fit.criterion)
    spread = math.sqrt(count @ (best.chance * (1 - best.chance)))
    return Prediction(float(won[lowest].all(axis=1).sum() + count @ best.chance), best.error, spread)


def _check(graph: Hamming, losses: np.ndarray, order: int) -> None:
    d = len(graph.radices)
    if np.shape(losses) != (graph.n,) or not np.isfinite(losses).all():
        raise ValueError(f"losses: {losses} must be {graph.n} finite numbers on {graph}")
    if np.ptp(losses) == 0:
        raise ValueError("losses: all equal; a constant landscape has no line with a best vertex")
    if d > 12:
        raise ValueError(f"graph: {graph} has {d} lines a vertex; their 2^d joint states are summed for d ≤ 12")
    if not 1 <= order <= d:
        raise ValueError(f"order: {order} must lie in 1..{d}")


def _features(won: np.ndarray, order: int) -> np.ndarray:
    """b_1..b_d and C(M,2)..C(M,order), shape (rows, d+order−1)."""
    total = won.sum(axis=1)
    return np.column_stack([won, *(comb(total, j) for j in range(2, order + 1))]).astype(float)


def _polynomials(position: np.ndarray, degree: int) -> np.ndarray:
    """Legendre polynomials over the range of the positions, shape (cells, degree+1)."""
    width = np.ptp(position)
    unit = 2 * (position - position.min()) / width - 1 if width > 0 else np.zeros_like(position)
    return np.polynomial.legendre.legvander(unit, degree)


class _Fit(NamedTuple):
    """P(the last state) in each cell, the standard error of its sum over vertices, log-likelihood less parameters."""

    chance: np.ndarray
    error: float
    criterion: float


def _fit(states: np.ndarray, basis: np.ndarray, sums: np.ndarray, count: np.ndarray) -> _Fit:
    """Maximum-likelihood log-linear model by Newton's method with step halving (the likelihood is concave).

    states (2^d, k) features of the joint states; basis (cells, p); sums (cells, k) of the observed features; count
    (cells,) vertices.
    """
    coefficients = np.zeros((basis.shape[1], states.shape[1]))

    def log_weights(coefficients: np.ndarray) -> np.ndarray:
        return basis @ coefficients @ states.T

    def objective(coefficients: np.ndarray) -> float:
        fitted = (sums * (basis @ coefficients)).sum() - count @ logsumexp(log_weights(coefficients), axis=1)
        return float(fitted - RIDGE / 2 * (coefficients**2).sum())

    value = objective(coefficients)
    while True:
        chances = softmax(log_weights(coefficients), axis=1)
        means = chances @ states
        slope = basis.T @ (sums - count[:, None] * means) - RIDGE * coefficients
        curvature = _information(states, basis, chances, means, count)
        step = np.linalg.solve(curvature, slope.ravel()).reshape(slope.shape)
        gain = float((slope * step).sum())
        if gain < 1e-10 * (1 + abs(value)):
            break
        size = 1.0
        while (new := objective(coefficients + size * step)) < value + size * gain / 4:
            size /= 2
        coefficients, value = coefficients + size * step, new
    chance = chances[:, -1]
    along = (basis.T @ ((count * chance)[:, None] * (states[-1] - means))).ravel()
    likelihood = value + RIDGE / 2 * (coefficients**2).sum()
    return _Fit(chance, math.sqrt(along @ np.linalg.solve(curvature, along)), float(likelihood - slope.size))


def _information(
    states: np.ndarray, basis: np.ndarray, chances: np.ndarray, means: np.ndarray, count: np.ndarray
) -> np.ndarray:
    """Fisher information of the coefficients with the ridge, shape (p·k, p·k)."""
    pairs = (states[:, :, None] * states[:, None, :]).reshape(len(states), -1)
    second = (chances @ pairs).reshape(len(basis), states.shape[1], -1)
    covariance = count[:, None, None] * (second - means[:, :, None] * means[:, None, :])
    size = basis.shape[1] * states.shape[1]
    blocks = np.einsum("cp,cq,ckl->pkql", basis, basis, covariance, optimize=True)
    return blocks.reshape(size, size) + RIDGE * np.eye(size)
