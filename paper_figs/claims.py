"""What became of the claims of White, Nolen and Savani (UAI 2021), judged by the numbers of one `reproduce`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from theory import minima
from theory.graphs import parse_graph
from theory.laws import AR1Kernel, Normal

Summary = dict[str, Any]
"""What `simulations.reproduce.reproduce` gathers."""
REPRODUCED, PARTLY, NOT = "reproduced", "partly", "not reproduced"
SETTING = "hamming:5^6, c=0.6, σ=0"
RIVALS = ("evolution", "tpe", "random")
SIMPLEST = "steepest"
TIED = 0.01


@dataclass(frozen=True)
class Claim:
    """A claim in our words, where the paper makes it, the verdict, the numbers behind it, and figures that show it."""

    claim: str
    source: str
    verdict: str
    evidence: str
    figures: tuple[str, ...] = ()


def judge(summary: Summary) -> list[dict[str, Any]]:
    """Every claim with its verdict, as JSON-ready objects."""
    return [asdict(claim(summary)) for claim in CLAIMS]


def _numbers(summary: Summary, figure: str) -> dict[str, Any]:
    return summary["figures"][figure]["numbers"]


def _landscapes(summary: Summary) -> dict[str, dict[str, dict[str, Any]]]:
    """By table and noise, what local search meets."""
    return {each["table"]: {row["noise"]: row for row in each["rows"]} for each in summary["landscapes"]}


def _nasbench(summary: Summary) -> list[dict[str, Any]]:
    """Searches on NAS-Bench-201."""
    return [each for each in summary["searches"] if each["table"].startswith("nasbench201")]


def _told(summary: Summary, noise: str, names: Iterable[str]) -> str:
    """Regrets in words."""
    told = []
    for each in summary["searches"]:
        regret = each["noises"][noise]["regret"]
        shown = [f"{name} {regret[name]['best']:.2g}" for name in names if name in regret]
        told.append(f"{each['table']}: {', '.join(shown)}")
    return "; ".join(told)


def baseline(summary: Summary) -> Claim:
    """Claim (1) of the abstract, of the simplest local search: steepest descent with restarts."""
    leads = {
        (each["table"], noise): found["lead"][SIMPLEST]
        for each in _nasbench(summary)
        for noise, found in each["noises"].items()
    }
    wins = sum(lead["random"]["low"] > 0 for lead in leads.values())
    behind = [at for at, lead in leads.items() if any(e["high"] < 0 for rival, e in lead.items() if rival != "random")]
    runs = summary["searches"][0]["runs"]
    return Claim(
        "The simplest hill climbing is a powerful baseline for architecture search.",
        "abstract, (1)",
        REPRODUCED if wins == len(leads) and not behind else PARTLY if wins else NOT,
        f"True regret after 300 evaluations, one random seed a cell ({runs} runs): "
        f"{_told(summary, 'one seed a cell', (SIMPLEST, 'first', *RIVALS))}. On NAS-Bench-201, denoised, with one seed "
        f"a cell, and with a seed anew, steepest descent with restarts beats random search (99 %) in {wins} of "
        f"{len(leads)} settings, and a better rival beats it in {len(behind)}.",
        ("baselines", "noise_ranking", "search_trees"),
    )


def denoised(summary: Summary) -> Claim:
    """Claim (2) of the abstract."""
    leads = [each["noises"]["denoised"]["lead"] for each in _nasbench(summary)]
    rivals = list(leads[0][SIMPLEST])
    winners = [[mine for mine, lead in of.items() if all(e["low"] > 0 for e in lead.values())] for of in leads]
    everywhere = set.intersection(*map(set, winners))
    tables = [each["table"] for each in _nasbench(summary)]
    told = "; ".join(f"{table}: {', '.join(won) or 'none'}" for table, won in zip(tables, winners, strict=True))
    return Claim(
        "With noise reduced to a minimum, hill climbing beats state-of-the-art algorithms.",
        "abstract, (2)",
        REPRODUCED if everywhere else PARTLY if any(winners) else NOT,
        f"Means over seeds: {_told(summary, 'denoised', (*leads[0], *RIVALS))}. Local searches that beat all rivals "
        f"here ({', '.join(rivals)}), at 99 %: {told}. On all data sets: {', '.join(sorted(everywhere)) or 'none'}.",
        ("baselines", "noise_ranking"),
    )


def _untied(summary: Summary) -> tuple[dict[str, dict[str, dict[str, Any]]], str]:
    """Landscapes of the tables of which a seed has few best cells, and a sentence on those left out."""
    found = _landscapes(summary)
    tied = [name for name, rows in found.items() if rows["one seed"]["tied"] > TIED]
    left_out = f" Left out, as more than {TIED:.0%} of the cells share the least loss of a seed: {', '.join(tied)}."
    return {name: rows for name, rows in found.items() if name not in tied}, left_out if tied else ""


def fewer_minima(summary: Summary) -> Claim:
    """The abstract on local minima."""
    tables, left_out = _untied(summary)
    counts = {
        name: [rows[noise]["minima"][1] for noise in ("shuffled", "one seed", "mean over seeds")]
        for name, rows in tables.items()
    }
    fall = [shuffled > one > mean for shuffled, one, mean in counts.values()]
    own = ", ".join(f"{row['observed']:.0f}" for row in _numbers(summary, "averaging").values())
    return Claim(
        "The number of local minima falls as the noise falls.",
        "abstract; Section 4",
        REPRODUCED if all(fall) else PARTLY if any(fall) else NOT,
        "Strict minima shuffled, with one seed, and of the mean over seeds: "
        + "; ".join(f"{name} {s:.0f}, {o:.0f}, {m:.0f}" for name, (s, o, m) in counts.items())
        + f".{left_out} Averaging 1 to 16 seeds of own:vector: {own}. In Gaussian fields with ρ_1 ≥ ρ_2 it is a "
        "theorem (minima.noise_monotone).",
        ("minima_noise", "averaging"),
    )


def near_convex(summary: Summary) -> Claim:
    """Near-convexity."""
    tables, left_out = _untied(summary)
    shares = {
        name: [rows[noise]["p_optimum"][1] for noise in ("one seed", "mean over seeds")]
        for name, rows in tables.items()
    }
    reached = [mean for _, mean in shares.values()]
    most = sum(share > 0.5 for share in reached)
    return Claim(
        "Without noise the landscape is near-convex: most starts lead to the global minimum.",
        "Section 4",
        REPRODUCED if most == len(reached) else PARTLY if most else NOT,
        "Starts from which steepest descent reaches the optimum, with one seed and for the mean over seeds: "
        + "; ".join(f"{name} {100 * one:.0f} %, {100 * mean:.0f} %" for name, (one, mean) in shares.items())
        + f".{left_out} More than half in {most} of {len(reached)} tables.",
        ("search_trees", "averaging"),
    )


def minima_theorem(summary: Summary) -> Claim:
    """Theorem 5.1."""
    exact = next(v for v in summary["verify"] if v["id"] == "minima.gaussian" and v["setting"] == SETTING)
    cubes = [v["agrees"] for v in summary["verify"] if v["id"] == "minima.branching" and "hypercube" in v["setting"]]
    branching = minima.branching(parse_graph("hamming:5^6"), Normal(), AR1Kernel(0.6))
    return Claim(
        "Two densities, of a loss and of a neighbour's loss, give the number of local minima.",
        "Theorem 5.1",
        REPRODUCED if exact["low"] <= branching <= exact["high"] else PARTLY if all(cubes) else NOT,
        f"On hypercubes, where neighbours are independent given their centre, it agrees with simulations in "
        f"{sum(cubes)} of {len(cubes)} settings. Elsewhere cells that differ in the same place are neighbours of each "
        f"other: on {exact['setting']} the model expects {branching:.1f} minima, the exact number is "
        f"{exact['predicted']:.1f}, simulations say {exact['low']:.1f} to {exact['high']:.1f} (minima.gaussian).",
        ("minima_noise", "loss_laws"),
    )


def preimages(summary: Summary) -> Claim:
    """Theorem 5.2 and its evaluation in the public notebook."""
    rows = {v["id"]: v for v in summary["verify"] if v["setting"] == "truncnorm:0.35, s=24, x=0.1, k=1"}
    right, wrong = rows["preimage.branching"], rows["preimage.published"]
    conditioned = [v["agrees"] for v in summary["verify"] if v["id"] == "preimage.branching"]
    return Claim(
        "The recursion for preimages predicts how many starts reach a vertex.",
        "Theorem 5.2; public notebook",
        NOT if wrong["agrees"] else REPRODUCED,
        f"At loss 0.1 (truncated normal kernel, sd 0.35, 24 neighbours) the notebook's quadrature gives "
        f"{wrong['predicted']:.3f} vertices one step away; its own model, simulated, has {right['low']:.2f} to "
        f"{right['high']:.2f} and, solved, {right['predicted']:.3f}: a factor of "
        f"{right['predicted'] / wrong['predicted']:.0f}. The recursion treats as independent what it conditions on "
        f"(preimage.branching conditions right: {sum(conditioned)} of {len(conditioned)} checks agree).",
        ("basins", "epsilon_success"),
    )


def tables_explained(summary: Summary) -> Claim:
    """The characterisation against tables."""
    fields = [c["stationary"]["agrees"] for c in summary["checks"] if c["stationary"]]
    models = [c["agrees"] for c in summary["checks"]]
    without = sum(c["stationary"] is None for c in summary["checks"])
    rows = summary["averaging"]["rows"]
    fields += [row["stationary"]["agrees"] for row in rows]
    models += [row["by_rank"]["agrees"] for row in rows]
    (simple, of_simple), (better, of_better) = (
        (sum(sum(agrees.values()) for agrees in judged), sum(map(len, judged))) for judged in (fields, models)
    )
    return Claim(
        "A theory from simple densities characterises local search on real benchmarks.",
        "abstract; Section 5",
        REPRODUCED if simple == of_simple and not without else PARTLY if simple else NOT,
        "Observed minima, steps and shares of starts inside 99.75 % of single landscapes, nothing fitted to them. "
        "Gaussian fields with a table's own correlation, and one σ for 1 to 16 seeds averaged: "
        f"{simple} of {of_simple}; {without} landscapes with unequal radices have no such field. Random "
        "tables with the effects of one and two coordinates, the variances of higher ones, and the noise that a table "
        f"has at each rank: {better} of {of_better}.",
        ("averaging", "epsilon_success"),
    )


def success(summary: Summary) -> Claim:
    """Theorem 5.2, integrated: the share of starts that end within ε of the optimum."""
    best = _numbers(summary, "epsilon_success")["best 64"]
    tables = {name: each for name, each in best.items() if isinstance(each, dict) and "table" in each}
    published, corrected = best["branching, published"], best["branching, corrected"]
    inside = [low <= published <= high for low, high in (each["99 %"] for each in tables.values())]
    low, _, high = best["shuffled"].values()
    return Claim(
        "The densities predict the share of starts that end within ε of the optimum.",
        "Section 5",
        REPRODUCED if all(inside) else PARTLY if any(inside) else NOT,
        "Among the best 64 cells end "
        + ", ".join(f"{each['table']:.2f} ({name})" for name, each in tables.items())
        + f" of the starts. The published formula says {published:.4f}, conditioned right {corrected:.2f}; Gaussian "
        "fields of the tables' correlation say "
        + ", ".join(f"{each['99 %'][0]:.2f} to {each['99 %'][1]:.2f}" for each in tables.values())
        + f". Losses shuffled: {low:.3f} to {high:.3f}, published {best['iid, published']:.3f}, with the fresh "
        f"neighbours of H(5⁶) {best['iid, hamming']:.3f}.",
        ("epsilon_success", "basins"),
    )


def walks(summary: Summary) -> Claim:
    """Random-walk autocorrelation."""
    found = _numbers(summary, "autocorrelation")
    tables = {name.removesuffix(", losses"): each for name, each in found.items() if name.endswith(", losses")}
    chains = {name: each for name, each in found.items() if name.startswith("sd ")}
    nearest = {
        name: min(chains.values(), key=lambda chain, at=each["1"]: abs(chain["1"] - at))
        for name, each in tables.items()
    }
    first, later = ([0.8 < nearest[name][t] / each[t] < 1.25 for name, each in tables.items()] for t in ("1", "10"))
    return Claim(
        "Truncated-normal kernels of sd 0.3 to 0.4 decorrelate like random walks on NAS-Bench-201.",
        "Section 5",
        REPRODUCED if all(first) and all(later) else PARTLY if any(first) else NOT,
        "Autocorrelation after 1 and 10 steps: "
        + "; ".join(f"{name} {each['1']:.3f}, {each['10']:.3f}" for name, each in {**tables, **chains}.items())
        + f". The chain nearest at 1 step is within a fifth of the table there in {sum(first)} of {len(first)}, at 10 "
        f"steps in {sum(later)}. Chains forget geometrically, tables ever more slowly; from a table's correlation by "
        "distance the whole curve follows exactly (autocorrelation.walk).",
        ("autocorrelation", "loss_laws"),
    )


CLAIMS: tuple[Callable[[Summary], Claim], ...] = (
    baseline,
    denoised,
    fewer_minima,
    near_convex,
    tables_explained,
    minima_theorem,
    preimages,
    success,
    walks,
)
"""In the order of the paper."""
