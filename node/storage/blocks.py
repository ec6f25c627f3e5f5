"""A file that is written in whole blocks past the page cache: the writes of one buffer run while it is still being filled.

Linux's asynchronous I/O is called by its numbers (io_submit(2); glibc has no names for it). Where it, or O_DIRECT, is not to be
had, the same calls write at once: slower, with the same effect.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BLOCK: Final = 4096  # alignment of memory, offsets and lengths that O_DIRECT needs on today's disks

_DEPTH: Final = 64  # writes of one buffer that may be under way
_PWRITE: Final = 1  # IOCB_CMD_PWRITE


@dataclass(frozen=True, slots=True)
class _Calls:
    """System call numbers; they differ by processor."""

    setup: int
    destroy: int
    getevents: int
    submit: int


_NUMBERS: Final = {"x86_64": _Calls(206, 207, 208, 209), "aarch64": _Calls(0, 1, 4, 2)}


class _Iocb(ctypes.Structure):
    """`struct iocb` of linux/aio_abi.h, little endian."""

    _fields_ = (
        ("data", ctypes.c_uint64),
        ("key", ctypes.c_uint32),
        ("rw_flags", ctypes.c_int32),
        ("opcode", ctypes.c_uint16),
        ("priority", ctypes.c_int16),
        ("file", ctypes.c_uint32),
        ("buffer", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("offset", ctypes.c_int64),
        ("reserved", ctypes.c_uint64),
        ("flags", ctypes.c_uint32),
        ("event_file", ctypes.c_uint32),
    )


class _Event(ctypes.Structure):
    """`struct io_event`; `data` is the write's number."""

    _fields_ = (
        ("data", ctypes.c_uint64),
        ("object", ctypes.c_uint64),
        ("result", ctypes.c_int64),
        ("result2", ctypes.c_int64),
    )


class BlockFile:
    """An open file for aligned reads and writes."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            self.handle = os.open(path, flags | getattr(os, "O_DIRECT", 0), 0o600)
            self.direct = hasattr(os, "O_DIRECT")
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self.handle, self.direct = os.open(path, flags, 0o600), False

    def lane(self, size: int) -> Lane:
        """A buffer of `size` bytes (whole blocks) whose content is written to this file."""
        queue = _Queue.open() if self.direct else None
        return Lane(self, size, queue)

    def sync(self) -> None:
        """Returns when what was written survives a power cut."""
        os.fdatasync(self.handle)

    def close(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1

    def __del__(self) -> None:
        self.close()


class Lane:
    """One buffer and its writes under way; used by one thread at a time."""

    def __init__(self, file: BlockFile, size: int, queue: _Queue | None) -> None:
        self._memory = mmap.mmap(-1, size)  # begins at a page
        self.buffer = memoryview(self._memory)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._file = file
        self._queue = queue
        self._parts: list[tuple[int, int, int]] = []

    def write(self, start: int, end: int, offset: int) -> None:
        """Begins to write `buffer[start:end]` at `offset` of the file; all three in whole blocks. Raises `OSError`."""
        queue = self._queue
        if queue is not None and len(self._parts) < _DEPTH:
            number = len(self._parts)
            if queue.submit(number, self._file.handle, self._address + start, end - start, offset):
                self._parts.append((start, end, offset))
                return
        self._write_now(start, end, offset)

    def wait(self) -> None:
        """Returns when all that was begun is done. Raises `OSError`."""
        if not self._parts:
            return
        assert self._queue is not None
        parts, self._parts = self._parts, []
        for number, result in self._queue.take(len(parts)):
            start, end, offset = parts[number]
            if result != end - start:  # an error, or a part of it: said again by writing at once
                self._write_now(start, end, offset)

    def read(self, length: int, offset: int) -> memoryview:
        """`length` bytes (whole blocks) of the file from `offset`, in the buffer; fewer at the file's end."""
        return self.buffer[: os.preadv(self._file.handle, [self.buffer[:length]], offset)]

    def _write_now(self, start: int, end: int, offset: int) -> None:
        while start < end:
            written = os.pwrite(self._file.handle, self.buffer[start:end], offset)
            start, offset = start + written, offset + written


class _Queue:
    """A context of asynchronous I/O."""

    def __init__(self, libc: ctypes.CDLL, calls: _Calls, context: ctypes.c_ulong) -> None:
        self._libc = libc
        self._calls = calls
        self._context = context
        self._block = _Iocb(opcode=_PWRITE)
        self._list = (ctypes.c_void_p * 1)(ctypes.addressof(self._block))
        self._events = (_Event * _DEPTH)()

    @classmethod
    def open(cls) -> _Queue | None:
        """None where the system has none to give."""
        calls = _NUMBERS.get(platform.machine())
        if platform.system() != "Linux" or calls is None or ctypes.sizeof(ctypes.c_void_p) != 8:
            return None
        libc, context = ctypes.CDLL(None, use_errno=True), ctypes.c_ulong(0)
        if libc.syscall(ctypes.c_long(calls.setup), ctypes.c_long(_DEPTH), ctypes.byref(context)) != 0:
            return None
        return cls(libc, calls, context)

    def submit(self, number: int, handle: int, address: int, length: int, offset: int) -> bool:
        """False when it was not taken."""
        block = self._block
        block.data, block.file, block.buffer, block.bytes, block.offset = number, handle, address, length, offset
        taken: int = self._libc.syscall(
            ctypes.c_long(self._calls.submit), self._context, ctypes.c_long(1), ctypes.byref(self._list)
        )
        return taken == 1

    def take(self, count: int) -> list[tuple[int, int]]:
        """(number, bytes written or a negative error number) of `count` writes, when they are done."""
        found: list[tuple[int, int]] = []
        while len(found) < count:
            rest = ctypes.c_long(count - len(found))
            got: int = self._libc.syscall(
                ctypes.c_long(self._calls.getevents), self._context, rest, rest, ctypes.byref(self._events), None
            )
            if got < 0 and ctypes.get_errno() != errno.EINTR:
                raise OSError(ctypes.get_errno(), "the writes under way cannot be waited for")
            found += [(event.data, event.result) for event in self._events[: max(0, got)]]
        return found

    def __del__(self) -> None:
        self._libc.syscall(ctypes.c_long(self._calls.destroy), self._context)
