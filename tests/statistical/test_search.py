"""Scanning orders hashed from one key are as random as drawn ones: uniform, and independent between neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simulations import kernels
from theory.graphs import Graph, Hamming, cycle, hypercube

FALSE_ALARM = 1e-5
KEYS = [np.uint64(0), np.uint64(1), np.uint64(2**63 + 12345)]


def places(graph: Graph, key: np.uint64, v: np.ndarray, u: np.ndarray) -> np.ndarray:
    return kernels.place.py_func(key, graph.n, v, u)


def independent_and_uniform(a: np.ndarray, b: np.ndarray) -> float:
    """p-value of a chi-square test that the pairs fall evenly on 8 × 8 squares."""
    counts = np.bincount((8 * np.floor(8 * a.ravel()) + np.floor(8 * b.ravel())).astype(int), minlength=64)
    return float(stats.chisquare(counts).pvalue)


# At least 40,000 pairs a test: a correlation of 0.05 between places is caught with probability above 0.95
# (noncentrality 0.0025 · 40,000 = 100 on 63 degrees of freedom).
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("graph", [hypercube(13), Hamming((5,) * 6), cycle(50_000)], ids=str)
def test_places_in_scanning_orders(graph: Graph, key: np.uint64) -> None:
    v = np.arange(graph.n)[:, None]
    table = graph.neighbours.astype(np.int64)
    there = places(graph, key, v, table)
    back = places(graph, key, table, v)
    assert independent_and_uniform(there[:, :-1], there[:, 1:]) > FALSE_ALARM  # one vertex, two neighbours
    assert independent_and_uniform(there[:-1], there[1:]) > FALSE_ALARM  # two vertices
    upward = v < table
    assert independent_and_uniform(there[upward], back[upward]) > FALSE_ALARM  # the two ends of an edge
    other = places(graph, key + np.uint64(1), v, table)
    assert independent_and_uniform(there, other) > FALSE_ALARM  # two keys


def test_a_dependence_would_be_seen() -> None:
    a, b = np.random.default_rng(0).random((2, 40_000))
    assert independent_and_uniform(a, b) > FALSE_ALARM
    assert independent_and_uniform(a, np.where(b < 0.95, b, a)) < FALSE_ALARM
