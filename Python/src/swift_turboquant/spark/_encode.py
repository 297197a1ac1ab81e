"""Codes of a column of vectors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .._arrow import FINGERPRINT, RECORD, arrow
from .._errors import InputError
from .._library import lib
from ..arrow import encode_batch
from ..codec import Codec
from ._session import check_vectors, column_of, partition, sql

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_ROW = re.compile(r"row (\d+)(?:, | of )|ids\[(\d+)\] ")


def encode(
    df: DataFrame, column: str, codec: Codec, into: str | None = None, *, id: str | None = None
) -> DataFrame:
    """Encodes a column of vectors. Nothing is done before an action on the result.

    Args:
        df: with a column of array<float>, or of other numbers.
        column: the column with the vectors.
        codec: the workers get its record.
        into: the name of a new column for the codes, binary; by default they take the place of the vectors.
        id: a column that names rows in errors.

    Returns:
        The DataFrame with the codes. Their field has metadata that name the codec: `Codec.from_record` of the hexadecimal
        text at "turboquant.codec". `Codes.from_arrow`, given the codec, and `score_topk` read them.

    Raises:
        ValueError, TypeError: there is no such column, or already one to write into, or it is of another type. A row that
            is null, has another length or is not finite ends the action with an InputError that names partition and row.
    """
    types = sql("types")
    column_of(df, column, "column")
    check_vectors(df, column)
    if id is not None:
        column_of(df, id, "id")
    if into is not None and into != column and into in df.columns:
        raise ValueError(f"there is a column {into!r} already")
    target = column if into is None else into
    metadata = {FINGERPRINT.decode(): codec.fingerprint.hex(), RECORD.decode(): codec.record.hex()}
    codes = types.StructField(target, types.BinaryType(), False, metadata)
    fields = [codes if field.name == target else field for field in df.schema.fields]
    if target not in df.columns:
        fields.append(codes)
    work = partial(_encoded, names=df.columns, codec=codec, column=column, into=into, id=id)
    # mapInArrow does not find columns whose names have dots.
    numbered = df.toDF(*(f"c{i}" for i in range(len(df.columns))))
    return numbered.mapInArrow(work, types.StructType(fields))


def _encoded(
    batches: Iterable[Any],
    *,
    names: list[str],
    codec: Codec,
    column: str,
    into: str | None,
    id: str | None,
) -> Iterator[Any]:
    pa = arrow()
    first = 0
    for numbered in batches:
        batch = numbered.rename_columns(names)
        with_codes = _checked(batch, codec, column, into, id, first)
        at = with_codes.schema.get_field_index(column if into is None else into)
        # Spark has no binary of a fixed size.
        yield with_codes.set_column(
            at, with_codes.schema.names[at], with_codes.column(at).cast(pa.binary())
        )
        first += len(batch)


def _checked(
    batch: Any, codec: Codec, column: str, into: str | None, id: str | None, first: int
) -> Any:
    try:
        return encode_batch(batch, codec, column, into=into, threads=1)
    except ValueError as error:
        raise located(error, first, None if id is None else batch.column(id)) from None


def located(error: ValueError, first: int, ids: Any) -> InputError:
    """An error of a batch as one that says where in the partition the row is, and what its id is if there are ids.

    Args:
        first: the number of the batch's first row.
        ids: an Arrow array, or None.
    """
    text, code = str(error), getattr(error, "code", lib.TQ_ERROR_VALUE)
    place = f"partition {partition()}"
    if found := _ROW.match(text):
        row = int(found[1] or found[2])
        place += f", row {first + row}"
        if ids is not None:
            place += f" (id {ids[row].as_py()!r})"
        text = text[found.end() :]
    return InputError(f"{place}: {text}", code)
