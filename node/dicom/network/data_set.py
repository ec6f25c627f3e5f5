"""Data sets of DIMSE messages as bytes and back (PS3.5): identifiers, attribute lists, action information.

Deflated syntaxes are not offered for these. What we write is ISO_IR 192 unless the caller's device asks for an older
repertoire.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Final

from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from node.dicom.part10 import LONG_VRS, UNDEFINED
from node.dicom.setup import configure
from node.dicom.syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from node.errors import Unreadable

LIMIT: Final = 16 << 20  # bytes of a message's data set that are taken; objects themselves never come this way
_VALUES: Final = 100_000  # in a message; a commitment of 25,000 objects has fewer
_LONGEST: Final = 1 << 20  # bytes of one of its values
TRANSFER_SYNTAXES: Final = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG)  # of every service but storage


def decode(content: bytes, transfer_syntax: str) -> Dataset:
    """The data set in `content`, every value of it converted. Raises `Unreadable`."""
    configure()
    implicit, little = transfer_syntax == IMPLICIT_LITTLE, transfer_syntax != EXPLICIT_BIG
    require_cheap(content, transfer_syntax)
    try:
        ds = read_dataset(BytesIO(content), implicit, little, bytelength=len(content))
        for _ in ds.iterall():
            pass
    except (Exception, RecursionError) as error:  # the toolkit raises whatever its parsers meet
        raise Unreadable(f"The request's data set cannot be read ({type(error).__name__}).") from None
    return ds


def require_cheap(content: bytes, transfer_syntax: str, most: int = _VALUES) -> None:
    """Converting values takes a thousand times as long as counting them. Raises `Unreadable` when they are too many."""
    implicit, order = transfer_syntax == IMPLICIT_LITTLE, ">" if transfer_syntax == EXPLICIT_BIG else "<"
    item = struct.pack(f"{order}HH", 0xFFFE, 0xE000)
    at, values = 0, content.count(b"\\")
    while at + 8 <= len(content) and values <= most:
        values += 1
        vr = b"" if implicit or content[at : at + 2] == item[:2] else content[at + 4 : at + 6]
        if vr in LONG_VRS and at + 12 <= len(content):
            at, (length,) = at + 12, struct.unpack_from(f"{order}I", content, at + 8)
        elif vr:
            at, (length,) = at + 8, struct.unpack_from(f"{order}H", content, at + 6)
        else:
            at, (length,) = at + 8, struct.unpack_from(f"{order}I", content, at + 4)
        is_item = content[at - 8 : at - 4] == item and not vr
        if length != UNDEFINED and not is_item and content[at : at + 4] != item:  # else what is in it comes next
            at += length
            if _LONGEST < length <= len(content):
                raise Unreadable("The request's data set holds a value that is too long.")
    if values > most:
        raise Unreadable("The request's data set holds too many values.")


def encode(ds: Dataset, transfer_syntax: str) -> bytes:
    """`ds` as bytes; the charset is what its Specific Character Set says."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = transfer_syntax == IMPLICIT_LITTLE
    buffer.is_little_endian = transfer_syntax != EXPLICIT_BIG
    write_dataset(buffer, ds)
    return buffer.getvalue()
