"""Attention masks of new tokens: who is padding, and whether the rest is causal."""

from __future__ import annotations

from typing import Any

import torch
from transformers.masking_utils import sdpa_mask

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
    attention_mask: torch.Tensor | None = None,
    **options: Any,
) -> torch.Tensor | None:
    """transformers' boolean mask, (batch, 1, tokens, tokens seen), or None where it is causal and nothing else, without padding.

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
    return sdpa_mask(
        batch_size,
        q_length,
        kv_length,
        q_offset,
        kv_offset,
        attention_mask=attention_mask,
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


def real_tokens(mask: torch.Tensor) -> torch.Tensor | None:
    """Which of the new tokens are no padding, (batch, tokens), or None if none are: a token that is real sees itself.

    Args:
        mask: (batch, 1, tokens, tokens) of booleans.
    """
    itself = mask[:, 0].diagonal(dim1=-2, dim2=-1)
    return None if bool(itself.all()) else itself


def check_last(
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


def check_causal(
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
