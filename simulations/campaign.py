"""Monte Carlo campaigns: the replicates of a task, the same numbers for any number of workers."""

from __future__ import annotations

import math

import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .tasks import Task, replicate


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
