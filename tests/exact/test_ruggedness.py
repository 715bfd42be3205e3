"""Correlation by distance against the literal loop over pairs, and normal scores against ranks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from theory import ruggedness
from theory.correlations import Correlation
from theory.graphs import Hamming, complete, hypercube

GRAPHS = [complete(4), Hamming((3, 3)), hypercube(4), Hamming((2, 3)), Hamming((4, 2, 3))]


def landscape(graph: Hamming, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gumbel(size=graph.n)


def distances(graph: Hamming) -> np.ndarray:
    words = np.array(np.unravel_index(np.arange(graph.n), graph.radices)).T
    return (words[:, None] != words[None]).sum(axis=2)


def by_pairs(graph: Hamming, first: np.ndarray, second: np.ndarray) -> list[float]:
    """Mean of (a_u−ā)(b_v−b̄) over the ordered pairs at each distance."""
    products, distance = np.outer(first - first.mean(), second - second.mean()), distances(graph)
    return [products[distance == h].mean() for h in range(len(graph.radices) + 1)]


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_covariance_is_the_mean_over_pairs(graph: Hamming) -> None:
    losses = landscape(graph)
    assert ruggedness.covariance_by_distance(graph, losses) == pytest.approx(by_pairs(graph, losses, losses), abs=1e-14)


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_cross_covariance_of_two_seeds(graph: Hamming) -> None:
    first, second = landscape(graph, 1), landscape(graph, 2)
    found = ruggedness.covariance_by_distance(graph, first, second)
    assert found == pytest.approx(by_pairs(graph, first, second), abs=1e-14)
    assert found == pytest.approx(ruggedness.covariance_by_distance(graph, second, first), abs=1e-14)


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_correlation_is_normalised(graph: Hamming) -> None:
    losses = landscape(graph)
    covariance = by_pairs(graph, losses, losses)
    found = ruggedness.correlation_by_distance(graph, losses)
    assert found.rho == pytest.approx(np.array(covariance) / covariance[0], abs=1e-14)
    assert found.rho[0] == 1


def test_correlation_of_known_landscapes() -> None:
    """Parity alternates; an additive landscape of equal effects falls linearly."""
    bits = np.array(np.unravel_index(np.arange(16), (2,) * 4)).sum(axis=0)
    assert ruggedness.correlation_by_distance(hypercube(4), (-1.0) ** bits).rho == (1, -1, 1, -1, 1)
    assert ruggedness.correlation_by_distance(hypercube(4), 3.0 * bits - 1).rho == pytest.approx((1, 0.5, 0, -0.5, -1))


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_equal_radices_give_a_possible_field(graph: Hamming) -> None:
    rho = np.array(ruggedness.correlation_by_distance(graph, landscape(graph)).rho)
    smallest = np.linalg.eigvalsh(rho[distances(graph)])[0]
    assert smallest > -1e-12 or not graph.is_uniform
    if graph.is_uniform:
        assert Correlation(tuple(rho)).completed(graph).rho == tuple(rho)


@pytest.mark.parametrize("shape", [(9,), (3, 4), ()])
def test_normal_scores_are_quantiles_of_mid_ranks(shape: tuple[int, ...]) -> None:
    losses = np.random.default_rng(3).integers(0, 6, shape).astype(float)
    flat = losses.ravel()
    below = (flat[:, None] > flat).sum(axis=1)
    equal = (flat[:, None] == flat).sum(axis=1)
    expected = norm.ppf((below + equal / 2) / len(flat))  # ranks below+1 … below+equal, less one half
    scores = ruggedness.normal_scores(losses)
    assert scores.shape == shape
    assert scores.ravel() == pytest.approx(expected, abs=1e-12)


def test_normal_scores_see_ranks_only() -> None:
    losses = landscape(hypercube(4))
    assert (ruggedness.normal_scores(np.exp(3 * losses)) == ruggedness.normal_scores(losses)).all()


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.zeros(7), None, r"first: shape \(7,\) must be \(8,\)"),
        (np.zeros((2, 4)), None, r"first: shape \(2, 4\)"),
        (np.zeros(8), np.zeros(9), r"second: shape \(9,\)"),
    ],
)
def test_wrong_shapes(first: np.ndarray, second: np.ndarray | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ruggedness.covariance_by_distance(hypercube(3), first, second)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1])
def test_constant_landscapes_have_no_correlation(value: float) -> None:
    with pytest.raises(ValueError, match="losses: all equal"):
        ruggedness.correlation_by_distance(Hamming((5, 5)), np.full(25, value))


def test_missing_losses_are_refused() -> None:
    with pytest.raises(ValueError, match="nan"):
        ruggedness.correlation_by_distance(hypercube(1), np.array([0.0, np.nan]))
