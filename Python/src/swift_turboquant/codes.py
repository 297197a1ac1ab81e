"""Encoded rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow

    from .codec import Codec


class Codes:
    """Encoded rows. `codes[i:j]`, `codes[[3, 1]]` and the like select rows; `data` has them as (rows, bytes) uint8.

    Slices share memory with what they are a slice of. Codes can be pickled, and any Arrow library takes them as they
    are (`pyarrow.array(codes)`).
    """

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
    def from_bytes(cls, data: bytes, codec: Codec) -> Codes:
        """The codes that `to_bytes` wrote, read-only, in the same memory.

        Raises:
            ValueError: they are of another codec, or no whole rows.
        """
        size = len(codec.fingerprint)
        if bytes(data[:size]) != codec.fingerprint:
            raise ValueError(f"the bytes are no codes of {codec!r}")
        body = np.frombuffer(data, np.uint8, offset=size) if len(data) > size else _NOTHING
        if body.size % codec.bytes_per_vector:
            raise ValueError(
                f"{body.size} bytes of codes are not rows of {codec.bytes_per_vector} bytes"
            )
        return cls(body.reshape(-1, codec.bytes_per_vector), codec)

    def to_bytes(self) -> bytes:
        """The codec's fingerprint (32 bytes), then the rows."""
        return self.codec.fingerprint + self.data.tobytes()

    @classmethod
    def concatenate(cls, parts: Sequence[Codes]) -> Codes:
        """The rows of one or more parts, in order.

        Raises:
            ValueError: there are none, or they are of different codecs.
        """
        if not parts:
            raise ValueError("there are no codes to concatenate")
        codec = parts[0].codec
        for part in parts:
            codec.check(part)
        return cls(np.concatenate([part.data for part in parts]), codec)

    @classmethod
    def from_arrow(cls, source: Any, codec: Codec | None = None) -> Codes:
        """The codes in an Arrow array or stream of arrays, or anything that offers one.

        Args:
            source: FixedSizeBinary, or Binary (also large, or views) with equal lengths; not copied where it is one array of FixedSizeBinary.
            codec: needed where the field's metadata, which get lost easily, do not name it.

        Raises:
            ValueError: a row is null or has another length, the codec is unknown, or is not the one that metadata name.
            TypeError: it is of another type.
        """
        from ._arrow import codes_of

        return codes_of(source, codec)

    def to_arrow(self) -> pyarrow.FixedSizeBinaryArray:
        """The rows as an Arrow array of FixedSizeBinary, in the same memory if they are contiguous. `arrow_field` has
        the metadata that name the codec: an array alone has none."""
        from ._arrow import codes_array

        return codes_array(self)

    def arrow_field(self, name: str = "codes") -> pyarrow.Field:
        """The Arrow field of such codes. Its metadata have the codec's record and fingerprint."""
        from ._arrow import codes_field

        return codes_field(self.codec, name)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        schema, array = self.to_arrow().__arrow_c_array__(requested_schema)
        return schema if requested_schema else self.__arrow_c_schema__(), array

    def __arrow_c_schema__(self) -> object:
        return self.arrow_field().__arrow_c_schema__()

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return self.data.nbytes

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, rows: Any) -> Codes:
        selected = None if isinstance(rows, tuple) else self.data[rows]
        if selected is None or selected.ndim > 2:
            raise IndexError(f"{rows!r} does not select rows")
        return Codes(selected.reshape(-1, self.codec.bytes_per_vector), self.codec)

    def __iter__(self) -> Iterator[Codes]:
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


_NOTHING = np.empty(0, np.uint8)
