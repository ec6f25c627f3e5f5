"""The documents beside the narrative: measurements, key objects, presentation states, and the check before they leave."""

from __future__ import annotations

import dataclasses
import io
import uuid
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from node.dicom.report import _marks_table as table
from node.dicom.report.check import check_document, find_faults
from node.dicom.report.document import EvidenceItem
from node.dicom.report.keys import build_key_objects
from node.dicom.report.labels import label, value_lines
from node.dicom.report.marks import tracking_uid
from node.dicom.report.measurements import build_measurements
from node.dicom.report.narrative import build_sr
from node.dicom.report.presentation import build_presentations
from node.dicom.report.reading import read_report
from node.domain.measurement import POINTS, Measurement, MeasurementKind, SpacingBasis, Value
from node.domain.report import Addendum, ReportStatus, ReportText
from node.errors import Invalid
from tests.unit.dicom.report.test_narrative import CT, SENIOR, SIGNED_AT, US_CINE, a_header, a_report, parsed, saved
from tests.unit.dicom.report.written import CRITICALS, TRAINEE
from tests.validators import dciodvfy, dsrdump, tid1500reader

EVIDENCE = [
    EvidenceItem(CT, "2.25.1001", "2.25.101"),
    EvidenceItem(CT, "2.25.1002", "2.25.101"),
    EvidenceItem(US_CINE, "2.25.1003", "2.25.102", 5),
]
AXES = ((10.5, 20.25), (40.0, 20.5), (25.0, 10.0), (25.5, 30.75))
BOX = ((10.0, 10.0), (50.0, 10.0), (50.0, 30.0), (10.0, 30.0))
K = MeasurementKind
IN_REPORTS = [kind for kind in MeasurementKind if kind is not K.CALIBRATION]
VALUES = {
    K.LENGTH: (Value("length", 12.3, "mm"),),
    K.BIDIRECTIONAL: (Value("long-axis", 20.5, "mm"), Value("short-axis", 11.25, "mm")),
    K.ANGLE: (Value("angle", 33.5, "deg"),),
    K.COBB: (Value("angle", 12.5, "deg"),),
    K.ELLIPSE: (Value("area", 120.5, "mm2"), Value("mean", -50.5, "[hnsf'U]"), Value("max", 40.0, "[hnsf'U]")),
    K.RECTANGLE: (Value("mean", 2.5, "g/ml{SUVbw}"), Value("stddev", 0.5, "g/ml{SUVbw}")),
    K.PROBE: (Value("value", 35.0, "1"),),
    K.ARROW: (),
    K.CARDIOTHORACIC: (Value("ratio", 0.55, "1"), Value("heart-width", 140.0, "mm")),
}


def a_mark(kind: MeasurementKind = K.LENGTH, *, on: EvidenceItem = EVIDENCE[1], **changes: Any) -> Measurement:
    mark = Measurement(
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}{on.sop_instance_uid}")),
        kind=kind,
        series_instance_uid=on.series_instance_uid,
        sop_instance_uid=on.sop_instance_uid,
        frame=1,
        points=BOX if kind is K.RECTANGLE else AXES[: POINTS[kind]],
        values=VALUES[kind],
        basis=SpacingBasis.PATIENT,
        text="Nốt đặc thùy trên phổi phải",
    )
    return dataclasses.replace(mark, **changes)


def an_image(**changes: Any) -> Dataset:
    ds = Dataset()
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 512, 400, 16, 12, 11
    ds.PixelRepresentation, ds.SamplesPerPixel, ds.PhotometricInterpretation = 0, 1, "MONOCHROME2"
    ds.RescaleSlope, ds.RescaleIntercept, ds.PixelSpacing = "1", "-1024", ["0.5", "0.4"]
    ds.WindowCenter, ds.WindowWidth = ["40", "300"], ["400", "1500"]
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


HEADERS = {"2.25.1001": an_image(), "2.25.1002": an_image(), "2.25.1003": an_image(NumberOfFrames=5)}


def test_images_whose_uids_have_leading_zeros_get_their_report() -> None:
    images = [EvidenceItem(CT, "1.2.840.0113619.2.001", "1.2.840.0113619.2.1")]
    report = a_report(text=dataclasses.replace(a_report().text, key_images=("1.2.840.0113619.2.001",)))
    for build in (build_sr, build_key_objects):
        document = build(report, a_header(), images)
        assert document is not None
        assert find_faults(document, images) == []


@pytest.mark.parametrize("kind", IN_REPORTS)
def test_a_mark_of_every_kind_is_read_again_from_the_narrative(kind: MeasurementKind, tmp_path: Path) -> None:
    mark = a_mark(kind, on=EVIDENCE[2], frame=3)
    file = saved(tmp_path, build_sr(a_report(measurements=(mark,)), a_header(), EVIDENCE))
    assert read_report(file).measurements == (mark,)
    assert (dciodvfy(file), dsrdump(file)[1]) == ([], [])


def test_all_marks_are_tracked_under_their_ids_in_the_measurement_report(tmp_path: Path) -> None:
    marks = tuple(a_mark(kind) for kind in IN_REPORTS)
    content = build_measurements(a_report(measurements=marks), a_header(Modality="CT"), EVIDENCE)
    assert content is not None
    file = saved(tmp_path, content)
    assert dciodvfy(file) == []
    groups = tid1500reader(file)["Measurements"]
    measured = [mark for mark in marks if mark.values]
    assert [g["TrackingIdentifier"] for g in groups] == [mark.id for mark in measured]
    assert [g["TrackingUniqueIdentifier"] for g in groups] == [tracking_uid(mark.id) for mark in measured]
    assert {g["Finding"]["CodeMeaning"] for g in groups} == {"Nốt đặc thùy trên phổi phải"}
    said = [[(float(i["value"]), i["units"]["CodeValue"]) for i in g["measurementItems"]] for g in groups]
    assert said == [[(value.number, value.unit) for value in mark.values] for mark in measured]


def test_a_report_without_numbers_has_no_measurement_report() -> None:
    assert build_measurements(a_report(measurements=(a_mark(K.ARROW),)), a_header(), EVIDENCE) is None
    assert build_measurements(a_report(), a_header(), EVIDENCE) is None


def test_every_kind_and_every_basis_has_its_code() -> None:
    assert table.KINDS.keys() == set(MeasurementKind)
    assert table.BASES.keys() >= {basis.value for basis in SpacingBasis}
    codes = [code.value for code in (*table.KINDS.values(), *table.BASES.values(), *table.NAMES.values())]
    assert all(len(code) <= 16 for code in codes)


@pytest.mark.parametrize(("changes", "word"), [({"sop_instance_uid": "2.25.9"}, "image"), ({"frame": 2}, "frame")])
def test_a_mark_on_what_is_not_there_is_refused(changes: dict[str, Any], word: str) -> None:
    report = a_report(measurements=(a_mark(**changes),))
    for build in (build_sr, build_measurements):
        with pytest.raises(Invalid, match=word):
            build(report, a_header(), EVIDENCE)


# --- who signed


def test_a_preliminary_report_is_complete_unverified_and_names_its_author(tmp_path: Path) -> None:
    report = a_report(status=ReportStatus.PRELIMINARY, signatures=(TRAINEE,), observer_name=TRAINEE.name)
    file = saved(tmp_path, build_sr(report, a_header(), EVIDENCE))
    ds = pydicom.dcmread(file)
    assert (ds.CompletionFlag, ds.VerificationFlag, ds.PreliminaryFlag) == ("COMPLETE", "UNVERIFIED", "PRELIMINARY")
    assert "VerifyingObserverSequence" not in ds
    (author,) = ds.AuthorObserverSequence
    assert (author.ObserverType, str(author.PersonName)) == ("PSN", "Lê Quang Đức^^^BS.")
    assert author.PersonIdentificationCodeSequence[0].CodeValue == "000777/TN-GPHN"
    assert ds.ParticipantSequence[0].ParticipationType == "ATTEST"
    assert (dciodvfy(file), dsrdump(file)[1]) == ([], [])


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, ReportStatus.FINAL),
        ({"PreliminaryFlag": None}, ReportStatus.FINAL),
        ({"VerificationFlag": "UNVERIFIED"}, ReportStatus.PRELIMINARY),
        ({"VerificationFlag": "UNVERIFIED", "PreliminaryFlag": None}, ReportStatus.PRELIMINARY),
        ({"VerificationFlag": None, "PreliminaryFlag": None}, ReportStatus.PRELIMINARY),
        ({"CompletionFlag": "PARTIAL", "PreliminaryFlag": None}, ReportStatus.PRELIMINARY),
        ({"CompletionFlag": None}, ReportStatus.FINAL),
        ({"PreliminaryFlag": "PRELIMINARY"}, ReportStatus.PRELIMINARY),
    ],
)
def test_only_what_somebody_answers_for_is_read_as_final(
    flags: dict[str, str | None], expected: ReportStatus, tmp_path: Path
) -> None:
    ds = pydicom.dcmread(saved(tmp_path, build_sr(a_report(), a_header(), EVIDENCE)))
    for keyword, value in flags.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    foreign = tmp_path / "foreign.dcm"
    ds.save_as(foreign)
    assert read_report(foreign).status is expected


def test_a_verified_report_names_the_author_and_the_verifier() -> None:
    ds = parsed(build_sr(a_report(signatures=(TRAINEE, SENIOR)), a_header(), EVIDENCE))
    assert (ds.VerificationFlag, ds.PreliminaryFlag) == ("VERIFIED", "FINAL")
    (verifier,) = ds.VerifyingObserverSequence
    assert verifier.VerifyingObserverIdentificationCodeSequence[0].CodeValue == SENIOR.licence_number
    assert str(ds.AuthorObserverSequence[0].PersonName) == "Lê Quang Đức^^^BS."
    read = read_report(io.BytesIO(build_sr(a_report(signatures=(TRAINEE, SENIOR)), a_header(), EVIDENCE)))
    assert read.signatures == (TRAINEE, SENIOR)


def test_one_person_signs_once() -> None:
    alone = dataclasses.replace(TRAINEE, role=SENIOR.role)
    ds = parsed(build_sr(a_report(signatures=(alone,)), a_header(), EVIDENCE))
    assert len(ds.VerifyingObserverSequence) == 1
    assert "AuthorObserverSequence" not in ds
    assert "ParticipantSequence" not in ds


def test_a_licence_number_that_is_long_is_kept_whole() -> None:
    licence = "0001234567/BYT-GPHN-2026"
    report = a_report(signatures=(dataclasses.replace(SENIOR, licence_number=licence),))
    content = build_sr(report, a_header(), EVIDENCE)
    assert read_report(io.BytesIO(content)).signatures[0].licence_number == licence


def test_an_addendum_stands_after_the_unchanged_report_with_its_own_signature(tmp_path: Path) -> None:
    text = a_report().text
    added = Addendum(ReportText(findings="Xem lại.", conclusion="Nốt vôi hóa.\nLành tính."), (SENIOR,), SIGNED_AT)
    report = a_report(status=ReportStatus.ADDENDUM, addenda=(added, added), version=3)
    file = saved(tmp_path, build_sr(report, a_header(), EVIDENCE))
    read = read_report(file)
    assert (read.status, read.text, read.addenda) == (ReportStatus.ADDENDUM, text, (added, added))
    assert len(pydicom.dcmread(file).VerifyingObserverSequence) == 3
    assert (dciodvfy(file), dsrdump(file)[1]) == ([], [])


def test_answers_and_critical_findings_are_read_again(tmp_path: Path) -> None:
    text = ReportText(
        conclusion="Tràn khí màng phổi.",
        comparison="Phim cũ không có.",
        limitations="Người bệnh thở.",
        answers=(("Có tràn khí không?", "Có, bên phải."), ("Có cần dẫn lưu?", "Có.")),
    )
    file = saved(tmp_path, build_sr(a_report(text, criticals=CRITICALS), a_header(), EVIDENCE))
    read = read_report(file)
    assert (read.text, read.criticals) == (text, CRITICALS)
    assert (dciodvfy(file), dsrdump(file)[1]) == ([], [])


# --- key objects and presentation states


def test_key_images_are_selected_for_the_report_with_the_frames_that_are_marked(tmp_path: Path) -> None:
    marks = (a_mark(on=EVIDENCE[2], frame=4), a_mark(K.ANGLE, on=EVIDENCE[2], frame=2))
    content = build_key_objects(a_report(measurements=marks), a_header(), EVIDENCE)
    assert content is not None
    ds = parsed(content)
    assert ds.ConceptNameCodeSequence[0].CodeValue == "113020"
    references = [i.ReferencedSOPSequence[0] for i in ds.ContentSequence if i.ValueType == "IMAGE"]
    assert [r.ReferencedSOPInstanceUID for r in references] == ["2.25.1002", "2.25.1003"]
    assert [r.get("ReferencedFrameNumber") for r in references] == [None, [2, 4]]
    held = ds.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert {i.ReferencedSOPInstanceUID for s in held for i in s.ReferencedSOPSequence} == {"2.25.1002", "2.25.1003"}
    assert dciodvfy(saved(tmp_path, content)) == []


def test_a_report_without_key_images_selects_nothing() -> None:
    assert build_key_objects(a_report(ReportText(conclusion="Bình thường")), a_header(), EVIDENCE) is None


def states(*marks: Measurement, headers: dict[str, Dataset] | None = None) -> list[Dataset]:
    report = a_report(measurements=marks)
    return [parsed(c) for c in build_presentations(report, a_header(), EVIDENCE, headers or HEADERS)]


def test_marks_are_drawn_where_they_are_and_labelled(tmp_path: Path) -> None:
    (ds,) = states(a_mark(), a_mark(K.ELLIPSE), a_mark(K.RECTANGLE))
    (annotation,) = ds.GraphicAnnotationSequence
    drawn = [(g.GraphicType, g.NumberOfGraphicPoints) for g in annotation.GraphicObjectSequence]
    assert drawn == [("POLYLINE", 2), ("ELLIPSE", 4), ("POLYLINE", 5)]
    assert list(annotation.GraphicObjectSequence[0].GraphicData) == [10.5, 20.25, 40.0, 20.5]
    assert annotation.TextObjectSequence[0].UnformattedTextValue == "Nốt đặc thùy trên phổi phải\r\n12,3 mm"
    assert annotation.TextObjectSequence[0].AnchorPoint == [40.0, 20.5]
    (area,) = ds.DisplayedAreaSelectionSequence
    assert (area.DisplayedAreaBottomRightHandCorner, area.PresentationPixelSpacing) == ([400, 512], [0.5, 0.4])
    file = tmp_path / "state.dcm"
    ds.save_as(file, enforce_file_format=True)
    assert dciodvfy(file) == []


def test_a_state_repeats_the_grey_scale_of_the_image() -> None:
    (ds,) = states(a_mark())
    assert (ds.RescaleSlope, ds.RescaleIntercept, ds.PresentationLUTShape) == (1, -1024, "IDENTITY")
    (voi,) = ds.SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth) == (40, 400)
    (inverted,) = states(a_mark(), headers={"2.25.1002": an_image(PhotometricInterpretation="MONOCHROME1")})
    assert inverted.PresentationLUTShape == "INVERSE"


def test_images_of_different_scales_and_colours_have_a_state_each() -> None:
    headers = {
        "2.25.1001": an_image(RescaleSlope="2"),
        "2.25.1002": an_image(),
        "2.25.1003": an_image(SamplesPerPixel=3, PhotometricInterpretation="RGB", BitsAllocated=8, NumberOfFrames=5),
    }
    made = states(a_mark(on=EVIDENCE[0]), a_mark(), a_mark(on=EVIDENCE[2], frame=5), headers=headers)
    assert sorted(ds.SOPClassUID.name.partition(" ")[0] for ds in made) == ["Color", "Grayscale", "Grayscale"]
    assert len({ds.SOPInstanceUID for ds in made}) == 3
    (colour,) = (ds for ds in made if "ICCProfile" in ds)
    assert "PresentationLUTShape" not in colour
    assert colour.GraphicAnnotationSequence[0].ReferencedImageSequence[0].ReferencedFrameNumber == 5


def test_what_leaves_the_image_is_drawn_up_to_its_edge() -> None:
    (ds,) = states(a_mark(points=((-5.0, 20.0), (900.0, 20.0))))
    assert list(ds.GraphicAnnotationSequence[0].GraphicObjectSequence[0].GraphicData) == [0.0, 20.0, 400.0, 20.0]


def test_marks_on_what_has_no_pixels_make_no_state() -> None:
    assert states(a_mark(), headers={"2.25.1002": Dataset()}) == []


# --- the check


def a_section(ds: Dataset) -> Dataset:
    return next(item for item in ds.ContentSequence if item.ValueType == "CONTAINER")


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda ds: ds.pop("CompletionFlag"), "CompletionFlag has no value"),
        (lambda ds: ds.pop("StudyID"), "StudyID is absent"),
        (lambda ds: setattr(ds, "VerificationFlag", "UNVERIFIED"), "do not agree"),
        (lambda ds: setattr(ds, "PreliminaryFlag", "PRELIMINARY"), "do not agree"),
        (lambda ds: setattr(ds, "SpecificCharacterSet", "ISO_IR 100"), "ISO_IR 192"),
        (lambda ds: setattr(ds, "SeriesInstanceUID", "1.2.x"), "no UID"),
        (lambda ds: a_section(ds).ContentSequence[0].pop("TextValue"), "TextValue has no value"),
        (lambda ds: ds.pop("CurrentRequestedProcedureEvidenceSequence"), "evidence does not hold"),
        (lambda ds: setattr(ds, "Modality", "CT"), "Modality"),
    ],
)
def test_a_document_with_a_fault_does_not_leave(spoil: Any, fault: str) -> None:
    ds = parsed(build_sr(a_report(measurements=(a_mark(),)), a_header(), EVIDENCE))
    spoil(ds)
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    with pytest.raises(Invalid) as refused:
        check_document(out.getvalue(), EVIDENCE)
    assert fault in "; ".join(find_faults(out.getvalue(), EVIDENCE))
    assert "not sent" in refused.value.message


def test_references_outside_the_study_are_found() -> None:
    content = build_sr(a_report(), a_header(), EVIDENCE)
    assert find_faults(content, EVIDENCE) == []
    assert "the study does not hold" in "; ".join(find_faults(content, EVIDENCE[:1]))


def test_what_is_no_document_of_a_report_is_refused() -> None:
    assert find_faults(b"\0" * 200, EVIDENCE) != []


def test_a_fault_names_no_patient() -> None:
    ds = parsed(build_sr(a_report(), a_header(), EVIDENCE))
    ds.PatientName = "Nguye\u0302\u0303n"  # decomposed
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    assert find_faults(out.getvalue(), EVIDENCE) == ["PatientName is not composed (NFC)"]


# --- words


@pytest.mark.parametrize(
    ("kind", "changes", "lines"),
    [
        (K.LENGTH, {}, ["12,3 mm"]),
        (K.LENGTH, {"basis": SpacingBasis.DETECTOR}, ["12,3 mm · trên tấm nhận"]),
        (K.BIDIRECTIONAL, {}, ["dài 20,5 mm", "ngang 11,3 mm"]),
        (K.COBB, {}, ["12,5°"]),
        (K.ELLIPSE, {}, ["TB −50,5 HU", "diện tích 120,5 mm²"]),
        (K.RECTANGLE, {}, ["TB 2,50 ± 0,50 SUV"]),
        (K.CARDIOTHORACIC, {}, ["0,55 (55 %)", "Tim 140,0 mm"]),
        (K.LENGTH, {"values": (Value("length", -0.001, "{pixels}"),)}, ["0,00 px"]),
    ],
)
def test_numbers_are_said_as_in_the_viewer(kind: MeasurementKind, changes: dict[str, Any], lines: list[str]) -> None:
    assert value_lines(a_mark(kind, **changes), "vi") == lines


def test_the_reader_s_words_come_first() -> None:
    assert label(a_mark(text="Nốt\nđặc"), "en") == ["Nốt", "đặc", "12.3 mm"]
