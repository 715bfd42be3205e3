"""At which losses local minima lie: their expected number below a level, and the law of their loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from .correlations import Correlation
from .graphs import Graph, Hamming
from .laws import Kernel, Law, Uniform, check_support, normal_pdf
from .noise import NOISELESS, Noise
from .quadrature import LINE, MASS, integrate


@dataclass(frozen=True)
class LossDensity:
    """Expected number of local minima by loss: `of`(x) per unit of loss, on a support with quadrature marks."""

    of: Callable[[np.ndarray], np.ndarray]
    support: tuple[float, float]
    marks: tuple[float, ...]

    def integral(self, level: float = math.inf, power: int = 0) -> float:
        """∫ x^power of(x) dx over the losses below `level`."""
        low, high = self.support
        if level <= low:
            return 0.0
        return integrate(lambda x: x**power * self.of(x), low, min(level, high), self.marks)


def density(
    graph: Graph,
    law: Law | None = None,
    kernel: Kernel | None = None,
    correlation: Correlation | None = None,
    noise: Noise = NOISELESS,
) -> LossDensity:
    """Density x ↦ E#{local minima of loss in dx}/dx of a model.

    M0 (`law` alone, uniform by default): f(x) Σ_v S(x)^{s_v};  M1 (`law`, `kernel`): f(x) Σ_v S(x,x)^{s_v};
    M2 (`correlation`, `noise`): n φ(x) P(all neighbours worse | observed loss x), in units of the observed sd √(1+σ²);
    given x neighbours have mean ρ_1x and covariance ρ_1−ρ_1² on a line, ρ_2−ρ_1² across, with the observed ρ's.

    ValueError where M2 has ρ_2 < ρ_1² (no common factor), or kernel and correlation are both given.
    Status: exact. Source: as `iid`, `branching` and `gaussian`.
    """
    if kernel is not None and correlation is not None:
        raise ValueError("kernel, correlation: give one of them, for M1 or for M2")
    if correlation is not None:
        if law is not None:
            raise ValueError("law: a Gaussian field has the normal law; give none")
        return _gaussian_density(graph, correlation, noise)
    if noise.sd > 0:
        raise ValueError("noise: needs a Gaussian field (correlation)")
    law = law or Uniform()
    if kernel is not None:
        check_support(law, kernel)
    degrees, counts = graph.degree_law

    def of(x: np.ndarray) -> np.ndarray:
        worse = law.sf(x) if kernel is None else kernel.sf(x, x)
        return law.pdf(x) * (worse[..., None] ** degrees @ counts)

    return LossDensity(of, law.support, law.marks if kernel is None else (*law.marks, *kernel.edges))


def _gaussian_density(graph: Graph, correlation: Correlation, noise: Noise) -> LossDensity:
    if not isinstance(graph, Hamming):
        raise ValueError(f"graph: {graph} is not a Hamming graph, on which Gaussian fields are defined")
    field = correlation.completed(graph).observed(noise)
    first, second = field[1], field[2] if len(field.rho) > 2 else field[1] ** 2
    across, along = second - first**2, first - second
    if across < -1e-12 or along < 0:
        raise ValueError(f"rho: observed ρ_1 = {first:.4g}, ρ_2 = {second:.4g} must obey ρ_1² ≤ ρ_2 ≤ ρ_1")
    across = max(across, 0.0)
    shared = LINE[::2] if across > 0 else np.zeros(1)
    weights = 2 * MASS[::2] if across > 0 else np.ones(1)

    def of(x: np.ndarray) -> np.ndarray:
        u = (1 - first) * x[:, None] - math.sqrt(across) * shared  # what a neighbour's residual must exceed
        worse = ndtr((math.sqrt(along) * LINE - u[..., None]) / math.sqrt(1 - first))
        lines = {q: worse ** (q - 1) @ MASS for q in set(graph.radices)}
        product = np.prod([lines[q] for q in graph.radices], axis=0)
        return graph.n * normal_pdf(x) * (product @ weights)

    return LossDensity(of, (-12.0, 12.0), ())


def below(
    graph: Graph,
    level: float,
    law: Law | None = None,
    kernel: Kernel | None = None,
    correlation: Correlation | None = None,
    noise: Noise = NOISELESS,
) -> float:
    """Expected number of strict local minima with a loss below `level`; arguments as in `density`.

    Status: exact in M0, M1 and M2.

    >>> from theory.graphs import parse_graph
    >>> round(below(parse_graph("hamming:5^6"), 0.01), 2)  # iid ranks: n (1 − 0.99^25)/25
    138.86
    """
    found = density(graph, law, kernel, correlation, noise)
    return found.integral(level)


class LossLaw(NamedTuple):
    """Law of the loss of a random local minimum: mean, standard deviation, and 5, 25, 50, 75, 95 % quantiles."""

    mean: float
    sd: float
    quantiles: np.ndarray


def loss_law(
    graph: Graph,
    law: Law | None = None,
    kernel: Kernel | None = None,
    correlation: Correlation | None = None,
    noise: Noise = NOISELESS,
) -> LossLaw:
    """Law of the loss of a random strict local minimum (the ratio of expectations); arguments as in `density`.

    Status: exact in M0, M1 and M2, as the law over all minima of all landscapes.

    >>> from theory.graphs import parse_graph
    >>> loss_law(parse_graph("hamming:5^6")).mean.__round__(6)  # iid ranks: Beta(1, s+1), mean 1/(s+2)
    0.038462
    """
    found = density(graph, law, kernel, correlation, noise)
    total = found.integral()
    mean = found.integral(power=1) / total
    variance = found.integral(power=2) / total - mean**2
    low, high = found.support
    quantiles = [
        brentq(lambda x, p=p: found.integral(x) / total - p, low, high, xtol=1e-12)
        for p in (0.05, 0.25, 0.5, 0.75, 0.95)
    ]
    return LossLaw(mean, math.sqrt(variance), np.array(quantiles))
