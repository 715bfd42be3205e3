"""The literal definitions themselves, on landscapes small enough to check by hand or by networkx."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
import sympy as sp

from theory import basins, reference
from theory.correlations import Correlation
from theory.graphs import ExplicitGraph, Graph, Hamming, complete, cycle, hypercube, parse_graph
from theory.laws import AR1Kernel, Kernel, LipschitzKernel, TruncatedNormalKernel, UniformKernel
from theory.noise import NOISELESS, Noise

RULES = ("steepest", "first", "reluctant")
KITE = ExplicitGraph(6, np.array([(0, 1), (0, 2), (1, 2), (2, 3), (3, 4)]))  # a triangle with a tail, and vertex 5
LOSSES = [5, 3, 4, 1, 2, 0]
"""0 → 1 stays; 2 → 3 stays; 4 → 3; 5 is isolated."""


def test_neighbourhood() -> None:
    assert [reference.neighbourhood(KITE, v) for v in range(6)] == [[1, 2], [0, 2], [0, 1, 3], [2, 4], [3], []]
    assert reference.neighbourhood(Hamming((3, 2)), 0) == [1, 2, 4]


def test_steps_by_hand() -> None:
    assert [reference.local_search_step(KITE, LOSSES, v) for v in range(6)] == [1, 1, 3, 3, 3, 5]
    assert [v for v in range(6) if reference.is_strict_minimum(KITE, LOSSES, v)] == [1, 3, 5]
    assert [reference.path(KITE, LOSSES, v) for v in (0, 2, 4, 5)] == [[0, 1], [2, 3], [4, 3], [5]]
    assert reference.better_neighbours(KITE, LOSSES, 0) == [1, 2]
    assert reference.better_neighbours(KITE, [1, 0, 0, 1, 0, 0], 0) == [1, 2]  # a tie goes to the lowest index


def test_plateaus_hold_no_strict_minimum_and_stop_the_walk() -> None:
    flat = [1] * 6
    assert [reference.is_strict_minimum(KITE, flat, v) for v in range(6)] == [False] * 5 + [True]
    assert [reference.path(KITE, flat, v) for v in range(6)] == [[v] for v in range(6)]


def test_evaluations_by_hand() -> None:
    assert [reference.evaluations(KITE, LOSSES, v) for v in range(6)] == [3, 3, 5, 3, 3, 1]


def test_expected_steps_by_hand() -> None:
    steps = {rule: [reference.expected_steps(KITE, LOSSES, v, rule) for v in range(6)] for rule in RULES}
    assert steps["steepest"] == [1, 0, 1, 0, 1, 0]
    assert steps["reluctant"] == [2, 0, 1, 0, 1, 0]  # 0 → 2, the least improvement, → 1
    assert steps["first"] == [Fraction(3, 2), 0, 1, 0, 1, 0]


def test_reluctant_and_steepest_differ_from_a_crossroads() -> None:
    losses = [3, 0, 2, 1, 5, 4]  # 0 → 1 at once, or reluctantly 0 → 2 → 3
    assert reference.expected_steps(KITE, losses, 0, "steepest") == 1
    assert reference.expected_steps(KITE, losses, 0, "reluctant") == 2
    assert reference.expected_steps(KITE, losses, 2, "reluctant") == 1


def test_preimages_by_hand() -> None:
    assert [reference.preimages(KITE, LOSSES, v, 0) for v in (1, 3)] == [{1}, {3}]
    assert [reference.preimages(KITE, LOSSES, v, 1) for v in range(6)] == [set(), {0}, set(), {2, 4}, set(), set()]
    assert reference.preimages(KITE, LOSSES, 3, 2) == set()
    assert reference.preimages(complete(3), [0, 1, 2], 0, 1) == {1, 2}


@pytest.mark.parametrize("losses", [(2, 0, 5, 1, 3, 4, 7, 6), (0, 1, 1, 0, 1, 0, 0, 1), (3, 1, 4, 1, 5, 9, 2, 6)])
def test_preimages_of_minima_partition_the_starts(losses: tuple[int, ...]) -> None:
    graph = hypercube(3)
    ends = {reference.path(graph, losses, v)[-1] for v in range(8)}
    sets = [reference.preimages(graph, losses, v, k) for v in ends for k in range(8)]
    assert sorted(itertools.chain(*sets)) == list(range(8))


@pytest.mark.parametrize("losses", [(2, 0, 5, 1, 3, 4, 7, 6), (3, 1, 4, 1, 5, 9, 2, 6)])
def test_steps_and_paths_are_networkx_walks(losses: tuple[int, ...]) -> None:
    graph = hypercube(3)
    arrows = nx.DiGraph((v, reference.local_search_step(graph, losses, v)) for v in range(8))
    loops = set(nx.nodes_with_selfloops(arrows))
    for v in range(8):
        path = reference.path(graph, losses, v)
        assert path[-1] in loops
        assert path == nx.shortest_path(arrows, v, path[-1])
        assert reference.expected_steps(graph, losses, v, "steepest") == len(path) - 1


def test_average_is_exact() -> None:
    assert reference.average(complete(3), lambda losses: losses[0]) == 1
    assert reference.average(complete(4), lambda losses: losses[0] < losses[1]) == Fraction(1, 2)
    assert len(list(reference.rankings(complete(4)))) == 24


def test_enumeration_has_a_limit() -> None:
    with pytest.raises(ValueError, match=r"graph: cycle:9 has n = 9 vertices"):
        next(reference.rankings(cycle(9)))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_complete_graph_has_one_minimum(n: int) -> None:
    graph: Graph = complete(n) if n > 1 else ExplicitGraph(1, np.empty((0, 2)))
    assert reference.minima_moments(graph) == (1, 0)
    assert reference.walk_steps(graph, "steepest") == 1 - Fraction(1, n)
    assert reference.walk_steps(graph, "first") == sum(Fraction(1, k) for k in range(2, n + 1))  # records: H_n − 1


def test_symbolic_losses_are_allowed() -> None:
    losses = [sp.sqrt(2), sp.Rational(7, 5), sp.pi, sp.E]
    assert reference.path(cycle(4), losses, 3) == [3, 0, 1]


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("degree", [2, 3, 24])
@pytest.mark.parametrize("loss", [0.0, 0.3])
def test_nested_quadrature_in_the_iid_model(degree: int, loss: float, depth: int) -> None:
    gap = 1 - loss
    expected = {1: degree * gap**degree, 2: degree * (degree - 1) * gap ** (2 * degree - 1) / (degree + 1)}
    found = reference.preimage_nested(UniformKernel(), degree, loss, depth)
    assert found == pytest.approx(expected[depth], rel=1e-10)


@pytest.mark.parametrize("kernel", [LipschitzKernel(0.3), LipschitzKernel(0.7)], ids=str)
def test_nested_quadrature_takes_kinks(kernel: Kernel) -> None:
    nested = [reference.preimage_nested(kernel, 3, 0.0, depth) for depth in (1, 2)]
    assert nested == pytest.approx(basins.branching(kernel, 3, 0.0, 2).by_depth, rel=1e-10)


def test_nested_quadrature_of_tiny_preimages() -> None:
    """24 ∫_x φ_x(y) Φ((ρy−x)/√(1−ρ²))^23 dy at x = 1.2, ρ = −1/2, by mpmath with 100 digits."""
    found = reference.preimage_nested(AR1Kernel(-0.5), 24, 1.2, 1)
    assert found == pytest.approx(7.655343532899659e-42, rel=1e-9, abs=0)


@pytest.mark.parametrize(("graph", "c", "noise"), [("hamming:3^2", 0.5, NOISELESS), ("hamming:2x3", 0.3, Noise(0.7))])
def test_difference_covariance_is_literal(graph: str, c: float, noise: Noise) -> None:
    space = parse_graph(graph)
    assert isinstance(space, Hamming)
    letters = list(itertools.product(*map(range, space.radices)))
    distance = np.array([[sum(a != b for a, b in zip(u, v, strict=True)) for u in letters] for v in letters])
    field = c**distance + noise.sigma**2 * np.eye(space.n)
    difference = np.eye(space.n)[[int(u) for u in space.neighbours[0]]] - np.eye(space.n)[0]
    found = reference.difference_covariance(space, Correlation.geometric(c, 2), noise)
    assert found == pytest.approx(difference @ field @ difference.T, abs=1e-14)


@pytest.mark.parametrize("noise", [NOISELESS, Noise(0.7)], ids=["clean", "noisy"])
def test_gaussian_minima_of_two_and_three_differences(noise: Noise) -> None:
    """Orthants of two and three normals are known: 1/4 + asin(r)/2π and 1/8 + Σ asin(r_ij)/4π."""
    for graph, field in ((hypercube(2), Correlation((1, 0.5, 0.3))), (hypercube(3), Correlation((1, 0.5, 0.3, 0.2)))):
        covariance = reference.difference_covariance(graph, field, noise)
        angles = np.arcsin((covariance / covariance[0, 0])[np.triu_indices(len(covariance), 1)]).sum()
        s = len(covariance)
        expected = graph.n * (2.0**-s + angles / (2 ** (s - 1) * math.pi))
        assert reference.gaussian_minima(graph, field, noise) == pytest.approx(expected, rel=1e-5)


def test_gaussian_minima_draws_no_random_number() -> None:
    field = Correlation.geometric(0.6, 2)
    first, second = (reference.gaussian_minima(Hamming((2, 3)), field, NOISELESS) for _ in range(2))
    assert first == second


def test_smooth_kernels_agree_with_a_closed_form_at_the_best_loss() -> None:
    """At the lowest loss every neighbour is worse: E|LS^{-1}| = s."""
    for kernel in (TruncatedNormalKernel(0.35), TruncatedNormalKernel(0.1), UniformKernel()):
        assert reference.preimage_nested(kernel, 7, 0.0, 1) == pytest.approx(7, rel=1e-10)
