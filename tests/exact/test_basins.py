"""Preimages and basins against nested adaptive quadrature, closed forms, conservation of starts and the walk."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.special import ndtr

from theory import basins, quadrature, reference, symbolic, walks
from theory.graphs import Graph, Hamming, cycle, hypercube
from theory.laws import (
    AR1Kernel,
    Kernel,
    Law,
    LipschitzKernel,
    Normal,
    TruncatedNormal,
    TruncatedNormalKernel,
    Uniform,
    UniformKernel,
)

SMOOTH = [UniformKernel(), TruncatedNormalKernel(0.35), TruncatedNormalKernel(0.1), AR1Kernel(0.6), AR1Kernel(-0.5)]
KINKED = [LipschitzKernel(0.3), LipschitzKernel(0.7), LipschitzKernel(1.5)]
LOSSES = {1.0: [0.0, 0.1, 0.55, 0.95], 12.0: [-12.0, 0.5]}


def cases(kernels: list[Kernel]) -> list[tuple[Kernel, float]]:
    return [(kernel, loss) for kernel in kernels for loss in LOSSES[kernel.support[1]]]


def integral(f: Callable[[float], float], a: float, b: float, marks: list[float]) -> float:
    """∫_a^b f, relative accuracy 1e−12, split at the marks."""
    cuts = [a, *sorted({mark for mark in marks if a < mark < b}), b]
    return sum(quad(f, *ends, epsabs=0, epsrel=1e-12, limit=400)[0] for ends in itertools.pairwise(cuts))


def marks(kernel: Kernel, x: float) -> list[float]:
    """Where y ↦ k(x,y), S(y,x) or what follows bends: multiples of the half-width from x and from either end."""
    if not isinstance(kernel, LipschitzKernel):
        return []
    steps = kernel.tau * np.arange(1, 6)
    return np.concatenate([x + steps, steps, 1 - steps]).tolist()


def nested(kernel: Kernel, degree: int, loss: float, depth: int) -> float:
    """`reference.preimage_nested` with kinks declared and without an absolute tolerance."""
    top = kernel.support[1]

    def chain(x: float, level: int) -> float:
        power = degree - 1 if level == 1 else degree - 2
        later = (lambda _: 1.0) if level == 1 else (lambda y: chain(y, level - 1))
        density = lambda y: float(kernel.pdf(x, y) * kernel.sf(y, x) ** power) * later(y)  # noqa: E731
        return integral(density, x, top, marks(kernel, x))

    return degree * (degree - 1) ** (depth - 1) * chain(loss, depth) if degree > 1 or depth == 1 else 0.0


@pytest.mark.parametrize(("kernel", "loss"), cases(SMOOTH + KINKED), ids=str)
@pytest.mark.parametrize("degree", [1, 2, 24])
def test_two_steps_by_nested_quadrature(kernel: Kernel, loss: float, degree: int) -> None:
    expected = [nested(kernel, degree, loss, depth) for depth in (1, 2)]
    assert basins.branching(kernel, degree, loss, 2).by_depth == pytest.approx(expected, rel=1e-10, abs=0)


@pytest.mark.parametrize("kernel", SMOOTH[:4], ids=str)
def test_two_steps_by_the_literal_definition(kernel: Kernel) -> None:
    loss = 0.05
    expected = [reference.preimage_nested(kernel, 5, loss, depth) for depth in (1, 2)]
    assert basins.branching(kernel, 5, loss, 2).by_depth == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("kernel", SMOOTH + KINKED, ids=str)
def test_nothing_is_worse_than_the_worst_loss(kernel: Kernel) -> None:
    found = basins.branching(kernel, 24, kernel.support[1], 3)
    assert (found.by_depth.tolist(), found.basin) == ([0, 0, 0], 1)
    assert basins.published(kernel, 24, kernel.support[1], 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize("kernel", [UniformKernel(), TruncatedNormalKernel(0.35), LipschitzKernel(0.3)], ids=str)
@pytest.mark.parametrize("gap", [1e-6, 1e-9])
def test_next_to_the_worst_loss(kernel: Kernel, gap: float) -> None:
    """On the scale of the gap the density of a neighbour is a constant κ, and s κg (κg)^{s−1} = 2(κg)² for s = 2."""
    loss, density = 1 - gap, float(kernel.pdf(1.0, 1.0))
    found = basins.branching(kernel, 2, loss)
    # the next term is of relative order g; losses inside the gap are rounded to 1e−16/g of it
    assert found.by_depth == pytest.approx([2 * (density * (1 - loss)) ** 2], rel=20 * gap + 1e-15 / gap, abs=0)
    assert found.basin == pytest.approx(1, abs=1e-10)


@pytest.mark.parametrize("kernel", SMOOTH + KINKED, ids=str)
def test_every_neighbour_of_the_best_loss_is_worse(kernel: Kernel) -> None:
    best = max(kernel.support[0], -12.0)
    assert basins.branching(kernel, 6, best).by_depth == pytest.approx([6], rel=1e-9)


@pytest.mark.parametrize("kernel", SMOOTH[:3] + KINKED, ids=str)
@pytest.mark.parametrize(("degree", "depth"), [(1, 3), (2, 24), (24, 9)])
def test_basin_is_the_sum_over_depths(kernel: Kernel, degree: int, depth: int) -> None:
    """All later depths together are below 1e−12 of the basin at the loss 0.5."""
    found = basins.branching(kernel, degree, 0.5, depth)
    assert found.by_depth[-1] < 1e-13
    assert found.basin == pytest.approx(1 + found.by_depth.sum(), rel=1e-12)


def by_trapezoids(kernel: Kernel, degree: int, loss: float, top: float, count: int) -> np.ndarray:
    """Depths 1, 2, 3 and the basin by the trapezoid rule on one uniform grid."""
    y, h = np.linspace(loss, top, count + 1, retstep=True)
    weights = h * (np.triu(np.ones((count + 1, count + 1))) - np.eye(count + 1) / 2)
    weights[:, -1] -= h / 2
    chain = weights * kernel.pdf(y[:, None], y)
    worse = kernel.sf(y, y[:, None])
    first = degree * (chain * worse ** (degree - 1)).sum(axis=1)
    inner = (degree - 1) * chain * worse ** (degree - 2)
    whole = np.linalg.solve(np.eye(count + 1) - inner, first)
    return np.array([first[0], (inner @ first)[0], (inner @ inner @ first)[0], 1 + whole[0]])


@pytest.mark.parametrize(
    ("kernel", "loss", "top"),
    [
        (UniformKernel(), 0.1, 1),
        (TruncatedNormalKernel(0.35), 0.1, 1),
        (AR1Kernel(0.6), 0.0, 8),
        (AR1Kernel(-0.5), -1, 8),
    ],
    ids=str,
)
@pytest.mark.parametrize("degree", [2, 5])
def test_basin_by_extrapolated_trapezoids(kernel: Kernel, loss: float, top: float, degree: int) -> None:
    """Another discretisation of the Volterra equation: second order, extrapolated to the eighth."""
    table = [by_trapezoids(kernel, degree, loss, top, count) for count in (80, 160, 320, 640)]
    for order in (2, 4, 6):
        table = [fine + (fine - coarse) / (2**order - 1) for coarse, fine in itertools.pairwise(table)]
    found = basins.branching(kernel, degree, loss, 3)
    assert [*found.by_depth, found.basin] == pytest.approx(table[0], rel=1e-9)


@pytest.mark.parametrize(("degree", "loss"), [(1, 0.3), (2, 0.0), (3, 0.7), (24, 0.0), (24, 0.05), (100, 0.01)])
def test_uniform_kernel_is_the_closed_form(degree: int, loss: float) -> None:
    found, expected = basins.branching(UniformKernel(), degree, loss, 6), basins.iid(degree, loss, 6)
    assert found.by_depth == pytest.approx(expected.by_depth, rel=1e-11, abs=0)
    assert found.basin == pytest.approx(expected.basin, rel=1e-12)


@pytest.mark.parametrize("x", [-3.0, -0.5, 1.0])
@pytest.mark.parametrize("degree", [2, 24])
def test_uncorrelated_kernel_is_the_closed_form_in_ranks(degree: int, x: float) -> None:
    found, expected = basins.branching(AR1Kernel(0.0), degree, x, 3), basins.iid(degree, float(ndtr(x)), 3)
    assert found.by_depth == pytest.approx(expected.by_depth, rel=1e-10, abs=0)
    assert found.basin == pytest.approx(expected.basin, rel=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize(("degree", "loss"), [(2, "1/3"), (5, "0"), (24, "1/20")])
def test_closed_form_is_the_symbolic_one(degree: int, loss: str, depth: int) -> None:
    values = {symbolic.s: degree, symbolic.x: sp.Rational(loss)}
    statement = symbolic.preimage_iid().args[1].subs({**values, symbolic.k: depth}).doit()
    induction = symbolic.preimage_induction(depth).subs(values)
    found = basins.iid(degree, float(sp.Rational(loss)), depth).by_depth[-1]
    assert statement == induction
    assert found == pytest.approx(float(induction), rel=1e-14)


@pytest.mark.parametrize(("degree", "loss"), [(1, 0.0), (2, 0.3), (24, 0.0), (24, 0.9), (24, 1.0), (1, 1.0)])
def test_closed_basins_are_sums(degree: int, loss: float) -> None:
    for form in (basins.iid, basins.iid_published):
        found = form(degree, loss, 80)
        assert len(found.by_depth) == 80
        assert found.basin == pytest.approx(1 + found.by_depth.sum(), rel=1e-15)
        assert form(degree, loss).basin == found.basin


def test_reference_values() -> None:
    kernel = TruncatedNormalKernel(0.35)
    corrected = basins.branching(kernel, 24, 0.1, 3).by_depth
    published = basins.published(kernel, 24, 0.1, 3)
    assert [f"{value:.5g}" for value in corrected] == ["3.3334", "0.44756", "0.0078336"]
    assert f"{corrected[0]:.5f}" == "3.33336"
    assert [f"{value:.{digits}g}" for value, digits in zip(published, (4, 3, 2), strict=True)] == [
        "0.1763",
        "0.00173",
        "8.6e-06",
    ]
    assert f"{basins.iid(24, 0.0).basin:.1f}" == "62.1"
    assert f"{basins.iid_published(24, 0.0).basin:.1f}" == "64.2"


@pytest.mark.parametrize("kernel", [*SMOOTH[:4], KINKED[0]], ids=str)
def test_published_recursion_is_literal(kernel: Kernel) -> None:
    degree, loss, top = 5, 0.1, kernel.support[1]

    def published(x: float, depth: int) -> float:
        same = float(kernel.sf(x, x))
        if depth == 1:
            return degree * same**degree
        later = integral(lambda y: float(kernel.pdf(x, y)) * published(y, depth - 1), x, top, marks(kernel, x))
        return degree * same ** (degree - 1) * later

    expected = [published(loss, depth) for depth in (1, 2, 3)]
    assert basins.published(kernel, degree, loss, 3) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("degree", "loss"), [(1, 0.3), (2, 0.0), (24, 0.05)])
def test_published_recursion_in_the_iid_model(degree: int, loss: float) -> None:
    expected = basins.iid_published(degree, loss, 5).by_depth
    literal = [
        degree**k * (1 - loss) ** (k * degree) / np.prod([j * degree + 1 for j in range(1, k)]) for k in range(1, 6)
    ]
    assert expected == pytest.approx(literal, rel=1e-14)
    assert basins.published(UniformKernel(), degree, loss, 5) == pytest.approx(expected, rel=1e-11, abs=0)


def starts_per_depth(kernel: Kernel, degree: int, depth: int, nodes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """P(a walk takes k steps), k = 0..depth, as starts arriving at minima: ∫ f S^{s−1} E|LS^{-k}| dx."""
    assert kernel.stationary is not None
    minima = weights * kernel.stationary.pdf(nodes) * kernel.sf(nodes, nodes) ** (degree - 1)
    arriving = [basins.branching(kernel, degree, float(x), depth).by_depth for x in nodes]
    return np.array([minima @ kernel.sf(nodes, nodes), *(minima @ np.array(arriving))])


@pytest.mark.parametrize(
    ("kernel", "degree", "low", "high"),
    [(UniformKernel(), 2, 0, 1), (UniformKernel(), 5, 0, 1), (AR1Kernel(0.6), 3, -7, 5)],
)
def test_every_start_ends_in_one_minimum(kernel: Kernel, degree: int, low: float, high: float) -> None:
    """Reversible kernels: preimages counted backwards give the law of the walk's steps, which `walks` has forwards."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = (high - low) / 2
    law = starts_per_depth(kernel, degree, 12, low + half * (1 + nodes), half * weights)
    memory = walks.Memory.sequence((degree, degree - 1), "exact")
    assert kernel.stationary is not None
    steps = walks.branching(kernel.stationary, kernel, memory, "steepest").steps
    # minima outside [−6, 3], and walks longer than 12 steps, have a probability below 1e−6
    assert law.sum() == pytest.approx(1, abs=1e-6)
    assert law @ np.arange(len(law)) == pytest.approx(steps, rel=1e-5)


@pytest.mark.parametrize(
    ("kernel", "loss"),
    [(TruncatedNormalKernel(0.1), 0.0), (LipschitzKernel(0.2), 0.05), (AR1Kernel(0.9), -2.0)],
    ids=str,
)
def test_convergence_is_spectral(kernel: Kernel, loss: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Doubling the panels divides the error of the basin by 2^8 at least, down to rounding."""
    expected = basins.branching(kernel, 12, loss).basin
    errors = []
    for count in (2, 4, 8, 16, 32):
        monkeypatch.setattr(basins, "refine", lambda value, tolerance, count=count: value(count))
        errors.append(abs(basins.branching(kernel, 12, loss).basin / expected - 1))
    assert errors[-1] < 1e-12
    assert all(fine < max(coarse / 2**8, 1e-12) for coarse, fine in itertools.pairwise(errors[1:]))
    assert quadrature.ORDER == 16


def test_a_whole_basin_takes_a_tenth_of_a_second() -> None:
    """Measured 15 ms on an idle core; the best of five, and five times the claim, forgive a busy one."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        basins.branching(TruncatedNormalKernel(0.35), 24, 0.1)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5


@pytest.mark.parametrize("form", [basins.iid, basins.iid_published])
@pytest.mark.parametrize(
    ("degree", "loss", "depth", "message"),
    [
        *((0, 0.5, 1, "degree: 0"), (-2, 0.5, 1, "degree: -2"), (3, 0.5, 0, "depth: 0")),
        *(
            (3, -0.1, 1, r"loss: -0.1 must lie in \[0, 1\]"),
            (3, 1.1, 1, "loss: 1.1"),
            (3, float("nan"), 1, "loss: nan"),
        ),
    ],
)
def test_bad_arguments_of_closed_forms(
    form: Callable[[int, float, int], basins.Preimages], degree: int, loss: float, depth: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        form(degree, loss, depth)


@pytest.mark.parametrize("function", [basins.branching, basins.published])
@pytest.mark.parametrize(
    ("kernel", "degree", "loss", "depth", "message"),
    [
        (UniformKernel(), 0, 0.5, 1, "degree: 0"),
        (UniformKernel(), 3, 0.5, 0, "depth: 0"),
        (LipschitzKernel(0.3), 3, 1.1, 1, r"loss: 1.1 must lie in \[0, 1\]"),
        (AR1Kernel(0.3), 3, -12.5, 1, r"loss: -12.5 must lie in \[-12, 12\]"),
        (AR1Kernel(0.3), 3, float("nan"), 1, "loss: nan"),
    ],
)
def test_bad_arguments_of_the_branching_model(
    function: Callable[..., object], kernel: Kernel, degree: int, loss: float, depth: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        function(kernel, degree, loss, depth)


@pytest.mark.parametrize(("graph", "fresh"), [(Hamming((5,) * 6), (24, 20, 19)), (hypercube(10), (10, 9, 8))], ids=str)
def test_hamming_preimages_are_the_walks_densities(graph: Hamming, fresh: tuple[int, int, int]) -> None:
    """Starts are conserved: u = 1−loss has the density r_1 u^{r_1} after one step, then r_2 u^{r_2−1} ∫_0^u of it, …"""
    u = symbolic.u
    density, expected = sp.Integer(1), []
    for r in (*fresh, fresh[-1]):
        density = sp.expand(r * u ** (r - 1) * sp.integrate(density, (u, 0, u)))
        expected.append(float(density.subs(u, sp.Rational(9, 10))))
    assert basins.hamming(graph, 0.1, 4).by_depth == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("loss", [0.0, 0.2, 1.0])
def test_hamming_preimages_of_two_steps_by_enumeration(loss: float) -> None:
    """On H(2,2) a start two steps away is the opposite corner: one step s(1−x)^s, two of them (1−x)^3 · 2/3."""
    expected = [2 * (1 - loss) ** 2, 2 / 3 * (1 - loss) ** 3]
    assert basins.hamming(hypercube(2), loss, 2).by_depth == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("graph", [cycle(5), Hamming((2, 3))], ids=str)
def test_hamming_preimages_need_equal_radices(graph: Graph) -> None:
    with pytest.raises(ValueError, match=r"graph: .* must be a Hamming graph of equal radices"):
        basins.hamming(graph, 0.1)


REVERSIBLE = [(Uniform(), UniformKernel()), (Normal(), AR1Kernel(0.6)), (Normal(), AR1Kernel(-0.3))]


@pytest.mark.parametrize(("law", "kernel"), REVERSIBLE, ids=str)
@pytest.mark.parametrize("degree", [1, 2, 12])
def test_every_start_succeeds_if_any_minimum_will_do(law: Law, kernel: Kernel, degree: int) -> None:
    assert basins.success(law, kernel, degree, 100.0) == pytest.approx(1, rel=1e-10)


@pytest.mark.parametrize("epsilon", [1e-3, 0.02, 0.3, 1.0])
@pytest.mark.parametrize("degree", [1, 2, 24])
def test_success_in_the_iid_model(degree: int, epsilon: float) -> None:
    """∫_0^ε (1−x)^s (1 + (basin − 1)/(1−x)) dx with the closed basin."""

    def share(x: float) -> float:
        return (1 - x) ** degree + (1 - x) ** (degree - 1) * (basins.iid(degree, x).basin - 1)

    expected = quad(share, 0, epsilon, epsabs=0, epsrel=1e-12)[0]
    assert basins.success_iid(degree, epsilon) == pytest.approx(expected, rel=1e-11)
    assert basins.success(Uniform(), UniformKernel(), degree, epsilon) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("epsilon", [1e-6, 1e-12])
def test_success_within_a_tiny_rank_is_a_whole_basin_of_it(epsilon: float) -> None:
    """ε (basin of the best loss), to relative order s ε."""
    expected = epsilon * basins.iid(24, 0.0).basin
    assert basins.success_iid(24, epsilon) == pytest.approx(expected, rel=60 * epsilon + 1e-13, abs=0)


@pytest.mark.parametrize(
    ("law", "kernel", "optimum"),
    [
        (TruncatedNormal(0.25, 0.18), TruncatedNormalKernel(0.35), None),
        (Uniform(), LipschitzKernel(0.4), 0.1),
        (Normal(), AR1Kernel(0.6), -1.5),
    ],
    ids=str,
)
def test_success_sums_basins(law: Law, kernel: Kernel, optimum: float | None) -> None:
    """∫ f S^s [1 + (E|LS^{-*}| − 1)/S] by Gauss's rule, each basin solved on its own."""
    degree, epsilon, low = 4, 0.3, kernel.support[0] if optimum is None else optimum
    cuts = sorted({low, low + epsilon, *(edge for edge in kernel.edges if low < edge < low + epsilon)})
    nodes, weights = np.polynomial.legendre.leggauss(12)
    expected = 0.0
    for start, end in itertools.pairwise(cuts):
        for x, weight in zip(start + (end - start) / 2 * (1 + nodes), (end - start) / 2 * weights, strict=True):
            same = float(kernel.sf(x, x))
            basin = basins.branching(kernel, degree, float(x)).basin
            expected += weight * float(law.pdf(x)) * same**degree * (1 + (basin - 1) / same)
    assert basins.success(law, kernel, degree, epsilon, optimum) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("epsilon", [0.05, 1.0])
def test_published_success_in_the_iid_model(epsilon: float) -> None:
    def share(x: float) -> float:
        return (1 - x) ** 24 * basins.iid_published(24, x).basin

    expected = quad(share, 0, epsilon, epsabs=0, epsrel=1e-12)[0]
    assert basins.success_published(Uniform(), UniformKernel(), 24, epsilon) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("function", [basins.success, basins.success_published])
def test_no_loss_is_beyond_the_worst(function: Callable[..., float]) -> None:
    assert function(Uniform(), UniformKernel(), 3, 0.1, 1.0) == 0


@pytest.mark.parametrize("function", [basins.success, basins.success_published])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Normal(), UniformKernel(), 3, 0.1), "law: normal lives on"),
        ((Uniform(), UniformKernel(), 3, 0.0), "epsilon: 0.0"),
        ((Uniform(), UniformKernel(), 3, float("nan")), "epsilon: nan"),
        ((Uniform(), UniformKernel(), 0, 0.1), "degree: 0"),
        ((Uniform(), UniformKernel(), 3, 0.1, 1.5), "loss: 1.5"),
    ],
)
def test_bad_success(function: Callable[..., float], arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(*arguments)


@pytest.mark.parametrize(
    ("degree", "epsilon", "message"), [(0, 0.1, "degree: 0"), (3, 0.0, "epsilon: 0"), (3, 1.1, "epsilon: 1.1")]
)
def test_bad_success_iid(degree: int, epsilon: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        basins.success_iid(degree, epsilon)
