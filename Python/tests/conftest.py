from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parents[2] / "Sources/CDemoData/data"
if not DATA.is_dir():  # in a source distribution
    DATA = Path(__file__).parents[1] / "swift/Sources/CDemoData/data"


@pytest.fixture(scope="session")
def shipped():
    """The vectors and queries that ship with the package, 5,000 and 200 of 384 dimensions, as float32."""
    return tuple(
        np.load(DATA / name).astype(np.float32) for name in ("vectors_f16.npy", "queries_f16.npy")
    )
