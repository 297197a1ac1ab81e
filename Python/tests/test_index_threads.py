"""An index in many threads and after forks, and what ends long work."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from swift_turboquant import Index, _work

DIM = 64
RNG = np.random.default_rng(3)


def pairs(numbers):
    """Each vector twice; they have the ids 2n and 2n + 1."""
    x = np.random.default_rng(list(numbers)).standard_normal((len(numbers), DIM))
    ids = np.array([[2 * n, 2 * n + 1] for n in numbers]).ravel()
    return np.repeat(x, 2, axis=0).astype(np.float32), ids


def test_searches_beside_changes():
    """8 threads search 10,000 times each, while another adds, replaces and removes pairs of equal rows. Equal rows have
    equal scores, so a search that saw half a change would find half a pair."""
    index = Index(DIM)
    index.add(*pairs(range(50)))
    done = threading.Event()
    changes = 0

    def change():
        nonlocal changes
        while not done.is_set():
            first = 50 + 2 * (changes % 100)
            index.add(*pairs([first, first + 1]))
            index.upsert(*pairs([first, 7]))
            index.remove(pairs([first, first + 1])[1])
            changes += 1

    def search(seed):
        rng = np.random.default_rng(seed)
        queries = rng.standard_normal((100, DIM)).astype(np.float32)
        for number in range(10_000):
            d, i = index.search(queries[number % 100], 10)
            assert (i[0::2] % 2 == 0).all() and (i[1::2] == i[0::2] + 1).all(), i
            assert (d[1::2] == d[0::2]).all() and (np.diff(d) <= 0).all()

    with ThreadPoolExecutor(9) as pool:
        changing = pool.submit(change)
        try:
            list(pool.map(search, range(8)))
        finally:
            done.set()
        changing.result()
    assert changes > 10
    assert sorted(index.ids.tolist()) == list(range(100))


def test_changes_of_many_threads_are_all_made():
    index = Index(DIM, ids="str")

    def add(thread):
        for number in range(50):
            index.add(np.ones((2, DIM)), [f"{thread} {number} {i}" for i in range(2)])
            index.remove(f"{thread} {number} 0")
            index.remove([f"{thread} {number} 0", f"{thread - 1} {number} 1"], missing="ignore")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, [0, 10, 20, 30]))
    assert len(index) == 200


def test_the_lock_of_python_is_released():
    index = Index(256)
    x = RNG.standard_normal((40_000, 256)).astype(np.float32)
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    with ThreadPoolExecutor(1) as pool:
        ticking = pool.submit(tick)
        while not ticks:
            time.sleep(0.001)
        begin = time.perf_counter()
        index.add(x, threads=1)  # one call, some hundredths of a second
        end = time.perf_counter()
        done.set()
        ticking.result()
    assert sum(begin < tick < end for tick in ticks) > 3


# Forks


def work_in_child(index, x, number):
    """Whether searching and adding work after a fork, on several threads, too."""
    expected = index.search(x, 5)
    for threads in (1, 2):
        d, i = index.search(x, 5, threads=threads)
        if not (np.array_equal(d, expected[0]) and np.array_equal(i, expected[1])):
            return False
    index.add(x + number, threads=2)
    own = Index(DIM)
    own.add(x, threads=2)
    return len(index) == 2 * len(x) and own.search(x, 5)[1].tolist() == expected[1].tolist()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_fifty_forks():
    x = RNG.standard_normal((1000, DIM)).astype(np.float32)
    index = Index(DIM)
    index.add(x, threads=2)
    index.search(x, 5, threads=2)  # the parent's threads exist
    children = []
    for number in range(50):
        child = os.fork()
        if child == 0:
            works = False
            try:
                works = work_in_child(index, x, number)
            finally:
                os._exit(0 if works else 1)
        children.append(child)
        index.search(x[:10], 5, threads=2)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 50
    assert len(index) == len(x)


INHERITED = Index(DIM)


def search_in_pool(seed):
    x = np.random.default_rng(seed).standard_normal((100, DIM)).astype(np.float32)
    found = INHERITED.search(x, 3, threads=2)[1].tolist()
    INHERITED.remove(INHERITED.add(x))
    return found


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_multiprocessing():
    INHERITED.add(RNG.standard_normal((500, DIM)))
    expected = [search_in_pool(seed) for seed in range(6)]
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(search_in_pool, range(6)) == expected


# Ctrl-C


class Interrupted(Exception):
    pass


@pytest.mark.parametrize(
    "number, error", [(signal.SIGINT, KeyboardInterrupt), (signal.SIGUSR1, Interrupted)]
)
@pytest.mark.parametrize("has_progress", [False, True])
def test_a_signal_ends_long_work(number, error, has_progress, monkeypatch):
    """The signal comes when the library first reports, which waits until the signal's handler has run."""
    x = RNG.standard_normal((200_000, 128)).astype(np.float32)
    index, small = Index(128), Index(128)
    small.add(x[:20_000])
    handled = threading.Event()
    reports = []

    def handle(_number, _frame):
        handled.set()
        raise error

    listen = _work._Listener.__call__

    def interrupt(listener, context, done, total):
        reports.append(done / total)
        if len(reports) == 1:
            os.kill(os.getpid(), number)
            assert handled.wait(60)
            deadline = time.monotonic() + 60
            while not listener.ends:  # until the main thread has seen the handler's exception
                assert time.monotonic() < deadline
                time.sleep(0.001)
        return listen(listener, context, done, total)

    monkeypatch.setattr(_work._Listener, "__call__", interrupt)
    progress = (lambda done, total: None) if has_progress else None
    before = signal.signal(number, handle)
    try:
        for work in (
            lambda: index.add(x, threads=1, progress=progress),
            lambda: index.upsert(x, range(len(x)), threads=2, progress=progress),
            lambda: small.search(x, 5, threads=1, progress=progress),
            lambda: small.search(x, 5, threads=2, progress=progress),
        ):
            handled.clear()
            del reports[:]
            with pytest.raises(error):
                work()
            assert reports[-1] < 0.9  # ended on the way
    finally:
        signal.signal(number, before)
    assert len(index) == 0
    index.add(x[:10])
    assert len(index) == 10


def test_short_work_starts_no_thread(monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", lambda self: pytest.fail("a thread"))
    index = Index(DIM)
    index.add(np.ones((100, DIM)))
    index.search(np.ones((100, DIM)), 5)
