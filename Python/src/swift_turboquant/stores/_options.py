"""What an index of a store is made of."""

from dataclasses import dataclass
from typing import Any, Literal

from .._index_core import Metric
from ..index import Index


def refuse(options: dict[str, Any]) -> None:
    """Raises TypeError for arguments that a framework hands on and nothing here takes."""
    if options:
        raise TypeError(f"unexpected arguments: {', '.join(options)}")


def relevance(metric: Metric, score: float) -> float:
    """A score of cosines or squared distances as 0 … 1, of which more is nearer. Scores are estimates, and may lie a little
    outside of their range.
    """
    if metric == "l2":
        return 1 / (1 + max(score, 0.0))
    return min(max((1 + score) / 2, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """The arguments of `Index`; `dim` may be left to the first vector."""

    dim: int | None = None
    bits: int = 4
    metric: Metric = "cosine"
    quantizer: Literal["scalar", "two-stage"] = "scalar"
    seed: int = 0
    originals: Literal["float16", "float32"] | None = None

    def __post_init__(self) -> None:
        # Bad options are refused now, not by the first vector.
        self.index(8 if self.dim is None else self.dim)

    def index(self, dim: int) -> Index:
        """An empty index."""
        return Index(
            dim, self.bits, self.metric, quantizer=self.quantizer, seed=self.seed,
            originals=self.originals,
        )  # fmt: skip

    def fit(self, index: Index) -> bool:
        """Whether an index is made of these."""
        names = ("bits", "metric", "quantizer", "seed", "originals")
        same = all(getattr(index, name) == getattr(self, name) for name in names)
        return same and self.dim in (None, index.dim)

    @property
    def dictionary(self) -> dict[str, Any]:
        """The arguments by name, as a folder holds them."""
        return {name: getattr(self, name) for name in self.__slots__}
