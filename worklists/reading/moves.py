"""What every action at the desk is made of: finding the task, advancing it by the table, changing the row on the condition that
nobody was quicker, and writing the hop. Nothing here decides who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from node.domain.report import READING_TRANSITIONS, ReadingEvent, ReadingState
from node.domain.timeline import Hop, TimelineEntry
from node.domain.transitions import advance
from node.errors import NotAllowed, NotFound
from node.ledger import notices
from node.ledger.audit import audit
from node.ledger.timeline import record
from worklists.reading import clock, store
from worklists.reading.clock import ClockRow
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
    lease: timedelta  # of who gives no signs of life but by what they do
    silence: timedelta = timedelta(minutes=2)  # of who does, and falls silent


def get(tx: Connection, task_id: str, *, hold: bool = False) -> TaskRow:
    """Raises `NotFound`."""
    task = store.get_task(tx, task_id, hold=hold)
    if task is None:
        raise NotFound("There is no such reading task.", hint="Open the worklist again.")
    return task


def owned(tx: Connection, task_id: str, reader: Reader) -> TaskRow:
    """The task, claimed by this reader, for this transaction alone: what is written, signed and saved at the same time would
    pass each other else. Raises `NotAllowed` otherwise."""
    task = get(tx, task_id, hold=True)
    if task.state == ReadingState.FINAL:
        raise NotAllowed("The report is signed and cannot be changed.", hint="Open the worklist again.")
    if task.claimed_by != reader.username or task.state not in CLAIMED_STATES:
        raise NotAllowed(
            "You have not claimed this study.", hint="Claim the study first; your text is still on the page."
        )
    return task


def following(task: TaskRow, event: ReadingEvent) -> ReadingState:
    """The state after the event; raises `NotAllowed` in words for a reader."""
    try:
        return advance(READING_TRANSITIONS, task.state, event)
    except NotAllowed:
        raise NotAllowed(
            "This is not possible in the study's present state.", hint="Open the worklist again; it may have changed."
        ) from None


def change(tx: Connection, now: datetime, task: TaskRow, **values: Any) -> TaskRow:
    """Changes the row and returns it as it is then; raises `NotAllowed` when someone was quicker."""
    if not store.change_task(tx, task.id, now, while_in=(task.state,), held_by=task.claimed_by, **values):
        raise NotAllowed("Someone else was quicker.", hint="Open the worklist again; it has changed.")
    return replace(task, updated_at=now, **values)


def move(tx: Connection, now: datetime, task: TaskRow, state: ReadingState, **values: Any) -> TaskRow:
    """The same with a new state, which the service clock follows."""
    return change(tx, now, task, state=state, **clock_values(task, state, now, values.get("ready_at")), **values)


def clock_values(task: TaskRow, state: ReadingState, now: datetime, ready_at: datetime | None = None) -> dict[str, Any]:
    """The clock's columns when the task goes to this state."""
    before = ClockRow(task.clock_running_since, task.clock_used_seconds)
    complete = (task.ready_at or ready_at) is not None
    after = clock.moved(before, task.state, state, complete=complete, now=now)
    values: dict[str, Any] = {
        "clock_running_since": after.running_since,
        "clock_used_seconds": after.used_seconds,
    }
    if state == ReadingState.PRELIMINARY and task.state != ReadingState.VERIFYING:
        values["escalations"] = 0
    return values


def hop(tx: Connection, desk: Desk, task: TaskRow, what: Hop, detail: Mapping[str, Any], key: str = "") -> None:
    """Writes into the study's record."""
    record(tx, TimelineEntry(task.study_uid, desk.facility, what, desk.now, task.instances_received, dict(detail), key))


def give_back(tx: Connection, desk: Desk, task: TaskRow, detail: Mapping[str, Any], actor: str) -> TaskRow:
    """Takes a task out of its reader's hands; the draft stays with it."""
    event = ReadingEvent.RELEASE
    if (ReadingEvent.LEAVE, task.state) in _LEFT and not is_whole(tx, task):
        event = ReadingEvent.LEAVE
    state = following(task, event)
    holder = store.signer(tx, task.id) if state == ReadingState.FINAL else ""
    after = move(tx, desk.now, task, state, claimed_by=holder, lease_until=None, lease_seconds=0)
    hop(tx, desk, task, Hop.RELEASED, detail, key=desk.now.isoformat())
    audit(tx, desk.now, actor, "reading-released", task.id, dict(detail) if actor == "node" else None)
    return after


_LEFT = {(event, state) for state, event in READING_TRANSITIONS if event == ReadingEvent.LEAVE}


def is_whole(tx: Connection, task: TaskRow) -> bool:
    """Whether all images that were announced are here."""
    return task.ready_at is not None and store.arrived(tx, task.study_uid)[0].whole


def settle_notices(tx: Connection, task: TaskRow, now: datetime) -> None:
    """What people were told about a waiting study is done: someone has answered it."""
    notices.over(tx, f"clock:{task.id}", now)
    notices.over(tx, f"assigned:{task.id}", now)
