"""The example that serves searches with Ray: its program, and what it answers."""

import pytest
from documents import example, printed, shown

ray = pytest.importorskip("ray", reason="ray is not installed")
pytest.importorskip("starlette", reason="ray[serve] is not installed")
pytestmark = pytest.mark.usefixtures("nightly")  # it takes as long to start as all else does


@pytest.mark.parametrize(("arguments", "output", "where"), shown("ray_serve.py"))
def test_the_program_prints_what_documents_show(cluster, monkeypatch, arguments, output, where):
    monkeypatch.setenv("RAY_ADDRESS", cluster.get_runtime_context().gcs_address)
    lines = printed(arguments).splitlines()
    # Ray reports there what it does with Serve's own actors.
    assert [line for line in lines if "(raylet)" not in line] == output.splitlines()


def test_answers_are_those_of_the_pool(cluster, tmp_path, shipped):
    program = example("ray_serve.py")
    program.build(program.packages(), "name", "vector", tmp_path, shards=3, metric="cosine")
    serve = program.serve
    serve.start(http_options={"location": "NoServer"})
    try:
        search = serve.run(program.Search.bind(str(tmp_path)))
        answers = [search.remote(query, 5) for query in shipped[1][:20]]
        with program.ShardPool(tmp_path, actors=1, actor_options={"num_cpus": 0}) as pool:
            for query, answer in zip(shipped[1], answers, strict=False):
                expected = pool.search(query, 5).select(["id", "score"]).to_pylist()
                assert answer.result() == expected
        with pytest.raises(Exception, match="k is 0"):
            search.remote(shipped[1][0], 0).result()
    finally:
        serve.shutdown()
