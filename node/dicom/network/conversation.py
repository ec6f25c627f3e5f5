"""What was agreed on an association that we serve, and what a provider may do with it while it answers (`provider.Line`)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from node.dicom.network import status as answers
from node.dicom.network.command import (
    COMMAND_LIMIT,
    EVENT_TYPE,
    Command,
    CommandField,
    encode_request,
    is_response,
    parse_command,
    parse_response,
)
from node.dicom.network.data_set import LIMIT
from node.dicom.network.faults import noted
from node.dicom.network.messages import MessageWriter
from node.dicom.network.services.provider import Attentive, Caller, Provider, Request
from node.dicom.network.status import Status
from node.dicom.network.upper_layer import AbortReason, ConnectionLostError, Pdu, ProtocolError, Role, values
from node.dicom.network.wire import Wire

_QUIET: Final = 0.3  # seconds without a word of the caller


class PeerLeft(Exception):  # noqa: N818
    """The caller asked for the release of the association while it was being answered."""


@dataclass(slots=True)
class Message:
    """A request whose data set is still coming; with a refusal its bytes are read and dropped."""

    context_id: int
    command: Command
    provider: Provider | None
    refusal: Status | None = None
    data: bytearray = field(default_factory=bytearray)

    def take(self, data: memoryview) -> None:
        if self.refusal is None and len(self.data) + len(data) > LIMIT:
            self.refusal = answers.TOO_LARGE
        if self.refusal is None:
            self.data += data


class Conversation:
    """The contexts, the roles and the caller of one association. Used by its thread only.

    `go_on` serves the association on: it takes the next value that comes; False when the caller has aborted.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        contexts: Mapping[int, tuple[str, str]],
        roles: Mapping[str, Role],
        max_pdu: int,
        caller: Caller,
        extended: Mapping[str, bytes] | None = None,
        go_on: Callable[[], bool],
    ) -> None:
        self.contexts = contexts  # id: abstract, transfer syntax
        self.caller = caller
        self.writer = MessageWriter(wire, max_pdu)
        self.wire = wire
        self.left = False
        self.rest = memoryview(b"")  # what came in the same PDU as what is being answered
        self.pending: dict[int, int | None] = {}  # our requests by message id: the status that came
        self.in_quiet: tuple[Callable[[], None], ...] = ()  # what is done in the next quiet moment between two requests
        self._attentions: tuple[Callable[[], None], ...] = ()
        self._go_on = go_on
        self.roles = roles
        self.extended = extended or {}  # by SOP class
        self.messages = itertools.cycle(range(1, 65536))

    def may_store(self, sop_class_uid: str) -> bool:
        """Whether the caller is an SCU of this class here."""
        return self.roles.get(sop_class_uid, Role()).scu

    def attend(self, providers: Mapping[str, Provider]) -> None:
        """`providers` by SOP class."""
        found: dict[Attentive, Callable[[], None] | None] = {}
        for context_id, (abstract, transfer) in self.contexts.items():
            provider = providers.get(abstract)
            if isinstance(provider, Attentive) and provider not in found:
                found[provider] = provider.attention(self.caller, AnsweringLine(self, context_id, 0), transfer)
        self.in_quiet = self._attentions = tuple(filter(None, found.values()))

    def asked(self) -> None:
        """A request came: the quiet after it is another one."""
        self.in_quiet = self._attentions

    def use_quiet(self) -> None:
        """Between two requests: waits a moment, and when it stays quiet does what was to be done then."""
        if self.wire.waiting(_QUIET):
            return
        waiting, self.in_quiet = self.in_quiet, ()
        for use in waiting:
            try:
                use()
            except (ConnectionLostError, ProtocolError, PeerLeft):
                raise
            except Exception as error:  # nobody waits for it: there will be another moment
                noted(error)

    def hear_response(self, content: bytes) -> None:
        """Raises `ProtocolError` when a command set is no response that is waited for."""
        answer = parse_response(content, *(number for number, status in self.pending.items() if status is None))
        if answer.has_data_set:
            raise ProtocolError("a response with a data set that does not belong there")
        self.pending[answer.message_id] = answer.status

    def answered(self, message_id: int) -> int:
        """Serves the association on until a request of ours is answered: what the caller asked when it could not yet have
        heard of ours is right and has its answer first. Returns the status."""
        try:
            while (status := self.pending.setdefault(message_id)) is None:
                if not self._go_on():
                    raise ConnectionLostError("aborted by the caller")
        finally:
            del self.pending[message_id]
        return status

    def cancels(self, message_id: int) -> bool:
        """Whether C-CANCEL of the request came in the same PDU."""
        content = bytearray()
        for value in values(self.rest) if self.rest else ():
            content += value.data if value.command else b""
            if value.command and value.last:
                command = None if is_response(content) else parse_command(content)
                content.clear()
                if command is not None and command.message_id == message_id:  # or the next request has its number
                    return command.field == CommandField.C_CANCEL_RQ
        return False

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
        self._cancelled = talk.cancels(message_id)

    def cancelled(self) -> bool:
        while not self._talk.left and self._talk.wire.waiting():
            self._hear()
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
        self._talk.pending[message_id] = None
        while (status := self._talk.pending[message_id]) is None:
            self._hear()
            if self._talk.left:
                raise PeerLeft
        del self._talk.pending[message_id]
        return status

    def wait(self, seconds: float) -> bool:
        talk = self._talk
        return not talk.left and not talk.pending and not talk.rest and not talk.wire.waiting(seconds)

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
        return self._talk.answered(message_id)

    def _hear(self) -> None:
        """Reads one PDU, and on to the end of a command: C-CANCEL, an awaited response, or the caller leaves."""
        command = bytearray()
        while True:
            kind, body = self._talk.wire.read()
            if kind == Pdu.ABORT:
                raise ConnectionLostError("aborted by the caller")
            if kind == Pdu.RELEASE_RQ and not command:
                self._talk.left = True
                return
            if kind != Pdu.P_DATA:
                raise ProtocolError("a PDU that does not belong here", AbortReason.UNEXPECTED_PDU)
            for value in values(body):
                command += value.data
                if not value.command or len(command) > COMMAND_LIMIT:
                    raise ProtocolError("a request within the answer to another", AbortReason.UNEXPECTED_PARAMETER)
                if value.last:
                    self._heard(bytes(command))
                    command.clear()
            if not command:
                return

    def _heard(self, content: bytes) -> None:
        if self._talk.pending and is_response(content):
            self._talk.hear_response(content)
            return
        command = parse_command(content)
        if command.field != CommandField.C_CANCEL_RQ:
            raise ProtocolError("a request within the answer to another", AbortReason.UNEXPECTED_PARAMETER)
        self._cancelled = self._cancelled or command.message_id == self._message_id
