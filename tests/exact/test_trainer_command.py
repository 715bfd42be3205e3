"""`hillscape train`: what it shows, what it refuses, and that a killed one goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest

from simulations import cli
from simulations.trainer import load

SMALL = "train --operations linear,tanh --cells 40 --seeds 2 --epochs 1 --width 4 --out"
"""Chunks of 16 cells: three, of which the last is short."""

KILLED = """
import os, signal, sys
from simulations import cli, trainer

def replace(source, target, saves=[], move=os.replace):
    saves.append(target)
    if len(saves) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    move(source, target)

os.replace = replace
sys.modules["simulations.trainer.train"].SAVE_EVERY = -1.0
cli.main()
"""

Hillscape = Callable[[str], int]


@pytest.fixture
def hillscape(monkeypatch: pytest.MonkeyPatch) -> Hillscape:
    """The exit status of the command, run in this process."""

    def run(arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["hillscape", *arguments.split()])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert isinstance(end.value.code or 0, int)
        return int(end.value.code or 0)

    return run


def test_a_killed_training_goes_on_to_the_same_file(hillscape: Hillscape, tmp_path: Path) -> None:
    """SIGKILL in the third save, 32 cells being kept: the 8 that are left give the bytes of a run without it."""
    whole, out, partial = (tmp_path / name for name in ("whole.npz", "table.npz", "table.partial.npz"))
    done = subprocess.run([sys.executable, "-c", KILLED, *SMALL.split(), str(out)], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert not out.exists()
    assert load(partial).cells.tolist() == list(range(32))
    assert hillscape(f"{SMALL} {out}") == hillscape(f"{SMALL} {whole}") == 0
    assert out.read_bytes() == whole.read_bytes()
    assert not partial.exists()
    assert np.isfinite(load(whole).valid_loss).all()


def test_the_device_is_said(hillscape: Hillscape, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What `auto` chose, in the bar and at the end."""
    device = jax.devices()[0].device_kind
    assert hillscape(f"{SMALL} {tmp_path / 'table.npz'} --device auto") == 0
    shown = capsys.readouterr()
    assert f"vector/digits-0 on {device}" in shown.err
    assert f"trained on {device}" in shown.out


def test_without_a_gpu_one_line_says_so(
    hillscape: Hillscape, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(platform: str) -> list:
        raise RuntimeError(f"Unknown backend {platform}")

    monkeypatch.setattr(jax, "devices", none)
    assert hillscape(f"{SMALL} {tmp_path / 'table.npz'} --device gpu") == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "hillscape: device: 'gpu' needs a GPU, but JAX finds none; take 'cpu' or 'auto', or install JAX for CUDA"
    ]
    assert os.listdir(tmp_path) == []
