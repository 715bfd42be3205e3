"""Tabular landscapes: validation, seeds, and what is observed on one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulations import benchmarks, validation
from simulations.benchmarks import LossTable
from theory import reference
from theory.graphs import Hamming

NAN = np.nan
GRAPH = Hamming((2, 2))


def table(losses: object) -> LossTable:
    return LossTable("toy", GRAPH, np.array(losses), "errors")


def test_the_mean_is_over_the_recorded_seeds() -> None:
    toy = table([[1, 3, 5], [2, 4, NAN], [0, 0, 3], [7, 9, NAN]])
    assert toy.landscape().tolist() == toy.landscape("mean").tolist() == [3, 3, 1, 8]


@pytest.mark.parametrize("seed", [1, "1"])
def test_a_seed_is_a_column(seed: int | str) -> None:
    assert table([[1, 3, 5], [2, 4, NAN], [0, 6, 3], [7, 9, NAN]]).landscape(seed).tolist() == [3, 4, 6, 9]


@pytest.mark.parametrize(
    ("losses", "complete"),
    [
        ([[1, 2, 3]] * 4, 3),
        ([[1, 2, NAN]] * 4, 2),
        ([[1, 2], [1, NAN], [1, 2], [1, 2]], 1),
        ([[1, NAN, 3]] * 4, 1),
    ],
)
def test_complete_seeds_lead(losses: list[list[float]], complete: int) -> None:
    assert table(losses).complete_seeds == complete


@pytest.mark.parametrize("seeds", [2, "2", -1, "-1", "all", "", "1.0", 3])
def test_an_incomplete_seed_is_no_landscape(seeds: int | str) -> None:
    with pytest.raises(ValueError, match=r"seeds: .* must be 'mean' or one of 0\.\.1"):
        table([[1, 3, 5], [2, 4, NAN], [0, 6, 3], [7, 9, NAN]]).landscape(seeds)


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        ([[1.0]] * 3, r"toy: losses of shape \(3, 1\) must be \(4, seeds\)"),
        ([[1.0]] * 5, r"toy: losses of shape \(5, 1\) must be \(4, seeds\)"),
        ([1.0] * 4, r"toy: losses of shape \(4,\) must be \(4, seeds\)"),
        (np.empty((4, 0)), r"toy: losses of shape \(4, 0\) must be \(4, seeds\)"),
        ([[1.0], [NAN], [2.0], [NAN]], "toy: 2 of 4 vertices are NaN at the first seed"),
        ([[1.0, np.inf]] * 3 + [[1.0, NAN]], "toy: 3 losses are infinite"),
    ],
)
def test_bad_tables_are_refused(losses: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        table(losses)


@pytest.mark.parametrize("name", ["nasbench101:cifar10", "cifar10", "", "table.txt"])
def test_unknown_tables_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"table: .* is unknown; allowed: nasbench201:cifar10, .* or the path of"):
        benchmarks.load(name)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK\x03\x04 truncated"),
        lambda path: np.savez(path, losses=np.zeros(4)),
        lambda path: np.savez(path, header=np.array({"a": 1}, dtype=object)),
    ],
    ids=["empty", "truncated", "other arrays", "pickled header"],
)
def test_damaged_trained_tables_are_refused(tmp_path: Path, write: Callable[[Path], object]) -> None:
    path = tmp_path / "table.npz"
    write(path)
    with pytest.raises(ValueError, match=r"table\.npz"):
        benchmarks.load(str(path))


def written(folder: Path, text: str) -> str:
    (folder / "own.csv").write_text(text, encoding="utf-8")
    return str(folder / "own.csv")


def test_own_table_is_a_grid_of_letters(tmp_path: Path) -> None:
    """Numbers are ordered as numbers, words as words; rows may come in any order."""
    rows = ["10, a ,5", "9,b,4", "10,b,6", "9,a,3", "9,c,2", "10,c,1"]
    own = benchmarks.load(written(tmp_path, "width,kind,loss\n" + "\n".join(rows)))
    assert own.graph == Hamming((2, 3))
    assert own.losses.tolist() == [[3], [4], [2], [5], [6], [1]]


def test_own_table_has_seeds(tmp_path: Path) -> None:
    own = benchmarks.load(written(tmp_path, "x,seed,loss\n0,1,5\n0,7,6\n1,7,8\n"))
    np.testing.assert_array_equal(own.losses, [[5, 6], [8, NAN]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the header must name the coordinates"),
        ("x,y\n0,1\n", "the header must name the coordinates and, last, 'loss'"),
        ("seed,loss\n0,1\n", "the header names no coordinate"),
        ("x,loss\n", "coordinate 'x' has 0 different values"),
        ("x,loss\n0,1\n", "coordinate 'x' has 1 different values"),
        ("x,loss\n0,1\n1,2,3\n", "line 3 has 3 fields, the header 2"),
        ("x,loss\n0,1\n\n1,2,3\n", "line 4 has 3 fields, the header 2"),
        ("x,loss\n0,1\n1,good\n", "line 3 has the loss 'good', which is not a finite number"),
        ("x,loss\n0,nan\n1,2\n", "line 2 has the loss 'nan'"),
        ("x,loss\n0,1\n1,inf\n", "line 3 has the loss 'inf'"),
        ("x,loss\n0,1\n1,2\n0,3\n", "1 rows repeat an earlier one: line 4 repeats x=0 of line 2"),
        ("x,y,loss\n0,0,1\n0,1,2\n1,0,3\n", "1 of the grid's 4 vertices are missing: x=1, y=1$"),
        ('x,loss\n"0,1\n', "not a CSV file"),
    ],
)  # fmt: skip
def test_bad_own_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"own\.csv: .*{message}"):
        benchmarks.load(written(tmp_path, text))


@pytest.mark.parametrize("name", benchmarks.TABLES)
def test_shipped_tables_load(name: str) -> None:
    shipped = benchmarks.load(name)
    assert shipped.name == name
    assert shipped.graph.n == len(shipped.losses)


@pytest.mark.parametrize("seed", range(5))
def test_observations_are_the_literal_ones(seed: int) -> None:
    graph = Hamming((3, 4, 2))
    losses = np.random.default_rng(seed).integers(0, 9, graph.n).astype(float)
    losses[5] = -1
    seen = validation.observe(graph, losses)
    paths = [reference.path(graph, losses.tolist(), v) for v in range(graph.n)]
    assert seen == {
        "minima": sum(reference.is_strict_minimum(graph, losses.tolist(), v) for v in range(graph.n)),
        "steps": pytest.approx(sum(len(path) - 1 for path in paths) / graph.n),
        "p_global": pytest.approx(sum(path[-1] == 5 for path in paths) / graph.n),
        "p_near": pytest.approx(sum(path[-1] == 5 for path in paths) / graph.n),  # the best ⌈24/1000⌉ vertices
    }
