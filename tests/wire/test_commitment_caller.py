"""Storage commitment on associations that we open: the caller asks a scripted archive, and reports to a scripted modality."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from node.dicom.network import status
from node.dicom.network.command import ACTION_TYPE, EVENT_TYPE, CommandField
from node.dicom.network.commit import CommitmentCaller
from node.dicom.network.commitment_data import INSTANCE, SOP_CLASS, decode_report, encode_report
from node.dicom.network.requestor import Requestor
from node.dicom.network.services.provider import Request, Response
from node.dicom.network.upper_layer import ConnectionLostError, Role
from node.domain.commitment import CommitmentReport, ReportWay
from node.domain.facility import Peer, Service
from node.domain.study import Arrival, Via
from node.errors import PeerBusy, PeerRefused, PeerUnreachable
from node.ports import Admitted
from tests.wire.commitment import NONSENSE, ONE, SEVERAL, TWO, Start
from tests.wire.conftest import AE_TITLE, NOW, a_peer

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the toolkit wonders about the nonsense


@dataclass
class ScriptedOtherEnd:
    """A provider of storage commitment that answers as the test says."""

    answering: Callable[[Request], Iterator[Response]]
    requests: list[Request] = field(default_factory=list)
    service: Service = Service.COMMITMENT
    sop_classes: frozenset[str] = frozenset({SOP_CLASS})
    fields: frozenset[CommandField] = frozenset({CommandField.N_ACTION_RQ, CommandField.N_EVENT_REPORT_RQ})
    extended: bytes = b""

    def answer(self, request: Request) -> Iterator[Response]:
        self.requests.append(request)
        return self.answering(request)


@dataclass
class PlayedInquiry:
    """Waits until a report came."""

    heard: list[Any] = field(default_factory=list)
    known: bool = True
    once_accepted: Callable[[], None] = lambda: None

    def accepted(self) -> None:
        self.heard.append("accepted")
        self.once_accepted()

    def waiting(self) -> bool:
        return not any(isinstance(what, CommitmentReport) for what in self.heard)

    def take(self, report: CommitmentReport) -> bool:
        self.heard.append(report)
        return self.known


def answering(code: int, *, then: Callable[[Request], None] | None = None) -> Any:
    def answer(request: Request) -> Iterator[Response]:
        yield Response(status.Status(code))
        if then is not None:
            then(request)

    return answer


@pytest.fixture
def other_end(start_node: Start) -> Callable[..., tuple[Peer, ScriptedOtherEnd]]:
    def start(code: int = 0, *, then: Any = None, allowed: bool = True, **peer: Any) -> tuple[Peer, ScriptedOtherEnd]:
        provider = ScriptedOtherEnd(answering(code, then=then))

        def admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
            services = frozenset(Service) if allowed else frozenset({Service.STORE})
            return Admitted(Arrival(Via.DIMSE, NOW, calling_ae=calling_ae), None, services)

        node = start_node(providers=[provider], admit=admit)
        return a_peer(node.server.port, ae_title=AE_TITLE, **peer), provider

    return start


@pytest.fixture
def caller() -> CommitmentCaller:
    return CommitmentCaller("OURS", connect_seconds=30, response_seconds=30)


def test_a_report_is_told_under_the_title_that_the_peer_called(caller: CommitmentCaller, other_end: Any) -> None:
    peer, provider = other_end()
    caller.report(peer, "SECOND", SEVERAL)
    [request] = provider.requests
    assert (request.caller.calling_ae, request.number(EVENT_TYPE)) == ("SECOND", 2)
    assert decode_report(request.data_set, request.transfer_syntax) == SEVERAL


def test_a_peer_that_refuses_the_role_is_called_once_more_without_it(
    caller: CommitmentCaller, other_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, provider = other_end()
    roles: list[dict[str, Role]] = []
    negotiate = Requestor._negotiate

    def refuses_roles(self: Requestor, contexts: Any, wanted: Any) -> Any:
        roles.append(dict(wanted))
        accepted, most = negotiate(self, contexts, wanted)
        return ({} if wanted else accepted), most

    monkeypatch.setattr(Requestor, "_negotiate", refuses_roles)
    caller.report(peer, "", SEVERAL)
    assert roles == [{SOP_CLASS: Role(scu=False, scp=True)}, {}]
    assert [request.caller.calling_ae for request in provider.requests] == ["OURS"]


def test_a_peer_that_hangs_up_on_the_role_is_called_once_more_without_it(
    caller: CommitmentCaller, other_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, provider = other_end()
    wanted: list[dict[str, Role]] = []
    negotiate = Requestor._negotiate

    def noting(self: Requestor, contexts: Any, roles: Any) -> Any:
        wanted.append(dict(roles))
        return negotiate(self, contexts, roles)

    def hangs_up(request: Request) -> Iterator[Response]:
        if wanted[-1]:
            raise ConnectionLostError("closed")
        yield Response(status.SUCCESS)

    monkeypatch.setattr(Requestor, "_negotiate", noting)
    provider.answering = hangs_up
    caller.report(peer, "", SEVERAL)
    assert [bool(roles) for roles in wanted] == [True, False]
    assert len(provider.requests) == 2


@pytest.mark.parametrize(
    ("code", "error"),
    [(0x0110, PeerBusy), (0x0213, PeerBusy), (0x0112, PeerRefused), (0x0211, PeerRefused), (0x0001, PeerRefused)],
)
def test_a_report_counts_only_when_the_peer_answers_with_success(
    caller: CommitmentCaller, other_end: Any, code: int, error: type[Exception]
) -> None:
    peer, _ = other_end(code)
    with pytest.raises(error, match=f"{code:04X}"):
        caller.report(peer, "", SEVERAL)


def test_a_peer_without_the_service_says_what_to_do(caller: CommitmentCaller, other_end: Any) -> None:
    peer, _ = other_end(allowed=False)
    with pytest.raises(PeerRefused, match="takes no storage commitment reports"):
        caller.report(peer, "", SEVERAL)
    with pytest.raises(PeerRefused, match="does not offer storage commitment"):
        caller.ask(peer, "2.25.1", [ONE], PlayedInquiry())


def test_a_peer_that_is_not_there_is_tried_later(caller: CommitmentCaller) -> None:
    with pytest.raises(PeerUnreachable):
        caller.report(a_peer(1), "", SEVERAL)


@pytest.mark.parametrize(("known", "code"), [(True, 0), (False, 0x0115)])
def test_a_destination_that_reports_on_the_same_association_is_heard_and_answered(
    caller: CommitmentCaller, other_end: Any, known: bool, code: int
) -> None:
    said: list[int] = []

    def then(request: Request) -> None:
        said.append(
            request.line.report(SOP_CLASS, INSTANCE, 2, encode_report(SEVERAL, request.transfer_syntax, "PACS"))
        )

    peer, provider = other_end(then=then)
    inquiry = PlayedInquiry(known=known)
    caller.ask(peer, "2.25.1", [ONE, TWO], inquiry)
    assert inquiry.heard == ["accepted", SEVERAL]
    assert said == [code]
    [request] = provider.requests
    assert (request.sop_instance_uid, request.number(ACTION_TYPE)) == (INSTANCE, 1)


def test_a_destination_that_says_nonsense_is_answered_and_still_waited_for(
    caller: CommitmentCaller, other_end: Any
) -> None:
    said: list[int] = []

    def then(request: Request) -> None:
        for content in (NONSENSE, encode_report(SEVERAL, request.transfer_syntax, "PACS")):
            said.append(request.line.report(SOP_CLASS, INSTANCE, 2, content))

    peer, _ = other_end(then=then)
    inquiry = PlayedInquiry()
    caller.ask(peer, "2.25.1", [ONE, TWO], inquiry)
    assert (inquiry.heard, said) == (["accepted", SEVERAL], [0x0115, 0])


def test_a_destination_that_reports_by_another_association_is_not_waited_for(
    caller: CommitmentCaller, other_end: Any
) -> None:
    peer, _ = other_end(commitment_reports=ReportWay.SAME)
    inquiry = PlayedInquiry()
    timer = threading.Timer(0.2, lambda: inquiry.take(SEVERAL))
    inquiry.once_accepted = timer.start
    caller.ask(peer, "2.25.1", [ONE, TWO], inquiry)
    timer.join()
    assert inquiry.heard == ["accepted", SEVERAL]


def test_a_destination_that_hangs_up_after_it_agreed_has_agreed(caller: CommitmentCaller, other_end: Any) -> None:
    def then(request: Request) -> None:
        raise ConnectionResetError

    peer, _ = other_end(then=then, commitment_reports=ReportWay.NEW)
    inquiry = PlayedInquiry()
    caller.ask(peer, "2.25.1", [ONE], inquiry)
    assert inquiry.heard == ["accepted"]


def test_a_destination_that_refuses_the_request_says_why(caller: CommitmentCaller, other_end: Any) -> None:
    peer, _ = other_end(0x0124)
    inquiry = PlayedInquiry()
    with pytest.raises(PeerRefused, match="does not allow this node"):
        caller.ask(peer, "2.25.1", [ONE], inquiry)
    assert inquiry.heard == []
