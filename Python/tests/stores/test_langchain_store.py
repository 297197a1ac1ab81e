"""LangChain's store beyond LangChain's own tests."""

import asyncio
import copy

import numpy as np
import pytest

pytest.importorskip("langchain_core", reason="langchain-core is not installed")
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.indexing import InMemoryRecordManager, aindex, index
from langchain_core.vectorstores import InMemoryVectorStore
from words import DIM, TEXTS, embed

from swift_turboquant import FileError, InputError, MissingFileError
from swift_turboquant.stores import StoreChangedError
from swift_turboquant.stores.langchain import TurboQuantVectorStore


class Words(Embeddings):
    """A text is the sum of its words' vectors, which their checksums seed."""

    def __init__(self, dim=DIM):
        self.dim = dim
        self.calls = []

    def embed_documents(self, texts):
        self.calls.append("documents")
        return [embed(text, self.dim) for text in texts]

    def embed_query(self, text):
        self.calls.append("query")
        return embed(text, self.dim)

    async def aembed_documents(self, texts):
        self.calls.append("async documents")
        return [embed(text, self.dim) for text in texts]

    async def aembed_query(self, text):
        self.calls.append("async query")
        return embed(text, self.dim)


DOCUMENTS = [
    Document(
        id=str(i), page_content=text, metadata={"n": i, "color": text.split()[0], "tags": [i % 2]}
    )
    for i, text in enumerate(TEXTS)
]


def filled(**options):
    store = TurboQuantVectorStore(Words(), **options)
    assert store.add_documents(DOCUMENTS) == [each.id for each in DOCUMENTS]
    return store


def reference():
    store = InMemoryVectorStore(Words())
    store.add_documents(DOCUMENTS)
    return store


def test_scores_are_cosines():
    """With originals, those of LangChain's own store: in float32, so within the errors of 24 additions."""
    store, other = filled(originals="float32"), reference()
    for query in ("red", "apple house", "blue"):
        found = store.similarity_search_with_score(query, 7)
        expected = other.similarity_search_with_score(query, 7)
        assert [each for each, _ in found] == [each for each, _ in expected]
        for (_, score), (_, its) in zip(found, expected, strict=True):
            assert abs(score - its) <= 2 * DIM * 2**-24
    assert [each.id for each in store.similarity_search("red car", 1)] == ["2"]


@pytest.mark.parametrize("weight", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("fetched", [4, 20])
def test_maximal_marginal_relevance(weight, fetched):
    # Of a query that is a document's vector all would be equal at 0.5 after the first.
    query = "red old blue house"
    store, other = filled(originals="float32"), reference()
    arguments = {"k": 4, "fetch_k": fetched, "lambda_mult": weight}
    found = store.max_marginal_relevance_search(query, **arguments)
    assert found == other.max_marginal_relevance_search(query, **arguments)
    assert found == asyncio.run(store.amax_marginal_relevance_search(query, **arguments))
    vector = Words().embed_query(query)
    assert found == store.max_marginal_relevance_search_by_vector(vector, **arguments)
    only = store.max_marginal_relevance_search(query, filter={"color": "red"}, **arguments)
    assert {each.id for each in only} == {"0", "2", "6"}
    assert store.max_marginal_relevance_search("red", filter={"color": "pink"}) == []


@pytest.mark.parametrize(
    "filter, expected",
    [
        ({}, "0123456"),
        ({"color": "red"}, "026"),
        ({"color": {"$eq": "red"}, "n": {"$gt": 0, "$lte": 5}}, "2"),
        ({"n": {"$gte": 5}}, "56"),
        ({"n": {"$lt": 2}}, "01"),
        ({"color": {"$ne": "red"}}, "1345"),
        ({"color": {"$in": ["old", "new"]}}, "45"),
        ({"color": {"$nin": ["old", "new", "red"]}}, "13"),
        ({"tags": {"$contains": 1}}, "135"),
        ({"none": {"$exists": False}, "n": {"$exists": True}}, "0123456"),
        ({"none": 1}, ""),
        ({"$or": [{"n": 1}, {"$and": [{"n": 2}, {"color": "red"}]}]}, "12"),
        ({"$not": {"color": "red"}}, "1345"),
        (lambda document: document.page_content.endswith("car"), "23"),
    ],
)
def test_filters(filter, expected):
    store = filled()
    for k in (7, 2):
        found = store.similarity_search("red", k, filter=filter)
        assert {each.id for each in found} <= set(expected) and len(found) == min(k, len(expected))


@pytest.mark.parametrize(
    "filter, error",
    [
        ("color", TypeError),
        ([{"n": 1}], TypeError),
        ({"$xor": []}, ValueError),
        ({"n": {"$near": 3}}, ValueError),
        ({"n": {}}, ValueError),
        ({"$and": {"n": 1}}, ValueError),
        ({"$or": ["n"]}, TypeError),
        ({"n": {"$in": 3}}, ValueError),
        ({3: 3}, ValueError),
    ],
)
def test_filters_that_are_none(filter, error):
    with pytest.raises(error, match="expected|expects"):
        TurboQuantVectorStore(Words()).similarity_search("red", filter=filter)


def test_coroutines_use_those_of_the_embedding():
    async def all_of():
        store = await TurboQuantVectorStore.afrom_texts(TEXTS, Words(), ids=list("abcdefg"))
        assert await store.aadd_documents([Document(page_content="x")], ids=["x"]) == ["x"]
        await store.asimilarity_search("red")
        await store.asimilarity_search_with_score("red")
        await store.asimilarity_search_with_relevance_scores("red")
        await store.amax_marginal_relevance_search("red")
        vector = embed("red")
        by_vector = await store.asimilarity_search_by_vector(vector)
        assert by_vector == store.similarity_search_by_vector(vector)
        diverse = await store.amax_marginal_relevance_search_by_vector(vector, k=2)
        assert diverse == store.max_marginal_relevance_search_by_vector(vector, k=2)
        await store.as_retriever().ainvoke("red")
        assert await store.asimilarity_search("red", filter={"a": 1}) == []
        assert [each.id for each in await store.aget_by_ids(["x"])] == ["x"]
        assert await store.adelete(["x", "none"])
        assert len(store) == 7
        return store.embeddings.calls

    assert asyncio.run(all_of()) == ["async documents"] * 2 + ["async query"] * 6


def test_batches():
    store = TurboQuantVectorStore(Words())
    store.add_texts(TEXTS, ids=list("abcdefg"), batch_size=3)
    asyncio.run(store.aadd_texts(TEXTS, ids=list("abcdefg"), batch_size=4))
    assert store.embeddings.calls == ["documents"] * 3 + ["async documents"] * 2
    assert [each.id for each in store.similarity_search("red car", 1)] == ["c"] and len(store) == 7
    for call in (
        lambda: store.add_documents(DOCUMENTS, batch_size=0),
        lambda: asyncio.run(store.aadd_documents(DOCUMENTS, batch_size=-1)),
    ):
        with pytest.raises(ValueError, match="expected at least 1"):
            call()
    assert len(store) == 7


@pytest.mark.parametrize("is_async", [False, True])
def test_under_the_indexing_of_langchain(is_async):
    """It adds what is new, leaves what has not changed, and deletes what is gone."""
    store, records = TurboQuantVectorStore(Words()), InMemoryRecordManager("test")
    records.create_schema()

    def run(documents):
        arguments = (documents, records, store)
        options = {"cleanup": "full", "key_encoder": "sha256", "batch_size": 2}
        if is_async:
            return asyncio.run(aindex(*arguments, **options))
        return index(*arguments, **options)

    given = [Document(page_content=text, metadata={"n": i}) for i, text in enumerate(TEXTS)]
    assert run(given)["num_added"] == 7
    changed = [*given[1:], Document(page_content="old car")]
    found = run(changed)
    assert (found["num_added"], found["num_skipped"], found["num_deleted"]) == (1, 6, 1)
    assert len(store) == 7
    assert store.similarity_search("old car", 1)[0].page_content == "old car"


def test_neither_arguments_nor_results_are_shared():
    before = copy.deepcopy(DOCUMENTS)
    store = filled()
    assert before == DOCUMENTS
    for found in (
        store.get_by_ids(["2"]), store.similarity_search("red car", 1),
        store.max_marginal_relevance_search("red car", 1),
    ):  # fmt: skip
        found[0].metadata["tags"].append("changed")
        found[0].page_content = "changed"
    mine = [{"list": [1]}]
    store.add_texts(["red car"], mine, ids=["2"])
    mine[0]["list"].append(2)
    assert store.get_by_ids(["2"]) == [
        Document(id="2", page_content="red car", metadata={"list": [1]})
    ]


def test_ids():
    store = TurboQuantVectorStore(Words())
    given = [Document(page_content="a", id="mine"), Document(page_content="b")]
    first, second = store.add_documents(given)
    assert first == "mine" and len(second) == 36 and given[1].id is None
    assert store.add_documents(given, ids=[None, "b"])[1] == "b"
    assert len(store) == 4
    with pytest.raises(TypeError, match=r"ids\[1\] is 3, expected a text"):
        store.add_documents(given, ids=["a", 3])
    with pytest.raises(ValueError, match="there are 1 ids, expected 2"):
        store.add_documents(given, ids=["a"])
    assert len(store) == 4
    assert store.add_documents([]) == [] and store.add_texts([]) == []
    assert store.delete("mine") and store.delete(["b", "b", "c"]) and len(store) == 2
    assert store.delete([]) and len(store) == 2
    assert store.delete() and len(store) == 0 and store
    assert store.similarity_search("a") == [] and store.get_by_ids(["b"]) == []


def test_known_embeddings():
    store = TurboQuantVectorStore(Words(), metric="l2", originals="float32")
    x = np.eye(3, DIM)
    assert store.add_embeddings(["a", "b", "c"], x, [{"n": i} for i in range(3)], ids=list("abc"))
    assert store.embeddings.calls == []
    ((document, score),) = store.similarity_search_with_score_by_vector(x[1], 1)
    assert document == Document(id="b", page_content="b", metadata={"n": 1}) and score == 0
    with pytest.raises(ValueError, match="2 metadatas, expected 1"):
        store.add_embeddings(["a"], x[:1], [{}, {}])
    with pytest.raises(ValueError, match="3 vectors, expected 1"):
        store.add_embeddings(["a"], x)
    with pytest.raises(InputError, match="row 0, column 2 is nan"):
        store.add_embeddings(["a"], [[0, 0, float("nan")] + [0] * (DIM - 3)])
    assert len(store) == 3


def test_relevance():
    for metric in ("cosine", "l2"):
        store = filled(metric=metric, originals="float32")
        found = store.similarity_search_with_relevance_scores("red car", 7)
        scores = [score for _, score in found]
        assert scores == sorted(scores, reverse=True) and 0 <= scores[-1] < scores[0] <= 1
        assert found[0][0].id == "2" and scores[0] > 0.99
        retriever = store.as_retriever(
            search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.99}
        )
        assert [each.id for each in retriever.invoke("red car")] == ["2"]
    store = filled(metric="ip")
    with pytest.raises(ValueError, match="pass relevance_score_fn"):
        store.similarity_search_with_relevance_scores("red")
    store = filled(metric="ip", relevance_score_fn=lambda score: 0.25)
    assert store.similarity_search_with_relevance_scores("red", 1)[0][1] == 0.25


def test_unknown_arguments_are_refused():
    store = filled()
    for call in (
        lambda: store.similarity_search("red", filters={}),
        lambda: store.similarity_search_by_vector([1.0] * DIM, where=1),
        lambda: store.max_marginal_relevance_search("red", diversity=1),
        lambda: store.add_documents(DOCUMENTS, batch=1),
        lambda: store.add_texts(["a"], batch=1),
        lambda: store.delete(["a"], soft=True),
        lambda: TurboQuantVectorStore.from_texts(["a"], Words(), index_name="x"),
        lambda: asyncio.run(store.aadd_documents(DOCUMENTS, batch=1)),
    ):
        with pytest.raises(TypeError, match="unexpected"):
            call()


@pytest.mark.parametrize("originals", [None, "float16"])
def test_folders(tmp_path, originals):
    store = filled(bits=3, originals=originals, embedding_name="words 1")
    store.save_local(tmp_path / "s")
    found = TurboQuantVectorStore.load_local(tmp_path / "s", Words())
    assert found.similarity_search_with_score("red", 7) == store.similarity_search_with_score(
        "red", 7
    )
    assert found.get_by_ids(["3"]) == [DOCUMENTS[3]]
    found.add_texts(["a new one"], ids=["3"])
    found.save_local(str(tmp_path / "s"))
    with pytest.raises(StoreChangedError):
        store.save_local(tmp_path / "s")
    again = TurboQuantVectorStore.load_local(tmp_path / "s", Words(), embedding_name="words 1")
    assert len(again) == 7 and again.get_by_ids(["3"])[0].page_content == "a new one"
    with pytest.raises(ValueError, match="of the embedding 'words 1', not 'words 2'"):
        TurboQuantVectorStore.load_local(tmp_path / "s", Words(), embedding_name="words 2")
    other = TurboQuantVectorStore.load_local(tmp_path / "s", Words(DIM + 1))
    with pytest.raises(ValueError, match="has 25 coordinates, expected 24; is it of another"):
        other.similarity_search("red")
    with pytest.raises(ValueError, match="document 'x' has 25 coordinates, expected 24"):
        other.add_texts(["x"], ids=["x"])
    with pytest.raises(MissingFileError):
        TurboQuantVectorStore.load_local(tmp_path, Words())
    (path,) = (tmp_path / "s").glob("documents-*")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FileError, match="damaged"):
        TurboQuantVectorStore.load_local(tmp_path / "s", Words())


def test_an_empty_store_in_a_folder(tmp_path):
    store = TurboQuantVectorStore(Words(), bits=8, metric="l2", seed=3)
    store.save_local(tmp_path)
    found = TurboQuantVectorStore.load_local(tmp_path, Words())
    found.add_documents(DOCUMENTS)
    its = found._collection.index
    assert (its.dim, its.bits, its.metric, its.seed) == (DIM, 8, "l2", 3)


def test_metadata_that_json_cannot_hold(tmp_path):
    store = TurboQuantVectorStore(Words())
    store.add_texts(["a"], [{"x": {1, 2}}], ids=["it"])
    with pytest.raises(TypeError, match=r"document 'it'.*\['x'\].*set"):
        store.save_local(tmp_path)
    assert store.similarity_search("a")[0].metadata == {"x": {1, 2}}
