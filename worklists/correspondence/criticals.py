"""Critical findings: raised by a reader, told to the origin, noted there or by telephone, escalated when nobody takes note.

raised → told (the origin's node has it) → noted (who, with read-back) | withdrawn. When the time ran out it is escalated, and
again after each further such time; after a day of waiting the rounds grow longer, so that nobody is told without end. Every
function but `escalate` runs inside the caller's write transaction and holds the task's row before it changes anything: as signing
does, so that neither waits for the other. Errors: `NotFound`, `NotAllowed`, `Conflict`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from node.domain.letter import Letter, LetterKind
from node.domain.report import ReadingState
from node.errors import Conflict, NotAllowed, NotFound
from node.ledger import criticals, letters, notices, webhooks
from node.ledger.audit import audit
from node.ledger.criticals import CriticalRow
from node.ports import Node
from worklists.correspondence import desk
from worklists.correspondence.desk import Person, Post
from worklists.reading import store

_K = LetterKind
_NODE = "node"
_SHORTEST = timedelta(minutes=1)  # between two rounds of reminders
_SPARSE = 8  # a round is not shorter than this part of the time that the finding has waited
_ROLES = {  # as a report says them
    "clinician": {"vi": "bác sĩ điều trị", "en": "treating doctor"},
    "radiologist": {"vi": "bác sĩ chẩn đoán hình ảnh", "en": "radiologist"},
    "radiographer": {"vi": "kỹ thuật viên", "en": "radiographer"},
    "admin": {"vi": "quản trị", "en": "administrator"},
}


@dataclass(frozen=True, slots=True)
class Told:
    """How the origin was told otherwise than by the application."""

    noted_by: str  # name and role
    channel: str  # telephone | video | message
    read_back: bool


def raise_finding(
    tx: Connection, post: Post, person: Person, task_id: str, *, category: int, text: str, limit: timedelta
) -> CriticalRow:
    """Keeps the finding, tells the origin by a letter of the same id and calls the webhook. May be before the report or
    after it: then the signer is told that an addendum is due. Again under the same id: no effect."""
    known = criticals.get(tx, post.new_id)
    if known is not None:
        return known
    task = _held(tx, task_id)
    if task.state == ReadingState.CANCELLED:
        raise NotAllowed("The study is not read here any more.", hint="Open the worklist again.")
    finding = CriticalRow(
        id=post.new_id,
        task_id=task.id,
        category=category,
        text=text,
        state="raised",
        raised_by=person.username,
        raised_at=post.now,
        due_at=post.now + limit,
        remind_at=post.now + limit,
    )
    desk.refuse_identity(tx, post, task.study_uid, {"text": text})
    criticals.add(tx, finding)
    body = {"category": category, "text": text, "due_at": finding.due_at.isoformat()}
    desk.put(tx, post, person, task.study_uid, kind=_K.CRITICAL, body=body)
    store.touch(tx, task.id, post.now)
    audit(tx, post.now, person.username, "critical-raised", finding.id, {"category": category})
    call = {"finding": finding.id, "task": task.id, "study_instance_uid": task.study_uid, "category": category}
    webhooks.call(
        tx, key=f"critical:{finding.id}", event="critical-raised", body={**call, "due_at": body["due_at"]}, now=post.now
    )
    if task.state == ReadingState.FINAL:
        _ask_for_addendum(tx, finding.id, task, {person.username}, post.now)
    return finding


def note_told(tx: Connection, post: Post, person: Person, finding_id: str, told: Told) -> CriticalRow:
    """The reader told the origin by telephone: who took note there, and whether they read it back."""
    finding = _open(tx, finding_id)
    values = {"channel": told.channel, "noted_by": told.noted_by, "read_back": told.read_back, "noted_at": post.now}
    _close(tx, finding, "noted", **values)
    _tell_over(tx, post, person, finding, {"told": True, "noted_by": told.noted_by, "channel": told.channel})
    audit(tx, post.now, person.username, "critical-noted", finding.id, {"channel": told.channel})
    return _ended(tx, finding, "noted", post.now)


def withdraw(tx: Connection, post: Post, person: Person, finding_id: str, reason: str) -> CriticalRow:
    """The finding does not hold; the origin is told why."""
    finding = _open(tx, finding_id)
    _close(tx, finding, "withdrawn")
    _tell_over(tx, post, person, finding, {"told": False, "text": reason})
    audit(tx, post.now, person.username, "critical-withdrawn", finding.id)
    return _ended(tx, finding, "withdrawn", post.now)


def noted_by_letter(tx: Connection, letter: Letter, now: datetime, language: str) -> None:
    """Somebody at the origin took note in the application. The reader is told; the first note stands."""
    finding = criticals.get(tx, letter.about)
    task = _held(tx, finding.task_id) if finding is not None else None
    if finding is None or task is None or task.study_uid != letter.study_instance_uid:
        return  # nobody takes note of a finding about another hospital's patient
    role = _ROLES.get(str(letter.body.get("role", "")), {}).get(language, "")
    who = ", ".join(filter(None, (str(letter.body.get("name", ""))[:120], role)))
    values = {"channel": "application", "noted_by": who or letter.author, "noted_at": letter.at}
    read_back = bool(letter.body.get("read_back"))
    new = criticals.close(tx, finding.id, "noted", read_back=read_back, **values)
    if new:
        _ended(tx, finding, "noted", now)
    detail = {"by": who, "read_back": read_back, "after_signing": _signed(task)}
    notices.tell(
        tx,
        key=f"noted:{letter.id}",
        audience=finding.raised_by,
        kind="critical-noted",
        study_uid=task.study_uid,
        task_id=task.id,
        detail=detail,
        now=now,
    )


def escalate(node: Node, new_id: str) -> int:
    """Of what nobody took note in time, the reader, the administrators and the origin are told urgently, and the webhook
    is called again: one finding and one round at a time. Returns how many were due; `new_id` is of the reminder's letter.
    Rounds that were missed while the node was off are not made up for."""
    now = node.clock.now()
    with node.ledger.read() as tx:
        late = criticals.overdue(tx, now, limit=1)
    if not late:
        return 0
    with node.ledger.begin() as tx:
        for finding in late:
            task = _held(tx, finding.task_id)
            if criticals.mark_escalated(tx, finding, now, now + _round(finding, now)):
                _remind(tx, Post(node.facility, now, new_id), task, finding)
    node.doorbell.ring()
    node.wake()
    return len(late)


def _round(finding: CriticalRow, now: datetime) -> timedelta:
    """How long until the finding is escalated again: the time that it was given, longer when it has waited for long."""
    return max(finding.due_at - finding.raised_at, (now - finding.raised_at) / _SPARSE, _SHORTEST)


def _remind(tx: Connection, post: Post, task: store.TaskRow, finding: CriticalRow) -> None:
    key = f"overdue:{finding.id}:{int(finding.remind_at.timestamp())}"
    waited = post.now - finding.raised_at
    detail = {"category": finding.category, "waiting_minutes": int(waited.total_seconds()) // 60}
    for audience in (finding.raised_by, "role:admin"):
        notices.tell(
            tx,
            key=f"{key}:{audience}",
            audience=audience,
            kind="critical-overdue",
            urgent=True,
            study_uid=task.study_uid,
            task_id=task.id,
            detail=detail,
            now=post.now,
        )
    first = letters.get(tx, finding.id)
    if first is not None:
        body = {**first.body, "waiting_minutes": detail["waiting_minutes"]}
        desk.put(tx, post, _Nobody(), task.study_uid, kind=_K.CRITICAL, body=body, about=first.id)
    call = {"finding": finding.id, "task": task.id, "study_instance_uid": task.study_uid, **detail}
    webhooks.call(tx, key=key, event="critical-overdue", body=call, now=post.now)
    audit(tx, post.now, _NODE, "critical-escalated", finding.id, {"waiting_minutes": detail["waiting_minutes"]})
    store.touch(tx, task.id, post.now)


@dataclass(frozen=True, slots=True)
class _Nobody:
    """The node itself writes."""

    username: str = _NODE
    display_name: str = ""
    role: str = "admin"


def _tell_over(tx: Connection, post: Post, person: Person, finding: CriticalRow, body: Mapping[str, Any]) -> None:
    task = _task(tx, finding.task_id)
    desk.refuse_identity(tx, post, task.study_uid, {"text": body.get("text", "")})
    desk.put(tx, post, person, task.study_uid, kind=_K.CRITICAL_OVER, body={"text": "", **body}, about=finding.id)


def _ended(tx: Connection, finding: CriticalRow, state: str, now: datetime) -> CriticalRow:
    notices.over(tx, f"overdue:{finding.id}", now)
    task = _task(tx, finding.task_id)
    store.touch(tx, task.id, now)
    if state == "withdrawn":
        notices.over(tx, f"addendum:{finding.id}", now)
        if _signed(task) and finding.raised_at < (task.signed_at or now):
            _ask_for_addendum(tx, f"{finding.id}:withdrawn", task, {finding.raised_by}, now)
    return criticals.get(tx, finding.id) or replace(finding, state=state)


def _ask_for_addendum(
    tx: Connection, finding_id: str, task: store.TaskRow, people: Collection[str], now: datetime
) -> None:
    for username in sorted({*people, task.claimed_by} - {""}):
        notices.tell(
            tx,
            key=f"addendum:{finding_id}:{username}",
            audience=username,
            kind="addendum-due",
            study_uid=task.study_uid,
            task_id=task.id,
            now=now,
        )


def _signed(task: store.TaskRow) -> bool:
    return task.signed_at is not None


def _task(tx: Connection, task_id: str) -> store.TaskRow:
    task = store.get_task(tx, task_id)
    if task is None:
        raise NotFound("There is no such reading task.", hint="Open the worklist again.")
    return task


def _held(tx: Connection, task_id: str) -> store.TaskRow:
    """The task, for this transaction alone."""
    task = store.get_task(tx, task_id, hold=True)
    if task is None:
        raise NotFound("There is no such reading task.", hint="Open the worklist again.")
    return task


def _close(tx: Connection, finding: CriticalRow, state: str, **values: Any) -> None:
    if not criticals.close(tx, finding.id, state, **values):
        raise Conflict("Somebody else was quicker.", hint="Open the study again to see who took note.")


def _open(tx: Connection, finding_id: str) -> CriticalRow:
    """An open finding, with its task held. Raises `NotFound`, `NotAllowed`."""
    finding = criticals.get(tx, finding_id)
    if finding is None:
        raise NotFound("There is no such critical finding.", hint="Open the study again.")
    _held(tx, finding.task_id)
    finding = criticals.get(tx, finding_id) or finding  # somebody may have had it before
    if finding.state not in criticals.OPEN:
        raise NotAllowed("The finding is closed already.", hint="Open the study again to see who took note.")
    return finding
