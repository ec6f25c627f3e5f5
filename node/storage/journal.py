"""The journal: whole objects made durable by one write to places that are used again and again, until they are filed.

A new file costs its journal entry, its name and its folder; a place that was written before costs one write and the disk's own
flush. The file is a head and slots of 1 MiB. An object lies at a slot's begin; after it, at the next block, stands its seal:
length, checksum and a note of the caller's. What has no valid seal was never acknowledged. The head says which seals count.

    head:  two blocks, written in turn: magic, turn, epoch, last sequence that is filed, whether something may not be filed
    seal:  magic, epoch, sequence, length of the object, of the note, the object's checksum; the note; CRC-32 of all this

The checksum has to find blocks that did not reach the disk, nothing else: it is the CRC-32 of the sums of the blocks' 64-bit
words, a tenth of the work of a CRC-32 of the bytes.
"""

from __future__ import annotations

import heapq
import logging
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from node.storage.blocks import BLOCK, BlockFile, Lane
from node.storage.filesystem import sync_folder

log = logging.getLogger(__name__)

SLOT: Final = 1 << 20
LARGEST: Final = SLOT - BLOCK  # bytes of an object that finds room
_HEAD: Final = 16 * BLOCK  # where the slots begin
_CHUNK: Final = 200_000  # bytes that are sent to the disk while more is coming
_KEPT: Final = 16  # buffers that wait for the next object
_GROW: Final = 32  # slots at most that are laid out at once
_MAGIC_HEAD: Final = b"LTjrnl01"
_MAGIC_SEAL: Final = b"LTseal01"
_HEAD_FIELDS: Final = struct.Struct("<8sQ16sQB")
_SEAL_FIELDS: Final = struct.Struct("<8s16sQIII")
_CRC: Final = struct.Struct("<I")
_NEVER: Final = (0, b"", 0, False)  # a head that was never written
NOTE_LIMIT: Final = BLOCK - _SEAL_FIELDS.size - _CRC.size  # bytes of a note


@dataclass(frozen=True, slots=True, order=True)
class Record:
    """An object that is safe in its slot and not filed yet."""

    sequence: int
    slot: int
    length: int
    note: bytes


class Journal:
    """Slots, and what lies in them. Safe for many threads; one process owns the file."""

    def __init__(self, path: Path, *, slots: int, token: Callable[[int], bytes] = os.urandom) -> None:
        """Opens or makes the file; what it held that is not filed is `pending` again. Raises `OSError`."""
        self._file = BlockFile(path)
        sync_folder(path.parent)  # the name of a new journal survives a power cut, too
        self._token = token
        self._most = slots
        self._lock = threading.Lock()
        self._lanes: list[Lane] = []
        self._pending: dict[int, Record] = {}
        self._under_way: set[int] = set()  # slots that are being written
        self._committing: set[int] = set()  # sequences whose seal is being written
        self._turn, self._epoch, self._sequence, self._busy = 0, b"", 0, False
        size = os.fstat(self._file.handle).st_size
        self._laid_out = max(0, (size - _HEAD) // SLOT)
        self._recover()
        self._free = sorted(set(range(self._laid_out)) - {r.slot for r in self._pending.values()})

    def __len__(self) -> int:
        """How many objects are not filed."""
        return len(self._pending)

    @property
    def crowded(self) -> bool:
        """Whether three quarters of the slots are taken."""
        return 4 * (len(self._pending) + len(self._under_way)) > 3 * self._most

    def begin(self) -> Entry | None:
        """Room for one object; None when there is none. Raises `OSError`."""
        with self._lock:
            if self._pending and not self._busy:  # found without a head: a new epoch would disown them
                return None
            if not self._free and not self._lay_out():
                return None
            if not self._busy:
                self._begin_epoch()
            slot = heapq.heappop(self._free)
            self._under_way.add(slot)
            lane = self._lanes.pop() if self._lanes else None
        return Entry(self, slot, lane or self._file.lane(SLOT))

    def pending(self, limit: int) -> list[Record]:
        """Up to `limit` records, the oldest first."""
        with self._lock:
            return heapq.nsmallest(limit, self._pending.values())

    def read(self, record: Record, use: Callable[[memoryview], None]) -> None:
        """Lets `use` have the object's bytes, valid until it returns. Raises `OSError`."""
        with self._lock:
            lane = self._lanes.pop() if self._lanes else None
        lane = lane or self._file.lane(SLOT)
        try:
            use(lane.read(_blocks(record.length), _place(record.slot))[: record.length])
        finally:
            self._put_back(lane)

    def forget(self, records: Iterable[Record]) -> None:
        """What was made durable elsewhere: its slots are free again. Raises `OSError`."""
        gone = {record.sequence: record for record in records}
        with self._lock:
            left = self._pending.keys() - gone
            self._busy = self._busy and bool(left or self._under_way)
            if self._busy or not left:  # after a torn head the rest is found as long as no whole one says "nothing"
                self._write_head(min(left | self._committing, default=self._sequence + 1) - 1)
            for record in gone.values():
                if self._pending.pop(record.sequence, None) is not None:
                    heapq.heappush(self._free, record.slot)

    def close(self) -> None:
        self._file.close()

    # for Entry

    def _seal(self, entry: Entry, note: bytes) -> Record:
        with self._lock:
            self._sequence += 1
            sequence = self._sequence
            self._committing.add(sequence)
        record = Record(sequence, entry.slot, entry.size, note)
        try:
            entry.write_seal(lambda checksum: self._sealed(record, checksum))
            self._file.sync()
        except OSError:
            with self._lock:
                self._committing.discard(sequence)
            raise
        with self._lock:
            self._committing.discard(sequence)
            self._pending[sequence] = record
            self._under_way.discard(entry.slot)
        return record

    def _drop(self, slot: int) -> None:
        with self._lock:
            self._under_way.discard(slot)
            heapq.heappush(self._free, slot)

    def _put_back(self, lane: Lane) -> None:
        with self._lock:
            if len(self._lanes) < _KEPT:
                self._lanes.append(lane)

    # the head, the seals

    def _begin_epoch(self) -> None:
        """The disk knows of the epoch before the first seal of it. Raises `OSError`: then there is none."""
        self._epoch, self._busy = self._token(16), True
        try:
            self._write_head(self._sequence)
        except OSError:
            self._busy = False
            raise

    def _lay_out(self) -> bool:
        """Asks the file system for more slots."""
        count = min(self._most - self._laid_out, max(2, min(self._laid_out, _GROW)))
        if count <= 0:
            return False
        os.posix_fallocate(self._file.handle, _place(self._laid_out), count * SLOT)
        self._free += range(self._laid_out, self._laid_out + count)  # larger than all that are there: still a heap
        self._laid_out += count
        return True

    def _write_head(self, filed: int) -> None:
        self._turn += 1
        content = _HEAD_FIELDS.pack(_MAGIC_HEAD, self._turn, self._epoch, filed, self._busy)
        lane = self._lanes.pop() if self._lanes else self._file.lane(SLOT)
        lane.buffer[:BLOCK] = (content + _CRC.pack(zlib.crc32(content))).ljust(BLOCK, b"\0")
        lane.write(0, BLOCK, self._turn % 2 * BLOCK)
        lane.wait()
        self._file.sync()
        self._lanes.append(lane)

    def _sealed(self, record: Record, checksum: int) -> bytes:
        fields = (record.sequence, record.length, len(record.note), checksum)
        content = _SEAL_FIELDS.pack(_MAGIC_SEAL, self._epoch, *fields) + record.note
        return (content + _CRC.pack(zlib.crc32(content))).ljust(BLOCK, b"\0")

    def _recover(self) -> None:
        """Finds what was acknowledged and is not filed: after a clean end the head alone says that there is nothing."""
        lane = self._file.lane(SLOT)
        self._lanes.append(lane)
        heads = [_head(lane.read(BLOCK, n * BLOCK)) for n in range(2)]
        known = [head for head in heads if head is not None] or [_NEVER]
        self._turn, self._epoch, filed, self._busy = max(known)
        self._sequence = filed
        if None in heads or not self._turn:  # damaged: whatever is whole and newer is taken, the epoch is not asked
            self._epoch, self._busy = b"", False
        elif not self._busy:
            return
        for slot in range(self._laid_out):
            record = self._look(lane.read(SLOT, _place(slot)), slot)
            if record is not None and record.sequence > filed:
                self._pending[record.sequence] = record
        self._sequence = max((filed, *self._pending))
        if self._pending:
            log.warning("%d objects in the journal were received and not filed; they are now", len(self._pending))

    def _look(self, content: memoryview, slot: int) -> Record | None:
        """The object that a slot's seal vouches for. Without a head (it was lost) a seal of any epoch is good."""
        for at in range(0, len(content) - BLOCK + 1, BLOCK):
            magic, epoch, sequence, length, note_length, checksum = _SEAL_FIELDS.unpack_from(content, at)
            end = at + _SEAL_FIELDS.size + note_length
            if magic != _MAGIC_SEAL or (self._epoch and epoch != self._epoch):
                continue
            if note_length > NOTE_LIMIT or _blocks(length) != at:
                continue
            if _CRC.unpack_from(content, end)[0] != zlib.crc32(content[at:end]) or _checksum(content[:at]) != checksum:
                continue
            return Record(sequence, slot, length, bytes(content[at + _SEAL_FIELDS.size : end]))
        return None


class Entry:
    """One object on its way into its slot; used by one thread at a time."""

    def __init__(self, journal: Journal, slot: int, lane: Lane) -> None:
        self.slot = slot
        self.size = 0
        self._journal = journal
        self._lane: Lane | None = lane
        self._sent = 0
        self._checksum = 0  # of what was sent

    @property
    def content(self) -> memoryview:
        """What was written so far."""
        assert self._lane is not None
        return self._lane.buffer[: self.size]

    def write(self, data: memoryview) -> bool:
        """False when it does not fit: then nothing of it was taken. Raises `OSError`."""
        place = self.room(len(data))
        if place is None:
            return False
        place[:] = data
        self.filled(len(data))
        return True

    def room(self, size: int) -> memoryview | None:
        """Where the next bytes belong; None when they do not fit."""
        assert self._lane is not None
        end = self.size + size
        return self._lane.buffer[self.size : end] if end <= LARGEST else None

    def filled(self, size: int) -> memoryview:
        """So many bytes stand in the room now; returns them. Raises `OSError`."""
        assert self._lane is not None
        added = self._lane.buffer[self.size : self.size + size]
        self.size += size
        if self.size - self._sent >= _CHUNK:
            self._send(self.size & -BLOCK)
        return added

    def commit(self, note: bytes) -> Record:
        """Returns when the object and its note (at most `NOTE_LIMIT` bytes) survive a power cut. Raises `OSError`."""
        record = self._journal._seal(self, note)
        self._give_back()
        return record

    def abort(self) -> None:
        """Frees the slot; harmless when it was done before."""
        if self._lane is not None:
            self._give_back()
            self._journal._drop(self.slot)

    def write_seal(self, seal: Callable[[int], bytes]) -> None:
        """Sends the rest of the object and behind it the seal that `seal` makes of its checksum; waits for all."""
        lane, at = self._lane, _blocks(self.size)
        assert lane is not None
        lane.buffer[self.size : at] = bytes(at - self.size)
        checksum = _checksum(lane.buffer[self._sent : at], self._checksum)
        lane.buffer[at : at + BLOCK] = seal(checksum)
        lane.write(self._sent, at + BLOCK, _place(self.slot) + self._sent)
        lane.wait()

    def _send(self, end: int) -> None:
        """Sends whole blocks while the processor still has them at hand."""
        assert self._lane is not None
        self._lane.write(self._sent, end, _place(self.slot) + self._sent)
        self._checksum = _checksum(self._lane.buffer[self._sent : end], self._checksum)
        self._sent = end

    def _give_back(self) -> None:
        lane, self._lane = self._lane, None
        assert lane is not None
        try:
            lane.wait()
        except OSError:  # nobody needs these bytes any more
            return
        self._journal._put_back(lane)


def _place(slot: int) -> int:
    return _HEAD + slot * SLOT


def _blocks(length: int) -> int:
    """`length` rounded up to whole blocks."""
    return -(-length // BLOCK) * BLOCK


def _checksum(blocks: memoryview, before: int = 0) -> int:
    """Of whole blocks; `before`: the checksum of those in front of them."""
    words: NDArray[np.uint64] = np.frombuffer(blocks, "<u8").reshape(-1, BLOCK // 8)
    return zlib.crc32(words.sum(axis=1, dtype=np.uint64).tobytes(), before)


def _head(content: memoryview) -> tuple[int, bytes, int, bool] | None:
    """(turn, epoch, last sequence filed, whether something may not be filed); None when it is damaged."""
    if not any(content):
        return _NEVER
    if len(content) < BLOCK:
        return None
    magic, turn, epoch, filed, busy = _HEAD_FIELDS.unpack_from(content)
    valid = _CRC.unpack_from(content, _HEAD_FIELDS.size)[0] == zlib.crc32(content[: _HEAD_FIELDS.size])
    return (turn, epoch, filed, bool(busy)) if valid and magic == _MAGIC_HEAD else None
