"""Data sets of DIMSE messages as bytes and back (PS3.5): identifiers, attribute lists, action information.

Deflated syntaxes are not offered for these. What we write is ISO_IR 192 unless the caller's device asks for an older
repertoire.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from node.dicom.setup import configure
from node.dicom.syntaxes import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from node.errors import Unreadable

LIMIT: Final = 16 << 20  # bytes of a message's data set that are taken; objects themselves never come this way
TRANSFER_SYNTAXES: Final = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG)  # of every service but storage


def decode(content: bytes, transfer_syntax: str) -> Dataset:
    """The data set in `content`, every value of it converted. Raises `Unreadable`."""
    configure()
    implicit, little = transfer_syntax == IMPLICIT_LITTLE, transfer_syntax != EXPLICIT_BIG
    try:
        ds = read_dataset(BytesIO(content), implicit, little, bytelength=len(content))
        for _ in ds.iterall():
            pass
    except (Exception, RecursionError) as error:  # the toolkit raises whatever its parsers meet
        raise Unreadable(f"The request's data set cannot be read ({type(error).__name__}).") from None
    return ds


def encode(ds: Dataset, transfer_syntax: str) -> bytes:
    """`ds` as bytes; the charset is what its Specific Character Set says."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = transfer_syntax == IMPLICIT_LITTLE
    buffer.is_little_endian = transfer_syntax != EXPLICIT_BIG
    write_dataset(buffer, ds)
    return buffer.getvalue()
