"""Errors of the library."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TurboQuantError(Exception):
    """An error of the library. `code` is its number; Documentation/C.md lists them."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code

    def __str__(self) -> str:  # KeyError would print the representation
        return str(self.args[0])

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (*self.args, self.code)


class InputError(TurboQuantError, ValueError):
    """An argument that the library does not take; the message says what it expects."""


class UnknownIdError(TurboQuantError, KeyError):
    """An id that no row has."""


class FileError(TurboQuantError, OSError):
    """A file that cannot be read or written, or is damaged."""


class MissingFileError(FileError, FileNotFoundError):
    """A file that is not there."""


@contextmanager
def reading(path: str | bytes | os.PathLike[Any]) -> Iterator[None]:
    """Tells a missing file from one that cannot be read."""
    try:
        yield
    except FileError as error:
        if os.path.lexists(path):
            raise
        raise MissingFileError(str(error), error.code) from None


_UNKNOWN = {404, 417}
_FILE = {414, 507}
_INTERNAL = 99


def error_of(code: int, message: str) -> TurboQuantError:
    """The error of a status."""
    kind: type[TurboQuantError] = InputError
    if code in _UNKNOWN:
        kind = UnknownIdError
    elif code in _FILE:
        kind = FileError
    elif code == _INTERNAL:
        kind = TurboQuantError
    return kind(message, code)
