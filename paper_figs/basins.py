"""Basins against the rank of their root: shuffled NAS-Bench-201 against closed forms, corrected and published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulations import estimate
from simulations.benchmarks import nasbench201
from simulations.estimate import Estimate
from simulations.search import Descent, descend
from theory import basins

from . import style

TITLE = "Basins of iid losses on H(5^6) by rank: shuffles follow the form with fresh neighbours, not those for trees"
GRAPH = nasbench201.GRAPH
SHUFFLES = 400
RANKS = np.concatenate([[0], 2 ** np.arange(3, 14)])
"""Ends of the ranges of ranks, the best first."""
FORMS: dict[str, tuple[Callable[[float], float], str, str]] = {
    "hamming": (lambda x: basins.hamming(GRAPH, x).basin, style.BLUE, "fresh neighbours of $H(5^6)$"),
    "tree": (lambda x: basins.iid(GRAPH.degree, x).basin, style.GREEN, "tree, corrected"),
    "published": (lambda x: basins.iid_published(GRAPH.degree, x).basin, style.RED, "published"),
}
"""Closed form, colour and label."""
LINES = {"hamming": "-", "tree": "--", "published": ":"}


@dataclass(frozen=True, eq=False)
class Data:
    """Over the ranges of RANKS: mean basin with its 99.9 % interval, and by form its mean over the same ranks."""

    measured: list[Estimate]
    forms: dict[str, np.ndarray]


def subtrees(descent: Descent) -> np.ndarray:
    """Number of starts whose walk comes to each vertex, itself included, whether or not it ends there; shape (n,)."""
    sizes = np.ones(len(descent.next))
    for depth in range(int(descent.steps.max()), 0, -1):
        level = np.flatnonzero(descent.steps == depth)
        np.add.at(sizes, descent.next[level], sizes[level])
    return sizes


def ranges(values: np.ndarray) -> np.ndarray:
    """Means over the ranges of RANKS of values by rank, shape (ranges,)."""
    return np.add.reduceat(values[: RANKS[-1]], RANKS[:-1]) / np.diff(RANKS)


def load(jobs: int = 1) -> Data:
    """Shuffles of CIFAR-10's ranks, ties broken, and closed forms."""
    rng, means = np.random.default_rng(0), []
    for _ in range(SHUFFLES):
        ranks = rng.permutation(GRAPH.n)
        means.append(ranges(subtrees(descend(GRAPH, ranks))[np.argsort(ranks)]))
    at = (np.arange(RANKS[-1]) + 0.5) / GRAPH.n
    grid = np.linspace(0, at[-1], 200)
    forms = {name: ranges(np.interp(at, grid, [form(x) for x in grid])) for name, (form, _, _) in FORMS.items()}
    return Data([estimate.mean(column, 0.999) for column in np.array(means).T], forms)


def check(data: Data) -> None:
    """The claims: the form of H(5^6) is in every interval; of the best 512 vertices the forms for trees, corrected and
    published, are above it, and the published one is the farther."""
    for low, found, value in zip(RANKS, data.measured, data.forms["hamming"], strict=False):
        assert found.holds(value), f"from rank {low}: the form of H(5^6) is {value:.4g}, shuffles say {found}"
    best = [found.high for found, end in zip(data.measured, RANKS[1:], strict=True) if end <= 512]
    tree, published = (data.forms[name][: len(best)] for name in ("tree", "published"))
    assert (tree > best).all(), f"the form for trees, {tree}, is not above {best}"
    assert (published > tree).all(), f"the published form, {published}, is not above that for trees, {tree}"


def numbers(data: Data) -> dict[str, Any]:
    """Mean basin of the best eight losses: of shuffles with its 99.9 % interval, and by the closed forms."""
    return {"shuffled": data.measured[0], **{name: values[0] for name, values in data.forms.items()}}


def draw_panel(ax: Axes, data: Data, unit: np.ndarray) -> None:
    """Basins in a unit, shape (ranges,), against the middle of the range of ranks."""
    middle = (RANKS[:-1] + RANKS[1:] + 1) / 2
    low, best, high = np.array(data.measured).T / unit
    for name, (_, colour, label) in FORMS.items():
        ax.plot(middle, data.forms[name] / unit, LINES[name], color=colour, label=label)
    ax.errorbar(
        middle, best, [best - low, high - best],
        fmt="o", color="black", markersize=3, capsize=2, linewidth=0.9, label=f"{SHUFFLES} shuffles (99.9 %)",
    )  # fmt: skip
    ax.set(xscale="log", xlabel="rank of the root among 15,625 losses")


def draw(data: Data) -> Figure:
    """The whole figure."""
    with plt.rc_context(style.STYLE):
        figure = plt.figure(figsize=(7.2, 3.0))
        sizes, ratios = figure.subplots(1, 2)
        draw_panel(sizes, data, np.ones(len(data.measured)))
        draw_panel(ratios, data, data.forms["hamming"])
        sizes.set(ylabel="basin (starts that pass)", ylim=(0, 68))
        ratios.set(ylabel="relative to the form of $H(5^6)$", ylim=(0.95, 1.2))
        sizes.legend(loc="lower left")
        return figure
