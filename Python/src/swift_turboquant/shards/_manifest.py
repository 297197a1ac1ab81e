"""`manifest.json`, which names the shards of a folder and says what they have in common."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._disk import checksum, damaged, errors_of, parsed, replace, sealed
from .._errors import FileError, MissingFileError
from .._library import lib
from .._options import PathArgument
from ..index import Index

if TYPE_CHECKING:
    from typing_extensions import Self

MANIFEST = "manifest.json"

_FORMAT = "swift-turboquant shards"
_VERSION = 1
_HEX = re.compile("[0-9a-f]{64}")
_FILE = re.compile(r"shard-[0-9A-Za-z-]+\.tqi")
_SHARED = (
    "fingerprint",
    "dim",
    "bits",
    "quantizer",
    "metric",
    "seed",
    "originals",
    "ids",
    "center",
)


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard as the manifest names it."""

    file: str
    """Its name in the folder."""
    rows: int
    bytes: int
    sha256: str
    """Of the whole file, 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What all shards of a collection have in common, and their list."""

    fingerprint: str
    """Of each shard's index, 64 hexadecimal digits."""
    dim: int
    bits: int
    quantizer: str
    metric: str
    seed: int
    originals: str | None
    ids: str
    """"int", "str" or "bytes"."""
    center: str | None
    """The SHA-256 of the centre's float32 numbers, little-endian; None where there is none."""
    rows: int
    shards: tuple[Shard, ...]

    @classmethod
    def of(cls, index: Index, shards: Iterable[Shard]) -> "Self":
        """The manifest of shards that are indexes like this one, which may have any rows or none.

        Raises:
            ValueError: there are no shards, or two of one name.
        """
        listed = tuple(shards)
        if not listed:
            raise ValueError("there are no shards; a collection has at least one row")
        manifest = cls(**_shared(index), rows=sum(each.rows for each in listed), shards=listed)
        try:
            return cls.parse(manifest.to_bytes(), "the manifest")
        except FileError as error:
            raise ValueError(str(error)) from None

    def check(self, index: Index, place: str) -> None:
        """Raises FileError unless the index of the file `place` has what the shards have in common."""
        for name, found in _shared(index).items():
            expected = getattr(self, name)
            if found != expected:
                raise FileError(
                    f"{place!r} has {name} {found}, the manifest has {expected}", lib.TQ_INDEX_FILE
                )

    def expect(self, fingerprint: bytes | None, place: str) -> None:
        """Raises ValueError if a fingerprint is given and it is another."""
        if fingerprint is not None and fingerprint.hex() != self.fingerprint:
            raise ValueError(
                f"the collection {place!r} has the fingerprint {self.fingerprint}, "
                f"expected {fingerprint.hex()}"
            )

    def to_bytes(self) -> bytes:
        """The bytes of `manifest.json`."""
        return sealed({"format": _FORMAT, "version": _VERSION, **asdict(self)})

    @classmethod
    def parse(cls, data: bytes, place: str) -> "Self":
        """What `to_bytes` wrote. Raises FileError, which names `place`, the file, and what is wrong in it."""
        fields = parsed(data, Path(place))
        if not isinstance(fields, dict) or fields.pop("format", None) != _FORMAT:
            raise damaged(place, f"“format” is not {_FORMAT!r}")
        version = fields.pop("version", None)
        if type(version) is not int:
            raise damaged(place, f"“version” is {version!r}, expected a number")
        if version != _VERSION:
            raise FileError(
                f"{place!r} is of version {version}, this package reads version {_VERSION}",
                lib.TQ_INDEX_FILE,
            )
        digest = fields.pop("checksum", None)
        manifest = cls._of(fields, place)
        if digest != checksum({"format": _FORMAT, "version": _VERSION, **fields}):
            raise damaged(place, "its checksum differs")
        return manifest

    @classmethod
    def _of(cls, fields: dict[str, Any], place: str) -> "Self":
        _check_keys(fields, cls, "", place)
        for name, (is_right, expected) in _RULES.items():
            _check(is_right(fields[name]), name, fields[name], expected, place)
        listed = fields["shards"]
        _check(isinstance(listed, list) and listed, "shards", listed, "a list of shards", place)
        shards: dict[str, Shard] = {}
        for i, item in enumerate(listed):
            path = f"shards[{i}]"
            _check(isinstance(item, dict), path, item, "an object", place)
            _check_keys(item, Shard, f"{path}.", place)
            for name, (is_right, expected) in _SHARD_RULES.items():
                _check(is_right(item[name]), f"{path}.{name}", item[name], expected, place)
            _check(
                item["file"] not in shards, f"{path}.file", item["file"], "a name of its own", place
            )
            shards[item["file"]] = Shard(**item)
        rows = sum(each.rows for each in shards.values())
        _check(fields["rows"] == rows, "rows", fields["rows"], f"{rows}, the shards' sum", place)
        return cls(**{**fields, "shards": tuple(shards.values())})

    @classmethod
    def read(cls, folder: PathArgument) -> "Self":
        """Reads the manifest of a folder.

        Raises:
            MissingFileError: there is none.
            FileError: it is damaged, or of another version.
        """
        path = Path(os.fsdecode(folder), MANIFEST)
        with errors_of(path):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                raise MissingFileError(
                    f"there is no collection in {str(path.parent)!r}: {MANIFEST} is missing",
                    lib.TQ_INDEX_FILE,
                ) from None
        return cls.parse(data, str(path))

    def write(self, folder: PathArgument) -> None:
        """Makes this the manifest of a folder that has the shards already. The old one, if there is one, is replaced whole
        or not at all."""
        root = Path(os.fsdecode(folder))
        with errors_of(root):
            new = root / f".{MANIFEST}-{secrets.token_hex(16)}"
            try:
                replace(root / MANIFEST, new, self.to_bytes())
            finally:
                new.unlink(missing_ok=True)


def _shared(index: Index) -> dict[str, Any]:
    center = index.center
    digest = None if center is None else hashlib.sha256(center.astype("<f4").tobytes()).hexdigest()
    values = (
        index.fingerprint.hex(), index.dim, index.bits, index.quantizer, index.metric, index.seed,
        index.originals, index.id_kind, digest,
    )  # fmt: skip
    return dict(zip(_SHARED, values, strict=True))


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def _is_count(value: Any, least: int = 0) -> bool:
    return type(value) is int and least <= value < 1 << 64


_POSITIVE = (lambda value: _is_count(value, 1), "a positive number")
_DIGEST = (_is_digest, "64 hexadecimal digits")
_TEXT = (lambda value: isinstance(value, str), "a text")
_RULES = {
    "fingerprint": _DIGEST,
    "dim": _POSITIVE,
    "bits": _POSITIVE,
    "quantizer": _TEXT,
    "metric": (lambda value: value in ("ip", "cosine", "l2"), "'ip', 'cosine' or 'l2'"),
    "seed": (_is_count, "a number from 0"),
    "originals": (lambda value: value in (None, "float16", "float32"), "null or a type"),
    "ids": (lambda value: value in ("int", "str", "bytes"), "'int', 'str' or 'bytes'"),
    "center": (lambda value: value is None or _is_digest(value), "null or 64 hexadecimal digits"),
    "rows": _POSITIVE,
}
_SHARD_RULES = {
    "file": (
        lambda value: isinstance(value, str) and _FILE.fullmatch(value) is not None,
        "shard-….tqi of letters, digits and hyphens",
    ),
    "rows": _POSITIVE,
    "bytes": _POSITIVE,
    "sha256": _DIGEST,
}


def _check_keys(fields: dict[str, Any], kind: type, prefix: str, place: str) -> None:
    """Refuses what lacks a field of a class, or has another one."""
    names = set(kind.__dataclass_fields__)  # type: ignore[attr-defined]
    if missing := sorted(names - set(fields)):
        raise damaged(place, f"“{prefix}{missing[0]}” is missing")
    if unknown := sorted(set(fields) - names):
        raise damaged(place, f"“{prefix}{unknown[0]}” is not known")


def _check(is_right: Any, name: str, found: Any, expected: str, place: str) -> None:
    if not is_right:
        raise damaged(place, f"“{name}” is {found!r}, expected {expected}")
