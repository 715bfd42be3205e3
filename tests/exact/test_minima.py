"""Expected local minima against enumeration, symbolic integrals, orthant probabilities and the reference values."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest
import sympy as sp
from networkx.algorithms.isomorphism import GraphMatcher
from networkx.generators.atlas import graph_atlas_g
from scipy.integrate import quad
from scipy.stats import multivariate_normal

from theory import classics, levels, minima, reference, symbolic
from theory.correlations import Anisotropic, Correlation, second_difference
from theory.graphs import (
    ErdosRenyi,
    ExplicitGraph,
    Graph,
    Hamming,
    RandomRegular,
    Torus,
    complete,
    cycle,
    hypercube,
    parse_graph,
)
from theory.laws import (
    AR1Kernel,
    Kernel,
    Law,
    LipschitzKernel,
    Normal,
    TruncatedNormal,
    TruncatedNormalKernel,
    Uniform,
    UniformKernel,
)
from theory.minima import Moments
from theory.noise import NOISELESS, Noise

NAS = Hamming((5,) * 6)
ATLAS = [graph for graph in graph_atlas_g() if 1 <= len(graph) <= 5]
"""Every graph of at most five vertices, up to isomorphism: edgeless, disconnected and complete ones among them."""


def explicit(graph: nx.Graph) -> ExplicitGraph:
    return ExplicitGraph.from_networkx(graph)


def moments(graph: Graph) -> Moments:
    mean, variance = reference.minima_moments(graph)
    return Moments(float(mean), float(variance))


@pytest.mark.parametrize("graph", ATLAS, ids=lambda graph: graph.name)
def test_iid_on_every_graph_of_five_vertices(graph: nx.Graph) -> None:
    assert minima.iid(explicit(graph)) == pytest.approx(moments(explicit(graph)), abs=1e-14)


@pytest.mark.parametrize(
    "graph",
    [
        *(complete(n) for n in (2, 3, 6)),
        *(cycle(n) for n in (3, 4, 5, 6, 7)),
        *(hypercube(2), hypercube(3), Hamming((2, 3)), Hamming((3, 2))),
        *(explicit(nx.star_graph(6)), explicit(nx.path_graph(7)), explicit(nx.complete_bipartite_graph(2, 4))),
        explicit(nx.disjoint_union(nx.cycle_graph(3), nx.path_graph(4))),
    ],
    ids=str,
)
def test_iid_is_enumeration(graph: Graph) -> None:
    assert minima.iid(graph) == pytest.approx(moments(graph), abs=1e-14)


@pytest.mark.parametrize("graph", [NAS, hypercube(7), Hamming((2, 3, 4)), Torus((4, 5)), complete(30)], ids=str)
def test_iid_does_not_depend_on_how_the_graph_is_given(graph: Graph) -> None:
    rows, columns = graph.adjacency.nonzero()
    edges = np.stack([rows[rows < columns], columns[rows < columns]], axis=1)
    assert minima.iid(ExplicitGraph(graph.n, edges)) == pytest.approx(minima.iid(graph), rel=1e-12)


def test_iid_on_nas_bench_201() -> None:
    assert minima.iid(NAS) == Moments(625.0, 250.0)


@pytest.mark.parametrize(("n", "s"), [(10, 0), (1, 0), (40, 3), (40_000, 24)])
def test_iid_on_random_regular_graphs_is_that_of_a_tree(n: int, s: int) -> None:
    """On a tree two vertices at distance two share one neighbour; each vertex has s(s−1) of them."""
    pair = symbolic.derive_pair_probability().subs({symbolic.a: s + 1, symbolic.b: s + 1, symbolic.m: 1})
    own = sp.Rational(1, s + 1)
    variance = n * (own - own**2 - s * own**2 + s * (s - 1) * (pair - own**2))
    assert minima.iid(RandomRegular(n, s)) == pytest.approx((float(n * own), float(variance)), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("graph", [Hamming((30, 40)), hypercube(11)], ids=str)
def test_iid_variance_from_pair_probabilities(graph: Hamming) -> None:
    """Neighbours are never both minima; at distance two, two neighbours are shared; beyond, independent."""
    pair = symbolic.derive_pair_probability().subs(
        {symbolic.a: graph.degree + 1, symbolic.b: graph.degree + 1, symbolic.m: 2}
    )
    own, s = sp.Rational(1, graph.degree + 1), graph.degree
    letters = [q - 1 for q in graph.radices]
    second = (sum(letters) ** 2 - sum(q * q for q in letters)) // 2
    variance = graph.n * (own - own**2 - s * own**2 + second * (pair - own**2))
    assert minima.iid(graph) == pytest.approx((float(graph.n * own), float(variance)), rel=1e-12)


def over_graphs(n: int, p: Fraction) -> Moments:
    """Mean and variance over losses and all 2^(n choose 2) graphs, which occur as often as n!/|Aut| of each class."""
    first = second = Fraction(0)
    for graph in ATLAS:
        if len(graph) == n:
            m, labellings = (
                graph.size(),
                math.factorial(n) // sum(1 for _ in GraphMatcher(graph, graph).isomorphisms_iter()),
            )
            weight = labellings * p**m * (1 - p) ** (math.comb(n, 2) - m)
            mean, variance = reference.minima_moments(explicit(graph))
            first, second = first + weight * mean, second + weight * (variance + mean**2)
    return Moments(float(first), float(second - first**2))


@pytest.mark.parametrize("p", [Fraction(0), Fraction(1, 97), Fraction(2, 7), Fraction(9, 10), Fraction(1)], ids=str)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_erdos_renyi_is_a_sum_over_graphs(n: int, p: Fraction) -> None:
    # the variance is a difference of terms of size n/p: 1e−12 leaves a hundred roundings of it at p = 1/97
    assert minima.iid(ErdosRenyi(n, float(p))) == pytest.approx(over_graphs(n, p), abs=1e-12)


@pytest.mark.parametrize("p", ["1/2", "1/100", "1e-8"])
@pytest.mark.parametrize("n", [2, 7])
def test_erdos_renyi_from_symbolic_integrals(n: int, p: str) -> None:
    """E = n ∫(1−px)^{n−1} dx and the pairs of `erdos_renyi_pair`, in rational arithmetic."""
    probability, x = sp.Rational(p), symbolic.x
    mean = n * sp.integrate(sp.expand((1 - probability * x) ** (n - 1)), (x, 0, 1))
    pair: Any = symbolic.erdos_renyi_pair(n).subs(symbolic.p, probability)
    variance = mean + n * (n - 1) * pair - mean**2
    found = minima.iid(ErdosRenyi(n, float(probability)))
    assert found.mean == pytest.approx(float(mean), rel=1e-14)
    assert found.variance == pytest.approx(float(variance), rel=1e-9, abs=0)


def test_dense_erdos_renyi_tends_to_the_complete_graph() -> None:
    assert minima.iid(ErdosRenyi(50, 1 - 1e-9)) == pytest.approx((1, 0), abs=1e-7)


BRANCHING = [
    (Normal(), AR1Kernel(0.6)),
    (Normal(), AR1Kernel(-0.4)),
    (Uniform(), UniformKernel()),
    (Uniform(), LipschitzKernel(0.3)),
    (TruncatedNormal(0.25, 0.18), TruncatedNormalKernel(0.35)),
]


@pytest.mark.parametrize(("law", "kernel"), BRANCHING, ids=str)
@pytest.mark.parametrize("graph", [hypercube(5), explicit(nx.star_graph(4)), RandomRegular(100, 24)], ids=str)
def test_branching_is_its_integral(graph: Graph, law: Law, kernel: Kernel) -> None:
    def density(x: float, s: int) -> float:
        return float(law.pdf(x) * kernel.sf(x, x) ** s)

    points = [x for x in (0.3, 0.7) if kernel.edges] or [0.0]
    expected = sum(
        quad(density, *law.support, args=(s,), points=points, epsabs=1e-13, epsrel=1e-13, limit=200)[0]
        for s in graph.degrees.tolist()
    )
    assert minima.branching(graph, law, kernel) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("graph", [complete(5), NAS, explicit(nx.star_graph(4)), RandomRegular(100, 7)], ids=str)
def test_branching_with_independent_losses_is_the_iid_mean(graph: Graph) -> None:
    expected = pytest.approx(minima.iid(graph).mean, rel=1e-12)
    assert minima.branching(graph, Uniform(), UniformKernel()) == expected
    assert minima.branching(graph, Normal(), AR1Kernel(0.0)) == expected


@pytest.mark.parametrize(("c", "value"), [(0.3, "198.7"), (0.6, "28.3"), (0.9, "0.18")])
def test_branching_reference_values(c: float, value: str) -> None:
    digits = len(value.split(".")[1])
    assert f"{minima.branching(NAS, Normal(), AR1Kernel(c)):.{digits}f}" == value


@pytest.mark.parametrize("sd", [1e-2, 1e-3, 1e-5])
def test_branching_resolves_a_narrow_law_or_says_it_cannot(sd: float) -> None:
    kernel = TruncatedNormalKernel(0.35)
    try:
        found = minima.branching(hypercube(3), TruncatedNormal(0.3, sd), kernel)
    except ArithmeticError:
        return
    # 8 S^3 at the centre, whose second derivative is below 100: sd² of it changes the value by less than 1 %
    assert found == pytest.approx(8 * float(kernel.sf(0.3, 0.3)) ** 3, rel=1e-2)


@pytest.mark.parametrize(
    ("c", "sigma", "value"),
    [
        *((0.3, 0.0, "247.37"), (0.3, 0.3, "278.98"), (0.3, 1.0, "440.00")),
        *((0.6, 0.0, "64.22"), (0.6, 0.3, "113.74"), (0.6, 1.0, "380.15")),
        *((0.9, 0.0, "5.03"), (0.9, 0.3, "122.57"), (0.9, 1.0, "497.26")),
    ],
)
def test_gaussian_reference_values(c: float, sigma: float, value: str) -> None:
    assert f"{minima.gaussian(NAS, Correlation.geometric(c, 6), Noise(sigma)):.2f}" == value


@pytest.mark.parametrize(
    ("graph", "rho", "noise"),
    [
        ("hamming:2x3", (1, 0.6, 0.36), NOISELESS),
        ("hamming:3^2", (1, 0.6, 0.4), Noise(0.5)),
        ("hamming:4x2", (1, 0.3, 0.2), NOISELESS),
        ("hamming:2x2x3", (1, 0.6, 0.36, 0.216), NOISELESS),
        ("hamming:2x2x3", (1, 0.7, 0.5, 0.37), Noise(2.0, 9)),
        ("hamming:4^2", (1, 0.6, 0.36), Noise(0.3)),
        ("hamming:2x3x4", (1, 0.9, 0.81, 0.729), NOISELESS),
    ],
    ids=str,
)
def test_gaussian_is_an_orthant_probability(graph: str, rho: tuple[float, ...], noise: Noise) -> None:
    space, field = parse_graph(graph), Correlation(rho)
    assert isinstance(space, Hamming)
    # Genz's integration repeats to 5e−7 here
    assert minima.gaussian(space, field, noise) == pytest.approx(
        reference.gaussian_minima(space, field, noise), rel=5e-6
    )


@pytest.mark.parametrize("r", [0.0, 0.2, 0.5, 0.8, 0.99, 0.9995, 0.9999995, 1.0])
def test_gaussian_on_the_square_is_an_arcsine(r: float) -> None:
    """P(two differences of correlation r are positive) = 1/4 + asin(r)/2π; ρ_1 = 0 gives r = (1+ρ_2)/2."""
    field = Correlation((1, 0, 2 * r - 1)) if r >= 0.5 else Correlation((1, 0.5, r))
    assert second_difference(field, NOISELESS) == pytest.approx(r, abs=1e-15)
    expected = 4 * (0.25 + math.asin(r) / (2 * math.pi))
    assert minima.gaussian(hypercube(2), field) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("rho1", "rho2", "rho3"), [(0.5, 0.2, 0.1), (0.1, 0.3, -0.2), (-0.2, 0.4, -0.1), (0.0, 0.0, 0.0)]
)
def test_gaussian_on_the_cube_is_an_arcsine(rho1: float, rho2: float, rho3: float) -> None:
    field = Correlation((1, rho1, rho2, rho3))
    r = second_difference(field, NOISELESS)
    expected = 8 * (1 / 8 + 3 * math.asin(r) / (4 * math.pi))
    assert minima.gaussian(hypercube(3), field) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("d", "c"), [(2, 0.5), (6, 0.6), (10, 0.9), (10, -0.3), (14, 0.0)])
def test_gaussian_on_the_hypercube_is_the_branching_model(d: int, c: float) -> None:
    """With ρ_h = c^h the neighbours are independent given the centre."""
    branching = minima.branching(hypercube(d), Normal(), AR1Kernel(c))
    assert minima.gaussian(hypercube(d), Correlation.geometric(c, d)) == pytest.approx(branching, rel=1e-11)


@pytest.mark.parametrize("noise", [NOISELESS, Noise(0.4), Noise(3.0)], ids=lambda noise: str(noise.sigma))
@pytest.mark.parametrize("graph", [NAS, hypercube(8), Hamming((2, 3, 4))], ids=str)
def test_noise_is_a_field_of_lower_correlation(graph: Hamming, noise: Noise) -> None:
    field = Correlation.geometric(0.7, len(graph.radices))
    assert minima.gaussian(graph, field, noise) == pytest.approx(
        minima.gaussian(graph, field.observed(noise)), rel=1e-12
    )


@pytest.mark.parametrize("graph", [NAS, hypercube(7), Hamming((2, 3, 4)), Hamming((40, 50))], ids=str)
def test_gaussian_limits(graph: Hamming) -> None:
    d = len(graph.radices)
    additive = Correlation(tuple(1 - h / d for h in range(d + 1)))
    iid = graph.n / (graph.degree + 1)
    assert minima.gaussian(graph, additive) == pytest.approx(1, rel=1e-12)
    assert minima.gaussian(graph, Correlation.geometric(0, d)) == pytest.approx(iid, rel=1e-12)
    assert minima.gaussian(graph, additive, Noise(1e9)) == pytest.approx(iid, rel=1e-12)


@pytest.mark.parametrize("n", [2, 5, 100])
def test_gaussian_on_the_complete_graph_has_one_minimum(n: int) -> None:
    assert minima.gaussian(complete(n), Correlation((1, 0.4)), Noise(0.3)) == pytest.approx(1, rel=1e-15)


def test_gaussian_completes_open_correlations() -> None:
    full = Correlation((1, 0.6, 0.36)).completed(NAS)
    assert minima.gaussian(NAS, Correlation((1, 0.6, 0.36))) == minima.gaussian(NAS, full)


def test_gaussian_beyond_the_iid_value_where_distance_two_is_closer() -> None:
    field = Correlation((1, 0.1, 0.3, -0.2))
    assert second_difference(field, NOISELESS) > 0.5
    assert minima.gaussian(hypercube(3), field) > 8 / 4


def test_noise_monotone_brackets() -> None:
    field = Correlation.geometric(0.6, 6)
    low, high = minima.noise_monotone(NAS, field, Noise(0.3))
    assert (f"{low:.2f}", high) == ("64.22", 625)
    assert low < minima.gaussian(NAS, field, Noise(0.3)) < high


@pytest.mark.parametrize(
    ("graph", "bound"),
    [
        (NAS, 3125),
        (hypercube(5), 16),
        (complete(7), 1),
        (cycle(8), 4),
        (explicit(nx.petersen_graph()), 4),
        (explicit(nx.empty_graph(4)), 4),
        (ExplicitGraph(1, np.empty((0, 2))), 1),
        (explicit(nx.disjoint_union(nx.complete_graph(3), nx.complete_graph(3))), 2),
        (RandomRegular(9, 0), 9),
    ],
    ids=str,
)
def test_independence_bound_where_it_is_met(graph: Graph, bound: float) -> None:
    assert minima.independence(graph) == pytest.approx(bound, rel=1e-12)


@pytest.mark.parametrize(
    "graph", [cycle(5), cycle(7), explicit(nx.petersen_graph()), hypercube(4), Torus((3, 3))], ids=str
)
def test_independence_bounds_the_independence_number(graph: Graph) -> None:
    complement = nx.complement(nx.from_scipy_sparse_array(graph.adjacency))
    alpha = max(len(clique) for clique in nx.find_cliques(complement))
    assert alpha <= minima.independence(graph) * (1 + 1e-12)  # eigenvalues are rounded
    assert minima.independence(graph) < alpha + 1  # and the bound is tight on these


@pytest.mark.parametrize(
    ("law", "kernel"),
    [(Normal(), UniformKernel()), (Uniform(), AR1Kernel(0.5)), (TruncatedNormal(0.2, 1), AR1Kernel(0.5))],
)
def test_branching_needs_one_support(law: Law, kernel: Kernel) -> None:
    with pytest.raises(ValueError, match=r"law: .* lives on .*, but kernel"):
        minima.branching(hypercube(3), law, kernel)


def test_branching_needs_degrees() -> None:
    with pytest.raises(ValueError, match=r"graph: .* no fixed degrees"):
        minima.branching(ErdosRenyi(10, 0.5), Uniform(), UniformKernel())


def test_gaussian_needs_a_hamming_graph() -> None:
    with pytest.raises(ValueError, match=r"graph: cycle:5 is not a Hamming graph"):
        minima.gaussian(cycle(5), Correlation((1, 0.5)))


@pytest.mark.parametrize(
    ("graph", "rho"),
    [
        (Hamming((3, 3)), (1, 0.1, 0.3)),  # ρ_1 < ρ_2
        (Hamming((3, 3)), (1, -0.5, 0.25)),
        (Hamming((3, 4)), (1, 0.0, 0.1)),
    ],
)
def test_gaussian_needs_r_in_range(graph: Hamming, rho: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"rho: r = .* outside \[0, 0.5\]"):
        minima.gaussian(graph, Correlation(rho))


@pytest.mark.parametrize("graph", [Hamming((2, 3)), Hamming((3, 3)), complete(5)], ids=str)
def test_gaussian_refuses_impossible_fields(graph: Hamming) -> None:
    with pytest.raises(ValueError, match="rho"):
        minima.gaussian(graph, Correlation((1, -0.9)))


@pytest.mark.parametrize("graph", [hypercube(3), Hamming((3, 3)), complete(5)], ids=str)
def test_gaussian_refuses_constant_landscapes(graph: Hamming) -> None:
    with pytest.raises(ValueError, match="rho: ρ_1 = 1 without noise"):
        minima.gaussian(graph, Correlation.geometric(1, len(graph.radices)))


def test_noise_monotone_needs_decreasing_correlation() -> None:
    with pytest.raises(ValueError, match=r"rho: ρ_1 = 0.1 < ρ_2 = 0.3"):
        minima.noise_monotone(hypercube(3), Correlation((1, 0.1, 0.3, -0.2)))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (explicit(nx.star_graph(3)), "graph: .* not regular"),
        (RandomRegular(10, 3), "graph: .* draw one graph"),
        (ErdosRenyi(10, 0.5), "graph: .* draw one graph"),
    ],
    ids=str,
)
def test_independence_needs_a_regular_graph(graph: Graph, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        minima.independence(graph)


def orthant(graph: Hamming, covariance: np.ndarray, level: float = math.inf) -> float:
    """n P(vertex 0 is below its neighbours, and below a level), for a stationary field of the given covariance."""
    neighbours = [int(u) for u in graph.neighbours[0]]
    combine = np.vstack([np.eye(graph.n)[0] - np.eye(graph.n)[neighbours], np.eye(graph.n)[:1]])
    joint = (combine @ covariance @ combine.T).tolist()
    upper, mean = np.append(np.zeros(len(neighbours)), level), np.zeros(len(joint))
    found = multivariate_normal.cdf(
        upper, mean, joint, allow_singular=True, maxpts=2_000_000, abseps=1e-8, releps=1e-8, rng=1
    )
    return float(graph.n * found)


def distances(graph: Hamming) -> np.ndarray:
    """Which coordinates of two vertices differ, shape (n, n, d)."""
    words = np.array(np.unravel_index(np.arange(graph.n), graph.radices)).T
    return words[:, None] != words[None]


@pytest.mark.parametrize("noise", [NOISELESS, Noise(0.6)], ids=["clean", "noisy"])
@pytest.mark.parametrize(("radices", "c"), [((2, 3), (0.2, 0.8)), ((3, 3), (0.9, 0.3)), ((2, 3, 2), (0.5, 0.0, 0.7))])
def test_anisotropic_is_an_orthant_probability(radices: tuple[int, ...], c: tuple[float, ...], noise: Noise) -> None:
    graph = Hamming(radices)
    covariance = np.where(distances(graph), c, 1).prod(axis=2) + noise.sd**2 * np.eye(graph.n)
    # Genz's integration repeats to 5e−7
    assert minima.gaussian(graph, Anisotropic(c), noise) == pytest.approx(orthant(graph, covariance), rel=5e-6)


@pytest.mark.parametrize("noise", [NOISELESS, Noise(0.3), Noise(1.0)], ids=lambda noise: str(noise.sigma))
@pytest.mark.parametrize("c", [0.0, 0.3, 0.9, 0.999])
def test_equal_correlations_are_the_product_field(c: float, noise: Noise) -> None:
    expected = minima.gaussian(NAS, Correlation.geometric(c, 6), noise)
    assert minima.gaussian(NAS, Anisotropic((c,) * 6), noise) == pytest.approx(expected, rel=1e-10)


def test_a_coordinate_without_effect_leaves_noise_to_decide() -> None:
    """c = 1 along one coordinate: the noise alone makes one of its three vertices a minimum."""
    line = minima.gaussian(Hamming((3,)), Anisotropic((1.0,)), Noise(1e-3))
    assert line == pytest.approx(1, rel=1e-12)
    both = minima.gaussian(Hamming((3, 4)), Anisotropic((1.0, 0.0)), Noise(1e-6))
    assert both == pytest.approx(12 / 3 / 4, rel=1e-4)  # the noise hardly matters along the other


@pytest.mark.parametrize(("q", "c", "sd"), [(2, 0.4, 0.0), (3, 0.4, 0.0), (3, 0.9, 0.5), (4, 0.0, 0.0)])
def test_line_worse_is_an_orthant_probability(q: int, c: float, sd: float) -> None:
    u = np.array([-1.5, 0.0, 0.8])
    covariance = (c - c**2) * np.ones((q - 1, q - 1)) + (1 - c + sd**2) * np.eye(q - 1)
    expected = [multivariate_normal.cdf(-np.full(q - 1, at), np.zeros(q - 1), covariance.tolist(), rng=1) for at in u]
    assert minima.line_worse(u, q, c, sd) == pytest.approx(expected, rel=1e-4)  # scipy's default accuracy 1e−5


@pytest.mark.parametrize("c", [(), (1.1,), (-0.1, 0.5), (float("nan"),)])
def test_bad_anisotropic(c: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="c: "):
        Anisotropic(c)


@pytest.mark.parametrize(("c", "message"), [((0.5,), "c: 1 values given"), ((0.5, 1.0), "c: 1 on a coordinate")])
def test_anisotropic_must_fit_the_graph(c: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        minima.gaussian(Hamming((3, 3)), Anisotropic(c))


@pytest.mark.parametrize("graph", [NAS, complete(7), explicit(nx.star_graph(4)), cycle(9)], ids=str)
@pytest.mark.parametrize("level", [0.0, 0.03, 0.5, 1.0, 2.0])
def test_below_a_level_on_iid_losses(graph: Graph, level: float) -> None:
    t = min(level, 1)
    expected = sum((1 - (1 - t) ** (s + 1)) / (s + 1) for s in graph.degrees.tolist())
    assert levels.below(graph, level) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("level", [-1.0, 0.2, 20.0])
def test_below_a_level_in_the_branching_model(level: float) -> None:
    law, kernel = Normal(), AR1Kernel(0.6)
    mass = quad(lambda x: float(law.pdf(x) * kernel.sf(x, x) ** 5), -12, min(level, 12), epsabs=0, epsrel=1e-12)[0]
    assert levels.below(hypercube(5), level, law, kernel) == pytest.approx(32 * mass, rel=1e-10)
    assert levels.below(hypercube(5), math.inf, law, kernel) == minima.branching(hypercube(5), law, kernel)


@pytest.mark.parametrize("noise", [NOISELESS, Noise(0.5)], ids=["clean", "noisy"])
@pytest.mark.parametrize("level", [-1.0, 0.3])
@pytest.mark.parametrize(("radices", "rho"), [((2, 3), (1, 0.6, 0.36)), ((3, 3), (1, 0.5, 0.4))])
def test_below_a_level_in_a_gaussian_field(
    radices: tuple[int, ...], rho: tuple[float, ...], level: float, noise: Noise
) -> None:
    """Levels are in units of the observed standard deviation."""
    graph, variance = Hamming(radices), 1 + noise.sd**2
    covariance = (np.array(rho)[distances(graph).sum(axis=2)] + noise.sd**2 * np.eye(graph.n)) / variance
    found = levels.below(graph, level, correlation=Correlation(rho), noise=noise)
    assert found == pytest.approx(orthant(graph, covariance, level), rel=1e-5)


@pytest.mark.parametrize("noise", [NOISELESS, Noise(0.3), Noise(1.0)], ids=lambda noise: str(noise.sigma))
@pytest.mark.parametrize("graph", [NAS, hypercube(8), Hamming((2, 3, 4)), complete(6)], ids=str)
def test_all_levels_together_are_the_expected_number(graph: Hamming, noise: Noise) -> None:
    field = Correlation.geometric(0.6, len(graph.radices))
    density = levels.density(graph, correlation=field, noise=noise)
    assert density.integral() == pytest.approx(minima.gaussian(graph, field, noise), rel=1e-11)
    assert density.integral(-13) == 0


@pytest.mark.parametrize("graph", [NAS, cycle(5), complete(4)], ids=str)
def test_loss_law_of_ranks_is_a_beta_law(graph: Graph) -> None:
    s, found = graph.degree, levels.loss_law(graph)
    assert found.mean == pytest.approx(1 / (s + 2), rel=1e-12)
    assert found.sd == pytest.approx(math.sqrt((s + 1) / (s + 3)) / (s + 2), rel=1e-9)
    quantiles = [1 - (1 - p) ** (1 / (s + 1)) for p in (0.05, 0.25, 0.5, 0.75, 0.95)]
    assert found.quantiles == pytest.approx(quantiles, abs=1e-10)


def test_loss_law_in_any_scale_is_the_law_of_ranks() -> None:
    ranks, normal = levels.loss_law(cycle(9)), levels.loss_law(cycle(9), law=Normal())
    assert 1 - Normal().sf(normal.quantiles) == pytest.approx(ranks.quantiles, abs=1e-10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel": AR1Kernel(0.5), "correlation": Correlation((1, 0.5, 0.3))}, "kernel, correlation"),
        ({"law": Normal(), "correlation": Correlation((1, 0.5, 0.3))}, "law: a Gaussian field"),
        ({"noise": Noise(0.1)}, "noise: needs a Gaussian field"),
        ({"law": Uniform(), "kernel": AR1Kernel(0.5)}, "law: uniform lives on"),
        ({"correlation": Correlation((1, 0.5, 0.1))}, "rho: observed"),
        ({"correlation": Correlation((1, 0.1, 0.3))}, "rho: observed"),
    ],
)
def test_models_of_levels_do_not_mix(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        levels.density(hypercube(3), **arguments)


def test_gaussian_levels_need_a_hamming_graph() -> None:
    with pytest.raises(ValueError, match="graph: cycle:5 is not a Hamming graph"):
        levels.below(cycle(5), 0.0, correlation=Correlation((1, 0.5)))


@pytest.mark.parametrize("law", [Normal(), Uniform(), TruncatedNormal(0.4, 0.3)], ids=str)
@pytest.mark.parametrize(("graph", "slope"), [(hypercube(4), 0.3), (Hamming((3, 3)), 0.6), (complete(5), 0.2)], ids=str)
def test_rough_mount_fuji_is_a_sum_over_vertices(graph: Hamming, slope: float, law: Law) -> None:
    """Σ_v ∫ f(x) Π_{u~v} S(x + θ(distance of v − distance of u)) dx, distances to vertex 0."""
    far = distances(graph)[0].sum(axis=1)

    def density(x: float, v: int) -> float:
        shifts = slope * (far[v] - far[reference.neighbourhood(graph, v)])
        return float(law.pdf(x) * np.prod(law.sf(x + shifts)))

    low, high = law.support
    cuts = [low + slope, high - slope] if high == 1 else [0.0]
    expected = sum(quad(density, low, high, args=(v,), points=cuts, epsabs=1e-12)[0] for v in range(graph.n))
    assert classics.rough_mount_fuji(graph, slope, law) == pytest.approx(expected, rel=1e-9)


def test_rough_mount_fuji_limits() -> None:
    assert classics.rough_mount_fuji(NAS, 0.0) == pytest.approx(625, rel=1e-12)
    assert classics.rough_mount_fuji(hypercube(6), 40.0) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(
    ("graph", "k"), [(hypercube(6), 2), (hypercube(6), 0), (Hamming((3,) * 4), 1), (NAS, 5)], ids=str
)
def test_nk_blocks_are_independent_iid_landscapes(graph: Hamming, k: int) -> None:
    blocks, radix = len(graph.radices) // (k + 1), graph.radices[0]
    expected = minima.iid(Hamming((radix,) * (k + 1))).mean ** blocks
    assert classics.nk(graph, k) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("neighbourhood", ["adjacent", "random"])
def test_nk_as_a_field(neighbourhood: str) -> None:
    graph = Hamming((3,) * 5)
    assert classics.nk(graph, 0, neighbourhood) == pytest.approx(1, rel=1e-12)
    assert classics.nk(graph, 4, neighbourhood) == pytest.approx(minima.iid(graph).mean, rel=1e-12)
    # a component stays if none of its three coordinates is among the h that change: the mean over all h-sets
    windows = [{i, (i + 1) % 5, (i + 2) % 5} for i in range(5)]
    changes = [list(itertools.combinations(range(5), h)) for h in range(6)]
    rho = [np.mean([not window & set(change) for window in windows for change in sets]) for sets in changes]
    expected = minima.gaussian(graph, Correlation(tuple(float(r) for r in rho)))
    assert classics.nk(graph, 2, neighbourhood) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("graph", [cycle(6), Hamming((2, 3))], ids=str)
def test_classics_need_equal_radices(graph: Graph) -> None:
    for count in (lambda: classics.nk(graph, 0), lambda: classics.rough_mount_fuji(graph, 0.1)):
        with pytest.raises(ValueError, match=r"graph: .* must be a Hamming graph of equal radices"):
            count()


@pytest.mark.parametrize("slope", [-0.1, math.inf, math.nan])
def test_bad_slope(slope: float) -> None:
    with pytest.raises(ValueError, match="slope: "):
        classics.rough_mount_fuji(hypercube(3), slope)


@pytest.mark.parametrize(
    ("k", "neighbourhood", "message"),
    [
        (-1, "block", r"k: -1 must lie in 0\.\.5"),
        (6, "block", "k: 6"),
        (3, "block", "k: blocks of 4 do not divide"),
        (2, "ring", "neighbourhood: 'ring' is unknown"),
    ],
)
def test_bad_nk(k: int, neighbourhood: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        classics.nk(hypercube(6), k, neighbourhood)
