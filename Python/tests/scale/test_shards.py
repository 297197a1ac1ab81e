"""Collections of shards are searched as one index is, to the bit."""

import pickle

import numpy as np
import pytest
from collection import build, expected, found, names, one_index, queries, rows

from swift_turboquant import Index, InputError
from swift_turboquant.shards import (
    Shards,
    ShardSearch,
    check_unique,
    merge,
    search_shard,
    write_shard,
)

OPTIONS = [
    ("int", {"metric": "ip"}),
    ("str", {"metric": "cosine", "bits": 2}),
    ("bytes", {"metric": "l2", "center": np.full(32, 0.25, np.float32)}),
    ("int", {"metric": "l2", "bits": 1, "seed": 2**64 - 1}),
    ("str", {"metric": "ip", "bits": 3, "quantizer": "two-stage"}),
]


@pytest.mark.parametrize(("kind", "options"), OPTIONS)
@pytest.mark.parametrize("seed", [1, 2])
def test_results_are_those_of_one_index(tmp_path, kind, options, seed):
    x, q, ids = rows(3000, seed), queries(20, seed), names(3000, kind, seed)
    index = one_index(x, ids, kind, **options)
    build(tmp_path, x, ids, kind, shuffle=seed, **options)
    shards = Shards.open(tmp_path, fingerprint=index.fingerprint)
    assert len(shards) == 3000
    for k in (1, 7, 40, 3001):
        table = shards.search(q, k, exactness="exhaustive")
        assert found(table) == expected(index, q, k, exactness="exhaustive")
    some = ids[::3].tolist() + ([10**9] if kind == "int" else [])
    table = shards.search(q, 5, exactness="exhaustive", filter=some, threads=1)
    assert found(table) == expected(index, q, 5, exactness="exhaustive", filter=some)
    assert found(shards.search(q[0], 5)) == expected(index, q[:1], 5)
    assert found(shards.search(q[:0], 5)) == []


@pytest.mark.parametrize("kind", ["int", "str", "bytes"])
def test_rows_of_equal_scores_go_by_id_at_every_boundary(tmp_path, kind):
    """All rows are equal, so that only ids decide, and a shard's k best must be those of the smallest ids."""
    x, ids = np.ones((500, 32), np.float32), names(500, kind, 3)
    build(tmp_path, x, ids, kind)
    shards = Shards.open(tmp_path)
    for k in (1, 3, 64, 499):
        table = shards.search(x[:2], k, exactness="exhaustive")
        ordered = sorted(ids.tolist(), key=lambda id: id.encode() if kind == "str" else id)
        assert table.column("id").to_pylist() == ordered[:k] * 2


def test_texts_in_another_order_are_no_shard(tmp_path):
    index = Index(4, ids="str")
    index.add(np.ones((3, 4)), ids=["a", "c", "b"])
    with pytest.raises(ValueError, match=r"'b' was added after 'c'; add the rows"):
        write_shard(index, tmp_path)
    with pytest.raises(ValueError, match="without rows makes no shard"):
        write_shard(Index(4), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("originals", ["float16", "float32"])
@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
def test_the_best_of_all_shards_are_compared_exactly(tmp_path, metric, originals):
    options = {"metric": metric, "originals": originals, "bits": 2}
    x, q, ids = rows(3000, 4), queries(20, 4), names(3000, "str", 4)
    index = one_index(x, ids, "str", **options)
    build(tmp_path, x, ids, "str", **options)
    shards = Shards.open(tmp_path)
    # 100 are more than the smallest shard has.
    for k, rerank in ((1, 1), (5, 20), (20, 20), (5, 100), (5, 3001)):
        table = shards.search(q, k, exactness="exhaustive", rerank=rerank)
        assert found(table) == expected(index, q, k, exactness="exhaustive", rerank=rerank)


@pytest.mark.parametrize("rerank", [0, 30])
def test_results_are_merged_in_any_order_and_grouping(tmp_path, rerank):
    x, q, ids = rows(2000, 5), queries(9, 5), names(2000, "int", 5)
    options = {"metric": "l2", "originals": "float16"}
    build(tmp_path, x, ids, "int", **options)
    search = pickle.loads(pickle.dumps(ShardSearch(6, 5, "exhaustive", rerank=rerank)))
    tables = [search_shard(each, q, search) for each in Shards.open(tmp_path).indexes]
    whole = expected(
        one_index(x, ids, "int", **options), q, 6, exactness="exhaustive", rerank=rerank
    )
    some = merge(tables[3:], search, last=False)
    assert found(merge([tables[2], some, tables[0], tables[1]], search)) == whole
    late = [
        search_shard(tables_of, q[4:], search, first=4)
        for tables_of in Shards.open(tmp_path).indexes
    ]
    assert found(merge(late, search)) == [row for row in whole if row[0] >= 4]


def limit(trials, p):
    """The smallest number that a binomial variable exceeds with a probability of at most 1%."""
    term = total = (1 - p) ** trials
    for k in range(trials):
        if total >= 0.99:
            return k
        term *= (trials - k) / (k + 1) * p / (1 - p)
        total += term
    return trials


def test_a_certified_search_of_all_shards_fails_as_seldom_as_it_says(tmp_path):
    """A shard takes 2 MiB of codes before its search leaves anything out."""
    p, count = 0.05, 40_000
    rng = np.random.default_rng(6)
    centres = rng.standard_normal((50, 128), np.float32) * 2
    x = rng.standard_normal((count, 128), np.float32) + centres[rng.integers(50, size=count)]
    q = rng.standard_normal((300, 128), np.float32) + centres[rng.integers(50, size=300)]
    build(tmp_path, x, np.arange(count), "int", shares=(0.5,), bits=8)
    shards = Shards.open(tmp_path)
    exhaustive = found(shards.search(q, 1, exactness="exhaustive"))
    certified = found(shards.search(q, 1, failure_probability=p))
    failures = sum(one != other for one, other in zip(exhaustive, certified, strict=True))
    assert failures <= limit(len(q), p)
    assert ShardSearch(1, 4, failure_probability=p).shard_failure_probability == p / 4
    assert ShardSearch(1, 4).shard_failure_probability == 0.001 / 4


def test_an_id_in_two_shards_is_named():
    for kind, (one, two, other) in {"int": (3, 1, 2), "str": ("c", "a", "b")}.items():
        indexes = {}
        for name, ids in {"x": [other], "y": [one, two], "z": [one]}.items():
            indexes[name] = Index(4, ids=kind)
            indexes[name].add(np.ones((len(ids), 4)), ids=ids)
        with pytest.raises(ValueError, match=f"{one!r} is in two shards, 'y' and 'z'"):
            check_unique(indexes)
        check_unique({name: indexes[name] for name in "xy"})
    check_unique({})


def test_impossible_searches_are_refused(tmp_path):
    build(tmp_path, rows(100, 7), names(100, "int", 7), "int")
    shards, q = Shards.open(tmp_path), queries(2, 7)
    for options, message in (
        ({"k": 0}, "k is 0"),
        ({"rerank": 3}, "rerank is 3, expected 0 or at least k, 5"),
        ({"rerank": 5}, "originals"),
        ({"exactness": "exact"}, "exactness is 'exact'"),
        ({"failure_probability": 1}, "failure_probability is 1"),
        ({"failure_probability": 0.1, "exactness": "exhaustive"}, "no effect"),
        ({"filter": [-1]}, "is -1"),
    ):
        with pytest.raises(ValueError, match=message):
            shards.search(q, **{"k": 5, **options})
    with pytest.raises(InputError, match="row 1, column 0 is nan"):
        shards.search(np.vstack([q[:1], np.full((1, 32), np.nan)]), 5)
    with pytest.raises(ValueError, match="shape"):
        shards.search(q[:, :5], 5)
