"""Steps and evaluations to the optimum of a given landscape (M3), exactly, by the chains of `theory.chains`."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sparse
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from .chains import Hitting, adaptive_walk, exp_log, fresh_noise, log_mean
from .graphs import Graph


class Walk(NamedTuple):
    """Mean steps over all starts to a local minimum and to the optimum, P(ending there), and why that is infinite."""

    value: float
    optimum: float
    success: float
    note: str


class Restart(NamedTuple):
    """Expected evaluations until success, evaluations of one run, and the P(success) of one run."""

    value: float
    run: float
    success: float


class BestNoise(NamedTuple):
    """Expected steps at the best noise σ*, σ*, and the log10 of the steps."""

    value: float
    sigma: float
    log10: float


def hitting(graph: Graph, losses: np.ndarray, sigma: float) -> Hitting:
    """Expected steps to the optimum under fresh noise, from a uniform start (`chain.hitting`).

    h = (I−Q)⁻¹1 with P of `fresh_noise`; the optimum counts 0. Infinite, and said to be so, without noise where
    there are other local minima, and where the optimum is out of reach. ValueError as in `fresh_noise`.
    Status: exact, M3. Source: derived here; elimination of Grassmann, Taksar and Heyman 1985.

    >>> from theory.graphs import cycle
    >>> ring = np.array([0.0, 2.0, 1.0, 2.0])
    >>> hitting(cycle(4), ring, 0.0).note
    'infinite: no noise, and 1 of 4 starts end in other local minima'
    >>> hitting(cycle(4), ring, 0.01).note
    'beyond 1e308: log10 = 1087.081777'
    """
    chain = fresh_noise(graph, losses, sigma)
    answer = chain.summary()
    if sigma == 0 and (lost := np.count_nonzero(~chain.finite)):
        return answer._replace(note=f"infinite: no noise, and {lost} of {graph.n} starts end in other local minima")
    return answer


def best_noise(graph: Graph, losses: np.ndarray) -> BestNoise:
    """σ*, the fresh noise with the shortest expected time to the optimum from a uniform start.

    The least of σ = 0 and a grid of σ from 1e-3 to 10 standard deviations of the losses, then a bounded search over
    log σ around it. ValueError where the optimum is out of reach.
    Status: exact, M3, provided that the grid resolves the valley of h(σ). Source: derived here.
    """

    def log_time(sigma: float) -> float:
        chain = fresh_noise(graph, losses, sigma)
        return log_mean(chain.log_times)

    none = log_time(0.0)
    grid = np.append(0.0, np.std(losses) * np.geomspace(1e-3, 10, 17)) if np.ptp(losses) else np.zeros(1)
    means = [none, *map(log_time, grid[1:])]
    best = int(np.argmin(means))
    if means[best] == np.inf:
        raise ValueError(f"graph: {graph} does not connect all vertices to the optimum; no noise helps")
    sigma, least = grid[best], means[best]
    if best > 0:
        around = np.log(grid[[max(best - 1, 1), min(best + 1, len(grid) - 1)]])
        found: Any = minimize_scalar(lambda t: log_time(math.exp(t)), bounds=around, method="bounded")
        sigma, least = min((grid[best], means[best]), (math.exp(found.x), found.fun), key=lambda pair: pair[1])
    return BestNoise(exp_log(least), float(sigma), float(least) / math.log(10))


def descent(graph: Graph, losses: np.ndarray, rule: str = "first") -> Walk:
    """Noise-free walks of the rules of `adaptive_walk`, from a uniform start (`chain.descent`).

    Sorted by loss, I−Q is triangular: steps h and the chance p of ending at the optimum, (I−Q)h = 1 and
    (I−Q)p = P(to the optimum), take one sparse substitution each.
    ValueError as in `adaptive_walk`.
    Status: exact, M3. Source: elementary.

    >>> from theory.graphs import cycle
    >>> descent(cycle(5), np.array([0.0, 3, 2, 1, 4]))
    Walk(value=0.7, optimum=inf, success=0.4, note='infinite: 1 other local minima end 0.6 of the walks')
    """
    chain = adaptive_walk(graph, losses, rule)
    goal = chain.losses == chain.losses.min()
    success = goal.astype(float)
    if len(chain.free):
        success[chain.free] = chain.improving.solve(chain.moves[chain.free][:, goal].sum(axis=1))
    mean, steps = float(success.mean()), exp_log(log_mean(chain.log_times))
    if others := np.count_nonzero(chain.target & ~goal):
        return Walk(steps, np.inf, mean, f"infinite: {others} other local minima end {1 - mean:.2g} of the walks")
    return Walk(steps, steps, 1.0, "")


def evaluations(graph: Graph, losses: np.ndarray) -> np.ndarray:
    """Distinct vertices that steepest descent evaluates from each start: |∪ N[u]| over its path; shape (n,).

    ValueError for losses of the wrong shape or not finite. Status: exact, M3. Source: definition.
    """
    follow = adaptive_walk(graph, losses, "steepest").moves
    path = front = sparse.csr_array(sparse.eye_array(graph.n))
    while front.nnz:
        front = sparse.csr_array(front @ follow)
        path = path + front
    return np.diff(sparse.csr_array(path @ (sparse.eye_array(graph.n) + graph.adjacency)).indptr)


def wald(graph: Graph, losses: np.ndarray) -> Restart:
    """Restarted steepest descent until it ends at an optimum: E[evaluations] = E[evaluations per run]/P(success).

    Runs start uniformly and count their distinct evaluations afresh (`restart.wald`, Wald's identity).
    ValueError for losses of the wrong shape or not finite. Status: exact, M3. Source: Wald 1944.

    >>> from theory.graphs import cycle
    >>> wald(cycle(5), np.array([0.0, 3, 2, 1, 4]))
    Restart(value=6.0, run=3.6, success=0.6)
    """
    run = float(evaluations(graph, losses).mean())
    success = descent(graph, losses, "steepest").success
    return Restart(run / success, run, success)


def exchangeable(graph: Graph) -> float:
    """Expected evaluations until the optimum of iid losses: (n+1)/2 (`restart.exchangeable`).

    For every algorithm that never repeats an evaluation: each order of the losses is as likely, whatever it has seen.
    Status: exact, M0. Source: exchangeability; no free lunch (Wolpert and Macready 1997).

    >>> from theory.graphs import parse_graph
    >>> exchangeable(parse_graph("hamming:5^6"))
    7813.0
    """
    return (graph.n + 1) / 2


def sample_descend(graph: Graph, losses: np.ndarray, samples: int) -> float:
    """Expected evaluations of m distinct uniform samples, then steepest descent from the best of them.

    m + Σ_r C(n−1−r, m−1)/C(n, m) (evaluations from the vertex of rank r − 1): what `bounds.sample_descend` bounds.
    Neighbours that were samples count again.
    ValueError for samples outside 1..n, losses of the wrong shape or not finite. Status: exact, M3. Source: elementary.
    """
    n, m = graph.n, samples
    if not 1 <= m <= n:
        raise ValueError(f"samples: {m} must lie in 1..{n}")
    cost = evaluations(graph, losses)[np.argsort(losses, kind="stable")] - 1
    worse = n - 1 - np.arange(n - m + 1)  # vertices that are worse than the best one of rank 0..n−m
    log_choose = gammaln(worse + 1) - gammaln(m) - gammaln(worse - m + 2)
    log_all = gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1)
    return float(m + np.exp(log_choose - log_all) @ cost[: n - m + 1])
