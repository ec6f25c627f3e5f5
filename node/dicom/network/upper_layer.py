"""The DICOM upper layer (PS3.8 section 9.3) as bytes: association PDUs and presentation data values (`wire` reads them).

Nothing is allocated by a length that a peer names: a PDU has a longest length, and a longer one is an
error. Parsing follows the item lengths and never leaves the enclosing item.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as later
from enum import IntEnum
from typing import Final

from node.dicom.setup import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
MAX_PDU: Final = 131072  # what we announce as the longest variable field of a P-DATA-TF
_PDU_LIMIT: Final = 2 * MAX_PDU  # what we still read, for peers that count headers differently
_CONTEXT_LIMIT: Final = 256  # 128 ids are legal; pixelmed proposes more and begins at 1 again


class Pdu(IntEnum):
    ASSOCIATE_RQ = 0x01
    ASSOCIATE_AC = 0x02
    ASSOCIATE_RJ = 0x03
    P_DATA = 0x04
    RELEASE_RQ = 0x05
    RELEASE_RP = 0x06
    ABORT = 0x07


PDU_LENGTHS: Final = {  # longest variable field that is read, in bytes
    Pdu.ASSOCIATE_RQ: _PDU_LIMIT,
    Pdu.ASSOCIATE_AC: _PDU_LIMIT,
    Pdu.ASSOCIATE_RJ: 4,
    Pdu.P_DATA: _PDU_LIMIT,
    Pdu.RELEASE_RQ: 4,
    Pdu.RELEASE_RP: 4,
    Pdu.ABORT: 4,
}


class AbortReason(IntEnum):
    """PS3.8 Table 9-26, with the service provider as source."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PARAMETER = 4
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER = 6


class ProtocolError(Exception):
    """The peer broke the protocol; the association is aborted with `reason`."""

    def __init__(self, message: str, reason: AbortReason = AbortReason.INVALID_PARAMETER) -> None:
        super().__init__(message)
        self.reason = reason


class ConnectionLostError(Exception):
    """The peer closed the connection, or was silent for too long."""


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """A presentation context as proposed (PS3.8 9.3.2.2)."""

    id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """What the requestor wants to be for a SOP class (PS3.7 D.3.3.4); without negotiation an SCU."""

    scu: bool = True
    scp: bool = False


@dataclass(frozen=True, slots=True)
class AssociateRequest:
    """What we need of an A-ASSOCIATE-RQ (PS3.8 9.3.2)."""

    called_ae: str
    calling_ae: str
    application_context: str
    protocol_version: int
    contexts: tuple[ProposedContext, ...]
    max_pdu: int  # longest variable field that the peer takes; 0: no limit
    raw_titles: bytes  # both AE title fields as sent, for the answer
    roles: Mapping[str, Role] = later(default_factory=dict)  # by SOP class (PS3.7 D.3.3.4)
    extended: Mapping[str, bytes] = later(default_factory=dict)  # by SOP class (PS3.7 D.3.3.5)


@dataclass(frozen=True, slots=True)
class AnsweredContext:
    """Our answer to a proposed context: 0 accepted, 1 not allowed, 3 abstract, 4 transfer syntaxes not supported."""

    id: int
    result: int
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A-ASSOCIATE-RJ (PS3.8 Table 9-21)."""

    result: int  # 1 permanent, 2 transient
    source: int  # 1 service user, 2 provider (ACSE), 3 provider (presentation)
    reason: int


NO_REASON_GIVEN: Final = Rejection(1, 1, 1)
CALLING_AE_UNKNOWN: Final = Rejection(1, 1, 3)
CALLED_AE_UNKNOWN: Final = Rejection(1, 1, 7)
APPLICATION_CONTEXT_UNKNOWN: Final = Rejection(1, 1, 2)
PROTOCOL_VERSION_UNKNOWN: Final = Rejection(1, 2, 2)
TEMPORARILY_CONGESTED: Final = Rejection(2, 3, 1)
LOCAL_LIMIT_EXCEEDED: Final = Rejection(2, 3, 2)


def _items(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The items (type, content) of a variable field; raises `ProtocolError` where one does not fit."""
    at = 0
    while at < len(body):
        if at + 4 > len(body):
            raise ProtocolError("an item is cut off")
        kind, length = struct.unpack_from(">BxH", body, at)
        if at + 4 + length > len(body):
            raise ProtocolError("an item is longer than what holds it")
        yield kind, body[at + 4 : at + 4 + length]
        at += 4 + length


def _read_uid(content: bytes) -> str:
    """ "" for what is none."""
    text = content.strip(b"\0 ")
    return text.decode() if len(text) <= 64 and text.replace(b".", b"").isdigit() else ""


def _uid(content: bytes) -> str:
    text = _read_uid(content)
    if not text:
        raise ProtocolError("a UID is malformed")
    return text


def _ae(content: bytes) -> str:
    return "".join(chr(c) if 0x20 <= c < 0x7F and c != 0x5C else "?" for c in content.strip(b"\0 "))


def parse_associate_request(body: bytes) -> AssociateRequest:
    """Parses the variable part (after the six bytes of the PDU header). Raises `ProtocolError`."""
    if len(body) < 68:
        raise ProtocolError("the association request is cut off")
    application, contexts, user = "", [], b""
    for kind, content in _items(body[68:]):
        if kind == 0x10:
            application = _uid(content)
        elif kind == 0x20:
            contexts.append(_proposed(content))
        elif kind == 0x50:
            user = content
    if len(contexts) > _CONTEXT_LIMIT or len({(c.id, c.abstract_syntax) for c in contexts}) < len(contexts):
        raise ProtocolError("presentation contexts are repeated or too many")
    return AssociateRequest(
        called_ae=_ae(body[4:20]),
        calling_ae=_ae(body[20:36]),
        application_context=application,
        protocol_version=int.from_bytes(body[:2], "big"),
        contexts=tuple(contexts),
        max_pdu=_max_pdu(user),
        raw_titles=bytes(body[4:36]),
        roles={uid: Role(*map(bool, rest[:2])) for uid, rest in _by_class(user, 0x54) if len(rest) == 2},
        extended=dict(_by_class(user, 0x56)),
    )


def _by_class(user_information: bytes, item: int) -> Iterator[tuple[str, bytes]]:
    """The sub-items that begin with a SOP class UID and its length (PS3.7 D.3.3.4, D.3.3.5)."""
    for kind, content in _items(user_information):
        if kind == item and len(content) >= 2:
            length = int.from_bytes(content[:2], "big")
            if 2 + length > len(content):
                raise ProtocolError("a negotiation item is cut off")
            yield _uid(content[2 : 2 + length]), content[2 + length :]


def _proposed(content: bytes) -> ProposedContext:
    """Names that are no UIDs count as none: one bad object's context is refused and the others' are served."""
    if len(content) < 4 or content[0] % 2 == 0:
        raise ProtocolError("a presentation context is malformed")
    abstract, transfer = "", []
    for kind, value in _items(content[4:]):
        if kind == 0x30:
            abstract = _read_uid(value)
        elif kind == 0x40:
            transfer.append(_read_uid(value))
    return ProposedContext(content[0], abstract, tuple(filter(None, transfer)))


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(content)) + content


def _pdu(kind: Pdu, body: bytes) -> bytes:
    return struct.pack(">BxI", kind, len(body)) + body


def encode_associate_accept(
    request: AssociateRequest,
    answers: Sequence[AnsweredContext],
    roles: Mapping[str, Role] | None = None,
    extended: Mapping[str, bytes] | None = None,
) -> bytes:
    """A-ASSOCIATE-AC (PS3.8 9.3.3) with what was agreed of the roles and the extended negotiation."""
    body = _associate_head(request.raw_titles)
    for answer in answers:
        syntax = _item(0x40, answer.transfer_syntax.encode())
        body += _item(0x21, struct.pack(">BxBx", answer.id, answer.result) + syntax)
    return _pdu(Pdu.ASSOCIATE_AC, body + _user_information(roles or {}, extended or {}))


def encode_associate_request(
    calling_ae: str, called_ae: str, contexts: Sequence[ProposedContext], roles: Mapping[str, Role] | None = None
) -> bytes:
    """A-ASSOCIATE-RQ (PS3.8 9.3.2)."""
    titles = called_ae.encode("ascii", "replace").ljust(16)[:16] + calling_ae.encode("ascii", "replace").ljust(16)[:16]
    body = _associate_head(titles)
    for context in contexts:
        syntaxes = b"".join(_item(0x40, uid.encode("ascii", "replace")) for uid in context.transfer_syntaxes)
        abstract = _item(0x30, context.abstract_syntax.encode("ascii", "replace"))
        body += _item(0x20, struct.pack(">Bxxx", context.id) + abstract + syntaxes)
    return _pdu(Pdu.ASSOCIATE_RQ, body + _user_information(roles or {}, {}))


def parse_associate_accept(body: bytes) -> tuple[dict[int, str], int]:
    """The accepted contexts (id: transfer syntax) and the peer's longest PDU, 0 for any. Raises `ProtocolError`."""
    if len(body) < 68:
        raise ProtocolError("the association's acceptance is cut off")
    accepted, max_pdu = {}, 0
    for kind, content in _items(body[68:]):
        if kind == 0x21 and len(content) >= 4 and content[2] == 0:
            syntaxes = [_uid(value) for k, value in _items(content[4:]) if k == 0x40]
            if len(syntaxes) != 1:
                raise ProtocolError("an accepted context names no transfer syntax")
            accepted[content[0]] = syntaxes[0]
        elif kind == 0x50:
            max_pdu = _max_pdu(content)
    return accepted, max_pdu


def _associate_head(titles: bytes) -> bytes:
    return struct.pack(">HH", 1, 0) + titles + bytes(32) + _item(0x10, APPLICATION_CONTEXT.encode())


def _user_information(roles: Mapping[str, Role], extended: Mapping[str, bytes]) -> bytes:
    user = _item(0x51, struct.pack(">I", MAX_PDU)) + _item(0x52, IMPLEMENTATION_CLASS_UID.encode())
    for uid, role in roles.items():
        user += _item(0x54, struct.pack(">H", len(uid)) + uid.encode() + bytes((role.scu, role.scp)))
    user += _item(0x55, IMPLEMENTATION_VERSION_NAME.encode())
    for uid, content in extended.items():
        user += _item(0x56, struct.pack(">H", len(uid)) + uid.encode() + content)
    return _item(0x50, user)


def _max_pdu(user_information: bytes) -> int:
    sizes = [value for kind, value in _items(user_information) if kind == 0x51]
    return int.from_bytes(sizes[0], "big") if sizes and len(sizes[0]) == 4 else 0


def encode_associate_reject(rejection: Rejection) -> bytes:
    return _pdu(Pdu.ASSOCIATE_RJ, struct.pack(">xBBB", rejection.result, rejection.source, rejection.reason))


def encode_abort(reason: AbortReason | None = None) -> bytes:
    """A-ABORT (PS3.8 9.3.8) by the service provider, or without a `reason` by the service user."""
    return _pdu(Pdu.ABORT, struct.pack(">xxBB", 0 if reason is None else 2, reason or 0))


def encode_release_request() -> bytes:
    return _pdu(Pdu.RELEASE_RQ, bytes(4))


def encode_release_response() -> bytes:
    return _pdu(Pdu.RELEASE_RP, bytes(4))


def encode_command(context_id: int, command: bytes, max_pdu: int) -> bytes:
    """A command set as P-DATA-TF PDUs that the peer's `max_pdu` (0: no limit) allows."""
    step = max(2, max_pdu - 6) & ~1 if max_pdu else len(command)
    pdus = b""
    for at in range(0, len(command), step):
        part = command[at : at + step]
        last = 2 if at + step >= len(command) else 0
        pdus += _pdu(Pdu.P_DATA, struct.pack(">IBB", len(part) + 2, context_id, 1 | last) + part)
    return pdus


@dataclass(frozen=True, slots=True)
class Pdv:
    """A presentation data value (PS3.8 9.3.5.1, Annex E). `data` is valid until the next PDU is read."""

    context_id: int
    command: bool
    last: bool
    data: memoryview


def first_value(body: memoryview) -> tuple[Pdv, memoryview]:
    """The first presentation data value of a P-DATA-TF, and the rest of it. Raises `ProtocolError`."""
    if not body:
        raise ProtocolError("a P-DATA-TF holds nothing")
    if len(body) < 6:
        raise ProtocolError("a presentation data value is cut off")
    length, context_id, control = struct.unpack_from(">IBB", body)
    if length < 2 or 4 + length > len(body):
        raise ProtocolError("a presentation data value is longer than its PDU")
    return Pdv(context_id, bool(control & 1), bool(control & 2), body[6 : 4 + length]), body[4 + length :]


def values(body: memoryview) -> Iterator[Pdv]:
    """The presentation data values of a P-DATA-TF. Raises `ProtocolError`."""
    value, rest = first_value(body)
    yield value
    while rest:
        value, rest = first_value(rest)
        yield value
