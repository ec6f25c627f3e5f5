"""Where the frames of the display routes come from: the stored file, the prepared one, or an encoder, in this order."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Final

from node.dicom import display_frames
from node.dicom.display import MEDIA_RAW
from node.dicom.display_frames import DisplayFrame, FrameTable
from node.errors import NodeError, Unreadable
from node.flow.prepare import prepare, prepared_files
from node.ledger.objects import ObjectRow
from node.ports import Node

_TABLES: Final = 20_000  # objects whose frames' places are remembered
_FRESH: Final = 64 << 20  # bytes of frames that were coded a moment ago
_AT_ONCE: Final = 2  # frames of an object that is prepared as a whole while the reader waits

PREVIEW_EDGES: Final = (  # (longest edge in pixels up to, frames of the series up to) -> longest edge of the preview
    ((1200, None), 160),
    ((None, 8), 800),
    ((None, None), 400),
)
_FIRST_EDGE: Final = 400  # of the very first picture of a series


def _reduction(longest: int, edge: int) -> int:
    """The least n for which an edge of `longest` pixels, halved n times, is at most `edge`."""
    reduction = 0
    while longest > edge:
        longest, reduction = -(-longest // 2), reduction + 1
    return reduction


def preview_reduction(longest: int, frames: int) -> int:
    """How often the images of a series are halved for its previews, by their longest edge and their number."""
    for (edges, count), edge in PREVIEW_EDGES:
        if (edges is None or longest <= edges) and (count is None or frames <= count):
            return _reduction(longest, edge)
    return 0


def first_reduction(longest: int, frames: int) -> int:
    """The same for the very first picture, which may be coarser."""
    return max(preview_reduction(longest, frames), _reduction(longest, _FIRST_EDGE))


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a coded frame: `content` begins `offset` bytes into it and takes it to the image reduced by
    2**`reduction`."""

    content: bytes
    offset: int
    reduction: int
    media_type: str
    transfer_syntax_uid: str

    @property
    def raw(self) -> bool:
        return self.media_type == MEDIA_RAW


class FrameSource:
    """Thread-safe. Encoding is limited to as many threads as there are cores."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._prepared = prepared_files(node)
        self._cores = BoundedSemaphore(max(2, os.cpu_count() or 2))
        self._lock = Lock()
        self._tables: OrderedDict[str, FrameTable] = OrderedDict()
        self._fresh: OrderedDict[tuple[str, int], DisplayFrame] = OrderedDict()
        self._fresh_bytes = 0
        self._asked: OrderedDict[str, None] = OrderedDict()  # objects whose preparation was asked for

    def piece(self, row: ObjectRow, index: int, reduction: int = 0, after: int | None = None) -> Piece:
        """Frame `index` (from 0) reduced by 2**`reduction`, or what it takes from 2**`after` to there.

        Raises `Unreadable` in words.
        """
        table = self._table(row)
        if table is not None:
            try:
                return _of_table(table, index, reduction, after)
            except IndexError:
                raise _no_frame() from None
            except (Unreadable, OSError):
                self._forget(row.digest)
        return _of_frame(self._coded(row, index), reduction, after)

    def thumbnail(self, row: ObjectRow, size: int) -> bytes:
        """A JPEG whose longer side has at most `size` pixels."""
        with self._cores:
            return display_frames.thumbnail(self._node.storage.path(row.digest), size)

    def _table(self, row: ObjectRow) -> FrameTable | None:
        with self._lock:
            known = self._tables.get(row.digest)
            if known is not None:
                self._tables.move_to_end(row.digest)
                return known
        found = self._look(row)
        if found is not None:
            with self._lock:
                self._tables[row.digest] = found
                while len(self._tables) > _TABLES:
                    self._tables.popitem(last=False)
        return found

    def _look(self, row: ObjectRow) -> FrameTable | None:
        prepared = self._prepared.find(row.digest)
        if prepared is not None:
            try:
                return display_frames.pack_table(prepared)
            except (Unreadable, OSError, KeyError, TypeError, ValueError):
                self._prepared.drop(row.digest)
        path = self._node.storage.path(row.digest)
        stored = display_frames.stored_table(path)
        if stored is not None:
            return stored
        if row.frames <= _AT_ONCE:
            with self._cores:
                made = self._prepared.make(row.digest, lambda target: display_frames.write_pack(path, target))
            return display_frames.pack_table(made) if made else None
        self._ask(row, lambda: self._node.pool.submit(prepare, path, self._prepared, row.digest))
        return None

    def _ask(self, row: ObjectRow, submit: Callable[[], object]) -> None:
        """Has a long object prepared in the background, once."""
        with self._lock:
            if row.digest in self._asked:
                return
            self._asked[row.digest] = None
            while len(self._asked) > _TABLES:
                self._asked.popitem(last=False)
        try:
            submit()
        except (NodeError, RuntimeError):  # the pool is being shut down
            self._asked.pop(row.digest, None)

    def _forget(self, digest: str) -> None:
        self._prepared.drop(digest)
        with self._lock:
            self._tables.pop(digest, None)
            self._asked.pop(digest, None)

    def _coded(self, row: ObjectRow, index: int) -> DisplayFrame:
        key = (row.digest, index)
        with self._lock:
            known = self._fresh.get(key)
        if known is not None:
            return known
        if not 0 <= index < row.frames:
            raise _no_frame()
        with self._cores:
            frame = display_frames.display_frame(self._node.storage.path(row.digest), index + 1)
        with self._lock:
            if key not in self._fresh:
                self._fresh[key] = frame
                self._fresh_bytes += len(frame.content)
            while self._fresh_bytes > _FRESH and len(self._fresh) > 1:
                _, old = self._fresh.popitem(last=False)
                self._fresh_bytes -= len(old.content)
        return frame


def _of_table(table: FrameTable, index: int, reduction: int, after: int | None) -> Piece:
    reached = min(reduction, table.reductions(index))
    begin, _ = table.span(index, reached, after)
    content = table.read(index, reached, after)
    if not content and after is None:
        raise Unreadable("The frame could not be decoded.", hint="Send the object again from its source.")
    return Piece(content, begin, reached, table.media_type, table.transfer_syntax_uid)


def _of_frame(frame: DisplayFrame, reduction: int, after: int | None) -> Piece:
    last = len(frame.ends) - 1
    reached = min(reduction, last)
    end = frame.ends[last - reached]
    begin = 0 if after is None else min(end, frame.ends[last - min(after, last)])
    return Piece(frame.content[begin:end], begin, reached, frame.media_type, frame.transfer_syntax_uid)


def _no_frame() -> Unreadable:
    return Unreadable("There is no such frame in the object.", hint="Open the study again.")
