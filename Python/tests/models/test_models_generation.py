"""What generate() does with caches besides appending: beams, crops, samples, copies. Caches of float32 must give what
transformers' own give."""

import copy

import pytest
from small_models import generate, held, logits, prompts, random_model, torch, transformers

from swift_turboquant.transformers import TurboQuantCache

FLOATS = {"keys": "float32", "values": "float32"}


def same(model, inputs, **options):
    """Compares a generation with both caches; returns ours."""
    torch.manual_seed(5)
    expected = generate(model, inputs, **options)
    cache = TurboQuantCache.for_model(model, **FLOATS)
    torch.manual_seed(5)
    found = generate(model, inputs, cache, **options)
    assert torch.equal(found.sequences, expected.sequences)
    return cache


@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt_oss"])
def test_beam_search(kind):
    model = random_model(kind)
    cache = same(model, prompts(), num_beams=4, num_return_sequences=2, count=40)
    assert len(cache.layers[0].rows) == 12


def test_beams_share_memory_until_they_change():
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model)
    generate(model, prompts(length=60), cache, count=1)
    before = [row.cache.decode(0)[0] for row in cache.layers[1].rows]
    cache.reorder_cache(torch.tensor([2, 2, 0]))
    rows = cache.layers[1].rows
    for row, source in zip(rows, (2, 2, 0), strict=True):
        assert (row.cache.decode(0)[0] == before[source]).all()
    rows[0].cache.truncate(10)
    assert (rows[1].cache.decode(0)[0] == before[2]).all()


def test_sampling():
    options = {"do_sample": True, "temperature": 0.8, "top_k": 20, "count": 40}
    same(random_model("qwen3"), prompts(), **options)
    same(random_model("gemma3_text"), prompts(), num_return_sequences=3, **options)


@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt_oss", "mistral"])
def test_speculative_decoding(kind):
    """An assistant's tokens are tried, and those that the model would not choose taken back."""
    model, inputs = random_model(kind), prompts(batch=1, padding=(0,))
    # Without sliding windows: with them transformers' own caches of assistants fail in 5.16.
    assistant = random_model("llama")
    with torch.no_grad():  # the first model's is right sometimes
        for number, parameter in enumerate(assistant.parameters()):
            generator = torch.Generator().manual_seed(number)
            parameter += 0.004 * torch.randn(parameter.shape, generator=generator)
    expected = generate(model, inputs, count=60)
    cache = TurboQuantCache.for_model(model, **FLOATS)
    cropped = []
    crop, cache.crop = cache.crop, lambda count: (cropped.append(count), crop(count))
    found = generate(model, inputs, cache, count=60, assistant_model=assistant)
    assert torch.equal(found.sequences, expected.sequences)
    assert min(cropped) < 0


def test_prompt_lookup():
    model = random_model("llama")
    inputs = prompts(batch=1, padding=(0,))
    inputs = {name: torch.cat([x, x], 1) for name, x in inputs.items()}
    same(model, inputs, prompt_lookup_num_tokens=4, count=40)


@pytest.mark.parametrize("kind", ["llama", "gemma2"])
@pytest.mark.parametrize("recording", [False, True])
def test_crop(kind, recording):
    """After a crop the next tokens are what they would have been; while the past is recorded also across many tokens of a
    sliding window, of which whole pages are forgotten."""
    model = random_model(kind, max_position_embeddings=2048)
    inputs = prompts(length=600, padding=(0, 250, 3))
    tokens, mask = inputs["input_ids"], inputs["attention_mask"]
    positions = (mask.cumsum(-1) - 1).clamp(min=0)

    def forward(cache, first, end):
        with torch.no_grad():
            return model(tokens[:, first:end], attention_mask=mask[:, :end],
                         position_ids=positions[:, first:end], **held(cache)).logits  # fmt: skip

    cache = TurboQuantCache.for_model(model, **FLOATS)
    forward(cache, 0, 260)
    if recording:
        cache.activate_past_recording()
    chunks = [(260, 300), (300, 570), (570, 571), (571, 600)]
    if not recording:
        chunks = [(260, 600)]
    expected = [forward(cache, *chunk) for chunk in chunks]
    for target in (590, 480, 261) if recording else (500,):
        fresh = TurboQuantCache.for_model(model, **FLOATS)
        forward(fresh, 0, 260)
        if recording:
            fresh.activate_past_recording()
        for chunk in chunks:
            forward(fresh, *chunk)
        fresh.crop(target - 600)
        assert fresh.get_seq_length() == target
        found = forward(fresh, target, 600)
        assert (found - torch.cat(expected, 1)[:, target - 600 :])[
            mask[:, target:].bool()
        ].abs().max() < 1e-4


def test_crop_misuse():
    model = random_model("llama")
    cache = TurboQuantCache.for_model(model)
    generate(model, prompts(), cache, count=3)
    for count in (1, -43):
        with pytest.raises(ValueError, match=r"expected -42 … 0"):
            cache.crop(count)
    cache.crop(-42)
    assert cache.get_seq_length() == 0
    generate(model, prompts(seed=8), cache, count=3)


def test_copies_of_a_prompt():
    """A prompt is encoded once, and continued twice."""
    model, inputs = random_model("gemma3_text"), prompts()
    cache = TurboQuantCache.for_model(model, **FLOATS)
    with torch.no_grad():
        positions = (inputs["attention_mask"].cumsum(-1) - 1).clamp(min=0)
        model(**inputs, position_ids=positions, **held(cache))
    for seed in (3, 4):
        more = prompts(length=9, padding=(), seed=seed)
        both = {name: torch.cat([inputs[name], more[name]], 1) for name in inputs}
        found = generate(model, both, copy.deepcopy(cache), count=20)
        expected = generate(model, both, count=20)
        assert torch.equal(found.sequences, expected.sequences)
        assert (logits(found) - logits(expected)).abs().max() < 1e-4
    assert cache.get_seq_length() == 40
    assert [len(row.cache) for row in cache.layers[0].rows] == [40, 27, 33]


def test_continuing():
    model, inputs = random_model("llama"), prompts(padding=())
    ours, own = (
        TurboQuantCache.for_model(model, **FLOATS),
        transformers.DynamicCache(config=model.config),
    )
    for turn in range(3):
        found, expected = (generate(model, inputs, c, count=10).sequences for c in (ours, own))
        assert torch.equal(found, expected), turn
        more = torch.cat([found, prompts(length=5, padding=(), seed=turn)["input_ids"]], 1)
        inputs = {"input_ids": more, "attention_mask": torch.ones_like(more)}


def test_rows_are_repeated_and_selected():
    model, inputs = random_model("llama"), prompts()
    cache, own = (
        TurboQuantCache.for_model(model, **FLOATS),
        transformers.DynamicCache(config=model.config),
    )
    for c in (cache, own):
        with torch.no_grad():
            model(**inputs, **held(c))
        c.batch_repeat_interleave(2)
        c.batch_select_indices(torch.tensor([0, 3, 5]))
    mask = torch.cat([inputs["attention_mask"], torch.ones(3, 1, dtype=torch.long)], 1)
    with torch.no_grad():
        found, expected = (
            model(torch.tensor([[5], [6], [7]]), attention_mask=mask, **held(c)).logits
            for c in (cache, own)
        )
    assert (found - expected).abs().max() < 1e-4
