"""NumPy arrays as the library takes them."""

import ctypes
import operator
import os
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from ._library import lib

# The library's number of each type of elements that it reads without a copy. bfloat16 has a type in NumPy when ml_dtypes
# is installed.
_NATIVE = {"float32": lib.TQ_FLOAT32, "float16": lib.TQ_FLOAT16, "bfloat16": lib.TQ_BFLOAT16}
# The same by dtype, noted when it is first seen: NumPy takes a microsecond to tell a dtype's name.
_seen: dict[np.dtype[Any], int | None] = {}


@dataclass(slots=True)
class Rows:
    """A contiguous array, rows × dimension, and what a call needs of it."""

    array: npt.NDArray[Any]
    address: int
    count: int
    """Elements."""
    type: int
    is_single: bool
    """Whether the caller gave a vector, not rows."""


def address(array: npt.NDArray[Any]) -> int:
    """Where the elements of a contiguous array are."""
    buffer: Any = array
    try:
        return ctypes.addressof(ctypes.c_byte.from_buffer(buffer))  # a microsecond faster
    except (TypeError, ValueError, BufferError):  # read-only, empty, or bfloat16
        where: int = array.__array_interface__["data"][0]
        return where


def rows(x: npt.ArrayLike, dimension: int, name: str) -> Rows:
    """`x` as rows × dimension; a vector is one row. Copies only what is not contiguous or of another type."""
    array = np.asarray(x)
    try:
        kind = _seen[array.dtype]
    except KeyError:
        kind = _seen[array.dtype] = _NATIVE.get(array.dtype.name)
    if kind is None:
        array, kind = _float32(array, name), lib.TQ_FLOAT32
    is_single = array.ndim == 1
    if is_single:
        array = array.reshape(1, -1)
    if array.ndim != 2 or array.shape[1] != dimension:
        raise ValueError(f"{name} has shape {np.shape(x)}, expected (rows, {dimension})")
    flags = array.flags
    if not (flags.c_contiguous and flags.aligned) or not array.dtype.isnative:
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
        if not array.flags.aligned:
            array = array.copy()
    return Rows(array, address(array), array.size, kind, is_single)


def _float32(array: npt.NDArray[Any], name: str) -> npt.NDArray[np.float32]:
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} has dtype {array.dtype}, expected real numbers such as float32")
    with np.errstate(over="ignore"):  # the library refuses infinity and names its row
        return array.astype(np.float32, order="C")


def thread_count(threads: int | None, row_count: int) -> int:
    """`threads`, or without it one for a single row and all that the process may use for more."""
    if threads is None:
        return 1 if row_count <= 1 else _available_cores()
    if threads < 1:
        raise ValueError(f"threads is {threads}, expected at least 1")
    return threads


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def size(value: SupportsIndex, name: str) -> int:
    """A whole number that is a size. C would take others modulo 2**64."""
    number = operator.index(value)
    if not 0 <= number < 1 << 63:
        raise ValueError(f"{name} is {number}, expected 0 … 2**63 - 1")
    return number
