"""DIMSE command sets (PS3.7 section 9.3 and Annex E) as bytes: always Implicit VR Little Endian, always short."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from node.dicom.network.status import Status
from node.dicom.network.upper_layer import ProtocolError

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
    found = _elements(content)
    kind, message_id = _number(found, 0x0100), _number(found, 0x0110)
    if kind is None or kind & RESPONSE or (kind != CommandField.C_CANCEL_RQ and message_id is None):
        raise ProtocolError("a command set is not a request")
    return Command(
        field=kind,
        message_id=message_id or 0,
        has_data_set=_number(found, 0x0800) not in (None, NO_DATA_SET),
        sop_class_uid=_text(found.get(0x0002) or found.get(0x0003, b"")),
        sop_instance_uid=_text(found.get(0x1000) or found.get(0x1001, b"")),
    )


def parse_response(content: bytes | bytearray, message_id: int) -> int:
    """The status of the response to `message_id`. Raises `ProtocolError` when `content` is something else."""
    found = _elements(content)
    status = _number(found, 0x0900)
    if not (_number(found, 0x0100) or 0) & RESPONSE or _number(found, 0x0120) != message_id or status is None:
        raise ProtocolError("a command set is not the awaited response")
    return status


def _elements(content: bytes | bytearray) -> dict[int, bytes]:
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
    return found


def _number(found: dict[int, bytes], element: int) -> int | None:
    value = found.get(element, b"")
    return int.from_bytes(value, "little") if len(value) == 2 else None


def encode_request(field: CommandField, message_id: int, sop_class_uid: str, sop_instance_uid: str = "") -> bytes:
    """A C-STORE-RQ of medium priority when an instance is named, else a C-ECHO-RQ."""
    body = _element(0x0002, _padded(sop_class_uid, b"\0")) + _element(0x0100, struct.pack("<H", field))
    body += _element(0x0110, struct.pack("<H", message_id))
    if sop_instance_uid:
        body += _element(0x0700, struct.pack("<H", 0)) + _element(0x0800, struct.pack("<H", 0x0001))
        body += _element(0x1000, _padded(sop_instance_uid, b"\0"))
    else:
        body += _element(0x0800, struct.pack("<H", NO_DATA_SET))
    return _element(0x0000, struct.pack("<I", len(body))) + body


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
