#!/usr/bin/env python3
"""Codebooks of polar angles, and the distortion of PolarQuant, apart from the Swift package.

The angle between a first half of a and a second half of b Gaussian coordinates has the density
∝ cos^(a-1) ψ sin^(b-1) ψ: on [0, π/2], on [-π/2, π/2] for b = 1, uniform on the circle for a = b = 1.
Lloyd's iteration on a fine grid would do for two bits; here cells are integrated with quad and the
centroid condition is solved with scipy's root, which shares nothing with the package's Newton steps.

The distortion is that of a tree of halves, by recursion over each block's coordinates:
keep(n) = E cos ψ cos ψ̂ · keep(a) + E sin ψ sin ψ̂ · keep(b), D = 2 (1 - mean of keep over coordinates).
"""

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
from scipy.integrate import quad
from scipy.optimize import root

FIXTURE = Path(__file__).parents[2] / "Tests/TurboQuantTests/Fixtures/theory_polar.json"
LAWS = [(2, 2), (4, 4), (8, 8), (32, 32), (512, 512), (2, 1), (8, 1), (4, 3), (8, 5), (64, 7)]
CODEBOOK_BITS = (1, 2, 3, 5)
CODECS = [
    (16, (4, 2, 2, 2)), (128, (4, 2, 2, 2)), (100, (4, 2, 2, 2)), (19, (4, 2, 2, 2)), (17, (4, 2, 2, 2)),
    (128, (3, 1, 1, 1)), (128, (5, 3, 3, 3)), (128, (8, 6, 6, 6)), (128, (4,)), (128, (4, 3, 3, 2, 2, 1)),
    (7, (5, 3)),
]  # fmt: skip


def integral(a: int, b: int, low: float, high: float, g) -> float:
    """∫ g(ψ) times the density, 1 at its peak."""
    peak = math.atan2(math.sqrt(b - 1), math.sqrt(a - 1))

    def density(t: float) -> float:
        value = 1.0
        if a > 1:
            value *= max(0.0, math.cos(t) / math.cos(peak)) ** (a - 1)
        if b > 1:
            value *= max(0.0, math.sin(t) / math.sin(peak)) ** (b - 1)
        return value

    points = [peak] if low < peak < high else None
    return quad(lambda t: g(t) * density(t), low, high, points=points, epsabs=0, epsrel=1e-11,
                limit=200)[0]  # fmt: skip


@cache
def codebook(a: int, b: int, bits: int) -> tuple[float, ...]:
    """The centroids on [0, π/2]; for b = 1 the positive ones."""
    count = 2 ** (bits - 1 if b == 1 else bits)
    spread = math.sqrt(0.5 / max(1, a + b - 2)) * (1.4 if b == 1 else 1)
    peak = math.atan2(math.sqrt(b - 1), math.sqrt(a - 1))
    low, high = max(0.0, peak - 2.5 * spread), min(math.pi / 2, peak + 2.5 * spread)
    start = low + (np.arange(count) + 0.5) / count * (high - low)
    # So far out the density has fallen below e^-98.
    ends = max(0.0, peak - 14 * spread), min(math.pi / 2, peak + 14 * spread)

    def off(c: np.ndarray) -> list[float]:
        edges = [ends[0], *(c[1:] + c[:-1]) / 2, ends[1]]
        return [
            c[i] - integral(a, b, edges[i], edges[i + 1], lambda t: t)
            / integral(a, b, edges[i], edges[i + 1], lambda t: 1.0)
            for i in range(count)
        ]  # fmt: skip

    solution = root(off, start, tol=1e-13)
    assert max(map(abs, off(solution.x))) < 1e-11, (a, b, bits)
    return tuple(sorted(map(float, solution.x)))


@cache
def agreement(a: int, b: int, bits: int) -> tuple[float, float]:
    """E cos ψ cos ψ̂ and E sin ψ sin ψ̂."""
    if a == 1:
        half = math.pi / 2**bits
        return math.sin(half) / half / 2, math.sin(half) / half / 2
    c = codebook(a, b, bits)
    edges = [0.0, *((x + y) / 2 for x, y in zip(c, c[1:])), math.pi / 2]
    sums = [
        sum(f(x) * integral(a, b, edges[i], edges[i + 1], f) for i, x in enumerate(c))
        for f in (math.cos, math.sin)
    ]
    mass = integral(a, b, 0, math.pi / 2, lambda t: 1.0)
    return sums[0] / mass, sums[1] / mass


def kept(count: int, level: int, bits: tuple[int, ...]) -> float:
    """The share of its length that a part of `count` coordinates, joined at `level`, keeps along itself."""
    if count == 1:
        return 1.0
    half = 2 ** (level - 1)
    if count <= half:
        return kept(count, level - 1, bits)
    cosines, sines = agreement(half, count - half, bits[level - 1])
    return cosines * kept(half, level - 1, bits) + sines * kept(count - half, level - 1, bits)


def distortion(dimension: int, bits: tuple[int, ...]) -> float:
    block = 2 ** len(bits)
    sizes = [min(block, dimension - start) for start in range(0, dimension, block)]
    return 2 * (1 - sum(size * kept(size, len(bits), bits) for size in sizes) / dimension)


def main() -> None:
    laws = [
        {"first": a, "second": b, "bits": bits, "centroids": codebook(a, b, bits)}
        for a, b in LAWS for bits in CODEBOOK_BITS
    ]  # fmt: skip
    codecs = [
        {"dimension": d, "bits": bits, "distortion": distortion(d, bits)} for d, bits in CODECS
    ]
    about = (
        "Written by Benchmarks/theory/polar.py. laws: centroids of the angle between halves of first and "
        "second coordinates, the positive ones where second is 1. codecs: D of PolarQuant, radii exact."
    )
    FIXTURE.write_text(json.dumps({"_about": about, "laws": laws, "codecs": codecs}, indent=1) + "\n")
    for codec in codecs:
        print(codec)


if __name__ == "__main__":
    main()
