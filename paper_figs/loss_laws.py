"""What the branching model asks of a table: its losses (f) and a neighbour's loss given the centre's (k), and fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy import stats
from scipy.optimize import minimize, minimize_scalar
from scipy.special import ndtri

from simulations.benchmarks import nasbench201
from theory import ruggedness
from theory.laws import AR1Kernel, Normal, TruncatedNormal, TruncatedNormalKernel

from . import style

TITLE = "Losses of NAS-Bench-201 and of neighbours: truncated normals lack the better neighbours of good cells"
NAMES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet16-120"}
CENTRES = {0.01: style.BLUE, 0.5: style.GREEN, 0.9: style.ORANGE}
"""Ranks of the centre, and colours."""
WIDTH = 0.01
"""Centres with ranks within ±WIDTH count as of one rank."""
BINS = np.linspace(0, 1, 26)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Of the centres around one rank: the law of a neighbour's rank, in the table and by two kernels.

    shares    of neighbours in each of BINS, as a density, shape (bins,)
    densities by kernel at the middles of BINS, shape (bins,)
    better    share of neighbours better than their centre: `table` and by kernel
    """

    shares: np.ndarray
    densities: dict[str, np.ndarray]
    better: dict[str, float]


@dataclass(frozen=True, eq=False)
class Table:
    """A table's validation errors in [0, 1], shape (n,), the truncated normal fitted to them, and its neighbours."""

    losses: np.ndarray
    law: TruncatedNormal
    tau: float
    rho: float
    neighbours: dict[float, Neighbours]


Data = dict[str, Table]
"""By data set."""


def fitted_law(losses: np.ndarray) -> TruncatedNormal:
    """The truncated normal of greatest likelihood."""
    start = [losses.mean(), np.log(losses.std())]
    found = minimize(
        lambda p: -np.log(TruncatedNormal(p[0], np.exp(p[1])).pdf(losses)).mean(), start, method="Nelder-Mead"
    )
    return TruncatedNormal(float(found.x[0]), float(np.exp(found.x[1])))


def fitted_tau(centres: np.ndarray, neighbours: np.ndarray) -> float:
    """τ of the truncated normal kernel of greatest likelihood, on ranks."""
    found: Any = minimize_scalar(
        lambda tau: -np.log(TruncatedNormalKernel(tau).pdf(centres, neighbours)).mean(), bounds=(0.05, 1)
    )
    return float(found.x)


def around(centres: np.ndarray, neighbours: np.ndarray, tau: float, rho: float) -> Neighbours:
    """What neighbours, shape (centres, s), are like; a kernel is averaged over the centres.

    All are ranks in (0, 1). The Gaussian kernel lives on normal scores: its density by rank is k(z_x, z_y)/φ(z_y).
    """
    x, y = centres[:, None], (BINS[:-1] + BINS[1:]) / 2
    truncated, gaussian = TruncatedNormalKernel(tau), AR1Kernel(rho)
    return Neighbours(
        np.histogram(neighbours, BINS, density=True)[0],
        {
            "truncated": truncated.pdf(x, y).mean(axis=0),
            "gaussian": (gaussian.pdf(ndtri(x), ndtri(y)) / Normal().pdf(ndtri(y))).mean(axis=0),
        },
        {
            "table": float((neighbours < x).mean()),
            "truncated": float(1 - truncated.sf(centres, centres).mean()),
            "gaussian": float(1 - gaussian.sf(ndtri(centres), ndtri(centres)).mean()),
        },
    )


def table(dataset: str) -> Table:
    """Losses, fits and neighbours: τ is fitted to all pairs of neighbours, ρ_1 is that of the normal scores."""
    graph = nasbench201.GRAPH
    losses = nasbench201.load(dataset).landscape("mean") / nasbench201.DATASETS[dataset]
    scores = ruggedness.normal_scores(losses)
    ranks = stats.norm.cdf(scores)
    neighbours = ranks[graph.neighbours]
    tau = fitted_tau(ranks[:, None], neighbours)
    rho = ruggedness.correlation_by_distance(graph, scores)[1]
    of_rank = {q: np.abs(ranks - q) < WIDTH for q in CENTRES}
    found = {q: around(ranks[near], neighbours[near], tau, rho) for q, near in of_rank.items()}
    return Table(losses, fitted_law(losses), tau, rho, found)


def load(jobs: int = 1) -> Data:
    """The three tables, means over seeds."""
    return {name: table(name) for name in NAMES}


def check(data: Data) -> None:
    """The claims: no truncated normal is the law of the losses; that a neighbour of one of the best 2 % of cells is
    better has less than a quarter of its chance by a truncated normal kernel, and its chance within a quarter by the
    Gaussian one."""
    for name, table in data.items():
        rejected = stats.kstest(table.losses, lambda x, law=table.law: 1 - law.sf(x)).pvalue
        assert rejected < 1e-6, f"{name}: the losses may be a truncated normal, p = {rejected:.2g}"
        better = table.neighbours[0.01].better
        assert better["truncated"] < better["table"] / 4, (
            f"{name}: the truncated normal has better neighbours: {better}"
        )
        assert abs(better["gaussian"] / better["table"] - 1) < 0.25, f"{name}: the Gaussian kernel is off: {better}"


def numbers(data: Data) -> dict[str, Any]:
    """By data set: fitted mean, sd and τ, ρ_1, and the share of better neighbours of the best 2 % of cells."""
    return {
        name: {
            "mean": table.law.mean, "sd": table.law.sd, "tau": table.tau, "rho": table.rho,
            "better": table.neighbours[0.01].better,
        }
        for name, table in data.items()
    }  # fmt: skip


def draw_law(ax: Axes, table: Table) -> None:
    """Losses against the truncated normal."""
    x = np.linspace(0, 1, 400)
    bins = np.linspace(0, 1, 76)
    shares = np.histogram(table.losses, bins, density=True)[0]
    ax.stairs(shares, bins, fill=True, color=style.GREY, alpha=0.5, label="table, $f$")
    ax.plot(x, table.law.pdf(x), color=style.RED, label="truncated normal")
    ax.set(xlabel="validation error", xlim=(0, 1))


def draw_neighbours(ax: Axes, table: Table) -> None:
    """The law of a neighbour's rank at each rank of the centre."""
    middle = (BINS[:-1] + BINS[1:]) / 2
    for q, colour in CENTRES.items():
        found = table.neighbours[q]
        ax.stairs(found.shares, BINS, color=colour, fill=True, alpha=0.3, label=f"table, centre at {q:g}")
        ax.plot(middle, found.densities["gaussian"], color=colour)
        ax.plot(middle, found.densities["truncated"], "--", color=colour)
    ax.set(xlabel="rank of the neighbour", xlim=(0, 1), ylim=(0, 15))


def draw(data: Data) -> Figure:
    """The whole figure."""
    with plt.rc_context(style.STYLE):
        figure = plt.figure(figsize=(7.2, 4.6))
        axes = figure.subplots(2, len(NAMES))
        for (law, neighbours), (name, title) in zip(axes.T, NAMES.items(), strict=True):
            draw_law(law, data[name])
            draw_neighbours(neighbours, data[name])
            law.set_title(title, loc="left")
            neighbours.set_title(f"$\\rho_1 = {data[name].rho:.2f}$, $\\tau = {data[name].tau:.2f}$", loc="left")
        axes[0, 0].set_ylabel("density")
        axes[1, 0].set_ylabel("density")
        axes[0, 0].legend(loc="upper right")
        kernels = [Line2D([], [], color=style.GREY, linestyle=line) for line in ("-", "--")]
        handles, labels = axes[1, 0].get_legend_handles_labels()
        axes[1, 0].legend(
            [*handles, *kernels], [*labels, "Gaussian, AR(1)", "truncated normal"], loc="upper right", fontsize=6.5
        )
        return figure
