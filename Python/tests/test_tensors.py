"""Tensors of PyTorch."""

import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from swift_turboquant import Codec, KVCache

K, V, Q = (torch.randn(s, generator=torch.Generator().manual_seed(1)) for s in
           ((2, 90, 32), (2, 90, 32), (4, 3, 32)))  # fmt: skip


def output(k, v, q):
    cache = KVCache(4, 2, 32)
    cache.append(k, v)
    return cache.attend(q)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_tensors_are_the_arrays_of_the_same_values(dtype):
    k, v, q = (x.to(getattr(torch, dtype)) for x in (K, V, Q))
    found = output(k, v, q)
    assert isinstance(found, torch.Tensor)
    assert found.dtype is torch.float32
    assert found.device.type == "cpu"
    expected = output(*(x.float().numpy() for x in (k, v, q)))
    assert isinstance(expected, np.ndarray)
    assert np.array_equal(found.numpy(), expected)


def test_strides():
    k, v = (x.transpose(0, 1).contiguous().transpose(0, 1) for x in (K, V))
    assert not k.is_contiguous()
    q = Q.bfloat16()
    wide = torch.zeros(4, 3, 70, dtype=torch.bfloat16)
    wide[..., 2:66:2] = q
    assert torch.equal(output(k, v, wide[..., 2:66:2]), output(K, V, q))
    assert torch.equal(output(K[:, :1].expand(2, 90, 32), V, Q),
                       output(K[:, :1].repeat(1, 90, 1), V, Q))  # fmt: skip
    misaligned = torch.frombuffer(bytearray(b"xx" + Q.bfloat16().view(torch.int16).numpy().tobytes()),
                                  dtype=torch.bfloat16, offset=2).view(4, 3, 32)  # fmt: skip
    assert torch.equal(output(K, V, misaligned), output(K, V, Q.bfloat16()))


def test_mixed_kinds():
    assert np.array_equal(output(K, V.numpy(), Q.numpy()), output(K, V, Q).numpy())
    half = K.bfloat16()
    assert torch.equal(output(half, V, Q), output(half.float(), V, Q))
    assert torch.equal(output(half, V.half(), Q), output(half.float(), V.half().float(), Q))


def test_output_is_the_callers():
    cache = KVCache(4, 2, 32)
    cache.append(K, V)
    found = cache.attend(Q)
    kept = found.clone()
    found += 1
    assert torch.equal(cache.attend(Q), kept)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.to("meta"), "is on meta, expected a tensor on the CPU"),
        (lambda x: x.clone().requires_grad_(), "requires a gradient.*detach"),
        (lambda x: torch.nn.Parameter(x), "requires a gradient"),
        (lambda x: x.to_sparse(), "expected a dense tensor"),
        (lambda x: x > 0, "torch.bool"),
        (lambda x: x + 1j, "torch.complex64"),
    ],
    ids=["meta", "gradient", "parameter", "sparse", "bool", "complex"],
)
def test_tensors_that_are_refused(change, message):
    cache = KVCache(4, 2, 32)
    for k, v, name in ((change(K), V, "k"), (K, change(V), "v")):
        with pytest.raises(TypeError, match=f"{name} .*{message}"):
            cache.append(k, v)
    assert len(cache) == 0
    cache.append(K, V)
    with pytest.raises(TypeError, match=f"q .*{message}"):
        cache.attend(change(Q))


def test_what_gradients_allow():
    k = torch.nn.Parameter(K, requires_grad=False)
    assert torch.equal(output(k, V, Q), output(K, V, Q))
    with torch.no_grad():
        tracked = K.clone().requires_grad_() * 1
    assert torch.equal(output(tracked, V, Q), output(K, V, Q))
    with torch.inference_mode():
        assert torch.equal(output(K * 1, V * 1, Q * 1), output(K, V, Q))


def test_options_as_tensors():
    given = {"sink_logits": torch.arange(4).bfloat16(), "centering": "rotary-mean",
             "rotary_frequencies": torch.tensor([1.0, 0.5, 0.25])}  # fmt: skip
    cache, plain = KVCache(4, 2, 32, **given), KVCache(
        4, 2, 32, sink_logits=[0, 1, 2, 3], centering="rotary-mean",
        rotary_frequencies=[1, 0.5, 0.25],
    )  # fmt: skip
    for one in (cache, plain):
        one.append(K, V)
    assert torch.equal(cache.attend(Q), plain.attend(Q))


def test_codecs_take_tensors():
    codec = Codec(32)
    x = K[0].bfloat16()
    codes = codec.encode(x)
    assert codes == codec.encode(x.float().numpy())
    assert np.array_equal(codec.estimate(x[3], codes), codec.estimate(x[3].float().numpy(), codes))
    with pytest.raises(ValueError, match=r"x has shape \(2, 90, 32\)"):
        codec.encode(K)


def test_torch_is_not_imported():
    program = (
        "import sys, numpy, swift_turboquant as t\n"
        "c = t.KVCache(1, 1, 8); c.append(numpy.ones((1, 1, 8)), numpy.ones((1, 1, 8)))\n"
        "c.attend(numpy.ones((1, 1, 8))); t.Codec(8).encode([[1.0] * 8])\n"
        "print(sorted({'torch', 'pyarrow', 'ml_dtypes'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"
