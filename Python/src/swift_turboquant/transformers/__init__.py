"""Hugging Face's transformers: models that attend on codes, on a CPU.

    cache = TurboQuantCache.for_model(model, keys=4, values=4)
    model.generate(**inputs, cache=cache)

A prompt's own attention uses its keys and values as they are; what comes after it attends on the codes.
"""

from ._versions import check as _check

_check()

from .cache import TurboQuantCache

__all__ = ["TurboQuantCache"]
