"""Pseudonymisation of single objects."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from node.dicom.deidentify import Deidentifier, Pseudonyms, identity_text, initials, leaks
from node.dicom.profile import Profile
from node.errors import BurnedInText, Held, Unreadable

KEY = b"k" * 32
CONSULT = ("rtnPatCharsOpt", "rtnLongFullDatesOpt", "cleanDescOpt")


def a_ct(**attributes: Any) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = "1.2.826.1.3"
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.SourceApplicationEntityTitle = "CT_NGUYEN"
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = "1.2.826.1.3"
    ds.StudyInstanceUID = "1.2.826.1.1"
    ds.SeriesInstanceUID = "1.2.826.1.2"
    ds.PatientName = "Nguyễn^Thị Ánh"
    ds.PatientID = "BN-0012345"
    ds.PatientBirthDate = "19800229"
    ds.PatientSex = "F"
    ds.StudyDate = "20240228"
    ds.StudyTime = "081500"
    ds.AccessionNumber = "ACC0077"
    ds.ReferringPhysicianName = "Trần^Văn Bình"
    ds.Modality = "CT"
    ds.Rows = 2
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def an_item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def deidentified(
    ds: Dataset, *options: str, key: bytes = KEY, site: str = "dinh-hoa", burned_in: str = "hold"
) -> Pseudonyms:
    return Deidentifier(key, site, Profile(frozenset(options), burned_in)).apply(ds)


def written(ds: Dataset) -> Dataset:
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return dcmread(BytesIO(buffer.getvalue()))


def received(ds: Dataset, charset: list[str]) -> Dataset:
    """`ds` as it comes from a peer that writes another character set: still raw."""
    ds.SpecificCharacterSet = charset
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return written(ds)


def test_each_action_does_what_it_says() -> None:
    ds = a_ct(PatientComments="x", InstitutionName="BV", SeriesDate="20240228", PatientAge="044Y")
    pseudonyms = deidentified(ds)
    assert "PatientComments" not in ds  # X
    assert ds.AccessionNumber == ""  # Z
    assert ds.PatientBirthDate == ""  # Z
    assert ds.InstitutionName == "REMOVED"  # D
    assert ds.SeriesDate == "19000101"  # D
    assert ds.SOPInstanceUID.startswith("2.25.")  # U
    assert ds.Rows == 2  # K
    assert "PatientAge" not in ds
    assert pseudonyms.uids[ds.SOPInstanceUID] == "1.2.826.1.3"


def test_options_keep_dates_sex_and_age() -> None:
    ds = a_ct(PatientWeight="61.5")
    deidentified(ds, *CONSULT)
    assert (ds.StudyDate, ds.StudyTime, ds.PatientSex, ds.PatientWeight) == ("20240228", "081500", "F", 61.5)
    assert ds.PatientBirthDate == ""
    assert ds.PatientAge == "043Y"  # the day before the 44th birthday
    assert ds.LongitudinalTemporalInformationModified == "UNMODIFIED"


@pytest.mark.parametrize(
    ("born", "age"), [("20240220", "008D"), ("20231230", "001M"), ("20220301", "023M"), ("20220228", "002Y")]
)
def test_the_age_of_small_children_is_told_in_days_and_months(born: str, age: str) -> None:
    ds = a_ct(PatientBirthDate=born)
    deidentified(ds, *CONSULT)
    assert ds.PatientAge == age


def test_dates_shift_by_the_same_days_for_one_patient() -> None:
    one = a_ct(SeriesDate="20240301", AcquisitionDateTime="20240301101112.5+0700")
    deidentified(one, "rtnLongModifDatesOpt")
    assert one.StudyDate < "20240228"
    assert one.AcquisitionDateTime == f"{one.SeriesDate}101112.5+0700"
    assert one.StudyTime == "081500"
    assert one.LongitudinalTemporalInformationModified == "MODIFIED"
    other = a_ct(SOPInstanceUID="1.2.826.1.4")
    deidentified(other, "rtnLongModifDatesOpt")
    assert other.StudyDate == one.StudyDate


def test_the_object_says_what_was_done_to_it() -> None:
    ds = a_ct()
    deidentified(ds, *CONSULT)
    assert ds.PatientIdentityRemoved == "YES"
    codes = [(item.CodeValue, item.CodingSchemeDesignator) for item in ds.DeidentificationMethodCodeSequence]
    assert codes == [("113100", "DCM"), ("113108", "DCM"), ("113106", "DCM"), ("113105", "DCM")]
    assert "Clean Descriptors Option" in ds.DeidentificationMethod


def test_a_patient_has_one_pseudonym_that_another_key_or_issuer_changes() -> None:
    pseudonyms = {}
    for name, ds, key in (
        ("one", a_ct(), KEY),
        ("again, other study", a_ct(StudyInstanceUID="1.2.826.9", PatientName="Nguyen^Anh"), KEY),
        ("other key", a_ct(), b"l" * 32),
        ("other issuer", a_ct(IssuerOfPatientID="BYT"), KEY),
        ("other patient", a_ct(PatientID="BN-0012346"), KEY),
    ):
        pseudonyms[name] = deidentified(ds, key=key).patient_pseudonym
        assert str(ds.PatientName) == ds.PatientID == pseudonyms[name]
        assert ds.IssuerOfPatientID == "dinh-hoa"
    assert pseudonyms["one"] == pseudonyms["again, other study"]
    assert len(set(pseudonyms.values())) == 4
    assert pseudonyms["one"].startswith("DH-")


def test_without_an_id_name_and_birth_date_tell_patients_apart() -> None:
    same = [deidentified(a_ct(PatientID="", PatientName=name)) for name in ("Lê^An", "LE^AN^^")]
    other = deidentified(a_ct(PatientID="", PatientName="Lê^An", PatientBirthDate="19900101"))
    assert same[0].patient_pseudonym == same[1].patient_pseudonym != other.patient_pseudonym


def test_without_id_and_name_two_studies_are_two_patients() -> None:
    one = deidentified(a_ct(PatientID="", PatientName="", PatientBirthDate=""))
    two = deidentified(a_ct(PatientID="", PatientName="", PatientBirthDate="", StudyInstanceUID="1.2.826.9"))
    assert one.patient_pseudonym != two.patient_pseudonym


@pytest.mark.parametrize(
    ("site", "expected"), [("dinh-hoa", "DH"), ("TTYT_DINHHOA", "TD"), ("Định Hóa", "DH"), ("bvtw", "BV"), ("", "P")]
)
def test_the_site_gives_its_initials(site: str, expected: str) -> None:
    assert initials(site) == expected


def test_sequences_are_treated_by_the_same_table_and_uids_stay_consistent() -> None:
    image = an_item(ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID="1.2.826.1.3")
    request = an_item(RequestedProcedureID="RP00991", RequestedProcedureDescription="CT ngực")
    ds = a_ct(
        ReferencedImageSequence=[image],
        RequestAttributesSequence=[request],
        OtherPatientIDsSequence=[an_item(PatientID="CCCD001")],
    )
    deidentified(ds, *CONSULT)
    assert ds.ReferencedImageSequence[0].ReferencedSOPInstanceUID == ds.SOPInstanceUID
    assert ds.ReferencedImageSequence[0].ReferencedSOPClassUID == CTImageStorage
    assert "RequestedProcedureID" not in ds.RequestAttributesSequence[0]
    assert ds.RequestAttributesSequence[0].RequestedProcedureDescription == "CT ngực"
    assert "OtherPatientIDsSequence" not in ds


def test_code_sequences_of_persons_and_institutions_become_dummy_codes() -> None:
    ds = a_ct(InstitutionCodeSequence=[an_item(CodeValue="19024", CodingSchemeDesignator="BYT", CodeMeaning="BV A")])
    deidentified(ds, *CONSULT)
    (item,) = ds.InstitutionCodeSequence
    assert (item.CodeValue, item.CodeMeaning) == ("REMOVED", "Removed")


def test_structured_content_keeps_codes_and_numbers_and_loses_texts_names_and_the_birth_date() -> None:
    texts = an_item(ValueType="TEXT", TextValue="Bệnh nhân Nguyễn Thị Ánh")
    name = an_item(ValueType="PNAME", PersonName="Trần^Bình")
    birth = an_item(ValueType="DATE", Date="19800229")
    scan = an_item(ValueType="DATE", Date="20240228")
    dose = an_item(ValueType="NUM", MeasuredValueSequence=[an_item(NumericValue="12.5")])
    event = an_item(ValueType="UIDREF", UID="1.2.826.1.3")
    ds = a_ct(ContentSequence=[texts, name, birth, scan, dose, event])
    deidentified(ds, *CONSULT)
    assert [item.ValueType for item in ds.ContentSequence] == ["TEXT", "PNAME", "DATE", "DATE", "NUM", "UIDREF"]
    assert texts.TextValue == "REMOVED"
    assert str(name.PersonName) == "REMOVED"
    assert (birth.Date, scan.Date) == ("19000101", "20240228")
    assert dose.MeasuredValueSequence[0].NumericValue == 12.5
    assert ds.SOPInstanceUID == event.UID


def test_private_elements_go_at_every_depth_and_so_do_unknown_ones() -> None:
    item = an_item(CodeMeaning="kept")
    item.private_block(0x0011, "ACME", create=True).add_new(1, "LO", "Nguyễn")
    ds = a_ct(ProcedureCodeSequence=[item])
    ds.private_block(0x0009, "ACME", create=True).add_new(1, "SQ", [an_item(PatientName="Nguyễn")])
    ds.add(DataElement(0x00091101, "UN", b"Nguyen"))
    ds.add(DataElement(0x00187FFE, "UN", b"Nguyen Thi Anh"))
    deidentified(ds, *CONSULT)
    assert not [element for element in ds.iterall() if element.tag.is_private]
    assert 0x00187FFE not in ds
    assert ds.ProcedureCodeSequence[0].CodeMeaning == "kept"


def test_a_standard_sequence_that_came_as_un_is_treated_too() -> None:
    inner = BytesIO()
    secret = an_item(PatientName="Nguyen^An", ReferencedSOPInstanceUID="1.2.826.1.3", OtherPatientIDs="c")
    dcmwrite(inner, secret, implicit_vr=True, little_endian=True)
    content = b"\xfe\xff\x00\xe0" + len(inner.getvalue()).to_bytes(4, "little") + inner.getvalue()
    for padding in (b"", _filler(70_000)):  # the toolkit leaves long ones as they are
        ds = a_ct()
        value = content + padding
        ds[0x00081115] = RawDataElement(Tag(0x00081115), "UN", len(value), value, 0, False, True)
        back = written(ds)
        deidentified(back, *CONSULT)
        first = back.ReferencedSeriesSequence[0]
        assert first.PatientName == back.PatientName
        assert first.ReferencedSOPInstanceUID == back.SOPInstanceUID
        assert "OtherPatientIDs" not in first


def _filler(length: int) -> bytes:
    """An item with one long KVP, implicit VR little endian."""
    element = b"\x18\x00\x60\x00" + length.to_bytes(4, "little") + b"1" * length
    return b"\xfe\xff\x00\xe0" + len(element).to_bytes(4, "little") + element


def test_a_text_that_claims_to_be_binary_is_still_read_as_a_text() -> None:
    ds = a_ct()
    ds[0x00100010] = DataElement(0x00100010, "OB", b"Nguyen^An ")
    ds[0x00081030] = DataElement(0x00081030, "OB", b"CT of Nguyen ")
    back = written(ds)
    deidentified(back, *CONSULT)
    assert back.PatientName == back.PatientID
    assert back.StudyDescription == "CT of"


@pytest.mark.parametrize(
    ("name", "charset"),
    [
        ("Nguyễn^Thị Ánh", ["ISO_IR 192"]),
        ("Nguyễn^Đức".encode("gb18030").decode("gb18030"), ["GB18030"]),
        ("Müller^Jürgen", ["ISO_IR 100"]),
        ("Wang^XiaoDong=王^小东", ["GBK"]),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", ["", "ISO 2022 IR 87"]),
        ("Люкceмбypг", ["ISO_IR 144"]),
    ],
)
def test_every_character_set_is_read_and_utf8_is_written(name: str, charset: list[str]) -> None:
    ds = received(a_ct(PatientName=name, ReferringPhysicianName=""), charset)
    pseudonyms = deidentified(ds, *CONSULT)
    stored = pseudonyms.identity["00100010"]["Value"][0]
    assert "=".join(filter(None, (stored.get(k) for k in ("Alphabetic", "Ideographic", "Phonetic")))) == name
    back = written(ds)
    assert back.SpecificCharacterSet == "ISO_IR 192"
    assert str(back.PatientName) == pseudonyms.patient_pseudonym


def test_utf8_that_does_not_say_so_is_recognised_and_names_are_composed() -> None:
    ds = a_ct(PatientName="Nguyễn^Ánh".encode().decode())
    raw = BytesIO()
    dcmwrite(raw, ds, enforce_file_format=True)
    content = raw.getvalue().replace(b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 192", b"")
    pseudonyms = deidentified(dcmread(BytesIO(content)), *CONSULT)
    assert pseudonyms.identity["00100010"]["Value"] == [{"Alphabetic": "Nguyễn^Ánh"}]


def test_the_identity_is_complete_and_in_composed_letters() -> None:
    ds = a_ct(PatientName="Nguye\u0302\u0303n^A\u0301nh", StudyDescription="CT ngực", StudyID="S1")
    identity = deidentified(ds).identity
    assert identity["00100010"]["Value"] == [{"Alphabetic": "Nguyễn^Ánh"}]
    assert identity["0020000D"]["Value"] == ["1.2.826.1.1"]
    assert {tag: identity[tag]["Value"] for tag in ("00100020", "00100030", "00080050", "00081030", "00200010")} == {
        "00100020": ["BN-0012345"],
        "00100030": ["19800229"],
        "00080050": ["ACC0077"],
        "00081030": ["CT ngực"],
        "00200010": ["S1"],
    }


@pytest.mark.parametrize(
    ("description", "cleaned"),
    [
        ("CT ngực có thuốc", "CT ngực có thuốc"),
        ("CT ngực NGUYEN THI ANH", "CT ngực"),
        ("CT ngực bs Tran Van Binh", "CT ngực bs"),
        ("CT BN-0012345 lồng ngực", "CT lồng ngực"),
        ("CT ACC0077_1 ngực", "CT ngực"),
        ("CT 987654 ngực", "CT ngực"),
        ("CT ngày 12 tháng 3 năm 2024 ngực", "CT ngực"),
        ("CT 12/03/2024 ngực", "CT ngực"),
        ("CT 2024-03-12 ngực", "CT ngực"),
        ("CT 12 Mar 2024 ngực", "CT ngực"),
        ("CT 0912 345 678 ngực", "CT ngực"),
        ("CT a@b.vn ngực", "CT ngực"),
        ("CT NguyenThiAnh_01 ngực", "CT _01 ngực"),
        ("Axial 1.25mm 120kV B30f", "Axial 1.25mm 120kV B30f"),
        ("T2 TSE 3.0 x 0.5 1.2.3", "T2 TSE 3.0 x 0.5 1.2.3"),
    ],
)
def test_descriptors_are_kept_without_identities(description: str, cleaned: str) -> None:
    ds = a_ct(StudyDescription=description)
    deidentified(ds, *CONSULT)
    assert ds.StudyDescription == cleaned


def test_a_descriptor_of_which_nothing_is_left_gets_the_basic_action() -> None:
    ds = a_ct(StudyDescription="Nguyễn Thị Ánh", ProtocolName="BN-0012345")
    deidentified(ds, *CONSULT)
    assert "StudyDescription" not in ds  # X
    assert ds.ProtocolName == "REMOVED"  # X/D


def test_what_no_table_lists_is_searched_for_the_identity() -> None:
    ds = a_ct(
        Manufacturer="ACME Nguyễn",
        ContentDescription="BN-0012345",
        ManufacturerModelName="model 1.2.826.1.1 x",
        SeriesNumber="12",
        BodyPartExamined="CHEST",
    )
    ds.ContextUID = "1.2.826.1.1"
    deidentified(ds, *CONSULT)
    assert ds.Manufacturer == "ACME"
    assert ds.ContentDescription == "REMOVED"
    assert ds.ManufacturerModelName == "model x"
    assert ds.ContextUID == ds.StudyInstanceUID
    assert ds.BodyPartExamined == "CHEST"


def test_leaks_names_the_paths_and_nothing_else() -> None:
    ds = a_ct(ProcedureCodeSequence=[an_item(CodeMeaning="của Nguyen")], Manufacturer="ACME")
    text = identity_text(ds)
    assert leaks(ds, text) == ["AccessionNumber", "ProcedureCodeSequence[0].CodeMeaning"]
    deidentified(ds)
    assert leaks(ds, text) == []


def test_an_identity_in_a_coded_term_is_held_and_not_repeated_in_the_error() -> None:
    ds = a_ct()
    ds.ImageType = ["ORIGINAL", "NGUYEN THI ANH"]
    with pytest.raises(Held, match="ImageType") as caught:
        deidentified(ds, *CONSULT)
    assert "NGUYEN" not in str(caught.value)


def test_one_word_in_a_coded_term_is_a_coincidence() -> None:
    ds = a_ct(PatientName="HEAD^PHANTOM", BodyPartExamined="HEAD")
    deidentified(ds, *CONSULT)
    assert ds.BodyPartExamined == "HEAD"


def test_an_image_that_shows_the_name_is_held_before_anything_changes() -> None:
    ds = a_ct(BurnedInAnnotation="YES")
    with pytest.raises(BurnedInText):
        deidentified(ds, *CONSULT)
    assert ds.PatientID == "BN-0012345"
    deidentified(ds, *CONSULT, burned_in="send")
    assert ds.PatientID != "BN-0012345"


@pytest.mark.parametrize(
    ("keyword", "uid"), [("StudyInstanceUID", ""), ("SOPInstanceUID", ""), ("StudyInstanceUID", "1.2.840.10008.1.1")]
)
def test_an_object_that_could_never_come_home_is_refused_untouched(keyword: str, uid: str) -> None:
    ds = a_ct(**{keyword: uid})
    with pytest.raises(Unreadable, match=keyword):
        deidentified(ds, *CONSULT)
    assert ds.PatientID == "BN-0012345"


def test_a_media_type_survives_a_patient_who_is_called_like_it() -> None:
    ds = a_ct(PatientName="PDF^TEST", MIMETypeOfEncapsulatedDocument="application/pdf")
    deidentified(ds, *CONSULT)
    assert ds.MIMETypeOfEncapsulatedDocument == "application/pdf"


def test_a_number_that_is_part_of_a_code_is_a_coincidence() -> None:
    ds = a_ct(
        AccessionNumber="11310",  # begins the code of the Basic Profile
        PatientID="121071",  # is a code
        ProcedureCodeSequence=[an_item(CodeValue="121071", CodingSchemeDesignator="DCM", CodeMeaning="Finding")],
    )
    deidentified(ds, *CONSULT)
    assert ds.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert ds.ProcedureCodeSequence[0].CodeValue == "121071"


def test_overlay_planes_and_curves_are_removed_whole() -> None:
    ds = a_ct()
    for tag, vr, value in ((0x60000010, "US", 2), (0x60003000, "OW", b"\1\0"), (0x50003000, "OW", b"\1\0")):
        ds.add(DataElement(tag, vr, value))
    deidentified(ds, *CONSULT)
    assert not [element for element in ds if element.tag.group in (0x6000, 0x5000)]


def test_pixels_are_the_same_object_afterwards() -> None:
    ds = a_ct()
    pixels = bytes(range(8))
    ds.add(DataElement(0x7FE00010, "OW", pixels))
    deidentified(ds, *CONSULT)
    assert ds.PixelData is pixels


def test_the_file_meta_follows_the_data_set_and_forgets_the_sender() -> None:
    ds = a_ct()
    deidentified(ds, *CONSULT)
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert "SourceApplicationEntityTitle" not in ds.file_meta


def test_an_encapsulated_document_becomes_a_blank_one() -> None:
    ds = a_ct(MIMETypeOfEncapsulatedDocument="application/pdf", DocumentTitle="Bệnh án Nguyễn Thị Ánh")
    ds.EncapsulatedDocument = b"%PDF-1.4 Nguyen "
    ds.EncapsulatedDocumentLength = 15
    deidentified(ds, *CONSULT)
    assert ds.EncapsulatedDocument.startswith(b"%PDF-1.4")
    assert b"Nguyen" not in ds.EncapsulatedDocument
    assert ds.EncapsulatedDocumentLength == len(ds.EncapsulatedDocument)
    assert ds.DocumentTitle == "Bệnh án"


def test_a_number_that_is_none_does_not_stop_the_object() -> None:
    ds = a_ct()
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    ds.add(DataElement(0x00180050, "DS", "thick", already_converted=True))
    ds.add(DataElement(0x00200013, "IS", "1.5", already_converted=True))
    back = written(ds)
    deidentified(back, *CONSULT)
    assert written(back).PatientID.startswith("DH-")


def test_an_emptied_sequence_stays_and_an_optional_one_goes() -> None:
    ds = a_ct(AcquisitionContextSequence=[an_item(ValueType="TEXT")], ReferencedStudySequence=[an_item()])
    deidentified(ds)
    assert ds.AcquisitionContextSequence == Sequence()
    assert "ReferencedStudySequence" not in ds
