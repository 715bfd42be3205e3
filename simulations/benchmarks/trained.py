"""Tables of trained cells, the format `hillscape-table/2`.

A table is a NumPy `.npz` archive without pickles:

    header           0-d unicode array, a JSON object with sorted keys
    cells            int64 (cells,): the cells trained, numbered in C order of the radices (last edge fastest)
    valid_loss       float32 (cells, seeds): mean cross-entropy on the validation part, nats
    valid_accuracy   float32 (cells, seeds): share of the validation part that is classified correctly
    test_accuracy    float32 (cells, seeds): the same on the test part
    train_loss       float32 (cells, seeds): mean cross-entropy on the training part, nats
    valid_curve      float16 (cells, seeds, epochs of the curve): validation loss after those epochs, nats

A complete table has `cells` = 0..n−1. A training that diverged holds NaN or infinity. The header's keys:

    format            "hillscape-table/2"
    name              "space/data"
    space             {"name", "edges": [[0, 1], …], "operations": [[names allowed], …]}, one an edge
    radices           numbers of allowed operations, one an edge
    data              {"name", "train", "valid", "test": samples, "features": values a sample, "classes", "sha256"}
    hyperparameters   fields of `Hyperparameters`
    curve             list of the epochs of `valid_curve`
    seeds             list of the seeds
    versions          {package: version}
    device            kind of device
    units             {metric: unit}
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from theory.graphs import Hamming

from ..files import read_arrays, write_atomically
from .table import LossTable

FORMAT = "hillscape-table/2"
METRICS = {
    "valid_loss": "nats",
    "valid_accuracy": "share",
    "test_accuracy": "share",
    "train_loss": "nats",
    "valid_curve": "nats",
}
"""Units of the metrics, in the order in which they are kept."""
KEYS = {
    "format", "name", "space", "radices", "data", "hyperparameters", "curve", "seeds", "versions", "device", "units",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Table:
    """Metrics of trained cells, arrays as above, with the header that says how they were made."""

    header: dict[str, Any]
    cells: np.ndarray
    valid_loss: np.ndarray
    valid_accuracy: np.ndarray
    test_accuracy: np.ndarray
    train_loss: np.ndarray
    valid_curve: np.ndarray

    def __post_init__(self) -> None:
        if not isinstance(self.header, dict) or self.header.get("format") != FORMAT:
            raise ValueError(f"header: must be an object of format {FORMAT!r}")
        if set(self.header) != KEYS:
            raise ValueError(f"header: keys {sorted(self.header)} must be {sorted(KEYS)}")
        radices = [len(names) for names in self.header["space"]["operations"]]
        if self.header["radices"] != radices:
            raise ValueError(f"header: radices {self.header['radices']} must be {radices}, as its operations say")
        cells, n = self.cells, math.prod(radices)
        if cells.dtype != np.int64 or cells.ndim != 1 or len(np.unique(cells)) != len(cells):
            raise ValueError(f"cells: {cells.dtype} {cells.shape} must be different int64 numbers (cells,)")
        if len(cells) and not (cells.min() >= 0 and cells.max() < n):
            raise ValueError(f"cells: {cells.min()} to {cells.max()} must be within 0..{n - 1}")
        shape = (len(cells), len(self.header["seeds"]))
        for metric in METRICS:
            values, dtype, needed = getattr(self, metric), np.dtype(np.float32), shape
            if metric == "valid_curve":
                dtype, needed = np.dtype(np.float16), (*shape, len(self.header["curve"]))
            if values.dtype != dtype or values.shape != needed:
                raise ValueError(f"{metric}: {values.dtype} {values.shape} must be {dtype} {needed}")

    def extended(self, cells: np.ndarray, metrics: dict[str, np.ndarray]) -> Table:
        """The table with further cells (more,) and their metrics, each (more, seeds, …)."""
        old = {metric: getattr(self, metric) for metric in METRICS}
        with np.errstate(over="ignore"):  # a diverged loss beyond float16 is infinite
            joined = {name: np.concatenate([old[name], metrics[name].astype(old[name].dtype)]) for name in METRICS}
        return Table(self.header, np.concatenate([self.cells, cells]), **joined)

    def save(self, path: str | Path) -> None:
        """Write the table to `path`, in a folder made if need be, atomically."""
        header = np.array(json.dumps(self.header, sort_keys=True, ensure_ascii=False))
        metrics = {metric: getattr(self, metric) for metric in METRICS}
        write_atomically(
            path, lambda file: np.savez_compressed(file, allow_pickle=False, header=header, cells=self.cells, **metrics)
        )


def load(path: str | Path) -> Table:
    """Read and check a table.

    Raises FileNotFoundError where there is none, and ValueError, naming the path and the problem, for a file
    that is truncated, lacks an array or holds one of another shape or type.
    """
    arrays = read_arrays(path, ("header", "cells", *METRICS))
    try:
        return Table(json.loads(str(arrays.pop("header"))), **arrays)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path}: {error}") from error


def losses(path: str | Path) -> LossTable:
    """The validation losses of a trained table as a tabular landscape.

    ValueError, besides those of `load`, where cells are missing or trainings diverged.
    """
    table = load(path)
    graph = Hamming(tuple(table.header["radices"]))
    if not np.array_equal(table.cells, np.arange(graph.n)):
        raise ValueError(f"{path}: holds {len(table.cells)} cells, but a landscape needs all {graph.n} in order")
    if diverged := int((~np.isfinite(table.valid_loss)).sum()):
        raise ValueError(f"{path}: {diverged} trainings diverged; their losses are not finite")
    return LossTable(str(path), graph, table.valid_loss, "validation loss, nats")
