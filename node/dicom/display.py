"""Images for our own viewer: whatever was stored becomes one of two well-tested forms, and the metadata says which.

`plan` decides from the header alone, and both `display_metadata` and `display_frame` obey it, so that what a browser is
told always fits what it gets. Grey images are HTJ2K with resolution ends (a preview is an exact prefix), colour images raw
RGB of 8 bits. Nothing here changes what is stored; DICOMweb serves that.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from node.dicom import colour, htj2k
from node.dicom.image import PixelDescription, describe, first
from node.dicom.pixels import Frames
from node.dicom.rendering import render_thumbnail
from node.dicom.syntaxes import EXPLICIT_LITTLE, HTJ2K_LOSSLESS_RPCL, Coding
from node.errors import Unreadable

Samples = NDArray[Any]
Header = Mapping[str, Any]

MEDIA_HTJ2K: Final = "image/jphc"
MEDIA_RAW: Final = "application/octet-stream"
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
_STEPS: Final = 65535  # of the 16-bit samples that stand for wider ones


class Kind(StrEnum):
    """The ways from stored to displayed samples."""

    GREY = "grey"  # 8 or 16 bits: the samples as they are
    BITS = "bits"  # 1 bit: 8-bit 0 and 1
    RANGE = "range"  # 32 or 64 bits, integer or floating: 16 bits over the object's range, with the rescale adjusted
    COLOUR = "colour"  # RGB, YBR and palettes: RGB of 8 bits


_SMALLEST_CODED: Final = 4  # pixels


@dataclass(frozen=True, slots=True)
class DisplayPlan:
    """What the displayed object looks like. `needs_pixels`: its rescale depends on the pixel data's range."""

    kind: Kind
    description: PixelDescription
    photometric: str
    samples: int
    allocated: int
    stored: int
    signed: bool

    @property
    def needs_pixels(self) -> bool:
        return self.kind is Kind.RANGE

    @property
    def raw(self) -> bool:
        """Not coded: colour, and images so small that the browser's decoder has no wavelet level for them."""
        return self.kind is Kind.COLOUR or min(self.description.rows, self.description.columns) < _SMALLEST_CODED

    @property
    def transfer_syntax_uid(self) -> str:
        return EXPLICIT_LITTLE if self.raw else HTJ2K_LOSSLESS_RPCL

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(f"{'i' if self.signed else 'u'}{self.allocated // 8}")


@dataclass(frozen=True, slots=True)
class DisplayFrame:
    """One frame for the viewer. `etag` is the entity tag with its quotes (RFC 9110 8.8.3)."""

    content: bytes
    media_type: str
    transfer_syntax_uid: str
    etag: str


def plan(header: Header) -> DisplayPlan | None:
    """How the object with this DICOM JSON header is displayed; None when it has no pixels that can be."""
    described = describe(header)
    return None if described is None else plan_for(described)


def plan_for(d: PixelDescription) -> DisplayPlan | None:
    """The one table that metadata and frames share."""
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
            scale = None if path is None else _scale_of(path)
        except Unreadable:
            return None
        if scale is None:
            return None
        _rescale(shown, scale)
    if how.kind in (Kind.RANGE, Kind.COLOUR, Kind.BITS):
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


def _number(header: Header, tag: str, default: float) -> float:
    try:
        return float(first(header, tag))
    except (TypeError, ValueError):
        return default


def _rescale(shown: dict[str, Any], scale: _Scale) -> None:
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


def _compose(target: dict[str, Any], scale: _Scale) -> None:
    slope, intercept = _number(target, _SLOPE, 1.0), _number(target, _INTERCEPT, 0.0)
    target[_SLOPE] = _element("DS", slope * scale.step)
    target[_INTERCEPT] = _element("DS", slope * scale.low + intercept)
    if not _has_value(target, _RESCALE_TYPE):
        target[_RESCALE_TYPE] = _element("LO", "US")


def _dose_in_gray(shown: dict[str, Any]) -> None:
    """Dose Grid Scaling (PS3.3 C.8.8.3) becomes part of the rescale, so that viewers need to know only one of them."""
    scaling = _number(shown, _DOSE_GRID_SCALING, 0.0)
    if not scaling:
        return
    slope, intercept = _number(shown, _SLOPE, 1.0), _number(shown, _INTERCEPT, 0.0)
    shown[_SLOPE], shown[_INTERCEPT] = _element("DS", slope * scaling), _element("DS", intercept * scaling)
    if not _has_value(shown, _RESCALE_TYPE):
        shown[_RESCALE_TYPE] = _element("LO", "US")
    _without(shown, _DOSE_GRID_SCALING)


# --- frames -----------------------------------------------------------------------------------------------------------


def display_frame(path: Path, number: int, *, resolution: int | None = None) -> DisplayFrame:
    """Frame `number` (from 1, as in DICOMweb) in the form that `display_metadata` describes.

    `resolution` n asks for a preview reduced by 2**n: an exact prefix of the HTJ2K frame; raw frames come whole.
    Raises `Unreadable` in words when the frame cannot be decoded.
    """
    with Frames.open(path) as frames:
        how = _plan_of(frames)
        if how.kind is Kind.COLOUR:
            samples = colour.to_rgb8(frames, number - 1)
            return _frame(samples.tobytes(), MEDIA_RAW, how)
        if how.raw:
            return _frame(_grey(frames, number - 1, how, path).tobytes(), MEDIA_RAW, how)
        coded = _stored_as_shown(frames, number - 1, how)
        if coded is None:
            coded = htj2k.encode(_grey(frames, number - 1, how, path))
    return _frame(htj2k.preview(coded, resolution or 0), MEDIA_HTJ2K, how)


def thumbnail(path: Path, size: int = 128) -> bytes:
    """A JPEG of the middle frame, at most `size` pixels wide and high, with the object's default contrast.

    Raises `Unreadable`.
    """
    with Frames.open(path) as frames:
        how = _plan_of(frames)
        index = frames.count // 2
        samples = colour.to_rgb8(frames, index) if how.kind is Kind.COLOUR else frames.decode(index).samples
        return render_thumbnail(samples, frames.header, index, size, inverted=how.photometric == "MONOCHROME1")


def _plan_of(frames: Frames) -> DisplayPlan:
    how = plan_for(frames.description)
    if how is None:
        raise Unreadable("Pixels of this form cannot be displayed.", hint="Open the object in a workstation.")
    return how


def _frame(content: bytes, media_type: str, how: DisplayPlan) -> DisplayFrame:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return DisplayFrame(content, media_type, how.transfer_syntax_uid, etag)


def _stored_as_shown(frames: Frames, index: int, how: DisplayPlan) -> bytes | None:
    """The stored bytes when they already are what would be made of them."""
    if how.kind is not Kind.GREY or frames.syntax.coding is not Coding.HTJ2K:
        return None
    data = frames.stored(index)
    head = htj2k.parse(data)
    fits = (
        (head.rows, head.columns, head.components) == (how.description.rows, how.description.columns, 1)
        and (head.precision > 8) == (how.allocated == 16)
        and head.precision <= 16
        and head.signed == how.signed
    )
    return data if fits and head.streamable and data.startswith(htj2k.START) else None


def _grey(frames: Frames, index: int, how: DisplayPlan, path: Path) -> Samples:
    samples = frames.decode(index).samples
    if how.kind is Kind.RANGE:
        return _scale_of(path).apply(samples)
    if samples.dtype.itemsize > how.dtype.itemsize:
        raise Unreadable("The codestream holds more bits than the header says.", hint="Send the object again.")
    return samples.astype(how.dtype, copy=False)


@dataclass(frozen=True, slots=True)
class _Scale:
    """stored = `low` + `step` x displayed, displayed from 0 to 65535."""

    low: float
    step: float

    def apply(self, samples: Samples) -> Samples:
        """16-bit samples; what is no number becomes the lowest."""
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.rint((samples.astype(np.float64) - self.low) / self.step)
        return np.clip(np.nan_to_num(scaled, nan=0.0, posinf=_STEPS, neginf=0.0), 0, _STEPS).astype(np.uint16)


def _scale_of(path: Path) -> _Scale:
    status = path.stat()
    return _scale(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _scale(path: Path, _modified: int, _size: int) -> _Scale:
    """The range of all frames of an object. Integers that fit keep a step of 1, and so every value."""
    low, high, integers = np.inf, -np.inf, True
    with Frames.open(path) as frames:
        for index in range(frames.count):
            samples = frames.decode(index).samples
            integers = samples.dtype.kind in "iu"
            finite = samples if integers else samples[np.isfinite(samples)]
            if finite.size:
                low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if low > high:
        low = high = 0.0
    if (integers and high - low <= _STEPS) or high == low:
        return _Scale(low, 1.0)
    return _Scale(low, (high - low) / _STEPS)


# --- order ------------------------------------------------------------------------------------------------------------

_ALIKE: Final = 1e-3  # greatest difference of direction cosines that counts as the same orientation


def order(headers: Sequence[Header]) -> list[int]:
    """Indices of `headers` in display order: along the normal of the slices when all are parallel, else by number.

    The direction along the normal is the one in which Instance Number grows. Equal ones keep their order.
    """
    numbers = [_number(header, "00200013", float("inf")) for header in headers]
    positions = _positions(headers)
    if positions is None:
        return sorted(range(len(headers)), key=lambda i: numbers[i])
    counted = [i for i, number in enumerate(numbers) if np.isfinite(number)]
    if len(counted) > 1:
        ranks = np.array([[positions[i], numbers[i]] for i in counted])
        if float(np.prod(ranks - ranks.mean(axis=0), axis=1).sum()) < 0:
            positions = [-position for position in positions]
    return sorted(range(len(headers)), key=lambda i: (positions[i], numbers[i]))


def _positions(headers: Sequence[Header]) -> list[float] | None:
    """Millimetres along the common normal; None unless all slices have a place and are parallel, not all at one place."""
    places = [_vector(header, "00200032", 3) for header in headers]
    directions = [_vector(header, "00200037", 6) for header in headers]
    if not headers or any(vector is None for vector in (*places, *directions)):
        return None
    cosines, origins = np.array(directions, float), np.array(places, float)
    if np.abs(cosines - cosines[0]).max() > _ALIKE:
        return None
    along = origins @ np.cross(cosines[0, :3], cosines[0, 3:])
    if np.ptp(along) < _ALIKE:
        return None
    return [round(float(position), 3) for position in along]


def _vector(header: Header, tag: str, length: int) -> list[float] | None:
    element = header.get(tag)
    values = element.get("Value") if isinstance(element, Mapping) else None
    if not isinstance(values, Sequence) or len(values) != length:
        return None
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        return None
    return numbers if np.isfinite(numbers).all() else None
