"""What README says: its commands are the tool's, and its numbers, where cheap, what the package computes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import typer

from simulations import benchmarks, search, validation
from simulations.benchmarks import nasbench201
from simulations.cli import app
from theory import basins, minima
from theory.correlations import Correlation
from theory.graphs import Hamming
from theory.laws import AR1Kernel, Normal, TruncatedNormalKernel
from theory.noise import Noise

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
TEXT = " ".join(README.split())
GRAPH = Hamming((5,) * 6)
COMMANDS = [
    line.split("#")[0].split(">")[0].strip()
    for line in README.splitlines()
    if line.startswith(("hillscape ", "uv run hillscape "))
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one(command: str) -> None:
    words = shlex.split(command.removeprefix("uv run "))
    group = typer.main.get_command(app)
    name, *arguments = words[1:]
    group.commands[name].make_context(name, arguments)  # pyright: ignore[reportAttributeAccessIssue]


def test_the_readme_has_commands() -> None:
    assert len(COMMANDS) > 10


def test_minima_of_fields() -> None:
    field = Correlation.geometric(0.6, 6)
    assert f"{minima.gaussian(GRAPH, field, Noise(0.3)):.2f} local minima" in TEXT
    branching, exact = minima.branching(GRAPH, Normal(), AR1Kernel(0.6)), minima.gaussian(GRAPH, field)
    assert f"expects {branching:.1f} minima; the exact number is {exact:.1f}" in TEXT


def test_preimages() -> None:
    kernel = TruncatedNormalKernel(0.35)
    published, right = basins.published(kernel, 24, 0.1)[0], basins.branching(kernel, 24, 0.1).by_depth[0]
    assert f"a factor of {right / published:.0f}" in TEXT
    assert f"{published:.3f} where the model, solved and simulated, has {right:.3f}" in TEXT


def test_minima_of_nasbench() -> None:
    tables = [nasbench201.load(dataset) for dataset in nasbench201.DATASETS]
    mean, first = (
        [int(search.strict_minima(GRAPH, table.landscape(seeds)).sum()) for table in tables] for seeds in ("mean", 0)
    )
    assert f"{mean[0]}, {mean[1]} and {mean[2]} strict minima" in TEXT
    assert f"{first[0]}, {first[1]} and {first[2]} where it has" in TEXT


def test_minima_of_averaged_seeds() -> None:
    losses = benchmarks.load("own:vector").losses
    means = [validation._observe_groups(GRAPH, losses, k)[0]["minima"] for k in (1, 2, 4, 8, 16)]
    *first, last = (f"{mean:.0f}" for mean in means)
    assert f"{', '.join(first)} and {last} minima" in TEXT
