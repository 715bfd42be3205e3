"""Figures of tables and their shuffles: what they compute is the literal thing, false claims stop them, all is seen."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from paper_figs import averaging, baselines, basins, loss_laws, search_trees
from simulations import estimate
from simulations.benchmarks import nasbench201
from simulations.estimate import Estimate
from simulations.search import descend
from theory.graphs import Hamming
from theory.laws import TruncatedNormal

from .test_figures import legend_texts, points_outside

# Search trees


@pytest.fixture(scope="module")
def trees() -> search_trees.Data:
    return search_trees.load()


def cut(tree: search_trees.Tree, size: int) -> search_trees.Tree:
    """The vertices of a tree that are nearest to its root, which are a tree again."""
    return search_trees.Tree(tree.vertices[:size], tree.depth[:size], tree.parent[:size], tree.angle[:size])


def test_claims_about_trees_hold(trees: search_trees.Data) -> None:
    search_trees.check(trees)
    assert [len(forest.trees) for forest in trees.values()] == [3, 2]
    assert np.array_equal(np.sort(trees["table"].losses), np.sort(trees["shuffled"].losses))
    assert search_trees.numbers(trees)["table"] == {
        "share": len(trees["table"].trees[0].vertices) / 15_625,
        "depth": 11,
    }


def test_a_tree_is_the_basin_of_its_root() -> None:
    """Parents are next vertices, siblings share their parent's angles in proportion to their leaves."""
    descent = descend(Hamming((3, 4, 5)), np.random.default_rng(0).permutation(60))
    root = int(np.argmax(descent.basin_sizes()))
    tree = search_trees.tree(descent, root)
    size = len(tree.vertices)
    assert sorted(tree.vertices.tolist()) == np.flatnonzero(descent.terminal == root).tolist()
    assert (tree.vertices[0], tree.depth[0], tree.parent[0]) == (root, 0, 0)
    assert np.array_equal(tree.vertices[tree.parent[1:]], descent.next[tree.vertices[1:]])
    assert np.array_equal(tree.depth[1:], tree.depth[tree.parent[1:]] + 1)
    children = [np.flatnonzero(tree.parent[1:] == i) + 1 for i in range(size)]
    leaves = [i for i in range(size) if not len(children[i])]
    np.testing.assert_allclose(np.sort(tree.angle[leaves]), 2 * np.pi * (np.arange(len(leaves)) + 0.5) / len(leaves))

    def below(i: int) -> list[int]:
        return [i] if i in leaves else [leaf for child in children[i] for leaf in below(int(child))]

    for i in range(size):
        angles = tree.angle[below(i)]
        assert tree.angle[i] == pytest.approx((angles.min() + angles.max()) / 2)
        assert np.ptp(angles) == pytest.approx(2 * np.pi * (len(angles) - 1) / len(leaves))  # no stranger between
    np.testing.assert_allclose(np.hypot(*tree.points.T), tree.depth, atol=1e-12)


def uphill(forest: search_trees.Forest) -> search_trees.Forest:
    losses = forest.losses.copy()
    losses[forest.trees[1].vertices[1]] = -1
    return replace(forest, losses=losses)


def another_optimum(forest: search_trees.Forest) -> search_trees.Forest:
    losses = forest.losses.copy()
    losses[forest.trees[1].vertices[0]] = -1
    return replace(forest, losses=losses)


def flat(forest: search_trees.Forest) -> search_trees.Forest:
    first, *others = forest.trees
    return replace(forest, trees=[cut(first, int((first.depth <= 10).sum())), *others])


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("table", uphill, "table: an edge does not lead downhill"),
        ("shuffled", uphill, "shuffled: an edge does not lead downhill"),
        ("table", another_optimum, "the largest basin is not the optimum's"),
        ("table", lambda f: replace(f, trees=[cut(f.trees[0], 7812)]), "only 7812 of 15625 starts lead to the optimum"),
        ("table", flat, "the optimum is at most 10 steps away"),
    ],
)
def test_a_wrong_tree_stops_the_figure(trees: search_trees.Data, name: str, change: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        search_trees.check(trees | {name: change(trees[name])})


def test_a_large_basin_of_shuffled_losses_stops_the_figure(trees: search_trees.Data) -> None:
    table = trees["table"]
    search_trees.check(trees | {"shuffled": replace(table, trees=[cut(table.trees[0], 312)])})
    with pytest.raises(AssertionError, match="shuffled: a basin has 313 starts"):
        search_trees.check(trees | {"shuffled": replace(table, trees=[cut(table.trees[0], 313)])})


def test_all_trees_are_drawn(trees: search_trees.Data, shown: Callable[[Figure], Figure]) -> None:
    *axes, bar = shown(search_trees.draw(trees)).axes
    drawn = [(name, tree) for name, forest in trees.items() for tree in forest.trees]
    for ax, (name, tree) in zip(axes, drawn, strict=True):
        assert points_outside(ax) == []
        assert ax.get_title().startswith(f"{name}: {len(tree.vertices):,} starts\nend at ")
        assert len(ax.collections[0].get_paths()) == len(tree.vertices) - 1
        assert tree.depth[-1] <= search_trees.DEPTHS  # the last colour
    assert bar.get_ylabel() == "steps to the minimum"


# Laws of losses and of neighbours


@pytest.fixture(scope="module")
def laws() -> loss_laws.Data:
    return loss_laws.load()


def test_claims_about_laws_hold(laws: loss_laws.Data) -> None:
    loss_laws.check(laws)
    assert set(loss_laws.numbers(laws)) == set(laws) == set(nasbench201.DATASETS)
    assert loss_laws.numbers(laws)["cifar10"]["better"] is laws["cifar10"].neighbours[0.01].better


def test_fits_find_what_was_drawn() -> None:
    """Standard errors are 0.0005, 0.0006 and 0.002 or less: ten of them; fits are deterministic, so no false alarm."""
    rng = np.random.default_rng(0)
    draws = rng.normal(0.2, 0.15, 300_000)
    law = loss_laws.fitted_law(draws[(draws > 0) & (draws < 1)][:200_000])
    assert (law.mean, law.sd) == pytest.approx((0.2, 0.15), abs=0.005)
    centres = rng.random(20_000)
    neighbours = np.array([normal_near(rng, x, 0.35) for x in centres])
    assert loss_laws.fitted_tau(centres, neighbours) == pytest.approx(0.35, abs=0.02)


def normal_near(rng: np.random.Generator, x: float, sd: float) -> float:
    """A normal number around x, drawn again until it lies in [0, 1]."""
    while True:
        if 0 <= (y := rng.normal(x, sd)) <= 1:
            return y


def test_shares_of_better_neighbours_are_the_literal_ones(laws: loss_laws.Data) -> None:
    """In the table by counting; of a kernel the area of its density up to the centre, in the middle of few centres."""
    losses = laws["cifar100"].losses
    ranks = (np.argsort(np.argsort(losses)) + 0.5) / len(losses)
    pairs = [
        losses[u] < losses[v]
        for v in np.flatnonzero(np.abs(ranks - 0.01) < 0.01)
        for u in nasbench201.GRAPH.neighbours[v]
    ]
    assert laws["cifar100"].neighbours[0.01].better["table"] == pytest.approx(np.mean(pairs), abs=1e-3)  # ties
    found = loss_laws.around(np.array([0.44]), np.array([[0.1, 0.3, 0.5, 0.9]]), 0.35, 0.6)
    assert found.better["table"] == 0.5
    width = np.diff(loss_laws.BINS)
    for kernel, density in found.densities.items():
        assert density @ width == pytest.approx(1, abs=5e-3)
        assert density[:11] @ width[:11] == pytest.approx(found.better[kernel], abs=5e-3)


def with_better(table: loss_laws.Table, **better: float) -> loss_laws.Table:
    found = table.neighbours[0.01]
    return replace(table, neighbours=table.neighbours | {0.01: replace(found, better=found.better | better)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda share: {"truncated": share / 4}, "imagenet: the truncated normal has better neighbours"),
        (lambda share: {"gaussian": 0.74 * share}, "imagenet: the Gaussian kernel is off"),
        (lambda share: {"gaussian": 1.26 * share}, "imagenet: the Gaussian kernel is off"),
    ],
)
def test_a_wrong_kernel_stops_the_figure(laws: loss_laws.Data, change: Any, message: str) -> None:
    table = laws["imagenet"]
    wrong = with_better(table, **change(table.neighbours[0.01].better["table"]))
    with pytest.raises(AssertionError, match=message):
        loss_laws.check(laws | {"imagenet": wrong})


def test_losses_of_a_truncated_normal_stop_the_figure(laws: loss_laws.Data) -> None:
    law, grid = TruncatedNormal(0.3, 0.2), np.linspace(0, 1, 2001)
    quantiles = np.interp((np.arange(1000) + 0.5) / 1000, 1 - law.sf(grid), grid)
    with pytest.raises(AssertionError, match="cifar100: the losses may be a truncated normal, p = "):
        loss_laws.check(laws | {"cifar100": replace(laws["cifar100"], law=law, losses=quantiles)})


def test_all_laws_are_drawn(laws: loss_laws.Data, shown: Callable[[Figure], Figure]) -> None:
    axes = shown(loss_laws.draw(laws)).axes
    assert [ax.get_title(loc="left") for ax in axes[:3]] == ["CIFAR-10", "CIFAR-100", "ImageNet16-120"]
    for ax, table in zip(axes[3:], laws.values(), strict=True):
        assert ax.get_title(loc="left") == f"$\\rho_1 = {table.rho:.2f}$, $\\tau = {table.tau:.2f}$"
        assert (len(ax.patches), len(ax.lines)) == (3, 6)
    for ax in axes:
        assert ax.get_xlabel()
        assert points_outside(ax) == []
    assert legend_texts(axes[0]) == ["table, $f$", "truncated normal"]
    centres = [f"table, centre at {q}" for q in (0.01, 0.5, 0.9)]
    assert legend_texts(axes[3]) == [*centres, "Gaussian, AR(1)", "truncated normal"]


# Basins by rank


@pytest.fixture(scope="module")
def sizes() -> basins.Data:
    return basins.load()


def test_claims_about_basins_hold(sizes: basins.Data) -> None:
    basins.check(sizes)
    assert basins.numbers(sizes) == {
        "shuffled": sizes.measured[0], **{name: values[0] for name, values in sizes.forms.items()}
    }  # fmt: skip


def test_subtrees_are_the_starts_that_pass() -> None:
    descent = descend(Hamming((3, 4, 5)), np.random.default_rng(1).permutation(60))
    passes = np.zeros(60)
    for v in range(60):
        while True:
            passes[v] += 1
            if descent.next[v] == v:
                break
            v = int(descent.next[v])
    assert np.array_equal(basins.subtrees(descent), passes)
    minima = np.unique(descent.terminal)
    assert np.array_equal(passes[minima], descent.basin_sizes()[minima])


def test_ranges_are_means_by_rank() -> None:
    values = np.random.default_rng(2).random(15_625)
    edges = basins.RANKS.tolist()
    assert edges[:3] == [0, 8, 16]
    expected = [values[low:high].mean() for low, high in itertools.pairwise(edges)]
    np.testing.assert_allclose(basins.ranges(values), expected)


@pytest.mark.parametrize(("place", "rank"), [(0, 0), (6, 256), (10, 4096)])
def test_a_basin_off_its_form_stops_the_figure(sizes: basins.Data, place: int, rank: int) -> None:
    for shift in (-50, 50):
        measured = list(sizes.measured)
        measured[place] = Estimate(*(np.array(measured[place]) + shift))
        with pytest.raises(AssertionError, match=f"from rank {rank}: the form of H"):
            basins.check(replace(sizes, measured=measured))


@pytest.mark.parametrize("place", [0, 6])
def test_a_low_form_for_trees_stops_the_figure(sizes: basins.Data, place: int) -> None:
    tree, published = (sizes.forms[name].copy() for name in ("tree", "published"))
    tree[place] = sizes.measured[place].high
    with pytest.raises(AssertionError, match=r"(?s)the form for trees, .* is not above"):
        basins.check(replace(sizes, forms=sizes.forms | {"tree": tree}))
    published[place] = sizes.forms["tree"][place]
    with pytest.raises(AssertionError, match=r"(?s)the published form, .* is not above that for trees"):
        basins.check(replace(sizes, forms=sizes.forms | {"published": published}))


def test_all_basins_are_drawn(sizes: basins.Data, shown: Callable[[Figure], Figure]) -> None:
    axes = shown(basins.draw(sizes)).axes
    for ax in axes:
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert points_outside(ax) == []
        assert len(ax.containers) == 1
        assert len([line for line in ax.lines if line.get_linestyle() != "None"]) == len(basins.FORMS)
    labels = [label for _, _, label in basins.FORMS.values()]
    assert legend_texts(axes[0]) == [*labels, f"{basins.SHUFFLES} shuffles (99.9 %)"]


# Averaging seeds


@pytest.fixture(scope="module")
def averages() -> averaging.Data:
    return averaging.load(trials=100)


def test_claims_about_averages_hold(averages: averaging.Data) -> None:
    averaging.check(averages)
    found = averaging.numbers(averages)
    assert list(found) == ["1", "2", "4", "8", "16"]
    assert {seeds: round(row["observed"]) for seeds, row in found.items()} == {
        "1": 283, "2": 185, "4": 118, "8": 83, "16": 71
    }  # fmt: skip
    assert round(found["16"]["stationary"]) == 40


def test_minima_that_rise_stop_the_figure(averages: averaging.Data) -> None:
    wrong = copy.deepcopy(averages)
    wrong[3]["observed"]["minima"] = 60.0
    with pytest.raises(AssertionError, match=r"averaging seeds does not lower the number of minima: .*60"):
        averaging.check(wrong)


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("name", averaging.PANELS)
def test_what_the_noise_by_rank_misses_stops_the_figure(averages: averaging.Data, place: int, name: str) -> None:
    wrong = copy.deepcopy(averages)
    wrong[place]["by_rank"]["agrees"][name] = False
    with pytest.raises(AssertionError, match=rf"noise at each rank: \[\({2**place}, '{name}'\)\]"):
        averaging.check(wrong)


def test_one_noise_must_miss_the_minima_of_few_seeds(averages: averaging.Data) -> None:
    for place in range(5):
        wrong = copy.deepcopy(averages)
        wrong[place]["stationary"]["agrees"]["minima"] = True
        if place > 2:
            averaging.check(wrong)
            continue
        with pytest.raises(AssertionError, match=rf"one σ explains the minima of \[{2**place}\] seeds"):
            averaging.check(wrong)


def test_all_averages_are_drawn(averages: averaging.Data, shown: Callable[[Figure], Figure]) -> None:
    axes = shown(averaging.draw(averages)).axes
    assert [ax.get_title(loc="left") for ax in axes] == list(averaging.PANELS.values())
    for ax, name in zip(axes, averaging.PANELS, strict=True):
        assert points_outside(ax) == []
        dots = next(line for line in ax.lines if line.get_marker() == "o")
        assert np.asarray(dots.get_xydata()).tolist() == [[row["seeds"], row["observed"][name]] for row in averages]
    for ax in axes[2:]:
        assert ax.get_xlabel()
        assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2", "4", "8", "16"]
    assert legend_texts(axes[0]) == ["one $\\sigma$", "$\\sigma$ by rank", "table"]


# Local search and its rivals


@pytest.fixture(scope="module")
def rivals() -> Iterator[baselines.Data]:
    """The comparison with a quarter of the runs, each of 200 evaluations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "RUNS", 100)
        patch.setattr(baselines, "BUDGET", 200)
        yield baselines.load()


def test_claims_about_rivals_hold(rivals: baselines.Data) -> None:
    baselines.check(rivals)
    found = baselines.numbers(rivals)
    assert list(found) == [f"{dataset}, {noise}" for dataset in baselines.NAMES for noise in baselines.NOISES]
    for key, curves in rivals.curves.items():
        for name, curve in curves.items():
            assert curve.shape == (200, 3)
            assert curve[-1, 1] == pytest.approx(rivals.ends[key][name].mean())
            assert found[", ".join(key)][name] == estimate.mean(rivals.ends[key][name])
            only_improves = (np.diff(curve[:, 1]) <= 1e-9).all()
            assert only_improves or key[1] == "noisy"


def changed(data: baselines.Data, key: tuple[str, str], **ends: np.ndarray) -> baselines.Data:
    return replace(data, ends=data.ends | {key: data.ends[key] | ends})


def test_an_equal_evolution_stops_the_figure(rivals: baselines.Data) -> None:
    ends = rivals.ends["imagenet", "denoised"]
    best = min(baselines.LOCAL, key=lambda name: ends[name].mean())
    with pytest.raises(AssertionError, match=f"imagenet, denoised: {best} does not beat evolution"):
        baselines.check(changed(rivals, ("imagenet", "denoised"), evolution=ends[best]))


def test_a_worse_evolution_under_noise_stops_the_figure(rivals: baselines.Data) -> None:
    ends = rivals.ends["cifar100", "noisy"]
    best = min(baselines.LOCAL, key=lambda name: ends[name].mean())
    worse = ends[best] + np.linspace(0.1, 0.2, 100)
    with pytest.raises(AssertionError, match=f"cifar100, noisy: {best} beats evolution"):
        baselines.check(changed(rivals, ("cifar100", "noisy"), evolution=worse))


def test_a_better_evolution_under_noise_stops_the_figure(rivals: baselines.Data) -> None:
    ends = rivals.ends["cifar100", "noisy"]
    best = min(baselines.LOCAL, key=lambda name: ends[name].mean())
    with pytest.raises(AssertionError, match=f"cifar100, noisy: evolution beats {best}"):
        baselines.check(changed(rivals, ("cifar100", "noisy"), evolution=ends[best] - np.linspace(0.1, 0.2, 100)))


def test_a_gain_that_is_not_certain_enough_stops_the_figure(rivals: baselines.Data) -> None:
    """A gain whose interval holds 0 at 99.5 %, but not at 99 %."""
    ends, spread = rivals.ends["cifar10", "denoised"], np.linspace(-1, 1, 100)
    best = min(baselines.LOCAL, key=lambda name: ends[name].mean())
    gain = spread - (estimate.mean(spread, 0.99).low + estimate.mean(spread, 0.995).low) / 2
    assert estimate.mean(gain, 0.99).low > 0 > estimate.mean(gain, 0.995).low
    with pytest.raises(AssertionError, match=f"cifar10, denoised: {best} does not beat evolution"):
        baselines.check(changed(rivals, ("cifar10", "denoised"), evolution=ends[best] + gain))


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (("imagenet", "denoised"), "first"),
        (("cifar10", "denoised"), "steepest_continued"),
        (("cifar10", "denoised"), "evolution"),
        (("cifar100", "noisy"), "first"),
        (("cifar10", "noisy"), "steepest_continued"),
    ],
)
def test_no_better_than_random_search_stops_the_figure(rivals: baselines.Data, key: tuple[str, str], name: str) -> None:
    with pytest.raises(AssertionError, match=f"{', '.join(key)}: {name} does not beat random search"):
        baselines.check(changed(rivals, key, **{name: rivals.ends[key]["random"]}))


def test_all_rivals_are_drawn(rivals: baselines.Data, shown: Callable[[Figure], Figure]) -> None:
    figure = shown(baselines.draw(rivals))
    titles = [f"{name}, {what}" for what in baselines.NOISES.values() for name in baselines.NAMES.values()]
    assert [ax.get_title(loc="left") for ax in figure.axes] == titles
    for ax in figure.axes:
        assert points_outside(ax) == []
        assert (len(ax.lines), len(ax.collections)) == (4, 4)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [label for _, _, label in baselines.LOOKS.values()]
