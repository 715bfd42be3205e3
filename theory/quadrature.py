"""Gauss–Legendre quadrature on panels, and Volterra operators by collocation on its nodes.

A function on [a, b] is represented by its values at the `order` Gauss nodes of each panel. Integrals with a moving
limit are split at panel edges and kinks, so that every piece is smooth and the error falls geometrically with
the order. `refine` doubles the panels until the answer stands still.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse

ORDER = 16
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(ORDER)
_BARYCENTRIC = (-1.0) ** np.arange(ORDER) * np.sqrt((1 - _NODES**2) * _WEIGHTS)

STEP = 1 / 16
LINE = np.arange(-10, 10 + STEP, STEP)
MASS = STEP / np.sqrt(2 * np.pi) * np.exp(-(LINE**2) / 2)
"""Trapezoid rule MASS @ g(LINE) for ∫φ(z) g(z) dz: error below rounding for entire g (Trefethen, Weideman 2014)."""

Kernel2 = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Panels:
    """Panels with the given increasing edges; P panels carry N = 16·P nodes."""

    edges: np.ndarray

    @classmethod
    def covering(cls, a: float, b: float, count: int, marks: tuple[float, ...] = ()) -> Panels:
        """`count` equal panels of [a, b], cut further at the `marks` inside."""
        edges = np.linspace(a, b, count + 1)
        for mark in marks:
            if a < mark < b and np.abs(edges - mark).min() > 1e-12 * (b - a):
                edges = np.append(edges, mark)
        return cls(np.sort(edges))

    @property
    def nodes(self) -> np.ndarray:
        """All nodes in increasing order, shape (N,)."""
        return _gauss(self.edges[:-1], self.edges[1:])[0].ravel()

    @property
    def weights(self) -> np.ndarray:
        """Quadrature weights of the nodes, shape (N,): ∫_a^b w ≈ weights @ w(nodes)."""
        return _gauss(self.edges[:-1], self.edges[1:])[1].ravel()

    def interpolation(self, y: np.ndarray) -> sparse.csr_array:
        """Matrix from node values to values at the points y in [a, b], shape (len(y), N)."""
        panel = np.clip(np.searchsorted(self.edges, y, side="right") - 1, 0, len(self.edges) - 2)
        low, high = self.edges[panel], self.edges[panel + 1]
        offset = (2 * y - low - high)[:, None] / (high - low)[:, None] - _NODES
        offset = np.where(np.abs(offset) < 1e-15, 1e-15, offset)  # at a node its own term outweighs all others
        rows = _BARYCENTRIC / offset
        rows = rows / rows.sum(axis=1, keepdims=True)
        columns = panel[:, None] * ORDER + np.arange(ORDER)
        pointers = np.arange(len(y) + 1) * ORDER
        return sparse.csr_array((rows.ravel(), columns.ravel(), pointers), shape=(len(y), len(self.nodes)))

    def operator(
        self, kernel: Kernel2, targets: np.ndarray, low: np.ndarray, high: np.ndarray, kinks: np.ndarray
    ) -> np.ndarray:
        """Matrix of w ↦ ∫_{low(t)}^{high(t)} kernel(t, y) w(y) dy at the targets t, shape (len(targets), N).

        `kinks` of shape (len(targets), K) are the losses y at which the integrand is not smooth.
        """
        cuts = np.concatenate([np.broadcast_to(self.edges, (len(targets), len(self.edges))), kinks], axis=1)
        cuts = np.sort(np.clip(cuts, low[:, None], high[:, None]), axis=1)
        row, piece = np.nonzero(np.diff(cuts, axis=1) > 0)
        y, weight = _gauss(cuts[row, piece], cuts[row, piece + 1])
        values = weight * kernel(targets[row][:, None], y)
        by_point = sparse.csr_array(
            (
                values.ravel(),
                np.arange(values.size),
                np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(targets)))]) * ORDER,
            ),
            shape=(len(targets), values.size),
        )
        return sparse.csr_array(by_point @ self.interpolation(y.ravel())).toarray()


def _gauss(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gauss nodes and weights of the intervals, each of shape (len(low), ORDER)."""
    half = (high - low)[:, None] / 2
    return low[:, None] + half * (1 + _NODES), half * _WEIGHTS


def integrate(f: Callable[[np.ndarray], np.ndarray], a: float, b: float, marks: tuple[float, ...] = ()) -> float:
    """∫_a^b f by panels, refined until it stands still to 1e−13 relative."""

    def value(count: int) -> np.ndarray:
        panels = Panels.covering(a, b, count, marks)
        return np.atleast_1d(panels.weights @ f(panels.nodes))

    return float(refine(value)[0])


def refine(value: Callable[[int], np.ndarray], tolerance: float = 1e-13, start: int = 4, most: int = 128) -> np.ndarray:
    """value(panels) with the panels doubled until two answers agree to `tolerance` relative.

    ArithmeticError where `most` panels do not reach 1e−9; the last answer otherwise.
    """
    answer, count = value(start), start
    while True:
        count *= 2
        last, answer = answer, value(count)
        change = float(np.max(np.abs(answer - last) / np.maximum(np.abs(answer), 1e-300), initial=0.0))
        if change <= tolerance:
            return answer
        if count >= most:
            if change <= 1e-9:
                return answer
            raise ArithmeticError(f"quadrature: {count} panels leave a relative change of {change:.1e}")
