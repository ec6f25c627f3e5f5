"""Carries prepared instances to another node, in requests small enough that a broken line costs little."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from node.domain.facility import Peer
from node.errors import PeerBusy
from node.exchange.client import LinkClient
from node.ports import Outcome, Outgoing

_REQUEST_BYTES = 8 << 20
_REQUEST_ITEMS = 32
_PERMANENT = {"A900", "C000", "0122", "0124", "0110"}  # failure reasons that no repeat changes


class LinkSender:
    """Implements `node.ports.Sender` and `node.ports.Verifier` for peers that are nodes."""

    def __init__(self, secrets: Path) -> None:
        self._secrets = secrets
        self._clients: dict[Peer, LinkClient] = {}
        self._lock = threading.Lock()

    def client(self, peer: Peer) -> LinkClient:
        with self._lock:
            if peer not in self._clients:
                self._clients[peer] = LinkClient(peer, self._secrets)
            return self._clients[peer]

    def send(self, peer: Peer, study_uid: str, items: Sequence[Outgoing], report: Callable[[Outcome], None]) -> None:
        client = self.client(peer)
        for group in _requests(items):
            answers = client.store(study_uid, group)
            for item in group:
                report(_outcome(item, answers.get(item.sop_instance_uid)))

    def announce(self, peer: Peer, study_uid: str, manifest: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.client(peer).put(f"/exchange/studies/{study_uid}/manifest", manifest)
        if not isinstance(answer.get("missing"), list):
            raise PeerBusy(f"What answers at the address of '{peer.code}' is not a node.", hint="Check the address.")
        return answer

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def _requests(items: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    group: list[Outgoing] = []
    size = 0
    for item in items:
        if group and (size + item.size > _REQUEST_BYTES or len(group) >= _REQUEST_ITEMS):
            yield group
            group, size = [], 0
        group.append(item)
        size += item.size
    if group:
        yield group


def _outcome(item: Outgoing, answer: tuple[bool, str] | None) -> Outcome:
    if answer is None:
        return Outcome(item.instance_id, delivered=False, status="none", reason="The far end did not mention it.")
    taken, reason = answer
    if taken:
        return Outcome(item.instance_id, delivered=True, status="0000")
    words = f"The far end refused it ({reason})."
    return Outcome(item.instance_id, delivered=False, permanent=reason in _PERMANENT, status=reason, reason=words)
