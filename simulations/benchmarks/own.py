"""Tables trained by this package, with more seeds than others have; the data card is `data/own_vector.md`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from . import trained
from .table import LossTable

DATASETS = {"vector": "all 15,625 cells of the space `vector` on digits, 16 seeds"}
"""What each table holds."""


def path(dataset: str) -> Path:
    """The file of a table. ValueError for an unknown one."""
    if dataset not in DATASETS:
        raise ValueError(f"dataset: {dataset!r} is unknown; allowed: {', '.join(DATASETS)}")
    return Path(__file__).parent / "data" / f"own_{dataset}.npz"


def load(dataset: str) -> LossTable:
    """Validation losses of a table. ValueError for an unknown or a damaged one.

    >>> load("vector").losses.shape
    (15625, 16)
    """
    return replace(trained.losses(path(dataset)), name=f"own:{dataset}")
