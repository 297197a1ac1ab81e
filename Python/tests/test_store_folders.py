"""Folders of stores: whole after crashes and beside other writers, refused when damaged."""

import hashlib
import json
import os
import shutil
import sys
import threading

import numpy as np
import pytest

from swift_turboquant import FileError, Index, MissingFileError
from swift_turboquant.stores import StoreChangedError, _files
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


def load(path, embedding=None, kind="test"):
    return Folder(kind, embedding).load(path, same)


def check(found, count, value):
    """Every document has this value, and its vector belongs to it."""
    assert [each.id for each in found.entries()] == [f"ä{i}" for i in range(count)]
    assert {each.document["value"] for each in found.entries()} <= {value}
    for each, vector in zip(found.entries(), found.vectors_of(found.entries()), strict=True):
        i = int(each.id[1:])
        assert (vector is None) == (i % 3 == 2)
        if vector is not None:
            assert vector[:2].tolist() == [i, len(value)]


@pytest.fixture
def saved(tmp_path):
    Folder("test", "model").save(tmp_path / "s", filled(7), same)
    return tmp_path / "s"


def one(folder, pattern):
    (path,) = folder.glob(pattern)
    return path


@pytest.mark.parametrize("count", [0, 1, 7])
def test_round_trip(tmp_path, count):
    store = filled(count)
    Folder("test", None).save(tmp_path / "new" / "folder", store, same)
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
    Folder("test", None).save(os.fsencode(tmp_path / "ä"), filled(3), same)
    check(load(str(tmp_path / "ä")), 3, "old")


def test_files_are_those_that_the_documentation_names(saved):
    Folder("test", None).save(saved, filled(3, "new"), same)
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
        Folder("test", None).save(tmp_path / "file", filled(1), same)


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
        Folder("test", None).save(saved, store, same)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


def test_a_value_that_contains_itself(saved):
    value = []
    value.append(value)
    store = filled(0)
    store.put(["x"], [value], [None])
    with pytest.raises(ValueError, match="contains itself"):
        Folder("test", None).save(saved, store, same)
    check(load(saved), 7, "old")


@pytest.mark.parametrize("pattern", ["store.json", "index-*.tqi", "documents-*.jsonl"])
def test_damage(saved, pattern):
    """A changed byte and a cut are noticed when it is loaded or, of vectors, when they are read; what is
    read else is what was written. Changes of the header of `store.json`, which has no checksum, may be another header.
    """
    path = one(saved, pattern)
    data = path.read_bytes()
    random = np.random.default_rng(11)
    places = [*range(20), *random.integers(len(data), size=100).tolist(), len(data) - 1]
    noticed = 0
    for place in places:
        for new in (
            data[:place],
            data[:place] + bytes([data[place] ^ 1 << (place % 8)]) + data[place + 1 :],
        ):
            path.write_bytes(new)
            try:
                found = load(saved)
                check(found, 7, "old")
            except (FileError, ValueError):
                noticed += 1
    least = len(places) if pattern == "store.json" else 2 * len(places)
    if pattern == "index-*.tqi":
        least = len(places)  # padding and rows are not all read
    assert noticed >= least
    path.unlink()
    with pytest.raises(FileError):
        load(saved)
    path.write_bytes(data)
    check(load(saved), 7, "old")


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2}, {"format": None}, {"token": "../../../etc/passwd"}, {"token": 3},
        {"token": "0" * 32}, {"documents": 6}, {"documents": True}, {"sha256": "0" * 64},
        {"has_index": False}, {"has_index": 1}, {"header": []}, {"header": {}},
        {"header": {"kind": "test", "embedding": None, "options": {"bits": 99}}},
        {"header": {"kind": "test", "embedding": None, "options": {"code": "x"}}},
        {"header": {"kind": None, "embedding": None, "options": {}}},
    ],
)  # fmt: skip
def test_a_manifest_of_others(saved, changes):
    path = saved / "store.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(FileError) as caught:
        load(saved)
    assert not isinstance(caught.value, MissingFileError) and str(saved) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "[" * 100_000, "\xff", '{"format": 1}'])
def test_a_manifest_that_is_none(saved, text):
    (saved / "store.json").write_text(text, encoding="latin-1")
    with pytest.raises(FileError):
        load(saved)


def replace_documents(saved, lines):
    """With a manifest that fits them."""
    data = b"".join(line.encode() + b"\n" for line in lines)
    one(saved, "documents-*").write_bytes(data)
    path = saved / "store.json"
    manifest = json.loads(path.read_text())
    manifest |= {"documents": len(lines), "sha256": hashlib.sha256(data).hexdigest()}
    path.write_text(json.dumps(manifest))


def test_index_and_documents_that_disagree(saved):
    lines = one(saved, "documents-*").read_text().splitlines()
    for new in [
        lines[:-1], lines[1:], [*lines, '["more",99,{}]'], [*lines, '["more",0,{}]'],
        [lines[0].replace(",0,", ",null,", 1), *lines[1:]],
        [lines[0].replace(",0,", ",-1,", 1), *lines[1:]],
    ]:  # fmt: skip
        replace_documents(saved, new)
        with pytest.raises(FileError, match="do not belong together"):
            load(saved)
    for line in ["[]", "{}", "[1,null,{}]", '["x",true,{}]', '["x","1",{}]', '["x",1.0,{}]']:
        replace_documents(saved, [*lines, line])
        with pytest.raises(FileError, match="line 8 is no document"):
            load(saved)
    replace_documents(saved, [*lines, lines[2]])  # twice, without a vector
    with pytest.raises(FileError, match="checksum"):
        load(saved)


def test_an_index_with_other_ids(saved):
    index = Index(DIM, ids="str")
    index.add(np.eye(5, DIM), ids=list("abcde"))
    index.save(one(saved, "index-*"))
    with pytest.raises(FileError, match="ids of another kind"):
        load(saved)


def test_documents_that_the_framework_refuses(saved):
    def refuse(document):
        raise KeyError("no such field")

    with pytest.raises(FileError, match="document 'ä0'.*no such field"):
        Folder("test", None).load(saved, refuse)


# Crashes and others.


def test_a_crash_at_every_step(saved):
    """The process ends at each of the file operations of a save, one after another."""
    store, survived = filled(9, "newer"), None
    steps = 0
    while survived != 0:
        copy = saved.with_name("copy")
        shutil.copytree(saved, copy)
        pid = os.fork()
        if pid == 0:
            left = steps

            def crash(event, arguments):
                nonlocal left
                if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.listdir"):
                    if left == 0:
                        os._exit(1)
                    left -= 1

            try:
                sys.addaudithook(crash)
                Folder("test", None).save(copy, store, same)
                os._exit(0)
            finally:
                os._exit(2)
        survived = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert survived in (0, 1)
        found = load(copy)
        if len(found) == 9:
            check(found, 9, "newer")
        else:
            assert survived == 1
            check(found, 7, "old")
        # The next save finds its way, and removes what is left.
        Folder("test", None).save(copy, filled(3, "newest"), same)
        check(load(copy), 3, "newest")
        assert len(list(copy.iterdir())) == 4
        shutil.rmtree(copy)
        steps += 1
    assert steps > 8  # documents, index, folder, manifest, … were opened


def test_a_full_disk(saved, monkeypatch):
    """An error at each fsync leaves the old store and no new files, until the manifest is replaced."""
    fsync = os.fsync
    for good in range(4):
        left = iter(range(good))

        def fails(descriptor, left=left):
            if next(left, None) is None:
                raise OSError(28, "No space left on device")
            return fsync(descriptor)

        monkeypatch.setattr(os, "fsync", fails)
        with pytest.raises(FileError, match="No space left"):
            Folder("test", None).save(saved, filled(9, "newer"), same)
        monkeypatch.undo()
        check(load(saved), 7, "old")
        assert len(list(saved.iterdir())) == 4


def test_lost_updates_are_refused(saved):
    first, second = Folder("test", None), Folder("test", None)
    mine, theirs = first.load(saved, same), second.load(saved, same)
    theirs.put(["theirs"], [{"value": "new"}], [None])
    second.save(saved, theirs, same)
    mine.put(["mine"], [{"value": "new"}], [None])
    with pytest.raises(StoreChangedError, match="load it again"):
        first.save(saved, mine, same)
    assert {each.id for each in load(saved).entries()} >= {"theirs"}
    first.save(saved.with_name("other"), mine, same)
    first.save(saved.with_name("other"), mine, same)
    second.save(saved, theirs, same)
    shutil.rmtree(saved)  # nothing that could be lost
    second.save(saved, theirs, same)


def test_a_folder_that_is_replaced_while_it_is_read(saved, monkeypatch):
    """The files that the manifest names go away before they are opened."""
    read, times = _files._read_lines, 0

    def late(path, manifest):
        nonlocal times
        if times < 3:
            times += 1
            Folder("test", None).save(saved, filled(times, "new"), same)
        return read(path, manifest)

    monkeypatch.setattr(_files, "_read_lines", late)
    check(load(saved), 3, "new")


def test_writers_and_readers_in_processes(saved):
    """Four processes save their own documents into one folder, while this one loads them."""
    children = []
    for value in ("a", "bb", "ccc", "dddd"):
        pid = os.fork()
        if pid == 0:
            code = 2
            try:
                for _ in range(8):
                    Folder("test", None).save(saved, filled(5, value), same)
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    seen = set()
    while children:
        found = load(saved)
        (value,) = {each.document["value"] for each in found.entries()}
        check(found, 7 if value == "old" else 5, value)
        seen.add(value)
        done, status = os.waitpid(children[0], os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            children.pop(0)
    assert len(seen) > 1
    assert len(list(saved.iterdir())) == 4


def test_a_store_can_be_searched_while_it_is_saved(tmp_path):
    store = filled(50)
    saving, go_on = threading.Event(), threading.Event()

    def slow(document):
        saving.set()
        assert go_on.wait(60)
        return document

    thread = threading.Thread(target=lambda: Folder("test", None).save(tmp_path, store, slow))
    thread.start()
    assert saving.wait(60)
    assert len(store.search([0.0] * DIM, 3)) == 3
    other = threading.Thread(target=lambda: store.remove(["ä0"]))  # waits
    other.start()
    go_on.set()
    thread.join()
    other.join()
    check(load(tmp_path), 50, "old")
    assert len(store) == 49


def test_reading_writes_nothing(saved):
    """So a store can be opened where nothing may be written."""
    (saved / "lock").unlink()
    before = sorted(saved.iterdir())
    check(load(saved), 7, "old")
    assert sorted(saved.iterdir()) == before
