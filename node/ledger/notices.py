"""What people are told in the application. The same thing, by its key, is said once.

An audience is a username, or "role:" and a role. Texts are the pages' (by kind); a detail never holds a patient's name or
identifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, update

from node.ledger.desk_tables import notice_reads, notices
from node.ledger.sql import insert

KEPT_FOR = timedelta(days=14)  # what is older is not shown any more
OVER_FOR = timedelta(hours=12)  # so long is shown what is done
MOST = 200  # notices in one answer


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice as its reader sees it."""

    id: int
    kind: str
    urgent: bool
    study_uid: str
    task_id: str
    detail: Mapping[str, Any]
    at: datetime
    seen: bool
    over: bool


def tell(
    tx: Connection,
    *,
    key: str,
    audience: str,
    kind: str,
    now: datetime,
    urgent: bool = False,
    study_uid: str = "",
    task_id: str = "",
    detail: Mapping[str, Any] | None = None,
) -> bool:
    """Tells the audience; True when it had not been told under this key."""
    row = insert(tx, notices).values(
        key=key,
        audience=audience,
        kind=kind,
        urgent=urgent,
        study_uid=study_uid,
        task_id=task_id,
        detail=dict(detail or {}),
        at=now,
    )
    told = tx.execute(row.on_conflict_do_nothing(index_elements=["key"]).returning(notices.c.id))
    return told.first() is not None


def over(tx: Connection, key: str, now: datetime) -> int:
    """What was told under this key, or under one that begins with it and a colon, is done. Returns how many."""
    about = or_(notices.c.key == key, notices.c.key.startswith(f"{key}:", autoescape=True))
    changed = tx.execute(update(notices).where(about, notices.c.over_at.is_(None)).values(over_at=now))
    return int(changed.rowcount)


def shown_to(tx: Connection, username: str, role: str, now: datetime) -> list[Notice]:
    """What this person has been told, the newest first; what is done counts as seen."""
    mine = and_(notices.c.audience.in_((username, f"role:{role}")), notices.c.at > now - KEPT_FOR)
    lasting = or_(notices.c.over_at.is_(None), notices.c.over_at > now - OVER_FOR)
    seen = notice_reads.c.username.label("seen_by")
    query = (
        select(notices, seen)
        .outerjoin(notice_reads, and_(notice_reads.c.notice_id == notices.c.id, notice_reads.c.username == username))
        .where(mine, lasting)
        .order_by(notices.c.id.desc())
        .limit(MOST)
    )
    return [
        Notice(
            row.id,
            row.kind,
            row.urgent and row.over_at is None,
            row.study_uid,
            row.task_id,
            row.detail,
            row.at,
            row.seen_by is not None or row.over_at is not None,
            row.over_at is not None,
        )
        for row in tx.execute(query)
    ]


def see(tx: Connection, notice_id: int, username: str, role: str, now: datetime) -> bool:
    """This person has seen the notice; False when there is none of theirs."""
    query = select(notices.c.id).where(notices.c.id == notice_id, notices.c.audience.in_((username, f"role:{role}")))
    if tx.execute(query).first() is None:
        return False
    row = insert(tx, notice_reads).values(notice_id=notice_id, username=username, at=now)
    tx.execute(row.on_conflict_do_nothing(index_elements=["notice_id", "username"]))
    return True


def marks(tx: Connection) -> tuple[Any, ...]:
    """Differs after something was told, seen or done."""
    return (
        tx.execute(select(func.max(notices.c.id))).scalar(),
        tx.execute(select(func.max(notices.c.over_at))).scalar(),
        *tx.execute(select(func.max(notice_reads.c.at), func.count())).one(),
    )
