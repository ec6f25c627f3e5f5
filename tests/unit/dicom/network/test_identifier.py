"""Identifiers as plain data, and answers as bytes."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from node.dicom.network.charset import encode_text, transliterate
from node.dicom.network.data_set import TRANSFER_SYNTAXES, decode, encode
from node.dicom.network.identifier import AnswerWriter, key_of, parse
from node.dicom.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from node.domain.query import Key, Matching
from node.errors import Unreadable


def a_query(charset: str | None = "ISO_IR 192") -> Dataset:
    ds = Dataset()
    if charset:
        ds.SpecificCharacterSet = charset
    ds.QueryRetrieveLevel = "STUDY"
    ds.TimezoneOffsetFromUTC = "+0700"
    ds.PatientName = "Nguyễn*" if charset == "ISO_IR 192" else "NGUYEN*"
    ds.PatientID = ""
    ds.StudyDate = "20260101-"
    ds.ModalitiesInStudy = ["CT", "MR"]
    ds.Rows = 512
    item = Dataset()
    item.CodeValue = "X*"
    item.CodeMeaning = ""
    ds.ProcedureCodeSequence = [item]
    ds.RequestAttributesSequence = []
    return ds


ENTRY = {
    "PatientName": "Nguyễn^Văn^Đức",
    "PatientID": "P1",
    "StudyDate": "20260302",
    "ModalitiesInStudy": ["CT", "SR"],
    "Rows": 512,
    "ProcedureCodeSequence": [{"CodeValue": "X1", "CodeMeaning": "Chụp ngực"}],
    "RequestAttributesSequence": [{"00400009": "7", "ScheduledProtocolCodeSequence": []}],
    "StudyDescription": "not asked for",
}


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_a_request_is_read_in_every_transfer_syntax(syntax: str) -> None:
    found = parse(encode(a_query(), syntax), syntax)
    assert (found.level, found.charset, found.offset) == ("STUDY", ("ISO_IR 192",), 420)
    keys = {key.keyword: key for key in found.keys}
    assert (keys["PatientName"].kind, keys["PatientName"].values) == (Matching.WILDCARD, ("Nguyễn*",))
    assert keys["PatientID"].kind == Matching.UNIVERSAL
    assert keys["StudyDate"].values == ("20260101", "")
    assert keys["ModalitiesInStudy"].values == ("CT", "MR")
    assert keys["Rows"].values == ("512",)
    assert [(key.keyword, key.asks) for key in keys["ProcedureCodeSequence"].nested] == [
        ("CodeValue", True),
        ("CodeMeaning", False),
    ]
    assert not keys["RequestAttributesSequence"].asks
    assert found.key("QueryRetrieveLevel") is None


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_answers_hold_what_was_asked_for_and_are_read_by_the_toolkit(syntax: str) -> None:
    keys = parse(encode(a_query(), syntax), syntax).keys
    writer = AnswerWriter(keys, syntax, always={"QueryRetrieveLevel": "STUDY", "RetrieveAETitle": "NODE"})
    ds = decode(writer.write(ENTRY), syntax)
    assert ds.SpecificCharacterSet == "ISO_IR 192"
    assert (ds.QueryRetrieveLevel, ds.RetrieveAETitle) == ("STUDY", "NODE")
    assert str(ds.PatientName) == "Nguyễn^Văn^Đức"
    assert list(ds.ModalitiesInStudy) == ["CT", "SR"]
    assert (ds.PatientID, ds.StudyDate, ds.Rows) == ("P1", "20260302", 512)
    assert ds.ProcedureCodeSequence[0].CodeMeaning == "Chụp ngực"
    assert ds.RequestAttributesSequence[0].ScheduledProcedureStepID == "7"
    assert "StudyDescription" not in ds
    assert list(ds.keys()) == sorted(ds.keys())
    assert decode(writer.write({}), syntax).PatientName == ""


def test_values_of_every_kind_are_written() -> None:
    vrs = {
        "SimpleFrameList": ("UL", [1, 2]), "TagAngleSecondAxis": ("SS", -3), "PatientWeight": ("DS", 61.5),
        "RecommendedDisplayFrameRateInFloat": ("FL", 2.5), "RealWorldValueSlope": ("FD", 0.25),
        "FrameIncrementPointer": ("AT", ["00181063"]), "EncapsulatedDocument": ("OB", b"abc"),
        "RetrieveURL": ("UR", "https://a/b"), "SOPInstanceUID": ("UI", "1.2.3"), "LongCodeValue": ("UC", "long"),
        "SelectorUVValue": ("UV", 1 << 40), "StudyID": ("SH", 7),
    }  # fmt: skip
    keys = [key for name in vrs if (key := key_of(name, "")) is not None]
    assert [key.vr for key in sorted(keys, key=lambda k: list(vrs).index(k.keyword))] == [vr for vr, _ in vrs.values()]
    content = AnswerWriter(keys, EXPLICIT_LITTLE).write({name: value for name, (_, value) in vrs.items()})
    ds = decode(content, EXPLICIT_LITTLE)
    assert ds.SimpleFrameList == [1, 2]
    assert (ds.TagAngleSecondAxis, ds.PatientWeight, ds.RealWorldValueSlope) == (-3, 61.5, 0.25)
    assert (ds.FrameIncrementPointer, ds.EncapsulatedDocument) == (0x00181063, b"abc\0")
    assert (ds.SOPInstanceUID, ds.SelectorUVValue, ds.StudyID) == ("1.2.3", 1 << 40, "7")


def test_an_old_device_gets_names_without_accents_and_never_question_marks() -> None:
    keys = (Key(0x00100010, "PatientName", "PN"), Key(0x00081030, "StudyDescription", "LO"))
    entry = {"PatientName": "Nguyễn^Văn^Đức=阮文德", "StudyDescription": "Chụp đầu – 山"}
    for charset in ("", "ISO_IR 100"):
        ds = decode(AnswerWriter(keys, EXPLICIT_LITTLE, charset=charset).write(entry), EXPLICIT_LITTLE)
        assert ds.get("SpecificCharacterSet", "") == charset
        assert ds.PatientName == "Nguyen^Van^Duc"
        assert ds.StudyDescription == "Chup dau - _"


def test_what_a_repertoire_can_write_stays() -> None:
    assert transliterate("Nguyễn Văn Đức", "ISO_IR 6") == "Nguyen Van Duc"
    assert transliterate("Père Noël", "ISO_IR 100") == "Père Noël"
    assert transliterate("Иван Đức", "ISO_IR 144") == "Иван Duc"
    assert transliterate("Đức", "no such thing") == "Duc"
    assert encode_text("山田", "ISO_IR 6", "PN") == b"_"
    assert encode_text("山田", "GB18030") == "山田".encode("gb18030")


def test_a_name_without_a_declared_character_set_is_read_as_what_it_is() -> None:
    for encoding in ("utf-8", "latin-1"):
        value = "Père*".encode(encoding)
        value += b" " * (len(value) % 2)
        content = struct.pack("<HHI", 0x0010, 0x0010, len(value)) + value
        (key,) = parse(content, IMPLICIT_LITTLE).keys
        assert key.values == ("Père*",)


def test_what_cannot_be_read_is_refused_in_words() -> None:
    ds = Dataset()
    ds.StudyDate = "20260101"
    content = encode(ds, EXPLICIT_LITTLE).replace(b"20260101", b"01/01/26")
    with pytest.raises(Unreadable, match=r"\(0008,0020\) is no date"):
        parse(content, EXPLICIT_LITTLE)
    with pytest.raises(Unreadable):
        parse(b"\x08\x00\x20\x00XX\xff\xff12", EXPLICIT_LITTLE)


def test_private_and_unknown_attributes_are_named_by_their_tags() -> None:
    content = struct.pack("<HHI", 0x0009, 0x1001, 2) + b"A "
    (key,) = parse(content, IMPLICIT_LITTLE).keys
    assert (key.keyword, key.vr, key.asks) == ("00091001", "UN", False)
    assert key_of("00091001", "A") is None
    assert key_of("NoSuchThing", "A") is None


@pytest.mark.filterwarnings("ignore")  # the toolkit's, of which the node is not told either
@given(st.binary(max_size=200), st.sampled_from(TRANSFER_SYNTAXES))
def test_bytes_that_are_no_identifier_are_refused_and_nothing_else(content: bytes, syntax: str) -> None:
    with contextlib.suppress(Unreadable):
        parse(content, syntax)


@pytest.mark.filterwarnings("ignore")
@given(st.integers(0, 250), st.integers(0, 255), st.sampled_from(TRANSFER_SYNTAXES))
def test_a_mangled_identifier_is_read_or_refused(at: int, byte: int, syntax: str) -> None:
    content = bytearray(encode(a_query(), syntax))
    content[at % len(content)] = byte
    with contextlib.suppress(Unreadable):
        found = parse(bytes(content), syntax)
        decode(AnswerWriter(found.keys, syntax).write(ENTRY), syntax)


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_an_identifier_that_is_costly_to_read_is_refused_before_it_is(syntax: str) -> None:
    ds = Dataset()
    for number in range(20_000):
        ds.add_new((0x0009 + number // 50_000 * 2, 0x1000 + number), "LO", "")
    with pytest.raises(Unreadable, match="too many values"):
        parse(encode(ds, syntax) + encode(ds, syntax), syntax)


def test_a_long_list_of_uids_is_no_costly_identifier() -> None:
    ds = Dataset()
    ds.StudyInstanceUID = [f"1.2.3.{number}" for number in range(10_000)]
    (key,) = parse(encode(ds, IMPLICIT_LITTLE), IMPLICIT_LITTLE).keys
    assert len(key.values) == 10_000
