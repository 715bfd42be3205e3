"""Laws of random graphs, walks and neighbours by sampling. Each test states its false-alarm rate and its power; the
seeds are fixed, so that a test that has passed keeps passing until the code changes."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from simulations import landscapes, search, tasks, trees
from simulations.campaign import run
from simulations.tasks import Task
from theory import reference
from theory.graphs import ErdosRenyi, ExplicitGraph, Graph, RandomRegular, complete, hypercube
from theory.laws import (
    AR1Kernel,
    Kernel,
    Law,
    LipschitzKernel,
    Normal,
    TruncatedNormal,
    TruncatedNormalKernel,
    Uniform,
    UniformKernel,
)

FALSE_ALARM = 1e-4
"""Of every test below."""


def edges_of(graph: Graph, rng: np.random.Generator) -> list[tuple[int, int]]:
    drawn = landscapes.draw_graph(graph, rng)
    assert isinstance(drawn, ExplicitGraph)
    return [(a, b) for a, b in drawn.edges.tolist()]


# 20,000 draws: a distribution function that is off by 0.03 anywhere is caught with probability above 0.99
@pytest.mark.parametrize(
    ("kernel", "centre"),
    [
        (UniformKernel(), 0.3),
        (TruncatedNormalKernel(0.35), 0.1),
        (TruncatedNormalKernel(0.05), 0.0),
        (TruncatedNormalKernel(3.0), 1.0),
        (LipschitzKernel(0.3), 0.2),
        (LipschitzKernel(0.3), 0.5),
        (LipschitzKernel(2.0), 0.9),
        (AR1Kernel(0.6), -1.0),
        (AR1Kernel(-0.9), 2.0),
    ],
    ids=str,
)
def test_neighbour_losses_follow_the_kernel(kernel: Kernel, centre: float) -> None:
    draws = trees.draw_neighbours(kernel, np.full(20_000, centre), np.random.default_rng(1))
    assert stats.kstest(draws, lambda y: 1 - np.asarray(kernel.sf(centre, y))).pvalue > FALSE_ALARM


# as above, 5,000 draws: 0.05 is caught with probability above 0.99
@pytest.mark.parametrize(
    "law",
    [
        Uniform(), Normal(), TruncatedNormal(0.25, 0.18), TruncatedNormal(-0.5, 0.2), TruncatedNormal(2, 0.3),
        TruncatedNormal(-1, 0.1), TruncatedNormal(2, 0.1),
    ],
    ids=str,
)  # fmt: skip
def test_losses_follow_the_law(law: Law) -> None:
    rng = np.random.default_rng(12)
    draws = [trees.draw_loss(law, rng) for _ in range(5000)]
    assert stats.kstest(draws, lambda y: 1 - np.asarray(law.sf(y))).pvalue > FALSE_ALARM


# Two vertices a gap 1 apart (standard deviation 1/2): noise σ = 2 sd errs in one comparison with Φ(−1/√2) = 0.24.
# 8,000 trials: an error probability off by 0.035 is caught with probability above 0.95
def test_noise_on_two_vertices_errs_as_often_as_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landscapes, "iid", lambda graph, rng: np.array([1.0, 0.0]))
    error, trials = float(stats.norm.cdf(-1 / math.sqrt(2))), 8000
    tasks.given_landscape.cache_clear()
    flips, steps = (run(Task(name, graph="complete:2", sigma=2.0), trials)[:, 0] for name in ("flip", "hitting"))
    tasks.given_landscape.cache_clear()
    assert stats.binomtest(int(flips.sum()), trials, error).pvalue > FALSE_ALARM / 2
    started_worse = steps[steps > 0]
    assert stats.binomtest(len(started_worse), int(started_worse.sum()), 1 - error).pvalue > FALSE_ALARM / 2


# 4,000 graphs: p off by 0.02 at all pairs, or by 0.065 at one, is caught with probability above 0.95
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_erdos_renyi_edges_are_equally_likely_and_independent(p: float) -> None:
    rng, pairs, draws = np.random.default_rng(2), 15, 4000
    graphs = [edges_of(ErdosRenyi(6, p), rng) for _ in range(draws)]
    present = Counter(itertools.chain(*graphs))
    assert set(present) == set(itertools.combinations(range(6), 2))
    deviations = (np.array(list(present.values())) - draws * p) ** 2 / (draws * p * (1 - p))
    assert stats.chi2.sf(deviations.sum(), pairs) > FALSE_ALARM / 2
    sizes = np.bincount([len(graph) for graph in graphs], minlength=pairs + 1)
    assert pooled_chisquare(sizes, stats.binom.pmf(np.arange(pairs + 1), pairs, p)) > FALSE_ALARM / 2


def pooled_chisquare(counts: np.ndarray, probabilities: np.ndarray) -> float:
    """p-value of Pearson's test, classes expected fewer than 5 times being pooled."""
    expected = counts.sum() * probabilities
    few = expected < 5
    observed, expected = (np.append(x[~few], x[few].sum()) for x in (counts, expected))
    return float(stats.chisquare(observed[expected > 0], expected[expected > 0]).pvalue)


# By symmetry hexagons are equally likely, exactly, and so are pairs of triangles. 5,000 graphs on 6 vertices: half of
# the hexagons being 1.35 times as likely as the others, or one graph 2.2 times, is caught with probability 0.95.
@pytest.mark.parametrize("s", [2, 3])
def test_small_regular_graphs_are_uniform_within_their_class(s: int) -> None:
    """Degree 2: 60 hexagons and 10 pairs of triangles; degree 3: their complements."""
    rng = np.random.default_rng(3)
    found = Counter(frozenset(edges_of(RandomRegular(6, s), rng)) for _ in range(5000))
    hexagons = [c for graph, c in found.items() if triangles(graph) == (0 if s == 2 else 2)]
    others = [c for graph, c in found.items() if triangles(graph) == (2 if s == 2 else 0)]
    assert (len(hexagons), len(others)) == (60, 10)
    assert stats.chisquare(hexagons).pvalue > FALSE_ALARM / 2
    assert stats.chisquare(others).pvalue > FALSE_ALARM / 2


def triangles(edges: frozenset[tuple[int, int]]) -> int:
    vertices = sorted(set(itertools.chain(*edges)))
    return sum(edges.issuperset(itertools.combinations(three, 2)) for three in itertools.combinations(vertices, 3))


# The law is uniform only as n → ∞, where a random s-regular graph has Poisson((s−1)³/6) triangles. 1,500 graphs on 300
# vertices: a mean that is off by 0.19 (of 1.33) is caught with probability 0.95; 0.02 is allowed for finite n.
def test_large_regular_graphs_have_as_many_triangles_as_uniform_ones() -> None:
    rng, s = np.random.default_rng(4), 3
    counts = np.array([triangle_count(landscapes.draw_graph(RandomRegular(300, s), rng)) for _ in range(1500)])
    mean = (s - 1) ** 3 / 6
    allowed = stats.norm.isf(FALSE_ALARM / 2) * math.sqrt(mean / len(counts)) + 0.02
    assert abs(counts.mean() - mean) < allowed


def triangle_count(graph: Graph) -> int:
    """Adjacent pairs of neighbours in a 3-regular graph, each triangle being seen from its 3 vertices."""
    table, adjacent = graph.neighbours, graph.adjacency.toarray()
    return int(adjacent[table[:, [0, 0, 1]], table[:, [1, 2, 2]]].sum()) // 3


# 3,000 scanning orders a vertex: a neighbour chosen too often by a third is caught with probability above 0.95
@pytest.mark.parametrize(
    "graph", [hypercube(4), complete(7), landscapes.draw_graph(ErdosRenyi(12, 0.4), np.random.default_rng(0))], ids=str
)
def test_first_improvement_chooses_uniformly(graph: Graph) -> None:
    losses = np.random.default_rng(5).standard_normal(graph.n)
    rng = np.random.default_rng(6)
    nexts = np.array([search.descend(graph, losses, "first", rng).next for _ in range(3000)])
    better = {v: reference.better_neighbours(graph, losses.tolist(), v) for v in range(graph.n)}
    several = [v for v in better if len(better[v]) > 1]
    assert len(several) >= 4
    for v in several:
        counts = Counter(nexts[:, v].tolist())
        assert set(counts) == set(better[v])
        assert stats.chisquare([counts[u] for u in better[v]]).pvalue > FALSE_ALARM / len(several)


# With b of s neighbours better the first is found at place k with probability C(s−k, b−1)/C(s, b). 3,000 orders a
# vertex: a rule that scans one neighbour too many in 3 of 10 cases is caught with probability above 0.95.
@pytest.mark.parametrize(("s", "b"), [(9, 1), (9, 2), (9, 5), (9, 9)])
def test_first_improvement_scans_a_random_prefix(s: int, b: int) -> None:
    losses = np.arange(s + 1.0)  # on the complete graph vertex b has b better neighbours
    rng = np.random.default_rng(7)
    places = np.zeros(s, dtype=int)
    for _ in range(3000):
        descent = search.descend(complete(s + 1), losses, "first", rng)
        assert descent.scanned is not None
        places[descent.scanned[b].sum() - 1] += 1
    probabilities = np.array([math.comb(s - k, b - 1) / math.comb(s, b) for k in range(1, s + 1)])
    assert pooled_chisquare(places, probabilities) > FALSE_ALARM if b < s else places[0] == 3000


# 2,000 searches: mean steps that are off by 3 % are caught with probability above 0.95
@pytest.mark.parametrize("graph", [hypercube(3), complete(8)], ids=str)
def test_first_improvement_takes_the_expected_steps(graph: Graph) -> None:
    losses = np.random.default_rng(8).standard_normal(graph.n)
    rng = np.random.default_rng(9)
    steps = np.array([search.descend(graph, losses, "first", rng).steps.mean() for _ in range(2000)])
    expected = sum(reference.expected_steps(graph, losses.tolist(), v, "first") for v in range(graph.n)) / graph.n
    error = steps.std(ddof=1) / math.sqrt(len(steps))
    assert abs(steps.mean() - float(expected)) < stats.norm.isf(FALSE_ALARM / 2) * error
