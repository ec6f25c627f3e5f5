"""Reports as the pages show them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from node.domain.report import ReadingState, ReportText
from worklists.reading import profiles
from worklists.reading.moves import get
from worklists.reading.profiles import Seniority
from worklists.reading.store import TaskRow
from worklists.reporting import life, store
from worklists.reporting.store import Version

_SIGNED_STATES = (ReadingState.PRELIMINARY, ReadingState.FINAL)  # of a task in which no draft is shown


def part_of_task(
    tx: Connection, task_id: str, username: str, role: str, now: datetime, window: timedelta
) -> dict[str, Any]:
    """The fields of `records.ReportPart`."""
    task = get(tx, task_id)
    version = _shown(tx, task)
    text = None if version is None else show_text(version.text)
    return {
        "report": text,
        "links": [] if version is None else list(version.links),
        "report_version": 0 if version is None else version.version,
        "report_revision": "" if version is None else version.revision,
        "report_pages": {} if version is None else dict(version.pages),
        "report_state": "none" if version is None else version.state,
        "report_kind": store.REPORT if version is None else version.kind,
        "addendum_number": None if version is None else store.addendum_number(tx, version),
        "correctable_until": life.correctable_until(tx, task, username, window, now),
        "may_sign": _may_sign(tx, task, username, role),
        "questions": store.questions(tx, task.study_uid),
    }


def show_text(text: ReportText) -> dict[str, Any]:
    """The fields of `records.Report`."""
    shown = {name: getattr(text, name) for name in ReportText.__slots__}
    answers = [{"question": question, "answer": answer} for question, answer in text.answers]
    return {**shown, "key_images": list(text.key_images), "answers": answers, "fields": dict(text.fields)}


def history(tx: Connection, task_id: str) -> list[dict[str, Any]]:
    """All versions, the oldest first, as `records.VersionShown`."""
    task = get(tx, task_id)
    found = store.versions(tx, task.id)
    last = max((v.version for v in found if v.state in store.SIGNED and v.kind == store.REPORT), default=0)
    return [
        {
            **_show_signed(version),
            "addendum_number": store.addendum_number(tx, version),
            "links": list(version.links),
            "measurements": list(version.measurements),
            "criticals": list(version.criticals),
            "updated_at": version.updated_at,
            "sop_instance_uid": version.sop_instance_uid,
            "replaced": version.state in store.SIGNED and version.kind == store.REPORT and version.version < last,
        }
        for version in found
    ]


def of_study(tx: Connection, study_uid: str) -> list[dict[str, Any]]:
    """The signed reports of a study that stand, as `records.StudyReport`."""
    return [{**_show_signed(version), "task_id": version.task_id} for version in store.signed_of_study(tx, study_uid)]


def _shown(tx: Connection, task: TaskRow) -> Version | None:
    """The draft while one is written; what was signed, when that is how the task stands."""
    if task.state in _SIGNED_STATES:
        return store.newest(tx, task.id, *store.SIGNED)
    return store.newest(tx, task.id, store.DRAFT, *store.SIGNED)


def _may_sign(tx: Connection, task: TaskRow, username: str, role: str) -> list[str]:
    if role != "radiologist":
        return []
    final = [] if profiles.get(tx, username).seniority == Seniority.TRAINEE else [store.FINAL]
    verifies = task.state in (ReadingState.VERIFYING, ReadingState.AMENDING)
    return final if verifies else [store.PRELIMINARY, *final]


def _show_signed(version: Version) -> dict[str, Any]:
    names = ("role", "name", "licence_number", "organization", "at")
    return {
        "version": version.version,
        "state": version.state,
        "kind": version.kind,
        "report": show_text(version.text),
        "signatures": [{name: getattr(s, name) for name in names} for s in version.signatures],
        "signed_at": version.signed_at,
    }
