"""The branching model M1, simulated: losses on a tree grown only as far as local search looks."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from theory.laws import (
    AR1Kernel,
    Kernel,
    Law,
    LipschitzKernel,
    Normal,
    TruncatedNormal,
    TruncatedNormalKernel,
    Uniform,
    UniformKernel,
)


def draw_loss(law: Law, rng: np.random.Generator) -> float:
    """The loss of a random vertex."""
    match law:
        case Uniform():
            return rng.random()
        case Normal():
            return rng.standard_normal()
        case TruncatedNormal(mean=mean, sd=sd):
            return float(draw_neighbours(TruncatedNormalKernel(sd), np.array(mean), rng))
    raise ValueError(f"law: {law} cannot be drawn from")


def draw_neighbours(kernel: Kernel, centres: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One neighbour's loss for each centre's loss, drawn from the kernel; shape of `centres`."""
    match kernel:
        case UniformKernel():
            return rng.random(centres.shape)
        case TruncatedNormalKernel(tau=tau):
            side = np.where(centres < 0.5, -1.0, 1.0)  # in the lower tail, where the normal law has digits to spare
            low, high = np.where(side > 0, 0 - centres, centres - 1), np.where(side > 0, 1 - centres, centres)
            below, above = ndtr(low / tau), ndtr(high / tau)
            return np.clip(centres + side * tau * ndtri(below + (above - below) * rng.random(centres.shape)), 0, 1)
        case LipschitzKernel(tau=tau):
            return rng.uniform(np.maximum(centres - tau, 0), np.minimum(centres + tau, 1))
        case AR1Kernel(rho=rho):
            return rho * centres + np.sqrt(1 - rho**2) * rng.standard_normal(centres.shape)
    raise ValueError(f"kernel: {kernel} cannot be drawn from")


def preimages(kernel: Kernel, degree: int, loss: float, depth: int, rng: np.random.Generator) -> np.ndarray:
    """Preimages of a vertex of the given loss in one tree, by depth 1..depth, shape (depth,).

    A child of loss y steps to its parent of loss p exactly if y > p and its own s−1 children are all worse than p.
    """
    counts, parents = np.zeros(depth), np.array([loss])
    children = draw_neighbours(kernel, np.full((1, degree), loss), rng)
    for level in range(depth):
        family, which = np.nonzero(children > parents[:, None])
        losses, targets = children[family, which], parents[family]
        below = draw_neighbours(kernel, np.tile(losses[:, None], degree - 1), rng)
        stays = (below > targets[:, None]).all(axis=1)
        parents, children = losses[stays], below[stays]
        counts[level] = len(parents)
    return counts


def walk(law: Law, kernel: Kernel, degree: int, rule: str, rng: np.random.Generator) -> np.ndarray:
    """Steps, distinct evaluations and the loss at the end of one walk, shape (3,)."""
    loss, steps, evaluations, fresh = draw_loss(law, rng), 0, 1, degree
    while True:
        losses = draw_neighbours(kernel, np.full(fresh, loss), rng)
        better = np.flatnonzero(losses < loss)
        first = rule == "first" and len(better) > 0
        evaluations += better[0] + 1 if first else fresh
        if not len(better):
            return np.array([steps, evaluations, loss])
        loss = {"steepest": losses.min(), "first": losses[better[0]], "reluctant": losses[better].max()}[rule]
        steps, fresh = steps + 1, degree - 1
