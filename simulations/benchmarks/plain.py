"""A table of one's own: CSV or Parquet with one column a coordinate, optionally `seed`, and last `loss`."""

from __future__ import annotations

import csv
import itertools
import math
from pathlib import Path

import numpy as np

from theory.graphs import Hamming

from .table import LossTable

Rows = list[tuple[str, list[str]]]
"""Where a row is, and its words."""
SHOWN = 3
"""So many of the vertices that are wrong are named."""


def load(path: str | Path, parquet: bool = False) -> LossTable:
    """The complete grid of a CSV file with a header, or of a Parquet file, as a tabular landscape.

    The letters of a coordinate are its different values, numbers in increasing order, other words in alphabetical
    order; seeds likewise. A vertex may lack seeds. Parquet needs the extra `parquet`, else ImportError.
    FileNotFoundError where there is no file. ValueError, naming the file and the rows or vertices, for a missing
    header, a row of another length, a loss that is no finite number, a coordinate of one value, and repeated or
    missing vertices.
    """
    header, rows = _parquet(path) if parquet else _csv(path)
    if len(header) < 2 or header[-1] != "loss":
        raise ValueError(f"{path}: the header must name the coordinates and, last, 'loss'; found {header}")
    names = header[: -2 if header[-2] == "seed" else -1]
    if "seed" in names:
        raise ValueError(f"{path}: the column 'seed' must stand just before 'loss'; found {header}")
    if not names:
        raise ValueError(f"{path}: the header names no coordinate")
    for where, row in rows:
        if len(row) != len(header):
            raise ValueError(f"{path}: {where} has {len(row)} fields, the header {len(header)}")
    losses = np.array([_loss(path, where, row[-1]) for where, row in rows])
    found = [_letters([row[i] for _, row in rows]) for i in range(len(header) - 1)]
    alphabets = [words for words, _ in found]
    letters = np.array([places for _, places in found])  # (columns but the last, rows)
    for name, alphabet in zip(names, alphabets, strict=False):
        if len(alphabet) < 2:
            raise ValueError(
                f"{path}: coordinate {name!r} has {len(alphabet)} different values; a landscape needs at least 2"
            )
    _refuse_repeated(path, header, rows, letters)
    _refuse_missing(path, names, alphabets[: len(names)], letters[: len(names)])
    graph = Hamming(tuple(len(alphabet) for alphabet in alphabets[: len(names)]))
    vertex = np.ravel_multi_index(tuple(letters[: len(names)]), graph.radices)
    seed = letters[len(names)] if len(letters) > len(names) else np.zeros(len(rows), dtype=np.int64)
    table = np.full((graph.n, int(seed.max()) + 1), np.nan)
    table[vertex, seed] = losses
    order = np.argsort(np.isnan(table), axis=1, kind="stable")  # recorded seeds first
    return LossTable(str(path), graph, np.take_along_axis(table, order, axis=1), "loss")


def _csv(path: str | Path) -> tuple[list[str], Rows]:
    with open(path, newline="", encoding="utf-8") as file:
        try:
            reader = csv.reader(file, strict=True)
            rows = [(f"line {reader.line_num}", [word.strip() for word in row]) for row in reader if row]
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not a CSV file ({error})") from None
    return (rows[0][1], rows[1:]) if rows else ([], [])


def _parquet(path: str | Path) -> tuple[list[str], Rows]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ImportError(f"{path}: reading Parquet needs pyarrow; pip install 'hillscape[parquet]'") from None
    with open(path, "rb") as file:
        try:
            columns = parquet.read_table(file).to_pydict()
        except (pyarrow.ArrowException, OSError) as error:
            raise ValueError(f"{path}: not a Parquet file ({error})") from None
    rows = zip(*columns.values(), strict=True)
    return list(columns), [(f"row {i}", [str(value) for value in row]) for i, row in enumerate(rows)]


def _loss(path: str | Path, where: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{path}: {where} has the loss {word!r}, which is not a finite number")
    return value


def _letters(words: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The different words of a column, in numerical order where all are numbers, and the place of each row's."""
    column = np.array(words, dtype=str)
    try:
        _, first, places = np.unique(column.astype(float), return_index=True, return_inverse=True)
    except ValueError:
        _, first, places = np.unique(column, return_index=True, return_inverse=True)
    return column[first], places


def _named(names: list[str], words: list[str]) -> str:
    return ", ".join(f"{name}={word}" for name, word in zip(names, words, strict=False))


def _refuse_repeated(path: str | Path, header: list[str], rows: Rows, letters: np.ndarray) -> None:
    """ValueError where two rows give the same vertex and seed."""
    _, first, place = np.unique(letters, axis=1, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[place] != np.arange(len(rows)))
    if len(again):
        shown = [
            f"{rows[row][0]} repeats {_named(header[:-1], rows[row][1])} of {rows[first[place[row]]][0]}"
            for row in again[:SHOWN]
        ]
        raise ValueError(f"{path}: {len(again)} rows repeat an earlier one: {'; '.join(shown)}")


def _refuse_missing(path: str | Path, names: list[str], alphabets: list[np.ndarray], letters: np.ndarray) -> None:
    """ValueError where a vertex of the grid has no row."""
    there, n = set(zip(*letters.tolist(), strict=True)), math.prod(map(len, alphabets))
    if len(there) < n:
        grid = itertools.product(*(range(len(alphabet)) for alphabet in alphabets))
        gone = itertools.islice((vertex for vertex in grid if vertex not in there), SHOWN)
        shown = [_named(names, [alphabets[i][letter] for i, letter in enumerate(vertex)]) for vertex in gone]
        missing = f"{n - len(there)} of the grid's {n} vertices are missing"
        raise ValueError(f"{path}: {missing}: {'; '.join(shown)}{'; …' if n - len(there) > SHOWN else ''}")
