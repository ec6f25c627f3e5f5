"""What a modality asked lately, what it was told, and why other orders were left out: kept for the administrator's page.

Bounded for each caller and in all. Of names, identifiers and dates of birth it keeps only that they were given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select

from node.domain.order import Order
from node.domain.query import Key, Matching
from node.ledger.order_tables import worklist_questions as table
from worklists.modality import store
from worklists.modality.search import OPEN_KEYS, Found, explain

RECENT: Final = 100  # orders that are looked at to say why some were left out
KEPT: Final = 50  # questions of one caller
KEPT_IN_ALL: Final = 2000
LONGEST: Final = 128  # characters of a value
MOST_IGNORED: Final = 64  # keywords


@dataclass(frozen=True, slots=True)
class Told:
    """A question that was answered, and how."""

    found: Found
    at: datetime
    answered: int
    ending: str  # success | cancelled | gone
    milliseconds: float


def explained(tx: Connection, several: Sequence[Told]) -> list[dict[str, Any]]:
    """The rows of these questions, with the size of the answers and why other orders were not in them. Only reads: it takes
    its time, nobody should wait for it to write."""
    recent = store.recently_changed(tx, RECENT)
    return [_row(told, recent) for told in several]


def _row(told: Told, recent: Sequence[Order]) -> dict[str, Any]:
    question = told.found.question
    asker = question.asker
    looked_at, reasons = explain(told.found, recent)
    return {
        "at": told.at,
        "caller": asker.code,
        "calling_ae": asker.calling_ae,
        "address": asker.address,
        "keys": list(_words(question.keys)),
        "ignored": list(question.ignored[:MOST_IGNORED]),
        "answered": told.answered,
        "ending": told.ending,
        "looked_at": looked_at,
        "left_out": reasons,
        "milliseconds": told.milliseconds,
    }


def note(tx: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Keeps what `explained` made, and forgets the oldest."""
    tx.execute(table.insert(), rows)
    for caller in dict.fromkeys(row["caller"] for row in rows):
        _forget(tx, KEPT, table.c.caller == caller)
    _forget(tx, KEPT_IN_ALL)


def _forget(tx: Connection, kept: int, *of: Any) -> None:
    oldest = select(table.c.id).where(*of).order_by(table.c.id.desc()).offset(kept).limit(1)
    last = tx.execute(oldest).scalar()
    if last is not None:
        tx.execute(delete(table).where(table.c.id <= last, *of))


def _words(keys: Sequence[Key]) -> Iterator[dict[str, Any]]:
    """Each key that asks; `value` is None where it may not be seen."""
    for key in keys:
        names = [key.keyword, key.time] if key.kind == Matching.COMBINED else [key.keyword]
        seen = all(name in OPEN_KEYS for name in names)
        yield {
            "key": " ".join(names),
            "kind": key.kind.value,
            "value": "\\".join(key.values)[:LONGEST] if seen else None,
        }


def recent(tx: Connection, caller: str = "", limit: int = 200) -> list[dict[str, Any]]:
    """The newest questions, of one caller when it is named."""
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    rows = tx.execute(query.where(table.c.caller == caller) if caller else query)
    return [dict(row) for row in rows.mappings()]


def callers(tx: Connection) -> list[dict[str, Any]]:
    """Who asked: {caller, questions, last_at}, the one that asked last first."""
    last = func.max(table.c.at).label("last_at")
    rows = tx.execute(
        select(table.c.caller, func.count().label("questions"), last).group_by(table.c.caller).order_by(last.desc())
    )
    return [dict(row) for row in rows.mappings()]
