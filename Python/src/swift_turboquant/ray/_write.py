"""What a task does to build a shard."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .._arrow import arrow, imported, no_nulls, vectors_of
from .._errors import InputError, MissingFileError
from .._ids import IdKind
from .._library import lib
from .._topk import normal_ids
from ..index import Index
from ..shards import Shard
from ..shards._files import save_shard
from ._encode import located


class Task(NamedTuple):
    """What is to be done with each block."""

    template: Index
    """Without rows."""
    id: str
    column: str
    folder: str
    threads: int


def saved(block: Any, *, task: Task) -> Any:
    """Saves the rows of a block as a shard, under a name that no other attempt has.

    Returns:
        A table with one row, a pickled Shard or the error, which Ray would make a text; with no row if the block has none.
    """
    results = []
    if block.num_rows:
        try:
            results = [pickle.dumps(_saved(block, task))]
        except (ValueError, TypeError, OSError) as error:
            results = [pickle.dumps(error)]
    pa = arrow()
    return pa.table({"result": pa.array(results, pa.binary())})


def _saved(block: Any, task: Task) -> Shard:
    index = copy.copy(task.template)
    order = None
    try:
        ids = ids_of(block, task.id)
        array, _ = imported(block.column(task.column), task.column)
        vectors = vectors_of(array, index.dim, "the vectors")
        order = _order(ids)
        ids = ids.take(arrow().array(order))
        names = ids.to_numpy() if index.id_kind == "int" else ids.to_pylist()
        index.add(vectors[order], ids=names, threads=task.threads)
    except ValueError as error:
        raise located(error, block, task.id, order) from None
    folder = Path(task.folder)
    if not folder.is_dir():
        raise MissingFileError(
            f"there is no folder {task.folder!r} here: either the build was ended, or its path is not one that all "
            "machines share",
            lib.TQ_INDEX_FILE,
        )
    return save_shard(index, folder)


def ids_of(block: Any, id: str) -> Any:
    """The ids of a block as int64, large_string or large_binary."""
    ids, _ = imported(block.column(id), id)
    no_nulls(ids, id)
    try:
        ids = normal_ids(ids)
    except TypeError as error:
        raise TypeError(f"column {id!r}: {error}") from None
    return ids


def kind_of(ids: Any) -> IdKind:
    types = arrow().types
    if types.is_integer(ids.type):
        return "int"
    return "str" if types.is_large_string(ids.type) else "bytes"


def _order(ids: Any) -> npt.NDArray[np.int64]:
    """The rows by their ids; of texts, by their UTF-8 bytes. Raises InputError if two have the same."""
    pc = arrow().compute
    order: npt.NDArray[np.int64] = pc.sort_indices(ids).to_numpy().astype(np.int64)
    ordered = ids.take(arrow().array(order))
    same = np.flatnonzero(pc.equal(ordered[1:], ordered[:-1]).to_numpy(zero_copy_only=False))
    if len(same):
        one, two = sorted(order[same[0] : same[0] + 2].tolist())
        raise InputError(f"row {two} of it has the id of row {one} too", lib.TQ_INDEX_DUPLICATE_ID)
    return order
