"""What a TurboQuantCache refuses: the error names the model and says what to do."""

import copy
import subprocess
import sys

import pytest
from small_models import (
    KINDS,
    generate,
    held,
    logits,
    prompts,
    random_model,
    torch,
    transformers,
)

from swift_turboquant.transformers import TurboQuantCache, _versions


def small(kind, base=transformers.AutoModelForCausalLM, **options):
    return base.from_config(transformers.CONFIG_MAPPING[kind](**options))


def test_a_cache_of_another_model():
    model, other, deeper = (
        random_model("llama", **x) for x in ({}, {"seed": 2}, {"num_hidden_layers": 6})
    )
    cache = TurboQuantCache.for_model(model)
    # Attention that knows nothing of codes would see the new tokens alone.
    with pytest.raises(
        RuntimeError, match=r"LlamaForCausalLM: its cache keeps codes.*set_attn_implementation"
    ):
        generate(other, prompts(), cache)
    for another in (other, deeper):
        TurboQuantCache.for_model(another)
        cache = TurboQuantCache.for_model(model)
        with pytest.raises(RuntimeError, match="made for LlamaForCausalLM"):
            generate(another, prompts(), cache)
        cache = TurboQuantCache.for_model(model)
        generate(model, prompts(), cache, count=3)
        with pytest.raises(RuntimeError, match="made for LlamaForCausalLM"):
            generate(another, prompts(length=50), cache)


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_attention_that_was_changed(implementation):
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model)
    expected = generate(model, prompts(), cache, count=3)
    cache.reset()
    model.set_attn_implementation(implementation)
    with pytest.raises(RuntimeError, match="its cache keeps codes"):
        generate(model, prompts(), cache, count=3)
    model.set_attn_implementation("turboquant")
    assert torch.equal(generate(model, prompts(), cache, count=3).sequences, expected.sequences)


def test_a_cache_used_twice():
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model)
    expected = generate(model, prompts(), cache, count=3)
    for length in (10, 40, 42):  # transformers takes none, some or all of their tokens for new ones
        for padding in ((), (0, 1, 2)):
            with pytest.raises(
                RuntimeError, match=r"For another text empty the cache with reset\(\)"
            ):
                generate(model, prompts(length=length, padding=padding, seed=3), cache, count=3)
    with pytest.raises(RuntimeError, match=r"begin at position 42, expected 29.*reset\(\)"):
        generate(
            model, prompts(length=50, padding=()), cache, count=3
        )  # without the padding of the first
    with pytest.raises(RuntimeError, match=r"holds 3 sequences, and the batch has 2.*reset\(\)"):
        generate(model, prompts(batch=2, length=50), cache, count=3)
    assert [len(row.cache) for row in cache.layers[3].rows] == [42, 29, 35]
    cache.reset()
    assert cache.nbytes == 0
    found = generate(model, prompts(), cache, count=3)
    assert (logits(found) == logits(expected)).all()


def test_gradients():
    model, inputs = random_model("llama"), prompts()
    cache = TurboQuantCache.for_model(model)
    with pytest.raises(
        TypeError, match=r"LlamaForCausalLM: keys and values require a gradient.*no_grad"
    ):
        model(**inputs, **held(cache))
    for layer in model.model.layers:
        for projection in (layer.self_attn.k_proj, layer.self_attn.v_proj):
            projection.requires_grad_(False)
    model.model.embed_tokens.requires_grad_(False)
    model.model.layers[0].input_layernorm.requires_grad_(False)
    cache = TurboQuantCache.for_model(model)
    with pytest.raises(TypeError, match="LlamaForCausalLM: queries require a gradient"):
        model(**inputs, **held(cache))


def test_gradients_without_a_cache():
    """Training is what it was."""
    model, inputs = random_model("gpt_oss"), prompts()
    gradients = []
    for change in (lambda: None, lambda: TurboQuantCache.for_model(model)):
        change()
        model.zero_grad()
        (
            model(**inputs, use_cache=False).logits * inputs["attention_mask"][..., None]
        ).square().sum().backward()
        gradients.append(
            torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
        )
    assert (gradients[0] - gradients[1]).norm() < 1e-3 * gradients[0].norm()


def test_other_devices():
    with pytest.raises(
        TypeError, match=r"is on meta, and codes are attended to on the CPU.*to\('cpu'\)"
    ):
        TurboQuantCache.for_model(random_model("llama").to("meta"))
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model)
    model.to("meta")
    with pytest.raises(TypeError, match="LlamaForCausalLM runs on meta"), torch.no_grad():
        model(torch.ones(1, 4, dtype=torch.long, device="meta"), **held(cache))


def test_training_with_dropout():
    model = random_model("llama", attention_dropout=0.1).train()
    cache = TurboQuantCache.for_model(model)
    with (
        pytest.raises(ValueError, match=r"LlamaForCausalLM: there is no dropout.*eval\(\)"),
        torch.no_grad(),
    ):
        model(**prompts(), **held(cache))


@pytest.mark.parametrize("kind", ["llama", "gemma2"])
def test_dropout_without_a_cache(kind):
    """Without a cache of ours there is dropout, and its mean is right."""
    model = random_model(kind, attention_dropout=0.2)
    tokens = prompts(padding=())["input_ids"][:, :8]
    attention = model.model.layers[0].self_attn
    outputs = []
    attention.register_forward_hook(lambda module, given, output: outputs.append(output[0]))
    TurboQuantCache.for_model(model)
    with torch.no_grad():
        model(tokens, use_cache=False)
        model.train()
        model(tokens.repeat(500, 1), use_cache=False)
    samples = outputs[1].view(500, *outputs[0].shape)
    assert samples.std(0).mean() > 0.05 * outputs[0].std()
    # The standard error of 500.
    error = (samples.mean(0) - outputs[0]).abs().mean() / (samples.std(0).mean() / 500**0.5)
    assert error < 1.5


def test_weights_of_attention():
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model)
    with pytest.raises(ValueError, match="output_attentions"):
        generate(model, prompts(), cache, output_attentions=True)


def test_masks_of_other_shapes():
    model, tokens = random_model("llama"), prompts(padding=())["input_ids"]
    with torch.no_grad():
        cache = TurboQuantCache.for_model(model)
        apart = torch.ones(40, 40, dtype=torch.bool).tril()[None, None].repeat(3, 1, 1, 1)
        apart[..., 20:, :20] = False  # two texts, one after the other
        with pytest.raises(ValueError, match="sees 20 tokens of its prompt, expected 40"):
            model(tokens, attention_mask=apart, **held(cache))
        cache = TurboQuantCache.for_model(model, prompt="codes")
        with pytest.raises(ValueError, match="masks other than causal ones"):
            model(tokens, attention_mask=apart, **held(cache))
        cache = TurboQuantCache.for_model(model)
        model(tokens, **held(cache))
        with pytest.raises(
            ValueError, match=r"has shape \(3, 1, 1, 41\), expected \(batch, 1, 1, 1\)"
        ):
            model(
                tokens[:, :1],
                attention_mask=torch.ones(3, 1, 1, 41, dtype=torch.bool),
                **held(cache),
            )
        each_head = torch.ones(3, 4, 40, 40, dtype=torch.bool).tril()
        with pytest.raises(
            ValueError, match=r"has shape \(3, 4, 40, 40\), expected \(batch, 1, 40, 40\)"
        ):
            model(tokens, attention_mask=each_head, **held(TurboQuantCache.for_model(model)))
        biased = torch.zeros(3, 1, 40, 40).masked_fill(~apart, -1.0)
        with pytest.raises(ValueError, match="has other numbers than 0"):
            model(tokens, attention_mask=biased, **held(TurboQuantCache.for_model(model)))


def test_padding_within_a_sliding_window():
    model, inputs = random_model("mistral"), prompts()
    cache = TurboQuantCache.for_model(model)
    flipped = {name: x.flip(1) for name, x in inputs.items()}
    with pytest.raises(
        ValueError, match="MistralForCausalLM: row 1 has padding after tokens.*on the left"
    ):
        generate(model, flipped, cache)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: small("mamba", hidden_size=32, num_hidden_layers=2, vocab_size=50), "layer 0"),
        (lambda: small("t5", transformers.AutoModelForSeq2SeqLM, d_model=32, d_ff=32, num_layers=1, vocab_size=50),
         "has an encoder"),
        (lambda: small("llama4_text", hidden_size=32, intermediate_size=32, intermediate_size_mlp=32,
                       num_hidden_layers=4, num_attention_heads=2, num_key_value_heads=2, head_dim=16,
                       vocab_size=50, num_local_experts=2), "attends in chunks"),
    ],
    ids=["mamba", "t5", "llama4"],
)  # fmt: skip
def test_models_that_cannot(make, reason):
    model = make()
    before = model.config._attn_implementation
    with pytest.raises(ValueError, match=f"{type(model).__name__}.*{reason}"):
        TurboQuantCache.for_model(model)
    assert model.config._attn_implementation == before


@pytest.mark.parametrize("kind", ["diffllama", "doge"])
def test_models_that_work_on_cached_keys(kind):
    model = random_model(kind)
    cache = TurboQuantCache.for_model(model)
    with pytest.raises(
        RuntimeError, match=f"{type(model).__name__}: .*works on keys and values between cache"
    ):
        generate(model, prompts(), cache)


def test_a_model_that_changes_keys_after_the_cache(monkeypatch):
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model)
    update = TurboQuantCache.update

    def changed(self, k, v, i, **options):
        k, v = update(self, k, v, i, **options)
        return k.repeat_interleave(2, 1), v

    monkeypatch.setattr(TurboQuantCache, "update", changed)
    with pytest.raises(RuntimeError, match="works on keys and values between cache and attention"):
        generate(model, prompts(), cache)
    monkeypatch.setattr(
        TurboQuantCache,
        "update",
        lambda self, k, v, i, **o: (update(self, k, v, i, **o), (k, v))[1],
    )
    with pytest.raises(RuntimeError, match="or did not attend on codes"):
        generate(model, prompts(), cache)


def test_a_forward_pass_that_fails_halfway(monkeypatch):
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model)
    expected = generate(model, prompts(), cache, count=3).sequences
    cache.reset()
    projection = model.model.layers[2].self_attn.v_proj
    with torch.no_grad(), monkeypatch.context() as patch:
        patch.setattr(projection, "forward", lambda x: torch.full((3, x.shape[1], 32), torch.nan))
        with pytest.raises(ValueError, match="nan"):
            model(**prompts(), **held(cache))
    for broken in (copy.deepcopy(cache), cache):
        with pytest.raises(RuntimeError, match=r"a forward pass failed.*\s*.*reset\(\)"):
            generate(model, prompts(length=50), broken)
    cache.reset()
    assert torch.equal(generate(model, prompts(), cache, count=3).sequences, expected)


def test_arguments():
    model = random_model("llama")
    for wrong in (model.config, torch.nn.Linear(2, 2), "llama"):
        with pytest.raises(TypeError, match="expected a model of transformers"):
            TurboQuantCache.for_model(wrong)
    for options in ({"keys": 9}, {"values": 0}, {"keys": "int8"}, {"centering": "median"}, {"prompt": "none"},
                    {"window": -1}):  # fmt: skip
        with pytest.raises(ValueError):
            TurboQuantCache.for_model(model, **options)
    assert model.config._attn_implementation == "eager"


@pytest.mark.parametrize("version", ["4.57.1", "5.15.1", "5.25.0", "6.0.0.dev0", "unknown"])
def test_versions_that_are_not_supported(version):
    with pytest.raises(
        ImportError, match=r"works with versions from .*swift-turboquant\[transformers\]"
    ):
        _versions.check(version)


def test_transformers_is_not_imported():
    program = "import sys, swift_turboquant; print({'torch', 'transformers'} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "set()\n"


def test_all_kinds_are_here():
    """The kinds that the documentation names."""
    named = {"llama", "qwen2", "qwen3", "mistral", "gemma2", "gemma3_text", "phi3", "gpt_oss"}
    assert named <= set(KINDS)
