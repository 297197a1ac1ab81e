"""Models of transformers whose keys become codes in a metric of their own."""

import numpy as np
import pytest
from small_models import generate, held, prompts, random_model, torch, transformers

from swift_turboquant import Equalization, KVStatistics, load_calibration, save_calibration
from swift_turboquant.transformers import TurboQuantCache


def uneven_model():
    """Queries read channels that are large in keys less than others."""
    model = random_model("qwen3")
    generator = torch.Generator().manual_seed(6)
    for layer in model.model.layers:
        factors = torch.exp(1.5 * torch.randn(8, generator=generator)).repeat(2)  # alike for a pair
        layer.self_attn.k_norm.weight.data = factors
        layer.self_attn.q_norm.weight.data = 2 / factors
    return model


def calibration_of(model, kind, monkeypatch):
    """From what its attention is asked for, without padding."""
    statistics = [KVStatistics(4, 2, 16) for _ in model.model.layers]
    function = transformers.AttentionInterface._global_mapping["turboquant"]

    def attention(module, query, key, value, *arguments, **options):
        for k, q in zip(key, query, strict=True):
            statistics[module.layer_idx].add(k, q)
        return function(module, query, key, value, *arguments, **options)

    TurboQuantCache.for_model(model)
    with monkeypatch.context() as patch, torch.no_grad():
        patch.setitem(transformers.AttentionInterface._global_mapping, "turboquant", attention)
        model(**prompts(length=300, padding=(), seed=9), use_cache=False)
    return [each.equalization(kind) for each in statistics]


@pytest.mark.parametrize("kind", ["diagonal", "matrix"])
def test_errors_get_smaller(kind, monkeypatch, tmp_path):
    model, inputs = uneven_model(), prompts(length=60)
    layers = calibration_of(model, kind, monkeypatch)
    save_calibration(tmp_path / "model.tqeq", [None, *layers[1:]])
    seen = inputs["attention_mask"].bool()
    with torch.no_grad():
        expected = model(**inputs, use_cache=False).logits[seen]
        errors = []
        for equalization in (None, iter(layers), load_calibration(tmp_path / "model.tqeq")):
            cache = TurboQuantCache.for_model(
                model, keys=3, values="float32", prompt="codes", equalization=equalization
            )
            errors.append((model(**inputs, **held(cache)).logits[seen] - expected).norm())
    without, all_layers, but_one = errors
    assert all_layers < without / 2.5
    assert all_layers < but_one < without
    # Rows have it too when they are forked and selected.
    generate(model, prompts(length=60), TurboQuantCache.for_model(model, equalization=layers), num_beams=2, count=3)  # fmt: skip


def test_calibrations_of_other_models():
    model = random_model("llama")
    fitting, dimension, heads = (
        Equalization(np.ones(shape)) for shape in ((2, 16), (2, 8), (3, 16))
    )
    with pytest.raises(ValueError, match="equalization is of 3 layers, and LlamaForCausalLM has 4"):
        TurboQuantCache.for_model(model, equalization=[None] * 3)
    for other, found in ((dimension, "2 × 8"), (heads, "3 × 16")):
        cache = TurboQuantCache.for_model(model, equalization=[fitting, None, other, None])
        with pytest.raises(
            ValueError, match=f"LlamaForCausalLM: layer 2 has 2 × 16 keys, its equalization {found}"
        ):
            generate(model, prompts(), cache, count=2)
    for wrong in (fitting, [1, 2, 3, 4], 5):
        with pytest.raises(TypeError):
            TurboQuantCache.for_model(model, equalization=wrong)
    with pytest.raises(ValueError):  # floats are kept as they are, whatever the metric
        TurboQuantCache.for_model(model, keys="float32", equalization=[fitting] * 4)
