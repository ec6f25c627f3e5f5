"""Orders over HTTP: entered, corrected, imported, cancelled. Which role may do what the gate has decided."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Depends, Query, Request

from node.domain.facility import Peer, Service
from node.domain.numbers import Count
from node.domain.order import OrderEvent
from node.errors import Fault, NotFound
from node.ports import Node
from worklists.modality import desk, intake, reads, trace
from worklists.modality.desk import Desk
from worklists.modality.form import checked
from worklists.modality.shapes import (
    Imported,
    OrderChange,
    OrderDetail,
    OrderForm,
    OrderList,
    PatientDetails,
    PatientQuestion,
    State,
    Suggestions,
    WorklistTrace,
)

Day = Annotated[str, Query(pattern=r"^(\d{8})?$", description="DICOM DA, e.g. 20261122; empty: any.")]
_ACTIONS: dict[str, OrderEvent] = {
    "cancel": OrderEvent.CANCEL,
    "reschedule": OrderEvent.RESCHEDULE,
    "complete": OrderEvent.COMPLETE,
    "discontinue": OrderEvent.DISCONTINUE,
}
_UPLOAD = {
    "requestBody": {
        "required": True,
        "description": "One file: a DICOM worklist item, JSON (a list of orders as POST /api/orders takes them), or CSV "
        "with Vietnamese or English headings. At most 1 MB.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/dicom", "application/json", "text/csv", "application/octet-stream")
        },
    }
}


class Person(Protocol):
    """What the desk needs to know of the caller."""

    @property
    def username(self) -> str: ...


class _PreviewOnly(Exception):  # noqa: N818
    """Takes back what a preview has written."""


def new_ids() -> tuple[str, str]:
    """The ID and the study UID (PS3.5 B.2) of an order."""
    return uuid.uuid4().hex, f"2.25.{uuid.uuid4().int}"


async def _body(request: Request) -> bytes:
    return await request.body()


def router(node: Node, current_user: Callable[..., Person]) -> APIRouter:
    """The routes under /api/orders."""
    routes = APIRouter(prefix="/api/orders", tags=["orders"])
    caller = Depends(current_user)

    @routes.get("", response_model=OrderList)
    def list_orders(
        state: Literal["open", "all"] | State = "open",
        modality: str = "",
        station: str = "",
        first_day: Day = "",
        last_day: Day = "",
        q: Annotated[str, Query(max_length=100)] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        offset: Count = 0,
    ) -> dict[str, Any]:
        wanted = reads.Filter(state, modality, station, first_day, last_day, q.strip())
        with node.ledger.read() as tx:
            items, total = reads.list_orders(tx, wanted, limit=limit, offset=offset)
        return {"items": items, "total": total}

    @routes.post("", response_model=OrderDetail, status_code=201)
    def enter(form: OrderForm, person: Person = caller) -> dict[str, Any]:
        now = node.clock.now()
        text = checked(form.model_dump(), now)
        order_id, study_uid = new_ids()
        with node.ledger.begin() as tx:
            desk.enter(tx, Desk(now, person.username), text, order_id=order_id, study_uid=study_uid)
        return _shown(node, order_id)

    _add_lookups(routes, node)
    _add_import(routes, node, caller)
    _add_one(routes, node, caller)
    return routes


def _add_lookups(routes: APIRouter, node: Node) -> None:
    @routes.get("/suggestions", response_model=Suggestions)
    def suggestions() -> dict[str, Any]:
        """Machines of the registry, and what was written into orders before."""
        with node.ledger.read() as tx:
            found = reads.suggestions(tx)
        stations = [{"ae_title": peer.ae_title, "name": peer.name or peer.ae_title} for peer in _modalities(node)]
        return {**found, "stations": stations}

    @routes.post("/patient", response_model=PatientDetails | None)
    def patient(wanted: PatientQuestion) -> dict[str, Any] | None:
        """What the newest order says of the patient with this ID. POST: an address holds no patient's ID."""
        with node.ledger.read() as tx:
            return reads.last_of_patient(tx, wanted.patient_id.strip())

    @routes.get("/questions", response_model=WorklistTrace)
    def questions(asked_by: Annotated[str, Query(alias="caller", max_length=64)] = "") -> dict[str, Any]:
        """What modalities asked their worklist lately, and why orders were left out."""
        with node.ledger.read() as tx:
            asked, items = trace.callers(tx), trace.recent(tx, asked_by)
        return {"callers": _callers(node, asked), "items": items}


def _add_import(routes: APIRouter, node: Node, caller: Any) -> None:
    @routes.post("/import", response_model=Imported, openapi_extra=_UPLOAD)
    def import_file(preview: bool = False, content: bytes = Depends(_body), person: Person = caller) -> dict[str, Any]:
        """Enters the good rows of a file and says what is wrong with the others; a preview enters nothing."""
        found = intake.read_file(content)
        rows: list[intake.ImportedRow] = []
        try:
            with node.ledger.begin() as tx:
                rows = intake.take(tx, Desk(node.clock.now(), person.username), found, new_ids)
                if preview:
                    raise _PreviewOnly
        except _PreviewOnly:
            pass
        return {
            "format": found.format,
            "preview": preview,
            "taken": sum(not row.faults for row in rows),
            "rows": [_row(row, preview) for row in rows],
            "faults": _faults(found.faults),
            "passed_over": list(found.passed_over),
        }


def _add_one(routes: APIRouter, node: Node, caller: Any) -> None:
    @routes.get("/{order_id}", response_model=OrderDetail)
    def get_order(order_id: str) -> dict[str, Any]:
        return _shown(node, order_id)

    @routes.put("/{order_id}", response_model=OrderDetail)
    def change(order_id: str, form: OrderChange, person: Person = caller) -> dict[str, Any]:
        """Corrects an order that no modality has begun."""
        now = node.clock.now()
        text = checked(form.model_dump(exclude={"revision"}), now)
        with node.ledger.begin() as tx:
            desk.change(tx, Desk(now, person.username), order_id, text, form.revision)
        return _shown(node, order_id)

    @routes.post("/{order_id}/{action}", response_model=OrderDetail)
    def act(
        order_id: str, action: Literal["cancel", "reschedule", "complete", "discontinue"], person: Person = caller
    ) -> dict[str, Any]:
        """`cancel`; `reschedule` puts it back on the worklist; `complete` and `discontinue` are for machines that do not
        report it themselves."""
        with node.ledger.begin() as tx:
            desk.act(tx, Desk(node.clock.now(), person.username), order_id, _ACTIONS[action])
        return _shown(node, order_id)


def _shown(node: Node, order_id: str) -> dict[str, Any]:
    with node.ledger.read() as tx:
        order = reads.show_order(tx, order_id)
    if order is None:
        raise NotFound("There is no such order.", hint="Open the list of orders again.")
    return order


def _modalities(node: Node) -> list[Peer]:
    """Who may ask for its worklist."""
    return [peer for peer in node.registry().peers if peer.ae_title and Service.WORKLIST in peer.services]


def _callers(node: Node, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Who asked, the last one first, and then who may ask and never did."""
    peers = {peer.code: peer for peer in node.registry().peers}
    silent = [peer.code for peer in _modalities(node) if peer.code not in {row["caller"] for row in asked}]
    rows = [*asked, *({"caller": code, "questions": 0, "last_at": None} for code in silent)]
    known = {code: (peer.name or code, peer.ae_title) for code, peer in peers.items()}
    names = {row["caller"]: known.get(row["caller"], (row["caller"], row["caller"])) for row in rows}
    return [{**row, "name": names[row["caller"]][0], "ae_title": names[row["caller"]][1]} for row in rows]


def _row(row: intake.ImportedRow, preview: bool) -> dict[str, Any]:
    names = ("patient_name", "patient_id", "modality", "procedure_description", "scheduled_date", "scheduled_time")
    return {
        "number": row.number,
        "faults": _faults(row.faults),
        **{name: str(getattr(row.text, name) if row.text else row.given.get(name) or "")[:64] for name in names},
        "accession_number": "" if preview or row.faults else row.accession_number,
        "order_id": "" if preview else row.order_id,
    }


def _faults(faults: tuple[Fault, ...]) -> list[dict[str, str]]:
    return [{"field": fault.field, "code": fault.code, "message": fault.message} for fault in faults]
