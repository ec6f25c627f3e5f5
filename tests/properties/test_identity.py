"""What pseudonymisation takes away, re-identification puts back."""

from __future__ import annotations

import unicodedata
from io import BytesIO
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from node.dicom.deidentify import Deidentifier, identity_text, leaks
from node.dicom.profile import OPTION_CODES, Profile
from node.dicom.reidentify import reidentify

KEYS = st.binary(min_size=32, max_size=32)
LETTERS = "ABCDEĐGHIKLMNOPQRSTUVXYabcdeđghiklmnopqrstuvxyĂÂÊÔƠƯăâêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịồốổỗộờớởỡợừứửữựỳýỷỹỵ王小东山田"
WORDS = st.text(LETTERS, min_size=1, max_size=8)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map("^".join)
NUMBERS = st.text("0123456789ABCXYZ-/", min_size=3, max_size=16).filter(lambda text: text.strip("-/ ") != "")
TEXTS = st.lists(st.one_of(WORDS, st.sampled_from(["CT", "ngực", "2024", "1.25mm"])), max_size=5).map(" ".join)
DATES = st.dates().map(lambda day: f"{day:%Y%m%d}".zfill(8))
UIDS = st.lists(st.integers(0, 10**9), min_size=3, max_size=6).map(lambda parts: "1.2.826." + ".".join(map(str, parts)))
OPTIONS = st.sets(st.sampled_from(sorted(set(OPTION_CODES) - {"rtnLongModifDatesOpt"}))).map(frozenset)
ORIGINALS = [
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "OtherPatientIDs",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientComments",
]


@st.composite
def images(draw: st.DrawFn) -> Dataset:
    ds = Dataset()
    study, series, instance, other = draw(st.lists(UIDS, min_size=4, max_size=4, unique=True))
    values: dict[str, Any] = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": instance,
        "StudyInstanceUID": study,
        "SeriesInstanceUID": series,
        "PatientName": draw(NAMES),
        "PatientID": draw(NUMBERS),
        "PatientBirthDate": draw(st.one_of(st.just(""), DATES)),
        "PatientSex": draw(st.sampled_from(["", "F", "M", "O"])),
        "StudyDate": draw(DATES),
        "StudyTime": "081500",
        "StudyID": draw(NUMBERS),
        "AccessionNumber": draw(NUMBERS),
        "ReferringPhysicianName": draw(NAMES),
        "StudyDescription": draw(TEXTS),
        "Manufacturer": draw(TEXTS),
    }
    values["SeriesDescription"] = f"{values['PatientName']} {values['PatientID']}"
    if draw(st.booleans()):
        values["OtherPatientIDs"] = draw(NUMBERS)
        values["PatientComments"] = draw(TEXTS)
    for keyword, value in values.items():
        setattr(ds, keyword, unicodedata.normalize("NFC", value))
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = other
    ds.SourceImageSequence = [reference]
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def as_received(ds: Dataset) -> Dataset:
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return dcmread(BytesIO(buffer.getvalue()))


def originals(ds: Dataset) -> dict[str, str]:
    return {keyword: str(ds[keyword].value or "") for keyword in ORIGINALS if keyword in ds}


@settings(max_examples=150, deadline=None)
@given(images(), KEYS, OPTIONS)
def test_deidentify_then_reidentify_is_identity(image: Dataset, key: bytes, options: frozenset[str]) -> None:
    before = originals(as_received(image))
    ds = as_received(image)
    pseudonyms = Deidentifier(key, "dinh-hoa", Profile(options)).apply(ds)
    home = as_received(ds)
    reidentify(home, pseudonyms.identity, pseudonyms.uids.get)
    home = as_received(home)
    assert originals(home) == before
    assert home.SourceImageSequence[0].ReferencedSOPInstanceUID == image.SourceImageSequence[0].ReferencedSOPInstanceUID
    assert "PatientIdentityRemoved" not in home


@settings(max_examples=150, deadline=None)
@given(images(), KEYS, OPTIONS)
def test_nothing_of_the_identity_is_left_and_every_uid_is_another(
    image: Dataset, key: bytes, options: frozenset[str]
) -> None:
    text = identity_text(image)
    ds = as_received(image)
    pseudonyms = Deidentifier(key, "dinh-hoa", Profile(options)).apply(ds)
    assert leaks(ds, text) == []
    assert set(pseudonyms.uids).isdisjoint(pseudonyms.uids.values())
    assert pseudonyms.study_pseudonym_uid == ds.StudyInstanceUID != image.StudyInstanceUID
    assert len(pseudonyms.uids) == 4


@settings(max_examples=60, deadline=None)
@given(images(), KEYS, KEYS)
def test_pseudonyms_are_stable_under_a_key_and_differ_between_keys(image: Dataset, one: bytes, other: bytes) -> None:
    def pseudonyms(key: bytes) -> tuple[str, str, frozenset[str]]:
        result = Deidentifier(key, "dinh-hoa", Profile(frozenset())).apply(as_received(image))
        return result.patient_pseudonym, result.study_pseudonym_uid, frozenset(result.uids)

    assert pseudonyms(one) == pseudonyms(one)
    if one != other:
        first, second = pseudonyms(one), pseudonyms(other)
        assert first[0] != second[0]
        assert first[2].isdisjoint(second[2])
