"""A store's folder.

    store.json               names the other two
    index-TOKEN.tqi          the index; none without vectors
    documents-TOKEN.jsonl    a line per document: [id, row or null, document]
    lock                     held by who saves

Three files cannot be replaced in one step. So each save writes new files under a new name and then replaces `store.json`,
which names them; a crash before that leaves the old store, and files that the next save removes. Everything is JSON or an
index: opening a folder runs no code of it.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._disk import damaged, errors_of, flush, locked, parsed
from .._errors import FileError, MissingFileError
from .._library import lib
from .._options import PathArgument
from ..index import Index
from . import _manifest

_OURS = re.compile(
    r"(index-[0-9a-f]{32}\.tqi|documents-[0-9a-f]{32}\.jsonl|store-[0-9a-f]{32}\.json)"
)
_TRIES = 10


class StoreChangedError(FileError):
    """Another store was saved into the folder since this one was loaded from there or saved there."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a folder holds. `token` differs after each save."""

    header: dict[str, Any]
    documents: list[tuple[str, int | None, Any]]
    index: Index | None
    token: str


def new_token() -> str:
    """Names a save."""
    return secrets.token_hex(16)


def save(
    folder: PathArgument,
    token: str,
    header: dict[str, Any],
    lines: Iterable[str],
    index: Index | None,
    expected: AbstractSet[str] | None,
) -> None:
    """Replaces what the folder holds, whole or not at all. Who saves at the same time waits.

    Args:
        folder: made where there is none.
        token: what this save is called.
        header: what `load` returns, of JSON.
        lines: of documents, each one line.
        index: None if no document has a vector.
        expected: tokens of which the folder must have one; None if it may have any.

    Raises:
        StoreChangedError: the folder has another token.
        FileError: a file cannot be written, or the folder has a damaged store.
    """
    root = Path(os.fsdecode(folder))
    with errors_of(root), locked(root):
        if _manifest.exists(root):
            _check_unchanged(root, expected)
        try:
            _write(root, token, header, lines, index)
        finally:
            _tidy(root)


def _check_unchanged(root: Path, expected: AbstractSet[str] | None) -> None:
    token = _manifest.read(root)["token"]  # what is damaged is not replaced
    if expected is not None and token not in expected:
        raise StoreChangedError(
            f"another store was saved into {str(root)!r} meanwhile: load it again, or save into another folder",
            lib.TQ_INDEX_FILE,
        )


def _write(
    root: Path, token: str, header: dict[str, Any], lines: Iterable[str], index: Index | None
) -> None:
    count, digest = _write_lines(root / f"documents-{token}.jsonl", lines)
    if index is not None:
        path = root / f"index-{token}.tqi"
        index.save(path)
        flush(path)
    _manifest.write(
        root,
        {
            "token": token, "has_index": index is not None, "documents": count, "sha256": digest,
            "header": header,
        },
    )  # fmt: skip


def load(folder: PathArgument) -> Contents:
    """Reads a folder. The index is mapped: its rows are read and checked when they are needed.

    Raises:
        MissingFileError: there is no store.
        FileError: a file is damaged, or does not belong to the others.
    """
    root = Path(os.fsdecode(folder))
    with errors_of(root):
        manifest = _manifest.read(root)
        for _ in range(_TRIES):
            try:
                return _contents(root, manifest)
            except FileNotFoundError as error:
                # Another process may have saved in this moment, and removed the files that were named a moment ago.
                new = _manifest.read(root)
                if new["token"] == manifest["token"]:
                    raise damaged(
                        root, f"{os.fspath(error.filename or root)!r} is missing"
                    ) from None
                manifest = new
    raise FileError(f"{str(root)!r} is replaced again and again", lib.TQ_INDEX_FILE)


def _contents(root: Path, manifest: dict[str, Any]) -> Contents:
    token = manifest["token"]
    documents = _read_lines(root / f"documents-{token}.jsonl", manifest)
    index = None
    if manifest["has_index"]:
        path = root / f"index-{token}.tqi"
        try:
            index = Index.load(path)
        except MissingFileError as error:
            error.filename = str(path)
            raise
    rows = [row for _, row, _ in documents if row is not None]
    if index is not None and index.id_kind != "int":
        raise damaged(root, "the index has ids of another kind")
    found = [] if index is None else index.ids.tolist()
    if len(set(rows)) != len(rows) or set(rows) != set(found):
        raise damaged(root, "index and documents do not belong together")
    return Contents(manifest["header"], documents, index, token)


def _read_lines(path: Path, manifest: dict[str, Any]) -> list[tuple[str, int | None, Any]]:
    digest = hashlib.sha256()
    documents: dict[str, tuple[str, int | None, Any]] = {}
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            digest.update(text)
            item = parsed(text.removesuffix(b"\n"), path, number - 1)
            match item:
                case [str(id), None | int() as row, document] if type(row) is not bool:
                    if id in documents:
                        raise damaged(path, f"line {number} has the id {id!r} once more")
                    documents[id] = (id, row, document)
                case _:
                    raise damaged(path, f"line {number} is no document")
    if len(documents) != manifest["documents"]:
        raise damaged(path, f"it has {len(documents)} lines, expected {manifest['documents']}")
    if digest.hexdigest() != manifest["sha256"]:
        raise damaged(path, "its checksum differs")
    return list(documents.values())


def _write_lines(path: Path, lines: Iterable[str]) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    with path.open("xb") as file:
        for text in lines:
            data = text.encode("ascii") + b"\n"
            digest.update(data)
            file.write(data)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count, digest.hexdigest()


def _tidy(root: Path) -> None:
    """Removes the files of older saves and of failed ones. A file too many harms nobody, so errors are none."""
    with suppress(OSError):
        token = _manifest.read(root)["token"] if _manifest.exists(root) else "none"
        for path in list(root.iterdir()):
            if _OURS.fullmatch(path.name) and token not in path.name:
                path.unlink()
