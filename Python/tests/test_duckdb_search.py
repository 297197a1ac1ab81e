"""The example that searches in DuckDB: against NumPy, and its program."""

import numpy as np
import pytest
from documents import example, printed, shown

pytest.importorskip("duckdb", reason="duckdb is not installed")
pytest.importorskip("pyarrow")


@pytest.mark.parametrize(("arguments", "output", "where"), shown("duckdb_search.py"))
def test_the_program_prints_what_documents_show(arguments, output, where):
    assert printed(arguments) == output


@pytest.mark.parametrize("where", ["true", "name like 'python3-%'", "name = 'rsync'", "1 = 0"])
def test_hits_are_the_best_rows_of_those_that_sql_selects(shipped, where):
    program = example("duckdb_search.py")
    duckdb = pytest.importorskip("duckdb")
    database = duckdb.connect()
    rows = program.packages()
    database.register("encoded", program.encode_batch(rows, program.CODEC, "vector"))
    database.sql("create table packages as select name, description, vector as codes from encoded")
    chosen = np.array(database.sql(f"select {where} from packages").fetchall()).ravel() == 1
    query = shipped[1][7]
    scores = program.CODEC.estimate(query, program.CODEC.encode(shipped[0]))[chosen]
    names = np.array(rows["name"].to_pylist())[chosen]
    descriptions = dict(zip(rows["name"].to_pylist(), rows["description"].to_pylist(), strict=True))
    best = np.lexsort((names, -scores))[:5]
    expected = [(names[i], descriptions[names[i]], scores[i]) for i in best]
    assert program.search(database, where, query, 5) == expected
