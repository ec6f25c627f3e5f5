"""The C-STORE sub-operations of a retrieve (PS3.4 C.4.2.2.1, C.4.3.2.1): one object after the other to whoever takes them.

What must be encoded anew is prepared a few objects ahead in the processes of the pool, so the line is kept busy; it waits in
files, so memory is bounded. An object that cannot be sent is counted and stops no other.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from node.dicom.network.convert import choose, convert_file, passes
from node.dicom.network.faults import noted
from node.dicom.network.send import as_stored
from node.dicom.network.status import verdict
from node.dicom.network.upper_layer import AbortReason, ProtocolError
from node.dicom.syntaxes import EXPLICIT_LITTLE
from node.errors import NodeError, UnsupportedSyntax
from node.ports import Holding, Outgoing

_AHEAD: Final = 4  # objects that are prepared while another one is on the line
_AHEAD_BYTES: Final = 64 << 20  # as stored; above that only one
_LIST_LIMIT: Final = 65534  # bytes of a UI value in Explicit VR (PS3.5 7.1.2)


class Target(Protocol):
    """Who takes the objects: the caller itself (C-GET, `provider.Line`), or the destination of a C-MOVE."""

    def accepted(self, sop_class_uid: str) -> Mapping[str, int]:
        """{transfer syntax: context id} for a class; empty when it is not taken."""
        ...

    def store(self, context_id: int, sop_class_uid: str, sop_instance_uid: str, data_set: BinaryIO) -> int:
        """Returns the status. A `NodeError` concerns this object, anything else is the end of the retrieve; after an
        `OSError` of the file the line is of no use any more."""
        ...


@dataclass(slots=True)
class Progress:
    """How far a retrieve has come."""

    total: int
    completed: int = 0
    warned: int = 0
    failed: int = 0
    failed_uids: list[str] = field(default_factory=list)  # as many as a response can hold
    sent: Counter[str] = field(default_factory=Counter)  # by study
    reason: str = ""  # why the last one failed
    _listed: int = 0

    @property
    def remaining(self) -> int:
        return self.total - self.completed - self.warned - self.failed

    def count(self, holding: Holding, status: int) -> None:
        found = verdict(status)
        if not found.delivered:
            self.fail(holding, f"{found.reason} Status {status:04X}.")
            return
        self.sent[holding.study_uid] += 1
        if status == 0:
            self.completed += 1
        else:
            self.warned += 1

    def give_up(self, reason: str) -> None:
        """What remains is not even known by name."""
        self.failed += self.remaining
        self.reason = reason

    def fail(self, holding: Holding, reason: str) -> None:
        self.failed += 1
        self.reason = reason
        self._listed += len(holding.sop_instance_uid) + 1
        if self._listed <= _LIST_LIMIT:
            self.failed_uids.append(holding.sop_instance_uid)


@dataclass(slots=True)
class _Prepared:
    holding: Holding
    syntax: str | None = None
    refusal: str = ""
    file: Path | None = None  # the converted data set
    work: Future[None] | None = None

    @property
    def bytes(self) -> int:
        """What is being converted, in bytes as stored."""
        return self.holding.item.size if self.work is not None and self.holding.item is not None else 0


class SubOperations:
    """Sends holdings to a target; yields after each and while it waits, so that the caller can look around."""

    def __init__(self, target: Target, pool: Executor, folder: Path, progress: Progress, *, bulk: bool = True) -> None:
        """Without `bulk`, objects go without pixels and the like (PS3.4 Annex Z)."""
        self._target = target
        self._bulk = bulk
        self._pool = pool
        self._folder = folder
        self._progress = progress

    def run(self, holdings: Iterator[Holding]) -> Iterator[None]:
        """Stops preparing when it is closed."""
        queue: deque[_Prepared] = deque()
        try:
            for holding in holdings:
                queue.append(self._prepare(holding))
                while len(queue) > _AHEAD or (len(queue) > 1 and sum(p.bytes for p in queue) > _AHEAD_BYTES):
                    yield from self._finish(queue.popleft())
            while queue:
                yield from self._finish(queue.popleft())
        finally:
            for prepared in queue:
                if prepared.work is not None:
                    prepared.work.cancel()

    def _prepare(self, holding: Holding) -> _Prepared:
        item = holding.item
        if item is None:
            return _Prepared(holding, refusal="The bytes of an object are lost.")
        try:
            stored = item.transfer_syntax_uid if self._bulk else EXPLICIT_LITTLE
            target = choose(stored, self._target.accepted(item.sop_class_uid))
        except NodeError as error:  # the destination cannot be reached
            return _Prepared(holding, refusal=error.message)
        if target is None:
            return _Prepared(holding, refusal="No presentation context fits an object.")
        prepared = _Prepared(holding, target)
        if not (self._bulk and passes(item.transfer_syntax_uid, target)):
            prepared.file = self._folder / f"{item.instance_id}.converted"
            prepared.work = self._submit(item, target, prepared.file)
        return prepared

    def _submit(self, item: Outgoing, target: str, file: Path) -> Future[None]:
        stored = item.transfer_syntax_uid
        return self._pool.submit(convert_file, str(item.path), stored, target, str(file), bulk=self._bulk)

    def _finish(self, prepared: _Prepared) -> Iterator[None]:
        while prepared.work is not None and not wait([prepared.work], timeout=0.25).done:
            yield
        try:
            if prepared.refusal:
                raise UnsupportedSyntax(prepared.refusal)
            status = self._send(prepared)
        except (NodeError, OSError) as error:
            self._progress.fail(
                prepared.holding, error.message if isinstance(error, NodeError) else "It cannot be read."
            )
            noted(error)
        else:
            self._progress.count(prepared.holding, status)
        finally:
            if prepared.file is not None:
                prepared.file.unlink(missing_ok=True)
        yield

    def _send(self, prepared: _Prepared) -> int:
        item, syntax = prepared.holding.item, prepared.syntax
        assert item is not None
        assert syntax is not None
        with self._open(prepared, item) as data_set:
            context_id = self._target.accepted(item.sop_class_uid).get(syntax)
            if context_id is None:  # the association was opened anew
                raise UnsupportedSyntax("No presentation context fits an object.")
            try:
                return self._target.store(context_id, item.sop_class_uid, item.sop_instance_uid, data_set)
            except OSError as error:
                raise ProtocolError("an object could not be read to its end", AbortReason.NOT_SPECIFIED) from error

    def _open(self, prepared: _Prepared, item: Outgoing) -> BinaryIO:
        if prepared.work is None or prepared.file is None:
            return as_stored(item)
        try:
            prepared.work.result()
        except BrokenExecutor:  # a process was killed, perhaps by another object: once more, alone
            prepared.file.unlink(missing_ok=True)
            assert prepared.syntax is not None
            try:
                self._submit(item, prepared.syntax, prepared.file).result()
            except BrokenExecutor as error:
                raise UnsupportedSyntax("An object brings the process down that converts it.") from error
        return prepared.file.open("rb")
