"""Search spaces of small network cells: a cell puts one operation on every edge of a directed acyclic graph.

Node 0 is the cell's input, the last node its output, and node j is the sum of what arrives over its edges,

    h_j = Σ_{i→j} f_ij(h_i, z_ij),    z_ij = h_i W_ij + b_ij.

A complete sub-space allows some of the operations on every edge. Its cells are the words of one letter an
edge, so its graph is again a Hamming graph, whose radices are the numbers of allowed operations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

Operation = Callable[[jax.Array, jax.Array], jax.Array]
"""A pure function (x, z) → y of the edge's input x and its affine image z = xW + b, all (…, width)."""

OPERATIONS: dict[str, Operation] = {
    "none": lambda x, z: jnp.zeros_like(x),
    "skip": lambda x, z: x,
    "linear": lambda x, z: z,
    "relu": lambda x, z: jax.nn.relu(z),
    "tanh": lambda x, z: jnp.tanh(z),
}
"""Operations by name; a new entry can be used in a new `Space` at once."""


@dataclass(frozen=True)
class Space:
    """The cells of a directed acyclic graph with some operations allowed on every edge.

    name         name of the space; its complete sub-spaces keep it
    edges        pairs (i, j), i < j; every node but node 0 has an edge into it
    operations   for every edge the names of its allowed operations, at least two, keys of `OPERATIONS`

    Cells are numbered 0..n−1 in C order over the edges (last edge fastest): the vertices of the Hamming graph
    of the radices. Raises ValueError for a field that breaks these rules.

    >>> SPACES["vector"].n, SPACES["vector"].restrict(["none", "skip", "relu"]).radices
    (15625, (3, 3, 3, 3, 3, 3))
    """

    name: str
    edges: tuple[tuple[int, int], ...]
    operations: tuple[tuple[str, ...], ...]

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
            if len(names) < 2 or len(set(names) & set(OPERATIONS)) < len(names):
                raise ValueError(f"operations: {names} must be two or more different names of {tuple(OPERATIONS)}")

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


SPACES: dict[str, Space] = {
    "vector": Space("vector", ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)), (tuple(OPERATIONS),) * 6),
}
"""The spaces by name: `vector`, the cell of NAS-Bench-201 with operations on vectors, has 5⁶ = 15,625 cells."""
