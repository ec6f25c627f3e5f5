"""The last look at a document before it leaves: what must be there, flags that agree, references that the evidence holds.

A fault here is ours. The document is refused with what is wrong, and the job that made it waits for a person.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from node.dicom.report import _check_table as table
from node.dicom.report.document import EvidenceItem
from node.dicom.setup import configure
from node.errors import Invalid

_UID = re.compile(r"[0-9.]{1,64}")  # as it is taken in: some modalities write leading zeros
_TEXTS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_REFERENCES = ("ReferencedSOPSequence", "ReferencedImageSequence")
_EARLIER = frozenset({"PredecessorDocumentsSequence", "IdenticalDocumentsSequence", "SourceInstanceSequence"})


def check_document(content: bytes, evidence: Collection[EvidenceItem] | None = None) -> None:
    """Raises `Invalid` when a document of a report must not leave.

    `evidence` are the instances of the study; without it only the document's own references are compared.
    """
    faults = find_faults(content, evidence)
    if faults:
        listed = "; ".join(faults[:5])
        raise Invalid(
            f"A document of the report is not valid DICOM and was not sent: {listed}.",
            hint="Tell the makers of this program; the signed report itself is kept.",
        )


def find_faults(content: bytes, evidence: Collection[EvidenceItem] | None = None) -> list[str]:
    """What is wrong with a document, in words without values; empty when nothing is."""
    configure()
    try:
        ds = dcmread(io.BytesIO(content))
    except (InvalidDicomError, EOFError, ValueError) as error:
        return [f"it cannot be read ({type(error).__name__})"]
    needs = table.CLASSES.get(str(ds.get("SOPClassUID", "")))
    if needs is None:
        return ["its SOP class is none that reports have"]
    faults = [*_attributes(ds, needs), *_identity(ds, needs), *_flags(ds), *_items(ds), *_values(ds)]
    return [*faults, *_references(ds, evidence)]


def _has(ds: Dataset, keyword: str) -> bool:
    value = ds.get(keyword)
    return value is not None and value != "" and (not hasattr(value, "__len__") or len(value) > 0)


def _attributes(ds: Dataset, needs: table.Needs) -> Iterator[str]:
    for keyword in (*table.TYPE_1, *needs.type_1):
        if not _has(ds, keyword):
            yield f"{keyword} has no value"
    for keyword in (*table.TYPE_2, *needs.type_2):
        if keyword not in ds:
            yield f"{keyword} is absent"


def _identity(ds: Dataset, needs: table.Needs) -> Iterator[str]:
    if ds.get("Modality") != needs.modality:
        yield "Modality is another than the class has"
    if ds.get("SpecificCharacterSet") != "ISO_IR 192":
        yield "SpecificCharacterSet is not ISO_IR 192"
    meta = ds.file_meta
    if meta.get("MediaStorageSOPInstanceUID") != ds.get("SOPInstanceUID"):
        yield "the file meta information names another instance"
    if meta.get("MediaStorageSOPClassUID") != ds.get("SOPClassUID"):
        yield "the file meta information names another class"


def _flags(ds: Dataset) -> Iterator[str]:
    """PS3.3 C.17.2: a verified document says by whom, and only what is verified is final."""
    if "CompletionFlag" not in ds:
        return
    verified = ds.get("VerificationFlag") == "VERIFIED"
    if ds.CompletionFlag != "COMPLETE":
        yield "CompletionFlag is not COMPLETE"
    if verified != _has(ds, "VerifyingObserverSequence"):
        yield "VerificationFlag and VerifyingObserverSequence do not agree"
    if verified != (ds.get("PreliminaryFlag") == "FINAL"):
        yield "VerificationFlag and PreliminaryFlag do not agree"


def _walk(ds: Dataset, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Dataset]]:
    """All items of sequences, with the keywords of the sequences around them."""
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                below = (*path, element.keyword)
                yield below, item
                yield from _walk(item, below)


def _items(ds: Dataset) -> Iterator[str]:
    for path, item in _walk(ds):
        for keyword in table.ITEMS.get(path[-1], ()):
            if not _has(item, keyword):
                yield f"{keyword} has no value in {path[-1]}"
        if path[-1] == "ContentSequence":
            for keyword in table.VALUES.get(str(item.get("ValueType", "")), ("ValueType",)):
                if not _has(item, keyword) and not _no_name_needed(ds, keyword):
                    yield f"{keyword} has no value in a content item"


def _no_name_needed(ds: Dataset, keyword: str) -> bool:
    return keyword == "ConceptNameCodeSequence" and ds.get("Modality") == "KO"


def _values(ds: Dataset) -> Iterator[str]:
    for item in (ds, *(item for _, item in _walk(ds))):
        for element in item:
            if element.VR not in _TEXTS and element.VR != "UI":
                continue
            values = element.value if element.VM > 1 else [element.value]
            for value in values:
                text = str(value or "")
                if element.VR == "UI" and text and (len(text) > 64 or not _UID.fullmatch(text)):
                    yield f"{element.keyword} is no UID"
                if element.VR in _TEXTS and text != unicodedata.normalize("NFC", text):
                    yield f"{element.keyword} is not composed (NFC)"


def _references(ds: Dataset, evidence: Collection[EvidenceItem] | None) -> Iterator[str]:
    known: Mapping[str, str] | None = None
    if evidence is not None:
        known = {e.sop_instance_uid: e.sop_class_uid for e in evidence}
    declared = set(_declared(ds))
    for path, item in _walk(ds):
        if path[-1] not in _REFERENCES or _EARLIER & set(path):
            continue
        uid = str(item.get("ReferencedSOPInstanceUID", ""))
        if uid not in declared:
            yield "it references an instance that its evidence does not hold"
        if known is not None and known.get(uid) != str(item.get("ReferencedSOPClassUID", "")):
            yield "it references an instance that the study does not hold"


def _declared(ds: Dataset) -> Iterator[str]:
    """The instances that the document says it rests on: evidence sequences, or a presentation state's relationship."""
    for sequence in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"):
        for study in ds.get(sequence) or []:
            yield from _of_series(study.get("ReferencedSeriesSequence") or [], "ReferencedSOPSequence")
    yield from _of_series(ds.get("ReferencedSeriesSequence") or [], "ReferencedImageSequence")


def _of_series(series: Collection[Dataset], keyword: str) -> Iterator[str]:
    for one in series:
        for item in one.get(keyword) or []:
            yield str(item.get("ReferencedSOPInstanceUID", ""))
