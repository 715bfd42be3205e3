"""Tabular landscapes: validation, seeds, and what is observed on one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulations import benchmarks, validation
from simulations.benchmarks import LossTable
from simulations.benchmarks import table as table_module
from theory import reference
from theory.graphs import ExplicitGraph, Graph, Hamming, Torus, cycle

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
        ("x,y,loss\n0,0,1\n1,1,2\n0,0.0,3\n1,1,4\n", "2 rows repeat .* line 4 repeats x=0, y=0.0 of line 2; line 5"),
        ("x,seed,loss\n0,5,1\n1,5,2\n1,5,2\n", "1 rows repeat an earlier one: line 4 repeats x=1, seed=5 of line 3"),
        ("x,y,loss\n0,a,1\n1,b,2\n2,c,3\n", "6 of the grid's 9 vertices are missing: x=0, y=b; x=0, y=c; x=1, y=a; …"),
        ('x,loss\n"0,1\n', "not a CSV file"),
    ],
)  # fmt: skip
def test_bad_own_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"own\.csv: .*{message}"):
        benchmarks.load(written(tmp_path, text))


def test_a_sparse_file_of_many_values_is_refused_at_once(tmp_path: Path) -> None:
    """Twenty columns of 100 different numbers: a grid of 10^40 vertices, which fits no integer of the machine."""
    rows = [",".join([str(i)] * 20 + ["1.0"]) for i in range(100)]
    text = "\n".join([",".join([*(f"x{i}" for i in range(20)), "loss"]), *rows])
    with pytest.raises(ValueError, match=f"{10**40 - 100} of the grid's {10**40} vertices are missing: x0=0, x1=0"):
        benchmarks.load(written(tmp_path, text))


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {"width": [10, 9, 10, 9, 9], "kind": ["a", "b", "b", "a", "a"], "seed": [1, 1, 1, 1, 2]}
    parquet.write_table(pa.table({**columns, "loss": [0.1, 4.0, 6.0, 1 / 3, 5.0]}), tmp_path / "own.parquet")
    own = benchmarks.load(str(tmp_path / "own.parquet"))
    assert own.graph == Hamming((2, 2))
    np.testing.assert_array_equal(own.losses, [[1 / 3, 5], [4, NAN], [0.1, NAN], [6, NAN]])
    parquet.write_table(pa.table({"x": [0, 1], "loss": [1.0, None]}), tmp_path / "own.parquet")
    with pytest.raises(ValueError, match=r"own\.parquet: row 1 has the loss 'None', which is not a finite number"):
        benchmarks.load(str(tmp_path / "own.parquet"))
    parquet.write_table(pa.table({**columns, "loss": [0.1, 4.0, 6.0, 1 / 3, 5.0]}), tmp_path / "own.csv")
    np.testing.assert_array_equal(benchmarks.load(str(tmp_path / "own.csv"), "parquet").losses, own.losses)
    (tmp_path / "own.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(ValueError, match=r"own\.parquet: not a Parquet file"):
        benchmarks.load(str(tmp_path / "own.parquet"))


def test_the_format_that_is_given_counts_not_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "own.parquet").write_text("x,loss\n0,1\n1,2\n")
    assert benchmarks.load(str(tmp_path / "own.parquet"), "csv").graph == Hamming((2,))


def test_seeds_elsewhere_are_not_taken_for_a_coordinate(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the column 'seed' must stand just before 'loss'"):
        benchmarks.load(written(tmp_path, "seed,x,loss\n0,0,1\n1,0,1\n0,1,2\n1,1,2\n"))


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ImportError, match=r"own\.parquet: reading Parquet needs pyarrow; pip install 'hillscape\[parquet\]'"
    ):
        benchmarks.load("own.parquet")


def test_equal_records_in_another_order_tie() -> None:
    """The sums differ by rounding, unless they are taken in one order."""
    assert (0.1 + 0.2) + 0.3 != (0.3 + 0.2) + 0.1
    means = table([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.2, 0.3, 0.1], [1, 1, 1]]).landscape()
    assert len(set(means.tolist())) == 2


def test_a_table_is_described() -> None:
    seen = table([[1, 3, 5], [3, 5, 1], [2, 4, NAN], [7, 9, NAN]])
    assert table_module.describe(seen) == {
        "table": "toy", "unit": "errors", "graph": "hypercube:2", "vertices": 4, "seeds": [2, 3], "missing": 2,
        "duplicates": 1, "ties": 2, "strict": 0, "plateaus": 1, "plateau_vertices": 3,
    }  # fmt: skip
    assert table_module.describe(seen, 0)["strict"] == 1


IRREGULAR = ExplicitGraph(9, np.array([(0, 1), (0, 2), (0, 3), (0, 4), (4, 5), (5, 6), (6, 4), (6, 7)]))
"""A star, a triangle and a tail; vertex 8 is isolated."""


@pytest.mark.parametrize("graph", [Hamming((3, 4, 2)), Torus((4, 5)), IRREGULAR], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_minima_are_the_literal_ones(graph: Graph, seed: int) -> None:
    """Flooding from each vertex through its equals: a minimum where nothing better is met."""
    losses = np.random.default_rng(seed).integers(0, 4, graph.n).astype(float)
    beside = [np.flatnonzero(row) for row in graph.adjacency.toarray()]
    found = set()
    for start in range(graph.n):
        pool, stack = {start}, [start]
        while stack:
            more = {int(u) for u in beside[stack.pop()] if losses[u] == losses[start]} - pool
            pool |= more
            stack += more
        if all(losses[u] >= losses[start] for v in pool for u in beside[v]):
            found.add(frozenset(pool))
    assert sorted(table_module.minima_sizes(graph, losses).tolist()) == sorted(map(len, found))


def test_a_table_may_be_of_any_graph() -> None:
    """Vertices 1 and 2 are equal, but not adjacent: two strict minima; 6 and 7 are a flat one, and 8 is alone."""
    losses = np.array([3, 1, 1, 4, 2, 2, 0, 0, 9.0])[:, None]
    irregular = LossTable("star", IRREGULAR, losses, "errors")
    seen = table_module.describe(irregular)
    assert seen["graph"] == "explicit graph of 9 vertices and 8 edges"
    assert {key: seen[key] for key in ("vertices", "ties", "strict", "plateaus", "plateau_vertices")} == {
        "vertices": 9, "ties": 3, "strict": 3, "plateaus": 1, "plateau_vertices": 2
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"star: losses of shape \(9, 1\) must be \(10, seeds\)"):
        LossTable("star", cycle(10), losses, "errors")


@pytest.mark.parametrize("check", [validation.check_table, validation.check_averaging])
def test_models_of_hamming_graphs_refuse_other_tables(check: Callable[[LossTable], object]) -> None:
    star = LossTable("star", IRREGULAR, np.arange(18.0).reshape(9, 2), "errors")
    with pytest.raises(ValueError, match="star: explicit graph of 9 vertices and 8 edges is not a Hamming graph"):
        check(star)


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
