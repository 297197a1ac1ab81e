#!/usr/bin/env python3
"""Measures what three papers claim and writes Documentation/Reproduction.md; `run` prepares and calls it."""

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "peers"))

import engines  # noqa: E402
import page  # noqa: E402
import peers  # noqa: E402
import pictures  # noqa: E402
from common import BINARY, ROOT, Failure, output_of  # noqa: E402

LLAMA = ROOT / "Examples/LlamaRunner/.build/release/llama"
DEMO = ROOT / "Sources/CDemoData/data"
DOCUMENT = ROOT / "Documentation/Reproduction.md"
FOLDER = ROOT / "Documentation/Reproduction"
QUERIES = 250
WINDOWS = 6
PLACES = (1, 2, 4, 8, 16, 32, 64)
NEEDLE_KEYS = "4,3.5,two-stage-3.5,qjl-4,polar-4,polar-3"
CACHES = ["4/16", "3.5/16", "3/16", "3.5/16,keys=two-stage", "4/16,keys=two-stage", "4/16,keys=qjl",
          "4/16,keys=polar", "3/16,keys=polar"]  # fmt: skip
PEER_SECONDS = 240


def say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def run_json(*command: str | Path) -> Any:
    say(" ".join(map(str, command)).replace(str(ROOT) + "/", ""))
    return json.loads(output_of(command))


def peer(action: str, settings: dict[str, Any], *rest: object) -> dict[str, Any]:
    """What peers.py answers, or why there is no answer."""
    words = [action, json.dumps(settings), *map(str, rest)]
    # One thread: threads that wait for each other while something else runs slow them down tenfold.
    environment = os.environ | dict.fromkeys(engines.THREAD_VARIABLES, "1")
    try:
        done = subprocess.run([sys.executable, peers.__file__, *words], capture_output=True, text=True,
                              env=environment, timeout=PEER_SECONDS, check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return settings | {"not_run": f"took more than {PEER_SECONDS} s"}
    if done.returncode:
        *_, last = ["it said nothing", *done.stderr.strip().splitlines()]
        return settings | {"not_run": last}
    return settings | json.loads(done.stdout)


def data_sets(folder: Path | None) -> list[dict[str, Any]]:
    """Names, rows and queries, the first few hundred of them."""
    sets = [("Debian packages, shipped", DEMO / "vectors_f16.npy", DEMO / "queries_f16.npy")]
    if folder:
        sets += [
            (path.name, path / "base_f16.npy", path / "queries_f32.npy")
            for path in sorted(folder.iterdir())
            if (path / "base_f16.npy").exists() and (path / "queries_f32.npy").exists()
        ]
        small = folder / "small-vectors"
        if small.is_dir():
            sets.append(("GloVe-100, a part, unit length", small / "glove100_train_2000x100.npy",
                         small / "glove100_test_100x100.npy"))  # fmt: skip
    loaded = []
    for name, base, queries in sets:
        rows, asked = (np.load(path).astype(np.float32) for path in (base, queries))
        if "unit length" in name:
            rows, asked = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (rows, asked))
        loaded.append({"name": name, "base": rows, "queries": asked[:QUERIES]})
    return loaded


def recall_at(nearest: np.ndarray, truth: np.ndarray) -> list[float]:
    """1@k for every k: how often the true nearest row is among the first k."""
    hits = np.asarray(nearest) == truth[:, None]
    return [float(hits[:, :k].any(axis=1).mean()) for k in PLACES]


def search(data: dict[str, Any]) -> dict[str, Any]:
    """Ours and the peers on one set."""
    rows, queries = data["base"], data["queries"]
    truth = np.argmax(queries.astype(np.float64) @ rows.T.astype(np.float64), axis=1)
    with tempfile.TemporaryDirectory() as folder:
        base, asked = Path(folder, "base.npy"), Path(folder, "queries.npy")
        np.save(base, rows)
        np.save(asked, queries)
        ours = run_json(BINARY, "reproduce", "--only", "search", "--base", base, "--queries", asked, "--json")
        theirs = []
        for settings in peers.RECALL:
            say(f"  {data['name']}: {settings}")
            answer = peer("recall", settings, base, asked)
            if nearest := answer.pop("nearest", None):
                answer["recall_1_at_k"] = recall_at(nearest, truth)
            theirs.append(answer)
    return {"name": data["name"], "count": len(rows), "dimension": rows.shape[1], "queries": len(queries),
            "ours": ours["search"], "peers": theirs}  # fmt: skip


def version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def processor() -> str:
    """The processor's name, and which vector instructions it has."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    widths = [name for name in ("avx2", "avx512vbmi") if name in text]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, {' '.join(widths)}"


def measure(options: argparse.Namespace) -> dict[str, Any]:
    start = time.monotonic()
    results: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"), "processor": processor(),
        "peers": {name: version(name) for name in engines.DISTRIBUTIONS.values()},
        "ours": run_json(BINARY, "reproduce", "--json"),
        "sets": [search(data) for data in data_sets(options.data)],
        "needle": run_json(BINARY, "benchmark", "needle", "--tokens", "4096,16384", "--keys", NEEDLE_KEYS,
                           "--needles", "100", "--cosine", "0.4", "--json"),
        "llama": run_json(LLAMA, "evaluate", "--json", "--windows", str(WINDOWS), *CACHES),
    }  # fmt: skip
    results["encoding"] = [
        peer("encode", settings, dimension, 2000) | {"dimension": dimension}
        for dimension in (200, 1536, 3072) for settings in peers.ENCODE
    ]  # fmt: skip
    results["windows"] = WINDOWS
    results["minutes"] = (time.monotonic() - start) / 60
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of larger sets")
    parser.add_argument("--results", type=Path, help="write the page anew from these results")
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    try:
        results = json.loads(options.results.read_text()) if options.results else measure(options)
    except Failure as failure:
        sys.exit(f"reproduce.py: {failure}")
    (FOLDER / "results.json").write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    pictures.draw(results, FOLDER)
    DOCUMENT.write_text(page.markdown(results))
    say(f"wrote {DOCUMENT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
