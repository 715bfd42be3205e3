"""Estimates and their intervals: textbook values, and coverage by simulation."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from simulations import estimate
from simulations.estimate import Estimate


def test_mean_of_three() -> None:
    """Student's 97.5 % point with 2 degrees of freedom is 4.302653 (any table); the trials are not skewed."""
    half = 4.302653 / math.sqrt(3)
    assert estimate.mean(np.array([1, 2, 3]), 0.95) == pytest.approx((2 - half, 2, 2 + half), rel=1e-6)


def test_standard_error_of_the_mean() -> None:
    values = [1.0, 4.0, 9.0, 16.0]
    assert estimate.standard_error(np.array(values)) == pytest.approx(statistics.stdev(values) / 2)


def test_variance_is_unbiased() -> None:
    values = [1.0, 4.0, 9.0, 16.0]
    low, best, high = estimate.variance(np.array(values))
    assert best == pytest.approx(statistics.variance(values))
    assert low < best < high


@pytest.mark.parametrize(
    ("value", "held"), [(0.9, False), (1, True), (2, True), (3, True), (3.1, False), (math.nan, False)]
)
def test_an_interval_holds_its_ends(value: float, held: bool) -> None:
    assert Estimate(1, 2, 3).holds(value) is held


def test_equal_values_leave_no_doubt() -> None:
    assert estimate.mean(np.full(5, 2.5)) == (2.5, 2.5, 2.5)
    assert estimate.variance(np.full(5, 2.5)) == (0, 0, 0)


@pytest.mark.parametrize("measure", [estimate.mean, estimate.variance])
def test_intervals_grow_with_confidence_and_shrink_with_trials(measure: Callable[..., Estimate]) -> None:
    values = np.random.default_rng(0).standard_normal(100)
    width = {c: measure(values, c).high - measure(values, c).low for c in (0.5, 0.9, 0.999)}
    assert width[0.5] < width[0.9] < width[0.999]
    often = measure(np.tile(values, 25), 0.9)
    assert often.high - often.low == pytest.approx(width[0.9] / 5, rel=0.05)  # the skewness shrinks as well


@pytest.mark.parametrize("measure", [estimate.mean, estimate.variance])
@pytest.mark.parametrize("confidence", [0, 1, -0.5, 1.5, math.nan])
def test_confidence_is_a_probability(measure: Callable[..., Estimate], confidence: float) -> None:
    with pytest.raises(ValueError, match=r"confidence: .* must lie in \(0, 1\)"):
        measure(np.arange(5.0), confidence)


def test_equal_counts_of_nothing_leave_room_above() -> None:
    """No event in 200 trials: P(no event) = α/2 at a mean of −ln(α/2)/200, as for a Poisson count; for zeros and ones
    (1−p)^200 = α/2."""
    assert estimate.mean(np.zeros(200), 0.95) == pytest.approx((0, 0, 1 - 0.025 ** (1 / 200)))
    rare = estimate._weighted_poisson(np.zeros(200), 0.95)
    assert rare == pytest.approx((0, 0, -math.log(0.025) / 200))


@pytest.mark.parametrize(("measure", "count"), [(estimate.mean, 0), (estimate.variance, 0), (estimate.variance, 1)])
def test_an_interval_needs_trials(measure: Callable[..., Estimate], count: int) -> None:
    with pytest.raises(ValueError, match=f"trials: {count} must be at least {1 if measure is estimate.mean else 2}"):
        measure(np.ones(count))


def test_one_trial_says_nothing_of_its_error() -> None:
    assert estimate.mean(np.array([3.0])) == (-math.inf, 3, math.inf)


SAMPLES = 2000


def coverage(measure: Callable[..., Estimate], samples: np.ndarray, truth: float, confidence: float) -> float:
    return float(np.mean([measure(sample, confidence).holds(truth) for sample in samples]))


def tolerance(confidence: float) -> float:
    """Four standard errors of a share of SAMPLES: false alarm 6e−5; an error of 5.7 of them is caught with 95 %, that
    is 0.038 at confidence 0.9 and 0.013 at 0.99."""
    return 4 * math.sqrt(confidence * (1 - confidence) / SAMPLES)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("trials", [2, 10])
def test_mean_interval_covers_exactly_for_normal_trials(trials: int, confidence: float) -> None:
    samples = np.random.default_rng(1).normal(3.0, 2.0, (SAMPLES, trials))
    assert abs(coverage(estimate.mean, samples, 3.0, confidence) - confidence) < tolerance(confidence)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("measure", [estimate.mean, estimate.variance])
def test_intervals_cover_asymptotically(measure: Callable[..., Estimate], confidence: float) -> None:
    """400 trials of a Poisson(4) count, mean and variance 4; 0.01 is allowed for the finite number of trials."""
    samples = np.random.default_rng(2).poisson(4, (SAMPLES, 400)).astype(float)
    assert abs(coverage(measure, samples, 4.0, confidence) - confidence) < tolerance(confidence) + 0.01


def student(values: np.ndarray, confidence: float = 0.99) -> Estimate:
    """The textbook interval, the negative control."""
    half = estimate.standard_error(values) * stats.t.ppf(0.5 + confidence / 2, len(values) - 1)
    return Estimate(values.mean() - half, values.mean(), values.mean() + half)


DRAWS: dict[str, tuple[Callable[[np.random.Generator], np.ndarray], float]] = {
    "exponential": (lambda rng: rng.exponential(1, (SAMPLES, 100)), 1.0),
    "chi-square, 1 degree": (lambda rng: rng.standard_normal((SAMPLES, 200)) ** 2, 1.0),
    "log-normal": (lambda rng: np.exp(0.7 * rng.standard_normal((SAMPLES, 200))), math.exp(0.245)),
    "rare counts": (lambda rng: rng.poisson(0.02, (SAMPLES, 300)).astype(float), 0.02),
}


@pytest.mark.parametrize("name", DRAWS)
def test_skewed_trials_are_covered_from_above(name: str) -> None:
    """Of 99 % intervals at most 1 % + tolerance miss in all, and of the side that Student's misses most, above, at most
    0.5 % + tolerance; Student's fails the same test."""
    draw, truth = DRAWS[name]
    samples = draw(np.random.default_rng(3))
    missed = {f: np.mean([f(x, 0.99).high < truth for x in samples]) for f in (estimate.mean, student)}
    allowed = 0.005 + 4 * math.sqrt(0.005 / SAMPLES)
    assert missed[estimate.mean] < allowed < missed[student]
    assert coverage(estimate.mean, samples, truth, 0.99) > 0.99 - tolerance(0.99)


@pytest.mark.parametrize("p", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_a_proportion_is_covered_for_certain(p: float) -> None:
    """Clopper and Pearson: the chance that 60 trials give an interval without p is at most 5 %, summed exactly."""
    chances = stats.binom.pmf(range(61), 60, p)
    held = [estimate.proportion(k, 60, 0.95).holds(p) for k in range(61)]
    assert chances @ held >= 0.95


def test_zeros_and_ones_are_a_proportion() -> None:
    values = np.array([0, 1, 1, 0, 1.0])
    assert estimate.mean(values, 0.9) == estimate.proportion(3, 5, 0.9)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_bad_proportions_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match=f"successes: {successes} must lie in 0..{trials}"):
        estimate.proportion(successes, trials)


def test_ratio_of_means_is_covered() -> None:
    """Exponential over shifted exponential, correlated, 100 pairs; ratio of means 2/1.5."""
    rng = np.random.default_rng(4)
    below = rng.exponential(1, (SAMPLES, 100))
    above = below + 0.5 * rng.standard_normal(below.shape) + 1
    held = np.mean([estimate.ratio(a, b, 0.9).holds(2 / 1.5) for a, b in zip(above, below + 0.5, strict=True)])
    assert abs(held - 0.9) < tolerance(0.9) + 0.01


def test_a_ratio_to_what_may_be_zero_is_unknown() -> None:
    below = np.array([1.0, -1.2, 0.9, -0.8])
    assert (estimate.ratio(np.ones(4), below).low, estimate.ratio(np.ones(4), below).high) == (-math.inf, math.inf)


def test_a_control_variate_is_covered_and_shorter() -> None:
    """Correlation −0.8 with a control of known mean: covered, and the interval is √(1−0.64) = 0.6 as long."""
    rng = np.random.default_rng(5)
    control = rng.standard_normal((SAMPLES, 50))
    values = 3 - 0.8 * control + 0.6 * rng.standard_normal(control.shape)
    pairs = list(zip(values, control, strict=True))
    found = [estimate.mean(estimate.controlled(v, c, 0.0), 0.9) for v, c in pairs]
    assert abs(np.mean([e.holds(3.0) for e in found]) - 0.9) < tolerance(0.9) + 0.01
    plain = [estimate.mean(v, 0.9) for v, _ in pairs]
    widths = [np.mean([e.high - e.low for e in es]) for es in (found, plain)]
    assert widths[0] / widths[1] == pytest.approx(0.6, rel=0.05)
    for constant in (1.0, 0.1, 1 / 3):  # of some the mean is not quite the number
        assert np.array_equal(estimate.controlled(values[0], np.full(50, constant), 1.0), values[0])


def test_pairs_must_pair() -> None:
    for measure in (estimate.ratio, estimate.difference, lambda a, b: estimate.controlled(a, b, 0)):
        with pytest.raises(ValueError, match=r"shapes \(5,\) and \(4,\) must be the same"):
            measure(np.arange(5.0), np.arange(4.0))


def test_common_random_numbers_cancel() -> None:
    noise = np.random.default_rng(6).standard_normal(30)
    found = estimate.difference(noise + 1, noise)
    assert found.low == pytest.approx(1) == found.high


def test_looks_spend_no_more_than_the_misses() -> None:
    spent = sum(1 - estimate.look_confidence(0.95, look) for look in range(1, 10_000))
    assert 0.0499 < spent < 0.05
