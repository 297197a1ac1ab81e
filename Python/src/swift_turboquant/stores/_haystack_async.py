"""The part of Haystack's store that does not let a loop wait: a thread does what its other methods do."""

import asyncio
from collections.abc import Sequence
from typing import Any

from haystack import Document
from haystack.document_stores.types import DuplicatePolicy


class Coroutines:
    """Each is the method without `_async` in its name."""

    write_documents: Any
    delete_documents: Any
    delete_all_documents: Any
    delete_by_filter: Any
    update_by_filter: Any
    count_documents: Any
    count_documents_by_filter: Any
    filter_documents: Any
    embedding_retrieval: Any

    async def write_documents_async(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        return await asyncio.to_thread(self.write_documents, documents, policy)

    async def delete_documents_async(self, document_ids: list[str]) -> None:
        await asyncio.to_thread(self.delete_documents, document_ids)

    async def delete_all_documents_async(self) -> None:
        await asyncio.to_thread(self.delete_all_documents)

    async def delete_by_filter_async(self, filters: dict[str, Any]) -> int:
        return await asyncio.to_thread(self.delete_by_filter, filters)

    async def update_by_filter_async(self, filters: dict[str, Any], meta: dict[str, Any]) -> int:
        return await asyncio.to_thread(self.update_by_filter, filters, meta)

    async def count_documents_async(self) -> int:
        return self.count_documents()

    async def count_documents_by_filter_async(self, filters: dict[str, Any]) -> int:
        return await asyncio.to_thread(self.count_documents_by_filter, filters)

    async def filter_documents_async(self, filters: dict[str, Any] | None = None) -> list[Document]:
        return await asyncio.to_thread(self.filter_documents, filters)

    async def embedding_retrieval_async(
        self,
        query_embedding: Sequence[float],
        filters: dict[str, Any] | None = None,
        top_k: int = 10,
        scale_score: bool = False,
        return_embedding: bool | None = None,
    ) -> list[Document]:
        return await asyncio.to_thread(
            self.embedding_retrieval, query_embedding, filters, top_k, scale_score, return_embedding
        )
