"""Preimages and basins of steepest descent in the branching model M1."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .laws import Kernel
from .quadrature import Panels, refine


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
        marks = (*kernel.edges, *(loss + kernel.width * np.arange(1, math.ceil((top - loss) / kernel.width))))
        panels = Panels.covering(loss, top, count, marks if kernel.edges else ())
        points = np.append(panels.nodes, loss)

        def chain(power: int) -> np.ndarray:
            return panels.operator(
                lambda x, y: kernel.pdf(x, y) * kernel.sf(y, x) ** power,
                points, points, np.full(len(points), top), kernel.kinks(points),
            )  # fmt: skip

        last, inner = chain(degree - 1).sum(axis=1), chain(max(degree - 2, 0)) * (degree - 1)
        depths = [degree * last]
        for _ in range(depth - 1):
            depths.append(inner @ depths[-1][:-1])
        whole = np.linalg.solve(np.eye(len(points) - 1) - inner[:-1], degree * last[:-1])
        return np.array([*(d[-1] for d in depths), 1 + degree * last[-1] + inner[-1] @ whole])

    answer = refine(value, tolerance=1e-12)
    return Preimages(answer[:-1], float(answer[-1]))


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
        panels = Panels.covering(loss, top, count, kernel.edges)
        points = np.append(panels.nodes, loss)
        same = kernel.sf(points, points)
        integral = panels.operator(kernel.pdf, points, points, np.full(len(points), top), kernel.kinks(points))
        depths = [degree * same**degree]
        for _ in range(depth - 1):
            depths.append(degree * same ** (degree - 1) * (integral @ depths[-1][:-1]))
        return np.array([d[-1] for d in depths])

    return refine(value, tolerance=1e-12)


def iid(degree: int, loss: float, depth: int = 1) -> Preimages:
    """Preimages in the iid model, losses uniform on [0, 1].

    E|LS^{-k}(x)| = s(s−1)^{k−1}(1−x)^{k(s−1)+1} / Π_{j=1}^{k−1}(j(s−1)+2).

    degree s ≥ 1; loss x in [0, 1]; depth ≥ 1. ValueError otherwise.
    Status: exact on tree-like graphs. Source: induction on k, `theory.symbolic.preimage_induction`.

    >>> iid(24, 0.0).basin.__round__(1)
    62.1
    """
    _check(degree, depth)
    _check_loss(loss, (0.0, 1.0))
    terms = [degree * (1 - loss) ** degree]
    while len(terms) < depth or terms[-1] > 1e-17 * sum(terms):
        k = len(terms)
        terms.append(terms[-1] * (degree - 1) * (1 - loss) ** (degree - 1) / (k * (degree - 1) + 2))
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
