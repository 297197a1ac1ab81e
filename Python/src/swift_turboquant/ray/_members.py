"""Actors that are replaced when they die, and requests that are repeated then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import ray
from ray.exceptions import (
    GetTimeoutError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayError,
    RayTaskError,
)

from ._gate import Deadline

_DEATHS = (RayActorError, OutOfMemoryError)


class Member:
    """An actor, or another one in its place."""

    def __init__(self, start: Callable[[], Any]) -> None:
        self._start = start
        self._lock = threading.Lock()
        self._begin()
        self.load = 0
        """Requests that wait for an answer."""
        self.replaced = 0
        """How many actors died."""

    def _begin(self) -> None:
        self.actor = self._start()
        self._opening = self.actor.open.remote()
        self._is_open = False

    @property
    def is_open(self) -> bool:
        """Whether the actor has opened its shards."""
        with self._lock:
            opening = None if self._is_open else self._opening
        if opening is None:
            return True
        try:
            ray.get(opening, timeout=0)
        except RayError:  # not yet, or it could not
            return False
        with self._lock:
            if self._opening is opening:
                self._is_open = True
        return True

    def send(self, method: str, *arguments: Any) -> tuple[Any, Any]:
        """The actor that gets the request, and a reference to its answer. It is asked to open its shards once only."""
        with self._lock:
            opens = method == "open"
            reference = self._opening if opens else getattr(self.actor, method).remote(*arguments)
            self.load += 1
            return self.actor, reference

    def end(self) -> None:
        """A request is answered, or never will be."""
        with self._lock:
            self.load -= 1

    def replace(self, dead: Any) -> None:
        """Starts another actor, unless another thread has done so."""
        with self._lock:
            if self.actor is dead:
                ray.kill(dead)  # it may only be out of reach
                self._begin()
                self.replaced += 1


class Group:
    """Members that have the same shards, so that each can answer."""

    def __init__(self, shards: Sequence[str], members: Sequence[Member], retries: int) -> None:
        self.shards = shards
        self.members = members
        self.retries = retries

    @property
    def choice(self) -> Member:
        """The member with the least to do, of those that are open if there are any."""
        return min(self.members, key=lambda each: (not each.is_open, each.load))

    def __str__(self) -> str:
        more = f" and {len(self.shards) - 3} more" if len(self.shards) > 3 else ""
        return f"{', '.join(self.shards[:3])}{more}"


class Call:
    """A request that is under way. Without a member, its group chooses one."""

    def __init__(
        self, group: Group, method: str, *arguments: Any, member: Member | None = None
    ) -> None:
        self._group = group
        self._request = (method, *arguments)
        self._send(member or group.choice)

    def _send(self, member: Member) -> None:
        self._member = member
        self._actor, self.reference = member.send(*self._request)
        self.is_pending = True

    def end(self) -> None:
        """It is answered, or never will be."""
        self.is_pending = False
        self._member.end()

    def result(self, deadline: Deadline) -> Any:
        """Waits for the answer. If the actor dies, another one takes its place, and the request is repeated.

        Raises:
            TimeoutError: there was no answer in time; the request is still pending.
            RuntimeError: actors died again and again.
            Exception: what the actor raised; such a request is not repeated.
        """
        for left in range(self._group.retries, -1, -1):
            try:
                answer = ray.get(self.reference, timeout=deadline.left)
            except GetTimeoutError:
                raise TimeoutError(
                    f"the actor of {self._group} did not answer in {deadline.seconds:g} s"
                ) from None
            except RayTaskError as error:
                self.end()
                raise (error.cause if isinstance(error.cause, Exception) else error) from None
            except (*_DEATHS, ObjectLostError) as error:
                self.end()
                if isinstance(error, _DEATHS):
                    self._member.replace(self._actor)
                if not left:
                    raise RuntimeError(
                        f"the actor of {self._group} died {self._group.retries + 1} times in a row: "
                        f"{error}"
                    ) from error
                self._send(self._group.choice)
            else:
                self.end()
                return answer
        raise AssertionError


def abandon(calls: Iterable[Call], then: Callable[[], None]) -> None:
    """Ends the requests without an answer, if any, and calls `then` when no actor works on them any more."""
    pending = [each for each in calls if each.is_pending]
    references = [each.reference for each in pending]

    def end() -> None:
        try:
            for each in references:
                ray.cancel(each)  # one that an actor has begun goes on
            ray.wait(references, num_returns=len(references), timeout=None)
        finally:
            for call in pending:
                call.end()
            then()

    if pending:
        threading.Thread(target=end, daemon=True).start()
    else:
        then()
