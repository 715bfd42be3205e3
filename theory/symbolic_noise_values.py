"""The statements of `theory.symbolic_noise` at rational arguments, as `theory.symbolic_values` has the others."""

# pyright: reportReturnType=false, reportCallIssue=false, reportAttributeAccessIssue=false
# pyright: reportOperatorIssue=false, reportIndexIssue=false, reportArgumentType=false, reportUnhashable=false

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import minimize
from scipy.special import logsumexp

from . import symbolic, symbolic_noise
from .symbolic import d, j, k, n, q, q_i, r, rho1, rho2, s, sigma, t, v, x
from .symbolic_noise import CHOSEN, REGRET, RHO, SEEN, SET, SHARES, TRUE, e_max, m, member
from .symbolic_values import filled, minima_gaussian, normal, number, sides


def _stated(name: str) -> dict[Any, Any]:
    return sides(symbolic_noise.STATEMENTS[name]())


def _largest(expression: Any) -> Any:
    """e(m) as its integral."""
    (stated,) = sides(symbolic_noise.largest_of()).values()
    return normal(expression.replace(e_max, lambda count: stated.subs(m, count) if count > 1 else sp.Integer(0)))


def _lines(expression: Any, radices: Sequence[int], rho: Sequence[Any]) -> Any:
    """An expression of r and σ on the graph, with r = r(σ), as a function of σ."""
    ratio = _stated("noise.regret")[r]
    written = filled(expression, {d: len(radices)}, {q_i: lambda place: radices[place - 1]})
    return normal(written.subs(r, ratio).subs({rho1: rho[0], rho2: rho[1]}))


def noise_flip(gap: Any, noise: Any) -> Any:
    (stated,) = _stated("noise.flip").values()
    return normal(stated.subs({symbolic.delta: gap, sigma: noise}))


def noise_regret(radices: Sequence[int], rho: Sequence[Any], noise: Any) -> tuple[Any, Any]:
    """Regret, and the expected true loss of the chosen vertex."""
    stated, least = _stated("noise.regret"), sp.Function("m")
    of_sigma = stated[least(sigma)].subs(sp.Function("G")(r), stated[sp.Function("G")(r)])
    of_sigma = _lines(of_sigma, radices, rho)
    chosen = stated[CHOSEN].replace(least, lambda at: of_sigma.subs(sigma, at)).doit(integrals=False).subs(sigma, noise)
    return stated[REGRET].subs(CHOSEN, chosen).replace(least, lambda at: of_sigma.subs(sigma, at)), chosen


def noise_candidates(count: int, rho: Any, noise: Any) -> tuple[Any, Any]:
    """Regret, and the expected true loss of the chosen one."""
    stated, numbers = _stated("noise.candidates"), {m: count, sp.Symbol("rho", real=True): rho, sigma: noise}
    chosen = stated[CHOSEN].subs(numbers)
    return _largest(stated[REGRET].subs(numbers).subs(CHOSEN, chosen)), _largest(chosen)


def noise_minimum(radices: Sequence[int], rho: Sequence[Any], noise: Any) -> tuple[Any, Any]:
    """Expected true and observed loss."""
    stated, F = _stated("noise.minimum"), sp.Function("F")
    below = _lines(stated[F(x)], radices, rho)
    slope = sp.Subs(sp.Derivative(F(x), x), x, 0)
    of_sigma = stated[SEEN].xreplace({F(sp.Integer(0)): below.subs(x, 0), slope: below.diff(x).subs(x, 0)})
    seen = of_sigma.subs({rho1: rho[0], sigma: noise})
    return stated[TRUE].subs({rho1: rho[0], sigma: noise}).subs(SEEN, seen), seen


def noise_choice(losses: Sequence[Any], noise: Any) -> tuple[Any, Any, Any]:
    """Regret and its two bounds."""
    statement = symbolic_noise.noise_choice()
    tables = {sp.IndexedBase(r"\Delta"): lambda at: losses[at] - min(losses)}
    numbers = {n: len(losses), sigma: noise}
    bounds = sorted((relation.rhs for relation in statement.atoms(sp.Le)), key=lambda side: side.has(e_max))
    return tuple(_largest(normal(filled(side, numbers, tables))) for side in (sides(statement)[REGRET], *bounds))


def noise_descent(first: Sequence[Any], noise: Any) -> Any:
    """`first` lists the least loss of each closed neighbourhood."""
    (bound,) = symbolic_noise.noise_descent().atoms(sp.Le)
    tables = {sp.IndexedBase(r"\min_{N[v]}\ell"): lambda at: first[at]}
    return _largest(filled(bound.rhs, {n: len(first), sigma: noise}, tables))


def _sets(radices: Sequence[int]) -> list[tuple[int, ...]]:
    """The sets of coordinates in the order of `theory.ruggedness.interactions`, the empty one first."""
    members = itertools.product((0, 1), repeat=len(radices))
    return [tuple(place for place, inside in enumerate(each) if inside) for each in members]


def _character_sums(radices: Sequence[int], varying: Sequence[int]) -> list[Any]:
    """P(T, h), h = 0 … d: the coefficients of Π_{i∈T}(1−x) Π_{i∉T}(1+(q_i−1)x)."""
    factors = [1 - x if place in varying else 1 + (radix - 1) * x for place, radix in enumerate(radices)]
    return list(reversed(sp.Poly(sp.prod(factors), x).all_coeffs()))


def _dimension(radices: Sequence[int], varying: Sequence[int]) -> Any:
    return sp.prod(radices[place] - 1 for place in varying)


def noise_limit(radices: Sequence[int], rho: Sequence[Any], noise: Any) -> Any:
    """ρ = (1, ρ_1, …, ρ_d)."""
    statement, T, eigenvalue = symbolic_noise.noise_limit(), sp.Symbol("T", integer=True), sp.IndexedBase("lambda")
    (bound,) = statement.atoms(sp.Ge)
    sums = [_character_sums(radices, varying) for varying in _sets(radices)]
    spectrum = filled(sides(statement)[eigenvalue[T]], {d: len(radices)}, {RHO: lambda h: rho[h]})

    def eigenvalues(at: int) -> Any:
        return spectrum.subs(T, at).replace(sp.Function("P"), lambda T, h: sums[int(T)][int(h)])

    tables = {eigenvalue: eigenvalues, sp.IndexedBase("N"): lambda at: _dimension(radices, _sets(radices)[at])}
    return filled(bound.rhs, {n: sp.prod(radices), d: len(radices), sigma: noise}, tables)


def noise_budget(trainings: int, seeds: int, noise: Any) -> Any:
    """Expected true loss of the choice with so many seeds a candidate."""
    stated = _stated("noise.budget")[CHOSEN]
    return _largest(stated.subs({sp.Symbol("B", integer=True, positive=True): trainings, k: seeds, sigma: noise}))


def noise_denoise(radices: Sequence[int], rho: Sequence[Any], noise: Any, factor: Any) -> Any:
    """The least k for which the statement is true."""
    statement, count = symbolic_noise.noise_denoise(), sp.Function(r"\mathrm{E}\#LM")
    seeds = sp.Integer(1)
    while True:
        given = statement.subs({sigma: noise, sp.Symbol("c", positive=True): factor, k: seeds})
        if given.replace(count, lambda at: number(minima_gaussian(radices, rho, at))):
            return seeds
        seeds += 1


def minima_lines(radices: Sequence[int], c: Sequence[Any]) -> Any:
    """c observed correlations, one a coordinate."""
    stated, f = _stated("minima.lines"), symbolic.f
    tables = {q_i: lambda place: radices[place - 1], sp.IndexedBase("c"): lambda place: c[place - 1]}
    count = stated[symbolic.LM].replace(f, lambda at: stated[f(x)].subs(x, at))
    return normal(filled(count, {n: sp.prod(radices), d: len(radices)}, tables))


def _spectrum(dimension: int, letters: int, rho: Sequence[Any], by_distance: Any, first: int) -> list[Any]:
    """B_0 … B_d from ρ_h = Σ_{j ≥ first} B_j K_h(j)/K_h(0)."""
    unknown, h = sp.symbols(f"B_:{dimension + 1}"), by_distance[0]
    tables, numbers = {SHARES: lambda order: unknown[order]}, {d: dimension, q: letters}
    equations = [filled(by_distance[1], {**numbers, h: at}, tables) - rho[at] for at in range(dimension + 1)]
    found = sp.solve(equations, unknown[first:], dict=True)[0]
    return [found.get(share, sp.Integer(0)) for share in unknown]


def autocorrelation_walk(dimension: int, letters: int, rho: Sequence[Any], steps: int) -> tuple[Any, Any]:
    """r(`steps`) by distance and by order; ρ = (1, ρ_1, …, ρ_d)."""
    statement, h, P = (
        symbolic_noise.autocorrelation_walk(),
        sp.Symbol("h", integer=True, nonnegative=True),
        sp.Function("P"),
    )
    by_distance, by_order = sorted(
        (equation.rhs for equation in statement.atoms(sp.Eq) if equation.lhs == sp.Function("r")(t)),
        key=lambda side: side.has(SHARES),
    )
    stated, numbers = sides(statement), {d: dimension, q: letters}
    law = {-1: 0, 0: 1, **dict.fromkeys(range(1, dimension + 2), 0)}
    for _ in range(steps):
        onward = [
            stated[P(t + 1, h)].subs({**numbers, h: at}).replace(P, lambda _, at, law=law: law[int(at)])
            for at in range(dimension + 1)
        ]
        law = {-1: 0, **dict(enumerate(onward)), dimension + 1: 0}
    shares = _spectrum(dimension, letters, rho, (h, stated[RHO[h]]), 0)
    tables = {RHO: lambda at: rho[at], SHARES: lambda order: shares[order]}
    found = filled(by_distance, {**numbers, t: steps}, tables).replace(P, lambda _, at: law[int(at)])
    return found, filled(by_order, {**numbers, t: steps}, tables)


def interactions(radices: Sequence[int], losses: Sequence[Any]) -> list[Any]:
    """B_S by the stated means over the vertices that agree on T, sets as in `_sets`."""
    words = list(itertools.product(*map(range, radices)))
    stated, sets = sides(symbolic_noise.interaction_shares()), _sets(radices)
    effect, given = sp.Function("f"), sp.Function(r"\mathrm{E}[\ell\mid T]")

    def mean(varying: Sequence[int], at: int) -> Any:
        alike = [
            loss for word, loss in zip(words, losses, strict=True) if all(word[i] == words[at][i] for i in varying)
        ]
        return sum(alike) / sp.Integer(len(alike))

    def sign(T: int, whole: int) -> int:
        return (-1) ** (len(sets[whole]) - len(sets[T])) if set(sets[T]) <= set(sets[whole]) else 0

    def effects(S: int, at: int) -> Any:
        written = filled(stated[effect(SET, v)], {SET: S, v: at})
        return written.replace(sp.Function("mu"), lambda T, _: sign(int(T), S)).replace(
            given, lambda T, _: mean(sets[int(T)], at)
        )

    return [
        filled(stated[SHARES[SET]], {n: len(words), SET: S}, {symbolic.loss: lambda at: losses[at]}).replace(
            effect, lambda S, at: effects(int(S), int(at))
        )
        for S in range(len(sets))
    ]


def _of_sets(radices: Sequence[int], losses: Sequence[Any]) -> dict[Any, Callable[..., Any]]:
    shares, sets = interactions(radices, losses), _sets(radices)
    return {
        SHARES: lambda S: shares[S],
        member: lambda S, place: int(place - 1 in sets[S]),
        q_i: lambda place: radices[place - 1],
        sp.IndexedBase("|S|"): lambda S: len(sets[S]),
    }


def ruggedness_spectrum(radices: Sequence[int], losses: Sequence[Any]) -> tuple[Any, ...]:
    """B_0 … B_d."""
    (stated,) = (e.rhs for e in symbolic_noise.ruggedness_spectrum().atoms(sp.Eq) if e.rhs.has(sp.IndexedBase("|S|")))
    tables = _of_sets(radices, losses)
    return tuple(filled(stated.subs(j, order), {d: len(radices)}, tables) for order in range(len(radices) + 1))


def _covariance(radices: Sequence[int], losses: Sequence[Any]) -> list[Any]:
    """C_h, h = 0 … d: means over the ordered pairs of vertices at distance h."""
    words, mean = list(itertools.product(*map(range, radices))), sum(losses) / sp.Integer(len(losses))
    pairs: list[list[Any]] = [[] for _ in range(len(radices) + 1)]
    for (one, a), (other, b) in itertools.product(zip(words, losses, strict=True), repeat=2):
        distance = sum(letter != another for letter, another in zip(one, other, strict=True))
        pairs[distance].append((a - mean) * (b - mean))
    return [sum(products) / sp.Integer(len(products)) for products in pairs]


def ruggedness_spectrum_by_distance(dimension: int, letters: int, losses: Sequence[Any]) -> tuple[Any, ...]:
    """B_0 … B_d of a table on H(q^d) from its ρ_h."""
    h, covariance = sp.Symbol("h", integer=True), _covariance((letters,) * dimension, losses)
    rho = [each / covariance[0] for each in covariance]
    return tuple(_spectrum(dimension, letters, rho, (h, _stated("ruggedness.spectrum")[RHO[h]]), 1))


def ruggedness_length(radices: Sequence[int], losses: Sequence[Any]) -> Any:
    (stated,) = (side for left, side in _stated("ruggedness.length").items() if left.has(sp.oo))
    return filled(stated, {d: len(radices), s: sum(radices) - len(radices)}, _of_sets(radices, losses))


def ruggedness_coordinate(radices: Sequence[int], losses: Sequence[Any]) -> tuple[Any, ...]:
    stated, place = _stated("ruggedness.coordinate")[sp.IndexedBase(r"\rho_1")[symbolic.i]], symbolic.i
    tables = _of_sets(radices, losses)
    return tuple(filled(stated, {d: len(radices), place: at}, tables) for at in range(1, len(radices) + 1))


def ruggedness_estimate(radices: Sequence[int], seeds: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    """ρ_1 … ρ_d, σ, r, and the variances of ρ_1 … ρ_d over landscapes and over seeds; seeds by vertex, none missing."""
    stated, h, distances = _stated("ruggedness.estimate"), sp.Symbol("h", integer=True), range(1, len(radices) + 1)
    rho, noise, ratio, tables = _estimated(radices, seeds)
    spectrum = stated[sp.Symbol(r"\mathrm{Var}\,\rho_h")]
    seeded = stated[sp.Symbol(r"\mathrm{Var}_{seeds}\,\rho_h")]
    columns = len(seeds[0])
    deleted = [_estimated(radices, [[*row[:at], *row[at + 1 :]] for row in seeds])[0] for at in range(columns)]
    tables[sp.IndexedBase(r"\rho^{-}")] = lambda seed, at: deleted[seed - 1][at]
    numbers = {d: len(radices), sp.Symbol("J", integer=True, positive=True): columns}
    errors = [filled(side, {**numbers, h: at}, tables) for side in (spectrum, seeded) for at in distances]
    return (*rho[1:], noise, ratio, *errors)


def _estimated(
    radices: Sequence[int], seeds: Sequence[Sequence[Any]]
) -> tuple[list[Any], Any, Any, dict[Any, Callable[..., Any]]]:
    """ρ_0 … ρ_d, σ, r, and the tables of the error over landscapes."""
    stated, h, C = _stated("ruggedness.estimate"), sp.Symbol("h", integer=True), sp.IndexedBase("C")
    count, sets = len(seeds), _sets(radices)
    means = [sum(row) / sp.Integer(len(row)) for row in seeds]
    squares = [sum((one - mean) ** 2 for one in row) for row, mean in zip(seeds, means, strict=True)]
    variances = [square / sp.Integer(len(row) - 1) for square, row in zip(squares, seeds, strict=True)]
    left = sum(variance / len(row) for variance, row in zip(variances, seeds, strict=True)) / sp.Integer(count)
    observed, energies = _covariance(radices, means), interactions(radices, means)
    sums = [_character_sums(radices, varying) for varying in sets]
    tables: dict[Any, Callable[..., Any]] = {
        sp.IndexedBase("C^m"): lambda at: observed[at],
        sp.IndexedBase("B^m"): lambda S: energies[S],
        sp.IndexedBase("N"): lambda S: _dimension(radices, sets[S]),
        sp.IndexedBase("kappa"): lambda at, S: sums[S][at] / sums[0][at],
    }
    numbers = {n: count, sp.Symbol("tau"): sp.sqrt(left)}
    true = [filled(stated[C[h]], {**numbers, h: at}, tables) for at in range(len(observed))]
    tables[C] = lambda at: true[at]
    rho = [filled(stated[RHO[h]], {h: at}, tables) for at in range(len(observed))]
    tables[RHO] = lambda at: rho[at]
    shares = [filled(stated[SHARES[SET]], {**numbers, SET: S}, tables) for S in range(len(sets))]
    tables[SHARES] = lambda S: shares[S]
    noise = filled(stated[sigma], {sp.Symbol("omega"): sp.sqrt(sum(variances) / sp.Integer(count))}, tables)
    return rho, noise, filled(stated[sp.Symbol("r")], {}, tables), tables


def _features(states: Sequence[Sequence[int]], order: int) -> np.ndarray:
    """What θ_1 … θ_d and J_2 … J_K are multiplied with in the stated law's exponent, shape (states, d+K−1)."""
    stated, won, at = _stated("minima.planes"), sp.IndexedBase("b"), sp.Symbol("t", real=True)
    theta, J, size = sp.Function("theta"), sp.Function("J"), len(states[0])
    (energy,) = (part.args[0] for part in stated[sp.Function("P")(won, at)].args if part.func == sp.exp)
    names = [*(theta(place, at) for place in range(1, size + 1)), *(J(power, at) for power in range(2, order + 1))]
    numbers = {d: size, sp.Symbol("K", integer=True): order}
    written = [filled(energy, numbers, {won: lambda place, state=state: state[place - 1]}) for state in states]
    return np.array([[float(row.coeff(name)) for name in names] for row in written])


def minima_planes(radices: Sequence[int], losses: Sequence[Any], order: int) -> float:
    """At the likeliest coefficients in doubles, about 1e−7; at most 20 losses, all different.

    Their log-ranks are then farther apart than the cells in which `theory.lines.table` pools larger tables.
    """
    words, ranks = list(itertools.product(*map(range, radices))), [sorted(losses).index(loss) + 1 for loss in losses]

    def wins(at: int) -> list[int]:
        """b_1 … b_d."""
        near = [
            [
                o
                for o, word in enumerate(words)
                if all(a == b or i == line for i, (a, b) in enumerate(zip(word, words[at], strict=True)))
            ]
            for line in range(len(radices))
        ]
        return [int(losses[at] == min(losses[o] for o in line)) for line in near]

    others = [at for at, rank in enumerate(ranks) if rank > 1]
    states = _features(list(itertools.product((0, 1), repeat=len(radices))), order)
    observed = _features([wins(at) for at in others], order)
    position = np.log([ranks[at] for at in others])
    unit = 2 * (position - position.min()) / np.ptp(position) - 1
    fits = [
        _likeliest(states, observed, np.polynomial.legendre.legvander(unit, degree))
        for degree in range(min(9, len(others)))
    ]
    return 1 + max(fits)[1]


def _likeliest(states: np.ndarray, observed: np.ndarray, polynomials: np.ndarray) -> tuple[float, float]:
    """Akaike's criterion, the log-likelihood less the number of coefficients, and Σ_v P(1 | t_v)."""
    shape = polynomials.shape[1], states.shape[1]
    ((stated, *_),) = (side.args for left, side in _stated("minima.planes").items() if left == sp.Symbol("a"))
    (ridge,) = (-float(term.as_coeff_Mul()[0]) for term in stated.args if term.has(sp.IndexedBase("a")))

    def log_law(coefficients: np.ndarray) -> np.ndarray:
        energy = polynomials @ coefficients.reshape(shape) @ states.T
        return energy - logsumexp(energy, axis=1, keepdims=True)

    def likelihood(coefficients: np.ndarray) -> float:
        own = (observed * (polynomials @ coefficients.reshape(shape))).sum()
        return float(own - logsumexp(polynomials @ coefficients.reshape(shape) @ states.T, axis=1).sum())

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        slope = polynomials.T @ (observed - np.exp(log_law(coefficients)) @ states)
        return ridge * coefficients @ coefficients - likelihood(coefficients), 2 * ridge * coefficients - slope.ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    return likelihood(found) - found.size, float(np.exp(log_law(found)[:, -1]).sum())


VALUES: dict[str, Callable[..., Any]] = {
    "noise.flip": noise_flip,
    "noise.regret": noise_regret,
    "noise.candidates": noise_candidates,
    "noise.minimum": noise_minimum,
    "noise.choice": noise_choice,
    "noise.descent": noise_descent,
    "noise.limit": noise_limit,
    "noise.budget": noise_budget,
    "noise.denoise": noise_denoise,
    "autocorrelation.walk": autocorrelation_walk,
    "ruggedness.spectrum": ruggedness_spectrum,
    "ruggedness.length": ruggedness_length,
    "ruggedness.coordinate": ruggedness_coordinate,
    "ruggedness.estimate": ruggedness_estimate,
    "minima.lines": minima_lines,
    "minima.planes": minima_planes,
}
