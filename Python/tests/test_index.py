"""What an index does, in the shapes and conventions of NumPy and FAISS."""

import copy
import inspect
import os
import pickle
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from swift_turboquant import Index

DIM = 96


@pytest.fixture
def x():
    return np.random.default_rng(1).standard_normal((200, DIM)).astype(np.float32)


def filled(x, **options):
    index = Index(x.shape[1], **options)
    kind = options.get("ids", "int")
    index.add(x, None if kind == "int" else names(len(x), kind))
    return index


def names(count, kind):
    return [f"row {i} é" if kind == "str" else b"%d\0" % i for i in range(count)]


def test_attributes(x):
    center = x.mean(axis=0)
    index = Index(
        DIM, 3, "l2", quantizer="two-stage", seed=2**64 - 1, center=center, originals="float16",
        ids="str",
    )  # fmt: skip
    assert (index.dim, index.bits, index.metric, index.quantizer) == (DIM, 3, "l2", "two-stage")
    assert (index.seed, index.originals, index.id_kind) == (2**64 - 1, "float16", "str")
    np.testing.assert_array_equal(index.center, center)
    assert Index(DIM).center is None
    assert index.fingerprint != Index(DIM).fingerprint and len(index.fingerprint) == 32
    assert repr(index) == (
        "<Index of 0 rows, dim=96, bits=3, metric='l2', quantizer='two-stage', "
        "seed=18446744073709551615, originals='float16', ids='str'>"
    )


@pytest.mark.parametrize("metric, missing", [("ip", -np.inf), ("cosine", -np.inf), ("l2", np.inf)])
@pytest.mark.parametrize("kind", ["int", "str", "bytes"])
def test_shapes_and_what_is_missing(x, metric, missing, kind):
    index = filled(x[:3], metric=metric, ids=kind)
    for q, shape in ((x[:2], (2, 5)), (x[0], (5,)), (x[:0], (0, 5))):
        d, i, e = index.search(q, 5, with_error=True)
        assert d.shape == i.shape == e.shape == shape
        assert d.dtype == e.dtype == np.float32
        assert i.dtype == (np.int64 if kind == "int" else object)
        assert d.flags.c_contiguous and i.flags.c_contiguous
        assert (d[..., 3:] == missing).all() and (e[..., 3:] == 0).all()
        assert (i[..., 3:] == (-1 if kind == "int" else None)).all()
        assert np.isfinite(d[..., :3]).all()
    d, i = index.search(x[1], 1)
    assert i[0] == (1 if kind == "int" else names(3, kind)[1])


def test_scores_of_an_empty_index(x):
    d, i = Index(DIM).search(x[:2], 3)
    assert (d == -np.inf).all() and (i == -1).all()
    lims, d, i = Index(DIM, ids="str").range_search(x[:2], 0)
    assert lims.tolist() == [0, 0, 0] and d.shape == i.shape == (0,) and i.dtype == object


@pytest.mark.parametrize("kind", ["int", "str", "bytes"])
def test_range_search_is_what_a_search_of_all_rows_finds_within_the_limit(x, kind):
    for metric, limit in (("ip", 10.0), ("cosine", 0.2), ("l2", 150.0)):
        index = filled(x, metric=metric, ids=kind)
        d, i, e = index.search(x[:4], len(x), exactness="exhaustive", with_error=True)
        within = d <= limit if metric == "l2" else d >= limit
        lims, rd, ri, re = index.range_search(x[:4], limit, with_error=True)
        assert lims.dtype == np.int64 and 4 < lims[-1] < d.size
        assert lims.tolist() == [0, *np.cumsum(within.sum(axis=1))]
        np.testing.assert_array_equal(rd, d[within])
        np.testing.assert_array_equal(ri, i[within])
        np.testing.assert_array_equal(re, e[within])
        for given, found in zip(
            (lims, rd, ri), index.range_search(x[:4], limit, threads=2), strict=True
        ):
            np.testing.assert_array_equal(given, found)


def test_ids_are_assigned_after_the_largest(x):
    index = Index(DIM)
    assert index.add(x[:2]).tolist() == [0, 1]
    assert index.add(x[:2], [7, 5]).tolist() == [7, 5]
    assert index.remove(7) == 1
    assert index.add(x[0]).tolist() == [8]
    assert sorted(index.ids.tolist()) == [0, 1, 5, 8] and index.ids.dtype == np.int64
    assert len(index) == 4 and 5 in index and 7 not in index


@pytest.mark.parametrize("kind", ["str", "bytes"])
def test_texts_and_bytes_as_ids(x, kind):
    a, b, c, d = names(4, kind)
    index = Index(DIM, ids=kind)
    assert index.add(x[:3], (a, b, c)).tolist() == [a, b, c]
    assert index.upsert(x[3:5], np.array([b, d], object)).tolist() == [b, d]
    assert sorted(index.ids) == [a, b, c, d] and index.ids.dtype == object
    assert d in index and "zz" not in index and b"zz" not in index and 0 not in index
    assert index.search(x[3], 1)[1].tolist() == [b]
    assert index.search(x[3], 1, filter={a, c})[1].tolist() != [b]
    assert index.remove(b) == 1 and index.remove([a, b, a, c], missing="ignore") == 2
    assert index.ids.tolist() == [d]
    np.testing.assert_array_equal(index.reconstruct([d])[0], index.reconstruct(d))
    assert index.reconstruct(d).shape == (DIM,) and index.reconstruct([]).shape == (0, DIM)


def test_upsert_replaces_and_the_last_of_equal_ids_counts(x):
    index = filled(x[:3])
    assert index.upsert(x[3:6], [1, 9, 1]).tolist() == [1, 9, 1]
    expected = Index(DIM)
    expected.add(x[[0, 5, 2, 4]], [0, 1, 2, 9])
    for one, other in zip(index.search(x, 4), expected.search(x, 4), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_caller_s_ids_are_not_kept(x):
    ids = np.arange(3)
    index = Index(DIM)
    for result in (index.add(x[:3], ids), index.upsert(x[:3], ids)):
        assert not np.shares_memory(result, ids)


def test_remove_counts(x):
    index = filled(x)
    assert index.remove([]) == 0
    assert index.remove([1, 1, 2, 500], missing="ignore") == 2
    assert index.remove(np.array([3, 4], np.uint8)) == 2
    assert len(index) == len(x) - 4


@pytest.mark.parametrize("ids", [[4, 2], (4, 2), {2, 4}, iter([4, 2]), range(2, 5, 2), np.int64(4)])
def test_what_can_be_a_filter(x, ids):
    expected = {2, 4} - ({2} if isinstance(ids, np.int64) else set())
    d, i = filled(x).search(x[:2], 3, filter=ids)
    assert set(i.ravel().tolist()) - {-1} == expected
    assert (d[:, len(expected) :] == -np.inf).all()


def test_an_empty_filter_finds_nothing(x):
    assert (filled(x).search(x[:2], 3, filter=[])[1] == -1).all()
    assert (filled(x, ids="str").search(x[:2], 3, filter=[])[1] == np.array(None)).all()
    assert filled(x).range_search(x[:2], -1e9, filter=[])[0].tolist() == [0, 0, 0]


def test_reconstructions_are_what_scores_are_of(x):
    index = filled(x, bits=8)
    d, i = index.search(x[:5], 20)
    # Sums of 96 products in float32, each rounded: 96 · 2^-24 of the norms' product; and the scan's codebook of bytes is
    # within 1/64 of a standard deviation, times 10 for the largest of 100 scores.
    scale = np.linalg.norm(x[:5], axis=1)[:, None] * np.linalg.norm(x, axis=1)[i]
    exact = np.einsum("qd,qkd->qk", x[:5], index.reconstruct(i.ravel()).reshape(5, 20, DIM))
    assert (np.abs(d - exact) <= 0.02 * scale).all()


def test_originals_and_reranking(x):
    for kind in ("float16", "float32"):
        index = filled(x, metric="l2", originals=kind)
        rounded = x.astype(kind).astype(np.float32)
        np.testing.assert_array_equal(index.original_vectors([7, 3]), rounded[[7, 3]])
        np.testing.assert_array_equal(index.original_vectors(7), rounded[7])
        d, i, e = index.search(x[:5], 3, rerank=50, with_error=True)
        assert i[:, 0].tolist() == [0, 1, 2, 3, 4]
        exact = ((x[:5, None].astype(float) - rounded[i]) ** 2).sum(axis=2)
        np.testing.assert_allclose(d, exact, rtol=1e-6)  # float32 of an exact sum: 2^-24
        assert (e == 0).all() == (kind == "float32")


@pytest.mark.parametrize("dtype", ["float16", "float64", "int16", ">f4", ml_dtypes.bfloat16])
def test_every_dtype_is_that_of_the_same_values(x, dtype):
    given = (8 * x).astype(dtype)
    index, expected = filled(given), filled(given.astype(np.float32))
    queries = given[:3], given[:3].astype(np.float32)
    for one, other in zip(index.search(queries[0], 9), expected.search(queries[1], 9), strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_order_of_memory(x):
    expected = filled(x).search(x[:8], 5)
    unaligned = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape)
    read_only = x.copy()
    read_only.flags.writeable = False
    wide = np.repeat(x, 2, axis=1)
    for form in (
        np.asfortranarray(x),
        x[::-1].copy()[::-1],
        wide[:, ::2],
        unaligned,
        read_only,
        x.tolist(),
    ):
        before = np.array(form)
        index = filled(np.asarray(form)) if isinstance(form, list) else filled(form)
        for found, one in zip(index.search(form[:8], 5), expected, strict=True):
            np.testing.assert_array_equal(found, one)
        np.testing.assert_array_equal(form, before)


def test_float32_is_read_where_it_lies(x):
    # The only way to tell: a caller's array is passed by its own address.
    from swift_turboquant._arrays import rows

    for given in (x, x.astype(np.float16), x.astype(ml_dtypes.bfloat16), x[3:7], x[0]):
        assert rows(given, DIM, "x").address == given.__array_interface__["data"][0]


@pytest.mark.parametrize(
    "dtype", [np.int8, np.uint16, np.int32, np.int64, np.uint64, ">i8", object]
)
def test_every_dtype_of_ids(x, dtype):
    ids = np.arange(100, 110).astype(dtype)
    index = Index(DIM)
    assert index.add(x[:10], ids).tolist() == list(range(100, 110))
    assert index.add(x[:1], [2**63 - 1]).tolist() == [2**63 - 1]
    assert index.search(x[5], 1, filter=ids[::-2])[1].tolist() in ([103], [105])
    assert index.remove(ids[::2]) == 5


def test_merging(x):
    index, other = Index(DIM), Index(DIM)
    index.add(x[:100])
    other.add(x[100:], range(100, 200))
    index.merge(other)
    for one, all_at_once in zip(index.search(x[:9], 7), filled(x).search(x[:9], 7), strict=True):
        np.testing.assert_array_equal(one, all_at_once)
    assert len(other) == 100


def test_certified_exhaustive_threads_and_batches_agree():
    # So many rows that certified searches leave some unread. One in a thousand may differ; these do not.
    x = np.random.default_rng(5).standard_normal((30_000, 64)).astype(np.float32)
    index = filled(x)
    d, i = index.search(x[:20], 10)
    for other in (
        index.search(x[:20], 10, exactness="exhaustive"),
        index.search(x[:20], 10, failure_probability=1e-6, threads=1),
        index.search(x[:20], 10, threads=3),
        [np.array(found) for found in zip(*(index.search(q, 10) for q in x[:20]), strict=True)],
    ):
        np.testing.assert_array_equal(d, other[0])
        np.testing.assert_array_equal(i, other[1])


@pytest.mark.parametrize("kind", ["int", "str", "bytes"])
@pytest.mark.parametrize("form", [str, Path, os.fsencode])
def test_files(x, tmp_path, kind, form):
    index = filled(x, ids=kind, metric="cosine", originals="float32", center=x.mean(axis=0))
    path = form(str(tmp_path / "Ümläut 1.tqi"))
    index.save(path)
    Index.verify(path)
    loaded = Index.load(path)
    assert repr(loaded) == repr(index) and loaded.fingerprint == index.fingerprint
    np.testing.assert_array_equal(loaded.center, index.center)
    for one, other in zip(loaded.search(x[:9], 7), index.search(x[:9], 7), strict=True):
        np.testing.assert_array_equal(one, other)
    loaded.remove(loaded.ids[:5])  # of a mapped index, too
    assert len(loaded) == len(x) - 5 and len(Index.load(path)) == len(x)


@pytest.mark.parametrize("kind", ["int", "str", "bytes"])
def test_bytes_pickle_and_copy(x, tmp_path, kind):
    index = filled(x, ids=kind, metric="l2", originals="float16")
    data = index.to_bytes()
    index.save(tmp_path / "1.tqi")
    assert (tmp_path / "1.tqi").read_bytes() == data and index.nbytes == len(data)
    assert not inspect.ismethod(index.__reduce__()[0])  # which cloudpickle cannot pickle
    for other in (
        Index.from_bytes(data), Index.from_bytes(bytearray(data)), Index.from_bytes(memoryview(data)),
        pickle.loads(pickle.dumps(index)), copy.copy(index), copy.deepcopy(index),
    ):  # fmt: skip
        assert other.to_bytes() == data
        other.remove(other.ids[0])
        assert len(index) == len(x)


def test_subclasses_stay_what_they_are(x, tmp_path):
    class Mine(Index):
        pass

    Mine(DIM).save(tmp_path / "1.tqi")
    assert type(Mine.load(tmp_path / "1.tqi")) is Mine


def test_what_ends_at_its_last_report_has_changed_nothing(x, tmp_path):
    class Enough(Exception):
        pass

    def at_the_end(done, total):
        if done == total:
            raise Enough

    index = Index(DIM)
    index.add(x[:5])
    for call in (
        lambda: index.add(x, progress=at_the_end),
        lambda: index.upsert(x, range(len(x)), progress=at_the_end),
        lambda: index.search(x, 3, progress=at_the_end),
        lambda: index.save(tmp_path / "1.tqi", progress=at_the_end),
    ):
        with pytest.raises(Enough):
            call()
    assert len(index) == 5 and os.listdir(tmp_path) == []


def test_progress(x, tmp_path):
    heard = []
    index = Index(DIM)
    many = np.tile(x, (20, 1))
    index.add(many, progress=lambda *numbers: heard.append(numbers))
    assert heard[-1] == (4000, 4000) and heard == sorted(heard)
    del heard[:]
    expected = index.search(x, 3)
    for found, one in zip(
        index.search(x, 3, progress=lambda *numbers: heard.append(numbers)), expected, strict=True
    ):
        np.testing.assert_array_equal(found, one)
    assert heard[-1] == (200, 200)
    del heard[:]
    index.save(tmp_path / "1.tqi", progress=lambda *numbers: heard.append(numbers))
    assert len(heard) > 1 and heard[-1][0] == heard[-1][1]
