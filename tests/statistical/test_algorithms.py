"""Laws of search with a budget. Each test states its power; the seeds are fixed, so that a test that has passed keeps
passing until the code changes."""

from __future__ import annotations

import math
from collections import Counter
from functools import partial

import numpy as np
import pytest
from scipy import stats

from simulations import landscapes, search
from simulations.algorithms import (
    Algorithm,
    Evaluations,
    GaussianNoise,
    Noisy,
    Resampled,
    descend,
    local_search,
    memoryless_search,
    neighbourhood,
    run,
)
from simulations.baselines import evolution, random_search, tpe
from theory import bounds, chains, hitting
from theory.correlations import Correlation
from theory.graphs import Graph, Hamming, complete, cycle, hypercube

FALSE_ALARM = 1e-4
"""Of every test below."""

WITHOUT_REPEATS: dict[str, Algorithm] = {
    "steepest": local_search,
    "first": partial(local_search, rule="first"),
    "reluctant": partial(local_search, rule="reluctant"),
    "steepest, continued": partial(local_search, stop_at_minimum=False),
    "first, continued": partial(local_search, rule="first", stop_at_minimum=False),
    "reluctant, 4 samples": partial(local_search, rule="reluctant", samples=4),
    "random": random_search,
    "evolution": partial(evolution, population=4, sample=2),
}


def places_of_the_optimum(algorithm: Algorithm, graph: Graph, sigma: float, trials: int) -> np.ndarray:
    """At which evaluation, 1, 2, …, the optimum of iid losses is found, shape (trials,)."""
    rng, found = np.random.default_rng(1), []
    for _ in range(trials):
        noisy = GaussianNoise(landscapes.iid(graph, rng), sigma)
        vertices = run(algorithm, graph, noisy, graph.n, rng, rng).vertex
        found.append(1 + int(np.flatnonzero(vertices == noisy.true.argmin())[0]))
    return np.array(found)


def uniform(places: np.ndarray, n: int) -> float:
    """p-value of Pearson's test that the places 1..n are equally likely."""
    return float(stats.chisquare(np.bincount(places - 1, minlength=n)).pvalue)


# All orders of iid losses are as likely whatever was seen, so the optimum is at any place with probability 1/n, and
# the mean is (n+1)/2 (`restart.exchangeable`), noise or not. 2,000 landscapes of n = 12: one place of the optimum being
# 1.65 times as likely as the others, or a mean that is off by 0.45, is caught with probability above 0.95
@pytest.mark.parametrize("sigma", [0.0, 1.0])
@pytest.mark.parametrize("name", WITHOUT_REPEATS)
def test_no_algorithm_without_repeats_beats_another_on_iid_losses(name: str, sigma: float) -> None:
    graph = Hamming((4, 3))
    places = places_of_the_optimum(WITHOUT_REPEATS[name], graph, sigma, 2000)
    assert uniform(places, graph.n) > FALSE_ALARM / 2
    error = math.sqrt((graph.n**2 - 1) / 12 / len(places))
    assert abs(places.mean() - hitting.exchangeable(graph)) < stats.norm.isf(FALSE_ALARM / 4) * error


# As above, 300 landscapes of n = 8: a place that is 2.5 times as likely is caught with probability above 0.95
def test_neither_does_tpe() -> None:
    assert uniform(places_of_the_optimum(tpe, hypercube(3), 0.0, 300), 8) > FALSE_ALARM


# The negative control: knowing the truth in one of eight searches is found out
def test_an_algorithm_that_knows_the_truth_is_found_out() -> None:
    def cheat(graph: Graph, observe: Evaluations, rng: np.random.Generator) -> None:
        if rng.random() < 1 / 8:
            observe(int(observe.noisy.true.argmin()))
        local_search(graph, observe, rng)

    assert uniform(places_of_the_optimum(cheat, Hamming((4, 3)), 0.0, 2000), 12) < FALSE_ALARM


def evaluations_of_a_descent(
    graph: Graph, losses: np.ndarray, samples: int, rule: str, rng: np.random.Generator
) -> tuple[int, int]:
    """Evaluations of random samples, then of a descent from the best; with those counted twice if it looks again."""
    observe = Evaluations(graph, GaussianNoise(losses), graph.n, rng)
    starts = rng.choice(graph.n, size=samples, replace=False).tolist()
    start, expanded = min(starts, key=observe), set[int]()
    descend(graph, observe, rng, start, rule, expanded)
    around = {u for v in expanded for u in neighbourhood(graph, v)} | {start}
    return len(observe.vertices), samples + len(around) - 1


# 2,000 searches: a mean that is off by 4 % is caught with probability above 0.95
@pytest.mark.parametrize("samples", [1, 8, bounds.sample_descend(hypercube(7)).samples])
def test_samples_and_a_descent_cost_what_is_expected_and_no_more_than_the_bound(samples: int) -> None:
    graph, rng = hypercube(7), np.random.default_rng(2)
    losses = landscapes.gaussian(graph, Correlation.geometric(0.5, 7), rng)
    distinct, again = np.array(
        [evaluations_of_a_descent(graph, losses, samples, "steepest", rng) for _ in range(2000)]
    ).T
    error = again.std(ddof=1) / math.sqrt(len(again))
    assert abs(again.mean() - hitting.sample_descend(graph, losses, samples)) < stats.norm.isf(FALSE_ALARM / 2) * error
    assert (distinct <= again).all()
    assert distinct.mean() <= samples + graph.degree * (1 + (graph.n - samples) / (samples + 1))  # `bounds`


# 2,000 searches from all starts against 60 functional graphs: 6 % is caught with probability above 0.95
def test_first_improvement_costs_what_the_functional_graph_says() -> None:
    graph, rng = Hamming((4, 4, 4)), np.random.default_rng(3)
    losses = landscapes.gaussian(graph, Correlation.geometric(0.6, 3), rng)
    ours = np.array([evaluations_of_a_descent(graph, losses, 1, "first", rng)[0] for _ in range(2000)])
    theirs = np.array([search.descend(graph, losses, "first", rng).evaluations().mean() for _ in range(60)])
    error = math.hypot(stats.sem(ours), stats.sem(theirs))
    assert abs(ours.mean() - theirs.mean()) < stats.norm.isf(FALSE_ALARM / 2) * error


# 20,000 moves: a probability of 0.4 that is off by 0.07 is caught with probability above 0.95 at vertices that are
# visited 2,000 times; 0.15 at the rarest
@pytest.mark.parametrize("graph", [hypercube(3), cycle(7)], ids=str)
def test_memoryless_search_is_the_chain_of_the_theory(graph: Graph) -> None:
    losses, sigma = np.random.default_rng(4).standard_normal(graph.n) / 3, 0.8
    block, moves = graph.degree + 1, 20_000
    rngs = np.random.default_rng(5), np.random.default_rng(6)
    found = run(memoryless_search, graph, GaussianNoise(losses, sigma), block * moves, *rngs, fresh=True)
    blocks = np.arange(moves), found.observed.reshape(moves, block).argmin(axis=1)
    walk = found.vertex.reshape(moves, block)[blocks]
    chain = chains.fresh_noise(graph, losses, sigma)
    stays = 1 - chain.moves.sum(axis=1)
    for v in np.flatnonzero(~chain.target):  # the chain of the theory stops at its target
        around, after = neighbourhood(graph, int(v)), walk[1:][walk[:-1] == v]
        assert set(after) <= {v, *around}
        counts = np.bincount(after, minlength=graph.n)[[v, *around]]
        expected = len(after) * np.array([stays[v], *(chain.moves[v, u] for u in around)])
        assert expected.min() > 5
        assert stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), len(around)) > FALSE_ALARM / graph.n


# 4,000 evaluations each: a distribution function that is off by 0.06 is caught with probability above 0.99
@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("average", [1, 4])
def test_noise_is_normal_with_the_standard_deviation_of_its_vertex(average: int, fresh: bool) -> None:
    n, rng = 4000, np.random.default_rng(7)
    true, sigma = rng.standard_normal(n), rng.uniform(0.1, 3, n)
    observe = Evaluations(complete(n), GaussianNoise(true, sigma, average), n, rng, fresh)
    observed = np.array([observe(v) for v in range(n)])
    assert stats.kstest((observed - true) * math.sqrt(average) / sigma, "norm").pvalue > FALSE_ALARM


# 6,000 draws: a seed drawn 1.2 times as often as the others is caught with probability above 0.95
@pytest.mark.parametrize("fresh", [False, True])
def test_recorded_seeds_are_equally_likely(fresh: bool) -> None:
    table = np.array([[0.0, 1.0, 2.0], [0.0, np.nan, 2.0]])
    noisy: Noisy = Resampled(np.repeat(table, 6000, axis=0))
    observe = Evaluations(complete(12_000), noisy, 12_000, np.random.default_rng(8), fresh)
    observed = np.array([observe(v) for v in range(12_000)])
    three, two = np.bincount(observed[:6000].astype(int)), np.bincount(observed[6000:].astype(int))
    assert stats.chisquare(three).pvalue > FALSE_ALARM / 2
    assert stats.binomtest(int(two[0]), 6000).pvalue > FALSE_ALARM / 2
    assert two[1] == 0


# 3,000 runs: the first neighbour of each row being 1.5 times as likely is caught with probability above 0.95
@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("name", ["steepest", "first", "reluctant", "evolution"])
def test_the_neighbour_evaluated_first_is_uniform(name: str, fresh: bool) -> None:
    graph, noisy, rng = Hamming((3, 2, 2)), GaussianNoise(np.zeros(12)), np.random.default_rng(9)
    algorithm = partial(evolution, population=1) if name == "evolution" else WITHOUT_REPEATS[name]
    pairs = np.array([run(algorithm, graph, noisy, 2, rng, rng, fresh).vertex for _ in range(3000)])
    counts = Counter(map(tuple, pairs.tolist()))
    assert set(counts) == {(v, u) for v in range(graph.n) for u in neighbourhood(graph, v)}
    assert stats.chisquare(list(counts.values())).pvalue > FALSE_ALARM
