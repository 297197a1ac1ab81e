import pickle

import numpy as np
import pytest

from swift_turboquant import Codec, Codes, InputError


@pytest.fixture
def x():
    return np.random.default_rng(1).standard_normal((100, 96)).astype(np.float32)


def test_estimates_are_near_the_products(x):
    codec = Codec(96, bits=8, seed=7)
    codes = codec.encode(x)
    values, errors = codec.estimate(x[:3], codes, with_error=True)
    # Of 300 standard errors the largest is above 5 with a probability of 300 · 6e-7.
    assert np.abs((values - x[:3] @ x.T) / errors).max() < 5


def test_bytes_and_pickle(x):
    codec = Codec(96, seed=3)
    codes = codec.encode(x)
    assert Codes.from_bytes(codes.to_bytes(), codec) == codes
    assert pickle.loads(pickle.dumps(codes)) == codes
    with pytest.raises(ValueError, match="no codes of"):
        Codes.from_bytes(codes.to_bytes(), Codec(96, seed=4))


def test_the_row_that_is_not_finite_is_named(x):
    x[41, 5] = np.nan
    with pytest.raises(InputError, match="row 41, column 5"):
        Codec(96).encode(x)
