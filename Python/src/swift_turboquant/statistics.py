"""What keys and queries of a calibration text have in common."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Any

import numpy as np

from ._arrays import address, token_pair
from ._errors import InputError
from ._library import Handle, lib
from ._options import choice
from .cache import KVCache
from .equalization import KINDS, Equalization, EqualizationKind


class KVStatistics:
    """Moments of one attention layer's keys and queries, from which its equalization follows.

    The text should be other than what the cache is judged on, and judged by what the model then says, not by the error of
    keys. A few thousand tokens are enough for a diagonal.

    Args:
        arguments, options: those of the cache to come, as `KVCache` takes them. Heads, dimension, centring and sinks count;
            an equalization does not.

    Raises:
        ValueError: there is no such cache (InputError where the library says so).
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        cache = KVCache(*arguments, **options)
        structure, _alive = cache._options.struct()
        self._handle = Handle(
            lib.tq_statistics_create, lib.tq_statistics_free, ctypes.byref(structure)
        )
        self.query_heads = cache.query_heads
        self.kv_heads = cache.kv_heads
        self.key_dim = cache.key_dim

    def add(self, keys: Any, queries: Any) -> None:
        """Adds one sequence, from position 0 on, without the sinks. What centring takes off the keys is its own mean.

        Args:
            keys: after any rotary embedding, (kv_heads, tokens, key_dim).
            queries: of the same tokens, (query_heads, tokens, key_dim).

        Raises:
            InputError: a number is not finite or too large. Nothing is added.
            ValueError: shapes do not fit.
            TypeError: keys or queries are not of real numbers, on another device, or require a gradient.
        """
        shapes = (self.kv_heads, self.key_dim), (self.query_heads, self.key_dim)
        k, q, kind = token_pair(keys, queries, shapes, ("keys", "queries"))
        lib.tq_statistics_add(self._handle.value, address(k), k.size, address(q), q.size, kind)

    def equalization(self, kind: EqualizationKind) -> Equalization:
        """The metrics that make the noise of scores least: of "diagonal", a factor per channel, or of "matrix", any.

        Raises:
            InputError: no token was added, or channels differ so much that float32 cannot keep a matrix.
            ValueError: there is no such kind.
        """
        number = choice(KINDS, kind, "kind")
        count = ctypes.c_size_t()
        with contextlib.suppress(InputError):  # there is no room yet
            lib.tq_statistics_equalization(self._handle.value, number, None, 0, ctypes.byref(count))
        numbers = np.empty(count.value, np.float32)
        lib.tq_statistics_equalization(
            self._handle.value, number, address(numbers), numbers.size, ctypes.byref(count)
        )
        return Equalization._of_numbers(number, numbers, self.kv_heads, self.key_dim)

    def __len__(self) -> int:
        """How many tokens beyond the sinks were added."""
        count = ctypes.c_size_t()
        lib.tq_statistics_count(self._handle.value, ctypes.byref(count))
        return count.value

    def __repr__(self) -> str:
        return (
            f"<KVStatistics of {len(self)} tokens: {self.query_heads} query heads, "
            f"{self.kv_heads} × {self.key_dim}>"
        )
