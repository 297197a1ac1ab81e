"""What every call needs of Spark."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import _errors
from .._arrow import arrow
from .._library import lib

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_RAISED = re.compile(r"^swift_turboquant\._errors\.(\w+): (.*)$", re.MULTILINE)


def sql(name: str = "functions") -> Any:
    """A module of pyspark.sql."""
    arrow()  # without which mapInArrow fails in the workers, and says less
    try:
        return importlib.import_module(f"pyspark.sql.{name}")
    except ImportError as error:
        raise ImportError(
            "DataFrames need pyspark: pip install 'swift-turboquant[spark]'"
        ) from error


def column_of(df: DataFrame, name: str, what: str) -> Column:
    """A column by its name, which may have dots. Raises ValueError if there is not exactly one, TypeError without Spark's frame."""
    if not hasattr(df, "mapInArrow"):  # Spark Connect has a class of its own
        raise TypeError(
            f"df is a {type(df).__module__}.{type(df).__name__}, expected a DataFrame of Spark"
        )
    if df.columns.count(name) != 1:
        raise ValueError(f"{what} is {name!r}, expected one of {df.columns}")
    column: Column = sql().col("`" + name.replace("`", "``") + "`")
    return column


def check_vectors(df: DataFrame, name: str) -> None:
    """Raises TypeError unless a column has arrays of numbers."""
    types = sql("types")
    kind = df.schema[name].dataType
    numbers = (types.FloatType, types.DoubleType, types.IntegralType)
    if not isinstance(kind, types.ArrayType) or not isinstance(kind.elementType, numbers):
        raise TypeError(
            f"column {name!r} is {kind.simpleString()}, expected array<float>; "
            "pyspark.ml.functions.vector_to_array makes one of vectors"
        )


def partition() -> int:
    """The number of the partition that this worker is at."""
    context = importlib.import_module("pyspark").TaskContext.get()
    return context.partitionId() if context is not None else 0


@contextmanager
def worker_errors() -> Iterator[None]:
    """Raises errors of workers as what they are, such as FileError, where Spark would raise a PythonException with a
    traceback in its text.

        with worker_errors():
            rows = search(spark, path, queries, 10).collect()
    """
    try:
        yield
    except Exception as error:
        found = _RAISED.findall(str(error)) if _is_sparks(error) else []
        kind = getattr(_errors, found[-1][0], None) if found else None
        if kind is None:
            raise
        code = lib.TQ_INDEX_FILE if issubclass(kind, OSError) else lib.TQ_ERROR_VALUE
        raise kind(found[-1][1], code) from error


def _is_sparks(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in ("pyspark", "py4j")
