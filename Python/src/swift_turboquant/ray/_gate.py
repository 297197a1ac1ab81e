"""How many searches are under way at a time, and how long they may take."""

import threading
import time
from collections import deque


class Deadline:
    """A time by which something must be done, or none."""

    def __init__(self, seconds: float | None) -> None:
        if seconds is not None and not seconds >= 0:
            raise ValueError(f"timeout is {seconds}, expected None or a number of seconds from 0")
        self.seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def left(self) -> float | None:
        """Seconds, at least 0."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())


class Gate:
    """Lets some in at a time; others wait, and enter in the order in which they came."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.inside = 0
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._is_closed = False

    def enter(self, deadline: Deadline) -> None:
        """Waits for a place.

        Raises:
            TimeoutError: there was none in time.
            RuntimeError: the gate is closed, or was closed meanwhile.
        """
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                if not self._changed.wait_for(lambda: self._may_enter(ticket), deadline.left):
                    raise self.timeout(deadline)
                if self._is_closed:
                    raise self.closed()
                self.inside += 1
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def timeout(self, deadline: Deadline) -> TimeoutError:
        return TimeoutError(
            f"a search waited {deadline.seconds:g} s for others: max_in_flight is {self.limit}"
        )

    def closed(self) -> RuntimeError:
        return RuntimeError("the pool is closed")

    def _may_enter(self, ticket: object) -> bool:
        return self._is_closed or (self._waiting[0] is ticket and self.inside < self.limit)

    def leave(self) -> None:
        with self._changed:
            self.inside -= 1
            self._changed.notify_all()

    def close(self, deadline: Deadline) -> None:
        """Lets nobody in any more, and waits until nobody is inside, or for the deadline."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.inside == 0, deadline.left)
