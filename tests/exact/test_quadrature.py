"""Panels, their operators and refinement against closed forms; every claimed order is measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from numpy.polynomial.legendre import Legendre

from theory.quadrature import ORDER, Panels, integrate, refine

LEGENDRE = Legendre.basis(ORDER, domain=[0, 1])


def from_zero(panels: Panels, kernel: Callable[[np.ndarray, np.ndarray], np.ndarray], t: np.ndarray) -> np.ndarray:
    """The operator w ↦ ∫_0^t kernel(t, y) w(y) dy without kinks."""
    return panels.operator(kernel, t, np.zeros(len(t)), t, np.empty((len(t), 0)))


def ones(t: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.ones(np.broadcast(t, y).shape)


def slope(counts: list[int], errors: list[float]) -> float:
    return float(np.polyfit(np.log(counts), np.log(errors), 1)[0])


@pytest.mark.parametrize(
    ("marks", "edges"),
    [
        ((), [0, 0.5, 1]),
        ((0.3,), [0, 0.3, 0.5, 1]),
        ((0.7, -1.0, 0.0, 1.0, 2.0, 0.5), [0, 0.5, 0.7, 1]),
        ((0.7, 0.7), [0, 0.5, 0.7, 1]),
    ],
)
def test_covering(marks: tuple[float, ...], edges: list[float]) -> None:
    assert Panels.covering(0, 1, 2, marks).edges.tolist() == edges


@pytest.mark.parametrize("tiny", [1e-14])
def test_marks_beside_an_edge_add_no_panel_and_lose_no_end(tiny: float) -> None:
    edges = Panels.covering(0, 1, 2, (tiny, 0.5 - tiny, 0.5 + tiny, 1 - tiny)).edges
    assert edges == pytest.approx([0, 0.5, 1], abs=1e-13)
    assert [edges[0], edges[-1]] == [0, 1]


def test_nodes_increase_and_weights_fill_the_interval() -> None:
    panels = Panels.covering(-1, 2, 3, (0.1,))
    assert (np.diff(panels.nodes) > 0).all()
    assert len(panels.nodes) == len(panels.weights) == 4 * ORDER
    assert panels.weights.sum() == pytest.approx(3, rel=1e-14)


@pytest.mark.parametrize("degree", [0, 1, 17, 2 * ORDER - 1])
def test_weights_are_exact_for_polynomials(degree: int) -> None:
    panels = Panels.covering(-1, 2, 1)
    integral = (2 ** (degree + 1) - (-1) ** (degree + 1)) / (degree + 1)
    assert panels.weights @ panels.nodes**degree == pytest.approx(integral, rel=1e-13)


def test_weights_have_order_32() -> None:
    """∫P_16² = 1/33, but Gauss's rule sees only zeros of P_16; on c panels the error is c^{−32}/33."""
    errors = [
        float(abs(p.weights @ LEGENDRE(p.nodes) ** 2 - 1 / 33)) for p in (Panels.covering(0, 1, c) for c in (1, 2))
    ]
    assert slope([1, 2], errors) == pytest.approx(-32, abs=1e-3)


def test_interpolation_has_order_16() -> None:
    """P_16 is interpolated by zero; on c panels the error is c^{−16} at the ends."""
    counts = [1, 2, 3, 4, 5]
    panels = [Panels.covering(0, 1, c) for c in counts]
    errors = [float(abs((p.interpolation(np.zeros(1)) @ LEGENDRE(p.nodes))[0] - LEGENDRE(0))) for p in panels]
    assert slope(counts, errors) == pytest.approx(-16, abs=0.01)


def test_operator_has_order_17() -> None:
    """Interpolation and one integration, of which whole panels cancel."""
    counts, t = [1, 2, 3, 4], np.linspace(0, 1, 401)
    integral = LEGENDRE.integ(lbnd=0)(t)
    panels = [Panels.covering(0, 1, c) for c in counts]
    errors = [float(np.abs(from_zero(p, ones, t) @ LEGENDRE(p.nodes) - integral).max()) for p in panels]
    assert slope(counts, errors) == pytest.approx(-17, abs=0.1)


def test_interpolation_is_exact_for_polynomials_and_at_nodes() -> None:
    panels = Panels.covering(-1, 2, 2, (0.3,))
    cubic, y = Polynomial([1, -2, 0.5, 3]), np.linspace(-1, 2, 50)
    assert panels.interpolation(y) @ cubic(panels.nodes) == pytest.approx(cubic(y), rel=1e-12)
    identity = np.eye(len(panels.nodes))
    # a node is found to a rounding error δ of its place, and the other terms are δ/spacing ≈ 1e−14 of its own
    assert panels.interpolation(panels.nodes).toarray() == pytest.approx(identity, abs=1e-13)


def test_operator_is_exact_for_polynomials() -> None:
    panels, t = Panels.covering(0, 2, 3), np.linspace(0, 2, 9)
    found = from_zero(panels, lambda t, y: t * y**2, t) @ panels.nodes**3
    assert found == pytest.approx(t**7 / 6, abs=1e-13)


def test_operator_between_moving_limits() -> None:
    panels, t = Panels.covering(0, 1, 3), np.linspace(0, 1, 8)
    matrix = panels.operator(ones, t, t / 2, np.ones(8), np.empty((8, 0)))
    assert matrix @ np.exp(panels.nodes) == pytest.approx(np.exp(1) - np.exp(t / 2), rel=1e-13)


def test_kinks_restore_the_order() -> None:
    """∫_0^t |y − t/2| dy = t²/4: exact with the kink declared, second order without."""
    counts, t = [2, 4, 8, 16], np.linspace(0, 1, 58)

    def error(count: int, kinks: np.ndarray) -> float:
        panels = Panels.covering(0, 1, count)
        matrix = panels.operator(lambda t, y: np.abs(y - t / 2), t, np.zeros(len(t)), t, kinks)
        return float(np.abs(matrix @ np.ones(len(panels.nodes)) - t**2 / 4).max())

    assert max(error(count, (t / 2)[:, None]) for count in counts) < 1e-15
    assert slope(counts, [error(count, np.empty((len(t), 0))) for count in counts]) == pytest.approx(-2, abs=0.2)


def test_volterra_equation() -> None:
    """w(t) = cos t + ∫_0^t (t−y) w(y) dy is solved by (cos t + cosh t)/2."""
    panels = Panels.covering(0, 3, 3)
    t = panels.nodes
    matrix = from_zero(panels, lambda t, y: t - y, t)
    assert np.linalg.solve(np.eye(len(t)) - matrix, np.cos(t)) == pytest.approx((np.cos(t) + np.cosh(t)) / 2, rel=1e-13)


@pytest.mark.parametrize(
    ("f", "a", "b", "marks", "value"),
    [
        (np.exp, 0.0, 1.0, (), np.e - 1),
        (lambda x: np.exp(-(x**2)), -8.0, 8.0, (), np.pi**0.5),
        (lambda x: np.cos(300 * x), 0.0, 1.0, (), np.sin(300) / 300),
        (lambda x: np.abs(x - 1 / 3), 0.0, 1.0, (1 / 3,), 5 / 18),
        (np.zeros_like, 0.0, 1.0, (), 0.0),
    ],
)
def test_integrate(f: Callable, a: float, b: float, marks: tuple[float, ...], value: float) -> None:
    assert integrate(f, a, b, marks) == pytest.approx(value, rel=1e-12, abs=1e-300)


def test_integrate_without_the_mark_says_so() -> None:
    with pytest.raises(ArithmeticError, match="quadrature: 128 panels leave a relative change"):
        integrate(lambda x: np.abs(x - 1 / 3), 0.0, 1.0)


@pytest.mark.parametrize("error", [1e-11, 3e-10])
def test_refine_stops_at_the_most_panels_when_close(error: float) -> None:
    asked = []

    def value(count: int) -> np.ndarray:
        asked.append(count)
        return np.array([1 + error * (-1) ** len(asked)])

    assert refine(value) == pytest.approx([1 + error * (-1) ** 6], rel=1e-15)
    assert asked == [4, 8, 16, 32, 64, 128]


def test_refine_stops_when_two_answers_agree() -> None:
    asked = []

    def value(count: int) -> np.ndarray:
        asked.append(count)
        return np.array([float(min(count, 12)), 7.0])

    assert refine(value, start=3, most=512).tolist() == [12, 7]
    assert asked == [3, 6, 12, 24]


@pytest.mark.parametrize("value", [lambda count: np.array([1.0, count]), lambda count: np.array([np.nan])])
def test_refine_fails_aloud(value: Callable[[int], np.ndarray]) -> None:
    with pytest.raises(ArithmeticError, match="quadrature: 128 panels"):
        refine(value)
