"""Rows of an index: what changes and reads them."""

import ctypes
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ._arrays import address, rows, thread_count
from ._errors import InputError, UnknownIdError
from ._ids import IdArray, Ids, Tags, is_single, number_of, numbers, tags, untagged
from ._index_core import IndexCore
from ._library import lib
from ._work import Progress, run

# Coordinates that take some hundredths of a second: where Ctrl-C becomes worth a thread.
_LONG = 1 << 22


class IndexRows(IndexCore):
    """The part of `Index` that deals with rows."""

    def add(
        self, x: npt.ArrayLike, ids: Ids | None = None, *,
        threads: int | None = None, progress: Progress | None = None,
    ) -> IdArray:  # fmt: skip
        """Adds rows; all of them or, when it fails, none.

        Args:
            x: (rows, dim) or (dim,); float32, float16 and bfloat16 are read as they are, others become float32.
            ids: one for each row. Integers may be left out: rows then get those after the largest one ever used.
            threads: by default one for one row, else all that the process may use. The codes do not depend on it.
            progress: called with the numbers of rows done and of all, on another thread. It must not change an index.
                An exception in it ends the work, and `add` raises it; nothing is added then. After Ctrl-C the rows may be
                there.

        Returns:
            The ids of the rows, int64 or objects.

        Raises:
            InputError: an id is there already or given twice, there are too few or too many, or a row is not finite
                or too long.
            ValueError: x has another shape, or an id cannot be one.
            TypeError: x is not made of real numbers, or an id is of another type than those of the index.
        """
        if ids is None and self.id_kind != "int":
            raise ValueError(
                f"ids are missing; every row of this index needs one, of type {self.id_kind}"
            )
        return self._put("add", x, ids, threads, progress)

    def upsert(
        self, x: npt.ArrayLike, ids: Ids, *,
        threads: int | None = None, progress: Progress | None = None,
    ) -> IdArray:  # fmt: skip
        """Adds rows, or replaces those whose ids are there already; of an id that is given twice, the last row counts.

        Arguments, result and errors are those of `add`.
        """
        if ids is None:
            raise ValueError("ids are missing; upsert needs one for each row")
        return self._put("upsert", x, ids, threads, progress)

    def _put(
        self, verb: str, x: npt.ArrayLike, ids: Ids | None, threads: int | None,
        progress: Progress | None,
    ) -> IdArray:  # fmt: skip
        given = rows(x, self.dim, "x")
        count = given.count // self.dim
        options = lib.struct("tq_work_options", threads=thread_count(threads, count))
        put, named, place, result = self._names(verb, ids, count)

        def work(callback: Any) -> None:
            if callback is not None:
                options.progress = callback
            put(
                self._handle.value, given.address, given.count, given.type, *named,
                ctypes.byref(options), *place,
            )  # fmt: skip

        run(work, progress, given.count > _LONG)
        return result

    def _names(
        self, verb: str, ids: Ids | None, count: int
    ) -> tuple[Callable[..., None], tuple[Any, ...], tuple[Any, ...], IdArray]:
        """The C function that puts rows, what it gets of ids, where it writes ids, and the ids that rows will have.

        `array.ctypes` keeps an array alive, where its address would not.
        """
        if ids is not None and self.id_kind != "int":
            names = tags(ids, self.id_kind)
            put = getattr(lib, f"tq_index_{verb}_tagged")
            return put, names.arguments, (None, 0), names.array
        put = getattr(lib, f"tq_index_{verb}")
        if ids is None:
            assigned = np.empty(count, np.int64)
            return put, (None, 0), (assigned.ctypes, count), assigned
        given = numbers(ids)
        place = (None, 0) if verb == "add" else ()
        return put, (given.ctypes, given.size), place, given.copy()

    def remove(self, ids: Ids, *, missing: Literal["error", "ignore"] = "error") -> int:
        """Removes rows; all of them or, when it fails, none. Removed ids are not assigned again.

        Args:
            ids: one or several.
            missing: what happens when an id is not there: an error, or nothing, as in FAISS.

        Returns:
            How many rows were removed.

        Raises:
            UnknownIdError: an id is not there or given twice; not with missing="ignore".
        """
        if missing not in ("error", "ignore"):
            raise ValueError(f"missing is {missing!r}, expected 'error' or 'ignore'")
        remove = lib.tq_index_remove if self.id_kind == "int" else lib.tq_index_remove_tagged
        chosen: Any = ids
        while True:
            if missing == "ignore":
                chosen = self._present(chosen)
            if self.id_kind == "int":
                named = numbers(chosen)
                arguments: tuple[Any, ...] = address(named), named.size
                count = named.size
            else:
                names = tags(chosen, self.id_kind)
                arguments, count = names.arguments, len(names.items)
            try:
                remove(self._handle.value, *arguments)
            except UnknownIdError:
                if missing == "ignore":  # another thread was faster
                    continue
                raise
            return count

    def _present(self, ids: Ids) -> Any:
        """Those of the ids that are there, each once."""
        if self.id_kind == "int":
            named = np.unique(numbers(ids))
            return named[self._has(named)]
        names = list(dict.fromkeys(tags(ids, self.id_kind).items))
        places = self._numbers_of(tags(names, self.id_kind))
        return [name for name, place in zip(names, places.tolist(), strict=True) if place >= 0]

    def _has(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        found = np.empty(ids.size, np.bool_)
        lib.tq_index_contains(
            self._handle.value, address(ids), ids.size, address(found), found.size
        )
        return found

    def _numbers_of(self, names: Tags) -> npt.NDArray[np.int64]:
        """The library's own ids of tags, -1 where there are none."""
        found = np.empty(len(names.items), np.int64)
        lib.tq_index_ids_of_tags(self._handle.value, *names.arguments, address(found), found.size)
        return found

    def merge(self, other: "IndexRows") -> None:
        """Adds all rows of another index, whose codes are copied as they are.

        Raises:
            InputError: it has another fingerprint, other ids or originals, or an id that is here too; nothing is added.
        """
        if not isinstance(other, IndexRows):
            raise TypeError(f"other is of type {type(other).__name__}, expected Index")
        lib.tq_index_merge(self._handle.value, other._handle.value)

    def __contains__(self, id: object) -> bool:
        if not is_single(id):
            return False
        if self.id_kind == "int":
            number = number_of(id)
            if number is None:
                return False
            found = ctypes.c_uint8()
            place = ctypes.byref(ctypes.c_int64(number))
            lib.tq_index_contains(self._handle.value, place, 1, ctypes.byref(found), 1)
            return bool(found.value)
        try:
            names = tags([id], self.id_kind)
        except (TypeError, ValueError):  # nothing that could be an id
            return False
        return bool(self._numbers_of(names)[0] >= 0)

    @property
    def ids(self) -> IdArray:
        """The ids of all rows, in no particular order, int64 or objects."""
        while True:
            own = self._own_ids()
            if self.id_kind == "int":
                return own
            try:
                return self._tags_of(own)
            except UnknownIdError:  # removed in between
                continue

    def _own_ids(self) -> npt.NDArray[np.int64]:
        count = ctypes.c_size_t(len(self))
        while True:
            ids = np.empty(count.value, np.int64)
            try:
                lib.tq_index_ids(self._handle.value, address(ids), ids.size, ctypes.byref(count))
            except InputError as error:
                if error.code != lib.TQ_ERROR_CAPACITY:  # else rows were added in between
                    raise
            else:
                return ids[: count.value]

    def _tags_of(self, own: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
        offsets = np.empty(own.size + 1, np.uint64)
        count = ctypes.c_size_t()
        data = np.empty(0, np.uint8)
        while True:
            try:
                lib.tq_index_tags_of_ids(
                    self._handle.value, address(own), own.size, address(data), data.size,
                    ctypes.byref(count), address(offsets), offsets.size,
                )  # fmt: skip
            except InputError as error:
                if error.code != lib.TQ_ERROR_CAPACITY:
                    raise
                data = np.empty(count.value, np.uint8)
            else:
                return untagged(data[: count.value], offsets, self.id_kind)

    def reconstruct(self, ids: Ids) -> npt.NDArray[np.float32]:
        """The vectors that codes stand for, (ids, dim), or (dim,) for one id; of cosines, the directions.

        Raises:
            UnknownIdError: an id is not there.
        """
        return self._vectors(lib.tq_index_reconstruct, ids)

    def original_vectors(self, ids: Ids) -> npt.NDArray[np.float32]:
        """The vectors themselves, (ids, dim), or (dim,) for one id.

        Raises:
            UnknownIdError: an id is not there.
            InputError: the index keeps no originals.
        """
        return self._vectors(lib.tq_index_original, ids)

    def _vectors(self, read: Callable[..., None], ids: Ids) -> npt.NDArray[np.float32]:
        if self.id_kind == "int":
            own = numbers(ids)
        else:
            names = tags(ids, self.id_kind)
            own = self._numbers_of(names)
            if own.size and own.min() < 0:
                name = names.items[int(np.argmin(own))]
                raise UnknownIdError(f"no row has the id {name!r}", lib.TQ_INDEX_UNKNOWN_TAG)
        vectors = np.empty((own.size, self.dim), np.float32)
        read(self._handle.value, address(own), own.size, address(vectors), vectors.size)
        return vectors[0] if is_single(ids) else vectors
