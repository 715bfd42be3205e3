"""Walks of local search: steps and evaluations until a local minimum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np

from .graphs import Graph, Hamming, RandomRegular, Torus
from .laws import Kernel, Law, Uniform, UniformKernel, check_support
from .quadrature import Panels, refine

RULES = ("steepest", "first", "reluctant")


class Walk(NamedTuple):
    """Expected steps to a local minimum and distinct evaluations (the start included), with the status of both."""

    steps: float
    evaluations: float
    status: str


class WalkLaw(NamedTuple):
    """Whole law of a walk.

    steps        P(steps = t), t = 0, 1, …
    evaluations  P(distinct evaluations = m), m = 0, 1, …
    repeating    expected evaluations without a memory of evaluated vertices: what is looked at again counts again
    losses, ends the law of the loss reached as a quadrature: E g(loss) = ends @ g(losses)
    status       exact, asymptotic or approximation
    """

    steps: np.ndarray
    evaluations: np.ndarray
    repeating: float
    losses: np.ndarray
    ends: np.ndarray
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


def _operators(panels: Panels, kernel: Kernel, rule: str, fresh: np.ndarray) -> dict[int, np.ndarray]:
    """One step as a Volterra operator on node values, shape (N, N), for each number of fresh neighbours."""
    nodes = panels.nodes
    low, kinks = np.full(len(nodes), kernel.support[0]), kernel.kinks(nodes)
    return {
        r: panels.operator(_step_density(kernel, rule, r), nodes, low, nodes, kinks)
        if r > 0
        else np.zeros((len(nodes), len(nodes)))
        for r in map(int, np.unique(fresh))
    }


def branching(law: Law, kernel: Kernel, memory: Memory, rule: str) -> Walk:
    """Expected steps and evaluations of a walk in the branching model M1, from a vertex of law f.

    One step from loss x with r fresh neighbours has the density on y < x
    steepest r k(x,y) S(x,y)^{r−1};  first-improvement k(x,y) (1−S(x,x)^r)/(1−S(x,x));
    reluctant r k(x,y) (1−∫_y^x k)^{r−1}.
    P(steps ≥ t) is the t-fold Volterra operator applied to 1; the sum over t converges factorially.

    Status: exact in M1, given the sequence of fresh neighbours. Source: theory of adaptive walks
    (Macken and Perelson 1989; Orr 2003; Nowak and Krug 2015), with neighbour kernels here.
    """

    _check(law, kernel, rule)

    def value(count: int) -> np.ndarray:
        panels = Panels.covering(*kernel.support, count, (*kernel.edges, *law.marks))
        nodes, start = panels.nodes, panels.weights * law.pdf(panels.nodes)
        step = _operators(panels, kernel, rule, memory.fresh)

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


def tree(law: Law, kernel: Kernel, degree: int, rule: str = "steepest") -> Walk:
    """Expected steps and evaluations in the branching model on the tree of degree s: `branching` with fresh s, s−1, ….

    ValueError for a degree below 1, an unknown rule, or a law that does not live where the kernel does.
    Status: exact in M1. Source: `branching`.

    >>> from theory.laws import AR1Kernel, Normal
    >>> round(tree(Normal(), AR1Kernel(0.6), 24).steps, 3)
    4.248
    """
    if degree < 1:
        raise ValueError(f"degree: {degree} must be at least 1")
    return branching(law, kernel, Memory.sequence((degree, degree - 1), "exact"), rule)


def _check(law: Law, kernel: Kernel, rule: str) -> None:
    if rule not in RULES:
        raise ValueError(f"rule: {rule!r} is unknown; allowed: {', '.join(RULES)}")
    check_support(law, kernel)


def whole_law(law: Law, kernel: Kernel, memory: Memory, rule: str, count: int = 16) -> WalkLaw:
    """The joint law of steps, evaluations and the loss reached, in M1, by pushing the start's law forward.

    From loss x with r fresh neighbours a walk ends with probability S(x,x)^r and has then looked at r of them; else it
    moves with the density of `branching` and has looked at r of them, or, by first improvement, at j with the share
    S(x,x)^{j−1} k(x,y). `count` panels; ArithmeticError where they leave the total probability off by 1e−9.

    Status: exact in M1, given the sequence of fresh neighbours. Source: as `branching`.
    """
    _check(law, kernel, rule)
    panels = Panels.covering(*kernel.support, count, (*kernel.edges, *law.marks))
    nodes = panels.nodes
    worse = np.asarray(kernel.sf(nodes, nodes))
    step = _operators(panels, kernel, rule, np.append(memory.fresh, 1) if rule == "first" else memory.fresh)
    again = np.stack([_looked_again(worse, int(r), int(memory.fresh[0]), rule) for r in memory.fresh])
    alive = {(0, 1): panels.weights * law.pdf(nodes)}  # (memory state, evaluations so far) → masses at the nodes
    steps, evaluations, ends, repeating = [], Counter[int](), np.zeros(len(nodes)), 1.0
    while sum(mass.sum() for mass in alive.values()) > 1e-15:
        moved: dict[tuple[int, int], np.ndarray] = {}
        stopped = 0.0
        for (state, seen), mass in alive.items():
            r = int(memory.fresh[state])
            end = mass * worse**r
            ends, stopped, repeating = ends + end, stopped + end.sum(), repeating + mass @ again[state]
            evaluations[seen + r] += end.sum()
            onward = [(r, mass @ step[r])] if rule != "first" else _scans(mass, worse, step[1], r)
            for looked, masses in onward:
                for following in np.flatnonzero(memory.follow[state]):
                    key = int(following), seen + looked
                    moved[key] = moved.get(key, 0) + memory.follow[state, following] * masses
        steps.append(stopped)
        alive = {key: mass for key, mass in moved.items() if mass.sum() > 1e-18}
    if abs(sum(steps) - 1) > 1e-9:
        raise ArithmeticError(f"walk: {count} panels leave the total probability at {sum(steps):.10f}")
    counts = np.zeros(max(evaluations) + 1)
    counts[list(evaluations)] = list(evaluations.values())
    return WalkLaw(np.array(steps), counts, float(repeating), nodes, ends, memory.status)


def _scans(mass: np.ndarray, worse: np.ndarray, step: np.ndarray, r: int) -> list[tuple[int, np.ndarray]]:
    """Masses after one step of first improvement, by the number j = 1..r of fresh neighbours looked at."""
    return [(j, (mass * worse ** (j - 1)) @ step) for j in range(1, r + 1)]


def _looked_again(worse: np.ndarray, r: int, s: int, rule: str) -> np.ndarray:
    """Expected neighbours looked at in one visit without a memory: s, or by first improvement until the first better.

    Among s neighbours in random order the J-th of the r fresh ones is at position J(s+1)/(r+1) in expectation.
    """
    if rule != "first" or r == 0:
        return np.full(len(worse), float(s))
    j = np.arange(1, r + 1)
    found = (worse[:, None] ** (j - 1) * (1 - worse[:, None])) @ j
    return found * (s + 1) / (r + 1) + s * worse**r


def law(graph: Graph, rule: str = "steepest") -> WalkLaw:
    """The law of steps, evaluations and loss reached on iid losses (uniform ranks), from a random vertex.

    `whole_law` with uniform law and kernel and the graph's `fresh_neighbours`; status as `iid`. Source: `branching`.

    >>> from theory.graphs import parse_graph
    >>> law(parse_graph("complete:4")).steps.round(6)  # 1/n at the minimum, else one step
    array([0.25, 0.75])
    """
    return whole_law(Uniform(), UniformKernel(), fresh_neighbours(graph, rule), rule)


def additive_law(graph: Graph) -> np.ndarray:
    """P(steps = t), t = 0..d, of steepest descent on an additive landscape: Poisson binomial with chances 1−1/q_i.

    ValueError unless the graph is a Hamming graph. Status: exact. Source: elementary.

    >>> from theory.graphs import hypercube
    >>> additive_law(hypercube(2))
    array([0.25, 0.5 , 0.25])
    """
    if not isinstance(graph, Hamming):
        raise ValueError(f"graph: {graph} is not a Hamming graph; additive landscapes need coordinates")
    return reduce(np.convolve, ([1 / q, 1 - 1 / q] for q in graph.radices), np.ones(1))


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
