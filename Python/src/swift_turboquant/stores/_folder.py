"""A collection in a folder."""

import os
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from .._disk import damaged
from .._options import PathArgument
from . import _files
from ._collection import Collection
from ._entries import Entry
from ._json import line
from ._options import IndexOptions

D = TypeVar("D")


class Folder(Generic[D]):
    """Saves and loads the collection of one store.

    It remembers what it has loaded and saved. Saving there again is refused when another store was saved there meanwhile,
    so that no work of others is lost; any other folder is replaced.

    Args:
        kind: of the store, which a folder holds: "langchain", "llama-index", "haystack".
        embedding: the name of the embedding model, if it is known.
    """

    def __init__(self, kind: str, embedding: str | None) -> None:
        self._kind = kind
        self._embedding = embedding
        self._tokens: dict[str, frozenset[str]] = {}  # of places: of what is there from this store

    def save(
        self, path: PathArgument, collection: Collection[D], to_json: Callable[[D], Any]
    ) -> None:
        """Writes a collection; changes wait meanwhile, searches do not."""
        place = os.path.realpath(os.fsdecode(path))
        header = {
            "kind": self._kind, "embedding": self._embedding,
            "options": collection.options.dictionary,
        }  # fmt: skip

        def lines() -> Iterator[str]:
            for each in collection.entries():
                yield line([each.id, each.row, to_json(each.document)], f"document {each.id!r}")

        with collection.changes:
            collection.sweep()
            token, expected = _files.new_token(), self._tokens.get(place)
            if expected is not None:  # the save may take place, and then be interrupted
                self._tokens[place] = expected | {token}
            _files.save(place, token, header, lines(), collection.index, expected)
            self._tokens[place] = frozenset((token,))

    def load(self, path: PathArgument, from_json: Callable[[Any], D]) -> Collection[D]:
        """Reads a collection.

        Raises:
            FileError: it is damaged, or (MissingFileError) there is none.
            ValueError: it is of another kind of store, or of another embedding model.
        """
        place = os.path.realpath(os.fsdecode(path))
        contents = _files.load(place)
        kind, embedding, options = _header(contents.header, place)
        if kind != self._kind:
            raise ValueError(f"{place!r} is a store of {kind}, expected {self._kind}")
        if contents.index is not None and not options.fit(contents.index):
            raise damaged(place, f"its header has {options}, the index is {contents.index!r}")
        if None not in (embedding, self._embedding) and embedding != self._embedding:
            raise ValueError(
                f"{place!r} is of the embedding {embedding!r}, not {self._embedding!r}"
            )
        if self._embedding is None:
            self._embedding = embedding
        entries: dict[str, Entry[D]] = {}
        for id, row, document in contents.documents:
            try:
                entries[id] = Entry(id, from_json(document), row)
            except Exception as error:
                raise damaged(place, f"document {id!r}: {error}") from error
        self._tokens[place] = frozenset((contents.token,))
        return Collection.of(options, contents.index, entries)


def _header(header: dict[str, Any], place: str) -> tuple[str, str | None, IndexOptions]:
    try:
        options = IndexOptions(**header["options"])
        kind, embedding = header["kind"], header["embedding"]
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(place, f"its header: {error}") from error
    if not isinstance(kind, str) or not isinstance(embedding, str | None):
        raise damaged(place, "its header names no kind")
    return kind, embedding, options
