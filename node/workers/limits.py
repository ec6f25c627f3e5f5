"""Limits on what one call in a process of the pool may cost: CPU time and memory.

They hold in the main thread of a process, which is where the pool's calls run; elsewhere there are none.
"""

from __future__ import annotations

import resource
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeVar

from node.errors import Unreadable

T = TypeVar("T")

_AGAIN: Final = 0.5  # seconds until it is interrupted again, should somebody have caught the first time


class TooCostly(BaseException):
    """Raised inside the call when its time is over. No Exception: parsers that forgive anything must not forgive this."""


@contextmanager
def limited(seconds: float, memory: int) -> Iterator[None]:
    """Within it at most so many seconds of CPU time, then `TooCostly`; and so many bytes more memory, then `MemoryError`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    running = True

    def interrupt(number: int, frame: FrameType | None) -> None:
        if running:
            raise TooCostly

    old = signal.signal(signal.SIGVTALRM, interrupt)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_at_most(_mapped() + memory, before[1]), before[1]))
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds, _AGAIN)
        try:
            yield
        finally:
            running = False  # what is undone below is not interrupted
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, old)
        resource.setrlimit(resource.RLIMIT_AS, before)


def _mapped() -> int:
    """Bytes of this process' address space."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _at_most(wanted: int, hard: int) -> int:
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


class Limited(Executor):
    """A pool whose calls are limited: those that would cost more fail with `Unreadable`, and nothing else suffers."""

    def __init__(self, pool: Executor, *, seconds: float, memory: int) -> None:
        self._pool = pool
        self._seconds = seconds
        self._memory = memory

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        return self._pool.submit(_within, self._seconds, self._memory, fn, args, kwargs)


def _within(seconds: float, memory: int, fn: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> T:
    try:
        with limited(seconds, memory):
            return fn(*args, **kwargs)
    except (TooCostly, MemoryError):
        raise Unreadable(
            "The work on an object takes too much time or memory.", hint="Let the peer take it as stored."
        ) from None
