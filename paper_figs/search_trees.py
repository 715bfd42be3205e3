"""Search trees: the basins of the minima in which most starts end, in NAS-Bench-201 and in the same losses shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from simulations.benchmarks import nasbench201
from simulations.search import Descent, descend

from . import style

TITLE = "Search trees of CIFAR-10: most starts lead to the optimum; of the same losses shuffled, none lead far"
DEPTHS = 11


@dataclass(frozen=True, eq=False)
class Tree:
    """The basin of a minimum, its root: vertices ordered by depth, as a tree with the root first.

    vertices, depth  vertices of the graph and their steps to the root, shape (size,)
    parent           place of the next vertex in `vertices`, the root its own; shape (size,)
    angle            of each vertex around the root, in the middle of its leaves, shape (size,)
    """

    vertices: np.ndarray
    depth: np.ndarray
    parent: np.ndarray
    angle: np.ndarray

    @property
    def points(self) -> np.ndarray:
        """Each vertex at the radius of its depth, shape (size, 2)."""
        return self.depth[:, None] * np.column_stack([np.cos(self.angle), np.sin(self.angle)])


@dataclass(frozen=True, eq=False)
class Forest:
    """Losses in % of validation error, shape (n,), and the trees of their largest basins."""

    losses: np.ndarray
    trees: list[Tree]


Data = dict[str, Forest]
"""Of the table and of its losses shuffled."""


def tree(descent: Descent, root: int) -> Tree:
    """The basin of a local minimum. Leaves have equal angles."""
    basin = np.flatnonzero(descent.terminal == root)
    vertices = basin[np.argsort(descent.steps[basin], kind="stable")]
    place, leaves = np.zeros(descent.graph.n, dtype=int), np.zeros(len(vertices))
    place[vertices] = np.arange(len(vertices))
    parent = place[descent.next[vertices]]
    for i in range(len(vertices) - 1, 0, -1):
        leaves[i] = max(leaves[i], 1)
        leaves[parent[i]] += leaves[i]
    start, filled = np.zeros((2, len(vertices)))
    for i in range(1, len(vertices)):
        start[i] = filled[i] = filled[parent[i]]
        filled[parent[i]] += leaves[i]
    return Tree(vertices, descent.steps[vertices], parent, 2 * np.pi * (start + leaves / 2) / leaves[0])


def forest(losses: np.ndarray, trees: int) -> Forest:
    """The trees of the largest basins of steepest descent, the largest first."""
    descent = descend(nasbench201.GRAPH, losses)
    largest = np.argsort(-descent.basin_sizes(), kind="stable")[:trees]
    return Forest(losses, [tree(descent, int(root)) for root in largest])


def load(jobs: int = 1) -> Data:
    """CIFAR-10, mean over seeds, and one shuffle of it."""
    losses = nasbench201.load("cifar10").landscape("mean") / nasbench201.DATASETS["cifar10"] * 100
    return {"table": forest(losses, 3), "shuffled": forest(np.random.default_rng(0).permutation(losses), 2)}


def check(data: Data) -> None:
    """The claims: in the table most starts lead to the optimum, some in more than ten steps; shuffled, no basin has 2 %
    of the starts. Every edge leads downhill."""
    for name, forest in data.items():
        for tree in forest.trees:
            losses = forest.losses[tree.vertices]
            assert (losses[1:] > losses[tree.parent[1:]]).all(), f"{name}: an edge does not lead downhill"
    table, shuffled = data["table"], data["shuffled"]
    n, first = len(table.losses), table.trees[0]
    assert table.losses[first.vertices[0]] == table.losses.min(), "the largest basin is not the optimum's"
    assert len(first.vertices) > n / 2, f"only {len(first.vertices)} of {n} starts lead to the optimum"
    assert first.depth[-1] > 10, f"the optimum is at most {first.depth[-1]} steps away"
    assert len(shuffled.trees[0].vertices) < 0.02 * n, f"shuffled: a basin has {len(shuffled.trees[0].vertices)} starts"


def numbers(data: Data) -> dict[str, Any]:
    """Share of starts in the largest basin, and its depth."""
    return {
        name: {"share": len(forest.trees[0].vertices) / len(forest.losses), "depth": int(forest.trees[0].depth[-1])}
        for name, forest in data.items()
    }


def draw_tree(ax: Axes, tree: Tree) -> None:
    """A tree around its root."""
    points, reach = tree.points, tree.depth[-1] + 0.3
    lines = LineCollection(
        list(np.stack([points[tree.parent[1:]], points[1:]], axis=1)), array=tree.depth[1:], cmap="viridis",
        clim=(1, DEPTHS), linewidths=0.3 if len(points) > 500 else 0.7, capstyle="round",
    )  # fmt: skip
    ax.add_collection(lines)
    ax.plot(0, 0, "o", color=style.RED, markersize=3.5, zorder=3)
    ax.set(aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
    ax.axis("off")


def draw(data: Data) -> Figure:
    """The whole figure: on the left the basin of the table's optimum."""
    with plt.rc_context(style.STYLE):
        figure = plt.figure(figsize=(7.2, 4.0))
        axes = figure.subplot_mosaic([["0", "0", "1", "2"], ["0", "0", "3", "4"]])
        trees = [(name, forest, tree) for name, forest in data.items() for tree in forest.trees]
        for ax, (name, forest, tree) in zip(axes.values(), trees, strict=True):
            draw_tree(ax, tree)
            loss = forest.losses[tree.vertices[0]]
            ax.set_title(f"{name}: {len(tree.vertices):,} starts\nend at {loss:.2f} % error", fontsize=8)
        depths = axes["0"].collections[0]
        figure.colorbar(depths, ax=list(axes.values()), label="steps to the minimum", shrink=0.7, ticks=range(1, 12, 2))
        return figure
