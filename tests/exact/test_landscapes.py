"""Laws of the landscapes by linear algebra: a Gaussian sampler is a linear map A of white noise, of covariance A·Aᵀ."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from simulations import landscapes, trees
from theory.correlations import Anisotropic, Correlation
from theory.graphs import ErdosRenyi, ExplicitGraph, Graph, Hamming, RandomRegular, complete, cycle, hypercube
from theory.laws import Kernel, Law, Uniform, UniformKernel
from theory.noise import Noise


class Tape:
    """A generator whose variates are read from a given list, and whose choices are the first ones."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.read = values, 0

    def standard_normal(self, size: int | tuple[int, ...] = ()) -> np.ndarray:
        count = int(np.prod(size))
        self.read += count
        return self.values[self.read - count : self.read].reshape(size)

    random = standard_normal

    def choice(self, options: list[int], size: int, replace: bool) -> list[int]:
        return options[:size]


def linear_map(sample: Callable[[np.random.Generator], np.ndarray], variates: int) -> np.ndarray:
    """The matrix A of a sampler that reads the given number of variates, all of them."""
    columns = []
    for unit in np.eye(variates):
        tape = Tape(unit)
        columns.append(sample(cast(Any, tape)))
        assert tape.read == variates
    return np.stack(columns, axis=1)


def differences(graph: Hamming) -> np.ndarray:
    """Whether the letters of two vertices differ, shape (n, n, d)."""
    words = np.array(list(itertools.product(*(range(q) for q in graph.radices))))
    return words[:, None] != words[None]


def distances(graph: Hamming) -> np.ndarray:
    """Hamming distances of all pairs, shape (n, n)."""
    return differences(graph).sum(axis=2)


FIELDS = [
    (hypercube(3), (1, 0.4, 0.1, -0.2)),
    (hypercube(4), (1, -0.2, 0.3, -0.2, 0.5)),
    (complete(4), (1, -1 / 3)),  # the edge of what is possible: the losses sum to zero
    (Hamming((3, 3)), (1, 0.5, 0.25)),
    (Hamming((3, 4, 2)), (1, 0.6, 0.36, 0.216)),
    (Hamming((2, 5, 3)), (1, 0.2, -0.1, 0.05)),
    (Hamming((4, 3)), (1, 0.5, 0)),  # additive: the highest frequencies are absent
    (Hamming((3, 2)), (1, 0, 0)),
    (Hamming((3, 2)), (1, 1, 1)),
]


@pytest.mark.parametrize(("graph", "rho"), FIELDS, ids=str)
def test_gaussian_field_has_its_covariance(graph: Hamming, rho: tuple[float, ...]) -> None:
    A = linear_map(lambda rng: landscapes.gaussian(graph, Correlation(rho), rng), graph.n)
    np.testing.assert_allclose(A @ A.T, np.array(rho)[distances(graph)], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("graph", "rho"),
    [
        (complete(4), (1, -0.34)),
        (hypercube(2), (1, 0.9, 0.5)),
        (Hamming((3, 3)), (1, -0.6, 1)),
        (Hamming((3, 4)), (1, 0.51, 0)),
        (Hamming((2, 5, 3)), (1, 0, 0, 0.2)),
    ],
    ids=str,
)
def test_impossible_correlation_is_refused(graph: Hamming, rho: tuple[float, ...]) -> None:
    assert np.linalg.eigvalsh(np.array(rho)[distances(graph)])[0] < -1e-3
    with pytest.raises(ValueError, match=r"rho: .* is not positive semi-definite on"):
        landscapes.gaussian(graph, Correlation(rho), np.random.default_rng(0))


@pytest.mark.parametrize("rho", [(1, 0.5), (1, 0.5, 0.2, 0.1)])
def test_correlation_must_cover_all_distances(rho: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="values given, a field on hamming:3x4 needs 3"):
        landscapes.gaussian(Hamming((3, 4)), Correlation(rho), np.random.default_rng(0))


@pytest.mark.parametrize("graph", [hypercube(3), complete(4), Hamming((3, 4, 2))], ids=str)
def test_additive_covariance_is_the_share_of_equal_letters(graph: Hamming) -> None:
    A = linear_map(lambda rng: landscapes.additive(graph, rng), sum(graph.radices))
    np.testing.assert_allclose(A @ A.T, 1 - distances(graph) / len(graph.radices), rtol=0, atol=1e-14)


@pytest.mark.parametrize("c", [(0.2, 0.9, 0.5), (0, 1, 0.3), (1, 1, 1)])
def test_anisotropic_covariance_is_a_product(c: tuple[float, ...]) -> None:
    graph = Hamming((3, 2, 4))
    A = linear_map(lambda rng: landscapes.gaussian(graph, Anisotropic(c), rng), graph.n)
    expected = np.where(differences(graph), c, 1.0).prod(axis=2)
    np.testing.assert_allclose(A @ A.T, expected, rtol=0, atol=1e-12)


def test_anisotropic_correlation_must_fit() -> None:
    with pytest.raises(ValueError, match="c: 2 values given, a field on hamming:3x2x4 needs 3"):
        landscapes.gaussian(Hamming((3, 2, 4)), Anisotropic((0.5, 0.5)), np.random.default_rng(0))


def test_rough_mount_fuji_is_a_cone_with_noise() -> None:
    graph = Hamming((3, 4))
    cone = landscapes.rough_mount_fuji(graph, 0.7, cast(Any, Tape(np.zeros(12))))
    np.testing.assert_allclose(cone, 0.7 * distances(graph)[0])
    A = linear_map(lambda rng: landscapes.rough_mount_fuji(graph, 0.0, rng), graph.n)
    assert np.array_equal(A, np.eye(12))


@pytest.mark.parametrize(
    ("neighbourhood", "k", "groups"),
    [
        ("adjacent", 1, [(0, 1), (1, 2), (2, 3), (3, 0)]),
        ("adjacent", 2, [(0, 1, 2), (1, 2, 3), (2, 3, 0), (3, 0, 1)]),
        ("block", 1, [(0, 1), (0, 1), (2, 3), (2, 3)]),
        ("random", 1, [(0, 1), (1, 0), (2, 0), (3, 0)]),
        ("random", 3, [(0, 1, 2, 3)] * 4),
        ("block", 0, [(0,), (1,), (2,), (3,)]),
    ],
)
def test_nk_covariance_is_the_share_of_unchanged_groups(
    neighbourhood: str, k: int, groups: list[tuple[int, ...]]
) -> None:
    graph = Hamming((2, 3, 2, 2))
    variates = sum(math.prod(graph.radices[i] for i in group) for group in groups)
    A = linear_map(lambda rng: landscapes.nk(graph, k, neighbourhood, rng), variates)
    same = [~differences(graph)[:, :, list(group)].any(axis=2) for group in groups]
    np.testing.assert_allclose(A @ A.T, np.mean(same, axis=0), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("k", "neighbourhood", "message"),
    [
        (4, "random", "k: 4 does not fit 4"),
        (-1, "adjacent", "k: -1"),
        (2, "block", "k: 2"),
        (1, "far", "'far' is unknown"),
    ],
)
def test_impossible_nk_is_refused(k: int, neighbourhood: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        landscapes.nk(hypercube(4), k, neighbourhood, np.random.default_rng(0))


@pytest.mark.parametrize("graph", [cycle(5), Hamming((3, 2))], ids=str)
def test_iid_losses_have_unit_covariance(graph: Graph) -> None:
    A = linear_map(lambda rng: landscapes.iid(graph, rng), graph.n)
    assert np.array_equal(A @ A.T, np.eye(graph.n))


@pytest.mark.parametrize(("sigma", "average"), [(0.7, 1), (0.7, 3), (2, 4)])
def test_noise_is_independent_with_its_variance(sigma: float, average: int) -> None:
    A = linear_map(lambda rng: landscapes.observe(np.zeros(5), Noise(sigma, average), rng), 5 * average)
    np.testing.assert_allclose(A @ A.T, sigma**2 / average * np.eye(5), rtol=0, atol=1e-14)


def test_noise_is_added_to_the_losses() -> None:
    losses = np.array([1.0, 5.0])
    assert landscapes.observe(losses, Noise(0.5), cast(Any, Tape(np.array([2.0, -4.0])))).tolist() == [2.0, 3.0]
    assert landscapes.observe(losses, Noise(0.0), cast(Any, Tape(np.empty(0)))).tolist() == [1.0, 5.0]
    assert losses.tolist() == [1.0, 5.0]


REGULAR = [(n, s) for n in range(1, 10) for s in range(n) if n * s % 2 == 0]


@pytest.mark.parametrize(("n", "s"), [*REGULAR, (50, 6), (50, 43), (201, 24)])
def test_random_regular_graph_is_simple_and_regular(n: int, s: int) -> None:
    rng = np.random.default_rng([n, s])
    for _ in range(5):
        graph = landscapes.draw_graph(RandomRegular(n, s), rng)
        assert isinstance(graph, ExplicitGraph)
        assert (
            len({frozenset(edge) for edge in graph.edges.tolist()} - {frozenset([v]) for v in range(n)}) == n * s // 2
        )
        assert graph.degrees.tolist() == [s] * n


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (2, 1), (6, 0), (6, 1), (30, 0.2), (200, 0.05)])
def test_erdos_renyi_graph_has_binomially_many_edges(n: int, p: float) -> None:
    """Within 6 standard deviations: false alarm below 2e−8 a case, and the cases p = 0, 1 are exact."""
    pairs = math.comb(n, 2)
    graph = landscapes.draw_graph(ErdosRenyi(n, p), np.random.default_rng(0))
    assert isinstance(graph, ExplicitGraph)
    assert abs(len(graph.edges) - p * pairs) <= 6 * math.sqrt(pairs * p * (1 - p))


@pytest.mark.parametrize("graph", [RandomRegular(12, 3), RandomRegular(12, 8), ErdosRenyi(12, 0.3)], ids=str)
def test_graphs_are_drawn_from_the_generator_alone(graph: Graph) -> None:
    first, again, other = (
        landscapes.draw_graph(graph, np.random.default_rng(s)).neighbours.tolist() for s in (5, 5, 6)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("graph", [cycle(5), hypercube(3), ExplicitGraph(2, np.array([(0, 1)]))], ids=str)
def test_concrete_graph_is_its_own_draw(graph: Graph) -> None:
    assert landscapes.draw_graph(graph, np.random.default_rng(0)) is graph


@pytest.mark.parametrize("n", range(2, 10))
def test_pairs_are_numbered_in_lexicographic_order(n: int) -> None:
    pairs = np.array(list(itertools.combinations(range(n), 2)))
    numbers = np.arange(len(pairs))
    assert np.array_equal(landscapes._pair(numbers, n), pairs)
    assert np.array_equal(landscapes._code(pairs, n), numbers)
    assert np.array_equal(landscapes._code(pairs[:, ::-1], n), numbers)


def test_numbers_of_pairs_do_not_overflow() -> None:
    n = 100_000
    last = math.comb(n, 2) - 1
    assert landscapes._pair(np.array([0, last]), n).tolist() == [[0, 1], [n - 2, n - 1]]
    assert landscapes._code(np.array([[0, 1], [n - 1, n - 2]]), n).tolist() == [0, last]


def test_neighbour_losses_keep_the_shape() -> None:
    assert trees.draw_neighbours(UniformKernel(), np.zeros((3, 4)), np.random.default_rng(0)).shape == (3, 4)


def test_unknown_kernels_and_laws_are_refused() -> None:
    with pytest.raises(ValueError, match=r"kernel: .* cannot be drawn from"):
        trees.draw_neighbours(Kernel(), np.zeros(2), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"law: .* cannot be drawn from"):
        trees.draw_loss(Law(), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("rule", "losses", "steps", "evaluations", "end"),
    [
        ("steepest", [0.7, 0.3, 0.4, 0.9, 0.8], 1, 6, 0.3),
        ("first", [0.7, 0.3, 0.4, 0.9, 0.8], 1, 5, 0.3),
        ("reluctant", [0.7, 0.3, 0.4, 0.9, 0.8], 1, 6, 0.4),
        ("steepest", [0.7, 0.4, 0.6, 0.2, 0.1, 0.9, 0.8], 2, 8, 0.1),
        ("first", [0.7, 0.4, 0.6, 0.2, 0.1, 0.9, 0.8], 2, 6, 0.2),
        ("first", [0.6, 0.7, 0.8], 0, 4, 0.5),
    ],
)
def test_a_walk_in_a_tree(rule: str, losses: list[float], steps: int, evaluations: int, end: float) -> None:
    """From 0.5, with 3 neighbours there and 2 new ones at every later vertex."""
    tape = Tape(np.array([0.5, *losses]))
    found = trees.walk(Uniform(), UniformKernel(), 3, rule, cast(Any, tape))
    assert found.tolist() == [steps, evaluations, end]
    assert tape.read == len(tape.values)


@pytest.mark.parametrize(
    ("losses", "counts"),
    [
        ([0.1, 0.5, 0.1], [0, 0]),  # of two children 0.5 is worse, but prefers its own child 0.1
        ([0.1, 0.5, 0.3], [1, 0]),  # now it steps to the root; its child 0.3 is better than 0.5
        ([0.1, 0.5, 0.9, 0.6], [1, 1]),  # its child 0.9 steps to 0.5, as 0.6 is worse than 0.5
        ([0.1, 0.5, 0.9, 0.4], [1, 0]),  # but not where its own child 0.4 is better than 0.5
        ([0.4, 0.5, 0.3, 0.3], [2, 0]),
    ],
)
def test_preimages_in_a_tree(losses: list[float], counts: list[int]) -> None:
    """A root of loss 0.2 in the tree of degree 2, two generations."""
    tape = Tape(np.array(losses))
    assert trees.preimages(UniformKernel(), 2, 0.2, 2, cast(Any, tape)).tolist() == counts
    assert tape.read == len(losses)
