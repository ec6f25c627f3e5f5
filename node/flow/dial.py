"""The dialling end of a link: the lower tier asks the upper one for what waits there.

One thread for each peer that we dial. Every round may be repeated: objects are recognised by their digest, entries by their
key, and the cursors move only after what they stand for is durable.
"""

from __future__ import annotations

import logging
import random
import threading
from dataclasses import replace
from typing import Any

from node.domain.facility import Peer
from node.domain.study import Arrival, Via
from node.errors import NodeError, Retryable
from node.exchange.client import LinkClient
from node.flow.link import from_json, to_json
from node.ledger import deliveries, timeline
from node.ports import Node
from node.routing.retry import backoff

log = logging.getLogger(__name__)

_WAIT = 25.0  # seconds of a long poll
_PUSH = 500


class Dialler:
    """Runs the conversation with one peer until stopped."""

    def __init__(self, node: Node, peer: Peer, client: LinkClient) -> None:
        self.node = node
        self.peer = peer
        self._client = client
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, args=(self.fetch,), name=f"fetch-{peer.code}", daemon=True),
            threading.Thread(target=self._keep, args=(self.push,), name=f"push-{peer.code}", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _keep(self, step: Any) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                step()
                failures = 0
            except NodeError as error:
                failures += 1
                level = logging.INFO if isinstance(error, Retryable) else logging.WARNING
                if failures in (1, 10) or failures % 100 == 0:
                    log.log(level, "the link to %s: %s", self.peer.code, error)
            except Exception as error:
                failures += 1
                log.error("the link to %s failed (%s)", self.peer.code, type(error).__name__)
            if failures:
                wait = min(30.0, backoff(failures, random.random()).total_seconds())  # noqa: S311
                self._stop.wait(wait)

    def fetch(self) -> None:
        """One long poll: objects first, then what happened to our studies there."""
        name = f"entries-from:{self.peer.code}"
        with self.node.ledger.read() as tx:
            cursor = timeline.get_cursor(tx, name)
        answer = self._client.get("/exchange/outbox", wait=_WAIT, cursor=cursor, wait_seconds=_WAIT)
        for waiting in answer["deliveries"]:
            self._fetch_delivery(waiting)
        if answer["entries"] or answer["cursor"] != cursor:
            with self.node.ledger.begin() as tx:
                for entry in answer["entries"]:
                    self._record(tx, entry)
                timeline.set_cursor(tx, name, int(answer["cursor"]))
            self.node.wake()

    def _record(self, tx: Any, entry: dict[str, Any]) -> None:
        sent = deliveries.by_outward_uid(tx, entry["study_instance_uid"])
        if sent is not None:
            timeline.record(tx, from_json(entry, self.peer.facility, sent.study_uid))

    def _fetch_delivery(self, waiting: dict[str, Any]) -> None:
        arrival = Arrival(
            via=Via.LINK, received_at=self.node.clock.now(), peer=self.peer.code, facility=self.peer.facility
        )
        batch = self.node.intake.begin(arrival)
        taken: dict[str, str] = {}
        try:
            for item in waiting["items"]:
                file = batch.create()
                uid = item["sop_instance_uid"]
                try:
                    self._client.download(f"/exchange/outbox/{waiting['delivery']}/{uid}", file.write)
                except BaseException:
                    file.abort()
                    raise
                file.commit()
                taken[uid] = item["digest"]
        finally:
            batch.close()
        self.node.wake()
        self._client.post(f"/exchange/outbox/{waiting['delivery']}/receipt", {"items": taken})

    def push(self) -> None:
        """Sends our own entries about studies that went to this peer; waits when there are none."""
        name = f"entries-to:{self.peer.code}"
        with self.node.ledger.read() as tx:
            cursor = timeline.get_cursor(tx, name)
            found = timeline.since(tx, cursor, self.node.facility, _PUSH)
            ours = [(number, entry, self._outward(tx, entry.study_instance_uid)) for number, entry in found]
        entries = [to_json(replace(entry, study_instance_uid=uid)) for _, entry, uid in ours if uid]
        if entries:
            self._client.post("/exchange/entries", {"entries": entries})
        if found:
            with self.node.ledger.begin() as tx:
                timeline.set_cursor(tx, name, found[-1][0])
        if len(found) < _PUSH:
            self._stop.wait(2.0)

    def _outward(self, tx: Any, study_uid: str) -> str:
        for row in deliveries.of_study(tx, study_uid):
            if row.destination == self.peer.code:
                return str(row.outward_uid)
        return ""
