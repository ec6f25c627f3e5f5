"""Peers that break the protocol: each is sent away, nothing of theirs stays, and the next one is served."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from node.dicom.network.command import encode_request, parse_response
from node.dicom.network.upper_layer import (
    ProposedContext,
    encode_command,
    encode_release_request,
    parse_associate_accept,
)
from tests.wire.conftest import AE_TITLE, ListeningNode, an_image, dcmtk, store
from tests.wire.script import (
    ABORTED,
    CT,
    EXPLICIT,
    P_DATA,
    REJECTED,
    RELEASED,
    associated,
    data_set,
    fragment,
    request,
    status_of,
    store_request,
)

Connect = Callable[[ListeningNode], Any]


def assert_served(node: ListeningNode) -> None:
    assert dcmtk("echoscu", "-aec", AE_TITLE, "127.0.0.1", str(node.server.port)).returncode == 0


GARBAGE = {
    "text": b"GET / HTTP/1.1\r\nHost: node\r\n\r\n",
    "an unknown PDU type": b"\x2a\x00\x00\x00\x00\x04abcd",
    "a PDU of two gigabytes": b"\x01\x00\x7f\xff\xff\xff",
    "an empty association request": b"\x01\x00\x00\x00\x00\x00",
    "data before an association": b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x02\x01\x02",
    "a release before an association": b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00",
    "an item longer than the PDU": b"\x01\x00\x00\x00\x00\x48" + bytes(68) + b"\x20\x00\xff\xff",
    "an even context id": request(ProposedContext(2, CT, (EXPLICIT,))),
    "a context id twice": request(ProposedContext(1, CT, (EXPLICIT,)), ProposedContext(1, CT, (EXPLICIT,))),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_instead_of_an_association_is_aborted(
    node: ListeningNode, scripted_peer: Connect, garbage: bytes
) -> None:
    with scripted_peer(node) as peer:
        peer.send(garbage)
        assert peer.read_pdu()[0] == ABORTED
    assert_served(node)


BROKEN = {
    "a context that was not agreed": [fragment(b"\0" * 8, 3, command=True)],
    "a data set without a command": [fragment(b"\0" * 8)],
    "a command within a data set": [store_request(), fragment(data_set()[:100], last=False), store_request()],
    "a data set on another context": [store_request(), fragment(b"\0" * 8, 5)],
    "a value longer than its PDU": [struct.pack(">BxIIBB", 4, 6, 0x7FFFFFFF, 1, 3)],
    "a value of no length": [struct.pack(">BxIIBB", 4, 6, 0, 1, 3)],
    "an empty P-DATA": [struct.pack(">BxI", 4, 0)],
    "a command that is no command": [fragment(b"\xff" * 40, command=True)],
    "a command that never ends": [fragment(b"\0" * 8192, last=False, command=True)] * 3,
    "a response": [fragment(b"\0\0\0\x01\x02\0\0\0\x01\x80", command=True)],
    "a PDU longer than agreed": [struct.pack(">BxI", 4, 1 << 24)],
    "a release within a data set": [store_request(), fragment(b"\0" * 8, last=False), encode_release_request()],
    "a second association request": [request()],
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_broken_exchange_is_aborted_and_leaves_nothing(
    node: ListeningNode, scripted_peer: Connect, script: list[bytes]
) -> None:
    with scripted_peer(node) as peer:
        associated(peer)
        for data in script:
            peer.send(data)
        assert peer.read_pdu()[0] == ABORTED
    node.wait_until_alone()
    assert node.files == []
    assert node.parts() == []
    assert_served(node)


@pytest.mark.parametrize("end", [b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00", b""], ids=["abort", "connection cut"])
def test_an_object_that_breaks_off_leaves_nothing(node: ListeningNode, scripted_peer: Connect, end: bytes) -> None:
    with scripted_peer(node) as peer:
        associated(peer).send(store_request() + fragment(data_set()[:500], last=False) + end)
    node.wait_until_alone()
    assert node.files == []
    assert node.parts() == []
    assert node.commits == []


def test_half_an_association_request_ends_after_its_time(
    node: ListeningNode, scripted_peer: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.dicom.network.association._ARTIM_SECONDS", 0.2)
    with scripted_peer(node) as peer:
        peer.send(request()[:50])
        assert peer.read_pdu()[0] == 0
    assert_served(node)


def test_a_silent_association_ends(start_node: Callable[..., ListeningNode], scripted_peer: Connect) -> None:
    node = start_node(idle_seconds=0.3)
    with scripted_peer(node) as peer:
        assert associated(peer).read_pdu()[0] in (0, ABORTED)
    node.wait_until_alone()


def test_one_association_too_many_is_rejected_for_now(
    start_node: Callable[..., ListeningNode], scripted_peer: Connect
) -> None:
    node = start_node(max_associations=1)
    with scripted_peer(node) as first, scripted_peer(node) as second:
        associated(first)
        second.send(request())
        assert second.read_pdu() == (REJECTED, b"\x00\x02\x03\x02")
        first.send(encode_release_request())
        assert first.read_pdu()[0] == RELEASED
    node.wait_until_alone()
    assert_served(node)


def test_success_is_only_said_after_the_commit(node: ListeningNode, scripted_peer: Connect) -> None:
    seen: list[list[str]] = []
    answer = node.received
    node.received = lambda: (seen.append([p.suffix for p in node.files]), answer())[1]  # type: ignore[method-assign]
    with scripted_peer(node) as peer:
        associated(peer).send(store_request() + fragment(data_set()))
        assert status_of(peer) == 0
        assert seen == [[".dcm"]]


def test_a_commit_that_fails_is_no_success(
    node: ListeningNode, scripted_peer: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with scripted_peer(node) as peer:
        associated(peer)
        monkeypatch.setattr("os.fdatasync", failing)
        peer.send(store_request() + fragment(data_set()))
        assert status_of(peer) == 0x0110
        monkeypatch.undo()
        peer.send(store_request("2.25.7.2", 2) + fragment(data_set(2)))
        assert status_of(peer, 2) == 0
    node.wait_until_alone()
    assert len(node.files) == 1
    assert node.parts() == []


def test_an_object_under_another_name_is_a_mismatch(node: ListeningNode, scripted_peer: Connect) -> None:
    with scripted_peer(node) as peer:
        associated(peer).send(store_request("2.25.999") + fragment(data_set()))
        assert status_of(peer) == 0xA900
    assert node.files == []


def test_bytes_that_are_no_data_set_are_put_aside(node: ListeningNode, scripted_peer: Connect) -> None:
    with scripted_peer(node) as peer:
        associated(peer).send(store_request() + fragment(b"\xff\xd8\xff\xe0 this is a photograph" * 20))
        answer = parse_response(peer.read_pdu()[1][6:], 1)
    assert answer.status == 0xC000
    assert answer.elements[0x0902].decode() == "Put aside: The object has no SOP Class UID. "
    assert node.files == []
    assert [reason for _, reason, _, _ in node.spool.quarantined()] == ["The object has no SOP Class UID."]


def test_fragments_of_any_size_make_the_same_object(node: ListeningNode, scripted_peer: Connect) -> None:
    content = data_set()
    pieces = [content[:1], content[1:8], b"", content[8:200], content[200:]]
    with scripted_peer(node) as peer:
        associated(peer).send(
            store_request() + b"".join(fragment(piece, last=False) for piece in pieces) + fragment(b"")
        )
        assert status_of(peer) == 0
    assert node.files[0].read_bytes().endswith(content)


def test_two_values_in_one_pdu_are_taken(node: ListeningNode, scripted_peer: Connect) -> None:
    content = data_set()
    command = store_request()[6:]
    value = struct.pack(">IBB", len(content) + 2, 1, 2) + content
    with scripted_peer(node) as peer:
        associated(peer).send(struct.pack(">BxI", P_DATA, len(command + value)) + command + value)
        assert status_of(peer) == 0
    assert len(node.files) == 1


def test_an_operation_that_is_not_offered_is_refused_and_the_association_goes_on(
    node: ListeningNode, scripted_peer: Connect
) -> None:
    with scripted_peer(node) as peer:
        associated(peer).send(encode_command(1, encode_request(0x0020, 1, CT, "2.25.1", data_set=True), 0))  # type: ignore[arg-type]
        peer.send(fragment(b"\0" * 100))
        assert status_of(peer) == 0x0211
        peer.send(store_request(message_id=2) + fragment(data_set()))
        assert status_of(peer, 2) == 0


def test_unknown_classes_are_rejected_context_by_context(node: ListeningNode, scripted_peer: Connect) -> None:
    contexts = (
        ProposedContext(1, CT, ("1.2.3.4", EXPLICIT)),
        ProposedContext(3, "1.2.840.10008.5.1.4.1.2.2.1", (EXPLICIT,)),  # Study Root Query/Retrieve FIND
        ProposedContext(5, "1.2.840.10008.5.1.4.1.1.999.9", (EXPLICIT,)),  # a storage class of the future
        ProposedContext(7, CT, ("1.2.840.113619.5.2",)),
        ProposedContext(9, "not-a-uid", (EXPLICIT,)),
        ProposedContext(11, "", (EXPLICIT,)),
        ProposedContext(13, CT, ("1.2." * 17, "1..2/..", EXPLICIT)),
        ProposedContext(15, CT, ()),
    )
    with scripted_peer(node) as peer:
        peer.send(request(*contexts))
        accepted, _ = parse_associate_accept(peer.read_pdu()[1])
    assert accepted == {1: EXPLICIT, 5: EXPLICIT, 7: "1.2.840.113619.5.2", 13: EXPLICIT}


def test_a_failing_association_does_not_touch_another(
    node: ListeningNode, scripted_peer: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "other.dcm"
    an_image(2).save_as(path, enforce_file_format=True)
    with scripted_peer(node) as good, scripted_peer(node) as bad:
        associated(good).send(store_request() + fragment(data_set()[:300], last=False))
        associated(bad).send(b"\xff" * 500)
        assert bad.read_pdu()[0] == ABORTED
        assert store(node, path).returncode == 0
        good.send(fragment(data_set()[300:]))
        assert status_of(good) == 0
    assert len(node.files) == 2
