"""Makes the fixtures beside this file with Hugging Face's libraries.

pip install tokenizers torch transformers numpy; python make.py
"""
import json, os, random
import numpy as np, torch
from tokenizers import Regex, Tokenizer, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

here = os.path.dirname(os.path.abspath(__file__))
model = os.path.join(here, "../../../Models/tiny-llama")

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
NEWER = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s"
         r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
PATTERNS = [GPT2, NEWER % r"\p{N}{1,3}", NEWER % r"\p{N}"]


def texts():
    yield from ["", " ", "   ", "\n\n \t", "it's IT'S they'LL 'tis ''' 's 'ſ don't'", "x\r\ny\r\rz\n",
                "1234567 ½ Ⅷ ٣٤ 12", "  two  spaces \n\n  and breaks \n", "naïve café — “quoted”…",
                "日本語のテキスト、123。", "👩‍👩‍👧‍👦!!\n\n", "a<s>b </s> c<s", "e\u0301 \u00a0 \u0085\u200b",
                "=" * 100, "tabs\t\tand\tmore", "#include <stdio.h>\n\tint x=0;\r\n"]
    alphabet = list("aB zé'sStTlL1٣½ \t\n\r.,-_!\u00a0\u0301日👍ſ\u2028\u3000")
    generator = random.Random(5)
    for _ in range(150):
        yield "".join(generator.choice(alphabet) for _ in range(generator.randint(1, 24)))


def make_tokenizers():
    tokenizer = Tokenizer.from_file(model + "/tokenizer.json")
    all_texts = list(texts())
    split = lambda pattern, text: [
        piece for piece, _ in
        pre_tokenizers.Split(Regex(pattern), "isolated").pre_tokenize_str(text)]
    json.dump({"texts": all_texts, "tokens": [tokenizer.encode(t).ids for t in all_texts],
               "splits": {p: [split(p, t) for t in all_texts] for p in PATTERNS}},
              open(here + "/tokenizers.json", "w"), ensure_ascii=True, indent=0)


def make_model(name, model, dtype, **saving):
    # Weights large enough that attention is not flat; biases are zero unless something sets them.
    generator = torch.Generator().manual_seed(1)
    for key, value in model.named_parameters():
        if "norm" in key:
            value.data = 1 + 0.2 * torch.randn(value.shape, generator=generator)
        else:
            value.data = 0.3 * torch.randn(value.shape, generator=generator)
    kind = type(model)
    model.to(dtype).save_pretrained(f"{here}/{name}", **saving)
    # Read again: .float() would leave the rotary frequencies rounded to the stored type.
    model = kind.from_pretrained(
        f"{here}/{name}", dtype=torch.float32, attn_implementation="eager").eval()
    tokens = torch.tensor([[(i * 7 + 3) % 61 for i in range(48)]])
    with torch.no_grad():
        np.save(f"{here}/{name}/logits_f32.npy", model(tokens).logits[0].numpy())
    os.remove(f"{here}/{name}/generation_config.json")


make_tokenizers()
sizes = dict(vocab_size=61, intermediate_size=40, num_hidden_layers=2,
             max_position_embeddings=64, attn_implementation="eager")
make_model("llama3", LlamaForCausalLM(LlamaConfig(
    hidden_size=48, num_attention_heads=6, num_key_value_heads=2, attention_bias=True,
    tie_word_embeddings=False, rope_parameters=dict(
        # Wavelengths of 6 to 35 tokens: one kept, two on the ramp, one scaled.
        rope_type="llama3", rope_theta=10.0, factor=8.0, low_freq_factor=1.0,
        high_freq_factor=4.0, original_max_position_embeddings=32), **sizes)),
    torch.bfloat16, max_shard_size="20KB")
make_model("qwen2", Qwen2ForCausalLM(Qwen2Config(
    hidden_size=40, num_attention_heads=5, num_key_value_heads=1, head_dim=12, **sizes)),
    torch.float32)
