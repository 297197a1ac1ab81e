"""A model's cache of keys and values as codes."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any, Literal

import torch
from transformers import PreTrainedModel
from transformers.cache_utils import Cache

from .._cache_options import AnyPrecision, Centering, equalization_of
from ..cache import Memory
from ..equalization import Equalization
from ._attention import NAME
from ._layer import TurboQuantLayer
from ._model import check_device, layer_kinds, name_of, use_attention
from ._plan import Plan


class TurboQuantCache(Cache):
    """The keys and values of all layers of a model, for one batch of sequences, as codes; made by `for_model`.

    It is what `generate` and the model's forward pass take as `cache`. The first forward pass attends to its keys and
    values as they are, and encodes them; all later tokens attend on codes, also where several come at once. Beam search, sampling,
    assisted decoding (`crop`), padding and `copy.deepcopy` (a prompt that is used several times) work as with transformers' own
    cache; copies share memory until they change.

    A cache holds one batch. It continues where `generate` has ended if it is given all tokens again and new ones; for other
    texts make another cache, or call `reset`.
    """

    layers: list[TurboQuantLayer]

    @classmethod
    def for_model(
        cls,
        model: PreTrainedModel,
        keys: AnyPrecision = 4,
        values: AnyPrecision = 4,
        *,
        sinks: int = 0,
        window: int = 0,
        centering: Centering | Literal["auto"] | None = "auto",
        equalization: Iterable[Equalization | None] | None = None,
        prompt: Literal["floats", "codes"] = "floats",
        seed: int = 0,
    ) -> TurboQuantCache:
        """An empty cache. The model attends by `attn_implementation="turboquant"` from then on, also with other caches, where
        it is attention on floats.

        Args:
            model: a decoder on the CPU: full attention and sliding windows, grouped queries, soft caps, learned sinks.
            keys: bits per coordinate, "float16", "float32", or a `Precision`.
            values: likewise.
            sinks: how many of the first tokens of each sequence stay float16, in layers without a sliding window.
            window: how many of the latest tokens stay float16.
            centering: what is subtracted from keys and values before they become codes, and added back exactly: "auto",
                "rotary-mean" where the model's rotary embedding allows it, else "mean"; or None. The first 32 tokens of a
                sequence, beside the sinks, stay exact until they are all there.
            equalization: the metric of each layer's keys, or None for its own, as `load_calibration` gives them; by default
                no layer has one. One that was made for another model makes errors larger.
            prompt: what the first forward pass attends to: its keys and values as "floats", or "codes" like all others.
            seed: of the random rotations.

        Raises:
            TypeError: it is not a model of transformers, or not on the CPU.
            ValueError: the model cannot attend on codes; the message names it and the reason.
        """
        if not isinstance(model, PreTrainedModel):
            raise TypeError(f"model is a {type(model).__name__}, expected a model of transformers")
        if prompt not in ("floats", "codes"):
            raise ValueError(f"prompt is {prompt!r}, expected 'floats' or 'codes'")
        if centering not in ("auto", "mean", "rotary-mean", None):
            raise ValueError(
                f"centering is {centering!r}, expected 'auto', 'mean', 'rotary-mean' or None"
            )
        kinds = layer_kinds(model)
        check_device(model)
        plan = Plan(weakref.ref(model), name_of(model), keys, values, sinks, window, centering, prompt, seed,
                    _equalizations(equalization, len(kinds), name_of(model)))  # fmt: skip
        plan.check()
        use_attention(model, NAME)
        return cls(layers=[TurboQuantLayer(plan, i, kind) for i, kind in enumerate(kinds)])

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        layer_idx: int,
        *args: Any,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Notes new keys and values of a layer, which its attention function then appends."""
        first = self.layers[0]
        if layer_idx >= len(self.layers):
            raise RuntimeError(
                f"this cache was made for {first.plan.name}, which has {len(self.layers)} layers, and is used by "
                f"another model, in layer {layer_idx}: make a cache for each model"
            )
        length = self.layers[layer_idx].length
        others = first.length - key_states.shape[2] if layer_idx else self.layers[-1].length
        if length != others:
            raise RuntimeError(
                f"{first.plan.name}: its cache holds {length} tokens in layer {layer_idx} and others elsewhere: a forward "
                "pass failed, or did not attend on codes. Empty the cache with reset(), or make another"
            )
        return self.layers[layer_idx].update(key_states, value_states, *args, **kwargs)

    @property
    def memory(self) -> Memory:
        """Bytes of all layers and sequences, by what they are for, whether shared or not."""
        uses = [row.cache.memory for layer in self.layers for row in layer.rows]
        return Memory(*map(sum, zip(*uses, strict=True))) if uses else Memory(0, 0, 0, 0, 0)

    @property
    def nbytes(self) -> int:
        """Bytes of all that is held, whether shared or not."""
        return sum(self.memory)


def _equalizations(
    given: Iterable[Equalization | None] | None, layers: int, name: str
) -> tuple[Equalization | None, ...]:
    """One for each layer, or None."""
    if given is None:
        return (None,) * layers
    if isinstance(given, Equalization):
        raise TypeError(
            "equalization is that of one layer, expected a sequence: one, or None, for each layer"
        )
    found = tuple(map(equalization_of, given))
    if len(found) != layers:
        raise ValueError(
            f"equalization is of {len(found)} layers, and {name} has {layers}: it is of another model"
        )
    return found
