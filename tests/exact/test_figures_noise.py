"""Figures of success, autocorrelation and ranking under noise: literal definitions agree, false claims stop them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from paper_figs import autocorrelation, epsilon_success, noise_ranking, style
from simulations.benchmarks import nasbench201
from simulations.comparison import compare
from simulations.estimate import Estimate
from theory import ruggedness
from theory.graphs import Hamming
from theory.laws import TruncatedNormalKernel

from .test_figures import legend_texts, points_outside


def figure_legend(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


# Success


@pytest.fixture(scope="module")
def success() -> Iterator[epsilon_success.Data]:
    """Fewer fields and shares."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(epsilon_success, "FIELDS", 200)
        patch.setattr(epsilon_success, "CELLS", 4 ** np.arange(6))
        yield epsilon_success.load()


def test_claims_about_success_hold(success: epsilon_success.Data) -> None:
    epsilon_success.check(success)
    shown = epsilon_success.numbers(success)
    assert list(shown) == ["best 1", "best 64"]
    assert shown["best 1"]["cifar10"]["table"] == success.tables["cifar10"][0]
    assert shown["best 64"]["branching, corrected"] == success.models["corrected"][3]


def test_success_is_where_walks_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every start followed by hand; of equal losses the first counts as the better."""
    graph = Hamming((3, 4))
    monkeypatch.setattr(epsilon_success, "GRAPH", graph)
    monkeypatch.setattr(epsilon_success, "CELLS", np.array([1, 2, 4, 12]))
    losses = np.array([5, 1, 7, 3, 0, 6, 4, 9, 8, 2, 2, 1])
    order, ranks = np.argsort(losses, kind="stable"), []
    for here in range(12):
        while losses[(best := min(graph.neighbours[here], key=lambda u: (losses[u], u)))] < losses[here]:
            here = int(best)
        ranks.append(order.tolist().index(here))
    expected = [sum(rank < cells for rank in ranks) / 12 for cells in (1, 2, 4, 12)]
    assert 0 < expected[0] < expected[-1] == 1
    assert epsilon_success.among_best(losses).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {"forms": d.forms | {"hamming": 1.2 * d.forms["hamming"]}}, "best 1, shuffled: the form of"),
        (lambda d: {"forms": d.forms | {"tree": d.forms["hamming"]}}, "the form tree is not above"),
        (lambda d: {"tables": d.tables | {"imagenet": d.tables["imagenet"] / 4}}, "imagenet: .* is not in"),
        (lambda d: {"models": d.models | {"published": d.tables["cifar10"]}}, "published"),
        (lambda d: {"models": d.models | {"corrected": d.fields["cifar10"].mean(axis=0)}}, "is not above fields"),
        (lambda d: {"fields": d.fields | {"cifar10": d.fields["cifar10"] ** 0.7}}, "is near fields"),
    ],
)
def test_a_wrong_success_stops_the_figure(success: epsilon_success.Data, change: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        epsilon_success.check(replace(success, **change(success)))


def test_success_is_all_drawn(success: epsilon_success.Data, shown: Callable[[Figure], Figure]) -> None:
    tables, shuffled = shown(epsilon_success.draw(success)).axes
    for ax in (tables, shuffled):
        assert ax.get_xlabel()
        assert points_outside(ax) == []
    assert len(legend_texts(tables)) == 7
    assert len(legend_texts(shuffled)) == len(epsilon_success.FORMS) + 1


# Autocorrelation


@pytest.fixture(scope="module")
def walks() -> autocorrelation.Data:
    return autocorrelation.load()


def test_claims_about_autocorrelation_hold(walks: autocorrelation.Data) -> None:
    autocorrelation.check(walks)
    assert autocorrelation.numbers(walks)["sd 0.3"]["2"] == walks.chains[0.3][2]


@pytest.mark.parametrize("sd", [0.05, 0.3, 0.4])
def test_the_chain_of_a_kernel_is_its_powers_on_a_grid(sd: float) -> None:
    """Midpoints, the kernel's rows brought to sum 1, the stationary law by iteration from the uniform one."""
    x = (np.arange(400) + 0.5) / 400
    P = TruncatedNormalKernel(sd).pdf(x[:, None], x)
    P /= P.sum(axis=1, keepdims=True)
    law = np.linalg.matrix_power(P, 2**14)[0]
    covariances = [law @ ((x - 0.5) * (np.linalg.matrix_power(P, int(t)) @ (x - 0.5))) for t in autocorrelation.STEPS]
    assert autocorrelation.autocovariance(sd) == pytest.approx(np.array(covariances), abs=2e-5)
    assert autocorrelation.autocovariance(sd) == pytest.approx(autocorrelation.autocovariance(sd, 16), rel=1e-9)


def test_a_wide_kernel_draws_anew_each_time() -> None:
    variance, *later = autocorrelation.autocovariance(1e4)
    assert variance == pytest.approx(1 / 12)
    assert later == pytest.approx([0] * len(later), abs=1e-9)


def test_a_shuffled_table_is_the_mean_over_all_permutations(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, losses = Hamming((3, 2)), np.array([0.0, 1, 5, 2, 2, 9])
    monkeypatch.setattr(autocorrelation, "GRAPH", graph)
    found = [
        ruggedness.table_autocorrelation(graph, np.array(shuffle), autocorrelation.STEPS)
        for shuffle in permutations(losses)
    ]
    assert autocorrelation.shuffled() == pytest.approx(np.mean(found, axis=0))


def moved(estimates: list[Estimate], at: int) -> list[Estimate]:
    """One of the estimates moved by its own width."""
    low, best, high = estimates[at]
    width = high - low
    return [*estimates[:at], Estimate(low + width, best + width, high + width), *estimates[at + 1 :]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {"walks": d.walks | {"cifar100": d.walks["cifar100"] + 1e-8}}, "cifar100: the walk of its ρ_h is"),
        (lambda d: {"scores": d.scores | {"imagenet": d.chains[0.35]}}, "sd 0.35 is nearest to its normal scores"),
        (lambda d: {"chains": d.chains | {0.35: d.tables["cifar10"]}}, "sd 0.35 is nearest to its losses"),
        (lambda d: {"chains": d.chains | {0.4: d.chains[0.4] ** 1.02 + 1e-3}}, "sd 0.4 does not decay geometrically"),
        (lambda d: {"simulated": moved(d.simulated, 2)}, "chain at 3 steps"),
        (lambda d: {"shuffles": moved(d.shuffles, 1)}, "shuffled at 2 steps"),
    ],
)
def test_a_wrong_autocorrelation_stops_the_figure(walks: autocorrelation.Data, change: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        autocorrelation.check(replace(walks, **change(walks)))


def test_a_table_that_decays_geometrically_stops_the_figure(walks: autocorrelation.Data) -> None:
    own = {"cifar10": 0.6**autocorrelation.STEPS}
    with pytest.raises(AssertionError, match="cifar10: its decay does not slow down"):
        autocorrelation.check(replace(walks, tables=walks.tables | own, walks=walks.walks | own))


def test_autocorrelation_is_all_drawn(walks: autocorrelation.Data, shown: Callable[[Figure], Figure]) -> None:
    figure = shown(autocorrelation.draw(walks))
    for ax in figure.axes:
        assert ax.get_xlabel()
        assert points_outside(ax) == []
    assert len(figure_legend(figure)) == len(style.TABLES) + len(autocorrelation.SDS) + 2
    assert len(legend_texts(figure.axes[1])) == 2


# Ranking under noise

MEANS = {
    "first": (0.05, 0.10, 0.20, 0.40, 0.8, 1.5),
    "steepest": (0.10, 0.15, 0.25, 0.45, 0.9, 1.6),
    "steepest_sampled": (0.08, 0.12, 0.22, 0.42, 0.8, 1.5),
    "steepest_continued": (0.20, 0.20, 0.30, 0.40, 0.6, 1.2),
    "evolution": (0.10, 0.12, 0.20, 0.35, 0.5, 1.0),
    "random": (0.40, 0.42, 0.50, 0.70, 1.1, 1.8),
}
"""Regrets for which the claims hold on CIFAR-10, at six noises."""


@pytest.fixture
def ranking() -> noise_ranking.Data:
    """Made up: runs that all scatter by a tenth of their mean."""
    scatter = 1 + 0.1 * np.random.default_rng(0).standard_normal((len(MEANS), 100))
    ends: dict[tuple[str, float | str], dict[str, np.ndarray]] = {}
    for dataset in noise_ranking.NAMES:
        lead = {"cifar10": (0, 0.05), "imagenet": (0, 0.05, 0.1)}[dataset]
        columns: dict[float | str, int] = {0: 0, 0.05: 1, 0.1: 2, 0.2: 2, 0.5: 3, 1: 4, 2: 5, "frozen": 2, "fresh": 2}
        for noise, at in columns.items():
            column = 0 if noise in lead else at
            ends[dataset, noise] = {name: means[column] * scatter[i] for i, (name, means) in enumerate(MEANS.items())}
    return noise_ranking.Data(ends)


def changed(data: noise_ranking.Data, key: tuple[str, float | str], **factors: float) -> noise_ranking.Data:
    """With the regrets of some algorithms multiplied."""
    found = {name: factors.get(name, 1.0) * values for name, values in data.ends[key].items()}
    return replace(data, ends=data.ends | {key: found})


def test_claims_about_a_ranking_that_has_them_hold(ranking: noise_ranking.Data) -> None:
    noise_ranking.check(ranking)
    shown = noise_ranking.numbers(ranking)
    assert shown["imagenet, σ = 0.1"]["first"].best == pytest.approx(0.05, rel=0.05)
    assert len(shown) == len(noise_ranking.NAMES) * (len(noise_ranking.SIGMAS) + len(noise_ranking.OWN))


@pytest.mark.parametrize(
    ("key", "factors", "message"),
    [
        (("cifar10", 0), {"first": 2, "steepest_sampled": 2}, "cifar10, 0: no local search is found to beat evolution"),
        (("imagenet", 0.1), {"evolution": 0.5}, "imagenet, 0.1: no local search"),
        (("imagenet", 0.2), {"evolution": 1.2}, "imagenet, 0.2: a local search is found to"),
        (("cifar10", "frozen"), {"steepest_sampled": 0.8}, "cifar10, frozen: a local search is found to"),
        (("imagenet", 2), {"steepest_sampled": 1 / 1.5}, "at σ = 2 evolution does not beat steepest_sampled"),
        (("cifar10", 1), {"steepest": 1.3}, "cifar10, 1: steepest does not beat random search"),
        (("cifar10", "fresh"), {"evolution": 2.5}, "cifar10, fresh: evolution does not beat random search"),
        (("cifar10", 0.05), {"steepest_continued": 0.25}, "σ = 0.05: first does not beat steepest_continued"),
        (("cifar10", 1), {"first": 0.75}, "σ = 1: steepest_continued does not beat first"),
    ],
)
def test_a_wrong_ranking_stops_the_figure(
    ranking: noise_ranking.Data, key: tuple[str, float | str], factors: dict[str, float], message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        noise_ranking.check(changed(ranking, key, **factors))


def test_regrets_are_those_of_compare_in_percentage_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_ranking, "RUNS", 4)
    monkeypatch.setattr(noise_ranking, "BUDGET", 40)
    table = nasbench201.load("imagenet")
    true = table.landscape("mean")
    for noise, noisy in (
        (0.5, noise_ranking.algorithms.GaussianNoise(true, 15)),  # of 3000 images
        ("fresh", noise_ranking.algorithms.Resampled(table.losses)),
    ):
        runs = compare(table.graph, noisy, ["first"], 40, 4, fresh=noise == "fresh")["first"]
        expected = [(run.best[-1] - true.min()) / 30 for run in runs]
        found = noise_ranking.ends("imagenet", noise)
        assert found["first"] == pytest.approx(np.array(expected))
        assert list(found) == list(noise_ranking.LOOKS)
        assert all((values >= 0).all() for values in found.values())


def test_local_search_leads_where_there_is_no_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """In truth by 0.05 points, with a standard deviation of 0.08: 60 runs detect it at 5 standard errors."""
    monkeypatch.setattr(noise_ranking, "RUNS", 60)
    assert noise_ranking.leads(noise_ranking.ends("imagenet", 0))


def test_the_ranking_is_all_drawn(ranking: noise_ranking.Data, shown: Callable[[Figure], Figure]) -> None:
    figure = shown(noise_ranking.draw(ranking))
    for ax in figure.axes:
        assert ax.get_xlabel()
        assert points_outside(ax) == []
        assert len(ax.containers) == 2 * len(noise_ranking.LOOKS)
        assert [label.get_text() for label in ax.get_xticklabels()][-3:] == ["2", "frozen", "fresh"]
    assert len(figure_legend(figure)) == len(noise_ranking.LOOKS)
