"""Calls to the hospital's own systems, kept in their order until they are taken.

A body never holds a patient's name or identifier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from node.domain.job import NextJob
from node.ledger.desk_tables import webhook_calls
from node.ledger.jobs import enqueue
from node.ledger.sql import insert


@dataclass(frozen=True, slots=True)
class Call:
    """One of them."""

    id: int
    key: str
    event: str
    body: Mapping[str, Any]
    made_at: datetime
    delivered_at: datetime | None


def call(tx: Connection, *, key: str, event: str, body: Mapping[str, Any], now: datetime) -> bool:
    """Asks for the call; False when it was asked for under this key before."""
    row = insert(tx, webhook_calls).values(key=key, event=event, body=dict(body), made_at=now)
    made = tx.execute(row.on_conflict_do_nothing(index_elements=["key"]).returning(webhook_calls.c.id)).first()
    if made is None:
        return False
    enqueue(tx, NextJob("webhook", "all", priority=1), now)
    return True


def waiting(tx: Connection, limit: int) -> Sequence[Call]:
    """What is still to be taken, in the order in which it was asked for."""
    query = select(webhook_calls).where(webhook_calls.c.delivered_at.is_(None)).order_by(webhook_calls.c.id)
    return [Call(**{name: getattr(row, name) for name in Call.__slots__}) for row in tx.execute(query.limit(limit))]


def delivered(tx: Connection, call_id: int, now: datetime) -> None:
    """It was taken."""
    tx.execute(update(webhook_calls).where(webhook_calls.c.id == call_id).values(delivered_at=now))


def forget(tx: Connection, taken_before: datetime) -> None:
    """Drops what was taken before this moment."""
    tx.execute(delete(webhook_calls).where(webhook_calls.c.delivered_at < taken_before))
