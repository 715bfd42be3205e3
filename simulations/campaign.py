"""Monte Carlo campaigns: replicates of a task, the same numbers for any backend, number of workers and batch size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import numpy as np
from joblib import Parallel, delayed, parallel_config
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from . import estimate
from .records import Records, alike
from .tasks import Task, replicate

BACKENDS = ("loky", "threading", "dask")


def run(
    task: Task,
    trials: int,
    jobs: int = 1,
    progress: bool = False,
    records: Records | None = None,
    batch: int | None = None,
) -> np.ndarray:
    """Trials 0..trials−1 of a task, shape (trials, number of columns), in order.

    jobs      workers of the joblib backend in use, see `workers`; 1 runs here
    progress  a bar on standard error
    records   trials that are on file are not run again, and new ones are appended as their batch ends: whatever
              interrupts a campaign, a rerun goes on from there to the same numbers. One trial on file is repeated
              first, to see that it still comes out the same
    batch     trials that one worker runs at a time
    ValueError for trials, jobs or batch < 1, and for trials on file that this version does not reproduce.
    """
    for name, value in (("trials", trials), ("jobs", jobs), ("batch", batch)):
        if value is not None and value < 1:
            raise ValueError(f"{name}: {value} must be at least 1")
    known = {} if records is None else dict(records.rows(task))
    _repeat_one(task, known)
    size = batch or max(1, min(256, math.ceil(trials / (8 * jobs))))
    missing = _stretches([number for number in range(trials) if number not in known], size)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), disable=not progress, transient=True) as bar:
        counter = bar.add_task(f"{task.quantity} {task.model} {task.graph}", total=trials)
        bar.advance(counter, trials - sum(map(len, missing)))
        calls = (delayed(_batch)(task, stretch) for stretch in missing)
        done: Any = Parallel(n_jobs=jobs, return_as="generator_unordered")(calls)
        for first, rows in done:
            if records is not None:
                records.append(task, first, rows)
            known |= zip(range(first, first + len(rows)), map(tuple, rows.tolist()), strict=True)
            bar.advance(counter, len(rows))
    return np.array([known[number] for number in range(trials)])


def _stretches(numbers: list[int], size: int) -> list[range]:
    """Consecutive numbers in ranges of at most `size`."""
    runs = ([n for _, n in group] for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]))
    return [range(i, min(i + size, r[-1] + 1)) for r in runs for i in range(r[0], r[-1] + 1, size)]


def _batch(task: Task, numbers: range) -> tuple[int, np.ndarray]:
    return numbers.start, np.stack([replicate(task, number) for number in numbers])


def _repeat_one(task: Task, known: dict[int, tuple[float, ...]]) -> None:
    """ValueError where the first trial on file does not come out alike today."""
    if known:
        number = min(known)
        now = tuple(replicate(task, number).tolist())
        if not alike(known[number], now):
            raise ValueError(
                f"records: trial {number} of task {task.id} is {known[number]} on file and {now} now; "
                "the file is of another version, start a new one"
            )


def run_until(
    task: Task,
    precision: float,
    most: int,
    confidence: float = 0.99,
    first: int = 100,
    **options: Any,
) -> tuple[np.ndarray, float]:
    """Trials until the mean of the first column is known to a relative half-width, and the confidence left for it.

    Looks after first, 2·first, 4·first, … trials, at most `most`, spend the misses as `estimate.look_confidence`: an
    interval at the returned confidence is valid although the campaign chose when to stop.
    options  as for `run`. ValueError for precision ≤ 0 or fewer than 2 trials.
    """
    options["records"] = options.get("records") or Records()
    if not precision > 0:
        raise ValueError(f"precision: {precision} must be positive")
    if min(first, most) < 2:
        raise ValueError(f"trials: {min(first, most)} must be at least 2")
    look, trials = 1, min(first, most)
    while True:
        values, left = run(task, trials, **options), estimate.look_confidence(confidence, look)
        low, best, high = estimate.mean(values[:, 0], left)
        if max(high - best, best - low) <= precision * abs(best) or trials == most:
            return values, left
        look, trials = look + 1, min(2 * trials, most)


@contextmanager
def workers(backend: str = "loky", jobs: int = 1) -> Iterator[None]:
    """The joblib backend of campaigns inside: loky (processes), threading, or Dask.

    backend  dask starts a local cluster of `jobs` worker processes; an address such as tcp://host:8786 uses the Dask
             cluster there. ValueError for an unknown backend, ImportError where Dask is not installed.
    """
    if backend in ("loky", "threading"):
        with parallel_config(backend=backend):
            yield
        return
    if backend != "dask" and "://" not in backend:
        raise ValueError(f"backend: {backend!r} is unknown; allowed: {', '.join(BACKENDS)}, or a Dask address")
    try:
        from distributed import Client
    except ImportError:
        raise ImportError("backend: Dask is not installed; pip install 'hillscape[dask]'") from None
    local = {"n_workers": jobs, "threads_per_worker": 1, "dashboard_address": None}
    with Client(**local) if backend == "dask" else Client(backend), parallel_config(backend="dask"):
        yield
