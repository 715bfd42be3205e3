"""Landscapes too large to store, and local search on them: a loss is computed from a key whenever a walk asks for it.

Every model is a slope plus a sum of normal functions of some coordinates,

    ℓ(v) = slope·|v| + Σ_m w_m N(key, m, Σ_i a_mi v_i)

with v_i the letters of v, |v| its distance to vertex 0, and row m of a numbering the words of the coordinates that
component m depends on. N is standard normal and a function of its arguments: the Box–Muller transform of one block of
Philox4x32-10, a counter-based generator without a known statistical defect (it passes BigCrush over counters and over
keys: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). Storing `losses(np.arange(n))` gives the same
landscape to the last bit.

Compiled by numba. Vertices are 64-bit integers, n < 2^63, and neighbours come from strides, never from a table.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numba import njit

from theory.graphs import Hamming
from theory.noise import Noise

from .search import RULES

STEEPEST, FIRST, _ = range(len(RULES))
LOW, HALF, DROPPED = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(11)
MULTIPLIER = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


class Walks(NamedTuple):
    """What m walks did; each of shape (m,).

    steps        to a local minimum
    evaluations  distinct vertices looked at, the start included
    terminal     the local minimum
    losses       its loss
    """

    steps: np.ndarray
    evaluations: np.ndarray
    terminal: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True, eq=False)
class Landscape:
    """Losses ℓ(v) = slope·|v| + Σ_m w_m N(key, m, Σ_i a_mi v_i) on a Hamming graph of n < 2^63 vertices.

    key in 0..2^64−1; components a, shape (M, d), whole numbers; weights w, shape (M,). ValueError otherwise.
    """

    graph: Hamming
    key: int
    components: np.ndarray
    weights: np.ndarray
    slope: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.key < 2**64:
            raise ValueError(f"key: {self.key} must lie in 0..2^64−1")
        shape = len(self.weights), len(self.graph.radices)
        if self.components.shape != shape or self.components.dtype != np.int64:
            raise ValueError(f"components: {self.components.dtype} {self.components.shape} must be int64 {shape}")

    def losses(self, vertices: np.ndarray) -> np.ndarray:
        """Losses of vertices, both of shape (m,). ValueError for what is not a vertex."""
        vertices = checked_vertices(self.graph, vertices)
        return _losses(vertices, radices(self.graph), strides(self.graph), *self.numbers)

    def observed(self, noise: Noise) -> Landscape:
        """The landscape under frozen noise ℓ + σ/√k ε: one more component, of all coordinates."""
        components = np.vstack([self.components, strides(self.graph)])
        return replace(self, components=components, weights=np.append(self.weights, noise.sd))

    @property
    def numbers(self) -> tuple[np.uint64, np.ndarray, np.ndarray, float]:
        """Key, components, weights and slope, as compiled code takes them."""
        return np.uint64(self.key), self.components, self.weights, self.slope


def radices(graph: Hamming) -> np.ndarray:
    """Letters of each coordinate, shape (d,)."""
    return np.array(graph.radices, dtype=np.int64)


def strides(graph: Hamming) -> np.ndarray:
    """The a with v = Σ_i a_i v_i, shape (d,). ValueError where vertex numbers do not fit in 64 bits."""
    if graph.n >= 2**63:
        raise ValueError(f"graph: {graph} has {graph.n:.3g} vertices; fewer than 2^63 are allowed")
    return np.cumprod([1, *graph.radices[:0:-1]])[::-1].astype(np.int64)


def checked_vertices(graph: Hamming, vertices: np.ndarray) -> np.ndarray:
    """Vertices as 64-bit integers, shape (m,). ValueError unless they are whole numbers in 0..n−1."""
    vertices = np.asarray(vertices)
    if vertices.ndim != 1 or vertices.dtype.kind not in "iu" or ((vertices < 0) | (vertices >= graph.n)).any():
        raise ValueError(f"vertices: {vertices} must be whole numbers in 0..{graph.n - 1}, shape (m,)")
    return vertices.astype(np.int64)


def iid(graph: Hamming, rng: np.random.Generator) -> Landscape:
    """House of Cards: independent standard normal losses.

    >>> landscape = iid(Hamming((8,) * 20), np.random.default_rng(0))
    >>> bool((landscape.losses(np.array([0, 10**18])) < 10).all())
    True
    """
    return Landscape(graph, int(rng.integers(2**63)), strides(graph)[None], np.ones(1))


def rough_mount_fuji(graph: Hamming, slope: float, rng: np.random.Generator) -> Landscape:
    """Slope times the Hamming distance to vertex 0, plus standard normal losses."""
    return replace(iid(graph, rng), slope=float(slope))


def additive(graph: Hamming, rng: np.random.Generator) -> Landscape:
    """ℓ(v) = Σ_i w_i(v_i)/√d with independent standard normal effects w."""
    return nk(graph, 0, "adjacent", rng)


def nk(graph: Hamming, k: int, neighbourhood: str, rng: np.random.Generator) -> Landscape:
    """NK: the mean over coordinates, times √d, of standard normal functions of a coordinate and k others.

    The others are the next k (adjacent), random, or those of the same block of k+1 (which must divide d).
    ValueError for an unknown neighbourhood, or k and d that do not fit.
    """
    d = len(graph.radices)
    if not 0 <= k < d or (neighbourhood == "block" and d % (k + 1)):
        raise ValueError(f"k: {k} does not fit {d} coordinates ({neighbourhood})")
    first, ahead = np.arange(d)[:, None], np.arange(k + 1)
    match neighbourhood:
        case "block":
            axes = first // (k + 1) * (k + 1) + ahead
        case "adjacent":
            axes = (first + ahead) % d
        case "random":
            axes = (first + np.insert(_subsets(d, k, rng), 0, 0, axis=1)) % d
        case _:
            raise ValueError(f"neighbourhood: {neighbourhood!r} is unknown; allowed: block, adjacent, random")
    components = np.zeros((d, d), dtype=np.int64)
    for row, chosen in zip(components, np.sort(axes, axis=1), strict=True):
        row[chosen] = strides(Hamming(tuple(graph.radices[i] for i in chosen)))
    return Landscape(graph, int(rng.integers(2**63)), components, np.full(d, 1 / math.sqrt(d)))


def _subsets(d: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """For each coordinate k of the others, counted from it: k distinct numbers of 1..d−1, shape (d, k)."""
    return 1 + rng.random((d, d - 1)).argsort(axis=1)[:, :k]


def descend(landscape: Landscape, starts: np.ndarray, rng: np.random.Generator, rule: str = "steepest") -> Walks:
    """Local search of a rule from each start (m,): what `search.descend` does, at any size.

    rule  steepest: to the best neighbour; reluctant: to the worst of the better ones; first: to the first better one
          in an order that `rng` draws anew at every visit (the other rules draw nothing)
    ValueError for an unknown rule or what is not a vertex.

    >>> graph, rng = Hamming((8,) * 20), np.random.default_rng(0)
    >>> walks = descend(additive(graph, rng), rng.integers(graph.n, size=100), rng)
    >>> len(set(walks.terminal.tolist())), int(walks.steps.max()) <= 20
    (1, True)
    """
    starts = checked_vertices(landscape.graph, starts)
    where = radices(landscape.graph), strides(landscape.graph)
    return Walks(*_walks(starts, rule_number(rule), rng, *where, *landscape.numbers))


def rule_number(rule: str) -> int:
    """Place of a rule in RULES; ValueError where it is unknown."""
    if rule not in RULES:
        raise ValueError(f"rule: {rule!r} is unknown; allowed: {', '.join(RULES)}")
    return RULES.index(rule)


@njit(cache=True)
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10: four 32-bit words of a counter and two of a key to four words, all held in uint64."""
    for _ in range(10):
        p0, p1 = MULTIPLIER[0] * c0, MULTIPLIER[1] * c2
        c0, c1, c2, c3 = (p1 >> HALF) ^ c1 ^ k0, p1 & LOW, (p0 >> HALF) ^ c3 ^ k1, p0 & LOW
        k0, k1 = (k0 + WEYL[0]) & LOW, (k1 + WEYL[1]) & LOW
    return c0, c1, c2, c3


@njit(cache=True)
def normal(key, stream, index):
    """Standard normal N(key, stream, index) from two uniform numbers of 53 bits, exact in law but for rounding."""
    counter, stream = np.uint64(index), np.uint64(stream)
    a, b, c, d = philox(counter & LOW, counter >> HALF, stream & LOW, stream >> HALF, key & LOW, key >> HALF)
    u = 1.0 - ((a << HALF | b) >> DROPPED) * 2.0**-53
    turn = ((c << HALF | d) >> DROPPED) * 2.0**-53
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * turn)


@njit(cache=True)
def letters_of(vertex, radices, strides):
    """Letters of a vertex, shape (d,)."""
    letters = np.empty(len(radices), np.int64)
    for i in range(len(radices)):
        letters[i] = vertex // strides[i] % radices[i]
    return letters


@njit(cache=True)
def around_of(vertex, radices, strides, neighbours):
    """Fill `neighbours` (s,) with the neighbours of a vertex, in the order of `Graph.neighbours`."""
    slot = 0
    for i in range(len(radices)):
        letter = vertex // strides[i] % radices[i]
        for other in range(radices[i]):
            if other != letter:
                neighbours[slot] = vertex + (other - letter) * strides[i]
                slot += 1


@njit(cache=True)
def choose(around, here, rule, order, rng):
    """The slot of the better neighbour that a rule moves to, or −1, and how many slots of `order` (s,) it looked at.

    around  losses of the neighbours (s,); here  the loss at the vertex; `order` is shuffled by first improvement only
    """
    s, chosen = len(around), -1
    if rule == FIRST:
        for place in range(s):
            other = place + int(rng.random() * (s - place))
            order[place], order[other] = order[other], order[place]
            if around[order[place]] < here:
                return order[place], place + 1
        return -1, s
    for slot in range(s):
        if around[slot] < here and (chosen < 0 or (around[slot] < around[chosen]) == (rule == STEEPEST)):
            chosen = slot
    return chosen, s


@njit(cache=True)
def _distance(letters):
    distance = 0
    for letter in letters:
        distance += letter > 0
    return distance


@njit(cache=True)
def _sum(distance, slope, weights, values):
    total = slope * distance
    for m in range(len(weights)):
        total += weights[m] * values[m]
    return total


@njit(cache=True)
def _at(letters, key, components, indices, values):
    """Fill `indices` and `values` (M,) with Σ_i a_mi v_i and the components at a vertex."""
    for m in range(len(components)):
        indices[m] = 0
        for i in range(len(letters)):
            indices[m] += components[m, i] * letters[i]
        values[m] = normal(key, m, indices[m])


@njit(cache=True)
def _losses(vertices, radices, strides, key, components, weights, slope):
    losses, indices, values = np.empty(len(vertices)), np.empty(len(weights), np.int64), np.empty(len(weights))
    for place in range(len(vertices)):
        letters = letters_of(vertices[place], radices, strides)
        _at(letters, key, components, indices, values)
        losses[place] = _sum(_distance(letters), slope, weights, values)
    return losses


@njit(cache=True)
def _losses_around(letters, indices, values, radices, key, components, weights, slope, losses):
    """Fill `losses` (s,) of the neighbours; only components that depend on the letter that differs are computed."""
    slot, distance, changed = 0, _distance(letters), values.copy()
    for i in range(len(radices)):
        for other in range(radices[i]):
            if other == letters[i]:
                continue
            for m in range(len(weights)):
                if components[m, i]:
                    changed[m] = normal(key, m, indices[m] + components[m, i] * (other - letters[i]))
            losses[slot] = _sum(distance + (other > 0) - (letters[i] > 0), slope, weights, changed)
            slot += 1
        for m in range(len(weights)):
            changed[m] = values[m]


@njit(cache=True)
def _walks(starts, rule, rng, radices, strides, key, components, weights, slope):
    s = radices.sum() - len(radices)
    neighbours, around, order = np.empty(s, np.int64), np.empty(s), np.arange(s)
    indices, values = np.empty(len(weights), np.int64), np.empty(len(weights))
    steps, evaluations = np.zeros(len(starts), np.int64), np.empty(len(starts), np.int64)
    terminal, losses = starts.copy(), np.empty(len(starts))
    for walk in range(len(starts)):
        seen = {starts[walk]}
        while True:
            letters = letters_of(terminal[walk], radices, strides)
            _at(letters, key, components, indices, values)
            losses[walk] = _sum(_distance(letters), slope, weights, values)
            _losses_around(letters, indices, values, radices, key, components, weights, slope, around)
            around_of(terminal[walk], radices, strides, neighbours)
            slot, looked = choose(around, losses[walk], rule, order, rng)
            for place in range(looked):
                seen.add(neighbours[order[place]])
            if slot < 0:
                break
            terminal[walk] = neighbours[slot]
            steps[walk] += 1
        evaluations[walk] = len(seen)
    return steps, evaluations, terminal, losses
