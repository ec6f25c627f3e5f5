"""Studies for the radiographer: where each one is, what happened to it, and its report."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from sqlalchemy import Connection

from node.domain.delivery import DeliveryState
from node.domain.facility import PeerKind
from node.domain.person_name import fold_name
from node.domain.study import Priority, StudyState
from node.domain.timeline import Hop
from node.ledger import reads, set_aside
from node.ports import Node
from node.web.arrived import no_study
from node.web.problems import language_of, spoken
from worklists.correspondence.reads import marks

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]
Stage = Literal[
    "receiving",
    "stored",
    "held",
    "refused",
    "queued",
    "sending",
    "arrived",
    "waiting-to-be-read",
    "reading",
    "signed",
    "report-arrived",
    "report-delivered",
]


class Progress(BaseModel):
    """Images of the study: here, ready to travel, taken by the destination, expected in all."""

    received: int
    prepared: int
    delivered: int
    total: int


class ReportState(BaseModel):
    state: Literal["none", "arrived", "delivered"]
    sop_instance_uid: str | None
    pdf_sop_instance_uid: str | None


class LetterMarks(BaseModel):
    """What of a study's letters waits: how many questions and requests to repeat for an answer, whether a critical finding
    that nobody at the origin has noted, whether a report that came home and was not accepted or declined."""

    questions: int
    critical: bool
    to_accept: bool


class Study(BaseModel):
    """One study and where it is. Dates and times of studies are DICOM DA and TM, all others ISO 8601 UTC."""

    study_instance_uid: str
    patient_name: str
    patient_id: str
    birth_date: str
    sex: str
    age: str
    accession_number: str
    study_date: str
    study_time: str
    description: str
    modalities: list[str]
    body_part: str
    institution: str
    origin: str
    priority: Priority
    state: StudyState
    instances: int
    first_received_at: datetime
    last_received_at: datetime
    stage: Stage
    progress: Progress
    report: ReportState
    problem: str | None
    letters: LetterMarks


class StudyList(BaseModel):
    items: list[Study]
    total: int


class Instance(BaseModel):
    sop_instance_uid: str
    sop_class_uid: str
    number: int | None
    frames: int
    rows: int
    columns: int


class Series(BaseModel):
    series_instance_uid: str
    modality: str
    number: int | None
    description: str
    body_part: str
    instances: list[Instance]


class ItemCounts(BaseModel):
    waiting: int
    prepared: int
    delivered: int
    refused: int
    held: int


class ItemProblem(BaseModel):
    reason: str
    count: int


class Delivery(BaseModel):
    """`destination` is a peer's code, empty for this node itself; `destination_name` is for people."""

    id: int
    destination: str
    destination_name: str
    state: DeliveryState
    closed: bool
    attempts: int
    next_attempt_at: datetime | None
    last_error: str
    items: ItemCounts
    problems: list[ItemProblem]


class StudyDetail(Study):
    """`conflicts`: how many objects came again with other bytes; the newest is shown until somebody decides."""

    series: list[Series]
    deliveries: list[Delivery]
    conflicts: int


class TimelineItem(BaseModel):
    """One hop; `node_name` is the name of its facility."""

    hop: Hop
    node: str
    node_name: str
    at: datetime
    instances: int | None
    detail: dict[str, Any]


class Timeline(BaseModel):
    study_instance_uid: str
    items: list[TimelineItem]


def confirming_peers(node: Node) -> frozenset[str]:
    """The destinations that tell what they hold: other nodes."""
    return frozenset(peer.code for peer in node.registry().peers if peer.kind == PeerKind.NODE)


def named(node: Node, deliveries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The deliveries with their destinations' names: of the peer, else of its facility."""
    registry = node.registry()
    names = {"": registry.facility(node.facility)} | {p.code: registry.facility(p.facility) for p in registry.peers}
    own = {p.code: p.name for p in registry.peers if p.name}
    return [
        {
            **d,
            "destination_name": own.get(d["destination"])
            or getattr(names.get(d["destination"]), "name", d["destination"]),
        }
        for d in deliveries
    ]


def marked(tx: Connection, node: Node, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The studies with what of their letters waits."""
    origins = {item["study_instance_uid"]: item["origin"] for item in items}
    found = marks(tx, [uid for uid, origin in origins.items() if origin == node.facility], list(origins))
    return [{**item, "letters": found[item["study_instance_uid"]]} for item in items]


def router(node: Node) -> APIRouter:
    """The routes under /api/studies."""
    routes = APIRouter(prefix="/api/studies", tags=["studies"])

    @routes.get("", response_model=StudyList)
    def list_studies(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        q: Annotated[str, Query(max_length=200)] = "",
    ) -> dict[str, Any]:
        text = q.replace("\0", "").strip()
        words = fold_name(text).split()
        with node.ledger.read() as tx:
            items, total = reads.list_studies(
                tx, limit=limit, offset=offset, text=text, name_words=words, nodes=confirming_peers(node)
            )
            items = marked(tx, node, items)
        return {"items": spoken(items, language_of(request.headers)), "total": total}

    @routes.get("/{study_uid}", response_model=StudyDetail)
    def get_study(request: Request, study_uid: Uid) -> dict[str, Any]:
        with node.ledger.read() as tx:
            study = reads.find_study(tx, study_uid, confirming_peers(node))
            if study is None:
                raise no_study()
            conflicts = set_aside.conflict_count(tx, study_uid)
            (study,) = marked(tx, node, [study])
        answer = {**study, "deliveries": named(node, study["deliveries"]), "conflicts": conflicts}
        return dict(spoken(answer, language_of(request.headers)))

    @routes.get("/{study_uid}/timeline", response_model=Timeline)
    def get_timeline(request: Request, study_uid: Uid) -> dict[str, Any]:
        names = {facility.code: facility.name for facility in node.registry().facilities}
        with node.ledger.read() as tx:
            if not reads.study_exists(tx, study_uid):
                raise no_study()
            items = reads.study_timeline(tx, study_uid)
        named_items = [{**item, "node_name": names.get(item["node"], item["node"])} for item in items]
        return {"study_instance_uid": study_uid, "items": spoken(named_items, language_of(request.headers))}

    return routes
