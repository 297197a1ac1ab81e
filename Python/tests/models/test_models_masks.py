"""Masks of models of transformers: none is a table where it is causal, and what stands for one says the same."""

import numpy as np
import pytest
from small_models import generate, held, prompts, random_model, torch
from transformers import masking_utils as masking

from swift_turboquant.transformers import TurboQuantCache
from swift_turboquant.transformers._causal_mask import CausalMask
from swift_turboquant.transformers._float_attention import Softmax, float_attention
from swift_turboquant.transformers._mask import new_tokens_mask

LEFT = [[0] * 7 + [1] * 13, [1] * 20]
PADDING = {"none": [[1] * 20] * 2, "left": LEFT, "right": [[1] * 15 + [0] * 5, [1] * 20],
           "all": [[0] * 20, [1] * 20]}  # fmt: skip
BETWEEN = [[0] * 3 + [1] * 5 + [0] * 4 + [1] * 8, [1] * 20]


def arguments(padding, function, size=None, **options):
    padding = torch.tensor(padding, dtype=torch.bool)
    rows, count = padding.shape
    return {"batch_size": rows, "q_length": count, "kv_length": count, "mask_function": function,
            "attention_mask": padding, "local_size": size, **options}  # fmt: skip


@pytest.mark.parametrize("window", [None, 1, 6, 19, 20, 100])
@pytest.mark.parametrize("padding", PADDING)
def test_what_stands_for_a_table(padding, window):
    function = (masking.causal_mask_function if window is None
                else masking.sliding_window_causal_mask_function(window))  # fmt: skip
    asked = arguments(PADDING[padding], function, window)
    expected = masking.sdpa_mask(**asked, allow_is_causal_skip=False)
    found = new_tokens_mask(**asked)
    if padding == "none" and (window is None or window >= 20):
        assert found is None
        assert torch.equal(expected, torch.ones(20, 20, dtype=torch.bool).tril().expand(2, 1, -1, -1))  # fmt: skip
        return
    assert isinstance(found, CausalMask)
    assert (found.shape, found.dtype, found.device) == (expected.shape, torch.bool, expected.device)
    assert torch.equal(found.table(), expected)
    # Whoever works on the mask, works on the table.
    assert torch.equal(found & expected.flip(-1), expected & expected.flip(-1))
    assert torch.equal(found[:, :, 3:], expected[:, :, 3:])
    assert torch.equal(torch.where(found, 0.0, -1.0), torch.where(expected, 0.0, -1.0))
    assert not isinstance(found[:, :, 3:], CausalMask)


def test_new_tokens_behind_others():
    """Of a TurboQuantCache, which asks for masks of the new tokens alone."""
    padding = torch.tensor([[0] * 7 + [1] * 23, [1] * 20 + [0] * 4 + [1] * 6], dtype=torch.bool)
    asked = {"batch_size": 2, "q_length": 10, "kv_length": 10, "q_offset": 20, "kv_offset": 20,
             "mask_function": masking.causal_mask_function, "attention_mask": padding}  # fmt: skip
    found = new_tokens_mask(**asked)
    assert isinstance(found, CausalMask)
    assert torch.equal(found.table(), masking.sdpa_mask(**asked, allow_is_causal_skip=False))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (arguments(BETWEEN, masking.sliding_window_causal_mask_function(6), 6), "padding in a window"),
        (arguments(LEFT, masking.chunked_causal_mask_function(6, torch.tensor([7, 0])), 6), "chunks"),
        (arguments(LEFT, masking.or_masks(masking.causal_mask_function, lambda b, h, q, k: k < 9)), "a prefix"),
        (arguments(LEFT, masking.causal_mask_function, allow_is_causal_skip=False), "asked for"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)  # fmt: skip
def test_other_masks_are_tables(asked, reason):
    found = new_tokens_mask(**asked)
    assert not isinstance(found, CausalMask), reason
    assert torch.equal(found, masking.sdpa_mask(**{**asked, "allow_is_causal_skip": False}))


@pytest.mark.parametrize("window", [None, 1, 100, 300])
@pytest.mark.parametrize("softmax", [
    Softmax(), Softmax(scale=0.3, logit_cap=2.0), Softmax(sink_logits=torch.tensor([1.0, -2, 0, 3])),
], ids=["plain", "cap", "sinks"])  # fmt: skip
def test_attention_by_rows_and_windows(softmax, window):
    """More queries than are taken at a time; against the table."""
    generator = torch.Generator().manual_seed(4)
    count = 600
    q = torch.randn(3, 4, count, 8, generator=generator)
    k, v = (torch.randn(3, 2, count, d, generator=generator) for d in (8, 5))
    real = torch.ones(3, count, dtype=torch.bool)
    real[1, :270] = real[2, 500:] = False
    for padding in (real, None):
        mask = CausalMask.of(3, count, padding, window)
        found = float_attention(q, k, v, mask, softmax, causal=True).transpose(1, 2)
        expected = float_attention(q, k, v, mask.table(), softmax, causal=True).transpose(1, 2)
        assert found.isfinite().all()
        assert (found - expected)[real].abs().max() < 1e-5
    # The table itself, in double precision.
    query, key, value = q[1, 3, 599].double(), k[1, 1].double(), v[1, 1].double()
    scores = key @ query * (8**-0.5 if softmax.scale is None else softmax.scale)
    if softmax.logit_cap is not None:
        scores = softmax.logit_cap * torch.tanh(scores / softmax.logit_cap)
    sees = real[1] & (torch.arange(count) > (-1 if window is None else 599 - window))
    weights = torch.where(sees, scores, -torch.inf).exp()
    total = weights.sum() + (0 if softmax.sink_logits is None else softmax.sink_logits[3].exp())
    mask = CausalMask.of(3, count, real, window)
    found = float_attention(q, k, v, mask, softmax, causal=True)[1, 3, 599]
    assert np.allclose(found, weights @ value / total, atol=1e-5)


@pytest.mark.parametrize("kind", ["llama", "gemma2"])
def test_no_table_is_made(kind, monkeypatch):
    model = random_model(kind, max_position_embeddings=1024)
    inputs = prompts(length=600, padding=(0, 13, 300))
    expected = generate(model, inputs, count=3)

    def table(mask):
        raise AssertionError("the table of a mask was made")

    monkeypatch.setattr(CausalMask, "table", table)
    for options in ({}, {"prompt": "codes"}):
        cache = TurboQuantCache.for_model(model, keys="float32", values="float32", **options)
        found = generate(model, inputs, cache, count=3)
        assert torch.equal(found.sequences, expected.sequences)
    with torch.no_grad():
        model(**inputs, use_cache=False)  # without a cache neither


def test_a_window_that_the_mask_does_not_have(monkeypatch):
    """A layer with a sliding window whose model makes one mask for all layers."""
    model = random_model("gemma2")
    monkeypatch.setattr(
        "transformers.models.gemma2.modeling_gemma2.create_sliding_window_causal_mask",
        masking.create_causal_mask,
    )
    with (
        pytest.raises(ValueError, match="Gemma2ForCausalLM: the attention mask has a window of None, .* of 24"),
        torch.no_grad(),
    ):  # fmt: skip
        model(**prompts(), **held(TurboQuantCache.for_model(model)))
