"""Results to Markdown. Every number is of the results, or what a paper prints, which is said."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

PLACES = (1, 2, 4, 8, 16, 32, 64)
Row = dict[str, Any]

# A gap this many usual ones is exceeded once in ten thousand samples: √(ln(2/10⁻⁴)/2)/1.36.
KOLMOGOROV = math.sqrt(math.log(2e4) / 2) / 1.36

# What TurboQuant prints: Theorem 1 and Theorem 2 (times d) for 1 … 4 bits, Table 2 in seconds for 100,000.
PRINTED_DISTORTION = {1: 0.36, 2: 0.117, 3: 0.03, 4: 0.009}
PRINTED_PRODUCT = {1: 1.57, 2: 0.56, 3: 0.18, 4: 0.047}
PRINTED_SECONDS = {
    "PQ": {200: 37.04, 1536: 239.75, 3072: 494},
    "RaBitQ": {200: 597.25, 1536: 2267.59, 3072: 3957},
    "TurboQuant": {200: 0.0007, 1536: 0.0013, 3072: 0.0021},
}


def number(value: float | None, digits: int = 3) -> str:
    if value is None:
        return "–"
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits - 1}e}" if places > digits + 3 else f"{value:.{places}f}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def select(rows: Sequence[Row], **wanted: Any) -> list[Row]:
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def one(rows: Sequence[Row], **wanted: Any) -> Row:
    (row,) = select(rows, **wanted)
    return row


def peer_name(peer: Row) -> str:
    return f"{peer['engine']} {peer['method']}".strip()


# MARK: 1. Distortion and inner products


def distortion(ours: Row) -> Iterator[str]:
    rows = [
        [row["quantizer"], str(row["dimension"]), number(row["bits"], 3), number(row["measured"], 4),
         number(row["standard_error"], 1), number(row["predicted"], 4), number(row["upper_bound"]),
         number(row["shannon"])]
        for row in ours["distortion"]
    ]  # fmt: skip
    yield table(["quantizer", "d", "bits", "‖x−x̂‖²", "± SE", "predicted", "Theorem 1", "Shannon"], rows)
    yield "![distortion](Reproduction/distortion.png)"
    yield (
        "Estimates of ⟨x, q⟩ for unit vectors at two cosines: d times the mean square of the error, and the mean "
        "estimate over the truth. One bit of two stages is QJL. Theorem 2 bounds two stages with Gaussian directions."
    )
    rows = [
        [f"{row['quantizer']}, {row['sketch'] or row['estimator']}", str(row["bits"]), number(row["cosine"], 1),
         number(row["squared_error_times_d"]), number(row["standard_error"], 1), number(row["upper_bound"]),
         number(row["slope"], 5), number(row["slope_standard_error"], 1)]
        for row in ours["products"]
    ]  # fmt: skip
    yield table(["estimate", "bits", "cosine", "d·error²", "± SE", "Theorem 2", "slope", "± SE"], rows)
    yield "![errors](Reproduction/errors.png)"


# MARK: 2. Recall


def recall(sets: Sequence[Row]) -> Iterator[str]:
    yield (
        "1@k: how often the row nearest by exact inner product is among the k nearest by estimate. PQ has tables of "
        "256 entries and learns from up to 5,000 rows in 15 rounds; rabitqlib and FAISS's RaBitQ subtract the data's mean. The "
        "papers' own sets (DBpedia embedded by OpenAI at 1536 and 3072 dimensions, GloVe-200) are not measured: "
        "they were not available."
    )
    for data in sets:
        yield f"**{data['name']}**: {data['count']:,} × {data['dimension']}, {data['queries']} queries."
        rows = []
        for row in data["ours"]:
            rows.append([row["quantizer"], number(row["bits"]), str(row["bytes_per_vector"])]
                        + [f"{value:.3f}" for value in row["recall_1_at_k"]])  # fmt: skip
        for row in data["peers"]:
            if "not_run" in row:
                rows.append([peer_name(row), str(row["bits"]), "not run", row["not_run"][:80], *[""] * 6])
            else:
                rows.append([peer_name(row), str(row["bits"]), f"{row['bytes_per_vector']:.0f}"]
                            + [f"{value:.3f}" for value in row["recall_1_at_k"]])  # fmt: skip
        yield table(["", "bits", "bytes", *(f"1@{k}" for k in PLACES)], rows)
    yield "![recall](Reproduction/recall.png)"


# MARK: 3. Encoding


def seconds_of(row: Row) -> float:
    """For 100,000 vectors, training included."""
    return row.get("training_seconds", 0) + 0.1 * row["encode_us_per_vector"]


def encoding(results: Row) -> Iterator[str]:
    rows = []
    for row in results["ours"]["encoding"]:
        rows.append([f"ours, {row['quantizer']}", str(row["dimension"]), "–", number(row["encode_us_per_vector"]),
                     number(seconds_of(row))])  # fmt: skip
    for row in results["encoding"]:
        if "not_run" in row:
            rows.append([peer_name(row), str(row["dimension"]), "not run", row["not_run"][:80], ""])
        else:
            training = row["training_seconds"]
            rows.append([peer_name(row), str(row["dimension"]), number(training) if training else "–",
                         number(row["encode_us_per_vector"]), number(seconds_of(row))])  # fmt: skip
    rows += [
        [f"*printed: {name}*", str(dimension), "", "", f"*{seconds}*"]
        for name, printed in PRINTED_SECONDS.items()
        for dimension, seconds in printed.items()
    ]
    yield (
        "4 bits, one thread, 2,000 unit vectors; PQ learns from those. The last column is training plus 100,000 "
        "vectors, from the others. Printed are the seconds of TurboQuant's Table 2 (one A100; RaBitQ there in "
        "Python on one core). turbovec's time includes setting up an index."
    )
    yield table(["", "d", "training, s", "µs per vector", "s for 100,000"], rows)


# MARK: 4. Angles


def angles(ours: Row) -> Iterator[str]:
    yield (
        "The vectors that ship with the package, each rotated by a rotation of its own, and as they are. The gap is "
        "the largest difference between the angles' cumulative shares and the law's; 95 of 100 samples of the law "
        "stay below the usual one."
    )
    rows = [
        ["rotated" if row["rotated"] else "not rotated", str(row["level"]), f"{row['count']:,}",
         number(row["largest_gap"]), number(row["usual_gap"])]
        for row in ours["angles"]
    ]  # fmt: skip
    yield table(["", "level", "angles", "largest gap", "usual gap"], rows)
    yield "![angles](Reproduction/angles.png)"


# MARK: 5. QJL


def sketches(ours: Row) -> Iterator[str]:
    yield (
        "d = 128. Errors are of unit vectors; predicted are √((π/2 − ρ²)/m) for Gaussian directions and the formula "
        "of Numerics.md for the others. The bound on errors beyond ¼ is 2 exp(−mε²/π)."
    )
    rows = [
        [row["sketch"], number(row["cosine"], 1), str(row["directions"]), number(row["error"], 4),
         number(row["standard_error"], 1), number(row["predicted"], 4), number(row["beyond"]),
         number(row["tail_bound"]), number(row["printed_tail_bound"])]
        for row in ours["sketches"]
    ]  # fmt: skip
    yield table(["directions", "cosine", "signs", "error", "± SE", "predicted", "beyond ¼", "bound",
                 "Lemma 3.5"], rows)  # fmt: skip
    yield "![sketches](Reproduction/sketches.png)"
    first = ours["scores"][0]
    yield (
        f"Softmax scores of {first['tokens']:,} random keys: the largest relative error of all, median and most over "
        f"20 sketches, with m = 2r²ε⁻² ln n signs and ε = {number(first['epsilon'], 1)}. Theorem 3.6 promises at most "
        f"3ε = {number(3 * first['epsilon'], 2)}. We know its text at second hand, where r is the norm or the product "
        "of the norms of query and key."
    )
    rows = [
        [row["sketch"], number(row["norm"], 1), "norm" if row["r"] == row["norm"] else "product",
         str(row["directions"]), number(row["median_relative_error"]), number(row["largest_relative_error"])]
        for row in ours["scores"]
    ]  # fmt: skip
    yield table(["directions", "norms", "r is the", "signs", "median", "most"], rows)


# MARK: 6. Equal bytes


def equal_bytes(results: Row) -> Iterator[str]:
    data = results["sets"][0]
    yield (
        f"{data['name']}, {data['count']:,} × {data['dimension']}. Bytes are all bytes of a row. The variance is of "
        "estimates divided by their slope, and of vectors of length 1."
    )
    rows = [
        [row["quantizer"], number(row["bits"]), str(row["bytes_per_vector"]), number(row["distortion"], 4),
         number(row["product_variance_times_d"]), f"{row['slope']:.4f}", f"{row['recall_at_10']:.3f}"]
        for row in sorted(data["ours"], key=lambda row: row["bytes_per_vector"])
    ]  # fmt: skip
    yield table(["quantizer", "bits", "bytes", "distortion", "d·variance", "slope", "recall@10"], rows)
    yield "![bytes](Reproduction/bytes.png)"
    yield (
        f"The small Llama of Examples/LlamaRunner, head dimension 64, {results['windows']} windows of 1,024 tokens; keys "
        "as said, values in float16. KL divergence from the exact cache's predictions, with its standard error over "
        "windows, and tokens per second of one pass."
    )
    rows = [
        [row["name"], number(row["divergence"]["mean"]), number(row["divergence"]["standardError"], 2),
         number(row["increase"]["mean"]), number(row["tokens"] / row["seconds"], 2)]
        for row in results["llama"]
    ]  # fmt: skip
    yield table(["keys/values", "KL", "± SE", "loss, nats per token", "tokens/s"], rows)
    yield (
        "A synthetic needle: of random keys of 128 coordinates one has the cosine .4 with the query; how often "
        "attention rests on it, over five depths. It says something of keys, nothing of language."
    )
    rows = []
    for tokens in sorted({row["tokens"] for row in results["needle"]}):
        for keys in dict.fromkeys(row["keys"] for row in results["needle"]):
            own = select(results["needle"], tokens=tokens, keys=keys)
            share = sum(row["found"] for row in own) / sum(row["needles"] for row in own)
            rows.append([keys, f"{tokens:,}", number(own[0]["bytes_per_key"], 3), f"{share:.3f}"])
    yield table(["keys", "tokens", "bytes per key", "found"], rows)


# MARK: 7. Claims


def claims(results: Row) -> Iterator[str]:
    ours = results["ours"]
    rows = [*theorem_claims(ours), *estimator_claims(ours), *sketch_claims(ours), *polar_claims(ours)]
    rows += other_claims(results)
    yield table(["claim", "printed", "measured", ""], rows)
    yield (
        "Not measured, since no such model, data or GPU was available: LongBench and needle-in-a-haystack results of "
        "all three papers, memory and speed of their kernels on GPUs, 100,000 OpenAI embeddings."
    )


def rate(bits: int) -> str:
    return "1 bit" if bits == 1 else f"{bits} bits"


def verdict(holds: bool) -> str:
    return "holds" if holds else "**does not hold**"


def theorem_claims(ours: Row) -> Iterator[list[str]]:
    scalar = select(ours["distortion"], quantizer="scalar", dimension=1536)
    for bits, printed in PRINTED_DISTORTION.items():
        row = one(scalar, bits=bits)
        yield [f"TurboQuant, Theorem 1: D at {rate(bits)}", str(printed),
               f"{number(row['measured'], 4)} ± {number(row['standard_error'], 1)}",
               f"{row['measured'] / printed - 1:+.1%}"]  # fmt: skip
    worst = max(row["measured"] / row["upper_bound"] for row in scalar)
    yield ["Theorem 1: D ≤ √3π/2 · 4⁻ᵇ, 1 … 8 bits", "≤ 1 of it", f"at most {number(worst)} of it", verdict(worst <= 1)]
    least = min(row["measured"] / row["shannon"] for row in ours["distortion"])
    yield ["Theorem 3: D ≥ 4⁻ᵇ", "≥ 1 of it", f"at least {number(least)} of it", verdict(least >= 1)]
    for bits, printed in PRINTED_PRODUCT.items():
        row = one(ours["products"], sketch="gaussian", bits=bits, cosine=0)
        close = abs(row["squared_error_times_d"] - printed) <= 4 * row["standard_error"]
        difference = f"{row['squared_error_times_d'] / printed - 1:+.1%}, "
        yield [f"Theorem 2: d·error² at {rate(bits)}", str(printed),
               f"{number(row['squared_error_times_d'])} ± {number(row['standard_error'], 1)}",
               difference + ("within 4 SE" if close else "**more than 4 SE**")]  # fmt: skip


def estimator_claims(ours: Row) -> Iterator[list[str]]:
    products = ours["products"]
    row = one(products, estimator="reconstruction", bits=1, cosine=0.5)
    close = abs(row["slope"] - 2 / math.pi) <= 4 * row["slope_standard_error"] + 1 / row["dimension"]
    yield ["TurboQuant §3.2: one-bit reconstruction shrinks by 2/π", number(2 / math.pi, 4),
           f"{number(row['slope'], 4)} ± {number(row['slope_standard_error'], 1)}", verdict(close)]  # fmt: skip
    gaussian = [one(products, sketch="gaussian", bits=bits, cosine=0.5) for bits in (1, 2, 3, 4)]
    off = max(abs(row["slope"] - 1) / row["slope_standard_error"] for row in gaussian)
    yield ["Theorem 2: two stages are unbiased", "slope 1", f"at most {number(off, 2)} SE away", verdict(off <= 4)]
    wins = []
    for bits in (1, 2, 3, 4):
        plain = one(products, estimator="reconstruction", bits=bits, cosine=0.5)
        staged = one(products, sketch="gaussian", bits=bits, cosine=0.5)
        if plain["squared_error_times_d"] < staged["squared_error_times_d"]:
            wins.append(bits)
    yield ["§4.1: at more bits plain codes beat two stages on inner products", "at higher rates",
           f"at cosine ½ from {min(wins)} bits" if wins else "at none of 1 … 4 bits", verdict(bool(wins))]  # fmt: skip
    ratio = [
        one(products, sketch="gaussian", bits=bits, cosine=0)["squared_error_times_d"]
        / one(products, estimator="renormalized", bits=bits, cosine=0)["squared_error_times_d"]
        for bits in (2, 3, 4)
    ]
    yield ["for comparison: the same codes with one scale, no sketch, unbiased too", "",
           f"{number(min(ratio), 2)} to {number(max(ratio), 2)} times less squared error at 2 … 4 bits", ""]  # fmt: skip


def sketch_claims(ours: Row) -> Iterator[list[str]]:
    rows = ours["sketches"]
    ratios = [
        row["error"] / one(rows, sketch="gaussian", directions=row["directions"], cosine=row["cosine"])["error"]
        for row in select(rows, sketch="orthogonal")
    ]
    yield ["QJL §4.1: orthogonal rows almost always improve", "< 1 of the error",
           f"{number(min(ratios))} to {number(max(ratios))} of it", verdict(max(ratios) < 1)]  # fmt: skip
    gaussian = select(rows, sketch="gaussian")
    off = max(abs(row["error"] - row["predicted"]) / row["standard_error"] for row in gaussian)
    yield ["QJL: variance (π/2 − ρ²)/m", "", f"at most {number(off, 2)} SE away", verdict(off <= 4)]
    worst = max(gaussian, key=lambda row: (row["beyond"] - row["printed_tail_bound"]) / (row["beyond_standard_error"] or 1))
    excess = worst["beyond"] - worst["printed_tail_bound"]
    yield ["QJL, Lemma 3.5: m ≥ 4/3·(1 + ε)/ε²·ln(2/δ) signs keep the error within ε‖q‖‖k‖, except for δ",
           f"{worst['directions']} signs, ε = ¼: δ = {number(worst['printed_tail_bound'])}",
           f"{number(worst['beyond'])} ± {number(worst['beyond_standard_error'], 1)}",
           verdict(excess <= 4 * worst["beyond_standard_error"])]  # fmt: skip
    safe = all(row["beyond"] <= row["tail_bound"] + 4 * row["beyond_standard_error"] for row in rows)
    yield ["for comparison: 2 exp(−mε²/π)", "", "no case above it" if safe else "a case above it", verdict(safe)]
    for name in ("norm", "product"):
        own = [row for row in ours["scores"]
               if row["sketch"] == "gaussian" and (row["r"] == row["norm"]) == (name == "norm")]  # fmt: skip
        most = max(row["median_relative_error"] for row in own)
        promised = 3 * own[0]["epsilon"]
        yield [f"QJL, Theorem 3.6, r the {name} of query and key: scores within 3ε", f"≤ {number(promised, 2)}",
               f"median of the largest {number(most)}", verdict(most <= promised)]  # fmt: skip


def polar_claims(ours: Row) -> Iterator[list[str]]:
    rows = select(ours["distortion"], dimension=1536)
    paper = [row for row in rows if row["quantizer"] == "polar" and 3.5 < row["bits"] < 4][0]
    off = abs(paper["measured"] / paper["predicted"] - 1)
    yield ["PolarQuant: D = 2(1 − Π E cos(ψ − ψ̂)) at 4,2,2,2 bits", number(paper["predicted"], 4),
           f"{number(paper['measured'], 4)} ± {number(paper['standard_error'], 1)}, {off:.2%} off",
           verdict(off <= 0.01)]  # fmt: skip
    scalar = [row for row in rows if row["quantizer"] == "scalar"]
    less = max((row for row in scalar if row["measured"] > paper["measured"]), key=lambda row: row["bits"])
    more = min((row for row in scalar if row["measured"] <= paper["measured"]), key=lambda row: row["bits"])
    yield ["for comparison: scalar codes", f"{number(paper['bits'])} bits, D {number(paper['measured'])}",
           f"{less['bits']:g} bits {number(less['measured'])}, {more['bits']:g} bits {number(more['measured'])}", ""]  # fmt: skip
    gaps = [(row["largest_gap"] / row["usual_gap"], row["rotated"]) for row in ours["angles"]]
    rotated = max(gap for gap, is_rotated in gaps if is_rotated)
    plain = min(gap for gap, is_rotated in gaps if not is_rotated)
    yield ["PolarQuant, Lemma 2: laws of the angles after rotation", "≤ 1 of the usual gap, 95 times in 100",
           f"at most {number(rotated, 2)}; not rotated at least {number(plain, 2)}",
           verdict(rotated <= KOLMOGOROV)]  # fmt: skip


def other_claims(results: Row) -> Iterator[list[str]]:
    bits = (32 * 3 + 96 * 2) / 128
    yield ["TurboQuant §4.3: 32 channels at 3 bits and 96 at 2 are “2.5 bits”", "2.5", f"{bits:g}", verdict(bits == 2.5)]
    for dimension, printed in PRINTED_SECONDS["TurboQuant"].items():
        own = one(results["ours"]["encoding"], quantizer="scalar", dimension=dimension)
        yield [f"Table 2: TurboQuant at 4 bits, d = {dimension}, 100,000 vectors", f"{printed} s (A100)",
               f"{number(seconds_of(own))} s, one thread here", "another machine"]  # fmt: skip


# MARK: The page


def markdown(results: Row) -> str:
    ours = results["ours"]
    versions = ", ".join(f"{name} {version}" for name, version in results["peers"].items())
    parts = [
        "# Reproduction",
        "Written by `Benchmarks/reproduce/run`; every number is of that run, or printed in a paper where that is said: "
        "TurboQuant ([arXiv 2504.19874](https://arxiv.org/abs/2504.19874)), QJL "
        "([2406.03482](https://arxiv.org/abs/2406.03482)), PolarQuant "
        "([2502.02617](https://arxiv.org/abs/2502.02617)). All of them, histograms too, are in "
        "[results.json](Reproduction/results.json).",
        f"{results['date']}, {results['processor']}, {results['minutes']:.0f} minutes, seed {ours['seed']}. "
        f"Peers: {versions}. Other programs may have run at the same time, so times are rough.",
        "## What holds", *claims(results),
        "## 1. Distortion and inner products", *distortion(ours),
        "## 2. Recall", *recall(results["sets"]),
        "## 3. Encoding", *encoding(results),
        "## 4. Angles of PolarQuant", *angles(ours),
        "## 5. QJL", *sketches(ours),
        "## 6. Equal bytes", *equal_bytes(results),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"
