"""Keys and values that only the attention on codes may read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from ._layer import TurboQuantLayer

_GETTER = "__get__"  # of shape, dtype, device: what is asked before attention begins


class Guarded(torch.Tensor):
    """What a layer's `update` returns in place of all keys or values: the new ones alone, and the layer with them.

    The attention on codes knows them by their type. Any other would see the new tokens alone, and say nothing: so every
    operation on them raises, whoever asks.
    """

    layer: TurboQuantLayer

    @classmethod
    def around(cls, tensor: torch.Tensor, layer: TurboQuantLayer) -> Guarded:
        """The tensor, seen as one of a layer."""
        guarded: Guarded = tensor.as_subclass(cls)
        guarded.layer = layer
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
        raise RuntimeError(_explanation((args, kwargs)))


def _explanation(arguments: Any) -> str:
    """What is wrong, in the words of the first guarded tensor among arguments."""
    pending = [arguments]
    while pending:
        x = pending.pop()
        if isinstance(x, Guarded):
            return (
                f"{x.layer.plan.name}: its cache keeps codes, and something else than the attention on codes reads keys or "
                "values. It is another model than the cache was made for; or its attention was changed, which "
                "model.set_attn_implementation('turboquant') takes back; or it works on keys and values between cache and "
                "attention, and cannot attend on codes"
            )
        if isinstance(x, tuple | list):
            pending.extend(x)
        elif isinstance(x, dict):
            pending.extend(x.values())
    return "something else than the attention on codes reads keys or values of a TurboQuantCache"
