"""The stage "read": puts a study onto the reading worklist and says when all its images are here.

The job's subject is the Study Instance UID as this node knows it. Asking again with nothing new changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from node.domain.job import Job, NextJob
from node.domain.report import READING_TRANSITIONS, ReadingEvent, ReadingState
from node.domain.study import Priority
from node.domain.timeline import Hop, TimelineEntry
from node.domain.transitions import advance
from node.ledger import letters, notices
from node.ledger.timeline import record
from node.ports import Node
from worklists.reading import store
from worklists.reading.moves import clock_values
from worklists.reading.store import About, Arrived, TaskRow

_PREPARE_AFTER: Final = timedelta(seconds=1)  # the frames are coded for the viewer, of many arrivals once,
_PREPARE_PRIORITY: Final = 90  # after everything that moves studies


def task_id_of(study_uid: str) -> str:
    """A study has one reading task; its id follows from the study, so that a repeat makes no second one."""
    return hashlib.sha256(f"reading:{study_uid}".encode()).hexdigest()[:32]


class ReadStage:
    """Implements `node.ports.Stage`."""

    kind = "read"

    def work(self, job: Job, node: Node) -> tuple[Arrived, Priority, About]:
        """Counts what is here of the study, and looks what it is about."""
        with node.ledger.read() as tx:
            found, priority, _ = store.arrived(tx, job.subject)
            about = store.about(tx, job.subject)
        return found, Priority(priority), about

    def settle(self, tx: Connection, job: Job, result: Any, node: Node) -> Iterable[NextJob]:
        """Makes or advances the task; writes the hop "ready" the first time that the study is whole."""
        found, priority, about = result
        now = node.clock.now()
        task = store.task_of_study(tx, job.subject)
        following: list[NextJob] = []
        if task is None:
            task = _new_task(job.subject, found, priority, now)
            store.insert_task(tx, task)
            following += _earlier_letters(tx, job.subject)
        if task.state == ReadingState.CANCELLED:
            return ()
        event = ReadingEvent.ARRIVED if found.whole else ReadingEvent.LATE
        if task.state == ReadingState.UNREADABLE and found.received <= task.instances_received:
            event = ReadingEvent.LATE  # nothing was repeated
        told = found.received
        if task.state == ReadingState.UNREADABLE and not found.whole:
            told = task.instances_received  # what was here when it was refused, until the repeated images are all here
        ready_at = task.ready_at or (now if found.whole else None)
        new: dict[str, Any] = {
            "state": advance(READING_TRANSITIONS, task.state, event).value,
            "priority": min(task.priority, priority.rank),
            "instances_received": told,
            "instances_expected": found.expected,
            "ready_at": ready_at,
            "speciality": about.speciality or task.speciality,
            "clinical_question": task.clinical_question or about.question,
        }
        new |= clock_values(task, ReadingState(new["state"]), now, ready_at)
        if any(getattr(task, name) != value for name, value in new.items()):
            store.change_task(tx, task.id, now, while_in=(task.state,), held_by=task.claimed_by, **new)
        if found.whole:  # said again when late images made it whole anew
            count = found.received
            record(tx, TimelineEntry(job.subject, node.facility, Hop.READY, now, count, key=str(count)))
        if (task.state, new["state"]) == (ReadingState.UNREADABLE, ReadingState.READY.value):
            _tell_repeated(tx, task, found.received, now)
        return [*following, NextJob("prepare", job.subject, due_at=now + _PREPARE_AFTER, priority=_PREPARE_PRIORITY)]


def _earlier_letters(tx: Connection, study_uid: str) -> list[NextJob]:
    """What the origin wrote before its study was here: it has its effect now."""
    return [NextJob("letter", letter.id, priority=0) for letter in letters.of_study(tx, study_uid)]


def _tell_repeated(tx: Connection, task: TaskRow, count: int, now: datetime) -> None:
    """Who asked for new images is told that they are here."""
    if task.assigned_to:
        key, uid = f"repeated:{task.id}:{count}", task.study_uid
        notices.tell(tx, key=key, audience=task.assigned_to, kind="repeated", study_uid=uid, task_id=task.id, now=now)


def _new_task(study_uid: str, found: Arrived, priority: Priority, now: datetime) -> TaskRow:
    return TaskRow(
        id=task_id_of(study_uid),
        study_uid=study_uid,
        state=ReadingState.INCOMPLETE,
        priority=priority.rank,
        instances_received=found.received,
        instances_expected=found.expected,
        claimed_by="",
        lease_until=None,
        lease_seconds=0,
        assigned_to="",
        assigned_by="",
        speciality="",
        clinical_question="",
        clock_running_since=None,
        clock_used_seconds=0,
        escalations=0,
        ready_at=None,
        signed_at=None,
        created_at=now,
        updated_at=now,
    )
