"""Builds the C library and puts it into the package, with the list of its declarations."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
from version import swift_package  # noqa: E402


class BuildHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        package = Path(self.root) / "src/swift_turboquant"
        build_library(package)
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"


def build_library(package: Path) -> None:
    root = swift_package()
    if shutil.which("swift") is None:
        sys.exit(
            "swift-turboquant is built from Swift sources, and there is no `swift` on the PATH: "
            "install a Swift 6.3 toolchain from https://swift.org/install, or a wheel"
        )
    prefix = root / ".build/python"
    subprocess.run([root / "Scripts/build-c-library", prefix], check=True)
    shutil.copy2(prefix / "lib/libTurboQuantC.so", package)
    shutil.copy2(root / "Sources/CTurboQuant/abi.txt", package)
