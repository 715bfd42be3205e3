"""Files that are whole or absent, JSON for every number, and pickles that cannot run code."""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


def write_atomically(path: str | Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it: `path` is never half-written."""
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")  # its own: two writers never share one
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def to_json(content: Any, indent: int | None = None) -> str:
    """JSON text: arrays as lists, named tuples as objects, numbers that JSON lacks by name."""
    return json.dumps(_plain(content), ensure_ascii=False, indent=indent)


def _plain(content: Any) -> Any:
    match content:
        case _ if hasattr(content, "_asdict"):
            return _plain(content._asdict())
        case dict():
            return {key: _plain(value) for key, value in content.items()}
        case list() | tuple():
            return [_plain(value) for value in content]
        case np.ndarray() | np.generic():
            return _plain(content.tolist())
        case float() if not math.isfinite(content):
            return str(content)
    return content


class _PlainUnpickler(pickle.Unpickler):
    """Builds dicts, lists, strings and numbers; refuses every global, so that no code can be run."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise ValueError(f"the pickle asks for the global {module_name}.{global_name}, which is refused")


def plain_unpickle(data: bytes, name: str) -> Any:
    """The object of a pickle that holds no globals. ValueError, naming `name`, for any other or a truncated one."""
    try:
        return _PlainUnpickler(io.BytesIO(data)).load()
    except Exception as error:  # a damaged pickle can raise anything: MemoryError, OverflowError, …
        raise ValueError(f"{name}: not a plain pickle ({error or 'truncated'})") from None


def read_arrays(path: str | Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """The named arrays of an `.npz` file without pickles.

    FileNotFoundError where there is none; ValueError, naming path and problem, for a damaged one or a missing array.
    """
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in names}
        except KeyError as error:
            raise ValueError(f"{path}: holds no {error}") from None
        except Exception as error:  # a damaged archive can raise anything: BadZipFile, zlib.error, EOFError, …
            raise ValueError(f"{path}: cannot be read ({error})") from None
