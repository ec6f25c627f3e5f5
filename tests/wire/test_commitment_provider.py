"""Storage commitment on associations that others open: a scripted modality asks the provider, a scripted archive reports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydicom import Dataset

from node.dicom.network import status
from node.dicom.network.command import ACTION_TYPE, EVENT_TYPE, CommandField
from node.dicom.network.commitment_data import INSTANCE, SOP_CLASS, decode_report, encode_report, encode_request_data
from node.dicom.network.data_set import encode
from node.dicom.network.requestor import Requestor
from node.dicom.network.services.commitment import CommitmentProvider
from node.dicom.network.services.provider import Caller
from node.dicom.network.upper_layer import ProposedContext
from node.domain.commitment import CommitmentReport, Reference, ReportWay
from node.domain.facility import Peer, Service
from node.domain.study import Arrival, Via
from node.errors import StorageFull
from node.ports import Admitted
from tests.wire.commitment import CT, NONSENSE, ONE, SEVERAL, TWO, Start
from tests.wire.conftest import AE_TITLE, NOW, ListeningNode, a_peer

EXPLICIT, IMPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"

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
