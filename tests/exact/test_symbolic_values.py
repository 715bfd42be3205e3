"""Every statement at rational arguments, to 20 digits (12 for double integrals), against its numeric function."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from numpy.typing import ArrayLike

from theory import (
    basins,
    bounds,
    chains,
    classics,
    denoising,
    gaussian_walks,
    hitting,
    levels,
    lines,
    minima,
    ruggedness,
    symbolic,
    symbolic_noise,
    walks,
)
from theory import symbolic_noise_values as noisy
from theory import symbolic_values as values
from theory.correlations import Anisotropic, Correlation
from theory.graphs import ErdosRenyi, ExplicitGraph, Hamming, RandomRegular, complete, cycle, hypercube
from theory.laws import (
    AR1Kernel,
    Kernel,
    Normal,
    TruncatedNormal,
    TruncatedNormalKernel,
    Uniform,
    UniformKernel,
)
from theory.noise import Noise
from theory.symbolic_values import number
from theory.walks import Memory

R = sp.Rational
HALF, FIELD = R(1, 2), (R(3, 5), R(9, 25))


@dataclasses.dataclass(frozen=True)
class Morgenstern(Kernel):
    """k(x, y) = 1 + θ(1−2x)(1−2y) on [0, 1], of which every walk and preimage is rational."""

    theta: float
    support = (0.0, 1.0)
    width = 1.0
    stationary = Uniform()

    def pdf(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        return 1 + self.theta * (1 - 2 * np.asarray(x)) * (1 - 2 * np.asarray(y))

    def sf(self, x: ArrayLike, t: ArrayLike) -> np.ndarray:
        return (1 - np.asarray(t)) * (1 - self.theta * np.asarray(t) * (1 - 2 * np.asarray(x)))


def geometric(c: float, d: int) -> Correlation:
    return Correlation.geometric(c, d)


def rational(*losses: Any) -> list[Any]:
    return [sp.Rational(loss) for loss in losses]


def floats(losses: Any) -> np.ndarray:
    return np.array(losses, dtype=float)


PATH, PATH_LOSSES = ExplicitGraph(3, np.array([(0, 1), (1, 2)])), rational(0, "3/2", 1)
STAR = ExplicitGraph(5, np.array([(0, 1), (0, 2), (0, 3), (3, 4)]))
RING, RING_LOSSES = cycle(5), rational(0, 3, 2, 1, 4)
SQUARE_LOSSES = rational(0, 2, 1, "5/2")
SLOPE = rational(0, 1, 2, 3, 4)
TABLE = rational(0, 1, 4, 2, 2, 5)
SEEDS = [[R(loss) + R(at * seed * seed % 3, 2) for seed in range(3)] for at, loss in enumerate(TABLE)]
FGM, fgm = Morgenstern(0.5), values.morgenstern(HALF)
AR1, ar1 = AR1Kernel(0.6), values.autoregression(FIELD[0])
NORMAL, flat = Normal(), values.uniform()
TRUNC, trunc = TruncatedNormalKernel(0.35), values.truncated(R(1, 4), R(1, 5), R(7, 20))
TRUNC_LAW = TruncatedNormal(0.25, 0.2)


def levels_of(side: str) -> tuple[int, ...]:
    return getattr(bounds.levels(RING, floats(SLOPE)), f"{side}_levels")


def fitness(cuts: tuple[int, ...]) -> tuple[Any, Any]:
    return values.bound_fitness_levels(values.descent_moves(RING, SLOPE, "proposals"), range(5), cuts)


def drift(kind: str) -> bounds.Drift:
    chain = chains.adaptive_walk(RING, floats(SLOPE), "proposals")
    return bounds.drift(chain, chain.losses, kind)


def noisy_drift(losses: list[Any], sigma: Any) -> tuple[Any, Any]:
    """Additive drift under fresh noise, its moves as numbers."""
    return values.bound_drift(values.noisy_moves(PATH, losses, sigma).applyfunc(number), losses, "additive")


def loss_law() -> tuple[Any, ...]:
    """The stated law at the numeric quantiles, mean and second moment."""
    found = levels.loss_law(hypercube(3), NORMAL, AR1)
    laws = [values.minima_loss_law(8, 3, R(float(level)), ar1) for level in found.quantiles[[0, 2]]]
    return (laws[0][0], laws[1][0], *laws[0][1:])


def estimate() -> tuple[float, ...]:
    value, over_seeds, over_fields = ruggedness.estimate(Hamming((3, 2)), floats(SEEDS))
    errors = np.concatenate([over_fields.rho[1:] ** 2, over_seeds.rho[1:] ** 2])
    return (*value.rho[1:], value.sigma, value.r, *errors)


def moments(found: levels.LossLaw) -> tuple[float, ...]:
    return 0.05, 0.5, found.mean, found.sd**2 + found.mean**2


Case = tuple[str, Callable[[], Any], Callable[[], Any]]
ONE: list[Case] = [
    ("minima.iid", lambda: values.minima_iid(Hamming((2, 3))), lambda: minima.iid(Hamming((2, 3)))),
    ("minima.iid", lambda: values.minima_iid(STAR), lambda: minima.iid(STAR)),
    ("minima.iid", lambda: values.minima_iid(ExplicitGraph(1, np.empty((0, 2), int))), lambda: (1, 0)),
    (
        "minima.branching",
        lambda: values.minima_branching(8, 3, ar1),
        lambda: minima.branching(hypercube(3), NORMAL, AR1),
    ),
    (
        "minima.branching",
        lambda: values.minima_branching(8, 3, trunc),
        lambda: minima.branching(hypercube(3), TRUNC_LAW, TRUNC),
    ),
    (
        "minima.branching",
        lambda: values.minima_branching(2, 1, fgm),
        lambda: minima.branching(hypercube(1), Uniform(), FGM),
    ),
    ("minima.branching", lambda: values.minima_branching(4, 2, flat), lambda: minima.iid(cycle(4)).mean),
    ("minima.independence", lambda: values.minima_independence(RING), lambda: minima.independence(RING)),
    ("minima.independence", lambda: values.minima_independence(complete(4)), lambda: minima.independence(complete(4))),
    (
        "minima.independence",
        lambda: values.minima_independence(Hamming((3, 2))),
        lambda: minima.independence(Hamming((3, 2))),
    ),
    (
        "minima.below",
        lambda: values.minima_below(8, 3, -HALF, ar1),
        lambda: levels.below(hypercube(3), -0.5, NORMAL, AR1),
    ),
    ("minima.below", lambda: values.minima_below(2, 1, R(1, 10), flat), lambda: levels.below(hypercube(1), 0.1)),
    (
        "minima.below",
        lambda: values.minima_below(8, 3, 1, fgm),
        lambda: levels.below(hypercube(3), 1.0, Uniform(), FGM),
    ),
    ("minima.loss_law", loss_law, lambda: moments(levels.loss_law(hypercube(3), NORMAL, AR1))),
    (
        "minima.loss_law",
        lambda: values.minima_loss_law(8, 3, 1, flat)[1:],
        lambda: (R(1, 5), levels.loss_law(hypercube(3)).sd ** 2 + 1 / 25),
    ),
    ("minima.rmf", lambda: values.minima_rmf(2, 3, HALF), lambda: classics.rough_mount_fuji(Hamming((3, 3)), 0.5)),
    ("minima.rmf", lambda: values.minima_rmf(1, 2, R(3, 2)), lambda: classics.rough_mount_fuji(hypercube(1), 1.5)),
    ("minima.rmf", lambda: values.minima_rmf(2, 2, 0), lambda: classics.rough_mount_fuji(hypercube(2), 0.0)),
    ("minima.nk", lambda: values.minima_nk(6, 3, 2), lambda: classics.nk(Hamming((3,) * 6), 2)),
    ("minima.nk", lambda: values.minima_nk(4, 2, 0), lambda: classics.nk(hypercube(4), 0)),
    ("preimage.branching", lambda: values.preimage_branching(ar1, 3, -HALF, 1), lambda: depth(AR1, 3, -0.5, 1)),
    ("preimage.branching", lambda: values.preimage_branching(trunc, 24, R(1, 10), 1), lambda: depth(TRUNC, 24, 0.1, 1)),
    ("preimage.branching", lambda: values.preimage_branching(fgm, 3, R(1, 4), 4), lambda: depth(FGM, 3, 0.25, 4)),
    ("preimage.branching", lambda: values.preimage_branching(fgm, 2, 0, 6), lambda: depth(FGM, 2, 0.0, 6)),
    (
        "preimage.branching",
        lambda: values.preimage_branching(flat, 1, HALF, 1),
        lambda: depth(UniformKernel(), 1, 0.5, 1),
    ),
    (
        "preimage.published",
        lambda: values.preimage_published(trunc, 24, R(1, 10), 2),
        lambda: basins.published(TRUNC, 24, 0.1, 2)[-1],
    ),
    (
        "preimage.published",
        lambda: values.preimage_published(fgm, 3, R(1, 4), 4),
        lambda: basins.published(FGM, 3, 0.25, 4)[-1],
    ),
    (
        "preimage.published",
        lambda: values.preimage_published(fgm, 1, 0, 3),
        lambda: basins.published(FGM, 1, 0.0, 3)[-1],
    ),
    *(
        (
            "preimage.iid",
            lambda s=s, k=k: values.preimage_iid(s, R(1, 10), k),
            lambda s=s, k=k: basins.iid(s, 0.1, k).by_depth[-1],
        )
        for s, k in ((24, 3), (2, 6), (1, 1), (1, 2))
    ),
    (
        "preimage.hamming",
        lambda: values.preimage_hamming((6, 4, 3), R(1, 10), 4),
        lambda: basins.hamming(Hamming((3,) * 3), 0.1, 4).by_depth[-1],
    ),
    (
        "preimage.hamming",
        lambda: values.preimage_hamming((3, 2, 1), 0, 1),
        lambda: basins.hamming(hypercube(3), 0.0, 1).by_depth[-1],
    ),
    (
        "success.epsilon",
        lambda: values.success_epsilon(flat, 3, R(1, 10)),
        lambda: basins.success(Uniform(), UniformKernel(), 3, 0.1),
    ),
    (
        "success.epsilon",
        lambda: values.success_epsilon(fgm, 2, R(1, 10)),
        lambda: basins.success(Uniform(), FGM, 2, 0.1),
    ),
    ("success.epsilon", lambda: values.success_epsilon(fgm, 2, 1), lambda: 1),
    (
        "success.published",
        lambda: values.success_published(fgm, 2, R(1, 10)),
        lambda: basins.success_published(Uniform(), FGM, 2, 0.1),
    ),
    ("success.iid", lambda: values.success_iid(24, R(1, 100)), lambda: basins.success_iid(24, 0.01)),
    ("success.iid", lambda: values.success_iid(1, HALF), lambda: basins.success_iid(1, 0.5)),
    ("walk.iid", lambda: values.walk_iid((24, 20, 19)), lambda: walks.iid(Hamming((5,) * 6))[:2]),
    ("walk.iid", lambda: values.walk_iid((3, 2, 2)), lambda: walks.iid(RandomRegular(100, 3))[:2]),
    ("walk.iid", lambda: values.walk_iid((3, 0, 1)), lambda: walks.iid(complete(4))[:2]),
    ("walk.reluctant", lambda: values.walk_reluctant(STAR), lambda: walks.reluctant(STAR)),
    ("walk.reluctant", lambda: values.walk_reluctant(hypercube(3)), lambda: walks.reluctant(hypercube(3))),
    ("walk.additive", lambda: values.walk_additive((2, 3, 5)), lambda: walks.additive(Hamming((2, 3, 5)))),
    ("walk.additive_law", lambda: values.walk_additive_law((2, 3)), lambda: walks.additive_law(Hamming((2, 3)))),
    ("walk.additive_law", lambda: values.walk_additive_law((2,)), lambda: walks.additive_law(hypercube(1))),
    *(
        case
        for rule in walks.RULES
        for case in (
            (
                "walk.law",
                lambda rule=rule: values.walk_law(flat, rule, (3, 2), 5),
                lambda rule=rule: walks.law(RandomRegular(100, 3), rule).steps[:6],
            ),
            (
                "walk.law",
                lambda rule=rule: values.walk_law(fgm, rule, (3, 1, 0), 2),
                lambda rule=rule: general_law((3, 1, 0), rule),
            ),
            (
                "walk.tree",
                lambda rule=rule: values.walk_tree(fgm, 2, rule),
                lambda rule=rule: walks.tree(Uniform(), FGM, 2, rule)[:2],
            ),
            (
                "walk.tree",
                lambda rule=rule: values.walk_tree(flat, 1, rule),
                lambda rule=rule: walks.tree(Uniform(), UniformKernel(), 1, rule)[:2],
            ),
        )
    ),
    ("walk.tree", lambda: values.walk_tree(flat, 3, "steepest"), lambda: walks.iid(RandomRegular(100, 3))[:2]),
    (
        "walk.gaussian_first",
        lambda: values.walk_gaussian_first(3, 2, HALF, sp.Integer(0)),
        lambda: gaussian_walks.first_order(Hamming((3, 3)), geometric(0.5, 2)),
    ),
    (
        "walk.gaussian_first",
        lambda: values.walk_gaussian_first(2, 1, HALF, HALF),
        lambda: gaussian_walks.first_order(hypercube(1), geometric(0.5, 1), Noise(0.5)),
    ),
    (
        "restart.wald",
        lambda: values.restart_wald(RING, RING_LOSSES),
        lambda: hitting.wald(RING, floats(RING_LOSSES)).value,
    ),
    (
        "restart.wald",
        lambda: values.restart_wald(PATH, PATH_LOSSES),
        lambda: hitting.wald(PATH, floats(PATH_LOSSES)).value,
    ),
    (
        "restart.exchangeable",
        lambda: values.restart_exchangeable(15625),
        lambda: hitting.exchangeable(Hamming((5,) * 6)),
    ),
    *(
        (
            "chain.descent",
            lambda rule=rule: values.chain_descent(RING, RING_LOSSES, rule),
            lambda rule=rule: hitting.descent(RING, floats(RING_LOSSES), rule)[::2],
        )
        for rule in chains.RULES
    ),
    (
        "chain.hitting",
        lambda: values.chain_hitting(PATH, PATH_LOSSES, HALF),
        lambda: hitting.hitting(PATH, floats(PATH_LOSSES), 0.5).value,
    ),
    (
        "chain.hitting",
        lambda: values.chain_hitting(cycle(4), SQUARE_LOSSES, R(2, 5)),
        lambda: hitting.hitting(cycle(4), floats(SQUARE_LOSSES), 0.4).value,
    ),
    (
        "chain.hitting",
        lambda: values.chain_hitting(complete(2), rational(0, 1), HALF),
        lambda: hitting.hitting(complete(2), np.array([0.0, 1.0]), 0.5).value,
    ),
    (
        "bound.sample_descend",
        lambda: values.bound_sample_descend(8, 3),
        lambda: bounds.sample_descend(hypercube(3)).value,
    ),
    (
        "bound.sample_descend",
        lambda: values.bound_sample_descend(2, 1),
        lambda: bounds.sample_descend(hypercube(1)).value,
    ),
    (
        "bound.fitness_levels",
        lambda: (fitness(levels_of("low"))[0], fitness(levels_of("high"))[1]),
        lambda: bounds.levels(RING, floats(SLOPE))[:2],
    ),
    *(
        (
            "bound.drift",
            lambda kind=kind: values.bound_drift(values.descent_moves(RING, SLOPE, "proposals"), SLOPE, kind),
            lambda kind=kind: drift(kind)[:2],
        )
        for kind in bounds.KINDS
    ),
    *(
        (
            "bound.drift",
            lambda losses=losses: noisy_drift(losses, R(1, 4)),
            lambda losses=losses: bounds.loss_drift(PATH, floats(losses), 0.25)[:2],
        )
        for losses in (rational(0, 1, "3/2"), PATH_LOSSES)  # the end of the latter is a local minimum: no upper bound
    ),
    (
        "bound.flip",
        lambda: values.bound_flip(RING, RING_LOSSES, HALF),
        lambda: bounds.flip(RING, floats(RING_LOSSES), 0.5).value,
    ),
    (
        "noise.preserve",
        lambda: values.noise_preserve(RING, RING_LOSSES, HALF, R(1, 100)),
        lambda: bounds.preserve(RING, floats(RING_LOSSES), 0.5, 0.01).value,
    ),
    (
        "noise.preserve",
        lambda: values.noise_preserve(complete(2), rational(0, 1), 1, R(1, 100)),
        lambda: bounds.preserve(complete(2), np.array([0.0, 1.0]), 1.0, 0.01).value,
    ),
    ("noise.flip", lambda: noisy.noise_flip(R(1), R(2)), lambda: denoising.flip(1.0, Noise(2.0))),
    ("noise.flip", lambda: noisy.noise_flip(R(0), R(2)), lambda: denoising.flip(0.0, Noise(2.0))),
    (
        "noise.candidates",
        lambda: noisy.noise_candidates(3, R(1, 4), HALF),
        lambda: denoising.candidates(3, 0.25, Noise(0.5))[:2],
    ),
    (
        "noise.candidates",
        lambda: noisy.noise_candidates(2, R(-1), 1),
        lambda: denoising.candidates(2, -1.0, Noise(1.0))[:2],
    ),
    ("noise.candidates", lambda: noisy.noise_candidates(5, 0, 0), lambda: denoising.candidates(5, 0.0, Noise(0.0))[:2]),
    (
        "noise.choice",
        lambda: noisy.noise_choice(PATH_LOSSES, HALF),
        lambda: denoising.choice(floats(PATH_LOSSES), Noise(0.5)),
    ),
    (
        "noise.choice",
        lambda: noisy.noise_choice(rational(0, 1), 1),
        lambda: denoising.choice(np.array([0.0, 1]), Noise(1.0)),
    ),
    (
        "noise.descent",
        lambda: noisy.noise_descent(rational(0, 0, 1, 0), HALF),
        lambda: denoising.descent(cycle(4), np.array([0.0, 1, 2, 3]), Noise(0.5)),
    ),
    (
        "noise.limit",
        lambda: noisy.noise_limit((3, 2), (1, *FIELD), HALF),
        lambda: denoising.limit(Hamming((3, 2)), geometric(0.6, 2), Noise(0.5)),
    ),
    (
        "noise.limit",
        lambda: noisy.noise_limit((3,), (1, R(-1, 2)), 0),
        lambda: denoising.limit(complete(3), Correlation((1, -0.5)), Noise(0.0)),
    ),
    (
        "noise.budget",
        lambda: tuple(noisy.noise_budget(7, seeds, 2) for seeds in (1, 2, 3)),
        lambda: denoising.budget(7, Noise(2.0)).losses[:3],
    ),
    (
        "autocorrelation.walk",
        lambda: noisy.autocorrelation_walk(2, 3, (1, *FIELD), 3),
        lambda: ruggedness.autocorrelation(Hamming((3, 3)), geometric(0.6, 2), [3, 3]),
    ),
    (
        "autocorrelation.walk",
        lambda: noisy.autocorrelation_walk(3, 2, (1, R(1, 3), R(-1, 3), -1), 2),
        lambda: ruggedness.autocorrelation(hypercube(3), ruggedness.elementary(hypercube(3), 1), [2, 2]),
    ),
    (
        "ruggedness.spectrum",
        lambda: noisy.ruggedness_spectrum((3, 2), TABLE)[1:],
        lambda: ruggedness.amplitudes(Hamming((3, 2)), floats(TABLE))[1:],
    ),
    (
        "ruggedness.spectrum",
        lambda: noisy.ruggedness_spectrum_by_distance(2, 2, SQUARE_LOSSES)[1:],
        lambda: ruggedness.amplitudes(hypercube(2), floats(SQUARE_LOSSES))[1:],
    ),
    (
        "ruggedness.length",
        lambda: noisy.ruggedness_length((3, 2), TABLE),
        lambda: ruggedness.correlation_length(Hamming((3, 2)), floats(TABLE)),
    ),
    (
        "ruggedness.coordinate",
        lambda: noisy.ruggedness_coordinate((3, 2), TABLE),
        lambda: ruggedness.correlation_by_coordinate(Hamming((3, 2)), floats(TABLE)),
    ),
    ("ruggedness.estimate", lambda: noisy.ruggedness_estimate((3, 2), SEEDS), estimate),
]
TWO: list[Case] = [
    (
        "minima.gaussian",
        lambda: values.minima_gaussian((3, 2), FIELD, R(3, 10)),
        lambda: minima.gaussian(Hamming((3, 2)), geometric(0.6, 2), Noise(0.3)),
    ),
    (
        "minima.gaussian",
        lambda: values.minima_gaussian((2, 2), FIELD, 0),
        lambda: minima.gaussian(hypercube(2), geometric(0.6, 2)),
    ),
    (
        "minima.gaussian",
        lambda: values.minima_gaussian((4,), FIELD, 0),
        lambda: minima.gaussian(complete(4), geometric(0.6, 1)),
    ),
    (
        "minima.gaussian",  # r = 3/5, its square root of 1/2 − r imaginary
        lambda: sp.re(number(values.minima_gaussian((2, 2), (R(-1, 4), 0), 0), 12)),
        lambda: minima.gaussian(hypercube(2), Correlation((1, -0.25, 0))),
    ),
    (
        "minima.gaussian",
        lambda: values.minima_gaussian_lines((3, 2), (HALF, R(1, 4)), 0),
        lambda: minima.gaussian(Hamming((3, 2)), Anisotropic((0.5, 0.25))),
    ),
    (
        "minima.gaussian",
        lambda: values.minima_gaussian_lines((2, 3), (1, 0), HALF),
        lambda: minima.gaussian(Hamming((2, 3)), Anisotropic((1, 0)), Noise(0.5)),
    ),
    (
        "minima.noise_monotone",
        lambda: values.minima_noise_monotone((2, 2), FIELD),
        lambda: minima.noise_monotone(hypercube(2), geometric(0.6, 2)),
    ),
    (
        "minima.below",
        lambda: values.minima_below_field((3,), (HALF, R(1, 5)), HALF, -HALF),  # observed ρ_2 = ρ_1²
        lambda: levels.below(complete(3), -0.5, correlation=Correlation((1, 0.5)), noise=Noise(0.5)),
    ),
    ("minima.nk", lambda: values.minima_nk(3, 2, 1, block=False), lambda: classics.nk(hypercube(3), 1, "random")),
    (
        "minima.lines",
        lambda: noisy.minima_lines((3, 2), [rho / R(5, 4) for rho in (R(3, 5), R(3, 5))]),
        lambda: lines.gaussian(Hamming((3, 2)), geometric(0.6, 2), Noise(0.5)),
    ),
    ("noise.regret", lambda: noisy.noise_regret((3,), FIELD, HALF), lambda: regret(complete(3), 0.5)),
    ("noise.regret", lambda: noisy.noise_regret((2, 2), FIELD, 1), lambda: regret(hypercube(2), 1.0)),
    ("noise.minimum", lambda: noisy.noise_minimum((3,), FIELD, HALF), lambda: minimum(complete(3), 0.5)),
    ("noise.minimum", lambda: noisy.noise_minimum((2, 2), FIELD, 1), lambda: minimum(hypercube(2), 1.0)),
    (
        "noise.denoise",
        lambda: noisy.noise_denoise((2, 2), FIELD, HALF, R(26, 25)),
        lambda: denoising.denoise(hypercube(2), geometric(0.6, 2), Noise(0.5), 1.04).seeds,
    ),
]


def depth(kernel: Kernel, degree: int, loss: float, steps: int) -> float:
    return basins.branching(kernel, degree, loss, steps).by_depth[-1]


def general_law(fresh: tuple[int, ...], rule: str) -> np.ndarray:
    return walks.whole_law(Uniform(), FGM, Memory.sequence(fresh, "exact"), rule).steps


def regret(graph: Hamming, sigma: float) -> tuple[float, ...]:
    return denoising.step(graph, geometric(0.6, len(graph.radices)), Noise(sigma))[:2]


def minimum(graph: Hamming, sigma: float) -> tuple[float, ...]:
    return denoising.minimum(graph, geometric(0.6, len(graph.radices)), Noise(sigma))[:2]


def agree(found: Any, expected: Any, rel: float) -> None:
    found, expected = (np.atleast_1d(np.array(side, dtype=float)) for side in (found, expected))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=rel, atol=1e-14)


@pytest.mark.parametrize(("value", "expected"), [case[1:] for case in ONE], ids=[case[0] for case in ONE])
def test_value_is_the_numeric_one(value: Callable[[], Any], expected: Callable[[], Any]) -> None:
    agree(number(value()), expected(), 1e-10)


@pytest.mark.parametrize(("value", "expected"), [case[1:] for case in TWO], ids=[case[0] for case in TWO])
def test_double_integral_is_the_numeric_value(value: Callable[[], Any], expected: Callable[[], Any]) -> None:
    agree(number(value(), 12), expected(), 1e-10)


APART = {"walk.gaussian", "chain.best_noise", "minima.planes"}  # tested below, to what their functions promise


def test_every_statement_has_a_value() -> None:
    stated = set(symbolic.STATEMENTS | symbolic_noise.STATEMENTS) - {"bound.query"}  # its constants are not known
    assert set(values.VALUES | noisy.VALUES) == stated
    assert {case[0] for case in ONE + TWO} | APART == stated


@pytest.mark.parametrize(("radices", "sigma"), [((3, 2), HALF), ((2, 2), sp.Integer(0))])
def test_walk_gaussian_one_step(radices: tuple[int, ...], sigma: Any) -> None:
    """P(T ≥ 1), exact but for quadrature: 1024 of Sobol's points in two dimensions, here off by 3e−5."""
    found = gaussian_walks.steps(Hamming(radices), geometric(0.6, 2), Noise(float(sigma)), paths=1024).distribution[1]
    assert found == pytest.approx(float(number(values.walk_gaussian(radices, FIELD[0], sigma), 12)), rel=2e-4)


def test_walk_gaussian_two_steps_on_the_square() -> None:
    """P(T ≥ 2) by Gauss's rule in x_0, x_0 − x_1 and e − x_1 + cx_0.

    On the square two of four starts take one step, on every landscape: so it is P(T ≥ 1) − 1/2. The numeric function
    is exact but for its grids: 0.3 % at `fine` = 1, a quarter of that at 4.
    """
    arguments = [symbolic.x, symbolic.y, sp.Symbol("e", real=True)]
    density = sp.lambdify(arguments, values.walk_gaussian_square(FIELD[0]), "scipy")
    nodes, weights = np.polynomial.legendre.leggauss(60)
    x, step, share = 8 * nodes, 6 * (1 + nodes), 6 * weights
    y = x[:, None] - step
    e = (y - 0.6 * x[:, None])[..., None] + step
    stated = np.einsum("ijk,i,j,k", density(x[:, None, None], y[..., None], e), 8 * weights, share, share)
    assert stated == pytest.approx(float(number(values.walk_gaussian((2, 2), FIELD[0], 0), 12)) - 0.5, rel=1e-10)
    for fine, error in ((1, 3e-3), (4, 1e-3)):
        found = gaussian_walks.steps(hypercube(2), geometric(0.6, 2), paths=1024, fine=fine).distribution[2]
        assert found == pytest.approx(stated, rel=error)


def test_best_noise_is_the_minimum_of_the_stated_mean() -> None:
    """σ* is where the parabola through three points has its minimum, as near as a bounded search finds it."""
    found = hitting.best_noise(PATH, floats(PATH_LOSSES))
    mean = values.chain_best_noise(PATH, PATH_LOSSES)
    step = R(1, 100)
    low, here, high = (number(mean.subs(symbolic.sigma, R(found.sigma) * (1 + shift))) for shift in (-step, 0, step))
    assert float(here) == pytest.approx(found.value, rel=1e-10)
    assert here < low
    assert here < high
    assert abs((low - high) / (low + high - 2 * here)) * step / 2 < 1e-3


@pytest.mark.parametrize(
    ("radices", "losses", "order"),
    [((2, 2), (0, 3, 2, 1), 1), ((2, 2), (0, 1, 2, 3), 2), ((3, 2), (0, 3, 2, 1, 5, 4), 2)],
)
def test_planes_at_the_likeliest_coefficients(radices: tuple[int, ...], losses: tuple[int, ...], order: int) -> None:
    """To 5e−6: Newton's method in `lines.table` stops where a step gains 1e−10 of the log-likelihood."""
    found = lines.table(Hamming(radices), floats(losses), order).minima
    assert noisy.minima_planes(radices, losses, order) == pytest.approx(found, rel=5e-6)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_erdos_renyi_moments(size: int) -> None:
    """Mean Σ_j q^j = (1−q^n)/p, and n(n−1) pairs of minima."""
    chance = R(3, 10)
    mean = sum((1 - chance) ** power for power in range(size))
    both: Any = symbolic.erdos_renyi_pair(size).subs(symbolic.p, chance)
    pairs = size * (size - 1) * both
    agree((mean, mean + pairs - mean**2), minima.iid(ErdosRenyi(size, 0.3)), 1e-12)


@pytest.mark.parametrize("steps", range(1, 7))
def test_uniform_walk_by_induction(steps: int) -> None:
    """P(T ≥ k) = s(s−1)^{k−1} / Π_{j=1}^k (j(s−1)+2), which is 1 − Σ_{t<k} P(T = t)."""
    s: Any = symbolic.s
    induced: Any = symbolic.walk_induction(steps)
    product = sp.prod([j * (s - 1) + 2 for j in range(1, steps + 1)])
    assert sp.simplify(induced * product / (s * (s - 1) ** (steps - 1))) == 1
    tail = 1 - walks.law(RandomRegular(100, 3)).steps[:steps].sum()
    assert float(induced.subs(s, 3)) == pytest.approx(tail, abs=1e-13)
    assert induced.subs(s, 3) == 1 - sum(values.walk_law(flat, "steepest", (3, 2), steps - 1))


def test_numbers_have_their_digits() -> None:
    z, u = sp.symbols("z u", real=True)
    third = values.normal(sp.Integral(symbolic.phi(z) * symbolic.Phi(z) ** 2, (z, -sp.oo, sp.oo)))
    assert abs(number(third) - R(1, 3)) < sp.Float(10) ** -20
    assert abs(number(values.minima_gaussian((3, 2), (0, 0), 0), 12) - R(3, 2)) < sp.Float(10) ** -12  # iid
    one = sp.Integral(sp.exp(-u), (u, 0, sp.oo))
    assert max(abs(a - b) for a, b in zip(number((one, one / 3)), (1, R(1, 3)), strict=True)) < sp.Float(10) ** -19
