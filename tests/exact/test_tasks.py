"""What one trial returns, against literal loops over the same losses and trials whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulations import landscapes, tasks
from simulations.campaign import run
from simulations.tasks import Task, given_landscape, replicate
from theory.graphs import Graph, Hamming, hypercube, parse_graph

FIELD: dict[str, Any] = {"model": "gaussian", "rho": (1, 0.5, 0.3)}
TASKS = [
    Task("minima", graph="hamming:3x4", level=-0.5, sigma=0.7, **FIELD),
    Task("choice", graph="hamming:3x4", sigma=0.7, **FIELD),
    Task("choice", graph="erdos_renyi:12,0.3", sigma=0.7, average=2),
    Task("autocorrelation", graph="hamming:3x4", depth=3, **FIELD),
    Task("table", graph="hamming:3x4", sigma=0.7, average=3, **FIELD),
    Task("table", graph="erdos_renyi:12,0.3", average=2),
    Task("flip", graph="hamming:3x4", sigma=0.7, landscape_seed=3, **FIELD),
    Task("ruggedness", graph="hamming:3x4", depth=3, landscape_seed=3, **FIELD),
]


def name(task: Task) -> str:
    return f"{task.quantity} {task.model} {task.graph}"


@pytest.mark.parametrize("task", TASKS, ids=name)
def test_trials_are_the_same_alone_and_on_any_number_of_workers(task: Task) -> None:
    rows = run(task, 9)
    assert rows.shape == (9, len(task.columns)) == (9, len(set(task.columns)))
    assert np.isfinite(rows).all()
    assert len(np.unique(rows, axis=0)) == 9
    assert np.array_equal(rows, run(task, 9, jobs=2))
    assert np.array_equal(rows[5], replicate(task, 5))


def named(task: Task, number: int = 0) -> dict[str, float]:
    return dict(zip(task.columns, replicate(task, number).tolist(), strict=True))


def noise_of(task: Task, number: int) -> np.ndarray:
    """The standard normal noise of a trial on a given landscape: the second of its three streams."""
    seeds = np.random.SeedSequence(task.stream, spawn_key=(number,)).spawn(3)
    return np.random.default_rng(seeds[1]).standard_normal(parse_graph(task.graph).n)


def around(graph: Graph, vertex: int) -> list[int]:
    return [int(u) for u in graph.neighbours[vertex] if u != vertex]


def best_around(graph: Graph, losses: np.ndarray, vertex: int) -> int:
    return min([vertex, *around(graph, vertex)], key=lambda u: losses[u])


def end(graph: Graph, losses: np.ndarray, vertex: int) -> int:
    following = best_around(graph, losses, vertex)
    return vertex if following == vertex else end(graph, losses, following)


def minimal(graph: Graph, losses: np.ndarray) -> list[int]:
    return [v for v in range(graph.n) if all(losses[u] > losses[v] for u in around(graph, v))]


@pytest.mark.parametrize("graph", [Hamming((3, 4)), hypercube(3), parse_graph("cycle:9")], ids=str)
def test_choices_and_minima_by_loops(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    true, seen = rng.standard_normal(graph.n), rng.standard_normal(graph.n)
    monkeypatch.setattr(tasks, "_landscape", lambda task, graph, rng: true)
    monkeypatch.setattr(landscapes, "observe", lambda losses, noise, rng: seen)
    steps = [best_around(graph, seen, v) for v in range(graph.n)]
    best_steps = [best_around(graph, true, v) for v in range(graph.n)]
    assert named(Task("choice", graph=str(graph))) == pytest.approx(
        {
            "chosen": true[seen.argmin()],
            "regret": true[seen.argmin()] - true.min(),
            "step_loss": true[steps].mean(),
            "step_regret": true[steps].mean() - true[best_steps].mean(),
            "end_loss": true[[end(graph, seen, v) for v in range(graph.n)]].mean(),
        }
    )
    found = minimal(graph, seen)
    assert named(Task("minima", graph=str(graph), level=-0.8)) == pytest.approx(
        {
            "minima": len(found),
            "below": (seen[found] < -0.8).sum(),
            "loss_sum": seen[found].sum(),
            "true_sum": true[found].sum(),
        }
    )


@pytest.mark.parametrize("graph", ["hamming:3x4", "erdos_renyi:9,0.4", "cycle:8"])
@pytest.mark.parametrize("number", range(4))
def test_frozen_noise_on_a_given_landscape_by_loops(graph: str, number: int) -> None:
    task = Task("flip", graph=graph, sigma=0.6, landscape_seed=2)
    drawn, losses = given_landscape(task)
    seen = losses + 0.6 * losses.std() * noise_of(task, number)
    edges = [(v, u) for v in range(drawn.n) for u in around(drawn, v)]
    wrong = [(losses[u] > losses[v]) != (seen[u] > seen[v]) for v, u in edges]
    assert named(task, number) == pytest.approx(
        {
            "changed": float(minimal(drawn, seen) != minimal(drawn, losses)),
            "minima": len(minimal(drawn, seen)),
            "flipped": np.mean(wrong),
            "regret": losses[seen.argmin()] - losses.min(),
            "end_loss": np.mean([losses[end(drawn, seen, v)] for v in range(drawn.n)]),
        }
    )


def test_a_table_lists_the_seeds_of_each_vertex() -> None:
    task = Task("table", graph="cycle:30", sigma=0.5, average=4)
    assert task.columns[:5] == ("loss_0_1", "loss_0_2", "loss_0_3", "loss_0_4", "loss_1_1")
    tables = run(task, 400).reshape(400, 30, 4)
    # seeds correlate 1/(1+σ²) = 0.8 at a vertex and not at all between vertices; 12,000 pairs, standard error 0.004
    assert np.corrcoef(tables[:, :, 0].ravel(), tables[:, :, 3].ravel())[0, 1] == pytest.approx(0.8, abs=0.016)
    assert np.corrcoef(tables[:, :-1, 0].ravel(), tables[:, 1:, 0].ravel())[0, 1] == pytest.approx(0, abs=0.04)


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        (Task("choice", graph="complete:7"), {"regret": 0, "step_regret": 0}),
        (Task("flip", graph="complete:7"), {"changed": 0, "minima": 1, "flipped": 0, "regret": 0}),
        (Task("flip", graph="erdos_renyi:8,0"), {"minima": 8, "flipped": 0}),
        (
            Task("ruggedness", graph="hypercube:1", depth=4),  # two losses alternate
            {"lag_1": -1, "lag_2": 1, "lag_3": -1, "lag_4": 1, "length": 1, "coordinate_1": -1},
        ),
        (
            Task("ruggedness", "rmf", "hypercube:3", slope=1e9),  # the loss is the number of ones
            {f"coordinate_{i}": 1 / 3 for i in (1, 2, 3)},
        ),
    ],
    ids=lambda value: name(value) if isinstance(value, Task) else None,
)
def test_trials_whose_answer_is_known(task: Task, answer: dict[str, float]) -> None:
    for number in range(3):
        found = named(task, number)
        assert {column: found[column] for column in answer} == pytest.approx(answer, abs=1e-6)


def test_a_walk_moves_to_a_neighbour_at_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses 1 and −1 by parity: a walk on the cube changes sign at each step, its products too."""
    parity = (-1.0) ** np.array([v.bit_count() for v in range(8)])
    monkeypatch.setattr(tasks, "_landscape", lambda task, graph, rng: parity)
    assert replicate(Task("autocorrelation", graph="hypercube:3", depth=4), 0).tolist() == [-1, 1, -1, 1]


@pytest.mark.parametrize("quantity", ["autocorrelation", "ruggedness"])
def test_walks_need_a_hamming_graph_and_steps(quantity: str) -> None:
    with pytest.raises(ValueError, match=f"graph: cycle:5 is not a Hamming graph, on which {quantity} is simulated"):
        Task(quantity, graph="cycle:5")
    with pytest.raises(ValueError, match="depth: 0 must be at least 1"):
        Task(quantity, graph="hypercube:2", depth=0)


@pytest.mark.parametrize(
    ("task", "id", "values"),
    [
        (Task("flip", graph="cycle:12", sigma=0.3), "a2296a50a196bc0b", {"changed": [0, 1, 1, 0, 1, 0]}),
        (
            Task("minima", "gaussian", "hamming:3x4", rho=(1, 0.5, 0.2), sigma=0.3, average=2, level=-1.0),
            "b760a4a58328ddda",
            {"minima": [2, 1, 1], "below": [1, 1, 1]},
        ),
    ],
    ids=["flip", "minima"],
)
def test_streams_are_stable(task: Task, id: str, values: dict[str, list[float]]) -> None:
    """A changed literal here is a changed stream of numbers: say so in CHANGELOG.md."""
    assert task.id == id
    for column, expected in values.items():
        assert run(task, len(expected))[:, task.columns.index(column)].tolist() == expected


def test_tasks_on_the_same_landscapes_see_the_same_noise_and_losses() -> None:
    """Common random numbers: rule, σ, level and quantity leave the stream as it is; the model and the seed do not."""
    base = Task("minima", "gaussian", "hamming:3x4", rho=(1, 0.5, 0.2), level=0)
    same = [replace(base, sigma=2, average=3), replace(base, quantity="table", level=None)]
    assert {task.stream for task in same} == {base.stream}
    others = [replace(base, seed=1), replace(base, rho=(1, 0.5, 0.3)), Task("minima", graph="hamming:3x4")]
    assert len({base.stream, *(task.stream for task in others)}) == 4
    quiet, noisy = (run(Task("table", "gaussian", "hamming:3x4", rho=(1, 0.5, 0.2), sigma=s), 1)[0] for s in (0, 0.5))
    twice = run(Task("table", "gaussian", "hamming:3x4", rho=(1, 0.5, 0.2), sigma=1), 1)[0]
    assert twice - quiet == pytest.approx(2 * (noisy - quiet))


@pytest.mark.parametrize("model", [{}, {"model": "additive"}, {"model": "nk", "k": 1}, {"model": "rmf", "slope": 0.5}])
@pytest.mark.parametrize("rule", ["steepest", "reluctant"])
def test_walks_from_random_starts_are_on_the_stored_landscape(model: dict[str, Any], rule: str) -> None:
    """The same landscape and noise-free walks, seen from a thousand starts drawn out of 72 and from all of them."""
    whole = named(Task("steps", graph="hamming:3x4x6", rule=rule, depth=2, **model))
    some = [named(Task("steps", graph="hamming:3x4x6", rule=rule, depth=2, starts=s, **model)) for s in (1000, 20_000)]
    for column in ("steps", "evaluations", "at_least", "end_loss"):
        errors = [abs(found[column] - whole[column]) for found in some]
        assert errors[1] <= max(0.02 * abs(whole[column]), 0.02), (column, errors)


def test_walks_run_where_no_landscape_is_stored() -> None:
    for model in ({}, {"model": "nk", "k": 2}, {"model": "gaussian", "c": (0.6,) * 20}):
        task = Task("steps", graph="hamming:8^20", starts=5, level=-2, **model)
        found = named(task)
        assert found == named(task)
        assert 1 < found["steps"] < 30
        assert found["below"] == 1
        assert found["evaluations"] > 140
    noisy = named(Task("steps", graph="hamming:8^20", starts=200, sigma=1))
    assert noisy["end_loss"] < named(Task("steps", graph="hamming:8^20", starts=200))["end_loss"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"graph": "hamming:8^20"}, "has 1.15e.18 vertices, more than the 67108864 stored; give starts"),
        ({"graph": "cycle:9", "starts": 3}, "starts: 3 must be at least 0, and 0 on cycle:9"),
        ({"graph": "hypercube:3", "starts": -1}, "starts: -1 must be at least 0"),
        ({"graph": "hypercube:3", "level": 0.0}, "level: 0.0 has no effect on steps from all starts"),
    ],
)
def test_bad_starts_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Task("steps", **fields)


def test_a_walk_that_may_never_come_to_the_optimum_is_refused() -> None:
    with pytest.raises(ValueError, match="is not connected; a walk may never come to the optimum"):
        replicate(Task("hitting", graph="erdos_renyi:9,0", sigma=1), 0)
    assert replicate(Task("restart", graph="erdos_renyi:9,0"), 0)[0] >= 1
