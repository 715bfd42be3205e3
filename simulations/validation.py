"""Where formulas meet experiments: theory against Monte Carlo (`verify`) and against real tables (`check`).

A verification suite declares its family-wise false-alarm rate: with m comparisons each interval has the confidence
1 − FALSE_ALARM/m (Bonferroni), and each reports the smallest relative error that it finds with probability 0.95.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from theory import basins, catalogue, minima, ruggedness
from theory.correlations import Correlation
from theory.graphs import parse_graph
from theory.laws import AR1Kernel, Normal, parse_kernel
from theory.noise import Noise

from . import estimate, search
from .benchmarks.table import LossTable
from .campaign import Task, run

FALSE_ALARM = 0.01
POWER = 0.95


@dataclass(frozen=True)
class Check:
    """One prediction against one column of a task.

    claim     equal: the mean is as predicted; upper, lower: the prediction bounds the mean from above, below;
              within: an approximation, off by no more than `allowance` (relative); refuted: it is off by more than
              `allowance`, as documented
    statistic mean or variance of the trials
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

    def judge(self, values: np.ndarray, confidence: float) -> dict[str, Any]:
        """The verdict on trials of shape (trials,), as a JSON-ready object."""
        measure = estimate.variance if self.statistic == "variance" else estimate.mean
        low, best, high = measure(values, confidence)
        slack = max(self.allowance, 1e-12) * abs(self.predicted)  # 1e−12: rounding, where every trial is the same
        meets = low <= self.predicted + slack and self.predicted - slack <= high
        agrees = {
            "equal": meets,
            "within": meets,
            "upper": low <= self.predicted + slack,
            "lower": self.predicted - slack <= high,
            "refuted": not meets,
        }[self.claim]
        error = (high - best) / stats.t.ppf(0.5 + confidence / 2, len(values) - 1)
        detects = (high - best + stats.norm.ppf(POWER) * error) / abs(best) if best else np.inf
        return {
            "id": self.id, "status": catalogue.result(self.id).status, "setting": self.setting, "claim": self.claim,
            "predicted": self.predicted, "low": low, "best": best, "high": high, "trials": len(values),
            "allowance": self.allowance, "detects": float(detects), "agrees": bool(agrees),
        }  # fmt: skip


def _gaussian_task(graph: str, rho: tuple[float, ...], sigma: float = 0.0, average: int = 1) -> Task:
    return Task("minima", "gaussian", graph, rho=rho, sigma=sigma, average=average)


def _minima_checks() -> list[Check]:
    checks = []
    for text, trials in (("hamming:5^6", 200), ("erdos_renyi:500,0.02", 300), ("torus:30x30", 300), ("regular:2000,24", 300)):
        mean = minima.iid(parse_graph(text)).mean
        checks.append(Check("minima.iid", f"{text}, mean", mean, Task("minima", graph=text), trials))
    for text in ("hamming:3x4x5", "erdos_renyi:40,0.1", "cycle:100"):
        task = Task("minima", graph=text)
        variance = minima.iid(parse_graph(text)).variance
        checks.append(Check("minima.iid", f"{text}, variance", variance, task, 10_000, statistic="variance"))
    for c in (0.3, 0.6):
        graph, field = parse_graph("hypercube:10"), Correlation.geometric(c, 10)
        value = minima.branching(graph, Normal(), AR1Kernel(c))
        checks.append(Check("minima.branching", f"hypercube:10, ar1:{c}", value, _gaussian_task(str(graph), field.rho), 3000))
    graph = parse_graph("hamming:5^6")
    for c, sigma, average, trials in ((0.3, 0, 1, 400), (0.6, 0, 1, 1500), (0.6, 0.6, 4, 800), (0.9, 0, 1, 4000), (0.9, 0.3, 1, 800)):
        field, noise = Correlation.geometric(c, 6), Noise(sigma, average)
        setting = f"{graph}, c={c}, σ={sigma}" + (f", mean of {average}" if average > 1 else "")
        task = _gaussian_task(str(graph), field.rho, sigma, average)
        checks.append(Check("minima.gaussian", setting, minima.gaussian(graph, field, noise), task, trials))
    field, graph = Correlation((1, 0.5, 0.2)), parse_graph("hamming:3x4x5")
    checks.append(Check("minima.gaussian", f"{graph}, ρ=0.5,0.2", minima.gaussian(graph, field), _gaussian_task(str(graph), field.rho), 4000))
    graph, field = parse_graph("hamming:5^6"), Correlation.geometric(0.6, 6)
    bracket = minima.noise_monotone(graph, field, Noise(0.5))
    task = _gaussian_task(str(graph), field.rho, 0.5)
    checks.append(Check("minima.noise_monotone", f"{graph}, c=0.6, σ=0.5, from below", bracket.low, task, 200, claim="lower"))
    checks.append(Check("minima.noise_monotone", f"{graph}, c=0.6, σ=0.5, from above", bracket.high, task, 200, claim="upper"))
    most = minima.independence(parse_graph("hypercube:4"))
    checks.append(Check("minima.independence", "hypercube:4, iid", most, Task("minima", graph="hypercube:4"), 2000, claim="upper"))
    return checks


def _basin_checks() -> list[Check]:
    checks = []
    for text, degree, loss, trials in (("truncnorm:0.35", 24, 0.1, 6000), ("lipschitz:0.3", 12, 0.2, 3000), ("ar1:0.6", 6, -1.0, 6000)):
        task = Task("basins", "branching", kernel=text, degree=degree, loss=loss, depth=3)
        predicted = basins.branching(parse_kernel(text), degree, loss, 3).by_depth
        published = basins.published(parse_kernel(text), degree, loss, 3)
        for k in (1, 2, 3):
            setting = f"{text}, s={degree}, x={loss:g}, k={k}"
            checks.append(Check("preimage.branching", setting, predicted[k - 1], task, trials, k - 1))
            if text == "truncnorm:0.35" and k < 3:
                checks.append(
                    Check("preimage.published", setting, published[k - 1], task, trials, k - 1, "refuted", allowance=0.5)
                )  # fmt: skip
    task = Task("basins", "branching", kernel="uniform", degree=8, loss=0.02, depth=3)
    for k, value in enumerate(basins.iid(8, 0.02, 3).by_depth, 1):
        checks.append(Check("preimage.iid", f"s=8, x=0.02, k={k}", value, task, 6000, k - 1))
    return checks


def _walk_checks() -> list[Check]:
    checks = []
    settings = (
        # graph, rule, trials, allowance: exact and asymptotic ones have none; the approximations neglect returns
        ("complete:200", "steepest", 4000, 0.0), ("regular:40000,24", "steepest", 24, 0.001),
        ("regular:40000,24", "first", 24, 0.001), ("regular:40000,24", "reluctant", 24, 0.001),
        ("hamming:5^6", "steepest", 200, 0.001), ("hypercube:12", "steepest", 400, 0.002), ("hamming:3x4x5x6", "steepest", 1000, 0.005),
    )  # fmt: skip
    for text, rule, trials, allowance in settings:
        walk = catalogue.result("walk.iid").predict(graph=parse_graph(text), rule=rule)
        task = Task("steps", graph=text, rule=rule)
        claim = "within" if allowance else "equal"
        for column, name in enumerate(("value", "evaluations")):
            quantity = "steps" if name == "value" else name
            if name == "evaluations" and (text, rule) == ("complete:200", "steepest"):
                continue  # every run evaluates all 200 vertices: nothing random to judge
            checks.append(Check("walk.iid", f"{text}, {rule}, {quantity}", walk[name], task, trials, column, claim, allowance))
    for text in ("erdos_renyi:300,0.03", "torus:20x20", "hamming:5^4"):
        value = catalogue.result("walk.reluctant").predict(graph=parse_graph(text))["value"]
        checks.append(Check("walk.reluctant", text, value, Task("steps", graph=text, rule="reluctant"), 500))
    for text in ("hamming:3x4x5", "hypercube:8"):
        value = catalogue.result("walk.additive").predict(graph=parse_graph(text))["value"]
        checks.append(Check("walk.additive", text, value, Task("steps", "additive", text), 2000))
    return checks


def suite() -> list[Check]:
    """All checks of the verification suite, in the order of the catalogue."""
    order = list(catalogue.RESULTS)
    return sorted([*_minima_checks(), *_basin_checks(), *_walk_checks()], key=lambda check: order.index(check.id))


def verify(ids: list[str] | None = None, trials: int | None = None, jobs: int = 1, progress: bool = False) -> list[dict[str, Any]]:
    """Judge the checks of the given ids (all by default); `trials` replaces the suite's own numbers of trials."""
    for name in ids or []:
        catalogue.result(name)
    checks = [check for check in suite() if not ids or check.id in ids]
    if trials is not None:
        checks = [replace(check, trials=trials) for check in checks]
    return judge_all(checks, jobs, progress)


def judge_all(checks: list[Check], jobs: int = 1, progress: bool = False) -> list[dict[str, Any]]:
    """Verdicts of checks at the family-wise false-alarm rate; each task is run once."""
    confidence = 1 - FALSE_ALARM / max(1, len(checks))
    wanted: dict[Task, int] = {}
    for check in checks:
        wanted[check.task] = max(check.trials, wanted.get(check.task, 0))
    trials = {task: run(task, count, jobs, progress) for task, count in wanted.items()}
    return [check.judge(trials[check.task][: check.trials, check.column], confidence) for check in checks]


def observe_table(graph_losses: LossTable, seeds: str | int) -> dict[str, float]:
    """Strict local minima, mean steps of steepest descent, and share of starts that reach the global minimum."""
    graph, losses = graph_losses.graph, graph_losses.landscape(seeds)
    descent = search.descend(graph, losses)
    return {
        "minima": int(search.strict_minima(graph, losses).sum()),
        "steps": float(descent.steps.mean()),
        "p_global": float((descent.terminal == losses.argmin()).mean()),
    }


def check_table(table: LossTable, seeds: str | int = "mean", trials: int = 400, jobs: int = 1, progress: bool = False) -> dict[str, Any]:
    """A real table against the stationary Gaussian field of its own correlation by distance.

    The normal scores of the table give ρ_0..ρ_d. Expected minima follow from `minima.gaussian`; the spread of one landscape's
    minima, and steps and share of starts that reach the optimum (for which no exact law is known), from simulated
    fields of that correlation. Each observation is judged by the central 99 % of simulated landscapes, no parameter
    being tuned to the counts. `branching` is minima.branching with the AR(1) kernel of ρ_1, for comparison.
    """
    graph = table.graph
    correlation = ruggedness.correlation_by_distance(graph, ruggedness.normal_scores(table.landscape(seeds)))
    observed = observe_table(table, seeds)
    steps = run(Task("steps", "gaussian", str(graph), rho=correlation.rho), trials, jobs, progress)
    basin = run(Task("basins", "gaussian", str(graph), rho=correlation.rho), trials, jobs, progress)
    simulated = {"minima": np.rint(graph.n / basin[:, 1]), "steps": steps[:, 0], "p_global": basin[:, 0]}
    spread = {name: np.quantile(values, [0.005, 0.995]).tolist() for name, values in simulated.items()}
    predicted = {name: float(values.mean()) for name, values in simulated.items()}
    predicted["minima"] = minima.gaussian(graph, correlation)
    agrees = {name: bool(spread[name][0] <= observed[name] <= spread[name][1]) for name in observed}
    return {
        "table": table.name, "seeds": str(seeds), "graph": str(graph), "observed": observed, "predicted": predicted,
        "interval": spread, "branching": minima.branching(graph, Normal(), AR1Kernel(correlation[1])),
        "rho": list(correlation.rho), "trials": trials, "agrees": agrees,
    }  # fmt: skip
