"""Who did what, append-only. Details never hold a patient's name or identifier."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from node.ledger.schema import audit as table


def audit(
    tx: Connection, at: datetime, actor: str, kind: str, subject: str = "", detail: dict[str, Any] | None = None
) -> None:
    """Adds one record; `actor` is a username, a peer's code or "node"."""
    tx.execute(table.insert().values(at=at, actor=actor, kind=kind, subject=subject, detail=detail or {}))
