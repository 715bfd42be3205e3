"""The catalogue: every result is stated, sourced and callable by the names it advertises."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest

from theory import basins, catalogue, minima, symbolic, symbolic_noise, walks
from theory.catalogue import RESULTS
from theory.correlations import Correlation
from theory.graphs import Hamming, hypercube
from theory.laws import AR1Kernel, Normal, TruncatedNormalKernel
from theory.noise import Noise

NAS, FIELD = Hamming((5,) * 6), Correlation.geometric(0.6, 6)


def test_ids_are_unique_and_stated() -> None:
    assert len(RESULTS) == len(catalogue._ALL)
    assert set(RESULTS) == set(symbolic.STATEMENTS | symbolic_noise.STATEMENTS)
    assert all(name == result.id for name, result in RESULTS.items())


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_every_result_is_complete(result: catalogue.Result) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", result.id)
    assert result.status in catalogue.STATUSES
    assert all((result.title, result.assumptions, result.source))
    described = (inspect.getdoc(result.function) or "").lower()
    assert result.status in described or "status as" in described
    assert result.latex.count("{") == result.latex.count("}") > 0
    assert result.statement == (symbolic.STATEMENTS | symbolic_noise.STATEMENTS)[result.id]()


def test_arguments_say_which_are_needed() -> None:
    assert RESULTS["minima.gaussian"].arguments() == {"graph": True, "correlation": True, "noise": False}
    assert RESULTS["preimage.iid"].arguments() == {"degree": True, "loss": True, "depth": False}


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("minima.iid", {"graph": NAS}, {"value": 625.0, "variance": 250.0}),
        (
            "minima.branching",
            {"graph": NAS, "law": Normal(), "kernel": AR1Kernel(0.6)},
            {"value": minima.branching(NAS, Normal(), AR1Kernel(0.6))},
        ),
        ("minima.gaussian", {"graph": NAS, "correlation": FIELD}, {"value": minima.gaussian(NAS, FIELD)}),
        (
            "minima.gaussian",
            {"graph": NAS, "correlation": FIELD, "noise": Noise(0.3)},
            {"value": minima.gaussian(NAS, FIELD, Noise(0.3))},
        ),
        (
            "minima.noise_monotone",
            {"graph": NAS, "correlation": FIELD, "noise": Noise(0.3)},
            {"value": minima.gaussian(NAS, FIELD), "high": 625.0},
        ),
        ("minima.independence", {"graph": NAS}, {"value": 3125.0}),
        ("walk.reluctant", {"graph": NAS}, {"value": 12.0}),
        ("walk.additive", {"graph": hypercube(10)}, {"value": 5.0}),
        (
            "walk.iid",
            {"graph": NAS, "rule": "first"},
            dict(zip(("value", "evaluations", "status"), walks.iid(NAS, "first"), strict=True)),
        ),
    ],
)
def test_predictions_are_the_function(name: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert RESULTS[name].predict(**given) == expected


@pytest.mark.parametrize("name", ["preimage.branching", "preimage.published", "preimage.iid"])
def test_predicted_preimages(name: str) -> None:
    kernel = {} if name == "preimage.iid" else {"kernel": TruncatedNormalKernel(0.35)}
    found = RESULTS[name].predict(**kernel, degree=24, loss=0.1, depth=2)
    direct = {
        "preimage.branching": lambda: basins.branching(TruncatedNormalKernel(0.35), 24, 0.1, 2),
        "preimage.published": lambda: (basins.published(TruncatedNormalKernel(0.35), 24, 0.1, 2),),
        "preimage.iid": lambda: basins.iid(24, 0.1, 2),
    }[name]()
    assert np.array_equal(found["value"], direct[0])
    assert [found[key] for key in found if key != "value"] == list(direct[1:])


def test_look_up() -> None:
    assert catalogue.result("walk.iid") is RESULTS["walk.iid"]


def test_unknown_id_lists_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"id: 'walk\.up' is unknown; allowed: minima\.iid, .*walk\.additive"):
        catalogue.result("walk.up")


def test_missing_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"preimage\.iid: needs degree, loss"):
        RESULTS["preimage.iid"].predict(depth=2)


def test_unused_arguments_are_named() -> None:
    with pytest.raises(ValueError, match=r"walk\.additive: does not use rule, noise; it takes graph"):
        RESULTS["walk.additive"].predict(graph=NAS, rule="first", noise=Noise(0.1))


def test_the_document_holds_every_result_in_balanced_latex() -> None:
    text = catalogue.document(list(RESULTS.values()))
    plain = text.replace(r"\{", "").replace(r"\}", "")
    assert text.startswith(r"\documentclass")
    assert text.endswith(r"\end{document}")
    assert text.count(r"\subsection*") == text.count(r"\begin{dmath*}") == text.count(r"\end{dmath*}") == len(RESULTS)
    assert plain.count("{") == plain.count("}")
    assert not re.search("[Α-Ωα-ωℓ≤≥−²]", re.sub(r"\\begin{dmath\*}.*?\\end{dmath\*}", "", text))
