"""Codes of a column of vectors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, SupportsIndex

from .._errors import InputError
from .._library import lib
from .._options import unsigned
from ..arrow import encode_batch
from ..codec import Codec

if TYPE_CHECKING:
    from ray.data import Dataset

_ROW = re.compile(r"row (\d+)(?:, | of )|ids\[(\d+)\] ")


def encode(
    dataset: Dataset,
    column: str,
    codec: Codec,
    into: str | None = None,
    *,
    id: str | None = None,
    cpus: SupportsIndex = 1,
) -> Dataset:
    """Encodes a column of vectors. Nothing is done before the result is used.

    Args:
        dataset: with a column of lists or of tensors. Blocks are encoded where they are, without a copy if they are Arrow's.
        column: the column with the vectors.
        codec: each task gets its record.
        into: the name of a new column for the codes; by default they take the place of the vectors.
        id: a column that names rows in errors.
        cpus: of a task, which has as many threads.

    Returns:
        The dataset with the codes, of type FixedSizeBinary. Their field has metadata that name the codec, so `score_topk`
        and `Codes.from_arrow` read them without it.

    Raises:
        ValueError: there is no such column, or already one to write into. A row that is null, has another length or is not
            finite ends the work with Ray's RayTaskError, whose message names row and id.
    """
    check_dataset(dataset)
    count = unsigned(cpus, "cpus", least=1)
    known = dataset.columns(fetch_if_missing=False)
    if known is not None:
        check_columns(known, {"column": column, "id": id})
        if into is not None and into != column and into in known:
            raise ValueError(f"there is a column {into!r} already")
    return dataset.map_batches(
        _encoded,
        batch_size=None,
        batch_format="pyarrow",
        zero_copy_batch=True,
        fn_kwargs={"codec": codec, "column": column, "into": into, "id": id, "threads": count},
        num_cpus=count,
    )


def check_dataset(dataset: object) -> None:
    """Raises TypeError for what is no dataset."""
    if not hasattr(dataset, "map_batches"):
        raise TypeError(
            f"dataset is a {type(dataset).__module__}.{type(dataset).__name__}, expected a Dataset of Ray"
        )


def check_columns(known: list[str], wanted: dict[str, str | None]) -> None:
    """Raises ValueError for a column that is not there."""
    for name, column in wanted.items():
        if column is not None and column not in known:
            raise ValueError(f"{name} is {column!r}, expected one of {known}")


def _encoded(
    block: Any, *, codec: Codec, column: str, into: str | None, id: str | None, threads: int
) -> Any:
    try:
        return encode_batch(block, codec, column, into=into, threads=threads)
    except ValueError as error:
        raise located(error, block, id) from None


def located(error: ValueError, block: Any, id: str | None, order: Any = None) -> InputError:
    """An error of a block as one that says which of its rows it is, and that row's id.

    Args:
        order: the rows in the order that the error counts, if that is not the block's.
    """
    text, code = str(error), getattr(error, "code", lib.TQ_ERROR_VALUE)
    place = f"block of {block.num_rows} rows"
    if found := _ROW.match(text):
        row = int(found[1] or found[2])
        row = row if order is None else int(order[row])
        place = f"row {row} of a {place}"
        if id is not None:
            place += f" (id {block.column(id)[row].as_py()!r})"
        text = text[found.end() :]
    return InputError(f"{place}: {text}", code)
