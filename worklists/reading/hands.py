"""Whose a study is to be: assigned, handed over, taken over, or the next in line. As in `desk`, inside the caller's transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from node.domain.report import ReadingState
from node.errors import Invalid, NotAllowed
from node.ledger import notices
from node.ledger.audit import audit
from worklists.reading import desk as actions
from worklists.reading import profiles, store
from worklists.reading.moves import Desk, Reader, change, get, give_back, owned
from worklists.reading.ordering import CLAIMED_STATES, in_order
from worklists.reading.profiles import Profile, Seniority
from worklists.reading.store import TaskRow

_ASSIGNABLE = (
    ReadingState.INCOMPLETE,
    ReadingState.READY,
    ReadingState.NEEDS_INFO,
    ReadingState.UNREADABLE,
    ReadingState.PRELIMINARY,
)


def assign(tx: Connection, desk: Desk, reader: Reader, task_id: str, to: str) -> TaskRow:
    """Says who is to read a study that nobody has; "" for whoever takes it. It stays open to others."""
    task = get(tx, task_id, hold=True)
    if task.state not in _ASSIGNABLE:
        raise NotAllowed("The study is being read or is read.", hint="Hand it over instead, if it is yours.")
    return _assign(tx, desk, reader, task, to, "assigned")


def hand_over(tx: Connection, desk: Desk, reader: Reader, task_id: str, to: str) -> TaskRow:
    """Gives one's own study to a colleague, with its draft."""
    task = owned(tx, task_id, reader)
    if to == reader.username:
        raise Invalid("The study is yours already.", hint="Choose a colleague.")
    _radiologist(tx, to)
    after = give_back(tx, desk, task, {"by": reader.display_name, "reason": "handed-over"}, reader.username)
    if after.state not in _ASSIGNABLE:  # an addendum that is given up: the report stands
        return after
    return _assign(tx, desk, reader, after, to, "handed-over")


def take_over(tx: Connection, desk: Desk, reader: Reader, task_id: str, *, override_scope: bool = False) -> TaskRow:
    """Takes a study out of a colleague's hands; they are told, and the draft comes with it."""
    task = get(tx, task_id)
    if task.state not in CLAIMED_STATES or task.claimed_by in ("", reader.username):
        raise NotAllowed("Nobody else has this study.", hint="Claim it.")
    if task.state == ReadingState.AMENDING:
        raise NotAllowed("A colleague adds to this report.", hint="Ask them to finish or to release it.")
    former = task.claimed_by
    give_back(tx, desk, task, {"by": reader.display_name, "reason": "taken-over"}, reader.username)
    audit(tx, desk.now, reader.username, "reading-taken-over", task.id, {"from": former})
    notices.tell(
        tx,
        key=f"taken-over:{task.id}:{desk.now.isoformat()}",
        audience=former,
        kind="taken-over",
        study_uid=task.study_uid,
        task_id=task.id,
        detail={"by": reader.display_name},
        now=desk.now,
    )
    return actions.claim(tx, desk, reader, task_id, override_scope=override_scope, alive=True)


def take_next(tx: Connection, desk: Desk, reader: Reader, *, after: str = "") -> TaskRow | None:
    """Claims the next study in the reader's scope: what is assigned to them before the rest of its class. None when there is
    none. `after` is passed over: who has just put it back does not want it again."""
    profile = profiles.get(tx, reader.username)
    for task in _candidates(tx, profile, after):
        try:
            return actions.claim(tx, desk, reader, task.id, alive=True)
        except NotAllowed:  # a colleague was quicker
            continue
    return None


def _candidates(tx: Connection, profile: Profile, after: str) -> list[TaskRow]:
    states = [ReadingState.READY]
    if profile.seniority == Seniority.SENIOR:
        states.append(ReadingState.PRELIMINARY)
    found = [
        task
        for task, modalities in store.waiting(tx, states)
        if task.id != after
        and task.assigned_to in ("", profile.username)
        and profile.covers(modalities, task.speciality)
    ]
    order = in_order(found)
    return sorted(order, key=lambda task: (task.priority, task.assigned_to != profile.username))


def _assign(tx: Connection, desk: Desk, reader: Reader, task: TaskRow, to: str, kind: str) -> TaskRow:
    if to:
        _radiologist(tx, to)
    if task.assigned_to == to:
        return task
    notices.over(tx, f"assigned:{task.id}", desk.now)
    after = change(tx, desk.now, task, assigned_to=to, assigned_by=reader.username if to else "")
    audit(tx, desk.now, reader.username, f"reading-{kind}", task.id, {"to": to})
    if to and to != reader.username:
        notices.tell(
            tx,
            key=f"assigned:{task.id}:{to}:{desk.now.isoformat()}",
            audience=to,
            kind=kind,
            urgent=task.priority == 0,
            study_uid=task.study_uid,
            task_id=task.id,
            detail={"by": reader.display_name},
            now=desk.now,
        )
    return after


def _radiologist(tx: Connection, username: str) -> None:
    if all(profile.username != username for profile in profiles.readers(tx)):
        raise Invalid("There is no such radiologist here.", hint="Choose one from the list.")
