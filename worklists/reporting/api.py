"""Reports over HTTP: a task with its report, saving, signing, correcting, addenda, versions, templates and lint. Which role
may do what the gate has decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from node.ports import Node
from worklists.reading.api import Person, ReadingDesk, Task, as_reader, new_uid
from worklists.reporting import life, reads, records, templates
from worklists.reporting.life import Signing
from worklists.reporting.lint import lint
from worklists.reporting.templates import Template


class TaskDetail(Task, records.ReportPart):
    """A task with its report."""


class TemplateList(BaseModel):
    items: list[Template]


class ReportDesk(ReadingDesk):
    """The handlers' view of the node."""

    @property
    def window(self) -> timedelta:
        return timedelta(minutes=self.node.settings.reading.edit_minutes)

    def organization(self) -> str:
        """As printed under a signature."""
        facility = self.node.facility
        return self.node.settings.node.organization or self.names().get(facility, facility)

    def detail(self, task_id: str, person: Person) -> dict[str, Any]:
        task = self.show(task_id, person)
        with self.node.ledger.read() as tx:
            part = reads.part_of_task(tx, task_id, person.username, person.role, self.node.clock.now(), self.window)
        return {**task, **part}

    def signing(self, wanted: records.Sign) -> Signing:
        return Signing(
            sop_instance_uid=new_uid(),
            series_instance_uid=new_uid(),
            organization=self.organization(),
            edit_window=self.window,
            acknowledged=frozenset(wanted.acknowledge),
            base_revision=wanted.base_revision,
        )


def router(node: Node, current_user: Callable[..., Person]) -> APIRouter:
    """The routes of reports under /api/reading."""
    routes = APIRouter(prefix="/api/reading", tags=["reports"])
    reading = ReportDesk(node)
    caller = Depends(current_user)
    _add_looking(routes, reading, caller)
    _add_writing(routes, reading, caller)
    _add_aids(routes, reading)
    return routes


def _add_looking(routes: APIRouter, reading: ReportDesk, caller: Any) -> None:
    node = reading.node

    @routes.get("/tasks/{task_id}", response_model=TaskDetail)
    def get_task(task_id: str, person: Person = caller) -> dict[str, Any]:
        return reading.detail(task_id, person)

    @routes.get("/tasks/{task_id}/versions", response_model=records.VersionList)
    def versions(task_id: str) -> dict[str, Any]:
        with node.ledger.read() as tx:
            return {"items": reads.history(tx, task_id)}

    @routes.get("/studies/{study_uid}/reports", response_model=records.StudyReports)
    def reports_of_study(study_uid: str) -> dict[str, Any]:
        with node.ledger.read() as tx:
            return {"items": reads.of_study(tx, study_uid)}


def _add_writing(routes: APIRouter, reading: ReportDesk, caller: Any) -> None:
    node = reading.node

    @routes.put("/tasks/{task_id}/report", response_model=TaskDetail)
    def save_report(task_id: str, report: records.Save, person: Person = caller) -> dict[str, Any]:
        links = [link.model_dump() for link in report.links]
        with node.ledger.begin() as tx:
            reader = as_reader(person)
            life.save(tx, reading.now(), reader, task_id, report.text(), links, report.base_revision, report.pages)
        return reading.detail(task_id, person)

    @routes.post("/tasks/{task_id}/sign", response_model=TaskDetail)
    def sign(task_id: str, wanted: records.Sign, person: Person = caller) -> dict[str, Any]:
        act = life.sign_final if wanted.as_ == "final" else life.sign_preliminary
        with node.ledger.begin() as tx:
            act(tx, reading.now(), as_reader(person), task_id, reading.signing(wanted))
        node.wake()
        return reading.detail(task_id, person)

    @routes.post("/tasks/{task_id}/correct", response_model=TaskDetail)
    def correct(task_id: str, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            life.correct(tx, reading.now(), as_reader(person), task_id, reading.window)
        return reading.detail(task_id, person)

    @routes.post("/tasks/{task_id}/amend", response_model=TaskDetail)
    def amend(task_id: str, person: Person = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            life.amend(tx, reading.now(), as_reader(person), task_id)
        return reading.detail(task_id, person)


def _add_aids(routes: APIRouter, reading: ReportDesk) -> None:
    @cache
    def loaded() -> tuple[Template, ...]:
        return templates.load(reading.node.settings.reading.templates)

    @routes.get("/templates", response_model=TemplateList)
    def list_templates() -> dict[str, Any]:
        return {"items": loaded()}

    @routes.post("/lint", response_model=records.LintFindings)
    def check(wanted: records.LintRequest) -> dict[str, Any]:
        return {"items": [asdict(finding) for finding in lint(wanted.text, wanted.language)]}
