"""A causal mask that is no table until somebody reads it as one."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._pytree import tree_map_only


class CausalMask(torch.Tensor):
    """A mask of tokens among themselves, (batch, 1, tokens, tokens) of booleans: each real one sees itself and the real ones
    before it.

    The attention of this package reads `is_token` and `window`, which take little memory. Every operation of torch, for example
    by a model that changes its mask, gets the table.
    """

    is_token: torch.Tensor | None
    """Which tokens are no padding, (batch, tokens); None for all."""
    window: int | None
    """So many tokens, its own among them, are seen by one; None for all."""

    # What an operation on a table gives is a plain tensor.
    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def of(
        cls,
        batch: int,
        tokens: int,
        is_token: torch.Tensor | None,
        window: int | None,
        device: torch.device | str = "cpu",
    ) -> CausalMask:
        """The mask of `batch` sequences of so many tokens."""
        mask: CausalMask = torch.Tensor._make_wrapper_subclass(
            cls, (batch, 1, tokens, tokens), dtype=torch.bool, device=device
        )
        mask.is_token = is_token
        mask.window = window
        return mask

    def table(self) -> torch.Tensor:
        """The same as numbers that are held, tokens² bytes for each sequence with padding."""
        batch, _, count, _ = self.shape
        seen = torch.ones(count, count, dtype=torch.bool, device=self.device).tril()
        if self.window is not None:
            seen = seen.triu(1 - self.window)
        if self.is_token is None:
            return seen.expand(batch, 1, count, count)
        return seen & self.is_token[:, None, None, :]

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        args, kwargs = tree_map_only(CausalMask, CausalMask.table, (args, kwargs or {}))
        return func(*args, **kwargs)

    def __repr__(self, **options: Any) -> str:
        padding = "no padding" if self.is_token is None else "padding"
        return f"<CausalMask {tuple(self.shape)}, {padding}, window={self.window}>"
