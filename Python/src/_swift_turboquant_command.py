"""The command `turboquant`, which is in the same library as everything else.

A module of its own because importing the package imports NumPy. That takes longer than most commands, and its threads
would take the signals by which the command removes what it has begun to write.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path


def main() -> int:
    """Runs the command on this process's arguments. Returns its exit status."""
    library = ctypes.CDLL(str(Path(__file__).parent / "swift_turboquant/libTurboQuantC.so"))
    # Python's own handler would wait until the command ends. An interrupt that the parent ignores stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    words = ["turboquant", *sys.argv[1:]]
    array = (ctypes.c_char_p * (len(words) + 1))(*map(os.fsencode, words), None)
    library.tq_main.restype = ctypes.c_int32
    status: int = library.tq_main(ctypes.c_int32(len(words)), array)
    return status


if __name__ == "__main__":
    sys.exit(main())
