"""`hillscape reproduce`: theorem → Monte Carlo → real tables → figures → one page, in one run."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from theory import denoising, hitting, lines, minima, ruggedness, walks
from theory.graphs import Hamming
from theory.noise import Noise

from . import algorithms, benchmarks, comparison, estimate, search, validation
from .benchmarks import nasbench201
from .benchmarks.table import LossTable
from .files import to_json, write_atomically
from .records import Records

OPERATIONS = ("none", "skip", "relu")
SEEDS = range(6)
"""Of the vector space trained live."""
NASBENCH = tuple(f"nasbench201:{dataset}" for dataset in nasbench201.DATASETS)
OWN = "own:vector"
LOCAL = ("first", "steepest", "steepest_sampled", "steepest_continued", "first_continued", "reluctant")
RIVALS = ("random", "evolution", "tpe")
QUICK = ("first", "steepest", "steepest_continued", "random", "evolution")
"""Algorithms compared: local searches and their rivals, and those of a quick run."""
NOISES = ("denoised", "one seed a cell", "a seed anew")
"""Of searches on a table: the mean over seeds; one seed a cell at random, frozen; one at random in every evaluation."""
RUNS = 300
DRAWS = 20
"""Landscapes of shuffled losses, or with synthetic noise."""
ORDERS = (1, 2, 3, 4)
ADDED = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Synthetic noise, in standard deviations of the table's normal scores."""
TRAININGS = (100, 300, 1000)
AVERAGED = (1, 2, 4, 8, 16)


def reproduce(out: Path, jobs: int = 2, full: bool = False, progress: bool = True) -> dict[str, Any]:
    """Verify every result, check real tables and a space trained live, draw the figures; all written to `out`.

    full  with every trial of the suite and every table that ships, and searches with all rivals
    Trials (`trials.jsonl`), the trained table and every stage are kept: an interrupted run resumes, a finished one is
    not repeated. `report.html` says what became of each of the paper's claims.
    """
    from paper_figs import build, claims, report

    began = time.perf_counter()
    records = Records(out / "trials.jsonl")
    options: dict[str, Any] = {"jobs": jobs, "progress": progress, "records": records}

    def stage(name: str, make: Callable[[], Any], *settings: Any) -> Any:
        started = time.perf_counter()
        content = kept(out / "stages" / f"{name.replace(':', '-')}.json", make, settings)
        if progress:
            print(f"{name}: {time.perf_counter() - started:.1f} s", file=sys.stderr)
        return content

    def figure(name: str) -> dict[str, Any]:
        files = build.build([name], out / "figures", jobs)
        return {"files": [str(file.relative_to(out)) for file in files], "numbers": json.loads(files[-1].read_text())}

    verdicts = stage("verify", lambda: validation.verify(quick=not full, **options), full)
    trained = train_live(out / "vector.npz", progress)
    tables = {name: benchmarks.load(name) for name in (benchmarks.TABLES if full else (*NASBENCH, OWN))}
    live = benchmarks.load(str(trained))
    checked = [*tables.values(), live] if full else [*(tables[name] for name in NASBENCH), live]
    checks = [
        stage(
            f"check-{Path(table.name).stem}-{seeds}",
            lambda table=table, seeds=seeds: validation.check_table(table, seeds, **options),
            digest(table),
        )
        for table in checked
        for seeds in ("mean", 0)
    ]
    trials = 1000 if full else 400
    averaging = stage("averaging", lambda: validation.check_averaging(tables[OWN], trials, **options), trials)
    orders = [stage(f"lines-{name}", lambda table=table: by_lines(table)) for name, table in tables.items()]
    landscapes = [stage(f"landscape-{name}", lambda table=table: landscape(table)) for name, table in tables.items()]
    names = (*LOCAL, *RIVALS) if full else QUICK
    searches = [
        stage(f"search-{name}", lambda name=name: searched(tables[name], names, RUNS, jobs), names)
        for name in (*NASBENCH, OWN)
    ]
    budgets = stage("budgets", lambda: averaged_search(tables[OWN], RUNS, jobs))
    hits = [stage(f"hitting-{name}", lambda name=name: hit(tables[name])) for name in NASBENCH if full]
    drawn = {name: stage(f"figure-{name}", lambda name=name: figure(name)) for name in build.FIGURES}
    missing = [name for name, each in drawn.items() if not all((out / file).exists() for file in each["files"])]
    drawn |= {name: figure(name) for name in missing}
    summary: dict[str, Any] = {
        "provenance": provenance(full),
        "verify": verdicts,
        "checks": checks,
        "averaging": averaging,
        "landscapes": landscapes,
        "lines": orders,
        "searches": searches,
        "budgets": budgets,
        "hitting": hits,
        "figures": {name: each | {"title": build.FIGURES[name].TITLE} for name, each in drawn.items()},
    }
    summary["claims"] = claims.judge(summary)
    summary["agrees"] = all(v["agrees"] for v in verdicts)
    summary["seconds"] = time.perf_counter() - began
    files = [out / "report.html", out / "summary.json"]
    summary["files"] = [str(file) for file in (*files, trained)]
    for file, text in zip(files, (report.page(summary, out), to_json(summary, indent=1)), strict=True):
        write_atomically(file, lambda handle, text=text: handle.write(text.encode()))
    return summary


def train_live(path: Path, progress: bool) -> Path:
    """Train the complete vector space of `OPERATIONS`, 3^6 cells, with a few seeds each."""
    from .trainer import SPACES, Hyperparameters, digits, train

    path.parent.mkdir(parents=True, exist_ok=True)
    train(SPACES["vector"].restrict(OPERATIONS), digits(), Hyperparameters(), list(SEEDS), path, progress=progress)
    return path


def kept(path: Path, make: Callable[[], Any], settings: Iterable[Any] = ()) -> Any:
    """The JSON of make(), kept in a file: read from there where the same code, libraries and settings made it."""
    key = hashlib.sha256(to_json([code_id(), libraries(), *settings]).encode()).hexdigest()
    with suppress(OSError, ValueError, TypeError, KeyError):  # absent, cut short, or something else
        found = json.loads(path.read_text())
        if found["key"] == key:
            return found["content"]
    text = to_json({"key": key, "content": make()})
    write_atomically(path, lambda file: file.write(text.encode()))
    return json.loads(text)["content"]


@cache
def code_id() -> str:
    """Digest of the installed packages: their code and the tables that ship with them."""
    root, digest_of_all = Path(__file__).parents[1], hashlib.sha256()
    for package in ("theory", "simulations", "paper_figs"):
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest_of_all.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest_of_all.hexdigest()


def digest(table: LossTable) -> str:
    """Of its losses."""
    return hashlib.sha256(table.losses.tobytes()).hexdigest()


@cache
def libraries() -> dict[str, str]:
    """Versions of the libraries that are installed."""
    found = {}
    for name in ("numpy", "scipy", "sympy", "joblib", "numba", "matplotlib", "jax", "scikit-learn", "optuna"):
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def provenance(full: bool) -> dict[str, Any]:
    """What made a run: version, code, machine and libraries."""
    return {
        "hillscape": importlib.metadata.version("hillscape"),
        "code": code_id()[:12],
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "full": full,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "libraries": libraries(),
    }


def landscape(table: LossTable) -> dict[str, Any]:
    """What local search meets on a table: denoised, with single seeds, with synthetic noise added, and shuffled.

    Each row has minima, steps, evaluations and the share of starts that reach the optimum of what is observed: of the
    one landscape denoised, means over all complete seeds with the least and the most, else means over `DRAWS`
    landscapes with 99 % intervals. `theory` has what is known of each: with noise added, the exact mean minima of the
    Gaussian field of the table's correlation by distance (where there is such a field); shuffled, minima and walks of
    iid losses.
    """
    graph, losses = table.graph, table.landscape()
    scores, rng = ruggedness.normal_scores(losses), np.random.default_rng(0)
    correlation = ruggedness.correlation_by_distance(graph, scores)
    rows = [{"noise": "mean over seeds", "theory": field_minima(graph, correlation, 0.0)} | met(graph, [losses])]
    seeds = [table.landscape(seed) for seed in range(table.complete_seeds)]
    rows.append({"noise": "one seed", "theory": {}} | met(graph, seeds, whole=True))
    for sigma in ADDED:
        noisy = [scores + sigma * scores.std() * rng.standard_normal(graph.n) for _ in range(DRAWS)]
        rows.append({"noise": f"σ = {sigma:g}", "theory": field_minima(graph, correlation, sigma)} | met(graph, noisy))
    iid = walks.iid(graph)
    theory = {"minima": minima.iid(graph).mean, "steps": iid.steps, "evaluations": iid.evaluations}
    shuffled = [rng.permutation(losses) for _ in range(DRAWS)]
    rows.append({"noise": "shuffled", "theory": theory} | met(graph, shuffled))
    return {"table": table.name, "graph": str(graph), "n": graph.n, "rows": rows}


def field_minima(graph: Hamming, correlation: Any, sigma: float) -> dict[str, float]:
    """Expected minima of the Gaussian field of a correlation under noise; nothing where there is no such field."""
    with suppress(ValueError):
        return {"minima": minima.gaussian(graph, correlation, Noise(sigma))}
    return {}


def met(graph: Hamming, landscapes: list[np.ndarray], whole: bool = False) -> dict[str, Any]:
    """Minima, steps, evaluations and share of starts that reach the optimum: means over landscapes, 99 % intervals.

    whole  these are all landscapes there are: between the least and the most instead
    tied  share of the vertices that have the least loss, mean over landscapes
    """
    seen = []
    for losses in landscapes:
        descent = search.descend(graph, losses)
        reached = (losses[descent.terminal] == losses.min()).mean()
        strict = search.strict_minima(graph, losses).sum()
        seen.append((strict, descent.steps.mean(), descent.evaluations().mean(), reached))
    columns = np.array(seen, dtype=float).T
    names = ("minima", "steps", "evaluations", "p_optimum")
    tied = {"tied": float(np.mean([(losses == losses.min()).mean() for losses in landscapes]))}
    if whole or len(seen) == 1:
        ends = zip(columns.min(axis=1), columns.mean(axis=1), columns.max(axis=1), strict=True)
        return tied | {name: [float(x) for x in each] for name, each in zip(names, ends, strict=True)}
    return tied | {name: list(estimate.mean(values)) for name, values in zip(names, columns, strict=True)}


def by_lines(table: LossTable) -> dict[str, Any]:
    """Minima of the mean and of the first seed: counted, and from joint bests of up to `ORDERS` lines (`lines.table`).

    error  of a prediction: its standard error, and the spread of a count around it; within  20 % or two errors
    """
    rows = []
    for seeds in ("mean", 0):
        losses = table.landscape(seeds)
        count = int(search.strict_minima(table.graph, losses).sum())
        found = {}
        for order in ORDERS:
            prediction = lines.table(table.graph, losses, order)
            error = float(np.hypot(prediction.error, prediction.spread))
            within = abs(prediction.minima - count) <= max(0.2 * count, 2 * error)
            found[str(order)] = {"minima": prediction.minima, "error": error, "within": bool(within)}
        rows.append({"seeds": str(seeds), "count": count, "orders": found})
    return {"table": table.name, "rows": rows}


def searched(table: LossTable, names: Iterable[str], runs: int, jobs: int) -> dict[str, Any]:
    """True regret after 300 evaluations by noise and algorithm, with 99 % intervals; without Optuna there is no TPE.

    lead  of each local search over each rival: difference of the regrets, with an interval that holds for all the local
          searches at once (Bonferroni); where nearly all regrets are 0 it is somewhat too narrow
    """
    names = [name for name in names if name != "tpe" or find_spec("optuna")]
    local = [name for name in names if name in LOCAL]
    confidence = 1 - 0.01 / len(local)
    truth, (points, unit) = table.landscape(), scale(table)
    rows = {}

    def scaled(e: estimate.Estimate) -> estimate.Estimate:
        return estimate.Estimate(*(points * x for x in e))

    for noise in NOISES:
        noisy = algorithms.GaussianNoise(truth) if noise == "denoised" else algorithms.Resampled(table.losses)
        done = comparison.compare(table.graph, noisy, names, 300, runs, fresh=noise == "a seed anew", jobs=jobs)
        ends = {name: np.array([run.regret[-1] for run in each]) for name, each in done.items()}
        rows[noise] = {
            "regret": {name: scaled(estimate.mean(values)) for name, values in ends.items()},
            "lead": {
                mine: {
                    rival: scaled(estimate.difference(ends[rival], ends[mine], confidence))
                    for rival in names
                    if rival in RIVALS
                }
                for mine in local
            },
        }
    return {"table": table.name, "unit": unit, "runs": runs, "noises": rows}


def scale(table: LossTable) -> tuple[float, str]:
    """Factor to the unit in which losses are told, and this unit."""
    family, _, dataset = table.name.partition(":")
    if family == "nasbench201":
        return 100 / nasbench201.DATASETS[dataset], "points of validation error"
    return 1.0, table.unit


def averaged_search(table: LossTable, runs: int, jobs: int) -> dict[str, Any]:
    """True regret where a budget of trainings is spent on k seeds for each cell, by algorithm, budget and k.

    `theory` is the k of `noise.budget` for the table's σ and random candidates: the Gaussian counterpart of "random".
    """
    sigma = ruggedness.estimate(table.graph, ruggedness.normal_scores(table.losses)).value.sigma
    rows = []
    for trainings in TRAININGS:
        regrets: dict[str, dict[str, Any]] = {"first": {}, "random": {}}
        for k in AVERAGED:
            noisy = algorithms.Resampled(table.losses, k)
            done = comparison.compare(table.graph, noisy, regrets, trainings // k, runs, jobs=jobs)
            for name, each in done.items():
                regrets[name][str(k)] = comparison.summary(each)["regret"]
        rows.append(
            {"trainings": trainings, "regret": regrets, "theory": denoising.budget(trainings, Noise(sigma)).seeds}
        )
    return {"table": table.name, "unit": table.unit, "sigma": sigma, "runs": runs, "rows": rows}


def hit(table: LossTable) -> dict[str, Any]:
    """Expected steps to the optimum under the best fresh noise, and evaluations of restarts without noise."""
    losses = table.landscape()
    best = hitting.best_noise(table.graph, losses)
    restarts = hitting.wald(table.graph, losses)
    return {"table": table.name, "sigma": best.sigma / losses.std(), "steps": best.value, "restarts": restarts.value}
