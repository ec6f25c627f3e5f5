"""A report as plain text, for systems that show nothing else."""

from __future__ import annotations

from node.dicom.report._codes_table import SECTIONS
from node.dicom.report._sheet_table import CHANNELS, WORDS
from node.dicom.report.document import language
from node.dicom.report.labels import kind_name, value_lines
from node.domain.report import CriticalNote, ReportText, SignedReport


def conclusion_of(report: SignedReport) -> str:
    """The conclusion as it was signed, and below it what each addendum concludes."""
    words = WORDS[language(report)]
    parts = [report.text.conclusion]
    for number, addendum in enumerate(report.addenda, start=1):
        said = addendum.text.conclusion or addendum.text.findings or addendum.text.recommendation
        parts.append(f"{words['addendum'].format(number=number)}: {said}")
    return "\n".join(part for part in parts if part.strip())


def plain_text(report: SignedReport) -> str:
    """All that was signed, section by section, in the report's language."""
    spoken = language(report)
    words = WORDS[spoken]
    blocks = [words["preliminary"]] if report.status.value == "preliminary" else []
    for number, addendum in reversed(list(enumerate(report.addenda, start=1))):
        signed = ", ".join(s.name for s in addendum.signatures)
        blocks += [f"{words['addendum'].format(number=number).upper()} ({signed})", *_sections(addendum.text, spoken)]
    blocks += _sections(report.text, spoken)
    if report.criticals:
        blocks.append("\n".join([words["criticals"], *(_critical(note, spoken) for note in report.criticals)]))
    measured = [mark for mark in report.measurements if mark.values]
    if measured:
        lines = (
            f"- {kind_name(m.kind, spoken)}{f' – {m.text}' if m.text else ''}: {'; '.join(value_lines(m, spoken))}"
            for m in measured
        )
        blocks.append("\n".join([words["measurements"].upper(), *lines]))
    people = [s for s in (report.author, report.verifier) if s is not None]
    blocks.append("\n".join(f"{s.name} ({s.organization})" if s.organization else s.name for s in people))
    return "\n\n".join(block for block in blocks if block.strip())


def _sections(text: ReportText, spoken: str) -> list[str]:
    blocks = [
        f"{part.title[spoken].upper()}\n{getattr(text, part.field).strip()}"
        for part in SECTIONS
        if getattr(text, part.field).strip()
    ]
    if text.answers:
        pairs = (f"{n}. {question}\n{answer}" for n, (question, answer) in enumerate(text.answers, start=1))
        blocks.append("\n".join([WORDS[spoken]["answers"].upper(), *pairs]))
    return blocks


def _critical(note: CriticalNote, spoken: str) -> str:
    if not note.noted_by:
        return f"- {note.text} ({WORDS[spoken]['not_told']})"
    channel = CHANNELS[spoken].get(note.channel, note.channel)
    return f"- {note.text} ({note.noted_by}{f', {channel}' if channel else ''})"
