"""Stores whose folders are tested."""

from swift_turboquant.stores._collection import Collection
from swift_turboquant.stores._folder import Folder
from swift_turboquant.stores._options import IndexOptions

DIM = 6


def filled(count, value="old"):
    """Documents, of which every third has no vector; the vectors of another value are others."""
    store = Collection(IndexOptions(originals="float32", metric="l2"))
    vectors = [
        None if i % 3 == 2 else [float(i), float(len(value))] + [0.0] * (DIM - 2)
        for i in range(count)
    ]
    documents = [{"value": value, "é": [1, 2.5, None, True, "\ud800"]} for _ in range(count)]
    store.put([f"ä{i}" for i in range(count)], documents, vectors)
    return store


def same(document):
    return document


def save(path, store, embedding=None):
    Folder("test", embedding).save(path, store, same)


def load(path, embedding=None, kind="test"):
    return Folder(kind, embedding).load(path, same)


def check(found, count, value):
    """Every document has this value, and its vector belongs to it."""
    assert [each.id for each in found.entries()] == [f"ä{i}" for i in range(count)]
    for each, vector in found.with_vectors():
        assert each.document["value"] == value
        i = int(each.id[1:])
        assert (vector is None) == (i % 3 == 2)
        if vector is not None:
            assert vector[:2].tolist() == [i, len(value)]


def one(folder, pattern):
    (path,) = folder.glob(pattern)
    return path
