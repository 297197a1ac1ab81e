"""Searches 5,000 descriptions of Debian packages with Apache Spark.

    pip install 'swift-turboquant[spark]'
    python spark_search.py
    python spark_search.py --shards 10 --query 49

Here Spark's workers are processes of this machine; with another `--master` they are those of a cluster, where the package
must be installed too, and `--folder` must be one that all machines share or a URI of Spark's file system.
"""

import argparse
import os
import sys
import tempfile

import numpy as np
from pyspark.sql import SparkSession
from semantic_search import DATA

from swift_turboquant.spark import build, search


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--query", type=int, nargs="+", default=[39, 38], metavar="I")
    parser.add_argument("--count", type=int, default=3, help="hits of each query (default 3)")
    parser.add_argument("--shards", type=int, default=4, help="index files (default 4)")
    parser.add_argument("--master", default="local[2]", help="of Spark (default local[2])")
    parser.add_argument("--folder", help="of the index files (default a temporary one)")
    options = parser.parse_args()

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # the workers' Python
    settings = {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "2",
    }  # fmt: skip
    spark = SparkSession.builder.master(options.master).config(map=settings).getOrCreate()
    with tempfile.TemporaryDirectory() as scratch:
        run(spark, options.folder or scratch, options)
    spark.stop()


def run(spark: SparkSession, folder: str, options: argparse.Namespace) -> None:
    vectors = np.load(DATA / "vectors_f16.npy").astype(np.float32)
    queries = np.load(DATA / "queries_f16.npy")[options.query]
    texts = (DATA / "vectors.txt").read_text().splitlines()
    questions = (DATA / "queries.txt").read_text().splitlines()

    # In your own program this is a table of embeddings.
    rows = [
        (*text.split(": ", 1), vector) for text, vector in zip(texts, vectors.tolist(), strict=True)
    ]
    packages = spark.createDataFrame(rows, "name string, text string, vector array<float>").cache()

    # One index file for each partition; ids are compared over all files.
    collection = build(
        packages.repartition(options.shards),
        "name",
        "vector",
        folder,
        metric="cosine",
        overwrite=True,
    )
    print(f"{collection.rows} descriptions in {len(collection.shards)} files")

    # Each file is searched by a task of its own. The results are a DataFrame, which can be joined.
    found = search(spark, folder, queries, options.count).withColumnRenamed("id", "name")
    hits = found.join(packages.drop("vector"), "name").orderBy("query_index", "rank").collect()
    for i, query in enumerate(options.query):
        print(f"\n{questions[query]}")
        for hit in hits:
            if hit.query_index == i:
                print(f"  {hit.score:.3f}  {hit.name}: {hit.text.split('. ')[0].strip()}")


if __name__ == "__main__":
    main()
