"""One peer in one configuration, in a process of its own: what it finds, or how fast it encodes.

    peers.py recall SETTINGS BASE QUERIES    nearest of each query, to standard output as JSON
    peers.py encode SETTINGS DIMENSION COUNT

SETTINGS is JSON: engine, bits and, for FAISS, method. Libraries print; their words go to standard error.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "peers"))

import engines  # noqa: E402
import numpy as np  # noqa: E402

NEAREST = 64
TRAINING_ROWS, ROUNDS = 5_000, 15
"""PQ learns from so many rows in so many rounds of k-means; FAISS would take 10,000 and 25, and minutes more."""

RECALL = [
    {"engine": "faiss", "method": "PQ", "bits": bits} for bits in (2, 4)
] + [
    {"engine": "faiss", "method": "RaBitQ", "bits": bits} for bits in (2, 4)
] + [
    {"engine": engine, "method": "", "bits": bits}
    for engine in ("rabitqlib", "turbovec") for bits in (2, 4)
]  # fmt: skip
ENCODE = [{"engine": "faiss", "method": "PQ", "bits": 4}, {"engine": "faiss", "method": "RaBitQ", "bits": 4},
          {"engine": "rabitqlib", "method": "", "bits": 4}, {"engine": "turbovec", "method": "", "bits": 4}]  # fmt: skip


def product_quantizer(dimension: int, bits: int, base: engines.Vectors) -> tuple[Any, float]:
    """FAISS's product quantizer with tables of 256 entries, trained, and the seconds that took."""
    import faiss

    blocks = dimension * bits // 8
    if dimension % blocks:
        raise ValueError(f"{dimension} dimensions do not fall into {blocks} equal blocks")
    index = faiss.IndexPQ(dimension, blocks, 8, faiss.METRIC_INNER_PRODUCT)
    index.pq.cp.niter = ROUNDS
    start = time.perf_counter()
    index.train(base[:TRAINING_ROWS])
    return index, time.perf_counter() - start


def built(settings: dict[str, Any], base: engines.Vectors) -> engines.Built:
    bits, dimension = settings["bits"], base.shape[1]
    if settings["engine"] == "turbovec":
        return engines.build_turbovec({"bits": bits, "calibrated": False}, base, 1)
    if settings["engine"] == "rabitqlib":
        return engines.build_rabitqlib({"bits": bits, "centred": True, "whole": True}, base, 1)
    if settings["method"] == "RaBitQ":
        return engines.build_faiss({"factory": f"RR,RaBitQ{bits}"}, base, 1)
    index, seconds = product_quantizer(dimension, bits, base)
    seconds += engines.seconds_of(lambda: index.add(base))
    return engines.Built(lambda queries: index.search(queries, NEAREST)[1], seconds, index.sa_code_size())


def recall(settings: dict[str, Any], base: str, queries: str) -> dict[str, Any]:
    engines.COUNT = NEAREST
    index = built(settings, np.load(base))
    found = index.search(np.load(queries))
    return {"bytes_per_vector": index.bytes_per_vector, "nearest": np.asarray(found).tolist()}


def encode(settings: dict[str, Any], dimension: str, count: str) -> dict[str, Any]:
    """Seconds of training, and microseconds a vector to add vectors once trained."""
    import faiss

    vectors = np.random.default_rng(1).standard_normal((int(count), int(dimension)), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    bits, training = settings["bits"], 0.0
    if settings["engine"] != "faiss":
        built(settings, vectors)  # the first call warms up
        seconds = built(settings, vectors).build_seconds
    else:
        if settings["method"] == "PQ":
            index, training = product_quantizer(int(dimension), bits, vectors)
        else:
            index = faiss.index_factory(int(dimension), f"RR,RaBitQ{bits}", faiss.METRIC_INNER_PRODUCT)
            training = engines.seconds_of(lambda: index.train(vectors))
        seconds = engines.seconds_of(lambda: index.add(vectors))
    return {
        "training_seconds": training, "training_rows": min(TRAINING_ROWS, len(vectors)),
        "encode_us_per_vector": seconds / len(vectors) * 1e6, "count": len(vectors),
    }  # fmt: skip


def main() -> None:
    action, settings, *rest = sys.argv[1:]
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    answer = {"recall": recall, "encode": encode}[action](json.loads(settings), *rest)
    json.dump(answer, answers)
    answers.close()


if __name__ == "__main__":
    main()
