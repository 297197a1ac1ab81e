"""Attention masks of new tokens: who is padding, and whether the rest is causal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from transformers.masking_utils import causal_mask_function, prepare_padding_mask, sdpa_mask

from ._causal_mask import CausalMask

FOR_ANOTHER_TEXT = (
    "For another text empty the cache with reset(), or make another; to continue a text, give all its tokens again and the "
    "new ones"
)


def new_tokens_mask(
    batch_size: int,
    q_length: int,
    kv_length: int,
    q_offset: int = 0,
    kv_offset: int = 0,
    mask_function: Callable[..., Any] = causal_mask_function,
    attention_mask: torch.Tensor | None = None,
    local_size: int | None = None,
    **options: Any,
) -> torch.Tensor | None:
    """transformers' boolean mask, (batch, 1, tokens, tokens seen): a `CausalMask` where it is one; None where it is without
    padding and window.

    Raises:
        RuntimeError: the mask it is made from is not of the tokens held and the new ones.
    """
    expected = q_offset + q_length
    found = expected if attention_mask is None else attention_mask.shape[-1]
    # A TurboQuantCache asks for masks that begin with the new tokens.
    if kv_offset == q_offset > 0 and (found != expected or not q_length):
        raise RuntimeError(
            f"the TurboQuantCache holds {q_offset} tokens and {q_length} are new, but the attention mask is of {found}. "
            + FOR_ANOTHER_TEXT
        )
    if 1 < q_length == kv_length and q_offset == kv_offset:
        window = None if local_size is None or local_size >= q_length else local_size
        padding = prepare_padding_mask(attention_mask, kv_length, kv_offset)
        real = None if padding is None else padding[:, kv_offset : kv_offset + kv_length]
        if real is not None and bool(real.all()):
            real = None
        is_causal = options.get("allow_is_causal_skip", True) and (
            mask_function is causal_mask_function
            if local_size is None
            else _is_window(mask_function, local_size, q_length)
        )
        # A window counts padding between tokens, which attention by rows does not see.
        if is_causal and (window is None or real is None or _is_together(real)):
            if window is None and real is None:
                return None
            return CausalMask.of(batch_size, q_length, real, window, options.get("device", "cpu"))
    return sdpa_mask(
        batch_size,
        q_length,
        kv_length,
        q_offset,
        kv_offset,
        mask_function=mask_function,
        attention_mask=attention_mask,
        local_size=local_size,
        **options,
    )


def boolean(mask: torch.Tensor, name: str) -> torch.Tensor:
    """A mask as one of booleans, True where a query sees a token.

    Raises:
        ValueError: it adds something else than 0 or minus infinity to scores.
    """
    if mask.dtype == torch.bool:
        return mask
    sees = mask == 0
    if not bool((sees | (mask <= torch.finfo(mask.dtype).min / 2)).all()):
        raise ValueError(f"{name}: the attention mask has other numbers than 0 and the least ones")
    return sees


def real_tokens(
    mask: torch.Tensor | None, count: int, window: int | None, is_prompt: bool, name: str
) -> torch.Tensor | None:
    """Which of the new tokens are no padding, (batch, tokens), or None if none is.

    Args:
        mask: (batch, 1, tokens, tokens) of booleans; None for a causal one without padding.
        count: of tokens.
        window: the layer's.
        is_prompt: they are the first, and attend to floats as the mask says: only what later tokens rely on is checked.

    Raises:
        ValueError: the mask is of another shape, or not causal.
    """
    if mask is None or isinstance(mask, CausalMask):
        found = None if mask is None else mask.window
        expected = None if window is None or window >= count else window
        if found != expected:
            raise ValueError(
                f"{name}: the attention mask has a window of {found}, the attention of {expected}"
            )
    elif mask.shape[1:] != (1, count, count):
        raise ValueError(
            f"{name}: the attention mask has shape {tuple(mask.shape)}, expected (batch, 1, {count}, {count}), "
            "of the new tokens alone: give a mask of two dimensions, (batch, tokens), and let the model make "
            "this one"
        )
    if mask is None:
        return None
    if isinstance(mask, CausalMask):
        return mask.is_token
    itself = mask[:, 0].diagonal(dim1=-2, dim2=-1)  # a token that is real sees itself
    real = None if bool(itself.all()) else itself
    (_check_last if is_prompt else _check_causal)(mask, real, window, name)
    return real


def _check_last(
    mask: torch.Tensor, real: torch.Tensor | None, window: int | None, name: str
) -> None:
    """Raises ValueError if the last token of a prompt does not see what a later one would see: all real tokens, or those
    in the sliding window."""
    sees = mask[:, 0, -1]
    seen = sees.sum(-1)
    expected = torch.full_like(seen, mask.shape[-1]) if real is None else real.sum(-1)
    if window is not None:
        expected = expected.clamp(max=window)
    wrong = seen != expected
    if real is not None:
        wrong &= real[:, -1]
    if bool(wrong.any()):
        row = int(wrong.nonzero()[0])
        raise ValueError(
            f"{name}: the last token of row {row} sees {int(seen[row])} tokens of its prompt, expected "
            f"{int(expected[row])}: attention masks other than causal ones with padding are not supported"
        )


def _check_causal(
    mask: torch.Tensor, real: torch.Tensor | None, window: int | None, name: str
) -> None:
    """Raises ValueError unless each real new token sees itself, the real ones before it, in the window if there is one, and
    nothing else."""
    count = mask.shape[-1]
    expected = torch.ones(count, count, dtype=torch.bool).tril()
    if window is not None and window < count:
        expected = expected.triu(1 - window)
    unequal = mask[:, 0] != expected
    if real is not None:
        unequal = (mask[:, 0] != (expected & real[:, None, :])) & real[:, :, None]
    if bool(unequal.any()):
        raise ValueError(
            f"{name}: attention masks other than causal ones with padding are not supported for "
            "tokens that attend on codes"
        )


def _is_window(mask_function: Callable[..., Any], size: int, count: int) -> bool:
    """Whether a mask of a local size is of a sliding window and not of chunks: each token sees the one size - 1 before it,
    and none before that."""
    zero = torch.zeros(1, dtype=torch.long)
    last = torch.arange(size, size + count)
    sees, beyond = (mask_function(zero, zero, last, last - n) for n in (size - 1, size))
    return bool(sees.all()) and not bool(beyond.any())


def _is_together(real: torch.Tensor) -> bool:
    """Whether no row has padding between its tokens."""
    return bool((real[:, 1:] & ~real[:, :-1]).sum(-1).add(real[:, 0]).le(1).all())
