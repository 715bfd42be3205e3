"""Derivations of the statements; their values are in test_symbolic_values.py."""

from __future__ import annotations

import inspect
import itertools
import math
from typing import Any

import numpy as np
import pytest
import sympy as sp
from numpy.typing import ArrayLike

from theory import catalogue, classics, minima, symbolic, symbolic_noise
from theory.correlations import Correlation
from theory.graphs import Hamming, hypercube
from theory.laws import Law
from theory.noise import Noise
from theory.symbolic import a, b, k, m, n, p, r, rho1, rho2, s, sigma
from theory.symbolic_values import normal, number, sides

NAS = Hamming((5,) * 6)


def test_every_statement_is_in_the_catalogue() -> None:
    assert set(symbolic.STATEMENTS | symbolic_noise.STATEMENTS) == set(catalogue.RESULTS)


@pytest.mark.parametrize("name", symbolic.STATEMENTS | symbolic_noise.STATEMENTS)
def test_statements_are_relations(name: str) -> None:
    statement = (symbolic.STATEMENTS | symbolic_noise.STATEMENTS)[name]()
    assert statement.atoms(sp.core.relational.Relational)
    assert not statement.is_Atom


def test_minimum_probability() -> None:
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


@pytest.mark.parametrize("depth", range(1, 7))
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


@pytest.mark.parametrize("degree", [2, 3, 10])
def test_reluctant_tree_series(degree: int) -> None:
    assert abs(symbolic.derive_reluctant_tree(degree) - sp.Rational(degree, 2)) < sp.Float(10) ** -15


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


def test_regret_of_a_step_is_what_denoising_computes() -> None:
    """m − σm' of the statement, with G(r) = exp(tr) and so G' = tG, and the form of `denoising.step`."""
    assert symbolic_noise.derive_step_regret() == 0
    stated, G, slope = sides(symbolic_noise.noise_regret()), sp.Function("G"), sp.Symbol("t", positive=True)
    least = stated[sp.Function("m")(sigma)].replace(G, lambda at: sp.exp(slope * at)).subs(r, stated[r])
    chosen = stated[symbolic_noise.CHOSEN].replace(sp.Function("m"), lambda _: least).doit()
    v = 1 + sigma**2 - rho1
    excess = sp.exp(slope * stated[r])
    form = -sp.sqrt(2 / v) * ((1 - rho1) - sigma**2 * (rho1 - rho2) / v * slope) * excess
    for field in ((sp.Rational(3, 5), sp.Rational(9, 25)), (sp.Rational(1, 4), sp.Rational(1, 3))):
        values = {rho1: field[0], rho2: field[1], sigma: sp.Rational(1, 2), slope: sp.Rational(2, 3)}
        assert abs(sp.N((chosen - form).subs(values), 30)) < sp.Float(10) ** -25
        assert abs(sp.N((chosen + form).subs(values), 30)) > 1


def test_regret_of_candidates_is_derived() -> None:
    rho, e = sp.Symbol("rho", real=True), sp.Symbol("e", positive=True)
    chosen = sides(symbolic_noise.noise_regret_candidates())[symbolic_noise.CHOSEN]
    assert sp.simplify(symbolic_noise.derive_candidates() - chosen.replace(symbolic_noise.e_max, lambda _: e)) == 0
    assert sp.simplify(symbolic_noise.derive_candidates().subs(sigma, 0) + e * sp.sqrt(1 - rho)) == 0


@pytest.mark.parametrize(("dimension", "letters"), [(1, 2), (3, 2), (2, 3), (4, 5)])
def test_walks_have_the_krawtchouk_polynomials_as_eigenvectors(dimension: int, letters: int) -> None:
    assert symbolic_noise.derive_distance_chain(dimension, letters) == 0


@pytest.mark.parametrize(("count", "expected"), [(2, 1 / sp.sqrt(sp.pi)), (3, 3 / (2 * sp.sqrt(sp.pi)))])
def test_largest_of_a_few_normal_numbers(count: int, expected: Any) -> None:
    (stated,) = sides(symbolic_noise.largest_of()).values()
    found = number(normal(stated.subs(symbolic_noise.m, count)))
    assert abs(found - expected) < sp.Float(10) ** -18


def test_derivations_are_documented() -> None:
    found = vars(symbolic) | vars(symbolic_noise)
    derivations = [function for name, function in found.items() if name.startswith("derive_")]
    assert len(derivations) >= 9
    assert all(inspect.getdoc(function) for function in derivations)
