"""What an actor does: it keeps shards open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..index import Index
from ..shards import Manifest, Shard, ShardSearch, merge, open_shard, search_shard

if TYPE_CHECKING:
    import pyarrow

Request = tuple[npt.NDArray[np.float32], ShardSearch]


class Searcher:
    """Some shards of a collection.

    Args:
        path: of the folder.
        manifest: of the whole collection. A shard that was replaced since it was read is refused, so that no result mixes
            rows of two collections.
        shards: some of the manifest's.
        threads: of a search.
    """

    def __init__(
        self, path: str, manifest: Manifest, shards: Sequence[Shard], threads: int
    ) -> None:
        self._path = path
        self._manifest = manifest
        self._shards = shards
        self._threads = threads
        self._indexes: list[Index] = []

    def open(self) -> None:
        """Opens the shards, which reads all their bytes, unless they are open. Raises FileError as `open_shard`."""
        if not self._indexes:  # an error may have passed by the next time
            self._indexes = [open_shard(self._path, each, self._manifest) for each in self._shards]

    def search(self, request: Request) -> pyarrow.Table:
        """The best rows of these shards, to be merged with those of the others."""
        self.open()
        queries, search = request
        found = (
            search_shard(each, queries, search, threads=self._threads) for each in self._indexes
        )
        return merge(found, search, last=False)
