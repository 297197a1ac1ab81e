"""Attention in double precision on what a cache holds, and how far the library may be from it."""

import numpy as np


def attention(cache, q, *, scale=None, sinks=0, sliding_window=None, logit_cap=None,
              sink_logits=None, bits=None):  # fmt: skip
    """The output for queries (query_heads, tokens, key_dim), and the bound of its error for each coordinate; `bits` of keys
    and values, None for floats."""
    count, (heads, tokens, key_dim) = len(cache), q.shape
    scale = 1 / np.sqrt(key_dim) if scale is None else scale
    output = np.empty((heads, tokens, cache.value_dim))
    bound = np.empty_like(output)
    for head in range(heads):
        keys, values = (x.astype(float) for x in cache.decode(head // (heads // cache.kv_heads)))
        held = len(keys)
        positions = np.arange(count)
        if held < count:
            positions = np.concatenate([positions[:sinks], positions[count - (held - sinks) :]])
        for token in range(tokens):
            own = count - tokens + token
            sees = positions <= own
            if sliding_window is not None:
                sees &= (positions < sinks) | (positions > own - sliding_window)
            query = q[head, token].astype(float)
            scores = scale * (keys[sees] @ query)
            if logit_cap is not None:
                scores = logit_cap * np.tanh(scores / logit_cap)
            weights = softmax(scores, None if sink_logits is None else sink_logits[head])
            output[head, token] = weights @ values[sees]
            bound[head, token] = kernel_bound(
                query, keys[sees], values[sees], weights, output[head, token], scale, bits
            )
    return output, bound


def softmax(scores, extra):
    """Weights of scores, beside a logit that has no value."""
    most = max(scores.max(), -np.inf if extra is None else extra)
    weights = np.exp(scores - most)
    return weights / (weights.sum() + (0 if extra is None else np.exp(extra - most)))


def kernel_bound(q, keys, values, weights, output, scale, bits):
    """The bound of Numerics.md, "Kernel error", as if all tokens were sealed, and page by page from the first one seen."""
    d, key_dim = len(output), len(q)
    key_lengths, lengths = np.linalg.norm(keys, axis=1), np.linalg.norm(values, axis=1)
    length = np.linalg.norm(q)
    score = abs(scale) * length * key_lengths.max()
    floats = 2.5 * 2.0**-24 * (4 + score) * lengths.max() / np.sqrt(d)
    # Scores that stay in float32 and are capped, and weights below 2⁻³⁰ of the largest.
    floats += len(weights) * 2.0**-30 * lengths.max()
    if bits is None:
        return np.full(d, floats)
    e_query = 4 / (128 if bits <= 4 else 8190) / np.sqrt(3)
    e_code, steps = (0.013, 8192) if bits <= 4 else (0.001, 4095)
    score_deviations = abs(scale) * length * key_lengths * np.hypot(e_query, e_code)
    variance = ((weights * score_deviations / np.sqrt(key_dim))[:, None] ** 2).T @ (
        values - output
    ) ** 2
    variance = variance.ravel() + ((weights * lengths * e_code) ** 2).sum() / d
    for first in range(0, len(weights), 256):
        page = slice(first, first + 256)
        most = (weights[page] * lengths[page]).max()
        variance += len(weights[page]) / 12 / d * (most / steps) ** 2
    return floats + 6 * np.sqrt(variance)
