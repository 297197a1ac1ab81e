"""Datasets of Ray are encoded as arrays are."""

import numpy as np
import pyarrow as pa
import pytest

ray = pytest.importorskip("ray", reason="ray is not installed")
data = pytest.importorskip("ray.data", reason="ray[data] is not installed")
from ray.data.expressions import col

from swift_turboquant import Codec, Codes
from swift_turboquant.arrow import merge_topk, score_topk
from swift_turboquant.ray import build, encode

pytestmark = pytest.mark.usefixtures("cluster")
CODEC = Codec(8, 3, seed=5)
X = np.random.default_rng(4).standard_normal((90, 8)).astype(np.float32)
CODES = CODEC.encode(X)


def table(x=X, kind=None):
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), 8)
    return pa.table({"id": range(len(x)), "v": vectors.cast(kind) if kind else vectors})


def blocks(dataset):
    return list(dataset.iter_batches(batch_size=None, batch_format="pyarrow"))


@pytest.mark.parametrize("kind", [None, pa.list_(pa.float32()), pa.large_list(pa.float64())])
@pytest.mark.parametrize("into", [None, "codes"])
def test_lists(kind, into):
    rows = table(kind=kind)
    dataset = data.from_arrow([rows[:20], rows[20:20], rows[20:]])
    encoded = blocks(encode(dataset, "v", CODEC, into, id="id"))
    whole = pa.concat_tables(encoded)
    assert whole.schema.names == (["id", "v"] if into is None else ["id", "v", "codes"])
    assert whole["id"].to_pylist() == list(range(90))
    assert Codes.from_arrow(whole[into or "v"], CODEC) == CODES
    # The field says of which codec they are.
    parts = [score_topk(each[into or "v"], X[:3], 5, each["id"], codec=CODEC) for each in encoded]
    assert merge_topk(*parts, k=5).equals(score_topk(CODES, X[:3], 5), check_metadata=True)
    field = whole.schema.field(into or "v")
    assert Codec.from_record(bytes.fromhex(field.metadata[b"turboquant.codec"].decode())) == CODEC


def test_tensors_and_dataframes():
    encoded = blocks(encode(data.from_numpy(X), "data", CODEC))
    assert Codes.from_arrow(pa.concat_tables(encoded)["data"], CODEC) == CODES
    pandas = pytest.importorskip("pandas")
    encoded = blocks(encode(data.from_pandas(pandas.DataFrame({"v": list(X)})), "v", CODEC, cpus=2))
    assert Codes.from_arrow(pa.concat_tables(encoded)["v"], CODEC) == CODES


def test_blocks_without_rows():
    rows = table()
    assert encode(data.from_arrow(rows[:0]), "v", CODEC).count() == 0
    late = data.from_arrow([rows[:30], rows[30:]]).filter(expr=col("id") >= 30)
    whole = pa.concat_tables(blocks(encode(late, "v", CODEC)))
    assert Codes.from_arrow(whole["v"], CODEC) == CODES[30:]


@pytest.mark.parametrize("id", [None, "id"])
@pytest.mark.parametrize(
    ("change", "message"),
    [(np.nan, "column 3 is nan"), (np.inf, "column 3 is inf"), (None, "has a null at 3")],
    ids=str,
)  # fmt: skip
def test_a_row_that_cannot_be_encoded_is_named(id, change, message):
    rows = X.tolist()
    rows[50][3] = change
    bad = table().set_column(1, "v", pa.array(rows, pa.list_(pa.float32(), 8)))
    dataset = data.from_arrow([bad[:20], bad[20:]])
    named = "" if id is None else r" \(id 50\)"
    with pytest.raises(
        ray.exceptions.RayTaskError,
        match=f"InputError: row 30 of a block of 70 rows{named}: .*{message}",
    ):
        encode(dataset, "v", CODEC, id=id).materialize()


def test_misuse():
    dataset = data.from_arrow(table())
    for match, arguments, options in [
        ("column is 'w', expected one of", ("w", CODEC), {}),
        ("id is 'w', expected one of", ("v", CODEC), {"id": "w"}),
        ("there is a column 'id' already", ("v", CODEC, "id"), {}),
        ("cpus is 0", ("v", CODEC), {"cpus": 0}),
    ]:
        with pytest.raises(ValueError, match=match):
            encode(dataset, *arguments, **options)
    with pytest.raises(ray.exceptions.RayTaskError, match="v has lists of 8, expected 9"):
        encode(dataset, "v", Codec(9)).materialize()


def test_what_is_no_dataset_of_ray(tmp_path):
    given = pa.table({"id": [1], "v": [[1.0, 2.0]]})
    for call in (
        lambda: build(given, "id", "v", tmp_path / "new"),
        lambda: encode(given, "v", CODEC),
    ):
        with pytest.raises(
            TypeError, match=r"dataset is a pyarrow.lib.Table, expected a Dataset of Ray"
        ):
            call()
    assert not (tmp_path / "new").exists()
