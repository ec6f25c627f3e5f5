"""Lossless compression with proof, and the way back to uncompressed.

`compress` changes a data set only when every frame, decoded again, equals what was stored, sign and all. Everything
else (already compressed, lossy, odd pixel data, an encoder that gives up) stays as it was: an image that travels larger
is no harm, a changed one is. Frames are taken one by one; only coded frames are kept.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import UID

from node.dicom import htj2k
from node.dicom.image import PixelDescription, swapped_words, to_little_endian
from node.dicom.pixels import Frames
from node.dicom.setup import configure
from node.dicom.syntaxes import (
    EXPLICIT_LITTLE,
    HTJ2K_LOSSLESS_RPCL,
    JPEG_LS_LOSSLESS,
    Coding,
    TransferSyntax,
    syntax,
)
from node.domain.route import Compression
from node.errors import NodeError, Unreadable, UnsupportedSyntax

Samples = NDArray[Any]

_log = logging.getLogger(__name__)

BASIC_OFFSETS_LIMIT = 2**32 - 2  # bytes of coded frames beyond which the offsets need 64 bits (PS3.5 A.4)
_OFFSET_TABLES: Final = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
_SOURCES: Final = frozenset({Coding.NATIVE, Coding.RLE})
_MONO: Final = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})


def _jpeg_ls_encode(samples: Samples, d: PixelDescription) -> bytes:
    """ISO/IEC 14495-1 without loss, colour interleaved by sample.

    The precision is that of the container, not Bits Stored: JPEG-LS knows no sign, so signed samples stay whole and no
    reader has to extend them (PS3.5 8.2.3).
    """
    return bytes(imagecodecs.jpegls_encode(samples.view(f"u{samples.dtype.itemsize}")))


def _jpeg_ls_decode(data: bytes, d: PixelDescription) -> Samples:
    return np.asarray(imagecodecs.jpegls_decode(data)).view(d.dtype)


@dataclass(frozen=True, slots=True)
class _Codec:
    """`colour`: the photometric interpretation of colour images that this codec wrote (PS3.5 8.2.3, 8.2.14)."""

    uid: str
    colour: str
    encode: Callable[[Samples, PixelDescription], bytes]
    decode: Callable[[bytes, PixelDescription], Samples]


_CODECS: Final = {
    Compression.HTJ2K: _Codec(
        HTJ2K_LOSSLESS_RPCL, "YBR_RCT", lambda samples, _: htj2k.encode(samples), lambda data, _: htj2k.decode(data)
    ),
    Compression.JPEG_LS: _Codec(JPEG_LS_LOSSLESS, "RGB", _jpeg_ls_encode, _jpeg_ls_decode),
}


def compress(ds: Dataset, compression: Compression) -> bool:
    """Codes the pixel data of `ds` in place without loss. True when it was changed, proved equal frame by frame.

    Takes native and RLE images, one sample of 8 or 16 bits, signed or not, or RGB of 8 bits. Anything else returns
    False and leaves `ds` as it was, and so does coding that would not save a byte; odd pixel data never raises.
    """
    codec = _CODECS.get(compression)
    if codec is None or "PixelData" not in ds:
        return False
    configure()
    try:
        frames = Frames.of(ds)
        if not _compressible(frames):
            return False
        coded = [_proved(frames, index, codec) for index in range(frames.count)]
        if sum(len(frame) for frame in coded) >= frames.length:
            return False
    except NodeError as error:
        _log.info("pixel data left as stored: %s", error.code)
        return False
    except Exception as error:  # the codecs raise errors of their own
        _log.warning("pixel data left as stored: %s", type(error).__name__)
        return False
    if frames.syntax.big_endian:
        to_little_endian(ds)
    _put_coded(ds, coded, codec, frames.description)
    return True


def _compressible(frames: Frames) -> bool:
    """True for the pixel forms that both codecs can hold without any loss."""
    d = frames.description
    if frames.syntax.coding not in _SOURCES or d.floating or d.high_bit != d.stored - 1:
        return False
    native = frames.syntax.coding is Coding.NATIVE and not frames.syntax.encapsulated
    if native and frames.length - frames.native_length not in (0, frames.native_length % 2):
        return False  # more than the image describes: leaving it out would lose it
    if d.samples == 1:
        return d.allocated in (8, 16) and d.photometric in _MONO
    return d.samples == 3 and d.allocated == d.stored == 8 and not d.signed and d.photometric == "RGB"


class _NotEqualError(Exception):
    """The decoder did not give back what the encoder was given, or the unused bits hold data."""


def _proved(frames: Frames, index: int, codec: _Codec) -> bytes:
    """One coded frame that decodes to exactly the stored samples; raises when there is none."""
    d = frames.description
    samples = np.ascontiguousarray(frames.container(index).samples)
    if d.stored < d.allocated and not _unused_bits_are_empty(samples, d):
        raise _NotEqualError
    coded = codec.encode(samples, d)
    again = codec.decode(coded, d)
    if again.dtype != samples.dtype or not np.array_equal(again, samples):
        raise _NotEqualError
    return coded


def _unused_bits_are_empty(samples: Samples, d: PixelDescription) -> bool:
    """False when bits above High Bit hold data, e.g. an overlay (retired: PS3.5 8.1.2)."""
    low, high = (-(1 << d.stored - 1), (1 << d.stored - 1) - 1) if d.signed else (0, (1 << d.stored) - 1)
    return bool(samples.min() >= low and samples.max() <= high)


def _put_coded(ds: Dataset, coded: list[bytes], codec: _Codec, d: PixelDescription) -> None:
    _drop(ds, *_OFFSET_TABLES)
    if sum(len(frame) + 9 for frame in coded) > BASIC_OFFSETS_LIMIT:
        value, offsets, lengths = encapsulate_extended(coded)
        ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = offsets, lengths
    else:
        value = encapsulate(coded, has_bot=True)
    _put_pixels(ds, value, codec.uid, encapsulated=True)
    if d.samples == 3:
        ds.PhotometricInterpretation = codec.colour
        ds.PlanarConfiguration = 0


def _put_pixels(ds: Dataset, value: bytes, uid: str, *, encapsulated: bool, vr: str = "OB") -> None:
    element = DataElement(0x7FE00010, vr, value, already_converted=True)
    element.is_undefined_length = encapsulated
    ds[0x7FE00010] = element
    if not hasattr(ds, "file_meta"):
        ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(uid)


def _drop(ds: Dataset, *keywords: str) -> None:
    for keyword in keywords:
        if keyword in ds:
            delattr(ds, keyword)


def pixel_digest(ds: Dataset) -> str:
    """SHA-256 (hexadecimal) over the decoded frames: little endian, colour by pixel. Equal before and after `compress`.

    Unused bits take no part. Raises `Unreadable`.
    """
    configure()
    frames = Frames.of(ds)
    digest = hashlib.sha256()
    for index in range(frames.count):
        samples = frames.decode(index).samples
        digest.update(np.ascontiguousarray(samples, samples.dtype.newbyteorder("<")).data)
    return digest.hexdigest()


def decompress(ds: Dataset) -> None:
    """Rewrites `ds` in place for Explicit VR Little Endian. YBR of lossy JPEG and the like becomes RGB.

    Raises `UnsupportedSyntax` when the pixel data cannot be decoded; `ds` is then as it was.
    """
    configure()
    uid = str(getattr(ds, "file_meta", Dataset()).get("TransferSyntaxUID", ""))
    known = syntax(uid)
    if known is None:
        raise UnsupportedSyntax(f"Transfer syntax {uid or '(none)'} is unknown.", hint="Ask for the object as stored.")
    if known.coding is Coding.NATIVE and not known.encapsulated:
        _native_to_explicit(ds, known)
    elif "PixelData" in ds:
        _coded_to_explicit(ds, known)
    ds.file_meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)


def _native_to_explicit(ds: Dataset, known: TransferSyntax) -> None:
    """Deflation and implicit VR are the file's business; big endian is the values' too."""
    if known.big_endian and "PixelData" in ds:
        pixels = ds["PixelData"]
        size = ds.get("BitsAllocated") or 8
        word = "u4" if size == 32 else "u8" if size == 64 else "u2"
        if (pixels.VR == "OW" or size > 8) and isinstance(pixels.value, bytes):
            pixels.value = swapped_words(pixels.value, word)
    if known.big_endian:
        to_little_endian(ds)


def _coded_to_explicit(ds: Dataset, known: TransferSyntax) -> None:
    try:
        frames = Frames.of(ds)
        d = frames.description
        native, photometric = bytearray(), d.photometric
        bits: list[Samples] = []
        for index in range(frames.count):
            frame = frames.decode(index)
            photometric = frame.photometric
            if d.allocated == 1:
                bits.append(frame.samples.ravel())
                continue
            if frame.samples.dtype.itemsize * 8 != d.allocated:
                raise Unreadable("The codestream holds more bits than the header says.")
            native += np.ascontiguousarray(frame.samples, frame.samples.dtype.newbyteorder("<")).data
    except NodeError as error:
        raise UnsupportedSyntax(
            f"The pixel data in {known.name} cannot be decoded: {error.message}", hint="Ask for the object as stored."
        ) from None
    if bits:
        native += np.packbits(np.concatenate(bits), bitorder="little").data
    if len(native) % 2:
        native += b"\0"
    _drop(ds, *_OFFSET_TABLES)
    _put_pixels(ds, bytes(native), EXPLICIT_LITTLE, encapsulated=False, vr="OW" if d.allocated > 8 else "OB")
    if d.samples == 3:
        ds.PhotometricInterpretation = photometric
        ds.PlanarConfiguration = 0
