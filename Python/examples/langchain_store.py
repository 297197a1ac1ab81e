"""Searches 5,000 descriptions of Debian packages in a LangChain store.

    pip install 'swift-turboquant[langchain]'
    python langchain_store.py
    python langchain_store.py --query 49 --count 5

The embeddings ship with the package, so no model is needed. In your own program `Shipped` is an embedding of LangChain,
such as HuggingFaceEmbeddings.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from semantic_search import DATA

from swift_turboquant.stores.langchain import TurboQuantVectorStore


class Shipped(Embeddings):
    """Looks up embeddings of the texts that ship with the package."""

    def __init__(self) -> None:
        self.documents = (DATA / "vectors.txt").read_text().splitlines()
        self.queries = (DATA / "queries.txt").read_text().splitlines()
        vectors = np.load(DATA / "vectors_f16.npy"), np.load(DATA / "queries_f16.npy")
        texts = self.documents + self.queries
        self.vectors = dict(zip(texts, np.concatenate(vectors).tolist(), strict=True))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.vectors[text] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.vectors[text]


def show(title: str, found: list[Document]) -> None:
    print(f"\n{title}")
    for document in found:
        print(f"  {document.page_content.split('. ')[0].strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--query", type=int, default=39, metavar="I")
    parser.add_argument("--count", type=int, default=3, help="documents of each search (default 3)")
    options = parser.parse_args()

    embedding = Shipped()
    query, k = embedding.queries[options.query], options.count
    documents = [
        Document(id=text.split(": ")[0], page_content=text, metadata={"library": text[:3] == "lib"})
        for text in embedding.documents
    ]
    store = TurboQuantVectorStore(embedding, bits=4, embedding_name="all-MiniLM-L6-v2")
    store.add_documents(documents)
    show(query, store.similarity_search(query, k))

    programs = store.similarity_search(query, k, filter={"library": False})
    show("Without libraries:", programs)
    diverse = store.as_retriever(search_type="mmr", search_kwargs={"k": k, "fetch_k": 50})
    show("Different from each other:", diverse.invoke(query))

    # A folder holds the index and the documents, as JSON; opening it runs no code of it.
    with tempfile.TemporaryDirectory() as folder:
        store.save_local(folder)
        again = TurboQuantVectorStore.load_local(
            folder, embedding, embedding_name="all-MiniLM-L6-v2"
        )
        again.delete([programs[0].id])
        again.save_local(folder)  # whole or not at all
        size = sum(path.stat().st_size for path in Path(folder).glob("index-*"))
        print(
            f"\n{len(again)} documents are saved, their vectors in {size // len(again)} bytes each."
        )


if __name__ == "__main__":
    main()
