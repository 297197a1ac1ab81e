"""Continues a text with a model of Hugging Face's transformers, whose keys and values are kept as codes.

    pip install './Python[transformers]'
    python transformers_generate.py
    python transformers_generate.py --bits 3 --tokens 60 "libjson-dev: development files for"

The model is the small one that comes with the sources, unless --model names another.
"""

import argparse
import inspect
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from swift_turboquant.transformers import TurboQuantCache

MODEL = Path(__file__).parents[2] / "Examples/LlamaRunner/Models/tiny-llama"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", nargs="?", default="libjson-dev: development files for")
    parser.add_argument("--model", default=MODEL, help="a folder or a name of Hugging Face's")
    parser.add_argument("--bits", type=float, default=4, help="of keys and values (default 4)")
    parser.add_argument("--tokens", type=int, default=40, help="at most (default 40)")
    options = parser.parse_args()

    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32)
    inputs = tokenizer(options.text, return_tensors="pt")

    # What transformers calls the argument since 5.24, and before.
    is_new = "cache" in inspect.signature(model.forward).parameters
    argument = "cache" if is_new else "past_key_values"

    own = DynamicCache(config=model.config)
    codes = TurboQuantCache.for_model(model, keys=options.bits, values=options.bits)
    texts = []
    for cache in (own, codes):
        output = model.generate(
            **inputs,
            **{argument: cache},
            max_new_tokens=options.tokens,
            do_sample=False,
            pad_token_id=0,
        )
        texts.append(tokenizer.decode(output[0], skip_special_tokens=True))
    print(texts[1])
    print("\nThe model's own cache gives", "the same." if texts[0] == texts[1] else f"\n{texts[0]}")
    floats = sum(x.keys.nbytes + x.values.nbytes for x in own.layers)
    print(f"It takes {floats} bytes, codes of {options.bits:g} bits take {codes.nbytes}.")


if __name__ == "__main__":
    main()
