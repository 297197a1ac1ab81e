"""The options of a key/value cache."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ._arrays import address, vector
from ._library import lib
from ._options import (
    ESTIMATORS,
    QUANTIZERS,
    SKETCHES,
    Estimator,
    Quantizer,
    Sketch,
    bits_of,
    choice,
    optional,
    unsigned,
)
from .equalization import KINDS, Equalization

Kind = Literal["codes", "outliers", "sketches", "float16", "float32"]
Centering = Literal["mean", "rotary-mean"]
Pairing = Literal["halves", "neighbours"]
Exact = Literal["float16", "float32", "bfloat16"]

_KINDS: dict[Kind, int] = {
    "codes": lib.TQ_PRECISION_CODES,
    "outliers": lib.TQ_PRECISION_OUTLIERS,
    "sketches": lib.TQ_PRECISION_SKETCHES,
    "float16": lib.TQ_PRECISION_FLOAT16,
    "float32": lib.TQ_PRECISION_FLOAT32,
}
_CENTERINGS: dict[Centering | None, int] = {
    None: 0,
    "mean": lib.TQ_CENTERING_MEAN,
    "rotary-mean": lib.TQ_CENTERING_ROTARY_MEAN,
}
_EXACT: dict[Exact | None, int] = {
    None: 0,
    "float16": lib.TQ_FLOAT16,
    "float32": lib.TQ_FLOAT32,
    "bfloat16": lib.TQ_BFLOAT16,
}
_PAIRINGS: dict[Pairing | None, int] = {
    None: 0,
    "halves": lib.TQ_PAIRING_HALVES,
    "neighbours": lib.TQ_PAIRING_NEIGHBOURS,
}


@dataclass(frozen=True)
class Precision:
    """How a cache keeps keys or values. What has no effect on the kind must be None.

    Args:
        kind: "codes"; "outliers", codes of which the quarter of channels with the largest mean square has one bit more;
            "sketches", signs of projections (QJL), of outlier channels and of the others apart, for keys; "float16" or
            "float32".
        bits: of codes, 1 to 8 in steps of 1/2, and of outliers, 1 to 7; by default 4.
        quantizer: of codes, "scalar" by default; values take no other.
        sketch: of sketches, where the default is "orthogonal", and of codes of "two-stage" and "qjl".
        directions: of sketches, where they are needed, and of codes of "two-stage" and "qjl".
        outliers: how many channels of sketches count as outliers.
        outlier_directions: their directions.
        estimator: of codes and outliers: which scale is stored; by default the quantizer's own.
    """

    kind: Kind = "codes"
    bits: float | None = None
    quantizer: Quantizer | None = None
    sketch: Sketch | None = None
    directions: int | None = None
    outliers: int | None = None
    outlier_directions: int | None = None
    estimator: Estimator | None = None


AnyPrecision = float | Literal["float16", "float32"] | Precision


@dataclass(frozen=True)
class CacheOptions:
    """What `KVCache` was given."""

    query_heads: int
    kv_heads: int
    key_dim: int
    value_dim: int
    keys: AnyPrecision
    values: AnyPrecision
    sinks: int
    window: int
    sliding_window: int | None
    exact: Exact | None
    centering: Centering | None
    center_tokens: int | None
    rotary_frequencies: npt.NDArray[np.float64]
    rotary_pairing: Pairing | None
    sink_logits: npt.NDArray[np.float32]
    logit_cap: float | None
    seed: int
    equalization: Equalization | None = None

    def struct(self) -> tuple[Any, list[Any]]:
        """The options as the library takes them, which point to the options' arrays, and what else must stay alive with them."""
        keys = _precision(self.keys, "keys")
        values = _precision(self.values, "values")
        logits, frequencies = self.sink_logits, self.rotary_frequencies
        options = lib.struct(
            "tq_cache_options",
            query_heads=unsigned(self.query_heads, "query_heads", 1),
            key_value_heads=unsigned(self.kv_heads, "kv_heads", 1),
            key_dimension=unsigned(self.key_dim, "key_dim", 1),
            value_dimension=unsigned(self.value_dim, "value_dim", 1),
            sinks=unsigned(self.sinks, "sinks"),
            window=unsigned(self.window, "window"),
            sliding_window=optional(self.sliding_window, "sliding_window"),
            keys=ctypes.addressof(keys),
            values=ctypes.addressof(values),
            sink_logits=address(logits) if logits.size else None,
            sink_logit_count=logits.size,
            rotary_frequencies=address(frequencies) if frequencies.size else None,
            rotary_frequency_count=frequencies.size,
            seed=unsigned(self.seed, "seed"),
            logit_cap=0 if self.logit_cap is None else factor(self.logit_cap, "logit_cap"),
            centering=choice(_CENTERINGS, self.centering, "centering"),
            pairing=choice(_PAIRINGS, self.rotary_pairing, "rotary_pairing"),
            exact_tokens=choice(_EXACT, self.exact, "exact"),
            center_tokens=optional(self.center_tokens, "center_tokens"),
        )
        if self.equalization is not None:
            numbers = self.equalization.numbers
            options.equalization = address(numbers)
            options.equalization_count = numbers.size
            options.equalization_kind = KINDS[self.equalization.kind]
        return options, [keys, values]


def logits_of(logits: Any, query_heads: int) -> npt.NDArray[np.float32]:
    """A copy of learned logits, empty if there are none."""
    if logits is None:
        return np.empty(0, np.float32)
    copied = vector(logits, np.float32, "sink_logits").copy()
    if copied.size != query_heads:
        raise ValueError(
            f"there are {copied.size} sink_logits, expected {query_heads}, one per query head"
        )
    return copied


def frequencies_of(frequencies: Any, centering: Centering | None) -> npt.NDArray[np.float64]:
    """A copy of a rotary embedding's frequencies, empty where none are needed."""
    needed = centering == "rotary-mean"
    if needed != (frequencies is not None):
        raise ValueError(
            "rotary_frequencies are needed for centering='rotary-mean', and for nothing else"
        )
    if not needed:
        return np.empty(0)
    copied = vector(frequencies, np.float64, "rotary_frequencies").copy()
    if not copied.size:
        raise ValueError("there are no rotary_frequencies, expected one per pair")
    return copied


def equalization_of(given: Any) -> Equalization | None:
    """An equalization or none."""
    if given is None or isinstance(given, Equalization):
        return given
    raise TypeError(f"equalization is {given!r}, expected an Equalization")


def factor(value: float, name: str) -> float:
    """A factor that is not 0 as float32: 0 would be a default."""
    if np.float32(value) == 0:
        raise ValueError(f"{name} is {value}, expected a float32 other than 0")
    return float(value)


def _precision(given: AnyPrecision, name: str) -> Any:
    """The struct of a precision."""
    if isinstance(given, str):
        if given not in ("float16", "float32"):
            raise ValueError(
                f"{name} is {given!r}, expected bits, 'float16', 'float32' or a Precision"
            )
        given = Precision(given)
    elif not isinstance(given, Precision):
        given = Precision(bits=bits_of(given, name))
    return lib.struct(
        "tq_cache_precision",
        bits=0 if given.bits is None else bits_of(given.bits, f"bits of {name}"),
        directions=optional(given.directions, f"directions of {name}"),
        outliers=0 if given.outliers is None else unsigned(given.outliers, f"outliers of {name}"),
        outlier_directions=optional(given.outlier_directions, f"outlier_directions of {name}"),
        precision=choice(_KINDS, given.kind, f"kind of {name}"),
        quantizer=choice({None: 0, **QUANTIZERS}, given.quantizer, f"quantizer of {name}"),
        sketch=choice(SKETCHES, given.sketch, f"sketch of {name}"),
        estimator=choice(ESTIMATORS, given.estimator, f"estimator of {name}"),
    )
