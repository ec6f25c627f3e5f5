"""Second opinions: a reader asks a colleague, or whoever takes it, about a study that stays theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from node.domain.report import ReadingState
from node.errors import Invalid, NotAllowed, NotFound
from node.ledger import notices
from node.ledger.audit import audit
from node.ledger.desk_tables import second_opinions as table
from node.ledger.schema import users
from worklists.reading import desk as actions
from worklists.reading import profiles
from worklists.reading.moves import Desk, Reader, get

ANYONE = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """One question and, some time, its answer."""

    id: str
    task_id: str
    asked_by: str
    asked_of: str
    question: str
    answer: str
    answered_by: str
    state: str  # open | answered | withdrawn
    asked_at: datetime
    answered_at: datetime | None


def ask(tx: Connection, desk: Desk, reader: Reader, task_id: str, *, of: str, question: str, new_id: str) -> Opinion:
    """Asks a colleague (`ANYONE`: whoever takes it). Raises `Invalid`, `NotAllowed`, `NotFound`."""
    task = get(tx, task_id, hold=True)
    if task.state == ReadingState.CANCELLED:
        raise NotAllowed("The study is not to be read any more.", hint="Open the worklist again.")
    if of == reader.username:
        raise Invalid("A second opinion is somebody else's.", hint="Choose a colleague.")
    if of != ANYONE and all(profile.username != of for profile in profiles.readers(tx)):
        raise Invalid("There is no such radiologist here.", hint="Choose one from the list.")
    if not question.strip():
        raise Invalid("The question is empty.", hint="Write what you want to know.")
    made = Opinion(new_id, task.id, reader.username, of, question.strip(), "", "", "open", desk.now, None)
    tx.execute(insert(table).values(**{name: getattr(made, name) for name in Opinion.__slots__}))
    notices.tell(
        tx,
        key=f"opinion:{made.id}",
        audience=of or "role:radiologist",
        kind="opinion-asked",
        study_uid=task.study_uid,
        task_id=task.id,
        detail={"by": reader.display_name, "opinion": made.id},
        now=desk.now,
    )
    audit(tx, desk.now, reader.username, "opinion-asked", task.id, {"of": of})
    actions.touch(tx, task, desk.now)
    return made


def answer(tx: Connection, desk: Desk, reader: Reader, opinion_id: str, text: str) -> Opinion:
    """Answers; only who was asked, never who asked."""
    found = _open(tx, opinion_id)
    if reader.username == found.asked_by or found.asked_of not in (ANYONE, reader.username):
        raise NotAllowed("This question is not for you.", hint="Only who was asked can answer it.")
    if not text.strip():
        raise Invalid("The answer is empty.", hint="Write your opinion.")
    values = {"answer": text.strip(), "answered_by": reader.username, "state": "answered", "answered_at": desk.now}
    _close(tx, desk, found, values)
    task = get(tx, found.task_id)
    notices.tell(
        tx,
        key=f"opinion-answered:{found.id}",
        audience=found.asked_by,
        kind="opinion-answered",
        study_uid=task.study_uid,
        task_id=task.id,
        detail={"by": reader.display_name},
        now=desk.now,
    )
    audit(tx, desk.now, reader.username, "opinion-answered", task.id)
    return of_task(tx, task.id)[opinion_id]


def withdraw(tx: Connection, desk: Desk, reader: Reader, opinion_id: str) -> None:
    """Takes a question back; only who asked it."""
    found = _open(tx, opinion_id)
    if reader.username != found.asked_by:
        raise NotAllowed("This question is not yours.", hint="Only who asked can take it back.")
    _close(tx, desk, found, {"state": "withdrawn", "answered_at": desk.now})
    audit(tx, desk.now, reader.username, "opinion-withdrawn", found.task_id)


def of_task(tx: Connection, task_id: str) -> dict[str, Opinion]:
    """All of a task by their id, the oldest first."""
    rows = tx.execute(select(table).where(table.c.task_id == task_id).order_by(table.c.asked_at, table.c.id))
    return {row.id: Opinion(**{name: getattr(row, name) for name in Opinion.__slots__}) for row in rows}


def show(tx: Connection, task_id: str) -> list[dict[str, Any]]:
    """The same for pages, with people's names."""
    found = [opinion for opinion in of_task(tx, task_id).values() if opinion.state != "withdrawn"]
    people = {name for o in found for name in (o.asked_by, o.asked_of, o.answered_by) if name}
    query = select(users.c.username, users.c.display_name).where(users.c.username.in_(people))
    names = {row.username: row.display_name for row in tx.execute(query)} if people else {}
    return [
        {
            **{name: getattr(opinion, name) for name in Opinion.__slots__ if name != "task_id"},
            **{f"{who}_name": names.get(getattr(opinion, who), "") for who in ("asked_by", "asked_of", "answered_by")},
        }
        for opinion in found
    ]


def _open(tx: Connection, opinion_id: str) -> Opinion:
    row = tx.execute(select(table).where(table.c.id == opinion_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such question.", hint="Open the worklist again.")
    get(tx, row.task_id, hold=True)
    found = Opinion(**{name: getattr(row, name) for name in Opinion.__slots__})
    if found.state != "open":
        raise NotAllowed("This question is answered or was taken back.", hint="Open the study again.")
    return found


def _close(tx: Connection, desk: Desk, opinion: Opinion, values: dict[str, Any]) -> None:
    changed = tx.execute(update(table).where(table.c.id == opinion.id, table.c.state == "open").values(**values))
    if not changed.rowcount:
        raise NotAllowed("Someone else was quicker.", hint="Open the study again.")
    notices.over(tx, f"opinion:{opinion.id}", desk.now)
    actions.touch(tx, get(tx, opinion.task_id), desk.now)
