"""Documents and the rows of their vectors."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from ..index import Index
from ._options import IndexOptions

if TYPE_CHECKING:
    from typing_extensions import Self

D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Entry(Generic[D]):
    """A document; `row` is its vector's id in the index, None if it has no vector."""

    id: str
    document: D
    row: int | None


class Entries(Generic[D]):
    """The part of a collection that all others need."""

    def __init__(self, options: IndexOptions) -> None:
        self.options = options
        self.index: Index | None = None if options.dim is None else options.index(options.dim)
        self._entries: dict[str, Entry[D]] = {}
        self._ids: dict[int, str] = {}  # of rows; may have rows that their documents no longer have
        self._version = 0
        self._lock = threading.Lock()  # held for moments
        self.changes = threading.RLock()  # held for as long as a change takes

    @classmethod
    def of(cls, options: IndexOptions, index: Index | None, entries: dict[str, Entry[D]]) -> "Self":
        """What an index and documents that belong together are."""
        collection = cls(options)
        collection.index = index
        collection._entries = entries
        collection._ids = {each.row: each.id for each in entries.values() if each.row is not None}
        return collection

    @property
    def dim(self) -> int | None:
        """Coordinates of a vector; None until the first one."""
        index = self.index
        return None if index is None else index.dim

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, ids: Iterable[str]) -> list[Entry[D]]:
        """Those that are there, each once."""
        with self._lock:
            found = (self._entries.get(id) for id in dict.fromkeys(ids))
            return [each for each in found if each is not None]

    def entries(self, where: Callable[[D], bool] | None = None) -> list[Entry[D]]:
        """All for which `where` holds, the oldest first. Linear time."""
        with self._lock:
            entries = list(self._entries.values())
        return entries if where is None else [each for each in entries if where(each.document)]

    def _forget(self, rows: Iterable[int | None]) -> None:
        """Removes rows that no document has any more."""
        old = [row for row in rows if row is not None]
        if old and self.index is not None:
            self.index.remove(old, missing="ignore")
        with self._lock:
            for row in old:
                self._ids.pop(row, None)

    def sweep(self) -> None:
        """Removes the rows that an interrupted change has left; the caller holds `changes`."""
        if self.index is None:
            return
        rows = {each.row for each in self._entries.values()}
        if len(self.index) != len(rows - {None}):
            self._forget(row for row in self.index.ids.tolist() if row not in rows)
