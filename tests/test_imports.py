"""Which module may import which, read off the source: formulas never reach the simulator, theory draws no numbers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VOCABULARY = {"theory.graphs", "theory.laws", "theory.correlations", "theory.noise"}
MEETING_PLACES = {"simulations.validation", "simulations.suite", "simulations.cli", "simulations.reproduce"}
DRAWS_FIGURES = {"simulations.cli", "simulations.reproduce"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(package: str) -> dict[str, Path]:
    return {module_name(path): path for path in sorted((ROOT / package).rglob("*.py"))}


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """The module a `from … import` names, its leading dots resolved."""
    if not node.level:
        return node.module or ""
    folder = path.relative_to(ROOT).parent.parts
    return ".".join([*folder[: len(folder) - node.level + 1], *([node.module] if node.module else [])])


def imported(path: Path) -> Iterator[str]:
    """Modules that a file imports, at its top or inside a function; `from package import module` as package.module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, path)
            submodules = [f"{base}.{alias.name}" for alias in node.names]
            known = [name for name in submodules if name in ALL]
            yield from known or [base]


ALL = {name: path for package in ("theory", "simulations", "paper_figs") for name, path in sources(package).items()}


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def test_packages_are_found() -> None:
    assert {"theory.walks", "simulations.search", "simulations.trainer.train", "paper_figs.build"} <= set(ALL)
    assert "theory.catalogue" in set(imported(ALL["simulations.validation"]))
    assert "theory.graphs" in set(imported(ALL["simulations.search"]))
    assert "theory.minima" in set(imported(ALL["theory.catalogue"]))  # from . import minima


@pytest.mark.parametrize("name", sources("theory"))
def test_theory_imports_nothing_of_the_rest(name: str) -> None:
    assert not [m for m in imported(ALL[name]) if within(m, "simulations") or within(m, "paper_figs")]


@pytest.mark.parametrize("name", sorted(set(sources("simulations")) - MEETING_PLACES))
def test_simulations_see_the_vocabulary_only(name: str) -> None:
    assert {m for m in imported(ALL[name]) if within(m, "theory")} <= VOCABULARY


@pytest.mark.parametrize("name", sorted(set(sources("simulations")) - DRAWS_FIGURES))
def test_simulations_draw_no_figures(name: str) -> None:
    assert not [m for m in imported(ALL[name]) if within(m, "paper_figs")]


def random_uses(path: Path) -> list[str]:
    """Calls through `….random` or to `….rvs`, and imports of random generators; unscrambled Sobol points are fixed."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parent = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in {"random", "rvs"}]
    imports = [name for name in imported(path) if {"random", "secrets"} & set(name.split("."))]
    uses = [ast.unparse(parent[parent[node]]) for node in attributes]
    return [use for use in uses if not re.match(r"qmc\.Sobol\(\w+, scramble=False\)\.random", use)] + imports


@pytest.mark.parametrize("name", sources("theory"))
def test_theory_draws_no_random_number(name: str) -> None:
    """But for the start vector of Lanczos iterations in `graphs`, always the same one."""
    allowed = ["np.random.default_rng(0)"] if name == "theory.graphs" else []
    assert random_uses(ALL[name]) == allowed


@pytest.mark.parametrize(
    "source",
    [
        "import random",
        "from numpy.random import default_rng",
        "import numpy as np\nx = np.random.rand(3)",
        "import secrets",
    ],
)
def test_random_numbers_would_be_seen(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_imports.ROOT", tmp_path)
    path = tmp_path / "module.py"
    path.write_text(source)
    assert random_uses(path)
