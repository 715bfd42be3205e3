"""The compiled loops of local search, on a graph given as the Cartesian product of two small ones.

`left` (n/m, ·) and `right` (·, m) are `Graph.factors`: closed neighbourhoods in ascending order, as rows and as
columns; vertex a·m + b is next to a'·m + b and a·m + b'. Losses are float64, vertices int32. No loop keeps a state.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True)
def around(left: np.ndarray, right: np.ndarray, v: Any, closed: np.ndarray) -> None:
    """Write the closed neighbourhood of v into `closed`, ascending; a short one is padded with v."""
    m, slot = right.shape[1], 0
    a, b = v // m, v % m
    for c in left[a]:
        if c != a:
            closed[slot] = c * m + b
            slot += 1
        else:
            for j in range(len(right)):
                closed[slot] = a * m + right[j, b]
                slot += 1


@njit(cache=True)
def row(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """An empty row for a closed neighbourhood."""
    return np.empty(left.shape[1] + len(right) - 1, dtype=np.int32)


@njit(cache=True)
def steepest(left: np.ndarray, right: np.ndarray, losses: np.ndarray, to: np.ndarray) -> None:
    """Write the best vertex of each closed neighbourhood: the vertex itself, or the lowest index, if several are.

    The m vertices of one a go together, neighbour by neighbour in ascending order: the loops over b have no branches,
    so that the machine compares several vertices at once.
    """
    m = right.shape[1]
    best, along = np.empty(m), np.empty(m)
    for a in range(len(left)):
        own, target = losses[a * m : (a + 1) * m], to[a * m : (a + 1) * m]
        for b in range(m):
            best[b], target[b] = own[b], a * m + b
        for c in left[a]:
            if c != a:
                across = losses[c * m : (c + 1) * m]
                for b in range(m):
                    better = across[b] < best[b]
                    best[b] = across[b] if better else best[b]
                    target[b] = c * m + b if better else target[b]
            else:
                for j in range(len(right)):
                    for b in range(m):
                        along[b] = own[np.uint32(right[j, b])]  # unsigned: no test whether it counts from the end
                    for b in range(m):
                        better = along[b] < best[b]
                        best[b] = along[b] if better else best[b]
                        target[b] = a * m + right[j, b] if better else target[b]


@njit(cache=True)
def place(key: np.uint64, n: int, v: Any, u: Any) -> Any:
    """Place in [0, 1) of the neighbour u in the scanning order of v: number v·n + u of the SplitMix64 stream `key`."""
    z = key + np.uint64(v * n + u) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53


@njit(cache=True)
def improving(
    left: np.ndarray, right: np.ndarray, losses: np.ndarray, random: bool, key: np.uint64, to: np.ndarray
) -> None:
    """Write of the better neighbours of each vertex the first in its scanning order (random), or the worst (reluctant).

    Vertices go together as in `steepest`.
    """
    n, m = len(losses), right.shape[1]
    least, scores, neighbours = np.empty(m), np.empty(m), np.empty(m, dtype=np.int32)
    for a in range(len(left)):
        own, target = losses[a * m : (a + 1) * m], to[a * m : (a + 1) * m]
        for b in range(m):
            least[b], target[b] = np.inf, a * m + b
        for c in left[a]:
            if c != a:
                for b in range(m):
                    neighbours[b], scores[b] = c * m + b, losses[c * m + b]
                prefer(n, a * m, own, neighbours, scores, random, key, least, target)
            else:
                for j in range(len(right)):
                    for b in range(m):
                        neighbours[b], scores[b] = a * m + right[j, b], own[np.uint32(right[j, b])]
                    prefer(n, a * m, own, neighbours, scores, random, key, least, target)


@njit(cache=True)
def prefer(
    n: int,
    first: int,
    own: np.ndarray,
    neighbours: np.ndarray,
    scores: np.ndarray,
    random: bool,
    key: np.uint64,
    least: np.ndarray,
    target: np.ndarray,
) -> None:
    """For vertices first, first + 1, … take one neighbour of each as the target if it is better and its score least.

    `scores` come in as the losses of the neighbours.
    """
    for b in range(len(own)):
        better = scores[b] < own[b]
        score = place(key, n, first + b, neighbours[b]) if random else -scores[b]
        scores[b] = score if better else np.inf
    for b in range(len(own)):
        wins = scores[b] < least[b]
        least[b] = scores[b] if wins else least[b]
        target[b] = neighbours[b] if wins else target[b]


@njit(cache=True)
def strict_minima(left: np.ndarray, right: np.ndarray, losses: np.ndarray, minimal: np.ndarray) -> None:
    """Write whether all neighbours of a vertex are worse; the search for one that is not ends with the first."""
    m = right.shape[1]
    for a in range(len(left)):
        for b in range(m):
            v, strict = a * m + b, True
            for c in left[a]:
                if c != a and losses[c * m + b] <= losses[v]:
                    strict = False
                    break
            if strict:
                for j in range(len(right)):
                    if right[j, b] != b and losses[a * m + right[j, b]] <= losses[v]:
                        strict = False
                        break
            minimal[v] = strict


@njit(cache=True)
def follow(to: np.ndarray, steps: np.ndarray, terminal: np.ndarray, basins: np.ndarray) -> None:
    """Write steps and terminal vertices, and count the starts that end there (0 before), by pointer doubling in place.

    At all times `terminal` is `steps` steps on.
    """
    n = len(to)
    for v in range(n):
        steps[v], terminal[v] = to[v] != v, to[v]
    moved = True
    while moved:
        moved = False
        for v in range(n):
            w = terminal[v]
            moved |= terminal[w] != w
            steps[v] += steps[w]
            terminal[v] = terminal[w]
    for v in range(n):
        basins[terminal[v]] += 1


@njit(cache=True)
def evaluations(
    left: np.ndarray,
    right: np.ndarray,
    to: np.ndarray,
    random: bool,
    key: np.uint64,
    starts: np.ndarray,
    seen: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Count (0 before) the distinct vertices that the walk from each start looks at.

    `seen` says of each vertex by which walk it was last seen: numbers from 1, before 0.
    """
    n, closed = len(to), row(left, right)
    for walk in range(len(starts)):
        v = starts[walk]
        while True:
            around(left, right, v, closed)
            last = place(key, n, v, to[v]) if random and to[v] != v else 1.0
            for u in closed:
                if seen[u] <= walk and (u == v or not random or place(key, n, v, u) <= last):
                    seen[u] = walk + 1
                    counts[walk] += 1
            if to[v] == v:
                break
            v = to[v]


@njit(cache=True)
def fresh_noise_walk(
    left: np.ndarray, right: np.ndarray, losses: np.ndarray, sigma: float, rng: np.random.Generator, v: int, most: int
) -> tuple[int, int]:
    """Where the walk under fresh noise is when it meets the lowest loss, but after at most so many steps; and steps."""
    lowest, closed = losses.min(), row(left, right)
    for step in range(most):
        if losses[v] == lowest:
            return v, step
        around(left, right, v, closed)
        least, before = np.inf, -1
        for u in closed:
            if u != before:  # padding repeats v
                observed = losses[u] + sigma * rng.standard_normal()
                if observed < least:
                    v, least = u, observed
            before = u
    return v, most
