"""A vector store of LlamaIndex (`llama-index-core`)."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)

from .._index_core import Metric
from .._options import PathArgument
from ..index import Index
from ._collection import Collection
from ._folder import Folder
from ._llama_index_filters import predicate
from ._llama_index_nodes import copied, from_json, to_json
from ._mmr import diverse
from ._options import IndexOptions, refuse, relevance

__all__ = ["TurboQuantVectorStore"]

_FETCHED = 4  # times as many candidates as results, for maximal marginal relevance


class TurboQuantVectorStore(BasePydanticVectorStore):
    """Nodes found by the codes of their embeddings. Every thread may use it.

    Nodes are in memory, without their embeddings; `persist` writes them and the index. A node whose id is there already is
    replaced. Nodes are copied when they come and when they go. Filters, nested ones too, are asked for every node, in
    linear time; a comparison of values that have no order does not hold.

    Args:
        dim: coordinates of a vector; by default those of the first one.
        bits, quantizer, seed, originals: as in `Index`. Originals make scores exact for the best nodes.
        metric: "cosine", "ip" or "l2". The similarity of a squared distance d is 1 / (1 + d).
        embedding_name: of the embedding model. A folder holds it, and is not loaded with another one.
    """

    stores_text: bool = True
    flat_metadata: bool = False

    _collection: Collection[BaseNode] = PrivateAttr()
    _folder: Folder[BaseNode] = PrivateAttr()

    def __init__(
        self,
        *,
        dim: int | None = None,
        bits: int = 4,
        metric: Metric = "cosine",
        quantizer: Literal["scalar", "two-stage"] = "scalar",
        seed: int = 0,
        originals: Literal["float16", "float32"] | None = None,
        embedding_name: str | None = None,
    ) -> None:
        super().__init__(stores_text=True)
        options = IndexOptions(dim, bits, metric, quantizer, seed, originals)
        self._collection = Collection(options)
        self._folder = Folder("llama-index", embedding_name)

    @classmethod
    def class_name(cls) -> str:
        return "TurboQuantVectorStore"

    @property
    def client(self) -> Index | None:
        """The index; None until the first node."""
        return self._collection.index

    def __len__(self) -> int:
        return len(self._collection)

    def __bool__(self) -> bool:  # an empty store is no missing one
        return True

    # Changes.

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Adds nodes, each with its embedding; all of them or, when it fails, none."""
        refuse(kwargs)
        vectors = [node.get_embedding() for node in nodes]
        ids = [node.node_id for node in nodes]
        self._collection.put(ids, [copied(node) for node in nodes], vectors)
        return ids

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Removes the nodes of a document."""
        refuse(delete_kwargs)
        self._collection.remove_where(lambda node: node.ref_doc_id == ref_doc_id)

    def delete_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """Removes the nodes that are named and for which the filters hold; `clear` removes all."""
        refuse(delete_kwargs)
        where = predicate(filters, node_ids)
        if where is None:
            raise ValueError("there are neither node_ids nor filters; clear removes all nodes")
        self._collection.remove_where(where)

    def clear(self) -> None:
        """Removes all nodes."""
        self._collection.remove_where()

    # Reading.

    def get_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """The nodes that are named and for which the filters hold, the oldest first."""
        found = self._collection.entries(predicate(filters, node_ids))
        return [copied(each.document) for each in found]

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """The nearest nodes and their similarities, the nearest first.

        Args:
            query: of mode "default", or "mmr" with mmr_threshold, 1 for the nearest nodes and 0 for the most different ones;
                its similarities are the values that were greatest.
            kwargs: mmr_threshold, and mmr_prefetch_factor: how many times similarity_top_k are candidates, by default 4.
        """
        threshold = kwargs.pop("mmr_threshold", query.mmr_threshold)
        factor = kwargs.pop("mmr_prefetch_factor", _FETCHED)
        refuse(kwargs)
        target = _checked(query)
        is_diverse = query.mode == VectorStoreQueryMode.MMR
        k = query.similarity_top_k
        hits = self._collection.search(
            target, max(k, int(factor * k)) if is_diverse else k,
            # An index whose store has the nodes hands on an empty list of ids, which stands for all.
            predicate(query.filters, query.node_ids or None, query.doc_ids or None),
            with_vectors=is_diverse,
        )  # fmt: skip
        metric = self._collection.options.metric
        scores = [relevance(metric, each.score) if metric == "l2" else each.score for each in hits]
        if is_diverse and hits:
            vectors = np.stack([each.vector for each in hits if each.vector is not None])
            threshold = 0.5 if threshold is None else threshold
            chosen = diverse(target, vectors, k, threshold)
            hits, scores = [hits[place] for place, _ in chosen], [value for _, value in chosen]
        return VectorStoreQueryResult(
            nodes=[copied(each.entry.document) for each in hits],
            similarities=scores,
            ids=[each.entry.id for each in hits],
        )

    # The same without waiting: a thread does it.

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        return await asyncio.to_thread(self.add, nodes, **kwargs)

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        await asyncio.to_thread(self.delete, ref_doc_id, **delete_kwargs)

    async def adelete_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        await asyncio.to_thread(self.delete_nodes, node_ids, filters, **delete_kwargs)

    async def aclear(self) -> None:
        await asyncio.to_thread(self.clear)

    async def aget_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        return await asyncio.to_thread(self.get_nodes, node_ids, filters)

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        return await asyncio.to_thread(self.query, query, **kwargs)

    # Keeping.

    def persist(self, persist_path: PathArgument, fs: Any = None) -> None:
        """Writes a folder of this name, whole or not at all: the index, and nodes as JSON.

        Raises:
            StoreChangedError: another store was saved there since this one was loaded from there or saved there.
            TypeError, ValueError: metadata has something else than texts, finite numbers, truth values, None, and lists and
                dictionaries of them; or a node is of a class that LlamaIndex does not know, or has binary data.
            FileError: a file cannot be written.
        """
        if fs is not None:
            raise ValueError("only local folders can be written; fs must be None")
        self._folder.save(persist_path, self._collection, to_json)

    @classmethod
    def from_persist_path(
        cls, persist_path: PathArgument, *, embedding_name: str | None = None
    ) -> "TurboQuantVectorStore":
        """Opens a folder that `persist` has written; runs no code of it.

        Raises:
            FileError: it is damaged, or (MissingFileError) not there.
            ValueError: it is of another kind of store, or of another embedding model.
        """
        store = cls(embedding_name=embedding_name)
        store._collection = store._folder.load(persist_path, from_json)
        return store

    save_local = persist
    load_local = from_persist_path


def _checked(query: VectorStoreQuery) -> npt.NDArray[Any]:
    """The query's embedding."""
    if query.mode not in (VectorStoreQueryMode.DEFAULT, VectorStoreQueryMode.MMR):
        raise ValueError(f"the query's mode is {query.mode.value!r}, expected 'default' or 'mmr'")
    for name in ("embedding_field", "output_fields"):
        if getattr(query, name) is not None:
            raise ValueError(f"the query has {name}, which this store does not have")
    if query.query_embedding is None:
        raise ValueError("the query has no embedding")
    return np.asarray(query.query_embedding)
