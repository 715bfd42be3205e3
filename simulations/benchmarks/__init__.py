"""Real benchmarks as tabular landscapes: one adapter a table."""

from __future__ import annotations

from . import nasbench201, plain, trained
from .table import LossTable

TABLES = tuple(f"nasbench201:{dataset}" for dataset in nasbench201.DATASETS)
"""Names of the tables that ship with the package."""


def load(name: str) -> LossTable:
    """The table of a name in `TABLES`, or of a path: a trained table (`.npz`, see `trained`) or `.csv` (see `plain`).

    ValueError for an unknown name or a damaged file.
    """
    family, _, dataset = name.partition(":")
    if family == "nasbench201":
        return nasbench201.load(dataset)
    if name.endswith(".npz"):
        return trained.losses(name)
    if name.endswith(".csv"):
        return plain.load(name)
    raise ValueError(f"table: {name!r} is unknown; allowed: {', '.join(TABLES)}, or the path of a .npz or .csv")
