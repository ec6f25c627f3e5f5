"""Any structured report as a report: ours with all that was signed, those of other systems with their words.

All TEXT items are kept, under the nearest heading that is known, else under findings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.valuerep import DT

from node.dicom.report import _codes_table as table
from node.dicom.report.marks import is_mark, read_marks
from node.dicom.report.names import display_name, licence_number
from node.dicom.report.narrative import lines
from node.dicom.setup import configure
from node.dicom.study_header import HANOI, text_of
from node.domain.report import (
    Addendum,
    CriticalNote,
    ReportStatus,
    ReportText,
    Signature,
    SignatureRole,
    SignedReport,
    answered_for,
)
from node.errors import Unreadable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # stands for "not stated" in a foreign document
_CONTEXT = frozenset({"HAS OBS CONTEXT", "HAS CONCEPT MOD", "HAS PROPERTIES"})


@dataclass(slots=True)
class _Found:
    """What a walk through the content tree finds."""

    written: dict[str, list[str]] = field(default_factory=lambda: {part.field: [] for part in table.SECTIONS})
    answers: list[tuple[str, str]] = field(default_factory=list)
    images: dict[str, None] = field(default_factory=dict)
    marks: list[Dataset] = field(default_factory=list)
    criticals: list[Dataset] = field(default_factory=list)
    addenda: list[Dataset] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)  # the first language, observer, organization, licence

    def text(self, language: str) -> ReportText:
        sections: dict[str, Any] = {name: _joined(texts) for name, texts in self.written.items()}
        return ReportText(**sections, key_images=tuple(self.images), language=language, answers=tuple(self.answers))


def read_report(source: Path | BinaryIO) -> SignedReport:
    """The report in a structured report document, a file or an open one, of any origin and SR class.

    `signed_at` is the time of the newest verification, else of the content, else `EPOCH`; user names are not in it.
    Raises `Unreadable` when the file is no structured report.
    """
    configure()
    try:
        ds = dcmread(source)
        return _report(ds)
    except (
        InvalidDicomError, AttributeError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError,
        RecursionError,
    ) as error:  # fmt: skip
        raise Unreadable(
            "The structured report cannot be read.", hint="Ask the sender for the report again."
        ) from error


def _report(ds: Dataset) -> SignedReport:
    if ds.get("ValueType") != "CONTAINER" or "ContentSequence" not in ds:
        raise InvalidDicomError("no content tree")
    found = _Found()
    _walk(ds, "findings", found)
    zone = _zone(ds)
    verified = [_signature(item, SignatureRole.VERIFIER, zone) for item in ds.get("VerifyingObserverSequence") or []]
    attested = [_attestor(item, zone) for item in ds.get("ParticipantSequence") or [] if _is_attestor(item)]
    language = found.facts.get("language") or "vi"
    addenda = [_addendum(item, verified[1 + n : 2 + n], language) for n, item in enumerate(found.addenda)]
    responsible = next(iter(verified or attested), None)
    return SignedReport(
        text=found.text(language),
        study_instance_uid=str(ds.StudyInstanceUID),
        sop_instance_uid=str(ds.SOPInstanceUID),
        series_instance_uid=str(ds.SeriesInstanceUID),
        observer_name=(responsible.name if responsible else "") or found.facts.get("observer", ""),
        observer_organization=(responsible.organization if responsible else "") or found.facts.get("organization", ""),
        signed_at=_signed_at(ds, zone),
        version=max(1, int(ds.get("InstanceNumber") or 1)),
        predecessors=_predecessors(ds),
        status=_status(ds, addenda),
        signatures=(*attested[:1], *verified[:1]),
        measurements=read_marks(found.marks, _series_of(ds)),
        criticals=tuple(_critical(item) for item in found.criticals),
        addenda=tuple(addenda),
    )


def _status(ds: Dataset, addenda: Sequence[Addendum]) -> ReportStatus:
    flags = (str(ds.get(name) or "") for name in ("VerificationFlag", "CompletionFlag", "PreliminaryFlag"))
    if not answered_for(*flags):
        return ReportStatus.PRELIMINARY
    return ReportStatus.ADDENDUM if addenda else ReportStatus.FINAL


# --- the content tree


def _walk(item: Dataset, section: str, found: _Found) -> None:
    """All content items below, each in the section that it belongs to."""
    for child in item.get("ContentSequence", []):
        name = _name(child)
        if name == table.ADDENDUM.value and child.get("ValueType") == "CONTAINER":
            found.addenda.append(child)
            continue
        if is_mark(child):
            found.marks.append(child)
            continue
        if name == table.ANSWERS.value and (pairs := _answers(child)):
            found.answers += pairs
            continue
        if name == table.CRITICAL.value:
            found.criticals.append(child)
            continue
        _take(child, table.SECTION_BY_CODE.get(name, section), name, found)
        _walk(child, table.SECTION_BY_CODE.get(name, section), found)


def _take(item: Dataset, section: str, name: str, found: _Found) -> None:
    kind = str(item.get("ValueType", ""))
    if kind == "TEXT" and item.get("RelationshipType") not in _CONTEXT:
        found.written[section].append(lines(str(item.get("TextValue", "")), "\n"))
    elif kind in {"IMAGE", "COMPOSITE", "WAVEFORM"}:
        found.images.update((str(r.ReferencedSOPInstanceUID), None) for r in item.get("ReferencedSOPSequence", []))
    fact = _FACTS.get(name)
    if fact is not None and not found.facts.get(fact[0]):
        found.facts[fact[0]] = fact[1](item)


def _language_of(item: Dataset) -> str:
    return str(_first(item, "ConceptCodeSequence").get("CodeValue", "")).split("-")[0].lower()


def _words(item: Dataset) -> str:
    return text_of(item.get("TextValue") or "")


_FACTS: Mapping[str, tuple[str, Any]] = {
    table.LANGUAGE.value: ("language", _language_of),
    table.OBSERVER_NAME.value: ("observer", lambda item: display_name(item.get("PersonName"))),
    table.OBSERVER_ORGANIZATION.value: ("organization", _words),
    table.OBSERVER_LICENCE.value: ("licence", _words),
}


def _answers(container: Dataset) -> list[tuple[str, str]]:
    """Ours have the question before each answer; those of other systems are conclusions without questions."""
    pairs: list[tuple[str, str]] = []
    asked: str | None = None
    for child in container.get("ContentSequence", []):
        words = lines(str(child.get("TextValue", "")), "\n")
        if _name(child) == table.QUESTION.value:
            asked = words
        elif _name(child) == table.ANSWER.value and asked is not None:
            pairs.append((asked, words))
            asked = None
    return pairs


def _critical(item: Dataset) -> CriticalNote:
    said = {_name(child): child for child in item.get("ContentSequence", [])}

    def words(code: Any) -> str:
        return _words(said.get(code.value, Dataset()))

    def moment(code: Any) -> datetime | None:
        return _moment(str(said.get(code.value, Dataset()).get("DateTime") or ""), HANOI)

    def coded(code: Any) -> str:
        return str(_first(said.get(code.value, Dataset()), "ConceptCodeSequence").get("CodeValue", ""))

    category = next((n for n, code in table.CATEGORIES.items() if code.value == coded(table.CATEGORY)), 1)
    return CriticalNote(
        category=category,
        text=lines(str(item.get("TextValue", "")), "\n"),
        raised_at=moment(table.RAISED_AT) or EPOCH,
        channel=words(table.CHANNEL),
        noted_by=words(table.NOTED_BY),
        read_back=coded(table.READ_BACK) == table.YES.value,
        noted_at=moment(table.NOTED_AT),
    )


def _addendum(container: Dataset, verified: Sequence[Signature], language: str) -> Addendum:
    found = _Found()
    section = "conclusion"
    pairs = _answers(container)
    for child in container.get("ContentSequence", []):
        if pairs and _name(child) in {table.QUESTION.value, table.ANSWER.value}:
            continue
        _take(child, table.SECTION_BY_CODE.get(_name(child), section), _name(child), found)
    found.answers = pairs
    at = verified[0].at if verified else EPOCH
    name, organization = found.facts.get("observer", ""), found.facts.get("organization", "")
    stated = Signature(SignatureRole.VERIFIER, "", name, found.facts.get("licence", ""), organization, at)
    return Addendum(found.text(language), tuple(verified) or (stated,), at)


def _joined(texts: Sequence[str]) -> str:
    return "\n".join(t for t in texts if t and t not in table.NOT_STATED.values())


def _name(item: Dataset) -> str:
    return str(_first(item, "ConceptNameCodeSequence").get("CodeValue", ""))


def _first(ds: Dataset, keyword: str) -> Dataset:
    return next(iter(ds.get(keyword) or []), Dataset())


# --- who and when


def _signature(item: Dataset, role: SignatureRole, zone: timezone) -> Signature:
    return Signature(
        role=role,
        username="",
        name=display_name(item.get("VerifyingObserverName")),
        licence_number=licence_number(item.get("VerifyingObserverIdentificationCodeSequence") or []),
        organization=text_of(item.get("VerifyingOrganization") or ""),
        at=_moment(str(item.get("VerificationDateTime") or ""), zone) or EPOCH,
    )


def _is_attestor(item: Dataset) -> bool:
    return item.get("ParticipationType") == "ATTEST" and item.get("ObserverType") == "PSN"


def _attestor(item: Dataset, zone: timezone) -> Signature:
    return Signature(
        role=SignatureRole.AUTHOR,
        username="",
        name=display_name(item.get("PersonName")),
        licence_number=licence_number(item.get("PersonIdentificationCodeSequence") or []),
        organization=text_of(item.get("InstitutionName") or ""),
        at=_moment(str(item.get("ParticipationDateTime") or ""), zone) or EPOCH,
    )


def _predecessors(ds: Dataset) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(instance.ReferencedSOPInstanceUID), str(series.get("SeriesInstanceUID") or ""))
        for study in ds.get("PredecessorDocumentsSequence", [])
        for series in study.get("ReferencedSeriesSequence", [])
        for instance in series.get("ReferencedSOPSequence", [])
    )


def _series_of(ds: Dataset) -> dict[str, str]:
    return dict(_evidence(ds))


def _evidence(ds: Dataset) -> Iterator[tuple[str, str]]:
    for study in ds.get("CurrentRequestedProcedureEvidenceSequence", []):
        for series in study.get("ReferencedSeriesSequence", []):
            for instance in series.get("ReferencedSOPSequence", []):
                yield str(instance.get("ReferencedSOPInstanceUID", "")), str(series.get("SeriesInstanceUID", ""))


def _zone(ds: Dataset) -> timezone:
    offset = str(ds.get("TimezoneOffsetFromUTC") or "")
    if len(offset) == 5 and offset[1:].isdigit():
        return datetime.strptime(offset, "%z").tzinfo or HANOI  # type: ignore[return-value]
    return HANOI


def _signed_at(ds: Dataset, zone: timezone) -> datetime:
    verified = [str(v.get("VerificationDateTime") or "") for v in ds.get("VerifyingObserverSequence") or []]
    stated = (
        *reversed(verified),
        f"{ds.get('ContentDate') or ''}{ds.get('ContentTime') or ''}",
        f"{ds.get('InstanceCreationDate') or ''}{ds.get('InstanceCreationTime') or ''}",
    )
    return next((moment for moment in (_moment(text, zone) for text in stated) if moment is not None), EPOCH)


def _moment(text: str, zone: timezone) -> datetime | None:
    try:
        moment = DT(text) if len(text) >= 8 else None
    except ValueError:
        return None
    if moment is None:
        return None
    plain = datetime.fromisoformat(moment.isoformat())
    return plain if plain.tzinfo else plain.replace(tzinfo=zone)
