"""Which versions of transformers are supported."""

import re

import transformers

# The oldest and the newest version that the tests were run with. Since the first of them a cache is told how many tokens to
# remove; what comes after the last may ask for something else.
OLDEST = (5, 16)
NEWEST = (5, 24)


def check(version: str = transformers.__version__) -> None:
    """Raises ImportError if `version` is not supported."""
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or not OLDEST <= tuple(map(int, numbers.groups())) <= NEWEST:
        oldest, newest = (".".join(map(str, which)) for which in (OLDEST, NEWEST))
        raise ImportError(
            f"this is transformers {version}; swift_turboquant.transformers works with versions "
            f"from {oldest} to {newest}: pip install 'swift-turboquant[transformers]'"
        )
