"""A folder of shards, searched in this process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, SupportsIndex

import numpy.typing as npt

from .._ids import Ids
from .._options import PathArgument
from .._search import Exactness
from ..index import Index
from ._files import open_shard
from ._manifest import Manifest
from ._search import ShardSearch, merge, search_shard

if TYPE_CHECKING:
    import pyarrow


class Shards:
    """A collection of shards, all mapped into this process. Every thread may search it.

    Attributes:
        manifest: what the shards have in common, and their list.
        indexes: of the shards, in the manifest's order. Nobody may change them.
    """

    def __init__(self, manifest: Manifest, indexes: tuple[Index, ...]) -> None:
        self.manifest = manifest
        self.indexes = indexes

    @classmethod
    def open(cls, path: PathArgument, *, fingerprint: bytes | None = None) -> Shards:
        """Opens a folder. Every byte is read once, to compare checksums.

        Args:
            path: of the folder.
            fingerprint: that the collection must have, such as `Index(…).fingerprint` of an index with its options.

        Raises:
            MissingFileError: there is no manifest, or no such shard.
            FileError: manifest or shard is damaged, or a shard is of another collection; the message names the file.
            ValueError: the collection has another fingerprint.
        """
        manifest = Manifest.read(path)
        manifest.expect(fingerprint, os.fsdecode(path))
        return cls(manifest, tuple(open_shard(path, each, manifest) for each in manifest.shards))

    def __len__(self) -> int:
        return self.manifest.rows

    def search(
        self,
        q: npt.ArrayLike,
        k: SupportsIndex,
        *,
        exactness: Exactness = "certified",
        failure_probability: float | None = None,
        rerank: SupportsIndex = 0,
        filter: Ids | None = None,
        threads: int | None = None,
    ) -> pyarrow.Table:
        """Finds the k nearest rows of each query among all shards. Exhaustive results are those of one index, to the bit.

        Args:
            q: (queries, dim) or (dim,).
            k: at least 1; there are fewer results if there are fewer rows.
            exactness, filter, threads: as in `Index.search`.
            failure_probability: with which a certified search of all shards may miss a row; by default 0.001.
            rerank: how many of the best rows of all shards are compared exactly, with their originals; 0 is none.

        Returns:
            query_index (int64), id (int64, large_string or large_binary) and score (float32), by query, then best first,
            equal scores by id: numbers by value, texts by their UTF-8 bytes.

        Raises:
            InputError, ValueError: as `Index.search`.
        """
        search = ShardSearch(
            k.__index__(),
            len(self.indexes),
            exactness,
            failure_probability,
            rerank.__index__(),
            filter,
        )
        return merge(
            (search_shard(each, q, search, threads=threads) for each in self.indexes), search
        )
