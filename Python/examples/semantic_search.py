"""Searches 5,000 descriptions of Debian packages by meaning.

    python semantic_search.py
    python semantic_search.py --query 49 --count 5 --bits 2

The embeddings of the descriptions, and of 200 queries, ship with the package: all-MiniLM-L6-v2, 384 dimensions. Your own
come from any model that makes embeddings.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from swift_turboquant import Index

HERE = Path(__file__).resolve().parents[1]
ROOT = (
    HERE / "swift" if (HERE / "swift").is_dir() else HERE.parent
)  # in a source distribution, in a clone
DATA = ROOT / "Sources/CDemoData/data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--query", type=int, nargs="+", default=[39, 38], metavar="I")
    parser.add_argument("--count", type=int, default=3, help="hits of each query (default 3)")
    parser.add_argument("--bits", type=int, default=4, help="per coordinate (default 4)")
    options = parser.parse_args()

    vectors = np.load(DATA / "vectors_f16.npy")  # float16 is read as it is
    queries = np.load(DATA / "queries_f16.npy")
    described = dict(line.split(": ", 1) for line in (DATA / "vectors.txt").open())
    questions = (DATA / "queries.txt").read_text().splitlines()

    index = Index(vectors.shape[1], bits=options.bits, metric="cosine", ids="str")
    index.add(vectors, ids=list(described))
    print(
        f"{len(index)} descriptions, {index.bytes_per_vector} bytes each in place of {4 * index.dim}"
    )

    # A saved index is mapped, so that opening it takes no time that grows with the rows.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "packages.tqi")
        index.save(path)
        index = Index.load(path)
        search(index, queries, questions, described, options)


def search(
    index: Index, queries: np.ndarray, questions: list[str], described: dict[str, str],
    options: argparse.Namespace,
) -> None:  # fmt: skip
    scores, names = index.search(queries[options.query], options.count)
    for i, (row, found) in enumerate(zip(scores, names, strict=True)):
        print(f"\n{questions[options.query[i]]}")
        for score, name in zip(row, found, strict=True):
            print(f"  {score:.3f}  {name}: {described[name].split('. ')[0].strip()}")

    first = queries[options.query[0]]
    programs = [name for name in described if not name.startswith("lib")]
    score, name = index.search(first, 1, filter=programs)
    print(f"\nWithout libraries, the best for the first is {name[0]} ({score[0]:.3f}).")

    # Changes need no new index: a row with an id that is there is replaced.
    index.remove(name)
    index.upsert(first, ids=["new-package"])
    score, name = index.search(first, 1)
    print(f"With a package of just that description it is {name[0]} ({score[0]:.3f}).")


if __name__ == "__main__":
    main()
