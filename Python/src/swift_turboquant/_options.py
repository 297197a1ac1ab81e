"""Options given by name or number, as the library takes them."""

import operator
import os
from typing import Any, Literal, SupportsIndex, TypeAlias, TypeVar

from ._library import lib

PathArgument: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
Quantizer = Literal["scalar", "two-stage", "qjl", "polar"]
Rotation = Literal["haar", "hadamard"]
Sketch = Literal["gaussian", "orthogonal", "structured"]
Estimator = Literal["reconstruction", "renormalized", "matched-norm", "two-stage"]

QUANTIZERS: dict[Quantizer, int] = {
    "scalar": lib.TQ_QUANTIZER_SCALAR,
    "two-stage": lib.TQ_QUANTIZER_TWO_STAGE,
    "qjl": lib.TQ_QUANTIZER_QJL,
    "polar": lib.TQ_QUANTIZER_POLAR,
}
ROTATIONS: dict[Rotation | None, int] = {
    None: 0,
    "haar": lib.TQ_ROTATION_HAAR,
    "hadamard": lib.TQ_ROTATION_HADAMARD,
}
SKETCHES: dict[Sketch | None, int] = {
    None: 0,
    "gaussian": lib.TQ_SKETCH_GAUSSIAN,
    "orthogonal": lib.TQ_SKETCH_ORTHOGONAL,
    "structured": lib.TQ_SKETCH_STRUCTURED,
}
ESTIMATORS: dict[Estimator | None, int] = {
    None: 0,
    "reconstruction": lib.TQ_ESTIMATOR_RECONSTRUCTION,
    "renormalized": lib.TQ_ESTIMATOR_RENORMALIZED,
    "matched-norm": lib.TQ_ESTIMATOR_MATCHED_NORM,
    "two-stage": lib.TQ_ESTIMATOR_TWO_STAGE,
}

Name = TypeVar("Name")


def choice(choices: dict[Any, int], value: object, name: str) -> int:
    """The library's number of an option given by name."""
    number = choices.get(value) if isinstance(value, str) or value is None else None
    if number is None:
        raise ValueError(f"{name} is {value!r}, expected one of {', '.join(map(repr, choices))}")
    return number


def chosen(choices: dict[Name, int], number: int) -> Name:
    """The name of the library's number, which is not 0."""
    return next(name for name, other in choices.items() if other == number)


def unsigned(value: SupportsIndex, name: str, least: int = 0) -> int:
    """`value`, if it is at least `least` and C's 64 unsigned bits hold it."""
    number = operator.index(value)
    if not least <= number < 1 << 64:
        raise ValueError(f"{name} is {value}, expected {least} … 2**64 - 1")
    return number


def optional(value: SupportsIndex | None, name: str) -> int:
    """`value`, at least 1, or the library's number for a default, 0, in place of None."""
    return 0 if value is None else unsigned(value, name, least=1)


def bits_of(bits: float, name: str = "bits") -> float:
    """`bits`, if positive: 0 would be a default."""
    number = float(bits)
    if not number > 0:
        raise ValueError(f"{name} is {bits}, expected a positive number")
    return number


def path_of(path: PathArgument) -> bytes:
    """A path as the library takes it."""
    name = os.fsencode(path)
    if b"\0" in name:
        raise ValueError(f"the path {path!r} has a zero byte")
    try:
        name.decode()
    except UnicodeDecodeError:
        raise ValueError(f"the path {path!r} is not UTF-8") from None
    return name
