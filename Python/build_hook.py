"""Builds the C library and puts it into the package, with the list of its declarations.

A source distribution gets the Swift sources in place of the library, in its folder `swift`.
"""

import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
from version import swift_package

# What the library is built from. Build products of SwiftPM are in none of these.
_SOURCES = ("Sources", "Scripts/build-c-library")
# The manifest also declares what is left out, and SwiftPM refuses a manifest with targets that have no files.
_WITHOUT_TESTS = """
// A source distribution of the Python package has neither tests nor the lab, which are in folders of their own.
package.targets.removeAll { $0.isTest || $0.path != nil }
"""


class BuildHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "sdist":
            build_data["force_include"].update(self._swift_sources())
            return
        _refuse_other_platforms()
        _build_library(Path(self.root) / "src/swift_turboquant")
        build_data["pure_python"] = False
        system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{system}"

    def _swift_sources(self) -> dict[str, str]:
        """Where files are, and where they belong in the source distribution."""
        root = swift_package()
        self._temporary = tempfile.TemporaryDirectory()
        manifest = Path(self._temporary.name) / "Package.swift"
        text = (root / "Package.swift").read_text()
        manifest.write_text(text if text.endswith(_WITHOUT_TESTS) else text + _WITHOUT_TESTS)
        included = {str(root / source): f"swift/{source}" for source in _SOURCES}
        return included | {str(manifest): "swift/Package.swift"}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self.target_name == "sdist":
            self._temporary.cleanup()


def _refuse_other_platforms() -> None:
    if sys.platform != "linux":
        sys.exit(f"swift-turboquant for Python is offered on Linux only, not on {sys.platform} yet")
    if sys.maxsize < 1 << 32 or platform.machine() not in ("x86_64", "aarch64"):
        bits = 64 if sys.maxsize > 1 << 32 else 32
        sys.exit(
            "swift-turboquant needs a 64-bit Python on x86-64 or arm64; "
            f"this one has {bits} bits, on {platform.machine()}"
        )


def _build_library(package: Path) -> None:
    root = swift_package()
    if shutil.which("swift") is None:
        sys.exit(
            "swift-turboquant is built from Swift sources, and there is no `swift` on the PATH: "
            "install a Swift 6.3 toolchain from https://swift.org/install, or a wheel"
        )
    prefix = root / ".build/python"
    built = subprocess.run([root / "Scripts/build-c-library", prefix], check=False)
    if built.returncode != 0:
        sys.exit(f"Scripts/build-c-library failed with {built.returncode}; its errors are above")
    shutil.copy2(prefix / "lib/libTurboQuantC.so", package)
    shutil.copy2(root / "Sources/CTurboQuant/abi.txt", package)
