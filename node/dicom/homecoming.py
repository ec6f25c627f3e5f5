"""A pseudonymous document of a report made into the origin's own, and for people a printed sheet with the patient's name.

What comes is re-identified as it is: narrative report, measurements, key objects, presentation states. The sheet is made
here, of the narrative report and of the original images: no printed document ever travels under a pseudonym.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from node.dicom.dataset import json_metadata
from node.dicom.decoded import elements, texts
from node.dicom.reidentify import reidentify
from node.dicom.report.bundle import key_pictures, wanted_images
from node.dicom.report.check import check_document
from node.dicom.report.document import MANUFACTURER
from node.dicom.report.encapsulated import encapsulate
from node.dicom.report.reading import read_report
from node.dicom.report.sheet import build_pdf
from node.dicom.setup import configure
from node.dicom.study_header import patient_and_study
from node.errors import Conflict, IdentityUnknown, Unreadable

_MEASUREMENTS = "1500"  # TID of documents that are numbers, not a report for people
_NAMES = ("PatientName", "PatientID", "AccessionNumber", "StudyID")
_TELLING = 4  # characters: shorter values are anybody's
_WRITTEN = frozenset({"TextValue", "CodeMeaning", "UnformattedTextValue"})  # the reader's words stay as they are

Files = Callable[[str, Collection[str]], Mapping[str, Path]]  # of a study, the stored files of these instances


def bring_home(
    path: Path,
    identity: Mapping[str, Any] | None,
    original_uid: Callable[[str], str | None],
    files: Files,
    *,
    organization: str,
) -> list[bytes]:
    """The Part 10 objects that go to the origin's PACS: the document, and beside a narrative report its Encapsulated PDF.

    Raises `IdentityUnknown` when the vault does not know the study, `Unreadable` when the object is not a report's,
    `Conflict` when something of the pseudonym is left. Deterministic: repeated for the same object it gives the same bytes.
    """
    configure()
    if identity is None:
        raise IdentityUnknown(
            "The study that this report is about did not leave from here: its pseudonym is not in the vault.",
            hint="Ask the reading hospital which study it means, or restore the vault's backup; then retry.",
        )
    ds = pydicom.dcmread(path)
    if ds.SOPClassUID == EncapsulatedPDFStorage:
        raise Unreadable("A PDF cannot be re-identified; the PDF is made from the structured report instead.")
    left = {text for keyword in _NAMES if len(text := str(ds.get(keyword) or "").rstrip("^ ")) >= _TELLING}
    reidentify(ds, identity, original_uid)
    for element in patient_and_study(identity, str(ds.StudyInstanceUID)):
        ds[element.tag] = element  # what the modality wrote wrongly (a birth date 00000000) is not written again
    _require_nothing_left(ds, left, original_uid)
    home = _encode(ds)
    if ds.get("Manufacturer") == MANUFACTURER:
        check_document(home)
    return [home, _printed(ds, home, files, organization)] if _is_narrative(ds) else [home]


def _is_narrative(ds: Dataset) -> bool:
    """Whether people read it: every structured report but measurements; not key objects and presentation states."""
    template = next(iter(ds.get("ContentTemplateSequence") or []), Dataset())
    return ds.get("Modality") == "SR" and template.get("TemplateIdentifier") != _MEASUREMENTS


def _printed(ds: Dataset, home: bytes, files: Files, organization: str) -> bytes:
    """The sheet, its key images rendered from the original pixels."""
    report = read_report(io.BytesIO(home))
    study = json_metadata(ds)
    sheet = build_pdf(
        report,
        study,
        facility_name=report.observer_organization or organization,
        origin_name=organization,
        pictures=key_pictures(report, files(report.study_instance_uid, wanted_images(report))),
    )
    return encapsulate(
        sheet, report, study, sr_sop_instance_uid=str(ds.SOPInstanceUID), sr_sop_class_uid=str(ds.SOPClassUID)
    )


def _require_nothing_left(ds: Dataset, left: Collection[str], original_uid: Callable[[str], str | None]) -> None:
    """No UID is a pseudonym of this node's any more, and no attribute but the reader's words has a pseudonym's value."""
    own = {str(ds.get(keyword) or "").rstrip("^ ") for keyword in _NAMES}
    for _, element, path in elements(ds):
        if element.VR == "SQ" or element.keyword in _WRITTEN or element.is_empty:
            continue
        for text in texts(element):
            known = element.VR == "UI" and original_uid(text) not in (None, text)
            named = element.VR in {"LO", "PN", "SH"} and text.rstrip("^ ") in left and text.rstrip("^ ") not in own
            if known or named:
                raise Conflict(
                    f"Something of the pseudonym is left in the re-identified document ({path}).",
                    hint="Ask the reading site which program made it, and match the report by hand.",
                )


def _encode(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
