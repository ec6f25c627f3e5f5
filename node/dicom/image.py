"""What the header says of an image's pixels (PS3.3 C.7.6.3), from a data set or from its JSON model alike.

Tolerant: values that cannot be numbers count as absent, absent ones get the default that readers agree on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

_TAGS: Final = {
    "SamplesPerPixel": "00280002",
    "PhotometricInterpretation": "00280004",
    "PlanarConfiguration": "00280006",
    "NumberOfFrames": "00280008",
    "Rows": "00280010",
    "Columns": "00280011",
    "BitsAllocated": "00280100",
    "BitsStored": "00280101",
    "HighBit": "00280102",
    "PixelRepresentation": "00280103",
}


_WORDS: Final = {"OW": "u2", "OL": "u4", "OF": "u4", "OD": "u8", "OV": "u8"}  # VRs whose bytes are words of this size
_PIXEL_DATA: Final = 0x7FE00010


def to_little_endian(ds: Dataset) -> None:
    """Turns the words that a big endian data set keeps as bytes (look-up tables, overlays), nested ones too.

    Pixel data stay: what they hold depends on more than their VR. The toolkit turns all other values by itself.
    """
    for tag in list(ds.keys()):
        element = _converted(ds, tag)
        if element is None:
            continue
        if element.VR == "SQ":
            for item in element.value or []:
                to_little_endian(item)
        elif element.VR in _WORDS and tag != _PIXEL_DATA and isinstance(element.value, bytes):
            element.value = swapped_words(element.value, _WORDS[element.VR])
    ds.set_original_encoding(False, True, ds.original_character_set)


def _converted(ds: Dataset, tag: BaseTag) -> DataElement | None:
    try:
        return ds[tag]
    except Exception:  # the toolkit raises whatever its converters meet
        return None


def swapped_words(data: bytes, word: str) -> bytes:
    """`data` with each `word` (a numpy type) turned; bytes that do not fill one stay."""
    usable = len(data) // np.dtype(word).itemsize * np.dtype(word).itemsize
    return np.frombuffer(data[:usable], word).byteswap().tobytes() + data[usable:]


@dataclass(frozen=True, slots=True)
class PixelDescription:
    """The image pixel attributes, with the defaults that readers agree on where a writer left one out."""

    rows: int
    columns: int
    frames: int
    samples: int
    photometric: str
    planar: int
    allocated: int
    stored: int
    high_bit: int
    signed: bool
    floating: bool  # stored as floating point: neither Bits Stored nor Pixel Representation (PS3.3 C.7.6.24)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The integer type that holds a sample."""
        size = max(1, self.allocated // 8)
        return np.dtype(f"{'i' if self.signed else 'u'}{size}")


def first(header: Mapping[str, Any], tag: str) -> Any:
    """The first value of an element of the DICOM JSON model, or None."""
    element = header.get(tag)
    values = element.get("Value") if isinstance(element, Mapping) else None
    return values[0] if isinstance(values, list) and values else None


def number(header: Mapping[str, Any], tag: str, default: float) -> float:
    """The first value of an element as a number; `default` when it is none."""
    try:
        return float(first(header, tag))
    except (TypeError, ValueError):
        return default


def describe(header: Mapping[str, Any]) -> PixelDescription | None:
    """From the DICOM JSON model (PS3.18 F). None when the object has no image."""
    return _describe(lambda keyword: first(header, _TAGS[keyword]))


def describe_dataset(ds: Dataset) -> PixelDescription | None:
    """From a data set: the same answer as `describe` gives for its JSON model."""

    def value(keyword: str) -> Any:
        try:
            found = ds.get(keyword)
        except Exception:  # any of the toolkit's converters
            return None
        if isinstance(found, MultiValue | list | tuple):
            return found[0] if found else None
        return found

    return _describe(value)


def _describe(value: Callable[[str], Any]) -> PixelDescription | None:
    def number(keyword: str) -> int | None:
        try:
            return int(value(keyword))
        except (TypeError, ValueError, OverflowError):
            return None

    rows, columns, allocated = number("Rows"), number("Columns"), number("BitsAllocated")
    if not rows or not columns or not allocated or min(rows, columns, allocated) < 0:
        return None
    photometric = str(value("PhotometricInterpretation") or "").strip().upper()
    samples = number("SamplesPerPixel") or (3 if photometric.startswith(("RGB", "YBR")) else 1)
    stored, sign = number("BitsStored"), number("PixelRepresentation")
    floating = allocated in (32, 64) and stored is None and sign is None
    if not stored or not 0 < stored <= allocated:
        stored = allocated
    high_bit = number("HighBit")
    if high_bit is None or not stored - 1 <= high_bit < allocated:
        high_bit = stored - 1
    return PixelDescription(
        rows=rows,
        columns=columns,
        frames=max(1, number("NumberOfFrames") or 1),
        samples=samples,
        photometric=photometric or ("RGB" if samples == 3 else "MONOCHROME2"),
        planar=1 if samples > 1 and number("PlanarConfiguration") == 1 else 0,
        allocated=allocated,
        stored=stored,
        high_bit=high_bit,
        signed=sign == 1,
        floating=floating,
    )
