"""Whatever bytes a peer sends, and wherever a right exchange is mangled: the port stays up, keeps nothing half, loses nothing.

The examples are the same at every run. A failing one prints the bytes that were sent.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from node.dicom.dataset import read_header, read_uids
from node.dicom.network import data_set
from node.dicom.network.command import CommandField, encode_request, is_response, parse_command, parse_response
from node.dicom.network.offer import Offer
from node.dicom.network.receive import DicomServer
from node.dicom.network.tls import Tls, TlsFiles
from node.dicom.network.upper_layer import (
    ProposedContext,
    ProtocolError,
    encode_release_request,
    parse_associate_accept,
    parse_associate_request,
    values,
)
from node.dicom.part10 import DEFLATED, file_meta, layout, scan_uids
from node.dicom.syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from node.domain.facility import Service
from node.domain.study import Arrival, Via
from node.errors import Unreadable
from node.ports import Admitted
from node.storage.spool import Spool
from tests.peers.gateway import wait_for
from tests.wire import script

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")  # it warns of what it forgives

NOW = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
OBJECT = script.data_set(1, rows=8)
CONTEXTS = (
    ProposedContext(1, script.CT, (script.EXPLICIT,)),
    ProposedContext(3, script.VERIFICATION, (script.EXPLICIT, "1.2.840.10008.1.2")),
)
EXCHANGE = (  # a right one, PDU by PDU
    script.request(*CONTEXTS),
    script.echo_request(1, 3),
    script.store_request("2.25.7.1", 2),
    script.fragment(OBJECT[:200], last=False),
    script.fragment(OBJECT[200:]),
    script.store_request("2.25.7.1", 3),
    script.fragments(OBJECT, 300),
    encode_release_request(),
)
same_every_time = settings(
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class StoppedClock:
    def now(self) -> datetime:
        return NOW


def admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
    return Admitted(Arrival(Via.DIMSE, NOW, peer="ct1", calling_ae=calling_ae), None, frozenset(Service))


class Port:
    """A DICOM port with a real spool, and a caller that says all it has and then listens."""

    def __init__(self, folder: Path) -> None:
        self.spool = Spool(folder, min_free_bytes=0, clock=StoppedClock())
        offer = Offer(
            ae_titles=frozenset(),
            admit=admit,
            intake=self.spool,
            received=lambda: None,
            tls=Tls(TlsFiles(), StoppedClock().now),
            idle_seconds=5.0,
            max_object_bytes=1 << 20,
        )
        self.server = DicomServer(offer, host="127.0.0.1", port=0, max_associations=8)

    def say(self, said: bytes) -> bytes:
        """All that is answered to `said` until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as sock:
            heard = bytearray()
            try:
                sock.sendall(said)
                sock.shutdown(socket.SHUT_WR)
                while part := sock.recv(65536):
                    heard += part
            except (ConnectionResetError, BrokenPipeError):
                pass
        self.wait_until_alone()
        return bytes(heard)

    def wait_until_alone(self) -> None:
        for _ in range(500):
            if self.server.connections == 0:
                return
            threading.Event().wait(0.01)
        raise AssertionError("a connection stayed open after its peer had left")

    def kept(self) -> int:
        """How many objects lie in the spool; they are taken away."""
        waiting = self.spool.waiting(1000)
        self.spool.done([received.path for received in waiting])
        return len(waiting)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    opened = Port(tmp_path_factory.mktemp("port"))
    opened.server.start()
    before = resident()
    yield opened
    opened.server.stop()
    assert resident() - before < 150 << 20


def resident() -> int:
    """Bytes of memory that this process has; the port is in it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def successes(heard: bytes) -> int:
    """How many C-STORE responses in it say success."""
    found = at = 0
    while at + 6 <= len(heard):
        kind, length = struct.unpack_from(">BxI", heard, at)
        body = heard[at + 6 : at + 6 + length]
        at += 6 + length
        if kind == script.P_DATA and b"\x00\x00\x00\x01\x02\x00\x00\x00\x01\x80" in body:
            found += b"\x00\x00\x00\x09\x02\x00\x00\x00\x00\x00" in body
    return found


def check(port: Port, said: bytes) -> None:
    """What success was said of is kept, nothing half is, no thread stays, and the next caller is served."""
    before = threading.active_count()
    said_to_be_safe = successes(port.say(said))
    wait_for(lambda: threading.active_count() <= before, "the threads to end")
    assert port.kept() == said_to_be_safe
    assert list(port.spool.incoming.iterdir()) == []
    assert successes(port.say(b"".join(EXCHANGE))) == 2
    assert port.kept() == 2


def test_the_exchange_is_right(port: Port) -> None:
    assert successes(port.say(b"".join(EXCHANGE))) == 2
    assert port.kept() == 2


@settings(same_every_time, max_examples=80)
@given(st.lists(st.tuples(st.integers(0, len(b"".join(EXCHANGE)) - 1), st.integers(1, 255)), min_size=1, max_size=6))
def test_flipped_bits(port: Port, flips: list[tuple[int, int]]) -> None:
    said = bytearray(b"".join(EXCHANGE))
    for at, bits in flips:
        said[at] ^= bits
    check(port, bytes(said))


@settings(same_every_time, max_examples=50)
@given(st.integers(0, len(b"".join(EXCHANGE))), st.integers(0, 64), st.binary(max_size=40))
def test_an_exchange_that_is_cut_or_has_a_hole_or_holds_more(port: Port, at: int, gone: int, more: bytes) -> None:
    said = b"".join(EXCHANGE)
    check(port, said[:at])
    check(port, said[:at] + more + said[at + gone :])


LENGTHS = st.one_of(st.integers(0, 300), st.sampled_from([2**16 - 1, 2**17, 2**24, 2**31 - 1, 2**31, 2**32 - 1]))


@settings(same_every_time, max_examples=50)
@given(st.integers(0, len(EXCHANGE) - 1), LENGTHS, st.booleans())
def test_wrong_lengths_of_pdus_and_of_values(port: Port, which: int, length: int, of_the_pdu: bool) -> None:
    pdus = [bytearray(pdu) for pdu in EXCHANGE]
    struct.pack_into(">I", pdus[which], 2 if of_the_pdu else 6, length)
    check(port, b"".join(pdus))


@settings(same_every_time, max_examples=50)
@given(st.lists(st.integers(0, len(EXCHANGE) - 1), min_size=1, max_size=16))
def test_pdus_in_another_order(port: Port, order: list[int]) -> None:
    check(port, b"".join(EXCHANGE[which] for which in order))
    check(port, EXCHANGE[0] + b"".join(EXCHANGE[which] for which in order))


ELEMENTS = st.lists(
    st.tuples(
        st.sampled_from([0x0000, 0x0002, 0x0003, 0x0100, 0x0110, 0x0120, 0x0600, 0x0700, 0x0800, 0x0900, 0x1000, 0x1001]),
        st.one_of(st.binary(max_size=4), st.integers(0, 0xFFFF).map(lambda n: struct.pack("<H", n)), st.binary(max_size=80)),
        st.one_of(st.none(), LENGTHS),
    ),
    max_size=8,
)  # fmt: skip


def command_of(elements: list[tuple[int, bytes, int | None]]) -> bytes:
    return b"".join(
        struct.pack("<HHI", 0, number, len(value) if length is None else length) + value
        for number, value, length in elements
    )


@settings(same_every_time, max_examples=80)
@given(ELEMENTS, st.sampled_from(list(CommandField)), st.booleans(), st.sampled_from([1, 3]))
def test_mutated_command_sets(
    port: Port, elements: list[tuple[int, bytes, int | None]], kind: CommandField, right: bool, context_id: int
) -> None:
    command = encode_request(kind, 5, script.CT, "2.25.7.1", data_set=True) if right else b""
    said = script.fragment(command + command_of(elements), context_id, command=True)
    check(port, EXCHANGE[0] + said + b"".join(EXCHANGE[3:]))


@settings(same_every_time, max_examples=50)
@given(st.binary(max_size=400))
@example(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500))  # TLS
@example(b"\x01\x00\xff\xff\xff\xff")
def test_any_bytes(port: Port, said: bytes) -> None:
    check(port, said)
    check(port, EXCHANGE[0] + said)


@settings(same_every_time, max_examples=80)
@given(
    st.lists(st.tuples(st.integers(0, len(OBJECT) - 1), st.integers(1, 255)), max_size=8), st.integers(0, len(OBJECT))
)
def test_a_mangled_data_set_is_kept_or_put_aside_or_refused(port: Port, flips: list[tuple[int, int]], end: int) -> None:
    content = bytearray(OBJECT)
    for at, bits in flips:
        content[at] ^= bits
    check(port, EXCHANGE[0] + script.store_request("2.25.7.1", 2) + script.fragments(bytes(content[:end])))


# The parsers by themselves: the errors that they name and no others.

PARSERS = (
    parse_associate_request,
    parse_associate_accept,
    parse_command,
    is_response,
    lambda content: parse_response(content, 1),
    lambda content: list(values(memoryview(content))),
)
SYNTAXES = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG)


@settings(same_every_time, max_examples=500)
@given(st.sampled_from(PARSERS), st.one_of(st.binary(max_size=200), ELEMENTS.map(command_of)))
def test_parsers_of_the_network_raise_what_they_say(parser: Callable[[bytes], object], content: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        parser(content)


@settings(same_every_time, max_examples=300)
@given(st.binary(min_size=0, max_size=300), st.sampled_from(SYNTAXES), st.integers(0, len(OBJECT)))
def test_parsers_of_data_sets_raise_what_they_say(content: bytes, syntax: str, at: int) -> None:
    for mangled in (content, OBJECT[:at] + content + OBJECT[at:]):
        scan_uids(mangled, implicit=syntax == IMPLICIT_LITTLE, little=syntax != EXPLICIT_BIG)
        for read in (lambda: data_set.decode(mangled, syntax), lambda: layout(BytesIO(mangled))):  # noqa: B023
            with contextlib.suppress(Unreadable):
                read()


@settings(same_every_time, max_examples=300)
@given(
    st.binary(max_size=60),
    st.sampled_from((*SYNTAXES, *DEFLATED)),
    st.integers(0, len(OBJECT)),
    st.integers(0, len(OBJECT)),
)
def test_readers_of_files_raise_what_they_say(
    tmp_path: Path, more: bytes, syntax: str, first: int, second: int
) -> None:
    path = tmp_path / "mangled.dcm"
    content = OBJECT[:first] + more + OBJECT[second:]
    path.write_bytes(file_meta(script.CT, "2.25.7.1", syntax) + content)
    for read in (read_header, read_uids):
        with contextlib.suppress(Unreadable):
            read(path)
