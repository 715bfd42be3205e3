"""Local minima of the classical models M4: Rough Mount Fuji and NK."""

from __future__ import annotations

import math

import numpy as np

from .correlations import Correlation
from .graphs import Graph, Hamming
from .laws import Law, Normal
from .minima import gaussian
from .quadrature import integrate


def rough_mount_fuji(graph: Graph, slope: float, law: Law | None = None) -> float:
    """E#LM of a Rough Mount Fuji landscape: slope θ times the Hamming distance to a reference, plus iid losses.

    Σ_h C(d,h)(q−1)^h ∫ f(x) S(x+θ)^h S(x)^{h(q−2)} S(x−θ)^{(d−h)(q−1)} dx: of the neighbours of a vertex at distance h,
    h are nearer to the reference, h(q−2) as near, the others farther.

    slope θ ≥ 0 in units of the law (normal by default). ValueError unless q is the same everywhere.
    Status: exact. Source: Aita et al. 2000; Neidhart, Szendro and Krug 2014 for q = 2.

    >>> from theory.graphs import hypercube
    >>> round(rough_mount_fuji(hypercube(4), 0.0), 12)  # iid: 16/5
    3.2
    """
    if not isinstance(graph, Hamming) or not graph.is_uniform:
        raise ValueError(f"graph: {graph} must be a Hamming graph of equal radices")
    if not (math.isfinite(slope) and slope >= 0):
        raise ValueError(f"slope: {slope} must be finite and at least 0")
    law = law or Normal()
    d, q = len(graph.radices), graph.radices[0]
    h = np.arange(d + 1)
    shells = np.array([math.comb(d, i) * (q - 1) ** i for i in h], dtype=float)

    def of(x: np.ndarray) -> np.ndarray:
        near, level, far = (law.sf(x + shift)[:, None] for shift in (slope, 0.0, -slope))
        return law.pdf(x) * (near**h * level ** (h * (q - 2)) * far ** ((d - h) * (q - 1)) @ shells)

    low, high = law.support
    return integrate(of, low, high, marks=(low + slope, high - slope))


def nk(graph: Graph, k: int, neighbourhood: str = "block") -> float:
    """E#LM of an NK landscape: each of d coordinates contributes a Gaussian random function of itself and k others.

    block     (coordinates in d/(k+1) independent iid blocks): Π over blocks q^b/(b(q−1)+1), b = k+1. Exact.
    adjacent, random    the Gaussian field of the same mean correlation by distance,
              ρ_h = C(d−k−1, h)/C(d, h), by `gaussian`: approximation (components overlap unevenly); exact for
              k = 0 (additive: 1) and k = d−1 (iid: n/(s+1)).

    ValueError for k outside 0..d−1, unequal radices, or blocks that do not divide d.
    Source: Kauffman and Weinberger 1989; Perelson and Macken 1995 (block); ρ_h Campos, Adami and Wilke 2002.

    >>> from theory.graphs import hypercube
    >>> nk(hypercube(6), 2)  # two blocks of 8 vertices, 2 minima each
    4.0
    """
    if not isinstance(graph, Hamming) or not graph.is_uniform:
        raise ValueError(f"graph: {graph} must be a Hamming graph of equal radices")
    d, q = len(graph.radices), graph.radices[0]
    if not 0 <= k < d:
        raise ValueError(f"k: {k} must lie in 0..{d - 1}")
    if neighbourhood == "block":
        if d % (k + 1):
            raise ValueError(f"k: blocks of {k + 1} do not divide the {d} coordinates")
        return (q ** (k + 1) / ((k + 1) * (q - 1) + 1)) ** (d // (k + 1))
    if neighbourhood not in ("adjacent", "random"):
        raise ValueError(f"neighbourhood: {neighbourhood!r} is unknown; allowed: block, adjacent, random")
    rho = tuple(math.comb(d - k - 1, h) / math.comb(d, h) for h in range(d + 1))
    return gaussian(graph, Correlation(rho))
