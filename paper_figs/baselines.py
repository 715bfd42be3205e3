"""Local search against random search and evolution on NAS-Bench-201, without noise and with the noise of one seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulations import algorithms, estimate
from simulations.benchmarks import nasbench201
from simulations.comparison import compare

from . import style

TITLE = "Search on NAS-Bench-201: local search beats evolution denoised; with one seed a cell no difference is detected"
NAMES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet16-120"}
NOISES = {"denoised": "mean over seeds", "noisy": "one seed a cell"}
LOOKS = {
    "first": (style.BLUE, "-", "local search: first improvement, restarts"),
    "steepest_continued": (style.GREEN, "--", "local search: steepest, continued"),
    "evolution": (style.ORANGE, "-.", "regularised evolution"),
    "random": (style.GREY, ":", "random search"),
}
"""Colour, line and label of each algorithm."""
LOCAL = ("first", "steepest_continued")
BUDGET = 300
RUNS = 400
FLOOR = 4e-3
"""The least regret drawn, in percentage points: one image of CIFAR-10."""


@dataclass(frozen=True, eq=False)
class Data:
    """By (data set, noise) and algorithm, true regret of the incumbent in percentage points of validation error.

    curves  mean after 1..BUDGET evaluations with its 99 % interval, shape (BUDGET, 3)
    ends    of every run at the end, shape (runs,); run i has the same noise for all algorithms
    """

    curves: dict[tuple[str, str], dict[str, np.ndarray]]
    ends: dict[tuple[str, str], dict[str, np.ndarray]]


def load(jobs: int = 1) -> Data:
    """Runs of all algorithms. The true loss is the mean over a cell's seeds; the noise draws one of them, frozen."""
    curves, ends = {}, {}
    for dataset, images in nasbench201.DATASETS.items():
        table, points = nasbench201.load(dataset), 100 / images
        truth = table.landscape("mean")
        noises = {"denoised": algorithms.GaussianNoise(truth), "noisy": algorithms.Resampled(table.losses)}
        for noise, noisy in noises.items():
            runs = compare(table.graph, noisy, LOOKS, BUDGET, RUNS, jobs=jobs)
            curves[dataset, noise] = {
                name: points * (algorithms.curve(found, BUDGET) - truth.min()) for name, found in runs.items()
            }
            ends[dataset, noise] = {
                name: points * np.array([run.regret[-1] for run in found]) for name, found in runs.items()
            }
    return Data(curves, ends)


def check(data: Data) -> None:
    """The claims, after 300 evaluations, for the better of the two local searches (hence 99.5 %): denoised it beats
    evolution on every data set; with noise it does on none; and all beat random search, noise or not."""
    for (dataset, noise), ends in data.ends.items():
        best = min(LOCAL, key=lambda name: ends[name].mean())
        gain = estimate.difference(ends["evolution"], ends[best], 0.995)
        if noise == "denoised":
            assert gain.low > 0, (
                f"{dataset}, denoised: {best} does not beat evolution, whose regret exceeds it by {gain}"
            )
        else:
            assert gain.low <= 0, f"{dataset}, noisy: {best} beats evolution, whose regret exceeds it by {gain}"
            assert gain.high >= 0, f"{dataset}, noisy: evolution beats {best}, whose regret exceeds it by {gain}"
        for name in (*LOCAL, "evolution"):
            margin = estimate.difference(ends["random"], ends[name])
            assert margin.low > 0, (
                f"{dataset}, {noise}: {name} does not beat random search, which exceeds it by {margin}"
            )


def numbers(data: Data) -> dict[str, Any]:
    """True regret after 300 evaluations with 99 % intervals, in percentage points, by data set, noise and algorithm."""
    return {
        f"{dataset}, {noise}": {name: estimate.mean(values) for name, values in ends.items()}
        for (dataset, noise), ends in data.ends.items()
    }


def draw_panel(ax: Axes, curves: dict[str, np.ndarray]) -> None:
    """Mean regret with its interval against evaluations."""
    evaluations = np.arange(1, BUDGET + 1)
    for name, (colour, line, label) in LOOKS.items():
        low, best, high = np.maximum(curves[name].T, FLOOR)
        ax.fill_between(evaluations, low, high, color=colour, alpha=0.2, linewidth=0)
        ax.plot(evaluations, best, line, color=colour, label=label)
    ax.set(xscale="log", yscale="log", xlim=(1, BUDGET), ylim=(FLOOR, 60))
    ax.set_xticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
    ax.set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
    ax.minorticks_off()


def draw(data: Data) -> Figure:
    """The whole figure."""
    with plt.rc_context(style.STYLE):
        figure = plt.figure(figsize=(7.2, 4.6))
        axes = figure.subplots(len(NOISES), len(NAMES), sharex=True, sharey=True)
        for row, (noise, what) in zip(axes, NOISES.items(), strict=True):
            for ax, (dataset, name) in zip(row, NAMES.items(), strict=True):
                draw_panel(ax, data.curves[dataset, noise])
                ax.set_title(f"{name}, {what}", loc="left", fontsize=8)
            row[0].set_ylabel("true regret (% points)")
        for ax in axes[-1]:
            ax.set_xlabel("evaluations")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
        return figure
