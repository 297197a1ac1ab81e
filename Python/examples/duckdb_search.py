"""Searches 5,000 descriptions of Debian packages in DuckDB: codes are a column, SQL filters, and hits join their rows.

    pip install 'swift-turboquant[arrow]' duckdb
    python duckdb_search.py
    python duckdb_search.py --query 49 --count 5 --where "name like 'python3-%'"

The embeddings ship with the package. In your own program the table has them already, as FLOAT[384] or FLOAT[].
"""

import argparse
import itertools
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from semantic_search import DATA

from swift_turboquant import Codec
from swift_turboquant.arrow import encode_batch, merge_topk, score_topk

CODEC = Codec(384, bits=4)


def packages() -> pa.Table:
    """name, description, vector."""
    vectors = np.load(DATA / "vectors_f16.npy")
    texts = (line.split(": ", 1) for line in (DATA / "vectors.txt").read_text().splitlines())
    names, descriptions = zip(*texts, strict=True)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    return pa.table({"name": names, "description": descriptions, "vector": column})


def search(database: Any, where: str, query: np.ndarray, k: int) -> list[Any]:
    """The best k rows for which `where` holds: (name, description, score)."""
    rows = database.sql(f"select name, codes from packages where {where}").to_arrow_reader(2_000)
    # Batch after batch, so that memory need not hold all codes. The first batch has no rows: there may be no other.
    batches = itertools.chain([rows.schema.empty_table()], rows)
    # DuckDB's columns have no metadata, so the codec is passed.
    parts = (score_topk(batch["codes"], query, k, batch["name"], codec=CODEC) for batch in batches)
    database.register("found", merge_topk(*parts, k=k))
    return database.sql(
        "select p.name, description, score from found join packages p on p.name = id "
        "order by score desc, p.name"
    ).fetchall()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--query", type=int, default=39, metavar="I")
    parser.add_argument("--count", type=int, default=3, help="rows of each search (default 3)")
    parser.add_argument("--where", default="name not like 'lib%'", help="a condition in SQL")
    options = parser.parse_args()
    query = np.load(DATA / "queries_f16.npy")[options.query]
    print((DATA / "queries.txt").read_text().splitlines()[options.query])

    database = duckdb.connect()
    # Codes take the place of the vectors.
    database.register("encoded", encode_batch(packages(), CODEC, "vector"))
    database.sql("create table packages as select name, description, vector as codes from encoded")

    for where in ("true", options.where):
        print(f"\nwhere {where}")
        for name, description, score in search(database, where, query, options.count):
            print(f"  {score:.3f}  {name}: {description.split('. ')[0].strip()}")


if __name__ == "__main__":
    main()
