"""Graphs against networkx, dense eigenvalues and the literal definition of a Hamming distance."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

from theory import graphs
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


def product_of(factors: list[nx.Graph]) -> nx.Graph:
    """Cartesian product with flat tuples as nodes."""
    product = nx.relabel_nodes(factors[0], {node: (node,) for node in factors[0]})
    for factor in factors[1:]:
        product = nx.cartesian_product(product, factor)
        product = nx.relabel_nodes(product, {node: (*node[0], node[1]) for node in product})
    return product


CONSTRUCTED = [
    (Hamming((3, 3)), product_of([nx.complete_graph(3)] * 2)),
    (Hamming((2, 3, 4)), product_of([nx.complete_graph(q) for q in (2, 3, 4)])),
    (Hamming((4, 2)), product_of([nx.complete_graph(q) for q in (4, 2)])),
    (hypercube(1), nx.complete_graph(2)),
    (hypercube(4), nx.hypercube_graph(4)),
    (complete(6), nx.complete_graph(6)),
    (cycle(3), nx.cycle_graph(3)),
    (cycle(8), nx.cycle_graph(8)),
    (Torus((3, 5)), product_of([nx.cycle_graph(m) for m in (3, 5)])),
    (Torus((4, 3, 3)), product_of([nx.cycle_graph(m) for m in (4, 3, 3)])),
]
EXPLICIT = [
    ExplicitGraph(1, np.empty((0, 2))),
    ExplicitGraph(4, np.empty((0, 2))),
    ExplicitGraph(5, np.array([(0, 1), (3, 1), (1, 4)])),
    ExplicitGraph.from_networkx(nx.petersen_graph()),
    ExplicitGraph.from_networkx(nx.disjoint_union(nx.cycle_graph(4), nx.path_graph(3))),
]


@pytest.mark.parametrize(("graph", "expected"), CONSTRUCTED, ids=str)
def test_adjacency_is_networkx(graph: Graph, expected: nx.Graph) -> None:
    assert (graph.adjacency.toarray() == nx.to_numpy_array(expected, nodelist=sorted(expected))).all()


@pytest.mark.parametrize("radices", [(2,), (5,), (2, 2, 2), (3, 2, 4), (5, 5)])
def test_hamming_neighbours_differ_in_one_letter(radices: tuple[int, ...]) -> None:
    graph = Hamming(radices)
    words = np.array(np.unravel_index(np.arange(graph.n), radices)).T
    distance = (words[:, None] != words[None]).sum(axis=2)
    assert (graph.adjacency.toarray() == (distance == 1)).all()


@pytest.mark.parametrize("graph", [g for g, _ in CONSTRUCTED] + EXPLICIT, ids=str)
def test_degrees_sizes_and_table_agree_with_adjacency(graph: Graph) -> None:
    adjacency = graph.adjacency.toarray()
    assert (graph.degrees == adjacency.sum(axis=1)).all()
    assert graph.size == adjacency.sum() / 2
    for v, row in enumerate(graph.neighbours):
        assert set(row.tolist()) - {v} == set(np.flatnonzero(adjacency[v]).tolist())
        assert (row != v).sum() == adjacency[v].sum()
    assert graph.neighbours.dtype == np.int32


@pytest.mark.parametrize("graph", [g for g, _ in CONSTRUCTED] + EXPLICIT, ids=str)
def test_smallest_eigenvalue_is_the_dense_one(graph: Graph) -> None:
    dense = np.linalg.eigvalsh(graph.adjacency.toarray().astype(float))
    assert graph.smallest_eigenvalue == pytest.approx(dense[0], abs=1e-12)


@pytest.mark.parametrize("graph", [Torus((23, 24)), Torus((501,)), Hamming((3, 14, 13))], ids=str)
def test_lanczos_finds_the_smallest_eigenvalue_of_large_graphs(graph: Graph) -> None:
    rows, columns = graph.adjacency.nonzero()
    upper = rows < columns
    explicit = ExplicitGraph(graph.n, np.stack([rows[upper], columns[upper]], axis=1))
    assert explicit.smallest_eigenvalue == pytest.approx(graph.smallest_eigenvalue, abs=1e-10)


def test_lanczos_is_deterministic() -> None:
    first, second = (ExplicitGraph.from_networkx(nx.cycle_graph(501)) for _ in range(2))
    assert first.smallest_eigenvalue == second.smallest_eigenvalue


@pytest.mark.parametrize(
    ("graph", "degree"),
    [
        (hypercube(7), 7),
        (Hamming((5,) * 6), 24),
        (cycle(9), 2),
        (Torus((5, 6)), 4),
        (EXPLICIT[1], 0),
        (EXPLICIT[3], 3),
    ],
    ids=str,
)
def test_degree_of_regular_graphs(graph: Graph, degree: int) -> None:
    assert graph.degree == degree


def test_uniform_radices() -> None:
    assert Hamming((3, 3)).is_uniform
    assert not Hamming((3, 2)).is_uniform


def test_distributions_over_graphs_know_sizes_only() -> None:
    assert RandomRegular(10, 3).size == 15
    assert RandomRegular(10, 3).degree == 3
    assert ErdosRenyi(10, 0.2).size == pytest.approx(0.2 * math.comb(10, 2))
    assert ErdosRenyi(1, 1.0).size == 0


def test_explicit_edges_are_ordered_copies() -> None:
    edges = np.array([(2, 0), (1, 2)])
    graph = ExplicitGraph(3, edges)
    edges[0] = 1
    assert graph.edges.tolist() == [[0, 2], [1, 2]]
    with pytest.raises(ValueError, match="read-only"):
        graph.edges[0] = 1


def test_explicit_rows_are_padded_with_the_vertex() -> None:
    path = ExplicitGraph(4, np.array([(1, 0), (1, 2)]))
    assert path.neighbours.tolist() == [[1, 0], [0, 2], [1, 2], [3, 3]]


def test_networkx_nodes_keep_their_order() -> None:
    named = nx.Graph([("c", "a"), ("a", "b")])
    graph = ExplicitGraph.from_networkx(named)
    assert graph.edges.tolist() == [[0, 1], [1, 2]]  # c, a, b
    assert ExplicitGraph.from_networkx(nx.empty_graph(3)).degrees.tolist() == [0, 0, 0]


@pytest.mark.parametrize("form", graphs.FORMS.split(", "))
def test_advertised_forms_parse_and_print(form: str) -> None:
    graph = parse_graph(f" {form} ")
    assert parse_graph(str(graph)) == graph
    assert form.startswith("complete") or str(graph) == form


@pytest.mark.parametrize(
    ("text", "graph"),
    [
        ("hypercube:3", Hamming((2, 2, 2))),
        ("hamming:3x4x5", Hamming((3, 4, 5))),
        ("complete:7", Hamming((7,))),
        ("cycle:5", Torus((5,))),
        ("torus:3x4", Torus((3, 4))),
        ("regular:10,3", RandomRegular(10, 3)),
        ("erdos_renyi:10,0.25", ErdosRenyi(10, 0.25)),
    ],
)
def test_parse(text: str, graph: Graph) -> None:
    assert parse_graph(text) == graph


@pytest.mark.parametrize(
    ("graph", "text"),
    [
        (Hamming((2, 2)), "hypercube:2"),
        (Hamming((3, 3)), "hamming:3^2"),
        (Hamming((3,)), "hamming:3"),
        (Hamming((3, 2)), "hamming:3x2"),
        (Torus((5,)), "cycle:5"),
        (ExplicitGraph(3, np.array([(0, 1)])), "explicit graph of 3 vertices and 1 edges"),
    ],
)
def test_text_form(graph: Graph, text: str) -> None:
    assert str(graph) == text


@pytest.mark.parametrize("p", [1 / 3, 0.123456789, 1e-300])
def test_text_form_keeps_every_digit_of_p(p: float) -> None:
    assert parse_graph(str(ErdosRenyi(10, p))) == ErdosRenyi(10, p)


@pytest.mark.parametrize(
    "text",
    [
        *("", "hamming", "hypercube:", "hypercube:0", "hypercube:x", "hamming:1^3", "hamming:5^0", "hamming:2x1"),
        *("torus:2x3", "cycle:2", "complete:1", "regular:5", "regular:5,3", "regular:4,4", "regular:0,0"),
        *("erdos_renyi:0,0.5", "erdos_renyi:5,1.5", "erdos_renyi:5,nan", "erdos_renyi:5", "star:5", "cycle:3x3"),
    ],
)
def test_bad_text_is_named_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=rf"graph: '{text.replace('^', '.')}' is .*examples: hypercube:10"):
        parse_graph(text)


@pytest.mark.parametrize("radices", [(), (1,), (3, 0), (2, 2.5)])
def test_bad_radices(radices: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="radices"):
        Hamming(radices)


@pytest.mark.parametrize("lengths", [(), (2,), (3, 2), (3, 3.5)])
def test_bad_lengths(lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="lengths"):
        Torus(lengths)


@pytest.mark.parametrize(
    ("n", "edges", "message"),
    [
        (0, [], "n: 0"),
        (2, [(0, 2)], r"edges: .* 0\.\.1, found 0\.\.2"),
        (2, [(-1, 0)], "edges: .* found -1"),
        (2, [(1, 1)], "edges: a loop"),
        (3, [(0, 1), (1, 0)], "edges: .* more than once"),
        (3, [(0.5, 1.0)], "edges"),
        (4, [(0, 1, 2), (3, 0, 2)], "edges"),
    ],
)
def test_bad_edges(n: int, edges: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ExplicitGraph(n, np.array(edges))


@pytest.mark.parametrize(("n", "s"), [(0, 0), (3, 3), (3, -1)])
def test_bad_regular_degree(n: int, s: int) -> None:
    with pytest.raises(ValueError, match="degree"):
        RandomRegular(n, s)


def test_regular_graphs_need_an_even_degree_sum() -> None:
    with pytest.raises(ValueError, match=r"n·s: 5·3 is odd"):
        RandomRegular(5, 3)


@pytest.mark.parametrize(("n", "p", "message"), [(0, 0.5, "n: 0"), (5, -0.1, "p: -0.1"), (5, 1.1, "p: 1.1")])
def test_bad_erdos_renyi(n: int, p: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ErdosRenyi(n, p)


def test_irregular_graphs_have_no_degree() -> None:
    with pytest.raises(ValueError, match=r"graph: .* not regular .degrees 1 to 3"):
        _ = ExplicitGraph.from_networkx(nx.star_graph(3)).degree


@pytest.mark.parametrize("graph", [RandomRegular(10, 3), ErdosRenyi(10, 0.5)], ids=str)
def test_distributions_have_no_neighbours(graph: Graph) -> None:
    with pytest.raises(ValueError, match=r"graph: .* draw one"):
        _ = graph.neighbours


def test_erdos_renyi_has_no_degrees() -> None:
    with pytest.raises(ValueError, match=r"graph: .* no fixed degrees"):
        _ = ErdosRenyi(10, 0.5).degree
