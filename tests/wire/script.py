"""The lines of a scripted peer: PDUs and messages as bytes, right ones and wrong ones."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from node.dicom.network.command import CommandField, encode_request, parse_response
from node.dicom.network.upper_layer import (
    ProposedContext,
    encode_associate_request,
    encode_command,
    parse_associate_accept,
)
from tests.wire.conftest import AE_TITLE, ScriptedPeer, an_image

CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
ACCEPTED, REJECTED, P_DATA, RELEASED, ABORTED = 2, 3, 4, 6, 7


def request(*contexts: ProposedContext, called: str = AE_TITLE, calling: str = "CT1") -> bytes:
    """An association request, by default for CT images."""
    return encode_associate_request(calling, called, contexts or (ProposedContext(1, CT, (EXPLICIT,)),))


def fragment(data: bytes, context_id: int = 1, *, last: bool = True, command: bool = False) -> bytes:
    """One P-DATA-TF with one value."""
    control = (2 if last else 0) | (1 if command else 0)
    return struct.pack(">BxIIBB", P_DATA, len(data) + 6, len(data) + 2, context_id, control) + data


def fragments(content: bytes, size: int = 16000) -> bytes:
    """A data set as P-DATA-TFs of at most `size` bytes each."""
    starts = range(0, len(content) or 1, size)
    return b"".join(fragment(content[at : at + size], last=at + size >= len(content)) for at in starts)


def store_request(uid: str = "2.25.7.1", message_id: int = 1, sop_class: str = CT) -> bytes:
    return encode_command(1, encode_request(CommandField.C_STORE_RQ, message_id, sop_class, uid, data_set=True), 0)


def echo_request(message_id: int = 1, context_id: int = 1) -> bytes:
    return encode_command(context_id, encode_request(CommandField.C_ECHO_RQ, message_id, VERIFICATION), 0)


def data_set(number: int = 1, rows: int = 64) -> bytes:
    """`an_image` without its file meta."""
    buffer = BytesIO()
    an_image(number, rows).save_as(buffer, enforce_file_format=True)
    content = buffer.getvalue()
    length = int.from_bytes(content[140:144], "little")
    return content[144 + length :]


def associated(peer: ScriptedPeer) -> ScriptedPeer:
    """The peer once it has an association for CT images."""
    peer.send(request())
    kind, body = peer.read_pdu()
    assert kind == ACCEPTED
    assert parse_associate_accept(body)[0] == {1: EXPLICIT}
    return peer


def status_of(peer: ScriptedPeer, message_id: int = 1) -> int:
    """The status of the response that comes next."""
    kind, body = peer.read_pdu()
    assert kind == P_DATA
    return parse_response(body[6:], message_id).status


@contextmanager
def connected(port: int) -> Iterator[ScriptedPeer]:
    """A peer that has opened a connection to `port` of this machine and said nothing yet."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield ScriptedPeer(sock)
