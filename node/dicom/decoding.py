"""One coded frame to samples: a table of codecs. Where header and codestream disagree on the sign, the header wins.

Every codec here gets bytes from outside: what a library raises becomes `Unreadable`, and says nothing of the content.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from node.dicom import htj2k
from node.dicom.image import PixelDescription
from node.dicom.syntaxes import Coding
from node.errors import NodeError, Unreadable

Samples = NDArray[Any]

EXACT_CONTAINERS: Final = frozenset({Coding.NATIVE, Coding.RLE, Coding.DEFLATE})  # unused bits may hold anything
_HINT: Final = "Send the object again from its source."


def decode(coding: Coding, data: bytes, d: PixelDescription) -> tuple[Samples, str]:
    """Samples of one frame, (rows, columns[, samples]) in the type of `d`, and their colour space.

    Raises `Unreadable` when the bytes are not what the transfer syntax says.
    """
    try:
        samples, photometric = _CODECS[coding](data, d)
    except NodeError:
        raise
    except Exception as error:  # each codec library has errors of its own
        raise Unreadable(f"The {coding} frame cannot be decoded ({type(error).__name__}).", hint=_HINT) from None
    if samples.ndim == 3 and samples.shape[2] == 1:
        samples = samples[:, :, 0]
    return samples, photometric


def _signed(samples: Samples, precision: int, d: PixelDescription) -> Samples:
    """Gives codestream integers the header's sign and container: two's complement of `precision` bits."""
    wide = max(samples.dtype.itemsize, d.dtype.itemsize)
    if samples.dtype.kind == "i" and d.signed:
        return samples.astype(d.dtype if wide == d.dtype.itemsize else f"i{wide}", copy=False)
    unused = 8 * wide - precision
    if d.signed:
        return samples.astype(f"i{wide}") << unused >> unused
    if samples.dtype.kind == "i":
        return samples.astype(f"i{wide}").view(f"u{wide}") << unused >> unused
    return samples.astype(f"u{wide}", copy=False)


def _rle(data: bytes, d: PixelDescription) -> tuple[Samples, str]:
    """PS3.5 Annex G: byte planes of each sample, most significant first."""
    planes = struct.unpack_from("<I", data)[0]
    size, count = d.dtype.itemsize, d.rows * d.columns
    if planes != size * d.samples:
        raise Unreadable(f"The frame has {planes} run-length segments, the header says {size * d.samples}.", hint=_HINT)
    raw = imagecodecs.dicomrle_decode(data, d.dtype)
    if d.allocated == 1:
        return unpack_bits(raw, 0, d), d.photometric
    samples = np.frombuffer(raw, d.dtype)[: count * d.samples]
    if d.samples == 1:
        return samples.reshape(d.rows, d.columns), d.photometric
    return samples.reshape(d.samples, d.rows, d.columns).transpose(1, 2, 0), d.photometric


def _deflate(data: bytes, d: PixelDescription) -> tuple[Samples, str]:
    """PS3.5 A.4.12: each frame is a raw deflate stream of its native form."""
    limit = d.rows * d.columns * d.samples * max(1, d.allocated // 8) + 2
    raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, limit)
    if d.allocated == 1:
        return unpack_bits(raw, 0, d), d.photometric
    samples = np.frombuffer(raw, d.dtype, d.rows * d.columns * d.samples)
    if d.samples == 1:
        return samples.reshape(d.rows, d.columns), d.photometric
    if d.planar:
        return samples.reshape(d.samples, d.rows, d.columns).transpose(1, 2, 0), d.photometric
    return samples.reshape(d.rows, d.columns, d.samples), d.photometric


@dataclass(frozen=True, slots=True)
class _JpegHead:
    """What the markers before the scan say. `process`: the low byte of the SOF marker."""

    process: int
    precision: int
    component_ids: bytes
    jfif: bool
    adobe_transform: int | None

    @property
    def lossless(self) -> bool:
        return self.process in (0xC3, 0xC7, 0xCB, 0xCF)


def _jpeg_head(data: bytes) -> _JpegHead:
    """Markers of a JPEG or JPEG-LS stream up to the frame header (ISO/IEC 10918-1 B.2)."""
    at, jfif, adobe = 2, False, None
    while True:
        while data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1
        marker, length = struct.unpack_from(">HH", data, at)
        body = data[at + 4 : at + 2 + length]
        if marker == 0xFFE0 and body.startswith(b"JFIF"):
            jfif = True
        elif marker == 0xFFEE and body.startswith(b"Adobe") and len(body) >= 12:
            adobe = body[11]
        elif marker == 0xFFF7 or (0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC)):
            return _JpegHead(marker & 0xFF, body[0], body[6 : 6 + 3 * body[5] : 3], jfif, adobe)
        at += 2 + length


def _is_ycbcr(head: _JpegHead, photometric: str) -> bool:
    """The colour space of a lossy three-component stream: the stream is believed before the header."""
    if head.component_ids in (b"RGB", b"rgb"):
        return False
    if head.adobe_transform is not None:
        return head.adobe_transform == 1
    return head.jfif or photometric != "RGB"


def _jpeg(data: bytes, d: PixelDescription) -> tuple[Samples, str]:
    head = _jpeg_head(data)
    if len(head.component_ids) == 3 and not head.lossless and _is_ycbcr(head, d.photometric):
        return np.asarray(imagecodecs.jpeg8_decode(data, colorspace="YCBCR", outcolorspace="RGB")), "RGB"
    if len(head.component_ids) == 3:
        samples = np.asarray(imagecodecs.jpeg8_decode(data, colorspace="RGB", outcolorspace="RGB"))
        return _signed(samples, head.precision, d), d.photometric if head.lossless else "RGB"
    try:
        samples = np.asarray(imagecodecs.jpeg8_decode(data))
    except imagecodecs.Jpeg8Error:
        if not head.lossless:
            raise
        samples = np.asarray(imagecodecs.jpegsof3_decode(data))  # takes tables that libjpeg refuses
    return _signed(samples, min(head.precision, d.stored) if d.signed else head.precision, d), d.photometric


def _jpeg_ls(data: bytes, d: PixelDescription) -> tuple[Samples, str]:
    return _signed(np.asarray(imagecodecs.jpegls_decode(data)), _jpeg_head(data).precision, d), d.photometric


def _jpeg_2000(data: bytes, d: PixelDescription) -> tuple[Samples, str]:
    return _wavelet(np.asarray(imagecodecs.jpeg2k_decode(data, planar=False)), data, d)


def _htj2k(data: bytes, d: PixelDescription) -> tuple[Samples, str]:
    return _wavelet(htj2k.decode(data), data, d)


def _wavelet(samples: Samples, data: bytes, d: PixelDescription) -> tuple[Samples, str]:
    """The decoder has undone a component transform, so YBR_RCT and YBR_ICT have become RGB."""
    head = htj2k.parse(data)
    photometric = "RGB" if d.photometric in ("YBR_RCT", "YBR_ICT") else d.photometric
    return _signed(samples, head.precision, d), photometric


def _jpeg_xl(data: bytes, d: PixelDescription) -> tuple[Samples, str]:
    """XYB and YCbCr inside the stream come out as RGB."""
    samples = np.asarray(imagecodecs.jpegxl_decode(data))
    return _signed(samples, 8 * samples.dtype.itemsize, d), "RGB" if d.samples == 3 else d.photometric


def unpack_bits(data: bytes | bytearray, begin: int, d: PixelDescription) -> Samples:
    """One frame of 0 and 1 from packed bits, starting at bit `begin`."""
    count = d.rows * d.columns * d.samples
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[begin : begin + count]
    if bits.size < count:
        raise Unreadable("The pixel data ends before the frame does.", hint=_HINT)
    return bits.reshape((d.rows, d.columns) if d.samples == 1 else (d.rows, d.columns, d.samples))


_CODECS: Final[dict[Coding, Callable[[bytes, PixelDescription], tuple[Samples, str]]]] = {
    Coding.RLE: _rle,
    Coding.DEFLATE: _deflate,
    Coding.JPEG: _jpeg,
    Coding.JPEG_LS: _jpeg_ls,
    Coding.JPEG_2000: _jpeg_2000,
    Coding.HTJ2K: _htj2k,
    Coding.JPEG_XL: _jpeg_xl,
}
