"""What every algorithm obeys on every small graph, landscape, noise and budget."""

from __future__ import annotations

from functools import partial

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from simulations.algorithms import (
    Algorithm,
    Evaluations,
    GaussianNoise,
    Noisy,
    Resampled,
    Run,
    descend,
    local_search,
    memoryless_search,
    run,
)
from simulations.baselines import evolution, random_search
from tests import strategies
from theory import reference
from theory.graphs import Graph

RULES = st.sampled_from(["steepest", "first", "reluctant"])
seeds = st.integers(0, 2**32)
budgets = st.integers(1, 30)


@st.composite
def noisy_landscapes(draw: st.DrawFn) -> tuple[Graph, Noisy]:
    """Ties, plateaus and heteroscedastic noise among them, or a table with missing seeds."""
    graph = draw(strategies.graphs(20))
    losses = np.array(draw(strategies.landscapes(graph.n)))
    average = draw(st.integers(1, 3))
    if draw(st.booleans()):
        sigma = draw(st.one_of(st.just(0.0), st.lists(st.floats(0, 3), min_size=graph.n, max_size=graph.n)))
        return graph, GaussianNoise(losses, np.array(sigma), average)
    table = losses[:, None] + np.arange(3.0)
    missing = draw(st.lists(st.sampled_from([0, 1, 2]), min_size=graph.n, max_size=graph.n))
    table[np.arange(graph.n), missing] = np.nan
    return graph, Resampled(table, average)


@st.composite
def with_memory(draw: st.DrawFn) -> Algorithm:
    """Algorithms that evaluate everything once at last under frozen noise."""
    search = partial(
        local_search, rule=draw(RULES), samples=draw(st.integers(1, 6)), stop_at_minimum=draw(st.booleans())
    )
    evolve = partial(evolution, population=draw(st.integers(1, 5)), sample=draw(st.integers(1, 4)))
    return draw(st.sampled_from([random_search, search, evolve]))


def found(algorithm: Algorithm, case: tuple[Graph, Noisy], budget: int, seed: int, fresh: bool = False) -> Run:
    return run(algorithm, *case, budget, np.random.default_rng(seed), np.random.default_rng((seed, 1)), fresh)


@given(noisy_landscapes(), with_memory(), budgets, seeds)
def test_frozen_noise_is_seen_once_a_vertex_until_the_budget_is_spent(
    case: tuple[Graph, Noisy], algorithm: Algorithm, budget: int, seed: int
) -> None:
    graph, noisy = case
    of = found(algorithm, case, budget, seed)
    assert len(of.vertex) == len(set(of.vertex.tolist())) == min(budget, graph.n)
    frozen = noisy.draw(np.arange(graph.n), np.random.default_rng(seed))
    assert np.array_equal(of.observed, frozen[of.vertex])
    assert np.array_equal(of.true, noisy.true[of.vertex])


@given(noisy_landscapes(), with_memory(), budgets, seeds, st.booleans())
def test_a_smaller_budget_cuts_the_same_run(
    case: tuple[Graph, Noisy], algorithm: Algorithm, budget: int, seed: int, fresh: bool
) -> None:
    short, long = (found(algorithm, case, b, seed, fresh) for b in (budget, budget + 5))
    assert np.array_equal(long.vertex[:budget], short.vertex)
    assert np.array_equal(long.observed[:budget], short.observed)
    assert np.array_equal(long.best[:budget], short.best)


@given(noisy_landscapes(), budgets, seeds)
def test_fresh_noise_is_drawn_anew_as_long_as_the_budget_lasts(
    case: tuple[Graph, Noisy], budget: int, seed: int
) -> None:
    of = found(memoryless_search, case, budget, seed, fresh=True)
    assert len(of.vertex) == budget
    rng = np.random.default_rng(seed)
    assert of.observed.tolist() == [float(case[1].draw(v, rng)) for v in of.vertex.tolist()]


@given(noisy_landscapes(), with_memory(), budgets, seeds, st.booleans())
def test_the_incumbent_has_the_best_observed_loss_so_far(
    case: tuple[Graph, Noisy], algorithm: Algorithm, budget: int, seed: int, fresh: bool
) -> None:
    of = found(algorithm, case, budget, seed, fresh)
    for t, incumbent in enumerate(of.incumbent.tolist()):
        assert incumbent == of.observed[: t + 1].tolist().index(min(of.observed[: t + 1]))
        assert of.best[t] == of.true[incumbent]
    assert (of.regret >= 0).all()
    if np.array_equal(of.observed, of.true):
        assert (np.diff(of.best) <= 0).all()
        assert len(of.vertex) < case[0].n or of.regret[-1] == 0


@given(noisy_landscapes(), st.integers(1, 8), RULES, seeds)
def test_samples_then_a_descent_is_the_literal_one(
    case: tuple[Graph, Noisy], samples: int, rule: str, seed: int
) -> None:
    """The first m vertices of a run, then what is new around the path of a descent from the best of them."""
    graph, noisy = case
    searched = found(partial(local_search, rule=rule, samples=samples), case, graph.n, seed)
    starts = searched.vertex[:samples].tolist()
    observe = Evaluations(graph, noisy, graph.n, np.random.default_rng(seed))
    start = min(starts, key=observe)
    end = descend(graph, observe, np.random.default_rng(seed), start, rule, set())
    frozen = [observe.known.get(v, np.inf) for v in range(graph.n)]
    assert reference.better_neighbours(graph, frozen, end) == []
    if rule == "steepest":
        path = reference.path(graph, frozen, start)
        assert path[-1] == end
        assert set(observe.vertices) == {*starts, *(u for v in path for u in [v, *reference.neighbourhood(graph, v)])}
    if rule != "first":  # what it evaluates does not depend on the order in which it looks
        assert set(observe.vertices) == set(searched.vertex[: len(observe.vertices)].tolist())


@given(noisy_landscapes(), st.sampled_from(["steepest", "reluctant"]), seeds)
def test_going_on_expands_everything_within_reach(case: tuple[Graph, Noisy], rule: str, seed: int) -> None:
    """A start is drawn only when all around what is known is known: components are evaluated one after the other.

    First improvement leaves vertices before it has looked at all of their neighbours.
    """
    graph, _ = case
    of = found(partial(local_search, rule=rule, stop_at_minimum=False), case, graph.n, seed)
    adjacency = graph.adjacency
    reached: set[int] = set()
    for v in of.vertex.tolist():
        around = set(adjacency[[v]].indices.tolist())
        frontier = {u for w in reached for u in adjacency[[w]].indices.tolist()} - reached
        assert v in frontier if frontier else not around & reached
        reached.add(v)
