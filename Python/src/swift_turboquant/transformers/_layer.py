"""One layer of a model's cache."""

from __future__ import annotations

import copy
import weakref
from typing import Any

import torch
from transformers.cache_utils import CacheLayerMixin

from ..cache import KVCache
from ._guard import Guarded
from ._plan import Attention, LayerKind, Plan
from ._rotary import Rotary
from ._rows import Row, selected

_PAGE = 256
"""So many tokens are forgotten together."""


class TurboQuantLayer(CacheLayerMixin):
    """Keys and values of one layer: a `KVCache` for each row of the batch.

    `update` only takes note of new keys and values, and returns them together with the layer; the model hands them to its
    attention function, which appends and attends.
    """

    is_compileable = False
    is_croppable = True
    supports_early_init = False

    def __init__(self, plan: Plan, index: int, kind: LayerKind) -> None:
        super().__init__()
        self.plan = plan
        self.index = index
        self.kind = kind
        self.is_sliding = kind.sliding_window is not None
        self.record_past = False
        self.rows: list[Row] = []
        self.length = 0
        """Columns of the batch, padding among them."""
        self.attention: Attention | None = None
        self.rotary: Rotary | None = None
        self._module: weakref.ref[torch.nn.Module] | None = None
        self._given: tuple[torch.Tensor, ...] | None = None
        # Earlier states, by their length, which hold what sliding windows have forgotten since.
        self._past: list[tuple[int, list[KVCache]]] = []
        self._unseen: list[int] = []

    def __deepcopy__(self, memo: object) -> TurboQuantLayer:
        """Shares memory until one of the two changes. What a failed forward pass left is no part of a copy."""
        layer = copy.copy(self)
        layer.rows = [row.fork() for row in self.rows]
        layer._past = [
            (length, [cache.fork() for cache in caches]) for length, caches in self._past
        ]
        layer._given = None
        return layer

    # What transformers calls.

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        self.is_initialized = True

    def update(
        self,
        key_states: torch.Tensor,
        value_states: torch.Tensor,
        *args: Any,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Notes new keys and values, (batch, kv heads, tokens, dim), after any rotary embedding.

        Returns:
            The same, to be handed to the attention on codes: everything else that reads them raises.
        """
        name = self.plan.name
        for x in (key_states, value_states):
            if x.device.type != "cpu":
                raise TypeError(f"{name} runs on {x.device}, and codes are attended to on the CPU: "
                                "call model.to('cpu')")  # fmt: skip
            if x.requires_grad and torch.is_grad_enabled():
                raise TypeError(
                    f"{name}: keys and values require a gradient, which codes do not have: "
                    "call the model under torch.no_grad()"
                )
        self.lazy_initialization(key_states, value_states)
        guarded = Guarded.around(key_states, self), Guarded.around(value_states, self)
        self._given = (*guarded, key_states, value_states)
        return guarded

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Masks are of the new tokens only: which of the earlier ones are padding is known."""
        return query_length, self.length

    def get_seq_length(self) -> int:
        return self.length

    def get_max_length(self) -> int:
        return -1

    def reset(self) -> None:
        self.rows, self.length, self.is_initialized = [], 0, False
        self._given, self._past, self._unseen = None, [], []

    def crop(self, tokens_to_remove: int) -> None:
        """Forgets so many of the latest tokens of every row; the number is negative."""
        if tokens_to_remove > 0 or self.length + tokens_to_remove < 0:
            raise ValueError(
                f"crop({tokens_to_remove}), expected -{self.length} … 0: minus the number of tokens to forget"
            )
        length = self.length + tokens_to_remove
        caches = [row.cache for row in self.rows]
        # The earliest state that has them all: a later one may have forgotten what a sliding window no longer needed.
        for past, forks in self._past:
            if past >= length:
                caches = forks
                break
        self._past = []
        for row, cache in zip(self.rows, caches, strict=True):
            cache.truncate(row.tokens(length))
            row.cache = cache
            row.padding = tuple(column for column in row.padding if column < length)
        self.length = length
        if length == 0:
            self.reset()

    def activate_past_recording(self) -> None:
        """Keeps what sliding windows forget, until the next `crop`."""
        self.record_past = True

    def reorder_cache(self, beam_idx: torch.Tensor) -> None:
        self.batch_select_indices(beam_idx)

    def batch_repeat_interleave(self, repeats: int) -> None:
        self._select([row for row in range(len(self.rows)) for _ in range(repeats)])

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        if indices.dtype == torch.bool:
            indices = indices.nonzero().flatten()
        self._select([index % max(1, len(self.rows)) for index in indices.tolist()])

    def offload(self) -> None:
        raise NotImplementedError("codes are not offloaded: they are on the CPU")

    prefetch = offload

    def _select(self, indices: list[int]) -> None:
        if self.rows:
            self.rows = selected(self.rows, indices)
        self._past, self._unseen = [], []

    # What the attention function calls.

    def take(self, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The new keys and values that `update` returned as `key` and `value`.

        Raises:
            RuntimeError: these are others.
        """
        given, self._given = self._given, None
        if given is None or key is not given[0] or value is not given[1]:
            raise RuntimeError(
                f"{self.plan.name}: it changes keys and values between its cache and its attention, so it "
                "cannot attend on codes: use transformers' own cache"
            )
        return given[2], given[3]

    def bind(self, module: torch.nn.Module, attention: Attention) -> None:
        """Checks that a call comes from the layer's module and asks for what it asked for before.

        Raises:
            RuntimeError: it is of another model.
            ValueError: it asks for something else.
        """
        name = self.plan.name
        if self._module is None:
            model = self.plan.model()
            if model is None or all(module is not own for own in model.modules()):
                raise RuntimeError(f"this cache was made for {name}, which {type(module).__name__} of layer "
                                   f"{self.index} is no part of: make one for each model")  # fmt: skip
            if attention.sliding_window not in (None, self.kind.sliding_window):
                raise ValueError(
                    f"{name}: attention of layer {self.index} has a sliding window of "
                    f"{attention.sliding_window}, its configuration {self.kind.sliding_window}"
                )
            self._check_equalization(attention)
            self.rotary = self.plan.rotary(module, self.kind, attention.key_dim)
            self._module, self.attention = weakref.ref(module), attention
        elif self._module() is not module:
            raise RuntimeError(
                f"this cache was made for {name}; layer {self.index} was used by another model: "
                "make a cache for each model"
            )
        elif attention != self.attention:
            raise ValueError(
                f"{name}: layer {self.index} asked for {self.attention}, now for {attention}"
            )

    def _check_equalization(self, attention: Attention) -> None:
        """Raises ValueError if the layer's equalization is of other keys."""
        equalization = self.plan.equalizations[self.index]
        if equalization is None:
            return
        found = equalization.kv_heads, equalization.key_dim
        if found != (attention.kv_heads, attention.key_dim):
            raise ValueError(
                f"{self.plan.name}: layer {self.index} has {attention.kv_heads} × {attention.key_dim} keys, its "
                f"equalization {found[0]} × {found[1]}: it is of another model"
            )

    def empty_cache(self, sink_logits: torch.Tensor | None) -> KVCache:
        """For a row of the batch, after `bind`."""
        assert self.attention is not None
        return self.plan.empty_cache(self.index, self.attention, self.rotary, sink_logits)

    def remember(self) -> None:
        """To be called before an append: keeps the rows if it makes a sliding window forget tokens."""
        window = self.kind.sliding_window
        if window is None:
            return
        # Whole pages are forgotten, when no later query sees a token of theirs.
        held = [len(row.cache) for row in self.rows]
        unseen = [max(0, min(n + 1 - window, n - self.plan.window)) // _PAGE for n in held]
        if self.record_past and unseen != self._unseen:
            self._past.append((self.length, [row.cache.fork() for row in self.rows]))
        self._unseen = unseen
