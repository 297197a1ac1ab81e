"""The rows of a batch in one layer: a cache for each, and the columns of the batch that are padding in it."""

from __future__ import annotations

import bisect
from collections.abc import Iterable

from ..cache import KVCache


class Row:
    """One sequence of a batch. Columns count padding, tokens of the cache do not."""

    __slots__ = ("cache", "padding", "shift")

    def __init__(
        self, cache: KVCache, padding: tuple[int, ...] = (), shift: int | None = None
    ) -> None:
        self.cache = cache
        self.padding = padding
        """The columns that are padding, ascending."""
        self.shift = shift
        """The position of the first token as the model counts it, if it tells."""

    def tokens(self, columns: int) -> int:
        """How many tokens are in the first columns."""
        return columns - bisect.bisect_left(self.padding, columns)

    def is_left_padded(self) -> bool:
        """Whether all padding comes before all tokens."""
        return not self.padding or self.padding[-1] == len(self.padding) - 1

    def fork(self) -> Row:
        return Row(self.cache.fork(), self.padding, self.shift)


def selected(rows: list[Row], indices: Iterable[int]) -> list[Row]:
    """Rows by their number. The first use of a row takes it, every further one forks it."""
    used: set[int] = set()
    result = []
    for index in indices:
        result.append(rows[index].fork() if index in used else rows[index])
        used.add(index)
    return result
