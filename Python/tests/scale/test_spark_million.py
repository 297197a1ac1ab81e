"""A million rows, by night."""

import time
from contextlib import contextmanager

import numpy as np
import pytest
from collection import expected
from test_shards import limit

pytest.importorskip("pyspark", reason="pyspark is not installed")

from spark_session import collected

from swift_turboquant import Index
from swift_turboquant.spark import build, search

CHUNKS, CHUNK, DIM = 100, 10_000, 128


def million(seed):
    """A function that makes chunks of rows around 200 centres, whose ids are in no order."""

    def chunk(number):
        centres = np.random.default_rng(seed).standard_normal((200, DIM), np.float32)
        rng = np.random.default_rng([seed, number])
        x = rng.standard_normal((CHUNK, DIM), np.float32) + centres[rng.integers(200, size=CHUNK)]
        # 1,000,003 is a prime, so these differ.
        return (np.arange(CHUNK) + number * CHUNK) * 7919 % 1_000_003, x

    return chunk


def test_a_million_rows_in_16_shards(spark, tmp_path, nightly, capsys):
    chunk = million(1)

    def made(batches):
        import pyarrow as pa

        for batch in batches:
            for number in batch.column(0).to_pylist():
                ids, x = chunk(number)
                vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), x.shape[1])
                yield pa.RecordBatch.from_arrays(
                    [pa.array(ids), vectors.cast(pa.list_(pa.float32()))], names=["id", "vector"]
                )

    index = Index(DIM)
    for number in range(CHUNKS):
        ids, x = chunk(number)
        index.add(x, ids=ids)
    q = chunk(CHUNKS)[1][:1000]
    whole = expected(index, q, 10, exactness="exhaustive")
    df = spark.range(0, CHUNKS, 1, 16).mapInArrow(made, "id long, vector array<float>")
    times = {}

    @contextmanager
    def timed(name):
        begin = time.perf_counter()
        yield
        times[name] = time.perf_counter() - begin

    for name, rows in {"as they come": df, "shuffled": df.repartition(16)}.items():
        path = tmp_path / name
        with timed(f"build, {name}"):
            manifest = build(rows, "id", "vector", path, dim=DIM)
        assert (manifest.rows, len(manifest.shards)) == (CHUNKS * CHUNK, 16)
        with timed(f"search, {name}"):
            found = collected(search(spark, path, q, 10, exactness="exhaustive"))
        assert found == whole
    for probability in (0.001, 0.05):
        with timed(f"search, certified with {probability}"):
            found = collected(search(spark, path, q, 10, failure_probability=probability))
        pairs = zip(np.reshape(found, (1000, 30)), np.reshape(whole, (1000, 30)), strict=True)
        failures = sum(bool((one != other).any()) for one, other in pairs)
        times[f"differing searches of 1,000, {probability}"] = failures
        assert failures <= limit(1000, probability)
    with capsys.disabled():
        print("", *(f"{name}: {value:.2f}" for name, value in times.items()), sep="\n")
