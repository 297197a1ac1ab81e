"""The best rows of parts, and their merge."""

import functools
import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swift_turboquant import Codec, Codes, InputError
from swift_turboquant.arrow import merge_topk, score_topk, topk_table

CODEC = Codec(8, 2, seed=3)
QUERIES = np.random.default_rng(5).standard_normal((3, 8))
COLUMNS = ["query_index", "id", "score"]
# The same examples each time; what fails is printed.
FIXED = settings(max_examples=200, deadline=None, derandomize=True)

IDS = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    "binary": st.binary(max_size=3),
}


def key_of(id):
    return id.encode() if isinstance(id, str) else id


@st.composite
def collections(draw):
    """Codes of few different vectors, so that many scores are equal, with their ids and a division into parts."""
    kind = draw(st.sampled_from(sorted(IDS)))
    ids = draw(st.lists(IDS[kind], unique=True, max_size=40))
    chosen = draw(st.lists(st.integers(0, 4), min_size=len(ids), max_size=len(ids)))
    vectors = np.random.default_rng(1).standard_normal((5, 8))
    vectors[4] = 0  # scores of 0, and of -0 for some queries
    codes = CODEC.encode(vectors[chosen])
    parts = draw(st.lists(st.integers(0, 3), min_size=len(ids), max_size=len(ids)))
    return codes, pa.array(ids, kind), np.array(parts, int), draw(st.integers(1, 12))


def model(codes, ids, k):
    """What `score_topk` promises, in plain Python."""
    rows = []
    for index, scores in enumerate(CODEC.estimate(QUERIES, codes)):
        found = sorted(zip(-scores, map(key_of, ids.to_pylist()), ids.to_pylist()))
        rows += [(index, id, -score) for score, _, id in found[:k]]
    return rows


def rows_of(table):
    return list(zip(*(table.column(name).to_pylist() for name in COLUMNS)))


def same(one, two):
    """Whether two tables are the same to the bit."""
    bits = [np.asarray(table.column("score")).view(np.int64).tolist() for table in (one, two)]
    return one.equals(two, check_metadata=True) and bits[0] == bits[1]


@FIXED
@given(collections(), st.permutations(range(4)))
def test_results_are_the_model_however_rows_are_divided(drawn, order):
    codes, ids, parts, k = drawn
    whole = score_topk(codes, QUERIES, k, ids)
    assert rows_of(whole) == model(codes, ids, k)
    tables = []
    for part in range(4):
        rows = np.flatnonzero(parts == part)[::-1]
        tables.append(score_topk(codes[rows], QUERIES, k, ids.take(pa.array(rows)), threads=2))
    assert same(merge_topk(*(tables[i] for i in order), k=k), whole)


@FIXED
@given(collections(), st.permutations(range(4)), st.data())
def test_merging_is_associative(drawn, order, data):
    codes, ids, parts, k = drawn
    tables = []
    for part in range(4):
        rows = np.flatnonzero(parts == part)
        tables.append(score_topk(codes[rows], QUERIES, k, ids.take(pa.array(rows))))
    expected = merge_topk(*tables, k=k)
    pending = [tables[i] for i in order]
    while len(pending) > 1:  # any two, of results of results too
        i = data.draw(st.integers(0, len(pending) - 2))
        pending[i : i + 2] = [merge_topk(pending[i], pending[i + 1], k=k)]
    assert same(pending[0], expected)
    fewer = max(1, k // 2)
    assert same(merge_topk(expected, k=fewer), merge_topk(*tables, k=fewer))


def test_more_rows_than_a_chunk():
    codec = Codec(64, 2)
    codes = codec.encode(np.random.default_rng(7).standard_normal((60_000, 64)).astype("f4"))
    queries = np.random.default_rng(8).standard_normal((4, 64)).astype("f4")
    values = codec.estimate(queries, codes)
    for threads in (1, 3, 50):
        table = score_topk(codes, queries, 100, threads=threads)
        expected = np.lexsort((np.arange(60_000)[None].repeat(4, 0), -values))[:, :100]
        assert np.array_equal(np.asarray(table.column("id")).reshape(4, 100), expected)
        assert np.array_equal(
            np.asarray(table.column("score")).reshape(4, 100),
            np.take_along_axis(values, expected, 1),
        )
    cuts = [0, 1, 17, 30_001, 59_999, 60_000]
    parts = [score_topk(codes[i:j], queries, 100, range(i, j)) for i, j in itertools.pairwise(cuts)]
    assert same(functools.reduce(lambda a, b: merge_topk(b, a, k=100), parts), table)


def test_schema():
    codes = CODEC.encode(np.eye(8))
    table = score_topk(codes, QUERIES[0], 3)
    assert table.schema.names == COLUMNS
    assert table.schema.types == [pa.int64(), pa.int64(), pa.float64()]
    assert not any(field.nullable for field in table.schema)
    assert table.schema.metadata == {
        b"turboquant.fingerprint": CODEC.fingerprint.hex().encode(),
        b"turboquant.score": b"renormalized",
        b"turboquant.order": b"descending",
    }
    assert len(table) == 3
    assert len(score_topk(codes, QUERIES, 10**9)) == 3 * 8


@pytest.mark.parametrize(
    ("ids", "kind"),
    [
        (range(8), pa.int64()),
        (np.arange(8, dtype=np.uint8), pa.int64()),
        (np.arange(8, dtype=np.uint64), pa.uint64()),
        (list("abcdefgh"), pa.large_string()),
        (np.array(list("abcdefgh")), pa.large_string()),
        (pa.array(list("abcdefgh"), pa.string_view()), pa.large_string()),
        ([b"%d" % i for i in range(8)], pa.large_binary()),
        (pa.chunked_array([pa.array([1, 2, 3]), pa.array([4, 5, 6, 7, 8])]), pa.int64()),
    ],
    ids=lambda x: str(getattr(x, "dtype", getattr(x, "type", type(x).__name__))),
)
def test_types_of_ids(ids, kind):
    table = score_topk(CODEC.encode(np.eye(8)), QUERIES, 8, ids)
    assert table.schema.field("id").type == kind
    assert len(set(table.column("id").to_pylist())) == 8


def test_sources():
    codes = CODEC.encode(np.eye(8))
    expected = score_topk(codes, QUERIES, 4)
    array = codes.to_arrow()
    for source in (array, array.cast(pa.binary()), pa.chunked_array([array[:3], array[3:]])):
        assert same(score_topk(source, QUERIES, 4, codec=CODEC), expected)
    with pytest.raises(ValueError, match="pass codec"):
        score_topk(array, QUERIES, 4)
    assert same(score_topk(codes, QUERIES.astype(np.float32), 4), expected)
    batch = expected.combine_chunks().to_batches()[0]
    reader = pa.RecordBatchReader.from_batches(expected.schema, [batch])
    for source in (batch, reader, expected.select(["score", "id", "query_index"])):
        assert same(merge_topk(source, k=4), expected)


def test_nothing():
    codes = CODEC.encode(np.eye(8))
    empty = score_topk(codes[:0], QUERIES, 4)
    assert len(empty) == 0
    expected = score_topk(codes, QUERIES, 4)
    assert same(merge_topk(empty, expected, empty, k=4), expected)
    assert same(merge_topk(empty, k=4), empty)
    assert len(score_topk(codes, np.empty((0, 8)), 4)) == 0
    assert len(score_topk(codes[:0], QUERIES, 4, pa.array([], pa.string()))) == 0


def test_calls_that_are_refused():
    codes = CODEC.encode(np.eye(8))
    for k in (0, -1):
        with pytest.raises(ValueError, match=f"k is {k}"):
            score_topk(codes, QUERIES, k)
        with pytest.raises(ValueError, match=f"k is {k}"):
            merge_topk(score_topk(codes, QUERIES, 1), k=k)
    with pytest.raises(TypeError):
        score_topk(codes, QUERIES, 1.5)
    with pytest.raises(ValueError, match="there are 7 ids, expected 8"):
        score_topk(codes, QUERIES, 1, range(7))
    with pytest.raises(ValueError, match="row 2 of ids is null"):
        score_topk(codes, QUERIES, 1, [0, 1, None, 3, 4, 5, 6, 7])
    for ids in ([1.5] * 8, [True] * 8, [None] * 8, ["a", 1] * 4):
        with pytest.raises((TypeError, ValueError), match="ids"):
            score_topk(codes, QUERIES, 1, ids)
    with pytest.raises(ValueError, match="queries has shape"):
        score_topk(codes, np.ones(7), 1)
    with pytest.raises(InputError, match="query 1"):
        score_topk(codes, [[0.0] * 8, [np.nan] * 8], 1)
    with pytest.raises(InputError, match="two-stage|twoStage"):
        score_topk(codes, QUERIES, 1, estimator="two-stage")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("row", [0, 99_999])
@pytest.mark.parametrize("query", [0, 1])
def test_damaged_rows_are_named(value, row, query):
    data = np.repeat(CODEC.encode(np.ones(8)).data, 100_000, axis=0)
    data[row, -8:-4] = np.frombuffer(np.float32(value).tobytes(), np.uint8)
    with pytest.raises(ValueError, match=f"row {row} of codes is damaged"):
        score_topk(Codes(data, CODEC), QUERIES * query, 1)


def test_merges_that_are_refused():
    codes = CODEC.encode(np.eye(8))
    table = score_topk(codes, QUERIES, 4)
    other = score_topk(Codec(8, 2, seed=4).encode(np.eye(8)), QUERIES, 4)
    with pytest.raises(ValueError, match="the fingerprint of table 0 is .* table 1"):
        merge_topk(table, other, k=4)
    biased = score_topk(codes, QUERIES, 4, estimator="reconstruction")
    with pytest.raises(ValueError, match="the score of table 0 is renormalized.*reconstruction"):
        merge_topk(table, biased, k=4)
    text = score_topk(codes, QUERIES, 4, list("abcdefgh"))
    with pytest.raises(ValueError, match="columns of table 1"):
        merge_topk(table, text, k=4)
    with pytest.raises(ValueError, match="no tables"):
        merge_topk(k=4)
    with pytest.raises(ValueError, match="table 1 has lost its metadata"):
        merge_topk(table, table.replace_schema_metadata({}), k=4)
    with pytest.raises(TypeError, match="table 0 has columns"):
        merge_topk(table.drop_columns(["score"]), k=4)
    for source in (None, pa.array([1]), [table], CODEC):
        with pytest.raises(TypeError, match="table 0 is"):
            merge_topk(source, k=4)


def test_tables_from_elsewhere():
    """As searches of shards give them: distances of float32, smaller is better."""

    def part(rows, order="ascending"):
        columns = [list(column) for column in zip(*rows)] or [pa.array([], t) for t in
                   (pa.int32(), pa.int64(), pa.float32())]  # fmt: skip
        columns[2] = pa.array(columns[2], pa.float32())
        return topk_table(*columns, fingerprint=b"f" * 32, score_name="l2", order=order)

    rows = [(0, 5, 2.5), (1, 5, 0.5), (0, 7, 1.5), (0, 3, 2.5), (1, 2, 0.5)]
    for order in itertools.permutations(rows):
        merged = merge_topk(part(order[:2]), part(order[2:]), part([]), k=2)
        assert rows_of(merged) == [(0, 7, 1.5), (0, 3, 2.5), (1, 2, 0.5), (1, 5, 0.5)]
        assert merged.schema.field("score").type == pa.float32()
    with pytest.raises(ValueError, match="the order of table 0 is ascending"):
        merge_topk(part(rows), part(rows, "descending"), k=2)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0], [1], [np.nan]), "row 0 of score of the table is not a number"),
        (([0, 0], [1, 2], [1.0]), "rows"),
        (([0, None], [1, 2], [1.0, 2.0]), "row 1 of query_index of the table is null"),
        (([0, 0], [None, 2], [1.0, 2.0]), "row 0 of id of the table is null"),
        (([0.5], [1], [1.0]), "query_index of the table is double"),
        (([0], [1], [1]), "score of the table is int64"),
        (([0], [1.5], [1.0]), "ids are double"),
    ],
    ids=str,
)
def test_columns_that_are_refused(columns, message):
    with pytest.raises((ValueError, TypeError), match=message):
        topk_table(*columns, fingerprint=b"f" * 32, score_name="ip")
