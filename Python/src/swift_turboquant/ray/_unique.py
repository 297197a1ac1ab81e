"""Whether ids of different shards differ."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import ray

from .._arrow import arrow
from .._errors import InputError
from .._library import lib
from ..index import Index
from ..shards import Manifest, open_shard

_ROWS = 1 << 22  # ids that a task compares


def check_unique(folder: str, manifest: Manifest, cpus: int) -> None:
    """Raises InputError, which names an id that two shards have. Ids are divided among tasks, so that none has all."""
    if len(manifest.shards) == 1:
        return
    parts = -(-manifest.rows // _ROWS)
    divide = ray.remote(_divided).options(num_returns=parts, num_cpus=cpus)
    compare = ray.remote(_twice).options(num_cpus=cpus)
    pieces = [
        divide.remote(folder, manifest, number, parts) for number in range(len(manifest.shards))
    ]
    if parts == 1:
        pieces = [[each] for each in pieces]
    waiting = [compare.remote(*(piece[part] for piece in pieces)) for part in range(parts)]
    while waiting:
        (done, *_), waiting = ray.wait(waiting)
        if (found := ray.get(done)) is not None:
            for each in waiting:
                ray.cancel(each)
            id, one, two = found
            rows = manifest.shards[one].rows, manifest.shards[two].rows
            raise InputError(
                f"the id {id!r} is in two blocks, of {rows[0]} and of {rows[1]} rows",
                lib.TQ_INDEX_DUPLICATE_ID,
            )


def _divided(folder: str, manifest: Manifest, number: int, parts: int) -> Any:
    """The ids of a shard as Arrow arrays, an id always in the same one."""
    pa = arrow()
    index = open_shard(folder, manifest.shards[number], manifest)
    kind = {"int": pa.int64(), "str": pa.large_string(), "bytes": pa.large_binary()}[index.id_kind]
    ids = pa.array(index.ids, kind)
    if parts == 1:
        return ids
    place = _numbers(index) % parts
    return [ids.filter(pa.array(place == part)) for part in range(parts)]


def _numbers(index: Index) -> Any:
    """A number for each id."""
    if index.id_kind == "int":
        return index.ids
    texts = (id.encode() if isinstance(id, str) else id for id in index.ids)
    return np.fromiter(map(zlib.crc32, texts), np.int64, len(index))


def _twice(*lists: Any) -> tuple[Any, int, int] | None:
    """An id that is in two of the lists, and their numbers."""
    pa = arrow()
    ids = pa.concat_arrays(lists)
    order = pa.compute.sort_indices(ids)
    ordered = ids.take(order)
    same = pa.compute.equal(ordered[1:], ordered[:-1]).to_numpy(zero_copy_only=False)
    if not same.any():
        return None
    at = int(np.argmax(same))
    ends = np.cumsum([len(each) for each in lists])
    one, two = np.searchsorted(ends, order.to_numpy()[at : at + 2], side="right")
    return ordered[at].as_py(), int(one), int(two)
