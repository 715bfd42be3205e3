"""Local search in Gaussian fields too large to store: the field is drawn where a walk looks, given all it has seen.

Product kernels only: Cov(τ(u), τ(v)) = Π c_i over the coordinates i in which u and v differ. Let v_0..v_t be visited,
their closed neighbourhoods known, and A_i the letters that v_0..v_t have in coordinate i. What a walk sees next, the
closed neighbourhood of v_t, falls into independent parts:

core   v_t with letter i set to a letter of A_i, for all i: drawn given all points of this kind around v_0..v_{t−1}, by
       one more row of a Cholesky factor each. There are about t² of them, where t closed neighbourhoods have t·s;
lines  v_t with letter i set to b outside A_i. With β = c_i / (1 + (|A_i|−1) c_i) what is left of them,

           e_ib(t) = τ(v_t with b) − β Σ_{a∈A_i} τ(v_t with a),

       is independent of the core and of other lines. Its covariance is K_i(v_t, v_u) (1−c_i) ([b=b'] + β), where K_i is
       the field's covariance without coordinate i.

So nothing is approximated: walks have the law of those on stored fields, of any size. Frozen noise is a function of the
vertex, and true losses are kept, so that noise needs no filter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from theory.correlations import Anisotropic, Correlation
from theory.graphs import Hamming
from theory.noise import NOISELESS, Noise

from .implicit import Walks, around_of, checked_vertices, choose, letters_of, normal, radices, rule_number, strides

LONGEST = 50


def descend(
    graph: Hamming,
    correlation: Correlation | Anisotropic,
    starts: np.ndarray,
    rng: np.random.Generator,
    rule: str = "steepest",
    noise: Noise = NOISELESS,
) -> Walks:
    """Local search of a rule from each start (m,), every walk in a field of its own.

    correlation  ρ_h = c^h, or one c a coordinate, all in [0, 1); under frozen noise the walk sees observed losses
    rule         as in `implicit.descend`; a walk of t steps costs some t⁶/6 operations, as it has t² points in its core
    ValueError for other correlations, an unknown rule, what is not a vertex, and n ≥ 2^63.
    ArithmeticError for a walk of more than 50 steps, and for c above some 0.9999, where the covariance is singular.

    >>> graph, rng = Hamming((8,) * 20), np.random.default_rng(0)
    >>> walks = descend(graph, Anisotropic((0.6,) * 20), rng.integers(graph.n, size=10), rng)
    >>> bool((walks.losses < -2).all())
    True
    """
    starts = checked_vertices(graph, starts)
    field = Field(radices(graph), strides(graph), _by_coordinate(graph, correlation))
    return Walks(*_walks(starts, rule_number(rule), rng, field, noise.sd))


def _by_coordinate(graph: Hamming, correlation: Correlation | Anisotropic) -> np.ndarray:
    """c_i, shape (d,)."""
    d = len(graph.radices)
    if isinstance(correlation, Anisotropic):
        c = np.array(correlation.c)
    else:
        c, h = np.full(d, correlation[1]), np.arange(len(correlation.rho))
        if len(h) != d + 1 or not np.allclose(correlation.rho, c[0] ** h, atol=1e-12):
            raise ValueError(f"rho: {correlation.rho} must be 1, c, c², … up to distance {d}")
    if len(c) != d or not ((c >= 0) & (c < 1)).all():
        raise ValueError(f"c: {c} must be {d} numbers in [0, 1), one for each coordinate of {graph}")
    return c


class Field(NamedTuple):
    """Letters, strides and correlation of each coordinate, all (d,)."""

    radices: np.ndarray
    strides: np.ndarray
    c: np.ndarray


class Seen(NamedTuple):
    """What a walk has seen: room for V visits and C points of the core.

    letters  of the visited vertices (V, d); had: which letters they have (d, q)
    true     losses around them, with letter i set to b (V, d, q); NaN where unknown
    vertices, points, values, white, factor
             the core: vertices (C,), letters (C, d), losses (C,), these less their mean given the points before in
             standard deviations (C,), and the upper Cholesky factor (C, C) of their covariance
    visits, factors
             by coordinate, the visits to different lines (d, V), and the factor of K_i between them (d, V, V)
    sizes    points of the core, then different lines by coordinate (1+d,)
    row      room for a row of a factor (C,)
    """

    letters: np.ndarray
    had: np.ndarray
    true: np.ndarray
    vertices: np.ndarray
    points: np.ndarray
    values: np.ndarray
    white: np.ndarray
    factor: np.ndarray
    visits: np.ndarray
    factors: np.ndarray
    sizes: np.ndarray
    row: np.ndarray


@njit(cache=True)
def nothing_seen(field, longest):
    """Room for walks of at most `longest` steps."""
    d, q, V = len(field.radices), field.radices.max(), longest + 1
    C = V * V
    return Seen(
        np.empty((V, d), np.int64), np.zeros((d, q), np.bool_), np.empty((V, d, q)),
        np.empty(C, np.int64), np.empty((C, d), np.int64), np.empty(C), np.empty(C), np.empty((C, C)),
        np.empty((d, V), np.int64), np.empty((d, V, V)), np.zeros(1 + d, np.int64), np.empty(C),
    )  # fmt: skip


@njit(cache=True)
def look(field, seen, t, vertex, z):
    """Draw the closed neighbourhood of the t-th visited vertex given all before, from standard normals z (d, q+1)."""
    letters = letters_of(vertex, field.radices, field.strides)
    seen.letters[t], seen.true[t] = letters, np.nan
    for i in range(len(letters)):
        if not seen.had[i, letters[i]]:
            seen.had[i, letters[i]] = True
            for u in range(t):  # neighbours with this letter are points of the core from now on
                _core(field, seen, seen.letters[u], i, letters[i], seen.true[u, i, letters[i]], 0.0)
    for i in range(len(letters)):
        for b in range(field.radices[i]):
            if seen.had[i, b]:
                seen.true[t, i, b] = _core(field, seen, letters, i, b, np.nan, z[i, b])
    for i in range(len(letters)):
        _line(field, seen, t, i, z[i])


@njit(cache=True)
def _core(field, seen, letters, i, b, value, z):
    """The loss of `letters` with letter i set to b. If new it joins the core: with its value, or drawn where NaN."""
    m, vertex = seen.sizes[0], ((field.strides * letters).sum() + (b - letters[i]) * field.strides[i])
    for place in range(m):
        if seen.vertices[place] == vertex:
            return seen.values[place]
    seen.vertices[m], seen.points[m] = vertex, letters
    seen.points[m, i] = b
    for place in range(m):
        seen.row[place] = _covariance(seen.points[m], seen.points[place], field.c, -1)
    sd = _append(seen.factor, m, seen.row)
    mean = (seen.row[:m] * seen.white[:m]).sum()
    if np.isnan(value):
        value = mean + sd * z
    seen.values[m], seen.white[m] = value, (value - mean) / sd
    seen.sizes[0] += 1
    return value


@njit(cache=True)
def _line(field, seen, t, i, z):
    """Draw the losses of line i at visit t that are not in the core, or copy them from an earlier visit to the line."""
    q, k = field.radices[i], seen.sizes[1 + i]
    line, had, c = seen.true[t, i, :q], seen.had[i, :q], field.c[i]
    for e in range(k):
        u = seen.visits[i, e]
        if _distance(seen.letters[t], seen.letters[u], i) == 0:
            line[:] = seen.true[u, i, :q]
            return
        seen.row[e] = _covariance(seen.letters[t], seen.letters[u], field.c, i)
    sd = _append(seen.factors[i], k, seen.row)
    _weigh(seen.factors[i], k, seen.row)
    mean = np.zeros(q)
    for e in range(k):
        mean += seen.row[e] * seen.true[seen.visits[i, e], i, :q]
    beta, core = c / (1 + (had.sum() - 1) * c), 0.0
    for a in range(q):
        if had[a]:
            core += line[a] - mean[a]
    for b in range(q):
        if not had[b]:
            line[b] = mean[b] + beta * core + sd * np.sqrt(1 - c) * (z[b] + np.sqrt(beta) * z[-1])
    seen.visits[i, k] = t
    seen.sizes[1 + i] += 1


@njit(cache=True)
def _covariance(letters, others, c, without):
    """Π c_i over the coordinates in which two words differ, without one of them (−1: none is left out)."""
    product = 1.0
    for i in range(len(c)):
        if letters[i] != others[i] and i != without:
            product *= c[i]
    return product


@njit(cache=True)
def _distance(letters, others, without):
    """In how many coordinates, one of them left out, two words differ."""
    return (letters != others).sum() - (letters[without] != others[without])


@njit(cache=True)
def _append(factor, m, row):
    """Append to the upper factor U of m variables, UᵀU their covariance, one of variance 1, covariances in row (m,).

    The row becomes U⁻ᵀ row; returned is the standard deviation of the new variable given the others.
    """
    variance = 1.0
    for j in range(m):
        x, later, others = row[j] / factor[j, j], row[j + 1 : m], factor[j, j + 1 : m]
        row[j], factor[j, m] = x, x
        variance -= x * x
        for l in range(len(later)):  # over slices, or it is not vectorised
            later[l] -= x * others[l]
    if variance < 1e-12:
        raise ArithmeticError("c: too close to 1; the losses around a walk determine each other in double precision")
    factor[m, m] = np.sqrt(variance)
    return factor[m, m]


@njit(cache=True)
def _weigh(factor, m, row):
    """The row U⁻ᵀ k becomes U⁻¹ U⁻ᵀ k: the weights of the m variables in the mean of the next one given them."""
    for j in range(m - 1, -1, -1):
        for l in range(j + 1, m):
            row[j] -= factor[j, l] * row[l]
        row[j] /= factor[j, j]


@njit(cache=True)
def _walks(starts, rule, rng, field, noise):
    d, s = len(field.radices), field.radices.sum() - len(field.radices)
    neighbours, around, order = np.empty(s, np.int64), np.empty(s), np.arange(s)
    steps, evaluations = np.zeros(len(starts), np.int64), np.empty(len(starts), np.int64)
    terminal, losses = starts.copy(), np.empty(len(starts))
    seen, z = nothing_seen(field, LONGEST), np.empty((d, field.radices.max() + 1))
    for walk in range(len(starts)):
        evaluated = {starts[walk]}
        key = np.uint64(rng.random() * 2.0**53)  # of the noise
        seen.had[:], seen.sizes[:] = False, 0
        while True:
            vertex, t = terminal[walk], steps[walk]
            if t > LONGEST:
                raise ArithmeticError("steps: a walk is longer than 50 steps")
            for i in range(d):
                for b in range(z.shape[1]):
                    z[i, b] = rng.standard_normal()
            look(field, seen, t, vertex, z)
            around_of(vertex, field.radices, field.strides, neighbours)
            slot = 0
            for i in range(d):
                for b in range(field.radices[i]):
                    if b != seen.letters[t, i]:
                        around[slot] = seen.true[t, i, b] + noise * normal(key, 0, neighbours[slot])
                        slot += 1
            losses[walk] = seen.true[t, 0, seen.letters[t, 0]] + noise * normal(key, 0, vertex)
            slot, looked = choose(around, losses[walk], rule, order, rng)
            for place in range(looked):
                evaluated.add(neighbours[order[place]])
            if slot < 0:
                break
            terminal[walk] = neighbours[slot]
            steps[walk] += 1
        evaluations[walk] = len(evaluated)
    return steps, evaluations, terminal, losses
