#!/usr/bin/env python3
"""A decoding step over a cache: this package's command beside PyTorch's scaled_dot_product_attention.

Both attend with one query a head over the same number of random tokens, on one thread. PyTorch holds
keys and values as contiguous tensors of float32 and, where it offers that on this processor, of
bfloat16; ours are in pages, as a growing cache has them. The two programs take turns; times are
medians over the rounds.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

from common import BINARY, positive

try:
    import torch
except ImportError:
    sys.exit(f"attention.py: no torch; run: {sys.executable} -m pip install torch")


def sdpa(kind: torch.dtype, heads: int, options: argparse.Namespace) -> float:
    """Milliseconds of a step, the median of five after one to warm up."""
    generator = torch.Generator().manual_seed(0)
    kv = (1, options.kv_heads, options.tokens, options.dimension)
    keys, values = (torch.randn(kv, generator=generator).to(kind) for _ in range(2))
    query = torch.randn(1, heads, 1, options.dimension, generator=generator).to(kind)
    times = []
    for _ in range(6):
        start = time.perf_counter()
        torch.nn.functional.scaled_dot_product_attention(
            query, keys, values, enable_gqa=heads != options.kv_heads
        )
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[1:])


def ours(heads: int, options: argparse.Namespace) -> dict[str, float]:
    command = [
        options.binary, "benchmark", "attention", "--json", "--repeats", "5", "--bits", "8,4,3,2",
        "--tokens", str(options.tokens), "--query-heads", str(heads),
        "--kv-heads", str(options.kv_heads), "--dimension", str(options.dimension),
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"attention.py: {run.stderr.strip()}")
    return {f"ours, {row['keys']}": row["step_ms"] for row in json.loads(run.stdout)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=positive, default=32768)
    parser.add_argument("--query-heads", type=positive, nargs="+", default=[8, 32])
    parser.add_argument("--kv-heads", type=positive, default=8)
    parser.add_argument("--dimension", type=positive, default=128)
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--binary", default=str(BINARY), help="our command")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{options.tokens} tokens, {options.kv_heads} key/value heads of {options.dimension}, "
          f"torch {torch.__version__}, 1 thread\n")  # fmt: skip
    for heads in options.query_heads:
        rounds: dict[str, list[float]] = {}
        for _ in range(options.rounds):
            steps = {f"PyTorch, {kind}": sdpa(kind, heads, options)
                     for kind in (torch.float32, torch.bfloat16)}  # fmt: skip
            for name, step in (steps | ours(heads, options)).items():
                rounds.setdefault(name, []).append(step)
        first = rounds["PyTorch, torch.float32"]
        for name, steps in rounds.items():
            ahead = statistics.median(a / b for a, b in zip(first, steps))
            print(f"{heads:3} query heads  {name:24} {statistics.median(steps):8.2f} ms  ×{ahead:.2f}")


if __name__ == "__main__":
    main()
