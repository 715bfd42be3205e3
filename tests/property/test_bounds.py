"""What exact times, their bounds, and bounds under noise obey on every small landscape."""

from __future__ import annotations

import math
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy.special import ndtr

from tests import strategies
from theory import bounds, chains, hitting
from theory.chains import adaptive_walk, fresh_noise
from theory.graphs import ExplicitGraph, Graph

Landscape = tuple[Graph, np.ndarray]
SLACK = 1 + 1e-9  # rounding; the times are proven to 1e-9


@st.composite
def all_landscapes(draw: st.DrawFn) -> Landscape:
    graph = draw(strategies.graphs(20))
    return graph, np.array(draw(strategies.landscapes(graph.n)))


landscapes = all_landscapes()
rules = st.sampled_from(chains.RULES)
kinds = st.sampled_from(bounds.KINDS)
relative = st.floats(-2, 1).map(lambda power: 10.0**power)  # noise in standard deviations of the losses


def scale(losses: np.ndarray) -> float:
    """Their standard deviation, or 1 where they are equal."""
    return float(losses.std()) or 1.0


def reachable(graph: Graph, losses: np.ndarray) -> np.ndarray:
    """Whether a path leads to the optimum."""
    found = losses == losses.min()
    while (wider := found | (graph.adjacency @ found > 0)).sum() > found.sum():
        found = wider
    return found


@given(landscapes, st.floats(-6, 6).map(lambda power: 10.0**power))
def test_the_observed_best_is_one_of_the_closed_neighbourhood(landscape: Landscape, sigma: float) -> None:
    graph, losses = landscape
    here = np.arange(graph.n)[:, None]
    padded = np.where(graph.neighbours == here, graph.n, graph.neighbours)
    scaled = np.append((losses - losses.min()) / (sigma * scale(losses)), np.inf)
    log_p = chains._log_best(np.concatenate([here, padded], axis=1), scaled)
    far = max(scaled[:-1].max(), 1)  # rounding of the exponents, of the size of the square of the largest difference
    assert np.exp(log_p).sum(axis=1) == pytest.approx(np.ones(graph.n), abs=1e-12 + 1e-15 * far)


@given(landscapes, relative)
def test_the_better_is_the_likelier(landscape: Landscape, sigma: float) -> None:
    graph, losses = landscape
    chain = fresh_noise(graph, losses, sigma * scale(losses))
    for v in np.flatnonzero(~chain.target):
        real = chain.log_moves[v] > -np.inf
        order = np.argsort(losses[graph.neighbours[v][real]])
        assert (np.diff(chain.log_moves[v][real][order]) <= 1e-9).all()


@given(landscapes)
def test_noise_without_end_is_blind(landscape: Landscape) -> None:
    graph, losses = landscape
    chain = fresh_noise(graph, losses, 1e9 * scale(losses))
    free = ~chain.target
    real = chain.log_moves[free] > -np.inf
    blind = -np.log(graph.degrees[free] + 1.0)[:, None]
    assert np.abs(np.where(real, chain.log_moves[free] - blind, 0.0)).max(initial=0) < 1e-6
    assert real.sum() == graph.degrees[free].sum()


@given(landscapes)
def test_next_to_no_noise_is_steepest_descent(landscape: Landscape) -> None:
    graph, losses = landscape
    distinct = np.unique(losses, return_inverse=True)[1] + np.arange(graph.n) / graph.n
    chain, descent = fresh_noise(graph, distinct, 1e-4), adaptive_walk(graph, distinct, "steepest")
    free = ~chain.target & ~descent.target
    assert chain.moves[free].toarray() == pytest.approx(descent.moves[free].toarray(), abs=1e-12)


@given(landscapes, st.floats(-3, 2).map(lambda power: 10.0**power))
def test_times_are_finite_where_a_path_leads_to_the_optimum(landscape: Landscape, sigma: float) -> None:
    graph, losses = landscape
    chain = fresh_noise(graph, losses, sigma * scale(losses))
    connected = reachable(graph, losses)
    assert np.array_equal(chain.log_times < np.inf, connected)
    assert (chain.log_times[connected & ~chain.target] >= -1e-9).all()
    answer = chain.summary()
    assert (answer.log10 == np.inf) == (not connected.all())
    assert (answer.note == "") == (answer.value < np.inf)


@given(landscapes, relative)
def test_occupation_and_distribution_sum_to_the_mean(landscape: Landscape, sigma: float) -> None:
    graph, losses = landscape
    chain = fresh_noise(graph, losses, sigma * scale(losses))
    found = chain.reached(30)
    assert (np.diff(found) >= 0).all()
    assert found[0] == pytest.approx(chain.target.mean())
    assert found[-1] <= 1 + 1e-12
    answer = chain.summary()
    assert (1 - found).sum() <= answer.value * SLACK + 1e-9
    if answer.log10 < np.inf:
        log_sum = chains.log_mean(chain.log_occupation) + math.log(graph.n)
        assert log_sum == pytest.approx(chains.log_mean(chain.log_times), abs=1e-8)


@given(landscapes, relative, st.integers(0, 2**32))
def test_times_do_not_depend_on_names_and_units(landscape: Landscape, sigma: float, seed: int) -> None:
    graph, losses = landscape
    sigma *= scale(losses)
    rng = np.random.default_rng(seed)
    new = rng.permutation(graph.n)  # vertex v becomes new[v]
    renamed, moved = ExplicitGraph(graph.n, new[np.argwhere(np.triu(graph.adjacency.toarray()))]), np.empty(graph.n)
    moved[new] = 3 * losses - 7
    here, there = fresh_noise(graph, losses, sigma).log_times, fresh_noise(renamed, moved, 3 * sigma).log_times[new]
    finite = np.isfinite(here)
    assert there[finite] == pytest.approx(here[finite], rel=1e-8, abs=1e-8)
    assert np.array_equal(there[~finite], here[~finite])


@settings(max_examples=200)
@given(landscapes, rules)
def test_levels_enclose_the_time(landscape: Landscape, rule: str) -> None:
    walk = adaptive_walk(*landscape, rule)
    found, exact = bounds.fitness_levels(walk), walk.summary().value
    assert found.low <= exact * SLACK
    assert exact <= found.high * SLACK
    for levels in (found.low_levels, found.high_levels):
        assert levels[:1] == (int(walk.target.sum()),)[: len(levels)]
        assert list(levels) == sorted(set(levels))


@given(landscapes, rules)
def test_levels_to_the_optimum_enclose_the_time(landscape: Landscape, rule: str) -> None:
    graph, losses = landscape
    walk = replace(adaptive_walk(graph, losses, rule), target=losses == losses.min())
    found, exact = bounds.fitness_levels(walk), walk.summary().value
    assert found.low <= exact * SLACK
    assert exact <= found.high * SLACK


def potentials(walk: chains.Chain, choice: int) -> np.ndarray:
    """Potentials of a noise-free walk: the longest and the mean path, the rank, and one of no meaning."""
    steps = np.exp(replace(walk, log_moves=np.where(walk.log_moves > -np.inf, 0.0, -np.inf)).log_leave)
    candidates = [
        np.where(walk.target, 0.0, np.exp(walk.log_times)),
        np.where(walk.target, 0.0, 1.0 + walk.rank),
        np.where(walk.target, 0.0, 1.0 + steps),
        np.where(walk.target, 0.0, 1.0 + np.random.default_rng(choice).random(len(walk.rank))),
    ]
    return candidates[choice]


@settings(max_examples=200)
@given(landscapes, rules, kinds, st.integers(0, 3))
def test_drift_encloses_the_time_of_a_walk(landscape: Landscape, rule: str, kind: str, choice: int) -> None:
    walk = adaptive_walk(*landscape, rule)
    found, exact = bounds.drift(walk, potentials(walk, choice), kind), walk.summary().value
    assert found.low <= exact * SLACK
    assert exact <= found.high * SLACK


@settings(max_examples=200)
@given(landscapes, relative, kinds, st.floats(0.8, 1.25))
def test_drift_encloses_the_time_under_noise(landscape: Landscape, sigma: float, kind: str, factor: float) -> None:
    graph, losses = landscape
    sigma *= scale(losses)
    chain, exact = fresh_noise(graph, losses, sigma), hitting.hitting(graph, losses, sigma).value
    found = bounds.drift(chain, losses - losses.min(), kind)
    assert found.low <= exact * SLACK
    assert exact <= found.high * SLACK
    similar = fresh_noise(graph, losses, factor * sigma).log_times
    if exact < 1e6 and (similar < 40).all():
        found = bounds.drift(chain, np.exp(similar), kind)
        assert found.low <= exact * 1.000001
        assert exact <= found.high * 1.000001


@given(landscapes, rules, st.integers(0, 3))
def test_variable_drift_is_the_best_of_its_kind(landscape: Landscape, rule: str, choice: int) -> None:
    walk = adaptive_walk(*landscape, rule)
    V = potentials(walk, choice)
    additive, multiplicative, variable = (bounds.drift(walk, V, kind) for kind in bounds.KINDS)
    assert variable.high <= min(additive.high, multiplicative.high) * SLACK
    improves = (walk.moves.multiply(V[:, None] - V[None] < 0)).nnz == 0
    assert not improves or variable.low >= additive.low / SLACK


@given(landscapes, st.data())
def test_sampling_then_descent_stays_below_its_bound(landscape: Landscape, data: st.DataObject) -> None:
    graph, losses = landscape
    m = data.draw(st.integers(1, graph.n))
    s = int(graph.degrees.max())
    assert hitting.sample_descend(graph, losses, m) <= (m + s * (1 + (graph.n - m) / (m + 1))) * SLACK
    best = bounds.sample_descend(graph)
    assert best.value <= m + s * (1 + (graph.n - m) / (m + 1))
    assert hitting.sample_descend(graph, losses, best.samples) <= best.value * SLACK


@given(landscapes)
def test_restarts_cost_no_less_than_a_run(landscape: Landscape) -> None:
    restart = hitting.wald(*landscape)
    walk = hitting.descent(*landscape, "steepest")
    assert 0 < restart.success <= 1
    assert restart.success == pytest.approx(walk.success)
    assert restart.run >= 1 + walk.value
    assert restart.value >= restart.run * (1 - 1e-12)


@given(landscapes, relative, st.floats(1, 3))
def test_flips_grow_with_noise(landscape: Landscape, sigma: float, more: float) -> None:
    graph, losses = landscape
    sigma *= scale(losses)
    less, much = bounds.flip(graph, losses, sigma), bounds.flip(graph, losses, more * sigma)
    assert 0 <= less.value <= much.value <= 1
    assert less.value <= less.all_edges + 1e-12
    assert less.all_edges <= graph.size / 2 + 1e-12
    if less.edge != (-1, -1):
        gap = abs(losses[less.edge[0]] - losses[less.edge[1]])
        assert less.value >= ndtr(-gap / (sigma * math.sqrt(2))) * (1 - 1e-12)


@given(landscapes, relative, st.sampled_from([0.5, 0.1, 1e-3]))
def test_one_evaluation_less_would_not_do(landscape: Landscape, sigma: float, delta: float) -> None:
    graph, losses = landscape
    sigma *= scale(losses)
    k = bounds.preserve(graph, losses, sigma, delta)
    assert (k.value == math.inf) == (k.failure > delta)
    if k.value < math.inf:
        assert bounds.flip(graph, losses, sigma / math.sqrt(k.value)).value == pytest.approx(k.failure, rel=1e-9)
        one_less = sigma / math.sqrt(k.value - 1) if k.value > 1 else math.inf
        assert one_less == math.inf or bounds.flip(graph, losses, one_less).value > delta
    assert bounds.preserve(graph, losses, sigma / 2, delta).value <= k.value
