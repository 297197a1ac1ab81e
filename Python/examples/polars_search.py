"""Searches 5,000 descriptions of Debian packages in Polars: codes are a column, an expression filters, hits join rows.

    pip install 'swift-turboquant[arrow]' polars
    python polars_search.py
    python polars_search.py --query 49 --count 5

The embeddings ship with the package. In your own program a column has them already, as Array or List of floats.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from semantic_search import DATA

from swift_turboquant import Codec, Index
from swift_turboquant.arrow import encode_batch, merge_topk, score_topk

CODEC = Codec(384, bits=4)
PROGRAMS = ~pl.col("name").str.starts_with("lib")


def packages() -> pl.DataFrame:
    """name, description, vector."""
    lines = pl.Series((DATA / "vectors.txt").read_text().splitlines())
    texts = lines.str.splitn(": ", 2).struct.rename_fields(["name", "description"])
    vectors = np.load(DATA / "vectors_f16.npy").astype(np.float32)
    return texts.struct.unnest().with_columns(vector=vectors)


def search(parts: list[Path], where: pl.Expr, query: np.ndarray, k: int) -> pl.DataFrame:
    """The best k rows of some Parquet files for which `where` holds: name, score, description."""
    found = []
    for part in parts:
        # Columns of Polars have no metadata, so the codec is passed.
        rows = pl.scan_parquet(part).filter(where).select("name", "codes").collect()
        found.append(score_topk(rows["codes"], query, k, rows["name"], codec=CODEC))
    hits = pl.from_arrow(merge_topk(*found, k=k)).lazy().select("score", name="id")
    rows = pl.scan_parquet(parts).select("name", "description")
    return hits.join(rows, on="name", maintain_order="left").collect()


def show(title: str, hits: pl.DataFrame) -> None:
    print(f"\n{title}")
    for name, description, score in hits.select("name", "description", "score").iter_rows():
        print(f"  {score:.3f}  {name}: {description.split('. ')[0].strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--query", type=int, default=39, metavar="I")
    parser.add_argument("--count", type=int, default=3, help="rows of each search (default 3)")
    options = parser.parse_args()
    query = np.load(DATA / "queries_f16.npy")[options.query]
    print((DATA / "queries.txt").read_text().splitlines()[options.query])

    frame = packages()
    encoded = pl.from_arrow(encode_batch(frame, CODEC, "vector", into="codes")).drop("vector")
    with tempfile.TemporaryDirectory() as folder:
        parts = [Path(folder, "a.parquet"), Path(folder, "b.parquet")]
        encoded[:2_500].write_parquet(parts[0])
        encoded[2_500:].write_parquet(parts[1])
        show("all", search(parts, pl.lit(True), query, options.count))
        show("programs", search(parts, PROGRAMS, query, options.count))

    # An index reads a part of the codes only, and takes the ids of an expression's rows as its filter.
    index = Index(CODEC.dim, bits=4, ids="str")
    index.add(frame["vector"].to_numpy(), frame["name"])
    programs = frame.filter(PROGRAMS)
    scores, names = index.search(query, options.count, filter=programs["name"])
    hits = pl.DataFrame({"name": names.tolist(), "score": scores})
    show("programs, by an index", hits.join(programs, on="name", maintain_order="left"))


if __name__ == "__main__":
    main()
