"""Letters and critical findings as the pages show them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from node.domain.letter import Letter, LetterKind
from node.ledger import criticals, letters
from node.ledger.schema import users
from worklists.correspondence import desk
from worklists.correspondence.desk import Sides

_KNOWN = frozenset(LetterKind)


def thread(
    tx: Connection, where: Sides, study_uid: str, role: str, facility: str, names: Mapping[str, str]
) -> dict[str, Any]:
    """{"items", "may", "at_origin"}: the letters about a study in the order of time, and what the caller may write."""
    found = sorted(letters.of_study(tx, study_uid), key=lambda letter: letter.at)
    return {
        "items": [_shown(letter, found, facility, names) for letter in found],
        "may": [kind.value for kind in desk.may_write(where, role)],
        "at_origin": where.origin,
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
