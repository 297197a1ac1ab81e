#!/usr/bin/env python3
"""Encoding speed of one thread: this package's command against turbovec.

Runs alternate (ours, peer, ours, peer, …) so that a drifting clock or a busy neighbour meets both.
Each side encodes `--count` Gaussian vectors of unit length. A turbovec run is the median of several
adds to fresh indexes after warm-up adds, in a process of its own; its set-up of an index, well
below a millisecond, is inside the time.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import BINARY, REQUIREMENTS, Failure, Spread, output_of, parse_records, positive

WARM_UP_ADDS = 5
TIMED_ADDS = 9


def run_ours(binary: Path, dimension: int, bits: int, count: int) -> tuple[float, float]:
    """Microseconds per vector to encode, and to copy the same floats."""
    text = output_of([
        binary, "benchmark", "codec", "--dimension", str(dimension), "--bits", str(bits),
        "--count", str(count), "--threads", "1", "--json",
    ])  # fmt: skip
    try:
        for record in parse_records(text):
            wanted = (dimension, bits, 1)
            if tuple(float(record[k]) for k in ("dimension", "bits", "threads")) == wanted:
                return float(record["encode_us_per_vector"]), float(record["copy_us_per_vector"])
    except (ValueError, KeyError, TypeError) as error:
        raise Failure(f"{binary} printed unexpected JSON ({error!r}):\n{text[:500]}") from error
    raise Failure(f"{binary} printed no record for {dimension} × {bits} bits, 1 thread")


def run_peer(dimension: int, bits: int, count: int, seed: int) -> float:
    """Microseconds per vector that turbovec needs to encode."""
    numbers = [str(n) for n in (dimension, bits, count, seed)]
    # Read when turbovec first starts its pool, so it must be there before the import.
    environment = os.environ | {"RAYON_NUM_THREADS": "1"}
    text = output_of([sys.executable, __file__, "--peer-worker", *numbers], environment)
    result = json.loads(text)
    if result["cpu_per_wall"] > 1.1:
        raise Failure(f"turbovec kept {result['cpu_per_wall']:.1f} threads busy; expected one")
    return float(result["encode_us_per_vector"])


def peer_worker(dimension: int, bits: int, count: int, seed: int) -> None:
    import numpy as np
    import turbovec

    vectors = np.random.default_rng(seed).standard_normal((count, dimension), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    walls, cpu = [], 0.0
    for turn in range(WARM_UP_ADDS + TIMED_ADDS):
        index = turbovec.TurboQuantIndex(dimension, bits)
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        index.add(vectors)
        if turn >= WARM_UP_ADDS:
            walls.append(time.perf_counter() - wall_start)
            cpu += time.process_time() - cpu_start
    per_vector = statistics.median(walls) / count * 1e6
    print(json.dumps({"encode_us_per_vector": per_vector, "cpu_per_wall": cpu / sum(walls)}))


def compare(options: argparse.Namespace, dimension: int, bits: int) -> dict[str, Any]:
    ours, copies, peer = [], [], []
    for run in range(options.runs):
        if sys.stderr.isatty():
            print(f"{dimension} × {bits} bits: run {run + 1} of {options.runs}", file=sys.stderr)
        encode, copy = run_ours(options.binary, dimension, bits, options.count)
        ours.append(encode)
        copies.append(copy)
        peer.append(run_peer(dimension, bits, options.count, options.seed))
    ours_spread, peer_spread, copy_spread = Spread.of(ours), Spread.of(peer), Spread.of(copies)
    return {
        "dimension": dimension,
        "bits": bits,
        "count": options.count,
        "runs": options.runs,
        "ours_us_per_vector": vars(ours_spread),
        "turbovec_us_per_vector": vars(peer_spread),
        "copy_us_per_vector": vars(copy_spread),
        "throughput_ours_over_turbovec": peer_spread.median / ours_spread.median,
        "ours_over_copy": ours_spread.median / copy_spread.median,
        "turbovec_over_copy": peer_spread.median / copy_spread.median,
    }


def print_table(results: Sequence[dict[str, Any]], runs: int, peer: str) -> None:
    header = ["dimension", "bits", "count", "ours", peer, "throughput", "ours/copy", "peer/copy"]
    rows = [header] + [
        [
            str(r["dimension"]),
            str(r["bits"]),
            str(r["count"]),
            f"{Spread(**r['ours_us_per_vector']):.3f}",
            f"{Spread(**r['turbovec_us_per_vector']):.3f}",
            f"×{r['throughput_ours_over_turbovec']:.2f}",
            f"{r['ours_over_copy']:.1f}",
            f"{r['turbovec_over_copy']:.1f}",
        ]
        for r in results
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print(f"encode, one thread, µs per vector: median (least–most) of {runs} alternating runs")
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def check_prerequisites(binary: Path) -> None:
    if not os.access(binary, os.X_OK):
        raise Failure(f"no program at {binary}; run: swift build -c release")
    missing = [name for name in ("numpy", "turbovec") if importlib.util.find_spec(name) is None]
    if missing:
        raise Failure(
            f"{sys.executable} has no {' or '.join(missing)}; "
            f"run: {sys.executable} -m pip install -r {REQUIREMENTS}"
        )


def dimension(text: str) -> int:
    value = positive(text)
    if value % 8 != 0:
        raise argparse.ArgumentTypeError("turbovec takes multiples of 8")
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dimension", type=dimension, nargs="+", default=[384, 1536], metavar="D",
                        help="multiples of 8 (default 384 1536)")  # fmt: skip
    parser.add_argument("--bits", type=int, nargs="+", default=[4], choices=(2, 4), metavar="B",
                        help="2 or 4, the widths both sides have (default 4)")  # fmt: skip
    parser.add_argument("--count", type=positive, default=20_000, help="vectors (default 20000)")
    parser.add_argument("--runs", type=positive, default=5, help="of each side (default 5)")
    parser.add_argument("--seed", type=int, default=1, help="of turbovec's vectors (default 1)")
    parser.add_argument("--binary", type=Path, default=BINARY,
                        help="our command (default .build/release/turboquant)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--peer-worker", type=int, nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer_worker:
        peer_worker(*options.peer_worker)
        return
    try:
        check_prerequisites(options.binary)
        results = [compare(options, d, b) for d in options.dimension for b in options.bits]
    except Failure as failure:
        sys.exit(f"encode.py: {failure}")
    peer = f"turbovec {importlib.metadata.version('turbovec')}"
    if options.json:
        print(json.dumps({"machine": platform.platform(), "peer": peer, "results": results}))
    else:
        print_table(results, options.runs, peer)


if __name__ == "__main__":
    main()
