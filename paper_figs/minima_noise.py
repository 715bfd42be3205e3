"""Local minima against noise: theory as a curve, Monte Carlo with intervals, real tables by seeds averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulations import estimate, search
from simulations.benchmarks import nasbench201
from simulations.campaign import run
from simulations.tasks import Task
from theory import minima, ruggedness
from theory.correlations import Correlation
from theory.graphs import Hamming
from theory.noise import Noise

from . import style

TITLE = "Denoising removes local minima: exact theory, Monte Carlo, and NAS-Bench-201 by number of seeds averaged"
GRAPH = Hamming((5,) * 6)
SIGMAS = np.geomspace(0.05, 5, 60)
MEASURED = np.array([0.05, 0.15, 0.4, 1.0, 2.5])
COLOURS = {0.9: style.BLUE, 0.6: style.ORANGE, 0.3: style.GREEN}
NAMES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet16-120"}


@dataclass(frozen=True, eq=False)
class Curve:
    """Expected minima by theory over SIGMAS, and Monte Carlo estimates at MEASURED."""

    theory: np.ndarray
    measured: list[estimate.Estimate]


@dataclass(frozen=True, eq=False)
class TableCurve:
    """A table: theory over `sigmas`, the central 90 % of simulated landscapes there, and observed minima.

    observed lists (noise left, minima, seeds averaged).
    """

    sigmas: np.ndarray
    theory: np.ndarray
    band: np.ndarray
    observed: list[tuple[float, int, str]]


@dataclass(frozen=True, eq=False)
class Data:
    """What the figure shows: synthetic curves by c, table curves by data set."""

    curves: dict[float, Curve]
    tables: dict[str, TableCurve]


def expected(correlation: Correlation, sigmas: np.ndarray) -> np.ndarray:
    """Expected local minima by `minima.gaussian` at each σ."""
    return np.array([minima.gaussian(GRAPH, correlation, Noise(float(s))) for s in sigmas])


def load(jobs: int = 1) -> Data:
    """Theory, Monte Carlo and tables."""
    curves = {}
    for c in COLOURS:
        field = Correlation.geometric(c, 6)
        tasks = [Task("minima", "gaussian", str(GRAPH), rho=field.rho, sigma=float(s)) for s in MEASURED]
        measured = [estimate.mean(run(task, 200, jobs)[:, 0], 0.999) for task in tasks]
        curves[c] = Curve(expected(field, SIGMAS), measured)
    return Data(curves, {name: table_curve(name, jobs) for name in NAMES})


def table_curve(dataset: str, jobs: int) -> TableCurve:
    """Noise and correlation of a table by comparing its seeds, and what they predict.

    On normal scores of the two seeds that every cell has, pooled, covariances between seeds are free of noise:
    ρ_h = C_h/C_0 and σ² = C_0(one seed)/C_0 − 1.
    """
    table = nasbench201.load(dataset)
    scores = ruggedness.normal_scores(table.losses[:, :2])
    between = ruggedness.covariance_by_distance(GRAPH, scores[:, 0], scores[:, 1])
    within = np.mean([ruggedness.covariance_by_distance(GRAPH, scores[:, i])[0] for i in (0, 1)])
    correlation = Correlation(tuple(between / between[0]))
    sigma = float(np.sqrt(within / between[0] - 1))
    shrink = float(np.sqrt((1 / (~np.isnan(table.losses)).sum(axis=1)).mean()))
    landscapes = [(sigma, table.landscape(0), "1"), (sigma, table.landscape(1), "1")]
    landscapes += [(sigma / np.sqrt(2), table.losses[:, :2].mean(axis=1), "2")]
    landscapes += [(sigma * shrink, table.landscape("mean"), "2 or 3")]
    observed = [(x, int(search.strict_minima(GRAPH, losses).sum()), k) for x, losses, k in landscapes]
    sigmas = np.linspace(0, 1.25 * sigma, 6)
    tasks = [Task("minima", "gaussian", str(GRAPH), rho=correlation.rho, sigma=float(s)) for s in sigmas]
    band = np.array([np.quantile(run(task, 400, jobs)[:, 0], [0.05, 0.95]) for task in tasks])
    return TableCurve(sigmas, expected(correlation, sigmas), band, observed)


def check(data: Data) -> None:
    """The claims: theory in every interval; minima rise with noise to n/(s+1); averaging seeds lowers the counts."""
    iid = GRAPH.n / (GRAPH.degree + 1)
    for c, curve in data.curves.items():
        theory = expected(Correlation.geometric(c, 6), MEASURED)
        outside = [s for s, t, e in zip(MEASURED, theory, curve.measured, strict=True) if not e.holds(t)]
        assert not outside, f"theory outside the 99.9 % interval at c={c}, σ={outside}"
        assert (np.diff(curve.theory) > 0).all(), f"minima do not rise with noise at c={c}"
        assert curve.theory[-1] < iid, f"more minima than the iid limit {iid} at c={c}"
    for name, table in data.tables.items():
        counts = [minima for _, minima, _ in table.observed]
        assert counts[-1] < min(counts[:2]), f"averaging seeds does not lower the minima of {name}: {counts}"


def numbers(data: Data) -> dict[str, Any]:
    """Minima of Gaussian fields without much noise and with much, by c, and of tables by seeds averaged."""
    return {
        "fields": {f"c={c}": curve.theory[[0, -1]] for c, curve in data.curves.items()},
        "tables": {name: {seeds: count for _, count, seeds in table.observed} for name, table in data.tables.items()},
    }


def draw_synthetic(ax: Axes, data: Data) -> None:
    """Exact curves and Monte Carlo intervals on H(5^6)."""
    for c, curve in data.curves.items():
        low, best, high = np.maximum(np.array(curve.measured).T, 0)
        ax.plot(SIGMAS, curve.theory, color=COLOURS[c], label=f"$\\rho_h = {c}^h$")
        ax.errorbar(MEASURED, best, [best - low, high - best], fmt="o", color=COLOURS[c], markersize=3.5, capsize=2)
    ax.axhline(GRAPH.n / (GRAPH.degree + 1), color=style.GREY, linestyle=":", linewidth=1)
    ax.text(0.05, 590, "iid limit $n/(s+1)$", color=style.GREY, va="top", fontsize=7.5)
    ax.set(
        xscale="log",
        ylim=(0, 660),
        xlabel="noise $\\sigma$ (sd of the landscape)",
        ylabel="strict local minima",
    )
    ax.set_title("Gaussian fields on $H(5^6)$: theory (curves), Monte Carlo (99.9 %)", loc="left")
    ax.legend(loc="lower right")


def draw_table(ax: Axes, table: TableCurve, name: str) -> None:
    """One table: theory without any tuning, simulated landscapes, counts."""
    ax.fill_between(table.sigmas, *table.band.T, color=style.BLUE, alpha=0.15, linewidth=0, label="90 % of fields")
    ax.plot(table.sigmas, table.theory, color=style.BLUE, label="theory (mean)")
    for k, marker in (("1", "o"), ("2", "s"), ("2 or 3", "D")):
        points = [(x, y) for x, y, seeds in table.observed if seeds == k]
        ax.plot(
            *zip(*points, strict=True),
            marker,
            color=style.RED,
            markersize=4.5,
            label=f"table, {k} seed{'s' * (k != '1')}",
        )
    ax.set(xlabel="noise left $\\sigma/\\sqrt{k}$", ylim=(0, 60))
    ax.set_title(name, loc="left")


def draw(data: Data) -> Figure:
    """The whole figure."""
    with plt.rc_context(style.STYLE):
        figure = plt.figure(figsize=(7.2, 5.4))
        axes = figure.subplot_mosaic([["top"] * 3, list(NAMES)], height_ratios=[1.15, 1])
        draw_synthetic(axes["top"], data)
        for name, title in NAMES.items():
            draw_table(axes[name], data.tables[name], title)
        axes["cifar10"].set_ylabel("strict local minima")
        axes["cifar10"].legend(loc="upper left", fontsize=6.5, ncols=1, borderaxespad=0.1, labelspacing=0.25)
        return figure
