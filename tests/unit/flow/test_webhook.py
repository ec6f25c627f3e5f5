"""The hospital's own systems hear of events, in order, until they have taken them."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from node.domain.job import Job
from node.errors import PeerBusy, PeerUnreachable
from node.flow.webhook import WebhookStage
from node.ledger import notices, webhooks
from tests.web.world import World, ledger_of, make_world

JOB = Job(1, "webhook", "all", {}, 0, 1, 0, "test")


class Listener:
    """Takes what is posted, as long as `status` says so."""

    def __init__(self) -> None:
        self.status = 204
        self.heard: list[tuple[dict[str, str], bytes]] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.heard.append((dict(self.headers), body))
                self.send_response(listener.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tin"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


def world_that_tells(folder: Path, ledger_url: str, url: str, secret: bool = False) -> World:
    folder.mkdir()
    if secret:
        (folder / "hook.key").write_text("bí mật\n")
    notify = {"webhook_url": url, **({"webhook_secret_file": "hook.key"} if secret else {})}
    return make_world(folder, ledger_url, notify=notify)


def call(world: World, key: str) -> bool:
    with world.node.ledger.begin() as tx:
        return webhooks.call(tx, key=key, event="reading-overdue", body={"task": key}, now=world.clock.now())


def waiting(world: World) -> list[str]:
    with world.node.ledger.read() as tx:
        return [call.key for call in webhooks.waiting(tx, 100)]


def close(world: World) -> None:
    world.node.pool.shutdown()
    ledger_of(world).dispose()


def test_calls_are_signed_and_come_once_and_in_order(tmp_path: Path, ledger_url: str, listener: Listener) -> None:
    world = world_that_tells(tmp_path / "node", ledger_url, listener.url, secret=True)
    assert [call(world, "a"), call(world, "b"), call(world, "a")] == [True, True, False]
    assert WebhookStage().work(JOB, world.node) is False
    assert waiting(world) == []
    assert [json.loads(body)["task"] for _, body in listener.heard] == ["a", "b"]
    headers, body = listener.heard[0]
    assert json.loads(body) == {
        "id": "a", "event": "reading-overdue", "task": "a", "facility": "DEMO-TW", "made_at": "2026-03-02T08:00:00+00:00",
    }  # fmt: skip
    signed = headers["X-Lientuyen-Timestamp"].encode() + b"." + body
    expected = hmac.new("bí mật".encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Lientuyen-Signature"] == f"sha256={expected}"
    close(world)


def test_what_is_not_taken_waits_and_what_follows_it_too(tmp_path: Path, ledger_url: str, listener: Listener) -> None:
    world = world_that_tells(tmp_path / "node", ledger_url, listener.url)
    call(world, "a")
    call(world, "b")
    listener.status = 500
    with pytest.raises(PeerBusy, match="HTTP 500"):
        WebhookStage().work(JOB, world.node)
    assert waiting(world) == ["a", "b"]
    listener.status = 200
    WebhookStage().work(JOB, world.node)
    assert waiting(world) == []
    assert [json.loads(body)["task"] for _, body in listener.heard] == ["a", "a", "b"]
    assert len({headers["X-Lientuyen-Id"] for headers, _ in listener.heard}) == 2
    close(world)


def test_a_far_end_that_is_away_is_tried_again(tmp_path: Path, ledger_url: str) -> None:
    world = world_that_tells(tmp_path / "node", ledger_url, "http://127.0.0.1:1/")
    call(world, "a")
    with pytest.raises(PeerUnreachable):
        WebhookStage().work(JOB, world.node)
    assert waiting(world) == ["a"]
    close(world)


def test_without_an_address_nothing_waits(tmp_path: Path, ledger_url: str) -> None:
    world = world_that_tells(tmp_path / "node", ledger_url, "")
    for number in range(51):
        call(world, str(number))
    stage = WebhookStage()
    assert stage.work(JOB, world.node) is True
    with world.node.ledger.begin() as tx:
        (again,) = stage.settle(tx, JOB, True, world.node)
    assert again.key == "webhook:all"
    assert stage.work(JOB, world.node) is False
    assert waiting(world) == []
    close(world)


def test_a_call_that_is_refused_for_good_does_not_block_the_next(
    tmp_path: Path, ledger_url: str, listener: Listener
) -> None:
    world = world_that_tells(tmp_path / "node", ledger_url, listener.url)
    call(world, "a")
    call(world, "b")
    listener.status = 422
    assert WebhookStage().work(JOB, world.node) is False
    assert waiting(world) == []
    assert [json.loads(body)["task"] for _, body in listener.heard] == ["a", "b"]
    with world.node.ledger.read() as tx:
        told = notices.shown_to(tx, "quantri", "admin", world.clock.now())
        assert notices.shown_to(tx, "bs", "radiologist", world.clock.now()) == []
    assert [(it.kind, it.urgent, it.detail["status"]) for it in told] == [("webhook-refused", True, 422)]
    close(world)
