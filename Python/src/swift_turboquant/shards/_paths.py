"""Paths of folders."""

from __future__ import annotations

import os
import re

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def local_path(path: str | os.PathLike[str]) -> str | None:
    """The folder that a path without a scheme, or with `file:`, names; None for one of another kind.

    Raises:
        ValueError: the path names a folder of another host.
    """
    name = os.fspath(path)
    scheme = _SCHEME.match(name)
    if scheme is None:
        return os.path.abspath(name)
    if scheme[1].lower() != "file":
        return None
    rest = name[len("file:") :]
    if rest.startswith("//"):
        host, slash, rest = rest[2:].partition("/")
        rest = slash + rest
        if host not in ("", "localhost"):
            raise ValueError(f"the path {name!r} has the host {host!r}, expected file:///…")
    if not rest.startswith("/"):
        raise ValueError(f"the path {name!r} is not absolute")
    return rest
