"""Verdicts: the right formula agrees with Monte Carlo, and deliberately wrong ones are caught."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import gamma, gammainc

from simulations import benchmarks, landscapes, suite, surrogate, validation
from simulations.benchmarks import LossTable
from simulations.campaign import run
from simulations.suite import Check
from simulations.tasks import Task
from theory import basins, catalogue, minima, ruggedness, walks
from theory.correlations import Correlation
from theory.graphs import Hamming, hypercube, parse_graph
from theory.laws import AR1Kernel, Normal, parse_kernel
from theory.noise import Noise

TASK = Task("minima", graph="complete:2")
AROUND_TEN = np.tile([9.0, 11.0], 50)
"""Mean 10 with a 99 % interval of half-width 0.264."""


def check(predicted: float, claim: str = "equal", allowance: float = 0.0, statistic: str = "mean") -> Check:
    return Check("minima.iid", "toy", predicted, TASK, 100, claim=claim, allowance=allowance, statistic=statistic)


@pytest.mark.parametrize(
    ("claim", "predicted", "allowance", "agrees"),
    [
        ("equal", 10, 0, True),
        ("equal", 10.25, 0, True),
        ("equal", 9.75, 0, True),
        ("equal", 10.28, 0, False),
        ("equal", 9.72, 0, False),
        ("equal", -10, 0, False),
        ("within", 10.4, 0.02, True),
        ("within", 9.6, 0.02, True),
        ("within", 10.6, 0.02, False),
        ("within", 9.4, 0.02, False),
        ("upper", 20, 0, True),
        ("upper", 9.75, 0, True),
        ("upper", 9.72, 0, False),
        ("lower", 0, 0, True),
        ("lower", 10.25, 0, True),
        ("lower", 10.28, 0, False),
        ("refuted", 10, 0.5, False),
        ("refuted", 19, 0.5, False),
        ("refuted", 7, 0.5, False),
        ("refuted", 21, 0.5, True),
        ("refuted", 6, 0.5, True),
    ],
)
def test_verdict_of_each_claim(claim: str, predicted: float, allowance: float, agrees: bool) -> None:
    verdict = validation.judge(check(predicted, claim, allowance), AROUND_TEN, 0.99)
    assert verdict["agrees"] is agrees
    assert (verdict["low"], verdict["best"], verdict["high"]) == pytest.approx((9.736, 10, 10.264), abs=1e-3)


@pytest.mark.parametrize(("predicted", "agrees"), [(1.0, True), (1.3, False), (0.9, False)])
def test_verdict_on_a_variance(predicted: float, agrees: bool) -> None:
    values = np.random.default_rng(0).standard_normal(10_000)
    assert validation.judge(check(predicted, statistic="variance"), values, 0.99)["agrees"] is agrees


@pytest.mark.parametrize("claim", ["equal", "within", "upper", "lower"])
@pytest.mark.parametrize(("value", "predicted"), [(0.1, 0.1 * 3 / 3 + 1e-16), (2.0, 2.0), (0.0, 0.0), (-1.5, -1.5)])
def test_equal_trials_agree_up_to_rounding(claim: str, value: float, predicted: float) -> None:
    assert validation.judge(check(predicted, claim), np.full(10, value), 0.99)["agrees"]


@pytest.mark.parametrize(("value", "predicted"), [(2.0, 2.0 + 1e-9), (-1.5, 1e-9), (1e-9, 0.0)])
def test_equal_trials_leave_no_room(value: float, predicted: float) -> None:
    assert not validation.judge(check(predicted), np.full(10, value), 0.99)["agrees"]


def test_a_task_shared_by_checks_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[tuple[Task, int]] = []

    def fake(task: Task, trials: int, *_: object) -> np.ndarray:
        runs.append((task, trials))
        return np.stack([np.arange(trials), np.full(trials, 7)], axis=1)

    monkeypatch.setattr(validation, "run", fake)
    few, many = replace(check(2.0), trials=5), replace(check(7.0), trials=9, column=1)
    verdicts = validation.judge_all([few, many])
    assert runs == [(TASK, 9)]
    assert [(v["best"], v["trials"]) for v in verdicts] == [(2, 5), (7, 9)]


def test_the_false_alarm_rate_is_that_of_the_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "run", lambda *_: AROUND_TEN[:, None])
    for count in (1, 50):
        alone = validation.judge(check(10), AROUND_TEN, 1 - 0.01 / count)
        assert validation.judge_all([check(10)] * count) == [alone] * count


def test_detects_is_an_error_found_with_the_declared_power() -> None:
    """2,000 repetitions of 50 normal trials: a power off by 0.03 is caught; false alarm below 1e−4."""
    rng, confidence = np.random.default_rng(1), 0.99
    detects = validation.judge(check(5), 5 + np.tile([-1.0, 1.0], 25), confidence)["detects"]
    samples = rng.normal(5, math.sqrt(50 / 49), (2000, 50))
    caught = [not validation.judge(check(5 * (1 + detects)), sample, confidence)["agrees"] for sample in samples]
    assert np.mean(caught) == pytest.approx(validation.POWER, abs=0.02)


@pytest.fixture(scope="module")
def families() -> dict[str, list[Check]]:
    return {family.__name__: list(family()) for family in suite.FAMILIES}


def test_the_suite_covers_every_result(families: dict[str, list[Check]]) -> None:
    checks = [c for judged in families.values() for c in judged]
    assert {c.id for c in checks} == set(catalogue.RESULTS) - set(suite.UNTESTED)
    assert set(suite.UNTESTED) == {"bound.query"}
    assert len({(c.id, c.setting, c.claim) for c in checks}) == len(checks)
    assert all(math.isfinite(c.predicted) and c.trials >= 2 for c in checks)
    assert {c.id for c in checks if c.claim == "refuted"} == {
        "preimage.published",
        "success.published",
        "walk.gaussian_first",
    }


@pytest.mark.parametrize(("family", "judged"), suite.FAMILIES.items(), ids=lambda item: getattr(item, "__name__", ""))
def test_families_judge_what_they_declare(
    family: Callable[[], Iterator[Check]], judged: str, families: dict[str, list[Check]]
) -> None:
    assert {check.id for check in families[family.__name__]} == set(judged.split())


def test_checks_come_in_the_order_of_the_catalogue() -> None:
    ids = ["walk.law", "minima.iid", "success.iid"]
    assert list(dict.fromkeys(c.id for c in suite.checks(ids))) == [id for id in catalogue.RESULTS if id in ids]


def test_quick_checks_are_the_same_with_a_tenth_of_the_trials() -> None:
    ids = ("walk.iid", "walk.additive", "chain.descent")
    for full, few in zip(suite.checks(ids), suite.checks(ids, quick=True), strict=True):
        assert replace(few, trials=full.trials) == full
        assert few.trials == max(30, full.trials // 10) <= full.trials


def test_a_reading_sees_all_numbers_of_a_trial() -> None:
    rows = np.array([[1.0, 2.0], [5.0, 3.0]])
    assert check(0).read(rows).tolist() == [1, 5]
    assert replace(check(0), column=1).read(rows).tolist() == [2, 3]
    assert replace(check(0), column=1, reading=np.max).read(rows).tolist() == [2, 5]


def wrong_prediction(right: Check, verdict: dict[str, Any]) -> float:
    """Off by twice what the verdict says that it detects, or 5 %, on the side that the claim excludes."""
    best, off = verdict["best"], max(2 * verdict["detects"], 0.05) * abs(verdict["best"])
    return {"upper": best - off, "lower": best + off, "refuted": best}.get(right.claim, right.predicted + off)


# A fortieth of the suite's trials. Of all right predictions together one is rejected with probability 1 %. The end of
# an interval is 4 standard errors from the estimate, a wrong prediction of an equality 2(4 + 1.6) from the right one:
# it is missed with a probability below 1e-10.
@pytest.mark.parametrize("family", suite.FAMILIES, ids=lambda family: family.__name__)
def test_wrong_predictions_of_each_family_are_rejected(
    family: Callable[[], Iterator[Check]], families: dict[str, list[Check]]
) -> None:
    least = {"refuted": 60}
    checks = [replace(c, trials=max(least.get(c.claim, 12), c.trials // 40)) for c in families[family.__name__]]
    confidence = 1 - validation.FALSE_ALARM / sum(map(len, families.values()))
    trials = {task: max(c.trials for c in checks if c.task == task) for task in {c.task for c in checks}}
    rows = {task: run(task, count) for task, count in trials.items()}
    for right in checks:
        values = right.read(rows[right.task][: right.trials])
        verdict = validation.judge(right, values, confidence)
        assert verdict["agrees"], verdict
        wrong = replace(right, predicted=wrong_prediction(right, verdict))
        assert not validation.judge(wrong, values, confidence)["agrees"], verdict


def test_verify_chooses_and_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [replace(check(1.0), id=id) for id in ("minima.iid", "walk.additive", "minima.iid")]
    monkeypatch.setattr(suite, "checks", lambda ids=(), quick=False: [c for c in known if not ids or c.id in ids])
    assert [r["id"] for r in validation.verify(trials=2)] == ["minima.iid", "walk.additive", "minima.iid"]
    assert [(r["id"], r["trials"]) for r in validation.verify(["minima.iid"], trials=20)] == [("minima.iid", 20)] * 2
    with pytest.raises(ValueError, match=r"id: 'walk\.free' is unknown"):
        validation.verify(["walk.additive", "walk.free"])
    with pytest.raises(ValueError, match="trials: 1 must be at least 2"):
        validation.verify(["walk.additive"], trials=1)


NAS = Hamming((5,) * 6)
FIELD = Correlation.geometric(0.6, 6)
KERNEL = parse_kernel("truncnorm:0.35")


def steps_without_memory(s: int) -> float:
    """Steepest descent with s fresh neighbours at every step, r ≡ s: e·γ(1/s, 1)/s − 1."""
    return math.e * float(gammainc(1 / s, 1) * gamma(1 / s)) / s - 1


def minima_pairs() -> dict[str, tuple[Check, float]]:
    iid = Check("minima.iid", "mean", 625.0, Task("minima", graph="hamming:5^6"), 150)
    spread = replace(
        iid, predicted=26 / 15, task=Task("minima", graph="hamming:3x4x5"), trials=3000, statistic="variance"
    )
    field = Check("minima.gaussian", "c=0.6", minima.gaussian(NAS, FIELD), suite.field(NAS, 0.6), 100)
    averaged = minima.gaussian(NAS, FIELD, Noise(0.6, average=4))
    noisy = replace(field, setting="σ=0.6/√4", predicted=averaged, task=suite.field(NAS, 0.6, 0.6, 4))
    low = Check("minima.noise_monotone", "σ=0.5", field.predicted, suite.field(NAS, 0.6, 0.5), 60, claim="lower")
    return {
        "s instead of s+1": (iid, NAS.n / NAS.degree),
        "mean 5 % too high": (iid, 1.05 * iid.predicted),
        "mean 5 % too low": (iid, 0.95 * iid.predicted),
        "variance of independent minima": (spread, 60 * 0.1 * 0.9),
        "branching model in spite of cliques": (field, minima.branching(NAS, Normal(), AR1Kernel(0.6))),
        "noise forgotten": (noisy, field.predicted),
        "noise not averaged": (noisy, minima.gaussian(NAS, FIELD, Noise(0.6))),
        "lower bound too high": (low, 625.0),
        "upper bound too low": (replace(low, predicted=625.0, claim="upper"), field.predicted),
    }


def walk_pairs() -> dict[str, tuple[Check, float]]:
    tree = Task("basins", "branching", kernel=str(KERNEL), degree=24, loss=0.1, depth=2)
    right, published = basins.branching(KERNEL, 24, 0.1, 2).by_depth, basins.published(KERNEL, 24, 0.1, 2)
    one, two = (Check("preimage.branching", f"k={k}", right[k - 1], tree, 1000, k - 1) for k in (1, 2))
    refuted = replace(one, id="preimage.published", predicted=published[0], claim="refuted", allowance=0.5)
    small = Task("basins", "branching", kernel="uniform", degree=8, loss=0.02, depth=2)
    iid = Check("preimage.iid", "k=2", basins.iid(8, 0.02, 2).by_depth[1], small, 8000, column=1)
    walk, task = walks.iid(NAS), Task("steps", graph="hamming:5^6")
    steps = Check("walk.iid", "steps", walk.steps, task, 60)
    looks = Check("walk.iid", "evaluations", walk.evaluations, task, 60, column=1, claim="within", allowance=0.002)
    additive = Check("walk.additive", "3x4x5", 133 / 60, Task("steps", "additive", "hamming:3x4x5"), 30)
    return {
        "published preimage": (one, published[0]),
        "published preimage of two steps": (two, published[1]),
        "right preimage called refuted": (refuted, right[0]),
        "edge used twice": (iid, basins.iid_published(8, 0.02, 2).by_depth[1]),
        "walk without memory": (steps, steps_without_memory(24)),
        "evaluations 5 % too high": (looks, 1.05 * walk.evaluations),
        "more than a rounding error": (additive, 133 / 60 + 1e-9),
    }


PAIRS = minima_pairs() | walk_pairs()
"""A check with the right prediction, and a wrong one. Every wrong prediction is at least 9 standard errors beyond the
end of the interval: it is missed with probability below 1e−6. The right ones disagree with 1 % as a family."""


@pytest.fixture(scope="module")
def agreement() -> dict[str, tuple[bool, bool]]:
    """Whether the right and the wrong prediction of each pair agree with the same trials."""
    right = validation.judge_all([check for check, _ in PAIRS.values()])
    wrong = validation.judge_all([replace(check, predicted=value) for check, value in PAIRS.values()])
    return {name: (a["agrees"], b["agrees"]) for name, a, b in zip(PAIRS, right, wrong, strict=True)}


@pytest.mark.parametrize("name", PAIRS)
def test_wrong_formula_is_caught_and_right_one_is_not(name: str, agreement: dict[str, tuple[bool, bool]]) -> None:
    assert agreement[name] == (True, False)


CUBE = Hamming((5,) * 4)


def table(losses: np.ndarray) -> LossTable:
    return LossTable("toy", CUBE, losses[:, None], "")


@pytest.fixture(scope="module")
def smooth() -> np.ndarray:
    return landscapes.gaussian(CUBE, Correlation.geometric(0.8, 4), np.random.default_rng(1))


def test_a_table_drawn_from_the_model_agrees(smooth: np.ndarray) -> None:
    """All four observations lie in their intervals with probability 99 % if the model holds: false alarm 1 %."""
    content = validation.check_table(table(smooth), 0, trials=300)
    assert content["agrees"] == {"minima": True, "steps": True, "p_global": True, "p_near": True}
    assert content["interval"]["minima"][0] <= content["predicted"]["minima"] <= content["interval"]["minima"][1]


def test_a_table_with_a_shuffled_bottom_disagrees(smooth: np.ndarray) -> None:
    """Where only the good half is rugged, random tables of the same effects and variances have too few minima (in most
    such tables by enough to be caught; in this one 32 minima are counted and 8 to 23 expected)."""
    losses, bottom = smooth.copy(), np.argsort(smooth)[: CUBE.n // 2]
    losses[bottom] = np.random.default_rng(11).permutation(losses[bottom])
    assert not validation.check_table(table(losses), 0, trials=300)["agrees"]["minima"]


def test_an_interval_holds_all_but_a_quarter_percent_of_the_landscapes(smooth: np.ndarray) -> None:
    content = validation.check_table(table(smooth), 0, trials=1600)
    simulated = run(Task("steps", "gaussian", str(CUBE), rho=tuple(content["rho"])), 1600)[:, 0]
    low, high = content["stationary"]["interval"]["steps"]
    assert ((simulated < low).sum(), (simulated > high).sum()) == (2, 2)


def test_a_check_sees_ranks_only(smooth: np.ndarray) -> None:
    plain, stretched = (validation.check_table(table(x), 0, trials=5) for x in (smooth, np.exp(3 * smooth)))
    assert plain == stretched


def test_a_constant_table_is_refused() -> None:
    with pytest.raises(ValueError, match="all equal"):
        validation.check_table(table(np.ones(CUBE.n)), 0, trials=5)


def test_a_table_without_a_stationary_field_is_checked_all_the_same() -> None:
    """Most variance on the coordinate of two letters: ρ_h averages over coordinates, and no field has it.

    Independent losses have 18/10 minima on average; 200 trials find the mean within 0.1 (three standard errors).
    """
    losses = np.repeat([0.0, 1.0], 9) + 1e-3 * np.random.default_rng(0).permutation(18)
    content = validation.check_table(LossTable("toy", Hamming((2, 9)), losses[:, None], ""), 0, trials=200)
    assert content["stationary"] is None
    assert content["observed"]["minima"] == 1
    assert 1 <= content["predicted"]["minima"] < 1.6


@pytest.mark.parametrize("check", [validation.check_table, validation.check_averaging])
def test_other_graphs_are_refused_by_name(check: Callable[[LossTable], object]) -> None:
    graph: Any = parse_graph("cycle:8")
    with pytest.raises(ValueError, match="toy: cycle:8 is not a Hamming graph"):
        check(LossTable("toy", graph, np.random.default_rng(0).standard_normal((8, 4)), ""))


def test_a_check_needs_trials() -> None:
    with pytest.raises(ValueError, match="trials: 0 must be at least 1"):
        validation.check_table(table(np.arange(CUBE.n, dtype=float)), 0, trials=0)


def test_reading_of_a_check_is_that_of_its_parts(smooth: np.ndarray) -> None:
    content = validation.check_table(table(smooth), 0, trials=5)
    rho = tuple(content["rho"])
    stationary = content["stationary"]["predicted"]
    assert stationary["minima"] == minima.gaussian(parse_graph("hamming:5^4"), Correlation(rho))
    assert stationary["steps"] == run(Task("steps", "gaussian", "hamming:5^4", rho=rho), 5)[:, 0].mean()
    assert content["branching"] == minima.branching(parse_graph("hamming:5^4"), Normal(), AR1Kernel(rho[1]))


@pytest.mark.parametrize("dimension", [6, 8])
def test_the_hypercube_has_no_cliques(dimension: int) -> None:
    """Where minima.branching is exact it agrees with minima.gaussian: the negative control above is about cliques."""
    field = Correlation.geometric(0.6, dimension)
    exact = minima.gaussian(hypercube(dimension), field)
    assert minima.branching(hypercube(dimension), Normal(), AR1Kernel(0.6)) == pytest.approx(exact, rel=1e-9)


def test_averaging_seeds_of_a_gaussian_field_is_as_predicted() -> None:
    """A field of ρ_h = 0.6^h on H(4^5) with 8 seeds of noise 0.7: its ρ and σ are found, and the k-table agrees.

    A table does not see its own mean, of variance u = 0.7^5. Three standard errors: false alarm 0.3 % each, 5 found for
    certain. Of 16 verdicts at 99 % on either model, all on one landscape, 2 may fail.
    """
    graph, rng, unseen = Hamming((4,) * 5), np.random.default_rng(5), 0.7**5
    field = landscapes.gaussian(graph, Correlation.geometric(0.6, 5), rng)
    losses = field[:, None] + 0.7 * rng.standard_normal((graph.n, 8))
    content = validation.check_averaging(LossTable("field", graph, losses, ""), trials=200)
    assert [row["seeds"] for row in content["rows"]] == [1, 2, 4, 8]
    assert content["rows"][-1]["spread"] is None
    assert abs(content["rho"][1] - (0.6 - unseen) / (1 - unseen)) < 3 * content["errors"]["rho"][1]
    assert abs(content["sigma"] - 0.7 / math.sqrt(1 - unseen)) < 3 * content["errors"]["sigma"]
    for model in ("stationary", "by_rank"):
        verdicts = [agrees for row in content["rows"] for agrees in row[model]["agrees"].values()]
        assert len(verdicts) == 16
        assert sum(verdicts) >= 14, model
    minima_by_k = [row["observed"]["minima"] for row in content["rows"]]
    assert minima_by_k == sorted(minima_by_k, reverse=True)


def test_noise_that_seeds_share_is_in_the_model() -> None:
    """Seeds of which each favours its own letters: as rough as a field, not as independent noise of its variance.

    The table is drawn from the model: four observations at 99 % together. It predicts 2 minima; with noise taken for
    independent it would be 27.
    """
    rng = np.random.default_rng(8)
    parts = np.zeros((2, 2, 2, 2))
    parts[1, 0, 0, 0] = parts[0, 1, 0, 0] = parts[0, 0, 1, 0] = parts[0, 0, 0, 1] = 0.25
    losses = np.stack([surrogate.field(CUBE, parts, rng) for _ in range(5)], axis=1)
    losses += landscapes.gaussian(CUBE, Correlation.geometric(0.8, 4), rng)[:, None]
    content = validation.check_table(LossTable("toy", CUBE, losses, ""), 0, trials=100)
    assert all(content["agrees"].values())
    assert content["predicted"]["minima"] < 10


@pytest.mark.parametrize("seeds", ["mean", 0])
def test_noise_of_missing_seeds_that_is_strong_near_the_optimum_is_in_the_model(seeds: str | int) -> None:
    """Two to four seeds with noise of σ = 0.6 at the best fifth and 0.02 elsewhere: the four observations agree (false
    alarm 1 % each time), where the stationary field of the same ρ_h has less than three quarters of the minima."""
    rng = np.random.default_rng(9)
    graph = Hamming((5,) * 5)
    true = landscapes.gaussian(graph, Correlation.geometric(0.8, 5), rng)
    losses = true[:, None] + np.where(true < np.quantile(true, 0.2), 0.6, 0.02)[:, None] * rng.standard_normal(
        (graph.n, 4)
    )
    losses[rng.random(graph.n) < 0.5, 2:] = np.nan
    content = validation.check_table(LossTable("toy", graph, losses, ""), seeds, trials=100)
    assert all(content["agrees"].values())
    assert content["stationary"]["predicted"]["minima"] < 0.75 * content["observed"]["minima"]


def test_averaging_needs_seeds() -> None:
    with pytest.raises(ValueError, match="toy: 3 complete seeds; averaging them needs at least 4"):
        validation.check_averaging(LossTable("toy", CUBE, np.random.default_rng(0).standard_normal((CUBE.n, 3)), ""))


@pytest.mark.parametrize(("name", "most"), [("own:vector", 0.05), ("hpolib:naval", 0.1), ("hpobench:vehicle", 0.1)])
def test_random_tables_have_the_noise_of_the_table(name: str, most: float) -> None:
    """Variance of the noise in normal scores, of three drawn tables; where losses are far apart too."""
    own = benchmarks.load(name)

    def noise(losses: np.ndarray) -> float:
        return float(ruggedness.denoised_interactions(own.graph, ruggedness.normal_scores(losses))[1].sum())

    model, as_losses = validation._surrogate(own.graph, own.losses), validation._as_losses(own.losses)
    drawn = [noise(as_losses(model.draw(np.random.default_rng(seed)))) for seed in range(3)]
    assert np.mean(drawn) == pytest.approx(noise(own.losses), rel=most)
