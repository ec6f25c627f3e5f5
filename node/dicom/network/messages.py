"""Writing DIMSE messages (PS3.7 6.3, PS3.8 Annex E): a command set and, from an open file or bytes, its data set.

A data set goes through one buffer of the size of a PDU, so memory is bounded whatever its length.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from node.dicom.network.upper_layer import MAX_PDU, Pdu, encode_command
from node.dicom.network.wire import Wire

_HEADER: Final = 12  # bytes of a P-DATA-TF and its one PDV before the fragment


class MessageWriter:
    """Writes to a peer that takes PDUs of `max_pdu` bytes (0: any length). Used by one thread."""

    def __init__(self, wire: Wire, max_pdu: int) -> None:
        self._wire = wire
        self._max_pdu = max_pdu
        self._fragment = max(2, (min(max_pdu or MAX_PDU, MAX_PDU) - 6) & ~1)  # as `encode_command` does
        self._buffer: memoryview | None = None  # for one PDU

    def command(self, context_id: int, command: bytes) -> None:
        """Raises `ConnectionLostError`."""
        self._wire.write(encode_command(context_id, command, self._max_pdu))

    def message(self, context_id: int, command: bytes, data_set: bytes, *, more: bool = False) -> None:
        """A command with a short data set, in as few writes as the peer's PDUs allow; `more`: others follow at once.

        Raises `ConnectionLostError`.
        """
        parts = [encode_command(context_id, command, self._max_pdu)]
        for at in range(0, len(data_set), self._fragment):
            part = data_set[at : at + self._fragment]
            parts += self._head(context_id, len(part), last=at + self._fragment >= len(data_set)), part
        self._wire.write(b"".join(parts), more=more)

    def data(self, context_id: int, data_set: BinaryIO) -> None:
        """The bytes from where the file stands to its end, in PDUs of which the last is marked.

        Raises `ConnectionLostError`, and `OSError` of the file.
        """
        at = data_set.tell()
        left = data_set.seek(0, 2) - at
        data_set.seek(at)
        if self._buffer is None:
            self._buffer = memoryview(bytearray(_HEADER + self._fragment))
        while True:
            end = _HEADER + min(left, self._fragment)
            _fill(self._buffer[_HEADER:end], data_set)
            left -= end - _HEADER
            self._buffer[:_HEADER] = self._head(context_id, end - _HEADER, last=not left)
            self._wire.write(self._buffer[:end])
            if not left:
                return

    @staticmethod
    def _head(context_id: int, length: int, *, last: bool) -> bytes:
        return struct.pack(">BxIIBB", Pdu.P_DATA, length + 6, length + 2, context_id, 2 if last else 0)


def _fill(view: memoryview, data_set: BinaryIO) -> None:
    while view:
        count = data_set.readinto(view)  # type: ignore[attr-defined]  # every binary file that can be sought has it
        if not count:
            raise OSError("The file became shorter while it was sent.")
        view = view[count:]
