"""What was agreed on an association that we serve, and what a provider may do with it while it answers (`provider.Line`)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import BinaryIO

from node.dicom.network.command import (
    COMMAND_LIMIT,
    EVENT_TYPE,
    Answer,
    Command,
    CommandField,
    encode_request,
    is_response,
    parse_command,
    parse_response,
)
from node.dicom.network.messages import MessageWriter
from node.dicom.network.services.provider import Caller, Request
from node.dicom.network.upper_layer import AbortReason, ConnectionLostError, Pdu, ProtocolError, Role, values
from node.dicom.network.wire import Wire


class PeerLeft(Exception):  # noqa: N818
    """The caller asked for the release of the association while it was being answered."""


class Conversation:
    """The contexts, the roles and the caller of one association. Used by its thread only."""

    def __init__(
        self,
        wire: Wire,
        *,
        contexts: Mapping[int, tuple[str, str]],
        roles: Mapping[str, Role],
        max_pdu: int,
        caller: Caller,
        extended: Mapping[str, bytes] | None = None,
    ) -> None:
        self.contexts = contexts  # id: abstract, transfer syntax
        self.caller = caller
        self.writer = MessageWriter(wire, max_pdu)
        self.wire = wire
        self.left = False
        self.roles = roles
        self.extended = extended or {}  # by SOP class
        self.messages = itertools.cycle(range(1, 65536))

    def may_store(self, sop_class_uid: str) -> bool:
        """Whether the caller is an SCU of this class here."""
        return self.roles.get(sop_class_uid, Role()).scu

    def request(self, context_id: int, command: Command, data_set: bytes) -> Request:
        abstract, transfer = self.contexts[context_id]
        return Request(
            field=CommandField(command.field),
            message_id=command.message_id,
            abstract_syntax=abstract,
            sop_class_uid=command.sop_class_uid,
            sop_instance_uid=command.sop_instance_uid,
            transfer_syntax=transfer,
            data_set=data_set,
            elements=command.elements,
            caller=self.caller,
            line=AnsweringLine(self, context_id, command.message_id),
            extended=self.extended.get(abstract, b""),
        )


class AnsweringLine:
    """Implements `provider.Line` for one request."""

    def __init__(self, talk: Conversation, context_id: int, message_id: int) -> None:
        self._talk = talk
        self._context_id = context_id
        self._message_id = message_id
        self._cancelled = False

    def cancelled(self) -> bool:
        while not self._talk.left and self._talk.wire.waiting():
            self._hear(None)
        return self._cancelled or self._talk.left

    def accepted(self, sop_class_uid: str) -> Mapping[str, int]:
        if not self._talk.roles.get(sop_class_uid, Role()).scp:
            return {}
        found: dict[str, int] = {}
        for context_id, (abstract, transfer) in self._talk.contexts.items():
            if abstract == sop_class_uid:
                found.setdefault(transfer, context_id)
        return found

    def store(self, context_id: int, sop_class_uid: str, sop_instance_uid: str, data_set: BinaryIO) -> int:
        message_id = next(self._talk.messages)
        command = encode_request(CommandField.C_STORE_RQ, message_id, sop_class_uid, sop_instance_uid, data_set=True)
        self._talk.writer.command(context_id, command)
        self._talk.writer.data(context_id, data_set)
        return self._await(message_id)

    def wait(self, seconds: float) -> bool:
        return not self._talk.left and not self._talk.wire.waiting(seconds)

    def report(self, sop_class_uid: str, sop_instance_uid: str, event_type: int, data_set: bytes) -> int:
        message_id = next(self._talk.messages)
        command = encode_request(
            CommandField.N_EVENT_REPORT_RQ,
            message_id,
            sop_class_uid,
            sop_instance_uid,
            data_set=True,
            numbers={EVENT_TYPE: event_type},
        )
        self._talk.writer.message(self._context_id, command, data_set)
        return self._await(message_id)

    def _await(self, message_id: int) -> int:
        while True:
            answer = self._hear(message_id)
            if answer is not None:
                return answer.status
            if self._talk.left:
                raise PeerLeft

    def _hear(self, awaited: int | None) -> Answer | None:
        """Reads one PDU, and on to the end of a command: C-CANCEL, the awaited response, or the caller leaves."""
        command = bytearray()
        while True:
            kind, body = self._talk.wire.read()
            if kind == Pdu.ABORT:
                raise ConnectionLostError("aborted by the caller")
            if kind == Pdu.RELEASE_RQ and not command:
                self._talk.left = True
                return None
            if kind != Pdu.P_DATA:
                raise ProtocolError("a PDU that does not belong here", AbortReason.UNEXPECTED_PDU)
            answer = None
            for value in values(body):
                command += value.data
                if not value.command or len(command) > COMMAND_LIMIT:
                    raise ProtocolError("a request within the answer to another", AbortReason.UNEXPECTED_PARAMETER)
                if value.last:
                    answer = self._heard(bytes(command), awaited) or answer
                    command.clear()
            if not command:
                return answer

    def _heard(self, content: bytes, awaited: int | None) -> Answer | None:
        if awaited is not None and is_response(content):
            answer = parse_response(content, awaited)
            if answer.has_data_set:
                raise ProtocolError("a response with a data set that does not belong there")
            return answer
        command = parse_command(content)
        if command.field != CommandField.C_CANCEL_RQ:
            raise ProtocolError("a request within the answer to another", AbortReason.UNEXPECTED_PARAMETER)
        self._cancelled = self._cancelled or command.message_id == self._message_id
        return None
