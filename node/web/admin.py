"""The administrator's pages: what waits, is stuck or was set aside; the registry in force; who did what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from node.domain.delivery import DeliveryEvent, DeliveryState, ItemState
from node.domain.job import NextJob
from node.domain.numbers import RowId
from node.errors import NotFound
from node.ledger import deliveries, jobs, operator, registry
from node.ledger.audit import audit
from node.ports import Node
from node.web.auth import Caller, current_user
from node.web.problems import language_of, spoken
from node.web.studies import ItemCounts, named

_CHUNK = 16  # instances of one transform job

Administrator = Annotated[Caller, Depends(current_user)]


class QueuedJob(BaseModel):
    id: int
    kind: str
    subject: str
    priority: int
    due_at: datetime
    attempts: int
    lease_owner: str
    lease_until: datetime | None
    state: str
    last_error: str
    created_at: datetime


class QueuedDelivery(BaseModel):
    id: int
    study_uid: str
    route: str
    destination: str
    destination_name: str
    state: DeliveryState
    priority: int
    closed: bool
    attempts: int
    next_attempt_at: datetime | None
    last_error: str
    created_at: datetime
    updated_at: datetime
    items: ItemCounts


class Quarantined(BaseModel):
    name: str
    reason: str
    via: str
    peer: str
    calling_ae: str
    size: int
    received_at: datetime


class Queue(BaseModel):
    jobs: list[QueuedJob]
    deliveries: list[QueuedDelivery]
    quarantine: list[Quarantined]


class RegistryDocument(BaseModel):
    revision: int
    document: dict[str, Any]


class AuditRecord(BaseModel):
    id: int
    at: datetime
    actor: str
    kind: str
    subject: str
    detail: dict[str, Any]


class AuditRecords(BaseModel):
    items: list[AuditRecord]


class Retried(BaseModel):
    id: int
    state: str


def router(node: Node) -> APIRouter:
    """The routes under /api/admin."""
    routes = APIRouter(prefix="/api/admin", tags=["admin"])

    @routes.get("/queue", response_model=Queue)
    def get_queue(request: Request) -> dict[str, Any]:
        with node.ledger.read() as tx:
            queue = operator.queue(tx)
        answer = {**queue, "deliveries": named(node, queue["deliveries"])}
        return dict(spoken(answer, language_of(request.headers)))

    @routes.get("/registry", response_model=RegistryDocument)
    def get_registry() -> dict[str, Any]:
        with node.ledger.read() as tx:
            revision, document = registry.current_document(tx)
        return {"revision": revision, "document": _without_secrets(document)}

    @routes.get("/audit", response_model=AuditRecords)
    def get_audit() -> dict[str, Any]:
        with node.ledger.read() as tx:
            return {"items": operator.recent_audit(tx)}

    @routes.post("/deliveries/{delivery_id}/retry", response_model=Retried)
    def retry(delivery_id: RowId, caller: Administrator) -> dict[str, Any]:
        now = node.clock.now()
        with node.ledger.begin() as tx:
            row = deliveries.get(tx, delivery_id)
            if row is None:
                raise NotFound("There is no such delivery.", hint="Open the queue again.")
            state = _retry(tx, row, now)
            audit(tx, now, caller.username, "delivery-retried", str(delivery_id))
        node.wake()
        return {"id": delivery_id, "state": state}

    @routes.post("/jobs/{job_id}/retry", response_model=Retried)
    def retry_job(job_id: RowId, caller: Administrator) -> dict[str, Any]:
        now = node.clock.now()
        with node.ledger.begin() as tx:
            if not jobs.retry(tx, job_id, now):
                raise NotFound("There is no such job.", hint="Open the queue again.")
            audit(tx, now, caller.username, "job-retried", str(job_id))
        node.wake()
        return {"id": job_id, "state": "open"}

    return routes


def _retry(tx: Any, row: Any, now: datetime) -> str:
    """Held and refused instances wait again; a delivery that only waits for its next attempt is tried now."""
    again = []
    stopped = deliveries.items(tx, row.id, (ItemState.HELD, ItemState.REFUSED))
    for item in stopped:
        state = ItemState.PREPARED if item.digest else ItemState.WAITING
        deliveries.set_item(tx, row.id, item.instance_id, state, status="", reason="")
        if state == ItemState.WAITING:
            again.append(item.instance_id)
    now_state = DeliveryState(row.state)
    fresh: dict[str, Any] = {"attempts": 0, "next_attempt_at": None, "last_error": ""}
    if now_state in (DeliveryState.HELD, DeliveryState.REFUSED):
        now_state = deliveries.move(tx, row.id, DeliveryEvent.RETRY, now, **fresh)
    elif stopped:
        now_state = deliveries.move(tx, row.id, DeliveryEvent.MORE, now, **fresh)
    for job in _jobs(row, again):
        jobs.enqueue(tx, job, now)
        jobs.hurry(tx, job.kind, job.subject, now)
    return now_state.value


def _jobs(row: Any, unprepared: Sequence[int]) -> Iterator[NextJob]:
    """What carries a delivery on: the stages "transform" and "deliver", or "homecome" for one to this node itself."""
    if not row.destination:
        yield NextJob("homecome", str(row.id), priority=row.priority)
        return
    for start in range(0, len(unprepared), _CHUNK):
        chunk = list(unprepared[start : start + _CHUNK])
        yield NextJob("transform", str(row.id), {"instances": chunk}, priority=row.priority, part=str(chunk[0]))
    yield NextJob("deliver", str(row.id), priority=row.priority)


def _without_secrets(document: Any) -> Any:
    """The document without the digests of the peers' tokens."""
    peers = [{k: v for k, v in peer.items() if k != "token_sha256"} for peer in document.get("peers", [])]
    return {**document, "peers": peers}
