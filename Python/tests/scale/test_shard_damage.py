"""What is wrong with a collection is named, with its place."""

import json
import re

import numpy as np
import pytest
from collection import build, names, one_index, queries, rows

from swift_turboquant import FileError, Index, MissingFileError
from swift_turboquant._disk import sealed
from swift_turboquant.shards import MANIFEST, Manifest, Shards, write_shard


@pytest.fixture
def folder(tmp_path):
    build(tmp_path, rows(300, 1), names(300, "int", 1), "int")
    return tmp_path


def refused(folder, *parts, error=FileError):
    with pytest.raises(error) as info:
        Shards.open(folder)
    for part in parts:
        assert str(part) in str(info.value), info.value


def shard_of(folder, number=2):
    shard = Manifest.read(folder).shards[number]
    return folder / shard.file, shard


def test_a_missing_shard(folder):
    path, shard = shard_of(folder)
    path.unlink()
    refused(folder, path, "is missing", f"{shard.bytes} bytes", error=MissingFileError)


def test_a_cut_shard(folder):
    path, shard = shard_of(folder)
    path.write_bytes(path.read_bytes()[:-64])
    refused(folder, path, f"is cut: {shard.bytes - 64} bytes, the manifest has {shard.bytes}")


@pytest.mark.parametrize("is_opened", [False, True])
def test_a_changed_byte(folder, is_opened):
    """It is found in a file that this process has verified before, too."""
    path, shard = shard_of(folder)
    if is_opened:
        Shards.open(folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    refused(folder, path, "checksum", shard.sha256)


def replaced(folder, **changes):
    """Makes another file the third shard, with its own size and checksum."""
    manifest = Manifest.read(folder)
    options = {"dim": 32, "ids": "int", "count": 5, **changes}
    count, kind = options.pop("count"), options["ids"]
    index = Index(**options)
    index.add(rows(count, 2, index.dim), ids=np.sort(names(count, kind, 2)))
    shard = write_shard(index, folder)
    fields = json.loads(manifest.to_bytes())
    del fields["checksum"]
    fields["shards"][2] = {
        "file": shard.file, "rows": manifest.shards[2].rows, "bytes": shard.bytes, "sha256": shard.sha256,
    }  # fmt: skip
    (folder / MANIFEST).write_bytes(sealed(fields))
    return folder / shard.file


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"seed": 5}, "has fingerprint"),
        ({"metric": "l2"}, "has fingerprint"),
        ({"center": np.ones(32)}, "has fingerprint"),
        ({"dim": 16}, "has fingerprint"),
        ({"ids": "str"}, "has ids str, the manifest has int"),
        ({"originals": "float16"}, "has originals float16, the manifest has None"),
        ({"count": 50}, "has 50 rows, the manifest has 6"),
    ],
)
def test_a_shard_of_another_collection(folder, changes, what):
    refused(folder, replaced(folder, **changes), what)


def test_no_index(folder):
    path, shard = shard_of(folder)
    path.write_bytes(b"x" * shard.bytes)
    refused(folder, path, "checksum")


def test_no_manifest(tmp_path):
    refused(tmp_path, tmp_path, "there is no collection", MANIFEST, error=MissingFileError)


def edit(folder, change):
    """Changes the manifest's fields, and gives it a right checksum."""
    fields = json.loads((folder / MANIFEST).read_bytes())
    del fields["checksum"]
    change(fields)
    (folder / MANIFEST).write_bytes(sealed(fields))


def set_shard(name, value):
    return lambda fields: fields["shards"][1].update({name: value})


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda f: f.update(version=2), "is of version 2, this package reads version 1"),
        (lambda f: f.update(version="1"), "“version” is '1'"),
        (lambda f: f.update(format="x"), "“format” is not"),
        (lambda f: f.pop("metric"), "“metric” is missing"),
        (lambda f: f.update(more=1), "“more” is not known"),
        (lambda f: f.update(metric="dot"), "“metric” is 'dot', expected 'ip'"),
        (lambda f: f.update(dim=0), "“dim” is 0"),
        (lambda f: f.update(dim=True), "“dim” is True"),
        (lambda f: f.update(seed=-1), "“seed” is -1"),
        (lambda f: f.update(center="x"), "“center” is 'x'"),
        (lambda f: f.update(rows=7), "“rows” is 7, expected 300, the shards' sum"),
        (lambda f: f.update(shards=[]), "“shards” is []"),
        (lambda f: f.update(shards=[1]), "“shards[0]” is 1, expected an object"),
        (lambda f: f["shards"][1].pop("rows"), "“shards[1].rows” is missing"),
        (lambda f: f["shards"][1].update(x=1), "“shards[1].x” is not known"),
        (set_shard("rows", -4), "“shards[1].rows” is -4"),
        (set_shard("bytes", 0), "“shards[1].bytes” is 0"),
        (set_shard("sha256", "AB"), "“shards[1].sha256” is 'AB'"),
        (set_shard("file", "../shard-1.tqi"), "“shards[1].file” is '../shard-1.tqi'"),
        (set_shard("file", "shard-a/b.tqi"), "“shards[1].file” is 'shard-a/b.tqi'"),
        (set_shard("file", "shard-..tqi"), "“shards[1].file” is"),
        (
            lambda f: f["shards"][1].update(file=f["shards"][0]["file"]),
            "expected a name of its own",
        ),
    ],
)
def test_a_wrong_manifest(folder, change, what):
    edit(folder, change)
    refused(folder, folder / MANIFEST, what)


def test_a_damaged_manifest(folder):
    path = folder / MANIFEST
    data = path.read_bytes()
    for wrong, what in (
        (data[: len(data) // 2], "line"),
        (b"[]", "“format” is not"),
        (re.sub(rb'"dim": 32', b'"dim": 64', data), "its checksum differs"),
    ):
        path.write_bytes(wrong)
        refused(folder, path, what)


def test_another_fingerprint_is_expected(folder):
    expected = Index(32, seed=1).fingerprint
    with pytest.raises(ValueError, match=f"expected {expected.hex()}"):
        Shards.open(folder, fingerprint=expected)


def test_a_manifest_needs_shards(folder):
    index = one_index(rows(3, 1), np.arange(3), "int")
    shard = Manifest.read(folder).shards[0]
    with pytest.raises(ValueError, match="there are no shards"):
        Manifest.of(index, [])
    with pytest.raises(ValueError, match="expected a name of its own"):
        Manifest.of(index, [shard, shard])


def test_a_failed_write_leaves_the_old_collection(folder, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = Manifest.read(folder)

    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(FileError, match="the disk is full"):
        manifest.write(folder)
    with pytest.raises(FileError, match="the disk is full"):
        write_shard(one_index(rows(3, 1), np.arange(3), "int"), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    Shards.open(folder).search(queries(1, 1), 3)
