"""Nodes of LlamaIndex: copies, and JSON."""

from typing import Any

from llama_index.core.schema import BaseNode
from llama_index.core.storage.docstore.utils import doc_to_json, json_to_doc
from pydantic_core import to_jsonable_python

from ._json import line


def copied(node: BaseNode) -> BaseNode:
    """A copy without the embedding, which the index has."""
    return node.model_copy(deep=True, update={"embedding": None})


def to_json(node: BaseNode) -> Any:
    """What `from_json` makes the node of.

    Raises:
        TypeError, ValueError: it would make another one, or LlamaIndex knows no such node.
    """
    line(node.metadata, f"the metadata of node {node.node_id!r}")  # which Pydantic would change
    try:
        value = to_jsonable_python(doc_to_json(node))
        found = json_to_doc(value)
    except Exception as error:
        raise ValueError(f"node {node.node_id!r} cannot be written: {error}") from error
    if type(found) is not type(node) or found != node:
        raise TypeError(
            f"node {node.node_id!r}, of type {type(node).__name__}, would come back as another one, of type "
            f"{type(found).__name__}: LlamaIndex writes neither fields of other classes nor binary data"
        )
    return value


def from_json(value: Any) -> BaseNode:
    """The node that `to_json` had."""
    return json_to_doc(value)
