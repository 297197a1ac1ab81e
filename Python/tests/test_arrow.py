"""Encoding of Arrow arrays, batches and tables."""

import numpy as np
import pyarrow as pa
import pytest

from swift_turboquant import Codec, Codes, InputError
from swift_turboquant.arrow import encode_batch

CODEC = Codec(6, 4, seed=1)
# Multiples of 1/8 below 16 are the same in every type here.
X = (np.random.default_rng(2).integers(-127, 128, (20, 6)) / 8).astype(np.float32)
CODES = CODEC.encode(X)
TYPES = [pa.float16(), pa.float32(), pa.float64()]


class Foreign:
    def __init__(self, source):
        self._source = source

    def __arrow_c_array__(self, requested_schema=None):
        return self._source.__arrow_c_array__(requested_schema)


class ForeignStream:
    def __init__(self, source):
        self._source = source

    def __arrow_c_stream__(self, requested_schema=None):
        return self._source.__arrow_c_stream__(requested_schema)


def fixed(kind="float", x=X):
    return pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)).cast(kind), x.shape[1])


def lists(kind="float", x=X, large=False):
    kind = pa.type_for_alias(kind) if isinstance(kind, str) else kind
    return fixed(kind, x).cast(pa.large_list(kind) if large else pa.list_(kind))


def decoded(result, codec=CODEC):
    return Codes.from_arrow(result, codec)


@pytest.mark.parametrize("kind", TYPES, ids=str)
@pytest.mark.parametrize("make", [fixed, lists, lambda kind: lists(kind, large=True)])
def test_arrays(kind, make):
    array = make(kind)
    for source in (array, Foreign(array), ForeignStream(pa.chunked_array([array]))):
        result = encode_batch(source, CODEC)
        assert isinstance(result, pa.FixedSizeBinaryArray)
        assert decoded(result) == CODES
    for first, end in ((0, 0), (3, 3), (5, 11), (19, 20)):
        part = array[first:end]
        assert decoded(encode_batch(part, CODEC)) == CODES[first:end]
        if end > first:  # pyarrow's import gives a slice of nothing no buffer
            assert decoded(encode_batch(Foreign(part), CODEC)) == CODES[first:end]
    chunks = pa.chunked_array([array[:7], array[7:7], array[7:]])
    assert decoded(encode_batch(chunks, CODEC)) == CODES
    assert decoded(encode_batch(ForeignStream(chunks), CODEC)) == CODES


def test_integers_are_vectors_too():
    whole = np.arange(12, dtype=np.int16).reshape(2, 6)
    assert decoded(encode_batch(pa.array(whole.tolist(), pa.list_(pa.int16())), CODEC)) == (
        CODEC.encode(whole)
    )


def test_batches_and_tables():
    columns = {
        "id": pa.array(range(20)),
        "v": fixed(),
        "text": pa.array(list("abcdefghijklmnopqrst")),
    }
    batch, table = pa.record_batch(columns), pa.table(columns)
    for source, kind in (
        (batch, pa.RecordBatch), (table, pa.Table), (Foreign(batch), pa.RecordBatch),
        (ForeignStream(table), pa.Table), (batch.to_struct_array(), None),
    ):  # fmt: skip
        if kind is None:
            source, kind = Foreign(source), pa.RecordBatch
        result = encode_batch(source, CODEC, "v")
        assert isinstance(result, kind)
        assert result.schema.names == ["id", "v", "text"]
        assert result.schema.field("v").metadata[b"turboquant.fingerprint"].decode() == (
            CODEC.fingerprint.hex()
        )
        assert decoded(result.column("v")) == CODES
        assert result.column("id").equals(source_column(result, columns["id"]))
        more = encode_batch(source, CODEC, "v", into="codes")
        assert more.schema.names == ["id", "v", "text", "codes"]
        assert decoded(more.column("codes")) == CODES
    assert decoded(encode_batch(batch[4:9], CODEC, "v").column("v")) == CODES[4:9]
    parts = pa.Table.from_batches([batch[:4], batch[4:4], batch[4:]])
    assert decoded(encode_batch(parts, CODEC, "v").column("v")) == CODES
    assert len(encode_batch(parts[:0], CODEC, "v")) == 0


def source_column(result, column):
    return pa.chunked_array([column]) if isinstance(result, pa.Table) else column


def test_no_copy_of_floats():
    """A sliced array of float32 is read where it lies."""
    from swift_turboquant._arrow import vectors_of

    for array in (fixed()[3:9], lists()[3:9]):
        vectors = vectors_of(array, 6, "x")
        whole = np.frombuffer(array.values.buffers()[1], np.float32)
        assert np.shares_memory(vectors, whole)


@pytest.mark.parametrize("make", [fixed, lists])
def test_rows_that_are_refused_are_named(make):
    x = X.copy()
    x[13, 4] = np.nan
    with pytest.raises(InputError, match="row 13, column 4"):
        encode_batch(make(x=x), CODEC)
    with pytest.raises(InputError, match="row 3, column 4"):
        encode_batch(make(x=x)[10:], CODEC)
    rows = X.tolist()
    kind = make().type
    with pytest.raises(ValueError, match="row 5 of source is null"):
        encode_batch(pa.array([*rows[:5], None, *rows[6:8], None], kind), CODEC)
    with pytest.raises(ValueError, match="row 2 of source is null"):
        encode_batch(pa.array([*rows[:5], None], kind)[3:], CODEC)
    # Nulls of rows that a slice leaves out do no harm.
    assert decoded(encode_batch(pa.array([None, *rows], kind)[1:], CODEC)) == CODES
    hole = [*rows[:5], [1.0, None, 3.0, 4.0, 5.0, 6.0], *rows[6:]]
    with pytest.raises(ValueError, match="row 3 of source has a null at 1"):
        encode_batch(pa.array(hole, kind)[2:], CODEC)
    chunks = pa.chunked_array([make()[:8], make(x=x)[8:]])
    with pytest.raises(InputError, match="row 13, column 4"):
        encode_batch(chunks, CODEC)


def test_lengths_that_are_refused():
    ragged = pa.array([*X[:4].tolist(), [1.0] * 5, [1.0] * 7], pa.list_(pa.float32()))
    with pytest.raises(ValueError, match="row 4 of source has 5 numbers, expected 6"):
        encode_batch(ragged, CODEC)
    # As many numbers in all as 2 rows have.
    with pytest.raises(ValueError, match="row 0 of source has 5 numbers"):
        encode_batch(ragged[4:], CODEC)
    with pytest.raises(ValueError, match="source has lists of 6, expected 7"):
        encode_batch(fixed(), Codec(7))
    with pytest.raises(ValueError, match="row 0 of source has 0 numbers"):
        encode_batch(pa.array([[]], pa.list_(pa.float32())), CODEC)


@pytest.mark.parametrize(
    "source",
    [pa.array([1.0, 2.0]), pa.array([["a"] * 6]), pa.array([[True] * 6]),
     pa.array([[[1.0]] * 6]), pa.array(["text"]), pa.array([None]), X, [1.0], None],
    ids=lambda source: str(getattr(source, "type", type(source).__name__)),
)  # fmt: skip
def test_types_that_are_refused(source):
    error = ValueError if isinstance(source, pa.NullArray) else TypeError
    with pytest.raises(error, match="source"):
        encode_batch(source, CODEC)


def test_columns_that_are_refused():
    batch = pa.record_batch({"a": fixed(), "b": fixed()})
    for column in (None, "c"):
        with pytest.raises(ValueError, match=r"expected one of \['a', 'b'\]"):
            encode_batch(batch, CODEC, column)
    with pytest.raises(ValueError, match="there is a column 'b' already"):
        encode_batch(batch, CODEC, "a", into="b")
    with pytest.raises(ValueError, match="source is one array"):
        encode_batch(fixed(), CODEC, "a")
    twice = pa.table([fixed(), fixed()], names=["a", "a"])
    with pytest.raises(ValueError, match="column is 'a'"):
        encode_batch(twice, CODEC, "a")
