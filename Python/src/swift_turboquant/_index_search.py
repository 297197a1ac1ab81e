"""Searches of an index."""

import ctypes
from typing import Any, Literal, SupportsIndex, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from ._arrays import Rows, address, rows, size, thread_count
from ._ids import IdArray, Ids
from ._index_core import IndexCore
from ._library import lib
from ._search import Exactness, filtered_options, hits, plain_options
from ._work import Progress, run

Floats: TypeAlias = npt.NDArray[np.float32]

# Coordinates that take some hundredths of a second: where Ctrl-C becomes worth a thread.
_LONG = 1 << 30


class IndexSearch(IndexCore):
    """The part of `Index` that searches."""

    @overload
    def search(
        self, q: npt.ArrayLike, k: SupportsIndex, *, filter: Ids | None = None,
        rerank: SupportsIndex = 0, exactness: Exactness = "certified",
        failure_probability: float | None = None, threads: int | None = None,
        progress: Progress | None = None, with_error: Literal[False] = False,
    ) -> tuple[Floats, IdArray]: ...  # fmt: skip

    @overload
    def search(
        self, q: npt.ArrayLike, k: SupportsIndex, *, filter: Ids | None = None,
        rerank: SupportsIndex = 0, exactness: Exactness = "certified",
        failure_probability: float | None = None, threads: int | None = None,
        progress: Progress | None = None, with_error: Literal[True],
    ) -> tuple[Floats, IdArray, Floats]: ...  # fmt: skip

    def search(
        self, q: npt.ArrayLike, k: SupportsIndex, *, filter: Ids | None = None,
        rerank: SupportsIndex = 0, exactness: Exactness = "certified",
        failure_probability: float | None = None, threads: int | None = None,
        progress: Progress | None = None, with_error: bool = False,
    ) -> Any:  # fmt: skip
        """Finds the k nearest rows of each query, nearest first, equal scores by id (of texts and bytes, by the order in
        which they were first added).

        Args:
            q: (queries, dim), or (dim,) for a single query.
            k: at least 1; may be more than there are rows.
            filter: if given, only rows with these ids are found; unknown ones are ignored.
            rerank: how many of the best rows are compared exactly, with their originals; 0 is none.
            exactness: "certified" may, with a probability of at most `failure_probability` per query, miss a row that
                "exhaustive" finds, which reads every code.
            failure_probability: of a certified search; by default 0.001.
            threads: by default one for a single query, else all that the process may use. Results do not depend on it.
            progress: as in `add`, with numbers of queries.
            with_error: also returns the standard errors of the scores, 0 for exact ones.

        Returns:
            Scores and ids as in FAISS, D float32 and I int64 (or objects), both (queries, k), or (k,) for a single query.
            Where there are fewer than k rows, I is -1 (or None) and D is -inf, of squared distances +inf.

        Raises:
            InputError: k is 0, a query is not finite, or `rerank` lacks originals.
            ValueError: q has another shape, or an option is impossible.
        """
        given = rows(q, self.dim, "q")
        count = given.count // self.dim
        k, rerank = size(k, "k"), size(rerank, "rerank")
        threads = thread_count(threads, count)
        is_long = count > 1 and count * self.dim * len(self) > _LONG
        if filter is None and progress is None and not is_long:
            options = plain_options(threads, exactness, failure_probability, rerank)
            found = self._found(given, count, k, options, with_error)
        else:
            filtered, _kept = filtered_options(
                threads, exactness, failure_probability, rerank, filter, self.id_kind
            )
            outcome = []

            def work(callback: Any) -> None:
                if callback is not None:
                    filtered.progress = callback
                outcome.append(self._found(given, count, k, ctypes.byref(filtered), with_error))

            run(work, progress, is_long)
            found = outcome[0]
        return tuple(each[0] for each in found) if given.is_single else found

    def _found(
        self, given: Rows, count: int, k: int, options: Any, with_error: bool
    ) -> tuple[npt.NDArray[Any], ...]:
        if self.id_kind != "int":
            found = hits(
                self.id_kind, with_error, lib.tq_index_search_hits,
                self._handle.value, given.address, given.count, given.type, k, options,
            )  # fmt: skip
            return found.table(k, self._missing)
        scores, ids = np.empty((count, k), np.float32), np.empty((count, k), np.int64)
        errors = np.empty((count, k), np.float32) if with_error else None
        lib.tq_index_search(
            self._handle.value, given.address, given.count, given.type, k, options,
            address(scores), address(ids), None if errors is None else address(errors), count * k,
        )  # fmt: skip
        return (scores, ids) if errors is None else (scores, ids, errors)

    @overload
    def range_search(
        self, q: npt.ArrayLike, limit: float, *, filter: Ids | None = None,
        threads: int | None = None, with_error: Literal[False] = False,
    ) -> tuple[npt.NDArray[np.int64], Floats, IdArray]: ...  # fmt: skip

    @overload
    def range_search(
        self, q: npt.ArrayLike, limit: float, *, filter: Ids | None = None,
        threads: int | None = None, with_error: Literal[True],
    ) -> tuple[npt.NDArray[np.int64], Floats, IdArray, Floats]: ...  # fmt: skip

    def range_search(
        self, q: npt.ArrayLike, limit: float, *, filter: Ids | None = None,
        threads: int | None = None, with_error: bool = False,
    ) -> Any:  # fmt: skip
        """Finds all rows whose inner product or cosine is at least `limit`, or whose squared distance is at most that.
        Every code is read.

        Args:
            q: (queries, dim), or (dim,) for a single query.
            limit: itself included. Scores are estimates: a row's distance to itself may be above 0.
            filter, threads, with_error: as in `search`.

        Returns:
            lims, D, I as in FAISS: the hits of query i, nearest first, are D[lims[i]:lims[i + 1]]. lims is int64.
        """
        given = rows(q, self.dim, "q")
        count = thread_count(threads, given.count // self.dim)
        options, _kept = filtered_options(count, None, None, 0, filter, self.id_kind)
        found = hits(
            self.id_kind, with_error, lib.tq_index_range_search,
            self._handle.value, given.address, given.count, given.type, ctypes.c_float(limit),
            ctypes.byref(options),
        )  # fmt: skip
        return found if with_error else found[:3]
