"""What every part of an index needs."""

import ctypes
from typing import Any, Literal

import numpy as np

from ._ids import IdKind
from ._library import Handle, lib
from ._options import QUANTIZERS

Metric = Literal["ip", "cosine", "l2"]

METRICS = {
    "ip": lib.TQ_METRIC_INNER_PRODUCT,
    "cosine": lib.TQ_METRIC_COSINE,
    "l2": lib.TQ_METRIC_SQUARED_EUCLIDEAN,
}
INDEX_QUANTIZERS = {name: QUANTIZERS[name] for name in ("scalar", "two-stage")}
ORIGINALS = {
    None: 0,
    "float16": lib.TQ_ORIGINALS_FLOAT16,
    "float32": lib.TQ_ORIGINALS_FLOAT32,
}
IDS: dict[Any, int] = {
    "int": lib.TQ_TAGS_NONE,
    "str": lib.TQ_TAGS_TEXT,
    "bytes": lib.TQ_TAGS_BYTES,
}


class IndexCore:
    """A handle, and what never changes about its index."""

    dim: int
    """Coordinates of a vector."""
    bits: int
    """Bits per coordinate."""
    metric: Metric
    quantizer: str
    seed: int
    originals: str | None
    """"float16", "float32" or None."""
    id_kind: IdKind
    """"int", "str" or "bytes"."""
    bytes_per_vector: int
    """Codes and scalars of a row, without its id and original."""
    fingerprint: bytes
    """Indexes of equal fingerprints can be merged, and their scores compared."""

    def _open(self, handle: Handle) -> None:
        self._handle = handle
        information = lib.struct("tq_index_information")
        lib.tq_index_info(handle.value, ctypes.byref(information))
        self.dim = information.dimension
        self.bits = int(information.bits)
        self.metric = _name(METRICS, information.metric)
        self.quantizer = _name(INDEX_QUANTIZERS, information.quantizer)
        self.seed = information.seed
        self.originals = _name(ORIGINALS, information.originals)
        self.id_kind = _name(IDS, information.tags)
        self.bytes_per_vector = information.bytes_per_vector
        self.fingerprint = bytes(information.fingerprint)
        self._missing = np.inf if self.metric == "l2" else -np.inf

    def __len__(self) -> int:
        count = ctypes.c_size_t()
        lib.tq_index_count(self._handle.value, ctypes.byref(count))
        return count.value


def _name(numbers: dict[Any, int], number: int) -> Any:
    """The name of the library's number of an option."""
    return next(name for name, its in numbers.items() if its == number)
