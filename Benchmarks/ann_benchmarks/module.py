"""The Python package for ann-benchmarks and VIBE, which have the same interface."""

from typing import Any

import numpy as np
import numpy.typing as npt
from swift_turboquant import Index

try:
    from ..base.module import BaseANN
except ImportError:  # in neither of the two

    class BaseANN:  # type: ignore[no-redef]
        """Their base class, for tests without them."""


# What they call a metric, and what the index calls it. Of rows that have length 1, both products are the same.
METRICS = {
    "angular": "cosine", "cosine": "cosine", "euclidean": "l2", "ip": "ip", "normalized": "ip",
}  # fmt: skip


class SwiftTurboQuant(BaseANN):  # type: ignore[misc]
    """An index of codes, searched as a whole: there are no lists and no graph.

    Args:
        metric: as they call it.
        bits: bits per coordinate, 1 to 8.
        originals: "none", or "float16" for an index that keeps the vectors too and can rerank by them.
    """

    def __init__(self, metric: str, bits: int, originals: str = "none") -> None:
        if metric not in METRICS:
            raise ValueError(f"metric {metric!r} is none of {', '.join(METRICS)}")
        self.metric = METRICS[metric]
        self.bits = bits
        self.originals = originals
        self.set_query_arguments("certified", 0)

    def fit(self, X: npt.NDArray[Any]) -> None:
        """Builds the index on one thread; row i gets the id i."""
        self.index = Index(
            X.shape[1], bits=self.bits, metric=self.metric,
            originals=None if self.originals == "none" else self.originals,
        )  # fmt: skip
        self.index.add(X, threads=1)

    def set_query_arguments(self, exactness: str, rerank: int) -> None:
        """`exactness`: "certified" or "exhaustive"; `rerank`: how many hits are scored again by the originals, 0 for none."""
        self.exactness = exactness
        self.rerank = rerank
        self.name = (
            f"SwiftTurboQuant(bits={self.bits}, originals={self.originals}, "
            f"exactness={exactness}, rerank={rerank})"
        )

    def query(self, v: npt.NDArray[Any], n: int) -> npt.NDArray[np.int64]:
        return self._search(v, n, 1)[0]

    def batch_query(self, X: npt.NDArray[Any], n: int) -> None:
        self.results = self._search(X, n, None)

    def get_batch_results(self) -> list[npt.NDArray[np.int64]]:
        return [row[row >= 0] for row in self.results]

    def _search(
        self, queries: npt.NDArray[Any], n: int, threads: int | None
    ) -> npt.NDArray[np.int64]:
        _, ids = self.index.search(
            queries, n, rerank=self.rerank, exactness=self.exactness, threads=threads
        )
        return ids.reshape(-1, n)

    def __str__(self) -> str:
        return self.name
