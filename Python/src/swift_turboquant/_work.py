"""Long work in the library: who hears how far it is, and what ends it."""

import threading
from collections.abc import Callable
from typing import Any

from ._library import lib

Progress = Callable[[int, int], object]

_FIELDS: Any = lib.structs["tq_work_options"]._fields_
_Callback = dict(_FIELDS)["progress"]


class _Listener:
    """What the library calls between pieces of work."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.ends = False
        self.errors: list[BaseException] = []

    def __call__(self, _context: object, done: int, total: int) -> int:
        if self.progress is not None and not self.ends:
            try:
                self.progress(done, total)
            except BaseException as error:  # noqa: BLE001 - raised by run
                self.errors.append(error)
                self.ends = True
        return self.ends


def run(work: Callable[[Any], None], progress: Progress | None, is_long: bool) -> None:
    """Calls `work` with a tq_progress, or with None where nobody listens.

    An exception in `progress` ends the work, and so does one that a signal raises, such as Ctrl-C, if the work is long.
    Python handles signals in its main thread, and not before that is back from C, so the main thread lets another one
    do the work.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if progress is None and not (is_long and is_main):
        work(None)
        return
    listener = _Listener(progress)
    callback = _Callback(listener)
    try:
        if is_main:
            _aside(lambda: work(callback), listener)
        else:
            work(callback)
    finally:
        if listener.errors:  # the work's own error only says that it was ended
            raise listener.errors.pop() from None


def _aside(work: Callable[[], None], listener: _Listener) -> None:
    """Does the work in another thread, and tells the listener to end it when this one is interrupted."""
    failure: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            failure.append(error)

    thread = threading.Thread(target=run, name="swift_turboquant")
    try:
        thread.start()
        thread.join()
    except BaseException:
        listener.ends = True
        if thread.is_alive():
            thread.join()
        raise
    if failure:
        # No frame of its traceback refers to the error, so what the frames hold is freed with it.
        raise failure.pop()
