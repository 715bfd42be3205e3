"""The checks of `hillscape verify`: for every result, settings in which Monte Carlo must agree with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np

from theory import (
    basins,
    bounds,
    catalogue,
    classics,
    denoising,
    gaussian_walks,
    hitting,
    levels,
    lines,
    minima,
    ruggedness,
    walks,
)
from theory.correlations import Anisotropic, Correlation, character_sums, second_difference
from theory.graphs import Hamming, hypercube, parse_graph
from theory.laws import AR1Kernel, Normal, Uniform, parse_kernel
from theory.noise import NOISELESS, Noise
from theory.quadrature import integrate

from . import estimate
from .tasks import RULES, Task, given_landscape


@dataclass(frozen=True)
class Check:
    """One prediction against one number of a task's trials.

    column     which of the task's numbers; reading  or what is read off all of them, shape (columns,)
    claim      equal: the mean is as predicted; upper, lower: the prediction bounds the mean from above, from below;
               within: an approximation, off by no more than `allowance` (relative); refuted: it is off by more than
               `allowance`, as documented
    statistic  mean or variance of the trials
    status     where it differs from the result's own
    control    a column whose mean is known exactly, and that mean: a control variate
    """

    id: str
    setting: str
    predicted: float
    task: Task
    trials: int
    column: int = 0
    claim: str = "equal"
    allowance: float = 0.0
    statistic: str = "mean"
    status: str | None = None
    reading: Callable[[np.ndarray], float] | None = None
    control: tuple[int, float] | None = None

    def read(self, rows: np.ndarray) -> np.ndarray:
        """The number judged, of each of the task's trials, shape (trials, columns); shape (trials,)."""
        values = rows[:, self.column] if self.reading is None else np.array([self.reading(row) for row in rows])
        if self.control is None:
            return values
        column, known = self.control
        return estimate.controlled(values, rows[:, column], known)


def field(graph: Hamming, c: float, sigma: float = 0.0, average: int = 1) -> Task:
    """Local minima of the Gaussian field of ρ_h = c^h under noise."""
    rho = Correlation.geometric(c, len(graph.radices)).rho
    return Task("minima", "gaussian", str(graph), rho=rho, sigma=sigma, average=average)


def minima_control(task: Task) -> tuple[int, float]:
    """The number of minima as control of `steps`: its exact mean under iid losses, or in a Gaussian field under noise.

    Correlations of −0.6 to −0.9 with the mean number of steps leave 0.2 to 0.6 of its variance.
    """
    graph = parse_graph(task.graph)
    if isinstance(graph, Hamming) and task.rho is not None:
        return 4, minima.gaussian(graph, Correlation(task.rho), Noise(task.sigma, task.average))
    return 4, minima.iid(graph).mean


def iid_minima() -> Iterator[Check]:
    """Mean and variance on Hamming graphs, tori, random regular graphs and G(n, p)."""
    settings = (("hamming:5^6", 200), ("erdos_renyi:500,0.02", 1000), ("torus:30x30", 300), ("regular:500,8", 800))
    for text, trials in settings:
        mean = minima.iid(parse_graph(text)).mean
        yield Check("minima.iid", f"{text}, mean", mean, Task("minima", graph=text), trials)
    for text in ("hamming:3x4x5", "erdos_renyi:40,0.1", "cycle:100"):
        variance, task = minima.iid(parse_graph(text)).variance, Task("minima", graph=text)
        yield Check("minima.iid", f"{text}, variance", variance, task, 40_000, statistic="variance")


def gaussian_minima() -> Iterator[Check]:
    """Gaussian fields: the branching model where it is exact, the exact formula, and its two bounds."""
    for c, trials in ((0.3, 1000), (0.6, 4000)):
        value = minima.branching(hypercube(10), Normal(), AR1Kernel(c))
        yield Check("minima.branching", f"hypercube:10, ar1:{c}", value, field(hypercube(10), c), trials)
    graph = Hamming((5,) * 6)
    for c, sigma, trials in ((0.3, 0.0, 400), (0.6, 0.0, 2300), (0.9, 0.0, 32_000), (0.9, 0.3, 7500)):
        value = minima.gaussian(graph, Correlation.geometric(c, 6), Noise(sigma))
        yield Check("minima.gaussian", f"{graph}, c={c}, σ={sigma:g}", value, field(graph, c, sigma), trials)
    value = minima.gaussian(graph, Correlation.geometric(0.6, 6), Noise(0.6, average=4))
    yield Check("minima.gaussian", f"{graph}, c=0.6, σ=0.6/√4", value, field(graph, 0.6, 0.6, 4), 1400)
    mixed, rho = Hamming((3, 4, 5)), Correlation((1, 0.5, 0.2))
    task = Task("minima", "gaussian", str(mixed), rho=rho.rho)
    yield Check("minima.gaussian", f"{mixed}, ρ=0.5,0.2", minima.gaussian(mixed, rho), task, 22_000)
    uneven = Anisotropic((0.3, 0.5, 0.8))
    task = Task("minima", "gaussian", str(mixed), c=uneven.c, sigma=0.3)
    value = minima.gaussian(mixed, uneven, Noise(0.3))
    yield Check("minima.gaussian", f"{mixed}, c=0.3,0.5,0.8, σ=0.3", value, task, 13_000)
    bracket = minima.noise_monotone(graph, Correlation.geometric(0.6, 6), Noise(0.5))
    for claim, bound in (("lower", bracket.low), ("upper", bracket.high)):
        setting = f"{graph}, c=0.6, σ=0.5"
        yield Check("minima.noise_monotone", setting, bound, field(graph, 0.6, 0.5), 800, claim=claim)
    most, task = minima.independence(hypercube(4)), Task("minima", graph="hypercube:4")
    yield Check("minima.independence", "hypercube:4, iid", most, task, 2000, claim="upper")


def levels_of_minima() -> Iterator[Check]:
    """Minima below a level and the sum of their losses, E#LM times the mean loss of a random minimum."""
    graph, rho, noise = Hamming((5,) * 4), Correlation.geometric(0.6, 4), Noise(0.5)
    iid = Task("minima", graph=str(graph), level=-1.5)
    smooth, noisy = (
        replace(field(graph, 0.6), level=-1.5),
        replace(field(graph, 0.6, 0.5), level=-1.5 * math.sqrt(1.25)),
    )
    yield Check("minima.below", f"{graph}, iid normal", levels.below(graph, -1.5, Normal()), iid, 1700, 1)
    found = levels.below(graph, -1.5, correlation=rho, noise=noise)
    yield Check("minima.below", f"{graph}, c=0.6, σ=0.5", found, noisy, 20_000, 1)
    total = minima.iid(graph).mean * levels.loss_law(graph, Normal()).mean
    yield Check("minima.loss_law", f"{graph}, iid normal, sum of losses", total, iid, 1700, 2)
    total = minima.gaussian(graph, rho) * levels.loss_law(graph, correlation=rho).mean
    yield Check("minima.loss_law", f"{graph}, c=0.6, sum of losses", total, smooth, 13_000, 2)
    found, count = denoising.minimum(graph, rho, noise), minima.gaussian(graph, rho, noise)
    for column, loss in ((2, found.observed), (3, found.true)):
        setting = f"{graph}, c=0.6, σ=0.5, sum of {'observed' if column == 2 else 'true'} losses"
        yield Check("noise.minimum", setting, count * loss, noisy, 20_000, column)


def classic_minima() -> Iterator[Check]:
    """Rough Mount Fuji exactly; NK exactly in blocks, and by its Gaussian counterpart."""
    for graph, slope, trials in ((hypercube(8), 0.5, 2000), (Hamming((3,) * 4), 1.0, 8500)):
        value, task = classics.rough_mount_fuji(graph, slope), Task("minima", "rmf", str(graph), slope=slope)
        yield Check("minima.rmf", f"{graph}, θ={slope:g}", value, task, trials)
    for graph, k, kind, trials, allowance in (
        (hypercube(6), 2, "block", 26_000, 0.0), (Hamming((3,) * 4), 1, "block", 23_000, 0.0),
        (hypercube(12), 2, "random", 16_000, 0.15), (hypercube(12), 2, "adjacent", 21_000, 0.15),
    ):  # fmt: skip
        task = Task("minima", "nk", str(graph), k=k, neighbourhood=kind)
        claim, status = ("within", None) if allowance else ("equal", "exact")
        value = classics.nk(graph, k, kind)
        yield Check("minima.nk", f"{graph}, k={k}, {kind}", value, task, trials, 0, claim, allowance, status=status)


def tree_walks() -> Iterator[Check]:
    """Walks in trees of the branching model, by rule, and where they end."""
    for rule, trials in zip(RULES, (26_000, 30_000, 36_000), strict=True):
        value = walks.tree(Normal(), AR1Kernel(0.6), 8, rule)
        task = Task("steps", "branching", law="normal", kernel="ar1:0.6", degree=8, rule=rule)
        for column, expected in enumerate((value.steps, value.evaluations)):
            setting = f"s=8, ar1:0.6, {rule}, {task.columns[column]}"
            yield Check("walk.tree", setting, expected, task, trials, column)
    memory = walks.fresh_neighbours(parse_graph("regular:1000,8"), "first")
    law = walks.whole_law(Normal(), AR1Kernel(0.6), memory, "first")
    steps = np.arange(len(law.steps))
    spread = float(law.steps @ steps**2 - (law.steps @ steps) ** 2)
    task, setting = Task("steps", "branching", law="normal", kernel="ar1:0.6", degree=8, rule="first"), "s=8, first"
    yield Check("walk.law", f"{setting}, end loss", float(law.ends @ law.losses), task, 11_000, 2)
    yield Check("walk.law", f"{setting}, variance of steps", spread, task, 30_000, statistic="variance")


def successes() -> Iterator[Check]:
    """Shares of walks in trees that end below a level."""
    settings = (("uniform", Uniform(), 8, 0.05, 61_000), ("ar1:0.6", Normal(), 8, 9.5, 91_000))
    for text, law, degree, epsilon, trials in settings:
        value = basins.success(law, parse_kernel(text), degree, epsilon)
        level = parse_kernel(text).support[0] + epsilon
        task = Task("steps", "branching", law=str(law), kernel=text, degree=degree, level=level)
        yield Check("success.epsilon", f"{text}, s={degree}, end below {level:g}", value, task, trials, 3)
        if text == "uniform":
            setting = f"s={degree}, end below {level:g}"
            yield Check("success.iid", setting, basins.success_iid(degree, epsilon), task, trials, 3)
        else:
            wrong, setting = basins.success_published(law, parse_kernel(text), degree, epsilon), f"{text}, s={degree}"
            yield Check("success.published", setting, wrong, task, 4000, 3, "refuted", allowance=0.1)


def preimages() -> Iterator[Check]:
    """Preimages in trees of the branching model, for each kernel; the published recursion must fail."""
    settings = (
        ("truncnorm:0.35", 24, 0.1, 1, 24_000),
        ("truncnorm:0.35", 8, 0.02, 3, 70_000),
        ("lipschitz:0.3", 12, 0.02, 3, 32_000),
        ("ar1:0.6", 6, -2.5, 3, 32_000),
    )
    for text, degree, loss, depth, trials in settings:
        task = Task("basins", "branching", kernel=text, degree=degree, loss=loss, depth=3)
        for k, value in enumerate(basins.branching(parse_kernel(text), degree, loss, depth).by_depth, 1):
            yield Check("preimage.branching", f"{text}, s={degree}, x={loss:g}, k={k}", value, task, trials, k - 1)
    task = Task("basins", "branching", kernel="truncnorm:0.35", degree=24, loss=0.1, depth=3)
    for k, value in enumerate(basins.published(parse_kernel("truncnorm:0.35"), 24, 0.1, 2), 1):
        setting = f"truncnorm:0.35, s=24, x=0.1, k={k}"
        yield Check("preimage.published", setting, value, task, 24_000, k - 1, claim="refuted", allowance=0.5)
    task = Task("basins", "branching", kernel="uniform", degree=8, loss=0.02, depth=3)
    for k, trials in ((1, 2000), (2, 60_000), (3, 225_000)):
        value = basins.iid(8, 0.02, k).by_depth[-1]
        yield Check("preimage.iid", f"s=8, x=0.02, k={k}", value, task, trials, k - 1)


def iid_walks() -> Iterator[Check]:
    """Steps and evaluations on iid losses; allowances are for neglected returns and for cycles of random graphs.

    Of m vertices seen in a random graph of n, about m²/2n are seen again.
    """
    settings = (
        ("complete:200", "steepest", 30, 0.0),
        ("regular:10000,24", "steepest", 100, 0.003),
        ("regular:10000,24", "first", 100, 0.002),
        ("regular:10000,8", "reluctant", 70, 0.002),
        ("hamming:5^6", "steepest", 200, 0.001),
        ("hypercube:12", "steepest", 400, 0.002),
        ("hamming:3x4x5x6", "steepest", 1000, 0.005),
    )
    for text, rule, trials, allowance in settings:
        walk, task = walks.iid(parse_graph(text), rule), Task("steps", graph=text, rule=rule)
        claim, control = "within" if allowance else "equal", minima_control(task)
        for column, value in enumerate((walk.steps, walk.evaluations)):
            setting = f"{text}, {rule}, {task.columns[column]}"
            yield Check(
                "walk.iid", setting, value, task, trials, column, claim, allowance, status=walk.status, control=control
            )
    for text, trials in (("erdos_renyi:300,0.03", 1400), ("torus:20x20", 400), ("hamming:5^4", 650)):
        task = Task("steps", graph=text, rule="reluctant")
        value, control = walks.reluctant(parse_graph(text)), minima_control(task)
        yield Check("walk.reluctant", text, value, task, trials, control=control)
    for text in ("hamming:3x4x5", "hypercube:8"):
        yield Check("walk.additive", text, walks.additive(parse_graph(text)), Task("steps", "additive", text), 200)
        task, tail = Task("steps", "additive", text, depth=3), walks.additive_law(parse_graph(text))[3:].sum()
        yield Check("walk.additive_law", f"{text}, share of ≥ 3 steps", tail, task, 200, 2)
    graph = Hamming((5,) * 5)
    # starts are conserved: the mean number of preimages at depth k is the share of starts that reach it
    for k, trials in ((2, 400), (3, 2400)):
        depths = integrate(lambda x, k=k: np.array([basins.hamming(graph, float(y), k).by_depth[-1] for y in x]), 0, 1)
        claim, allowance, status = ("equal", 0.0, "exact") if k == 2 else ("within", 0.002, None)
        task = Task("steps", graph=str(graph), depth=k)
        setting, control = f"{graph}, k={k}", minima_control(task)
        yield Check(
            "preimage.hamming", setting, depths, task, trials, 2, claim, allowance, status=status, control=control
        )


def given_landscapes() -> Iterator[Check]:
    """Exact chains and bounds on one rugged landscape, against walks on it."""
    rugged = {"graph": "hypercube:8", "rho": Correlation.geometric(0.5, 8).rho, "landscape_seed": 3}
    graph, losses = given_landscape(Task("restart", "gaussian", **rugged))
    sd = float(losses.std())
    for sigma, trials in ((0.3, 210_000), (1.0, 85_000)):
        task, setting = Task("hitting", "gaussian", sigma=sigma, **rugged), f"hypercube:8, c=0.5, σ={sigma:g}"
        yield Check("chain.hitting", setting, hitting.hitting(graph, losses, sigma * sd).value, task, trials)
        found = bounds.loss_drift(graph, losses, sigma * sd)
        yield Check("bound.drift", f"{setting}, from below", found.low, task, 1500, claim="lower")
        if found.high < math.inf:
            yield Check("bound.drift", f"{setting}, from above", found.high, task, 1500, claim="upper")
    best = hitting.best_noise(graph, losses)
    task = Task("hitting", "gaussian", sigma=best.sigma / sd, **rugged)
    yield Check("chain.best_noise", f"hypercube:8, c=0.5, σ*={best.sigma / sd:.3f}", best.value, task, 98_000)
    task = Task("restart", "gaussian", **rugged)
    yield Check("restart.wald", "hypercube:8, c=0.5", hitting.wald(graph, losses).value, task, 70_000)
    task = Task("optimum", graph="hypercube:6")
    yield Check("restart.exchangeable", "hypercube:6, local search", hitting.exchangeable(hypercube(6)), task, 30_000)
    task, walk = Task("descent", "gaussian", rule="first", **rugged), hitting.descent(graph, losses, "first")
    yield Check("chain.descent", "hypercube:8, c=0.5, first", walk.value, task, 30_000)
    ends = bounds.levels(graph, losses, "first")
    yield Check("bound.fitness_levels", "hypercube:8, c=0.5, from below", ends.low, task, 3000, claim="lower")
    yield Check("bound.fitness_levels", "hypercube:8, c=0.5, from above", ends.high, task, 3000, claim="upper")
    best_of = bounds.sample_descend(graph)
    task = Task("sampled", "gaussian", depth=best_of.samples, **rugged)
    setting = f"hypercube:8, c=0.5, {best_of.samples} samples"
    yield Check("bound.sample_descend", setting, best_of.value, task, 2000, claim="upper")
    task = Task("flip", "gaussian", sigma=0.02, **rugged)
    found = bounds.flip(graph, losses, 0.02 * sd).value
    yield Check("bound.flip", "hypercube:8, c=0.5, σ=0.02", found, task, 2000, claim="upper")
    keep = bounds.preserve(graph, losses, 0.5 * sd, 0.1)
    task = Task("flip", "gaussian", sigma=0.5 / math.sqrt(keep.value), **rugged)
    yield Check("noise.preserve", f"hypercube:8, σ=0.5, k={keep.value:.0f}, δ=0.1", 0.1, task, 2000, claim="upper")


def gaussian_walk_table(whole: bool = False) -> Iterator[Check]:
    """Steps on Gaussian fields, within 5 %: a few settings, or the whole table of graphs, c and σ."""
    graphs = (Hamming((5,) * 6), Hamming((3,) * 8), hypercube(12))
    table = [(graph, c, sigma) for graph in graphs for c in (0.3, 0.6, 0.9) for sigma in (0.0, 0.3, 0.5, 1.0)]
    few = [(graphs[0], 0.6, 0.0), (graphs[1], 0.3, 0.5), (graphs[2], 0.9, 0.3)]
    for graph, c, sigma in table if whole else few:
        correlation = Correlation.geometric(c, len(graph.radices))
        value = gaussian_walks.steps(graph, correlation, Noise(sigma)).steps
        task = Task("steps", "gaussian", str(graph), rho=correlation.rho, sigma=sigma)
        setting, trials = f"{graph}, c={c}, σ={sigma:g}", 1500 if c == 0.9 else 450
        control = minima_control(task)
        yield Check("walk.gaussian", setting, value, task, trials, claim="within", allowance=0.05, control=control)
    first = gaussian_walks.first_order(graphs[0], Correlation.geometric(0.9, 6))
    task = Task("steps", "gaussian", str(graphs[0]), rho=Correlation.geometric(0.9, 6).rho)
    yield Check("walk.gaussian_first", f"{graphs[0]}, c=0.9", first, task, 100, claim="refuted", allowance=0.3)


def lines_of_minima() -> Iterator[Check]:
    """Independent lines where they are exact and where they are not; tables order by order, on average."""
    graph, rho = Hamming((5,) * 4), Correlation.geometric(0.6, 4)
    task = field(graph, 0.6)
    yield Check("minima.lines", f"{graph}, c=0.6", lines.gaussian(graph, rho), task, 9000, status="exact")
    mixed, uneven = Hamming((3, 4, 5)), Anisotropic((0.3, 0.5, 0.8))
    task = Task("minima", "gaussian", str(mixed), c=uneven.c)
    yield Check("minima.lines", f"{mixed}, c=0.3,0.5,0.8", lines.gaussian(mixed, uneven), task, 14_000, status="exact")
    rho = Correlation.geometric(0.3, 4)
    found, task = lines.gaussian(graph, rho, Noise(0.5)), field(graph, 0.3, 0.5)
    yield Check("minima.lines", f"{graph}, c=0.3, σ=0.5", found, task, 2000, claim="within", allowance=0.045)
    exact, task = minima.gaussian(graph, rho), Task("table", "gaussian", str(graph), rho=rho.rho)
    for order, trials, allowance in ((1, 400, 0.1), (2, 600, 0.01)):

        def predict(losses: np.ndarray, order: int = order) -> float:
            return lines.table(graph, losses, order).minima

        setting = f"{graph}, c=0.3, mean over tables, order {order}"
        yield Check("minima.planes", setting, exact, task, trials, 0, "within", allowance, reading=predict)


def choices_under_noise() -> Iterator[Check]:
    """True losses of what looks best: of candidates, in one step, and at the end of any search."""
    found = denoising.candidates(50, 0.3, Noise(2.0))
    task = Task("choice", "gaussian", "complete:50", rho=(1, 0.3), sigma=2.0)
    yield Check("noise.candidates", "m=50, ρ=0.3, σ=2, regret", found.regret, task, 43_000, 1)
    task, found = Task("choice", graph="complete:10", sigma=1.0), denoising.candidates(10, 0.0, Noise(1.0))
    yield Check("noise.candidates", "m=10, iid, σ=1, loss chosen", found.chosen, task, 54_000)
    budget = denoising.budget(200, Noise(2.0))
    for seeds, trials in ((1, 55_000), (budget.seeds, 20_000), (20, 21_000)):
        task = Task("choice", graph=f"complete:{200 // seeds}", sigma=2.0, average=seeds)
        yield Check("noise.budget", f"B=200, σ=2, k={seeds}", float(budget.losses[seeds - 1]), task, trials)
    for graph, c, sigma in ((Hamming((5,) * 3), 0.6, 0.5), (Hamming((3, 4, 5)), 0.3, 1.0)):
        rho, noise, setting = Correlation.geometric(c, 3), Noise(sigma), f"{graph}, c={c}, σ={sigma:g}"
        step, task = denoising.step(graph, rho, noise), Task("choice", "gaussian", str(graph), rho=rho.rho, sigma=sigma)
        yield Check("noise.regret", f"{setting}, loss chosen", step.chosen, task, 32_000, 2)
        yield Check("noise.regret", f"{setting}, regret", step.regret, task, 32_000, 3)
        limit = denoising.limit(graph, rho, noise)
        yield Check("noise.limit", f"{setting}, best of all", limit, task, 2000, 0, "lower")
        yield Check("noise.limit", f"{setting}, end of descent", limit, task, 2000, 4, "lower")


def seeds_enough() -> Iterator[Check]:
    """Minima with the least number of seeds that keeps them within a factor, and with one seed fewer."""
    graph, rho = Hamming((5,) * 4), Correlation.geometric(0.6, 4)
    found = denoising.denoise(graph, rho, Noise(0.6), 1.5)
    for seeds, claim in ((found.seeds, "upper"), (found.seeds - 1, "lower")):
        setting, task = f"{graph}, c=0.6, σ=0.6, factor 1.5, k={seeds}", field(graph, 0.6, 0.6, seeds)
        yield Check("noise.denoise", setting, 1.5 * found.noiseless, task, 7000, claim=claim)


def noise_on_given_landscapes() -> Iterator[Check]:
    """Comparisons, the best choice and the end of a descent on one landscape under frozen noise."""
    task = Task("flip", "gaussian", "hypercube:6", rho=Correlation.geometric(0.5, 6).rho, sigma=1.0, landscape_seed=3)
    graph, losses = given_landscape(task)
    noise, setting = Noise(float(losses.std())), "hypercube:6, c=0.5, σ=1"
    flips = denoising.flip(np.abs(losses[graph.neighbours] - losses[:, None]), noise).mean()
    yield Check("noise.flip", f"{setting}, share of edges", float(flips), task, 1600, 2)
    choice = denoising.choice(losses, noise)
    yield Check("noise.choice", f"{setting}, regret", choice.regret, task, 68_000, 3)
    yield Check("noise.choice", f"{setting}, by flips", choice.by_flips, task, 2000, 3, "upper")
    yield Check("noise.choice", f"{setting}, by extremes", choice.by_extremes, task, 2000, 3, "upper")
    bound = denoising.descent(graph, losses, Noise(0.1 * float(losses.std())))
    yield Check("noise.descent", "hypercube:6, c=0.5, σ=0.1", bound, replace(task, sigma=0.1), 2000, 4, "upper")


def random_walks() -> Iterator[Check]:
    """Autocorrelation along random walks on fields; on one landscape, what its spectrum says of them."""
    for graph, trials in ((Hamming((3, 4, 5, 6)), 56_000), (hypercube(8), 40_000)):
        rho = Correlation.geometric(0.5, len(graph.radices))
        task = Task("autocorrelation", "gaussian", str(graph), rho=rho.rho, depth=3)
        for t, value in enumerate(ruggedness.autocorrelation(graph, rho, [1, 2, 3]), 1):
            yield Check("autocorrelation.walk", f"{graph}, c=0.5, t={t}", float(value), task, trials, t - 1)
    graph, far = Hamming((5,) * 3), 40  # beyond, r(t) adds less than (7/12)^40 to the length
    rho = Correlation.geometric(0.8, 3).rho
    task = Task("ruggedness", "gaussian", str(graph), rho=rho, landscape_seed=4, depth=far)
    losses, setting = given_landscape(task)[1], f"{graph}, one landscape"
    own, shares = ruggedness.correlation_by_distance(graph, losses), ruggedness.amplitudes(graph, losses)
    for t, value in enumerate(ruggedness.autocorrelation(graph, own, [1, 2, 3]), 1):
        yield Check("autocorrelation.walk", f"{setting}, t={t}", float(value), task, 25_000, t - 1)
        damped = float(shares @ (1 - np.arange(4) * 5 / graph.degree) ** t)  # all t fix B_1, B_2 and B_3
        yield Check("ruggedness.spectrum", f"{setting}, Σ B_j (1−jq/s)^{t}", damped, task, 25_000, t - 1)
    yield Check("ruggedness.length", setting, ruggedness.correlation_length(graph, losses), task, 25_000, far)
    for i, value in enumerate(ruggedness.correlation_by_coordinate(graph, losses), 1):
        yield Check("ruggedness.coordinate", f"{setting}, coordinate {i}", float(value), task, 2000, far + i)


def estimates() -> Iterator[Check]:
    """ρ_1, σ and r estimated from tables with seeds, and their squared errors over those that they state.

    Allowances are what is left of the bias of a ratio in 625 vertices; it falls as 1/n. A table does not see its own
    mean, of variance Σ_h ρ_h v_h/n, which r does not change.
    """
    graph, rho, seeds = Hamming((5,) * 4), Correlation.geometric(0.3, 4), 3
    task = Task("table", "gaussian", str(graph), rho=rho.rho, sigma=0.5, average=seeds)
    unseen = float(character_sums(graph)[0] @ rho.rho) / graph.n
    r = second_difference(rho, NOISELESS)

    def estimate(losses: np.ndarray) -> ruggedness.Estimate:
        return ruggedness.estimate(graph, losses.reshape(graph.n, seeds))

    def squared_error(losses: np.ndarray) -> float:
        value, over_seeds, over_landscapes = estimate(losses)
        return (value.r - r) ** 2 / (over_seeds.r**2 + over_landscapes.r**2)

    for name, value, trials, allowance, reading in (
        ("ρ_1", (rho[1] - unseen) / (1 - unseen), 1400, 0.01, lambda table: estimate(table).value.rho[1]),
        ("σ", 0.5 / math.sqrt(1 - unseen), 400, 0.005, lambda table: estimate(table).value.sigma),
        ("r", r, 400, 0.005, lambda table: estimate(table).value.r),
        ("squared error of r over that stated", 1.0, 2000, 0.1, squared_error),
    ):
        setting = f"{graph}, c=0.3, σ=0.5, 3 seeds, {name}"
        yield Check("ruggedness.estimate", setting, value, task, trials, 0, "within", allowance, reading=reading)


UNTESTED = {
    "bound.query": "stated for d → ∞, with unknown constants: no simulation can contradict it",
}
"""Results without a check, and why."""


FAMILIES: dict[Callable[[], Iterator[Check]], str] = {
    iid_minima: "minima.iid",
    gaussian_minima: "minima.branching minima.gaussian minima.noise_monotone minima.independence",
    levels_of_minima: "minima.below minima.loss_law noise.minimum",
    lines_of_minima: "minima.lines minima.planes",
    classic_minima: "minima.rmf minima.nk",
    preimages: "preimage.branching preimage.published preimage.iid",
    iid_walks: "walk.iid walk.reluctant walk.additive walk.additive_law preimage.hamming",
    tree_walks: "walk.tree walk.law",
    successes: "success.epsilon success.iid success.published",
    given_landscapes: "restart.wald restart.exchangeable chain.descent chain.hitting chain.best_noise "
    "bound.sample_descend bound.fitness_levels bound.drift bound.flip noise.preserve",
    gaussian_walk_table: "walk.gaussian walk.gaussian_first",
    choices_under_noise: "noise.candidates noise.budget noise.regret noise.limit",
    seeds_enough: "noise.denoise",
    noise_on_given_landscapes: "noise.flip noise.choice noise.descent",
    random_walks: "autocorrelation.walk ruggedness.spectrum ruggedness.length ruggedness.coordinate",
    estimates: "ruggedness.estimate",
}
"""The ids that each family of checks judges: only the families that are asked for compute their predictions."""


def checks(ids: Collection[str] = (), quick: bool = False) -> list[Check]:
    """The checks of the given ids, all by default, in the order of the catalogue.

    Their trials find an error of 2 % of a mean with probability `validation.POWER`; `quick` makes a tenth of them, at
    least 30, and finds one about three times as large. `walk.gaussian` asked for by name brings its whole table.
    """
    found: list[Check] = []
    for family, judges in FAMILIES.items():
        if not ids or set(ids) & set(judges.split()):
            found += gaussian_walk_table(whole="walk.gaussian" in ids) if family is gaussian_walk_table else family()
    order = list(catalogue.RESULTS)
    wanted = [check for check in found if not ids or check.id in ids]
    if quick:
        wanted = [replace(check, trials=min(check.trials, max(30, check.trials // 10))) for check in wanted]
    return sorted(wanted, key=lambda check: order.index(check.id))
