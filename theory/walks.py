"""Walks of local search: steps and evaluations until a local minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .graphs import Graph, Hamming, RandomRegular, Torus
from .laws import Kernel, Law, Uniform, UniformKernel
from .quadrature import Panels, refine

RULES = ("steepest", "first", "reluctant")


class Walk(NamedTuple):
    """Expected steps to a local minimum and distinct evaluations (the start included), with the status of both."""

    steps: float
    evaluations: float
    status: str


@dataclass(frozen=True, eq=False)
class Memory:
    """What a walk knows of its next neighbourhood: how many neighbours are fresh, by state.

    fresh   fresh neighbours in each state, shape (M,); the walk starts in state 0
    follow  probability of each next state, rows sum to 1 (or 0 where no fresh neighbour is left), shape (M, M)
    status  exact, asymptotic or approximation
    """

    fresh: np.ndarray
    follow: np.ndarray
    status: str

    @classmethod
    def sequence(cls, fresh: tuple[int, ...], status: str) -> Memory:
        """A fixed sequence; the last entry repeats for ever."""
        follow = np.eye(len(fresh), k=1)
        follow[-1, -1] = 1
        return cls(np.array(fresh), follow, status)


def fresh_neighbours(graph: Graph, rule: str) -> Memory:
    """Numbers of fresh neighbours along a walk of the given rule.

    Locally a tree: s, then s−1. Steepest descent on H(q^d): s, then s−(q−1), then s−(q−1)−1: the line just used and
    one corner of the last square are known to be worse; with mixed radices the state is the pair of the last two
    coordinates, the next one drawn in proportion to its fresh letters. On the complete graph everything is known after
    one step.
    Rare returns to a coordinate are neglected (approximation).

    ValueError for an unknown rule or a graph that is not regular.
    """
    if rule not in RULES:
        raise ValueError(f"rule: {rule!r} is unknown; allowed: {', '.join(RULES)}")
    s = graph.degree
    if isinstance(graph, RandomRegular) or (isinstance(graph, Torus) and len(graph.lengths) == 1):
        return Memory.sequence((s, max(s - 1, 0)), "asymptotic")
    if isinstance(graph, Hamming) and rule == "steepest":
        if len(graph.radices) == 1:
            return Memory.sequence((s, 0), "exact")
        if graph.is_uniform:
            line = graph.radices[0] - 1
            return Memory.sequence((s, s - line, s - line - 1), "approximation")
        return _mixed_radices(graph)
    return Memory.sequence((s, max(s - 1, 0)), "approximation")


def _mixed_radices(graph: Hamming) -> Memory:
    letters = np.array(graph.radices) - 1
    d = len(letters)
    states: list[tuple[int, ...]] = [
        (),
        *((i,) for i in range(d)),
        *((i, j) for i in range(d) for j in range(d) if i != j),
    ]
    index = {state: k for k, state in enumerate(states)}
    fresh, follow = np.zeros(len(states), dtype=int), np.zeros((len(states), len(states)))
    for state, k in index.items():
        free = letters.copy()  # fresh letters by coordinate: none on the last line, one less on the line before it
        free[list(state[:1])] = 0
        free[list(state[1:])] -= 1
        fresh[k] = free.sum()
        for i in np.flatnonzero(free):
            follow[k, index[(int(i), *state[:1])]] = free[i] / free.sum()
    return Memory(fresh, follow, "approximation")


def _step_density(kernel: Kernel, rule: str, r: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Density of the next loss y < x given r fresh neighbours, as a function of (x, y)."""
    if rule == "steepest":
        return lambda x, y: r * kernel.pdf(x, y) * kernel.sf(x, y) ** (r - 1)
    if rule == "first":
        return lambda x, y: kernel.pdf(x, y) * _scanned(kernel, x, r)
    return lambda x, y: r * kernel.pdf(x, y) * np.maximum(1 - kernel.sf(x, y) + kernel.sf(x, x), 0.0) ** (r - 1)


def _scanned(kernel: Kernel, x: np.ndarray, r: int) -> np.ndarray:
    """(1−S^r)/(1−S) with S = S(x,x): expected fresh neighbours scanned until the first that is better, or all r."""
    worse = np.asarray(kernel.sf(x, x))
    better = 1 - worse
    small = better < 1e-12
    return np.where(small, r, (1 - worse**r) / np.where(small, 1.0, better))


def branching(law: Law, kernel: Kernel, memory: Memory, rule: str) -> Walk:
    """Expected steps and evaluations of a walk in the branching model M1, from a vertex of law f.

    One step from loss x with r fresh neighbours has the density on y < x
    steepest r k(x,y) S(x,y)^{r−1};  first-improvement k(x,y) (1−S(x,x)^r)/(1−S(x,x));
    reluctant r k(x,y) (1−∫_y^x k)^{r−1}.
    P(steps ≥ t) is the t-fold Volterra operator applied to 1; the sum over t converges factorially.

    Status: exact in M1, given the sequence of fresh neighbours. Source: theory of adaptive walks
    (Macken and Perelson 1989; Orr 2003; Nowak and Krug 2015), with neighbour kernels here.
    """
    a, b = kernel.support

    def value(count: int) -> np.ndarray:
        panels = Panels.covering(a, b, count, kernel.edges)
        nodes, start = panels.nodes, panels.weights * law.pdf(panels.nodes)
        step: dict[int, np.ndarray] = {
            r: panels.operator(
                _step_density(kernel, rule, r), nodes, np.full(len(nodes), a), nodes, kernel.kinks(nodes)
            )
            if r > 0
            else np.zeros((len(nodes), len(nodes)))
            for r in map(int, np.unique(memory.fresh))
        }

        def advance(later: np.ndarray) -> np.ndarray:
            mixed = memory.follow @ later
            return np.stack([step[int(r)] @ row for r, row in zip(memory.fresh, mixed, strict=True)])

        alive = np.ones((len(memory.fresh), len(nodes)))
        scanned = [_scanned(kernel, nodes, r) if rule == "first" else np.full(len(nodes), r) for r in memory.fresh]
        look = np.stack(scanned).astype(float)
        steps, evaluations = 0.0, 1 + start @ look[0]
        while True:
            alive, look = advance(alive), advance(look)
            steps += start @ alive[0]
            evaluations += start @ look[0]
            if start @ look[0] <= 1e-15 * evaluations and start @ alive[0] <= 1e-15:
                return np.array([steps, evaluations])

    steps, evaluations = refine(value, tolerance=1e-12)
    return Walk(float(steps), float(evaluations), memory.status)


def iid(graph: Graph, rule: str = "steepest") -> Walk:
    """Expected steps and distinct evaluations of a walk on iid losses, from a random vertex.

    The branching walk with uniform law and kernel (ranks), and the graph's `fresh_neighbours`.
    With r ≡ s and steepest descent the steps are e·γ(1/s,1)/s − 1 < e−1.

    Status: exact on the complete graph, asymptotic on random regular graphs and cycles (trees up to O(1/n)),
    approximation on other graphs (returns neglected); the steps of the reluctant rule are exact, see `reluctant`.
    Source: `branching`.

    >>> from theory.graphs import parse_graph
    >>> round(iid(parse_graph("hamming:5^6")).steps, 4)
    1.5487
    """
    return branching(Uniform(), UniformKernel(), fresh_neighbours(graph, rule), rule)


def reluctant(graph: Graph) -> float:
    """Expected steps of the reluctant walk (smallest improvement) on iid losses, from a random vertex: |E|/n.

    Half the mean degree, on every graph. Proof, by induction on n: in random order of the losses let w be the best
    vertex. Without w every vertex r is, by hypothesis, the end of one start in expectation; w becomes the next vertex
    of exactly the local minima adjacent to it, so that deg(w) starts in expectation make one step more and
    Σ_v steps(v) grows by deg(w); and r is again the end of (1+deg r + (n−1−deg r))/n = 1 start. Averaging over w,
    E Σ_v steps(v) = (1/n) Σ_w [deg w + |E| − deg w] = |E|.

    Status: exact, any graph. Source: derived here; on the hypercube L/2, as Nowak and Krug 2015 find asymptotically.

    >>> from theory.graphs import parse_graph
    >>> reluctant(parse_graph("regular:40000,24"))
    12.0
    """
    return graph.size / graph.n


def additive(graph: Graph) -> float:
    """Expected steps of steepest descent on an additive landscape: Σ_i (1−1/q_i).

    Every coordinate is set to its best letter once, unless it starts there.
    ValueError unless the graph is a Hamming graph. Status: exact. Source: elementary.

    >>> from theory.graphs import hypercube
    >>> additive(hypercube(10))
    5.0
    """
    if not isinstance(graph, Hamming):
        raise ValueError(f"graph: {graph} is not a Hamming graph; additive landscapes need coordinates")
    return float(sum(1 - 1 / q for q in graph.radices))
