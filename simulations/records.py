"""Trials on file: one line of JSON a batch, with its own checksum, only ever appended.

A trial is known by (task id, replicate) and is the same wherever it is run, so the files of several machines are merged
by concatenation: the sum over distinct trials. A line that was cut short or damaged is not counted, and its trials are
run again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .tasks import Task

Row = tuple[float, ...]


class Records:
    """The trials of a file, by task id and replicate.

    path     the file, which need not exist yet; None keeps them in memory only
    damaged  number of lines that were not counted
    ValueError, naming file and trial, where one trial has two results that are not `alike`; the first one counts.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path, self.damaged = None if path is None else Path(path), 0
        self.tasks: dict[str, Task] = {}
        self._rows: dict[str, dict[int, Row]] = {}
        if self.path is not None and self.path.exists():
            for line in self.path.read_bytes().splitlines():
                self._count(line)

    def _count(self, line: bytes) -> None:
        try:
            batch = json.loads(line)
            if batch.pop("sha256") != _checksum(batch):
                raise ValueError("damaged")
            task, first, rows = Task(**batch["task"]), int(batch["first"]), batch["rows"]
        except (ValueError, TypeError, KeyError, AttributeError):
            self.damaged += 1
        else:
            self._enter(task, first, map(tuple, rows))

    def _enter(self, task: Task, first: int, rows: Iterable[Row]) -> None:
        self.tasks[task.id] = task
        known = self._rows.setdefault(task.id, {})
        for number, row in enumerate(rows, first):
            if not alike(known.setdefault(number, row), row):
                raise ValueError(
                    f"{self.path}: trial {number} of task {task.id} has two results, {known[number]} and {row}; "
                    "they were run by different versions, keep one file"
                )

    def rows(self, task: Task) -> dict[int, Row]:
        """The known rows of a task by replicate."""
        return self._rows.get(task.id, {})

    def append(self, task: Task, first: int, rows: np.ndarray) -> None:
        """Write the rows of replicates first, first+1, … to the end of the file, and to disk."""
        self._enter(task, first, map(tuple, rows.tolist()))
        if self.path is None:
            return
        batch: dict[str, Any] = {"task": task.given, "first": first, "rows": rows.tolist()}
        line = json.dumps(batch | {"sha256": _checksum(batch)}, sort_keys=True) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
            cut = file.read() not in (b"", b"\n")  # the last line, by a kill or a full disk
            file.write((cut * "\n" + line).encode())
            file.flush()
            os.fsync(file.fileno())


def alike(row: Row, other: Row) -> bool:
    """Whether two results of a trial are the same but for rounding, which differs between machines: 1e−9."""
    return row == other or (len(row) == len(other) and np.allclose(row, other, rtol=1e-9, atol=1e-12, equal_nan=True))


def _checksum(batch: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(batch, sort_keys=True).encode()).hexdigest()[:16]
