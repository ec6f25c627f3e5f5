"""Letters and critical findings as the pages show them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from node.domain.letter import Letter, LetterKind
from node.domain.study import Via
from node.ledger import criticals, letters
from node.ledger.report_objects import SR_CLASSES
from node.ledger.schema import instances, users
from worklists.correspondence import desk
from worklists.correspondence.desk import Sides

_KNOWN = frozenset(LetterKind)


def thread(
    tx: Connection, where: Sides, study_uid: str, role: str, facility: str, names: Mapping[str, str]
) -> dict[str, Any]:
    """{"items", "may", "at_origin", "origin"}: the letters about a study in the order of time, and what the caller may write."""
    found = sorted(letters.of_study(tx, study_uid), key=lambda letter: letter.at)
    return {
        "items": [_shown(letter, found, facility, names) for letter in found],
        "may": [kind.value for kind in desk.may_write(where, role)],
        "at_origin": where.origin,
        "origin": where.study.origin,
    }


def _shown(letter: Letter, found: Sequence[Letter], facility: str, names: Mapping[str, str]) -> dict[str, Any]:
    body = dict(letter.body)
    kind = letter.kind if letter.kind in _KNOWN else LetterKind.NOTE.value
    if kind != letter.kind and not isinstance(body.get("text"), str):  # of a newer node's kind: what it says in words
        body = {"text": "\n".join(value for value in body.values() if isinstance(value, str))}
    return {
        "id": letter.id,
        "kind": kind,
        "about": letter.about,
        "author": letter.author,
        "node": letter.node,
        "node_name": names.get(letter.node, letter.node),
        "at": letter.at,
        "body": body,
        "mine_side": letter.node == facility,
        "open": desk.is_open(letter, found),
    }


def marks(tx: Connection, own_uids: Collection[str], study_uids: Collection[str]) -> dict[str, dict[str, Any]]:
    """For each study {"questions", "critical", "to_accept"}, see `node.web.studies.LetterMarks`; `own_uids` are those that
    were made here. Two queries, whatever the number of studies."""
    threads: dict[str, list[Letter]] = {uid: [] for uid in study_uids}
    for letter in letters.of_studies(tx, study_uids):
        threads[letter.study_instance_uid].append(letter)
    home = _reports_that_came_home(tx, own_uids)
    return {uid: _marks_of(thread, home.get(uid, "")) for uid, thread in threads.items()}


def _marks_of(thread: Sequence[Letter], report: str) -> dict[str, Any]:
    waiting = [letter.kind for letter in thread if desk.is_open(letter, thread)]
    spoken_of = [letter.body.get("report") for letter in thread if letter.kind == LetterKind.ACCEPTANCE]
    return {
        "questions": sum(kind != LetterKind.CRITICAL for kind in waiting),
        "critical": LetterKind.CRITICAL in waiting,
        "to_accept": bool(report) and report not in spoken_of and "" not in spoken_of,
    }


def _reports_that_came_home(tx: Connection, study_uids: Collection[str]) -> dict[str, str]:
    """The SOP Instance UID of the newest text report that another hospital sent of each study."""
    query = (
        select(instances.c.study_uid, instances.c.sop_instance_uid)
        .where(
            instances.c.study_uid.in_(study_uids),
            instances.c.via == Via.HOME.value,
            instances.c.sop_class_uid.in_(SR_CLASSES),
            instances.c.current,
        )
        .order_by(instances.c.id)
    )
    return {row.study_uid: row.sop_instance_uid for row in tx.execute(query)}


def findings(tx: Connection, task_id: str, now: datetime) -> list[dict[str, Any]]:
    """The critical findings of a task, in the order in which they were raised."""
    found = criticals.of_task(tx, task_id)
    people = _display_names(tx, {finding.raised_by for finding in found})
    names = ("id", "category", "text", "state", "raised_at", "due_at", "told_at", "channel", "noted_by", "read_back",
             "noted_at", "escalated_at")  # fmt: skip
    return [
        {
            **{name: getattr(finding, name) for name in names},
            "raised_by": people.get(finding.raised_by, finding.raised_by),
            "overdue": finding.state in criticals.OPEN and finding.due_at <= now,
        }
        for finding in found
    ]


def _display_names(tx: Connection, usernames: Collection[str]) -> dict[str, str]:
    query = select(users.c.username, users.c.display_name).where(users.c.username.in_(usernames))
    return {row.username: row.display_name for row in tx.execute(query)}
