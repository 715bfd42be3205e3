"""Real benchmarks as tabular landscapes: one adapter a table."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from . import hpobench, hpolib, nasbench201, nasbench_macro, own, plain, trained
from .table import LossTable

FAMILIES = {"nasbench201": nasbench201, "own": own, "hpolib": hpolib, "hpobench": hpobench}
"""Family of tables that ship with the package → the module with their names, `DATASETS`, and `load`."""

TABLES = tuple(f"{family}:{dataset}" for family, module in FAMILIES.items() for dataset in module.DATASETS)
"""Names of the tables that ship with the package."""

FILES = {
    ".npz": trained.losses,
    ".csv": plain.load,
    ".parquet": partial(plain.load, parquet=True),
    ".json": nasbench_macro.load,
}
"""Suffix of a table's file → its reader: of trained tables, one's own, and NAS-Bench-Macro."""


def load(name: str, kind: str | None = None) -> LossTable:
    """The table of a name in `TABLES`, or of the path of a file in a format of `FILES`.

    kind  of the file: csv, parquet, npz, json; by default its suffix
    ValueError for an unknown name or kind, or a damaged file.
    """
    if kind is not None:
        if f".{kind}" not in FILES:
            raise ValueError(f"format: {kind!r} is unknown; allowed: {', '.join(suffix[1:] for suffix in FILES)}")
        return FILES[f".{kind}"](name)
    family, _, dataset = name.partition(":")
    if family in FAMILIES:
        return FAMILIES[family].load(dataset)
    if read := FILES.get(Path(name).suffix):
        return read(name)
    allowed = f"{', '.join(TABLES)}, or the path of a file {', '.join(FILES)}"
    raise ValueError(f"table: {name!r} is unknown; allowed: {allowed}")
