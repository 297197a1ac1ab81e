"""What counts as vectors: types, memory orders, and what is refused."""

import ml_dtypes
import numpy as np
import pytest

from swift_turboquant import Codec, InputError

CODEC = Codec(24, 4, seed=1)
# Multiples of 1/8 below 16 have at most 7 bits: every type here holds them exactly.
X = (np.random.default_rng(2).integers(-127, 128, (40, 24)) / 8).astype(np.float32)
EXPECTED = CODEC.encode(X).data


def codes(x):
    return CODEC.encode(x).data


@pytest.mark.parametrize(
    "dtype",
    [np.float16, np.float32, np.float64, np.longdouble, ml_dtypes.bfloat16, ">f2", ">f4", ">f8"],
)
def test_types_of_the_same_values(dtype):
    x = X.astype(dtype)
    assert np.array_equal(codes(x), EXPECTED)
    assert np.array_equal(codes(x[::2]), EXPECTED[::2])
    assert np.array_equal(codes(x[7]), EXPECTED[7:8])


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">i4"])
def test_integers(dtype):
    x = np.random.default_rng(3).integers(0, 100, (9, 24))
    assert np.array_equal(codes(x.astype(dtype)), codes(x.astype(np.float32)))


def test_memory_orders():
    wide = np.zeros((40, 60), np.float32)
    wide[:, 5:53:2] = X
    backwards = np.ascontiguousarray(X[::-1, ::-1])
    misaligned = np.frombuffer(b"x" + X.tobytes(), np.float32, offset=1).reshape(X.shape)
    assert not misaligned.flags.aligned
    frozen = X.copy()
    frozen.flags.writeable = False
    for x in (
        np.asfortranarray(X), wide[:, 5:53:2], backwards[::-1, ::-1], misaligned, frozen,
        memoryview(X), X.tolist(), tuple(map(tuple, X)), X.view(np.recarray),
        np.ma.masked_array(X, mask=False),
    ):  # fmt: skip
        assert np.array_equal(codes(x), EXPECTED)
    repeated = np.broadcast_to(X[3], (5, 24))
    assert np.array_equal(codes(repeated), np.repeat(EXPECTED[3:4], 5, axis=0))
    assert np.array_equal(CODEC.estimate(frozen[0], CODEC.encode(X)),
                          CODEC.estimate(X[0], CODEC.encode(X)))  # fmt: skip


def test_input_is_unchanged():
    x = X.copy()
    CODEC.encode(x)
    CODEC.encode(x.astype(np.float64))
    assert np.array_equal(x, X)


@pytest.mark.parametrize(
    "x",
    [X > 0, X + 1j, X.astype(object), X.astype(str), X.astype("datetime64[s]"), [["a"] * 24],
     [[None] * 24], [[2**70] * 24], np.zeros(24, [("a", "f4")]), None, "text"],
    ids=lambda x: str(np.asarray(x).dtype),
)  # fmt: skip
def test_types_that_are_refused(x):
    with pytest.raises(TypeError, match="x has dtype .*, expected real numbers"):
        CODEC.encode(x)


@pytest.mark.parametrize("shape", [(), (0,), (23,), (25,), (3, 23), (1, 3, 24), (24, 3), (3, 0)])
def test_shapes_that_are_refused(shape):
    with pytest.raises(ValueError, match=r"x has shape \(.*\), expected \(rows, 24\)"):
        CODEC.encode(np.zeros(shape, np.float32))


def test_ragged_rows_and_masks_are_refused():
    with pytest.raises(ValueError, match="inhomogeneous"):
        CODEC.encode([[1.0] * 24, [1.0] * 23])
    with pytest.raises(ValueError, match="x has masked elements"):
        CODEC.encode(np.ma.masked_array(X, mask=X > 15))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ml_dtypes.bfloat16])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_row_that_is_not_finite_is_named(value, dtype, threads):
    x = X.astype(dtype)
    x[31, 5] = value
    x[33, 2] = value
    with pytest.raises(InputError, match="row 31, column 5") as error:
        CODEC.encode(x, threads=threads)
    assert error.value.code == 109


def test_numbers_beyond_float32():
    x = X.astype(np.float64)
    x[12, 4] = 1e39
    with pytest.raises(InputError, match="row 12, column 4"):
        CODEC.encode(x)
    x = np.zeros((3, 24))
    x[1, 3] = 1e-60  # becomes 0
    assert np.array_equal(codes(x), codes(np.zeros((3, 24))))
    x = np.zeros((3, 24), np.float32)
    x[2] = 3e38  # a norm of 1.5e39
    with pytest.raises(InputError, match="row 2") as error:
        CODEC.encode(x)
    assert error.value.code == 110


def test_zero_has_no_direction():
    x = X.copy()
    x[8] = 0
    with pytest.raises(InputError, match="row 8") as error:
        Codec(24, normalize=True).encode(x)
    assert error.value.code == 111
    assert not CODEC.decode(CODEC.encode(x[8])).any()


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_that_are_none(threads):
    with pytest.raises(ValueError, match=f"threads is {threads}"):
        CODEC.encode(X, threads=threads)
    assert np.array_equal(CODEC.encode(X, threads=1000).data, EXPECTED)
    assert np.array_equal(CODEC.encode(X, threads=1).data, EXPECTED)
