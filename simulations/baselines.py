"""What local search is compared with, on the interface of `algorithms`; and all algorithms by name."""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import islice

import numpy as np

from theory.graphs import Graph, Hamming

from .algorithms import Algorithm, Evaluations, check_count, local_search, memoryless_search, neighbourhood, strangers


def random_search(graph: Graph, observe: Evaluations, rng: np.random.Generator) -> None:
    """Every vertex once, in uniformly random order."""
    for vertex in strangers(graph, observe, rng):
        observe(vertex)


def evolution(
    graph: Graph, observe: Evaluations, rng: np.random.Generator, population: int = 30, sample: int = 10
) -> None:
    """Regularised evolution: the best of a random sample has a mutant for a child, and the oldest dies.

    population  number of vertices alive, at first distinct random ones; sample  drawn of them with replacement
    A mutant is a random neighbour: on a Hamming graph one letter becomes another. Under frozen noise, where a repeat
    would tell nothing, it is one not evaluated yet, and where there is none a random vertex not evaluated yet. Under
    fresh noise it is any neighbour, evaluated anew. Ties go to the lowest index.
    ValueError for a population or a sample below 1.
    Source: Real, Aggarwal, Huang and Le 2019; the default sizes are those of White, Nolen and Savani's code.
    """
    check_count("population", population)
    check_count("sample", sample)
    unseen = strangers(graph, observe, rng)
    alive = deque((observe(vertex), vertex) for vertex in islice(unseen, population))
    while True:
        chosen = rng.integers(len(alive), size=sample).tolist()
        parent = min(alive[i] for i in chosen)[1]
        mutants = [u for u in neighbourhood(graph, parent) if observe.fresh or u not in observe.known]
        child = mutants[rng.integers(len(mutants))] if mutants else next(unseen, None)
        if child is None:
            return
        alive.append((observe(child), child))
        alive.popleft()


def tpe(graph: Graph, observe: Evaluations, rng: np.random.Generator) -> None:
    """Bayesian optimisation by Optuna's tree-structured Parzen estimator, one categorical variable a coordinate.

    Optuna's default settings. Under frozen noise a proposal that was evaluated before tells nothing: the study is told
    of it again, and a random vertex not evaluated yet is evaluated in its place.
    ImportError without Optuna. ValueError for a graph that is not a Hamming graph.
    Source: Bergstra, Bardenet, Bengio and Kégl 2011.
    """
    try:
        import optuna
    except ImportError:
        raise ImportError("tpe needs Optuna: pip install 'hillscape[baselines]'") from None
    if not isinstance(graph, Hamming):
        raise ValueError(f"graph: tpe needs a Hamming graph, not {graph}")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=int(rng.integers(2**32))))
    letters: dict[str, optuna.distributions.BaseDistribution] = {
        str(i): optuna.distributions.CategoricalDistribution(range(q)) for i, q in enumerate(graph.radices)
    }
    unseen = strangers(graph, observe, rng)
    while True:
        trial = study.ask(letters)
        vertex = int(np.ravel_multi_index([trial.params[i] for i in letters], graph.radices))
        repeated = vertex in observe.known and not observe.fresh
        study.tell(trial, observe(vertex))
        if repeated:
            word = np.unravel_index(next(unseen), graph.radices)
            study.enqueue_trial(dict(zip(letters, map(int, word), strict=True)))


ALGORITHMS: dict[str, Algorithm] = {
    "steepest": local_search,
    "first": partial(local_search, rule="first"),
    "reluctant": partial(local_search, rule="reluctant"),
    "steepest_sampled": partial(local_search, samples=10),
    "steepest_continued": partial(local_search, stop_at_minimum=False),
    "first_continued": partial(local_search, rule="first", stop_at_minimum=False),
    "memoryless": memoryless_search,
    "random": random_search,
    "evolution": evolution,
    "tpe": tpe,
}
"""Algorithms by name, with their default settings."""
