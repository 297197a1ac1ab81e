#!/usr/bin/env python3
"""What Spark adds to encoding and searching, and what a second worker takes off.

    python3 spark.py [--rows 1000000] [--dimension 128] [--shards 16] [--queries 1000] [--workers 1 2]

Each number of workers is a Spark of that many executor processes with one core each, on this machine, which also runs the
driver. Rows are made from a seed and lie in Parquet files. A time is the best of some rounds, from the start of the first
task to the end of the last; "tasks" is what the tasks took together. Beside it stand plain calls on the same files with
one thread.
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
from pyspark.sql import SparkSession

from swift_turboquant import Codec
from swift_turboquant.arrow import encode_batch
from swift_turboquant.shards import Shards
from swift_turboquant.spark import build, encode, search

Floats = npt.NDArray[np.float32]
Times = dict[str, tuple[float, float]]


def session(workers: int) -> SparkSession:
    os.environ |= {
        "SPARK_HOME": os.path.dirname(pyspark.__file__), "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
    }  # fmt: skip
    builder = SparkSession.builder.master(f"local-cluster[{workers},1,2048]")
    settings = {
        "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "2g", "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "4",
        # A file of rows is a task, not several files or a piece of one.
        "spark.sql.files.maxPartitionBytes": "1g", "spark.sql.files.openCostInBytes": "1g",
    }  # fmt: skip
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def write(folder: Path, rows: int, dimension: int, shards: int) -> None:
    """Rows around 200 centres, as embeddings are; a file for each shard."""
    centres = np.random.default_rng(0).standard_normal((200, dimension), np.float32)
    ends = np.linspace(0, rows, shards + 1).astype(int)
    for i, (first, last) in enumerate(itertools.pairwise(ends)):
        rng = np.random.default_rng([1, i])
        x = rng.standard_normal((last - first, dimension), np.float32)
        x += centres[rng.integers(200, size=len(x))]
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), dimension)
        table = pa.table(
            {"id": np.arange(first, last), "vector": vectors.cast(pa.list_(pa.float32()))}
        )
        pq.write_table(table, folder / f"{i:03}.parquet", compression="none", use_dictionary=False)


def queries(count: int, dimension: int) -> Floats:
    centres = np.random.default_rng(0).standard_normal((200, dimension), np.float32)
    rng = np.random.default_rng(2)
    q = rng.standard_normal((count, dimension), np.float32)
    return q + centres[rng.integers(200, size=count)]


def measured(spark: SparkSession, name: str, action: Callable[[], Any]) -> tuple[float, float]:
    """Seconds from the first task's start to the last one's end, and of all tasks together."""
    spark.sparkContext.setJobGroup(name, name)
    action()
    tracker = spark.sparkContext.statusTracker()
    store: Any = spark.sparkContext._jsc.sc().statusStore()
    time.sleep(0.5)  # the store hears of the last tasks a little later
    begin, end, total = float("inf"), 0.0, 0.0
    for job in tracker.getJobIdsForGroup(name):
        info = tracker.getJobInfo(job)
        for stage in info.stageIds if info is not None else ():
            data = store.lastStageAttempt(stage)
            if data.firstTaskLaunchedTime().isEmpty():  # what it makes was there already
                continue
            begin = min(begin, data.firstTaskLaunchedTime().get().getTime() / 1e3)
            end = max(end, data.completionTime().get().getTime() / 1e3)
            total += data.executorRunTime() / 1e3
    return end - begin, total


def with_spark(
    workers: int, folder: Path, q: Floats, codec: Codec, rounds: int, output: Path
) -> Times:
    spark = session(workers)
    df = spark.read.parquet(str(folder))
    collection = str(output)

    def searching(exactness: Any) -> Callable[[], Any]:
        return lambda: search(spark, collection, q, 10, exactness=exactness).collect()

    def building() -> None:
        build(
            df, "id", "vector", collection, dim=codec.dim, bits=int(codec.bits), check_ids=False,
            overwrite=True,
        )  # fmt: skip

    def encoding() -> None:
        encode(df, "vector", codec).write.format("noop").mode("overwrite").save()

    actions: dict[str, Callable[[], Any]] = {
        "read": lambda: df.mapInArrow(_nothing, "n long").collect(),
        "encode": encoding,
        "build": building,
        "search": searching("certified"),
        "search, exhaustive": searching("exhaustive"),
    }
    times: Times = {}
    for name, action in actions.items():
        found = [measured(spark, f"{name} {i}", action) for i in range(rounds)]
        times[name] = min(found)
    spark.stop()
    return times


def _nothing(batches: Iterable[Any]) -> Iterator[Any]:
    count = sum(len(batch) for batch in batches)
    yield pa.RecordBatch.from_arrays([pa.array([count])], names=["n"])


def plain(folder: Path, q: Floats, codec: Codec, rounds: int, output: Path) -> Times:
    """The same calls in this process, with one thread."""
    shards = Shards.open(output)

    def encoding() -> None:
        for path in sorted(folder.iterdir()):
            for batch in pq.ParquetFile(path).iter_batches(10_000):
                encode_batch(batch, codec, "vector", threads=1)

    actions: dict[str, Callable[[], Any]] = {
        "encode": encoding,
        "search": lambda: shards.search(q, 10, threads=1),
        "search, exhaustive": lambda: shards.search(q, 10, exactness="exhaustive", threads=1),
    }
    times = {}
    for name, action in actions.items():
        found = []
        for _ in range(rounds):
            begin = time.perf_counter()
            action()
            found.append(time.perf_counter() - begin)
        times[name] = min(found), min(found)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=128)
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    codec, q = Codec(options.dimension, options.bits), queries(options.queries, options.dimension)
    with tempfile.TemporaryDirectory() as scratch:
        rows, output = Path(scratch, "rows"), Path(scratch, "collection")
        rows.mkdir()
        write(rows, options.rows, options.dimension, options.shards)
        found = {n: with_spark(n, rows, q, codec, options.rounds, output) for n in options.workers}
        alone = plain(rows, q, codec, options.rounds, output)
    print(
        f"{options.rows} x {options.dimension}, {options.bits} bits, {options.shards} shards, "
        f"{options.queries} queries; pyspark {pyspark.__version__}"
    )
    print(
        "| | plain, 1 thread |" + "".join(f" {n} workers | tasks |" for n in found) + " speedup |"
    )
    print("|---|" + "---:|" * (2 + 2 * len(found)))
    first, last = found[options.workers[0]], found[options.workers[-1]]
    for name in first:
        cells = [f"{alone[name][0]:.2f} s" if name in alone else ""]
        for times in found.values():
            cells += [f"{each:.2f} s" for each in times[name]]
        print(f"| {name} | " + " | ".join(cells) + f" | {first[name][0] / last[name][0]:.2f} |")


if __name__ == "__main__":
    main()
