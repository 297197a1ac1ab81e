"""The two pictures of a comparison: recall by bytes per vector, and speed by recall."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = {
    "ours": "#d9480f", "turbovec": "#1864ab", "faiss": "#2b8a3e", "rabitqlib": "#862e9c",
    "scann": "#495057",
}  # fmt: skip
MARKERS = "os^Dv<>P"


def lines(axes: Axes, records: Sequence[dict[str, Any]], x: str, y: str) -> None:
    """One line per engine and method, along its bits; hollow where it learns from the data."""
    methods: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in sorted(records, key=lambda record: record["bits"]):
        methods.setdefault((record["engine"], record["method"]), []).append(record)
    drawn: Counter[str] = Counter()
    for engine in COLOURS:
        for (whose, method), points in methods.items():
            if whose == engine:
                learns = points[0]["trains"] or points[0]["uses_mean"]
                axes.plot([p[x] for p in points], [p[y] for p in points], color=COLOURS[engine],
                          marker=MARKERS[drawn[engine] % len(MARKERS)], markersize=5, linewidth=0.8,
                          fillstyle="none" if learns else "full",
                          label=f"{engine} {method}".strip())  # fmt: skip
                drawn[engine] += 1
    axes.grid(alpha=0.3)


def draw(records: Sequence[dict[str, Any]], folder: Path) -> None:
    """Both pictures, at the fewest threads that were measured."""
    fewest = min(record["threads"] for record in records)
    ran = [
        r | {"queries_per_second": 1e6 / r["batch_us_per_query"]["median"]}
        for r in records
        if r["threads"] == fewest and "not_run" not in r
    ]
    speed = f"queries per second in a batch, threads: {fewest}"
    for name, x, y, words in (
        ("recall-by-bytes", "bytes_per_vector", "recall_at_10", ("bytes per vector", "recall@10")),
        ("speed-by-recall", "recall_at_10", "queries_per_second", ("recall@10", speed)),
    ):
        figure = Figure(figsize=(10, 6), layout="constrained")
        axes = figure.subplots()
        lines(axes, ran, x, y)
        axes.set_xlabel(words[0])
        axes.set_ylabel(words[1])
        if x == "bytes_per_vector":
            axes.set_xscale("log", base=2)
            axes.xaxis.set_major_formatter("{x:.0f}")
        else:
            axes.set_yscale("log")
        figure.legend(loc="outside right upper", fontsize=8, title="hollow: learns from the data",
                      title_fontsize=8)  # fmt: skip
        figure.savefig(folder / f"{name}.png", dpi=150)
