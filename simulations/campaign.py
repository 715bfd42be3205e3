"""Monte Carlo campaigns: a task, its replicates, the same numbers for any number of workers."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from theory.correlations import Correlation
from theory.graphs import Graph, Hamming, parse_graph
from theory.laws import Kernel, parse_kernel
from theory.noise import Noise

from . import landscapes, search

MODELS = ("iid", "gaussian", "additive", "branching")
QUANTITIES = ("minima", "steps", "basins")


@dataclass(frozen=True)
class Task:
    """What one Monte Carlo trial does. Plain values only, so that the task has a content id.

    quantity  minima: strict local minima; steps: mean steps and mean distinct evaluations over all starts;
              basins: share of starts that reach the global minimum and mean size of the basins that are not empty,
              or in the branching model the numbers of preimages at depths 1..depth of a vertex of loss `loss`
    graph     text form; model  iid, gaussian (with rho), additive, or branching (with kernel, degree, loss, depth)
    sigma, average   noise; rule  steepest, first or reluctant; seed  of the whole campaign

    A trial is keyed by (task id, replicate) and can be run alone by `replicate`.
    """

    quantity: str
    model: str = "iid"
    graph: str = ""
    rho: tuple[float, ...] | None = None
    sigma: float = 0.0
    average: int = 1
    rule: str = "steepest"
    kernel: str = ""
    degree: int = 0
    loss: float = 0.0
    depth: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.quantity not in QUANTITIES:
            raise ValueError(f"quantity: {self.quantity!r} is unknown; allowed: {', '.join(QUANTITIES)}")
        if self.model not in MODELS:
            raise ValueError(f"model: {self.model!r} is unknown; allowed: {', '.join(MODELS)}")
        if self.rule not in ("steepest", "first", "reluctant"):
            raise ValueError(f"rule: {self.rule!r} is unknown; allowed: steepest, first, reluctant")
        if self.seed < 0:
            raise ValueError(f"seed: {self.seed} must be at least 0")
        Noise(self.sigma, self.average)
        if self.model == "branching":
            self._check_branching()
            return
        graph = parse_graph(self.graph)
        if self.model in ("gaussian", "additive") and not isinstance(graph, Hamming):
            raise ValueError(f"graph: {graph} is not a Hamming graph, which the {self.model} model needs")
        if (self.model == "gaussian") != (self.rho is not None):
            raise ValueError(f"rho: needed by the gaussian model and by no other; the model is {self.model}")
        if self.rho is not None:
            object.__setattr__(self, "rho", Correlation(tuple(self.rho)).completed(graph).rho)

    def _check_branching(self) -> None:
        if self.quantity != "basins":
            raise ValueError(f"quantity: {self.quantity}; the branching model simulates basins only")
        low, high = parse_kernel(self.kernel).support
        if not low <= self.loss <= high:
            raise ValueError(f"loss: {self.loss} must lie in [{low:g}, {high:g}], where the kernel lives")
        if self.degree < 1 or self.depth < 1:
            raise ValueError(f"degree, depth: {self.degree}, {self.depth} must both be at least 1")

    @property
    def id(self) -> str:
        """SHA-256 of the sorted JSON of the task, first 16 hexadecimal digits."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the numbers that one trial returns."""
        if self.quantity == "minima":
            return ("minima",)
        if self.quantity == "steps":
            return ("steps", "evaluations")
        if self.model == "branching":
            return tuple(f"depth_{k}" for k in range(1, self.depth + 1))
        return ("p_global", "mean_basin")


def replicate(task: Task, number: int) -> np.ndarray:
    """Trial `number` of a task, shape (number of columns,): the same wherever and whenever it is run."""
    seeds = np.random.SeedSequence(int(task.id, 16), spawn_key=(number,)).spawn(3)
    structure, noise, choice = map(np.random.default_rng, seeds)
    if task.model == "branching":
        return _preimages(_kernel(task.kernel), task, structure)
    graph = _graph(task.graph)
    graph = landscapes.draw_graph(graph, structure)
    match task.model:
        case "gaussian" if isinstance(graph, Hamming) and task.rho is not None:
            losses = landscapes.gaussian(graph, Correlation(task.rho), structure)
        case "additive" if isinstance(graph, Hamming):
            losses = landscapes.additive(graph, structure)
        case _:
            losses = landscapes.iid(graph, structure)
    losses = landscapes.observe(losses, Noise(task.sigma, task.average), noise)
    if task.quantity == "minima":
        return np.array([search.strict_minima(graph, losses).sum()], dtype=float)
    descent = search.descend(graph, losses, task.rule, choice)
    if task.quantity == "steps":
        starts = choice.choice(graph.n, size=min(graph.n, 1000), replace=False)  # of these the evaluations
        return np.array([descent.steps.mean(), descent.evaluations(starts).mean()])
    basins = descent.basin_sizes()
    return np.array([basins[losses.argmin()] / graph.n, basins[basins > 0].mean()])


@lru_cache(maxsize=8)
def _graph(text: str) -> Graph:
    return parse_graph(text)


@lru_cache(maxsize=8)
def _kernel(text: str) -> Kernel:
    return parse_kernel(text)


def _preimages(kernel: Kernel, task: Task, rng: np.random.Generator) -> np.ndarray:
    """Preimages of a vertex of loss x in one tree of the branching model, by depth.

    A child of loss y steps to its parent of loss p exactly if y > p and its own s−1 children are all worse than p.
    """
    counts, parents = np.zeros(task.depth), np.array([task.loss])
    children = landscapes.neighbour_losses(kernel, np.full((1, task.degree), task.loss), rng)
    for depth in range(task.depth):
        family, which = np.nonzero(children > parents[:, None])
        losses, targets = children[family, which], parents[family]
        below = landscapes.neighbour_losses(kernel, np.tile(losses[:, None], task.degree - 1), rng)
        stays = (below > targets[:, None]).all(axis=1)
        parents, children = losses[stays], below[stays]
        counts[depth] = len(parents)
    return counts


def run(task: Task, trials: int, jobs: int = 1, progress: bool = False) -> np.ndarray:
    """Trials 0..trials−1 of a task, shape (trials, number of columns), in order whatever the number of jobs.

    jobs  worker processes (joblib, loky); progress  a bar on standard error.
    ValueError for trials < 1 or jobs < 1.
    """
    if trials < 1:
        raise ValueError(f"trials: {trials} must be at least 1")
    if jobs < 1:
        raise ValueError(f"jobs: {jobs} must be at least 1")
    size = max(1, min(256, math.ceil(trials / (8 * jobs))))
    batches = [range(i, min(i + size, trials)) for i in range(0, trials, size)]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    rows: list[np.ndarray] = []
    with Progress(*columns, console=Console(stderr=True), disable=not progress, transient=True) as bar:
        done = bar.add_task(f"{task.quantity} {task.model} {task.graph}", total=trials)
        for batch in Parallel(n_jobs=jobs, return_as="generator")(delayed(_batch)(task, batch) for batch in batches):
            rows.append(np.asarray(batch))
            bar.advance(done, len(rows[-1]))
    return np.concatenate(rows)


def _batch(task: Task, numbers: range) -> np.ndarray:
    return np.stack([replicate(task, number) for number in numbers])
