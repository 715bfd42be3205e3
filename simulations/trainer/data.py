"""Data sets for the trainer: standardised features with a fixed training, validation and test part."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from sklearn.datasets import load_digits


@dataclass(frozen=True, eq=False)
class Data:
    """A classification problem: features x, float32 (samples, features), and labels y, int32 (samples,).

    Raises ValueError for a part that is empty, of another shape, or not finite, and for labels outside
    0..classes−1.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_valid: np.ndarray
    y_valid: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __post_init__(self) -> None:
        for part in ("train", "valid", "test"):
            x = np.asarray(getattr(self, f"x_{part}"), dtype=np.float32)
            y = np.asarray(getattr(self, f"y_{part}"), dtype=np.int32)
            if x.ndim != 2 or not x.size or y.shape != x.shape[:1] or x.shape[1:] != np.shape(self.x_train)[1:]:
                raise ValueError(f"{part}: shapes {x.shape}, {y.shape} must be (samples, features), (samples,)")
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
            "features": self.x_train.shape[1],
            "classes": self.classes,
            "sha256": hashlib.sha256(content).hexdigest(),
        }


def digits(seed: int = 0, train: int = 1000, valid: int = 400) -> Data:
    """Handwritten digits, 1,797 images of 8 × 8 grey values 0..16, ten classes (scikit-learn, UCI).

    `seed` shuffles the images; the first `train` are for training, the next `valid` for validation, the rest
    for testing. Features are standardised by the mean and standard deviation of the training part; a pixel
    that is constant there is only centred. Raises ValueError for sizes that leave a part empty.

    >>> digits().x_train.shape, digits().x_test.shape
    ((1000, 64), (397, 64))
    """
    x, y = load_digits(return_X_y=True)
    if not (train > 0 and valid > 0 and train + valid < len(x)):
        raise ValueError(f"train, valid: {train}, {valid} must be positive and together below {len(x)}")
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = x[order], y[order]
    mean, sd = x[:train].mean(axis=0), x[:train].std(axis=0)
    x = (x - mean) / np.where(sd > 0, sd, 1)
    cuts = [train, train + valid]
    parts = [part for pair in zip(np.split(x, cuts), np.split(y, cuts), strict=True) for part in pair]
    return Data(f"digits-{seed}", *parts)
