"""The dialling side of the HTTP link: addresses, secrets, what the other end's answers mean, and how much goes in a request."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from node.domain.facility import Peer, PeerKind
from node.errors import Invalid, NodeError, PeerBusy, PeerRefused, PeerUnreachable
from node.exchange.address import check_link_url, is_loopback
from node.exchange.client import LinkClient
from node.exchange.sender import LinkSender
from node.ports import Outcome, Outgoing
from tests.services import free_port


@dataclass
class FarEnd:
    """An HTTP server that writes down what it gets and answers as it is told."""

    url: str
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    answer: Callable[[bytes], bytes] = lambda body: b"{}"
    content_type: str = "application/json"
    cut: int = 0  # bytes that are promised and not sent


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            end.seen.append((self.command, self.path, dict(self.headers), body))
            content = end.answer(body)
            self.send_response(end.status)
            self.send_header("Content-Type", end.content_type)
            self.send_header("Content-Length", str(len(content) + end.cut))
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = True

        do_GET = do_PUT = do_POST = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    end = FarEnd(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield end
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "hub.token").write_text("the-secret\n")
    return tmp_path


def a_peer(url: str) -> Peer:
    return Peer("hub", PeerKind.NODE, "TW", url=url, token_file="hub.token")


@pytest.fixture
def client(far_end: FarEnd, secrets: Path) -> Iterator[LinkClient]:
    client = LinkClient(a_peer(far_end.url), secrets, timeout=10)
    yield client
    client.close()


def an_item(folder: Path, number: int, *, size: int = 10) -> Outgoing:
    file = folder / f"{number}.dcm"
    file.write_bytes(bytes([number % 256]) * size)
    return Outgoing(number, f"1.2.{number}", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", "a" * 64, size, file)


def stow_answer(taken: list[str], failed: dict[str, int]) -> bytes:
    def of(uid: str, reason: int | None = None) -> dict[str, Any]:
        item: dict[str, Any] = {"00081155": {"vr": "UI", "Value": [uid]}}
        return item if reason is None else item | {"00081197": {"vr": "US", "Value": [reason]}}

    answer = {
        "00081199": {"vr": "SQ", "Value": [of(uid) for uid in taken]},
        "00081198": {"vr": "SQ", "Value": [of(uid, reason) for uid, reason in failed.items()]},
    }
    return json.dumps(answer).encode()


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://hub.example/", "https://hub.example"),
        ("https://hub.example:8443", "https://hub.example:8443"),
        ("http://127.0.0.1:8050", "http://127.0.0.1:8050"),
        ("http://localhost:8050/", "http://localhost:8050"),
        ("http://[::1]:8050", "http://[::1]:8050"),
    ],
)
def test_a_link_is_https_or_stays_on_this_machine(url: str, kept: str) -> None:
    assert check_link_url(url) == kept


@pytest.mark.parametrize(
    "url", ["http://hub.example", "http://10.0.0.7", "ftp://hub", "hub.example", "https://", "http://127.0.0.1.evil.vn"]
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="only https is allowed"):
        check_link_url(url)


def test_a_name_that_would_have_to_be_looked_up_is_not_loopback() -> None:
    assert [is_loopback(h) for h in ("127.9.9.9", "::1", "localhost", "localhost.vn", "10.0.0.1", "")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_a_missing_secret_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"hub\.token is not in the node's secrets folder") as raised:
        LinkClient(a_peer("https://hub.example"), tmp_path)
    assert str(tmp_path) not in str(raised.value)


def test_the_secret_is_shown_with_every_call(client: LinkClient, far_end: FarEnd) -> None:
    client.get("/exchange/outbox", cursor=5)
    ((method, path, headers, _),) = far_end.seen
    assert (method, path) == ("GET", "/exchange/outbox?cursor=5")
    assert headers["Authorization"] == "Bearer the-secret"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, PeerBusy), (403, PeerBusy),  # a registry is being mended there, or a database restored
        (400, PeerBusy), (404, PeerBusy), (413, PeerBusy), (415, PeerBusy),  # no problem document: not a node
        (408, PeerBusy), (423, PeerBusy), (429, PeerBusy), (500, PeerBusy), (502, PeerBusy), (503, PeerBusy),
        (504, PeerBusy), (507, PeerBusy), (301, PeerBusy), (302, PeerBusy), (307, PeerBusy),
    ],
)  # fmt: skip
@pytest.mark.parametrize("call", ["get", "put", "download"])
def test_what_a_status_means(
    client: LinkClient, far_end: FarEnd, status: int, error: type[NodeError], call: str
) -> None:
    far_end.status = status
    calls: dict[str, Callable[[], object]] = {
        "get": lambda: client.get("/x"),
        "put": lambda: client.put("/x", {}),
        "download": lambda: client.download("/x", lambda chunk: None),
    }
    with pytest.raises(error) as raised:
        calls[call]()
    assert type(raised.value) is error
    assert str(status) in raised.value.message
    assert "the-secret" not in str(raised.value)


def test_only_a_node_that_says_why_refuses_for_good(client: LinkClient, far_end: FarEnd) -> None:
    far_end.status = 422
    far_end.content_type = "application/problem+json"
    with pytest.raises(PeerRefused, match="HTTP 422"):
        client.put("/x", {})


def test_a_machine_that_is_off_is_unreachable(secrets: Path) -> None:
    client = LinkClient(a_peer(f"http://127.0.0.1:{free_port()}"), secrets)
    with pytest.raises(PeerUnreachable, match="tried again by itself"):
        client.get("/x")
    client.close()


def test_a_download_that_ends_early_is_no_download(client: LinkClient, far_end: FarEnd) -> None:
    far_end.answer = lambda body: b"x" * 1000
    got: list[bytes] = []
    client.download("/x", got.append)
    assert b"".join(got) == b"x" * 1000
    far_end.cut = 1
    with pytest.raises(PeerUnreachable):
        client.download("/x", got.append)


def test_objects_travel_as_parts_of_one_request_and_are_answered_one_by_one(
    client: LinkClient, far_end: FarEnd, tmp_path: Path
) -> None:
    far_end.status = 202
    far_end.answer = lambda body: stow_answer(["1.2.1"], {"1.2.2": 0x0122})
    answers = client.store("2.25.1", [an_item(tmp_path, 1), an_item(tmp_path, 2)])
    assert answers == {"1.2.1": (True, ""), "1.2.2": (False, "0122")}
    ((method, path, headers, body),) = far_end.seen
    assert (method, path) == ("POST", "/dicom-web/studies/2.25.1")
    assert headers["Content-Type"].startswith('multipart/related; type="application/dicom"; boundary=')
    boundary = headers["Content-Type"].rpartition("=")[2].encode()
    parts = body.split(b"--" + boundary)
    assert parts[-1] == b"--\r\n"
    assert [p.partition(b"\r\n\r\n")[2][:-2] for p in parts[1:-1]] == [b"\x01" * 10, b"\x02" * 10]


@pytest.fixture
def fast_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request counts as quick, however busy this machine is."""
    monkeypatch.setattr("node.exchange.sender._SHORT", 600.0)


@pytest.mark.usefixtures("fast_line")
def test_a_request_holds_no_more_than_a_broken_line_may_cost(far_end: FarEnd, secrets: Path) -> None:
    far_end.answer = lambda body: stow_answer([], {})
    sender = LinkSender(secrets)
    small = [an_item(secrets, n) for n in range(70)]
    medium = [an_item(secrets, 100 + n, size=3 << 20) for n in range(6)]
    sender.send(a_peer(far_end.url), "2.25.1", [*small, *medium], lambda outcome: None)
    sizes = [body.count(b"Content-Type: application/dicom") for *_, body in far_end.seen]
    assert sizes == [32, 32, 8, 4]  # a fast line: 2, 4, 8 and 16 MB
    sender.close()


@pytest.mark.usefixtures("fast_line")
def test_an_object_larger_than_a_request_goes_in_pieces_from_where_the_far_end_is(
    far_end: FarEnd, secrets: Path
) -> None:
    size = 20 << 20
    held = 1 << 20

    def take(body: bytes) -> bytes:
        nonlocal held
        held += len(body)
        return json.dumps({"received": held} | ({"taken": True, "reason": ""} if held == size else {})).encode()

    far_end.answer = take
    sender = LinkSender(secrets)
    told: list[Outcome] = []
    item = an_item(secrets, 1, size=size)
    sender.send(a_peer(far_end.url), "2.25.1", [item], told.append)
    assert [(o.instance_id, o.delivered) for o in told] == [(1, True)]
    asked, *pieces = far_end.seen
    digest = hashlib.sha256(item.path.read_bytes()).hexdigest()
    assert asked[:2] == ("GET", f"/exchange/studies/2.25.1/objects/{digest}")
    assert [p[1].partition("?")[2] for p in pieces] == [f"offset={mb << 20}&size={size}" for mb in (1, 3, 7, 15)]
    assert b"".join(p[3] for p in pieces) == item.path.read_bytes()[1 << 20 :]
    sender.close()


def test_a_far_end_that_never_takes_the_whole_is_busy(far_end: FarEnd, secrets: Path) -> None:
    far_end.answer = lambda body: b'{"received": "none"}'
    sender = LinkSender(secrets)
    with pytest.raises(PeerBusy, match="to its end"):
        sender.send(a_peer(far_end.url), "2.25.1", [an_item(secrets, 1, size=3 << 20)], lambda outcome: None)
    assert len(far_end.seen) == 4
    sender.close()


def test_each_answer_is_an_outcome_and_silence_is_no_success(far_end: FarEnd, secrets: Path) -> None:
    far_end.answer = lambda body: stow_answer(["1.2.1"], {"1.2.2": 0x0122, "1.2.3": 0xA700})
    sender = LinkSender(secrets)
    told: list[Outcome] = []
    sender.send(a_peer(far_end.url), "2.25.1", [an_item(secrets, n) for n in range(1, 5)], told.append)
    assert [(o.instance_id, o.delivered, o.permanent, o.status) for o in told] == [
        (1, True, False, "0000"),
        (2, False, True, "0122"),
        (3, False, False, "A700"),
        (4, False, False, "none"),
    ]
    sender.close()


def test_what_was_answered_before_the_line_broke_is_told(far_end: FarEnd, secrets: Path) -> None:
    def once(body: bytes) -> bytes:
        far_end.cut = 10 if len(far_end.seen) > 1 else 0
        return stow_answer([f"1.2.{n}" for n in range(32)], {})

    far_end.answer = once
    sender = LinkSender(secrets)
    told: list[Outcome] = []
    with pytest.raises(PeerUnreachable):
        sender.send(a_peer(far_end.url), "2.25.1", [an_item(secrets, n) for n in range(40)], told.append)
    assert [o.instance_id for o in told] == list(range(32))
    sender.close()


def test_a_manifest_goes_to_its_study_and_the_answer_comes_back(far_end: FarEnd, secrets: Path) -> None:
    far_end.answer = lambda body: b'{"received": 1, "missing": ["1.2.3"]}'
    sender = LinkSender(secrets)
    answer = sender.announce(a_peer(far_end.url), "2.25.1", {"closed": True})
    assert answer == {"received": 1, "missing": ["1.2.3"]}
    ((method, path, _, body),) = far_end.seen
    assert (method, path, json.loads(body)) == ("PUT", "/exchange/studies/2.25.1/manifest", {"closed": True})
    sender.close()


@pytest.mark.parametrize("body", [b"<html>proxy</html>", b"[]", b'{"00081199": 5}', b"\xff", b""])
def test_an_answer_that_is_not_the_nodes_is_a_passing_fault(
    client: LinkClient, far_end: FarEnd, tmp_path: Path, body: bytes
) -> None:
    """A proxy's login page with status 200 must not stop a delivery for good."""
    far_end.answer = lambda _: body
    with pytest.raises(PeerBusy, match="is not a node"):
        client.store("2.25.1", [an_item(tmp_path, 1)])
    sender = LinkSender(tmp_path)
    with pytest.raises(PeerBusy, match="is not a node"):
        sender.announce(client.peer, "2.25.1", {})
