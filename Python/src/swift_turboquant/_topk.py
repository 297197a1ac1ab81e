"""Tables of the best rows for each query, and their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ._arrow import FINGERPRINT, arrow, no_nulls

if TYPE_CHECKING:
    import pyarrow

Order = Literal["descending", "ascending"]

SCORE = b"turboquant.score"
"""The key of the metadata that say what scores are: an estimator or a metric."""
ORDER = b"turboquant.order"
"""The key of the metadata that say whether large scores come first ("descending") or small ones ("ascending")."""


def topk_table(
    query_index: Any,
    id: Any,
    score: Any,
    *,
    fingerprint: bytes,
    score_name: str,
    order: Order = "descending",
) -> pyarrow.Table:
    """Results from elsewhere, such as searches of an index or a table that lost its metadata, for `merge_topk`.

    Args:
        query_index: the query's number for each row; integers.
        id: integers, strings or bytes.
        score: float32 or float64.
        fingerprint: of codec or index, 32 bytes: results are merged if it is the same.
        score_name: what scores are, such as "ip" or "renormalized": merged if it is the same.
        order: "ascending" where small scores are the best, as distances are.

    Returns:
        The table, in the order given.

    Raises:
        ValueError: a column is longer than another, or has nulls, or a score is NaN.
        TypeError: a column is of another type.
    """
    pa = arrow()
    if order not in ("descending", "ascending"):
        raise ValueError(f"order is {order!r}, expected 'descending' or 'ascending'")
    columns = {"query_index": query_index, "id": id, "score": score}
    arrays = [_array(pa, values, name) for name, values in columns.items()]
    metadata = {FINGERPRINT: fingerprint.hex(), SCORE: score_name, ORDER: order}
    if len({len(one) for one in arrays}) > 1:
        raise ValueError(f"columns have {[len(one) for one in arrays]} rows")
    table = pa.table(dict(zip(columns, arrays, strict=True)))
    return checked(table.replace_schema_metadata(metadata), "the table")


def _array(pa: Any, values: Any, name: str) -> Any:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    if hasattr(values, "__arrow_c_stream__") and not hasattr(values, "__arrow_c_array__"):
        return pa.chunked_array(values)
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TypeError(f"{name} is no array of one type: {error}") from None


def ids_of(ids: Any, count: int) -> Any:
    """The ids of `count` rows as an array of one of the four types."""
    pa = arrow()
    array = pa.array(np.arange(count)) if ids is None else normal_ids(_array(pa, ids, "ids"))
    if len(array) != count:
        raise ValueError(f"there are {len(array)} ids, expected {count}, one for each code")
    no_nulls(array, "ids")
    return array


def normal_ids(ids: Any) -> Any:
    """Ids as int64, or uint64, large_string or large_binary, so that parts which hold them in different types can be
    merged."""
    pa = arrow()
    kind, types = ids.type, pa.types
    if types.is_integer(kind):
        to = pa.uint64() if types.is_uint64(kind) else pa.int64()
    elif types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        to = pa.large_string()
    elif types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        to = pa.large_binary()
    else:
        raise TypeError(f"ids are {kind}, expected integers, strings or bytes")
    return ids if kind == to else ids.cast(to)


def checked(table: Any, name: str) -> Any:
    """The three columns of a table of results in their order and types, if they are as they must be."""
    pa = arrow()
    metadata = table.schema.metadata or {}
    if any(key not in metadata for key in (FINGERPRINT, SCORE, ORDER)):
        raise ValueError(f"{name} has lost its metadata: make it anew with topk_table")
    names = ["query_index", "id", "score"]
    if sorted(table.schema.names) != sorted(names):
        raise TypeError(f"{name} has columns {table.schema.names}, expected {names}")
    query, ids, score = (table.column(one) for one in names)
    if not pa.types.is_integer(query.type):
        raise TypeError(f"query_index of {name} is {query.type}, expected integers")
    if not (pa.types.is_float32(score.type) or pa.types.is_float64(score.type)):
        raise TypeError(f"score of {name} is {score.type}, expected float32 or float64")
    for column, values in zip(names, (query, ids, score), strict=True):
        no_nulls(values, f"{column} of {name}")
    numbers = score.to_numpy()
    if len(wrong := np.flatnonzero(np.isnan(numbers))):
        raise ValueError(f"row {wrong[0]} of score of {name} is not a number")
    numbers = numbers + numbers.dtype.type(0)  # makes -0 to 0, which are equal but not the same
    kept = {key: metadata[key] for key in (FINGERPRINT, SCORE, ORDER)}
    columns = [query.cast(pa.int64()), normal_ids(ids), pa.array(numbers)]
    fields = [
        pa.field(column, values.type, nullable=False)
        for column, values in zip(names, columns, strict=True)
    ]
    return pa.table(columns, schema=pa.schema(fields, metadata=kept))


def best(table: Any, k: int) -> Any:
    """The k best rows for each query, by query, then best first."""
    pa = arrow()
    keys = [
        ("query_index", "ascending"),
        ("score", table.schema.metadata[ORDER].decode()),
        ("id", "ascending"),
    ]
    table = table.take(pa.compute.sort_indices(table, sort_keys=keys)).combine_chunks()
    query = table.column("query_index").to_numpy()
    position = np.arange(len(query))
    begins = np.concatenate([[True], query[1:] != query[:-1]])[: len(query)]
    rank = position - np.maximum.accumulate(np.where(begins, position, 0))
    return table.take(pa.array(np.flatnonzero(rank < k))).combine_chunks()
