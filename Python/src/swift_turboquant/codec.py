"""Vectors as codes, and inner products estimated from codes."""

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from ._arrays import Rows, address, rows, thread_count
from ._errors import InputError
from ._library import Handle, lib
from ._options import (
    ESTIMATORS,
    QUANTIZERS,
    ROTATIONS,
    SKETCHES,
    Estimator,
    Quantizer,
    Rotation,
    Sketch,
    bits_of,
    choice,
    chosen,
    optional,
    unsigned,
)
from .codes import Codes


class Codec:
    """Encodes vectors of one dimension, and estimates inner products from the codes. It never changes, and every thread
    may use it.

    Args:
        dim: coordinates of a vector, 1 to 2**24.
        bits: bits per coordinate: 1 to 8 in steps of 1/2 for "scalar", from 2 on for "two-stage", 3 to 8 for "polar".
            Where `directions` or `polar_bits` decide the size of a row, it is only a part of the codec's name.
        quantizer: "scalar", one codebook for all coordinates; "two-stage", which adds signs of random projections of what
            is left over; "qjl", only the signs; or "polar", the angles of pairs.
        seed: of the random rotation and projections. Codecs of equal parameters are equal on every machine.
        rotation: "haar" or "hadamard"; by default Haar up to 64 dimensions.
        normalize: whether rows count as directions of norm 1, and store no norm.
        sketch: the kind of random directions of "two-stage" and "qjl": "gaussian", "orthogonal" or "structured", which is
            the default.
        directions: their number; by default dim for "two-stage", bits · dim for "qjl".
        polar_bits: for "polar", the bits of an angle, one number for each level; n levels make blocks of 2**n coordinates.

    Attributes:
        dim, bits, quantizer, seed, rotation: as given, or their defaults.
        normalized: whether rows store no norm.
        bytes_per_vector: bytes of a row of codes.
        distortion: the expected squared error of a decoded vector of length 1; NaN for "qjl".
        estimator: the quantizer's own.
        fingerprint: 32 bytes; codes of equal fingerprints mean the same.

    Raises:
        ValueError: there is no such codec (InputError where the library says so).
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
        sketch: Sketch | None = None,
        directions: int | None = None,
        polar_bits: Sequence[int] | None = None,
    ) -> None:
        angles = None
        if polar_bits is not None:
            if not all(1 <= one < 1 << 31 for one in polar_bits) or not len(polar_bits):
                raise ValueError(f"polar_bits is {polar_bits}, expected positive numbers")
            angles = (ctypes.c_int32 * len(polar_bits))(*polar_bits)
        options = lib.struct(
            "tq_codec_options",
            dimension=unsigned(dim, "dim"),
            bits=bits_of(bits),
            seed=unsigned(seed, "seed"),
            directions=optional(directions, "directions"),
            polar_bits=None if angles is None else ctypes.addressof(angles),
            polar_bit_count=0 if angles is None else len(angles),
            quantizer=choice(QUANTIZERS, quantizer, "quantizer"),
            sketch=choice(SKETCHES, sketch, "sketch"),
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
        self.quantizer: Quantizer = chosen(QUANTIZERS, information.quantizer)
        self.rotation: Rotation | None = chosen(ROTATIONS, information.rotation)
        self.estimator: Estimator | None = chosen(ESTIMATORS, information.estimator)
        self.normalized: bool = information.normalization == lib.TQ_NORMALIZATION_UNIT

    @classmethod
    def from_record(cls, record: bytes) -> "Codec":
        """The codec whose `record` this is. Raises InputError for other bytes."""
        codec = cls.__new__(cls)
        codec._open(Handle(lib.tq_codec_create_from_record, lib.tq_codec_free, record, len(record)))
        return codec

    @property
    def record(self) -> bytes:
        """All parameters, as bytes: what another machine needs to decode."""
        count = ctypes.c_size_t(4096)
        while True:
            capacity = count.value
            record = ctypes.create_string_buffer(capacity)
            try:
                lib.tq_codec_record(self._handle.value, record, capacity, ctypes.byref(count))
                return record.raw[: count.value]
            except ValueError:
                if count.value <= capacity:
                    raise

    def encode(self, x: npt.ArrayLike, *, threads: int | None = None) -> Codes:
        """Encodes rows.

        Args:
            x: (rows, dim) or (dim,); float32, float16 and bfloat16 are read as they are, other real numbers become
                float32. A tensor of PyTorch must be on the CPU and require no gradient.
            threads: by default one for one row, else all that the process may use. The codes do not depend on it.

        Raises:
            InputError: a row is not finite, is too long, or is zero where only directions are stored.
            ValueError: x has another shape, or masked elements.
            TypeError: x is not of real numbers, or a tensor that is not taken.
        """
        given = rows(x, self.dim, "x")
        count = len(given.array)
        codes = np.empty((count, self.bytes_per_vector), np.uint8)
        lib.tq_codec_encode(
            self._handle.value, given.address, given.count, given.type,
            thread_count(threads, count), address(codes), codes.size,
        )  # fmt: skip
        return Codes(codes, self)

    def decode(self, codes: Codes, *, threads: int | None = None) -> npt.NDArray[np.float32]:
        """The vectors that codes stand for, (rows, dim).

        Raises:
            ValueError: the codes are of another codec, or (InputError) no encoder wrote them.
        """
        self.check(codes)
        data = np.ascontiguousarray(codes.data)
        vectors = np.empty((len(codes), self.dim), np.float32)
        lib.tq_codec_decode(
            self._handle.value, address(data), data.size, thread_count(threads, len(codes)),
            address(vectors), vectors.size,
        )  # fmt: skip
        return vectors

    @overload
    def estimate(
        self, q: npt.ArrayLike, codes: Codes, with_error: Literal[False] = False,
        *, estimator: Estimator | None = None,
    ) -> npt.NDArray[np.float64]: ...  # fmt: skip

    @overload
    def estimate(
        self, q: npt.ArrayLike, codes: Codes, with_error: Literal[True],
        *, estimator: Estimator | None = None,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...  # fmt: skip

    def estimate(
        self, q: npt.ArrayLike, codes: Codes, with_error: bool = False,
        *, estimator: Estimator | None = None,
    ) -> Any:  # fmt: skip
        """Estimates the inner products of queries and encoded rows.

        Args:
            q: (queries, dim), or (dim,) for a single query; as in `encode`.
            codes: rows encoded by an equal codec.
            with_error: also returns the standard errors of the estimates. It takes twice the time, and the last bits of
                the estimates may differ.
            estimator: by default the quantizer's own.

        Returns:
            (queries, rows) numbers, or (rows,) for a single query; with errors two such arrays. A number depends on its
            query and row only.

        Raises:
            InputError: a query is not finite, or the quantizer does not offer the estimator.
            ValueError: the codes are of another codec, or q has another shape.
        """
        self.check(codes)
        number = choice(ESTIMATORS, estimator, "estimator")
        given = rows(q, self.dim, "q")
        data = np.ascontiguousarray(codes.data)
        values = np.empty((len(given.array), len(codes)))
        errors = np.empty_like(values) if with_error else None
        for i, query in enumerate(self._prepare(given)):
            lib.tq_codec_estimate(
                self._handle.value, query.value, address(data), data.size, number,
                address(values[i]), None if errors is None else address(errors[i]), len(codes),
            )  # fmt: skip
        if given.is_single:
            return (values[0], errors[0]) if errors is not None else values[0]
        return (values, errors) if errors is not None else values

    def _prepare(self, queries: Rows) -> Iterator[Handle]:
        """A handle of each query."""
        size = queries.array.dtype.itemsize * self.dim
        for i in range(len(queries.array)):
            try:
                yield Handle(
                    lib.tq_query_create, lib.tq_query_free,
                    self._handle.value, queries.address + i * size, self.dim, queries.type,
                )  # fmt: skip
            except InputError as error:
                raise InputError(f"query {i}: {error}", error.code) from None

    def check(self, codes: Codes) -> None:
        """Raises ValueError unless the codes are of an equal codec."""
        if codes.codec is not self and codes.codec.fingerprint != self.fingerprint:
            raise ValueError(f"the codes are of {codes.codec!r}, not of {self!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Codec) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickled, (self.record,)

    def __repr__(self) -> str:
        return (
            f"Codec(dim={self.dim}, bits={self.bits:g}, "
            f"quantizer={self.quantizer!r}, seed={self.seed})"
        )


def _unpickled(record: bytes) -> Codec:
    """Of a module, for cloudpickle, which Ray and Spark use, takes a class's method apart."""
    return Codec.from_record(record)
