"""Averaging seeds of a table trained here: what local search sees, and two models that know how it varies."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from simulations import benchmarks, validation

from . import style

TITLE = "Averaging 1 to 16 seeds of own:vector: counts, Gaussian fields with one σ, and tables with the noise by rank"
PANELS = {
    "minima": "Strict local minima",
    "steps": "Steps of steepest descent",
    "p_near": "Starts that end among the best 0.1 %",
    "p_global": "Starts that reach the optimum",
}
MODELS = {"stationary": ("one $\\sigma$", style.ORANGE), "by_rank": ("$\\sigma$ by rank", style.BLUE)}

Data = list[dict[str, Any]]
"""Rows of `validation.check_averaging`, one a number of seeds averaged."""


def load(jobs: int = 1, trials: int = 400) -> Data:
    """Observed and predicted for k = 1, 2, 4, 8, 16 seeds."""
    return validation.check_averaging(benchmarks.load("own:vector"), trials, jobs)["rows"]


def check(data: Data) -> None:
    """Minima fall as seeds are averaged; all is as predicted with the noise at each rank; minima are not with one σ."""
    counts = [row["observed"]["minima"] for row in data]
    assert counts == sorted(counts, reverse=True), f"averaging seeds does not lower the number of minima: {counts}"
    outside = [(row["seeds"], name) for row in data for name, yes in row["by_rank"]["agrees"].items() if not yes]
    assert not outside, f"observed outside the interval of landscapes with the noise at each rank: {outside}"
    explained = [row["seeds"] for row in data if row["seeds"] <= 4 and row["stationary"]["agrees"]["minima"]]
    assert not explained, f"one σ explains the minima of {explained} seeds"


def numbers(data: Data) -> dict[str, Any]:
    """Minima by seeds averaged: observed, and expected by both models."""
    return {
        str(row["seeds"]): {
            "observed": row["observed"]["minima"],
            **{model: row[model]["predicted"]["minima"] for model in MODELS},
        }
        for row in data
    }


def draw_panel(ax: Axes, data: Data, name: str) -> None:
    """One quantity against the number of seeds averaged."""
    seeds = [row["seeds"] for row in data]
    for model, (label, colour) in MODELS.items():
        predicted = [row[model]["predicted"][name] for row in data]
        ax.fill_between(
            seeds, *np.array([row[model]["interval"][name] for row in data]).T, color=colour, alpha=0.15, linewidth=0
        )
        ax.plot(seeds, predicted, color=colour, label=label)
    observed = np.array([row["observed"][name] for row in data])
    spread = [row["spread"][name] if row["spread"] else [o, o] for row, o in zip(data, observed, strict=True)]
    low, high = np.array(spread).T
    ax.errorbar(
        seeds,
        observed,
        [observed - low, high - observed],
        fmt="o",
        color="black",
        markersize=4,
        capsize=2,
        label="table",
    )
    ax.set(xscale="log", xticks=seeds, xticklabels=seeds, ylim=(0, None))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_title(PANELS[name], loc="left")


def draw(data: Data) -> Figure:
    """The whole figure."""
    with plt.rc_context(style.STYLE):
        figure, axes = plt.subplots(2, 2, figsize=(7.2, 5.0), sharex=True)
        for ax, name in zip(axes.flat, PANELS, strict=True):
            draw_panel(ax, data, name)
        for ax in axes[1]:
            ax.set_xlabel("seeds averaged, $k$")
        axes[0, 0].legend(loc="upper right")
        return figure
