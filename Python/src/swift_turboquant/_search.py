"""Options of searches, and lists of hits."""

import ctypes
import functools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ._arrays import address
from ._ids import IdArray, IdKind, Ids, numbers, tags, untagged
from ._library import Handle, lib
from ._options import choice

Exactness = Literal["certified", "exhaustive"]

_EXACTNESS = {
    "certified": lib.TQ_EXACTNESS_CERTIFIED,
    "exhaustive": lib.TQ_EXACTNESS_EXHAUSTIVE,
}


@functools.lru_cache(maxsize=256)
def plain_options(
    threads: int,
    exactness: Exactness = "certified",
    failure_probability: float | None = None,
    rerank: int = 0,
) -> Any:
    """A reference to the options of a search without filter; nobody changes them."""
    return ctypes.byref(_options(threads, exactness, failure_probability, rerank))


def _options(
    threads: int,
    exactness: Exactness | None,
    failure_probability: float | None,
    rerank: int,
) -> Any:
    if failure_probability is not None and not 0 < failure_probability < 1:  # 0 is C's default
        raise ValueError(
            f"failure_probability is {failure_probability}, expected a number between 0 and 1; "
            'exactness="exhaustive" never fails'
        )
    return lib.struct(
        "tq_search_options",
        exactness=0 if exactness is None else choice(_EXACTNESS, exactness, "exactness"),
        failure_probability=failure_probability or 0,
        rerank=rerank,
        threads=threads,
    )


def filtered_options(
    threads: int,
    exactness: Exactness | None,
    failure_probability: float | None,
    rerank: int,
    filter: Ids | None,
    kind: IdKind,
) -> tuple[Any, object]:
    """Options of a search with a filter or for a listener, and what must live as long as they are in use."""
    options = _options(threads, exactness, failure_probability, rerank)
    if filter is None:
        return options, None
    if kind == "int":
        ids = numbers(filter)
        options.filter_ids, options.filter_id_count = address(ids), ids.size
        return options, ids
    names = tags(filter, kind)
    options.filter_tags, options.filter_tag_byte_count = names.data_address, len(names.data)
    options.filter_tag_offsets = address(names.offsets)
    options.filter_tag_count = len(names.items)
    return options, names


class Hits(NamedTuple):
    """Hits of some queries: those of query i from limits[i] to limits[i + 1]."""

    limits: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    ids: IdArray
    errors: npt.NDArray[np.float32] | None

    def table(self, k: int, missing: float) -> tuple[npt.NDArray[Any], ...]:
        """Lists of at most k tags as arrays (queries, k), filled up."""
        count = len(self.limits) - 1
        if len(self.scores) == count * k:  # nothing is missing
            full = self.scores, self.ids, self.errors
            return tuple(each.reshape(count, k) for each in full if each is not None)
        has_hit = np.arange(k) < np.diff(self.limits)[:, None]
        scores = np.full(has_hit.shape, missing, np.float32)
        ids = np.full(has_hit.shape, None, np.object_)
        scores[has_hit], ids[has_hit] = self.scores, self.ids
        if self.errors is None:
            return scores, ids
        errors = np.zeros(has_hit.shape, np.float32)
        errors[has_hit] = self.errors
        return scores, ids, errors


def hits(kind: IdKind, with_error: bool, search: Callable[..., None], *arguments: Any) -> Hits:
    """What a C function finds that makes a tq_hits."""
    handle = Handle(search, lib.tq_hits_free, *arguments, int(with_error))
    information = lib.struct("tq_hits_information")
    lib.tq_hits_info(handle.value, ctypes.byref(information))
    count = information.hit_count
    limits = np.empty(information.query_count + 1, np.int64)
    scores, ids = np.empty(count, np.float32), np.empty(count, np.int64)
    errors = np.empty(count, np.float32) if with_error else None
    lib.tq_hits_copy(
        handle.value, address(limits), limits.size, address(scores), address(ids),
        None if errors is None else address(errors), count,
    )  # fmt: skip
    if kind == "int":
        return Hits(limits, scores, ids, errors)
    data = np.empty(information.tag_byte_count, np.uint8)
    offsets = np.empty(count + 1, np.uint64)
    lib.tq_hits_copy_tags(handle.value, address(data), data.size, address(offsets), offsets.size)
    return Hits(limits, scores, untagged(data, offsets, kind), errors)
