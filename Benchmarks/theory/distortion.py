#!/usr/bin/env python3
"""Lloyd-Max codebooks of one coordinate of a random unit vector, and their distortion.

The coordinate t of a uniform point of the unit sphere in d dimensions has the density
K (1 - t²)^((d-3)/2), K = Γ(d/2) / (√π Γ((d-1)/2)). Everything here is in z = √d t, whose variance
is 1 and whose limit for large d is the standard Gaussian. The codebooks are symmetric, so only
z ≥ 0 is solved: centroids c_1 < … < c_n, n = 2^(b-1), with boundaries 0, midpoints, √d.

Written apart from the Swift package, as the other side of its tests.

Precision. The centroid condition is integrated as ∫ (z - c) w(z) dz in the offset u = z - c of
each cell: the cell edges are half differences of centroids, so no digits cancel even where the
256 cells of 8 bits are narrow. The distortion is the integral of u² over the cells, never
1 - Σ p c², which cancels four digits at 8 bits. Against the same equations solved in 34-digit
arithmetic the centroids are within 2e-14 and the distortions within 1e-14 of their value.
"""

import argparse
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

Array = NDArray[np.float64]

FIXTURE = Path(__file__).parents[2] / "Tests/TurboQuantTests/Fixtures/theory_distortion.json"
BITS = range(1, 9)
DIMENSIONS = (
    2, 3, 4, 5, 8, 16, 32, 33, 48, 64, 80, 100, 128, 200, 384, 768, 1000, 1032, 1536, 3072,
)  # fmt: skip
CODEBOOK_DIMENSIONS = (2, 3, 4, 5, 16, 33, 100, 384, 1536)

NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)
PANEL = 0.5  # The last cell is integrated in panels of this width …
REACH = 14.0  # … up to this far beyond its centroid, where the density has fallen below e^-98.


def absolute_coordinate_mean(d: int) -> float:
    """E|t| = Γ(d/2) / (√π Γ((d+1)/2)), by its recurrence in exact integers, rounded at the end."""
    product = math.prod(range(d - 2, 1, -2)), math.prod(range(d - 1, 1, -2))
    ratio = product[0] / product[1]  # Python divides integers with one rounding.
    return ratio * 2 / math.pi if d % 2 == 0 else ratio


class Gaussian:
    """The limit law: the standard normal."""

    end = math.inf
    scale = 1 / math.sqrt(2 * math.pi)

    def density(self, z: Array) -> Array:
        return self.scale * np.exp(-z * z / 2)


class Sphere:
    """√d times one coordinate of a uniform point of the unit sphere in d ≥ 2 dimensions."""

    def __init__(self, d: int) -> None:
        if d < 2:
            raise ValueError("the coordinate law has a density from two dimensions on")
        self.d = d
        self.end = math.sqrt(d)
        self.scale = (d - 1) / 2 * absolute_coordinate_mean(d) / self.end  # K / √d

    def density(self, z: Array) -> Array:
        return self.scale * np.exp((self.d - 3) / 2 * np.log1p(-z * z / self.d))

    def density_below_end(self, q: Array) -> Array:
        """The density at z = √d (1 - q), without the cancellation in 1 - z²/d."""
        return self.scale * (q * (2 - q)) ** ((self.d - 3) / 2)


def last_cell_nodes(law: Gaussian | Sphere, c: float, low: float) -> tuple[Array, Array]:
    """Offsets u from the centroid c and weights (density included) for the cell from c + low on.

    Plain panels, and where the sphere ends within reach a final one in v = √(1 - t), which turns
    the density's power of (1 - t²), singular or not, into a polynomial times a smooth factor.
    """
    high = min(law.end - c, REACH)
    count = max(1, math.ceil((high - low) / PANEL))
    edges = np.linspace(low, high, count + 1)
    half = np.diff(edges)[:, None] / 2
    u = edges[:-1, None] + half * (1 + NODES)
    with np.errstate(all="ignore"):  # The final panel is replaced below where it is singular.
        weights = half * WEIGHTS * law.density(c + u)
    if isinstance(law, Sphere) and high < REACH:
        width = math.sqrt((law.end - c - edges[-2]) / law.end)
        v = width / 2 * (1 + NODES)
        u[-1] = (law.end - c) - law.end * v * v
        weights[-1] = width / 2 * WEIGHTS * law.density_below_end(v * v) * 2 * v * law.end
    return u.ravel(), weights.ravel()


def cell_moments(law: Gaussian | Sphere, c: Array) -> Array:
    """∫ w, ∫ u w and ∫ u² w over the cell of each centroid, u the offset from the centroid."""
    half_gaps = np.diff(c) / 2
    low = np.concatenate([-c[:1], -half_gaps])
    centre, half = (half_gaps + low[:-1])[:, None] / 2, (half_gaps - low[:-1])[:, None] / 2
    u = centre + half * NODES
    weights = half * WEIGHTS * law.density(c[:-1, None] + u)
    inner = np.stack([(u**k * weights).sum(axis=1) for k in range(3)])
    u, weights = last_cell_nodes(law, float(c[-1]), float(low[-1]))
    last = np.array([[(u**k * weights).sum()] for k in range(3)])
    return np.concatenate([inner, last], axis=1)


def starting_centroids(law: Gaussian | Sphere, n: int) -> Array:
    """Panter-Dite: centroid density proportional to the cube root of the law's density."""
    z = np.linspace(0, min(law.end, REACH), 20_001)
    middle = (z[1:] + z[:-1]) / 2
    cumulative = np.concatenate([[0], np.cumsum(np.cbrt(law.density(middle)))])
    return np.interp((np.arange(n) + 0.5) / n * cumulative[-1], cumulative, z)


def lloyd_max(law: Gaussian | Sphere, bits: int) -> tuple[Array, float]:
    """The positive half of the codebook, and its distortion E[(z - c(z))²].

    Newton on the centroid condition. The matrix is half the Hessian of the distortion, symmetric
    and tridiagonal; the solver is a Cholesky factorisation, so what it accepts at the end is a
    minimum. Rounds of plain Lloyd bridge the way to where Newton works.
    """
    c = starting_centroids(law, 2 ** (bits - 1))
    for _ in range(10_000):
        mass, first, _ = cell_moments(law, c)
        coupling = law.density((c[1:] + c[:-1]) / 2) * np.diff(c) / 4
        diagonal = mass.copy()
        diagonal[:-1] -= coupling
        diagonal[1:] -= coupling
        try:
            matrix = np.stack([np.append(0, -coupling), diagonal])
            step = solveh_banded(matrix, first) if len(c) > 1 else first / diagonal
        except np.linalg.LinAlgError:
            c = c + first / mass
            continue
        inside = np.all(np.diff(c + step, prepend=0.0) > 0) and (c + step)[-1] < law.end
        c = c + (step if inside else first / mass)
        if np.max(np.abs(step)) < 1e-10:  # Convergence is quadratic: what is left is rounding.
            return c, 2 * float(cell_moments(law, c)[2].sum())
    raise ArithmeticError(f"no convergence at {bits} bits")


def distortions(law: Gaussian | Sphere, d: int | None) -> dict[str, float]:
    """Distortion at each rate; b.5 spends b + 1 bits on the first ⌈d/2⌉ coordinates, then b."""
    whole = {b: lloyd_max(law, b)[1] for b in BITS}
    share = 0.5 if d is None else (d + 1) // 2 / d
    mixed = {f"{b}.5": share * whole[b + 1] + (1 - share) * whole[b] for b in range(1, 5)}
    return {str(b): value for b, value in whole.items()} | mixed


def check_closed_forms() -> None:
    """Where pencil and paper know the answer: one bit, and the uniform law of d = 3."""
    for d in DIMENSIONS:
        c, distortion = lloyd_max(Sphere(d), 1)
        mean = absolute_coordinate_mean(d)
        assert math.isclose(c[0], math.sqrt(d) * mean, rel_tol=1e-13), d
        assert math.isclose(distortion, 1 - d * mean**2, rel_tol=1e-12), d
        mass, first, second = cell_moments(Sphere(d), c)
        assert math.isclose(mass[0], 0.5, rel_tol=1e-13), d
        assert math.isclose(second[0] + c[0] ** 2 / 2, 0.5, rel_tol=1e-13), d
    for b in BITS:
        c, distortion = lloyd_max(Sphere(3), b)
        assert np.allclose(c, math.sqrt(3) * (2 * np.arange(len(c)) + 1) / 2**b, rtol=1e-13), b
        assert math.isclose(distortion, 4.0**-b, rel_tol=1e-13), b


def codebooks(law: Gaussian | Sphere) -> dict[str, list[float]]:
    return {str(b): lloyd_max(law, b)[0].tolist() for b in BITS}


def fixture() -> dict[str, object]:
    spheres = {str(d): codebooks(Sphere(d)) for d in CODEBOOK_DIMENSIONS}
    rates = {str(d): distortions(Sphere(d), d) for d in DIMENSIONS}
    return {
        "_about": "Lloyd-Max for the sphere's coordinate law, written by "
        "Benchmarks/theory/distortion.py. distortion: d E[(t - c(t))^2] by dimension and bits per "
        "coordinate. codebooks: the positive centroids times sqrt(d). gaussian: the limit.",
        "absolute_coordinate_mean": {str(d): absolute_coordinate_mean(d) for d in DIMENSIONS},
        "distortion": rates | {"gaussian": distortions(Gaussian(), None)},
        "codebooks": spheres | {"gaussian": codebooks(Gaussian())},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=FIXTURE, help="default: the test fixture")
    parser.add_argument(
        "--dimension", type=int, help="print the distortions of one dimension; write nothing"
    )
    options = parser.parse_args(arguments)
    if options.dimension is not None:
        if options.dimension < 2:
            parser.error("the dimension is at least 2")
        for bits, value in distortions(Sphere(options.dimension), options.dimension).items():
            print(f"{bits:>3}  {value:.15e}")
        return
    check_closed_forms()
    text = json.dumps(fixture(), indent=1) + "\n"
    text = re.sub(r"\[[^]]*]", lambda row: re.sub(r"\s+", " ", row[0]), text)  # A row, a line.
    options.output.write_text(text)
    print(f"wrote {options.output} ({len(text)} bytes)")


if __name__ == "__main__":
    main()
