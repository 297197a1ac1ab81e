"""The part of LangChain's store that reads."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables.config import run_in_executor
from langchain_core.vectorstores import VectorStore

from ._collection import Collection
from ._collection_search import Hit
from ._langchain_filters import Filter, predicate
from ._mmr import diverse
from ._options import refuse, relevance


class Search(VectorStore):
    """What a store finds."""

    _collection: Collection[Document]
    _embedding: Embeddings
    _relevance: Callable[[float], float] | None

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        return [copied(each.document, each.id) for each in self._collection.get(ids)]

    def similarity_search_with_score_by_vector(
        self,
        embedding: Sequence[float] | npt.NDArray[Any],
        k: int = 4,
        *,
        filter: Filter = None,
        rerank: int | None = None,
        **options: Any,
    ) -> list[tuple[Document, float]]:
        """The k nearest documents of a vector, (dim,), with their scores, the nearest first.

        Args:
            embedding: the vector.
            k: at least 1; there may be fewer documents.
            filter: which documents are looked at.
            rerank: how many are compared exactly; by default 4 k, at least 64, where there are originals.
        """
        refuse(options)
        hits = self._collection.search(embedding, k, predicate(filter), rerank=rerank)
        return [(_of(each), each.score) for each in hits]

    def similarity_search_with_score(
        self, query: str, k: int = 4, **options: Any
    ) -> list[tuple[Document, float]]:
        vector = self._embedding.embed_query(query)
        return self.similarity_search_with_score_by_vector(vector, k, **options)

    def similarity_search_by_vector(
        self, embedding: Sequence[float], k: int = 4, **options: Any
    ) -> list[Document]:
        hits = self.similarity_search_with_score_by_vector(embedding, k, **options)
        return [document for document, _ in hits]

    def similarity_search(self, query: str, k: int = 4, **options: Any) -> list[Document]:
        return self.similarity_search_by_vector(self._embedding.embed_query(query), k, **options)

    async def asimilarity_search_with_score(
        self, query: str, k: int = 4, **options: Any
    ) -> list[tuple[Document, float]]:
        vector = await self._embedding.aembed_query(query)
        search = self.similarity_search_with_score_by_vector
        return await run_in_executor(None, search, vector, k, **options)

    async def asimilarity_search(self, query: str, k: int = 4, **options: Any) -> list[Document]:
        hits = await self.asimilarity_search_with_score(query, k, **options)
        return [document for document, _ in hits]

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: Sequence[float] | npt.NDArray[Any],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Filter = None,
        rerank: int | None = None,
        **options: Any,
    ) -> list[Document]:
        """k of the fetch_k nearest documents, near to a vector but not near to each other.

        Compared are originals or, without them, what the codes stand for. `lambda_mult` is 1 for the nearest documents and 0
        for the most different ones.
        """
        refuse(options)
        hits = self._collection.search(
            embedding, max(fetch_k, k), predicate(filter), rerank=rerank, with_vectors=True
        )
        if not hits:
            return []
        vectors = np.stack([each.vector for each in hits if each.vector is not None])
        chosen = diverse(np.asarray(embedding), vectors, k, lambda_mult)
        return [_of(hits[place]) for place, _ in chosen]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **options: Any
    ) -> list[Document]:
        vector = self._embedding.embed_query(query)
        search = self.max_marginal_relevance_search_by_vector
        return search(vector, k, fetch_k, lambda_mult, **options)

    async def amax_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **options: Any
    ) -> list[Document]:
        vector = await self._embedding.aembed_query(query)
        search = self.max_marginal_relevance_search_by_vector
        return await run_in_executor(None, search, vector, k, fetch_k, lambda_mult, **options)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        if self._relevance is not None:
            return self._relevance
        metric = self._collection.options.metric
        if metric == "ip":
            raise ValueError(
                "inner products have no limits: pass relevance_score_fn, or use metric='cosine'"
            )
        return lambda score: relevance(metric, score)


def copied(document: Document, id: str) -> Document:
    """A copy that has an id."""
    return Document(
        id=id, page_content=document.page_content, metadata=copy.deepcopy(document.metadata)
    )


def _of(hit: Hit[Document]) -> Document:
    return copied(hit.entry.document, hit.entry.id)
