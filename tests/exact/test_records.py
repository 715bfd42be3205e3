"""Trials on file: nothing lost, nothing counted twice, whatever interrupts a campaign."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from simulations.campaign import run, run_until, workers
from simulations.records import Records
from simulations.tasks import Task, replicate

TASK = Task("minima", graph="hamming:3^4")
OTHER = Task("steps", graph="cycle:20")
WHOLE = run(TASK, 40)


def test_trials_on_file_are_those_of_an_uninterrupted_run(tmp_path: Path) -> None:
    path = tmp_path / "new" / "trials.jsonl"
    for trials, batch in ((7, 3), (25, 10), (40, 7)):
        assert np.array_equal(run(TASK, trials, records=Records(path), batch=batch), WHOLE[:trials])
    run(OTHER, 3, records=Records(path))
    found = Records(path)
    assert (found.damaged, set(found.tasks.values())) == (0, {TASK, OTHER})
    assert found.rows(TASK) == {i: tuple(row) for i, row in enumerate(WHOLE.tolist())}


def test_every_batch_is_on_disk_when_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, sync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: [synced.append(os.fstat(file).st_size), sync(file)])
    path = tmp_path / "trials.jsonl"
    for first in (0, 3):
        Records(path).append(TASK, first, WHOLE[first : first + 3])
        assert synced[-1] == path.stat().st_size
    assert len(synced) == 2


def test_what_is_on_file_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records, ran = Records(tmp_path / "trials.jsonl"), []
    run(TASK, 10, records=records)

    def counted(task: Task, number: int) -> np.ndarray:
        ran.append(number)
        return replicate(task, number)

    monkeypatch.setattr("simulations.campaign.replicate", counted)
    run(TASK, 12, records=records)
    assert ran == [0, 10, 11]  # one repeated to see that it still comes out the same
    ran.clear()
    run(TASK, 12, records=records)
    assert ran == [0]


def test_files_merge_by_concatenation(tmp_path: Path) -> None:
    """Two machines, overlapping trials, different batches: a trial counts once."""
    files = [tmp_path / "a", tmp_path / "b"]
    run(TASK, 30, records=Records(files[0]), batch=4)
    run(TASK, 20, records=Records(files[1]), batch=7)
    run(OTHER, 5, records=Records(files[1]))
    both = tmp_path / "both"
    both.write_bytes(files[1].read_bytes() + files[0].read_bytes())
    merged = Records(both)
    assert len(merged.rows(TASK)) == 30
    assert np.array_equal(run(TASK, 40, records=merged), WHOLE)


def test_two_results_of_one_trial_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    Records(path).append(TASK, 5, np.array([[3.0], [4.0]]))
    Records(path).append(TASK, 6, np.array([[4.0]]))
    with pytest.raises(ValueError, match=rf"trial 6 of task {TASK.id} has two results, \(4.0,\) and \(4.5,\)"):
        Records(path).append(TASK, 6, np.array([[4.5]]))
    with pytest.raises(ValueError, match=r"trial 5 of task .* is \(3.0,\) on file and \(\d+.0,\) now"):
        run(TASK, 7, records=Records(path))


def test_machines_may_round_differently(tmp_path: Path) -> None:
    """The first result of a trial counts."""
    path, found = tmp_path / "trials.jsonl", np.array([[3.0, np.nan]])
    for rounding in (0, 1e-11):
        Records(path).append(TASK, 5, found * (1 + rounding))
    ((number, row),) = Records(path).rows(TASK).items()
    assert (number, row[0]) == (5, 3.0)
    with pytest.raises(ValueError, match="has two results"):
        Records(path).append(TASK, 5, found * (1 + 1e-8))


def test_a_batch_after_a_line_cut_short_is_whole(tmp_path: Path) -> None:
    """Cut before the file is read, and while it is in use, by another process that was killed."""
    path = tmp_path / "trials.jsonl"
    path.write_bytes(b'{"first": 0, ')
    records = Records(path)
    records.append(TASK, 0, WHOLE[:3])
    with path.open("ab") as file:
        file.write(b'{"first": 3, ')
    records.append(TASK, 3, WHOLE[3:7])
    found = Records(path)
    assert (found.damaged, list(found.rows(TASK))) == (2, list(range(7)))


def test_damage_is_never_a_wrong_number(tmp_path: Path) -> None:
    """60 files, each truncated, or with bytes changed, lost or doubled: the campaign ends with the same numbers."""
    path, rng = tmp_path / "trials.jsonl", np.random.default_rng(0)
    run(TASK, 40, records=Records(path), batch=6)
    good, damaged = path.read_bytes(), 0
    for kind in [*("cut", "change", "lose", "double") * 15]:
        a, b = sorted(int(i) for i in rng.integers(len(good), size=2))
        match kind:
            case "cut":
                bad = good[:a]
            case "change":
                bad = good[:a] + bytes([(good[a] + 1 + int(rng.integers(255))) % 256]) + good[a + 1 :]
            case "lose":
                bad = good[:a] + good[b:]
            case _:
                bad = good[:b] + good[a:]
        path.write_bytes(bad)
        records = Records(path)
        damaged += records.damaged
        assert np.array_equal(run(TASK, 40, records=records, batch=5), WHOLE)
        assert np.array_equal(run(TASK, 40, records=Records(path)), WHOLE)
    assert damaged > 30


def test_a_file_of_something_else_counts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text('[1, 2]\n"a"\n{"sha256": "0"}\n{"task": {"graph": 3}}\n\n{}')
    assert (Records(path).damaged, Records(path).tasks) == (6, {})


HARNESS = """
import os, random, resource, signal, sys, time
from simulations.campaign import run
from simulations.records import Records
from simulations.tasks import Task

path, rounds = sys.argv[1], int(sys.argv[2])
task, chance = Task("steps", graph="hamming:4^5"), random.Random(0)
run(task, 1)  # compiled and cached before the children are timed
for number in range(rounds):
    size, full = os.path.getsize(path) if os.path.exists(path) else 0, number % 4 == 3
    child = os.fork()
    if not child:
        if full:  # the disk, in the middle of a line
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + chance.randrange(1, 300),) * 2)
        try:
            run(task, 4000, records=Records(path), batch=3)
        except OSError:
            os._exit(7)
        os._exit(0)
    if full:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        continue
    more, until = chance.randrange(1, 3000), time.monotonic() + 20
    while (os.path.getsize(path) if os.path.exists(path) else 0) < size + more and time.monotonic() < until:
        time.sleep(chance.uniform(0, 0.002))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
print(len(Records(path).rows(task)))
"""


def test_kills_and_full_disks(tmp_path: Path) -> None:
    """SIGKILL after 21 random amounts of progress, and seven full disks: the resumed rows are those of an uninterrupted
    run, bit for bit, and the kills did not leave it at the start or at the end."""
    path = tmp_path / "trials.jsonl"
    command = [sys.executable, "-c", HARNESS, str(path), "28"]
    done = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert 28 < done < 4000
    records = Records(path)
    task = Task("steps", graph="hamming:4^5")
    trials = done + 20
    assert np.array_equal(run(task, trials, records=records), run(task, trials))


def test_a_killed_command_with_workers_resumes(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    command = [sys.executable, "-m", "simulations.cli", "simulate", "steps", "--graph", "hamming:4^5"]
    command += ["--trials", "300", "--json"]
    process = subprocess.Popen([*command, "--jobs", "2", "--records", str(path)], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size) and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    begun = len(Records(path).rows(Task("steps", graph="hamming:4^5")))
    answers = [
        json.loads(subprocess.run([*command, *more], check=True, capture_output=True, text=True).stdout)
        for more in (["--records", str(path)], [])
    ]
    assert begun > 0
    assert answers[0] == answers[1]


@pytest.mark.parametrize("backend", ["loky", "threading", "dask"])
def test_every_backend_gives_the_same_rows(backend: str) -> None:
    """Dask on a local cluster of two worker processes."""
    from joblib import Parallel, delayed

    with workers(backend, 2):
        assert np.array_equal(run(TASK, 40, jobs=2, batch=3), WHOLE)
        pids = set(Parallel(n_jobs=2)(delayed(os.getpid)() for _ in range(20)))
    assert (os.getpid() in pids) == (backend == "threading")


def test_every_backend_prints_the_same(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "simulations.cli",
        "simulate",
        "minima",
        "--graph",
        "hamming:3^4",
        "--trials",
        "20",
    ]
    texts = {
        subprocess.run([*command, *more], check=True, capture_output=True, text=True).stdout
        for more in ([], ["--jobs", "2"], ["--jobs", "2", "--backend", "dask"])
    }
    assert len(texts) == 1


@pytest.mark.parametrize("backend", ["", "processes", "Dask"])
def test_unknown_backends_are_refused(backend: str) -> None:
    message = f"backend: '{backend}' is unknown; allowed: loky, threading, dask"
    with pytest.raises(ValueError, match=message), workers(backend):
        pass


def test_dask_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match="Dask is not installed; pip install"), workers("dask"):
        pass


def test_a_campaign_stops_at_its_precision(tmp_path: Path) -> None:
    records = Records(tmp_path / "trials.jsonl")
    values, left = run_until(TASK, 0.02, 10_000, 0.95, records=records)
    assert 100 < len(values) < 10_000
    assert np.array_equal(values, run(TASK, len(values)))
    assert left > 0.95
    assert len(records.rows(TASK)) == len(values)
    again, _ = run_until(TASK, 1e-9, 300)
    assert len(again) == 300


def test_a_campaign_stops_at_the_first_look_that_suffices() -> None:
    """After 8, 16, …, 512 trials: the wider side of the interval counts, and the misses are spent look by look."""
    from simulations import estimate

    records, looks = Records(), []
    values = run(TASK, 512, records=records)[:, 0]
    for look in range(1, 8):
        low, best, high = estimate.mean(values[: 4 * 2**look], estimate.look_confidence(0.9, look))
        looks.append((max(high - best, best - low) / best, 4 * 2**look, estimate.look_confidence(0.9, look)))
    for precision in np.geomspace(0.005, 0.3, 150):
        suffices = [look[1:] for look in looks if look[0] <= precision]
        found, left = run_until(TASK, precision, 512, 0.9, first=8, records=records)
        assert (len(found), left) == (suffices[0] if suffices else looks[-1][1:])


def test_a_campaign_that_stops_itself_keeps_its_confidence() -> None:
    """Sequential campaigns at 90 %, precision 5 %, mean 81/9 = 9 minima: at least 90 % of 300 intervals hold it.

    False alarm 1e−4 (binomial); a coverage of 80 % is found with 95 %.
    """
    from simulations import estimate

    held = 0
    for seed in range(300):
        values, left = run_until(Task("minima", graph="hamming:3^4", seed=seed), 0.05, 400, 0.9, first=8)
        held += estimate.mean(values[:, 0], left).holds(9)
    assert held >= 249


@pytest.mark.parametrize(("precision", "most", "message"), [(0, 10, "precision: 0"), (0.1, 1, "trials: 1")])
def test_bad_precisions_are_refused(precision: float, most: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_until(TASK, precision, most)
