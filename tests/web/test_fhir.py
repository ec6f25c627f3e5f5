"""FHIR R4 of what is stored here, judged by the models of fhir.resources and by what a client reads."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from fastapi.testclient import TestClient
from fhir.resources.R4B import get_fhir_model_class

from tests.web.test_reading import TASK, TEXT, put_on_worklist
from tests.web.test_studies import run_report_stage
from tests.web.world import STUDY, World, ct, sign_seen

OTHER_WORDS = {"findings": "Nốt đặc 8 mm <thùy trên> & rốn phổi.", "conclusion": "Nốt đơn độc phổi phải."}


@pytest.fixture
def fhir(world: World) -> TestClient:
    """A radiographer's client on a node with one study of two images and no report."""
    world.receive(ct(1, AccessionNumber="A-77"), ct(2, AccessionNumber="A-77"))
    put_on_worklist(world)
    return world.client("ktv")


def sign(world: World, **texts: Any) -> None:
    reader = world.client("bs")
    reader.post(f"{TASK}/claim")
    assert reader.put(f"{TASK}/report", json=TEXT | OTHER_WORDS | texts).status_code == 200
    assert sign_seen(reader, TASK).status_code == 200
    run_report_stage(world)


def resource_at(client: TestClient, path: str) -> dict[str, Any]:
    """The answer, which is valid FHIR by the models."""
    answer = client.get(f"/fhir/{path}", headers={"Accept": "application/fhir+json"})
    assert answer.headers["content-type"].startswith("application/fhir+json")
    body: dict[str, Any] = answer.json()
    get_fhir_model_class(body["resourceType"]).model_validate(body)
    return body


def test_a_study_without_a_signed_report_has_a_registered_one(fhir: TestClient) -> None:
    report = resource_at(fhir, f"DiagnosticReport/{STUDY}")
    assert (report["status"], "conclusion" in report, "issued" in report) == ("registered", False, False)
    assert report["identifier"][0] == {"system": "urn:dicom:uid", "value": f"urn:oid:{STUDY}"}
    assert report["basedOn"][0]["identifier"]["value"] == "A-77"


def test_a_draft_is_nobody_elses_business(world: World, fhir: TestClient) -> None:
    reader = world.client("bs")
    reader.post(f"{TASK}/claim")
    reader.put(f"{TASK}/report", json=TEXT)
    assert TEXT["conclusion"] not in str(resource_at(fhir, f"DiagnosticReport/{STUDY}"))


def test_a_signed_report_is_final_with_its_words_people_images_and_sheet(world: World, fhir: TestClient) -> None:
    sign(world)
    report = resource_at(fhir, f"DiagnosticReport/{STUDY}")
    assert (report["status"], report["conclusion"]) == ("final", OTHER_WORDS["conclusion"])
    assert report["code"]["coding"][0]["code"] == "18748-4"
    assert report["imagingStudy"] == [{"reference": f"ImagingStudy/{STUDY}"}]
    assert report["issued"].startswith("2026-03-02")
    contained = {one["id"]: one for one in report["contained"]}
    assert contained["patient"]["name"][0]["text"] == "Nguyễn Thị Đào"
    (reader,) = report["resultsInterpreter"]
    assert contained[reader["reference"].removeprefix("#")]["name"][0]["text"] == "BS. Trần Thị Hồng Ánh"
    (key_image,) = report["media"]
    assert contained[key_image["link"]["reference"].removeprefix("#")]["content"]["url"].endswith(f"{STUDY}.1.1")
    assert "&lt;thùy trên&gt; &amp; rốn phổi" in report["text"]["div"]
    sheet, text = report["presentedForm"]
    assert OTHER_WORDS["findings"] in base64.b64decode(text["data"]).decode()
    pdf = fhir.get(sheet["url"].removeprefix("http://testserver"))
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    binary = resource_at(fhir, sheet["url"].partition("/fhir/")[2])
    assert base64.b64decode(binary["data"]) == pdf.content


def test_the_imaging_study_lists_series_and_instances(fhir: TestClient) -> None:
    study = resource_at(fhir, f"ImagingStudy/{STUDY}")
    assert (study["status"], study["numberOfSeries"], study["numberOfInstances"]) == ("available", 1, 2)
    (series,) = study["series"]
    assert [one["uid"] for one in series["instance"]] == [f"{STUDY}.1.1", f"{STUDY}.1.2"]
    assert series["instance"][0]["sopClass"]["code"] == "urn:oid:1.2.840.10008.5.1.4.1.1.2"
    assert study["contained"][1]["address"] == f"http://testserver/dicom-web/studies/{STUDY}"


@pytest.mark.parametrize(
    "query",
    [
        f"identifier={STUDY}",
        f"identifier=urn:dicom:uid|urn:oid:{STUDY}",
        "identifier=A-77",
        f"study=ImagingStudy/{STUDY}",
    ],
)
@pytest.mark.parametrize("kind", ["DiagnosticReport", "ImagingStudy"])
def test_reports_and_studies_are_found_by_study_and_accession_number(fhir: TestClient, kind: str, query: str) -> None:
    found = resource_at(fhir, f"{kind}?{query}")
    assert (found["type"], found["total"]) == ("searchset", 1)
    assert found["entry"][0]["resource"]["id"] == STUDY
    assert found["entry"][0]["fullUrl"] == f"http://testserver/fhir/{kind}/{STUDY}"


@pytest.mark.parametrize("query", ["", "?identifier=", "?identifier=9.9.9", "?identifier=A-77&study=9.9.9"])
def test_a_search_that_names_nothing_finds_nothing(fhir: TestClient, query: str) -> None:
    assert resource_at(fhir, f"DiagnosticReport{query}")["total"] == 0


def test_the_server_says_what_it_can(fhir: TestClient) -> None:
    statement = resource_at(fhir, "metadata")
    assert statement["fhirVersion"] == "4.0.1"
    assert {r["type"] for r in statement["rest"][0]["resource"]} == {"DiagnosticReport", "ImagingStudy", "Binary"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("DiagnosticReport/9.9.9", 404, "not-found"),
        ("Binary/9.9.9", 404, "not-found"),
        ("Patient/1", 404, "not-found"),
        ("DiagnosticReport/..%2f", 404, "not-found"),
        ("ImagingStudy/x", 422, "invalid"),
    ],
)
def test_errors_are_operation_outcomes(fhir: TestClient, path: str, status: int, code: str) -> None:
    answer = fhir.get(f"/fhir/{path}")
    assert answer.status_code == status
    get_fhir_model_class("OperationOutcome").model_validate(answer.json())
    assert answer.json()["issue"][0]["code"] == code
    assert answer.headers["content-type"] == "application/fhir+json"


def test_without_a_login_nothing_is_told(world: World) -> None:
    for path in (f"DiagnosticReport/{STUDY}", "metadata"):
        answer = world.client().get(f"/fhir/{path}")
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (401, "login")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_what_is_not_json_is_not_acceptable(fhir: TestClient) -> None:
    answer = fhir.get("/fhir/metadata", headers={"Accept": "application/fhir+xml"})
    assert (answer.status_code, answer.json()["resourceType"]) == (406, "OperationOutcome")
