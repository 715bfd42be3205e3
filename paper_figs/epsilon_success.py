"""Starts that end among the best cells: tables against Gaussian fields and branching models, shuffles against forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtri

from simulations import estimate, landscapes
from simulations.benchmarks import nasbench201
from simulations.estimate import Estimate
from simulations.search import descend
from theory import basins, ruggedness
from theory.correlations import Correlation
from theory.laws import AR1Kernel, Normal, Uniform, UniformKernel

from . import style
from .size_study import iid_success

TITLE = (
    "Descents that end among the best 4 to 64 cells: NAS-Bench-201 as in Gaussian fields, which the branching model "
    "exceeds; shuffles as in closed form"
)
GRAPH = nasbench201.GRAPH
CELLS = 2 ** np.arange(13)
"""An end among the best 1, 2, 4, … cells is a success: ε by rank, so that tables can be compared."""
FIELDS, SHUFFLES = 500, 400
MIDDLE = (0.005, 0.995)
"""Ranks of the ends of the middle 99 % of single fields."""
MODELLED = "cifar10"
"""The table whose ρ_1 the curves have; the others' differ by less than 0.005."""
FORMS = {
    "hamming": (style.BLUE, "-", "fresh neighbours of $H(5^6)$"),
    "tree": (style.GREEN, "--", "tree, corrected"),
    "published": (style.RED, ":", "published"),
}


@dataclass(frozen=True, eq=False)
class Data:
    """Shares of starts over CELLS, shape (cells,) but for fields.

    tables    by data set, means over seeds
    fields    by data set, single Gaussian fields with the ρ_h of its normal scores, shape (FIELDS, cells)
    models    corrected and published, for the Gaussian kernel with the ρ_1 of MODELLED
    shuffled  of ranks, with 99.9 % intervals
    forms     by name, for iid losses
    """

    tables: dict[str, np.ndarray]
    fields: dict[str, np.ndarray]
    models: dict[str, np.ndarray]
    shuffled: list[Estimate]
    forms: dict[str, np.ndarray]


def among_best(losses: np.ndarray) -> np.ndarray:
    """Share of starts whose steepest descent ends among the best CELLS, those of equal losses by index."""
    ends = descend(GRAPH, losses).basin_sizes()[np.argsort(losses, kind="stable")]
    return np.cumsum(ends)[CELLS - 1] / GRAPH.n


def correlation(dataset: str) -> Correlation:
    """ρ_h of the normal scores of a table's means over seeds."""
    scores = ruggedness.normal_scores(nasbench201.load(dataset).landscape("mean"))
    return ruggedness.correlation_by_distance(GRAPH, scores)


def drawn(dataset: str) -> np.ndarray:
    """Shares in Gaussian fields of a table's correlation, shape (FIELDS, cells)."""
    rho, rng = correlation(dataset), np.random.default_rng(0)
    return np.array([among_best(landscapes.gaussian(GRAPH, rho, rng)) for _ in range(FIELDS)])


def load(jobs: int = 1) -> Data:
    """Tables, fields, shuffles and theory. In the models ε reaches from the support's end to a rank's normal score."""
    pool: Any = Parallel(n_jobs=jobs)
    law, kernel, shares = Normal(), AR1Kernel(correlation(MODELLED).rho[1]), CELLS / GRAPH.n
    epsilons = (ndtri(shares) - law.support[0]).tolist()
    names = {"corrected": basins.success, "published": basins.success_published}
    found = pool(
        delayed(success)(law, kernel, GRAPH.degree, epsilon) for success in names.values() for epsilon in epsilons
    )
    rng = np.random.default_rng(0)
    shuffled = np.array([among_best(rng.permutation(GRAPH.n)) for _ in range(SHUFFLES)])
    iid = (Uniform(), UniformKernel(), GRAPH.degree)
    forms = {
        "hamming": np.array([iid_success(GRAPH, share) for share in shares]),
        "tree": np.array([basins.success_iid(GRAPH.degree, share) for share in shares]),
        "published": np.array([basins.success_published(*iid, share) for share in shares.tolist()]),
    }
    return Data(
        {name: among_best(nasbench201.load(name).landscape("mean")) for name in style.TABLES},
        dict(zip(style.TABLES, pool(delayed(drawn)(name) for name in style.TABLES), strict=True)),
        dict(zip(names, np.reshape(found, (2, -1)), strict=True)),
        [estimate.mean(column, 0.999) for column in shuffled.T],
        forms,
    )


def inner(fields: np.ndarray) -> np.ndarray:
    """Ends of the middle 99 % of single fields, shape (2, cells)."""
    return np.quantile(fields, MIDDLE, axis=0)


def check(data: Data) -> None:
    """The claims. Shuffled: the form of H(5^6) is in every interval, those for trees are above them up to 512 cells.
    Tables: among the best 4 to 64 cells every one lies in the middle 99 % of fields of its correlation (of more cells
    some have fewer); the corrected success of the branching model, which has no lines, is above the fields' mean, for
    the best cell more than 1.8 times as high; the published one is below a tenth of the tables'."""
    for cells, found, value in zip(CELLS, data.shuffled, data.forms["hamming"], strict=True):
        assert found.holds(value), f"best {cells}, shuffled: the form of H(5^6) is {value:.4g}, shuffles say {found}"
    highest = np.array([found.high for found in data.shuffled])
    for name in ("tree", "published"):
        assert (data.forms[name] > highest)[CELLS <= 512].all(), f"shuffled: the form {name} is not above {highest}"
    few = (CELLS >= 4) & (CELLS <= 64)
    for name, shares in data.tables.items():
        low, high = inner(data.fields[name])
        assert ((low <= shares) & (shares <= high))[few].all(), f"{name}: {shares} is not in {low} to {high}"
        assert (data.models["published"] < shares / 10).all(), f"{name}: published {data.models['published']}"
    columns = data.fields[MODELLED].T
    high = np.array([estimate.mean(column, 0.999).high for column in columns])
    assert (data.models["corrected"] > high)[CELLS <= 64].all(), f"the branching model is not above fields, {high}"
    assert data.models["corrected"][0] > 1.8 * high[0], f"the branching model is near fields, {high[0]}"


def numbers(data: Data) -> dict[str, Any]:
    """Shares for the best cell and the best 64, of tables (with the middle 99 % of fields), models, shuffles, forms."""
    shown = {}
    for at in (0, CELLS.tolist().index(64)):
        tables = {
            name: {"table": shares[at], "fields": column.mean(), "99 %": np.quantile(column, MIDDLE)}
            for name, shares in data.tables.items()
            for column in [data.fields[name][:, at]]
        }
        models = {f"branching, {name}": shares[at] for name, shares in data.models.items()}
        forms = {f"iid, {name}": shares[at] for name, shares in data.forms.items()}
        shown[f"best {CELLS[at]}"] = {**tables, **models, "shuffled": data.shuffled[at], **forms}
    return shown


def draw_tables(ax: Axes, data: Data) -> None:
    """Tables against fields and models of the same correlation."""
    fields = data.fields[MODELLED]
    for name, (colour, marker, label) in style.TABLES.items():
        ax.plot(CELLS, data.tables[name], marker, color=colour, markersize=4, label=label)
    ax.plot(CELLS, fields.mean(axis=0), color="black", label="Gaussian fields, mean")
    ax.fill_between(CELLS, *inner(fields), color="black", alpha=0.1, linewidth=0, label="99 % of single fields")
    ax.plot(CELLS, data.models["corrected"], "--", color=style.GREY, label="branching, corrected")
    ax.plot(CELLS, data.models["published"], ":", color=style.RED, label="branching, published")
    ax.set_title("Tables", loc="left")


def draw_shuffled(ax: Axes, data: Data) -> None:
    """Shuffles against closed forms."""
    for name, (colour, line, label) in FORMS.items():
        ax.plot(CELLS, data.forms[name], line, color=colour, label=label)
    low, best, high = np.array(data.shuffled).T
    ax.errorbar(
        CELLS, best, [best - low, high - best],
        fmt="o", color="black", markersize=3, capsize=2, linewidth=0.9, label=f"{SHUFFLES} shuffles (99.9 %)",
    )  # fmt: skip
    ax.set_title("Shuffled", loc="left")


def draw(data: Data) -> Figure:
    """The whole figure."""
    with plt.rc_context(style.STYLE):
        figure = plt.figure(figsize=(7.2, 3.2))
        tables, shuffled = figure.subplots(1, 2, sharey=True)
        draw_tables(tables, data)
        draw_shuffled(shuffled, data)
        for ax in (tables, shuffled):
            ax.set(xscale="log", xlabel="$\\epsilon$: number of best cells, of 15,625", ylim=(-0.03, 1.03))
        tables.set_ylabel("starts that end among them")
        tables.legend(loc=(0.5, 0.08))
        shuffled.legend(loc="upper left")
        return figure
