"""The reading desk over HTTP. Who is calling comes in as a dependency; which role may do what the gate has decided."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from node.domain.report import ReadingState
from node.domain.study import Priority
from node.errors import NotFound
from node.ports import Node
from worklists.reading import desk, reads, store
from worklists.reading.desk import Desk, Reader


class Person(Protocol):
    """What the desk needs to know of the caller."""

    @property
    def username(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def role(self) -> str: ...


class Task(BaseModel):
    """One study on the worklist."""

    id: str
    state: ReadingState
    priority: Priority
    study_instance_uid: str
    modality: str
    modalities: list[str]
    body_part: str
    description: str
    origin: str
    origin_name: str
    patient_name: str
    patient_id: str
    sex: str
    age: str
    study_date: str
    instances_received: int
    instances_expected: int | None
    ready_at: datetime | None
    waiting_seconds: int | None
    claimed_by: str | None
    claimed_by_name: str | None
    mine: bool
    lease_until: datetime | None
    signed_at: datetime | None
    created_at: datetime


class TaskList(BaseModel):
    items: list[Task]


class NewPriority(BaseModel):
    model_config = ConfigDict(extra="forbid")

    priority: Priority


def new_uid() -> str:
    """A UID from a random UUID (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid4().int}"


class ReadingDesk:
    """The handlers' view of the node."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def now(self) -> Desk:
        settings = self.node.settings
        lease = timedelta(minutes=settings.reading.lease_minutes)
        return Desk(self.node.facility, self.node.clock.now(), lease)

    def names(self) -> dict[str, str]:
        return {facility.code: facility.name for facility in self.node.registry().facilities}

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
            task = reads.show_task(tx, task_id, person.username, self.node.clock.now(), self.names())
            if task is None:
                raise NotFound("There is no such reading task.", hint="Open the worklist again.")
            return task


def router(node: Node, current_user: Callable[..., Person]) -> APIRouter:
    """The routes under /api/reading."""
    routes = APIRouter(prefix="/api/reading", tags=["reading"])
    reading = ReadingDesk(node)
    caller = Depends(current_user)

    @routes.get("/tasks", response_model=TaskList)
    def list_tasks(state: Literal["open", "final", "all"] = "all", person: Person = caller) -> dict[str, Any]:
        reading.free_left_tasks()
        with node.ledger.read() as tx:
            return {"items": reads.list_tasks(tx, state, person.username, node.clock.now(), reading.names())}

    _add_actions(routes, reading, caller)
    return routes


def _add_actions(routes: APIRouter, reading: ReadingDesk, caller: Any) -> None:
    node = reading.node

    @routes.post("/tasks/{task_id}/claim", response_model=Task)
    def claim(task_id: str, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            desk.claim(tx, reading.now(), as_reader(person), task_id)
        return reading.show(task_id, person)

    @routes.post("/tasks/{task_id}/release", response_model=Task)
    def release(task_id: str, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            desk.release(tx, reading.now(), as_reader(person), task_id)
        return reading.show(task_id, person)

    @routes.post("/tasks/{task_id}/priority", response_model=Task)
    def set_priority(task_id: str, wanted: NewPriority, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            desk.set_priority(tx, reading.now(), as_reader(person), task_id, wanted.priority)
        return reading.show(task_id, person)


def as_reader(person: Person) -> Reader:
    """The caller as the desk knows them."""
    return Reader(person.username, person.display_name, may_take_away=person.role == "admin")
