"""Images for our own viewer: whatever was stored becomes one well-tested form, and the metadata describe that.

`plan` decides from the header alone, and both `display_metadata` and `node.dicom.display_frames` obey it, so that what a
browser is told always fits what it gets: HTJ2K with resolution ends (a preview is an exact prefix), grey of 8 or 16 bits
or RGB of 8. Nothing here changes what is stored; DICOMweb serves that.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np

from node.dicom import luts
from node.dicom.image import PixelDescription, describe, first, number
from node.dicom.syntaxes import EXPLICIT_LITTLE, HTJ2K_LOSSLESS_RPCL
from node.dicom.wide import Scale, scale_of
from node.errors import Unreadable

Header = Mapping[str, Any]

MEDIA_HTJ2K: Final = "image/jphc"
MEDIA_RAW: Final = "application/octet-stream"
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"


class Kind(StrEnum):
    """The ways from stored to displayed samples."""

    GREY = "grey"  # 8 or 16 bits: the samples as they are
    BITS = "bits"  # 1 bit: 8-bit 0 and 1
    TABLE = "table"  # 8 or 16 bits through the object's modality LUT: its values, which no rescale could tell
    RANGE = "range"  # 32 or 64 bits, integer or floating: 16 bits over the object's range, with the rescale adjusted
    COLOUR = "colour"  # RGB, YBR and palettes: RGB of 8 bits


_SMALLEST_CODED: Final = 4  # pixels


@dataclass(frozen=True, slots=True)
class DisplayPlan:
    """What the displayed object looks like. `needs_pixels`: its metadata depend on more than its header: on the range of
    its pixels, or on VOI tables that are too long for a header."""

    kind: Kind
    description: PixelDescription
    photometric: str
    samples: int
    allocated: int
    stored: int
    signed: bool
    lacks_tables: bool = False

    @property
    def needs_pixels(self) -> bool:
        return self.kind is Kind.RANGE or self.lacks_tables

    @property
    def raw(self) -> bool:
        """Not coded: images so small that the browser's decoder has no wavelet level for them."""
        return min(self.description.rows, self.description.columns) < _SMALLEST_CODED

    @property
    def media_type(self) -> str:
        return MEDIA_RAW if self.raw else MEDIA_HTJ2K

    @property
    def transfer_syntax_uid(self) -> str:
        return EXPLICIT_LITTLE if self.raw else HTJ2K_LOSSLESS_RPCL

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(f"{'i' if self.signed else 'u'}{self.allocated // 8}")


def plan(header: Header) -> DisplayPlan | None:
    """How the object with this DICOM JSON header is displayed; None when it has no pixels that can be."""
    described = describe(header)
    how = None if described is None else plan_for(described, luts.modality_bits(header))
    return replace(how, lacks_tables=True) if how and luts.lacks_voi_tables(header) else how


def plan_for(d: PixelDescription, table_bits: int = 0) -> DisplayPlan | None:
    """The one table that metadata and frames share. `table_bits`: of the values of a modality LUT, 0 without one."""
    if d.samples == 3 and d.allocated in (8, 16, 32) and not d.floating:
        return DisplayPlan(Kind.COLOUR, d, "RGB", 3, 8, 8, False)
    if d.samples != 1:
        return None
    if d.photometric == "PALETTE COLOR":
        return DisplayPlan(Kind.COLOUR, d, "RGB", 3, 8, 8, False) if d.allocated in (8, 16) else None
    photometric = "MONOCHROME1" if d.photometric == "MONOCHROME1" else "MONOCHROME2"
    match d.allocated:
        case 1:
            return DisplayPlan(Kind.BITS, d, photometric, 1, 8, 8, False)
        case 8 | 16 if table_bits:
            return DisplayPlan(Kind.TABLE, d, photometric, 1, 8 if table_bits <= 8 else 16, table_bits, False)
        case 8 | 16:
            return DisplayPlan(Kind.GREY, d, photometric, 1, d.allocated, d.stored, d.signed)
        case 32 | 64:
            return DisplayPlan(Kind.RANGE, d, photometric, 1, 16, 16, False)
    return None


# --- metadata ---------------------------------------------------------------------------------------------------------

_PALETTE: Final = ("00281101", "00281102", "00281103", "00281199", "00281201", "00281202", "00281203")
_SEGMENTED: Final = ("00281221", "00281222", "00281223", "00282000")
_STORED_VALUES: Final = ("00280106", "00280107", "00280108", "00280109", "00280120", "00280121")  # in old sample units
_SLOPE, _INTERCEPT, _RESCALE_TYPE = "00281053", "00281052", "00281054"
_THROUGH_TABLE: Final = "00283004"  # Modality LUT Type, outside of the table: the samples have been through it
_DOSE_GRID_SCALING: Final = "3004000E"
_PIXEL_VALUE_TRANSFORMATION: Final = "00289145"
_FUNCTIONAL_GROUPS: Final = ("52009229", "52009230")  # shared, per frame


def display_metadata(header: Header, path: Path | None = None) -> dict[str, Any] | None:
    """The DICOM JSON that goes with the frames of `display_frame`; `header` is not changed.

    None when the object has no displayable pixels. `path`, the object's file, is needed for objects of 32 or 64 bits
    (`plan(header).needs_pixels`): their rescale follows from the range of their pixels, so that without the file, or with
    one that cannot be decoded, they too are None rather than wrong.
    """
    how = plan(header)
    if how is None:
        return None
    shown = {tag: element for tag, element in header.items() if not tag.upper().startswith("7FE0")}
    if how.kind is Kind.RANGE:
        try:
            scale = None if path is None else scale_of(path)
        except Unreadable:
            return None
        if scale is None:
            return None
        _rescale(shown, scale)
    if how.lacks_tables and path is not None:
        try:
            shown[luts.VOI_LUT] = luts.voi_tables(header, path)
        except Unreadable:
            return None
    if how.kind is Kind.TABLE:
        _without(shown, luts.MODALITY_LUT, _SLOPE, _INTERCEPT)
        shown[_THROUGH_TABLE] = _element("LO", "US")
    if how.kind is not Kind.GREY:
        _without(shown, *_STORED_VALUES)
    if how.kind is Kind.COLOUR:
        _without(shown, *_PALETTE, *_SEGMENTED)
    if how.kind is Kind.BITS and not _has_value(shown, "00281050"):
        shown["00281050"], shown["00281051"] = _element("DS", 0.5), _element("DS", 1)
    _dose_in_gray(shown)
    _describe_display(shown, how)
    return shown


def _describe_display(shown: dict[str, Any], how: DisplayPlan) -> None:
    d = how.description
    shown["00083002"] = _element("UI", how.transfer_syntax_uid)
    shown["00280002"] = _element("US", how.samples)
    shown["00280004"] = _element("CS", how.photometric)
    _without(shown, "00280006")
    if how.samples == 3:
        shown["00280006"] = _element("US", 0)
    if "00280008" in shown:
        shown["00280008"] = _element("IS", d.frames)
    shown["00280010"], shown["00280011"] = _element("US", d.rows), _element("US", d.columns)
    shown["00280100"], shown["00280101"] = _element("US", how.allocated), _element("US", how.stored)
    shown["00280102"], shown["00280103"] = _element("US", how.stored - 1), _element("US", int(how.signed))
    if not _has_value(shown, "00080016"):
        shown["00080016"] = _element("UI", _SECONDARY_CAPTURE)
    if not _has_value(shown, "00080060"):
        shown["00080060"] = _element("CS", "OT")


def _element(vr: str, value: Any) -> dict[str, Any]:
    return {"vr": vr, "Value": [value]}


def _without(shown: dict[str, Any], *tags: str) -> None:
    for tag in tags:
        shown.pop(tag, None)


def _has_value(shown: Header, tag: str) -> bool:
    return first(shown, tag) not in (None, "")


def _rescale(shown: dict[str, Any], scale: Scale) -> None:
    """Puts the scale before the object's own rescale, wherever it keeps it (PS3.3 C.7.6.16.2.9, C.11.1)."""
    inner = 0
    for tag in _FUNCTIONAL_GROUPS:
        if tag not in shown:
            continue
        shown[tag] = copy.deepcopy(shown[tag])
        for item in shown[tag].get("Value") or []:
            for transformation in (item.get(_PIXEL_VALUE_TRANSFORMATION) or {}).get("Value") or []:
                _compose(transformation, scale)
                inner += 1
    if not inner or _has_value(shown, _SLOPE):
        _compose(shown, scale)


def _compose(target: dict[str, Any], scale: Scale) -> None:
    slope, intercept = number(target, _SLOPE, 1.0), number(target, _INTERCEPT, 0.0)
    target[_SLOPE] = _element("DS", slope * scale.step)
    target[_INTERCEPT] = _element("DS", slope * scale.low + intercept)
    if not _has_value(target, _RESCALE_TYPE):
        target[_RESCALE_TYPE] = _element("LO", "US")


def _dose_in_gray(shown: dict[str, Any]) -> None:
    """Dose Grid Scaling (PS3.3 C.8.8.3) becomes part of the rescale, so that viewers need to know only one of them."""
    scaling = number(shown, _DOSE_GRID_SCALING, 0.0)
    if not scaling:
        return
    slope, intercept = number(shown, _SLOPE, 1.0), number(shown, _INTERCEPT, 0.0)
    shown[_SLOPE], shown[_INTERCEPT] = _element("DS", slope * scaling), _element("DS", intercept * scaling)
    if not _has_value(shown, _RESCALE_TYPE):
        shown[_RESCALE_TYPE] = _element("LO", "US")
    _without(shown, _DOSE_GRID_SCALING)
