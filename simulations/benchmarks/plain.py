"""A table of one's own: CSV with a header, one column a coordinate, optionally `seed`, and last `loss`."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from theory.graphs import Hamming

from .table import LossTable


def load(path: str | Path) -> LossTable:
    """The complete grid of a CSV file as a tabular landscape.

    The letters of a coordinate are its different values, numbers in increasing order, other words in alphabetical
    order; seeds likewise. ValueError, naming the file and the line, for a missing header, a row of another length, a
    loss that is no finite number, a repeated or a missing vertex. FileNotFoundError where there is no file.
    """
    with open(path, newline="", encoding="utf-8") as file:
        try:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, row) for row in reader if row]
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not a CSV file ({error})") from None
    header = [name.strip() for name in lines[0][1]] if lines else []
    rows = lines[1:]
    if len(header) < 2 or header[-1] != "loss":
        raise ValueError(f"{path}: the header must name the coordinates and, last, 'loss'; found {header}")
    seeded = header[-2] == "seed"
    d = len(header) - 1 - seeded
    if d < 1:
        raise ValueError(f"{path}: the header names no coordinate")
    for line, row in rows:
        if len(row) != len(header):
            raise ValueError(f"{path}: line {line} has {len(row)} fields, the header {len(header)}")
    words = np.array([[word.strip() for word in row[:-1]] for _, row in rows], dtype=str).reshape(-1, len(header) - 1)
    losses = np.array([_loss(path, line, row[-1]) for line, row in rows])
    letters = [_numbered(words[:, i]) for i in range(len(header) - 1)]
    graph = Hamming(_radices(path, header, letters[:d]))
    vertex = np.ravel_multi_index(letters[:d], graph.radices)
    seed = letters[d] if seeded else np.zeros(len(vertex), dtype=np.int64)
    seeds = int(seed.max()) + 1
    cell, counts = np.unique(vertex * seeds + seed, return_counts=True)
    if (counts > 1).any():
        again = int(cell[counts > 1][0]) // seeds
        raise ValueError(f"{path}: vertex {np.unravel_index(again, graph.radices)} is given more than once")
    if missing := graph.n - len(np.unique(vertex)):
        raise ValueError(f"{path}: {missing} of the grid's {graph.n} vertices are missing")
    table = np.full((graph.n, seeds), np.nan)
    table[vertex, seed] = losses
    order = np.argsort(np.isnan(table), axis=1, kind="stable")  # recorded seeds first
    return LossTable(str(path), graph, np.take_along_axis(table, order, axis=1), "loss")


def _loss(path: str | Path, line: int, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{path}: line {line} has the loss {word!r}, which is not a finite number")
    return value


def _numbered(words: np.ndarray) -> np.ndarray:
    """Index of each word among the different ones, in numerical order where all are numbers."""
    try:
        return np.unique(words.astype(float), return_inverse=True)[1]
    except ValueError:
        return np.unique(words, return_inverse=True)[1]


def _radices(path: str | Path, header: list[str], letters: list[np.ndarray]) -> tuple[int, ...]:
    radices = tuple(int(column.max(initial=-1)) + 1 for column in letters)
    for name, q in zip(header, radices, strict=False):
        if q < 2:
            raise ValueError(f"{path}: coordinate {name!r} has {q} different values; a landscape needs at least 2")
    return radices
