"""NumPy arrays and PyTorch tensors as the library takes them."""

import ctypes
import operator
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from ._library import lib

# The library's number of each type of elements that it reads without a copy. bfloat16 joins when it is first seen: it
# has a type in NumPy when ml_dtypes is installed.
_NATIVE: dict[np.dtype[Any], int] = {
    np.dtype(np.float32): lib.TQ_FLOAT32,
    np.dtype(np.float16): lib.TQ_FLOAT16,
}
_BFLOAT16: int = lib.TQ_BFLOAT16
_from_buffer: Callable[[Any], ctypes.c_char] = ctypes.c_char.from_buffer


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


def view_of(data: bytes | bytearray | memoryview) -> npt.NDArray[np.uint8]:
    """Bytes as an array that shares their memory; NumPy makes none of no bytes."""
    return np.frombuffer(data, np.uint8) if len(data) else np.empty(0, np.uint8)


def address(array: npt.NDArray[Any]) -> int:
    """Where the elements of a contiguous array are."""
    try:  # six times as fast, and offered by what is writable, not empty, and of a type that buffers know
        return ctypes.addressof(_from_buffer(array))
    except (TypeError, ValueError, BufferError):
        where: int = array.__array_interface__["data"][0]
        return where


def rows(x: Any, dimension: int, name: str) -> Rows:
    """`x` as rows × dimension; a vector is one row. Copies only what is not contiguous or of another type."""
    array, kind = elements(x, name)
    shape = array.shape
    if len(shape) == 1:
        array = array.reshape(1, -1)
    if len(shape) not in (1, 2) or shape[-1] != dimension:
        raise ValueError(f"{name} has shape {shape}, expected (rows, {dimension})")
    array = contiguous(array)
    return Rows(array, address(array), array.size, kind, len(shape) == 1)


def tokens(x: Any, heads: int, dimension: int, name: str) -> tuple[npt.NDArray[Any], int]:
    """Contiguous heads × tokens × dimension elements, and the number of their type."""
    array, kind = elements(x, name)
    shape = array.shape
    if len(shape) != 3 or shape[0] != heads or shape[2] != dimension:
        raise ValueError(f"{name} has shape {shape}, expected ({heads}, tokens, {dimension})")
    return contiguous(array), kind


def token_pair(
    x: Any, y: Any, shapes: tuple[tuple[int, int], tuple[int, int]], names: tuple[str, str]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], int]:
    """Two arrays of as many tokens, of (heads, dimension) each, and the number of their type: float32 if they differ."""
    one, kind = tokens(x, *shapes[0], names[0])
    two, other = tokens(y, *shapes[1], names[1])
    if one.shape[1] != two.shape[1]:
        raise ValueError(f"{names[0]} has {one.shape[1]} tokens and {names[1]} {two.shape[1]}")
    if kind != other:
        one, two, kind = widened(one, kind), widened(two, other), lib.TQ_FLOAT32
    return one, two, kind


def elements(x: Any, name: str) -> tuple[npt.NDArray[Any], int]:
    """`x` as an array of a type that the library reads, and the type's number. Types that it does not read become
    float32; a bfloat16 tensor is seen as int16."""
    if type(x) is not np.ndarray:
        if is_tensor(x):
            return _tensor_elements(x, name)
        if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
            raise ValueError(f"{name} has masked elements, expected numbers everywhere")
        x = np.asarray(x)
    kind = _NATIVE.get(x.dtype)
    if kind is not None:
        return x, kind
    if x.dtype.name == "bfloat16":
        _NATIVE[x.dtype] = _BFLOAT16
        return x, _BFLOAT16
    if x.dtype.kind not in "fiu":
        raise TypeError(f"{name} has dtype {x.dtype}, expected real numbers such as float32")
    with np.errstate(over="ignore"):  # the library refuses infinity and names its row
        return x.astype(np.float32), lib.TQ_FLOAT32


def contiguous(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`array`, or a copy, with its elements aligned and one after another."""
    if array.flags.carray or (array.flags.c_contiguous and array.flags.aligned):
        return array
    return array.copy(order="C")


def widened(array: npt.NDArray[Any], kind: int) -> npt.NDArray[np.float32]:
    """What `elements` returned, as float32 of the same values."""
    if kind != _BFLOAT16:
        return array.astype(np.float32, copy=False)
    upper = array.view(np.uint16).astype(np.uint32) << np.uint32(16)
    return upper.view(np.float32)


def is_tensor(x: object) -> bool:
    """Whether `x` is a tensor of PyTorch, which is not imported for that."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, getattr(torch, "Tensor", ()))


def _tensor_elements(x: Any, name: str) -> tuple[npt.NDArray[Any], int]:
    torch = sys.modules["torch"]
    if x.device.type != "cpu":
        raise TypeError(f"{name} is on {x.device}, expected a tensor on the CPU: call .cpu()")
    if x.requires_grad:
        raise TypeError(
            f"{name} requires a gradient, which codes do not have: "
            "call .detach(), or work under torch.no_grad()"
        )
    if x.layout is not torch.strided:
        raise TypeError(f"{name} is {x.layout}, expected a dense tensor")
    if x.dtype is torch.bfloat16:
        return x.view(torch.int16).numpy(), _BFLOAT16
    if x.dtype.is_complex or x.dtype is torch.bool or x.is_quantized:
        raise TypeError(f"{name} has dtype {x.dtype}, expected real numbers such as torch.float32")
    return elements(x.resolve_neg().numpy(), name)


def thread_count(threads: int | None, row_count: int) -> int:
    """`threads`, or without it one for a single row and all that the process may use for more."""
    if threads is None:
        return 1 if row_count <= 1 else available_cores()
    number = operator.index(threads)
    if number < 1:
        raise ValueError(f"threads is {threads}, expected at least 1")
    return number


def available_cores() -> int:
    """Cores that the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def vector(x: Any, dtype: npt.DTypeLike, name: str) -> npt.NDArray[Any]:
    """Real numbers as a contiguous vector of a type of NumPy's."""
    array, kind = elements(x, name) if is_tensor(x) else (np.asarray(x), 0)
    if array.ndim != 1 or array.dtype.kind not in "fiu":
        raise ValueError(f"{name} is {x!r}, expected a sequence of real numbers")
    with np.errstate(over="ignore"):  # the library refuses infinity
        return np.ascontiguousarray(widened(array, kind) if kind else array, dtype)


def size(value: SupportsIndex, name: str) -> int:
    """A whole number that is a size. C would take others modulo 2**64."""
    number = operator.index(value)
    if not 0 <= number < 1 << 63:
        raise ValueError(f"{name} is {number}, expected 0 … 2**63 - 1")
    return number
