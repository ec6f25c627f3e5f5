"""What a search found as DICOM JSON (PS3.18 Annex F), and the media types of stored frames (PS3.18 8.7.3.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from node.dicom.network.identifier import key_of
from node.domain.query import Entry, Key, Level, as_list

NATIVE = "1.2.840.10008.1.2.1"  # what uncompressed frames are sent as, whatever the VR encoding of their object

FRAME_TYPES = {
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.110": "image/jxl",
    "1.2.840.10008.1.2.4.111": "image/jxl",
    "1.2.840.10008.1.2.4.112": "image/jxl",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}

ALWAYS = {  # what an answer to a search always holds (PS3.18 10.6.3.3)
    Level.STUDY: (
        "StudyDate", "StudyTime", "AccessionNumber", "ModalitiesInStudy", "ReferringPhysicianName", "StudyDescription",
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID",
        "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances",
    ),
    Level.SERIES: (
        "Modality", "SeriesDescription", "BodyPartExamined", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber",
        "NumberOfSeriesRelatedInstances",
    ),
    Level.IMAGE: (
        "SOPClassUID", "SOPInstanceUID", "Modality", "AvailableTransferSyntaxUID", "StudyInstanceUID", "SeriesInstanceUID",
        "InstanceNumber", "NumberOfFrames", "Rows", "Columns",
    ),
}  # fmt: skip
_OF_IMAGES = frozenset({"NumberOfFrames", "Rows", "Columns"})
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def element(vr: str, value: Any) -> dict[str, Any]:
    """One element; an empty or absent value makes an element without `Value`."""
    values = [_json_value(vr, one) for one in as_list(value) if not isinstance(one, bytes)]
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def _json_value(vr: str, value: Any) -> Any:
    if vr == "PN":
        return {name: text for name, text in zip(_NAME_GROUPS, str(value).split("="), strict=False) if text}
    if isinstance(value, Mapping):
        known = ((key_of(name, ""), inner) for name, inner in value.items())
        return {f"{key.tag:08X}": element(key.vr, inner) for key, inner in known if key is not None}
    return value


def model(level: Level, keys: Iterable[Key], entry: Entry, base: str) -> dict[str, Any]:
    """What was found, as QIDO-RS answers it."""
    without = _OF_IMAGES if level == Level.IMAGE and not entry.get("Rows") else frozenset()
    found = {f"{k.tag:08X}": element(k.vr, entry.get(k.keyword)) for k in keys if k.keyword not in without}
    url = f"{base}/studies/{entry['StudyInstanceUID']}"
    if level >= Level.SERIES:
        url += f"/series/{entry['SeriesInstanceUID']}"
    if level == Level.IMAGE:
        url += f"/instances/{entry['SOPInstanceUID']}"
    found |= {"00080005": element("CS", "ISO_IR 192"), "00081190": element("UR", url)}
    if level != Level.SERIES:
        found["00080056"] = element("CS", "ONLINE")
    return dict(sorted(found.items()))
