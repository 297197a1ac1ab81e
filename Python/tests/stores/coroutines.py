"""Tests of others that are coroutines."""

import inspect
from typing import Any

import pytest


def marked(suite: type) -> Any:
    """The suite, whose coroutines pytest-asyncio runs; it expects a setting of the whole project otherwise."""
    for _, function in inspect.getmembers(suite, inspect.iscoroutinefunction):
        pytest.mark.asyncio(function)
    return suite
