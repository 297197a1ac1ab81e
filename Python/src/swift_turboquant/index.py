"""An index of codes that can be searched."""

import ctypes
from typing import Literal, SupportsIndex

import numpy as np
import numpy.typing as npt

from ._arrays import address, size
from ._ids import IdKind
from ._index_core import IDS, INDEX_QUANTIZERS, METRICS, ORIGINALS, Metric
from ._index_files import IndexFiles
from ._index_rows import IndexRows
from ._index_search import IndexSearch
from ._library import Handle, lib
from ._options import choice, unsigned


class Index(IndexRows, IndexSearch, IndexFiles):
    """Compressed vectors, found again by inner product, cosine or squared distance. Every thread may use it: searches run
    beside each other and beside a change, of which they see all or nothing.

    `len(index)` is the number of rows and `id in index` tells whether there is one. `pickle` and `copy` copy all rows. After
    a fork a child has an index of its own, unless another thread was inside a call at that moment: what it had locked stays
    locked in the child.

    Args:
        dim: coordinates of a vector, 1 to 65,536.
        bits: bits per coordinate: 1, 2, 3, 4 or 8; for "two-stage" 2, 3, 4, 5 or 9.
        metric: "ip", the inner product; "cosine"; or "l2", the squared distance, of which less is nearer.
        quantizer: "scalar", or "two-stage", whose inner products have no bias.
        seed: of the random rotation. Indexes of one seed can be merged.
        center: (dim,), subtracted from every row (of cosines, from every direction) before it is encoded. The mean of
            the rows makes scores more accurate where it is long beside their distances from it.
        originals: how the vectors themselves are kept beside the codes, for `rerank`; by default they are not.
        ids: what names rows: integers from 0 to 2**63 - 1, texts, or bytes (each at most 65,535 bytes).

    Raises:
        InputError: there is no such index.
    """

    def __init__(
        self,
        dim: SupportsIndex,
        bits: SupportsIndex = 4,
        metric: Metric = "ip",
        *,
        quantizer: Literal["scalar", "two-stage"] = "scalar",
        seed: SupportsIndex = 0,
        center: npt.ArrayLike | None = None,
        originals: Literal["float16", "float32"] | None = None,
        ids: IdKind = "int",
    ) -> None:
        width, rate = size(dim, "dim"), size(bits, "bits")
        if rate == 0:  # C's default
            raise ValueError(
                "bits is 0, expected 1, 2, 3, 4 or 8, or of two stages 2, 3, 4, 5 or 9"
            )
        options = lib.struct(
            "tq_index_options",
            dimension=width,
            bits=rate,
            seed=unsigned(seed.__index__(), "seed"),
            metric=choice(METRICS, metric, "metric"),
            quantizer=choice(INDEX_QUANTIZERS, quantizer, "quantizer"),
            originals=choice(ORIGINALS, originals, "originals"),
            tags=choice(IDS, ids, "ids"),
        )
        if center is not None:
            mean = np.require(center, np.float32, ["C", "A"])
            if mean.shape != (width,):
                raise ValueError(f"center has shape {mean.shape}, expected ({width},)")
            options.mean, options.mean_count = address(mean), mean.size
        self._open(Handle(lib.tq_index_create, lib.tq_index_free, ctypes.byref(options)))

    @property
    def center(self) -> npt.NDArray[np.float32] | None:
        """What is subtracted from every row, (dim,)."""
        center, count = np.empty(self.dim, np.float32), ctypes.c_size_t()
        lib.tq_index_mean(self._handle.value, address(center), center.size, ctypes.byref(count))
        return center if count.value else None

    def __repr__(self) -> str:
        options = [f"dim={self.dim}", f"bits={self.bits}", f"metric={self.metric!r}"]
        if self.quantizer != "scalar":
            options.append(f"quantizer={self.quantizer!r}")
        if self.seed:
            options.append(f"seed={self.seed}")
        if self.originals:
            options.append(f"originals={self.originals!r}")
        if self.id_kind != "int":
            options.append(f"ids={self.id_kind!r}")
        return f"<Index of {len(self)} rows, {', '.join(options)}>"
