"""A million rows in 16 shards, and actors that die again and again; at night."""

import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest
from collection import build as write
from collection import expected, found, names, one_index, queries, rows

ray = pytest.importorskip("ray", reason="ray is not installed")
data = pytest.importorskip("ray.data", reason="ray[data] is not installed")
from swift_turboquant.ray import ShardPool, build
from swift_turboquant.shards import Shards

pytestmark = pytest.mark.usefixtures("nightly", "cluster")
EXACT = {"exactness": "exhaustive"}
DIM = 128


def timed(what, call, *arguments, **options):
    begin = time.perf_counter()
    result = call(*arguments, **options)
    print(f"{what}: {time.perf_counter() - begin:.2f} s")
    return result


def test_a_million_rows_in_sixteen_shards(tmp_path):
    x, q, ids = rows(10**6, 1, DIM), queries(1000, 1, DIM), names(10**6, "int", 1)
    index = timed("one index", one_index, x, ids, "int")
    whole = timed("its search", expected, index, q, 10, **EXACT)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), DIM)
    table = pa.table({"id": ids, "v": vectors})
    dataset = data.from_arrow([table[i : i + 70_000] for i in range(0, 10**6, 70_000)])
    for shards in (16, 5):
        folder = tmp_path / str(shards)
        manifest = timed(
            f"build, {shards} shards", build, dataset, "id", "v", folder, shards=shards
        )
        assert len(manifest.shards) == shards and manifest.rows == 10**6
        plain = Shards.open(folder).search(q, 10)
        for actors in (1, 2):
            with ShardPool(folder, actors=actors) as pool:
                table = timed(f"{shards} shards, {actors} actors", pool.search, q, 10, **EXACT)
                assert found(table) == whole
                assert pool.search(q, 10).equals(plain, check_metadata=True)


def test_actors_die_again_and_again(tmp_path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    choices = random.Random(seed)
    x, q, ids = rows(20_000, 5), queries(16, 5), names(20_000, "str", 5)
    write(tmp_path, x, ids, "str", (1 / 8,) * 7)
    index = one_index(x, ids, "str")
    right = [expected(index, q[i : i + 1], 10, **EXACT) for i in range(16)]
    counts, is_over = [0] * 8, threading.Event()

    def client(number):
        while not is_over.is_set():
            i = (number + counts[number]) % 16
            assert found(pool.search(q[i], 10, timeout=120, **EXACT)) == right[i]
            counts[number] += 1

    options = {"num_cpus": 0.1}
    with (
        ShardPool(tmp_path, actors=2, replicas=2, retries=50, actor_options=options) as pool,
        ThreadPoolExecutor(8) as threads,
    ):
        clients = [threads.submit(client, number) for number in range(8)]
        try:
            for _ in range(30):
                time.sleep(choices.uniform(0, 2))
                member = choices.choice(choices.choice(pool._groups).members)
                if choices.random() < 0.5:
                    ray.kill(member.actor)
                    continue
                try:
                    process = member.actor.__ray_call__.remote(lambda _: os.getpid())
                    os.kill(ray.get(process, timeout=20), signal.SIGKILL)
                except (ray.exceptions.RayError, ProcessLookupError):
                    pass  # it was dead
        finally:
            is_over.set()
        for each in clients:
            each.result()
        print(f"{sum(counts)} searches, {pool.replaced} actors replaced")
        assert pool.replaced >= 10 and min(counts) > 10
