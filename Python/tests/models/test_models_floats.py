"""Models of transformers with caches of float32 in the place of codes: as with transformers' own cache."""

import json

import numpy as np
import pytest
from small_models import (
    KINDS,
    NIGHTLY,
    STEPS,
    generate,
    held,
    logits,
    prompts,
    random_model,
    torch,
    trained_model,
)

from swift_turboquant import KVCache
from swift_turboquant.transformers import TurboQuantCache

FLOATS = {"keys": "float32", "values": "float32"}
# At night each kind with both.
CASES = [
    (kind, prompt)
    for number, kind in enumerate(KINDS)
    for prompt in ("floats", "codes")
    if NIGHTLY or prompt == ("floats", "codes")[number % 2]
]


def check(found, expected):
    # Sums in another order: some 1e-6 of logits of about 10.
    difference = (logits(found) - logits(expected)).abs().max()
    assert difference < 1e-4, f"logits differ by {difference}"
    assert torch.equal(found.sequences, expected.sequences)


@pytest.mark.parametrize(("kind", "prompt"), CASES)
def test_every_kind_of_model(kind, prompt):
    model, inputs = random_model(kind), prompts()
    expected = generate(model, inputs, count=STEPS)
    # A model whose logits hardly depend on what it attends to would pass with any cache.
    other = generate(
        model, {**inputs, "attention_mask": torch.ones_like(inputs["attention_mask"])}, count=1
    )
    assert (logits(other)[0] - logits(expected)[0]).abs().max() > 0.05
    cache = TurboQuantCache.for_model(model, **FLOATS, prompt=prompt)
    check(generate(model, inputs, cache, count=STEPS), expected)
    assert [len(row.cache) for row in cache.layers[0].rows] == [39 + STEPS - n for n in (0, 13, 7)]


# Neighbours as pairs, partial and learned positions, scales of their own, experts.
@pytest.mark.parametrize(
    "kind",
    ["cohere2", "ernie4_5", "exaone4", "glm4", "gpt2", "gpt_neox", "granite", "mixtral", "nemotron", "olmo3",
     "opt", "phi", "stablelm", "starcoder2"],
)  # fmt: skip
def test_other_kinds(kind):
    """Kinds that nothing in the package knows by name."""
    model, inputs = random_model(kind), prompts()
    cache = TurboQuantCache.for_model(model, **FLOATS, prompt="codes")
    check(generate(model, inputs, cache, count=8), generate(model, inputs, count=8))


def test_trained_model():
    model, folder = trained_model()
    windows = torch.from_numpy(
        np.load(folder / "reference/windows_i32.npy")[:3, :64].astype(np.int64)
    )
    mask = torch.ones_like(windows)
    mask[1, :20] = mask[2, :7] = 0
    inputs = {"input_ids": windows, "attention_mask": mask}
    expected = generate(model, inputs, count=STEPS)
    cache = TurboQuantCache.for_model(model, **FLOATS)
    check(generate(model, inputs, cache, count=STEPS), expected)


def test_what_the_trained_model_said_before():
    """With whole codes of 4 bits too."""
    model, folder = trained_model()
    reference = json.loads((folder / "reference/greedy.json").read_text())
    prompt, expected = (torch.tensor([reference[x]]) for x in ("prompt_ids", "greedy_ids"))
    inputs = {"input_ids": prompt, "attention_mask": torch.ones_like(prompt)}
    for options in (FLOATS, {"keys": 4, "values": 4}):
        cache = TurboQuantCache.for_model(model, **options)
        found = generate(model, inputs, cache, count=expected.shape[1] - prompt.shape[1])
        assert torch.equal(found.sequences, expected)


@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt_oss"])
def test_other_caches_of_the_same_model(kind):
    """After for_model the model attends by another function: also with its own cache, and without any."""
    model, inputs = random_model(kind), prompts()
    expected = generate(model, inputs)
    with torch.no_grad():
        all_at_once = model(**inputs, use_cache=False).logits
    TurboQuantCache.for_model(model)
    assert model.config._attn_implementation == "turboquant"
    check(generate(model, inputs), expected)
    with torch.no_grad():
        found = model(**inputs, use_cache=False).logits
    seen = inputs["attention_mask"].bool()
    assert (found - all_at_once)[seen].abs().max() < 1e-4


@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt_oss"])
def test_long_texts_without_padding(kind):
    """No mask is made for them, where there is no sliding window."""
    model, inputs = (
        random_model(kind, max_position_embeddings=1024),
        prompts(length=600, padding=()),
    )
    expected = generate(model, inputs, count=4)
    cache = TurboQuantCache.for_model(model, **FLOATS)
    check(generate(model, inputs, cache, count=4), expected)
    check(generate(model, inputs, count=4, cache_implementation="static"), expected)


@pytest.mark.parametrize("kind", ["llama", "gemma3_text"])
def test_several_tokens_at_a_time(kind):
    """A text in pieces: the first attends to floats, the others to what the cache holds."""
    model, inputs = random_model(kind), prompts(length=90)
    tokens, mask = inputs["input_ids"], inputs["attention_mask"]
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    with torch.no_grad():
        expected = model(**inputs, position_ids=positions).logits
        cache = TurboQuantCache.for_model(model, **FLOATS)
        found = [
            model(tokens[:, a:b], attention_mask=mask[:, :b], position_ids=positions[:, a:b], **held(cache)).logits
            for a, b in ((0, 50), (50, 51), (51, 80), (80, 90))
        ]  # fmt: skip
    difference = (torch.cat(found, 1) - expected)[mask.bool()].abs().max()
    assert difference < 1e-4


def test_padding_on_the_right_and_between():
    """Rows of which the batch appends nothing, or padding after tokens, see none of it."""
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model, **FLOATS)
    tokens = prompts(padding=())["input_ids"]
    pieces = [(0, 20, [20, 12, 0]), (20, 30, [10, 0, 10]), (30, 40, [10, 10, 4])]
    texts, lengths = [[], [], []], [0, 0, 0]
    seen = torch.zeros(3, 0, dtype=torch.long)
    for first, end, counts in pieces:
        piece = torch.zeros(3, end - first, dtype=torch.long)
        positions = torch.zeros_like(piece)
        for row, count in enumerate(counts):
            piece[row, :count] = 1
            positions[row, :count] = torch.arange(lengths[row], lengths[row] + count)
            texts[row].append(tokens[row, first : first + count])
            lengths[row] += count
        seen = torch.cat([seen, piece], 1)
        with torch.no_grad():
            found = model(
                tokens[:, first:end], attention_mask=seen, position_ids=positions, **held(cache)
            ).logits
        for row, count in enumerate(counts):
            with torch.no_grad():
                alone = (
                    model(torch.cat(texts[row])[None], use_cache=False).logits if count else None
                )
            if count:
                assert (found[row, :count] - alone[0, -count:]).abs().max() < 1e-4, (first, row)
    assert [len(row.cache) for row in cache.layers[3].rows] == lengths


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_other_types(dtype):
    """A model in half precision gives what it would give, up to its own rounding."""
    model, inputs = random_model("llama").to(getattr(torch, dtype)), prompts()
    expected = generate(model, inputs, count=1).logits[0].float()
    cache = TurboQuantCache.for_model(model, **FLOATS, prompt="codes")
    found = generate(model, inputs, cache, count=1).logits[0].float()
    # Eight or eleven bits, through four layers.
    assert (found - expected).norm() < (0.05 if dtype == "bfloat16" else 0.01) * expected.norm()


def test_memory_is_that_of_the_rows():
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model, keys=4, values=2)
    assert cache.nbytes == 0
    generate(model, prompts(length=50), cache, count=5)
    tokens = sum(54 - n for n in (0, 13, 7))
    # Codes and a float32 for each vector; centres of keys and values, float32.
    assert cache.memory.keys == 4 * 2 * tokens * (16 * 4 // 8 + 4)
    assert cache.memory.values == 4 * 2 * tokens * (16 * 2 // 8 + 4)
    assert cache.memory.centers == 4 * 3 * 2 * 2 * 16 * 4
    assert cache.nbytes == sum(cache.memory)
    assert isinstance(cache.layers[0].rows[0].cache, KVCache)
