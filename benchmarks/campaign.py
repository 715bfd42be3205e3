"""Campaigns: cost over a plain loop of trials as replicates grow, and parallel efficiency of two workers.

    python benchmarks/campaign.py [SECONDS]

SECONDS (12 by default) is about how long the campaign with one worker takes. Efficiency is T(1)/(2·T(2)), workers
started beforehand; both campaigns write their trials to a file.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from simulations.campaign import run
from simulations.records import Records
from simulations.tasks import Task, replicate

TASK = Task("steps", "gaussian", "hamming:5^6", rho=(1, 0.6, 0.36, 0.216, 0.1296, 0.07776, 0.046656))


class Efficiency(NamedTuple):
    """Trials and seconds of one and of two workers, and T(1)/(2·T(2))."""

    trials: int
    one: float
    two: float
    efficiency: float


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    start = perf_counter()
    work()
    return perf_counter() - start


def recorded(trials: int, jobs: int) -> float:
    """Seconds of a campaign that writes to a new file."""
    with tempfile.TemporaryDirectory() as folder:
        return seconds(lambda: run(TASK, trials, jobs, records=Records(Path(folder) / "trials.jsonl")))


def overhead(trials: int) -> float:
    """Time of a recorded campaign of one worker over that of a plain loop of the same trials."""
    return recorded(trials, 1) / seconds(lambda: [replicate(TASK, number) for number in range(trials)])


def efficiency(length: float) -> Efficiency:
    """Two workers against one, on as many trials as take one worker `length` seconds."""
    run(TASK, 8, 2)  # workers started, code compiled
    trials = max(16, round(length / (recorded(8, 1) / 8)))
    one, two = recorded(trials, 1), recorded(trials, 2)
    return Efficiency(trials, one, two, one / (2 * two))


if __name__ == "__main__":
    replicate(TASK, 0)
    print(f"{TASK.quantity} on Gaussian fields, {TASK.graph}\nreplicates   campaign / plain loop")
    for count in (10, 100, 1000):
        print(f"{count:10}   {overhead(count):.2f}")
    found = efficiency(float(sys.argv[1]) if len(sys.argv) > 1 else 12)
    print(f"{found.trials} trials: 1 worker {found.one:.1f} s, 2 workers {found.two:.1f} s", end="")
    print(f", efficiency {found.efficiency:.2f}")
