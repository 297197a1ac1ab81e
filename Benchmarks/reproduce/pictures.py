"""The pictures of the page."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

COLOURS = {"scalar": "#d9480f", "two-stage": "#1864ab", "qjl": "#2b8a3e", "polar": "#862e9c"}
GREYS = {"faiss PQ": ("#212529", "--"), "faiss RaBitQ": ("#868e96", "--"), "rabitqlib": ("#868e96", ":"),
         "turbovec": ("#212529", ":")}  # fmt: skip
PLACES = (1, 2, 4, 8, 16, 32, 64)


def save(figure: Figure, folder: Path, name: str) -> None:
    # Without metadata, so that equal numbers give equal files.
    figure.savefig(folder / f"{name}.png", dpi=80, metadata={"Software": None})


def peer_name(peer: dict[str, Any]) -> str:
    return f"{peer['engine']} {peer['method']}".strip()


def distortion(results: dict[str, Any], folder: Path) -> None:
    rows = [row for row in results["ours"]["distortion"] if row["dimension"] == 1536]
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for name in ("scalar", "polar"):
        own = [row for row in rows if row["quantizer"] == name]
        axes.plot([r["bits"] for r in own], [r["measured"] for r in own], "o", color=COLOURS[name], label=name)
        axes.plot([r["bits"] for r in own], [r["predicted"] for r in own], color=COLOURS[name], linewidth=0.8)
    own = [row for row in rows if row["quantizer"] == "scalar"]
    axes.plot([r["bits"] for r in own], [r["upper_bound"] for r in own], "k--", linewidth=0.8, label="Theorem 1")
    axes.plot([r["bits"] for r in own], [r["shannon"] for r in own], "k:", linewidth=0.8, label="Shannon")
    axes.set(yscale="log", xlabel="bits per coordinate", ylabel="distortion, d = 1536; lines: predicted")
    axes.grid(alpha=0.3)
    axes.legend()
    save(figure, folder, "distortion")


def histograms(results: dict[str, Any], folder: Path) -> None:
    rows = [row for row in results["ours"]["products"] if row["cosine"] == 0.5]
    figure = Figure(figsize=(10, 6), layout="constrained")
    for axes, bits in zip(figure.subplots(2, 2).flat, (1, 2, 3, 4), strict=True):
        for row in (row for row in rows if row["bits"] == bits):
            histogram = row["histogram"]
            edges = histogram["first"] + histogram["width"] * np.arange(len(histogram["counts"]) + 1)
            density = np.array(histogram["counts"]) / sum(histogram["counts"]) / histogram["width"]
            axes.stairs(density, edges, label=f"{row['sketch'] or ''} {row['estimator']}".strip())
        axes.axvline(0, color="k", linewidth=0.5)
        axes.set(title=f"{bits} bit{'s' if bits > 1 else ''}", xlabel="√d · (estimate − truth)")
        axes.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=8)
    save(figure, folder, "errors")


def recalls(results: dict[str, Any], folder: Path) -> None:
    sets = results["sets"]
    figure = Figure(figsize=(10, 3.4 * len(sets)), layout="constrained")
    panels = figure.subplots(len(sets), 2, squeeze=False)
    for line, data in zip(panels, sets, strict=True):
        for axes, bits in zip(line, (2, 4), strict=True):
            for row in data["ours"]:
                if abs(row["bits"] - bits) < 0.2:
                    axes.plot(PLACES, row["recall_1_at_k"], "o-", markersize=3, color=COLOURS[row["quantizer"]],
                              label=f"{row['quantizer']}, {row['bytes_per_vector']} B")  # fmt: skip
            for peer in data["peers"]:
                if peer["bits"] == bits and "recall_1_at_k" in peer:
                    colour, style = GREYS[peer_name(peer)]
                    axes.plot(PLACES, peer["recall_1_at_k"], style, color=colour,
                              label=f"{peer_name(peer)}, {peer['bytes_per_vector']:.0f} B")  # fmt: skip
            axes.set(xscale="log", xlabel="k", ylabel="1@k", title=f"{data['name']}: {bits} bits")
            axes.set_xticks(PLACES, [str(k) for k in PLACES])
            axes.minorticks_off()
            axes.grid(alpha=0.3)
            axes.legend(fontsize=7)
    save(figure, folder, "recall")


def angles(results: dict[str, Any], folder: Path) -> None:
    rows = results["ours"]["angles"]
    figure = Figure(figsize=(10, 6), layout="constrained")
    for axes, level in zip(figure.subplots(2, 2).flat, (1, 2, 3, 4), strict=True):
        for row in (row for row in rows if row["level"] == level):
            edges = np.linspace(row["low"], row["high"], len(row["counts"]) + 1)
            width = edges[1] - edges[0]
            axes.stairs(np.array(row["counts"]) / row["count"] / width, edges,
                        label="rotated" if row["rotated"] else "not rotated",
                        color=COLOURS["polar"] if row["rotated"] else "#adb5bd")  # fmt: skip
            if row["rotated"]:
                middles = (edges[1:] + edges[:-1]) / 2
                axes.plot(middles, np.array(row["expected"]) / width, "k-", linewidth=0.8, label="law")
        axes.set(title=f"level {level}", xlabel="angle", ylim=(0, None))
        axes.grid(alpha=0.3)
    figure.axes[0].legend(fontsize=8)
    save(figure, folder, "angles")


def sketches(results: dict[str, Any], folder: Path) -> None:
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    for kind, colour in (("gaussian", "#1864ab"), ("orthogonal", "#d9480f"), ("structured", "#2b8a3e")):
        rows = [row for row in results["ours"]["sketches"] if row["sketch"] == kind and row["cosine"] == 0.5]
        signs = [row["directions"] for row in rows]
        axes.plot(signs, [row["error"] for row in rows], "o", color=colour, label=kind)
        axes.plot(signs, [row["predicted"] for row in rows], color=colour, linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="sign bits", ylabel="root mean square error, d = 128, cosine ½")
    axes.set_xticks(signs, [str(m) for m in signs])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    save(figure, folder, "sketches")


def equal_bytes(results: dict[str, Any], folder: Path) -> None:
    rows = results["sets"][0]["ours"]
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, colour in COLOURS.items():
        own = sorted((row for row in rows if row["quantizer"] == name), key=lambda row: row["bytes_per_vector"])
        size = [row["bytes_per_vector"] for row in own]
        left.plot(size, [row["product_variance_times_d"] for row in own], "o-", color=colour, label=name)
        right.plot(size, [row["recall_at_10"] for row in own], "o-", color=colour, label=name)
    left.set(yscale="log", xlabel="bytes per vector", ylabel="d · variance of inner products")
    right.set(xlabel="bytes per vector", ylabel="recall@10")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend()
    save(figure, folder, "bytes")


def draw(results: dict[str, Any], folder: Path) -> None:
    for picture in (distortion, histograms, recalls, angles, sketches, equal_bytes):
        picture(results, folder)
