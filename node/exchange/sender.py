"""Carries prepared instances to another node, in requests small enough that a broken line costs little."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
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
            with self._line(peer):  # studies take turns: two requests at once would each take twice as long
                group = _next_request(waiting, self._size.get(peer.code, _FIRST_BYTES))
                started = time.monotonic()
                try:
                    answers = client.store(study_uid, group)
                except Retryable:
                    self._adapt(peer, _TOO_LONG)
                    raise
                self._adapt(peer, time.monotonic() - started)
            for item in group:
                report(_outcome(item, answers.get(item.sop_instance_uid)))
            del waiting[: len(group)]

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


def _outcome(item: Outgoing, answer: tuple[bool, str] | None) -> Outcome:
    if answer is None:
        return Outcome(item.instance_id, delivered=False, status="none", reason="The far end did not mention it.")
    taken, reason = answer
    if taken:
        return Outcome(item.instance_id, delivered=True, status="0000")
    words = f"The far end refused it ({reason})."
    return Outcome(item.instance_id, delivered=False, permanent=reason in _PERMANENT, status=reason, reason=words)
