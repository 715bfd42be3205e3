"""Where formulas meet experiments: theory against Monte Carlo (`verify`) and against real tables (`check`).

A verification declares its family-wise false-alarm rate: with m comparisons each interval has the confidence
1 − FALSE_ALARM/m (Bonferroni), and each reports the smallest relative error that it finds with probability POWER.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy import stats

from theory import catalogue, minima, ruggedness
from theory.correlations import Correlation
from theory.graphs import Hamming
from theory.laws import AR1Kernel, Normal
from theory.noise import NOISELESS, Noise

from . import estimate, search, suite
from .benchmarks.table import LossTable
from .campaign import run
from .records import Records
from .suite import Check
from .surrogate import Surrogate, dressed
from .tasks import Task

FALSE_ALARM = 0.01
POWER = 0.95
CENTRAL = FALSE_ALARM / 8, 1 - FALSE_ALARM / 8
"""Quantiles between which the model holds an observation: all four together with probability 99 % (Bonferroni)."""
NEAR = 0.001
"""Share of the vertices, the best of all, that counts as near the optimum."""
SHUFFLES = 10
"""Random divisions of the seeds of a table into groups."""


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

    quick  a tenth of the trials, at least 30; records  trials on file, see `campaign.run`
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


def observe(graph: Hamming, losses: np.ndarray) -> dict[str, float]:
    """Strict local minima, mean steps of steepest descent, and shares of starts that reach the global minimum, and that
    end among the best `NEAR` of all vertices."""
    descent = search.descend(graph, losses)
    return {
        "minima": int(search.strict_minima(graph, losses).sum()),
        "steps": float(descent.steps.mean()),
        "p_global": float((descent.terminal == losses.argmin()).mean()),
        "p_near": float(np.isin(descent.terminal, search.best_vertices(losses, NEAR)).mean()),
    }


def gaussian_model(
    graph: Hamming, correlation: Correlation, noise: Noise, trials: int, **options: Any
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """What to `observe` on Gaussian fields under frozen noise: means, and the `CENTRAL` part of single fields.

    The mean of the minima is exact, by `minima.gaussian`; no exact law of the rest is known, it is simulated.
    """
    task = Task(
        "basins", "gaussian", str(graph), rho=correlation.rho, sigma=noise.sigma, average=noise.average, share=NEAR
    )
    columns = dict(zip(task.columns, run(task, trials, **options).T, strict=True))
    simulated = {"minima": columns["basins"], **{name: columns[name] for name in ("steps", "p_global", "p_near")}}
    means, intervals = _summary(simulated, CENTRAL)
    with contextlib.suppress(ValueError):  # where r leaves [0, 1/2] the mean over the simulated fields stands
        means["minima"] = minima.gaussian(graph, correlation, noise)
    return means, intervals


def _summary(
    values: dict[str, np.ndarray], quantiles: tuple[float, float]
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Mean of each, and the two quantiles of each."""
    means = {name: float(v.mean()) for name, v in values.items()}
    return means, {name: np.quantile(v, quantiles).tolist() for name, v in values.items()}


def _together(seen: list[dict[str, float]]) -> dict[str, np.ndarray]:
    """Observations of many landscapes by name, each of shape (landscapes,)."""
    return {name: np.array([one[name] for one in seen]) for name in seen[0]}


def _agrees(observed: dict[str, float], interval: dict[str, list[float]]) -> dict[str, bool]:
    return {name: low <= observed[name] <= high for name, (low, high) in interval.items()}


def check_table(
    table: LossTable, seeds: str | int = "mean", trials: int = 1000, jobs: int = 1, **options: Any
) -> dict[str, Any]:
    """A real table against random tables with its low-order effects, losses and noise, `surrogate.Surrogate`.

    Nothing is tuned to what is observed, which agrees if it lies in the `CENTRAL` part of simulated landscapes.
    stationary  for comparison, the Gaussian field of the landscape's own ρ_0..ρ_d (of normal scores): predicted,
                interval, agrees; None where no such field exists, as happens with unequal radices
    branching   for comparison, minima.branching with the AR(1) kernel of ρ_1
    options     progress and records of the stationary field, as for `campaign.run`
    ValueError for a table on another than a Hamming graph, or a constant one.
    """
    graph, losses = _hamming(table), table.landscape(seeds)
    correlation = ruggedness.correlation_by_distance(graph, ruggedness.normal_scores(losses))
    observed = observe(graph, losses)

    def landscapes(drawn: np.ndarray) -> list[np.ndarray]:
        return [replace(table, losses=drawn).landscape(seeds)]

    ((predicted, interval),) = _surrogate_models(graph, table.losses, landscapes, trials, jobs)
    stationary = None
    with contextlib.suppress(ValueError):  # ρ is not positive semi-definite
        field = correlation.completed(graph)
        stationary = _judged(observed, *gaussian_model(graph, field, NOISELESS, trials, jobs=jobs, **options))
    return {
        "table": table.name,
        "seeds": str(seeds),
        "graph": str(graph),
        "observed": observed,
        **_judged(observed, predicted, interval),
        "stationary": stationary,
        "kept": kept(graph),
        "branching": minima.branching(graph, Normal(), AR1Kernel(correlation[1])),
        "rho": list(correlation.rho),
        "trials": trials,
    }


def _hamming(table: LossTable) -> Hamming:
    if not isinstance(table.graph, Hamming):
        raise ValueError(f"{table.name}: {table.graph} is not a Hamming graph, on which the models of a check live")
    return table.graph


def _judged(
    observed: dict[str, float], predicted: dict[str, float], interval: dict[str, list[float]]
) -> dict[str, dict[str, Any]]:
    return {"predicted": predicted, "interval": interval, "agrees": _agrees(observed, interval)}


def check_averaging(table: LossTable, trials: int = 1000, jobs: int = 1, **options: Any) -> dict[str, Any]:
    """Averaging k = 1, 2, 4, … seeds of a table, observed, against two models.

    stationary  the Gaussian field with noise of variance σ²/k everywhere; ρ_1, ρ_2 and σ come from
                `ruggedness.estimate` on the normal scores of all losses, the other ρ_h from `Correlation.completed`
    by_rank     `surrogate.Surrogate`: effects of few coordinates as in the table, a field of the others' variances, the
                table's losses, and its noise at each rank
    Neither takes anything from what is observed. Observed is the mean over as many disjoint groups of k seeds as there
    are, in `SHUFFLES` random divisions, and `spread` the central 95 % of these landscapes (None where all seeds are one
    group). An observation agrees with a model if it lies in the `CENTRAL` part of its single landscapes.
    ValueError for a table of fewer than 4 complete seeds, on another than a Hamming graph, or of a ρ_1 and ρ_2 that no
    stationary field has there.
    """
    graph, seeds = _hamming(table), table.complete_seeds
    if seeds < 4:
        raise ValueError(f"{table.name}: {seeds} complete seeds; averaging them needs at least 4")
    losses = table.losses[:, :seeds]
    found = ruggedness.estimate(graph, ruggedness.normal_scores(losses))
    try:
        correlation = Correlation((1.0, *(float(rho) for rho in found.value.rho[1:3]))).completed(graph)
    except ValueError as error:
        raise ValueError(f"{table.name}: no stationary field to compare with; {error}") from None
    averaged = [2**i for i in range(seeds.bit_length())]

    def landscapes(drawn: np.ndarray) -> list[np.ndarray]:
        return [drawn[:, :k].mean(axis=1) for k in averaged]

    by_rank, rows = _surrogate_models(graph, losses, landscapes, trials, jobs), []
    for k, of_ranks in zip(averaged, by_rank, strict=True):
        observed, spread = _observe_groups(graph, losses, k)
        noise = Noise(found.value.sigma, k)
        models = {
            "stationary": gaussian_model(graph, correlation, noise, trials, jobs=jobs, **options),
            "by_rank": of_ranks,
        }
        row: dict[str, Any] = {"seeds": k, "observed": observed, "spread": spread}
        rows.append(row | {name: _judged(observed, *predicted) for name, predicted in models.items()})
    errors = {name: getattr(found.landscape_error, name) for name in ("sigma", "r")}
    return {
        "table": table.name,
        "graph": str(graph),
        "seeds": seeds,
        "rho": [float(rho) for rho in found.value.rho[:3]],
        "sigma": found.value.sigma,
        "r": found.value.r,
        "errors": errors | {"rho": found.landscape_error.rho[:3].tolist()},
        "rows": rows,
        "trials": trials,
    }


def _surrogate(graph: Hamming, losses: np.ndarray) -> Surrogate:
    """The surrogate of a table's normal scores, by their analysis of variance; a single seed passes for the truth.

    In scores one seed far from the others counts for its rank: in losses its distance would stray, by their mean, into
    the noise of the others, and double it on HPOLib and HPOBench.
    Effects of up to `kept` coordinates are the table's own; higher ones are random.
    """
    scores = ruggedness.normal_scores(losses)
    means = np.nanmean(scores, axis=1)
    if np.isnan(losses[:, 1:]).all():
        true = ruggedness.interactions(graph, means) * np.var(means)
        noise = np.zeros_like(true)
    else:
        true, noise = ruggedness.denoised_interactions(graph, scores)
    order = kept(graph)
    higher = np.where(np.indices(true.shape).sum(axis=0) > order, true, 0)
    return Surrogate(graph, scores, ruggedness.effects(graph, means, order), higher, noise)


def _as_losses(losses: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The increasing map from normal scores to a table's losses, linear between those that it has."""
    recorded = np.sort(losses[~np.isnan(losses)])
    return partial(np.interp, xp=ruggedness.normal_scores(recorded), fp=recorded)


def kept(graph: Hamming) -> int:
    """Coordinates whose joint effects are a table's own in its surrogate: two, but fewer than half of all."""
    return min(2, (len(graph.radices) - 1) // 2)


def _surrogate_models(
    graph: Hamming, losses: np.ndarray, landscapes: Callable[[np.ndarray], list[np.ndarray]], trials: int, jobs: int
) -> list[tuple[dict[str, float], dict[str, list[float]]]]:
    """For each landscape of a table of losses: means of `observe` over those of random tables, and their `CENTRAL`."""
    if trials < 1:
        raise ValueError(f"trials: {trials} must be at least 1")
    model, as_losses, values = _surrogate(graph, losses), _as_losses(losses), landscapes(losses)

    def one(number: int) -> list[dict[str, float]]:
        rng = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(number,)))
        drawn = landscapes(as_losses(model.draw(rng)))
        return [observe(graph, dressed(order, own)) for order, own in zip(drawn, values, strict=True)]

    seen: Any = Parallel(n_jobs=jobs)(delayed(one)(i) for i in range(trials))
    return [_summary(_together(list(each)), CENTRAL) for each in zip(*seen, strict=True)]


def _observe_groups(
    graph: Hamming, losses: np.ndarray, k: int
) -> tuple[dict[str, float], dict[str, list[float]] | None]:
    """Means of `observe` over landscapes of k seeds each, and their central 95 %.

    No bootstrap: seeds drawn twice leave the noise of fewer (data/own_vector.md).
    """
    rng, seeds, seen = np.random.default_rng(k), losses.shape[1], []
    for order in [rng.permutation(seeds) for _ in range(SHUFFLES)] if k < seeds else [np.arange(seeds)]:
        groups = order[: seeds // k * k].reshape(-1, k)
        seen += [observe(graph, losses[:, group].mean(axis=1)) for group in groups]
    means, spread = _summary(_together(seen), (0.025, 0.975))
    return means, spread if len(seen) > 1 else None
