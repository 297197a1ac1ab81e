"""The example of a drop-in for FAISS: its class against FAISS itself, and its program."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[1] / "examples/faiss_drop_in.py"
specification = importlib.util.spec_from_file_location("faiss_drop_in", EXAMPLE)
example = importlib.util.module_from_spec(specification)
specification.loader.exec_module(example)


def test_the_program_runs():
    done = subprocess.run(
        [sys.executable, EXAMPLE, "--rows", "3000", "--dimension", "64"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "<Index of 3000 rows, dim=64, bits=4, metric='ip'>" in done.stdout
    if recall := re.search(r"of the 10 nearest rows ([\d.]+)%", done.stdout):
        assert float(recall[1]) > 60
    else:
        assert "faiss is not installed" in done.stdout


@pytest.mark.parametrize("metric", [example.METRIC_INNER_PRODUCT, example.METRIC_L2])
def test_calls_have_the_results_of_faiss(metric):
    faiss = pytest.importorskip("faiss")
    # 40 nearly orthogonal rows: far enough apart that codes of 8 bits order queries at the rows themselves as floats do.
    x = np.eye(64, dtype=np.float32)[:40] * np.linspace(1, 2, 40, dtype=np.float32)[:, None]
    ids = np.arange(40) * 7 + 3
    flat = (
        faiss.IndexFlatIP(64) if metric == example.METRIC_INNER_PRODUCT else faiss.IndexFlatL2(64)
    )
    theirs, ours = faiss.IndexIDMap2(flat), example.IndexTurboQuant(64, metric, bits=8)
    assert ours.is_trained == theirs.is_trained and ours.metric_type == theirs.metric_type
    for index in (theirs, ours):
        index.train(x)
        index.add_with_ids(x, ids)
    assert (ours.d, ours.ntotal) == (theirs.d, theirs.ntotal)
    # Codes of 8 bits err by about 2^-8 of the product of lengths, at most 4; distances by twice that.
    tolerance = 0.1

    def compare(ours, theirs):
        for one, other in zip(ours, theirs, strict=True):
            assert one.shape == other.shape and one.flags.c_contiguous == other.flags.c_contiguous
            if one.dtype == np.float32:
                assert other.dtype == np.float32
                np.testing.assert_allclose(one, other, atol=tolerance)
            else:
                np.testing.assert_array_equal(one, other)

    compare(ours.search(x, 1), theirs.search(x, 1))
    d, i = ours.search(x[:2], 50)
    their_d, their_i = theirs.search(x[:2], 50)
    np.testing.assert_array_equal(i == -1, their_i == -1)
    sign = 1 if metric == example.METRIC_L2 else -1
    assert (d[:, 40:] == sign * np.inf).all() and (sign * their_d[:, 40:] > 1e38).all()
    assert i.dtype == their_i.dtype == np.int64
    threshold = 0.5
    compare(ours.range_search(x, threshold), theirs.range_search(x, threshold))
    assert ours.remove_ids(np.array([3, 10, 4])) == theirs.remove_ids(np.array([3, 10, 4])) == 2
    assert ours.ntotal == theirs.ntotal == 38
    np.testing.assert_allclose(ours.reconstruct(17), theirs.reconstruct(17), atol=tolerance)
    np.testing.assert_allclose(
        ours.reconstruct_batch(ids[2:9]), theirs.reconstruct_batch(ids[2:9]), atol=tolerance
    )
    compare(ours.search(x[2:], 1), theirs.search(x[2:], 1))
    ours.reset()
    theirs.reset()
    assert ours.ntotal == theirs.ntotal == 0


def test_what_is_at_the_threshold_is_left_out():
    x = np.eye(8, dtype=np.float32)
    index = example.IndexTurboQuant(8)
    index.add(x)
    scores, _ = index.search(x[:1], 8)
    assert index.range_search(x[:1], float(scores[0, 0]))[0][-1] == 0
    assert index.range_search(x[:1], float(scores[0, 1]))[0][-1] == 1
    np.testing.assert_array_equal(index.reconstruct_n(2, 3), index.reconstruct_batch([2, 3, 4]))
