"""What a worker of Spark does with the batches of a partition, without Spark."""

import pickle
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from swift_turboquant import Codec, Index, InputError, MissingFileError
from swift_turboquant.spark import build, encode
from swift_turboquant.spark._worker import saved, sent

TYPES = {"int": pa.int64(), "str": pa.string(), "bytes": pa.binary()}


def batches(*parts, kind="int"):
    """Batches of (id, vector)."""
    for part in parts:
        ids, vectors = zip(*part, strict=True) if part else ((), ())
        yield pa.record_batch(
            {"id": pa.array(ids, TYPES[kind]), "vector": pa.array(vectors, pa.list_(pa.float32()))}
        )


def template(kind="int"):
    return pickle.dumps(Index(2, ids=kind))


FIRST = [(3, [1.0, 2.0]), (5, [1.0, 2.0])]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ((None, [1.0, 2.0]), r"row 3 \(id None\): id is null"),
        ((6, None), r"row 3 \(id 6\): vector is null"),
        ((6, [1.0]), r"row 3 \(id 6\): vector has 1 numbers, expected 2"),
        ((6, [1.0, None]), r"row 3 \(id 6\): vector has a null at 1"),
        ((6, [np.inf, 1.0]), r"row 3 \(id 6\): column 0 is inf"),
        ((5, [1.0, 2.0]), r"row 3 \(id 5\): its id is that of the row before too"),
        ((4, [1.0, 2.0]), r"row 3 \(id 4\): its id comes after 5"),
    ],
)
def test_wrong_rows_are_named(tmp_path, row, what):
    parts = ([(2, [1.0, 2.0])], FIRST, [], [row])
    with pytest.raises(InputError, match=f"^partition 0, {what}"):
        list(saved(batches(*parts), template=template(), folder=str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_ids_are_not_negative(tmp_path):
    with pytest.raises(InputError, match=r"^partition 0, row 0 \(id -4\): is -4, expected 0 …"):
        list(saved(batches([(-4, [1.0, 2.0])]), template=template(), folder=str(tmp_path)))


@pytest.mark.parametrize("kind", ["str", "bytes"])
def test_texts_are_in_the_order_of_their_utf8(tmp_path, kind):
    """UTF-16 would have these the other way round."""
    texts = ["\ufffd", "\U0001f600"]
    ids = [text.encode() if kind == "bytes" else text for text in texts]
    right = [(id, [1.0, 2.0]) for id in ids]
    (batch,) = saved(batches(right, kind=kind), template=template(kind), folder=str(tmp_path))
    assert batch.to_pylist()[0]["rows"] == 2
    with pytest.raises(InputError, match="its id comes after"):
        list(saved(batches(right[::-1], kind=kind), template=template(kind), folder=str(tmp_path)))


def test_a_partition_without_rows_makes_nothing(tmp_path):
    for parts in ((), ([], [])):
        assert list(saved(batches(*parts), template=template(), folder=str(tmp_path))) == []
        assert list(sent(batches(*parts), template=template(), largest=1)) == []
    assert list(tmp_path.iterdir()) == []


def test_an_attempt_that_was_given_up_writes_nothing(tmp_path):
    folder = tmp_path / "gone"
    with pytest.raises(MissingFileError, match=f"there is no folder '{folder}' here"):
        list(saved(batches(FIRST), template=template(), folder=str(folder)))
    assert not folder.exists()


def test_two_attempts_write_two_files(tmp_path):
    one, two = (
        next(saved(batches(FIRST), template=template(), folder=str(tmp_path))).to_pylist()[0]
        for _ in range(2)
    )
    assert one.pop("file") != two.pop("file")
    assert one == two


def test_pieces_make_the_file(monkeypatch):
    monkeypatch.setattr("swift_turboquant.spark._worker._PIECE", 1000)
    pieces = pa.Table.from_batches(
        sent(batches(FIRST), template=template(), largest=10_000)
    ).to_pylist()
    assert [each["piece"] for each in pieces] == list(range(len(pieces)))
    data = b"".join(each["data"] for each in pieces)
    assert len(data) == pieces[0]["bytes"]
    assert sorted(Index.from_bytes(data).ids.tolist()) == [3, 5]
    with pytest.raises(InputError, match="more partitions"):
        list(sent(batches(FIRST), template=template(), largest=1000))


def test_a_missing_package_is_named_with_its_extra():
    program = (
        "import sys; sys.modules['pyspark'] = None; from swift_turboquant.spark import search; "
        "search(None, 'nowhere', [[1, 2]], 1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    message = "ImportError: DataFrames need pyspark: pip install 'swift-turboquant[spark]'"
    assert message in done.stderr


def test_what_is_no_dataframe_of_spark(tmp_path):
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    table = pa.table({"id": [1], "v": [[1.0, 2.0]]})
    for call in (
        lambda: build(table, "id", "v", tmp_path / "new"),
        lambda: encode(table, "v", Codec(2)),
    ):
        with pytest.raises(
            TypeError, match=r"df is a pyarrow.lib.Table, expected a DataFrame of Spark"
        ):
            call()
    assert not (tmp_path / "new").exists()
