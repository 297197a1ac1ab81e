"""Profiles of hypothesis: `pytest --hypothesis-profile=ci` runs what CI runs; without it fewer examples."""

import os

import numpy as np
import pytest
from documents import DATA
from hypothesis import HealthCheck, settings

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"  # tests tell nobody that they run

# Machines that build at the same time are slow, which is no failure. Without a database, and derandomized, a run depends
# on nothing but the code; a failing example is printed as a program.
common = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile(
    "ci", max_examples=1000, stateful_step_count=20, derandomize=True, database=None, **common
)
settings.register_profile(
    "nightly", max_examples=10_000, stateful_step_count=30, print_blob=True, database=None, **common
)
settings.register_profile("dev", max_examples=100, **common)
settings.load_profile("dev")


@pytest.fixture(scope="session")
def shipped():
    """The vectors and queries that ship with the package, 5,000 and 200 of 384 dimensions, as float32."""
    return tuple(
        np.load(DATA / name).astype(np.float32) for name in ("vectors_f16.npy", "queries_f16.npy")
    )
