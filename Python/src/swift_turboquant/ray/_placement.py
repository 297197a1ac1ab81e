"""Where a collection is, how many actors there are, and which shards each has."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, SupportsIndex

import ray

from .._options import PathArgument, unsigned
from ..shards import Shard
from ..shards._paths import local_path


def folder_of(path: PathArgument) -> str:
    """The folder that a path names. Raises ValueError for a path of another kind."""
    folder = local_path(os.fsdecode(path))
    if folder is None:
        raise ValueError(
            f"the path is {os.fsdecode(path)!r}, expected a folder that all nodes share"
        )
    return folder


def divided(shards: Sequence[Shard], count: int) -> list[list[Shard]]:
    """Shards in `count` parts with about as many rows."""
    parts: list[list[Shard]] = [[] for _ in range(count)]
    sizes = [0] * count
    for each in sorted(shards, key=lambda each: -each.rows):
        least = sizes.index(min(sizes))
        parts[least].append(each)
        sizes[least] += each.rows
    return parts


def options_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of an actor."""
    own = {"max_restarts": 0, "max_task_retries": 0, "max_concurrency": 1}
    if wrong := sorted(set(given) & set(own)):
        raise ValueError(f"actor_options has {wrong[0]!r}, which the pool decides")
    return {"num_cpus": 1, "scheduling_strategy": "SPREAD", **given, **own}


def actor_count(actors: SupportsIndex | None, shards: int, cpus: float) -> int:
    """How many actors share the shards, if each takes, with its replicas, so many CPUs."""
    if actors is None:
        room = int(cluster_cpus() // cpus) if cpus else shards
        return min(max(1, room), shards)
    count = unsigned(actors, "actors", least=1)
    if count > shards:
        raise ValueError(f"actors is {count}, but there are {shards} shards; see replicas")
    return count


def cluster_cpus() -> float:
    if not ray.is_initialized():
        ray.init()
    return float(ray.cluster_resources().get("CPU", 0))
