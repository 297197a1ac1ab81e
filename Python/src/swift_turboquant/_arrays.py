"""NumPy arrays as the library takes them."""

import os
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ._library import lib

# The library's number of each type of elements that it reads without a copy. bfloat16 has a type in NumPy when ml_dtypes
# is installed.
_NATIVE = {"float32": lib.TQ_FLOAT32, "float16": lib.TQ_FLOAT16, "bfloat16": lib.TQ_BFLOAT16}


class Rows(NamedTuple):
    """A contiguous array, rows × dimension, and what a call needs of it."""

    array: npt.NDArray[Any]
    address: int
    count: int
    """Elements."""
    type: int


def address(array: npt.NDArray[Any]) -> int:
    """Where the elements of a contiguous array are."""
    where: int = array.__array_interface__["data"][0]
    return where


def rows(x: npt.ArrayLike, dimension: int, name: str) -> Rows:
    """`x` as rows × dimension; a vector is one row. Copies only what is not contiguous or of another type."""
    array = np.asarray(x)
    kind = _NATIVE.get(array.dtype.name)
    if kind is None:
        array, kind = _float32(array, name), lib.TQ_FLOAT32
    if array.ndim == 1:
        array = array.reshape(1, -1)
    if array.ndim != 2 or array.shape[1] != dimension:
        raise ValueError(f"{name} has shape {np.shape(x)}, expected (rows, {dimension})")
    flags = array.flags
    if not (flags.c_contiguous and flags.aligned) or not array.dtype.isnative:
        array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
        if not array.flags.aligned:
            array = array.copy()
    return Rows(array, address(array), array.size, kind)


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
