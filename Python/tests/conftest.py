"""Profiles of hypothesis: `pytest --hypothesis-profile=ci` runs what CI runs; without it fewer examples."""

from hypothesis import HealthCheck, settings

# Machines that build at the same time are slow, which is no failure. Without a database, and derandomized, a run depends
# on nothing but the code; a failing example is printed as a program.
common = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile(
    "ci", max_examples=1000, stateful_step_count=20, derandomize=True, database=None, **common
)
settings.register_profile("dev", max_examples=100, **common)
settings.load_profile("dev")
