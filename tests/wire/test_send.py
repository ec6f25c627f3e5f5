"""Sending to DCMTK's `storescp`, to our own server, and to peers that refuse."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from node.dicom.dataset import dataset_digest
from node.dicom.network.send import StoreSender, echo
from node.errors import PeerBusy, PeerRefused, PeerUnreachable, Retryable, Unreadable
from node.ports import Outcome, Outgoing
from tests import services
from tests.wire.conftest import AE_TITLE, ListeningNode, Pacs, ScriptedPeer, a_peer, outgoing

ImageFile = Callable[..., Path]
StartPacs = Callable[..., Pacs]


@pytest.fixture
def two_images(image_file: ImageFile) -> list[Outgoing]:
    return [outgoing(number, image_file(number, rows=300)) for number in (1, 2)]


@contextmanager
def peer_that(behaves: Callable[[ScriptedPeer], None]) -> Iterator[int]:
    """A peer for one connection; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                behaves(ScriptedPeer(sock))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def test_the_peer_gets_the_bytes_as_stored(start_pacs: StartPacs, two_images: list[Outgoing]) -> None:
    pacs = start_pacs("--bit-preserving")
    outcomes: list[Outcome] = []
    StoreSender("DISTRICT").send(a_peer(pacs.port), "2.25.5", two_images, outcomes.append)
    assert outcomes == [Outcome(1, True, status="0000"), Outcome(2, True, status="0000")]
    assert sorted(map(dataset_digest, pacs.files)) == sorted(item.digest for item in two_images)


class Played(Executor):
    """A pool that does the work here, or fails as told so many times before."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.done: list[str] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.done.append(fn.__name__)
        if self.faults:
            future.set_exception(self.faults.pop(0))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_encoding_anew_is_the_work_of_the_pool_and_leaves_nothing_behind(
    start_pacs: StartPacs, two_images: list[Outgoing], tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    pool = Played(BrokenProcessPool("another one's fault"))
    outcomes: list[Outcome] = []
    sender = StoreSender("DISTRICT", pool=pool, scratch=scratch)
    sender.send(a_peer(start_pacs("+xi").port), "2.25.5", two_images, outcomes.append)
    assert [outcome.delivered for outcome in outcomes] == [True, True]
    assert pool.done == ["convert_file"] * 3
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("faults", [[BrokenProcessPool(), BrokenProcessPool()], [Unreadable("It takes too much.")]])
def test_an_object_that_cannot_be_encoded_within_limits_is_refused_and_the_next_goes(
    start_pacs: StartPacs, two_images: list[Outgoing], tmp_path: Path, faults: list[Exception]
) -> None:
    outcomes: list[Outcome] = []
    sender = StoreSender("DISTRICT", pool=Played(*faults), scratch=tmp_path)
    sender.send(a_peer(start_pacs("+xi").port), "2.25.5", two_images, outcomes.append)
    assert [(outcome.delivered, outcome.permanent) for outcome in outcomes] == [(False, True), (True, False)]


def test_a_pool_that_is_stopped_refuses_no_object(
    start_pacs: StartPacs, two_images: list[Outgoing], tmp_path: Path
) -> None:
    outcomes: list[Outcome] = []
    sender = StoreSender("DISTRICT", pool=Played(Retryable("The node is being stopped.")), scratch=tmp_path)
    with pytest.raises(Retryable):
        sender.send(a_peer(start_pacs("+xi").port), "2.25.5", two_images, outcomes.append)
    assert outcomes == []


def test_what_the_peer_cannot_take_is_encoded_anew(start_pacs: StartPacs, two_images: list[Outgoing]) -> None:
    pacs = start_pacs("+xi")  # Implicit VR Little Endian only
    outcomes: list[Outcome] = []
    StoreSender("DISTRICT").send(a_peer(pacs.port), "2.25.5", two_images, outcomes.append)
    assert [outcome.delivered for outcome in outcomes] == [True, True]
    for item, path in zip(two_images, pacs.files, strict=True):
        sent, arrived = dcmread(item.path), dcmread(path)
        assert arrived.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"
        assert arrived.PixelData == sent.PixelData
        assert arrived.PatientName == sent.PatientName


def test_only_syntaxes_of_the_registry_are_proposed(start_pacs: StartPacs, two_images: list[Outgoing]) -> None:
    pacs = start_pacs()
    peer = a_peer(pacs.port, syntaxes=("1.2.840.10008.1.2",))
    StoreSender("DISTRICT").send(peer, "2.25.5", two_images, lambda outcome: None)
    assert {dcmread(path).file_meta.TransferSyntaxUID for path in pacs.files} == {"1.2.840.10008.1.2"}


def test_an_item_that_no_proposal_can_carry_is_refused_for_good(two_images: list[Outgoing]) -> None:
    outcomes: list[Outcome] = []
    peer = a_peer(services.free_port(), syntaxes=("1.2.840.10008.1.2.4.80",))
    StoreSender("DISTRICT").send(peer, "2.25.5", two_images, outcomes.append)
    assert [(o.delivered, o.permanent) for o in outcomes] == [(False, True)] * 2
    assert "Explicit VR Little Endian" in outcomes[0].reason


def test_over_128_contexts_make_more_associations(node: ListeningNode, two_images: list[Outgoing]) -> None:
    classes = [f"1.2.840.10008.5.1.4.1.1.777.{number}" for number in range(100)]
    items = [
        Outgoing(n, two_images[0].sop_instance_uid, uid, "1.2.840.10008.1.2.1", "", 0, two_images[0].path)
        for n, uid in enumerate(classes)
    ]
    outcomes: list[Outcome] = []
    StoreSender("DISTRICT").send(a_peer(node.server.port, ae_title=AE_TITLE), "", items, outcomes.append)
    assert [outcome.status for outcome in outcomes] == ["A900"] * 100  # the file's class is another
    assert {outcome.permanent for outcome in outcomes} == {True}
    node.wait_until_alone()
    assert node.server.totals["associations"] == 2


def test_a_full_peer_is_busy_and_the_rest_waits(node: ListeningNode, two_images: list[Outgoing]) -> None:
    node.spool.full = True
    outcomes: list[Outcome] = []
    with pytest.raises(PeerBusy, match="out of resources"):
        StoreSender("DISTRICT").send(a_peer(node.server.port, ae_title=AE_TITLE), "", two_images, outcomes.append)
    assert outcomes == [Outcome(1, False, False, "A700", outcomes[0].reason)]


def test_nobody_there_is_unreachable(two_images: list[Outgoing]) -> None:
    with pytest.raises(PeerUnreachable, match="No connection to pacs"):
        StoreSender("DISTRICT").send(a_peer(services.free_port()), "", two_images, lambda outcome: None)


def test_an_unknown_caller_learns_what_to_do(node: ListeningNode, two_images: list[Outgoing]) -> None:
    peer = a_peer(node.server.port, ae_title=AE_TITLE)
    with pytest.raises(PeerRefused, match=r"calling AE title STRANGER is not recognised by pacs .* Add it there"):
        StoreSender("STRANGER").send(peer, "", two_images, lambda outcome: None)


def test_a_wrong_called_title_is_a_refusal(node: ListeningNode) -> None:
    with pytest.raises(PeerRefused, match="Mend the peer's ae_title"):
        echo(a_peer(node.server.port, ae_title="OTHER"), "DISTRICT")


def test_an_echo_is_answered(start_pacs: StartPacs) -> None:
    echo(a_peer(start_pacs().port), "DISTRICT")


def test_a_transient_rejection_is_busy() -> None:
    def behaves(peer: ScriptedPeer) -> None:
        peer.read_pdu()
        peer.send(b"\x03\x00\x00\x00\x00\x04\x00\x02\x03\x02")

    with peer_that(behaves) as port, pytest.raises(PeerBusy):
        echo(a_peer(port), "DISTRICT")


def test_an_abort_instead_of_an_answer_reports_nothing(start_pacs: StartPacs, two_images: list[Outgoing]) -> None:
    pacs = start_pacs("--abort-after")  # takes one object, then aborts instead of answering
    outcomes: list[Outcome] = []
    with pytest.raises(PeerUnreachable):
        StoreSender("DISTRICT").send(a_peer(pacs.port), "", two_images, outcomes.append)
    assert outcomes == []


@pytest.mark.parametrize(
    "answer",
    [b"\x99\x00\x00\x00\x00\x04abcd", b"\x02\x00\x00\x00\x00\x02\x00\x00", b"\x02\x00\x7f\xff\xff\xff", b""],
    ids=["unknown PDU", "cut-off acceptance", "two gigabytes", "closed"],
)
def test_a_peer_that_answers_nonsense_is_unreachable(answer: bytes) -> None:
    def behaves(peer: ScriptedPeer) -> None:
        peer.read_pdu()
        peer.send(answer)

    with peer_that(behaves) as port, pytest.raises(PeerUnreachable):
        echo(a_peer(port), "DISTRICT")


def test_a_peer_that_never_answers_is_unreachable_in_time() -> None:
    done = threading.Event()

    def behaves(peer: ScriptedPeer) -> None:
        peer.read_pdu()
        done.wait(10)

    with peer_that(behaves) as port:
        with pytest.raises(PeerUnreachable, match="timeout"):
            echo(a_peer(port), "DISTRICT", response_seconds=0.3)
        done.set()


def test_a_peer_with_small_pdus_gets_the_whole_object(two_images: list[Outgoing]) -> None:
    item = two_images[0]
    got = bytearray()

    def behaves(peer: ScriptedPeer) -> None:
        _, body = peer.read_pdu()
        user = b"\x51\x00\x00\x04" + struct.pack(">I", 1024)
        contexts = b"".join(
            struct.pack(">BxHBxBx", 0x21, 4 + len(s) + 4, i, 0) + struct.pack(">BxH", 0x40, len(s)) + s
            for i, s in ((1, b"1.2.840.10008.1.2.1"),)
        )
        accept = body[:68] + contexts + struct.pack(">BxH", 0x50, len(user)) + user
        peer.send(struct.pack(">BxI", 2, len(accept)) + accept)
        peer.read_pdu()
        while True:
            _, pdu = peer.read_pdu()
            assert len(pdu) <= 1024
            got.extend(pdu[6:])
            if pdu[5] & 2:
                break
        peer.send(b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00")

    with peer_that(behaves) as port, pytest.raises(PeerUnreachable, match="the peer aborted"):
        StoreSender("DISTRICT").send(a_peer(port), "", [item], lambda outcome: None)
    assert item.path.read_bytes().endswith(bytes(got))
    assert len(got) > 2 * 300 * 300


def test_a_file_that_is_away_is_no_permanent_refusal(start_pacs: StartPacs, two_images: list[Outgoing]) -> None:
    two_images[0].path.unlink()
    outcomes: list[Outcome] = []
    StoreSender("DISTRICT").send(a_peer(start_pacs().port), "", two_images, outcomes.append)
    assert [(o.delivered, o.permanent) for o in outcomes] == [(False, False), (True, False)]
