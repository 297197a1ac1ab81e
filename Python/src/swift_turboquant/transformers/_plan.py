"""What a cache was made for: a model, its layers' kinds, and how keys and values are kept."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from transformers import PreTrainedModel

from .._cache_options import AnyPrecision, Centering
from ..cache import KVCache
from ..equalization import Equalization
from ._rotary import Rotary, rotary_of


@dataclass(frozen=True)
class LayerKind:
    """What the model's configuration says about a layer."""

    type: str
    sliding_window: int | None


@dataclass(frozen=True)
class Attention:
    """What the attention module of a layer asks for; it stays the same from call to call."""

    query_heads: int
    kv_heads: int
    key_dim: int
    value_dim: int
    scale: float | None
    logit_cap: float | None
    sliding_window: int | None


@dataclass(frozen=True)
class Plan:
    """The model and the options of a cache, and the empty caches that its rows begin as."""

    model: weakref.ref[PreTrainedModel]
    name: str
    """The model's, for messages."""
    keys: AnyPrecision
    values: AnyPrecision
    sinks: int
    window: int
    centering: Centering | Literal["auto"] | None
    prompt: Literal["floats", "codes"]
    seed: int
    equalizations: tuple[Equalization | None, ...]
    """One for each layer."""
    _templates: dict[Any, KVCache] = field(default_factory=dict, compare=False, repr=False)

    def __deepcopy__(self, memo: object) -> Plan:
        return self

    def check(self) -> None:
        """Raises ValueError or TypeError if there is no such cache for any model."""
        options = self._options()
        KVCache(1, 1, 8, **options)
        for equalization in {each.kind: each for each in self.equalizations if each}.values():
            heads, dimension = equalization.kv_heads, equalization.key_dim
            KVCache(heads, heads, dimension, equalization=equalization, **options)

    def rotary(self, module: torch.nn.Module, kind: LayerKind, dimension: int) -> Rotary | None:
        """The rotary embedding of a layer's keys, where centring asks for it.

        Raises:
            ValueError: it is of another kind, and was asked for.
        """
        model = self.model()
        if self.centering not in ("auto", "rotary-mean") or model is None:
            return None
        rotary = rotary_of(model, module, kind.type, dimension)
        if rotary is None and self.centering == "rotary-mean":
            raise ValueError(
                f"{self.name}: centering='rotary-mean' needs a rotary embedding of fixed frequencies, "
                "which this model's is not known to be; centering='auto' or 'mean' works"
            )
        return rotary

    def empty_cache(
        self,
        layer: int,
        attention: Attention,
        rotary: Rotary | None,
        sink_logits: torch.Tensor | None,
    ) -> KVCache:
        """For a row of the batch in a layer."""
        options = self._options()
        options |= {"sliding_window": attention.sliding_window, "logit_cap": attention.logit_cap,
                    "equalization": self.equalizations[layer]}  # fmt: skip
        # Beyond a sliding window the model does not see the first tokens.
        if attention.sliding_window is not None:
            options["sinks"] = 0
        if rotary is not None:
            options |= {"centering": "rotary-mean", "rotary_frequencies": rotary.frequencies,
                        "rotary_pairing": rotary.pairing}  # fmt: skip
        elif self.centering is not None:
            options["centering"] = "mean"
        if sink_logits is not None:
            options["sink_logits"] = sink_logits.detach().float().numpy()
        key = (attention, tuple((k, _hashable(v)) for k, v in options.items()))
        if key not in self._templates:
            self._templates[key] = KVCache(
                attention.query_heads, attention.kv_heads, attention.key_dim, attention.value_dim,
                **options,
            )  # fmt: skip
        return KVCache.like(self._templates[key])

    def _options(self) -> dict[str, Any]:
        """What all layers have in common."""
        return {"keys": self.keys, "values": self.values, "sinks": self.sinks, "window": self.window,
                "seed": self.seed}  # fmt: skip


def _hashable(value: Any) -> Any:
    return value.tobytes() if hasattr(value, "tobytes") else value
