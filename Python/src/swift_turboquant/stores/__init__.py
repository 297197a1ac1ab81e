"""Vector stores for LangChain, LlamaIndex and Haystack: documents and metadata beside an `Index`.

Each module needs its framework: `stores.langchain`, `stores.llama_index`, `stores.haystack`. What they share is here: the
codes of vectors in an `Index`, documents in memory, and a folder that holds both.
"""

from ._files import StoreChangedError

__all__ = ["StoreChangedError"]
