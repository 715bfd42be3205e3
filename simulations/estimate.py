"""Estimates with intervals that are right for skewed and rare counts, proportions, ratios and sequential campaigns."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

RARE = 30
"""With fewer non-zero trials than this, a count that is mostly zero gets the interval of a weighted Poisson sum too."""


class Estimate(NamedTuple):
    """A best estimate between the ends of its confidence interval."""

    low: float
    best: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in the interval."""
        return self.low <= value <= self.high


def _check(values: np.ndarray, confidence: float, least: int = 2) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence} must lie in (0, 1)")
    if len(values) < least:
        raise ValueError(f"trials: {len(values)} must be at least {least} for an interval")


def mean(values: np.ndarray, confidence: float = 0.99) -> Estimate:
    """Mean of independent trials with an interval that suits them.

    Zeros and ones: `proportion` (exact). Otherwise Student's t with its skewness removed, T + aT²/3 + a²T³/27 + a/6 for
    a = γ/√trials (Hall 1992; asymptotic, error O(1/trials) in each tail; Student's interval where γ = 0, and no width
    where all trials are the same). Counts that are mostly zero, with fewer than `RARE` others, also take in the
    interval of a weighted sum of Poisson variables (Fay and Feuer 1997), so that no events still leave room above 0; a
    handful of events says little of larger ones that were not seen: with about three events of geometric size, 4 % of
    99 % intervals miss.
    values  shape (trials,); confidence in (0, 1). ValueError otherwise. One trial says nothing of its error: the
            interval is (−∞, ∞).

    >>> mean(np.array([1.0, 2.0, 3.0])).best
    2.0
    """
    values = np.asarray(values, dtype=float)
    _check(values, confidence, least=1)
    if len(values) == 1:
        return Estimate(-math.inf, float(values[0]), math.inf)
    if np.isin(values, (0, 1)).all():
        return proportion(int(values.sum()), len(values), confidence)
    low, best, high = _unskewed(values, confidence)
    events = np.count_nonzero(values)
    if events < min(RARE, len(values) / 2) and (values >= 0).all() and (values == np.rint(values)).all():
        rare = _weighted_poisson(values, confidence)
        low, high = min(low, rare.low), max(high, rare.high)
    return Estimate(low, best, high)


def proportion(successes: int, trials: int, confidence: float = 0.99) -> Estimate:
    """Share of successes with the exact interval of Clopper and Pearson (1934), right at 0 and 1.

    ValueError unless 0 ≤ successes ≤ trials, trials ≥ 1.

    >>> [round(x, 4) for x in proportion(0, 100, 0.95)]
    [0.0, 0.0, 0.0362]
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"successes: {successes} must lie in 0..{trials}, the trials")
    found = stats.binomtest(successes, trials).proportion_ci(confidence, method="exact")
    return Estimate(float(found.low), successes / trials, float(found.high))


def _unskewed(values: np.ndarray, confidence: float) -> Estimate:
    best, error = float(np.mean(values)), standard_error(values)
    spread = float(np.std(values))
    if spread <= 1e-14 * abs(best):  # every trial the same, but for rounding
        return Estimate(best, best, best)
    skewness = float(np.mean((values - best) ** 3)) / spread**3 / math.sqrt(len(values))
    t = float(stats.t.ppf(0.5 + confidence / 2, len(values) - 1))
    if abs(skewness) < 1e-6:
        return Estimate(best - error * t, best, best + error * t)
    low, high = (3 / skewness * (np.cbrt(1 + skewness * (z - skewness / 6)) - 1) for z in (t, -t))
    return Estimate(best - error * float(low), best, best - error * float(high))


def _weighted_poisson(counts: np.ndarray, confidence: float) -> Estimate:
    """Gamma interval of Fay and Feuer (1997) for the mean of rare counts, the largest one so far the next weight."""
    total, square, largest = counts.sum(), (counts**2).sum(), max(1.0, counts.max())
    tail = (1 - confidence) / 2
    low = square / (2 * total) * stats.chi2.ppf(tail, 2 * total**2 / square) if total else 0.0
    total, square = total + largest, square + largest**2
    high = square / (2 * total) * stats.chi2.isf(tail, 2 * total**2 / square)
    return Estimate(float(low) / len(counts), float(np.mean(counts)), float(high) / len(counts))


def standard_error(values: np.ndarray) -> float:
    """Standard error of the mean."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def variance(values: np.ndarray, confidence: float = 0.99) -> Estimate:
    """Variance, by the unskewed interval of the mean of (x−x̄)²·trials/(trials−1) (asymptotic)."""
    values = np.asarray(values, dtype=float)
    _check(values, confidence)
    return _unskewed((values - np.mean(values)) ** 2 * len(values) / (len(values) - 1), confidence)


def ratio(above: np.ndarray, below: np.ndarray, confidence: float = 0.99) -> Estimate:
    """E[above]/E[below] of paired trials, with Fieller's interval (1954; exact for normal trials).

    above, below  shape (trials,), at least 3. The interval is (−∞, ∞) where E[below] may be 0. ValueError for trials
    that are too few or not paired.

    >>> ratio(np.array([2.0, 4, 6]), np.array([1.0, 2, 3])).best
    2.0
    """
    _check(above, confidence, least=3)
    if np.shape(above) != np.shape(below):
        raise ValueError(f"above, below: shapes {np.shape(above)} and {np.shape(below)} must be the same")
    top, bottom = float(np.mean(above)), float(np.mean(below))
    ((xx, xy), (_, yy)) = np.cov(above, below) / len(above)
    t2 = float(stats.t.ppf(0.5 + confidence / 2, len(above) - 1)) ** 2
    # (top − q·bottom)² ≤ t² (xx − 2q·xy + q²·yy)
    a, half, c = bottom**2 - t2 * yy, top * bottom - t2 * xy, top**2 - t2 * xx
    best = top / bottom if bottom else math.nan
    if a <= 0:
        return Estimate(-math.inf, best, math.inf)
    root = math.sqrt(max(0.0, half**2 - a * c))
    return Estimate((half - root) / a, best, (half + root) / a)


def controlled(values: np.ndarray, control: np.ndarray, known: float) -> np.ndarray:
    """Trials less what a control variate explains of them: values − b (control − known), b the slope of regression.

    values, control  paired trials, shape (trials,); known  E[control]. The mean is that of the values (its bias is
    O(1/trials)), and the variance falls by the factor 1 − corr² (Lavenberg and Welch 1981). A control that is constant
    but for rounding changes nothing. ValueError for trials that are not paired.
    """
    if np.shape(values) != np.shape(control):
        raise ValueError(f"values, control: shapes {np.shape(values)} and {np.shape(control)} must be the same")
    centre = np.mean(control)
    off = control - centre
    if np.abs(off).max() <= 1e-14 * abs(centre):
        return np.asarray(values, dtype=float)
    return values - float(off @ values) / float(off @ off) * (control - known)


def difference(first: np.ndarray, second: np.ndarray, confidence: float = 0.99) -> Estimate:
    """E[first] − E[second] of trials paired by common random numbers, shape (trials,). ValueError if not paired."""
    if np.shape(first) != np.shape(second):
        raise ValueError(f"first, second: shapes {np.shape(first)} and {np.shape(second)} must be the same")
    return mean(np.asarray(first, dtype=float) - np.asarray(second, dtype=float), confidence)


def look_confidence(confidence: float, look: int) -> float:
    """Confidence of look 1, 2, … of a sequential campaign: the misses 1−confidence are spent as 1/(look(look+1)).

    Their sum over all looks is 1 − confidence, so the interval at whichever look the campaign stops is valid.
    """
    return 1 - (1 - confidence) / (look * (look + 1))
