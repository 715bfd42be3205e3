"""How tight the bounds are: bound/exact over landscapes and noise, for every bound that has an exact counterpart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulations import estimate, search
from simulations.landscapes import gaussian
from theory import bounds, chains, hitting
from theory.correlations import Correlation
from theory.graphs import hypercube

from . import style

TITLE = "Bounds on times and on changed minima against exact values, over landscapes and noise"
GRAPH = hypercube(8)
SMOOTHNESS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
LANDSCAPES = 12
SIGMAS = np.geomspace(0.1, 10, 9)
FROZEN = np.geomspace(1e-3, 1, 25)
MEASURED = slice(7, None, 2)
DRAWS = 2000
WALKS = {"fitness levels": style.BLUE, "additive drift": style.GREEN, "variable drift": style.ORANGE}
NOISY = {"$V = \\ell - \\ell^*$": style.BLUE, "$V = h$ at $1.1\\sigma$": style.ORANGE}


@dataclass(frozen=True, eq=False)
class Data:
    """Ratios to the exact value.

    walks     by bound: low and high over c and landscapes, shape (2, c, landscapes)
    sampling  upper bound over c and landscapes, shape (c, landscapes)
    noisy     by potential: low and high over σ and landscapes, shape (2, σ, landscapes)
    changed   P(minima change), Monte Carlo, by σ of FROZEN[MEASURED]
    flips     bounds on it by σ: over the deciding edges and over all, shape (σ, 2)
    """

    walks: dict[str, np.ndarray]
    sampling: np.ndarray
    noisy: dict[str, np.ndarray]
    changed: list[estimate.Estimate]
    flips: np.ndarray


def landscape(c: float, seed: int) -> np.ndarray:
    """A Gaussian field with ρ_h = c^h, of unit variance over its vertices."""
    losses = gaussian(GRAPH, Correlation.geometric(c, 8), np.random.default_rng(seed))
    return losses / losses.std()


def walk_ratios(c: float, seed: int) -> tuple[np.ndarray, float]:
    """Of random local search to a local minimum: (low, high)/exact by bound, shape (3, 2); and of sampling, descent."""
    losses = landscape(c, seed)
    walk = chains.adaptive_walk(GRAPH, losses, "proposals")
    path = np.exp(chains.adaptive_walk(GRAPH, losses, "first").log_times)  # potential: steps that lie ahead
    found = [bounds.fitness_levels(walk), bounds.drift(walk, path, "additive"), bounds.drift(walk, path, "variable")]
    upper = bounds.sample_descend(GRAPH)
    exact = walk.summary().value
    sampled = upper.value / hitting.sample_descend(GRAPH, losses, upper.samples)
    return np.array([bound[:2] for bound in found]) / exact, sampled


def noisy_ratios(sigma: float, seed: int) -> np.ndarray:
    """Of the walk with fresh noise to the optimum: (low, high)/exact of variable drift by potential, shape (2, 2)."""
    losses = landscape(0.7, seed)
    chain = chains.fresh_noise(GRAPH, losses, sigma)
    similar = np.exp(chains.fresh_noise(GRAPH, losses, 1.1 * sigma).log_times)
    found = [bounds.drift(chain, V)[:2] for V in (losses - losses.min(), similar)]
    return np.array(found) / chain.summary().value


def changes(losses: np.ndarray, sigma: float) -> estimate.Estimate:
    """P(frozen noise changes the set of strict local minima), with a 99.9 % interval."""
    rng = np.random.default_rng(1)
    truth = search.strict_minima(GRAPH, losses)
    noisy = losses + sigma * rng.standard_normal((DRAWS, GRAPH.n))
    changed = [float((search.strict_minima(GRAPH, row) != truth).any()) for row in noisy]
    return estimate.mean(np.array(changed), 0.999)


def load(jobs: int = 1) -> Data:
    """Exact values, bounds and one simulation."""
    pool: Any = Parallel(n_jobs=jobs)
    walks = pool(delayed(walk_ratios)(float(c), seed) for c in SMOOTHNESS for seed in range(LANDSCAPES))
    noisy = pool(delayed(noisy_ratios)(float(s), seed) for s in SIGMAS for seed in range(LANDSCAPES))
    losses = landscape(0.7, 0)
    by_bound = np.array([w for w, _ in walks]).reshape(len(SMOOTHNESS), LANDSCAPES, len(WALKS), 2)
    by_potential = np.array(noisy).reshape(len(SIGMAS), LANDSCAPES, len(NOISY), 2)
    flips = [bounds.flip(GRAPH, losses, float(s))[:2] for s in FROZEN]
    return Data(
        {name: by_bound[:, :, i].transpose(2, 0, 1) for i, name in enumerate(WALKS)},
        np.array([s for _, s in walks]).reshape(len(SMOOTHNESS), LANDSCAPES),
        {name: by_potential[:, :, i].transpose(2, 0, 1) for i, name in enumerate(NOISY)},
        pool(delayed(changes)(losses, float(s)) for s in FROZEN[MEASURED]),
        np.minimum(np.array(flips), 1.0),
    )


def check(data: Data) -> None:
    """The claims: every bound is on its side; variable drift beats additive; few edges decide."""
    for name, (low, high) in {**data.walks, **data.noisy}.items():
        assert (low <= 1 + 1e-9).all(), f"{name}: a lower bound exceeds the exact time by {low.max() - 1:.2g}"
        assert (high >= 1 - 1e-9).all(), f"{name}: an upper bound is below the exact time by {1 - high.min():.2g}"
    assert (data.sampling >= 1).all(), f"sampling, then descent: below the exact cost by {1 - data.sampling.min():.2g}"
    additive, variable = data.walks["additive drift"], data.walks["variable drift"]
    assert (variable[1] <= additive[1] * (1 + 1e-9)).all(), "variable drift is worse than additive drift"
    assert all(e.low <= bound for e, bound in zip(data.changed, data.flips[MEASURED, 0], strict=True)), (
        "flips exceed the bound"
    )
    assert (data.flips[:, 0] <= data.flips[:, 1] + 1e-12).all(), "the deciding edges flip more often than all"


def numbers(data: Data) -> dict[str, Any]:
    """Medians of bound/exact: low and high."""
    return {name: np.median(ratios, axis=(1, 2)) for name, ratios in {**data.walks, **data.noisy}.items()}


def _band(ax: Axes, x: np.ndarray, ratios: np.ndarray, colour: str, label: str) -> None:
    """Median and range over landscapes, where the bound is finite."""
    for side, style_ in zip(ratios, ("--", "-"), strict=True):
        finite = np.isfinite(side).all(axis=1)
        ax.fill_between(x[finite], side[finite].min(axis=1), side[finite].max(axis=1), color=colour, alpha=0.15, lw=0)
        ax.plot(
            x[finite], np.median(side[finite], axis=1), style_, color=colour, label=label if style_ == "-" else None
        )


def draw_walks(ax: Axes, data: Data) -> None:
    """Random local search to a local minimum, and sampling with descent."""
    for name, colour in WALKS.items():
        _band(ax, SMOOTHNESS, data.walks[name], colour, name)
    ax.plot(SMOOTHNESS, np.median(data.sampling, axis=1), ":", color=style.RED, label="sampling, then descent")
    ax.axhline(1, color=style.GREY, linewidth=0.8)
    ax.set(yscale="log", ylim=(0.1, 12), xlabel="correlation of neighbours $c$", ylabel="bound / exact time")
    ax.set_yticks([0.1, 0.2, 0.5, 1, 2, 5, 10], ["0.1", "0.2", "0.5", "1", "2", "5", "10"])
    ax.minorticks_off()
    ax.set_title("No noise, to a local minimum", loc="left")


def draw_noisy(ax: Axes, data: Data) -> None:
    """Fresh noise: variable drift to the optimum."""
    for name, colour in NOISY.items():
        _band(ax, SIGMAS, data.noisy[name], colour, name)
    ax.axhline(1, color=style.GREY, linewidth=0.8)
    ax.set(xscale="log", yscale="log", xlabel="fresh noise $\\sigma$ (sd of the landscape)")
    ax.set_title("Fresh noise, to the optimum", loc="left")


def draw_flips(ax: Axes, data: Data) -> None:
    """Frozen noise: union bounds against Monte Carlo."""
    low, best, high = np.array(data.changed).T
    ax.plot(FROZEN, data.flips[:, 1], "--", color=style.BLUE, label="all edges")
    ax.plot(FROZEN, data.flips[:, 0], color=style.BLUE, label="deciding edges")
    ax.errorbar(
        FROZEN[MEASURED], best, [best - low, high - best],
        fmt="o", color=style.RED, markersize=3.5, capsize=2, label="Monte Carlo",
    )  # fmt: skip
    ax.set(xscale="log", xlabel="frozen noise $\\sigma$", ylabel="P(local minima change)", ylim=(-0.03, 1.4))
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_title("Which minima there are", loc="left")
    ax.legend(loc="upper right", fontsize=6.5, borderaxespad=0.1)


def draw(data: Data) -> Figure:
    """The whole figure."""
    with plt.rc_context(style.STYLE):
        figure = plt.figure(figsize=(7.2, 3.0))
        axes = figure.subplots(1, 3)
        draw_walks(axes[0], data)
        draw_noisy(axes[1], data)
        draw_flips(axes[2], data)
        axes[0].legend(loc=(0.02, 0.28), fontsize=6, labelspacing=0.2)
        axes[1].legend(loc="lower right", fontsize=6.5, borderaxespad=0.1)
        return figure
