#!/usr/bin/env python3
"""Caches of models of transformers: the time of a step and resident memory beside others, and perplexity.

    python3 models.py step [--tokens 32768] [--bits 4 3 2] [--rounds 21]
    python3 models.py perplexity [--windows 60] [--bits 4 3 2]

A step is the forward pass of one token through a model of one layer, 32 query heads and 8 of keys and values of 128, so narrow
that little but attention takes time; beside transformers' own cache with SDPA, and its QuantizedCache where quanto or HQQ is
installed. Caches take their steps in turn, and the median counts. Memory is that by which a new process grows while its cache is
filled, 1,024 tokens at a time (QuantizedCache, which quantizes all again each time, with all at once). Perplexity, and how many
greedy tokens are those of float32 when all tokens are given, are those of the small model that comes with the sources; whole
windows attend on codes.
"""

import argparse
import ctypes
import gc
import inspect
import multiprocessing
import os
import statistics
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, DynamicCache, LlamaConfig, QuantizedCache

from swift_turboquant.transformers import TurboQuantCache

MODEL = Path(__file__).parents[2] / "Examples/LlamaRunner/Models/tiny-llama"
HEADS, DIM, PIECE = 8, 128, 1024
OWN = "DynamicCache, SDPA"
PACKAGES = {"quanto": "optimum", "hqq": "hqq"}


def held(model: Any, cache: Any) -> dict[str, Any]:
    """A cache as an argument of a model, whose name has changed in transformers 5.24."""
    is_new = "cache" in inspect.signature(model.forward).parameters
    return {"cache" if is_new else "past_key_values": cache}


class OfTransformers:
    """One of transformers' own caches, and a model that attends to it."""

    computed = 0

    def __init__(self, backend: str | None, tokens: int) -> None:
        self.piece = PIECE if backend is None else None
        self.model = model_of_one_layer(tokens)
        self.cache = (
            DynamicCache(config=self.model.config)
            if backend is None
            else QuantizedCache(backend, self.model.config, nbits=4)
        )

    def append(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        self.cache.update(keys, values, 0)

    def step(self) -> None:
        self.model(torch.tensor([[2]]), **held(self.model, self.cache))


class OfCodes:
    """A cache of codes, and a model that attends on them."""

    piece = PIECE

    def __init__(self, bits: float, tokens: int) -> None:
        self.model = model_of_one_layer(tokens)
        self.cache = TurboQuantCache.for_model(self.model, keys=bits, values=bits)
        # The first token tells the cache what the model's attention is like.
        self.step()

    @property
    def computed(self) -> int:
        return self.cache.nbytes

    def append(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        layer = self.cache.layers[0]
        layer.rows[0].cache.append(keys[0], values[0])
        layer.length += keys.shape[2]

    def step(self) -> None:
        place = torch.tensor([[self.cache.get_seq_length()]])
        self.model(torch.tensor([[2]]), position_ids=place, **held(self.model, self.cache))


def model_of_one_layer(tokens: int) -> Any:
    config = LlamaConfig(
        vocab_size=64, hidden_size=256, intermediate_size=256, num_hidden_layers=1, num_attention_heads=32,
        num_key_value_heads=HEADS, head_dim=DIM, max_position_embeddings=tokens + 1024, bos_token_id=0,
        eos_token_id=1,
    )  # fmt: skip
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()


def made(name: str, tokens: int) -> Any:
    """The cache with that name, empty."""
    kind, option = name.split(", ")
    if kind == "TurboQuantCache":
        return OfCodes(float(option.removesuffix(" bits")), tokens)
    return OfTransformers(None if name == OWN else option, tokens)


def fill(contestant: Any, tokens: int) -> None:
    generator = torch.Generator().manual_seed(1)
    piece = contestant.piece or tokens
    for first in range(0, tokens, piece):
        shape = 1, HEADS, min(piece, tokens - first), DIM
        contestant.append(*(torch.randn(shape, generator=generator) for _ in range(2)))


def resident() -> int:
    """Bytes of the process that are in memory and in use."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measure(name: str, tokens: int, answer: Any) -> None:
    """Puts the bytes that a cache says it holds, and those by which this process has grown."""
    with torch.no_grad():
        fill(made(name, PIECE), PIECE)  # what is loaded or compiled once
        contestant = made(name, tokens)
        before = resident()
        fill(contestant, tokens)
        answer.put((contestant.computed, resident() - before))


def step(tokens: int, bits: list[float], rounds: int) -> None:
    names = [OWN]
    for backend, package in PACKAGES.items():
        if find_spec(package) is not None:
            names.append(f"QuantizedCache, {backend}")
        else:
            print(f"SKIPPED: {package} is not installed")
    names += [f"TurboQuantCache, {number:g} bits" for number in bits]
    contestants = {name: made(name, tokens) for name in names}
    for contestant in contestants.values():
        fill(contestant, tokens)
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            begin = time.perf_counter()
            contestant.step()
            times[name].append(time.perf_counter() - begin)
    context = multiprocessing.get_context("spawn")
    medians = {name: statistics.median(each[1:]) for name, each in times.items()}
    print(f"{tokens} tokens, {torch.get_num_threads()} threads")
    print("cache                        ms a step   of SDPA   MB computed   MB resident")
    for name, median in medians.items():
        answer = context.Queue()
        process = context.Process(target=measure, args=(name, tokens, answer))
        process.start()
        computed, grown = answer.get()
        process.join()
        shown = f"{computed / 1e6:.1f}" if computed else ""
        ratio = f"1 / {medians[OWN] / median:.1f}"
        print(
            f"{name:28} {median * 1e3:9.2f} {ratio:>9} {shown:>13} {grown / 1e6:13.1f}", flush=True
        )


def perplexity(windows: int, bits: list[float]) -> None:
    model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32).eval()
    tokens = np.load(MODEL / "reference/windows_i32.npy")[:windows]
    texts = torch.from_numpy(tokens.astype(np.int64)).split(4)
    count = sum(text[:, 1:].numel() for text in texts)
    settings: list[dict[str, Any] | None] = [None]
    for number in bits:
        for centering in (None, "mean", "auto"):
            settings.append({"keys": number, "values": number, "centering": centering})
    print(
        "cache                                    perplexity   nats a token   greedy tokens equal"
    )
    choices: list[torch.Tensor] = []
    for options in settings:
        loss, equal = 0.0, 0
        for number, text in enumerate(texts):
            given: dict[str, Any] = {"use_cache": False}
            if options is not None:
                cache = TurboQuantCache.for_model(model, prompt="codes", **options)
                given = held(model, cache)
            logits = model(text, **given).logits[:, :-1].flatten(0, 1)
            following = text[:, 1:].flatten()
            loss += float(torch.nn.functional.cross_entropy(logits, following, reduction="sum"))
            if options is None:
                choices.append(logits.argmax(-1))
            equal += int((logits.argmax(-1) == choices[number]).sum())
        loss /= count
        name = "float32" if options is None else ", ".join(f"{k}={v}" for k, v in options.items())
        print(f"{name:40} {np.exp(loss):10.3f} {loss:14.4f} {equal / count:21.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["step", "perplexity"])
    parser.add_argument("--tokens", type=int, default=32_768)
    parser.add_argument("--windows", type=int, default=60)
    parser.add_argument("--bits", type=float, nargs="+", default=[4, 3, 2])
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    with torch.no_grad():
        if options.what == "step":
            step(options.tokens, options.bits, options.rounds)
        else:
            perplexity(options.windows, options.bits)


if __name__ == "__main__":
    main()
