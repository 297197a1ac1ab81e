"""A vector store of LangChain (`langchain-core`)."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy.typing as npt
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables.config import run_in_executor

from .._index_core import Metric
from .._options import PathArgument
from ._collection import Collection
from ._folder import Folder
from ._langchain_search import Search, copied
from ._options import IndexOptions, refuse

__all__ = ["TurboQuantVectorStore"]

Vectors = Sequence[Sequence[float]] | npt.NDArray[Any]


class TurboQuantVectorStore(Search):
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
        self._collection = Collection(options)

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
        self,
        documents: list[Document],
        *,
        ids: Sequence[str | None] | None = None,
        batch_size: int | None = None,
        **options: Any,
    ) -> list[str]:
        """Embeds and adds documents; all of them or, when it fails, none.

        Args:
            documents: their ids count where `ids` has none.
            ids: one for each document, or None.
            batch_size: how many texts are embedded at once, by default all.

        Returns:
            The ids.
        """
        refuse(options)
        batches = _batches(documents, batch_size)
        vectors = [each for texts in batches for each in self._embedding.embed_documents(texts)]
        return self._put(documents, vectors, ids)

    async def aadd_documents(
        self,
        documents: list[Document],
        *,
        ids: Sequence[str | None] | None = None,
        batch_size: int | None = None,
        **options: Any,
    ) -> list[str]:
        refuse(options)
        batches = _batches(documents, batch_size)
        vectors = [
            each for texts in batches for each in await self._embedding.aembed_documents(texts)
        ]
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
        kept = [copied(each, name) for each, name in zip(documents, names, strict=True)]
        self._collection.put(names, kept, vectors)
        return names

    def delete(self, ids: Sequence[str] | None = None, **options: Any) -> bool:
        """Removes documents; ids that are not there are ignored, and None stands for all documents."""
        refuse(options)
        if ids is None:
            self._collection.remove_where()
        else:
            self._collection.remove([ids] if isinstance(ids, str) else ids)
        return True

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


def _batches(documents: Sequence[Document], size: int | None) -> list[list[str]]:
    """The texts, not more at once than there may be."""
    texts = [each.page_content for each in documents]
    if size is None:
        return [texts]
    if size < 1:
        raise ValueError(f"batch_size is {size}, expected at least 1")
    return [texts[start : start + size] for start in range(0, len(texts), size)]


def _from_json(value: Any) -> Document:
    text, metadata = value
    return Document(page_content=text, metadata=metadata)
