#!/usr/bin/env python3
"""A FAISS index that keeps codes: the names and conventions of FAISS over `swift_turboquant.Index`.

    python3 faiss_drop_in.py [--rows 20000] [--dimension 384] [--bits 4]

Compares the class below with `faiss.IndexFlatIP`, if faiss is installed, on random vectors around random centres.
"""

import argparse
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from swift_turboquant import Index

METRIC_INNER_PRODUCT, METRIC_L2 = 0, 1  # FAISS's numbers

Array = npt.NDArray[Any]


class IndexTurboQuant:
    """In the place of `IndexFlatIP(d)`, `IndexFlatL2(d)`, or `IndexIDMap2` of one of them.

    Three things differ from FAISS: ids stay what they are when rows are removed, as in an IndexIDMap2; distances are
    estimates, so one may be a little below 0; and vectors are reconstructed from codes.
    """

    is_trained = True

    def __init__(self, d: int, metric: int = METRIC_INNER_PRODUCT, bits: int = 4) -> None:
        self.metric_type = metric
        self.index = Index(d, bits, "l2" if metric == METRIC_L2 else "ip")

    @property
    def d(self) -> int:
        return self.index.dim

    @property
    def ntotal(self) -> int:
        return len(self.index)

    def train(self, x: npt.ArrayLike) -> None:
        """Nothing to do: codes do not depend on the data."""

    def add(self, x: npt.ArrayLike) -> None:
        self.index.add(x)

    def add_with_ids(self, x: npt.ArrayLike, ids: npt.ArrayLike) -> None:
        self.index.add(x, ids)

    def search(self, x: npt.ArrayLike, k: int) -> tuple[Array, Array]:
        return self.index.search(np.atleast_2d(x), k)

    def range_search(self, x: npt.ArrayLike, thresh: float) -> tuple[Array, Array, Array]:
        # FAISS leaves out what is at the threshold.
        beyond = -np.inf if self.metric_type == METRIC_L2 else np.inf
        limit = np.nextafter(np.float32(thresh), np.float32(beyond))
        return self.index.range_search(np.atleast_2d(x), float(limit))

    def remove_ids(self, ids: npt.ArrayLike) -> int:
        return self.index.remove(ids, missing="ignore")

    def reconstruct(self, key: int) -> Array:
        return self.index.reconstruct(key)

    def reconstruct_batch(self, keys: npt.ArrayLike) -> Array:
        return self.index.reconstruct(keys)

    def reconstruct_n(self, n0: int = 0, ni: int = -1) -> Array:
        return self.index.reconstruct(np.arange(n0, self.ntotal if ni < 0 else n0 + ni))

    def reset(self) -> None:
        index = self.index
        self.index = Index(index.dim, index.bits, index.metric)


def clustered(rows: int, d: int, seed: int) -> npt.NDArray[np.float32]:
    """Directions around 100 centres, as embeddings of texts are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((100, d))
    x = centres[rng.integers(100, size=rows)] + rng.standard_normal((rows, d))
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True), np.float32)


def milliseconds(index: Any, queries: Array, k: int) -> float:
    """The time of a search of one query; the best of three rounds."""
    rounds = []
    for _ in range(3):
        begin = time.perf_counter()
        for query in queries:
            index.search(query[None], k)
        rounds.append((time.perf_counter() - begin) / len(queries) * 1e3)
    return min(rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--bits", type=int, default=4, choices=[1, 2, 3, 4, 8])
    options = parser.parse_args()
    x = clustered(options.rows, options.dimension, 1)
    queries = clustered(100, options.dimension, 2)

    index = IndexTurboQuant(options.dimension, bits=options.bits)
    index.add(x)
    _, ids = index.search(queries, 10)
    bytes_per_row = index.index.bytes_per_vector
    print(f"{index.index}")
    print(f"codes: {bytes_per_row} bytes a row, {milliseconds(index, queries, 10):.3f} ms a query")

    try:
        import faiss
    except ImportError:
        print("faiss is not installed (pip install faiss-cpu); nothing to compare with")
        return
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexFlatIP(options.dimension)
    flat.add(x)
    _, exact = flat.search(queries, 10)
    print(
        f"faiss: {4 * options.dimension} bytes a row, {milliseconds(flat, queries, 10):.3f} ms a query"
    )
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(ids, exact, strict=True)])
    print(f"of the 10 nearest rows {recall:.1%} are the same")


if __name__ == "__main__":
    main()
