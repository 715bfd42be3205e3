"""Whole-graph local search by the package and by plain vectorised numpy, side by side.

    python benchmarks/search.py [REPEATS]

Prints for each case the median time of both, the median of their ratios run by run, and the peak memory of both (all
that is allocated, tables of the graph included). Both sides run alternately in one process on the same landscapes, a
new one each time, with their tables of the graph at hand and what is compiled compiled.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np

from simulations import landscapes, search
from theory.graphs import Hamming, hypercube

GRAPH = Hamming((5,) * 6)
RUNS = 10_000
Arrays = tuple[np.ndarray, ...]
Side = Callable[[Hamming, np.ndarray], Arrays]


def whole(graph: Hamming, losses: np.ndarray) -> Arrays:
    """Next vertex, steps, terminal vertex and basin sizes of steepest descent from every vertex."""
    descent = search.descend(graph, losses)
    return descent.next, descent.steps, descent.terminal, descent.basin_sizes()


def plain_whole(graph: Hamming, losses: np.ndarray) -> Arrays:
    """The same by gathering the neighbours, argmin and pointer doubling (ties to the first column)."""
    vertices, table = np.arange(graph.n), graph.neighbours
    around = losses[table]
    best = around.argmin(axis=1)
    step = np.where(around[vertices, best] < losses, table[vertices, best], vertices)
    steps, terminal = (step != vertices).astype(int), step
    while (terminal != (further := terminal[terminal])).any():
        steps, terminal = steps + steps[terminal], further
    return step, steps, terminal, np.bincount(terminal, minlength=graph.n)


def runs(graph: Hamming, losses: np.ndarray) -> Arrays:
    """Steps, distinct evaluations and final losses of steepest descent from `RUNS` starts."""
    descent, starts = search.descend(graph, losses), np.arange(RUNS) % graph.n
    return descent.steps[starts], descent.evaluations(starts), losses[descent.terminal[starts]]


def plain_runs(graph: Hamming, losses: np.ndarray) -> Arrays:
    """The same, all runs a step at a time; the vertices seen are sorted to count the distinct ones."""
    vertex = np.arange(RUNS) % graph.n
    steps, seen, moving = np.zeros(RUNS, dtype=int), [vertex[:, None]], True
    while moving:
        around = graph.neighbours[vertex]
        seen.append(around)
        best = around[np.arange(RUNS), losses[around].argmin(axis=1)]
        better = losses[best] < losses[vertex]
        vertex, steps, moving = np.where(better, best, vertex), steps + better, better.any()
    ordered = np.sort(np.concatenate(seen, axis=1), axis=1)
    return steps, 1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1), losses[vertex]


def minima(graph: Hamming, losses: np.ndarray) -> Arrays:
    """Which vertices are strict local minima."""
    return (search.strict_minima(graph, losses),)


def plain_minima(graph: Hamming, losses: np.ndarray) -> Arrays:
    """The same by gathering the neighbours."""
    return (np.all(losses[graph.neighbours] > losses[:, None], axis=1),)


PAIRS: dict[str, tuple[Side, Side]] = {
    "every start": (whole, plain_whole),
    f"{RUNS:,} runs": (runs, plain_runs),
    "strict minima": (minima, plain_minima),
}


class Timing(NamedTuple):
    """Median seconds of the package and of the plain version, and the median of their ratios run by run."""

    package: float
    plain: float
    ratio: float


def several(graph: Hamming, number: int) -> Iterator[np.ndarray]:
    """The landscapes of the comparison: NK with K = 4, random neighbourhoods."""
    rng = np.random.default_rng(0)
    return (landscapes.nk(graph, 4, "random", rng) for _ in range(number))


def seconds(side: Side, graph: Hamming, losses: np.ndarray) -> float:
    """Wall-clock time of one call."""
    start = perf_counter()
    side(graph, losses)
    return perf_counter() - start


def measure(pair: tuple[Side, Side], graph: Hamming, repeats: int) -> Timing:
    """Time both alternately on `repeats` landscapes, after one unmeasured call of each."""
    times = np.array([[seconds(side, graph, losses) for side in pair] for losses in several(graph, repeats + 1)])
    package, plain = times[1:].T
    return Timing(median(package), median(plain), median(package / plain))


def peak(side: Side, graph: Hamming) -> int:
    """Most bytes allocated at any time within one call, building the tables of the graph included."""
    (losses,), bare = several(graph, 1), Hamming(graph.radices)
    tracemalloc.start()
    side(bare, losses)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def compared(name: str, graph: Hamming, repeats: int) -> str:
    """Both sides of a pair: milliseconds, ratio and megabytes."""
    package, plain, ratio = measure(PAIRS[name], graph, repeats)
    memory = [peak(side, graph) / 1e6 for side in PAIRS[name]]
    times = f"{1e3 * package:10.2f} {1e3 * plain:9.2f} {ratio:6.3f}"
    return f"{name:14} {graph!s:13} {times} {memory[0]:10.1f} {memory[1]:9.1f}"


def alone(graph: Hamming) -> str:
    """Every start of a graph whose neighbour table is too large for the plain side."""
    (losses,) = several(graph, 1)
    took, memory = seconds(whole, graph, losses), peak(whole, graph) / 1e6
    return f"{'every start':14} {graph!s:13} {1e3 * took:10.2f} {'':9} {'':6} {memory:10.1f}"


def main(repeats: int = 100, dimensions: Iterable[int] = range(10, 25, 2)) -> None:
    """Print all pairs on H(5⁶), then how the time of every start grows with a hypercube."""
    print("what           graph         package/ms  plain/ms  ratio package/MB  plain/MB")
    for name in PAIRS:
        print(compared(name, GRAPH, repeats))
    for graph in map(hypercube, dimensions):
        few = min(repeats, max(3, 2**22 // graph.n))
        print(compared("every start", graph, few) if graph.n <= 2**20 else alone(graph))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
