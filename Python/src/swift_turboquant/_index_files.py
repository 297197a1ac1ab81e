"""Files and bytes of an index."""

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from ._arrays import address, view_of
from ._errors import InputError, reading
from ._index_core import IndexCore
from ._library import Handle, lib
from ._options import PathArgument, path_of
from ._work import Progress, run

if TYPE_CHECKING:
    from typing_extensions import Self

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
        name = path_of(path)

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
            FileError: the file is damaged, not an index, or (MissingFileError) not there.
        """
        name = path_of(path)
        with reading(path):
            return cls._of(Handle(lib.tq_index_open, lib.tq_index_free, name))

    @staticmethod
    def verify(path: PathArgument) -> None:
        """Checks every byte of a file. Raises FileError as `load` does, and at the first damaged place."""
        name = path_of(path)
        with reading(path):
            lib.tq_index_verify(name)

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
        view = view_of(data)
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
        return _unpickled, (type(self), self.to_bytes())


def _unpickled(kind: type[IndexFiles], data: bytes) -> IndexFiles:
    """Of a module, for cloudpickle, which Ray and Spark use, takes a class's method apart."""
    return kind.from_bytes(data)
