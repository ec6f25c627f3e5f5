"""The reading worklist as the pages show it: tasks with their study, in order; one query for the whole list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from node.domain.report import ReadingState
from node.domain.study import Priority
from node.ledger.schema import reading_tasks, studies, users
from worklists.reading import store
from worklists.reading.ordering import OPEN_STATES, in_order, waiting_seconds
from worklists.reading.store import TaskRow

FILTERS: dict[str, tuple[ReadingState, ...]] = {
    "open": OPEN_STATES,
    "final": (ReadingState.FINAL,),
    "all": tuple(ReadingState),
}
FINISHED_LIMIT = 500  # finished tasks on one answer
FINISHED_FOR = timedelta(days=7)  # so long a finished task stays in the list of all
PRIORITIES = tuple(sorted(Priority, key=lambda priority: priority.rank))

_STUDY_COLUMNS = (
    studies.c.modalities,
    studies.c.body_part,
    studies.c.description,
    studies.c.origin,
    studies.c.patient_name,
    studies.c.patient_id,
    studies.c.sex,
    studies.c.age,
    studies.c.study_date,
)


def list_tasks(
    tx: Connection, states: str, username: str, now: datetime, facility_names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The tasks of a filter of `FILTERS` as `username` sees them; `facility_names` by code. Of the finished ones the
    newest `FINISHED_LIMIT`, and among open ones only those of the last `FINISHED_FOR`."""
    wanted = FILTERS[states]
    rows: list[Row[Any]] = []
    opened = [state.value for state in wanted if state in OPEN_STATES]
    finished = [state.value for state in wanted if state not in OPEN_STATES]
    if opened:
        rows += tx.execute(_query().where(reading_tasks.c.state.in_(opened))).all()
    if finished:
        query = _query().where(reading_tasks.c.state.in_(finished))
        if opened:
            query = query.where(reading_tasks.c.updated_at > now - FINISHED_FOR)
        rows += tx.execute(query.order_by(reading_tasks.c.updated_at.desc()).limit(FINISHED_LIMIT)).all()
    by_id = {row.id: row for row in rows}
    tasks = in_order(store.task_from(row) for row in rows)
    return [_show(task, by_id[task.id], username, now, facility_names) for task in tasks]


def show_task(
    tx: Connection, task_id: str, username: str, now: datetime, facility_names: Mapping[str, str]
) -> dict[str, Any] | None:
    """One task, or None."""
    row = tx.execute(_query().where(reading_tasks.c.id == task_id)).one_or_none()
    return None if row is None else _show(store.task_from(row), row, username, now, facility_names)


def _query() -> Select[Any]:
    return (
        select(reading_tasks, *_STUDY_COLUMNS, users.c.display_name)
        .join(studies, studies.c.uid == reading_tasks.c.study_uid)
        .outerjoin(users, users.c.username == reading_tasks.c.claimed_by)
    )


def _show(
    task: TaskRow, row: Row[Any], username: str, now: datetime, facility_names: Mapping[str, str]
) -> dict[str, Any]:
    modalities = [m for m in row.modalities.split("\\") if m]
    return {
        "id": task.id,
        "state": task.state.value,
        "priority": PRIORITIES[task.priority].value,
        "study_instance_uid": task.study_uid,
        "modality": next(
            (m for m in modalities if m not in ("SR", "DOC", "PR", "KO")), modalities[0] if modalities else ""
        ),
        "modalities": modalities,
        **{name: getattr(row, name) for name in ("body_part", "description", "origin")},
        "origin_name": facility_names.get(row.origin, row.origin),
        **{name: getattr(row, name) for name in ("patient_name", "patient_id", "sex", "age", "study_date")},
        "instances_received": task.instances_received,
        "instances_expected": task.instances_expected,
        "ready_at": task.ready_at,
        "waiting_seconds": waiting_seconds(task, now),
        "claimed_by": task.claimed_by or None,
        "claimed_by_name": row.display_name or task.claimed_by or None,
        "mine": bool(task.claimed_by) and task.claimed_by == username,
        "lease_until": task.lease_until,
        "signed_at": task.signed_at,
        "created_at": task.created_at,
    }
