"""The key/value cache of an attention layer, kept as codes and attended to without decoding."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ._arrays import (
    address,
    available_cores,
    is_tensor,
    thread_count,
    token_pair,
    tokens,
    view_of,
)
from ._cache_options import (
    AnyPrecision,
    CacheOptions,
    Centering,
    Exact,
    Pairing,
    equalization_of,
    factor,
    frequencies_of,
    logits_of,
)
from ._errors import InputError, reading
from ._library import Handle, lib
from ._options import PathArgument, path_of, unsigned
from .equalization import Equalization

# Below so much work a second thread costs more than it saves: .2 to .4 ms on one thread of a machine of 2023.
_NUMBERS_PER_APPEND = 1 << 16
_NUMBERS_PER_ATTENTION = 1 << 23


class Memory(NamedTuple):
    """The memory of a cache in bytes, whether shared with forks or not."""

    keys: int
    """Stored keys between sinks and window."""
    values: int
    """Stored values between sinks and window."""
    exact: int
    """Exact keys and values: sinks, window, and what waits for a centre."""
    centers: int
    """What centring subtracts."""
    channels: int
    """Which channels are outliers."""


class KVCache:
    """The keys and values of one attention layer for one sequence.

    Arrays are NumPy's or PyTorch's (CPU; float32, float16, bfloat16, others become float32) of any strides, without a
    copy where they are contiguous. A tensor that requires a gradient is refused, as codes have none. Every thread may use
    a cache; changes wait for each other, and attention sees all of a change or nothing.

    Making a cache solves codebooks and draws rotations, in some milliseconds. `KVCache.like(other)` takes them from
    another cache: make one cache, and those of the other layers and sequences like it.

    Args:
        query_heads: a multiple of kv_heads.
        kv_heads: heads of keys and values; query head h reads head h // (query_heads // kv_heads).
        key_dim: coordinates of a key and of a query.
        value_dim: coordinates of a value; by default key_dim.
        keys: bits per coordinate, "float16", "float32", or a `Precision`.
        values: likewise.
        sinks: how many of the first tokens stay exact.
        window: how many of the latest tokens stay exact.
        sliding_window: how many tokens a query sees, its own included, beside the sinks; by default all.
        exact: how exact tokens are kept: "float16", which refuses numbers of 65,520 and more, "float32" or "bfloat16"; by
            default as float16 until it cannot hold a token, from then on as float32.
        centering: what is subtracted before keys and values become codes, and added back exactly: "mean", the mean of the
            first tokens after the sinks; "rotary-mean", of keys the mean before their rotary embedding.
        center_tokens: with how many tokens after the sinks centring and outlier channels are fixed, by default 32. Those
            tokens stay exact until then; a longer first append fixes both by all of its tokens.
        equalization: in what metric keys become codes, as `KVStatistics` finds it; by default their own. Each layer of a model
            has its own.
        rotary_frequencies: radians per position, one per pair of coordinates, for "rotary-mean".
        rotary_pairing: which coordinates a pair has: "halves", i and i + n, the default, or "neighbours", 2i and 2i + 1.
        sink_logits: learned logits that take part in the softmax, one per query head.
        logit_cap: scores s become cap · tanh(s / cap).
        seed: of the random rotations.

    Raises:
        ValueError: there is no such cache (InputError where the library says so).
    """

    def __init__(
        self,
        query_heads: int,
        kv_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        *,
        keys: AnyPrecision = 4,
        values: AnyPrecision = 4,
        sinks: int = 0,
        window: int = 0,
        sliding_window: int | None = None,
        exact: Exact | None = None,
        centering: Centering | None = None,
        center_tokens: int | None = None,
        equalization: Equalization | None = None,
        rotary_frequencies: npt.ArrayLike | None = None,
        rotary_pairing: Pairing | None = None,
        sink_logits: npt.ArrayLike | None = None,
        logit_cap: float | None = None,
        seed: int = 0,
    ) -> None:
        options = CacheOptions(
            query_heads, kv_heads, key_dim, key_dim if value_dim is None else value_dim,
            keys, values, sinks, window, sliding_window, exact, centering, center_tokens,
            frequencies_of(rotary_frequencies, centering),
            rotary_pairing, logits_of(sink_logits, query_heads), logit_cap, seed,
            equalization_of(equalization),
        )  # fmt: skip
        empty = _created(options)
        self._open(options, _fork_of(empty), empty)

    def _open(self, options: CacheOptions, handle: Handle, empty: Handle) -> None:
        self._options = options
        self._handle = handle
        self._empty = empty
        self.query_heads = options.query_heads
        self.kv_heads = options.kv_heads
        self.key_dim = options.key_dim
        self.value_dim = options.value_dim

    @classmethod
    def load(cls, path: PathArgument, *arguments: Any, **options: Any) -> KVCache:
        """Opens what `save` wrote, by mapping it.

        Args:
            path: the file. It may be replaced while the cache lives, but not cut.
            arguments, options: those of the cache that was saved, as `KVCache` takes them.

        Raises:
            FileError: the file is damaged, of a cache of other options, or (MissingFileError) not there.
        """
        like = cls(*arguments, **options)
        structure, _alive = like._options.struct()
        name = path_of(path)
        with reading(path):
            handle = Handle(lib.tq_cache_open, lib.tq_cache_free, name, ctypes.byref(structure))
        return like._sibling(handle)

    @classmethod
    def from_bytes(
        cls, data: bytes | bytearray | memoryview, *arguments: Any, **options: Any
    ) -> KVCache:
        """The cache that `to_bytes` or a file is of; arguments and errors as in `load`."""
        return cls(*arguments, **options)._restored(data)

    @classmethod
    def like(cls, other: KVCache) -> KVCache:
        """An empty cache of the same options, which shares codebooks and rotations with `other`."""
        return other._sibling(_fork_of(other._empty))

    def fork(self) -> KVCache:
        """A second cache with the same tokens. The two share memory until one of them changes."""
        return self._sibling(_fork_of(self._handle))

    def append(
        self, k: Any, v: Any, position: int | None = None, threads: int | None = None
    ) -> None:
        """Appends tokens.

        Args:
            k: keys after any rotary embedding, (kv_heads, tokens, key_dim).
            v: values, (kv_heads, tokens, value_dim).
            position: where the first of them is expected: `next_position`, or it fails.
            threads: by default one for a few tokens, else all that the process may use. Codes do not depend on it.

        Raises:
            InputError: a number is not finite or too large, or the position is another. The cache is as it was.
            ValueError: shapes do not fit.
            TypeError: k or v is not of real numbers, on another device, or requires a gradient.
        """
        shapes = (self.kv_heads, self.key_dim), (self.kv_heads, self.value_dim)
        keys, values, kind = token_pair(k, v, shapes, ("k", "v"))
        is_long = keys.size + values.size >= _NUMBERS_PER_APPEND
        lib.tq_cache_append(
            self._handle.value, address(keys), keys.size, address(values), values.size, kind,
            -1 if position is None else unsigned(position, "position"),
            _threads(threads, is_long),
        )  # fmt: skip

    def attend(self, q: Any, scale: float | None = None, threads: int | None = None) -> Any:
        """Attention softmax(scale · q Kᵀ) V over the tokens held.

        Args:
            q: queries after any rotary embedding, (query_heads, tokens, key_dim). The last query belongs to the last token
                held and sees all, each one before it one token less.
            scale: by default 1 / √key_dim.
            threads: by default one where it takes less than about .3 ms, else all that the process may use. The result
                does not depend on it.

        Returns:
            (query_heads, tokens, value_dim) numbers of float32, whatever q has: a tensor if q is one, else an array.

        Raises:
            InputError: there are more queries than tokens, a query would see tokens that the sliding window has forgotten,
                or a number is not finite.
            ValueError: shapes do not fit, or scale is 0.
            TypeError: q is not of real numbers, on another device, or requires a gradient.
        """
        queries, kind = tokens(q, self.query_heads, self.key_dim, "q")
        output = np.empty((*queries.shape[:2], self.value_dim), np.float32)
        if threads is None:
            work = len(self) * queries.shape[0] * queries.shape[1] * (self.key_dim + self.value_dim)
            threads = _threads(None, work >= _NUMBERS_PER_ATTENTION)
        lib.tq_cache_attend(
            self._handle.value, address(queries), queries.size, kind,
            0 if scale is None else factor(scale, "scale"), _threads(threads, False),
            address(output), output.size,
        )  # fmt: skip
        return sys.modules["torch"].from_numpy(output) if is_tensor(q) else output

    def truncate(self, count: int) -> None:
        """Forgets all tokens from `count` on, for example after speculative decoding.

        Raises:
            InputError: there are fewer, or the next token would see tokens that the sliding window has forgotten.
        """
        lib.tq_cache_truncate(self._handle.value, unsigned(count, "count"))

    def remove(self, start: int, stop: int) -> None:
        """Removes tokens `start` to `stop` - 1 of those held, for example the oldest after the sinks when a context is full.

        The others stay as they are, at their positions: later keys and queries are embedded as if nothing had been removed,
        at `next_position` and so on. `truncate` takes the latest tokens back, with their positions.

        Raises:
            InputError: not all of them are held.
            ValueError: stop is less than start.
        """
        first = unsigned(start, "start")
        count = unsigned(stop, "stop") - first
        if count < 0:
            raise ValueError(f"stop is {stop}, expected at least start, {start}")
        lib.tq_cache_remove(self._handle.value, first, count)

    def decode(self, head: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """What one head of keys and values holds, decoded: (tokens, key_dim) and (tokens, value_dim), without tokens that
        the sliding window has forgotten, which are those after the sinks.

        Raises:
            InputError: there is no such head.
        """
        number = unsigned(head, "head")
        held = ctypes.c_size_t(len(self))
        while True:
            count = held.value
            keys = np.empty((count, self.key_dim), np.float32)
            values = np.empty((count, self.value_dim), np.float32)
            try:
                lib.tq_cache_decode(
                    self._handle.value, number, address(keys), keys.size,
                    address(values), values.size, ctypes.byref(held),
                )  # fmt: skip
            except ValueError:  # too small if another thread has appended meanwhile
                if held.value <= count:
                    raise
            else:
                return keys[: held.value], values[: held.value]

    def save(self, path: PathArgument) -> None:
        """Writes a snapshot, which replaces the file whole or not at all. Raises FileError if that fails."""
        lib.tq_cache_save(self._handle.value, path_of(path))

    def to_bytes(self) -> bytes:
        """The bytes that `save` would write."""
        snapshot = self.fork()  # other threads may append
        count = ctypes.c_size_t()
        with contextlib.suppress(InputError):  # there is no room yet
            lib.tq_cache_to_bytes(snapshot._handle.value, None, 0, ctypes.byref(count))
        data = np.empty(count.value, np.uint8)
        lib.tq_cache_to_bytes(snapshot._handle.value, address(data), data.size, ctypes.byref(count))
        return data.tobytes()

    @property
    def memory(self) -> Memory:
        """Bytes, by what they are for."""
        use = lib.struct("tq_cache_memory_use")
        lib.tq_cache_memory(self._handle.value, ctypes.byref(use))
        return Memory(
            use.key_bytes, use.value_bytes, use.exact_bytes, use.center_bytes, use.channel_bytes
        )

    @property
    def nbytes(self) -> int:
        """Bytes of all that is held, whether shared with forks or not."""
        return sum(self.memory)

    @property
    def next_position(self) -> int:
        """The position of the next token: the number of tokens, and of those that `remove` took from before it."""
        position = ctypes.c_size_t()
        lib.tq_cache_next_position(self._handle.value, ctypes.byref(position))
        return position.value

    def __len__(self) -> int:
        count = ctypes.c_size_t()
        lib.tq_cache_count(self._handle.value, ctypes.byref(count))
        return count.value

    def __copy__(self) -> KVCache:
        return self.fork()

    def __deepcopy__(self, memo: object) -> KVCache:
        return self.fork()

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (type(self), self._options, self.to_bytes())

    def __repr__(self) -> str:
        o = self._options
        equalization = f", equalization={o.equalization.kind!r}" if o.equalization else ""
        return (
            f"<KVCache of {len(self)} tokens: {o.query_heads} query heads, {o.kv_heads} × "
            f"({o.key_dim}, {o.value_dim}), keys={o.keys!r}, values={o.values!r}{equalization}>"
        )

    def _restored(self, data: bytes | bytearray | memoryview) -> KVCache:
        """A cache of the same options with the tokens of `to_bytes`."""
        view = view_of(data)
        structure, _alive = self._options.struct()
        handle = Handle(
            lib.tq_cache_from_bytes, lib.tq_cache_free,
            address(view), view.size, ctypes.byref(structure),
        )  # fmt: skip
        return self._sibling(handle)

    def _sibling(self, handle: Handle) -> KVCache:
        """A cache of the same options."""
        cache = type(self).__new__(type(self))
        cache._open(self._options, handle, self._empty)
        return cache


def _unpickled(kind: type[KVCache], options: CacheOptions, data: bytes) -> KVCache:
    cache = kind.__new__(kind)
    empty = _created(options)
    cache._open(options, empty, empty)
    return cache._restored(data)


def _created(options: CacheOptions) -> Handle:
    structure, _alive = options.struct()
    return Handle(lib.tq_cache_create, lib.tq_cache_free, ctypes.byref(structure))


def _fork_of(cache: Handle) -> Handle:
    return Handle(lib.tq_cache_fork, lib.tq_cache_free, cache.value)


def _threads(threads: int | None, is_long: bool) -> int:
    if threads is None:
        return available_cores() if is_long else 1
    return thread_count(threads, 1)
