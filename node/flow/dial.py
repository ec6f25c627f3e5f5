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

from node.dicom.dataset import dataset_digest
from node.domain.facility import Peer
from node.domain.study import Arrival, Via
from node.domain.timeline import Hop
from node.errors import NodeError, PeerBusy, PeerRefused, Retryable
from node.exchange.client import LinkClient
from node.flow.link import from_json, to_json
from node.ledger import deliveries, jobs, timeline
from node.ports import Batch, Node
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
                if failures:
                    self._hurry()
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

    def _hurry(self) -> None:
        """The peer is back: what waits for it is due now."""
        with self.node.ledger.begin() as tx:
            for row in deliveries.waiting_for(tx, self.peer.code):
                jobs.hurry(tx, "deliver", str(row.id), self.node.clock.now())
        self.node.wake()

    def fetch(self) -> None:
        """One long poll: objects first, then what happened to our studies there."""
        name = f"entries-from:{self.peer.code}"
        with self.node.ledger.read() as tx:
            cursor = timeline.get_cursor(tx, name)
        answer = self._client.get("/exchange/outbox", wait=_WAIT, cursor=cursor, wait_seconds=_WAIT)
        left = [why for waiting in answer["deliveries"] for why in self._fetch_delivery(waiting)]
        if answer["entries"] or answer["cursor"] != cursor:
            with self.node.ledger.begin() as tx:
                for entry in answer["entries"]:
                    self._record(tx, entry)
                timeline.set_cursor(tx, name, int(answer["cursor"]))
            self.node.wake()
        if left:
            raise PeerBusy(
                f"{len(left)} of the objects could not be fetched ({left[0]})", hint="It is tried again by itself."
            )

    def _record(self, tx: Any, entry: dict[str, Any]) -> None:
        sent = deliveries.by_outward_uid(tx, entry["study_instance_uid"])
        if sent is not None and entry["hop"] in set(Hop):  # a newer node may know hops that we do not
            timeline.record(tx, from_json(entry, self.peer.facility, sent.study_uid))

    def _fetch_delivery(self, waiting: dict[str, Any]) -> list[str]:
        """Takes all that it can get; returns why the others did not come. Only what is durable gets a receipt."""
        arrival = Arrival(
            via=Via.LINK, received_at=self.node.clock.now(), peer=self.peer.code, facility=self.peer.facility
        )
        batch = self.node.intake.begin(arrival)
        taken: dict[str, str] = {}
        left: list[str] = []
        try:
            for item in waiting["items"]:
                uid = item["sop_instance_uid"]
                try:
                    self._fetch_object(batch, f"/exchange/outbox/{waiting['delivery']}/{uid}", item["digest"])
                except PeerRefused as error:  # this object's fault, not the others'
                    left.append(error.message)
                else:
                    taken[uid] = item["digest"]
        finally:
            batch.close()
        self.node.wake()
        if taken:
            self._client.post(f"/exchange/outbox/{waiting['delivery']}/receipt", {"items": taken})
        return left

    def _fetch_object(self, batch: Batch, path: str, digest: str) -> None:
        file = batch.create()
        try:
            self._client.download(path, file.write)
            if dataset_digest(file.path) != digest:
                raise PeerRefused(f"An object of '{self.peer.code}' arrived damaged.")
        except BaseException:
            file.abort()
            raise
        file.commit()

    def push(self) -> None:
        """Sends our own record of the studies that went to this peer; waits when there is nothing new.

        Whenever something is added, the study's whole record is sent: what happened before the study had a name there, or
        before the peer knew it, would be missing otherwise. What the peer has already has no effect there.
        """
        name = f"entries-to:{self.peer.code}"
        with self.node.ledger.read() as tx:
            found = timeline.since(tx, timeline.get_cursor(tx, name), self.node.facility, _PUSH)
            entries = [
                to_json(replace(entry, study_instance_uid=outward))
                for study_uid in dict.fromkeys(entry.study_instance_uid for _, entry in found)
                if (outward := self._outward(tx, study_uid))
                for entry in timeline.of_study(tx, study_uid, self.node.facility)
            ]
        for start in range(0, len(entries), _PUSH):
            self._client.post("/exchange/entries", {"entries": entries[start : start + _PUSH]})
        if found:
            with self.node.ledger.begin() as tx:
                timeline.set_cursor(tx, name, found[-1][0])
        if len(found) < _PUSH:
            self._stop.wait(2.0)

    def _outward(self, tx: Any, study_uid: str) -> str:
        for row in deliveries.of_study(tx, study_uid):
            if row.destination == self.peer.code and row.outward_uid:
                return str(row.outward_uid)
        return ""
