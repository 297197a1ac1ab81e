"""Conditions on metadata."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

MISSING = object()
"""What a key that is not there is compared as."""

Condition = Callable[[Any, Any], bool]


def _ordered(compare: Callable[[Any, Any], Any]) -> Condition:
    """A comparison that is false where there is no order, such as between a text and a number."""

    def holds(found: Any, expected: Any) -> bool:
        try:
            return found is not MISSING and bool(compare(found, expected))
        except TypeError:
            return False

    return holds


def _equal(found: Any, expected: Any) -> bool:
    return found is not MISSING and bool(found == expected)


def _one_of(found: Any, expected: Any) -> bool:
    return any(_equal(found, each) for each in expected)


def _contains(found: Any, expected: Any) -> bool:
    """Whether a list has an item, or a text a part."""
    if isinstance(found, str):
        return isinstance(expected, str) and expected in found
    return isinstance(found, (list, tuple, set)) and expected in found


def _any(found: Any, expected: Any) -> bool:
    return any(_contains(found, each) for each in expected)


def _all(found: Any, expected: Any) -> bool:
    return found is not MISSING and all(_contains(found, each) for each in expected)


def _text(found: Any, expected: Any) -> bool:
    return isinstance(found, str) and expected in found


def _text_of_any_case(found: Any, expected: Any) -> bool:
    return isinstance(found, str) and expected.casefold() in found.casefold()


def _empty(found: Any, _expected: Any) -> bool:
    return found is MISSING or found is None or found in ("", [])


CONDITIONS: Mapping[str, Condition] = {
    "==": _equal,
    "!=": lambda found, expected: not _equal(found, expected),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    "in": _one_of,
    "nin": lambda found, expected: not _one_of(found, expected),
    "contains": _contains,
    "any": _any,
    "all": _all,
    "text_match": _text,
    "text_match_insensitive": _text_of_any_case,
    "is_empty": _empty,
    "exists": lambda found, expected: (found is not MISSING) == expected,
}

_LISTS = {"in", "nin", "any", "all"}
_TEXTS = {"text_match", "text_match_insensitive"}


def condition(name: str, key: str, expected: Any) -> Callable[[Mapping[str, Any]], bool]:
    """Whether the metadata's value of a key is as expected.

    Raises:
        ValueError: the condition cannot have this expected value.
    """
    holds = CONDITIONS[name]
    if name in _LISTS and not isinstance(expected, (list, tuple, set, frozenset)):
        raise ValueError(f"the filter of {key!r} has {expected!r}, “{name}” expects a list")
    if name in _TEXTS and not isinstance(expected, str):
        raise ValueError(f"the filter of {key!r} has {expected!r}, “{name}” expects a text")
    if name == "exists" and not isinstance(expected, bool):
        raise ValueError(f"the filter of {key!r} has {expected!r}, “exists” expects True or False")
    return lambda metadata: holds(metadata.get(key, MISSING), expected)
