"""NAS-Bench-Macro: CIFAR-10 test errors of all 6,561 networks of eight layers with three blocks each, three seeds.

Su et al. 2021, *Prioritized Architecture Sampling with Monto-Carlo Tree Search*, CVPR. The table is read from the file
its authors publish, `nas-bench-macro_cifar10.json`. Its stages have two, three and three layers; of networks that
differ only in where the identities after a stage's first block stand, one was trained and the others are copies (3,969
are different). Copies are never neighbours: they make no plateau, but one network may be several minima.
"""

from __future__ import annotations

import json
from pathlib import Path

from theory.graphs import Hamming

from . import keyed
from .table import LossTable

GRAPH = Hamming((3,) * 8)
"""One coordinate a layer; letters 0 identity, 1 MobileNetV2 block with kernel 3, expansion 3, 2 with kernel 5, 6."""

IMAGES = 10_000


def load(path: str | Path) -> LossTable:
    """The table; losses are numbers of misclassified test images of CIFAR-10, whole numbers, which keep true ties.

    ValueError, naming the file, for one that is no JSON or damaged. FileNotFoundError where there is none.
    """
    try:
        records = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON file ({error})") from None
    accuracies = keyed.values(records, GRAPH, "test_acc", range(1, 4), str(path)) / 100
    errors = keyed.whole_errors(accuracies, GRAPH, IMAGES, str(path))
    return LossTable(str(path), GRAPH, errors, f"errors of {IMAGES:,} test images")
