"""Laws and kernels against scipy.stats, adaptive quadrature and 120-digit arithmetic."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

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
    normal_mass,
    normal_pdf,
    parse_kernel,
    parse_law,
)

LAWS = [
    (Uniform(), stats.uniform()),
    (Normal(), stats.norm()),
    (TruncatedNormal(0.25, 0.18), stats.truncnorm(-0.25 / 0.18, 0.75 / 0.18, 0.25, 0.18)),
    (TruncatedNormal(-0.5, 0.3), stats.truncnorm(0.5 / 0.3, 1.5 / 0.3, -0.5, 0.3)),
    (TruncatedNormal(1.4, 2.0), stats.truncnorm(-1.4 / 2, -0.4 / 2, 1.4, 2)),
]


def truncated(tau: float) -> Callable[[float], Any]:
    return lambda x: stats.truncnorm(-x / tau, (1 - x) / tau, x, tau)


def lipschitz(tau: float) -> Callable[[float], Any]:
    return lambda x: stats.uniform(max(x - tau, 0), min(x + tau, 1) - max(x - tau, 0))


def autoregression(rho: float) -> Callable[[float], Any]:
    return lambda x: stats.norm(rho * x, (1 - rho**2) ** 0.5)


KERNELS = [
    (UniformKernel(), lambda _: stats.uniform()),
    *((TruncatedNormalKernel(tau), truncated(tau)) for tau in (0.05, 0.35, 2.0)),
    *((LipschitzKernel(tau), lipschitz(tau)) for tau in (0.15, 0.7, 2.0)),
    *((AR1Kernel(rho), autoregression(rho)) for rho in (-0.5, 0.0, 0.9)),
]
CENTRES = {1.0: [0.0, 0.1, 0.5, 0.93, 1.0], 12.0: [-3.0, 0.0, 1.7]}


def points(support: tuple[float, float]) -> np.ndarray:
    return np.linspace(max(support[0], -5), min(support[1], 5), 41)[1:-1]


@pytest.mark.parametrize(("law", "expected"), LAWS, ids=str)
def test_law_is_scipys(law: Law, expected: Any) -> None:
    x = points(law.support)
    assert law.pdf(x) == pytest.approx(expected.pdf(x), rel=1e-12, abs=0)
    assert law.sf(x) == pytest.approx(expected.sf(x), rel=1e-12, abs=0)


@pytest.mark.parametrize("law", [law for law, _ in LAWS], ids=str)
def test_law_lives_on_its_support(law: Law) -> None:
    low, high = law.support
    assert law.sf(low) == pytest.approx(1, abs=1e-15)
    assert law.sf(high) == pytest.approx(0, abs=1e-32)
    assert law.pdf(high + 1e-9) + law.pdf(low - 1e-9) == pytest.approx(0, abs=1e-31)  # normal: φ(12) = 2e−32


@pytest.mark.parametrize(("kernel", "expected"), KERNELS, ids=str)
def test_kernel_is_scipys(kernel: Kernel, expected: Callable[[float], Any]) -> None:
    y = points(kernel.support) + 1e-4  # off the jumps of the Lipschitz kernel, where a density is arbitrary
    for x in CENTRES[kernel.support[1]]:
        # scipy's own truncnorm keeps 11 digits in the tails of τ = 0.05
        assert kernel.pdf(x, y) == pytest.approx(expected(x).pdf(y), rel=1e-11, abs=0)
        assert kernel.sf(x, y) == pytest.approx(expected(x).sf(y), rel=1e-11, abs=1e-15)


@pytest.mark.parametrize(("kernel", "expected"), KERNELS, ids=str)
def test_kernel_broadcasts_over_centres(kernel: Kernel, expected: Callable[[float], Any]) -> None:
    x, y = np.array(CENTRES[kernel.support[1]])[:, None], points(kernel.support) + 1e-4
    for table, row in ((kernel.pdf(x, y), kernel.pdf), (kernel.sf(x, y), kernel.sf)):
        assert table.tolist() == [row(float(centre), y).tolist() for centre in x[:, 0]]
    assert kernel.sf(y, y) == pytest.approx([expected(t).sf(t) for t in y], rel=1e-11, abs=1e-15)


@pytest.mark.parametrize("kernel", [kernel for kernel, _ in KERNELS], ids=str)
def test_kernel_integrates_to_its_survival_function(kernel: Kernel) -> None:
    low, high = kernel.support
    for x in CENTRES[high]:
        jumps = [float(k) for k in np.ravel(kernel.kinks(np.array(x)))]
        for t in (low, x, (x + high) / 2):
            cuts = [t, *sorted(j for j in jumps if t < j < high), high]
            tail = sum(quad(lambda y, x=x: float(kernel.pdf(x, y)), *ends)[0] for ends in itertools.pairwise(cuts))
            assert tail == pytest.approx(float(kernel.sf(x, t)), abs=1e-10)  # quad's default accuracy 1e−8, met


@pytest.mark.parametrize("kernel", [UniformKernel(), AR1Kernel(0.6), AR1Kernel(-0.3)], ids=str)
def test_stationary_law_is_reversible(kernel: Kernel) -> None:
    law = kernel.stationary
    assert law is not None
    x = points(law.support)
    flow = law.pdf(x)[:, None] * kernel.pdf(x[:, None], x[None])
    assert flow == pytest.approx(flow.T, rel=1e-12, abs=0)


@pytest.mark.parametrize("kernel", [TruncatedNormalKernel(0.35), LipschitzKernel(0.3)], ids=str)
def test_other_kernels_claim_no_stationary_law(kernel: Kernel) -> None:
    x = points(kernel.support)
    flow = kernel.pdf(x[:, None], x[None])  # of the uniform law
    assert kernel.stationary is None
    assert np.abs(flow - flow.T).max() > 0.1


@pytest.mark.parametrize("tau", [0.3, 0.5, 0.7])
def test_lipschitz_edges_and_kinks_are_all_slope_jumps(tau: float) -> None:
    """S(y, x) as a function of y bends in no cell without a mark, by more than its curvature of less than 2/τ³."""
    kernel, x, half = LipschitzKernel(tau), 0.52, 1e-3
    cells = np.arange(1.3 * half, 1 - half, 2 * half)  # no mark on the border of a cell
    left, middle, right = (kernel.sf(cells + shift, x) for shift in (-half, 0, half))
    bend = np.abs(left - 2 * middle + right) / half
    marks = np.array([*kernel.edges, *kernel.kinks(np.array(x))])
    marked = (np.abs(cells[:, None] - marks) <= half).any(axis=1)
    assert bend[~marked].max() < 2 / tau**3 * half
    assert bend[marked].max() > 0.1  # the marks are needed


@pytest.mark.parametrize(
    ("kernel", "width"),
    [
        (UniformKernel(), 1.0),
        (TruncatedNormalKernel(0.35), 0.35),
        (TruncatedNormalKernel(3.0), 1.0),
        (LipschitzKernel(0.2), 0.2),
        (LipschitzKernel(3.0), 1.0),
        (AR1Kernel(0.6), 1.6),
    ],
    ids=str,
)
def test_width(kernel: Kernel, width: float) -> None:
    assert kernel.width == pytest.approx(width, rel=1e-15)


@pytest.mark.parametrize(("a", "b"), [(-1.0, 2.0), (3.0, 4.0), (20.0, 21.0), (-21.0, -20.0), (-8.0, 8.0), (5.0, 30.0)])
def test_normal_mass_does_not_cancel(a: float, b: float) -> None:
    with mpmath.workdps(120):
        exact = float(mpmath.ncdf(b) - mpmath.ncdf(a))
    assert float(normal_mass(a, b)) == pytest.approx(exact, rel=1e-13, abs=0)


def test_normal_pdf() -> None:
    x = np.linspace(-10, 10, 9)
    assert normal_pdf(x) == pytest.approx(stats.norm.pdf(x), rel=1e-13, abs=0)


@pytest.mark.parametrize("text", ["uniform", "normal", "truncnorm:0.25,0.18", "truncnorm:-2,3"])
def test_law_text_form(text: str) -> None:
    assert str(parse_law(f" {text} ")) == text


@pytest.mark.parametrize("text", ["uniform", "truncnorm:0.35", "lipschitz:0.2", "ar1:-0.6"])
def test_kernel_text_form(text: str) -> None:
    assert str(parse_kernel(f" {text} ")) == text


@pytest.mark.parametrize(("law", "text"), [(law, str(law)) for law, _ in LAWS], ids=str)
def test_law_text_form_gives_the_law_back(law: Law, text: str) -> None:
    assert parse_law(text) == law


@pytest.mark.parametrize(
    "law", [TruncatedNormal(1 / 3, 0.2), TruncatedNormal(0.2, 0.123456789)], ids=lambda law: f"{law.mean},{law.sd}"
)
def test_law_text_form_keeps_every_digit(law: TruncatedNormal) -> None:
    assert parse_law(str(law)) == law


@pytest.mark.parametrize("make", [TruncatedNormalKernel, LipschitzKernel, AR1Kernel])
def test_kernel_text_form_keeps_every_digit(make: Callable[[float], Kernel]) -> None:
    assert parse_kernel(str(make(1 / 3))) == make(1 / 3)


@pytest.mark.parametrize("text", ["", "cauchy", "uniform:1", "normal:0,1", "truncnorm", "truncnorm:1"])
def test_unknown_law(text: str) -> None:
    with pytest.raises(ValueError, match=f"law: '{text}' is unknown; allowed: uniform"):
        parse_law(text)


@pytest.mark.parametrize("text", ["", "cauchy", "uniform:1", "truncnorm", "ar1:0.1,0.2", "lipschitz"])
def test_unknown_kernel(text: str) -> None:
    with pytest.raises(ValueError, match=f"kernel: '{text}' is unknown; allowed: uniform"):
        parse_kernel(text)


@pytest.mark.parametrize("text", ["truncnorm:0,0", "truncnorm:nan,1", "truncnorm:0,inf", "truncnorm:0,-1", "normal:x"])
def test_bad_law_parameters(text: str) -> None:
    with pytest.raises(ValueError, match=f"law: '{text}'"):
        parse_law(text)


@pytest.mark.parametrize(
    "text", ["truncnorm:0", "truncnorm:inf", "lipschitz:-1", "lipschitz:nan", "ar1:1", "ar1:-1", "ar1:nan", "ar1:x"]
)
def test_bad_kernel_parameters(text: str) -> None:
    with pytest.raises(ValueError, match=f"kernel: '{text}'"):
        parse_kernel(text)


@pytest.mark.parametrize(
    ("make", "argument", "message"),
    [
        (TruncatedNormalKernel, 0.0, "kernel: truncnorm:0"),
        (LipschitzKernel, 0.0, "kernel: lipschitz:0"),
        (AR1Kernel, 1.0, "kernel: ar1:1"),
    ],
)
def test_bad_kernels(make: Callable[[float], Kernel], argument: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(argument)


def test_bad_truncated_normal_law() -> None:
    with pytest.raises(ValueError, match=r"law: truncnorm:0.5,0.0"):
        TruncatedNormal(0.5, 0.0)


def test_truncation_far_in_the_tail_is_a_law_or_an_error() -> None:
    """Normal of mean 5 and sd 0.1 on [0, 1]: the mass, about Φ(−40), underflows."""
    try:
        law = TruncatedNormal(5.0, 0.1)
    except ValueError:
        return
    assert float(law.sf(0.0)) == 1
    assert np.isfinite(law.pdf(0.99))


@pytest.mark.parametrize("call", [lambda: Law().pdf(0), lambda: Law().sf(0)])
def test_law_is_abstract(call: Callable[[], np.ndarray]) -> None:
    with pytest.raises(NotImplementedError):
        call()


@pytest.mark.parametrize("call", [lambda: Kernel().pdf(0, 0), lambda: Kernel().sf(0, 0)])
def test_kernel_is_abstract(call: Callable[[], np.ndarray]) -> None:
    with pytest.raises(NotImplementedError):
        call()
