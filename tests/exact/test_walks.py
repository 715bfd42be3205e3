"""Walks against enumeration, exact rational series, a renewal equation and the reference values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import pytest
import sympy as sp
from networkx.generators.atlas import graph_atlas_g
from scipy.integrate import quad

from theory import basins, reference, symbolic, walks
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
from theory.walks import Memory

NAS = Hamming((5,) * 6)
ATLAS = [graph for graph in graph_atlas_g() if 1 <= len(graph) <= 5]


def explicit(graph: nx.Graph) -> ExplicitGraph:
    return ExplicitGraph.from_networkx(graph)


def iid_steps(fresh: tuple[int, ...], rule: str = "steepest") -> float:
    """Steps on iid losses with the given fresh neighbours, the last number for ever."""
    return walks.branching(Uniform(), UniformKernel(), Memory.sequence(fresh, "exact"), rule).steps


def survival(fresh: tuple[int, ...]) -> list[Fraction]:
    """P(steps ≥ t), t = 0, 1, …, of steepest descent on iid losses, exactly.

    In u = 1−loss the walk has reached u after t steps with the density c u^e: one step of r fresh neighbours turns it
    into r u^{r−1} c u^{e+1}/(e+1), so that P(steps ≥ t) = Π_{i≤t} r_i/(1 + r_1 + … + r_i).
    """
    found, total = [Fraction(1)], 1
    while found[-1] > Fraction(1, 10**18):
        r = fresh[min(len(found), len(fresh)) - 1]
        total += r
        found.append(found[-1] * Fraction(r, total))
    return found


SEQUENCES = [(24,), (24, 23), (24, 20, 19), (16, 15, 14), (2, 1), (5, 0), (3, 1, 1, 0), (0,), (100, 99)]


@pytest.mark.parametrize("fresh", SEQUENCES, ids=str)
def test_steepest_steps_and_evaluations_are_rational_series(fresh: tuple[int, ...]) -> None:
    alive = survival(fresh)
    evaluations = 1 + sum(p * fresh[min(t, len(fresh) - 1)] for t, p in enumerate(alive))
    found = walks.branching(Uniform(), UniformKernel(), Memory.sequence(fresh, "bound"), "steepest")
    assert found.steps == pytest.approx(float(sum(alive[1:])), rel=1e-12)
    assert found.evaluations == pytest.approx(float(evaluations), rel=1e-12)
    assert found.status == "bound"


@pytest.mark.parametrize(
    ("graph", "rule", "steps"),
    [
        ("regular:40000,24", "steepest", "1.61401"),
        ("regular:40000,24", "first", "3.2724"),
        ("hamming:5^6", "steepest", "1.54871"),
        ("hypercube:16", "steepest", "1.55497"),
    ],
)
def test_reference_values(graph: str, rule: str, steps: str) -> None:
    assert f"{walks.iid(parse_graph(graph), rule).steps:.{len(steps) - 2}f}" == steps


@pytest.mark.parametrize(("rule", "steps"), [("steepest", "1.63209"), ("first", "3.3106")])
def test_reference_values_with_24_fresh_neighbours(rule: str, steps: str) -> None:
    assert f"{iid_steps((24,), rule):.{len(steps) - 2}f}" == steps


def renewals(rate: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """x and 1 + M(x), M(x) = ∫_0^x r(1−u)^{r−1} (1 + M(x−u)) du, by the trapezoid rule on a grid.

    M is the expected number of reluctant steps from loss x with r fresh neighbours: the best of them that is better
    is u below x with the density r(1−u)^{r−1}.
    """
    h, u = 1 / count, np.linspace(0, 1, count + 1)
    density, visits = rate * (1 - u) ** (rate - 1), np.ones(count + 1)
    for i in range(1, count + 1):
        earlier = density[1:i] @ visits[i - 1 : 0 : -1] + density[i] / 2
        visits[i] = (1 + h * earlier) / (1 - h * density[0] / 2)
    return u, visits


def extrapolated(estimate: Callable[[int], float]) -> float:
    """Richardson extrapolation of a second-order rule to the eighth order."""
    table = [estimate(count) for count in (200, 400, 800, 1600)]
    for order in (2, 4, 6):
        table = [fine + (fine - coarse) / (2**order - 1) for coarse, fine in itertools.pairwise(table)]
    return table[0]


def test_reluctant_with_24_fresh_neighbours_by_the_renewal_equation() -> None:
    """12.4629, not the 12.4645 that was once reported."""

    def steps(count: int) -> float:
        u, visits = renewals(24, count)
        return float(np.trapezoid(visits, u)) - 1

    assert f"{extrapolated(steps):.4f}" == "12.4629"
    assert iid_steps((24,), "reluctant") == pytest.approx(extrapolated(steps), rel=1e-9)


@pytest.mark.parametrize("s", [2, 3, 5, 24])
def test_reluctant_on_a_tree_takes_half_the_degree_by_the_renewal_equation(s: int) -> None:
    """The first step, of s fresh neighbours, reaches y with the density ∫_0^{1−y} s(1−g)^{s−1} dg = 1 − y^s."""

    def steps(count: int) -> float:
        y, visits = renewals(s - 1, count)
        return float(np.trapezoid(visits * (1 - y**s), y))

    assert extrapolated(steps) == pytest.approx(s / 2, rel=1e-9)
    assert iid_steps((s, s - 1), "reluctant") == pytest.approx(s / 2, rel=1e-11)
    assert float(symbolic.derive_reluctant_tree(s)) == pytest.approx(s / 2, rel=1e-15)


@pytest.mark.parametrize("graph", ATLAS, ids=lambda graph: graph.name)
def test_reluctant_on_every_graph_of_five_vertices(graph: nx.Graph) -> None:
    steps = reference.walk_steps(explicit(graph), "reluctant")
    assert steps == Fraction(graph.size(), len(graph))
    assert walks.reluctant(explicit(graph)) == pytest.approx(float(steps), rel=1e-15)


@pytest.mark.parametrize(
    "graph",
    [nx.star_graph(5), nx.path_graph(6), nx.lollipop_graph(4, 2), nx.complete_bipartite_graph(2, 4), nx.wheel_graph(6)],
    ids=["star", "path", "lollipop", "bipartite", "wheel"],
)
def test_reluctant_on_irregular_graphs(graph: nx.Graph) -> None:
    assert reference.walk_steps(explicit(graph), "reluctant") == Fraction(graph.size(), len(graph))


@pytest.mark.parametrize("p", [Fraction(0), Fraction(2, 7), Fraction(1)], ids=str)
def test_reluctant_on_random_graphs(p: Fraction) -> None:
    assert walks.reluctant(ErdosRenyi(9, float(p))) == pytest.approx(4 * float(p), rel=1e-15)  # mean degree 8p
    assert walks.reluctant(RandomRegular(10, 3)) == 1.5


@pytest.mark.parametrize(
    "graph", [NAS, hypercube(6), cycle(9), Torus((5, 6)), RandomRegular(40, 3), Hamming((2, 4))], ids=str
)
def test_reluctant_walk_by_quadrature_is_half_the_degree(graph: Graph) -> None:
    """Exact on the tree, which is the sequence every rule but the steepest uses."""
    assert walks.iid(graph, "reluctant").steps == pytest.approx(walks.reluctant(graph), rel=1e-11)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_steepest_on_the_complete_graph(n: int) -> None:
    found = walks.iid(complete(n))
    assert found.steps == pytest.approx(1 - 1 / n, rel=1e-12)
    assert found.evaluations == pytest.approx(n, rel=1e-12)
    assert found.status == "exact"


@pytest.mark.parametrize("radices", [(2, 2), (2, 3), (3, 2)])
def test_steepest_on_small_products(radices: tuple[int, ...]) -> None:
    """Two coordinates of which one has two letters: no walk returns to a coordinate, and the memory is exact."""
    expected = float(reference.walk_steps(Hamming(radices), "steepest"))
    assert walks.iid(Hamming(radices)).steps == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rule", walks.RULES[:2])
def test_cycles_converge_to_the_endless_path(rule: str) -> None:
    """The walk on a cycle differs only where it goes round: the error falls like 1/n!."""
    errors = [abs(float(reference.walk_steps(cycle(n), rule)) - walks.iid(cycle(n), rule).steps) for n in (4, 5, 6, 7)]
    assert all(fine < coarse / 5 for coarse, fine in itertools.pairwise(errors))
    assert errors[-1] < 1 / math.factorial(7)


def first_evaluations(graph: Graph, losses: tuple[int, ...], v: int, seen: frozenset[int]) -> Fraction:
    """Distinct evaluations of first improvement from v on, beside those seen, averaged over all scanning orders."""
    orders = list(itertools.permutations(reference.neighbourhood(graph, v)))
    total = Fraction(0)
    for order in orders:
        better = next((i for i, u in enumerate(order) if losses[u] < losses[v]), None)
        looked = seen | set(order if better is None else order[: better + 1])
        total += len(looked - seen)
        if better is not None:
            total += first_evaluations(graph, losses, order[better], looked)
    return total / len(orders)


def test_evaluations_on_a_cycle() -> None:
    """As the steps: on seven vertices the endless path is met to a few walks that go round."""
    graph = cycle(7)
    steepest = reference.average(graph, lambda losses: reference.evaluations(graph, losses, 0))
    first = 1 + reference.average(graph, lambda losses: first_evaluations(graph, losses, 0, frozenset({0})))
    assert walks.iid(graph).evaluations == pytest.approx(float(steepest), abs=7 / math.factorial(7))
    assert walks.iid(graph, "first").evaluations == pytest.approx(float(first), abs=7 / math.factorial(7))


@pytest.mark.parametrize("s", [1, 2, 5, 24])
def test_first_improvement_is_its_integral(s: int) -> None:
    """∫_0^1 exp(Σ_{j≤s} u^j/j) du − 1, the closed form of `symbolic.walk_first`, by adaptive quadrature."""
    integrand = sp.lambdify(symbolic.u, symbolic.walk_first().args[1].args[1].args[0].subs(symbolic.s, s).doit())
    expected = quad(integrand, 0, 1, epsabs=0, epsrel=1e-13)[0] - 1
    assert iid_steps((s,), "first") == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize(("s", "a", "b"), [(24, 23, 23), (24, 20, 19), (16, 15, 14), (5, 1, 1)])
def test_steepest_is_the_closed_form(s: int, a: int, b: int) -> None:
    values = {symbolic.s: s, symbolic.a: a, symbolic.b: b}
    stated = float(sp.N(symbolic.walk_iid().args[1].subs(values)))
    assert stated == pytest.approx(float(sum(survival((s, a, b))[1:])), rel=1e-14)
    assert iid_steps((s, a, b)) == pytest.approx(stated, rel=1e-12)


@pytest.mark.parametrize("s", [2, 24])
def test_constant_memory_is_the_closed_form(s: int) -> None:
    stated = float(sp.N(symbolic.derive_constant_memory().subs(symbolic.s, s)))
    assert iid_steps((s,)) == pytest.approx(stated, rel=1e-12)
    assert stated < math.e - 1


KERNELS: list[tuple[Law, Kernel]] = [
    (Normal(), AR1Kernel(0.6)),
    (Uniform(), LipschitzKernel(0.4)),
    (TruncatedNormal(0.25, 0.18), TruncatedNormalKernel(0.35)),
]


def density(kernel: Kernel, rule: str, r: int, x: float, y: np.ndarray) -> np.ndarray:
    """Of the next loss y < x, from its meaning: none better than y, none better before it, or none between."""
    step, below, above = kernel.pdf(x, y), kernel.sf(x, y), kernel.sf(x, x)
    match rule:
        case "steepest":
            return r * step * below ** (r - 1)
        case "first":
            return step * sum(above**scanned for scanned in range(r))
        case _:
            return r * step * (1 - (below - above)) ** (r - 1)


NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


def gauss(f: Callable[[np.ndarray], np.ndarray], a: float, b: float, cuts: list[float]) -> float:
    """∫_a^b f with 20 Gauss nodes between any two cuts."""
    ends = np.array([a, *sorted({cut for cut in cuts if a < cut < b}), b])
    half = np.diff(ends)[:, None] / 2
    return float(np.sum(half * WEIGHTS * f(ends[:-1, None] + half * (1 + NODES))))


@pytest.mark.parametrize(("law", "kernel"), KERNELS, ids=str)
@pytest.mark.parametrize("rule", walks.RULES)
def test_two_steps_by_nested_quadrature(law: Law, kernel: Kernel, rule: str) -> None:
    """Memory (3, 2, 0): P(steps ≥ 1) + P(steps ≥ 2)."""
    low, high = max(kernel.support[0], -8.0), min(kernel.support[1], 8.0)

    def cuts(x: float) -> list[float]:
        return [*kernel.edges, *np.ravel(kernel.kinks(np.array(x))).tolist(), *range(-6, 6, 3)]

    @np.vectorize
    def second(x: float) -> float:
        return gauss(lambda y: density(kernel, rule, 2, x, y), low, x, cuts(x))

    @np.vectorize
    def both(x: float) -> float:
        return gauss(lambda y: density(kernel, rule, 3, x, y) * (1 + second(y)), low, x, cuts(x))

    expected = gauss(lambda x: law.pdf(x) * both(x), low, high, cuts(0.0))
    found = walks.branching(law, kernel, Memory.sequence((3, 2, 0), "exact"), rule)
    assert found.steps == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("law", "kernel"), KERNELS, ids=str)
@pytest.mark.parametrize("rule", walks.RULES)
def test_first_step_happens_unless_all_neighbours_are_worse(law: Law, kernel: Kernel, rule: str) -> None:
    """Memory (r, 0): steps = 1 − ∫ f S(x,x)^r, whatever the rule; the look at r neighbours may stop early."""
    same = lambda x, power: float(law.pdf(x) * kernel.sf(x, x) ** power)  # noqa: E731
    points = [*kernel.edges, 0.0]
    masses = [quad(same, *kernel.support, args=(j,), points=points, epsabs=1e-12, limit=200)[0] for j in range(6)]
    found = walks.branching(law, kernel, Memory.sequence((5, 0), "exact"), rule)
    assert found.steps == pytest.approx(1 - masses[5], rel=1e-9)
    assert found.evaluations == pytest.approx(1 + (sum(masses[:5]) if rule == "first" else 5), rel=1e-9)


def test_losses_in_any_monotone_scale_walk_alike() -> None:
    """Uniform ranks and uncorrelated normals are the same model."""
    for rule in walks.RULES:
        normal = walks.branching(Normal(), AR1Kernel(0.0), Memory.sequence((6, 5), "exact"), rule)
        uniform = walks.branching(Uniform(), UniformKernel(), Memory.sequence((6, 5), "exact"), rule)
        assert normal[:2] == pytest.approx(uniform[:2], rel=1e-10)


MEMORIES = [
    ("regular:40,3", "steepest", (3, 2), "asymptotic"),
    ("regular:4,0", "first", (0, 0), "asymptotic"),
    ("cycle:9", "reluctant", (2, 1), "asymptotic"),
    ("complete:7", "steepest", (6, 0), "exact"),
    ("hamming:5^6", "steepest", (24, 20, 19), "approximation"),
    ("hypercube:16", "steepest", (16, 15, 14), "approximation"),
    ("hamming:5^6", "first", (24, 23), "approximation"),
    ("torus:5x5", "steepest", (4, 3), "approximation"),
]


@pytest.mark.parametrize(("graph", "rule", "fresh", "status"), MEMORIES)
def test_fresh_neighbours(graph: str, rule: str, fresh: tuple[int, ...], status: str) -> None:
    memory = walks.fresh_neighbours(parse_graph(graph), rule)
    assert (tuple(memory.fresh.tolist()), memory.status) == (fresh, status)
    assert memory.follow.tolist() == [
        [float(j == min(i + 1, len(fresh) - 1)) for j in range(len(fresh))] for i in range(len(fresh))
    ]


def test_mixed_radices_by_hand() -> None:
    """On H(2,3): a third of first steps change the first letter; then two letters are fresh, and later none is."""
    memory = walks.fresh_neighbours(Hamming((2, 3)), "steepest")
    assert memory.fresh.tolist() == [3, 2, 1, 1, 0]  # start; last line 0, 1; last two lines (0,1), (1,0)
    assert memory.follow == pytest.approx(
        np.array([[0, 1 / 3, 2 / 3, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0] * 5])
    )
    by_hand = sum(survival((3, 2, 0))[1:]) / 3 + 2 * sum(survival((3, 1, 1, 0))[1:]) / 3
    assert walks.iid(Hamming((2, 3))).steps == pytest.approx(float(by_hand), rel=1e-12)


def test_nearly_equal_radices_walk_nearly_alike() -> None:
    mixed, uniform = walks.iid(Hamming((5, 5, 5, 5, 5, 6))), walks.iid(NAS)
    assert mixed.steps == pytest.approx(uniform.steps, abs=0.01)
    assert mixed.steps != uniform.steps


@pytest.mark.parametrize("graph", [NAS, hypercube(10), Hamming((2, 3, 4)), complete(5)], ids=str)
def test_additive(graph: Hamming) -> None:
    best = [Fraction(q - 1, q) for q in graph.radices]
    assert walks.additive(graph) == pytest.approx(float(sum(best)), rel=1e-15)


@pytest.mark.parametrize("radices", [(2, 3), (2, 2, 2), (4, 2)])
def test_additive_by_enumeration(radices: tuple[int, ...]) -> None:
    """Losses Σ_i √(2+3i) π_i(letter), π_i a permutation of the letters."""
    graph = Hamming(radices)
    effects = [
        [math.sqrt(2 + 3 * i) * ((letter * (q - 1) + 1) % q) for letter in range(q)] for i, q in enumerate(radices)
    ]
    losses = [sum(effect) for effect in itertools.product(*effects)]
    steps = Fraction(sum(len(reference.path(graph, losses, v)) - 1 for v in range(graph.n)), graph.n)
    assert walks.additive(graph) == pytest.approx(float(steps), rel=1e-15)


@pytest.mark.parametrize("function", [walks.iid, walks.fresh_neighbours])
def test_unknown_rule(function: Callable[[Graph, str], object]) -> None:
    with pytest.raises(ValueError, match="rule: 'steep' is unknown; allowed: steepest, first, reluctant"):
        function(NAS, "steep")


def test_unknown_rule_in_the_branching_model() -> None:
    with pytest.raises(ValueError, match="rule"):
        walks.branching(Uniform(), UniformKernel(), Memory.sequence((3, 2), "exact"), "steep")


@pytest.mark.parametrize(("law", "kernel"), [(Normal(), UniformKernel()), (Normal(), LipschitzKernel(2.0))], ids=str)
def test_branching_needs_one_support(law: Law, kernel: Kernel) -> None:
    with pytest.raises(ValueError, match="law"):
        walks.branching(law, kernel, Memory.sequence((3, 2), "exact"), "steepest")


@pytest.mark.parametrize(
    ("graph", "message"),
    [(explicit(nx.star_graph(3)), r"graph: .* not regular"), (ErdosRenyi(9, 0.5), r"graph: .* no fixed degrees")],
    ids=str,
)
def test_fresh_neighbours_need_a_regular_graph(graph: Graph, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        walks.iid(graph)


def test_additive_needs_coordinates() -> None:
    with pytest.raises(ValueError, match=r"graph: cycle:9 is not a Hamming graph"):
        walks.additive(cycle(9))


@pytest.mark.parametrize("fresh", [(24, 23), (24, 20, 19), (2, 1), (3, 1, 1, 0)], ids=str)
def test_steepest_law_is_a_rational_series(fresh: tuple[int, ...]) -> None:
    """A walk of t steps has looked at r_1 + … + r_{t+1} neighbours, and at the start."""
    law = walks.whole_law(Uniform(), UniformKernel(), Memory.sequence(fresh, "exact"), "steepest")
    alive = [float(p) for p in survival(fresh)]
    steps = -np.diff([*alive, 0.0])
    looked = 1 + np.cumsum([fresh[min(t, len(fresh) - 1)] for t in range(len(steps))])
    evaluations = np.bincount(looked, weights=steps)
    for found, expected in ((law.steps, steps), (law.evaluations, evaluations)):
        short = min(len(found), len(expected))
        assert found[:short] == pytest.approx(expected[:short], abs=1e-13)
        assert [*found[short:], *expected[short:]] == pytest.approx([0] * abs(len(found) - len(expected)), abs=1e-13)


@pytest.mark.parametrize(("law", "kernel"), KERNELS, ids=str)
@pytest.mark.parametrize("rule", walks.RULES)
def test_means_of_the_whole_law(law: Law, kernel: Kernel, rule: str) -> None:
    memory = Memory.sequence((5, 4), "exact")
    whole, mean = walks.whole_law(law, kernel, memory, rule), walks.branching(law, kernel, memory, rule)
    assert whole.steps.sum() == pytest.approx(1, abs=1e-10)
    assert whole.evaluations.sum() == pytest.approx(1, abs=1e-10)
    assert whole.ends.sum() == pytest.approx(1, abs=1e-10)
    assert whole.steps @ np.arange(len(whole.steps)) == pytest.approx(mean.steps, rel=1e-9)
    assert whole.evaluations @ np.arange(len(whole.evaluations)) == pytest.approx(mean.evaluations, rel=1e-9)
    assert whole.repeating >= mean.evaluations


@pytest.mark.parametrize("n", [2, 4, 7])
def test_law_on_the_complete_graph(n: int) -> None:
    """One step to the best of all, of rank Beta(1, n), unless the start is the best; without memory n−1 looks again."""
    law = walks.law(complete(n))
    assert law.steps == pytest.approx([1 / n, 1 - 1 / n], abs=1e-13)
    assert law.evaluations == pytest.approx([0] * n + [1], abs=1e-13)
    assert law.repeating == pytest.approx(n + (n - 1) * (1 - 1 / n), rel=1e-12)
    assert [law.ends @ law.losses**k for k in (1, 2)] == pytest.approx([1 / (n + 1), 2 / (n + 1) / (n + 2)], rel=1e-11)


@pytest.mark.parametrize("degree", [2, 5, 24])
def test_losses_reached_are_those_of_basins(degree: int) -> None:
    """E[loss] = 1 − ∫_0^1 P(a start ends below ε) dε: walks forwards, preimages backwards."""
    law = walks.law(RandomRegular(1000, degree))
    below = quad(lambda epsilon: basins.success_iid(degree, epsilon), 0, 1, epsabs=1e-12)[0]
    assert law.ends @ law.losses == pytest.approx(1 - below, rel=1e-9)


def looks(graph: Graph, losses: tuple[int, ...], v: int, rule: str) -> Fraction:
    """Neighbours looked at from v on without a memory; for `first` averaged over all scanning orders."""
    around = reference.neighbourhood(graph, v)
    better = reference.better_neighbours(graph, losses, v)
    if not better:
        return Fraction(len(around))
    if rule != "first":
        return len(around) + looks(graph, losses, better[0] if rule == "steepest" else better[-1], rule)
    orders = list(itertools.permutations(around))
    total = Fraction(0)
    for order in orders:
        i = next(i for i, u in enumerate(order) if u in better)
        total += i + 1 + looks(graph, losses, order[i], rule)
    return total / len(orders)


@pytest.mark.parametrize("rule", walks.RULES)
def test_evaluations_without_memory_on_a_cycle(rule: str) -> None:
    graph = cycle(7)
    expected = 1 + reference.average(graph, lambda losses: looks(graph, losses, 0, rule))
    assert walks.law(graph, rule).repeating == pytest.approx(float(expected), abs=7 / math.factorial(7))


@pytest.mark.parametrize("rule", walks.RULES)
def test_law_of_steps_on_a_cycle_by_enumeration(rule: str) -> None:
    """Chances of 0, 1 and 2 steps; those of first improvement average over its choices."""
    graph, law = cycle(7), walks.law(cycle(7), rule)

    def chances(losses: tuple[int, ...], v: int) -> np.ndarray:
        better = reference.better_neighbours(graph, losses, v)
        nexts = {"steepest": better[:1], "reluctant": better[-1:], "first": better}[rule]
        if not nexts:
            return np.eye(8)[0]
        return np.roll(np.mean([chances(losses, u) for u in nexts], axis=0), 1)

    expected = np.mean([chances(losses, 0) for losses in reference.rankings(graph)], axis=0)
    assert law.steps[:3] == pytest.approx(expected[:3], abs=7 / math.factorial(7))


def test_whole_law_says_when_panels_are_too_few() -> None:
    with pytest.raises(ArithmeticError, match="walk: 1 panels"):
        walks.whole_law(Normal(), AR1Kernel(0.9), Memory.sequence((24, 23), "exact"), "steepest", count=1)


@pytest.mark.parametrize(("law", "kernel"), KERNELS, ids=str)
def test_tree(law: Law, kernel: Kernel) -> None:
    memory = Memory.sequence((6, 5), "exact")
    assert walks.tree(law, kernel, 6, "first") == walks.branching(law, kernel, memory, "first")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Uniform(), UniformKernel(), 0), "degree: 0"),
        ((Normal(), UniformKernel(), 3), "law: normal lives on"),
        ((Uniform(), UniformKernel(), 3, "steep"), "rule: 'steep'"),
    ],
)
def test_bad_tree(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        walks.tree(*arguments)


@pytest.mark.parametrize("radices", [(2, 2), (5,) * 6, (2, 3, 4)])
def test_additive_law_is_a_sum_of_independent_changes(radices: tuple[int, ...]) -> None:
    expected = np.zeros(len(radices) + 1)
    for changes in itertools.product((0, 1), repeat=len(radices)):
        chances = [Fraction(q - 1, q) if change else Fraction(1, q) for change, q in zip(changes, radices, strict=True)]
        expected[sum(changes)] += float(math.prod(chances))
    assert walks.additive_law(Hamming(radices)) == pytest.approx(expected, rel=1e-13)


def test_additive_law_needs_coordinates() -> None:
    with pytest.raises(ValueError, match="graph: cycle:9 is not a Hamming graph"):
        walks.additive_law(cycle(9))
