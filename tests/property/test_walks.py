"""Walks: bounds and orders that hold for every kernel, memory and landscape."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import strategies
from theory import minima, reference, walks
from theory.graphs import ExplicitGraph, Graph, Hamming
from theory.laws import Kernel, Law, Normal, Uniform, UniformKernel
from theory.walks import Memory

rules = st.sampled_from(walks.RULES)


def constant(fresh: int) -> Memory:
    return Memory.sequence((fresh,), "exact")


def natural_law(kernel: Kernel) -> Law:
    return Normal() if kernel.support == Normal.support else Uniform()


@st.composite
def decreasing(draw: st.DrawFn) -> tuple[int, ...]:
    """Numbers of fresh neighbours that never grow, as along a walk that learns."""
    return tuple(sorted(draw(st.lists(st.integers(0, 30), min_size=1, max_size=4)), reverse=True))


@given(st.integers(1, 60), st.integers(1, 20))
@settings(max_examples=30)
def test_steepest_steps_grow_with_the_degree_up_to_e_minus_1(fresh: int, more: int) -> None:
    few, many = (
        walks.branching(Uniform(), UniformKernel(), constant(s), "steepest").steps for s in (fresh, fresh + more)
    )
    assert few + 1e-12 >= 0.5
    assert few < many < math.e - 1


@given(decreasing(), rules)
@settings(max_examples=40)
def test_evaluations_and_steps_of_any_memory(fresh: tuple[int, ...], rule: str) -> None:
    """A step is taken to a vertex evaluated before, the start is one more; without fresh neighbours nothing happens."""
    found = walks.branching(Uniform(), UniformKernel(), Memory.sequence(fresh, "bound"), rule)
    assert found.steps >= 0
    assert found.evaluations >= (found.steps + 1) * (1 - 1e-12)
    assert found.evaluations <= 1 + fresh[0] * (found.steps + 1) * (1 + 1e-12)
    assert fresh[0] > 0 or found[:2] == (0, 1)


@given(decreasing())
@settings(max_examples=30)
def test_smaller_improvements_make_longer_walks(fresh: tuple[int, ...]) -> None:
    steepest, first, reluctant = (
        walks.branching(Uniform(), UniformKernel(), Memory.sequence(fresh, "exact"), rule).steps for rule in walks.RULES
    )
    assert steepest <= first * (1 + 1e-11)
    assert first <= reluctant * (1 + 1e-11)


@given(strategies.kernels(), st.integers(1, 10), rules)
@settings(max_examples=40)
def test_walks_of_any_kernel(kernel: Kernel, fresh: int, rule: str) -> None:
    """P(at least one step) is 1 − P(local minimum), whatever the rule; evaluations are at least steps and start."""
    law = natural_law(kernel)
    once = walks.branching(law, kernel, Memory.sequence((fresh, 0), "exact"), rule)
    whole = walks.branching(law, kernel, constant(fresh), rule)
    star = ExplicitGraph(fresh + 1, np.array([(0, v) for v in range(1, fresh + 1)]))
    leaves = fresh * minima.branching(ExplicitGraph(2, np.array([(0, 1)])), law, kernel) / 2
    minimum = minima.branching(star, law, kernel) - leaves  # of the centre of the star
    assert once.steps == pytest.approx(1 - minimum, rel=1e-9)
    assert whole.steps >= once.steps - 1e-12
    assert whole.evaluations >= whole.steps + 1 - 1e-9


@given(strategies.regular_graphs(), rules)
@settings(max_examples=40)
def test_iid_walks_on_regular_graphs(graph: Graph, rule: str) -> None:
    found = walks.iid(graph, rule)
    assert found.status in {"exact", "asymptotic", "approximation"}
    assert 0 <= found.steps <= graph.degree / 2 + 1e-9  # no rule is slower than the reluctant one
    assert found.evaluations >= found.steps + 1 - 1e-9


@given(st.data(), strategies.hammings())
@settings(max_examples=30)
def test_iid_walks_do_not_see_the_order_of_coordinates(data: st.DataObject, graph: Hamming) -> None:
    shuffled = Hamming(tuple(data.draw(st.permutations(graph.radices))))
    assert walks.iid(shuffled)[:2] == pytest.approx(walks.iid(graph)[:2], rel=1e-10)


@given(strategies.hammings())
def test_memories_of_hamming_graphs_are_stochastic(graph: Hamming) -> None:
    memory = walks.fresh_neighbours(graph, "steepest")
    rows = memory.follow.sum(axis=1)
    assert memory.fresh[0] == graph.degree
    assert (memory.fresh >= 0).all()
    assert (memory.fresh <= graph.degree).all()
    assert (memory.follow >= 0).all()
    assert all(
        row == pytest.approx(1) or (row == 0 and fresh == 0) for row, fresh in zip(rows, memory.fresh, strict=True)
    )


@given(strategies.hammings())
def test_additive_walks_change_a_coordinate_once(graph: Hamming) -> None:
    assert len(graph.radices) / 2 <= walks.additive(graph) < len(graph.radices)


@given(st.data(), strategies.explicit_graphs())
def test_reluctant_steps_do_not_see_names(data: st.DataObject, graph: ExplicitGraph) -> None:
    image = np.array(data.draw(st.permutations(range(graph.n))))
    renamed = ExplicitGraph(graph.n, image[graph.edges] if len(graph.edges) else graph.edges)
    assert walks.reluctant(renamed) == walks.reluctant(graph) == len(graph.edges) / graph.n


@given(strategies.explicit_graphs(most=5))
@settings(max_examples=30)
def test_reluctant_steps_by_enumeration(graph: ExplicitGraph) -> None:
    assert walks.reluctant(graph) == pytest.approx(float(reference.walk_steps(graph, "reluctant")), rel=1e-14)


@given(st.data(), strategies.graphs(), rules)
def test_literal_walks_end_in_fewer_steps_than_evaluations(data: st.DataObject, graph: Graph, rule: str) -> None:
    losses = data.draw(strategies.landscapes(graph.n))
    v = data.draw(st.integers(0, graph.n - 1))
    path = reference.path(graph, losses, v)
    assert [losses[u] for u in path] == sorted({losses[u] for u in path}, reverse=True)
    assert len(path) <= reference.evaluations(graph, losses, v) <= graph.n
    assert 0 <= reference.expected_steps(graph, losses, v, rule) <= graph.n - 1
    assert (reference.expected_steps(graph, losses, v, rule) == 0) == (len(path) == 1)


@given(st.data(), strategies.explicit_graphs(), rules)
def test_literal_walks_do_not_see_names(data: st.DataObject, graph: ExplicitGraph, rule: str) -> None:
    """Distinct losses: a tie is broken by the index, which is a name."""
    losses = data.draw(st.permutations(range(graph.n)))
    image = np.array(data.draw(st.permutations(range(graph.n))))
    renamed = ExplicitGraph(graph.n, image[graph.edges] if len(graph.edges) else graph.edges)
    moved = np.empty(graph.n)
    moved[image] = losses
    for v in range(graph.n):
        expected = reference.expected_steps(graph, losses, v, rule)
        assert reference.expected_steps(renamed, moved.tolist(), int(image[v]), rule) == expected
