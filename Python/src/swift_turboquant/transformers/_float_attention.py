"""Attention on floats: of prompts, and of forward passes without a cache."""

from __future__ import annotations

import torch
from torch.nn.functional import scaled_dot_product_attention

# Scores of so many queries at a time are held where torch has no function of its own.
_QUERIES = 256


def float_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scale: float | None,
    logit_cap: float | None,
    sink_logits: torch.Tensor | None,
    causal: bool,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Attention as the models define it.

    Args:
        query: (batch, query heads, tokens, key dim).
        key, value: (batch, kv heads, tokens seen, dim).
        mask: of booleans, (batch, 1, tokens, tokens seen).
        causal: whether no mask stands for a causal one, which begins with the first key; else for all keys.
        dropout: the share of weights that become 0.

    Returns:
        (batch, query heads, tokens, value dim). Padding gets numbers without a meaning, which are finite.
    """
    count = query.shape[2]
    causal = causal and mask is None and count > 1
    if causal:  # transformers leaves masks out where new tokens are all there are, before empty room for more
        key, value = key[:, :, :count], value[:, :, :count]
    if mask is not None:  # a row of padding that sees nothing would be NaN
        mask = mask | ~mask.any(-1, keepdim=True)
    if logit_cap is None and sink_logits is None:
        return scaled_dot_product_attention(
            query, key, value, mask, dropout, causal, scale=scale, enable_gqa=True
        )
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    groups = query.shape[1] // key.shape[1]
    key, value = (x.repeat_interleave(groups, 1) for x in (key, value))
    parts = []
    for first in range(0, query.shape[2], _QUERIES):
        part = slice(first, first + _QUERIES)
        scores = (query[:, :, part] @ key.transpose(2, 3)) * scale
        if logit_cap is not None:
            scores = torch.tanh(scores / logit_cap) * logit_cap
        if causal:
            later = torch.ones_like(scores[0, 0], dtype=torch.bool).triu(first + 1)
            scores = scores.masked_fill(later, -torch.inf)
        elif mask is not None:
            scores = scores.masked_fill(~mask[:, :, part], -torch.inf)
        if sink_logits is not None:
            sinks = sink_logits.to(scores.dtype).view(1, -1, 1, 1).expand(*scores.shape[:3], 1)
            scores = torch.cat([scores, sinks], -1)
        weights = torch.softmax(scores, -1, dtype=torch.float32).to(query.dtype)
        weights = torch.nn.functional.dropout(weights, dropout)
        parts.append(weights[..., : key.shape[2]] @ value)
    return torch.cat(parts, 2)
