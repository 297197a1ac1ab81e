"""A collection of index files, its shards, that is searched as if it were one index.

A folder holds the shards and `manifest.json`, which names them. Every shard has the same fingerprint, so scores of
different shards compare, and their results are merged; Documentation/Scale.md has the format. No engine is needed here:
`Shards` searches a folder in this process. `swift_turboquant.spark` and `swift_turboquant.ray` do so on many machines.
"""

from ._collection import Shards
from ._files import check_unique, open_shard, write_shard
from ._manifest import MANIFEST, Manifest, Shard
from ._search import ShardSearch, candidates, merge, search_shard

__all__ = [
    "MANIFEST",
    "Manifest",
    "Shard",
    "ShardSearch",
    "Shards",
    "candidates",
    "check_unique",
    "merge",
    "open_shard",
    "search_shard",
    "write_shard",
]
