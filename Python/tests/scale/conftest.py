"""Collections of shards, and the engines that build and search them."""

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")
