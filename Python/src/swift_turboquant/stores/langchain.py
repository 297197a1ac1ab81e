"""A vector store of LangChain (`langchain-core`)."""

import copy
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables.config import run_in_executor
from langchain_core.vectorstores import VectorStore

from .._index_core import Metric
from .._options import PathArgument
from ._collection import Collection, Hit
from ._folder import Folder
from ._langchain_filters import Filter, predicate
from ._mmr import diverse
from ._options import IndexOptions, relevance

__all__ = ["TurboQuantVectorStore"]

Vectors = Sequence[Sequence[float]] | npt.NDArray[Any]


class TurboQuantVectorStore(VectorStore):
    """Documents found by the codes of their embeddings. Every thread may use it.

    Documents are in memory; `save_local` writes them and the index. A document whose id is there already is replaced, and
    ids that are left out are made up (UUIDs). Documents are copied when they come and when they go.

    Methods that search take `filter`: a function of a Document, which must not change it, or a dictionary such as
    {"year": {"$gte": 2020}, "topic": {"$in": ["a", "b"]}}: $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $contains, $exists,
    joined by $and, $or and $not. It is asked for every document, in linear time.

    Args:
        embedding: of texts and queries.
        dim: coordinates of a vector; by default those of the first one.
        bits, quantizer, seed, originals: as in `Index`. Originals make scores exact for the best documents.
        metric: "cosine", "ip" or "l2", whose scores are squared distances, of which less is nearer.
        embedding_name: of the embedding model. A folder holds it, and is not loaded with another one.
        relevance_score_fn: makes a relevance, 0 to 1, of a score; for "ip", which has no limits, there is no other.
    """

    def __init__(
        self,
        embedding: Embeddings,
        *,
        dim: int | None = None,
        bits: int = 4,
        metric: Metric = "cosine",
        quantizer: Literal["scalar", "two-stage"] = "scalar",
        seed: int = 0,
        originals: Literal["float16", "float32"] | None = None,
        embedding_name: str | None = None,
        relevance_score_fn: Callable[[float], float] | None = None,
    ) -> None:
        options = IndexOptions(dim, bits, metric, quantizer, seed, originals)
        self._open(embedding, embedding_name, relevance_score_fn)
        self._collection: Collection[Document] = Collection(options)

    def _open(
        self, embedding: Embeddings, name: str | None, function: Callable[[float], float] | None
    ) -> None:
        self._embedding = embedding
        self._relevance = function
        self._folder: Folder[Document] = Folder("langchain", name)

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    def __len__(self) -> int:
        return len(self._collection)

    def __bool__(self) -> bool:  # an empty store is no missing one
        return True

    # Changes.

    def add_documents(
        self, documents: list[Document], *, ids: Sequence[str | None] | None = None
    ) -> list[str]:
        """Embeds and adds documents; all of them or, when it fails, none.

        Args:
            documents: their ids count where `ids` has none.
            ids: one for each document, or None.

        Returns:
            The ids.
        """
        vectors = self._embedding.embed_documents([each.page_content for each in documents])
        return self._put(documents, vectors, ids)

    async def aadd_documents(
        self, documents: list[Document], *, ids: Sequence[str | None] | None = None
    ) -> list[str]:
        texts = [each.page_content for each in documents]
        vectors = await self._embedding.aembed_documents(texts)
        return await run_in_executor(None, self._put, documents, vectors, ids)

    def add_embeddings(
        self,
        texts: Sequence[str],
        vectors: Vectors,
        metadatas: Sequence[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
    ) -> list[str]:
        """Adds texts whose embeddings are known, (texts, dim)."""
        if metadatas is not None and len(metadatas) != len(texts):
            raise ValueError(f"there are {len(metadatas)} metadatas, expected {len(texts)}")
        given = metadatas or [{}] * len(texts)
        pairs = zip(texts, given, strict=True)
        documents = [Document(page_content=text, metadata=its) for text, its in pairs]
        return self._put(documents, vectors, ids)

    def _put(
        self, documents: Sequence[Document], vectors: Vectors, ids: Sequence[str | None] | None
    ) -> list[str]:
        if ids is None:
            ids = [each.id for each in documents]
        for name, count in (("ids", len(ids)), ("vectors", len(vectors))):
            if count != len(documents):
                raise ValueError(f"there are {count} {name}, expected {len(documents)}")
        names = [str(uuid.uuid4()) if each is None else each for each in ids]
        for place, name in enumerate(names):
            if not isinstance(name, str):
                raise TypeError(f"ids[{place}] is {name!r}, expected a text")
        kept = [_copy(each, name) for each, name in zip(documents, names, strict=True)]
        self._collection.put(names, kept, vectors)
        return names

    def delete(self, ids: Sequence[str] | None = None) -> bool:
        """Removes documents; ids that are not there are ignored, and None stands for all documents."""
        if ids is None:
            self._collection.remove_where()
        else:
            self._collection.remove([ids] if isinstance(ids, str) else ids)
        return True

    # Reading.

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        return [_copy(each.document, each.id) for each in self._collection.get(ids)]

    def similarity_search_with_score_by_vector(
        self,
        embedding: Sequence[float] | npt.NDArray[Any],
        k: int = 4,
        *,
        filter: Filter = None,
        rerank: int | None = None,
    ) -> list[tuple[Document, float]]:
        """The k nearest documents of a vector, (dim,), with their scores, the nearest first.

        Args:
            embedding: the vector.
            k: at least 1; there may be fewer documents.
            filter: which documents are looked at.
            rerank: how many are compared exactly; by default 4 k, at least 64, where there are originals.
        """
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
    ) -> list[Document]:
        """k of the fetch_k nearest documents, near to a vector but not near to each other.

        Compared are originals or, without them, what the codes stand for. `lambda_mult` is 1 for the nearest documents and 0
        for the most different ones.
        """
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

    # Making and keeping.

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **options: Any,
    ) -> "TurboQuantVectorStore":
        """A store of texts. `options` are arguments of the class."""
        store = cls(embedding, **options)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    async def afrom_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **options: Any,
    ) -> "TurboQuantVectorStore":
        store = cls(embedding, **options)
        await store.aadd_texts(texts, metadatas, ids=ids)
        return store

    def save_local(self, folder_path: PathArgument) -> None:
        """Writes a folder, whole or not at all: the index, and documents as JSON.

        Raises:
            StoreChangedError: another store was saved there since this one was loaded from there or saved there.
            TypeError, ValueError: metadata has something else than texts, finite numbers, truth values, None, and lists and
                dictionaries of them.
            FileError: a file cannot be written.
        """
        self._folder.save(
            folder_path, self._collection, lambda each: [each.page_content, each.metadata]
        )

    @classmethod
    def load_local(
        cls,
        folder_path: PathArgument,
        embedding: Embeddings,
        *,
        embedding_name: str | None = None,
        relevance_score_fn: Callable[[float], float] | None = None,
    ) -> "TurboQuantVectorStore":
        """Opens a folder; runs no code of it.

        Raises:
            FileError: it is damaged, or (MissingFileError) not there.
            ValueError: it is of another kind of store, or of another embedding model.
        """
        store = cls.__new__(cls)
        store._open(embedding, embedding_name, relevance_score_fn)
        store._collection = store._folder.load(folder_path, _from_json)
        return store


def _from_json(value: Any) -> Document:
    text, metadata = value
    return Document(page_content=text, metadata=metadata)


def _copy(document: Document, id: str) -> Document:
    return Document(
        id=id, page_content=document.page_content, metadata=copy.deepcopy(document.metadata)
    )


def _of(hit: Hit[Document]) -> Document:
    return _copy(hit.entry.document, hit.entry.id)
