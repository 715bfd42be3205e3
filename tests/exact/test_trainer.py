"""The trainer: streams and chunks, operations and gradients, tables, resuming, devices."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy.stats import binom, entropy
from sklearn.linear_model import LogisticRegression

from simulations.trainer import (
    METRICS,
    OPERATIONS,
    SPACES,
    Data,
    Hyperparameters,
    Space,
    Table,
    digits,
    load,
    loss,
    train,
)
from simulations.trainer.train import accuracy, batches, choose_platform, stream

VECTOR = SPACES["vector"]
PATH = Space("path", ((0, 1), (1, 2)), (("none", "skip", "relu"),) * 2)
QUICK = Hyperparameters(width=4, epochs=2, batch=20)


@pytest.fixture(scope="module")
def clusters() -> Data:
    """Three Gaussian clusters in four dimensions, 60 training samples."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat(np.arange(3), 40))
    x = rng.normal(size=(3, 4))[y] + rng.normal(size=(120, 4))
    return Data("clusters", x[:60], y[:60], x[60:90], y[60:90], x[90:], y[90:])


@pytest.fixture(scope="module")
def trained(clusters: Data) -> Table:
    """All nine cells of `PATH`, two seeds, two cells a chunk: the last chunk is short."""
    return train(PATH, clusters, QUICK, [3, 4], chunk=2, progress=False)


def assert_equal(left: Table, right: Table) -> None:
    assert left.header == right.header
    for name in ("cells", *METRICS):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), strict=True)


# Spaces


def test_cells_are_the_vertices_of_the_hamming_graph() -> None:
    space = replace(PATH, operations=(("skip", "tanh"), ("none", "linear", "relu")))
    assert space.radices == (2, 3)
    assert space.cells.tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    sub = VECTOR.restrict(["none", "skip", "relu"])
    assert (sub.n, sub.cells.shape, sub.cells.dtype) == (729, (729, 6), np.int32)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("edges", ((0, 1), (2, 1))),
        ("edges", ((0, 1), (0, 1))),
        ("edges", ((0, 1), (1, 3))),
        ("operations", (("none", "skip"),)),
        ("operations", (("none", "skip"), ("none",))),
        ("operations", (("none", "skip"), ("skip", "skip"))),
        ("operations", (("none", "skip"), ("skip", "convolution"))),
    ],
)
def test_a_broken_space_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        replace(PATH, **{field: value})


def test_restrict_refuses_what_an_edge_does_not_allow() -> None:
    with pytest.raises(ValueError, match="'tanh'"):
        PATH.restrict(["skip", "tanh"])
    with pytest.raises(ValueError, match="two or more"):
        PATH.restrict(["skip"])


# The network against plain NumPy


def start(key: jax.Array, space: Space, shape: tuple[int, ...], classes: int, width: int) -> dict[str, jax.Array]:
    """Initial weights, which are the same for all cells of vectors."""
    return space.network.init(key, space, jnp.zeros(len(space.edges), int), shape, classes, width)


def logits(params: dict[str, jax.Array], cell: jax.Array, x: jax.Array) -> jax.Array:
    return VECTOR.network.forward(params, VECTOR, cell, x, "float32")


PLAIN: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "none": lambda x, z: 0 * x,
    "skip": lambda x, z: x,
    "linear": lambda x, z: z,
    "relu": lambda x, z: np.where(z > 0, z, 0),
    "tanh": lambda x, z: np.tanh(z),
}


def plain_logits(params: dict[str, np.ndarray], names: list[str], x: np.ndarray) -> np.ndarray:
    """Logits of the cell with these operation names on the edges of `VECTOR`, one edge after the other."""
    stem = x @ params["stem"] + params["stem_bias"]
    nodes = [np.where(stem > 0, stem, 0), 0, 0, 0]
    for (i, j), name, w, b in zip(VECTOR.edges, names, params["edges"], params["edges_bias"], strict=True):
        nodes[j] = nodes[j] + PLAIN[name](nodes[i], nodes[i] @ w + b)  # edges come in the order of their ends
    return nodes[-1] @ params["head"] + params["head_bias"]


@pytest.fixture
def small() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Float64 parameters of width 3 with biases that are not zero, features (7, 4) and labels (7,)."""
    rng = np.random.default_rng(1)
    shapes = {name: value.shape for name, value in start(jax.random.key(0), VECTOR, (4,), 3, 3).items()}
    return {name: rng.normal(size=s) for name, s in shapes.items()}, rng.normal(size=(7, 4)), rng.integers(0, 3, 7)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_agrees_with_numpy(name: str) -> None:
    x, z = np.random.default_rng(2).normal(size=(2, 5, 3)).astype(np.float32)
    y = np.asarray(OPERATIONS[name](jnp.asarray(x), jnp.asarray(z)))
    np.testing.assert_allclose(y, PLAIN[name](x, z), rtol=1e-6, atol=0, strict=True)


def test_the_forward_pass_agrees_with_numpy(small: tuple) -> None:
    params, x, _ = small
    cells = VECTOR.cells[np.random.default_rng(3).choice(VECTOR.n, 50, replace=False)]
    with jax.enable_x64(True):
        run = jax.jit(lambda cell: logits(jax.tree.map(jnp.asarray, params), cell, jnp.asarray(x)))
        for cell in cells:
            names = [allowed[letter] for allowed, letter in zip(VECTOR.operations, cell, strict=True)]
            np.testing.assert_allclose(run(cell), plain_logits(params, names, x), rtol=1e-12)


@pytest.mark.parametrize("names", [["relu", "tanh", "skip", "linear", "none", "tanh"], ["tanh"] * 6])
def test_the_gradient_agrees_with_finite_differences(small: tuple, names: list[str]) -> None:
    params, x, y = small
    cell = jnp.array([list(OPERATIONS).index(name) for name in names])
    with jax.enable_x64(True):
        flat, restore = ravel_pytree(jax.tree.map(jnp.asarray, params))
        value = jax.jit(lambda flat: loss(restore(flat), VECTOR, cell, jnp.asarray(x), jnp.asarray(y)))
        steps = 1e-6 * np.eye(flat.size)
        differences = [(value(flat + step) - value(flat - step)) / 2e-6 for step in steps]
        np.testing.assert_allclose(jax.grad(value)(flat), differences, rtol=1e-6, atol=1e-8)


def test_initial_weights_have_variance_one_over_the_units_in() -> None:
    """Within 4 standard errors √(2/size) of a variance: false alarms 2e-4; the head's error 0.4 is caught."""
    params = start(jax.random.key(5), VECTOR, (8, 8, 1), 10, 40)
    for name, units in (("stem", 64), ("edges", 40), ("head", 40)):
        weights = np.asarray(params[name])
        assert weights.dtype == np.float32
        assert weights.var() * units == pytest.approx(1, abs=4 * math.sqrt(2 / weights.size))
        assert not np.asarray(params[f"{name}_bias"]).any()


def test_every_epoch_visits_different_samples_in_a_new_order() -> None:
    order = np.asarray(batches(jax.random.key(0), 103, Hyperparameters(epochs=3, batch=20)))
    assert order.shape == (15, 20)
    epochs = order.reshape(3, 100)
    assert all(len(set(epoch)) == 100 and set(epoch) <= set(range(103)) for epoch in epochs.tolist())
    assert len({tuple(epoch) for epoch in epochs.tolist()}) == 3


def test_first_samples_are_uniform() -> None:
    """χ² test of the first sample of 4,000 epochs among 8; false alarms 1e-4, a sample of share 0.15 is caught."""
    order = np.asarray(batches(jax.random.key(1), 8, Hyperparameters(epochs=4000, batch=8)))
    counts = np.bincount(order[:, 0], minlength=8)
    assert ((counts - 500) ** 2 / 500).sum() < 29.9  # 0.9999 quantile of χ² with 7 degrees of freedom


def test_an_undefined_prediction_is_not_counted_as_a_class() -> None:
    logits = jnp.array([[1.0, 0.0], [math.nan, 0.0]])
    assert float(accuracy(logits[:1], jnp.array([0]))) == 1
    assert math.isnan(float(accuracy(logits, jnp.array([0, 0]))))


# Training


def test_the_same_seed_gives_the_same_result(clusters: Data, trained: Table) -> None:
    assert_equal(train(PATH, clusters, QUICK, [3, 4], chunk=2, progress=False), trained)


def test_seeds_and_cells_differ(trained: Table) -> None:
    assert len(np.unique(trained.valid_loss)) == trained.valid_loss.size
    assert trained.valid_loss.dtype == np.float32


def test_a_result_depends_on_neither_chunk_nor_neighbours_nor_space(clusters: Data, trained: Table) -> None:
    """To 1e-5, the stated rounding of float32 with a margin of 10; accuracies exactly."""
    wider = replace(PATH, operations=(("tanh", "relu", "skip", "none"),) * 2)
    cells = [1, 8, 5, 3]
    first, second = 3 - np.array(np.unravel_index(cells, PATH.radices))  # the same operations as letters of `wider`
    for space, numbers, chunk in ((PATH, cells, 1), (wider, (4 * first + second).tolist(), None)):
        other = train(space, clusters, QUICK, [4, 3], cells=numbers, chunk=chunk, progress=False)
        for metric in METRICS:
            tolerance = 1e-5 if metric.endswith("loss") else 0
            ours = getattr(trained, metric)[cells][:, ::-1]
            np.testing.assert_allclose(getattr(other, metric), ours, rtol=0, atol=tolerance)


def test_training_is_momentum_descent_with_a_cosine_rate(clusters: Data, trained: Table) -> None:
    """The literal loop, one replica and one step at a time: v ← μv + ∇, θ ← θ − η(1 + cos πt/T)/2 · v."""
    number, seed = 5, 4
    cell = jnp.asarray(PATH.cells[number])
    init_key, shuffle = jax.random.split(stream(PATH, jnp.uint32(seed), cell))
    theta, restore = ravel_pytree(start(init_key, PATH, (4,), 3, QUICK.width))
    order = np.asarray(batches(shuffle, 60, QUICK))
    assert order.shape == (6, 20)
    gradient = jax.jit(jax.grad(lambda theta, x, y: loss(restore(theta), PATH, cell, x, y)))
    velocity = 0 * theta
    for t, index in enumerate(order):
        velocity = 0.9 * velocity + gradient(theta, clusters.x_train[index], clusters.y_train[index])
        theta = theta - 0.03 * (1 + math.cos(math.pi * t / 6)) / 2 * velocity
    for part, metric in (("train", trained.train_loss), ("valid", trained.valid_loss)):
        x, y = clusters.arrays[f"x_{part}"], clusters.arrays[f"y_{part}"]
        value = loss(restore(theta), PATH, cell, jnp.asarray(x), jnp.asarray(y))
        assert float(value) == pytest.approx(metric[number, 1], abs=1e-5)


def test_a_cell_without_a_path_predicts_a_constant(clusters: Data, trained: Table) -> None:
    """Its accuracy is a class's share, and its loss at least the entropy of the shares (Gibbs), here near ln 3."""
    dead = [cell for cell, letters in enumerate(PATH.cells) if 0 in letters]
    shares = np.bincount(clusters.y_valid, minlength=3) / len(clusters.y_valid)
    assert len(dead) == 5
    assert np.isin(trained.valid_accuracy[dead], shares.astype(np.float32)).all()
    assert ((entropy(shares) < trained.valid_loss[dead]) & (trained.valid_loss[dead] < 1.15)).all()


def test_a_linear_cell_is_as_good_as_logistic_regression() -> None:
    """The cell with one linear edge classifies digits as well as logistic regression does.

    Its test accuracy is within the central 99.9 % of a binomial share of 397 samples around the reference; a
    network worse by 0.06 would be caught with probability above 0.9.
    """
    data = digits()
    space = VECTOR.restrict(["none", "linear"])
    cell = int(np.ravel_multi_index((0, 0, 0, 1, 0, 0), space.radices))
    hyper = Hyperparameters(width=32, epochs=40)
    table = train(space, data, hyper, [0], cells=[cell], progress=False)
    x_train, x_test = (x.reshape(len(x), -1) for x in (data.x_train, data.x_test))
    regression = LogisticRegression(max_iter=1000).fit(x_train, data.y_train)
    reference, n = float(regression.score(x_test, data.y_test)), len(data.y_test)
    low, high = binom.interval(0.999, n, reference)
    assert low <= table.test_accuracy[0, 0] * n <= high
    assert binom.cdf(low - 1, n, reference - 0.06) > 0.9


def test_a_diverged_training_is_recorded_as_such(clusters: Data) -> None:
    table = train(PATH, clusters, replace(QUICK, learning_rate=1e30), [0], cells=[8], progress=False)
    assert not np.isfinite(table.valid_loss).any()
    assert np.isnan(table.valid_accuracy).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seeds", []),
        ("seeds", [1, 1]),
        ("seeds", [-1]),
        ("seeds", [2**32]),
        ("seeds", [0.5]),
        ("cells", [9]),
        ("cells", [2, 2]),
        ("chunk", 0),
        ("device", "tpu"),
        ("out", "table.npy"),
        ("hyper", Hyperparameters(batch=61)),
    ],
)
def test_bad_arguments_are_refused(clusters: Data, name: str, value: Any) -> None:
    arguments = {"hyper": QUICK, "seeds": [0], "progress": False} | {name: value}
    with pytest.raises(ValueError, match="batch" if name == "hyper" else name):
        train(PATH, clusters, **arguments)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", 0),
        ("epochs", 1.5),
        ("batch", -1),
        ("learning_rate", math.inf),
        ("momentum", 1.0),
        ("precision", "float16"),
    ],
)
def test_bad_hyperparameters_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        Hyperparameters(**{name: value})


# Devices


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_cpu(platform: str) -> list:
        raise RuntimeError(f"Unknown backend {platform}")

    monkeypatch.setattr(jax, "devices", only_cpu)
    assert [choose_platform("auto"), choose_platform("cpu")] == ["cpu", "cpu"]
    with pytest.raises(ValueError, match="device: 'gpu' needs a GPU"):
        choose_platform("gpu")


def test_auto_takes_a_gpu_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "devices", lambda platform: [platform])
    assert [choose_platform("auto"), choose_platform("gpu")] == ["gpu", "gpu"]


def test_the_bar_says_device_speed_and_time_left(clusters: Data, capsys: pytest.CaptureFixture[str]) -> None:
    train(PATH, clusters, QUICK, [0], cells=[0, 1], device="cpu")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "path/clusters on cpu" in captured.err
    assert re.search(r"2/2 [1-9]\d* trainings/s 0:00:00", captured.err)


def test_a_missing_jax_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    monkeypatch.delitem(sys.modules, "simulations.trainer")
    with pytest.raises(ImportError, match=r"hillscape\[trainer\]"):
        __import__("simulations.trainer")


# Tables


def test_a_table_survives_its_file(trained: Table, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "table.npz"
    trained.save(path)
    assert_equal(load(path), trained)
    assert [file.name for file in path.parent.iterdir()] == ["table.npz"]
    assert trained.header["radices"] == [3, 3]
    assert trained.header["space"]["edges"] == [[0, 1], [1, 2]]
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "other.npz")


def test_a_truncated_file_is_refused(trained: Table, tmp_path: Path) -> None:
    trained.save(tmp_path / "whole.npz")
    content, path = (tmp_path / "whole.npz").read_bytes(), tmp_path / "cut.npz"
    for size in range(0, len(content), 97):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"cut\.npz"):
            load(path)


def test_a_damaged_array_is_refused(trained: Table, tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    trained.save(path)
    content = bytearray(path.read_bytes())
    begin = content.index(b"test_accuracy.npy")
    content[begin + 60 : begin + 70] = bytes(10)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"table\.npz: cannot be read"):
        load(path)


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("valid_loss", lambda a: None, "valid_loss"),
        ("test_accuracy", lambda a: a[:, :1], r"test_accuracy.*\(9, 1\)"),
        ("train_loss", lambda a: a.astype(float), "train_loss.*float64"),
        ("valid_curve", lambda a: a.astype(np.float32), "valid_curve.*float32"),
        ("cells", lambda a: a + 1, "cells: 1 to 9"),
        ("cells", lambda a: 0 * a, "cells.*different"),
        ("header", lambda a: "{", r"table\.npz"),
        ("header", lambda a: str(a).replace("-table/2", "-table/9"), "format"),
        ("header", lambda a: str(a).replace('"seeds"', '"grains"'), "keys"),
        ("header", lambda a: str(a).replace('"radices": [3, 3]', '"radices": [3, 4]'), "radices"),
        ("valid_loss", lambda a: a.astype(object), "[Pp]ickle|Object"),
    ],
)
def test_a_wrong_array_is_refused(trained: Table, tmp_path: Path, name: str, change: Any, problem: str) -> None:
    path = tmp_path / "table.npz"
    trained.save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays[name] = change(arrays[name])
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    with pytest.raises(ValueError, match=problem) as caught:
        load(path)
    assert str(path) in str(caught.value)


# Resuming


def test_an_interrupted_training_goes_on(
    clusters: Data, trained: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out, partial = (tmp_path / name for name in ("whole.npz", "table.npz", "table.partial.npz"))
    trained.save(whole)

    def run() -> Table:
        return train(PATH, clusters, QUICK, [3, 4], out, chunk=2, progress=False)

    save, saved = Table.save, []

    def interrupted(table: Table, path: Path) -> None:
        save(table, path)
        saved.append(len(table.cells))
        if len(saved) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Table, "save", interrupted)
        patch.setattr(sys.modules["simulations.trainer.train"], "SAVE_EVERY", -1.0)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert saved == [2, 4]
    assert not out.exists()
    np.testing.assert_array_equal(load(partial).valid_loss, trained.valid_loss[:4])

    for changed in (replace(QUICK, momentum=0.5), replace(QUICK, width=5)):
        with pytest.raises(ValueError, match=r"partial\.npz: was made with other hyperparameters"):
            train(PATH, clusters, changed, [3, 4], out, progress=False)
    with pytest.raises(ValueError, match=r"partial\.npz: was made with other cells"):
        train(PATH, clusters, QUICK, [3, 4], out, cells=[1, 0], progress=False)

    assert_equal(run(), trained)
    assert out.read_bytes() == whole.read_bytes()
    assert not partial.exists()


def test_a_finished_table_is_not_trained_again(
    clusters: Data, trained: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "table.npz"
    trained.save(out)
    monkeypatch.setattr(sys.modules["simulations.trainer.train"], "compiled", None)
    assert_equal(train(PATH, clusters, QUICK, [3, 4], out, progress=False), trained)
    with pytest.raises(ValueError, match=r"table\.npz: was made with other seeds"):
        train(PATH, clusters, QUICK, [3, 5], out, progress=False)


def test_the_validation_curve_is_that_of_shorter_looks() -> None:
    """A curve changes nothing else, its last point tends to the final loss, and it starts above it."""
    space, data, hyper = SPACES["vector"].restrict(["skip", "relu"]), digits(), Hyperparameters(epochs=4)
    plain, curved = (
        train(space, data, hyper, [0, 1], cells=[5, 63], curve=curve, progress=False) for curve in ((), (1, 3))
    )
    assert curved.valid_curve.shape == (2, 2, 2)
    np.testing.assert_allclose(curved.valid_loss, plain.valid_loss, rtol=1e-5)
    assert (curved.valid_curve[..., 0] > curved.valid_curve[..., 1]).all()
    assert np.abs(curved.valid_curve[..., 1] - curved.valid_loss).max() < 0.1 * curved.valid_loss.max()


@pytest.mark.parametrize("curve", [(0,), (4,), (2, 1), (1, 1)])
def test_a_curve_is_of_increasing_epochs(curve: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="curve: "):
        train(SPACES["vector"], digits(), Hyperparameters(epochs=4), [0], cells=[0], curve=curve, progress=False)
