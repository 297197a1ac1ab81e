"""Attention, against double precision on the decoded cache within the bound of Numerics.md."""

import itertools

import ml_dtypes
import numpy as np
import pytest
from attention_model import attention

from swift_turboquant import KVCache, Precision


def random(*shape, seed):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def filled(tokens=600, heads=(8, 2), key_dim=64, value_dim=48, seed=1, **options):
    """A cache and queries of its last three tokens."""
    cache = KVCache(*heads, key_dim, value_dim, **options)
    k = random(heads[1], tokens, key_dim, seed=seed)
    v = random(heads[1], tokens, value_dim, seed=seed + 1)
    cuts = [0, 1, 40, 300, *range(900, tokens, 200), tokens]
    for first, end in itertools.pairwise(cuts):
        cache.append(k[:, first:end], v[:, first:end], position=first)
    return cache, random(heads[0], 3, key_dim, seed=seed + 2)


def check(cache, q, bits, scale=None, **options):
    expected, bound = attention(cache, q, bits=bits, scale=scale, **options)
    found = cache.attend(q, scale)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    worst = (np.abs(found - expected) / bound).max()
    assert worst <= 1, f"{worst:.2f} of the bound"


@pytest.mark.parametrize("bits", [1, 2, 2.5, 3, 4, 5, 8])
def test_codes(bits):
    cache, q = filled(keys=bits, values=bits)
    check(cache, q, bits)
    check(cache, 3 * q, bits, scale=0.2)
    check(cache, q, bits, scale=-0.05)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_floats_are_kept(precision):
    k, v = random(2, 300, 64, seed=1), random(2, 300, 48, seed=2)
    cache = KVCache(4, 2, 64, 48, keys=precision, values=precision)
    cache.append(k, v)
    for head in (0, 1):
        keys, values = cache.decode(head)
        assert np.array_equal(keys, k[head].astype(precision))
        assert np.array_equal(values, v[head].astype(precision))
    check(cache, random(4, 5, 64, seed=3), None)


@pytest.mark.parametrize("heads", [(1, 1), (3, 3), (6, 1), (12, 4)], ids=str)
def test_heads(heads):
    check(*filled(heads=heads), bits=4)


@pytest.mark.parametrize("dims", [(5, 5), (16, 100), (128, 128), (130, 3)], ids=str)
def test_dimensions(dims):
    check(*filled(key_dim=dims[0], value_dim=dims[1]), bits=4)


def test_every_query_of_a_prompt():
    cache = KVCache(4, 2, 32)
    cache.append(random(2, 70, 32, seed=1), random(2, 70, 32, seed=2))
    check(cache, random(4, 70, 32, seed=3), 4)


def test_sinks_and_window_are_float16():
    cache, q = filled(sinks=4, window=50)
    k = random(2, 600, 64, seed=1).astype(np.float16)
    keys, _ = cache.decode(1)
    assert np.array_equal(keys[:4], k[1, :4])
    assert np.array_equal(keys[-50:], k[1, -50:])
    assert not np.array_equal(keys[4:8], k[1, 4:8])
    check(cache, q, 4)


@pytest.mark.parametrize("sinks", [0, 5])
@pytest.mark.parametrize("reach", [1, 20, 200, 5000])
def test_sliding_windows(sinks, reach):
    cache, q = filled(tokens=1500, sinks=sinks, sliding_window=reach)
    held = len(cache.decode(0)[0])
    # Pages of 256 tokens are forgotten, before the next append.
    assert held == 1500 if reach == 5000 else held < 1500
    check(cache, q[:, 2:], 4, sinks=sinks, sliding_window=reach)
    check(cache, q, 4, sinks=sinks, sliding_window=reach)


def test_soft_caps_and_learned_sinks():
    logits = np.linspace(-1, 4, 8)
    for options in ({"logit_cap": 2.0}, {"sink_logits": logits},
                    {"logit_cap": 5.0, "sink_logits": logits}):  # fmt: skip
        cache, q = filled(**options)
        check(cache, 2 * q, 4, **options)
    plain, _ = filled()
    assert not np.allclose(plain.attend(q), cache.attend(q), atol=1e-2)


def rotary(x, frequencies, pairing):
    """x, (heads, tokens, 2n), rotated by its positions."""
    angle = np.arange(x.shape[1])[:, None] * frequencies
    n = len(frequencies)
    one, two = (slice(0, n), slice(n, 2 * n)) if pairing == "halves" else (
        slice(0, None, 2), slice(1, None, 2))  # fmt: skip
    turned = np.empty_like(x)
    turned[..., one] = x[..., one] * np.cos(angle) - x[..., two] * np.sin(angle)
    turned[..., two] = x[..., one] * np.sin(angle) + x[..., two] * np.cos(angle)
    return turned


@pytest.mark.parametrize("pairing", ["halves", "neighbours"])
def test_centring_takes_a_bias_out(pairing):
    frequencies = 10000.0 ** -np.linspace(0, 0.95, 32)
    biased = random(2, 400, 64, seed=1) + 30 * random(2, 1, 64, seed=2)
    k = rotary(biased.astype(float), frequencies, pairing).astype(np.float32)
    v = random(2, 400, 64, seed=3) + 20
    errors = {}
    for centering in (None, "mean", "rotary-mean"):
        options = {}
        if centering == "rotary-mean":
            options = {"rotary_frequencies": frequencies, "rotary_pairing": pairing}
        cache = KVCache(4, 2, 64, centering=centering, **options)
        cache.append(k, v)
        keys, values = (np.stack(x) for x in zip(*map(cache.decode, (0, 1))))
        errors[centering] = [np.abs(keys - k).mean(), np.abs(values - v).mean()]
        check(cache, random(4, 2, 64, seed=4), 4)
        assert (cache.memory.centers > 0) == (centering is not None)
    # Numerics.md, "Centring": keys lose 30 times as much without; values have a bias of 20 deviations.
    assert errors["rotary-mean"][0] < errors[None][0] / 10
    assert errors["rotary-mean"][0] < errors["mean"][0] / 5
    assert errors["mean"][1] < errors[None][1] / 5


def test_precisions():
    plain, q = filled()
    for keys, values in (
        (Precision(bits=4), Precision(bits=4)),
        (Precision("codes"), 4.0),
    ):
        cache, _ = filled(keys=keys, values=values)
        assert np.array_equal(cache.attend(q), plain.attend(q))
    outliers, _ = filled(keys=Precision("outliers", bits=2), values=Precision("outliers", bits=3))
    assert outliers.memory.channels > 0
    check(outliers, q, 2)
    for keys in (
        Precision(quantizer="two-stage", bits=3),
        Precision(quantizer="qjl", bits=2, sketch="orthogonal"),
        Precision(quantizer="qjl", directions=256),
        Precision(quantizer="polar"),
        Precision(bits=3, estimator="reconstruction"),
        Precision("sketches", directions=128, outliers=8, outlier_directions=32),
        "float16",
        "float32",
    ):
        cache, _ = filled(keys=keys, values="float16")
        # At a scale of 1/8 scores' errors are a few tenths at most, so that outputs keep their direction.
        a, b = cache.attend(q).ravel(), plain.attend(q).ravel()
        assert a @ b > 0.8 * np.linalg.norm(a) * np.linalg.norm(b), keys


def test_bits_cost_what_they_say():
    cache = KVCache(1, 1, 128, 64, keys=4, values=2)
    cache.append(random(1, 1024, 128, seed=1), random(1, 1024, 64, seed=2))
    memory = cache.memory
    # Codes, and a float32 for each vector.
    assert memory.keys == 1024 * (128 * 4 // 8 + 4)
    assert memory.values == 1024 * (64 * 2 // 8 + 4)
    assert cache.nbytes == sum(memory)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64, ">f4", np.int32])
def test_types_of_the_same_values(dtype):
    # Multiples of 1/8 below 16 have at most 7 bits; integers below 16 too.
    def numbers(heads, tokens, seed):
        whole = np.random.default_rng(seed).integers(-15, 16, (heads, tokens, 32))
        return (whole / (1 if dtype is np.int32 else 8)).astype(np.float32)

    k, v, q = numbers(2, 90, 1), numbers(2, 90, 2), numbers(4, 2, 3)
    expected = KVCache(4, 2, 32)
    expected.append(k, v)
    for keys, values in ((k.astype(dtype), v.astype(dtype)), (k.astype(dtype), v),
                         (k, v.astype(dtype)), (k.astype(np.float16), v.astype(dtype))):  # fmt: skip
        cache = KVCache(4, 2, 32)
        cache.append(keys, values)
        assert np.array_equal(cache.attend(q.astype(dtype)), expected.attend(q))


def test_memory_orders():
    k, v, q = (random(*shape, seed=9) for shape in ((2, 90, 32), (2, 90, 32), (4, 2, 32)))
    expected = KVCache(4, 2, 32)
    expected.append(k, v)
    cache = KVCache(4, 2, 32)
    strided = np.ascontiguousarray(k.transpose(1, 0, 2)).transpose(1, 0, 2)
    cache.append(strided, np.asfortranarray(v))
    assert np.array_equal(cache.attend(q[:, ::-1][:, ::-1]), expected.attend(q))
    q.flags.writeable = False
    assert np.array_equal(cache.attend(q), expected.attend(q.tolist()))


def test_results_do_not_depend_on_threads_or_appends():
    cache, q = filled()
    other = KVCache(8, 2, 64, 48)
    k, v = random(2, 600, 64, seed=1), random(2, 600, 48, seed=2)
    other.append(k, v, threads=2)
    assert np.array_equal(other.attend(q, threads=2), cache.attend(q, threads=1))
    for i in range(3):
        alone = cache.fork()
        alone.truncate(598 + i)
        assert np.array_equal(alone.attend(q[:, i : i + 1])[:, 0], cache.attend(q)[:, i])
