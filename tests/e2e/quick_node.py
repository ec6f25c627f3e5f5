"""A reading desk that is killed and started many times: each start is a fork of a process in which the program is loaded already.

What is killed is a whole node in a process of its own, by SIGKILL, on its real files. Only what a start has nothing to do with is
spared: loading Python's modules, and processes for pixels before somebody wants them.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import signal
import sys
import threading
from functools import cached_property, partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx

import node.assembly
from node.assembly import build
from node.config import load_settings
from node.workers.local import WorkerPool
from tests.e2e.desk_node import DeskNode
from tests.flow.loop import wait_for
from tests.services import HOST

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])


def serve(file: Path, log: Path, parent: int) -> None:
    """The node's process; it ends when the tests do."""
    with log.open("ab") as stream:
        for number in (sys.stdout.fileno(), sys.stderr.fileno()):
            os.dup2(stream.fileno(), number)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    vars(node.assembly)["WorkerPool"] = partial(WorkerPool, eager=False)
    process = build(load_settings(file))
    process.start()
    while not stopping.wait(0.5) and Path(f"/proc/{parent}").exists():
        pass
    process.stop()


class QuickNode(DeskNode):
    """A `DeskNode` whose start costs little."""

    forked: ForkServerProcess | None = None

    def start(self, *, wait: bool = True) -> None:
        self.forked = CONTEXT.Process(target=serve, args=(self.file, self.folder / "log", os.getpid()), daemon=False)
        self.forked.start()
        if wait:
            self.wait_up()

    def wait_up(self) -> None:
        wait_for(self._is_up, 60, f"the node serves; see {self.folder / 'log'}")

    def _is_up(self) -> bool:
        line = http.client.HTTPConnection(HOST, self.web_port, timeout=2)
        try:
            line.request("GET", "/readyz")
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def kill(self) -> None:
        assert self.forked is not None
        self.forked.kill()
        self.forked.join(20)
        assert self.forked.exitcode == -signal.SIGKILL

    def stop(self) -> None:
        if self.forked is not None:
            self.forked.terminate()
            self.forked.join(20)
            self.forked.kill()
        self.ledger.dispose()

    @cached_property
    def reader(self) -> httpx.Client:
        """One login for all questions: tokens live in the ledger."""
        return self.api("anh")
