"""Modality and VOI look-up tables of an image (PS3.3 C.11.1.1, C.11.2.1.1), for its display.

A modality table that is not a straight line cannot be told to a browser in a rescale, so the samples go through it here.
VOI tables go to the browser with the metadata; long ones are not kept in the index and are read from the object again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from node.dicom.dataset import read_dataset_header
from node.dicom.image import first

Samples = NDArray[Any]

MODALITY_LUT: Final = "00283000"
VOI_LUT: Final = "00283010"
_DESCRIPTOR, _DATA = "00283002", "00283006"
_WORD: Final = 0xFFFF


def modality_bits(header: Mapping[str, Any] | Dataset) -> int:
    """Bits of the values that come out of the object's modality table; 0 when it has none that can be used."""
    if isinstance(header, Dataset):
        table = _modality_table(header)
        return 0 if table is None else table[2]
    item = first(header, MODALITY_LUT)
    descriptor = (item.get(_DESCRIPTOR) or {}).get("Value") if isinstance(item, Mapping) else None
    return _bits(descriptor)


def _bits(descriptor: Any) -> int:
    try:
        bits = int(descriptor[2])
    except (TypeError, ValueError, IndexError):
        return 0
    return bits if 1 <= bits <= 16 else 0


def through_modality_lut(samples: Samples, header: Dataset) -> Samples:
    """Stored samples to values: uint8 for tables of up to 8 bits, else uint16. Unchanged without a table."""
    table = _modality_table(header)
    if table is None:
        return samples
    entries, begin, bits = table
    index = np.clip(samples.astype(np.int64) - begin, 0, len(entries) - 1)
    return entries[index].astype(np.uint8 if bits <= 8 else np.uint16)


def _modality_table(header: Dataset) -> tuple[Samples, int, int] | None:
    """Entries, first value mapped, bits."""
    try:
        item = header.ModalityLUTSequence[0]
        entries = table_entries(item)
        begin, bits = int(item.LUTDescriptor[1]), _bits(item.LUTDescriptor)
    except Exception:  # the toolkit raises whatever its converters meet
        return None
    if not bits or not len(entries):
        return None
    if begin > _WORD // 2 and header.get("PixelRepresentation") == 1:  # a signed value read as unsigned
        begin -= _WORD + 1
    return entries, begin, bits


def table_entries(item: Dataset) -> NDArray[np.uint16]:
    """LUT Data as numbers, as many as LUT Descriptor says (0 means 65536); bytes are little endian words, or octets."""
    count = int(item.LUTDescriptor[0]) or _WORD + 1
    data = item.LUTData
    if isinstance(data, bytes | bytearray):
        return np.frombuffer(data, "<u2" if len(data) >= 2 * count else "u1")[:count].astype(np.uint16)
    return (np.atleast_1d(np.asarray(data, np.int64)) & _WORD)[:count].astype(np.uint16)


def lacks_voi_tables(header: Mapping[str, Any]) -> bool:
    """Whether the JSON header names VOI tables whose entries were too long for the index."""
    items = (header.get(VOI_LUT) or {}).get("Value") or []
    return any(isinstance(item, Mapping) and _DESCRIPTOR in item and _DATA not in item for item in items)


def voi_tables(header: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The VOI LUT Sequence of the JSON header with the entries that it lacks, from the object in `path`.

    Raises `Unreadable`.
    """
    items = [dict(item) for item in header[VOI_LUT]["Value"]]
    stored = read_dataset_header(path).get("VOILUTSequence") or []
    for item, source in zip(items, stored, strict=False):
        if _DATA not in item:
            entries = table_entries(source)
            item[_DATA] = {"vr": "US", "Value": entries.tolist()}
    return {"vr": "SQ", "Value": items}
