"""Conditions on metadata."""

import pytest

from swift_turboquant.stores._conditions import condition


@pytest.mark.parametrize(
    "name, expected, holding",
    [
        ("==", 1, {"one", "true", "float"}),
        ("==", None, {"none"}),
        ("!=", 1, {"two", "text", "none", "list", "missing", "empty"}),
        (">", 1, {"two"}),
        (">=", 1, {"one", "two", "true", "float"}),
        ("<", "b", {"text", "empty"}),
        ("<=", 2, {"one", "two", "true", "float"}),
        ("in", [2, "a word"], {"two", "text"}),
        ("nin", [1, 2], {"text", "none", "list", "missing", "empty"}),
        ("contains", "word", {"text", "list"}),
        ("any", ["x", "word"], {"text", "list"}),
        ("all", ["word", "b"], {"list"}),
        ("text_match", "WORD", set()),
        ("text_match_insensitive", "WORD", {"text"}),
        ("is_empty", None, {"none", "missing", "empty"}),
        ("exists", False, {"missing"}),
    ],
)
def test_conditions(name, expected, holding):
    values = {
        "one": 1, "two": 2, "true": True, "float": 1.0, "text": "a word", "none": None,
        "list": ["word", "b"], "empty": "",
    }  # fmt: skip
    metadata = {which: {"key": value} for which, value in values.items()} | {"missing": {}}
    holds = condition(name, "key", expected)
    assert {which for which, its in metadata.items() if holds(its)} == holding


@pytest.mark.parametrize(
    "name, expected", [("in", "ab"), ("any", 3), ("text_match", 3), ("exists", 1)]
)
def test_conditions_that_cannot_hold(name, expected):
    with pytest.raises(ValueError, match="the filter of 'key' has"):
        condition(name, "key", expected)
