"""The version of the package is that of the library."""

import re
from pathlib import Path


def swift_package() -> Path:
    """The root of the Swift package: in a source distribution beside this file, else above it."""
    here = Path(__file__).parent
    return here / "swift" if (here / "swift").is_dir() else here.parent


def version() -> str:
    source = swift_package() / "Sources/TurboQuantC/tq_version.swift"
    found = re.search(r'version: StaticString = "(.*)"', source.read_text())
    assert found, f"{source} has no version"
    return found[1]
