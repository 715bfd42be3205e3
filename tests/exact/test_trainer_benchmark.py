"""The benchmark of the trainer, tiny: all ways of training give the same losses, and operations are counted right."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import training
from simulations.trainer import Hyperparameters, Space, digits

PATH = Space("vector", ((0, 1), (1, 2)), (("none", "skip", "relu"),) * 2)
DATA = digits(train=100, valid=50)
HYPER = Hyperparameters(width=4, epochs=1, batch=20)


def test_all_ways_of_training_agree(capsys: pytest.CaptureFixture[str]) -> None:
    done = training.main(PATH, DATA, HYPER, [1, 3], device="cpu", loops=2, rounds=1, peak=1.0)
    one, three, *loops = done
    assert [way.name for way in done][:4] == ["1 replicas", "3 replicas", "jitted training", "jitted steps"]
    assert all(way.rate > 0 and len(way.times) == 1 for way in done)
    assert len(np.unique(three.losses)) > 1
    np.testing.assert_allclose(one.losses, three.losses[:1], atol=1e-5)
    for way in loops:
        np.testing.assert_allclose(way.losses, three.losses[:2], atol=1e-5, err_msg=way.name)
    assert "of peak" in capsys.readouterr().out


def test_operations_are_those_of_the_matrix_products() -> None:
    """2 × (64·16 + 2·16² + 16·10) a sample forward; a step takes three products for one, but the stem's input needs no
    gradient. What is not a matrix product adds less than a tenth."""
    hyper = Hyperparameters(width=16, epochs=3, batch=20)
    forward = 2 * (64 * 16 + 2 * 16**2 + 16 * 10)
    exact = 3 * 100 * (3 * forward - 2 * 64 * 16) + 1797 * forward
    assert exact < training.operations(PATH, DATA, hyper) < 1.1 * exact
