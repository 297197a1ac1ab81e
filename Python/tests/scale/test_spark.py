"""What Spark builds and searches is what one index finds, to the bit."""

import numpy as np
import pytest
from collection import expected, names, one_index, queries, rows

pytest.importorskip("pyspark", reason="pyspark is not installed")

from pyspark.sql import functions as F
from spark_session import collected, fetched, frame

from swift_turboquant import Codec, Codes, Index, InputError, MissingFileError
from swift_turboquant.shards import MANIFEST, Manifest, Shards
from swift_turboquant.spark import build, encode, search, worker_errors

CASES = {
    "int": {"metric": "ip"},
    "str": {"metric": "cosine", "center": np.full(32, 0.1, np.float32), "bits": 2},
    "bytes": {"metric": "l2", "originals": "float16", "seed": 7},
}


@pytest.mark.parametrize("kind", CASES)
def test_results_are_those_of_one_index(spark, tmp_path, kind, request):
    if kind == "str":  # Spark's part in it is tried with a file system of its own
        request.getfixturevalue("nightly")
    x, q, ids = rows(20_000, 1), queries(50, 1), names(20_000, kind, 1)
    options = CASES[kind]
    index = one_index(x, ids, kind, **options)
    df = frame(spark, x, ids)
    rerank = 40 if "originals" in options else 0
    whole = expected(index, q, 10, exactness="exhaustive", rerank=rerank)
    # Shuffled and with many empty partitions; as the rows come, in one kind.
    frames = [
        df.orderBy(F.rand(3)).repartition(16, F.expr("hash(`the id`) % 3")),
        df.repartition(5),
    ]
    frames = frames[: 1 + (kind == "int")]
    for number, rows_of in enumerate(frames):
        path = tmp_path / str(number) / "new"
        manifest = build(rows_of, "the id", "the.vector", path, dim=32, **options)
        assert manifest == Manifest.read(path)
        assert 1 < len(manifest.shards) <= 5
        assert {each.name for each in path.iterdir()} == {
            MANIFEST,
            *(s.file for s in manifest.shards),
        }
        found = search(
            spark, path, q, 10, exactness="exhaustive", rerank=rerank, fingerprint=index.fingerprint
        )
        assert collected(found) == whole
        if number == 0:
            some = ids[:100].tolist()
            found = search(spark, f"file://{path}", q[0], 3, filter=iter(some))
            assert collected(found) == expected(index, q[:1], 3, filter=some)
            table = Shards.open(path).search(q, 10, exactness="exhaustive", rerank=rerank)
            assert table.column("id").to_pylist() == [row[1] for row in whole]


def test_codes_are_those_of_the_codec(spark):
    x, codec = rows(1000, 2), Codec(32, 3, seed=5)
    df = frame(spark, x, np.arange(1000)).repartition(3)
    table = fetched(encode(df, "the.vector", codec, into="codes")).sort_by("the id")
    codes = Codes.from_arrow(table.column("codes"), codec)
    assert codes == codec.encode(x)
    assert table.schema.names == ["the id", "the.vector", "codes"]
    replaced = encode(df, "the.vector", codec)
    assert replaced.columns == df.columns
    metadata = replaced.schema["the.vector"].metadata
    assert Codec.from_record(bytes.fromhex(metadata["turboquant.codec"])) == codec
    assert encode(df, "the.vector", codec, into="the.vector").schema == replaced.schema


def test_a_row_that_cannot_be_encoded_is_named(spark, tmp_path):
    x, ids = rows(3000, 3), np.arange(3000)
    x[1234, 5] = np.nan
    df = frame(spark, x, ids).repartitionByRange(3, "the id")
    codec = Codec(32)
    with (
        pytest.raises(InputError, match=r"^partition 1, row \d+: column 5 is nan"),
        worker_errors(),
    ):
        encode(df, "the.vector", codec).count()
    with (
        pytest.raises(InputError, match=r"^partition 1, row \d+ \(id 1234\): column 5 is nan"),
        worker_errors(),
    ):
        encode(df, "the.vector", codec, id="the id").count()
    with pytest.raises(InputError, match=r"^partition 1, row \d+ \(id 1234\): column 5 is nan"):
        build(df, "the id", "the.vector", tmp_path / "new" / "folder")
    assert list(tmp_path.iterdir()) == []  # nor the folders that were made


def test_an_id_in_two_partitions(spark, tmp_path):
    x, ids = rows(100, 4), np.arange(100)
    ids[70] = 7
    df = frame(spark, x, ids).withColumn("n", F.monotonically_increasing_id())
    df = df.repartitionByRange(2, "n")
    with pytest.raises(InputError, match="the id 7 is in two partitions"):
        build(df, "the id", "the.vector", tmp_path)
    assert list(tmp_path.iterdir()) == []
    build(df, "the id", "the.vector", tmp_path, check_ids=False)
    found = collected(search(spark, tmp_path, x[:1], 100))
    assert sorted(row[1] for row in found) == sorted(ids.tolist())


def test_a_collection_is_replaced_only_where_that_is_asked_for(spark, tmp_path):
    x, q = rows(500, 5), queries(3, 5)
    df = frame(spark, x, np.arange(500)).repartition(2)
    old = build(df.where("`the id` < 300"), "the id", "the.vector", tmp_path)
    (tmp_path / "notes.txt").write_text("of somebody else")
    (tmp_path / "shard-of-a-build-that-was-killed.tqi").write_text("")
    with pytest.raises(FileExistsError, match="overwrite=True replaces it"):
        build(df, "the id", "the.vector", tmp_path)
    assert Manifest.read(tmp_path) == old
    bad = df.withColumn(
        "the.vector", F.expr("transform(`the.vector`, x -> cast(x as double) / 0.001e-320d)")
    )
    with pytest.raises(InputError, match=r"partition \d"):
        build(bad, "the id", "the.vector", tmp_path, overwrite=True)
    assert Manifest.read(tmp_path) == old
    assert len(Shards.open(tmp_path)) == 300
    new = build(df, "the id", "the.vector", tmp_path, overwrite=True)
    assert {each.name for each in tmp_path.iterdir()} == {
        MANIFEST, "notes.txt", *(each.file for each in new.shards),
    }  # fmt: skip
    whole = expected(one_index(x, np.arange(500), "int"), q, 4)
    assert collected(search(spark, tmp_path, q, 4)) == whole


def test_what_cannot_be_built_or_searched(spark, tmp_path):
    df = spark.createDataFrame([(1, [1.0, 2.0], "x")], "id long, v array<float>, t string")
    for arguments, options, error, what in (
        (("no", "v"), {}, ValueError, "id is 'no', expected one of"),
        (("id", "no"), {}, ValueError, "column is 'no', expected one of"),
        (("v", "v"), {}, TypeError, "column 'v' is array<float>, expected integers"),
        (("id", "t"), {}, TypeError, "column 't' is string, expected array<float>"),
        (("id", "v"), {"bits": 7}, ValueError, "bits"),
        (("id", "v"), {"metric": "dot"}, ValueError, "metric is 'dot'"),
        (("id", "v"), {"center": [1, 2, 3]}, InputError, "vector has 2 numbers, expected 3"),
    ):
        with pytest.raises(error, match=what):
            build(df, *arguments, tmp_path / "new", **options)
    for options in ({}, {"dim": 2}):
        with pytest.raises(ValueError, match="a collection has at least one"):
            build(df.where("id > 1"), "id", "v", tmp_path / "new", **options)
    with pytest.raises(ValueError, match="there is a column 't' already"):
        encode(df, "v", Codec(2), into="t")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MissingFileError, match="there is no collection"):
        search(spark, tmp_path, [[1, 2]], 1)
    build(df, "id", "v", tmp_path)
    for q, options, what in (
        ([[1, 2, 3]], {}, "queries has shape"),
        ([[1, np.inf]], {}, "row 0, column 1 is inf"),
        ([[1, 2]], {"k": 0}, "k is 0"),
        ([[1, 2]], {"rerank": 5}, "originals"),
        ([[1, 2]], {"fingerprint": Index(3).fingerprint}, "expected"),
        ([[1, 2]], {"filter": [-1]}, "is -1"),
    ):
        with pytest.raises(ValueError, match=what):
            search(spark, tmp_path, q, **{"k": 1, **options})
    assert collected(search(spark, tmp_path, np.empty((0, 2)), 1)) == []
