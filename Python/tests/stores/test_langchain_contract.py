"""LangChain's own tests of vector stores."""

import pytest

pytest.importorskip("langchain_tests", reason="langchain-tests is not installed")
pytest.importorskip("pytest_asyncio", reason="pytest-asyncio, of langchain-tests, is not installed")
from coroutines import marked
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from swift_turboquant.stores.langchain import TurboQuantVectorStore

SUITE = marked(VectorStoreIntegrationTests)


class TestCodes(SUITE):
    @pytest.fixture
    def vectorstore(self):
        return TurboQuantVectorStore(self.get_embeddings())


class TestOriginals(SUITE):
    @pytest.fixture
    def vectorstore(self):
        return TurboQuantVectorStore(self.get_embeddings(), originals="float32", metric="l2")


class TestLoaded(SUITE):
    """A store from a folder, which got its vectors' dimension before."""

    @pytest.fixture
    def vectorstore(self, tmp_path):
        store = TurboQuantVectorStore(self.get_embeddings(), dim=6)
        store.add_texts(["gone"])
        store.delete()
        store.save_local(tmp_path)
        return TurboQuantVectorStore.load_local(tmp_path, self.get_embeddings())
