"""Loss laws `pdf_n` (f: a random vertex's loss) and neighbour kernels `pdf_e` (k(x,·): a neighbour's loss given the
centre's loss x), with their one-line text forms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr


def normal_pdf(x: ArrayLike) -> np.ndarray:
    """Standard normal density φ."""
    return np.exp(-0.5 * np.square(x)) / math.sqrt(2 * math.pi)


def normal_mass(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Φ(b) − Φ(a) for a ≤ b, without cancellation in the upper tail or over a short way."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    way, m = b - a, (a + b) / 2
    series = (
        1 + (m**2 - 1) * way**2 / 24 + (m**4 - 6 * m**2 + 3) * way**4 / 1920
    )  # of the mean of φ over the way, by φ(m)
    long = np.where(a > 0, ndtr(-a) - ndtr(-b), ndtr(b) - ndtr(a))
    return np.where(way < 1e-3, normal_pdf(m) * way * series, long)


def plain(number: float) -> str:
    """The shortest text of a number that gives it back."""
    return f"{number:g}" if float(f"{number:g}") == number else repr(float(number))


class Law:
    """Law of a random vertex's loss.

    Density `pdf`, survival function `sf`, `support` (a, b) up to negligible mass, and `marks` where panels are cut.
    """

    support: tuple[float, float]
    marks: tuple[float, ...] = ()

    def pdf(self, x: ArrayLike) -> np.ndarray:
        raise NotImplementedError

    def sf(self, x: ArrayLike) -> np.ndarray:
        raise NotImplementedError


@dataclass(frozen=True)
class Uniform(Law):
    """Uniform on [0, 1]: the loss as its own rank."""

    support = (0.0, 1.0)

    def pdf(self, x: ArrayLike) -> np.ndarray:
        return np.where((np.asarray(x) >= 0) & (np.asarray(x) <= 1), 1.0, 0.0)

    def sf(self, x: ArrayLike) -> np.ndarray:
        return np.clip(1 - np.asarray(x), 0.0, 1.0)

    def __str__(self) -> str:
        return "uniform"


@dataclass(frozen=True)
class Normal(Law):
    """Standard normal; the support is cut at ±12, beyond which the mass is below 1e−32."""

    support = (-12.0, 12.0)

    def pdf(self, x: ArrayLike) -> np.ndarray:
        return normal_pdf(x)

    def sf(self, x: ArrayLike) -> np.ndarray:
        return ndtr(np.negative(x))

    def __str__(self) -> str:
        return "normal"


@dataclass(frozen=True)
class TruncatedNormal(Law):
    """Normal of the given mean and sd, conditioned on [0, 1] (both are those of the normal before truncation)."""

    mean: float
    sd: float
    support = (0.0, 1.0)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and math.isfinite(self.sd) and self.sd > 0):
            raise ValueError(f"law: truncnorm:{self.mean},{self.sd} needs a finite mean and sd > 0")
        if normal_mass(-self.mean / self.sd, (1 - self.mean) / self.sd) < 1e-300:
            raise ValueError(f"law: truncnorm:{self.mean},{self.sd} has no mass on [0, 1] that numbers can hold")

    @property
    def marks(self) -> tuple[float, ...]:  # type: ignore[override]
        return tuple(self.mean + k * self.sd for k in (-12, -6, -2, 0, 2, 6, 12))

    def pdf(self, x: ArrayLike) -> np.ndarray:
        return TruncatedNormalKernel(self.sd).pdf(self.mean, x)

    def sf(self, x: ArrayLike) -> np.ndarray:
        return TruncatedNormalKernel(self.sd).sf(self.mean, x)

    def __str__(self) -> str:
        return f"truncnorm:{plain(self.mean)},{plain(self.sd)}"


class Kernel:
    """Law of a neighbour's loss given the centre's loss x: density `pdf(x, y)`, survival `sf(x, t)` = S(x, t).

    support    interval that carries the losses, up to negligible mass
    width      scale on which the kernel varies, for the choice of quadrature panels
    edges      fixed losses at which the kernel is not smooth, and `kinks(t)` those that move with the other argument
    stationary the law of which the kernel is a reversible step, where it has one (None elsewhere)
    """

    support: tuple[float, float]
    width: float
    edges: tuple[float, ...] = ()
    stationary: Law | None = None

    def pdf(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        raise NotImplementedError

    def sf(self, x: ArrayLike, t: ArrayLike) -> np.ndarray:
        raise NotImplementedError

    def kinks(self, t: np.ndarray) -> np.ndarray:
        """Losses y at which k(t,y) or S(y,t) is not smooth in y; shape t.shape + (number of kinks,)."""
        return np.empty((*np.shape(t), 0))


@dataclass(frozen=True)
class UniformKernel(Kernel):
    """Neighbours uniform on [0, 1] whatever the centre: with the uniform law, the iid model M0."""

    support = (0.0, 1.0)
    width = 1.0
    stationary = Uniform()

    def pdf(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        return Uniform().pdf(np.asarray(y) + 0 * np.asarray(x))

    def sf(self, x: ArrayLike, t: ArrayLike) -> np.ndarray:
        return Uniform().sf(np.asarray(t) + 0 * np.asarray(x))

    def __str__(self) -> str:
        return "uniform"


@dataclass(frozen=True)
class TruncatedNormalKernel(Kernel):
    """Normal with mean x and standard deviation τ, conditioned on [0, 1] (the paper's pdf_e)."""

    tau: float
    support = (0.0, 1.0)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.tau) and self.tau > 0):
            raise ValueError(f"kernel: truncnorm:{self.tau} needs a standard deviation > 0")

    @property
    def width(self) -> float:  # type: ignore[override]
        return min(1.0, self.tau)

    def pdf(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        x, y = np.asarray(x), np.asarray(y)
        mass = normal_mass(-x / self.tau, (1 - x) / self.tau)
        return np.where((y >= 0) & (y <= 1), normal_pdf((y - x) / self.tau) / (self.tau * mass), 0.0)

    def sf(self, x: ArrayLike, t: ArrayLike) -> np.ndarray:
        x, t = np.asarray(x), np.clip(t, 0.0, 1.0)
        upper = (1 - x) / self.tau
        return normal_mass((t - x) / self.tau, upper) / normal_mass(-x / self.tau, upper)

    def __str__(self) -> str:
        return f"truncnorm:{plain(self.tau)}"


@dataclass(frozen=True)
class LipschitzKernel(Kernel):
    """Uniform on [x−τ, x+τ] ∩ [0, 1]: neighbours differ by at most τ."""

    tau: float
    support = (0.0, 1.0)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.tau) and self.tau > 0):
            raise ValueError(f"kernel: lipschitz:{self.tau} needs a half-width > 0")

    @property
    def width(self) -> float:  # type: ignore[override]
        return min(1.0, self.tau)

    @property
    def edges(self) -> tuple[float, ...]:  # type: ignore[override]
        steps = np.arange(1, math.ceil(1 / self.tau) + 1) * self.tau
        marks = np.concatenate([steps, 1 - steps])
        return tuple(np.unique(marks[(marks > 0) & (marks < 1)]).tolist())

    def _ends(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.maximum(x - self.tau, 0.0), np.minimum(x + self.tau, 1.0)

    def pdf(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        low, high = self._ends(np.asarray(x))
        return np.where((low <= y) & (y <= high), 1 / (high - low), 0.0)

    def sf(self, x: ArrayLike, t: ArrayLike) -> np.ndarray:
        low, high = self._ends(np.asarray(x))
        return np.clip((high - t) / (high - low), 0.0, 1.0)

    def kinks(self, t: np.ndarray) -> np.ndarray:
        return np.stack([t - self.tau, t + self.tau], axis=-1)

    def __str__(self) -> str:
        return f"lipschitz:{plain(self.tau)}"


@dataclass(frozen=True)
class AR1Kernel(Kernel):
    """Gaussian autoregression k(x,·) = N(ρx, 1−ρ²), reversible for the standard normal law; −1 < ρ < 1."""

    rho: float
    support = (-12.0, 12.0)
    stationary = Normal()

    def __post_init__(self) -> None:
        if not -1 < self.rho < 1:
            raise ValueError(f"kernel: ar1:{self.rho} needs −1 < ρ < 1")

    @property
    def width(self) -> float:  # type: ignore[override]
        return 2 * math.sqrt(1 - self.rho**2)

    def pdf(self, x: ArrayLike, y: ArrayLike) -> np.ndarray:
        sd = math.sqrt(1 - self.rho**2)
        return normal_pdf((np.asarray(y) - self.rho * np.asarray(x)) / sd) / sd

    def sf(self, x: ArrayLike, t: ArrayLike) -> np.ndarray:
        sd = math.sqrt(1 - self.rho**2)
        return ndtr((self.rho * np.asarray(x) - np.asarray(t)) / sd)

    def __str__(self) -> str:
        return f"ar1:{plain(self.rho)}"


def check_support(law: Law, kernel: Kernel) -> None:
    """ValueError unless the law lives where the kernel does."""
    if law.support != kernel.support:
        raise ValueError(f"law: {law} lives on {law.support}, but kernel {kernel} on {kernel.support}")


def parse_law(text: str) -> Law:
    """The law of a text form: `uniform`, `normal`, `truncnorm:mean,sd`.

    >>> parse_law("truncnorm:0.25,0.18")
    TruncatedNormal(mean=0.25, sd=0.18)
    """
    name, _, rest = text.strip().partition(":")
    try:
        match name, [float(p) for p in rest.split(",") if p]:
            case "uniform", []:
                return Uniform()
            case "normal", []:
                return Normal()
            case "truncnorm", [mean, sd]:
                return TruncatedNormal(mean, sd)
    except ValueError as error:
        raise ValueError(f"law: {text!r} ({error})") from None
    raise ValueError(f"law: {text!r} is unknown; allowed: uniform, normal, truncnorm:mean,sd")


def parse_kernel(text: str) -> Kernel:
    """The kernel of a text form: `uniform`, `truncnorm:τ`, `lipschitz:τ`, `ar1:ρ`.

    >>> parse_kernel("ar1:0.6")
    AR1Kernel(rho=0.6)
    """
    name, _, rest = text.strip().partition(":")
    try:
        match name, [float(p) for p in rest.split(",") if p]:
            case "uniform", []:
                return UniformKernel()
            case "truncnorm", [tau]:
                return TruncatedNormalKernel(tau)
            case "lipschitz", [tau]:
                return LipschitzKernel(tau)
            case "ar1", [rho]:
                return AR1Kernel(rho)
    except ValueError as error:
        raise ValueError(f"kernel: {text!r} ({error})") from None
    raise ValueError(f"kernel: {text!r} is unknown; allowed: uniform, truncnorm:τ, lipschitz:τ, ar1:ρ")
