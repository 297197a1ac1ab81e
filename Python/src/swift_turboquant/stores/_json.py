"""JSON that comes back as it was."""

import json
import math
from typing import Any


def line(value: Any, where: str) -> str:
    """JSON of a value, in one line of ASCII.

    Raises:
        TypeError, ValueError: the value would come back as another one, or not at all; `where` is in the message.
    """
    try:
        _check(value, where)
    except RecursionError:
        raise ValueError(f"{where} is nested too deeply, or contains itself") from None
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _check(value: Any, where: str) -> None:
    kind = type(value)
    if value is None or kind in (str, bool, int):
        return
    if kind is float:
        if not math.isfinite(value):
            raise ValueError(f"{where} is {value}, which JSON cannot hold")
    elif kind is list:
        for place, each in enumerate(value):
            _check(each, f"{where}[{place}]")
    elif kind is dict:
        for key, each in value.items():
            if type(key) is not str:
                raise TypeError(f"{where} has the key {key!r}, expected a text")
            _check(each, f"{where}[{key!r}]")
    else:
        raise TypeError(
            f"{where} is {value!r}, of type {kind.__name__}; a folder holds texts, numbers, truth values, None, and lists "
            "and dictionaries of them"
        )
