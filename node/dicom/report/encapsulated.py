"""The printed sheet as a DICOM object: Encapsulated PDF Storage (PS3.3 A.45.1), and the sheet out of one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import EncapsulatedPDFStorage, EnhancedSRStorage

from node.dicom.report import _codes_table as table
from node.dicom.report.document import (
    MANUFACTURER,
    SERIES_NUMBER,
    SHEET,
    code_item,
    finish,
    language,
    moment_of,
    new_dataset,
    reference,
    series_uid,
    sop_uid,
    stamp,
)
from node.dicom.setup import configure
from node.dicom.study_header import text_of
from node.domain.report import ReportStatus, SignedReport
from node.errors import Unreadable


def encapsulate(
    pdf: bytes,
    report: SignedReport,
    study: Mapping[str, Any],
    *,
    sr_sop_instance_uid: str,
    sr_sop_class_uid: str = EnhancedSRStorage,
) -> bytes:
    """The sheet as a Part 10 file.

    It stands in a series of its own in the same study; its UIDs follow from the structured report's, so that a repeat
    makes the same object.
    """
    configure()
    title = SHEET.title[language(report)]
    moment = moment_of(report, study)
    ds = new_dataset()
    ds.SOPClassUID = EncapsulatedPDFStorage
    ds.SOPInstanceUID = twin_uid(sr_sop_instance_uid)
    ds.SeriesInstanceUID = series_uid(SHEET, report.series_instance_uid)
    ds.Modality = "DOC"
    ds.SeriesNumber = SERIES_NUMBER + SHEET.series_offset
    ds.InstanceNumber = report.version
    ds.Manufacturer = MANUFACTURER
    ds.ConversionType = "WSD"
    if institution := text_of(report.observer_organization)[:64].rstrip():
        ds.InstitutionName = institution
    ds.SeriesDescription = title
    stamp(ds, moment, "Series", "Content")
    ds.AcquisitionDateTime = ""
    ds.BurnedInAnnotation = "YES"
    ds.RecognizableVisualFeatures = "NO"
    ds.VerificationFlag = "UNVERIFIED" if report.status is ReportStatus.PRELIMINARY else "VERIFIED"
    ds.DocumentTitle = title
    ds.ConceptNameCodeSequence = [code_item(table.TITLE)]
    ds.SourceInstanceSequence = [reference(sr_sop_class_uid, sr_sop_instance_uid)]
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    ds.EncapsulatedDocumentLength = len(pdf)
    return finish(ds, report, study)


def twin_uid(sr_sop_instance_uid: str) -> str:
    """The SOP Instance UID of the printed twin of a structured report."""
    return sop_uid(SHEET, sr_sop_instance_uid)


def read_pdf(path: Path) -> bytes:
    """The PDF inside an Encapsulated PDF object, without its padding. Raises `Unreadable` when there is none."""
    configure()
    try:
        ds = dcmread(path)
        document = bytes(ds.EncapsulatedDocument)
        length = int(ds.get("EncapsulatedDocumentLength") or 0)
    except (InvalidDicomError, AttributeError, ValueError, TypeError, EOFError) as error:
        raise Unreadable("The report document cannot be read.", hint="Ask the sender for it again.") from error
    if not document.startswith(b"%PDF"):
        raise Unreadable("The report document holds no PDF.", hint="Ask the sender for it again.")
    return document[:length] if 0 < length <= len(document) else document.rstrip(b"\0")
