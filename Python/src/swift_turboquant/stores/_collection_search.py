"""The part of a collection that searches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from .._errors import UnknownIdError
from ..index import Index
from ._entries import D, Entries, Entry
from ._vectors import vector

T = TypeVar("T")

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Hit(Generic[D]):
    """A document that a search has found. `vector` is there when it was asked for."""

    entry: Entry[D]
    score: float
    vector: npt.NDArray[np.float32] | None


class Search(Entries[D]):
    """Searches take no lock: one that a change may have disturbed is repeated."""

    def search(
        self,
        query: npt.ArrayLike,
        k: int,
        where: Callable[[D], bool] | None = None,
        *,
        rerank: int | None = None,
        with_vectors: bool = False,
    ) -> list[Hit[D]]:
        """Finds the k nearest documents, the nearest first; fewer where there are not as many.

        Args:
            query: (dim,).
            k: at least 1.
            where: only documents for which it holds are found; it is called for every document.
            rerank: as in `Index.search`; by default 4 k, at least 64, where there are originals.
            with_vectors: whether hits have their vectors.
        """
        if k < 1:
            raise ValueError(f"k is {k}, expected at least 1")
        q = vector(query, self.dim)
        return self._steady(lambda: self._found(q, k, where, rerank, with_vectors))

    def with_vectors(
        self, where: Callable[[D], bool] | None = None
    ) -> list[tuple[Entry[D], npt.NDArray[np.float32] | None]]:
        """Documents for which `where` holds, the oldest first, each with its vector: the original, else what the codes stand
        for; None if it has none.
        """
        return self._steady(lambda: self._with_vectors(self.entries(where)))

    def _with_vectors(
        self, entries: list[Entry[D]]
    ) -> list[tuple[Entry[D], npt.NDArray[np.float32] | None]] | None:
        index = self.index
        rows = [each.row for each in entries if each.row is not None]
        if index is None or not rows:
            return [(each, None) for each in entries]
        try:
            found = iter(self._vectors(index, rows))
        except UnknownIdError:  # some were removed meanwhile
            return None
        return [(each, None if each.row is None else next(found)) for each in entries]

    def _found(
        self,
        query: npt.NDArray[np.float32],
        k: int,
        where: Callable[[D], bool] | None,
        rerank: int | None,
        with_vectors: bool,
    ) -> list[Hit[D]] | None:
        """The hits, or None when a document was removed or replaced during the search."""
        index = self.index
        if index is None or (k := min(k, len(index))) == 0:
            return []
        rows = None
        if where is not None:
            rows = [each.row for each in self.entries(where) if each.row is not None]
            if not rows:
                return []
        if rerank is None:
            rerank = max(4 * k, 64) if index.originals else 0
        scores, found = index.search(query, k, filter=rows, rerank=rerank)
        kept = found >= 0
        entries = self._of_rows(found[kept].tolist())
        if entries is None:
            return None
        vectors: Any = [None] * len(entries)
        if with_vectors:
            try:
                vectors = self._vectors(index, found[kept])
            except UnknownIdError:
                return None
        hits = zip(entries, scores[kept].tolist(), vectors, strict=True)
        return [Hit(entry, score, its) for entry, score, its in hits]

    def _of_rows(self, rows: list[int]) -> list[Entry[D]] | None:
        found = []
        with self._lock:
            for row in rows:
                entry = self._entries.get(self._ids.get(row, ""))
                if entry is None or entry.row != row:
                    return None
                found.append(entry)
        return found

    @staticmethod
    def _vectors(index: Index, rows: Any) -> npt.NDArray[np.float32]:
        return index.original_vectors(rows) if index.originals else index.reconstruct(rows)

    def _steady(self, read: Callable[[], T | None]) -> T:
        """What `read` returns when no change came in between. After some tries changes have to wait."""
        for _ in range(_TRIES):
            version = self._version
            result = read()
            if result is not None and version == self._version:
                return result
        with self.changes:
            self.sweep()
            version = self._version
            result = read()
            changed = version != self._version
        if result is None or changed:
            raise RuntimeError("the filter of a search changes the documents that it looks at")
        return result
