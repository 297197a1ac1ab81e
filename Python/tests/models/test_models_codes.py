"""Models of transformers that attend on codes: each layer's attention, against double precision on what its cache holds."""

import numpy as np
import pytest
from attention_model import attention
from small_models import (
    KINDS,
    NIGHTLY,
    generate,
    held,
    logits,
    prompts,
    random_model,
    torch,
    trained_model,
    transformers,
)

from swift_turboquant.transformers import TurboQuantCache


class Checked:
    """The attention function, each of whose outputs is compared. What it should compute is taken from the model's call, not
    from the options of the cache."""

    def __init__(self, bits, monkeypatch, every=1):
        self.bits, self.every = bits, every
        self.calls, self.checks, self.worst = 0, 0, 0.0
        self.function = transformers.AttentionInterface._global_mapping["turboquant"]
        monkeypatch.setitem(transformers.AttentionInterface._global_mapping, "turboquant", self)

    def __call__(self, module, query, key, value, mask, **options):
        layer = key.layer
        is_prompt = layer.length == 0
        output, weights = self.function(module, query, key, value, mask, **options)
        self.calls += 1
        if is_prompt and layer.plan.prompt == "floats" or self.calls % self.every:
            return output, weights
        reals = torch.ones(query.shape[0], query.shape[2], dtype=torch.bool)
        if mask is not None:
            reals = mask[:, 0].diagonal(dim1=-2, dim2=-1)
        for row, queries, real, found in zip(layer.rows, query, reals, output, strict=True):
            expected, bound = attention(
                row.cache, queries[:, real].numpy(), scale=options["scaling"],
                sliding_window=options.get("sliding_window") or layer.kind.sliding_window,
                logit_cap=options.get("softcap"), bits=self.bits,
                sink_logits=None if options.get("s_aux") is None else options["s_aux"].detach().numpy(),
            )  # fmt: skip
            difference = np.abs(found[real].transpose(0, 1).numpy() - expected)
            self.worst = max(self.worst, (difference / bound).max())
            self.checks += 1
        return output, weights


# At night each kind at all bits.
@pytest.mark.parametrize(
    ("kind", "bits"),
    [
        (kind, bits)
        for number, kind in enumerate(KINDS)
        for bits in (4, 3, 2)
        if NIGHTLY or bits == 4 - number % 3
    ],
)
def test_attention_of_each_layer(kind, bits, monkeypatch):
    model, inputs = random_model(kind), prompts()
    cache = TurboQuantCache.for_model(model, keys=bits, values=bits)
    checked = Checked(bits, monkeypatch, every=5)  # of four layers each
    generate(model, inputs, cache, count=41)
    assert checked.checks == 3 * (164 // 5)
    assert checked.worst <= 1, f"{checked.worst:.2f} of the bound"


@pytest.mark.parametrize("options", [
    {"prompt": "codes"}, {"window": 8}, {"sinks": 2, "window": 4}, {"centering": None}, {"keys": 8},
], ids=str)  # fmt: skip
def test_options(options, monkeypatch):
    model, inputs = random_model("gemma2"), prompts()
    cache = TurboQuantCache.for_model(model, **options)
    checked = Checked(4, monkeypatch)
    generate(model, inputs, cache, count=8)
    assert checked.checks
    assert checked.worst <= 1, f"{checked.worst:.2f} of the bound"
    full, sliding = cache.layers[1].rows[0].cache, cache.layers[0].rows[0].cache
    assert (full.memory.centers > 0) == (options.get("centering", "auto") is not None)
    assert (sliding.memory.exact > 0) == ("window" in options)
    assert full.memory.exact >= sliding.memory.exact
    assert (full.memory.exact > sliding.memory.exact) == ("sinks" in options)


def test_a_prompt_attends_to_floats_or_codes():
    model, inputs = random_model("llama"), prompts()
    expected = generate(model, inputs, count=1)
    for prompt, is_exact in (("floats", True), ("codes", False)):
        cache = TurboQuantCache.for_model(model, keys=2, values=2, prompt=prompt)
        found = generate(model, inputs, cache, count=1)
        difference = (logits(found) - logits(expected)).abs().max()
        assert (difference < 1e-4) == is_exact


def test_centring_knows_the_rotary_embedding():
    for kind, pairs in (("llama", 8), ("llama3-rope", 8), ("gemma3_text", 8), ("phi3-partial", 4),
                        ("gpt_oss", 8)):  # fmt: skip
        model = random_model(kind)
        cache = TurboQuantCache.for_model(model)
        generate(model, prompts(), cache, count=1)
        for layer in cache.layers:
            assert layer.rotary is not None, kind
            assert layer.rotary.pairing == "halves"
            assert len(layer.rotary.frequencies) == pairs
    # Gemma 3's local and global layers turn at different speeds.
    model = random_model("gemma3_text")
    cache = TurboQuantCache.for_model(model)
    generate(model, prompts(), cache, count=1)
    assert not np.allclose(cache.layers[0].rotary.frequencies, cache.layers[1].rotary.frequencies)


def test_centring_of_pairs_of_neighbours():
    model = random_model("cohere", num_hidden_layers=2)
    cache = TurboQuantCache.for_model(model, centering="rotary-mean")
    generate(model, prompts(), cache, count=2)
    assert cache.layers[0].rotary.pairing == "neighbours"


def test_centring_where_frequencies_change():
    rope = {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}
    model, inputs = random_model("llama", rope_parameters=rope), prompts()
    cache = TurboQuantCache.for_model(model)
    generate(model, inputs, cache, count=2)
    assert cache.layers[0].rotary is None
    assert cache.layers[0].rows[0].cache.memory.centers  # "mean"
    cache = TurboQuantCache.for_model(model, centering="rotary-mean")
    with pytest.raises(ValueError, match="LlamaForCausalLM: centering='rotary-mean' needs"):
        generate(model, inputs, cache, count=2)


def test_centring_takes_biases_out():
    """Keys with a bias, as Qwen2's have: most of what four bits of keys lose is gone."""
    model, inputs = random_model("qwen2"), prompts(length=200)
    torch.nn.init.normal_(model.model.layers[0].self_attn.k_proj.bias, std=20)
    keys = []
    for options in ({"keys": "float32"}, {"centering": None}, {"centering": "mean"}, {}):
        cache = TurboQuantCache.for_model(model, **options)
        generate(model, inputs, cache, count=1)
        keys.append(cache.layers[0].rows[0].cache.decode(1)[0])
    without, mean, rotary = (np.abs(x - keys[0]).mean() for x in keys[1:])
    # Errors are a tenth of the length: of biases of 20 a coordinate, or of the rest, 1.6 a coordinate.
    assert rotary < without / 5
    assert rotary < mean / 2


def test_the_first_tokens_stay_exact_until_they_are_centred():
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model)
    generate(
        model, prompts(length=40), cache, count=3
    )  # the last token is not appended: 42, 29 and 35
    memories = [row.cache.memory for row in cache.layers[0].rows]
    assert [memory.centers > 0 for memory in memories] == [True, False, True]
    assert [memory.exact > 0 for memory in memories] == [False, True, False]
    cache = TurboQuantCache.for_model(model, centering=None)
    generate(model, prompts(length=40), cache, count=3)
    assert not any(row.cache.memory.exact for row in cache.layers[0].rows)


@pytest.mark.parametrize(
    ("kind", "pairs", "pairing"),
    [("llama", 8, "halves"), ("gpt_neox", 2, "halves"), ("glm4", 4, "neighbours"), ("nemotron", 4, "halves"),
     ("phi", 4, "halves"), ("stablelm", 2, "halves"), ("phi3-partial", 4, "halves"), ("cohere2", 8, "neighbours")],
)  # fmt: skip
def test_rotary_embeddings_are_those_of_the_keys(kind, pairs, pairing):
    """The first layer's keys of one token again and again are one key, turned."""
    model = random_model(kind)
    cache = TurboQuantCache.for_model(model, keys="float32", centering="rotary-mean")
    tokens = torch.full((1, 40), 7)
    generate(
        model, {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}, cache, count=1
    )
    layer = cache.layers[0]
    keys = layer.rows[0].cache.decode(0)[0].astype(float)
    assert (len(layer.rotary.frequencies), layer.rotary.pairing) == (pairs, pairing)
    expected = np.repeat(keys[:1], 40, 0)
    one, two = (slice(0, pairs), slice(pairs, 2 * pairs))
    if pairing == "neighbours":
        one, two = (slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2))
    angle = np.arange(40)[:, None] * layer.rotary.frequencies
    x, y = expected[:, one].copy(), expected[:, two].copy()
    expected[:, one] = x * np.cos(angle) - y * np.sin(angle)
    expected[:, two] = x * np.sin(angle) + y * np.cos(angle)
    # float32 at angles up to 39 radians.
    assert np.abs(keys - expected).max() < 1e-4 * np.abs(keys).max()
    assert np.abs(keys - keys[0]).max() > 0.1 * np.abs(keys).max()


def test_four_bits_of_a_trained_model():
    """All tokens given, each attends to codes. The model's own note has a loss .0060 ± .0006 higher for 4 bits without centring."""
    model, folder = trained_model()
    tokens = torch.from_numpy(
        np.load(folder / "reference/windows_i32.npy")[:4, :600].astype(np.int64)
    )
    with torch.no_grad():
        expected = model(tokens).logits
        cache = TurboQuantCache.for_model(model, prompt="codes")
        found = model(tokens, **held(cache)).logits
    losses = [
        torch.nn.functional.cross_entropy(x[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
        for x in (found, expected)
    ]
    agreement = (found.argmax(-1) == expected.argmax(-1)).float().mean()
    print(f"loss {losses[0] - losses[1]:+.4f}, greedy tokens equal: {agreement:.4f}")
    # The standard error of 2,400 tokens is .002. The model is unsure, so that a twentieth of its first choices change.
    assert abs(losses[0] - losses[1]) < 0.015
    assert agreement > 0.92
