"""Damaged folders of stores: an error names the file and the place, and nothing is lost."""

import hashlib
import json

import numpy as np
import pytest
from store_folders import DIM, check, filled, load, one, save

from swift_turboquant import FileError, Index, MissingFileError
from swift_turboquant._disk import checksum
from swift_turboquant.stores._collection import Collection
from swift_turboquant.stores._folder import Folder
from swift_turboquant.stores._options import IndexOptions


@pytest.fixture
def saved(tmp_path):
    save(tmp_path / "s", filled(7), "model")
    return tmp_path / "s"


@pytest.mark.parametrize("pattern", ["store.json", "index-*.tqi", "documents-*.jsonl"])
def test_damage(saved, pattern):
    """A changed byte and a cut are noticed when it is loaded or, of vectors, when they are read; what is read else is what
    was written.
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
            except FileError as error:
                assert str(saved) in str(error)
                noticed += 1
    # Not all of an index is read: padding is not.
    assert noticed >= len(places) * (1 if pattern == "index-*.tqi" else 2)
    path.unlink()
    with pytest.raises(FileError):
        load(saved)
    path.write_bytes(data)
    check(load(saved), 7, "old")


def change(saved, changes):
    """Changes a manifest, whose checksum is right again."""
    path = saved / "store.json"
    manifest = json.loads(path.read_text()) | changes
    del manifest["checksum"]
    path.write_text(json.dumps(manifest | {"checksum": checksum(manifest)}))


def header(**changes):
    options = dict(filled(0).options.dictionary) | changes
    return {"header": {"kind": "test", "embedding": None, "options": options}}


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"format": 2}, "is of format 2, this version reads format 1"),
        ({"format": None}, "it has no format"),
        ({"token": "../../../etc/passwd"}, "“token” is none"),
        ({"token": 3}, "“token” is not of type str"),
        ({"token": "0" * 32}, "is missing"),
        ({"documents": 6}, "it has 7 lines, expected 6"),
        ({"documents": True}, "“documents” is not of type int"),
        ({"sha256": "0" * 64}, "documents-.*its checksum differs"),
        ({"has_index": False}, "do not belong together"),
        ({"has_index": 1}, "“has_index” is not of type bool"),
        ({"header": []}, "“header” is not of type dict"),
        ({"header": {}}, "its header: 'options'"),
        (header(bits=99), "its header: .*bits"),
        (header(code="x"), "its header: .*code"),
        (header(bits=3), "its header has .*bits=3.*the index is .*bits=4"),
        (header(dim=5), "its header has .*dim=5.*the index is .*dim=6"),
        ({"header": header()["header"] | {"kind": None}}, "names no kind"),
        ({"header": header()["header"] | {"embedding": 3}}, "names no kind"),
    ],
)
def test_a_manifest_of_others(saved, changes, message):
    change(saved, changes)
    with pytest.raises(FileError, match=message) as caught:
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
    change(saved, {"documents": len(lines), "sha256": hashlib.sha256(data).hexdigest()})


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
    with pytest.raises(FileError, match="line 8 has the id 'ä2' once more"):
        load(saved)


def test_the_place_of_damage_is_named(saved):
    path = one(saved, "documents-*")
    lines = path.read_bytes().splitlines(keepends=True)
    for new, message in [
        (lines[2][1:], r"documents-.*: line 3, column \d+: "),
        (b'["x"\n', r"line 3, column \d+: "),
        (b"\xff\n", "from line 3 on: .*utf"),
        (b"[" * 100_000 + b"\n", "from line 3 on: .*recursion"),
        (lines[2].replace(b"old", b"odd"), "its checksum differs"),
    ]:
        path.write_bytes(b"".join([*lines[:2], new, *lines[3:]]))
        with pytest.raises(FileError, match=message):
            load(saved)


def test_what_is_damaged_is_not_replaced(saved):
    (saved / "store.json").write_bytes((saved / "store.json").read_bytes()[:-1])
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    with pytest.raises(FileError, match=r"store\.json' is damaged"):
        save(saved, filled(3, "new"))
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


def test_changes_of_a_damaged_index(tmp_path):
    """Opening it does not read all rows. What reads the damaged ones fails, changes nothing, and writes nothing."""
    rows = np.random.default_rng(1).standard_normal((5000, 64))
    store = Collection(IndexOptions())
    store.put([str(i) for i in range(5000)], list(range(5000)), rows)
    save(tmp_path, store)
    path = one(tmp_path, "index-*")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    folder = Folder("test", None)
    found = folder.load(tmp_path, lambda document: document)
    for change in (
        lambda: found.search(rows[0], 3), found.with_vectors, lambda: found.remove(["3"]),
        lambda: found.put(["3"], ["new"], rows[:1]), lambda: found.put(["new"], [0], rows[:1]),
        lambda: folder.save(tmp_path, found, lambda document: document),
    ):  # fmt: skip
        with pytest.raises(FileError, match="index-.*damaged: chunk"):
            change()
        assert {each.id: each.document for each in found.entries()} == {
            str(i): i for i in range(5000)
        }
        assert len(found.index) == 5000
    assert path.read_bytes() == data and len(load(tmp_path)) == 5000


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
