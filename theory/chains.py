"""Local search on a given landscape (M3) as an absorbing Markov chain, solved exactly.

A landscape is a graph and an array of losses, shape (n,). A search is a `Chain`: `adaptive_walk` without noise,
`fresh_noise` with. Probabilities are kept as logarithms and nothing is ever subtracted, so that times of 1e100 and far
beyond are as accurate as times of 10.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import LinearOperator, gmres, splu
from scipy.special import log_ndtr

from .graphs import Graph

RULES = ("steepest", "first", "reluctant", "proposals")
CERTIFIED = 1e-9
"""Largest relative error that a solution by Krylov iterations may have, as proven by its residual."""
SWEEPS = 3000
"""Gauss–Seidel sweeps after which the reduction to local minima gives up."""


class Hitting(NamedTuple):
    """Mean time to the target over all starts (the target counts 0), its log10, standard deviation, and a note.

    The note names every infinity: the time itself is infinite, log10 too; or it is finite, but beyond 1e308.
    """

    value: float
    log10: float
    sd: float
    note: str


@dataclass(frozen=True, eq=False)
class Chain:
    """A Markov chain on the vertices of a graph, stopped at its target at time T.

    neighbours  neighbour table, shape (n, s)
    log_moves   log P(v → neighbours[v, i]), −∞ where impossible and in padding, shape (n, s); what is left is staying
    losses      losses, which order the elimination, shape (n,)
    target      where the chain stops, boolean, shape (n,)
    ValueError where no vertex is a target.
    """

    neighbours: np.ndarray
    log_moves: np.ndarray
    losses: np.ndarray
    target: np.ndarray

    def __post_init__(self) -> None:
        if not self.target.any():
            raise ValueError("target: empty; at least one vertex must be a target")
        object.__setattr__(self, "log_moves", np.where(self.target[:, None], -np.inf, self.log_moves))

    @cached_property
    def moves(self) -> sparse.csr_array:
        """Probabilities P(v → u) of the moves to u ≠ v, shape (n, n)."""
        n, s = self.neighbours.shape
        rows = np.repeat(np.arange(n), s)
        moves = sparse.csr_array((np.exp(self.log_moves).ravel(), (rows, self.neighbours.ravel())), shape=(n, n))
        moves.eliminate_zeros()
        return moves

    @cached_property
    def log_leave(self) -> np.ndarray:
        """log P(leaving v) = log Σ_u P(v → u), the diagonal of I−Q without a subtraction; shape (n,)."""
        return _log_sum(self.log_moves)

    @cached_property
    def rank(self) -> np.ndarray:
        """Place of each vertex in the order of elimination: targets, then by loss and index; shape (n,)."""
        rank = np.empty(len(self.losses), dtype=int)
        rank[np.lexsort((self.losses, ~self.target))] = np.arange(len(rank))
        return rank

    @cached_property
    def finite(self) -> np.ndarray:
        """Starts of finite expected time: they cannot come to where the target is out of reach; shape (n,)."""
        return ~self._leading_to(~self._leading_to(self.target))

    def _leading_to(self, goal: np.ndarray) -> np.ndarray:
        possible = self.log_moves > -np.inf
        while True:
            wider = goal | (possible & goal[self.neighbours]).any(axis=1)
            if np.array_equal(wider, goal):
                return goal
            goal = wider

    @cached_property
    def free(self) -> np.ndarray:
        """States other than the target from which the time is finite, best first."""
        order = np.argsort(self.rank)
        return order[(self.finite & ~self.target)[order]]

    @cached_property
    def log_times(self) -> np.ndarray:
        """log of the expected time h(v) to the target, (I−Q)h = 1: −∞ on the target, ∞ where infinite; shape (n,)."""
        return self._moment(np.zeros(len(self.losses)))

    @cached_property
    def log_squares(self) -> np.ndarray:
        """log E[T²] from each start, (I−Q)m = 2h−1; shape (n,)."""
        h = np.where(np.isfinite(self.log_times), self.log_times, 0.0)
        return self._moment(h + np.log(2 - np.exp(-h)))

    @cached_property
    def log_occupation(self) -> np.ndarray:
        """log of the expected steps at each vertex before the target, y(I−Q) = 1/n, from a uniform start; shape (n,).

        They sum to the mean time. ValueError where that is infinite.
        """
        if not self.finite.all():
            raise ValueError(f"target: out of reach from {(~self.finite).sum()} starts, where occupation is infinite")
        return self._solve(np.full(len(self.losses), -math.log(len(self.losses))), transposed=True)

    def reached(self, steps: int) -> np.ndarray:
        """P(T ≤ t) for t = 0..steps from a uniform start, shape (steps+1,). ValueError for negative steps."""
        if steps < 0:
            raise ValueError(f"steps: {steps} must be at least 0")
        onward, stay = sparse.csr_array(self.moves.T), -np.expm1(np.minimum(self.log_leave, 0.0))
        at = np.full(len(self.losses), 1 / len(self.losses))
        found = [at[self.target].sum()]
        for _ in range(steps):
            at = stay * at + onward @ at
            found.append(at[self.target].sum())
        return np.array(found)

    def summary(self) -> Hitting:
        """Mean and standard deviation over a uniform start, every infinity with its name."""
        if lost := np.count_nonzero(~self.finite):
            return Hitting(np.inf, np.inf, np.inf, f"infinite: {lost} of {len(self.losses)} starts may never arrive")
        mean = log_mean(self.log_times)
        if mean == -np.inf:
            return Hitting(0.0, mean, 0.0, "")
        square = log_mean(self.log_squares)
        sd = (square + math.log1p(-math.exp(2 * mean - square))) / 2  # a target counts 0: mean² ≤ (1 − 1/n) square
        value, log10 = exp_log(mean), mean / math.log(10)
        return Hitting(value, log10, exp_log(sd), "" if value < np.inf else f"beyond 1e308: log10 = {log10:.10g}")

    def _moment(self, log_rhs: np.ndarray) -> np.ndarray:
        return np.where(self.finite, self._solve(log_rhs), np.inf)

    def _solve(self, log_rhs: np.ndarray, transposed: bool = False) -> np.ndarray:
        """log x of (I−Q)x = r, or of x(I−Q) = r, on the free states for r > 0; −∞ elsewhere; shape (n,)."""
        answer = np.full(len(log_rhs), -np.inf)
        if not len(self.free):
            return answer
        quick = self.log_leave[self.free].min() > math.log(1e-7)  # h ≥ 1/P(leaving): else no residual is a proof
        found = self._krylov(np.exp(log_rhs[self.free]), transposed) if quick else None
        if found is None:
            rhs = np.where(self.finite & ~self.target, log_rhs, -np.inf)[:, None]
            return self._reduced.left(rhs) if transposed else self._reduced.right(rhs)
        answer[self.free] = np.log(found)
        return answer

    @cached_property
    def _system(self) -> sparse.csr_array:
        """I−Q on the free states, best first."""
        stay = sparse.diags_array(np.exp(self.log_leave[self.free]))
        return sparse.csr_array(stay - self.moves[self.free][:, self.free])

    @cached_property
    def improving(self) -> Any:
        """Solver for the lower triangle of I−Q, which is all of it where a walk only improves."""
        return splu(sparse.csc_array(sparse.tril(self._system)), permc_spec="NATURAL", diag_pivot_thresh=0.0)

    @cached_property
    def _reduced(self) -> _Reduced:
        return _Reduced(self)

    def _krylov(self, rhs: np.ndarray, transposed: bool) -> np.ndarray | None:
        """x with its proof, or None: as (I−Q)⁻¹ ≥ 0, a residual |(I−Q)x − r| ≤ εr means a relative error of at most ε.

        Rounding forbids the proof where x is beyond some 1e5 r.
        """
        system, way = (sparse.csr_array(self._system.T), "T") if transposed else (self._system, "N")
        size, rounding = abs(system), (self.neighbours.shape[1] + 3) * np.finfo(float).eps
        operator: Any = LinearOperator  # its stubs do not know the constructor
        improving = operator(system.shape, matvec=lambda r: self.improving.solve(r, way), dtype=float)
        x = self.improving.solve(rhs, way)
        for _ in range(4):
            residual = rhs - system @ x
            if (np.abs(residual) + rounding * (size @ np.abs(x)) <= CERTIFIED * rhs).all():
                return x
            x = x + gmres(system, residual, M=improving, rtol=1e-11, restart=50, maxiter=4)[0]
        return None


class _Reduced:
    """A chain reduced to its local minima, for times of any size, in logarithms throughout.

    With A the local minima (in order of rank) and F the other free states, X = (I−Q_FF)⁻¹ Q_FA says where the chain
    meets A or the target next. It is the limit of Gauss–Seidel sweeps from the best state up, which are fast as states
    of F improve soon, and sums of positive terms, so that every entry gets its own relative accuracy. The stochastic
    complement S = Q_AA + Q_AF X is eliminated as by Grassmann, Taksar and Heyman (1985).
    """

    def __init__(self, chain: Chain) -> None:
        self.chain, table = chain, chain.neighbours
        better = (chain.log_moves > -np.inf) & (chain.rank[table] < chain.rank[:, None])
        fast = np.zeros(len(table), dtype=bool)
        fast[chain.free] = better[chain.free].any(axis=1)
        self.minima = np.setdiff1d(chain.free, np.flatnonzero(fast))
        self.levels = _levels(better, table, fast)
        self.meets = np.full((len(table), len(self.minima) + 1), -np.inf)  # log X; the target is the last column
        self.meets[self.minima, np.arange(len(self.minima))] = 0.0
        self.meets[chain.target, -1] = 0.0
        self._settle(self.meets, np.full((len(table), 1), -np.inf), chain.log_moves, self.levels)
        complement = self._next(self.minima, self.meets, chain.log_moves)
        self.factors, self.pivots = _eliminate(complement[:, :-1], complement[:, -1])

    def right(self, rhs: np.ndarray) -> np.ndarray:
        """log x of (I−Q)x = r for log r of shape (n, 1); shape (n,)."""
        before = np.full_like(rhs, -np.inf)  # what is collected before A is met
        self._settle(before, rhs, self.chain.log_moves, self.levels)
        collected = np.logaddexp(rhs[self.minima], self._next(self.minima, before, self.chain.log_moves))
        at_minima = _substitute(self.factors, self.pivots, collected[:, 0])
        return np.logaddexp(before[:, 0], _log_sum(self.meets[:, :-1] + at_minima))

    def left(self, rhs: np.ndarray) -> np.ndarray:
        """log x of x(I−Q) = r for log r of shape (n, 1); shape (n,)."""
        x = np.full_like(rhs, -np.inf)
        arriving = _log_sum((rhs + self.meets[:, :-1]).T)
        x[self.minima, 0] = _substitute(self.factors.T, self.pivots, arriving)
        self._settle(x, rhs, _reversed(self.chain.neighbours, self.chain.log_moves), self.levels[::-1])
        return x[:, 0]

    def _next(self, rows: np.ndarray, x: np.ndarray, moves: np.ndarray) -> np.ndarray:
        """log Σ_u P(v → u) x(u) for the rows v and every column of x."""
        answer, table = np.empty((len(rows), x.shape[1])), self.chain.neighbours
        for part in _parts(len(rows), table.shape[1] * x.shape[1]):
            answer[part] = _log_sum(moves[rows[part]][:, :, None] + x[table[rows[part]]])
        return answer

    def _settle(self, x: np.ndarray, source: np.ndarray, moves: np.ndarray, levels: list[np.ndarray]) -> None:
        """The fixed point of x = (source + moves·x)/P(leaving) on the fast states, in place, from below.

        Settled where two sweeps in turn leave at most 1e-12 to a geometric tail, or no more than rounding changes.
        """
        change, settled = np.inf, 0
        for _ in range(SWEEPS):
            last, change = change, 0.0
            for rows in levels:
                new = np.logaddexp(source[rows], self._next(rows, x, moves)) - self.chain.log_leave[rows, None]
                with np.errstate(invalid="ignore"):  # −∞ − −∞ where nothing has arrived yet
                    change = max(change, np.nan_to_num(new - x[rows], posinf=np.inf).max(initial=0.0))
                x[rows] = new
            rest = change * change / (last - change) if change < last < np.inf else change
            rounding = 4 * np.finfo(float).eps * np.abs(x[np.isfinite(x)]).max(initial=0.0)
            settled = settled + 1 if rest <= 1e-12 or change <= rounding else 0
            if settled == 2:
                return
        raise ArithmeticError(f"hitting: {SWEEPS} sweeps leave a relative change of {change:.1e}")


def _levels(better: np.ndarray, table: np.ndarray, fast: np.ndarray) -> list[np.ndarray]:
    """The fast states by the length of the longest improving path from them: no two of a level are neighbours."""
    level = np.zeros(len(table), dtype=int)
    while True:
        longer = np.where(fast, 1 + np.where(better, level[table], -1).max(axis=1), 0)
        if np.array_equal(longer, level):
            return [np.flatnonzero(level == k) for k in range(1, level.max() + 1)]
        level = longer


def _reversed(table: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """log P(neighbours[v, i] → v): the moves sorted by (v, u) are the reversed moves sorted by (u, v); shape (n, s)."""
    v = np.repeat(np.arange(len(table)), table.shape[1])
    u = table.ravel()
    back = np.empty(moves.size)
    back[np.lexsort((v, u))] = moves.ravel()[np.lexsort((u, v))]
    return back.reshape(moves.shape)


def _eliminate(moves: np.ndarray, absorbed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Grassmann–Taksar–Heyman elimination of log probabilities from the last state to the first.

    A pivot 1−P(staying) is the sum of the moves to states that are left. Factors of shape (m, m), log pivots (m,).
    """
    factors, absorbed, pivots = moves.copy(), absorbed.copy(), np.empty(len(moves))
    for k in range(len(moves) - 1, -1, -1):
        pivots[k] = np.logaddexp.reduce(np.append(factors[k, :k], absorbed[k]))
        into = factors[:k, k] - pivots[k]
        factors[:k, :k] = np.logaddexp(factors[:k, :k], into[:, None] + factors[k, :k])
        absorbed[:k] = np.logaddexp(absorbed[:k], into + absorbed[k])
    return factors, pivots


def _substitute(factors: np.ndarray, pivots: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """log x of (I−S)x = r from the factors of S; of x(I−S) = r from their transpose; shape (m,)."""
    x = rhs.copy()
    for k in range(len(x) - 1, -1, -1):
        x[:k] = np.logaddexp(x[:k], factors[:k, k] - pivots[k] + x[k])
    for k in range(len(x)):
        x[k] = np.logaddexp.reduce(np.append(factors[k, :k] + x[:k], x[k])) - pivots[k]
    return x


def _log_sum(terms: np.ndarray) -> np.ndarray:
    """log Σ_i exp(terms[:, i]) along axis 1; −∞ for nothing."""
    most = terms.max(axis=1, initial=-np.inf, keepdims=True)
    most[most == -np.inf] = 0.0
    scaled = terms - most
    with np.errstate(divide="ignore"):
        return np.log(np.exp(scaled, out=scaled).sum(axis=1)) + most.squeeze(1)


def _parts(count: int, size: int) -> list[np.ndarray]:
    """0..count−1 in parts of some 2^16 numbers, which stay in a cache, of `size` each."""
    return np.array_split(np.arange(count), 1 + count * size // 2**16)


def log_mean(logs: np.ndarray) -> float:
    """log of the mean of exp(logs); ∞ where one of them is."""
    return np.inf if np.inf in logs else float(_log_sum(logs[None])[0]) - math.log(len(logs))


def exp_log(log: float) -> float:
    """e^log, ∞ beyond the largest double."""
    return math.exp(log) if log < math.log(np.finfo(float).max) else math.inf


def adaptive_walk(graph: Graph, losses: np.ndarray, rule: str = "first") -> Chain:
    """The noise-free walk to a local minimum (a vertex without a strictly better neighbour) as a chain.

    rule  steepest: to the best neighbour, the lowest index of equals; reluctant: to the worst of the better ones;
          first: to a uniformly random better one (first improvement in random order, the random adaptive walk);
          proposals: a uniformly random neighbour is evaluated a step, and taken if it is better (random local search)
    ValueError for an unknown rule, losses of the wrong shape or not finite.
    Status: exact, M3.

    >>> from theory.graphs import cycle
    >>> round(adaptive_walk(cycle(5), np.array([0.0, 1, 2, 3, 4]), "proposals").summary().value, 12)
    3.2
    """
    losses, table = graph.checked(losses).astype(float), graph.neighbours
    if rule not in RULES:
        raise ValueError(f"rule: {rule!r} is unknown; allowed: {', '.join(RULES)}")
    around = losses[table]
    better = around < losses[:, None]
    improving = np.count_nonzero(better, axis=1)
    if rule == "proposals":
        chosen, choices = better, graph.degrees
    elif rule == "first":
        chosen, choices = better, improving
    else:
        chosen, choices = _single(table, around, better, rule), np.minimum(improving, 1)
    log_moves = np.where(chosen, -np.log(np.maximum(choices, 1))[:, None], -np.inf)
    return Chain(table, log_moves, losses, np.equal(improving, 0))


def _single(table: np.ndarray, around: np.ndarray, better: np.ndarray, rule: str) -> np.ndarray:
    """The best or the worst of the better neighbours, the lowest index of equals, as a mask of the table."""
    if rule == "steepest":
        end = np.where(better, around, np.inf).min(axis=1)
    else:
        end = np.where(better, around, -np.inf).max(axis=1)
    equals = better & (around == end[:, None])
    return equals & (table == np.where(equals, table, len(table)).min(axis=1)[:, None])


def fresh_noise(graph: Graph, losses: np.ndarray, sigma: float) -> Chain:
    """The walk that re-evaluates its closed neighbourhood with fresh noise at each step and moves to the observed best.

    P(v → u) = ∫ φ((z−ℓ_u)/σ)/σ Π_{w∈N[v], w≠u} Φ((ℓ_w−z)/σ) dz. Without noise it is steepest descent. The target are
    the vertices of least loss.

    sigma  σ of the noise N(0, σ²), in units of loss
    ValueError for losses of the wrong shape or not finite, and σ negative, not finite, or so small that the losses
    span more than 1e9 σ.
    Status: exact, M3. Source: derived here; trapezoid rule for entire functions (Trefethen and Weideman 2014).

    >>> from theory.graphs import complete
    >>> chain = fresh_noise(complete(2), np.array([0.0, 1.0]), 0.5)
    >>> round(chain.summary().value, 6)  # 1/(2 Φ(√2))
    0.542682
    """
    losses = graph.checked(losses).astype(float)
    span, optimum = float(np.ptp(losses)), np.isin(losses, losses.min())
    if not (math.isfinite(sigma) and sigma >= 0) or 0 < sigma < 1e-9 * span:
        raise ValueError(f"sigma: {sigma} must be 0, or finite and at least 1e-9 of the losses' range {span:g}")
    if sigma == 0:
        return replace(adaptive_walk(graph, losses, "steepest"), target=optimum)
    here = np.arange(graph.n)[:, None]
    padded = np.where(graph.neighbours == here, graph.n, graph.neighbours)
    log_all = _log_best(np.concatenate([here, padded], axis=1), np.append((losses - losses.min()) / sigma, np.inf))
    return Chain(graph.neighbours, log_all[:, 1:], losses, optimum)


_BLOCK = 64  # lattice points of a block
_REACH = 8.0  # the integrand is at least as narrow as a standard normal density: beyond 8 it is negligible


def _log_best(closed: np.ndarray, x: np.ndarray) -> np.ndarray:
    """log P(x_u + ε_u is the least of row v) for each member u of each row of `closed`, ε standard normal; same shape.

    x ends with ∞, to which padding points. The trapezoid rule on one lattice of z serves all: with
    G_v(z) = Σ_w log Φ(x_w−z) the integrand is exp(G_v(z)) φ(z−x_u)/Φ(x_u−z), entire, and log-concave with a second
    derivative between −m and −1, m members. It lies around the minimum of (z−x_u)² + Σ_w (z−x_w)²_+ .
    """
    rows, m = closed.shape
    step = min(0.3, 0.8 / math.sqrt(m))
    width = _BLOCK * step
    centre = _centres(x[closed])
    first = np.floor((centre - _REACH - math.sqrt(2 * math.log(m))) / width)
    last = np.floor((centre + _REACH) / width)
    total = np.full((rows, m), -np.inf)
    for block in _between(first, last):
        z = (block * _BLOCK + np.arange(_BLOCK)) * step
        near = (first <= block) & (block <= last)
        wanted = np.flatnonzero(near.any(axis=1))
        members, place = np.unique(closed[wanted], return_inverse=True)
        place = place.reshape(-1, m)
        worse = log_ndtr(x[members, None] - z)
        hazard = -((z - x[members, None]) ** 2) / 2 - worse
        for part in _parts(len(wanted), m * _BLOCK):
            to, row = place[part], wanted[part]
            found = _log_sum(np.moveaxis(worse[to].sum(axis=1)[:, None] + hazard[to], 2, 1))
            total[row] = np.logaddexp(total[row], np.where(near[row], found, -np.inf))
    return total + math.log(step / math.sqrt(2 * math.pi))


def _centres(around: np.ndarray) -> np.ndarray:
    """argmin_z (z−x_u)² + Σ_w (z−x_w)²_+ = min_k (x_u + the k least of the row)/(k+1), shape of `around`; ∞ stays."""
    centre = around.copy()
    for k, least in enumerate(np.cumsum(np.sort(around, axis=1), axis=1).T, start=1):
        centre = np.minimum(centre, (around + least[:, None]) / (k + 1))
    return centre


def _between(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """All whole numbers in any of the intervals [first, last], those at ∞ left out."""
    real = np.isfinite(first)
    longest = int((last[real] - first[real]).max()) + 1
    reached = first[real][:, None] + np.arange(longest)
    return np.unique(reached[reached <= last[real][:, None]])
