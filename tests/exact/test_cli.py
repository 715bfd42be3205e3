"""The command line: values, one JSON object, exit status, and one line for bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from simulations import benchmarks, cli, suite, validation
from simulations.benchmarks import nasbench201
from simulations.records import Records
from simulations.suite import Check
from simulations.tasks import Task
from theory import catalogue


class Outcome(NamedTuple):
    status: int | str | None
    out: str
    err: str


Hillscape = Callable[[str], Outcome]


SUITE = [
    Check("minima.independence", "hypercube:4", 8.0, Task("minima", graph="hypercube:4"), 20, claim="upper"),
    Check("walk.iid", "complete:20", 0.95, Task("steps", graph="complete:20"), 20, status="exact"),
    Check("walk.additive", "hamming:3x4x5", 133 / 60, Task("steps", "additive", "hamming:3x4x5"), 20),
]


@pytest.fixture
def hillscape(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hillscape:
    """Runs the command in this process, with a quick suite of checks."""
    monkeypatch.setattr(suite, "checks", lambda ids=(), quick=False: [c for c in SUITE if not ids or c.id in ids])

    def run(arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["hillscape", *arguments.split()])
        with pytest.raises(SystemExit) as end:
            cli.main()
        written = capsys.readouterr()
        return Outcome(end.value.code or 0, written.out, written.err)

    return run


def parsed(outcome: Outcome) -> dict[str, Any]:
    """The one JSON object on standard output."""
    content = json.loads(outcome.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert isinstance(content, dict)
    assert outcome.err == ""
    return content


CENTRE = "--kernel truncnorm:0.35 --loss 0.1"
TREE = f"--model branching --degree 24 {CENTRE} --depth 2"


@pytest.mark.parametrize(
    ("arguments", "value", "accuracy"),
    [
        ("minima.gaussian --graph hamming:5^6 --c 0.6 --noise 0.3", 113.74, 0.01),
        ("minima.gaussian --graph hamming:5^6 --c 0.6 --noise 0.6 --average 4", 113.74, 0.01),
        ("minima.gaussian --graph hamming:5^6 --rho 0.6,0.36 --noise 0.3", 113.74, 0.01),
        ("minima.gaussian --graph hamming:5^6 --c 0.9 --noise 0", 5.032, 0.001),
        ("minima.gaussian --graph hamming:5^6 --c 0.9", 5.032, 0.001),
        ("minima.iid --graph hamming:5^6", 625, 1e-9),
        ("minima.iid --graph regular:2000,24", 80, 1e-9),
        ("minima.branching --graph hamming:5^6 --kernel ar1:0.6", 28.3, 0.05),
        ("minima.independence --graph hamming:5^6", 3125, 1e-6),
        ("walk.iid --graph hamming:5^6 --rule steepest", 1.5487, 5e-5),
        ("walk.iid --graph hamming:5^6", 1.5487, 5e-5),
        ("walk.iid --graph regular:40000,24 --rule first", 3.2724, 5e-5),
        ("walk.iid --graph regular:40000,24 --rule reluctant", 12.001, 0.0015),
        (f"preimage.branching --degree 24 {CENTRE} --depth 3", [3.33336, 0.44756, 0.0078336], 5e-6),
        (f"preimage.branching --graph hamming:5^6 {CENTRE}", [3.33336], 5e-6),
        (f"preimage.published --degree 24 {CENTRE}", [0.1763], 5e-5),
    ],
)  # fmt: skip
def test_predict(hillscape: Hillscape, arguments: str, value: float | list[float], accuracy: float) -> None:
    outcome = hillscape(f"predict {arguments} --json")
    content = parsed(outcome)
    assert outcome.status == 0
    assert content["value"] == pytest.approx(value, abs=accuracy)
    assert content["id"] == arguments.split()[0]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("minima.iid --graph cycle:9", "exact"),
        ("minima.independence --graph cycle:9", "bound"),
        ("preimage.published --kernel uniform --degree 3 --loss 0.5", "approximation"),
        ("walk.iid --graph complete:9", "exact"),
        ("walk.iid --graph regular:40,3", "asymptotic"),
        ("walk.iid --graph hamming:5^6", "approximation"),
    ],
)
def test_predict_says_how_true_it_is(hillscape: Hillscape, arguments: str, status: str) -> None:
    assert parsed(hillscape(f"predict {arguments} --json"))["status"] == status


def test_predict_gives_what_else_is_known(hillscape: Hillscape) -> None:
    assert parsed(hillscape("predict minima.iid --graph hamming:5^6 --json"))["variance"] == 250
    bracket = parsed(hillscape("predict minima.noise_monotone --graph hamming:5^6 --c 0.6 --noise 0.5 --json"))
    assert (bracket["value"], bracket["high"]) == (pytest.approx(64.22, abs=0.01), 625)


SIMULATIONS = {
    "minima --graph hamming:5^6 --trials 80": 625,
    "minima --graph hamming:5^6 --model gaussian --c 0.6 --noise 0.3 --trials 60": 113.74,
    "minima --graph hamming:5^6 --model gaussian --c 0.9 --trials 150": 5.032,
    "steps --graph hamming:5^6 --trials 40": 1.5487,
    "steps --graph regular:4000,24 --rule first --trials 16": 3.2724,
    "steps --graph regular:4000,24 --rule reluctant --trials 16": 12.001,
    "steps --graph hamming:3x4x5 --model additive --trials 5": 133 / 60,
    f"basins {TREE} --trials 600": [3.33336, 0.44756],
}


# Intervals of 99.9 %: false alarm below 1 % for all together; errors of 4 to 30 % are caught (the suite is sharper)
@pytest.mark.parametrize("arguments", SIMULATIONS)
def test_simulate_agrees_with_theory(hillscape: Hillscape, arguments: str) -> None:
    outcome = hillscape(f"simulate {arguments} --confidence 0.999 --seed 1 --json")
    content = parsed(outcome)
    assert outcome.status == 0
    assert f"--trials {content['trials']}" in arguments
    rounding = 1e-9  # where all trials are equal
    assert (np.array(content["low"]) - rounding <= SIMULATIONS[arguments]).all()
    assert (np.array(content["high"]) + rounding >= SIMULATIONS[arguments]).all()


@pytest.mark.parametrize("graph", ["erdos_renyi:9,0.123456789", "hamming:3x4x5", "torus:3x5"])
def test_simulate_takes_the_graph_as_given(hillscape: Hillscape, graph: str) -> None:
    content = parsed(hillscape(f"simulate minima --graph {graph} --trials 5 --seed 3 --json"))
    assert content["task"] == Task("minima", graph=graph, seed=3).id


def test_simulate_counts_evaluations_and_variance(hillscape: Hillscape) -> None:
    steps = parsed(hillscape("simulate steps --graph complete:7 --trials 3 --json"))
    assert (steps["best"], steps["evaluations"]["best"]) == (pytest.approx(6 / 7), 7)
    minima = parsed(hillscape("simulate minima --graph hamming:5^6 --trials 300 --json"))
    assert minima["variance"]["low"] < 250 < minima["variance"]["high"]


@pytest.mark.parametrize(
    "arguments",
    [
        "simulate minima --graph erdos_renyi:30,0.1 --noise 0.5 --trials 17 --json",
        "simulate steps --graph regular:20,3 --rule first --trials 9 --seed 5",
        f"simulate basins {TREE} --trials 12 --json",
        "verify minima.independence walk.additive --trials 10 --json",
        "check nasbench201:imagenet --trials 4 --json",
    ],
)
def test_output_does_not_depend_on_jobs(hillscape: Hillscape, arguments: str) -> None:
    assert hillscape(f"{arguments} --jobs 1") == hillscape(f"{arguments} --jobs 2")


def test_output_depends_on_the_seed(hillscape: Hillscape) -> None:
    one, other = (hillscape(f"simulate minima --graph cycle:30 --trials 20 --seed {seed}").out for seed in (1, 2))
    assert one != other


@pytest.mark.parametrize(
    ("arguments", "observed", "predicted"),
    [
        ("nasbench201:cifar10", {"minima": 13, "p_global": 0.7011, "steps": 4.94}, 20),
        ("nasbench201:cifar10 --seeds mean", {"minima": 13, "p_global": 0.7011, "steps": 4.94}, 20),
        ("nasbench201:cifar10 --seeds 0", {"minima": 24, "p_global": 0.4204, "steps": 4.36}, 23),
        ("nasbench201:cifar100", {"minima": 25, "p_global": 0.7830, "steps": 4.82}, 20),
        ("nasbench201:imagenet", {"minima": 34, "p_global": 0.0555, "steps": 3.99}, 21),
    ],
)
def test_check_shows_counts_beside_theory(
    hillscape: Hillscape, arguments: str, observed: dict[str, float], predicted: float
) -> None:
    outcome = hillscape(f"check {arguments} --trials 5 --json")
    content = parsed(outcome)
    assert content["observed"]["minima"] == observed["minima"]
    assert content["observed"]["p_global"] == pytest.approx(observed["p_global"], abs=5e-5)
    assert content["observed"]["steps"] == pytest.approx(observed["steps"], abs=5e-3)
    assert content["stationary"]["predicted"]["minima"] == pytest.approx(predicted, abs=1.5)
    assert outcome.status == (0 if all(content["agrees"].values()) else 1)


@pytest.mark.parametrize(("agrees", "status"), [(True, 0), (False, 1)])
def test_check_fails_where_a_table_disagrees(
    hillscape: Hillscape, monkeypatch: pytest.MonkeyPatch, agrees: bool, status: int
) -> None:
    content = validation.check_table(benchmarks.load("nasbench201:cifar10"), trials=2)
    content["agrees"] = {name: agrees or name != "steps" for name in content["agrees"]}
    monkeypatch.setattr(validation, "check_table", lambda *arguments, **options: content)
    assert hillscape("check nasbench201:cifar10").status == status
    outcome = hillscape("check nasbench201:cifar10 --json")
    assert outcome.status == status
    assert parsed(outcome)["agrees"] == content["agrees"]


@pytest.mark.parametrize(("error", "status"), [(1.0, 0), (1.05, 1)])
def test_verify_fails_where_a_formula_is_wrong(
    hillscape: Hillscape, monkeypatch: pytest.MonkeyPatch, error: float, status: int
) -> None:
    monkeypatch.setattr(
        suite, "checks", lambda ids=(), quick=False: [replace(SUITE[1], predicted=error * SUITE[1].predicted)]
    )
    table, outcome = hillscape("verify"), hillscape("verify --json")
    assert (table.status, outcome.status) == (status, status)
    assert f"{1 - status} of 1 agree" in table.out
    (verdict,) = parsed(outcome)["results"]
    assert (verdict["id"], verdict["status"], verdict["agrees"]) == ("walk.iid", "exact", not status)


def test_numbers_that_json_lacks_are_named(hillscape: Hillscape, monkeypatch: pytest.MonkeyPatch) -> None:
    """No relative error can be stated where the answer is 0."""
    edgeless = Check("walk.iid", "no edges", 0.0, Task("steps", graph="erdos_renyi:5,0"), 5)
    monkeypatch.setattr(suite, "checks", lambda ids=(), quick=False: [edgeless])
    (verdict,) = parsed(hillscape("verify --json"))["results"]
    assert (verdict["best"], verdict["detects"], verdict["agrees"]) == (0, "inf", True)


def test_verify_takes_ids_and_trials(hillscape: Hillscape) -> None:
    outcome = hillscape("verify walk.additive minima.independence --trials 7 --json")
    results = parsed(outcome)["results"]
    assert outcome.status == 0
    assert [(r["id"], r["trials"]) for r in results] == [("minima.independence", 7), ("walk.additive", 7)]


@pytest.mark.parametrize(("agrees", "status"), [(True, 0), (False, 1)])
def test_reproduce_ends_with_its_verdict(
    hillscape: Hillscape, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, agrees: bool, status: int
) -> None:
    claim = {"claim": "Hills can be climbed", "verdict": "partly"}
    summary = {"agrees": agrees, "verify": [], "claims": [claim], "files": ["page.html"], "seconds": 1.0, "full": False}
    monkeypatch.setattr("simulations.reproduce.reproduce", lambda out, jobs, full: summary | {"full": full})
    outcome = hillscape(f"reproduce --out {tmp_path} --json")
    assert outcome.status == status
    assert parsed(outcome) == summary
    assert parsed(hillscape(f"reproduce --full --out {tmp_path} --json"))["full"]
    outcome = hillscape(f"reproduce --out {tmp_path}")
    assert outcome.status == status
    assert all(word in outcome.out for word in ("Hills can be climbed", "partly", "page.html"))


def test_check_reads_a_format_whatever_the_suffix(hillscape: Hillscape, tmp_path: Path) -> None:
    path = tmp_path / "grid.txt"
    path.write_text("a,b,loss\n" + "\n".join(f"{a},{b},{(3 * a + 5 * b) % 7}" for a in range(3) for b in range(4)))
    outcome = hillscape(f"check {path} --format csv --trials 20 --json")
    assert parsed(outcome)["graph"] == "hamming:3x4"
    assert hillscape(f"check {path}").status == 2
    assert hillscape(f"check {path} --format json --trials 20").status == 2
    refused = hillscape(f"check {path} --format xls")
    assert refused.status == 2
    assert "format: 'xls' is unknown; allowed: npz, csv, parquet, json" in refused.err


def test_theorems_lists_every_result(hillscape: Hillscape) -> None:
    results = parsed(hillscape("theorems --json"))["theorems"]
    assert [r["id"] for r in results] == list(catalogue.RESULTS)
    for r in results:
        assert r["status"] in catalogue.STATUSES
        assert all(r[key] for key in ("title", "assumptions", "source", "latex"))
    table = hillscape("theorems").out
    assert all(id in table for id in catalogue.RESULTS)


def test_theorems_shows_one_in_full(hillscape: Hillscape) -> None:
    text = hillscape("theorems minima.iid").out
    assert "Kauffman and Levin 1987" in text
    assert "takes        graph" in text
    assert hillscape("theorems minima.iid --latex").out.startswith("\\documentclass{article}")


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ("predict minima.iid --graph hamming:5^6", ["625", "250", "hamming:5^6", "exact"]),
        ("simulate steps --graph complete:5 --trials 4", ["steps", "0.8", "evaluations", "4 trials"]),
        ("verify walk.additive --trials 5", ["walk.additive", "2.2167", "yes", "1 of 1 agree"]),
        ("check nasbench201:cifar10 --trials 5", ["minima", "13", "0.70112", "agrees", "branching"]),
        ("figures --list", ["minima_noise", "Denoising"]),
    ],
)
def test_tables_for_people(hillscape: Hillscape, arguments: str, shown: list[str]) -> None:
    outcome = hillscape(arguments)
    assert outcome.err == ""
    assert [text for text in shown if text not in outcome.out] == []


@pytest.mark.parametrize(
    "command", ["theorems", "predict", "simulate", "verify", "check", "train", "figures", "reproduce"]
)
def test_every_command_explains_itself(hillscape: Hillscape, command: str) -> None:
    assert command in hillscape("--help").out
    outcome = hillscape(f"{command} --help")
    assert outcome.status == 0
    assert "--json" in outcome.out


def test_figures_lists_what_they_show(hillscape: Hillscape) -> None:
    assert "minima_noise" in parsed(hillscape("figures --list --json"))["figures"]


BAD = {
    "predict minima.iid --graph cube:3": "graph: 'cube:3' is of no known family",
    "predict minima.iid --graph hamming:5^": "graph: 'hamming:5^' is not a graph",
    "predict minima.iid --graph regular:5,3": "5·3 is odd",
    "predict minima.iid --graph erdos_renyi:5,1.5": "p: 1.5 must lie in [0, 1]",
    "predict minima.iid": "minima.iid: needs graph",
    "predict minima.iid --graph cycle:9 --rule first": "minima.iid: does not use rule",
    "predict minima.iid --graph cycle:9 --degree 2": "minima.iid: does not use degree",
    "predict minima.max --graph cycle:9": "id: 'minima.max' is unknown; allowed: minima.iid",
    "predict minima.gaussian --graph hamming:5^6 --rho 1.2,0.5": "lie in [−1, 1]",
    "predict minima.gaussian --graph hamming:5^6 --rho half": "rho: 'half' must be numbers",
    "predict minima.gaussian --graph hamming:5^6 --c 1.5": "c: 1.5 must lie in [−1, 1]",
    "predict minima.gaussian --graph hamming:5^6 --c nan": "c: nan must lie in [−1, 1]",
    "predict minima.gaussian --graph hypercube:2 --rho 0.9,0.5": "not positive semi-definite on hypercube:2",
    "predict minima.gaussian --graph hamming:5^6 --rho 0.5 --c 0.5": "give one of --rho and --c, not both",
    "predict minima.gaussian --graph cycle:9 --c 0.5": "c: needs --graph with a Hamming graph",
    "predict minima.gaussian --graph hamming:5^6 --c 0.5 --noise -0.1": "noise: sigma -0.1 must be",
    "predict minima.gaussian --graph hamming:5^6 --c 0.5 --noise inf": "noise: sigma inf must be finite",
    "predict minima.gaussian --graph hamming:5^6 --c 0.5 --noise 1 --average 0": "noise: average 0 must be",
    "predict minima.branching --graph cycle:9 --kernel gauss:1": "kernel: 'gauss:1' is unknown",
    "predict minima.branching --graph cycle:9 --kernel ar1:0.5 --law cauchy": "law: 'cauchy' is unknown",
    "predict walk.iid --graph cycle:9 --rule fast": "rule: 'fast' is unknown; allowed: steepest, first, reluctant",
    "predict preimage.iid --degree 3 --loss 2": "loss: 2.0 must lie in [0, 1]",
    "predict preimage.iid --degree 3 --loss 0 --depth 0": "depth: 0 must be at least 1",
    "simulate maxima --graph cycle:9": "quantity: 'maxima' is unknown; allowed: minima, steps, basins",
    "simulate minima": "graph: the iid model needs --graph",
    "simulate minima --graph cube:3": "graph: 'cube:3' is of no known family",
    "simulate minima --graph cycle:9 --model xy": "model: 'xy' is unknown; allowed: iid, gaussian, additive, rmf, nk",
    "simulate minima --graph cycle:9 --trials 0": "trials: 0 must be at least",
    "simulate minima --graph cycle:9 --seed -1": "seed: -1 must be at least 0",
    "simulate minima --graph cycle:9 --jobs 0": "jobs: 0 must be at least 1",
    "simulate minima --graph cycle:9 --noise -1": "noise: sigma -1.0 must be finite and at least 0",
    "simulate minima --graph cycle:9 --trials 5 --confidence 1": "confidence: 1.0 must lie in (0, 1)",
    "simulate minima --graph hamming:3x4 --c 0.5": "has no effect on minima in the iid model",
    "simulate minima --graph hamming:3x4 --model gaussian": "rho, c: the gaussian model needs one of them",
    "simulate minima --graph cycle:9 --model additive": "cycle:9 is not a Hamming graph",
    "simulate steps --graph cycle:9 --rule fast": "rule: 'fast' is unknown",
    "simulate basins --model branching --kernel uniform": "the branching model needs --kernel, --degree and --loss",
    "verify minima.max": "id: 'minima.max' is unknown",
    "verify minima.iid --trials 1": "trials: 1 must be at least 2",
    "verify minima.independence --jobs 0": "jobs: 0 must be at least 1",
    "check nasbench201:mnist": "dataset: 'mnist' is unknown; allowed: cifar10, cifar100, imagenet",
    "check nasbench101": "table: 'nasbench101' is unknown",
    "check missing.npz": "missing.npz",
    "check nasbench201:cifar10 --seeds 2": "seeds: '2' must be 'mean' or one of 0..1",
    "check nasbench201:cifar10 --trials 0": "trials: 0 must be at least 1",
    "theorems minima.max": "id: 'minima.max' is unknown",
    "figures phase_diagram": "figure: 'phase_diagram' is unknown; allowed: minima_noise",
}  # fmt: skip


def assert_refused(outcome: Outcome, message: str) -> None:
    """One line on standard error, nothing on standard output, exit status 2."""
    assert outcome.status == 2
    assert outcome.out == ""
    assert outcome.err.startswith("hillscape: ")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err


@pytest.mark.parametrize("arguments", BAD)
def test_bad_input_is_one_line(hillscape: Hillscape, arguments: str) -> None:
    assert_refused(hillscape(arguments), BAD[arguments])


@pytest.mark.parametrize(
    "arguments",
    [
        "simulate minima --graph cycle:9 --kernel uniform",
        "predict minima.gaussian --graph hamming:5^6 --c 0.5 --average 4",
        "predict minima.iid --graph cycle:9 --delta 0.1",
        "predict minima.iid --graph cycle:9 --kind variable",
        "predict minima.iid --graph cycle:9 --table nasbench201:cifar10",
        "predict chain.hitting --table nasbench201:cifar10 --noise 1 --graph cycle:9",
    ],
)
def test_options_without_effect_are_refused(hillscape: Hillscape, arguments: str) -> None:
    assert_refused(hillscape(arguments), arguments.split()[-2].strip("-"))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("predict", "id"),
        ("train", "--out"),
        ("predict minima.iid --grahp cycle:9", "--grahp"),
        ("simulate minima --graph cycle:9 --trials many", "--trials"),
        ("solve", "solve"),
    ],
)
def test_wrong_usage_is_explained(hillscape: Hillscape, arguments: str, named: str) -> None:
    outcome = hillscape(arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert named in outcome.err


def test_damaged_tables_are_one_line(hillscape: Hillscape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "table.npz"
    damaged.write_bytes(nasbench201.PATH.read_bytes()[:1000])
    assert_refused(hillscape(f"check {damaged}"), "table.npz")
    monkeypatch.setattr(nasbench201, "PATH", damaged)
    assert_refused(hillscape("check nasbench201:cifar10"), "table.npz: cannot be read")


def test_bad_input_writes_no_file(hillscape: Hillscape, tmp_path: Path) -> None:
    assert_refused(hillscape(f"figures phase_diagram --out {tmp_path / 'out'}"), "phase_diagram")
    assert list(tmp_path.iterdir()) == []


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulations.cli", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_answers_in_its_own_process() -> None:
    done = command("predict", "minima.iid", "--graph", "hamming:5^6", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["value"] == 625


def test_the_command_refuses_in_its_own_process() -> None:
    done = command("simulate", "minima", "--graph", "cube:3")
    assert_refused(Outcome(done.returncode, done.stdout, done.stderr), "graph: 'cube:3' is of no known family")


def test_simulate_keeps_its_trials_and_stops_at_its_precision(hillscape: Hillscape, tmp_path: Path) -> None:
    path, command = (
        tmp_path / "trials.jsonl",
        "simulate minima --graph hamming:3^4 --trials 5000 --precision 0.02 --json",
    )
    first = parsed(hillscape(f"{command} --records {path}"))
    assert 100 < first["trials"] < 5000
    assert (first["high"] - first["low"]) / 2 <= 0.02 * first["best"]
    lines = path.read_text().splitlines()
    assert parsed(hillscape(f"{command} --records {path}")) == first
    assert path.read_text().splitlines() == lines
    path.write_text("\n".join([*lines[:-1], lines[-1][:-9]]))
    outcome = hillscape(f"{command} --records {path}")
    assert "damaged lines are not counted, their trials run again: 1" in outcome.err
    assert json.loads(outcome.out) == first


def test_replay_runs_one_trial_alone(hillscape: Hillscape, tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    made = parsed(hillscape(f"simulate steps --graph cycle:30 --trials 9 --records {path} --json"))
    again = parsed(hillscape(f"replay {path} {made['task']} 4 --json"))
    assert again["same"] is True
    assert again["now"] == again["on_file"]
    assert parsed(hillscape(f"replay {path} {made['task']} 9 --json"))["on_file"] is None
    assert "replicate 4" in hillscape(f"replay {path} {made['task']} 4").out
    outcome = hillscape(f"replay {path} abc 4")
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert "task: abc is not in" in outcome.err


def test_replay_says_where_the_file_is_of_another_version(hillscape: Hillscape, tmp_path: Path) -> None:
    path, task = tmp_path / "trials.jsonl", Task("minima", graph="cycle:30")
    Records(path).append(task, 0, np.array([[99.0]]))
    assert hillscape(f"replay {path} {task.id} 0").status == 1
    outcome = hillscape(f"simulate minima --graph cycle:30 --trials 3 --records {path}")
    assert outcome.status == 2
    assert "the file is of another version, start a new one" in outcome.err
