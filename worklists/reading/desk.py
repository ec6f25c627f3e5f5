"""What a radiologist does with a task: claim it, give it back, write, ask, sign. A claim is a lease; drafts outlive it.

Every function runs inside the caller's write transaction, checks the transition table and then changes the row on the
condition that nobody was quicker. Errors: `NotFound`, `NotAllowed`, `Invalid`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from node.domain.report import ReadingEvent, ReadingState
from node.domain.study import Priority
from node.domain.timeline import Hop
from node.errors import NotAllowed
from node.ledger import notices, webhooks
from node.ledger.audit import audit
from worklists.reading import profiles, store
from worklists.reading.moves import (
    Desk,
    Reader,
    change,
    following,
    get,
    give_back,
    hop,
    is_whole,
    move,
    owned,
    settle_notices,
)
from worklists.reading.ordering import CLAIMED_STATES, OPEN_STATES
from worklists.reading.store import TaskRow

__all__ = [
    "Desk", "Reader", "answered", "ask", "claim", "expire_leases", "finish", "heartbeat", "images_missing",
    "reject", "release", "set_priority", "touch", "written",
]  # fmt: skip


def claim(
    tx: Connection, desk: Desk, reader: Reader, task_id: str, *, override_scope: bool = False, alive: bool = False
) -> TaskRow:
    """Takes a task; by its owner again: renews the lease. `alive`: signs of life will come (`heartbeat`), so that the
    lease is short. What is outside the reader's scope is given only to who overrides that."""
    task = _free_when_run_out(tx, desk, get(tx, task_id))
    lease = desk.silence if alive else desk.lease
    kept = {"lease_until": desk.now + lease, "lease_seconds": int(lease.total_seconds())}
    if task.claimed_by == reader.username and task.state in CLAIMED_STATES:
        return _renew(tx, task, kept)
    if task.state in CLAIMED_STATES:
        raise NotAllowed(
            "Someone else is reading this study.", hint="Take another one, or ask them to release it.", fault="claimed"
        )
    state = following(task, ReadingEvent.CLAIM)
    if task.state == ReadingState.INCOMPLETE and task.priority != Priority.EMERGENCY.rank:
        raise NotAllowed(
            "The images of this study are still arriving.",
            hint="Wait for them, or make it an emergency to read while they come.",
            fault="incomplete",
        )
    overridden = profiles.admit(tx, reader.username, task, override=override_scope)
    after = move(tx, desk.now, task, state, claimed_by=reader.username, assigned_to="", assigned_by="", **kept)
    hop(tx, desk, task, Hop.CLAIMED, {"by": reader.display_name}, key=desk.now.isoformat())
    detail = {"outside_scope": True} if overridden else None
    audit(tx, desk.now, reader.username, "reading-claimed", task.id, detail)
    notices.over(tx, f"assigned:{task.id}", desk.now)
    return after


def heartbeat(tx: Connection, desk: Desk, reader: Reader, task_id: str, *, idle: timedelta = timedelta()) -> TaskRow:
    """The reader's page is open. The lease is short from then on: a closed laptop gives the study back. Who did nothing
    for as long as a lease lasts gives it back too. Nothing happens to a task that is theirs no longer: the answer says so."""
    task = get(tx, task_id, hold=True)
    if task.claimed_by != reader.username or task.state not in CLAIMED_STATES:
        return task
    if idle >= desk.lease:
        return give_back(tx, desk, task, {"reason": "idle"}, "node")
    seconds = int(desk.silence.total_seconds())
    return _renew(tx, task, {"lease_until": desk.now + desk.silence, "lease_seconds": seconds})


def release(tx: Connection, desk: Desk, reader: Reader, task_id: str) -> TaskRow:
    """Gives a claimed task back to the list; a draft stays with it."""
    task = get(tx, task_id)
    if task.claimed_by != reader.username and not (reader.may_take_away and task.claimed_by):
        raise NotAllowed("You have not claimed this study.", hint="Only who has claimed it can release it.")
    return give_back(tx, desk, task, {"by": reader.display_name}, reader.username)


def written(tx: Connection, desk: Desk, reader: Reader, task_id: str) -> TaskRow:
    """The reader writes: the task's part of saving a draft (`worklists.reporting.life.save`). Renews the lease."""
    task = owned(tx, task_id, reader)
    state = following(task, ReadingEvent.DRAFT)
    lease = timedelta(seconds=task.lease_seconds) if task.lease_seconds else desk.lease
    if state == task.state:
        return _renew(tx, task, {"lease_until": desk.now + lease})
    return move(tx, desk.now, task, state, lease_until=desk.now + lease)


def ask(tx: Connection, desk: Desk, reader: Reader, task_id: str) -> TaskRow:
    """The study cannot be read before the origin has answered: the clock stands, the study is out of the reader's hands and
    comes back to them. The question itself is a letter of the caller's."""
    return _wait_for_origin(tx, desk, reader, task_id, ReadingEvent.ASK, Hop.QUESTION_ASKED)


def reject(tx: Connection, desk: Desk, reader: Reader, task_id: str) -> TaskRow:
    """The images cannot be read and the origin is asked to repeat; as `ask`."""
    return _wait_for_origin(tx, desk, reader, task_id, ReadingEvent.REJECT, Hop.UNREADABLE)


def answered(tx: Connection, desk: Desk, study_uid: str) -> TaskRow | None:
    """The origin has answered a question or a request to repeat: the study can be read on, and who asked is told. None when
    the study is on no worklist."""
    task = store.task_of_study(tx, study_uid, hold=True)
    if task is None:
        return None
    reader = task.claimed_by or task.assigned_to
    key = f"answered:{task.id}:{desk.now.isoformat()}"
    notice: dict[str, Any] = {"kind": "answered", "study_uid": study_uid, "task_id": task.id, "now": desk.now}
    if reader:
        notices.tell(tx, key=key, audience=reader, **notice)
    hop(tx, desk, task, Hop.ANSWERED, {}, key=desk.now.isoformat())
    if task.state not in (ReadingState.NEEDS_INFO, ReadingState.UNREADABLE):
        return touch(tx, task, desk.now)
    state = following(task, ReadingEvent.ANSWERED)
    if not is_whole(tx, task):
        state = following(replace(task, state=state), ReadingEvent.LATE)
    return move(tx, desk.now, task, state)


def finish(
    tx: Connection, desk: Desk, reader: Reader, task_id: str, event: ReadingEvent, *, version: int, reason: str = ""
) -> TaskRow:
    """The task's part of SIGN_PRELIMINARY, SIGN, CORRECT and AMEND: state, hands, clock, hop, audit, notices. The versions of
    the report are the caller's, and so is who may do it; `version` is the one that is signed or begun. CORRECT and AMEND
    claim the task for who begins. `reason` "addendum" when what is signed stands beside a final report."""
    if event in (ReadingEvent.SIGN, ReadingEvent.SIGN_PRELIMINARY):
        return _signed(tx, desk, reader, owned(tx, task_id, reader), event, version, reason)
    task = get(tx, task_id)
    state = following(task, event)
    kept = {"lease_until": desk.now + desk.lease, "lease_seconds": int(desk.lease.total_seconds())}
    after = move(tx, desk.now, task, state, claimed_by=reader.username, **kept)
    what, kind = {
        ReadingEvent.CORRECT: (Hop.CORRECTION_BEGUN, "report-correction-begun"),
        ReadingEvent.AMEND: (Hop.ADDENDUM_BEGUN, "report-addendum-begun"),
    }[event]
    hop(tx, desk, task, what, {"by": reader.display_name}, key=f"{version}:{desk.now.isoformat()}")
    audit(tx, desk.now, reader.username, kind, task.id, {"version": version})
    return after


def set_priority(tx: Connection, desk: Desk, reader: Reader, task_id: str, priority: Priority) -> TaskRow:
    """Changes how soon an open task is to be read."""
    task = get(tx, task_id, hold=True)
    if task.state not in OPEN_STATES:
        raise NotAllowed("The study is already read.", hint="Its priority can no longer be changed.")
    if task.priority == priority.rank:
        return task
    audit(tx, desk.now, reader.username, "reading-priority", task.id, {"priority": priority.value})
    notices.over(tx, f"clock:{task.id}", desk.now)
    return change(tx, desk.now, task, priority=priority.rank, escalations=0)


def expire_leases(tx: Connection, now: datetime) -> int:
    """Returns to the list what was claimed and left; drafts stay. Returns how many."""
    tasks = store.run_out(tx, now)
    for task in tasks:
        desk = Desk(store.claimed_at(tx, task.study_uid), now, timedelta())
        give_back(tx, desk, task, {"reason": "lease"}, "node")
    return len(tasks)


def images_missing(tx: Connection, task: TaskRow) -> bool:
    """Whether images that were announced are not here, so that signing needs to be confirmed."""
    return not is_whole(tx, task)


def touch(tx: Connection, task: TaskRow, now: datetime) -> TaskRow:
    """Something that the list shows of the task has changed elsewhere: letters, opinions, critical findings."""
    store.touch(tx, task.id, now)
    return replace(task, updated_at=now)


def _signed(
    tx: Connection, desk: Desk, reader: Reader, task: TaskRow, event: ReadingEvent, version: int, reason: str
) -> TaskRow:
    written = task
    if task.state == ReadingState.CLAIMED:  # a taken-over draft counts as written
        written = replace(task, state=following(task, ReadingEvent.DRAFT))
    state = following(written, event)
    values: dict[str, Any] = {"lease_until": None, "lease_seconds": 0, "assigned_to": "", "assigned_by": ""}
    if event == ReadingEvent.SIGN_PRELIMINARY:
        after = move(tx, desk.now, task, state, claimed_by="", **values)
        what, kind = Hop.PRELIMINARY_SIGNED, "report-signed-preliminary"
    else:
        after = move(tx, desk.now, task, state, claimed_by=reader.username, signed_at=desk.now, **values)
        what, kind = (Hop.ADDENDUM_SIGNED if reason == "addendum" else Hop.SIGNED), "report-signed"
    hop(tx, desk, task, what, {"by": reader.display_name}, key=str(version))
    audit(tx, desk.now, reader.username, kind, task.id, {"version": version})
    settle_notices(tx, task, desk.now)
    body = {"task": task.id, "study_instance_uid": task.study_uid, "version": version, "at": desk.now.isoformat()}
    webhooks.call(tx, key=f"{kind}:{task.id}:{version}", event=kind, body=body, now=desk.now)
    return after


def _wait_for_origin(
    tx: Connection, desk: Desk, reader: Reader, task_id: str, event: ReadingEvent, what: Hop
) -> TaskRow:
    task = owned(tx, task_id, reader)
    state = following(task, event)
    after = move(
        tx,
        desk.now,
        task,
        state,
        claimed_by="",
        lease_until=None,
        lease_seconds=0,
        assigned_to=reader.username,
        assigned_by=reader.username,
    )
    hop(tx, desk, task, what, {"by": reader.display_name}, key=desk.now.isoformat())
    audit(tx, desk.now, reader.username, f"reading-{state.value}", task.id)
    notices.over(tx, f"clock:{task.id}", desk.now)
    return after


def _free_when_run_out(tx: Connection, desk: Desk, task: TaskRow) -> TaskRow:
    run_out = task.lease_until is not None and task.lease_until <= desk.now
    if task.state in CLAIMED_STATES and run_out:
        return give_back(tx, desk, task, {"reason": "lease"}, "node")
    return task


def _renew(tx: Connection, task: TaskRow, values: dict[str, Any]) -> TaskRow:
    """No news for the list: who has it stays the same."""
    if not store.renew(tx, task.id, task.claimed_by, **values):
        raise NotAllowed("Someone else was quicker.", hint="Open the worklist again; it has changed.")
    return replace(task, **values)
