"""The example with a model of transformers."""

import re

import pytest
from documents import SHOWN, printed
from small_models import trained_model

EXAMPLE = "transformers_generate.py"


@pytest.mark.parametrize(
    ("arguments", "output", "where"), [each for each in SHOWN if each[0][0] == EXAMPLE]
)
def test_the_example_prints_what_the_readmes_show(arguments, output, where):
    trained_model()  # skips where it is missing
    assert printed(arguments) == output


def test_fewer_bits():
    trained_model()
    found = printed([EXAMPLE, "--bits", "2", "--tokens", "80"])
    own, codes = map(int, re.findall(r"take.? (\d+)", found))
    # A token's keys and values are 4 × 2 × 2 × 64 floats; 64 codes of 2 bits have a float32 beside them.
    assert own % 4096 == 0
    tokens = own // 4096
    assert codes == tokens * 16 * (64 * 2 // 8 + 4) + 4096, "codes, and a centre for each head"
