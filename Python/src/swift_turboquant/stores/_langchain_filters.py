"""Filters of LangChain: a function, or conditions on metadata as in MongoDB."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ._conditions import condition

Filter: TypeAlias = Callable[[Any], bool] | Mapping[str, Any] | None
Predicate: TypeAlias = Callable[[Mapping[str, Any]], bool]

_NAMES = {
    "$eq": "==", "$ne": "!=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<=",
    "$in": "in", "$nin": "nin", "$contains": "contains", "$exists": "exists",
}  # fmt: skip


def predicate(filter: Filter) -> Callable[[Any], bool] | None:
    """What a filter says of a document; None if it says nothing.

    Raises:
        TypeError, ValueError: it is no filter.
    """
    if filter is None or callable(filter):
        return filter
    holds = _all_of(filter)
    return lambda document: holds(document.metadata)


def _all_of(filter: Any) -> Predicate:
    if not isinstance(filter, Mapping):
        raise TypeError(f"the filter is {filter!r}, expected a dictionary or a function")
    parts = [_part(key, expected) for key, expected in filter.items()]
    return lambda metadata: all(part(metadata) for part in parts)


def _part(key: Any, expected: Any) -> Predicate:
    if key in ("$and", "$or"):
        if not isinstance(expected, (list, tuple)):
            raise ValueError(f"{key} has {expected!r}, expected a list of filters")
        parts = [_all_of(each) for each in expected]
        join = all if key == "$and" else any
        return lambda metadata: join(part(metadata) for part in parts)
    if key == "$not":
        part = _all_of(expected)
        return lambda metadata: not part(metadata)
    if not isinstance(key, str) or key.startswith("$"):
        raise ValueError(
            f"the filter has the key {key!r}, expected one of metadata, $and, $or, $not"
        )
    if not isinstance(expected, Mapping):
        return condition("==", key, expected)
    unknown = [name for name in expected if name not in _NAMES]
    if unknown or not expected:
        raise ValueError(
            f"the filter of {key!r} has {unknown or expected}, expected some of {', '.join(_NAMES)}; a dictionary is compared "
            "with $eq"
        )
    parts = [condition(_NAMES[name], key, value) for name, value in expected.items()]
    return lambda metadata: all(part(metadata) for part in parts)
