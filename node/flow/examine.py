"""Reading the headers of what came, within limits: one object that is costly to read delays no other.

Most headers take milliseconds. What takes longer is read by itself, beside the others, with more patience; what takes too long
even then, or too much memory, is set aside like everything that cannot be read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from node.dicom.dataset import has_short_header, read_header
from node.domain.person_name import fold_name
from node.domain.study import InstanceHeader
from node.errors import Retryable, Unreadable
from node.ledger import studies
from node.storage.spool import Received
from node.workers.limits import TooCostly, limited

log = logging.getLogger(__name__)

_INLINE: Final = 4  # below this a process would cost more than it saves
_QUICK: Final = 2.0  # seconds of CPU time that a header may take among others
_PATIENT: Final = 120.0  # and by itself
_MEMORY: Final = 1 << 30  # bytes
_ATTEMPTS: Final = 2
_SLOW: Final = "Reading its header takes too long."
_KILLED: Final = "It brings the process down that reads it."

Finding = tuple[InstanceHeader | None, bytes, str, str]


@dataclass(frozen=True, slots=True)
class Examined:
    """A file's header, ready for the ledger; or why it cannot be read."""

    received: Received
    header: InstanceHeader | None
    packed: bytes = b""
    name_key: str = ""
    reason: str = ""

    @property
    def slow(self) -> bool:
        return self.reason == _SLOW


def examine(path: Path) -> Finding:
    """(header without its metadata, packed metadata, name key, reason). Runs in a process of the pool."""
    return _within(_QUICK, path)


def examine_patiently(path: Path) -> Finding:
    """The same for what takes long."""
    return _within(_PATIENT, path)


def _within(seconds: float, path: Path) -> Finding:
    try:
        with limited(seconds, _MEMORY):
            return _read(path)
    except TooCostly:
        return None, b"", "", _SLOW


def _read(path: Path) -> Finding:
    try:
        header = read_header(path)
    except Unreadable as error:
        return None, b"", "", error.message
    packed = studies.pack(header.metadata)
    return replace(header, metadata={}), packed, fold_name(header.patient_name), ""


def examine_all(waiting: Sequence[Received], pool: Executor) -> list[Examined]:
    """Reads them all; those that take long come back as `slow`."""
    paths = [r.path for r in waiting]
    results: Iterable[Finding]
    try:
        if len(paths) <= _INLINE and all(map(has_short_header, paths)):
            results = map(_read, paths)
        else:
            results = list(pool.map(examine, paths, chunksize=8))
    except Retryable:  # one of them killed the process that read it
        results = [_examine_alone(path, pool) for path in paths]
    return [
        Examined(received, None, reason=received.fault) if received.fault else Examined(received, *result)
        for received, result in zip(waiting, results, strict=True)
    ]


def _examine_alone(path: Path, pool: Executor) -> Finding:
    for _ in range(_ATTEMPTS):
        try:
            return pool.submit(examine, path).result()
        except BrokenExecutor:
            log.error("an object brought the process down that read it")
    return None, b"", "", _KILLED


class SlowLane:
    """What takes long to read: one at a time, in a process, while the others go on."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._waiting: dict[Path, Received] = {}
        self._reading: tuple[Received, Future[Finding]] | None = None
        self._killed: dict[Path, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, received: Received) -> bool:
        return received.path in self._waiting

    def add(self, received: Received) -> None:
        log.warning("the header of an object takes long to read; it is read beside the others")
        self._waiting[received.path] = received

    def take(self) -> list[Examined]:
        """What has been read meanwhile; begins with the next."""
        done = self._finished()
        if self._reading is None and self._waiting:
            received = next(iter(self._waiting.values()))
            self._reading = received, self._pool.submit(examine_patiently, received.path)
        return done

    def _finished(self) -> list[Examined]:
        if self._reading is None or not self._reading[1].done():
            return []
        (received, future), self._reading = self._reading, None
        try:
            finding = future.result()
        except BrokenExecutor:
            killed = self._killed[received.path] = self._killed.get(received.path, 0) + 1
            if killed < _ATTEMPTS:
                return []
            finding = None, b"", "", _KILLED
        self._killed.pop(received.path, None)
        del self._waiting[received.path]
        return [Examined(received, *finding)]
