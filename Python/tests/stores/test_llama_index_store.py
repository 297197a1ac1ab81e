"""LlamaIndex's store, by itself and under a VectorStoreIndex; LlamaIndex has no tests for stores of others."""

import asyncio
import itertools

import numpy as np
import pytest

pytest.importorskip("llama_index.core", reason="llama-index-core is not installed")
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import (
    ImageNode,
    IndexNode,
    MediaResource,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores.simple import SimpleVectorStore
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)
from words import DIM, TEXTS, embed

from swift_turboquant import FileError, MissingFileError
from swift_turboquant.stores import StoreChangedError
from swift_turboquant.stores.llama_index import TurboQuantVectorStore


class Words(BaseEmbedding):
    def _get_text_embedding(self, text):
        return embed(text)

    def _get_query_embedding(self, query):
        return embed(query)

    async def _aget_query_embedding(self, query):
        return embed(query)


def nodes():
    made = []
    for i, text in enumerate(TEXTS):
        color = text.split()[0]
        metadata = {"n": i, "color": color, "tags": [color, "x" if i % 2 else "y"], "empty": ""}
        made.append(
            TextNode(
                id_=str(i), text=text, embedding=embed(text), metadata=metadata,
                relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"document {i % 3}")},
            )
        )  # fmt: skip
    return made


def filled(**options):
    store = TurboQuantVectorStore(**options)
    assert store.add(nodes()) == [each.node_id for each in nodes()]
    return store


def reference():
    store = SimpleVectorStore()
    store.add(nodes())
    return store


def filters(*each, condition=FilterCondition.AND):
    parts = [
        MetadataFilter(key=part[0], operator=part[1], value=part[2])
        if isinstance(part, tuple)
        else part
        for part in each
    ]
    return MetadataFilters(filters=parts, condition=condition)


def test_similarities_are_cosines():
    """Those of LlamaIndex's own store, in float32: within the errors of 24 additions."""
    store, other = filled(originals="float32"), reference()
    for text, k in (("red", 7), ("apple house", 3), ("blue", 20)):
        query = VectorStoreQuery(query_embedding=embed(text), similarity_top_k=k)
        found, expected = store.query(query), other.query(query)
        assert found.ids == expected.ids == [each.node_id for each in found.nodes]
        np.testing.assert_allclose(found.similarities, expected.similarities, atol=2 * DIM * 2**-24)


@pytest.mark.parametrize("threshold", [0.3, 0.5, None, 0.9])
def test_mmr_beside_the_definition(threshold):
    """At 1, the order of similarity; else the first is the nearest and all are different."""
    store = filled(originals="float32")
    query = VectorStoreQuery(
        query_embedding=embed("red old blue house"), similarity_top_k=4,
        mode=VectorStoreQueryMode.MMR, mmr_threshold=threshold,
    )  # fmt: skip
    found = store.query(query)
    assert (
        found.ids == store.query(query, mmr_threshold=0.5 if threshold is None else threshold).ids
    )
    units = {node.node_id: np.array(embed(node.text)) for node in nodes()}
    units = {id: vector / np.linalg.norm(vector) for id, vector in units.items()}
    target = np.array(query.query_embedding) / np.linalg.norm(query.query_embedding)
    weight, chosen = 0.5 if threshold is None else threshold, []
    for _ in range(4):
        values = {
            id: weight * float(target @ unit)
            - (1 - weight) * max((float(unit @ units[other]) for other in chosen), default=0)
            for id, unit in units.items()
            if id not in chosen
        }
        chosen.append(max(values, key=values.get))
    assert found.ids == chosen
    nearest = store.query(query, mmr_threshold=1.0)
    assert nearest.ids == store.query(VectorStoreQuery(query.query_embedding, 4)).ids
    assert len(store.query(query, mmr_prefetch_factor=1).ids) == 4


@pytest.mark.parametrize(
    "key, operator, value",
    [
        ("n", FilterOperator.EQ, 3),
        ("n", FilterOperator.NE, 3),
        ("n", FilterOperator.GT, 3),
        ("n", FilterOperator.GTE, 3),
        ("n", FilterOperator.LT, 3),
        ("n", FilterOperator.LTE, 3),
        ("color", FilterOperator.IN, ["red", "old"]),
        ("color", FilterOperator.NIN, ["red", "old"]),
        ("tags", FilterOperator.ANY, ["x", "red"]),
        ("tags", FilterOperator.ALL, ["x", "blue"]),
        ("tags", FilterOperator.CONTAINS, "y"),
        ("color", FilterOperator.TEXT_MATCH, "re"),
        ("color", FilterOperator.TEXT_MATCH_INSENSITIVE, "RE"),
        ("empty", FilterOperator.IS_EMPTY, None),
        ("none", FilterOperator.IS_EMPTY, None),
        ("none", FilterOperator.EQ, 3),
        ("none", FilterOperator.NE, 3),
        ("none", FilterOperator.NIN, [3]),
        ("ref_doc_id", FilterOperator.EQ, "document 1"),
        ("doc_id", FilterOperator.IN, ["document 1", "document 2"]),
        ("document_id", FilterOperator.EQ, "document 0"),
    ],
)
def test_filters_are_those_of_the_own_store(key, operator, value):
    store, other = filled(), reference()
    try:
        unlike = filters((key, operator, value), condition=FilterCondition.NOT)
        other.query(VectorStoreQuery(embed("red"), filters=unlike))
    except ValueError:
        pytest.skip("this LlamaIndex's own store does not know all of LlamaIndex's filters")
    for condition in FilterCondition:
        chosen = filters((key, operator, value), ("n", FilterOperator.LT, 6), condition=condition)
        query = VectorStoreQuery(embed("red"), 10, filters=chosen)
        assert sorted(store.query(query).ids) == sorted(other.query(query).ids)
        assert [each.node_id for each in store.get_nodes(filters=chosen)] == sorted(
            other.query(query).ids
        )


def test_nested_filters_and_ids():
    store = filled()
    red = ("color", FilterOperator.EQ, "red")
    inner = filters(
        ("n", FilterOperator.EQ, 2), ("n", FilterOperator.EQ, 3), condition=FilterCondition.OR
    )
    assert [each.node_id for each in store.get_nodes(filters=filters(red, inner))] == ["2"]
    query = VectorStoreQuery(
        embed("red"), 9, node_ids=["1", "2", "6"], doc_ids=["document 0", "document 2"]
    )
    assert sorted(store.query(query).ids) == ["2", "6"]
    query.filters = filters(("n", FilterOperator.LT, 5))
    assert store.query(query).ids == ["2"]
    query = VectorStoreQuery(embed("red"), 9, node_ids=[], doc_ids=[])  # as LlamaIndex says all
    assert len(store.query(query).ids) == 7
    assert store.get_nodes(node_ids=[]) == [] and len(store.get_nodes()) == 7
    # Values without an order: LlamaIndex's own store ends with TypeError.
    assert store.get_nodes(filters=filters(("color", FilterOperator.GT, 3))) == []
    with pytest.raises(ValueError, match="“in” expects a list"):
        store.query(VectorStoreQuery(embed("red"), filters=filters(("n", FilterOperator.IN, 3))))


def test_changes():
    store = filled()
    node = nodes()[2]
    node.text, node.embedding = "new car", embed("new car")
    store.add([node])
    assert (
        len(store) == 7
        and store.query(VectorStoreQuery(embed("new car"))).nodes[0].text == "new car"
    )
    store.delete("document 1")
    store.delete("document 9")
    assert sorted(each.node_id for each in store.get_nodes()) == ["0", "2", "3", "5", "6"]
    store.delete_nodes(["0", "none"])
    store.delete_nodes(["2", "3"], filters(("n", FilterOperator.EQ, 3)))
    store.delete_nodes(filters=filters(("n", FilterOperator.EQ, 5)))
    assert [each.node_id for each in store.get_nodes()] == ["2", "6"]
    with pytest.raises(ValueError, match="clear removes all"):
        store.delete_nodes()
    store.clear()
    assert (
        store.get_nodes() == [] and store.query(VectorStoreQuery(embed("red"))).ids == [] and store
    )
    with pytest.raises(ValueError, match="embedding"):
        store.add([*nodes(), TextNode(text="no embedding")])
    assert len(store) == 0


def test_neither_arguments_nor_results_are_shared():
    given = nodes()
    store = TurboQuantVectorStore()
    store.add(given)
    assert given == nodes()
    given[0].metadata["tags"].append("changed")
    for found in (store.get_nodes(["0"]), store.query(VectorStoreQuery(embed("red apple"))).nodes):
        assert found[0].metadata["tags"] == ["red", "y"] and found[0].embedding is None
        found[0].metadata["tags"].append("changed")


def test_coroutines():
    async def all_of():
        store = TurboQuantVectorStore()
        assert await store.async_add(nodes()) == list("0123456")
        assert (await store.aquery(VectorStoreQuery(embed("red car")))).ids == ["2"]
        await store.adelete("document 1")
        await store.adelete_nodes(["0"])
        assert [each.node_id for each in await store.aget_nodes()] == ["2", "3", "5", "6"]
        await store.aclear()
        return len(store)

    assert asyncio.run(all_of()) == 0


def test_what_is_not_offered_is_refused(tmp_path):
    store = filled()
    for mode in set(VectorStoreQueryMode) - {
        VectorStoreQueryMode.DEFAULT,
        VectorStoreQueryMode.MMR,
    }:
        with pytest.raises(ValueError, match="expected 'default' or 'mmr'"):
            store.query(VectorStoreQuery(embed("red"), mode=mode))
    for query in (
        VectorStoreQuery(), VectorStoreQuery(embed("red"), embedding_field="e"),
        VectorStoreQuery(embed("red"), output_fields=["text"]), VectorStoreQuery(embed("red"), 0),
        VectorStoreQuery([1.0] * 3),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            store.query(query)
    for call in (
        lambda: store.add(nodes(), x=1), lambda: store.delete("a", x=1),
        lambda: store.delete_nodes(["0"], x=1), lambda: store.query(VectorStoreQuery(embed("a")), x=1),
        lambda: TurboQuantVectorStore(text_key="x"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="unexpected"):
            call()
    with pytest.raises(ValueError, match="fs must be None"):
        store.persist(tmp_path, fs=object())
    assert len(store) == 7


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
def test_folders(tmp_path, metric):
    store = filled(metric=metric, embedding_name="words 1")
    store.add(
        [
            IndexNode(id_="i", text="a", index_id="x", embedding=embed("a")),
            ImageNode(id_="p", text="b", image_path="p.png", embedding=embed("b")),
        ]
    )
    path = str(tmp_path / "default__vector_store.json")
    store.persist(path)
    found = TurboQuantVectorStore.from_persist_path(path)
    assert found.get_nodes() == store.get_nodes()
    assert [type(each) for each in found.get_nodes(["i", "p"])] == [IndexNode, ImageNode]
    query = VectorStoreQuery(embed("red car"), 5)
    assert found.query(query) == store.query(query)
    similarities = found.query(query).similarities
    assert (
        all(a >= b for a, b in itertools.pairwise(similarities))
        and found.query(query).ids[0] == "2"
    )
    found.delete("document 0")
    found.save_local(path)
    with pytest.raises(StoreChangedError):
        store.persist(path)
    with pytest.raises(ValueError, match="of the embedding 'words 1'"):
        TurboQuantVectorStore.load_local(path, embedding_name="words 2")
    with pytest.raises(MissingFileError):
        TurboQuantVectorStore.from_persist_path(str(tmp_path))
    (documents,) = (tmp_path / "default__vector_store.json").glob("documents-*")
    documents.write_bytes(documents.read_bytes()[:-9])
    with pytest.raises(FileError, match="damaged"):
        TurboQuantVectorStore.from_persist_path(path)


def test_metadata_that_json_cannot_hold(tmp_path):
    store = TurboQuantVectorStore()
    store.add([TextNode(id_="it", text="a", embedding=embed("a"), metadata={"x": (1, 2)})])
    with pytest.raises(TypeError, match=r"node 'it'\['x'\] is \(1, 2\), of type tuple"):
        store.persist(tmp_path)


def test_nodes_of_all_kinds_come_back(tmp_path):
    store = TurboQuantVectorStore()
    given = [
        Document(id_="d", text="a", metadata={"x": [1, 2.5, None]}),
        Node(id_="n", text_resource=MediaResource(text="b", path=tmp_path / "b.txt")),
        IndexNode(id_="i", text="c", index_id="x", obj=TextNode(id_="inner", text="d")),
        ImageNode(id_="p", text="e", image="aGFsbG8="),
    ]
    for node in given:
        store.add([node.model_copy(update={"embedding": embed(node.node_id)})])
    store.persist(tmp_path)
    found = TurboQuantVectorStore.from_persist_path(tmp_path).get_nodes()
    assert found == given
    assert [type(each) for each in found] == [Document, Node, IndexNode, ImageNode]


class Mine(TextNode):
    more: int = 3


@pytest.mark.parametrize(
    "node",
    [
        Mine(id_="it", text="a"), Mine(id_="it", text="a", more=4),
        Node(id_="it", image_resource=MediaResource(data=b"abcd", mimetype="image/png")),
    ],
)  # fmt: skip
def test_nodes_that_would_come_back_as_others(tmp_path, node):
    """LlamaIndex makes a TextNode of the first two, and leaves the third one's data out."""
    store = filled()
    store.persist(tmp_path)
    store.add([node.model_copy(update={"embedding": embed("a")})])
    with pytest.raises(TypeError, match="node 'it', of type (Mine|Node), would come back as"):
        store.persist(tmp_path)
    assert len(TurboQuantVectorStore.from_persist_path(tmp_path)) == 7


class Odd(TextNode):
    @classmethod
    def get_type(cls):
        return "odd"


def test_a_node_that_cannot_be_written(tmp_path):
    """LlamaIndex writes the type's name, of which it cannot make a node."""
    store = TurboQuantVectorStore()
    store.add([Odd(id_="it", text="a", embedding=embed("a"))])
    with pytest.raises(ValueError, match="node 'it' cannot be written: Unknown doc type: odd"):
        store.persist(tmp_path)
    assert not (tmp_path / "store.json").exists()


def test_under_an_index(tmp_path):
    """Documents in, answers out, and the same from what was persisted."""
    store = TurboQuantVectorStore()
    context = StorageContext.from_defaults(vector_store=store)
    documents = [
        Document(id_=f"d{i}", text=text, metadata={"n": i}) for i, text in enumerate(TEXTS)
    ]
    index = VectorStoreIndex.from_documents(documents, storage_context=context, embed_model=Words())
    assert len(store) == 7

    def found(index, **options):
        nodes = index.as_retriever(**options).retrieve("red car")
        return [each.node.ref_doc_id for each in nodes]

    # The embedded text has the metadata in front, so "n: 2" takes part.
    first = found(index, similarity_top_k=7)
    assert sorted(first) == [f"d{i}" for i in range(7)]
    chosen = filters(("n", FilterOperator.GT, 2), ("n", FilterOperator.LT, 5))
    assert sorted(found(index, similarity_top_k=7, filters=chosen)) == ["d3", "d4"]
    assert len(found(index, similarity_top_k=3, vector_store_query_mode="mmr")) == 3
    assert (
        asyncio.run(index.as_retriever(similarity_top_k=1).aretrieve("red car"))[0].node.ref_doc_id
        == first[0]
    )
    index.delete_ref_doc("d0")
    context.persist(str(tmp_path))
    folder = tmp_path / "default__vector_store.json"
    again = VectorStoreIndex.from_vector_store(
        TurboQuantVectorStore.from_persist_path(folder), embed_model=Words()
    )
    assert found(again, similarity_top_k=7) == [each for each in first if each != "d0"]
