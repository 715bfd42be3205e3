"""Estimates with intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats


class Estimate(NamedTuple):
    """A best estimate between the ends of its confidence interval."""

    low: float
    best: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in the interval."""
        return self.low <= value <= self.high


def mean(values: np.ndarray, confidence: float = 0.99) -> Estimate:
    """Mean of independent values with Student's interval; asymptotic where they are not normal.

    values  shape (trials,), at least 2 of them; confidence in (0, 1). ValueError otherwise.

    >>> mean(np.array([1.0, 2.0, 3.0])).best
    2.0
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence} must lie in (0, 1)")
    if len(values) < 2:
        raise ValueError(f"trials: {len(values)} must be at least 2 for an interval")
    best = float(np.mean(values))
    half = standard_error(values) * float(stats.t.ppf(0.5 + confidence / 2, len(values) - 1))
    return Estimate(best - half, best, best + half)


def standard_error(values: np.ndarray) -> float:
    """Standard error of the mean."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def variance(values: np.ndarray, confidence: float = 0.99) -> Estimate:
    """Variance with an interval from the sampling variance of (x−x̄)² (asymptotic)."""
    if len(values) < 2:
        raise ValueError(f"trials: {len(values)} must be at least 2 for an interval")
    centred = (values - np.mean(values)) ** 2
    return mean(centred * len(values) / (len(values) - 1), confidence)
