#!/usr/bin/env python3
"""Caches of models of transformers: the time of a step and resident memory beside others, and perplexity.

    python3 models.py step [--tokens 32768] [--bits 4 3 2] [--rounds 20]
    python3 models.py perplexity [--windows 60] [--bits 4 3 2]

A step is the forward pass of one token through a model of one layer, 32 query heads and 8 of keys and values of 128, so narrow
that little but attention takes time; beside transformers' own cache with SDPA, and its QuantizedCache where quanto or HQQ is
installed. The best round counts. Perplexity is that of the small model that comes with the
sources; whole windows attend on codes.
"""

import argparse
import inspect
import os
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, DynamicCache, LlamaConfig, QuantizedCache

from swift_turboquant.transformers import TurboQuantCache

MODEL = Path(__file__).parents[2] / "Examples/LlamaRunner/Models/tiny-llama"


def held(model: Any, cache: Any) -> dict[str, Any]:
    """A cache as an argument of a model, whose name has changed in transformers 5.24."""
    is_new = "cache" in inspect.signature(model.forward).parameters
    return {"cache" if is_new else "past_key_values": cache}


def resident() -> int:
    """Bytes of the process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def model_of_one_layer(tokens: int) -> Any:
    config = LlamaConfig(
        vocab_size=64, hidden_size=256, intermediate_size=256, num_hidden_layers=1, num_attention_heads=32,
        num_key_value_heads=8, head_dim=128, max_position_embeddings=tokens + 1024, bos_token_id=0,
        eos_token_id=1,
    )  # fmt: skip
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()


def filled(
    model: Any, keys: torch.Tensor, values: torch.Tensor, bits: list[float]
) -> Iterator[tuple[str, Callable[[torch.Tensor], Any], int, int]]:
    """Each contestant's name, its step, the bytes that its cache says it holds, and those by which the process has grown."""
    others: dict[str, Callable[[], Any]] = {
        "DynamicCache, SDPA": lambda: DynamicCache(config=model.config)
    }
    for backend, package in (("quanto", "optimum.quanto"), ("hqq", "hqq")):
        if find_spec(package.split(".")[0]) is not None:
            others[f"QuantizedCache, {backend}"] = lambda b=backend: QuantizedCache(
                b, model.config, nbits=4
            )
        else:
            print(f"SKIPPED: {package} is not installed")
    for name, make in others.items():
        before = resident()
        cache = make()
        cache.update(keys, values, 0)
        grown = resident() - before
        yield name, lambda token, c=cache: model(token, **held(model, c)), 0, grown
    # All others have made their steps by then: the model attends by another function from here on.
    for number in bits:
        codes = TurboQuantCache.for_model(model, keys=number, values=number)
        # The first token tells the cache what the model's attention is like.
        model(torch.tensor([[2]]), **held(model, codes))
        layer = codes.layers[0]
        before = resident()
        layer.rows[0].cache.append(keys[0], values[0])
        layer.length += keys.shape[2]
        grown = resident() - before
        yield (
            f"TurboQuantCache, {number:g} bits",
            lambda token, c=codes: model(token, position_ids=torch.tensor([[c.get_seq_length()]]), **held(model, c)),
            codes.nbytes, grown,
        )  # fmt: skip


def step(tokens: int, bits: list[float], rounds: int) -> None:
    generator = torch.Generator().manual_seed(1)
    keys, values = (torch.randn(1, 8, tokens, 128, generator=generator) for _ in range(2))
    model = model_of_one_layer(tokens)
    print(f"{tokens} tokens, {torch.get_num_threads()} threads")
    print("cache                        ms a step   MB computed   MB resident")
    for name, forward, computed, grown in filled(model, keys, values, bits):
        best = float("inf")
        for _ in range(rounds):
            begin = time.perf_counter()
            forward(torch.tensor([[2]]))
            best = min(best, time.perf_counter() - begin)
        shown = f"{computed / 1e6:.1f}" if computed else ""
        print(f"{name:28} {best * 1e3:9.2f} {shown:>13} {grown / 1e6:13.1f}", flush=True)


def perplexity(windows: int, bits: list[float]) -> None:
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32).eval()
    tokens = np.load(MODEL / "reference/windows_i32.npy")[:windows]
    texts = torch.from_numpy(tokens.astype(np.int64))
    settings: list[dict[str, Any] | None] = [None]
    for number in bits:
        for centering in (None, "mean", "auto"):
            settings.append({"keys": number, "values": number, "centering": centering})
    for options in settings:
        total = 0.0
        for text in texts.split(4):
            given: dict[str, Any] = {"use_cache": False}
            if options is not None:
                cache = TurboQuantCache.for_model(model, prompt="codes", **options)
                given = held(model, cache)
            logits = model(text, **given).logits[:, :-1].flatten(0, 1)
            losses = torch.nn.functional.cross_entropy(
                logits, text[:, 1:].flatten(), reduction="sum"
            )
            total += float(losses)
        loss = total / texts[:, 1:].numel()
        name = "float32" if options is None else ", ".join(f"{k}={v}" for k, v in options.items())
        print(f"{name:40} perplexity {np.exp(loss):.3f}, {loss:.4f} nats a token", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["step", "perplexity"])
    parser.add_argument("--tokens", type=int, default=32_768)
    parser.add_argument("--windows", type=int, default=60)
    parser.add_argument("--bits", type=float, nargs="+", default=[4, 3, 2])
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with torch.no_grad():
        if options.what == "step":
            step(options.tokens, options.bits, options.rounds)
        else:
            perplexity(options.windows, options.bits)


if __name__ == "__main__":
    main()
