"""Minima from lines: the closure against exact fields; tables against literal lines, fits and simulated fields."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from simulations import landscapes, search
from simulations.benchmarks import nasbench201
from tests import strategies
from theory import lines, minima, reference, ruggedness
from theory.correlations import Anisotropic, Correlation
from theory.graphs import Graph, Hamming, complete, cycle, hypercube
from theory.noise import NOISELESS, Noise

H56 = Hamming((5,) * 6)


@pytest.mark.parametrize("graph", [H56, Hamming((2, 3, 4)), hypercube(7), complete(5)], ids=str)
@pytest.mark.parametrize("c", [0.0, 0.3, 0.6, 0.9, 0.999])
def test_lines_are_exact_for_product_kernels(graph: Hamming, c: float) -> None:
    field = Correlation.geometric(c, len(graph.radices))
    exact = minima.gaussian(graph, field)
    assert lines.gaussian(graph, field) == pytest.approx(exact, rel=1e-10)
    assert lines.gaussian(graph, Anisotropic((c,) * len(graph.radices))) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("c", [(0.2, 0.7, 0.9), (0.0, 0.5, 0.99)])
def test_lines_are_exact_for_anisotropic_kernels(c: tuple[float, ...]) -> None:
    graph = Hamming((2, 3, 4))
    assert lines.gaussian(graph, Anisotropic(c)) == pytest.approx(minima.gaussian(graph, Anisotropic(c)), rel=1e-10)


def test_lines_of_a_small_graph_by_orthants() -> None:
    field = Correlation.geometric(0.5, 2)
    expected = reference.gaussian_minima(Hamming((3, 3)), field, NOISELESS)
    assert lines.gaussian(Hamming((3, 3)), field) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("c", "sigma", "closure"),
    [
        (0.3, 0.3, 270.03),
        (0.6, 0.3, 84.22),
        (0.9, 0.3, 11.74),
        (0.3, 1.0, 406.18),
        (0.6, 1.0, 247.37),
        (0.9, 1, 136.34),
    ],
)
def test_under_noise_lines_are_tied_and_the_closure_is_low(c: float, sigma: float, closure: float) -> None:
    """The noise of the centre is common to all its lines: an approximation, and its error is on record."""
    found = lines.gaussian(H56, Correlation.geometric(c, 6), Noise(sigma))
    assert found == pytest.approx(closure, abs=0.005)
    assert found < minima.gaussian(H56, Correlation.geometric(c, 6), Noise(sigma))


@given(strategies.hammings().flatmap(lambda g: st.tuples(st.just(g), strategies.landscapes(g.n))))
def test_bests_are_literal_and_minima_are_best_on_all_lines(case: tuple[Hamming, list[float]]) -> None:
    graph, losses = case
    found = lines.bests(graph, np.array(losses))
    words = np.array(np.unravel_index(np.arange(graph.n), graph.radices)).T
    for v, i in itertools.product(range(graph.n), range(len(graph.radices))):
        others = [u for u in range(graph.n) if (words[u] != words[v]).nonzero()[0].tolist() == [i]]
        assert found[v, i] == all(losses[u] > losses[v] for u in others)
    minimal = [reference.is_strict_minimum(graph, losses, v) for v in range(graph.n)]
    assert found.all(axis=1).tolist() == minimal


@settings(max_examples=40)
@given(strategies.hammings(32).flatmap(lambda g: st.tuples(st.just(g), strategies.landscapes(g.n))))
def test_every_table_has_a_finite_prediction(case: tuple[Hamming, list[float]]) -> None:
    """Ties, plateaus and separated lines included; at order d the prediction is the count, but for the weak prior."""
    graph, losses = case[0], np.array(case[1])
    if np.ptp(losses) == 0:
        return
    count = search.strict_minima(graph, losses).sum()
    predictions = [lines.table(graph, losses, order) for order in range(1, len(graph.radices) + 1)]
    for found in predictions:
        assert 0 <= found.minima <= graph.n
        assert 0 <= found.error < np.inf
        assert 0 <= found.spread <= np.sqrt(graph.n) / 2
    assert predictions[-1].minima == pytest.approx(count, abs=0.5)


@pytest.mark.parametrize("graph", [complete(9), Hamming((4, 4, 4)), Hamming((3, 4, 5)), hypercube(7)], ids=str)
def test_the_last_order_is_the_count(graph: Hamming, monkeypatch: pytest.MonkeyPatch) -> None:
    """Σ P(M=d) is then a moment that the fit reproduces, but for the prior: RIDGE times a coefficient (< 1000)."""
    losses = np.random.default_rng(1).standard_normal(graph.n)
    count = search.strict_minima(graph, losses).sum()
    assert lines.table(graph, losses, len(graph.radices)).minima == pytest.approx(count, abs=0.1)
    monkeypatch.setattr(lines, "RIDGE", 1e-5)
    assert lines.table(graph, losses, len(graph.radices)).minima == pytest.approx(count, abs=1e-2)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_only_ranks_matter_and_coordinates_may_be_renamed(order: int) -> None:
    graph = Hamming((4, 4, 4))
    losses = np.random.default_rng(2).standard_normal(graph.n)
    expected = lines.table(graph, losses, order)
    assert lines.table(graph, np.exp(5 * losses), order) == pytest.approx(expected, rel=1e-9)
    renamed = losses.reshape(graph.radices)[[2, 0, 3, 1]].transpose(1, 2, 0).ravel()
    assert lines.table(graph, renamed, order) == pytest.approx(expected, rel=1e-6)


def test_the_fit_is_the_maximum_of_its_likelihood() -> None:
    """Newton's fit against a general optimiser on the literal log-likelihood."""
    rng = np.random.default_rng(3)
    states = np.array(list(itertools.product([0.0, 1.0], repeat=3)))
    states = np.column_stack([states, states.sum(axis=1) * (states.sum(axis=1) - 1) / 2])
    basis = np.polynomial.legendre.legvander(np.linspace(-1, 1, 6), 1)
    draws = rng.integers(0, 8, (6, 40))
    sums, count = states[draws].sum(axis=1), np.full(6, 40)

    def loss(coefficients: np.ndarray) -> float:
        energy = basis @ coefficients.reshape(2, 4) @ states.T
        chances = np.exp(energy) / np.exp(energy).sum(axis=1, keepdims=True)
        likelihood = sum(np.log(chances[cell, draws[cell]]).sum() for cell in range(6))
        return float(lines.RIDGE / 2 * (coefficients**2).sum() - likelihood)

    best = minimize(loss, np.zeros(8), tol=1e-10)
    energy = basis @ best.x.reshape(2, 4) @ states.T
    found = lines._fit(states, basis, sums, count)
    assert found.chance == pytest.approx(np.exp(energy[:, -1]) / np.exp(energy).sum(axis=1), rel=1e-4)
    likelihood = lines.RIDGE / 2 * (best.x**2).sum() - best.fun
    assert found.criterion == pytest.approx(likelihood - 8, abs=1e-6)
    steps = 1e-3 * np.eye(8)
    hessian = [
        [loss(best.x + a + b) - loss(best.x + a - b) - loss(best.x - a + b) + loss(best.x - a - b) for a in steps]
        for b in steps
    ]
    slope = [40 * (total_chance(best.x + a, basis, states) - total_chance(best.x - a, basis, states)) for a in steps]
    assert found.error == pytest.approx(np.sqrt(slope @ np.linalg.solve(hessian, slope)), rel=1e-4)


def total_chance(coefficients: np.ndarray, basis: np.ndarray, states: np.ndarray) -> float:
    weights = np.exp(basis @ coefficients.reshape(2, 4) @ states.T)
    return float((weights[:, -1] / weights.sum(axis=1)).sum())


@pytest.mark.parametrize(("order", "width"), [(1, 1 / 50), (2, 1 / 50), (2, 1 / 10)])
def test_pooling_of_ranks_does_not_matter(order: int, width: float, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = nasbench201.load("cifar100").landscape()
    expected = lines.table(H56, losses, order)
    monkeypatch.setattr(lines, "CELL", width)
    assert abs(lines.table(H56, losses, order).minima - expected.minima) < expected.error / 2


# 8 fields each, against the mean error of 20 other fields on record. A band is 4 standard errors of the mean of 8: one
# false alarm in 1000, and a bias that has moved by 1.5 bands is caught with power 0.95
@pytest.mark.parametrize(
    ("c", "sigma", "order", "bias", "band"),
    [
        (0.0, 0.0, 1, 1.6, 15),
        (0.0, 0.0, 2, 1.2, 10),
        (0.6, 0.0, 1, 19.7, 10),
        (0.6, 0.0, 2, 0.2, 7),
        (0.9, 0.0, 1, 21.5, 5),
        (0.9, 0.0, 2, 2.2, 2),
        (0.9, 0.3, 1, -48.3, 24),
        (0.9, 0.3, 2, 8.0, 17),
        (0.9, 0.3, 3, 2.2, 10),
    ],
)
def test_bias_on_gaussian_fields(c: float, sigma: float, order: int, bias: float, band: float) -> None:
    rng, field = np.random.default_rng(4), Correlation.geometric(c, 6)
    tables = [landscapes.observe(landscapes.gaussian(H56, field, rng), Noise(sigma), rng) for _ in range(8)]
    excess = [lines.table(H56, table, order).minima - search.strict_minima(H56, table).sum() for table in tables]
    assert np.mean(excess) == pytest.approx(bias, abs=band)


def test_agreement_of_order_1_on_nasbench201_is_no_evidence() -> None:
    """On Gaussian fields with the table's own correlation independent lines predict twice the minima there are."""
    scores = ruggedness.normal_scores(nasbench201.load("cifar100").landscape())
    field, rng = ruggedness.correlation_by_distance(H56, scores), np.random.default_rng(5)
    tables = [landscapes.gaussian(H56, field, rng) for _ in range(6)]
    counts = sum(search.strict_minima(H56, table).sum() for table in tables)
    assert sum(lines.table(H56, table).minima for table in tables) > 1.7 * counts
    assert sum(lines.table(H56, table, 3).minima for table in tables) == pytest.approx(counts, rel=0.25)


@pytest.mark.parametrize(
    ("dataset", "seeds", "counted", "predicted"),
    [
        ("cifar10", "mean", 13, (27.2, 8.1, 24.3)),
        ("cifar10", 0, 24, (29.0, 15.9, 29.0)),
        ("cifar10", 1, 29, (32.2, 20.4, 41.3)),
        ("cifar100", "mean", 25, (29.4, 12.4, 30.7)),
        ("cifar100", 0, 45, (35.9, 38.8, 51.5)),
        ("cifar100", 1, 42, (34.4, 33.3, 47.6)),
        ("imagenet", "mean", 34, (30.0, 40.4, 37.8)),
        ("imagenet", 0, 48, (39.6, 54.8, 56.2)),
        ("imagenet", 1, 46, (37.9, 50.2, 54.1)),
    ],
)
def test_nasbench201(dataset: str, seeds: str | int, counted: int, predicted: tuple[float, ...]) -> None:
    """Predictions on record; at order 3 every count lies within two standard deviations."""
    losses = nasbench201.load(dataset).landscape(seeds)
    assert search.strict_minima(H56, losses).sum() == counted
    found = [lines.table(H56, losses, order) for order in (1, 2, 3)]
    assert [f.minima for f in found] == pytest.approx(predicted, abs=0.06)
    third = found[2]
    assert abs(third.minima - counted) < 2 * np.hypot(third.error, third.spread)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_shuffled_nasbench201(order: int) -> None:
    losses = np.random.default_rng(6).permutation(nasbench201.load("cifar10").landscape(0))
    found = lines.table(H56, losses, order)
    assert found.minima == pytest.approx(625, abs=2 * np.hypot(found.error, found.spread))


@pytest.mark.parametrize(
    ("graph", "correlation", "noise", "message"),
    [
        (cycle(5), Correlation((1, 0.5)), NOISELESS, "graph: cycle:5 is not a Hamming graph"),
        (hypercube(2), Anisotropic((0.5,)), NOISELESS, "c: 1 values given, hypercube:2 has 2 coordinates"),
        (hypercube(2), Correlation((1, -0.1)), NOISELESS, r"c: observed correlations .* must lie in \[0, 1\)"),
        (hypercube(2), Anisotropic((0.5, 1.0)), NOISELESS, "c: observed correlations"),
        (hypercube(2), Correlation((1,)), NOISELESS, "rho: ρ_1 is needed"),
    ],
    ids=str,
)
def test_bad_fields(graph: Graph, correlation: Correlation | Anisotropic, noise: Noise, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lines.gaussian(graph, correlation, noise)


LOSSES = np.arange(8.0)


@pytest.mark.parametrize(
    ("graph", "losses", "order", "message"),
    [
        (hypercube(3), LOSSES[:7], 1, "losses: .* must be 8 finite numbers on hypercube:3"),
        (hypercube(3), np.where(LOSSES < 1, np.nan, LOSSES), 1, "losses: .* must be 8 finite numbers"),
        (hypercube(3), np.where(LOSSES < 1, np.inf, LOSSES), 1, "losses: .* must be 8 finite numbers"),
        (hypercube(3), np.full(8, 0.1), 1, "losses: all equal"),
        (hypercube(3), LOSSES, 0, r"order: 0 must lie in 1\.\.3"),
        (hypercube(3), LOSSES, 4, r"order: 4 must lie in 1\.\.3"),
        (hypercube(13), np.arange(8192.0), 1, "graph: hypercube:13 has 13 lines a vertex"),
    ],
)
def test_bad_tables(graph: Hamming, losses: np.ndarray, order: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lines.table(graph, losses, order)
