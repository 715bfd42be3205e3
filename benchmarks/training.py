"""The batched trainer against training one network at a time, and its throughput as the replicas grow.

    python benchmarks/training.py [--space image] [--replicas 1,4,16,64,256] [--peak TFLOPS] …

Trains random cells, one seed each. Prints what one training costs in floating-point operations, then, for each number
of replicas, trainings per second of one program that trains them all, its share of the device's peak (`--peak`) and its
compilation; then trainings per second of the same networks one at a time: as a jitted program of one replica, as a loop
over jitted steps, and with PyTorch eager where it is installed. The loops start from the same weights and see the same
batches; the largest difference of their validation losses from the trainer's is printed. Every time is the median of
rounds in which all take turns, compilation left out. On a CPU the trainer runs one such program on every core.

Operations are counted by XLA on the program of one step and of one evaluation before it is optimised: mostly those of
the matrix products, and all that the program does, be the cell's own operations cheaper or not.
"""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from simulations.trainer import PRECISIONS, SPACES, Data, Hyperparameters, Space, digits, from_file, loss, mnist
from simulations.trainer.train import batches, choose_platform, compiled, cross_entropy, replica, stream

PARTS = ("valid", "test", "train")


@dataclass
class Contender:
    """A way of training: numbers of cells (trainings,) → validation losses (trainings,), and its times so far."""

    name: str
    run: Callable[[np.ndarray], np.ndarray]
    cells: np.ndarray
    compilation: float = 0.0
    times: list[float] = field(default_factory=list)
    losses: np.ndarray = field(default_factory=lambda: np.empty(0))

    def turn(self) -> None:
        begin = time.perf_counter()
        self.losses = self.run(self.cells)
        self.times.append(time.perf_counter() - begin)

    @property
    def rate(self) -> float:
        """Trainings per second."""
        return len(self.cells) / median(self.times)


def operations(space: Space, data: Data, hyper: Hyperparameters) -> float:
    """Floating-point operations of one training, its steps and its evaluations."""
    x, y, cell = jnp.asarray(data.x_train[: hyper.batch]), jnp.asarray(data.y_train[: hyper.batch]), space.cells[0]
    params = space.network.init(jax.random.key(0), space, cell, x.shape[1:], data.classes, hyper.width)

    def counted(function: Callable[..., Any]) -> float:
        analysis: Any = jax.jit(function).lower(params).cost_analysis()
        return analysis["flops"]

    step = counted(jax.grad(lambda params: loss(params, space, cell, x, y, hyper.precision)))
    look = counted(lambda params: space.network.forward(params, space, cell, x, hyper.precision))
    samples = sum(len(data.arrays[f"x_{part}"]) for part in PARTS)
    return step * (len(data.x_train) // hyper.batch) * hyper.epochs + look * samples / hyper.batch


def batched(space: Space, data: Data, hyper: Hyperparameters, cells: np.ndarray, platform: str) -> Contender:
    """All cells as one program of the trainer."""
    begin = time.perf_counter()
    program = compiled(space, data, hyper, (), [0], len(cells), len(cells), platform)
    compilation = time.perf_counter() - begin
    full = np.resize(cells, program.cells)  # a program has a whole number of cells on every device

    def run(cells: np.ndarray) -> np.ndarray:
        return np.asarray(program.run(space.cells[full])["valid_loss"])[: len(cells), 0]

    return Contender(f"{len(cells)} replicas", run, cells, compilation)


def one_program(space: Space, data: Data, hyper: Hyperparameters, cells: np.ndarray, device: Any) -> Contender:
    """One cell after another, each training a call of one jitted program."""
    arrays = jax.device_put(data.arrays, device)
    one = jax.jit(functools.partial(replica, space, hyper, data.classes))

    def run(cells: np.ndarray) -> np.ndarray:
        seed = jax.device_put(np.uint32(0), device)
        return np.array([one(seed, jax.device_put(space.cells[cell], device), arrays)["valid_loss"] for cell in cells])

    return Contender("jitted training", run, cells)


def start(space: Space, data: Data, hyper: Hyperparameters, number: int) -> tuple[dict[str, jax.Array], np.ndarray]:
    """Initial weights of the cell from seed 0, and its batches (steps, batch)."""
    cell = jnp.asarray(space.cells[number])
    init, order = jax.random.split(stream(space, jnp.uint32(0), cell))
    params = space.network.init(init, space, cell, data.x_train.shape[1:], data.classes, hyper.width)
    return params, np.asarray(batches(order, len(data.x_train), hyper))


def rates(hyper: Hyperparameters, steps: int) -> np.ndarray:
    """The cosine schedule (steps,)."""
    return hyper.learning_rate * (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2


def stepwise(space: Space, data: Data, hyper: Hyperparameters, cells: np.ndarray, device: Any) -> Contender:
    """One cell after another, in a loop over jitted steps."""
    arrays = jax.device_put(data.arrays, device)
    forward = functools.partial(space.network.forward, precision=hyper.precision)
    look = jax.jit(lambda params, cell, x, y: cross_entropy(forward(params, space, cell, x), y))

    @jax.jit
    def step(params: Any, velocity: Any, cell: jax.Array, index: jax.Array, rate: jax.Array) -> Any:
        x, y = arrays["x_train"][index], arrays["y_train"][index]
        gradient = jax.grad(loss)(params, space, cell, x, y, hyper.precision)
        velocity = jax.tree.map(lambda v, g: hyper.momentum * v + g, velocity, gradient)
        return jax.tree.map(lambda p, v: p - rate * v, params, velocity), velocity

    def training(number: int) -> float:
        params, order = jax.device_put(start(space, data, hyper, number), device)
        cell, velocity = jax.device_put(space.cells[number], device), jax.tree.map(jnp.zeros_like, params)
        for index, rate in zip(order, rates(hyper, len(order)).astype(np.float32), strict=True):
            params, velocity = step(params, velocity, cell, index, rate)
        valid, *_ = [float(look(params, cell, arrays[f"x_{part}"], arrays[f"y_{part}"])) for part in PARTS]
        return valid

    return Contender("jitted steps", lambda cells: np.array([training(cell) for cell in cells]), cells)


def eager(space: Space, data: Data, hyper: Hyperparameters, cells: np.ndarray, platform: str) -> Contender | None:
    """One cell after another with PyTorch, only the operations it has; None where PyTorch is not installed."""
    try:
        import torch  # pyright: ignore[reportMissingImports]
        from torch.nn import functional  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    place = "cuda" if platform == "gpu" else "cpu"
    arrays = {name: torch.tensor(array, device=place) for name, array in data.arrays.items()}
    if space.name == "image":
        arrays |= {name: x.permute(0, 3, 1, 2).contiguous() for name, x in arrays.items() if x.ndim == 4}

    def norm(h: Any) -> Any:
        return functional.layer_norm(h, h.shape[1:], eps=1e-5)

    def kernel(w: Any) -> Any:
        """(9 channels, width) → (width, channels, 3, 3)."""
        return w.reshape(3, 3, -1, w.shape[-1]).permute(3, 2, 0, 1)

    def vector_edge(name: str, x: Any, w: Any, b: Any) -> Any:
        if name in ("none", "skip"):
            return x if name == "skip" else torch.zeros_like(x)
        return {"linear": lambda z: z, "relu": torch.relu, "tanh": torch.tanh}[name](torch.addmm(b, x, w))

    def image_edge(name: str, h: Any, w: Any) -> Any:
        match name:
            case "conv3x3":
                return norm(functional.conv2d(torch.relu(h), kernel(w), padding=1))
            case "conv1x1":
                return norm(functional.conv2d(torch.relu(h), kernel(w)[:, :, 1:2, 1:2]))
            case "avgpool3x3":
                return functional.avg_pool2d(h, 3, 1, 1)
        return h if name == "skip" else torch.zeros_like(h)

    def cell_of(names: list[str], h: Any, edge: Callable[..., Any], *weights: Any) -> Any:
        nodes = [h, *[0] * (space.nodes - 1)]
        for (i, j), name, *own in zip(space.edges, names, *weights, strict=True):
            nodes[j] = nodes[j] + edge(name, nodes[i], *own)
        return nodes[-1]

    def vector(p: dict[str, Any], names: list[str], x: Any) -> Any:
        h = torch.relu(torch.addmm(p["stem_bias"], x.flatten(1), p["stem"]))
        return torch.addmm(p["head_bias"], cell_of(names, h, vector_edge, p["edges"], p["edges_bias"]), p["head"])

    def image(p: dict[str, Any], names: list[str], x: Any) -> Any:
        h = norm(functional.conv2d(x, kernel(p["stem"]), padding=1))
        for stage, weights in enumerate(p["edges"]):
            h = cell_of(names, functional.avg_pool2d(h, 2) if stage else h, image_edge, weights)
        return torch.addmm(p["head_bias"], torch.relu(norm(h)).mean((2, 3)), p["head"])

    forward = {"vector": vector, "image": image}[space.name]

    def training(number: int) -> float:
        weights, order = start(space, data, hyper, number)
        names = [allowed[letter] for allowed, letter in zip(space.operations, space.cells[number], strict=True)]
        params = {name: torch.tensor(np.asarray(w), device=place, requires_grad=True) for name, w in weights.items()}
        optimiser = torch.optim.SGD(params.values(), lr=hyper.learning_rate, momentum=hyper.momentum)
        for index, rate in zip(torch.tensor(order, device=place), rates(hyper, len(order)), strict=True):
            optimiser.param_groups[0]["lr"] = rate
            optimiser.zero_grad()
            with torch.autocast(place, torch.bfloat16, enabled=hyper.precision == "bfloat16"):
                logits = forward(params, names, arrays["x_train"][index])
            functional.cross_entropy(logits.float(), arrays["y_train"][index].long()).backward()
            optimiser.step()
        with torch.no_grad(), torch.autocast(place, torch.bfloat16, enabled=hyper.precision == "bfloat16"):
            logits = [forward(params, names, arrays[f"x_{part}"]) for part in PARTS]
        return float(functional.cross_entropy(logits[0].float(), arrays["y_valid"].long()))

    return Contender("PyTorch eager", lambda cells: np.array([training(cell) for cell in cells]), cells)


def main(
    space: Space,
    data: Data,
    hyper: Hyperparameters,
    replicas: list[int],
    device: str = "auto",
    loops: int = 3,
    rounds: int = 3,
    peak: float | None = None,
) -> list[Contender]:
    """Print the comparison: programs of these numbers of replicas, and loops of so many trainings."""
    platform = choose_platform(device)
    where = jax.devices(platform)[0]
    cells = np.random.default_rng(0).choice(space.n, max(replicas), replace=max(replicas) > space.n)
    programs = [batched(space, data, hyper, cells[:number], platform) for number in replicas]
    some = cells[: min(loops, max(replicas))]
    single = [one_program(space, data, hyper, some, where), stepwise(space, data, hyper, some, where)]
    single += [torch] if (torch := eager(space, data, hyper, some, platform)) else []
    with jax.default_matmul_precision("float32"), jax.default_device(where):
        for contender in (*programs, *single):
            contender.turn()  # compiles what is not compiled
            contender.times.clear()
        for _ in range(rounds):
            for contender in (*programs, *single):
                contender.turn()

    each = operations(space, data, hyper)
    print(f"{space.name}/{data.name}, {hyper}, {len(jax.devices(platform))} × {where.device_kind}")
    print(f"one training: {each / 1e9:.3g} GFLOP")
    print("                trainings/s    TFLOP/s  of peak  compilation/s  difference/nats")
    for contender in (*programs, *single):
        flops = contender.rate * each / 1e12
        share = f"{flops / peak:8.2%}" if peak and contender in programs else f"{'':8}"
        line = f"{contender.name:15} {contender.rate:11.2f} {flops:10.4f} {share}"
        if contender in programs:
            print(f"{line} {contender.compilation:14.1f}")
        else:
            difference = np.abs(contender.losses - programs[-1].losses[: len(some)]).max()
            print(f"{line} {'':14} {difference:16.1e}")
    print(f"{programs[-1].name} against the best loop: {programs[-1].rate / max(c.rate for c in single):.1f} times")
    return [*programs, *single]


DATA: dict[str, Callable[[], Data]] = {"digits": lambda: digits(train=300, valid=1000), "mnist": mnist}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", choices=SPACES, default="vector")
    parser.add_argument("--data", default="digits", help="digits, mnist or FILE.npz")
    parser.add_argument("--width", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--learning-rate", type=float, default=0.07)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--replicas", default="1,4,16,64,256")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto")
    parser.add_argument("--loops", type=int, default=3, help="trainings of a loop")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peak", type=float, help="of all devices, TFLOP/s")
    given = parser.parse_args()
    settings = (given.width, given.epochs, given.batch, given.learning_rate)
    main(
        SPACES[given.space],
        DATA[given.data]() if given.data in DATA else from_file(given.data),
        Hyperparameters(*settings, precision=given.precision),
        [int(number) for number in given.replicas.split(",")],
        given.device,
        given.loops,
        given.rounds,
        given.peak,
    )
