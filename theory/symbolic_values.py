"""The statements of `theory.symbolic` at rational arguments: SymPy expressions that evaluate to the numeric functions.

Each function of `VALUES` puts numbers, densities and landscapes into the printed statement of its id and returns what
it then says: a rational, a closed form, or integrals that `number` evaluates. Infinite sums, which converge
factorially, are cut after `TERMS` terms. Graphs have vertices 0 … n−1; losses are sequences of SymPy rationals.
"""

# pyright: reportReturnType=false, reportCallIssue=false, reportAttributeAccessIssue=false
# pyright: reportOperatorIssue=false, reportIndexIssue=false, reportArgumentType=false, reportUnhashable=false
# (SymPy's own annotations do not know that expressions stay expressions.)

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import mpmath
import numpy as np
import sympy as sp
from numpy.polynomial import chebyshev

from . import reference, symbolic
from .graphs import Graph
from .symbolic import ALIVE, FRESH, K, Phi, S, adjacent, f, k, loss, phi, q_i, r_t, t, v, w, x, y, z

TERMS = 16


class Model(NamedTuple):
    """The branching model M1: density f(x), kernel k(x, y), survival function S(x, t), and the losses' support."""

    f: Callable[[Any], Any]
    k: Callable[[Any, Any], Any]
    S: Callable[[Any, Any], Any]
    support: tuple[Any, Any]


def uniform() -> Model:
    """M0: the loss as its own rank."""
    return Model(lambda at: sp.Integer(1), lambda at, to: sp.Integer(1), lambda at, to: 1 - to, (0, 1))


def morgenstern(theta: Any) -> Model:
    """The uniform law and k(x, y) = 1 + θ(1−2x)(1−2y), |θ| ≤ 1, reversible: all integrals are rational.

    Source: Farlie, Gumbel and Morgenstern's family of copulas.
    """
    return Model(
        lambda at: sp.Integer(1),
        lambda at, to: 1 + theta * (1 - 2 * at) * (1 - 2 * to),
        lambda at, to: (1 - to) * (1 - theta * to * (1 - 2 * at)),
        (0, 1),
    )


def autoregression(rho: Any) -> Model:
    """The normal law and k(x, ·) = N(ρx, 1−ρ²)."""
    sd = sp.sqrt(1 - rho**2)
    return Model(
        phi,
        lambda at, to: phi((to - rho * at) / sd) / sd,
        lambda at, to: Phi((rho * at - to) / sd),
        (-sp.oo, sp.oo),
    )


def truncated(mean: Any, sd: Any, tau: Any) -> Model:
    """Law N(mean, sd²) and kernel N(x, τ²), both conditioned on [0, 1]."""

    def mass(low: Any, high: Any) -> Any:
        return Phi(high) - Phi(low)

    def density(centre: Any, width: Any, to: Any) -> Any:
        return phi((to - centre) / width) / width / mass(-centre / width, (1 - centre) / width)

    return Model(
        lambda at: density(mean, sd, at),
        lambda at, to: density(at, tau, to),
        lambda at, to: mass((to - at) / tau, (1 - at) / tau) / mass(-at / tau, (1 - at) / tau),
        (0, 1),
    )


def sides(statement: Any) -> dict[Any, Any]:
    """Left to right side of every equation in a statement."""
    return {equation.lhs: equation.rhs for equation in statement.atoms(sp.Eq)}


def _density(at: Any) -> Any:
    return sp.exp(-(at**2) / 2) / sp.sqrt(2 * sp.pi)


def _distribution(at: Any) -> Any:
    return sp.erfc(-at / sp.sqrt(2)) / 2


def normal(expression: Any) -> Any:
    """φ and Φ written out; integrals of φ alone are 1."""
    expression = expression.replace(phi, _density).replace(Phi, _distribution)
    return expression.replace(lambda e: isinstance(e, sp.Integral), _without_its_constant)


def _without_its_constant(integral: Any) -> Any:
    """c ∫φ(z) dz = c where the integrand's other factors do not depend on z."""
    ((variable, *ends),) = integral.limits
    constant, rest = integral.function.as_independent(variable, as_Add=False)
    if ends == [-sp.oo, sp.oo] and rest == sp.exp(-(variable**2) / 2):
        return constant * sp.sqrt(2 * sp.pi)
    return integral


def concrete(expression: Any, model: Model) -> Any:
    """The model's f, k and S in place of the functions' names, and its support in place of the line."""
    expression = expression.replace(f, model.f).replace(K, model.k).replace(S, model.S)
    ends = dict(zip((-sp.oo, sp.oo), model.support, strict=True))

    def cut(integral: Any) -> Any:
        ((variable, low, high),) = integral.limits
        return sp.Integral(integral.function, (variable, ends.get(low, low), ends.get(high, high)))

    return expression.replace(lambda e: isinstance(e, sp.Integral), cut)


def filled(expression: Any, numbers: dict[Any, Any], tables: dict[Any, Callable[..., Any]] | None = None) -> Any:
    """Numbers for symbols, sums and products written out, entries of tables for indexed symbols."""
    return _written(sp.sympify(expression).subs(numbers), tables or {})


def _written(expression: Any, tables: dict[Any, Callable[..., Any]]) -> Any:
    if isinstance(expression, sp.Sum | sp.Product):
        *inner, (index, low, high) = expression.limits
        inside = expression.func(expression.function, *inner) if inner else expression.function
        last = TERMS if high == sp.oo else int(_written(high, tables))
        terms = [_written(inside.xreplace({index: sp.Integer(place)}), tables) for place in range(int(low), last + 1)]
        return sp.Add(*terms) if isinstance(expression, sp.Sum) else sp.Mul(*terms)
    if not expression.args:
        return expression
    if isinstance(expression, sp.Indexed):
        indices = [_written(index, tables) for index in expression.indices]
        return sp.sympify(tables[expression.base](*map(int, indices))) if expression.base in tables else expression
    return expression.func(*(_written(part, tables) for part in expression.args))


def exact(expression: Any) -> Any:
    """Integrals of rational polynomials over their variable done, the others left."""

    def done(integral: Any) -> Any:
        ((variable, low, high),) = integral.limits
        symbols = sorted(integral.function.free_symbols | integral.free_symbols | {variable}, key=str)
        if not integral.function.is_polynomial(*symbols) or {low, high} & {-sp.oo, sp.oo}:
            return integral
        ring, place = sp.ring(symbols, sp.QQ)[0], symbols.index(variable)
        low, high, total = ring.from_expr(sp.sympify(low)), ring.from_expr(sp.sympify(high)), ring.zero
        for powers, coefficient in ring.from_expr(integral.function).terms():
            raised = powers[place] + 1
            rest = ring({(*powers[:place], 0, *powers[place + 1 :]): coefficient / raised})
            total += rest * (high**raised - low**raised)
        return total.as_expr()

    return expression.replace(lambda e: isinstance(e, sp.Integral), done)


def number(value: Any, digits: int = 20) -> Any:
    """A value to so many digits by mpmath: tuples entry by entry, each integral once.

    Integrals over the whole line have integrands that are entire, fall like φ and change in units of it, for which the
    trapezoid rule is as exact (Trefethen and Weideman 2014); the others take tanh-sinh quadrature.

    >>> number(walk_iid((24, 20, 19)))  # steps and evaluations of steepest descent on H(5^6)
    (1.5487091345609962862, 55.385473556658929437)
    """
    values = [sp.sympify(entry) for entry in (value if isinstance(value, tuple) else (value,))]
    with mpmath.workdps(digits + 5):
        closed = {each for entry in values for each in entry.atoms(sp.Integral) if not each.free_symbols}
        known = {integral: sp.sympify(_integrated(integral)) for integral in closed}
        found = tuple(sp.N(entry.xreplace(known), digits) for entry in values)
    return found if isinstance(value, tuple) else found[0]


def _integrated(integral: Any) -> Any:
    constants: dict[Any, Any] = {}

    def named(part: Any) -> Any:
        """The expression with its constants as symbols, so that they are computed once."""
        if part.is_number and not part.is_Integer and not part.has(sp.Integral):
            return constants.setdefault(part, sp.Dummy())
        if part.is_Mul:
            constant, rest = part.as_independent(*part.free_symbols, sp.Integral, as_Add=False)
            if constant != 1 and rest != 1:
                return named(constant) * named(rest)
        return part.func(*map(named, part.args)) if part.args and not isinstance(part, sp.Tuple) else part

    body = named(integral)
    values = [mpmath.mpmathify(sp.N(constant, mpmath.mp.dps)) for constant in constants]
    return sp.lambdify(list(constants.values()), body, [{"quad": _quad}, "mpmath"])(*values)


def _quad(integrand: Callable[[Any], Any], limits: tuple[Any, Any]) -> Any:
    if limits != (mpmath.ninf, mpmath.inf):
        return mpmath.quad(integrand, limits)
    reach = mpmath.sqrt(2 * mpmath.log(10) * (mpmath.mp.dps - 3))  # φ is below the last digit beyond
    step, ends = 2 / reach, int(reach**2 / 2) + 1
    return step * mpmath.fsum(integrand(step * place) for place in range(-ends, ends + 1))


def _stated(name: str) -> dict[Any, Any]:
    return sides(symbolic.STATEMENTS[name]())


def _adjacency(graph: Graph) -> sp.Matrix:
    return sp.Matrix(graph.adjacency.toarray().astype(int).tolist())


def minima_iid(graph: Graph) -> tuple[Any, Any]:
    A = _adjacency(graph)
    shared = A**2
    tables = {
        sp.IndexedBase("a"): lambda at: graph.degrees[at] + 1,
        adjacent: lambda at, to: A[at, to],
        sp.IndexedBase("c"): lambda at, to: shared[at, to] * (at != to) * (1 - A[at, to]),
    }
    stated = _stated("minima.iid")
    return tuple(filled(stated[moment], {symbolic.n: graph.n}, tables) for moment in (symbolic.LM, symbolic.LM2))


def minima_branching(n: int, s: int, model: Model) -> Any:
    stated = _stated("minima.branching")[symbolic.LM].subs({symbolic.n: n, symbolic.s: s})
    return normal(exact(concrete(stated, model)))


def _field(rho: Sequence[Any], sigma: Any) -> dict[Any, Any]:
    return {symbolic.rho1: rho[0], symbolic.rho2: rho[1], symbolic.sigma: sigma}


def _size(radices: Sequence[int]) -> dict[Any, Any]:
    return {symbolic.n: sp.prod(radices), symbolic.d: len(radices)}


def _radix(radices: Sequence[int]) -> dict[Any, Callable[..., Any]]:
    return {q_i: lambda place: radices[place - 1]}


def minima_gaussian(radices: Sequence[int], rho: Sequence[Any], sigma: Any) -> Any:
    """ρ = (ρ_1, ρ_2)."""
    stated = _stated("minima.gaussian")
    ratio = stated[symbolic.r].subs(_field(rho, sigma))
    return normal(filled(stated[symbolic.LM], {**_size(radices), symbolic.r: ratio}, _radix(radices)))


def minima_gaussian_lines(radices: Sequence[int], c: Sequence[Any], sigma: Any) -> Any:
    """One c a coordinate."""
    tables = {**_radix(radices), sp.IndexedBase("c"): lambda place: c[place - 1]}
    stated = _stated("minima.gaussian")[symbolic.LINES]
    return normal(filled(stated, {**_size(radices), symbolic.sigma: sigma}, tables))


def minima_noise_monotone(radices: Sequence[int], rho: Sequence[Any]) -> tuple[Any, Any]:
    """The ends of the bracket."""
    expected, degree = sp.Function("E"), sum(radices) - len(radices)
    statement: Any = symbolic.minima_noise_monotone().subs(_field(rho, symbolic.sigma))
    bracket = {relation.lhs: relation.rhs for relation in statement.atoms(sp.Le)}
    assert bracket[expected(0)] == expected(symbolic.sigma)
    high = bracket[expected(symbolic.sigma)].subs({**_size(radices), symbolic.s: degree})
    return minima_gaussian(radices, rho, 0), high


def minima_independence(graph: Graph) -> Any:
    least = min(_adjacency(graph).eigenvals(), key=lambda value: sp.re(sp.N(value)))
    bound: Any = symbolic.minima_independence().subs({symbolic.n: graph.n, symbolic.s: graph.degree})
    return bound.rhs.subs(symbolic.lam, least)


def minima_below(n: int, s: int, level: Any, model: Model) -> Any:
    """M0 and M1."""
    stated = _stated("minima.below")
    density = stated[sp.Function("g_1")(x)]
    below = stated[symbolic.BELOW].replace(sp.Function("g"), lambda at: density.subs(x, at))
    return normal(exact(concrete(below.subs({symbolic.n: n, symbolic.s: s, symbolic.level: level}), model)))


def minima_below_field(radices: Sequence[int], rho: Sequence[Any], sigma: Any, level: Any) -> Any:
    """M2, level in units of the observed standard deviation."""
    stated = _stated("minima.below")
    density = stated[sp.Function("g_2")(x)].subs({**_field(rho, sigma), symbolic.level: level})
    below = stated[symbolic.BELOW].subs(symbolic.level, level).replace(sp.Function("g"), lambda at: density.subs(x, at))
    return normal(filled(below, _size(radices), _radix(radices)))


def minima_loss_law(n: int, s: int, level: Any, model: Model) -> tuple[Any, Any, Any]:
    """P(ℓ < level | LM), mean and second moment in M0 and M1."""
    stated = _stated("minima.loss_law")
    density = stated[sp.Function("g_1")(x)]
    law, moment = (
        concrete(stated[sp.Symbol(name)].replace(sp.Function("g"), lambda at: density.subs(x, at)), model)
        for name in (r"P(\ell<t\mid LM)", r"\mathrm{E}[\ell^k\mid LM]")
    )
    values = (law.subs(symbolic.level, level), moment.subs(k, 1), moment.subs(k, 2))
    return tuple(normal(exact(value.subs({symbolic.n: n, symbolic.s: s}))) for value in values)


def minima_rmf(d: int, q: int, slope: Any) -> Any:
    """Normal losses."""
    stated = _stated("minima.rmf")[symbolic.LM].subs({symbolic.d: d, symbolic.q: q, symbolic.theta: slope})
    stated = filled(stated, {})
    one_argument = stated.replace(sp.Function("S"), lambda at: Phi(-at))
    return normal(one_argument.replace(f, phi))


def minima_nk(d: int, q: int, neighbours: int, block: bool = True) -> Any:
    stated, h = _stated("minima.nk"), sp.Symbol("h", integer=True, nonnegative=True)
    given = {symbolic.d: d, symbolic.q: q, k: neighbours}
    if block:
        return stated[symbolic.LM].subs(given)
    rho = [stated[sp.IndexedBase("rho")[h]].subs({**given, h: distance}) for distance in (1, 2)]
    return minima_gaussian((q,) * d, rho, 0)


def preimage_branching(model: Model, s: int, at: Any, depth: int) -> Any:
    """E|LS^{-depth}(at)|."""
    stated, inner = _stated("preimage.branching"), sp.Function("B")
    last = _iterated(stated[inner(1, x)], stated[inner(k, x)], inner, model, s, depth)
    outer = stated[symbolic.PREIMAGE].subs({symbolic.s: s, k: depth})
    return normal(outer.replace(inner, lambda *_: last).subs(x, at))


def preimage_published(model: Model, s: int, at: Any, depth: int) -> Any:
    stated, published = _stated("preimage.published"), sp.Function("e")
    last = _iterated(stated[published(1, x)], stated[published(k, x)], published, model, s, depth)
    return normal(last.subs(x, at))


def _iterated(first: Any, later: Any, function: Any, model: Model, s: int, depth: int) -> Any:
    """The function of x that a recursion over k gives at k = depth."""
    last = exact(concrete(first.subs(symbolic.s, s), model))
    for _ in range(depth - 1):
        onward = later.replace(function, lambda _, to, last=last: last.subs(x, to))
        last = exact(concrete(onward.subs(symbolic.s, s), model))
    return last


def preimage_iid(s: int, at: Any, depth: int) -> Any:
    return filled(_stated("preimage.iid")[symbolic.PREIMAGE], {symbolic.s: s, x: at, k: depth})


def preimage_hamming(fresh: Sequence[int], at: Any, depth: int) -> Any:
    """The last number of fresh neighbours repeats."""
    return filled(_stated("preimage.hamming")[symbolic.PREIMAGE], {x: at, k: depth}, {r_t: _repeating(fresh)})


def _repeating(fresh: Sequence[int]) -> Callable[[int], int]:
    return lambda place: fresh[min(place, len(fresh) - 1)]


def success_epsilon(model: Model, s: int, epsilon: Any) -> Any:
    """From the lower end of the support; the preimages of all depths must be polynomials in the loss."""
    basin = 1 + sum(preimage_branching(model, s, x, depth) for depth in range(1, TERMS))
    stated = _stated("success.epsilon")[symbolic.SUCCESS].replace(symbolic.BASIN, lambda at: basin.subs(x, at))
    return _success(stated, model, s, epsilon)


def success_published(model: Model, s: int, epsilon: Any) -> Any:
    series = sum(preimage_published(model, s, x, depth) for depth in range(1, TERMS))
    stated = _stated("success.published")[symbolic.SUCCESS]
    return _success(stated.replace(lambda e: isinstance(e, sp.Sum), lambda _: series), model, s, epsilon)


def _success(stated: Any, model: Model, s: int, epsilon: Any) -> Any:
    numbers = {symbolic.s: s, symbolic.best: model.support[0], symbolic.eps: epsilon}
    return exact(concrete(stated.subs(numbers), model))


def success_iid(s: int, epsilon: Any) -> Any:
    return filled(_stated("success.iid")[symbolic.SUCCESS], {symbolic.s: s, symbolic.eps: epsilon})


def walk_iid(fresh: Sequence[int]) -> tuple[Any, Any]:
    """Steps and evaluations with the fresh neighbours s, a, b, b, …."""
    stated = _stated("walk.iid")
    numbers = dict(zip((symbolic.s, symbolic.a, symbolic.b), fresh, strict=True))
    steps = stated[symbolic.STEPS].subs(numbers)
    return steps, stated[symbolic.EVALS].subs({**numbers, symbolic.STEPS: steps})


def walk_reluctant(graph: Graph) -> Any:
    edges = sp.Symbol(r"|E|", integer=True, nonnegative=True)
    half = sum(graph.degrees.tolist()) // 2
    return _stated("walk.reluctant")[symbolic.STEPS].subs({edges: half, symbolic.n: graph.n})


def walk_additive(radices: Sequence[int]) -> Any:
    return filled(_stated("walk.additive")[symbolic.STEPS], _size(radices), _radix(radices))


def walk_additive_law(radices: Sequence[int]) -> tuple[Any, ...]:
    (generating,) = _stated("walk.additive_law").values()
    return tuple(reversed(sp.Poly(filled(generating, _size(radices), _radix(radices)), z).all_coeffs()))


def _alive(model: Model, rule: str, fresh: Callable[[int], int], steps: int) -> list[Any]:
    """m(t, x) for t = 0 … steps."""
    stated = _stated("walk.law")
    found = [concrete(stated[ALIVE(0, x)], model)]
    for place in range(steps):
        density = filled(stated[sp.Function(f"K_{rule}")(FRESH, x, y)], {FRESH: fresh(place)})
        onward = stated[ALIVE(t + 1, y)].replace(symbolic.STEP, lambda *_, density=density: density)
        onward = onward.replace(ALIVE, lambda *_: found[-1])
        found.append(exact(concrete(onward, model)).subs(y, x))
    return found


def walk_law(model: Model, rule: str, fresh: Sequence[int], steps: int) -> tuple[Any, ...]:
    """P(steps = 0 … `steps`); the last number of fresh neighbours repeats."""
    (stop,) = (side for left, side in _stated("walk.law").items() if left.is_Symbol)
    alive = _alive(model, rule, _repeating(fresh), steps)
    return tuple(
        exact(
            concrete(
                filled(stop, {t: place}, {r_t: _repeating(fresh)}).replace(ALIVE, lambda *_, mass=mass: mass), model
            )
        )
        for place, mass in enumerate(alive)
    )


def walk_tree(model: Model, s: int, rule: str) -> tuple[Any, Any]:
    """Steps and evaluations."""
    stated = _stated("walk.tree")

    def fresh(place: int) -> int:
        return stated[r_t[t]].subs({t: place, symbolic.s: s})

    alive = _alive(model, rule, fresh, TERMS)

    def summed(side: Any) -> Any:
        terms = filled(side, {}, {r_t: fresh}).replace(ALIVE, lambda place, _: alive[place])
        looked = terms.replace(
            symbolic.LOOK, lambda r, _: filled(stated[sp.Function(f"A_{rule}")(FRESH, x)], {FRESH: r})
        )
        return exact(concrete(looked, model))

    return summed(stated[symbolic.STEPS]), summed(stated[symbolic.EVALS])


def walk_gaussian(radices: Sequence[int], c: Any, sigma: Any) -> Any:
    """P(T ≥ 1) = 1 − E Π_j S_j(0, x_0), whose argument x_0 − cτ_0 has the variance (1−c)² + σ²."""
    stated, line, u = _stated("walk.gaussian"), sp.Symbol("j", integer=True), sp.Symbol("u", real=True)
    spread = sp.sqrt((1 - symbolic.c) ** 2 + symbolic.sigma**2)
    first = stated[sp.Function("S")(line, 0, y)].subs({sp.IndexedBase("tau")[0]: 0, y: spread * u})
    numbers = {**_size(radices), symbolic.c: c, symbolic.sigma: sigma}
    survival = sp.Integral(phi(u) * sp.Product(first, (line, 1, symbolic.d)), (u, -sp.oo, sp.oo))
    return 1 - normal(filled(survival, numbers, _radix(radices)))


def walk_gaussian_square(c: Any) -> Any:
    """P(T ≥ 2) on the square without noise as an integrand of x_0, x_1 < x_0 and e > x_1 − cx_0 (symbols x, y, e).

    At x_1 one of two lines is used, and has no letter left; the other's e was above x_1 − cx_0, and falls below
    (1−c)x_1.
    """
    stated, law, (e, after) = _stated("walk.gaussian"), sp.Function("M"), sp.symbols("e e'", real=True)
    first, seen = stated[law(0, e)], y - symbolic.c * x
    (step,) = (at for at in stated[law(t + 1, after)].atoms(phi) if at.has(after))
    falls = Phi(step.args[0].subs(after, (1 - symbolic.c) * y))
    return normal((phi(x) * 2 * first.subs(e, seen) * first * falls).subs(symbolic.c, c))


def walk_gaussian_first(q: int, d: int, c: Any, sigma: Any, nodes: int = 80) -> float:
    """Expected steps: the stated equation for m solved in doubles at Chebyshev's points, about 1e−10."""
    stated, above, m = _stated("walk.gaussian_first"), sp.Function("W"), sp.Function("m")
    numbers = {symbolic.q: q, symbolic.d: d, symbolic.c: c, symbolic.sigma: sigma}
    slope = -sp.diff(stated[above(x, y)].subs(numbers).replace(phi, _density).replace(Phi, _distribution), y)
    start = stated[symbolic.STEPS].function.coeff(m(x))
    trapezoid = {"quad": lambda g, *_: (sum(g(place / 5) for place in range(-45, 46)) / 5,)}
    move = sp.lambdify([x, y], normal(slope), [trapezoid, "scipy"])
    wide = 9 * float(sp.sqrt(1 + sigma**2))
    points = wide * chebyshev.chebpts1(nodes)
    gauss, weights = np.polynomial.legendre.leggauss(nodes)
    half = (points[:, None] + wide) / 2
    below = half * (1 + gauss) - wide
    basis = np.linalg.inv(chebyshev.chebvander(points / wide, nodes - 1))
    onward = half * weights * move(points[:, None], below)
    operator = np.einsum("ij,ijk->ik", onward, chebyshev.chebvander(below / wide, nodes - 1)) @ basis
    steps = np.linalg.solve(np.eye(nodes) - operator, onward.sum(axis=1))
    density = sp.lambdify(x, normal(start.subs(numbers)), "scipy")
    return float(wide * weights @ (density(wide * gauss) * (chebyshev.chebvander(gauss, nodes - 1) @ basis @ steps)))


def restart_wald(graph: Graph, losses: Sequence[Any]) -> Any:
    optimal = [losses[reference.path(graph, losses, at)[-1]] == min(losses) for at in range(graph.n)]
    tables = {
        sp.IndexedBase("e"): lambda at: reference.evaluations(graph, losses, at),
        sp.IndexedBase("o"): lambda at: int(optimal[at]),
    }
    return filled(_stated("restart.wald")[symbolic.EVALS], {symbolic.n: graph.n}, tables)


def restart_exchangeable(n: int) -> Any:
    return _stated("restart.exchangeable")[symbolic.EVALS].subs(symbolic.n, n)


def descent_moves(graph: Graph, losses: Sequence[Any], rule: str) -> sp.Matrix:
    """P(v → w) of a noise-free walk, 0 from local minima."""
    better = [reference.better_neighbours(graph, losses, at) for at in range(graph.n)]
    if rule in ("steepest", "reluctant"):
        chosen = [ahead[:: 1 if rule == "steepest" else -1][:1] for ahead in better]
        return sp.Matrix(graph.n, graph.n, lambda at, to: int(to in chosen[at]))
    A, stated = _adjacency(graph), _stated("chain.descent")[sp.Function(f"P_{rule}")(v, w)]
    tables = {adjacent: lambda at, to: A[at, to], loss: lambda at: losses[at]}
    numbers = {symbolic.n: graph.n}
    return sp.Matrix(
        graph.n, graph.n, lambda at, to: filled(stated, {**numbers, v: at, w: to}, tables) if better[at] else 0
    )


def _solved(equation: Any, function: Any, moves: sp.Matrix, known: dict[int, Any]) -> list[Any]:
    """h(0) … h(n−1) of a linear equation h(v) = … stated with P(v, w), where some are known."""
    n = moves.shape[0]
    unknown = sp.symbols(f"h_:{n}")
    values = [known.get(at, unknown[at]) for at in range(n)]
    names = {moves[at, to]: sp.Dummy() for at in range(n) for to in range(n) if moves[at, to].has(sp.Integral)}
    equations = []
    for at in set(range(n)) - set(known):
        right = filled(equation, {symbolic.n: n, v: at})
        right = right.replace(symbolic.MOVE, lambda a, b: moves[int(a), int(b)]).replace(
            function, lambda a: values[int(a)]
        )
        equations.append((unknown[at] - right).xreplace(names))
    found = sp.solve(equations, [unknown[at] for at in set(range(n)) - set(known)], dict=True)[0] if equations else {}
    integrals = {name: integral for integral, name in names.items()}
    return [sp.sympify(value).subs(found).xreplace(integrals) for value in values]


def chain_descent(graph: Graph, losses: Sequence[Any], rule: str) -> tuple[Any, Any]:
    """Mean steps, and chance to end at an optimum, from a uniform start."""
    stated, moves, ends = _stated("chain.descent"), descent_moves(graph, losses, rule), sp.Function("p")
    minima = [at for at in range(graph.n) if not reference.better_neighbours(graph, losses, at)]
    steps = _solved(stated[symbolic.TIME(v)], symbolic.TIME, moves, dict.fromkeys(minima, 0))
    success = _solved(stated[ends(v)], ends, moves, {at: int(losses[at] == min(losses)) for at in minima})
    return sum(steps) / sp.Integer(graph.n), sum(success) / sp.Integer(graph.n)


def noisy_moves(graph: Graph, losses: Sequence[Any], sigma: Any) -> sp.Matrix:
    """P(v → w) under fresh noise, as integrals."""
    A, stated = _adjacency(graph), _stated("chain.hitting")[symbolic.MOVE(v, w)]
    tables = {adjacent: lambda at, to: A[at, to], loss: lambda at: losses[at]}
    numbers = {symbolic.n: graph.n, symbolic.sigma: sigma}
    return sp.Matrix(graph.n, graph.n, lambda at, to: normal(filled(stated, {**numbers, v: at, w: to}, tables)))


def chain_hitting(graph: Graph, losses: Sequence[Any], sigma: Any) -> Any:
    """Mean steps to the optimum from a uniform start."""
    equation = _stated("chain.hitting")[symbolic.TIME(v)]
    optima = {at: 0 for at in range(graph.n) if losses[at] == min(losses)}
    return sum(_solved(equation, symbolic.TIME, noisy_moves(graph, losses, sigma), optima)) / sp.Integer(graph.n)


def bound_sample_descend(n: int, s: int) -> Any:
    """At the best number of samples m."""
    bound: Any = symbolic.bound_sample_descend()
    return min(bound.rhs.subs({symbolic.n: n, symbolic.s: s, symbolic.m: m}) for m in range(1, n + 1))


def bound_fitness_levels(moves: sp.Matrix, order: Sequence[int], cuts: Sequence[int]) -> tuple[Any, Any]:
    """Both sides for the levels that begin at the ranks `cuts`; `order` lists the vertices, the target first.

    The lower one is 0 where a level may be left never to come to it.
    """
    n, ends = len(order), [*cuts[1:], len(order)]
    below = [[sum(moves[at, to] for to in order[:cut]) for at in order] for cut in (*cuts, n)]
    leave = [below[level][start:end] for level, (start, end) in enumerate(zip(cuts, ends, strict=True))]

    def visited(level: int) -> Any:
        start, end = cuts[level], ends[level]
        entering = [1 - a / b for a, b in zip(below[level][end:], below[level + 1][end:], strict=True) if b]
        return min([*entering, 1 - sp.Rational(start, end)])

    tables = {
        sp.IndexedBase("p"): lambda level: min(leave[level - 1]),
        sp.IndexedBase("u"): lambda level: max(leave[level - 1]),
        sp.IndexedBase("w"): lambda level: 1 - sp.Rational(cuts[level - 1], n),
        sp.IndexedBase("v"): lambda level: visited(level - 1),
    }
    time = sp.Symbol(r"\mathrm{E}T")
    bounds = {relation.lhs == time: relation for relation in symbolic.bound_fitness_levels().atoms(sp.Le)}
    low, high = bounds[False].lhs, bounds[True].rhs
    return filled(low, {k: len(cuts)}, tables), filled(high, {k: len(cuts)}, tables)


def bound_drift(moves: sp.Matrix, potential: Sequence[Any], kind: str) -> tuple[Any, Any]:
    """Both sides from a uniform start; the potential is 0 on the target. ∞ above unless all drifts are positive."""
    n, free = len(potential), [at for at, value in enumerate(potential) if value]

    def fall(V: Sequence[Any], at: int, least: Any = -sp.oo) -> Any:
        return sum(moves[at, to] * max(V[at] - V[to], least) for to in range(n) if to != at)

    falls = {at: fall(potential, at) for at in free}
    positive, mean = min(falls.values()) > 0, sum(potential) / sp.Integer(n)
    if kind == "additive":
        return mean / max(falls.values()), mean / min(falls.values()) if positive else sp.oo
    if kind == "multiplicative":
        logarithm = sides(symbolic.bound_drift())[sp.Function("g")(x)]
        least = min(potential[at] for at in free)
        logs = [logarithm.subs({x: value, sp.Symbol(r"V_{\min}"): least}) if value else 0 for value in potential]
        start, slowest = sum(logs) / sp.Integer(n), min(falls[at] / potential[at] for at in free)
        return start / max(fall(logs, at) for at in free), start / slowest if positive else sp.oo
    reach = {at: min([potential[at], *(potential[to] for to in range(n) if moves[at, to])]) for at in free}

    def slow(level: Any) -> Any:
        return min(falls[at] for at in free if potential[at] >= level)

    def fast(level: Any) -> Any:
        return max(fall(potential, at, 0) for at in free if reach[at] <= level)

    high = _mean_integral(potential, potential, slow) if positive else sp.oo
    return _mean_integral(potential, reach.values(), fast), high


def _mean_integral(potential: Sequence[Any], steps: Iterable[Any], h: Callable[[Any], Any]) -> Any:
    """Mean of ∫_0^V dx/h(x) over the potentials V, h constant between its steps."""
    points = sorted({0, *steps, *potential})
    parts = [(b, (b - a) / h(sp.Rational(a + b) / 2)) for a, b in itertools.pairwise(points)]
    return sum(part for value in potential for end, part in parts if end <= value) / sp.Integer(len(potential))


def chain_best_noise(graph: Graph, losses: Sequence[Any]) -> Any:
    """The mean time as a function of the symbol σ, of which σ* is the minimum."""
    stated = next(iter(_stated("chain.best_noise").values()))
    (mean,) = stated.args
    assert mean == sp.Sum(symbolic.TIME(v), (v, 0, symbolic.n - 1)) / symbolic.n
    return chain_hitting(graph, losses, symbolic.sigma)


def _deciding(graph: Graph, losses: Sequence[Any]) -> list[Any]:
    """Gaps of the edges at strict local minima, and of those from the other vertices to their best neighbours."""
    edges = set()
    for at in range(graph.n):
        near = reference.neighbourhood(graph, at)
        chosen = near if reference.is_strict_minimum(graph, losses, at) else [min(near, key=lambda to: losses[to])]
        edges |= {frozenset((at, to)) for to in chosen}
    return [abs(losses[at] - losses[to]) for at, to in edges]


def bound_flip(graph: Graph, losses: Sequence[Any], sigma: Any) -> Any:
    gaps, bound = _deciding(graph, losses), symbolic.bound_flip()
    numbers = {symbolic.m: len(gaps), symbolic.sigma: sigma}
    return normal(filled(bound.rhs, numbers, {symbolic.GAP: lambda edge: gaps[edge - 1]}))


def noise_preserve(graph: Graph, losses: Sequence[Any], sigma: Any, delta: Any) -> Any:
    """The least k for which the statement is true."""
    gaps, bound, draws = _deciding(graph, losses), symbolic.noise_preserve(), 1
    numbers = {symbolic.m: len(gaps), symbolic.sigma: sigma}
    tables = {symbolic.GAP: lambda edge: gaps[edge - 1]}
    while number(normal(filled(bound.lhs, {**numbers, k: draws}, tables))) > delta:
        draws += 1
    return sp.Integer(draws)


VALUES: dict[str, Callable[..., Any]] = {
    "minima.iid": minima_iid,
    "minima.branching": minima_branching,
    "minima.gaussian": minima_gaussian,
    "minima.noise_monotone": minima_noise_monotone,
    "minima.independence": minima_independence,
    "minima.below": minima_below,
    "minima.loss_law": minima_loss_law,
    "minima.rmf": minima_rmf,
    "minima.nk": minima_nk,
    "preimage.branching": preimage_branching,
    "preimage.published": preimage_published,
    "preimage.iid": preimage_iid,
    "preimage.hamming": preimage_hamming,
    "success.epsilon": success_epsilon,
    "success.published": success_published,
    "success.iid": success_iid,
    "walk.iid": walk_iid,
    "walk.law": walk_law,
    "walk.tree": walk_tree,
    "walk.reluctant": walk_reluctant,
    "walk.additive": walk_additive,
    "walk.additive_law": walk_additive_law,
    "walk.gaussian": walk_gaussian,
    "walk.gaussian_first": walk_gaussian_first,
    "restart.wald": restart_wald,
    "restart.exchangeable": restart_exchangeable,
    "chain.descent": chain_descent,
    "chain.hitting": chain_hitting,
    "chain.best_noise": chain_best_noise,
    "bound.sample_descend": bound_sample_descend,
    "bound.fitness_levels": bound_fitness_levels,
    "bound.drift": bound_drift,
    "bound.flip": bound_flip,
    "noise.preserve": noise_preserve,
}
"""Every id of `theory.symbolic` but `bound.query`, whose constants nobody knows."""
