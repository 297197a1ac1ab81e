"""Arrow arrays of vectors and of codes. pyarrow is imported when it is needed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .codec import Codec
from .codes import Codes

if TYPE_CHECKING:
    import pyarrow

FINGERPRINT = b"turboquant.fingerprint"
"""The key of the metadata that have the fingerprint, 64 hexadecimal digits."""
RECORD = b"turboquant.codec"
"""The key of the metadata that have the codec's record, in hexadecimal."""


def arrow() -> Any:
    """pyarrow."""
    try:
        importlib.import_module("pyarrow.compute")  # which pyarrow alone does not load
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise ImportError(
            "Arrow arrays need pyarrow: pip install 'swift-turboquant[arrow]'"
        ) from error


def codes_field(codec: Codec, name: str) -> pyarrow.Field:
    """The field of a codec's codes."""
    pa = arrow()
    metadata = {FINGERPRINT: codec.fingerprint.hex(), RECORD: codec.record.hex()}
    return pa.field(name, pa.binary(codec.bytes_per_vector), nullable=False, metadata=metadata)


def codes_array(codes: Codes) -> pyarrow.FixedSizeBinaryArray:
    """Codes as FixedSizeBinary."""
    pa = arrow()
    kind = pa.binary(codes.codec.bytes_per_vector)
    data = np.ascontiguousarray(codes.data).reshape(-1)
    return pa.Array.from_buffers(kind, len(codes), [None, pa.py_buffer(data)])


def imported(source: Any, name: str) -> tuple[Any, dict[bytes, bytes]]:
    """One array of whatever offers Arrow arrays, and the metadata of its field."""
    pa = arrow()
    field = None
    if hasattr(source, "__arrow_c_array__") and not isinstance(source, pa.Array):
        schema, array = source.__arrow_c_array__()
        field = pa.field(_Capsules(schema))
        source = pa.array(_Capsules(field.__arrow_c_schema__(), array))  # the first is consumed
    elif hasattr(source, "__arrow_c_stream__") and not isinstance(source, pa.ChunkedArray):
        source = pa.chunked_array(source)
    if isinstance(source, pa.ChunkedArray):
        # Without those of no rows, which pyarrow's import gives no buffer but an offset into it.
        source = pa.chunked_array([one for one in source.chunks if len(one)], source.type)
        source = source.chunk(0) if source.num_chunks == 1 else source.combine_chunks()
    if not isinstance(source, pa.Array):
        raise TypeError(f"{name} is a {type(source).__name__}, expected an Arrow array")
    if isinstance(source, pa.ExtensionArray):
        source = source.storage
    return source, dict(field.metadata or {}) if field is not None else {}


def table_of(source: Any) -> Any:
    """A source of columns as a RecordBatch or a Table; None for a source of one array."""
    pa = arrow()
    if isinstance(source, (pa.RecordBatch, pa.Table)):
        return source
    if isinstance(source, (pa.Array, pa.ChunkedArray)):
        return None
    if hasattr(source, "__arrow_c_schema__") and not pa.types.is_struct(pa.field(source).type):
        return None
    try:
        if hasattr(source, "__arrow_c_array__"):
            return pa.record_batch(source)
        return pa.table(source) if hasattr(source, "__arrow_c_stream__") else None
    except pa.ArrowInvalid:  # not of columns
        return None


class _Capsules:
    """An object that hands out the capsules of a schema and an array."""

    def __init__(self, schema: object, array: object = None) -> None:
        self._schema = schema
        self._array = array

    def __arrow_c_schema__(self) -> object:
        return self._schema

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return self._schema, self._array


def no_nulls(array: Any, name: str) -> None:
    """Raises ValueError that names the first row that is null."""
    if array.null_count:
        row = int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
        raise ValueError(f"row {row} of {name} is null")


def codes_of(source: Any, codec: Codec | None) -> Codes:
    """The codes in an Arrow array."""
    if isinstance(source, Codes):
        (codec or source.codec).check(source)
        return source
    pa = arrow()
    array, metadata = imported(source, "codes")
    codec = _codec_of(metadata, codec)
    no_nulls(array, "codes")
    if pa.types.is_binary_view(array.type):  # what Polars has
        array = array.cast(pa.large_binary())
    size, kind = codec.bytes_per_vector, array.type
    if pa.types.is_fixed_size_binary(kind):
        if kind.byte_width != size:
            raise ValueError(f"codes have {kind.byte_width} bytes, {codec!r} has {size}")
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        _have_length(pa.compute.binary_length(array), size, "codes", "bytes")
        array = array.cast(pa.binary(size))
    else:
        raise TypeError(f"codes are {kind}, expected fixed_size_binary[{size}]")
    buffer = array.buffers()[1]
    data = np.empty(0, np.uint8)
    if buffer is not None and len(array):
        data = np.frombuffer(buffer, np.uint8, len(array) * size, array.offset * size)
    return Codes(data.reshape(-1, size), codec)


def _have_length(lengths: Any, expected: int, name: str, elements: str) -> None:
    """Refuses rows of another length."""
    found = lengths.to_numpy(zero_copy_only=False)
    if len(wrong := np.flatnonzero(found != expected)):
        row = wrong[0]
        raise ValueError(f"row {row} of {name} has {found[row]} {elements}, expected {expected}")


def _codec_of(metadata: dict[bytes, bytes], codec: Codec | None) -> Codec:
    named = metadata.get(FINGERPRINT)
    if codec is None:
        if RECORD not in metadata:
            raise ValueError("nothing says of which codec the codes are: pass codec")
        codec = Codec.from_record(bytes.fromhex(metadata[RECORD].decode()))
    if named is not None and named.decode() != codec.fingerprint.hex():
        raise ValueError(f"the codes are of the codec {named.decode()}, not of {codec!r}")
    return codec


def vectors_of(array: Any, dimension: int, name: str) -> npt.NDArray[Any]:
    """The rows of an Arrow array of lists, each of which is a vector."""
    pa = arrow()
    kind = array.type
    no_nulls(array, name)
    if pa.types.is_fixed_size_list(kind):
        if kind.list_size != dimension:
            raise ValueError(f"{name} has lists of {kind.list_size}, expected {dimension}")
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        _have_length(pa.compute.list_value_length(array), dimension, name, "numbers")
    else:
        raise TypeError(f"{name} is {kind}, expected lists of {dimension} floats")
    if not (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
        raise TypeError(f"{name} has lists of {kind.value_type}, expected floats")
    values = array.flatten()
    if values.null_count:
        at = int(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))[0])
        raise ValueError(f"row {at // dimension} of {name} has a null at {at % dimension}")
    vectors: npt.NDArray[Any] = values.to_numpy(zero_copy_only=False).reshape(-1, dimension)
    return vectors
