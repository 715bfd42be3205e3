"""Local search on tiny graphs against the literal definitions of `theory.reference`."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import product

import numpy as np
import pytest

from simulations import kernels, search
from simulations.landscapes import draw_graph
from theory import reference
from theory.graphs import ErdosRenyi, ExplicitGraph, Graph, Hamming, RandomRegular, Torus, complete, cycle, hypercube

GRAPHS: dict[str, Graph] = {
    "hypercube": hypercube(4),
    "hamming": Hamming((3, 3, 3)),
    "mixed radices": Hamming((3, 2, 4)),
    "complete": complete(6),
    "two vertices": complete(2),
    "cycle": cycle(9),
    "triangle": cycle(3),
    "torus": Torus((3, 4)),
    "regular": draw_graph(RandomRegular(14, 3), np.random.default_rng(1)),
    "erdos_renyi": draw_graph(ErdosRenyi(15, 0.15), np.random.default_rng(2)),
    "irregular, one isolated": ExplicitGraph(7, np.array([(0, 1), (5, 0), (0, 3), (3, 5), (6, 3), (4, 0)])),
    "edgeless": ExplicitGraph(3, np.empty((0, 2))),
    "one vertex": ExplicitGraph(1, np.empty((0, 2))),
}
LANDSCAPES = {
    "continuous": lambda n, rng: rng.standard_normal(n),
    "ranks": lambda n, rng: rng.permutation(n),
    "ties": lambda n, rng: rng.integers(0, 3, n),
    "plateaus": lambda n, rng: np.sort(rng.integers(0, 3, n)).astype(float),
    "counts": lambda n, rng: rng.integers(0, 4, n).astype(np.uint16),
    "signed zeros": lambda n, rng: rng.choice([0.0, -0.0, 1.0], n),
    "constant": lambda n, rng: np.full(n, 2.5),
}
CASES = [pytest.param(graph, losses, id=f"{graph}, {losses}") for graph, losses in product(GRAPHS, LANDSCAPES)]
STRICT = [
    pytest.param(graph, losses, id=f"{graph}, {losses}") for graph, losses in product(GRAPHS, ("continuous", "ranks"))
]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


def literal_paths(graph: Graph, losses: np.ndarray) -> list[list[int]]:
    return [reference.path(graph, losses.tolist(), v) for v in range(graph.n)]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_steepest_descent_is_the_literal_one(name: str, kind: str, rng: np.random.Generator) -> None:
    graph = GRAPHS[name]
    losses = LANDSCAPES[kind](graph.n, rng)
    descent, paths = search.descend(graph, losses), literal_paths(graph, losses)
    assert descent.next.tolist() == [p[min(1, len(p) - 1)] for p in paths]
    assert descent.steps.tolist() == [len(p) - 1 for p in paths]
    assert descent.terminal.tolist() == [p[-1] for p in paths]
    ends = Counter(p[-1] for p in paths)
    assert descent.basin_sizes().tolist() == [ends[v] for v in range(graph.n)]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_evaluations_are_the_distinct_vertices_seen(name: str, kind: str, rng: np.random.Generator) -> None:
    graph = GRAPHS[name]
    losses = LANDSCAPES[kind](graph.n, rng)
    literal = [reference.evaluations(graph, losses.tolist(), v) for v in range(graph.n)]
    descent = search.descend(graph, losses)
    assert descent.evaluations().tolist() == literal
    starts = rng.permutation(graph.n)[:4]
    assert descent.evaluations(starts).tolist() == [literal[v] for v in starts]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_strict_minima_are_the_literal_ones(name: str, kind: str, rng: np.random.Generator) -> None:
    graph = GRAPHS[name]
    losses = LANDSCAPES[kind](graph.n, rng)
    literal = [reference.is_strict_minimum(graph, losses.tolist(), v) for v in range(graph.n)]
    assert search.strict_minima(graph, losses).tolist() == literal


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_reluctant_moves_to_the_worst_better_neighbour(name: str, kind: str, rng: np.random.Generator) -> None:
    graph = GRAPHS[name]
    losses = LANDSCAPES[kind](graph.n, rng)
    for v, to in enumerate(search.descend(graph, losses, "reluctant").next.tolist()):
        better = reference.better_neighbours(graph, losses.tolist(), v)
        worst = max((losses[u] for u in better), default=losses[v])
        assert to == min((u for u in better if losses[u] == worst), default=v)


@pytest.mark.parametrize(("name", "kind"), STRICT)
@pytest.mark.parametrize("rule", ["steepest", "reluctant"])
def test_steps_of_the_deterministic_rules(rule: str, name: str, kind: str, rng: np.random.Generator) -> None:
    graph = GRAPHS[name]
    losses = LANDSCAPES[kind](graph.n, rng)
    literal = [reference.expected_steps(graph, losses.tolist(), v, rule) for v in range(graph.n)]
    assert search.descend(graph, losses, rule).steps.tolist() == literal


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_first_improvement_scans_up_to_the_first_better(name: str, kind: str, rng: np.random.Generator) -> None:
    graph = GRAPHS[name]
    losses = LANDSCAPES[kind](graph.n, rng)
    descent = search.descend(graph, losses, "first", rng)
    for v, to in enumerate(descent.next.tolist()):
        better = reference.better_neighbours(graph, losses.tolist(), v)
        assert {to} & set(better) == scanned(descent, v) & set(better)
        assert to in better or scanned(descent, v) == set(reference.neighbourhood(graph, v))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_first_improvement_evaluates_what_it_scans(name: str, kind: str, rng: np.random.Generator) -> None:
    graph = GRAPHS[name]
    descent = search.descend(graph, LANDSCAPES[kind](graph.n, rng), "first", rng)
    seen = [set.union(*({u} | scanned(descent, u) for u in walk(descent, v))) for v in range(graph.n)]
    assert descent.evaluations().tolist() == [len(vertices) for vertices in seen]
    assert descent.steps.tolist() == [len(walk(descent, v)) - 1 for v in range(graph.n)]
    assert descent.terminal.tolist() == [walk(descent, v)[-1] for v in range(graph.n)]


def scanned(descent: search.Descent, v: int) -> set[int]:
    """Neighbours that first improvement looks at from v."""
    assert descent.scanned is not None
    return set(descent.graph.neighbours[v][descent.scanned[v]].tolist()) - {v}


def walk(descent: search.Descent, v: int) -> list[int]:
    """v, next[v], next[next[v]], … up to the fixed point."""
    found = [v]
    while (to := int(descent.next[found[-1]])) != found[-1]:
        found.append(to)
    return found


@pytest.mark.parametrize("name", ["hypercube", "hamming", "mixed radices", "complete", "two vertices"])
@pytest.mark.parametrize("kind", LANDSCAPES)
def test_factors_and_neighbour_table_agree(name: str, kind: str, rng: np.random.Generator) -> None:
    graph = GRAPHS[name]
    losses = LANDSCAPES[kind](graph.n, rng)
    wrapped = ExplicitGraph(graph.n, np.argwhere(np.triu(graph.adjacency.toarray())))
    for rule in ("steepest", "first", "reluctant"):
        a, b = (search.descend(g, losses, rule, np.random.default_rng(6)) for g in (graph, wrapped))
        assert np.array_equal(a.next, b.next)
        assert np.array_equal(a.evaluations(), b.evaluations())
    assert np.array_equal(search.strict_minima(graph, losses), search.strict_minima(wrapped, losses))


def test_a_valley_on_a_cycle_is_walked_to_its_end() -> None:
    """From distance d, the d+1 vertices down to 0 and the neighbour beyond each end."""
    graph = cycle(2001)
    distance = np.minimum(np.arange(2001), 2001 - np.arange(2001))
    descent = search.descend(graph, distance)
    assert descent.steps.tolist() == distance.tolist()
    assert descent.evaluations().tolist() == (distance + 3).tolist()
    assert descent.basin_sizes()[0] == 2001


def test_losses_may_be_as_far_apart_as_floats_are() -> None:
    losses = np.array([1.7e308, -1.7e308])
    assert search.descend(hypercube(1), losses).next.tolist() == [1, 1]
    assert search.strict_minima(hypercube(1), losses).tolist() == [False, True]


def test_no_start_costs_no_evaluation() -> None:
    descent = search.descend(cycle(5), np.arange(5.0))
    assert descent.evaluations(np.array([], dtype=int)).shape == (0,)


@pytest.mark.parametrize("starts", [[-1], [0, 5], [7]])
def test_starts_outside_the_graph_are_refused(starts: list[int]) -> None:
    descent = search.descend(cycle(5), np.arange(5.0))
    with pytest.raises(ValueError, match=r"starts: .* must lie in 0\.\.n−1 = 0\.\.4"):
        descent.evaluations(np.array(starts))


@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.longdouble])
def test_losses_that_no_float_holds_are_told_apart(kind: type) -> None:
    losses = kind(2**60) + np.array([3, 2, 1, 0, 0]).astype(kind)
    assert search.descend(cycle(5), losses).next.tolist() == [4, 2, 3, 3, 4]
    assert search.strict_minima(cycle(5), losses).tolist() == [False] * 5


@pytest.mark.parametrize("rule", ["steepest", "first", "reluctant"])
def test_the_layout_of_the_losses_does_not_matter(rule: str) -> None:
    strided = np.random.default_rng(1).standard_normal((81, 2)).astype(np.float32)[:, 0]
    graph, packed = Hamming((3, 3, 3, 3)), strided.astype(float, order="C")
    a, b = (search.descend(graph, x, rule, np.random.default_rng(2)).next for x in (strided, packed))
    assert np.array_equal(a, b)


def walk_under_fresh_noise(graph: Graph, losses: np.ndarray, sigma: float, rng: np.random.Generator) -> int:
    """One vertex after another: the noise of a closed neighbourhood is drawn in ascending order, once a vertex."""
    v, steps = int(rng.integers(graph.n)), 0
    while losses[v] > losses.min():
        closed = sorted([v, *reference.neighbourhood(graph, v)])
        observed = {u: losses[u] + sigma * rng.standard_normal() for u in closed}
        v, steps = min(closed, key=observed.__getitem__), steps + 1
    return steps


CONNECTED = [name for name in GRAPHS if name not in {"erdos_renyi", "irregular, one isolated", "edgeless"}]


@pytest.mark.parametrize("graph", [*map(GRAPHS.get, CONNECTED), ExplicitGraph(4, np.array([(0, 1), (1, 2), (1, 3)]))])
def test_fresh_noise_is_the_literal_walk(graph: Graph, rng: np.random.Generator) -> None:
    losses = rng.standard_normal(graph.n)
    for seed in range(20):
        literal = walk_under_fresh_noise(graph, losses, 0.7, np.random.default_rng(seed))
        assert search.fresh_noise_steps(graph, losses, 0.7, np.random.default_rng(seed)) == literal


def test_a_walk_under_fresh_noise_can_pause() -> None:
    graph, losses = hypercube(6), np.random.default_rng(3).standard_normal(64)
    start = int(losses.argmax())

    def steps(part: int) -> int:
        rng, v, taken, further = np.random.default_rng(4), start, 0, part
        while further == part:
            v, further = kernels.fresh_noise_walk(*graph.factors, losses, 1.0, rng, v, part)
            taken += further
        assert v == losses.argmin()
        return taken

    assert steps(1) == steps(3) == steps(1000) > 3


def test_a_theorem_does_not_wait_for_the_compiler() -> None:
    code = "import sys, simulations.search; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("share", "count"), [(0, 0), (1e-9, 1), (0.07, 7), (0.071, 8), (1, 100)])
def test_the_best_vertices_are_counted_exactly(share: float, count: int) -> None:
    """⌈share·100⌉, also where the product is not exact in floating point: 0.07·100 is above 7 there."""
    assert search.best_vertices(np.arange(100)[::-1], share).tolist() == list(range(99, 99 - count, -1))


def test_first_improvement_is_reproducible_and_random() -> None:
    losses = np.arange(16.0)
    a, b, c = (search.descend(hypercube(4), losses, "first", np.random.default_rng(s)).next for s in (3, 3, 4))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize("analyse", [search.descend, search.strict_minima])
@pytest.mark.parametrize("graph", [cycle(4), hypercube(2)], ids=str)
@pytest.mark.parametrize(
    ("losses", "message"),
    [
        (np.zeros(3), r"losses: shape \(3,\) must be \(4,\)"),
        (np.zeros((4, 1)), r"losses: shape \(4, 1\) must be \(4,\)"),
        (np.array([0, np.nan, 1, np.nan]), "losses: 2 of 4 values are not finite"),
        (np.array([0, 1, -np.inf, 2]), "losses: 1 of 4 values are not finite"),
    ],
)
def test_bad_losses_are_refused(analyse, graph: Graph, losses: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        analyse(graph, losses)


@pytest.mark.parametrize(
    ("rule", "message"), [("fast", "'fast' is unknown; allowed"), ("first", "needs a random generator")]
)
def test_bad_rules_are_refused(rule: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        search.descend(cycle(4), np.zeros(4), rule)


@pytest.mark.parametrize("graph", [RandomRegular(6, 3), ErdosRenyi(6, 0.5)], ids=str)
def test_a_distribution_over_graphs_must_be_drawn_first(graph: Graph) -> None:
    with pytest.raises(ValueError, match="draw one graph of it first"):
        search.descend(graph, np.arange(6.0))
