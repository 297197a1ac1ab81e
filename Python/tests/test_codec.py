"""Codes, decoding and estimates, against NumPy."""

import functools
import inspect
import pickle

import numpy as np
import pytest
from row_format import read, segments

from swift_turboquant import Codec, InputError

ROUNDING = 2.0**-24


def random(rows, dim, seed=1):
    return np.random.default_rng(seed).standard_normal((rows, dim)).astype(np.float32)


def summing(dim):
    """The standard deviation of a float32 sum of products of unit vectors (Numerics.md, "Float32 rounding")."""
    return ROUNDING * np.sqrt(dim / 16 + 12)


@functools.cache
def rotation_of(codec):
    """The rotation R, from what it makes of 8·dim decoded rows: x̂/norm = Rᵀŷ, so Ŷ·R = X̂."""
    x = random(8 * codec.dim, codec.dim, seed=99)
    codes = codec.encode(x)
    rows = read(codes.data, codec.record)
    decoded = codec.decode(codes).astype(float) / rows.norms[:, None]
    return np.linalg.lstsq(rows.centroids, decoded, rcond=None)[0]


@pytest.fixture(params=[(48, 1), (48, 4), (96, 2.5), (96, 8), (200, 3)], ids=str)
def codec(request):
    dim, bits = request.param
    return Codec(dim, bits, seed=5)


@pytest.fixture
def tolerance(codec):
    # Eight deviations of a rotation's rounding, which the largest of some 40,000 coordinates stays below; R itself is
    # known as well, from more rows than unknowns. Hadamard's steps, 3 rounds of log₂ d sums, round less than d-term sums.
    return 2 * 8 * summing(codec.dim)


def test_the_rotation_is_orthogonal(codec, tolerance):
    r = rotation_of(codec)
    assert np.abs(r @ r.T - np.eye(codec.dim)).max() < tolerance


def test_decoding_is_the_rotation_of_centroids(codec, tolerance):
    codes = codec.encode(random(50, codec.dim, seed=2))
    rows = read(codes.data, codec.record)
    expected = rows.norms[:, None] * (rows.centroids @ rotation_of(codec))
    assert np.all(np.abs(codec.decode(codes) - expected) <= tolerance * rows.norms[:, None])


def test_codes_are_the_nearest_centroids(codec, tolerance):
    x = random(50, codec.dim, seed=3)
    rows = read(codec.encode(x).data, codec.record)
    # Rounding a norm to float32 is half a unit in the last place, and the sum of squares rounds before.
    norms = np.linalg.norm(x.astype(float), axis=1)
    assert np.all(np.abs(rows.norms - norms) <= 8 * summing(codec.dim) * norms)
    u = (x / norms[:, None]) @ rotation_of(codec).T
    for one in segments(codec.record):
        part = u[:, one.coordinates]
        low = np.searchsorted(one.boundaries, part - tolerance)
        high = np.searchsorted(one.boundaries, part + tolerance)
        found = rows.codes[:, one.coordinates]
        assert np.all((low <= found) & (found <= high))
    alignments = (u * rows.centroids).sum(axis=1)
    assert np.abs(rows.alignments - alignments).max() < tolerance


@pytest.mark.parametrize("estimator", [None, "renormalized", "reconstruction", "matched-norm"])
def test_estimates_are_the_formulas(codec, tolerance, estimator):
    codes, q = codec.encode(random(80, codec.dim, seed=4)), random(7, codec.dim, seed=5)
    rows = read(codes.data, codec.record)
    lengths = np.linalg.norm(rows.centroids, axis=1)
    scales = {
        "reconstruction": rows.norms,
        "matched-norm": rows.norms / lengths,
        "renormalized": rows.norms / rows.alignments,
    }[estimator or "renormalized"]
    expected = (q.astype(float) @ rotation_of(codec).T) @ rows.centroids.T * scales
    unit = np.linalg.norm(q.astype(float), axis=1)[:, None] * (scales * lengths)
    values = codec.estimate(q, codes, estimator=estimator)
    assert values.shape == (7, 80)
    assert np.all(np.abs(values - expected) <= tolerance * unit)
    single = codec.estimate(q[3], codes, estimator=estimator)
    assert single.shape == (80,)
    assert np.array_equal(single, values[3])


def test_standard_errors_hold_the_truth():
    x, codec = random(100, 96), Codec(96, bits=8, seed=7)
    values, errors = codec.estimate(x[:3], codec.encode(x), with_error=True)
    # Of 300 standard errors the largest is above 5 with a probability of 300 · 6e-7.
    assert np.abs((values - x[:3] @ x.T) / errors).max() < 5
    plain = codec.estimate(x[:3], codec.encode(x))
    # Both add up the same float32 products; what follows is in double precision.
    assert np.allclose(values, plain, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6])
def test_distortion_is_what_the_codec_says(bits):
    dim, rows = 128, 2000
    codec, x = Codec(dim, bits, seed=11), random(rows, dim, seed=bits)
    off = np.linalg.norm(codec.decode(codec.encode(x)) - x, axis=1) ** 2
    errors = off / np.linalg.norm(x, axis=1) ** 2
    standard_error = errors.std() / np.sqrt(rows)
    # Numerics.md: .1% of D and 4 standard errors.
    assert abs(errors.mean() - codec.distortion) < 0.001 * codec.distortion + 4 * standard_error


def test_estimates_do_not_depend_on_the_other_rows():
    rng = np.random.default_rng(8)
    for dim in (1, 3, 17, 64, 65, 384):
        for options in ({"bits": 1}, {"bits": 2.5}, {"bits": 8}, {"quantizer": "two-stage"},
                        {"quantizer": "qjl"}, {"quantizer": "polar"}):  # fmt: skip
            if dim < 16 and options.get("quantizer"):
                continue
            codec, x = Codec(dim, **options), random(67, dim)
            codes, q = codec.encode(x), random(1, dim, seed=2)[0]
            whole = codec.estimate(q, codes)
            cuts = np.sort(rng.integers(0, 68, 6))
            parts = [codec.estimate(q, codes[i:j]) for i, j in zip([0, *cuts], [*cuts, 67])]
            assert np.array_equal(np.concatenate(parts), whole), (dim, options)


def test_options():
    assert Codec(64).rotation == "haar"
    assert Codec(65).rotation == "hadamard"
    assert Codec(100, rotation="haar").rotation == "haar"
    assert Codec(128, quantizer="qjl", directions=256).bytes_per_vector == 256 // 8 + 4
    assert Codec(128, 4, "two-stage", directions=32).bytes_per_vector == 48 + 4 + 12
    polar = Codec(64, quantizer="polar", polar_bits=[5, 3, 3])
    # 32 angles of 5 bits, 16 and 8 of 3, and 8 radii and the norm
    assert polar.bytes_per_vector == 20 + 6 + 3 + 16 + 4
    assert Codec(64, quantizer="polar", polar_bits=[4, 2, 2, 2]) == Codec(64, 4, "polar")
    kinds = {Codec(64, 2, "qjl", sketch=s).fingerprint for s in ("gaussian", "orthogonal", None)}
    assert len(kinds) == 3
    assert Codec(64, 2, "qjl") == Codec(64, 2, "qjl", sketch="structured")
    unit = Codec(64, normalize=True)
    assert unit.normalized
    assert unit.bytes_per_vector == Codec(64).bytes_per_vector - 4
    assert np.isnan(Codec(64, quantizer="qjl").distortion)
    assert [Codec(64, 3, q).estimator for q in ("scalar", "two-stage", "polar")] == [
        "renormalized", "two-stage", "reconstruction",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 0}, "dimension"),
        ({"dim": 2**24 + 1}, "dimension"),
        ({"dim": -1}, "dim is -1"),
        ({"dim": 2**64}, "dim is"),
        ({"bits": 0}, "bits is 0"),
        ({"bits": -1}, "bits is -1"),
        ({"bits": float("nan")}, "bits is nan"),
        ({"bits": float("inf")}, "bits"),
        ({"bits": 9}, "9 bits per coordinate is not offered"),
        ({"bits": 0.3}, "steps of 0.5"),
        ({"seed": -1}, "seed is -1"),
        ({"quantizer": "other"}, "'scalar', 'two-stage'"),
        ({"quantizer": None}, "quantizer is None"),
        ({"rotation": "hadamard"}, "more than 64 dimensions"),
        ({"rotation": "other"}, "rotation is 'other'"),
        ({"sketch": "gaussian"}, "no effect on a scalar quantizer"),
        ({"directions": 5}, "no effect on a scalar quantizer"),
        ({"directions": 0, "quantizer": "qjl"}, "directions is 0"),
        ({"polar_bits": [4]}, "no effect on a scalar quantizer"),
        ({"polar_bits": [], "quantizer": "polar"}, "polar_bits"),
        ({"polar_bits": [0], "quantizer": "polar"}, "polar_bits"),
        ({"polar_bits": [9], "quantizer": "polar"}, "9"),
    ],
)
def test_impossible_options(options, message):
    with pytest.raises(ValueError, match=message):
        Codec(**{"dim": 64, **options})


def test_options_of_another_type():
    for options in ({"dim": 3.5}, {"dim": "8"}, {"dim": 8, "seed": 1.5}, {"dim": 8, "bits": None}):
        with pytest.raises(TypeError):
            Codec(**options)
    assert Codec(np.int32(8), np.float32(4), seed=np.uint8(3)) == Codec(8, 4, seed=3)


def test_records():
    codecs = [
        Codec(96, 2.5, seed=2**64 - 1),
        Codec(48, 8, "two-stage", directions=70),
        Codec(2048, quantizer="polar", polar_bits=[8] * 10),  # a record of 20 kB
    ]
    for codec in codecs:
        again = Codec.from_record(codec.record)
        assert again == codec
        assert hash(again) == hash(codec)
        assert pickle.loads(pickle.dumps(codec)) == codec
        assert not inspect.ismethod(codec.__reduce__()[0])  # which cloudpickle cannot pickle
        assert vars(again).keys() == vars(codec).keys()
    for record in (b"", b"x" * 200, codecs[0].record[:-1], codecs[0].record + b"\0"):
        with pytest.raises(InputError):
            Codec.from_record(record)


def test_codes_of_another_codec():
    codec, other = Codec(16, seed=1), Codec(16, seed=2)
    codes = other.encode(random(3, 16))
    for call in (codec.decode, lambda codes: codec.estimate(np.zeros(16), codes)):
        with pytest.raises(ValueError, match="the codes are of Codec.*seed=2.*not of"):
            call(codes)
    assert Codec(16, seed=2).decode(codes).shape == (3, 16)


def test_estimators_that_are_not_offered():
    codec = Codec(32, quantizer="polar")
    with pytest.raises(InputError, match="renormalized"):
        codec.estimate(np.ones(32), codec.encode(np.ones(32)), estimator="renormalized")
    with pytest.raises(ValueError, match="estimator is 'best'"):
        codec.estimate(np.ones(32), codec.encode(np.ones(32)), estimator="best")


def test_the_query_that_is_not_finite_is_named():
    codec = Codec(16)
    q = random(9, 16)
    q[6, 3] = np.inf
    with pytest.raises(InputError, match="query 6: .*column 3"):
        codec.estimate(q, codec.encode(q[:2]))


def test_nothing():
    codec = Codec(16)
    codes = codec.encode(np.empty((0, 16)))
    assert len(codes) == 0
    assert codec.decode(codes).shape == (0, 16)
    assert codec.estimate(np.ones(16), codes).shape == (0,)
    assert codec.estimate(np.empty((0, 16)), codec.encode(np.ones(16))).shape == (0, 1)
