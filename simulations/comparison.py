"""Algorithms against each other on one landscape: the same noise for all, and the same numbers for any workers."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from theory.graphs import Graph

from . import estimate
from .algorithms import Noisy, Run, check_count, run
from .baselines import ALGORITHMS


def compare(
    graph: Graph,
    noisy: Noisy,
    names: Iterable[str],
    budget: int = 300,
    runs: int = 100,
    fresh: bool = False,
    seed: int = 0,
    jobs: int = 1,
) -> dict[str, list[Run]]:
    """Runs of algorithms by name.

    Run i has the same frozen noise for every algorithm (common random numbers), and choices of its own, keyed by
    (seed, algorithm, i). Arguments as of `algorithms.run`; jobs  workers of the joblib backend in use.
    ValueError for an unknown name and for runs, jobs or a budget below 1.
    """
    names = list(names)
    for name in names:
        if name not in ALGORITHMS:
            raise ValueError(f"algorithms: {name!r} is unknown; allowed: {', '.join(ALGORITHMS)}")
    check_count("runs", runs)
    check_count("jobs", jobs)
    calls = (delayed(one)(graph, noisy, name, budget, fresh, seed, number) for name in names for number in range(runs))
    done: Any = Parallel(n_jobs=jobs)(calls)
    return {name: done[i * runs : (i + 1) * runs] for i, name in enumerate(names)}


def one(graph: Graph, noisy: Noisy, name: str, budget: int, fresh: bool, seed: int, number: int) -> Run:
    """Run `number` of one algorithm, alone."""
    noise = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    choices = np.random.SeedSequence(seed, spawn_key=(number, zlib.crc32(name.encode())))
    return run(ALGORITHMS[name], graph, noisy, budget, noise, np.random.default_rng(choices), fresh)


def summary(runs: list[Run], confidence: float = 0.99) -> dict[str, estimate.Estimate]:
    """Of the incumbents at the end: regret, and share of runs in which it is the optimum."""
    regret = np.array([found.regret[-1] for found in runs])
    return {"regret": estimate.mean(regret, confidence), "optimal": estimate.mean(regret == 0, confidence)}
