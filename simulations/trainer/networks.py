"""What the cells of a space compute: networks of vectors and of images, written for one replica.

A network gives the initial weights of a cell and its logits. Node 0 of a cell is its input, the last node its output,
and node j is the sum of what arrives over its edges, h_j = Σ_{i→j} f_ij(h_i). All cells run the same program, in which
the letters of a cell are numbers like the data, so that replicas of all cells are batched by `vmap`.

Precision "float32" is plain. In "bfloat16" both factors of every matrix product, also of those in the gradient, are
rounded to bfloat16 (8 bits of significand) and their products are summed in float32; weights, activations,
normalisation and loss stay in float32. Its effect on the validation losses of random cells, same seeds, measured on
a CPU (vector: the settings of own:vector; image: width 8, 5 epochs, rate 0.1, 500 digits), in nats, and Spearman's
correlation of the cells' means:

    cells × seeds      mean difference     mean |difference|   sd of seeds   correlation
    vector, 300 × 4    −0.0003 ± 0.0002    0.003               0.047         0.9995
    image, 200 × 2     0.0004 ± 0.0010     0.009               0.130         0.9977
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

if TYPE_CHECKING:
    from simulations.trainer.spaces import Space

Params = dict[str, jax.Array]
Shape = tuple[int, ...]
PRECISIONS = ("float32", "bfloat16")


class Network(Protocol):
    """What a space needs of its network; anything with these three will do.

    operations   by name; a network looks them up by the letters of the cell
    """

    @property
    def operations(self) -> Mapping[str, Any]: ...

    def init(self, key: jax.Array, space: Space, cell: jax.Array, shape: Shape, classes: int, width: int) -> Params:
        """Initial weights of the cell (edges,) for samples of this shape, float32."""
        ...

    def forward(self, params: Params, space: Space, cell: jax.Array, x: jax.Array, precision: str) -> jax.Array:
        """Logits (samples, classes) of x (samples, …)."""
        ...


def matmul(a: jax.Array, b: jax.Array, precision: str) -> jax.Array:
    """The product (m, n) of a (m, k) and b (k, n) in one of the `PRECISIONS`."""
    return a @ b if precision == "float32" else _rounded_matmul(a, b)


@jax.custom_vjp
def _rounded_matmul(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.matmul(a.astype(jnp.bfloat16), b.astype(jnp.bfloat16), preferred_element_type=jnp.float32)


_rounded_matmul.defvjp(
    lambda a, b: (_rounded_matmul(a, b), (a.astype(jnp.bfloat16), b.astype(jnp.bfloat16))),
    lambda saved, dy: (_rounded_matmul(dy, saved[1].T), _rounded_matmul(saved[0].T, dy)),
)


def gaussian(key: jax.Array, shapes: Mapping[str, Shape]) -> Params:
    """Weights of these shapes (…, units in, units out), normal of variance 1/(units in), float32."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    draws = jnp.split(jax.random.normal(key, (sum(sizes),), jnp.float32), np.cumsum(sizes)[:-1])
    return {
        name: draw.reshape(shape) * shape[-2] ** -0.5 for (name, shape), draw in zip(shapes.items(), draws, strict=True)
    }


# Vectors

Operation = Callable[[jax.Array, jax.Array], jax.Array]
"""A pure function (x, z) → y of the edge's input x and its affine image z = xW + b, all (…, width)."""

OPERATIONS: dict[str, Operation] = {
    "none": lambda x, z: jnp.zeros_like(x),
    "skip": lambda x, z: x,
    "linear": lambda x, z: z,
    "relu": lambda x, z: jax.nn.relu(z),
    "tanh": lambda x, z: jnp.tanh(z),
}


@dataclass(frozen=True, eq=False)
class Vector:
    """Linear stem with relu (features → width), one cell on vectors, linear head (width → classes).

    Samples of any shape are flattened. An edge computes all its allowed operations, and the cell's own is selected.
    One's own operations are pure functions (x, z) → y:

    >>> from simulations.trainer import Space
    >>> mine = OPERATIONS | {"sine": lambda x, z: jnp.sin(z), "gate": lambda x, z: x * jax.nn.sigmoid(z)}
    >>> Space("gates", ((0, 1), (1, 2)), (("skip", "sine", "gate"),) * 2, Vector(mine)).n
    9
    """

    operations: Mapping[str, Operation] = field(default_factory=lambda: OPERATIONS)

    def init(self, key: jax.Array, space: Space, cell: jax.Array, shape: Shape, classes: int, width: int) -> Params:
        """Normal weights of variance 1/(units in), and zero biases, the same for all cells.

        stem (features, width), edges (edges, width, width), head (width, classes), each with its `_bias`.
        """
        features, edges = math.prod(shape), len(space.edges)
        weights = gaussian(key, {"stem": (features, width), "edges": (edges, width, width), "head": (width, classes)})
        biases = {f"{name}_bias": jnp.zeros((*w.shape[:-2], w.shape[-1]), jnp.float32) for name, w in weights.items()}
        return weights | biases

    def forward(self, params: Params, space: Space, cell: jax.Array, x: jax.Array, precision: str) -> jax.Array:
        """Logits (samples, classes) of x (samples, …)."""
        stem = matmul(x.reshape(len(x), -1), params["stem"], precision) + params["stem_bias"]
        nodes = [jax.nn.relu(stem)]
        for node in range(1, space.nodes):
            enters = [(edge, i) for edge, (i, j) in enumerate(space.edges) if j == node]
            arrivals = [self._edge(params, space, cell, edge, nodes[i], precision) for edge, i in enters]
            nodes.append(functools.reduce(jnp.add, arrivals))
        return matmul(nodes[-1], params["head"], precision) + params["head_bias"]

    def _edge(
        self, params: Params, space: Space, cell: jax.Array, edge: int, x: jax.Array, precision: str
    ) -> jax.Array:
        z = matmul(x, params["edges"][edge], precision) + params["edges_bias"][edge]
        first, *others = (self.operations[name](x, z) for name in space.operations[edge])
        y = first
        for letter, other in enumerate(others, start=1):
            y = jnp.where(cell[edge] == letter, other, y)
        return y


# Images

ZERO, CENTRE, ALL = np.zeros(9), np.eye(9)[4], np.ones(9)
STAGES = 3

Kernel = tuple[np.ndarray, np.ndarray]
"""An operation on images (m, f), each (9,): which pixels of the 3 × 3 window are learned, and fixed weights."""

KERNELS: dict[str, Kernel] = {
    "none": (ZERO, ZERO),
    "skip": (ZERO, CENTRE),
    "conv1x1": (CENTRE, ZERO),
    "conv3x3": (ALL, ZERO),
    "avgpool3x3": (ZERO, ALL / 9),
}


@dataclass(frozen=True, eq=False)
class Image:
    """Convolutional stem, three stages of the cell with 2 × 2 average pooling between, global average, linear head.

    With h_k the image h moved by pixel k of the 3 × 3 window, zero outside, an edge with the kernel (m, f) computes

        y = norm(Σ_k m_k relu(h)_k W_k) + Σ_k f_k h_k,

    where m_k is 1 or 0. So every operation is one masked 3 × 3 convolution, and all replicas run the same program.
    Relu stands before a convolution and norm after it, as in NAS-Bench-201, but norm is (y − mean)/√(variance + 1e-5)
    of every sample over its pixels and channels, without parameters: unlike batch normalisation it has no state and
    does not see the batch. `avgpool3x3` divides by nine at the border too, where NAS-Bench-201 divides by the number
    of pixels inside. The network is norm(stem), the stages, relu(norm), mean over the pixels, head. Every stage has
    weights of its own, and all have `width` channels. The nine h_k of a node are shared by the edges that leave it:
    one matrix product a node. One's own operations are kernels:

    >>> from simulations.trainer import Space
    >>> cross = np.array([0.0, 1, 0, 1, 1, 1, 0, 1, 0])
    >>> mine = KERNELS | {"cross": (cross, ZERO), "blur": (ZERO, cross / 5)}
    >>> Space("crosses", ((0, 1),), (("skip", "cross", "blur"),), Image(mine)).n
    3
    """

    operations: Mapping[str, Kernel] = field(default_factory=lambda: KERNELS)

    def init(self, key: jax.Array, space: Space, cell: jax.Array, shape: Shape, classes: int, width: int) -> Params:
        """Normal weights: of variance 2/(learned pixels × width) in a convolution after relu, else 1/(units in).

        stem (9 channels, width), edges (stages, edges, 9 width, width), head (width, classes), head_bias (classes,).
        Raises ValueError for samples that are not images (height, width, channels) with sides divisible by 4.
        """
        if len(shape) != 3 or shape[0] % 2 ** (STAGES - 1) or shape[1] % 2 ** (STAGES - 1):
            raise ValueError(
                f"x: samples of shape {shape} must be images (height, width, channels), sides divisible by 4"
            )
        edges = (STAGES, len(space.edges), 9 * width, width)
        params = gaussian(key, {"stem": (9 * shape[2], width), "edges": edges, "head": (width, classes)})
        learned = jnp.maximum(1, self._kernels(space, cell)[0].sum(axis=1))
        gain = jnp.sqrt(2 * 9 / learned)[:, None, None]
        return params | {"edges": params["edges"] * gain, "head_bias": jnp.zeros(classes, jnp.float32)}

    def forward(self, params: Params, space: Space, cell: jax.Array, x: jax.Array, precision: str) -> jax.Array:
        """Logits (samples, classes) of the images x (samples, height, width, channels)."""
        h = normalised(convolved(x, params["stem"][None], precision))[..., 0, :]
        for stage in range(STAGES):
            h = self._cell(params["edges"][stage], space, cell, pooled(h) if stage else h, precision)
        h = jax.nn.relu(normalised(h[..., None, :])[..., 0, :]).mean(axis=(1, 2))
        return matmul(h, params["head"], precision) + params["head_bias"]

    def _cell(self, weights: jax.Array, space: Space, cell: jax.Array, h: jax.Array, precision: str) -> jax.Array:
        """The last node (samples, height, width, channels) of one stage whose node 0 is h."""
        masks, fixed = self._kernels(space, cell)
        weights = weights * jnp.repeat(masks, h.shape[-1], axis=1)[..., None]
        nodes = [h, *[jnp.zeros(())] * (space.nodes - 1)]
        for node in range(space.nodes - 1):
            leaving = [(edge, j) for edge, (i, j) in enumerate(space.edges) if i == node]
            if not leaving:
                continue
            kernels = jnp.stack([weights[edge] for edge, _ in leaving])
            learned = normalised(convolved(jax.nn.relu(nodes[node]), kernels, precision))
            moved = shifted(nodes[node])
            for place, (edge, j) in enumerate(leaving):
                plain = sum(f * h_k for f, h_k in zip(fixed[edge], moved, strict=True))
                nodes[j] = nodes[j] + learned[..., place, :] + plain
        return nodes[-1]

    def _kernels(self, space: Space, cell: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Masks and fixed weights (edges, 9) of the cell (edges,)."""
        tables = [np.stack([self.operations[name] for name in names]) for names in space.operations]
        chosen = jnp.stack([jnp.asarray(table)[letter] for table, letter in zip(tables, cell, strict=True)])
        return chosen[:, 0], chosen[:, 1]


def shifted(h: jax.Array) -> list[jax.Array]:
    """The images (samples, height, width, channels) moved by each pixel of the window, row by row, zero outside."""
    _, height, width, _ = h.shape
    padded = jnp.pad(h, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return [padded[:, a : a + height, b : b + width] for a in range(3) for b in range(3)]


def convolved(h: jax.Array, kernels: jax.Array, precision: str) -> jax.Array:
    """Convolutions (samples, height, width, kernels, width) by kernels (kernels, 9 channels, width), one product."""
    number, units, width = kernels.shape
    windows = jnp.concatenate(shifted(h), axis=-1).reshape(-1, units)
    product = matmul(windows, kernels.transpose(1, 0, 2).reshape(units, -1), precision)
    return product.reshape(*h.shape[:3], number, width)


def normalised(h: jax.Array) -> jax.Array:
    """h (samples, height, width, images, channels), every image shifted and scaled to mean 0 and variance 1."""
    centred = h - h.mean(axis=(1, 2, 4), keepdims=True)
    return centred * jax.lax.rsqrt((centred**2).mean(axis=(1, 2, 4), keepdims=True) + 1e-5)


def pooled(h: jax.Array) -> jax.Array:
    """Means over 2 × 2 pixels, (samples, height/2, width/2, channels)."""
    samples, height, width, channels = h.shape
    return h.reshape(samples, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))
