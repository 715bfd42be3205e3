"""Where formulas meet experiments: theory against Monte Carlo (`verify`) and against real tables (`check`).

A verification declares its family-wise false-alarm rate: with m comparisons each interval has the confidence
1 − FALSE_ALARM/m (Bonferroni), and each reports the smallest relative error that it finds with probability POWER.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from theory import catalogue, minima, ruggedness
from theory.laws import AR1Kernel, Normal

from . import estimate, search, suite
from .benchmarks.table import LossTable
from .campaign import run
from .records import Records
from .suite import Check
from .tasks import Task

FALSE_ALARM = 0.01
POWER = 0.95


def judge(check: Check, values: np.ndarray, confidence: float) -> dict[str, Any]:
    """The verdict of a check on its trials, shape (trials,), as a JSON-ready object."""
    measure = estimate.variance if check.statistic == "variance" else estimate.mean
    low, best, high = measure(values, confidence)
    half = max(high - best, best - low)
    slack = max(check.allowance, 1e-12) * abs(check.predicted)  # 1e−12: rounding, where every trial is the same
    below, above = low <= check.predicted + slack, check.predicted - slack <= high
    agrees = {
        "equal": below and above,
        "within": below and above,
        "upper": below,
        "lower": above,
        "refuted": not (below and above),
    }[check.claim]
    error = half / stats.norm.ppf(0.5 + confidence / 2)  # no less than the standard error
    detects = check.allowance + (half + stats.norm.ppf(POWER) * error) / abs(best) if best else np.inf
    return {
        "id": check.id,
        "status": check.status or catalogue.result(check.id).status,
        "setting": check.setting,
        "predicted": float(check.predicted),
        "claim": check.claim,
        "allowance": check.allowance,
        "low": low,
        "best": best,
        "high": high,
        "trials": len(values),
        "detects": float(detects),
        "agrees": bool(agrees),
    }


def judge_all(
    checks: list[Check], jobs: int = 1, progress: bool = False, records: Records | None = None
) -> list[dict[str, Any]]:
    """Verdicts of checks at the family-wise false-alarm rate; a task that several checks share is run once."""
    confidence = 1 - FALSE_ALARM / max(1, len(checks))
    trials: dict[Task, int] = {}
    for check in checks:
        trials[check.task] = max(check.trials, trials.get(check.task, 0))
    values = {task: run(task, count, jobs, progress, records) for task, count in trials.items()}
    return [judge(check, check.read(values[check.task][: check.trials]), confidence) for check in checks]


def verify(
    ids: list[str] | None = None,
    trials: int | None = None,
    jobs: int = 1,
    progress: bool = False,
    records: Records | None = None,
    quick: bool = False,
) -> list[dict[str, Any]]:
    """Judge the suite's checks of the given ids (all by default); `trials` replaces the suite's own numbers.

    quick  fewer trials, without the slowest checks; records  trials on file, see `campaign.run`
    ValueError for an unknown id or fewer than 2 trials.
    """
    for name in ids or []:
        catalogue.result(name)
    if trials is not None and trials < 2:
        raise ValueError(f"trials: {trials} must be at least 2")
    checks = suite.checks(ids or (), quick)
    if trials is not None:
        checks = [replace(check, trials=trials) for check in checks]
    return judge_all(checks, jobs, progress, records)


def observe_table(table: LossTable, seeds: str | int) -> dict[str, float]:
    """Strict local minima, mean steps of steepest descent, and share of starts that reach the global minimum."""
    losses = table.landscape(seeds)
    descent = search.descend(table.graph, losses)
    return {
        "minima": int(search.strict_minima(table.graph, losses).sum()),
        "steps": float(descent.steps.mean()),
        "p_global": float((descent.terminal == losses.argmin()).mean()),
    }


def check_table(
    table: LossTable,
    seeds: str | int = "mean",
    trials: int = 400,
    jobs: int = 1,
    progress: bool = False,
    records: Records | None = None,
) -> dict[str, Any]:
    """A real table against the stationary Gaussian field of its own correlation by distance.

    The normal scores of the table give ρ_0..ρ_d. Expected minima follow from `minima.gaussian`; the spread of the
    minima of one landscape, and steps and the share of starts that reach the optimum (no exact law is known), come from
    simulated fields of that correlation. An observation agrees if it lies in the central 99 % of simulated landscapes;
    nothing is tuned to the counts. `branching` is minima.branching with the AR(1) kernel of ρ_1, for comparison.
    """
    graph = table.graph
    correlation = ruggedness.correlation_by_distance(graph, ruggedness.normal_scores(table.landscape(seeds)))
    observed = observe_table(table, seeds)
    steps = run(Task("steps", "gaussian", str(graph), rho=correlation.rho), trials, jobs, progress, records)
    basins = run(Task("basins", "gaussian", str(graph), rho=correlation.rho), trials, jobs, progress, records)
    simulated = {"minima": np.rint(graph.n / basins[:, 1]), "steps": steps[:, 0], "p_global": basins[:, 0]}
    interval = {name: np.quantile(values, [0.005, 0.995]).tolist() for name, values in simulated.items()}
    predicted = {name: float(values.mean()) for name, values in simulated.items()}
    with contextlib.suppress(ValueError):  # where r leaves [0, 1/2] the mean over the simulated fields stands
        predicted["minima"] = minima.gaussian(graph, correlation)
    return {
        "table": table.name,
        "seeds": str(seeds),
        "graph": str(graph),
        "observed": observed,
        "predicted": predicted,
        "interval": interval,
        "agrees": {name: interval[name][0] <= observed[name] <= interval[name][1] for name in observed},
        "branching": minima.branching(graph, Normal(), AR1Kernel(correlation[1])),
        "rho": list(correlation.rho),
        "trials": trials,
    }
