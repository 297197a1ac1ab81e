"""What the files of a folder have in common."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ._errors import FileError
from ._library import lib
from ._options import PathArgument


def damaged(path: PathArgument, reason: str) -> FileError:
    """The error of a file that is not what was written."""
    return FileError(f"{os.fspath(path)!r} is damaged: {reason}", lib.TQ_INDEX_FILE)


def parsed(text: bytes, path: Path, before: int = 0) -> Any:
    """The JSON in a file; `before` lines stand before this text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {before + error.lineno}, column {error.colno}"
        raise damaged(path, f"{place}: {error.msg}") from None
    except (ValueError, RecursionError) as error:  # no UTF-8, too many digits, nested too deeply
        raise damaged(path, f"from line {before + 1} on: {error}") from None


def flush(path: Path) -> None:
    """Waits until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Makes a folder, and keeps others from saving into it."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when it is closed, so by a crash too
        yield


@contextmanager
def errors_of(root: Path) -> Iterator[None]:
    """The system's errors as ours."""
    try:
        yield
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"{str(root)!r}: {error}", lib.TQ_INDEX_FILE) from error


def checksum(value: dict[str, Any]) -> str:
    """A digest of a JSON object, however it is written."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("ascii")).hexdigest()


def sealed(value: dict[str, Any]) -> bytes:
    """The JSON of an object and of its checksum, which must not be a key yet."""
    text = json.dumps(value | {"checksum": checksum(value)}, indent=1, allow_nan=False)
    return text.encode("ascii")


def replace(path: Path, new: Path, data: bytes) -> None:
    """Writes a file that names others of its folder, after these are on the disk, whole or not at all. `new` is its name
    until it is complete."""
    with new.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    flush(path.parent)  # the names of the new files, before the one that names them
    new.replace(path)
    flush(path.parent)
