"""Collections of the rows of a DataFrame."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex

import numpy as np
import numpy.typing as npt

from .._arrow import arrow
from .._errors import InputError
from .._index_core import Metric
from .._library import lib
from ..index import Index
from ..shards import MANIFEST, Manifest, Shard
from ..shards._building import build_folder
from ..shards._paths import local_path
from ._folders import HadoopFolder
from ._scan import TYPES, over_shards
from ._session import check_vectors, column_of, sql, worker_errors
from ._worker import SHARD, saved, shard_of
from ._write_remote import write_remote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_STEP = 1 << 16
_IDS = {
    "ByteType": "int", "ShortType": "int", "IntegerType": "int", "LongType": "int",
    "StringType": "str", "BinaryType": "bytes",
}  # fmt: skip


def build(
    df: DataFrame,
    id: str,
    column: str,
    path: str | os.PathLike[str],
    *,
    dim: SupportsIndex | None = None,
    bits: SupportsIndex = 4,
    metric: Metric = "ip",
    quantizer: Literal["scalar", "two-stage"] = "scalar",
    seed: SupportsIndex = 0,
    center: npt.ArrayLike | None = None,
    originals: Literal["float16", "float32"] | None = None,
    overwrite: bool = False,
    check_ids: bool = True,
) -> Manifest:
    """Writes the rows of a DataFrame as a collection: a shard for each partition that has rows, and a manifest.

    `df.repartition(n)` before decides how many shards there are. The collection is there once all is written, or not at
    all; what failed or repeated tasks have written is removed.

    Args:
        df: read once.
        id: a column of integers from 0 to 2**63 - 1, texts or bytes.
        column: a column of array<float>, or of other numbers.
        path: a folder that driver and workers share, as a path or `file:` URI: workers write into it, and map its files.
            Or a URI of Spark's file system, such as hdfs: or s3a:, where the driver writes shards of at most 1 GiB, one
            after another. It must be able to hold one in memory.
        dim: coordinates of a vector; by default those of `center` or of the first row, which has to be computed for it.
        bits, metric, quantizer, seed, center, originals: as in `Index`. Collections of equal options can be merged.
        overwrite: whether a collection that is there is replaced; its shards are removed afterwards.
        check_ids: whether an id that two rows have is an error. Ids are sent over the network for it.

    Returns:
        The manifest.

    Raises:
        FileExistsError: there is a collection, which `overwrite` does not allow to replace.
        InputError: a row is null, has another length or is not finite, or an id cannot be one, or two rows have it. The
            message names the partition, the row's number there in the order of ids, and the id; or both shards.
        FileError: a file cannot be written.
        ValueError, TypeError: there are no rows, no such columns, or columns of other types; or an option is impossible.
    """
    functions = sql()
    kind, spark, place = _kind(df, id), df.sparkSession, os.fspath(path)
    vectors = column_of(df, column, "column").alias("vector")
    check_vectors(df, column)
    folder = local_path(place)
    remote = HadoopFolder(spark, place) if folder is None else None
    is_there = MANIFEST in remote.sizes() if remote else Path(str(folder), MANIFEST).exists()
    if is_there and not overwrite:
        raise FileExistsError(f"there is a collection in {place!r}; overwrite=True replaces it")
    ids = column_of(df, id, "id")
    rows = df.select(
        (ids.cast("long") if kind == "int" else ids).alias("id"),
        vectors,
    )
    template = Index(
        _dim(rows, dim, center), bits, metric, quantizer=quantizer, seed=seed, center=center,
        originals=originals, ids=kind,
    )  # fmt: skip
    # By UTF-8 bytes, whatever the column's collation.
    order = functions.col("id").cast("binary") if kind == "str" else functions.col("id")
    ordered = rows.sortWithinPartitions(order)

    def save(written: str) -> list[Shard]:
        task = partial(saved, template=pickle.dumps(template), folder=written)
        return [shard_of(each) for each in ordered.mapInArrow(task, SHARD).collect()]

    def check(written: str, manifest: Manifest) -> None:
        if check_ids:
            _check_unique(spark, written, manifest)

    with worker_errors():
        if remote is not None:
            return write_remote(ordered, template, remote, check, overwrite=overwrite)
        return build_folder(template, str(folder), save, check, overwrite=overwrite)


def _kind(df: DataFrame, id: str) -> Any:
    """The kind of ids that a column has."""
    column_of(df, id, "id")
    kind = df.schema[id].dataType
    if (name := _IDS.get(type(kind).__name__)) is None:
        raise TypeError(
            f"column {id!r} is {kind.simpleString()}, expected integers, texts or binary"
        )
    return name


def _dim(rows: DataFrame, dim: SupportsIndex | None, center: npt.ArrayLike | None) -> SupportsIndex:
    """The dimension that is given, or that of the first row."""
    if dim is not None:
        return dim
    if center is not None:
        return int(np.size(np.asarray(center)))
    first = rows.select(sql().size("vector")).first()
    if first is None:
        raise ValueError("there are no rows; a collection has at least one")
    if first[0] is None or first[0] < 1:
        raise ValueError("the first row has no coordinates; pass dim to learn which row that is")
    return int(first[0])


def _check_unique(spark: SparkSession, written: str, manifest: Manifest) -> None:
    functions = sql()
    schema = f"id {TYPES[manifest.ids]}, shard int"
    rows = over_shards(spark, written, manifest, _ids_of, schema, keep=False)
    counted = rows.groupBy("id").agg(
        functions.min("shard").alias("one"),
        functions.max("shard").alias("two"),
        functions.count("shard").alias("count"),
    )
    if (twice := counted.where("count > 1").first()) is None:
        return
    one, two = (manifest.shards[twice[name]] for name in ("one", "two"))
    raise InputError(
        f"the id {twice['id']!r} is in two partitions; of {one.rows} and of {two.rows} rows",
        lib.TQ_INDEX_DUPLICATE_ID,
    )


def _ids_of(index: Index, number: int) -> Iterator[Any]:
    pa = arrow()
    kind = {"int": pa.int64(), "str": pa.string(), "bytes": pa.binary()}[index.id_kind]
    ids = index.ids
    for first in range(0, len(ids), _STEP):
        array = pa.array(ids[first : first + _STEP], kind)
        numbers = pa.array(np.full(len(array), number, np.int32))
        yield pa.RecordBatch.from_arrays([array, numbers], names=["id", "shard"])
