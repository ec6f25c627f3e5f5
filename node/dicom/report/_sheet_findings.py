"""The blocks of a printed sheet that hold findings: addenda, answers, critical findings, measurements, key images."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, Flowable, Image, KeepTogether, Spacer, Table

from node.dicom.report import _codes_table as table
from node.dicom.report._sheet_blocks import PAPER, RULE, TIGHT, WARNING, WARNING_PAPER, WIDTH, paragraph, section
from node.dicom.report._sheet_signatures import moment_words, signed_line
from node.dicom.report._sheet_table import CHANNELS, WORDS
from node.dicom.report.document import language
from node.dicom.report.labels import kind_name, value_lines
from node.dicom.report.pictures import Picture
from node.dicom.study_header import text_of
from node.domain.report import CriticalNote, SignedReport

Styles = Mapping[str, ParagraphStyle]
PRINTED = 4  # key images at most


def addenda(report: SignedReport, styles: Styles) -> list[Flowable]:
    """What was added, newest first, each with who signed it."""
    spoken = language(report)
    story: list[Flowable] = []
    for number, addendum in reversed(list(enumerate(report.addenda, start=1))):
        inner: list[Flowable] = [paragraph(WORDS[spoken]["addendum"].format(number=number), styles["warning"])]
        for part in table.SECTIONS:
            written = getattr(addendum.text, part.field)
            if text_of(written):
                inner.append(paragraph(part.title[spoken], styles["label"]))
                inner += [paragraph(line, styles["text"]) for line in written.strip().splitlines()]
        inner += answers(addendum.text.answers, spoken, styles)
        inner += [paragraph(signed_line(signature, spoken), styles["cell"]) for signature in addendum.signatures]
        story += [_boxed(inner, PAPER, RULE), Spacer(0, 2 * mm)]
    return story


def original(report: SignedReport, styles: Styles) -> list[Flowable]:
    """The heading that sets the signed report off from what was added."""
    if not report.addenda or report.verifier is None:
        return []
    words = WORDS[language(report)]
    return [paragraph(words["original"].format(**moment_words(report.verifier.at)), styles["notice"])]


def answers(pairs: Sequence[tuple[str, str]], spoken: str, styles: Styles) -> list[Flowable]:
    """Each question of the consultation with its answer."""
    if not pairs:
        return []
    story: list[Flowable] = [CondPageBreak(24 * mm), paragraph(WORDS[spoken]["answers"].upper(), styles["heading"])]
    for number, (question, answer) in enumerate(pairs, start=1):
        story.append(paragraph(f"{number}. {' '.join(question.split())}", styles["question"]))
        story += [paragraph(line, styles["text"]) for line in (answer.strip() or table.NOT_STATED[spoken]).splitlines()]
    return story


def criticals(report: SignedReport, styles: Styles) -> list[Flowable]:
    """Each critical finding with who took note of it, when and how."""
    if not report.criticals:
        return []
    spoken = language(report)
    inner: list[Flowable] = [paragraph(WORDS[spoken]["criticals"], styles["warning"])]
    for note in report.criticals:
        inner += [paragraph(line, styles["conclusion"]) for line in note.text.strip().splitlines()]
        inner.append(paragraph(_communication(note, spoken), styles["cell"]))
    return [Spacer(0, 3 * mm), KeepTogether([_boxed(inner, WARNING_PAPER, WARNING)])]


def _communication(note: CriticalNote, spoken: str) -> str:
    words = WORDS[spoken]
    raised = words["critical"].format(category=note.category, **moment_words(note.raised_at))
    if not note.noted_by or note.noted_at is None:
        return f"{raised} · {words['not_told']}."
    told = words["told"].format(who=note.noted_by, **moment_words(note.noted_at))
    channel = CHANNELS[spoken].get(note.channel, note.channel)
    how = words["by"].format(channel=channel) if channel else ""
    return f"{raised} · {told}{how}{words['read_back'] if note.read_back else ''}."


def measurements(report: SignedReport, styles: Styles) -> list[Flowable]:
    """The numbers, in the order in which they were drawn."""
    spoken = language(report)
    words = WORDS[spoken]
    measured = [mark for mark in report.measurements if mark.values]
    if not measured:
        return []
    rows: list[list[Any]] = [[paragraph(words[k], styles["label"]) for k in ("mark_number", "mark_kind", "mark_value")]]
    for number, mark in enumerate(measured, start=1):
        said = "; ".join(value_lines(mark, spoken))
        name = " – ".join(text for text in (kind_name(mark.kind, spoken), text_of(mark.text)) if text)
        rows.append([paragraph(text, styles["cell"]) for text in (str(number), name, said)])
    grid = Table(
        rows,
        colWidths=[WIDTH * part for part in (0.08, 0.42, 0.5)],
        repeatRows=1,
        style=[("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE), ("VALIGN", (0, 0), (-1, -1), "TOP"), *_LOW],
    )
    return [*section(words["measurements"], "", styles, styles["text"])[:2], grid]


def key_images(report: SignedReport, pictures: Sequence[Picture], styles: Styles) -> list[Flowable]:
    """Up to four as pictures, two in a row; how many more there are."""
    if not report.text.key_images:
        return []
    words = WORDS[language(report)]
    printed = pictures[:PRINTED]
    heading = paragraph(words["key_images"].upper(), styles["heading"])
    more = len(report.text.key_images) - len(printed)
    if not printed:
        return [CondPageBreak(24 * mm), heading, paragraph(words["key_images_text"].format(count=more), styles["text"])]
    cells = [[_picture(picture, len(printed)), _caption(picture, words, styles)] for picture in printed]
    if len(cells) == 1:
        return [KeepTogether([heading, Spacer(0, 1 * mm), *cells[0]]), *_more(more, words, styles)]
    if len(cells) % 2:
        cells.append([])
    rows = [cells[at : at + 2] for at in range(0, len(cells), 2)]
    grids = [
        Table([row], colWidths=[WIDTH / 2] * 2, style=[*TIGHT, ("VALIGN", (0, 0), (-1, -1), "BOTTOM")]) for row in rows
    ]
    return [KeepTogether([heading, Spacer(0, 1 * mm), grids[0]]), *grids[1:], *_more(more, words, styles)]


def _more(count: int, words: Mapping[str, str], styles: Styles) -> list[Flowable]:
    return [paragraph(words["key_images_more"].format(count=count), styles["text"])] if count else []


def _picture(picture: Picture, count: int) -> Flowable:
    widest, highest = (WIDTH * 0.7, 95 * mm) if count == 1 else (WIDTH / 2 - 3 * mm, 78 * mm)
    scale = min(widest / picture.width, highest / picture.height)
    return Image(io.BytesIO(picture.content), picture.width * scale, picture.height * scale)


def _caption(picture: Picture, words: Mapping[str, str], styles: Styles) -> Flowable:
    said = words["picture"].format(series=picture.series_number or "–", number=picture.instance_number or "–")
    if picture.frames > 1:
        said += words["frame"].format(frame=picture.frame, frames=picture.frames)
    return paragraph(said, styles["caption"])


def _boxed(inner: Sequence[Flowable], background: Any, border: Any) -> Flowable:
    """Rows of one column, so that a long box breaks between paragraphs."""
    style = [
        ("BOX", (0, 0), (-1, -1), 0.8, border),
        ("BACKGROUND", (0, 0), (-1, -1), background),
        ("LEFTPADDING", (0, 0), (-1, -1), 3 * mm),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3 * mm),
        ("TOPPADDING", (0, 0), (-1, -1), 1),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        ("TOPPADDING", (0, 0), (-1, 0), 4),
        ("BOTTOMPADDING", (0, -1), (-1, -1), 5),
    ]
    return Table([[row] for row in inner], colWidths=[WIDTH], style=style)


_LOW: Sequence[tuple[Any, ...]] = [
    ("LEFTPADDING", (0, 0), (-1, -1), 2),
    ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
]
