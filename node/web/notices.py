"""Notices over HTTP: what the caller has been told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from node.domain.numbers import RowId
from node.errors import NotFound
from node.ledger import notices
from node.ledger.notices import Notice
from node.ports import Node
from node.web.auth import Caller, current_user


class NoticeItem(BaseModel):
    """One notice; its words are the page's, by `kind`."""

    id: int
    kind: str
    urgent: bool
    study_instance_uid: str
    task_id: str
    detail: dict[str, Any]
    at: datetime
    seen: bool
    over: bool


class NoticeList(BaseModel):
    items: list[NoticeItem]
    unseen: int


def router(node: Node) -> APIRouter:
    """The routes under /api/notices."""
    routes = APIRouter(prefix="/api/notices", tags=["notices"])
    caller = Depends(current_user)

    @routes.get("", response_model=NoticeList)
    def list_notices(person: Caller = caller) -> dict[str, Any]:
        return _show(node, person)

    @routes.post("/seen", response_model=NoticeList)
    def see_all(person: Caller = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            now = node.clock.now()
            for notice in notices.shown_to(tx, person.username, person.role, now):
                if not notice.seen:
                    notices.see(tx, notice.id, person.username, person.role, now)
        return _show(node, person)

    @routes.post("/{notice_id}/seen", response_model=NoticeList)
    def see(notice_id: RowId, person: Caller = caller) -> dict[str, Any]:
        with node.ledger.begin() as tx:
            if not notices.see(tx, notice_id, person.username, person.role, node.clock.now()):
                raise NotFound("There is no such notice of yours.")
        return _show(node, person)

    return routes


def _show(node: Node, person: Caller) -> dict[str, Any]:
    with node.ledger.read() as tx:
        found = notices.shown_to(tx, person.username, person.role, node.clock.now())
    return {"items": [_item(notice) for notice in found], "unseen": sum(not notice.seen for notice in found)}


def _item(notice: Notice) -> dict[str, Any]:
    names = ("id", "kind", "urgent", "task_id", "detail", "at", "seen", "over")
    return {**{name: getattr(notice, name) for name in names}, "study_instance_uid": notice.study_uid}
