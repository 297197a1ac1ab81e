"""Exact neighbours, the recall of what an engine returned, and paired differences."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engines import COUNT, Vectors

CANDIDATES = 64  # per query, scored again in float64
SCORES_AT_ONCE = 1 << 26

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """Each query's best score and its score at rank 10, less the rounding of a float64 product.

    A returned row counts as found when it scores no less, so that equal rows are interchangeable.
    """

    best: Floats
    last: Floats


@dataclass(frozen=True)
class Hits:
    """Per query: share of the true top 10 found; whether the nearest came first; or at all."""

    top_10: Floats
    first: Floats
    nearest: Floats


def scores(base: Vectors, queries: Vectors, ids: npt.NDArray[np.int64]) -> Floats:
    """Exact products of each query with its own rows; an id outside the base scores −∞."""
    valid = (ids >= 0) & (ids < len(base))
    products = np.empty(ids.shape)
    for i, query in enumerate(queries.astype(np.float64)):
        products[i] = base[np.where(valid[i], ids[i], 0)].astype(np.float64) @ query
    return np.where(valid, products, -np.inf)


def exact(base: Vectors, queries: Vectors) -> Truth:
    step = max(1, SCORES_AT_ONCE // len(base))
    found = np.empty((len(queries), min(CANDIDATES, len(base))), np.int64)
    for start in range(0, len(queries), step):
        block = queries[start : start + step] @ base.T
        found[start : start + step] = np.argpartition(block, -found.shape[1])[:, -found.shape[1] :]
    ranked = -np.sort(-scores(base, queries, found), axis=1)
    # d roundings of at most 2⁻⁵³ relative to ‖q‖‖x‖, on both sides of a comparison
    largest = np.sqrt(max(float(np.vdot(row, row)) for row in base))
    lengths = np.linalg.norm(queries.astype(np.float64), axis=1) * largest
    slack = base.shape[1] * 2.0**-52 * lengths
    return Truth(ranked[:, 0] - slack, ranked[:, COUNT - 1] - slack)


def hits(base: Vectors, queries: Vectors, truth: Truth, ids: npt.NDArray[np.int64]) -> Hits:
    products = scores(base, queries, ids)
    for i, row in enumerate(ids):
        _, firsts = np.unique(row, return_index=True)
        products[i, np.setdiff1d(np.arange(len(row)), firsts)] = -np.inf
    found = (products >= truth.last[:, None]).sum(axis=1) / COUNT
    nearest = products >= truth.best[:, None]
    return Hits(found, nearest[:, 0].astype(float), nearest.any(axis=1).astype(float))


@dataclass(frozen=True)
class Difference:
    """Mean difference of recall@10, with its standard errors over rotations and over queries."""

    mean: float
    error_over_rotations: float
    error_over_queries: float


def standard_error(values: Floats) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values))


def paired(ours: list[Hits], theirs: list[Hits]) -> Difference:
    """Theirs less ours, each on the same rotation and the same query."""
    gaps = np.stack([b.top_10 - a.top_10 for a, b in zip(ours, theirs, strict=True)])
    over_rotations, over_queries = (standard_error(gaps.mean(axis=axis)) for axis in (1, 0))
    return Difference(float(gaps.mean()), over_rotations, over_queries)


def rotation(dimension: int, seed: int) -> Vectors:
    """A uniformly random orthogonal matrix: QR of a Gaussian one, signs put right."""
    gaussian = np.random.default_rng(seed).standard_normal((dimension, dimension))
    orthogonal, triangle = np.linalg.qr(gaussian)
    return (orthogonal * np.sign(np.diag(triangle))).astype(np.float32)
