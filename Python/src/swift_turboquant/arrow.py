"""Arrow batches of vectors and of codes: what a dataframe or a cluster needs to encode and search them in parts.

Rows may lie in any number of parts, on any number of machines. Each part is encoded by itself (`encode_batch`), and
searched by itself (`score_topk`); `merge_topk` makes one result of the parts' results. The result does not depend on how
the rows were divided, nor on the order in which results are merged. Scores are the same to the bit on machines with the
same vector instructions; on others their last bits may differ.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from ._arrays import address, rows, thread_count
from ._arrow import (
    FINGERPRINT,
    arrow,
    codes_array,
    codes_field,
    codes_of,
    imported,
    table_of,
    vectors_of,
)
from ._library import Handle, lib
from ._options import ESTIMATORS, Estimator, choice, unsigned
from ._topk import ORDER, SCORE, best, checked, ids_of, topk_table
from .codec import Codec

if TYPE_CHECKING:
    import pyarrow

__all__ = ["encode_batch", "merge_topk", "score_topk", "topk_table"]

_CHUNK_BYTES = 1 << 19  # codes that stay in a core's cache while all queries read them


def encode_batch(
    source: Any,
    codec: Codec,
    column: str | None = None,
    *,
    into: str | None = None,
    threads: int | None = None,
) -> Any:
    """Encodes the vectors of an Arrow array, batch or table.

    Args:
        source: an array or stream of FixedSizeList or List of float16, float32, float64 or integers, or a batch or table
            with such a column; anything with `__arrow_c_array__` or `__arrow_c_stream__`, so dataframes of Polars or
            relations of DuckDB too. Slices need no copy, float16 and float32 neither.
        column: the column with the vectors; needed for batches and tables, and for nothing else.
        into: the name of a new column for the codes; by default they take the place of the vectors.
        threads: as in `Codec.encode`.

    Returns:
        A pyarrow.FixedSizeBinaryArray for an array or a stream of arrays, a pyarrow.RecordBatch for a batch, else a
        pyarrow.Table. The codes' field has metadata that name the codec.

    Raises:
        ValueError: a row is null, has a null, another length, or (InputError) numbers that the codec refuses; the message
            names the first such row. Or there is no such column, or already one to write into.
        TypeError: these are not vectors.
    """
    table = table_of(source)
    if table is None:
        if column is not None or into is not None:
            raise ValueError("column and into name columns of a batch, but source is one array")
        array, _ = imported(source, "source")
        return codes_array(codec.encode(vectors_of(array, codec.dim, "source"), threads=threads))
    if column is None or table.schema.names.count(column) != 1:
        raise ValueError(f"column is {column!r}, expected one of {table.schema.names}")
    if into is not None and into != column and into in table.schema.names:
        raise ValueError(f"there is a column {into!r} already")
    vectors, _ = imported(table.column(column), column)
    codes = codes_array(codec.encode(vectors_of(vectors, codec.dim, column), threads=threads))
    field = codes_field(codec, column if into is None else into)
    if into is None or into == column:
        return table.set_column(table.schema.get_field_index(column), field, codes)
    return table.append_column(field, codes)


def score_topk(
    codes: Any,
    queries: npt.ArrayLike,
    k: SupportsIndex,
    ids: Any = None,
    *,
    codec: Codec | None = None,
    estimator: Estimator | None = None,
    threads: int | None = None,
) -> pyarrow.Table:
    """The k codes with the largest estimated inner product with each query. Every code is read.

    Args:
        codes: Codes, or an Arrow array of FixedSizeBinary or Binary.
        queries: (queries, dim) or (dim,), as in `Codec.encode`.
        k: how many rows for each query; there are fewer if there are fewer codes.
        ids: one for each code: integers, or strings or bytes, as an Arrow or NumPy array or a list; by default the codes'
            numbers from 0, which parts that are to be merged cannot use.
        codec: of the codes, needed where an Arrow array has lost its metadata.
        estimator: by default the quantizer's own.
        threads: how many share the queries; by default all that the process may use.

    Returns:
        query_index (int64), id (int64, uint64, large_string or large_binary) and score (float64), ordered by query_index;
        within a query the largest score is first, and equal scores go by id: numbers by value, strings by their UTF-8
        bytes. The schema's metadata have what `merge_topk` compares.

    Raises:
        ValueError: a query is not finite (InputError), ids are too few, too many or null, k is 0, or the codec is unknown
            or another.
        TypeError: ids are of another type.
    """
    encoded = codes_of(codes, codec)
    codec = encoded.codec
    count = unsigned(k, "k", least=1)
    number = choice(ESTIMATORS, estimator, "estimator")
    given = rows(queries, codec.dim, "queries")
    names = ids_of(ids, len(encoded))
    prepared = list(codec._prepare(given))
    workers = min(thread_count(threads, len(prepared)), max(1, len(prepared)))
    lists = [_Candidates(count) for _ in prepared]
    data = np.ascontiguousarray(encoded.data)

    def scan(part: int) -> None:
        _scan(codec, data, prepared[part::workers], lists[part::workers], number)

    if workers == 1:
        scan(0)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(scan, range(workers)))
    nothing = np.empty(0, np.int64)
    found = np.concatenate([nothing, *(one.rows for one in lists)])
    table = topk_table(
        np.repeat(np.arange(len(lists)), [len(one.rows) for one in lists]),
        names.take(arrow().array(found)),
        np.concatenate([np.empty(0), *(one.scores for one in lists)]),
        fingerprint=codec.fingerprint,
        score_name=str(estimator or codec.estimator),
    )
    return best(table, count)


def merge_topk(*tables: Any, k: SupportsIndex) -> pyarrow.Table:
    """The k best rows for each query among those of several results. Merging is associative and commutative: results may
    be merged in any order and grouping, if none before the last merge keeps fewer rows than that.

    Args:
        tables: what `score_topk`, `topk_table` or `merge_topk` returned, as tables, batches, or anything with
            `__arrow_c_stream__` that kept the schema's metadata. A row that is in several results counts as several.
        k: how many rows for each query.

    Returns:
        A table as `score_topk` does.

    Raises:
        ValueError: no table is given; they are of different fingerprints, estimators, orders or types of ids; they have
            no metadata (see `topk_table`), nulls, or a score that is NaN; or k is 0.
        TypeError: they are no such tables.
    """
    pa = arrow()
    count = unsigned(k, "k", least=1)
    parts = []
    for i, source in enumerate(tables):
        table = table_of(source)
        if table is None:
            raise TypeError(f"table {i} is a {type(source).__name__}, expected a table")
        parts.append(checked(pa.table(table), f"table {i}"))
    if not parts:
        raise ValueError("there are no tables to merge")
    for i, part in enumerate(parts):
        for key in (FINGERPRINT, SCORE, ORDER):
            ours, theirs = (one.schema.metadata[key].decode() for one in (parts[0], part))
            if ours != theirs:
                what = key.decode().removeprefix("turboquant.")
                raise ValueError(f"the {what} of table 0 is {ours}, that of table {i} {theirs}")
        if not part.schema.equals(parts[0].schema):
            raise ValueError(
                f"the columns of table {i} are {part.schema.types}, of table 0 {parts[0].schema.types}"
            )
    return best(pa.concat_tables(parts), count)


class _Candidates:
    """The rows of one query that may be among the k best: those with the k largest scores, and all that equal the last
    of them."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.limit = -np.inf
        self.scores: npt.NDArray[np.float64] = np.empty(0)
        self.rows: npt.NDArray[np.int64] = np.empty(0, np.int64)

    def offer(self, scores: npt.NDArray[np.float64], first: int) -> None:
        """Takes the scores of rows from `first` on."""
        at = np.flatnonzero(scores >= self.limit)
        if not len(at):
            return
        self.scores = np.concatenate([self.scores, scores[at]])
        self.rows = np.concatenate([self.rows, at + first])
        surplus = len(self.scores) - self.k
        if surplus >= 0:
            self.limit = np.partition(self.scores, surplus)[surplus]
            keep = self.scores >= self.limit
            self.scores, self.rows = self.scores[keep], self.rows[keep]


def _scan(
    codec: Codec,
    data: npt.NDArray[np.uint8],
    queries: list[Handle],
    lists: list[_Candidates],
    estimator: int,
) -> None:
    """Offers the scores of all codes to the lists of some queries."""
    size = codec.bytes_per_vector
    step = max(1, _CHUNK_BYTES // size)
    buffer = np.empty(min(step, len(data)))
    to, at = address(buffer), address(data)
    for first in range(0, len(data), step):
        count = min(step, len(data) - first)
        scores = buffer[:count]
        for i, query in enumerate(queries):
            lib.tq_codec_estimate(
                codec._handle.value, query.value, at + first * size, count * size, estimator,
                to, None, count,
            )  # fmt: skip
            # Scores are not finite if a row's scalars are not, whatever the query.
            if i == 0 and len(wrong := np.flatnonzero(~np.isfinite(scores))):
                raise ValueError(f"row {first + wrong[0]} of codes is damaged: no encoder wrote it")
            lists[i].offer(scores, first)
