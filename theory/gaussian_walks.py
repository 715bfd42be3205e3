"""Steepest descent on a Gaussian field with ρ_h = c^h: an integral over the walk's losses, the lines integrated out.

Model. At the walk's vertex v_t, of true loss τ_t and observed loss x_t = τ_t + σε, letter b of line i has the true
loss cτ_t + e and is observed with a noise of its own. With the product kernel e does not depend on the walk's losses
nor on other lines, Var e = 1−c², Cov = c−c² between letters of a line, and while the walk moves along other lines it
is an AR(1) in t with coefficient c. So e = a·g + b·h with a² = c(1−c), b² = 1−c, g common to the line, h the letter's.
Given the losses of the walk, lines are independent: each has been filtered by the fact that nothing seen at v_t is at
or below x_{t+1}. A path therefore has the density

    (density of (x_0, τ_0)) · Π_t Σ_i λ_i(x_{t+1}) Π_j S_j(x_{t+1})

and P(T ≥ t) is its integral over x_0 > x_1 > … > x_t; S_j(y) = P(no letter of line j is at or below y | the path so
far), λ_i = −∂ log S_i. The laws of lines live on grids; the path (three coordinates a move: the next loss, which line,
its true loss) is integrated over Sobol's points, not scrambled, with the probability to move on as an exact weight.
Nothing is random and nothing is fitted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from .correlations import Correlation
from .graphs import Graph, Hamming
from .laws import normal_pdf
from .noise import NOISELESS, Noise
from .quadrature import Panels

LONGEST = 50
TINY = 1e-300


class Steps(NamedTuple):
    """Expected steps to a local minimum, and P(T ≥ t) for t = 0, 1, … until it is below 1e−5."""

    steps: float
    distribution: np.ndarray


def steps(
    graph: Graph, correlation: Correlation, noise: Noise = NOISELESS, paths: int = 256, fine: float = 1.0
) -> Steps:
    """Expected steps of steepest descent from a random vertex of a Gaussian field with ρ_h = c^h, frozen noise σ.

    See the module for the integral; `paths` Sobol points evaluate it.

    Status: approximation, 5 % at most in the table below; 8 % at 8 letters (under it). Exact (but for quadrature):
    P(T ≤ 1), on the hypercube P(T ≤ 2); additive landscapes (c → 1), and c → 0 as far as `walks.iid` is. Missed are:
    (1) a coordinate used again counts as a new direction, but the walk comes closer to vertices that it knows, so that
    true walks are a little shorter; (2) letters of a line are independent given g one move ago (hypercube: no loss);
    (3) a letter that was left is tied to what was seen before by a mean only (`_known_worse`), and letters of one
    line left at different times share one law. Errors in %, simulation (± 0.1 to 0.4) with 800 fields a setting:

        σ                0   0.3   0.5     1
        H(5^6)  c=0.3  +0.4  +0.1  +0.1  +0.2
        H(5^6)  c=0.6  +1.4  +0.4  +0.3  +0.5
        H(5^6)  c=0.9  +3.6  +1.0  +0.3  +0.6
        H(3^8)  c=0.3  +0.1  +0.2  +0.2  +0.4
        H(3^8)  c=0.6  +0.6  +0.8  +0.5  +0.7
        H(3^8)  c=0.9  +2.1  +0.8  +0.9  +0.8
        H(2^12) c=0.3  +0.1  +0.1  +0.1  +0.4
        H(2^12) c=0.6  +0.6  -0.1  +0.2  +0.6
        H(2^12) c=0.9  +1.4  +1.3  +1.0  +0.9

    With more letters returns are more frequent, 15 % of the steps at 8 letters, c = 0.9, σ = 0: there H(8^3) +3.2,
    H(8^5) +5.7, H(8^6) +6.3, H(8^8) +7.7, H(8^20) +7.4 (± 0.3, exact walks of `simulations.gaussian_paths`). Elsewhere
    size matters little: H(8^20) +0.2 (c=0.3), +0.9 (c=0.6), +0.6 (c=0.9, σ=0.3), +1.3 (c=0.9, σ=1); H(2^60) +0.1,
    +0.7, +1.9 (c = 0.3, 0.6, 0.9).

    The path integral leaves 0.3 % (rms; 0.9 % at c = 0.9, σ = 1) at 256 paths, 0.1 to 0.3 % at 1024; the grids 0.4 %,
    less as `fine`, their density, grows; above c = 0.97 the grids no longer resolve a step of the AR(1) if q > 2.
    Long walks are worst: a second simulation of H(5^6), c = 0.9, σ = 0 puts its error at 4.0 %, and the far tail is
    too heavy, P(T > 9) = 0.025 for 0.005.
    ValueError unless the graph is a Hamming graph, ρ_h = c^h with 0 < c < 1, and `paths` a power of two.
    ArithmeticError for walks longer than 50 steps.
    Source: derived here.

    >>> from theory.graphs import hypercube
    >>> round(steps(hypercube(12), Correlation.geometric(0.6, 12)).steps, 1)
    3.2
    """
    radices, c = _product_field(graph, correlation)
    if paths < 1 or paths & (paths - 1):
        raise ValueError(f"paths: {paths} must be a power of two")
    grid = _Grid(c, noise.sd, set(radices) == {2}, fine)
    u = _points(paths, 2 + 3 * LONGEST)
    spread = 1 + noise.sd**2
    x = math.sqrt(spread) * ndtri(u[:, 0])
    tau = x / spread + noise.sd / math.sqrt(spread) * ndtri(u[:, 1])
    lines, last, weight = _Lines.fresh(grid, radices, paths), None, np.ones(paths)
    alive: list[float] = [1.0]
    passed: list[np.ndarray] = []  # thresholds θ = x_{t+1} − cτ_t of the moves so far
    for choice in u[:, 2:].reshape(paths, LONGEST, 3).swapaxes(0, 1):
        theta = x - c * tau
        here = _Look(grid, lines, theta)
        weight = weight * -np.expm1(here.log_survival)
        alive.append(float(weight.mean()))
        if alive[-1] < 1e-5:
            return Steps(sum(alive[1:]), np.array(alive))
        theta, look = _next(here, choice[:, 0])
        slot, kind = look.pick(choice[:, 1])
        e = look.latent(slot, kind, choice[:, 2]) if noise.sd else theta
        chosen = look.chosen(slot, kind, e, tau)
        lines = look.others(slot).moved(grid, _known_worse(grid, passed[:-1], e))
        if last is not None:
            lines = lines.join(last.released(grid), grid.test(x - c * (c * tau + e), noise.sd)[0])
        passed.append(theta)
        x, tau, last = c * tau + theta, c * tau + e, chosen
    raise ArithmeticError(f"steps: {alive[-1]:.1g} of the walks on {graph} are longer than {LONGEST} steps")


def first_order(graph: Graph, correlation: Correlation, noise: Noise = NOISELESS) -> float:
    """Expected steps if the walk knew only its present observed loss x: each vertex has d fresh lines.

    The next loss has the density −∂_y E[L(τ, y)^d | x], L(τ, y) = P(the q−1 letters of a line are above y | τ).

    Status: approximation, far too long in smooth landscapes (on H(5^6) without noise + 10, 23 and 143 % at
    c = 0.3, 0.6, 0.9): it forgets that a line once optimised stays optimised. Equal radices only, else ValueError.
    """
    radices, c = _product_field(graph, correlation)
    if len(set(radices)) > 1:
        raise ValueError(f"graph: {graph} has several radices; first_order takes equal ones")
    q, d, spread = radices[0], len(radices), 1 + noise.sd**2
    z = np.arange(-8, 8.1, 0.25)
    mass = normal_pdf(z) / 4
    off = noise.sd * z / math.sqrt(spread) if noise.sd else np.zeros(1)  # τ = x/(1+σ²) + off
    scale, wide = math.sqrt(1 - c + noise.sd**2), 8 * math.sqrt(spread)

    def density(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        total = np.zeros(np.broadcast(x, y).shape)
        for shift, share in zip(off, mass if noise.sd else np.ones(1), strict=True):
            theta = (y - c * (x / spread + shift))[..., None]
            level = (theta - math.sqrt(c * (1 - c)) * z) / scale
            above = ndtr(-level)
            line, slope = above ** (q - 1) @ mass, (above ** (q - 2) * normal_pdf(level)) @ mass * (q - 1) / scale
            total += share * d * line ** (d - 1) * slope
        return total

    panels = Panels.covering(-wide, wide, 8)
    nodes, none = panels.nodes, np.empty((len(panels.nodes), 0))
    move = panels.operator(density, nodes, np.full(len(nodes), -wide), nodes, none)
    start = panels.weights * normal_pdf(nodes / math.sqrt(spread)) / math.sqrt(spread)
    return float(start @ np.linalg.solve(np.eye(len(nodes)) - move, move.sum(axis=1)))


def star_matrices(
    graph: Graph, correlation: Correlation, noise: Noise = NOISELESS, column: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Mean matrix A and covariance C of the closed neighbourhood after a step, given the one before: N(A·old, C).

    Both hold observed losses, the vertex first and then its row of `graph.neighbours`; the step goes along `column`
    of vertex 0 (by symmetry the matrices are those of every vertex). Shapes (s+1, s+1); any correlation by distance.

    Status: exact (M2). ValueError where the graph is not a Hamming graph, or two losses determine each other.
    """
    if not isinstance(graph, Hamming):
        raise ValueError(f"graph: {graph} is not a Hamming graph")
    full = np.array(correlation.completed(graph).rho)
    after = graph.neighbours[0, column]
    old, new = (np.concatenate([[v], graph.neighbours[v]]) for v in (0, after))

    def covariance(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        words = (np.array(np.unravel_index(w, graph.radices)) for w in (u, v))
        letters, others = words
        distance = (letters[:, :, None] != others[:, None, :]).sum(axis=0)
        return full[distance] + noise.sd**2 * (distance == 0)

    within, across = covariance(old, old), covariance(new, old)
    if np.linalg.eigvalsh(within)[0] < 1e-10:
        raise ValueError(f"rho: the covariance of a closed neighbourhood of {graph} is singular")
    mean = np.linalg.solve(within, across.T).T
    return mean, covariance(new, new) - mean @ across.T


def _product_field(graph: Graph, correlation: Correlation) -> tuple[tuple[int, ...], float]:
    """Radices and c; ValueError where there is no product kernel with 0 < c < 1."""
    if not isinstance(graph, Hamming):
        raise ValueError(f"graph: {graph} is not a Hamming graph, on which walk.gaussian is defined")
    c, given = correlation[1], np.array(correlation.rho)
    if not 0 < c < 1:
        raise ValueError(f"c: ρ_1 = {c} must lie strictly between 0 and 1")
    d = len(graph.radices)
    if not min(3, d + 1) <= len(given) <= d + 1 or not np.allclose(given, c ** np.arange(len(given)), atol=1e-12):
        raise ValueError(f"rho: {correlation.rho} must be 1, c, c², …; walk.gaussian needs the product kernel")
    return graph.radices, c


def _points(paths: int, dimensions: int) -> np.ndarray:
    """Sobol's points in the unit cube, not scrambled, moved off its faces."""
    return (qmc.Sobol(dimensions, scramble=False).random(paths) + 0.5 / paths) % 1


@dataclass(frozen=True)
class _Grid:
    """Nodes of g (G of them) and h (H), in units of their sd; `sd` is the noise's."""

    c: float
    sd: float
    binary: bool  # lines of one other letter need no common part: a = 0
    fine: float = 1.0

    @cached_property
    def a(self) -> float:
        return 0.0 if self.binary else math.sqrt(self.c * (1 - self.c))

    @cached_property
    def b(self) -> float:
        return math.sqrt(1 - self.c**2 - self.a**2)

    @cached_property
    def g(self) -> np.ndarray:
        return np.zeros(1) if self.binary else self._nodes(4.2, 1.4, 12)

    @cached_property
    def h(self) -> np.ndarray:
        return self._nodes(5.0, 0.5, 40)

    def _nodes(self, end: float, spacing: float, most: int) -> np.ndarray:
        """Nodes of [−end, end], their spacing in units of the sd that one step adds (at most 0.6)."""
        half = math.ceil(self.fine * min(end / (spacing * min(math.sqrt(1 - self.c**2), 0.6)), most))
        return np.linspace(-end, end, 2 * half + 1)

    @cached_property
    def e(self) -> np.ndarray:
        """Shape (G, H)."""
        return self.a * self.g[:, None] + self.b * self.h

    @cached_property
    def cell(self) -> float:
        """Distance of neighbouring nodes h, in units of e."""
        return self.b * float(self.h[1] - self.h[0])

    def step(self, mean: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        """N(mean, 1−c²) on the nodes, shape (*mean.shape, len(nodes))."""
        z = (nodes - mean[..., None]) ** 2 / (2 * (1 - self.c**2))
        weight = np.exp(z.min(axis=-1, keepdims=True) - z)
        return weight / weight.sum(axis=-1, keepdims=True)

    def test(self, theta: np.ndarray, sd: float) -> tuple[np.ndarray, np.ndarray]:
        """P(e + sd·ε > θ) at each node, and the density at θ, for θ (N,): two arrays (N, G, H).

        Laws are linear between nodes, which gives second differences of the integrals of P(sd·ε > −z), less a twelfth
        of the fourth ones, which takes the variance back that this adds: the error is of fourth order in the spacing.
        """
        z = (np.pad(self.e, ((0, 0), (2, 2)), "reflect", reflect_type="odd") - theta[:, None, None]) / self.cell
        s = sd / self.cell
        above, bell = (ndtr(z / s), s * normal_pdf(z / s)) if sd else (z > 0, 0.0)
        once = z * above + bell
        passed, at = (np.diff(f, 2) for f in ((z * once + s * s * above) / 2, once))
        return passed[..., 1:-1] - np.diff(passed, 2) / 12, (at[..., 1:-1] - np.diff(at, 2) / 12) / self.cell


def _sum_h(law: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Σ_h law(g, h) weight(g', h): law (N, …, G, H) and weight (N, G', H) give (N, …, G, G')."""
    flat = law.reshape(len(law), -1, law.shape[-1]) @ weight.swapaxes(1, 2)
    return flat.reshape(*law.shape[:-1], weight.shape[1])


def _normalised(law: np.ndarray, axis: int | tuple[int, ...] = -1) -> np.ndarray:
    return law / np.maximum(law.sum(axis=axis, keepdims=True), TINY)


@dataclass
class _Filtered:
    """Laws of lines once the next loss is known: of g, shape (N, …, G), and of h given g by kind, (N, …, 2, G, H).

    Kind 0: letters that the walk never had; kind 1: letters that it left. `letters` counts them, shape (N, …, 2).
    """

    now: np.ndarray
    law: np.ndarray
    letters: np.ndarray
    count: np.ndarray

    def moved(self, grid: _Grid, mean: np.ndarray) -> _Lines:
        """One step of the AR(1) along another line; `mean` (N, moves) shifts the lines used two or more moves ago."""
        unused = self.now.shape[1] - mean.shape[1]
        shift = np.pad(mean, ((0, 0), (unused, 0)))
        joint = self.now[..., None] * grid.step(grid.c * grid.g + grid.a * shift[..., None], grid.g)
        law = self.law @ grid.step(grid.c * grid.h, grid.h)
        law[:, unused:, 1] = _shifted(law[:, unused:, 1], mean * grid.b / (grid.h[1] - grid.h[0]))
        return _Lines(joint, law, self.letters, self.count)


@dataclass
class _Chosen:
    """The line of the last move, all of it known to be worse; g and the h of the letter just left, shape (N, G)."""

    line: _Filtered
    g: np.ndarray
    left: np.ndarray

    def released(self, grid: _Grid) -> _Lines:
        joint = self.line.now[..., None] * grid.step(grid.c * self.g, grid.g)
        law = self.line.law @ grid.step(grid.c * grid.h, grid.h)
        before = self.line.letters[:, 1, None, None]
        law[:, 1] = (before * law[:, 1] + grid.step(grid.c * self.left, grid.h)) / (before + 1)
        letters = self.line.letters + np.array([0, 1])
        return _Lines(joint[:, None], law[:, None], letters[:, None], np.ones((len(joint), 1)))


@dataclass
class _Lines:
    """Laws of the lines at a vertex before they are looked at, by path (N) and slot (S).

    First slots: unused lines, by radix; then one for each move but the last. Joint law of g one move ago and now
    (N, S, G, G), law of h now given g one move ago by kind (N, S, 2, G, H), numbers of letters (N, S, 2) and of
    lines (N, S). `corner`: P(what is known of it) of the letter left in the last slot, which completes a square of
    seen vertices and cannot be chosen, by node (N, G, H) and summed over h (N, G, G).
    """

    joint: np.ndarray
    law: np.ndarray
    letters: np.ndarray
    count: np.ndarray
    corner: tuple[np.ndarray, np.ndarray] | None = None

    @classmethod
    def fresh(cls, grid: _Grid, radices: tuple[int, ...], paths: int) -> _Lines:
        kinds = sorted(set(radices))
        now, law = (_normalised(normal_pdf(v)) for v in (grid.g, grid.h))
        joint = now[:, None] * grid.step(grid.c * grid.g, grid.g)
        shape = (paths, len(kinds))
        return cls(
            np.broadcast_to(joint, (*shape, *joint.shape)),
            np.broadcast_to(law, (*shape, 2, len(now), len(law))),
            np.broadcast_to([[q - 1.0, 0.0] for q in kinds], (*shape, 2)),
            np.broadcast_to([float(radices.count(q)) for q in kinds], shape),
        )

    def join(self, line: _Lines, known: np.ndarray) -> _Lines:
        """Add the line used two moves ago; the letter that it left was seen one move ago, and was worse."""
        tail = np.maximum(_sum_h(line.law[:, 0, 1], known), TINY)
        joint = _normalised(line.joint * tail[:, None], (2, 3))
        pairs = [(self.joint, joint), (self.law, line.law), (self.letters, line.letters), (self.count, line.count)]
        return _Lines(*(np.concatenate(pair, axis=1) for pair in pairs), corner=(known, tail))

    @property
    def open(self) -> np.ndarray:
        """Letters that may be chosen."""
        if self.corner is None:
            return self.letters
        less = np.zeros_like(self.letters)
        less[:, -1, 1] = 1
        return np.maximum(self.letters - less, 0)


class _Look:
    """The lines if nothing is at or below cτ + θ: survival, and the rates at which each kind of letter is at θ."""

    def __init__(self, grid: _Grid, lines: _Lines, theta: np.ndarray) -> None:
        self.grid, self.lines, self.theta, open_ = grid, lines, theta, lines.open
        self.weight, self.density = grid.test(theta, grid.sd)
        self.tail = np.clip(_sum_h(lines.law, self.weight), TINY, 1)  # (N, S, 2, G, G)
        self.joint = lines.joint * np.exp((open_[..., None, None] * np.log(self.tail)).sum(axis=2))
        survival = np.maximum(self.joint.sum(axis=(2, 3)), TINY)
        rate = (self.joint[:, :, None] * _sum_h(lines.law, self.density) / self.tail).sum(axis=(3, 4))
        self.rates = np.maximum(lines.count[..., None] * open_ * rate / survival[..., None], 0)  # (N, S, 2)
        self.log_survival = (lines.count * np.log(survival)).sum(axis=1)

    def pick(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slot and kind of the letter at θ, in proportion to the rates."""
        cumulated = np.cumsum(self.rates.reshape(len(u), -1), axis=1)
        at = (cumulated <= u[:, None] * cumulated[:, -1:]).sum(axis=1).clip(max=cumulated.shape[1] - 1)
        return at // 2, at % 2

    def latent(self, slot: np.ndarray, kind: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Quantile u of the chosen letter's e given its observed θ = e + σε, shape (N,)."""
        path, values = np.arange(len(u)), self.grid.e.ravel()
        joint = self.joint[path, slot] / self.tail[path, slot, kind]
        mass = np.maximum(joint.swapaxes(1, 2) @ self.lines.law[path, slot, kind] * self.density, 0)
        order = np.argsort(values)
        values, cumulated = values[order], np.cumsum(mass.reshape(len(u), -1)[:, order], axis=1)
        edges = np.concatenate([values[:1], (values[1:] + values[:-1]) / 2, values[-1:]])
        aim = u * cumulated[:, -1]
        at = (cumulated <= aim[:, None]).sum(axis=1).clip(max=len(values) - 1)
        before = np.where(at > 0, cumulated[path, at - 1], 0.0)
        part = np.clip((aim - before) / np.maximum(cumulated[path, at] - before, TINY), 0, 1)
        return edges[at] + part * (edges[at + 1] - edges[at])

    def _tests(self) -> tuple[np.ndarray, np.ndarray]:
        """What each letter has passed: summed over h (N, S, 2, G, G) and by node (N, S, 2, G, H)."""
        tail, weight = self.tail, np.broadcast_to(self.weight[:, None, None], self.lines.law.shape)
        if self.lines.corner is not None:
            tail, weight = tail.copy(), weight.copy()
            weight[:, -1, 1], tail[:, -1, 1] = self.lines.corner
        return tail, weight

    def others(self, slot: np.ndarray) -> _Filtered:
        """All lines but the one that is used."""
        count = self.lines.count.copy()
        count[np.arange(len(slot)), slot] -= 1
        return _filtered(self.joint, self.lines.law, *self._tests(), self.lines.letters, count)

    def chosen(self, slot: np.ndarray, kind: np.ndarray, e: np.ndarray, tau: np.ndarray) -> _Chosen:
        """The line that is used, its letter of the true loss cτ + e becoming the walk's own."""
        grid, at = self.grid, (np.arange(len(e)), slot)
        joint, law = self.joint[at] / self.tail[(*at, kind)], self.lines.law[at]
        joint = joint * np.maximum(_sum_h(law[at[0], kind], grid.test(e, 0.0)[1]), TINY)
        letters = self.lines.letters[at]
        letters[at[0], kind] -= 1
        tail, weight = self._tests()
        line = _filtered(joint, law, tail[at], weight[at], letters, np.ones(len(e)))
        rise = (tau - grid.c * tau - e)[:, None]  # τ_t − τ_{t+1}: g is relative to the own letter
        g = grid.g + (0.0 if grid.binary else math.sqrt(grid.c / (1 - grid.c))) * rise
        left = tau[:, None] - grid.c * (grid.c * tau + e)[:, None]
        return _Chosen(line, g, (left - grid.a * g) / grid.b)


def _filtered(
    joint: np.ndarray, law: np.ndarray, tail: np.ndarray, weight: np.ndarray, letters: np.ndarray, count: np.ndarray
) -> _Filtered:
    joint = _normalised(joint, (-2, -1))
    now = joint.sum(axis=-2)
    back = joint[..., None, :, :] / np.maximum(now[..., None, None, :] * tail, 1e-200)
    return _Filtered(now, _normalised(np.maximum(back.swapaxes(-1, -2) @ law * weight, 0)), letters, count)


def _next(here: _Look, u: np.ndarray) -> tuple[np.ndarray, _Look]:
    """The next loss by inversion: 1 − survival(θ) = u·(1 − survival here), by Newton steps kept in a bracket."""
    grid, look, theta = here.grid, here, here.theta
    target = np.log(np.maximum(-np.log1p(u * np.expm1(here.log_survival)), TINY))
    scale = math.sqrt(1 - grid.c**2 + grid.sd**2)
    low, high = np.minimum(-6 * scale, theta - scale), theta
    for _ in range(20):
        fallen = np.maximum(-look.log_survival, TINY)
        miss = np.log(fallen) - target
        low, high = np.where(miss < 0, theta, low), np.where(miss < 0, high, theta)
        guess = theta - miss * fallen / np.maximum(look.rates.sum(axis=(1, 2)), TINY)
        guess = np.where((guess > low) & (guess < high), guess, (low + high) / 2)
        change, theta = np.abs(guess - theta).max(), guess
        look = _Look(grid, here.lines, theta)
        if change < 1e-2 * scale:
            break
    return theta, look


def _known_worse(grid: _Grid, passed: list[np.ndarray], e: np.ndarray) -> np.ndarray:
    """Mean shift, in units of 1−c², of the letters left at earlier moves, by the letter that is now chosen; (N, moves).

    The letter of loss e was a candidate, on the same line, before move r too, where it did not pass: X + σε > θ_r,
    and X is correlated c^D with e, D moves on. With the letter left at r the field takes the step
    c·e + Y, Y an AR(1) along the walk that starts as X_r − cX_{r+1}; its mean is
    c^{D−1} E[X_r − cX_{r+1} | e, X_r + σε > θ_r] = c^{D−1} (1−c²)² m/v, m = φ(z)/Φ(−z), z = (θ_r − c^D e)/v,
    v² = (1−c²)(1−c^{2D}) + σ².
    """
    lag = np.arange(len(passed) + 1, 1, -1)
    power = grid.c**lag
    v = np.sqrt((1 - grid.c**2) * (1 - power**2) + grid.sd**2)
    z = (np.reshape(passed, (len(passed), len(e))).T - e[:, None] * power) / v
    ratio = np.where(z > 30, z, normal_pdf(z) / np.maximum(ndtr(-z), TINY))
    return power / grid.c * (1 - grid.c**2) / v * ratio


def _shifted(law: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Laws (N, S, G, H) moved up by a number of nodes (N, S), linearly between nodes."""
    source = np.clip(np.arange(law.shape[-1]) - by[..., None, None], 0, law.shape[-1] - 1)
    lower = np.minimum(source.astype(int), law.shape[-1] - 2)
    low, high = (np.take_along_axis(law, np.broadcast_to(lower + i, law.shape), axis=-1) for i in (0, 1))
    return _normalised(low + (source - lower) * (high - low))
