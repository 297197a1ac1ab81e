"""What the comparisons share: running a command, reading its JSON, medians with least and most."""

import argparse
import json
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BINARY = ROOT / ".build/release/turboquant"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class Failure(Exception):
    """Something the user can put right; the message says how."""


@dataclass(frozen=True)
class Spread:
    """Median, least and most over the runs; a format such as `.3f` writes all three."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))

    def __format__(self, spec: str) -> str:
        return f"{self.median:{spec}} ({self.least:{spec}}–{self.most:{spec}})"


def parse_records(text: str) -> list[dict[str, Any]]:
    """The objects of a JSON list, of a single object, or of one object per line."""
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        whole = [json.loads(line) for line in text.splitlines() if line.strip()]
    return whole if isinstance(whole, list) else [whole]


def output_of(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        line = " ".join(map(str, command))
        raise Failure(f"{line}\nended with {done.returncode}:\n{done.stderr.strip()}")
    return done.stdout


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
