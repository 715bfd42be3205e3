"""Correlations by distance against dense covariance matrices and literal character sums."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from theory import reference
from theory.correlations import Correlation, character_sums, second_difference
from theory.graphs import Graph, Hamming, complete, cycle, hypercube
from theory.noise import NOISELESS, Noise

SMALL = [Hamming((4,)), Hamming((3, 3)), Hamming((2, 3)), hypercube(4), Hamming((2, 2, 3)), Hamming((4, 2, 3))]


def words(graph: Hamming) -> np.ndarray:
    """Letters of every vertex, shape (n, d)."""
    return np.array(np.unravel_index(np.arange(graph.n), graph.radices)).T


def distances(graph: Hamming) -> np.ndarray:
    letters = words(graph)
    return (letters[:, None] != letters[None]).sum(axis=2)


def eigenvalues(graph: Hamming, rho: tuple[float, ...]) -> np.ndarray:
    """Of the dense covariance matrix, increasing."""
    return np.linalg.eigvalsh(np.array(rho)[distances(graph)])


def test_geometric() -> None:
    assert Correlation.geometric(-0.5, 3).rho == (1, -0.5, 0.25, -0.125)
    assert Correlation.geometric(0, 2).rho == (1, 0, 0)
    assert Correlation.geometric(0.3, 0).rho == (1,)
    assert Correlation((1, 0.5))[1] == 0.5


@pytest.mark.parametrize("noise", [Noise(0.0), Noise(0.7), Noise(3.0, 4)])
def test_observed_is_the_correlation_of_signal_plus_noise(noise: Noise) -> None:
    graph, field = hypercube(3), Correlation((1, 0.5, 0.3, 0.2))
    covariance = np.array(field.rho)[distances(graph)] + noise.sigma**2 / noise.average * np.eye(graph.n)
    sd = np.sqrt(np.diag(covariance))
    expected = covariance / np.outer(sd, sd)
    assert np.array(field.observed(noise).rho)[distances(graph)] == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("graph", SMALL, ids=str)
def test_character_sums_are_literal(graph: Hamming) -> None:
    """Σ_{|u|=h} Π_i exp(2πi t_i u_i/q_i) depends on how many coordinates of each radix have t_i ≠ 0."""
    u, radices = words(graph), np.array(graph.radices)
    found = set()
    for t in itertools.product(*(range(q) for q in graph.radices)):
        character = np.exp(2j * np.pi * (u * np.array(t) / radices).sum(axis=1)).real
        shells = [character[(u != 0).sum(axis=1) == h].sum() for h in range(len(radices) + 1)]
        found.add(tuple(np.round(shells).astype(int)))
        assert shells == pytest.approx(np.round(shells), abs=1e-9)  # all are integers
    table = character_sums(graph)
    assert {tuple(row) for row in table} == found
    assert len(table) == np.prod([graph.radices.count(q) + 1 for q in set(graph.radices)])


@pytest.mark.parametrize("graph", SMALL, ids=str)
def test_character_sums_give_the_spectrum(graph: Hamming) -> None:
    rho = (1.0, 0.4, -0.1, 0.05, 0.02)[: len(graph.radices) + 1]
    found = np.unique((character_sums(graph) @ rho).round(9))
    assert found == pytest.approx(np.unique(eigenvalues(graph, rho).round(9)), abs=1e-8)


@pytest.mark.parametrize(
    ("graph", "given"),
    [
        (hypercube(4), (1, 0.5, 0.25)),
        (hypercube(4), (1, -0.9, 0.8)),
        (Hamming((3, 3)), (1, 0.5)),
        (Hamming((2, 3)), (1, 0.3)),
        (Hamming((4, 2, 3)), (1, 0.6)),
        (Hamming((4, 2, 3)), (1,)),
        (hypercube(3), (1, 1 / 3)),  # additive: only one completion
        (hypercube(8), (1, 0.75, 0.5)),  # additive, ρ_8 = −1
        (hypercube(60), (1, 0.5, 0.25)),
    ],
    ids=str,
)
def test_completion_keeps_what_is_given(graph: Hamming, given: tuple[float, ...]) -> None:
    full = Correlation(given).completed(graph)
    assert full.rho[: len(given)] == given
    assert len(full.rho) == len(graph.radices) + 1
    if graph.n <= 500:
        assert eigenvalues(graph, full.rho)[0] > -1e-8


@pytest.mark.parametrize(
    ("graph", "given"), [(Hamming((3, 3)), (1, 0.5)), (hypercube(3), (1, 0.5, 0.1)), (Hamming((2, 4)), (1, -0.2))]
)
def test_completion_has_the_largest_smallest_eigenvalue(graph: Hamming, given: tuple[float, ...]) -> None:
    best = eigenvalues(graph, Correlation(given).completed(graph).rho)[0]
    others = [eigenvalues(graph, (*given, last))[0] for last in np.linspace(-1, 1, 201)]
    assert best >= max(others) - 1e-9
    assert best <= max(others) + 0.01 * graph.n  # grid spacing times the number of vertices at one distance


@pytest.mark.parametrize("rho", [(1, -0.5, -0.5), (1, 0.9, 0.1)])
def test_impossible_correlations_in_many_dimensions(rho: tuple[float, ...]) -> None:
    """1 − 2ρ_1 + ρ_2 ≥ 0 fails, or 1 + 2ρ_1 + ρ_2 does: two coordinates' four sums have a negative variance."""
    with pytest.raises(ValueError, match=r"rho: .* not positive semi-definite"):
        Correlation(rho).completed(hypercube(60))


@pytest.mark.parametrize("graph", [hypercube(60), Hamming((2,) * 60 + (3,))], ids=["equal radices", "mixed radices"])
def test_iid_losses_are_possible_in_many_dimensions(graph: Hamming) -> None:
    assert Correlation((1, 0, 0)).completed(graph).rho[:3] == (1, 0, 0)


@pytest.mark.parametrize("graph", SMALL, ids=str)
def test_completed_is_idempotent(graph: Hamming) -> None:
    full = Correlation.geometric(0.4, len(graph.radices))
    assert full.completed(graph) == full


@pytest.mark.parametrize(
    ("graph", "rho"),
    [
        (complete(5), (1, -0.3)),
        (Hamming((3, 3)), (1, -0.6)),
        (Hamming((3, 3)), (1, -0.5, 0.2)),
        (hypercube(3), (1, -0.8, 0.1)),
        (hypercube(3), (1, 0.9, 0.2, 0.1)),
        (Hamming((2, 3)), (1, 0.9, 0.0)),
    ],
)
def test_impossible_correlations(graph: Hamming, rho: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"rho: .* not positive semi-definite"):
        Correlation(rho).completed(graph)
    if len(rho) == len(graph.radices) + 1:
        assert eigenvalues(graph, rho)[0] < 0


@pytest.mark.parametrize(
    ("rho", "noise"), [((1, 0.6, 0.36), NOISELESS), ((1, 0.5, 0.4), Noise(0.5)), ((1, 0, 0), NOISELESS)]
)
def test_second_difference_is_the_correlation_across_lines(rho: tuple[float, ...], noise: Noise) -> None:
    graph = Hamming((3, 3))
    covariance = reference.difference_covariance(graph, Correlation(rho), noise)
    correlation = covariance / covariance[0, 0]
    r = second_difference(Correlation(rho), noise)
    assert np.diag(covariance) == pytest.approx(covariance[0, 0])
    assert [correlation[0, 1], correlation[2, 3]] == pytest.approx([0.5, 0.5], abs=1e-14)  # one line
    assert correlation[:2, 2:] == pytest.approx(np.full((2, 2), r), abs=1e-14)


def test_second_difference_of_additive_and_iid_landscapes() -> None:
    assert second_difference(Correlation((1, 0.8, 0.6)), NOISELESS) == pytest.approx(0, abs=1e-15)
    assert second_difference(Correlation((1, 0, 0)), NOISELESS) == 0.5
    assert second_difference(Correlation((1, 0.8, 0.6)), Noise(1e8)) == pytest.approx(0.5, abs=1e-15)


@pytest.mark.parametrize("rho", [(), (0.9, 0.5), (1, 1.1), (1, -1.1), (1, float("nan"))])
def test_bad_rho(rho: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="rho"):
        Correlation(rho)


@pytest.mark.parametrize("c", [1.5, -2.0, float("nan")])
def test_bad_geometric(c: float) -> None:
    with pytest.raises(ValueError, match="c: "):
        Correlation.geometric(c, 3)


@pytest.mark.parametrize("h", [2, 3])
def test_distance_not_given(h: int) -> None:
    with pytest.raises(ValueError, match=f"rho: ρ_{h} is needed"):
        _ = Correlation((1, 0.5))[h]


def test_distances_do_not_count_from_the_end() -> None:
    with pytest.raises(ValueError, match="rho"):
        _ = Correlation((1, 0.5, 0.2))[-1]


def test_only_hamming_graphs_have_a_correlation_by_distance() -> None:
    graph: Graph = cycle(5)
    with pytest.raises(ValueError, match="graph: cycle:5 is not a Hamming graph"):
        Correlation((1, 0.5)).completed(graph)


def test_more_distances_than_the_graph_has() -> None:
    with pytest.raises(ValueError, match="rho: 2 distances given, but hamming:3 has 1"):
        Correlation((1, 0.5, 0.2)).completed(complete(3))


def test_constant_landscape_has_no_second_difference() -> None:
    with pytest.raises(ValueError, match="rho: ρ_1 = 1 without noise"):
        second_difference(Correlation((1, 1, 1)), NOISELESS)
    assert second_difference(Correlation((1, 1, 1)), Noise(1e-3)) == 0.5


@pytest.mark.parametrize(("sigma", "average", "sd"), [(0.0, 1, 0.0), (0.6, 4, 0.3), (1e-12, 1, 1e-12), (2.0, 100, 0.2)])
def test_averaging_divides_noise_by_the_square_root(sigma: float, average: int, sd: float) -> None:
    assert Noise(sigma, average).sd == pytest.approx(sd, rel=1e-15)


@pytest.mark.parametrize("sigma", [-0.1, float("nan"), float("inf")])
def test_bad_sigma(sigma: float) -> None:
    with pytest.raises(ValueError, match="noise: sigma"):
        Noise(sigma)


@pytest.mark.parametrize("average", [0, -3, float("nan"), 1.5])
def test_bad_average(average: int) -> None:
    with pytest.raises(ValueError, match="noise: average"):
        Noise(0.1, average)
