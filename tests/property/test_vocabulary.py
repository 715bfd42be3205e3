"""Graphs, laws, kernels, fields and noise: invariants on whatever is drawn."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from tests import strategies
from theory import ruggedness
from theory.correlations import Correlation, second_difference
from theory.graphs import ExplicitGraph, Graph, Hamming, Torus, parse_graph
from theory.laws import AR1Kernel, Kernel, Law, LipschitzKernel, parse_kernel, parse_law
from theory.noise import Noise


def edges(graph: Graph) -> set[tuple[int, int]]:
    return {(v, int(u)) for v, row in enumerate(graph.neighbours) for u in row if u != v}


def distances(graph: Hamming) -> np.ndarray:
    words = np.array(np.unravel_index(np.arange(graph.n), graph.radices)).T
    return (words[:, None] != words[None]).sum(axis=2)


@st.composite
def automorphisms(draw: st.DrawFn, graph: Hamming) -> np.ndarray:
    """Image of every vertex: the letters of each coordinate permuted, and two coordinates of equal radix swapped."""
    words = np.array(np.unravel_index(np.arange(graph.n), graph.radices))
    letters = [np.array(draw(st.permutations(range(q)))) for q in graph.radices]
    moved = np.array([letters[i][words[i]] for i in range(len(words))])
    i, j = (draw(st.integers(0, len(words) - 1)) for _ in range(2))
    if graph.radices[i] == graph.radices[j]:
        moved[[i, j]] = moved[[j, i]]
    return np.asarray(np.ravel_multi_index(tuple(moved), graph.radices))


@given(strategies.graphs())
def test_neighbours_are_symmetric_without_loops_or_repeats(graph: Graph) -> None:
    found = edges(graph)
    assert {(v, u) for u, v in found} == found
    listed = graph.neighbours != np.arange(graph.n)[:, None]
    assert listed.sum() == len(found) == 2 * graph.size
    assert (listed.sum(axis=1) == graph.degrees).all()


@given(strategies.graphs())
def test_adjacency_agrees_with_neighbours(graph: Graph) -> None:
    adjacency = graph.adjacency.toarray()
    assert set(zip(*(indices.tolist() for indices in np.nonzero(adjacency)), strict=True)) == edges(graph)
    assert set(np.unique(adjacency)) <= {0, 1}


@given(strategies.graphs())
def test_smallest_eigenvalue_is_a_lower_bound_of_the_spectrum(graph: Graph) -> None:
    dense = np.linalg.eigvalsh(graph.adjacency.toarray().astype(float))
    assert graph.smallest_eigenvalue == pytest.approx(dense[0], abs=1e-11)


@given(strategies.named_graphs())
def test_text_form_gives_the_graph_back(graph: Graph) -> None:
    assert parse_graph(str(graph)) == graph


@given(strategies.explicit_graphs())
def test_explicit_graphs_forget_the_order_of_edges_and_ends(graph: ExplicitGraph) -> None:
    again = ExplicitGraph(graph.n, graph.edges[::-1, ::-1])
    assert (again.neighbours == graph.neighbours).all()


@given(strategies.tori() | strategies.hammings())
def test_products_are_explicit_graphs(graph: Torus | Hamming) -> None:
    explicit = ExplicitGraph(graph.n, np.array(sorted((v, u) for v, u in edges(graph) if v < u)))
    assert edges(explicit) == edges(graph)
    assert explicit.degree == graph.degree


@given(strategies.laws(), st.floats(-5, 5), st.floats(-5, 5))
def test_laws_are_normalised_and_decreasing(law: Law, s: float, t: float) -> None:
    assume(s < t)
    low, high = law.support
    assert 1 >= law.sf(s) >= law.sf(t) >= 0
    assert [float(law.sf(low)), float(law.sf(high))] == pytest.approx([1, 0], abs=1e-15)
    total = quad(law.pdf, low, high, points=[0.0, 0.5], epsabs=1e-12, limit=200)[0]
    assert total == pytest.approx(1, abs=1e-10)


@given(strategies.laws(), st.floats(-4, 4))
def test_law_density_is_the_slope_of_survival(law: Law, t: float) -> None:
    step = 1e-4
    assume(all(abs(t - end) > 2 * step for end in law.support))
    slope = (law.sf(t - step) - law.sf(t + step)) / (2 * step)
    # error h²/6 · pdf'' ≤ 1e−8 · 2/sd³ (sd ≥ 0.1, mass ≥ a few per cent), rounding 1e−16/h
    assert slope == pytest.approx(law.pdf(t), abs=1e-4)


@given(st.data(), strategies.kernels())
@settings(max_examples=60)
def test_kernels_are_normalised(data: st.DataObject, kernel: Kernel) -> None:
    x = data.draw(strategies.losses_of(kernel))
    low, high = kernel.support
    jumps = [float(t) for t in np.ravel(kernel.kinks(np.array(x))) if low < t < high]
    cuts = [low, *sorted({x, *jumps}), high]
    total = sum(quad(lambda y: float(kernel.pdf(x, y)), *ends, epsabs=1e-13)[0] for ends in itertools.pairwise(cuts))
    assert total == pytest.approx(1, abs=1e-10)
    assert float(kernel.sf(x, low)) == pytest.approx(1, abs=1e-10)
    assert float(kernel.sf(x, high)) == pytest.approx(0, abs=1e-10)


@given(st.data(), strategies.kernels())
def test_kernel_density_is_the_slope_of_survival(data: st.DataObject, kernel: Kernel) -> None:
    x, t = data.draw(strategies.losses_of(kernel)), data.draw(strategies.losses_of(kernel))
    step = 1e-5
    jumps = [*kernel.support, *np.ravel(kernel.kinks(np.array(x)))]
    assume(all(abs(t - jump) > 2 * step for jump in jumps))
    slope = (kernel.sf(x, t - step) - kernel.sf(x, t + step)) / (2 * step)
    assert 0 <= kernel.sf(x, t) <= 1
    # error h²/6 · pdf'' ≤ 2e−11 · 2/0.15³, rounding 1e−16/h
    assert slope == pytest.approx(kernel.pdf(x, t), abs=1e-7)


@given(strategies.kernels(), st.data())
def test_better_centres_have_better_neighbours(kernel: Kernel, data: st.DataObject) -> None:
    """S(x, t) increases with x where losses are positively correlated."""
    assume(not isinstance(kernel, AR1Kernel) or kernel.rho >= 0)
    first, second, t = (data.draw(strategies.losses_of(kernel)) for _ in range(3))
    low, high = sorted([first, second])
    assert kernel.sf(low, t) <= kernel.sf(high, t) + 1e-14  # rounding


@given(strategies.kernels())
def test_kernel_text_form_gives_the_kernel_back(kernel: Kernel) -> None:
    assert parse_kernel(str(kernel)) == kernel


@given(strategies.laws())
def test_law_text_form_gives_the_law_back(law: Law) -> None:
    assert parse_law(str(law)) == law


@given(st.floats(0.01, 3))
def test_lipschitz_edges_lie_inside(tau: float) -> None:
    edges = LipschitzKernel(tau).edges
    assert all(0 < edge < 1 for edge in edges)
    assert sorted(set(edges)) == list(edges)
    assert tau >= 1 or {round(tau, 12), round(1 - tau, 12)} <= {round(edge, 12) for edge in edges}


@given(st.data(), strategies.hammings())
def test_truncated_fields_are_completed(data: st.DataObject, graph: Hamming) -> None:
    """Whatever is cut off a possible field, a possible completion is found, and dense eigenvalues agree."""
    field = data.draw(strategies.fields(graph))
    kept = data.draw(st.integers(1, len(field.rho)))
    full = Correlation(field.rho[:kept]).completed(graph)
    assert full.rho[:kept] == field.rho[:kept]
    smallest = np.linalg.eigvalsh(np.array(full.rho)[distances(graph)])[0]
    assert smallest > -1e-8 * graph.n


@given(st.data(), strategies.hypercubes())
def test_truncated_hypercube_fields_are_completed(data: st.DataObject, graph: Hamming) -> None:
    field = data.draw(strategies.hypercube_fields(len(graph.radices)))
    kept = data.draw(st.integers(1, len(field.rho)))
    full = Correlation(field.rho[:kept]).completed(graph)
    assert np.linalg.eigvalsh(np.array(full.rho)[distances(graph)])[0] > -1e-8 * graph.n


@given(st.data(), strategies.hammings(), st.lists(st.floats(-1, 1), min_size=5, max_size=5))
def test_a_field_is_refused_exactly_if_it_has_a_negative_eigenvalue(
    data: st.DataObject, graph: Hamming, values: list[float]
) -> None:
    rho = (1.0, *values[: len(graph.radices)])
    smallest = np.linalg.eigvalsh(np.array(rho)[distances(graph)])[0]
    assume(abs(smallest) > 1e-6)
    if smallest > 0:
        assert Correlation(rho).completed(graph).rho == rho
    else:
        with pytest.raises(ValueError, match="positive semi-definite"):
            Correlation(rho).completed(graph)


@given(st.data(), strategies.hammings(), strategies.noises())
def test_noise_lowers_correlations_and_raises_r(data: st.DataObject, graph: Hamming, noise: Noise) -> None:
    assume(len(graph.radices) > 1)
    field = data.draw(strategies.fields(graph))
    observed = field.observed(noise)
    assert all(abs(seen) <= abs(true) for seen, true in zip(observed.rho, field.rho, strict=True))
    assert second_difference(field, noise) == pytest.approx(second_difference(observed, Noise(0)), abs=1e-9)
    assert second_difference(field, noise) >= second_difference(field, Noise(0)) - 1e-12
    assert -1e-12 <= second_difference(field, noise) <= 0.5 + 1e-12


@given(st.floats(0, 1e6), st.integers(1, 10**4))
def test_averages_have_less_noise(sigma: float, draws: int) -> None:
    assert Noise(sigma, draws).sd ** 2 * draws == pytest.approx(sigma**2, rel=1e-12)


@given(st.data(), strategies.hammings())
def test_covariance_is_the_mean_over_pairs(data: st.DataObject, graph: Hamming) -> None:
    losses = np.array(data.draw(strategies.landscapes(graph.n)))
    products = np.outer(losses - losses.mean(), losses - losses.mean())
    expected = [products[distances(graph) == h].mean() for h in range(len(graph.radices) + 1)]
    found = ruggedness.covariance_by_distance(graph, losses)
    assert found == pytest.approx(expected, abs=1e-13 * max(1, float(np.abs(products).max())))
    assert found @ _sizes(graph) == pytest.approx(0, abs=1e-12 * max(1, float(np.abs(products).max())) * graph.n)


def _sizes(graph: Hamming) -> np.ndarray:
    """Vertices at each distance of a vertex; the covariances of all pairs sum to 0."""
    return np.bincount(distances(graph)[0], minlength=len(graph.radices) + 1)


@given(st.data(), strategies.hammings())
def test_correlation_is_possible_and_bounded(data: st.DataObject, graph: Hamming) -> None:
    losses = np.array(data.draw(strategies.landscapes(graph.n)))
    assume(np.ptp(losses) > 1e-3)
    rho = ruggedness.correlation_by_distance(graph, losses).rho
    assert rho[0] == 1
    assert np.abs(rho).max() <= 1
    if graph.is_uniform:
        assert np.linalg.eigvalsh(np.array(rho)[distances(graph)])[0] > -1e-9 * graph.n


@given(st.data(), strategies.hammings())
def test_ruggedness_does_not_see_names(data: st.DataObject, graph: Hamming) -> None:
    """Relabelling the vertices by an automorphism, or rescaling the losses, changes nothing."""
    losses = np.array(data.draw(strategies.landscapes(graph.n)))
    assume(np.ptp(losses) > 1e-3)
    image = data.draw(automorphisms(graph))
    assert edges(graph) == {(int(image[u]), int(image[v])) for u, v in edges(graph)}
    expected = ruggedness.correlation_by_distance(graph, losses).rho
    assert ruggedness.correlation_by_distance(graph, losses[image]).rho == pytest.approx(expected, abs=1e-9)
    assert ruggedness.correlation_by_distance(graph, 3 - 2 * losses).rho == pytest.approx(expected, abs=1e-9)


@given(st.data(), st.integers(1, 30))
def test_normal_scores_keep_order_and_ties(data: st.DataObject, n: int) -> None:
    losses = np.array(data.draw(strategies.landscapes(n)))
    scores = ruggedness.normal_scores(losses)
    assert (np.sign(scores[:, None] - scores) == np.sign(losses[:, None] - losses)).all()
    assert ruggedness.normal_scores(-losses) == pytest.approx(-scores, abs=1e-12)


def test_strategies_draw_the_edge_cases() -> None:
    """A strategy that never drew these would test less than it says."""
    cases = {
        "isolated vertex": lambda graph: graph.degrees.min() == 0,
        "single vertex": lambda graph: graph.n == 1,
        "irregular": lambda graph: np.ptp(graph.degrees) > 0,
        "torus": lambda graph: isinstance(graph, Torus),
        "mixed radices": lambda graph: isinstance(graph, Hamming) and not graph.is_uniform,
    }
    seen: set[str] = set()

    @given(strategies.graphs())
    def collect(graph: Graph) -> None:
        seen.update(name for name, holds in cases.items() if holds(graph))

    collect()
    assert seen == set(cases)
