"""Spectrum, random walks and noisy estimates of tables against literal projections, matrix powers and enumeration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations import landscapes
from simulations.benchmarks import nasbench201
from tests import strategies
from theory import ruggedness
from theory.correlations import Correlation, character_sums
from theory.graphs import Hamming, complete, hypercube

GRAPHS = [complete(4), Hamming((3, 3)), hypercube(4), Hamming((2, 3)), Hamming((4, 2, 3))]
UNIFORM = [complete(4), Hamming((3, 3)), hypercube(4), Hamming((4, 4, 4))]


def landscape(graph: Hamming, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gumbel(size=graph.n)


def distances(graph: Hamming) -> np.ndarray:
    words = np.array(np.unravel_index(np.arange(graph.n), graph.radices)).T
    return (words[:, None] != words[None]).sum(axis=2)


def walk(graph: Hamming) -> np.ndarray:
    """Transition matrix of the walk to uniform neighbours."""
    return graph.adjacency.toarray() / graph.degree


def part(graph: Hamming, losses: np.ndarray, chosen: tuple[int, ...]) -> np.ndarray:
    """The joint effect of the chosen coordinates: residuals along them, means along the others."""
    table = losses.reshape(graph.radices)
    for axis in range(table.ndim):
        mean = np.broadcast_to(table.mean(axis=axis, keepdims=True), table.shape)
        table = table - mean if chosen[axis] else mean
    return table.ravel()


def of_order(graph: Hamming, order: int, seed: int = 0) -> np.ndarray:
    """A landscape of interactions of exactly `order` coordinates."""
    sets = [s for s in itertools.product((0, 1), repeat=len(graph.radices)) if sum(s) == order]
    return sum((part(graph, landscape(graph, seed), s) for s in sets), np.zeros(graph.n))


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_interactions_are_variances_of_projections(graph: Hamming) -> None:
    losses = landscape(graph)
    shares = ruggedness.interactions(graph, losses)
    assert shares.shape == (2,) * len(graph.radices)
    for chosen, share in np.ndenumerate(shares):
        expected = part(graph, losses, chosen).var() / losses.var() if any(chosen) else 0.0
        assert share == pytest.approx(expected, abs=1e-14)
    assert shares.sum() == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("graph", UNIFORM, ids=str)
def test_spectrum_and_correlation_are_krawtchouk_transforms(graph: Hamming) -> None:
    losses = landscape(graph)
    amplitudes, sums = ruggedness.amplitudes(graph, losses), character_sums(graph)
    rho = ruggedness.correlation_by_distance(graph, losses).rho
    assert amplitudes @ (sums / sums[0]) == pytest.approx(rho, abs=1e-13)


@given(strategies.hammings().flatmap(lambda g: st.tuples(st.just(g), strategies.landscapes(g.n))))
def test_identities_of_the_spectrum(case: tuple[Hamming, list[float]]) -> None:
    """Σ B = 1, ρ_h = Σ_S B_S κ_h(S), ρ^{(i)} = 1 − q_i/(q_i−1) Σ_{S∋i} B_S, and their degree-weighted mean is ρ_1."""
    graph, losses = case[0], np.array(case[1])
    if np.ptp(losses) == 0:
        return
    shares = ruggedness.interactions(graph, losses)
    assert (shares >= 0).all()
    assert ruggedness.amplitudes(graph, losses).sum() == pytest.approx(1, abs=1e-12)
    rho = ruggedness.correlation_by_distance(graph, losses).rho
    assert shares.ravel() @ ruggedness._shell_means(graph) == pytest.approx(rho, abs=1e-9)
    q = np.array(graph.radices)
    along = ruggedness.correlation_by_coordinate(graph, losses)
    taking_part = np.tensordot(np.indices(shares.shape), shares, axes=len(q))
    assert along == pytest.approx(1 - q / (q - 1) * taking_part, abs=1e-9)
    assert along @ (q - 1) / graph.degree == pytest.approx(rho[1], abs=1e-9)
    assert ruggedness.table_autocorrelation(graph, losses, [0, 1]) == pytest.approx([1, rho[1]], abs=1e-9)
    length = ruggedness.correlation_length(graph, losses)
    assert length * (1 - rho[1]) >= 1 - 1e-9  # convexity


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_correlation_by_coordinate_is_the_mean_over_pairs(graph: Hamming) -> None:
    losses = landscape(graph)
    centred = losses - losses.mean()
    words = np.array(np.unravel_index(np.arange(graph.n), graph.radices)).T
    for i, found in enumerate(ruggedness.correlation_by_coordinate(graph, losses)):
        differs = words[:, None] != words[None]
        on_line = differs[..., i] & (differs.sum(axis=2) == 1)
        assert found == pytest.approx(np.outer(centred, centred)[on_line].mean() / centred.var(), abs=1e-14)


@pytest.mark.parametrize(("graph", "order"), [(g, j) for g in UNIFORM for j in range(1, len(g.radices) + 1)], ids=str)
def test_elementary_landscapes_have_one_order_and_decay_geometrically(graph: Hamming, order: int) -> None:
    losses = of_order(graph, order)
    d, q = len(graph.radices), graph.radices[0]
    assert ruggedness.amplitudes(graph, losses) == pytest.approx(np.eye(d + 1)[order], abs=1e-14)
    expected = ruggedness.elementary(graph, order)
    assert ruggedness.correlation_by_distance(graph, losses).rho == pytest.approx(expected.rho, abs=1e-12)
    eigenvalue = 1 - order * q / (d * (q - 1))
    laplacian = losses - walk(graph) @ losses  # an eigenfunction of the walk, so of the Laplacian
    assert laplacian == pytest.approx((1 - eigenvalue) * losses, abs=1e-12)
    times = np.arange(9)
    assert ruggedness.autocorrelation(graph, expected, times) == pytest.approx(eigenvalue**times, abs=1e-13)
    assert ruggedness.table_autocorrelation(graph, losses, times) == pytest.approx(eigenvalue**times, abs=1e-13)
    assert ruggedness.correlation_length(graph, losses) == pytest.approx(1 / (1 - eigenvalue), rel=1e-12)


def test_two_orders_do_not_decay_geometrically() -> None:
    """The negative control: the decay tells an elementary landscape from a mixture."""
    graph = Hamming((3, 3))
    one, two, three = ruggedness.table_autocorrelation(graph, of_order(graph, 1) + of_order(graph, 2, 1), [1, 2, 3])
    assert abs(two / one - one) > 0.1
    assert abs(three / two - one) > 0.1


@pytest.mark.parametrize("graph", [*GRAPHS, Hamming((2, 3, 3, 2))], ids=str)
def test_autocorrelation_is_the_mean_over_walks(graph: Hamming) -> None:
    """r(t) = Σ_u P^t(0, u) ρ(0, u), P^t a literal matrix power."""
    field, distance = Correlation.geometric(0.4, len(graph.radices)), distances(graph)
    times = np.array([[0, 1, 2], [3, 7, 20]])
    found = ruggedness.autocorrelation(graph, field, times)
    literal = [np.linalg.matrix_power(walk(graph), int(t))[0] @ np.array(field.rho)[distance[0]] for t in times.ravel()]
    assert found.shape == times.shape
    assert found.ravel() == pytest.approx(literal, abs=1e-14)


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_table_autocorrelation_is_the_mean_over_walks(graph: Hamming) -> None:
    losses = landscape(graph)
    centred = losses - losses.mean()
    literal = [centred @ np.linalg.matrix_power(walk(graph), t) @ centred / (centred @ centred) for t in range(9)]
    assert ruggedness.table_autocorrelation(graph, losses, np.arange(9)) == pytest.approx(literal, abs=1e-13)
    if graph.is_uniform:
        rho = ruggedness.correlation_by_distance(graph, losses)
        assert ruggedness.autocorrelation(graph, rho, np.arange(9)) == pytest.approx(literal, abs=1e-12)


def test_autocorrelation_on_a_space_of_10_to_the_18() -> None:
    """Order 1 and order 60 interactions of 60 bits: r(t) = (1−1/30)^t and (−1)^t, without cancellation."""
    graph, times = hypercube(60), np.array([0, 1, 10, 101])
    additive = Correlation(tuple(1 - h / 30 for h in range(61)))
    parity = Correlation(tuple((-1.0) ** h for h in range(61)))
    assert ruggedness.autocorrelation(graph, additive, times) == pytest.approx((1 - 1 / 30) ** times, abs=1e-14)
    assert ruggedness.autocorrelation(graph, parity, times) == pytest.approx((-1.0) ** times, abs=1e-13)


@pytest.mark.parametrize("graph", [complete(4), Hamming((3, 3)), Hamming((4, 2, 3))], ids=str)
def test_correlation_length_is_the_sum_of_the_autocorrelation(graph: Hamming) -> None:
    losses = landscape(graph)
    series = ruggedness.table_autocorrelation(graph, losses, np.arange(400))
    assert ruggedness.correlation_length(graph, losses) == pytest.approx(series.sum(), rel=1e-12)


def test_correlation_length_of_an_alternating_walk_is_abels() -> None:
    bits = np.array(np.unravel_index(np.arange(16), (2,) * 4)).sum(axis=0)
    assert ruggedness.correlation_length(hypercube(4), (-1.0) ** bits) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "seen", [((1, 1),) * 4, ((1, 1, 1), (1, 1, 0), (1, 0, 1), (1, 1, 1)), ((1, 1), (1, 1), (1, 0), (1, 1))], ids=str
)
def test_denoising_is_unbiased_over_all_noises(seen: tuple[tuple[int, ...], ...]) -> None:
    """E over all equally likely signs of noise ±a (different at every vertex with two seeds or more), enumerated."""
    graph, truth = hypercube(2), np.array([0.3, -1.0, 2.0, 0.9])
    present = np.array(seen, dtype=bool)
    scale = np.array([1.0, 0.5, 0.8, 2.0])
    if (present.sum(axis=1) == 1).any():
        scale = np.full(4, 0.7)  # a lone seed counts with the mean variance: unbiased for equal noise
    found = []
    for signs in itertools.product((-1.0, 1.0), repeat=int(present.sum())):
        losses = np.full(present.shape, np.nan)
        losses[present] = signs
        found.append(ruggedness.denoised_covariance(graph, truth[:, None] + scale[:, None] * losses))
    covariance, noise, left = (np.mean([f[i] for f in found], axis=0) for i in range(3))
    assert covariance == pytest.approx(ruggedness.covariance_by_distance(graph, truth), abs=1e-13)
    repeated = present.sum(axis=1) > 1
    assert noise == pytest.approx((scale[repeated] ** 2).mean(), abs=1e-13)
    assert left == pytest.approx((scale**2 / present.sum(axis=1)).mean(), abs=1e-13)


def test_two_complete_seeds_have_the_cross_covariance_as_variance() -> None:
    graph = Hamming((3, 2))
    first, second = landscape(graph, 1), landscape(graph, 2)
    cross = ruggedness.covariance_by_distance(graph, first, second)
    found = ruggedness.denoised_covariance(graph, np.column_stack([first, second])).covariance
    own = (first.var() - 2 * cross[0] + second.var()) / 4  # the noise of the means, n/(n−1) times for the centring
    means = ruggedness.covariance_by_distance(graph, (first + second) / 2)
    assert means[0] - own == pytest.approx(cross[0])
    shift = np.var(first - second) / 4 - np.mean((first - second) ** 2) / 4 * (1 - 1 / graph.n)
    assert found[0] == pytest.approx(cross[0] + shift, abs=1e-13)


GRAPH = Hamming((4,) * 4)
TRUE = Correlation.geometric(0.6, 4)


def noisy(truth: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Three seeds, the third missing at every other vertex."""
    losses = truth[:, None] + sigma * rng.standard_normal((len(truth), 3))
    losses[::2, 2] = np.nan
    return losses


def flat(found: ruggedness.Ruggedness) -> np.ndarray:
    return np.hstack([*found])[1:]


# 400 tables, false-alarm rate below 1e-3 (each ratio of standard deviations has the relative error 3.5 %, of skewed
# estimates 5 %, and the bands are 4 of them wide): a standard error that is wrong by 30 % is caught with power 0.95
def test_landscape_errors_are_the_spread_over_landscapes() -> None:
    rng = np.random.default_rng(5)
    tables = [noisy(landscapes.gaussian(GRAPH, TRUE, rng), 0.4, rng) for _ in range(400)]
    found = [ruggedness.estimate(GRAPH, table) for table in tables]
    spread = np.std([flat(f.value) for f in found], axis=0)
    over_landscapes = np.mean([flat(f.landscape_error) ** 2 for f in found], axis=0)
    over_seeds = np.mean([flat(f.seed_error) ** 2 for f in found], axis=0)
    assert spread / np.sqrt(over_landscapes + over_seeds) == pytest.approx(np.ones(6), abs=0.2)


# 300 tables, false-alarm rate below 1e-3 as above. The jackknife is conservative (Efron and Stein 1981), with three
# seeds by up to 1.7: an error that is 20 % too small, or 2.5 times too large, is caught with power 0.95
def test_seed_errors_cover_the_spread_over_seeds() -> None:
    rng = np.random.default_rng(6)
    truth = landscapes.gaussian(GRAPH, TRUE, rng)
    found = [ruggedness.estimate(GRAPH, noisy(truth, 0.4, rng)) for _ in range(300)]
    values = np.array([flat(f.value) for f in found])
    errors = np.sqrt(np.mean([flat(f.seed_error) ** 2 for f in found], axis=0))
    ratio = values.std(axis=0) / errors
    assert 0.5 < ratio.min() <= ratio.max() < 1.1
    rho = np.array(ruggedness.correlation_by_distance(GRAPH, truth).rho)
    r = (1 - 2 * rho[1] + rho[2]) / (2 * (1 - rho[1]))
    expected = np.hstack([rho[1:], 0.4 / truth.std(), r])
    standard = values.std(axis=0) / math.sqrt(300)
    assert np.abs(values.mean(axis=0) - expected).max() / standard.max() < 4


def test_two_seeds_have_no_jackknife() -> None:
    found = ruggedness.estimate(GRAPH, noisy(landscape(GRAPH), 0.1, np.random.default_rng(0))[:, :2])
    assert np.isnan(flat(found.seed_error)).all()
    assert np.isfinite(flat(found.value)).all()
    assert (flat(found.landscape_error) > 0).all()


def test_without_noise_the_estimate_is_the_table_itself() -> None:
    graph, losses = Hamming((4, 2, 3)), landscape(Hamming((4, 2, 3)))
    found = ruggedness.estimate(graph, np.column_stack([losses] * 3))
    assert found.value.rho == pytest.approx(ruggedness.correlation_by_distance(graph, losses).rho, abs=1e-13)
    assert found.value.sigma == pytest.approx(0, abs=1e-12)
    assert flat(found.seed_error) == pytest.approx(np.zeros(5), abs=1e-12)


def test_nasbench201_scores() -> None:
    scores = ruggedness.normal_scores(nasbench201.load("cifar10").losses)
    found = ruggedness.estimate(nasbench201.GRAPH, scores)
    assert found.value.rho[:3] == pytest.approx([1, 0.7013, 0.4651], abs=5e-5)
    assert (found.value.sigma, found.value.r) == pytest.approx((0.1192, 0.1046), abs=5e-5)
    assert found.seed_error.r < found.landscape_error.r < 0.02


def test_normal_scores_keep_missing_losses() -> None:
    losses = np.array([[3.0, 1.0], [2.0, np.nan]])
    scores = ruggedness.normal_scores(losses)
    assert scores[~np.isnan(losses)] == pytest.approx(ruggedness.normal_scores(np.array([3.0, 1.0, 2.0])))
    assert np.isnan(scores[1, 1])


@pytest.mark.parametrize(
    "function", [ruggedness.interactions, ruggedness.amplitudes, ruggedness.correlation_by_coordinate], ids=str
)
def test_bad_losses(function: Callable[[Hamming, np.ndarray], np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"losses: shape \(3,\) must be \(8,\)"):
        function(hypercube(3), np.zeros(3))
    with pytest.raises(ValueError, match="losses: all equal"):
        function(hypercube(3), np.full(8, 0.1))


@pytest.mark.parametrize("steps", [[-1], 1.5, [0, -2]])
def test_bad_steps(steps: object) -> None:
    with pytest.raises(ValueError, match=r"steps: .* must be integers of at least 0"):
        ruggedness.autocorrelation(hypercube(3), Correlation.geometric(0.5, 3), steps)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="steps: "):
        ruggedness.table_autocorrelation(hypercube(3), np.arange(8.0), steps)  # pyright: ignore[reportArgumentType]


def test_impossible_correlation_has_no_walk() -> None:
    with pytest.raises(ValueError, match=r"rho: .* not positive semi-definite"):
        ruggedness.autocorrelation(hypercube(3), Correlation((1, 0.9, 0.2, 0.1)), [1])


@pytest.mark.parametrize("order", [0, 4, -1])
def test_bad_order(order: int) -> None:
    with pytest.raises(ValueError, match=rf"order: {order} must lie in 1\.\.3"):
        ruggedness.elementary(hypercube(3), order)


def test_mixed_radices_have_no_elementary_correlation() -> None:
    with pytest.raises(ValueError, match="graph: hamming:2x3 has mixed radices"):
        ruggedness.elementary(Hamming((2, 3)), 1)


TWO = np.arange(8.0).reshape(4, 2)


@pytest.mark.parametrize(
    ("graph", "losses", "message"),
    [
        (hypercube(3), TWO, r"losses: shape \(4, 2\) must be \(8, seeds\)"),
        (hypercube(2), TWO.ravel()[:4], r"losses: shape \(4,\)"),
        (hypercube(2), TWO[:, :1], "losses: vertices have 1 to 1 seeds"),
        (hypercube(2), np.where(TWO < 2, np.nan, TWO), "losses: vertices have 0 to 2 seeds"),
        (complete(4), TWO, "graph: hamming:4 has one coordinate"),
        (hypercube(2), np.array([[0.0, 2], [2, 0], [0, 2], [2, 0.5]]), "losses: noise of variance"),
    ],
)
def test_bad_tables(graph: Hamming, losses: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ruggedness.estimate(graph, losses)
