"""Search spaces of small network cells: a cell puts one operation on every edge of a directed acyclic graph.

A complete sub-space allows some of the operations on every edge. Its cells are the words of one letter an
edge, so its graph is again a Hamming graph, whose radices are the numbers of allowed operations. Cells that compute the
same function (by symmetry, or because no path leads through an edge) are different cells, and each is trained.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from simulations.trainer.networks import KERNELS, OPERATIONS, Image, Network, Vector


@dataclass(frozen=True)
class Space:
    """The cells of a directed acyclic graph with some operations allowed on every edge.

    name         name of the space; its complete sub-spaces keep it
    edges        pairs (i, j), i < j; every node but node 0 has an edge into it
    operations   for every edge the names of its allowed operations, at least two of the network's
    network      what a cell computes: `Vector`, `Image`, each also with one's own operations, or one's own `Network`

    Cells are numbered 0..n−1 in C order over the edges (last edge fastest): the vertices of the Hamming graph
    of the radices. Raises ValueError for a field that breaks these rules.

    >>> SPACES["vector"].n, SPACES["vector"].restrict(["none", "skip", "relu"]).radices
    (15625, (3, 3, 3, 3, 3, 3))
    """

    name: str
    edges: tuple[tuple[int, int], ...]
    operations: tuple[tuple[str, ...], ...]
    network: Network = field(default_factory=Vector)

    def __post_init__(self) -> None:
        if any(not 0 <= i < j for i, j in self.edges):
            raise ValueError(f"edges: {self.edges} must be pairs (i, j) of nodes with 0 ≤ i < j")
        if len(set(self.edges)) < len(self.edges) or {j for _, j in self.edges} != set(range(1, self.nodes)):
            raise ValueError(f"edges: {self.edges} must differ and enter every node from 1 to the last")
        if len(self.operations) != len(self.edges):
            raise ValueError(
                f"operations: {len(self.operations)} must be one tuple for each of {len(self.edges)} edges"
            )
        for names in self.operations:
            if len(names) < 2 or len(set(names) & set(self.network.operations)) < len(names):
                allowed = tuple(self.network.operations)
                raise ValueError(f"operations: {names} must be two or more different names of {allowed}")

    def restrict(self, operations: Iterable[str]) -> Space:
        """The complete sub-space in which every edge has exactly these operations, in the order given.

        Raises ValueError for fewer than two, and for an operation which some edge does not allow.

        >>> SPACES["vector"].restrict(["none", "relu"]).operations[0]
        ('none', 'relu')
        """
        wanted = tuple(operations)
        for names in self.operations:
            if not set(wanted) <= set(names):
                raise ValueError(f"operations: {wanted} must be among the allowed {names}")
        return replace(self, operations=(wanted,) * len(self.edges))

    @property
    def nodes(self) -> int:
        """Number of nodes of the cell, input and output included."""
        return 1 + max((j for _, j in self.edges), default=0)

    @property
    def radices(self) -> tuple[int, ...]:
        """Number of allowed operations of every edge."""
        return tuple(map(len, self.operations))

    @property
    def n(self) -> int:
        """Number of cells, the product of the radices."""
        return math.prod(self.radices)

    @property
    def cells(self) -> np.ndarray:
        """All cells in order, shape (n, edges), int32: the letter of every edge, an index into its operations.

        >>> SPACES["vector"].cells[[0, 6, 15624]].tolist()
        [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1], [4, 4, 4, 4, 4, 4]]
        """
        return np.stack(np.unravel_index(np.arange(self.n), self.radices), axis=1).astype(np.int32)


CELL = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""The edges of NAS-Bench-201: all pairs of four nodes."""

SPACES: dict[str, Space] = {
    "vector": Space("vector", CELL, (tuple(OPERATIONS),) * 6, Vector()),
    "image": Space("image", CELL, (tuple(KERNELS),) * 6, Image()),
}
"""The spaces by name, 5⁶ = 15,625 cells each: the cell of NAS-Bench-201 with operations on vectors, and on images."""
