"""The transfer syntaxes of PS3.5 Annex A and PS3.6 Table A-1 as one table: how each is coded, what we do with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Coding(StrEnum):
    """How the pixels of a frame are coded."""

    NATIVE = "native"
    RLE = "rle"
    JPEG = "jpeg"  # every process of ISO/IEC 10918-1, lossless ones too
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"
    HTJ2K = "htj2k"
    JPEG_XL = "jpeg-xl"
    DEFLATE = "deflate"  # each frame by itself
    OTHER = "other"  # video, JPIP, multi-component JPEG 2000, streams: kept and passed on, never decoded


@dataclass(frozen=True, slots=True)
class TransferSyntax:
    """One row of the table.

    `lossy`: pixels in this syntax may have lost information. `decodes`: frames can be turned into samples.
    `encodes`: `node.dicom.transcode` writes it.
    """

    uid: str
    name: str
    coding: Coding
    lossy: bool = False
    encodes: bool = False
    implicit: bool = False
    big_endian: bool = False
    deflated: bool = False
    retired: bool = False
    encapsulated: bool = True

    @property
    def decodes(self) -> bool:
        return self.coding is not Coding.OTHER


IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
DEFLATED_LITTLE: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
RLE_LOSSLESS: Final = "1.2.840.10008.1.2.5"
JPEG_LS_LOSSLESS: Final = "1.2.840.10008.1.2.4.80"
HTJ2K_LOSSLESS_RPCL: Final = "1.2.840.10008.1.2.4.202"

_JPEG: Final = "1.2.840.10008.1.2.4."


def _native(uid: str, name: str, **flags: bool) -> TransferSyntax:
    return TransferSyntax(uid, name, Coding.NATIVE, encapsulated=False, **flags)


def _coded(suffix: str, name: str, coding: Coding, **flags: bool) -> TransferSyntax:
    return TransferSyntax(_JPEG + suffix, name, coding, **flags)


def _rows() -> Iterable[TransferSyntax]:
    yield _native(IMPLICIT_LITTLE, "Implicit VR Little Endian", implicit=True)
    yield _native(EXPLICIT_LITTLE, "Explicit VR Little Endian", encodes=True)
    yield TransferSyntax("1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian", Coding.NATIVE)
    yield _native(DEFLATED_LITTLE, "Deflated Explicit VR Little Endian", deflated=True)
    yield _native(EXPLICIT_BIG, "Explicit VR Big Endian", big_endian=True, retired=True)
    yield TransferSyntax(RLE_LOSSLESS, "RLE Lossless", Coding.RLE)
    yield TransferSyntax(
        "1.2.840.10008.1.20",
        "Papyrus 3 Implicit VR Little Endian",
        Coding.OTHER,
        implicit=True,
        retired=True,
        encapsulated=False,
    )
    yield _coded("50", "JPEG Baseline (Process 1)", Coding.JPEG, lossy=True)
    yield _coded("51", "JPEG Extended (Process 2 & 4)", Coding.JPEG, lossy=True)
    for suffix, processes in _RETIRED_LOSSY_JPEG.items():
        yield _coded(suffix, f"JPEG {processes}", Coding.JPEG, lossy=True, retired=True)
    yield _coded("57", "JPEG Lossless, Non-Hierarchical (Process 14)", Coding.JPEG)
    yield _coded("58", "JPEG Lossless, Non-Hierarchical (Process 15)", Coding.JPEG, retired=True)
    yield _coded("65", "JPEG Lossless, Hierarchical (Process 28)", Coding.JPEG, retired=True)
    yield _coded("66", "JPEG Lossless, Hierarchical (Process 29)", Coding.JPEG, retired=True)
    yield _coded("70", "JPEG Lossless, Non-Hierarchical, First-Order Prediction (Process 14 SV1)", Coding.JPEG)
    yield _coded("80", "JPEG-LS Lossless", Coding.JPEG_LS, encodes=True)
    yield _coded("81", "JPEG-LS Near-Lossless", Coding.JPEG_LS, lossy=True)
    yield _coded("90", "JPEG 2000 (Lossless Only)", Coding.JPEG_2000)
    yield _coded("91", "JPEG 2000", Coding.JPEG_2000, lossy=True)
    yield _coded("92", "JPEG 2000 Part 2 Multi-component (Lossless Only)", Coding.OTHER)
    yield _coded("93", "JPEG 2000 Part 2 Multi-component", Coding.OTHER, lossy=True)
    yield _coded("94", "JPIP Referenced", Coding.OTHER, lossy=True, encapsulated=False)
    yield _coded("95", "JPIP Referenced Deflate", Coding.OTHER, lossy=True, deflated=True, encapsulated=False)
    for suffix, name in _VIDEO.items():
        yield _coded(suffix, name, Coding.OTHER, lossy=True)
        yield _coded(f"{suffix}.1", f"Fragmentable {name}", Coding.OTHER, lossy=True)
    for suffix, name in _HEVC.items():
        yield _coded(suffix, name, Coding.OTHER, lossy=True)
    yield _coded("110", "JPEG XL Lossless", Coding.JPEG_XL)
    yield _coded("111", "JPEG XL JPEG Recompression", Coding.JPEG_XL, lossy=True)
    yield _coded("112", "JPEG XL", Coding.JPEG_XL, lossy=True)
    yield _coded("201", "HTJ2K (Lossless Only)", Coding.HTJ2K)
    yield _coded("202", "HTJ2K with RPCL Options (Lossless Only)", Coding.HTJ2K, encodes=True)
    yield _coded("203", "HTJ2K", Coding.HTJ2K, lossy=True)
    yield _coded("204", "JPIP HTJ2K Referenced", Coding.OTHER, lossy=True, encapsulated=False)
    yield _coded("205", "JPIP HTJ2K Referenced Deflate", Coding.OTHER, lossy=True, deflated=True, encapsulated=False)
    yield TransferSyntax(
        "1.2.840.10008.1.2.6.1", "RFC 2557 MIME encapsulation", Coding.OTHER, retired=True, encapsulated=False
    )
    yield TransferSyntax("1.2.840.10008.1.2.6.2", "XML Encoding", Coding.OTHER, retired=True, encapsulated=False)
    for suffix, name in _SMPTE.items():
        yield TransferSyntax(f"1.2.840.10008.1.2.7.{suffix}", f"SMPTE ST 2110-{name}", Coding.OTHER, encapsulated=False)
    yield TransferSyntax("1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression", Coding.DEFLATE)


_RETIRED_LOSSY_JPEG: Final = {
    "52": "Extended (Process 3 & 5)",
    "53": "Spectral Selection, Non-Hierarchical (Process 6 & 8)",
    "54": "Spectral Selection, Non-Hierarchical (Process 7 & 9)",
    "55": "Full Progression, Non-Hierarchical (Process 10 & 12)",
    "56": "Full Progression, Non-Hierarchical (Process 11 & 13)",
    "59": "Extended, Hierarchical (Process 16 & 18)",
    "60": "Extended, Hierarchical (Process 17 & 19)",
    "61": "Spectral Selection, Hierarchical (Process 20 & 22)",
    "62": "Spectral Selection, Hierarchical (Process 21 & 23)",
    "63": "Full Progression, Hierarchical (Process 24 & 26)",
    "64": "Full Progression, Hierarchical (Process 25 & 27)",
}
_VIDEO: Final = {
    "100": "MPEG2 Main Profile / Main Level",
    "101": "MPEG2 Main Profile / High Level",
    "102": "MPEG-4 AVC/H.264 High Profile / Level 4.1",
    "103": "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
    "104": "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
    "105": "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
    "106": "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2",
}
_HEVC: Final = {
    "107": "HEVC/H.265 Main Profile / Level 5.1",
    "108": "HEVC/H.265 Main 10 Profile / Level 5.1",
}
_SMPTE: Final = {
    "1": "20 Uncompressed Progressive Active Video",
    "2": "20 Uncompressed Interlaced Active Video",
    "3": "30 PCM Digital Audio",
}

TRANSFER_SYNTAXES: Final[dict[str, TransferSyntax]] = {row.uid: row for row in _rows()}


def syntax(uid: str) -> TransferSyntax | None:
    """The row of a transfer syntax; None when the standard (or this table) does not know it, e.g. a private one."""
    return TRANSFER_SYNTAXES.get(uid)
