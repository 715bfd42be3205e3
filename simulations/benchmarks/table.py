"""A tabular landscape: the recorded losses of every vertex of a graph, several seeds each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from theory.graphs import Graph

from ..files import read_arrays

G = TypeVar("G", bound=Graph)


@dataclass(frozen=True, eq=False)
class LossTable(Generic[G]):
    """Losses of every vertex.

    name    what the table is called; unit  of the losses
    graph   of the vertices: any, irregular ones and isolated vertices too; the files read are of Hamming graphs
    losses  shape (n, seeds), lower is better; NaN where a seed is missing, but every vertex has seed 0
    ValueError for the wrong length, an infinite loss, or a vertex without seed 0.
    """

    name: str
    graph: G
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

        The mean sums in increasing order, so that vertices with the same losses in another order tie.

        >>> from theory.graphs import Hamming
        >>> table = LossTable("t", Hamming((2,)), np.array([[1.0, 3.0], [2.0, np.nan]]), "")
        >>> table.landscape("mean"), table.landscape(0)
        (array([2., 2.]), array([1., 2.]))
        """
        if seeds == "mean":
            return np.nanmean(np.sort(self.losses, axis=1), axis=1)
        try:
            seed = int(seeds)
        except ValueError:
            seed = -1
        if not 0 <= seed < self.complete_seeds:
            raise ValueError(f"seeds: {seeds!r} must be 'mean' or one of 0..{self.complete_seeds - 1}")
        return self.losses[:, seed]


def describe(table: LossTable, seeds: str | int = "mean") -> dict[str, Any]:
    """What a table holds, and how its landscape of the given seeds ties, as a JSON-ready object.

    seeds       fewest and most seeds of a vertex; missing  seeds short of the most, over all vertices
    duplicates  vertices with the same recorded losses, in any order, as one before them
    ties        vertices with the same loss of the landscape as one before them
    strict      strict local minima; plateaus  flat ones: connected sets of at least two equal vertices, of which none
                has a better neighbour; plateau_vertices  vertices in them
    ValueError as for `LossTable.landscape`.

    >>> from theory.graphs import Hamming
    >>> flat = LossTable("flat", Hamming((2, 2)), np.array([[1.0], [1.0], [2.0], [3.0]]), "")
    >>> {key: describe(flat)[key] for key in ("ties", "strict", "plateaus", "plateau_vertices")}
    {'ties': 1, 'strict': 0, 'plateaus': 1, 'plateau_vertices': 2}
    """
    n, losses = table.graph.n, table.landscape(seeds)
    recorded = (~np.isnan(table.losses)).sum(axis=1)
    records = np.nan_to_num(np.sort(table.losses, axis=1), nan=np.inf)
    sizes = minima_sizes(table.graph, losses)
    return {
        "table": table.name,
        "unit": table.unit,
        "graph": str(table.graph),
        "vertices": n,
        "seeds": [int(recorded.min()), int(recorded.max())],
        "missing": int((recorded.max() - recorded).sum()),
        "duplicates": n - len(np.unique(records, axis=0)),
        "ties": n - len(np.unique(losses)),
        "strict": int((sizes == 1).sum()),
        "plateaus": int((sizes > 1).sum()),
        "plateau_vertices": int(sizes[sizes > 1].sum()),
    }


def minima_sizes(graph: Graph, losses: np.ndarray) -> np.ndarray:
    """Numbers of vertices of the local minima, strict (1) and flat (2 and more); losses (n,).

    A minimum is a connected set of equal vertices, as large as it can be, of which none has a better neighbour; an
    isolated vertex is one.

    >>> from theory.graphs import ExplicitGraph
    >>> minima_sizes(ExplicitGraph(5, [(0, 1), (1, 2), (2, 3)]), np.array([1.0, 2.0, 1.0, 1.0, 9.0]))
    array([1, 2, 1])
    """
    beside = losses[graph.neighbours]  # (n, largest degree), the vertex itself where it has fewer
    equal, better = beside == losses[:, None], (beside < losses[:, None]).any(axis=1)
    edges = sparse.csr_array((np.ones(equal.sum()), (np.nonzero(equal)[0], graph.neighbours[equal])), (graph.n,) * 2)
    _, part = csgraph.connected_components(edges, directed=False)
    return np.bincount(part)[np.bincount(part, weights=better) == 0]


def read_shipped(path: Path, dataset: str, datasets: Iterable[str]) -> np.ndarray:
    """The array of one data set in a file that ships with the package.

    ValueError for a data set that is not one of `datasets`, or a missing or damaged file.
    """
    if dataset not in datasets:
        raise ValueError(f"dataset: {dataset!r} is unknown; allowed: {', '.join(datasets)}")
    try:
        return read_arrays(path, [dataset])[dataset]
    except OSError as error:
        raise ValueError(f"{path.name}: cannot be read ({error})") from None
