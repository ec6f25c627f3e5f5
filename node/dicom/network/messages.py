"""Writing DIMSE messages (PS3.7 6.3, PS3.8 Annex E): a command set and, from an open file or bytes, its data set.

A data set goes through one buffer of the size of a PDU, so memory is bounded whatever its length.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

from node.dicom.network.upper_layer import MAX_PDU, Pdu, Wire, encode_command

_HEADER: Final = 12  # bytes of a P-DATA-TF and its one PDV before the fragment


class MessageWriter:
    """Writes to a peer that takes PDUs of `max_pdu` bytes (0: any length). Used by one thread."""

    def __init__(self, wire: Wire, max_pdu: int) -> None:
        self._wire = wire
        self._max_pdu = max_pdu
        self._fragment = (min(max_pdu or MAX_PDU, MAX_PDU) - 6) & ~1

    def command(self, context_id: int, command: bytes) -> None:
        """Raises `ConnectionLostError`."""
        self._wire.write(encode_command(context_id, command, self._max_pdu))

    def message(self, context_id: int, command: bytes, data_set: bytes) -> None:
        """A command with a short data set, in as few writes as the peer's PDUs allow. Raises `ConnectionLostError`."""
        parts = [encode_command(context_id, command, self._max_pdu)]
        for at in range(0, len(data_set), self._fragment):
            part = data_set[at : at + self._fragment]
            parts += self._head(context_id, len(part), last=at + self._fragment >= len(data_set)), part
        self._wire.write(b"".join(parts))

    def data(self, context_id: int, data_set: BinaryIO) -> None:
        """The bytes from where the file stands to its end; the last fragment is marked, so one is read ahead.

        Raises `ConnectionLostError`, and `OSError` of the file.
        """
        buffer = bytearray(_HEADER + self._fragment)
        view = memoryview(buffer)
        ahead = data_set.read(self._fragment)
        while True:
            part, ahead = ahead, data_set.read(self._fragment) if ahead else b""
            buffer[:_HEADER] = self._head(context_id, len(part), last=not ahead)
            view[_HEADER : _HEADER + len(part)] = part
            self._wire.write(view[: _HEADER + len(part)])
            if not ahead:
                return

    @staticmethod
    def _head(context_id: int, length: int, *, last: bool) -> bytes:
        return struct.pack(">BxIIBB", Pdu.P_DATA, length + 6, length + 2, context_id, 2 if last else 0)
