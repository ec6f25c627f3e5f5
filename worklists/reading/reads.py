"""The reading worklist as the pages show it: tasks with their study, in order. The same number of queries whatever its length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, false, func, or_, select

from node.domain.letter import LetterKind
from node.domain.report import ReadingState
from node.domain.study import Priority
from node.ledger.desk_tables import critical_findings, letters, second_opinions
from node.ledger.schema import instances, reading_tasks, reports, studies, users
from worklists.reading import clock, profiles, store
from worklists.reading.clock import ClockRow, Limits
from worklists.reading.ordering import OPEN_STATES, in_order, waiting_seconds
from worklists.reading.profiles import Profile
from worklists.reading.store import TaskRow

FILTERS: dict[str, tuple[ReadingState, ...]] = {
    "open": OPEN_STATES,
    "mine": OPEN_STATES,
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
_holder, _assignee = users.alias("holder"), users.alias("assignee")
_AGREEMENTS = {word: (word,) for word in ("yes", "partly", "no")}
_NOT_IMAGES = ("SR", "DOC", "PR", "KO")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the list, when and with what limits."""

    username: str
    now: datetime
    limits: Limits
    facility_names: Mapping[str, str]  # by code


@dataclass(slots=True)
class _Beside:
    """What the list shows of tasks that stands in other tables, by task id (letters: by study)."""

    priors: Mapping[str, int] = field(default_factory=dict)
    opinions: Mapping[str, set[str]] = field(default_factory=dict)
    criticals: Mapping[str, set[str]] = field(default_factory=dict)
    reports: Mapping[str, Row[Any]] = field(default_factory=dict)  # the newest version
    preliminary: Mapping[str, str] = field(default_factory=dict)  # who signed it
    questions: Mapping[str, list[str]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # studies with a question that has no answer
    accepted: dict[str, str] = field(default_factory=dict)  # what the origin's doctor says of the report
    outcomes: dict[str, str] = field(default_factory=dict)  # whether the final diagnosis agrees with it


def list_tasks(
    tx: Connection, states: str, viewer: Viewer, *, changed_after: datetime | None = None
) -> list[dict[str, Any]]:
    """The tasks of a filter of `FILTERS`. Of the finished ones the newest `FINISHED_LIMIT`, and among open ones only those of
    the last `FINISHED_FOR`. With `changed_after` all tasks that changed since then, whatever their state."""
    if changed_after is not None:
        return _show_all(tx, [reading_tasks.c.updated_at > changed_after], viewer)
    wanted = FILTERS[states]
    opened = [state.value for state in wanted if state in OPEN_STATES]
    finished = [state.value for state in wanted if state not in OPEN_STATES]
    conditions: list[ColumnElement[bool]] = []
    if opened:
        condition: ColumnElement[bool] = reading_tasks.c.state.in_(opened)
        if states == "mine":
            mine = or_(reading_tasks.c.claimed_by == viewer.username, reading_tasks.c.assigned_to == viewer.username)
            condition = and_(condition, mine)
        conditions.append(condition)
    if finished:
        newest = select(reading_tasks.c.id).where(reading_tasks.c.state.in_(finished))
        if opened:
            newest = newest.where(reading_tasks.c.updated_at > viewer.now - FINISHED_FOR)
        newest = newest.order_by(reading_tasks.c.updated_at.desc()).limit(FINISHED_LIMIT)
        conditions.append(reading_tasks.c.id.in_(newest))
    return _show_all(tx, conditions, viewer)


def show_task(tx: Connection, task_id: str, viewer: Viewer) -> dict[str, Any] | None:
    """One task, or None."""
    found = _show_all(tx, [reading_tasks.c.id == task_id], viewer)
    return found[0] if found else None


def priors(tx: Connection, study_uid: str) -> list[dict[str, Any]]:
    """The other studies of the same patient, the newest first: same patient ID, issuer and facility of origin, so that patients
    of two hospitals are never mixed. Without a patient ID there are none."""
    other = studies.alias("other")
    query = (
        select(other)
        .join(studies, _same_patient(other))
        .where(studies.c.uid == study_uid)
        .order_by(other.c.study_date.desc(), other.c.study_time.desc(), other.c.uid)
    )
    found = tx.execute(query).all()
    uids = [row.uid for row in found]
    signed = {
        row.study_uid: row.sop_instance_uid
        for row in tx.execute(
            select(reading_tasks.c.study_uid, reports.c.sop_instance_uid)
            .join(reports, reports.c.task_id == reading_tasks.c.id)
            .where(reading_tasks.c.study_uid.in_(uids), reports.c.state == "final")
            .order_by(reports.c.version)
        )
    }
    counts = {
        row.study_uid: row.images
        for row in tx.execute(
            select(instances.c.study_uid, func.count().label("images"))
            .where(instances.c.study_uid.in_(uids), instances.c.current, instances.c.rows > 0)
            .group_by(instances.c.study_uid)
        )
    }
    return [
        {
            "study_instance_uid": row.uid,
            "study_date": row.study_date,
            "modalities": [m for m in row.modalities.split("\\") if m],
            "body_part": row.body_part,
            "description": row.description,
            "instances": counts.get(row.uid, 0),
            "report_sop_instance_uid": signed.get(row.uid),
        }
        for row in found
    ]


def _same_patient(other: Any) -> ColumnElement[bool]:
    return and_(
        other.c.patient_id == studies.c.patient_id,
        other.c.issuer_of_patient_id == studies.c.issuer_of_patient_id,
        other.c.origin == studies.c.origin,
        other.c.uid != studies.c.uid,
        other.c.shadow.is_(False),
        studies.c.patient_id != "",
    )


def _query() -> Select[Any]:
    return (
        select(
            reading_tasks,
            *_STUDY_COLUMNS,
            _holder.c.display_name.label("holder_name"),
            _assignee.c.display_name.label("assignee_name"),
        )
        .join(studies, studies.c.uid == reading_tasks.c.study_uid)
        .outerjoin(_holder, _holder.c.username == reading_tasks.c.claimed_by)
        .outerjoin(_assignee, _assignee.c.username == reading_tasks.c.assigned_to)
    )


def _show_all(tx: Connection, conditions: Sequence[ColumnElement[bool]], viewer: Viewer) -> list[dict[str, Any]]:
    wanted = or_(false(), *conditions)
    rows = tx.execute(_query().where(wanted)).all()
    if not rows:
        return []
    beside = _look_beside(tx, wanted)
    profile = profiles.get(tx, viewer.username)
    by_id = {row.id: row for row in rows}
    tasks = in_order(store.task_from(row) for row in rows)
    return [_show(task, by_id[task.id], viewer, beside, profile) for task in tasks]


def _look_beside(tx: Connection, wanted: ColumnElement[bool]) -> _Beside:
    found = _Beside()
    ids = select(reading_tasks.c.id).where(wanted)
    other = studies.alias("other")
    found.priors = {
        row.id: row.priors
        for row in tx.execute(
            select(reading_tasks.c.id, func.count().label("priors"))
            .join(studies, studies.c.uid == reading_tasks.c.study_uid)
            .join(other, _same_patient(other))
            .where(wanted)
            .group_by(reading_tasks.c.id)
        )
    }
    found.opinions = _states(tx, second_opinions, ids)
    found.criticals = _states(tx, critical_findings, ids)
    _look_at_reports(tx, ids, found)
    _look_at_letters(tx, wanted, found)
    return found


def _states(tx: Connection, table: Any, ids: Select[Any]) -> dict[str, set[str]]:
    states: dict[str, set[str]] = {}
    for row in tx.execute(select(table.c.task_id, table.c.state).where(table.c.task_id.in_(ids))):
        states.setdefault(row.task_id, set()).add(row.state)
    return states


def _look_at_reports(tx: Connection, ids: Select[Any], found: _Beside) -> None:
    query = (
        select(reports.c.task_id, reports.c.state, users.c.display_name, reports.c.author)
        .outerjoin(users, users.c.username == reports.c.author)
        .where(reports.c.task_id.in_(ids))
        .order_by(reports.c.version)
    )
    rows: list[Any] = list(tx.execute(query))
    found.reports = {row.task_id: row for row in rows}
    found.preliminary = {row.task_id: row.display_name or row.author for row in rows if row.state == "preliminary"}


def _look_at_letters(tx: Connection, wanted: ColumnElement[bool], found: _Beside) -> None:
    query = (
        select(letters.c.study_uid, letters.c.id, letters.c.kind, letters.c.about, letters.c.body)
        .join(reading_tasks, reading_tasks.c.study_uid == letters.c.study_uid)
        .where(wanted, letters.c.kind.in_(_TOLD))
        .order_by(letters.c.number)
    )
    rows = tx.execute(query).all()
    answered = {row.about for row in rows if row.kind in (LetterKind.ANSWER.value, LetterKind.REPEATED.value)}
    questions: dict[str, list[str]] = {}
    for row in rows:
        if row.kind == LetterKind.REQUEST.value:
            said = row.body.get("questions")  # another node's words: of any form
            asked = [text for text in said if isinstance(text, str) and text.strip()] if isinstance(said, list) else []
            questions[row.study_uid] = list(dict.fromkeys([*questions.get(row.study_uid, ()), *asked]))
        elif row.kind == LetterKind.ACCEPTANCE.value:
            found.accepted[row.study_uid] = row.body.get("accepted")
        elif row.kind == LetterKind.OUTCOME.value:
            found.outcomes[row.study_uid] = row.body.get("agrees")
        elif row.kind in (LetterKind.QUESTION.value, LetterKind.REPEAT.value) and row.id not in answered:
            found.asked.add(row.study_uid)
    found.questions = questions


_TOLD = tuple(
    kind.value
    for kind in (
        LetterKind.REQUEST, LetterKind.QUESTION, LetterKind.ANSWER, LetterKind.REPEAT, LetterKind.REPEATED,
        LetterKind.ACCEPTANCE, LetterKind.OUTCOME,
    )
)  # fmt: skip


def _show(task: TaskRow, row: Row[Any], viewer: Viewer, beside: _Beside, profile: Profile) -> dict[str, Any]:
    modalities = [m for m in row.modalities.split("\\") if m]
    newest = beside.reports.get(task.id)
    return {
        "id": task.id,
        "state": task.state.value,
        "priority": PRIORITIES[task.priority].value,
        "study_instance_uid": task.study_uid,
        "modality": next((m for m in modalities if m not in _NOT_IMAGES), modalities[0] if modalities else ""),
        "modalities": modalities,
        **{name: getattr(row, name) for name in ("body_part", "description", "origin")},
        "origin_name": viewer.facility_names.get(row.origin, row.origin),
        **{name: getattr(row, name) for name in ("patient_name", "patient_id", "sex", "age", "study_date")},
        "instances_received": task.instances_received,
        "instances_expected": task.instances_expected,
        "ready_at": task.ready_at,
        "waiting_seconds": waiting_seconds(task, viewer.now),
        "clock": _clock(task, viewer),
        "speciality": task.speciality,
        "clinical_question": task.clinical_question,
        "questions": beside.questions.get(task.study_uid, []),
        "priors": beside.priors.get(task.id, 0),
        "claimed_by": task.claimed_by or None,
        "claimed_by_name": row.holder_name or task.claimed_by or None,
        "mine": bool(task.claimed_by) and task.claimed_by == viewer.username,
        "assigned_to": task.assigned_to or None,
        "assigned_to_name": row.assignee_name or task.assigned_to or None,
        "second_opinion": _word(beside.opinions.get(task.id, ()), {"open": ("open",), "answered": ("answered",)}),
        "question_open": task.study_uid in beside.asked,
        "critical": _word(beside.criticals.get(task.id, ()), {"open": ("raised", "told"), "noted": ("noted",)}),
        "accepted": _word((beside.accepted.get(task.study_uid),), _AGREEMENTS),
        "outcome": _word((beside.outcomes.get(task.study_uid),), _AGREEMENTS),
        "in_scope": profile.covers(modalities, task.speciality),
        "on_call": profile.is_on_call(viewer.now),
        "preliminary_by": beside.preliminary.get(task.id),
        "report_state": "none" if newest is None else newest.state,
        "lease_until": task.lease_until,
        "signed_at": task.signed_at,
        "created_at": task.created_at,
    }


def _word(states: Any, words: Mapping[str, tuple[str, ...]]) -> str:
    """The first word of which one of the states is there."""
    return next((word for word, those in words.items() if any(state in states for state in those)), "none")


def _clock(task: TaskRow, viewer: Viewer) -> dict[str, Any]:
    row = ClockRow(task.clock_running_since, task.clock_used_seconds)
    face = clock.look(row, task.state, task.priority, viewer.limits, viewer.now)
    names = ("limit_seconds", "used_seconds", "running", "left_seconds", "overdue")
    return {name: getattr(face, name) for name in names}
