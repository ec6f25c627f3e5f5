"""FHIR R4 (4.0.1) over HTTP: DiagnosticReport, ImagingStudy, the printed sheet as Binary, and what this server can.

The same people may read it as DICOMweb; the patient is who this node knows.
"""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from node import __version__
from node.domain.report import ReportStatus, SignedReport
from node.errors import NotFound
from node.ledger import identified, objects, reads
from node.ledger.objects import Place
from node.ledger.report_objects import report_objects
from node.ports import Node
from node.web.arrived import Uid, no_study
from node.web.fhir import _table as table
from node.web.fhir import resources
from node.web.negotiation import accepted
from node.web.problems import NotAcceptable

_ANSWER: dict[int | str, dict[str, Any]] = {200: {"content": {table.FHIR_JSON: {}}}}
_JSON = frozenset({table.FHIR_JSON, "application/json", "application/*", "*/*", "text/json"})
_OUTCOME: dict[int | str, dict[str, Any]] = {
    "default": {"description": "An OperationOutcome.", "content": {table.FHIR_JSON: {}}}
}
Identifier = Annotated[str, Query(max_length=200)]


def router(node: Node) -> APIRouter:
    """GET under /fhir."""
    routes = APIRouter(prefix="/fhir", tags=["fhir"], responses=_OUTCOME)

    @routes.get("/metadata", response_class=Response, responses=_ANSWER)
    def metadata(request: Request) -> Response:
        return _json(request, resources.capability_statement(_base(request), __version__, node.clock.now()))

    @routes.get("/ImagingStudy/{study_uid}", response_class=Response, responses=_ANSWER)
    def read_study(study_uid: Uid, request: Request) -> Response:
        return _json(request, resources.imaging_study(_study(node, study_uid), _base(request)))

    @routes.get("/ImagingStudy", response_class=Response, responses=_ANSWER)
    def search_studies(request: Request, identifier: Identifier = "", study: Identifier = "") -> Response:
        base = _base(request)
        found = [resources.imaging_study(_study(node, uid), base) for uid in _named(node, identifier, study)]
        return _json(request, resources.bundle(found, base, str(request.url)))

    @routes.get("/DiagnosticReport/{study_uid}", response_class=Response, responses=_ANSWER)
    def read_report(study_uid: Uid, request: Request) -> Response:
        return _json(request, _report(node, study_uid, _base(request)))

    @routes.get("/DiagnosticReport", response_class=Response, responses=_ANSWER)
    def search_reports(request: Request, identifier: Identifier = "", study: Identifier = "") -> Response:
        base = _base(request)
        found = [_report(node, uid, base) for uid in _named(node, identifier, study)]
        return _json(request, resources.bundle(found, base, str(request.url)))

    @routes.get(
        "/Binary/{sop_uid}",
        response_class=Response,
        responses={200: {"content": {"application/pdf": {}, table.FHIR_JSON: {}}}},
    )
    def read_binary(sop_uid: Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")], request: Request) -> Response:
        return _binary(node, sop_uid, request)

    return routes


def _study(node: Node, study_uid: str) -> dict[str, Any]:
    with node.ledger.read() as tx:
        study = reads.find_study(tx, study_uid)
    if study is None:
        raise no_study()
    return study


def _named(node: Node, identifier: str, study: str) -> list[str]:
    """The studies that the parameters name; none without parameters: nobody reads all reports at once."""
    wanted = study.rpartition("/")[2] if study else identifier.rpartition("|")[2]
    with node.ledger.read() as tx:
        found = identified.studies_named(tx, wanted.removeprefix("urn:oid:").strip()) if wanted else []
    if study and identifier:
        other = _named(node, identifier, "")
        return [uid for uid in found if uid in other]
    return found


def _report(node: Node, study_uid: str, base: str) -> dict[str, Any]:
    from node.dicom.report.reading import read_report  # here: large, and seldom needed

    study = _study(node, study_uid)
    with node.ledger.read() as tx:
        documents = report_objects(tx, [study_uid]).get(study_uid, {})
    if "sr" not in documents:
        return resources.registered_report(study)
    report = read_report(node.storage.path(documents["sr"].digest))
    pdf = documents["pdf"].sop_instance_uid if "pdf" in documents else None
    return resources.diagnostic_report(study, report, _status(node, report), base, pdf)


def _status(node: Node, report: SignedReport) -> str:
    """Final reports that stand in the place of final ones are amended; that is seen in those that are still here."""
    from node.dicom.report.reading import read_report

    if report.status is ReportStatus.PRELIMINARY:
        return "preliminary"
    if report.status is ReportStatus.ADDENDUM:
        return "appended"
    for sop_uid, series_uid in report.predecessors:
        with node.ledger.read() as tx:
            rows = objects.find_objects(tx, Place(report.study_instance_uid, series_uid, sop_uid))
        for row in rows:
            if read_report(node.storage.path(row.digest)).status is not ReportStatus.PRELIMINARY:
                return "amended"
    return "final"


def _binary(node: Node, sop_uid: str, request: Request) -> Response:
    """The printed sheet of a report: as it is, or in a Binary for who asks for FHIR's form."""
    from node.dicom.report.encapsulated import read_pdf  # here: large, and seldom needed

    with node.ledger.read() as tx:
        digest = identified.sheet_digest(tx, sop_uid)
    if digest is None:
        raise NotFound("There is no such document here.", hint="Read the DiagnosticReport again.")
    content = read_pdf(node.storage.path(digest))
    names = [item.name for item in accepted(request.headers.get("accept", ""))]
    if table.FHIR_JSON in names or request.query_params.get("_format") in {"json", table.FHIR_JSON}:
        data = base64.b64encode(content).decode()
        return _json(request, {"resourceType": "Binary", "id": sop_uid, "contentType": "application/pdf", "data": data})
    headers = {"Content-Disposition": 'inline; filename="report.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


def _json(request: Request, resource: dict[str, Any]) -> Response:
    header = request.headers.get("accept", "")
    if "_format" not in request.query_params and not any(item.name in _JSON for item in accepted(header)):
        raise NotAcceptable("FHIR resources are JSON here.", hint="Accept application/fhir+json.")
    body = json.dumps(resources.without_empty(resource), ensure_ascii=False)
    return Response(body, media_type=f"{table.FHIR_JSON}; fhirVersion=4.0", headers={"Cache-Control": "no-store"})


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
