"""Searches of a collection."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
import numpy.typing as npt

from .._arrays import rows
from .._arrow import arrow
from .._ids import Ids
from .._search import Exactness
from ..index import Index
from ..shards import Manifest, ShardSearch, candidates, merge, search_shard
from ._scan import TYPES, manifest_of, over_shards
from ._session import sql

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_RESULTS = 1 << 18  # rows of a batch, and those that wait to be merged


def search(
    spark: SparkSession,
    path: str | os.PathLike[str],
    queries: npt.ArrayLike,
    k: SupportsIndex,
    *,
    exactness: Exactness = "certified",
    failure_probability: float | None = None,
    rerank: SupportsIndex = 0,
    filter: Ids | None = None,
    fingerprint: bytes | None = None,
) -> DataFrame:
    """Finds the k nearest rows of each query in a collection that `build` wrote. Exhaustive results are those of one index
    of all rows, to the bit, however they are divided.

    The manifest is read now; shards are searched when there is an action on the result, again for each action, so
    `cache` what is used several times. A task searches one shard with one thread; a second stage merges what they found.

    Args:
        path: as in `build`.
        queries: (queries, dim) or (dim,); each worker gets all.
        k, exactness, rerank, filter: as in `Shards.search`. Each worker gets the filter's ids.
        failure_probability: with which a certified search of all shards may miss a row; by default 0.001.
        fingerprint: that the collection must have, such as `Index(…).fingerprint` of an index with its options.

    Returns:
        query_index (long), rank (int, from 0), id (long, string or binary) and score (float), in no order: use
        `orderBy("query_index", "rank")`. Equal scores go by id: numbers by value, texts by their UTF-8 bytes.

    Raises:
        MissingFileError, FileError: the manifest or a shard is missing, or damaged; the message names the file. A shard
            with another checksum or fingerprint ends the action: see `worker_errors`.
        InputError, ValueError: as `Index.search`, or the collection has another fingerprint.
    """
    sql()
    place = os.fspath(path)
    manifest = manifest_of(spark, place)
    manifest.expect(fingerprint, place)
    wanted = ShardSearch(
        k.__index__(), len(manifest.shards), exactness, failure_probability, rerank.__index__(), filter
    )  # fmt: skip
    q = _checked(queries, manifest, wanted)
    work = partial(_found, queries=spark.sparkContext.broadcast(q), search=wanted)
    id = f"id {TYPES[manifest.ids]}"
    columns = f"query_index long, {id}, score float" + (", exact float" if wanted.rerank else "")
    found = over_shards(spark, place, manifest, work, columns)
    task = partial(_merged, manifest=manifest, search=wanted)
    return found.repartition("query_index").mapInArrow(
        task, f"query_index long, rank int, {id}, score float"
    )


def _checked(queries: npt.ArrayLike, manifest: Manifest, search: ShardSearch) -> npt.NDArray[Any]:
    """The queries as an array, after an empty index like the shards has seen that it takes them and the options."""
    q = rows(queries, manifest.dim, "queries").array
    options: dict[str, Any] = {
        "quantizer": manifest.quantizer, "seed": manifest.seed, "ids": manifest.ids,
        "originals": manifest.originals,
    }  # fmt: skip
    metric: Any = manifest.metric
    search_shard(Index(manifest.dim, manifest.bits, metric, **options), q, search)
    return q


def _found(index: Index, _number: int, *, queries: Any, search: ShardSearch) -> Iterator[Any]:
    q = queries.value
    step = max(1, _RESULTS // min(search.count, len(index)))
    for first in range(0, len(q), step):
        table = search_shard(index, q[first : first + step], search, first=first, threads=1)
        yield from _batches(table)


def _merged(batches: Iterable[Any], *, manifest: Manifest, search: ShardSearch) -> Iterator[Any]:
    """The results of queries, of which this partition has all candidates."""
    pa = arrow()
    waiting: list[Any] = []
    count = 0
    for batch in batches:
        waiting.append(candidates(batch, manifest))
        count += len(batch)
        if count > _RESULTS:
            waiting = [merge(waiting, search, last=False)]
            count = 0
    if not waiting:
        return
    table = merge(waiting, search)
    query = table.column("query_index").to_numpy()
    begins = np.searchsorted(query, query)  # the place of each query's first row
    rank = pa.array((np.arange(len(query)) - begins).astype(np.int32))
    yield from _batches(table.add_column(1, "rank", rank))


def _batches(table: Any) -> Iterator[Any]:
    """Batches as Spark takes them, which has no large strings."""
    pa = arrow()
    id = table.schema.get_field_index("id")
    small = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}
    kind = small.get(table.schema.field(id).type)
    if kind is not None:
        table = table.set_column(id, "id", table.column(id).cast(kind))
    yield from table.to_batches(max_chunksize=_RESULTS)
