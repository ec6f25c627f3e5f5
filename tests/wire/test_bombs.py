"""Small messages that are costly to read: the node answers, the next object is indexed meanwhile, and it still stops at once."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.dicom.network import data_set as messages
from node.dicom.network.upper_layer import ProposedContext
from node.dicom.syntaxes import DEFLATED_LITTLE, EXPLICIT_LITTLE
from node.errors import Unreadable
from tests.peers.gateway import AE_TITLE, Gateway, a_peer, running_gateway
from tests.wire.conftest import ScriptedPeer
from tests.wire.script import ACCEPTED, CT, connected, data_set, fragments, request, status_of, store_request

MB = 1 << 20
SECONDS = 60.0  # on a busy machine; to read a bomb out takes longer than that
UID = "2.25.77.1"


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    if vr in (b"SQ", b"UC"):
        return struct.pack("<HH2sHI", group, number, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


NAMES = element(0x08, 0x16, b"UI", CT.encode() + b"\0") + element(0x08, 0x18, b"UI", UID.encode() + b"\0")
PLACE = element(0x20, 0x0D, b"UI", b"2.25.5\0\0") + element(0x20, 0x0E, b"UI", b"2.25.6\0\0")
ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, 8) + struct.pack("<HH2sH", 0x08, 0x60, b"CS", 0)
OPEN = struct.pack("<HH2sHIHHI", 0x08, 0x1115, b"SQ", 0, 0xFFFFFFFF, 0xFFFE, 0xE000, 0xFFFFFFFF)


def many(count: int) -> bytes:
    """So many empty private elements."""
    return b"".join(struct.pack("<HH2sH", 0x0011 + 2 * (n >> 15), n & 0x7FFF | 0x1000, b"LO", 0) for n in range(count))


def deflated(content: bytes) -> bytes:
    deflate = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(content) + deflate.flush()


BOMBS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "many elements before the UIDs": lambda: (EXPLICIT_LITTLE, NAMES + many(300_000) + PLACE),
    "many elements after the UIDs": lambda: (EXPLICIT_LITTLE, NAMES + PLACE + many(300_000)),
    "a long sequence": lambda: (EXPLICIT_LITTLE, NAMES + PLACE + element(0x5200, 0x9230, b"SQ", ITEM * 300_000)),
    "sequences in sequences": lambda: (EXPLICIT_LITTLE, NAMES + OPEN * 20_000 + PLACE),
    "deflated to a thousandth": lambda: (DEFLATED_LITTLE, deflated(NAMES + PLACE + bytes(80 * MB))),
    "many values": lambda: (
        EXPLICIT_LITTLE,
        NAMES + PLACE + b"".join(element(0x28, 0x1050 + n, b"DS", b"1\\" * 32000) for n in range(40)),
    ),
}


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.fixture(scope="module")
def before(gateway: Gateway) -> int:
    """What the process has while nothing was received yet."""
    return resident()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_gateway(tmp_path_factory.mktemp("gateway"), [a_peer("CT1")]) as running:
        yield running
        began = time.monotonic()
    assert time.monotonic() - began < 60, "it did not stop"


def talk(gateway: Gateway, peer: ScriptedPeer, syntax: str) -> ScriptedPeer:
    peer.send(request(ProposedContext(1, CT, (syntax,)), called=AE_TITLE))
    assert peer.read_pdu()[0] == ACCEPTED
    return peer


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.usefixtures("before")
def test_the_port_answers_and_the_next_object_is_indexed(gateway: Gateway, bomb: str) -> None:
    syntax, content = BOMBS[bomb]()
    study = f"2.25.4000.{list(BOMBS).index(bomb)}"
    began = time.monotonic()
    with connected(gateway.port) as peer:
        talk(gateway, peer, syntax).send(store_request(UID) + fragments(content, 100_000))
        assert status_of(peer) in (0x0000, 0xC000)
    with connected(gateway.port) as peer:
        good = data_set(1).replace(b"\x20\x00\x0d\x00UI\x06\x002.25.5", b"\x20\x00\x0d\x00UI" + value(study))
        talk(gateway, peer, EXPLICIT_LITTLE).send(store_request() + fragments(good))
        assert status_of(peer) == 0
    gateway.wait_instances(study, 1, SECONDS)
    assert time.monotonic() - began < SECONDS


def value(uid: str) -> bytes:
    content = uid.encode() + b"\0" * (len(uid) % 2)
    return struct.pack("<H", len(content)) + content


def test_nothing_of_it_made_the_node_large(before: int) -> None:
    """The process that receives; it also holds the bombs."""
    assert resident() - before < 300 * MB


@pytest.mark.parametrize(
    "content",
    [many(150_000), OPEN * 20_000, element(0x08, 0x1115, b"SQ", ITEM * 300_000)],
    ids=["many elements", "sequences in sequences", "a long sequence"],
)
def test_a_message_that_is_costly_to_read_is_refused_soon(content: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Unreadable):
        messages.decode(content, EXPLICIT_LITTLE)
    assert time.process_time() - began < 5
