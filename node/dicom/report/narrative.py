"""A signed report as a DICOM structured report.

The document follows PS3.16 TID 2000 "Basic Diagnostic Imaging Report": one container per section with a heading of
CID 7001, the text inside as an element of CID 7002 (TID 2002). Measurements stand as numbers among the findings, each
inferred from coordinates on its image, so that the document alone carries all that was signed; the printed sheet is made
of it again where the report comes home. It is encoded as Enhanced SR, which has coordinates on images too (PS3.3
A.35.2): the template uses neither references between content items nor coordinates in the patient, which is what the
Comprehensive classes add; IHE "Simple Image and Numeric Report" names this class; and who takes Comprehensive SR takes
the smaller class, while the reverse does not hold.

What was signed is always complete (Completion Flag); a trainee's report is unverified and preliminary until a senior
verifies it, which is a document of its own that names the former as its predecessor (PS3.3 C.17.2).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timezone
from typing import Any

from highdicom.sr import (
    CodeContentItem,
    CompositeContentItem,
    ContainerContentItem,
    ContentSequence,
    DateTimeContentItem,
    EnhancedSR,
    ImageContentItem,
    PnameContentItem,
    TextContentItem,
)
from highdicom.sr.enum import RelationshipTypeValues as Relation
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedSRStorage

from node.dicom.report import _codes_table as table
from node.dicom.report.document import (
    NARRATIVE,
    STORAGE,
    EvidenceItem,
    date_time,
    evidence_dataset,
    evidence_of,
    finish,
    header_arguments,
    identify_schemes,
    moment_of,
    organization,
    organization_text,
    reference,
    stamp,
)
from node.dicom.report.marks import narrative_group
from node.dicom.report.names import licence_codes, observer_name
from node.dicom.setup import configure
from node.dicom.study_header import text_of, zone_of
from node.domain.report import Addendum, CriticalNote, ReportText, Signature, SignedReport
from node.errors import Invalid


class _Report(EnhancedSR):
    """highdicom copies the patient by the IOD of the first image, which fails for classes that it does not know and
    keeps what is wrong there; ours are corrected (`study_header`) and set afterwards."""

    def copy_patient_and_study_information(self, dataset: Dataset) -> None:
        """Nothing: `finish` does it."""


def build_sr(report: SignedReport, study: Mapping[str, Any], evidence: Sequence[EvidenceItem]) -> bytes:
    """The report as a Part 10 file in Explicit VR Little Endian.

    `study` is the DICOM JSON of one image's header, `evidence` all instances of the study. Raises `Invalid` when there
    is no evidence, when a key image or a measured image is not among it, or when the header is another study's.
    """
    configure()
    items = evidence_of(report, evidence)
    ds = _Report(
        evidence=[evidence_dataset(report.study_instance_uid, e) for e in items],
        content=_content(report, {e.sop_instance_uid: e for e in items}, zone_of(study)),
        series_instance_uid=report.series_instance_uid,
        sop_instance_uid=report.sop_instance_uid,
        **header_arguments(report, NARRATIVE),
    )
    stamp(ds, moment_of(report, study), "Series", "Content")
    sign(ds, report, study)
    if report.predecessors:
        ds.PredecessorDocumentsSequence = [_predecessors(report)]
    identify_schemes(ds)
    return finish(ds, report, study)


def sign(ds: Dataset, report: SignedReport, study: Mapping[str, Any]) -> None:
    """Who wrote, who attests without being entitled to verify, and who verified: the report, then each addendum."""
    zone = zone_of(study)
    author = report.author
    if author is not None:
        ds.AuthorObserverSequence = [_person(author)]
        attestor = _person(author)
        attestor.ParticipationType = "ATTEST"
        attestor.ParticipationDateTime = date_time(author.at.astimezone(zone).replace(microsecond=0))
        ds.ParticipantSequence = [attestor]
    verified = [s for s in (report.verifier, *(_last_signature(a) for a in report.addenda)) if s is not None]
    if report.verifier is not None:
        ds.VerifyingObserverSequence = [_verified(s, zone) for s in verified]


def _verified(signature: Signature, zone: timezone) -> Dataset:
    item = Dataset()
    item.VerifyingObserverName = observer_name(signature.name)
    item.VerifyingOrganization = organization_text(signature.organization)
    item.VerificationDateTime = date_time(signature.at.astimezone(zone).replace(microsecond=0))
    item.VerifyingObserverIdentificationCodeSequence = licence_codes(signature.licence_number, signature.name)
    return item


def _person(signature: Signature) -> Dataset:
    """Identified Person or Device (PS3.3 C.17.2, Table C.17-3b)."""
    item = Dataset()
    item.ObserverType = "PSN"
    item.PersonName = observer_name(signature.name)
    item.PersonIdentificationCodeSequence = licence_codes(signature.licence_number, signature.name)
    item.InstitutionName = organization_text(signature.organization)
    item.InstitutionCodeSequence = []
    return item


def _last_signature(addendum: Addendum) -> Signature | None:
    return addendum.signatures[-1] if addendum.signatures else None


def _predecessors(report: SignedReport) -> Dataset:
    """Earlier versions, in the same study (PS3.3 C.17.2)."""
    series: dict[str, Dataset] = {}
    for sop_instance_uid, series_instance_uid in report.predecessors:
        if series_instance_uid not in series:
            series[series_instance_uid] = Dataset()
            series[series_instance_uid].ReferencedSOPSequence = []
            series[series_instance_uid].SeriesInstanceUID = series_instance_uid
        item = reference(EnhancedSRStorage, sop_instance_uid)
        series[series_instance_uid].ReferencedSOPSequence.append(item)
    study = Dataset()
    study.ReferencedSeriesSequence = list(series.values())
    study.StudyInstanceUID = report.study_instance_uid
    return study


# --- the content tree


def _content(report: SignedReport, images: Mapping[str, EvidenceItem], zone: timezone) -> ContainerContentItem:
    """The root container; `images` are the instances of the study by their UID."""
    text = report.text
    spoken = text.language.split("-")[0].lower()
    if spoken not in table.LANGUAGES:
        raise Invalid("The report's language is unknown.", hint=f"Use one of: {', '.join(table.LANGUAGES)}.")
    children: list[Any] = [
        CodeContentItem(table.LANGUAGE, table.LANGUAGES[spoken], Relation.HAS_CONCEPT_MOD),
        *observer_items(report.author or report.verifier, report),
    ]
    sections = _sections(text, spoken)
    sections[table.FINDINGS] += [narrative_group(mark, images) for mark in report.measurements]
    children += [section(heading, items) for heading, items in sections.items()]
    if text.answers:
        children.append(section(table.ANSWERS, _answers(text)))
    if report.criticals:
        children.append(section(table.CRITICALS, [_critical(note, zone) for note in report.criticals]))
    if text.key_images:
        children.append(section(table.KEY_IMAGES, [_key_image(uid, images) for uid in text.key_images]))
    children += [_addendum(addendum, report, spoken) for addendum in report.addenda]
    root = ContainerContentItem(table.TITLE, is_content_continuous=False, template_id="2000")
    root.ContentSequence = ContentSequence(children)
    return root


def observer_items(signature: Signature | None, report: SignedReport) -> list[Any]:
    """TID 1002 and 1003."""
    name = signature.name if signature else report.observer_name
    licence = text_of(signature.licence_number) if signature else ""
    context = Relation.HAS_OBS_CONTEXT
    items: list[Any] = [
        CodeContentItem(table.OBSERVER_TYPE, table.PERSON, context),
        PnameContentItem(table.OBSERVER_NAME, observer_name(name), context),
        TextContentItem(
            table.OBSERVER_ORGANIZATION,
            organization_text(signature.organization) if signature else organization(report),
            context,
        ),
    ]
    if licence:
        items.append(TextContentItem(table.OBSERVER_LICENCE, licence, context))
    return items


def _sections(text: ReportText, spoken: str, *, all_required: bool = True) -> dict[Any, list[Any]]:
    """The elements of each section that has any, by heading."""
    sections: dict[Any, list[Any]] = {}
    for part in table.SECTIONS:
        written = lines(getattr(text, part.field), "\r\n")
        if written or (part.required and all_required):
            words = written or table.NOT_STATED[spoken]
            sections.setdefault(part.heading, []).append(TextContentItem(part.element, words, Relation.CONTAINS))
    order = [part.heading for part in table.SECTIONS]
    return dict(sorted(sections.items(), key=lambda entry: order.index(entry[0])))


def section(heading: Any, children: Sequence[Any]) -> ContainerContentItem:
    container = ContainerContentItem(heading, is_content_continuous=False, relationship_type=Relation.CONTAINS)
    container.ContentSequence = ContentSequence(children)
    return container


def _answers(text: ReportText) -> list[Any]:
    """Each question of the consultation, then its answer."""
    items: list[Any] = []
    for question, answer in text.answers:
        for name, words in ((table.QUESTION, question), (table.ANSWER, answer)):
            items.append(TextContentItem(name, lines(words, "\r\n") or "-", Relation.CONTAINS))
    return items


def _critical(note: CriticalNote, zone: timezone) -> Any:
    """The finding's words, with what is known of its communication as properties (PS3.20 9.7.2)."""
    item = TextContentItem(table.CRITICAL, lines(note.text, "\r\n") or "-", Relation.CONTAINS)
    properties = Relation.HAS_PROPERTIES
    children: list[Any] = [DateTimeContentItem(table.RAISED_AT, date_time(note.raised_at.astimezone(zone)), properties)]
    if note.category in table.CATEGORIES:
        children.insert(0, CodeContentItem(table.CATEGORY, table.CATEGORIES[note.category], properties))
    if note.channel:
        children.append(TextContentItem(table.CHANNEL, text_of(note.channel), properties))
    if note.noted_by:
        children.append(TextContentItem(table.NOTED_BY, text_of(note.noted_by), properties))
    if note.noted_at:
        children.append(DateTimeContentItem(table.NOTED_AT, date_time(note.noted_at.astimezone(zone)), properties))
        children.append(CodeContentItem(table.READ_BACK, table.YES if note.read_back else table.NO, properties))
    item.ContentSequence = ContentSequence(children)
    return item


def _addendum(addendum: Addendum, report: SignedReport, spoken: str) -> ContainerContentItem:
    """A section of its own, after the report's, which stay as they were."""
    elements = [e for items in _sections(addendum.text, spoken, all_required=False).values() for e in items]
    elements += _answers(addendum.text)
    return section(table.ADDENDUM, [*observer_items(_last_signature(addendum), report), *elements])


def _key_image(uid: str, images: Mapping[str, EvidenceItem]) -> Any:
    """A reference to a whole instance; all frames of a multi-frame image (PS3.3 C.18.4)."""
    if uid not in images:
        raise Invalid("A key image is not part of the study.", hint="Remove it from the report and choose it again.")
    sop_class = images[uid].sop_class_uid
    image = sop_class.removeprefix(STORAGE) in table.IMAGE_CLASSES
    # highdicom's documents take no WAVEFORM items; a curve as a key image is referenced as a composite object
    kind: type[Any] = ImageContentItem if image else CompositeContentItem
    return kind(table.KEY_IMAGE_PURPOSE, sop_class, uid, relationship_type=Relation.CONTAINS)


def lines(text: str, end: str) -> str:
    """NFC, one kind of line end, no control characters but the tab, no blank lines around."""
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    kept = ("".join(c for c in line if c == "\t" or unicodedata.category(c) != "Cc") for line in plain.split("\n"))
    return end.join(line.rstrip() for line in "\n".join(kept).strip("\n").rstrip().split("\n"))
