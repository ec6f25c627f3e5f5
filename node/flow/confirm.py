"""Asking a destination to answer for the keeping of what was delivered to it (storage commitment, as SCU).

What it confirms makes the delivery verified. What it does not keep is sent again, a few times; then that is refused. A
destination that does not report is asked again under another transaction, and its late word still counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from node.domain.commitment import (
    UNMENTIONED,
    CommitmentReport,
    FailureMeaning,
    InquiryEvent,
    InquiryState,
    Reference,
    failure_meaning,
)
from node.domain.delivery import DeliveryEvent, DeliveryState, ItemState
from node.domain.facility import Peer
from node.domain.job import Job, NextJob
from node.errors import KeepingUnconfirmed, NodeError, NotKept
from node.flow.deliver import COMMIT, finish, refuse
from node.ledger import commitments, deliveries, jobs
from node.ports import Node

_ROUNDS: Final = 3  # times that an instance is sent again
_WAITS: Final = (timedelta(0), timedelta(minutes=5), timedelta(minutes=30))  # before each of them
_LEFT: Final = (ItemState.WAITING, ItemState.PREPARED, ItemState.DELIVERED)
_OPEN: Final = (InquiryState.MADE, InquiryState.ASKED, InquiryState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Asked:
    """An inquiry that the destination will answer later: when to look after it."""

    transaction_uid: str
    again_at: datetime


class CommitStage:
    """Implements `node.ports.Stage`; the subject is a delivery whose destination took all of it."""

    kind = COMMIT

    def work(self, job: Job, node: Node) -> Asked | None:
        delivery_id = int(job.subject)
        with node.ledger.read() as tx:
            delivery = deliveries.get(tx, delivery_id)
            newest = next(iter(commitments.inquiries_of(tx, delivery_id)), None)
        if delivery is None or delivery.state != DeliveryState.DELIVERED:
            return None
        peer = node.registry().peer(delivery.destination)
        if peer is None or not peer.commitment:
            return None
        patience = timedelta(hours=node.settings.dicom.commitment_hours)
        if newest is not None and newest.state == InquiryState.ASKED and _same_items(newest, delivery_id, node):
            until = newest.asked_at + patience
            if node.clock.now() < until:
                return Asked(newest.transaction_uid, until)
        conversation = _Conversation(_prepare(delivery_id, peer, newest, node), peer, node)
        try:
            references = [Reference(sop_class, uid) for uid, sop_class in conversation.items.items()]
            node.committer.ask(peer, conversation.transaction_uid, references, conversation)
        except NodeError as error:
            with node.ledger.begin() as tx:
                deliveries.update_delivery(tx, delivery_id, node.clock.now(), last_error=error.record)
            raise
        if not conversation.waiting():
            return None
        return Asked(conversation.transaction_uid, node.clock.now() + patience)

    def settle(self, tx: Any, job: Job, result: Asked | None, node: Node) -> Iterable[NextJob]:
        if result is not None:  # a job of its own, so that its time is kept to
            yield NextJob(
                COMMIT, job.subject, due_at=result.again_at, priority=job.priority, part=result.transaction_uid
            )


def take_report(node: Node, peer: str, report: CommitmentReport) -> bool:
    """What a destination says of an inquiry; durable on return. False when it was not asked for that."""
    now = node.clock.now()
    with node.ledger.begin() as tx:
        inquiry = commitments.inquiry(tx, report.transaction_uid)
        if inquiry is None or inquiry.peer != peer:
            return False
        if inquiry.state not in _OPEN:  # told again, because our answer did not reach it
            return True
        failed = _failures(inquiry.items, report)
        event = InquiryEvent.FAIL if failed else InquiryEvent.CONFIRM
        commitments.move_inquiry(tx, report.transaction_uid, event, failed=failed, answered_at=now)
        if failed:
            _send_again(tx, inquiry.delivery_id, failed, node)
        else:
            _verify(tx, inquiry.delivery_id, inquiry.items, node)
        jobs.hurry(tx, COMMIT, str(inquiry.delivery_id), now)  # nothing is to be waited for any more
    node.wake()
    return True


class _Conversation:
    """Implements `node.ports.Inquiry` for one inquiry."""

    def __init__(self, made: tuple[str, Mapping[str, str], str], peer: Peer, node: Node) -> None:
        self.transaction_uid, self.items, self._note = made
        self._peer = peer
        self._node = node

    def accepted(self) -> None:
        now = self._node.clock.now()
        with self._node.ledger.begin() as tx:
            inquiry = commitments.inquiry(tx, self.transaction_uid)
            if inquiry is not None and inquiry.state == InquiryState.MADE:  # the report may have been faster
                commitments.move_inquiry(tx, self.transaction_uid, InquiryEvent.ASK, asked_at=now)
                deliveries.update_delivery(tx, inquiry.delivery_id, now, last_error=self._note)

    def waiting(self) -> bool:
        with self._node.ledger.read() as tx:
            inquiry = commitments.inquiry(tx, self.transaction_uid)
        return inquiry is not None and inquiry.state in _OPEN

    def take(self, report: CommitmentReport) -> bool:
        return take_report(self._node, self._peer.code, report)


def _prepare(delivery_id: int, peer: Peer, newest: Any, node: Node) -> tuple[str, dict[str, str], str]:
    """(Transaction UID, what is asked for, what to note at the delivery) of an inquiry that is in the ledger.

    One that may or may not have been heard is made again under its own name: the destination knows it by that.
    """
    now = node.clock.now()
    note = ""
    with node.ledger.begin() as tx:
        items = _items(tx, delivery_id)
        if newest is not None and newest.state == InquiryState.MADE and newest.items == items:
            return newest.transaction_uid, items, ""
        if newest is not None and newest.state == InquiryState.ASKED and newest.items == items:  # it is overdue
            commitments.move_inquiry(tx, newest.transaction_uid, InquiryEvent.EXPIRE)
            note = KeepingUnconfirmed(
                f"{peer.code} has not said yet whether it keeps the objects.", hint="It is asked again."
            ).record
        transaction_uid = f"2.25.{uuid.uuid4().int}"
        commitments.make_inquiry(tx, transaction_uid, delivery_id=delivery_id, peer=peer.code, items=items, now=now)
    return transaction_uid, items, note


def _items(tx: Any, delivery_id: int) -> dict[str, str]:
    return {i.outward_sop_uid: i.sop_class_uid for i in deliveries.items(tx, delivery_id, [ItemState.DELIVERED])}


def _same_items(inquiry: Any, delivery_id: int, node: Node) -> bool:
    with node.ledger.read() as tx:
        return bool(inquiry.items == _items(tx, delivery_id))


def _failures(items: Mapping[str, str], report: CommitmentReport) -> dict[str, int | None]:
    """{SOP Instance UID: reason} of what was asked for and is not kept; None when the report does not mention it."""
    kept = {reference.sop_instance_uid for reference in report.committed}
    reasons = {reference.sop_instance_uid: reason for reference, reason in report.failed}
    return {uid: reasons.get(uid) for uid in items if uid in reasons or uid not in kept}


def _verify(tx: Any, delivery_id: int, confirmed: Mapping[str, str], node: Node) -> None:
    """Late images that the inquiry did not name wait for one that does."""
    row = deliveries.get(tx, delivery_id)
    if row is not None and row.state == DeliveryState.DELIVERED and _items(tx, delivery_id).keys() <= confirmed.keys():
        finish(tx, delivery_id, node.clock.now(), node, verified=True)


def _send_again(tx: Any, delivery_id: int, failed: Mapping[str, int | None], node: Node) -> None:
    row = deliveries.get(tx, delivery_id)
    if row is None or row.state not in (DeliveryState.DELIVERED, DeliveryState.SENDING):
        return
    now = node.clock.now()
    rounds = _failed_in_a_row(commitments.inquiries_of(tx, delivery_id))
    again, why = False, ""
    for item in deliveries.items(tx, delivery_id, [ItemState.DELIVERED]):
        if item.outward_sop_uid not in failed:
            continue
        reason = failed[item.outward_sop_uid]
        meaning = UNMENTIONED if reason is None else failure_meaning(reason)
        stop = meaning.permanent or rounds > _ROUNDS
        state = ItemState.REFUSED if stop else ItemState.PREPARED
        why = _words(row.destination, meaning)
        deliveries.set_item(tx, delivery_id, item.instance_id, state, reason=why)
        again = again or not stop
    deliveries.move(tx, delivery_id, DeliveryEvent.LOST, now)
    if again:
        due = now + _WAITS[min(rounds, _ROUNDS) - 1]
        jobs.enqueue(tx, NextJob("deliver", str(delivery_id), due_at=due, priority=row.priority), now)
    elif any(deliveries.counts(tx, delivery_id)[state] for state in _LEFT):
        finish(tx, delivery_id, now, node, verified=row.state == DeliveryState.DELIVERED)  # the rest is kept
    else:
        refuse(tx, delivery_id, why, node)


def _failed_in_a_row(inquiries: Sequence[Any]) -> int:
    count = 0
    for inquiry in inquiries:  # the newest first
        if inquiry.state == InquiryState.CONFIRMED:
            break
        count += inquiry.state == InquiryState.FAILED
    return count


def _words(destination: str, meaning: FailureMeaning) -> str:
    return NotKept(f"{destination} took the object but does not answer for keeping it: {meaning.reason}.").record
