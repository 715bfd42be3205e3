"""Local minima: bounds on every landscape, monotonicity in the noise, limits, and symmetries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests import strategies
from theory import minima, reference
from theory.correlations import Correlation, second_difference
from theory.graphs import ErdosRenyi, ExplicitGraph, Graph, Hamming, hypercube
from theory.laws import AR1Kernel, Kernel, LipschitzKernel, Normal, Uniform
from theory.noise import NOISELESS, Noise


def count(graph: Graph, losses: list[float]) -> int:
    return sum(reference.is_strict_minimum(graph, losses, v) for v in range(graph.n))


@given(st.data(), strategies.regular_graphs())
def test_no_landscape_has_more_minima_than_hoffmans_bound(data: st.DataObject, graph: Graph) -> None:
    losses = data.draw(strategies.landscapes(graph.n))
    assert count(graph, losses) <= minima.independence(graph) * (1 + 1e-12)  # eigenvalues are rounded


@given(st.data(), strategies.hammings())
def test_hoffmans_bound_is_met_on_hamming_graphs_of_equal_radices(data: st.DataObject, graph: Hamming) -> None:
    """Losses 0 where the letters sum to 0 modulo q, else 1: n/q words of which no two are neighbours."""
    assume(graph.is_uniform)
    letters = np.array(np.unravel_index(np.arange(graph.n), graph.radices))
    low = letters.sum(axis=0) % graph.radices[0] == data.draw(st.integers(0, graph.radices[0] - 1))
    assert count(graph, np.where(low, 0.0, 1.0).tolist()) == pytest.approx(minima.independence(graph), rel=1e-12)


@given(strategies.graphs())
def test_iid_moments_are_possible(graph: Graph) -> None:
    mean, variance = minima.iid(graph)
    assert mean == pytest.approx((1 / (graph.degrees + 1.0)).sum(), rel=1e-12)
    assert variance >= -1e-12
    assert mean + variance / mean <= graph.n + 1e-9  # E[X²] ≤ n E[X]


@given(st.data(), strategies.explicit_graphs())
def test_iid_moments_do_not_see_names(data: st.DataObject, graph: ExplicitGraph) -> None:
    image = np.array(data.draw(st.permutations(range(graph.n))))
    assert minima.iid(ExplicitGraph(graph.n, image[graph.edges])) == pytest.approx(minima.iid(graph), abs=1e-12)


@given(strategies.explicit_graphs(most=5))
@settings(max_examples=30)
def test_iid_moments_by_enumeration(graph: ExplicitGraph) -> None:
    expected = [float(moment) for moment in reference.minima_moments(graph)]
    assert list(minima.iid(graph)) == pytest.approx(expected, abs=1e-12)


@given(st.integers(1, 10**4), st.floats(1e-3, 1))
def test_erdos_renyi_moments_are_possible(n: int, p: float) -> None:
    mean, variance = minima.iid(ErdosRenyi(n, p))
    assert 1 - 1e-12 <= mean <= min(n, 1 / p) + 1e-9
    assert variance >= -1e-6 * mean  # a difference of terms up to mean², rounded
    assert mean + variance / mean <= n * (1 + 1e-9)


@given(st.integers(2, 1000), st.floats(1e-3, 0.99), st.floats(1.001, 2))
def test_more_edges_leave_fewer_minima(n: int, p: float, factor: float) -> None:
    assert minima.iid(ErdosRenyi(n, min(1, p * factor))).mean < minima.iid(ErdosRenyi(n, p)).mean


@given(st.data(), strategies.hammings(), strategies.noises(), strategies.noises())
@settings(max_examples=60)
def test_noise_adds_minima_up_to_the_iid_number(data: st.DataObject, graph: Hamming, one: Noise, other: Noise) -> None:
    assume(len(graph.radices) > 1)
    field = data.draw(strategies.fields(graph))
    little, much = sorted([one, other], key=lambda noise: noise.sd)
    low, high = minima.noise_monotone(graph, field, little)
    counts = [minima.gaussian(graph, field, noise) for noise in (NOISELESS, little, much)]
    steps = np.diff([low, *counts, high])
    assert low == counts[0]
    assert (steps >= -1e-10 * high).all()  # quadrature


@given(st.data(), strategies.hammings())
@settings(max_examples=60)
def test_little_and_much_noise(data: st.DataObject, graph: Hamming) -> None:
    field = data.draw(strategies.fields(graph))
    clean, drowned = (minima.gaussian(graph, field, Noise(sigma)) for sigma in (1e-9, 1e9))
    assert clean == pytest.approx(minima.gaussian(graph, field), rel=1e-9)
    assert drowned == pytest.approx(graph.n / (graph.degree + 1), rel=1e-9)


@given(st.data(), strategies.hammings(), strategies.noises())
@settings(max_examples=60)
def test_at_least_the_global_minimum(data: st.DataObject, graph: Hamming, noise: Noise) -> None:
    assert minima.gaussian(graph, data.draw(strategies.fields(graph)), noise) >= 1 - 1e-10  # quadrature


@given(st.data(), strategies.hammings(), strategies.noises())
@settings(max_examples=40)
def test_gaussian_does_not_see_the_order_of_coordinates(data: st.DataObject, graph: Hamming, noise: Noise) -> None:
    field = data.draw(strategies.fields(graph))
    shuffled = Hamming(tuple(data.draw(st.permutations(graph.radices))))
    assert minima.gaussian(shuffled, field, noise) == pytest.approx(minima.gaussian(graph, field, noise), rel=1e-10)


@given(st.data(), strategies.hypercubes())
@settings(max_examples=60)
def test_any_field_on_the_hypercube(data: st.DataObject, graph: Hamming) -> None:
    """r may exceed 1/2, and then the count exceeds the iid value; it never exceeds half the vertices."""
    assume(len(graph.radices) > 1)
    field = data.draw(strategies.hypercube_fields(len(graph.radices)))
    r = second_difference(field, NOISELESS)
    assume(r < 0.999 and abs(r - 0.5) > 1e-6)
    found, iid = minima.gaussian(graph, field), graph.n / (graph.degree + 1)
    assert 1 - 1e-10 <= found <= graph.n / 2
    assert (found > iid) == (r > 0.5)
    assert (r > 0.5) == (field[2] > field[1])  # not at r = 1/2
    if field[2] > field[1]:
        with pytest.raises(ValueError, match=r"rho: ρ_1 = .* < ρ_2"):
            minima.noise_monotone(graph, field)


@given(st.integers(2, 3), st.data())
@settings(max_examples=60)
def test_gaussian_on_small_hypercubes_is_an_arcsine(d: int, data: st.DataObject) -> None:
    field = data.draw(strategies.hypercube_fields(d))
    r = second_difference(field, NOISELESS)
    assume(r < 0.999)
    pairs = math.comb(d, 2) * math.asin(min(r, 1)) / (2 ** (d - 1) * math.pi)
    assert minima.gaussian(hypercube(d), field) == pytest.approx(2**d * (2.0**-d + pairs), rel=1e-7)


@given(strategies.graphs(), st.sampled_from([Normal(), Uniform()]), strategies.kernels())
@settings(max_examples=60)
def test_branching_counts_are_possible(graph: Graph, law: Normal | Uniform, kernel: Kernel) -> None:
    assume(law.support == kernel.support)
    found = minima.branching(graph, law, kernel)
    assert 0 < found <= graph.n * (1 + 1e-12)
    assert found >= int((graph.degrees == 0).sum()) * (1 - 1e-12)


@given(strategies.graphs(), st.floats(-0.8, 0.8), st.floats(0.05, 0.15))
@settings(max_examples=40)
def test_smoother_landscapes_have_fewer_minima(graph: Graph, rho: float, more: float) -> None:
    """In the branching model, for graphs of degree at least 2 (a single neighbour is worse half the time)."""
    assume(graph.degrees.max() >= 2)
    smooth, rough = (minima.branching(graph, Normal(), AR1Kernel(c)) for c in (rho + more, rho))
    assert smooth < rough


@given(st.floats(1, 50))
def test_wide_lipschitz_kernels_are_iid(tau: float) -> None:
    assert minima.branching(hypercube(4), Uniform(), LipschitzKernel(tau)) == pytest.approx(16 / 5, rel=1e-12)


@given(st.data(), strategies.hypercubes(), st.floats(-0.95, 0.95))
@settings(max_examples=40)
def test_product_fields_on_the_hypercube_branch(data: st.DataObject, graph: Hamming, c: float) -> None:
    branching = minima.branching(graph, Normal(), AR1Kernel(c))
    field = Correlation.geometric(c, len(graph.radices))
    assert minima.gaussian(graph, field) == pytest.approx(branching, rel=1e-9)
