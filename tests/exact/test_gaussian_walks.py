"""Walks in Gaussian fields: limits, exact probabilities, quadrature, star matrices, and simulated values."""

from __future__ import annotations

import numpy as np
import pytest

from theory import minima, walks
from theory.correlations import Correlation
from theory.gaussian_walks import Steps, first_order, star_matrices, steps
from theory.graphs import Graph, Hamming, hypercube, parse_graph
from theory.laws import AR1Kernel, Normal
from theory.noise import Noise


def walk(text: str, c: float, sigma: float = 0.0, paths: int = 256, fine: float = 1.0) -> Steps:
    graph = parse_graph(text)
    assert isinstance(graph, Hamming)
    return steps(graph, Correlation.geometric(c, len(graph.radices)), Noise(sigma), paths, fine)


# ── limits ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["hypercube:12", "hamming:5^6", "hamming:2x3x4x2x3"])
def test_no_correlation_is_the_iid_walk(text: str) -> None:
    graph = parse_graph(text)
    assert walk(text, 1e-6).steps == pytest.approx(walks.iid(graph).steps, rel=0.002)


@pytest.mark.parametrize("text", ["hypercube:8", "hamming:3^3", "hamming:2x4"])
def test_full_correlation_is_the_additive_walk(text: str) -> None:
    """Steps are a sum of Bernoulli(1−1/q_i), as when every line stands still."""
    graph = parse_graph(text)
    law = walk(text, 0.9999, paths=64 if text == "hypercube:8" else 32)
    assert law.steps == pytest.approx(walks.additive(graph), rel=0.015)
    binomial = np.array([1.0])
    for q in graph.radices if isinstance(graph, Hamming) else ():
        binomial = np.convolve(binomial, [1 / q, 1 - 1 / q])
    exact = binomial[::-1].cumsum()[::-1]
    assert np.pad(law.distribution, (0, 2))[: len(exact)] == pytest.approx(exact, abs=0.03)
    assert (law.distribution[len(exact) :] < 0.015).all()


@pytest.mark.parametrize("sigma", [0.0, 0.5])
def test_complete_graphs_need_at_most_one_step(sigma: float) -> None:
    assert walk("complete:5", 0.4, sigma, 1024).steps == pytest.approx(4 / 5, abs=3e-3)


# ── exact probabilities ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["hypercube:12", "hamming:3^4", "hamming:2x3x4"])
@pytest.mark.parametrize(("c", "sigma"), [(0.3, 0.0), (0.6, 0.3), (0.9, 0.0), (0.9, 1.0)])
def test_walks_of_no_step_are_the_local_minima(text: str, c: float, sigma: float) -> None:
    graph = parse_graph(text)
    field = Correlation.geometric(c, len(graph.radices) if isinstance(graph, Hamming) else 0)
    still = 1 - walk(text, c, sigma, 2048 if text == "hypercube:12" else 512).distribution[1]
    assert still == pytest.approx(minima.gaussian(graph, field, Noise(sigma)) / graph.n, rel=0.015)


@pytest.mark.parametrize(
    ("text", "c", "sigma"), [("hypercube:12", 0.9, 0.0), ("hypercube:5", 0.3, 1.0), ("hamming:3^3", 0.6, 0.3)]
)
def test_distribution(text: str, c: float, sigma: float) -> None:
    law = walk(text, c, sigma, 64)
    tail = law.distribution
    assert tail[0] == 1
    assert (np.diff(tail) <= 1e-12).all()
    assert 0 <= tail[-1] < 1e-5
    masses = np.append(-np.diff(tail), tail[-1])
    assert masses.sum() == pytest.approx(1)
    assert masses @ np.arange(len(tail)) == pytest.approx(law.steps)
    assert walk(text, c, sigma, 64).steps == law.steps


def test_steps_fall_with_noise_and_grow_with_correlation() -> None:
    table = np.array(
        [[walk("hypercube:10", c, sigma).steps for sigma in (0.0, 0.3, 0.6, 2.0)] for c in (0.3, 0.6, 0.9)]
    )
    assert (np.diff(table, axis=1) < 0).all()
    assert (np.diff(table[:, 0]) > 0).all()


def test_only_the_noise_that_is_left_matters() -> None:
    field = Correlation.geometric(0.7, 8)
    assert steps(hypercube(8), field, Noise(0.6, average=4))[0] == steps(hypercube(8), field, Noise(0.3))[0]


# ── quadrature ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "c", "sigma"), [("hypercube:12", 0.9, 0.0), ("hypercube:12", 0.6, 0.3), ("hamming:3^3", 0.6, 0.0)]
)
def test_grids_have_converged(text: str, c: float, sigma: float) -> None:
    coarse, fine = (walk(text, c, sigma, 64, fine).steps for fine in (1.0, 2.0))
    assert coarse == pytest.approx(fine, rel=0.004)


@pytest.mark.parametrize(("c", "sigma"), [(0.3, 0.0), (0.9, 0.0), (0.6, 0.5), (0.9, 1.0)])
def test_paths_have_converged(c: float, sigma: float) -> None:
    exact = walk("hypercube:12", c, sigma, 2048).steps
    errors = [abs(walk("hypercube:12", c, sigma, paths).steps / exact - 1) for paths in (256, 1024)]
    assert errors[0] < 0.012
    assert errors[1] < 0.004


# ── simulated ───────────────────────────────────────────────────────────────────────────────────────────────────────

# mean steps of every vertex of 800 fields, and P(T ≤ 1); standard errors below 0.5 and 2 %
SIMULATED = [
    ("hypercube:12", 0.3, 0.0, 2.1237, 0.3199),
    ("hypercube:12", 0.3, 1.0, 1.7615, 0.4611),
    ("hypercube:12", 0.6, 0.0, 3.1581, 0.1139),
    ("hypercube:12", 0.6, 0.3, 2.8523, 0.1690),
    ("hypercube:12", 0.9, 0.0, 5.1813, 0.0136),
    ("hypercube:12", 0.9, 0.3, 3.3327, 0.1540),
    ("hypercube:12", 0.9, 1.0, 1.8144, 0.4718),
    ("hamming:3^8", 0.6, 0.3, 2.9017, 0.1521),
    ("hamming:3^8", 0.9, 1.0, 1.8528, 0.4624),
    ("hamming:5^6", 0.3, 0.0, 2.2523, 0.2736),
    ("hamming:5^6", 0.6, 0.0, 3.2957, 0.0792),
    ("hamming:5^6", 0.9, 0.0, 4.8577, 0.0071),
]


@pytest.mark.parametrize(("text", "c", "sigma", "mean", "early"), SIMULATED)
def test_within_five_per_cent_of_simulation(text: str, c: float, sigma: float, mean: float, early: float) -> None:
    law = walk(text, c, sigma, 1024 if text == "hypercube:12" else 128)
    assert law.steps == pytest.approx(mean, rel=0.05)
    assert 1 - law.distribution[2] == pytest.approx(early, rel=0.05)


def test_the_first_order_closure_fails_where_the_line_closure_does_not() -> None:
    graph, field = parse_graph("hamming:5^6"), Correlation.geometric(0.6, 6)
    assert first_order(graph, field) > 1.2 * 3.2957


# ── the simpler closures ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("c", [0.3, 0.9])
def test_first_order_on_the_hypercube_is_the_branching_walk(c: float) -> None:
    memory = walks.Memory.sequence((7,), "exact")
    expected = walks.branching(Normal(), AR1Kernel(c), memory, "steepest").steps
    assert first_order(hypercube(7), Correlation.geometric(c, 7)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("sigma", [0.0, 0.7])
def test_first_order_of_no_correlation_has_fresh_neighbours_for_ever(sigma: float) -> None:
    constant = walks.Memory.sequence((6,), "exact")
    expected = walks.branching(Normal(), AR1Kernel(0.0), constant, "steepest").steps
    found = first_order(parse_graph("hamming:3^3"), Correlation.geometric(1e-9, 3), Noise(sigma))
    assert found == pytest.approx(expected, rel=1e-4)


def test_first_order_values() -> None:
    """Each checked against a simulation of the closure itself: 2.4688 ± 0.0027 and 4.0383 ± 0.0038 at σ = 0."""
    graph = parse_graph("hamming:5^6")
    found = [first_order(graph, Correlation.geometric(c, 6), Noise(s)) for c, s in [(0.3, 0), (0.6, 0), (0.6, 0.5)]]
    assert found == pytest.approx([2.4686, 4.0402, 3.0966], abs=1e-3)


@pytest.mark.parametrize("graph", [Hamming((3, 3, 3)), Hamming((2, 3, 4)), hypercube(4)], ids=str)
@pytest.mark.parametrize("sigma", [0.0, 0.4])
@pytest.mark.parametrize("column", [0, 2])
def test_star_matrices_condition_the_whole_field(graph: Hamming, sigma: float, column: int) -> None:
    """The blocks of the inverse covariance of both stars, and the whole covariance put together again."""
    field = Correlation((1.0, 0.5, 0.3)).completed(graph)
    mean, rest = star_matrices(graph, field, Noise(sigma), column)
    old = np.append(0, graph.neighbours[0])
    new = np.append(old[1 + column], graph.neighbours[old[1 + column]])
    words = np.array(list(np.ndindex(graph.radices)))
    distances = (words[:, None] != words[None]).sum(axis=2)
    whole = np.array(field.rho)[distances] + sigma**2 * np.eye(graph.n)
    fresh = ~np.isin(new, old)
    both = np.concatenate([old, new[fresh]])
    precision = np.linalg.inv(whole[np.ix_(both, both)])[len(old) :]
    conditional = np.linalg.inv(precision[:, len(old) :])
    assert rest[np.ix_(fresh, fresh)] == pytest.approx(conditional, abs=1e-9)
    assert mean[fresh] == pytest.approx(-conditional @ precision[:, : len(old)], abs=1e-9)
    assert mean[~fresh] == pytest.approx((new[~fresh, None] == old).astype(float), abs=1e-9)
    assert rest[~fresh] == pytest.approx(0, abs=1e-9)


# ── refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────

PRODUCT = Correlation.geometric(0.5, 3)


@pytest.mark.parametrize(
    ("graph", "correlation", "message"),
    [
        (parse_graph("cycle:9"), PRODUCT, "not a Hamming graph"),
        (hypercube(3), Correlation.geometric(0.0, 3), "strictly between"),
        (hypercube(3), Correlation.geometric(-0.1, 3), "strictly between"),
        (hypercube(3), Correlation.geometric(1.0, 3), "strictly between"),
        (hypercube(3), Correlation((1.0, 0.5, 0.3, 0.1)), "product kernel"),
        (hypercube(3), Correlation((1.0, 0.5)), "product kernel"),
        (hypercube(3), Correlation.geometric(0.5, 4), "product kernel"),
    ],
)
def test_fields_that_are_refused(graph: Graph, correlation: Correlation, message: str) -> None:
    for function in (steps, first_order):
        with pytest.raises(ValueError, match=message):
            function(graph, correlation)


def test_other_refusals() -> None:
    with pytest.raises(ValueError, match="power of two"):
        steps(hypercube(3), PRODUCT, paths=100)
    with pytest.raises(ValueError, match="several radices"):
        first_order(Hamming((2, 3, 3)), PRODUCT)
    with pytest.raises(ValueError, match="not a Hamming graph"):
        star_matrices(parse_graph("cycle:9"), PRODUCT)
    with pytest.raises(ValueError, match="singular"):
        star_matrices(hypercube(2), Correlation((1.0, 0.0, -1.0)))
    with pytest.raises(ArithmeticError, match="longer than 50"):
        steps(hypercube(250), Correlation.geometric(1 - 1e-6, 250), paths=4)
