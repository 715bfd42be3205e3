"""Files that are whole or absent, and pickles that cannot run code."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


def write_atomically(path: str | Path, write: Callable[[BinaryIO], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it: `path` is never half-written."""
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


class _PlainUnpickler(pickle.Unpickler):
    """Builds dicts, lists, strings and numbers; refuses every global, so that no code can be run."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise ValueError(f"the pickle asks for the global {module_name}.{global_name}, which is refused")


def plain_unpickle(data: bytes, name: str) -> Any:
    """The object of a pickle that holds no globals. ValueError, naming `name`, for any other or a truncated one."""
    try:
        return _PlainUnpickler(io.BytesIO(data)).load()
    except (
        ValueError,
        EOFError,
        IndexError,
        KeyError,
        TypeError,
        AttributeError,
        pickle.UnpicklingError,
    ) as error:
        raise ValueError(f"{name}: not a plain pickle ({error or 'truncated'})") from None
