"""A pool of actors finds what one index finds, to the bit, whoever dies meanwhile."""

import asyncio
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from collection import build, expected, found, names, one_index, queries, rows

ray = pytest.importorskip("ray", reason="ray is not installed")
from swift_turboquant import FileError, InputError, MissingFileError
from swift_turboquant.ray import ShardPool, _pool
from swift_turboquant.ray._actor import Searcher
from swift_turboquant.ray._gate import Deadline, Gate
from swift_turboquant.ray._members import Call, Group, Member
from swift_turboquant.shards import Manifest, Shards

pytestmark = pytest.mark.usefixtures("cluster")
SMALL = {"num_cpus": 0.1}
EXACT = {"exactness": "exhaustive"}


@pytest.fixture
def folder(tmp_path):
    build(tmp_path, rows(600, 1), names(600, "int", 1), "int")
    return tmp_path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder that no test changes."""
    folder = tmp_path_factory.mktemp("kept")
    build(folder, rows(600, 1), names(600, "int", 1), "int")
    return folder


def members(pool):
    return [member for group in pool._groups for member in group.members]


def pid(member):
    return ray.get(member.actor.__ray_call__.remote(lambda _: os.getpid()))


@pytest.mark.parametrize(
    ("kind", "shares", "actors", "options"),
    [
        ("int", (), {"actors": 1}, {"metric": "ip"}),
        ("str", (0.3,), {"replicas": 2}, {"metric": "cosine", "bits": 2}),
        ("bytes", (0.1, 0.5, 0.01, 0.2), {"actors": 2}, {"metric": "l2", "bits": 3}),
        ("int", (1 / 16,) * 15, {"actors": 3}, {"metric": "l2", "center": np.full(32, 0.25)}),
    ],
    ids=["one actor", "replicas", "two actors", "three actors"],
)
def test_results_are_those_of_one_index(tmp_path, kind, shares, actors, options):
    x, q, ids = rows(2000, 1), queries(1100, 1), names(2000, kind, 1)
    index = one_index(x, ids, kind, **options)
    build(tmp_path, x, ids, kind, shares, **options)
    with ShardPool(tmp_path, fingerprint=index.fingerprint, actor_options=SMALL, **actors) as pool:
        assert len(pool) == 2000
        for k in (1, 40, 2001):
            assert found(pool.search(q[:9], k, **EXACT)) == expected(index, q[:9], k, **EXACT)
        # Through the object store.
        assert found(pool.search(q, 3, **EXACT)) == expected(index, q, 3, **EXACT)
        some = iter(ids[::3].tolist())
        table = pool.search(q[:9], 5, filter=some, **EXACT)
        assert found(table) == expected(index, q[:9], 5, filter=ids[::3].tolist(), **EXACT)
        assert found(pool.search(q[0], 5)) == expected(index, q[:1], 5)
        assert found(pool.search(q[:0], 5)) == []
        certified = pool.search(q[:9], 5, failure_probability=0.01)
        plain = Shards.open(tmp_path).search(q[:9], 5, failure_probability=0.01)
        assert certified.equals(plain, check_metadata=True)
        assert pool.replaced == 0


@pytest.mark.parametrize("replicas", [1, 2])
def test_two_actors_are_killed_while_eight_clients_search(tmp_path, replicas, request):
    if replicas == 2:
        request.getfixturevalue("nightly")
    x, q, ids = rows(3000, 2), queries(16, 2), names(3000, "str", 2)
    build(tmp_path, x, ids, "str")
    index = one_index(x, ids, "str")
    right = [expected(index, q[i : i + 1], 7, **EXACT) for i in range(16)]
    answers, ready = [], threading.Semaphore(0)

    def client(number):
        for i in range(40):
            table = pool.search(q[(number + i) % 16], 7, timeout=60, **EXACT)
            answers.append(found(table) == right[(number + i) % 16])
            ready.release()

    with (
        ShardPool(tmp_path, actors=2, replicas=replicas, actor_options=SMALL) as pool,
        ThreadPoolExecutor(8) as threads,
    ):
        one, *_, two = members(pool)
        process = pid(one)
        clients = [threads.submit(client, number) for number in range(8)]
        for _ in range(60):
            ready.acquire()
        os.kill(process, signal.SIGKILL)
        for _ in range(100):
            ready.acquire()
        ray.kill(two.actor, no_restart=False)
        for each in clients:
            each.result()
        assert answers == [True] * 320
        assert pool.replaced == 2
        assert all(each.load == 0 for each in members(pool))
        assert pool._gate.inside == 0


def test_the_other_replica_answers_while_an_actor_is_replaced(kept, tmp_path):
    mark = str(tmp_path / "it may open")

    class Late(Searcher):
        def open(self):
            while not os.path.exists(mark):
                time.sleep(0.01)
            super().open()

    with ShardPool(kept, actors=1, replicas=2, actor_options=SMALL) as pool:
        one, other = members(pool)
        arguments = str(kept), pool.manifest, pool.manifest.shards, 1
        one._start = lambda: ray.remote(Late).options(**SMALL).remote(*arguments)
        ray.kill(one.actor)
        try:
            for _ in range(6):
                assert len(pool.search(queries(1, 1), 3, timeout=60)) == 3
            assert pool.replaced == 1 and not one.is_open and other.is_open
        finally:
            open(mark, "w").close()
        ray.get(one._opening)
        assert one.is_open


def test_a_request_of_which_every_actor_dies(cluster):
    class Dying:  # of a function, so that workers need not find this file
        def open(self):
            pass

        def search(self):
            os._exit(1)

    member = Member(lambda: ray.remote(Dying).options(num_cpus=0.1).remote())
    group = Group(["shard-1.tqi", "shard-2.tqi"], [member], retries=2)
    with pytest.raises(RuntimeError, match=r"shard-1.tqi, shard-2.tqi died 3 times in a row"):
        Call(group, "search").result(Deadline(60))
    assert member.replaced == 3 and member.load == 0
    assert (
        Call(group, "open").result(Deadline(60)) is None
    )  # the last one waits for better requests
    ray.kill(member.actor)


@contextmanager
def slow_pool(folder):
    """A pool with a single actor that takes a tenth of a second."""

    class Slow(Searcher):
        def search(self, request):
            time.sleep(0.1)
            return super().search(request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pool, "Searcher", Slow)
        pool = ShardPool(folder, actors=1, max_in_flight=3, actor_options=SMALL)
    with pool:
        yield pool


@pytest.fixture(scope="module")
def slow(cluster, kept):
    with slow_pool(kept) as pool:
        yield pool


def test_no_more_searches_are_under_way_than_are_allowed(slow, monkeypatch):
    loads, q = [], queries(1, 1)
    (member,) = members(slow)
    monkeypatch.setattr(
        member, "send", lambda *a: (Member.send(member, *a), loads.append(member.load))[0]
    )
    with ThreadPoolExecutor(12) as threads:
        tables = list(threads.map(lambda _: slow.search(q, 3, **EXACT), range(24)))
    assert len(loads) == 24 and max(loads) == 3
    assert all(each.equals(tables[0]) for each in tables)


def test_searches_that_take_too_long(slow):
    q, begin = queries(1, 1), time.monotonic()
    with pytest.raises(
        TimeoutError, match=r"the actor of shard-.*\.tqi and 2 more did not answer in 0.05 s"
    ):
        slow.search(q, 3, timeout=0.05)
    while slow._gate.inside and time.monotonic() < begin + 30:
        time.sleep(0.001)
    assert time.monotonic() - begin >= 0.1  # it was inside as long as the actor worked on it
    assert slow._gate.inside == 0 and members(slow)[0].load == 0
    with ThreadPoolExecutor(6) as threads:
        others = [threads.submit(slow.search, q, 3) for _ in range(6)]
        while slow._gate.inside < 3:
            time.sleep(0.001)
        with pytest.raises(TimeoutError, match=r"waited 0.05 s for others: max_in_flight is 3"):
            slow.search(q, 3, timeout=0.05)
        assert all(len(each.result()) == 3 for each in others)
    with pytest.raises(ValueError, match="timeout is -1"):
        slow.search(q, 3, timeout=-1)


def test_coroutines(slow):
    q = queries(3, 1)

    async def searches():
        tables = await asyncio.gather(*(slow.asearch(one, 4, **EXACT) for one in [*q] * 3))
        with pytest.raises(TimeoutError, match="did not answer in 0.02 s"):
            await slow.asearch(q, 4, timeout=0.02)
        with pytest.raises(ValueError, match="k is 0"):
            await slow.asearch(q, 0)
        waiting = [asyncio.ensure_future(slow.asearch(q, 4)) for _ in range(6)]
        await asyncio.sleep(0)  # they begin
        with pytest.raises(TimeoutError, match="max_in_flight is 3"):
            await slow.asearch(q, 4, timeout=0.05)
        with pytest.raises(ValueError, match="k is 0"):  # without waiting
            await slow.asearch(q, 0, timeout=0)
        waiting[-1].cancel()
        done = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(done[-1], asyncio.CancelledError)
        assert all(len(each) == 12 for each in done[:-1])
        return tables

    for i, table in enumerate(asyncio.run(searches())):
        assert table.equals(slow.search(q[i % 3], 4, **EXACT))


def test_the_gate_lets_in_by_the_order_of_arrival():
    gate, entered, threads = Gate(1), [], []
    gate.enter(Deadline(None))
    for number in range(5):

        def enter(number=number):
            gate.enter(Deadline(None))
            entered.append(number)
            gate.leave()

        threads.append(threading.Thread(target=enter))
        threads[-1].start()
        while len(gate._waiting) <= number:
            time.sleep(0.001)
    gate.leave()
    for each in threads:
        each.join()
    assert entered == [0, 1, 2, 3, 4]


def test_a_closed_pool(kept):
    q = queries(1, 1)
    with slow_pool(kept) as slow, ThreadPoolExecutor(8) as threads:
        searches = [threads.submit(slow.search, q, 3) for _ in range(6)]
        while slow._gate.inside < 3 or len(slow._gate._waiting) < 3:
            time.sleep(0.001)
        slow.close()
        results = [each.exception() for each in searches]
    assert sorted(map(str, results)) == ["None"] * 3 + ["the pool is closed"] * 3
    with pytest.raises(RuntimeError, match="the pool is closed"):
        slow.search(q, 3)
    with pytest.raises(RuntimeError, match="the pool is closed"):
        asyncio.run(slow.asearch(q, 3))


def test_misuse_is_refused_before_any_actor_is_asked(kept):
    with ShardPool(kept, actors=1, actor_options=SMALL) as pool:
        q = queries(2, 1)
        # An actor can refuse this only, and is not asked again.
        with pytest.raises(InputError, match="keeps no originals"):
            pool.search(q, 1, rerank=2)
        assert pool.replaced == 0
        for each in members(pool):
            each.send = None
        for error, match, call in [
            (ValueError, "k is 0", lambda: pool.search(q, 0)),
            (TypeError, "float", lambda: pool.search(q, 1.5)),
            (ValueError, r"q has shape \(2, 31\), expected \(rows, 32\)", lambda: pool.search(q[:, 1:], 1)),
            (InputError, "query 1, column 3 is nan",
             lambda: pool.search(np.where(np.arange(64).reshape(2, 32) == 35, np.nan, q), 1)),
            (TypeError, "dtype", lambda: pool.search(np.array([["a"] * 32]), 1)),
            (ValueError, "exactness is 'all'", lambda: pool.search(q, 1, exactness="all")),
            (ValueError, "failure_probability is 2", lambda: pool.search(q, 1, failure_probability=2)),
            (TypeError, "ids.0. is 'a'", lambda: pool.search(q, 1, filter=["a"])),
            (ValueError, "rerank is 2", lambda: pool.search(q, 3, rerank=2)),
        ]:  # fmt: skip
            with pytest.raises(error, match=match):
                call()
            assert pool._gate.inside == 0
    for options, match in [
        ({"actors": 0}, "actors is 0"), ({"actors": 6}, "actors is 6, but there are 5 shards"),
        ({"replicas": 0}, "replicas is 0"), ({"max_in_flight": 0}, "max_in_flight is 0"),
        ({"retries": -1}, "retries is -1"), ({"fingerprint": b"x" * 32}, "fingerprint"),
        ({"actor_options": {"max_restarts": 3}}, "max_restarts"), ({"open_timeout": -1}, "timeout is -1"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=match):
            ShardPool(kept, **options)
    with pytest.raises(MissingFileError, match="there is no collection in"):
        ShardPool(kept / "none")


def damage(folder, how):
    """Damages the third shard: its path, and what errors say."""
    path = folder / Manifest.read(folder).shards[2].file
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "cut":
        path.write_bytes(data[:-64])
    elif how == "changed":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    else:
        index = one_index(rows(60, 5), names(60, "int", 5), "int", seed=7)
        index.save(path)
    return path, data


@pytest.mark.parametrize(
    ("how", "message"),
    [("missing", "is missing"), ("cut", "is cut"), ("changed", "checksum"), ("of another fingerprint", "")],
)  # fmt: skip
def test_a_shard_that_fails_its_check_is_named(folder, how, message):
    path, data = damage(folder, how)
    begin = time.monotonic()
    with pytest.raises(FileError, match=f"{path.name}.*{message}"):
        ShardPool(folder, actors=1, actor_options=SMALL)
    assert time.monotonic() - begin < 20
    path.write_bytes(data)


def test_a_shard_that_fails_its_check_when_an_actor_is_replaced(folder):
    q = queries(2, 1)
    with ShardPool(folder, actors=2, actor_options=SMALL) as pool:
        right = pool.search(q, 5, **EXACT)
        path, data = damage(folder, "cut")
        (member,) = (group.members[0] for group in pool._groups if path.name in group.shards)
        ray.kill(member.actor)
        for _ in range(2):
            with pytest.raises(FileError, match=f"{path.name}.*is cut"):
                pool.search(q, 5, timeout=30, **EXACT)
        assert pool.replaced == 1
        path.write_bytes(data)
        assert pool.search(q, 5, timeout=30, **EXACT).equals(right)


def test_no_result_mixes_a_collection_with_the_one_in_its_place(folder):
    q = queries(2, 1)
    with ShardPool(folder, actors=2, actor_options=SMALL) as pool:
        right = pool.search(q, 5, **EXACT)
        old = [folder / shard.file for shard in pool.manifest.shards]
        build(folder, rows(600, 8), names(600, "int", 8), "int")
        for path in old:
            path.unlink()
        assert pool.search(q, 5, **EXACT).equals(right)  # files stay mapped
        ray.kill(members(pool)[1].actor)
        with pytest.raises(MissingFileError, match=r"shard-.*\.tqi' is missing"):
            pool.search(q, 5, timeout=60)


def test_actors_that_find_no_room(kept):
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match="2 actors need 3 CPUs, the cluster has 2"):
        ShardPool(kept, actors=2, actor_options={"num_cpus": 1.5}, open_timeout=3)
    assert time.monotonic() - begin < 10
    with ShardPool(kept, actor_options={"num_cpus": 1.5}) as pool:
        assert len(members(pool)) == 1
