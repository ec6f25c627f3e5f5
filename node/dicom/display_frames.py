"""The frames of an object as the viewer gets them: coded once, and cut only where a resolution ends.

`stored_table` finds frames that are stored in that form already, so that their bytes go out of the stored file as they
are; `write_pack` codes those of any other object into a file of our own, which `pack_table` reads. A pack may be lost or
damaged at any time (it is not written durably): every piece of it carries its CRC-32, and whoever meets a wrong one
makes the pack anew.

A pack: the magic bytes, length and CRC-32 of the index (two 32-bit little endian numbers), the index (JSON), the frames.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from node.dicom import colour, htj2k, luts
from node.dicom.display import DisplayPlan, Kind, plan_for
from node.dicom.pixels import Frames
from node.dicom.rendering import render_thumbnail
from node.dicom.syntaxes import Coding
from node.dicom.wide import scale_of
from node.errors import Unreadable

Samples = NDArray[Any]

_MAGIC: Final = b"LTFRAME1"
_HEAD: Final = struct.Struct("<8sII")
_INDEX_LIMIT: Final = 64 << 20  # bytes of an index that are believed
_MAIN_HEADER: Final = 4096  # bytes in which the main header of a codestream of ours ends


@dataclass(frozen=True, slots=True)
class CodedFrame:
    """Where a frame lies: its offset in the file, and the bytes from there at which each resolution ends, lowest first.

    `checks`: the CRC-32 of each piece; empty for stored objects, which the storage answers for.
    """

    offset: int
    ends: tuple[int, ...]
    checks: tuple[int, ...] = ()

    def cut(self, reduction: int) -> int:
        """How many of `ends` make the image reduced by 2**`reduction`; 0 is everything."""
        return max(1, len(self.ends) - max(0, reduction))


@dataclass(frozen=True, slots=True)
class FrameTable:
    """The frames of one object in the form that `node.dicom.display.display_metadata` describes."""

    path: Path
    media_type: str
    transfer_syntax_uid: str
    frames: tuple[CodedFrame, ...]

    def reductions(self, index: int) -> int:
        """The greatest reduction that frame `index` can be cut to."""
        return len(self.frames[index].ends) - 1

    def span(self, index: int, reduction: int, after: int | None = None) -> tuple[int, int]:
        """The bytes of a frame, from and to, that take it from `after` (None: from nothing) to `reduction`."""
        frame = self.frames[index]
        end = frame.ends[frame.cut(reduction) - 1]
        return (0 if after is None else min(end, frame.ends[frame.cut(after) - 1])), end

    def read(self, index: int, reduction: int = 0, after: int | None = None) -> bytes:
        """Those bytes. Raises `Unreadable` when the pack is damaged, `OSError` when the file is gone."""
        frame = self.frames[index]
        begin, end = self.span(index, reduction, after)
        with self.path.open("rb") as file:
            data = os.pread(file.fileno(), end - begin, frame.offset + begin)
        if len(data) != end - begin or not _intact(frame, begin, data):
            raise Unreadable("A prepared frame is damaged.", hint="It is prepared again by itself.")
        return data


def _intact(frame: CodedFrame, begin: int, data: bytes) -> bool:
    if not frame.checks:
        return True
    for (start, end), check in zip(pairwise((0, *frame.ends)), frame.checks, strict=True):
        if begin <= start and end <= begin + len(data) and zlib.crc32(data[start - begin : end - begin]) != check:
            return False
    return True


# --- stored in that form ----------------------------------------------------------------------------------------------


def stored_table(path: Path) -> FrameTable | None:
    """Where the frames are in the object's own file; None when they are not stored in the form that is shown.

    Raises `Unreadable` when there are no frames that can be shown at all.
    """
    with Frames.open(path) as frames:
        how = _plan_of(frames)
        if not _may_be_shown_as_stored(frames, how):
            return None
        places = frames.places()
        if places is None:
            return None
        with path.open("rb") as file:
            coded = [_stored_frame(file.fileno(), offset, length, how) for offset, length in places]
    found = tuple(frame for frame in coded if frame is not None)
    if len(found) != len(coded):
        return None
    return FrameTable(path, how.media_type, how.transfer_syntax_uid, found)


def _may_be_shown_as_stored(frames: Frames, how: DisplayPlan) -> bool:
    return how.kind is Kind.GREY and not how.raw and frames.syntax.coding is Coding.HTJ2K


def _stored_frame(file: int, offset: int, length: int, how: DisplayPlan) -> CodedFrame | None:
    head = os.pread(file, min(length, _MAIN_HEADER), offset)
    try:
        codestream = htj2k.parse(head)
    except Unreadable:  # a main header longer than any of ours
        return None
    if not head.startswith(htj2k.START) or not _fits(codestream, how) or codestream.ends[-1] > length:
        return None
    return CodedFrame(offset, (*codestream.ends[:-1], length))


def _fits(head: htj2k.Codestream, how: DisplayPlan) -> bool:
    """True when a codestream already is what would be made of it."""
    return (
        (head.rows, head.columns, head.components) == (how.description.rows, how.description.columns, 1)
        and (head.precision > 8) == (how.allocated == 16)
        and head.precision <= 16
        and head.signed == how.signed
        and head.streamable
    )


# --- coded by us ------------------------------------------------------------------------------------------------------


def write_pack(path: Path, target: Path) -> None:
    """Codes all frames of the object at `path` into `target`. Raises `Unreadable`; `target` may be left half written.

    A frame that cannot be decoded alone is left empty, so that the others are shown.
    """
    with Frames.open(path) as frames, target.open("wb") as file:
        how = _plan_of(frames)
        index: list[dict[str, Any]] = []
        file.seek(_reserved(frames.count))
        for number in range(frames.count):
            try:
                coded = _coded(frames, number, how, path)
            except Unreadable:
                if frames.count == 1:
                    raise
                coded = b""
            ends = ends_of(coded, how)
            checks = [zlib.crc32(coded[start:end]) for start, end in pairwise((0, *ends))]
            index.append({"at": file.tell(), "ends": ends, "checks": checks})
            file.write(coded)
        written = {"media": how.media_type, "syntax": how.transfer_syntax_uid, "frames": index}
        text = json.dumps(written, separators=(",", ":")).encode()
        if len(text) + _HEAD.size > _reserved(frames.count):
            raise Unreadable("The index of the frames does not fit.", hint="Report this fault.")
        file.seek(0)
        file.write(_HEAD.pack(_MAGIC, len(text), zlib.crc32(text)) + text)


def _reserved(frames: int) -> int:
    """Bytes before the first frame: 9 resolutions at most, each with an end and a check of up to 11 characters."""
    return _HEAD.size + 256 + frames * 320


def ends_of(coded: bytes, how: DisplayPlan) -> list[int]:
    """The bytes at which the resolutions of a frame end, lowest first; what cannot be cut has one end."""
    if how.raw or not coded:
        return [len(coded)]
    head = htj2k.parse(coded)
    return [*head.ends[:-1], len(coded)] if head.streamable and head.ends[-1] <= len(coded) else [len(coded)]


def pack_table(pack: Path) -> FrameTable:
    """The frames of a pack. Raises `Unreadable` when it is damaged, `OSError` when it is gone."""
    with pack.open("rb") as file:
        head = file.read(_HEAD.size)
        if len(head) == _HEAD.size:
            magic, length, check = _HEAD.unpack(head)
            text = file.read(length) if magic == _MAGIC and length <= _INDEX_LIMIT else b""
            if text and zlib.crc32(text) == check:
                index = json.loads(text)
                frames = tuple(CodedFrame(f["at"], tuple(f["ends"]), tuple(f["checks"])) for f in index["frames"])
                return FrameTable(pack, index["media"], index["syntax"], frames)
    raise Unreadable("The prepared frames are damaged.", hint="They are prepared again by themselves.")


# --- one frame --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DisplayFrame:
    """One frame for the viewer, with the bytes at which its resolutions end, lowest first."""

    content: bytes
    media_type: str
    transfer_syntax_uid: str
    ends: tuple[int, ...]


def display_frame(path: Path, number: int, *, resolution: int = 0) -> DisplayFrame:
    """Frame `number` (from 1, as in DICOMweb) of the object at `path`, coded now if it must be.

    `resolution` n asks for a preview reduced by 2**n: an exact prefix of the frame. Raises `Unreadable` in words when
    the frame cannot be decoded.
    """
    with Frames.open(path) as frames:
        how = _plan_of(frames)
        coded = _coded(frames, number - 1, how, path)
    ends = ends_of(coded, how)
    content = coded[: ends[max(0, len(ends) - 1 - max(0, resolution))]]
    return DisplayFrame(content, how.media_type, how.transfer_syntax_uid, tuple(ends))


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
    how = plan_for(frames.description, luts.modality_bits(frames.header))
    if how is None:
        raise Unreadable("Pixels of this form cannot be displayed.", hint="Open the object in a workstation.")
    return how


def _stored_as_shown(frames: Frames, index: int, how: DisplayPlan) -> bytes | None:
    if not _may_be_shown_as_stored(frames, how):
        return None
    data = frames.stored(index)
    return data if data.startswith(htj2k.START) and _fits(htj2k.parse(data), how) else None


def _coded(frames: Frames, index: int, how: DisplayPlan, path: Path) -> bytes:
    stored = _stored_as_shown(frames, index, how)
    if stored is not None:
        return stored
    samples = colour.to_rgb8(frames, index) if how.kind is Kind.COLOUR else _grey(frames, index, how, path)
    return np.ascontiguousarray(samples).tobytes() if how.raw else htj2k.encode(samples)


def _grey(frames: Frames, index: int, how: DisplayPlan, path: Path) -> Samples:
    samples = frames.decode(index).samples
    if how.kind is Kind.RANGE:
        return scale_of(path).apply(samples)
    if how.kind is Kind.TABLE:
        samples = luts.through_modality_lut(samples, frames.header)
    if samples.dtype.itemsize > how.dtype.itemsize:
        raise Unreadable("The codestream holds more bits than the header says.", hint="Send the object again.")
    return samples.astype(how.dtype, copy=False)
