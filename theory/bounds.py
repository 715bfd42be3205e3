"""Bounds on the time of local search on a given landscape, and on what noise does to it, each with its witness.

Times are expectations from a uniform start of a `theory.chains.Chain`, in its steps; a target counts 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from .chains import Chain, adaptive_walk, fresh_noise
from .graphs import Graph, Hamming
from .noise import least_draws

KINDS = ("additive", "multiplicative", "variable")
CUTS = 128
"""Levels are cut at about this many ranks, besides those that every finite upper bound needs."""


class Sampling(NamedTuple):
    """Upper bound of E[evaluations], and the number of samples that gives it."""

    value: float
    samples: int


class Levels(NamedTuple):
    """low ≤ E[T] ≤ high, and for each bound the first ranks of its levels, the best level first."""

    low: float
    high: float
    low_levels: tuple[int, ...]
    high_levels: tuple[int, ...]


class Drift(NamedTuple):
    """low ≤ E[T] ≤ high, and the vertices whose drifts are the largest and the least; −1 where there are none."""

    low: float
    high: float
    fastest: int
    slowest: int


class Query(NamedTuple):
    """A lower bound on the queries that find a local minimum, up to a constant factor that is unknown."""

    value: float
    statement: str
    model: str
    source: str


class Queries(NamedTuple):
    """The leading factor of the tight bound for randomised algorithms (constant unknown), and all known bounds."""

    value: float
    known: tuple[Query, ...]


class Flip(NamedTuple):
    """Upper bound of P(the set of strict local minima changes), the sum over all edges, the likeliest edge to flip."""

    value: float
    all_edges: float
    edge: tuple[int, int]


class Preserve(NamedTuple):
    """Evaluations of each vertex that keep the local minima, the failure that is left, the edge that needs most."""

    value: float
    failure: float
    edge: tuple[int, int]


def sample_descend(graph: Graph) -> Sampling:
    """E[evaluations to a local minimum] ≤ m + s(1+(n−m)/(m+1)) on every landscape, for the best m (largest degree s).

    m distinct uniform samples, then steepest descent from the best: in expectation (n−m)/(m+1) vertices are better, so
    many steps can follow, and each step, with the last look around, evaluates s neighbours. Least near m = √(sn).
    Status: bound (upper), any landscape. Source: Aldous 1983 (sampling, then descent); ranks of the best of m.

    >>> from theory.graphs import parse_graph
    >>> sample_descend(parse_graph("hamming:5^6"))
    Sampling(value=1223.7843137254902, samples=611)
    """
    n, s = graph.n, int(graph.degree_law[0].max())

    def bound(m: int) -> float:
        return m + s * (1 + (n - m) / (m + 1))

    least = math.isqrt(s * (n + 1)) - 1  # convex in m, with its minimum at √(s(n+1)) − 1
    best = min((min(max(1, m), n) for m in (least, least + 1)), key=bound)
    return Sampling(float(bound(best)), best)


def fitness_levels(chain: Chain) -> Levels:
    """Σ_i v_i/u_i ≤ E[T] ≤ Σ_i w_i/p_i over the levels i of a walk that only improves.

    The vertices, targets first and then by loss, are cut into levels. p_i and u_i are the least and the largest
    probability of leaving a vertex of level i for a better level; w_i = P(the start is no better than level i); v_i, a
    lower bound of P(level i is visited), is the least share of P(v → level i) in P(v → level i or better) over all
    vertices v of worse levels, and of level i in the same sum at the start. Dynamic programming finds the best of all
    partitions whose cuts are among those of `_cuts`, for either side.

    Proof of the lower bound: the walk comes once to level i or better, from the start or from a vertex of worse levels,
    and is then in level i with probability v_i at least; there it stays 1/u_i steps at least in expectation, since
    from each vertex of level i it leaves with probability u_i at most, and it never comes back.

    ValueError where the chain can move to a vertex that is not better.
    Status: bound (both sides). Source: Wegener 2002 (upper); Σ v_i/u_i with visit probabilities Doerr and Kötzing 2022,
    after Sudholt 2013, whose viscosity takes one factor for all levels (lower).

    >>> from theory.graphs import hypercube
    >>> from theory.chains import adaptive_walk
    >>> ones = np.array([bin(v).count("1") for v in range(16)], float)
    >>> bounds = fitness_levels(adaptive_walk(hypercube(4), ones, "proposals"))
    >>> round(bounds.low, 3), round(bounds.high, 3)  # 5.604 is exact: coupons
    (4.709, 5.604)
    """
    n, edges = len(chain.losses), chain.moves.tocoo()
    if (chain.rank[edges.col] >= chain.rank[edges.row]).any():
        raise ValueError("chain: it can move to a vertex that is not better; fitness levels need a walk that improves")
    cuts = _cuts(chain)
    better = chain.moves @ (chain.rank[:, None] < cuts).astype(float)  # P(v → ranks below a cut), shape (n, cuts)
    better = better[np.argsort(chain.rank)]

    def high(i: int, j: int) -> float:
        return _ratio(1 - cuts[i] / n, better[cuts[i] : cuts[j], i].min())

    def low(i: int, j: int) -> float:
        enter = better[cuts[j] :, [i, j]]
        enter = enter[enter[:, 1] > 0]
        visited = (1 - enter[:, 0] / enter[:, 1]).min(initial=1 - cuts[i] / cuts[j])
        return _ratio(visited, better[cuts[i] : cuts[j], i].max())

    upper, upper_levels = _best_partition(high, len(cuts), min)
    lower, lower_levels = _best_partition(low, len(cuts), max)
    return Levels(lower, upper, tuple(cuts[lower_levels].tolist()), tuple(cuts[upper_levels].tolist()))


def _cuts(chain: Chain) -> np.ndarray:
    """Ranks at which levels may begin, and n; all of them for small n, closer near the target for large n.

    Where a level begins at rank i, the next one must begin at the first vertex without a move to a rank below i, or it
    could not be left from there: these ranks are always among them.
    """
    n, first = len(chain.losses), int(chain.target.sum())
    if n - first <= CUTS:
        return np.arange(first, n + 1)
    reach = np.where(chain.log_moves > -np.inf, chain.rank[chain.neighbours], n).min(axis=1)
    starts = [first]
    for rank, least in enumerate(reach[np.argsort(chain.rank)]):
        if starts[-1] <= least < rank:
            starts.append(rank)
    spread = first - 1 + np.geomspace(1, n - first + 1, CUTS + 1).round().astype(int)
    return np.union1d(starts, spread)


def _ratio(a: float, b: float) -> float:
    """a/b for a, b ≥ 0, with 0/0 = 0."""
    return float(a / b) if b > 0 else (math.inf if a > 0 else 0.0)


def _best_partition(term: Callable[[int, int], float], cuts: int, best: Any) -> tuple[float, list[int]]:
    """The least or largest sum of term(i, j) over the intervals [i, j) of a partition of 0..cuts−1, and their i."""
    found: list[tuple[float, list[int]]] = [(0.0, [])]
    for j in range(1, cuts):
        found.append(best((found[i][0] + term(i, j), [*found[i][1], i]) for i in range(j)))
    return found[-1]


def levels(graph: Graph, losses: np.ndarray, rule: str = "proposals") -> Levels:
    """`fitness_levels` of the noise-free walk of a rule (see `theory.chains.adaptive_walk`) to a local minimum.

    ValueError as in `adaptive_walk`. Status: bound (both sides). Source: as `fitness_levels`.
    """
    return fitness_levels(adaptive_walk(graph, losses, rule))


def loss_drift(graph: Graph, losses: np.ndarray, sigma: float, kind: str = "additive") -> Drift:
    """`drift` of the loss above the optimum, V = ℓ − min ℓ, in the walk under fresh noise σ (in units of loss).

    ValueError as in `drift` and `theory.chains.fresh_noise`. Status: bound (both sides). Source: as `drift`.
    """
    losses = np.asarray(losses, dtype=float)
    return drift(fresh_noise(graph, losses, sigma), losses - losses.min(), kind)


def drift(chain: Chain, potential: np.ndarray, kind: str = "variable") -> Drift:
    """Bounds of E[T] from the drift Δ(v) = E[V(X_t) − V(X_{t+1}) | X_t = v] of a potential V.

    additive        E[V(X_0)]/max Δ ≤ E[T] ≤ E[V(X_0)]/min Δ
    multiplicative  E[T] ≤ E[g(V(X_0))]/min(Δ/V) with g(x) = 1+ln(x/V_min), g(0) = 0; E[T] ≥ E[g(V(X_0))]/max Δ_g
                    with the drift Δ_g of g(V)
    variable        E[T] ≤ E ∫_0^{V(X_0)} dx/h(x) with h(x) = min {Δ(v): V(v) ≥ x};
                    E[T] ≥ the same with h(x) = max {Δ⁺(v): c(v) ≤ x}, Δ⁺(v) = E[(V(X_t) − V(X_{t+1}))⁺ | X_t = v], and
                    c(v) the least potential that one step from v can reach
    The upper bounds are infinite unless the drift is positive everywhere.

    Proof of the first: E Σ_{t<T} Δ(X_t) = E[V(X_0)] where E[T] is finite, as V is bounded and 0 at the end; where it is
    infinite the lower bound holds anyway, and min Δ > 0 makes it finite. The lower multiplicative one is that of g(V).
    Proof of the last, for any chain: h increases, so a step from x to y in [c, x] lowers ∫_0 dx/h by at most
    (x−y)/h(c), and a step up lowers it not at all; so the drift of this integral is at most Δ⁺/h(c) ≤ 1.

    potential  V, shape (n,): 0 on the target and positive elsewhere
    ValueError for an unknown kind, or another potential.
    Status: bound (both sides). Source: He and Yao 2001 (additive); Doerr, Johannsen and Winzen 2012 (multiplicative,
    upper); Mitavskiy, Rowe and Cannings 2009 and Johannsen 2010 (variable, upper); the lower ones as proven here, the
    last in the manner of Doerr, Fouz and Witt 2011.

    >>> from theory.graphs import cycle
    >>> from theory.chains import adaptive_walk
    >>> walk = adaptive_walk(cycle(5), np.array([0.0, 1, 2, 3, 4]), "proposals")
    >>> drift(walk, walk.losses, "additive")  # a step of 1 with probability 1/2, but of 4 or 1 from the top
    Drift(low=0.8, high=4.0, fastest=4, slowest=1)
    """
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r} is unknown; allowed: {', '.join(KINDS)}")
    V, free = np.asarray(potential, dtype=float), np.flatnonzero(~chain.target)
    if V.shape != chain.target.shape or not np.isfinite(V).all() or not (np.sign(V) == ~chain.target).all():
        raise ValueError(f"potential: {V} must be 0 on the target and positive elsewhere, shape {chain.target.shape}")
    if not len(free):
        return Drift(0.0, 0.0, -1, -1)
    fall = _fall(chain, V)[free]
    match kind:
        case "additive":
            above, slow = V[free], fall
            below, fast = V[free], fall
        case "multiplicative":
            logs = np.where(chain.target, 0.0, 1 + np.log(np.maximum(V, V[free].min()) / V[free].min()))
            above, slow = logs[free], fall / V[free]
            below, fast = logs[free], _fall(chain, logs)[free]
        case _:
            return _variable(chain, V, fall)
    low, high = _ratio(below.sum() / len(V), fast.max()), _ratio(above.sum() / len(V), slow.min())
    return Drift(low, high, int(free[fast.argmax()]), int(free[slow.argmin()]))


def _fall(chain: Chain, V: np.ndarray) -> np.ndarray:
    """E[V(X_t) − V(X_{t+1}) | X_t = v], shape (n,)."""
    return (np.exp(chain.log_moves) * (V[:, None] - V[chain.neighbours])).sum(axis=1)


def _variable(chain: Chain, V: np.ndarray, fall: np.ndarray) -> Drift:
    free = np.flatnonzero(~chain.target)
    moves, here, there = np.exp(chain.log_moves[free]), V[free], V[chain.neighbours[free]]
    progress = (moves * np.maximum(here[:, None] - there, 0)).sum(axis=1)
    reach = np.minimum(np.where(moves > 0, there, np.inf).min(axis=1), here)
    high, low = math.inf, math.inf
    if fall.min() > 0:
        order = np.argsort(here)
        slopes = 1 / np.minimum.accumulate(fall[order][::-1])[::-1]
        high = np.cumsum(np.diff(here[order], prepend=0) * slopes).sum() / len(V)
    if reach.min() == 0:
        order = np.argsort(reach)
        knots, slopes = reach[order], 1 / np.maximum.accumulate(progress[order])
        sums = np.cumsum(np.diff(knots, prepend=0) * np.append(0, slopes[:-1]))
        last = np.searchsorted(knots, here, side="right") - 1
        low = (sums[last] + (here - knots[last]) * slopes[last]).sum() / len(V)
    return Drift(float(low), float(high), int(free[progress.argmax()]), int(free[fall.argmin()]))


def query(graph: Graph) -> Queries:
    """Known lower bounds on the expected queries to find a local minimum of the worst landscape on the hypercube.

    Each is the factor as stated, for d → ∞; its constant is not in the literature. The bounds of Zhang are tight: they
    hold from above too. ValueError unless the graph is a hypercube.
    Status: bound (lower), asymptotic in d. Source: Aldous 1983; Aaronson 2006; Zhang 2009.

    >>> from theory.graphs import hypercube
    >>> for bound in query(hypercube(12)).known:
    ...     print(bound.model, bound.statement, round(bound.value, 2))
    randomised 2^(d/2 − o(d)) 64.0
    randomised Ω(2^(d/2)/d²) 0.44
    randomised Θ(2^(d/2) d^(1/2)) 221.7
    quantum Ω(2^(d/4)/d) 0.67
    quantum Θ(2^(d/3) d^(1/6)) 24.21
    """
    if not (isinstance(graph, Hamming) and set(graph.radices) == {2}):
        raise ValueError(f"graph: {graph} is not a hypercube, for which the bounds are stated")
    d = len(graph.radices)
    known = (
        Query(2 ** (d / 2), "2^(d/2 − o(d))", "randomised", "Aldous 1983"),
        Query(2 ** (d / 2) / d**2, "Ω(2^(d/2)/d²)", "randomised", "Aaronson 2006"),
        Query(2 ** (d / 2) * math.sqrt(d), "Θ(2^(d/2) d^(1/2))", "randomised", "Zhang 2009"),
        Query(2 ** (d / 4) / d, "Ω(2^(d/4)/d)", "quantum", "Aaronson 2006"),
        Query(2 ** (d / 3) * d ** (1 / 6), "Θ(2^(d/3) d^(1/6))", "quantum", "Zhang 2009"),
    )
    return Queries(known[2].value, known)


def flip(graph: Graph, losses: np.ndarray, sigma: float) -> Flip:
    """P(frozen noise changes the set of strict local minima) ≤ Σ Φ(−Δ/(σ√2)) over the edges that decide it.

    These are the edges at strict local minima, and from each other vertex the one to its best neighbour, with the gaps
    Δ = |ℓ(u)−ℓ(v)|: while no comparison across them flips, the set stays. `all_edges` sums over all edges: it bounds
    P(any comparison flips).

    sigma  σ of the noise N(0, σ²), in units of loss
    ValueError for losses of the wrong shape or not finite, and σ negative or not finite.
    Status: bound (upper), any landscape. Source: union bound, derived here.

    >>> from theory.graphs import complete
    >>> round(flip(complete(2), np.array([0.0, 1.0]), 1.0).value, 4)  # Φ(−1/√2), and exact
    0.2398
    """
    pairs, gaps = _deciding(graph, losses)
    if not (math.isfinite(sigma) and sigma >= 0):
        raise ValueError(f"sigma: {sigma} must be finite and at least 0")
    ends = graph.adjacency.tocoo()
    twice = np.abs(np.asarray(losses)[ends.row] - np.asarray(losses)[ends.col])  # both directions of every edge
    return Flip(min(1.0, _flips(gaps, sigma)), _flips(twice, sigma) / 2, _closest(pairs, gaps))


def _deciding(graph: Graph, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The edges that decide the set of strict local minima, shape (m, 2), and their gaps, shape (m,)."""
    losses, table, here = graph.checked(losses), graph.neighbours, np.arange(graph.n)[:, None]
    around = np.where(table == here, np.inf, losses[table])
    minimal = around.min(axis=1) > losses
    chosen = minimal[:, None] | (np.arange(table.shape[1]) == around.argmin(axis=1)[:, None])
    v, i = np.nonzero(chosen & (table != here))
    pairs = np.unique(np.sort(np.stack([v, table[v, i]], axis=1), axis=1), axis=0)
    return pairs, np.abs(losses[pairs[:, 0]] - losses[pairs[:, 1]])


def _flips(gaps: np.ndarray, sigma: float) -> float:
    """Σ Φ(−Δ/(σ√2)), 0 without noise."""
    return float(ndtr(-gaps / (sigma * math.sqrt(2))).sum()) if sigma > 0 else 0.0


def _closest(pairs: np.ndarray, gaps: np.ndarray) -> tuple[int, int]:
    if not len(gaps):
        return (-1, -1)
    v, u = pairs[gaps.argmin()]
    return int(v), int(u)


def preserve(graph: Graph, losses: np.ndarray, sigma: float, delta: float) -> Preserve:
    """The least number k of evaluations of each vertex that keep the set of strict local minima with P ≥ 1−δ.

    The mean of k evaluations has the noise σ/√k, and `flip` at σ/√k is at most δ. Infinite where ties forbid it.
    ValueError as in `flip`, and unless 0 < δ < 1.
    Status: bound (k suffices), any landscape, frozen noise. Source: union bound, derived here (`noise.preserve`).

    >>> from theory.graphs import complete
    >>> preserve(complete(2), np.array([0.0, 1.0]), 1.0, 0.01).value  # 2 Φ⁻¹(0.01)² = 10.8
    11.0
    """
    if not 0 < delta < 1:
        raise ValueError(f"delta: {delta} must lie in (0, 1)")
    start, (pairs, gaps) = flip(graph, losses, sigma), _deciding(graph, losses)
    if sigma > 0 and (gaps == 0).sum() / 2 > delta:
        return Preserve(math.inf, start.value, start.edge)

    enough = least_draws(lambda k: _flips(gaps, sigma / math.sqrt(k)) <= delta)
    return Preserve(float(enough), _flips(gaps, sigma / math.sqrt(enough)), _closest(pairs, gaps))
