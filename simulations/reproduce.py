"""`hillscape reproduce`: theorem → Monte Carlo → real benchmark → figure, in one run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from . import benchmarks, validation
from .benchmarks import nasbench201
from .files import to_json, write_atomically
from .records import Records

OPERATIONS = ("none", "skip", "relu")
SEEDS = range(6)


def reproduce(out: Path, jobs: int = 2, progress: bool = True) -> dict[str, Any]:
    """Verify every result, check real tables and a space trained live, draw the figures; all written to `out`.

    Trials (`trials.jsonl`) and the trained table are kept: an interrupted run resumes, a finished one is not repeated.
    """
    from paper_figs import build

    began = time.perf_counter()
    records = Records(out / "trials.jsonl")
    verdicts = validation.verify(jobs=jobs, progress=progress, records=records, quick=True)
    trained = train_live(out / "vector.npz", progress)
    names = [*(f"nasbench201:{dataset}" for dataset in nasbench201.DATASETS), str(trained)]
    checks = [
        validation.check_table(benchmarks.load(name), seeds, jobs=jobs, progress=progress, records=records)
        for name in names
        for seeds in ("mean", 0)
    ]
    averaging = validation.check_averaging(benchmarks.load("own:vector"), jobs=jobs, progress=progress, records=records)
    agrees = [*(c["agrees"] for c in checks), *(row["by_rank"]["agrees"] for row in averaging["rows"])]
    figures = build.build(None, out / "figures", jobs)
    summary = {
        "verify": verdicts,
        "checks": checks,
        "averaging": averaging,
        "agrees": all(v["agrees"] for v in verdicts) and all(all(each.values()) for each in agrees),
        "seconds": time.perf_counter() - began,
        "files": [str(path) for path in (trained, *figures, out / "summary.json")],
    }
    text = to_json(summary, indent=1)
    write_atomically(out / "summary.json", lambda file: file.write(text.encode()))
    return summary


def train_live(path: Path, progress: bool) -> Path:
    """Train the complete vector space of `OPERATIONS`, 3^6 cells, with a few seeds each."""
    from .trainer import SPACES, Hyperparameters, digits, train

    path.parent.mkdir(parents=True, exist_ok=True)
    train(SPACES["vector"].restrict(OPERATIONS), digits(), Hyperparameters(), list(SEEDS), path, progress=progress)
    return path
