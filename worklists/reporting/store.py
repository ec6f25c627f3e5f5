"""Versions of reports as rows. Only a draft's row is ever written to: every UPDATE names the state it finds, and a signed row is
in none of those. A version that is begun and never signed stays, as abandoned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from node.domain.letter import LetterKind
from node.domain.measurement import Measurement
from node.domain.report import CriticalNote, ReportText, Signature
from node.ledger.desk_tables import letters
from node.ledger.schema import reading_tasks, reports

DRAFT, PRELIMINARY, FINAL, ABANDONED = "draft", "preliminary", "final", "abandoned"
SIGNED = (PRELIMINARY, FINAL)
REPORT, ADDENDUM = "report", "addendum"

_PLAIN = (  # columns that are fields of the text as they are
    "technique", "findings", "conclusion", "recommendation", "language", "comparison", "limitations", "template",
)  # fmt: skip
MAX_PAGES = 32

Links = Sequence[dict[str, Any]]
Pages = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a report."""

    task_id: str
    version: int
    state: str
    kind: str
    text: ReportText
    links: Links
    pages: Pages
    author: str
    signatures: tuple[Signature, ...]
    measurements: tuple[dict[str, Any], ...]
    criticals: tuple[dict[str, Any], ...]
    sop_instance_uid: str
    signed_at: datetime | None
    updated_at: datetime

    @property
    def revision(self) -> str:
        """Names this text of this version: two saves of the same are one."""
        return revision_of(self.version, self.text, self.links)


def revision_of(version: int, text: ReportText, links: Links) -> str:
    """The number of the version and a digest of what is in it."""
    content = [{name: getattr(text, name) for name in ReportText.__slots__}, list(links)]
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{version}.{hashlib.sha256(plain.encode()).hexdigest()[:24]}"


def versions(tx: Connection, task_id: str) -> list[Version]:
    """All versions, the oldest first."""
    rows = tx.execute(select(reports).where(reports.c.task_id == task_id).order_by(reports.c.version))
    return [_version(row) for row in rows]


def newest(tx: Connection, task_id: str, *states: str) -> Version | None:
    """The newest version in one of these states."""
    row = tx.execute(
        select(reports)
        .where(reports.c.task_id == task_id, reports.c.state.in_(states))
        .order_by(reports.c.version.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _version(row)


def addendum_number(tx: Connection, version: Version) -> int | None:
    """Which addendum it is, from 1; None when it is none. Abandoned ones do not count."""
    if version.kind != ADDENDUM:
        return None
    query = select(func.count()).where(
        reports.c.task_id == version.task_id,
        reports.c.kind == ADDENDUM,
        reports.c.state.in_((DRAFT, *SIGNED)),
        reports.c.version <= version.version,
    )
    return int(tx.execute(query).scalar_one())


def begin(
    tx: Connection,
    task_id: str,
    text: ReportText,
    links: Links,
    *,
    kind: str,
    author: str,
    now: datetime,
    pages: Pages | None = None,
) -> int:
    """A new draft; returns the number of its version."""
    before = versions(tx, task_id)
    last = before[-1].version if before else 0
    known = before[-1].pages if before else {}
    values = {**_columns(text, links), "pages": together(known, pages or {}), "author": author, "updated_at": now}
    tx.execute(insert(reports).values(task_id=task_id, version=last + 1, state=DRAFT, kind=kind, **values))
    return last + 1


def together(known: Pages, more: Pages) -> dict[str, int]:
    """What has arrived from which page, the newest pages last and not too many."""
    kept = {page: count for page, count in known.items() if page not in more}
    new = {page: max(count, known.get(page, 0)) for page, count in more.items()}
    return dict(list((kept | new).items())[-MAX_PAGES:])


def write(
    tx: Connection, draft: Version, text: ReportText, links: Links, pages: Pages, author: str, now: datetime
) -> bool:
    """Changes a draft, when that changes anything; False when it is none any more."""
    arrived = together(draft.pages, pages)
    same = revision_of(draft.version, text, links) == draft.revision and draft.author == author
    if same and arrived == dict(draft.pages):
        return True
    values = {**_columns(text, links), "pages": arrived, "author": author, "updated_at": now}
    return _change(tx, draft.task_id, draft.version, values)


def seal(
    tx: Connection,
    task_id: str,
    version: int,
    *,
    state: str,
    author: str,
    signatures: Sequence[Signature],
    measurements: Sequence[Measurement],
    criticals: Sequence[CriticalNote],
    sop_instance_uid: str,
    series_instance_uid: str,
    now: datetime,
) -> bool:
    """Makes a draft a signed version with everything that its documents need; False when that version is no draft."""
    values = {
        "state": state,
        "author": author,
        "signatures": [signature.to_json() for signature in signatures],
        "measurements": [measurement.to_json() for measurement in measurements],
        "criticals": [critical.to_json() for critical in criticals],
        "sop_instance_uid": sop_instance_uid,
        "series_instance_uid": series_instance_uid,
        "signed_at": now,
        "updated_at": now,
    }
    return _change(tx, task_id, version, values)


def abandon(tx: Connection, task_id: str, version: int, now: datetime) -> bool:
    """Sets a draft aside for good; False when that version is no draft."""
    return _change(tx, task_id, version, {"state": ABANDONED, "updated_at": now})


def signed_of_study(tx: Connection, study_uid: str) -> list[Version]:
    """The signed versions that stand: the newest report and the addenda after it, the oldest first."""
    task_id = tx.execute(select(reading_tasks.c.id).where(reading_tasks.c.study_uid == study_uid)).scalar()
    signed = [version for version in versions(tx, task_id or "") if version.state in SIGNED]
    whole = max((version.version for version in signed if version.kind == REPORT), default=0)
    return [version for version in signed if version.version == whole or version.kind == ADDENDUM]


def questions(tx: Connection, study_uid: str) -> list[str]:
    """What the origin asked with its requests, each once."""
    rows = tx.execute(
        select(letters.c.body)
        .where(letters.c.study_uid == study_uid, letters.c.kind == LetterKind.REQUEST.value)
        .order_by(letters.c.number)
    ).scalars()
    lists = [said for body in rows if isinstance(said := body.get("questions"), list)]  # another node's: of any form
    asked = [question for said in lists for question in said if isinstance(question, str)]
    return list(dict.fromkeys(question for question in asked if question.strip()))


def _change(tx: Connection, task_id: str, version: int, values: dict[str, Any]) -> bool:
    changed = tx.execute(
        update(reports)
        .where(reports.c.task_id == task_id, reports.c.version == version, reports.c.state == DRAFT)
        .values(**values)
    )
    return bool(changed.rowcount)


def _columns(text: ReportText, links: Links) -> dict[str, Any]:
    return {
        **{name: getattr(text, name) for name in _PLAIN},
        "key_images": list(text.key_images),
        "answers": [list(answer) for answer in text.answers],
        "fields": dict(text.fields),
        "links": list(links),
    }


def _text(row: Row[Any]) -> ReportText:
    plain = {name: getattr(row, name) for name in _PLAIN}
    answers = tuple((question, answer) for question, answer in row.answers)
    fields = tuple(sorted(row.fields.items()))
    return ReportText(**plain, key_images=tuple(row.key_images), answers=answers, fields=fields)


def _version(row: Row[Any]) -> Version:
    return Version(
        row.task_id,
        row.version,
        row.state,
        row.kind,
        _text(row),
        tuple(row.links),
        row.pages,
        row.author,
        tuple(Signature.from_json(signature) for signature in row.signatures),
        tuple(row.measurements),
        tuple(row.criticals),
        row.sop_instance_uid,
        row.signed_at,
        row.updated_at,
    )
