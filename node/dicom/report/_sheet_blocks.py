"""The blocks of a printed result sheet: letterhead, patient, sections, signature, foot (layout only; see `pdf`)."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import ttf_opensans
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, Spacer, Table
from reportlab.platypus.flowables import HRFlowable

from node.dicom.report._sheet_table import AGE_UNITS, MODALITIES, MODALITY_BY_CLASS, WORDS
from node.dicom.report.document import language
from node.dicom.study_header import HANOI, date_value, first_of, text_of, time_value, values_of
from node.domain.report import SignedReport

INK = HexColor("#1b2733")
_ACCENT = HexColor("#0b5c7a")
_FAINT = HexColor("#5d6b78")
RULE = HexColor("#c3ccd4")
PAPER = HexColor("#f5f8fa")
WARNING = HexColor("#b3261e")
WARNING_PAPER = HexColor("#fdecea")
MARGIN = 18 * mm
FRAME_PADDING = 6  # points, reportlab's frames
WIDTH = A4[0] - 2 * MARGIN


def letterhead(
    report: SignedReport, study: Mapping[str, Any], facility_name: str, styles: Mapping[str, ParagraphStyle]
) -> list[Flowable]:
    """Who reads, the accession number, and the title with the kind of examination."""
    words = WORDS[language(report)]
    left = [paragraph(facility_name, styles["facility"]), paragraph(words["department"], styles["small"])]
    right = []
    if accession := first_of(study, "AccessionNumber"):
        right.append(paragraph(f"{words['accession']}: {accession}", styles["right"]))
    head: list[Flowable] = [
        Table(
            [[left, right]],
            colWidths=[WIDTH * 0.66, WIDTH * 0.34],
            style=[*TIGHT, ("VALIGN", (0, 0), (-1, -1), "TOP")],
        ),
        Spacer(0, 2 * mm),
        HRFlowable("100%", 1.2, color=_ACCENT, spaceAfter=5 * mm),
        paragraph(words["title"], styles["title"]),
    ]
    if kind := MODALITIES[language(report)].get(_modality(study)):
        head.append(paragraph(kind, styles["subtitle"]))
    return [*head, Spacer(0, 4 * mm)]


def patient_block(
    report: SignedReport, study: Mapping[str, Any], origin_name: str, styles: Mapping[str, ParagraphStyle]
) -> Flowable:
    """Who was examined, what was done and when; a fact that the images do not state has no line."""
    words = WORDS[language(report)]
    sex = first_of(study, "PatientSex").upper()
    wide = [
        ("name", _printed_name(study, "PatientName")),
        ("study", first_of(study, "StudyDescription")),
        ("place", text_of(origin_name) or _place(study)),
    ]
    narrow = [
        ("id", first_of(study, "PatientID")),
        ("born", _day(first_of(study, "PatientBirthDate"))),
        ("sex", words.get(sex, "") if sex in {"M", "F", "O"} else ""),
        ("age", _age(study, language(report))),
        ("taken", _taken(study)),
        ("referrer", _printed_name(study, "ReferringPhysicianName")),
    ]
    rows: list[list[Any]] = []
    spans: list[tuple[Any, ...]] = []
    for key, value in wide:
        if value:
            style = styles["patient"] if key == "name" else styles["value"]
            spans.append(("SPAN", (1, len(rows)), (3, len(rows))))
            rows.append([paragraph(words[key], styles["label"]), paragraph(value, style), "", ""])
    cells = [[paragraph(words[k], styles["label"]), paragraph(v, styles["value"])] for k, v in narrow if v]
    for index in range(0, len(cells), 2):
        pair = cells[index : index + 2]
        rows.append([*pair[0], *(pair[1] if len(pair) == 2 else ["", ""])])
    if not rows:
        return Spacer(0, 0)
    box = [("BOX", (0, 0), (-1, -1), 0.6, RULE), ("BACKGROUND", (0, 0), (-1, -1), PAPER)]
    padding = [("LEFTPADDING", (0, 0), (-1, -1), 3 * mm), ("TOPPADDING", (0, 0), (-1, -1), 2.5)]
    widths = [WIDTH * part for part in (0.18, 0.32, 0.21, 0.29)]
    return Table(rows, colWidths=widths, style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *box, *padding, *spans])


def section(title: str, text: str, styles: Mapping[str, ParagraphStyle], style: ParagraphStyle) -> list[Flowable]:
    """A heading and its lines; the heading never stands alone at the foot of a page."""
    lines: list[Flowable] = [
        paragraph(line, style) if text_of(line) else Spacer(0, 2 * mm) for line in text.strip().splitlines()
    ]
    return [CondPageBreak(24 * mm), paragraph(title.upper(), styles["heading"]), *lines]


def foot(report: SignedReport, study: Mapping[str, Any]) -> str:
    """What tells a loose sheet apart from others: the patient, the day of signing and the document's own UID."""
    who = " · ".join(t for t in (_printed_name(study, "PatientName"), first_of(study, "PatientID")) if t)
    moment = report.signed_at.astimezone(HANOI)
    return " · ".join(t for t in (who[:60], f"{moment:%d/%m/%Y %H:%M} (+07:00)") if t)


class NumberedCanvas(Canvas):  # type: ignore[misc]  # reportlab has no types
    """Draws the foot when the number of pages is known, at the end."""

    def __init__(self, *args: Any, words: Mapping[str, str], foot: str, mark: str = "", **kwargs: Any) -> None:
        _register_fonts()
        super().__init__(*args, **kwargs)
        self._words, self._foot, self._mark = words, foot, mark
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont("OpenSans", 7.5)
            self.setFillColor(_FAINT)
            self.drawString(MARGIN, 10 * mm, self._foot)
            numbers = self._words["page"].format(page=number, pages=len(self._pages))
            self.drawRightString(A4[0] - MARGIN, 10 * mm, numbers)
            if self._mark:
                self.setFillColor(WARNING)
                self.setFont("OpenSans-Bold", 7.5)
                self.drawCentredString(A4[0] / 2, 14 * mm, self._mark)
            super().showPage()
        super().save()


# --- values and styles


def _printed_name(study: Mapping[str, Any], keyword: str) -> str:
    """Prefix, then the other parts in the order in which they stand: on Vietnamese modalities that is how they are read."""
    parts = [*first_of(study, keyword).split("^"), "", "", "", "", ""]
    return " ".join(" ".join((parts[3], *parts[:3], parts[4])).split())


def _modality(study: Mapping[str, Any]) -> str:
    """The image's modality; for the header of a structured report that of the first image in its evidence."""
    for item in values_of(study, "CurrentRequestedProcedureEvidenceSequence"):
        for series in values_of(item, "ReferencedSeriesSequence"):
            for instance in values_of(series, "ReferencedSOPSequence"):
                parts = first_of(instance, "ReferencedSOPClassUID").removeprefix("1.2.840.10008.5.1.4.1.1.").split(".")
                starts = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
                if found := next((MODALITY_BY_CLASS[s] for s in starts if s in MODALITY_BY_CLASS), ""):
                    return found
    return first_of(study, "Modality")


def _place(study: Mapping[str, Any]) -> str:
    """Where the images were made: in a structured report the institution is the reader's, so it says nothing of that."""
    return "" if first_of(study, "Modality") == "SR" else first_of(study, "InstitutionName")


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


def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(text_of(text)), style)


TIGHT: Sequence[tuple[Any, ...]] = [
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
def styles() -> dict[str, ParagraphStyle]:
    _register_fonts()
    text = ParagraphStyle("text", fontName="OpenSans", fontSize=10.5, leading=15.5, textColor=INK, spaceAfter=1.5)

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
        like("banner", fontName=bold, fontSize=10.5, alignment=TA_CENTER, textColor=WARNING, spaceAfter=0),
        like("notice", fontSize=9.5, leading=13, alignment=TA_CENTER, textColor=_FAINT, spaceAfter=0),
        like("warning", fontName=bold, fontSize=10.5, textColor=WARNING, spaceAfter=2),
        like("question", fontName=semibold, fontSize=10, leading=14, spaceBefore=3, spaceAfter=0),
        like("caption", fontSize=8, leading=11, alignment=TA_CENTER, textColor=_FAINT),
        like("cell", fontSize=9, leading=12.5, spaceAfter=0),
        like("confirmed", fontName=italic, fontSize=8.5, leading=12, alignment=TA_CENTER, textColor=_FAINT),
        like("signer", fontName=bold, fontSize=11, leading=15, alignment=TA_CENTER, spaceAfter=0),
        like("organization", fontSize=9, leading=12, alignment=TA_CENTER, textColor=_FAINT),
        like("note", fontName=italic, fontSize=9, leading=12.5, textColor=_FAINT, spaceBefore=4),
    ]
    return {style.name: style for style in styles}
