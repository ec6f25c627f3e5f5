"""The frames of an image: what the header says of them (PS3.3 C.7.6.3), and samples of one frame without the others.

`Frames.of(ds)` works on a data set in memory, `Frames.open(path)` maps the file, so that frame 900 of a cine costs no
more than frame 1. Samples come as stored: no modality or VOI transformation.
"""

from __future__ import annotations

import io
import mmap
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.filereader import read_dataset

from node.dicom import decoding
from node.dicom.image import PixelDescription, describe_dataset, to_little_endian
from node.dicom.part10 import Layout, layout
from node.dicom.setup import configure
from node.dicom.syntaxes import Coding, TransferSyntax, syntax
from node.errors import Unreadable

Samples = NDArray[Any]

_PIXEL_TAGS: Final = {0x7FE00008: "<f4", 0x7FE00009: "<f8", 0x7FE00010: ""}  # float, double float, integers
_OFFSETS, _LENGTHS = 0x7FE00001, 0x7FE00002  # Extended Offset Table, and Lengths
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"UN", b"UC", b"UR", b"UT", b"SQ", b"SV", b"UV"}
)
_UNDEFINED: Final = 0xFFFFFFFF
_ITEM, _DELIMITER = 0xE000FFFE, 0xE0DDFFFE  # tags as one little endian number
_INFLATED_LIMIT: Final = 4 << 30
_SAMPLES_LIMIT: Final = 1 << 30  # samples of one frame that are believed
_HINT: Final = "Send the object again from its source."


@dataclass(frozen=True, slots=True)
class Frame:
    """The samples of one frame: (rows, columns) or (rows, columns, samples), and their colour space after decoding."""

    samples: Samples
    photometric: str


class Frames:
    """The frames of one object. `header` holds everything before the pixel data."""

    def __init__(
        self,
        header: Dataset,
        transfer_syntax_uid: str,
        pixels: Any,
        *,
        vr: str,
        float_type: str = "",
        encapsulated: bool | None = None,
        big_endian: bool = False,
        position: int | None = None,
    ) -> None:
        described = describe_dataset(header)
        if described is None:
            raise Unreadable("The object has no image.", hint="Nothing is to be shown of it.")
        known = syntax(transfer_syntax_uid)
        if known is None or not known.decodes:
            raise Unreadable(
                f"Images in transfer syntax {transfer_syntax_uid or '(none)'} cannot be decoded here.",
                hint="Ask the sender for another transfer syntax.",
            )
        if described.rows * described.columns * described.samples > _SAMPLES_LIMIT:
            raise Unreadable("The image says that it is larger than any image is.", hint=_HINT)
        self.header = header
        self.description: PixelDescription = described
        self.syntax: TransferSyntax = known
        self._pixels = pixels
        self._vr = vr
        self._float_type = float_type
        self._big_endian = big_endian
        self._encapsulated = known.encapsulated if encapsulated is None else encapsulated
        self._position = position

    @classmethod
    def of(cls, ds: Dataset) -> Frames:
        """The frames of a data set with file_meta and pixel data in memory. Raises `Unreadable`."""
        uid = str(getattr(ds, "file_meta", Dataset()).get("TransferSyntaxUID", ""))
        tag = next((tag for tag in _PIXEL_TAGS if tag in ds), None)
        value = ds[tag].value if tag is not None else None
        if tag is None or not isinstance(value, bytes | bytearray) or not value:
            raise Unreadable("The object has no pixel data.", hint=_HINT)
        known = syntax(uid)
        return cls(
            ds,
            uid,
            memoryview(value),
            vr=ds[tag].VR,
            float_type=_PIXEL_TAGS[tag],
            big_endian=bool(known and known.big_endian),
        )

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Frames]:
        """The frames of a file, mapped for as long as the context lasts. Raises `Unreadable`."""
        configure()
        with path.open("rb") as file:
            where = layout(file)
            yield _from_buffer(cls, *_mapped(file, where), where)

    @property
    def count(self) -> int:
        return self.description.frames

    def stored(self, index: int) -> bytes:
        """The bytes of frame `index` (from 0) as they are in the object. Raises `Unreadable`."""
        self._check(index)
        if not self._encapsulated:
            size = self.native_size
            begin = index * size
            if begin + size > len(self._pixels):
                raise Unreadable("The pixel data ends before the frame does.", hint=_HINT)
            return bytes(self._pixels[begin : begin + size])
        try:
            return get_frame(
                io.BytesIO(self._pixels) if isinstance(self._pixels, bytes) else _Window(self._pixels),
                index,
                number_of_frames=self.count,
                extended_offsets=self._extended_offsets(),
            )
        except (ValueError, struct.error, StopIteration, EOFError, OSError) as error:
            raise Unreadable(
                f"Frame {index + 1} cannot be found in the pixel data ({type(error).__name__}).", hint=_HINT
            ) from None

    def places(self) -> list[tuple[int, int]] | None:
        """(offset in the file, bytes) of each encapsulated frame, of those that lie in one piece each; else None."""
        if self._position is None or not self._encapsulated:
            return None
        items = _items(self._pixels)
        if items is None or len(items) != self.count + 1:  # the first one is the offset table
            return None
        return [(self._position + begin, length) for begin, length in items[1:]]

    def decode(self, index: int) -> Frame:
        """Frame `index` (from 0) as samples with unused bits cleared and the sign right. Raises `Unreadable`."""
        frame = self.container(index)
        return Frame(self._clean(frame.samples), frame.photometric)

    def container(self, index: int) -> Frame:
        """Frame `index` with whatever the unused bits hold. Raises `Unreadable`."""
        self._check(index)
        d = self.description
        if self.syntax.coding is Coding.NATIVE:
            return self._native(index)
        if self._float_type:
            raise Unreadable("Floating point pixels cannot be coded.", hint=_HINT)
        samples, photometric = decoding.decode(self.syntax.coding, self.stored(index), d)
        expected = (d.rows, d.columns) if d.samples == 1 else (d.rows, d.columns, d.samples)
        if samples.shape != expected:
            raise Unreadable(
                f"Frame {index + 1} holds {_form(samples.shape)} samples, the header says {_form(expected)}.",
                hint=_HINT,
            )
        return Frame(samples, photometric)

    @property
    def native_size(self) -> int:
        """Bytes of a native frame; one of 1-bit frames only when they end on a byte."""
        d = self.description
        if d.allocated == 1:
            return -(-d.rows * d.columns * d.samples // 8)
        if self.subsampled:
            return d.rows * d.columns * 2 * d.allocated // 8
        return d.rows * d.columns * d.samples * d.allocated // 8

    @property
    def subsampled(self) -> bool:
        """True for native YBR_FULL_422, two samples for each pixel (PS3.3 C.7.6.3.1.2); some writers only say so."""
        d = self.description
        if d.photometric != "YBR_FULL_422" or d.samples != 3 or self.syntax.coding is not Coding.NATIVE:
            return False
        return len(self._pixels) < d.rows * d.columns * 3 * d.allocated // 8 * d.frames

    @property
    def native_length(self) -> int:
        """Bytes of the native pixel data as the header describes it, without the byte that makes it even."""
        d = self.description
        if d.allocated == 1:
            return -(-d.rows * d.columns * d.samples * d.frames // 8)
        return self.native_size * d.frames

    @property
    def length(self) -> int:
        """Bytes that the pixel data really has."""
        return len(self._pixels)

    def _check(self, index: int) -> None:
        if not 0 <= index < self.count:
            raise Unreadable(
                f"There is no frame {index + 1}: the object has {self.count}.", hint="Ask for a frame that is there."
            )

    def _extended_offsets(self) -> tuple[bytes, bytes] | None:
        offsets, lengths = (self.header[tag].value if tag in self.header else b"" for tag in (_OFFSETS, _LENGTHS))
        return (offsets, lengths) if offsets and lengths else None

    def _native(self, index: int) -> Frame:
        d = self.description
        if d.allocated == 1:
            return Frame(self._bits(index), d.photometric)
        swap = self._big_endian and d.allocated == 8 and self._vr == "OW"
        data = self._unswapped(index) if swap else self.stored(index)
        kind = self._float_type or f"<{d.dtype.kind}{d.dtype.itemsize}"
        if d.allocated % 8 or np.dtype(kind).itemsize not in (1, 2, 4, 8) or np.dtype(kind).itemsize * 8 != d.allocated:
            raise Unreadable(f"Samples of {d.allocated} bits cannot be read.", hint=_HINT)
        if self._big_endian:
            kind = kind.replace("<", ">")
        if len(data) < self.native_size:
            raise Unreadable("The pixel data ends before the frame does.", hint=_HINT)
        samples = np.frombuffer(data[: self.native_size], kind).astype(np.dtype(kind).newbyteorder("="), copy=False)
        if self.subsampled:
            return Frame(_expand_422(samples, d.rows, d.columns), "YBR_FULL")
        if d.samples == 1:
            return Frame(samples.reshape(d.rows, d.columns), d.photometric)
        if d.planar:
            return Frame(samples.reshape(d.samples, d.rows, d.columns).transpose(1, 2, 0), d.photometric)
        return Frame(samples.reshape(d.rows, d.columns, d.samples), d.photometric)

    def _unswapped(self, index: int) -> bytes:
        """A frame of 8-bit samples that lie in 16-bit big endian words: an odd frame begins in the middle of one."""
        begin, end = index * self.native_size, (index + 1) * self.native_size
        return _swapped(bytes(self._pixels[begin // 2 * 2 : end + end % 2]))[begin % 2 :]

    def _bits(self, index: int) -> Samples:
        """A 1-bit frame: bits are packed from the least significant one on, and frames need not begin on a byte."""
        d = self.description
        if self._encapsulated:
            data, begin = self.stored(index), 0
        else:
            begin = index * d.rows * d.columns * d.samples
            data, begin = (
                bytes(self._pixels[begin // 16 * 2 : (begin + d.rows * d.columns * d.samples) // 16 * 2 + 2]),
                begin % 16,
            )
        if self._big_endian and self._vr == "OW":
            data = _swapped(data)
        return decoding.unpack_bits(data, begin, d)

    def _clean(self, samples: Samples) -> Samples:
        """Takes Bits Stored below High Bit and sets the rest by the sign (PS3.5 8.1.1); coded lossy samples stay."""
        d = self.description
        if samples.dtype.kind == "f" or d.allocated == 1 or self.syntax.coding not in decoding.EXACT_CONTAINERS:
            return samples
        above = 8 * samples.dtype.itemsize - (d.high_bit + 1)
        below = 8 * samples.dtype.itemsize - d.stored
        if below <= 0 or above < 0:
            return samples
        return samples << above >> below


class _Window(io.RawIOBase):
    """A readable file over part of a buffer, without a copy."""

    def __init__(self, view: memoryview) -> None:
        super().__init__()
        self._view = view
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        end = len(self._view) if size is None or size < 0 else self._at + size
        data = bytes(self._view[self._at : end])
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._at, len(self._view))[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def _items(pixels: Any) -> list[tuple[int, int]] | None:
    """(offset, bytes) of the items of encapsulated pixel data (PS3.5 A.4); None when they are not well-formed."""
    items: list[tuple[int, int]] = []
    at, end = 0, len(pixels)
    while at + 8 <= end:
        tag, length = struct.unpack_from("<II", pixels, at)
        if tag != _ITEM or length > end - at - 8:
            return items if tag == _DELIMITER else None
        items.append((at + 8, length))
        at += 8 + length
    return items


def _mapped(file: BinaryIO, where: Layout) -> tuple[Any, int]:
    """The whole file, or the inflated data set, as a buffer, and where the data set begins in it."""
    if where.deflated:
        file.seek(where.offset)
        return _inflate(file.read()), 0
    # Closed when the last view of it is gone: an explicit close fails while an exception still holds one.
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), where.offset


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(data, _INFLATED_LIMIT)
    except zlib.error:
        raise Unreadable("The deflated data set is damaged.", hint=_HINT) from None
    if inflater.unconsumed_tail:
        raise Unreadable("The deflated data set is larger than any image is.", hint=_HINT)
    return inflated


def _from_buffer(cls: type[Frames], buffer: Any, offset: int, where: Layout) -> Frames:
    stream: Any = buffer if not isinstance(buffer, bytes) else io.BytesIO(buffer)
    stream.seek(offset)
    try:
        header = read_dataset(
            stream,
            where.implicit,
            where.little,
            stop_when=lambda tag, vr, length: tag in _PIXEL_TAGS,
        )
        if not where.little:
            to_little_endian(header)
        at, order = stream.tell(), "<" if where.little else ">"
        head = bytes(buffer[at : at + 12])
        if len(head) < 12:
            raise Unreadable("The object has no pixel data.", hint="Nothing is to be shown of it.")
        group, element = struct.unpack_from(f"{order}HH", head)
        tag = group << 16 | element
        if where.implicit or head[4:6] not in _LONG_VRS:
            vr, (length,), at = "OW", struct.unpack_from(f"{order}I", head, 4), at + 8
        else:
            vr, (length,), at = head[4:6].decode("ascii"), struct.unpack_from(f"{order}I", head, 8), at + 12
    except Unreadable:
        raise
    except Exception as error:  # the toolkit raises whatever its parsers meet
        raise Unreadable(
            f"The object has no pixel data that can be read ({type(error).__name__}).", hint=_HINT
        ) from None
    if tag not in _PIXEL_TAGS:
        raise Unreadable("The object has no pixel data.", hint=_HINT)
    end = len(buffer) if length == _UNDEFINED else min(len(buffer), at + length)
    pixels = memoryview(buffer)[at:end]
    return cls(
        header,
        where.transfer_syntax_uid,
        pixels,
        vr=vr,
        float_type=_PIXEL_TAGS[tag],
        big_endian=not where.little,
        position=None if where.deflated else at,
    )


def _swapped(data: bytes) -> bytes:
    """8-bit samples from 16-bit big endian words."""
    padded = data if len(data) % 2 == 0 else data + b"\0"
    return np.frombuffer(padded, ">u2").astype("<u2").tobytes()[: len(padded)]


def _expand_422(samples: Samples, rows: int, columns: int) -> Samples:
    """Y0 Y1 Cb Cr … to one triple for each pixel, the chrominance repeated."""
    if samples.size != rows * columns * 2 or columns % 2:
        raise Unreadable("The subsampled pixel data does not fit the image.", hint=_HINT)
    pairs = samples.reshape(-1, 4)
    full = np.empty((pairs.shape[0], 2, 3), samples.dtype)
    full[:, :, 0] = pairs[:, :2]
    full[:, :, 1] = pairs[:, 2:3]
    full[:, :, 2] = pairs[:, 3:4]
    return full.reshape(rows, columns, 3)


def _form(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)
