"""Maximal marginal relevance: near to the query, and not near to each other."""

import numpy as np
import numpy.typing as npt


def diverse(
    query: npt.NDArray[np.float32], vectors: npt.NDArray[np.float32], k: int, relevance: float
) -> list[tuple[int, float]]:
    """Chooses k vectors one after another, each with the greatest value of
    relevance · cos(query, it) − (1 − relevance) · max cos(chosen, it), of which the first has no second term.

    Args:
        query: (dim,).
        vectors: (candidates, dim).
        k: fewer are chosen where there are fewer candidates.
        relevance: 0, as different as possible, to 1, as near to the query as possible.

    Returns:
        Places and values. Of equal values the first place counts.
    """
    if not 0 <= relevance <= 1:
        raise ValueError(f"the weight of relevance is {relevance}, expected 0 … 1")
    units = _unit(np.asarray(vectors, np.float64))
    near = units @ _unit(np.asarray(query, np.float64)[None])[0]
    chosen: list[tuple[int, float]] = []
    open_ = np.ones(len(units), bool)
    alike = np.full(len(units), -np.inf)  # the greatest cosine with a chosen one
    for _ in range(min(k, len(units))):
        # The first is the nearest one, whatever the weight.
        values = relevance * near - (1 - relevance) * alike if chosen else near
        place = int(np.argmax(np.where(open_, values, -np.inf)))
        chosen.append((place, float(values[place] if chosen else relevance * near[place])))
        open_[place] = False
        alike = np.maximum(alike, units @ units[place])
    return chosen


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
