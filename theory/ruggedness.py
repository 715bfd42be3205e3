"""Ruggedness of a given landscape on a Hamming graph: correlation by distance."""

from __future__ import annotations

from functools import reduce

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from .correlations import Correlation
from .graphs import Hamming


def normal_scores(losses: np.ndarray) -> np.ndarray:
    """Φ⁻¹((rank − 1/2)/n), ties at their mean rank: local search does not see the difference; shape kept.

    >>> normal_scores(np.array([3.0, 1.0, 2.0])).round(3)
    array([ 0.967, -0.967,  0.   ])
    """
    ranks = rankdata(losses, axis=None).reshape(np.shape(losses))
    return ndtri((ranks - 0.5) / ranks.size)


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
