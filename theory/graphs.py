"""Graphs on which landscapes live: frozen, validated, with a one-line text form.

Vertices are the integers 0..n−1. `Hamming` (with `hypercube` and `complete`), `Torus` (with `cycle`) and
`ExplicitGraph` are concrete graphs; `RandomRegular` and `ErdosRenyi` name a distribution over graphs, of which
`simulations.landscapes.draw_graph` draws one.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sparse


class Graph:
    """A simple undirected graph of `n` vertices, or a distribution over such graphs."""

    n: int

    @property
    def degrees(self) -> np.ndarray:
        """Degree of every vertex, shape (n,)."""
        raise ValueError(f"graph: {self} has no fixed degrees; draw one graph of it first")

    @property
    def degree_law(self) -> tuple[np.ndarray, np.ndarray]:
        """Degrees that occur, in order, and how many vertices have each."""
        return np.unique(self.degrees, return_counts=True)

    @property
    def degree(self) -> int:
        """The common degree s of a regular graph; ValueError where it is not regular."""
        degrees = self.degrees
        if not (degrees == degrees[0]).all():
            raise ValueError(f"graph: {self} is not regular (degrees {degrees.min()} to {degrees.max()})")
        return int(degrees[0])

    @property
    def size(self) -> float:
        """Number of edges |E| (its expectation for a distribution over graphs)."""
        return float(self.degrees.sum() / 2)

    @cached_property
    def neighbours(self) -> np.ndarray:
        """Neighbour table, shape (n, largest degree), int32; short rows are padded with the vertex itself."""
        raise ValueError(f"graph: {self} is a distribution over graphs; draw one graph of it first")

    @cached_property
    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """Two graphs whose Cartesian product this graph is, so that vertex a·m + b is next to a'·m + b and a·m + b'.

        Closed neighbourhoods in ascending order, int32, padded like `neighbours`: of a in row a of the first table,
        shape (n/m, ·), and of b in column b of the second, shape (·, m). Two small tables hold a large Hamming graph;
        other graphs are the product of a single vertex and themselves.
        """
        return np.zeros((1, 1), dtype=np.int32), np.ascontiguousarray(_closed(self.neighbours).T)

    def checked(self, losses: np.ndarray) -> np.ndarray:
        """The losses of a landscape on the graph as an array; ValueError unless they are n finite numbers."""
        losses = np.asarray(losses)
        if losses.shape != (self.n,):
            raise ValueError(f"losses: shape {losses.shape} must be ({self.n},) on {self}")
        if not np.isfinite(losses).all():
            raise ValueError(f"losses: {np.count_nonzero(~np.isfinite(losses))} of {self.n} values are not finite")
        return losses

    @cached_property
    def adjacency(self) -> sparse.csr_array:
        """Adjacency matrix, shape (n, n), entries 0 and 1."""
        table = self.neighbours
        rows, columns = np.repeat(np.arange(self.n), table.shape[1]), table.ravel()
        keep = rows != columns
        ones = np.ones(keep.sum(), dtype=np.int64)
        return sparse.csr_array((ones, (rows[keep], columns[keep])), shape=(self.n, self.n))

    @property
    def smallest_eigenvalue(self) -> float:
        """Smallest eigenvalue of the adjacency matrix (Lanczos; dense for n ≤ 500)."""
        if self.n <= 500:
            return float(np.linalg.eigvalsh(self.adjacency.toarray().astype(float))[0])
        matrix = self.adjacency.astype(float)
        start = np.random.default_rng(0).standard_normal(self.n)  # a start vector, so that reruns agree
        found = sparse.linalg.eigsh(matrix, k=1, which="SA", v0=start, return_eigenvectors=False)
        return float(found[0])


def _closed(neighbours: np.ndarray) -> np.ndarray:
    """Closed neighbourhoods in ascending order, shape (n, largest degree + 1)."""
    vertices = np.arange(len(neighbours), dtype=neighbours.dtype)[:, None]
    closed = np.concatenate([vertices, neighbours], axis=1)
    closed.sort(axis=1)
    return closed


@dataclass(frozen=True)
class Hamming(Graph):
    """Hamming graph H(q_1,…,q_d): words of d letters, neighbours differ in one letter.

    Vertex v has the letters `np.unravel_index(v, radices)`; n = Πq_i and s = Σ(q_i−1).

    >>> Hamming((5,) * 6).n, Hamming((5,) * 6).degree
    (15625, 24)
    """

    radices: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.radices or any(int(q) != q or q < 2 for q in self.radices):
            raise ValueError(f"radices: {self.radices} must be one or more integers of at least 2")
        object.__setattr__(self, "radices", tuple(int(q) for q in self.radices))

    @property
    def n(self) -> int:  # type: ignore[override]
        return math.prod(self.radices)

    @property
    def degrees(self) -> np.ndarray:
        return np.full(self.n, self.degree)

    @property
    def degree(self) -> int:
        return sum(self.radices) - len(self.radices)

    @property
    def degree_law(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array([self.degree]), np.array([self.n])

    @property
    def size(self) -> float:
        return self.n * self.degree / 2

    @property
    def is_uniform(self) -> bool:
        """Whether all coordinates have the same number of letters."""
        return len(set(self.radices)) == 1

    @cached_property
    def neighbours(self) -> np.ndarray:
        vertices, columns, stride = np.arange(self.n, dtype=np.int32), [], self.n
        for q in self.radices:
            stride //= q
            letter = vertices // stride % q
            others = np.arange(q - 1, dtype=np.int32) + (np.arange(q - 1) >= letter[:, None])
            columns.append(vertices[:, None] + (others - letter[:, None]) * stride)
        return np.concatenate(columns, axis=1).astype(np.int32)

    @cached_property
    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """The first half of the coordinates and the second."""
        half = len(self.radices) // 2
        if not half:
            return super().factors
        left, right = Hamming(self.radices[:half]), Hamming(self.radices[half:])
        return _closed(left.neighbours), np.ascontiguousarray(_closed(right.neighbours).T)

    @property
    def smallest_eigenvalue(self) -> float:
        return -float(len(self.radices))

    def __str__(self) -> str:
        if set(self.radices) == {2}:
            return f"hypercube:{len(self.radices)}"
        if self.is_uniform and len(self.radices) > 1:
            return f"hamming:{self.radices[0]}^{len(self.radices)}"
        return "hamming:" + "x".join(map(str, self.radices))


def hypercube(dimension: int) -> Hamming:
    """The hypercube {0,1}^d = H(2,…,2)."""
    return Hamming((2,) * dimension)


def complete(n: int) -> Hamming:
    """The complete graph on n vertices: the Hamming graph of one coordinate."""
    return Hamming((n,))


@dataclass(frozen=True)
class Torus(Graph):
    """Discrete torus: a product of cycles of the given lengths (each at least 3).

    >>> Torus((30, 30)).degree
    4
    """

    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.lengths or any(int(m) != m or m < 3 for m in self.lengths):
            raise ValueError(f"lengths: {self.lengths} must be one or more integers of at least 3")
        object.__setattr__(self, "lengths", tuple(int(m) for m in self.lengths))

    @property
    def n(self) -> int:  # type: ignore[override]
        return math.prod(self.lengths)

    @property
    def degrees(self) -> np.ndarray:
        return np.full(self.n, self.degree)

    @property
    def degree(self) -> int:
        return 2 * len(self.lengths)

    @cached_property
    def neighbours(self) -> np.ndarray:
        grid = np.arange(self.n, dtype=np.int32).reshape(self.lengths)
        shifted = [np.roll(grid, shift, axis) for axis in range(grid.ndim) for shift in (1, -1)]
        return np.stack([g.ravel() for g in shifted], axis=1)

    @property
    def smallest_eigenvalue(self) -> float:
        return sum(2 * math.cos(2 * math.pi * (m // 2) / m) for m in self.lengths)

    def __str__(self) -> str:
        return ("cycle:" if len(self.lengths) == 1 else "torus:") + "x".join(map(str, self.lengths))


def cycle(n: int) -> Torus:
    """The cycle on n ≥ 3 vertices."""
    return Torus((n,))


@dataclass(frozen=True, eq=False)
class ExplicitGraph(Graph):
    """Any simple graph, given by its edges.

    `edges` has shape (m, 2), each undirected edge once, in either direction.
    ValueError for loops, repeated edges and vertices outside 0..n−1.

    >>> ExplicitGraph(3, [(0, 1), (1, 2)]).degrees
    array([1, 2, 1])
    """

    n: int
    edges: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n: {self.n} must be at least 1")
        edges = np.asarray(self.edges)
        if edges.size == 0:
            edges = np.empty((0, 2), dtype=np.int64)
        if edges.ndim != 2 or edges.shape[1] != 2 or edges.dtype.kind not in "iu":
            raise ValueError(
                f"edges: {edges.dtype} of shape {edges.shape} must be pairs of whole numbers, shape (m, 2)"
            )
        edges = edges.astype(np.int64)
        if edges.size and (edges.min() < 0 or edges.max() >= self.n):
            raise ValueError(f"edges: vertices must lie in 0..{self.n - 1}, found {edges.min()}..{edges.max()}")
        ordered = np.sort(edges, axis=1)
        if (ordered[:, 0] == ordered[:, 1]).any():
            raise ValueError("edges: a loop is not allowed in a simple graph")
        if len(np.unique(ordered, axis=0)) != len(ordered):
            raise ValueError("edges: an edge is given more than once")
        ordered.setflags(write=False)
        object.__setattr__(self, "edges", ordered)

    @classmethod
    def from_networkx(cls, graph: Any) -> ExplicitGraph:
        """A networkx graph (anything with `nodes` and `edges`); its nodes are numbered in their own order."""
        number = {node: i for i, node in enumerate(graph.nodes)}
        return cls(len(number), np.array([(number[a], number[b]) for a, b in graph.edges]))

    @property
    def degrees(self) -> np.ndarray:
        return np.bincount(self.edges.ravel(), minlength=self.n)

    @cached_property
    def neighbours(self) -> np.ndarray:
        ends = np.concatenate([self.edges, self.edges[:, ::-1]])
        ends = ends[np.lexsort((ends[:, 1], ends[:, 0]))]
        degrees = self.degrees
        table = np.repeat(np.arange(self.n, dtype=np.int32)[:, None], max(1, degrees.max()), axis=1)
        slot = np.arange(len(ends)) - np.repeat(np.cumsum(degrees) - degrees, degrees)
        table[ends[:, 0], slot] = ends[:, 1]
        return table

    def __str__(self) -> str:
        return f"explicit graph of {self.n} vertices and {len(self.edges)} edges"


@dataclass(frozen=True)
class RandomRegular(Graph):
    """A uniformly random s-regular graph on n vertices (n·s even, s < n): locally a tree."""

    n: int
    s: int

    def __post_init__(self) -> None:
        if self.n < 1 or not 0 <= self.s < self.n:
            raise ValueError(f"degree: {self.s} must lie in 0..n−1 = 0..{self.n - 1}")
        if self.n * self.s % 2:
            raise ValueError(f"n·s: {self.n}·{self.s} is odd; a regular graph needs it even")

    @property
    def degrees(self) -> np.ndarray:
        return np.full(self.n, self.s)

    def __str__(self) -> str:
        return f"regular:{self.n},{self.s}"


@dataclass(frozen=True)
class ErdosRenyi(Graph):
    """Erdős–Rényi G(n, p): each of the n(n−1)/2 edges present with probability p, independently."""

    n: int
    p: float

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n: {self.n} must be at least 1")
        if not 0 <= self.p <= 1:
            raise ValueError(f"p: {self.p} must lie in [0, 1]")

    @property
    def size(self) -> float:
        return self.p * self.n * (self.n - 1) / 2

    def __str__(self) -> str:
        return f"erdos_renyi:{self.n},{self.p!r}"


FORMS = (
    "hypercube:10, hamming:5^6, hamming:3x4x5, regular:40000,24, erdos_renyi:2000,0.01, "
    "complete:50, cycle:100, torus:30x30"
)


def parse_graph(text: str) -> Graph:
    """The graph of a one-line text form; `str` gives the text back. ValueError says what is allowed.

    >>> parse_graph("hamming:5^6") == Hamming((5, 5, 5, 5, 5, 5))
    True
    >>> str(parse_graph("torus:30x30"))
    'torus:30x30'
    """
    family, _, rest = text.strip().partition(":")
    try:
        match family:
            case "hypercube":
                return hypercube(int(rest))
            case "complete":
                return complete(int(rest))
            case "cycle":
                return cycle(int(rest))
            case "hamming" if power := re.fullmatch(r"(\d+)\^(\d+)", rest):
                return Hamming((int(power[1]),) * int(power[2]))
            case "hamming":
                return Hamming(tuple(int(q) for q in rest.split("x")))
            case "torus":
                return Torus(tuple(int(m) for m in rest.split("x")))
            case "regular":
                n, s = rest.split(",")
                return RandomRegular(int(n), int(s))
            case "erdos_renyi":
                n, p = rest.split(",")
                return ErdosRenyi(int(n), float(p))
    except ValueError as error:
        raise ValueError(f"graph: {text!r} is not a graph ({error}); examples: {FORMS}") from None
    raise ValueError(f"graph: {text!r} is of no known family; examples: {FORMS}")
