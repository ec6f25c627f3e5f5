"""The reading desk over HTTP. Who is calling comes in as a dependency; which role may do what the gate has decided."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from fastapi import APIRouter, Depends
from pydantic import TypeAdapter
from starlette.responses import Response

from node.errors import NotFound
from node.ports import Node
from worklists.reading import desk, hands, reads, shapes, store
from worklists.reading.clock import Limits
from worklists.reading.desk import Desk, Reader
from worklists.reading.reads import Viewer
from worklists.reading.shapes import Task

__all__ = ["Person", "ReadingDesk", "Task", "as_reader", "limits_of", "new_uid", "router"]

_TASKS = TypeAdapter(shapes.TaskList)
_OVERLAP = timedelta(seconds=10)  # changes are written before they can be seen


class Person(Protocol):
    """What the desk needs to know of the caller."""

    @property
    def username(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def role(self) -> str: ...


def new_uid() -> str:
    """A UID from a random UUID (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid4().int}"


def limits_of(node: Node) -> Limits:
    """The service clock's limits, from the settings."""
    part = node.settings.reading
    classes = (part.emergency_minutes, part.urgent_minutes, part.routine_minutes)
    emergency, urgent, routine = (timedelta(minutes=minutes) for minutes in classes)
    return Limits((emergency, urgent, routine), timedelta(minutes=part.verification_minutes))


class ReadingDesk:
    """The handlers' view of the node."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def now(self) -> Desk:
        part = self.node.settings.reading
        lease, silence = timedelta(minutes=part.lease_minutes), timedelta(seconds=part.silence_seconds)
        return Desk(self.node.facility, self.node.clock.now(), lease, silence)

    def names(self) -> dict[str, str]:
        return {facility.code: facility.name for facility in self.node.registry().facilities}

    def viewer(self, person: Person) -> Viewer:
        return Viewer(person.username, self.node.clock.now(), limits_of(self.node), self.names())

    def free_left_tasks(self) -> None:
        """Leases that ran out end when someone looks; a write only when there is one."""
        circumstances = self.now()
        with self.node.ledger.read() as tx:
            if not store.run_out(tx, circumstances.now, limit=1):
                return
        with self.node.ledger.begin() as tx:
            desk.expire_leases(tx, circumstances.now)

    def show(self, task_id: str, person: Person) -> dict[str, Any]:
        with self.node.ledger.read() as tx:
            task = reads.show_task(tx, task_id, self.viewer(person))
            if task is None:
                raise NotFound("There is no such reading task.", hint="Open the worklist again.")
            return task


def router(node: Node, current_user: Callable[..., Person]) -> APIRouter:
    """The routes under /api/reading."""
    routes = APIRouter(prefix="/api/reading", tags=["reading"])
    reading = ReadingDesk(node)
    caller = Depends(current_user)

    @routes.get("/tasks", response_model=shapes.TaskList)
    def list_tasks(
        state: Literal["open", "mine", "final", "all"] = "all",
        changed_after: datetime | None = None,
        person: Person = caller,
    ) -> Response:
        reading.free_left_tasks()
        viewer = reading.viewer(person)
        with node.ledger.read() as tx:
            items = reads.list_tasks(tx, state, viewer, changed_after=changed_after)
        found = _TASKS.validate_python({"items": items, "cursor": viewer.now - _OVERLAP})
        return Response(_TASKS.dump_json(found), media_type="application/json")  # thousands: without a second look

    @routes.get("/studies/{study_uid}/priors", response_model=shapes.PriorList)
    def list_priors(study_uid: str) -> dict[str, Any]:
        with node.ledger.read() as tx:
            return {"items": reads.priors(tx, study_uid)}

    _add_claims(routes, reading, caller)
    _add_hands(routes, reading, caller)
    return routes


def _add_claims(routes: APIRouter, reading: ReadingDesk, caller: Any) -> None:
    node = reading.node

    @routes.post("/tasks/{task_id}/claim", response_model=Task)
    def claim(task_id: str, wanted: shapes.Claim | None = None, person: Person = caller) -> dict[str, Any]:
        wanted = wanted or shapes.Claim()
        with node.ledger.begin() as tx:
            desk.claim(
                tx,
                reading.now(),
                as_reader(person),
                task_id,
                override_scope=wanted.override_scope,
                alive=wanted.heartbeat,
            )
        return reading.show(task_id, person)

    @routes.post("/next", response_model=Task, responses={204: {"description": "Nothing waits in the caller's scope."}})
    def take_next(wanted: shapes.Next | None = None, person: Person = caller) -> Any:
        reading.free_left_tasks()
        after = wanted.after if wanted else ""
        with node.ledger.begin() as tx:
            task = hands.take_next(tx, reading.now(), as_reader(person), after=after)
        return Response(status_code=204) if task is None else reading.show(task.id, person)

    @routes.post("/tasks/{task_id}/heartbeat", response_model=Task)
    def heartbeat(task_id: str, sign: shapes.Heartbeat | None = None, person: Person = caller) -> dict[str, Any]:
        idle = timedelta(seconds=sign.idle_seconds if sign else 0)
        with node.ledger.begin() as tx:
            desk.heartbeat(tx, reading.now(), as_reader(person), task_id, idle=idle)
        return reading.show(task_id, person)

    @routes.post("/tasks/{task_id}/release", response_model=Task)
    def release(task_id: str, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            desk.release(tx, reading.now(), as_reader(person), task_id)
        return reading.show(task_id, person)

    @routes.post("/tasks/{task_id}/priority", response_model=Task)
    def set_priority(task_id: str, wanted: shapes.NewPriority, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            desk.set_priority(tx, reading.now(), as_reader(person), task_id, wanted.priority)
        return reading.show(task_id, person)


def _add_hands(routes: APIRouter, reading: ReadingDesk, caller: Any) -> None:
    node = reading.node

    @routes.post("/tasks/{task_id}/assign", response_model=Task)
    def assign(task_id: str, to: shapes.Whom, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            hands.assign(tx, reading.now(), as_reader(person), task_id, to.username)
        return reading.show(task_id, person)

    @routes.post("/tasks/{task_id}/hand-over", response_model=Task)
    def hand_over(task_id: str, to: shapes.Whom, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            hands.hand_over(tx, reading.now(), as_reader(person), task_id, to.username)
        return reading.show(task_id, person)

    @routes.post("/tasks/{task_id}/take-over", response_model=Task)
    def take_over(task_id: str, wanted: shapes.Claim | None = None, person: Person = caller) -> dict[str, Any]:
        override = wanted is not None and wanted.override_scope
        with node.ledger.begin() as tx:
            hands.take_over(tx, reading.now(), as_reader(person), task_id, override_scope=override)
        return reading.show(task_id, person)


def as_reader(person: Person) -> Reader:
    """The caller as the desk knows them."""
    return Reader(person.username, person.display_name, may_take_away=person.role == "admin")
