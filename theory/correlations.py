"""Correlation of a stationary field on a Hamming graph, by distance."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy.optimize import nnls

from .graphs import Graph, Hamming
from .noise import Noise


@dataclass(frozen=True)
class Correlation:
    """ρ_0 = 1, ρ_1, ρ_2, …: correlation of the losses of two vertices at Hamming distance h.

    The last distances may be left open: `completed` finds values for them where some exist.
    ValueError unless ρ_0 = 1 and every |ρ_h| ≤ 1.

    >>> Correlation.geometric(0.5, 3).rho
    (1.0, 0.5, 0.25, 0.125)
    """

    rho: tuple[float, ...]

    def __post_init__(self) -> None:
        rho = tuple(float(r) for r in self.rho)
        if not rho or rho[0] != 1 or not all(abs(r) <= 1 for r in rho):
            raise ValueError(f"rho: {rho} must start with ρ_0 = 1 and lie in [−1, 1]")
        object.__setattr__(self, "rho", rho)

    @classmethod
    def geometric(cls, c: float, dimension: int) -> Correlation:
        """The product kernel ρ_h = c^h up to distance `dimension`."""
        if not abs(c) <= 1:
            raise ValueError(f"c: {c} must lie in [−1, 1]")
        return cls(tuple(float(c) ** h for h in range(dimension + 1)))

    def __getitem__(self, h: int) -> float:
        if h >= len(self.rho):
            raise ValueError(f"rho: ρ_{h} is needed, but only distances up to {len(self.rho) - 1} are given")
        return self.rho[h]

    def observed(self, noise: Noise) -> Correlation:
        """Correlation under frozen Gaussian noise of standard deviation σ: ρ_h/(1+σ²) for h ≥ 1 (exact)."""
        return Correlation((1.0, *(r / (1 + noise.sd**2) for r in self.rho[1:])))

    def completed(self, graph: Graph) -> Correlation:
        """The correlation at every distance 0..d of a Hamming graph.

        A stationary, distance-dependent correlation is a mixture Σ_T w_T P_T(h) with weights w ≥ 0, Σw = 1, of the
        normalised Krawtchouk functions of the coordinate types T (Schoenberg's theorem on an association scheme), so
        that a completion is found, or shown not to exist, by non-negative least squares. Status: exact.
        ValueError where no positive semi-definite completion exists, or the graph is not a Hamming graph.
        """
        if not isinstance(graph, Hamming):
            raise ValueError(f"graph: {graph} is not a Hamming graph; a correlation by distance needs one")
        if len(self.rho) > len(graph.radices) + 1:
            raise ValueError(f"rho: {len(self.rho) - 1} distances given, but {graph} has {len(graph.radices)}")
        profiles = krawtchouk_profiles(graph)
        given = np.asarray(self.rho)
        weights, residual = nnls(profiles[: len(given)], given)
        if residual > 1e-9:
            raise ValueError(f"rho: {self.rho} is not positive semi-definite on {graph}")
        rho = np.clip(profiles @ weights, -1, 1)
        return Correlation((*self.rho, *rho[len(given) :].tolist()))


def krawtchouk_profiles(graph: Hamming) -> np.ndarray:
    """Normalised Krawtchouk functions P_T(h), shape (d+1, number of types).

    P_T(h) = [x^h] Π_{i∈T}(1−x) Π_{i∉T}(1+(q_i−1)x) / [x^h] Π_i(1+(q_i−1)x); a type T counts how many coordinates
    of each radix vary. With equal radices these are the Krawtchouk polynomials K_h(j)/K_h(0), j = |T| (Delsarte 1973).
    """

    def coefficients(varying: dict[int, int], present: dict[int, int]) -> np.ndarray:
        factors = [[1, -1]] * sum(varying.values())
        for q, m in present.items():
            factors += [[1, q - 1]] * (m - varying.get(q, 0))
        return reduce(np.convolve, factors, np.ones(1))

    present = dict(Counter(graph.radices))
    types = itertools.product(*(range(m + 1) for m in present.values()))
    columns = [coefficients(dict(zip(present, t, strict=True)), present) for t in types]
    return np.stack(columns, axis=1) / coefficients({}, present)[:, None]


def second_difference(correlation: Correlation, noise: Noise) -> float:
    """r(σ) = (A−2ρ_1+ρ_2)/(2(A−ρ_1)), A = 1+σ²: correlation of two loss differences across lines (exact, M2).

    0 in additive landscapes, 1/2 in iid ones. ValueError where all losses are equal (A = ρ_1).
    """
    A = 1 + noise.sd**2
    if math.isclose(A, correlation[1], abs_tol=1e-14):
        raise ValueError("rho: ρ_1 = 1 without noise: the landscape is constant and has no strict local minimum")
    return (A - 2 * correlation[1] + correlation[2]) / (2 * (A - correlation[1]))
