"""Flips, regret and budgets against quadrature by hand, orthant integrals, sampling and search."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from simulations import landscapes, search
from tests import strategies
from theory import denoising, minima
from theory.correlations import Correlation
from theory.graphs import Graph, Hamming, complete, cycle, hypercube
from theory.noise import NOISELESS, Noise

H56 = Hamming((5,) * 6)


def neighbourhood_covariance(graph: Hamming, field: Correlation) -> np.ndarray:
    """Of the true losses of vertex 0 and its neighbours, shape (s+1, s+1)."""
    words = np.array(np.unravel_index(np.append(0, graph.neighbours[0]), graph.radices)).T
    return np.array(field.completed(graph).rho)[(words[:, None] != words[None]).sum(axis=2)]


def loss_where_least(covariance: np.ndarray, noise: Noise, i: int) -> tuple[float, float]:
    """E[ℓ_i 1{ℓ̂_i least}] and P(ℓ̂_i least): integration by parts over the differences D_j = ℓ̂_j − ℓ̂_i, literally.

    E[ℓ_i 1{D > 0}] = Σ_j Cov(ℓ_i, D_j) · density of D_j at 0 · P(all other D > 0 | D_j = 0).
    """
    others = [j for j in range(len(covariance)) if j != i]
    contrast = np.eye(len(covariance))[others] - np.eye(len(covariance))[i]
    observed = contrast @ (covariance + noise.sd**2 * np.eye(len(covariance))) @ contrast.T
    with_loss = contrast @ covariance[i]
    total = 0.0
    for j in range(len(others)):
        rest = [k for k in range(len(others)) if k != j]
        along = observed[rest, j] / observed[j, j]
        given_tie = observed[np.ix_(rest, rest)] - np.outer(along, observed[j, rest])
        total += with_loss[j] / math.sqrt(2 * math.pi * observed[j, j]) * orthant(given_tie)
    return total, orthant(observed)


def orthant(covariance: np.ndarray) -> float:
    zero = np.zeros(len(covariance))
    return float(
        stats.multivariate_normal.cdf(
            zero, zero, covariance.tolist(), allow_singular=True, maxpts=2_000_000, abseps=1e-7, releps=1e-7, rng=1
        )
    )


@pytest.mark.parametrize(("gap", "sigma"), [(0.0, 1.0), (0.3, 0.5), (2.0, 0.7), (1e-3, 1e3)])
def test_flip_is_the_probability_of_the_wrong_order(gap: float, sigma: float) -> None:
    """∫ φ(e) P(gap + σ e' < σ e) de by hand."""
    by_hand = integrate.quad(lambda e: stats.norm.pdf(e) * stats.norm.cdf(e - gap / sigma), -10, 10, epsabs=1e-13)[0]
    assert float(denoising.flip(gap, Noise(sigma))) == pytest.approx(by_hand, abs=1e-12)


def test_flip_keeps_shapes_and_averages() -> None:
    gaps = np.array([[0.0, 0.1], [1.0, 50.0]])
    assert denoising.flip(gaps, Noise(0.8, 4)) == pytest.approx(denoising.flip(gaps, Noise(0.4)), rel=1e-14)
    assert denoising.flip(gaps, NOISELESS).tolist() == [[0.5, 0], [0, 0]]


@given(st.floats(0, 10), st.floats(0, 10), strategies.noises())
def test_wider_gaps_flip_less(a: float, b: float, noise: Noise) -> None:
    low, high = sorted((a, b))
    wide, narrow = denoising.flip([high, low], noise)
    assert 0 <= wide <= narrow <= 0.5


@pytest.mark.parametrize("gap", [-1e-9, float("nan"), [0.5, -1.0]])
def test_bad_gap(gap: Any) -> None:
    with pytest.raises(ValueError, match=r"gap: .* must be at least 0"):
        denoising.flip(gap, Noise(1.0))


def test_expected_maxima_in_closed_form() -> None:
    root = math.sqrt(math.pi)
    expected = [0, 1 / root, 1.5 / root, 3 / root * (0.5 + math.asin(1 / 3) / math.pi)]
    assert denoising.expected_maximum([1, 2, 3, 4]) == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("m", [7, 1000, 10**6])
def test_expected_maxima_by_hand(m: int) -> None:
    density = integrate.quad(
        lambda x: m * x * stats.norm.pdf(x) * stats.norm.cdf(x) ** (m - 1),
        -9,
        9,
        epsabs=1e-12,
        limit=500,
        points=(0, 3),
    )[0]
    assert float(denoising.expected_maximum(m)) == pytest.approx(density, rel=1e-10)


@pytest.mark.parametrize("m", [0, 0.5, -3, [2, 0]])
def test_bad_count(m: Any) -> None:
    with pytest.raises(ValueError, match=r"count: .* must be at least 1"):
        denoising.expected_maximum(m)


SMALL = [
    (hypercube(3), Correlation((1, 0.5, 0.2)), 0.6),
    (Hamming((3, 3)), Correlation((1, 0.6, 0.36)), 1.3),
    (Hamming((2, 3)), Correlation((1, 0.3, 0.1)), 0.4),
    (hypercube(3), Correlation((1, 1 / 3, -1 / 3, -1)), 0.8),
]


@pytest.mark.parametrize(("graph", "field", "sigma"), SMALL, ids=str)
def test_step_is_the_sum_over_who_looks_least(graph: Hamming, field: Correlation, sigma: float) -> None:
    covariance = neighbourhood_covariance(graph, field)
    found = denoising.step(graph, field, Noise(sigma))
    for noise, expected in ((Noise(sigma), found.chosen), (Noise(1e-9), found.best)):
        literal = sum(loss_where_least(covariance, noise, i)[0] for i in range(len(covariance)))
        assert expected == pytest.approx(literal, abs=1e-5)
    assert found.regret == pytest.approx(found.chosen - found.best, abs=1e-14)


@pytest.mark.parametrize(("graph", "field", "sigma"), SMALL, ids=str)
def test_minimum_is_the_loss_of_a_centre_that_looks_least(graph: Hamming, field: Correlation, sigma: float) -> None:
    covariance = neighbourhood_covariance(graph, field)
    found = denoising.minimum(graph, field, Noise(sigma))
    loss, chance = loss_where_least(covariance, Noise(sigma), 0)
    assert found.true == pytest.approx(loss / chance, abs=1e-5)
    loss, chance = loss_where_least(covariance, Noise(1e-9), 0)
    assert found.noiseless == pytest.approx(loss / chance, abs=1e-5)
    noisy = covariance + sigma**2 * np.eye(len(covariance))
    loss, chance = loss_where_least(noisy, Noise(1e-9), 0)
    assert found.observed == pytest.approx(loss / chance, abs=1e-5)


@pytest.mark.parametrize("m", [2, 5, 40])
@pytest.mark.parametrize(("rho", "sigma"), [(0.0, 1.0), (0.7, 0.2), (0.3, 5.0)])
def test_candidates_are_one_line(m: int, rho: float, sigma: float) -> None:
    expected = denoising.candidates(m, rho, Noise(sigma))
    field = Correlation((1, rho))
    assert denoising.step(complete(m), field, Noise(sigma)) == pytest.approx(expected, rel=1e-11)
    minimum = denoising.minimum(complete(m), field, Noise(sigma))
    assert minimum.true == pytest.approx(expected.chosen, rel=1e-11)


def test_candidates_of_any_correlation() -> None:
    assert denoising.candidates(3, -0.5, NOISELESS).best == pytest.approx(-1.5 / math.sqrt(math.pi) * math.sqrt(1.5))
    assert denoising.candidates(5, 1.0, NOISELESS) == (0, 0, 0)
    assert denoising.candidates(1, -1.0, Noise(1.0)) == pytest.approx((0, 0, 0), abs=1e-15)
    assert denoising.step(hypercube(2), Correlation((1, 1, 1)), Noise(1.0)) == (0, 0, 0)


# 200,000 neighbourhoods each. False-alarm rate of each comparison 1e-4 (3.9 standard errors, which are 0.001 to 0.003
# for steps and 0.01 for minima); an error of 5.6 standard errors is caught with probability 0.95
@pytest.mark.parametrize(
    ("graph", "field", "sigma"),
    [
        (Hamming((5,) * 3), Correlation.geometric(0.6, 3), 0.5),
        (hypercube(6), Correlation((1, 0.6, 0.3)), 0.7),
        (Hamming((2, 3, 4)), Correlation((1, 0.5, 0.3)), 2.0),
    ],
    ids=str,
)
def test_neighbourhoods_by_sampling(graph: Hamming, field: Correlation, sigma: float) -> None:
    rng, draws = np.random.default_rng(1), 200_000
    values, vectors = np.linalg.eigh(neighbourhood_covariance(graph, field))
    true = rng.standard_normal((draws, len(values))) @ (vectors * np.sqrt(np.maximum(values, 0))).T
    seen = true + sigma * rng.standard_normal(true.shape)
    chosen, best = true[np.arange(draws), seen.argmin(axis=1)], true.min(axis=1)
    minimal = seen.argmin(axis=1) == 0
    step = denoising.step(graph, field, Noise(sigma))
    minimum = denoising.minimum(graph, field, Noise(sigma))
    for sample, expected in (
        (chosen - best, step.regret),
        (chosen, step.chosen),
        (best, step.best),
        (true[minimal, 0], minimum.true),
        (seen[minimal, 0], minimum.observed),
    ):
        assert abs(sample.mean() - expected) < 3.9 * sample.std() / math.sqrt(len(sample))


@given(strategies.hammings(200).flatmap(lambda g: st.tuples(st.just(g), strategies.fields(g))), strategies.noises())
def test_regret_lies_between_nothing_and_everything(case: tuple[Hamming, Correlation], noise: Noise) -> None:
    """0 ≤ regret ≤ −E[best]: choosing blindly costs that. Regret grows with σ; noise overstates every minimum."""
    graph, field = case
    found = denoising.step(graph, field, noise)
    assert -1e-9 <= found.regret <= -found.best + 1e-9
    more = denoising.step(graph, field, Noise(1.5 * noise.sigma, noise.average))
    assert more.regret >= found.regret - 1e-9
    minimum = denoising.minimum(graph, field, noise)
    assert minimum.observed <= minimum.true <= 0


def test_limits_of_step_and_minimum() -> None:
    field = Correlation.geometric(0.6, 6)
    exact = denoising.step(H56, field, NOISELESS)
    assert exact.regret == pytest.approx(0, abs=1e-14)
    assert denoising.step(H56, field, Noise(1e-9)).regret == pytest.approx(0, abs=1e-12)
    blind = denoising.step(H56, field, Noise(1e9))
    assert blind.chosen == pytest.approx(0, abs=1e-8)
    assert denoising.step(H56, field, Noise(1.0, 4)) == pytest.approx(denoising.step(H56, field, Noise(0.5)), rel=1e-13)
    minimum = denoising.minimum(H56, field, NOISELESS)
    assert minimum.true == minimum.observed == minimum.noiseless
    iid = Correlation.geometric(0.0, 6)
    assert denoising.minimum(H56, iid, NOISELESS).true == pytest.approx(-denoising.expected_maximum(25), rel=1e-11)


@pytest.mark.parametrize(
    ("function", "graph", "field", "message"),
    [
        (f, graph, field, message)
        for f in (denoising.step, denoising.minimum)
        for graph, field, message in (
            (cycle(5), Correlation((1, 0.5)), "graph: cycle:5 is not a Hamming graph"),
            (hypercube(3), Correlation((1, 0.9, 0.2, 0.1)), r"rho: .* not positive semi-definite"),
            (hypercube(4), Correlation((1, 0, 0.5)), r"rho: r = 0.75 lies outside \[0, 1/2\]"),
        )
    ],
)
def test_bad_fields(function: Callable[..., Any], graph: Graph, field: Correlation, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(graph, field, NOISELESS)


@pytest.mark.parametrize(("count", "rho"), [(3, -0.6), (3, 1.1), (1, -1.5), (2, float("nan"))])
def test_bad_candidates(count: int, rho: float) -> None:
    with pytest.raises(ValueError, match=r"rho: .* exchangeable candidates"):
        denoising.candidates(count, rho, Noise(1.0))


@pytest.mark.parametrize("sigma", [0.01, 0.5, 2.0, 100.0])
def test_choice_between_three_by_hand(sigma: float) -> None:
    """P(each looks least) by nested adaptive quadrature."""
    losses = np.array([0.2, 0.5, 0.9])

    def least(i: int) -> float:
        def density(e: float) -> float:
            others = [stats.norm.sf((losses[i] - losses[j]) / sigma + e) for j in range(3) if j != i]
            return float(stats.norm.pdf(e) * np.prod(others))

        return integrate.quad(density, -10, 10, epsabs=1e-13, limit=300)[0]

    expected = sum(least(i) * losses[i] for i in range(3)) - 0.2
    assert denoising.choice(losses, Noise(sigma)).regret == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("gap", [0.1, 1.0, 4.0])
def test_a_choice_between_two_is_a_flip(gap: float) -> None:
    found = denoising.choice(np.array([1.0 + gap, 1.0]), Noise(0.8))
    assert found.regret == pytest.approx(gap * float(denoising.flip(gap, Noise(0.8))), rel=1e-12)
    assert found.by_flips == pytest.approx(found.regret, rel=1e-12)


# 300,000 choices among 40: false-alarm rate 1e-4, an error of 5.6 standard errors (2 % at most) caught with power 0.95
@pytest.mark.parametrize("sigma", [0.3, 1.0, 5.0])
def test_choices_by_sampling(sigma: float) -> None:
    rng = np.random.default_rng(2)
    losses = rng.gumbel(size=40)
    lost = np.concatenate(
        [losses[(losses + sigma * rng.standard_normal((50_000, 40))).argmin(axis=1)] - losses.min() for _ in range(6)]
    )
    found = denoising.choice(losses, Noise(sigma)).regret
    assert abs(lost.mean() - found) < 3.9 * lost.std() / math.sqrt(len(lost))


@given(st.integers(1, 30).flatmap(strategies.landscapes), strategies.noises())
def test_bounds_of_a_choice(losses: list[float], noise: Noise) -> None:
    found = denoising.choice(np.array(losses), noise)
    slack = 1e-9 * (1 + np.ptp(losses))
    assert 0 <= found.regret <= np.mean(losses) - min(losses) + slack  # blind choice is worst
    assert found.regret <= found.by_flips + slack
    assert found.regret <= found.by_extremes + slack


def test_choices_of_a_normal_population_are_candidates() -> None:
    """Averaged over iid tables, a table's exact regret is the model's (40 tables, within 4 standard errors)."""
    rng, noise = np.random.default_rng(3), Noise(0.7)
    found = [denoising.choice(rng.standard_normal(200), noise).regret for _ in range(40)]
    expected = denoising.candidates(200, 0.0, noise).regret
    assert abs(np.mean(found) - expected) < 4 * np.std(found) / math.sqrt(40)


@pytest.mark.parametrize("losses", [[], [[1.0, 2.0]], [1.0, float("nan")], [float("inf"), 0.0]])
def test_bad_choices(losses: Any) -> None:
    with pytest.raises(ValueError, match=r"losses: .* must be a vector of finite numbers"):
        denoising.choice(np.array(losses), Noise(1.0))


@pytest.mark.parametrize("sigma", [0.0, 0.1, 0.5, 2.0])
@pytest.mark.parametrize("graph", [hypercube(5), Hamming((3, 4)), cycle(12)], ids=str)
def test_descents_end_no_worse_than_the_bound(graph: Graph, sigma: float) -> None:
    rng = np.random.default_rng(4)
    losses = rng.standard_normal(graph.n)
    ends = [
        losses[search.descend(graph, losses + sigma * rng.standard_normal(graph.n)).terminal].mean() for _ in range(300)
    ]
    assert np.mean(ends) < denoising.descent(graph, losses, Noise(sigma)) + 1e-12


def test_the_bound_of_a_descent_is_reached_on_a_complete_graph() -> None:
    losses = np.array([3.0, 1.0, 2.0])
    assert denoising.descent(complete(3), losses, NOISELESS) == 1
    expected = 1 + 0.5 * float(denoising.expected_maximum(3))
    assert denoising.descent(complete(3), losses, Noise(0.5)) == pytest.approx(expected)


# 1,500 landscapes: standard error 0.01, so that a factor off by 5 % is caught with power 0.95, false-alarm rate 1e-4
def test_iid_descents_keep_the_fraction_of_the_variance_that_is_signal() -> None:
    """M0: E[true loss at the end] = E[end without noise]/√(1+σ²), for any rule."""
    rng, graph, sigma = np.random.default_rng(5), Hamming((4, 4, 4)), 1.0
    exact, noisy = [], []
    for _ in range(1500):
        losses = rng.standard_normal(graph.n)
        exact.append(losses[search.descend(graph, losses).terminal].mean())
        observed = losses + sigma * rng.standard_normal(graph.n)
        noisy.append(losses[search.descend(graph, observed).terminal].mean())
    difference = np.array(noisy) - np.array(exact) / math.sqrt(1 + sigma**2)
    assert abs(difference.mean()) < 3.9 * difference.std() / math.sqrt(1500)


@pytest.mark.parametrize("losses", [np.zeros(4), np.full(5, np.nan), np.zeros((5, 1))])
def test_bad_descents(losses: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"(?s)losses: .* must be 5 finite numbers on cycle:5"):
        denoising.descent(cycle(5), losses, Noise(1.0))


@pytest.mark.parametrize("graph", [hypercube(3), Hamming((2, 3)), Hamming((2, 2, 3))], ids=str)
def test_limit_is_the_variance_of_the_posterior_mean(graph: Hamming) -> None:
    field, noise = Correlation.geometric(0.5, len(graph.radices)), Noise(0.8)
    words = np.array(np.unravel_index(np.arange(graph.n), graph.radices)).T
    covariance = np.array(field.rho)[(words[:, None] != words[None]).sum(axis=2)]
    posterior = covariance @ np.linalg.solve(covariance + noise.sd**2 * np.eye(graph.n), covariance)
    assert np.diag(posterior) == pytest.approx(posterior[0, 0])
    expected = -math.sqrt(2 * math.log(graph.n) * posterior[0, 0])
    assert denoising.limit(graph, field, noise) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("c", "sigma"), [(0.0, 1.0), (0.6, 0.5), (0.9, 2.0)])
def test_no_search_beats_the_limit(c: float, sigma: float) -> None:
    """Descents, the observed best and the best posterior mean; the last comes near where losses are iid."""
    rng, graph = np.random.default_rng(6), Hamming((3,) * 4)
    field = Correlation.geometric(c, 4)
    words = np.array(np.unravel_index(np.arange(graph.n), graph.radices)).T
    covariance = np.array(field.rho)[(words[:, None] != words[None]).sum(axis=2)]
    gain = covariance @ np.linalg.inv(covariance + sigma**2 * np.eye(graph.n))
    found = []
    for _ in range(300):
        losses = landscapes.gaussian(graph, field, rng)
        observed = losses + sigma * rng.standard_normal(graph.n)
        ends = losses[search.descend(graph, observed).terminal].mean()
        found.append((ends, losses[observed.argmin()], losses[(gain @ observed).argmin()]))
    limit, means = denoising.limit(graph, field, Noise(sigma)), np.mean(found, axis=0)
    assert limit < means.min()
    assert means.min() == means[2] or c == 0
    if c == 0:
        assert means.min() < 0.75 * limit


def test_limit_without_anything_to_find() -> None:
    assert denoising.limit(hypercube(3), Correlation((1, 1 / 3, -1 / 3, -1)), NOISELESS) == pytest.approx(
        -math.sqrt(2 * math.log(8))
    )
    assert denoising.limit(hypercube(3), Correlation.geometric(0.5, 3), Noise(1e9)) == pytest.approx(0, abs=1e-8)
    with pytest.raises(ValueError, match=r"rho: .* not positive semi-definite"):
        denoising.limit(hypercube(3), Correlation((1, 0.9, 0.2, 0.1)), Noise(1.0))


@pytest.mark.parametrize("trainings", [1, 2, 17, 300])
@pytest.mark.parametrize("noise", [NOISELESS, Noise(0.5), Noise(3.0), Noise(4.0, 2)])
def test_budget_is_the_best_of_its_curve(trainings: int, noise: Noise) -> None:
    found = denoising.budget(trainings, noise)
    for k in range(1, trainings + 1):
        literal = denoising.candidates(trainings // k, 0.0, Noise(noise.sigma, noise.average * k)).chosen
        assert found.losses[k - 1] == pytest.approx(literal, rel=1e-12, abs=1e-15)
    assert found.losses[found.seeds - 1] == found.losses.min()
    assert found.seeds == 1 or noise.sd > 0


def test_more_noise_asks_for_more_seeds() -> None:
    assert [denoising.budget(1000, Noise(s)).seeds for s in (0, 0.1, 0.5, 1, 3, 10)] == [1, 1, 1, 4, 20, 71]


@pytest.mark.parametrize("trainings", [0, -5])
def test_bad_trainings(trainings: int) -> None:
    with pytest.raises(ValueError, match=f"trainings: {trainings} must be at least 1"):
        denoising.budget(trainings, Noise(1.0))


@pytest.mark.parametrize(
    ("c", "sigma", "factor"), [(0.6, 0.3, 1.1), (0.3, 1.0, 1.5), (0.9, 0.05, 2.0), (0.6, 0.0, 1.01), (0.0, 3.0, 1.2)]
)
def test_denoise_finds_the_least_number_of_seeds(c: float, sigma: float, factor: float) -> None:
    field = Correlation.geometric(c, 6)
    found = denoising.denoise(H56, field, Noise(sigma), factor)
    assert found.noiseless == minima.gaussian(H56, field)
    most = factor * found.noiseless
    assert minima.gaussian(H56, field, Noise(sigma, found.seeds)) <= most
    assert found.seeds == 1 or minima.gaussian(H56, field, Noise(sigma, found.seeds - 1)) > most
    assert found.seeds in found.tried
    assert [minima.gaussian(H56, field, Noise(sigma, int(k))) for k in found.tried] == found.minima.tolist()
    assert (np.diff(found.minima) <= 1e-9).all()  # Slepian: fewer minima with more seeds


@pytest.mark.parametrize("factor", [1.0, 0.5, float("nan")])
def test_bad_factor(factor: float) -> None:
    with pytest.raises(ValueError, match=r"factor: .* must exceed 1"):
        denoising.denoise(H56, Correlation.geometric(0.6, 6), Noise(1.0), factor)


def test_denoising_needs_a_monotone_field() -> None:
    with pytest.raises(ValueError, match=r"ρ_1 = 0 < ρ_2 = 0\.5"):
        denoising.denoise(hypercube(4), Correlation((1, 0, 0.5)), Noise(1.0), 1.1)
    with pytest.raises(ValueError, match="graph: cycle:5 is not a Hamming graph"):
        denoising.denoise(cycle(5), Correlation((1, 0.5)), Noise(1.0), 1.1)
    assert denoising.denoise(complete(5), Correlation((1, 0.5)), Noise(1.0), 1.1).seeds == 1
