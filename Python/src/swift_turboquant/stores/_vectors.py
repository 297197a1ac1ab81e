"""Vectors as frameworks hand them over: lists of floats."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def matrix(
    vectors: Any, ids: Sequence[str], places: list[int], dim: int | None
) -> npt.NDArray[Any]:
    """The vectors at these places, (places, dim). An error names the document."""
    if isinstance(vectors, np.ndarray):
        if vectors.ndim != 2:
            raise ValueError(f"vectors have shape {vectors.shape}, expected two dimensions")
        width = vectors.shape[1]
        if dim not in (None, width):
            raise ValueError(_other(f"vectors have {width}", dim))
        return vectors if len(places) == len(vectors) else vectors[places]
    for place in places:
        length = len(vectors[place])
        if dim is None:
            dim = length
        if length != dim or dim == 0:
            raise ValueError(
                _other(f"the vector of document {ids[place]!r} has {length}", dim or None)
            )
    return np.array([vectors[place] for place in places])


def vector(query: npt.ArrayLike, dim: int | None) -> npt.NDArray[np.float32]:
    """A query, (dim,)."""
    q = np.asarray(query)
    if q.ndim != 1:
        raise ValueError(f"the query has shape {q.shape}, expected one dimension")
    if dim not in (None, q.size):
        raise ValueError(_other(f"the query has {q.size}", dim))
    return q


def _other(what: str, dim: int | None) -> str:
    expected = "at least 1" if dim is None else f"{dim}; is it of another embedding model?"
    return f"{what} coordinates, expected {expected}"
