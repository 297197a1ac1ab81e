"""Which versions of transformers are supported."""

import re

import transformers

# The oldest and the newest version that the tests were run with. A model hands its cache and its attention function the
# same dictionary since the first of them; a newer one may do otherwise.
OLDEST = (5, 24)
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
