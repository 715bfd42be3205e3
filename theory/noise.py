"""Evaluation noise: what is added to the true loss when a vertex is evaluated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Noise:
    """Frozen Gaussian noise: observed loss ℓ̂(v) = ℓ(v) + σ ε(v), one draw a vertex.

    sigma    σ ≥ 0, in units of the landscape's standard deviation
    average  number k ≥ 1 of independent draws that are averaged (denoising): the noise left is σ/√k

    >>> Noise(0.6, average=4).sd
    0.3
    """

    sigma: float = 0.0
    average: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma) and self.sigma >= 0):
            raise ValueError(f"noise: sigma {self.sigma} must be finite and at least 0")
        if not (self.average >= 1 and self.average == int(self.average)):
            raise ValueError(f"noise: average {self.average} must be a whole number of at least 1")

    @property
    def sd(self) -> float:
        """Standard deviation of the noise that is left, σ/√k."""
        return self.sigma / math.sqrt(self.average)


NOISELESS = Noise()


def least_draws(suffices: Callable[[int], bool]) -> int:
    """The least number k ≥ 1 of averaged draws that suffices, where more draws always suffice too, by bisection."""
    enough = 1
    while not suffices(enough):
        enough *= 2
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if suffices(middle) else (middle, enough)
    return enough
