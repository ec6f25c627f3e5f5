"""What the registry says of a peer is kept on the wire: limits, syntaxes, AE titles; and the test of the way to one."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.dicom.dataset import read_header
from node.dicom.network.probe import probe
from node.dicom.network.requestor import Requestor
from node.dicom.network.tls import Tls, TlsFiles
from node.dicom.network.upper_layer import ProposedContext
from node.domain.caller import Refusal
from node.domain.facility import Peer, Service
from node.domain.study import Arrival, Via
from node.errors import PeerBusy
from node.ports import Admitted
from tests.wire.conftest import AE_TITLE, NOW, ListeningNode, ScriptedPeer, StoppedClock, a_peer, dcmtk, store
from tests.wire.script import REJECTED, associated, request

ImageFile = Callable[..., Path]
StartNode = Callable[..., ListeningNode]
Connect = Callable[[ListeningNode], Any]

CT = "1.2.840.10008.5.1.4.1.1.2"
PRIVATE = "1.2.276.0.7230010.3.99.1"
IMPLICIT, EXPLICIT, JPEG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.70"


def admitting(*peers: Peer) -> Callable[[str, str, str], Admitted]:
    """Knows these peers by their AE titles."""
    known = {peer.ae_title: peer for peer in peers}

    def admit(calling_ae: str, called_ae: str, address: str) -> Admitted:
        arrival = Arrival(Via.DIMSE, NOW, calling_ae=calling_ae, called_ae=called_ae, address=address)
        return Admitted(arrival, known[calling_ae], frozenset(Service))

    return admit


def test_a_peer_opens_only_as_many_associations_as_it_may(
    start_node: StartNode, scripted_peer: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    limited, other = a_peer(0, code="ct", ae_title="CT1", max_associations=1), a_peer(0, code="mr", ae_title="MR1")
    node = start_node(admit=admitting(limited, other))
    with scripted_peer(node) as first, scripted_peer(node) as second:
        associated(first)
        second.send(request())
        assert second.read_pdu() == (REJECTED, b"\x00\x02\x03\x02")  # transient, local limit exceeded
        assert dcmtk("echoscu", "-aet", "MR1", "-aec", AE_TITLE, "127.0.0.1", str(node.server.port)).returncode == 0
        assert node.server.callers.now().open["ct"] == 1
    assert "ct has 1 associations open, as many as it may have" in caplog.text
    node.wait_until_alone()
    assert [call.refusal for call in node.server.callers.now().refused] == [Refusal.PEER_LIMIT]
    assert node.server.callers.now().open == {}
    assert dcmtk("echoscu", "-aet", "CT1", "-aec", AE_TITLE, "127.0.0.1", str(node.server.port)).returncode == 0


def test_the_nodes_own_limit_is_noted_with_who_came(start_node: StartNode, scripted_peer: Connect) -> None:
    node = start_node(max_associations=1)
    with scripted_peer(node) as first, scripted_peer(node) as second:
        associated(first)
        second.send(request())
        assert second.read_pdu()[0] == REJECTED
    node.wait_until_alone()
    (call,) = node.server.callers.now().refused
    assert (call.refusal, call.calling_ae, call.address) == (Refusal.LIMIT, "CT1", "127.0.0.1")


def test_a_silent_peer_is_given_its_own_time(start_node: StartNode, scripted_peer: Connect) -> None:
    node = start_node(admit=admitting(a_peer(0, ae_title="CT1", idle_seconds=0.2)), idle_seconds=300.0)
    with scripted_peer(node) as peer:
        assert associated(peer).read_pdu()[0] in (0, 7)
    node.wait_until_alone()


def test_an_object_larger_than_this_peer_may_send_is_refused(start_node: StartNode, image_file: ImageFile) -> None:
    node = start_node(admit=admitting(a_peer(0, ae_title="CT1", max_object_mb=1)))
    result = store(node, "-nh", image_file(1, rows=1024), image_file(2))
    assert result.stderr.count("Received Store Response (Success)") == 1
    assert [read_header(path).sop_instance_uid for path in node.files] == ["2.25.7.2"]


def accepted(node: ListeningNode, sop_class: str, *syntaxes: str) -> dict[int, str]:
    peer, contexts = a_peer(node.server.port, ae_title=AE_TITLE), [ProposedContext(1, sop_class, syntaxes)]
    with Requestor(peer, "CT1", contexts, connect_seconds=30, response_seconds=30) as association:
        return association.accepted


@pytest.mark.parametrize(
    ("settings", "proposed", "agreed"),
    [
        ({}, (IMPLICIT, EXPLICIT, JPEG), {1: IMPLICIT}),
        ({"preferred_syntaxes": (JPEG, EXPLICIT)}, (IMPLICIT, EXPLICIT, JPEG), {1: JPEG}),
        ({"preferred_syntaxes": (JPEG, EXPLICIT)}, (IMPLICIT, EXPLICIT), {1: EXPLICIT}),
        ({"preferred_syntaxes": (JPEG,)}, (IMPLICIT,), {1: IMPLICIT}),
        ({"refused_syntaxes": (IMPLICIT,)}, (IMPLICIT, EXPLICIT), {1: EXPLICIT}),
        ({"refused_syntaxes": (IMPLICIT,)}, (IMPLICIT,), {}),
    ],
)
def test_syntaxes_are_chosen_as_the_registry_prefers_and_refuses(
    start_node: StartNode, settings: dict[str, Any], proposed: tuple[str, ...], agreed: dict[int, str]
) -> None:
    node = start_node(admit=admitting(a_peer(0, ae_title="CT1", **settings)))
    assert accepted(node, CT, *proposed) == agreed


def test_private_classes_are_stored_when_the_registry_names_them(start_node: StartNode) -> None:
    named: set[str] = set()
    node = start_node(private_classes=lambda: frozenset(named))
    assert accepted(node, PRIVATE, EXPLICIT) == {}
    named.add(PRIVATE)
    assert accepted(node, PRIVATE, EXPLICIT) == {1: EXPLICIT}


def test_answers_to_several_ae_titles_and_notes_which(start_node: StartNode, image_file: ImageFile) -> None:
    node = start_node(ae_titles=frozenset({AE_TITLE, "EMERGENCY"}))
    for title, code in ((AE_TITLE, 0), ("EMERGENCY", 0), ("OTHER", 1)):
        words = ("-aet", "CT1", "-aec", title, "127.0.0.1", str(node.server.port))
        assert dcmtk("storescu", *words, image_file()).returncode == code
        if code == 0:
            assert node.spool.last_arrival.called_ae == title
    (call,) = node.server.callers.now().refused
    assert (call.refusal, call.called_ae) == (Refusal.CALLED_AE, "OTHER")


def test_a_dead_peer_is_noticed_by_the_system(node: ListeningNode, scripted_peer: Connect) -> None:
    with scripted_peer(node) as peer:
        associated(peer)
        (connection,) = node.server._open
        sock = connection.sock
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


def no_tls() -> Tls:
    return Tls(TlsFiles(), StoppedClock().now)


def test_the_test_of_a_peer_names_what_it_offers_and_how_long_it_took(start_pacs: Callable[..., Any]) -> None:
    found = probe(a_peer(start_pacs().port, host="localhost"), "NODE", no_tls())
    assert found.failure is None
    assert found.offers == ("verification", "store")
    assert "127.0.0.1" in found.addresses
    assert None not in (found.resolved, found.connected, found.accepted, found.echoed)
    assert found.secured is None


@pytest.mark.parametrize(
    ("changes", "fault", "reached"),
    [
        ({"host": "no-such-host.invalid"}, "no-address", None),
        ({"port": 1}, "no-connection", "resolved"),
        ({"ae_title": "OTHER"}, "its-title-wrong", "connected"),
    ],
)
def test_the_test_of_a_peer_ends_where_it_fails(
    node: ListeningNode, changes: dict[str, Any], fault: str, reached: str | None
) -> None:
    found = probe(replace(a_peer(node.server.port, ae_title=AE_TITLE), **changes), "CT1", no_tls())
    assert found.failure is not None
    assert found.failure.fault == fault
    assert found.failure.hint
    assert found.echoed is None
    assert reached is None or getattr(found, reached) is not None


def test_the_test_says_that_our_title_is_unknown_there(node: ListeningNode) -> None:
    found = probe(a_peer(node.server.port, ae_title=AE_TITLE), "STRANGER", no_tls())
    assert found.failure is not None
    assert found.failure.fault == "our-title-unknown"


def test_a_full_node_is_tried_again_later(start_node: StartNode, scripted_peer: Callable[..., Any]) -> None:
    node = start_node(max_associations=1)
    with scripted_peer(node) as first:
        assert isinstance(associated(first), ScriptedPeer)
        with pytest.raises(PeerBusy):
            accepted(node, CT, EXPLICIT)
