"""Large objects over a line that is cut: what arrived stays, the sender goes on from there, the whole is stored once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient

from node.domain.facility import Peer, PeerKind
from node.errors import Retryable
from node.exchange.sender import LinkSender
from node.ports import Outcome, Outgoing
from tests.web.world import PEER_TOKEN, STUDY, World, ct

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def content() -> bytes:
    """A CT image of about a megabyte, as a file."""
    return ct(Rows=700, Columns=700, PixelData=bytes(2 * 700 * 700))


@pytest.fixture
def district(world: World) -> TestClient:
    client = world.client()
    client.headers["Authorization"] = f"Bearer {PEER_TOKEN}"
    return client


def url_of(content: bytes, study: str = STUDY) -> str:
    return f"/exchange/studies/{study}/objects/{hashlib.sha256(content).hexdigest()}"


def put(client: TestClient, content: bytes, first: int, last: int, study: str = STUDY) -> dict[str, object]:
    answer = client.put(
        url_of(content, study), params={"offset": first, "size": len(content)}, content=content[first:last]
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def stored(world: World) -> int:
    return len(world.node.intake.waiting(100))  # type: ignore[attr-defined]


def test_pieces_become_the_object(world: World, district: TestClient, content: bytes) -> None:
    assert district.get(url_of(content)).json() == {"received": 0}
    assert put(district, content, 0, 300_000) == {"received": 300_000}
    assert district.get(url_of(content)).json() == {"received": 300_000}
    assert stored(world) == 0
    assert put(district, content, 300_000, len(content)) == {"received": len(content), "taken": True, "reason": ""}
    assert stored(world) == 1
    world.index()
    assert district.get(url_of(content)).json() == {"received": 0}  # nothing of it stays beside the object
    assert put(district, content, 0, len(content))["taken"] is True  # again: no effect
    world.index()
    with world.node.ledger.read() as tx:
        assert tx.exec_driver_sql("select count(*) from instances").scalar() == 1


def test_a_piece_that_does_not_fit_changes_nothing_and_is_told_where_the_object_ends(
    district: TestClient, content: bytes
) -> None:
    put(district, content, 0, 1000)
    for first in (0, 999, 1001):
        assert put(district, content, first, first + 10) == {"received": 1000}


def test_bytes_that_are_not_the_named_ones_begin_anew(world: World, district: TestClient, content: bytes) -> None:
    spoilt = b"\1" * (len(content) - 500_000)
    put(district, content, 0, 500_000)
    answer = district.put(url_of(content), params={"offset": 500_000, "size": len(content)}, content=spoilt).json()
    assert answer == {"received": 0}
    assert stored(world) == 0
    assert put(district, content, 0, len(content))["taken"] is True


@pytest.mark.parametrize(("study", "reason"), [("1.2.3", "0110"), (STUDY, "C000")])
def test_what_is_refused_in_one_piece_is_refused_in_many(
    world: World, district: TestClient, content: bytes, study: str, reason: str
) -> None:
    sent = content if reason == "0110" else b"no DICOM at all" * 1000
    put(district, sent, 0, 1000, study)
    assert put(district, sent, 1000, len(sent), study) == {"received": len(sent), "taken": False, "reason": reason}
    assert stored(world) == 0


def test_an_object_beyond_the_limit_is_refused_at_once(district: TestClient, content: bytes) -> None:
    answer = district.put(url_of(content), params={"offset": 0, "size": 1 << 50}, content=b"x").json()
    assert (answer["taken"], answer["reason"]) == (False, "0110")


def test_only_nodes_may(world: World, content: bytes) -> None:
    assert world.client().get(url_of(content)).status_code == 403
    assert world.client("quantri").put(url_of(content), params={"offset": 0, "size": 9}).status_code == 403


def test_what_a_sender_began_and_left_gives_way_to_what_it_begins(
    world: World, district: TestClient, content: bytes
) -> None:
    begun = [bytes([number]) * 1000 for number in range(20)]
    for number, one in enumerate(begun):
        district.put(url_of(one), params={"offset": 0, "size": 2000}, content=one)
        (file,) = world.node.partials._folder.glob(f"*-{hashlib.sha256(one).hexdigest()}")
        os.utime(file, (number, number))  # the clock of files may be too coarse to tell them apart
    held = [district.get(url_of(one)).json()["received"] for one in begun]
    assert held == [0] * 4 + [1000] * 16
    assert put(district, content, 0, len(content))["taken"] is True


class CutLine:
    """A line in front of `port` of which every connection breaks after `allowance` bytes upwards."""

    def __init__(self, port: int, allowance: int) -> None:
        self.connections = 0
        self._port, self._allowance = port, allowance
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            far = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._copy, args=(near, far, self._allowance), daemon=True).start()
            threading.Thread(target=self._copy, args=(far, near, 1 << 40), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, target: socket.socket, allowance: int) -> None:
        try:
            while allowance > 0 and (data := source.recv(min(65536, allowance))):
                target.sendall(data)
                allowance -= len(data)
        except OSError:
            pass
        finally:
            for end in (source, target):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cut_line(world: World) -> Iterator[CutLine]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(world.app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    line = CutLine(listener.getsockname()[1], allowance=150_000)
    yield line
    line.close()
    server.should_exit = True
    thread.join(10)


def test_an_object_arrives_that_no_connection_could_carry(
    world: World, cut_line: CutLine, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "hub.token").write_text(PEER_TOKEN)
    file = tmp_path / "large.dcm"
    file.write_bytes(content)
    hub = Peer("hub", PeerKind.NODE, "TW", url=f"http://127.0.0.1:{cut_line.port}", token_file="hub.token")
    item = Outgoing(1, "1.2.3", CT, "1.2.840.10008.1.2.1", "a" * 64, 3 << 20, file)
    sender, told = LinkSender(tmp_path), list[Outcome]()
    deadline = time.monotonic() + 60
    while not told and time.monotonic() < deadline:
        try:
            sender.send(hub, STUDY, [item], told.append)
        except Retryable:
            continue  # as the runner would, later
    sender.close()
    assert [(o.delivered, o.status) for o in told] == [(True, "0000")]
    assert cut_line.connections > len(content) // 150_000
    assert stored(world) == 1
