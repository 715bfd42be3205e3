"""Estimates and their intervals: textbook values, and coverage by simulation."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest

from simulations import estimate
from simulations.estimate import Estimate


def test_mean_of_three() -> None:
    """Student's 97.5 % point with 2 degrees of freedom is 4.302653 (any table)."""
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
    assert often.high - often.low == pytest.approx(width[0.9] / 5, rel=0.03)


@pytest.mark.parametrize("measure", [estimate.mean, estimate.variance])
@pytest.mark.parametrize("confidence", [0, 1, -0.5, 1.5, math.nan])
def test_confidence_is_a_probability(measure: Callable[..., Estimate], confidence: float) -> None:
    with pytest.raises(ValueError, match=r"confidence: .* must lie in \(0, 1\)"):
        measure(np.arange(5.0), confidence)


@pytest.mark.parametrize("measure", [estimate.mean, estimate.variance])
@pytest.mark.parametrize("count", [0, 1])
def test_an_interval_needs_two_trials(measure: Callable[..., Estimate], count: int) -> None:
    with pytest.raises(ValueError, match=f"trials: {count} must be at least 2"):
        measure(np.ones(count))


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
