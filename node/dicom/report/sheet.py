"""The printed twin of a report: an A4 result sheet, and the DICOM object that carries it.

The sheet has the blocks of a Vietnamese result sheet ("Phiếu kết quả chẩn đoán hình ảnh"), in the report's language.
Open Sans is embedded: it has all Vietnamese marks as single glyphs, so texts are drawn in NFC. Characters that it lacks
are drawn as empty boxes; the structured report beside it holds them right. Equal inputs give equal bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import EncapsulatedPDFStorage, EnhancedSRStorage, ExplicitVRLittleEndian
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer
from reportlab.platypus.flowables import HRFlowable

from node.dicom.report import _codes_table as table
from node.dicom.report._sheet_blocks import (
    FRAME_PADDING,
    MARGIN,
    RULE,
    NumberedCanvas,
    foot,
    language,
    letterhead,
    paragraph,
    patient_block,
    section,
    signature,
    styles,
)
from node.dicom.report._sheet_table import WORDS
from node.dicom.report.document import MANUFACTURER, SERIES_NUMBER, part10
from node.dicom.setup import configure
from node.dicom.study_header import offset_text, patient_and_study, text_of, zone_of
from node.dicom.uids import derived_uid
from node.domain.report import SignedReport
from node.errors import Unreadable


def build_pdf(
    report: SignedReport, study: Mapping[str, Any], *, facility_name: str, origin_name: str = "", tier_note: str = ""
) -> bytes:
    """The result sheet as a PDF file of A4 pages.

    `study` is the DICOM JSON of one image's header; `facility_name` heads the sheet (who reads), `origin_name` is where
    the images were made (else what the images say), `tier_note` replaces the closing sentence.
    """
    configure()
    spoken, look = language(report), styles()
    words = WORDS[spoken]
    story: list[Flowable] = [
        *letterhead(report, study, facility_name, look),
        patient_block(report, study, origin_name, look),
        Spacer(0, 3 * mm),
    ]
    for part in table.SECTIONS:
        written = getattr(report.text, part.field)
        if text_of(written) or part.required:
            style = look["conclusion"] if part.field == "conclusion" else look["text"]
            text = written if text_of(written) else table.NOT_STATED[spoken]
            story += section(part.title[spoken], text, look, style)
    if report.text.key_images:
        count = words["key_images_text"].format(count=len(report.text.key_images))
        story += section(words["key_images"], count, look, look["text"])
    closing = paragraph(text_of(tier_note) or words["note"], look["note"])
    story += [signature(report, look), Spacer(0, 5 * mm), HRFlowable("100%", 0.5, color=RULE), closing]
    out = BytesIO()
    sheet = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN - FRAME_PADDING,
        rightMargin=MARGIN - FRAME_PADDING,
        topMargin=14 * mm,
        bottomMargin=20 * mm,
        invariant=1,
        title=words["title"].capitalize(),
        author=text_of(report.observer_organization),
        creator=MANUFACTURER,
        lang=language(report),
        initialFontName="OpenSans",
    )
    sheet.build(story, canvasmaker=functools.partial(NumberedCanvas, words=words, foot=foot(report, study)))
    return out.getvalue()


def encapsulate(
    pdf: bytes,
    report: SignedReport,
    study: Mapping[str, Any],
    *,
    sr_sop_instance_uid: str,
    sr_sop_class_uid: str = EnhancedSRStorage,
) -> bytes:
    """The sheet as an Encapsulated PDF Storage object (PS3.3 A.45.1), a Part 10 file.

    It stands in a series of its own in the same study; its UIDs follow from the structured report's, so that a repeat
    makes the same object.
    """
    configure()
    moment = report.signed_at.astimezone(zone_of(study)).replace(microsecond=0)
    ds = patient_and_study(study, report.study_instance_uid)
    ds.SOPClassUID = EncapsulatedPDFStorage
    ds.SOPInstanceUID = twin_uid(sr_sop_instance_uid)
    ds.SeriesInstanceUID = derived_uid("report-pdf-series", report.series_instance_uid)
    ds.Modality = "DOC"
    ds.SeriesNumber = SERIES_NUMBER + 1
    ds.InstanceNumber = report.version
    ds.Manufacturer = MANUFACTURER
    ds.ConversionType = "WSD"
    if institution := text_of(report.observer_organization)[:64].rstrip():
        ds.InstitutionName = institution
    ds.SeriesDescription = WORDS[language(report)]["title"].capitalize()
    day, time = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
    ds.InstanceCreationDate = ds.SeriesDate = ds.ContentDate = day
    ds.InstanceCreationTime = ds.SeriesTime = ds.ContentTime = time
    ds.TimezoneOffsetFromUTC = offset_text(moment)
    ds.AcquisitionDateTime = ""
    ds.BurnedInAnnotation = "YES"
    ds.RecognizableVisualFeatures = "NO"
    ds.VerificationFlag = "VERIFIED"
    ds.DocumentTitle = WORDS[language(report)]["title"].capitalize()
    ds.ConceptNameCodeSequence = [_code(table.TITLE)]
    ds.SourceInstanceSequence = [_reference(sr_sop_class_uid, sr_sop_instance_uid)]
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    ds.EncapsulatedDocumentLength = len(pdf)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return part10(ds)


def twin_uid(sr_sop_instance_uid: str) -> str:
    """The SOP Instance UID of the printed twin of a structured report."""
    return derived_uid("report-pdf", sr_sop_instance_uid)


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


def _code(code: Any) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


def _reference(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item
