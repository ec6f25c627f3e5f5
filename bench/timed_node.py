"""A node that notes when each stage worked: `timed_node.py node.toml trace.jsonl`.

It is the node as it always runs, with a clock around the calls of its stages. A line of the trace is
`[what, start, end, count]`; times are seconds since the epoch, so that two nodes of one machine can be laid side by side.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from node.assembly import NodeProcess, build
from node.config import load_settings
from node.exchange.sender import LinkSender
from node.storage.spool import SpoolObject


class Trace:
    """Appends lines to a file; safe for many threads."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="ascii", buffering=1)
        self._lock = threading.Lock()

    def note(self, what: str, start: float, count: int = 1) -> None:
        line = json.dumps([what, round(start, 4), round(time.time(), 4), count])
        with self._lock:
            self._file.write(line + "\n")

    def around(self, owner: Any, name: str, what: str, count: Callable[[Any], int] = lambda _: 1) -> None:
        """From now on `owner.name` is noted as `what`; a call that counts 0 is not."""
        original = getattr(owner, name)

        def timed(*arguments: Any, **named: Any) -> Any:
            start = time.time()
            result = original(*arguments, **named)
            number = count(result)
            if number:
                self.note(what, start, number)
            return result

        setattr(owner, name, timed)


def watch(process: NodeProcess, trace: Trace) -> None:
    """Puts the clock around every stage, the index, the spool's commit and the link's requests."""
    trace.around(process.indexer, "_take", "index")
    trace.around(SpoolObject, "commit", "commit")
    trace.around(LinkSender, "send", "send")
    trace.around(LinkSender, "announce", "announce")
    runner, run = process.runner, process.runner.run

    def timed(job: Any) -> None:
        start = time.time()
        run(job)
        trace.note(job.kind, start)

    runner.run = timed  # type: ignore[method-assign]


def main() -> None:
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    parent = int(os.environ.pop("LIENTUYEN_PARENT"))
    process = build(load_settings(Path(sys.argv[1])))
    watch(process, Trace(Path(sys.argv[2])))
    process.start()
    while not stopping.wait(0.5) and os.getppid() == parent:
        pass
    process.stop()


if __name__ == "__main__":
    main()
