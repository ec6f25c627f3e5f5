"""The printed sheet of a report: A4 pages in the form of a Vietnamese result sheet.

It has the blocks of "Phiếu kết quả chẩn đoán hình ảnh", in the report's language: who and what, the sections, the answers
of a consultation, critical findings with who was told, key images as pictures with the marks, signatures with licence
numbers. A preliminary report says so on every page; an addendum stands above the report, which is repeated unchanged.
Open Sans is embedded: it has all Vietnamese marks as single glyphs, so texts are drawn in NFC. Characters that it lacks
are drawn as empty boxes; the structured report beside it holds them right. Equal inputs give equal bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

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
    letterhead,
    paragraph,
    patient_block,
    section,
    styles,
)
from node.dicom.report._sheet_findings import addenda, answers, criticals, key_images, measurements, original
from node.dicom.report._sheet_signatures import banner, signatures
from node.dicom.report._sheet_table import WORDS
from node.dicom.report.document import MANUFACTURER, language
from node.dicom.report.pictures import Picture
from node.dicom.setup import configure
from node.dicom.study_header import text_of
from node.domain.report import ReportStatus, ReportText, SignedReport


def build_pdf(
    report: SignedReport,
    study: Mapping[str, Any],
    *,
    facility_name: str,
    origin_name: str = "",
    tier_note: str = "",
    pictures: Sequence[Picture] = (),
) -> bytes:
    """The result sheet as a PDF file of A4 pages.

    `study` is the DICOM JSON of one image's header; `facility_name` heads the sheet (who reads), `origin_name` is where
    the images were made (else what the images say), `tier_note` replaces the closing sentence, `pictures` are those of
    the key images that are printed.
    """
    configure()
    spoken, look = language(report), styles()
    words = WORDS[spoken]
    story: list[Flowable] = [
        *letterhead(report, study, facility_name, look),
        *banner(report, look),
        patient_block(report, study, origin_name, look),
        Spacer(0, 3 * mm),
        *addenda(report, look),
        *original(report, look),
        *sections(report.text, spoken, look),
        *answers(report.text.answers, spoken, look),
        *criticals(report, look),
        *measurements(report, look),
        *key_images(report, pictures, look),
        *signatures(report, look),
    ]
    closing = paragraph(text_of(tier_note) or words["note"], look["note"])
    story += [Spacer(0, 5 * mm), HRFlowable("100%", 0.5, color=RULE), closing]
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
        lang=spoken,
        initialFontName="OpenSans",
    )
    mark = words["preliminary_foot"] if report.status is ReportStatus.PRELIMINARY else ""
    canvas = functools.partial(NumberedCanvas, words=words, foot=foot(report, study), mark=mark)
    sheet.build(story, canvasmaker=canvas)
    return out.getvalue()


def sections(text: ReportText, spoken: str, look: Mapping[str, Any]) -> list[Flowable]:
    """The report's own words, in the order of the sheet."""
    story: list[Flowable] = []
    for part in table.SECTIONS:
        written = getattr(text, part.field)
        if text_of(written) or part.required:
            style = look["conclusion"] if part.field == "conclusion" else look["text"]
            story += section(part.title[spoken], written if text_of(written) else table.NOT_STATED[spoken], look, style)
    return story
