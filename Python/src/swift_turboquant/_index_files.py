"""Files and bytes of an index."""

import ctypes
import os
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ._arrays import address
from ._errors import InputError
from ._index_core import IndexCore
from ._library import Handle, lib
from ._work import Progress, run

if TYPE_CHECKING:
    from typing_extensions import Self

PathArgument: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# Bytes that take some hundredths of a second: where Ctrl-C becomes worth a thread.
_LONG = 1 << 26


class IndexFiles(IndexCore):
    """The part of `Index` that writes and reads files and bytes."""

    def save(self, path: PathArgument, *, progress: Progress | None = None) -> None:
        """Writes a file, which is replaced whole or not at all.

        Args:
            path: must be UTF-8.
            progress: as in `add`, with numbers of bytes.

        Raises:
            FileError: the file cannot be written.
        """
        options = lib.struct("tq_work_options")
        name = _utf8(path)

        def work(callback: Any) -> None:
            if callback is not None:
                options.progress = callback
            lib.tq_index_save(self._handle.value, name, ctypes.byref(options))

        run(work, progress, len(self) * self.bytes_per_vector > _LONG)

    @classmethod
    def load(cls, path: PathArgument) -> "Self":
        """Opens a file by mapping it: rows are read when they are needed, and their checksums checked then. The file may
        be replaced meanwhile, but not cut.

        Raises:
            FileError: the file is missing, damaged, or not an index.
        """
        return cls._of(Handle(lib.tq_index_open, lib.tq_index_free, _utf8(path)))

    @staticmethod
    def verify(path: PathArgument) -> None:
        """Checks every byte of a file. Raises FileError at the first damaged place."""
        lib.tq_index_verify(_utf8(path))

    def to_bytes(self) -> bytes:
        """The bytes that `save` would write."""
        count = ctypes.c_size_t(self.nbytes)
        while True:
            data = np.empty(count.value, np.uint8)
            try:
                lib.tq_index_to_bytes(
                    self._handle.value, address(data), data.size, ctypes.byref(count)
                )
            except InputError as error:
                if error.code != lib.TQ_ERROR_CAPACITY:  # else rows were added in between
                    raise
            else:
                return data[: count.value].tobytes()

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> "Self":
        """The index that `to_bytes` or a file is of. Raises FileError for damaged bytes."""
        view = np.frombuffer(data, np.uint8) if len(data) else np.empty(0, np.uint8)
        return cls._of(Handle(lib.tq_index_from_bytes, lib.tq_index_free, address(view), view.size))

    @classmethod
    def _of(cls, handle: Handle) -> "Self":
        index = cls.__new__(cls)
        index._open(handle)
        return index

    @property
    def nbytes(self) -> int:
        """Bytes of a file of the index."""
        count = ctypes.c_size_t()
        try:
            lib.tq_index_to_bytes(self._handle.value, None, 0, ctypes.byref(count))
        except InputError as error:
            if error.code != lib.TQ_ERROR_CAPACITY:
                raise
        return count.value

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).from_bytes, (self.to_bytes(),)


def _utf8(path: PathArgument) -> bytes:
    """A path as the library takes it."""
    name = os.fsencode(path)
    if b"\0" in name:
        raise ValueError(f"the path {path!r} has a zero byte")
    try:
        name.decode()
    except UnicodeDecodeError:
        raise ValueError(f"the path {path!r} is not UTF-8") from None
    return name
