"""Encodes, builds and searches collections with Apache Spark.

`encode` makes codes of a column of vectors; `build` writes the rows of a DataFrame as a collection of shards, one for each of
its partitions; `search` searches a collection, one task for each shard. `swift_turboquant.shards` reads what `build` wrote,
without Spark. Documentation/Scale.md says what is copied, and what happens when something fails.

The package must be installed where Spark's workers run, in the Python that they use.
"""

from ._build import build
from ._encode import encode
from ._search import search
from ._session import worker_errors

__all__ = ["build", "encode", "search", "worker_errors"]
