"""The sealed rows of the identity vault. What is inside is not this module's business."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from node.ledger.schema import pseudonyms
from node.ledger.sql import insert


def put(tx: Connection, rows: Mapping[tuple[str, str], bytes], now: datetime) -> None:
    """Adds sealed rows by (kind, pseudonym); those that are there stay as they are."""
    if not rows:
        return
    values = [
        {"kind": kind, "pseudonym": pseudonym, "sealed": sealed, "created_at": now}
        for (kind, pseudonym), sealed in rows.items()
    ]
    tx.execute(insert(tx, pseudonyms).on_conflict_do_nothing(index_elements=["kind", "pseudonym"]), values)


def get(tx: Connection, kind: str, pseudonym: str) -> bytes | None:
    return tx.execute(
        select(pseudonyms.c.sealed).where(pseudonyms.c.kind == kind, pseudonyms.c.pseudonym == pseudonym)
    ).scalar()


def has(tx: Connection, kind: str, pseudonym: str) -> bool:
    return get(tx, kind, pseudonym) is not None
