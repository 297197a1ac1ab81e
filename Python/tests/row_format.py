"""Codes of scalar codecs, read as Documentation/FileFormat.md describes them, with nothing of the package."""

import struct
from dataclasses import dataclass

import numpy as np


@dataclass
class Segment:
    coordinates: slice
    bits: int
    offset: int
    centroids: np.ndarray
    boundaries: np.ndarray


def segments(record: bytes) -> list[Segment]:
    """The segments of a codec's record."""
    found, at = [], 80
    for _ in range(record[30]):
        first, count, bits, offset = struct.unpack_from("<4I", record, at)
        levels = 1 << bits
        numbers = np.frombuffer(record, "<f4", 2 * levels - 1, at + 16)
        found.append(
            Segment(slice(first, first + count), bits, offset, numbers[:levels], numbers[levels:])
        )
        at += 16 + 4 * (2 * levels - 1)
    assert at == len(record)
    return found


@dataclass
class Rows:
    codes: np.ndarray
    """Rows × dimension numbers of centroids."""
    centroids: np.ndarray
    """Rows × dimension float64: ŷ, in the rotated frame."""
    norms: np.ndarray
    alignments: np.ndarray


def read(data: np.ndarray, record: bytes) -> Rows:
    """The rows of a scalar codec that stores norms."""
    dimension = struct.unpack_from("<I", record, 20)[0]
    codes = np.empty((len(data), dimension), int)
    centroids = np.empty((len(data), dimension))
    for one in segments(record):
        count = one.coordinates.stop - one.coordinates.start
        size = (count * one.bits + 7) // 8
        packed = data[:, one.offset : one.offset + size]
        bits = np.unpackbits(packed, axis=1, bitorder="little")[:, : count * one.bits]
        numbers = bits.reshape(len(data), count, one.bits) @ (1 << np.arange(one.bits))
        codes[:, one.coordinates] = numbers
        centroids[:, one.coordinates] = one.centroids[numbers]
    scalars = np.ascontiguousarray(data[:, -8:]).view("<f4").astype(float)
    return Rows(codes, centroids, scalars[:, 0], scalars[:, 1])
