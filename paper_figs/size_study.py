"""Local search from a thousand vertices to 10^18: steps, evaluations and success of steepest descent on H(8^d)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from simulations import estimate, gaussian_paths, implicit
from simulations.estimate import Estimate
from simulations.implicit import Landscape, Walks
from theory import gaussian_walks, walks
from theory.correlations import Correlation
from theory.graphs import Graph, Hamming

from . import style

TITLE = "Steepest descent on H(8^d) from 10^3 to 10^18 vertices: steps, evaluations and success, theory and walks"
LETTERS = 8
DIMENSIONS = (3, 4, 6, 8, 11, 14, 17, 20)
WALKS = 2000
C, K = 0.6, 2
SHARE = 1e-4
LEVEL = float(stats.norm.ppf(SHARE))
MODELS: dict[str, Callable[[Hamming, np.random.Generator], Landscape] | None] = {
    "additive": implicit.additive,
    "NK": lambda graph, rng: implicit.nk(graph, K, "random", rng),
    "Gaussian": None,
    "iid": implicit.iid,
}
LOOKS = {
    "additive": (style.BLUE, "o", "additive"),
    "NK": (style.GREEN, "s", f"NK, $k = {K}$"),
    "Gaussian": (style.ORANGE, "D", f"Gaussian, $\\rho_h = {C}^h$"),
    "iid": (style.RED, "v", "iid"),
}
"""Colour, marker and label of each model."""


@dataclass(frozen=True, eq=False)
class Data:
    """By model, over DIMENSIONS.

    steps, evaluations, success  estimates from walks; success: that the end's loss is below LEVEL, as 1e−4 of all are
    theory                       by (quantity, model), where there is one, shape (dimensions,)
    """

    steps: dict[str, list[Estimate]]
    evaluations: dict[str, list[Estimate]]
    success: dict[str, list[Estimate]]
    theory: dict[tuple[str, str], np.ndarray]


def graph_of(d: int) -> Hamming:
    """H(8^d)."""
    return Hamming((LETTERS,) * d)


def walk(model: str, d: int) -> Walks:
    """Walks from random starts, each in a landscape of its own."""
    graph, rng = graph_of(d), np.random.default_rng([d, list(MODELS).index(model)])
    starts, draw = rng.integers(graph.n, size=WALKS), MODELS[model]
    if draw is None:
        return gaussian_paths.descend(graph, Correlation.geometric(C, d), starts, rng)
    found = [implicit.descend(draw(graph, rng), start, rng) for start in starts[:, None]]
    return Walks(*map(np.concatenate, zip(*found, strict=True)))


def additive_evaluations(d: int) -> float:
    """1 + s + E[T (s−q+1) − (T−1)⁺], T steps: each knows its last line, and all but the first one vertex more."""
    s, law = graph_of(d).degree, walks.additive_law(graph_of(d))
    T = np.arange(len(law))
    return float(1 + s + law @ (T * (s - LETTERS + 1) - np.maximum(T - 1, 0)))


def iid_success(graph: Graph, share: float = SHARE) -> float:
    """P(the end is among the best `share` of iid losses), by the closed form of `basins.success_iid`.

    Σ_k a_k (1 − (1−share)^{m_k}) / m_k, a_k = Π_{t<k} r_t / Π_{0<j<k} (1 + Σ_{t<j} r_t), m_k = 1 + Σ_{t≤k} r_t, with
    the fresh neighbours r_t of `walks.fresh_neighbours`, here those of steepest descent.
    """
    fresh = walks.fresh_neighbours(graph, "steepest").fresh
    r = np.concatenate([fresh, np.full(30, fresh[-1])])
    m = 1 + np.cumsum(r)
    a = np.cumprod(np.concatenate([[1], r[:-1] / np.concatenate([[1], m[:-2]])]))
    return float((a * (1 - (1 - share) ** m) / m).sum())


def load(jobs: int = 1) -> Data:
    """Walks, and theory where there is one."""
    pool: Any = Parallel(n_jobs=jobs)
    cases = [(model, d) for model in MODELS for d in DIMENSIONS]
    found = dict(zip(cases, pool(delayed(walk)(*case) for case in cases), strict=True))
    gaussian = pool(delayed(gaussian_walks.steps)(graph_of(d), Correlation.geometric(C, d)) for d in DIMENSIONS)
    iid = [walks.iid(graph_of(d)) for d in DIMENSIONS]
    theory = {
        ("steps", "additive"): np.array([walks.additive(graph_of(d)) for d in DIMENSIONS]),
        ("steps", "Gaussian"): np.array([law.steps for law in gaussian]),
        ("steps", "iid"): np.array([law.steps for law in iid]),
        ("evaluations", "additive"): np.array([additive_evaluations(d) for d in DIMENSIONS]),
        ("evaluations", "iid"): np.array([law.evaluations for law in iid]),
        ("success", "iid"): np.array([iid_success(graph_of(d)) for d in DIMENSIONS]),
    }
    return Data(
        {m: [estimate.mean(found[m, d].steps, 0.999) for d in DIMENSIONS] for m in MODELS},
        {m: [estimate.mean(found[m, d].evaluations, 0.999) for d in DIMENSIONS] for m in MODELS},
        {
            m: [estimate.proportion(int((found[m, d].losses < LEVEL).sum()), WALKS, 0.999) for d in DIMENSIONS]
            for m in MODELS
        },
        theory,
    )


def check(data: Data) -> None:
    """The claims: theory holds at every size; iid walks stay shorter than e−1; the others, and their success, grow."""
    for (quantity, model), curve in data.theory.items():
        slack = 0.05 if model == "Gaussian" else 0.0  # the error that `gaussian_walks.steps` declares
        for d, value, (low, _, high) in zip(DIMENSIONS, curve, getattr(data, quantity)[model], strict=True):
            assert low <= value * (1 + slack), f"{model} {quantity} at d={d}: theory {value:.4g} is below {low:.4g}"
            assert value * (1 - slack) <= high, f"{model} {quantity} at d={d}: theory {value:.4g} is above {high:.4g}"
    assert all(e.low < np.e - 1 for e in data.steps["iid"]), "iid walks take more than e−1 steps"
    for model in set(MODELS) - {"iid"}:
        assert data.steps[model][-1].low > data.steps[model][0].high, f"{model}: steps do not grow"
        assert data.success[model][-1].low > data.success[model][0].high, f"{model}: success does not grow"


def numbers(data: Data) -> dict[str, Any]:
    """Of the largest space, by model: steps, evaluations and success with 99.9 % intervals."""
    quantities = ("steps", "evaluations", "success")
    return {model: {name: getattr(data, name)[model][-1] for name in quantities} for model in MODELS}


def draw_panel(ax: Axes, data: Data, quantity: str) -> None:
    """Walks with intervals over theory, against the number of vertices."""
    sizes = np.array([float(graph_of(d).n) for d in DIMENSIONS])
    for model, (colour, marker, label) in LOOKS.items():
        low, best, high = np.array(getattr(data, quantity)[model]).T
        if (quantity, model) in data.theory:
            ax.plot(sizes, data.theory[quantity, model], color=colour)
        ax.errorbar(
            sizes, best, [best - low, high - best],
            fmt=marker, color=colour, markersize=3.5, capsize=2, linewidth=0.9, label=label,
        )  # fmt: skip
    ax.set(xscale="log", xlabel="vertices $n = 8^d$", xlim=(150, 5e18))
    ax.set_xticks([1e3, 1e6, 1e9, 1e12, 1e15, 1e18])
    ax.minorticks_off()


def draw(data: Data) -> Figure:
    """The whole figure."""
    with plt.rc_context(style.STYLE):
        figure = plt.figure(figsize=(7.2, 3.0))
        steps, evaluations, success = figure.subplots(1, 3)
        draw_panel(steps, data, "steps")
        draw_panel(evaluations, data, "evaluations")
        draw_panel(success, data, "success")
        steps.set_title("Steps: theory (curves), walks", loc="left")
        evaluations.set(yscale="log", ylim=(32, 3500))
        evaluations.set_yticks([50, 100, 200, 500, 1000, 2000], ["50", "100", "200", "500", "1000", "2000"])
        evaluations.minorticks_off()
        evaluations.set_title("Distinct evaluations", loc="left")
        success.set(ylim=(-0.04, 1.04))
        success.set_title(f"P(end among the best $10^{{{round(np.log10(SHARE))}}}$)", loc="left")
        steps.legend(loc="upper left")
        return figure
