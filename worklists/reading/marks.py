"""Measurements and marks on a study's images as rows: saved stroke by stroke, never twice, never lost.

A mark has its id from the viewer, so a request that is repeated makes no second one. Every change names the revision
that it was made from; when another was quicker it is refused, and the viewer shows what is kept. A deleted mark keeps
its row: undoing the deletion brings it back. The rows themselves say who and when; there is no audit record per stroke.

Into a report go the marks of those who answer for it: who signed before, and who signs now. What a colleague drew while nobody
had the study is shown with `in_report` false; it goes into the report when who has the study saves it as theirs.
Errors: `NotFound`, `NotAllowed`, `Invalid`, `Conflict`.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from node.domain.measurement import Measurement, MeasurementKind
from node.domain.report import ReadingState
from node.errors import Conflict, Invalid, NotAllowed, NotFound
from node.ledger.desk_tables import marks
from node.ledger.schema import instances, studies, users
from worklists.reading import store

MAX_MARKS = 2000  # of one study, the deleted ones included
MAX_TEXT = 500
MAX_VALUES = 16
_HELD = frozenset({ReadingState.CLAIMED, ReadingState.DRAFTING, ReadingState.VERIFYING, ReadingState.AMENDING})
_CLOSED = frozenset({ReadingState.PRELIMINARY, ReadingState.FINAL, ReadingState.CANCELLED})
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def listed(tx: Connection, study_uid: str, username: str) -> list[dict[str, Any]]:
    """The marks of a study in the order in which they were made, as the API shows them."""
    rows = tx.execute(
        select(marks, users.c.display_name)
        .outerjoin(users, users.c.username == marks.c.author)
        .where(marks.c.study_uid == study_uid, ~marks.c.deleted)
        .order_by(marks.c.created_at, marks.c.id)
    )
    answering = _answering(tx, study_uid, username)
    return [_show(row, username, answering) for row in rows]


def for_report(tx: Connection, study_uid: str, username: str) -> tuple[Measurement, ...]:
    """What goes into the report when this person signs it, in the order in which it was made."""
    answering = _answering(tx, study_uid, username)
    rows = tx.execute(
        select(marks)
        .where(marks.c.study_uid == study_uid, ~marks.c.deleted, marks.c.kind != MeasurementKind.CALIBRATION.value)
        .order_by(marks.c.created_at, marks.c.id)
    )
    return tuple(mark for mark in (_mark_of(row, answering) for row in rows) if mark.in_report)


def writable(tx: Connection, study_uid: str, username: str) -> bool:
    """Whether marks of this person on the study would be kept now."""
    task = store.task_of_study(tx, study_uid)
    if task is None:
        return True
    return task.state not in _CLOSED and (task.state not in _HELD or task.claimed_by == username)


def save(
    tx: Connection, study_uid: str, mark: Measurement, *, base_revision: int, username: str, now: datetime
) -> dict[str, Any]:
    """Keeps a new mark (`base_revision` 0) or a changed one; the same once more has no effect. Returns it as kept."""
    kept = _row(tx, mark.id)
    _check_writer(tx, study_uid, username, kept)
    mark = _sound(tx, study_uid, mark)
    if kept is None:
        if base_revision:
            raise NotFound("There is no such mark.", hint="Open the study again.")
        _insert(tx, study_uid, mark, username, now)
    elif not (kept.revision == base_revision + 1 and not kept.deleted and _mark_of(kept) == mark):
        _change(tx, kept, base_revision, now, author=username, deleted=False, **_columns(mark))
    row = _row(tx, mark.id)
    assert row is not None
    return _show(row, username, _answering(tx, study_uid, username))


def remove(
    tx: Connection, study_uid: str, mark_id: str, *, base_revision: int, username: str, now: datetime
) -> dict[str, Any]:
    """Deletes a mark; its row stays. Deleting it again has no effect. Returns it with its new revision."""
    kept = _row(tx, mark_id)
    if kept is None or kept.study_uid != study_uid:
        raise NotFound("There is no such mark.", hint="Open the study again.")
    _check_writer(tx, study_uid, username, kept)
    if not kept.deleted:
        _change(tx, kept, base_revision, now, deleted=True)
    row = _row(tx, mark_id)
    assert row is not None
    return _show(row, username, _answering(tx, study_uid, username))


def _row(tx: Connection, mark_id: str) -> Row[Any] | None:
    return tx.execute(
        select(marks, users.c.display_name)
        .outerjoin(users, users.c.username == marks.c.author)
        .where(marks.c.id == mark_id)
    ).one_or_none()


def _answering(tx: Connection, study_uid: str, username: str) -> frozenset[str]:
    """Whose marks go into the report: who has signed it, and who has the study; while nobody has it, this person."""
    task = store.task_of_study(tx, study_uid)
    if task is None:
        return frozenset({username})
    return frozenset({*store.signers(tx, task.id), task.claimed_by or username})


def _mark_of(row: Row[Any], answering: Collection[str] | None = None) -> Measurement:
    """The mark as it is kept; with `answering` nobody else's is in the report."""
    mark = Measurement.from_json(
        {
            **row.content,
            "id": row.id,
            "kind": row.kind,
            "series_instance_uid": row.series_uid,
            "sop_instance_uid": row.sop_instance_uid,
            "frame": row.frame,
        }
    )
    return mark if answering is None or row.author in answering else replace(mark, in_report=False)


def _show(row: Row[Any], username: str, answering: Collection[str]) -> dict[str, Any]:
    return {
        **_mark_of(row, answering).to_json(),
        "revision": row.revision,
        "author": row.author,
        "author_name": row.display_name or row.author,
        "mine": row.author == username,
        "updated_at": row.updated_at,
    }


def _columns(mark: Measurement) -> dict[str, Any]:
    stored = mark.to_json()
    content = {name: stored[name] for name in ("points", "values", "basis", "text", "in_report")}
    return {
        "series_uid": mark.series_instance_uid,
        "sop_instance_uid": mark.sop_instance_uid,
        "frame": mark.frame,
        "kind": mark.kind.value,
        "content": content,
    }


def _insert(tx: Connection, study_uid: str, mark: Measurement, username: str, now: datetime) -> None:
    count = len(tx.execute(select(marks.c.id).where(marks.c.study_uid == study_uid).limit(MAX_MARKS)).all())
    if count >= MAX_MARKS:
        raise NotAllowed("The study has as many marks as are kept.", hint="Delete marks that are not needed.")
    row = {"id": mark.id, "study_uid": study_uid, "author": username, "revision": 1, "deleted": False}
    try:
        with tx.begin_nested():
            tx.execute(insert(marks).values(**row, created_at=now, updated_at=now, **_columns(mark)))
    except IntegrityError as error:
        raise _changed_meanwhile() from error


def _change(tx: Connection, kept: Row[Any], base_revision: int, now: datetime, **values: Any) -> None:
    changed = tx.execute(
        update(marks)
        .where(marks.c.id == kept.id, marks.c.revision == base_revision)
        .values(revision=base_revision + 1, updated_at=now, **values)
    )
    if not changed.rowcount:
        raise _changed_meanwhile()


def _changed_meanwhile() -> Conflict:
    return Conflict("The mark was changed elsewhere in the meantime.", hint="It is shown as it is kept now.")


def _check_writer(tx: Connection, study_uid: str, username: str, kept: Row[Any] | None) -> None:
    if tx.execute(select(studies.c.uid).where(studies.c.uid == study_uid)).one_or_none() is None:
        raise NotFound("There is no such study.", hint="Open the worklist again.")
    if not writable(tx, study_uid, username):
        raise NotAllowed(
            "Marks on this study are not kept for you now.",
            hint="Only who has claimed the study can change its marks, until the report is signed.",
        )
    if kept is None:
        return
    if kept.study_uid != study_uid:
        raise Invalid("The mark belongs to another study.", hint="Draw it again.")
    task = store.task_of_study(tx, study_uid)
    claimed = task is not None and task.state in _HELD  # by this reader: checked above
    if kept.author != username and not claimed:
        raise NotAllowed("Someone else made this mark.", hint="Claim the study to change it.")


def _sound(tx: Connection, study_uid: str, mark: Measurement) -> Measurement:
    """The mark with its text composed. Raises `Invalid` when it is not on an image of the study, or too much."""
    try:
        canonical = str(uuid.UUID(mark.id)) == mark.id
    except ValueError:
        canonical = False
    text = unicodedata.normalize("NFC", mark.text.replace("\r\n", "\n")).strip()
    if not canonical or len(text) > MAX_TEXT or len(mark.values) > MAX_VALUES or _CONTROL.search(text):
        raise Invalid("The mark's text is too long or has characters that cannot be kept.", hint="Shorten the text.")
    if any(not name.isascii() or len(name) > 40 for value in mark.values for name in (value.name, value.unit)):
        raise Invalid("The mark has a value that nobody knows.", hint="Draw it again.")
    image = tx.execute(
        select(instances.c.rows, instances.c.columns, instances.c.frames).where(
            instances.c.study_uid == study_uid,
            instances.c.series_uid == mark.series_instance_uid,
            instances.c.sop_instance_uid == mark.sop_instance_uid,
            instances.c.current,
        )
    ).first()
    if image is None or mark.frame > max(1, image.frames):
        raise Invalid("The image of the mark is not in this study.", hint="Open the study again.")
    if any(not (0 <= column <= image.columns and 0 <= row <= image.rows) for column, row in mark.points):
        raise Invalid("The mark lies beside its image.", hint="Draw it on the image.")
    in_report = mark.in_report and mark.kind is not MeasurementKind.CALIBRATION
    return replace(mark, text=text, in_report=in_report)
