"""The trainer on several devices, in little memory, and in bfloat16."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulations.trainer import METRICS, Hyperparameters, Space, digits, load, train
from simulations.trainer.networks import matmul
from simulations.trainer.train import compiled, free_memory

PATH = Space("path", ((0, 1), (1, 2)), (("none", "skip", "relu"),) * 2)
DATA = digits(train=100, valid=50)
QUICK = Hyperparameters(width=4, epochs=2, batch=20)

TWO_DEVICES = """
import sys, jax
from tests.exact.test_trainer_devices import DATA, PATH, QUICK
from simulations.trainer import train
assert len(jax.devices()) == 2
train(PATH, DATA, QUICK, [0, 1], sys.argv[1], chunk=3, progress=False)
"""


def test_two_devices_give_the_same_table(tmp_path: Path) -> None:
    """Bit by bit, also where the last chunk is for one device only (9 = 3 + 3, 3 + 0)."""
    path = tmp_path / "two.npz"
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    subprocess.run([sys.executable, "-c", TWO_DEVICES, str(path)], env=environment, check=True, timeout=120)
    two, one = load(path), train(PATH, DATA, QUICK, [0, 1], chunk=3, progress=False)
    assert two.header == one.header
    for metric in METRICS:
        np.testing.assert_array_equal(getattr(two, metric), getattr(one, metric), strict=True)


def test_a_chunk_fits_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the usual 16 cells take more than is free, fewer are trained at a time."""
    hyper = Hyperparameters(width=32, epochs=2, batch=100)
    assert free_memory(jax.devices("cpu")[0]) > 0
    whole = compiled(PATH, DATA, hyper, (), [0, 1], 100, None, "cpu")
    assert whole.cells == 16
    free = whole.memory * 2 / 3
    monkeypatch.setattr(sys.modules["simulations.trainer.train"], "free_memory", lambda device: free)
    fitting = compiled(PATH, DATA, hyper, (), [0, 1], 100, None, "cpu")
    assert 4 < fitting.cells < 16
    assert fitting.memory <= 0.9 * free


def rounded(a: np.ndarray) -> np.ndarray:
    """The nearest of the numbers of 8 significant bits, ties to even."""
    mantissa, exponent = np.frexp(a.astype(np.float64))
    return np.ldexp(np.rint(mantissa * 2**8), exponent - 8)


def test_a_rounded_product_and_its_gradient() -> None:
    """a b of factors rounded to 8 bits, and ∂/∂a = dy bᵀ, ∂/∂b = aᵀ dy, of rounded factors too; sums to float32."""
    rng = np.random.default_rng(0)
    a, b, dy = (rng.normal(size=shape).astype(np.float32) for shape in ((5, 40), (40, 3), (5, 3)))
    y, pull = jax.vjp(lambda a, b: matmul(a, b, "bfloat16"), jnp.asarray(a), jnp.asarray(b))
    da, db = pull(jnp.asarray(dy))
    assert y.dtype == da.dtype == db.dtype == jnp.float32
    for ours, (left, right) in ((y, (a, b)), (da, (dy, b.T)), (db, (a.T, dy))):
        np.testing.assert_allclose(ours, rounded(left) @ rounded(right), rtol=0, atol=2e-5)
        assert np.abs(np.asarray(ours) - left.astype(float) @ right).max() > 1e-3


def test_bfloat16_trains_nearly_the_same() -> None:
    """Losses of the nine cells differ, but by less than a tenth of their own differences."""
    plain, half = (
        train(PATH, DATA, Hyperparameters(width=8, epochs=5, batch=20, precision=precision), [0, 1], progress=False)
        for precision in ("float32", "bfloat16")
    )
    assert half.header["hyperparameters"]["precision"] == "bfloat16"
    assert 0 < np.abs(half.valid_loss - plain.valid_loss).mean() < 0.1 * plain.valid_loss.mean(axis=1).std()
