"""Preimages and basins of steepest descent in the branching model M1."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .graphs import Graph, Hamming
from .laws import Kernel, Law, check_support
from .quadrature import Panels, refine
from .walks import fresh_neighbours


class Preimages(NamedTuple):
    """E|LS^{-k}(x)| for k = 1..depth, shape (depth,), and the whole basin 1 + Σ_{k≥1}, x included."""

    by_depth: np.ndarray
    basin: float


def _check(degree: int, depth: int) -> None:
    if degree < 1:
        raise ValueError(f"degree: {degree} must be at least 1")
    if depth < 1:
        raise ValueError(f"depth: {depth} must be at least 1")


def _check_loss(loss: float, support: tuple[float, float]) -> None:
    if not support[0] <= loss <= support[1]:
        raise ValueError(f"loss: {loss} must lie in [{support[0]:g}, {support[1]:g}], where the kernel lives")


def branching(kernel: Kernel, degree: int, loss: float, depth: int = 1) -> Preimages:
    """Expected numbers of vertices that reach a vertex of loss x in exactly k steps of steepest descent.

    B_1(x) = ∫_x^∞ k(x,y) S(y,x)^{s−1} dy,  B_k(x) = ∫_x^∞ k(x,y) S(y,x)^{s−2} B_{k−1}(y) dy,
    E|LS^{-k}(x)| = s (s−1)^{k−1} B_k(x): a child keeps s−1 fresh neighbours, one of which is the next child and
    all of which must be worse than x. The sum over all k solves one block-triangular Volterra system.

    degree s ≥ 1; loss x in the kernel's support; depth ≥ 1. ValueError otherwise.
    Status: exact in M1. Source: White, Nolen and Savani 2021, Lemma 5.3's question, conditioned correctly.

    >>> from theory.laws import TruncatedNormalKernel
    >>> branching(TruncatedNormalKernel(0.35), degree=24, loss=0.1, depth=3).by_depth.round(5)
    array([3.33336, 0.44756, 0.00783])
    """
    _check(degree, depth)
    _check_loss(loss, kernel.support)
    top = kernel.support[1]
    if loss == top:
        return Preimages(np.zeros(depth), 1.0)

    def value(count: int) -> np.ndarray:
        panels = _panels(kernel, loss, top, count)
        first, inner = _chain(kernel, degree, panels, np.append(panels.nodes, loss))
        depths = [first]
        for _ in range(depth - 1):
            depths.append(inner @ depths[-1][:-1])
        whole = np.linalg.solve(np.eye(len(panels.nodes)) - inner[:-1], first[:-1])
        return np.array([*(d[-1] for d in depths), 1 + first[-1] + inner[-1] @ whole])

    answer = refine(value, tolerance=1e-12)
    return Preimages(answer[:-1], float(answer[-1]))


def _panels(kernel: Kernel, low: float, top: float, count: int, *marks: float) -> Panels:
    """Panels of [low, top], cut at the marks and, where the kernel has kinks, where they carry on from `low`."""
    onward = low + kernel.width * np.arange(1, math.ceil((top - low) / kernel.width)) if kernel.edges else []
    return Panels.covering(low, top, count, (*kernel.edges, *onward, *marks))


def _chain(kernel: Kernel, degree: int, panels: Panels, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """E|LS^{-1}| at the points, and the operator from E|LS^{-(k−1)}| at the nodes to E|LS^{-k}| at the points."""
    top = np.full(len(points), panels.edges[-1])

    def integral(power: int) -> np.ndarray:
        return panels.operator(
            lambda x, y: kernel.pdf(x, y) * kernel.sf(y, x) ** power, points, points, top, kernel.kinks(points)
        )

    return degree * integral(degree - 1).sum(axis=1), (degree - 1) * integral(max(degree - 2, 0))


def published(kernel: Kernel, degree: int, loss: float, depth: int = 1) -> np.ndarray:
    """The factorised recursion of the authors' public notebook, kept for comparison; shape (depth,).

    e_1(x) = s S(x,x) S(x,x)^{s−1},  e_k(x) = e_1(x)/S(x,x) ∫_x^∞ k(x,y) e_{k−1}(y) dy.

    It asks the *centre's* kernel whether the neighbour's other neighbours are worse, and lets v use the edge to u
    twice. Status: approximation, and a poor one: `branching` is what the model says (at x = 0.1, truncated normal
    τ = 0.35, s = 24 it gives 0.176 where the model's value is 3.333). Source: White, Nolen and Savani 2021 (code).
    """
    _check(degree, depth)
    _check_loss(loss, kernel.support)
    top = kernel.support[1]
    if loss == top:
        return np.zeros(depth)

    def value(count: int) -> np.ndarray:
        panels = _panels(kernel, loss, top, count)
        _, first, again = _published_chain(kernel, degree, panels, np.append(panels.nodes, loss))
        depths = [first]
        for _ in range(depth - 1):
            depths.append(again @ depths[-1][:-1])
        return np.array([d[-1] for d in depths])

    return refine(value, tolerance=1e-12)


def _published_chain(
    kernel: Kernel, degree: int, panels: Panels, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """S(x,x) and e_1 at the points, and the operator that makes e_k at the points from e_{k−1} at the nodes."""
    same = np.asarray(kernel.sf(points, points))
    top = np.full(len(points), panels.edges[-1])
    integral = panels.operator(kernel.pdf, points, points, top, kernel.kinks(points))
    return same, degree * same**degree, degree * same[:, None] ** (degree - 1) * integral


def iid(degree: int, loss: float, depth: int = 1) -> Preimages:
    """Preimages in the iid model, losses uniform on [0, 1].

    E|LS^{-k}(x)| = s(s−1)^{k−1}(1−x)^{k(s−1)+1} / Π_{j=1}^{k−1}(j(s−1)+2).

    degree s ≥ 1; loss x in [0, 1]; depth ≥ 1. ValueError otherwise.
    Status: exact on tree-like graphs. Source: induction on k, `theory.symbolic.preimage_induction`.

    >>> iid(24, 0.0).basin.__round__(1)
    62.1
    """
    _check(degree, depth)
    return _fresh_preimages((degree, degree - 1), loss, depth)


def hamming(graph: Graph, loss: float, depth: int = 1) -> Preimages:
    """Preimages of steepest descent on H(q^d) in the iid model, with its fresh neighbours s, s−(q−1), s−(q−1)−1, ….

    E|LS^{-k}(x)| = Π_{t<k} r_t · (1−x)^{Σ_{t<k} r_t} / Π_{j=1}^{k−1}(1 + Σ_{t<j} r_t): by conservation of starts it is
    the density at x of the loss after k steps. With r = s, s−1, … it is `iid`.

    ValueError unless the graph is a Hamming graph of equal radices, 0 ≤ loss ≤ 1, depth ≥ 1.
    Status: exact for depth ≤ 2, then approximation (rare returns to a coordinate are neglected). Source: derived here.

    >>> from theory.graphs import parse_graph
    >>> hamming(parse_graph("hamming:5^6"), 0.0).basin.__round__(2)
    55.39
    """
    if not isinstance(graph, Hamming) or not graph.is_uniform:
        raise ValueError(f"graph: {graph} must be a Hamming graph of equal radices")
    _check(graph.degree, depth)
    return _fresh_preimages(tuple(fresh_neighbours(graph, "steepest").fresh.tolist()), loss, depth)


def _fresh_preimages(fresh: tuple[int, ...], loss: float, depth: int) -> Preimages:
    """Π_{t<k} r_t (1−x)^{Σ_{t<k} r_t} / Π_{1≤j<k}(1 + Σ_{t<j} r_t) for k = 1..depth; the last of `fresh` repeats."""
    _check_loss(loss, (0.0, 1.0))
    terms, total, term = [], 0, 1.0
    while len(terms) < depth or terms[-1] > 1e-17 * sum(terms):
        r = fresh[min(len(terms), len(fresh) - 1)]
        term *= r * (1 - loss) ** r / (1 + total if terms else 1)
        total += r
        terms.append(term)
    return Preimages(np.array(terms[:depth]), 1 + math.fsum(terms))


def iid_published(degree: int, loss: float, depth: int = 1) -> Preimages:
    """The published recursion in the iid model: s^k (1−x)^{ks} / Π_{j=1}^{k−1}(js+1).

    It forgets that a child has used one edge: the basin at x = 0, s = 24 comes out as 64.2 instead of 62.1.
    Status: approximation. Source: White, Nolen and Savani 2021, uniform case.
    """
    _check(degree, depth)
    _check_loss(loss, (0.0, 1.0))
    terms = [degree * (1 - loss) ** degree]
    while len(terms) < depth or terms[-1] > 1e-17 * sum(terms):
        terms.append(terms[-1] * degree * (1 - loss) ** degree / (len(terms) * degree + 1))
    return Preimages(np.array(terms[:depth]), 1 + math.fsum(terms))


def success(law: Law, kernel: Kernel, degree: int, epsilon: float, optimum: float | None = None) -> float:
    """Expected share of starts that end in a local minimum within ε of the optimum's loss ℓ*.

    ∫_{ℓ*}^{ℓ*+ε} f(x) S(x,x)^s [1 + (E|LS^{-*}(x)| − 1)/S(x,x)] dx: given that x is a local minimum its s
    neighbours are worse than x, which each neighbour in the preimage is anyway, so that the preimages, counted by
    `branching` without that condition, are divided by S(x,x), the chance that one neighbour is worse.

    law and kernel on the same support; degree s ≥ 1; ε > 0; optimum ℓ* (the lower end of the support by default).
    ValueError otherwise. Where law and kernel are reversible, ε = ∞ gives 1: every start ends somewhere.
    The paper's own choices of f and k are not reversible, and then more than all starts may seem to succeed: no graph
    has these two laws. Status: exact in M1. Source: White, Nolen and Savani 2021, conditioned correctly here.

    >>> from theory.laws import Uniform, UniformKernel
    >>> round(success(Uniform(), UniformKernel(), 24, 1.0), 10)
    1.0
    """

    def share(panels: Panels) -> np.ndarray:
        nodes = panels.nodes
        first, inner = _chain(kernel, degree, panels, nodes)
        preimages = np.linalg.solve(np.eye(len(nodes)) - inner, first)
        same = np.asarray(kernel.sf(nodes, nodes))
        return same**degree + same ** (degree - 1) * preimages

    return _success(law, kernel, degree, epsilon, optimum, share)


def success_published(law: Law, kernel: Kernel, degree: int, epsilon: float, optimum: float | None = None) -> float:
    """As `success`, but as published: ∫ f(x) S(x,x)^s (1 + Σ_k e_k(x)) dx with the recursion of `published`.

    Neither the preimages nor the condition are right. Status: approximation. Source: White, Nolen and Savani 2021.
    """

    def share(panels: Panels) -> np.ndarray:
        same, term, again = _published_chain(kernel, degree, panels, panels.nodes)
        total = 1 + term
        while term.max() > 1e-16 * total.max():
            term = again @ term
            total = total + term
        return same**degree * total

    return _success(law, kernel, degree, epsilon, optimum, share)


def _success(
    law: Law,
    kernel: Kernel,
    degree: int,
    epsilon: float,
    optimum: float | None,
    share: Callable[[Panels], np.ndarray],
) -> float:
    """∫_{ℓ*}^{ℓ*+ε} f(x) share(x) dx, with the share known at the nodes of panels that go on to the top."""
    check_support(law, kernel)
    if not epsilon > 0:
        raise ValueError(f"epsilon: {epsilon} must be greater than 0")
    _check(degree, 1)
    low = kernel.support[0] if optimum is None else optimum
    _check_loss(low, kernel.support)
    if low == kernel.support[1]:
        return 0.0

    def value(count: int) -> np.ndarray:
        panels = _panels(kernel, low, kernel.support[1], count, low + epsilon)
        inside = panels.nodes < low + epsilon
        return np.atleast_1d((panels.weights * inside * law.pdf(panels.nodes)) @ share(panels))

    return float(refine(value, tolerance=1e-11)[0])


def success_iid(degree: int, epsilon: float) -> float:
    """Share of starts that end at a rank below ε, iid losses on a tree-like graph, in closed form.

    Σ_{k≥0} a_k (1 − (1−ε)^{m_k+1})/(m_k+1) with a_0 = 1, m_0 = s, and for k ≥ 1
    a_k = s(s−1)^{k−1}/Π_{j=1}^{k−1}(j(s−1)+2), m_k = (k+1)(s−1)+1.

    degree s ≥ 1; 0 < ε ≤ 1. ValueError otherwise. Status: exact on trees. Source: `success` integrated term by term.

    >>> round(success_iid(24, 0.01), 6)
    0.453408
    """
    _check(degree, 1)
    if not 0 < epsilon <= 1:
        raise ValueError(f"epsilon: {epsilon} must lie in (0, 1]")
    share = -math.expm1((degree + 1) * math.log1p(-epsilon)) / (degree + 1) if epsilon < 1 else 1 / (degree + 1)
    k, factor = 1, float(degree)
    while True:
        power = (k + 1) * (degree - 1) + 2
        added = factor / power * (-math.expm1(power * math.log1p(-epsilon)) if epsilon < 1 else 1.0)
        share += added
        if added <= 1e-17 * share:
            return share
        factor *= (degree - 1) / (k * (degree - 1) + 2)
        k += 1
