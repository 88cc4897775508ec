"""What a thread is told of those beside it: whether to wait for them pays, and how."""

from collections.abc import Callable
from threading import Lock, local
from typing import Protocol


class Member(Protocol):
    """A thread that serves requests, by itself or in a crew of which mostly one is awake."""

    @property
    def is_alone(self) -> bool:
        """Whether no other of the crew is about to come to where this one is."""

    def share(self, work: Callable[[], None]) -> None:
        """Have something done once the others have come as far, or at once if there are none."""

    def wait(self, timeout: float | None = None) -> bool:
        """Let the others go on until another thread resumes this one. False if that took too long."""

    def resume(self) -> None:
        """Let it go on, from another thread, once for each time that it waits."""


class Lone:
    """A thread of a server that tells nothing of its threads."""

    is_alone = True

    def __init__(self) -> None:
        self._wake = Lock()
        self._wake.acquire()

    def share(self, work: Callable[[], None]) -> None:
        """Do it at once."""
        work()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until another thread resumes this one. False if that took too long."""
        return self._wake.acquire(timeout=-1 if timeout is None else timeout)

    def resume(self) -> None:
        """Let it go on."""
        self._wake.release()


_here = local()


def join(member: Member) -> None:
    """Say which member of a crew this thread is."""
    _here.member = member


def this_thread() -> Member:
    """Return what is known of this thread."""
    member: Member | None = getattr(_here, "member", None)
    return member or Lone()
