"""Preimages and basins: signs, sums and orders that hold for every kernel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import strategies
from theory import basins
from theory.graphs import ExplicitGraph
from theory.laws import AR1Kernel, Kernel
from theory.reference import path, preimages

degrees = st.integers(1, 12)


@st.composite
def centres(draw: st.DrawFn) -> tuple[Kernel, float]:
    """A kernel and a loss at which preimages are not negligible."""
    kernel = draw(strategies.kernels())
    low, high = (-3.0, 1.5) if isinstance(kernel, AR1Kernel) else (0.0, 0.9)
    return kernel, draw(st.floats(low, high))


@given(centres(), degrees)
@settings(max_examples=60)
def test_basins_hold_their_minimum_and_their_preimages(centre: tuple[Kernel, float], degree: int) -> None:
    kernel, loss = centre
    by_depth, basin = basins.branching(kernel, degree, loss, 3)
    assert (by_depth >= 0).all()
    assert by_depth[0] <= degree * (1 + 1e-12)
    assert basin >= 1
    assert basin >= (1 + by_depth.sum()) * (1 - 1e-12)
    assert degree > 1 or by_depth[1:].max() == 0


@given(centres(), degrees)
@settings(max_examples=12)
def test_depths_do_not_depend_on_how_many_are_asked_for(centre: tuple[Kernel, float], degree: int) -> None:
    kernel, loss = centre
    one, three = (basins.branching(kernel, degree, loss, depth) for depth in (1, 3))
    assert one.by_depth[0] == pytest.approx(three.by_depth[0], rel=1e-11)
    assert one.basin == pytest.approx(three.basin, rel=1e-11)


@given(st.integers(1, 100), st.floats(0, 1), st.floats(0, 1))
def test_better_losses_are_reached_from_more_vertices(degree: int, first: float, second: float) -> None:
    better, worse = (basins.iid(degree, loss).basin for loss in sorted([first, second]))
    assert better >= worse


@given(st.integers(1, 500), st.floats(0, 1), st.integers(1, 30))
def test_closed_forms(degree: int, loss: float, depth: int) -> None:
    for by_depth, basin in (basins.iid(degree, loss, depth), basins.iid_published(degree, loss, depth)):
        assert by_depth.shape == (depth,)
        assert (by_depth >= 0).all()
        assert basin >= 1
        assert 1 + by_depth.sum() <= basin * (1 + 1e-14)


@given(st.integers(1, 500), st.floats(0, 1))
def test_both_closed_forms_start_alike(degree: int, loss: float) -> None:
    corrected, published = basins.iid(degree, loss).by_depth[0], basins.iid_published(degree, loss).by_depth[0]
    assert corrected == published == pytest.approx(degree * (1 - loss) ** degree, rel=1e-13)


@given(st.integers(2, 100), st.floats(0, 0.2))
@settings(max_examples=40)
def test_the_iid_basin_solves_its_differential_equation(degree: int, loss: float) -> None:
    """T = Σ_k E|LS^{-k}| /s obeys T(x) = g^s + (s−1) g^{s−2} ∫_0^g T, g = 1−x: checked by Gauss's rule over losses."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    gap = 1 - loss

    def total(at: float) -> float:
        return (basins.iid(degree, at).basin - 1) / degree

    integral = gap / 2 * float(weights @ [total(1 - gap * (1 + node) / 2) for node in nodes])
    assert total(loss) == pytest.approx(gap**degree + (degree - 1) * gap ** (degree - 2) * integral, rel=1e-10)


@given(centres(), degrees)
@settings(max_examples=40)
def test_published_recursion_is_positive_and_starts_with_its_definition(
    centre: tuple[Kernel, float], degree: int
) -> None:
    kernel, loss = centre
    found = basins.published(kernel, degree, loss, 3)
    assert (found >= 0).all()
    assert found[0] == pytest.approx(degree * float(kernel.sf(loss, loss)) ** degree, rel=1e-10)


@given(st.data(), strategies.explicit_graphs())
def test_literal_basins_partition_the_vertices(data: st.DataObject, graph: ExplicitGraph) -> None:
    """On every landscape, plateaus included: the definition that the expectations are of."""
    losses = data.draw(strategies.landscapes(graph.n))
    ends = {path(graph, losses, v)[-1] for v in range(graph.n)}
    basin = {v: set().union(*(preimages(graph, losses, v, k) for k in range(graph.n))) for v in ends}
    assert sum(len(members) for members in basin.values()) == graph.n
    assert all(v in members for v, members in basin.items())
