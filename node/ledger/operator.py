"""Questions of the operator and of the measurements: what waits, is stuck, was set aside; who did what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, select

from node.domain.delivery import DeliveryState
from node.ledger.reads import all_states, item_counts
from node.ledger.schema import audit, deliveries, jobs, quarantine, reading_tasks, studies

_UNFINISHED = (
    DeliveryState.WAITING.value,
    DeliveryState.SENDING.value,
    DeliveryState.HELD.value,
    DeliveryState.REFUSED.value,
)


def queue(tx: Connection, limit: int = 500) -> dict[str, list[dict[str, Any]]]:
    """What waits, is stuck or was set aside: for the operator."""
    job_rows = tx.execute(
        select(*(c for c in jobs.c if c.name not in ("payload", "key"))).order_by(jobs.c.due_at).limit(limit)
    )
    delivery_rows = tx.execute(
        select(deliveries)
        .where(deliveries.c.state.in_(_UNFINISHED))
        .order_by(deliveries.c.updated_at.desc())
        .limit(limit)
    ).all()
    items = item_counts(tx, [row.id for row in delivery_rows])
    quarantine_rows = tx.execute(select(quarantine).order_by(quarantine.c.received_at.desc()).limit(limit))
    hidden = ("plan", "outward_uid")
    return {
        "jobs": [dict(row) for row in job_rows.mappings()],
        "deliveries": [
            {k: v for k, v in row._mapping.items() if k not in hidden} | {"items": all_states(items.get(row.id, {}))}
            for row in delivery_rows
        ],
        "quarantine": [dict(row) for row in quarantine_rows.mappings()],
    }


def open_jobs(tx: Connection) -> dict[tuple[str, str], int]:
    """(kind, state) -> how many jobs."""
    rows = tx.execute(select(jobs.c.kind, jobs.c.state, func.count()).group_by(jobs.c.kind, jobs.c.state))
    return {(kind, state): count for kind, state, count in rows}


def count_by_state(tx: Connection) -> dict[str, dict[str, int]]:
    """{"deliveries" | "studies" | "tasks": {state: how many}}"""
    questions: dict[str, Select[Any]] = {
        "deliveries": select(deliveries.c.state, func.count()).group_by(deliveries.c.state),
        "studies": select(studies.c.state, func.count()).where(studies.c.shadow.is_(False)).group_by(studies.c.state),
        "tasks": select(reading_tasks.c.state, func.count()).group_by(reading_tasks.c.state),
    }
    return {name: dict(tx.execute(question).all()) for name, question in questions.items()}


def recent_audit(tx: Connection, limit: int = 200) -> list[dict[str, Any]]:
    """The newest audit records."""
    return [dict(row) for row in tx.execute(select(audit).order_by(audit.c.id.desc()).limit(limit)).mappings()]
