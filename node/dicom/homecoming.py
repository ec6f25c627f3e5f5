"""A pseudonymous report made into the origin's own: re-identified SR and, for people, a PDF twin with the patient's name."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from node.dicom.dataset import json_metadata
from node.dicom.reidentify import reidentify
from node.dicom.report.encapsulated import encapsulate
from node.dicom.report.reading import read_report
from node.dicom.report.sheet import build_pdf
from node.dicom.setup import configure
from node.dicom.study_header import patient_and_study
from node.errors import IdentityUnknown, Unreadable


def bring_home(
    path: Path, identity: Mapping[str, Any] | None, original_uid: Callable[[str], str | None], *, organization: str
) -> list[bytes]:
    """The Part 10 objects that go to the origin's PACS: the SR, and the Encapsulated PDF made of it.

    Raises `IdentityUnknown` when the vault does not know the study, `Unreadable` when the object is not a report.
    Deterministic: repeated for the same object it gives the same bytes.
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
    reidentify(ds, identity, original_uid)
    for element in patient_and_study(identity, str(ds.StudyInstanceUID)):
        ds[element.tag] = element  # what the modality wrote wrongly (a birth date 00000000) is not written again
    home = _encode(ds)
    report = read_report(io.BytesIO(home))
    study = json_metadata(ds)
    pdf = build_pdf(report, study, facility_name=report.observer_organization or organization, origin_name=organization)
    twin = encapsulate(
        pdf, report, study, sr_sop_instance_uid=str(ds.SOPInstanceUID), sr_sop_class_uid=str(ds.SOPClassUID)
    )
    return [home, twin]


def _encode(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
