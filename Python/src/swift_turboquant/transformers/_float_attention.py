"""Attention on floats: of prompts, and of forward passes without a cache."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.nn.functional import dropout, scaled_dot_product_attention

from ._causal_mask import CausalMask

# Scores of so many queries at a time are held where torch has no function of its own.
_QUERIES = 256


class Softmax(NamedTuple):
    """How scores become weights."""

    scale: float | None = None
    logit_cap: float | None = None
    sink_logits: torch.Tensor | None = None
    """Learned ones that take part in it, (query heads)."""
    dropout: float = 0.0
    """The share of weights that become 0."""

    @property
    def is_plain(self) -> bool:
        """Whether torch has it."""
        return self.logit_cap is None and self.sink_logits is None


def float_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    softmax: Softmax,
    causal: bool,
) -> torch.Tensor:
    """Attention as the models define it.

    Args:
        query: (batch, query heads, tokens, key dim).
        key, value: (batch, kv heads, tokens seen, dim).
        mask: of booleans, (batch, 1, tokens, tokens seen).
        causal: whether no mask stands for a causal one, which begins with the first key; else for all keys.

    Returns:
        (batch, query heads, tokens, value dim). Padding gets numbers without a meaning, which are finite.
    """
    count = query.shape[2]
    if mask is None and causal and count > 1:
        # transformers leaves masks out where new tokens are all there are, before empty room for more.
        return _causal(query, key[:, :, :count], value[:, :, :count], None, softmax)
    if not isinstance(mask, CausalMask):
        return _by_queries(query, key, value, mask, softmax)
    if mask.is_token is None:
        return _causal(query, key, value, mask.window, softmax)
    output = query.new_zeros(*query.shape[:3], value.shape[3])
    for row, real in enumerate(mask.is_token):
        which = real.nonzero().flatten()
        q, k, v = (x[row : row + 1, :, which] for x in (query, key, value))
        output[row, :, which] = _causal(q, k, v, mask.window, softmax)[0]
    return output


def _causal(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    window: int | None,
    softmax: Softmax,
) -> torch.Tensor:
    """Each token sees itself and those before it, or of those the latest."""
    count = query.shape[2]
    if window is None and softmax.is_plain:
        return scaled_dot_product_attention(
            query, key, value, None, softmax.dropout, True, scale=softmax.scale, enable_gqa=True
        )
    parts = []
    for first in range(0, count, _QUERIES):
        end = min(first + _QUERIES, count)
        begin = 0 if window is None else max(0, first + 1 - window)
        sees = torch.ones(end - first, end - begin, dtype=torch.bool, device=query.device)
        sees = sees.tril(first - begin)
        if window is not None:
            sees = sees.triu(first - begin + 1 - window)
        parts.append(
            _weighted(query[:, :, first:end], key[:, :, begin:end], value[:, :, begin:end], sees, softmax)
        )  # fmt: skip
    return torch.cat(parts, 2) if parts else query.new_zeros(*query.shape[:3], value.shape[3])


def _by_queries(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    softmax: Softmax,
) -> torch.Tensor:
    """As a table says, or on all keys."""
    if mask is not None:  # a row of padding that sees nothing would be NaN
        mask = mask | ~mask.any(-1, keepdim=True)
    size = query.shape[2] if softmax.is_plain else _QUERIES
    parts = [
        _weighted(q, key, value, None if mask is None else mask[:, :, i * size : (i + 1) * size], softmax)
        for i, q in enumerate(query.split(size, 2))
    ]  # fmt: skip
    return torch.cat(parts, 2)


def _weighted(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    sees: torch.Tensor | None,
    softmax: Softmax,
) -> torch.Tensor:
    """Attention of some queries, by a table of what they see."""
    if softmax.is_plain:
        return scaled_dot_product_attention(
            query, key, value, sees, softmax.dropout, scale=softmax.scale, enable_gqa=True
        )
    scale = query.shape[-1] ** -0.5 if softmax.scale is None else softmax.scale
    groups = query.shape[1] // key.shape[1]
    key, value = (x.repeat_interleave(groups, 1) for x in (key, value))
    scores = (query @ key.transpose(2, 3)) * scale
    if softmax.logit_cap is not None:
        scores = torch.tanh(scores / softmax.logit_cap) * softmax.logit_cap
    if sees is not None:
        scores = scores.masked_fill(~sees, -torch.inf)
    if softmax.sink_logits is not None:
        sinks = softmax.sink_logits.to(scores.dtype).view(1, -1, 1, 1)
        scores = torch.cat([scores, sinks.expand(*scores.shape[:3], 1)], -1)
    weights = torch.softmax(scores, -1, dtype=torch.float32).to(query.dtype)
    return dropout(weights, softmax.dropout)[..., : key.shape[2]] @ value
