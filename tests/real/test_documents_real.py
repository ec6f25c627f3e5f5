"""All documents of reports on real images of every kind, judged by five programs of others."""

from __future__ import annotations

import dataclasses
import io
import uuid
from collections.abc import Iterator
from pathlib import Path

import highdicom
import pydicom
import pytest
from pydicom.dataset import Dataset

from node.dicom.dataset import json_metadata, read_dataset_header
from node.dicom.image import describe_dataset
from node.dicom.report.bundle import build_documents
from node.dicom.report.document import EvidenceItem
from node.dicom.report.reading import read_report
from node.domain.measurement import Measurement, MeasurementKind, SpacingBasis, Value
from node.domain.report import Addendum, ReportStatus, ReportText, SignedReport
from tests.unit.dicom.report.test_narrative import HOSPITAL, SENIOR, SIGNED_AT, a_report
from tests.unit.dicom.report.written import CRITICALS, TRAINEE
from tests.validators import dciodvfy, dicom_sr_validator, dsrdump, tid1500reader

IMAGES = {
    "ct": "ct/orthanc-tests__TEST_1_study_1234.dcm",
    "dx": "cr_dx/highdicom__dx_image.dcm",
    "cr": "cr_dx/dwv__gdcm-CR-MONO1-10-chest.dcm",
    "mg": "mg/fo-dicom__GH133.dcm",
    "us-cine": "us/deid-data-pypi__GREYSCALE_CINE.dcm",
    "us-colour": "us/pydicom-data-pypi__color3d_jpeg_baseline.dcm",
    "us-palette": "us/pydicom-data-pypi__OBXXXX1A.dcm",
    "enhanced-mr": "enhanced/pydicom-data-pypi__emri_small.dcm",
    "enhanced-ct": "enhanced/pydicom-data-pypi__eCT_Supplemental.dcm",
    "colour": "sc_vl/pydicom-data-pypi__SC_rgb.dcm",
    "pathology": "sc_vl/highdicom__sm_image.dcm",
}
CURVE = "pydicom-testfiles/pydicom__waveform_ecg.dcm"
SR_CLASSES = frozenset({"1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.5.1.4.1.1.88.34"})
KO_CLASS = "1.2.840.10008.5.1.4.1.1.88.59"


def marks_on(ds: Dataset, frames: int) -> Iterator[Measurement]:
    """One mark of every kind that goes into a report, within the image, on its last frame."""
    w, h = float(ds.Columns), float(ds.Rows)
    axis = ((0.3 * w, 0.4 * h), (0.6 * w, 0.45 * h), (0.45 * w, 0.3 * h), (0.5 * w, 0.55 * h))
    box = ((0.1 * w, 0.1 * h), (0.3 * w, 0.1 * h), (0.3 * w, 0.25 * h), (0.1 * w, 0.25 * h))
    drawn = {
        MeasurementKind.LENGTH: (axis[:2], [Value("length", 12.3, "mm")]),
        MeasurementKind.BIDIRECTIONAL: (axis, [Value("long-axis", 20.5, "mm"), Value("short-axis", 11.25, "mm")]),
        MeasurementKind.ANGLE: (axis[:3], [Value("angle", 33.5, "deg")]),
        MeasurementKind.COBB: (axis, [Value("angle", 12.5, "deg")]),
        MeasurementKind.ELLIPSE: (axis, [Value("area", 120.5, "mm2"), Value("mean", -50.5, "[hnsf'U]")]),
        MeasurementKind.RECTANGLE: (box, [Value("mean", 2.5, "g/ml{SUVbw}"), Value("stddev", 0.5, "g/ml{SUVbw}")]),
        MeasurementKind.PROBE: (axis[:1], [Value("value", 35.0, "1")]),
        MeasurementKind.ARROW: (axis[:2], []),
        MeasurementKind.CARDIOTHORACIC: (axis, [Value("ratio", 0.55, "1"), Value("heart-width", 140.0, "mm")]),
    }
    for number, (kind, (points, values)) in enumerate(drawn.items(), start=1):
        yield Measurement(
            id=str(uuid.UUID(int=number)),
            kind=kind,
            series_instance_uid=str(ds.SeriesInstanceUID),
            sop_instance_uid=str(ds.SOPInstanceUID),
            frame=frames,
            points=tuple(points),
            values=tuple(values),
            basis=SpacingBasis.PATIENT,
            text="Nốt đặc thùy trên phổi phải" if number % 2 else "",
        )


def report_on(ds: Dataset, frames: int) -> SignedReport:
    text = ReportText(
        technique="Chụp theo quy trình.",
        findings="Nhu mô phổi:\n- nốt đặc thùy trên phải",
        conclusion="Nốt đơn độc phổi phải.",
        recommendation="Theo dõi.",
        key_images=(str(ds.SOPInstanceUID),),
        comparison="So với phim ngày 01/02/2024: nốt lớn hơn.",
        limitations="Hít vào chưa đủ.",
        answers=(("Có tràn khí không?", "Không."),),
    )
    return a_report(
        text,
        study_instance_uid=str(ds.StudyInstanceUID),
        signatures=(TRAINEE, SENIOR),
        version=2,
        predecessors=(("2.25.1999", "2.25.1998"),),
        criticals=CRITICALS,
        measurements=tuple(marks_on(ds, frames)) if describe_dataset(ds) else (),
    )


def versions_of(report: SignedReport) -> Iterator[SignedReport]:
    """The same report preliminary, final, and with an addendum."""
    first = {"version": 1, "predecessors": (), "signed_at": TRAINEE.at, "observer_name": TRAINEE.name}
    yield dataclasses.replace(report, status=ReportStatus.PRELIMINARY, signatures=(TRAINEE,), **first)
    yield report
    added = Addendum(ReportText(conclusion="Đã xem lại: nốt vôi hóa."), (SENIOR,), SIGNED_AT)
    yield dataclasses.replace(report, status=ReportStatus.ADDENDUM, addenda=(added,), version=3)


def documents_on(path: Path, report: SignedReport, ds: Dataset, frames: int) -> list[bytes]:
    uid = str(ds.SOPInstanceUID)
    evidence = [EvidenceItem(str(ds.SOPClassUID), uid, str(ds.SeriesInstanceUID), frames)]
    return build_documents(report, json_metadata(ds), evidence, {uid: path}, facility_name=HOSPITAL)


@pytest.mark.parametrize("kind", IMAGES)
def test_every_document_on_real_images_has_no_error(shared_data: Path, kind: str, tmp_path: Path) -> None:
    path = shared_data / IMAGES[kind]
    ds = read_dataset_header(path)
    described = describe_dataset(ds)
    assert described is not None
    own = {f'"{ds.get(k)}"' for k in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")}
    for version in versions_of(report_on(ds, described.frames)):
        documents = [pydicom.dcmread(io.BytesIO(c)) for c in documents_on(path, version, ds, described.frames)]
        assert sorted(d.Modality for d in documents) == ["DOC", "KO", "PR", "SR", "SR"]
        for number, document in enumerate(documents):
            file = tmp_path / f"{version.version}-{number}.dcm"
            document.save_as(file, enforce_file_format=True)
            errors = [e for e in dciodvfy(file) if not any(uid in e for uid in own)]  # an image's UID is as it is
            assert errors == [], (document.SOPClassUID.name, version.status)
            if document.SOPClassUID in SR_CLASSES:
                assert dsrdump(file)[1] == []
                assert highdicom.sr.srread(file).content[0].ContentTemplateSequence
            if document.SOPClassUID == KO_CLASS:
                assert highdicom.ko.KeyObjectSelectionDocument.from_dataset(document).content.get_references()
            if document.SOPClassUID.endswith("88.34"):
                assert len(tid1500reader(file)["Measurements"]) == 8


def test_a_study_of_a_curve_has_a_report_a_sheet_and_a_selection_of_it(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / CURVE
    ds = read_dataset_header(path)
    documents = [pydicom.dcmread(io.BytesIO(c)) for c in documents_on(path, report_on(ds, 1), ds, 1)]
    assert sorted(d.Modality for d in documents) == ["DOC", "KO", "SR"]
    (selection,) = (d for d in documents if d.Modality == "KO")
    assert selection.ContentSequence[-1].ValueType == "WAVEFORM"
    for number, document in enumerate(documents):
        file = tmp_path / f"{number}.dcm"
        document.save_as(file, enforce_file_format=True)
        assert dciodvfy(file) == []
        assert document.Modality != "SR" or dsrdump(file)[1] == []


@pytest.mark.parametrize("kind", ["ct", "us-cine", "enhanced-mr"])
def test_the_template_validator_finds_no_error_in_any_document(shared_data: Path, kind: str, tmp_path: Path) -> None:
    path = shared_data / IMAGES[kind]
    ds = read_dataset_header(path)
    described = describe_dataset(ds)
    assert described is not None
    *_, addendum = versions_of(report_on(ds, described.frames))
    for number, content in enumerate(documents_on(path, addendum, ds, described.frames)):
        file = tmp_path / f"{number}.dcm"
        file.write_bytes(content)
        if pydicom.dcmread(file).Modality in {"SR", "KO"}:
            assert dicom_sr_validator(file) == []


def test_what_was_signed_is_read_again_from_the_narrative_alone(shared_data: Path) -> None:
    path = shared_data / IMAGES["us-cine"]
    ds = read_dataset_header(path)
    described = describe_dataset(ds)
    assert described is not None
    for version in versions_of(report_on(ds, described.frames)):
        read = read_report(io.BytesIO(documents_on(path, version, ds, described.frames)[-1]))
        marks = [(m.id, m.kind, m.frame, m.values, m.text, m.basis) for m in version.measurements]
        assert [(m.id, m.kind, m.frame, m.values, m.text, m.basis) for m in read.measurements] == marks
        assert dataclasses.replace(read, measurements=()) == dataclasses.replace(version, measurements=())
