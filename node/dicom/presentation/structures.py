"""Structure sets of radiotherapy (PS3.3 A.19.3): contours in the patient, by structure."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from node.dicom.presentation import source
from node.dicom.presentation.source import items, number, numbers, text
from node.dicom.presentation.told import Contour, Structure, StructureSet

CLASS: Final = "1.2.840.10008.5.1.4.1.1.481.3"
_MOST_POINTS: Final = 2_000_000


def structures(path: Path) -> StructureSet:
    """Every structure with its contours. Raises `Unreadable`, `NotFound` for what is no structure set."""
    ds = source.read(path)
    if text(ds, "SOPClassUID") != CLASS:
        raise source.refuse("structure set")
    names = {
        int(number(item, "ROINumber") or 0): text(item, "ROIName") for item in items(ds, "StructureSetROISequence")
    }
    room = [_MOST_POINTS]
    return {
        "label": text(ds, "StructureSetLabel"),
        "structures": [_structure(item, names, room) for item in items(ds, "ROIContourSequence")],
    }


def _structure(item: Dataset, names: dict[int, str], room: list[int]) -> Structure:
    at = int(number(item, "ReferencedROINumber") or 0)
    colour = numbers(item, "ROIDisplayColor")
    return {
        "number": at,
        "label": names.get(at, ""),
        "colour": [int(part) for part in colour] if len(colour) == 3 else [230, 85, 75],
        "contours": [one for part in items(item, "ContourSequence") if (one := _contour(part, room)) is not None],
    }


def _contour(item: Dataset, room: list[int]) -> Contour | None:
    data = numbers(item, "ContourData")
    room[0] -= len(data) // 3
    if len(data) < 3 or room[0] < 0:
        return None
    return {
        "points": [data[i : i + 3] for i in range(0, len(data) - 2, 3)],
        "closed": text(item, "ContourGeometricType").startswith("CLOSED"),
        "source": [text(image, "ReferencedSOPInstanceUID") for image in items(item, "ContourImageSequence")],
    }
