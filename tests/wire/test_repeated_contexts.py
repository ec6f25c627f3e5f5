"""A caller that proposes more than 128 contexts and begins at id 1 again, as pixelmed's probe does."""

from __future__ import annotations

from node.dicom.network.upper_layer import ProposedContext
from tests.wire.conftest import ListeningNode
from tests.wire.script import (
    ABORTED,
    ACCEPTED,
    CT,
    EXPLICIT,
    connected,
    data_set,
    fragments,
    request,
    status_of,
    store_request,
)

MR = "1.2.840.10008.5.1.4.1.1.4"


def test_an_id_that_comes_twice_means_what_it_meant_first(node: ListeningNode) -> None:
    proposed = (ProposedContext(1, CT, (EXPLICIT,)), ProposedContext(1, MR, (EXPLICIT,)))
    with connected(node.server.port) as peer:
        peer.send(request(*proposed))
        kind, body = peer.read_pdu()
        assert kind == ACCEPTED
        assert body.count(b"\x21\x00") == 2  # both are answered
        peer.send(store_request() + fragments(data_set()))
        assert status_of(peer) == 0x0000
        peer.send(store_request(message_id=2, sop_class=MR) + fragments(data_set()))
        assert status_of(peer, 2) == 0x0122
    assert len(node.files) == 1


def test_one_class_twice_under_one_id_is_an_error(node: ListeningNode) -> None:
    with connected(node.server.port) as peer:
        peer.send(request(ProposedContext(1, CT, (EXPLICIT,)), ProposedContext(1, CT, ("1.2.840.10008.1.2",))))
        assert peer.read_pdu()[0] == ABORTED
