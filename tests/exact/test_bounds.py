"""Bounds where they are sharp, against enumeration, and against simulated noise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from simulations import search
from simulations.landscapes import gaussian
from theory import bounds
from theory.chains import Chain, adaptive_walk, fresh_noise
from theory.correlations import Correlation
from theory.graphs import ExplicitGraph, Graph, Hamming, RandomRegular, complete, cycle, hypercube, parse_graph
from theory.hitting import evaluations, sample_descend

BULL = ExplicitGraph(5, np.array([(0, 1), (1, 2), (0, 2), (1, 3), (2, 4)]))
ONES = np.array([bin(v).count("1") for v in range(64)], dtype=float)


def path(n: int) -> Graph:
    return ExplicitGraph(n, np.array([(v, v + 1) for v in range(n - 1)]))


def field(graph: Hamming, c: float, seed: int) -> np.ndarray:
    return gaussian(graph, Correlation.geometric(c, len(graph.radices)), np.random.default_rng(seed))


def test_the_best_number_of_samples_is_near_the_root() -> None:
    for text in ("hamming:5^6", "hypercube:10", "complete:50"):
        graph = parse_graph(text)
        best = bounds.sample_descend(graph)
        assert best.samples == pytest.approx(math.sqrt(graph.degree * graph.n), rel=0.2)
        assert best.value == pytest.approx(best.samples + graph.degree * (graph.n + 1) / (best.samples + 1))
    assert bounds.sample_descend(ExplicitGraph(1, np.empty((0, 2)))) == (1.0, 1)


def test_sampling_then_descent_can_need_all_that_the_bound_says() -> None:
    graph = path(40)  # monotone: after the best sample all better vertices are visited, one new neighbour a step
    exact = sample_descend(graph, np.arange(40.0), 3)
    bound = 3 + 2 * 41 / 4
    assert exact < bound < 2.3 * exact
    assert evaluations(graph, np.arange(40.0))[-1] == 40


def test_levels_are_exact_for_coupons() -> None:
    walk = adaptive_walk(hypercube(6), ONES, "proposals")
    exact = walk.summary().value
    levels = bounds.fitness_levels(walk)
    assert levels.high == pytest.approx(exact, rel=1e-12)
    assert np.cumsum([1, *(math.comb(6, k) for k in range(1, 6))]).tolist() == list(levels.high_levels)
    assert 0.6 * exact < levels.low < exact


def test_levels_are_exact_where_each_is_visited() -> None:
    walk = adaptive_walk(path(9), np.arange(9.0), "proposals")
    assert bounds.fitness_levels(walk).high == pytest.approx(walk.summary().value)
    assert bounds.levels(path(9), np.arange(9.0)) == bounds.fitness_levels(walk)


def test_levels_that_are_skipped_need_visit_probabilities() -> None:
    """On the complete graph steepest descent takes one step, however many levels there are."""
    walk = adaptive_walk(complete(6), np.arange(6.0), "steepest")
    found = bounds.fitness_levels(walk)
    assert found.low == found.high == pytest.approx(5 / 6)


def test_levels_of_large_landscapes_are_cut_where_they_must_be() -> None:
    graph = hypercube(9)
    walk = adaptive_walk(graph, field(graph, 0.6, 0), "proposals")
    assert walk.target.sum() + bounds.CUTS < graph.n
    found = bounds.fitness_levels(walk)
    assert 0 < found.low < walk.summary().value < found.high < math.inf


def test_levels_by_enumeration_of_all_partitions() -> None:
    walk = adaptive_walk(BULL, np.array([0.3, 0.1, 0.9, 0.0, 0.5]), "proposals")
    P, rank, first = walk.moves.toarray(), walk.rank, int(walk.target.sum())
    P = P[np.ix_(np.argsort(rank), np.argsort(rank))]
    highs, lows = [], []
    for code in range(2 ** (5 - first - 1)):
        cuts = [first, *(first + 1 + i for i in range(5 - first - 1) if code >> i & 1), 5]
        high = low = 0.0
        for i, j in itertools.pairwise(cuts):
            leave = P[i:j, :i].sum(axis=1)
            shares = [P[v, i:j].sum() / P[v, :j].sum() for v in range(j, 5) if P[v, :j].sum() > 0]
            high += (5 - i) / 5 / leave.min() if leave.min() > 0 else math.inf
            low += min([*shares, (j - i) / j]) / leave.max()
        highs.append(high)
        lows.append(low)
    levels = bounds.fitness_levels(walk)
    assert levels.high == pytest.approx(min(highs))
    assert levels.low == pytest.approx(max(lows))


def test_levels_of_a_walk_that_is_stuck_and_of_one_that_is_there() -> None:
    stuck = adaptive_walk(cycle(4), np.array([0.0, 2, 1, 3]))
    elsewhere = Chain(stuck.neighbours, stuck.log_moves, stuck.losses, np.arange(4) == 0)
    assert bounds.fitness_levels(elsewhere).high == math.inf
    there = bounds.fitness_levels(adaptive_walk(cycle(4), np.zeros(4)))
    assert there == (0.0, 0.0, (), ())


def test_drift_of_the_exact_time_is_one() -> None:
    chain = fresh_noise(hypercube(5), field(hypercube(5), 0.5, 1), 0.7)
    exact = chain.summary().value
    for kind in ("additive", "variable"):
        found = bounds.drift(chain, np.exp(chain.log_times), kind)
        assert found.high == pytest.approx(exact, rel=1e-9)
    assert bounds.drift(chain, np.exp(chain.log_times), "additive").low == pytest.approx(exact, rel=1e-9)


def test_multiplicative_drift_of_coupons_is_the_classical_bound() -> None:
    """X coupons of 6 are missing: Δ = X/6, so E[T | X] ≤ 6 (1 + ln X); variable drift gives 6 H_X, which is exact."""
    walk = adaptive_walk(hypercube(6), ONES, "proposals")
    multiplicative, variable = (bounds.drift(walk, ONES, kind) for kind in ("multiplicative", "variable"))
    logs = [6 * (1 + math.log(x)) if x else 0.0 for x in ONES]
    assert multiplicative.high == pytest.approx(np.mean(logs))
    assert variable.high == pytest.approx(walk.summary().value)
    assert multiplicative.low < walk.summary().value
    classical = np.mean([6 * (1 + sum(1 / y for y in range(2, int(x) + 1))) if x else 0 for x in ONES])
    assert variable.low == pytest.approx(classical, rel=0.5)
    assert variable.low > bounds.drift(walk, ONES, "additive").low


def test_drift_is_computed_by_hand_on_a_path() -> None:
    walk = adaptive_walk(path(4), np.array([0.0, 1.0, 3.0, 4.0]), "proposals")  # moves down w.p. 1/2, from the end 1
    V = walk.losses  # Δ = 1/2, 1, 1
    assert bounds.drift(walk, V, "additive") == (2.0, 4.0, 2, 1)
    assert bounds.drift(walk, V, "multiplicative").high == pytest.approx((3 + math.log(12)) / 4 / (1 / 4))
    found = bounds.drift(walk, V, "variable")  # above h = 1/2 on (0,1], 1 on (1,4]; below 1/2 on [0,1), 1 after
    assert found.high == pytest.approx((2 + 4 + 5) / 4)
    assert found.low == pytest.approx((2 + 4 + 5) / 4)
    assert walk.summary().value == pytest.approx((2 + 4 + 5) / 4)


def test_steps_up_need_the_positive_part_of_the_drift() -> None:
    """0 – 1 – 2 with P(1→0) = 0.5, P(1→2) = 0.4: with Δ for Δ⁺ the bound would be (10+11)/3; the time is 6.6/3."""
    graph = path(3)
    moves = np.log(np.array([[0.3, 0.7], [0.5, 0.4], [1.0, 1e-300]]))
    moves[[0, 2], 1] = -np.inf
    chain = Chain(graph.neighbours, moves, np.arange(3.0), np.arange(3) == 0)
    exact = chain.summary().value
    assert exact == pytest.approx((2.8 + 3.8) / 3)
    assert bounds.drift(chain, np.arange(3.0)).low == pytest.approx((2 + 3) / 3)


def test_drift_of_the_loss_is_that_of_the_chain() -> None:
    losses = np.array([3.0, 1.0, 2.5, 4.0, 1.5])
    for kind in bounds.KINDS:
        chain = fresh_noise(BULL, losses, 0.7)
        assert bounds.loss_drift(BULL, losses, 0.7, kind) == bounds.drift(chain, losses - 1, kind)


def test_drift_that_is_not_positive_bounds_nothing_from_above() -> None:
    graph = cycle(6)
    losses = np.array([0.0, 3, 1, 2, 4, 5])
    chain = fresh_noise(graph, losses, 0.5)
    for kind in bounds.KINDS:
        found = bounds.drift(chain, losses, kind)
        assert found.high == math.inf
        assert found.slowest == 2  # the local minimum
        assert 0 < found.low <= chain.summary().value
    frozen = adaptive_walk(cycle(4), np.array([0.0, 2, 1, 3]))
    nowhere = Chain(frozen.neighbours, np.full_like(frozen.log_moves, -np.inf), frozen.losses, np.arange(4) == 0)
    for kind in bounds.KINDS:
        assert bounds.drift(nowhere, nowhere.losses, kind)[:2] == (math.inf, math.inf)
    there = adaptive_walk(cycle(4), np.zeros(4))
    assert bounds.drift(there, np.zeros(4)) == (0.0, 0.0, -1, -1)


def test_known_query_bounds_grow_as_stated() -> None:
    small, large = (bounds.query(hypercube(d)) for d in (12, 24))
    growth = [b.value / a.value for a, b in zip(small.known, large.known, strict=True)]
    assert growth == pytest.approx([2**6, 2**6 / 4, 2**6 * 2**0.5, 2**3 / 2, 2**4 * 2 ** (1 / 6)])
    assert small.value == small.known[2].value
    assert {bound.source for bound in small.known} == {"Aldous 1983", "Aaronson 2006", "Zhang 2009"}


def test_flips_of_two_vertices_are_exact() -> None:
    for sigma in (0.1, 1.0, 30.0):
        chance = float(ndtr(-1 / (sigma * math.sqrt(2))))
        found = bounds.flip(complete(2), np.array([0.0, 1.0]), sigma)
        assert (found.value, found.all_edges) == pytest.approx((chance, chance), rel=1e-12)
        assert found.edge == (0, 1)


def test_deciding_edges_by_hand() -> None:
    """Minima 0 and 3 of a path: their edges decide, and the edge from 4 to 3, its best; not the one from 4 to 5."""
    losses = np.array([0.0, 5.0, 6.0, 1.0, 9.0, 10.0, 8.0])
    graph = path(7)
    sigma = 2.0
    gaps = {(0, 1): 5, (2, 3): 5, (3, 4): 8, (4, 5): 1, (5, 6): 2, (1, 2): 1}
    deciding = [(0, 1), (2, 3), (3, 4), (5, 6)]
    found = bounds.flip(graph, losses, sigma)
    assert found.value == pytest.approx(sum(ndtr(-gaps[e] / (sigma * math.sqrt(2))) for e in deciding))
    assert found.all_edges == pytest.approx(sum(ndtr(-gap / (sigma * math.sqrt(2))) for gap in gaps.values()))
    assert found.edge == (5, 6)
    assert bounds.flip(graph, losses, 0.0) == (0.0, 0.0, (5, 6))
    assert bounds.flip(ExplicitGraph(2, np.empty((0, 2))), np.zeros(2), 1.0) == (0.0, 0.0, (-1, -1))


@pytest.mark.parametrize("sigma", [0.03, 0.05, 0.1])
def test_simulated_noise_changes_the_minima_no_more_often(sigma: float) -> None:
    """2,000 landscapes with noise: the bound holds to 4 standard errors, and is less than three times too large."""
    graph, rng, draws = hypercube(6), np.random.default_rng(3), 2000
    losses = field(graph, 0.7, 9)
    truth = search.strict_minima(graph, losses)
    noisy = losses + sigma * rng.standard_normal((draws, graph.n))
    changed = np.mean([(search.strict_minima(graph, row) != truth).any() for row in noisy])
    bound = bounds.flip(graph, losses, sigma).value
    assert changed <= bound + 4 * math.sqrt(bound * (1 - min(bound, 0.99)) / draws)
    assert bound < 3 * changed


def test_enough_evaluations_preserve_the_minima() -> None:
    losses = np.array([0.0, 1.0])
    for delta in (0.2, 0.01, 1e-6):
        k = bounds.preserve(complete(2), losses, 1.0, delta)
        assert k.value == math.ceil(2 * ndtri(delta) ** 2)
        assert k.failure <= delta
    graph = hypercube(6)
    landscape = field(graph, 0.7, 9)
    k = bounds.preserve(graph, landscape, 0.5, 0.05)
    assert bounds.flip(graph, landscape, 0.5 / math.sqrt(k.value)).value == pytest.approx(k.failure)
    assert k.failure <= 0.05 < bounds.flip(graph, landscape, 0.5 / math.sqrt(k.value - 1)).value
    assert k.edge == bounds.flip(graph, landscape, 0.5).edge


def test_ties_cannot_be_preserved() -> None:
    ring = np.array([0.0, 1, 0, 1])
    assert bounds.preserve(cycle(4), ring, 1.0, 0.05).value < math.inf
    flat = np.array([0.0, 0, 1, 1])
    assert bounds.preserve(cycle(4), flat, 1.0, 0.05).value == math.inf
    assert bounds.preserve(cycle(4), flat, 0.0, 0.05) == (1.0, 0.0, (0, 1))


def test_bad_input_is_named() -> None:
    losses, walk = np.arange(5.0), adaptive_walk(BULL, np.arange(5.0))
    with pytest.raises(ValueError, match="not better"):
        bounds.fitness_levels(fresh_noise(BULL, losses, 1.0))
    with pytest.raises(ValueError, match="kind: 'linear' is unknown"):
        bounds.drift(walk, walk.losses, "linear")
    for potential in (losses[:3], losses + 1, -losses, np.where(losses > 3, np.nan, losses), np.zeros(5)):
        with pytest.raises(ValueError, match="potential"):
            bounds.drift(walk, potential)
    with pytest.raises(ValueError, match="not a hypercube"):
        bounds.query(Hamming((3, 3)))
    with pytest.raises(ValueError, match="losses"):
        bounds.flip(BULL, losses[:4], 1.0)
    with pytest.raises(ValueError, match="losses"):
        bounds.preserve(BULL, np.where(losses > 3, np.inf, losses), 1.0, 0.1)
    for sigma in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="sigma"):
            bounds.flip(BULL, losses, sigma)
    for delta in (0.0, 1.0, np.nan):
        with pytest.raises(ValueError, match="delta"):
            bounds.preserve(BULL, losses, 1.0, delta)
    with pytest.raises(ValueError, match="draw one graph"):
        bounds.flip(RandomRegular(10, 3), np.arange(10.0), 1.0)


@pytest.mark.parametrize("text", ["hypercube:1", "hypercube:9", "complete:7", "cycle:9", "torus:3x5", "hamming:2x3x7"])
def test_the_best_number_of_samples_is_that_of_a_search(text: str) -> None:
    graph = parse_graph(text)
    bounds_by_samples = [m + graph.degree * (1 + (graph.n - m) / (m + 1)) for m in range(1, graph.n + 1)]
    found = bounds.sample_descend(graph)
    assert found.value == pytest.approx(min(bounds_by_samples))
    assert bounds_by_samples[found.samples - 1] == found.value


def test_bounds_of_graphs_too_large_to_store() -> None:
    """Near 2√(sn) + s where n is 10^18."""
    huge = parse_graph("hamming:8^20")
    assert bounds.sample_descend(huge).value == pytest.approx(2 * math.sqrt(140 * huge.n), rel=1e-6)
    assert huge.size == 70 * huge.n
