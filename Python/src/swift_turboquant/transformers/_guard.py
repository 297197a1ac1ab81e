"""Keys and values that only the attention on codes may read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_GETTER = "__get__"  # of shape, dtype, device: what is asked before attention begins


class Guarded(torch.Tensor):
    """What a layer's `update` returns in place of all keys or values: the new ones alone.

    Attention on these would forget all earlier tokens and say nothing. So every operation on them raises, whoever asks.
    """

    _explanation: str

    @classmethod
    def around(cls, tensor: torch.Tensor, explanation: str) -> Guarded:
        """The tensor, seen as one that raises RuntimeError with an explanation."""
        guarded = tensor.as_subclass(cls)
        guarded._explanation = explanation
        return guarded

    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if getattr(func, "__name__", "") == _GETTER:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **(kwargs or {}))
        raise RuntimeError(_explanation_in((args, kwargs)))


def _explanation_in(arguments: Any) -> str:
    """The explanation of the first guarded tensor among arguments."""
    pending = [arguments]
    while pending:
        x = pending.pop()
        if isinstance(x, Guarded):
            return x.__dict__["_explanation"]
        if isinstance(x, tuple | list):
            pending.extend(x)
        elif isinstance(x, dict):
            pending.extend(x.values())
    return "keys and values of a TurboQuantCache were read by something else than its attention"
