"""Vectors as codes, and inner products estimated from codes."""

import ctypes
from collections.abc import Iterator
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from ._arrays import address, rows, thread_count
from ._library import Handle, lib

Quantizer = Literal["scalar", "two-stage", "qjl", "polar"]
Rotation = Literal["haar", "hadamard"]
Estimator = Literal["reconstruction", "renormalized", "matched-norm", "two-stage"]

QUANTIZERS = {
    "scalar": lib.TQ_QUANTIZER_SCALAR,
    "two-stage": lib.TQ_QUANTIZER_TWO_STAGE,
    "qjl": lib.TQ_QUANTIZER_QJL,
    "polar": lib.TQ_QUANTIZER_POLAR,
}
ROTATIONS = {None: 0, "haar": lib.TQ_ROTATION_HAAR, "hadamard": lib.TQ_ROTATION_HADAMARD}
ESTIMATORS = {
    None: 0,
    "reconstruction": lib.TQ_ESTIMATOR_RECONSTRUCTION,
    "renormalized": lib.TQ_ESTIMATOR_RENORMALIZED,
    "matched-norm": lib.TQ_ESTIMATOR_MATCHED_NORM,
    "two-stage": lib.TQ_ESTIMATOR_TWO_STAGE,
}


def choice(choices: dict[Any, int], value: object, name: str) -> int:
    """The library's number of an option given by name."""
    number = choices.get(value)
    if number is None:
        raise ValueError(f"{name} is {value!r}, expected one of {', '.join(map(repr, choices))}")
    return number


class Codec:
    """Encodes vectors of one dimension, and estimates inner products from the codes. It never changes, and every thread
    may use it.

    Args:
        dim: coordinates of a vector, 1 to 2**24.
        bits: bits per coordinate, in steps of 1/2; 1 to 8 for "scalar".
        quantizer: "scalar", one codebook for all coordinates; "two-stage", which adds signs of random projections of what
            is left over; "qjl", only the signs; or "polar", the angles of pairs.
        seed: of the random rotation and projections. Codecs of equal parameters are equal on every machine.
        rotation: "haar" or "hadamard"; by default Haar up to 64 dimensions.
        normalize: whether rows count as directions of norm 1, and store no norm.

    Raises:
        InputError: there is no such codec.
    """

    def __init__(
        self,
        dim: int,
        bits: float = 4,
        quantizer: Quantizer = "scalar",
        seed: int = 0,
        *,
        rotation: Rotation | None = None,
        normalize: bool = False,
    ) -> None:
        options = lib.struct(
            "tq_codec_options",
            dimension=unsigned(dim, "dim"),
            bits=bits,
            seed=unsigned(seed, "seed"),
            quantizer=choice(QUANTIZERS, quantizer, "quantizer"),
            rotation=choice(ROTATIONS, rotation, "rotation"),
            normalization=lib.TQ_NORMALIZATION_UNIT if normalize else 0,
        )
        self._open(Handle(lib.tq_codec_create, lib.tq_codec_free, ctypes.byref(options)))

    def _open(self, handle: Handle) -> None:
        self._handle = handle
        information = lib.struct("tq_codec_information")
        lib.tq_codec_info(handle.value, ctypes.byref(information))
        self.dim: int = information.dimension
        self.bits: float = information.bits
        self.seed: int = information.seed
        self.bytes_per_vector: int = information.bytes_per_vector
        self.distortion: float = information.distortion
        self.fingerprint: bytes = bytes(information.fingerprint)
        self.quantizer = next(
            name for name, number in QUANTIZERS.items() if number == information.quantizer
        )

    @classmethod
    def from_record(cls, record: bytes) -> "Codec":
        """The codec whose `record` this is."""
        codec = cls.__new__(cls)
        codec._open(
            Handle(lib.tq_codec_create_from_record, lib.tq_codec_free, record, len(record))
        )
        return codec

    @property
    def record(self) -> bytes:
        """All parameters, as bytes: what another machine needs to decode."""
        count = ctypes.c_size_t()
        record = ctypes.create_string_buffer(4096)
        lib.tq_codec_record(self._handle.value, record, len(record), ctypes.byref(count))
        return record.raw[: count.value]

    def encode(self, x: npt.ArrayLike, *, threads: int | None = None) -> "Codes":
        """Encodes rows.

        Args:
            x: (rows, dim) or (dim,); float32, float16 and bfloat16 are read as they are, others become float32.
            threads: by default one for one row, else all that the process may use. The codes do not depend on it.

        Raises:
            InputError: a row is not finite, is too long, or is zero where only directions are stored.
            ValueError: x has another shape.
        """
        given = rows(x, self.dim, "x")
        count = given.count // self.dim
        codes = np.empty((count, self.bytes_per_vector), np.uint8)
        lib.tq_codec_encode(
            self._handle.value, given.address, given.count, given.type,
            thread_count(threads, count), address(codes), codes.size,
        )  # fmt: skip
        return Codes(codes, self)

    def decode(self, codes: "Codes", *, threads: int | None = None) -> npt.NDArray[np.float32]:
        """The vectors that codes stand for, (rows, dim)."""
        self._check(codes)
        data = np.ascontiguousarray(codes.data)
        vectors = np.empty((len(codes), self.dim), np.float32)
        lib.tq_codec_decode(
            self._handle.value, address(data), data.size, thread_count(threads, len(codes)),
            address(vectors), vectors.size,
        )  # fmt: skip
        return vectors

    @overload
    def estimate(
        self, q: npt.ArrayLike, codes: "Codes", with_error: Literal[False] = False,
        *, estimator: Estimator | None = None,
    ) -> npt.NDArray[np.float64]: ...  # fmt: skip

    @overload
    def estimate(
        self, q: npt.ArrayLike, codes: "Codes", with_error: Literal[True],
        *, estimator: Estimator | None = None,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...  # fmt: skip

    def estimate(
        self, q: npt.ArrayLike, codes: "Codes", with_error: bool = False,
        *, estimator: Estimator | None = None,
    ) -> Any:  # fmt: skip
        """Estimates the inner products of queries and encoded rows.

        Args:
            q: (queries, dim), or (dim,) for a single query.
            codes: rows encoded by an equal codec.
            with_error: also returns the standard errors of the estimates; takes twice the time.
            estimator: by default the quantizer's own.

        Returns:
            (queries, rows) numbers, or (rows,) for a single query; with errors two such arrays.
        """
        self._check(codes)
        number = choice(ESTIMATORS, estimator, "estimator")
        given = rows(q, self.dim, "q")
        data = np.ascontiguousarray(codes.data)
        count = given.count // self.dim
        values = np.empty((count, len(codes)))
        errors = np.empty_like(values) if with_error else None
        for i, query in enumerate(given.array):
            prepared = Handle(
                lib.tq_query_create, lib.tq_query_free,
                self._handle.value, address(query), self.dim, given.type,
            )  # fmt: skip
            lib.tq_codec_estimate(
                self._handle.value, prepared.value, address(data), data.size, number,
                address(values[i]), None if errors is None else address(errors[i]), len(codes),
            )  # fmt: skip
        if np.ndim(q) == 1:
            return (values[0], errors[0]) if errors is not None else values[0]
        return (values, errors) if errors is not None else values

    def _check(self, codes: "Codes") -> None:
        if codes.codec.fingerprint != self.fingerprint:
            raise ValueError(f"the codes are of {codes.codec!r}, not of {self!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Codec) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce__(self) -> tuple[object, ...]:
        return Codec.from_record, (self.record,)

    def __repr__(self) -> str:
        return (
            f"Codec(dim={self.dim}, bits={self.bits:g}, "
            f"quantizer={self.quantizer!r}, seed={self.seed})"
        )


class Codes:
    """Encoded rows. `codes[i:j]`, `codes[[3, 1]]` and the like select rows; `data` has them as (rows, bytes) uint8."""

    def __init__(self, data: npt.NDArray[np.uint8], codec: Codec) -> None:
        """Rows that nothing but the caller's word ascribes to `codec`; see from_bytes."""
        if data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != codec.bytes_per_vector:
            raise ValueError(
                f"data is {data.dtype} of shape {data.shape}, "
                f"expected uint8 of shape (rows, {codec.bytes_per_vector})"
            )
        self.data = data
        self.codec = codec

    @classmethod
    def from_bytes(cls, data: bytes, codec: Codec) -> "Codes":
        """The codes that `to_bytes` wrote. Raises ValueError for those of another codec."""
        size = len(codec.fingerprint)
        if data[:size] != codec.fingerprint:
            raise ValueError(f"the bytes are no codes of {codec!r}")
        body = np.frombuffer(data, np.uint8, offset=size)
        if body.size % codec.bytes_per_vector:
            raise ValueError(
                f"{body.size} bytes of codes are not rows of {codec.bytes_per_vector} bytes"
            )
        return cls(body.reshape(-1, codec.bytes_per_vector), codec)

    def to_bytes(self) -> bytes:
        """The codec's fingerprint (32 bytes), then the rows."""
        return self.codec.fingerprint + self.data.tobytes()

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return self.data.nbytes

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, rows: Any) -> "Codes":
        selected = self.data[rows]
        return Codes(selected.reshape(-1, self.codec.bytes_per_vector), self.codec)

    def __iter__(self) -> Iterator["Codes"]:
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Codes)
            and self.codec == other.codec
            and np.array_equal(self.data, other.data)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} codes of {self.codec!r}>"


def unsigned(value: int, name: str) -> int:
    """`value`, if C's 64 unsigned bits hold it."""
    if not 0 <= value < 1 << 64:
        raise ValueError(f"{name} is {value}, expected 0 … 2**64 - 1")
    return value
