"""Random-walk autocorrelation: NAS-Bench-201 against its own ρ_h, chains of the paper's kernels, and shuffles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtr, ndtri

from simulations import estimate
from simulations.benchmarks import nasbench201
from simulations.estimate import Estimate
from theory import ruggedness
from theory.correlations import Correlation
from theory.laws import TruncatedNormalKernel, normal_mass
from theory.quadrature import Panels

from . import style

TITLE = (
    "Random walks on NAS-Bench-201: exact from ρ_h; of the truncated-normal chains sd 0.3 is nearest, but all forget "
    "too fast; shuffles only return"
)
GRAPH = nasbench201.GRAPH
STEPS = np.arange(13)
SDS = (0.3, 0.35, 0.4)
SIMULATED, CHAINS, FIRST = 0.3, 100_000, np.arange(1, 7)
"""The sd of the chains that are simulated, their number, and the steps compared."""
SHUFFLES = 400
FLOOR = 2e-3
"""The least autocorrelation drawn."""
LINES = dict(zip(SDS, ("--", "-.", ":"), strict=True))


@dataclass(frozen=True, eq=False)
class Data:
    """Autocorrelation r(t) over STEPS, shape (steps,).

    tables     by data set, of the losses (means over seeds) themselves, over all walks
    walks      by data set, `autocorrelation.walk` with the table's ρ_h
    chains     by sd, stationary chains of truncated-normal kernels, whose losses are taken as they are too: r(t) does
               not change where losses are scaled or shifted, but it does where they become normal scores
    scores     by data set, of the tables' normal scores
    simulated  of chains of sd SIMULATED over FIRST, with 99.9 % intervals
    shuffled   expected of a shuffled table
    shuffles   of CIFAR-10 from 1 step on, with 99.9 % intervals
    """

    tables: dict[str, np.ndarray]
    walks: dict[str, np.ndarray]
    chains: dict[float, np.ndarray]
    scores: dict[str, np.ndarray]
    simulated: list[Estimate]
    shuffled: np.ndarray
    shuffles: list[Estimate]


def autocovariance(sd: float, panels: int = 4) -> np.ndarray:
    """Cov(X_0, X_t) = ∫ π(x) (x−½) (P^t (y−½))(x) dx over STEPS, for the kernel k(x,·) = N(x, sd²) on [0, 1].

    As k(x,y) = φ((y−x)/sd) / (sd Z(x)), the chain is reversible with π ∝ Z, symmetric about ½. P is quadrature with 16
    Gauss nodes a panel.
    """
    kernel, rule = TruncatedNormalKernel(sd), Panels.covering(0, 1, panels)
    x, weights = rule.nodes, rule.weights
    stationary = weights * normal_mass(-x / sd, (1 - x) / sd)
    P = kernel.pdf(x[:, None], x) * weights
    covariances, value = [], x - 0.5
    for _ in STEPS:
        covariances.append(stationary @ ((x - 0.5) * value) / stationary.sum())
        value = P @ value
    return np.array(covariances)


def simulate(sd: float, rng: np.random.Generator) -> list[Estimate]:
    """r(t) over FIRST of CHAINS stationary chains, by (X_0−½)(X_t−½) over the variance of quadrature.

    A uniform x is kept where x + sd·ε lies in [0, 1], and then has density ∝ Z(x).
    """
    x = rng.uniform(size=4 * CHAINS)
    start = x[np.abs(x + sd * rng.standard_normal(len(x)) - 0.5) <= 0.5][:CHAINS]
    here, products = start, []
    for _ in FIRST:
        low, high = ndtr(-here / sd), ndtr((1 - here) / sd)
        here = here + sd * ndtri(rng.uniform(low, high))
        products.append((start - 0.5) * (here - 0.5))
    return [estimate.mean(column / autocovariance(sd)[0], 0.999) for column in products]


def shuffled() -> np.ndarray:
    """E r(t) of a shuffled table, P_t(0) − (1 − P_t(0))/(n−1): two different vertices have correlation −1/(n−1)."""
    return ruggedness.autocorrelation(GRAPH, Correlation((1, *[-1 / (GRAPH.n - 1)] * len(GRAPH.radices))), STEPS)


def load(jobs: int = 1) -> Data:
    """Tables, theory, and two small simulations."""
    losses = {name: nasbench201.load(name).landscape("mean") for name in style.TABLES}
    rng = np.random.default_rng(0)
    shuffles = np.array(
        [
            ruggedness.table_autocorrelation(GRAPH, rng.permutation(losses["cifar10"]), STEPS[1:])
            for _ in range(SHUFFLES)
        ]
    )
    return Data(
        {name: ruggedness.table_autocorrelation(GRAPH, values, STEPS) for name, values in losses.items()},
        {
            name: ruggedness.autocorrelation(GRAPH, ruggedness.correlation_by_distance(GRAPH, values), STEPS)
            for name, values in losses.items()
        },
        {sd: (found := autocovariance(sd)) / found[0] for sd in SDS},
        {
            name: ruggedness.table_autocorrelation(GRAPH, ruggedness.normal_scores(values), STEPS)
            for name, values in losses.items()
        },
        simulate(SIMULATED, rng),
        shuffled(),
        [estimate.mean(column, 0.999) for column in shuffles.T],
    )


def nearest(data: Data, shares: np.ndarray) -> float:
    """The sd whose chain has the least largest difference from r(t) over STEPS."""
    return min(SDS, key=lambda sd: float(np.abs(data.chains[sd] - shares).max()))


def check(data: Data) -> None:
    """The claims: a table's walk follows from its ρ_h to rounding; chains and shuffles agree with what is simulated;
    sd 0.3 is nearest to every table, also to its normal scores; but chains decay geometrically and tables ever more
    slowly, so that from 2 steps on every table is above every chain, and at 10 steps by a factor of more than 5."""
    for name, found in data.tables.items():
        error = np.abs(data.walks[name] - found).max()
        assert error < 1e-9, f"{name}: the walk of its ρ_h is off by {error:.2g}"
        for kind, values in (("losses", found), ("normal scores", data.scores[name])):
            assert nearest(data, values) == SDS[0], f"{name}: sd {nearest(data, values)} is nearest to its {kind}"
        assert (np.diff(found[1:] / found[:-1]) > 0).all(), f"{name}: its decay does not slow down, {found}"
        for sd, chain in data.chains.items():
            assert (found > chain)[2:].all(), f"{name}: {found} is not above the chain of sd {sd}"
            assert found[10] > 5 * chain[10], (
                f"{name}: {found[10]:.4g} at 10 steps, the chain of sd {sd} {chain[10]:.4g}"
            )
    for sd, chain in data.chains.items():
        assert np.ptp(chain[1:] / chain[:-1]) < 0.01, f"the chain of sd {sd} does not decay geometrically: {chain}"
    for t, value, found in zip(FIRST, data.chains[SIMULATED][FIRST], data.simulated, strict=True):
        assert found.holds(value), f"chain at {t} steps: quadrature {value:.4g}, simulated {found}"
    for t, value, found in zip(STEPS[1:], data.shuffled[1:], data.shuffles, strict=True):
        assert found.holds(value), f"shuffled at {t} steps: expected {value:.4g}, shuffles {found}"


def numbers(data: Data) -> dict[str, Any]:
    """r(t) at 1, 2, 5 and 10 steps: of losses and normal scores, of chains by sd, of shuffles."""
    rows = {
        **{f"{name}, losses": found for name, found in data.tables.items()},
        **{f"{name}, normal scores": found for name, found in data.scores.items()},
        **{f"sd {sd}": found for sd, found in data.chains.items()},
        "shuffled": data.shuffled,
    }
    return {name: {str(t): found[t] for t in (1, 2, 5, 10)} for name, found in rows.items()}


def draw_tables(ax: Axes, data: Data) -> None:
    """Tables, their own theory, and chains."""
    for name, (colour, marker, label) in style.TABLES.items():
        ax.plot(STEPS, data.walks[name], color=colour, linewidth=1)
        ax.plot(STEPS, data.tables[name], marker, color=colour, markersize=4, label=label)
    ax.plot([], [], color=style.GREY, linewidth=1, label="theory from the table's $\\rho_h$")
    for sd, chain in data.chains.items():
        shown = chain > FLOOR
        ax.plot(STEPS[shown], chain[shown], LINES[sd], color=style.RED, label=f"truncated normal, sd {sd}")
    low, best, high = np.array(data.simulated).T
    ax.errorbar(
        FIRST, best, [best - low, high - best],
        fmt=".", color="black", markersize=4, capsize=2, linewidth=0.9, label=f"chains of sd {SIMULATED} (99.9 %)",
    )  # fmt: skip
    ax.set(yscale="log", ylim=(FLOOR, 1.3), xlabel="steps $t$", xticks=STEPS[::2], ylabel="autocorrelation $r(t)$")
    ax.set_title("Tables and the paper's kernels", loc="left")


def draw_shuffles(ax: Axes, data: Data) -> None:
    """Shuffles: what is left is the chance to be back at the start."""
    low, best, high = np.array(data.shuffles).T
    ax.plot(STEPS[1:], data.shuffled[1:], color=style.BLUE, label="expected: the chance to be back")
    ax.errorbar(
        STEPS[1:], best, [best - low, high - best],
        fmt="o", color="black", markersize=3, capsize=2, linewidth=0.9, label=f"{SHUFFLES} shuffles (99.9 %)",
    )  # fmt: skip
    ax.set(ylim=(-0.003, 0.056), xlabel="steps $t$", xticks=[1, *STEPS[2::2]])
    ax.set_title("Shuffled", loc="left")


def draw(data: Data) -> Figure:
    """The whole figure."""
    with plt.rc_context(style.STYLE):
        figure = plt.figure(figsize=(7.2, 3.8))
        tables, shuffles = figure.subplots(1, 2, width_ratios=(3, 2))
        draw_tables(tables, data)
        draw_shuffles(shuffles, data)
        figure.legend(*tables.get_legend_handles_labels(), loc="outside lower center", ncols=3)
        shuffles.legend(loc="upper right")
        return figure
