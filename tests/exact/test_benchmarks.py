"""The plain sides of the benchmarks give what the package gives, and the package is the faster."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import search as benchmark
from theory.graphs import Hamming, hypercube


@pytest.mark.parametrize("graph", [benchmark.GRAPH, hypercube(9), Hamming((3, 2, 4, 5, 2))], ids=str)
@pytest.mark.parametrize("name", benchmark.PAIRS)
def test_benchmarked_versions_agree(name: str, graph: Hamming) -> None:
    package, plain = benchmark.PAIRS[name]
    (losses,) = benchmark.several(graph, 1)
    for ours, theirs in zip(package(graph, losses), plain(graph, losses), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(("name", "bound"), [*zip(benchmark.PAIRS, (1 / 3, 1 / 3, 1 / 2), strict=True)])
def test_faster_than_plain_numpy(name: str, bound: float) -> None:
    """Medians of 15 alternations; the ratios are 0.18, 0.17 and 0.25, so that a slowdown by a factor of 2 is caught.

    On a busy machine one of five will do.
    """
    ratios = (benchmark.measure(benchmark.PAIRS[name], benchmark.GRAPH, 15).ratio for _ in range(5))
    assert any(ratio < bound for ratio in ratios)


def test_less_memory_than_plain_numpy() -> None:
    """Four bytes a vertex each for next, steps and terminal, eight for the basin sizes, and small tables on top."""
    graph = hypercube(16)
    package, plain = (benchmark.peak(side, graph) for side in benchmark.PAIRS["every start"])
    assert 20 * graph.n < package < 22 * graph.n
    assert plain > 10 * package


def test_the_script_prints_every_case(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(benchmark, "GRAPH", Hamming((3, 3, 3, 3, 3)))
    benchmark.main(2, [5, 6])
    header, *lines = capsys.readouterr().out.splitlines()
    assert [line[:14].strip() for line in lines] == [*benchmark.PAIRS, "every start", "every start"]
    assert {len(line) for line in lines} == {len(header)}
