"""Local search as a functional graph: for every start at once, where it goes, how long, and what it costs.

Losses are minimised. Steepest descent breaks ties towards the lowest index, and moves only to a strictly better vertex.

The loops are compiled, in `kernels`, which is imported where it is first used: numba takes half a second to import, and
whoever only asks for a theorem should not wait for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theory.graphs import Graph

RULES = ("steepest", "first", "reluctant")


@dataclass(frozen=True, eq=False)
class Descent:
    """Local search from every vertex of a landscape.

    next   the vertex one step on, a local minimum itself; shape (n,), int32
    key    for the first-improvement rule, the key of its scanning orders; None where a vertex looks at all neighbours
    """

    graph: Graph
    next: np.ndarray
    key: np.uint64 | None = None

    @cached_property
    def _followed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        from . import kernels

        n = len(self.next)
        steps, terminal = np.empty((2, n), dtype=np.int32)
        basins = np.zeros(n, dtype=np.int64)
        kernels.follow(self.next, steps, terminal, basins)
        return steps, terminal, basins

    @property
    def steps(self) -> np.ndarray:
        """Steps from each vertex to its local minimum, shape (n,)."""
        return self._followed[0]

    @property
    def terminal(self) -> np.ndarray:
        """The local minimum in which the search from each vertex ends, shape (n,)."""
        return self._followed[1]

    def basin_sizes(self) -> np.ndarray:
        """Number of starts that end in each vertex, shape (n,)."""
        return self._followed[2]

    @property
    def scanned(self) -> np.ndarray | None:
        """For the first-improvement rule, which neighbours each vertex looks at, shape of the neighbour table."""
        from . import kernels

        if self.key is None:
            return None
        n, vertices = self.graph.n, np.arange(self.graph.n)
        place = kernels.place.py_func
        until = np.where(self.next == vertices, 1.0, place(self.key, n, vertices, self.next))
        return place(self.key, n, vertices[:, None], self.graph.neighbours) <= until[:, None]

    def evaluations(self, starts: np.ndarray | None = None) -> np.ndarray:
        """Distinct vertices evaluated from each start (all vertices by default) to its end, the start included.

        ValueError for starts outside 0..n−1.
        """
        from . import kernels

        n = self.graph.n
        starts = np.arange(n) if starts is None else np.asarray(starts, dtype=np.int64)
        if len(starts) and not 0 <= starts.min() <= starts.max() < n:
            raise ValueError(f"starts: {starts.min()}..{starts.max()} must lie in 0..n−1 = 0..{n - 1}")
        random, key = self.key is not None, self.key or np.uint64(0)
        seen, counts = np.zeros(n, dtype=np.int32), np.zeros(len(starts), dtype=np.int64)
        kernels.evaluations(*self.graph.factors, self.next, random, key, starts, seen, counts)
        return counts


def descend(
    graph: Graph, losses: np.ndarray, rule: str = "steepest", rng: np.random.Generator | None = None
) -> Descent:
    """Local search of a rule from every vertex.

    rule  steepest: to the best neighbour; reluctant: to the worst of the better ones; first: to the first better
          one in a random scanning order of each vertex, which needs `rng` (a strictly descending walk never comes
          back, so that one order a vertex is as good as a new one a visit); of `rng` one key is drawn, from which
          all orders are hashed, so that none need be stored
    ValueError for an unknown rule, losses of the wrong shape or not finite.
    """
    from . import kernels

    losses = _ordered(graph, losses)
    to = np.empty(graph.n, dtype=np.int32)
    match rule:
        case "steepest":
            kernels.steepest(*graph.factors, losses, to)
            return Descent(graph, to)
        case "reluctant":
            kernels.improving(*graph.factors, losses, False, np.uint64(0), to)
            return Descent(graph, to)
        case "first" if rng is not None:
            key = rng.integers(2**64, dtype=np.uint64)
            kernels.improving(*graph.factors, losses, True, key, to)
            return Descent(graph, to, key)
        case "first":
            raise ValueError("rng: the first-improvement rule needs a random generator")
    raise ValueError(f"rule: {rule!r} is unknown; allowed: {', '.join(RULES)}")


def strict_minima(graph: Graph, losses: np.ndarray) -> np.ndarray:
    """Whether every neighbour of a vertex is strictly worse, shape (n,)."""
    from . import kernels

    losses, minimal = _ordered(graph, losses), np.empty(graph.n, dtype=bool)
    kernels.strict_minima(*graph.factors, losses, minimal)
    return minimal


def _ordered(graph: Graph, losses: np.ndarray) -> np.ndarray:
    """The losses as float64 in the same order: what may not fit, long integers and floats, by its ranks."""
    losses = graph.checked(losses)
    if losses.dtype.itemsize >= 8 and losses.dtype != np.float64:
        losses = np.unique(losses, return_inverse=True)[1]
    return np.ascontiguousarray(losses, dtype=np.float64)


def fresh_noise_steps(graph: Graph, losses: np.ndarray, sigma: float, rng: np.random.Generator) -> int:
    """Steps of one walk to the global minimum from a random start, its closed neighbourhood evaluated anew each step.

    The observed losses have fresh noise N(0, σ²), σ in units of loss; the walk moves to the observed best.
    """
    from . import kernels

    losses = np.ascontiguousarray(graph.checked(losses), dtype=np.float64)
    vertex, steps, part, further = int(rng.integers(graph.n)), 0, 1_000_000, 1_000_000
    while further == part:  # in parts, between which an interrupt is heard
        vertex, further = kernels.fresh_noise_walk(*graph.factors, losses, float(sigma), rng, vertex, part)
        steps += further
    return steps


def best_vertices(losses: np.ndarray, share: float) -> np.ndarray:
    """The best ⌈share·n⌉ vertices, those of equal losses by index."""
    count = math.ceil(share * len(losses) * (1 - 1e-12))  # 0.07·100 is above 7 in floating point
    return np.argsort(losses, kind="stable")[:count]
