"""Requests of every service with data sets that nobody would send: each is answered, none of them fails inside the node.

A fault of a provider would be answered too (0110), but it is in the log by the name of its exception, and that is looked for.
"""

from __future__ import annotations

import logging
import struct
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR

from node import errors
from node.dicom.network.command import (
    ACTION_TYPE,
    EVENT_TYPE,
    MOVE_DESTINATION,
    CommandField,
    encode_request,
    parse_response,
)
from node.dicom.network.services.provider import Provider
from node.dicom.network.upper_layer import ProposedContext, encode_command
from node.dicom.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from tests.peers.gateway import AE_TITLE, Gateway, a_peer, running_gateway
from tests.wire.conftest import ScriptedPeer
from tests.wire.script import (
    ABORTED,
    ACCEPTED,
    P_DATA,
    connected,
    data_set,
    echo_request,
    fragment,
    request,
    status_of,
    store_request,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # it warns of what it forgives

VERIFICATION = ProposedContext(3, "1.2.840.10008.1.1", (EXPLICIT_LITTLE,))
PENDING = {0xFF00, 0xFF01}
KNOWN = {kind for kind in vars(errors) if kind[0].isupper()}
TAGS = (
    0x00080005, 0x00080016, 0x00080018, 0x00080020, 0x00080030, 0x00080050, 0x00080052, 0x00080060, 0x00080061,
    0x00080201, 0x00081110, 0x00081115, 0x00081195, 0x00081198, 0x00081199, 0x00081150, 0x00081155, 0x00100010,
    0x00100020, 0x00100030, 0x00100040, 0x0020000D, 0x0020000E, 0x00200010, 0x00200013, 0x00280010, 0x00321032,
    0x00400001, 0x00400002, 0x00400003, 0x00400100, 0x00400252, 0x00400253, 0x00400270, 0x00400340, 0x00401001,
    0x00090010, 0x7FE00010, 0xFFFEE000, 0xFFFFFFFF, 0x00000002, 0x00020010,
)  # fmt: skip
TEXTS = (
    b"", b"*", b"?", b"\\", b"*\\*", b"a" * 70, b"^^^^^", b"=\\=", b"20260101-20260102", b"-", b"20260101-", b"99999999",
    b"20261301", b"250000", b"-1", b"PATIENT", b"STUDY", b"SERIES", b"IMAGE", b"FOO", b"1.2.3", b"1.2.3\\1.2.4", b"..",
    b"'; DROP TABLE studies; --", b"%_/", b"\xff\xfe\x00\x01", b"Nguy\xe1\xbb\x85n^*", b"\x1b$B", b"ISO_IR 192",
    b"ISO 2022 IR 58\\ISO 2022 IR 149", b"IN PROGRESS", b"COMPLETED", b"DISCONTINUED", b"+0700", b"+9999",
)  # fmt: skip


def vr_of(tag: int) -> bytes:
    try:
        return dictionary_VR(tag)[:2].encode()
    except KeyError:
        return b"UN"


def element(tag: int, vr: bytes, value: bytes, implicit: bool) -> bytes:
    value += b" " * (len(value) % 2)
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if implicit or tag >> 16 == 0xFFFE:
        return head + struct.pack("<I", len(value)) + value
    if vr in (b"SQ", b"UN", b"OB", b"OW"):
        return head + vr + struct.pack("<HI", 0, len(value)) + value
    return head + vr + struct.pack("<H", len(value)) + value


VALUES = st.one_of(st.sampled_from(TEXTS), st.binary(max_size=30))
ROWS = st.recursive(
    st.tuples(st.sampled_from(TAGS), VALUES, st.sampled_from([b"", b"SQ", b"LO", b"DA", b"US", b"OB"])),
    lambda rows: st.tuples(st.sampled_from(TAGS), st.lists(rows, max_size=3), st.just(b"SQ")),
    max_leaves=6,
)


def encode(rows: list[tuple[int, object, bytes]], implicit: bool) -> bytes:
    parts = []
    for tag, value, vr in sorted(rows, key=lambda row: row[0]):
        if isinstance(value, list):
            content = encode(value, implicit)
            item = struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content
            parts.append(element(tag, b"SQ", item, implicit))
        else:
            assert isinstance(value, bytes)
            parts.append(element(tag, vr or vr_of(tag), value, implicit))
    return b"".join(parts)


LEVELS = (
    (0x00080052, b"PATIENT", 0x00100020, b"P1"),
    (0x00080052, b"STUDY", 0x0020000D, b"2.25.5"),
    (0x00080052, b"SERIES", 0x0020000E, b"2.25.6"),
    (0x00080052, b"IMAGE", 0x00080018, b"2.25.7.1"),
)


def upon_a_right_one(rows: list[tuple[int, object, bytes]], depth: int) -> list[tuple[int, object, bytes]]:
    """What would be a right identifier of this level but for `rows`."""
    unique: list[tuple[int, object, bytes]] = [(tag, value, b"") for _, _, tag, value in LEVELS[: depth + 1]]
    base = [(0x00080052, LEVELS[depth][1], b""), *unique]
    named = {tag for tag, _, _ in base}
    return base + [row for row in rows if row[0] not in named]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    peers = [a_peer("CT1"), a_peer("ELSEWHERE", port=1)]
    with running_gateway(tmp_path_factory.mktemp("gateway"), peers) as running:
        with connected(running.port) as peer:
            peer.send(request(called=AE_TITLE))
            assert peer.read_pdu()[0] == ACCEPTED
            peer.send(store_request() + fragment(data_set()))
            assert status_of(peer) == 0
        running.wait_instances("2.25.5", 1)
        yield running


class Faults(logging.Handler):
    """The exceptions of the node's own code that nobody foresaw."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("%s at %s") and record.args and str(next(iter(record.args))) not in KNOWN:
            self.seen.append(record.getMessage())


@pytest.fixture
def faults() -> Iterator[list[str]]:
    handler = Faults()
    logger = logging.getLogger("node.dicom.network")
    logger.addHandler(handler)
    yield handler.seen
    logger.removeHandler(handler)
    assert handler.seen == []


def final_answer(peer: ScriptedPeer, message_id: int) -> int | None:
    """The status that ends the request; None when the association was aborted."""
    command = b""
    while True:
        kind, body = peer.read_pdu()
        if kind in (0, ABORTED):
            return None
        assert kind == P_DATA
        at = 0
        while at < len(body):
            length, _, control = struct.unpack_from(">IBB", body, at)
            if control & 1:
                command += body[at + 6 : at + 4 + length]
                if control & 2:
                    status = parse_response(command, message_id).status
                    command = b""
                    if status not in PENDING:
                        return status
            at += 4 + length


def ask(gateway: Gateway, sop_class: str, command: bytes, content: bytes, syntax: str) -> int | None:
    """One request on an association of its own; the node answers another one after it."""
    with connected(gateway.port) as peer:
        peer.send(request(ProposedContext(1, sop_class, (syntax,)), VERIFICATION, called=AE_TITLE))
        assert peer.read_pdu()[0] == ACCEPTED
        began = time.monotonic()
        peer.send(encode_command(1, command, 0) + fragment(content, 1))
        status = final_answer(peer, 7)
        assert time.monotonic() - began < 60
        if status is not None:
            peer.send(echo_request(8, 3))
            assert final_answer(peer, 8) == 0
        return status


def providers(gateway: Gateway) -> list[Provider]:
    return list(gateway.process.dicom._offer.providers)


OPERATIONS = st.sampled_from([f for f in CommandField if f not in (CommandField.C_CANCEL_RQ, CommandField.C_ECHO_RQ)])


@settings(
    max_examples=500,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    which=st.integers(0, 20),
    operation=OPERATIONS,
    right=st.integers(0, 9),
    rows=st.lists(ROWS, max_size=7),
    depth=st.sampled_from([None, 0, 1, 2, 3]),
    noise=st.sampled_from([b"", b"", b"", b"\0", b"\x08\0\x18\0UI\xff\xff", b"\xfe\xff\x0d\xe0\0\0\0\0"]),
    implicit=st.booleans(),
    numbers=st.sampled_from([{}, {ACTION_TYPE: 1}, {ACTION_TYPE: 9}, {EVENT_TYPE: 1}]),
    instance=st.sampled_from(["", "2.25.7.1", "1.2.840.10008.1.20.1.1", "2.25.99"]),
)
def test_every_request_is_answered_and_no_provider_fails(
    gateway: Gateway,
    faults: list[str],
    which: int,
    operation: CommandField,
    right: int,
    rows: list[tuple[int, object, bytes]],
    depth: int | None,
    noise: bytes,
    implicit: bool,
    numbers: dict[int, int],
    instance: str,
) -> None:
    every = [(p, uid) for p in providers(gateway) for uid in sorted(p.sop_classes)]
    provider, sop_class = every[which % len(every)]
    if right:  # nearly always an operation that the class has
        operation = sorted(provider.fields)[right % len(provider.fields)]
    if depth is not None:
        rows = upon_a_right_one(rows, depth)
    texts = {MOVE_DESTINATION: ["ELSEWHERE", "NOBODY", ""][which % 3]} if operation == CommandField.C_MOVE_RQ else {}
    command = encode_request(operation, 7, sop_class, instance, data_set=True, numbers=numbers, texts=texts)
    ask(gateway, sop_class, command, encode(rows, implicit) + noise, IMPLICIT_LITTLE if implicit else EXPLICIT_LITTLE)
    assert faults == []


def test_an_image_is_no_identifier_but_is_answered(gateway: Gateway, faults: list[str]) -> None:
    for provider in providers(gateway):
        for sop_class in sorted(provider.sop_classes):
            for operation in sorted(provider.fields):
                command = encode_request(operation, 7, sop_class, "2.25.7.1", data_set=True)
                ask(gateway, sop_class, command, data_set(), EXPLICIT_LITTLE)
    assert faults == []
