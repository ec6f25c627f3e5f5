"""Writing the one ordered record of a study, here and from the other node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from node.domain.timeline import Hop, TimelineEntry
from node.ledger.schema import cursors, timeline
from node.ledger.sql import insert

_TIMELINE_LOCK = 0x11E7


def take_turn(tx: Connection) -> None:
    """From here to the end of the transaction nobody else writes what is told by number (the timeline, the letters):
    numbers become visible in their order, so that a cursor misses none."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(_TIMELINE_LOCK)))


def record(tx: Connection, entry: TimelineEntry) -> bool:
    """Adds the hop unless it (same study, node, hop and key) is there already; True when it is new."""
    take_turn(tx)
    result = tx.execute(
        insert(tx, timeline)
        .values(
            study_uid=entry.study_instance_uid,
            node=entry.node,
            hop=entry.hop.value,
            key=entry.key,
            at=entry.at,
            instances=entry.instances,
            detail=entry.detail,
        )
        .on_conflict_do_nothing(index_elements=["study_uid", "node", "hop", "key"])
        .returning(timeline.c.id)  # the count of rows is not told by every driver
    )
    return result.first() is not None


def since(tx: Connection, cursor: int, node: str, limit: int = 500) -> Sequence[tuple[int, TimelineEntry]]:
    """This node's own entries after `cursor`, in the order in which they were written."""
    rows = tx.execute(
        select(timeline).where(timeline.c.id > cursor, timeline.c.node == node).order_by(timeline.c.id).limit(limit)
    )
    return [(row.id, _entry(row)) for row in rows]


def of_study(tx: Connection, study_uid: str, node: str) -> Sequence[TimelineEntry]:
    """All that happened to a study at one node."""
    query = select(timeline).where(timeline.c.study_uid == study_uid, timeline.c.node == node)
    return [_entry(row) for row in tx.execute(query.order_by(timeline.c.id))]


def _entry(row: Row[Any]) -> TimelineEntry:
    return TimelineEntry(
        study_instance_uid=row.study_uid,
        node=row.node,
        hop=Hop(row.hop),
        at=row.at,
        instances=row.instances,
        detail=row.detail,
        key=row.key,
    )


def newest(tx: Connection) -> int:
    """The number of the newest entry; 0 when there is none."""
    return tx.execute(select(func.max(timeline.c.id))).scalar() or 0


def get_cursor(tx: Connection, name: str) -> int:
    return tx.execute(select(cursors.c.value).where(cursors.c.name == name)).scalar() or 0


def set_cursor(tx: Connection, name: str, value: int) -> None:
    row = insert(tx, cursors).values(name=name, value=value)
    tx.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": row.excluded.value}))
