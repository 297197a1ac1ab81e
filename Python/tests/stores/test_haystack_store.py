"""Haystack's store and retriever beyond Haystack's own tests."""

import asyncio
import copy

import numpy as np
import pytest

pytest.importorskip("haystack", reason="haystack-ai is not installed")
from haystack import Pipeline
from haystack.core.errors import DeserializationError
from haystack.dataclasses import ByteStream, Document, SparseEmbedding
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.document_stores.types import DuplicatePolicy, FilterPolicy
from haystack.errors import FilterError
from words import DIM, TEXTS, embed

from swift_turboquant import FileError, InputError, MissingFileError
from swift_turboquant.stores import StoreChangedError
from swift_turboquant.stores.haystack import TurboQuantDocumentStore
from swift_turboquant.stores.haystack_retriever import TurboQuantEmbeddingRetriever


def documents():
    made = [
        Document(
            id=str(i), content=text, embedding=embed(text), meta={"n": i, "tags": [text.split()[0]]}
        )
        for i, text in enumerate(TEXTS)
    ]
    return [*made, Document(id="none", content="no embedding", meta={"n": 7})]


def filled(**options):
    store = TurboQuantDocumentStore(**options)
    assert store.write_documents(documents()) == 8
    return store


def where(field, operator, value):
    return {"field": field, "operator": operator, "value": value}


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("metric, similarity", [("cosine", "cosine"), ("ip", "dot_product")])
def test_scores_are_those_of_the_own_store(metric, similarity, scale):
    """In float32: within the errors of 24 additions, relative to the lengths of the vectors (at most 20)."""
    store = filled(metric=metric, originals="float32")
    other = InMemoryDocumentStore(embedding_similarity_function=similarity)
    other.write_documents(documents())
    for text, filters in [("red", None), ("apple house", where("meta.n", ">", 2)), ("blue", {})]:
        found = store.embedding_retrieval(embed(text), filters, 7, scale)
        expected = other.embedding_retrieval(embed(text), filters, 7, scale)
        assert [each.id for each in found] == [each.id for each in expected]
        np.testing.assert_allclose(
            [each.score for each in found], [each.score for each in expected],
            atol=2 * DIM * 2**-24 * (1 if metric == "cosine" else 400),
        )  # fmt: skip
        assert [(each.content, each.meta, each.embedding) for each in found] == [
            (each.content, each.meta, None) for each in expected
        ]


def test_squared_distances():
    store = filled(metric="l2", originals="float32")
    found = store.embedding_retrieval(embed("red car"), top_k=3)
    assert found[0].id == "2" and found[0].score == 0 <= found[1].score <= found[2].score
    scaled = store.embedding_retrieval(embed("red car"), top_k=3, scale_score=True)
    assert [each.score for each in scaled] == [1 / (1 + each.score) for each in found]


@pytest.mark.parametrize("metric", ["cosine", "ip"])
@pytest.mark.parametrize("originals", [None, "float16", "float32"])
def test_embeddings_come_back(metric, originals):
    """Originals rounded; codes' vectors, which at 8 bits are within 1% (of cosines only as directions)."""
    store = filled(metric=metric, originals=originals, bits=8)
    assert all(each.embedding is None for each in store.filter_documents())
    store.return_embedding = True
    found = store.filter_documents()
    assert found == store.filter_documents({})
    for each, expected in zip(found, documents(), strict=True):
        if expected.embedding is None:
            assert each.embedding is None
        elif originals:
            rounded = np.array(expected.embedding, originals).astype(float)
            assert each.embedding == rounded.tolist()
        else:
            vector = np.array(expected.embedding)
            if metric == "cosine":
                vector /= np.linalg.norm(vector)
            assert np.linalg.norm(each.embedding - vector) < 0.01 * np.linalg.norm(vector)
    (hit,) = store.embedding_retrieval(embed("red car"), top_k=1)
    assert hit.embedding == found[2].embedding
    (hit,) = store.embedding_retrieval(embed("red car"), top_k=1, return_embedding=False)
    assert hit.embedding is None


def test_neither_arguments_nor_results_are_shared():
    given = documents()
    store = TurboQuantDocumentStore()
    store.write_documents(given)
    assert given == documents()
    given[2].meta["tags"].append("changed")
    for found in (store.filter_documents(), store.embedding_retrieval(embed("red car"), top_k=8)):
        (document,) = (each for each in found if each.id == "2")
        assert document.meta["tags"] == ["red"]
        document.meta["tags"].append("changed")
    meta = {"new": [1]}
    assert store.update_by_filter(where("meta.n", "<", 2), meta) == 2
    meta["new"].append(2)
    assert [each.meta.get("new") for each in store.filter_documents()][:3] == [[1], [1], None]
    assert store.embedding_retrieval(embed("red apple"), top_k=1)[0].meta["new"] == [1]


def test_policies_within_one_call():
    """A call is all or nothing, and knows ids that are given twice."""
    store = TurboQuantDocumentStore()
    twice = [Document(id="a", content="1"), Document(id="b"), Document(id="a", content="2")]
    for policy in (DuplicatePolicy.FAIL, DuplicatePolicy.NONE):
        with pytest.raises(DuplicateDocumentError, match="'a'"):
            store.write_documents(twice, policy)
        assert store.count_documents() == 0
    assert store.write_documents(twice, DuplicatePolicy.SKIP) == 2
    assert [each.content for each in store.filter_documents()] == ["1", None]
    assert store.write_documents(twice, DuplicatePolicy.OVERWRITE) == 3
    assert [each.content for each in store.filter_documents()] == ["2", None]
    bad = [
        Document(id="c", embedding=[1.0] * DIM),
        Document(id="d", embedding=[float("nan")] * DIM),
    ]
    with pytest.raises(InputError, match="row 1, column 0 is nan"):
        store.write_documents(bad)
    with pytest.raises(ValueError, match="'d' has 3 coordinates, expected 24"):
        store.write_documents([bad[0], Document(id="d", embedding=[1.0] * 3)])
    with pytest.raises(ValueError, match="the policy is 'replace', expected a DuplicatePolicy"):
        store.write_documents([Document(id="c")], "replace")
    assert store.count_documents() == 2


@pytest.mark.parametrize(
    "filters",
    [
        {"n": 3}, where("embedding", "!=", None), where("score", ">", 0), [where("meta.n", "==", 3)],
        {"operator": "AND", "conditions": [where("meta.n", "==", 1), where("embedding", "==", 1)]},
        {"operator": "XOR", "conditions": []}, where("meta.n", "~", 3),
        {"operator": "AND", "conditions": [where("meta.n", "==", 1), where("meta.n", "~", 1)]},
        {"operator": "AND", "conditions": 3}, {"operator": "OR", "conditions": [3]},
        {"operator": "NOT"}, {"field": "meta.n"},
    ],
)  # fmt: skip
def test_filters_that_are_none_are_refused_even_without_documents(filters):
    for store in (TurboQuantDocumentStore(), filled()):
        for call in (
            store.filter_documents, store.delete_by_filter, store.count_documents_by_filter,
            lambda its, store=store: store.embedding_retrieval(embed("red"), its),
            lambda its, store=store: store.update_by_filter(its, {"a": 1}),
        ):  # fmt: skip
            with pytest.raises(FilterError):
                call(filters)
    assert store.count_documents() == 8


def test_queries():
    store = filled()
    assert store.embedding_retrieval(embed("red"), top_k=0) == []
    assert len(store.embedding_retrieval(embed("red"), top_k=100)) == 7
    assert store.embedding_retrieval(embed("red"), where("meta.n", "==", 7)) == []
    for query, top_k in (([1.0] * 3, 1), ([], 1), (embed("red"), -1), ([float("inf")] * DIM, 1)):
        with pytest.raises(ValueError):
            store.embedding_retrieval(query, top_k=top_k)


@pytest.mark.parametrize("originals", [None, "float32"])
def test_folders(tmp_path, originals):
    store = filled(originals=originals, bits=3, embedding_name="words 1")
    store.write_documents(
        [
            Document(
                id="all", content="é", blob=ByteStream(b"\0\xff", meta={"a": 1}, mime_type="x/y"),
                sparse_embedding=SparseEmbedding([1, 5], [0.5, 2.0]), meta={"content": "c", "id": [1]},
                embedding=embed("all"),
            )
        ]
    )  # fmt: skip
    store.save_local(tmp_path)
    found = TurboQuantDocumentStore.load_local(tmp_path)
    assert found.filter_documents() == store.filter_documents()
    query = embed("red car")
    assert found.embedding_retrieval(query) == store.embedding_retrieval(query)
    found.delete_documents(["1"])
    found.save_local(tmp_path)
    with pytest.raises(StoreChangedError):
        store.save_local(tmp_path)
    with pytest.raises(ValueError, match="of the embedding 'words 1'"):
        TurboQuantDocumentStore.load_local(tmp_path, embedding_name="words 2")
    with pytest.raises(ValueError, match="has no folder"):
        found.save_local()
    with pytest.raises(MissingFileError):
        TurboQuantDocumentStore.load_local(tmp_path / "none")
    found.write_documents([Document(id="set", meta={"x": {1}})])
    with pytest.raises(TypeError, match="document 'set'.*set"):
        found.save_local(tmp_path)
    (path,) = tmp_path.glob("documents-*")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FileError, match="damaged"):
        TurboQuantDocumentStore.load_local(tmp_path)
    with pytest.raises(FileError, match="damaged"):
        TurboQuantDocumentStore(folder=str(tmp_path))


def test_a_store_with_a_folder(tmp_path):
    folder = str(tmp_path / "s")
    store = filled(folder=folder, bits=3)
    assert not (tmp_path / "s").exists()
    store.save_local()
    again = TurboQuantDocumentStore.from_dict(store.to_dict())
    assert (
        again.to_dict() == store.to_dict() and again.filter_documents() == store.filter_documents()
    )
    assert TurboQuantDocumentStore(folder=folder, bits=3, dim=DIM).count_documents() == 8
    for options in ({"bits": 4}, {"bits": 3, "dim": 3}, {"bits": 3, "metric": "l2"}):
        with pytest.raises(ValueError, match="the store in .* has IndexOptions"):
            TurboQuantDocumentStore(folder=folder, **options)


@pytest.mark.parametrize("policy", [FilterPolicy.REPLACE, "merge"])
def test_a_pipeline(tmp_path, policy):
    """As it is, and made again from its YAML; with the store's folder it has its documents."""
    store = filled(folder=str(tmp_path))
    store.save_local()
    retriever = TurboQuantEmbeddingRetriever(
        store, filters=where("meta.n", "<", 6), top_k=3, scale_score=True, filter_policy=policy
    )
    pipeline = Pipeline()
    pipeline.add_component("retriever", retriever)
    with pytest.raises(DeserializationError):  # Haystack trusts the modules that a user names
        Pipeline.loads(pipeline.dumps())
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=["swift_turboquant.stores.*"])
    query, houses = embed("red house"), where("content", "in", ["new house", "red house"])
    for each in (pipeline, again):
        (found,) = each.run({"retriever": {"query_embedding": query}}).values()
        assert found["documents"] == store.embedding_retrieval(
            query, where("meta.n", "<", 6), 3, True
        )
        arguments = {"query_embedding": query, "filters": houses, "top_k": 9}
        (found,) = each.run({"retriever": arguments | {"scale_score": False}}).values()
        expected = {"5"} if policy == "merge" else {"5", "6"}
        assert {document.id for document in found["documents"]} == expected
    result = asyncio.run(retriever.run_async(query, top_k=0))
    assert result == {"documents": []}
    result = asyncio.run(retriever.run_async(query, return_embedding=True))
    assert len(result["documents"][0].embedding) == DIM
    with pytest.raises(TypeError, match="no TurboQuantDocumentStore"):
        TurboQuantEmbeddingRetriever(InMemoryDocumentStore())
    with pytest.raises(ValueError, match="top_k is 0"):
        TurboQuantEmbeddingRetriever(store, top_k=0)


def test_arguments_are_not_changed_by_making_a_retriever_again():
    data = TurboQuantEmbeddingRetriever(filled()).to_dict()
    before = copy.deepcopy(data)
    made = TurboQuantEmbeddingRetriever.from_dict(data)
    assert data == before and made.document_store.count_documents() == 0
