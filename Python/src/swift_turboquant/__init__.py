"""TurboQuant: vectors as codes of 1 to 8 bits per coordinate, searched and attended to without decoding."""

from ._cache_options import Precision
from ._errors import FileError, InputError, MissingFileError, TurboQuantError, UnknownIdError
from ._library import lib as _lib
from .cache import KVCache
from .codec import Codec
from .codes import Codes
from .equalization import Equalization, load_calibration, save_calibration
from .index import Index
from .statistics import KVStatistics

__version__: str = _lib.tq_version().decode()

__all__ = [
    "Codec",
    "Codes",
    "Equalization",
    "FileError",
    "Index",
    "InputError",
    "KVCache",
    "KVStatistics",
    "MissingFileError",
    "Precision",
    "TurboQuantError",
    "UnknownIdError",
    "load_calibration",
    "save_calibration",
]
