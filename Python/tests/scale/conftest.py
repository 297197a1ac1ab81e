"""Collections of shards, and the engines that build and search them."""

import os
import shutil

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")


@pytest.fixture
def nightly(request):
    """For what takes long: it runs with --hypothesis-profile=nightly."""
    if request.config.getoption("--hypothesis-profile") != "nightly":
        pytest.skip("runs with --hypothesis-profile=nightly")


@pytest.fixture(scope="session")
def viewed(tmp_path_factory):
    """The folder that viewfs:///data is."""
    return tmp_path_factory.mktemp("viewfs")


@pytest.fixture(scope="session")
def java():
    """Skips where Spark cannot run."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java")


@pytest.fixture(scope="session")
def spark(viewed, java):
    """Spark with two executors; one session for all tests."""
    import spark_session

    session = spark_session.start(viewed)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def cluster():
    """A cluster of Ray on this machine, with two CPUs."""
    ray = pytest.importorskip("ray", reason="ray is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")  # tests tell nobody that they run
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=1 << 30,
        )
        yield ray
        ray.shutdown()
