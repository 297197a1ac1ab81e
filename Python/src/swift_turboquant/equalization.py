"""Metrics in which a cache's keys become codes, and files of them."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ._arrays import address, contiguous, elements, widened
from ._errors import InputError, reading
from ._library import Handle, lib
from ._options import PathArgument, chosen, path_of

EqualizationKind = Literal["diagonal", "matrix"]
KINDS: dict[EqualizationKind, int] = {
    "diagonal": lib.TQ_EQUALIZATION_DIAGONAL,
    "matrix": lib.TQ_EQUALIZATION_MATRIX,
}


class Equalization:
    """The metric of each key/value head's keys; never changes.

    The error of a code has the same size in every direction, but queries do not read all directions alike. So a key k is
    kept as T·(k − c), c the centre, and read with T⁻ᵀ·q: the same score, but for the code's error. `KVStatistics` finds the
    T of each head with which that error is least. A T that fits another model makes it larger.

    Args:
        transforms: T of each head: factors of channels, (kv_heads, key_dim), all positive; or upper triangles,
            (kv_heads, key_dim, key_dim), with a positive diagonal. Each is divided by the power of two with which no key
            gets longer.

    Raises:
        InputError: a number is not finite, one that must be positive is not, or T and its inverse differ so much in size
            that float32 would lose keys (2**24).
        ValueError: the shape is another, or a matrix is no upper triangle.
        TypeError: transforms are not of real numbers, on another device, or require a gradient.
    """

    __slots__ = ("_kind", "_numbers", "_transforms")

    def __init__(self, transforms: Any) -> None:
        array, number = elements(transforms, "transforms")
        array = widened(contiguous(array), number)
        shape = array.shape
        if len(shape) not in (2, 3) or 0 in shape or shape[1] != shape[-1]:
            raise ValueError(
                f"transforms have shape {shape}, "
                "expected (kv_heads, key_dim) or (kv_heads, key_dim, key_dim)"
            )
        layers = _Layers()
        if array.ndim == 2:
            layers.append(lib.TQ_EQUALIZATION_DIAGONAL, array, shape[0])
        else:
            layers.append(lib.TQ_EQUALIZATION_MATRIX, _triangles(array), shape[0])
        self._set(*layers.read(0))

    @classmethod
    def _of_numbers(
        cls, kind: int, numbers: npt.NDArray[np.float32], heads: int, dimension: int
    ) -> Equalization:
        """From what the library has made."""
        equalization = cls.__new__(cls)
        equalization._set(kind, numbers, heads, dimension)
        return equalization

    def _set(self, kind: int, numbers: npt.NDArray[np.float32], heads: int, dimension: int) -> None:
        self._kind = chosen(KINDS, kind)
        self._numbers = numbers.reshape(heads, -1)
        self._transforms = self._numbers
        if self._kind == "matrix":
            rows, columns = np.triu_indices(dimension)
            self._transforms = np.zeros((heads, dimension, dimension), np.float32)
            self._transforms[:, rows, columns] = self._numbers
        for array in (numbers, self._numbers, self._transforms):
            array.flags.writeable = False

    @property
    def kind(self) -> EqualizationKind:
        """What T is: "diagonal", a factor per channel, or "matrix", an upper triangle."""
        return self._kind

    @property
    def transforms(self) -> npt.NDArray[np.float32]:
        """T of each head, read-only."""
        return self._transforms

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return len(self._transforms)

    @property
    def key_dim(self) -> int:
        """Coordinates of a key."""
        return int(self._transforms.shape[-1])

    @property
    def numbers(self) -> npt.NDArray[np.float32]:
        """T of each head as C takes it, read-only: factors, or the rows of the triangle, (kv_heads, numbers)."""
        return self._numbers

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Equalization):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def _content(self) -> tuple[tuple[int, ...], bytes]:
        return self._transforms.shape, self._numbers.tobytes()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._transforms,)

    def __repr__(self) -> str:
        return f"<Equalization: {self._kind}, {self.kv_heads} × {self.key_dim}>"


def save_calibration(path: PathArgument, layers: Iterable[Equalization | None]) -> None:
    """Writes the equalizations of a model's layers, None for a layer without, to a file, which is replaced whole or not at
    all.

    Raises:
        FileError: it cannot be written.
        TypeError: a layer is something else.
    """
    calibration = _Layers()
    for layer in layers:
        if layer is None:
            calibration.append(lib.TQ_EQUALIZATION_NONE, np.empty(0, np.float32), 0)
        elif isinstance(layer, Equalization):
            calibration.append(KINDS[layer.kind], layer.numbers, layer.kv_heads)
        else:
            raise TypeError(f"a layer is {layer!r}, expected an Equalization or None")
    calibration.save(path_of(path))


def load_calibration(path: PathArgument) -> list[Equalization | None]:
    """The layers that `save_calibration`, Swift or C wrote.

    Raises:
        FileError: the file is damaged, no calibration, or (MissingFileError) not there.
    """
    with reading(path):
        calibration = _Layers(path_of(path))
    layers = map(calibration.read, range(len(calibration)))
    return [Equalization._of_numbers(*layer) if layer[0] else None for layer in layers]


class _Layers:
    """A calibration of the library, which checks and scales what is appended."""

    def __init__(self, path: bytes | None = None) -> None:
        """That of a file, or one of no layers."""
        if path is None:
            self._handle = Handle(lib.tq_calibration_create, lib.tq_calibration_free)
        else:
            self._handle = Handle(lib.tq_calibration_open, lib.tq_calibration_free, path)

    def __len__(self) -> int:
        count = ctypes.c_size_t()
        lib.tq_calibration_count(self._handle.value, ctypes.byref(count))
        return count.value

    def append(self, kind: int, numbers: npt.NDArray[np.float32], heads: int) -> None:
        lib.tq_calibration_append(self._handle.value, kind, address(numbers), numbers.size, heads)

    def read(self, layer: int) -> tuple[int, npt.NDArray[np.float32], int, int]:
        """Kind, numbers, heads and dimension of a layer; all 0 without an equalization."""
        kind = ctypes.c_int32()
        heads, dimension, count = (ctypes.c_size_t() for _ in range(3))

        def read(numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
            lib.tq_calibration_layer(
                self._handle.value, layer, ctypes.byref(kind), ctypes.byref(heads),
                ctypes.byref(dimension), address(numbers), numbers.size, ctypes.byref(count),
            )  # fmt: skip
            return numbers

        with contextlib.suppress(InputError):  # there is no room yet
            read(np.empty(0, np.float32))
        numbers = read(np.empty(count.value, np.float32))
        return kind.value, numbers, heads.value, dimension.value

    def save(self, path: bytes) -> None:
        lib.tq_calibration_save(self._handle.value, path)


def _triangles(matrices: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The rows of upper triangles, (heads, numbers)."""
    below = np.argwhere(np.tril(matrices, -1))
    if len(below):
        place = tuple(below[0])
        raise ValueError(
            f"transforms{list(map(int, place))} is {matrices[place]}, expected 0 below the diagonal"
        )
    rows, columns = np.triu_indices(matrices.shape[1])
    return np.ascontiguousarray(matrices[:, rows, columns])
