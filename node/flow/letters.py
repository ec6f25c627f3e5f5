"""Letters on the link between nodes, as both of its ends keep and tell them.

A peer hears and says only what is about its own facility's studies, under the Study Instance UID by which it knows them.
Each letter that is new here becomes a job "letter", which makes its effect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from node.domain.facility import Peer
from node.domain.job import NextJob
from node.domain.letter import Letter
from node.ledger import criticals, deliveries, jobs, letters, studies
from node.ledger.schema import studies as studies_table
from node.ports import Node

MAX_BODY = 64_000  # characters of the JSON of a body

_ID = re.compile(r"[0-9a-f]{32}")
_KIND = re.compile(r"[a-z][a-z0-9-]{0,15}")


def letters_for(node: Node, peer: Peer, cursor: int) -> tuple[int, list[dict[str, Any]]]:
    """(new cursor, the letters about the peer's studies after `cursor` that it did not write itself)."""
    with node.ledger.read() as tx:
        if cursor > letters.newest(tx):  # this ledger was restored from a backup: all is told again
            cursor = 0
        found = letters.since(tx, cursor, peer.facility)
        uids = {letter.study_instance_uid for _, letter in found}
        query = select(studies_table.c.uid).where(
            studies_table.c.uid.in_(uids), studies_table.c.origin == peer.facility, studies_table.c.shadow.is_(False)
        )
        own = set(tx.execute(query).scalars())
    last = found[-1][0] if found else cursor
    return last, [to_json(letter) for _, letter in found if letter.study_instance_uid in own]


def note_heard(node: Node, peer: Peer, cursor: int) -> None:
    """The peer holds every letter up to `cursor`: the critical findings among them have reached the origin's node."""
    with node.ledger.read() as tx:
        reached = criticals.told_up_to(tx, peer.facility, cursor) if cursor <= letters.newest(tx) else ()
    if reached:
        with node.ledger.begin() as tx:
            criticals.mark_told(tx, reached, node.clock.now())


def take_letters(node: Node, peer: Peer, items: Iterable[Mapping[str, Any]]) -> None:
    """Keeps what the peer says of its own studies, also of one that is only announced; anything else is left out."""
    with node.ledger.begin() as tx:
        for item in items:
            letter = from_json(item)
            if letter is not None and letter.node != node.facility and _is_of(tx, peer, letter.study_instance_uid):
                _keep(tx, letter, node.clock.now())
    node.wake()


def keep_told(tx: Connection, node: Node, peer: Peer, content: Mapping[str, Any]) -> bool:
    """Keeps a letter that a peer which we dial told us, under our own UID of the study; True when it is new."""
    letter = from_json(content)
    if letter is None or letter.node == node.facility:
        return False
    study_uid = deliveries.sent_as(tx, peer.code, letter.study_instance_uid)
    return bool(study_uid) and _keep(tx, _renamed(letter, study_uid), node.clock.now())


def letters_to(
    tx: Connection, peer: Peer, outward: Mapping[str, str], study_uids: Sequence[str]
) -> list[dict[str, Any]]:
    """All that is to be told to a peer which we dial about some studies; `outward` has the UIDs by which it knows them."""
    known = [uid for uid in study_uids if outward.get(uid)]
    found = letters.of_studies(tx, known, but_of=peer.facility) if known else ()
    return [to_json(_renamed(letter, outward[letter.study_instance_uid])) for letter in found]


def _is_of(tx: Connection, peer: Peer, study_uid: str) -> bool:
    study = studies.get(tx, study_uid)
    if study is not None:
        return bool(study.origin == peer.facility and not study.shadow)
    announced = studies.manifest(tx, study_uid)
    return announced is not None and announced.peer == peer.code


def _keep(tx: Connection, letter: Letter, now: datetime) -> bool:
    new = letters.record(tx, letter, now)
    if new:
        jobs.enqueue(tx, NextJob("letter", letter.id, priority=0), now)
    return new


def _renamed(letter: Letter, study_uid: str) -> Letter:
    return Letter(letter.id, study_uid, letter.node, letter.kind, letter.author, letter.at, letter.body, letter.about)


def to_json(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "study_instance_uid": letter.study_instance_uid,
        "node": letter.node,
        "kind": str(letter.kind),
        "about": letter.about,
        "author": letter.author,
        "at": letter.at.isoformat(),
        "body": dict(letter.body),
    }


def from_json(content: Mapping[str, Any]) -> Letter | None:
    """A letter of the other node's; None for what is none. Kinds and parts of a body that we do not know are kept."""
    try:
        at = content["at"]
        moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        letter = Letter(
            id=content["id"],
            study_instance_uid=content["study_instance_uid"],
            node=str(content["node"])[:32],
            kind=content["kind"],
            author=str(content["author"])[:200],
            at=moment if moment.tzinfo else moment.replace(tzinfo=UTC),
            body=dict(content["body"]),
            about=content.get("about") or "",
        )
        written = json.dumps([letter.node, letter.author, letter.body], ensure_ascii=False, allow_nan=False)
        written.encode()  # half of a pair of surrogates cannot be kept, nor a NUL or an infinite number by PostgreSQL
        if "\\u0000" in written:
            return None
        whole = _ID.fullmatch(letter.id) and _KIND.fullmatch(letter.kind) and len(written) <= MAX_BODY
        return letter if whole and (not letter.about or _ID.fullmatch(letter.about)) else None
    except (KeyError, TypeError, ValueError):
        return None
