"""Storage commitment on associations that we open (PS3.4 Annex J): our reports to those who asked, our questions to
destinations. Implements `node.ports.Committer`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

from node.dicom.network.command import ACTION_TYPE, EVENT_TYPE, CommandField
from node.dicom.network.commitment_data import (
    INSTANCE,
    REQUEST_ACTION,
    SOP_CLASS,
    decode_report,
    encode_report,
    encode_request_data,
)
from node.dicom.network.requestor import Heard, Requestor
from node.dicom.network.status import INVALID_ARGUMENT, SUCCESS, UNRECOGNIZED, Status
from node.dicom.network.tls import Tls
from node.dicom.network.upper_layer import ProposedContext, Role
from node.dicom.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from node.domain.commitment import CommitmentReport, Reference, ReportWay
from node.domain.facility import Peer
from node.errors import NodeError, PeerBusy, PeerRefused, PeerUnreachable
from node.ports import Inquiry

_CONTEXTS: Final = [ProposedContext(1, SOP_CLASS, (EXPLICIT_LITTLE, IMPLICIT_LITTLE))]
_AS_PROVIDER: Final = {SOP_CLASS: Role(scu=False, scp=True)}  # PS3.4 J.3.3: the one who reports is the SCP
_PATIENCE: Final = {
    ReportWay.SAME: 60.0,
    ReportWay.EITHER: 3.0,
    ReportWay.NEW: 0.0,
}  # seconds for a destination's report
_BEAT: Final = 0.25  # seconds between two looks whether the report came by another association


class CommitmentCaller:
    """Opens an association for each report and each question."""

    def __init__(
        self, ae_title: str, *, connect_seconds: float = 10.0, response_seconds: float = 60.0, tls: Tls | None = None
    ) -> None:
        self._ae_title = ae_title
        self._connect_seconds = connect_seconds
        self._response_seconds = response_seconds
        self._tls = tls

    def report(self, peer: Peer, calling_ae: str, report: CommitmentReport) -> None:
        """N-EVENT-REPORT as SCP of the class; once more without the role item for peers that stumble over it."""
        title = calling_ae or self._ae_title
        for roles in (_AS_PROVIDER, {}):
            with self._open(peer, title, roles) as association:
                if 1 not in association.accepted:
                    continue
                try:
                    status = _told(association, report, title)
                except PeerUnreachable:
                    association.abort()
                    if not roles:
                        raise
                    continue
            _check(peer, "the report", status)
            return
        raise PeerRefused(
            f"{peer.code} takes no storage commitment reports on an association that we open.",
            hint="Enable them there, or set the peer's commitment_reports to 'same'.",
        )

    def ask(self, peer: Peer, transaction_uid: str, references: Sequence[Reference], inquiry: Inquiry) -> None:
        """N-ACTION; what the destination says on this association within a few seconds is heard."""
        with self._open(peer, self._ae_title, {}) as association:
            if 1 not in association.accepted:
                raise PeerRefused(
                    f"{peer.code} does not offer storage commitment.",
                    hint="Enable it there, or set the peer's commitment to false.",
                )
            answers = association.request(
                CommandField.N_ACTION_RQ,
                1,
                SOP_CLASS,
                INSTANCE,
                data_set=encode_request_data(transaction_uid, references, association.accepted[1]),
                numbers={ACTION_TYPE: REQUEST_ACTION},
            )
            _check(peer, "the request for commitment", [answer.status for answer, _ in answers][-1])
            inquiry.accepted()
            self._listen(association, inquiry, _PATIENCE[peer.commitment_reports])

    def _listen(self, association: Requestor, inquiry: Inquiry, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while inquiry.waiting() and time.monotonic() < deadline:
            try:
                heard = association.hear(_BEAT)
                if heard is not None:
                    status, event = _answered(heard, inquiry)
                    association.reply(heard, status, {EVENT_TYPE: event} if event else {})
            except PeerUnreachable:  # it left: the report comes by another association
                return

    def _open(self, peer: Peer, calling_ae: str, roles: Mapping[str, Role]) -> Requestor:
        return Requestor(
            peer,
            calling_ae,
            _CONTEXTS,
            connect_seconds=self._connect_seconds,
            response_seconds=self._response_seconds,
            roles=roles,
            tls=self._tls,
        )


def _told(association: Requestor, report: CommitmentReport, retrieve_ae: str) -> int:
    """The peer's status."""
    content = encode_report(report, association.accepted[1], retrieve_ae)
    numbers = {EVENT_TYPE: report.event_type}
    answers = association.request(
        CommandField.N_EVENT_REPORT_RQ, 1, SOP_CLASS, INSTANCE, data_set=content, numbers=numbers
    )
    return [answer.status for answer, _ in answers][-1]


def _answered(heard: Heard, inquiry: Inquiry) -> tuple[Status, int]:
    """What we say to a request of the destination; the event type of a report."""
    if heard.command.field != CommandField.N_EVENT_REPORT_RQ:
        return UNRECOGNIZED, 0
    try:
        report = decode_report(heard.data_set, heard.transfer_syntax)
    except NodeError:
        return INVALID_ARGUMENT, 0
    return (SUCCESS, report.event_type) if inquiry.take(report) else (INVALID_ARGUMENT, 0)


_PASSING: Final = (0x0110, 0x0210, 0x0213)  # processing failure, duplicate invocation, resource limitation
_REFUSALS: Final = {  # PS3.7 Annex C
    0x0110: "it failed to process it.",
    0x0112: "it does not know this transaction or instance.",
    0x0113: "it does not know this event.",
    0x0115: "it finds the argument invalid.",
    0x0118: "it does not offer storage commitment.",
    0x0122: "it does not offer storage commitment.",
    0x0123: "it does not know this action.",
    0x0124: "it does not allow this node to do that.",
    0x0211: "it does not know this operation.",
    0x0213: "it is out of resources.",
}


def _check(peer: Peer, what: str, status: int) -> None:
    if status == 0:
        return
    message = f"{peer.code} answered {what} with status {status:04X}: {_REFUSALS.get(status, 'it gives no reason.')}"
    if status in _PASSING:
        raise PeerBusy(message, hint="It is tried again.")
    raise PeerRefused(message, hint="Look into its log.")
