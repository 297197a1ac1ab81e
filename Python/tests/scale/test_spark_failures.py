"""Damaged shards name themselves; lost executors change nothing; paths of Spark's file system."""

import time

import pytest
from collection import build as write
from collection import expected, names, one_index, queries, rows

pytest.importorskip("pyspark", reason="pyspark is not installed")

import spark_session
from spark_session import collected, frame
from test_shard_damage import replaced

from swift_turboquant import FileError, InputError, MissingFileError
from swift_turboquant.shards import MANIFEST, Manifest, Shards
from swift_turboquant.spark import build, search, worker_errors


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, rows(300, 1), names(300, "int", 1), "int")
    return tmp_path


def test_missing_and_cut_shards_are_named_before_any_task(spark, folder):
    shard = Manifest.read(folder).shards[2]
    path = folder / shard.file
    data = path.read_bytes()
    path.write_bytes(data[:-64])
    with pytest.raises(FileError, match=f"{path}.* is cut: {len(data) - 64} bytes"):
        search(spark, folder, queries(2, 1), 3)
    path.unlink()
    with pytest.raises(MissingFileError, match=f"{path}.* is missing"):
        search(spark, folder, queries(2, 1), 3)
    path.write_bytes(data)
    found = search(spark, folder, queries(2, 1), 3)
    path.unlink()  # after the call, before the action
    with pytest.raises(MissingFileError, match=f"{path}.* is missing"), worker_errors():
        found.collect()


def test_changed_and_foreign_shards_are_named_by_the_task(spark, folder):
    shard = Manifest.read(folder).shards[1]
    path = folder / shard.file
    data = path.read_bytes()
    path.write_bytes(data[:4000] + bytes([data[4000] ^ 1]) + data[4001:])
    with pytest.raises(FileError, match=f"{path}.*its checksum is") as info, worker_errors():
        search(spark, folder, queries(2, 1), 3).collect()
    assert "\n" not in str(info.value)
    path.write_bytes(data)
    foreign = replaced(folder, seed=5)
    with pytest.raises(FileError, match=f"{foreign}.* has fingerprint"), worker_errors():
        search(spark, folder, queries(2, 1), 3).collect()


def test_an_executor_is_killed_while_shards_are_built(spark, tmp_path, nightly):
    x, q, ids = rows(4000, 2), queries(5, 2), names(4000, "str", 2)
    started = tmp_path / "started"
    started.mkdir()

    def slowly(batches):
        from pyspark import TaskContext

        context = TaskContext.get()
        (started / f"{context.partitionId()}-{context.attemptNumber()}").touch()
        time.sleep(1)
        yield from batches

    df = frame(spark, x, ids).repartition(8).toDF("id", "vector")
    df = df.mapInArrow(slowly, df.schema)
    path = tmp_path / "built"
    # Four tasks have begun, so that two at least have saved their shards: the killed executor's and the other's.
    with spark_session.killing(spark, lambda: len(list(started.iterdir())) >= 4):
        manifest = build(df, "id", "vector", path, dim=32)
    assert len(manifest.shards) == 8
    assert {each.name for each in path.iterdir()} == {
        MANIFEST,
        *(each.file for each in manifest.shards),
    }
    whole = expected(one_index(x, ids, "str"), q, 10, exactness="exhaustive")
    assert collected(search(spark, path, q, 10, exactness="exhaustive")) == whole


def test_an_executor_is_killed_while_shards_are_searched(spark, tmp_path):
    x, q, ids = rows(20_000, 3), queries(4000, 3), names(20_000, "int", 3)
    write(tmp_path, x, ids, "int", shares=(0.1,) * 9)
    with spark_session.killing(spark, lambda: True):
        found = collected(search(spark, tmp_path, q, 10, exactness="exhaustive"))
    assert found == expected(one_index(x, ids, "int"), q, 10, exactness="exhaustive")


@pytest.mark.parametrize("kind", ["int", "str"])
def test_a_path_of_sparks_file_system(spark, viewed, nightly, kind):
    path, folder = f"viewfs:///data/{kind}/new", viewed / kind / "new"
    x, q, ids = rows(5000, 4), queries(5, 4), names(5000, kind, 4)
    df = frame(spark, x, ids).repartition(3)
    with pytest.raises(MissingFileError, match=f"there is no collection in '{path}'"):
        search(spark, path, q, 3)
    twice = df.unionAll(df)
    with pytest.raises(InputError, match="is in two partitions"):
        build(twice, "the id", "the.vector", path)
    assert not folder.exists()
    manifest = build(df, "the id", "the.vector", path)
    whole = expected(one_index(x, ids, kind), q, 10, exactness="exhaustive")
    assert collected(search(spark, path, q, 10, exactness="exhaustive")) == whole
    assert len(Shards.open(folder)) == 5000  # what is linked there
    with pytest.raises(FileExistsError):
        build(df, "the id", "the.vector", path)
    assert Manifest.read(folder) == manifest
    new = build(df.repartition(2), "the id", "the.vector", path, seed=1, overwrite=True)
    left = {each.name for each in folder.iterdir() if not each.name.endswith(".crc")}
    assert left == {MANIFEST, *(each.file for each in new.shards)}
    shard = folder / new.shards[1].file
    data = shard.read_bytes()
    for crc in folder.glob(".*.crc"):
        crc.unlink()
    shard.write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
    with pytest.raises(FileError, match=f"{shard.name}.*its checksum is"), worker_errors():
        search(spark, path, q, 3).collect()
    shard.write_bytes(data[:-64])
    with pytest.raises(FileError, match=f"{path}/{shard.name}.* is cut"):
        search(spark, path, q, 3)
    shard.unlink()
    with pytest.raises(MissingFileError, match=f"{path}/{shard.name}.* is missing"):
        search(spark, path, q, 3)


def test_paths():
    from swift_turboquant.shards._paths import local_path

    assert (
        local_path("/a/b c") == local_path("file:/a/b c") == local_path("file:///a/b c") == "/a/b c"
    )
    assert local_path("hdfs://host/a") is local_path("s3a://b/a") is local_path("viewfs:/a") is None
    for wrong in ("file://host/a", "file:a"):
        with pytest.raises(ValueError, match=r"has the host|is not absolute"):
            local_path(wrong)
