"""The file of a shard."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .._disk import damaged, errors_of, flush
from .._errors import FileError, MissingFileError
from .._library import lib
from .._options import PathArgument
from ..index import Index
from ._manifest import Manifest, Shard

_PIECE = 1 << 20
_verified: dict[tuple[str, str], tuple[int, ...]] = {}
"""Files that this process has compared with their checksums: what they were then."""


def write_shard(index: Index, folder: PathArgument) -> Shard:
    """Saves an index as a shard of a folder, under a name of its own. It belongs to the collection once a manifest names it.

    Args:
        index: at least one row. If ids are texts or bytes, rows must have been added in the order of their UTF-8 bytes:
            an index orders equal scores by age, a collection by id.
        folder: made where there is none.

    Raises:
        ValueError: the index has no rows, or rows in another order.
        FileError: the file cannot be written.
    """
    root = Path(os.fsdecode(folder))
    with errors_of(root):
        root.mkdir(parents=True, exist_ok=True)
    return save_shard(index, root)


def save_shard(index: Index, root: Path) -> Shard:
    """`write_shard` into a folder that is there, and stays away if it is not."""
    if len(index) == 0:
        raise ValueError("an index without rows makes no shard")
    _check_order(index)
    path = root / f"shard-{secrets.token_hex(16)}.tqi"
    with errors_of(root):
        try:
            index.save(path)
            flush(path)
            size, digest = path.stat().st_size, digest_of(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Shard(path.name, len(index), size, digest)


def _check_order(index: Index) -> None:
    """Refuses texts or bytes that are not in order. Texts compare as their UTF-8 does."""
    if index.id_kind == "int":
        return
    own = np.sort(index._own_ids())
    names = index._tags_of(own)
    if len(wrong := np.flatnonzero(names[1:] <= names[:-1])):
        at = int(wrong[0])
        raise ValueError(
            f"row {names[at + 1]!r} was added after {names[at]!r}; add the rows of a shard in the order of their ids"
        )


def open_shard(folder: PathArgument, shard: Shard, manifest: Manifest) -> Index:
    """Maps a shard. Its checksum is compared when this process opens the file for the first time.

    Raises:
        MissingFileError: there is no such file.
        FileError: the file was cut or changed, or is not of this collection.
    """
    path = Path(os.fsdecode(folder), shard.file)
    with errors_of(path):
        try:
            state = _state(path)
        except FileNotFoundError:
            raise MissingFileError(
                f"{str(path)!r} is missing; the manifest names it, with {shard.bytes} bytes",
                lib.TQ_INDEX_FILE,
            ) from None
        check_size(str(path), state[0], shard)
        key = str(path.resolve()), shard.sha256
        if _verified.get(key) != state:
            check_digest(str(path), digest_of(path), shard)
            _verified[key] = state
    return opened(path, shard, manifest, str(path))


def opened(path: Path, shard: Shard, manifest: Manifest, place: str) -> Index:
    """Maps a file with the right bytes, which errors call `place`."""
    try:
        index = Index.load(path)
    except FileError as error:
        raise FileError(f"{place!r} is no index: {error}", error.code) from None
    manifest.check(index, place)
    if len(index) != shard.rows:
        raise damaged(place, f"it has {len(index)} rows, the manifest has {shard.rows}")
    return index


def check_size(place: str, size: int, shard: Shard) -> None:
    """Raises FileError for a file of another size."""
    if size != shard.bytes:
        how = "cut" if size < shard.bytes else "too long"
        raise damaged(place, f"it is {how}: {size} bytes, the manifest has {shard.bytes}")


def check_digest(place: str, digest: str, shard: Shard) -> None:
    """Raises FileError for other bytes."""
    if digest != shard.sha256:
        raise damaged(
            place, f"its checksum is {digest}, the manifest has {shard.sha256}: its bytes changed"
        )


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _state(path: Path) -> tuple[int, ...]:
    """What changes when a file is replaced or written to."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def check_unique(indexes: Mapping[str, Index]) -> None:
    """Raises ValueError, which names the id and both shards, if an id is in two shards. Needs memory for all ids.

    Args:
        indexes: by the names of their shards.
    """
    if not indexes:
        return
    names = list(indexes)
    lists = [each.ids for each in indexes.values()]
    ids = np.concatenate(lists)
    order = np.argsort(ids, kind="stable")
    same = np.flatnonzero(ids[order][1:] == ids[order][:-1])
    if len(same):
        ends = np.cumsum([len(each) for each in lists])
        pair = order[same[0] : same[0] + 2]
        one, two = (names[int(np.searchsorted(ends, at, side="right"))] for at in pair)
        raise ValueError(
            f"the id {ids[pair[:1]].tolist()[0]!r} is in two shards, {one!r} and {two!r}"
        )
