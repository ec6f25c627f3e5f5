"""Carries prepared instances to another node, in requests small enough that a broken line costs little."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from node.domain.facility import Peer
from node.errors import PeerBusy, Retryable
from node.exchange.client import LinkClient
from node.ports import Outcome, Outgoing

_FIRST_BYTES = 2 << 20  # of the first request on a line
_LEAST_BYTES = 128 << 10
_MOST_BYTES = 16 << 20
_SHORT, _LONG, _TOO_LONG = 1.0, 5.0, 30.0  # seconds of a request
_REQUEST_ITEMS = 32
_IN_VAIN = 3  # pieces that the far end did not keep, before it is left for later
_PERMANENT = {"A900", "C000", "0122", "0124", "0110"}  # failure reasons that no repeat changes


class LinkSender:
    """Implements `node.ports.Sender` and `node.ports.Verifier` for peers that are nodes."""

    def __init__(self, secrets: Path) -> None:
        self._secrets = secrets
        self._clients: dict[Peer, LinkClient] = {}
        self._lock = threading.Lock()
        self._lines: dict[str, threading.Lock] = {}
        self._size: dict[str, int] = {}  # by peer: bytes of the next request

    def client(self, peer: Peer) -> LinkClient:
        with self._lock:
            if peer not in self._clients:
                self._clients[peer] = LinkClient(peer, self._secrets)
            return self._clients[peer]

    def send(self, peer: Peer, study_uid: str, items: Sequence[Outgoing], report: Callable[[Outcome], None]) -> None:
        client = self.client(peer)
        waiting = list(items)
        while waiting:
            if waiting[0].size > self._size.get(peer.code, _FIRST_BYTES):
                report(self._send_in_pieces(peer, study_uid, waiting.pop(0)))
                continue
            with self._turn(peer) as budget:
                group = _next_request(waiting, budget)
                answers = client.store(study_uid, group)
            for item in group:
                report(_outcome(item, answers.get(item.sop_instance_uid)))
            del waiting[: len(group)]

    def _send_in_pieces(self, peer: Peer, study_uid: str, item: Outgoing) -> Outcome:
        """One object that is larger than a request of this line: a cut costs the piece that was on its way, no more."""
        client = self.client(peer)
        size = item.path.stat().st_size
        with item.path.open("rb") as file:
            path = f"/exchange/studies/{study_uid}/objects/{hashlib.file_digest(file, 'sha256').hexdigest()}"
        received = _received(client.get(path))
        patience = _IN_VAIN
        while patience:
            with self._turn(peer) as budget:
                answer = client.add_piece(path, item.path, received, min(budget, size - received), size)
            if "taken" in answer:
                return _outcome(item, (bool(answer["taken"]), str(answer.get("reason", ""))))
            now = _received(answer)
            patience = _IN_VAIN if now > received else patience - 1
            received = now
        raise PeerBusy(f"'{peer.code}' does not take an object to its end.", hint="It is tried again by itself.")

    @contextmanager
    def _turn(self, peer: Peer) -> Iterator[int]:
        """The bytes that the next request may have. Studies take turns: two at once would each take twice as long."""
        with self._line(peer):
            started = time.monotonic()
            try:
                yield self._size.get(peer.code, _FIRST_BYTES)
            except Retryable:
                self._adapt(peer, _TOO_LONG)
                raise
            self._adapt(peer, time.monotonic() - started)

    def _line(self, peer: Peer) -> threading.Lock:
        with self._lock:
            return self._lines.setdefault(peer.code, threading.Lock())

    def _adapt(self, peer: Peer, seconds: float) -> None:
        """The next request of this line is to take between one and five seconds, so that a cut costs little."""
        size = self._size.get(peer.code, _FIRST_BYTES)
        if seconds < _SHORT:
            self._size[peer.code] = min(_MOST_BYTES, size * 2)
        elif seconds > _LONG:
            self._size[peer.code] = max(_LEAST_BYTES, size // (4 if seconds >= _TOO_LONG else 2))

    def announce(self, peer: Peer, study_uid: str, manifest: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.client(peer).put(f"/exchange/studies/{study_uid}/manifest", manifest)
        if not isinstance(answer.get("missing"), list):
            raise PeerBusy(f"What answers at the address of '{peer.code}' is not a node.", hint="Check the address.")
        return answer

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def _next_request(waiting: Sequence[Outgoing], budget: int) -> list[Outgoing]:
    """The first of the waiting items that fit into `budget` bytes, at least one."""
    size = 0
    for count, item in enumerate(waiting[:_REQUEST_ITEMS]):
        size += item.size
        if count and size > budget:
            return list(waiting[:count])
    return list(waiting[:_REQUEST_ITEMS])


def _received(answer: dict[str, Any]) -> int:
    received = answer.get("received")
    return max(0, received) if isinstance(received, int) else 0


def _outcome(item: Outgoing, answer: tuple[bool, str] | None) -> Outcome:
    if answer is None:
        return Outcome(item.instance_id, delivered=False, status="none", reason="The far end did not mention it.")
    taken, reason = answer
    if taken:
        return Outcome(item.instance_id, delivered=True, status="0000")
    words = f"The far end refused it ({reason})."
    return Outcome(item.instance_id, delivered=False, permanent=reason in _PERMANENT, status=reason, reason=words)
