"""Studies and documents by the identifiers that other systems know them by."""

from __future__ import annotations

from sqlalchemy import Connection, or_, select

from node.ledger.report_objects import PDF_CLASS
from node.ledger.schema import instances, studies

_MOST = 50  # studies of one accession number


def studies_named(tx: Connection, value: str) -> list[str]:
    """The studies with this Study Instance UID or accession number, newest first; twins under a pseudonym are not shown."""
    if not value:
        return []
    named = or_(studies.c.uid == value, studies.c.accession_number == value)
    return list(
        tx.execute(
            select(studies.c.uid)
            .where(studies.c.shadow.is_(False), named)
            .order_by(studies.c.first_received_at.desc(), studies.c.uid)
            .limit(_MOST)
        ).scalars()
    )


def sheet_digest(tx: Connection, sop_instance_uid: str) -> str | None:
    """The digest of a stored printed sheet."""
    return tx.execute(
        select(instances.c.digest)
        .join(studies, studies.c.uid == instances.c.study_uid)
        .where(
            instances.c.sop_instance_uid == sop_instance_uid,
            instances.c.sop_class_uid == PDF_CLASS,
            instances.c.current,
            studies.c.shadow.is_(False),
        )
    ).scalar()
