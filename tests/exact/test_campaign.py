"""Campaigns: the same numbers for any split of the work, content ids, and trials whose answer is known."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from simulations import landscapes, tasks
from simulations.campaign import run
from simulations.tasks import Task, replicate

TASKS = [
    Task("minima", graph="cycle:20"),
    Task("minima", "gaussian", "hamming:3x4", rho=(1, 0.5, 0.2), sigma=0.3, average=2, seed=7),
    Task("steps", graph="regular:30,3", rule="first"),
    Task("steps", "additive", "hypercube:5", sigma=1.0, rule="reluctant"),
    Task("basins", graph="erdos_renyi:25,0.1"),
    Task("basins", "gaussian", "hypercube:4", rho=(1, 0.5), rule="first"),
    Task("basins", "branching", kernel="truncnorm:0.35", degree=6, loss=0.1, depth=3),
    Task("steps", "branching", law="uniform", kernel="lipschitz:0.3", degree=4, rule="first", level=0.1),
    Task("minima", "gaussian", "hamming:3x4", c=(0.2, 0.7), level=0.0),
    Task("minima", "rmf", "hypercube:5", slope=0.3),
    Task("steps", "nk", "hypercube:6", k=2, depth=2),
    Task("hitting", "nk", "hypercube:4", k=1, sigma=0.8),
    Task("restart", graph="hypercube:5", landscape_seed=3),
    Task("flip", graph="cycle:12", sigma=0.1),
]


def name(task: Task) -> str:
    return f"{task.quantity} {task.model} {task.graph or task.kernel} {task.rule}"


@pytest.mark.parametrize("task", TASKS, ids=name)
def test_numbers_do_not_depend_on_jobs(task: Task) -> None:
    alone = run(task, 21)
    assert alone.shape == (21, len(task.columns))
    assert np.isfinite(alone).all()
    assert np.array_equal(alone, run(task, 21, jobs=2))


@pytest.mark.parametrize("task", TASKS, ids=name)
def test_a_trial_is_the_same_alone_and_in_any_batch(task: Task) -> None:
    many, few = run(task, 35), run(task, 4)  # batches of 5 and of 1
    assert np.array_equal(many[:4], few)
    assert np.array_equal(many[[30, 17]], [replicate(task, 30), replicate(task, 17)])


@pytest.mark.parametrize("task", TASKS, ids=name)
def test_trials_and_seeds_differ(task: Task) -> None:
    values = run(task, 30)
    assert len(np.unique(values, axis=0)) > 1
    assert not np.array_equal(values, run(replace(task, seed=task.seed + 1), 30))


def test_progress_is_shown_on_standard_error_only(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(TASKS[0], 12, progress=True)
    assert np.array_equal(shown, run(TASKS[0], 12))
    assert capsys.readouterr().out == ""


def test_ids_are_stable() -> None:
    """A changed literal here is a changed stream of numbers: say so in CHANGELOG.md."""
    assert Task("minima", graph="cycle:20").id == "6436e63ba6c5c051"
    assert TASKS[1].id == "a79ee21b79a49c4f"


def test_id_does_not_depend_on_the_order_of_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [task.id for task in TASKS]
    monkeypatch.setattr(tasks, "fields", lambda task: tuple(reversed(fields(task))))
    assert [task.id for task in TASKS] == before


FIELD = Task("minima", "gaussian", "hamming:3x4", rho=(1, 0.5, 0.2), sigma=0.1, average=2)
TREE = Task("basins", "branching", kernel="ar1:0.5", degree=3, loss=0.1)
WALK = Task("steps", "branching", law="normal", kernel="ar1:0.5", degree=3)


@pytest.mark.parametrize(
    ("task", "change"),
    [
        *((FIELD, {name: value}) for name, value in {
            "quantity": "steps", "graph": "hamming:3x5", "rho": (1, 0.5, 0.25), "sigma": 0.2, "average": 3,
            "level": 0.0, "seed": 1,
        }.items()),
        *((TREE, {name: value}) for name, value in {"kernel": "ar1:0.6", "degree": 2, "loss": 0.5, "depth": 2}.items()),
        *((WALK, {name: value}) for name, value in {"rule": "first", "level": 0.0}.items()),
        (Task("minima", "rmf", "hypercube:3"), {"slope": 0.5}),
        (Task("minima", "nk", "hypercube:4", k=1), {"k": 3}),
        (Task("minima", "nk", "hypercube:4", k=1), {"neighbourhood": "block"}),
    ],
    ids=str,
)  # fmt: skip
def test_every_field_changes_the_id(task: Task, change: dict[str, Any]) -> None:
    assert replace(task, **change).id != task.id


def test_the_model_changes_the_id() -> None:
    assert Task("minima", "additive", "hypercube:3").id != Task("minima", "iid", "hypercube:3").id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Task("minima", graph="cycle:9", sigma=1), Task("minima", graph="cycle:9", sigma=1.0)),
        (
            Task("minima", "gaussian", "hypercube:1", rho=(1, 0)),
            Task("minima", "gaussian", "hypercube:1", rho=(1.0, 0.0)),
        ),
    ],
    ids=["sigma", "rho"],
)
def test_equal_tasks_have_equal_ids(one: Task, other: Task) -> None:
    assert one == other
    assert one.id == other.id


def test_open_correlations_are_completed_once_for_all() -> None:
    task = Task("minima", "gaussian", "hamming:3x4x5", rho=(1, 0.5))
    assert task.rho is not None
    assert len(task.rho) == 4
    assert replace(task).id == task.id


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"quantity": "maxima"}, "quantity: 'maxima' is unknown; allowed: minima, steps, basins"),
        ({"model": "xy"}, "model: 'xy' is unknown; allowed: iid, gaussian, additive, rmf, nk, branching"),
        ({"rule": "fast"}, "rule: 'fast' is unknown; allowed: steepest, first, reluctant"),
        ({"seed": -1}, "seed: -1 must be at least 0"),
        ({"sigma": -0.1}, "noise: sigma -0.1 must be finite and at least 0"),
        ({"sigma": float("nan")}, "noise: sigma nan must be finite"),
        ({"average": 0}, "noise: average 0 must be a whole number of at least 1"),
        ({"quantity": "hitting"}, "sigma"),  # without noise a walk never leaves a local minimum
        ({"graph": ""}, "graph: '' is of no known family"),
        ({"graph": "cube:3"}, "graph: 'cube:3' is of no known family"),
        ({"graph": "regular:5,3"}, "5·3 is odd"),
        ({"rho": (1, 0.5)}, r"rho: \(1, 0.5\) has no effect on minima in the iid model"),
        ({"model": "gaussian"}, "rho, c: the gaussian model needs one of them, other models none; this is gaussian"),
        ({"model": "gaussian", "rho": (1, 1.5)}, r"rho: .* must start with ρ_0 = 1 and lie in \[−1, 1\]"),
        ({"model": "gaussian", "rho": (1, 0.9, 0.5)}, "rho: .* is not positive semi-definite on hypercube:2"),
        ({"model": "gaussian", "rho": (1, 0.5, 0.2, 0.1)}, "rho: 3 distances given, but hypercube:2 has 2"),
        ({"model": "gaussian", "rho": (1, 0.5), "graph": "cycle:4"}, "cycle:4 is not a Hamming graph"),
        ({"model": "additive", "graph": "torus:3x3"}, "torus:3x3 is not a Hamming graph"),
    ],
    ids=str,
)
def test_bad_tasks_are_refused(fields: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"quantity": "minima", "graph": "hypercube:2"}
    with pytest.raises(ValueError, match=message):
        Task(**good | fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"quantity": "minima", "depth": 1}, "quantity: minima; the branching model has no graph"),
        ({"quantity": "steps"}, "law: '' is unknown"),
        ({"kernel": "gauss:1"}, "kernel: 'gauss:1' is unknown"),
        ({"loss": 1.01}, r"loss: 1.01 must lie in \[0, 1\]"),
        ({"loss": float("nan")}, "loss: nan must lie"),
        ({"degree": 0}, "degree, depth: 0, 2 must both be at least 1"),
        ({"depth": 0}, "degree, depth: 3, 0 must both be at least 1"),
    ],
    ids=str,
)
def test_bad_branching_tasks_are_refused(fields: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"quantity": "basins", "kernel": "uniform", "degree": 3, "loss": 0.5, "depth": 2}
    with pytest.raises(ValueError, match=message):
        Task(model="branching", **good | fields)


@pytest.mark.parametrize(("trials", "jobs", "message"), [(0, 1, "trials: 0"), (-3, 1, "trials: -3"), (5, 0, "jobs: 0")])
def test_a_campaign_has_trials_and_workers(trials: int, jobs: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"{message} must be at least 1"):
        run(TASKS[0], trials, jobs)


def test_the_share_of_the_global_minimum_is_not_that_of_the_largest_basin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cycle whose best vertex is reached from its two neighbours only, and the other minimum from all others."""
    losses = np.array([0, 5, 4, 3, 2, 1, 2.5, 3.5, 4.5])
    monkeypatch.setattr(landscapes, "iid", lambda graph, rng: losses)
    steps = (0 + 1 + 3 + 2 + 1 + 0 + 1 + 2 + 1) / 9
    assert replicate(Task("basins", graph="cycle:9", share=0.2), 0) == pytest.approx([3 / 9, 9 / 2, 1, 2, steps])
    assert replicate(Task("basins", graph="cycle:9"), 0)[2] == pytest.approx(3 / 9)


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        (Task("minima", graph="complete:7"), {"minima": 1}),
        (Task("minima", graph="erdos_renyi:9,0"), {"minima": 9}),
        (Task("minima", "additive", "hamming:3x4"), {"minima": 1}),
        (Task("steps", graph="complete:7"), {"steps": 6 / 7, "evaluations": 7}),
        (Task("steps", graph="complete:7", rule="reluctant"), {"steps": 3, "evaluations": 7}),
        (Task("steps", graph="regular:8,0"), {"steps": 0, "evaluations": 1}),
        (Task("steps", "additive", "hamming:3x4"), {"steps": 2 / 3 + 3 / 4}),
        (Task("steps", graph="complete:7", rule="reluctant", depth=4), {"at_least": 3 / 7}),
        (Task("steps", "rmf", "hamming:3x3", slope=1e9), {"steps": 4 / 3, "at_least": 8 / 9}),
        (Task("steps", "nk", "hamming:3x4", k=0), {"steps": 2 / 3 + 3 / 4}),
        (Task("minima", "nk", "hamming:3x4", k=0), {"minima": 1}),
        (Task("minima", "nk", "hypercube:4", k=3, neighbourhood="block", level=-1e9), {"below": 0}),
        (Task("minima", "additive", "hypercube:4", level=1e9), {"minima": 1, "below": 1}),
        (Task("restart", graph="complete:7"), {"evaluations": 7}),
        (Task("flip", graph="complete:7", sigma=0), {"changed": 0}),
        (Task("basins", graph="complete:7", rule="first"), {"p_global": 1, "mean_basin": 7}),
        (Task("basins", graph="erdos_renyi:8,0"), {"p_global": 1 / 8, "mean_basin": 1}),
        (Task("basins", "branching", kernel="uniform", degree=5, loss=1, depth=2), {"depth_1": 0, "depth_2": 0}),
        (Task("basins", "branching", kernel="uniform", degree=1, loss=0, depth=2), {"depth_1": 1, "depth_2": 0}),
    ],
    ids=lambda value: name(value) if isinstance(value, Task) else None,
)
def test_trials_whose_answer_is_known(task: Task, answer: dict[str, float]) -> None:
    for row in run(task, 3):
        found = dict(zip(task.columns, row, strict=True))
        assert {column: found[column] for column in answer} == pytest.approx(answer, rel=1e-12)
