"""HTJ2K codestreams (ISO/IEC 15444-15) as we write them, and what can be read from one without decoding it.

We write the reversible 5/3 wavelet, RPCL order, a TLM marker segment, one tile and one tile-part for each resolution:
then the TLM says where each resolution ends, and a prefix cut there decodes exactly to the reduced image. A cut
anywhere else loses code blocks and shows as wrong pixels, so `preview` never makes one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from node.errors import Unreadable

_SIZ, _COD, _TLM, _SOT = 0xFF51, 0xFF52, 0xFF55, 0xFF90
START: Final = b"\xff\x4f\xff\x51"  # SOC, SIZ
_RPCL: Final = 2
_REVERSIBLE: Final = 1  # the 5/3 wavelet (15444-1 Table A.20)
_HIGH_THROUGHPUT: Final = 0x40  # code-block style bit (15444-15 A.4)


@dataclass(frozen=True, slots=True)
class Codestream:
    """The main header of a JPEG 2000 or HTJ2K codestream. `ends`: of the tile-parts, by the TLM."""

    rows: int
    columns: int
    components: int
    precision: int  # bits of the first component
    signed: bool
    tiles: int
    progression: int
    levels: int  # wavelet decompositions
    reversible: bool
    high_throughput: bool
    colour_transform: bool
    ends: tuple[int, ...]

    @property
    def streamable(self) -> bool:
        """True when the tile-parts are the resolutions of one tile: the form that `encode` writes."""
        return (
            self.tiles == 1
            and self.progression == _RPCL
            and self.reversible
            and self.high_throughput
            and len(self.ends) == self.levels + 1
        )


def encode(samples: NDArray[Any]) -> bytes:
    """Codes (rows, columns) or (rows, columns, 3) of 8 or 16-bit integers without loss; colour with the RCT."""
    return bytes(
        imagecodecs.htj2k_encode(
            np.ascontiguousarray(samples),
            reversible=True,
            rgb=True if samples.ndim == 3 else None,
            tlm=True,
            tilepart=imagecodecs.HTJ2K.TILEPART.RESOLUTIONS,
        )
    )


def decode(data: bytes) -> NDArray[Any]:
    """The samples, signed or not as the codestream says; (rows, columns[, samples])."""
    return np.asarray(imagecodecs.htj2k_decode(data, planar=False))


def parse(data: bytes) -> Codestream:
    """Reads the main header. Raises `Unreadable` when it is not one."""
    try:
        return _parse(data)
    except (struct.error, IndexError, ZeroDivisionError, KeyError):
        raise Unreadable(
            "The frame is not a JPEG 2000 codestream.", hint="Send the object again from its source."
        ) from None


def _parse(data: bytes) -> Codestream:
    at = data.find(START, 0, 4096)  # a JP2 box may stand around the codestream
    if at < 0:
        raise IndexError
    start, at = at, at + 2
    segments: dict[int, bytes] = {}
    lengths: list[int] = []
    while True:
        marker, length = struct.unpack_from(">HH", data, at)
        if marker == _SOT:
            break
        body = data[at + 4 : at + 2 + length]
        if marker == _TLM:
            lengths += _tile_part_lengths(body)
        segments.setdefault(marker, body)
        at += 2 + length
    ends, end = [], at - start
    for part in lengths:
        end += part
        ends.append(end)
    return _codestream(segments, tuple(ends))


def _tile_part_lengths(body: bytes) -> list[int]:
    """Ptlm of each tile-part (15444-1 A.7.1)."""
    index_size, wide = body[1] >> 4 & 3, bool(body[1] & 0x40)
    step = index_size + (4 if wide else 2)
    return [
        struct.unpack_from(">I" if wide else ">H", body, at + index_size)[0]
        for at in range(2, len(body) - step + 1, step)
    ]


def _codestream(segments: dict[int, bytes], ends: tuple[int, ...]) -> Codestream:
    _, x1, y1, x0, y0, tile_x, tile_y, tile_x0, tile_y0, components, depth = struct.unpack_from(
        ">H8IHB", segments[_SIZ]
    )
    _, progression, _, colour, levels, _, _, style, wavelet = struct.unpack_from(">BBHBBBBBB", segments[_COD])
    return Codestream(
        rows=y1 - y0,
        columns=x1 - x0,
        components=components,
        precision=(depth & 0x7F) + 1,
        signed=bool(depth & 0x80),
        tiles=-(-(x1 - tile_x0) // tile_x) * -(-(y1 - tile_y0) // tile_y),
        progression=progression,
        levels=levels,
        reversible=wavelet == _REVERSIBLE,
        high_throughput=bool(style & _HIGH_THROUGHPUT),
        colour_transform=bool(colour),
        ends=ends,
    )


def preview(data: bytes, reduction: int) -> bytes:
    """The prefix that holds the image reduced by 2**`reduction`, cut exactly where that resolution ends.

    `reduction` 0 is everything; one greater than there are levels gives the lowest resolution. A codestream that cannot
    be cut so is returned whole: right, only longer.
    """
    if reduction <= 0 or not data.startswith(START):
        return data
    head = parse(data)
    if not head.streamable or head.ends[-1] > len(data):
        return data
    return data[: head.ends[max(0, head.levels - reduction)]]
