"""DIMSE command sets (PS3.7 sections 9.3, 10.3 and Annex E) as bytes: always Implicit VR Little Endian, always short."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as later
from enum import IntEnum
from typing import Final

from node.dicom.network.status import Status
from node.dicom.network.upper_layer import ProtocolError

COMMAND_LIMIT: Final = 16384  # bytes of a command set that are believed
NO_DATA_SET: Final = 0x0101
RESPONSE: Final = 0x8000

# Elements of group 0000 by number (PS3.7 Table E.1-1).
AFFECTED_CLASS, REQUESTED_CLASS = 0x0002, 0x0003
FIELD, MESSAGE_ID, RESPONDED_TO = 0x0100, 0x0110, 0x0120
MOVE_DESTINATION, PRIORITY, DATA_SET_TYPE, STATUS = 0x0600, 0x0700, 0x0800, 0x0900
ERROR_COMMENT, AFFECTED_INSTANCE, REQUESTED_INSTANCE, EVENT_TYPE = 0x0902, 0x1000, 0x1001, 0x1002
ACTION_TYPE, REMAINING, COMPLETED, FAILED, WARNED = 0x1008, 0x1020, 0x1021, 0x1022, 0x1023
MOVE_ORIGINATOR, MOVE_ORIGINATOR_MESSAGE = 0x1030, 0x1031

_REQUESTED: Final = frozenset(
    {0x0110, 0x0120, 0x0130, 0x0150}
)  # N-GET, N-SET, N-ACTION, N-DELETE name the requested ones
MEDIUM: Final = 0x0000  # priority


class CommandField(IntEnum):
    C_STORE_RQ = 0x0001
    C_GET_RQ = 0x0010
    C_FIND_RQ = 0x0020
    C_MOVE_RQ = 0x0021
    C_ECHO_RQ = 0x0030
    N_EVENT_REPORT_RQ = 0x0100
    N_GET_RQ = 0x0110
    N_SET_RQ = 0x0120
    N_ACTION_RQ = 0x0130
    N_CREATE_RQ = 0x0140
    N_DELETE_RQ = 0x0150
    C_CANCEL_RQ = 0x0FFF


_PRIORITISED: Final = frozenset(
    {CommandField.C_STORE_RQ, CommandField.C_GET_RQ, CommandField.C_FIND_RQ, CommandField.C_MOVE_RQ}
)  # PS3.7 9.3: it must be there, some peers abort without


@dataclass(frozen=True, slots=True)
class Command:
    """A request's command set; for C-CANCEL `message_id` is that of the request to be cancelled."""

    field: int
    message_id: int
    has_data_set: bool
    sop_class_uid: str
    sop_instance_uid: str
    elements: Mapping[int, bytes] = later(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response's command set."""

    field: int
    message_id: int  # of the request that it answers
    has_data_set: bool
    status: int
    elements: Mapping[int, bytes] = later(default_factory=dict)


def is_response(content: bytes | bytearray) -> bool:
    """Raises `ProtocolError` when `content` is no command set."""
    return bool((_number(_elements(content), FIELD) or 0) & RESPONSE)


def parse_command(content: bytes | bytearray) -> Command:
    """Raises `ProtocolError` when `content` is no command set of a request."""
    found = _elements(content)
    kind = _number(found, FIELD)
    message_id = _number(found, RESPONDED_TO if kind == CommandField.C_CANCEL_RQ else MESSAGE_ID)
    if kind is None or kind & RESPONSE or (kind != CommandField.C_CANCEL_RQ and message_id is None):
        raise ProtocolError("a command set is not a request")
    return Command(
        field=kind,
        message_id=message_id or 0,
        has_data_set=_number(found, DATA_SET_TYPE) not in (None, NO_DATA_SET),
        sop_class_uid=_text(found.get(AFFECTED_CLASS) or found.get(REQUESTED_CLASS, b"")),
        sop_instance_uid=_text(found.get(AFFECTED_INSTANCE) or found.get(REQUESTED_INSTANCE, b"")),
        elements=found,
    )


def parse_response(content: bytes | bytearray, *awaited: int) -> Answer:
    """The response to one of the `awaited` messages. Raises `ProtocolError` when `content` is something else."""
    found = _elements(content)
    kind, status = _number(found, FIELD) or 0, _number(found, STATUS)
    message_id = _number(found, RESPONDED_TO)
    if not kind & RESPONSE or message_id not in awaited or status is None:
        raise ProtocolError("a command set is not the awaited response")
    return Answer(kind, message_id, _number(found, DATA_SET_TYPE) not in (None, NO_DATA_SET), status, found)


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


def _number(found: Mapping[int, bytes], element: int) -> int | None:
    value = found.get(element, b"")
    return int.from_bytes(value, "little") if len(value) == 2 else None


def encode_request(
    kind: CommandField,
    message_id: int,
    sop_class_uid: str,
    sop_instance_uid: str = "",
    *,
    data_set: bool = False,
    numbers: Mapping[int, int] | None = None,
    texts: Mapping[int, str] | None = None,
) -> bytes:
    """A request's command set, of medium priority where it has one.

    `numbers` are more US elements, `texts` more AE elements, by element number.
    """
    requested = kind in _REQUESTED
    found = {
        REQUESTED_CLASS if requested else AFFECTED_CLASS: _padded(sop_class_uid, b"\0"),
        FIELD: struct.pack("<H", kind),
        MESSAGE_ID: struct.pack("<H", message_id),
        DATA_SET_TYPE: struct.pack("<H", 0x0001 if data_set else NO_DATA_SET),
    }
    if kind in _PRIORITISED:
        found[PRIORITY] = struct.pack("<H", MEDIUM)
    if sop_instance_uid:
        found[REQUESTED_INSTANCE if requested else AFFECTED_INSTANCE] = _padded(sop_instance_uid, b"\0")
    found |= {element: struct.pack("<H", number) for element, number in (numbers or {}).items()}
    found |= {element: _padded(text, b" ") for element, text in (texts or {}).items()}
    return _encode(found)


def encode_cancel(message_id: int) -> bytes:
    """C-CANCEL of the request `message_id` (PS3.7 9.3.2.3)."""
    numbers = {FIELD: CommandField.C_CANCEL_RQ, RESPONDED_TO: message_id, DATA_SET_TYPE: NO_DATA_SET}
    return _encode({element: struct.pack("<H", number) for element, number in numbers.items()})


def encode_response(
    command: Command,
    status: Status,
    *,
    data_set: bool = False,
    sop_instance_uid: str = "",
    numbers: Mapping[int, int | None] | None = None,
) -> bytes:
    """The response to `command`: the status and its comment; `numbers` are more US elements, None leaves one out."""
    found = {
        FIELD: struct.pack("<H", (command.field | RESPONSE) & 0xFFFF),
        RESPONDED_TO: struct.pack("<H", command.message_id),
        DATA_SET_TYPE: struct.pack("<H", 0x0001 if data_set else NO_DATA_SET),
        STATUS: struct.pack("<H", status.code),
    }
    instance = sop_instance_uid or command.sop_instance_uid
    if command.sop_class_uid:
        found[AFFECTED_CLASS] = _padded(command.sop_class_uid, b"\0")
    if instance:
        found[AFFECTED_INSTANCE] = _padded(instance, b"\0")
    if status.comment:
        found[ERROR_COMMENT] = _padded(status.comment[:64], b" ")
    found |= {element: struct.pack("<H", n) for element, n in (numbers or {}).items() if n is not None}
    return _encode(found)


def _encode(found: Mapping[int, bytes]) -> bytes:
    body = b"".join(struct.pack("<HHI", 0, element, len(value)) + value for element, value in sorted(found.items()))
    return struct.pack("<HHII", 0, 0, 4, len(body)) + body


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace").strip("\0 ")[:64]


def _padded(text: str, pad: bytes) -> bytes:
    value = text.encode("ascii", "replace")
    return value + pad * (len(value) % 2)
