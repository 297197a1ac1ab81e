"""Maximal marginal relevance, and relevances of scores."""

import numpy as np
import pytest

from swift_turboquant.stores._mmr import diverse
from swift_turboquant.stores._options import relevance

DIM = 6


def brute(query, vectors, k, weight):
    """Each step by its definition."""

    def cosine(a, b):
        return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

    chosen = []
    while len(chosen) < min(k, len(vectors)):
        values = {
            i: weight * cosine(query, v)
            - (1 - weight) * max((cosine(v, vectors[j]) for j in chosen), default=0)
            for i, v in enumerate(vectors) if i not in chosen
        }  # fmt: skip
        chosen.append(max(values, key=values.get))
    return chosen


@pytest.mark.parametrize("weight", [0.1, 0.5, 0.9, 1.0])
def test_mmr_by_its_definition(weight):
    random = np.random.default_rng(7)
    for k in (1, 4, 12, 20):
        vectors, query = random.standard_normal((12, DIM)), random.standard_normal(DIM)
        found = diverse(query, vectors, k, weight)
        assert [place for place, _ in found] == brute(query, vectors, k, weight)


def test_mmr_of_extremes():
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], float)
    assert [place for place, _ in diverse(np.array([1, 0.1]), vectors, 3, 0.0)] == [0, 2, 3]
    assert diverse(np.array([1.0, 0]), vectors[:0], 3, 0.5) == []
    with pytest.raises(ValueError, match="is 1.5, expected 0"):
        diverse(np.array([1.0, 0]), vectors, 3, 1.5)


def test_relevance():
    assert [relevance("cosine", score) for score in (-1.1, -1, 0, 1, 1.1)] == [0, 0, 0.5, 1, 1]
    assert [relevance("l2", score) for score in (-0.1, 0, 1, 3)] == [1, 1, 0.5, 0.25]
