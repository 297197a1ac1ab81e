"""Serves searches of 5,000 descriptions of Debian packages from actors of Ray, each with some of the shards.

    pip install 'swift-turboquant[ray]' 'ray[serve]'
    python ray_serve.py
    python ray_serve.py --query 49 8 --shards 4

The embeddings ship with the package. In your own program the folder is one that all nodes share, and `build` reads a
dataset that is larger than a machine, such as `ray.data.read_parquet`.
"""

import argparse
import tempfile
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import ray.data
from ray import serve
from semantic_search import DATA

from swift_turboquant.ray import ShardPool, build


@serve.deployment(max_ongoing_requests=100, ray_actor_options={"num_cpus": 0})
class Search:
    """Answers while others wait: a search under way costs this process nothing but memory."""

    def __init__(self, folder: str) -> None:
        self.pool = ShardPool(folder, max_in_flight=16)

    async def __call__(self, query: np.ndarray, k: int) -> list[dict[str, Any]]:
        found = await self.pool.asearch(query, k, timeout=10)
        return found.select(["id", "score"]).to_pylist()


def packages() -> ray.data.Dataset:
    """name and vector of each package."""
    names = [line.split(": ")[0] for line in (DATA / "vectors.txt").read_text().splitlines()]
    vectors = np.load(DATA / "vectors_f16.npy")
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    return ray.data.from_arrow(pa.table({"name": names, "vector": column}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--query", type=int, nargs="+", default=[39, 38], metavar="I")
    parser.add_argument("--count", type=int, default=3, help="hits of each query (default 3)")
    parser.add_argument("--shards", type=int, default=2)
    options = parser.parse_args()
    queries = np.load(DATA / "queries_f16.npy")
    questions = (DATA / "queries.txt").read_text().splitlines()

    ray.init(log_to_driver=False)
    with tempfile.TemporaryDirectory() as folder:
        manifest = build(
            packages(), "name", "vector", folder, shards=options.shards, metric="cosine"
        )
        print(f"{manifest.rows} rows in {len(manifest.shards)} shards")

        serve.start(http_options={"location": "NoServer"})  # calls come from Python only
        search = serve.run(Search.bind(folder))
        answers = [search.remote(queries[i], options.count) for i in options.query]
        for i, answer in zip(options.query, answers, strict=True):
            print(f"\n{questions[i]}")
            for hit in answer.result():
                print(f"  {hit['score']:.3f}  {hit['id']}")
        serve.shutdown()


if __name__ == "__main__":
    main()
