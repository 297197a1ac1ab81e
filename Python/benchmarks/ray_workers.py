#!/usr/bin/env python3
"""One and two workers of Ray on this machine: encoding, building and searching, and what a search costs beyond plain calls.

    python3 ray_workers.py [--rows 1000000] [--dimension 128] [--shards 16] [--queries 1 10 1000]

"wall" is the best of some rounds; "busiest" the CPU time of the worker that had most to do, which other work on the machine
changes little. Plain calls are those of one thread in this process, on the same rows and shards.
"""

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import ray
import ray.data

from swift_turboquant import Codec
from swift_turboquant.ray import ShardPool, build, encode
from swift_turboquant.shards import Shards

EXACTNESS: tuple[Any, ...] = ("exhaustive", "certified")
Floats = npt.NDArray[np.float32]


def clustered(rows: int, dimension: int, seed: int) -> Floats:
    """Around centres, as embeddings are; a certified search can leave nothing out where nothing is near."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((200, dimension), np.float32)
    x = rng.standard_normal((rows, dimension), np.float32) + centres[rng.integers(200, size=rows)]
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True), np.float32)


def blocks(x: Floats, count: int) -> list[pa.Table]:
    """Rows with ids in some tables."""
    tables = []
    for part in np.array_split(np.arange(len(x)), count):
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(x[part].reshape(-1)), x.shape[1])
        tables.append(pa.table({"id": part, "vector": vectors}))
    return tables


def seconds(
    rounds: int, turns: int, call: Callable[..., Any], *arguments: Any, **options: Any
) -> float:
    """Of one call; the best of some rounds."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(turns):
            call(*arguments, **options)
        times.append((time.perf_counter() - begin) / turns)
    return min(times)


def encoded(dataset: ray.data.Dataset, codec: Codec) -> float:
    """CPU seconds of the worker that had most to do."""

    def begin(block: pa.Table) -> pa.Table:
        now = pa.array(np.full(len(block), time.process_time()))
        return block.append_column("begin", now)

    def end(block: pa.Table) -> pa.Table:
        spent = time.process_time() - block["begin"][0].as_py()
        return pa.table({"worker": [os.getpid()], "seconds": [spent]})

    # Ray makes one task of the three.
    how = {"batch_size": None, "batch_format": "pyarrow"}
    begun = dataset.map_batches(begin, **how)
    found = encode(begun, "vector", codec).map_batches(end, **how).to_pandas()
    return float(found.groupby("worker")["seconds"].sum().max())


def cpu_times(pool: ShardPool) -> npt.NDArray[np.float64]:
    """CPU seconds of each actor up to now."""
    actors = [member.actor for group in pool._groups for member in group.members]
    times = ray.get([each.__ray_call__.remote(lambda _: time.process_time()) for each in actors])
    return np.array(times)


def searches(folder: str, workers: int, batches: dict[int, Floats], rounds: int) -> None:
    with ShardPool(folder, actors=workers) as pool:
        for exactness, (count, q) in itertools.product(EXACTNESS, batches.items()):
            turns = max(1, 100 // count)
            pool.search(q, 10, exactness=exactness)
            before = cpu_times(pool)
            wall = seconds(rounds, turns, pool.search, q, 10, exactness=exactness)
            busiest = (cpu_times(pool) - before).max() / rounds / turns
            show(f"search {count}, {exactness}", f"{workers} actors", wall, busiest)


def plain_searches(folder: str, batches: dict[int, Floats], rounds: int) -> None:
    shards = Shards.open(folder)
    for exactness, (count, q) in itertools.product(EXACTNESS, batches.items()):
        turns, before = max(1, 100 // count), time.process_time()
        wall = seconds(rounds, turns, shards.search, q, 10, exactness=exactness, threads=1)
        cpu = (time.process_time() - before) / rounds / turns
        show(f"search {count}, {exactness}", "plain", wall, cpu)


def show(what: str, who: str, wall: float, busiest: float | None = None) -> None:
    cpu = "" if busiest is None else f"{busiest * 1e3:.2f}"
    print(f"{what:28} {who:10} {wall * 1e3:12.2f} {cpu:>12}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=128)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--queries", type=int, nargs="+", default=[1, 10, 1000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--times", type=int, default=50, help="how often rows are encoded")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    x = clustered(options.rows, options.dimension, 1)
    q = clustered(max(options.queries), options.dimension, 2)
    batches = {count: q[:count] for count in options.queries}
    codec, rounds = Codec(options.dimension, bits=4), options.rounds
    ray.data.DataContext.get_current().enable_progress_bars = False

    print(f"{options.rows} x {options.dimension}, 4 bits, {options.shards} shards; milliseconds")
    print(f"{'':28} {'':10} {'wall':>12} {'busiest':>12}")
    # Ray takes a second until a second worker gets tasks, so there must be more of them.
    times = options.times
    show(f"encode {times} times", "plain", times * seconds(rounds, 1, codec.encode, x, threads=1))
    with tempfile.TemporaryDirectory() as folder:
        for workers in options.workers:
            ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
            tables = [ray.put(each) for each in blocks(x, options.shards)]
            many, dataset = (ray.data.from_arrow_refs(tables * count) for count in (times, 1))
            busiest: list[float] = []
            wall = seconds(rounds, 1, lambda: busiest.append(encoded(many, codec)))  # noqa: B023
            show(f"encode {times} times", f"{workers} workers", wall, min(busiest))
            place = f"{folder}/{workers}"
            wall = seconds(1, 1, build, dataset, "id", "vector", place)
            show("build", f"{workers} workers", wall)
            searches(place, workers, batches, rounds)
            ray.shutdown()
        plain_searches(f"{folder}/{options.workers[0]}", batches, rounds)


if __name__ == "__main__":
    main()
