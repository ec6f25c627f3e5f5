"""Headers, digests and file meta of small generated files."""

from __future__ import annotations

import hashlib
import json
import unicodedata
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from node.dicom.dataset import (
    clean_text,
    dataset_digest,
    dataset_offset,
    file_meta,
    read_header,
    read_uids,
)
from node.dicom.part10 import SERIES, SOP_CLASS, SOP_INSTANCE, STUDY, UidScan, layout, scan_uids
from node.errors import Unreadable

CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT, EXPLICIT, DEFLATED, BIG = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
)
Write = Callable[..., Path]


def an_object(**changes: Any) -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = CT, "1.2.3"
    ds.StudyDate, ds.StudyTime, ds.StudyDescription = "20260302", "073000", "CT ngực"
    ds.AccessionNumber, ds.Modality, ds.InstitutionName = "A1", "CT", "TTYT Định Hóa"
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = "Nguyễn^Thị Đào", "P1", "TTYT"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "19800101", "F", "046Y"
    ds.BodyPartExamined, ds.SeriesDescription = "CHEST", "Phổi"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.4", "1.2.5"
    ds.SeriesNumber, ds.InstanceNumber, ds.NumberOfFrames = 2, 7, 3
    ds.Rows, ds.Columns, ds.BitsAllocated = 4, 6, 8
    for keyword, value in changes.items():
        if value is None:
            del ds[keyword]
        else:
            setattr(ds, keyword, value)
    return ds


def encoded(ds: Dataset, syntax: str = EXPLICIT) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = syntax == IMPLICIT, syntax != BIG
    write_dataset(buffer, ds)
    content = buffer.getvalue()
    if syntax == DEFLATED:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        content = deflater.compress(content) + deflater.flush()
    return content


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: bytes) -> Path:
        path = tmp_path / "object.dcm"
        path.write_bytes(content)
        return path

    return write_file


def part10(content: bytes, syntax: str = EXPLICIT) -> bytes:
    return file_meta(CT, "1.2.3", syntax, "CT1", "NODE") + content


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, DEFLATED, BIG])
def test_reads_the_header_in_every_encoding(write: Write, syntax: str) -> None:
    content = encoded(an_object(), syntax)
    header = read_header(write(part10(content, syntax)))
    assert (header.sop_class_uid, header.sop_instance_uid) == (CT, "1.2.3")
    assert (header.study_instance_uid, header.series_instance_uid) == ("1.2.4", "1.2.5")
    assert header.transfer_syntax_uid == syntax
    assert header.digest == hashlib.sha256(content).hexdigest()
    assert (header.patient_name, header.patient_id, header.issuer_of_patient_id) == ("Nguyễn^Thị Đào", "P1", "TTYT")
    assert (header.birth_date, header.sex, header.age) == ("19800101", "F", "046Y")
    assert (header.study_date, header.study_time, header.accession_number) == ("20260302", "073000", "A1")
    assert (header.study_description, header.series_description) == ("CT ngực", "Phổi")
    assert (header.modality, header.body_part, header.institution) == ("CT", "CHEST", "TTYT Định Hóa")
    assert (header.series_number, header.instance_number, header.frames) == (2, 7, 3)
    assert (header.rows, header.columns, header.priority) == (4, 6, None)


def test_the_digest_does_not_depend_on_the_file_meta(write: Write) -> None:
    content = encoded(an_object())
    first = dataset_digest(write(part10(content)))
    assert dataset_digest(write(file_meta(CT, "1.2.3", EXPLICIT) + content)) == first
    assert dataset_digest(write(content)) == first


def test_the_file_meta_is_what_the_toolkit_reads(write: Write) -> None:
    path = write(part10(encoded(an_object())))
    meta = dcmread(path).file_meta
    assert meta.MediaStorageSOPClassUID == CT
    assert meta.MediaStorageSOPInstanceUID == "1.2.3"
    assert meta.TransferSyntaxUID == EXPLICIT
    assert (meta.SourceApplicationEntityTitle, meta.ReceivingApplicationEntityTitle) == ("CT1", "NODE")
    assert meta.ImplementationClassUID.startswith("2.25.")
    assert meta.FileMetaInformationGroupLength == dataset_offset(path) - 144


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_reads_without_any_file_meta(write: Write, syntax: str) -> None:
    header = read_header(write(encoded(an_object(), syntax)))
    assert (header.transfer_syntax_uid, header.patient_name) == (syntax, "Nguyễn^Thị Đào")


@pytest.mark.parametrize(("declared", "actual"), [(IMPLICIT, EXPLICIT), (EXPLICIT, IMPLICIT), (EXPLICIT, BIG)])
def test_believes_the_bytes_more_than_the_declared_syntax(write: Write, declared: str, actual: str) -> None:
    header = read_header(write(part10(encoded(an_object(), actual), declared)))
    assert (header.transfer_syntax_uid, header.study_instance_uid) == (actual, "1.2.4")


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("SOPClassUID", "SOP Class UID"),
        ("SOPInstanceUID", "SOP Instance UID"),
        ("StudyInstanceUID", "Study Instance UID"),
        ("SeriesInstanceUID", "Series Instance UID"),
    ],
)
def test_says_which_uid_is_missing_or_wrong(write: Write, keyword: str, name: str) -> None:
    with pytest.raises(Unreadable, match=f"has no {name}"):
        read_header(write(part10(encoded(an_object(**{keyword: None})))))
    with pytest.raises(Unreadable, match=f"{name} is not a UID") as caught:
        read_header(write(part10(encoded(an_object(**{keyword: "../../etc/passwd"})))))
    assert "passwd" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"DICM", b"\xff\xd8\xff\xe0JFIF" * 100, b"%PDF-1.7\n" * 100, bytes(200), bytes(128) + b"DICM", b"\x08\0" * 3],
)
def test_what_is_no_dicom_object_is_unreadable(write: Write, content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_header(write(content))


def test_a_damaged_deflated_data_set_is_unreadable(write: Write) -> None:
    with pytest.raises(Unreadable, match="deflated"):
        read_header(write(part10(b"\xff" * 300, DEFLATED)))


def test_a_deflated_bomb_is_inflated_only_as_far_as_its_header(write: Write) -> None:
    bomb = an_object()
    bomb.PixelData = bytes(200 << 20)
    bomb["PixelData"].VR = "OB"
    path = write(part10(encoded(bomb, DEFLATED), DEFLATED))
    assert path.stat().st_size < 1 << 20
    assert read_header(path).sop_instance_uid == "1.2.3"


def test_a_length_beyond_the_file_allocates_nothing(write: Write) -> None:
    content = encoded(an_object(), EXPLICIT) + b"\x42\x00\x11\x00OB\x00\x00\xf0\xff\xff\xff"
    assert read_header(write(part10(content))).study_instance_uid == "1.2.4"


def test_sequences_nested_without_end_are_no_crash(write: Write) -> None:
    item = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    path = write(part10(item * 20_000 + encoded(an_object())))
    with pytest.raises(Unreadable):
        read_header(path)


def test_a_bad_element_does_not_spoil_the_rest(write: Write) -> None:
    content = encoded(an_object(Rows=None, InstanceNumber=None))
    content += b"\x20\x00\x13\x00IS\x04\x00abc \x28\x00\x10\x00US\x03\x00abc"
    header = read_header(write(part10(content)))
    assert (header.instance_number, header.rows) == (None, 0)
    assert header.patient_id == "P1"
    assert "00280010" not in header.metadata


def test_utf8_that_does_not_say_so_is_read_as_utf8(write: Write) -> None:
    ds = an_object(SpecificCharacterSet=None, PatientName="X", StudyDescription="Y", InstitutionName="Z")
    ds.SeriesDescription = "W"
    content = encoded(ds).replace(b"PN\x02\x00X ", b"PN\x10\x00" + "Trần^Đức  ".encode()[:14].ljust(16))
    assert read_header(write(part10(content))).patient_name.startswith("Trần^Đức")


def test_latin1_that_does_not_say_so_stays_latin1(write: Write) -> None:
    ds = an_object(SpecificCharacterSet=None, StudyDescription="Y", InstitutionName="Z", SeriesDescription="W")
    ds.PatientName = "X"
    content = encoded(ds).replace(b"PN\x02\x00X ", b"PN\x06\x00M\xfcller")
    assert read_header(write(part10(content))).patient_name == "Müller"


def test_texts_are_composed_cleaned_and_cut(write: Write) -> None:
    ds = an_object(PatientName=unicodedata.normalize("NFD", "Đặng^Ánh"), SeriesDescription="x" * 3000)
    ds.StudyDescription, ds.PatientID = "a\tb\x00", " P7 "
    header = read_header(write(part10(encoded(ds))))
    assert header.patient_name == "Đặng^Ánh"
    assert len(header.series_description) == 1024
    assert header.study_description == "a b"
    assert header.patient_id == "P7"


@pytest.mark.parametrize(("given_date", "kept"), [("2004.01.19", "20040119"), ("20040119", "20040119"), ("soon", "")])
def test_dates_are_eight_digits_or_nothing(write: Write, given_date: str, kept: str) -> None:
    assert read_header(write(part10(encoded(an_object(StudyDate=given_date))))).study_date == kept


def test_the_metadata_is_the_json_model_without_bulk_data(write: Write) -> None:
    ds = an_object()
    ds.PixelData = bytes(24)
    ds["PixelData"].VR = "OB"
    ds.RedPaletteColorLookupTableData = bytes(600)
    ds.ICCProfile = bytes(2000)
    ds.add_new(0x00091001, "LO", "private")
    item = Dataset()
    item.CodeMeaning, item.ICCProfile = "Ngực", bytes(2000)
    ds.AnatomicRegionSequence = [item]
    metadata = read_header(write(part10(encoded(ds)))).metadata
    json.dumps(metadata, allow_nan=False)
    assert metadata["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    assert metadata["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Nguyễn^Thị Đào"}]}
    assert metadata["00082218"]["Value"] == [{"00080104": {"vr": "LO", "Value": ["Ngực"]}}]
    assert "00281201" in metadata
    assert {"7FE00010", "00282000", "00091001"}.isdisjoint(metadata)


def test_what_makes_counts_an_uptake_is_metadata_and_no_other_private_element(write: Write) -> None:
    ds = an_object(Modality="PT", Units="CNTS")
    block = ds.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.000551")
    block.add_new(0x09, "DS", "1.25")
    block.add_new(0x03, "ST", "C:\\Nguyen")
    other = ds.private_block(0x7053, "SOMEBODY ELSE", create=True)
    other.add_new(0x00, "LO", "Nguyen")
    for syntax in (IMPLICIT, EXPLICIT):
        metadata = read_header(write(part10(encoded(ds, syntax), syntax))).metadata
        found = {tag: element["Value"] for tag, element in metadata.items() if tag.startswith("7053")}
        assert found == {"70530010": ["Philips PET Private Group"], "70531000": [0.000551], "70531009": [1.25]}


def test_long_sequences_are_metadata(write: Write) -> None:
    ds = an_object()
    items = [Dataset() for _ in range(200)]
    for number, item in enumerate(items):
        item.CodeValue = str(number)
    ds.PerFrameFunctionalGroupsSequence = items
    assert len(read_header(write(part10(encoded(ds)))).metadata["52009230"]["Value"]) == 200


def test_numbers_that_json_does_not_know_are_null(write: Write) -> None:
    ds = an_object()
    ds.RealWorldValueSlope = float("nan")
    assert read_header(write(part10(encoded(ds)))).metadata["00409225"]["Value"] == [None]


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_the_quick_scan_finds_what_the_parse_finds(write: Write, syntax: str) -> None:
    ds = an_object()
    item = Dataset()
    item.StudyInstanceUID, item.SOPClassUID = "9.9", "9.8"
    ds.ReferencedImageSequence = [item]
    ds["ReferencedImageSequence"].is_undefined_length = True
    content = encoded(ds, syntax)
    found = scan_uids(content, implicit=syntax == IMPLICIT, little=syntax != BIG)
    assert found == {SOP_CLASS: CT, SOP_INSTANCE: "1.2.3", STUDY: "1.2.4", SERIES: "1.2.5"}
    assert read_uids(write(part10(content, syntax))) == found


def test_the_quick_scan_says_when_it_cannot_tell() -> None:
    content = encoded(an_object())
    assert scan_uids(content[:60], implicit=False, little=True) is None
    assert scan_uids(b"\xff" * 100, implicit=False, little=True) is None


@given(st.binary(max_size=400), st.booleans(), st.booleans())
def test_the_quick_scan_never_crashes(content: bytes, implicit: bool, little: bool) -> None:
    found = scan_uids(content, implicit=implicit, little=little)
    assert found is None or set(found) <= {SOP_CLASS, SOP_INSTANCE, STUDY, SERIES}


@given(
    st.lists(st.tuples(st.text("0123456789.", max_size=5), st.binary(max_size=3), st.booleans()), max_size=8), st.data()
)
def test_the_scan_of_many_objects_finds_in_each_what_the_scan_of_one_finds(
    rows: list[tuple[str, bytes, bool]], data: st.DataObject
) -> None:
    scan = UidScan(implicit=False, little=True)
    for uid, name, study in rows:
        ds = an_object(SOPInstanceUID=uid, PatientID=name.hex(), StudyInstanceUID="1.2.4" if study else None)
        content = encoded(ds)
        content = content[: data.draw(st.sampled_from((40, len(content) - 1, len(content))))]
        assert scan(content) == scan_uids(content, implicit=False, little=True)


@given(st.binary(max_size=400), st.booleans())
def test_finding_the_layout_gives_an_offset_or_unreadable(content: bytes, prefix: bool) -> None:
    content = bytes(128) + b"DICM" + content if prefix else content
    with suppress(Unreadable):
        assert 0 <= layout(BytesIO(content)).offset < len(content)


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


def test_the_file_meta_of_a_saved_file_is_stepped_over(tmp_path: Path) -> None:
    ds = an_object()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = EXPLICIT
    ds.save_as(tmp_path / "saved.dcm", enforce_file_format=True)
    assert dataset_digest(tmp_path / "saved.dcm") == hashlib.sha256(encoded(ds)).hexdigest()
