"""Equal to the bit: what the command line and the package make of the same vectors, and each reads of the other.

TQ_COMMAND is the path of `turboquant`.
"""

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from swift_turboquant import Codec, Index

COMMAND = os.environ.get("TQ_COMMAND")
if not COMMAND:
    pytest.skip("TQ_COMMAND is not set to the path of turboquant", allow_module_level=True)

READER = Path(__file__).parents[2] / "Documentation/read_tqv.py"


def turboquant(*arguments):
    done = subprocess.run(
        [COMMAND, *map(str, arguments)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(11)
    x = rng.standard_normal((5000, 100)).astype(np.float32) + 0.3
    q = rng.standard_normal((7, 100)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "q.npy", q)
    return tmp_path, x, q


KINDS = [
    (["--bits", 4], {"bits": 4}),
    (["--bits", 2, "--metric", "cosine"], {"bits": 2, "metric": "cosine"}),
    (["--bits", 1, "--metric", "l2", "--seed", 9], {"bits": 1, "metric": "l2", "seed": 9}),
    (["--bits", 3, "--two-stage", "--seed", 2**64 - 1],
     {"bits": 3, "quantizer": "two-stage", "seed": 2**64 - 1}),
    (["--bits", 8, "--originals", "float16"], {"bits": 8, "originals": "float16"}),
    (["--originals", "float32", "--center", "--metric", "l2"],
     {"originals": "float32", "metric": "l2"}),
    (["--center", "--metric", "cosine"], {"metric": "cosine"}),
]  # fmt: skip


def found_by_command(folder, index, *options):
    """ids, scores and errors, (queries, count)."""
    turboquant(
        "index", "search", index, folder / "q.npy", "-o", folder / "hits.npy", "--errors", *options
    )
    hits = np.load(folder / "hits.npy")
    shape = (hits["query"].max() + 1, -1)
    return [hits[name].reshape(shape) for name in ("score", "id", "standard_error")]


@pytest.mark.parametrize("flags, options", KINDS)
def test_indexes_are_equal_files(files, flags, options):
    folder, x, q = files
    turboquant("index", "build", folder / "x.npy", "-o", folder / "command.tqi", *flags)
    theirs = Index.load(folder / "command.tqi")
    assert ("--center" in flags) == (theirs.center is not None)
    ours = Index(100, **options, center=theirs.center)
    ours.add(x)
    ours.save(folder / "python.tqi")
    assert (folder / "python.tqi").read_bytes() == (folder / "command.tqi").read_bytes()
    assert ours.fingerprint == theirs.fingerprint and repr(ours) == repr(theirs)
    information = json.loads(turboquant("index", "info", folder / "python.tqi", "--json"))
    assert ours.fingerprint.hex() in json.dumps(information)

    turboquant("index", "verify", folder / "python.tqi")
    searches = [([], {}), (["--exactness", "exhaustive"], {"exactness": "exhaustive"}),
                (["--only", "7,70,700,7000"], {"filter": [7, 70, 700, 7000]})]  # fmt: skip
    if ours.originals:
        searches.append((["--rerank", 30], {"rerank": 30}))
    for arguments, more in searches:
        count = 3 if "filter" in more else 10
        expected = found_by_command(folder, folder / "python.tqi", "--count", count, *arguments)
        for index in (ours, theirs):
            found = index.search(q, count, with_error=True, **more)
            for one, other in zip(found, expected, strict=True):
                np.testing.assert_array_equal(one, other)


def test_searches_within_a_limit(files):
    folder, x, q = files
    index = Index(100, metric="l2")
    index.add(x)
    index.save(folder / "python.tqi")
    turboquant(
        "index", "search", folder / "python.tqi", folder / "q.npy", "--within", "170", "-o",
        folder / "hits.npy",
    )  # fmt: skip
    hits = np.load(folder / "hits.npy")
    lims, d, i = index.range_search(q, 170)
    assert 0 < lims[-1] == len(hits) < index.dim * len(x)
    np.testing.assert_array_equal(np.repeat(np.arange(len(q)), np.diff(lims)), hits["query"])
    np.testing.assert_array_equal(d, hits["score"])
    np.testing.assert_array_equal(i, hits["id"])


def test_changes_of_each_other_s_files(files):
    folder, x, q = files
    path = folder / "shared.tqi"
    index = Index(100, seed=5)
    index.add(x[:100], np.arange(100) * 3)
    index.save(path)
    np.save(folder / "more.npy", x[100:150])
    np.save(folder / "ids.npy", np.arange(50) * 3 + 1)
    turboquant("index", "add", path, folder / "more.npy", "--ids", f"@{folder}/ids.npy")
    turboquant("index", "remove", path, "--ids", "0,1,3")
    changed = Index.load(path)
    index.add(x[100:150], np.arange(50) * 3 + 1)
    index.remove([0, 1, 3])
    for one, other in zip(changed.search(q, 200), index.search(q, 200), strict=True):
        np.testing.assert_array_equal(one, other)
    assert changed.add(x[:1]) == index.add(x[:1])  # the same number is next


def test_texts_as_ids(files):
    folder, x, q = files
    names = [f"page {n}, é" for n in range(len(x))]
    (folder / "names.txt").write_text("\n".join(names))
    turboquant(
        "index", "build", folder / "x.npy", "-o", folder / "command.tqi", "--tags",
        folder / "names.txt",
    )  # fmt: skip
    index = Index(100, ids="str")
    index.add(x, names)
    index.save(folder / "python.tqi")
    assert (folder / "python.tqi").read_bytes() == (folder / "command.tqi").read_bytes()
    lines = turboquant(
        "index", "search", folder / "python.tqi", folder / "q.npy", "--json-lines"
    ).splitlines()
    found = [[hit["tag"] for hit in json.loads(line)["hits"]] for line in lines]
    assert found == index.search(q, 10)[1].tolist()


@pytest.mark.parametrize("quantizer", ["scalar", "two-stage", "qjl", "polar"])
@pytest.mark.parametrize("bits, dtype", [(4, np.float32), (3, np.float16), (5, np.float64)])
def test_codes(files, quantizer, bits, dtype):
    folder, x, _ = files
    x = x.astype(dtype)
    np.save(folder / "x.npy", x)
    turboquant(
        "encode", folder / "x.npy", "-o", folder / "x.tqv", "--bits", bits, "--quantizer",
        quantizer, "--seed", 6,
    )  # fmt: skip
    specification = importlib.util.spec_from_file_location("read_tqv", READER)
    reader = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(reader)
    sections = reader.sections((folder / "x.tqv").read_bytes())
    codec = Codec(100, bits=bits, quantizer=quantizer, seed=6)
    assert sections["codec"] == codec.record
    assert sections["rows"] == codec.encode(x).data.tobytes()
    turboquant("decode", folder / "x.tqv", "-o", folder / "decoded.npy")
    np.testing.assert_array_equal(np.load(folder / "decoded.npy"), codec.decode(codec.encode(x)))
