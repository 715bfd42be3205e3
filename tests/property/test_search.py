"""What local search obeys on every small graph and landscape."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from simulations import search
from theory import reference
from theory.graphs import ExplicitGraph, Graph, Hamming, Torus

Landscape = tuple[Graph, np.ndarray]

hammings = st.lists(st.integers(2, 4), min_size=1, max_size=4).map(lambda radices: Hamming(tuple(radices)))
tori = st.lists(st.integers(3, 4), min_size=1, max_size=2).map(lambda lengths: Torus(tuple(lengths)))
values = st.one_of(st.integers(-2, 2).map(float), st.floats(allow_nan=False, allow_infinity=False))


@st.composite
def any_graphs(draw: st.DrawFn) -> ExplicitGraph:
    """Any simple graph of up to 9 vertices: irregular, disconnected, with isolated vertices."""
    n = draw(st.integers(1, 9))
    pairs = list(itertools.combinations(range(n), 2))
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return ExplicitGraph(n, np.array(edges))


@st.composite
def landscapes(draw: st.DrawFn, graphs: st.SearchStrategy[Graph]) -> Landscape:
    graph = draw(graphs)
    return graph, np.array(draw(st.lists(values, min_size=graph.n, max_size=graph.n)))


all_landscapes = landscapes(st.one_of(hammings, tori, any_graphs()))
rules = st.sampled_from(["steepest", "first", "reluctant"])
generators = st.integers(0, 2**32).map(np.random.default_rng)


def scanned(descent: search.Descent, neighbours: dict[int, set[int]]) -> dict[int, set[int]]:
    """What each vertex looks at: all its neighbours, or by first improvement those of its scanned prefix."""
    if descent.scanned is None:
        return neighbours
    table = descent.graph.neighbours
    return {v: neighbours[v] & set(table[v][descent.scanned[v]].tolist()) for v in neighbours}


@settings(max_examples=200)
@given(all_landscapes, rules, generators)
def test_the_engine_walks_like_a_dictionary(landscape: Landscape, rule: str, rng: np.random.Generator) -> None:
    """Next vertex, steps, terminal vertex, basins, evaluations and strict minima, one vertex after another.

    First improvement is given its scanning orders: the best of what a vertex looked at is the only better one.
    """
    graph, losses = landscape
    descent = search.descend(graph, losses, rule, rng)
    neighbours = {v: set(reference.neighbourhood(graph, v)) for v in range(graph.n)}
    looks = scanned(descent, neighbours)
    sizes, evaluations = dict.fromkeys(neighbours, 0), descent.evaluations()
    for start in neighbours:
        v, seen, steps = start, {start}, 0
        while better := [u for u in sorted(looks[v]) if losses[u] < losses[v]]:
            seen |= looks[v]
            assert len(better) == 1 or rule != "first"
            to = max(better, key=losses.__getitem__) if rule == "reluctant" else min(better, key=losses.__getitem__)
            assert descent.next[v] == to
            v, steps = to, steps + 1
        assert descent.next[v] == v
        assert looks[v] == neighbours[v]
        assert descent.steps[start] == steps
        assert descent.terminal[start] == v
        assert evaluations[start] == len(seen | looks[v])
        sizes[v] += 1
    assert descent.basin_sizes().tolist() == list(sizes.values())
    strict = [all(losses[u] > losses[v] for u in neighbours[v]) for v in neighbours]
    assert search.strict_minima(graph, losses).tolist() == strict


@given(st.one_of(hammings, tori, any_graphs()))
def test_factors_hold_the_closed_neighbourhoods(graph: Graph) -> None:
    left, right = graph.factors
    m = right.shape[1]
    assert len(left) * m == graph.n
    for v in range(graph.n):
        a, b = divmod(v, m)
        product = {int(c) * m + b for c in left[a]} | {a * m + int(d) for d in right[:, b]}
        assert product == {v, *graph.neighbours[v].tolist()}
    assert all((np.diff(table, axis=1) >= 0).all() for table in (left, right.T))


@given(all_landscapes, rules, generators)
def test_a_step_improves_and_the_terminal_cannot(landscape: Landscape, rule: str, rng: np.random.Generator) -> None:
    graph, losses = landscape
    descent = search.descend(graph, losses, rule, rng)
    for v in range(graph.n):
        better = reference.better_neighbours(graph, losses.tolist(), v)
        assert descent.next[v] in better if better else descent.next[v] == v
    for end in descent.terminal:
        assert reference.better_neighbours(graph, losses.tolist(), int(end)) == []


@given(all_landscapes, rules, generators)
def test_each_step_is_counted_once(landscape: Landscape, rule: str, rng: np.random.Generator) -> None:
    graph, losses = landscape
    descent = search.descend(graph, losses, rule, rng)
    moves = descent.next != np.arange(graph.n)
    assert np.array_equal(descent.steps[descent.next[moves]], descent.steps[moves] - 1)
    assert (descent.steps[~moves] == 0).all()
    assert np.array_equal(descent.terminal[descent.next], descent.terminal)
    assert np.array_equal(descent.terminal[~moves], np.flatnonzero(~moves))


@given(all_landscapes, rules, generators)
def test_basins_partition_the_starts(landscape: Landscape, rule: str, rng: np.random.Generator) -> None:
    graph, losses = landscape
    descent = search.descend(graph, losses, rule, rng)
    sizes = descent.basin_sizes()
    assert sizes.sum() == graph.n
    assert np.array_equal(np.flatnonzero(sizes), np.flatnonzero(descent.next == np.arange(graph.n)))


@given(all_landscapes, rules, st.integers(0, 2**32))
def test_evaluations_are_bounded_by_what_exists(landscape: Landscape, rule: str, seed: int) -> None:
    graph, losses = landscape
    descent = search.descend(graph, losses, rule, np.random.default_rng(seed))
    evaluations = descent.evaluations()
    assert (evaluations > descent.steps).all()
    assert (evaluations <= graph.n).all()
    stays = descent.next == np.arange(graph.n)
    assert np.array_equal(evaluations[stays], graph.degrees[stays] + 1)


@given(all_landscapes, rules, st.integers(0, 2**32), st.data())
def test_only_the_order_of_the_losses_matters(landscape: Landscape, rule: str, seed: int, data: st.DataObject) -> None:
    graph, losses = landscape
    ranks = np.unique(losses, return_inverse=True)[1]
    rises = data.draw(st.lists(st.integers(1, 9), min_size=graph.n, max_size=graph.n))
    other = np.cumsum(rises)[ranks] - 20.0
    before, after = (search.descend(graph, x, rule, np.random.default_rng(seed)) for x in (losses, other))
    assert np.array_equal(before.next, after.next)
    assert np.array_equal(before.evaluations(), after.evaluations())
    assert np.array_equal(search.strict_minima(graph, losses), search.strict_minima(graph, other))


@given(landscapes(hammings), rules, st.integers(0, 2**32))
def test_factors_and_neighbour_table_agree(landscape: Landscape, rule: str, seed: int) -> None:
    graph, losses = landscape
    wrapped = ExplicitGraph(graph.n, np.argwhere(np.triu(graph.adjacency.toarray())))
    a, b = (search.descend(g, losses, rule, np.random.default_rng(seed)) for g in (graph, wrapped))
    assert np.array_equal(a.next, b.next)
    assert np.array_equal(a.evaluations(), b.evaluations())
    assert np.array_equal(search.strict_minima(graph, losses), search.strict_minima(wrapped, losses))


@given(all_landscapes)
def test_strict_minima_are_independent_and_fixed(landscape: Landscape) -> None:
    graph, losses = landscape
    minima = np.flatnonzero(search.strict_minima(graph, losses))
    assert graph.adjacency[minima][:, minima].sum() == 0
    assert np.array_equal(search.descend(graph, losses).next[minima], minima)


@pytest.mark.parametrize("rule", ["steepest", "first", "reluctant"])
@settings(max_examples=30)
@given(landscape=all_landscapes, shift=st.integers(0, 100))
def test_renaming_the_vertices_renames_the_minima(rule: str, landscape: Landscape, shift: int) -> None:
    graph, losses = landscape
    new = np.random.default_rng(shift).permutation(graph.n)  # vertex v becomes new[v]
    edges = np.argwhere(np.triu(graph.adjacency.toarray()))
    renamed, moved = ExplicitGraph(graph.n, new[edges]), np.empty(graph.n)
    moved[new] = losses
    assert np.array_equal(search.strict_minima(renamed, moved)[new], search.strict_minima(graph, losses))
    here, there = (search.descend(g, x, rule, np.random.default_rng(0)) for g, x in ((graph, losses), (renamed, moved)))
    assert np.array_equal(there.next[new] == new, here.next == np.arange(graph.n))
