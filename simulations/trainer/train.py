"""Train every cell of a space with several seeds, many at a time.

The loss is the mean cross-entropy of the space's network. A replica is one cell trained once from one seed, by
stochastic gradient descent with momentum at the rate η(1 + cos πt/T)/2 in step t of T. It is written for one, batched
by `vmap`, and the chunks of the batch are spread over all devices.

The random stream of a replica is its seed folded with the names of its cell's operations; it gives the initial
weights and the order of the samples, and nothing else is random. So a result does not depend on chunk, neighbours
or sub-space, but for float32 rounding: programs of other shapes may sum in another order (below 1e-6 nats, as
measured on a CPU, where the same program gives the same bits).
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import itertools
import json
import math
import time
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import joblib
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from simulations.benchmarks.trained import FORMAT, METRICS, Table, load
from simulations.trainer.data import Data
from simulations.trainer.networks import PRECISIONS, Params
from simulations.trainer.spaces import Space

SAVE_EVERY = 5.0
"""Seconds between checkpoints: what an interruption can cost."""


@dataclass(frozen=True)
class Hyperparameters:
    """How a cell is trained.

    width            units of every node
    epochs           passes over the training part, each in a new random order
    batch            samples a step; what is left of an epoch is dropped
    learning_rate    first rate η of the cosine schedule
    momentum         0 ≤ momentum < 1
    precision        "float32" or "bfloat16", see `networks`

    Raises ValueError for a value out of its range.
    """

    width: int = 16
    epochs: int = 5
    batch: int = 50
    learning_rate: float = 0.03
    momentum: float = 0.9
    precision: str = "float32"

    def __post_init__(self) -> None:
        for name in ("width", "epochs", "batch"):
            value = getattr(self, name)
            if value != int(value) or value < 1:
                raise ValueError(f"{name}: {value} must be an integer of at least 1")
            object.__setattr__(self, name, int(value))
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate: {self.learning_rate} must be positive and finite")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum: {self.momentum} must be at least 0 and below 1")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision: {self.precision!r} must be one of {PRECISIONS}")


def cross_entropy(logits: jax.Array, y: jax.Array) -> jax.Array:
    """Mean of −log softmax(logits)[y] over the samples, in nats."""
    picked = jnp.sum(logits * jax.nn.one_hot(y, logits.shape[-1], dtype=logits.dtype), axis=-1)
    return jnp.mean(jax.nn.logsumexp(logits, axis=-1) - picked)


def accuracy(logits: jax.Array, y: jax.Array) -> jax.Array:
    """Share of samples whose largest logit is the label's; NaN where a logit is."""
    hit = (jnp.argmax(logits, axis=-1) == y).astype(logits.dtype)
    return jnp.mean(jnp.where(jnp.isnan(logits).any(axis=-1), jnp.nan, hit))


def loss(
    params: Params, space: Space, cell: jax.Array, x: jax.Array, y: jax.Array, precision: str = "float32"
) -> jax.Array:
    """Mean cross-entropy in nats of one cell on x (samples, …) with labels y (samples,)."""
    return cross_entropy(space.network.forward(params, space, cell, x, precision), y)


def stream(space: Space, seed: jax.Array, cell: jax.Array) -> jax.Array:
    """Random key of a replica: its seed, folded with the CRC-32 of every edge's operation name in turn."""
    key = jax.random.key(seed, impl="threefry2x32")
    for edge, names in enumerate(space.operations):
        codes = jnp.array([zlib.crc32(name.encode()) for name in names], jnp.uint32)
        key = jax.random.fold_in(key, codes[cell[edge]])
    return key


def batches(key: jax.Array, samples: int, hyper: Hyperparameters) -> jax.Array:
    """Sample indices (steps, batch) of all steps: a new random order every epoch, the remainder left out.

    A sample's sort key is random in its high digits and its index in the low ones (base `samples`), because
    sorting plain integers is several times faster than an argsort.
    """
    high = jax.random.bits(key, (hyper.epochs, samples), jnp.uint32) % (2**32 // samples)
    order = jnp.sort(high * samples + jnp.arange(samples, dtype=jnp.uint32), axis=1) % samples
    used = samples // hyper.batch * hyper.batch
    return order[:, :used].astype(jnp.int32).reshape(-1, hyper.batch)


def replica(
    space: Space,
    hyper: Hyperparameters,
    classes: int,
    seed: jax.Array,
    cell: jax.Array,
    data: dict[str, jax.Array],
    curve: tuple[int, ...] = (),
) -> dict[str, jax.Array]:
    """Train one cell (edges,) from one seed on the arrays of `Data`; the `METRICS`, scalars but for the curve."""
    x, y = data["x_train"], data["y_train"]
    init_key, order_key = jax.random.split(stream(space, seed, cell))
    order = batches(order_key, len(x), hyper)
    rates = hyper.learning_rate * (1 + np.cos(np.pi * np.arange(len(order)) / len(order))) / 2

    def step(state: tuple[Params, Params], now: tuple[jax.Array, jax.Array]) -> tuple[tuple[Params, Params], None]:
        (params, velocity), (index, rate) = state, now
        gradient = jax.grad(loss)(params, space, cell, x[index], y[index], hyper.precision)
        velocity = jax.tree.map(lambda v, g: hyper.momentum * v + g, velocity, gradient)
        return (jax.tree.map(lambda p, v: p - rate * v, params, velocity), velocity), None

    def logits(params: Params, part: str) -> jax.Array:
        """Logits of a part, a batch at a time: the memory of a step is enough."""
        one = functools.partial(space.network.forward, params, space, cell, precision=hyper.precision)
        return jax.lax.map(lambda sample: one(sample[None])[0], data[f"x_{part}"], batch_size=hyper.batch)

    params = space.network.init(init_key, space, cell, x.shape[1:], classes, hyper.width)
    state, schedule, valid = (params, jax.tree.map(jnp.zeros_like, params)), jnp.asarray(rates, jnp.float32), []
    ends = [epoch * (len(order) // hyper.epochs) for epoch in (0, *curve, hyper.epochs)]
    for begin, end in itertools.pairwise(ends):
        state, _ = jax.lax.scan(step, state, (order[begin:end], schedule[begin:end]))
        valid.append(logits(state[0], "valid"))

    losses = jnp.stack([cross_entropy(each, data["y_valid"]) for each in valid])
    train, test = logits(state[0], "train"), logits(state[0], "test")
    return {
        "valid_loss": losses[-1],
        "valid_accuracy": accuracy(valid[-1], data["y_valid"]),
        "test_accuracy": accuracy(test, data["y_test"]),
        "train_loss": cross_entropy(train, y),
        "valid_curve": losses[:-1],
    }


def choose_platform(device: str) -> str:
    """The platform "cpu" or "gpu" of that name; "auto" is a GPU where JAX finds one, else the CPU.

    Raises ValueError for another name, and for "gpu" where JAX finds none.
    """
    if device not in ("auto", "cpu", "gpu"):
        raise ValueError(f"device: {device!r} must be 'auto', 'cpu' or 'gpu'")
    if device == "cpu":
        return "cpu"
    try:
        jax.devices("gpu")
    except RuntimeError as error:
        if device == "auto":
            return "cpu"
        raise ValueError(
            "device: 'gpu' needs a GPU, but JAX finds none; take 'cpu' or 'auto', or install JAX for CUDA"
        ) from error
    return "gpu"


def train(
    space: Space,
    data: Data,
    hyper: Hyperparameters,
    seeds: Sequence[int],
    out: str | Path | None = None,
    *,
    cells: Sequence[int] | None = None,
    curve: Sequence[int] = (),
    chunk: int | None = None,
    device: str = "auto",
    progress: bool = True,
) -> Table:
    """Train cells × seeds and keep the metrics of every replica, diverged ones too (NaN or infinity).

    seeds      different integers 0 ≤ seed < 2³²
    out        where to save the table, a path that ends in `.npz`. Every `SAVE_EVERY` seconds the cells done so
               far are saved beside it, as a table, in `.partial.npz`; the end removes it. A later call with the
               same settings goes on from what is there with the same program, and trains nothing again
    cells      different cell numbers of the space; None trains all
    curve      increasing epochs before the last after which the validation loss is kept too
    chunk      cells trained at a time on a device, each with all seeds; None takes about 32 replicas on a CPU, where
               every core trains a chunk of its own, and 4,096 on a GPU, or as many as its memory holds
    device     "auto", "cpu" or "gpu", see `choose_platform`; all devices of the kind are used, a chunk each
    progress   whether to show the device, trainings per second and the time left on stderr

    Raises ValueError for seeds, cells, a curve, batch, chunk or `out` that are not as above, a device that is
    not there, and an `out` or partial table which was made with other settings.

    >>> from simulations.trainer import SPACES, digits
    >>> space = SPACES["vector"].restrict(["none", "skip"])
    >>> table = train(space, digits(), Hyperparameters(epochs=1), [0, 1], cells=[0, 63], progress=False)
    >>> table.valid_loss.shape, bool((table.valid_loss[0] > table.valid_loss[1]).all())
    ((2, 2), True)
    """
    numbers = _different("cells", range(space.n) if cells is None else cells, space.n)
    seeds = _different("seeds", seeds, 2**32).tolist()
    if hyper.batch > len(data.x_train):
        raise ValueError(f"batch: {hyper.batch} must be at most the {len(data.x_train)} training samples")
    if list(curve) != sorted(set(curve) & set(range(1, hyper.epochs))):
        raise ValueError(f"curve: {curve} must be increasing epochs of 1..{hyper.epochs - 1}")
    platform = choose_platform(device)
    if chunk is not None and chunk < 1:
        raise ValueError(f"chunk: {chunk} must be at least 1")
    out = None if out is None else Path(out)
    if out is not None and out.suffix != ".npz":
        raise ValueError(f"out: {str(out)!r} must end in .npz")
    partial = None if out is None else out.with_suffix(".partial.npz")
    header = make_header(space, data, hyper, curve, seeds, jax.devices(platform)[0].device_kind)
    table = _begun((partial, out), header, numbers)

    rest, saved = numbers[len(table.cells) :], time.monotonic()
    if len(rest):
        program = compiled(space, data, hyper, tuple(curve), seeds, len(numbers), chunk, platform)
        workers = max(1, joblib.cpu_count() // len(jax.devices("cpu"))) if platform == "cpu" else 1
        with (
            _bar(f"{header['name']} on {header['device']}", len(rest) * len(seeds), progress) as advance,
            contextlib.closing(_blocks(program, space.cells[rest], workers)) as blocks,
        ):
            for block in blocks:
                begin = len(table.cells)
                table = table.extended(numbers[begin : begin + len(block["valid_loss"])], block)
                if partial is not None and time.monotonic() - saved > SAVE_EVERY:
                    table.save(partial)
                    saved = time.monotonic()
                advance(block["valid_loss"].size)
    if out is not None and partial is not None:
        table.save(out)
        partial.unlink(missing_ok=True)
    return table


def make_header(
    space: Space, data: Data, hyper: Hyperparameters, curve: Sequence[int], seeds: Sequence[int], device: str
) -> dict[str, Any]:
    """The header of a table, see `simulations.benchmarks.trained`, as JSON would give it back."""
    packages = ("hillscape", "jax", "numpy", "scikit-learn")
    header = {
        "format": FORMAT,
        "name": f"{space.name}/{data.name}",
        "space": {"name": space.name, "edges": space.edges, "operations": space.operations},
        "radices": space.radices,
        "data": data.summary,
        "hyperparameters": asdict(hyper),
        "curve": list(curve),
        "seeds": seeds,
        "versions": {package: importlib.metadata.version(package) for package in packages},
        "device": device,
        "units": METRICS,
    }
    return json.loads(json.dumps(header))


def _different(name: str, values: Sequence[int], limit: int) -> np.ndarray:
    numbers = np.asarray(values)
    if numbers.ndim != 1 or not numbers.size or numbers.dtype.kind not in "iu":
        raise ValueError(f"{name}: {values!r} must be one or more integers")
    if numbers.min() < 0 or numbers.max() >= limit or len(np.unique(numbers)) < len(numbers):
        raise ValueError(f"{name}: {values!r} must be different integers of 0..{limit - 1}")
    return numbers.astype(np.int64)


def _begun(paths: Iterable[Path | None], header: dict[str, Any], cells: np.ndarray) -> Table:
    """What is done already: the first table among the paths, else one of no cells.

    Raises ValueError where its header is another, or its cells are not the first of `cells`.
    """
    for path in paths:
        if path is not None and path.exists():
            table = load(path)
            other = [key for key in header if table.header[key] != header[key]]
            if not np.array_equal(table.cells, cells[: len(table.cells)]):
                other.append("cells")
            if other:
                named = ", ".join(other)
                raise ValueError(f"{path}: was made with other {named}; repeat its settings or move it away")
            return table
    shape = (0, len(header["seeds"]))
    empty = {metric: np.empty(shape, np.float32) for metric in METRICS}
    return Table(header, cells[:0], **empty | {"valid_curve": np.empty((*shape, len(header["curve"])), np.float16)})


@dataclass(frozen=True)
class Program:
    """A compiled training of some cells with all seeds.

    run      cells (cells, edges) → metrics, each (cells, seeds, …)
    cells    how many it trains at a time, on all devices together
    memory   bytes it takes on each device, beside the data
    """

    run: Callable[[np.ndarray], dict[str, jax.Array]]
    cells: int
    memory: int


def compiled(
    space: Space,
    data: Data,
    hyper: Hyperparameters,
    curve: tuple[int, ...],
    seeds: Sequence[int],
    cells: int,
    chunk: int | None,
    platform: str,
) -> Program:
    """The program that trains `chunk` cells on every device, or the None of `train`, and no more than `cells` in all.

    A program that would take more than nine tenths of the device's memory is compiled again for fewer cells.
    """
    devices = jax.devices(platform)
    most = chunk or max(1, (32 if platform == "cpu" else 4096) // len(seeds))
    size = min(most, math.ceil(cells / len(devices)))
    while True:
        program = _compiled_for(space, data, hyper, curve, seeds, size, devices)
        excess = program.memory / (0.9 * free_memory(devices[0]))
        if chunk or size == 1 or excess <= 1:
            return program
        size = max(1, int(size / excess))


def free_memory(device: Any) -> float:
    """Bytes of the device's memory that are free, infinite where it does not say (a CPU)."""
    stats = device.memory_stats()
    return stats["bytes_limit"] - stats["bytes_in_use"] if stats else math.inf


def _compiled_for(
    space: Space,
    data: Data,
    hyper: Hyperparameters,
    curve: tuple[int, ...],
    seeds: Sequence[int],
    size: int,
    devices: Sequence[Any],
) -> Program:
    """The program for `size` cells on every device; devices share nothing but the seeds and the data."""
    one = functools.partial(replica, space, hyper, data.classes, curve=curve)

    def block(seeds: jax.Array, cells: jax.Array, arrays: dict[str, jax.Array]) -> dict[str, jax.Array]:
        pairs = jnp.tile(seeds, size), jnp.repeat(cells, len(seeds), axis=0)
        metrics = jax.vmap(one, in_axes=(0, 0, None))(*pairs, arrays)
        return {metric: values.reshape(size, len(seeds), *values.shape[1:]) for metric, values in metrics.items()}

    mesh = jax.make_mesh((len(devices),), ("cells",), devices=devices)
    split, whole = PartitionSpec("cells"), PartitionSpec()
    spread = jax.shard_map(block, mesh=mesh, in_specs=(whole, split, whole), out_specs=split, check_vma=False)
    kept = jax.device_put((np.array(seeds, np.uint32), data.arrays), NamedSharding(mesh, whole))

    def put(cells: np.ndarray) -> jax.Array:
        return jax.device_put(cells, NamedSharding(mesh, split))

    first = put(np.zeros((size * len(devices), len(space.edges)), np.int32))
    with jax.default_matmul_precision("float32"):
        program = jax.jit(spread).lower(kept[0], first, kept[1]).compile()
    needs: Any = program.memory_analysis()
    memory = needs.temp_size_in_bytes + needs.output_size_in_bytes
    return Program(lambda cells: program(kept[0], put(cells), kept[1]), size * len(devices), memory)


def _blocks(program: Program, cells: np.ndarray, workers: int) -> Generator[dict[str, np.ndarray]]:
    """Metrics of chunk after chunk of the cells, in order; closing it drops the chunks that are not begun."""

    def block(begin: int) -> dict[str, np.ndarray]:
        some = cells[begin : begin + program.cells]
        full = some[np.minimum(np.arange(program.cells), len(some) - 1)]  # a short last chunk fits the program too
        return {metric: np.asarray(values)[: len(some)] for metric, values in program.run(full).items()}

    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(block, range(0, len(cells), program.cells))
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _bar(description: str, trainings: int, shown: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr; it gives the function that adds finished trainings."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f} trainings/s"),
        TimeRemainingColumn(),
    )
    begin, done = time.perf_counter(), 0
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task(description, total=trainings, rate=0.0)

        def advance(more: int) -> None:
            nonlocal done
            done += more
            bar.update(task, completed=done, rate=done / (time.perf_counter() - begin))

        yield advance
