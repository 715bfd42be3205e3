"""Hypothesis strategies for the vocabulary (graphs, landscapes, laws, fields, noise), edge cases included."""

from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import strategies as st

from theory.correlations import Correlation
from theory.graphs import ErdosRenyi, ExplicitGraph, Graph, Hamming, RandomRegular, Torus, hypercube
from theory.laws import (
    AR1Kernel,
    Kernel,
    Law,
    LipschitzKernel,
    Normal,
    TruncatedNormal,
    TruncatedNormalKernel,
    Uniform,
    UniformKernel,
)
from theory.noise import Noise

unit = st.floats(0, 1)


def _bounded_product(values: st.SearchStrategy[int], most: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Tuples of one to four values with a product of at most `most`."""
    return st.lists(values, min_size=1, max_size=4).map(tuple).filter(lambda t: math.prod(t) <= most)


def hammings(most: int = 48) -> st.SearchStrategy[Hamming]:
    """Hamming graphs of any radices, complete graphs and hypercubes among them."""
    return _bounded_product(st.integers(2, 5), most).map(Hamming)


def tori(most: int = 48) -> st.SearchStrategy[Torus]:
    """Tori, cycles among them."""
    return _bounded_product(st.integers(3, 7), most).map(Torus)


@st.composite
def circulants(draw: st.DrawFn, most: int = 12) -> ExplicitGraph:
    """Regular graphs v ~ v±o, often disconnected; without offsets no edges, and one vertex is possible."""
    n = draw(st.integers(1, most))
    offsets = draw(st.sets(st.integers(1, n // 2))) if n > 1 else set()
    edges = {tuple(sorted((v, (v + o) % n))) for v in range(n) for o in offsets}
    return ExplicitGraph(n, np.array(sorted(edges)))


@st.composite
def explicit_graphs(draw: st.DrawFn, most: int = 8) -> ExplicitGraph:
    """Any simple graph: irregular, disconnected, with isolated vertices or a single vertex."""
    n = draw(st.integers(1, most))
    pairs = list(itertools.combinations(range(n), 2))
    chosen = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    return ExplicitGraph(n, np.array(sorted(chosen)))


def regular_graphs(most: int = 48) -> st.SearchStrategy[Graph]:
    return st.one_of(hammings(most), tori(most), circulants())


def graphs(most: int = 48) -> st.SearchStrategy[Graph]:
    return st.one_of(regular_graphs(most), explicit_graphs())


def random_regulars() -> st.SearchStrategy[RandomRegular]:
    sizes = st.tuples(st.integers(1, 10**6), st.integers(0, 10**3))
    return sizes.filter(lambda p: p[1] < p[0] and p[0] * p[1] % 2 == 0).map(lambda p: RandomRegular(*p))


def named_graphs() -> st.SearchStrategy[Graph]:
    """Everything that has a text form."""
    erdos_renyi = st.builds(ErdosRenyi, st.integers(1, 10**6), unit)
    return st.one_of(hammings(10**6), tori(10**6), random_regulars(), erdos_renyi)


def landscapes(n: int) -> st.SearchStrategy[list[float]]:
    """Losses of n vertices: distinct, with ties, with plateaus, constant."""
    distinct = st.permutations(range(n)).map(lambda ranks: [float(rank) for rank in ranks])
    tied = st.lists(st.integers(0, 2).map(float), min_size=n, max_size=n)
    reals = st.lists(st.floats(-1e3, 1e3).map(lambda loss: round(loss, 6)), min_size=n, max_size=n)
    return st.one_of(distinct, tied, reals)


def laws() -> st.SearchStrategy[Law]:
    truncated = st.builds(TruncatedNormal, st.floats(-0.5, 1.5), st.floats(0.1, 10))
    return st.one_of(st.just(Uniform()), st.just(Normal()), truncated)


def kernels() -> st.SearchStrategy[Kernel]:
    """Every kernel, from rather narrow to hardly dependent on the centre."""
    return st.one_of(
        st.just(UniformKernel()),
        st.builds(TruncatedNormalKernel, st.floats(0.15, 10)),
        st.builds(LipschitzKernel, st.floats(0.15, 3)),
        st.builds(AR1Kernel, st.floats(-0.9, 0.9)),
    )


@st.composite
def losses_of(draw: st.DrawFn, kernel: Kernel) -> float:
    """A loss where the kernel lives; for unbounded kernels within 5 standard deviations."""
    low, high = kernel.support
    return draw(st.floats(max(low, -5.0), min(high, 5.0)))


def _weights(count: int) -> st.SearchStrategy[np.ndarray]:
    positive = st.lists(st.integers(0, 9), min_size=count, max_size=count).filter(any)
    return positive.map(lambda parts: np.array(parts) / sum(parts))


@st.composite
def fields(draw: st.DrawFn, graph: Hamming) -> Correlation:
    """A field that is a mixture of k-way interactions: ρ_h = Σ_k w_k C(d−h,k)/C(d,k), k = 1..d.

    k random coordinates contribute an independent table of their letters, as in NK landscapes: possible on every
    Hamming graph, additive for k = 1, iid for k = d, and ρ_1 ≥ ρ_2 always.
    """
    d = len(graph.radices)
    weights = draw(_weights(d))
    rho = [sum(w * math.comb(d - h, k) / math.comb(d, k) for k, w in enumerate(weights, start=1)) for h in range(d + 1)]
    return Correlation((1.0, *rho[1:]))


@st.composite
def hypercube_fields(draw: st.DrawFn, dimension: int) -> Correlation:
    """Any stationary field on the hypercube but for a constant: a mixture of the d parities' correlations.

    The order-k part has ρ_h = Σ_i (−1)^i C(h,i) C(d−h,k−i)/C(d,k): the mean over all k-sets of the sign at distance h.
    """
    d = dimension
    weights = draw(_weights(d))

    def signs(h: int, k: int) -> float:
        terms = ((-1) ** i * math.comb(h, i) * math.comb(d - h, k - i) for i in range(min(h, k) + 1))
        return sum(terms) / math.comb(d, k)

    rho = [sum(w * signs(h, k) for k, w in enumerate(weights, start=1)) for h in range(d + 1)]
    return Correlation((1.0, *np.clip(rho[1:], -1, 1)))


def hypercubes(most: int = 6) -> st.SearchStrategy[Hamming]:
    return st.integers(1, most).map(hypercube)


def noises() -> st.SearchStrategy[Noise]:
    """From none, or far below the spacing of floats, to far above the signal."""
    sigma = st.one_of(st.sampled_from([0.0, 1e-12, 1e-6, 1e6, 1e12]), st.floats(0, 10))
    return st.builds(Noise, sigma, st.integers(1, 100))
