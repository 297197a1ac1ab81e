"""Ids of rows as the library takes them: integers, or tags, which are texts or bytes."""

import ctypes
import itertools
import operator
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

IdKind = Literal["int", "str", "bytes"]
Ids: TypeAlias = npt.ArrayLike | Iterable[Any]
IdArray: TypeAlias = npt.NDArray[np.int64] | npt.NDArray[np.object_]

_LARGEST = (1 << 63) - 1


def is_single(ids: object) -> bool:
    """Whether this is one id and not several."""
    return isinstance(ids, (str, bytes, int, np.generic)) or (
        isinstance(ids, np.ndarray) and ids.ndim == 0
    )


def items_of(ids: Ids) -> Any:
    """Ids as an array or list; sets and iterators are listed."""
    if isinstance(ids, (np.ndarray, list, tuple)) or hasattr(ids, "__array__"):
        return ids
    if is_single(ids):
        return [ids]
    if not isinstance(ids, Iterable):
        raise TypeError(f"ids are {ids!r}, expected a sequence of ids")
    return list(ids)


def numbers(ids: Ids) -> npt.NDArray[np.int64]:
    """Integer ids as a contiguous array; int64 is not copied."""
    items = items_of(ids)
    array = np.atleast_1d(np.asarray(items))
    if array.ndim != 1:
        raise ValueError(f"ids have shape {array.shape}, expected one dimension")
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu" or (array.dtype.kind == "u" and int(array.max()) > _LARGEST):
        array = _checked(items if isinstance(items, (list, tuple)) else array)
    array = np.require(array, np.int64, ["C", "A"])
    if array.min() < 0:
        row = int(np.argmax(array < 0))
        raise ValueError(f"ids[{row}] is {array[row]}, expected 0 … 2**63 - 1")
    return array


def _is_integer(item: object) -> bool:
    return hasattr(item, "__index__") and not isinstance(item, (bool, np.bool_, np.ndarray))


def number_of(item: Any) -> int | None:
    """The integer id that this is, or None."""
    number = operator.index(item) if _is_integer(item) else -1
    return number if 0 <= number <= _LARGEST else None


def _checked(items: Any) -> npt.NDArray[np.int64]:
    """Integers that NumPy has no dtype for, or an error that names the first item that is none."""
    listed = []
    for row, item in enumerate(items):
        number = number_of(item)
        if number is None and _is_integer(item):
            raise ValueError(f"ids[{row}] is {operator.index(item)}, expected 0 … 2**63 - 1")
        if number is None:
            raise TypeError(
                f"ids[{row}] is {item!r}, of type {type(item).__name__}, expected an integer"
            )
        listed.append(number)
    return np.array(listed, np.int64)


class Tags(NamedTuple):
    """Tags one after another; tag i from offset i to offset i + 1."""

    items: list[Any] | tuple[Any, ...]
    data: bytes
    offsets: npt.NDArray[np.uint64]

    @property
    def arguments(self) -> tuple[bytes, int, Any, int]:
        """Bytes, their number, offsets, and the number of tags: as C functions take them. They keep the memory alive."""
        return self.data, len(self.data), self.offsets.ctypes, len(self.items)

    @property
    def array(self) -> npt.NDArray[np.object_]:
        return np.fromiter(self.items, np.object_, len(self.items))

    @property
    def data_address(self) -> int | None:
        """Where the bytes are, as long as this lives."""
        return ctypes.cast(ctypes.c_char_p(self.data), ctypes.c_void_p).value


def tags(ids: Ids, kind: IdKind) -> Tags:
    """Ids of a kind that is not "int", one after another."""
    items = items_of(ids)
    if not isinstance(items, (list, tuple)):
        items = np.atleast_1d(np.asarray(items)).tolist()
    expected = str if kind == "str" else bytes
    parts: list[bytes] = []
    for row, item in enumerate(items):
        if not isinstance(item, expected):
            raise TypeError(
                f"ids[{row}] is {item!r}, of type {type(item).__name__}, expected {kind}"
            )
        try:
            parts.append(item.encode() if isinstance(item, str) else item)
        except UnicodeEncodeError:
            raise ValueError(f"ids[{row}] is {item!r}, which UTF-8 cannot encode") from None
    offsets = np.zeros(len(parts) + 1, np.uint64)
    np.cumsum(np.fromiter(map(len, parts), np.uint64, len(parts)), out=offsets[1:])
    return Tags(items, b"".join(parts), offsets)


def untagged(
    data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.uint64], kind: IdKind
) -> npt.NDArray[np.object_]:
    """The ids that tags are."""
    joined, ends = data.tobytes(), offsets.tolist()
    parts: Iterable[bytes | str] = (joined[start:end] for start, end in itertools.pairwise(ends))
    if kind == "str":
        parts = (part.decode() for part in parts if isinstance(part, bytes))
    return np.fromiter(parts, np.object_, len(ends) - 1)
