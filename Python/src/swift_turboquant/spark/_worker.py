"""What a worker does to build a shard."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .._arrow import arrow, no_nulls, vectors_of
from .._errors import InputError, MissingFileError
from .._library import lib
from ..index import Index
from ..shards import Shard
from ..shards._files import save_shard
from ._encode import located
from ._session import partition

SHARD = "file string, rows long, bytes long, sha256 string"
PIECES = f"{SHARD}, piece int, data binary"

_PIECE = 1 << 22


def shard_of(row: Any) -> Shard:
    """The shard that a row of such a DataFrame is about."""
    return Shard(row["file"], row["rows"], row["bytes"], row["sha256"])


def saved(batches: Iterable[Any], *, template: bytes, folder: str) -> Iterator[Any]:
    """Saves the rows of a partition as a shard, under a name that no other attempt has; a batch that names it."""
    index = _index(batches, template)
    if len(index):
        if not Path(folder).is_dir():
            raise MissingFileError(
                f"there is no folder {folder!r} here: either the build was ended, or its path is not one that all "
                "machines share",
                lib.TQ_INDEX_FILE,
            )
        yield _batch(save_shard(index, Path(folder)))


def sent(batches: Iterable[Any], *, template: bytes, largest: int) -> Iterator[Any]:
    """A shard of the rows of a partition, in pieces."""
    index = _index(batches, template)
    if not len(index):
        return
    with tempfile.TemporaryDirectory() as folder:
        shard = save_shard(index, Path(folder))
        del index
        if shard.bytes > largest:
            raise InputError(
                f"partition {partition()} makes a shard of {shard.bytes} bytes, and {largest} can be written there: "
                "build with more partitions (df.repartition)",
                lib.TQ_ERROR_SIZE,
            )
        with Path(folder, shard.file).open("rb") as file:
            piece = 0
            while data := file.read(_PIECE):
                yield _batch(shard, piece=piece, data=data)
                piece += 1


def _batch(shard: Shard, **more: Any) -> Any:
    pa = arrow()
    values = {
        "file": shard.file, "rows": shard.rows, "bytes": shard.bytes, "sha256": shard.sha256, **more,
    }  # fmt: skip
    arrays = {name: pa.array([value]) for name, value in values.items()}
    if "piece" in arrays:
        arrays["piece"] = arrays["piece"].cast(pa.int32())
    return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))


def _index(batches: Iterable[Any], template: bytes) -> Index:
    """An index of rows that come in the order of their ids."""
    index: Index = pickle.loads(template)
    first, last = 0, None
    for batch in batches:
        if len(batch):
            last = _add(index, batch, first, last)
            first += len(batch)
    return index


def _add(index: Index, batch: Any, first: int, last: Any) -> Any:
    """Adds a batch; its last id."""
    try:
        no_nulls(batch.column("id"), "id")
        ids = batch.column("id").to_pylist()
        _check_order(ids, last)
        vectors = vectors_of(batch.column("vector"), index.dim, "vector")
        index.add(vectors, ids=ids, threads=1)
    except ValueError as error:
        raise located(error, first, batch.column("id")) from None
    return ids[-1]


def _check_order(ids: list[Any], last: Any) -> None:
    for row, id in enumerate(ids):
        if last is not None and not last < id:
            what = "is that of the row before too" if id == last else f"comes after {last!r}"
            raise ValueError(f"row {row}, its id {what}")
        last = id
