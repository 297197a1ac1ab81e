"""Work on the shards of a collection, one task for each."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import MissingFileError
from .._library import lib
from ..index import Index
from ..shards import Manifest, open_shard
from ..shards._files import check_digest, check_size, opened
from ..shards._paths import local_path
from ._folders import HadoopFolder

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Work = Callable[[Index, int], Iterator[Any]]
"""Makes record batches of a shard, given its number in the manifest. It is pickled."""

TYPES = {"int": "long", "str": "string", "bytes": "binary"}
"""Spark's types of ids."""

_KEPT = 64
_open: OrderedDict[tuple[str, str, str], Index] = OrderedDict()
"""The shards that this worker used last. A mapped file takes memory that the system takes back when it needs it."""


def manifest_of(spark: SparkSession, path: str) -> Manifest:
    """The manifest in a folder of either kind. Shards that are missing or cut are errors here already, not in a task."""
    folder = local_path(path)
    if folder is None:
        remote = HadoopFolder(spark, path)
        manifest, sizes = remote.read_manifest(), remote.sizes()
    else:
        manifest = Manifest.read(folder)
        sizes = {each.name: each.stat().st_size for each in os.scandir(folder) if each.is_file()}
    for shard in manifest.shards:
        place = f"{path.rstrip('/')}/{shard.file}"
        if shard.file not in sizes:
            raise MissingFileError(
                f"{place!r} is missing; the manifest names it, with {shard.bytes} bytes",
                lib.TQ_INDEX_FILE,
            )
        check_size(place, sizes[shard.file], shard)
    return manifest


def over_shards(
    spark: SparkSession,
    path: str,
    manifest: Manifest,
    work: Work,
    schema: str,
    *,
    keep: bool = True,
) -> DataFrame:
    """What `work` makes of all shards of a folder. `keep` says whether workers may keep those they have mapped."""
    folder = local_path(path)
    if folder is not None:
        count = len(manifest.shards)
        task = partial(_of_folder, folder=folder, manifest=manifest, work=work, keep=keep)
        return spark.range(0, count, 1, count).mapInArrow(task, schema)
    names = [f"{path.rstrip('/')}/{each.file}" for each in manifest.shards]
    # A setting of the session could let Spark leave out what it cannot read.
    reader = spark.read.format("binaryFile").options(
        ignoreMissingFiles="false", ignoreCorruptFiles="false"
    )
    task = partial(_of_contents, manifest=manifest, work=work)
    return reader.load(names).select("path", "content").mapInArrow(task, schema)


def _of_folder(
    batches: Iterable[Any], *, folder: str, manifest: Manifest, work: Work, keep: bool
) -> Iterator[Any]:
    for batch in batches:
        for number in batch.column(0).to_pylist():
            if keep:
                index = _kept(folder, number, manifest)
            else:
                index = open_shard(folder, manifest.shards[number], manifest)
            yield from work(index, number)


def _kept(folder: str, number: int, manifest: Manifest) -> Index:
    shard = manifest.shards[number]
    key = folder, shard.file, shard.sha256
    index = _open.pop(key, None)
    if index is None or not os.path.exists(os.path.join(folder, shard.file)):
        index = open_shard(folder, shard, manifest)
    _open[key] = index
    while len(_open) > _KEPT:
        _open.popitem(last=False)
    return index


def _of_contents(batches: Iterable[Any], *, manifest: Manifest, work: Work) -> Iterator[Any]:
    numbers = {shard.file: number for number, shard in enumerate(manifest.shards)}
    for batch in batches:
        for path, content in zip(batch.column("path"), batch.column("content"), strict=True):
            place = path.as_py()
            number = numbers[place.rpartition("/")[2]]
            yield from work(_copied(place, content.as_buffer(), number, manifest), number)


def _copied(place: str, content: Any, number: int, manifest: Manifest) -> Index:
    """A shard that came as bytes: mapped from a file that has no name any more, so that the system can free its memory."""
    shard = manifest.shards[number]
    check_size(place, len(content), shard)
    check_digest(place, hashlib.sha256(content).hexdigest(), shard)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, shard.file)
        file.write_bytes(content)
        return opened(file, shard, manifest, place)
