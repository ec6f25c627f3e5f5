"""What a person has set up in the pages, and the site's own setting for those who have none of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from node.ledger.desk_tables import preferences
from node.ledger.sql import insert

SITE = ""  # the username of the site's own settings


def get(tx: Connection, username: str, name: str) -> Any:
    """The value that this person (or `SITE`) has under `name`; None when there is none."""
    query = select(preferences.c.value).where(preferences.c.username == username, preferences.c.name == name)
    return tx.execute(query).scalar()


def put(tx: Connection, username: str, name: str, value: Any, now: datetime) -> None:
    """Keeps the value in place of the one before; None takes it away."""
    if value is None:
        tx.execute(delete(preferences).where(preferences.c.username == username, preferences.c.name == name))
        return
    row = insert(tx, preferences).values(username=username, name=name, value=value, updated_at=now)
    new = row.excluded
    tx.execute(
        row.on_conflict_do_update(
            index_elements=["username", "name"], set_={"value": new.value, "updated_at": new.updated_at}
        )
    )
