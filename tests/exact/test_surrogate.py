"""A Gaussian field dressed as a table: what of the table it keeps."""

from __future__ import annotations

import numpy as np
import pytest

from simulations.surrogate import NEAR, Surrogate
from theory import ruggedness
from theory.correlations import Correlation
from theory.graphs import Hamming

GRAPH = Hamming((5,) * 4)
FIELD = Correlation.geometric(0.6, 4)


def table(seeds: int, scale: float) -> np.ndarray:
    """Losses from 1 to 2, with noise that falls from `scale` to 0 as the loss rises."""
    true = np.random.default_rng(0).permutation(np.linspace(1, 2, GRAPH.n))
    return true[:, None] + scale * (2 - true[:, None]) * np.random.default_rng(1).standard_normal((GRAPH.n, seeds))


def test_without_noise_the_losses_are_those_of_the_table() -> None:
    losses = table(3, 0)
    drawn = Surrogate(GRAPH, FIELD, losses).draw(4, np.random.default_rng(2))
    assert np.sort(drawn) == pytest.approx(np.sort(losses[:, 0]))


def test_order_has_the_correlation_of_the_field() -> None:
    """Mean over 60 landscapes of ρ_1 and ρ_2 of normal scores; a table does not see its own mean, of variance 0.68^4.

    Standard errors 0.006: ± 0.025 is a false alarm of 1e−4; an error of 0.035 is found.
    """
    dressed, rng, unseen = Surrogate(GRAPH, FIELD, table(3, 0)), np.random.default_rng(3), 0.68**4
    found = np.mean(
        [
            ruggedness.correlation_by_distance(GRAPH, ruggedness.normal_scores(dressed.draw(1, rng))).rho[1:3]
            for _ in range(60)
        ],
        axis=0,
    )
    assert found == pytest.approx([(rho - unseen) / (1 - unseen) for rho in (0.6, 0.36)], abs=0.025)


def test_noise_is_that_of_the_rank_and_falls_with_averaging() -> None:
    """Against the noise-free losses of the same field: sd by rank within 8 %, five standard errors (1.6 %)."""
    losses = table(16, 0.01)
    dressed = Surrogate(GRAPH, FIELD, losses)
    for average in (1, 4):
        off, ranks = [], []
        for seed in range(40):
            field = Surrogate(GRAPH, FIELD, np.repeat(losses.mean(axis=1)[:, None], 2, axis=1))
            quiet = field.draw(1, np.random.default_rng(seed))
            off.append(dressed.draw(average, np.random.default_rng(seed)) - quiet)
            ranks.append(quiet.argsort().argsort())
        by_rank = np.empty((40, GRAPH.n))
        for row, deviations, rank in zip(by_rank, off, ranks, strict=True):
            row[rank] = deviations
        for first in range(NEAR, GRAPH.n - NEAR, 110):
            window = by_rank[:, first : first + 100]
            height, reach, width = 1 - (first + 50) / GRAPH.n, NEAR / GRAPH.n, 100 / GRAPH.n
            expected = 0.01 * np.sqrt((height**2 + reach**2 / 3 + width**2 / 12) / average)
            assert window.std() == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("shape", [(GRAPH.n,), (GRAPH.n, 1), (5, 3)])
def test_bad_tables_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"losses: shape .* must be"):
        Surrogate(GRAPH, FIELD, np.zeros(shape))
