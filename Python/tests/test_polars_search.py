"""The example that searches in Polars: against NumPy, and its program."""

import numpy as np
import pytest
from documents import example, printed, shown

pl = pytest.importorskip("polars", reason="polars is not installed")
pytest.importorskip("pyarrow")


@pytest.mark.parametrize(("arguments", "output", "where"), shown("polars_search.py"))
def test_the_program_prints_what_documents_show(arguments, output, where):
    assert printed(arguments) == output


@pytest.mark.parametrize(
    "where",
    [pl.lit(True), pl.col("name").str.starts_with("python3-"), pl.col("name") == "rsync", pl.lit(False)],
    ids=str,
)  # fmt: skip
def test_hits_are_the_best_rows_of_those_that_the_expression_selects(shipped, tmp_path, where):
    program = example("polars_search.py")
    rows = program.packages()
    assert np.array_equal(rows["vector"].to_numpy(), shipped[0])
    encoded = pl.from_arrow(program.encode_batch(rows, program.CODEC, "vector", into="codes"))
    parts = [tmp_path / f"{i}.parquet" for i in range(3)]
    for i, part in enumerate(parts):
        encoded[i::3].write_parquet(part)
    query = shipped[1][7]
    scores = program.CODEC.estimate(query, program.CODEC.encode(shipped[0]))
    expected = (
        rows.with_columns(score=scores).filter(where)
        .sort("score", "name", descending=[True, False]).head(5).select("score", "name", "description")
    )  # fmt: skip
    assert program.search(parts, where, query, 5).equals(expected)
