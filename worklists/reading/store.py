"""Reading tasks and reports as rows. A task changes by a conditional UPDATE; whether it changed a row decides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from node.domain.report import ReadingState
from node.domain.study import Via
from node.domain.timeline import Hop
from node.ledger.schema import instances, manifests, reading_tasks, reports, studies, timeline
from node.ledger.studies import unpack
from worklists.reading.ordering import CLAIMED_STATES
from worklists.reading.subject import question_of, speciality_of


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A reading task as it is kept."""

    id: str
    study_uid: str
    state: ReadingState
    priority: int
    instances_received: int
    instances_expected: int | None
    claimed_by: str
    lease_until: datetime | None
    lease_seconds: int
    assigned_to: str
    assigned_by: str
    speciality: str
    clinical_question: str
    clock_running_since: datetime | None
    clock_used_seconds: int
    escalations: int
    ready_at: datetime | None
    signed_at: datetime | None
    created_at: datetime
    updated_at: datetime


_WIDTH = len(TaskRow.__slots__)  # the columns of `reading_tasks`, in their order; a test compares them


@dataclass(frozen=True, slots=True)
class Arrived:
    """What is here of a study: how many objects, how many are expected (None: nobody said), whether that is all."""

    received: int
    expected: int | None
    whole: bool


@dataclass(frozen=True, slots=True)
class About:
    """The sub-speciality that reads a study and the clinical question; either may be empty."""

    speciality: str
    question: str


def get_task(tx: Connection, task_id: str, *, hold: bool = False) -> TaskRow | None:
    """`hold`: nobody else changes the task until this transaction ends (SQLite has one writer anyway)."""
    query = select(reading_tasks).where(reading_tasks.c.id == task_id)
    row = tx.execute(query.with_for_update() if hold else query).one_or_none()
    return None if row is None else task_from(row)


def task_of_study(tx: Connection, study_uid: str, *, hold: bool = False) -> TaskRow | None:
    """`hold`: as with `get_task`."""
    query = select(reading_tasks).where(reading_tasks.c.study_uid == study_uid)
    row = tx.execute(query.with_for_update() if hold else query).one_or_none()
    return None if row is None else task_from(row)


def insert_task(tx: Connection, task: TaskRow) -> None:
    values = {name: getattr(task, name) for name in TaskRow.__slots__}
    tx.execute(insert(reading_tasks).values({**values, "state": task.state.value}))


def change_task(
    tx: Connection, task_id: str, now: datetime, *, while_in: Collection[ReadingState], held_by: str, **values: Any
) -> bool:
    """Changes the task when it is in one of these states and in these hands ("" for nobody's); False when it is not."""
    if isinstance(state := values.get("state"), ReadingState):
        values["state"] = state.value
    changed = tx.execute(
        update(reading_tasks)
        .where(
            reading_tasks.c.id == task_id,
            reading_tasks.c.state.in_([state.value for state in while_in]),
            reading_tasks.c.claimed_by == held_by,
        )
        .values(updated_at=now, **values)
    )
    return bool(changed.rowcount)


def renew(tx: Connection, task_id: str, held_by: str, **values: Any) -> bool:
    """Changes the lease of a task in these hands, without a trace in the list; False when it is not."""
    changed = tx.execute(
        update(reading_tasks)
        .where(
            reading_tasks.c.id == task_id,
            reading_tasks.c.claimed_by == held_by,
            reading_tasks.c.state.in_([state.value for state in CLAIMED_STATES]),
        )
        .values(**values)
    )
    return bool(changed.rowcount)


def touch(tx: Connection, task_id: str, now: datetime) -> None:
    """What the list shows of the task has changed elsewhere."""
    tx.execute(update(reading_tasks).where(reading_tasks.c.id == task_id).values(updated_at=now))


def run_out(tx: Connection, now: datetime, limit: int = 200) -> Sequence[TaskRow]:
    """Claimed tasks whose lease ran out; they are held, but for those that somebody else holds just now."""
    rows = tx.execute(
        select(reading_tasks)
        .where(
            reading_tasks.c.state.in_([state.value for state in CLAIMED_STATES]),
            reading_tasks.c.lease_until <= now,
        )
        .order_by(reading_tasks.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [task_from(row) for row in rows]


def waiting(tx: Connection, states: Collection[ReadingState]) -> list[tuple[TaskRow, list[str]]]:
    """The tasks that nobody has in these states, with the modalities of their studies."""
    return _with_modalities(
        tx, reading_tasks.c.state.in_([state.value for state in states]), reading_tasks.c.claimed_by == ""
    )


def running(tx: Connection, *, hold: bool = False) -> list[tuple[TaskRow, list[str]]]:
    """The tasks whose service clock runs, with the modalities of their studies. `hold`: for this transaction alone, but for
    those that somebody else holds just now."""
    return _with_modalities(tx, reading_tasks.c.clock_running_since.is_not(None), hold=hold)


def _with_modalities(
    tx: Connection, *conditions: ColumnElement[bool], hold: bool = False
) -> list[tuple[TaskRow, list[str]]]:
    query = select(reading_tasks, studies.c.modalities).join(studies, studies.c.uid == reading_tasks.c.study_uid)
    query = query.where(*conditions)
    if hold:
        query = query.order_by(reading_tasks.c.id).with_for_update(of=reading_tasks, skip_locked=True)
    return [(task_from(row), [m for m in row.modalities.split("\\") if m]) for row in tx.execute(query)]


def escalated(tx: Connection, task: TaskRow, level: int, now: datetime) -> bool:
    """Writes that people were told at this level; False when someone else did, or the clock stopped meanwhile."""
    changed = tx.execute(
        update(reading_tasks)
        .where(
            reading_tasks.c.id == task.id,
            reading_tasks.c.escalations == task.escalations,
            reading_tasks.c.clock_running_since.is_not(None),
        )
        .values(escalations=level, updated_at=now)
    )
    return bool(changed.rowcount)


def claimed_at(tx: Connection, study_uid: str) -> str:
    """The facility at whose desk the study was claimed last, by its timeline."""
    last = tx.execute(
        select(timeline.c.node)
        .where(timeline.c.study_uid == study_uid, timeline.c.hop == Hop.CLAIMED.value)
        .order_by(timeline.c.id.desc())
        .limit(1)
    ).scalar()
    return last or ""


def signer(tx: Connection, task_id: str) -> str:
    """Who signed the newest report of the task that is final."""
    query = select(reports.c.author).where(reports.c.task_id == task_id, reports.c.state == "final")
    return tx.execute(query.order_by(reports.c.version.desc()).limit(1)).scalar() or ""


def signers(tx: Connection, task_id: str) -> set[str]:
    """Whose signatures the reports of the task have, preliminary ones included."""
    query = select(reports.c.author, reports.c.signatures).where(
        reports.c.task_id == task_id, reports.c.state.in_(("preliminary", "final"))
    )
    return {name for row in tx.execute(query) for name in (row.author, *(s["username"] for s in row.signatures))}


def foreign_images(tx: Connection, study_uid: str, sop_instance_uids: Collection[str]) -> set[str]:
    """Those of the UIDs that are not images of the study."""
    known = tx.execute(
        select(instances.c.sop_instance_uid).where(
            instances.c.study_uid == study_uid,
            instances.c.sop_instance_uid.in_(sop_instance_uids),
            instances.c.current,
            instances.c.rows > 0,
        )
    ).scalars()
    return set(sop_instance_uids) - set(known)


def arrived(tx: Connection, study_uid: str) -> tuple[Arrived, str, str]:
    """What is here of a study, its priority, and the UID's origin facility. Our own desk's objects do not count.

    With a manifest the study is whole when the manifest is closed and everything in it is here with the same bytes;
    without one, when the completion rule says so.
    """
    study = tx.execute(
        select(studies.c.state, studies.c.priority, studies.c.origin).where(studies.c.uid == study_uid)
    ).one()
    here = {
        (row.sop_instance_uid, row.digest)
        for row in tx.execute(
            select(instances.c.sop_instance_uid, instances.c.digest).where(
                instances.c.study_uid == study_uid, instances.c.via != Via.DESK.value
            )
        )
    }
    count = len({uid for uid, _ in here})
    manifest = tx.execute(
        select(manifests.c.closed, manifests.c.expected, manifests.c["items"].label("objects")).where(
            manifests.c.study_uid == study_uid
        )
    ).one_or_none()
    if manifest is None:
        return Arrived(count, None, study.state == "complete"), study.priority, study.origin
    whole = bool(manifest.closed) and all(item in here for item in manifest.objects.items())
    return Arrived(count, manifest.expected, whole), study.priority, study.origin


def about(tx: Connection, study_uid: str) -> About:
    """What the study is about, by its headers."""
    study = tx.execute(
        select(studies.c.modalities, studies.c.body_part, studies.c.description).where(studies.c.uid == study_uid)
    ).one()
    header = tx.execute(
        select(instances.c.header)
        .where(instances.c.study_uid == study_uid, instances.c.current, instances.c.via != Via.DESK.value)
        .order_by(instances.c.id)
        .limit(1)
    ).scalar()
    return About(
        speciality_of(study.modalities.split("\\"), study.body_part, study.description),
        question_of(unpack(header)) if header else "",
    )


def task_from(row: Row[Any]) -> TaskRow:
    """The task of a row that begins with its columns."""
    identity, study_uid, state, *rest = row[:_WIDTH]
    return TaskRow(identity, study_uid, ReadingState(state), *rest)
