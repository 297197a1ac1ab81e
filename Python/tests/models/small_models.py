"""Small models of transformers with random weights, one of each kind that attends on codes."""

import pytest
from documents import ROOT
from hypothesis import settings

# Loudly: `pytest -rs` and the CI's log show the reason.
torch = pytest.importorskip("torch", reason="no torch: models of transformers are not tested")
transformers = pytest.importorskip(
    "transformers", reason="no transformers: attention on codes in generate() is not tested"
)

from transformers import CONFIG_MAPPING, AutoModelForCausalLM

COMMON = {
    "vocab_size": 96, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 4,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 512,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": None, "initializer_range": 0.2,
}  # fmt: skip
# In the profile "nightly" all cases, and long texts.
NIGHTLY = settings().max_examples > 1000
STEPS = 200 if NIGHTLY else 40
ALTERNATING = ["sliding_attention", "full_attention"] * 2
WINDOW = 24

# What each kind has beside rotary embeddings and grouped queries.
KINDS = {
    "llama": {},
    "llama3-rope": {"model_type": "llama", "rope_parameters": {
        "rope_type": "llama3", "rope_theta": 10000.0, "factor": 4.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 64}},
    "cohere": {},
    "qwen2": {},
    "qwen2-sliding": {"model_type": "qwen2", "use_sliding_window": True, "max_window_layers": 2,
                      "sliding_window": WINDOW},
    "qwen3": {},
    "mistral": {"sliding_window": WINDOW},
    "gemma2": {"sliding_window": WINDOW, "layer_types": ALTERNATING, "query_pre_attn_scalar": 24,
               "attn_logit_softcapping": 3.0, "final_logit_softcapping": 30.0},
    "gemma3_text": {"sliding_window": WINDOW, "layer_types": ALTERNATING, "query_pre_attn_scalar": 24},
    "phi3": {},
    "phi3-partial": {"model_type": "phi3", "sliding_window": WINDOW, "partial_rotary_factor": 0.5,
                     "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0,
                                         "partial_rotary_factor": 0.5}},
    "gpt_oss": {"sliding_window": WINDOW, "layer_types": ALTERNATING, "num_local_experts": 4,
                "num_experts_per_tok": 2},
}  # fmt: skip


def random_model(kind, seed=1, **changes):
    """A model of a kind, in float32, with the attention that transformers calls eager."""
    options = {**COMMON, **KINDS.get(kind, {}), **changes}
    config = CONFIG_MAPPING[options.pop("model_type", kind)](**options)
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    for module in model.modules():
        if isinstance(getattr(module, "sinks", None), torch.nn.Parameter):
            torch.nn.init.normal_(module.sinks, std=2)
    return model


def held(cache):
    """A cache as the argument of a model, whose name has changed in 5.24."""
    is_new = tuple(map(int, transformers.__version__.split(".")[:2])) >= (5, 24)
    return {"cache" if is_new else "past_key_values": cache}


def prompts(batch=3, length=40, vocabulary=96, padding=(0, 13, 7), seed=2):
    """Tokens (batch, length), and their mask: left padding."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(2, vocabulary, (batch, length), generator=generator)
    mask = torch.ones_like(tokens)
    for row, count in zip(range(batch), padding):
        tokens[row, :count] = 0
        mask[row, :count] = 0
    return {"input_ids": tokens, "attention_mask": mask}


def generate(model, inputs, cache=None, count=60, **options):
    """What `generate` returns, greedy and with logits unless asked otherwise."""
    options = {"do_sample": False, "output_logits": True, "return_dict_in_generate": True,
               "max_new_tokens": count, "min_new_tokens": count, "pad_token_id": 0, **options}  # fmt: skip
    if cache is not None:
        options |= held(cache)
    return model.generate(**inputs, **options)


def logits(output):
    """Those of `generate`, (steps, batch, vocabulary)."""
    return torch.stack(output.logits)


def trained_model():
    """A model that was trained, 4 layers of 2 × 64, and its folder."""
    folder = ROOT / "Examples/LlamaRunner/Models/tiny-llama"
    if not folder.is_dir():
        pytest.skip("not in a clone: the trained model is not there")
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    return model.eval(), folder
