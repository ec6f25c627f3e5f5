"""The dialling end of a link: the lower tier asks the upper one for what waits there.

One thread for each peer that we dial. Every round may be repeated: objects are recognised by their digest, entries by their
key, and the cursors move only after what they stand for is durable.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from node.dicom.dataset import dataset_digest
from node.domain.facility import Peer
from node.domain.study import Arrival, Via
from node.domain.timeline import Hop
from node.errors import NodeError, PeerBusy, PeerRefused, Retryable
from node.exchange.client import LinkClient
from node.flow.letters import keep_told, letters_to
from node.flow.link import from_json, to_json
from node.ledger import deliveries, jobs, letters, timeline
from node.ports import Batch, Node
from node.routing.retry import backoff

log = logging.getLogger(__name__)

_WAIT = 25.0  # seconds of a long poll
_PUSH = 500
_LETTERS = 100  # in one request
_TOLD_AGAIN = timedelta(days=14)  # letters of this time: the peer that is back may be one restored from a backup
_PAUSE = 2.0  # seconds between two looks at what is to be told,
_REST = 0.1  # and at least between two at whether there is a letter


class Dialler:
    """Runs the conversation with one peer until stopped."""

    def __init__(self, node: Node, peer: Peer, client: LinkClient) -> None:
        self.node = node
        self.peer = peer
        self._client = client
        self._stop = threading.Event()
        self._news = threading.Event()
        self._again = True  # letters of a while ago are told once more
        self._told_up_to = 0  # number of the newest letter at the last look
        self._threads = [
            threading.Thread(target=self._keep, args=(self.fetch,), name=f"fetch-{peer.code}", daemon=True),
            threading.Thread(target=self._keep, args=(self.push,), name=f"push-{peer.code}", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._news.set()

    def nudge(self) -> None:
        """There may be something to tell: it is looked for at once. May be called from any thread."""
        self._news.set()

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
            now = self.node.clock.now()
            for row in deliveries.waiting_for(tx, self.peer.code):
                jobs.hurry(tx, "deliver", str(row.id), now)
        self._again = True
        self.node.wake()

    def _cursor_name(self, what: str) -> str:
        return f"{what}:{self.peer.code}"

    def fetch(self) -> None:
        """One long poll: what was written about our studies first, it may be urgent; then objects, then what happened."""
        entries_name, letters_name = self._cursor_name("entries-from"), self._cursor_name("letters-from")
        with self.node.ledger.read() as tx:
            cursor, letter_cursor = (timeline.get_cursor(tx, name) for name in (entries_name, letters_name))
        answer = self._client.get(
            "/exchange/outbox", wait=_WAIT, cursor=cursor, letter_cursor=letter_cursor, wait_seconds=_WAIT
        )
        after = int(answer.get("letter_cursor", letter_cursor))  # a node of an earlier version tells none
        if after != letter_cursor:
            with self.node.ledger.begin() as tx:
                for letter in answer["letters"]:
                    keep_told(tx, self.node, self.peer, letter)
                timeline.set_cursor(tx, letters_name, after)
            self.node.wake()
        left = [why for waiting in answer["deliveries"] for why in self._fetch_delivery(waiting)]
        if answer["entries"] or answer["cursor"] != cursor:
            with self.node.ledger.begin() as tx:
                for entry in answer["entries"]:
                    self._record(tx, entry)
                timeline.set_cursor(tx, entries_name, int(answer["cursor"]))
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
        """Sends our own record of the studies that went to this peer and what was written about them; waits when there
        is nothing new.

        Whenever something is added, all of the study is sent: what happened before the study had a name there, or before
        the peer knew it, would be missing otherwise. What the peer has already has no effect there.
        """
        again, self._again = self._again, False
        try:
            waits = self._push(again)
        except BaseException:
            self._again = self._again or again
            raise
        if waits:
            self._rest()

    def _rest(self) -> None:
        """Until it is time to look again, or until there is a letter to tell: the record of studies is not told more often
        for that, it would fill a narrow line."""
        until = time.monotonic() + _PAUSE
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            if self._news.wait(left) and not self._stop.wait(_REST):
                self._news.clear()
                with self.node.ledger.read() as tx:
                    if letters.newest(tx) > self._told_up_to:
                        return

    def _push(self, again: bool) -> bool:
        """True when nothing is left to tell."""
        names = (self._cursor_name("entries-to"), self._cursor_name("letters-to"))
        with self.node.ledger.read() as tx:
            found = timeline.since(tx, timeline.get_cursor(tx, names[0]), self.node.facility, _PUSH)
            self._told_up_to = letters.newest(tx)
            cursor = timeline.get_cursor(tx, names[1])
            written = letters.since(tx, cursor, self.peer.facility, _PUSH)
            if again:
                before = letters.number_before(tx, self.node.clock.now() - _TOLD_AGAIN)
                written = [*letters.since(tx, min(before, cursor), self.peer.facility, 10 * _PUSH), *written]
            happened = list(dict.fromkeys(entry.study_instance_uid for _, entry in found))
            touched = list(dict.fromkeys([*(letter.study_instance_uid for _, letter in written), *happened]))
            outward = {uid: self._outward(tx, uid) for uid in touched}
            entries = [
                to_json(replace(entry, study_instance_uid=outward[study_uid]))
                for study_uid in happened
                if outward[study_uid]
                for entry in timeline.of_study(tx, study_uid, self.node.facility)
            ]
            told = letters_to(tx, self.peer, outward, touched)
        self._tell("entries", entries, _PUSH)
        self._tell("letters", told, _LETTERS)
        self._move_on(dict(zip(names, (found, written), strict=True)))
        return len(found) < _PUSH and (again or len(written) < _PUSH)

    def _tell(self, what: str, items: Sequence[dict[str, Any]], most: int) -> None:
        for start in range(0, len(items), most):
            self._client.post(f"/exchange/{what}", {what: items[start : start + most]})

    def _move_on(self, found: Mapping[str, Sequence[tuple[int, Any]]]) -> None:
        if any(found.values()):
            with self.node.ledger.begin() as tx:
                for name, items in found.items():
                    if items:
                        timeline.set_cursor(tx, name, items[-1][0])

    def _outward(self, tx: Any, study_uid: str) -> str:
        for row in deliveries.of_study(tx, study_uid):
            if row.destination == self.peer.code and row.outward_uid:
                return str(row.outward_uid)
        return ""
