"""Search with a budget on small landscapes, against literal definitions and traces by hand."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import numpy as np
import pytest

from simulations import search
from simulations.algorithms import (
    Algorithm,
    Evaluations,
    GaussianNoise,
    Resampled,
    Run,
    curve,
    descend,
    local_search,
    memoryless_search,
    neighbourhood,
    run,
)
from simulations.baselines import ALGORITHMS, evolution, random_search, tpe
from theory.graphs import ExplicitGraph, Graph, Hamming, complete, cycle, hypercube

from .test_search import CASES, GRAPHS, LANDSCAPES

PATH = ExplicitGraph(7, np.array([(v, v + 1) for v in range(6)]))
TABLE = np.array([[3.0, 5.0, 4.0], [1.0, np.nan, 2.0], [7.0, np.nan, np.nan], [np.nan, 0.0, 6.0]])


class Scripted:
    """A stand-in for a generator: permutations are as scripted, then as they come; integers are as scripted."""

    def __init__(self, permutations: list[list[int]], integers: list[Any]) -> None:
        self.permutations, self.numbers = permutations, integers

    def permutation(self, x: list[int] | int) -> np.ndarray:
        return np.array(self.permutations.pop(0) if self.permutations else x)

    def integers(self, high: int, size: int | None = None) -> Any:
        chosen = np.array(self.numbers.pop(0))
        assert (chosen < high).all()
        assert chosen.shape == (() if size is None else (size,))
        return chosen


def generators(noise: int, choice: int) -> tuple[np.random.Generator, np.random.Generator]:
    return np.random.default_rng(noise), np.random.default_rng(choice)


def visited(algorithm: Algorithm, graph: Graph, losses: Any, rng: Any, budget: int = 1000) -> list[int]:
    """Vertices in the order in which an algorithm evaluates them, without noise."""
    noisy = GaussianNoise(np.array(losses, dtype=float))
    return run(algorithm, graph, noisy, budget, np.random.default_rng(0), rng).vertex.tolist()


@pytest.mark.parametrize("rule", ["steepest", "reluctant"])
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_descent_evaluates_what_the_functional_graph_says(name: str, kind: str, rule: str) -> None:
    graph, rng = GRAPHS[name], np.random.default_rng(20)
    losses = LANDSCAPES[kind](graph.n, rng)
    walks = search.descend(graph, losses, rule)
    for start, (evaluations, terminal) in enumerate(zip(walks.evaluations(), walks.terminal, strict=True)):
        observe = Evaluations(graph, GaussianNoise(losses), graph.n, rng)
        observe(start)
        assert descend(graph, observe, rng, start, rule, set()) == terminal
        assert len(observe.vertices) == evaluations


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_first_improvement_is_the_literal_one(name: str, kind: str) -> None:
    graph, rng = GRAPHS[name], np.random.default_rng(21)
    in_order: Any = Scripted([], [])
    losses = LANDSCAPES[kind](graph.n, rng)
    for start in range(graph.n):
        here, seen, last = start, [start], None
        while here != last:
            last = here
            for u in neighbourhood(graph, last):  # in the order of the neighbour table
                seen += [u] * (u not in seen)
                if losses[u] < losses[last]:
                    here = u
                    break
        observe = Evaluations(graph, GaussianNoise(losses), graph.n, rng)
        observe(start)
        assert descend(graph, observe, in_order, start, "first", set()) == here
        assert observe.vertices == seen


def test_at_a_minimum_it_starts_anew_or_goes_on() -> None:
    """A path with the minima 1, 3 and 5; from 0, then from 6 where it starts anew.

    It goes on from 2, and does not go back to its better neighbour 1, which is expanded.
    """
    losses, order = [3, 1, 4, 2, 6, 0, 5], [0, 6, 1, 2, 3, 4, 5]
    for rule in ("steepest", "first", "reluctant"):
        start_anew, go_on = (partial(local_search, rule=rule, stop_at_minimum=stop) for stop in (True, False))
        assert visited(start_anew, PATH, losses, Scripted([order], [])) == [0, 1, 2, 6, 5, 4, 3]
        assert visited(go_on, PATH, losses, Scripted([order], [])) == [0, 1, 2, 3, 4, 5, 6]


def test_it_goes_on_from_the_best_vertex_not_expanded() -> None:
    """A star of two arms: 0 is a minimum with neighbours 1 (loss 3) and 2 (loss 2); 3 is behind 1 and 4 behind 2."""
    graph = ExplicitGraph(5, np.array([(0, 1), (0, 2), (1, 3), (2, 4)]))
    order = [0, 1, 2, 3, 4]
    go_on = partial(local_search, stop_at_minimum=False)
    assert visited(go_on, graph, [1, 3, 2, 0, 5], Scripted([order], [])) == [0, 1, 2, 4, 3]


def test_it_starts_from_the_best_of_its_samples() -> None:
    losses = [3, 1, 4, 2, 6, 0, 5]
    order = [0, 3, 6, 4, 1, 5, 2]
    found = visited(partial(local_search, samples=3), PATH, losses, Scripted([order], []))
    assert found == [0, 3, 6, 2, 4, 1, 5]  # 3 is the best of 0, 3, 6, and a minimum; then 1 and 5 are all there is


def test_steps_of_the_three_rules() -> None:
    """From 0, of loss 9, on the star with the leaves 1, 2, 3: each leaf has a leaf of its own behind it."""
    graph = ExplicitGraph(7, np.array([(0, 1), (0, 2), (0, 3), (1, 4), (2, 5), (3, 6)]))
    losses = [9, 7, 3, 8, 10, 10, 10]
    found = {
        rule: visited(partial(local_search, rule=rule), graph, losses, Scripted([[0, 4, 5, 6]], []), budget=5)
        for rule in ("steepest", "reluctant", "first")
    }
    assert found == {"steepest": [0, 1, 2, 3, 5], "reluctant": [0, 1, 2, 3, 6], "first": [0, 1, 4, 5, 2]}


def test_evolution_by_hand() -> None:
    """A population of two on a path: 1 and 5, of losses 4 and 2.

    The sample (1, 1) has 5 as the best, whose mutant is 4; 1 dies. Of 5 and 4 the sample (1, 1) has 4, whose mutant
    is 3 (5 is known); 5 dies. Of 4 (loss 7) and 3 (loss 1) the sample (0, 1) has 3, whose mutant is 2; 4 dies. Of 3
    and 2 the sample (0, 0) has 3, all of whose neighbours are known: the next vertex in random order is 6. So are those
    of 2 then, of the sample (0, 0), and 0 is next. Nothing is left when all neighbours of 6 are known too.
    """
    losses = [6, 4, 8, 1, 7, 2, 5]
    rng = Scripted([[1, 5, 3, 2, 6, 0, 4]], [[1, 1], 0, [1, 1], 0, [0, 1], 0, [0, 0], [0, 0], [0, 0]])
    assert visited(partial(evolution, population=2, sample=2), PATH, losses, rng, budget=9) == [1, 5, 4, 3, 2, 6, 0]


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name != "memoryless"])
def test_budgets_are_exact_and_cut_the_same_run(name: str) -> None:
    """Under frozen noise, whatever the budget; every vertex once, all of them at last."""
    graph = Hamming((3, 2, 2))
    noisy = GaussianNoise(np.random.default_rng(3).standard_normal(graph.n), 0.5)
    runs = [run(ALGORITHMS[name], graph, noisy, budget, *generators(4, 5)) for budget in (1, 2, 7, 12, 30)]
    assert [len(r.vertex) for r in runs] == [1, 2, 7, 12, 12]
    assert sorted(runs[-1].vertex) == list(range(12))
    for r in runs:
        assert np.array_equal(r.vertex, runs[-1].vertex[: len(r.vertex)])
        assert np.array_equal(r.observed, runs[-1].observed[: len(r.vertex)])


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name not in ("memoryless", "tpe")])
def test_every_vertex_is_evaluated_at_last_whatever_the_graph(name: str) -> None:
    rng = np.random.default_rng(6)
    for graph in GRAPHS.values():
        assert sorted(visited(ALGORITHMS[name], graph, rng.standard_normal(graph.n), rng)) == list(range(graph.n))


def test_the_seed_of_the_noise_is_its_own() -> None:
    graph, losses = hypercube(5), np.random.default_rng(7).standard_normal(32)
    noisy = GaussianNoise(losses, 1.0)

    def observed(algorithm: Algorithm, noise: int, choice: int, fresh: bool = False) -> dict[int, float]:
        found = run(algorithm, graph, noisy, 20, np.random.default_rng(noise), np.random.default_rng(choice), fresh)
        assert np.array_equal(found.true, losses[found.vertex])
        return dict(zip(found.vertex.tolist(), found.observed.tolist(), strict=True))

    here = observed(random_search, 1, 2)
    assert observed(random_search, 1, 2) == here
    other_noise, other_choice = observed(random_search, 3, 2), observed(local_search, 1, 3)
    assert list(other_noise) == list(here)  # the choices of random search do not look at what is observed
    assert not set(other_noise.values()) & set(here.values())
    both = set(here) & set(other_choice)
    assert both
    assert all(here[v] == other_choice[v] for v in both)  # frozen noise is the same for every algorithm
    fresh = observed(random_search, 1, 2, fresh=True)
    assert list(fresh) == list(here)
    assert fresh != here


def test_frozen_repeats_are_free_and_fresh_ones_count() -> None:
    for fresh in (False, True):
        observe = Evaluations(cycle(4), GaussianNoise(np.zeros(4), 1.0), 3, np.random.default_rng(8), fresh)
        first, again, remembered = observe(2), observe(2), observe.recall(2)
        assert (again == first) == (not fresh)
        assert remembered == again
        assert observe.vertices == ([2, 2] if fresh else [2])
        assert observe.observed == ([first, again] if fresh else [first])


def test_memory_evaluates_nothing_twice_under_fresh_noise() -> None:
    noisy = GaussianNoise(np.random.default_rng(9).standard_normal(64), 2.0)
    for name in ("steepest", "first", "reluctant", "steepest_continued", "first_continued", "random"):
        found = run(ALGORITHMS[name], hypercube(6), noisy, 100, *generators(1, 2), fresh=True)
        assert sorted(found.vertex) == list(range(64))


@pytest.mark.parametrize("name", ["evolution", "tpe", "memoryless"])
def test_others_evaluate_again_under_fresh_noise(name: str) -> None:
    found = run(ALGORITHMS[name], complete(5), GaussianNoise(np.arange(5.0), 0.1), 40, *generators(1, 2), True)
    assert len(found.vertex) == 40
    repeated = found.vertex == found.vertex[-1]
    assert len(set(found.observed[repeated])) == repeated.sum() > 1


def test_memoryless_search_looks_around_and_moves() -> None:
    """Without noise: the closed neighbourhoods of 0, 1, 2 and again of the minimum 2."""
    losses = np.array([5.0, 4.0, 1.0, 3.0, 2.0, 6.0, 0.0])
    noise = np.random.default_rng(0)
    choices: Any = Scripted([], [0])
    found = run(memoryless_search, PATH, GaussianNoise(losses), 11, noise, choices, fresh=True)
    assert found.vertex.tolist() == [0, 1, 1, 0, 2, 2, 1, 3, 2, 1, 3]


def test_incumbent_best_and_regret() -> None:
    """The observed best is trusted, the first of equals, and its true loss may be worse."""
    found = Run(np.array([4, 2, 0, 2, 1]), np.array([3.0, 2.0, 2.5, 2.0, 1.0]), np.array([3.5, 1, 0, 1, 2.5]), 4, -1.0)
    assert found.incumbent.tolist() == [0, 1, 1, 1, 4]
    assert found.best.tolist() == [3.5, 1, 1, 1, 2.5]
    assert found.regret.tolist() == [4.5, 2, 2, 2, 3.5]
    assert found.trainings.tolist() == [4, 8, 12, 16, 20]


def test_the_curve_is_the_mean_of_the_incumbents() -> None:
    def ended(true: list[float]) -> Run:
        losses = np.array(true)
        return Run(np.arange(len(losses)), losses, losses, 1, 0.0)

    found = curve([ended([4, 2, 3]), ended([6]), ended([5, 5, 1, 0])], 5)
    assert found.shape == (5, 3)
    assert found[:, 1] == pytest.approx([5, 13 / 3, 3, 8 / 3, 8 / 3])
    assert (found[:, 0] < found[:, 1]).all()
    assert (found[:, 1] < found[:, 2]).all()


def test_averaging_divides_the_noise_by_the_root_of_its_draws() -> None:
    true, rng = np.arange(5.0), np.random.default_rng(10)
    one, nine = (GaussianNoise(true, np.arange(5.0), k).draw(np.arange(5), np.random.default_rng(11)) for k in (1, 9))
    assert nine - true == pytest.approx((one - true) / 3)
    assert one[0] == true[0]
    assert Resampled(TABLE, 200_000).draw(1, rng) == pytest.approx(1.5, abs=0.01)  # 9 standard deviations


def test_recorded_seeds_are_drawn_and_no_others() -> None:
    table, rng = Resampled(TABLE), np.random.default_rng(12)
    assert table.true.tolist() == [4, 1.5, 7, 3]
    draws = np.array([table.draw(np.arange(4), rng) for _ in range(200)])
    assert [set(column) for column in draws.T.tolist()] == [{3, 4, 5}, {1, 2}, {7}, {0, 6}]
    assert {float(table.draw(3, rng)) for _ in range(50)} == {0, 6}


def test_tpe_learns() -> None:
    """On an additive landscape of 4⁴ vertices, of which 60 random ones hold the optimum five times with P = 0.0007."""
    optimum = np.reshape([2, 1, 3, 0], (4, 1, 1, 1, 1))
    noisy = GaussianNoise(((np.indices((4,) * 4) - optimum) % 4).sum(axis=0).ravel().astype(float))
    regret = [run(tpe, Hamming((4,) * 4), noisy, 60, *generators(1, seed)).regret[-1] for seed in range(5)]
    assert regret == [0] * 5


def test_tpe_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="graph: tpe needs a Hamming graph, not cycle:5"):
        visited(tpe, cycle(5), np.zeros(5), np.random.default_rng(0))
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"pip install 'hillscape\[baselines\]'"):
        visited(tpe, hypercube(2), np.zeros(4), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("algorithm", "message"),
    [
        (partial(local_search, rule="fast"), "rule: 'fast' is unknown; allowed: steepest, first, reluctant"),
        (partial(local_search, samples=0), "samples: 0 must be a whole number of at least 1"),
        (partial(evolution, population=0), "population: 0 must be a whole number of at least 1"),
        (partial(evolution, sample=0), "sample: 0 must be a whole number of at least 1"),
        (memoryless_search, "fresh: memoryless search needs fresh noise"),
    ],
)
def test_bad_settings_are_refused(algorithm: Algorithm, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        visited(algorithm, hypercube(2), np.zeros(4), np.random.default_rng(0))


@pytest.mark.parametrize("sigma", [-1.0, np.nan, np.inf, np.array([0, 1, -1.0]), np.ones(2), np.ones((1, 3))])
def test_bad_noise_is_refused(sigma: Any) -> None:
    with pytest.raises(ValueError, match=r"sigma: .* must be finite and at least 0, one number or one a vertex"):
        GaussianNoise(np.zeros(3), sigma)


def test_bad_numbers_and_tables_are_refused() -> None:
    noises: Any = (partial(GaussianNoise, np.zeros(3), 1.0), partial(Resampled, TABLE))
    for noisy in noises:
        for average in (0, 1.5):
            with pytest.raises(ValueError, match=f"average: {average} must be a whole number of at least 1"):
                noisy(average)
    for seeds in (np.zeros(3), np.array([[1.0], [np.nan]])):
        with pytest.raises(ValueError, match=r"seeds: shape .* must be \(n, seeds\), and every vertex have a seed"):
            Resampled(seeds)
    with pytest.raises(ValueError, match="budget: 0 must be a whole number of at least 1"):
        visited(random_search, cycle(3), np.zeros(3), np.random.default_rng(0), budget=0)
    with pytest.raises(ValueError, match=r"losses: shape \(3,\) must be \(4,\)"):
        visited(random_search, cycle(4), np.zeros(3), np.random.default_rng(0))
