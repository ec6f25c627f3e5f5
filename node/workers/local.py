"""Workers in this process: threads that claim and run jobs, and a pool of processes for pixels.

They only decide who calls the next step; what is to be done is in the ledger, so losing them loses nothing.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta

log = logging.getLogger(__name__)


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
            except Exception:
                log.exception("the worker's step failed; it goes on")
                wait = timedelta(seconds=1)
            if wait is None:
                continue
            with self._condition:
                if self._signals == seen and not self._stopping:
                    self._condition.wait(max(0.01, wait.total_seconds()))


def make_pool(processes: int) -> ProcessPoolExecutor:
    """Processes for pixels and headers (0: one per core). They end when this process ends, however it ends."""
    return ProcessPoolExecutor(
        max_workers=processes or os.cpu_count() or 1,
        mp_context=multiprocessing.get_context("forkserver"),
        initializer=_end_with_parent,
        initargs=(os.getpid(),),
    )


def _end_with_parent(parent: int) -> None:
    def watch() -> None:
        while True:
            try:
                os.kill(parent, 0)
            except ProcessLookupError:
                os._exit(0)
            time.sleep(1.0)

    threading.Thread(target=watch, daemon=True).start()
