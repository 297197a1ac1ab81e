"""Documents and the index of their vectors, which change together."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from .._errors import UnknownIdError
from ..index import Index
from ._options import IndexOptions
from ._vectors import matrix, vector

D = TypeVar("D")
T = TypeVar("T")

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Entry(Generic[D]):
    """A document; `row` is its vector's id in the index, None if it has no vector."""

    id: str
    document: D
    row: int | None


@dataclass(frozen=True, slots=True)
class Hit(Generic[D]):
    """A document that a search has found. `vector` is there when it was asked for."""

    entry: Entry[D]
    score: float
    vector: npt.NDArray[np.float32] | None


class DuplicateIdError(ValueError):
    """A document has the id already."""


class Collection(Generic[D]):
    """Documents by id, some with a vector. Every thread may use it.

    A vector's id in the index, its row, is never used again, and a document that is replaced gets a new row. So a hit can
    only belong to the document whose vector was compared, whatever changes meanwhile, and an interrupted change leaves at
    most rows without documents. Searches take no lock: a search that a change may have disturbed is repeated.
    """

    def __init__(self, options: IndexOptions) -> None:
        self.options = options
        self.index: Index | None = None if options.dim is None else options.index(options.dim)
        self._entries: dict[str, Entry[D]] = {}
        self._ids: dict[int, str] = {}  # of rows; may have rows that their documents no longer have
        self._version = 0
        self._lock = threading.Lock()  # held for moments
        self.changes = threading.RLock()  # held for as long as a change takes

    @classmethod
    def of(
        cls, options: IndexOptions, index: Index | None, entries: dict[str, Entry[D]]
    ) -> "Collection[D]":
        """A collection of an index and documents that belong together."""
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

    def put(
        self,
        ids: Sequence[str],
        documents: Sequence[D],
        vectors: npt.ArrayLike | Sequence[Any],
        existing: Literal["replace", "skip", "error"] = "replace",
    ) -> int:
        """Adds documents; all of them or, when it fails, none.

        Args:
            ids: one for each document.
            documents: kept as they are, so the caller copies them.
            vectors: (documents, dim), or a list in which None stands for no vector.
            existing: what happens when an id is there already, or is given twice.

        Returns:
            How many documents were written, of which some may have replaced others.

        Raises:
            DuplicateIdError: an id is there; only with existing="error".
            InputError, ValueError: a vector is not finite or of another length.
        """
        with self.changes:
            chosen: dict[str, int] = {}
            written = 0
            for place, id in enumerate(ids):
                taken = id in chosen or id in self._entries
                if taken and existing == "error":
                    raise DuplicateIdError(f"there is a document with the id {id!r} already")
                if not (taken and existing == "skip"):
                    chosen[id] = place
                    written += 1
            places = list(chosen.values())
            with_vector, rows = self._add(ids, vectors, places)
            numbers = dict(zip(with_vector, rows, strict=True))
            self._replace(
                {
                    id: Entry(id, documents[place], numbers.get(place))
                    for id, place in chosen.items()
                }
            )
        return written

    def _add(
        self, ids: Sequence[str], vectors: Any, places: list[int]
    ) -> tuple[list[int], list[int]]:
        """Adds the vectors at these places; the places that have one, and their rows."""
        if isinstance(vectors, np.ndarray):
            given = places
        else:
            given = [place for place in places if vectors[place] is not None]
        if not given:
            return [], []
        x = matrix(vectors, ids, given, self.dim)
        index = self.index
        if index is None:
            index = self.options.index(x.shape[1])
        try:
            rows = index.add(x)
            self.index = index
        except BaseException:  # Ctrl-C may come after the rows
            self._sweep()
            raise
        return given, rows.tolist()

    def _replace(self, new: dict[str, Entry[D]]) -> None:
        rows = {each.row: each.id for each in new.values() if each.row is not None}
        old = [self._entries[id].row for id in new if id in self._entries]
        with self._lock:
            self._version += 1
            self._ids.update(rows)
            self._entries.update(new)
        self._forget(old)

    def change(self, where: Callable[[D], bool], new: Callable[[D], D]) -> int:
        """Replaces documents for which `where` holds by `new` of them, which keep their vectors; how many there were."""
        with self.changes:
            changed = {
                each.id: replace(each, document=new(each.document)) for each in self.entries(where)
            }
            with self._lock:
                self._version += 1
                self._entries.update(changed)
        return len(changed)

    def remove(self, ids: Iterable[str]) -> int:
        """Removes documents; how many there were."""
        with self.changes:
            return self._remove(self.get(ids))

    def remove_where(self, where: Callable[[D], bool] | None = None) -> int:
        """Removes documents for which `where` holds, by default all; how many there were."""
        with self.changes:
            return self._remove(self.entries(where))

    def _remove(self, old: list[Entry[D]]) -> int:
        with self._lock:
            self._version += 1
            for each in old:
                del self._entries[each.id]
        self._forget([each.row for each in old])
        return len(old)

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
        self._sweep()

    def _sweep(self) -> None:
        if self.index is None:
            return
        rows = {each.row for each in self._entries.values()}
        if len(self.index) != len(rows - {None}):
            self._forget(row for row in self.index.ids.tolist() if row not in rows)

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

    def vectors_of(self, entries: Sequence[Entry[D]]) -> list[npt.NDArray[np.float32] | None]:
        """The vectors of documents: originals, else what the codes stand for; None for those that have none now."""
        index = self.index
        rows = [each.row for each in entries if each.row is not None]
        if index is None or not rows:
            return [None] * len(entries)
        found: dict[int | None, npt.NDArray[np.float32]] = {}
        try:
            found.update(zip(rows, self._vectors(index, rows), strict=True))
        except UnknownIdError:  # some were removed meanwhile
            for row in rows:
                with suppress(UnknownIdError):
                    found[row] = self._vectors(index, [row])[0]
        return [found.get(each.row) for each in entries]

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
            self._sweep()
            result = read()
        if result is None:
            raise RuntimeError("the filter of a search changes the documents that it looks at")
        return result
