"""Steepest descent from every start of H(5^6): the package against a plain vectorised numpy version, side by side.

    python benchmarks/search.py [REPEATS]

Both give the next vertex, the steps and the terminal vertex of all 15,625 starts of an iid landscape. The plain version
is handed its neighbour table; both run alternately in one process, on a new landscape each time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np

from simulations import search
from theory.graphs import Graph, Hamming

GRAPH = Hamming((5,) * 6)
Answer = tuple[np.ndarray, np.ndarray, np.ndarray]


class Timing(NamedTuple):
    """Median seconds of the package and of the plain version, and the median of their ratios run by run."""

    package: float
    plain: float
    ratio: float


def package(graph: Graph, losses: np.ndarray) -> Answer:
    """Next vertex, steps and terminal vertex by the package."""
    descent = search.descend(graph, losses)
    return descent.next, descent.steps, descent.terminal


def plain(graph: Graph, losses: np.ndarray) -> Answer:
    """The same by gathering the neighbours, argmin and pointer doubling (ties to the first column)."""
    vertices, table = np.arange(graph.n), graph.neighbours
    around = losses[table]
    best = around.argmin(axis=1)
    step = np.where(around[vertices, best] < losses, table[vertices, best], vertices)
    steps, terminal = (step != vertices).astype(int), step
    while (terminal != (further := terminal[terminal])).any():
        steps, terminal = steps + steps[terminal], further
    return step, steps, terminal


def seconds(search_all: Callable[[Graph, np.ndarray], Answer], losses: np.ndarray) -> float:
    """Wall-clock time of one call."""
    start = perf_counter()
    search_all(GRAPH, losses)
    return perf_counter() - start


def measure(repeats: int) -> Timing:
    """Time both alternately on `repeats` landscapes, after one unmeasured call of each."""
    rng = np.random.default_rng(0)
    landscapes = rng.standard_normal((repeats + 1, GRAPH.n))
    times = np.array([(seconds(package, losses), seconds(plain, losses)) for losses in landscapes])[1:]
    return Timing(median(times[:, 0]), median(times[:, 1]), median(times[:, 0] / times[:, 1]))


if __name__ == "__main__":
    timing = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    print(f"all {GRAPH.n:,} starts of {GRAPH}: next vertex, steps, terminal vertex (medians)")
    print(f"package {1e3 * timing.package:6.2f} ms\nplain   {1e3 * timing.plain:6.2f} ms\nratio   {timing.ratio:6.2f}")
