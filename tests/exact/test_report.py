"""`reproduce`: stages that are kept, claims that follow the numbers, and a page that a browser shows whole."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from paper_figs import build, claims, report
from simulations import benchmarks, reproduce, search, validation
from simulations.files import to_json
from theory.graphs import Hamming

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


NUMBERS: dict[str, dict[str, Any]] = {
    "averaging": {"1": {"observed": 283.0}, "16": {"observed": 71.0}},
    "epsilon_success": {
        "best 64": {
            "cifar10": {"table": 0.87, "fields": 0.9, "99 %": [0.75, 0.99]},
            "imagenet": {"table": 0.76, "fields": 0.9, "99 %": [0.75, 0.99]},
            "branching, corrected": 0.98,
            "branching, published": 0.003,
            "shuffled": {"low": 0.2, "best": 0.202, "high": 0.204},
            "iid, hamming": 0.2016,
            "iid, published": 0.229,
        }
    },
    "autocorrelation": {
        "cifar10, losses": {"1": 0.56, "10": 0.03},
        "imagenet, losses": {"1": 0.68, "10": 0.06},
        "sd 0.3": {"1": 0.566, "10": 0.0035},
        "sd 0.4": {"1": 0.4, "10": 0.0001},
    },
}
"""Of figures, as they say them."""


def fake_figure(name: str, numbers: dict[str, Any]) -> Any:
    """A module that draws a line."""

    class Module:
        TITLE = f"The figure {name} <with> & signs"

        @staticmethod
        def load(jobs: int) -> int:
            return jobs

        @staticmethod
        def check(data: int) -> None:
            assert data

        @staticmethod
        def numbers(data: int) -> dict[str, Any]:
            return numbers

        @staticmethod
        def draw(data: int) -> Figure:
            figure = plt.figure(figsize=(2, 1))
            figure.subplots().plot([0, data])
            return figure

    return Module


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A whole run, its stages as they are but for their size: few trials, a small trained space, drawn lines."""
    out = tmp_path_factory.mktemp("out")
    verify, check_table, check_averaging = validation.verify, validation.check_table, validation.check_averaging
    ids = ["minima.branching", "minima.gaussian", "preimage.branching", "preimage.published"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduce, "RUNS", 20)
        patch.setattr(reproduce, "DRAWS", 2)
        patch.setattr(reproduce, "ADDED", (0.5,))
        patch.setattr(reproduce, "TRAININGS", (50,))
        patch.setattr(validation, "verify", lambda **options: verify(ids, 30, jobs=1))
        patch.setattr(validation, "check_table", lambda table, seeds, **options: check_table(table, seeds, 20))
        patch.setattr(validation, "check_averaging", lambda table, trials, **options: check_averaging(table, 10))
        patch.setattr(reproduce, "train_live", lambda path, progress: trained(path))
        figures = {name: fake_figure(name, NUMBERS.get(name, {})) for name in build.FIGURES}
        patch.setattr(build, "FIGURES", figures)
        return reproduce.reproduce(out, jobs=1, progress=False), out


def trained(path: Path) -> Path:
    """A table of one's own instead of a training."""
    path = path.with_suffix(".csv")
    losses = np.random.default_rng(0).normal(size=(3, 3, 2))
    rows = [f"{a},{b},{seed},{losses[a, b, seed]}" for a in range(3) for b in range(3) for seed in range(2)]
    path.write_text("\n".join(["a,b,seed,loss", *rows]))
    return path


def test_a_run_leaves_a_page_and_all_its_numbers(run: tuple[dict[str, Any], Path]) -> None:
    summary, out = run
    assert [Path(file).name for file in summary["files"]] == ["report.html", "summary.json", "vector.csv"]
    assert json.loads((out / "summary.json").read_text())["claims"] == json.loads(to_json(summary["claims"]))
    assert {c["verdict"] for c in summary["claims"]} <= {claims.REPRODUCED, claims.PARTLY, claims.NOT}
    counts = {each["table"]: each["rows"][0]["minima"][1] for each in summary["landscapes"]}
    assert counts["nasbench201:cifar10"] == 13
    assert counts["own:vector"] == 71


def test_a_second_run_computes_nothing(run: tuple[dict[str, Any], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    summary, out = run
    monkeypatch.setattr(reproduce, "train_live", lambda path, progress: path.with_suffix(".csv"))
    monkeypatch.setattr(validation, "verify", None)
    monkeypatch.setattr(validation, "check_table", None)
    monkeypatch.setattr(build, "build", None)
    monkeypatch.setattr(build, "FIGURES", {name: fake_figure(name, {}) for name in build.FIGURES})
    again = reproduce.reproduce(out, jobs=2, progress=False)
    told = ("seconds", "provenance", "files")
    assert {key: again[key] for key in again if key not in told} == {
        key: summary[key] for key in summary if key not in told
    }


def test_a_figure_that_was_deleted_is_drawn_again(
    run: tuple[dict[str, Any], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out = run
    monkeypatch.setattr(reproduce, "train_live", lambda path, progress: path.with_suffix(".csv"))
    monkeypatch.setattr(build, "FIGURES", {name: fake_figure(name, {}) for name in build.FIGURES})
    (out / "figures" / "basins.png").unlink()
    reproduce.reproduce(out, jobs=1, progress=False)
    assert (out / "figures" / "basins.png").exists()


def test_a_stage_is_kept_for_its_settings_only(tmp_path: Path) -> None:
    made = []

    def make() -> dict[str, Any]:
        made.append(1)
        return {"value": float("inf"), "array": np.arange(2)}

    path = tmp_path / "stage.json"
    first = reproduce.kept(path, make, ["a", 1])
    assert first == reproduce.kept(path, make, ["a", 1]) == {"value": "inf", "array": [0, 1]}
    assert len(made) == 1
    reproduce.kept(path, make, ["a", 2])
    assert len(made) == 2


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"key": 1}', b"\xff"])
def test_a_damaged_stage_is_made_again(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "stage.json"
    reproduce.kept(path, lambda: 1)
    path.write_bytes(damage)
    assert reproduce.kept(path, lambda: 2) == 2


@pytest.mark.parametrize(("name", "value"), [("code_id", "other"), ("libraries", {"numpy": "1.0"})])
def test_other_code_or_libraries_make_their_own_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: Any
) -> None:
    path = tmp_path / "stage.json"
    reproduce.kept(path, lambda: 1)
    monkeypatch.setattr(reproduce, name, lambda: value)
    assert reproduce.kept(path, lambda: 2) == 2


def test_shuffled_losses_are_iid_losses() -> None:
    """Counts of a table whose landscape is known: a slope has one minimum that every start reaches."""
    slope = np.add.outer(np.arange(4.0), np.arange(3.0)).ravel()
    table = benchmarks.table.LossTable("slope", Hamming((4, 3)), np.column_stack([slope, slope]), "")
    rows = {row["noise"]: row for row in reproduce.landscape(table)["rows"]}
    assert rows["mean over seeds"]["minima"] == [1, 1, 1]
    assert rows["mean over seeds"]["p_optimum"] == [1, 1, 1]
    assert rows["one seed"]["minima"] == [1, 1, 1]
    assert rows["shuffled"]["theory"]["minima"] == 12 / 6


def test_all_lines_together_are_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reproduce, "ORDERS", (3,))
    losses = np.random.default_rng(2).normal(size=(4**3, 2))
    found = reproduce.by_lines(benchmarks.table.LossTable("t", Hamming((4, 4, 4)), losses, ""))
    for row, values in zip(found["rows"], (losses.mean(axis=1), losses[:, 0]), strict=True):
        assert row["count"] == search.strict_minima(Hamming((4, 4, 4)), values).sum()
        assert row["orders"]["3"]["minima"] == pytest.approx(row["count"], rel=0.02)
        assert row["orders"]["3"]["within"]


def changed(summary: dict[str, Any], *path: Any, value: Any) -> dict[str, Any]:
    """A copy with one value replaced."""
    summary = copy.deepcopy(summary)
    at = summary
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return summary


def verdict(claim: Any, summary: dict[str, Any]) -> str:
    return claim(summary).verdict


WON, LOST = {"low": 1.0, "best": 2.0, "high": 3.0}, {"low": -3.0, "best": -2.0, "high": -1.0}


def led(summary: dict[str, Any], lead: dict[str, dict[str, Any]], tables: Iterable[int] = range(3)) -> dict[str, Any]:
    """With the leads of local searches over all rivals replaced, at all noises."""
    for table in tables:
        for noise in reproduce.NOISES:
            value = {mine: dict.fromkeys(("random", "evolution"), each) for mine, each in lead.items()}
            summary = changed(summary, "searches", table, "noises", noise, "lead", value=value)
    return summary


def test_the_simplest_search_is_a_baseline_where_it_beats_chance_and_is_not_beaten(
    run: tuple[dict[str, Any], Path],
) -> None:
    summary, _ = run
    won = led(summary, {"steepest": WON, "first": LOST})
    assert verdict(claims.baseline, won) == claims.REPRODUCED
    beaten = changed(won, "searches", 1, "noises", "denoised", "lead", "steepest", "evolution", value=LOST)
    assert verdict(claims.baseline, beaten) == claims.PARTLY
    assert "a better rival beats it in 1." in claims.baseline(beaten).evidence
    assert verdict(claims.baseline, led(summary, {"steepest": LOST, "first": WON})) == claims.NOT


def test_one_local_search_must_win_everywhere(run: tuple[dict[str, Any], Path]) -> None:
    summary, _ = run
    first, second = {"steepest": LOST, "first": WON}, {"steepest": WON, "first": LOST}
    assert verdict(claims.denoised, led(summary, first)) == claims.REPRODUCED
    assert "On all data sets: first." in claims.denoised(led(summary, first)).evidence
    mixed = led(led(summary, first), second, [1])
    assert verdict(claims.denoised, mixed) == claims.PARTLY
    assert "On all data sets: none." in claims.denoised(mixed).evidence
    assert verdict(claims.denoised, led(summary, {"steepest": LOST, "first": LOST})) == claims.NOT


def test_tables_of_tied_optima_are_left_out_and_named(run: tuple[dict[str, Any], Path]) -> None:
    summary, _ = run
    summary = changed(summary, "landscapes", 0, "rows", 0, "minima", value=[1e9] * 3)
    summary = changed(summary, "landscapes", 0, "rows", 0, "p_optimum", value=[1.0] * 3)
    counted = claims.near_convex(summary).evidence
    assert verdict(claims.fewer_minima, summary) == claims.PARTLY
    tied = changed(summary, "landscapes", 0, "rows", 1, "tied", value=0.15)
    assert verdict(claims.fewer_minima, tied) == claims.REPRODUCED
    assert "Left out" in claims.fewer_minima(tied).evidence
    assert "of 4 tables" in counted
    assert "of 3 tables" in claims.near_convex(tied).evidence


def test_minima_that_do_not_fall_refute_the_claim(run: tuple[dict[str, Any], Path]) -> None:
    summary, _ = run
    assert verdict(claims.fewer_minima, summary) == claims.REPRODUCED
    for each in range(4):
        assert verdict(claims.fewer_minima, summary) != claims.NOT
        summary = changed(summary, "landscapes", each, "rows", 0, "minima", value=[1e9] * 3)
        assert verdict(claims.fewer_minima, summary) == (claims.PARTLY if each < 3 else claims.NOT)


def test_convexity_is_counted(run: tuple[dict[str, Any], Path]) -> None:
    summary, _ = run
    assert verdict(claims.near_convex, summary) == claims.PARTLY
    for share, told in ((0.9, claims.REPRODUCED), (0.1, claims.NOT)):
        other = summary
        for each in range(4):
            other = changed(other, "landscapes", each, "rows", 0, "p_optimum", value=[share] * 3)
        assert verdict(claims.near_convex, other) == told


def test_theorems_are_judged_by_simulations(run: tuple[dict[str, Any], Path]) -> None:
    summary, _ = run
    at = {(v["id"], v["setting"]): i for i, v in enumerate(summary["verify"])}
    exact = at["minima.gaussian", claims.SETTING]
    assert verdict(claims.minima_theorem, summary) == claims.PARTLY
    assert verdict(claims.minima_theorem, changed(summary, "verify", exact, "low", value=0)) == claims.REPRODUCED
    cube = next(i for (id, _), i in at.items() if id == "minima.branching")
    assert verdict(claims.minima_theorem, changed(summary, "verify", cube, "agrees", value=False)) == claims.NOT
    wrong = at["preimage.published", "truncnorm:0.35, s=24, x=0.1, k=1"]
    assert verdict(claims.preimages, summary) == claims.NOT
    assert verdict(claims.preimages, changed(summary, "verify", wrong, "agrees", value=False)) == claims.REPRODUCED


def test_tables_are_counted(run: tuple[dict[str, Any], Path]) -> None:
    summary, _ = run
    for check, content in enumerate(summary["checks"]):
        if content["stationary"]:
            summary = changed(summary, "checks", check, "stationary", "agrees", value={"minima": True})
    for row in range(len(summary["averaging"]["rows"])):
        summary = changed(summary, "averaging", "rows", row, "stationary", "agrees", value={"minima": True})
    assert verdict(claims.tables_explained, summary) == claims.REPRODUCED
    without = changed(summary, "checks", 0, "stationary", value=None)
    assert verdict(claims.tables_explained, without) == claims.PARTLY
    other = changed(summary, "checks", 0, "stationary", "agrees", "minima", value=False)
    assert verdict(claims.tables_explained, other) == claims.PARTLY


def test_the_published_formula_is_held_against_fields(run: tuple[dict[str, Any], Path]) -> None:
    summary, _ = run
    assert verdict(claims.success, summary) == claims.NOT
    at = ("figures", "epsilon_success", "numbers", "best 64")
    assert verdict(claims.success, changed(summary, *at, "branching, published", value=0.8)) == claims.REPRODUCED
    assert verdict(claims.success, changed(summary, *at, "cifar10", "99 %", value=[0, 1])) == claims.PARTLY


def test_chains_are_held_against_walks(run: tuple[dict[str, Any], Path]) -> None:
    summary, _ = run
    at = ("figures", "autocorrelation", "numbers")
    assert verdict(claims.walks, summary) == claims.PARTLY
    slow = {name: {"1": 0.6, "10": 0.04} for name in NUMBERS["autocorrelation"]}
    assert verdict(claims.walks, changed(summary, *at, value=slow)) == claims.REPRODUCED
    fast = slow | {"sd 0.3": {"1": 0.3, "10": 0.04}, "sd 0.4": {"1": 0.2, "10": 0.04}}
    assert verdict(claims.walks, changed(summary, *at, value=fast)) == claims.NOT


def test_the_page_stands_alone(run: tuple[dict[str, Any], Path]) -> None:
    summary, out = run
    page = report.page(summary, out)
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    for name in build.FIGURES:
        assert f'id="figure-{name}"' in page
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page
    assert "&lt;with&gt; &amp; signs" in page
    for claim in summary["claims"]:
        assert claim["verdict"] in page


PROBE = """
<script>
const errors = [];
addEventListener("error", e => errors.push(String(e.message)), true);
addEventListener("load", () => {
  const images = [...document.images].map(i => [i.complete && i.naturalWidth > 0, i.getBoundingClientRect().width]);
  const wide = document.documentElement.scrollWidth > innerWidth;
  document.title = "PROBE " + JSON.stringify({errors, images, wide, width: innerWidth});
});
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [500, 1280], ids=["phone", "laptop"])
def test_a_browser_shows_every_figure(run: tuple[dict[str, Any], Path], tmp_path: Path, width: int) -> None:
    summary, out = run
    page = tmp_path / "page.html"
    page.write_text(report.page(summary, out).replace("</head>", f"{PROBE}</head>"), encoding="utf-8")
    flags = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --enable-logging=stderr"
    )
    command = [CHROMIUM or "", *flags.split(), "--disable-component-update", "--disable-sync", "--disable-quic"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr
    found = re.search(r"<title>PROBE (.*)</title>", done.stdout)
    assert found is not None
    seen = json.loads(found[1])
    assert seen["errors"] == []
    assert len(seen["images"]) == len(summary["figures"])
    assert all(whole and wide > 0.8 * min(seen["width"], 950) for whole, wide in seen["images"])
    assert not seen["wide"], "the page scrolls sideways"
