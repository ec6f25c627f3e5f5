"""Writing letters: who may write which, what of them stays open, and what they end at the hospital that writes.

Every function runs inside the caller's write transaction. Errors: `NotFound`, `NotAllowed`, `NotAuthorized`, `Invalid`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Row

from node.domain.job import NextJob
from node.domain.letter import Letter, LetterKind
from node.errors import Conflict, NotAllowed, NotAuthorized, NotFound
from node.ledger import letters, notices, studies
from node.ledger.audit import audit
from node.ledger.jobs import enqueue
from worklists.correspondence import identity, shapes
from worklists.correspondence.shapes import ANSWERS, AT_ORIGIN, AT_READING, FROM_READER
from worklists.reading import store

_K = LetterKind
_ENDED_BY: Mapping[str, tuple[LetterKind, ...]] = {
    _K.QUESTION: (_K.ANSWER,),
    _K.REPEAT: (_K.REPEATED,),
    _K.CRITICAL: (_K.NOTED, _K.CRITICAL_OVER),
}


class Person(Protocol):
    """Who writes."""

    @property
    def username(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Post:
    """The circumstances of a letter: the facility of this node, the time, and the id that a new letter gets."""

    facility: str
    now: datetime
    new_id: str


@dataclass(frozen=True, slots=True)
class Sides:
    """What this hospital is to a study."""

    study: Row[Any]
    origin: bool  # it was made here
    reading: bool  # it is on the worklist here

    @property
    def tells_patient(self) -> bool:
        """Whether what is here may say who the patient is: only what another hospital made has a pseudonym for certain."""
        return self.origin or not self.study.origin


def sides(tx: Connection, facility: str, study_uid: str) -> Sides:
    """Raises `NotFound` for what the pages do not show."""
    study = studies.get(tx, study_uid)
    if study is None or study.shadow:
        raise NotFound("There is no such study.", hint="Open the list of studies again.")
    here = store.task_of_study(tx, study_uid) is not None
    return Sides(study, study.origin == facility or not (study.origin or here), here)


def may_write(where: Sides, role: str) -> list[LetterKind]:
    """The kinds that somebody of this role may write about a study, from here."""
    at_origin = [kind for kind, roles in AT_ORIGIN.items() if where.origin and role in roles]
    reading = [kind for kind, roles in AT_READING.items() if where.reading and role in roles]
    return list(dict.fromkeys([*at_origin, *reading]))


def is_open(letter: Letter, thread: Sequence[Letter]) -> bool:
    """Whether a question, a request to repeat or a critical finding still waits for somebody at the origin."""
    enders = _ENDED_BY.get(letter.kind, ())
    if not enders or (letter.kind == _K.CRITICAL and letter.about):
        return False
    return not any(other.about == letter.id and other.kind in enders for other in thread)


def is_new(tx: Connection, letter_id: str) -> bool:
    """Whether no letter of this id was written yet."""
    return letters.get(tx, letter_id) is None


def write(
    tx: Connection,
    post: Post,
    person: Person,
    study_uid: str,
    *,
    kind: LetterKind,
    body: Mapping[str, Any],
    about: str = "",
) -> Letter:
    """What somebody writes about a study. Writing again under the same id has no effect."""
    known = letters.get(tx, post.new_id)
    if known is not None and known.study_instance_uid == study_uid:
        return known
    where = sides(tx, post.facility, study_uid)
    if kind not in may_write(where, person.role):
        raise NotAuthorized("You may not write this about the study.", hint="Ask the treating doctor or the reader.")
    content = shapes.shaped(kind, body)
    if where.tells_patient:
        identity.check(shapes.texts_of(content), patient_of(where.study))
    _refuse_wrong_answer(tx, study_uid, kind, about)
    if kind == _K.NOTED:
        content |= {"name": person.display_name, "role": person.role}
    return put(tx, post, person, study_uid, kind=kind, body=content, about=about)


def refuse_identity(tx: Connection, post: Post, study_uid: str, body: Mapping[str, Any]) -> None:
    """Raises `TellsPatient`: what somebody writes at the origin goes to whoever else reads the study, under a pseudonym."""
    where = sides(tx, post.facility, study_uid)
    if where.tells_patient:
        identity.check(shapes.texts_of(body), patient_of(where.study))


def put(
    tx: Connection,
    post: Post,
    person: Person,
    study_uid: str,
    *,
    kind: LetterKind,
    body: Mapping[str, Any],
    about: str = "",
) -> Letter:
    """Keeps a letter that was checked. What it answers is done here; when both hospitals are this one, it arrives at once."""
    letter = Letter(post.new_id, study_uid, post.facility, kind, person.display_name, post.now, body, about)
    if not letters.record(tx, letter, post.now, username=person.username):
        raise Conflict("Another letter has this number already.", hint="Send it again.")
    audit(tx, post.now, person.username, "letter-written", letter.id, {"kind": kind.value, "study": study_uid})
    if about:
        notices.over(tx, f"letter:{about}", post.now)
    if kind == _K.ACCEPTANCE:
        notices.over(tx, f"accept:{study_uid}", post.now)
    where = sides(tx, post.facility, study_uid)
    if where.origin and (where.reading or kind in FROM_READER):
        enqueue(tx, NextJob("letter", letter.id, priority=0), post.now)
    return letter


def open_letters(tx: Connection, study_uid: str, kinds: Collection[LetterKind]) -> list[Letter]:
    """The letters of these kinds that still wait for the origin."""
    thread = letters.of_study(tx, study_uid)
    return [letter for letter in thread if letter.kind in kinds and is_open(letter, thread)]


def patient_of(study: Row[Any]) -> identity.Patient:
    return identity.Patient(study.patient_name, (study.patient_id, study.accession_number), study.birth_date)


def _refuse_wrong_answer(tx: Connection, study_uid: str, kind: LetterKind, about: str) -> None:
    answered = letters.get(tx, about) if about else None
    if about and (answered is None or answered.study_instance_uid != study_uid):
        raise NotFound("There is no such letter about this study.", hint="Open the study again.")
    wanted = ANSWERS.get(kind)
    if wanted is None:
        return
    if answered is None or answered.kind != wanted:
        raise NotFound("There is no such letter about this study.", hint="Open the study again.")
    if kind == _K.NOTED:
        before = letters.about(tx, about, (_K.NOTED, _K.CRITICAL_OVER))
        if before:
            raise NotAllowed("Somebody has taken note already.", hint="Open the study again to see who and when.")
