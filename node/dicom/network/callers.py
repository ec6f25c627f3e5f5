"""Who has an association open, who was here last, and who was not let in: kept in memory, bounded, for limits, counters
and the administrator's page."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from node.domain.caller import Call, Refusal
from node.domain.facility import Peer
from node.errors import CallerRefused

_REMEMBERED: Final = 200  # refusals of different kinds, titles or addresses


@dataclass(frozen=True, slots=True)
class Attendance:
    """The state at one moment."""

    open: Mapping[str, int]  # by the peer's code; "" are callers that the registry does not know
    seen: Mapping[str, Call]  # by the peer's code: its last association that was opened
    refused: tuple[Call, ...]  # the latest first; those alike are one with a count
    refusals: Mapping[Refusal, int]  # since the start


class Callers:
    """Safe for many threads."""

    def __init__(self, most: int = 0) -> None:
        """`most`: associations that one peer, or all unknown callers together, may have open unless the peer's entry says
        otherwise; 0: any number."""
        self._most = most
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._seen: dict[str, Call] = {}
        self._refused: OrderedDict[tuple[str, str, str, Refusal], Call] = OrderedDict()
        self._refusals: Counter[Refusal] = Counter()

    def enter(self, call: Call, peer: Peer | None) -> None:
        """Counts an association in. Raises `CallerRefused` when this peer has all open that it may have."""
        code = peer.code if peer else ""
        most = (peer.max_associations if peer else 0) or self._most
        with self._lock:
            if 0 < most <= self._open[code]:
                raise CallerRefused(
                    f"{code or 'Unknown callers'} has {self._open[code]} associations open, as many as it may have.",
                    fault=Refusal.PEER_LIMIT.value,
                    hint="It tries again by itself; raise max_associations of this peer when that happens often.",
                )
            self._open[code] += 1
            if code:
                self._seen[code] = replace(call, peer=code)

    def leave(self, peer: Peer | None) -> None:
        code = peer.code if peer else ""
        with self._lock:
            self._open[code] -= 1
            if self._open[code] <= 0:
                del self._open[code]

    def refuse(self, call: Call) -> None:
        """Notes a caller that was not let in; `call.refusal` says why."""
        assert call.refusal is not None
        key = (call.calling_ae, call.called_ae, call.address, call.refusal)
        with self._lock:
            self._refusals[call.refusal] += 1
            before = self._refused.pop(key, None)
            self._refused[key] = replace(call, count=before.count + 1) if before else call
            if len(self._refused) > _REMEMBERED:
                self._refused.popitem(last=False)

    def now(self) -> Attendance:
        with self._lock:
            return Attendance(
                dict(self._open), dict(self._seen), tuple(reversed(self._refused.values())), dict(self._refusals)
            )
