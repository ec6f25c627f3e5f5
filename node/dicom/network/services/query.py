"""Query/Retrieve as SCP of C-FIND (PS3.4 C.4.1): patients, studies, series and images of this node.

Queries may be relational at every level: no key of a higher level is required. All that is answered is found before the first
answer goes out (5,000 studies are 7 MB): who reads slowly holds no snapshot and no connection of the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from node.dicom.network.command import CommandField
from node.dicom.network.identifier import AnswerWriter, parse
from node.dicom.network.services.provider import Request, Response
from node.dicom.network.status import CANCELLED, PENDING, PENDING_UNMATCHED, SUCCESS, Status
from node.domain.facility import Charset, Service
from node.domain.query import Entry, Identifier, Level, Query, combined, format_offset
from node.errors import Invalid, Unreadable

MOST_ANSWERS: Final = 5000
_LOOK: Final = 8  # answers between two looks at whether the caller has cancelled; the search looks in its pauses
_LEVELS: Final = {"PATIENT": Level.PATIENT, "STUDY": Level.STUDY, "SERIES": Level.SERIES, "IMAGE": Level.IMAGE}
_ROOTS: Final = {  # SOP class: levels (PS3.4 C.6)
    "1.2.840.10008.5.1.4.1.2.1.1": frozenset(Level),  # Patient Root
    "1.2.840.10008.5.1.4.1.2.2.1": frozenset({Level.STUDY, Level.SERIES, Level.IMAGE}),  # Study Root
    "1.2.840.10008.5.1.4.1.2.3.1": frozenset({Level.PATIENT, Level.STUDY}),  # Patient/Study Only, retired
}
_WRONG_LEVEL: Final = Status(0xA900, "No Query/Retrieve Level (0008,0052) of this SOP class")
_DATE_TIME: Final = 1  # which byte of the extended negotiation is for combined ranges (PS3.4 C.5.1.1)


class Search(Protocol):
    """Finds what matches, one by one; raises `Invalid` when the query asks for too much. Ends early when the caller is
    gone."""

    def __call__(self, query: Query, gone: Callable[[], bool]) -> Generator[Entry, None, None]: ...


@dataclass(frozen=True)
class QueryProvider:
    """C-FIND of Patient Root, Study Root and Patient/Study Only."""

    search: Search
    unsupported: Callable[[Query], frozenset[str]]  # keywords that can be neither matched nor answered
    most: int = MOST_ANSWERS

    service = Service.FIND
    sop_classes = frozenset(_ROOTS)
    fields = frozenset({CommandField.C_FIND_RQ})
    extended = b"\1\1\1\1"  # relational, date-time, names without accents, timezone

    def answer(self, request: Request) -> Iterator[Response]:
        try:
            identifier = parse(request.data_set, request.transfer_syntax)
        except Unreadable as error:
            yield Response(Status(0xC000, error.message))
            return
        level = _LEVELS.get(identifier.level)
        if level is None or level not in _ROOTS.get(request.abstract_syntax, frozenset()):
            yield Response(_WRONG_LEVEL)
            return
        joined = request.extended[_DATE_TIME : _DATE_TIME + 1] == b"\1"
        query = Query(level, combined(identifier.keys) if joined else identifier.keys, identifier.offset)
        try:
            yield from self._answers(request, identifier, query)
        except Invalid as error:
            yield Response(Status(0xA700, error.hint or error.message))

    def _answers(self, request: Request, identifier: Identifier, query: Query) -> Iterator[Response]:
        pending = PENDING_UNMATCHED if self.unsupported(query) else PENDING
        writer = self._writer(request, identifier)
        cancelled = request.line.cancelled
        with closing(self.search(query, cancelled)) as found:
            entries = list(islice(found, self.most + 1))
        for number, entry in enumerate(entries[: self.most]):
            if number % _LOOK == 0 and cancelled():
                break
            yield Response(pending, writer.write(entry))
        if cancelled():
            yield Response(CANCELLED)
        elif len(entries) > self.most:
            yield Response(Status(0xA700, f"More than {self.most} match: narrow the query"))
        else:
            yield Response(SUCCESS)

    def _writer(self, request: Request, identifier: Identifier) -> AnswerWriter:
        always = {
            "QueryRetrieveLevel": identifier.level,
            "RetrieveAETitle": request.caller.called_ae,
            "InstanceAvailability": "ONLINE",
        }
        if identifier.offset is not None:
            always["TimezoneOffsetFromUTC"] = format_offset(identifier.offset)
        peer = request.caller.peer
        charset = peer.charset if peer else Charset.UTF8
        return AnswerWriter(identifier.keys, request.transfer_syntax, always=always, charset=charset.term)
