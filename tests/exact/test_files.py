"""Files are whole or absent; pickles cannot run code, and broken ones are a ValueError."""

from __future__ import annotations

import copyreg
import datetime
import os
import pickle
import struct
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from simulations.files import plain_unpickle, write_atomically


def fail_halfway(file: BinaryIO) -> None:
    file.write(b"half")
    file.flush()
    raise RuntimeError("disk on fire")


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "data.bin"
    write_atomically(path, lambda file: file.write(b"whole"))
    assert path.read_bytes() == b"whole"
    assert os.listdir(path.parent) == ["data.bin"]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    for content in (b"first, longer", b"second"):
        write_atomically(str(path), lambda file, content=content: file.write(content))
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["data.bin"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="disk on fire"):
        write_atomically(tmp_path / "data.bin", fail_halfway)
    assert os.listdir(tmp_path) == []


def test_a_failure_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="disk on fire"):
        write_atomically(path, fail_halfway)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["data.bin"]


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"old")

    def write(file: BinaryIO) -> None:
        file.write(b"new")
        assert path.read_bytes() == b"old"

    write_atomically(path, write)
    assert path.read_bytes() == b"new"


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    """Another process may write the same file in between; the last one to finish wins, whole."""
    path = tmp_path / "data.bin"

    def write(file: BinaryIO) -> None:
        file.write(b"slow, ")
        write_atomically(path, lambda other: other.write(b"quick"))
        assert path.read_bytes() == b"quick"
        file.write(b"but whole")

    write_atomically(path, write)
    assert path.read_bytes() == b"slow, but whole"


def test_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "data.bin").mkdir()
    with pytest.raises(OSError, match=r"data\.bin"):
        write_atomically(tmp_path / "data.bin", lambda file: file.write(b"new"))
    assert [path.name for path in tmp_path.rglob("*")] == ["data.bin"]


def test_a_file_is_not_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OSError, match="file"):
        write_atomically(tmp_path / "file" / "data.bin", lambda file: file.write(b"new"))
    assert (tmp_path / "file").read_bytes() == b"old"


PLAIN = {"000000": {"val_acc": [90.5, 91.25, -1e-7]}, "more": [1, 2**70, True, None, "ü", 1e300, {}, [], ()]}
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_plain_objects_come_back(protocol: int) -> None:
    assert plain_unpickle(pickle.dumps(PLAIN, protocol), "x.pkl") == PLAIN


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_truncation_is_refused(protocol: int) -> None:
    data = pickle.dumps(PLAIN, protocol)
    for length in range(len(data)):
        with pytest.raises(ValueError, match=r"x\.pkl: not a plain pickle"):
            plain_unpickle(data[:length], "x.pkl")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "thing",
    [
        os.system,
        datetime.date(2021, 7, 27),
        OrderedDict(a=1),
        np.arange(3),
        np.float64(1.0),
        Path("x"),
        ValueError("x"),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_objects_that_need_a_global_are_refused(thing: Any, protocol: int) -> None:
    with pytest.raises(ValueError, match=r"x\.pkl: .* asks for the global .*, which is refused"):
        plain_unpickle(pickle.dumps({"innocent": [1.0], "thing": thing}, protocol), "x.pkl")


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file that exists only if a pickle has run its command."""
    return tmp_path / "owned"


@pytest.fixture
def extension() -> Iterator[int]:
    """Code of os.system in the registry of pickle extensions."""
    code = 250
    copyreg.add_extension("posix", "system", code)
    yield code
    copyreg.remove_extension("posix", "system", code)


ATTACKS = {
    "GLOBAL, REDUCE": b"cposix\nsystem\n(V%s\ntR.",
    "STACK_GLOBAL, REDUCE": b"\x80\x04\x8c\x05posix\x8c\x06system\x93(V%s\ntR.",
    "INST": b"(V%s\niposix\nsystem\n.",
    "OBJ": b"(cposix\nsystem\nV%s\no.",
    "NEWOBJ": b"cposix\nsystem\n(V%s\nt\x81.",
    "NEWOBJ_EX": b"\x80\x04cposix\nsystem\n(V%s\nt}\x92.",
    "BUILD": b"cposix\nsystem\nV%s\nb.",
    "EXT1": b"\x82\xfa(V%s\ntR.",
    "EXT2": b"\x83\xfa\x00(V%s\ntR.",
    "EXT4": b"\x84\xfa\x00\x00\x00(V%s\ntR.",
}


@pytest.mark.parametrize("opcodes", [name for name in ATTACKS if name not in ("NEWOBJ", "NEWOBJ_EX", "BUILD")])
def test_the_attacks_are_real(opcodes: str, victim: Path, extension: int) -> None:
    pickle.loads(ATTACKS[opcodes] % f"touch {victim}".encode())
    assert victim.exists()


@pytest.mark.parametrize("opcodes", ATTACKS)
def test_no_opcode_reaches_a_global(opcodes: str, victim: Path, extension: int) -> None:
    with pytest.raises(ValueError, match=r"x\.pkl: .* the global posix.system, which is refused"):
        plain_unpickle(ATTACKS[opcodes] % f"touch {victim}".encode(), "x.pkl")
    assert not victim.exists()


@pytest.mark.parametrize("name", ["builtins dict", "collections OrderedDict", "numpy dtype", "copyreg _reconstructor"])
def test_harmless_globals_are_refused_too(name: str) -> None:
    with pytest.raises(ValueError, match=rf"x\.pkl: .* the global {name.replace(' ', '.')}, which is refused"):
        plain_unpickle(f"c{name}\n.".replace(" ", "\n").encode(), "x.pkl")


@pytest.mark.parametrize("opcodes", ["EXT1", "EXT2", "EXT4"])
def test_unregistered_extensions_are_refused(opcodes: str, victim: Path) -> None:
    with pytest.raises(ValueError, match=r"x\.pkl: not a plain pickle .*unregistered extension code 250"):
        plain_unpickle(ATTACKS[opcodes] % f"touch {victim}".encode(), "x.pkl")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"not a pickle", b"\x80\x63.", b".", b"0.", b"t.", b"Pname\n.", b"N\x51.", b"\x97.", b"h\x07.", b"}]Ns.",
        b"N(K\x01e.", b"}}b.", b"V1\n)R.", b"V1\n)\x81.", b"(V1\no.", b"Ione\n.", b"Fone\n.", b"X\x01\x00\x00\x00\xff.",
    ],
    ids=str,
)  # fmt: skip
def test_nonsense_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"x\.pkl: not a plain pickle"):
        plain_unpickle(data, "x.pkl")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b".", id="BINBYTES8 of 2^62 bytes"),
        pytest.param(b"\x80\x04\x8e" + struct.pack("<Q", 2**63) + b".", id="BINBYTES8 of 2^63 bytes"),
        pytest.param(b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b".", id="FRAME of 2^63 bytes"),
        pytest.param(b"]p4611686018427387904\n.", id="PUT to slot 2^62"),
        pytest.param(b"]p99999999999999999999\n.", id="PUT to slot 10^20"),
    ],
)
def test_impossible_sizes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"x\.pkl: not a plain pickle"):
        plain_unpickle(data, "x.pkl")
