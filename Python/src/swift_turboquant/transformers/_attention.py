"""The attention function that models call."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from ._float_attention import Softmax, float_attention
from ._guard import Guarded
from ._layer import TurboQuantLayer
from ._mask import FOR_ANOTHER_TEXT, boolean, new_tokens_mask, real_tokens
from ._plan import Attention
from ._rows import Row

NAME = "turboquant"
"""Of the attention implementation, as transformers knows it."""

# What some models hand over to change attention, and the codes have no answer to.
_UNSUPPORTED = (
    "position_bias",
    "head_mask",
    "indices",
    "block_indices",
    "sinks",
    "output_attentions",
)


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    softcap: float | None = None,
    sliding_window: int | None = None,
    s_aux: torch.Tensor | None = None,
    is_causal: bool | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of new tokens, as transformers' `AttentionInterface` asks for it; without a TurboQuantCache on floats.

    Args:
        query: (batch, query heads, tokens, key dim).
        key, value: (batch, kv heads, tokens, dim).
        attention_mask: (batch, 1, tokens, tokens).

    Returns:
        (batch, tokens, query heads, value dim), and no weights.
    """
    layer = key.layer if isinstance(key, Guarded) else None
    name = type(module).__name__ if layer is None else layer.plan.name
    for option in _UNSUPPORTED:
        if others.get(option) is not None and others[option] is not False:
            raise ValueError(f"{name}: attn_implementation={NAME!r} does not support {option}")
    causal = bool(getattr(module, "is_causal", True) if is_causal is None else is_causal)
    mask = None if attention_mask is None else boolean(attention_mask, name)
    softmax = Softmax(scaling, softcap, s_aux, dropout)
    if layer is None:
        output = float_attention(query, key, value, mask, softmax, causal)
        return output.transpose(1, 2).contiguous(), None
    key, value = layer.take(key, value)
    if query.requires_grad:
        raise TypeError(f"{name}: queries require a gradient, which attention on codes does not have: "
                        "call the model under torch.no_grad()")  # fmt: skip
    if dropout:
        raise ValueError(
            f"{name}: there is no dropout in the attention on codes: call model.eval()"
        )
    if not causal:
        raise ValueError(f"{name}: its attention is not causal")
    layer.bind(
        module,
        Attention(query.shape[1], key.shape[1], query.shape[3], value.shape[3], scaling, softcap,
                  layer.kind.sliding_window if sliding_window is None else sliding_window),
    )  # fmt: skip
    return _attend(layer, query, key, value, mask, softmax, others.get("position_ids")), None


def _attend(
    layer: TurboQuantLayer,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    softmax: Softmax,
    positions: torch.Tensor | None,
) -> torch.Tensor:
    """Appends keys and values, and attends: in an empty layer to the floats if the plan says so, else to what it holds."""
    asked = layer.attention
    assert asked is not None
    batch, count = query.shape[0], query.shape[2]
    on_floats = layer.length == 0 and layer.plan.prompt == "floats"
    real = real_tokens(mask, count, asked.sliding_window, on_floats, layer.plan.name)
    columns = _columns(real, batch)
    rows = _extended(layer, columns, count, softmax.sink_logits)
    _check_positions(layer, rows, columns, positions)
    _append(layer, rows, key, value, columns)
    layer.rows, layer.length = rows, layer.length + count
    if on_floats:
        output = float_attention(query, key, value, mask, softmax, causal=True)
        return output.transpose(1, 2).contiguous()
    result = query.new_zeros(batch, count, asked.query_heads, asked.value_dim)
    for row, which, queries, output in zip(rows, columns, query, result, strict=True):
        if which is None:
            output[:] = row.cache.attend(queries, asked.scale).transpose(0, 1)
        elif which.numel():
            attended = row.cache.attend(queries[:, which], asked.scale)
            output[which] = attended.transpose(0, 1).to(output.dtype)
    return result


def _columns(real: torch.Tensor | None, batch: int) -> list[torch.Tensor | None]:
    """The columns of each row that are no padding; None for all."""
    if real is None:
        return [None] * batch
    return [None if bool(row.all()) else row.nonzero().flatten() for row in real.expand(batch, -1)]


def _extended(
    layer: TurboQuantLayer,
    columns: list[torch.Tensor | None],
    count: int,
    sink_logits: torch.Tensor | None,
) -> list[Row]:
    """The layer's rows with the padding of the new columns; new rows if there are none yet.

    Raises:
        RuntimeError: the batch is another.
        ValueError: padding is among the tokens of a sliding window.
    """
    name = layer.plan.name
    if layer.rows and len(layer.rows) != len(columns):
        raise RuntimeError(
            f"{name}: its cache holds {len(layer.rows)} sequences, and the batch has {len(columns)}: "
            "make a cache for each call of generate, or empty this one with reset()"
        )
    rows = []
    for b, which in enumerate(columns):
        old = layer.rows[b] if layer.rows else None
        padding = old.padding if old is not None else ()
        if which is not None:
            hidden = torch.ones(count, dtype=torch.bool)
            hidden[which] = False
            padding += tuple((hidden.nonzero().flatten() + layer.length).tolist())
        cache = layer.empty_cache(sink_logits) if old is None else old.cache
        row = Row(cache, padding, None if old is None else old.shift)
        if layer.is_sliding and not row.is_left_padded():
            raise ValueError(
                f"{name}: row {b} has padding after tokens, which its sliding windows count: pad on the left"
            )
        rows.append(row)
    return rows


def _check_positions(
    layer: TurboQuantLayer,
    rows: list[Row],
    columns: list[torch.Tensor | None],
    positions: torch.Tensor | None,
) -> None:
    """Raises RuntimeError if the new tokens do not stand where those that are held end, as the model counts."""
    if layer.index or positions is None or positions.dim() != 2:
        return
    for row, which, places in zip(rows, columns, positions.expand(len(rows), -1), strict=True):
        if which is not None and not which.numel():
            continue
        position = int(places[0 if which is None else which[0]])
        held = len(row.cache)
        if not held or row.shift is None:
            row.shift = position - held
        elif position != held + row.shift:
            raise RuntimeError(
                f"{layer.plan.name}: new tokens begin at position {position}, expected {held + row.shift}, after those "
                "that the cache holds. " + FOR_ANOTHER_TEXT
            )


def _append(
    layer: TurboQuantLayer,
    rows: list[Row],
    key: torch.Tensor,
    value: torch.Tensor,
    columns: list[torch.Tensor | None],
) -> None:
    """Appends to each row's cache; to all or to none."""
    layer.remember()
    before = [len(row.cache) for row in rows]
    try:
        for row, which, keys, values in zip(rows, columns, key, value, strict=True):
            if which is not None:
                keys, values = keys[:, which], values[:, which]
            row.cache.append(keys.detach(), values.detach())
    except BaseException:
        for row, length in zip(rows, before, strict=True):
            if len(row.cache) > length:
                row.cache.truncate(length)
        raise


AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, new_tokens_mask)
