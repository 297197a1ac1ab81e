"""Texts whose embeddings are known, for the stores."""

import zlib

import numpy as np

DIM = 24
TEXTS = ["red apple", "green apple", "red car", "blue car", "old house", "new house", "red house"]


def embed(text, dim=DIM):
    """The sum of its words' vectors, which their checksums seed."""
    vectors = [
        np.random.default_rng(zlib.crc32(word.encode())).standard_normal(dim)
        for word in text.split()
    ]
    return np.sum(vectors, axis=0).tolist()
