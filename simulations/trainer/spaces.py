"""Search spaces of small network cells: a cell puts one operation on every edge of a directed acyclic graph.

Node 0 is the cell's input, the last node its output, and node j is the sum of what arrives over its edges,

    h_j = Σ_{i→j} f_ij(h_i, z_ij),    z_ij = h_i W_ij + b_ij.

A complete sub-space allows some of the operations on every edge. Its cells are the words of one letter an edge,
so its graph is again a Hamming graph, of radices = numbers of allowed operations.
"""

from __future__ import annotations

import itertools
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
    """The cells of a directed acyclic graph with some of the operations allowed on every edge.

    name         name of the whole space
    edges        pairs (i, j), i < j; every node but node 0 has an edge into it
    operations   names of all operations (keys of `OPERATIONS`), the alphabet
    letters      for every edge the allowed operations, at least two, as indices into `operations`

    Cells are numbered 0..n−1 in C order over the edges (last edge fastest), in the order of `letters`. Raises
    ValueError for a field that breaks these rules.

    >>> SPACES["vector"].n, SPACES["vector"].restrict(["none", "skip", "relu"]).radices
    (15625, (3, 3, 3, 3, 3, 3))
    """

    name: str
    edges: tuple[tuple[int, int], ...]
    operations: tuple[str, ...]
    letters: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if any(not 0 <= i < j for i, j in self.edges):
            raise ValueError(f"edges: {self.edges} must be pairs (i, j) of nodes with 0 ≤ i < j")
        if len(set(self.edges)) < len(self.edges) or {j for _, j in self.edges} != set(range(1, self.nodes)):
            raise ValueError(f"edges: {self.edges} must differ and enter every node from 1 to the last")
        unknown = [operation for operation in self.operations if operation not in OPERATIONS]
        if unknown or len(set(self.operations)) < len(self.operations):
            raise ValueError(f"operations: {self.operations} must be different names of {tuple(OPERATIONS)}")
        if len(self.letters) != len(self.edges):
            raise ValueError(
                f"letters: {len(self.letters)} tuples must be one for each of {len(self.edges)} edges"
            )
        for allowed in self.letters:
            indices = set(allowed) & set(range(len(self.operations)))
            if len(allowed) < 2 or len(indices) < len(allowed):
                raise ValueError(
                    f"letters: {allowed} must be two or more different indices below {len(self.operations)}"
                )

    @classmethod
    def whole(cls, name: str, edges: Iterable[tuple[int, int]], operations: Iterable[str]) -> Space:
        """The space with every operation allowed on every edge."""
        edges, operations = tuple(edges), tuple(operations)
        return cls(name, edges, operations, (tuple(range(len(operations))),) * len(edges))

    def restrict(self, operations: Iterable[str]) -> Space:
        """The complete sub-space in which every edge has exactly these operations, in the order given.

        The alphabet stays, so a cell of the sub-space trains exactly as in the whole space. Raises ValueError
        for an operation which some edge does not allow.

        >>> SPACES["vector"].restrict(["none", "relu"]).names[0]
        ('none', 'relu')
        """
        wanted = tuple(operations)
        for allowed in self.names:
            if not set(wanted) <= set(allowed):
                raise ValueError(f"operations: {wanted} must be among the allowed {allowed}")
        indices = tuple(self.operations.index(operation) for operation in wanted)
        return replace(self, letters=(indices,) * len(self.edges))

    @property
    def nodes(self) -> int:
        """Number of nodes of the cell, input and output included."""
        return 1 + max((j for _, j in self.edges), default=0)

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """For every edge the names of its allowed operations."""
        return tuple(tuple(self.operations[letter] for letter in allowed) for allowed in self.letters)

    @property
    def radices(self) -> tuple[int, ...]:
        """Number of allowed operations of every edge."""
        return tuple(map(len, self.letters))

    @property
    def n(self) -> int:
        """Number of cells, the product of the radices."""
        return math.prod(self.radices)

    @property
    def cells(self) -> np.ndarray:
        """All cells in order, shape (n, edges), int32: each edge's operation as an index into `operations`.

        >>> SPACES["vector"].restrict(["skip", "relu"]).cells[1].tolist()
        [1, 1, 1, 1, 1, 3]
        """
        return np.array(list(itertools.product(*self.letters)), dtype=np.int32)


SPACES: dict[str, Space] = {
    space.name: space
    for space in (Space.whole("vector", [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)], OPERATIONS),)
}
"""The spaces by name: `vector` has the cell of NAS-Bench-201 with operations on vectors, 5⁶ = 15,625 cells."""
