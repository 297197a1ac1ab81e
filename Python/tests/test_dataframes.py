"""Dataframes of other libraries, where they are installed."""

import numpy as np
import pytest

from swift_turboquant import Codec, Codes
from swift_turboquant.arrow import encode_batch, merge_topk, score_topk, topk_table

CODEC = Codec(8, 4, seed=2)
X = np.random.default_rng(3).standard_normal((30, 8)).astype(np.float32)
CODES = CODEC.encode(X)
IDS = [f"é{i}" for i in range(30)]


def test_polars():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "id": IDS,
            "list": pl.Series(X.tolist(), dtype=pl.List(pl.Float32)),
            "array": pl.Series(X, dtype=pl.Array(pl.Float32, 8)),
        }
    )
    for column in ("list", "array"):
        assert Codes.from_arrow(encode_batch(frame[5:9][column], CODEC), CODEC) == CODES[5:9]
        encoded = pl.from_arrow(encode_batch(frame, CODEC, column, into="codes"))
        assert Codes.from_arrow(encoded["codes"], CODEC) == CODES
    expected = score_topk(CODES, X[:3], 4, IDS)
    table = score_topk(encoded["codes"], X[:3], 4, frame["id"], codec=CODEC)
    assert table.equals(expected, check_metadata=True)
    found = pl.from_arrow(table)
    with pytest.raises(ValueError, match="lost its metadata"):
        merge_topk(found, k=4)
    again = topk_table(
        found["query_index"], found["id"], found["score"],
        fingerprint=CODEC.fingerprint, score_name=CODEC.estimator,
    )  # fmt: skip
    assert merge_topk(again, k=4).equals(expected, check_metadata=True)


def test_duckdb():
    duckdb = pytest.importorskip("duckdb")
    pa = pytest.importorskip("pyarrow")
    rows = pa.table({"id": IDS, "v": X.tolist()})
    for kind in ("FLOAT[8]", "FLOAT[]", "DOUBLE[8]"):
        relation = duckdb.sql(f"select id, v::{kind} as v from rows")
        encoded = encode_batch(relation, CODEC, "v")
        assert encoded.column("id").to_pylist() == IDS
        assert Codes.from_arrow(encoded.column("v"), CODEC) == CODES
    assert rows.num_rows == 30


def test_pandas():
    pd = pytest.importorskip("pandas")
    if not hasattr(pd.DataFrame, "__arrow_c_stream__"):
        pytest.skip("this pandas has no Arrow stream")
    encoded = encode_batch(pd.DataFrame({"id": IDS, "v": list(X)}), CODEC, "v")
    assert Codes.from_arrow(encoded.column("v"), CODEC) == CODES
