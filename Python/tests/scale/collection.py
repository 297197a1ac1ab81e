"""Rows with many equal scores, shards of them, and one index to compare with."""

import numpy as np

from swift_turboquant import Index
from swift_turboquant.shards import Manifest, write_shard

DIM = 32
# Sizes of shards that are neither equal nor multiples of anything; the last one takes what is left.
SHARES = (0.13, 0.4, 0.02, 0.25)


def rows(count, seed, dim=DIM):
    """Vectors of which every fifth stands there several times, so that many scores are equal."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, dim)).astype(np.float32)
    same = np.arange(0, count, 5)
    x[same] = x[
        rng.choice(same, len(same) // 8 + 1)[rng.integers(len(same) // 8 + 1, size=len(same))]
    ]
    return x


def queries(count, seed, dim=DIM):
    return np.random.default_rng(seed + 1000).standard_normal((count, dim)).astype(np.float32)


def names(count, kind, seed):
    """Different ids in no order; texts whose order by UTF-8 is not that of UTF-16."""
    numbers = np.random.default_rng(seed + 2000).permutation(count * 3)[:count]
    if kind == "int":
        return numbers
    marks = ["a", "Z", "é", "", "\U0001f600", "aa"]
    texts = [f"{marks[number % 6]}{number}" for number in numbers.tolist()]
    return np.array([text.encode() if kind == "bytes" else text for text in texts], object)


def one_index(x, ids, kind, **options):
    """An index of all rows, in the order of their ids."""
    order = np.argsort(ids)
    index = Index(x.shape[1], ids=kind, **options)
    index.add(x[order], ids=ids[order])
    return index


def expected(index, q, k, **options):
    """What a search of one index finds, as rows (query, id, bits of the score)."""
    scores, ids = index.search(q, k, **options)
    found = []
    for query, (row, its) in enumerate(zip(scores + np.float32(0), ids.tolist(), strict=True)):
        pairs = zip(its, row.view(np.int32).tolist(), strict=True)
        found += [(query, id, bits) for id, bits in pairs if id not in (-1, None)]
    return found


def found(table):
    """The same of a table of results."""
    bits = np.asarray(table.column("score")).view(np.int32).tolist()
    columns = (table.column(name).to_pylist() for name in ("query_index", "id"))
    return list(zip(*columns, bits, strict=True))


def build(folder, x, ids, kind, shares=SHARES, shuffle=0, **options):
    """Shards of some shares of the rows, chosen at random, and a manifest."""
    order = np.random.default_rng(shuffle + 3000).permutation(len(x))
    ends = (np.cumsum(shares) * len(x)).astype(int)
    shards = []
    for part in np.split(order, ends):
        index = one_index(x[part], ids[part], kind, **options)
        shards.append(write_shard(index, folder))
    manifest = Manifest.of(index, shards)
    manifest.write(folder)
    return manifest
