"""Some noise helps: expected steps to the optimum against fresh noise, the best noise, and the cost of restarts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulations import estimate
from simulations.landscapes import gaussian
from theory import hitting
from theory.correlations import Correlation
from theory.graphs import hypercube

from . import style

TITLE = "Expected steps to the optimum are U-shaped in the noise: exact times, Monte Carlo, best noise, and restarts"
GRAPH = hypercube(8)
SIGMAS = np.geomspace(0.02, 20, 31)
MEASURED = slice(13, None, 5)
WALKS = 1000
LANDSCAPES = 6
COLOURS = {0.8: style.BLUE, 0.6: style.ORANGE, 0.3: style.GREEN}


@dataclass(frozen=True, eq=False)
class Data:
    """Of one landscape by c: log10 of the expected steps over SIGMAS, simulated steps, and the best noise.

    measured  steps of walks at SIGMAS[MEASURED]
    budgets   evaluations by c and landscape: at the best noise, and of restarts; shape (landscapes, 2)
    """

    curves: dict[float, np.ndarray]
    measured: dict[float, list[estimate.Estimate]]
    best: dict[float, hitting.BestNoise]
    budgets: dict[float, np.ndarray]


def landscape(c: float, seed: int) -> np.ndarray:
    """A Gaussian field with ρ_h = c^h, of unit variance over its vertices."""
    losses = gaussian(GRAPH, Correlation.geometric(c, 8), np.random.default_rng(seed))
    return losses / losses.std()


def walks(losses: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Steps of walks under fresh noise from uniform starts to the optimum, shape (WALKS,)."""
    closed = np.concatenate([np.arange(GRAPH.n)[:, None], GRAPH.neighbours], axis=1)
    at, steps = rng.integers(GRAPH.n, size=WALKS), np.zeros(WALKS)
    while len(walking := np.flatnonzero(losses[at] > losses.min())):
        around = closed[at[walking]]
        observed = losses[around] + sigma * rng.standard_normal(around.shape)
        at[walking] = around[np.arange(len(walking)), observed.argmin(axis=1)]
        steps[walking] += 1
    return steps


def budget(c: float, seed: int) -> tuple[float, float]:
    """Expected evaluations at the best noise, every closed neighbourhood anew, and of restarted steepest descent."""
    losses = landscape(c, seed)
    return (GRAPH.degree + 1) * hitting.best_noise(GRAPH, losses).value, hitting.wald(GRAPH, losses).value


def load(jobs: int = 1) -> Data:
    """Exact times, and walks that confirm them."""
    pool: Any = Parallel(n_jobs=jobs)
    curves, measured, best, budgets = {}, {}, {}, {}
    for c in COLOURS:
        losses, rng = landscape(c, 3), np.random.default_rng(5)
        curves[c] = np.array([hitting.hitting(GRAPH, losses, float(sigma)).log10 for sigma in SIGMAS])
        measured[c] = [estimate.mean(walks(losses, float(sigma), rng), 0.999) for sigma in SIGMAS[MEASURED]]
        best[c] = hitting.best_noise(GRAPH, losses)
        budgets[c] = np.array(pool(delayed(budget)(c, seed) for seed in range(LANDSCAPES)))
    return Data(curves, measured, best, budgets)


def check(data: Data) -> None:
    """The claims: h(σ) falls, then rises; its least value is at σ*; simulated walks agree with the exact times."""
    for c, curve in data.curves.items():
        falls = np.diff(curve) < 0
        assert falls[0], f"h(σ) does not fall at first for c={c}"
        assert not falls[-1], f"h(σ) does not rise at last for c={c}"
        assert np.count_nonzero(np.diff(falls)) == 1, f"h(σ) is not U-shaped for c={c}"
        assert data.best[c].log10 <= curve.min() + 1e-9, f"σ* is not the best noise for c={c}"
        exact = 10 ** curve[MEASURED]
        outside = [m for m, h in zip(data.measured[c], exact, strict=True) if not m.holds(h)]
        assert not outside, f"exact steps outside the 99.9 % interval for c={c}: {outside}"


def numbers(data: Data) -> dict[str, Any]:
    """σ* and the expected steps there by c; landscapes on which noise costs fewer evaluations than restarts."""
    return {
        "best": {f"c={c}": best for c, best in data.best.items()},
        "noise cheaper": {f"c={c}": int((both[:, 0] < both[:, 1]).sum()) for c, both in data.budgets.items()},
        "landscapes": LANDSCAPES,
    }


def draw_curves(ax: Axes, data: Data) -> None:
    """h(σ) with σ* marked."""
    for c, colour in COLOURS.items():
        low, best, high = np.array(data.measured[c]).T
        ax.plot(SIGMAS, 10 ** np.minimum(data.curves[c], 12), color=colour, label=f"$\\rho_h = {c}^h$")
        ax.errorbar(SIGMAS[MEASURED], best, [best - low, high - best], fmt="o", color=colour, markersize=3, capsize=2)
        ax.plot(data.best[c].sigma, data.best[c].value, "*", color=colour, markersize=11, markeredgecolor="white")
    ax.axhline(GRAPH.n, color=style.GREY, linestyle=":", linewidth=1)
    ax.text(0.022, GRAPH.n * 1.15, "$n$", color=style.GREY, fontsize=7.5)
    ax.set(xscale="log", yscale="log", ylim=(5, 1e6), xlabel="fresh noise $\\sigma$ (sd of the landscape)")
    ax.set_ylabel("expected steps to the optimum")
    ax.set_title("Steps on $H(2^8)$: exact (curves), walks (99.9 %), $\\sigma^*$ (stars)", loc="left")
    ax.legend(loc="upper right")


def draw_budgets(ax: Axes, data: Data) -> None:
    """Evaluations at the best noise against those of restarts, one point a landscape."""
    for c, colour in COLOURS.items():
        noisy, restarts = data.budgets[c].T
        ax.plot(restarts, noisy, "o", color=colour, markersize=4, alpha=0.8, linewidth=0)
    ends = np.array([20, 4000])
    ax.plot(ends, ends, color=style.GREY, linewidth=0.8)
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel="evaluations of restarts (Wald)")
    ax.set_ylabel("evaluations at the best noise, $(s+1)h(\\sigma^*)$")
    ax.set_title("Noise or restarts", loc="left")


def draw(data: Data) -> Figure:
    """The whole figure."""
    with plt.rc_context(style.STYLE):
        figure = plt.figure(figsize=(7.2, 3.2))
        left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
        draw_curves(left, data)
        draw_budgets(right, data)
        return figure
