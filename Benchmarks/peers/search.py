#!/usr/bin/env python3
"""Search by inner product: this package's command against turbovec, FAISS, rabitqlib and ScaNN.

All engines scan the same vectors whole (no lists, no graph) and return ten of them. Each round
times every engine in turn, so that a drifting clock or a busy neighbour meets all; the table shows
medians over the rounds with least and most. "Ours ahead ×2" means that ours is twice as fast in the
same round, against our exhaustive scan of the nearest size, called from Python if it runs. Bytes per vector are what a row adds to
the saved index, its scalars included; of ids only those that a peer cannot do without. "Trained" engines fit more to the data than its mean;
"mean" engines subtract that. A returned row counts as found when its exact score reaches that of
rank 10, so equal rows are interchangeable. Peers are called through Python, which costs each single
query some microseconds; "ours" is timed inside its program, "ours-python" through the Python package.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from common import BINARY, REQUIREMENTS, ROOT, Failure, positive

INSTALL = f"run: {sys.executable} -m pip install -r {REQUIREMENTS}"
try:
    import numpy as np
except ImportError:
    sys.exit(f"search.py: {sys.executable} has no numpy; {INSTALL}")

import engines
import recall
import report
from contestants import ENGINES, Entrants, Row
from engines import COUNT, Vectors

SAMPLE = ROOT / "Sources/CDemoData/data"
LEAST_ROWS = 256  # for the peers that train


@dataclass(frozen=True)
class Data:
    base: Vectors
    queries: Vectors
    truth: recall.Truth
    source: str

    def write(self, folder: Path, timed: int, turn: Vectors | None = None) -> None:
        """The files that all engines read; a rotation keeps every inner product."""
        base, queries = (v if turn is None else v @ turn for v in (self.base, self.queries))
        np.save(folder / "base.npy", base)
        np.save(folder / "queries.npy", queries)
        np.save(folder / "timed.npy", queries[:timed])


def load(path: Path) -> Vectors:
    try:
        vectors = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise Failure(f"{path}: {error}; give a .npy file, as numpy.save writes it") from error
    if vectors.ndim != 2 or vectors.dtype.kind != "f":
        raise Failure(f"{path} holds {vectors.dtype} {vectors.shape}; give a matrix of floats")
    loaded = np.array(vectors, np.float32, order="C")
    finite = np.isfinite(loaded).all(axis=1)
    if not finite.all():
        raise Failure(f"{path}: row {int(np.argmin(finite))} holds NaN or infinity; remove it")
    return loaded


def load_data(options: argparse.Namespace) -> Data:
    if (options.base is None) != (options.queries is None):
        raise Failure("--base and --queries go together; give both or neither")
    base_path = options.base or SAMPLE / "vectors_f16.npy"
    queries_path = options.queries or SAMPLE / "queries_f16.npy"
    base, queries = load(base_path), load(queries_path)
    if base.shape[1] != queries.shape[1]:
        dimensions = f"{base.shape[1]} and {queries.shape[1]}"
        raise Failure(
            f"{base_path} and {queries_path} have dimensions {dimensions}; give equal ones"
        )
    if len(base) < LEAST_ROWS or len(queries) < 2:
        counts = f"{len(base)} vectors and {len(queries)} queries"
        raise Failure(f"{counts} are too few; give at least {LEAST_ROWS} and 2")
    if options.metric == "cosine":
        for vectors in (base, queries):
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            if not lengths.all():
                row = int(np.argmin(lengths))
                raise Failure(f"row {row} has length 0, so no cosine; remove it or use --metric ip")
            vectors /= lengths
    source = f"{len(base)} × {base.shape[1]}, {len(queries)} queries ({base_path.name})"
    return Data(base, queries, recall.exact(base, queries), source)


def find_all(entrants: Entrants, folder: Path, data: Data, stage: str, keep: bool) -> None:
    for row, contestant in entrants.running(stage):
        try:
            row.found = contestant.find(folder)
            if row.found.ids.shape != (len(data.queries), COUNT):
                raise Failure(f"returned {row.found.ids.shape} ids for {len(data.queries)} queries")
            row.hits = recall.hits(data.base, data.queries, data.truth, row.found.ids)
            if not keep:
                contestant.drop()
        except Failure as failure:
            row.reason = str(failure)


def measure(options: argparse.Namespace, data: Data, folder: Path, threads: int) -> list[Row]:
    entrants = Entrants(options, data.base.shape[1], threads, options.seed)
    try:
        find_all(entrants, folder, data, f"{threads} threads, build", keep=True)
        for turn in range(options.rounds):
            stage = f"{threads} threads, round {turn + 1} of {options.rounds}"
            for row, contestant in entrants.running(stage):
                try:
                    row.timings.append(contestant.time(folder))
                except Failure as failure:
                    row.reason = str(failure)
    finally:
        entrants.close()
    return entrants.rows


def replicate(options: argparse.Namespace, data: Data, folder: Path) -> report.Replicates:
    """Every configuration's hits under each random rotation of the data."""
    collected: report.Replicates = {}
    for seed in range(1, options.seeds + 1):
        data.write(folder, options.timed_queries, recall.rotation(data.base.shape[1], seed))
        entrants = Entrants(options, data.base.shape[1], max(options.threads), seed)
        try:
            stage = f"rotation {seed} of {options.seeds}"
            find_all(entrants, folder, data, stage, keep=False)
        finally:
            entrants.close()
        for row in entrants.rows:
            if row.hits and not row.reason:
                collected.setdefault(row.key, []).append(row.hits)
    return {key: hits for key, hits in collected.items() if len(hits) == options.seeds}


def versions() -> dict[str, str]:
    found = {}
    for distribution in ("numpy", *engines.DISTRIBUTIONS.values()):
        try:
            found[distribution] = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            found[distribution] = "not installed"
    return found


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def arguments() -> argparse.Namespace:
    cores = os.cpu_count() or 1
    threads = sorted({1, cores})
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = parser.add_argument_group("data")
    data.add_argument("--base", type=Path, metavar="B.npy",
                      help="vectors to search (default: the 5000 that ship here)")  # fmt: skip
    data.add_argument("--queries", type=Path, metavar="Q.npy", help="queries; goes with --base")
    data.add_argument("--metric", choices=("ip", "cosine"), default="ip",
                      help="inner product (default); cosine scales all to length 1")  # fmt: skip
    engine = parser.add_argument_group("engines")
    engine.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES, metavar="E",
                        help=f"of {', '.join(ENGINES)} (default all)")  # fmt: skip
    engine.add_argument("--bits", type=int, nargs="+", choices=range(1, 9), metavar="B",
                        default=[1, 2, 3, 4], help="bits per coordinate, 1 to 8; a peer runs "
                        "at those it has (default 1 2 3 4)")  # fmt: skip
    engine.add_argument("--untrained", action="store_true", help="leave out configurations that "
                        "fit more to the data than its mean, which takes long")  # fmt: skip
    engine.add_argument("--binary", type=Path, default=BINARY,
                        help="our command (default .build/release/turboquant)")  # fmt: skip
    engine.add_argument("--seed", type=int, default=1, help="of our codec (default 1)")
    timing = parser.add_argument_group("measurement")
    timing.add_argument("--threads", type=positive, nargs="+", default=threads, metavar="T",
                        help=f"a table each (default {' '.join(map(str, threads))})")  # fmt: skip
    timing.add_argument("--rounds", type=positive, default=5,
                        help="times that each engine is timed, in turn (default 5)")  # fmt: skip
    timing.add_argument("--timed-queries", type=positive, default=200, metavar="N",
                        help="the first N are timed, one by one and in one batch; recall is of "
                        "all (default 200)")  # fmt: skip
    timing.add_argument("--seeds", type=int, default=0, metavar="S",
                        help="also compare recall under S random rotations of the data (2 or more, "
                        "better 5), which keep all inner products: paired differences with "
                        "standard errors. They hide the given axes from engines that use them "
                        "(default: none)")  # fmt: skip
    timing.add_argument("--out", type=Path, metavar="FOLDER",
                        help="write search.json, recall-by-bytes.png and speed-by-recall.png "
                        "there")  # fmt: skip
    options = parser.parse_args()
    options.bits = sorted(set(options.bits))
    options.threads = sorted(set(options.threads))
    if options.seeds < 0 or options.seeds == 1:
        parser.error("--seeds: give 2 or more; one has no standard error")
    return options


def run(options: argparse.Namespace) -> None:
    if options.out and importlib.util.find_spec("matplotlib") is None:
        raise Failure(f"--out draws with matplotlib, which is missing; {INSTALL}")
    data = load_data(options)
    with tempfile.TemporaryDirectory(prefix="search-") as name:
        folder = Path(name)
        data.write(folder, options.timed_queries)
        tables = [measure(options, data, folder, threads) for threads in options.threads]
        if all(row.reason for rows in tables for row in rows):
            raise Failure("\n".join(["nothing ran", *report.not_run(tables[0])]))
        compared = report.differences(tables[0], replicate(options, data, folder))
    print(f"{data.source}, {options.metric}; {processor()}")
    print(", ".join(f"{name} {version}" for name, version in versions().items()))
    timed = min(options.timed_queries, len(data.queries))
    for rows in tables:
        print(f"\nThreads: {rows[0].threads}. Median (least–most) of {options.rounds} rounds, "
              f"{timed} queries timed.\n")  # fmt: skip
        print(report.speed_table(rows) + "\n")
        for line in (*report.notes(rows), *report.not_run(rows)):
            print(f"- {line}")
    if compared:
        print(f"\nRecall under {options.seeds} random rotations of the data.\n")
        print(report.difference_table(compared))
    if options.out:
        records = [record for rows in tables for record in report.records(rows)]
        whole = {
            "data": data.source, "metric": options.metric, "machine": platform.platform(),
            "processor": processor(), "versions": versions(), "rows": records,
            "rotations": compared,
        }  # fmt: skip
        options.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(whole, indent=1, ensure_ascii=False)
        (options.out / "search.json").write_text(text + "\n")
        import plots

        plots.draw(records, options.out)


def main() -> None:
    try:
        run(arguments())
    except Failure as failure:
        sys.exit(f"search.py: {failure}")


if __name__ == "__main__":
    main()
