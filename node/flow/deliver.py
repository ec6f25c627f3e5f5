"""Onto the line: prepared instances to their destination, statuses per instance, counts verified at the far end.

A passing fault is tried again for ever; a permanent refusal stops that one object. A peer that dials in to us fetches what
waits for it (`node.flow.link`), so for it this stage only offers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from node.domain.delivery import DeliveryEvent, DeliveryState, ItemState
from node.domain.facility import Peer, PeerKind
from node.domain.job import Job, NextJob
from node.domain.timeline import Hop, TimelineEntry
from node.errors import NodeError, NotFound, PeerBusy, Refused, Retryable
from node.ledger import deliveries, studies, timeline
from node.ports import Node, Outcome, Outgoing
from node.routing.retry import backoff

_FLUSH = 32  # outcomes that a crash may make us send again
COMMIT = "commit"  # the stage that asks a destination to answer for the keeping (`node.flow.confirm`)
_STOPPED = (DeliveryState.REFUSED, DeliveryState.HELD)  # only a person or late images set it going again


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one attempt. `verified` is the far end's word that it holds all of a closed delivery."""

    offered: bool = False
    verified: bool = False
    refused: str = ""


class DeliverStage:
    """Implements `node.ports.Stage`; the subject is a delivery."""

    kind = "deliver"

    def work(self, job: Job, node: Node) -> Sent | None:
        delivery_id = int(job.subject)
        with node.ledger.read() as tx:
            delivery = deliveries.get(tx, delivery_id)
        if delivery is None or delivery.destination == "" or delivery.state in _STOPPED:
            return None
        peer = node.registry().peer(delivery.destination)
        if peer is None:
            return Sent(
                refused=f"[peer-refused] The peer '{delivery.destination}' is not in the registry any more: add it, then retry."
            )
        if peer.kind == PeerKind.NODE and not peer.url:
            node.doorbell.ring()
            return Sent(offered=True)
        try:
            return _attempt(delivery_id, peer, node)
        except NodeError as error:
            now = node.clock.now()
            values: dict[str, Any] = {"attempts": delivery.attempts + 1, "last_error": error.record}
            if isinstance(error, Retryable):
                values["next_attempt_at"] = now + backoff(job.attempts + 1, 0.0)  # at the latest
            with node.ledger.begin() as tx:
                deliveries.update_delivery(tx, delivery_id, now, **values)
            if isinstance(error, Refused):
                return Sent(refused=error.record)
            raise

    def settle(self, tx: Any, job: Job, result: Sent | None, node: Node) -> Iterable[NextJob]:
        if result is None:
            return []
        delivery_id = int(job.subject)
        now = node.clock.now()
        if result.refused:
            refuse(tx, delivery_id, result.refused, node)
        elif result.offered:
            deliveries.move(tx, delivery_id, DeliveryEvent.SEND, now)
            finish(tx, delivery_id, now, node, verified=True)  # it may have fetched all before the study was closed
        else:
            finish(tx, delivery_id, now, node, verified=result.verified)
            return _commitment(tx, delivery_id, node)
        return []


def _commitment(tx: Any, delivery_id: int, node: Node) -> list[NextJob]:
    """What makes a DICOM destination that took all of it confirm that it keeps it."""
    row = deliveries.get(tx, delivery_id)
    peer = node.registry().peer(row.destination) if row is not None else None
    if row is None or row.state != DeliveryState.DELIVERED or peer is None:
        return []
    asks = peer.kind == PeerKind.DICOM and peer.commitment
    return [NextJob(COMMIT, str(delivery_id), priority=row.priority)] if asks else []


def refuse(tx: Any, delivery_id: int, reason: str, node: Node) -> None:
    """The destination will not take the study at all: a person decides."""
    now = node.clock.now()
    row = deliveries.get(tx, delivery_id)
    if row is None or row.state not in (DeliveryState.WAITING, DeliveryState.SENDING):
        return
    deliveries.move(tx, delivery_id, DeliveryEvent.REFUSE, now, last_error=reason)
    detail = {"to": row.destination, "reason": reason}
    timeline.record(
        tx, TimelineEntry(row.study_uid, node.facility, Hop.REFUSED, now, None, detail, key=f"{now:%Y%m%d%H%M%S}")
    )


def finish(tx: Any, delivery_id: int, now: datetime, node: Node, *, verified: bool) -> None:
    """Advances the delivery as far as its items allow, and records the hops."""
    row = deliveries.get(tx, delivery_id)
    assert row is not None
    counts = deliveries.counts(tx, delivery_id)
    values: dict[str, Any] = {"attempts": 0, "last_error": "", "next_attempt_at": None}
    if counts[ItemState.WAITING] or counts[ItemState.PREPARED] or not row.closed:
        deliveries.update_delivery(tx, delivery_id, now, **values)
        return
    taken = counts[ItemState.DELIVERED]
    if not taken:
        event = DeliveryEvent.REFUSE if counts[ItemState.REFUSED] else DeliveryEvent.HOLD
        if row.state in (DeliveryState.WAITING, DeliveryState.SENDING):
            deliveries.move(
                tx, delivery_id, event, now, attempts=0, last_error="[held] None of the study's objects could be sent."
            )
        return
    report = row.plan.get("report") or _is_report(tx, delivery_id)
    detail = {"to": row.destination}
    key = f"{row.route}:{row.destination}:{taken}"
    state = DeliveryState(row.state)
    if state in (DeliveryState.WAITING, DeliveryState.SENDING):
        state = deliveries.move(tx, delivery_id, DeliveryEvent.TAKEN, now, **values)
        hop = Hop.DELIVERED
        if report:  # its documents may be taken one by one: one hop all the same
            hop = Hop.REPORT_DELIVERED if _is_dicom(node, row.destination) else Hop.REPORT_SENT
            key = f"{row.route}:{row.destination}"
        timeline.record(tx, TimelineEntry(row.study_uid, node.facility, hop, now, taken, detail, key))
    if verified and state not in _STOPPED:
        deliveries.move(tx, delivery_id, DeliveryEvent.VERIFY, now, **values)
        if not report:
            timeline.record(tx, TimelineEntry(row.study_uid, node.facility, Hop.VERIFIED, now, taken, detail, key))


def _is_report(tx: Any, delivery_id: int) -> bool:
    rows = deliveries.items(tx, delivery_id)
    return bool(rows) and all(r.via in ("desk", "home") for r in rows)


def _is_dicom(node: Node, destination: str) -> bool:
    peer = node.registry().peer(destination)
    return peer is not None and peer.kind == PeerKind.DICOM


def _attempt(delivery_id: int, peer: Peer, node: Node) -> Sent:
    with node.ledger.begin() as tx:
        row = deliveries.get(tx, delivery_id)
        assert row is not None
        prepared = deliveries.items(tx, delivery_id, [ItemState.PREPARED])
        if row.state == DeliveryState.WAITING and prepared:
            deliveries.move(tx, delivery_id, DeliveryEvent.SEND, node.clock.now())
            detail = {"to": peer.code}
            entry = TimelineEntry(row.study_uid, node.facility, Hop.SENDING, node.clock.now(), len(prepared), detail)
            timeline.record(tx, _with_key(entry, f"{row.route}:{peer.code}"))
    confirms = peer.kind == PeerKind.NODE and bool(row.outward_uid)
    if confirms:
        missing = _announce(delivery_id, peer, node)
        prepared = _without_arrived(delivery_id, prepared, missing, node)
    outgoing = _outgoing(delivery_id, prepared, node)
    if outgoing:
        outbox = _Outcomes(delivery_id, node)
        try:
            node.senders[peer.kind.value].send(peer, row.outward_uid, outgoing, outbox.add)
        finally:
            outbox.flush()
        _check_passing(delivery_id, node, outbox)
    if not confirms:
        return Sent()
    with node.ledger.read() as tx:
        row = deliveries.get(tx, delivery_id)
    if row is None or not row.closed:  # more will come, and with it the next manifest
        return Sent()
    missing = _announce(delivery_id, peer, node)
    if missing is None:
        return Sent()
    if missing:
        # taken but not yet indexed there, or lost there: what it does not hold after a while is sent again
        _send_again(delivery_id, missing, node)
        raise PeerBusy(f"The far end does not hold {len(missing)} of the objects yet.")
    return Sent(verified=True)


def _without_arrived(delivery_id: int, prepared: Sequence[Any], missing: set[str] | None, node: Node) -> list[Any]:
    """Leaves out what reached the far end although its answer did not reach us: a broken line costs no second sending."""
    if missing is None:
        return list(prepared)
    arrived = [item for item in prepared if item.outward_sop_uid not in missing]
    if arrived:
        outbox = _Outcomes(delivery_id, node)
        for item in arrived:
            outbox.add(Outcome(item.instance_id, delivered=True, status="0000"))
        outbox.flush()
    return [item for item in prepared if item.outward_sop_uid in missing]


def _check_passing(delivery_id: int, node: Node, outbox: _Outcomes) -> None:
    if outbox.passing:
        raise PeerBusy(
            f"The destination could not take {outbox.passing} of the objects now ({outbox.last_reason}).",
            hint="It is tried again by itself.",
        )


def _announce(delivery_id: int, peer: Peer, node: Node) -> set[str] | None:
    """Tells the far end what the study consists of; what of that it does not hold, by UID as the far end knows it.

    None when nothing travels yet.
    """
    with node.ledger.read() as tx:
        row = deliveries.get(tx, delivery_id)
        assert row is not None
        items = deliveries.items(tx, delivery_id)
        study = studies.get(tx, row.study_uid)
    assert study is not None
    kept_back = (ItemState.HELD, ItemState.REFUSED)
    going = {i.sop_instance_uid for i in items if i.state not in kept_back}
    withheld = {i.sop_instance_uid for i in items if i.state in kept_back} - going
    travelling = [i for i in items if i.state in (ItemState.PREPARED, ItemState.DELIVERED)]
    closed = row.closed and all(i.state in (ItemState.DELIVERED, ItemState.HELD, ItemState.REFUSED) for i in items)
    manifest = {
        "closed": closed,
        "priority": study.priority,
        "expected": len(going),  # by UID: what came twice with other bytes is one object to the far end
        "withheld": len(withheld),
        "items": {i.outward_sop_uid: i.digest for i in travelling},
    }
    answer = node.verifier.announce(peer, row.outward_uid, manifest)
    return set(answer["missing"]) if travelling else None


def _send_again(delivery_id: int, missing: set[str], node: Node) -> None:
    with node.ledger.begin() as tx:
        row = deliveries.get(tx, delivery_id)
        assert row is not None
        if row.attempts < 6:  # about a minute: the far end is still indexing
            return
        for item in deliveries.items(tx, delivery_id, [ItemState.DELIVERED]):
            if item.outward_sop_uid in missing:
                deliveries.set_item(tx, delivery_id, item.instance_id, ItemState.PREPARED)


class _Outcomes:
    """Collects what the destination says and writes it down in small transactions while the sending goes on."""

    def __init__(self, delivery_id: int, node: Node) -> None:
        self._delivery = delivery_id
        self._node = node
        self._waiting: list[Outcome] = []
        self.passing = 0
        self.last_reason = ""

    def add(self, outcome: Outcome) -> None:
        self._waiting.append(outcome)
        if len(self._waiting) >= _FLUSH:
            self.flush()

    def flush(self) -> None:
        if not self._waiting:
            return
        now = self._node.clock.now()
        with self._node.ledger.begin() as tx:
            for state in (ItemState.DELIVERED, ItemState.REFUSED, ItemState.PREPARED):
                deliveries.set_items(tx, self._delivery, state, self._rows(state, now))
        for outcome in self._waiting:
            if _state_after(outcome) == ItemState.PREPARED:
                self.passing += 1
                self.last_reason = outcome.reason or outcome.status
        self._waiting.clear()

    def _rows(self, state: ItemState, now: datetime) -> list[dict[str, Any]]:
        more = {"delivered_at": now} if state == ItemState.DELIVERED else {}
        return [
            {"instance_id": o.instance_id, "status": o.status, "reason": o.reason, **more}
            for o in self._waiting
            if _state_after(o) == state
        ]


def _state_after(outcome: Outcome) -> ItemState:
    if outcome.delivered:
        return ItemState.DELIVERED
    return ItemState.REFUSED if outcome.permanent else ItemState.PREPARED


def _outgoing(delivery_id: int, prepared: Sequence[Any], node: Node) -> list[Outgoing]:
    """What can be sent. An object whose bytes are lost is held and stops no other."""
    found, lost = [], []
    for item in prepared:
        try:
            path = node.storage.path(item.digest)
        except NotFound as error:
            lost.append((item.instance_id, error.record))
            continue
        found.append(
            Outgoing(
                instance_id=item.instance_id,
                sop_instance_uid=item.outward_sop_uid,
                sop_class_uid=item.sop_class_uid,
                transfer_syntax_uid=item.transfer_syntax_uid,
                digest=item.digest,
                size=item.size,
                path=path,
            )
        )
    if lost:
        with node.ledger.begin() as tx:
            for instance_id, reason in lost:
                deliveries.set_item(tx, delivery_id, instance_id, ItemState.HELD, reason=reason)
    return found


def _with_key(entry: TimelineEntry, key: str) -> TimelineEntry:
    return TimelineEntry(entry.study_instance_uid, entry.node, entry.hop, entry.at, entry.instances, entry.detail, key)
