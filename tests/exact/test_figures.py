"""Figures: claims are checked before anything is drawn, everything drawn is visible, and files are whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_figs import build, minima_noise, size_study, style
from simulations import search
from simulations.campaign import run
from simulations.estimate import Estimate
from simulations.landscapes import additive
from theory import basins


@pytest.fixture(scope="module")
def data() -> minima_noise.Data:
    """The figure's own data with few trials."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minima_noise, "run", lambda task, trials, jobs: run(task, 8, jobs))
        return minima_noise.load()


@pytest.fixture
def figure(data: minima_noise.Data) -> Iterator[Figure]:
    drawn = minima_noise.draw(data)
    yield drawn
    plt.close(drawn)


def test_claims_hold(data: minima_noise.Data) -> None:
    minima_noise.check(data)


def test_tables_show_the_known_counts(data: minima_noise.Data) -> None:
    """Mean over all seeds and first seed of CIFAR-10, as everywhere else."""
    assert {name: table.observed[-1][1] for name, table in data.tables.items()} == {
        "cifar10": 13,
        "cifar100": 25,
        "imagenet": 34,
    }
    assert data.tables["cifar10"].observed[0][1] == 24


def test_averaging_leaves_less_noise(data: minima_noise.Data) -> None:
    for table in data.tables.values():
        left = {seeds: sigma for sigma, _, seeds in table.observed}
        assert left["2"] == pytest.approx(left["1"] / np.sqrt(2))
        assert left["1"] / np.sqrt(3) < left["2 or 3"] < left["2"]
        assert table.sigmas[0] == 0
        assert left["1"] < table.sigmas[-1]


def test_theory_starts_and_ends_where_it_must(data: minima_noise.Data) -> None:
    """A little above the values without noise of theory.md, and below the iid limit."""
    without = {0.9: 5.03, 0.6: 64.22, 0.3: 247.37}
    for c, curve in data.curves.items():
        assert without[c] < curve.theory[0] < without[c] + 2
        assert 0.95 * 625 < curve.theory[-1] < 625


def test_a_wrong_curve_stops_the_figure(data: minima_noise.Data) -> None:
    low, best, high = data.curves[0.6].measured[2]
    measured = list(data.curves[0.6].measured)
    measured[2] = Estimate(low + 500, best + 500, high + 500)
    wrong = replace(data, curves=data.curves | {0.6: replace(data.curves[0.6], measured=measured)})
    with pytest.raises(AssertionError, match=r"outside the 99.9 % interval at c=0.6"):
        minima_noise.check(wrong)


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda t: t[::-1], "minima do not rise"), (lambda t: t + 100, "more minima than the iid limit")],
    ids=["falling", "too high"],
)
def test_a_wrong_shape_stops_the_figure(data: minima_noise.Data, change, message: str) -> None:
    curve = replace(data.curves[0.9], theory=change(data.curves[0.9].theory))
    with pytest.raises(AssertionError, match=message):
        minima_noise.check(replace(data, curves=data.curves | {0.9: curve}))


def test_a_table_that_contradicts_the_claim_stops_the_figure(data: minima_noise.Data) -> None:
    table = data.tables["cifar100"]
    sigma, _, seeds = table.observed[-1]
    more = replace(table, observed=[*table.observed[:-1], (sigma, 1000, seeds)])
    with pytest.raises(AssertionError, match="averaging seeds does not lower the minima of cifar100"):
        minima_noise.check(replace(data, tables=data.tables | {"cifar100": more}))


def test_everything_drawn_is_visible(figure: Figure, data: minima_noise.Data) -> None:
    figure.canvas.draw()
    top, *tables = figure.axes
    assert [ax.get_title(loc="left") for ax in tables] == ["CIFAR-10", "CIFAR-100", "ImageNet16-120"]
    for ax in figure.axes:
        assert ax.get_xlabel()
        assert points_outside(ax) == []
    assert len(legend_texts(top)) == len(data.curves)
    assert legend_texts(tables[0])[-3:] == ["table, 1 seed", "table, 2 seeds", "table, 2 or 3 seeds"]


def points_outside(ax: Axes) -> list[tuple[float, float]]:
    """Points of lines, markers, bands and steps that the limits of the axes cut off."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    paths = [line.get_path() for line in ax.lines if line.get_transform() == ax.transData]
    paths += [patch.get_path() for patch in ax.patches]
    paths += [path for collection in ax.collections for path in collection.get_paths()]
    points = np.concatenate([path.vertices for path in paths])
    return [(x, y) for x, y in points.tolist() if not (left <= x <= right and bottom <= y <= top)]


def legend_texts(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


def test_files_are_whole_styled_and_reproducible(data: minima_noise.Data, tmp_path: Path) -> None:
    first, again = (style.save(minima_noise.draw(data), tmp_path / folder, "noise") for folder in ("a", "b"))
    assert [path.name for path in first] == sorted(os.listdir(tmp_path / "a")) == ["noise.pdf", "noise.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert plt.get_fignums() == []
    assert plt.imread(first[1]).shape[:2] == (1080, 1440)  # 7.2 by 5.4 inches at STYLE's 200 dots an inch
    assert b"/Type3" not in first[0].read_bytes()  # STYLE asks for TrueType, which publishers accept


def fake(claim: bool) -> SimpleNamespace:
    """A figure module whose claim holds or not."""

    def check(data: int) -> None:
        assert claim, "the claim fails"

    def draw(data: int) -> Figure:
        figure = plt.figure(figsize=(1, 1))
        figure.subplots().plot([0, data])
        return figure

    numbers = {"top": np.array([1.0, np.inf])}
    return SimpleNamespace(TITLE="A line", load=lambda jobs: jobs, check=check, numbers=lambda data: numbers, draw=draw)


def test_build_draws_all_by_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "FIGURES", {"one": fake(True), "two": fake(True)})
    names = [f"{name}.{kind}" for name in ("one", "two") for kind in ("pdf", "png", "json")]
    assert [path.name for path in build.build(None, tmp_path)] == names
    assert sorted(os.listdir(tmp_path)) == sorted(names)
    assert json.loads((tmp_path / "one.json").read_text()) == {"top": [1, "inf"]}


def test_build_stops_at_a_false_claim(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "FIGURES", {"one": fake(True), "two": fake(False), "three": fake(True)})
    with pytest.raises(AssertionError, match="the claim fails"):
        build.build(None, tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["one.json", "one.pdf", "one.png"]


def test_an_unknown_name_stops_the_build_before_it_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "FIGURES", {"one": fake(True)})
    with pytest.raises(ValueError, match="figure: 'two' is unknown; allowed: one"):
        build.build(["one", "two"], tmp_path)
    assert os.listdir(tmp_path) == []
    assert build.describe() == build.describe(["one"]) == {"one": "A line"}


def test_a_failed_save_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    figure = plt.figure()

    def savefig(file, **options: object) -> None:
        file.write(b"%PDF")
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(figure, "savefig", savefig)
    with pytest.raises(RuntimeError, match="disk on fire"):
        style.save(figure, tmp_path, "half")
    assert os.listdir(tmp_path) == []
    plt.close(figure)


@pytest.fixture(scope="module")
def sizes() -> Iterator[size_study.Data]:
    """The study of sizes with few walks, up to 10^9 vertices."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(size_study, "DIMENSIONS", (3, 6, 10))
        patch.setattr(size_study, "WALKS", 300)
        yield size_study.load()


def test_claims_about_sizes_hold(sizes: size_study.Data) -> None:
    size_study.check(sizes)
    assert set(sizes.steps) == set(size_study.MODELS) == set(size_study.LOOKS)


def test_additive_walks_evaluate_what_the_study_says() -> None:
    """On every additive landscape the mean over all starts is the same."""
    graph = size_study.graph_of(3)
    evaluations = search.descend(graph, additive(graph, np.random.default_rng(1))).evaluations()
    assert evaluations.mean() == pytest.approx(size_study.additive_evaluations(3))


def test_iid_walks_end_somewhere_and_at_the_top_as_often_as_its_basin_says() -> None:
    for d in (3, 20):
        graph = size_study.graph_of(d)
        assert size_study.iid_success(graph, 1.0) == pytest.approx(1)
        basin = basins.hamming(graph, 0.0).basin
        assert size_study.iid_success(graph, 1e-9) == pytest.approx(1e-9 * basin, rel=1e-5)


@pytest.mark.parametrize("key", [("steps", "iid"), ("evaluations", "additive"), ("steps", "Gaussian")], ids=str)
@pytest.mark.parametrize(("factor", "message"), [(0.7, "is below"), (1.4, "is above")])
def test_a_wrong_theory_of_sizes_stops_the_figure(
    sizes: size_study.Data, key: tuple[str, str], factor: float, message: str
) -> None:
    wrong = replace(sizes, theory=sizes.theory | {key: factor * sizes.theory[key]})
    with pytest.raises(AssertionError, match=f"{key[1]} {key[0]} at d=.*{message}"):
        size_study.check(wrong)


@pytest.mark.parametrize("quantity", ["steps", "success"])
def test_what_does_not_grow_stops_the_figure(sizes: size_study.Data, quantity: str) -> None:
    estimates = getattr(sizes, quantity)
    wrong = replace(sizes, **{quantity: estimates | {"NK": estimates["NK"][::-1]}})
    with pytest.raises(AssertionError, match=f"NK: {quantity}"):
        size_study.check(wrong)


def test_sizes_are_all_drawn(sizes: size_study.Data) -> None:
    figure = size_study.draw(sizes)
    figure.canvas.draw()
    for ax in figure.axes:
        assert ax.get_xlabel()
        assert points_outside(ax) == []
        assert len(ax.containers) == len(size_study.MODELS)
    assert len(legend_texts(figure.axes[0])) == len(size_study.MODELS)
    plt.close(figure)
