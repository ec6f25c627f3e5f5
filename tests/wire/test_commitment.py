"""Storage commitment on the wire: a scripted modality and a scripted archive against the provider and the caller."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydicom import Dataset

from node.dicom.network import status
from node.dicom.network.command import ACTION_TYPE, EVENT_TYPE, CommandField
from node.dicom.network.commit import CommitmentCaller
from node.dicom.network.commitment_data import INSTANCE, SOP_CLASS, decode_report, encode_report, encode_request_data
from node.dicom.network.data_set import encode
from node.dicom.network.requestor import Requestor
from node.dicom.network.services.commitment import CommitmentProvider
from node.dicom.network.services.provider import Caller, Request, Response
from node.dicom.network.upper_layer import ConnectionLostError, ProposedContext, Role
from node.domain.commitment import CommitmentReport, Reference, ReportWay
from node.domain.facility import Peer, Service
from node.domain.study import Arrival, Via
from node.errors import PeerBusy, PeerRefused, PeerUnreachable, StorageFull
from node.ports import Admitted
from tests.wire.conftest import AE_TITLE, NOW, ListeningNode, a_peer

EXPLICIT, IMPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
CT = "1.2.840.10008.5.1.4.1.1.2"
ONE, TWO = Reference(CT, "1.2.1"), Reference(CT, "1.2.2")
SEVERAL = CommitmentReport("2.25.1", (ONE,), ((TWO, 0x0112),))
NONSENSE = b"\xff" * 40
Start = Callable[..., ListeningNode]

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # the toolkit wonders about the nonsense


@dataclass
class PlayedRegister:
    """Decides as told, and notes what it hears."""

    decisions: list[CommitmentReport | None] = field(default_factory=lambda: [SEVERAL])
    heard: list[tuple[str, Any]] = field(default_factory=list)
    known: bool = True
    debts: list[str] = field(default_factory=list)
    full: bool = False
    changed: threading.Event = field(default_factory=threading.Event)

    def asked(self, caller: Caller, transaction_uid: str, references: Sequence[Reference]) -> None:
        if self.full:
            raise StorageFull("The disk is full.")
        self.heard.append(("asked", tuple(references)))

    def decided(self, caller: Caller, transaction_uid: str) -> CommitmentReport | None:
        return self.decisions.pop(0) if len(self.decisions) > 1 else self.decisions[0]

    def reported(self, caller: Caller, report: CommitmentReport) -> None:
        self.heard.append(("reported", report))
        self.debts = [debt for debt in self.debts if debt != report.transaction_uid]
        self.changed.set()

    def left(self, caller: Caller, transaction_uid: str) -> None:
        self.heard.append(("left", transaction_uid))
        self.debts.append(transaction_uid)
        self.changed.set()

    def owed(self, caller: Caller) -> Sequence[str]:
        return list(self.debts)

    def take(self, caller: Caller, report: CommitmentReport) -> bool:
        self.heard.append(("taken", report))
        return self.known


@pytest.fixture
def register() -> PlayedRegister:
    return PlayedRegister()


def admitting(peer: Peer | None) -> Callable[[str, str, str], Admitted]:
    def admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
        return Admitted(Arrival(Via.DIMSE, NOW), peer, frozenset(Service))

    return admit


@pytest.fixture
def serve(start_node: Start, register: PlayedRegister) -> Callable[..., ListeningNode]:
    """A node whose only caller is as the keywords say."""

    def start(**peer: Any) -> ListeningNode:
        caller = a_peer(0, services=(Service.COMMITMENT,), **peer)
        return start_node(providers=[CommitmentProvider(register)], admit=admitting(caller))

    return start


def calling(node: ListeningNode, syntax: str = EXPLICIT) -> Requestor:
    peer = a_peer(node.server.port, ae_title=AE_TITLE)
    contexts = [ProposedContext(1, SOP_CLASS, (syntax,))]
    return Requestor(peer, "CT1", contexts, connect_seconds=5, response_seconds=10)


def ask(
    association: Requestor, data_set: bytes, *, action: int = 1, instance: str = INSTANCE, sop_class: str = SOP_CLASS
) -> int:
    [(answer, _)] = association.request(
        CommandField.N_ACTION_RQ, 1, sop_class, instance, data_set=data_set, numbers={ACTION_TYPE: action}
    )
    return answer.status


def the_request(syntax: str = EXPLICIT) -> bytes:
    return encode_request_data("2.25.1", [ONE, TWO, ONE], syntax)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_a_quiet_caller_is_told_on_its_association_in_its_transfer_syntax(
    serve: Any, register: PlayedRegister, syntax: str
) -> None:
    with calling(serve(), syntax) as association:
        assert ask(association, the_request(syntax)) == 0
        heard = association.hear(30)
        assert heard is not None
        assert (heard.command.field, heard.command.sop_instance_uid) == (CommandField.N_EVENT_REPORT_RQ, INSTANCE)
        assert heard.command.elements[EVENT_TYPE] == b"\2\0"
        assert decode_report(heard.data_set, heard.transfer_syntax) == SEVERAL
        association.reply(heard, status.SUCCESS, {EVENT_TYPE: 2})
        assert register.changed.wait(30)
        assert register.heard == [("asked", (ONE, TWO)), ("reported", SEVERAL)]
        assert ask(association, the_request(syntax)) == 0  # the association goes on


def test_what_is_not_decided_yet_is_waited_for(serve: Any, register: PlayedRegister) -> None:
    register.decisions = [None, None, SEVERAL]
    with calling(serve()) as association:
        assert ask(association, the_request()) == 0
        heard = association.hear(30)
        assert heard is not None
        association.reply(heard, status.SUCCESS)
        assert register.changed.wait(30)
    assert register.heard[-1] == ("reported", SEVERAL)


def test_a_caller_that_leaves_while_it_is_decided_is_left(serve: Any, register: PlayedRegister) -> None:
    register.decisions = [None]
    node = serve()
    with calling(node) as association:
        assert ask(association, the_request()) == 0
    node.wait_until_alone()
    assert register.heard[-1] == ("left", "2.25.1")


def test_a_caller_that_leaves_when_it_is_told_is_left(serve: Any, register: PlayedRegister) -> None:
    node = serve()
    association = calling(node)
    assert ask(association, the_request()) == 0
    assert association.hear(30) is not None
    association.abort()
    node.wait_until_alone()
    assert register.heard[-1] == ("left", "2.25.1")


def test_a_caller_that_refuses_the_report_is_left(serve: Any, register: PlayedRegister) -> None:
    with calling(serve()) as association:
        assert ask(association, the_request()) == 0
        heard = association.hear(30)
        assert heard is not None
        association.reply(heard, status.UNRECOGNIZED)
        assert register.changed.wait(30)
    assert register.heard[-1] == ("left", "2.25.1")


def test_a_caller_that_goes_on_speaking_is_answered(serve: Any, register: PlayedRegister) -> None:
    register.decisions = [None]
    with calling(serve()) as association:
        for _ in range(3):
            assert ask(association, the_request()) == 0
    assert [what for what, _ in register.heard][:5] == ["asked", "left", "asked", "left", "asked"]


def test_a_caller_that_speaks_while_its_request_is_decided_is_not_interrupted(
    serve: Any, register: PlayedRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    deciding, spoken = threading.Event(), threading.Event()

    def decide(caller: Caller, transaction_uid: str) -> CommitmentReport:
        deciding.set()
        assert spoken.wait(30)
        return SEVERAL

    def write(data: bytes | memoryview, *, more: bool = False) -> None:
        written(data, more=more)
        spoken.set()

    monkeypatch.setattr(register, "decided", decide)
    with calling(serve()) as association:
        assert ask(association, the_request()) == 0
        assert deciding.wait(30)
        written = association._wire.write
        monkeypatch.setattr(association._wire, "write", write)
        assert ask(association, the_request()) == 0
    assert [what for what, _ in register.heard][:3] == ["asked", "left", "asked"]


def test_a_caller_that_takes_reports_only_on_a_new_association_is_not_told_on_its_own(
    serve: Any, register: PlayedRegister
) -> None:
    with calling(serve(commitment_reports=ReportWay.NEW)) as association:
        assert ask(association, the_request()) == 0
        assert register.changed.wait(30)
        assert association.hear(0.5) is None
    assert register.heard == [("asked", (ONE, TWO)), ("left", "2.25.1")]


def heard_and_taken(association: Requestor, register: PlayedRegister) -> None:
    heard = association.hear(30)
    assert heard is not None
    assert decode_report(heard.data_set, heard.transfer_syntax) == SEVERAL
    register.changed.clear()
    association.reply(heard, status.SUCCESS)
    assert register.changed.wait(30)
    assert register.heard[-1] == ("reported", SEVERAL)


def test_a_caller_that_is_told_on_its_own_associations_only_is_told_once_it_is_quiet(
    serve: Any, register: PlayedRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.dicom.network.services.commitment._QUIET", 2.0)  # we may be slow to speak on
    with calling(serve(commitment_reports=ReportWay.SAME)) as association:
        assert ask(association, the_request()) == 0
        assert ask(association, the_request(), instance="1.2.3") == 0x0112  # speaks on: the first one is left
        assert register.heard[-1] == ("left", "2.25.1")
        heard_and_taken(association, register)


def test_a_caller_that_is_told_on_its_own_associations_only_is_told_on_a_later_one(
    serve: Any, register: PlayedRegister
) -> None:
    node = serve(commitment_reports=ReportWay.SAME)
    with calling(node) as association:
        assert ask(association, the_request()) == 0
    node.wait_until_alone()
    assert register.debts == ["2.25.1"]
    with calling(node) as association:  # asks for nothing
        heard_and_taken(association, register)
        assert ask(association, the_request()) == 0


@pytest.mark.parametrize("way", [ReportWay.NEW, ReportWay.EITHER])
def test_a_caller_that_can_be_called_is_not_told_on_later_associations(
    serve: Any, register: PlayedRegister, way: ReportWay
) -> None:
    register.debts.append("2.25.1")
    with calling(serve(commitment_reports=way)) as association:
        assert association.hear(0.6) is None


def test_a_register_that_fails_in_a_quiet_moment_does_not_end_the_association(
    serve: Any, register: PlayedRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()

    def owed(caller: Caller) -> Sequence[str]:
        looked.set()
        raise StorageFull("The disk is full.")

    monkeypatch.setattr(register, "owed", owed)
    with calling(serve(commitment_reports=ReportWay.SAME)) as association:
        assert looked.wait(30)
        assert ask(association, the_request()) == 0


def without(keyword: str) -> bytes:
    ds = Dataset()
    ds.TransactionUID, ds.ReferencedSOPSequence = "2.25.1", [Dataset()]
    ds.ReferencedSOPSequence[0].ReferencedSOPClassUID = CT
    ds.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = "1.2.1"
    for holder in (ds, ds.ReferencedSOPSequence[0]):
        if keyword in holder:
            delattr(holder, keyword)
            break
    return encode(ds, EXPLICIT)


@pytest.mark.parametrize(
    ("data_set", "more", "code"),
    [
        (b"", {}, 0x0115),
        (NONSENSE, {}, 0x0115),
        (without("TransactionUID"), {}, 0x0115),
        (without("ReferencedSOPSequence"), {}, 0x0115),
        (without("ReferencedSOPClassUID"), {}, 0x0115),
        (without("ReferencedSOPInstanceUID"), {}, 0x0115),
        (the_request(), {"action": 2}, 0x0123),
        (the_request(), {"instance": "1.2.3"}, 0x0112),
        (the_request(), {"sop_class": CT}, 0x0118),
    ],
    ids=["none", "nonsense", "transaction", "sequence", "class", "instance", "action", "other instance", "other class"],
)
def test_a_request_that_is_none_is_refused_and_not_kept(
    serve: Any, register: PlayedRegister, data_set: bytes, more: dict[str, Any], code: int
) -> None:
    with calling(serve()) as association:
        assert ask(association, data_set, **more) == code
        assert association.hear(0.05) is None
    assert register.heard == []


def test_what_cannot_be_kept_is_not_promised(serve: Any, register: PlayedRegister) -> None:
    register.full = True
    with calling(serve()) as association:
        assert ask(association, the_request()) == 0x0213


def test_a_caller_that_the_registry_does_not_know_may_not_ask(start_node: Start, register: PlayedRegister) -> None:
    node = start_node(providers=[CommitmentProvider(register)], admit=admitting(None))
    with calling(node) as association:
        assert ask(association, the_request()) == 0x0124


@pytest.mark.parametrize(
    ("event", "known", "content", "code"),
    [
        (2, True, None, 0x0000),
        (2, False, None, 0x0115),
        (3, True, None, 0x0113),
        (1, True, NONSENSE, 0x0115),
    ],
    ids=["known", "unknown", "another event", "nonsense"],
)
def test_a_destination_that_reports_is_answered(
    serve: Any, register: PlayedRegister, event: int, known: bool, content: bytes | None, code: int
) -> None:
    register.known = known
    with calling(serve()) as association:
        [(answer, _)] = association.request(
            CommandField.N_EVENT_REPORT_RQ,
            1,
            SOP_CLASS,
            INSTANCE,
            data_set=content or encode_report(SEVERAL, EXPLICIT, "PACS"),
            numbers={EVENT_TYPE: event},
        )
    assert answer.status == code
    assert register.heard == ([("taken", SEVERAL)] if content is None and event < 3 else [])


# the associations that we open


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
