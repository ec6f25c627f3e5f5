"""Letters and critical findings over HTTP. Which role may do what at all the gate has decided."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from node.domain.facility import PeerKind
from node.domain.letter import LetterKind
from node.errors import NotFound
from node.ports import Node
from worklists.correspondence import criticals, desk, reads
from worklists.correspondence.criticals import Told
from worklists.correspondence.desk import Person, Post
from worklists.correspondence.shapes import Line, Said, Text
from worklists.reading import desk as reading
from worklists.reading import store
from worklists.reading.api import ReadingDesk, as_reader

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
NewId = Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")]
Name = Annotated[Line, Field(min_length=2, max_length=200)]
Reason = Literal["positioning", "motion", "exposure", "incomplete", "artefact", "wrong-study", "other"]


class _In(BaseModel):
    """`id` is made by the caller, so that sending again after a lost answer has no effect."""

    model_config = ConfigDict(extra="forbid")

    id: NewId = ""


class NewLetter(_In):
    kind: LetterKind
    about: NewId = ""
    body: dict[str, Any] = {}


class Question(_In):
    """`blocking`: the study cannot be read before it is answered; its clock stands."""

    text: Said
    blocking: bool = True


class Rejection(_In):
    reason: Reason
    text: Text = ""


class NewFinding(_In):
    category: Literal[1, 2, 3]
    text: Said


class TakenNote(_In):
    """The origin was told otherwise than by the application."""

    noted_by: Name
    channel: Literal["telephone", "video", "message"] = "telephone"
    read_back: bool


class Withdrawal(_In):
    reason: Said


class Letter(BaseModel):
    """A letter as it is shown. `kind` is one of `LetterKind`, or what a newer node calls otherwise: it is shown as a note.
    `body` holds the parts that follow from the kind. `open`: it waits for somebody at the origin."""

    id: str
    kind: str
    about: str
    author: str
    node: str
    node_name: str
    at: datetime
    body: dict[str, Any]
    mine_side: bool
    open: bool


class Thread(BaseModel):
    """`may`: the kinds that the caller may write here. `reachable`: letters get to the hospital that made the study."""

    items: list[Letter]
    may: list[LetterKind]
    at_origin: bool
    reachable: bool


class Finding(BaseModel):
    """`overdue`: nobody took note in time."""

    id: str
    category: Literal[1, 2, 3]
    text: str
    state: Literal["raised", "told", "noted", "withdrawn"]
    raised_by: str
    raised_at: datetime
    due_at: datetime
    told_at: datetime | None
    channel: Literal["", "application", "telephone", "video", "message"]
    noted_by: str
    read_back: bool
    noted_at: datetime | None
    escalated_at: datetime | None
    overdue: bool


class Findings(BaseModel):
    items: list[Finding]


def new_id() -> str:
    """Of a letter or a critical finding."""
    return uuid.uuid4().hex


class _Mail:
    """The handlers' view of the node."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def post(self, given: _In) -> Post:
        return Post(self.node.facility, self.node.clock.now(), given.id or new_id())

    def thread(self, tx: Connection, study_uid: str, person: Person) -> dict[str, Any]:
        where = desk.sides(tx, self.node.facility, study_uid)
        registry = self.node.registry()
        names = {facility.code: facility.name for facility in registry.facilities}
        found = reads.thread(tx, where, study_uid, person.role, self.node.facility, names)
        nodes = {peer.facility for peer in registry.peers if peer.kind == PeerKind.NODE}
        return {**found, "reachable": where.origin or found["origin"] in nodes}

    def findings(self, tx: Connection, task_id: str) -> dict[str, Any]:
        return {"items": reads.findings(tx, task_id, self.node.clock.now())}

    def limit(self, category: int) -> timedelta:
        settings = self.node.settings.reading
        minutes = {1: settings.critical_minutes, 2: settings.critical_hours * 60, 3: settings.critical_days * 1440}
        return timedelta(minutes=minutes[category])

    def tell(self) -> None:
        """Whoever waits for letters hears of them at once."""
        self.node.doorbell.ring()
        self.node.wake()


def router(node: Node, current_user: Callable[..., Person]) -> APIRouter:
    """The letters of a study under /api/studies, what goes with a task under /api/reading."""
    routes = APIRouter(tags=["letters"])
    mail = _Mail(node)
    caller = Depends(current_user)

    @routes.get("/api/studies/{study_uid}/letters", response_model=Thread)
    def list_letters(study_uid: Uid, person: Person = caller) -> dict[str, Any]:
        with node.ledger.read() as tx:
            return mail.thread(tx, study_uid, person)

    @routes.post("/api/studies/{study_uid}/letters", response_model=Thread)
    def write_letter(study_uid: Uid, letter: NewLetter, person: Person = caller) -> dict[str, Any]:
        post = mail.post(letter)
        with node.ledger.begin() as tx:
            desk.write(tx, post, person, study_uid, kind=letter.kind, body=letter.body, about=letter.about)
            thread = mail.thread(tx, study_uid, person)
        mail.tell()
        return thread

    _add_questions(routes, mail, caller)
    _add_criticals(routes, mail, caller)
    return routes


def _add_questions(routes: APIRouter, mail: _Mail, caller: Any) -> None:
    node = mail.node
    readings = ReadingDesk(node)

    def send(task_id: str, given: _In, person: Person, kind: LetterKind, body: dict[str, Any]) -> dict[str, Any]:
        post = mail.post(given)
        with node.ledger.begin() as tx:
            task = store.get_task(tx, task_id)
            if task is None:
                raise NotFound("There is no such reading task.", hint="Open the worklist again.")
            if desk.is_new(tx, post.new_id):
                desk.refuse_identity(tx, post, task.study_uid, body)
                if kind == LetterKind.REPEAT:
                    reading.reject(tx, readings.now(), as_reader(person), task_id)
                elif body["blocking"]:
                    reading.ask(tx, readings.now(), as_reader(person), task_id)
                else:
                    store.touch(tx, task_id, post.now)
                desk.put(tx, post, person, task.study_uid, kind=kind, body=body)
            thread = mail.thread(tx, task.study_uid, person)
        mail.tell()
        return thread

    @routes.post("/api/reading/tasks/{task_id}/ask", response_model=Thread)
    def ask(task_id: Id, question: Question, person: Person = caller) -> dict[str, Any]:
        body = {"text": question.text, "blocking": question.blocking}
        return send(task_id, question, person, LetterKind.QUESTION, body)

    @routes.post("/api/reading/tasks/{task_id}/reject", response_model=Thread)
    def reject(task_id: Id, rejection: Rejection, person: Person = caller) -> dict[str, Any]:
        body = {"reason": rejection.reason, "text": rejection.text}
        return send(task_id, rejection, person, LetterKind.REPEAT, body)


def _add_criticals(routes: APIRouter, mail: _Mail, caller: Any) -> None:
    node = mail.node

    @routes.get("/api/reading/tasks/{task_id}/criticals", response_model=Findings)
    def list_findings(task_id: Id, person: Person = caller) -> dict[str, Any]:
        with node.ledger.read() as tx:
            return mail.findings(tx, task_id)

    @routes.post("/api/reading/tasks/{task_id}/criticals", response_model=Findings)
    def raise_finding(task_id: Id, finding: NewFinding, person: Person = caller) -> dict[str, Any]:
        post, limit = mail.post(finding), mail.limit(finding.category)
        with node.ledger.begin() as tx:
            criticals.raise_finding(
                tx, post, person, task_id, category=finding.category, text=finding.text, limit=limit
            )
            found = mail.findings(tx, task_id)
        mail.tell()
        return found

    @routes.post("/api/reading/criticals/{finding_id}/noted", response_model=Findings)
    def note_told(finding_id: Id, note: TakenNote, person: Person = caller) -> dict[str, Any]:
        told = Told(note.noted_by, note.channel, note.read_back)
        post = mail.post(note)
        with node.ledger.begin() as tx:
            ended = criticals.note_told(tx, post, person, finding_id, told)
            found = mail.findings(tx, ended.task_id)
        mail.tell()
        return found

    @routes.post("/api/reading/criticals/{finding_id}/withdraw", response_model=Findings)
    def withdraw(finding_id: Id, withdrawal: Withdrawal, person: Person = caller) -> dict[str, Any]:
        post = mail.post(withdrawal)
        with node.ledger.begin() as tx:
            ended = criticals.withdraw(tx, post, person, finding_id, withdrawal.reason)
            found = mail.findings(tx, ended.task_id)
        mail.tell()
        return found
