"""Cells of images: every operation and the whole network against loops, gradients, initial weights, training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from simulations.trainer import KERNELS, SPACES, Hyperparameters, Image, Space, digits, loss, train
from simulations.trainer.networks import ZERO, normalised, shifted

IMAGE = SPACES["image"]
NETWORK = Image()
EDGE = Space("edge", ((0, 1),), (tuple(KERNELS),), NETWORK)
Arrays = dict[str, np.ndarray]


def letters(space: Space, names: Sequence[str]) -> jax.Array:
    return jnp.array([allowed.index(name) for allowed, name in zip(space.operations, names, strict=True)])


# Plain loops over samples, pixels and channels


def plain_window(h: np.ndarray, row: int, column: int) -> np.ndarray:
    """The nine pixels (9, channels) around a pixel of the image h (height, width, channels), zero outside."""
    pixels = np.zeros((9, h.shape[2]))
    for k in range(9):
        a, b = row + k // 3 - 1, column + k % 3 - 1
        if 0 <= a < h.shape[0] and 0 <= b < h.shape[1]:
            pixels[k] = h[a, b]
    return pixels


def plain_norm(h: np.ndarray) -> np.ndarray:
    return (h - h.mean()) / math.sqrt(h.var() + 1e-5)


def plain_convolution(h: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The image (height, width, channels out) of h convolved by w (9, channels, channels out)."""
    out = np.zeros((*h.shape[:2], w.shape[2]))
    for row, column in np.ndindex(h.shape[:2]):
        for k, pixel in enumerate(plain_window(h, row, column)):
            out[row, column] += pixel @ w[k]
    return out


def plain_operation(name: str, h: np.ndarray, w: np.ndarray) -> np.ndarray:
    """One operation, as its name says, on one image h (height, width, channels), weights w (9, channels, channels)."""
    match name:
        case "none":
            return 0 * h
        case "skip":
            return h
        case "conv1x1":
            return plain_norm(np.where(h > 0, h, 0) @ w[4])
        case "conv3x3":
            return plain_norm(plain_convolution(np.where(h > 0, h, 0), w))
        case "avgpool3x3":
            out = np.zeros_like(h)
            for row, column in np.ndindex(h.shape[:2]):
                out[row, column] = plain_window(h, row, column).sum(axis=0) / 9
            return out
    raise AssertionError(name)


def plain_logits(params: Arrays, names: Sequence[str], image: np.ndarray) -> np.ndarray:
    """Logits (classes,) of one image through the cell with these operations on the edges of `IMAGE`."""
    channels, width = image.shape[2], params["stem"].shape[1]
    h = plain_norm(plain_convolution(image, params["stem"].reshape(9, channels, width)))
    for stage in range(3):
        if stage:
            h = (h[::2, ::2] + h[1::2, ::2] + h[::2, 1::2] + h[1::2, 1::2]) / 4
        nodes = [h, 0, 0, 0]
        for (i, j), name, w in zip(IMAGE.edges, names, params["edges"][stage], strict=True):
            nodes[j] = nodes[j] + plain_operation(name, np.asarray(nodes[i]), w.reshape(9, width, width))
        h = np.asarray(nodes[3])
    return np.where(h > h.mean(), plain_norm(h), 0).mean(axis=(0, 1)) @ params["head"] + params["head_bias"]


@pytest.fixture
def small() -> tuple[Arrays, np.ndarray, np.ndarray]:
    """Float64 parameters of width 2, images (3, 4, 8, 2), a border on all sides of the last stage, and labels (3,)."""
    rng = np.random.default_rng(1)
    started = NETWORK.init(jax.random.key(0), IMAGE, letters(IMAGE, ["conv3x3"] * 6), (4, 8, 2), 3, 2)
    params = {name: rng.normal(size=value.shape) for name, value in started.items()}
    return params, rng.normal(size=(3, 4, 8, 2)), rng.integers(0, 3, 3)


@pytest.mark.parametrize("name", KERNELS)
def test_an_operation_agrees_with_loops(name: str) -> None:
    rng = np.random.default_rng(2)
    h, w = rng.normal(size=(2, 4, 5, 3)), rng.normal(size=(9, 3, 3))
    with jax.enable_x64(True):
        y = NETWORK._cell(jnp.asarray(w.reshape(1, 27, 3)), EDGE, letters(EDGE, [name]), jnp.asarray(h), "float32")
        np.testing.assert_allclose(y, [plain_operation(name, image, w) for image in h], rtol=1e-12, atol=1e-14)


def test_the_forward_pass_agrees_with_loops(small: tuple) -> None:
    params, x, _ = small
    cells = IMAGE.cells[np.random.default_rng(3).choice(IMAGE.n, 12, replace=False)]
    with jax.enable_x64(True):
        weights = jax.tree.map(jnp.asarray, params)
        run = jax.jit(lambda cell: NETWORK.forward(weights, IMAGE, cell, jnp.asarray(x), "float32"))
        for cell in cells:
            names = [tuple(KERNELS)[letter] for letter in cell]
            expected = [plain_logits(params, names, image) for image in x]
            np.testing.assert_allclose(run(cell), expected, rtol=1e-10)


def test_the_gradient_agrees_with_finite_differences(small: tuple) -> None:
    """In every weight, and it is exactly zero for weights that the cell does not learn."""
    names = ["skip", "conv3x3", "none", "conv1x1", "avgpool3x3", "conv3x3"]
    params, x, y = small
    with jax.enable_x64(True):
        flat, restore = ravel_pytree(jax.tree.map(jnp.asarray, params))
        cell = letters(IMAGE, names)
        value = jax.jit(lambda flat: loss(restore(flat), IMAGE, cell, jnp.asarray(x), jnp.asarray(y)))
        differences = [(value(flat + step) - value(flat - step)) / 2e-6 for step in 1e-6 * np.eye(flat.size)]
        gradient = jax.grad(value)(flat)
        np.testing.assert_allclose(gradient, differences, rtol=1e-5, atol=1e-8)
        edges = np.asarray(restore(gradient)["edges"]).reshape(3, 6, 9, 2, 2)
    for edge, name in enumerate(names):
        learned = np.abs(edges[:, edge]).sum(axis=(0, 2, 3)) > 0
        assert (learned <= KERNELS[name][0].astype(bool)).all()
        assert learned.any() == name.startswith("conv")


def test_norm_has_mean_zero_and_variance_one() -> None:
    h = normalised(jnp.asarray(np.random.default_rng(4).normal(3, 5, size=(2, 4, 4, 3, 6)), jnp.float32))
    np.testing.assert_allclose(np.asarray(h).mean(axis=(1, 2, 4)), 0, atol=1e-6)
    np.testing.assert_allclose(np.asarray(h).var(axis=(1, 2, 4)), 1, atol=1e-5)


def test_the_window_is_row_by_row() -> None:
    h = np.random.default_rng(5).normal(size=(1, 3, 4, 2)).astype(np.float32)
    moved = np.stack(shifted(jnp.asarray(h)), axis=3)[0]
    for row, column in np.ndindex(3, 4):
        np.testing.assert_array_equal(moved[row, column], plain_window(h[0], row, column).astype(np.float32))


def test_initial_convolutions_keep_the_second_moment() -> None:
    """Variance 2/(learned pixels × width), within 4 standard errors √(2/size).

    False alarms 2e-4, an error of 0.2 is caught.
    """
    names = ["conv3x3", "conv1x1", "skip", "none", "avgpool3x3", "conv1x1"]
    params = NETWORK.init(jax.random.key(6), IMAGE, letters(IMAGE, names), (8, 8, 1), 10, 16)
    edges = np.asarray(params["edges"])
    assert edges.shape == (3, 6, 144, 16)
    for edge, learned in ((0, 9), (1, 1), (5, 1)):
        assert edges[:, edge].var() * learned * 16 / 2 == pytest.approx(1, abs=4 * math.sqrt(2 / edges[:, edge].size))
    assert not np.asarray(params["head_bias"]).any()


@pytest.mark.parametrize("shape", [(64,), (8, 8), (6, 8, 1)])
def test_other_samples_than_images_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"x: samples of shape .* sides divisible by 4"):
        NETWORK.init(jax.random.key(0), EDGE, letters(EDGE, ["skip"]), shape, 3, 2)


def test_an_operation_of_ones_own_is_a_kernel() -> None:
    """A convolution of the vertical pixels, and the difference of left and right."""
    rng = np.random.default_rng(7)
    vertical, difference = np.zeros((2, 9))
    vertical[1::3], difference[3:6] = 1, [-1, 0, 1]
    network = Image({"vertical": (vertical, ZERO), "difference": (ZERO, difference)})
    space = Space("own", ((0, 1),), (("vertical", "difference"),), network)
    h, w = rng.normal(size=(2, 4, 4, 3)), rng.normal(size=(9, 3, 3))
    with jax.enable_x64(True):
        learned, fixed = (
            network._cell(jnp.asarray(w.reshape(1, 27, 3)), space, jnp.array([letter]), jnp.asarray(h), "float32")
            for letter in (0, 1)
        )
    column = w * vertical[:, None, None]
    expected = [plain_norm(plain_convolution(np.where(image > 0, image, 0), column)) for image in h]
    np.testing.assert_allclose(learned, expected, rtol=1e-10)
    padded = np.pad(h, ((0, 0), (0, 0), (1, 1), (0, 0)))
    np.testing.assert_allclose(fixed, padded[:, :, 2:] - padded[:, :, :-2], rtol=1e-12)


def test_cells_of_images_are_trained() -> None:
    """A convolution learns the digits far above chance, a cell without a path nothing; seeds differ."""
    space = replace(IMAGE, edges=((0, 1),), operations=(("none", "conv3x3"),))
    hyper = Hyperparameters(width=8, epochs=5, batch=10, learning_rate=0.1)
    data = digits(train=300, valid=300)
    table = train(space, data, hyper, [0, 1], progress=False)
    assert (table.valid_accuracy[0] < 0.2).all()
    assert (table.valid_accuracy[1] > 0.4).all()
    assert table.valid_loss[1, 0] != table.valid_loss[1, 1]
