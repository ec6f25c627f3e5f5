"""Critical findings as rows. Who may do what with them, and what follows, is decided elsewhere.

A finding has the id of the letter by which the origin is told of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from node.domain.report import CriticalNote
from node.ledger.desk_tables import critical_findings, letters
from node.ledger.schema import reading_tasks, studies

OPEN = ("raised", "told")


@dataclass(frozen=True, slots=True)
class CriticalRow:
    """A critical finding as it is kept."""

    id: str
    task_id: str
    category: int
    text: str
    state: str  # raised | told | noted | withdrawn
    raised_by: str
    raised_at: datetime
    due_at: datetime
    remind_at: datetime
    told_at: datetime | None = None
    channel: str = ""
    noted_by: str = ""
    read_back: bool = False
    noted_at: datetime | None = None
    escalated_at: datetime | None = None


def add(tx: Connection, finding: CriticalRow) -> None:
    tx.execute(insert(critical_findings).values({name: getattr(finding, name) for name in CriticalRow.__slots__}))


def get(tx: Connection, finding_id: str) -> CriticalRow | None:
    row = tx.execute(select(critical_findings).where(critical_findings.c.id == finding_id)).first()
    return None if row is None else _from(row)


def of_task(tx: Connection, task_id: str) -> Sequence[CriticalRow]:
    """All of a task, in the order in which they were raised, withdrawn ones included."""
    query = select(critical_findings).where(critical_findings.c.task_id == task_id)
    return [_from(row) for row in tx.execute(query.order_by(critical_findings.c.raised_at, critical_findings.c.id))]


def notes_of(tx: Connection, task_id: str) -> tuple[CriticalNote, ...]:
    """The findings of a task as a report records them; withdrawn ones are left out."""
    return tuple(
        CriticalNote(f.category, f.text, f.raised_at, f.channel, f.noted_by, f.read_back, f.noted_at)
        for f in of_task(tx, task_id)
        if f.state != "withdrawn"
    )


def close(tx: Connection, finding_id: str, state: str, **values: Any) -> bool:
    """Ends an open finding (`noted` or `withdrawn`); False when it is not open any more."""
    changed = tx.execute(
        update(critical_findings)
        .where(critical_findings.c.id == finding_id, critical_findings.c.state.in_(OPEN))
        .values(state=state, **values)
    )
    return bool(changed.rowcount)


def told_up_to(tx: Connection, facility: str, cursor: int) -> Sequence[str]:
    """The raised findings about a facility's studies whose letter is among the first `cursor` ones."""
    query = (
        select(critical_findings.c.id)
        .join(letters, letters.c.id == critical_findings.c.id)
        .join(reading_tasks, reading_tasks.c.id == critical_findings.c.task_id)
        .join(studies, studies.c.uid == reading_tasks.c.study_uid)
        .where(critical_findings.c.state == "raised", letters.c.number <= cursor, studies.c.origin == facility)
    )
    return list(tx.execute(query).scalars())


def mark_told(tx: Connection, finding_ids: Collection[str], now: datetime) -> None:
    """The node of the origin has them."""
    tx.execute(
        update(critical_findings)
        .where(critical_findings.c.id.in_(finding_ids), critical_findings.c.state == "raised")
        .values(state="told", told_at=now)
    )


def overdue(tx: Connection, now: datetime, limit: int = 50) -> Sequence[CriticalRow]:
    """Open findings of which nobody took note in time, or since they were escalated last."""
    query = select(critical_findings).where(critical_findings.c.state.in_(OPEN), critical_findings.c.remind_at <= now)
    return [_from(row) for row in tx.execute(query.order_by(critical_findings.c.remind_at).limit(limit))]


def mark_escalated(tx: Connection, finding: CriticalRow, now: datetime, again_at: datetime) -> bool:
    """Ends this round; the next one is due at `again_at`. False when somebody else has escalated it in this round or taken
    note meanwhile."""
    changed = tx.execute(
        update(critical_findings)
        .where(
            critical_findings.c.id == finding.id,
            critical_findings.c.state.in_(OPEN),
            critical_findings.c.remind_at == finding.remind_at,
        )
        .values(escalated_at=now, remind_at=again_at)
    )
    return bool(changed.rowcount)


def _from(row: Row[Any]) -> CriticalRow:
    return CriticalRow(**{name: getattr(row, name) for name in CriticalRow.__slots__})
