"""C-MOVE and C-GET as SCP (PS3.4 C.4.2, C.4.3), the latter without bulk data too (Annex Z).

Unique keys above the level of a retrieve may be left out (relational retrieve, C.4.2.2.2.1) and may be lists; those below it
may not be named, for it would hand out more than was asked for.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pydicom import Dataset

from node.dicom.network.command import MOVE_DESTINATION, CommandField
from node.dicom.network.data_set import decode, encode
from node.dicom.network.faults import noted
from node.dicom.network.services.destination import Destination
from node.dicom.network.services.provider import Request, Response
from node.dicom.network.services.suboperations import Progress, SubOperations, Target
from node.dicom.network.status import CANCELLED, PENDING, SUCCESS, Status
from node.dicom.network.tls import Tls
from node.domain.facility import Service
from node.domain.query import Level
from node.domain.retrieval import Wanted
from node.errors import Invalid, NodeError, Unreadable
from node.ports import Archive, Selection

log = logging.getLogger("node.dicom.network")

NO_COUNT: Final = Status(0xA701, "The node cannot look into its ledger, try again later")
NOTHING_DONE: Final = 0xA702
UNKNOWN_DESTINATION: Final = Status(0xA801, "No peer with this AE title and an address is registered")
PARTLY: Final = Status(0xB000, "Some objects were not sent, or with warnings")
_MISMATCH: Final = 0xA900

_ALL: Final = tuple(Level)
_LEVELS: Final = {  # by the third part of the root of PS3.4 C.6: the levels of the information model
    "1": _ALL,  # Patient Root
    "2": _ALL[1:],  # Study Root
    "3": _ALL[:2],  # Patient/Study Only (retired)
}
_ROOT: Final = "1.2.840.10008.5.1.4.1.2."
_MOVE: Final = {f"{_ROOT}{model}.2": levels for model, levels in _LEVELS.items()}
_WITHOUT_BULK_DATA: Final = f"{_ROOT}5.3"  # Composite Instance Retrieve Without Bulk Data (Annex Z)
_GET: Final = {f"{_ROOT}{model}.3": levels for model, levels in _LEVELS.items()} | {_WITHOUT_BULK_DATA: _ALL[3:]}
_KEYS: Final = {Level.STUDY: "StudyInstanceUID", Level.SERIES: "SeriesInstanceUID", Level.IMAGE: "SOPInstanceUID"}
_UID: Final = re.compile(r"[0-9.]{1,64}")
_PACE: Final = 1.0  # seconds between pending responses
_MOST: Final = 0xFFFF  # that a count of PS3.7 can say


class _Mismatch(Exception):  # noqa: N818
    """The identifier does not fit the SOP class; says why in a comment (PS3.7 C.5: at most 64 characters)."""


def read_wanted(ds: Dataset, levels: tuple[Level, ...]) -> Wanted:
    """The unique keys of an identifier. Raises `_Mismatch`."""
    name = str(ds.get("QueryRetrieveLevel") or "").strip().upper()
    level = next((level for level in levels if level.name == name), None)
    if level is None:
        raise _Mismatch("Query/Retrieve Level is missing or none of this model")
    found = {at: _uids(ds, keyword) for at, keyword in _KEYS.items()}
    if any(values for at, values in found.items() if at > level):
        raise _Mismatch("A unique key below the level is not expected")
    patient_id = _patient_id(ds) if Level.PATIENT in levels else ""
    if not found.get(level, patient_id):
        raise _Mismatch("The unique key of the level is missing")
    issuer = str(ds.get("IssuerOfPatientID") or "").strip() if Level.PATIENT in levels else ""
    return Wanted(level, patient_id, issuer, found[Level.STUDY], found[Level.SERIES], found[Level.IMAGE])


def _uids(ds: Dataset, keyword: str) -> tuple[str, ...]:
    value = ds.get(keyword) or ()
    values = tuple(str(uid).strip(" \0") for uid in ([value] if isinstance(value, str) else value))
    if any(not _UID.fullmatch(uid) for uid in values):
        raise _Mismatch(f"{keyword} holds something else than UIDs")
    return values


def _patient_id(ds: Dataset) -> str:
    value = ds.get("PatientID") or ""
    if not isinstance(value, str) or set(value) & set("*?"):
        raise _Mismatch("Patient ID must be one value without wildcards")
    return value.strip()


@dataclass(frozen=True)
class Workshop:
    """What a retrieve works with."""

    archive: Archive
    pool: Executor  # processes that encode objects anew
    scratch: Path
    monotonic: Callable[[], float] = time.monotonic


class _Retrieval:
    """One request: what it is about, how far it has come, what it answers."""

    def __init__(self, request: Request, shop: Workshop, selection: Selection, destination: str) -> None:
        self._request = request
        self._shop = shop
        self._selection = selection
        self._destination = destination
        self._operation = "C-MOVE" if request.field == CommandField.C_MOVE_RQ else "C-GET"
        self._answered = shop.monotonic()
        self.progress = Progress(sum(selection.studies.values()))

    def run(self, parts: Iterator[tuple[Target, list[tuple[str, str]]]]) -> Iterator[Response]:
        """The objects of these kinds to these targets; the audit knows of it before and after."""
        progress = self.progress
        if progress.total:
            try:
                self._note("retrieve-begun", {uid: {"instances": n} for uid, n in self._selection.studies.items()})
            except NodeError as error:  # nothing leaves that the audit does not know of
                noted(error)
                progress.give_up("The node cannot write its audit now, try again later")
                yield self._response(self._verdict())
                return
            yield self._response(PENDING)
        cancelled = False
        try:
            with TemporaryDirectory(dir=self._shop.scratch, ignore_cleanup_errors=True) as folder:
                for _ in self._steps(parts, Path(folder)):
                    if cancelled := self._request.line.cancelled():
                        break
                    if self._is_due():
                        yield self._response(PENDING)
        except NodeError as error:  # the ledger does not tell any more what there is
            noted(error)
            progress.give_up(error.message)
        finally:
            if progress.total:
                self._note_end()
        yield self._response(CANCELLED if cancelled and progress.remaining else self._verdict())

    def _steps(self, parts: Iterator[tuple[Target, list[tuple[str, str]]]], folder: Path) -> Iterator[None]:
        for target, kinds in parts:
            bulk = self._request.abstract_syntax != _WITHOUT_BULK_DATA
            work = SubOperations(target, self._shop.pool, folder, self.progress, bulk=bulk)
            yield from work.run(self._selection.holdings(kinds))

    def _is_due(self) -> bool:
        now = self._shop.monotonic()
        if now - self._answered < _PACE:
            return False
        self._answered = now
        return True

    def _verdict(self) -> Status:
        progress = self.progress
        if progress.failed and progress.failed == progress.total:
            return Status(NOTHING_DONE, progress.reason)
        return PARTLY if progress.failed or progress.warned else SUCCESS

    def _response(self, status: Status) -> Response:
        progress, content = self.progress, b""
        if status.code != PENDING.code and progress.failed_uids:
            ds = Dataset()
            ds.FailedSOPInstanceUIDList = progress.failed_uids
            content = encode(ds, self._request.transfer_syntax)
        return Response(
            status,
            content,
            remaining=min(progress.remaining, _MOST) if status in (PENDING, CANCELLED) else None,
            completed=min(progress.completed, _MOST),
            failed=min(progress.failed, _MOST),
            warned=min(progress.warned, _MOST),
        )

    def _note_end(self) -> None:
        """Objects have left: that this cannot be written down now does not make it a failure."""
        sent, progress = self.progress.sent, self.progress
        log.info(
            "%s for %s to %s: %d sent, %d failed, %d left out; %s",
            self._operation,
            self._request.caller.code,
            self._destination,
            progress.completed + progress.warned,
            progress.failed,
            progress.remaining,
            progress.reason or "no failure",
        )
        try:
            self._note("retrieve-ended", {uid: {"instances": sent[uid]} for uid in self._selection.studies})
        except Exception as error:
            noted(error)

    def _note(self, kind: str, studies: dict[str, dict[str, Any]]) -> None:
        about = {"operation": self._operation, "destination": self._destination}
        self._shop.archive.note(self._request.caller.code, kind, {uid: about | said for uid, said in studies.items()})


class _Retrieve:
    """What C-MOVE and C-GET have in common."""

    service = Service.RETRIEVE
    extended = b"\x01"  # relational retrieve (PS3.4 C.5.2.1)

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    def _begin(
        self, request: Request, levels: tuple[Level, ...], destination: str
    ) -> tuple[_Retrieval, Selection] | Response:
        try:
            wanted = read_wanted(decode(request.data_set, request.transfer_syntax), levels)
            selection = self._shop.archive.select(wanted)
        except _Mismatch as error:
            return Response(Status(_MISMATCH, str(error)))
        except Invalid as error:
            return Response(Status(_MISMATCH, error.message))
        except Unreadable:  # C000
            raise
        except NodeError as error:
            noted(error)
            return Response(NO_COUNT)
        return _Retrieval(request, self._shop, selection, destination), selection


class GetProvider(_Retrieve):
    """C-GET: the objects go to the caller on its own association. Implements `provider.Provider`."""

    sop_classes = frozenset(_GET)
    fields = frozenset({CommandField.C_GET_RQ})

    def answer(self, request: Request) -> Iterator[Response]:
        begun = self._begin(request, _GET[request.abstract_syntax], request.caller.code)
        if isinstance(begun, Response):
            yield begun
            return
        retrieval, selection = begun
        yield from retrieval.run(iter([(request.line, list(selection.kinds))]))


class MoveProvider(_Retrieve):
    """C-MOVE: the objects go to a registered peer on an association of ours. Implements `provider.Provider`."""

    sop_classes = frozenset(_MOVE)
    fields = frozenset({CommandField.C_MOVE_RQ})

    def __init__(
        self,
        shop: Workshop,
        ae_title: str,
        *,
        connect_seconds: float = 10.0,
        response_seconds: float = 60.0,
        tls: Tls | None = None,
    ) -> None:
        super().__init__(shop)
        self._ae_title = ae_title
        self._tls = tls
        self._seconds = (connect_seconds, response_seconds)

    def answer(self, request: Request) -> Iterator[Response]:
        peer = self._shop.archive.destination(request.text(MOVE_DESTINATION))
        if peer is None:
            yield Response(UNKNOWN_DESTINATION)
            return
        begun = self._begin(request, _MOVE[request.abstract_syntax], peer.code)
        if isinstance(begun, Response):
            yield begun
            return
        retrieval, selection = begun
        destination = Destination(
            peer,
            self._ae_title,
            request.caller.calling_ae,
            request.message_id,
            connect_seconds=self._seconds[0],
            response_seconds=self._seconds[1],
            tls=self._tls,
        )
        try:
            yield from retrieval.run((destination, group) for group in destination.groups(selection.kinds))
        finally:
            destination.close()
