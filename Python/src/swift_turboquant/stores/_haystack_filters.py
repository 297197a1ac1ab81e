"""Filters of Haystack."""

from collections.abc import Callable
from typing import Any

from haystack import Document
from haystack.errors import FilterError
from haystack.utils.filters import document_matches_filter


def predicate(filters: dict[str, Any] | None) -> Callable[[Document], bool] | None:
    """What a filter says of a document; None if it says nothing.

    Raises:
        FilterError: it is no filter, whatever the documents are.
    """
    if not filters:
        return None
    _check(filters)
    return lambda document: document_matches_filter(filters, document)


def _check(filters: Any) -> None:
    if not isinstance(filters, dict):
        raise FilterError(f"the filter is {filters!r}, expected a dictionary")
    if filters.get("field") in ("embedding", "score"):
        raise FilterError(f"{filters['field']!r} is none of what the store compares")
    conditions = () if "field" in filters else filters.get("conditions", ())
    if not isinstance(conditions, (list, tuple)):
        raise FilterError(f"the filter has the conditions {conditions!r}, expected a list")
    for each in conditions:
        _check(each)
    document_matches_filter(
        filters, Document(id="none")
    )  # raises, where there are no documents too
