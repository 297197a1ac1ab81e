"""The example with a model of transformers."""

import re

import pytest
from documents import printed, shown
from small_models import NIGHTLY, trained_model

EXAMPLE = "transformers_generate.py"


@pytest.fixture(autouse=True)
def model():
    trained_model()  # skips where it is missing


# Both READMEs show the same; it is run once.
@pytest.mark.parametrize(
    ("arguments", "output"),
    sorted({(tuple(each[0]), each[1]) for each in shown(EXAMPLE)}),
)
def test_the_example_prints_what_the_readmes_show(arguments, output):
    assert printed(arguments) == output


@pytest.mark.skipif(not NIGHTLY, reason="another run of the example: in nightly")
def test_more_bits():
    found = printed([EXAMPLE, "--bits", "8"]).splitlines()[-1]
    own, bits, codes = map(int, re.findall(r"\d+", found))
    # A token's keys and values are 4 × 2 × 2 vectors of 64; codes have a float32 beside them, each head two centres.
    assert (bits, own % 4096) == (8, 0)
    assert codes == own // 4096 * 16 * (64 * 8 // 8 + 4) + 4096
