"""Storage Commitment Push Model (PS3.4 Annex J): as SCP what peers ask of us, as SCU what destinations report to us.

A request is durable before it is answered. Its report goes on the same association while the caller keeps that open and is
quiet; otherwise the register sees to it that it goes on another one, or it goes on any association of the caller in its next
quiet moment, when it is told on its own ones only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from node.dicom.network import status as answers
from node.dicom.network.command import ACTION_TYPE, EVENT_TYPE, CommandField
from node.dicom.network.commitment_data import (
    INSTANCE,
    REQUEST_ACTION,
    SOP_CLASS,
    decode_report,
    decode_request_data,
    encode_report,
)
from node.dicom.network.services.provider import Caller, Line, Request, Response
from node.dicom.network.status import Status
from node.domain.commitment import CommitmentReport, Reference, ReportWay
from node.domain.facility import Service
from node.errors import Unreadable

_QUIET: Final = 0.3  # seconds that the caller must be quiet: one that releases at once wants another association
_BEAT: Final = 0.1  # seconds between two looks whether all is decided
_LONGEST: Final = 10.0  # seconds that an association is kept waiting for the index


class CommitmentRegister(Protocol):
    """Keeps what is asked and reported. A request is known by the caller and its Transaction UID."""

    def asked(self, caller: Caller, transaction_uid: str, references: Sequence[Reference]) -> None:
        """Durable on return; will be reported by another association unless `reported` comes before long."""
        ...

    def decided(self, caller: Caller, transaction_uid: str) -> CommitmentReport | None:
        """What is kept of it; None while objects wait that came before the request."""
        ...

    def reported(self, caller: Caller, report: CommitmentReport) -> None:
        """The caller took the report."""
        ...

    def left(self, caller: Caller, transaction_uid: str) -> None:
        """It cannot be reported on the association on which it was asked."""
        ...

    def owed(self, caller: Caller) -> Sequence[str]:
        """The Transaction UIDs of what the caller has not been told yet, after it was `left`."""
        ...

    def take(self, caller: Caller, report: CommitmentReport) -> bool:
        """A destination's report, durable on return; False when it was not asked for that."""
        ...


class CommitmentProvider:
    """Implements `provider.Provider`."""

    service = Service.COMMITMENT
    sop_classes = frozenset({SOP_CLASS})
    fields = frozenset({CommandField.N_ACTION_RQ, CommandField.N_EVENT_REPORT_RQ})
    extended = b""

    def __init__(self, register: CommitmentRegister, clock: Callable[[], float] = time.monotonic) -> None:
        self._register = register
        self._clock = clock

    def answer(self, request: Request) -> Iterator[Response]:
        if request.sop_class_uid != SOP_CLASS:
            yield Response(Status(0x0118, "This node has no such SOP class here"))
        elif request.sop_instance_uid != INSTANCE:
            yield Response(answers.NO_SUCH_INSTANCE)
        elif request.field == CommandField.N_EVENT_REPORT_RQ:
            yield self._take(request)
        else:
            yield from self._answer(request)

    def _answer(self, request: Request) -> Iterator[Response]:
        caller = request.caller
        if request.number(ACTION_TYPE) != REQUEST_ACTION:
            yield Response(answers.NO_SUCH_ACTION)
            return
        if caller.peer is None or Service.COMMITMENT not in caller.peer.services:
            yield Response(answers.NOT_ALLOWED)
            return
        try:
            transaction, references = decode_request_data(request.data_set, request.transfer_syntax)
        except Unreadable as error:
            yield Response(Status(answers.INVALID_ARGUMENT.code, error.message))
            return
        self._register.asked(caller, transaction, references)
        told = False
        try:
            yield Response(answers.SUCCESS, numbers={ACTION_TYPE: REQUEST_ACTION})
            if caller.peer.commitment_reports != ReportWay.NEW:
                told = self._tell(request, transaction)
        finally:
            if not told:
                self._register.left(caller, transaction)

    def attention(self, caller: Caller, line: Line, transfer_syntax: str) -> Callable[[], None] | None:
        """A caller that is told on its own associations only is told on any of them, as soon as it is quiet there."""
        peer = caller.peer
        if peer is None or Service.COMMITMENT not in peer.services or peer.commitment_reports != ReportWay.SAME:
            return None
        return lambda: self._settle(caller, line, transfer_syntax)

    def _settle(self, caller: Caller, line: Line, transfer_syntax: str) -> None:
        for transaction in self._register.owed(caller):
            report = self._register.decided(caller, transaction)
            if not line.wait(0):
                return
            if report is not None:
                self._report(caller, line, transfer_syntax, report)

    def _tell(self, request: Request, transaction: str) -> bool:
        """Reports on this association; whether the caller took it."""
        report = self._decision(request, transaction)
        if report is None or not request.line.wait(0):  # deciding took a while: whoever speaks meanwhile is heard first
            return False
        return self._report(request.caller, request.line, request.transfer_syntax, report)

    def _report(self, caller: Caller, line: Line, transfer_syntax: str, report: CommitmentReport) -> bool:
        content = encode_report(report, transfer_syntax, caller.called_ae)
        if line.report(SOP_CLASS, INSTANCE, report.event_type, content) != answers.SUCCESS.code:
            return False
        self._register.reported(caller, report)
        return True

    def _decision(self, request: Request, transaction: str) -> CommitmentReport | None:
        """What is kept, once that is known; None when the caller does not wait for it."""
        deadline = self._clock() + _LONGEST
        quiet = _QUIET
        while request.line.wait(quiet):
            report = self._register.decided(request.caller, transaction)
            if report is not None or self._clock() > deadline:
                return report
            quiet = _BEAT
        return None

    def _take(self, request: Request) -> Response:
        if request.number(EVENT_TYPE) not in (1, 2):
            return Response(Status(0x0113, "There is no such event"))
        try:
            report = decode_report(request.data_set, request.transfer_syntax)
        except Unreadable as error:
            return Response(Status(answers.INVALID_ARGUMENT.code, error.message))
        if not self._register.take(request.caller, report):
            return Response(Status(answers.INVALID_ARGUMENT.code, "This node did not ask for this transaction"))
        return Response(answers.SUCCESS, numbers={EVENT_TYPE: report.event_type})
