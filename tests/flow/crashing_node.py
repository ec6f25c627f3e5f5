"""A node that kills itself with SIGKILL at one named boundary: `crashing_node.py node.toml [boundary]`.

Boundaries: `<stage>.before_work`, `<stage>.after_work`, `<stage>.after_settle` for each stage of the assembly;
`index.after_adopt`, `index.after_commit`; `spool.before_commit`, `spool.after_commit`; `dial.before_receipt`;
`send.halfway` (after the first outcome of a delivery); `letters.before_keep` and `letters.after_keep` (around the commit of a
letter that came by the link); `commitment.before_tell` (a storage commitment request is answered, its report not yet said).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import node.flow.index as index_module
import node.flow.letters as letters_module
from node.assembly import NodeProcess, build
from node.config import load_settings
from node.dicom.network.services.commitment import CommitmentProvider
from node.flow.deliver import _Outcomes
from node.flow.dial import Dialler
from node.storage.spool import Spool, SpoolObject


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str) -> None:
    original: Callable[..., Any] = getattr(owner, name)
    setattr(owner, name, lambda *a, **k: (die(), original(*a, **k))[1])


def after(owner: Any, name: str) -> None:
    original: Callable[..., Any] = getattr(owner, name)
    setattr(owner, name, lambda *a, **k: (original(*a, **k), die())[0])


def arm(process: NodeProcess, boundary: str) -> None:
    where, _, when = boundary.partition(".")
    fixed: dict[str, Callable[[], None]] = {
        "index.after_adopt": lambda: before(index_module, "_write"),
        "index.after_commit": lambda: before(Spool, "done"),
        "spool.before_commit": lambda: before(SpoolObject, "commit"),
        "spool.after_commit": lambda: after(SpoolObject, "commit"),
        "dial.before_receipt": lambda: _die_before_receipt(),
        "send.halfway": lambda: after(_Outcomes, "add"),
        "commitment.before_tell": lambda: before(CommitmentProvider, "_tell"),
        "letters.before_keep": lambda: before(letters_module, "_keep"),
        "letters.after_keep": lambda: _die_after_keeping(process),
    }
    if boundary in fixed:
        fixed[boundary]()
        return
    stage = process.runner.stages[where]
    if when == "before_work":
        before(stage, "work")
    elif when == "after_work":
        before(stage, "settle")
    else:
        _die_after_commit_of(process, where)


def _die_before_receipt() -> None:
    original = Dialler._fetch_delivery

    def fetch(self: Dialler, waiting: dict[str, Any]) -> None:
        before(self._client, "post")
        original(self, waiting)

    Dialler._fetch_delivery = fetch  # type: ignore[method-assign]


def _die_after_commit_of(process: NodeProcess, kind: str) -> None:
    stage = process.runner.stages[kind]
    stage.settle = _marked(process, stage.settle)  # type: ignore[method-assign]


def _die_after_keeping(process: NodeProcess) -> None:
    letters_module._keep = _marked(process, letters_module._keep)


def _marked(process: NodeProcess, work: Callable[..., Any]) -> Callable[..., Any]:
    """The node dies after the transaction in which this was done is committed."""
    settled = threading.local()
    begin = process.ledger.begin

    def marked(*arguments: Any) -> Any:
        settled.yes = True
        return work(*arguments)

    @contextmanager
    def watched() -> Iterator[Any]:
        with begin() as tx:
            yield tx
        if getattr(settled, "yes", False):
            die()

    process.ledger.begin = watched  # type: ignore[method-assign]
    return marked


def main(arguments: list[str]) -> None:
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    parent = int(os.environ["LIENTUYEN_PARENT"])
    process = build(load_settings(Path(arguments[0])))
    if len(arguments) > 1 and arguments[1]:
        arm(process, arguments[1])
    process.start()
    while not stopping.wait(0.5) and os.getppid() == parent:
        pass
    process.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
