"""Draw figures by name. A figure whose claim fails stops the build."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from simulations.files import to_json, write_atomically

from . import (
    autocorrelation,
    averaging,
    baselines,
    basins,
    bound_tightness,
    epsilon_success,
    hitting_noise,
    loss_laws,
    minima_noise,
    noise_ranking,
    search_trees,
    size_study,
    style,
)

FIGURES = {
    "minima_noise": minima_noise,
    "hitting_noise": hitting_noise,
    "bound_tightness": bound_tightness,
    "size_study": size_study,
    "averaging": averaging,
    "baselines": baselines,
    "search_trees": search_trees,
    "loss_laws": loss_laws,
    "basins": basins,
    "epsilon_success": epsilon_success,
    "autocorrelation": autocorrelation,
    "noise_ranking": noise_ranking,
}
"""Name → module with TITLE, load(jobs), check(data), numbers(data) and draw(data)."""


def describe(names: Iterable[str] | None = None) -> dict[str, str]:
    """What each figure shows; all by default. ValueError lists the names where one is unknown."""
    wanted = list(names or FIGURES)
    for name in wanted:
        if name not in FIGURES:
            raise ValueError(f"figure: {name!r} is unknown; allowed: {', '.join(FIGURES)}")
    return {name: FIGURES[name].TITLE for name in wanted}


def build(names: Iterable[str] | None, folder: Path, jobs: int = 1) -> list[Path]:
    """Load, check, draw and save; the files written: NAME.pdf, NAME.png, and NAME.json with the numbers shown."""
    files = []
    for name in describe(names):
        module = FIGURES[name]
        data = module.load(jobs)
        module.check(data)
        text = to_json(module.numbers(data), indent=1)
        files += [*style.save(module.draw(data), folder, name), folder / f"{name}.json"]
        write_atomically(files[-1], lambda file, text=text: file.write(text.encode()))
    return files
