"""A build into a folder of Spark's file system."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import FileError
from .._library import lib
from ..index import Index
from ..shards import Manifest, Shard
from ..shards._files import check_digest, check_size, digest_of
from ._folders import HadoopFolder
from ._worker import PIECES, sent, shard_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_LARGEST = 1 << 30
"""Bytes of a shard. A search reads a file as one value of a row: 2 GiB at most, and Arrow doubles a buffer that grows."""


def write_remote(
    rows: DataFrame,
    template: Index,
    folder: HadoopFolder,
    check: Callable[[str, Manifest], None],
    *,
    overwrite: bool,
) -> Manifest:
    """Workers send shards in pieces, and the driver writes one after another. They are made before, all at a time, and wait on
    the workers' disks."""
    from pyspark import StorageLevel

    task = partial(sent, template=pickle.dumps(template), largest=_LARGEST)
    pieces = rows.mapInArrow(task, PIECES).persist(StorageLevel.DISK_ONLY)
    written: list[Shard] = []
    old = folder.sizes() if overwrite else {}
    is_new = not folder.exists()
    try:
        pieces.count()
        with tempfile.TemporaryDirectory() as scratch:
            for path, shard in _files(pieces.toLocalIterator(), Path(scratch)):
                written.append(shard)
                folder.put(path, shard.file)
                path.unlink()
        manifest = Manifest.of(template, written)
        check(folder.path, manifest)
        folder.write_manifest(manifest)
    except BaseException:
        for shard in written:
            folder.remove(shard.file)
        if is_new:
            folder.remove_empty()
        raise
    finally:
        pieces.unpersist()
    for name in old:
        if name.startswith("shard-") and name.endswith(".tqi"):
            folder.remove(name)
    return manifest


def _files(pieces: Iterator[Any], scratch: Path) -> Iterator[tuple[Path, Shard]]:
    """The shards that pieces make, each as a file."""
    for row in pieces:
        shard = shard_of(row)
        path = scratch / shard.file
        with path.open("ab") as file:
            file.write(row["data"])
            size = file.tell()
        if size >= shard.bytes:
            check_size(shard.file, size, shard)
            check_digest(shard.file, digest_of(path), shard)
            yield path, shard
    for path in scratch.iterdir():
        raise FileError(f"Spark gave only some pieces of {path.name!r}", lib.TQ_INDEX_FILE)
