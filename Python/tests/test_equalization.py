"""Equalization of keys, the statistics that find it, and files of it."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from attention_model import attention

from swift_turboquant import (
    Equalization,
    FileError,
    InputError,
    KVCache,
    KVStatistics,
    MissingFileError,
    load_calibration,
    save_calibration,
)

HEADS, QUERY_HEADS, DIM, TOKENS = 2, 6, 16, 900
RNG = np.random.default_rng(7)
MIXING = RNG.standard_normal((2, HEADS, DIM, DIM)) * 0.4 + np.exp(np.arange(DIM) % 5 - 2) * np.eye(
    DIM
)
K = (RNG.standard_normal((HEADS, TOKENS, DIM)) @ MIXING[0] + 2).astype(np.float32)
V = RNG.standard_normal((HEADS, TOKENS, DIM)).astype(np.float32)
Q = (RNG.standard_normal((QUERY_HEADS, TOKENS, DIM)) @ np.repeat(MIXING[1], 3, axis=0)).astype(
    np.float32
)
DIAGONAL = Equalization(np.exp(RNG.standard_normal((HEADS, DIM))))
MATRIX = Equalization(
    np.triu(RNG.standard_normal((HEADS, DIM, DIM)) * 0.3, 1)
    + np.exp(np.arange(DIM) % 3) * np.eye(DIM)
)
BOTH = pytest.mark.parametrize("equalization", [DIAGONAL, MATRIX], ids=["diagonal", "matrix"])


def matrices(equalization):
    """T of each head in double precision, (heads, dim, dim)."""
    t = equalization.transforms.astype(float)
    return t if t.ndim == 3 else t[:, None, :] * np.eye(t.shape[1])


def cache_of(equalization, keys=4, k=K, **options):
    cache = KVCache(QUERY_HEADS, HEADS, DIM, keys=keys, equalization=equalization, **options)
    cache.append(k, V)
    return cache


def statistics_of(k=K, q=Q, **options):
    statistics = KVStatistics(QUERY_HEADS, HEADS, DIM, **options)
    statistics.add(k, q)
    return statistics


@pytest.mark.parametrize(
    "options", [{}, {"centering": "mean"}, {"centering": "mean", "sinks": 5}], ids=str
)
def test_the_best_metrics_of_each_kind(options):
    statistics = statistics_of(**options)
    sinks = options.get("sinks", 0)
    assert len(statistics) == TOKENS - sinks
    assert repr(statistics) == f"<KVStatistics of {TOKENS - sinks} tokens: 6 query heads, 2 × 16>"
    diagonal, matrix = (statistics.equalization(kind) for kind in ("diagonal", "matrix"))
    assert (diagonal.kind, diagonal.kv_heads, diagonal.key_dim) == ("diagonal", HEADS, DIM)
    assert matrix.kind == "matrix" and matrix.transforms.shape == (HEADS, DIM, DIM)
    assert not np.tril(matrix.transforms, -1).any()
    share = DIM / (DIM + len(statistics))
    for head in range(HEADS):
        k = K[head, sinks:].astype(float)
        k = k - k.mean(0) if options else k
        q = Q[3 * head : 3 * head + 3, sinks:].reshape(-1, DIM).astype(float)
        a, b = k.T @ k, q.T @ q
        expected = (np.diag(b) / np.diag(a)) ** 0.25
        found = diagonal.transforms[head]
        # float32 keeps 24 bits of each factor, and the library's centre is one of float32 too.
        assert np.allclose(found / found[0], expected / expected[0], rtol=1e-5, atol=0)
        # G·A·G = B up to a factor, of moments that are shrunk towards their diagonals.
        a, b = (m * np.where(np.eye(DIM), 1, 1 - share) for m in (a, b))
        t = matrix.transforms[head].astype(float)
        found = (g := t.T @ t) @ a @ g
        scale = np.trace(found) / np.trace(b)
        assert np.abs(found / scale - b).max() < 1e-4 * np.abs(b).max()


def test_statistics_add_up_and_take_every_type():
    one, parts = statistics_of(), KVStatistics(QUERY_HEADS, HEADS, DIM)
    parts.add(K[:, :300], Q[:, :300])
    parts.add(K[:, 300:], Q[:, 300:])
    parts.add(K[:, :0], Q[:, :0])
    for kind in ("diagonal", "matrix"):
        # The order of additions in double precision is the same.
        assert parts.equalization(kind) == one.equalization(kind)
    half, bfloat16 = K.astype(np.float16), (K.view(np.uint32) & 0xFFFF0000).view(np.float32)
    expected = statistics_of(half.astype(np.float32)).equalization("diagonal")
    assert statistics_of(half).equalization("diagonal") == expected
    assert statistics_of(half, Q.astype(np.float64)).equalization("diagonal") == expected
    torch = pytest.importorskip("torch")
    tensors = [torch.from_numpy(x).to(torch.bfloat16) for x in (bfloat16, np.trunc(Q * 4))]
    expected = statistics_of(*(x.to(torch.float32).numpy() for x in tensors))
    assert statistics_of(*tensors).equalization("matrix") == expected.equalization("matrix")


def test_threads_add_to_the_same_statistics():
    statistics = KVStatistics(QUERY_HEADS, HEADS, DIM)
    with ThreadPoolExecutor(4) as pool:
        parts = [slice(first, first + 30) for first in range(0, TOKENS, 30)]
        list(pool.map(lambda part: statistics.add(K[:, part], Q[:, part]), parts))
    assert len(statistics) == TOKENS
    # Sums in double precision, in another order.
    found, expected = (s.equalization("diagonal").transforms for s in (statistics, statistics_of()))
    assert np.allclose(found, expected, rtol=1e-6, atol=0)


def test_errors_of_attention_fall_where_channels_are_uneven():
    rng = np.random.default_rng(3)
    scales = np.exp(1.5 * rng.standard_normal((HEADS, 1, DIM)))
    k = rng.standard_normal((HEADS, TOKENS, DIM)) * scales
    # Such queries give every channel the same part in the variance of scores.
    q = rng.standard_normal((QUERY_HEADS, TOKENS, DIM)) / np.repeat(scales, 3, axis=0)
    k, q = k.astype(np.float32), q.astype(np.float32)
    statistics = statistics_of(k[:, :600], q[:, :600])
    exact = cache_of(None, keys="float32", k=k, values="float32").attend(q[:, 600:])
    errors = {}
    for kind in (None, "diagonal", "matrix"):
        equalization = kind and statistics.equalization(kind)
        cache = cache_of(equalization, keys=2, k=k, values="float32")
        errors[kind] = np.linalg.norm(cache.attend(q[:, 600:]) - exact) / np.linalg.norm(exact)
    # By Cauchy and Schwarz the noise of a score falls by mean(s²)·mean(1/s²), some 30 to 1000 for scales like these.
    assert errors["diagonal"] < errors[None] / 10 and errors["matrix"] < errors[None] / 10, errors


def test_a_matrix_also_sees_channels_that_move_together():
    rng = np.random.default_rng(5)
    turn = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0]
    scales = np.exp(1.5 * rng.standard_normal(DIM))
    k = (rng.standard_normal((HEADS, TOKENS, DIM)) * scales @ turn).astype(np.float32)
    q = (rng.standard_normal((QUERY_HEADS, TOKENS, DIM)) / scales @ turn).astype(np.float32)
    statistics = statistics_of(k[:, :600], q[:, :600])
    exact = cache_of(None, keys="float32", k=k, values="float32").attend(q[:, 600:])
    errors = {}
    for kind in ("diagonal", "matrix"):
        cache = cache_of(statistics.equalization(kind), keys=2, k=k, values="float32")
        errors[kind] = np.linalg.norm(cache.attend(q[:, 600:]) - exact)
    assert errors["matrix"] < errors["diagonal"] / 2, errors


@BOTH
def test_scales_of_channels_change_nothing(equalization):
    """Powers of two, which move no bit of a mantissa, in keys and inversely in queries."""
    powers = 2.0 ** RNG.integers(-5, 6, DIM)
    scaled = Equalization(equalization.transforms / powers)
    one = cache_of(equalization, keys=3, centering="mean", sinks=2)
    two = cache_of(scaled, keys=3, centering="mean", sinks=2, k=K * powers.astype(np.float32))
    q = Q[:, :20]
    assert np.array_equal(two.attend(q / powers), one.attend(q))
    for head in range(HEADS):
        assert np.array_equal(two.decode(head)[0] / powers, one.decode(head)[0])


class Turned:
    """A cache's tokens as the library reads them: T·k, in double precision."""

    def __init__(self, cache, equalization):
        self.cache, self.t = cache, matrices(equalization)
        self.kv_heads, self.value_dim = cache.kv_heads, cache.value_dim

    def __len__(self):
        return len(self.cache)

    def decode(self, head):
        keys, values = self.cache.decode(head)
        return keys @ self.t[head].T, values


@BOTH
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_attention_is_that_of_double_precision(equalization, bits):
    cache = cache_of(equalization, keys=bits, values=bits)
    q = Q[:, :4]
    inverse = np.repeat(np.linalg.inv(matrices(equalization)), 3, axis=0)
    # The bound is of ⟨T⁻ᵀq, T·k⟩, which is ⟨q, k⟩.
    expected, bound = attention(Turned(cache, equalization), q @ inverse, bits=bits)
    assert (np.abs(cache.attend(q) - expected) <= bound).all()
    for head in range(HEADS):
        t = matrices(equalization)[head]
        plain = KVCache(1, 1, DIM, keys=bits, values=bits)
        plain.append((K[head : head + 1] @ t.T).astype(np.float32), V[head : head + 1])
        decoded = plain.decode(0)[0] @ np.linalg.inv(t).T
        # Both round T·k to float32, one before and one after the sum, so a few coordinates get the neighbouring code.
        near = np.isclose(cache.decode(head)[0], decoded, rtol=1e-4, atol=1e-4)
        assert near.mean() > 0.99


@BOTH
def test_caches_keep_their_equalization(equalization, tmp_path):
    cache = cache_of(equalization, sinks=3)
    q = Q[:, :2]
    expected = cache.attend(q)
    assert not np.array_equal(expected, cache_of(None, sinks=3).attend(q))
    assert repr(cache).endswith(f"values=4, equalization={equalization.kind!r}>")
    like = KVCache.like(cache)
    like.append(K, V)
    path = tmp_path / "cache.tqkv"
    cache.save(path)
    shape = (QUERY_HEADS, HEADS, DIM)
    options = {"sinks": 3, "equalization": equalization}
    for other in (
        like, cache.fork(), copy.deepcopy(cache), pickle.loads(pickle.dumps(cache)),
        KVCache.load(path, *shape, **options), KVCache.from_bytes(cache.to_bytes(), *shape, **options),
    ):  # fmt: skip
        assert np.array_equal(other.attend(q), expected)
        assert other.to_bytes() == cache.to_bytes() == path.read_bytes()
    changed = Equalization(equalization.transforms * np.linspace(1, 1.1, DIM))
    for wrong in (None, changed):
        with pytest.raises(FileError, match="configuration|equalization"):
            KVCache.load(path, *shape, sinks=3, equalization=wrong)


def test_equalizations_are_values():
    numbers = np.exp(RNG.standard_normal((HEADS, DIM))).astype(np.float32)
    one = Equalization(numbers)
    # Divided by the power of two with which no key gets longer.
    assert 0.5 < one.transforms.max() <= 1
    assert np.unique(numbers[0] / one.transforms[0]).size == 1
    numbers[:] = 1
    assert one != Equalization(numbers) and one != "diagonal"
    for same in (
        Equalization(one.transforms), Equalization(one.transforms.astype(float) * 8),
        Equalization(one.transforms.tolist()), Equalization(np.asfortranarray(one.transforms)),
        copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one)),
    ):  # fmt: skip
        assert same == one and hash(same) == hash(one) and same.kind == "diagonal"
        for array in (same.transforms, same.numbers):
            with pytest.raises(ValueError, match="read-only"):
                array[0, 0] = 2
    for name in ("kind", "transforms", "numbers", "other"):
        with pytest.raises(AttributeError):
            setattr(one, name, None)
    assert pickle.loads(pickle.dumps(MATRIX)) == MATRIX
    assert np.array_equal(Equalization(MATRIX.transforms).transforms, MATRIX.transforms)
    assert Equalization(matrices(one)) != one
    assert (repr(one), repr(MATRIX)) == (
        "<Equalization: diagonal, 2 × 16>", "<Equalization: matrix, 2 × 16>",
    )  # fmt: skip


def test_calibrations(tmp_path):
    path = tmp_path / "model ö.tqeq"
    other = Equalization([[1.0, 0.5, 0.25]])
    layers = [None, DIAGONAL, MATRIX, other, None]
    save_calibration(path, layers)
    assert load_calibration(path) == load_calibration(str(path)) == layers
    save_calibration(path, iter(layers[:2]))
    assert load_calibration(path) == layers[:2]
    save_calibration(path, [])
    assert load_calibration(path) == []
    # A layer of a file serves a cache.
    save_calibration(path, [MATRIX])
    (loaded,) = load_calibration(path)
    assert cache_of(loaded).to_bytes() == cache_of(MATRIX).to_bytes()


def test_calibrations_that_are_refused(tmp_path):
    path = tmp_path / "model.tqeq"
    with pytest.raises(MissingFileError, match=r"model\.tqeq"):
        load_calibration(path)
    with pytest.raises(TypeError, match="a layer is 'diagonal'"):
        save_calibration(path, [None, "diagonal"])
    with pytest.raises(TypeError, match="expected an Equalization or None"):
        save_calibration(path, [DIAGONAL.transforms])
    assert not path.exists()
    with pytest.raises(FileError):
        save_calibration(tmp_path / "no folder" / "model.tqeq", [DIAGONAL])
    save_calibration(path, [DIAGONAL, None])
    data = path.read_bytes()
    for damaged in (b"", data[:-1], data[:-1] + bytes([data[-1] ^ 1])):
        path.write_bytes(damaged)
        with pytest.raises(FileError) as error:
            load_calibration(path)
        assert error.value.code == 507
    cache_of(None).save(path)
    with pytest.raises(FileError):
        load_calibration(path)


EYE = np.eye(4)[None]


@pytest.mark.parametrize(
    ("transforms", "message"),
    [
        ([1.0, 2.0], r"shape \(2,\), expected \(kv_heads, key_dim\) or"),
        (np.ones((0, 4)), r"shape \(0, 4\)"),
        (np.ones((2, 0)), r"shape \(2, 0\)"),
        (np.ones((2, 3, 4)), r"shape \(2, 3, 4\)"),
        (np.ones((1, 1, 4, 4)), r"shape \(1, 1, 4, 4\)"),
        ([[1.0, 0.0]], "head 0: factor 1 is 0"),
        ([[1.0, 1.0], [1.0, -1.0]], "head 1: factor 1 is -1"),
        ([[1.0, np.nan]], "not a finite number"),
        ([[1e39, 1.0]], "not a finite number"),
        ([[1.0, 1e-8]], r"2\^24"),
        (np.stack([np.eye(4), np.tri(4)]), r"transforms\[1, 1, 0\] is 1.0, expected 0 below"),
        (EYE * [1, 0, 1, 1], "factor 1 of the diagonal is 0"),
        (np.triu(np.full((1, 4, 4), 300.0), 1) + EYE, r"2\^24"),
    ],
    ids=str,
)  # fmt: skip
def test_transforms_that_are_refused(transforms, message):
    with pytest.raises(ValueError, match=message):
        Equalization(transforms)


def test_what_no_cache_takes():
    for wrong in (DIAGONAL.transforms, "diagonal", 1):
        with pytest.raises(TypeError, match="expected an Equalization"):
            KVCache(QUERY_HEADS, HEADS, DIM, equalization=wrong)
    with pytest.raises(TypeError, match="real numbers"):
        Equalization([["a"]])
    for heads, dim in ((1, DIM), (HEADS, 15)):
        with pytest.raises(InputError, match=f"expected {heads} of {dim}"):
            KVCache(QUERY_HEADS, heads, dim, equalization=DIAGONAL)
    for precision in ("float16", "float32"):
        with pytest.raises(InputError, match="keys that become codes") as error:
            KVCache(QUERY_HEADS, HEADS, DIM, keys=precision, equalization=DIAGONAL)
        assert error.value.code == 501


def test_statistics_that_are_refused():
    statistics = KVStatistics(QUERY_HEADS, HEADS, DIM, sinks=4, equalization=DIAGONAL)
    statistics.add(K[:, :4], Q[:, :4])
    for kind in ("diagonal", "matrix"):
        with pytest.raises(InputError, match="no tokens beyond the sinks"):
            statistics.equalization(kind)
    for kind in (None, "whitening", 1):
        with pytest.raises(ValueError, match="kind is"):
            statistics.equalization(kind)
    with pytest.raises(ValueError, match="keys has 8 tokens and queries 9"):
        statistics.add(K[:, :8], Q[:, :9])
    with pytest.raises(ValueError, match=r"queries has shape \(2, 8, 16\), expected \(6, tokens"):
        statistics.add(K[:, :8], K[:, :8])
    with pytest.raises(ValueError, match="keys has shape"):
        statistics.add(K[0], Q)
    with pytest.raises(TypeError, match="queries has dtype"):
        statistics.add(K, Q.astype(complex))
    damaged = Q.copy()
    damaged[5, 7, 3] = np.nan
    with pytest.raises(InputError, match="query of head 5, token 7, coordinate 3") as error:
        statistics.add(K, damaged)
    assert error.value.code == 503 and len(statistics) == 0
    with pytest.raises(ValueError, match="sinks is -1"):
        KVStatistics(QUERY_HEADS, HEADS, DIM, sinks=-1)
    with pytest.raises(TypeError, match="bits"):
        KVStatistics(QUERY_HEADS, HEADS, DIM, bits=4)
    # Keys and queries of a few directions, whose channels are up to 2^50 apart: float32 keeps a diagonal, but no matrix.
    rng = np.random.default_rng(0)
    scales = 2.0 ** rng.integers(-25, 26, (2, DIM))
    few = [rng.standard_normal((n, 100, 3)) @ rng.standard_normal((3, DIM)) for n in (HEADS, 6)]
    statistics.add(few[0] * scales[0], few[1] * scales[1])
    assert statistics.equalization("diagonal").transforms.all()
    with pytest.raises(InputError, match=r"2\^24") as error:
        statistics.equalization("matrix")
    assert error.value.code == 501
