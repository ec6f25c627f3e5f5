"""Orders from files: tables of several kinds, JSON, DICOM worklist items."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import dcmwrite, write_dataset
from pydicom.uid import ExplicitVRLittleEndian

from worklists.modality.intake import FileRows, read_file

ROW = {"patient_name": "Phạm Thị Hoa", "patient_id": "BN-11", "modality": "CLVT", "birth_date": "1962"}


def table(*, delimiter: str = ";", heads: str = "Họ và tên;Mã BN;Loại máy;Năm sinh") -> str:
    return "\r\n".join((heads, "Phạm Thị Hoa;BN-11;CLVT;1962", ";;;", "")).replace(";", delimiter)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1258"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_table_is_read_whatever_the_spreadsheet_wrote(encoding: str, delimiter: str) -> None:
    import unicodedata

    text = table(delimiter=delimiter)
    if encoding == "cp1258":  # which has letters and tones apart
        text = "".join(
            c
            if c in "ăâđêôơưĂÂĐÊÔƠƯ"
            else unicodedata.normalize("NFD", c)
            if unicodedata.normalize("NFD", c)[0] not in "ăâêôơư"
            else c
            for c in text
        )
        text = text.replace("ạ", "a\u0323").replace("ị", "i\u0323")
    found = read_file(text.encode(encoding, "replace"))
    assert (found.format, found.faults, len(found.rows)) == ("csv", (), 1)
    (number, values) = found.rows[0]
    assert number == 2
    assert unicodedata.normalize("NFC", values["patient_name"]) == ROW["patient_name"]
    assert {name: values[name] for name in ("patient_id", "modality", "birth_date")} == {
        name: ROW[name] for name in ("patient_id", "modality", "birth_date")
    }


@pytest.mark.parametrize(
    "heads",
    [
        "Name;Patient ID;Modality;DOB",
        "patient_name;patient_id;modality;birth_date",
        "HỌ TÊN NGƯỜI BỆNH;Mã người bệnh (PID);Loại;Ngày sinh (dd/mm/yyyy)",
    ],
)
def test_headings_are_understood_in_both_languages(heads: str) -> None:
    found = read_file(table(heads=heads).encode())
    assert dict(found.rows[0][1]) == ROW


def test_quoted_cells_may_hold_delimiters_and_lines() -> None:
    content = 'Họ tên,Mã BN,Loại máy,Lý do\r\n"Hoa, Phạm Thị",1,CT,"đau\r\nngực"\r\n'
    ((_, values),) = read_file(content.encode()).rows
    assert (values["patient_name"], values["reason"]) == ("Hoa, Phạm Thị", "đau\r\nngực")


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        (b"", "csv", "no-orders"),
        (b"\xef\xbb\xbf", "csv", "no-orders"),
        ("Họ tên;Mã BN;Loại máy\n".encode(), "csv", "no-orders"),
        ("Họ tên;Mã BN\nA;1\n".encode(), "csv", "headings"),
        (b"{", "json", "unreadable"),
        (b"[1]", "json", "unreadable"),
        (b"[]", "json", "no-orders"),
        (b"[" * 100_000, "json", "unreadable"),
        (b'{"orders": 5}', "json", "unreadable"),
        (bytes(range(256)) * 4, "dicom", "unreadable"),
        (b"\0" * 128 + b"DICM", "dicom", "unreadable"),
        (("Họ tên;Mã BN;Loại máy\n" + "A;1;CT\n" * 2001).encode(), "csv", "too-many"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why(content: bytes, kind: str, code: str) -> None:
    found = read_file(content)
    assert (found.format, [fault.code for fault in found.faults], found.rows) == (kind, [code], ())


@pytest.mark.parametrize(
    "content", [b'{"orders": [{"patient_id": "1"}]}', b' [{"patient_id": "1"}]', b'{"patient_id": "1"}']
)
def test_json_is_one_order_or_a_list(content: bytes) -> None:
    assert read_file(content).rows == ((1, {"patient_id": "1"}),)


def an_item(**changes: Any) -> Dataset:
    ds, step, code = Dataset(), Dataset(), Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.AccessionNumber, ds.PatientName, ds.PatientID = "A77", "Nguyễn^Thị Đào", "BN-1"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientWeight, ds.PregnancyStatus = "19700131", "F", 52.5, 1
    ds.Allergies, ds.RequestingPhysician, ds.ReferringPhysicianName = ["iod", "latex"], "Lê^Hà", "X"
    ds.StudyInstanceUID, ds.RequestedProcedureID, ds.RequestedProcedurePriority = "1.2.3", "RP1", "HIGH"
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "18.0149", "DVKT", "Chụp CT sọ não"
    ds.RequestedProcedureCodeSequence = [code]
    step.Modality, step.ScheduledStationAETitle = "CT", ["CT1", "CT2"]
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20261122", "083000"
    step.ScheduledProcedureStepID = "SPS1"
    ds.ScheduledProcedureStepSequence = [step]
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


def written(ds: Dataset, *, meta: bool) -> bytes:
    if not meta:
        buffer = DicomBytesIO()
        buffer.is_implicit_VR, buffer.is_little_endian = False, True
        write_dataset(buffer, ds)
        return buffer.getvalue()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = "1.2.276.0.7230010.3.1.0.1", "1.2"
    file = BytesIO()
    dcmwrite(file, ds, enforce_file_format=True)
    return file.getvalue()


@pytest.mark.parametrize("meta", [True, False])
def test_a_worklist_item_becomes_an_order(meta: bool) -> None:
    found = read_file(written(an_item(), meta=meta))
    assert (found.format, found.faults) == ("dicom", ())
    assert found.rows[0][1] == {
        "patient_name": "Nguyễn^Thị Đào", "patient_id": "BN-1", "birth_date": "19700131", "sex": "F", "weight": "52.5",
        "allergies": "iod\\latex", "pregnancy": "1", "accession_number": "A77", "referring_physician": "Lê^Hà",
        "procedure_description": "Chụp CT sọ não", "procedure_id": "RP1", "priority": "HIGH", "study_uid": "1.2.3",
        "modality": "CT", "stations": "CT1\\CT2", "scheduled_date": "20261122", "scheduled_time": "083000",
        "step_id": "SPS1", "procedure_code": "18.0149", "procedure_code_scheme": "DVKT",
    }  # fmt: skip


def test_an_item_with_two_steps_is_not_cut_in_half() -> None:
    item = an_item()
    item.ScheduledProcedureStepSequence = [item.ScheduledProcedureStepSequence[0], Dataset()]
    found: FileRows = read_file(written(item, meta=True))
    assert [fault.code for fault in found.faults] == ["several-steps"]


def test_a_name_in_utf8_that_does_not_say_so_is_read() -> None:
    content = written(an_item(), meta=True).replace(b"ISO_IR 192", b"          ")
    ((_, values),) = read_file(content).rows
    assert values["patient_name"] == "Nguyễn^Thị Đào"
