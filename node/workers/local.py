"""Workers in this process: threads that claim and run jobs, and a pool of processes for pixels.

They only decide who calls the next step; what is to be done is in the ledger, so losing them loses nothing.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import timedelta
from typing import Any, TypeVar

from node.errors import Retryable

log = logging.getLogger(__name__)

T = TypeVar("T")

_NICE = 5  # pixels and headers make way for who receives and who waits for a page

_STOP_SECONDS = 5.0


class LocalWorkers:
    """Calls `step` in `threads` threads until it says that nothing is due, then waits.

    `step` runs one job and returns None, or, when nothing is due, how long to wait at most.
    """

    def __init__(self, step: Callable[[], timedelta | None], threads: int) -> None:
        self._step = step
        self._condition = threading.Condition()
        self._signals = 0
        self._stopping = False
        self._threads = [threading.Thread(target=self._run, name=f"worker-{n}", daemon=True) for n in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """A job may be due."""
        with self._condition:
            self._signals += 1
            self._condition.notify_all()

    def stop(self, timeout: float = 10.0) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        for thread in self._threads:
            thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping:
            seen = self._signals
            try:
                wait = self._step()
            except Exception as error:
                log.error("the worker's step failed (%s at %s); it goes on", type(error).__name__, _place(error))
                wait = timedelta(seconds=1)
            if wait is None:
                continue
            with self._condition:
                if self._signals == seen and not self._stopping:
                    self._condition.wait(max(0.01, wait.total_seconds()))


def _place(error: Exception) -> str:
    """Where it happened. Never what it says: the text of a foreign exception may quote a patient."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-4:]))


class WorkerPool(Executor):
    """Processes for pixels and headers (0: one per core), kept alive.

    They end when this process ends, however it ends. When one of them is killed (memory), the work in hand fails with
    `Retryable` and a new pool takes the place of the broken one. `modules` are loaded before the first call; the processes are
    started now (`eager`: not when the first study is in a hurry) or when they are needed.
    """

    def __init__(self, processes: int, modules: Sequence[str], *, eager: bool = True) -> None:
        self._size = processes or os.cpu_count() or 1
        self._eager = eager
        self._closed = False
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(modules))
        self._lock = threading.Lock()
        self._pool = self._make()

    def _make(self) -> ProcessPoolExecutor:
        pool = ProcessPoolExecutor(self._size, self._context, _end_with_parent, (os.getpid(),))
        for _ in range(self._size if self._eager else 0):
            pool.submit(os.getpid)
        return pool

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        with self._lock:
            try:
                return self._pool.submit(fn, *args, **kwargs)
            except BrokenProcessPool as error:
                if self._closed:
                    raise Retryable("The node is being stopped.") from error
                log.warning("a worker process was killed; new ones are started")
                self._pool.shutdown(wait=False)
                self._pool = self._make()
                return self._pool.submit(fn, *args, **kwargs)

    def map(
        self, fn: Callable[..., T], *iterables: Iterable[Any], timeout: float | None = None, chunksize: int = 1
    ) -> Iterator[T]:
        """As `Executor.map`. Raises `Retryable` when a process was killed."""
        try:
            yield from self._pool.map(fn, *iterables, timeout=timeout, chunksize=chunksize)
        except BrokenProcessPool as error:
            self.submit(os.getpid)
            raise Retryable("A worker process was killed.", hint="It is tried again by itself.") from error

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """With `wait`, what still runs after a few seconds is killed: nothing that runs here is only half done."""
        self._closed = True
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=cancel_futures)
        deadline = time.monotonic() + _STOP_SECONDS
        for process in processes if wait else ():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
        self._pool.shutdown(wait=wait)


def _end_with_parent(parent: int) -> None:
    os.nice(_NICE)

    def watch() -> None:
        while True:
            try:
                os.kill(parent, 0)
            except ProcessLookupError:
                os._exit(0)
            time.sleep(1.0)

    threading.Thread(target=watch, daemon=True).start()
