"""A pool of actors that have the shards of a collection open."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
import numpy.typing as npt
import ray

from .._arrays import rows, widened
from .._errors import InputError
from .._ids import Ids, numbers, tags
from .._library import lib
from .._options import PathArgument, unsigned
from .._search import Exactness
from ..shards import Manifest, Shard, ShardSearch, merge
from ._actor import Searcher
from ._gate import Deadline, Gate
from ._members import Call, Group, Member, abandon
from ._placement import actor_count, cluster_cpus, divided, folder_of, options_of

if TYPE_CHECKING:
    import pyarrow
    from typing_extensions import Self

_LARGE = 1 << 16  # bytes of a request that is put once, and not sent to each actor by itself


class ShardPool:
    """Actors that search the shards of a collection. Every thread may use it.

    A search asks one actor for each shard and merges what they found, so that the result is that of `Shards.search`. When
    an actor dies, another one opens its shards and the request is repeated: a search has a whole result or raises.

    Args:
        path: of a folder that every node sees, also as a `file:` URI.
        actors: how many share the shards; by default one for each shard, if the cluster has CPUs for that.
        replicas: how many actors have the same shards; as many searches go on beside each other.
        max_in_flight: how many searches are under way at most; others wait.
        retries: how often a request is repeated at most if its actor dies each time.
        fingerprint: as in `Shards.open`.
        open_timeout: seconds that all actors together may take until they have opened their shards, or None.
        actor_options: options of Ray for each actor, such as {"num_cpus": 4}, which is also the number of its threads.

    Raises:
        FileError, ValueError: as `Shards.open`; the message names manifest or shard.
        TimeoutError: the actors did not open their shards in time, maybe because the cluster has no room for them.
    """

    def __init__(
        self,
        path: PathArgument,
        *,
        actors: SupportsIndex | None = None,
        replicas: SupportsIndex = 1,
        max_in_flight: SupportsIndex = 8,
        retries: SupportsIndex = 3,
        fingerprint: bytes | None = None,
        open_timeout: float | None = 300,
        actor_options: Mapping[str, Any] | None = None,
    ) -> None:
        folder = folder_of(path)
        self.manifest = Manifest.read(folder)
        self.manifest.expect(fingerprint, folder)
        copies, again = unsigned(replicas, "replicas", least=1), unsigned(retries, "retries")
        self._gate = Gate(unsigned(max_in_flight, "max_in_flight", least=1))
        self._threads = ThreadPoolExecutor(self._gate.limit, "shard-pool")  # of asearch
        deadline, options = Deadline(open_timeout), options_of(actor_options or {})
        cpus = options["num_cpus"]
        kind = ray.remote(Searcher).options(**options)

        def group(part: list[Shard]) -> Group:
            def start() -> Any:
                return kind.remote(folder, self.manifest, part, max(1, int(cpus)))

            return Group(
                [each.file for each in part], [Member(start) for _ in range(copies)], again
            )

        count = actor_count(actors, len(self.manifest.shards), copies * cpus)
        self._groups = [group(part) for part in divided(self.manifest.shards, count)]
        try:
            self._ask("open", (), deadline, everyone=True)
        except BaseException as error:
            self.close(0)
            if isinstance(error, TimeoutError):
                raise TimeoutError(
                    f"{error}; {count * copies} actors need {count * copies * cpus:g} CPUs, "
                    f"the cluster has {cluster_cpus():g}"
                ) from None
            raise

    def __len__(self) -> int:
        return self.manifest.rows

    def __repr__(self) -> str:
        actors = f"{len(self._groups)} × {len(self._groups[0].members)} actors"
        return f"<ShardPool of {len(self)} rows in {len(self.manifest.shards)} shards, {actors}>"

    @property
    def replaced(self) -> int:
        """How many actors died and were replaced."""
        return sum(each.replaced for group in self._groups for each in group.members)

    def search(
        self,
        q: npt.ArrayLike,
        k: SupportsIndex,
        *,
        exactness: Exactness = "certified",
        failure_probability: float | None = None,
        rerank: SupportsIndex = 0,
        filter: Ids | None = None,
        timeout: float | None = None,
    ) -> pyarrow.Table:
        """Finds the k nearest rows of each query among all shards.

        Args:
            q, k, exactness, failure_probability, rerank, filter: as in `Shards.search`.
            timeout: seconds that the search may take, its waiting for others included, or None.

        Returns:
            As `Shards.search`.

        Raises:
            InputError, ValueError, TypeError: as `Shards.search`.
            TimeoutError: the result was not there in time; the message says what it waited for.
            FileError: an actor in the place of one that died found a shard missing or damaged; the message names it.
            RuntimeError: the pool is closed, or actors died more than `retries` times in a row.
        """
        return self._answer(
            Deadline(timeout),
            *self._request(
                q, k, exactness=exactness, failure_probability=failure_probability, rerank=rerank,
                filter=filter,
            ),
        )  # fmt: skip

    async def asearch(
        self, q: npt.ArrayLike, k: SupportsIndex, *, timeout: float | None = None, **options: Any
    ) -> pyarrow.Table:
        """`search`, with its options, for coroutines: others go on meanwhile."""
        deadline = Deadline(timeout)
        request = self._request(q, k, **options)
        try:
            future = self._threads.submit(self._answer, deadline, *request)
        except RuntimeError:
            raise self._gate.closed() from None
        waiting = asyncio.wrap_future(future)
        try:
            await asyncio.wait([waiting], timeout=deadline.left)
            if not waiting.done() and future.cancel():
                raise self._gate.timeout(deadline)
            return await waiting
        finally:
            future.cancel()

    def close(self, timeout: float | None = None) -> None:
        """Ends the actors, after the searches that are under way, but after `timeout` seconds at most. Searches that wait
        then, and later ones, raise RuntimeError."""
        self._gate.close(Deadline(timeout))
        self._threads.shutdown(wait=False)
        for group in self._groups:
            for each in group.members:
                ray.kill(each.actor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(
        self, method: str, arguments: tuple[Any, ...], deadline: Deadline, *, everyone: bool = False
    ) -> list[Any]:
        """The answers of one member of each group, or of every member."""
        self._gate.enter(deadline)
        calls: list[Call] = []
        try:
            for group in self._groups:
                for member in group.members if everyone else [None]:
                    calls.append(Call(group, method, *arguments, member=member))
            return [each.result(deadline) for each in calls]
        finally:
            abandon(calls, self._gate.leave)

    def _request(
        self,
        q: npt.ArrayLike,
        k: SupportsIndex,
        *,
        exactness: Exactness = "certified",
        failure_probability: float | None = None,
        rerank: SupportsIndex = 0,
        filter: Ids | None = None,
    ) -> tuple[npt.NDArray[np.float32], ShardSearch, int]:
        """What actors are asked for, and its bytes. Raises what is wrong in it."""
        ids, size = self._filter(filter)
        search = ShardSearch(
            operator.index(k), len(self.manifest.shards), exactness, failure_probability,
            operator.index(rerank), ids,
        )  # fmt: skip
        queries = self._queries(q)
        return queries, search, size + queries.nbytes

    def _answer(
        self, deadline: Deadline, queries: npt.NDArray[np.float32], search: ShardSearch, size: int
    ) -> pyarrow.Table:
        request: Any = queries, search
        if size > _LARGE:
            request = ray.put(request)
        return merge(self._ask("search", (request,), deadline), search)

    def _queries(self, q: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """A copy of the queries, which may be sent more than once."""
        given = rows(q, self.manifest.dim, "q")
        queries = np.array(widened(given.array, given.type))
        if len(wrong := np.argwhere(~np.isfinite(queries))):
            row, column = wrong[0]
            raise InputError(
                f"query {row}, column {column} is {queries[row, column]}; every coordinate must be a "
                "finite number",
                lib.TQ_CODEC_NOT_FINITE,
            )
        return queries

    def _filter(self, filter: Ids | None) -> tuple[Ids | None, int]:
        """The ids of a filter, which may be an iterator, and their bytes."""
        if filter is None:
            return None, 0
        if self.manifest.ids == "int":
            ids = numbers(filter)
            return ids, ids.nbytes
        kind: Any = self.manifest.ids
        names = tags(filter, kind)
        return names.items, len(names.data)
