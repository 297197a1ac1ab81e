"""Bytes that Swift has written: the golden files of its tests."""

import struct
from pathlib import Path

import numpy as np
import pytest

from swift_turboquant import (
    Codec,
    Equalization,
    KVCache,
    Precision,
    load_calibration,
    save_calibration,
)

TESTS = Path(__file__).parents[2] / "Tests"
FILES = TESTS / "TurboQuantFilesTests" / "Fixtures"
SNAPSHOTS = TESTS / "TurboQuantKVCacheTests" / "Fixtures"

pytestmark = pytest.mark.skipif(not FILES.exists(), reason="needs the repository")

CODECS = {
    "haar-5-scalar-3": Codec(5, 3, seed=42),
    "haar-70-scalar-8": Codec(70, 8, rotation="haar", seed=42),
    "hadamard-100-scalar-4": Codec(100, 4, seed=42),
    "hadamard-128-scalar-2.5-unit": Codec(128, 2.5, normalize=True, seed=42),
    "two-stage-384-4": Codec(384, 4, "two-stage", seed=42),
    "two-stage-100-3-orthogonal": Codec(
        100, 3, "two-stage", sketch="orthogonal", directions=50, seed=42
    ),
    "qjl-100-gaussian": Codec(100, 1, "qjl", sketch="gaussian", seed=42),
    "polar-128-4": Codec(128, 4, "polar", seed=42),
    "polar-haar-19-5-3-1-unit": Codec(
        19, 4, "polar", polar_bits=[5, 3, 1], normalize=True, seed=42
    ),
}


def section(path, name):
    """A section of a file (FileFormat.md, "Container")."""
    data = path.read_bytes()
    for entry in range(struct.unpack_from("<I", data, 24)[0]):
        at = 64 + 64 * entry
        if data[at : at + 16].rstrip(b"\0") == name:
            offset, size = struct.unpack_from("<QQ", data, at + 16)
            return data[offset : offset + size]
    raise KeyError(name)


@pytest.mark.parametrize("name", CODECS)
def test_codes(name):
    codec = CODECS[name]
    row, i = np.mgrid[0:5, 0 : codec.dim]
    x = (37 * i + 101 * row + i * i * row) % 61 - 30
    path = FILES / f"{name}.tqv"
    assert codec.record == section(path, b"codec")
    for kind in (np.float32, np.float64, np.int8, np.float16):
        assert codec.encode(x.astype(kind), threads=2).data.tobytes() == section(path, b"rows")


def numbers(first, count, heads, dim, salt):
    h, t, i = np.mgrid[0:heads, first : first + count, 0:dim]
    whole = (37 * i + 101 * t + 53 * h + i * i * t + 11 * t * t + salt) % 251
    return ((whole - 125) / 64 * np.where(i % 7 == 3, 4, 1)).astype(np.float32)


def triangles():
    """The metrics of the equalized caches, 2 × 32 × 32."""
    h, i, j = np.mgrid[0:2, 0:32, 0:32]
    own, other = 1 + (7 * i + 3 * h) % 5, (11 * i + 5 * j + h) % 9 - 4
    return np.where(i == j, 1 / own, np.triu(other / 64))


# Options, key and value dimensions, and the tokens of each append; "polar" is missing, as C takes no bits for angles there.
CACHES = {
    "empty": ({}, 32, 16, []),
    "sinks-only": ({"sinks": 4, "centering": "mean"}, 32, 16, [2]),
    "float16": ({"keys": "float16", "values": "float16"}, 16, 16, [300]),
    "4-3-sinks-window": ({"values": 3, "sinks": 4, "window": 20}, 48, 32, [300]),
    "sealed-4-3": ({"values": 3}, 32, 32, [512]),
    "8-2.5-mean": ({"keys": 8, "values": 2.5, "centering": "mean"}, 32, 16, [300]),
    "2-4-rotary-mean": (
        {
            "keys": 2, "sinks": 2, "seed": 7, "centering": "rotary-mean",
            "rotary_frequencies": [1, 0.75, 0.5, 0.25, 0.125, 0.0625],
        },
        32, 16, [290, 1, 9],
    ),
    "outliers-2-3": (
        {
            "keys": Precision("outliers", bits=2),
            "values": Precision("outliers", bits=3, estimator="matched-norm"), "window": 5,
        },
        32, 16, [300],
    ),
    "two-stage": (
        {"keys": Precision(bits=3, quantizer="two-stage", sketch="orthogonal"), "values": "float16"},
        32, 16, [300],
    ),
    "qjl": ({"keys": Precision(bits=2, quantizer="qjl"), "values": "float32"}, 32, 16, [300]),
    "sketches": (
        {
            "keys": Precision("sketches", directions=40, outliers=3, outlier_directions=24),
            "values": 1,
        },
        32, 16, [300],
    ),
    "sliding-window": (
        {
            "keys": 6, "values": 5, "sinks": 3, "sliding_window": 200,
            "centering": "rotary-mean", "rotary_frequencies": [1, 0.25],
            "rotary_pairing": "neighbours", "logit_cap": 30, "sink_logits": [0.5, -1, 0, 2],
        },
        32, 16, [500, 300, 1],
    ),
    # A token that is 2¹⁶ times as large, and what is removed.
    "exact-float32": ({"values": 3, "sinks": 4, "window": 20}, 32, 16, [290, 9, 2], 297, []),
    "exact-bfloat16": (
        {"keys": 3, "values": "float16", "window": 40, "exact": "bfloat16"}, 32, 16, [300],
    ),
    "exact-waiting-mean": (
        {"values": 2, "sinks": 2, "window": 5, "centering": "mean", "center_tokens": 50},
        32, 16, [3, 20],
    ),
    "exact-waiting-outliers": ({"keys": Precision("outliers", bits=2), "values": 3}, 32, 16, [31]),
    "exact-removed": (
        {
            "values": 5, "sinks": 4, "window": 10, "centering": "rotary-mean",
            "rotary_frequencies": [1, 0.5, 0.25],
        },
        32, 16, [800, 7], None, [(1, 3), (20, 276), (300, 307), (525, 536)],
    ),
    "equalized-diagonal": (
        {
            "keys": 3, "values": 3, "sinks": 2, "window": 6, "centering": "mean",
            "equalization": Equalization(np.diagonal(triangles(), axis1=1, axis2=2)),
        },
        32, 16, [290, 2],
    ),
    "equalized-matrix": (
        {"keys": Precision("outliers", bits=2), "equalization": Equalization(triangles())},
        32, 16, [300],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CACHES)
def test_caches(name, tmp_path):
    options, key_dim, value_dim, appends, *more = CACHES[name]
    large, removed = more or (None, [])
    cache = KVCache(4, 2, key_dim, value_dim, **options)
    for count in appends:
        first = cache.next_position
        k, v = numbers(first, count, 2, key_dim, 0), numbers(first, count, 2, value_dim, 100)
        if large in range(first, first + count):
            k[:, large - first] *= 2**16
            v[:, large - first] *= 2**16
        cache.append(k, v.astype(np.float64))
    for start, stop in removed:
        cache.remove(start, stop)
    path = SNAPSHOTS / f"{name}-3.tqkv"
    cache.save(tmp_path / "x.tqkv")
    assert (tmp_path / "x.tqkv").read_bytes() == path.read_bytes()
    loaded = KVCache.load(path, 4, 2, key_dim, value_dim, **options)
    q = numbers(5000, min(3, len(cache)), 4, key_dim, 7)
    assert np.array_equal(loaded.attend(q), cache.attend(q))


def test_calibrations(tmp_path):
    layers = [
        Equalization([[1, 0.5, 0.25], [0.125, 1, 3]]), None, Equalization([[[1, -0.5], [0, 2]]]),
    ]  # fmt: skip
    path = SNAPSHOTS / "calibration-1.tqeq"
    assert load_calibration(path) == layers
    save_calibration(tmp_path / "x.tqeq", layers)
    assert (tmp_path / "x.tqeq").read_bytes() == path.read_bytes()
