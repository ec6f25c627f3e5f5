"""What a signed report says as a structured report, judged by three programs of others."""

from __future__ import annotations

import dataclasses
import io
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from node.dicom.report.document import EvidenceItem
from node.dicom.report.names import display_name, observer_name
from node.dicom.report.narrative import build_sr
from node.dicom.report.reading import EPOCH, read_report
from node.domain.report import ReportText, Signature, SignatureRole, SignedReport
from node.errors import Invalid, Unreadable
from tests.validators import dciodvfy, dicom_sr_validator, dsrdump

STUDY_UID = "2.25.100"
CT = "1.2.840.10008.5.1.4.1.1.2"
US_CINE = "1.2.840.10008.5.1.4.1.1.3.1"
SIGNED_AT = datetime(2025, 3, 1, 20, 5, 6, tzinfo=UTC)
HOSPITAL = "Bệnh viện Trung ương mẫu"
SENIOR = Signature(SignatureRole.VERIFIER, "", "BS.CKII Trần Thị Hồng Ánh", "000123/HN-GPHN", HOSPITAL, SIGNED_AT)
EVIDENCE = [
    EvidenceItem(CT, "2.25.1001", "2.25.101"),
    EvidenceItem(CT, "2.25.1002", "2.25.101"),
    EvidenceItem(US_CINE, "2.25.1003", "2.25.102"),
]


def a_header(**values: Any) -> dict[str, Any]:
    """The DICOM JSON of an image header; a keyword's value may be a text, or the Value list itself."""
    facts: dict[str, Any] = {
        "StudyInstanceUID": STUDY_UID,
        "PatientName": [{"Alphabetic": "NGUYỄN^THỊ MẪU"}],
        "PatientID": "MAU-0001",
        "PatientBirthDate": "19670512",
        "PatientSex": "F",
        "StudyDate": "20250301",
        "StudyTime": "142530",
        "AccessionNumber": "A-1",
        "StudyID": "7",
        **values,
    }
    header = {}
    for keyword, value in facts.items():
        tag = pydicom.datadict.tag_for_keyword(keyword)
        assert tag is not None, keyword
        listed = value if isinstance(value, list) else [value]
        header[f"{tag:08X}"] = {"vr": pydicom.datadict.dictionary_VR(tag), "Value": listed}
    return header


def a_report(text: ReportText | None = None, **changes: Any) -> SignedReport:
    report = SignedReport(
        text=text
        or ReportText(
            technique="Chụp cắt lớp vi tính lồng ngực.",
            findings="Nhu mô phổi:\n- đám mờ thùy dưới phải\n\n- nốt 5 mm",
            conclusion="Tổn thương đông đặc thùy dưới phổi phải.",
            recommendation="Chụp lại sau 4–6 tuần.",
            key_images=("2.25.1002", "2.25.1003"),
        ),
        study_instance_uid=STUDY_UID,
        sop_instance_uid="2.25.2000",
        series_instance_uid="2.25.2001",
        observer_name="BS.CKII Trần Thị Hồng Ánh",
        observer_organization=HOSPITAL,
        signed_at=SIGNED_AT,
        signatures=(SENIOR,),
    )
    return dataclasses.replace(report, **changes)


def parsed(content: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(content))


def saved(folder: Path, content: bytes) -> Path:
    file = folder / "report.dcm"
    file.write_bytes(content)
    return file


def codes(ds: Dataset) -> list[str]:
    return [item.ConceptNameCodeSequence[0].CodeValue for item in ds.ContentSequence]


def sections(ds: Dataset) -> list[Dataset]:
    """What follows the observation context."""
    return [item for item in ds.ContentSequence if item.ValueType == "CONTAINER"]


def headings(ds: Dataset) -> list[str]:
    return [section.ConceptNameCodeSequence[0].CodeValue for section in sections(ds)]


def test_dcmtk_reads_it_without_a_warning(tmp_path: Path) -> None:
    text, problems = dsrdump(saved(tmp_path, build_sr(a_report(), a_header(), EVIDENCE)))
    assert problems == []
    assert "Tổn thương đông đặc thùy dưới phổi phải." in text


def test_dicom3tools_finds_no_error(tmp_path: Path) -> None:
    assert dciodvfy(saved(tmp_path, build_sr(a_report(), a_header(), EVIDENCE))) == []


def test_the_template_validator_finds_no_error(tmp_path: Path) -> None:
    assert dicom_sr_validator(saved(tmp_path, build_sr(a_report(), a_header(), EVIDENCE))) == []


def test_an_addendum_is_valid_and_names_its_predecessor(tmp_path: Path) -> None:
    content = build_sr(a_report(version=2, predecessors=(("2.25.1999", "2.25.2001"),)), a_header(), EVIDENCE)
    file = saved(tmp_path, content)
    assert (dsrdump(file)[1], dciodvfy(file)) == ([], [])
    ds = parsed(content)
    assert ds.InstanceNumber == 2
    series = ds.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "2.25.1999"
    assert series.SeriesInstanceUID == ds.SeriesInstanceUID


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    report = a_report(version=2, predecessors=(("2.25.1999", "2.25.2001"),))
    assert read_report(saved(tmp_path, build_sr(report, a_header(), EVIDENCE))) == report


def test_equal_inputs_give_equal_bytes_whatever_the_order_of_the_evidence() -> None:
    first = build_sr(a_report(), a_header(), EVIDENCE)
    assert first == build_sr(a_report(), a_header(), [*reversed(EVIDENCE), EVIDENCE[0]])


def test_no_time_but_that_of_signing_is_in_it() -> None:
    ds = parsed(build_sr(a_report(), a_header(), EVIDENCE))
    for keyword in ("ContentDate", "SeriesDate", "InstanceCreationDate"):
        assert ds[keyword].value == "20250302"  # 20:05 in UTC is the next morning in Hà Nội
    for keyword in ("ContentTime", "SeriesTime", "InstanceCreationTime"):
        assert ds[keyword].value == "030506"
    assert ds.TimezoneOffsetFromUTC == "+0700"
    assert ds.VerifyingObserverSequence[0].VerificationDateTime == "20250302030506+0700"
    assert "ContributingEquipmentSequence" not in ds


def test_times_follow_the_zone_that_the_images_state() -> None:
    ds = parsed(build_sr(a_report(), a_header(TimezoneOffsetFromUTC="-0400"), EVIDENCE))
    assert (ds.StudyTime, ds.TimezoneOffsetFromUTC) == ("142530", "-0400")
    assert (ds.ContentDate, ds.ContentTime) == ("20250301", "160506")


def test_the_sections_stand_in_order_under_their_loinc_headings() -> None:
    ds = parsed(build_sr(a_report(), a_header(), EVIDENCE))
    assert ds.ConceptNameCodeSequence[0].CodeValue == "18748-4"
    assert [codes(section)[0] for section in sections(ds)[:4]] == ["121065", "121071", "121073", "121075"]
    assert headings(ds) == ["55111-9", "59776-5", "19005-8", "18783-1", "55113-5"]
    assert sections(ds)[1].ContentSequence[0].TextValue == ("Nhu mô phổi:\r\n- đám mờ thùy dưới phải\r\n\r\n- nốt 5 mm")
    language = ds.ContentSequence[0].ConceptCodeSequence[0]
    assert (language.CodeValue, language.CodingSchemeDesignator) == ("vi", "RFC5646")


def test_the_observer_with_the_licence_stands_before_the_sections() -> None:
    """TID 2000 has the observation context (TID 1001 to 1003) between the language and the first section."""
    ds = parsed(build_sr(a_report(), a_header(), EVIDENCE))
    assert codes(ds)[:5] == ["121049", "121005", "121008", "121009", "128775"]
    assert {item.RelationshipType for item in ds.ContentSequence[1:5]} == {"HAS OBS CONTEXT"}
    assert ds.ContentSequence[4].TextValue == SENIOR.licence_number
    unlicensed = dataclasses.replace(SENIOR, licence_number="")
    ds = parsed(build_sr(a_report(signatures=(unlicensed,)), a_header(), EVIDENCE))
    assert codes(ds)[:5] == ["121049", "121005", "121008", "121009", "55111-9"]


def test_empty_sections_are_left_out_but_findings_and_conclusion_stay(tmp_path: Path) -> None:
    report = a_report(ReportText(conclusion="Bình thường", language="en"))
    content = build_sr(report, a_header(), EVIDENCE)
    assert headings(parsed(content)) == ["59776-5", "19005-8"]
    assert read_report(io.BytesIO(content)).text == report.text
    assert dciodvfy(saved(tmp_path, content)) == []


def test_key_images_have_the_class_of_the_image_and_name_no_frame() -> None:
    ds = parsed(build_sr(a_report(), a_header(), EVIDENCE))
    items = [i.ReferencedSOPSequence[0] for i in ds.ContentSequence[-1].ContentSequence]
    assert [(i.ReferencedSOPClassUID, i.ReferencedSOPInstanceUID) for i in items] == [
        (CT, "2.25.1002"),
        (US_CINE, "2.25.1003"),
    ]
    assert all("ReferencedFrameNumber" not in i for i in items)


def test_the_evidence_holds_every_instance_once_in_its_series() -> None:
    ds = parsed(build_sr(a_report(), a_header(), [*EVIDENCE, EVIDENCE[0], EvidenceItem(CT, "2.25.2000", "2.25.2001")]))
    (study,) = ds.CurrentRequestedProcedureEvidenceSequence
    assert study.StudyInstanceUID == STUDY_UID
    held = {
        series.SeriesInstanceUID: [i.ReferencedSOPInstanceUID for i in series.ReferencedSOPSequence]
        for series in study.ReferencedSeriesSequence
    }
    assert held == {"2.25.101": ["2.25.1001", "2.25.1002"], "2.25.102": ["2.25.1003"]}


def test_it_is_complete_verified_final_and_in_unicode() -> None:
    ds = parsed(build_sr(a_report(), a_header(), EVIDENCE))
    assert (ds.CompletionFlag, ds.VerificationFlag, ds.PreliminaryFlag) == ("COMPLETE", "VERIFIED", "FINAL")
    assert (ds.SpecificCharacterSet, ds.file_meta.TransferSyntaxUID) == ("ISO_IR 192", "1.2.840.10008.1.2.1")
    assert ds.VerifyingObserverSequence[0].VerifyingObserverName == "Trần Thị Hồng Ánh^^^BS.CKII"
    assert ds.Manufacturer == "Liên Tuyến"


def test_decomposed_text_is_composed() -> None:
    decomposed = "Tổn thương"
    report = a_report(ReportText(findings=decomposed, conclusion=decomposed))
    content = build_sr(report, a_header(PatientName=[{"Alphabetic": "Nguyễn^Mẫu"}]), EVIDENCE)
    assert "Tổn thương".encode() in content
    assert str(parsed(content).PatientName) == "Nguyễn^Mẫu"


def test_patient_and_study_are_copied_with_their_empty_values() -> None:
    header = a_header(PatientID=[], AccessionNumber=[], PatientAge="058Y", StudyDescription="CT ngực")
    ds = parsed(build_sr(a_report(), header, EVIDENCE))
    assert (str(ds.PatientName), ds.PatientID, ds.PatientBirthDate) == ("NGUYỄN^THỊ MẪU", "", "19670512")
    assert (ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber) == ("20250301", "142530", "7", "")
    assert (ds.PatientAge, ds.StudyDescription, ds.StudyInstanceUID) == ("058Y", "CT ngực", STUDY_UID)


ODD_VALUES = [
    ("PatientName", [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}], None),
    ("PatientName", [{"Alphabetic": "A^B^C^D^E^F^G"}], "A^B^C^D^E F G"),
    ("PatientName", [{"Alphabetic": "HỒ\tTHỊ\x1b[0m"}], "HỒ THỊ [0m"),
    ("PatientName", [{"Alphabetic": "TỪ"}, {"Alphabetic": "MẪU"}], "TỪ MẪU"),
    ("PatientName", [{}], ""),
    ("PatientName", [{"Alphabetic": "N" * 90}], "N" * 64),
    ("PatientID", "A" * 65, ""),
    ("PatientID", "A\\B", "A B"),
    ("PatientBirthDate", "1967.05.12", "19670512"),
    ("PatientBirthDate", "19670532", ""),
    ("StudyDate", "hôm qua", ""),
    ("StudyTime", "14:25:30", "142530"),
    ("StudyTime", "-010000", ""),
    ("PatientSex", "f", "F"),
    ("PatientSex", "Nữ", ""),
    ("AccessionNumber", "A" * 40, ""),
    ("StudyDescription", "x" * 80, "x" * 64),
    ("PatientAge", "58", None),
    ("PatientWeight", "about 60", None),
    ("PatientWeight", 61.5, 61.5),
]


@pytest.mark.parametrize(("keyword", "value", "expected"), ODD_VALUES)
def test_odd_values_are_corrected_or_left_empty_and_the_report_is_valid(
    keyword: str, value: Any, expected: Any, tmp_path: Path
) -> None:
    content = build_sr(a_report(), a_header(**{keyword: value}), EVIDENCE)
    file = saved(tmp_path, content)
    assert (dsrdump(file)[1], dciodvfy(file)) == ([], [])
    found = parsed(content).get(keyword)
    if keyword == "PatientName" and expected is None:
        assert str(found) == "Yamada^Tarou=山田^太郎=やまだ^たろう"
    elif expected is None:
        assert found is None
    else:
        assert found == expected


def test_a_header_without_anything_still_makes_a_valid_report(tmp_path: Path) -> None:
    file = saved(tmp_path, build_sr(a_report(), {}, EVIDENCE))
    assert (dsrdump(file)[1], dciodvfy(file)) == ([], [])


def test_a_report_on_a_study_of_waveforms_and_unknown_classes_is_valid(tmp_path: Path) -> None:
    evidence = [
        EvidenceItem("1.2.840.10008.5.1.4.1.1.9.1.1", "2.25.1001", "2.25.101"),
        EvidenceItem("1.2.826.0.1.3680043.2.1143.1", "2.25.1002", "2.25.102"),
    ]
    report = a_report(ReportText(conclusion="Điện tâm đồ", key_images=("2.25.1001", "2.25.1002")))
    content = build_sr(report, a_header(), evidence)
    items = parsed(content).ContentSequence[-1].ContentSequence
    assert [item.ValueType for item in items] == ["COMPOSITE", "COMPOSITE"]
    assert read_report(io.BytesIO(content)).text.key_images == ("2.25.1001", "2.25.1002")
    file = saved(tmp_path, content)
    assert (dsrdump(file)[1], dciodvfy(file)) == ([], [])


def test_the_toolkits_say_nothing_of_the_patient() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build_sr(a_report(), a_header(PatientName=[{"Alphabetic": "KHÔNG DẤU MŨ"}]), EVIDENCE)


@pytest.mark.parametrize(
    ("report", "header", "evidence"),
    [
        (a_report(), a_header(), []),
        (a_report(ReportText(key_images=("2.25.9",))), a_header(), EVIDENCE),
        (a_report(), a_header(StudyInstanceUID="2.25.9"), EVIDENCE),
        (a_report(ReportText(language="xx")), a_header(), EVIDENCE),
    ],
    ids=["no images", "a key image of another study", "a header of another study", "an unknown language"],
)
def test_what_cannot_be_reported_is_refused_with_advice(
    report: SignedReport, header: dict[str, Any], evidence: list[EvidenceItem]
) -> None:
    with pytest.raises(Invalid) as refused:
        build_sr(report, header, evidence)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("display", "name"),
    [
        ("BS. Trần Thị Hồng Ánh", "Trần Thị Hồng Ánh^^^BS."),
        ("PGS.TS. Lê Văn Thử", "Lê Văn Thử^^^PGS.TS."),
        ("ThS BS Nguyễn Mẫu", "Nguyễn Mẫu^^^ThS BS"),
        ("Trần Mẫu", "Trần Mẫu^"),
        ("", "-^"),
    ],
)
def test_observers_keep_the_order_of_their_name(display: str, name: str) -> None:
    assert observer_name(display) == name
    assert display_name(name) == display


def test_names_of_other_systems_are_put_in_reading_order() -> None:
    assert display_name("Smith^John^A^Dr^MD") == "Dr John A Smith, MD"


def test_a_foreign_report_without_known_headings_is_kept_as_findings() -> None:
    ds = parsed(build_sr(a_report(), a_header(), EVIDENCE))
    for section in sections(ds):
        section.ConceptNameCodeSequence[0].CodeValue = "X1"
        for item in section.ContentSequence:
            item.ConceptNameCodeSequence[0].CodeValue = "X2"
    del ds.VerifyingObserverSequence
    del ds.TimezoneOffsetFromUTC
    content = io.BytesIO()
    ds.save_as(content)
    content.seek(0)
    report = read_report(content)
    assert report.text.conclusion == ""
    assert "Tổn thương đông đặc" in report.text.findings
    assert report.observer_name == "BS.CKII Trần Thị Hồng Ánh"
    assert report.signed_at == a_report().signed_at


def test_a_foreign_heading_with_nothing_below_it_says_nothing() -> None:
    ds = parsed(build_sr(a_report(), a_header(), EVIDENCE))
    for section in sections(ds):
        section.ConceptNameCodeSequence[0].CodeValue = "X1"
        del section.ContentSequence
    content = io.BytesIO()
    ds.save_as(content)
    content.seek(0)
    report = read_report(content)
    assert (report.text.findings, report.text.conclusion, report.text.key_images) == ("", "", ())
    assert report.observer_name == "BS.CKII Trần Thị Hồng Ánh"


def test_a_report_without_any_time_says_so() -> None:
    ds = parsed(build_sr(a_report(), a_header(), EVIDENCE))
    for keyword in ("VerifyingObserverSequence", "ContentDate", "ContentTime", "InstanceCreationDate"):
        delattr(ds, keyword)
    content = io.BytesIO()
    ds.save_as(content)
    content.seek(0)
    assert read_report(content).signed_at == EPOCH


@pytest.mark.parametrize("content", [b"", b"no DICOM", b"\0" * 128 + b"DICM" + b"\0" * 50])
def test_what_is_no_report_is_unreadable(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        read_report(saved(tmp_path, content))


def test_an_image_is_no_report() -> None:
    ds = parsed(build_sr(a_report(), a_header(), EVIDENCE))
    del ds.ContentSequence
    content = io.BytesIO()
    ds.save_as(content)
    content.seek(0)
    with pytest.raises(Unreadable):
        read_report(content)
