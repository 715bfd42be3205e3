"""Algorithms side by side: what they share, what they do not, and what `hillscape compare` prints."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from simulations import comparison
from simulations.algorithms import GaussianNoise
from simulations.campaign import workers
from simulations.cli import app
from theory.graphs import Hamming

GRAPH = Hamming((3,) * 4)
NOISY = GaussianNoise(np.random.default_rng(0).standard_normal(81), 0.7)


def test_the_frozen_noise_of_a_run_is_the_same_for_all_algorithms() -> None:
    done = comparison.compare(GRAPH, NOISY, ["random", "steepest"], budget=81, runs=3)
    by_vertex = {name: [r.observed[r.vertex.argsort()] for r in runs] for name, runs in done.items()}
    assert np.array_equal(by_vertex["random"], by_vertex["steepest"])
    assert not np.array_equal(by_vertex["random"][0], by_vertex["random"][1])
    orders = {tuple(r.vertex) for runs in done.values() for r in runs}
    assert len(orders) == 6


def test_a_run_is_the_same_alone_and_with_any_workers() -> None:
    with workers("threading", 2):
        done = comparison.compare(GRAPH, NOISY, ["first", "evolution"], 20, 4, fresh=True, seed=5, jobs=2)
    alone = comparison.one(GRAPH, NOISY, "evolution", 20, True, 5, 3)
    assert np.array_equal(done["evolution"][3].observed, alone.observed)
    assert [len(r.vertex) for runs in done.values() for r in runs] == [20] * 8


def test_summary_of_runs_that_saw_everything() -> None:
    done = comparison.compare(GRAPH, GaussianNoise(NOISY.true), ["random"], budget=81, runs=5)
    found = comparison.summary(done["random"])
    assert found["regret"].best == 0
    assert found["optimal"].best == 1 == found["optimal"].high > found["optimal"].low


def test_unknown_algorithms_and_empty_comparisons_are_refused() -> None:
    with pytest.raises(ValueError, match="algorithms: 'hill' is unknown; allowed: steepest, first"):
        comparison.compare(GRAPH, NOISY, ["hill"])
    for name in ("runs", "jobs", "budget"):
        numbers: dict[str, Any] = {name: 0}
        with pytest.raises(ValueError, match=f"{name}: 0 must be"):
            comparison.compare(GRAPH, NOISY, ["random"], **numbers)


def test_compare_prints_each_algorithm_with_intervals() -> None:
    command = ["compare", "nasbench201:cifar10", "--algorithms", "first,random", "--runs", "8", "--budget", "60"]
    outcome = CliRunner().invoke(app, [*command, "--resample", "--json"])
    content = json.loads(outcome.stdout)
    assert content["algorithms"]["first"]["regret"]["best"] < content["algorithms"]["random"]["regret"]["best"]
    shown = CliRunner().invoke(app, [*command, "--noise", "0.2", "--fresh"]).stdout
    assert "first" in shown
    assert "regret" in shown
    refused = CliRunner().invoke(app, [*command, "--resample", "--noise", "1"])
    assert "resample, noise: give one of them" in str(refused.exception)
