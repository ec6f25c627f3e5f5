"""Rows of the ledger as DICOM JSON (PS3.18 Annex F), and the media types of stored frames (PS3.18 8.7.3.3)."""

from __future__ import annotations

from typing import Any

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

_STUDY = (  # tag, VR, column
    ("00080020", "DA", "study_date"),
    ("00080030", "TM", "study_time"),
    ("00080050", "SH", "accession_number"),
    ("00081030", "LO", "description"),
    ("00100010", "PN", "patient_name"),
    ("00100020", "LO", "patient_id"),
    ("00100030", "DA", "birth_date"),
    ("00100040", "CS", "sex"),
    ("0020000D", "UI", "uid"),
    ("00201206", "IS", "series_count"),
    ("00201208", "IS", "instances"),
)
_SERIES = (
    ("00080060", "CS", "modality"),
    ("0008103E", "LO", "description"),
    ("00180015", "CS", "body_part"),
    ("0020000D", "UI", "study_uid"),
    ("0020000E", "UI", "uid"),
    ("00200011", "IS", "number"),
    ("00201209", "IS", "instance_count"),
)
_INSTANCE = (
    ("00080016", "UI", "sop_class_uid"),
    ("00080018", "UI", "sop_instance_uid"),
    ("00080060", "CS", "modality"),
    ("00083002", "UI", "transfer_syntax_uid"),
    ("0020000D", "UI", "study_uid"),
    ("0020000E", "UI", "series_uid"),
    ("00200013", "IS", "number"),
    ("00280008", "IS", "frames"),
    ("00280010", "US", "rows"),
    ("00280011", "US", "columns"),
)
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


def element(vr: str, value: Any) -> dict[str, Any]:
    """One element; an empty or absent value makes an element without `Value`."""
    if value is None or value == "":
        return {"vr": vr}
    if vr == "PN":
        groups = zip(_NAME_GROUPS, str(value).split("="), strict=False)
        return {"vr": vr, "Value": [{name: text for name, text in groups if text}]}
    return {"vr": vr, "Value": [value]}


def study_model(row: Any, base: str) -> dict[str, Any]:
    """A study as QIDO-RS answers it (PS3.18 10.6.3.3.1)."""
    modalities = [m for m in row.modalities.split("\\") if m]
    return _sorted(
        {tag: element(vr, getattr(row, column)) for tag, vr, column in _STUDY}
        | {
            "00080005": element("CS", "ISO_IR 192"),
            "00080056": element("CS", "ONLINE"),
            "00080061": {"vr": "CS", "Value": modalities} if modalities else {"vr": "CS"},
            "00081190": element("UR", f"{base}/studies/{row.uid}"),
        }
    )


def series_model(row: Any, base: str) -> dict[str, Any]:
    """A series (PS3.18 10.6.3.3.2)."""
    url = f"{base}/studies/{row.study_uid}/series/{row.uid}"
    return _sorted(
        {tag: element(vr, getattr(row, column)) for tag, vr, column in _SERIES}
        | {"00080005": element("CS", "ISO_IR 192"), "00081190": element("UR", url)}
    )


def instance_model(row: Any, base: str) -> dict[str, Any]:
    """An instance (PS3.18 10.6.3.3.3)."""
    url = f"{base}/studies/{row.study_uid}/series/{row.series_uid}/instances/{row.sop_instance_uid}"
    shown = [entry for entry in _INSTANCE if not (entry[2] in ("rows", "columns", "frames") and not row.rows)]
    return _sorted(
        {tag: element(vr, getattr(row, column)) for tag, vr, column in shown}
        | {
            "00080005": element("CS", "ISO_IR 192"),
            "00080056": element("CS", "ONLINE"),
            "00081190": element("UR", url),
        }
    )


def _sorted(model: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(model.items()))
