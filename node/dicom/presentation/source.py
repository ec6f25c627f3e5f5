"""An object's data set for looking at: all of it but its pixels, texts decoded, whatever its transfer syntax."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items

from node.dicom import decoded
from node.dicom.image import to_little_endian
from node.dicom.presentation.told import Code, ImageReference
from node.dicom.setup import configure
from node.errors import NotFound, Unreadable

LARGEST: Final = 256 << 20  # bytes of an object that is read into memory to be looked at
HINT: Final = "Its attributes can be looked at; open it in a workstation."


def read(path: Path) -> Dataset:
    """The decoded data set before its pixel data. Raises `Unreadable`."""
    configure()
    return _read(path, defer=1 << 20 if path.stat().st_size > LARGEST else None)


def _read(path: Path, defer: int | None) -> Dataset:
    try:
        ds: Dataset = dcmread(path, force=True, stop_before_pixels=True, defer_size=defer)
        if ds.original_encoding == (False, False):
            to_little_endian(ds)
        decoded.decode(ds)
    except (Exception, RecursionError) as error:  # the toolkit raises whatever its parsers meet
        raise Unreadable(f"The object cannot be read ({type(error).__name__}).", hint=HINT) from None
    return ds


def text(ds: Dataset, keyword: str) -> str:
    """The value as text; several joined by a comma, none: ""."""
    return ", ".join(str(part) for part in many(ds, keyword) if str(part).strip())


def number(ds: Dataset, keyword: str, default: float | None = None) -> float | None:
    """The first value that is a number; infinite ones are none."""
    return next((found for part in many(ds, keyword) if (found := _finite(part)) is not None), default)


def numbers(ds: Dataset, keyword: str) -> list[float]:
    """All values as numbers; empty when one is none, or infinite."""
    found = [_finite(part) for part in many(ds, keyword)]
    return [] if None in found else [part for part in found if part is not None]


def _finite(part: Any) -> float | None:
    try:
        found = float(part)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def many(ds: Dataset, keyword: str) -> list[Any]:
    """The values of an element, none when it is absent or empty."""
    try:
        value = ds.get(keyword)
    except Exception:  # any of the toolkit's converters
        return []
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MultiValue | Items | list | tuple) else [value]


def items(ds: Dataset, keyword: str) -> Sequence[Dataset]:
    """The items of a sequence."""
    return [item for item in many(ds, keyword) if isinstance(item, Dataset)]


def code(ds: Dataset) -> Code:
    """A coded entry (PS3.3 8.8): value, scheme and meaning."""
    value = text(ds, "CodeValue") or text(ds, "LongCodeValue") or text(ds, "URNCodeValue")
    return {"value": value, "scheme": text(ds, "CodingSchemeDesignator"), "meaning": text(ds, "CodeMeaning")}


def first_code(ds: Dataset, keyword: str) -> Code | None:
    """The first code of a sequence."""
    return next((code(item) for item in items(ds, keyword)), None)


def references(ds: Dataset, keyword: str = "ReferencedImageSequence") -> list[ImageReference]:
    """The images that a sequence names."""
    return [
        {
            "sop": text(item, "ReferencedSOPInstanceUID"),
            "frames": [int(frame) for frame in numbers(item, "ReferencedFrameNumber")],
        }
        for item in items(ds, keyword)
    ]


def refuse(what: str) -> NotFound:
    """For an object that is not of the kind that was asked for."""
    return NotFound(f"The object is no {what}.", hint="Open the study again.")
