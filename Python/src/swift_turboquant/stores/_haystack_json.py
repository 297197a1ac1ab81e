"""Documents of Haystack: copies, and JSON."""

import copy
from dataclasses import replace
from typing import Any

from haystack import Document


def copied(document: Document) -> Document:
    """A copy without the embedding, which the index has."""
    return replace(
        document,
        embedding=None,
        score=None,
        meta=copy.deepcopy(document.meta),
        blob=copy.deepcopy(document.blob),
        sparse_embedding=copy.deepcopy(document.sparse_embedding),
    )


def to_json(document: Document) -> dict[str, Any]:
    """What `from_json` makes the document of."""
    return document.to_dict(flatten=False)


def from_json(value: Any) -> Document:
    """The document that `to_json` had."""
    return Document.from_dict(value)
