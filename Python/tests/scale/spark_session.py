"""A Spark of two executors, each a process of its own, on this machine."""

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyspark
from pyspark.sql import SparkSession


def frame(spark, x, ids):
    """A DataFrame of rows, whose columns have awkward names."""
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), x.shape[1])
    columns = {"the id": pa.array(ids), "the.vector": vectors.cast(pa.list_(pa.float32()))}
    if pyspark.__version__ < "4":
        types = {pa.int64(): "long", pa.string(): "string", pa.binary(): "binary"}
        schema = f"`the id` {types[columns['the id'].type]}, `the.vector` array<float>"
        rows = zip(*(each.to_pylist() for each in columns.values()), strict=True)
        return spark.createDataFrame(list(rows), schema)
    return spark.createDataFrame(pa.table(columns))


def fetched(df):
    """The rows of a DataFrame, as Spark 3 has no toArrow."""
    if hasattr(df, "toArrow"):
        return df.toArrow()
    batches = df._collect_as_arrow()
    if not batches:
        return pa.table({name: pa.array([], pa.int64()) for name in df.columns})
    return pa.Table.from_batches(batches)


def collected(df):
    """Results as rows (query, id, bits of the score), by query and rank."""
    table = fetched(df).sort_by([("query_index", "ascending"), ("rank", "ascending")])
    assert table.schema.names == ["query_index", "rank", "id", "score"]
    query, rank = (np.asarray(table.column(name)) for name in ("query_index", "rank"))
    assert (rank == np.arange(len(query)) - np.searchsorted(query, query)).all()
    bits = np.asarray(table.column("score")).view(np.int32).tolist()
    return list(zip(query.tolist(), table.column("id").to_pylist(), bits, strict=True))


def start(folder, workers=2):
    """A session. viewfs:///data is this folder."""
    # Without SPARK_HOME the executors do not start, and the error speaks of something else.
    os.environ.update(
        SPARK_HOME=os.path.dirname(pyspark.__file__),
        SPARK_LOCAL_IP="127.0.0.1",
        PYSPARK_PYTHON=sys.executable,
    )
    if "PYTHONPATH" in os.environ:  # executors have folders of their own
        folders = os.environ["PYTHONPATH"].split(os.pathsep)
        os.environ["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, folders))
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
        "spark.sql.shuffle.partitions": "4",
        "spark.hadoop.fs.viewfs.mounttable.default.link./data": folder.as_uri(),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        # Four would take a while; one failure is a killed executor's.
        "spark.task.maxFailures": "2",
    }
    builder = SparkSession.builder.master(f"local-cluster[{workers},1,1024]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def executors():
    """The process ids of the executors: grandchildren of this process, which no other session has."""
    parents, found = {}, []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parents[int(path.name)] = int(
                    path.joinpath("stat").read_text().rpartition(")")[2].split()[1]
                )
                if b"CoarseGrainedExecutorBackend" in path.joinpath("cmdline").read_bytes():
                    found.append(int(path.name))
            except (OSError, ValueError):  # it has ended
                continue

    def is_ours(process):
        while process > 1:
            if process == os.getpid():
                return True
            process = parents.get(process, 0)
        return False

    return [each for each in found if is_ours(each)]


@contextmanager
def killing(spark, is_time):
    """Kills an executor while it has a task, once `is_time()` says so. In the end Spark has repeated work."""
    stop = threading.Event()
    stages, killed = set(), []

    def watch():
        while not stop.is_set():
            active = {each.stageId for each in _stages(spark) if each.numActiveTasks >= 2}
            if active and is_time():
                stages.update(active)
                killed.extend(executors()[:1])
                os.kill(killed[0], signal.SIGKILL)
                return
            time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert killed, "the work was done before an executor could be killed"
    deadline = time.monotonic() + 60
    # Spark counts a little later, and starts another one for the next test.
    while not _was_repeated(spark, stages) or len(executors()) < 2:
        assert time.monotonic() < deadline, "the executor that was killed had nothing to do"
        time.sleep(0.2)


def _stages(spark):
    """What Spark's tracker says about stages that run."""
    tracker = spark.sparkContext.statusTracker()
    stages = (tracker.getStageInfo(each) for each in tracker.getActiveStageIds())
    return [each for each in stages if each is not None]


def _was_repeated(spark, stages):
    """Whether tasks of these stages failed, or whole stages did, whose input the executor had."""
    tracker = spark.sparkContext.statusTracker()
    found = [tracker.getStageInfo(each) for each in stages]
    return any(each.numFailedTasks or each.currentAttemptId for each in found)
