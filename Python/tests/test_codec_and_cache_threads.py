"""Codecs and caches in threads and after forks."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from swift_turboquant import Codec, KVCache

RNG = np.random.default_rng(6)
CODEC = Codec(96, 3, seed=2)
X = RNG.standard_normal((300, 96)).astype(np.float32)
CODES = CODEC.encode(X)
K, Q = (RNG.standard_normal(s).astype(np.float32) for s in ((2, 400, 48), (4, 1, 48)))


def filled(tokens=400):
    cache = KVCache(4, 2, 48)
    cache.append(K[:, :tokens], K[:, :tokens])
    return cache


def test_eight_threads_use_one_codec():
    values = CODEC.estimate(X[:5], CODES)

    def work(seed):
        for i in np.random.default_rng(seed).integers(0, 300, 200):
            assert CODEC.encode(X[i]) == CODES[int(i)]
            assert np.array_equal(CODEC.estimate(X[:5], CODES[i : i + 1]), values[:, i : i + 1])
        return Codec(96, 3, seed=seed).encode(X[:2], threads=2) is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_attention_sees_all_of_an_append_or_nothing():
    cache = filled(100)
    states = []
    for count in range(100, 401, 10):
        state = filled(100)
        for first in range(100, count, 10):
            state.append(K[:, first : first + 10], K[:, first : first + 10])
        states.append(state.attend(Q).tobytes())

    def read(_):
        return [cache.attend(Q).tobytes() for _ in range(60)]

    with ThreadPoolExecutor(6) as pool:
        seen = [pool.submit(read, i) for i in range(5)]
        for first in range(100, 400, 10):
            cache.append(K[:, first : first + 10], K[:, first : first + 10], position=first)
        outputs = [one for future in seen for one in future.result()]
    assert set(outputs) <= set(states)
    assert cache.attend(Q).tobytes() == states[-1]


def test_threads_append_to_forks():
    cache = filled(300)

    def work(i):
        fork = cache.fork()
        for j in range(40):
            token = K[:, 300 + (i + j) % 100][:, None]
            fork.append(token, token)
        return fork.attend(Q).tobytes()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(8)))
    assert found == [work(i) for i in range(8)]
    assert np.array_equal(cache.attend(Q), filled(300).attend(Q))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fifty_children():
    cache = filled()
    expected = cache.attend(Q, threads=2)
    values = CODEC.estimate(X[:2], CODES)

    def child():
        right = np.array_equal(cache.attend(Q, threads=2), expected)
        right &= CODEC.encode(X, threads=2) == CODES
        right &= np.array_equal(CODEC.estimate(X[:2], CODES), values)
        right &= Codec(96, 3, seed=2).encode(X) == CODES
        cache.append(K[:, :1], K[:, :1])
        return right and len(cache) == 401

    for _ in range(50):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                status = 0 if child() else 2
            finally:
                sys.stdout.flush()
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0
    assert len(cache) == 400
    assert np.array_equal(cache.attend(Q), expected)
