"""Folders of stores: what comes back, and what is refused."""

import os

import numpy as np
import pytest
from store_folders import DIM, check, filled, load, one, same, save

from swift_turboquant import FileError, Index, MissingFileError
from swift_turboquant.stores._folder import Folder


@pytest.fixture
def saved(tmp_path):
    save(tmp_path / "s", filled(7), "model")
    return tmp_path / "s"


@pytest.mark.parametrize("count", [0, 1, 7])
def test_round_trip(tmp_path, count):
    store = filled(count)
    save(tmp_path / "new" / "folder", store)
    found = load(tmp_path / "new" / "folder")
    check(found, count, "old")
    assert [each.document for each in found.entries()] == [
        each.document for each in store.entries()
    ]
    assert found.options == store.options
    query = [1.0] * DIM
    assert found.search(query, 5) == store.search(query, 5)
    found.put(["more"], [{}], [[9.0] * DIM])  # its row is none that another document has
    assert len(found) == count + 1 and len(set(found.index.ids.tolist())) == len(found.index)


def test_bytes_and_path_objects(tmp_path):
    save(os.fsencode(tmp_path / "ä"), filled(3))
    check(load(str(tmp_path / "ä")), 3, "old")


def test_files_are_those_that_the_documentation_names(saved):
    save(saved, filled(3, "new"))
    names = sorted(path.name.split("-")[0] for path in saved.iterdir())
    assert names == ["documents", "index", "lock", "store.json"]
    Index.verify(one(saved, "index-*.tqi"))
    assert b"\x80" not in one(saved, "documents-*").read_bytes()  # ASCII, so no pickle
    check(load(saved), 3, "new")


def test_a_missing_store(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(MissingFileError, match="there is no store"):
            load(path)
    (tmp_path / "file").touch()
    with pytest.raises(FileError):
        load(tmp_path / "file")
    with pytest.raises(FileError):
        save(tmp_path / "file", filled(1))


def test_another_kind_or_embedding(saved):
    with pytest.raises(ValueError, match="a store of test, expected other"):
        load(saved, kind="other")
    with pytest.raises(ValueError, match="of the embedding 'model', not 'another'"):
        load(saved, "another")
    check(load(saved, "model"), 7, "old")
    unnamed = Folder("test", None)
    unnamed.save(saved, unnamed.load(saved, same), same)  # keeps the name
    with pytest.raises(ValueError, match="'model'"):
        load(saved, "another")


@pytest.mark.parametrize(
    "value, error, message",
    [
        ({1: "a"}, TypeError, r"document 'x'\[2\] has the key 1"),
        ({"a": (1,)}, TypeError, r"document 'x'\[2\]\['a'\] is \(1,\), of type tuple"),
        ({"a": [float("nan")]}, ValueError, r"\['a'\]\[0\] is nan"),
        ({"a": np.float32(1)}, TypeError, "float32"),
        ({"a": b"1"}, TypeError, "bytes"),
        ({"a": 10**5000}, ValueError, "4300"),
    ],
)
def test_what_would_not_come_back_is_refused(saved, value, error, message):
    store = filled(2, "new")
    store.put(["x"], [value], [None])
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    with pytest.raises(error, match=message):
        save(saved, store)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


def test_a_value_that_contains_itself(saved):
    value = []
    value.append(value)
    store = filled(0)
    store.put(["x"], [value], [None])
    with pytest.raises(ValueError, match="contains itself"):
        save(saved, store)
    check(load(saved), 7, "old")


def test_reading_writes_nothing(saved):
    """So a store can be opened where nothing may be written."""
    (saved / "lock").unlink()
    before = sorted(saved.iterdir())
    check(load(saved), 7, "old")
    assert sorted(saved.iterdir()) == before
