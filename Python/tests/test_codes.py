"""Codes as rows, bytes, pickles and Arrow arrays."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from swift_turboquant import Codec, Codes

CODEC = Codec(24, 4, seed=1)
CODES = CODEC.encode(np.random.default_rng(2).standard_normal((30, 24)))


class Foreign:
    """Another library's array: only its capsules are known."""

    def __init__(self, array):
        self._array = array

    def __arrow_c_array__(self, requested_schema=None):
        return self._array.__arrow_c_array__(requested_schema)


class ForeignStream:
    def __init__(self, array):
        self._array = array

    def __arrow_c_stream__(self, requested_schema=None):
        return self._array.__arrow_c_stream__(requested_schema)


def test_selections():
    data = CODES.data
    for rows in (slice(3, 9), slice(None, None, -2), [5, 1, 1], np.arange(30) % 3 == 0, ...):
        assert np.array_equal(CODES[rows].data, data[rows])
    assert np.array_equal(CODES[7].data, data[7:8])
    assert np.array_equal(CODES[-1].data, data[29:])
    assert np.shares_memory(CODES[2:5].data, data)
    assert len(CODES[4:4]) == 0
    assert Codes.concatenate(list(CODES)) == CODES
    assert np.array_equal(CODEC.decode(CODES[::-3]), CODEC.decode(CODES)[::-3])
    for rows in ((1, 2), (slice(None), 3), [[1, 2], [3, 4]], 30, -31, "a", 1.5):
        with pytest.raises(IndexError):
            CODES[rows]


def test_sizes_and_equality():
    assert (len(CODES), CODES.nbytes) == (30, 30 * CODEC.bytes_per_vector)
    assert CODES == CODES[:]
    assert CODES != CODES[:29]
    assert CODES != Codec(24, seed=2).encode(CODEC.decode(CODES))
    assert CODES != CODES.data.tobytes()
    assert repr(CODES) == "<30 codes of Codec(dim=24, bits=4, quantizer='scalar', seed=1)>"
    with pytest.raises(TypeError):
        hash(CODES)


def test_concatenation():
    assert Codes.concatenate([CODES[:4], CODES[4:4], CODES[4:]]) == CODES
    with pytest.raises(ValueError, match="not of"):
        Codes.concatenate([CODES, Codec(24, seed=2).encode(np.ones(24))])
    with pytest.raises(ValueError, match="no codes"):
        Codes.concatenate([])


def test_bytes():
    for codes in (CODES, CODES[::2], CODES[:0]):
        data = codes.to_bytes()
        assert data[:32] == CODEC.fingerprint
        assert len(data) == 32 + codes.nbytes
        assert Codes.from_bytes(data, CODEC) == codes
        assert Codes.from_bytes(bytearray(data), CODEC) == codes
    with pytest.raises(ValueError, match="no codes of"):
        Codes.from_bytes(CODES.to_bytes(), Codec(24, seed=4))
    with pytest.raises(ValueError, match="no codes of"):
        Codes.from_bytes(b"", CODEC)
    with pytest.raises(ValueError, match="are not rows of"):
        Codes.from_bytes(CODES.to_bytes()[:-1], CODEC)


def test_pickle_and_copies():
    for codes in (CODES, CODES[3:5], CODES[::-2], CODES[:0]):
        data = pickle.dumps(codes)
        assert pickle.loads(data) == codes
        assert copy.copy(codes) == codes
        assert copy.deepcopy(codes) == codes
    assert len(pickle.dumps(CODES[:1])) < len(pickle.dumps(CODES))


def test_rows_of_another_size_are_refused():
    for data in (np.zeros((3, 5), np.uint8), np.zeros(20, np.uint8), CODES.data.astype(np.int16)):
        with pytest.raises(ValueError, match="expected uint8 of shape"):
            Codes(data, CODEC)


def test_rows_that_no_encoder_wrote():
    data = CODES.data.copy()
    data[11, -8:-4] = np.frombuffer(np.float32(np.nan).tobytes(), np.uint8)
    with pytest.raises(ValueError, match="row 11"):
        CODEC.decode(Codes(data, CODEC))


def test_arrow():
    for codes in (CODES, CODES[::2], CODES[:0]):
        array = codes.to_arrow()
        array.validate(full=True)
        assert array.type == pa.binary(CODEC.bytes_per_vector)
        assert [bytes(row) for row in codes.data] == array.to_pylist()
        assert pa.array(codes).equals(array)
        for source in (array, codes, Foreign(codes), ForeignStream(pa.chunked_array([array]))):
            assert Codes.from_arrow(source, CODEC) == codes
        # An array's own capsules have the metadata; one of pyarrow's or a stream has none.
        assert Codes.from_arrow(Foreign(codes)) == codes
    assert np.shares_memory(Codes.from_arrow(CODES.to_arrow(), CODEC).data, CODES.data)


def test_arrow_sliced_and_in_chunks():
    array = CODES.to_arrow()
    for source in (array[5:20], Foreign(array[5:20])):
        assert Codes.from_arrow(source, CODEC) == CODES[5:20]
    chunks = pa.chunked_array([array[:3], array[3:3], array[3:]])
    assert Codes.from_arrow(chunks, CODEC) == CODES
    assert Codes.from_arrow(ForeignStream(chunks), CODEC) == CODES
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view()):  # of Spark, of Polars
        other = pa.array(array.to_pylist(), kind)
        assert Codes.from_arrow(other[2:9], CODEC) == CODES[2:9]


def test_arrow_fields_name_the_codec():
    field = CODES.arrow_field("v")
    assert field.metadata[b"turboquant.fingerprint"] == CODEC.fingerprint.hex().encode()
    assert pa.field(CODES).metadata == field.metadata
    batch = pa.record_batch([CODES.to_arrow()], schema=pa.schema([field]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    read = pa.ipc.open_stream(sink.getvalue()).read_all()
    metadata = read.schema.field("v").metadata
    assert Codec.from_record(bytes.fromhex(metadata[b"turboquant.codec"].decode())) == CODEC
    with pytest.raises(ValueError, match="the codes are of the codec"):
        Codes.from_arrow(Foreign(CODES), Codec(24, seed=2))
    with pytest.raises(ValueError, match="pass codec"):
        Codes.from_arrow(CODES.to_arrow())


def test_arrow_arrays_that_are_no_codes():
    size = CODEC.bytes_per_vector
    rows = [bytes(row) for row in CODES.data]
    with pytest.raises(ValueError, match="row 4 of codes is null"):
        Codes.from_arrow(pa.array([*rows[:4], None, *rows[5:]], pa.binary(size)), CODEC)
    with pytest.raises(ValueError, match="row 2 of codes is null"):
        Codes.from_arrow(pa.array([*rows[:4], None], pa.binary())[2:], CODEC)
    with pytest.raises(ValueError, match=f"row 1 of codes has 3 bytes, expected {size}"):
        Codes.from_arrow(pa.array([rows[0], b"abc"], pa.binary()), CODEC)
    with pytest.raises(ValueError, match="codes have 5 bytes"):
        Codes.from_arrow(pa.array([b"abcde"], pa.binary(5)), CODEC)
    with pytest.raises(TypeError, match="codes are int64, expected fixed_size_binary"):
        Codes.from_arrow(pa.array([1, 2]), CODEC)
    with pytest.raises(TypeError, match="codes is a list, expected an Arrow array"):
        Codes.from_arrow(rows, CODEC)


def test_pyarrow_is_not_needed_before():
    program = (
        "import sys; sys.modules['pyarrow'] = None; import numpy, swift_turboquant as t\n"
        "codes = t.Codec(8).encode(numpy.ones(8))\n"
        "try: codes.to_arrow()\n"
        "except ImportError as e: print(e)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert run.stdout == "Arrow arrays need pyarrow: pip install 'swift-turboquant[arrow]'\n"
