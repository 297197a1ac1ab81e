"""The tables and records of a comparison."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

import recall
from common import Spread
from contestants import OURS, Row
from engines import PACKAGE

Key = tuple[str, str]
Replicates = dict[Key, list[recall.Hits]]


def references(rows: Sequence[Row]) -> dict[Key, Row]:
    """For each configuration that ran, our plain exhaustive one of the nearest size, called from Python if it was."""
    sizes = [(row, row.found.bytes_per_vector) for row in rows if row.found and not row.reason]
    plain = [(row, size) for row, size in sizes if row.configuration.method == ""]
    package = [pair for pair in plain if pair[0].configuration.engine == PACKAGE]
    ours = package or [pair for pair in plain if pair[0].configuration.engine == OURS]
    if not ours:
        return {}
    return {
        row.key: min(ours, key=lambda reference: abs(math.log(reference[1] / size)))[0]
        for row, size in sizes
    }


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose other columns are numbers."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    aligned = [
        [cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(cells)]
        for cells in (list(zip(row, widths, strict=True)) for row in (header, *rows))
    ]
    rule = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (aligned[0], rule, *aligned[1:]))


def speed_table(rows: Sequence[Row]) -> str:
    header = [
        "engine", "B/vector", "trained", "mean", "recall@10", "1@1", "1@10", "single query, µs",
        "ours ahead", "batch, queries/s", "ours ahead", "build, s",
    ]  # fmt: skip
    nearest = references(rows)
    table = []
    for row in rows:
        if row.reason or not row.found or not row.hits:
            continue
        ours = nearest.get(row.key)
        single, batch = (
            f"×{row.ahead(ours, quantity):.2f}" if ours else "–"
            for quantity in ("single_us", "batch_us")
        )
        learns = (row.configuration.trains, row.configuration.uses_mean)
        rates = Spread.of([1e6 / timing.batch_us for timing in row.timings])
        table.append([
            " ".join(row.key), f"{row.found.bytes_per_vector:.1f}",
            *("yes" if value else "no" for value in learns),
            *(f"{float(values.mean()):.4f}" for values in vars(row.hits).values()),
            f"{row.spread('single_us'):.0f}", single, f"{rates:.0f}", batch,
            f"{row.found.build_seconds:.2f}",
        ])  # fmt: skip
    return markdown(header, table)


def not_run(rows: Sequence[Row]) -> list[str]:
    """One line per engine and reason; the configurations are named where others of it ran."""
    groups: dict[Key, list[str]] = {}
    for row in rows:
        if row.reason:
            groups.setdefault((row.configuration.engine, row.reason), []).append(row.key[1])
    of_engine = Counter(row.configuration.engine for row in rows)
    lines = []
    for (engine, reason), names in groups.items():
        which = "" if len(names) == of_engine[engine] else f" {'; '.join(names)}"
        lines.append(f"not run: {engine}{which}: {' '.join(reason.split())}")
    return lines


def notes(rows: Sequence[Row]) -> list[str]:
    """What ours says of itself: a plain read of its codes, and how many rows it read whole."""
    lines = []
    for row in rows:
        if row.reason or not row.found or not row.found.extra:
            continue
        read, finished = row.found.extra["read_us"], row.found.extra["finished_fraction"]
        times = row.spread("single_us").median / read
        line = f"ours {row.key[1]}: a query takes ×{times:.1f} the {read:.0f} µs to read its codes"
        if row.configuration.method == "certified":
            line += f"; a batch read {finished:.2%} of the rows whole"
        lines.append(line)
    return lines


def differences(rows: Sequence[Row], replicates: Replicates) -> list[dict[str, Any]]:
    """Recall over the rotations, and each engine against ours of the nearest size."""
    nearest = references(rows)
    records = []
    for key, hits in replicates.items():
        means = [float(h.top_10.mean()) for h in hits]
        record: dict[str, Any] = {
            "engine": key[0],
            "name": key[1],
            "rotations": len(means),
            "recall_at_10": statistics.fmean(means),
            "error_over_rotations": recall.standard_error(np.array(means)),
        }
        ours = nearest.get(key)
        if ours and ours.key in replicates:
            gap = recall.paired(replicates[ours.key], hits)
            record |= {"against": ours.key[1], "difference": asdict(gap)}
        records.append(record)
    return records


def difference_table(records: Sequence[dict[str, Any]]) -> str:
    header = ["engine", "recall@10", "SE (rotations)", "against", "difference", "SE (rotations)",
              "SE (queries)"]  # fmt: skip
    table = []
    for r in records:
        compared = ["–"] * 4
        if "difference" in r:
            gap = r["difference"]
            compared = [
                f"ours {r['against']}", f"{gap['mean']:+.4f}",
                f"{gap['error_over_rotations']:.4f}", f"{gap['error_over_queries']:.4f}",
            ]  # fmt: skip
        own = f"{r['error_over_rotations']:.4f}"
        table.append([f"{r['engine']} {r['name']}", f"{r['recall_at_10']:.4f}", own, *compared])
    return markdown(header, table)


def records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    nearest = references(rows)
    return [record(row, nearest.get(row.key)) for row in rows]


def record(row: Row, ours: Row | None) -> dict[str, Any]:
    base: dict[str, Any] = asdict(row.configuration) | {"threads": row.threads, "name": row.key[1]}
    if row.reason or not row.found or not row.hits:
        return base | {"not_run": row.reason}
    base |= {
        "bytes_per_vector": row.found.bytes_per_vector,
        "build_seconds": row.found.build_seconds,
        "recall_at_10": float(row.hits.top_10.mean()),
        "recall_1_at_1": float(row.hits.first.mean()),
        "recall_1_at_10": float(row.hits.nearest.mean()),
        "single_us": asdict(row.spread("single_us")),
        "batch_us_per_query": asdict(row.spread("batch_us")),
        "rounds": [asdict(timing) for timing in row.timings],
        **row.found.extra,
    }
    if ours:
        base |= {
            "against": ours.key[1],
            "single_ours_ahead": row.ahead(ours, "single_us"),
            "batch_ours_ahead": row.ahead(ours, "batch_us"),
        }
    return base
