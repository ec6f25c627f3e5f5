"""Reports on real studies of every modality: patient modules as they are found, valid documents whatever stands there."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from node.dicom.dataset import json_metadata, read_dataset_header
from node.dicom.report.document import EvidenceItem
from node.dicom.report.encapsulated import encapsulate
from node.dicom.report.narrative import build_sr
from node.dicom.report.reading import read_report
from node.dicom.report.sheet import build_pdf
from node.dicom.study_header import date_value
from node.domain.report import ReportText
from node.errors import Unreadable
from tests.unit.dicom.report.test_narrative import a_report
from tests.validators import dciodvfy, dicom_sr_validator, dsrdump

FOLDERS = ("ct", "mr", "cr_dx", "mg", "us", "xa_rf", "nm_pt", "sc_vl", "enhanced", "charset")
ONE_OF_EACH = ("ct", "mr", "cr_dx", "mg", "us", "xa_rf")
_MOST = 12  # files of a folder


def headers_of(folder: Path) -> list[Dataset]:
    """One header per study, of those that a node could have received."""
    found: dict[str, Dataset] = {}
    for file in sorted(f for f in folder.rglob("*") if f.is_file()):
        try:
            ds = read_dataset_header(file)
        except Unreadable:
            continue
        if all(ds.get(k) for k in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")):
            found.setdefault(str(ds.StudyInstanceUID), ds)
    return list(found.values())[:_MOST]


def documents_on(ds: Dataset) -> tuple[bytes, bytes]:
    evidence = [EvidenceItem(str(ds.SOPClassUID), str(ds.SOPInstanceUID), str(ds.SeriesInstanceUID))]
    text = ReportText(
        technique="Chụp theo quy trình.",
        findings="Không thấy tổn thương khu trú.",
        conclusion="Bình thường.",
        key_images=(evidence[0].sop_instance_uid,),
    )
    report = a_report(text, study_instance_uid=str(ds.StudyInstanceUID))
    study = json_metadata(ds)
    pdf = build_pdf(report, study, facility_name="Bệnh viện mẫu")
    return (
        build_sr(report, study, evidence),
        encapsulate(pdf, report, study, sr_sop_instance_uid=report.sop_instance_uid),
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_reports_on_real_studies_have_no_error(shared_data: Path, folder: str, tmp_path: Path) -> None:
    headers = headers_of(shared_data / folder)
    assert headers
    for number, ds in enumerate(headers):
        for kind, content in zip(("sr", "pdf"), documents_on(ds), strict=True):
            file = tmp_path / f"{number}.{kind}"
            file.write_bytes(content)
            own = {f'"{ds.get(k)}"' for k in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")}
            errors = [e for e in dciodvfy(file) if not any(uid in e for uid in own)]  # an image's UID is as it is
            assert errors == [], (folder, number, kind)
            assert kind == "pdf" or dsrdump(file)[1] == [], (folder, number)


@pytest.mark.parametrize("folder", ONE_OF_EACH)
def test_the_template_validator_finds_no_error(shared_data: Path, folder: str, tmp_path: Path) -> None:
    file = tmp_path / "sr"
    file.write_bytes(documents_on(headers_of(shared_data / folder)[0])[0])
    assert dicom_sr_validator(file) == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_patient_is_the_images_patient(shared_data: Path, folder: str) -> None:
    for number, ds in enumerate(headers_of(shared_data / folder)):
        made = pydicom.dcmread(io.BytesIO(documents_on(ds)[0]))
        assert made.StudyInstanceUID == ds.StudyInstanceUID
        assert made.PatientID == str(ds.get("PatientID") or "").strip(), (folder, number)
        assert made.PatientBirthDate == date_value(str(ds.get("PatientBirthDate") or "")), (folder, number)
        source = json_metadata(ds).get("00100010", {}).get("Value", [{}])[0]
        ours = made.to_json_dict()["00100010"].get("Value", [{}])[0]
        for group, text in source.items():
            assert ours.get(group, "").rstrip("^ ") == text.rstrip("^ "), (folder, number, group)


def test_reports_of_other_systems_are_read_or_refused(shared_data: Path) -> None:
    read = 0
    for file in sorted((shared_data / "sr").rglob("*.dcm")):
        try:
            report = read_report(file)
        except Unreadable:
            continue
        read += 1
        assert report.sop_instance_uid
        assert report.signed_at.tzinfo is not None
    assert read > 20


def test_a_narrative_report_of_another_system_keeps_its_words(shared_data: Path) -> None:
    report = read_report(shared_data / "sr" / "debian-dicomscope__reportsi.dcm")
    assert report.text.findings
