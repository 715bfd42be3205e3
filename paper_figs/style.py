"""One style for all figures: colours that colour-blind readers and a grey printer tell apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from simulations.files import write_atomically

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
"""From the palette of Okabe and Ito."""

TABLES = {
    "cifar10": (BLUE, "o", "CIFAR-10"),
    "cifar100": (GREEN, "s", "CIFAR-100"),
    "imagenet": (ORANGE, "D", "ImageNet16-120"),
}
"""Colour, marker and label of each data set of NAS-Bench-201."""

STYLE: dict[Any, Any] = {
    "font.size": 8.5, "axes.titlesize": 9, "axes.labelsize": 8.5, "legend.fontsize": 7.5,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6, "axes.axisbelow": True, "legend.frameon": False, "lines.linewidth": 1.4,
    "pdf.fonttype": 42, "savefig.dpi": 200, "figure.constrained_layout.use": True,
}  # fmt: skip


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write NAME.pdf and NAME.png; return their paths."""
    paths = [folder / f"{name}.{kind}" for kind in ("pdf", "png")]
    with plt.rc_context(STYLE):  # the style also says how to save
        for path in paths:
            metadata = {"CreationDate": None} if path.suffix == ".pdf" else None
            options = {"format": path.suffix[1:], "metadata": metadata}
            write_atomically(path, lambda file, options=options: figure.savefig(file, **options))
    plt.close(figure)
    return paths
