"""From the spool into the ledger and the storage.

The spool is the durable queue of this stage: a file leaves it only after its rows are committed, so a crash anywhere repeats
the work without effect. One object that cannot be indexed is set aside and never blocks another.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

from node.domain.job import NextJob
from node.domain.study import StudyEvent, StudyState, Via
from node.domain.timeline import Hop, TimelineEntry
from node.errors import Retryable
from node.flow.examine import Examined, SlowLane, examine_all
from node.ledger import deliveries, jobs, set_aside, studies, timeline, vault_rows
from node.ledger.report_objects import SR_CLASSES
from node.ports import Node
from node.storage.spool import Received, Spool

log = logging.getLogger(__name__)

_BATCH = 256
_REST = 0.2  # seconds at most between two batches: under load they grow instead of getting more
_RUSH = 16  # objects in the journal that make a rush: as long as more come,
_PATIENCE = 1.0  # the index holds back for so many seconds at most, and leaves the processors to receiving,
_PAUSE = 0.03  # and so many seconds without a new one end it


class Indexer:
    """Takes what lies in the spool, batch by batch. `aside` reads the headers that take long (else the node's pool does)."""

    def __init__(self, node: Node, spool: Spool, aside: Executor | None = None) -> None:
        self.node = node
        self.spool = spool
        self._noted: frozenset[str] = frozenset()
        self._rest_until = float("-inf")
        self._slow = SlowLane(aside or node.pool)

    def step(self) -> int:
        """Indexes one batch; returns how many files it took (0: nothing to do now). Raises `Retryable`."""
        time.sleep(max(0.0, self._rest_until - time.monotonic()))
        self._let_pass()
        began = time.monotonic()
        waiting = [r for r in self.spool.waiting(_BATCH + len(self._slow)) if r not in self._slow]
        late = self._slow.take()
        if not waiting and not late:
            return 0
        self._take(waiting, late)
        ended = time.monotonic()
        self._rest_until = ended + (0.0 if len(waiting) == _BATCH else min(_REST, 2 * (ended - began)))
        return len(waiting)

    def _let_pass(self) -> None:
        """A study that comes at the line's speed is indexed in large batches right behind, not in many beside it."""
        until = time.monotonic() + _PATIENCE
        before, now = 0, self.spool.rushing
        while now >= _RUSH and now > before and time.monotonic() < until:
            time.sleep(_PAUSE)
            before, now = now, self.spool.rushing

    def _take(self, waiting: Sequence[Received], late: Sequence[Examined]) -> None:
        examined = [*late]
        for item in examine_all(waiting, self.node.pool):
            if item.slow:
                self._slow.add(item.received)
            else:
                examined.append(item)
        for item in examined:
            if item.header is None:
                self._set_aside(item.received, item.reason)
        good = [item for item in examined if item.header is not None]
        self.node.storage.adopt((item.received.path, item.header.digest) for item in good if item.header)
        self._index(good)
        self.spool.done([item.received.path for item in examined])
        self.node.wake()

    def _index(self, items: Sequence[Examined]) -> None:
        try:
            with self.node.ledger.begin() as tx:
                _write(tx, items, self.node)
        except Retryable:
            raise
        except Exception as error:
            if len(items) == 1:
                log.error("an object could not be indexed (%s), it is set aside", type(error).__name__)
                self._set_aside(items[0].received, f"It could not be indexed ({type(error).__name__}).")
                return
            for item in items:  # find the one that spoils the batch
                self._index([item])

    def _set_aside(self, received: Received, reason: str) -> None:
        size = received.path.stat().st_size
        name = self.spool.set_aside(received.path, reason, received.arrival)
        with self.node.ledger.begin() as tx:
            set_aside.put(tx, name, reason, received.arrival, size)

    def note_quarantine(self) -> None:
        """Brings the quarantine's table up to what lies in the folder: others set things aside there and take them out."""
        listed = self.spool.aside.names()
        if listed == self._noted:
            return
        with self.node.ledger.begin() as tx:
            known = set_aside.names(tx)
            set_aside.remove(tx, known - listed)
            for name, reason, arrival, size in self.spool.aside.items(listed - known):
                set_aside.put(tx, name, reason, arrival, size)
        self._noted = listed


def _write(tx: Any, items: Sequence[Examined], node: Node) -> None:
    now = node.clock.now()
    touched: dict[str, list[Examined]] = {}
    for item in items:
        header, arrival = item.header, item.received.arrival
        assert header is not None
        shadow = arrival.via == Via.LINK and vault_rows.has(tx, "study", header.study_instance_uid)
        if studies.add_instance(tx, header, arrival, name_key=item.name_key, shadow=shadow, packed=item.packed):
            touched.setdefault(header.study_instance_uid, []).append(item)
    for study_uid in sorted(touched):  # rows are locked in one order, and all before the timeline: no deadlock
        studies.summarise(tx, study_uid)
    for study_uid, new in touched.items():
        _note(tx, study_uid, new, node)
        study = studies.get(tx, study_uid)
        assert study is not None
        rank = ("emergency", "urgent", "routine").index(study.priority)
        jobs.enqueue(tx, NextJob("route", study_uid, priority=rank), now)


def _note(tx: Any, study_uid: str, new: Sequence[Examined], node: Node) -> None:
    study = studies.get(tx, study_uid)
    assert study is not None
    first = min(item.received.arrival.received_at for item in new)
    images = [item for item in new if item.received.arrival.via not in (Via.DESK, Via.HOME)]
    if study.shadow:
        delivery = deliveries.by_outward_uid(tx, study_uid)
        reports = [item.header for item in new if item.header and item.header.sop_class_uid in SR_CLASSES]
        if delivery is not None and reports:  # the documents beside a report are no news
            entry = TimelineEntry(delivery.study_uid, node.facility, Hop.REPORT_RECEIVED, first, len(new))
            timeline.record(tx, replace(entry, key=reports[0].sop_instance_uid))
    elif images:
        timeline.record(tx, TimelineEntry(study_uid, node.facility, Hop.FIRST_IMAGE, study.first_received_at, 1))
    if images:
        before = studies.move(tx, study_uid, StudyEvent.IMAGES, node.clock.now())
        if before == StudyState.COMPLETE and not study.shadow:
            entry = TimelineEntry(
                study_uid, node.facility, Hop.LATE_IMAGES, first, len(images), key=str(study.instances)
            )
            timeline.record(tx, entry)
