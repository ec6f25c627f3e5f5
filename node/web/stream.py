"""The stream of records that carries a series to the viewer; its form is described in `node.web.display`."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from node.errors import NodeError
from node.web.frames import Piece, first_reduction, preview_reduction
from node.web.series import ShownSeries

MAGIC: Final = b"LTSTRM01"
HEAD: Final = struct.Struct("<BBHIII")
_CHUNK: Final = 32 << 10  # bytes that are sent together; the first picture goes alone


class Kind(IntEnum):
    METADATA = 1
    HTJ2K = 2
    RAW = 3
    END = 9


@dataclass(frozen=True, slots=True)
class Wish:
    """What a stream is to hold. `first`: the frame to begin with (None: where the series opens); `reduction`: of the
    previews (None: what suits the series); `whole_first`: the first frame up to full size before the others."""

    first: int | None = None
    reduction: int | None = None
    metadata: bool = False
    whole_first: bool = False


ReadPiece = Callable[[int, int, int | None], Piece]
"""(frame of the series, reduction, what is there already) -> the bytes."""


def middle_out(count: int, first: int) -> Iterator[int]:
    """All of 0 … count-1, from `first` outwards, the later one of two equally near first."""
    yield first
    for distance in range(1, count):
        if first + distance < count:
            yield first + distance
        if first - distance >= 0:
            yield first - distance


def records(shown: ShownSeries, wish: Wish, piece: ReadPiece) -> Iterator[bytes]:
    """The stream in chunks. A frame that cannot be read is left out: who asks for it alone is told why."""
    first = min(wish.first if wish.first is not None else shown.opening_frame, max(0, len(shown) - 1))
    held = bytearray(MAGIC)
    if wish.metadata:
        held += _record(Kind.METADATA, shown.opening_gzip(first))
    for record, urgent in _frames(shown, wish, first, piece):
        held += record
        if urgent or len(held) >= _CHUNK:
            yield bytes(held)
            held.clear()
    yield bytes(held + _record(Kind.END, b""))


def _frames(shown: ShownSeries, wish: Wish, first: int, piece: ReadPiece) -> Iterator[tuple[bytes, bool]]:
    if not len(shown):
        return
    reduction = wish.reduction
    if reduction is None:
        reduction = preview_reduction(shown.longest_edge, len(shown))
    begin = max(reduction, first_reduction(shown.longest_edge, len(shown))) if wish.whole_first else reduction
    done = _first(shown, first, begin, reduction, piece) if wish.whole_first else iter(())
    for record in done:
        yield record, True
    for index in middle_out(len(shown), first):
        if not (wish.whole_first and index == first):
            for record in _piece(index, reduction, None, piece):
                yield record, index == first


def _first(shown: ShownSeries, first: int, begin: int, reduction: int, piece: ReadPiece) -> Iterator[bytes]:
    """The first frame step by step: coarse, as the previews, then each further resolution of a large one."""
    steps = [begin]
    if shown.longest_edge > 1200:
        steps += range(begin - 1, 0, -1)
    elif begin > reduction:
        steps.append(reduction)
    after: int | None = None
    for step in dict.fromkeys([*steps, 0]):
        yield from _piece(first, step, after, piece)
        after = step


def _piece(index: int, reduction: int, after: int | None, read: ReadPiece) -> Iterator[bytes]:
    try:
        found = read(index, reduction, after)
    except NodeError:
        return
    if found.content:
        kind = Kind.RAW if found.raw else Kind.HTJ2K
        yield _record(kind, found.content, found.reduction, index, found.offset)


def _record(kind: Kind, content: bytes, reduction: int = 0, index: int = 0, offset: int = 0) -> bytes:
    return HEAD.pack(kind, reduction, 0, index, offset, len(content)) + content
