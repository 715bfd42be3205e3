"""A Gaussian field dressed as a table: its losses by rank, and at each rank the noise that the table has there.

Noise is not the same everywhere: where losses are low they lie close together, so that the same scatter between seeds
changes more of their order. The stationary field with one σ (the Gaussian model of theory) does not know that.
"""

from __future__ import annotations

import numpy as np

from theory.correlations import Correlation
from theory.graphs import Hamming

from .landscapes import gaussian

NEAR = 100
"""Ranks on either side from which a vertex may take its noise."""


class Surrogate:
    """Random landscapes with the correlation, the losses and the noise law by rank of a table with seeds.

    losses  of the table, shape (n, seeds), no seed missing, at least two
    The true loss of the vertex of rank r of a field is the r-th least vertex mean of the table, and its noise a draw
    with replacement from the residuals of a vertex whose rank is within `NEAR` of r, times √(seeds/(seeds−1)), the
    residuals' lost variance. Status: approximation (means of few seeds are wider than true losses).
    ValueError for losses of another shape or fewer than two seeds.
    """

    def __init__(self, graph: Hamming, correlation: Correlation, losses: np.ndarray) -> None:
        if losses.ndim != 2 or losses.shape[0] != graph.n or losses.shape[1] < 2 or np.isnan(losses).any():
            raise ValueError(f"losses: shape {losses.shape} must be ({graph.n}, 2 or more seeds), none missing")
        means, seeds = losses.mean(axis=1), losses.shape[1]
        order = means.argsort(kind="stable")
        self.graph, self.correlation = graph, correlation
        self.true = means[order]
        self.residuals = ((losses - means[:, None]) * np.sqrt(seeds / (seeds - 1)))[order]

    def draw(self, average: int, rng: np.random.Generator) -> np.ndarray:
        """Observed losses of one landscape, the mean of `average` seeds a vertex, shape (n,)."""
        n, seeds = self.residuals.shape
        ranks = gaussian(self.graph, self.correlation, rng).argsort().argsort()
        donors = np.clip(ranks + rng.integers(-NEAR, NEAR + 1, size=n), 0, n - 1)
        noise = self.residuals[donors[:, None], rng.integers(seeds, size=(n, average))]
        return self.true[ranks] + noise.mean(axis=1)
