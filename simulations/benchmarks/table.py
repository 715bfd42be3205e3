"""A tabular landscape: the recorded losses of every vertex of a Hamming graph, several seeds each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.graphs import Hamming


@dataclass(frozen=True, eq=False)
class LossTable:
    """Losses of every vertex.

    name    what the table is called; unit  of the losses
    graph   Hamming graph of the vertices
    losses  shape (n, seeds), lower is better; NaN where a seed is missing, but every vertex has seed 0
    ValueError for the wrong length, an infinite loss, or a vertex without seed 0.
    """

    name: str
    graph: Hamming
    losses: np.ndarray
    unit: str

    def __post_init__(self) -> None:
        losses = np.asarray(self.losses, dtype=float)
        if losses.ndim != 2 or losses.shape[0] != self.graph.n or losses.shape[1] < 1:
            raise ValueError(f"{self.name}: losses of shape {losses.shape} must be ({self.graph.n}, seeds)")
        if np.isinf(losses).any():
            raise ValueError(f"{self.name}: {np.isinf(losses).sum()} losses are infinite")
        if missing := int(np.isnan(losses[:, 0]).sum()):
            raise ValueError(f"{self.name}: {missing} of {self.graph.n} vertices are NaN at the first seed")
        object.__setattr__(self, "losses", losses)

    @property
    def complete_seeds(self) -> int:
        """Number of leading seeds that every vertex has."""
        return int((~np.isnan(self.losses)).all(axis=0).cumprod().sum())

    def landscape(self, seeds: str | int = "mean") -> np.ndarray:
        """One loss a vertex, shape (n,): the mean over its recorded seeds, or one seed that every vertex has.

        >>> table = LossTable("t", Hamming((2,)), np.array([[1.0, 3.0], [2.0, np.nan]]), "")
        >>> table.landscape("mean"), table.landscape(0)
        (array([2., 2.]), array([1., 2.]))
        """
        if seeds == "mean":
            return np.nanmean(self.losses, axis=1)
        try:
            seed = int(seeds)
        except ValueError:
            seed = -1
        if not 0 <= seed < self.complete_seeds:
            raise ValueError(f"seeds: {seeds!r} must be 'mean' or one of 0..{self.complete_seeds - 1}")
        return self.losses[:, seed]
