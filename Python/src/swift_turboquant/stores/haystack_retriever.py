"""The component of a Haystack pipeline that searches a `TurboQuantDocumentStore`."""

from typing import Any

from haystack import Document, component, default_from_dict, default_to_dict
from haystack.document_stores.types import FilterPolicy, apply_filter_policy

from .haystack import TurboQuantDocumentStore

__all__ = ["TurboQuantEmbeddingRetriever"]


@component
class TurboQuantEmbeddingRetriever:
    """Finds the documents nearest to an embedding.

    Args:
        document_store: where they are.
        filters: which documents are looked at.
        top_k: how many are found, at least 1.
        scale_score: whether scores are made 0 … 1.
        return_embedding: whether documents come with embeddings; by default as the store says.
        filter_policy: whether the filters of a run take the place of these, or are added to them.
    """

    def __init__(
        self,
        document_store: TurboQuantDocumentStore,
        filters: dict[str, Any] | None = None,
        top_k: int = 10,
        scale_score: bool = False,
        return_embedding: bool | None = None,
        filter_policy: str | FilterPolicy = FilterPolicy.REPLACE,
    ) -> None:
        if not isinstance(document_store, TurboQuantDocumentStore):
            raise TypeError(f"{document_store!r} is no TurboQuantDocumentStore")
        if top_k < 1:
            raise ValueError(f"top_k is {top_k}, expected at least 1")
        self.document_store = document_store
        self.filters = filters
        self.top_k = top_k
        self.scale_score = scale_score
        self.return_embedding = return_embedding
        self.filter_policy = (
            FilterPolicy.from_str(filter_policy)
            if isinstance(filter_policy, str)
            else filter_policy
        )

    def to_dict(self) -> dict[str, Any]:
        """The arguments, with those of the store."""
        return default_to_dict(
            self,
            document_store=self.document_store.to_dict(),
            filters=self.filters,
            top_k=self.top_k,
            scale_score=self.scale_score,
            return_embedding=self.return_embedding,
            filter_policy=self.filter_policy.value,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "TurboQuantEmbeddingRetriever":
        """A retriever of these arguments, with a store of its own."""
        arguments = dict(data["init_parameters"])
        if isinstance(store := arguments["document_store"], dict):
            arguments["document_store"] = TurboQuantDocumentStore.from_dict(store)
        return default_from_dict(cls, {**data, "init_parameters": arguments})

    def _arguments(self, filters: Any, top_k: int | None, *others: Any) -> tuple[Any, ...]:
        merged = apply_filter_policy(self.filter_policy, self.filters, filters)
        own = (self.scale_score, self.return_embedding)
        given = (mine if its is None else its for its, mine in zip(others, own, strict=True))
        return merged, self.top_k if top_k is None else top_k, *given

    @component.output_types(documents=list[Document])
    def run(
        self,
        query_embedding: list[float],
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
        scale_score: bool | None = None,
        return_embedding: bool | None = None,
    ) -> dict[str, list[Document]]:
        """The nearest documents with their scores, the nearest first; arguments that are None are those of the retriever."""
        options = self._arguments(filters, top_k, scale_score, return_embedding)
        return {"documents": self.document_store.embedding_retrieval(query_embedding, *options)}

    @component.output_types(documents=list[Document])
    async def run_async(
        self,
        query_embedding: list[float],
        filters: dict[str, Any] | None = None,
        top_k: int | None = None,
        scale_score: bool | None = None,
        return_embedding: bool | None = None,
    ) -> dict[str, list[Document]]:
        """The same without waiting."""
        options = self._arguments(filters, top_k, scale_score, return_embedding)
        found = await self.document_store.embedding_retrieval_async(query_embedding, *options)
        return {"documents": found}
