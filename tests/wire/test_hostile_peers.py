"""Slow, silent, half-open and hostile peers: each costs little and ends in its time, and the others are served meanwhile."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from node.dicom.network.command import encode_cancel
from node.dicom.network.upper_layer import (
    ProposedContext,
    Role,
    encode_associate_request,
    encode_command,
    encode_release_request,
    parse_associate_accept,
)
from tests.peers.gateway import wait_for
from tests.wire.conftest import AE_TITLE, ListeningNode, ScriptedPeer
from tests.wire.script import (
    ABORTED,
    ACCEPTED,
    CT,
    EXPLICIT,
    P_DATA,
    REJECTED,
    RELEASED,
    VERIFICATION,
    associated,
    connected,
    data_set,
    echo_request,
    fragment,
    fragments,
    request,
    status_of,
    store_request,
)

StartNode = Callable[..., ListeningNode]
ABORT = b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00"
BOTH = (ProposedContext(1, CT, (EXPLICIT,)), ProposedContext(3, VERIFICATION, (EXPLICIT,)))
MB = 1 << 20
HUGE = 0xFFFFFFFF


def assert_stores(node: ListeningNode, number: int = 1) -> None:
    """Somebody else stores an object."""
    said = store_request(f"2.25.7.{number}") + fragments(data_set(number))
    with connected(node.server.port) as peer:
        associated(peer).send(said)
        assert status_of(peer) == 0
        peer.send(encode_release_request())
        assert peer.read_pdu()[0] == RELEASED


def resident() -> int:
    """Bytes of memory that this process has; the node's port is in it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def ended_within(peer: ScriptedPeer, seconds: float) -> bool:
    peer.sock.settimeout(seconds)
    with contextlib.suppress(TimeoutError):
        return peer.read_pdu()[0] in (0, ABORTED)
    return False


# Silence and slowness


def test_bytes_that_drip_do_not_keep_an_association_open(start_node: StartNode) -> None:
    node = start_node(idle_seconds=0.6)
    began = time.monotonic()
    with connected(node.server.port) as peer:
        associated(peer)
        with contextlib.suppress(OSError):
            for byte in store_request():
                peer.send(bytes([byte]))
                if select_readable(peer.sock, 0.1):
                    break
        assert ended_within(peer, 15)
    assert time.monotonic() - began < 15
    node.wait_until_alone()


def select_readable(sock: socket.socket, seconds: float) -> bool:
    """Whether something came, or the end."""
    sock.settimeout(seconds)
    try:
        return len(sock.recv(1, socket.MSG_PEEK)) >= 0
    except TimeoutError:
        return False
    finally:
        sock.settimeout(15)


@pytest.mark.parametrize(
    "said", [store_request()[:20], store_request(), store_request() + fragment(b"\0" * 80, last=False)]
)
def test_silence_in_the_middle_of_a_message_ends_the_association_and_leaves_nothing(
    start_node: StartNode, said: bytes
) -> None:
    node = start_node(idle_seconds=1.0)
    with connected(node.server.port) as peer:
        associated(peer).send(said)
        assert ended_within(peer, 15)
    node.wait_until_alone()
    assert node.parts() == []
    assert_stores(node)


def test_a_caller_that_never_reads_is_given_up(start_node: StartNode) -> None:
    node = start_node(idle_seconds=1.0)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(15)
        sock.connect(("127.0.0.1", node.server.port))
        peer = ScriptedPeer(sock)
        peer.send(request(*BOTH))
        assert peer.read_pdu()[0] == ACCEPTED
        closed_on_it, deadline = False, time.monotonic() + 60
        while not closed_on_it and time.monotonic() < deadline:
            try:
                peer.send(echo_request(1, 3) * 500)
            except OSError:
                closed_on_it = True
        assert closed_on_it
        node.wait_until_alone()
    assert_stores(node)


# Crowds


def test_silent_connections_keep_nobody_out(start_node: StartNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.dicom.network.receive._GRACE_SECONDS", 0.0)
    node = start_node(max_associations=4)
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(connected(node.server.port))
        assert_stores(node)
        wait_for(lambda: node.server.connections <= 4 + 16, "those given up to end")
    node.wait_until_alone()


def test_associations_beyond_the_limit_are_refused_and_those_within_are_served(start_node: StartNode) -> None:
    node = start_node(max_associations=2)
    with connected(node.server.port) as first, connected(node.server.port) as second, contextlib.ExitStack() as stack:
        for peer in (first, second):
            associated(peer)
        answers = []
        for _ in range(30):
            crowd = stack.enter_context(connected(node.server.port))
            with contextlib.suppress(OSError):
                crowd.send(request())
            answers.append(crowd.read_pdu()[0])
        assert set(answers) <= {0, REJECTED}
        for number, peer in enumerate((first, second), 1):
            peer.send(store_request(f"2.25.7.{number}") + fragments(data_set(number)))
            assert status_of(peer) == 0
    node.wait_until_alone()
    assert_stores(node, 3)


def test_no_thread_stays_behind(start_node: StartNode) -> None:
    node = start_node(max_associations=64)
    before = threading.active_count()
    for _ in range(30):
        with connected(node.server.port) as peer:
            associated(peer).send(store_request() + fragment(b"\0" * 100, last=False))
    node.wait_until_alone()
    wait_for(lambda: threading.active_count() <= before, "the threads to end")


# Lengths


def item(kind: int, content: bytes, length: int | None = None) -> bytes:
    return struct.pack(">BxH", kind, len(content) if length is None else length) + content


def claims() -> dict[str, bytes]:
    """What says that four gigabytes follow, after an association or instead of one."""
    element = struct.pack("<HHI", 0, 0x0100, HUGE)
    long_item = bytearray(request())
    long_item[6 + 68 + 2 : 6 + 68 + 4] = b"\xff\xff"
    return {
        "a PDU instead of a request": struct.pack(">BxI", 1, HUGE),
        "an item of the request": bytes(long_item),
        "a PDU": request() + struct.pack(">BxI", P_DATA, HUGE),
        "a value": request() + struct.pack(">BxIIBB", P_DATA, 6, HUGE, 1, 3),
        "an element of a command": request() + fragment(element + b"\0" * 20, command=True),
        "an element of an object": request() + store_request() + fragment(struct.pack("<HH2sHI", 8, 0x1115, b"SQ", 0, HUGE - 1)),
    }  # fmt: skip


@pytest.mark.parametrize("claim", claims())
def test_claimed_lengths_cost_no_memory(node: ListeningNode, claim: str) -> None:
    said = claims()[claim]
    before = resident()
    for _ in range(10):
        with connected(node.server.port) as peer:
            peer.send(said)
            while peer.read_pdu()[0] not in (0, ABORTED, P_DATA):
                pass
    node.wait_until_alone()
    assert resident() - before < 30 * MB
    assert_stores(node)


def test_a_message_of_another_service_has_a_limit(node: ListeningNode) -> None:
    """The data set of a request that is refused is not kept either."""
    before = resident()
    with connected(node.server.port) as peer:
        peer.send(request(*BOTH))
        assert peer.read_pdu()[0] == ACCEPTED
        peer.send(encode_command(3, echo_with_data(), 0))
        piece = fragment(bytes(100_000), 3, last=False)
        for _ in range(400):
            peer.send(piece)
        peer.send(fragment(b"", 3))
        assert status_of(peer) in (0x0000, 0x0213)
    assert resident() - before < 60 * MB


def echo_with_data() -> bytes:
    command = bytearray(echo_request()[12:])
    at = command.find(b"\x00\x00\x00\x08") + 8
    command[at : at + 2] = b"\x01\x00"
    return bytes(command)


# Negotiations


def test_as_many_contexts_as_there_are_ids_are_answered(node: ListeningNode) -> None:
    with connected(node.server.port) as peer:
        peer.send(request(*(ProposedContext(n, CT, (EXPLICIT,)) for n in range(1, 256, 2))))
        kind, body = peer.read_pdu()
        assert kind == ACCEPTED
        assert len(parse_associate_accept(body)[0]) == 128


@pytest.mark.parametrize("count", [300, 3000])
def test_thousands_of_contexts_are_not(node: ListeningNode, count: int) -> None:
    contexts = [ProposedContext(n * 2 % 256 | 1, f"1.2.840.10008.5.1.4.1.1.2.{n}", (EXPLICIT,)) for n in range(count)]
    with connected(node.server.port) as peer:
        peer.send(request(*contexts))
        assert peer.read_pdu()[0] == ABORTED
    assert_stores(node)


def test_roles_without_end_are_not_all_answered(node: ListeningNode) -> None:
    roles = {f"1.2.840.10008.5.1.4.1.1.2.{n}": Role(True, True) for n in range(1500)}
    with connected(node.server.port) as peer:
        peer.send(encode_associate_request("CT1", AE_TITLE, BOTH, roles))
        kind, body = peer.read_pdu()
        assert kind == ACCEPTED
        assert len(body) < 1000
    assert_stores(node)


# Commands at the wrong time


def test_cancels_of_nothing_are_passed_over(node: ListeningNode) -> None:
    storm = b"".join(encode_command(1, encode_cancel(n), 0) for n in range(3000))
    with connected(node.server.port) as peer:
        associated(peer).send(storm + store_request() + fragments(data_set()))
        assert status_of(peer) == 0


WHOLE = (request(*BOTH), echo_request(1, 3), store_request(message_id=2), fragment(data_set()[:99], last=False))


@pytest.mark.parametrize("after", range(len(WHOLE) + 1))
@pytest.mark.parametrize("part", [len(ABORT), 3])
def test_an_abort_may_come_at_any_time(node: ListeningNode, after: int, part: int) -> None:
    with connected(node.server.port) as peer:
        peer.send(b"".join(WHOLE[:after]) + ABORT[:part])
        peer.sock.shutdown(socket.SHUT_WR)
        while peer.read_pdu()[0] not in (0, ABORTED):
            pass
    node.wait_until_alone()
    assert node.files == []
    assert node.parts() == []


@pytest.mark.parametrize("after", range(2, len(WHOLE) + 1))
def test_a_release_in_the_middle_of_a_message_is_no_release(node: ListeningNode, after: int) -> None:
    script = b"".join(WHOLE[:after]) + (fragment(b"\0" * 20, last=False, command=True) if after == 2 else b"")
    with connected(node.server.port) as peer:
        peer.send(script + encode_release_request())
        answers = []
        while (kind := peer.read_pdu()[0]) not in (0, ABORTED):
            answers.append(kind)
    assert RELEASED not in answers
    assert node.parts() == []


def test_an_object_on_a_context_for_echoes_is_refused(node: ListeningNode) -> None:
    with connected(node.server.port) as peer:
        peer.send(request(*BOTH))
        assert peer.read_pdu()[0] == ACCEPTED
        command = bytearray(store_request())
        command[10] = 3  # the context id
        peer.send(bytes(command) + fragment(data_set(), 3))
        assert status_of(peer) == 0x0211
    assert node.files == []
