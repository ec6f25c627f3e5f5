"""All documents of one signed version, each checked, in the order in which they are to be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from node.dicom.report.check import check_document
from node.dicom.report.document import EvidenceItem, language
from node.dicom.report.encapsulated import encapsulate
from node.dicom.report.keys import build_key_objects
from node.dicom.report.measurements import build_measurements
from node.dicom.report.narrative import build_sr
from node.dicom.report.pictures import Picture, key_picture
from node.dicom.report.presentation import build_presentations
from node.dicom.report.sheet import build_pdf
from node.dicom.setup import configure
from node.domain.report import SignedReport
from node.errors import Unreadable

_PRINTED = 4


def build_documents(
    report: SignedReport,
    study: Mapping[str, Any],
    evidence: Sequence[EvidenceItem],
    files: Mapping[str, Path],
    *,
    facility_name: str,
) -> list[bytes]:
    """Part 10 files: measurements, key objects, presentation states, the printed sheet, and the narrative last.

    Who finds the narrative kept knows that the others are: it is the only one whose content depends on which images are
    here, so that a repeat after more have come makes the others as they were. `study` is the DICOM JSON of one image's
    header, `files` the stored files of the images that are marked or chosen, by SOP Instance UID. Raises `Invalid`.
    """
    configure()
    headers = {uid: header for uid, path in files.items() if (header := _header(path)) is not None}
    pictures = key_pictures(report, files)
    sheet = build_pdf(report, study, facility_name=facility_name, pictures=pictures)
    documents = [
        build_measurements(report, study, evidence),
        build_key_objects(report, study, evidence),
        *build_presentations(report, study, evidence, headers),
        encapsulate(sheet, report, study, sr_sop_instance_uid=report.sop_instance_uid),
        build_sr(report, study, evidence),
    ]
    made = [document for document in documents if document is not None]
    for document in made:
        check_document(document, evidence)
    return made


def key_pictures(report: SignedReport, files: Mapping[str, Path]) -> list[Picture]:
    """The first key images that can be shown, as many as are printed."""
    pictures: list[Picture] = []
    for uid in report.text.key_images:
        if len(pictures) < _PRINTED and uid in files:
            try:
                pictures.append(key_picture(files[uid], uid, report.measurements, language(report)))
            except Unreadable:
                continue  # a curve, a document, a codec that is not here: the sheet counts it among those not printed
    return pictures


def wanted_images(report: SignedReport) -> set[str]:
    """The SOP Instance UIDs of the images whose files the documents need."""
    return {*report.text.key_images, *(mark.sop_instance_uid for mark in report.measurements)}


def _header(path: Path) -> Dataset | None:
    try:
        return dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, EOFError, ValueError, OSError):
        return None
