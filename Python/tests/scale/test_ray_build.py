"""Collections that Ray builds are what one index is, whole, or not there at all."""

import itertools
import os
import re

import numpy as np
import pyarrow as pa
import pytest
from collection import DIM, expected, found, names, one_index, queries, rows

ray = pytest.importorskip("ray", reason="ray is not installed")
data = pytest.importorskip("ray.data", reason="ray[data] is not installed")
from swift_turboquant import FileError, InputError
from swift_turboquant.ray import ShardPool, _unique, build
from swift_turboquant.shards import Manifest, Shards

pytestmark = pytest.mark.usefixtures("cluster")
EXACT = {"exactness": "exhaustive"}


def table(x, ids):
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), DIM)
    return pa.table({"text": ["…"] * len(x), "name": pa.array(ids.tolist()), "v": vectors})


def dataset(x, ids, cuts=(700, 700)):
    """Blocks that end at the cuts, and so are unequal, and one without rows."""
    whole = table(x, ids)
    ends = [0, *cuts, len(x)]
    return data.from_arrow([whole[a:b] for a, b in itertools.pairwise(ends)])


@pytest.mark.parametrize(
    ("kind", "shards", "options"),
    [
        ("int", None, {"metric": "ip"}),
        ("str", 5, {"metric": "cosine", "bits": 2}),
        ("bytes", 1, {"metric": "l2", "center": np.full(DIM, 0.25, np.float32)}),
    ],
)
def test_results_are_those_of_one_index(tmp_path, kind, shards, options):
    x, q, ids = rows(2000, 1), queries(20, 1), names(2000, kind, 1)
    index = one_index(x, ids, kind, **options)
    made = build(dataset(x, ids), "name", "v", tmp_path / "a/b", shards=shards, **options)
    assert len(made.shards) == (shards or 2) and made.rows == 2000
    opened = Shards.open(tmp_path / "a/b", fingerprint=index.fingerprint)
    assert opened.manifest == made
    for k in (1, 40, 2001):
        assert found(opened.search(q, k, **EXACT)) == expected(index, q, k, **EXACT)
    files = {path.name for path in (tmp_path / "a/b").iterdir()}
    assert files == {"manifest.json", *(each.file for each in made.shards)}


def test_a_collection_is_replaced_only_if_that_is_wanted(tmp_path):
    x, ids = rows(900, 1), names(900, "int", 1)
    first = build(dataset(x, ids), "name", "v", tmp_path.as_uri())
    with pytest.raises(FileExistsError, match="overwrite=True replaces it"):
        build(dataset(x, ids), "name", "v", tmp_path)
    assert Manifest.read(tmp_path) == first
    second = build(dataset(x, ids), "name", "v", tmp_path, bits=2, overwrite=True)
    assert Manifest.read(tmp_path) == second and second.bits == 2
    assert len(list(tmp_path.iterdir())) == 1 + len(second.shards)


def test_more_shards_than_rows(tmp_path):
    x, ids = rows(3, 1), names(3, "int", 1)
    assert [
        each.rows for each in build(dataset(x, ids, ()), "name", "v", tmp_path, shards=8).shards
    ] == [1] * 3


@pytest.fixture
def folder(tmp_path):
    """A folder that is not there."""
    return tmp_path / "c"


def unchanged(folder, call):
    """Checks that a call which fails changes nothing."""
    before = {path: path.read_bytes() for path in folder.rglob("*")}
    call()
    assert {path: path.read_bytes() for path in folder.rglob("*")} == before
    assert folder.exists() == bool(before)


def refused(folder, rows, error, match, **options):
    def call():
        with pytest.raises(error, match=match):
            build(rows, "name", "v", folder, overwrite=True, **options)

    unchanged(folder, call)


def test_a_row_that_cannot_be_encoded_is_named(folder):
    x, ids = rows(1000, 2), names(1000, "str", 2)
    x[950, 7] = np.nan
    named = rf"row 250 of a block of 300 rows \(id {ids[950]!r}\): column 7 is nan"
    refused(folder, dataset(x, ids), InputError, named)


@pytest.mark.parametrize(("kind", "parts"), [("int", 1), ("str", 3), ("bytes", 2), ("int", 3)])
def test_an_id_of_two_rows_is_named(tmp_path, kind, parts, monkeypatch):
    monkeypatch.setattr(_unique, "_ROWS", -(-1000 // parts))
    x, ids = rows(1000, 2), names(1000, kind, 2)
    folder = tmp_path / "c"
    build(dataset(x, ids), "name", "v", folder)  # what fails must leave it as it is
    ids[990] = ids[10]
    named = re.escape(repr(ids.tolist()[10]))
    refused(folder, dataset(x, ids), InputError, rf"the id {named} is in two blocks, of \d+ and")
    assert build(dataset(x, ids), "name", "v", folder, overwrite=True, check_ids=False).rows == 1000
    ids[990] = ids[910]
    named = re.escape(repr(ids.tolist()[910]))
    named = rf"row 290 of a block of 300 rows \(id {named}\): it has the id of row 210 too"
    refused(folder, dataset(x, ids), InputError, named)


def test_rows_that_are_none(folder):
    x, ids = rows(1000, 2), names(1000, "int", 2)
    good = table(x, ids)
    missing = pa.array([None if i == 930 else id for i, id in enumerate(ids.tolist())])
    for bad, match in [
        (good.set_column(1, "name", missing), "row 230 of a block of 300 rows .*: name is null"),
        (good.set_column(1, "name", pa.array([-1, *ids.tolist()[1:]])), r"row 0 of .* -1\): is -1, expected 0"),
        (good.set_column(2, "v", pa.array([[1.0] * (DIM - (i == 940)) for i in range(1000)])),
         r"row 240 of a block of 300 rows .*has 31 numbers, expected 32"),
    ]:  # fmt: skip
        refused(folder, data.from_arrow([bad[:700], bad[700:]]), InputError, match)
    refused(folder, data.from_arrow(good[:0]), ValueError, "there are no rows")


def test_misuse(folder):
    x, ids = rows(60, 1), names(60, "int", 1)
    good = dataset(x, ids, ())
    for error, match, options in [
        (ValueError, "shards is 0", {"shards": 0}),
        (ValueError, "cpus is 0", {"cpus": 0}),
        (ValueError, "bits", {"bits": 7}),
        (ValueError, "center has shape", {"center": np.zeros(3), "dim": DIM}),
        (InputError, "row 0 of a block .*has lists of 32, expected 31|v.* has lists of 32", {"dim": 31}),
    ]:  # fmt: skip
        refused(folder, good, error, match, **options)
    for error, match, columns in [
        (ValueError, "id is 'x', expected one of", ("x", "v")),
        (ValueError, "column is 'x', expected one of", ("name", "x")),
        (TypeError, "column 'text' is string", ("name", "text")),
        (TypeError, "column 'v': ids are fixed_size_list", ("v", "text")),
    ]:
        with pytest.raises(error, match=match):
            build(good, *columns, folder, overwrite=True)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="file"):
        build(dataset(rows(60, 1), names(60, "int", 1), ()), "name", "v", tmp_path / "file")


def test_a_path_of_another_kind():
    for call in (lambda: build(None, "name", "v", "s3://b/c"), lambda: ShardPool("s3://b/c")):
        with pytest.raises(ValueError, match="the path is 's3://b/c', expected a folder"):
            call()


def test_a_worker_that_dies_in_the_middle(tmp_path):
    """Its task is repeated, and what it had written is gone."""
    x, q, ids = rows(2000, 3), queries(10, 3), names(2000, "int", 3)
    mark, folder = str(tmp_path / "died"), tmp_path / "c"

    def dies_once(block):
        if block["name"][0] == ids[700] and not os.path.exists(mark):
            open(mark, "w").close()
            os._exit(1)
        return block

    source = dataset(x, ids).map_batches(dies_once, batch_size=None)
    made = build(source, "name", "v", folder)
    index = one_index(x, ids, "int")
    assert os.path.exists(mark) and made.rows == 2000
    assert found(Shards.open(folder).search(q, 9, **EXACT)) == expected(index, q, 9, **EXACT)
    assert len(list(folder.iterdir())) == 1 + len(made.shards)


def test_no_block_is_left_out_even_where_ray_is_told_to(folder, monkeypatch):
    monkeypatch.setattr(data.DataContext.get_current(), "max_errored_blocks", 5)
    x, ids = rows(1000, 4), names(1000, "int", 4)

    def fails(block):
        if block["name"][0] == ids[700]:
            raise RuntimeError("no such row")
        return block

    source = dataset(x, ids)
    assert source.map_batches(fails, batch_size=None).count() == 700
    failing = dataset(x, ids).map_batches(fails, batch_size=None)
    refused(folder, failing, ray.exceptions.RayTaskError, "no such row")
