"""A connection that speaks the DICOM upper layer: whole PDUs are read through one buffer of fixed size, and written.

Nothing is allocated by a length that a peer names, and every wait ends.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import Final

from node.dicom.network.upper_layer import MAX_PDU, PDU_LENGTHS, AbortReason, ConnectionLostError, Pdu, ProtocolError

_BUFFER: Final = 4 * MAX_PDU
_PDU: Final = struct.Struct(">BxI")  # type, length of the variable field
_PDV: Final = struct.Struct(">IBB")  # length, context, message control header
_HEAD: Final = 12  # bytes of both
_MORE: Final[int] = getattr(socket, "MSG_MORE", 0)  # Linux
_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)  # Linux; not sticky


class Wire:
    """Reads whole PDUs from a socket through one buffer, and writes."""

    def __init__(self, sock: socket.socket, idle_seconds: float) -> None:
        self._sock = sock
        self.idle_seconds = idle_seconds
        self._quickack = _QUICKACK if sock.family in (socket.AF_INET, socket.AF_INET6) else None
        self._poll = None if isinstance(sock, ssl.SSLSocket) else select.poll()  # TLS waits inside its own calls
        if self._poll is not None:
            sock.setblocking(False)
            self._poll.register(sock, 0)
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0
        self._drained = False  # the last call took all that had come

    def read(self, within_seconds: float | None = None) -> tuple[Pdu, memoryview]:
        """The next PDU's type and variable field, valid until the next call.

        `within_seconds` bounds the whole PDU; otherwise the idle time bounds the wait for it, and again what it takes from
        its first byte to its last. Raises `ConnectionLostError` and `ProtocolError`.
        """
        if within_seconds is None and self._start == self._end:
            self._need(1, time.monotonic() + self.idle_seconds)
        deadline = time.monotonic() + (self.idle_seconds if within_seconds is None else within_seconds)
        self._need(6, deadline)
        kind, length = _PDU.unpack_from(self._buffer, self._start)
        longest = PDU_LENGTHS.get(kind)
        if longest is None:
            raise ProtocolError("a PDU of an unknown or unexpected type", AbortReason.UNRECOGNIZED_PDU)
        if length > longest:
            raise ProtocolError("a PDU is longer than agreed")
        self._need(6 + length, deadline)
        body = self._view[self._start + 6 : self._start + 6 + length]
        self._start += 6 + length
        return Pdu(kind), body

    def fragment(self, context_id: int, room: Callable[[int], memoryview | None]) -> tuple[int, bool] | None:
        """Takes the next PDU straight to where `room` says when it is one fragment of a data set on this context.

        Returns (its bytes, whether it is the last). None: it is something else, or there is no room of its length; then
        nothing was taken and `read` gives it. Waits and raises as `read` does.
        """
        if self._start == self._end:
            self._need(1, time.monotonic() + self.idle_seconds)
        deadline = time.monotonic() + self.idle_seconds
        self._need(6, deadline)
        kind, length = _PDU.unpack_from(self._buffer, self._start)
        if kind != Pdu.P_DATA or not 6 <= length <= PDU_LENGTHS[Pdu.P_DATA]:
            return None
        self._need(12, deadline)
        size, context, control = _PDV.unpack_from(self._buffer, self._start + 6)
        place = room(length - 6) if size == length - 4 and context == context_id and not control & 1 else None
        if place is None:
            return None
        self._start += 12
        self._fill(place, deadline)
        return length - 6, bool(control & 2)

    def _fill(self, place: memoryview, deadline: float) -> None:
        """What is in the buffer first; then from the socket, and with it the head of the next PDU."""
        have = min(len(place), self._end - self._start)
        place[:have] = self._view[self._start : self._start + have]
        self._start += have
        if have < len(place):
            self._start = self._end = 0
        while have < len(place):
            have += self._receive([place[have:], self._view[:_HEAD]], deadline)
        self._end += have - len(place)

    def begins_with(self, first: int) -> bool:
        """Whether what was received and not yet read begins with this byte."""
        return self._start < self._end and self._buffer[self._start] == first

    def write(self, data: bytes | memoryview, *, more: bool = False) -> None:
        """Raises `ConnectionLostError`, also when the peer has not taken all within the idle time.

        With `more` to come the system may keep it back for a packet's worth, or for a fifth of a second.
        """
        try:
            if self._poll is None:
                self._sock.settimeout(self.idle_seconds)
                self._sock.sendall(data)
            else:
                self._send(memoryview(data), _MORE if more else 0)
        except OSError as error:
            raise ConnectionLostError(type(error).__name__) from error

    def _send(self, rest: memoryview, flags: int) -> None:
        deadline = 0.0
        while True:
            with contextlib.suppress(BlockingIOError):
                rest = rest[self._sock.send(rest, flags) :]
            if not rest:
                return
            deadline = deadline or time.monotonic() + self.idle_seconds
            self._await(select.POLLOUT, deadline)

    def drain(self, within_seconds: float) -> None:
        """Reads and drops what still comes, until the peer closes or the time is over. Raises `ConnectionLostError`."""
        deadline = time.monotonic() + within_seconds
        while time.monotonic() < deadline:
            self._start = self._end = 0
            self._need(1, deadline)

    def waiting(self, within_seconds: float = 0.0) -> bool:
        """Whether there is something to read, or the end, now or within the time."""
        if self._start < self._end or (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(within_seconds * 1000))

    def _need(self, count: int, deadline: float) -> None:
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start + count > _BUFFER:
            rest = self._end - self._start
            self._view[:rest] = self._view[self._start : self._end]
            self._start, self._end = 0, rest
        while self._end - self._start < count:
            self._end += self._receive([self._view[self._end :]], deadline)

    def _receive(self, into: list[memoryview], deadline: float) -> int:
        """Takes what is there with one call; only when nothing is, it says that it listens, and waits."""
        try:
            received = self._receive_now(into, deadline)
        except OSError as error:
            raise ConnectionLostError("timeout" if isinstance(error, TimeoutError) else type(error).__name__) from error
        if received == 0:
            raise ConnectionLostError("closed")
        return received

    def _receive_now(self, into: list[memoryview], deadline: float) -> int:
        if self._poll is None:
            self._sock.settimeout(max(0.001, deadline - time.monotonic()))
            self._listen()
            return self._sock.recv_into(into[0])
        if self._drained:
            self._wait_for_more(deadline)
        elif time.monotonic() > deadline:  # byte by byte is no way to go on
            raise TimeoutError
        while True:
            try:
                received = self._sock.recvmsg_into(into)[0]
            except BlockingIOError:
                self._wait_for_more(deadline)
            else:
                self._drained = received < sum(map(len, into))
                return received

    def _wait_for_more(self, deadline: float) -> None:
        self._listen()
        self._await(select.POLLIN, deadline)

    def _listen(self) -> None:
        """Acknowledges what was received: else a peer with Nagle's algorithm on waits 40 ms for it."""
        if self._quickack is not None:
            self._sock.setsockopt(socket.IPPROTO_TCP, self._quickack, 1)

    def _await(self, event: int, deadline: float) -> None:
        """Raises `TimeoutError`."""
        assert self._poll is not None
        self._poll.modify(self._sock, event)
        if not self._poll.poll(max(1.0, (deadline - time.monotonic()) * 1000)):
            raise TimeoutError
