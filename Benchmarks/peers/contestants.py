"""Ours and the peers behind one interface: find the neighbours once, be timed in every round."""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

import engines
from common import REQUIREMENTS, ROOT, Failure, Spread, output_of, parse_records
from engines import COUNT, Configuration
from recall import Hits

OURS = "ours"
ENGINES = (OURS, *engines.CONFIGURATIONS)


@dataclass(frozen=True)
class Found:
    """What an index answered to all queries, and what it took to build."""

    ids: npt.NDArray[np.int64]
    bytes_per_vector: float
    build_seconds: float
    extra: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Timing:
    """Microseconds per query in one round: median of single queries, and mean in a batch."""

    single_us: float
    batch_us: float


class Contestant(Protocol):
    """An engine in one configuration; its folder holds base, queries and timed (.npy)."""

    def find(self, folder: Path) -> Found: ...
    def time(self, folder: Path) -> Timing: ...
    def drop(self) -> None: ...


@dataclass(frozen=True)
class Ours:
    """Our command, which builds its index anew each time it is called."""

    options: Sequence[str]
    binary: Path
    threads: int
    seed: int

    def run(self, folder: Path, queries: str, *extra: str | Path) -> dict[str, Any]:
        text = output_of([
            self.binary, "benchmark", "search", "--base", folder / "base.npy",
            "--queries", folder / queries, "--count", str(COUNT), "--threads", str(self.threads),
            "--seed", str(self.seed), "--repeats", "1", "--skip-recall", "--json", *self.options,
            *extra,
        ])  # fmt: skip
        try:
            (record,) = parse_records(text)
        except ValueError as error:
            message = f"{self.binary} printed unexpected JSON ({error}):\n{text[:500]}"
            raise Failure(message) from error
        return record

    def find(self, folder: Path) -> Found:
        results = folder / "ours.npy"
        record = self.run(folder, "queries.npy", "--results", results)
        ids = np.load(results).astype(np.int64)
        extra = {key: float(record[key]) for key in ("finished_fraction", "read_us")}
        return Found(ids, record["bytes_per_vector"], record["build_seconds"], extra)

    def time(self, folder: Path) -> Timing:
        record = self.run(folder, "timed.npy")
        return Timing(record["single_us_median"], record["batch_us_per_query"])

    def drop(self) -> None:
        """Nothing stays between calls."""


class Process:
    """A peer's process; see engines.py."""

    def __init__(self, engine: str, environment: dict[str, str], threads: int) -> None:
        self.threads = threads
        self.log = tempfile.TemporaryFile("w+")
        variables = dict.fromkeys(engines.THREAD_VARIABLES, str(threads)) | environment
        self.process = subprocess.Popen(
            [sys.executable, engines.__file__, engine, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env=os.environ | variables,
        )  # fmt: skip

    def ask(self, action: str, **request: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        try:
            print(json.dumps({"action": action} | request), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.log.seek(0)
            *_, last = ["it said nothing", *self.log.read().strip().splitlines()]
            raise Failure(f"its process ended with {self.process.wait()}: {last}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failure(answer["error"])
        return answer

    def close(self) -> None:
        self.process.communicate()
        self.log.close()


@dataclass(frozen=True)
class Peer:
    configuration: Configuration
    process: Process

    def ask(self, action: str, **request: Any) -> dict[str, Any]:
        return self.process.ask(action, name=self.configuration.name, **request)

    def find(self, folder: Path) -> Found:
        base, queries, results = (str(folder / f"{f}.npy") for f in ("base", "queries", "peer"))
        built = self.ask("prepare", settings=self.configuration.settings, base=base)
        self.ask("find", queries=queries, results=results)
        return Found(np.load(results), built["bytes_per_vector"], built["build_seconds"])

    def time(self, folder: Path) -> Timing:
        answer = self.ask("time", queries=str(folder / "timed.npy"))
        if answer["cpu_per_wall"] > self.process.threads + 0.2:
            busy = answer["cpu_per_wall"]
            raise Failure(f"kept {busy:.1f} threads busy; expected {self.process.threads}")
        return Timing(answer["single_us"], answer["batch_us"])

    def drop(self) -> None:
        self.ask("drop")


@dataclass
class Row:
    """What one configuration did with one number of threads."""

    configuration: Configuration
    threads: int
    reason: str | None  # why it did not run
    found: Found | None = None
    hits: Hits | None = None
    timings: list[Timing] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        return self.configuration.engine, self.configuration.name

    def spread(self, quantity: str) -> Spread:
        return Spread.of([getattr(timing, quantity) for timing in self.timings])

    def ahead(self, ours: "Row", quantity: str) -> float:
        """How many times ours is faster: median over rounds, each against its own round."""
        pairs = zip(self.timings, ours.timings, strict=True)
        return float(
            statistics.median(getattr(t, quantity) / getattr(o, quantity) for t, o in pairs)
        )


def our_configurations(bits: Sequence[int]) -> Iterator[Configuration]:
    for b in bits:
        plain = ["--bits", str(b), "--exactness", "exhaustive"]
        yield Configuration(OURS, "", b, False, False, {"options": plain})
        certified = ["--bits", str(b), "--exactness", "certified"]
        yield Configuration(OURS, "certified", b, False, False, {"options": certified})
        yield Configuration(OURS, "centred", b, False, True, {"options": [*plain, "--center"]})


def configurations(engine: str, dimension: int, bits: Sequence[int]) -> list[Configuration]:
    if engine == OURS:
        return list(our_configurations(bits))
    return list(engines.CONFIGURATIONS[engine](dimension, bits))


def why_absent(engine: str, binary: Path) -> str | None:
    if engine == OURS:
        missing = not os.access(binary, os.X_OK)
        return f"no program at {binary}; run: swift build -c release" if missing else None
    if importlib.util.find_spec(engines.MODULES[engine]) is None:
        if engine == engines.PACKAGE:
            return f"not installed; run: {sys.executable} -m pip install {ROOT / 'Python'}"
        return f"not installed; run: {sys.executable} -m pip install -r {REQUIREMENTS}"
    return None


class Entrants:
    """All contestants with one number of threads, and the processes that hold the peers."""

    def __init__(
        self, options: argparse.Namespace, dimension: int, threads: int, seed: int
    ) -> None:
        self.rows: list[Row] = []
        self.contestants: list[tuple[Row, Contestant]] = []
        self.processes: dict[tuple[Any, ...], Process] = {}
        for engine in options.engines:
            absence = why_absent(engine, options.binary)
            for configuration in configurations(engine, dimension, options.bits):
                if options.untrained and configuration.trains:
                    continue
                row = Row(configuration, threads, absence)
                self.rows.append(row)
                if engine == OURS:
                    ours = configuration.settings["options"]
                    self.contestants.append((row, Ours(ours, options.binary, threads, seed)))
                elif absence is None:
                    process = self.process_of(configuration, threads)
                    self.contestants.append((row, Peer(configuration, process)))

    def process_of(self, configuration: Configuration, threads: int) -> Process:
        environment = configuration.environment
        key = (configuration.engine, *sorted(environment.items()))
        if key not in self.processes:
            self.processes[key] = Process(configuration.engine, environment, threads)
        return self.processes[key]

    def running(self, stage: str) -> Iterator[tuple[Row, Contestant]]:
        """Those that have not failed so far."""
        for row, contestant in self.contestants:
            if row.reason is None:
                if sys.stderr.isatty():
                    print(f"\r\x1b[K{stage}: {' '.join(row.key)}", end="", file=sys.stderr)
                yield row, contestant
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr)

    def close(self) -> None:
        for process in self.processes.values():
            process.close()
