"""Reports that come home."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, EnhancedSRStorage

from node.dicom.deidentify import Deidentifier, Pseudonyms
from node.dicom.profile import Profile
from node.dicom.reidentify import reidentify, study_pseudonym
from node.errors import IdentityUnknown

CONSULT = Profile(frozenset({"rtnPatCharsOpt", "rtnLongFullDatesOpt", "cleanDescOpt"}))


def an_item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def an_image(**attributes: Any) -> Dataset:
    return an_item(
        **{
            "SOPClassUID": CTImageStorage,
            "SOPInstanceUID": "1.2.826.1.3",
            "StudyInstanceUID": "1.2.826.1.1",
            "SeriesInstanceUID": "1.2.826.1.2",
            "PatientName": "Nguyễn^Thị Ánh",
            "PatientID": "BN-0012345",
            "PatientBirthDate": "19800229",
            "PatientSex": "F",
            "StudyDate": "20240228",
            "AccessionNumber": "ACC0077",
            "StudyDescription": "CT ngực Nguyễn Thị Ánh",
            "OtherPatientIDsSequence": [an_item(PatientID="CCCD 001")],
        }
        | attributes
    )


def a_report(image: Dataset, **attributes: Any) -> Dataset:
    """A report on a pseudonymous image, as the reading site makes it."""
    series = an_item(
        SeriesInstanceUID=image.SeriesInstanceUID,
        ReferencedSOPSequence=[an_item(ReferencedSOPInstanceUID=image.SOPInstanceUID)],
    )
    ds = an_item(
        SOPClassUID=EnhancedSRStorage,
        SOPInstanceUID="2.25.77",
        StudyInstanceUID=image.StudyInstanceUID,
        SeriesInstanceUID="2.25.78",
        PatientName=image.PatientName,
        PatientID=image.PatientID,
        IssuerOfPatientID=image.IssuerOfPatientID,
        PatientIdentityRemoved="YES",
        DeidentificationMethod="x",
        StudyDate="20240228",
        ContentDate="20240301",
        ReferencedRequestSequence=[an_item(StudyInstanceUID=image.StudyInstanceUID, AccessionNumber="")],
        CurrentRequestedProcedureEvidenceSequence=[
            an_item(StudyInstanceUID=image.StudyInstanceUID, ReferencedSeriesSequence=[series])
        ],
        ContentSequence=[an_item(ValueType="TEXT", TextValue=f"Bệnh nhân {image.PatientID}: không thấy tổn thương")],
    )
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def sent(image: Dataset) -> Pseudonyms:
    return Deidentifier(b"k" * 32, "dinh-hoa", CONSULT).apply(image)


def test_patient_study_and_uids_are_the_originals_again() -> None:
    image = an_image()
    pseudonyms = sent(image)
    report = a_report(image)
    assert pseudonyms.identity  # kept under
    assert study_pseudonym(report) == pseudonyms.study_pseudonym_uid
    reidentify(report, pseudonyms.identity, pseudonyms.uids.get)
    assert str(report.PatientName) == "Nguyễn^Thị Ánh"
    assert (report.PatientID, report.PatientBirthDate, report.AccessionNumber) == ("BN-0012345", "19800229", "ACC0077")
    assert report.StudyDescription == "CT ngực Nguyễn Thị Ánh"
    assert report.OtherPatientIDsSequence[0].PatientID == "CCCD 001"
    assert "IssuerOfPatientID" not in report  # the original had none
    (evidence,) = report.CurrentRequestedProcedureEvidenceSequence
    assert evidence.StudyInstanceUID == report.StudyInstanceUID == "1.2.826.1.1"
    (series,) = evidence.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == "1.2.826.1.2"
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "1.2.826.1.3"
    assert report.ReferencedRequestSequence[0].AccessionNumber == "ACC0077"
    assert report.SpecificCharacterSet == "ISO_IR 192"


def test_what_is_the_reports_own_stays_and_the_marks_go() -> None:
    image = an_image()
    pseudonyms = sent(image)
    report = a_report(image)
    text = report.ContentSequence[0].TextValue
    reidentify(report, pseudonyms.identity, pseudonyms.uids.get)
    assert (report.SOPInstanceUID, report.SeriesInstanceUID) == ("2.25.77", "2.25.78")
    assert report.file_meta.MediaStorageSOPInstanceUID == "2.25.77"
    assert report.ContentDate == "20240301"
    assert report.ContentSequence[0].TextValue == text
    assert "PatientIdentityRemoved" not in report
    assert "DeidentificationMethod" not in report


def test_a_required_attribute_that_the_original_lacked_is_empty() -> None:
    image = an_image()
    del image.PatientSex
    del image.AccessionNumber
    pseudonyms = sent(image)
    report = a_report(image, PatientSex="O")
    reidentify(report, pseudonyms.identity, pseudonyms.uids.get)
    assert report.PatientSex == ""
    assert report.AccessionNumber == ""


def test_an_unknown_study_is_held_untouched() -> None:
    image = an_image()
    pseudonyms = sent(image)
    report = a_report(image, StudyInstanceUID="2.25.999")
    with pytest.raises(IdentityUnknown, match="study"):
        reidentify(report, pseudonyms.identity, pseudonyms.uids.get)
    assert report.PatientIdentityRemoved == "YES"
    with pytest.raises(IdentityUnknown):
        study_pseudonym(Dataset())


def test_a_reference_to_an_instance_that_was_never_sent_is_held() -> None:
    image = an_image()
    pseudonyms = sent(image)
    report = a_report(image)
    key_image = an_item(ReferencedSOPSequence=[an_item(ReferencedSOPInstanceUID="2.25.4711")])
    report.ContentSequence.append(key_image)
    with pytest.raises(IdentityUnknown, match=r"ContentSequence\[1\]"):
        reidentify(report, pseudonyms.identity, pseudonyms.uids.get)
    assert report.PatientID == pseudonyms.patient_pseudonym


@pytest.mark.parametrize("keyword", ["PredecessorDocumentsSequence", "IdenticalDocumentsSequence"])
def test_earlier_versions_and_twins_made_at_the_reading_site_are_family(keyword: str) -> None:
    image = an_image()
    pseudonyms = sent(image)
    earlier = an_item(SeriesInstanceUID="2.25.70", ReferencedSOPSequence=[an_item(ReferencedSOPInstanceUID="2.25.71")])
    family = an_item(StudyInstanceUID=image.StudyInstanceUID, ReferencedSeriesSequence=[earlier])
    report = a_report(image, **{keyword: [family]})
    reidentify(report, pseudonyms.identity, pseudonyms.uids.get)
    (item,) = report[keyword].value
    assert item.StudyInstanceUID == "1.2.826.1.1"
    assert item.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "2.25.71"


def test_the_objects_own_series_is_family() -> None:
    image = an_image()
    pseudonyms = sent(image)
    report = a_report(image)
    own = an_item(SeriesInstanceUID="2.25.78", ReferencedSOPSequence=[an_item(ReferencedSOPInstanceUID="2.25.79")])
    report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence.append(own)
    reidentify(report, pseudonyms.identity, pseudonyms.uids.get)
    assert own.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "2.25.79"
