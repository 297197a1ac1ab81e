"""A build of a collection by workers that share its folder."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from .._disk import errors_of
from .._errors import FileError
from .._library import lib
from ..index import Index
from ._manifest import MANIFEST, Manifest, Shard

_TRIES = 5


def build_folder(
    template: Index,
    folder: str,
    save: Callable[[str], Iterable[Shard]],
    check: Callable[[str, Manifest], None],
    *,
    overwrite: bool,
) -> Manifest:
    """Workers save into a folder of this build alone. Only what the tasks that count have saved is moved out of it, and then
    it is removed, so that tasks which were given up, and may still be running, find nowhere to write.

    Args:
        template: an index like those of the shards.
        save: lets workers save shards into a folder; those that count.
        check: looks at a folder that has a manifest's shards, and raises what is wrong.

    Raises:
        FileExistsError: there is a collection, which `overwrite` does not allow to replace.
        ValueError: there are no shards.
        FileError: a file cannot be written, or workers have written to another folder of that name.
    """
    root = Path(folder)
    building = root / f".building-{secrets.token_hex(16)}"
    moved: list[Path] = []
    if (root / MANIFEST).exists() and not overwrite:
        raise FileExistsError(f"there is a collection in {folder!r}; overwrite=True replaces it")
    with errors_of(root):
        made = [each for each in (root, *root.parents) if not each.exists()]
        building.mkdir(parents=True)
        try:
            manifest = Manifest.of(template, save(str(building)))
            for shard in manifest.shards:
                _check_seen(building / shard.file)
            check(str(building), manifest)
            for shard in manifest.shards:
                moved.append(root / shard.file)
                os.rename(building / shard.file, root / shard.file)
            manifest.write(root)
        except BaseException:
            for path in moved:
                path.unlink(missing_ok=True)
            _remove(building)
            for each in made:
                if each.is_dir() and not any(each.iterdir()):
                    each.rmdir()
            raise
        _remove(building)
        if overwrite:
            _tidy(root, {each.file for each in manifest.shards})
    return manifest


def _check_seen(path: Path) -> None:
    if not path.exists():
        raise FileError(
            f"a worker has written {str(path)!r}, which is not seen here: the path must be a folder that all machines share",
            lib.TQ_INDEX_FILE,
        )


def _remove(folder: Path) -> None:
    """Removes a folder into which somebody may still write."""
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def _tidy(root: Path, kept: set[str]) -> None:
    """Removes shards and builds that no manifest names."""
    for path in root.iterdir():
        if path.name.startswith(".building-"):
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.startswith("shard-") and path.suffix == ".tqi" and path.name not in kept:
            path.unlink(missing_ok=True)
