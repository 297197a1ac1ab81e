"""Vectors encoded, and collections of shards built and searched, on a cluster of Ray.

`encode` and `build` work on datasets of Ray. `ShardPool` has actors that keep the shards of a collection open, so that a
search costs no start. Codecs, manifests and shards are those of one machine: `swift_turboquant.shards` reads what `build`
wrote, without Ray. Documentation/Scale.md says what is copied, and what happens when something fails.

The package must be installed where Ray's workers run, in the Python that they use.
"""

try:
    import ray  # noqa: F401 - the package, not this module
except ImportError as error:
    raise ImportError(
        "swift_turboquant.ray needs Ray: pip install 'swift-turboquant[ray]'"
    ) from error

from ._build import build
from ._encode import encode
from ._pool import ShardPool

__all__ = ["ShardPool", "build", "encode"]
