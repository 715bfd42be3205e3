"""Correlation of a stationary field on a Hamming graph, by distance."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy.optimize import linprog, nnls

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
        if not rho or rho[0] != 1 or not all(abs(r) <= 1 + 1e-12 for r in rho):
            raise ValueError(f"rho: {rho} must start with ρ_0 = 1 and lie in [−1, 1]")
        object.__setattr__(self, "rho", tuple(min(max(r, -1.0), 1.0) for r in rho))

    @classmethod
    def geometric(cls, c: float, dimension: int) -> Correlation:
        """The product kernel ρ_h = c^h up to distance `dimension`."""
        if not abs(c) <= 1:
            raise ValueError(f"c: {c} must lie in [−1, 1]")
        return cls(tuple(float(c) ** h for h in range(dimension + 1)))

    def __getitem__(self, h: int) -> float:
        if not 0 <= h < len(self.rho):
            raise ValueError(f"rho: ρ_{h} is needed, but only distances up to {len(self.rho) - 1} are given")
        return self.rho[h]

    def observed(self, noise: Noise) -> Correlation:
        """Correlation under frozen Gaussian noise of standard deviation σ: ρ_h/(1+σ²) for h ≥ 1 (exact)."""
        return Correlation((1.0, *(r / (1 + noise.sd**2) for r in self.rho[1:])))

    def completed(self, graph: Graph) -> Correlation:
        """The correlation at every distance 0..d of a Hamming graph.

        The eigenvalues of the field's covariance are λ_T = Σ_h ρ_h v_h P_T(h), v_h vertices at distance h; the open ρ_h
        are those with the largest smallest eigenvalue. Status: exact.
        ValueError where no positive semi-definite completion exists, or the graph is not a Hamming graph.
        """
        if not isinstance(graph, Hamming):
            raise ValueError(f"graph: {graph} is not a Hamming graph; a correlation by distance needs one")
        if len(self.rho) > len(graph.radices) + 1:
            raise ValueError(f"rho: {len(self.rho) - 1} distances given, but {graph} has {len(graph.radices)}")
        sums = character_sums(graph)
        given, (types, distances) = len(self.rho), sums.shape
        known, open_sums = sums[:, :given] @ self.rho, sums[:, given:]
        rest = np.empty(0)
        if given < distances:  # maximise t subject to known + open_sums @ ρ ≥ t
            shortfall = np.hstack([-open_sums, np.ones((types, 1))])
            bounds = [*[(-1, 1)] * (distances - given), (None, None)]
            found = linprog([*[0.0] * (distances - given), -1.0], shortfall, known, bounds=bounds)
            if found.x is None and known.min() < 0:  # in many dimensions the sums span too many orders of magnitude
                return self._mixed(graph, sums)
            rest = found.x[:-1] if found.x is not None else np.zeros(distances - given)
        if (known + open_sums @ rest).min() < -1e-9 * graph.n:
            raise ValueError(f"rho: {self.rho[1:]} is not positive semi-definite on {graph}")
        return Correlation((*self.rho, *rest))

    def _mixed(self, graph: Hamming, sums: np.ndarray) -> Correlation:
        """Equal radices: ρ_h = Σ_j w_j K_h(j)/K_h(0), w ≥ 0 (Schoenberg), by non-negative least squares in w."""
        profiles, given = (sums / sums[0]).T, len(self.rho)
        weights, residual = nnls(profiles[:given], np.asarray(self.rho))
        if residual > 1e-9 or not graph.is_uniform:
            raise ValueError(f"rho: {self.rho[1:]} is not positive semi-definite on {graph}")
        return Correlation((*self.rho, *np.clip(profiles[given:] @ weights, -1, 1)))


@dataclass(frozen=True)
class Anisotropic:
    """Product kernel with one correlation a coordinate: two vertices correlate Π c_i over the coordinates that differ.

    Given the centre's loss its lines are independent. ValueError unless every c_i lies in [0, 1].
    """

    c: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "c", tuple(float(c) for c in self.c))
        if not self.c or not all(0 <= c <= 1 for c in self.c):
            raise ValueError(f"c: {self.c} must be one or more numbers in [0, 1], one a coordinate")


def character_sums(graph: Hamming) -> np.ndarray:
    """v_h P_T(h) = [x^h] Π_{i∈T}(1−x) Π_{i∉T}(1+(q_i−1)x), shape (number of types, d+1).

    The sum over the vertices at distance h of a character that varies on the coordinates T; a type counts how many
    coordinates of each radix are in T. With equal radices these are the Krawtchouk polynomials (Delsarte 1973).
    """
    present = Counter(graph.radices)

    def product(varying: tuple[int, ...]) -> np.ndarray:
        factors = []
        for (q, count), moved in zip(present.items(), varying, strict=True):
            factors += [[1, -1]] * moved + [[1, q - 1]] * (count - moved)
        return reduce(np.convolve, factors, np.ones(1))

    return np.stack([product(t) for t in itertools.product(*(range(m + 1) for m in present.values()))])


def second_difference(correlation: Correlation, noise: Noise) -> float:
    """r(σ) = (A−2ρ_1+ρ_2)/(2(A−ρ_1)), A = 1+σ²: correlation of two loss differences across lines (exact, M2).

    0 in additive landscapes, 1/2 in iid ones. ValueError where all losses are equal (A = ρ_1).
    """
    A = 1 + noise.sd**2
    if math.isclose(A, correlation[1], abs_tol=1e-14):
        raise ValueError("rho: ρ_1 = 1 without noise: the landscape is constant and has no strict local minimum")
    return (A - 2 * correlation[1] + correlation[2]) / (2 * (A - correlation[1]))
