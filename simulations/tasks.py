"""Monte Carlo tasks: what one trial does, keyed by (task id, replicate), and what it returns."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csgraph

from theory.correlations import Anisotropic, Correlation
from theory.graphs import Graph, Hamming, parse_graph
from theory.laws import parse_kernel, parse_law
from theory.noise import Noise

from . import landscapes, search, trees
from .algorithms import GaussianNoise, run
from .baselines import ALGORITHMS
from .search import RULES

if TYPE_CHECKING:
    from .implicit import Landscape

MODELS = ("iid", "gaussian", "additive", "rmf", "nk", "branching")
QUANTITIES = (
    "minima", "steps", "basins", "choice", "autocorrelation", "table",
    "hitting", "restart", "flip", "descent", "sampled", "ruggedness", "optimum",
)  # fmt: skip
LANDSCAPE = ("graph", "sigma", "average")
USES = {
    "iid": LANDSCAPE,
    "gaussian": (*LANDSCAPE, "rho", "c"),
    "additive": LANDSCAPE,
    "rmf": (*LANDSCAPE, "slope"),
    "nk": (*LANDSCAPE, "k", "neighbourhood"),
    "branching": ("law", "kernel", "degree", "loss"),
    "minima": ("level",),
    "steps": ("rule", "depth", "level", "starts"),
    "basins": ("rule", "depth", "share"),
    "choice": (),
    "autocorrelation": ("depth",),
    "table": (),
    "hitting": ("landscape_seed",),
    "restart": ("landscape_seed",),
    "flip": ("landscape_seed",),
    "descent": ("landscape_seed", "rule"),
    "sampled": ("landscape_seed", "depth"),
    "ruggedness": ("landscape_seed", "depth"),
    "optimum": (),
}
"""Fields of a task that each model and each quantity uses."""
LARGEST = 2**26
"""Vertices of the largest landscape that is stored."""


@dataclass(frozen=True)
class Task:
    """What one Monte Carlo trial does. Plain values only, so that the task has a content id.

    quantity  minima: strict local minima, and with a `level` those below it, and the sums over all of the observed and
              of the true losses;
              steps: steps and distinct evaluations of local search, the share of starts that take at least `depth`
              steps, and the loss at the end, averaged over all starts; the number of strict local minima. With `starts`
              the average is over so many random ones, the landscape is not stored, so that n < 2^63 will do, and the
              last number is the share of ends below `level`; every walk in a Gaussian field has a field of its own;
              basins: share of starts that reach the global minimum, mean size of the basins that are not empty, share
              of starts that end among the best `share` of all vertices, number of basins, and mean steps of all starts;
              choice: the true loss of the observed best, that less the true best, both again for the closed
              neighbourhood of a vertex, and the true loss at the end of steepest descent on the observed losses,
              averaged over all vertices;
              autocorrelation: ℓ(v)ℓ(X_t) of a random walk X from v after t = 1..depth steps, averaged over all v;
              table: the observed losses of `average` seeds a vertex, all n·average of them, by vertex and seed;
              hitting, restart: on the one true landscape of `landscape_seed`, steps to the optimum of a walk under
              fresh noise σ; evaluations of restarted steepest descent until the optimum;
              flip: there, under frozen noise σ, whether it changes the set of strict local minima, their number, the
              share of edges seen in the wrong order, the regret of the observed best, and the true loss at the end of
              steepest descent, averaged over all starts (σ in standard deviations of that landscape);
              descent, sampled: there, the steps of one walk of the rule, and the evaluations of `depth` samples with
              steepest descent from the best;
              ruggedness: there, with losses of mean 0 and variance 1, `autocorrelation` and 1 + its sum, and the mean
              of ℓ(v)ℓ(u), u a random other vertex on the line of v along coordinate 1, 2, …;
              optimum: evaluations until the optimum of a landscape, by local search that repeats none
    graph     text form
    model     iid; gaussian (with rho, or one c a coordinate); additive; rmf, Rough Mount Fuji (with slope);
              nk (with k and neighbourhood); branching (with kernel and degree), whose basins are the numbers of
              preimages at depths 1..depth of a vertex of loss `loss`, and whose steps are those of one walk from
              a loss of `law`, with the loss at its end and whether that is below `level`
    sigma, average   noise; rule  steepest, first or reluctant; seed  of the whole campaign

    A trial is keyed by (`stream`, replicate) and can be run alone by `replicate`: tasks that differ in what they do
    with a landscape see the same landscapes and the same noise (common random numbers).
    """

    quantity: str
    model: str = "iid"
    graph: str = ""
    rho: tuple[float, ...] | None = None
    c: tuple[float, ...] | None = None
    slope: float = 0.0
    k: int = 0
    neighbourhood: str = "random"
    sigma: float = 0.0
    average: int = 1
    level: float | None = None
    rule: str = "steepest"
    law: str = ""
    kernel: str = ""
    degree: int = 0
    loss: float = 0.0
    depth: int = 1
    starts: int = 0
    share: float = 0.001
    landscape_seed: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("quantity", self.quantity, QUANTITIES),
            ("model", self.model, MODELS),
            ("rule", self.rule, RULES),
        ):
            if value not in allowed:
                raise ValueError(f"{name}: {value!r} is unknown; allowed: {', '.join(allowed)}")
        used = {"quantity", "model", "seed", *USES[self.model], *USES[self.quantity]}
        for name, value in self.given.items():
            if name not in used:
                raise ValueError(f"{name}: {value!r} has no effect on {self.quantity} in the {self.model} model")
        if self.seed < 0:
            raise ValueError(f"seed: {self.seed} must be at least 0")
        Noise(self.sigma, self.average)
        for name in ("sigma", "slope", "loss", "level"):  # 1 and 1.0 are one task
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, float(value))
        if self.model == "branching":
            self._check_branching()
        else:
            self._check_landscape()

    def _check_landscape(self) -> None:
        graph = parse_graph(self.graph)
        if self.model != "iid" and not isinstance(graph, Hamming):
            raise ValueError(f"graph: {graph} is not a Hamming graph, which the {self.model} model needs")
        if (self.model == "gaussian") != ((self.rho is None) != (self.c is None)):
            raise ValueError(f"rho, c: the gaussian model needs one of them, other models none; this is {self.model}")
        if self.quantity in ("autocorrelation", "ruggedness"):
            if not isinstance(graph, Hamming):
                raise ValueError(f"graph: {graph} is not a Hamming graph, on which {self.quantity} is simulated")
            if self.depth < 1:
                raise ValueError(f"depth: {self.depth} must be at least 1, the number of steps of the walk")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share: {self.share} must lie in [0, 1]")
        if self.starts < 0 or (self.starts and not isinstance(graph, Hamming)):
            raise ValueError(f"starts: {self.starts} must be at least 0, and 0 on {graph}: walks need a Hamming graph")
        if not self.starts and graph.n > LARGEST:
            raise ValueError(f"graph: {graph} has {graph.n:.3g} vertices, more than the {LARGEST} stored; give starts")
        if self.level is not None and self.quantity == "steps" and not self.starts:
            raise ValueError(f"level: {self.level} has no effect on steps from all starts")
        if self.quantity == "hitting" and self.sigma == 0:
            raise ValueError("sigma: 0; without noise a walk may never leave a local minimum, give it noise")
        if self.rho is not None:
            object.__setattr__(self, "rho", Correlation(tuple(self.rho)).completed(graph).rho)
        if self.c is not None:
            object.__setattr__(self, "c", Anisotropic(tuple(self.c)).c)

    def _check_branching(self) -> None:
        if self.quantity not in ("basins", "steps"):
            raise ValueError(
                f"quantity: {self.quantity}; the branching model has no graph, it simulates basins or steps"
            )
        low, high = parse_kernel(self.kernel).support
        if not low <= self.loss <= high:
            raise ValueError(f"loss: {self.loss} must lie in [{low:g}, {high:g}], where the kernel lives")
        if self.degree < 1 or self.depth < 1:
            raise ValueError(f"degree, depth: {self.degree}, {self.depth} must both be at least 1")
        if self.quantity == "steps":
            parse_law(self.law)

    @property
    def id(self) -> str:
        """SHA-256 of the sorted JSON of what is not default, 16 hexadecimal digits: a new field changes no id."""
        return _digest(self.given)

    @property
    def stream(self) -> int:
        """Key of the random numbers: the same for tasks on the same landscapes, whatever they do there."""
        if self.model == "branching":
            return int(self.id, 16)
        same = {"model", "seed", *USES[self.model]} - {"sigma", "average"}
        return int(_digest({name: value for name, value in self.given.items() if name in same}), 16)

    @property
    def given(self) -> dict[str, Any]:
        """The fields that differ from their defaults."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the numbers that one trial returns."""
        match self.quantity, self.model:
            case "minima", _:
                return ("minima",) if self.level is None else ("minima", "below", "loss_sum", "true_sum")
            case "steps", "branching":
                return ("steps", "evaluations", "end_loss", "below")
            case "steps", _:
                return ("steps", "evaluations", "at_least", "end_loss", "below" if self.starts else "minima")
            case (("hitting" | "descent"), _):
                return ("steps",)
            case (("restart" | "sampled" | "optimum"), _):
                return ("evaluations",)
            case "choice", _:
                return ("chosen", "regret", "step_loss", "step_regret", "end_loss")
            case "flip", _:
                return ("changed", "minima", "flipped", "regret", "end_loss")
            case "autocorrelation", _:
                return self._lags
            case "ruggedness", _:
                radices = getattr(_graph(self.graph), "radices", ())
                return (*self._lags, "length", *(f"coordinate_{i}" for i in range(1, len(radices) + 1)))
            case "table", _:
                seeds = range(1, self.average + 1)
                return tuple(f"loss_{v}_{seed}" for v in range(_graph(self.graph).n) for seed in seeds)
            case _, "branching":
                return tuple(f"depth_{k}" for k in range(1, self.depth + 1))
        return ("p_global", "mean_basin", "p_near", "basins", "steps")

    @property
    def _lags(self) -> tuple[str, ...]:
        return tuple(f"lag_{t}" for t in range(1, self.depth + 1))


def _digest(given: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]


def replicate(task: Task, number: int) -> np.ndarray:
    """Trial `number` of a task, shape (number of columns,): the same wherever and whenever it is run."""
    seeds = np.random.SeedSequence(task.stream, spawn_key=(number,)).spawn(3)
    structure, noise, choice = map(np.random.default_rng, seeds)
    if task.model == "branching":
        kernel = parse_kernel(task.kernel)
        if task.quantity == "basins":
            return trees.preimages(kernel, task.degree, task.loss, task.depth, structure)
        found = trees.walk(parse_law(task.law), kernel, task.degree, task.rule, structure)
        return np.append(found, task.level is not None and found[2] < task.level)
    if "landscape_seed" in USES[task.quantity]:
        return np.array(_on_given(task, noise), dtype=float, ndmin=1)
    if task.starts:
        return _from_random_starts(task, structure, choice)
    graph = landscapes.draw_graph(_graph(task.graph), structure)
    true = _landscape(task, graph, structure)
    if task.quantity == "table":
        seeds = [landscapes.observe(true, Noise(task.sigma), noise) for _ in range(task.average)]
        return np.stack(seeds, axis=1).ravel()
    losses = landscapes.observe(true, Noise(task.sigma, task.average), noise)
    if task.quantity == "autocorrelation":
        return _lagged(graph, losses, task.depth, choice)
    if task.quantity == "choice":
        return _choice(graph, true, losses)
    if task.quantity == "optimum":
        everything = GaussianNoise(losses), graph.n, noise, choice
        seen = run(ALGORITHMS["steepest_continued"], graph, *everything).vertex
        return np.array([1 + np.argmax(seen == losses.argmin())], dtype=float)
    if task.quantity == "minima":
        minimal = search.strict_minima(graph, losses)
        count, seen = minimal.sum(), losses[minimal]
        found = [count] if task.level is None else [count, (seen < task.level).sum(), seen.sum(), true[minimal].sum()]
        return np.array(found, dtype=float)
    descent = search.descend(graph, losses, task.rule, choice)
    if task.quantity == "steps":
        starts = choice.choice(graph.n, size=min(graph.n, 1000), replace=False)  # of these the evaluations
        at_least = (descent.steps >= task.depth).mean()
        end, minima = losses[descent.terminal].mean(), (descent.next == np.arange(graph.n)).sum()
        return np.array([descent.steps.mean(), descent.evaluations(starts).mean(), at_least, end, minima])
    basins = descent.basin_sizes()
    shares, filled = basins / graph.n, basins > 0
    near = shares[search.best_vertices(losses, task.share)].sum()
    return np.array([shares[losses.argmin()], basins[filled].mean(), near, filled.sum(), descent.steps.mean()])


def _landscape(task: Task, graph: Graph, rng: np.random.Generator) -> np.ndarray:
    """True losses of a task's model, shape (n,)."""
    if not isinstance(graph, Hamming):
        return landscapes.iid(graph, rng)
    if task.model == "gaussian":
        return landscapes.gaussian(graph, _correlation(task), rng)
    return _implicit(task, graph, rng).losses(np.arange(graph.n))


def _correlation(task: Task) -> Correlation | Anisotropic:
    return Correlation(task.rho or ()) if task.c is None else Anisotropic(task.c)


def _implicit(task: Task, graph: Hamming, rng: np.random.Generator) -> Landscape:
    from . import implicit  # compiles, so it is imported where it is used

    match task.model:
        case "additive":
            return implicit.additive(graph, rng)
        case "rmf":
            return implicit.rough_mount_fuji(graph, task.slope, rng)
        case "nk":
            return implicit.nk(graph, task.k, task.neighbourhood, rng)
    return implicit.iid(graph, rng)


def _from_random_starts(task: Task, structure: np.random.Generator, choice: np.random.Generator) -> np.ndarray:
    """Walks of the rule from random starts, on one landscape that is never stored."""
    from . import gaussian_paths, implicit

    graph, noise = _graph(task.graph), Noise(task.sigma, task.average)
    assert isinstance(graph, Hamming)
    starts = choice.integers(graph.n, size=task.starts)
    if task.model == "gaussian":
        walks = gaussian_paths.descend(graph, _correlation(task), starts, structure, task.rule, noise)
    else:
        landscape = _implicit(task, graph, structure)
        walks = implicit.descend(landscape.observed(noise) if noise.sd else landscape, starts, choice, task.rule)
    below = -np.inf if task.level is None else task.level
    numbers = walks.steps, walks.evaluations, walks.steps >= task.depth, walks.losses, walks.losses < below
    return np.array([number.mean() for number in numbers])


@lru_cache(maxsize=8)
def given_landscape(task: Task) -> tuple[Graph, np.ndarray]:
    """The graph and the true losses, shape (n,), that `landscape_seed` draws of the task's model."""
    rng = np.random.default_rng(task.landscape_seed)
    graph = landscapes.draw_graph(_graph(task.graph), rng)
    if task.quantity == "hitting" and csgraph.connected_components(graph.adjacency, directed=False)[0] > 1:
        raise ValueError(f"graph: {graph} is not connected; a walk may never come to the optimum")
    return graph, _landscape(task, graph, rng)


@lru_cache(maxsize=8)
def _given_descent(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Evaluations of steepest descent from each start, and whether it ends at the optimum."""
    graph, losses = given_landscape(task)
    descent = search.descend(graph, losses)
    return descent.evaluations(), descent.terminal == losses.argmin()


def _choice(graph: Graph, true: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Loss and regret of the observed best, of all vertices and of a closed neighbourhood; loss at a descent's end."""
    chosen, descent = true[observed.argmin()], search.descend(graph, observed)
    step, best_step = true[descent.next].mean(), true[search.descend(graph, true).next].mean()
    return np.array([chosen, chosen - true.min(), step, step - best_step, true[descent.terminal].mean()])


def _flips(graph: Graph, losses: np.ndarray, noisy: np.ndarray) -> list[float]:
    """Whether the set of strict minima changes, their number, the share of edges in the wrong order, regret, end."""
    minimal, ends = search.strict_minima(graph, noisy), search.descend(graph, noisy).terminal
    worse, seems = (x[graph.neighbours] > x[:, None] for x in (losses, noisy))
    return [
        (minimal != search.strict_minima(graph, losses)).any(),
        minimal.sum(),
        (worse != seems).sum() / max(1, graph.degrees.sum()),
        losses[noisy.argmin()] - losses.min(),
        losses[ends].mean(),
    ]


def _lagged(graph: Graph, losses: np.ndarray, steps: int, rng: np.random.Generator) -> np.ndarray:
    """ℓ(v)ℓ(X_t) for t = 1..steps, one random walk X from every vertex v, the mean over all v, shape (steps,)."""
    found, vertex = np.empty(steps), np.arange(graph.n)
    for t in range(steps):
        vertex = graph.neighbours[vertex, rng.integers(graph.degree, size=graph.n)]
        found[t] = np.mean(losses * losses[vertex])
    return found


def _ruggedness(graph: Hamming, losses: np.ndarray, steps: int, rng: np.random.Generator) -> np.ndarray:
    """`_lagged`, 1 + its sum, and ℓ(v)ℓ(u), u another vertex on v's line of each coordinate; shape (steps+1+d,)."""
    losses = (losses - losses.mean()) / losses.std()
    lags, along = _lagged(graph, losses, steps, rng), []
    for axis, q in enumerate(graph.radices):
        letters = list(np.unravel_index(np.arange(graph.n), graph.radices))
        letters[axis] = (letters[axis] + rng.integers(1, q, size=graph.n)) % q
        along.append(np.mean(losses * losses[np.ravel_multi_index(letters, graph.radices)]))
    return np.array([*lags, 1 + lags.sum(), *along])


def _on_given(task: Task, rng: np.random.Generator) -> ArrayLike:
    graph, losses = given_landscape(task)
    sigma = task.sigma * float(losses.std())
    if task.quantity == "flip":
        return _flips(graph, losses, losses + sigma * rng.standard_normal(graph.n))
    if isinstance(graph, Hamming) and task.quantity == "ruggedness":
        return _ruggedness(graph, losses, task.depth, rng)
    if task.quantity == "hitting":
        return search.fresh_noise_steps(graph, losses, sigma, rng)
    if task.quantity == "descent":
        return float(search.descend(graph, losses, task.rule, rng).steps[rng.integers(graph.n)])
    evaluations, success = _given_descent(task)
    if task.quantity == "sampled":
        samples = rng.choice(graph.n, size=task.depth, replace=False)
        return task.depth - 1 + float(evaluations[samples[losses[samples].argmin()]])
    spent = 0.0
    while True:
        start = rng.integers(graph.n)
        spent += evaluations[start]
        if success[start]:
            return spent


@lru_cache(maxsize=8)
def _graph(text: str) -> Graph:
    return parse_graph(text)
