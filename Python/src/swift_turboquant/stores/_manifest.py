"""`store.json`, which names the other files of a folder."""

import re
from pathlib import Path
from typing import Any

from .._disk import checksum, damaged, parsed, replace, sealed
from .._errors import FileError, MissingFileError
from .._library import lib

_FORMAT = 1
_KINDS = {
    "token": str, "has_index": bool, "documents": int, "sha256": str, "header": dict, "checksum": str,
}  # fmt: skip
_TOKEN = re.compile(r"[0-9a-f]{32}")


def exists(root: Path) -> bool:
    """Whether the folder has a store."""
    return (root / "store.json").exists()


def read(root: Path) -> dict[str, Any]:
    """What `write` was given.

    Raises:
        MissingFileError: there is no store.
        FileError: the file is damaged, or of another format.
    """
    path = root / "store.json"
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise MissingFileError(f"there is no store in {str(root)!r}", lib.TQ_INDEX_FILE) from None
    manifest = parsed(text, path)
    if not isinstance(manifest, dict) or type(manifest.get("format")) is not int:
        raise damaged(path, "it has no format")
    if manifest["format"] != _FORMAT:
        raise FileError(
            f"{str(path)!r} is of format {manifest['format']}, this version reads format {_FORMAT}",
            lib.TQ_INDEX_FILE,
        )
    for name, kind in _KINDS.items():
        if type(manifest.get(name)) is not kind:
            raise damaged(path, f"“{name}” is not of type {kind.__name__}")
    if manifest.pop("checksum") != checksum(manifest):
        raise damaged(path, "its checksum differs")
    if not _TOKEN.fullmatch(manifest["token"]):
        raise damaged(path, "“token” is none")
    return manifest


def write(root: Path, manifest: dict[str, Any]) -> None:
    """Replaces the file, after everything else is on the disk."""
    data = sealed({"format": _FORMAT, **manifest})
    replace(root / "store.json", root / f"store-{manifest['token']}.json", data)
