"""Reports over HTTP: saving, signing. Which role may do what the gate has decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends

from node.ports import Node
from worklists.reading import desk
from worklists.reading.api import Person, ReadingDesk, Task, TaskDetail, as_reader, new_uid
from worklists.reporting.records import Report


def router(node: Node, current_user: Callable[..., Person]) -> APIRouter:
    """The routes of reports under /api/reading."""
    routes = APIRouter(prefix="/api/reading", tags=["reports"])
    reading = ReadingDesk(node)
    caller = Depends(current_user)

    @routes.put("/tasks/{task_id}/report", response_model=TaskDetail)
    def save_report(task_id: str, report: Report, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            desk.draft(tx, reading.now(), as_reader(person), task_id, report.text())
        return reading.show(task_id, person)

    @routes.post("/tasks/{task_id}/sign", response_model=Task)
    def sign(task_id: str, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            desk.sign(
                tx,
                reading.now(),
                as_reader(person),
                task_id,
                sop_instance_uid=new_uid(),
                series_instance_uid=new_uid(),
            )
        node.wake()
        return reading.show(task_id, person)

    return routes
