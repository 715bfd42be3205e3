"""Tables for people: what the commands print on a terminal."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from . import validation

LIMITS = (*(f"{quantile:.1%}" for quantile in validation.CENTRAL), "agrees")
NEAR = f"p_global: starts that end at the optimum; p_near: among the best {validation.NEAR:.1%} of all"


def print_rows(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table with a title; its cells may be anything."""
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(_text, row))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=5, threshold=24)
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def print_verdicts(results: list[dict[str, Any]]) -> None:
    """The table of `verify`."""
    columns = ("id", "status", "setting", "predicted", "claim", "low", "high", "detects", "agrees")
    print_rows("Theory against Monte Carlo", columns, [[r[name] for name in columns] for r in results])
    agreeing = sum(r["agrees"] for r in results)
    print(f"{agreeing} of {len(results)} agree; false-alarm rate of the suite {validation.FALSE_ALARM:.0%}")


def print_averaging(content: dict[str, Any]) -> None:
    """The table of `check` for averaged seeds."""
    rows = []
    for row in content["rows"]:
        for name, observed in row["observed"].items():
            spread = row["spread"][name] if row["spread"] else ("", "")
            models = [row["stationary"], row["by_rank"]]
            told = (x for m in models for x in (m["predicted"][name], *m["interval"][name], m["agrees"][name]))
            rows.append((row["seeds"], name, observed, *spread, *told))
    values = [*zip(("ρ_1", "ρ_2"), content["rho"][1:], content["errors"]["rho"][1:], strict=True)]
    values += [(name, content[name], content["errors"][name]) for name in ("sigma", "r")]
    shown = ", ".join(f"{name} = {value:.3f} ± {error:.3f}" for name, value, error in values)
    columns = ("seeds", "", "observed", "2.5 %", "97.5 %", "one σ", *LIMITS, "model", *LIMITS)
    print_rows(f"{content['table']}, {content['seeds']} seeds, on {content['graph']}; {shown}", columns, rows)
    print(
        "observed: landscapes of so many seeds averaged. one σ: Gaussian fields with noise σ²/k. model, which is judged"
    )
    print("(exit status): random tables with the table's low effects, losses, and noise at each rank")
    print(NEAR)


def print_check(content: dict[str, Any]) -> None:
    """The table of `check`."""
    field = content["stationary"]
    models = [content, *([field] if field else [])]
    rows = []
    for name, observed in content["observed"].items():
        told = ((m["predicted"][name], *m["interval"][name], m["agrees"][name]) for m in models)
        rows.append((name, observed, *itertools.chain(*told)))
    rho = ", ".join(f"{r:.3f}" for r in content["rho"][1:3])
    title = f"{content['table']}, seeds {content['seeds']}, on {content['graph']}; ρ_1, ρ_2 = {rho}"
    print_rows(title, ("", "observed", "model", *LIMITS, *(("stationary", *LIMITS) if field else ())), rows)
    print(
        f"model, which is judged (exit status): random tables with the effects of up to {content['kept']} coordinates,"
    )
    print("the variances of higher ones, the losses, and the noise between seeds at each rank")
    none = "none shown, for no Gaussian field has this correlation by distance (radices differ)"
    print(f"stationary: {'Gaussian fields of the correlation by distance' if field else none}")
    print(NEAR)
    print(f"minima by the branching model of the same ρ_1: {content['branching']:.1f}")


def print_holdings(holds: dict[str, Any]) -> None:
    """What a table holds, in two lines."""
    fewest, most = holds["seeds"]
    seeds = f"{most} seeds" if fewest == most else f"{fewest} to {most} seeds ({holds['missing']:,} missing)"
    again = f"{holds['duplicates']:,} repeat an earlier one in every seed"
    print(f"table: {holds['vertices']:,} vertices, {seeds}; {again},")
    flat = f"{holds['plateaus']:,} flat minima of {holds['plateau_vertices']:,} vertices"
    print(f"{holds['ties']:,} tie with one in this landscape; {holds['strict']:,} strict minima, {flat}")
