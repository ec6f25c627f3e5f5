"""A report comes home: the patient's identity is put back, and the node receives the result as its own.

Each of its documents is brought home by itself, in whatever order they come.

Without a pseudonym row nothing is guessed: the object is held.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from node.dicom.vault import Vault
from node.domain.delivery import DeliveryEvent, ItemState
from node.domain.job import Job, NextJob
from node.domain.study import Arrival, Via
from node.domain.timeline import Hop, TimelineEntry
from node.errors import Held, NodeError, Retryable
from node.ledger import deliveries, notices, studies, timeline, vault_rows
from node.ports import Node


@dataclass(frozen=True, slots=True)
class Returned:
    instance_id: int
    reason: str = ""  # why it is held; empty when it came home
    read: bool = False  # it is what people read, not one of the documents beside it


class HomecomeStage:
    """Implements `node.ports.Stage`; the subject is a delivery to this node itself."""

    kind = "homecome"

    def work(self, job: Job, node: Node) -> Sequence[Returned]:
        with node.ledger.read() as tx:
            waiting = deliveries.items(tx, int(job.subject), [ItemState.WAITING])
        return [_bring_home(item, node) for item in waiting]

    def settle(self, tx: Any, job: Job, result: Sequence[Returned], node: Node) -> Iterable[NextJob]:
        if not result:
            return []
        delivery = int(job.subject)
        now = node.clock.now()
        for item in result:
            if item.reason:
                deliveries.set_item(tx, delivery, item.instance_id, ItemState.HELD, reason=item.reason)
            else:
                deliveries.set_item(tx, delivery, item.instance_id, ItemState.DELIVERED, delivered_at=now)
        row = deliveries.get(tx, delivery)
        assert row is not None
        counts = deliveries.counts(tx, delivery)
        if counts[ItemState.HELD]:
            why = next((i.reason for i in result if i.reason), row.last_error)
            deliveries.move(tx, delivery, DeliveryEvent.HOLD, now, last_error=why)
        else:
            deliveries.move(tx, delivery, DeliveryEvent.TAKEN, now, closed=True)
        sent = deliveries.by_outward_uid(tx, row.study_uid)
        told = next((item for item in result if item.read or item.reason), None)
        if sent is not None and told is not None:
            hop = Hop.HELD if counts[ItemState.HELD] else Hop.REPORT_REIDENTIFIED
            key = f"home:{told.instance_id}"
            timeline.record(tx, TimelineEntry(sent.study_uid, node.facility, hop, now, len(result), key=key))
            if hop == Hop.REPORT_REIDENTIFIED:
                _tell(tx, sent.study_uid, told.instance_id, now)
        return []


def _tell(tx: Any, study_uid: str, instance_id: int, now: datetime) -> None:
    """The treating doctor hears that there is a report; the notice ends when it is accepted or declined."""
    key = f"accept:{study_uid}:{instance_id}"
    notices.tell(tx, key=key, audience="role:clinician", kind="report-arrived", study_uid=study_uid, now=now)


def _bring_home(item: Any, node: Node) -> Returned:
    from node.dicom.homecoming import bring_home  # here: large, and seldom needed

    vault = Vault(node.vault_key)

    @functools.cache  # a report names hundreds of images, each several times
    def original_uid(pseudonym: str) -> str | None:
        with node.ledger.read() as tx:
            sealed = vault_rows.get(tx, "uid", pseudonym)
        return vault.open("uid", pseudonym, sealed).decode() if sealed is not None else None

    def files(study_uid: str, wanted: Collection[str]) -> dict[str, Path]:
        with node.ledger.read() as tx:
            rows = studies.current_instances(tx, study_uid)
        return {r.sop_instance_uid: node.storage.path(r.digest) for r in rows if r.sop_instance_uid in wanted}

    try:
        with node.ledger.read() as tx:
            sealed = vault_rows.get(tx, "study", item.study_uid)
        identity = json.loads(vault.open("study", item.study_uid, sealed)) if sealed is not None else None
        facility = node.registry().facility(node.facility)
        objects = bring_home(
            node.storage.path(item.stored_digest),
            identity,
            original_uid,
            files,
            organization=node.settings.node.organization or (facility.name if facility else node.facility),
        )
    except Retryable:
        raise
    except NodeError as error:
        return Returned(item.instance_id, error.record)
    except Exception as error:
        reason = Held(f"The report could not be re-identified ({type(error).__name__}).").record
        return Returned(item.instance_id, reason)
    _receive(objects, node)
    return Returned(item.instance_id, read=len(objects) > 1)


def _receive(objects: Iterable[bytes], node: Node) -> None:
    arrival = Arrival(via=Via.HOME, received_at=node.clock.now(), facility=node.facility)
    batch = node.intake.begin(arrival)
    try:
        for content in objects:
            file = batch.create()
            file.write(content)
            file.commit()
    finally:
        batch.close()
    node.wake()
