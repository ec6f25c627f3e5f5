"""A multipart body (RFC 2046 5.1) as it comes: parts of any size in bounded memory.

Nothing of a part is kept but the tail that might be the beginning of a boundary, and its header lines.
"""

from __future__ import annotations

from typing import Protocol

from node.web.problems import Malformed

MAX_HEADERS = 16 << 10  # bytes of the header lines of one part
MAX_BOUNDARY = 70  # characters, RFC 2046 5.1.1


class PartSink(Protocol):
    """Takes the parts, one after the other."""

    def begin(self, headers: dict[str, str]) -> None:
        """A part begins; header names are lower case."""
        ...

    def data(self, data: memoryview) -> None:
        """Some of its bytes; valid only during the call."""
        ...

    def end(self) -> None:
        """The part is whole."""
        ...


class MultipartParser:
    """Feed it the body in pieces of any size, then `close` it. Raises `Malformed`."""

    def __init__(self, boundary: str, sink: PartSink) -> None:
        if not 0 < len(boundary) <= MAX_BOUNDARY or not boundary.isascii():
            raise damaged()
        self._delimiter = b"\r\n--" + boundary.encode()
        self._sink = sink
        self._buffer = b"\r\n"  # the first delimiter may stand at the very beginning
        self._step = self._preamble

    def feed(self, data: bytes) -> None:
        """Takes the next piece of the body."""
        self._buffer = self._buffer + data if self._buffer else data
        while self._step():
            pass

    def close(self) -> None:
        """Raises `Malformed` when the closing delimiter never came."""
        if self._step != self._epilogue:
            raise damaged()

    def _preamble(self) -> bool:
        return self._until_delimiter(keep=False)

    def _data(self) -> bool:
        return self._until_delimiter(keep=True)

    def _until_delimiter(self, *, keep: bool) -> bool:
        """Passes on what is surely before the next delimiter; True when the delimiter was found."""
        at = self._buffer.find(self._delimiter)
        end = at if at >= 0 else max(0, len(self._buffer) - len(self._delimiter) + 1)
        if keep and end:
            self._sink.data(memoryview(self._buffer)[:end])
        if at < 0:
            self._buffer = self._buffer[end:]
            return False
        if keep:
            self._sink.end()
        self._buffer = self._buffer[at + len(self._delimiter) :]
        self._step = self._after_delimiter
        return True

    def _after_delimiter(self) -> bool:
        if len(self._buffer) < 2:
            return False
        if self._buffer.startswith(b"--"):
            self._step = self._epilogue
            return True
        end = self._buffer.find(b"\r\n\r\n")
        if end > MAX_HEADERS or (end < 0 and len(self._buffer) > MAX_HEADERS):
            raise damaged()
        if end < 0:
            return False
        rest = self._buffer[end + 2 :]  # the line end before an empty part belongs to its delimiter
        if len(rest) < len(self._delimiter) and self._delimiter.startswith(rest):
            return False
        padding, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        if padding.strip(" \t"):
            raise damaged()
        self._buffer = rest if rest.startswith(self._delimiter) else rest[2:]
        self._sink.begin(_headers(lines))
        self._step = self._data
        return True

    def _epilogue(self) -> bool:
        self._buffer = b""
        return False


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise damaged()
        headers[name.strip().lower()] = value.strip()
    return headers


def damaged() -> Malformed:
    """The error for a body that is no valid multipart."""
    return Malformed("The multipart body is damaged.", hint="Send it again.")
