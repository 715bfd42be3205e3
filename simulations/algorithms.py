"""Search with a budget of noisy evaluations: what is observed and what is true; and local search.

Losses are minimised. An algorithm is a plain function `(graph, observe, rng)` that calls `observe(vertex)` for the
observed loss of a vertex until the budget is spent; `run` keeps every evaluation in order. The landscape, its noise
and the choices of an algorithm each have their own generator. `baselines` holds what local search is compared with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from theory.graphs import Graph

from . import estimate
from .search import RULES


@dataclass(frozen=True, eq=False)
class GaussianNoise:
    """Observed loss ℓ(v) + σ(v)/√k · ε, the mean of k trainings with independent standard normal ε.

    true     true losses ℓ, shape (n,)
    sigma    σ ≥ 0 in units of loss: one number, or (heteroscedastic) one a vertex, shape (n,)
    average  k ≥ 1
    ValueError for a σ that is negative, not finite or of another shape, and for k < 1.

    >>> GaussianNoise(np.array([3.0, 1.0])).draw(np.array([1, 0]), np.random.default_rng(0))
    array([1., 3.])
    """

    true: np.ndarray
    sigma: float | np.ndarray = 0.0
    average: int = 1

    def __post_init__(self) -> None:
        sigma = np.asarray(self.sigma, dtype=float)
        if sigma.shape not in ((), np.shape(self.true)) or not (np.isfinite(sigma) & (sigma >= 0)).all():
            raise ValueError(f"sigma: {self.sigma} must be finite and at least 0, one number or one a vertex")
        check_count("average", self.average)

    def draw(self, vertices: int | np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Observed losses of vertices, an independent draw each, of the shape of `vertices`."""
        sigma = np.broadcast_to(self.sigma, self.true.shape)[vertices]
        return self.true[vertices] + sigma / math.sqrt(self.average) * rng.standard_normal(np.shape(vertices))


@dataclass(frozen=True, eq=False)
class Resampled:
    """Observed loss: the mean of k draws, with replacement, from the seeds that a table has recorded of a vertex.

    seeds    recorded losses, shape (n, seeds), NaN where one is missing; their mean counts as the true loss
    average  k ≥ 1
    ValueError for another shape, a vertex without a seed, and for k < 1.

    >>> Resampled(np.array([[1.0, 3.0], [2.0, np.nan]])).true
    array([2., 2.])
    """

    seeds: np.ndarray
    average: int = 1

    def __post_init__(self) -> None:
        if np.ndim(self.seeds) != 2 or np.isnan(self.seeds).all(axis=1).any():
            raise ValueError(f"seeds: shape {np.shape(self.seeds)} must be (n, seeds), and every vertex have a seed")
        check_count("average", self.average)

    @cached_property
    def true(self) -> np.ndarray:
        """Mean over the recorded seeds, shape (n,)."""
        return np.nanmean(self.seeds, axis=1)

    @cached_property
    def _recorded(self) -> tuple[np.ndarray, np.ndarray]:
        """The number of recorded seeds of each vertex, and the table with these first in each row."""
        return np.count_nonzero(~np.isnan(self.seeds), axis=1), np.sort(self.seeds, axis=1)

    def draw(self, vertices: int | np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Observed losses of vertices, an independent draw each, of the shape of `vertices`."""
        counts, losses = self._recorded
        chosen = rng.integers(counts[vertices], size=(self.average, *np.shape(vertices)))
        return losses[vertices, chosen].mean(axis=0)


Noisy = GaussianNoise | Resampled
"""A landscape with its noise: `true`, `average` and `draw`."""


class BudgetSpentError(Exception):
    """The budget of evaluations is spent."""


class Evaluations:
    """The evaluations of one run: called with a vertex, it answers with its observed loss and keeps the record.

    noisy   the landscape with its noise; rng  the generator of the noise
    budget  number of evaluations ≥ 1, after which a call raises `BudgetSpentError`
    fresh   frozen noise (False) is drawn once a vertex, for all vertices before the first call, so that algorithms
            can be compared on the same draw: a repeat answers the same, is free and not kept, and the budget is at
            most n. Fresh noise (True) is drawn anew at each evaluation, and every one counts.
    known   the last observed loss of each vertex evaluated so far, in the order of their first evaluation
    ValueError for losses that are not n finite numbers and a budget below 1.
    """

    def __init__(self, graph: Graph, noisy: Noisy, budget: int, rng: np.random.Generator, fresh: bool = False) -> None:
        graph.checked(noisy.true)
        check_count("budget", budget)
        self.noisy, self.fresh, self.rng = noisy, fresh, rng
        self.budget = budget if fresh else min(budget, graph.n)
        self.frozen = None if fresh else noisy.draw(np.arange(graph.n), rng)
        self.vertices: list[int] = []
        self.observed: list[float] = []
        self.known: dict[int, float] = {}

    def __call__(self, vertex: int) -> float:
        if len(self.vertices) == self.budget:
            raise BudgetSpentError
        if self.frozen is not None and vertex in self.known:
            return self.known[vertex]
        loss = float(self.noisy.draw(vertex, self.rng) if self.frozen is None else self.frozen[vertex])
        self.vertices.append(vertex)
        self.observed.append(loss)
        self.known[vertex] = loss
        return loss

    def recall(self, vertex: int) -> float:
        """The last observed loss of a vertex; it is evaluated where there is none."""
        return self.known[vertex] if vertex in self.known else self(vertex)


@dataclass(frozen=True, eq=False)
class Run:
    """What one run of an algorithm evaluated, in order.

    vertex, observed, true  shape (evaluations,)
    average                 trainings that one evaluation costs
    optimum                 the least true loss of the landscape
    """

    vertex: np.ndarray
    observed: np.ndarray
    true: np.ndarray
    average: int
    optimum: float

    @property
    def trainings(self) -> np.ndarray:
        """Trainings spent up to each evaluation, shape (evaluations,)."""
        return self.average * np.arange(1, len(self.vertex) + 1)

    @property
    def incumbent(self) -> np.ndarray:
        """The evaluation (0, 1, …) with the best observed loss so far, the first of equals; shape (evaluations,).

        Under fresh noise a single observation counts, the luckiest: what the algorithm would return unasked.
        """
        best = np.minimum.accumulate(self.observed)
        improves = np.append(True, self.observed[1:] < best[:-1])
        return np.maximum.accumulate(np.where(improves, np.arange(len(best)), 0))

    @property
    def best(self) -> np.ndarray:
        """True loss of the incumbent after each evaluation, shape (evaluations,). Under noise it may rise."""
        return self.true[self.incumbent]

    @property
    def regret(self) -> np.ndarray:
        """True loss of the incumbent above the optimum, after each evaluation, shape (evaluations,)."""
        return self.best - self.optimum


Algorithm = Callable[[Graph, Evaluations, np.random.Generator], None]


def run(
    algorithm: Algorithm,
    graph: Graph,
    noisy: Noisy,
    budget: int,
    noise: np.random.Generator,
    rng: np.random.Generator,
    fresh: bool = False,
) -> Run:
    """One run of an algorithm, until the budget is spent or it has nothing left to evaluate.

    noise  generator of the noise; rng  generator of the algorithm's choices; the rest as in `Evaluations`, and its
    ValueErrors.

    >>> from theory.graphs import cycle
    >>> ring = GaussianNoise(np.array([2.0, 1.0, 0.0, 3.0, 4.0]))
    >>> run(local_search, cycle(5), ring, 5, np.random.default_rng(1), np.random.default_rng(2)).best[-1]
    np.float64(0.0)
    """
    observe = Evaluations(graph, noisy, budget, noise, fresh)
    with suppress(BudgetSpentError):
        algorithm(graph, observe, rng)
    vertex = np.array(observe.vertices)
    return Run(vertex, np.array(observe.observed), noisy.true[vertex], noisy.average, float(noisy.true.min()))


def curve(runs: Iterable[Run], budget: int, confidence: float = 0.99) -> np.ndarray:
    """Mean over runs of the true loss of the incumbent after 1..budget evaluations, with its confidence interval.

    Columns low, best, high of `estimate.mean`; shape (budget, 3). A run that has ended keeps its last incumbent.
    ValueError for fewer than two runs.
    """
    reach = np.arange(budget)
    best = np.array([r.best[np.minimum(reach, len(r.best) - 1)] for r in runs])
    return np.array([estimate.mean(column, confidence) for column in best.T])


def neighbourhood(graph: Graph, vertex: int) -> list[int]:
    """The neighbours of a vertex."""
    return [u for u in graph.neighbours[vertex].tolist() if u != vertex]


def strangers(graph: Graph, observe: Evaluations, rng: np.random.Generator) -> Iterator[int]:
    """Uniformly random vertices, each not evaluated at the time it is asked for, until all are."""
    return (v for v in rng.permutation(graph.n).tolist() if v not in observe.known)


def local_search(
    graph: Graph,
    observe: Evaluations,
    rng: np.random.Generator,
    rule: str = "steepest",
    samples: int = 1,
    stop_at_minimum: bool = True,
) -> None:
    """Local search from the observed best of some random vertices; at a local minimum it goes on elsewhere.

    rule             of each step, as in `descend`
    samples          number of distinct random vertices, not evaluated before, of which the best is the start
    stop_at_minimum  True: start anew; False: go on from the best vertex not expanded yet, and start anew where there
                     is none
    It remembers what it observed and evaluates nothing twice, so that fresh noise is frozen noise to it, in law.
    ValueError for an unknown rule and samples below 1.
    Source: White, Nolen and Savani 2021; their `query_full_nbhd` is steepest (True) or first (False).
    """
    if rule not in RULES:
        raise ValueError(f"rule: {rule!r} is unknown; allowed: {', '.join(RULES)}")
    check_count("samples", samples)
    unseen, expanded = strangers(graph, observe, rng), set[int]()
    while starts := list(islice(unseen, samples)):
        vertex: int | None = min(starts, key=observe)
        while vertex is not None:
            descend(graph, observe, rng, vertex, rule, expanded)
            ready = [] if stop_at_minimum else [v for v in observe.known if v not in expanded]
            vertex = min(ready, key=observe.known.__getitem__, default=None)


def descend(
    graph: Graph, observe: Evaluations, rng: np.random.Generator, start: int, rule: str, expanded: set[int]
) -> int:
    """One descent with a memory: the vertex at which it ends.

    Neighbours are looked at in random order, so that a budget that ends half way favours none of them.
    rule      steepest: all neighbours, then to the best; reluctant: all, then to the worst better one; first: to the
              first better one, the rest being left. Ties go to the lowest index
    expanded  vertices whose neighbours were looked at, to which the descent adds its own: it enters none of them
              again. On a first descent that excludes nothing, since losses fall
    """
    here, sign = start, -1 if rule == "reluctant" else 1
    while True:
        expanded.add(here)
        better = []
        for u in rng.permutation(neighbourhood(graph, here)).tolist():
            if observe.recall(u) < observe.recall(here) and u not in expanded:
                better.append((sign * observe.recall(u), u))
                if rule == "first":
                    break
        if not better:
            return here
        here = min(better)[1]


def memoryless_search(graph: Graph, observe: Evaluations, rng: np.random.Generator) -> None:
    """Local search without memory under fresh noise: the closed neighbourhood anew, then to its observed best.

    The walk of `chain.hitting`; it never stops. ValueError under frozen noise, where the first minimum ends it.
    """
    if not observe.fresh:
        raise ValueError("fresh: memoryless search needs fresh noise")
    vertex = int(rng.integers(graph.n))
    while True:
        vertex = min(rng.permutation([vertex, *neighbourhood(graph, vertex)]).tolist(), key=observe)


def check_count(name: str, value: int) -> None:
    """ValueError unless the value, called by its name, is a whole number of at least 1."""
    if value < 1 or value != int(value):
        raise ValueError(f"{name}: {value} must be a whole number of at least 1")
