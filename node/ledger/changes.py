"""Whether something changed that the pages show: a look that costs so little that it may be taken every second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from node.ledger import notices
from node.ledger.desk_tables import critical_findings, letters
from node.ledger.order_tables import orders, performed_steps
from node.ledger.schema import (
    deliveries,
    instances,
    reading_tasks,
    studies,
    timeline,
)


@dataclass(frozen=True, slots=True)
class ChangeMarks:
    """Numbers that differ after something changed, cheap to read every second."""

    studies: tuple[Any, ...]
    tasks: tuple[Any, ...]
    orders: tuple[Any, ...]
    notices: tuple[Any, ...]


def change_marks(tx: Connection) -> ChangeMarks:
    """What `GET /api/events` compares. Lost updates are impossible, needless ones cost one refetch."""
    hops = tx.execute(select(func.max(timeline.c.id))).scalar()
    written = tx.execute(select(func.max(letters.c.number))).scalar()
    told = tx.execute(select(func.max(critical_findings.c.told_at))).scalar()
    return ChangeMarks(
        studies=(
            hops,
            written,
            tx.execute(select(func.max(instances.c.id))).scalar(),
            *tx.execute(select(func.count(), func.max(deliveries.c.updated_at), func.max(deliveries.c.id))).one(),
            *tx.execute(select(studies.c.state, func.count()).group_by(studies.c.state).order_by(studies.c.state)),
        ),
        tasks=(*tx.execute(select(func.count(), func.max(reading_tasks.c.updated_at))).one(), written, told),
        orders=(
            tx.execute(select(func.max(orders.c.updated_at))).scalar(),
            tx.execute(select(func.max(performed_steps.c.updated_at))).scalar(),
        ),
        notices=notices.marks(tx),
    )
