"""Filters of LlamaIndex."""

from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    FilterCondition,
    MetadataFilter,
    MetadataFilters,
)

from ._conditions import condition

Predicate: TypeAlias = Callable[[Mapping[str, Any]], bool]


def predicate(
    filters: MetadataFilters | None,
    node_ids: list[str] | None = None,
    doc_ids: list[str] | None = None,
) -> Callable[[BaseNode], bool] | None:
    """What filters and lists of ids say of a node; None if they say nothing.

    A node's document can be named by document_id, doc_id and ref_doc_id, as in other stores.
    """
    if filters is None and node_ids is None and doc_ids is None:
        return None
    holds = None if filters is None else _joined(filters)
    nodes = None if node_ids is None else set(node_ids)
    documents = None if doc_ids is None else set(doc_ids)

    def accepts(node: BaseNode) -> bool:
        if nodes is not None and node.node_id not in nodes:
            return False
        if documents is not None and node.ref_doc_id not in documents:
            return False
        return holds is None or holds(_metadata(node))

    return accepts


def _metadata(node: BaseNode) -> Mapping[str, Any]:
    document = node.ref_doc_id
    if document is None:
        return node.metadata
    names = ("document_id", "doc_id", "ref_doc_id")
    return ChainMap(node.metadata, dict.fromkeys(names, document))


def _joined(filters: MetadataFilters) -> Predicate:
    parts = [_part(each) for each in filters.filters]
    if filters.condition == FilterCondition.OR:
        return lambda metadata: any(part(metadata) for part in parts) or not parts
    if filters.condition == FilterCondition.NOT:
        return lambda metadata: not any(part(metadata) for part in parts)
    return lambda metadata: all(part(metadata) for part in parts)


def _part(filter: MetadataFilter | MetadataFilters) -> Predicate:
    if isinstance(filter, MetadataFilters):
        return _joined(filter)
    return condition(filter.operator.value, filter.key, filter.value)
