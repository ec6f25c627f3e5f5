"""Nodes as processes of their own, forked from a process that has the program loaded already.

Loading it takes three to four seconds of CPU time for each node, more than all that most tests do with one, and the tests
of crashes start more than a hundred nodes. What is forked is a process like any other: it has its own memory, files and
ports, and it can be killed. `test_kill_receive.py` starts nodes as everybody does, by `lientuyen serve`.
"""

from __future__ import annotations

import ast
import json
import multiprocessing.forkserver
import multiprocessing.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent.parent
BEAT = 0.01  # seconds between two looks at a process that ends


class Born:
    """A process of the nursery; what `subprocess.Popen` has of the same names."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nursery = nursery

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._nursery.ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a node", timeout or 0.0)
            time.sleep(BEAT)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:  # until it is known to have ended, its number is nobody else's
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that nodes are forked from."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.flow.nursery"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path | None = None) -> Born:
        """Runs `crashing_node.py` with these arguments; what it prints goes to the end of `log`."""
        pid = self.ask({"start": list(arguments), "environment": dict(environment), "log": log and str(log)})
        assert pid is not None
        return Born(self, pid)

    def ask(self, question: Mapping[str, Any]) -> int | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()
        answer: int | None = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """Its nodes see that it is gone, and end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    try:
        yield made
    finally:
        made.close()


# Inside that process


def _serve(questions: IO[bytes], answers: IO[bytes], work: Callable[[list[str]], None]) -> None:
    for line in questions:
        question = json.loads(line)
        if "ended" in question:
            answer = _ended(question["ended"])
        elif (answer := os.fork()) == 0:
            questions.close()
            answers.close()
            _become(question["environment"], work, question["start"], question["log"])
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _ended(child: int) -> int | None:
    """As `subprocess.Popen.returncode`."""
    pid, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


def _become(
    environment: Mapping[str, str], work: Callable[[list[str]], None], arguments: list[str], log: str | None
) -> None:
    """The rest of this process' life is `work`."""
    code = 1
    try:
        if log is not None:
            stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(stream, 1)
            os.dup2(stream, 2)
        os.environ.clear()
        os.environ.update(environment, LIENTUYEN_PARENT=str(os.getppid()))
        multiprocessing.util.spawnv_passfds = _fork_the_forkserver  # type: ignore[assignment]
        work(arguments)
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


_spawn = multiprocessing.util.spawnv_passfds


def _fork_the_forkserver(path: Any, arguments: list[str], kept: list[int]) -> int:
    """As multiprocessing starts its fork server, but without loading the program into it once more."""
    command = arguments[-1]
    if "multiprocessing.forkserver" not in command:
        pid: int = _spawn(path, arguments, kept)
        return pid
    child = os.fork()
    if child:
        return child
    try:
        edges = [2, *sorted(kept), os.sysconf("SC_OPEN_MAX")]
        for low, high in pairwise(edges):
            os.closerange(low + 1, high)
        call = ast.parse(command).body[-1].value  # type: ignore[attr-defined]  # main(listener, alive, modules, ...)
        multiprocessing.forkserver.main(*(ast.literal_eval(value) for value in call.args))
    finally:
        os._exit(0)


def _main() -> None:
    import node.dicom.derive  # noqa: F401  (what a node's pool loads)
    from tests.flow.crashing_node import main

    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    _serve(questions, answers, main)


if __name__ == "__main__":
    _main()
