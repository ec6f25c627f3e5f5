"""When a service clock runs out: at the limit, and again after each further half of it, people and systems are told.

The first time it is who has the study (or is to have it), the readers on call whose scope it is in, and the administrators; from
the second time on all readers on call. Signing, asking the origin or a new priority ends what was told.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from node.domain.report import ReadingState
from node.ledger import notices, webhooks
from node.ledger.audit import audit
from node.ports import Node
from worklists.reading import clock, profiles, store
from worklists.reading.clock import ClockRow, Limits
from worklists.reading.profiles import Profile, Seniority
from worklists.reading.store import TaskRow

_VERIFICATION = (ReadingState.PRELIMINARY, ReadingState.VERIFYING)


def look_after_clocks(node: Node, limits: Limits) -> int:
    """Tells what is overdue; a write only when there is something. Returns how many studies."""
    now = node.clock.now()
    with node.ledger.read() as tx:
        if not is_due(tx, limits, now):
            return 0
    with node.ledger.begin() as tx:
        return tell_of_overdue(tx, limits, now)


def tell_of_overdue(tx: Connection, limits: Limits, now: datetime) -> int:
    """Tells of the studies whose clock has reached a new level; returns how many."""
    people: list[Profile] | None = None
    told = 0
    for task, modalities in store.running(tx, hold=True):
        row = ClockRow(task.clock_running_since, task.clock_used_seconds)
        face = clock.look(row, task.state, task.priority, limits, now)
        if face.level <= task.escalations or not store.escalated(tx, task, face.level, now):
            continue
        people = profiles.readers(tx) if people is None else people
        _tell(tx, task, face, people, modalities, now)
        told += 1
    return told


def is_due(tx: Connection, limits: Limits, now: datetime) -> bool:
    """Whether `tell_of_overdue` would tell anything: a look without a write."""
    return any(
        clock.look(
            ClockRow(task.clock_running_since, task.clock_used_seconds), task.state, task.priority, limits, now
        ).level
        > task.escalations
        for task, _ in store.running(tx)
    )


def _tell(
    tx: Connection, task: TaskRow, face: clock.Face, people: list[Profile], modalities: list[str], now: datetime
) -> None:
    level = face.level
    audiences = {task.claimed_by, task.assigned_to, "role:admin"} - {""}
    audiences |= {
        profile.username
        for profile in people
        if profile.is_on_call(now)
        and (level > 1 or profile.covers(modalities, task.speciality))
        and (task.state not in _VERIFICATION or profile.seniority != Seniority.TRAINEE)
    }
    about = {"modalities": ", ".join(modalities)}
    over_by = face.used_seconds - face.limit_seconds
    for audience in sorted(audiences):
        notices.tell(
            tx,
            key=f"clock:{task.id}:{level}:{int(now.timestamp())}:{audience}",
            audience=audience,
            kind="overdue-verification" if task.state in _VERIFICATION else "overdue",
            urgent=task.priority == 0 or level > 1,
            study_uid=task.study_uid,
            task_id=task.id,
            detail={"level": level, "limit_minutes": face.limit_seconds // 60, "priority": task.priority, **about},
            now=now,
        )
    webhooks.call(
        tx,
        key=f"reading-overdue:{task.id}:{level}:{int(now.timestamp())}",
        event="reading-overdue",
        body={
            "task": task.id,
            "study_instance_uid": task.study_uid,
            "state": task.state.value,
            "level": level,
            "limit_seconds": face.limit_seconds,
            "over_by_seconds": over_by,
        },
        now=now,
    )
    audit(tx, now, "node", "reading-overdue", task.id, {"level": level})
