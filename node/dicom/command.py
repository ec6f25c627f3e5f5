"""DIMSE command sets (PS3.7 section 9.3 and Annex E) as bytes: always Implicit VR Little Endian, always short."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from node.dicom.status import Status
from node.dicom.upper_layer import ProtocolError

COMMAND_LIMIT: Final = 16384  # bytes of a command set that are believed
NO_DATA_SET: Final = 0x0101
RESPONSE: Final = 0x8000


class CommandField(IntEnum):
    C_STORE_RQ = 0x0001
    C_ECHO_RQ = 0x0030
    C_CANCEL_RQ = 0x0FFF


@dataclass(frozen=True, slots=True)
class Command:
    """A request's command set, as far as an SCP of storage and verification needs it."""

    field: int
    message_id: int
    has_data_set: bool
    sop_class_uid: str
    sop_instance_uid: str


def parse_command(content: bytes | bytearray) -> Command:
    """Raises `ProtocolError` when `content` is no command set of a request."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(content):
        if at + 8 > len(content):
            raise ProtocolError("a command set is cut off")
        group, element, length = struct.unpack_from("<HHI", content, at)
        if group != 0 or length > len(content) - at - 8:
            raise ProtocolError("a command set holds an element that does not belong there")
        found[element] = bytes(content[at + 8 : at + 8 + length])
        at += 8 + length
    if any(len(found.get(element, b"")) != 2 for element in (0x0100, 0x0800)):
        raise ProtocolError("a command set lacks its command or data set type")
    numbers = {e: int.from_bytes(found.get(e, b""), "little") for e in (0x0100, 0x0110, 0x0800)}
    if numbers[0x0100] & RESPONSE or (numbers[0x0100] != CommandField.C_CANCEL_RQ and len(found.get(0x0110, b"")) != 2):
        raise ProtocolError("a command set is not a request")
    return Command(
        field=numbers[0x0100],
        message_id=numbers[0x0110],
        has_data_set=numbers[0x0800] != NO_DATA_SET,
        sop_class_uid=_text(found.get(0x0002) or found.get(0x0003, b"")),
        sop_instance_uid=_text(found.get(0x1000) or found.get(0x1001, b"")),
    )


def encode_response(command: Command, status: Status) -> bytes:
    """The response to `command`: no data set, the status and its comment."""
    body = b""
    if command.sop_class_uid:
        body += _element(0x0002, _padded(command.sop_class_uid, b"\0"))
    body += _element(0x0100, struct.pack("<H", (command.field | RESPONSE) & 0xFFFF))
    body += _element(0x0120, struct.pack("<H", command.message_id))
    body += _element(0x0800, struct.pack("<H", NO_DATA_SET)) + _element(0x0900, struct.pack("<H", status.code))
    if status.comment:
        body += _element(0x0902, _padded(status.comment[:64], b" "))
    if command.sop_instance_uid:
        body += _element(0x1000, _padded(command.sop_instance_uid, b"\0"))
    return _element(0x0000, struct.pack("<I", len(body))) + body


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace").strip("\0 ")[:64]


def _padded(text: str, pad: bytes) -> bytes:
    value = text.encode("ascii", "replace")
    return value + pad * (len(value) % 2)


def _element(element: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, element, len(value)) + value
