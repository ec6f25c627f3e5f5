"""The status of a printed sheet and its signatures: who read, who verified, by which licence, when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table

from node.dicom.report._sheet_blocks import TIGHT, WARNING, WARNING_PAPER, WIDTH, paragraph
from node.dicom.report._sheet_table import WORDS
from node.dicom.report.document import language
from node.dicom.study_header import HANOI, text_of
from node.domain.report import ReportStatus, Signature, SignedReport

Styles = Mapping[str, ParagraphStyle]


def moment_words(at: datetime) -> dict[str, str]:
    """`time` and `day` in Hà Nội, for a text with these places."""
    there = at.astimezone(HANOI)
    return {"time": f"{there:%H:%M}", "day": f"{there:%d/%m/%Y}"}


def banner(report: SignedReport, styles: Styles) -> list[Flowable]:
    """What must be seen first: that it is preliminary, replaces others, or has additions."""
    words = WORDS[language(report)]
    if report.status is ReportStatus.PRELIMINARY:
        rows = [
            [paragraph(words["preliminary"], styles["banner"])],
            [paragraph(words["preliminary_note"], styles["notice"])],
        ]
        style = [
            ("BOX", (0, 0), (-1, -1), 1.2, WARNING),
            ("BACKGROUND", (0, 0), (-1, -1), WARNING_PAPER),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
        return [Table(rows, colWidths=[WIDTH], style=style), Spacer(0, 3 * mm)]
    if report.addenda:
        note = words["addendum_note"].format(count=len(report.addenda))
    elif report.version > 1:
        note = words["version"].format(version=report.version)
    else:
        return []
    return [paragraph(note, styles["notice"]), Spacer(0, 3 * mm)]


def signatures(report: SignedReport, styles: Styles) -> list[Flowable]:
    """Side by side the author and the verifier when they are two, kept on one page."""
    words = WORDS[language(report)]
    author, verifier = report.author, report.verifier
    left = _block(author, words["reader"], report, styles) if author and verifier else [Spacer(0, 0)]
    if verifier is None:
        right = _block(author, words["reader"], report, styles) if author else [Spacer(0, 0)]
    else:
        right = _block(verifier, words["verifier"] if author else words["reader"], report, styles)
    widths = [WIDTH * part for part in ((0.5, 0.5) if author and verifier else (0.46, 0.54))]
    grid = Table([[left, right]], colWidths=widths, style=[*TIGHT, ("VALIGN", (0, 0), (-1, -1), "TOP")])
    return [KeepTogether([Spacer(0, 8 * mm), grid])]


def _block(signature: Signature, title: str, report: SignedReport, styles: Styles) -> list[Flowable]:
    words = WORDS[language(report)]
    at = signature.at.astimezone(HANOI)
    day = words["day"].format(d=at.day, m=at.month, y=at.year, time=f"{at:%H:%M}")
    block: list[Flowable] = [
        paragraph(day, styles["day"]),
        paragraph(title, styles["reader"]),
        paragraph(f"({words['confirmed']})", styles["confirmed"]),
        Spacer(0, 9 * mm),
        paragraph(signature.name, styles["signer"]),
    ]
    if number := text_of(signature.licence_number):
        block.append(paragraph(words["licence"].format(number=number), styles["organization"]))
    block.append(paragraph(signature.organization or report.observer_organization, styles["organization"]))
    return block


def signed_line(signature: Signature, language_of: str) -> str:
    """One line: who, by which licence, when."""
    words = WORDS[language_of]
    licence = text_of(signature.licence_number)
    parts = (
        signature.name,
        words["licence"].format(number=licence) if licence else "",
        words["signed_on"].format(**moment_words(signature.at)),
    )
    return " · ".join(part for part in parts if part)
