"""Literal definitions on tiny graphs: slow, obvious, and what every fast formula is tested against.

Losses are Python numbers (floats, `fractions.Fraction` or SymPy numbers); nothing here is vectorised.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from .correlations import Correlation
from .graphs import Graph, Hamming
from .laws import Kernel
from .noise import Noise

Losses = Sequence[Any]


def neighbourhood(graph: Graph, v: int) -> list[int]:
    """N(v) in increasing order."""
    return sorted({int(u) for u in graph.neighbours[v]} - {v})


def better_neighbours(graph: Graph, losses: Losses, v: int) -> list[int]:
    """Neighbours strictly better than v, best first, ties to the lowest index."""
    return sorted((u for u in neighbourhood(graph, v) if losses[u] < losses[v]), key=lambda u: (losses[u], u))


def is_strict_minimum(graph: Graph, losses: Losses, v: int) -> bool:
    """Whether every neighbour of v is strictly worse."""
    return all(losses[u] > losses[v] for u in neighbourhood(graph, v))


def local_search_step(graph: Graph, losses: Losses, v: int) -> int:
    """LS(v): the best neighbour if it is strictly better, else v."""
    better = better_neighbours(graph, losses, v)
    return better[0] if better else v


def path(graph: Graph, losses: Losses, v: int) -> list[int]:
    """v, LS(v), LS²(v), … up to the fixed point."""
    found = [v]
    while (u := local_search_step(graph, losses, found[-1])) != found[-1]:
        found.append(u)
    return found


def evaluations(graph: Graph, losses: Losses, v: int) -> int:
    """Distinct vertices evaluated by steepest descent from v: the closed neighbourhoods along its path."""
    return len({w for u in path(graph, losses, v) for w in [u, *neighbourhood(graph, u)]})


def expected_steps(graph: Graph, losses: Losses, v: int, rule: str) -> Fraction:
    """Steps from v to a local minimum; for `first` the mean over uniformly random scanning orders."""
    better = better_neighbours(graph, losses, v)
    if not better:
        return Fraction(0)
    nexts = {"steepest": better[:1], "reluctant": better[-1:], "first": better}[rule]
    return 1 + sum((expected_steps(graph, losses, u, rule) for u in nexts), Fraction(0)) / len(nexts)


def preimages(graph: Graph, losses: Losses, v: int, k: int) -> set[int]:
    """LS^{-k}(v): the vertices whose path reaches v in exactly k steps."""
    starts = (path(graph, losses, u) for u in range(graph.n))
    return {p[0] for p in starts if len(p) > k and p[k] == v}


def rankings(graph: Graph) -> Iterator[tuple[int, ...]]:
    """All n! orders of the losses: iid continuous losses enumerated. ValueError for n > 8."""
    if graph.n > 8:
        raise ValueError(f"graph: {graph} has n = {graph.n} vertices; rankings are enumerated for n ≤ 8")
    return itertools.permutations(range(graph.n))


def average(graph: Graph, quantity: Callable[[tuple[int, ...]], int | Fraction]) -> Fraction:
    """Exact expectation of a quantity of the landscape over iid losses."""
    total = sum((Fraction(quantity(losses)) for losses in rankings(graph)), Fraction(0))
    return total / math.factorial(graph.n)


def minima_moments(graph: Graph) -> tuple[Fraction, Fraction]:
    """Mean and variance of the number of strict local minima of iid losses, by enumeration."""

    def count(losses: tuple[int, ...]) -> int:
        return sum(is_strict_minimum(graph, losses, v) for v in range(graph.n))

    mean = average(graph, count)
    return mean, average(graph, lambda losses: count(losses) ** 2) - mean**2


def walk_steps(graph: Graph, rule: str) -> Fraction:
    """Expected steps from a uniform start on iid losses, by enumeration."""

    def steps(losses: tuple[int, ...]) -> Fraction:
        return sum((expected_steps(graph, losses, v, rule) for v in range(graph.n)), Fraction(0)) / graph.n

    return average(graph, steps)


def preimage_nested(kernel: Kernel, degree: int, loss: float, depth: int) -> float:
    """E|LS^{-k}(x)| of the branching model by nested adaptive quadrature, as written (slow: depth ≤ 2)."""
    top = kernel.support[1]

    def chain(x: float, level: int) -> float:
        kinks = sorted(k for k in {*kernel.edges, *kernel.kinks(np.array(x))} if x < k < top)
        cuts = [x, *map(float, kinks), top]
        power = degree - 1 if level == 1 else degree - 2

        def inner(y: float) -> float:
            weight = float(kernel.pdf(x, y) * kernel.sf(y, x) ** power)
            return weight if level == 1 or weight == 0 else weight * chain(y, level - 1)

        return sum(_quad(inner, a, b) for a, b in itertools.pairwise(cuts))

    return degree * (degree - 1) ** (depth - 1) * chain(loss, depth)


def _quad(f: Callable[[float], float], a: float, b: float) -> float:
    return quad(f, a, b, epsabs=0, epsrel=1e-11, limit=400)[0]


def difference_covariance(graph: Hamming, correlation: Correlation, noise: Noise) -> np.ndarray:
    """Covariance of the loss differences ℓ̂(u) − ℓ̂(v), u ∈ N(v), of a Gaussian field, shape (s, s)."""
    words = np.array(np.unravel_index(np.append(0, graph.neighbours[0]), graph.radices)).T
    distance = (words[:, None] != words[None]).sum(axis=2)
    covariance = np.asarray(correlation.completed(graph).rho)[distance] + noise.sd**2 * (distance == 0)
    return covariance[1:, 1:] - covariance[1:, :1] - covariance[:1, 1:] + covariance[0, 0]


def gaussian_minima(graph: Hamming, correlation: Correlation, noise: Noise) -> float:
    """E#LM of a Gaussian field as n times an orthant probability, by Genz's integration (about 1e−5)."""
    covariance = difference_covariance(graph, correlation, noise)
    zero, covariance = np.zeros(len(covariance)), covariance.tolist()
    orthant = multivariate_normal.cdf(
        zero, zero, covariance, allow_singular=True, maxpts=2_000_000, abseps=1e-8, releps=1e-8, rng=0
    )
    return float(graph.n * orthant)
