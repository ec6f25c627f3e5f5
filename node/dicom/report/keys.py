"""The key images of a report as a Key Object Selection document (IHE KIN, PS3.16 TID 2010)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from highdicom.sr import (
    CodedConcept,
    CompositeContentItem,
    ContainerContentItem,
    ContentSequence,
    ImageContentItem,
    TextContentItem,
)
from highdicom.sr.enum import RelationshipTypeValues as Relation
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from node.dicom.report import _codes_table as table
from node.dicom.report.document import (
    KEY_OBJECTS,
    MANUFACTURER,
    SERIES_NUMBER,
    STORAGE,
    EvidenceItem,
    evidence_dataset,
    finish,
    language,
    moment_of,
    series_uid,
    sop_uid,
    stamp,
)
from node.dicom.report.narrative import observer_items
from node.dicom.setup import configure
from node.dicom.study_header import text_of
from node.domain.report import SignedReport
from node.errors import Invalid

_WAVEFORMS = "9."  # storage classes below STORAGE


def build_key_objects(report: SignedReport, study: Mapping[str, Any], evidence: Sequence[EvidenceItem]) -> bytes | None:
    """The selection as a Part 10 file; None when no image was chosen. Raises `Invalid` for an image of another study."""
    configure()
    if not report.text.key_images:
        return None
    images = {e.sop_instance_uid: e for e in evidence}
    if not images.keys() >= set(report.text.key_images):
        raise Invalid("A key image is not part of the study.", hint="Remove it from the report and choose it again.")
    chosen = [images[uid] for uid in report.text.key_images]
    ds = KeyObjectSelectionDocument(
        evidence=[evidence_dataset(report.study_instance_uid, image) for image in chosen],
        content=_content(report, chosen),
        series_instance_uid=series_uid(KEY_OBJECTS, report.series_instance_uid),
        series_number=SERIES_NUMBER + KEY_OBJECTS.series_offset,
        sop_instance_uid=sop_uid(KEY_OBJECTS, report.sop_instance_uid),
        instance_number=report.version,
        manufacturer=MANUFACTURER,
        institution_name=text_of(report.observer_organization)[:64] or None,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        specific_character_set="ISO_IR 192",
        series_description=KEY_OBJECTS.title[language(report)],
    )
    for item in ds.ContentSequence:
        if item.ValueType not in {"IMAGE", "COMPOSITE"}:
            continue
        del item.ConceptNameCodeSequence  # the template has no purpose of reference; the toolkit writes one
        if str(item.ReferencedSOPSequence[0].ReferencedSOPClassUID).removeprefix(STORAGE).startswith(_WAVEFORMS):
            item.ValueType = "WAVEFORM"  # which the toolkit's documents do not take
    stamp(ds, moment_of(report, study), "Series", "Content")
    return finish(ds, report, study)


def _content(report: SignedReport, chosen: Sequence[EvidenceItem]) -> KeyObjectSelection:
    root = ContainerContentItem(table.FOR_REPORT_ATTACHMENT, is_content_continuous=False, template_id="2010")
    title = KEY_OBJECTS.title[language(report)]
    root.ContentSequence = ContentSequence(
        [
            *observer_items(report.author or report.verifier, report)[:3],
            TextContentItem(table.KEY_OBJECT_DESCRIPTION, title, Relation.CONTAINS),
            *(_item(image, report) for image in chosen),
        ]
    )
    content = KeyObjectSelection(CodedConcept.from_code(table.FOR_REPORT_ATTACHMENT), [_placeholder(chosen[0])])
    content[0].ContentSequence = root.ContentSequence
    return content


def _placeholder(image: EvidenceItem) -> Dataset:
    """What the toolkit needs to begin a selection; its items are replaced by ours, which know frames and curves."""
    return evidence_dataset("", image)


def _item(image: EvidenceItem, report: SignedReport) -> Any:
    """A reference by value type; of a multi-frame image to the frames that are marked, else to the whole."""
    short = image.sop_class_uid.removeprefix(STORAGE)
    if short not in table.IMAGE_CLASSES:
        return CompositeContentItem(
            table.KEY_OBJECT, image.sop_class_uid, image.sop_instance_uid, relationship_type=Relation.CONTAINS
        )
    marked = {m.frame for m in report.measurements if m.sop_instance_uid == image.sop_instance_uid}
    return ImageContentItem(
        table.KEY_OBJECT,
        image.sop_class_uid,
        image.sop_instance_uid,
        referenced_frame_numbers=sorted(marked) if marked and image.frames > 1 else None,
        relationship_type=Relation.CONTAINS,
    )
