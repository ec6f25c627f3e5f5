"""The file format around a data set (PS3.10 section 7): where the data set begins, how it is encoded, our file meta.

Works on bytes and never on values: nothing here knows a patient. All lengths are checked against what is left of the
file.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, Final

from pydicom.valuerep import VR

from node.dicom.setup import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from node.dicom.syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, TRANSFER_SYNTAXES
from node.errors import Unreadable

DEFLATED: Final = frozenset(row.uid for row in TRANSFER_SYNTAXES.values() if row.deflated)

VRS: Final = frozenset(vr.value.encode() for vr in VR if len(vr.value) == 2)
LONG_VRS: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
UNDEFINED: Final = 0xFFFFFFFF
_META_LIMIT: Final = 1 << 20  # bytes of file meta information that are believed
_INFLATE_LIMIT: Final = 64 << 20  # bytes of a deflated data set that are inflated to reach its header

_PIXELS: Final = 0x7FE00000
SOP_CLASS, SOP_INSTANCE, STUDY, SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is built: the data set's offset in bytes, the syntax that its bytes really have."""

    offset: int
    transfer_syntax_uid: str
    implicit: bool
    little: bool
    deflated: bool


def layout(file: BinaryIO) -> Layout:
    """Finds the data set in an open file (position is moved). Raises `Unreadable` when there is none."""
    size = file.seek(0, 2)
    file.seek(0)
    start = 132 if file.read(132)[128:] == b"DICM" else 0
    offset, declared = _skip_meta(file, start, size)
    if offset >= size:
        raise Unreadable("The file holds no data set.", hint="Send the object again from its source.")
    if declared in DEFLATED:
        return Layout(offset, declared, implicit=False, little=True, deflated=True)
    file.seek(offset)
    implicit, little = _encoding(file.read(8), size - offset, trusted=start > 0 or offset > 0)
    actual = {(True, True): IMPLICIT_LITTLE, (False, True): EXPLICIT_LITTLE, (False, False): EXPLICIT_BIG}[
        implicit, little
    ]
    contradicted = declared in (IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG) or not declared or not little
    return Layout(offset, actual if contradicted else declared, implicit, little, deflated=False)


def _skip_meta(file: BinaryIO, start: int, size: int) -> tuple[int, str]:
    """Returns where group 2 ends, and the transfer syntax that it declares ("" without one)."""
    offset, syntax, end = start, "", 0
    while offset + 8 <= min(size, start + _META_LIMIT):
        file.seek(offset)
        head = file.read(12)
        if head[:2] != b"\x02\x00":
            break
        vr = head[4:6]
        if vr in LONG_VRS:
            value, length = offset + 12, int.from_bytes(head[8:12], "little")
        elif vr in VRS:
            value, length = offset + 8, int.from_bytes(head[6:8], "little")
        else:  # some writers encode even this group with implicit VR
            value, length = offset + 8, int.from_bytes(head[4:8], "little")
        if length > size - value and offset < end <= size:
            return end, syntax  # a broken element, but the group said how long it is
        if length > size - value:
            raise Unreadable("The file meta information is cut off.", hint="Send the object again from its source.")
        if head[2:4] == b"\0\0" and length == 4:
            end = offset + 12 + int.from_bytes(head[8:12], "little")
        if head[2:4] == b"\x10\x00" and length <= 66:
            file.seek(value)
            syntax = file.read(length).decode("ascii", "replace").strip("\0 ")
        offset = value + length
    return offset, syntax


def _encoding(head: bytes, left: int, *, trusted: bool) -> tuple[bool, bool]:
    """Tells (implicit, little) from the first element; `trusted` when a preamble or file meta said that it is DICOM."""
    if len(head) < 8:
        raise Unreadable("The data set ends in its first element.", hint="Send the object again from its source.")
    group, swapped = int.from_bytes(head[:2], "little"), int.from_bytes(head[:2], "big")
    if head[4:6] in VRS:
        return False, not swapped <= 0x0400 < group
    if not trusted and not (0x0004 <= group <= 0x0400 and int.from_bytes(head[4:8], "little") < left):
        raise Unreadable("The file is not a DICOM object.", hint="Send DICOM objects only.")
    return True, True


def open_dataset(file: BinaryIO, where: Layout, limit: int = _INFLATE_LIMIT) -> BinaryIO:
    """A file that stands at the first element of the data set, inflated (up to `limit` bytes) when it is deflated."""
    file.seek(where.offset)
    if not where.deflated:
        return file
    inflater, parts, total = zlib.decompressobj(-zlib.MAX_WBITS), [], 0
    try:
        while total < limit and not inflater.eof and (chunk := file.read(1 << 20)):
            part = inflater.decompress(chunk, limit - total)
            parts.append(part)
            total += len(part)
    except zlib.error:
        raise Unreadable("The deflated data set is damaged.", hint="Send the object again from its source.") from None
    return BytesIO(b"".join(parts))


class UidScan:
    """`scan_uids` for objects that come one after the other: one whose elements have the heads of the one before's, at the
    same places, is not walked through again, for the walk would go the same way."""

    def __init__(self, *, implicit: bool, little: bool) -> None:
        self._encoding = {"implicit": implicit, "little": little}
        self._pick: itemgetter[Any] | None = None
        self._heads: Any = None
        self._places: dict[int, slice] = {}

    def __call__(self, head: bytes) -> dict[int, str] | None:
        if self._pick is None or self._pick(head) != self._heads:
            visited: list[slice] = []
            self._places = {}
            if scan_uids(head, **self._encoding, visited=visited, places=self._places) is None:
                self._pick = None
                return None
            self._pick = itemgetter(*visited)
            self._heads = self._pick(head)
        return {tag: _uid(head[place]) for tag, place in self._places.items()}


def _uid(value: bytes) -> str:
    return value.decode("ascii", "replace").strip("\0 ")


def scan_uids(
    head: bytes,
    *,
    implicit: bool,
    little: bool,
    visited: list[slice] | None = None,
    places: dict[int, slice] | None = None,
) -> dict[int, str] | None:
    """SOP Class, SOP Instance, Study and Series UID by tag from the first bytes of a data set, without a parse.

    Missing ones are absent. None when the bytes do not suffice or hold something that only a whole parse can tell. `visited`
    takes the places of the elements' heads on the way, `places` those of the UIDs.
    """
    found: dict[int, str] = {}
    at = depth = 0
    while at + 12 <= len(head):
        step = _element_head(head, at, implicit, "<" if little else ">")
        if step is None:
            return None
        tag, vr, value, length = step
        if visited is not None:
            visited.append(slice(at, value))
        if depth == 0 and tag > SERIES:
            return found
        if tag >> 16 == 0xFFFE and tag != 0xFFFEE000:  # a delimiter
            depth, at = depth - 1, value
            if depth < 0:
                return None
        elif length == UNDEFINED:
            if tag != 0xFFFEE000 and vr not in (b"SQ", b""):
                return None
            depth, at = depth + 1, value
        elif value + length > len(head):
            return None
        else:
            if depth == 0 and tag in (SOP_CLASS, SOP_INSTANCE, STUDY, SERIES):
                found[tag] = _uid(head[value : value + length])
                if places is not None:
                    places[tag] = slice(value, value + length)
            at = value + length
    return None


def has_short_header(head: bytes, *, implicit: bool, little: bool) -> bool:
    """Whether the pixel data, or the end of the data set, is seen in its first bytes: then reading it whole costs little."""
    at = depth = 0
    while at + 12 <= len(head):
        step = _element_head(head, at, implicit, "<" if little else ">")
        if step is None:
            return False
        tag, vr, value, length = step
        if depth == 0 and tag >= _PIXELS:
            return True
        if tag >> 16 == 0xFFFE and tag != 0xFFFEE000:
            depth, at = depth - 1, value
        elif length == UNDEFINED:
            if tag != 0xFFFEE000 and vr not in (b"SQ", b""):
                return False
            depth, at = depth + 1, value
        else:
            at = value + length
    return False


def _element_head(head: bytes, at: int, implicit: bool, order: str) -> tuple[int, bytes, int, int] | None:
    """(tag, VR or b"", where the value begins, its length); None for a VR that the standard does not know."""
    group, element, length = struct.unpack_from(f"{order}HHI", head, at)
    tag = group << 16 | element
    if implicit or group == 0xFFFE:
        return tag, b"", at + 8, length
    vr = head[at + 4 : at + 6]
    if vr in LONG_VRS:
        return tag, vr, at + 12, struct.unpack_from(f"{order}I", head, at + 8)[0]
    if vr in VRS:
        return tag, vr, at + 8, struct.unpack_from(f"{order}H", head, at + 6)[0]
    return None


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    if len(value) % 2:
        value += b" " if vr in (b"SH", b"AE") else b"\0"
    if vr == b"OB":
        return struct.pack("<HH2sHI", 2, element, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value


def file_meta(
    sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str, source_ae: str = "", receiving_ae: str = ""
) -> bytes:
    """Preamble, prefix and file meta information (PS3.10 7.1) for a data set that follows as it was sent."""
    rows: list[tuple[int, bytes, bytes]] = [
        (0x0001, b"OB", b"\0\1"),
        (0x0002, b"UI", sop_class_uid.encode("ascii", "replace")),
        (0x0003, b"UI", sop_instance_uid.encode("ascii", "replace")),
        (0x0010, b"UI", transfer_syntax_uid.encode("ascii", "replace")),
        (0x0012, b"UI", IMPLEMENTATION_CLASS_UID.encode("ascii")),
        (0x0013, b"SH", IMPLEMENTATION_VERSION_NAME.encode("ascii")),
    ]
    if source_ae:
        rows.append((0x0016, b"AE", source_ae.encode("ascii", "replace")[:16]))
    if receiving_ae:
        rows.append((0x0018, b"AE", receiving_ae.encode("ascii", "replace")[:16]))
    group = b"".join(_element(*row) for row in rows)
    return bytes(128) + b"DICM" + struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(group)) + group


def dataset_offset(path: Path) -> int:
    """Bytes before the data set: preamble, prefix and file meta information. Raises `Unreadable`."""
    with path.open("rb") as file:
        return layout(file).offset
