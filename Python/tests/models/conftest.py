"""What all tests of models have in common."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small products on several threads wait for each other, most of all while a machine is busy."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
