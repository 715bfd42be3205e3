"""Statements and derivations, evaluated at rational arguments, against the numeric functions."""

from __future__ import annotations

import inspect
import itertools
import math
from typing import Any

import numpy as np
import pytest
import sympy as sp
from numpy.typing import ArrayLike
from scipy.integrate import quad

from theory import basins, catalogue, classics, minima, symbolic, symbolic_noise, walks
from theory.correlations import Correlation, second_difference
from theory.graphs import Hamming, complete, hypercube
from theory.laws import AR1Kernel, Law, Normal
from theory.noise import Noise
from theory.symbolic import K, Phi, S, a, b, d, f, k, m, n, p, phi, q, r, rho1, rho2, s, sigma, x, y, z, z0

NAS = Hamming((5,) * 6)


def sides(statement: Any) -> dict[Any, Any]:
    """Left to right side of every equation in a statement."""
    return {equation.lhs: equation.rhs for equation in statement.atoms(sp.Eq)}


def normal_density(t: Any) -> Any:
    return sp.exp(-(t**2) / 2) / sp.sqrt(2 * sp.pi)


def normal_distribution(t: Any) -> Any:
    return sp.erfc(-t / sp.sqrt(2)) / 2


def autoregression(expression: Any, rho: Any) -> Any:
    """The expression with f = φ, k(x,y) = N(ρx, 1−ρ²) and its survival function S."""
    sd = sp.sqrt(1 - rho**2)
    return (
        expression.replace(f, normal_density)
        .replace(K, lambda centre, loss: normal_density((loss - rho * centre) / sd) / sd)
        .replace(S, lambda centre, loss: normal_distribution((rho * centre - loss) / sd))
    )


def evaluate(integral: Any, *arguments: Any, low: float = -9, high: float = 9) -> float:
    """A SymPy integral by scipy, its infinite limits cut where a normal density is below 1e−17."""
    ((variable, start, end),) = integral.limits
    integrand = sp.lambdify([variable, *arguments], integral.function, "scipy")
    start, end = (float(sp.Min(sp.Max(limit, low), high)) for limit in (start, end))
    return quad(integrand, start, end, epsabs=1e-14, epsrel=1e-11, limit=200)[0]


def test_every_statement_is_in_the_catalogue() -> None:
    assert set(symbolic.STATEMENTS | symbolic_noise.STATEMENTS) == set(catalogue.RESULTS)


@pytest.mark.parametrize("name", symbolic.STATEMENTS | symbolic_noise.STATEMENTS)
def test_statements_are_relations(name: str) -> None:
    statement = (symbolic.STATEMENTS | symbolic_noise.STATEMENTS)[name]()
    assert statement.atoms(sp.core.relational.Relational)
    assert not statement.is_Atom


def test_minima_iid_mean() -> None:
    assert sides(symbolic.minima_iid())[symbolic.LM].subs({n: 15625, s: 24}) == 625
    assert symbolic.derive_minima_iid() == 1 / (s + 1)


def test_pair_probability() -> None:
    assert sp.simplify(symbolic.derive_pair_probability() - (a + b) / ((a + b - m) * a * b)) == 0
    assert symbolic.derive_pair_probability().subs({a: 5, b: 3, m: 0}) == sp.Rational(1, 15)  # independent


def test_pair_probability_gives_the_variance_of_the_hypercube() -> None:
    """Var = n [1/a − 1/a² − s/a² + C(s,2) (P − 1/a²)], two common neighbours at distance two, a = s+1."""
    for degree in (2, 5, 10):
        own = sp.Rational(1, degree + 1)
        pair = symbolic.derive_pair_probability().subs({a: degree + 1, b: degree + 1, m: 2})
        variance = own - own**2 - degree * own**2 + math.comb(degree, 2) * (pair - own**2)
        assert minima.iid(hypercube(degree)).variance == pytest.approx(float(2**degree * variance), rel=1e-13)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_erdos_renyi_pair_at_extreme_densities(size: int) -> None:
    pair = symbolic.erdos_renyi_pair(size)
    assert pair.subs(p, 0) == 1
    assert pair.subs(p, 1) == 0
    expected = {2: 1 - p, 3: (1 - p) * (p**2 - 3 * p + 3) / 3}
    assert size == 4 or sp.expand(pair - expected[size]) == 0


@pytest.mark.parametrize(("degree", "rho"), [(6, "3/5"), (3, "-1/4"), (10, "0")])
def test_minima_branching(degree: int, rho: str) -> None:
    right = autoregression(sides(symbolic.minima_branching())[symbolic.LM], sp.Rational(rho))
    integral = right.subs({n: 2**degree, s: degree}).atoms(sp.Integral).pop()
    expected = minima.branching(hypercube(degree), Normal(), AR1Kernel(float(sp.Rational(rho))))
    assert 2**degree * evaluate(integral) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("rho", "noise"), [(("3/5", "9/25"), "0"), (("1/2", "2/5"), "3/10")])
def test_minima_gaussian(rho: tuple[str, str], noise: str) -> None:
    first, second, sd = sp.Rational(rho[0]), sp.Rational(rho[1]), sp.Rational(noise)
    equations = sides(symbolic.minima_gaussian())
    ratio = equations[r].subs({rho1: first, rho2: second, sigma: sd})
    field = Correlation((1, float(first), float(second)))
    assert float(ratio) == pytest.approx(second_difference(field, Noise(float(sd))), abs=1e-15)

    outer = equations[symbolic.LM].replace(phi, normal_density).replace(Phi, normal_distribution)
    outer = outer.subs({n: 9, q: 3, d: 2, r: ratio}).atoms(sp.Integral)
    inner = next(integral for integral in outer if integral.variables == [z])
    line = sp.Function("line")
    whole = next(integral for integral in outer if integral.variables == [z0]).function.subs(inner, line(z0))
    density = sp.lambdify(z0, whole, [{"line": lambda at: evaluate(inner.subs(z0, at))}, "scipy"])
    found = 9 * quad(density, -9, 9, epsabs=1e-8)[0]
    assert found == pytest.approx(minima.gaussian(Hamming((3, 3)), field, Noise(float(sd))), rel=1e-7)


def test_gaussian_limits() -> None:
    assert symbolic.gaussian_limits() == {"additive": 0, "iid": sp.Rational(1, 2), "noise": sp.Rational(1, 2)}


def test_noise_monotone_derivative() -> None:
    variance = sp.Symbol("A", positive=True)
    expected = (rho1 - rho2) / (2 * (variance - rho1) ** 2)
    assert sp.simplify(symbolic.derive_noise_monotone() - expected) == 0


def test_noise_monotone_holds_in_numbers_and_can_fail() -> None:
    field, expected = Correlation.geometric(0.6, 6), sp.Function("E")
    values = {expected(0): minima.gaussian(NAS, field), n: 15625, s: 24, rho1: 0.6, rho2: 0.36}
    statement = symbolic.minima_noise_monotone().subs(values)
    assert statement.subs(expected(sigma), minima.gaussian(NAS, field, Noise(0.3))) == sp.true
    assert statement.subs(expected(sigma), 64) == sp.false  # below E(0) = 64.2
    assert statement.subs(expected(sigma), 626) == sp.false
    assert symbolic.minima_noise_monotone().subs({rho1: 0.1, rho2: 0.3}) == sp.true  # says nothing


@pytest.mark.parametrize("graph", [NAS, hypercube(5), complete(4)], ids=str)
def test_independence(graph: Hamming) -> None:
    numbers = {n: graph.n, s: graph.degree, symbolic.lam: sp.Integer(round(graph.smallest_eigenvalue))}
    bound: Any = symbolic.minima_independence().subs(numbers)
    assert float(bound.rhs) == pytest.approx(minima.independence(graph), rel=1e-14)
    assert bound.lhs == symbolic.COUNT


@pytest.mark.parametrize(("degree", "rho", "loss"), [(5, "3/5", "-1/2"), (3, "-1/4", "0")])
def test_preimage_branching(degree: int, rho: str, loss: str) -> None:
    """B_1 by its integral, and B_2 from the B_1 that the numeric function gives."""
    equations, at, correlation = sides(symbolic.preimage_branching()), sp.Rational(loss), sp.Rational(rho)
    kernel, inner = AR1Kernel(float(correlation)), sp.Function("B")
    one, two = basins.branching(kernel, degree, float(at), 2).by_depth

    first = autoregression(equations[inner(1, x)], correlation).subs({s: degree, x: at})
    assert degree * evaluate(first) == pytest.approx(one, rel=1e-10)

    later = autoregression(equations[inner(k, x)], correlation).subs({s: degree, x: at, k: 2}).function
    earlier = {"B": lambda _, loss: basins.branching(kernel, degree, float(loss)).by_depth[0] / degree}
    density = sp.lambdify(y, later, [earlier, "scipy"])
    assert degree * (degree - 1) * quad(density, float(at), 6, epsrel=1e-7)[0] == pytest.approx(two, rel=1e-6)

    outer = equations[symbolic.PREIMAGE].subs({s: degree, k: 2})
    assert outer == degree * (degree - 1) * inner(2, x)


def test_preimage_published() -> None:
    equations, e, at = sides(symbolic.preimage_published()), sp.Function("e"), sp.Rational(1, 3)
    kernel, degree, correlation = AR1Kernel(0.6), 4, sp.Rational(3, 5)
    published = basins.published(kernel, degree, float(at), 2)
    first = autoregression(equations[e(1, x)], correlation).subs({s: degree})
    assert float(first.subs(x, at)) == pytest.approx(published[0], rel=1e-12)

    later = equations[e(k, x)].subs(k, 2).subs(e(1, y), equations[e(1, x)].subs(x, y))
    later = autoregression(later, correlation).subs({s: degree, x: at})
    integral = later.atoms(sp.Integral).pop()
    assert float(later / integral) * evaluate(integral) == pytest.approx(published[1], rel=1e-10)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_preimage_iid_by_induction(depth: int) -> None:
    stated = sides(symbolic.preimage_iid())[symbolic.PREIMAGE].subs(k, depth).doit()
    derived = symbolic.preimage_induction(depth)
    assert sp.simplify(sp.expand_func(stated / derived)) == 1


def test_walk_iid_is_derived() -> None:
    stated, derived = sides(symbolic.walk_iid())[symbolic.STEPS], symbolic.derive_memory()
    for fresh in ((24, 20, 19), (5, 3, 2), (7, 7, 7)):
        values = dict(zip((s, a, b), fresh, strict=True))
        assert abs(sp.N((stated - derived).subs(values), 20)) < sp.Float(10) ** -17


def test_constant_memory() -> None:
    """e·γ(1/s, 1)/s − 1, which is `walk_iid` with s = a = b, and tends to e − 1 like 1/s."""
    derived, general = symbolic.derive_constant_memory(), sides(symbolic.walk_iid())[symbolic.STEPS]
    for degree in (1, 2, 24):
        stated = sp.E * sp.lowergamma(sp.Rational(1, degree), 1) / degree - 1
        difference = derived.subs(s, degree) - stated
        memory = general.subs({s: degree, a: degree, b: degree}) - stated
        assert max(abs(sp.N(gap, 20)) for gap in (difference, memory)) < sp.Float(10) ** -17
    assert float(sp.N(derived.subs(s, 10**4))) == pytest.approx(math.e - 1, abs=1e-3)


def test_walk_first() -> None:
    """With one neighbour the integral is ∫_0^1 e^u du − 1 = e − 2; `tests/exact/test_walks.py` has the others."""
    right = sides(symbolic.walk_first())[symbolic.STEPS]
    assert sp.simplify(right.subs(s, 1).doit() - (sp.E - 2)) == 0


def test_walk_reluctant() -> None:
    right = sides(symbolic.walk_reluctant())[symbolic.STEPS]
    edges = (right * n).free_symbols.pop()
    assert right.subs({edges: hypercube(5).size, n: 32}) == walks.reluctant(hypercube(5))


@pytest.mark.parametrize("degree", [2, 3, 10])
def test_reluctant_tree_series(degree: int) -> None:
    assert abs(symbolic.derive_reluctant_tree(degree) - sp.Rational(degree, 2)) < sp.Float(10) ** -15


def test_walk_additive() -> None:
    radices = (2, 3, 5)
    right = sides(symbolic.walk_additive())[symbolic.STEPS].subs(d, 3).doit()
    letters: Any = sp.IndexedBase("q")
    value = right.subs({letters[i]: radix for i, radix in enumerate(radices, start=1)})
    assert float(value) == pytest.approx(walks.additive(Hamming(radices)), rel=1e-15)


class Gumbel(Law):
    """S(x) = exp(−e^x), cut where S is 1 − 1e−16 and where it is 0."""

    support = (-37.0, 5.0)

    def pdf(self, x: ArrayLike) -> np.ndarray:
        return np.exp(np.asarray(x) - np.exp(x))

    def sf(self, x: ArrayLike) -> np.ndarray:
        return np.exp(-np.exp(x))


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.5])
def test_rough_mount_fuji_of_gumbel_losses_is_a_sum(slope: float) -> None:
    """Σ_h C(d,h)/(1 + h e^θ + (d−h) e^{−θ})."""
    dimension, near, far = 5, *sp.symbols("n f", positive=True)
    chance = symbolic.derive_rmf_gumbel(near, far)
    assert sp.simplify(chance * (1 + near * sp.exp(symbolic.theta) + far * sp.exp(-symbolic.theta))) == 1
    shells = [
        math.comb(dimension, h) * chance.subs({near: h, far: dimension - h, symbolic.theta: slope})
        for h in range(dimension + 1)
    ]
    found = classics.rough_mount_fuji(hypercube(dimension), slope, Gumbel())
    assert found == pytest.approx(float(sum(shells)), rel=1e-11)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_exchangeable_orders_find_the_optimum_half_way(size: int) -> None:
    places = [order.index(0) + 1 for order in itertools.permutations(range(size))]
    assert symbolic.derive_exchangeable(size) == sp.Rational(sum(places), len(places)) == sp.Rational(size + 1, 2)


def test_best_number_of_samples() -> None:
    best = symbolic.derive_best_samples()
    assert sp.simplify(best - (sp.sqrt(s * (n + 1)) - 1)) == 0
    bound: Any = symbolic.bound_sample_descend().args[1].subs({n: 15625, s: 24})
    around = [float(bound.subs(m, best.subs({n: 15625, s: 24}) + shift)) for shift in (-1, 0, 1)]
    assert around[1] == min(around)


def test_derivations_are_documented() -> None:
    derivations = [function for name, function in vars(symbolic).items() if name.startswith("derive_")]
    assert len(derivations) >= 6
    assert all(inspect.getdoc(function) for function in derivations)
