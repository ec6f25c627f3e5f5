"""The engine under every service: requests, pending responses, cancellation, faults, roles, and what a provider may do."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest

from node.dicom.network import status
from node.dicom.network.command import (
    CommandField,
    encode_cancel,
    encode_request,
    encode_response,
    parse_command,
    parse_response,
)
from node.dicom.network.data_set import LIMIT
from node.dicom.network.requestor import Requestor
from node.dicom.network.services.provider import Request, Response
from node.dicom.network.upper_layer import (
    ProposedContext,
    Role,
    encode_abort,
    encode_associate_request,
    encode_command,
    encode_release_request,
    parse_associate_accept,
)
from node.domain.facility import Service
from node.domain.study import Arrival, Via
from node.errors import NotAuthorized, StorageFull
from node.ports import Admitted
from tests.wire.conftest import AE_TITLE, NOW, ListeningNode, ScriptedPeer, a_peer

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
ASSOCIATE_AC, P_DATA, RELEASED, ABORTED = 2, 4, 6, 7

Answering = Callable[[Request], Iterator[Response]]
Serve = Callable[[Answering], ListeningNode]


@dataclass
class ScriptedProvider:
    """A provider of C-FIND and N-ACTION that answers as the test says."""

    answering: Answering
    service: Service = Service.FIND
    sop_classes: frozenset[str] = frozenset({FIND})
    fields: frozenset[CommandField] = frozenset({CommandField.C_FIND_RQ, CommandField.N_ACTION_RQ})
    extended: bytes = b"\x01\x01"
    requests: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Iterator[Response]:
        self.requests.append(request)
        return self.answering(request)


@pytest.fixture
def serve(start_node: Callable[..., ListeningNode]) -> Serve:
    return lambda answering: start_node(providers=[ScriptedProvider(answering)])


def ask(node: ListeningNode, data_set: bytes = b"\x08\0\x05\0CS\x0a\0ISO_IR 192") -> list[tuple[int, bytes]]:
    """All responses to one C-FIND, and a second one afterwards proves that the association goes on."""
    peer = a_peer(node.server.port, ae_title=AE_TITLE)
    contexts = [ProposedContext(1, FIND, (EXPLICIT, IMPLICIT))]
    with Requestor(peer, "CT1", contexts, connect_seconds=5, response_seconds=10) as association:
        first = [
            (answer.status, content)
            for answer, content in association.request(CommandField.C_FIND_RQ, 1, FIND, data_set=data_set)
        ]
        again = list(association.request(CommandField.C_FIND_RQ, 1, FIND, data_set=data_set))
    assert len(again) == len(first)
    return first


def test_responses_come_one_by_one_with_their_data_sets(serve: Serve) -> None:
    def answering(request: Request) -> Iterator[Response]:
        yield Response(status.PENDING, b"\0\1" * 40_000)
        yield Response(status.PENDING_UNMATCHED, request.data_set)
        yield Response(status.SUCCESS)

    sent = b"\x10\0\x10\0PN\x04\0DAO*"
    assert ask(serve(answering), sent) == [(0xFF00, b"\0\1" * 40_000), (0xFF01, sent), (0, b"")]


@pytest.mark.parametrize(
    ("error", "code"),
    [(ValueError("Nguyễn"), 0x0110), (NotAuthorized("no"), 0x0124), (StorageFull("full"), 0x0213)],
)
def test_a_failing_provider_is_answered_with_a_status(
    serve: Serve, caplog: pytest.LogCaptureFixture, error: Exception, code: int
) -> None:
    def answering(request: Request) -> Iterator[Response]:
        yield Response(status.PENDING, b"\0\0")
        raise error

    assert [found for found, _ in ask(serve(answering))] == [0xFF00, code]
    assert "Nguyễn" not in caplog.text


def test_an_operation_that_the_class_does_not_have_is_refused(serve: Serve) -> None:
    node = serve(lambda request: iter([Response(status.SUCCESS)]))
    contexts = [ProposedContext(1, FIND, (IMPLICIT,))]
    peer = a_peer(node.server.port, ae_title=AE_TITLE)
    with Requestor(peer, "CT1", contexts, connect_seconds=5, response_seconds=10) as association:
        for operation in (CommandField.C_STORE_RQ, CommandField.N_SET_RQ, CommandField.C_ECHO_RQ):
            [(answer, _)] = association.request(operation, 1, FIND, "1.2.3", data_set=b"\0" * 8)
            assert answer.status == 0x0211
        [(answer, _)] = association.request(CommandField.N_ACTION_RQ, 1, FIND, "1.2.3", numbers={0x1008: 1})
        assert answer.status == 0


def test_a_data_set_beyond_the_limit_is_read_and_refused(serve: Serve) -> None:
    node = serve(lambda request: iter([Response(status.SUCCESS)]))
    assert [code for code, _ in ask(node, bytes(LIMIT + 2))] == [0x0213]


def test_a_caller_gets_only_the_services_that_it_may_ask_for(start_node: Callable[..., ListeningNode]) -> None:
    def admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
        arrival = Arrival(Via.DIMSE, NOW, calling_ae=calling_ae, called_ae=called_ae, address=address)
        services = {"FINDER": {Service.FIND}, "GETTER": {Service.RETRIEVE}, "CT1": {Service.STORE}}[calling_ae]
        return Admitted(arrival, None, frozenset(services))

    node = start_node(admit=admit, providers=[ScriptedProvider(lambda request: iter([Response(status.SUCCESS)]))])
    contexts = [ProposedContext(1, FIND, (EXPLICIT,)), ProposedContext(3, CT, (EXPLICIT,))]
    peer = a_peer(node.server.port, ae_title=AE_TITLE)
    accepted = {}
    for caller in ("FINDER", "GETTER", "CT1"):
        with Requestor(peer, caller, contexts, connect_seconds=30, response_seconds=30) as association:
            accepted[caller] = set(association.accepted)
    assert accepted == {"FINDER": {1}, "GETTER": set(), "CT1": {3}}

    roles = {CT: Role(scu=False, scp=True)}
    with Requestor(peer, "GETTER", contexts, connect_seconds=30, response_seconds=30, roles=roles) as association:
        assert set(association.accepted) == {3}
        assert association.store(3, CT, "1.2.3", BytesIO(b"\0" * 20)) == 0x0124  # it may take objects, not send any


def test_roles_and_extended_negotiation_are_answered(serve: Serve, scripted_peer: Callable[..., Any]) -> None:
    node = serve(lambda request: iter([Response(status.SUCCESS)]))
    contexts = [ProposedContext(1, FIND, (EXPLICIT,)), ProposedContext(3, CT, (EXPLICIT,))]
    proposal = bytearray(encode_associate_request("CT1", AE_TITLE, contexts, {CT: Role(scu=True, scp=True)}))
    wanted = struct.pack(">BxHH", 0x56, 2 + len(FIND) + 4, len(FIND)) + FIND.encode() + b"\x01\x00\x01\x01"
    at = proposal.index(b"\x51\0\0\4") - 4  # the user information item
    length = int.from_bytes(proposal[at + 2 : at + 4], "big") + len(wanted)
    proposal[at + 2 : at + 4] = length.to_bytes(2, "big")
    proposal += wanted
    proposal[2:6] = (len(proposal) - 6).to_bytes(4, "big")
    with scripted_peer(node) as peer:
        peer.send(bytes(proposal))
        kind, body = peer.read_pdu()
    assert kind == ASSOCIATE_AC
    assert FIND.encode() + b"\x01\x00\x00\x00" in body  # relational is offered, the rest is not wanted or not offered
    assert CT.encode() + b"\x01\x01" in body


def associated(peer: ScriptedPeer, *contexts: ProposedContext, roles: dict[str, Role] | None = None) -> ScriptedPeer:
    proposal = contexts or (ProposedContext(1, FIND, (EXPLICIT,)),)
    peer.send(encode_associate_request("CT1", AE_TITLE, proposal, roles))
    kind, body = peer.read_pdu()
    assert kind == ASSOCIATE_AC
    assert set(parse_associate_accept(body)[0]) == {context.id for context in proposal}
    return peer


def find_request(message_id: int = 1) -> bytes:
    data_set = b"\x10\0\x10\0PN\0\0"
    head = struct.pack(">BxIIBB", P_DATA, len(data_set) + 6, len(data_set) + 2, 1, 2)
    return (
        encode_command(1, encode_request(CommandField.C_FIND_RQ, message_id, FIND, data_set=True), 0) + head + data_set
    )


def read_statuses(peer: ScriptedPeer, message_id: int = 1) -> Iterator[int]:
    """The status of each response that comes, data sets passed over."""
    while True:
        kind, body = peer.read_pdu()
        if kind != P_DATA:
            return
        at = 0
        while at < len(body):
            length = int.from_bytes(body[at : at + 4], "big")
            if body[at + 5] & 1:
                yield parse_response(body[at + 6 : at + 4 + length], message_id).status
            at += 4 + length


def test_a_cancelled_request_ends_as_its_provider_says(serve: Serve, scripted_peer: Callable[..., Any]) -> None:
    def answering(request: Request) -> Iterator[Response]:
        while not request.line.cancelled():
            yield Response(status.PENDING, b"\0\0")
        yield Response(status.CANCELLED)

    with scripted_peer(serve(answering)) as peer:
        associated(peer).send(find_request())
        codes = read_statuses(peer)
        assert next(codes) == 0xFF00
        peer.send(encode_command(1, encode_cancel(99), 0))  # of another request: no effect
        assert [next(codes) for _ in range(200)] == [0xFF00] * 200
        peer.send(encode_command(1, encode_cancel(1), 0))
        assert next(code for code in codes if code != 0xFF00) == 0xFE00
        peer.send(encode_command(1, encode_cancel(1), 0))  # too late: ignored
        peer.send(encode_release_request())
        assert peer.read_pdu()[0] == RELEASED


def test_a_caller_that_leaves_while_it_is_answered_is_let_go(serve: Serve, scripted_peer: Callable[..., Any]) -> None:
    ended = threading.Event()

    def answering(request: Request) -> Iterator[Response]:
        try:
            while not request.line.cancelled():
                yield Response(status.PENDING, b"\0\0")
        finally:
            ended.set()

    node = serve(answering)
    with scripted_peer(node) as peer:
        associated(peer).send(find_request() + encode_release_request())
        kind = P_DATA
        while kind == P_DATA:
            kind, _ = peer.read_pdu()
        assert kind == RELEASED
    assert ended.wait(30)
    node.wait_until_alone()


def test_a_second_request_before_the_answer_aborts(serve: Serve, scripted_peer: Callable[..., Any]) -> None:
    def answering(request: Request) -> Iterator[Response]:
        while not request.line.cancelled():
            yield Response(status.PENDING, b"\0\0")

    with scripted_peer(serve(answering)) as peer:
        associated(peer).send(find_request() + find_request(2))
        kind = P_DATA
        while kind == P_DATA:
            kind, _ = peer.read_pdu()
        assert kind == ABORTED


def one_pdu(pdus: bytes) -> bytes:
    """The values of several P-DATA-TFs in one."""
    content, at = b"", 0
    while at < len(pdus):
        length = int.from_bytes(pdus[at + 2 : at + 6], "big")
        content += pdus[at + 6 : at + 6 + length]
        at += 6 + length
    return struct.pack(">BxI", P_DATA, len(content)) + content


def test_a_cancel_in_the_same_pdu_as_its_request_counts(serve: Serve, scripted_peer: Callable[..., Any]) -> None:
    def answering(request: Request) -> Iterator[Response]:
        yield Response(status.CANCELLED if request.line.cancelled() else status.SUCCESS)

    cancel = encode_command(1, encode_cancel(1), 0)
    with scripted_peer(serve(answering)) as peer:
        associated(peer).send(one_pdu(encode_command(1, encode_cancel(9), 0) + find_request() + cancel))
        assert next(read_statuses(peer)) == 0xFE00
        peer.send(one_pdu(find_request() + find_request() + cancel))  # of the second, which has the same number
        assert [next(read_statuses(peer)) for _ in range(2)] == [0x0000, 0xFE00]


def test_requests_in_one_pdu_are_answered_in_order_whatever_is_read_meanwhile(
    serve: Serve, scripted_peer: Callable[..., Any]
) -> None:
    begun, pause = threading.Event(), threading.Event()

    def answering(request: Request) -> Iterator[Response]:
        begun.set()
        while request.message_id == 1 and not request.line.cancelled():
            pause.wait(0.01)
        yield Response(status.SUCCESS if request.data_set == b"\x10\0\x10\0PN\0\0" else status.CANCELLED)

    with scripted_peer(serve(answering)) as peer:
        associated(peer).send(one_pdu(find_request() + find_request(2) + find_request(3)))
        assert begun.wait(30)
        peer.send(encode_command(1, encode_cancel(1), 0) * 50)
        assert [next(read_statuses(peer, number)) for number in (1, 2, 3)] == [0, 0, 0]
        peer.send(encode_release_request())
        assert peer.read_pdu()[0] == RELEASED


def test_requests_that_cross_our_report_are_answered_before_its_answer_is_heard(
    serve: Serve, scripted_peer: Callable[..., Any]
) -> None:
    said: list[object] = []

    def answering(request: Request) -> Iterator[Response]:
        yield Response(status.SUCCESS)
        if request.line.wait(0.01):
            said.append(request.line.report(FIND, "1.2.4", 1, b"\0\0"))
        else:
            said.append("busy")

    with scripted_peer(serve(answering)) as peer:
        associated(peer).send(find_request())
        assert next(read_statuses(peer)) == 0
        content, _ = message(peer)
        reported = parse_command(content)
        answer = encode_command(1, encode_response(reported, status.SUCCESS), 0)
        peer.send(find_request(2))
        assert next(read_statuses(peer, 2)) == 0  # no second report is on its way meanwhile
        peer.send(one_pdu(find_request(3) + answer))
        assert next(read_statuses(peer, 3)) == 0
        peer.send(encode_release_request())
        assert peer.read_pdu()[0] == RELEASED
    assert said == ["busy", "busy", 0]


def test_a_caller_that_leaves_instead_of_answering_our_report_is_let_go(
    serve: Serve, scripted_peer: Callable[..., Any]
) -> None:
    def answering(request: Request) -> Iterator[Response]:
        yield Response(status.SUCCESS)
        request.line.report(FIND, "1.2.4", 1, b"\0\0")

    for last, expected in ((encode_release_request(), RELEASED), (encode_abort(), 0)):
        with scripted_peer(serve(answering)) as peer:
            associated(peer).send(find_request())
            assert next(read_statuses(peer)) == 0
            message(peer)
            peer.send(last)
            assert peer.read_pdu()[0] == expected


def message(peer: ScriptedPeer) -> tuple[bytes, int]:
    """The next message's command set and the length of its data set."""
    command, length, done = b"", 0, False
    while not done:
        kind, body = peer.read_pdu()
        assert kind == P_DATA
        at = 0
        while at < len(body):
            size = int.from_bytes(body[at : at + 4], "big")
            if body[at + 5] & 1:
                command += body[at + 6 : at + 4 + size]
            else:
                length += size - 2
                done = bool(body[at + 5] & 2)
            at += 4 + size
    return command, length


def test_a_provider_stores_and_reports_on_the_same_association(serve: Serve, scripted_peer: Callable[..., Any]) -> None:
    said: list[object] = []

    def answering(request: Request) -> Iterator[Response]:
        [(syntax, context_id)] = request.line.accepted(CT).items()
        said.append((syntax, request.line.store(context_id, CT, "1.2.3", BytesIO(b"\0" * 300_000))))
        yield Response(status.SUCCESS)
        said.append(request.line.wait(0.01))
        said.append(request.line.report(FIND, "1.2.4", 1, b"\0\0"))

    contexts = ProposedContext(1, FIND, (EXPLICIT,)), ProposedContext(3, CT, (IMPLICIT,))
    with scripted_peer(serve(answering)) as peer:
        associated(peer, *contexts, roles={CT: Role(scu=True, scp=True)}).send(find_request())
        content, length = message(peer)
        stored = parse_command(content)
        assert (stored.field, stored.sop_instance_uid, length) == (CommandField.C_STORE_RQ, "1.2.3", 300_000)
        peer.send(encode_command(3, encode_response(stored, status.Status(0xB000)), 0))
        assert next(read_statuses(peer)) == 0
        content, length = message(peer)
        reported = parse_command(content)
        assert (reported.field, reported.sop_instance_uid, length) == (CommandField.N_EVENT_REPORT_RQ, "1.2.4", 2)
        peer.send(encode_command(1, encode_response(reported, status.SUCCESS), 0))
        peer.send(encode_release_request())
        assert peer.read_pdu()[0] == RELEASED
    assert said == [(IMPLICIT, 0xB000), True, 0]
