"""A report that comes home gets its patient, its study and the original UIDs back (PS3.15 E.2).

Nothing is guessed: a study or a referenced instance that the vault does not know holds the report. The text of the report
stays as its author wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydicom.dataset import Dataset

from node.dicom.decoded import decode, elements, texts
from node.dicom.original_identity import ACCESSION_NUMBER, STUDY_INSTANCE_UID, restore
from node.dicom.setup import configure
from node.dicom.uids import is_registered
from node.errors import IdentityUnknown

_REFERENCED_INSTANCE: Final = 0x00081155
_REFERENCED_REQUESTS: Final = 0x0040A370
_MARKS: Final = (0x00120062, 0x00120063, 0x00120064, 0x00280303)
# Sequences that name documents made where this one was made: earlier versions, twins, the document it was rendered from.
_FAMILY: Final = ("PredecessorDocumentsSequence", "IdenticalDocumentsSequence", "SourceInstanceSequence")


def study_pseudonym(ds: Dataset) -> str:
    """The Study Instance UID to look the study up by. Raises `IdentityUnknown` when there is none."""
    uid = str(ds.get("StudyInstanceUID") or "")
    if not uid:
        raise IdentityUnknown("The report has no Study Instance UID.", hint="Ask the reading site to send it again.")
    return uid


def reidentify(ds: Dataset, identity: Mapping[str, Any], original_uid: Callable[[str], str | None]) -> None:
    """Puts `identity` (of `Pseudonyms`) and the original UIDs into `ds`, its file meta information included.

    `original_uid` gives the original of a pseudonym UID, None when it is not known: a UID of the reading site's own, which
    stays. Raises `IdentityUnknown`, before anything is changed, when the study or a referenced instance is unknown.
    """
    configure()
    study = study_pseudonym(ds)
    original_study = original_uid(study)
    if original_study is None:
        raise IdentityUnknown(
            "The report's study has no identity in this node's vault.",
            hint="It was not sent from here, or the vault was lost: restore the vault, or match the report by hand.",
        )
    decode(ds)
    _require_known_references(ds, original_uid)
    for _, element, _ in elements(ds):
        if element.VR == "UI" and not element.is_empty:
            mapped = [(None if is_registered(uid) else original_uid(uid)) or uid for uid in texts(element)]
            element.value = mapped if len(mapped) > 1 else mapped[0]
    restore(ds, identity)
    _restore_requests(ds, identity)
    for tag in _MARKS:
        if tag in ds:
            del ds[tag]
    meta = getattr(ds, "file_meta", None)
    if meta is not None and "MediaStorageSOPInstanceUID" in meta:
        meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID


def _require_known_references(ds: Dataset, original_uid: Callable[[str], str | None]) -> None:
    family = _family(ds)
    for _, element, path in elements(ds):
        if element.tag != _REFERENCED_INSTANCE or path.startswith(_FAMILY):
            continue
        for uid in texts(element):
            if uid not in family and not is_registered(uid) and original_uid(uid) is None:
                raise IdentityUnknown(
                    f"The report references an instance that this node did not send ({path}).",
                    hint="It may belong to another study: match the report by hand.",
                )


def _family(ds: Dataset) -> set[str]:
    """The object itself and what it references in its own series."""
    own = str(ds.get("SeriesInstanceUID") or "")
    family = {str(ds.get("SOPInstanceUID") or "")}
    for _, element, _ in elements(ds):
        if element.keyword != "ReferencedSeriesSequence":
            continue
        for series in element.value or []:
            if own and str(series.get("SeriesInstanceUID") or "") == own:
                family.update(_referenced(series))
    return family


def _referenced(ds: Dataset) -> Iterator[str]:
    for _, element, _ in elements(ds):
        if element.tag == _REFERENCED_INSTANCE:
            yield from texts(element)


def _restore_requests(ds: Dataset, identity: Mapping[str, Any]) -> None:
    """The requests that the report answers: those of this study get its accession number back."""
    if _REFERENCED_REQUESTS not in ds or f"{ACCESSION_NUMBER:08X}" not in identity:
        return
    for item in ds[_REFERENCED_REQUESTS].value or []:
        if str(item.get("StudyInstanceUID") or "") == str(ds[STUDY_INSTANCE_UID].value):
            item.AccessionNumber = str(ds.AccessionNumber or "")
