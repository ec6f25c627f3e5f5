"""The answering end of a link: manifests in, what waits for the peer out, timeline entries both ways.

A peer sees and changes only what belongs to its own facility.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from node.domain.delivery import DeliveryState, ItemState
from node.domain.facility import Peer
from node.domain.job import NextJob
from node.domain.study import Priority
from node.domain.timeline import Hop, TimelineEntry
from node.errors import NotFound
from node.flow.deliver import finish
from node.ledger import deliveries, jobs, studies, timeline
from node.ledger.schema import instances
from node.ledger.schema import studies as studies_table
from node.ports import Node


def take_manifest(node: Node, peer: Peer, study_uid: str, manifest: Any) -> dict[str, Any]:
    """Keeps what the peer says of a study; answers what of it is here: {"received", "missing"}."""
    now = node.clock.now()
    with node.ledger.begin() as tx:
        study = studies.get(tx, study_uid)
        if study is not None and study.origin != peer.facility:
            raise NotFound("There is no such study of yours here.")
        known = studies.manifest(tx, study_uid)
        if known is not None and known.peer != peer.code:
            raise NotFound("There is no such study of yours here.")
        news = studies.put_manifest(
            tx,
            study_uid,
            peer=peer.code,
            closed=manifest.closed,
            priority=manifest.priority,
            expected=manifest.expected,
            withheld=manifest.withheld,
            items=manifest.items,
            now=now,
        )
        if study is not None:
            if manifest.priority.rank < Priority(study.priority).rank:
                studies.set_priority(tx, study_uid, manifest.priority)
            if news:
                jobs.enqueue(tx, NextJob("route", study_uid, priority=manifest.priority.rank), now)
        missing = _missing(tx, manifest.items)
    if news:
        node.wake()
    return {"received": len(manifest.items) - len(missing), "missing": missing}


def _missing(tx: Any, items: dict[str, str]) -> list[str]:
    uids = list(items)
    held: set[tuple[str, str]] = set()
    for start in range(0, len(uids), 500):
        query = select(instances.c.sop_instance_uid, instances.c.digest)
        rows = tx.execute(query.where(instances.c.sop_instance_uid.in_(uids[start : start + 500])))
        held.update((r.sop_instance_uid, r.digest) for r in rows)
    return [uid for uid, digest in items.items() if (uid, digest) not in held]


def outbox(node: Node, peer: Peer) -> list[dict[str, Any]]:
    """What waits to be fetched by the peer, the most urgent first."""
    waiting = []
    with node.ledger.read() as tx:
        for row in deliveries.waiting_for(tx, peer.code):
            items = [
                {"sop_instance_uid": i.outward_sop_uid, "digest": i.digest, "size": i.size}
                for i in deliveries.items(tx, row.id, [ItemState.PREPARED])
            ]
            if items:
                waiting.append({"delivery": row.id, "study_instance_uid": row.outward_uid, "items": items})
    return waiting


def outbox_file(node: Node, peer: Peer, delivery_id: int, sop_instance_uid: str) -> Path:
    """The object that the peer asks for; raises `NotFound` unless it is offered to this very peer."""
    with node.ledger.read() as tx:
        row = deliveries.get(tx, delivery_id)
        if row is not None and row.destination == peer.code:
            for item in deliveries.items(tx, delivery_id, [ItemState.PREPARED, ItemState.DELIVERED]):
                if item.outward_sop_uid == sop_instance_uid:
                    return node.storage.path(item.digest)
    raise NotFound("Nothing like that waits for you here.")


def take_receipt(node: Node, peer: Peer, delivery_id: int, digests: dict[str, str]) -> None:
    """The peer has these objects in its hands, durable. Idempotent; a receipt with a wrong digest has no effect."""
    now = node.clock.now()
    with node.ledger.begin() as tx:
        row = deliveries.get(tx, delivery_id)
        if row is None or row.destination != peer.code:
            raise NotFound("Nothing like that waits for you here.")
        for item in deliveries.items(tx, delivery_id, [ItemState.PREPARED]):
            if digests.get(item.outward_sop_uid) == item.digest:
                deliveries.set_item(
                    tx, delivery_id, item.instance_id, ItemState.DELIVERED, status="0000", delivered_at=now
                )
        if row.state != DeliveryState.VERIFIED:
            finish(tx, delivery_id, now, node, verified=True)


def entries_for(node: Node, peer: Peer, cursor: int) -> tuple[int, list[dict[str, Any]]]:
    """(new cursor, this node's timeline entries about the peer's studies after `cursor`)."""
    with node.ledger.read() as tx:
        if cursor > timeline.newest(
            tx
        ):  # this ledger was restored from a backup: all is told again, once more has no effect
            cursor = 0
        found = timeline.since(tx, cursor, node.facility)
        uids = {entry.study_instance_uid for _, entry in found}
        query = select(studies_table.c.uid).where(
            studies_table.c.uid.in_(uids), studies_table.c.origin == peer.facility
        )
        own = set(tx.execute(query).scalars())
    last = found[-1][0] if found else cursor
    return last, [to_json(entry) for _, entry in found if entry.study_instance_uid in own]


def take_entries(node: Node, peer: Peer, entries: Iterable[Any]) -> None:
    """Records what the peer's node says of its own studies; anything else is left out."""
    with node.ledger.begin() as tx:
        for item in entries:
            study = studies.get(tx, item.study_instance_uid)
            known = item.hop in set(Hop)  # a newer node may have others
            if known and study is not None and study.origin == peer.facility and not study.shadow:
                timeline.record(tx, from_json(item.model_dump(), peer.facility))


def to_json(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "study_instance_uid": entry.study_instance_uid,
        "hop": entry.hop.value,
        "at": entry.at.isoformat(),
        "instances": entry.instances,
        "detail": entry.detail,
        "key": entry.key,
    }


def from_json(content: dict[str, Any], facility: str, study_uid: str = "") -> TimelineEntry:
    """An entry of the other node's. `study_uid` replaces the UID that the other node knows the study by."""
    at = content["at"]
    return TimelineEntry(
        study_instance_uid=study_uid or content["study_instance_uid"],
        node=facility,
        hop=Hop(content["hop"]),
        at=at if isinstance(at, datetime) else datetime.fromisoformat(at),
        instances=content["instances"],
        detail=content["detail"],
        key=content["key"],
    )
