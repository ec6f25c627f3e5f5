"""Masks for burned-in text on ultrasound: everything outside the calibrated regions becomes black.

A scanner draws the patient's name in a banner beside the picture and says where the picture is: Sequence of Ultrasound
Regions (PS3.3 C.8.5.5). What lies inside a region is never changed, so a name that is drawn into the picture itself
stays, and a line of text on the edge of a region is cut in two: a profile that masks trusts the regions of the sender's
scanners. In doubt nothing is masked, and the object has to be held: without regions, with regions that do not fit the
image, when they leave no room for a text outside, or when nothing is to be seen outside and the text must be elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import UID

from node.dicom.dummies import code
from node.dicom.image import PixelDescription, to_little_endian
from node.dicom.pixels import Frame, Frames
from node.dicom.setup import configure
from node.dicom.syntaxes import EXPLICIT_LITTLE, Coding
from node.errors import NodeError

Samples = NDArray[Any]

ULTRASOUND: Final = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.6.1",  # Ultrasound Image
        "1.2.840.10008.5.1.4.1.1.3.1",  # Ultrasound Multi-frame Image
        "1.2.840.10008.5.1.4.1.1.6",  # the same, retired
        "1.2.840.10008.5.1.4.1.1.3",
    }
)
METHOD: Final = ("113101", "Clean Pixel Data Option")  # CID 7050
DESCRIPTION: Final = "Pixels outside the ultrasound regions made black"

_CORNERS: Final = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")
_GRAPHICS: Final = 5  # Region Spatial Format: drawn, not scanned; may hold a text (PS3.3 C.8.5.5.1.1)
_TEXT_SIZE: Final = 8  # pixels: no readable text is lower
_VISIBLE: Final = 16  # brighter than one part in so many of the range: a text that somebody could read
_LONGEST: Final = 2**32 - 2  # bytes of native pixel data (PS3.5 A.2: a length of 32 bits)
_COLOUR: Final = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422"})
_PALETTE: Final = frozenset(range(0x00281101, 0x00281104)) | frozenset(
    {*range(0x00281201, 0x00281204), *range(0x00281221, 0x00281224)}
)
_STALE: Final = (  # what told of the former pixels
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "EncapsulatedPixelDataValueTotalLength",
    "SmallestImagePixelValue",
    "LargestImagePixelValue",
)
_LOSSY_METHODS: Final = {  # PS3.3 C.7.6.1.1.5.1
    Coding.JPEG: "ISO_10918_1",
    Coding.JPEG_LS: "ISO_14495_1",
    Coding.JPEG_2000: "ISO_15444_1",
    Coding.HTJ2K: "ISO_15444_15",
    Coding.JPEG_XL: "ISO_18181_1",
}
_ALWAYS_LOSSY: Final = frozenset({Coding.JPEG, Coding.JPEG_LS})  # others may say that they lost nothing


@dataclass(frozen=True, slots=True)
class MaskedPixels:
    """Native little endian samples of all frames, colour by pixel, and what they came from.

    `lossy`: the method of PS3.3 C.7.6.1.1.5.1 when the source's transfer syntax loses information, else empty;
    `ratio`: native bytes for each coded one.
    """

    data: bytes
    photometric: str
    samples: int
    allocated: int
    big_endian: bool  # the other values of the data set still are
    lossy: str
    always_lossy: bool
    ratio: float


def mask_outside_regions(ds: Dataset) -> bool:
    """Makes every pixel outside the regions black, in every frame; inside they stay as decoded. In place.

    The object is Explicit VR Little Endian afterwards and says what was done. False, and nothing changed, when no mask
    can be made that one could rely on.
    """
    masked = masked_pixels(ds)
    if masked is None:
        return False
    put(ds, masked)
    return True


def masked_pixels(ds: Dataset) -> MaskedPixels | None:
    """The pixels that `put` would write; `ds` is not changed. None when no mask can be relied on.

    Overlay planes (60xx) are not looked at: they are to be removed. Data in unused bits is reason enough for None.
    """
    if str(ds.get("SOPClassUID") or "") not in ULTRASOUND or "PixelData" not in ds:
        return None
    configure()
    try:
        frames = Frames.of(ds)
        d = frames.description
        inside = _inside(ds, d)
        if inside is None or not _writable(frames) or not _room_for_text(~inside):
            return None
        return _masked(frames, ~inside)
    except NodeError:
        return None


def put(ds: Dataset, masked: MaskedPixels) -> None:
    """Writes masked pixels into the object that they came from, which may have been pseudonymised meanwhile."""
    if masked.big_endian:
        to_little_endian(ds)
    for keyword in _STALE:
        if keyword in ds:
            delattr(ds, keyword)
    vr = "OW" if masked.allocated > 8 else "OB"
    ds[0x7FE00010] = DataElement(0x7FE00010, vr, masked.data, already_converted=True)
    ds.file_meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)
    if masked.samples > 1:
        ds.PhotometricInterpretation = masked.photometric
        ds.PlanarConfiguration = 0
    _declare_loss(ds, masked)
    _declare_mask(ds)


def _inside(ds: Dataset, d: PixelDescription) -> NDArray[np.bool_] | None:
    """(rows, columns), True where a region is; None when there is none or one of them cannot be of this image."""
    try:
        items = list(ds.get("SequenceOfUltrasoundRegions") or [])
        boxes = [[int(item[keyword].value) for keyword in _CORNERS] for item in items]
        formats = [int(item.get("RegionSpatialFormat") or 0) for item in items]
    except Exception:  # an item without its corners, and whatever the toolkit's converters meet
        return None
    inside = np.zeros((d.rows, d.columns), bool)
    for (left, top, right, bottom), kind in zip(boxes, formats, strict=True):
        # Corners are part of the region. Some scanners write the first pixel behind it: one too many is no error, more
        # is: the image was cropped or scaled afterwards and the regions tell nothing.
        if not (0 <= left <= right <= d.columns and 0 <= top <= bottom <= d.rows) or left == d.columns or top == d.rows:
            return None
        if kind != _GRAPHICS and left < right and top < bottom:
            inside[top : bottom + 1, left : right + 1] = True
    return inside if inside.any() else None


def _writable(frames: Frames) -> bool:
    """True for whole bytes of integers that fit one native object."""
    d = frames.description
    size = d.rows * d.columns * d.samples * d.allocated // 8 * d.frames
    return d.allocated in (8, 16) and not d.floating and d.high_bit == d.stored - 1 and size <= _LONGEST


def _room_for_text(outside: NDArray[np.bool_]) -> bool:
    """True when a square that a letter needs fits somewhere outside."""
    rows, columns = outside.shape
    if min(rows, columns) < _TEXT_SIZE:
        return False
    sums = np.zeros((rows + 1, columns + 1), np.int64)
    sums[1:, 1:] = outside.cumsum(0).cumsum(1)
    n = _TEXT_SIZE
    squares = sums[n:, n:] - sums[:-n, n:] - sums[n:, :-n] + sums[:-n, :-n]
    return bool((squares == n * n).any())


def _masked(frames: Frames, outside: NDArray[np.bool_]) -> MaskedPixels | None:
    d = frames.description
    native, photometric, visible, coded = bytearray(), "", False, 0
    black: Samples | None = None
    for index in range(frames.count):
        frame = frames.container(index)
        if frame.samples.dtype.itemsize * 8 != d.allocated or not _unused_bits_are_empty(frame.samples, d):
            return None
        black = _black(frames, frame) if index == 0 else black
        photometric = photometric or frame.photometric
        if black is None or frame.photometric != photometric:
            return None
        samples = np.array(frame.samples, frame.samples.dtype.newbyteorder("<"), order="C")
        visible = visible or _shows_something(samples[outside], black, d)
        samples[outside] = black
        native += samples.data
        coded += len(frames.stored(index)) if frames.syntax.lossy else 0
    if not visible:
        return None
    lossy = _LOSSY_METHODS.get(frames.syntax.coding, "") if frames.syntax.lossy else ""
    return MaskedPixels(
        data=bytes(native) + b"\0" * (len(native) % 2),
        photometric="YBR_FULL" if photometric == "YBR_FULL_422" else photometric,  # decoding has repeated the colours
        samples=d.samples,
        allocated=d.allocated,
        big_endian=frames.syntax.big_endian,
        lossy=lossy,
        always_lossy=frames.syntax.coding in _ALWAYS_LOSSY,
        ratio=len(native) / coded if coded else 1.0,
    )


def _limits(d: PixelDescription) -> tuple[int, int]:
    return (-(1 << d.stored - 1), (1 << d.stored - 1) - 1) if d.signed else (0, (1 << d.stored) - 1)


def _unused_bits_are_empty(samples: Samples, d: PixelDescription) -> bool:
    """False when bits above High Bit hold data, e.g. an overlay (retired: PS3.5 8.1.2)."""
    low, high = _limits(d)
    return bool(samples.min() >= low and samples.max() <= high)


def _shows_something(taken: Samples, black: Samples, d: PixelDescription) -> bool:
    """True when the pixels that go are not all dark; in a palette neighbours can be of any colour."""
    tolerance = 0 if d.photometric == "PALETTE COLOR" else (1 << d.stored) // _VISIBLE
    return bool((np.abs(taken.astype(np.int64) - black) > tolerance).any())


def _black(frames: Frames, frame: Frame) -> Samples | None:
    """The sample or triple that is shown black (PS3.3 C.7.6.3.1.2); None where nobody can tell."""
    d = frames.description
    low, high = _limits(d)
    grey = {"MONOCHROME2": low, "MONOCHROME1": high}
    if frame.samples.ndim == 3:
        if frame.photometric not in _COLOUR or d.samples != 3 or d.signed:
            return None
        neutral = 0 if frame.photometric == "RGB" else 1 << d.stored - 1  # of the colour differences
        return np.array([0, neutral, neutral], frame.samples.dtype)
    if frame.photometric == "PALETTE COLOR":
        return _darkest(frames)
    return np.array(grey[frame.photometric], frame.samples.dtype) if frame.photometric in grey else None


def _darkest(frames: Frames) -> Samples | None:
    """The first palette index of the darkest colour."""
    d = frames.description
    if d.signed:
        return None
    palette = Dataset()
    indices = np.arange(1 << d.stored, dtype=d.dtype).reshape(1, -1)
    try:
        for tag in _PALETTE:
            if tag in frames.header:
                element = frames.header[tag]
                palette.add(DataElement(tag, element.VR, element.value, already_converted=True))
        if frames.syntax.big_endian:
            to_little_endian(palette)
        palette.set_original_encoding(False, True)  # segments are read by it
        colours = np.asarray(apply_color_lut(indices, palette))[0, :, :3]
    except Exception:  # the toolkit raises whatever a wrong palette makes of it
        return None
    return np.array(colours.astype(np.int64).sum(1).argmin(), d.dtype)


def _declare_loss(ds: Dataset, masked: MaskedPixels) -> None:
    """What was lost once stays lost (PS3.3 C.7.6.1.1.5), although the new transfer syntax loses nothing."""
    said = str(ds.get("LossyImageCompression") or "").strip()
    if not masked.lossy or (said == "00" and not masked.always_lossy):
        return
    ds.LossyImageCompression = "01"
    if not ds.get("LossyImageCompressionMethod"):
        ds.LossyImageCompressionMethod = masked.lossy
    if not ds.get("LossyImageCompressionRatio"):
        ds.LossyImageCompressionRatio = f"{masked.ratio:.2f}"


def _declare_mask(ds: Dataset) -> None:
    ds.BurnedInAnnotation = "NO"
    kind = ds.get("ImageType")
    values = [kind] if isinstance(kind, str) else list(kind or [])
    ds.ImageType = ["DERIVED", *(values[1:] or ["PRIMARY"])]
    before = str(ds.get("DerivationDescription") or "").strip()
    ds.DerivationDescription = f"{before[: 1022 - len(DESCRIPTION)]}; {DESCRIPTION}" if before else DESCRIPTION
    value, meaning = METHOD
    items = list(ds.get("DeidentificationMethodCodeSequence") or [])
    if all(item.get("CodeValue") != value for item in items):
        ds.DeidentificationMethodCodeSequence = [*items, code(value, "DCM", meaning)]
        methods = ds.get("DeidentificationMethod") or []
        ds.DeidentificationMethod = [*([methods] if isinstance(methods, str) else methods), meaning]
