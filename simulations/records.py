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
    ValueError, naming file and trial, where one trial has two different results.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path, self.damaged = None if path is None else Path(path), 0
        self.tasks: dict[str, Task] = {}
        self._rows: dict[str, dict[int, Row]] = {}
        self._whole = True  # whether the file ends with a newline
        if self.path is not None and self.path.exists():
            content = self.path.read_bytes()
            self._whole = not content or content.endswith(b"\n")
            for line in content.splitlines():
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
            if known.setdefault(number, row) != row:
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
        with self.path.open("ab") as file:
            file.write(("" if self._whole else "\n").encode() + line.encode())
            self._whole = False  # until all of it is written
            file.flush()
            os.fsync(file.fileno())
        self._whole = True


def _checksum(batch: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(batch, sort_keys=True).encode()).hexdigest()[:16]
