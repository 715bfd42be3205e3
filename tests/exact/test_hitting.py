"""Exact times to the optimum against literal definitions, high precision, dense algebra and simulation."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy.special import log_ndtr

from simulations.landscapes import gaussian
from theory import chains, hitting, reference
from theory.chains import Chain, adaptive_walk, fresh_noise
from theory.correlations import Correlation
from theory.graphs import ExplicitGraph, Graph, Hamming, RandomRegular, complete, cycle, hypercube

BULL = ExplicitGraph(5, np.array([(0, 1), (1, 2), (0, 2), (1, 3), (2, 4)]))
TRAP = np.array([0.9, 0.1, 1.1, -0.6, 0.3])  # the optimum 3 behind 1; vertex 4 is a local minimum
EDGELESS = ExplicitGraph(3, np.empty((0, 2)))
APART = ExplicitGraph(4, np.array([(0, 1), (2, 3)]))


def field(graph: Hamming, c: float, seed: int) -> np.ndarray:
    losses = gaussian(graph, Correlation.geometric(c, len(graph.radices)), np.random.default_rng(seed))
    return losses / losses.std()


def precise_moves(graph: Graph, losses: np.ndarray, sigma: float) -> Any:
    """P(v → u) by adaptive quadrature with 17 digits, as defined, scaled at the mode."""
    P = mp.matrix(graph.n, graph.n)
    for v in range(graph.n):
        closed = [v, *reference.neighbourhood(graph, v)]
        for u in closed:
            gaps = [(mp.mpf(losses[w]) - mp.mpf(losses[u])) / mp.mpf(sigma) for w in closed if w != u]

            def density(x: Any, gaps: list[Any] = gaps) -> Any:
                return mp.npdf(x) * mp.fprod(mp.erfc((x - gap) / mp.sqrt(2)) / 2 for gap in gaps)

            low, high = min([mp.mpf(0), *gaps]) - 10, mp.mpf(0)
            for _ in range(40):  # bisection for the mode, where the logarithmic derivative is zero
                middle = (low + high) / 2
                slope = -middle - sum(mp.npdf(gap - middle) / mp.ncdf(gap - middle) for gap in gaps)
                low, high = (middle, high) if slope > 0 else (low, middle)
            scale, cuts = density(low), [low + x for x in (-12, -5, -2, 0, 2, 5, 12)]
            P[v, u] = scale * mp.quad(lambda x, f=density, c=scale: f(x) / c, cuts)
    return P


def precise_times(P: Any, target: int) -> list[Any]:
    """(I−Q)h = 1 by LU decomposition with 1500 digits."""
    free = [v for v in range(P.rows) if v != target]
    with mp.workdps(1500):
        system = mp.matrix(len(free), len(free))
        for (i, v), (j, u) in itertools.product(enumerate(free), repeat=2):
            system[i, j] = -P[v, u] if i != j else sum(P[v, w] for w in range(P.rows) if w != v)
        solved = mp.lu_solve(system, mp.matrix([1] * len(free)))
    times = {v: solved[i] for i, v in enumerate(free)}
    return [times.get(v, mp.mpf(0)) for v in range(P.rows)]


def dense(chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    """Q on the states other than the target, and these states."""
    free = np.flatnonzero(~chain.target)
    P = chain.moves.toarray()
    P += np.diag(1 - P.sum(axis=1))
    return P[np.ix_(free, free)], free


@pytest.mark.parametrize("sigma", [0.01, 0.1, 1.0, 10.0])
def test_moves_and_times_against_high_precision(sigma: float) -> None:
    with mp.workdps(17):
        P = precise_moves(BULL, TRAP, sigma)
        chain = fresh_noise(BULL, TRAP, sigma)
        for v, i in np.argwhere(np.isfinite(chain.log_moves)):
            assert abs(mp.log(P[v, int(BULL.neighbours[v, i])]) - chain.log_moves[v, i]) < 1e-10
        free = np.arange(5) != 3
        exact = np.array([float(mp.log(h)) for h in np.array(precise_times(P, 3))[free]])
    reduced = chain._reduced.right(np.where(free, 0.0, -np.inf)[:, None])
    assert np.abs(chain.log_times[free] - exact).max() < 1e-10
    assert np.abs(reduced[free] - exact).max() < 1e-10


@pytest.mark.parametrize("sigma", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("m", [2, 5, 25, 101])
def test_probabilities_sum_to_one_at_every_size(m: int, sigma: float) -> None:
    rng = np.random.default_rng(m)
    rows = {"apart": rng.standard_normal(m), "one far": np.append(np.zeros(m - 1), 3.0), "equal": np.ones(m)}
    for losses in rows.values():
        log_p = chains._log_best(np.arange(m)[None], np.append(losses / sigma, np.inf))
        assert abs(np.exp(log_p).sum() - 1) < 1e-12


def test_two_vertices_are_closed_form() -> None:
    for sigma in (0.02, 0.3, 4.0):
        chain = fresh_noise(complete(2), np.array([1.0, 0.0]), sigma)
        assert chain.log_times[0] == pytest.approx(-log_ndtr(1 / (sigma * math.sqrt(2))), rel=1e-12, abs=1e-14)
        assert chain.log_times[1] == -np.inf


def test_a_barrier_is_closed_form_at_any_height() -> None:
    path = ExplicitGraph(3, np.array([(0, 1), (1, 2)]))
    for sigma in (0.05, 1e-2, 1e-4, 1e-7):
        log_h = fresh_noise(path, np.array([0.0, 1.0, 0.5]), sigma).log_times[2]
        assert log_h == pytest.approx(-log_ndtr(-0.5 / (sigma * math.sqrt(2))), rel=1e-10)
    answer = hitting.hitting(path, np.array([0.0, 1.0, 0.5]), 0.005)
    assert answer.value == answer.sd == np.inf
    assert answer.note == f"beyond 1e308: log10 = {answer.log10:.10g}"
    assert 1087 < answer.log10 < 1089


@pytest.mark.parametrize("sigma", [0.2, 1.0, 20.0])
def test_moments_occupation_and_distribution_against_dense_algebra(sigma: float) -> None:
    graph = hypercube(6)
    chain = fresh_noise(graph, field(graph, 0.6, 1), sigma)
    Q, free = dense(chain)
    N = np.linalg.inv(np.eye(len(Q)) - Q)
    h = N.sum(axis=1)
    squares = N @ (2 * h - 1)
    assert np.exp(chain.log_times[free]) == pytest.approx(h, rel=1e-8)
    assert np.exp(chain.log_squares[free]) == pytest.approx(squares, rel=1e-8)
    assert np.exp(chain.log_occupation[free]) == pytest.approx(N.sum(axis=0) / graph.n, rel=1e-8)
    answer = chain.summary()
    assert answer.value == pytest.approx(h.sum() / graph.n, rel=1e-8)
    assert answer.sd**2 == pytest.approx(squares.sum() / graph.n - answer.value**2, rel=1e-6)
    steps = 40
    power = [1 - np.linalg.matrix_power(Q, t).sum() / graph.n for t in range(steps + 1)]
    assert chain.reached(steps) == pytest.approx(power, rel=1e-10)


def test_the_distribution_has_the_mean_and_the_variance() -> None:
    chain = fresh_noise(BULL, TRAP, 1.0)
    above = 1 - chain.reached(2000)
    t, answer = np.arange(len(above)), chain.summary()
    assert above.sum() == pytest.approx(answer.value, rel=1e-9)
    assert ((2 * t + 1) * above).sum() - above.sum() ** 2 == pytest.approx(answer.sd**2, rel=1e-9)


@pytest.mark.parametrize(("graph", "c", "sigma"), [(Hamming((5,) * 4), 0.6, 0.35), (hypercube(8), 0.8, 0.1)])
def test_both_routes_agree_where_both_hold(graph: Hamming, c: float, sigma: float) -> None:
    chain = fresh_noise(graph, field(graph, c, 4), sigma)
    found = chain._krylov(np.ones(len(chain.free)), transposed=False)
    assert found is not None
    free = ~chain.target
    reduced = chain._reduced.right(np.where(free, 0.0, -np.inf)[:, None])
    assert np.log(found) == pytest.approx(reduced[chain.free], abs=1e-9)
    start = np.where(free, -math.log(graph.n), -np.inf)[:, None]
    assert chain._reduced.left(start)[free] == pytest.approx(chain.log_occupation[free], abs=1e-9)


def test_occupation_of_rare_events_sums_to_the_mean() -> None:
    graph = hypercube(8)
    chain = fresh_noise(graph, field(graph, 0.6, 2), 0.02)
    answer = chain.summary()
    assert answer.log10 > 30
    assert chains._log_sum(chain.log_occupation[None])[0] / math.log(10) == pytest.approx(answer.log10, rel=1e-12)
    assert answer.sd / answer.value > 0.5


def test_every_noise_gives_a_number_or_a_named_infinity() -> None:
    graph = hypercube(8)
    losses = field(graph, 0.7, 3)
    for sigma in np.geomspace(1e-3, 100, 11):
        answer = hitting.hitting(graph, losses, float(sigma))
        assert 0 < answer.log10 < math.inf
        assert (answer.value < math.inf) == (answer.note == "")
    none = hitting.hitting(graph, losses, 0.0)
    assert none.log10 == none.value == math.inf
    assert "no noise" in none.note
    assert "local minima" in none.note


def test_the_curve_is_u_shaped_and_its_valley_is_found() -> None:
    for c in (0.3, 0.7):
        graph = hypercube(8)
        losses = field(graph, c, 3)
        curve = [hitting.hitting(graph, losses, float(s)).log10 for s in np.geomspace(1e-2, 30, 15)]
        turns = np.flatnonzero(np.diff(np.sign(np.diff(curve))))
        assert len(turns) == 1
        assert curve[0] > curve[turns[0] + 1] < curve[-1]
        best = hitting.best_noise(graph, losses)
        assert best.log10 <= min(curve)
        for factor in (0.97, 1.03):
            assert hitting.hitting(graph, losses, factor * best.sigma).value > best.value
        assert best.log10 == pytest.approx(math.log10(best.value))


def test_all_of_the_space_of_nas_bench_201() -> None:
    graph = Hamming((5,) * 6)
    losses = field(graph, 0.6, 5)
    chain = fresh_noise(graph, losses, 1.0)
    assert "_reduced" not in chain.__dict__
    h = np.exp(chain.log_times)
    drift = chain.moves @ h - np.exp(chain.log_leave) * h
    assert drift[~chain.target] == pytest.approx(-np.ones(graph.n - 1), rel=1e-8)


def test_without_other_minima_small_noise_is_steepest_descent() -> None:
    graph = hypercube(5)
    losses = np.array([bin(v ^ 9).count("1") ** 1.1 for v in range(32)]) + np.arange(32) / 1000
    walk = hitting.descent(graph, losses, "steepest")
    assert walk.optimum == walk.value
    assert walk.note == ""
    for sigma in (0.0, 1e-6, 1e-5):
        assert hitting.hitting(graph, losses, sigma).value == pytest.approx(walk.value, rel=1e-12)
    assert hitting.best_noise(graph, losses).sigma == 0
    assert hitting.best_noise(graph, losses).value == pytest.approx(2.5)


def test_great_noise_is_the_lazy_random_walk() -> None:
    graph = hypercube(4)
    chain = fresh_noise(graph, field(graph, 0.5, 0), 1e7)
    steps = (np.eye(16) + graph.adjacency.toarray()) / 5
    free = ~chain.target
    h = np.linalg.solve(np.eye(15) - steps[np.ix_(free, free)], np.ones(15))
    assert np.exp(chain.log_times[free]) == pytest.approx(h, rel=1e-5)


def test_plateaus_several_optima_and_a_single_vertex() -> None:
    assert hitting.hitting(EDGELESS, np.zeros(3), 1.0).value == 0
    one = ExplicitGraph(1, np.empty((0, 2)))
    assert hitting.hitting(one, np.zeros(1), 0.5) == (0.0, -np.inf, 0.0, "")
    assert hitting.best_noise(one, np.zeros(1)) == (0.0, 0.0, -np.inf)
    ring = np.array([0.0, 1, 1, 1, 0, 1, 1, 1])  # two optima, plateaus between
    tiny, large = (hitting.hitting(cycle(8), ring, sigma).value for sigma in (1e-6, 1e6))
    assert tiny == pytest.approx((4 * 1 + 2 * (1 + 1.5)) / 8, rel=1e-9)  # the middle leaves w.p. 2/3
    assert large == pytest.approx(3 * (4 * 1.5 + 2 * 2) / 8, rel=1e-5)
    assert hitting.hitting(cycle(8), ring, 0.0).note.startswith("infinite: no noise, and 2 of 8 starts")


def test_out_of_reach_is_a_named_infinity() -> None:
    answer = hitting.hitting(APART, np.array([0.0, 1.0, 2.0, 3.0]), 0.7)
    assert answer == (np.inf, np.inf, np.inf, "infinite: 2 of 4 starts may never arrive")
    chain = fresh_noise(APART, np.array([0.0, 1.0, 2.0, 3.0]), 0.7)
    assert np.isinf(chain.log_times).tolist() == [True, False, True, True]
    assert chain.log_squares[2] == np.inf
    assert chain.reached(100)[-1] == pytest.approx(0.5)
    with pytest.raises(ValueError, match="2 starts"):
        _ = chain.log_occupation
    with pytest.raises(ValueError, match="no noise helps"):
        hitting.best_noise(APART, np.arange(4.0))
    leak = adaptive_walk(cycle(4), np.array([0.0, 2, 1, 3]))  # from 1 and 3 the walk may end at 2
    assert replace(leak, target=np.arange(4) == 0).finite.tolist() == [True, False, False, False]


def test_simulated_walks_take_the_predicted_time() -> None:
    """4,000 walks, within 4 standard errors (false alarm 6e-5) of 1.5 %: an error of 9 % is found with P > 0.97."""
    graph, sigma, rng, runs = hypercube(4), 0.5, np.random.default_rng(7), 4000
    losses = field(graph, 0.5, 6)
    closed = np.concatenate([np.arange(16)[:, None], graph.neighbours], axis=1)
    at, steps = rng.integers(16, size=runs), np.zeros(runs)
    while (walking := losses[at] > losses.min()).any():
        observed = losses[closed[at]] + sigma * rng.standard_normal((runs, 5))
        at = np.where(walking, closed[at, observed.argmin(axis=1)], at)
        steps += walking
    answer = hitting.hitting(graph, losses, sigma)
    assert abs(steps.mean() - answer.value) < 4 * answer.sd / math.sqrt(runs)
    assert steps.std() == pytest.approx(answer.sd, rel=0.1)


GRAPHS = {"bull": BULL, "cube": hypercube(3), "H(3,4)": Hamming((3, 4)), "edgeless": EDGELESS, "apart": APART}
LOSSES = {
    "distinct": lambda n: np.random.default_rng(n).permutation(n),
    "tied": lambda n: np.random.default_rng(n).integers(0, 3, n),
    "constant": np.zeros,
}


@pytest.mark.parametrize("rule", ["steepest", "first", "reluctant"])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("name", GRAPHS)
def test_noise_free_walks_are_the_literal_ones(name: str, kind: str, rule: str) -> None:
    graph = GRAPHS[name]
    losses = LOSSES[kind](graph.n)
    literal = losses.tolist()

    def success(v: int) -> Fraction:
        better = reference.better_neighbours(graph, literal, v)
        if not better:
            return Fraction(literal[v] == min(literal))
        nexts = {"steepest": better[:1], "reluctant": better[-1:], "first": better}[rule]
        if rule == "reluctant":  # the lowest index of the worst
            nexts = [min(u for u in better if literal[u] == literal[better[-1]])]
        return sum(map(success, nexts), Fraction(0)) / len(nexts)

    steps = [float(reference.expected_steps(graph, literal, v, rule)) for v in range(graph.n)]
    walk = hitting.descent(graph, losses, rule)
    if rule != "reluctant" or kind == "distinct":
        assert np.exp(adaptive_walk(graph, losses, rule).log_times) == pytest.approx(steps, rel=1e-12)
        assert walk.value == pytest.approx(np.mean(steps), rel=1e-12)
    assert walk.success == pytest.approx(float(np.mean([float(success(v)) for v in range(graph.n)])), rel=1e-12)
    certain = walk.success == 1
    assert walk.optimum == (walk.value if certain else np.inf)
    assert (walk.note == "") == certain


def test_proposals_wait_for_a_better_neighbour() -> None:
    graph = hypercube(4)
    losses = field(graph, 0.4, 8)
    Q, _ = dense(adaptive_walk(graph, losses, "proposals"))
    h = np.linalg.solve(np.eye(len(Q)) - Q, np.ones(len(Q)))
    assert hitting.descent(graph, losses, "proposals").value == pytest.approx(h.sum() / 16, rel=1e-12)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("name", GRAPHS)
def test_restarts_against_enumeration(name: str, kind: str) -> None:
    graph = GRAPHS[name]
    losses = LOSSES[kind](graph.n)
    literal = [reference.evaluations(graph, losses.tolist(), v) for v in range(graph.n)]
    assert hitting.evaluations(graph, losses).tolist() == literal
    ends = [losses[reference.path(graph, losses.tolist(), v)[-1]] for v in range(graph.n)]
    restart = hitting.wald(graph, losses)
    assert restart.run == pytest.approx(np.mean(literal))
    assert restart.success == pytest.approx(np.mean(np.array(ends) == losses.min()))
    assert restart.value == pytest.approx(restart.run / restart.success)


@pytest.mark.parametrize("m", [1, 2, 4, 5])
def test_sampling_then_descent_against_enumeration(m: int) -> None:
    literal = [reference.evaluations(BULL, TRAP.tolist(), v) for v in range(5)]
    costs = [m + literal[min(subset, key=lambda v: TRAP[v])] - 1 for subset in itertools.combinations(range(5), m)]
    assert hitting.sample_descend(BULL, TRAP, m) == pytest.approx(np.mean(costs), rel=1e-12)


def test_no_search_without_repeats_beats_another() -> None:
    def in_order(losses: tuple[int, ...]) -> int:
        return losses.index(0) + 1

    def from_neighbour_to_neighbour(losses: tuple[int, ...]) -> int:
        seen = [2]
        while losses[seen[-1]]:
            around = [u for v in sorted(seen, key=lambda v: losses[v]) for u in reference.neighbourhood(BULL, v)]
            seen.append(next(u for u in around if u not in seen))
        return len(seen)

    assert hitting.exchangeable(BULL) == 3
    assert reference.average(BULL, in_order) == reference.average(BULL, from_neighbour_to_neighbour) == 3


def test_a_reduction_that_does_not_settle_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "SWEEPS", 3)
    with pytest.raises(ArithmeticError, match="3 sweeps leave a relative change"):
        _ = fresh_noise(hypercube(4), field(hypercube(4), 0.5, 0), 1.0)._reduced


def test_bad_input_is_named() -> None:
    losses = np.arange(5.0)
    for sigma in (-1.0, np.nan, np.inf, 1e-12):
        with pytest.raises(ValueError, match="sigma"):
            fresh_noise(BULL, losses, sigma)
    with pytest.raises(ValueError, match="shape"):
        fresh_noise(BULL, losses[1:], 1.0)
    with pytest.raises(ValueError, match="not finite"):
        adaptive_walk(BULL, np.where(losses > 3, np.nan, losses))
    with pytest.raises(ValueError, match="rule: 'best' is unknown"):
        hitting.descent(BULL, losses, "best")
    with pytest.raises(ValueError, match="steps: -1"):
        fresh_noise(BULL, losses, 1.0).reached(-1)
    with pytest.raises(ValueError, match="target: empty"):
        replace(adaptive_walk(BULL, losses), target=np.zeros(5, dtype=bool))
    for samples in (0, 6):
        with pytest.raises(ValueError, match="samples"):
            hitting.sample_descend(BULL, losses, samples)
    with pytest.raises(ValueError, match="draw one graph"):
        fresh_noise(RandomRegular(10, 3), np.arange(10.0), 1.0)
