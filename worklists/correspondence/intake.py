"""The stage "letter": what a letter that arrived does here. The job's subject is the letter's id.

At the origin people are told; at the reading hospital tasks and critical findings go on. The effect and the end of the job
are one transaction, so each letter has its effect once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from node.domain.job import Job, NextJob
from node.domain.letter import Letter, LetterKind
from node.domain.study import Priority
from node.ledger import criticals as rows
from node.ledger import letters, notices, studies, webhooks
from node.ports import Node
from worklists.correspondence import criticals, desk
from worklists.correspondence.shapes import FROM_READER
from worklists.reading import desk as reading
from worklists.reading import store
from worklists.reading.store import TaskRow

_K = LetterKind
CARERS: Final = ("role:clinician", "role:radiographer")


@dataclass(frozen=True, slots=True)
class _Case:
    """One letter with what is here of its study."""

    letter: Letter
    facility: str
    language: str  # of this node
    now: datetime
    task: TaskRow | None


class LetterStage:
    """Implements `node.ports.Stage`."""

    kind = "letter"

    def work(self, job: Job, node: Node) -> None:
        """Nothing takes long."""

    def settle(self, tx: Connection, job: Job, result: Any, node: Node) -> Iterable[NextJob]:
        letter = letters.get(tx, job.subject)
        study = studies.get(tx, letter.study_instance_uid) if letter else None
        if letter is None or study is None or study.shadow:
            return ()  # of a study that is only announced: it is asked for again when the study is on the worklist
        task = store.task_of_study(tx, study.uid, hold=True)
        case = _Case(letter, node.facility, node.settings.node.language, node.clock.now(), task)
        foreign = letter.node != node.facility
        at_origin = desk.sides(tx, node.facility, study.uid).origin
        if at_origin and (letter.kind in FROM_READER or foreign):
            _AT_ORIGIN.get(letter.kind, _tell_of_note)(tx, case)
        if case.task is not None and letter.kind not in FROM_READER and (foreign or at_origin):
            _AT_READING.get(letter.kind, _tell_reader_of_note)(tx, case, case.task)
        return ()


def _tell(
    tx: Connection, case: _Case, kind: str, *, urgent: bool = False, detail: Mapping[str, Any] | None = None
) -> None:
    """Tells those who care for the patient; the notice ends with an answer to the letter."""
    key = f"letter:{case.letter.about if case.letter.kind == _K.CRITICAL and case.letter.about else case.letter.id}"
    for audience in CARERS:
        notices.tell(
            tx,
            key=f"{key}:{case.letter.id}:{audience}",
            audience=audience,
            kind=kind,
            urgent=urgent,
            study_uid=case.letter.study_instance_uid,
            detail=detail,
            now=case.now,
        )


def _ask_origin(tx: Connection, case: _Case) -> None:
    if not letters.about(tx, case.letter.id, (_K.ANSWER,)):
        _tell(tx, case, "question", urgent=bool(case.letter.body.get("blocking")))


def _ask_to_repeat(tx: Connection, case: _Case) -> None:
    if not letters.about(tx, case.letter.id, (_K.REPEATED,)):
        _tell(tx, case, "repeat-asked", urgent=True)


def _tell_critical(tx: Connection, case: _Case) -> None:
    first = case.letter.about or case.letter.id
    if letters.about(tx, first, (_K.NOTED, _K.CRITICAL_OVER)):
        return
    rows.mark_told(tx, (first,), case.now)  # in one house nobody fetches it
    again = bool(case.letter.about)
    _tell(tx, case, "critical-again" if again else "critical", urgent=True, detail=_category(case.letter))
    body = {"finding": first, "study_instance_uid": case.letter.study_instance_uid, **_category(case.letter)}
    event = "critical-overdue" if again else "critical-arrived"
    webhooks.call(tx, key=f"{event}:{case.letter.id}", event=event, body=body, now=case.now)


def _category(letter: Letter) -> dict[str, Any]:
    waited = letter.body.get("waiting_minutes")
    return {"category": letter.body.get("category"), **({"waiting_minutes": waited} if type(waited) is int else {})}


def _end_critical(tx: Connection, case: _Case) -> None:
    notices.over(tx, f"letter:{case.letter.about}", case.now)
    _tell(tx, case, "critical-told" if case.letter.body.get("told") else "critical-withdrawn")


def _tell_of_note(tx: Connection, case: _Case) -> None:
    _tell(tx, case, "letter")


_AT_ORIGIN: Final[Mapping[str, Callable[[Connection, _Case], None]]] = {
    _K.QUESTION: _ask_origin,
    _K.REPEAT: _ask_to_repeat,
    _K.CRITICAL: _tell_critical,
    _K.CRITICAL_OVER: _end_critical,
}


def _take_request(tx: Connection, case: _Case, task: TaskRow) -> None:
    """The clinical question stands on the worklist; an urgent request makes the study urgent."""
    body = case.letter.body
    summary = str(body.get("summary", ""))
    values: dict[str, Any] = {"clinical_question": summary} if summary != task.clinical_question else {}
    if body.get("urgent") and task.priority > Priority.URGENT.rank:
        values["priority"] = Priority.URGENT.rank
    if values:
        store.change_task(tx, task.id, case.now, while_in=(task.state,), held_by=task.claimed_by, **values)
    else:
        store.touch(tx, task.id, case.now)


def _take_answer(tx: Connection, case: _Case, task: TaskRow) -> None:
    """The study can be read on when nothing that keeps it from being read is open any more."""
    waiting = [letter for letter in desk.open_letters(tx, task.study_uid, (_K.QUESTION, _K.REPEAT)) if _blocks(letter)]
    if waiting:
        _tell_reader(tx, case, task, "answered")
        store.touch(tx, task.id, case.now)
    else:
        reading.answered(tx, reading.Desk(case.facility, case.now, timedelta()), task.study_uid)


def _blocks(letter: Letter) -> bool:
    return letter.kind == _K.REPEAT or bool(letter.body.get("blocking"))


def _take_note_of_critical(tx: Connection, case: _Case, task: TaskRow) -> None:
    criticals.noted_by_letter(tx, case.letter, case.now, case.language)


def _take_acceptance(tx: Connection, case: _Case, task: TaskRow) -> None:
    accepted = str(case.letter.body.get("accepted", ""))
    _tell_reader(tx, case, task, "accepted", detail={"accepted": accepted})
    store.touch(tx, task.id, case.now)


def _take_outcome(tx: Connection, case: _Case, task: TaskRow) -> None:
    _tell_reader(tx, case, task, "outcome", detail={"agrees": str(case.letter.body.get("agrees", ""))})
    store.touch(tx, task.id, case.now)


def _tell_reader_of_note(tx: Connection, case: _Case, task: TaskRow) -> None:
    if case.letter.node != case.facility:
        _tell_reader(tx, case, task, "letter")
        store.touch(tx, task.id, case.now)


_AT_READING: Final[Mapping[str, Callable[[Connection, _Case, TaskRow], None]]] = {
    _K.REQUEST: _take_request,
    _K.ANSWER: _take_answer,
    _K.REPEATED: _take_answer,
    _K.NOTED: _take_note_of_critical,
    _K.ACCEPTANCE: _take_acceptance,
    _K.OUTCOME: _take_outcome,
}


def _tell_reader(
    tx: Connection, case: _Case, task: TaskRow, kind: str, detail: Mapping[str, Any] | None = None
) -> None:
    asker = letters.writer(tx, case.letter.about) if case.letter.about else ""
    people = {asker, task.claimed_by, task.assigned_to, store.signer(tx, task.id)} - {"", "node"}
    for username in sorted(people):
        notices.tell(
            tx,
            key=f"{kind}:{case.letter.id}:{username}",
            audience=username,
            kind=kind,
            study_uid=task.study_uid,
            task_id=task.id,
            detail=detail,
            now=case.now,
        )
