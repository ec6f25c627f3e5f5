"""The content tree of a structured report or a key object selection (PS3.3 C.17.3), any template."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, cast

from pydicom.dataset import Dataset

from node.dicom.presentation import source
from node.dicom.presentation._concepts_table import VIETNAMESE
from node.dicom.presentation.source import code, first_code, items, number, numbers, text
from node.dicom.presentation.told import Code, ContentItem, Evidence, ObjectReference, StructuredDocument

MOST_ITEMS: Final = 20_000
MOST_EVIDENCE: Final = 500
_DEEPEST: Final = 40
KEY_OBJECTS: Final = "1.2.840.10008.5.1.4.1.1.88.59"


def document(path: Path) -> StructuredDocument:
    """The document: who made and verified it, whether it is complete, and its tree. Raises `Unreadable`, `NotFound` for what
    is no document."""
    ds = source.read(path)
    if not text(ds, "ValueType"):
        raise source.refuse("structured document")
    series = _series_of(ds)
    room = [MOST_ITEMS]
    return {
        "kind": "key-objects" if text(ds, "SOPClassUID") == KEY_OBJECTS else "report",
        "completion": text(ds, "CompletionFlag"),
        "verification": text(ds, "VerificationFlag"),
        "preliminary": text(ds, "PreliminaryFlag"),
        "verifiers": [
            {"name": text(item, "VerifyingObserverName"), "at": text(item, "VerificationDateTime")}
            for item in items(ds, "VerifyingObserverSequence")
        ],
        "date": text(ds, "ContentDate"),
        "time": text(ds, "ContentTime"),
        "institution": text(ds, "InstitutionName"),
        "manufacturer": text(ds, "Manufacturer"),
        "template": next((text(item, "TemplateIdentifier") for item in items(ds, "ContentTemplateSequence")), ""),
        "root": _item(ds, series, 0, room),
        "evidence": [Evidence(sop=sop, series=home) for sop, home in series.items()][:MOST_EVIDENCE],
    }


def _series_of(ds: Dataset) -> dict[str, str]:
    """SOP to series of everything that the document names as its evidence (PS3.3 C.17.2.3)."""
    found = {}
    for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"):
        for study in items(ds, keyword):
            for series in items(study, "ReferencedSeriesSequence"):
                for sop in items(series, "ReferencedSOPSequence"):
                    found[text(sop, "ReferencedSOPInstanceUID")] = text(series, "SeriesInstanceUID")
    return found


def _item(ds: Dataset, series: dict[str, str], depth: int, room: list[int]) -> ContentItem:
    room[0] -= 1
    kind = text(ds, "ValueType")
    said = {key: value for key, value in _value(ds, kind, series).items() if value not in ("", None, [])}
    item = cast(ContentItem, {"name": spoken(first_code(ds, "ConceptNameCodeSequence")), "type": kind, **said})
    if relation := text(ds, "RelationshipType"):
        item["relation"] = relation
    if depth < _DEEPEST and room[0] > 0:
        children = [_item(child, series, depth + 1, room) for child in items(ds, "ContentSequence") if room[0] > 0]
        if children:
            item["children"] = children
    return item


_PLAIN: Final = {
    "TEXT": "TextValue",
    "PNAME": "PersonName",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
    "UIDREF": "UID",
}


def _value(ds: Dataset, kind: str, series: dict[str, str]) -> dict[str, Any]:
    """The parts of `ContentValue`, empty ones among them."""
    if kind in _PLAIN:
        return {"value": text(ds, _PLAIN[kind])}
    match kind:
        case "CODE":
            return {"code": spoken(first_code(ds, "ConceptCodeSequence"))}
        case "NUM":
            return _measured(ds)
        case "IMAGE" | "COMPOSITE" | "WAVEFORM":
            return {"reference": _reference(ds, series)}
        case "SCOORD" | "SCOORD3D":
            return {"value": text(ds, "GraphicType"), "points": numbers(ds, "GraphicData")[:400]}
        case "TCOORD":
            return {"value": text(ds, "TemporalRangeType")}
    return {}


def _measured(ds: Dataset) -> dict[str, Any]:
    for measured in items(ds, "MeasuredValueSequence"):
        unit = first_code(measured, "MeasurementUnitsCodeSequence") or {"value": "", "meaning": ""}
        none = unit["value"] in ("1", "") or unit["value"].startswith("{")  # UCUM: no unit, or a word about the count
        return {
            "value": text(measured, "NumericValue"),
            "number": number(measured, "NumericValue"),
            "unit": "" if none else unit["value"] if len(unit["value"]) <= 12 else unit["meaning"],
        }
    return {"code": spoken(first_code(ds, "NumericValueQualifierCodeSequence"))}


def _reference(ds: Dataset, series: dict[str, str]) -> ObjectReference | None:
    for one in items(ds, "ReferencedSOPSequence"):
        sop = text(one, "ReferencedSOPInstanceUID")
        return {
            "sop": sop,
            "class": text(one, "ReferencedSOPClassUID"),
            "series": series.get(sop, ""),
            "frames": [int(frame) for frame in numbers(one, "ReferencedFrameNumber")],
        }
    return None


def spoken(named: Code | None) -> Code | None:
    """A code with its Vietnamese meaning, where the table has one."""
    if named is None:
        return None
    word = VIETNAMESE.get((named["scheme"], named["value"]))
    return {**named, "vi": word} if word else named


__all__ = ["code", "document"]
