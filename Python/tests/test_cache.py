"""Caches: truncation, forks, files, and what is refused."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

from swift_turboquant import FileError, InputError, KVCache, Precision

OPTIONS = {"sinks": 3, "window": 20, "keys": 3, "values": Precision("outliers", bits=2)}
RNG = np.random.default_rng(4)
K, V, Q = (
    RNG.standard_normal(s).astype(np.float32) for s in ((2, 700, 40), (2, 700, 24), (6, 2, 40))
)


def cache_of(tokens, **options):
    cache = KVCache(6, 2, 40, 24, **{**OPTIONS, **options})
    cache.append(K[:, :tokens], V[:, :tokens])
    return cache


def test_attributes():
    cache = cache_of(10)
    assert (cache.query_heads, cache.kv_heads, cache.key_dim, cache.value_dim) == (6, 2, 40, 24)
    assert KVCache(2, 1, 8).value_dim == 8
    assert len(cache) == 10
    assert repr(cache) == (
        f"<KVCache of 10 tokens: 6 query heads, 2 × (40, 24), keys=3, values={OPTIONS['values']!r}>"
    )


def test_truncation():
    cache = cache_of(700)
    cache.truncate(550)
    assert len(cache) == 550
    assert len(cache.decode(0)[0]) == 550
    again = cache.attend(Q)
    cache.append(K[:, 550:], V[:, 550:], position=550)
    cache.truncate(550)
    assert np.array_equal(cache.attend(Q), again)
    cache.truncate(0)
    assert len(cache) == 0
    cache.append(K[:, :300], V[:, :300])
    assert np.array_equal(cache.attend(Q), cache_of(300).attend(Q))


def test_removal():
    cache = cache_of(700, centering="mean")
    keys, values = cache.decode(1)
    with pytest.raises(InputError, match="cannot remove tokens 690 to 701, 700 are held") as error:
        cache.remove(690, 701)
    assert error.value.code == 505
    for start, stop, message in ((-1, 2, "start is -1"), (5, 4, "stop is 4"), (0, -1, "stop is")):
        with pytest.raises(ValueError, match=message):
            cache.remove(start, stop)
    cache.remove(5, 5)
    assert len(cache) == cache.next_position == 700
    cache.remove(3, 259)
    cache.remove(1, 2)
    left = np.r_[0, 2, 259:700]
    assert len(cache) == len(left) and cache.next_position == 700
    for found, before in zip(cache.decode(1), (keys, values), strict=True):
        assert np.array_equal(found, before[left])
    with pytest.raises(InputError, match="position 443"):
        cache.append(K[:, :1], V[:, :1], position=443)
    other = KVCache.from_bytes(cache.to_bytes(), 6, 2, 40, 24, centering="mean", **OPTIONS)
    for one in (cache, other):
        one.append(K[:, :1], V[:, :1], position=700)
    assert other.next_position == 701
    assert np.array_equal(other.attend(Q), cache.attend(Q))
    cache.truncate(440)
    assert cache.next_position == 697
    cache.remove(0, 440)
    assert len(cache) == cache.next_position == cache.nbytes == 0


def test_exact_tokens():
    k, v = K[:, :20].copy(), V[:, :20].copy()
    k[1, 7, 3], v[0, 9, 5] = 1e5, 1e-9
    cache = KVCache(6, 2, 40, 24, window=20)
    cache.append(k[:, :7], v[:, :7])
    half = cache.memory.exact
    cache.append(k[:, 7:], v[:, 7:])
    assert half == 7 * 2 * 64 * 2 and cache.memory.exact == 20 * 2 * 64 * 4
    for head in range(2):
        keys, values = cache.decode(head)
        assert np.array_equal(keys[7:], k[head, 7:]) and np.array_equal(values[7:], v[head, 7:])
        assert np.array_equal(keys[:7], k[head, :7].astype(np.float16))
    cache = KVCache(6, 2, 40, 24, window=20, exact="float32")
    cache.append(k, v)
    assert np.array_equal(cache.decode(1)[0], k[1])
    cache = KVCache(6, 2, 40, 24, window=20, exact="bfloat16")
    cache.append(k, v)
    assert np.allclose(cache.decode(1)[0], k[1], rtol=2**-8, atol=0)
    assert cache.memory.exact == 20 * 2 * 64 * 2
    cache = KVCache(6, 2, 40, 24, window=20, exact="float16")
    with pytest.raises(InputError, match="key of head 1, token 7, coordinate 3"):
        cache.append(k, v)


def test_tokens_that_wait_for_a_centre():
    for tokens, options in ((32, {}), (50, {"center_tokens": 50})):
        options = {"centering": "mean", **options}
        cache = KVCache(6, 2, 40, 24, **options)
        cache.append(K[:, : tokens - 1], V[:, : tokens - 1])
        assert np.array_equal(cache.decode(0)[0], K[0, : tokens - 1])
        assert cache.memory.keys == cache.memory.centers == 0
        cache.append(K[:, tokens - 1 : tokens], V[:, tokens - 1 : tokens])
        assert cache.memory.exact == 0 and cache.memory.centers == 2 * 64 * 4
        assert np.allclose(cache.decode(0)[0].mean(0), K[0, :tokens].mean(0), atol=0.1)


def test_forks_part():
    cache = cache_of(500)
    before = cache.attend(Q)
    forks = [cache.fork(), copy.copy(cache), copy.deepcopy({"layer": cache})["layer"]]
    for i, fork in enumerate(forks):
        assert np.array_equal(fork.attend(Q), before)
        fork.append(K[:, 500 + i : 501 + i], V[:, 500 + i : 501 + i])
    outputs = [fork.attend(Q) for fork in forks]
    assert not np.array_equal(outputs[0], outputs[1])
    assert np.array_equal(cache.attend(Q), before)
    del cache
    assert np.array_equal(forks[0].attend(Q), outputs[0])


def test_caches_like_another_are_empty_and_equal():
    cache = cache_of(500)
    for other in (KVCache.like(cache), KVCache.like(KVCache.like(cache.fork()))):
        assert len(other) == 0
        other.append(K[:, :500], V[:, :500])
        assert np.array_equal(other.attend(Q), cache.attend(Q))


def test_options_are_copied():
    logits = np.zeros(6)
    cache = cache_of(50, sink_logits=logits)
    logits[:] = 5
    other = KVCache.like(cache)
    other.append(K[:, :50], V[:, :50])
    assert np.array_equal(other.attend(Q), cache.attend(Q))


@pytest.mark.parametrize(
    "options",
    [{}, {"centering": "mean", "logit_cap": 3.0, "sink_logits": [0.5] * 6}, {"seed": 2**64 - 1},
     {"centering": "rotary-mean", "rotary_frequencies": [1.0, 0.1], "sliding_window": 100},
     {"keys": "float16", "values": "float32"}, {"keys": Precision(quantizer="polar")}],
    ids=lambda options: ",".join(options) or "plain",
)  # fmt: skip
def test_files(tmp_path, options):
    cache = cache_of(690, **options)
    path = tmp_path / "layer ö.tqkv"
    cache.save(path)
    for name in (path, str(path)):
        loaded = KVCache.load(name, 6, 2, 40, 24, **{**OPTIONS, **options})
        assert len(loaded) == 690
        assert np.array_equal(loaded.attend(Q), cache.attend(Q))
        for one in (cache.fork(), loaded):
            one.append(K[:, 690:], V[:, 690:], position=690)
        assert not np.array_equal(loaded.attend(Q), cache.attend(Q))
        assert len(KVCache.like(loaded)) == 0
    loaded.save(path)
    extended = cache.fork()
    extended.append(K[:, 690:], V[:, 690:])
    again = KVCache.load(path, 6, 2, 40, 24, **{**OPTIONS, **options})
    assert np.array_equal(again.attend(Q), extended.attend(Q))
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_files_that_are_refused(tmp_path):
    path = tmp_path / "cache.tqkv"
    cache_of(50).save(path)
    for changed in ({"seed": 1}, {"sinks": 4}, {"keys": 4}, {"logit_cap": 2.0}):
        with pytest.raises(FileError, match="configuration"):
            KVCache.load(path, 6, 2, 40, 24, **{**OPTIONS, **changed})
    with pytest.raises(FileNotFoundError, match=r"missing\.tqkv"):
        KVCache.load(tmp_path / "missing.tqkv", 6, 2, 40, 24, **OPTIONS)
    data = path.read_bytes()
    for damaged in (b"", data[:100], data[:-1], data[:900] + bytes([data[900] ^ 1]) + data[901:]):
        path.write_bytes(damaged)
        with pytest.raises(FileError):
            KVCache.load(path, 6, 2, 40, 24, **OPTIONS)
    with pytest.raises(FileError):
        cache_of(1).save(tmp_path / "no folder" / "cache.tqkv")
    with pytest.raises(OSError):
        cache_of(1).save(Path("/dev/null/cache.tqkv"))
    with pytest.raises(ValueError, match="zero byte"):
        cache_of(1).save(f"{path}\0.tqkv")
    with pytest.raises(TypeError):
        cache_of(1).save(3)


def test_bytes_and_pickle(tmp_path):
    cache = cache_of(100)
    cache.save(tmp_path / "cache.tqkv")
    data = cache.to_bytes()
    assert data == (tmp_path / "cache.tqkv").read_bytes()
    restored = KVCache.from_bytes(memoryview(data), 6, 2, 40, 24, **OPTIONS)
    for one in (restored, pickle.loads(pickle.dumps(cache)), pickle.loads(pickle.dumps(restored))):
        assert one.to_bytes() == data
        one.append(K[:, 100:110], V[:, 100:110], position=100)
        assert len(one) == 110 and len(KVCache.like(one)) == 0
    for damaged in (b"", data[:-1], data[:900] + bytes([data[900] ^ 1]) + data[901:]):
        with pytest.raises(FileError, match="bytes of a cache"):
            KVCache.from_bytes(damaged, 6, 2, 40, 24, **OPTIONS)
    with pytest.raises(FileError, match="configuration"):
        KVCache.from_bytes(data, 6, 2, 40, 24, **{**OPTIONS, "seed": 1})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"query_heads": 5}, "5 query heads are not a multiple"),
        ({"query_heads": 0}, "query_heads is 0"),
        ({"kv_heads": 0}, "kv_heads is 0"),
        ({"key_dim": 0}, "key_dim is 0"),
        ({"value_dim": 0}, "value_dim is 0"),
        ({"key_dim": 1 << 20}, "key dimension"),
        ({"keys": 0}, "keys is 0"),
        ({"keys": 9}, "9 bits"),
        ({"values": 2.3}, "steps of 0.5"),
        ({"keys": "float64"}, "'float16', 'float32' or a Precision"),
        ({"keys": Precision("codes", bits=0)}, "bits of keys is 0"),
        ({"keys": Precision("float16", bits=4)}, "no effect"),
        ({"keys": Precision("other")}, "kind of keys"),
        ({"keys": Precision("sketches")}, "outliers"),
        ({"keys": Precision("outliers", bits=2.5)}, "whole bits"),
        ({"values": Precision(quantizer="qjl")}, "scalar"),
        ({"keys": Precision(quantizer="polar", estimator="matched-norm")}, "estimator|matched"),
        ({"sinks": -1}, "sinks is -1"),
        ({"window": 1 << 40}, "window"),
        ({"sliding_window": 0}, "sliding_window is 0"),
        ({"exact": "float8"}, "exact is 'float8'"),
        ({"center_tokens": 0}, "center_tokens is 0"),
        ({"center_tokens": 1 << 30}, "a centre after 1073741824 tokens"),
        ({"centering": "median"}, "centering is 'median'"),
        ({"centering": "rotary-mean"}, "rotary_frequencies are needed"),
        ({"centering": "rotary-mean", "rotary_frequencies": []}, "rotary_frequencies"),
        ({"centering": "rotary-mean", "rotary_frequencies": [0.1] * 21}, "21 rotary frequencies"),
        ({"rotary_frequencies": [1.0]}, "for nothing else"),
        ({"rotary_pairing": "halves"}, "no effect"),
        ({"sink_logits": [1.0]}, "expected 6, one per query head"),
        ({"sink_logits": []}, "sink_logits"),
        ({"sink_logits": [np.inf] * 6}, "finite"),
        ({"sink_logits": [1e39] * 6}, "finite"),
        ({"logit_cap": 0}, "logit_cap is 0"),
        ({"logit_cap": 1e-60}, "logit_cap is 1e-60"),
        ({"logit_cap": -1}, "logit cap of -1"),
        ({"seed": -1}, "seed is -1"),
    ],
    ids=str,
)
def test_impossible_options(options, message):
    shape = {"query_heads": 6, "kv_heads": 2, "key_dim": 40}
    with pytest.raises(ValueError, match=message):
        KVCache(**{**shape, **options})


def test_appends_that_are_refused():
    cache = cache_of(30)
    before = cache.attend(Q)
    one = np.zeros((2, 1, 40), np.float32), np.zeros((2, 1, 24), np.float32)
    for k, v, message in (
        (one[0][0], one[1], r"k has shape \(1, 40\), expected \(2, tokens, 40\)"),
        (one[0], one[1][:1], r"v has shape \(1, 1, 24\), expected \(2, tokens, 24\)"),
        (one[1], one[1], "k has shape"),
        (one[0], np.zeros((2, 3, 24)), "k has 1 tokens and v 3"),
    ):
        with pytest.raises(ValueError, match=message):
            cache.append(k, v)
    for position in (29, 31, 0):
        with pytest.raises(InputError, match=f"position {position}, but 30 are held") as error:
            cache.append(*one, position=position)
        assert error.value.code == 504
    with pytest.raises(ValueError, match="position is -1"):
        cache.append(*one, position=-1)
    for value in (np.nan, np.inf, 2.0**96, 1e39):
        k = np.zeros((2, 4, 40))
        k[1, 2, 7] = value
        with pytest.raises(InputError, match="key of head 1, token 2, coordinate 7"):
            cache.append(k, np.zeros((2, 4, 24)))
    for k in (one[0] > 0, one[0] + 1j, one[0].astype(str)):
        with pytest.raises(TypeError, match="k has dtype"):
            cache.append(k, one[1])
    with pytest.raises(ValueError, match="threads is 0"):
        cache.append(*one, threads=0)
    assert len(cache) == 30
    assert np.array_equal(cache.attend(Q), before)


def test_queries_that_are_refused():
    cache = cache_of(30)
    with pytest.raises(InputError, match="31 queries for 30 tokens held"):
        cache.attend(np.zeros((6, 31, 40)))
    for shape in ((2, 1, 40), (6, 1, 24), (6, 40), (1, 6, 1, 40)):
        with pytest.raises(ValueError, match=r"expected \(6, tokens, 40\)"):
            cache.attend(np.zeros(shape))
    for scale in (0, 1e-60, 0.0):
        with pytest.raises(ValueError, match="scale is"):
            cache.attend(Q, scale)
    for scale in (np.nan, np.inf):
        with pytest.raises(InputError, match="scale"):
            cache.attend(Q, scale)
    q = Q.copy()
    q[5, 1, 39] = np.nan
    with pytest.raises(InputError, match="query of head 5, token 1, coordinate 39"):
        cache.attend(q)
    with pytest.raises(ValueError, match="threads is -1"):
        cache.attend(Q, threads=-1)


def test_counts_and_heads_that_are_not_there():
    cache = cache_of(30)
    with pytest.raises(InputError, match="cannot truncate to 31"):
        cache.truncate(31)
    with pytest.raises(ValueError, match="count is -1"):
        cache.truncate(-1)
    with pytest.raises(InputError, match="no head 2"):
        cache.decode(2)
    with pytest.raises(ValueError, match="head is -1"):
        cache.decode(-1)


def test_what_a_sliding_window_has_forgotten():
    cache = cache_of(600, sliding_window=50)
    cache.append(K[:, 600:], V[:, 600:])
    with pytest.raises(InputError, match="has forgotten") as error:
        cache.truncate(300)
    assert error.value.code == 506
    with pytest.raises(InputError, match="has forgotten"):
        cache.attend(np.zeros((6, 400, 40)))
    assert len(cache) == 700


def test_nothing():
    cache = KVCache(6, 2, 40, 24)
    assert len(cache) == 0
    assert cache.attend(Q[:, :0]).shape == (6, 0, 24)
    cache.append(K[:, :0], V[:, :0], position=0)
    assert [x.shape for x in cache.decode(0)] == [(0, 40), (0, 24)]
    with pytest.raises(InputError, match="2 queries for 0 tokens"):
        cache.attend(Q)
