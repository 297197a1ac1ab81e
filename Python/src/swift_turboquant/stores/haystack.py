"""A document store of Haystack (`haystack-ai`)."""

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from haystack import Document, default_from_dict, default_to_dict
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy

from .._errors import MissingFileError
from .._index_core import Metric
from .._options import PathArgument
from ._collection import Collection, DuplicateIdError
from ._folder import Folder
from ._haystack_async import Coroutines
from ._haystack_filters import predicate
from ._haystack_json import copied, from_json, to_json
from ._options import IndexOptions, relevance

__all__ = ["TurboQuantDocumentStore"]

_EXISTING: dict[DuplicatePolicy, Literal["replace", "skip", "error"]] = {
    DuplicatePolicy.NONE: "error",
    DuplicatePolicy.FAIL: "error",
    DuplicatePolicy.SKIP: "skip",
    DuplicatePolicy.OVERWRITE: "replace",
}
_INNER_PRODUCT_SCALE = 100  # Haystack's own


class TurboQuantDocumentStore(Coroutines):
    """Documents found by the codes of their embeddings; those without an embedding are kept beside. Every thread may use it.

    Documents are in memory; `save_local` writes them and the index. They are copied when they come and when they go. Filters
    are asked for every document, in linear time; they cannot compare embeddings.

    Args:
        dim: coordinates of an embedding; by default those of the first one.
        bits, quantizer, seed, originals: as in `Index`. Originals make scores exact for the best documents.
        metric: "cosine", "ip" or "l2", whose scores are squared distances, of which less is nearer.
        return_embedding: whether documents come with embeddings: originals, as float32, or what the codes stand for (of
            cosines their directions). It takes time, and not every use needs them.
        embedding_name: of the embedding model. A folder holds it, and is not loaded with another one.
        folder: where the store is; it is loaded if there is one. So a pipeline that is made again from its YAML has its
            documents.

    Raises:
        ValueError: the store in the folder has other options, or is of another embedding model.
        FileError: the store in the folder is damaged.
    """

    def __init__(
        self,
        *,
        dim: int | None = None,
        bits: int = 4,
        metric: Metric = "cosine",
        quantizer: Literal["scalar", "two-stage"] = "scalar",
        seed: int = 0,
        originals: Literal["float16", "float32"] | None = None,
        return_embedding: bool = False,
        embedding_name: str | None = None,
        folder: str | None = None,
    ) -> None:
        options = IndexOptions(dim, bits, metric, quantizer, seed, originals)
        self.return_embedding = return_embedding
        self.embedding_name = embedding_name
        self.folder = folder
        self._folder: Folder[Document] = Folder("haystack", embedding_name)
        self._collection: Collection[Document] = Collection(options)
        if folder is not None:
            try:
                found = self._folder.load(folder, from_json)
            except MissingFileError:
                return
            if replace(found.options, dim=None) != replace(options, dim=None) or (
                found.dim is not None and dim not in (None, found.dim)
            ):
                raise ValueError(f"the store in {folder!r} has {found.options}, expected {options}")
            self._collection = found

    def to_dict(self) -> dict[str, Any]:
        """The arguments of the store, without its documents."""
        options = self._collection.options.dictionary
        return default_to_dict(
            self, **options, return_embedding=self.return_embedding,
            embedding_name=self.embedding_name, folder=self.folder,
        )  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "TurboQuantDocumentStore":
        """A store of these arguments."""
        return default_from_dict(cls, data)

    # Changes.

    def write_documents(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """Adds documents; all of them or, when it fails, none.

        Args:
            documents: with embeddings or without.
            policy: for ids that are there already or given twice; NONE is FAIL.

        Returns:
            How many were written.

        Raises:
            DuplicateDocumentError: an id is there already; only with FAIL.
        """
        documents = list(documents) if isinstance(documents, Iterable) else [documents]
        for each in documents:
            if not isinstance(each, Document):
                raise ValueError(f"{each!r} is no Document")  # noqa: TRY004 (what the contract says)
        if policy not in _EXISTING:
            raise ValueError(f"the policy is {policy!r}, expected a DuplicatePolicy")
        ids = [each.id for each in documents]
        vectors = [each.embedding for each in documents]
        kept = [copied(each) for each in documents]
        try:
            return self._collection.put(ids, kept, vectors, _EXISTING[policy])
        except DuplicateIdError as error:
            raise DuplicateDocumentError(str(error)) from None

    def delete_documents(self, document_ids: list[str]) -> None:
        """Removes documents; ids that are not there are ignored."""
        self._collection.remove(document_ids)

    def delete_all_documents(self) -> None:
        """Removes all documents."""
        self._collection.remove_where()

    def delete_by_filter(self, filters: dict[str, Any]) -> int:
        """Removes documents for which a filter holds; how many there were."""
        return self._collection.remove_where(predicate(filters))

    def update_by_filter(self, filters: dict[str, Any], meta: dict[str, Any]) -> int:
        """Adds to the metadata of documents for which a filter holds; how many there were."""

        def changed(document: Document) -> Document:
            return replace(document, meta={**document.meta, **copy.deepcopy(meta)})

        return self._collection.change(predicate(filters) or (lambda _: True), changed)

    # Reading.

    def count_documents(self) -> int:
        """How many documents there are."""
        return len(self._collection)

    def count_documents_by_filter(self, filters: dict[str, Any]) -> int:
        """For how many documents a filter holds."""
        return len(self._collection.entries(predicate(filters)))

    def filter_documents(self, filters: dict[str, Any] | None = None) -> list[Document]:
        """Documents for which a filter holds, the oldest first."""
        where = predicate(filters)
        if self.return_embedding:
            found = self._collection.with_vectors(where)
            return [_result(each.document, vector) for each, vector in found]
        return [_result(each.document) for each in self._collection.entries(where)]

    def embedding_retrieval(
        self,
        query_embedding: Sequence[float],
        filters: dict[str, Any] | None = None,
        top_k: int = 10,
        scale_score: bool = False,
        return_embedding: bool | None = None,
    ) -> list[Document]:
        """The documents nearest to an embedding with their scores, the nearest first.

        Args:
            query_embedding: (dim,).
            filters: which documents are looked at.
            top_k: how many; 0 is none.
            scale_score: whether scores are made 0 … 1, as Haystack does: (1 + cosine) / 2, the logistic function of a
                hundredth of an inner product, 1 / (1 + squared distance).
            return_embedding: by default that of the store.
        """
        if top_k == 0:
            return []
        wanted = self.return_embedding if return_embedding is None else return_embedding
        hits = self._collection.search(
            query_embedding, top_k, predicate(filters), with_vectors=wanted
        )
        scores = [self._scaled(each.score) if scale_score else each.score for each in hits]
        return [
            _result(each.entry.document, each.vector, score)
            for each, score in zip(hits, scores, strict=True)
        ]

    def _scaled(self, score: float) -> float:
        metric = self._collection.options.metric
        if metric == "ip":
            return 0.5 * (1 + math.tanh(score / _INNER_PRODUCT_SCALE / 2))
        return relevance(metric, score)

    # Keeping.

    def save_local(self, folder: PathArgument | None = None) -> None:
        """Writes a folder, whole or not at all: the index, and documents as JSON.

        Args:
            folder: by default the one of the store.

        Raises:
            StoreChangedError: another store was saved there since this one was loaded from there or saved there.
            TypeError, ValueError: metadata has something else than texts, finite numbers, truth values, None, and lists and
                dictionaries of them; or there is no folder.
            FileError: a file cannot be written.
        """
        path = self.folder if folder is None else folder
        if path is None:
            raise ValueError("the store has no folder; pass one")
        self._folder.save(path, self._collection, to_json)

    @classmethod
    def load_local(
        cls,
        folder: PathArgument,
        *,
        return_embedding: bool = False,
        embedding_name: str | None = None,
    ) -> "TurboQuantDocumentStore":
        """Opens a folder; runs no code of it.

        Raises:
            FileError: it is damaged, or (MissingFileError) not there.
            ValueError: it is of another kind of store, or of another embedding model.
        """
        store = cls(return_embedding=return_embedding, embedding_name=embedding_name)
        store._collection = store._folder.load(folder, from_json)
        return store


def _result(
    document: Document, vector: npt.NDArray[np.float32] | None = None, score: float | None = None
) -> Document:
    embedding = None if vector is None else vector.tolist()
    return replace(copied(document), embedding=embedding, score=score)
