#!/usr/bin/env python3
"""The time of one call that searches for one query: what Python costs beyond C, and turbovec's call beside ours.

    python3 single_query.py [--rows 50000] [--dimension 384] [--vectors x.npy] [--bits 2 4]

Each contestant gets one thread and the same queries, one after another. Rounds take turns, and the best round counts, so that
what else the machine does falls out. Overhead is the difference of two calls on an index of ten rows: `Index.search`, and the
C function with arguments that are ready.
"""

import argparse
import ctypes
import os
import time
from collections.abc import Callable
from typing import Any

os.environ["RAYON_NUM_THREADS"] = "1"  # turbovec's; read when it is loaded

import numpy as np
import numpy.typing as npt

from swift_turboquant import Codec, Index
from swift_turboquant._library import lib

Floats = npt.NDArray[np.float32]
Call = Callable[[Floats], Any]


def best(calls: dict[str, Call], queries: Floats, rounds: int) -> dict[str, float]:
    """Microseconds of each call, one query a call; the best of some rounds."""
    times = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            begin = time.perf_counter()
            for query in queries:
                call(query)
            elapsed = (time.perf_counter() - begin) / len(queries) * 1e6
            times[name] = min(times[name], elapsed)
    return times


def overhead(dimension: int, rounds: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 1, dimension)).astype(np.float32)
    index, codec = Index(dimension), Codec(dimension)
    index.add(x[:10, 0])
    d, i = np.empty((1, 10), np.float32), np.empty((1, 10), np.int64)
    codes = np.empty((1, codec.bytes_per_vector), np.uint8)
    options = lib.struct("tq_search_options")
    search = (
        10, ctypes.byref(options), d.ctypes.data, i.ctypes.data, None, d.size,
    )  # fmt: skip
    handle, coder, where = index._handle.value, codec._handle.value, x.ctypes.data
    target = codes.ctypes.data
    times = best(
        {
            "search in C": lambda _: lib.tq_index_search(
                handle, where, dimension, lib.TQ_FLOAT32, *search
            ),
            "Index.search": lambda q: index.search(q, 10),
            "encode in C": lambda _: lib.tq_codec_encode(
                coder, where, dimension, lib.TQ_FLOAT32, 1, target, codes.size
            ),
            "Codec.encode": codec.encode,
        },
        x,
        20 * rounds,
    )
    for ours, theirs in (("Index.search", "search in C"), ("Codec.encode", "encode in C")):
        print(
            f"{ours}, {dimension} dimensions: {times[ours]:.1f} us, of which Python "
            f"{times[ours] - times[theirs]:.1f} us"
        )


def compare(x: Floats, queries: Floats, bits: int, rounds: int) -> None:
    index = Index(x.shape[1], bits)
    index.add(x)
    calls: dict[str, Call] = {
        "ours": lambda q: index.search(q, 10),
        "ours, exhaustive": lambda q: index.search(q, 10, exactness="exhaustive"),
    }
    try:
        import turbovec  # type: ignore[import-untyped]
    except ImportError:
        print("turbovec is not installed (pip install turbovec)")
    else:
        other = turbovec.TurboQuantIndex(x.shape[1], bits)
        other.add(x)
        other.prepare()
        calls["turbovec"] = lambda q: other.search(q, 10)
    times = best(calls, queries[:, None], rounds)
    print(
        f"{len(x)} x {x.shape[1]}, {bits} bits: "
        + ", ".join(f"{name} {elapsed:.0f} us" for name, elapsed in times.items())
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--vectors", help="an .npy file; the last 200 rows become queries")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--bits", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if options.vectors:
        x = np.ascontiguousarray(np.load(options.vectors), np.float32)
    else:
        rng = np.random.default_rng(1)
        # Around centres, as embeddings are; a certified search can leave nothing out where nothing is near.
        centres = rng.standard_normal((200, options.dimension), np.float32)
        x = rng.standard_normal((options.rows + 200, options.dimension), np.float32)
        x += centres[rng.integers(200, size=len(x))]
        x /= np.linalg.norm(x, axis=1, keepdims=True)
    overhead(x.shape[1], options.rounds)
    for bits in options.bits:
        compare(x[:-200], x[-200:], bits, options.rounds)


if __name__ == "__main__":
    main()
