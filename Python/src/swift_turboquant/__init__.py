"""TurboQuant: vectors as codes of 1 to 8 bits per coordinate, searched and attended to without decoding."""

from ._cache_options import Precision
from ._errors import FileError, InputError, MissingFileError, TurboQuantError, UnknownIdError
from ._library import lib as _lib
from .cache import KVCache
from .codec import Codec
from .codes import Codes
from .index import Index

__version__: str = _lib.tq_version().decode()

__all__ = [
    "Codec",
    "Codes",
    "FileError",
    "Index",
    "InputError",
    "KVCache",
    "MissingFileError",
    "Precision",
    "TurboQuantError",
    "UnknownIdError",
]
