"""Random tables in the image of a table with seeds: its effects, its losses, and its noise where it has it.

Letters are not exchangeable: that an operation spoils every network belongs to the table, not to chance. Noise is not
the same everywhere: where losses are low they lie close together, so that the same scatter between seeds changes more
of their order. Nor is it always independent: seeds that share a split of the data share what it favours. The stationary
field with one σ (the Gaussian model of theory) knows none of this.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import scipy.fft
from scipy.special import ndtr

from theory.graphs import Hamming

BLOCK = 200
"""Consecutive ranks that share a law of noise."""
LEVELS = 1000
"""Quantiles by which a law of noise is kept."""


def field(graph: Hamming, parts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaussian field with an independent part of variance B_S on each set S of coordinates, shape (n,).

    parts  B_S, shape (2,)*d, at least 0, as of `theory.ruggedness.interactions`
    Each of the N_S = Π_{i∈S}(q_i−1) coefficients on S is N(0, nB_S/N_S), in any product of orthonormal bases that start
    with the constant: here cosines. No permutation of the letters of a coordinate changes the law. It exists for all
    B ≥ 0, and has a correlation by distance where radices are equal and B_S depends on |S| alone. Status: exact in law.
    """
    dimensions = reduce(np.multiply.outer, ([1, q - 1] for q in graph.radices), np.ones(()))
    variance = graph.n * parts / dimensions
    for axis, q in enumerate(graph.radices):
        variance = np.repeat(variance, [1, q - 1], axis=axis)
    coefficients = np.sqrt(variance) * rng.standard_normal(graph.radices)
    return np.asarray(scipy.fft.idctn(coefficients, norm="ortho")).ravel()


def dressed(order: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """The losses of one landscape in the order of another, both of shape (n,): ties of the losses stay.

    >>> dressed(np.array([0.3, -0.2, 0.1]), np.array([5.0, 5.0, 7.0]))
    array([7., 5., 5.])
    """
    return np.sort(losses)[order.argsort(kind="stable").argsort()]


class Surrogate:
    """Random tables with the effects, the interactions, the losses and the noise of a table.

    losses   of the table, shape (n, seeds), NaN where a seed is missing, every vertex has one
    effects  of few coordinates on its true losses, which every table has, shape (n,)
    true     B_S of the interactions of more, shape (2,)*d, in the unit of `effects`; a negative part counts as 0
    noise    B_S of its noise, shape (2,)*d, in any unit
    The true loss of the vertex of rank r of the effects plus the `field` of B_S is the r-th least vertex mean of the
    table. The noise of a seed there is the Φ(g)-quantile of the deviations from their means of the `BLOCK` vertices of
    about this rank, times √(k/(k−1)), the lost variance; g is a field with the B_S of the noise. There is none in a
    table of one seed.
    Status: approximation (means of few seeds, and their effects, are wider than true ones; noise may depend on the
    letters, not the rank; one correlation of noise at all ranks).
    ValueError for arguments of another shape, or a vertex without a loss.
    """

    def __init__(
        self, graph: Hamming, losses: np.ndarray, effects: np.ndarray, true: np.ndarray, noise: np.ndarray
    ) -> None:
        seeds = np.sum(~np.isnan(losses), axis=-1)
        if losses.ndim != 2 or len(losses) != graph.n or seeds.min() < 1:
            raise ValueError(f"losses: shape {losses.shape} must be ({graph.n}, seeds), with a loss of every vertex")
        sets = (2,) * len(graph.radices)
        for name, given, shape in (("effects", effects, (graph.n,)), ("true", true, sets), ("noise", noise, sets)):
            if given.shape != shape:
                raise ValueError(f"{name}: shape {given.shape} must be {shape} on {graph}")
        means = np.nanmean(losses, axis=1)
        order = means.argsort(kind="stable")
        self.graph, self.missing, self.losses = graph, np.isnan(losses), means[order]
        self.effects, self.true, self.noise = effects, np.maximum(true, 0), noise / (noise.sum() or 1)
        deviations, k, twice = losses - means[:, None], seeds[:, None], order[seeds[order] > 1]
        by_rank = deviations[twice] * np.sqrt(k[twice] / (k[twice] - 1)) if len(twice) else np.zeros((1, 1))
        blocks = np.array_split(by_rank, max(1, len(by_rank) // BLOCK))
        self.quantiles = np.stack([np.nanquantile(block, (np.arange(LEVELS) + 0.5) / LEVELS) for block in blocks])
        of_twice = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])
        self.block = of_twice[np.maximum(np.cumsum(seeds[order] > 1) - 1, 0)]

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Losses of one random table, shape (n, seeds), NaN where the table's are."""
        ranks = (self.effects + field(self.graph, self.true, rng)).argsort().argsort()
        levels = np.stack([ndtr(field(self.graph, self.noise, rng)) for _ in self.missing.T], axis=1)
        noise = self.quantiles[self.block[ranks, None], (levels * LEVELS).astype(int)]
        return np.where(self.missing, np.nan, self.losses[ranks][:, None] + noise)
