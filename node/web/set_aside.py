"""The administrator's view of what was set aside: files that could not be read, and objects that came again with other bytes.

Nothing is lost by itself: a file goes only when a person discards it, and that, every download and every decision is audited.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParameter
from pydantic import BaseModel
from starlette.responses import FileResponse

from node.domain.job import NextJob
from node.errors import NotFound
from node.ledger import jobs, set_aside
from node.ledger.audit import audit
from node.ports import Node
from node.web.auth import Caller, current_user
from node.web.problems import language_of, spoken

InstanceId = Annotated[int, PathParameter(ge=1, le=2**53)]
Administrator = Annotated[Caller, Depends(current_user)]


class AsideFile(BaseModel):
    """A file of the quarantine; `reason` says why it is there."""

    name: str
    reason: str
    via: str
    peer: str
    calling_ae: str
    size: int
    received_at: datetime


class Version(BaseModel):
    """One of the versions of an object; the `current` one is what its study shows."""

    id: int
    study_instance_uid: str
    received_at: datetime
    via: str
    peer: str
    calling_ae: str
    size: int
    digest: str
    current: bool
    conflict: bool


class ObjectConflict(BaseModel):
    """One SOP Instance UID under which different bytes came; the newest version first."""

    sop_instance_uid: str
    versions: list[Version]


class SetAside(BaseModel):
    """The totals count also what is beyond the limit."""

    files: list[AsideFile]
    files_total: int
    conflicts: list[ObjectConflict]
    conflicts_total: int


class Decided(BaseModel):
    subject: str


def router(node: Node) -> APIRouter:
    """The routes under /api/admin/set-aside."""
    routes = APIRouter(prefix="/api/admin/set-aside", tags=["admin"])

    @routes.get("", response_model=SetAside)
    def list_set_aside(request: Request, limit: Annotated[int, Query(ge=1, le=500)] = 200) -> dict[str, Any]:
        with node.ledger.read() as tx:
            files, files_total = set_aside.files(tx, limit)
            conflicts, conflicts_total = set_aside.conflicts(tx, limit)
        return {
            "files": spoken(files, language_of(request.headers)),
            "files_total": files_total,
            "conflicts": conflicts,
            "conflicts_total": conflicts_total,
        }

    _add_files(routes, node)
    _add_conflicts(routes, node)
    return routes


def _add_files(routes: APIRouter, node: Node) -> None:
    @routes.get("/files/{name}/content", response_class=FileResponse)
    def download_file(name: str, caller: Administrator) -> FileResponse:
        path = _listed(node, name)
        _note(node, caller, "quarantine-downloaded", name)
        return _attachment(path, name)

    @routes.post("/files/{name}/retry", response_model=Decided)
    def retry_file(name: str, caller: Administrator) -> dict[str, Any]:
        _listed(node, name)
        node.intake.try_again(name)
        with node.ledger.begin() as tx:
            set_aside.remove(tx, [name])
            audit(tx, node.clock.now(), caller.username, "quarantine-retried", name)
        node.wake()
        return {"subject": name}

    @routes.post("/files/{name}/discard", response_model=Decided)
    def discard_file(name: str, caller: Administrator) -> dict[str, Any]:
        path = _listed(node, name)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with node.ledger.begin() as tx:
            row = set_aside.get(tx, name)
            kept = {"reason": row.reason, "size": row.size, "calling_ae": row.calling_ae} if row else {}
            audit(tx, node.clock.now(), caller.username, "quarantine-discarded", name, kept | {"sha256": digest})
            set_aside.remove(tx, [name])
        node.intake.aside.discard(name)
        return {"subject": name}


def _add_conflicts(routes: APIRouter, node: Node) -> None:
    @routes.get("/versions/{instance_id}/content", response_class=FileResponse)
    def download_version(instance_id: InstanceId, caller: Administrator) -> FileResponse:
        row = _version(node, instance_id)
        path = node.storage.path(row.digest)
        _note(node, caller, "version-downloaded", row.sop_instance_uid, {"digest": row.digest})
        return _attachment(path, f"{row.sop_instance_uid}-{row.digest[:8]}.dcm")

    @routes.post("/versions/{instance_id}/choose", response_model=Decided)
    def choose_version(instance_id: InstanceId, caller: Administrator) -> dict[str, Any]:
        row = _version(node, instance_id)
        now = node.clock.now()
        with node.ledger.begin() as tx:
            set_aside.settle(tx, row)
            audit(tx, now, caller.username, "conflict-settled", row.sop_instance_uid, {"digest": row.digest})
            jobs.enqueue(tx, NextJob("route", row.study_uid), now)  # another version may have to travel
        node.wake()
        return {"subject": row.sop_instance_uid}


def _listed(node: Node, name: str) -> Path:
    with node.ledger.read() as tx:
        if set_aside.get(tx, name) is None:
            raise _gone()
    return node.intake.aside.path(name)


def _version(node: Node, instance_id: int) -> Any:
    with node.ledger.read() as tx:
        row = set_aside.version(tx, instance_id)
    if row is None:
        raise _gone()
    return row


def _gone() -> NotFound:
    return NotFound("This is not among what was set aside any more.", hint="Open the list again.")


def _note(node: Node, caller: Caller, kind: str, subject: str, detail: dict[str, Any] | None = None) -> None:
    with node.ledger.begin() as tx:
        audit(tx, node.clock.now(), caller.username, kind, subject, detail)


def _attachment(path: Path, name: str) -> FileResponse:
    return FileResponse(path, media_type="application/dicom", filename=name, headers={"Cache-Control": "no-store"})
