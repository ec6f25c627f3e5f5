"""Letters between two hospitals as rows: written once, read by study, told to the other node by number."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from node.domain.letter import Letter
from node.ledger.desk_tables import letters
from node.ledger.sql import insert
from node.ledger.timeline import take_turn


def record(tx: Connection, letter: Letter, now: datetime, *, username: str = "") -> bool:
    """Keeps the letter unless one of its id is here already; True when it is new. `username`: who wrote it here."""
    take_turn(tx)
    result = tx.execute(
        insert(tx, letters)
        .values(
            id=letter.id,
            study_uid=letter.study_instance_uid,
            node=letter.node,
            kind=str(letter.kind),
            about=letter.about,
            author=letter.author,
            username=username,
            body=dict(letter.body),
            at=letter.at,
            received_at=now,
        )
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(letters.c.number)
    )
    return result.first() is not None


def get(tx: Connection, letter_id: str) -> Letter | None:
    row = tx.execute(select(letters).where(letters.c.id == letter_id)).first()
    return None if row is None else from_row(row)


def of_study(tx: Connection, study_uid: str) -> Sequence[Letter]:
    """All letters about a study, in the order in which this node got to know them."""
    rows = tx.execute(select(letters).where(letters.c.study_uid == study_uid).order_by(letters.c.number))
    return [from_row(row) for row in rows]


def of_studies(tx: Connection, study_uids: Collection[str], *, but_of: str = "") -> Sequence[Letter]:
    """The letters about some studies, but for those that the facility `but_of` wrote itself."""
    query = select(letters).where(letters.c.study_uid.in_(study_uids), letters.c.node != but_of)
    return [from_row(row) for row in tx.execute(query.order_by(letters.c.number))]


def about(tx: Connection, letter_id: str, kinds: Collection[str] = ()) -> Sequence[Letter]:
    """The letters that answer this one; only those of some kinds when any are given."""
    query = select(letters).where(letters.c.about == letter_id)
    if kinds:
        query = query.where(letters.c.kind.in_([str(kind) for kind in kinds]))
    return [from_row(row) for row in tx.execute(query.order_by(letters.c.number))]


def writer(tx: Connection, letter_id: str) -> str:
    """The username of who wrote the letter here; empty when it came from elsewhere."""
    return tx.execute(select(letters.c.username).where(letters.c.id == letter_id)).scalar() or ""


def since(tx: Connection, cursor: int, reader: str, limit: int = 200) -> Sequence[tuple[int, Letter]]:
    """(number, letter) after `cursor`, in order, but for those that the facility `reader` wrote itself."""
    rows = tx.execute(
        select(letters)
        .where(letters.c.number > cursor, letters.c.node != reader)
        .order_by(letters.c.number)
        .limit(limit)
    )
    return [(row.number, from_row(row)) for row in rows]


def newest(tx: Connection) -> int:
    """The number of the newest letter; 0 when there is none."""
    return tx.execute(select(func.max(letters.c.number))).scalar() or 0


def number_before(tx: Connection, at: datetime) -> int:
    """The number of the last letter that was here before `at`; 0 when there was none."""
    return tx.execute(select(func.max(letters.c.number)).where(letters.c.received_at < at)).scalar() or 0


def from_row(row: Row[Any]) -> Letter:
    return Letter(
        id=row.id,
        study_instance_uid=row.study_uid,
        node=row.node,
        kind=row.kind,
        author=row.author,
        at=row.at,
        body=row.body,
        about=row.about,
    )
