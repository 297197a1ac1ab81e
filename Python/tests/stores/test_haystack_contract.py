"""Haystack's own tests of document stores."""

import numpy as np
import pytest

pytest.importorskip("haystack", reason="haystack-ai is not installed")
pytest.importorskip("pytest_asyncio", reason="pytest-asyncio is not installed")
from coroutines import marked
from haystack.dataclasses import Document
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.testing import document_store as contract
from haystack.testing import document_store_async as contract_async

from swift_turboquant.stores.haystack import TurboQuantDocumentStore


class Equality:
    @staticmethod
    def assert_documents_are_equal(received, expected):
        """The contract lets a store override this: the index keeps float32 where documents have float64."""

        def rounded(document):
            its = document.to_dict(flatten=False)
            if its["embedding"] is not None:
                its["embedding"] = np.float32(its["embedding"]).tolist()
            return its

        assert [rounded(each) for each in received] == [rounded(each) for each in expected]


class Store:
    @pytest.fixture
    def document_store(self):
        return TurboQuantDocumentStore(originals="float32", return_embedding=True)


class TestSynchronous(
    Equality, Store, contract.DocumentStoreBaseExtendedTests, contract.CountDocumentsByFilterTest
):
    def test_write_documents(self, document_store):
        """The contract leaves NONE to the store: it is FAIL."""
        document = Document(content="a")
        assert document_store.write_documents([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            document_store.write_documents([document])
        assert document_store.filter_documents() == [document]


SUITES = [
    marked(getattr(contract_async, f"{name}AsyncTest"))
    for name in (
        "CountDocuments", "CountDocumentsByFilter", "DeleteAll", "DeleteByFilter", "DeleteDocuments",
        "FilterDocuments", "UpdateByFilter", "WriteDocuments",
    )
]  # fmt: skip


class TestAsynchronous(Equality, Store, *SUITES):
    @pytest.mark.asyncio
    async def test_write_documents_async(self, document_store):
        document = Document(content="a")
        assert await document_store.write_documents_async([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            await document_store.write_documents_async([document])
        assert await document_store.filter_documents_async() == [document]
