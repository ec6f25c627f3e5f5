"""The report of a study as it is stored here: its text with everything that was signed, and its printed form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.responses import Response

from node.domain.report import Addendum, CriticalNote, ReportStatus, ReportText, Signature, SignedReport
from node.errors import NotFound
from node.ledger import reads
from node.ledger.report_objects import report_objects
from node.ports import Node

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]
_SECTIONS = ("technique", "findings", "conclusion", "recommendation", "comparison", "limitations")


class Answered(BaseModel):
    question: str
    answer: str


class Signed(BaseModel):
    """Who signed, as printed."""

    role: str
    name: str
    licence_number: str
    organization: str
    at: datetime


class CriticalShown(BaseModel):
    """A critical finding as the report records it."""

    category: Literal[1, 2, 3]
    text: str
    raised_at: datetime
    channel: str
    noted_by: str
    read_back: bool
    noted_at: datetime | None


class Sections(BaseModel):
    technique: str
    findings: str
    conclusion: str
    recommendation: str
    comparison: str
    limitations: str
    answers: list[Answered]


class Added(Sections):
    """What was added after the report was signed."""

    signatures: list[Signed]
    at: datetime


class ReportContent(Sections):
    """The text of the structured report in the study."""

    observer: str
    organization: str
    signed_at: datetime
    language: str
    key_images: list[str]
    sop_instance_uid: str
    status: ReportStatus
    version: int
    signatures: list[Signed]
    criticals: list[CriticalShown]
    addenda: list[Added]


def router(node: Node) -> APIRouter:
    """GET /api/studies/{uid}/report and /report.pdf."""
    routes = APIRouter(prefix="/api/studies", tags=["studies"])

    @routes.get("/{study_uid}/report", response_model=ReportContent)
    def get_report(study_uid: Uid) -> dict[str, Any]:
        from node.dicom.report.reading import read_report  # here: large, and seldom needed

        document = _document(node, study_uid, "sr")
        return {
            **_content(read_report(node.storage.path(document.digest))),
            "sop_instance_uid": document.sop_instance_uid,
        }

    @routes.get(
        "/{study_uid}/report.pdf",
        response_class=Response,
        responses={200: {"content": {"application/pdf": {}}}},
    )
    def get_report_pdf(study_uid: Uid) -> Response:
        from node.dicom.report.encapsulated import read_pdf  # here: large, and seldom needed

        document = _document(node, study_uid, "pdf")
        headers = {"Content-Disposition": 'inline; filename="report.pdf"', "Cache-Control": "no-store"}
        return Response(read_pdf(node.storage.path(document.digest)), media_type="application/pdf", headers=headers)

    return routes


def no_study() -> NotFound:
    return NotFound("There is no such study.", hint="Open the list of studies again.")


def _document(node: Node, study_uid: str, kind: str) -> Any:
    with node.ledger.read() as tx:
        if not reads.study_exists(tx, study_uid):
            raise no_study()
        found = report_objects(tx, [study_uid]).get(study_uid, {})
    if kind not in found:
        raise NotFound("The study has no report yet.", hint="It appears here as soon as it has arrived.")
    return found[kind]


def _content(report: SignedReport) -> dict[str, Any]:
    return {
        **_sections(report.text),
        "observer": report.observer_name,
        "organization": report.observer_organization,
        "signed_at": report.signed_at.astimezone(UTC),
        "language": report.text.language,
        "key_images": list(report.text.key_images),
        "status": report.status.value,
        "version": report.version,
        "signatures": [_signed(signature) for signature in report.signatures],
        "criticals": [_critical(note) for note in report.criticals],
        "addenda": [_added(addendum) for addendum in report.addenda],
    }


def _sections(text: ReportText) -> dict[str, Any]:
    answers = [{"question": question, "answer": answer} for question, answer in text.answers]
    return {**{name: getattr(text, name) for name in _SECTIONS}, "answers": answers}


def _signed(signature: Signature) -> dict[str, Any]:
    names = ("name", "licence_number", "organization", "at")
    return {"role": signature.role.value, **{name: getattr(signature, name) for name in names}}


def _critical(note: CriticalNote) -> dict[str, Any]:
    return {name: getattr(note, name) for name in CriticalNote.__slots__}


def _added(addendum: Addendum) -> dict[str, Any]:
    signatures = [_signed(signature) for signature in addendum.signatures]
    return {**_sections(addendum.text), "signatures": signatures, "at": addendum.at}
