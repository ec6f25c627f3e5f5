"""Modality Worklist SCP (PS3.4 Annex K): C-FIND of scheduled procedure steps.

What is told is decided by a `Worklist`; here it is only put into words for the caller's device: the attributes that it asked
for, in a character set that it can read.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

from node.dicom.network.command import CommandField
from node.dicom.network.identifier import AnswerWriter, parse
from node.dicom.network.services.provider import Caller, Request, Response
from node.dicom.network.status import CANCELLED, PENDING, PENDING_UNMATCHED, SUCCESS, Status
from node.domain.facility import Charset, Service
from node.domain.query import Identifier, format_offset
from node.errors import Unreadable

MODALITY_WORKLIST: Final = "1.2.840.10008.5.1.4.31"
_LOOK: Final = 8  # answers between two looks at whether the question was cancelled
_UNREADABLE: Final = Status(0xA900, "The identifier cannot be read")


class Told(Protocol):
    """What was found for a question."""

    @property
    def entries(self) -> Iterable[Mapping[str, Any]]: ...

    @property
    def unmatched(self) -> bool:
        """Whether something was asked for that is not kept: the answers say so (FF01)."""
        ...


class Worklist(Protocol):
    """Who knows the orders."""

    def ask(self, caller: Caller, identifier: Identifier) -> Any:
        """The answer to a question, as a `Told`; everything is read by the time it returns."""
        ...

    def told(self, found: Any, *, answered: int, ending: str, milliseconds: float) -> None:
        """After the last response: how many answers went out, and how it ended: success | cancelled | gone."""
        ...


class WorklistProvider:
    """Implements `Provider`."""

    service = Service.WORKLIST
    sop_classes = frozenset({MODALITY_WORKLIST})
    fields = frozenset({CommandField.C_FIND_RQ})
    extended = b""

    def __init__(self, worklist: Worklist) -> None:
        self._worklist = worklist

    def answer(self, request: Request) -> Iterator[Response]:
        begun = time.perf_counter()
        try:
            identifier = parse(request.data_set, request.transfer_syntax)
        except Unreadable as error:
            yield Response(Status(_UNREADABLE.code, error.message.encode("ascii", "replace").decode()[:64]))
            return
        found = self._worklist.ask(request.caller, identifier)
        answered, ending, milliseconds = 0, "gone", 0.0
        try:
            pending = PENDING_UNMATCHED if found.unmatched else PENDING
            writer = _writer(request, identifier)
            for entry in found.entries:
                if answered % _LOOK == 0 and request.line.cancelled():
                    break
                yield Response(pending, writer.write(entry))
                answered += 1
            ending = "cancelled" if request.line.cancelled() else "success"
            milliseconds = (time.perf_counter() - begun) * 1000
            yield Response(CANCELLED if ending == "cancelled" else SUCCESS)
        finally:
            self._worklist.told(found, answered=answered, ending=ending, milliseconds=milliseconds)


def _writer(request: Request, identifier: Identifier) -> AnswerWriter:
    peer = request.caller.peer
    charset = peer.charset if peer else Charset.UTF8
    always = {} if identifier.offset is None else {"TimezoneOffsetFromUTC": format_offset(identifier.offset)}
    return AnswerWriter(identifier.keys, request.transfer_syntax, always=always, charset=charset.term)
