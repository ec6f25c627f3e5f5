"""Stored objects encoded for a peer that does not take them as they are stored (PS3.5 section 10, Annex A).

Which syntax is chosen is a table; the work itself may run in a process of the pool, so it goes from file to file.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomFileLike
from pydicom.filewriter import write_dataset
from pydicom.hooks import raw_element_vr
from pydicom.uid import UID

from node.dicom.setup import configure
from node.dicom.syntaxes import (
    DEFLATED_LITTLE,
    EXPLICIT_LITTLE,
    HTJ2K_LOSSLESS_RPCL,
    IMPLICIT_LITTLE,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
    syntax,
)
from node.dicom.transcode import compress, decompress
from node.domain.route import Compression
from node.errors import NodeError, Unreadable, UnsupportedSyntax

_J: Final = "1.2.840.10008.1.2.4."
_HTJ2K_LOSSLESS: Final = f"{_J}201"
_HTJ2K: Final = f"{_J}203"
_JPEG_LS_NEAR: Final = f"{_J}81"

_WIDER: Final = {  # a stream of the first is one of the others too: the bytes go as they are stored
    f"{_J}50": (f"{_J}51",),
    f"{_J}70": (f"{_J}57",),
    JPEG_LS_LOSSLESS: (_JPEG_LS_NEAR,),
    f"{_J}90": (f"{_J}91",),
    f"{_J}110": (f"{_J}112",),
    HTJ2K_LOSSLESS_RPCL: (_HTJ2K_LOSSLESS, _HTJ2K),
    _HTJ2K_LOSSLESS: (_HTJ2K,),
}
_NATIVE: Final = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, DEFLATED_LITTLE)
_CODED: Final = {  # what can be written without loss, and how
    HTJ2K_LOSSLESS_RPCL: Compression.HTJ2K,
    _HTJ2K_LOSSLESS: Compression.HTJ2K,
    _HTJ2K: Compression.HTJ2K,
    JPEG_LS_LOSSLESS: Compression.JPEG_LS,
    _JPEG_LS_NEAR: Compression.JPEG_LS,
}
_BULK: Final = frozenset(
    map(
        tag_for_keyword,
        (
            "PixelData",
            "FloatPixelData",
            "DoubleFloatPixelData",
            "PixelDataProviderURL",
            "SpectroscopyData",
            "EncapsulatedDocument",
            "ExtendedOffsetTable",
            "ExtendedOffsetTableLengths",
        ),
    )
)
_TEXTS: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})  # PS3.5 6.1.2.2: of the object's repertoire
_REPEATED_BULK: Final = {(0x6000, 0x3000), (0x5000, 0x3000), (0x5000, 0x200C)}  # overlays, curves, sound


def passes(stored: str, target: str) -> bool:
    """Whether bytes stored in one syntax are valid in the other as they are."""
    return target == stored or target in _WIDER.get(stored, ())


def choose(stored: str, accepted: Collection[str]) -> str | None:
    """The best of the `accepted` syntaxes for an object: as stored, uncompressed, coded anew; None when none will do."""
    known = syntax(stored)
    ways = [stored, *_WIDER.get(stored, ())]
    if known is not None and known.decodes:
        ways += [*_NATIVE, *_CODED]
    return next((uid for uid in ways if uid in accepted), None)


def convert(path: Path, stored: str, target: str, out: BinaryIO, *, bulk: bool = True) -> None:
    """Writes the data set of a stored object to `out`, encoded in `target`; without `bulk` data if so wanted.

    Raises `UnsupportedSyntax` when it cannot be, `Unreadable`, and `OSError`.
    """
    configure()
    try:
        ds = dcmread(path, force=True)
        if "TransferSyntaxUID" not in getattr(ds, "file_meta", ()):
            ds.file_meta = FileMetaDataset()
            ds.file_meta.TransferSyntaxUID = UID(stored)
        strange = any(element.is_raw and element.VR is None for element in ds.values())
        if strange or ds.original_encoding != (target == IMPLICIT_LITTLE, True):
            _keep_texts(ds)
        if strange and not ds.original_encoding[0]:
            for _ in ds.iterall():  # pixels are coded but values have no VR, against PS3.5 A.4: looked up
                pass
        if not bulk:
            _strip(ds)
        _recode(ds, stored, target)
        _write(ds, target, out)
    except (OSError, NodeError):
        raise
    except Exception as error:  # the toolkit raises whatever its parsers and writers meet
        raise Unreadable(
            f"The object cannot be encoded in another transfer syntax ({type(error).__name__}).",
            hint="Let the peer take it as stored.",
        ) from None


def convert_file(path: str, stored: str, target: str, out: str, *, bulk: bool = True) -> None:
    """`convert` for a process of the pool: from file to new file."""
    with Path(out).open("xb") as file:
        convert(Path(path), stored, target, file, bulk=bulk)


class _Name:
    """A person name as the bytes that it is."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def encode(self, encodings: Sequence[str]) -> bytes:
        return self._content


def _keep_texts(ds: Dataset) -> None:
    """Lets texts be written byte by byte as they are: many are not in the repertoire that their object names."""
    for tag in list(ds.keys()):
        element = ds.get_item(tag)
        private_creator = tag.is_private and 0x10 <= tag.element <= 0xFF
        if not isinstance(element, RawDataElement):
            if element is not None and element.VR == "SQ":
                _keep_texts_of_items(element.value)
        elif element.value and not private_creator:
            found: dict[str, str] = {}
            raw_element_vr(element, found, ds=ds)
            if found["VR"] == "SQ":
                _keep_texts_of_items(ds[tag].value)
            elif found["VR"] in _TEXTS:
                value = _Name(element.value) if found["VR"] == "PN" else element.value
                ds[tag] = DataElement(tag, found["VR"], value, already_converted=True)


def _keep_texts_of_items(items: Iterable[Dataset]) -> None:
    for item in items:
        _keep_texts(item)


def _strip(ds: Dataset) -> None:
    """Takes the bulk data out (PS3.4 Z.1.3); what is nested stays, but for the samples of waveforms."""
    tags = list(ds.keys())
    for tag in tags:
        if tag in _BULK or (tag.group & 0xFF00, tag.element) in _REPEATED_BULK:
            del ds[tag]
    for item in ds.get("WaveformSequence") or ():
        if "WaveformData" in item:
            del item.WaveformData


def _recode(ds: Dataset, stored: str, target: str) -> None:
    if target not in _CODED or "PixelData" not in ds:  # without pixels every coded syntax is Explicit VR Little Endian
        decompress(ds)
        return
    known = syntax(stored)
    if known is not None and known.encapsulated and stored != RLE_LOSSLESS:
        decompress(ds)
    if not compress(ds, _CODED[target]):
        raise UnsupportedSyntax(
            "The pixel data cannot be coded in this transfer syntax without loss.",
            hint="Let the peer take an uncompressed one.",
        )


def _write(ds: Dataset, target: str, out: BinaryIO) -> None:
    deflated = target == DEFLATED_LITTLE
    plain = BytesIO() if deflated else out
    buffer = DicomFileLike(plain)
    buffer.is_implicit_VR, buffer.is_little_endian = target == IMPLICIT_LITTLE, True
    write_dataset(buffer, ds)
    if isinstance(plain, BytesIO) and deflated:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        content = deflater.compress(plain.getbuffer()) + deflater.flush()
        out.write(content + b"\0" * (len(content) % 2))
