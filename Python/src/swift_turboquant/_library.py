"""The C library: loaded, and declared as abi.txt says. turboquant.h documents every function.

`lib.tq_…` are its functions, `lib.TQ_…` its constants, and `lib.structs` its structs, by their names in C. A function
that returns a status raises here what the status means.
"""

import ctypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._errors import error_of

HERE = Path(__file__).parent

_TYPES: dict[str, Any] = {
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint8_t": ctypes.c_uint8,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
}


class _Library:
    """What abi.txt declares."""

    structs: dict[str, type[ctypes.Structure]]

    def __init__(self, library: Path, declarations: Path) -> None:
        try:
            self._cdll = ctypes.CDLL(str(library))
        except OSError as error:
            raise ImportError(
                f"{library} cannot be loaded ({error}); install swift-turboquant again"
            ) from error
        self.structs = {}
        self._types = dict(_TYPES)
        for line in declarations.read_text().splitlines():
            self._declare(line)

    def __getattr__(self, name: str) -> Any:  # for type checkers: every name comes from abi.txt
        raise AttributeError(f"the C library has no {name}")

    def _declare(self, line: str) -> None:
        if line.startswith("enum"):
            for name, value in re.findall(r"(TQ_\w+) = (\d+)", line):
                setattr(self, name, int(value))
        elif struct := re.fullmatch(r"typedef struct (\w+) \{ (.*) \} \1;", line):
            self._declare_struct(struct[1], struct[2])
        elif callback := re.fullmatch(r"typedef (\w+) \(\*(\w+)\)\((.*)\);", line):
            arguments = [self._type(argument) for argument in callback[3].split(", ")]
            self._types[callback[2]] = ctypes.CFUNCTYPE(self._types[callback[1]], *arguments)
        elif handle := re.fullmatch(r"typedef struct (\w+) \1;", line):
            self._types[handle[1]] = None
        elif alias := re.fullmatch(r"typedef (\w+) (\w+);", line):
            self._types[alias[2]] = self._types[alias[1]]
        elif function := re.fullmatch(
            r"(const char \*|tq_status |int32_t )(tq_\w+)\((.*)\);", line
        ):
            self._declare_function(*function.groups())
        else:
            raise ImportError(f"abi.txt has a line that is not understood: {line}")

    def _declare_struct(self, name: str, members: str) -> None:
        fields = []
        for member in members.strip().split(";"):
            if not member.strip():
                continue
            array = re.fullmatch(r"(.*?)(\w+)\[(\d+)\]", member.strip())
            declared = array[1] + array[2] if array else member.strip()
            field = re.split(r"[ *]", declared)[-1]
            kind = self._type(declared)
            fields.append((field, kind * int(array[3]) if array else kind))
        self.structs[name] = type(name, (ctypes.Structure,), {"_fields_": fields})
        self._types[name] = self.structs[name]

    def _declare_function(self, result: str, name: str, arguments: str) -> None:
        function = getattr(self._cdll, name)
        function.argtypes = (
            [] if arguments == "void" else [self._type(one) for one in arguments.split(", ")]
        )
        if result == "tq_status ":
            function.restype = ctypes.c_int32
            function.errcheck = self._check
        else:
            function.restype = ctypes.c_char_p if "*" in result else ctypes.c_int32
        setattr(self, name, function)

    def _type(self, declaration: str) -> Any:
        """The type of a parameter or member. Arrays and structs are passed by address."""
        if "*" in declaration:
            text = "const char *" in declaration and "*const" not in declaration
            return ctypes.c_char_p if text else ctypes.c_void_p
        words = declaration.replace("const ", "").split()
        return self._types[words[0]]

    def _check(self, status: int, _function: Callable[..., int], _arguments: object) -> None:
        if status:
            text = self.tq_last_error()
            raise error_of(status, text.decode(errors="replace"))

    def struct(self, name: str, **members: Any) -> Any:
        """A struct with its size in place."""
        kind = self.structs[name]
        return kind(struct_size=ctypes.sizeof(kind), **members)


lib = _Library(HERE / "libTurboQuantC.so", HERE / "abi.txt")


class Handle:
    """Owns an object of the library. Calls take `.value`."""

    __slots__ = ("_free", "value")

    def __init__(self, create: Callable[..., None], free: Callable[[int], None], *arguments: Any):
        """Calls `create` with the arguments and the place for a handle."""
        self._free = free
        self.value: int | None = None
        place = ctypes.c_void_p()
        create(*arguments, ctypes.byref(place))
        self.value = place.value

    def __del__(self) -> None:
        if self.value is not None:
            self._free(self.value)
