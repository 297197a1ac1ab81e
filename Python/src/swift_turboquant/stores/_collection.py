"""Documents and the index of their vectors, which change together."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .._errors import FileError, InputError
from ._collection_search import Search
from ._entries import D, Entry
from ._vectors import matrix


class DuplicateIdError(ValueError):
    """A document has the id already."""


class Collection(Search[D]):
    """Documents by id, some with a vector. Every thread may use it.

    A vector's id in the index, its row, is never used again, and a document that is replaced gets a new row. So a hit can
    only belong to the document whose vector was compared, whatever changes meanwhile, and an interrupted change leaves at
    most rows without documents.
    """

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
            new = {
                id: Entry(id, documents[place], numbers.get(place)) for id, place in chosen.items()
            }
            self._exchange(self.get(new), new)
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
        except InputError as error:
            raise _named(error, [ids[place] for place in given]) from None
        except BaseException:  # Ctrl-C may come after the rows
            self.sweep()
            raise
        return given, rows.tolist()

    def _exchange(self, old: list[Entry[D]], new: dict[str, Entry[D]]) -> None:
        """Takes documents away and adds others, or changes nothing where the index's file turns out to be damaged."""
        self._set(old, new)
        try:
            self._forget(each.row for each in old)
        except FileError:
            self._set(list(new.values()), {each.id: each for each in old})
            raise

    def _set(self, old: list[Entry[D]], new: dict[str, Entry[D]]) -> None:
        rows = {each.row: each.id for each in new.values() if each.row is not None}
        with self._lock:
            self._version += 1
            for each in old:
                if each.id not in new:
                    del self._entries[each.id]
            self._ids.update(rows)
            self._entries.update(new)

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
        self._exchange(old, {})
        return len(old)


def _named(error: InputError, ids: list[str]) -> InputError:
    """An error that says of which document the row is."""
    row = re.match(r"row (\d+)", str(error))
    which = f"document {ids[int(row[1])]!r}: " if row else ""
    return InputError(f"{which}{error}", error.code)
