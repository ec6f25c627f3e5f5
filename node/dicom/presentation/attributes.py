"""Every attribute of an object as a table, private ones and sequences included: for those who look into headers."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydicom.datadict import dictionary_description
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from node.dicom.decoded import BULK, texts
from node.dicom.presentation import source
from node.dicom.presentation.told import Attribute, Attributes

MOST_ROWS: Final = 5000
_LONGEST: Final = 1000  # characters of a value
_DEEPEST: Final = 16
_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


def attributes(path: Path) -> Attributes:
    """All of them, as far as there is room. Identity is as this node has it. Raises `Unreadable`."""
    rows: list[Attribute] = []
    whole = _collect(source.read(path), 0, rows)
    return {"rows": rows, "more": not whole}


def _collect(ds: Dataset, depth: int, rows: list[Attribute]) -> bool:
    for tag in sorted(ds.keys()):
        if len(rows) >= MOST_ROWS:
            return False
        if tag in BULK:
            continue
        element = ds[tag]  # `decoded` has taken away what has no value that can be read
        rows.append(_row(element, depth))
        if element.VR == "SQ" and depth < _DEEPEST:
            for index, item in enumerate(element.value or [], 1):
                rows.append({"depth": depth + 1, "tag": "", "name": f"#{index}", "vr": "", "value": "", "bytes": None})
                if not _collect(item, depth + 2, rows):
                    return False
    return True


def _row(element: DataElement, depth: int) -> Attribute:
    row: Attribute = {
        "depth": depth,
        "tag": f"({element.tag.group:04X},{element.tag.element:04X})",
        "name": _name(element),
        "vr": element.VR,
        "value": "",
        "bytes": None,
    }
    if element.VR == "SQ":
        row["value"] = ""
    elif element.VR in _BINARY and isinstance(element.value, bytes | bytearray):
        row["bytes"] = len(element.value)
    else:
        row["value"] = "\\".join(texts(element))[:_LONGEST]
    return row


def _name(element: DataElement) -> str:
    try:
        return str(dictionary_description(element.tag))
    except KeyError:
        name = str(element.name)
        return name.strip("[]") if name not in ("Private Creator", "") else name
