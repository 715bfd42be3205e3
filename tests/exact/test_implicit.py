"""Implicit landscapes against their formulas and the stored search; conditioned fields against their covariance."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from simulations import gaussian_paths, implicit, landscapes, search
from simulations.implicit import Landscape
from theory.correlations import Anisotropic, Correlation
from theory.graphs import Hamming, complete, hypercube
from theory.noise import Noise

HUGE = Hamming((8,) * 20)
GRAPHS = [hypercube(7), Hamming((3, 4, 2, 5)), Hamming((5, 5, 5)), complete(9), hypercube(1)]


def models(graph: Hamming, rng: np.random.Generator) -> dict[str, Landscape]:
    d = len(graph.radices)
    return {
        "iid": implicit.iid(graph, rng),
        "rmf": implicit.rough_mount_fuji(graph, 0.7, rng),
        "additive": implicit.additive(graph, rng),
        "nk random": implicit.nk(graph, min(2, d - 1), "random", rng),
        "nk adjacent": implicit.nk(graph, min(1, d - 1), "adjacent", rng),
        "nk block": implicit.nk(graph, d - 1, "block", rng),
        "noisy": implicit.additive(graph, rng).observed(Noise(0.5, average=2)),
    }


MODELS = list(models(HUGE, np.random.default_rng(0)))


# Known-answer vectors of Random123 1.14 (tests/kat_vectors): counter, key, output.
@pytest.mark.parametrize(
    ("counter", "key", "output"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_answers(counter: tuple, key: tuple, output: tuple) -> None:
    assert implicit.philox(*map(np.uint64, (*counter, *key))) == output


def test_normals_are_box_and_mullers() -> None:
    key, stream, index = 0x0123456789ABCDEF, 5, 2**62 + 12345
    words = [word for number in (index, stream, key) for word in (number % 2**32, number >> 32)]
    a, b, c, d = map(int, implicit.philox(*map(np.uint64, words)))
    u, turn = ((x * 2**32 + y) // 2**11 / 2**53 for x, y in ((a, b), (c, d)))
    expected = math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * turn)
    assert implicit.normal(np.uint64(key), stream, index) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_letters_and_neighbours_are_those_of_the_graph(graph: Hamming) -> None:
    radices, strides = implicit.radices(graph), implicit.strides(graph)
    row = np.empty(graph.degree, dtype=np.int64)
    for v in range(graph.n):
        implicit.around_of(v, radices, strides, row)
        assert row.tolist() == graph.neighbours[v].tolist()
        assert tuple(implicit.letters_of(v, radices, strides)) == np.unravel_index(v, graph.radices)


def test_vertices_of_huge_graphs_have_their_neighbours() -> None:
    vertex, row = HUGE.n - 1, np.empty(HUGE.degree, dtype=np.int64)
    implicit.around_of(vertex, implicit.radices(HUGE), implicit.strides(HUGE), row)
    assert row.tolist() == [vertex - (7 - b) * 8**i for i in range(19, -1, -1) for b in range(7)]


@pytest.mark.parametrize("rule", ["steepest", "reluctant"])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("graph", GRAPHS, ids=str)
def test_walks_are_those_on_the_stored_landscape(graph: Hamming, name: str, rule: str) -> None:
    """Start by start, to the last bit of the loss."""
    rng = np.random.default_rng(3)
    landscape = models(graph, rng)[name]
    losses = landscape.losses(np.arange(graph.n))
    stored, starts = search.descend(graph, losses, rule), rng.permutation(graph.n)
    walks = implicit.descend(landscape, starts, rng, rule)
    assert walks.steps.tolist() == stored.steps[starts].tolist()
    assert walks.terminal.tolist() == stored.terminal[starts].tolist()
    assert walks.evaluations.tolist() == stored.evaluations(starts).tolist()
    assert walks.losses.tolist() == losses[walks.terminal].tolist()


@pytest.mark.parametrize("name", MODELS)
def test_first_improvement_ends_in_local_minima(name: str) -> None:
    graph, rng = Hamming((3, 4, 2, 5)), np.random.default_rng(4)
    landscape = models(graph, rng)[name]
    losses = landscape.losses(np.arange(graph.n))
    starts = np.repeat(np.arange(graph.n), 3)
    walks = implicit.descend(landscape, starts, rng, "first")
    assert search.strict_minima(graph, losses)[walks.terminal].all()
    assert walks.losses.tolist() == losses[walks.terminal].tolist()
    assert ((walks.steps == 0) == search.strict_minima(graph, losses)[starts]).all()
    assert (graph.degree < walks.evaluations).all()
    assert (walks.evaluations <= graph.n).all()


def test_one_visit_of_first_improvement_looks_until_the_first_better() -> None:
    around, order, rng = np.array([3.0, 1.0, 4.0, 1.5, 5.0, 0.5]), np.arange(6), np.random.default_rng(5)
    for _ in range(100):
        slot, looked = implicit.choose(around, 2.0, 1, order, rng)
        assert sorted(order) == list(range(6))
        assert slot == order[looked - 1]
        assert [bool(around[i] < 2) for i in order[:looked]] == [False] * (looked - 1) + [True]
    assert implicit.choose(around, 0.5, 1, order, rng) == (-1, 6)


class Tables:
    """A generator whose normals, and whose choices of coordinates, are those of an implicit NK landscape."""

    def __init__(self, landscape: Landscape) -> None:
        self.landscape, self.drawn, self.chosen = landscape, 0, 0

    def standard_normal(self, shape: list[int]) -> np.ndarray:
        key, component = np.uint64(self.landscape.key), self.drawn
        self.drawn += 1
        values = [implicit.normal(key, component, index) for index in range(math.prod(shape))]
        return np.array(values).reshape(shape)

    def choice(self, others: list[int], size: int, replace: bool) -> np.ndarray:
        axes = set(np.flatnonzero(self.landscape.components[self.chosen]).tolist()) - {self.chosen}
        self.chosen += 1
        assert len(axes) == size
        assert axes <= set(others)
        return np.array(sorted(axes), dtype=int)


@pytest.mark.parametrize("graph", [Hamming((3, 4, 2, 5)), hypercube(6)], ids=str)
@pytest.mark.parametrize(
    ("k", "neighbourhood"), [(0, "adjacent"), (1, "adjacent"), (2, "adjacent"), (1, "block"), (2, "random")]
)
def test_nk_is_the_stored_model(graph: Hamming, k: int, neighbourhood: str) -> None:
    landscape = implicit.nk(graph, k, neighbourhood, np.random.default_rng(6))
    stored = landscapes.nk(graph, k, neighbourhood, Tables(landscape))  # type: ignore[arg-type]
    assert landscape.losses(np.arange(graph.n)) == pytest.approx(stored, abs=1e-14)


def test_rough_mount_fuji_is_iid_on_a_slope() -> None:
    graph, vertices = Hamming((3, 4, 2, 5)), np.arange(120)
    flat, steep = (implicit.rough_mount_fuji(graph, slope, np.random.default_rng(7)) for slope in (0.0, 2.5))
    distance = np.array([np.count_nonzero(np.unravel_index(v, graph.radices)) for v in vertices])
    assert steep.losses(vertices) - flat.losses(vertices) == pytest.approx(2.5 * distance, abs=1e-14)


def test_noise_is_added_to_the_losses() -> None:
    vertices = np.random.default_rng(8).integers(HUGE.n, size=50)
    truth = implicit.additive(HUGE, np.random.default_rng(9))
    noise = (truth.observed(Noise(0.5)).losses(vertices) - truth.losses(vertices)) / 0.5
    assert noise == pytest.approx([implicit.normal(np.uint64(truth.key), 20, v) for v in vertices], abs=1e-13)


@pytest.mark.parametrize("rule", implicit.RULES)
def test_additive_walks_of_huge_graphs_end_at_the_optimum(rule: str) -> None:
    """Steepest descent sets every letter that is not the best, once."""
    rng = np.random.default_rng(10)
    landscape = implicit.additive(HUGE, rng)
    effects = np.array([[implicit.normal(np.uint64(landscape.key), i, b) for b in range(8)] for i in range(20)])
    best = effects.argmin(axis=1)
    starts = rng.integers(HUGE.n, size=30)
    walks = implicit.descend(landscape, starts, rng, rule)
    assert set(walks.terminal.tolist()) == {int(np.ravel_multi_index(best.tolist(), HUGE.radices))}
    assert walks.losses == pytest.approx(effects.min(axis=1).sum() / math.sqrt(20))
    if rule == "steepest":
        letters = np.array(np.unravel_index(starts, HUGE.radices))
        assert walks.steps.tolist() == (letters != best[:, None]).sum(axis=0).tolist()


def test_walks_do_not_depend_on_each_other() -> None:
    rng = np.random.default_rng(11)
    landscape, starts = implicit.nk(HUGE, 3, "random", rng), rng.integers(HUGE.n, size=6)
    together = implicit.descend(landscape, starts, rng)
    alone = [implicit.descend(landscape, starts[i : i + 1], rng) for i in range(6)]
    for column, separate in zip(together, zip(*alone, strict=True), strict=True):
        assert column.tolist() == np.concatenate(separate).tolist()


def test_bad_input_is_named() -> None:
    rng = np.random.default_rng(12)
    landscape = implicit.iid(hypercube(4), rng)
    with pytest.raises(ValueError, match=r"graph: hypercube:63 has 9.22e\+18 vertices; fewer than 2\^63 are allowed"):
        implicit.iid(hypercube(63), rng)
    for wrong in ([-1], [16], [0.5], 3):
        with pytest.raises(ValueError, match=r"vertices: .* must be whole numbers in 0..15"):
            implicit.descend(landscape, np.array(wrong), rng)
    with pytest.raises(ValueError, match=r"key: 18446744073709551616 must lie in 0..2\^64−1"):
        replace(landscape, key=2**64)
    with pytest.raises(ValueError, match=r"components: int64 \(1, 4\) must be int64 \(2, 4\)"):
        replace(landscape, weights=np.ones(2))
    with pytest.raises(ValueError, match="rule: 'best' is unknown; allowed: steepest, first, reluctant"):
        implicit.descend(landscape, np.array([0]), rng, "best")
    with pytest.raises(ValueError, match="k: 4 does not fit 4 coordinates"):
        implicit.nk(hypercube(4), 4, "random", rng)
    with pytest.raises(ValueError, match="k: 2 does not fit 4 coordinates"):
        implicit.nk(hypercube(4), 2, "block", rng)
    with pytest.raises(ValueError, match="neighbourhood: 'near' is unknown"):
        implicit.nk(hypercube(4), 1, "near", rng)


def test_bad_fields_are_named() -> None:
    graph, starts, rng = hypercube(3), np.array([0]), np.random.default_rng(13)
    with pytest.raises(ValueError, match=r"rho: .* must be 1, c, c²"):
        gaussian_paths.descend(graph, Correlation((1.0, 0.5, 0.3)), starts, rng)
    for distances in (1, 2, 4):  # what is open is not c^h
        with pytest.raises(ValueError, match="up to distance 3"):
            gaussian_paths.descend(graph, Correlation.geometric(0.5, distances), starts, rng)
    for c in ((0.5, 0.5), (0.5, 0.5, 1.0)):
        with pytest.raises(ValueError, match=r"c: .* must be 3 numbers in \[0, 1\)"):
            gaussian_paths.descend(graph, Anisotropic(c), starts, rng)
    with pytest.raises(ValueError, match=r"c: .* must be 3 numbers in \[0, 1\)"):
        gaussian_paths.descend(graph, Correlation.geometric(-0.5, 3), starts, rng)
    with pytest.raises(ValueError, match="vertices"):
        gaussian_paths.descend(graph, Correlation((1.0, 0.5)), np.array([8]), rng)


FIELD = Hamming((3, 4, 2, 3))
PATHS = {
    "one vertex": [(1, 2, 1, 0)],
    "new coordinates": [(0, 0, 0, 0), (0, 0, 0, 2), (1, 0, 0, 2), (1, 3, 0, 2), (1, 3, 1, 2)],
    "along a line": [(0, 0, 0, 0), (0, 2, 0, 0), (0, 1, 0, 0), (0, 3, 0, 0)],
    "coming back to a coordinate": [(0, 0, 0, 0), (0, 1, 0, 0), (2, 1, 0, 0), (2, 3, 0, 0), (2, 3, 0, 1), (1, 3, 0, 1)],
    "back to a known line": [(0, 0, 0, 0), (0, 1, 0, 0), (0, 1, 1, 0), (0, 0, 1, 0), (0, 0, 0, 0), (0, 0, 0, 1)],
}  # fmt: skip


@pytest.mark.parametrize("c", [(0.6,) * 4, (0.3, 0.9, 0.0, 0.5), (0.99,) * 4], ids=str)
@pytest.mark.parametrize("name", PATHS)
def test_conditioned_fields_have_their_covariance(name: str, c: tuple[float, ...]) -> None:
    """On a given path what is seen is linear in the normals, true = A z: A Aᵀ is the covariance of the stored field."""
    path, d = PATHS[name], len(FIELD.radices)
    field = gaussian_paths.Field(implicit.radices(FIELD), implicit.strides(FIELD), np.array(c))
    columns = []
    for z in np.eye(len(path) * d * 5).reshape(-1, len(path), d, 5):
        seen = gaussian_paths.nothing_seen(field, len(path))
        for t, word in enumerate(path):
            gaussian_paths.look(field, seen, t, int(np.ravel_multi_index(word, FIELD.radices)), z[t])
        columns.append(seen.true[: len(path)])
    words = np.array([(t, i, b) for t in range(len(path)) for i in range(d) for b in range(FIELD.radices[i])])
    seen_words = np.array([np.where(np.arange(d) == i, b, path[t]) for t, i, b in words])
    A = np.array(columns)[:, *words.T].T
    expected = np.where(seen_words[:, None] != seen_words, c, 1.0).prod(axis=2)
    assert np.abs(A @ A.T - expected).max() < 1e-13
    assert len(words) > np.linalg.matrix_rank(expected, 1e-9) or len(path) == 1  # vertices that are seen twice


def test_a_walk_that_is_too_long_is_named() -> None:
    graph, rng = hypercube(60), np.random.default_rng(15)
    with pytest.raises(ArithmeticError, match="steps: a walk is longer than 50 steps"):
        gaussian_paths.descend(graph, Anisotropic((0.9,) * 60), rng.integers(graph.n, size=20), rng, "reluctant")


def test_a_singular_field_is_named() -> None:
    graph, rng = hypercube(20), np.random.default_rng(16)
    with pytest.raises(ArithmeticError, match="c: too close to 1"):
        gaussian_paths.descend(graph, Anisotropic((1 - 1e-7,) * 20), rng.integers(graph.n, size=20), rng)
