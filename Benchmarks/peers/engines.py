"""The peers, and our Python package: which configurations each is given, and the process that builds and times them.

One process runs one library with one environment, because thread pools and switches are fixed when
a library starts. It answers requests, one JSON object a line, until its input ends, so that an
index is built once and timed in turn with every other engine's.
"""

import contextlib
import importlib
import json
import math
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Search = Callable[[Vectors], npt.NDArray[Any]]

COUNT = 10
BLOCK = 32  # rows; the engines pack their codes in blocks of at most so many
THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip
PACKAGE = "ours-python"
MODULES = {
    PACKAGE: "swift_turboquant", "turbovec": "turbovec", "faiss": "faiss",
    "rabitqlib": "rabitqlib", "scann": "scann",
}  # fmt: skip
DISTRIBUTIONS = {
    PACKAGE: "swift-turboquant", "turbovec": "turbovec", "faiss": "faiss-cpu",
    "rabitqlib": "rabitqlib", "scann": "scann",
}  # fmt: skip


@dataclass(frozen=True)
class Configuration:
    """One row of the comparison; `trains`: fits more to the data than its mean."""

    engine: str
    method: str
    bits: int
    trains: bool
    uses_mean: bool
    settings: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.method} {self.bits}-bit".strip()


@dataclass(frozen=True)
class Built:
    search: Search
    build_seconds: float
    bytes_per_vector: float


def package_configurations(dimension: int, bits: Sequence[int]) -> Iterator[Configuration]:
    for b in bits:
        plain = {"bits": b, "exactness": "exhaustive", "centred": False}
        yield Configuration(PACKAGE, "", b, False, False, plain)
        yield Configuration(
            PACKAGE, "certified", b, False, False, plain | {"exactness": "certified"}
        )
        yield Configuration(PACKAGE, "centred", b, False, True, plain | {"centred": True})


def turbovec_configurations(dimension: int, bits: Sequence[int]) -> Iterator[Configuration]:
    # Both switches turn off the staged search, so that every code is scored in full.
    whole = {"TURBOVEC_2BIT_PLANES": "0", "TURBOVEC_4BIT_PLANES": "0"}
    for b in sorted({2, 3, 4} & set(bits)):
        plain = {"bits": b, "calibrated": False}
        yield Configuration("turbovec", "", b, False, False, plain)
        yield Configuration("turbovec", "staged search off", b, False, False, plain, whole)
        calibrated = plain | {"calibrated": True}
        yield Configuration("turbovec", "calibrated", b, True, True, calibrated)


def faiss_configurations(dimension: int, bits: Sequence[int]) -> Iterator[Configuration]:
    # "RR": a dense random rotation, which RaBitQ, EDEN and TurboQuant need in front.
    def configuration(
        method: str, b: int, factory: str, trains: bool, uses_mean: bool
    ) -> Configuration:
        return Configuration("faiss", method, b, trains, uses_mean, {"factory": factory})

    yield configuration("Flat", 32, "Flat", False, False)
    for b in (4, 8):
        yield configuration("SQ", b, f"SQ{b}", True, False)
    for b in bits:
        blocks, rest = divmod(dimension * b, 4)
        if rest == 0 and dimension % blocks == 0:
            yield configuration("PQ fast scan", b, f"PQ{blocks}x4fs", True, False)
        yield configuration("RaBitQ", b, f"RR,RaBitQ{b}", False, True)
        yield configuration("RaBitQ fast scan", b, f"RR,RaBitQfs{b}", False, True)
        yield configuration("EDEN", b, f"RR,EDEN{b}", False, True)
        if b in (1, 2, 3, 4, 8):
            yield configuration("TurboQuant-mse", b, f"RR,SQtqmse{b}", False, False)


def rabitqlib_configurations(dimension: int, bits: Sequence[int]) -> Iterator[Configuration]:
    # One cluster and one probe: a scan of all codes. Its two-stage scan reads the extra bits
    # only of rows that a bound from the first bit does not exclude.
    for b in bits:
        centred = {"bits": b, "centred": True, "whole": True}
        yield Configuration("rabitqlib", "", b, False, True, centred)
        uncentred = centred | {"centred": False}
        yield Configuration("rabitqlib", "not centred", b, False, False, uncentred)
        if b > 1:
            staged = centred | {"whole": False}
            yield Configuration("rabitqlib", "two-stage", b, False, True, staged)


def scann_configurations(dimension: int, bits: Sequence[int]) -> Iterator[Configuration]:
    for b in sorted({1, 2, 4} & set(bits)):
        settings = {"dimensions_per_block": 4 // b}
        yield Configuration("scann", "", b, True, False, settings)
    yield Configuration("scann", "scalar", 8, True, False, {"dimensions_per_block": None})


CONFIGURATIONS = {
    PACKAGE: package_configurations,
    "turbovec": turbovec_configurations,
    "faiss": faiss_configurations,
    "rabitqlib": rabitqlib_configurations,
    "scann": scann_configurations,
}


def seconds_of(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def build_package(settings: dict[str, Any], base: Vectors, threads: int) -> Built:
    import swift_turboquant

    start = time.perf_counter()
    centre = base.mean(axis=0) if settings["centred"] else None
    index = swift_turboquant.Index(base.shape[1], bits=settings["bits"], metric="ip", center=centre)
    index.add(base, threads=threads)
    seconds = time.perf_counter() - start

    def search(queries: Vectors) -> npt.NDArray[Any]:
        found = index.search(queries, COUNT, exactness=settings["exactness"], threads=threads)
        return found[1]

    return Built(search, seconds, index.bytes_per_vector)


def build_turbovec(settings: dict[str, Any], base: Vectors, threads: int) -> Built:
    import turbovec

    index = turbovec.TurboQuantIndex(base.shape[1], settings["bits"])
    seconds = 0.0
    if settings["calibrated"]:
        sample = base[np.random.default_rng(0).permutation(len(base))[:1024]]
        seconds += seconds_of(lambda: index.calibrate(sample))
    empty = len(index.to_bytes())
    seconds += seconds_of(lambda: index.add(base)) + seconds_of(index.prepare)
    size = (len(index.to_bytes()) - empty) / len(base)
    return Built(lambda queries: index.search(queries, COUNT)[1], seconds, size)


def build_faiss(settings: dict[str, Any], base: Vectors, threads: int) -> Built:
    import faiss

    # Its default multiplies matrices only from nq · d = 128,000 on; a batch gains from 20 queries.
    faiss.cvar.distance_compute_blas_threshold = 20 * base.shape[1]
    index = faiss.index_factory(base.shape[1], settings["factory"], faiss.METRIC_INNER_PRODUCT)
    seconds = seconds_of(lambda: index.train(base))
    empty = faiss.serialize_index(index).nbytes
    seconds += seconds_of(lambda: index.add(base))
    size = (faiss.serialize_index(index).nbytes - empty) / len(base)
    return Built(lambda queries: index.search(queries, COUNT)[1], seconds, size)


def build_rabitqlib(settings: dict[str, Any], base: Vectors, threads: int) -> Built:
    import rabitqlib

    start = time.perf_counter()
    centre = np.zeros((1, base.shape[1]), np.float32)
    if settings["centred"]:
        centre = base.mean(axis=0, keepdims=True)
    centring = time.perf_counter() - start

    def index_of(rows: Vectors) -> tuple[Any, float, int]:
        index = rabitqlib.IvfIndex(rows.shape[1], len(rows), 1, settings["bits"], metric="ip")
        clusters = np.zeros(len(rows), np.uint32)
        seconds = seconds_of(lambda: index.build(rows, centre, clusters, num_threads=threads))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "index")
            index.save(str(path))
            return index, seconds, path.stat().st_size

    index, seconds, whole = index_of(base)
    _, _, part = index_of(base[:BLOCK])

    def search(queries: Vectors) -> npt.NDArray[Any]:
        parallel = min(threads, len(queries))
        return index.search(queries, COUNT, 1, settings["whole"], parallel)[0]  # type: ignore[no-any-return]

    return Built(search, centring + seconds, (whole - part) / (len(base) - BLOCK))


def build_scann(settings: dict[str, Any], base: Vectors, threads: int) -> Built:
    import scann

    builder = scann.scann_ops_pybind.builder(base, COUNT, "dot_product")
    builder.set_n_training_threads(threads)
    block = settings["dimensions_per_block"]
    if block is None:
        size = float(base.shape[1])
        builder.score_brute_force(True)
    else:
        # Packed as it scans them; its files take a byte for each 4-bit code.
        size = math.ceil(base.shape[1] / block) / 2
        builder.score_ah(block, anisotropic_quantization_threshold=0.2)
    start = time.perf_counter()
    index = builder.build()
    seconds = time.perf_counter() - start
    index.set_num_threads(threads)

    def search(queries: Vectors) -> npt.NDArray[Any]:
        if len(queries) == 1:
            return index.search(queries[0])[0][None]  # type: ignore[no-any-return]
        many = index.search_batched if threads == 1 else index.search_batched_parallel
        return many(queries)[0]  # type: ignore[no-any-return]

    return Built(search, seconds, size)


BUILDERS: dict[str, Callable[[dict[str, Any], Vectors, int], Built]] = {
    PACKAGE: build_package,
    "turbovec": build_turbovec,
    "faiss": build_faiss,
    "rabitqlib": build_rabitqlib,
    "scann": build_scann,
}


class Worker:
    """What a peer's process does on request."""

    def __init__(self, engine: str, threads: int) -> None:
        self.build = BUILDERS[engine]
        self.threads = threads
        self.indexes: dict[str, Built] = {}
        importlib.import_module(MODULES[engine])

    def prepare(self, name: str, settings: dict[str, Any], base: str) -> dict[str, Any]:
        built = self.build(settings, np.load(base), self.threads)
        self.indexes[name] = built
        return {"build_seconds": built.build_seconds, "bytes_per_vector": built.bytes_per_vector}

    def find(self, name: str, queries: str, results: str) -> dict[str, Any]:
        np.save(results, np.asarray(self.indexes[name].search(np.load(queries)), np.int64))
        return {}

    def drop(self, name: str) -> dict[str, Any]:
        del self.indexes[name]
        return {}

    def time(self, name: str, queries: str) -> dict[str, Any]:
        """Microseconds per query: median one by one, mean of all in one call."""
        search, vectors = self.indexes[name].search, np.load(queries)
        search(vectors[:1])
        singles = []
        for i in range(len(vectors)):
            start = time.perf_counter()
            search(vectors[i : i + 1])
            singles.append(time.perf_counter() - start)
        start, cpu_start = time.perf_counter(), time.process_time()
        search(vectors)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu_start
        return {
            "single_us": float(np.median(singles)) * 1e6,
            "batch_us": wall / len(vectors) * 1e6,
            "cpu_per_wall": cpu / wall,
        }


def main() -> None:
    engine, threads = sys.argv[1], int(sys.argv[2])
    # Libraries print; keep their words out of the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    worker = Worker(engine, threads)
    for line in sys.stdin:
        request = json.loads(line)
        action = request.pop("action")
        try:
            answer = getattr(worker, action)(**request)
        except Exception as error:
            with contextlib.suppress(OSError):
                traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {str(error).strip()}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
