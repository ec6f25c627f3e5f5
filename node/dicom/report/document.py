"""What all documents of a report share: the instances they are about, their UIDs, times, references and encoding.

Equal inputs give equal bytes: a repeat after a crash is the same object, not a second report. So every UID follows from
that of the signed version, and every time is that of signing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import DT

from node.dicom.report import _codes_table as table
from node.dicom.report.names import LICENCES, LICENCES_NAME, observer_name
from node.dicom.setup import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from node.dicom.study_header import offset_text, patient_and_study, text_of, zone_of
from node.dicom.uids import derived_uid
from node.domain.report import ReportStatus, SignedReport
from node.errors import Invalid

MANUFACTURER = "Liên Tuyến"
SERIES_NUMBER = 9001  # above what modalities use, so that viewers list the report last; the other documents follow it

STORAGE = "1.2.840.10008.5.1.4.1.1."  # where the UIDs of storage classes begin


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One instance of the study that the report is about."""

    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    frames: int = 1


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One kind of document of a report; `name` goes into the UIDs that are derived from the report's."""

    name: str
    series_offset: int  # from SERIES_NUMBER
    title: Mapping[str, str]  # series description by language


NARRATIVE = DocumentKind("report", 0, {"vi": "Kết quả chẩn đoán hình ảnh", "en": "Diagnostic imaging report"})
SHEET = DocumentKind("report-pdf", 1, {"vi": "Phiếu kết quả chẩn đoán hình ảnh", "en": "Diagnostic imaging report"})
MEASUREMENTS = DocumentKind("report-measurements", 2, {"vi": "Số đo của kết quả", "en": "Measurements of the report"})
KEY_OBJECTS = DocumentKind("report-key-images", 3, {"vi": "Ảnh chính của kết quả", "en": "Key images of the report"})
PRESENTATION = DocumentKind("report-marks", 4, {"vi": "Hình vẽ trên ảnh", "en": "Marks on the images"})


def language(report: SignedReport) -> str:
    """The language of the report's fixed words: its own when it is known, else Vietnamese."""
    spoken = report.text.language.split("-")[0].lower()
    return spoken if spoken in table.LANGUAGES else "vi"


def sop_uid(kind: DocumentKind, report_sop_uid: str, *more: str) -> str:
    """The SOP Instance UID of a document beside the narrative report."""
    return derived_uid(kind.name, report_sop_uid, *more)


def series_uid(kind: DocumentKind, report_series_uid: str) -> str:
    """The series of such documents."""
    return derived_uid(f"{kind.name}-series", report_series_uid)


def evidence_of(report: SignedReport, evidence: Iterable[EvidenceItem]) -> list[EvidenceItem]:
    """Every instance once, in an order that does not depend on how they came. Raises `Invalid` when there is none."""
    items = sorted(
        {e for e in evidence if e.sop_instance_uid != report.sop_instance_uid},
        key=lambda e: (e.series_instance_uid, e.sop_instance_uid, e.sop_class_uid),
    )
    if not items:
        raise Invalid("The report's study has no images.", hint="Wait until its images have arrived, then sign again.")
    return items


def evidence_dataset(study_instance_uid: str, item: EvidenceItem) -> Dataset:
    """The instance as highdicom wants it. Patient and study stay empty: its warnings of odd names hold the name."""
    ds = Dataset()
    ds.SOPClassUID = item.sop_class_uid
    ds.SOPInstanceUID = item.sop_instance_uid
    ds.SeriesInstanceUID = item.series_instance_uid
    ds.StudyInstanceUID = study_instance_uid
    ds.PatientID = ds.PatientName = ds.PatientBirthDate = ds.PatientSex = ""
    ds.StudyDate = ds.StudyTime = ds.AccessionNumber = ds.StudyID = ""
    return ds


def organization(report: SignedReport) -> str:
    return organization_text(report.observer_organization)


def organization_text(name: str) -> str:
    return text_of(name)[:64].rstrip() or MANUFACTURER


def header_arguments(report: SignedReport, kind: DocumentKind) -> dict[str, Any]:
    """What highdicom's structured reports are told alike: of the version, its flags and who answers for it (PS3.3 C.17.2)."""
    verifier = report.verifier
    return {
        "series_number": SERIES_NUMBER + kind.series_offset,
        "series_description": kind.title[language(report)],
        "instance_number": report.version,
        "manufacturer": MANUFACTURER,
        "is_complete": True,
        "is_final": report.status is not ReportStatus.PRELIMINARY,
        "is_verified": verifier is not None,
        "institution_name": text_of(report.observer_organization)[:64] or None,
        "verifying_observer_name": observer_name(verifier.name) if verifier else None,
        "verifying_organization": organization_text(verifier.organization) if verifier else None,
        "transfer_syntax_uid": ExplicitVRLittleEndian,
        "specific_character_set": "ISO_IR 192",
    }


def moment_of(report: SignedReport, study: Mapping[str, Any]) -> datetime:
    """When the version was signed, in the zone of the study's times, to the second."""
    return report.signed_at.astimezone(zone_of(study)).replace(microsecond=0)


def date_time(moment: datetime) -> DT:
    """With its own offset: it must stay true when a receiver drops Timezone Offset From UTC."""
    return DT(f"{moment:%Y%m%d%H%M%S}{offset_text(moment)}")


def stamp(ds: Dataset, moment: datetime, *keywords: str) -> None:
    """Every date and time of the document is the moment of signing. `keywords` are beginnings such as "Content"."""
    for keyword in ("InstanceCreation", *keywords):
        setattr(ds, f"{keyword}Date", moment.strftime("%Y%m%d"))
        setattr(ds, f"{keyword}Time", moment.strftime("%H%M%S"))
    ds.TimezoneOffsetFromUTC = offset_text(moment)


def finish(ds: Dataset, report: SignedReport, study: Mapping[str, Any]) -> bytes:
    """The document with the study's patient, encoded. Raises `Invalid` when the header is another study's."""
    ds.update(patient_and_study(study, report.study_instance_uid))
    if "ContributingEquipmentSequence" in ds:
        del ds.ContributingEquipmentSequence  # names the toolkit, with its clock's time
    return part10(ds)


def identify_schemes(ds: Dataset) -> None:
    """Says whose the coding schemes are that the standard does not know (PS3.3 C.12.1)."""
    ds.CodingSchemeIdentificationSequence = []
    for designator, name in ((table.PRIVATE, table.PRIVATE_NAME), (LICENCES, LICENCES_NAME)):
        item = Dataset()
        item.CodingSchemeDesignator, item.CodingSchemeName = designator, name
        ds.CodingSchemeIdentificationSequence.append(item)


def new_dataset() -> Dataset:
    """An empty data set with the file meta information of our transfer syntax."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def part10(ds: Dataset) -> bytes:
    """A Part 10 file, the same bytes for the same dataset."""
    ds.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    ds.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def code_item(code: Any) -> Dataset:
    """An item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def reference(sop_class_uid: str, sop_instance_uid: str, frames: Sequence[int] = ()) -> Dataset:
    """An item of a sequence of references to instances (PS3.3 10.8)."""
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    if frames:
        item.ReferencedFrameNumber = list(frames) if len(frames) > 1 else frames[0]
    return item
