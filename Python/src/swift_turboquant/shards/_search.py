"""Searches of one shard, and what makes one result of several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._arrow import FINGERPRINT, arrow
from .._ids import Ids, items_of
from .._options import unsigned
from .._search import Exactness
from .._topk import Order, best, topk_table
from ..arrow import merge_topk
from ..index import Index
from ._manifest import Manifest

if TYPE_CHECKING:
    import pyarrow

_FAILURES = 0.001
_STEP = 1024  # queries whose results are in memory twice


@dataclass(frozen=True)
class ShardSearch:
    """What is searched for in every shard. It can be pickled.

    Args:
        k: how many rows of all shards for each query.
        shards: how many shards the collection has; a certified search of one may fail with a probability of
            `failure_probability` divided by this, so that one of all fails with at most `failure_probability`.
        exactness, failure_probability, filter: as in `Index.search`.
        rerank: how many of the best rows of all shards, not of each, are compared exactly; 0 is none.

    Raises:
        ValueError: k is 0, or more than `rerank`; or failure_probability is not between 0 and 1, or of an exhaustive search.
    """

    k: int
    shards: int
    exactness: Exactness = "certified"
    failure_probability: float | None = None
    rerank: int = 0
    filter: Ids | None = None

    def __post_init__(self) -> None:
        unsigned(self.k, "k", least=1)
        unsigned(self.shards, "shards", least=1)
        if unsigned(self.rerank, "rerank") and self.rerank < self.k:
            raise ValueError(f"rerank is {self.rerank}, expected 0 or at least k, {self.k}")
        if self.exactness not in ("certified", "exhaustive"):
            raise ValueError(
                f"exactness is {self.exactness!r}, expected 'certified' or 'exhaustive'"
            )
        if self.filter is not None:  # an iterator would be empty for the second shard
            object.__setattr__(self, "filter", items_of(self.filter))
        if self.exactness == "exhaustive" and self.failure_probability is not None:
            raise ValueError("failure_probability has no effect on an exhaustive search")
        if self.failure_probability is not None and not 0 < self.failure_probability < 1:
            raise ValueError(
                f"failure_probability is {self.failure_probability}, expected a number between 0 and 1"
            )

    @property
    def count(self) -> int:
        """How many rows a shard returns for each query: rows to be compared exactly are chosen among those of all."""
        return self.rerank or self.k

    @property
    def shard_failure_probability(self) -> float | None:
        """With which a certified search of one shard may fail."""
        if self.exactness == "exhaustive":
            return None
        return (self.failure_probability or _FAILURES) / self.shards


def search_shard(
    index: Index,
    queries: npt.ArrayLike,
    search: ShardSearch,
    *,
    first: int = 0,
    threads: int | None = None,
) -> pyarrow.Table:
    """The best rows of one shard for each query: candidates that `merge` takes.

    Args:
        queries: (queries, dim) or (dim,).
        search: its `count` best rows are returned, fewer if there are fewer.
        first: the number of the first query.
        threads: as in `Index.search`.

    Returns:
        A table as of `topk_table`; ordered by query, then best first. Where rows are to be compared exactly, a column
        `exact` has those scores.

    Raises:
        InputError, ValueError: as `Index.search`.
    """
    q = np.asarray(queries)
    q = q.reshape(1, -1) if q.ndim == 1 else q
    tables = [
        _searched(index, q[start : start + _STEP], search, first + start, threads)
        for start in range(0, max(1, len(q)), _STEP)
    ]
    return arrow().concat_tables(tables).combine_chunks()


def _searched(
    index: Index, queries: npt.NDArray[Any], search: ShardSearch, first: int, threads: int | None
) -> pyarrow.Table:
    count = min(search.count, max(1, len(index)))

    def found(rerank: int) -> tuple[npt.NDArray[np.float32], Any]:
        return index.search(
            queries, count, filter=search.filter, rerank=rerank, exactness=search.exactness,
            failure_probability=search.shard_failure_probability, threads=threads,
        )  # fmt: skip

    scores, ids = found(0)
    table = _table(index, scores, ids, first)
    if not search.rerank:
        return table
    # The same rows with their exact scores, in another order.
    exact = _table(index, *found(count), first)
    keys = [("query_index", "ascending"), ("id", "ascending")]
    table, exact = (
        one.take(arrow().compute.sort_indices(one, sort_keys=keys)) for one in (table, exact)
    )
    return best(table.append_column("exact", exact.column("score")), count)


def _table(index: Index, scores: npt.NDArray[np.float32], ids: Any, first: int) -> pyarrow.Table:
    """Results of a search without what they are filled up with."""
    pa = arrow()
    has_hit = ids >= 0 if index.id_kind == "int" else np.not_equal(ids, np.array(None))
    query = np.broadcast_to(np.arange(first, first + len(ids))[:, None], ids.shape)
    kind = {"int": pa.int64(), "str": pa.large_string(), "bytes": pa.large_binary()}[index.id_kind]
    return _named(
        query[has_hit],
        pa.array(ids[has_hit], kind),
        scores[has_hit],
        index.fingerprint,
        index.metric,
    )


def _named(query: Any, id: Any, score: Any, fingerprint: bytes, metric: str) -> pyarrow.Table:
    """A table of results of a metric."""
    order: Order = "ascending" if metric == "l2" else "descending"
    return topk_table(query, id, score, fingerprint=fingerprint, score_name=metric, order=order)


def candidates(source: Any, manifest: Manifest) -> pyarrow.Table:
    """What `search_shard` returned, from a batch or table that lost its metadata on the way."""
    query, id, score = (source.column(name) for name in ("query_index", "id", "score"))
    table = _named(query, id, score, bytes.fromhex(manifest.fingerprint), manifest.metric)
    if "exact" in source.schema.names:
        return table.append_column("exact", source.column("exact"))
    return table


def merge(
    tables: Iterable[pyarrow.Table], search: ShardSearch, *, last: bool = True
) -> pyarrow.Table:
    """One result of those of several shards, each of which counts once. Equal scores go by id: numbers by value, texts by
    their UTF-8 bytes.

    Args:
        tables: of `search_shard`, or of `merge` with last=False; at least one.
        search: what was searched for.
        last: whether these are all; else the result is one to be merged again.

    Returns:
        query_index (int64), id (int64, large_string or large_binary) and score (float32), by query, then best first.

    Raises:
        ValueError: they are of collections with different fingerprints.
    """
    listed = list(tables)
    if not search.rerank:
        return merge_topk(*listed, k=search.k)
    if len({one.schema.metadata[FINGERPRINT] for one in listed}) > 1:
        raise ValueError("the tables are of different fingerprints")
    table = best(arrow().concat_tables(listed), search.rerank)
    if not last:
        return table
    score = table.schema.get_field_index("score")
    exact = table.set_column(score, table.schema.field("score"), table.column("exact"))
    return best(exact.drop_columns(["exact"]), search.k)
