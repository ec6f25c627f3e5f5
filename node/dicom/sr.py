"""A signed report as a DICOM structured report, and any structured report as a report.

The document follows PS3.16 TID 2000 "Basic Diagnostic Imaging Report": one container per section with a heading of
CID 7001, the text inside as an element of CID 7002 (TID 2002). It is encoded as Enhanced SR: the template uses neither
references between content items nor coordinates in the patient, which are what Comprehensive SR adds; IHE "Simple Image
and Numeric Report" names this class; and who takes Comprehensive SR takes the smaller class too, while the reverse does
not hold. Basic Text SR would do for the text, but has no place for the measurements that templates will add.

Equal inputs give equal bytes: a repeat after a crash is the same object, not a second report.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timezone
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from highdicom.sr import (
    CodeContentItem,
    CompositeContentItem,
    ContainerContentItem,
    ContentSequence,
    EnhancedSR,
    ImageContentItem,
    PnameContentItem,
    TextContentItem,
)
from highdicom.sr.enum import RelationshipTypeValues as Relation
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, EnhancedSRStorage, ExplicitVRLittleEndian
from pydicom.valuerep import DT, PersonName

from node.dicom import _codes_table as table
from node.dicom.setup import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, configure
from node.dicom.study_header import HANOI, offset_text, patient_and_study, text_of, zone_of
from node.domain.report import ReportText, SignedReport
from node.errors import Invalid, Unreadable

MANUFACTURER = "Liên Tuyến"
SERIES_NUMBER = 9001  # above what modalities use, so that viewers list the report last
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # stands for "not stated" in a foreign document

_STORAGE = "1.2.840.10008.5.1.4.1.1."


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One instance of the study that the report is about."""

    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str


class _Report(EnhancedSR):
    """highdicom copies the patient by the IOD of the first image, which fails for classes that it does not know and
    keeps what is wrong there; ours are corrected (`study_header`) and set afterwards."""

    def copy_patient_and_study_information(self, dataset: Dataset) -> None:
        """Nothing: `build_sr` does it."""


def build_sr(report: SignedReport, study: Mapping[str, Any], evidence: Sequence[EvidenceItem]) -> bytes:
    """The report as a Part 10 file in Explicit VR Little Endian.

    `study` is the DICOM JSON of one image's header, `evidence` all instances of the study. Raises `Invalid` when there
    is no evidence, when a key image is not among it, or when the header is another study's.
    """
    configure()
    items = sorted(
        {e for e in evidence if e.sop_instance_uid != report.sop_instance_uid},
        key=lambda e: (e.series_instance_uid, e.sop_instance_uid, e.sop_class_uid),
    )
    if not items:
        raise Invalid("The report's study has no images.", hint="Wait until its images have arrived, then sign again.")
    zone = zone_of(study)
    head = patient_and_study(study, report.study_instance_uid)
    content = _content(report, {e.sop_instance_uid: e.sop_class_uid for e in items})
    ds = _Report(
        evidence=[_evidence(report.study_instance_uid, e) for e in items],
        content=content,
        series_instance_uid=report.series_instance_uid,
        series_number=SERIES_NUMBER,
        sop_instance_uid=report.sop_instance_uid,
        instance_number=report.version,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=True,
        is_verified=True,
        institution_name=text_of(report.observer_organization)[:64] or None,
        verifying_observer_name=observer_name(report.observer_name),
        verifying_organization=_organization(report),
        transfer_syntax_uid=ExplicitVRLittleEndian,
        specific_character_set="ISO_IR 192",
        series_description="Kết quả chẩn đoán hình ảnh"
        if report.text.language == "vi"
        else "Diagnostic imaging report",
    )
    ds.update(head)
    _stamp(ds, report.signed_at.astimezone(zone))
    if report.predecessors:
        ds.PredecessorDocumentsSequence = [_predecessors(report)]
    return part10(ds)


def part10(ds: Dataset) -> bytes:
    """A Part 10 file, the same bytes for the same dataset."""
    ds.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    ds.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def _stamp(ds: Dataset, signed_at: datetime) -> None:
    """Every date and time of the document is the moment of signing, in place of highdicom's clock."""
    moment = signed_at.replace(microsecond=0)
    day, time = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
    for keyword in ("InstanceCreationDate", "SeriesDate", "ContentDate"):
        setattr(ds, keyword, day)
    for keyword in ("InstanceCreationTime", "SeriesTime", "ContentTime"):
        setattr(ds, keyword, time)
    ds.TimezoneOffsetFromUTC = offset_text(moment)
    # with its own offset: it must stay true when a receiver drops the attribute above
    ds.VerifyingObserverSequence[0].VerificationDateTime = DT(f"{day}{time}{offset_text(moment)}")
    del ds.ContributingEquipmentSequence


def _evidence(study_instance_uid: str, item: EvidenceItem) -> Dataset:
    """The instance as highdicom wants it. Patient and study stay empty: its warnings of odd names hold the name."""
    ds = Dataset()
    ds.SOPClassUID = item.sop_class_uid
    ds.SOPInstanceUID = item.sop_instance_uid
    ds.SeriesInstanceUID = item.series_instance_uid
    ds.StudyInstanceUID = study_instance_uid
    ds.PatientID = ds.PatientName = ds.PatientBirthDate = ds.PatientSex = ""
    ds.StudyDate = ds.StudyTime = ds.AccessionNumber = ds.StudyID = ""
    return ds


def _predecessors(report: SignedReport) -> Dataset:
    """Earlier versions stand in the same study and series (PS3.3 C.17.2)."""
    series = Dataset()
    series.ReferencedSOPSequence = []
    for uid in report.predecessors:
        item = Dataset()
        item.ReferencedSOPClassUID = EnhancedSRStorage
        item.ReferencedSOPInstanceUID = uid
        series.ReferencedSOPSequence.append(item)
    series.SeriesInstanceUID = report.series_instance_uid
    study = Dataset()
    study.ReferencedSeriesSequence = [series]
    study.StudyInstanceUID = report.study_instance_uid
    return study


# --- the content tree


def _content(report: SignedReport, classes: Mapping[str, str]) -> ContainerContentItem:
    """The root container; `classes` gives the SOP class of every instance of the study."""
    text = report.text
    language = text.language.split("-")[0].lower()
    if language not in table.LANGUAGES:
        raise Invalid("The report's language is unknown.", hint=f"Use one of: {', '.join(table.LANGUAGES)}.")
    children: list[Any] = [
        CodeContentItem(table.LANGUAGE, table.LANGUAGES[language], Relation.HAS_CONCEPT_MOD),
        CodeContentItem(table.OBSERVER_TYPE, table.PERSON, Relation.HAS_OBS_CONTEXT),
        PnameContentItem(table.OBSERVER_NAME, observer_name(report.observer_name), Relation.HAS_OBS_CONTEXT),
        TextContentItem(table.OBSERVER_ORGANIZATION, _organization(report), Relation.HAS_OBS_CONTEXT),
    ]
    for section in table.SECTIONS:
        written = _lines(getattr(text, section.field), "\r\n")
        if written or section.required:
            words = written or table.NOT_STATED[language]
            children.append(_section(section.heading, [TextContentItem(section.element, words, Relation.CONTAINS)]))
    if text.key_images:
        children.append(_section(table.KEY_IMAGES, [_key_image(uid, classes) for uid in text.key_images]))
    root = ContainerContentItem(table.TITLE, is_content_continuous=False, template_id="2000")
    root.ContentSequence = ContentSequence(children)
    return root


def _section(heading: Any, children: Sequence[Any]) -> ContainerContentItem:
    container = ContainerContentItem(heading, is_content_continuous=False, relationship_type=Relation.CONTAINS)
    container.ContentSequence = ContentSequence(children)
    return container


def _key_image(uid: str, classes: Mapping[str, str]) -> Any:
    """A reference to a whole instance; all frames of a multi-frame image (PS3.3 C.18.4)."""
    if uid not in classes:
        raise Invalid("A key image is not part of the study.", hint="Remove it from the report and choose it again.")
    sop_class = classes[uid]
    image = sop_class.removeprefix(_STORAGE) in table.IMAGE_CLASSES
    # highdicom's documents take no WAVEFORM items; a curve as a key image is referenced as a composite object
    kind: type[Any] = ImageContentItem if image else CompositeContentItem
    return kind(table.KEY_IMAGE_PURPOSE, sop_class, uid, relationship_type=Relation.CONTAINS)


def _lines(text: str, end: str) -> str:
    """NFC, one kind of line end, no control characters but the tab, no blank lines around."""
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    kept = ("".join(c for c in line if c == "\t" or unicodedata.category(c) != "Cc") for line in plain.split("\n"))
    return end.join(line.rstrip() for line in "\n".join(kept).strip("\n").rstrip().split("\n"))


def _organization(report: SignedReport) -> str:
    return text_of(report.observer_organization)[:64].rstrip() or MANUFACTURER


# --- names of observers


def observer_name(display: str) -> str:
    """A PN value for a display name such as "BS. Trần Thị Hồng Ánh".

    The academic title goes to the prefix and the whole name to the first component: which part of a Vietnamese name is
    the family's cannot be told from the text, and the order of the words must not change.
    """
    words = text_of(display).replace("^", " ").replace("=", " ").replace("\\", " ").split()
    count = 0
    while count < len(words) - 1 and ("." in words[count] or words[count].upper() in _TITLES):
        count += 1
    name, title = " ".join(words[count:])[:60], " ".join(words[:count])[:60]
    if len(name) + len(title) > 60:
        title = ""
    return f"{name}^^^{title}" if title else f"{name or '-'}^"


_TITLES = frozenset(
    {"BS", "BSCKI", "BSCKII", "BSNT", "THS", "TS", "PGS", "GS", "CKI", "CKII", "CK1", "CK2", "DR", "PROF"}
)


def display_name(name: PersonName | str | None) -> str:
    """The name as it is printed: our own names as they were, others as prefix, given, middle, family, suffix."""
    if name is None:
        return ""
    parts = [text_of(p) for p in str(name).split("=")[0].split("^")] + [""] * 5
    family, given, middle, prefix, suffix = parts[:5]
    written = " ".join(p for p in (prefix, given, middle, family) if p)
    written = "" if written == "-" else written
    return f"{written}, {suffix}" if suffix and written else written


# --- reading


def read_report(source: Path | BinaryIO) -> SignedReport:
    """The report in a structured report document, a file or an open one, of any origin and SR class.

    All TEXT items are kept, under the nearest heading that is known, else under findings. `signed_at` is the time of
    verification, else of the content, else `EPOCH`. Raises `Unreadable` when the file is no structured report.
    """
    configure()
    try:
        ds = dcmread(source)
        return _report(ds)
    except (InvalidDicomError, AttributeError, ValueError, TypeError, KeyError, IndexError, EOFError) as error:
        raise Unreadable(
            "The structured report cannot be read.", hint="Ask the sender for the report again."
        ) from error


def _report(ds: Dataset) -> SignedReport:
    if ds.get("ValueType") != "CONTAINER" or "ContentSequence" not in ds:
        raise InvalidDicomError("no content tree")
    written: dict[str, list[str]] = {section.field: [] for section in table.SECTIONS}
    images: dict[str, None] = {}
    facts = {"language": "", "observer": "", "organization": ""}
    for item, field, name in _walk(ds, "findings"):
        kind = str(item.get("ValueType", ""))
        if kind == "TEXT" and item.get("RelationshipType") not in {"HAS OBS CONTEXT", "HAS CONCEPT MOD"}:
            written[field].append(_lines(str(item.get("TextValue", "")), "\n"))
        elif kind in {"IMAGE", "COMPOSITE", "WAVEFORM"}:
            images.update((str(r.ReferencedSOPInstanceUID), None) for r in item.get("ReferencedSOPSequence", []))
        _note(facts, item, name)
    verifier = _first(ds, "VerifyingObserverSequence")
    sections: dict[str, Any] = {field: _joined(texts) for field, texts in written.items()}
    return SignedReport(
        text=ReportText(**sections, key_images=tuple(images), language=facts["language"] or "vi"),
        study_instance_uid=str(ds.StudyInstanceUID),
        sop_instance_uid=str(ds.SOPInstanceUID),
        series_instance_uid=str(ds.SeriesInstanceUID),
        observer_name=display_name(verifier.get("VerifyingObserverName")) or facts["observer"],
        observer_organization=text_of(verifier.get("VerifyingOrganization") or "") or facts["organization"],
        signed_at=_signed_at(ds, verifier),
        version=max(1, int(ds.get("InstanceNumber") or 1)),
        predecessors=_predecessor_uids(ds),
    )


def _walk(item: Dataset, field: str) -> Iterator[tuple[Dataset, str, str]]:
    """All content items below, each with the section that it belongs to and the code of its name."""
    for child in item.get("ContentSequence", []):
        name = str(_first(child, "ConceptNameCodeSequence").get("CodeValue", ""))
        below = table.SECTION_BY_CODE.get(name, field)
        yield child, below, name
        yield from _walk(child, below)


def _note(facts: dict[str, str], item: Dataset, name: str) -> None:
    """Keeps the first language, observer and organisation that the document states."""
    if name == table.LANGUAGE.value:
        found = ("language", str(_first(item, "ConceptCodeSequence").get("CodeValue", "")).split("-")[0].lower())
    elif name == table.OBSERVER_NAME.value:
        found = ("observer", display_name(item.get("PersonName")))
    elif name == table.OBSERVER_ORGANIZATION.value:
        found = ("organization", text_of(item.get("TextValue") or ""))
    else:
        return
    facts[found[0]] = facts[found[0]] or found[1]


def _joined(texts: Sequence[str]) -> str:
    return "\n".join(t for t in texts if t and t not in table.NOT_STATED.values())


def _first(ds: Dataset, keyword: str) -> Dataset:
    return next(iter(ds.get(keyword) or []), Dataset())


def _predecessor_uids(ds: Dataset) -> tuple[str, ...]:
    return tuple(
        str(instance.ReferencedSOPInstanceUID)
        for study in ds.get("PredecessorDocumentsSequence", [])
        for series in study.get("ReferencedSeriesSequence", [])
        for instance in series.get("ReferencedSOPSequence", [])
    )


def _signed_at(ds: Dataset, verifier: Dataset) -> datetime:
    offset = str(ds.get("TimezoneOffsetFromUTC") or "")
    zone: timezone = HANOI
    if len(offset) == 5 and offset[1:].isdigit():
        zone = datetime.strptime(offset, "%z").tzinfo or HANOI  # type: ignore[assignment]
    stated = (
        str(verifier.get("VerificationDateTime") or ""),
        f"{ds.get('ContentDate') or ''}{ds.get('ContentTime') or ''}",
        f"{ds.get('InstanceCreationDate') or ''}{ds.get('InstanceCreationTime') or ''}",
    )
    for text in stated:
        try:
            moment = DT(text)
        except ValueError:
            continue
        if moment is not None and len(text) >= 8:
            plain = datetime.fromisoformat(moment.isoformat())
            return plain if plain.tzinfo else plain.replace(tzinfo=zone)
    return EPOCH
