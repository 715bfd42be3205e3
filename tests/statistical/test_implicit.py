"""Laws of implicit landscapes and of walks on them. Each test states its false-alarm rate and its power; the seeds are
fixed, so that a test that has passed keeps passing until the code changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit
from scipy import stats

from simulations import gaussian_paths, implicit, landscapes, search
from simulations.estimate import standard_error
from theory import walks
from theory.correlations import Anisotropic, Correlation
from theory.graphs import Hamming, hypercube
from theory.noise import Noise

from .test_landscapes import pooled_chisquare

FALSE_ALARM = 1e-4
"""Of every test below."""
HUGE = Hamming((8,) * 20)


@njit
def normals(keys: np.ndarray, streams: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """N(key, stream, index) for arrays of shape (m,)."""
    values = np.empty(len(keys))
    for place in range(len(keys)):
        values[place] = implicit.normal(keys[place], streams[place], indices[place])
    return values


def welch(values: np.ndarray, others: np.ndarray) -> float:
    """p-value of two samples' having the same mean (Welch)."""
    return float(np.asarray(stats.ttest_ind(values, others, equal_var=False)[1]))


def same_law(values: np.ndarray, others: np.ndarray) -> float:
    """p-value of two samples of whole numbers having the same law (Pearson), those seen fewer than 20 times pooled."""
    size = max(values.max(), others.max()) + 1
    counts = np.stack([np.bincount(sample, minlength=size) for sample in (values, others)])
    few = counts.sum(axis=0) < 20
    pooled = np.column_stack([counts[:, ~few], counts[:, few].sum(axis=1)])
    return float(np.asarray(stats.chi2_contingency(pooled[:, pooled.sum(axis=0) > 0])[1]))


# 40,000 draws: a distribution function that is off by 0.02 anywhere is caught with probability above 0.99
@pytest.mark.parametrize("varied", ["key", "stream", "index"])
def test_losses_are_normal(varied: str) -> None:
    """Consecutive keys, components or vertices, the others held."""
    count, held = np.arange(40_000), np.full(40_000, 12345)
    keys, streams, indices = (count if name == varied else held for name in ("key", "stream", "index"))
    values = normals(keys.astype(np.uint64), streams, indices)
    assert stats.kstest(values, "norm").pvalue > FALSE_ALARM


# 20,000 pairs a bit, 126 bits, values and their squares: a correlation of 0.05 in one of the 252 is caught with
# probability above 0.95
def test_one_bit_of_key_or_vertex_makes_losses_independent() -> None:
    """Neighbours differ in few bits, seeds of one campaign too: their losses must not be alike, nor as large."""
    rng, m, bits = np.random.default_rng(1), 20_000, range(63)
    keys, indices = rng.integers(2**63, size=(2, m))
    none = np.zeros(m, dtype=np.int64)
    here = normals(keys.astype(np.uint64), none, indices)
    flipped = [normals(keys.astype(np.uint64) ^ np.uint64(1 << bit), none, indices) for bit in bits]
    flipped += [normals(keys.astype(np.uint64), none, indices ^ (1 << bit)) for bit in bits]
    correlations = [np.corrcoef(here**power, other**power)[0, 1] for other in flipped for power in (1, 2)]
    assert np.abs(correlations).max() * math.sqrt(m) < stats.norm.isf(FALSE_ALARM / 2 / len(correlations))


# 3,000 walks each: mean steps or evaluations that are off by 0.15 standard deviations (about 6 %), and a law of steps
# with 6 % of its mass moved, are caught with probability above 0.95
@pytest.mark.parametrize("model", ["iid", "nk"])
def test_first_improvement_has_the_law_of_the_stored_search(model: str) -> None:
    """From the worst vertex of one landscape, over scanning orders."""
    graph, rng, trials = Hamming((3, 4, 2, 5)), np.random.default_rng(2), 3000
    landscape = implicit.iid(graph, rng) if model == "iid" else implicit.nk(graph, 1, "random", rng)
    losses = landscape.losses(np.arange(graph.n))
    start = np.array([losses.argmax()])
    found = implicit.descend(landscape, np.repeat(start, trials), rng, "first")
    stored = [search.descend(graph, losses, "first", rng) for _ in range(trials)]
    steps = np.array([descent.steps[start[0]] for descent in stored])
    assert same_law(found.steps, steps) > FALSE_ALARM / 3
    evaluations = np.array([descent.evaluations(start)[0] for descent in stored])
    assert welch(found.evaluations, evaluations) > FALSE_ALARM / 3
    ends = np.array([descent.terminal[start[0]] for descent in stored])
    assert same_law(found.terminal, ends) > FALSE_ALARM / 3


# 3,000 landscapes: mean steps that are off by 1 % are caught with probability above 0.95
def test_additive_walks_of_huge_graphs_have_their_exact_law() -> None:
    rng = np.random.default_rng(3)
    starts = rng.integers(HUGE.n, size=(3000, 1))
    steps = np.array([implicit.descend(implicit.additive(HUGE, rng), start, rng).steps[0] for start in starts])
    assert pooled_chisquare(np.bincount(steps, minlength=21), walks.additive_law(HUGE)) > FALSE_ALARM / 2
    error = standard_error(steps)
    assert abs(steps.mean() - walks.additive(HUGE)) < stats.norm.isf(FALSE_ALARM / 4) * error


# 600 walks: mean steps that are off by 14 % are caught with probability above 0.95
def test_reluctant_walks_of_huge_graphs_take_half_the_degree() -> None:
    """Exactly so, on every regular graph: `walks.reluctant`."""
    rng = np.random.default_rng(4)
    steps = implicit.descend(implicit.iid(HUGE, rng), rng.integers(HUGE.n, size=600), rng, "reluctant").steps
    assert abs(steps.mean() - HUGE.degree / 2) < stats.norm.isf(FALSE_ALARM / 2) * standard_error(steps)


# 20,000 walks: steps off by 2 % and evaluations by 1.2 % are caught with probability above 0.95; returns to a
# coordinate, which the theory neglects, change the steps by less than 0.2 % (300,000 walks)
def test_steepest_walks_of_huge_graphs_are_as_the_theory_says() -> None:
    rng = np.random.default_rng(5)
    found = implicit.descend(implicit.iid(HUGE, rng), rng.integers(HUGE.n, size=20_000), rng)
    expected = walks.iid(HUGE)
    for values, theory in ((found.steps, expected.steps), (found.evaluations, expected.evaluations)):
        assert abs(values.mean() - theory) < stats.norm.isf(FALSE_ALARM / 4) * standard_error(values)


FIELDS = [
    (Hamming((3,) * 4), Correlation.geometric(0.9, 4), Noise(), "steepest"),
    (hypercube(6), Correlation.geometric(0.7, 6), Noise(0.5, average=2), "steepest"),
    (Hamming((4, 2, 3, 2)), Anisotropic((0.3, 0.9, 0.6, 0.8)), Noise(0.3), "steepest"),
    (Hamming((3,) * 4), Correlation.geometric(0.8, 4), Noise(1.0), "first"),
    (Hamming((4, 2, 3, 2)), Anisotropic((0.3, 0.9, 0.6, 0.8)), Noise(0.3), "first"),
    (hypercube(6), Correlation.geometric(0.8, 6), Noise(), "reluctant"),
]


# 2,000 stored fields, every start; 10,000 conditioned walks. Caught with probability above 0.95: mean steps off by 5 %,
# evaluations by 3 %, losses at the end by 0.14 (of their sd of about 1), P(at least 3 steps) by 0.034
@pytest.mark.parametrize(("graph", "correlation", "noise", "rule"), FIELDS, ids=str)
def test_conditioned_walks_have_the_law_of_walks_on_stored_fields(
    graph: Hamming, correlation: Correlation | Anisotropic, noise: Noise, rule: str
) -> None:
    rng = np.random.default_rng(6)
    found = gaussian_paths.descend(graph, correlation, rng.integers(graph.n, size=10_000), rng, rule, noise)
    stored = []
    for _ in range(2000):
        losses = landscapes.observe(landscapes.gaussian(graph, correlation, rng), noise, rng)
        descent = search.descend(graph, losses, rule, rng)
        steps, ends = descent.steps, losses[descent.terminal]
        stored.append([steps.mean(), (steps >= 3).mean(), ends.mean(), descent.evaluations().mean()])
    conditioned = np.column_stack([found.steps, found.steps >= 3, found.losses, found.evaluations])
    for values, others in zip(conditioned.T, np.array(stored).T, strict=True):
        assert welch(values, others) > FALSE_ALARM / 4


# 1,500 walks each: a mean that is off by 0.2 standard deviations is caught with probability above 0.95
def test_uncorrelated_fields_of_huge_graphs_are_iid() -> None:
    """Two simulators that share no landscape: c = 0 with noise, and iid losses."""
    rng = np.random.default_rng(7)
    starts = rng.integers(HUGE.n, size=1500)
    fields = gaussian_paths.descend(HUGE, Anisotropic((0.0,) * 20), starts, rng, noise=Noise(0.5))
    found = implicit.descend(implicit.iid(HUGE, rng), starts, rng)
    assert welch(fields.steps, found.steps) > FALSE_ALARM / 3
    assert welch(fields.evaluations, found.evaluations) > FALSE_ALARM / 3
    assert stats.kstest(fields.losses / Noise(0.5).sd, "norm").pvalue < FALSE_ALARM  # ends are no random vertices
    assert welch(fields.losses / math.sqrt(1.25), found.losses) > FALSE_ALARM / 3
