"""Random tables in the image of a table: what of the table they keep."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulations import landscapes, surrogate
from simulations.surrogate import Surrogate
from theory import ruggedness
from theory.correlations import Correlation
from theory.graphs import Hamming

GRAPH = Hamming((5,) * 4)
MIXED = Hamming((2, 3, 4))


def given_normals(normals: np.ndarray) -> Any:
    """A generator whose normals are given: a field is linear in them."""
    return SimpleNamespace(standard_normal=lambda shape: normals.reshape(shape))


def covariance(graph: Hamming, draw: Callable[[Any], np.ndarray]) -> np.ndarray:
    """Of a field, shape (n, n), exact: from the field of every unit vector of normals."""
    rows = np.stack([draw(given_normals(unit)) for unit in np.eye(graph.n)])
    return rows.T @ rows


@given(st.lists(st.floats(0, 10), min_size=8, max_size=8))
def test_covariance_of_a_field(values: list[float]) -> None:
    """Cov(u, v) = Σ_S B_S Π_{i∈S} (1{u_i=v_i} q_i − 1)/(q_i − 1): each effect is centred and exchangeable."""
    parts = np.array(values).reshape(2, 2, 2)
    words = np.array(np.unravel_index(np.arange(MIXED.n), MIXED.radices))
    same = words[:, :, None] == words[:, None, :]
    radices = np.array(MIXED.radices)[:, None, None]
    kernels = (same * radices - 1) / (radices - 1)
    expected = sum(parts[tuple(S)] * np.prod(kernels[S == 1], axis=0) for S in np.argwhere(np.ones((2, 2, 2))))
    found = covariance(MIXED, lambda rng: surrogate.field(MIXED, parts, rng))
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_with_equal_parts_of_an_order_a_field_is_that_of_a_correlation() -> None:
    """ρ_h = 0.4^h on H(4^3): B_S = Π_{i∈S} 3(1−c)/4 Π_{i∉S} (1+3c)/4."""
    graph, c = Hamming((4,) * 3), 0.4
    one = np.array([(1 + 3 * c) / 4, 3 * (1 - c) / 4])
    parts = np.multiply.outer(np.multiply.outer(one, one), one)
    found = covariance(graph, lambda rng: surrogate.field(graph, parts, rng))
    expected = covariance(graph, lambda rng: landscapes.gaussian(graph, Correlation.geometric(c, 3), rng))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def table(seeds: int, scale: float) -> np.ndarray:
    """Losses from 1 to 2, with noise that falls from `scale` to 0 as the loss rises."""
    true = np.random.default_rng(0).permutation(np.linspace(1, 2, GRAPH.n))
    return true[:, None] + scale * (2 - true[:, None]) * np.random.default_rng(1).standard_normal((GRAPH.n, seeds))


def surrogate_of(graph: Hamming, losses: np.ndarray) -> Surrogate:
    """A rugged truth without effects, and independent noise."""
    parts = np.ones((2,) * len(graph.radices))
    white = ruggedness.interactions(graph, np.eye(graph.n)[0])
    return Surrogate(graph, losses, np.zeros(graph.n), parts, white)


@pytest.mark.parametrize("seeds", [1, 3])
def test_without_noise_the_losses_are_those_of_the_table(seeds: int) -> None:
    losses = table(seeds, 0)
    drawn = surrogate_of(GRAPH, losses).draw(np.random.default_rng(2))
    assert drawn.shape == losses.shape
    np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(losses, axis=0))
    assert not np.array_equal(drawn, losses)


def test_missing_seeds_stay_missing_and_move_no_law() -> None:
    """Every second vertex has one seed of three: the laws of noise are those of the others."""
    losses = table(3, 0.01)
    losses[1::2, 1:] = np.nan
    model = surrogate_of(GRAPH, losses)
    assert np.array_equal(np.isnan(model.draw(np.random.default_rng(2))), np.isnan(losses))
    alone = surrogate_of(Hamming((313,)), losses[::2])
    np.testing.assert_allclose(model.quantiles, alone.quantiles)
    assert (np.diff(model.block) >= 0).all()


def test_parts_of_truth_and_noise_come_out_without_bias() -> None:
    """Mean of 2,000 tables with noise of known parts, 3 seeds: within 5 standard errors, a false alarm of 1e−5 in all.

    A share of the noise left in the truth, as in the means of the seeds, is off by 12 standard errors and more.
    """
    rng = np.random.default_rng(3)
    true, parts = rng.standard_normal(MIXED.n), rng.uniform(0.5, 1, (2, 2, 2))
    found = []
    for _ in range(2000):
        noise = np.stack([surrogate.field(MIXED, parts, rng) for _ in range(3)], axis=1)
        found.append(ruggedness.denoised_interactions(MIXED, true[:, None] + noise))
    expected = ruggedness.interactions(MIXED, true) * true.var(), parts
    for values, exact in zip(map(np.array, zip(*found, strict=True)), expected, strict=True):
        error = values.std(axis=0) / math.sqrt(2000)
        assert (abs(values.mean(axis=0) - exact) <= 5 * error + 1e-12).all()


def test_noise_is_that_of_the_rank() -> None:
    """Deviations of drawn seeds from the true losses of their rank: sd by block within 8 %, five standard errors."""
    model = surrogate_of(GRAPH, table(16, 0.01))
    off = np.empty((40, GRAPH.n, 16))
    for seed, each in enumerate(off):
        ranks = surrogate.field(GRAPH, model.true, np.random.default_rng(seed)).argsort().argsort()
        each[ranks] = model.draw(np.random.default_rng(seed)) - model.losses[ranks][:, None]
    for block in range(3):
        of_block = np.flatnonzero(model.block == block)
        expected = 0.01 * np.sqrt(np.mean((1 - of_block / GRAPH.n) ** 2))
        assert off[:, of_block].std() == pytest.approx(expected, rel=0.08)


def test_noise_has_the_correlation_of_the_table() -> None:
    """Noise that depends on the first letter alone is recognised, and independent noise is not taken for it."""
    rng = np.random.default_rng(5)
    true = landscapes.gaussian(GRAPH, Correlation.geometric(0.6, 4), rng)[:, None]
    shifts = np.repeat(rng.standard_normal((5, 6)), GRAPH.n // 5, axis=0)
    for noise, low, high in ((shifts, 0.95, 1), (rng.standard_normal((GRAPH.n, 6)), 0, 0.05)):
        parts = ruggedness.denoised_interactions(GRAPH, true + 0.1 * noise).noise
        assert low <= parts[1, 0, 0, 0] / parts[1:].sum() <= high


def test_a_landscape_dressed_keeps_order_and_ties() -> None:
    order = np.array([3.0, 1.0, 2.0, 0.0])
    assert surrogate.dressed(order, np.array([7.0, 5.0, 5.0, 9.0])).tolist() == [9, 5, 7, 5]


@pytest.mark.parametrize("losses", [np.zeros(GRAPH.n), np.zeros((5, 3)), np.full((GRAPH.n, 2), np.nan)])
def test_bad_tables_are_refused(losses: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"losses: shape .* must be"):
        surrogate_of(GRAPH, losses)


def test_bad_shapes_are_refused() -> None:
    right = {"effects": np.zeros(GRAPH.n), "true": np.ones((2,) * 4), "noise": np.ones((2,) * 4)}
    for name in right:
        with pytest.raises(ValueError, match=rf"{name}: shape \(1,\) must be \(.*\) on hamming:5\^4"):
            Surrogate(GRAPH, table(3, 0), **(right | {name: np.ones(1)}))


def test_effects_are_kept_exactly() -> None:
    """Without interactions and noise every drawn table is the table, where its effects have the order of its losses."""
    losses = table(1, 0)
    nothing = np.zeros((2,) * 4)
    drawn = Surrogate(GRAPH, losses, losses[:, 0] ** 3, nothing, nothing).draw(np.random.default_rng(2))
    assert np.array_equal(drawn, losses)


@given(st.integers(0, 4), st.integers(0, 1000))
def test_effects_of_few_coordinates_and_the_rest_share_no_set(order: int, seed: int) -> None:
    """The projection has the parts of the landscape up to its order and none above, the rest has the others."""
    losses = np.random.default_rng(seed).standard_normal(GRAPH.n)
    low = ruggedness.effects(GRAPH, losses, order)
    parts = [ruggedness.interactions(GRAPH, x) * np.var(x) for x in (losses, low + 1e-9 * losses)]
    within = np.indices(parts[0].shape).sum(axis=0) <= order
    np.testing.assert_allclose(parts[1], np.where(within, parts[0], 0), atol=1e-7)
