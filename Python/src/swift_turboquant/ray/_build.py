"""Collections of the rows of a dataset."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex

import numpy as np
import numpy.typing as npt

from .._arrow import arrow, imported
from .._index_core import Metric
from .._options import PathArgument, unsigned
from ..index import Index
from ..shards import Manifest, Shard
from ..shards._building import build_folder
from ._encode import check_columns, check_dataset
from ._placement import folder_of
from ._unique import check_unique
from ._write import Task, ids_of, kind_of, saved

if TYPE_CHECKING:
    from ray.data import Dataset


def build(
    dataset: Dataset,
    id: str,
    column: str,
    path: PathArgument,
    *,
    shards: SupportsIndex | None = None,
    dim: SupportsIndex | None = None,
    bits: SupportsIndex = 4,
    metric: Metric = "ip",
    quantizer: Literal["scalar", "two-stage"] = "scalar",
    seed: SupportsIndex = 0,
    center: npt.ArrayLike | None = None,
    originals: Literal["float16", "float32"] | None = None,
    overwrite: bool = False,
    check_ids: bool = True,
    cpus: SupportsIndex = 1,
) -> Manifest:
    """Writes the rows of a dataset as a collection: a shard for each block that has rows, and a manifest.

    The collection is there once all is written, or not at all; what failed or repeated tasks have written is removed.

    Args:
        dataset: its first row is computed for the types, then all.
        id: a column of integers from 0 to 2**63 - 1, texts or bytes.
        column: a column of lists or tensors of floats.
        path: a folder that all nodes share, also as a `file:` URI.
        shards: how many there are at most; vectors then pass through the object store. By default one for each block.
        dim: coordinates of a vector; by default those of `center` or of the first row.
        bits, metric, quantizer, seed, center, originals: as in `Index`. Collections of equal options can be merged.
        overwrite: whether a collection that is there is replaced; its shards are removed afterwards.
        check_ids: whether an id that two blocks have is an error. Ids pass through the object store for it.
        cpus: of a task, which has as many threads.

    Returns:
        The manifest.

    Raises:
        FileExistsError: there is a collection, which `overwrite` does not allow to replace.
        InputError: a row is null, has another length or is not finite, or an id cannot be one, or two rows have it. The
            message names the row of its block and the id.
        FileError: a file cannot be written.
        ValueError, TypeError: there are no rows, no such columns, or columns of other types; or an option is impossible.
    """
    place, count = folder_of(path), unsigned(cpus, "cpus", least=1)
    parts = None if shards is None else unsigned(shards, "shards", least=1)
    check_dataset(dataset)
    kind, size = _first(dataset, id, column)
    if dim is None:
        dim = size if center is None else int(np.size(np.asarray(center)))
        if dim == 0:
            raise ValueError(
                "the first row has no coordinates; pass dim to learn which row that is"
            )
    template = Index(
        dim, bits, metric, quantizer=quantizer, seed=seed, center=center, originals=originals, ids=kind
    )  # fmt: skip
    rows = dataset.select_columns([id, column])
    if parts is not None:
        rows = rows.repartition(parts)

    def save(folder: str) -> Iterator[Shard]:
        return _shards(rows, Task(template, id, column, folder, count))

    def check(folder: str, manifest: Manifest) -> None:
        if check_ids:
            check_unique(folder, manifest, count)

    return build_folder(template, place, save, check, overwrite=overwrite)


def _first(dataset: Dataset, id: str, column: str) -> tuple[Any, int]:
    """The kind of the ids, and the dimension of the first row."""
    for block in dataset.limit(1).iter_batches(batch_size=None, batch_format="pyarrow"):
        if block.num_rows:
            check_columns(block.schema.names, {"id": id, "column": column})
            kind = kind_of(ids_of(block, id))
            vector, _ = imported(block.column(column), column)
            if not arrow().types.is_nested(vector.type):
                raise TypeError(f"column {column!r} is {vector.type}, expected lists of floats")
            return kind, len(vector[0].values) if vector[0].is_valid else 0
    raise ValueError("there are no rows; a collection has at least one")


def _shards(rows: Dataset, task: Task) -> Iterator[Shard]:
    """The shards that tasks have saved, as they come. Raises the first error."""
    written = rows.map_batches(
        saved,
        batch_size=None,
        batch_format="pyarrow",
        zero_copy_batch=True,
        fn_kwargs={"task": task},
        num_cpus=task.threads,
    )
    written.context.max_errored_blocks = 0  # no row may be left out, whatever the session allows
    for batch in written.iter_batches(batch_size=None, batch_format="pyarrow"):
        for result in map(pickle.loads, batch.column("result").to_pylist()):
            if isinstance(result, Exception):
                raise result
            yield result
