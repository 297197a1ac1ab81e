"""What an index refuses, with which error, and that it goes on working."""

import gc
import os
import pickle
import weakref

import ml_dtypes
import numpy as np
import pytest

from swift_turboquant import FileError, Index, InputError, TurboQuantError, UnknownIdError

X = np.random.default_rng(2).standard_normal((20, 32)).astype(np.float32)


@pytest.fixture
def index():
    index = Index(32)
    index.add(X)
    before = index.search(X, 5)
    yield index
    # Whatever was refused, nothing has changed.
    for one, other in zip(index.search(X, 5), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(index) == 20


@pytest.mark.parametrize(
    "arguments, error, text",
    [
        ({"dim": 0}, InputError, "0"),
        ({"dim": -1}, ValueError, "dim is -1, expected 0"),
        ({"dim": 1.5}, TypeError, "float"),
        ({"dim": "8"}, TypeError, "str"),
        ({"dim": 65537}, InputError, "65537|65,537"),
        ({"dim": 2**64 + 8}, ValueError, "dim is 18446744073709551624"),
        ({"bits": 0}, ValueError, "bits is 0, expected 1, 2, 3, 4 or 8"),
        ({"bits": 5}, InputError, "5"),
        ({"bits": 2.5}, TypeError, "float"),
        ({"bits": 1, "quantizer": "two-stage"}, InputError, "1"),
        ({"metric": "dot"}, ValueError, "metric is 'dot', expected one of 'ip', 'cosine', 'l2'"),
        ({"metric": 3}, ValueError, "metric is 3"),
        ({"quantizer": "qjl"}, ValueError, "quantizer is 'qjl', expected one of 'scalar', 'two"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"seed": 2**64}, ValueError, "seed is 18446744073709551616"),
        ({"originals": "float64"}, ValueError, "originals is 'float64'"),
        ({"ids": int}, ValueError, "ids is <class 'int'>, expected one of 'int', 'str', 'bytes'"),
        ({"center": np.zeros(3)}, ValueError, r"center has shape \(3,\), expected \(32,\)"),
        ({"center": np.zeros((1, 32))}, ValueError, r"center has shape \(1, 32\)"),
        ({"center": np.full(32, np.nan)}, InputError, "finite"),
        ({"center": ["a"] * 32}, ValueError, "float"),
    ],
)
def test_impossible_indexes(arguments, error, text):
    with pytest.raises(error, match=text):
        Index(**{"dim": 32, **arguments})


def test_wrong_shapes(index):
    for x, shape in (
        (X[:, :31], r"\(20, 31\)"), (X[0, :31], r"\(31,\)"), (X[None], r"\(1, 20, 32\)"),
        (1.0, r"\(\)"), ([], r"\(0,\)"), (X.T, r"\(32, 20\)"), (np.empty((3, 0)), r"\(3, 0\)"),
    ):  # fmt: skip
        for call in (index.add, lambda x: index.upsert(x, [0]), lambda x: index.search(x, 1),
                     lambda x: index.range_search(x, 1)):  # fmt: skip
            with pytest.raises(ValueError, match=f"has shape {shape}, expected .rows, 32."):
                call(x)
    with pytest.raises(ValueError):  # ragged
        index.add([[1.0] * 32, [2.0]])


@pytest.mark.parametrize("dtype", ["complex64", "bool", "object", "U3", "M8[s]", "V4"])
def test_wrong_dtypes(index, dtype):
    with pytest.raises(TypeError, match="x has dtype .*, expected real numbers"):
        index.add(np.zeros((2, 32), dtype))
    with pytest.raises(TypeError, match="q has dtype"):
        index.search(np.zeros((2, 32), dtype), 1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ml_dtypes.bfloat16])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_row_that_is_not_finite_is_named(index, dtype, bad):
    x = X.astype(dtype)
    x[7, 3] = bad
    for call in (index.add, lambda x: index.upsert(x, range(20)), lambda x: index.search(x, 1),
                 lambda x: index.range_search(x, 1), lambda x: index.add(x, threads=4)):  # fmt: skip
        with pytest.raises(InputError, match="row 7, column 3"):
            call(x)


def test_rows_that_are_too_long_or_have_no_direction(index):
    x = X.astype(np.float64)
    x[5] *= 1e300  # beyond float32
    with pytest.raises(InputError, match="row 5"):
        index.add(x)
    x[5] = 1e30
    with pytest.raises(InputError, match="row 5"):
        index.add(x)
    with pytest.raises(InputError, match="row 2"):
        Index(32, metric="cosine").add(np.where(np.arange(20)[:, None] == 2, 0, X))
    with pytest.raises(InputError, match="row 5"):
        Index(32, originals="float16").add(np.where(np.arange(20)[:, None] == 5, 1e5, X))


@pytest.mark.parametrize(
    "ids, error, text",
    [
        ([5], InputError, "1 ids for 2 vectors"),
        ([5, 6, 7], InputError, "3 ids for 2 vectors"),
        ([30, 30], InputError, "30"),
        ([30, 3], InputError, "3"),
        ([30, -1], ValueError, r"ids\[1\] is -1, expected 0 … 2\*\*63 - 1"),
        ([30, 2**63], ValueError, r"ids\[1\] is 9223372036854775808, expected 0"),
        ([2**70, 1], ValueError, r"ids\[0\] is 1180591620717411303424"),
        ([-(2**70), 1], ValueError, r"ids\[0\] is -1180591620717411303424"),
        ([2**63, -1], ValueError, r"ids\[0\] is 9223372036854775808"),
        (np.array([1, 2**63], np.uint64), ValueError, r"ids\[1\] is 9223372036854775808"),
        (np.array([40, -7], np.int8), ValueError, r"ids\[1\] is -7"),
        ([30, 31.0], TypeError, r"ids\[1\] is 31.0, of type float, expected an integer"),
        ([30, "a"], TypeError, r"ids\[.\] is '.*', of type str, expected an integer"),
        ([30, None], TypeError, r"ids\[1\] is None, of type NoneType"),
        (np.array([1.0, 2.0]), TypeError, r"ids\[0\] is .*1.0.*, of type float64"),
        (np.array([True, False]), TypeError, "of type bool"),
        (np.array(["2020", "2021"], "M8[Y]"), TypeError, "of type datetime64"),
        ([[30, 31]], ValueError, r"ids have shape \(1, 2\)"),
        (object(), TypeError, "expected a sequence of ids"),
        ("ab", TypeError, "of type str, expected an integer"),
    ],
)
def test_impossible_ids(index, ids, error, text):
    with pytest.raises(error, match=text):
        index.add(X[:2], ids)


@pytest.mark.parametrize("ids", [[-1], [2**63], ["a"], [1.5], None])
def test_impossible_ids_elsewhere(index, ids):
    calls = [index.remove, index.reconstruct, lambda i: index.remove(i, missing="ignore"),
             lambda i: index.upsert(X[:1], i)]  # fmt: skip
    if ids is not None:  # no filter
        calls += [
            lambda i: index.search(X, 1, filter=i),
            lambda i: index.range_search(X, 1, filter=i),
        ]
    for call in calls:
        with pytest.raises((TypeError, ValueError)) as caught:
            call(ids)
        assert not isinstance(caught.value, TurboQuantError), "found before the library is called"


@pytest.mark.parametrize(
    "value", [True, -1, 2**63, 2**200, "a", b"a", 1.5, None, [1], (1,), object(), X]
)
def test_nothing_is_in_an_index_that_cannot_be(index, value):
    assert value not in index


def test_unknown_ids(index):
    for call in (index.remove, index.reconstruct):
        with pytest.raises(UnknownIdError, match="99"):
            call([3, 99])
    with pytest.raises(KeyError):
        index.reconstruct(99)
    with pytest.raises(UnknownIdError, match="3"):
        index.remove([3, 3])
    with pytest.raises(ValueError, match="missing is 'no'"):
        index.remove([3], missing="no")


def test_texts_and_bytes_that_cannot_be_ids():
    for kind, good, bad in (("str", "a", b"a"), ("bytes", b"a", "a")):
        index = Index(32, ids=kind)
        index.add(X[0], good)
        for ids, error, text in (
            (None, ValueError, "ids are missing"),
            ([bad], TypeError, f"expected {kind}"),
            ([3], TypeError, rf"ids\[0\] is 3, of type int, expected {kind}"),
            ([good], InputError, "is there already|already"),
            ([good * 65536], InputError, "65536|65,536"),
            ([], InputError, "0 tags for 1 vectors"),
            ([good, good + good], InputError, "2 tags for 1 vectors"),
        ):
            with pytest.raises(error, match=text):
                index.add(X[1], ids)
        for call in (index.remove, index.reconstruct):
            with pytest.raises(UnknownIdError, match="zz"):
                call([good, type(good)(b"zz") if kind == "bytes" else "zz"])
        assert index.ids.tolist() == [good]
    with pytest.raises(ValueError, match=r"ids\[1\] is '\\ud800', which UTF-8 cannot encode"):
        Index(32, ids="str").add(X[:2], ["a", "\ud800"])


def test_no_neighbours_and_more_than_there_are(index):
    with pytest.raises(InputError, match="0"):
        index.search(X, 0)
    for k, error in ((-1, ValueError), (2**63, ValueError), (2**70, ValueError), (1.0, TypeError), ("3", TypeError), (None, TypeError)):  # fmt: skip
        with pytest.raises(error):
            index.search(X, k)
    with pytest.raises((MemoryError, ValueError)):
        index.search(X, 2**60)
    d, i = index.search(X, 10_000)
    assert (i[:, 20:] == -1).all() and (i[:, :20] >= 0).all() and (d[:, 20:] == -np.inf).all()


@pytest.mark.parametrize(
    "options, error, text",
    [
        ({"exactness": "some"}, ValueError, "exactness is 'some'"),
        (
            {"failure_probability": 0},
            ValueError,
            "failure_probability is 0, expected a number between",
        ),
        ({"failure_probability": 1.5}, ValueError, "failure_probability is 1.5"),
        ({"failure_probability": float("nan")}, ValueError, "failure_probability is nan"),
        ({"failure_probability": 0.1, "exactness": "exhaustive"}, InputError, "no effect"),
        ({"rerank": -1}, ValueError, "rerank is -1"),
        ({"rerank": 5}, InputError, "originals"),
        ({"rerank": 2**64}, ValueError, "rerank is 18446744073709551616"),
        ({"threads": 0}, ValueError, "threads is 0"),
        ({"threads": 1.5}, TypeError, "float|int"),
        ({"limit": 1}, TypeError, "limit"),
    ],
)
def test_impossible_options(index, options, error, text):
    with pytest.raises(error, match=text):
        index.search(X, 3, **options)
    with pytest.raises(error, match=text):
        index.search(X, 3, filter=[1], **options)


def test_impossible_limits(index):
    with pytest.raises(InputError, match="number"):
        index.range_search(X, np.nan)
    with pytest.raises(TypeError):
        index.range_search(X, "1")
    assert index.range_search(X[:2], np.inf)[0].tolist() == [0, 0, 0]
    assert index.range_search(X[:2], -np.inf)[0].tolist() == [0, 20, 40]


def test_merging_what_does_not_fit(index):
    other = Index(32, originals="float32")
    other.add(X[:1], [99])
    tagged = Index(32, ids="str")
    for wrong, error, text in (
        (Index(32, seed=1), InputError, "fingerprint"), (Index(32, 3), InputError, "fingerprint"),
        (Index(32, metric="l2"), InputError, "fingerprint"), (other, InputError, "originals"),
        (tagged, InputError, "tags"), (index, InputError, "id"), (X, TypeError, "expected Index"),
        (None, TypeError, "expected Index"),
    ):  # fmt: skip
        with pytest.raises(error, match=text):
            index.merge(wrong)


def test_no_originals(index):
    with pytest.raises(InputError, match="originals"):
        index.original_vectors([1])


def test_paths(index, tmp_path):
    for path, error, text in (
        (tmp_path / "no" / "1.tqi", FileError, "no"), (tmp_path, FileError, "directory|cannot"),
        (os.fsencode(tmp_path) + b"/\xff.tqi", ValueError, "not UTF-8"),
        (f"{tmp_path}/\udcff.tqi", ValueError, "not UTF-8"),
        (f"{tmp_path}/a\0b", ValueError, "zero byte"), (3, TypeError, "int"), (None, TypeError, "None"),
        ("", FileError, "No such|directory"),
    ):  # fmt: skip
        for call in (index.save, Index.load, Index.verify):
            with pytest.raises(error, match=text):
                call(path)
    assert os.listdir(tmp_path) == []
    for call in (Index.load, Index.verify):
        with pytest.raises(FileNotFoundError, match=r"missing\.tqi") as raised:
            call(tmp_path / "missing.tqi")
        assert raised.value.code == 414 and str(pickle.loads(pickle.dumps(raised.value)))


def test_damaged_files(index, tmp_path):
    path = tmp_path / "1.tqi"
    index.save(path)
    good = path.read_bytes()
    for data in (b"", good[:-1], good[:100], b"no index", bytes(len(good)), good + b"\0"):
        path.write_bytes(data)
        for call in (Index.load, Index.verify):
            with pytest.raises(FileError):
                call(path)
    for at in range(0, len(good), 97):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(FileError):
            Index.verify(path)
        try:
            Index.load(path).search(X, 3)  # finds some damage, and never crashes
        except FileError:
            pass


def test_damaged_bytes(index):
    good = index.to_bytes()
    for data in (b"", good[:-1], b"no index", good + b"\0", bytes(len(good))):
        with pytest.raises(FileError):
            Index.from_bytes(data)
    for at in range(0, len(good), 97):
        with pytest.raises(FileError):
            Index.from_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
    with pytest.raises((TypeError, ValueError, BufferError)):
        Index.from_bytes("text")


def test_exceptions_in_progress(index, tmp_path):
    class Stop(Exception):
        pass

    def stop(done, total):
        raise Stop(done, total)

    many = np.tile(X, (2000, 1))  # several pieces of work
    with pytest.raises(Stop):
        index.add(many, progress=stop)
    with pytest.raises(Stop):
        index.upsert(many, range(len(many)), progress=stop)
    with pytest.raises(Stop):
        index.search(many, 1, progress=stop)
    with pytest.raises(Stop):
        index.save(tmp_path / "1.tqi", progress=stop)
    assert os.listdir(tmp_path) == []
    with pytest.raises(TypeError):
        index.search(many, 1, progress=3)


def test_failed_work_keeps_no_array():
    def stop(done, total):
        raise RuntimeError

    gc.collect()
    gc.disable()
    try:
        for options in (
            {"progress": stop},
            {"progress": lambda *_: None, "ids": [-1]},
            {"ids": [1]},
        ):
            x = np.zeros((100_000, 64), np.float32)
            x[-1] = np.nan
            alive = weakref.ref(x)
            with pytest.raises((RuntimeError, ValueError)):
                Index(64).add(x, **options)
            del x
            assert alive() is None
    finally:
        gc.enable()


def test_progress_that_changes_the_index(index):
    with pytest.raises(InputError, match="progress"):
        index.search(np.tile(X, (100, 1)), 1, progress=lambda *_: index.add(X))
    with pytest.raises(InputError, match="progress"):  # a lookup, which is not answered with False
        index.search(np.tile(X, (100, 1)), 1, progress=lambda *_: 3 in index)
    # What only reads may be called.
    index.search(X, 1, progress=lambda *_: index.search(X, 1))


def test_errors_can_be_pickled(index):
    with pytest.raises(InputError) as caught:
        index.search(X, 0)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is InputError and str(again) == str(caught.value) and again.code == 410
