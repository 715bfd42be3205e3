"""Local search as a functional graph: for every start at once, where it goes, how long, and what it costs.

Losses are minimised. Steepest descent breaks ties towards the lowest index, and moves only to a strictly better vertex.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theory.graphs import Graph, Hamming


@dataclass(frozen=True, eq=False)
class Descent:
    """Local search from every vertex of a landscape.

    next      the vertex one step on, a local minimum itself; shape (n,)
    scanned   for the first-improvement rule, which neighbours each vertex looks at, shape of the neighbour table;
              None where it looks at all
    """

    graph: Graph
    next: np.ndarray
    scanned: np.ndarray | None = None

    @cached_property
    def _doubled(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps and terminal vertices by pointer doubling."""
        to, steps = (
            self.next,
            (self.next != np.arange(len(self.next), dtype=self.next.dtype)).astype(np.int32),
        )
        while True:
            further = to[to]
            if np.array_equal(further, to):
                return steps, to
            steps, to = steps + steps[to], further

    @property
    def steps(self) -> np.ndarray:
        """Steps from each vertex to its local minimum, shape (n,)."""
        return self._doubled[0]

    @property
    def terminal(self) -> np.ndarray:
        """The local minimum in which the search from each vertex ends, shape (n,)."""
        return self._doubled[1]

    def basin_sizes(self) -> np.ndarray:
        """Number of starts that end in each vertex, shape (n,)."""
        return np.bincount(self.terminal, minlength=len(self.next))

    def evaluations(self, starts: np.ndarray | None = None) -> np.ndarray:
        """Distinct vertices evaluated from each start (all vertices by default) to its end, the start included."""
        starts = np.arange(len(self.next)) if starts is None else np.asarray(starts)
        table = self.graph.neighbours
        if not len(starts):
            return np.empty(0, dtype=np.int64)
        longest = int(self.steps[starts].max()) + 1
        chunk = max(1, 4_000_000 // (longest * (table.shape[1] + 1)))
        return np.concatenate([self._distinct(starts[i : i + chunk]) for i in range(0, len(starts), chunk)])

    def _distinct(self, starts: np.ndarray) -> np.ndarray:
        table, vertex, seen = self.graph.neighbours, starts, []
        for _ in range(int(self.steps[starts].max(initial=0)) + 1):
            looked = table[vertex]
            if self.scanned is not None:
                looked = np.where(self.scanned[vertex], looked, vertex[:, None])
            seen += [vertex[:, None], looked]
            vertex = self.next[vertex]
        ordered = np.sort(np.concatenate(seen, axis=1), axis=1)
        return 1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)


def descend(
    graph: Graph, losses: np.ndarray, rule: str = "steepest", rng: np.random.Generator | None = None
) -> Descent:
    """Local search of a rule from every vertex.

    rule  steepest: to the best neighbour; reluctant: to the worst of the better ones; first: to the first better
          one in a random scanning order of each vertex, which needs `rng` (a strictly descending walk never comes
          back, so that one order a vertex is as good as a new one a visit)
    ValueError for an unknown rule, losses of the wrong shape or not finite.
    """
    losses = graph.checked(losses)
    match rule:
        case "steepest" if isinstance(graph, Hamming):
            return Descent(graph, _steepest_by_lines(graph, losses))
        case "steepest":
            return Descent(graph, _steepest(graph, losses))
        case "reluctant":
            return Descent(graph, _reluctant(graph, losses))
        case "first" if rng is not None:
            return _first(graph, losses, rng)
        case "first":
            raise ValueError("rng: the first-improvement rule needs a random generator")
    raise ValueError(f"rule: {rule!r} is unknown; allowed: steepest, first, reluctant")


def strict_minima(graph: Graph, losses: np.ndarray) -> np.ndarray:
    """Whether every neighbour of a vertex is strictly worse, shape (n,)."""
    losses = graph.checked(losses)
    if not isinstance(graph, Hamming):
        table = graph.neighbours
        worse = losses[table] > losses[:, None]
        return (worse | (table == np.arange(graph.n)[:, None])).all(axis=1)
    minimal = np.ones(graph.n, dtype=bool)
    for lines, flags in zip(_lines(graph, losses), _lines(graph, minimal), strict=True):
        lowest = lines == lines.min(axis=1, keepdims=True)
        flags &= lowest & (lowest.sum(axis=1, keepdims=True) == 1)
    return minimal


def _lines(graph: Hamming, values: np.ndarray) -> list[np.ndarray]:
    """Views of the values as lines, for each coordinate, shape (before, q, after)."""
    views, before = [], 1
    for q in graph.radices:
        views.append(values.reshape(before, q, -1))
        before *= q
    return views


def _steepest_by_lines(graph: Hamming, losses: np.ndarray) -> np.ndarray:
    """Best of the closed neighbourhood as the best over the lines through a vertex; no neighbour table is needed.

    Vertices are renamed by rank (ties by index), so that the best of a line is a minimum of integers.
    """
    by_rank = np.argsort(losses)  # vectorised in numpy, unlike the stable sort, which only ties need
    ordered = losses[by_rank]
    if (ordered[1:] == ordered[:-1]).any():
        by_rank = np.argsort(losses, kind="stable")
    by_rank = by_rank.astype(np.int32)
    rank = np.empty_like(by_rank)
    rank[by_rank] = np.arange(graph.n, dtype=np.int32)
    best = rank.copy()
    for lines, target in zip(_lines(graph, rank), _lines(graph, best), strict=True):
        np.minimum(target, lines.min(axis=1, keepdims=True), out=target)
    to = by_rank[best]
    return np.where(losses[to] < losses, to, np.arange(graph.n, dtype=np.int32))


def _steepest(graph: Graph, losses: np.ndarray) -> np.ndarray:
    """As a plain table lookup: the best neighbour, the first of equals in the sorted row, if strictly better."""
    table = graph.neighbours
    around = losses[table]
    best = around.min(axis=1)
    to = np.where(around == best[:, None], table, graph.n).min(axis=1)
    return np.where(best < losses, to, np.arange(graph.n)).astype(np.int32)


def _reluctant(graph: Graph, losses: np.ndarray) -> np.ndarray:
    table = graph.neighbours
    around = losses[table]
    around = np.where(around < losses[:, None], around, -np.inf)
    least = around.max(axis=1)
    to = np.where(around == least[:, None], table, graph.n).min(axis=1)
    return np.where(np.isfinite(least), to, np.arange(graph.n)).astype(np.int32)


def _first(graph: Graph, losses: np.ndarray, rng: np.random.Generator) -> Descent:
    table = graph.neighbours
    order = rng.random(table.shape)
    better = losses[table] < losses[:, None]
    until = np.where(better, order, np.inf).min(axis=1)
    to = table[np.arange(graph.n), np.where(better, order, np.inf).argmin(axis=1)]
    to = np.where(np.isfinite(until), to, np.arange(graph.n, dtype=np.int32))
    return Descent(graph, to, scanned=order <= until[:, None])


def fresh_noise_steps(graph: Graph, losses: np.ndarray, sigma: float, rng: np.random.Generator) -> int:
    """Steps of one walk to the global minimum from a random start, its closed neighbourhood evaluated anew each step.

    The observed losses have fresh noise N(0, σ²), σ in units of loss; the walk moves to the observed best.
    """
    vertex, best, steps = rng.integers(graph.n), losses.min(), 0
    while losses[vertex] > best:
        closed = np.append(graph.neighbours[vertex], vertex)
        vertex = closed[np.argmin(losses[closed] + sigma * rng.standard_normal(len(closed)))]
        steps += 1
    return steps


def evaluations_to_optimum(graph: Graph, losses: np.ndarray, rng: np.random.Generator) -> int:
    """Evaluations until the global minimum is seen, by local search with a memory: nothing is evaluated twice.

    It looks around the best vertex whose neighbours are not all known, and starts anew at random where there is none.
    """
    known, expanded, count = np.zeros(graph.n, dtype=bool), np.zeros(graph.n, dtype=bool), 0
    while True:
        ready = np.flatnonzero(known & ~expanded)
        if len(ready):
            best = ready[losses[ready].argmin()]
            expanded[best] = True
            look = rng.permutation(np.unique(graph.neighbours[best]))
        else:
            look = rng.permutation(np.flatnonzero(~known))[:1]
        for vertex in look[~known[look]]:
            known[vertex] = True
            count += 1
            if losses[vertex] == losses.min():
                return count
