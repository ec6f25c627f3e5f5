"""The printed twin of a report: an A4 result sheet, and the DICOM object that carries it.

The sheet has the blocks of a Vietnamese result sheet ("Phiếu kết quả chẩn đoán hình ảnh"), in the report's language.
Open Sans is embedded: it has all Vietnamese marks as single glyphs, so texts are drawn in NFC. Characters that it lacks
are drawn as empty boxes; the structured report beside it holds them right. Equal inputs give equal bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import ttf_opensans
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import EncapsulatedPDFStorage, EnhancedSRStorage, ExplicitVRLittleEndian
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table
from reportlab.platypus.flowables import HRFlowable

from node.dicom import _codes_table as table
from node.dicom._sheet_table import AGE_UNITS, MODALITIES, WORDS
from node.dicom.setup import configure
from node.dicom.sr import MANUFACTURER, SERIES_NUMBER, part10
from node.dicom.study_header import (
    HANOI,
    date_value,
    first_of,
    offset_text,
    patient_and_study,
    text_of,
    time_value,
    zone_of,
)
from node.dicom.uids import derived_uid
from node.domain.report import SignedReport
from node.errors import Unreadable

_INK = HexColor("#1b2733")
_ACCENT = HexColor("#0b5c7a")
_FAINT = HexColor("#5d6b78")
_RULE = HexColor("#c3ccd4")
_MARGIN = 18 * mm
_FRAME_PADDING = 6  # points, reportlab's frames
_WIDTH = A4[0] - 2 * _MARGIN


def build_pdf(
    report: SignedReport, study: Mapping[str, Any], *, facility_name: str, origin_name: str = "", tier_note: str = ""
) -> bytes:
    """The result sheet as a PDF file of A4 pages.

    `study` is the DICOM JSON of one image's header; `facility_name` heads the sheet (who reads), `origin_name` is where
    the images were made (else what the images say), `tier_note` replaces the closing sentence.
    """
    configure()
    words = WORDS[_language(report)]
    styles = _styles()
    closing = text_of(tier_note) or words["note"]
    story: list[Flowable] = [
        *_letterhead(report, study, facility_name, styles),
        _patient_block(report, study, origin_name, styles),
        Spacer(0, 3 * mm),
    ]
    for section in table.SECTIONS:
        written = getattr(report.text, section.field)
        if text_of(written) or section.required:
            text = written if text_of(written) else table.NOT_STATED[_language(report)]
            style = styles["conclusion"] if section.field == "conclusion" else styles["text"]
            story += _section(section.title[_language(report)], text, styles, style)
    if report.text.key_images:
        count = words["key_images_text"].format(count=len(report.text.key_images))
        story += _section(words["key_images"], count, styles, styles["text"])
    story.append(_signature(report, styles))
    story += [Spacer(0, 5 * mm), HRFlowable("100%", 0.5, color=_RULE), _paragraph(closing, styles["note"])]
    out = BytesIO()
    sheet = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN - _FRAME_PADDING,
        rightMargin=_MARGIN - _FRAME_PADDING,
        topMargin=14 * mm,
        bottomMargin=20 * mm,
        invariant=1,
        title=words["title"].capitalize(),
        author=text_of(report.observer_organization),
        creator=MANUFACTURER,
        lang=_language(report),
        initialFontName="OpenSans",
    )
    sheet.build(story, canvasmaker=functools.partial(_NumberedCanvas, words=words, foot=_foot(report, study)))
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
    ds.SeriesDescription = WORDS[_language(report)]["title"].capitalize()
    day, time = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
    ds.InstanceCreationDate = ds.SeriesDate = ds.ContentDate = day
    ds.InstanceCreationTime = ds.SeriesTime = ds.ContentTime = time
    ds.TimezoneOffsetFromUTC = offset_text(moment)
    ds.AcquisitionDateTime = ""
    ds.BurnedInAnnotation = "YES"
    ds.RecognizableVisualFeatures = "NO"
    ds.VerificationFlag = "VERIFIED"
    ds.DocumentTitle = WORDS[_language(report)]["title"].capitalize()
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


# --- the blocks of the sheet


def _letterhead(
    report: SignedReport, study: Mapping[str, Any], facility_name: str, styles: Mapping[str, ParagraphStyle]
) -> list[Flowable]:
    """Who reads, the accession number, and the title with the kind of examination."""
    words = WORDS[_language(report)]
    left = [_paragraph(facility_name, styles["facility"]), _paragraph(words["department"], styles["small"])]
    right = []
    if accession := first_of(study, "AccessionNumber"):
        right.append(_paragraph(f"{words['accession']}: {accession}", styles["right"]))
    head: list[Flowable] = [
        Table(
            [[left, right]],
            colWidths=[_WIDTH * 0.66, _WIDTH * 0.34],
            style=[*_TIGHT, ("VALIGN", (0, 0), (-1, -1), "TOP")],
        ),
        Spacer(0, 2 * mm),
        HRFlowable("100%", 1.2, color=_ACCENT, spaceAfter=5 * mm),
        _paragraph(words["title"], styles["title"]),
    ]
    if kind := MODALITIES[_language(report)].get(first_of(study, "Modality")):
        head.append(_paragraph(kind, styles["subtitle"]))
    if report.version > 1:
        head.append(_paragraph(words["version"].format(version=report.version - 1), styles["subtitle"]))
    return [*head, Spacer(0, 4 * mm)]


def _patient_block(
    report: SignedReport, study: Mapping[str, Any], origin_name: str, styles: Mapping[str, ParagraphStyle]
) -> Flowable:
    """Who was examined, what was done and when; a fact that the images do not state has no line."""
    words = WORDS[_language(report)]
    sex = first_of(study, "PatientSex").upper()
    wide = [
        ("name", _printed_name(study, "PatientName")),
        ("study", first_of(study, "StudyDescription")),
        ("place", text_of(origin_name) or first_of(study, "InstitutionName")),
    ]
    narrow = [
        ("id", first_of(study, "PatientID")),
        ("born", _day(first_of(study, "PatientBirthDate"))),
        ("sex", words.get(sex, "") if sex in {"M", "F", "O"} else ""),
        ("age", _age(study, _language(report))),
        ("taken", _taken(study)),
        ("referrer", _printed_name(study, "ReferringPhysicianName")),
    ]
    rows: list[list[Any]] = []
    spans: list[tuple[Any, ...]] = []
    for key, value in wide:
        if value:
            style = styles["patient"] if key == "name" else styles["value"]
            spans.append(("SPAN", (1, len(rows)), (3, len(rows))))
            rows.append([_paragraph(words[key], styles["label"]), _paragraph(value, style), "", ""])
    cells = [[_paragraph(words[k], styles["label"]), _paragraph(v, styles["value"])] for k, v in narrow if v]
    for index in range(0, len(cells), 2):
        pair = cells[index : index + 2]
        rows.append([*pair[0], *(pair[1] if len(pair) == 2 else ["", ""])])
    if not rows:
        return Spacer(0, 0)
    box = [("BOX", (0, 0), (-1, -1), 0.6, _RULE), ("BACKGROUND", (0, 0), (-1, -1), HexColor("#f5f8fa"))]
    padding = [("LEFTPADDING", (0, 0), (-1, -1), 3 * mm), ("TOPPADDING", (0, 0), (-1, -1), 2.5)]
    widths = [_WIDTH * part for part in (0.18, 0.32, 0.21, 0.29)]
    return Table(rows, colWidths=widths, style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *box, *padding, *spans])


def _section(title: str, text: str, styles: Mapping[str, ParagraphStyle], style: ParagraphStyle) -> list[Flowable]:
    """A heading and its lines; the heading never stands alone at the foot of a page."""
    lines: list[Flowable] = [
        _paragraph(line, style) if text_of(line) else Spacer(0, 2 * mm) for line in text.strip().splitlines()
    ]
    return [CondPageBreak(24 * mm), _paragraph(title.upper(), styles["heading"]), *lines]


def _signature(report: SignedReport, styles: Mapping[str, ParagraphStyle]) -> Flowable:
    """Day and time of signing in Hà Nội, who signed and for whom, kept on one page."""
    words = WORDS[_language(report)]
    moment = report.signed_at.astimezone(HANOI)
    day = words["day"].format(d=moment.day, m=moment.month, y=moment.year, time=f"{moment:%H:%M}")
    block = [
        _paragraph(day, styles["day"]),
        _paragraph(words["reader"], styles["reader"]),
        _paragraph(f"({words['confirmed']})", styles["confirmed"]),
        Spacer(0, 9 * mm),
        _paragraph(report.observer_name, styles["signer"]),
        _paragraph(report.observer_organization, styles["organization"]),
    ]
    grid = Table([["", block]], colWidths=[_WIDTH * 0.46, _WIDTH * 0.54], style=_TIGHT)
    return KeepTogether([Spacer(0, 8 * mm), grid])


def _foot(report: SignedReport, study: Mapping[str, Any]) -> str:
    """What tells a loose sheet apart from others: the patient, the day of signing and the document's own UID."""
    who = " · ".join(t for t in (_printed_name(study, "PatientName"), first_of(study, "PatientID")) if t)
    moment = report.signed_at.astimezone(HANOI)
    return " · ".join(t for t in (who[:60], f"{moment:%d/%m/%Y %H:%M} (+07:00)") if t)


class _NumberedCanvas(Canvas):  # type: ignore[misc]  # reportlab has no types
    """Draws the foot when the number of pages is known, at the end."""

    def __init__(self, *args: Any, words: Mapping[str, str], foot: str, **kwargs: Any) -> None:
        _register_fonts()
        super().__init__(*args, **kwargs)
        self._words, self._foot = words, foot
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont("OpenSans", 7.5)
            self.setFillColor(_FAINT)
            self.drawString(_MARGIN, 10 * mm, self._foot)
            numbers = self._words["page"].format(page=number, pages=len(self._pages))
            self.drawRightString(A4[0] - _MARGIN, 10 * mm, numbers)
            super().showPage()
        super().save()


# --- values and styles


def _language(report: SignedReport) -> str:
    language = report.text.language.split("-")[0].lower()
    return language if language in WORDS else "vi"


def _printed_name(study: Mapping[str, Any], keyword: str) -> str:
    """Prefix, then the other parts in the order in which they stand: on Vietnamese modalities that is how they are read."""
    parts = [*first_of(study, keyword).split("^"), "", "", "", "", ""]
    return " ".join(" ".join((parts[3], *parts[:3], parts[4])).split())


def _day(text: str) -> str:
    day = date_value(text)
    return f"{day[6:]}/{day[4:6]}/{day[:4]}" if day else ""


def _taken(study: Mapping[str, Any]) -> str:
    day = _day(first_of(study, "StudyDate"))
    time = time_value(first_of(study, "StudyTime"))
    return f"{day} {time[:2]}:{time[2:4]}" if day and len(time) >= 4 else day


def _age(study: Mapping[str, Any], language: str) -> str:
    """As the modality stated it, e.g. 058Y."""
    text = first_of(study, "PatientAge")
    unit = AGE_UNITS[language].get(text[-1:], "")
    return f"{int(text[:-1])} {unit}" if unit and text[:-1].isdigit() else ""


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(text_of(text)), style)


_TIGHT: Sequence[tuple[Any, ...]] = [
    (f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")
]


@functools.cache
def _register_fonts() -> None:
    faces = {
        "OpenSans": ttf_opensans.OPENSANS_REGULAR,
        "OpenSans-Bold": ttf_opensans.OPENSANS_BOLD,
        "OpenSans-Italic": ttf_opensans.OPENSANS_ITALIC,
        "OpenSans-SemiBold": ttf_opensans.OPENSANS_SEMIBOLD,
    }
    for name, face in faces.items():
        pdfmetrics.registerFont(TTFont(name, str(face.path)))


@functools.cache
def _styles() -> dict[str, ParagraphStyle]:
    _register_fonts()
    text = ParagraphStyle("text", fontName="OpenSans", fontSize=10.5, leading=15.5, textColor=_INK, spaceAfter=1.5)

    def like(name: str, **changes: Any) -> ParagraphStyle:
        return ParagraphStyle(name, parent=text, **changes)

    bold, semibold, italic = "OpenSans-Bold", "OpenSans-SemiBold", "OpenSans-Italic"
    styles = [
        text,
        like("facility", fontName=bold, fontSize=12, leading=16, textColor=_ACCENT),
        like("small", fontSize=9, leading=12, textColor=_FAINT),
        like("right", fontSize=9, leading=12, alignment=TA_RIGHT),
        like("title", fontName=bold, fontSize=16, leading=21, alignment=TA_CENTER, spaceAfter=0),
        like("subtitle", fontSize=11, leading=15, alignment=TA_CENTER, textColor=_FAINT, spaceAfter=0),
        like("label", fontSize=9, leading=13, textColor=_FAINT),
        like("value", fontSize=9.5, leading=13),
        like("patient", fontName=bold, fontSize=11.5, leading=15),
        like("heading", fontName=bold, fontSize=10.5, textColor=_ACCENT, spaceBefore=8, spaceAfter=2),
        like("conclusion", fontName=semibold),
        like("day", fontName=italic, fontSize=10, leading=14, alignment=TA_CENTER, spaceAfter=2),
        like("reader", fontName=bold, fontSize=10.5, leading=14, alignment=TA_CENTER, spaceAfter=0),
        like("confirmed", fontName=italic, fontSize=8.5, leading=12, alignment=TA_CENTER, textColor=_FAINT),
        like("signer", fontName=bold, fontSize=11, leading=15, alignment=TA_CENTER, spaceAfter=0),
        like("organization", fontSize=9, leading=12, alignment=TA_CENTER, textColor=_FAINT),
        like("note", fontName=italic, fontSize=9, leading=12.5, textColor=_FAINT, spaceBefore=4),
    ]
    return {style.name: style for style in styles}
