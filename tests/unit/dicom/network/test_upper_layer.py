"""PDUs and command sets as bytes, compared with pynetdicom's own."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ, P_DATA_TF

from node.dicom.network import status
from node.dicom.network.command import CommandField, encode_request, encode_response, parse_command, parse_response
from node.dicom.network.upper_layer import (
    CALLING_AE_UNKNOWN,
    MAX_PDU,
    AbortReason,
    AnsweredContext,
    ConnectionLostError,
    Pdu,
    ProposedContext,
    ProtocolError,
    encode_abort,
    encode_associate_accept,
    encode_associate_reject,
    encode_associate_request,
    encode_command,
    encode_release_response,
    parse_associate_accept,
    parse_associate_request,
    values,
)
from node.dicom.network.wire import Wire

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
CONTEXTS = (ProposedContext(1, CT, (EXPLICIT, IMPLICIT)), ProposedContext(3, MR, (IMPLICIT,)))


def test_an_association_request_survives_the_way_there_and_back() -> None:
    request = parse_associate_request(encode_associate_request("CT1", "NODE", CONTEXTS)[6:])
    assert (request.calling_ae, request.called_ae) == ("CT1", "NODE")
    assert request.contexts == CONTEXTS
    assert (request.max_pdu, request.protocol_version) == (MAX_PDU, 1)


def test_pynetdicom_reads_our_association_request() -> None:
    pdu = A_ASSOCIATE_RQ()
    pdu.decode(encode_associate_request("CT1", "NODE", CONTEXTS))
    assert (pdu.calling_ae_title.strip(), pdu.called_ae_title.strip()) == ("CT1", "NODE")
    assert [(c.context_id, c.abstract_syntax) for c in pdu.presentation_context] == [(1, CT), (3, MR)]
    assert pdu.user_information.maximum_length == MAX_PDU


def test_pynetdicom_reads_our_acceptance() -> None:
    request = parse_associate_request(encode_associate_request("CT1", "NODE", CONTEXTS)[6:])
    answers = [AnsweredContext(1, 0, EXPLICIT), AnsweredContext(3, 3, IMPLICIT)]
    encoded = encode_associate_accept(request, answers)
    pdu = A_ASSOCIATE_AC()
    pdu.decode(encoded)
    assert [(c.context_id, c.result) for c in pdu.presentation_context] == [(1, 0), (3, 3)]
    assert pdu.presentation_context[0].transfer_syntax == EXPLICIT
    assert parse_associate_accept(encoded[6:]) == ({1: EXPLICIT}, MAX_PDU)


def test_pynetdicom_reads_our_rejection_and_abort() -> None:
    rejection, abort = A_ASSOCIATE_RJ(), A_ABORT_RQ()
    rejection.decode(encode_associate_reject(CALLING_AE_UNKNOWN))
    abort.decode(encode_abort(AbortReason.UNEXPECTED_PDU))
    assert (rejection.result, rejection.source, rejection.reason_diagnostic) == (1, 1, 3)
    assert (abort.source, abort.reason_diagnostic) == (2, 2)


def test_control_characters_never_come_out_of_an_ae_title() -> None:
    body = bytearray(encode_associate_request("CT1", "NODE", CONTEXTS)[6:])
    body[20:36] = b"CT\n\x1b[31m\\\xff".ljust(16)
    assert parse_associate_request(bytes(body)).calling_ae == "CT??[31m??"


@given(st.binary(max_size=300))
def test_parsing_an_association_request_never_crashes(tail: bytes) -> None:
    head = encode_associate_request("CT1", "NODE", ())[6:74]
    for body in (tail, head + tail):
        for parse in (parse_associate_request, parse_associate_accept):
            with suppress(ProtocolError):
                assert parse(body)


@given(st.binary(min_size=1, max_size=200))
def test_values_stay_within_their_pdu(body: bytes) -> None:
    with suppress(ProtocolError):
        assert sum(len(value.data) + 6 for value in values(memoryview(body))) == len(body)


@given(st.binary(max_size=200))
def test_parsing_a_command_never_crashes(content: bytes) -> None:
    for parse in (parse_command, lambda c: parse_response(c, 1)):
        with suppress(ProtocolError):
            assert parse(content) is not None


def test_a_command_larger_than_the_peers_pdu_is_split() -> None:
    command = encode_request(CommandField.C_STORE_RQ, 5, CT, "1.2.3", data_set=True)
    content, parts = encode_command(7, command, 32), b""
    lasts = []
    while content:
        length = int.from_bytes(content[2:6], "big")
        assert length <= 32
        pdu = P_DATA_TF()
        pdu.decode(content[: 6 + length])
        [value] = values(memoryview(content[6 : 6 + length]))
        assert (value.context_id, value.command) == (7, True)
        parts += value.data
        lasts.append(value.last)
        content = content[6 + length :]
    assert parts == command
    assert lasts == [False] * (len(lasts) - 1) + [True]


def test_a_response_names_its_request() -> None:
    command = parse_command(encode_request(CommandField.C_STORE_RQ, 5, CT, "1.2.3", data_set=True))
    assert (command.field, command.message_id, command.has_data_set) == (1, 5, True)
    assert (command.sop_class_uid, command.sop_instance_uid) == (CT, "1.2.3")
    response = encode_response(command, status.MISMATCH)
    assert parse_response(response, 5).status == 0xA900
    with pytest.raises(ProtocolError):
        parse_response(response, 6)
    with pytest.raises(ProtocolError):
        parse_command(response)


def test_all_comments_fit_the_error_comment() -> None:
    answers = [value for value in vars(status).values() if isinstance(value, status.Status)]
    answers += [answer for _, answer in status._STORE_ANSWERS]
    assert len(answers) > 10
    assert all(len(answer.comment) <= 64 and answer.comment.isascii() for answer in answers)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, Wire]]:
    far, near = socket.socketpair()
    with far, near:
        yield far, Wire(near, 5.0)


def test_pdus_in_pieces_and_in_one_piece_are_read_alike(pair: tuple[socket.socket, Wire]) -> None:
    far, wire = pair
    pdus = [encode_release_response(), encode_abort(), struct.pack(">BxI", 4, 3) + b"abc"]
    far.sendall(b"".join(pdus))
    together = [(kind, bytes(body)) for kind, body in (wire.read() for _ in pdus)]
    apart = []
    for pdu in pdus:
        for byte in pdu:
            far.sendall(bytes([byte]))
        kind, body = wire.read()
        apart.append((kind, bytes(body)))
    assert together == apart == [(Pdu.RELEASE_RP, bytes(4)), (Pdu.ABORT, bytes(4)), (Pdu.P_DATA, b"abc")]


@pytest.mark.parametrize(
    "head", [b"\x00\x00\x00\x00\x00\x00", b"\x04\x00\xff\xff\xff\xff", b"\x05\x00\x00\x00\x00\x05"]
)
def test_a_pdu_that_cannot_be_is_refused_before_it_is_read(pair: tuple[socket.socket, Wire], head: bytes) -> None:
    far, wire = pair
    far.sendall(head)
    with pytest.raises(ProtocolError):
        wire.read()


def test_a_closed_connection_is_lost(pair: tuple[socket.socket, Wire]) -> None:
    far, wire = pair
    far.sendall(b"\x04\x00\x00")
    far.close()
    with pytest.raises(ConnectionLostError, match="closed"):
        wire.read()


def test_a_silent_connection_is_lost_in_time(pair: tuple[socket.socket, Wire]) -> None:
    with pytest.raises(ConnectionLostError, match="timeout"):
        pair[1].read(0.05)


@pytest.mark.parametrize(
    "kind", [CommandField.C_FIND_RQ, CommandField.C_MOVE_RQ, CommandField.C_GET_RQ, CommandField.C_STORE_RQ]
)
def test_a_request_that_has_a_priority_says_it(kind: CommandField) -> None:
    assert parse_command(encode_request(kind, 1, CT)).elements[0x0700] == b"\0\0"
    assert 0x0700 not in parse_command(encode_request(CommandField.N_ACTION_RQ, 1, CT)).elements
