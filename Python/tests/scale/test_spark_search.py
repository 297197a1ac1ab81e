"""The example of Spark."""

import pytest
from documents import printed, shown

# Documents show it; its own sizes are the same in each.
CASES = shown("spark_search.py")


@pytest.mark.parametrize(("arguments", "output", "where"), CASES)
def test_the_example_prints_what_documents_show(nightly, java, arguments, output, where):
    assert printed(arguments) == output
