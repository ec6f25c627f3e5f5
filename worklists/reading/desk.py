"""What a radiologist does with a task: claim it, give it back, write, sign. A claim is a lease; drafts outlive it.

Every function runs inside the caller's write transaction, checks the transition table and then changes the row on the
condition that nobody was quicker. Errors: `NotFound`, `NotAllowed`, `Invalid`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from node.domain.job import NextJob
from node.domain.report import READING_TRANSITIONS, ReadingEvent, ReadingState, ReportText
from node.domain.study import Priority
from node.domain.timeline import Hop, TimelineEntry
from node.domain.transitions import advance
from node.errors import Invalid, NotAllowed, NotFound
from node.ledger.audit import audit
from node.ledger.jobs import enqueue
from node.ledger.timeline import record
from worklists.reading import store
from worklists.reading.ordering import CLAIMED_STATES
from worklists.reading.store import TaskRow


@dataclass(frozen=True, slots=True)
class Reader:
    """Who acts."""

    username: str
    display_name: str
    may_take_away: bool = False  # an administrator may give back what someone else has claimed


@dataclass(frozen=True, slots=True)
class Desk:
    """The circumstances of an action."""

    facility: str  # of this node
    now: datetime
    lease: timedelta


def claim(tx: Connection, desk: Desk, reader: Reader, task_id: str) -> TaskRow:
    """Takes a ready task; by its owner again: renews the lease."""
    task = _free_when_run_out(tx, desk, _get(tx, task_id))
    until = desk.now + desk.lease
    if task.claimed_by == reader.username and task.state in CLAIMED_STATES:
        _change(tx, desk, task, lease_until=until)
        return replace(task, lease_until=until, updated_at=desk.now)
    if task.state in CLAIMED_STATES:
        raise NotAllowed("Someone else is reading this study.", hint="Take another one, or ask them to release it.")
    state = _advance(task, ReadingEvent.CLAIM)
    _change(tx, desk, task, state=state.value, claimed_by=reader.username, lease_until=until)
    _hop(tx, desk, task, Hop.CLAIMED, {"by": reader.display_name}, key=desk.now.isoformat())
    audit(tx, desk.now, reader.username, "reading-claimed", task.id)
    return replace(task, state=state, claimed_by=reader.username, lease_until=until, updated_at=desk.now)


def release(tx: Connection, desk: Desk, reader: Reader, task_id: str) -> TaskRow:
    """Gives a claimed task back to the list; a draft stays with it."""
    task = _get(tx, task_id)
    if task.claimed_by != reader.username and not (reader.may_take_away and task.claimed_by):
        raise NotAllowed("You have not claimed this study.", hint="Only who has claimed it can release it.")
    return _release(tx, desk, task, {"by": reader.display_name}, reader.username)


def draft(tx: Connection, desk: Desk, reader: Reader, task_id: str, text: ReportText) -> TaskRow:
    """Saves the text and renews the lease."""
    task = _owned(tx, task_id, reader)
    if text.key_images and store.foreign_images(tx, task.study_uid, text.key_images):
        raise Invalid("A key image does not belong to this study.", hint="Choose key images of the study that is open.")
    state = _advance(task, ReadingEvent.DRAFT)
    until = desk.now + desk.lease
    _change(tx, desk, task, state=state.value, lease_until=until)
    if store.save_draft(tx, task.id, text, reader.username, desk.now):
        _hop(tx, desk, task, Hop.DRAFTED, {"by": reader.display_name})
    return replace(task, state=state, lease_until=until, updated_at=desk.now)


def sign(
    tx: Connection, desk: Desk, reader: Reader, task_id: str, *, sop_instance_uid: str, series_instance_uid: str
) -> TaskRow:
    """Makes the draft the final report and asks for its documents, in one transaction.

    The UIDs are those of the structured report to come. Signing again by the signer has no effect.
    """
    task = _get(tx, task_id)
    if task.state == ReadingState.FINAL and task.claimed_by == reader.username:
        return task
    task = _owned(tx, task_id, reader)
    report = store.latest_report(tx, task.id)
    if report is None or report.state != "draft" or not report.text.conclusion.strip():
        raise Invalid("The conclusion is empty.", hint="Write a conclusion, then sign.")
    drafting = advance(READING_TRANSITIONS, task.state, ReadingEvent.DRAFT)  # a taken-over draft counts as written
    state = advance(READING_TRANSITIONS, drafting, ReadingEvent.SIGN)
    store.finish_report(
        tx,
        task.id,
        author=reader.username,
        sop_instance_uid=sop_instance_uid,
        series_instance_uid=series_instance_uid,
        now=desk.now,
    )
    _change(tx, desk, task, state=state.value, signed_at=desk.now, lease_until=None)
    _hop(tx, desk, task, Hop.SIGNED, {"by": reader.display_name}, key=str(report.version))
    audit(tx, desk.now, reader.username, "report-signed", task.id, {"version": report.version})
    enqueue(tx, NextJob("report", task.id, priority=task.priority), desk.now)
    return replace(task, state=state, signed_at=desk.now, lease_until=None, updated_at=desk.now)


def set_priority(tx: Connection, desk: Desk, reader: Reader, task_id: str, priority: Priority) -> TaskRow:
    """Changes how soon an open task is to be read."""
    task = _get(tx, task_id)
    if task.state in (ReadingState.FINAL, ReadingState.CANCELLED):
        raise NotAllowed("The study is already read.", hint="Its priority can no longer be changed.")
    if task.priority != priority.rank:
        _change(tx, desk, task, priority=priority.rank)
        audit(tx, desk.now, reader.username, "reading-priority", task.id, {"priority": priority.value})
    return replace(task, priority=priority.rank, updated_at=desk.now)


def expire_leases(tx: Connection, now: datetime) -> int:
    """Returns to the list what was claimed and left; drafts stay. Returns how many."""
    tasks = store.run_out(tx, now)
    for task in tasks:
        desk = Desk(store.claimed_at(tx, task.study_uid), now, timedelta())
        _release(tx, desk, task, {"reason": "lease"}, "node")
    return len(tasks)


def _get(tx: Connection, task_id: str) -> TaskRow:
    task = store.get_task(tx, task_id)
    if task is None:
        raise NotFound("There is no such reading task.", hint="Open the worklist again.")
    return task


def _owned(tx: Connection, task_id: str, reader: Reader) -> TaskRow:
    task = _get(tx, task_id)
    if task.state == ReadingState.FINAL:
        raise NotAllowed("The report is signed and cannot be changed.", hint="Open the worklist again.")
    if task.claimed_by != reader.username or task.state not in CLAIMED_STATES:
        raise NotAllowed(
            "You have not claimed this study.", hint="Claim the study first; your text is still on the page."
        )
    return task


def _free_when_run_out(tx: Connection, desk: Desk, task: TaskRow) -> TaskRow:
    run_out = task.lease_until is not None and task.lease_until <= desk.now
    if task.state in CLAIMED_STATES and run_out:
        return _release(tx, desk, task, {"reason": "lease"}, "node")
    return task


def _release(tx: Connection, desk: Desk, task: TaskRow, detail: Mapping[str, Any], actor: str) -> TaskRow:
    state = _advance(task, ReadingEvent.RELEASE)
    _change(tx, desk, task, state=state.value, claimed_by="", lease_until=None)
    _hop(tx, desk, task, Hop.RELEASED, detail, key=desk.now.isoformat())
    audit(tx, desk.now, actor, "reading-released", task.id, dict(detail) if actor == "node" else None)
    return replace(task, state=state, claimed_by="", lease_until=None, updated_at=desk.now)


def _advance(task: TaskRow, event: ReadingEvent) -> ReadingState:
    try:
        return advance(READING_TRANSITIONS, task.state, event)
    except NotAllowed:
        raise NotAllowed(
            "This is not possible in the study's present state.", hint="Open the worklist again; it may have changed."
        ) from None


def _change(tx: Connection, desk: Desk, task: TaskRow, **values: Any) -> None:
    if not store.change_task(tx, task.id, desk.now, while_in=(task.state,), held_by=task.claimed_by, **values):
        raise NotAllowed("Someone else was quicker.", hint="Open the worklist again; it has changed.")


def _hop(tx: Connection, desk: Desk, task: TaskRow, hop: Hop, detail: Mapping[str, Any], key: str = "") -> None:
    record(tx, TimelineEntry(task.study_uid, desk.facility, hop, desk.now, task.instances_received, dict(detail), key))
