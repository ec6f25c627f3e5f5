"""One association that we serve: negotiation, the messages of the caller, the answers, and the end of it.

A message is a command set, with the data set that it announces, on one presentation context; anything else aborts the
association (PS3.7 Annex D, PS3.8 section 9). Objects go to `storing`, every other service is a provider of `services`. One
request is answered at a time: asynchronous operations are not negotiated.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections import Counter
from dataclasses import replace
from typing import Final

from node.dicom.network import status as answers
from node.dicom.network.command import COMMAND_LIMIT, Command, CommandField, encode_response, is_response, parse_command
from node.dicom.network.conversation import Conversation, Message, PeerLeft
from node.dicom.network.faults import noted
from node.dicom.network.offer import VERIFICATION, Offer
from node.dicom.network.services.provider import Caller, Provider, Response
from node.dicom.network.status import Status, service_status
from node.dicom.network.storing import IncomingObject, StoreIntake
from node.dicom.network.tls import PLAIN, Secured, hang_up
from node.dicom.network.upper_layer import (
    APPLICATION_CONTEXT,
    APPLICATION_CONTEXT_UNKNOWN,
    CALLED_AE_UNKNOWN,
    CALLING_AE_UNKNOWN,
    LOCAL_LIMIT_EXCEEDED,
    NO_REASON_GIVEN,
    PROTOCOL_VERSION_UNKNOWN,
    TEMPORARILY_CONGESTED,
    AbortReason,
    AssociateRequest,
    ConnectionLostError,
    Pdu,
    Pdv,
    ProtocolError,
    Rejection,
    Role,
    encode_abort,
    encode_associate_accept,
    encode_associate_reject,
    encode_release_response,
    first_value,
    parse_associate_request,
)
from node.dicom.network.wire import Wire
from node.domain.caller import Call, Refusal
from node.domain.facility import Peer
from node.errors import CallerRefused, NodeError, NotAuthorized
from node.ports import Admitted

log = logging.getLogger("node.dicom.network")

_ARTIM_SECONDS: Final = 30.0  # PS3.8 9.1.4: for the association request
_LINGER_SECONDS: Final = 1.0
_PENDING: Final = range(0xFF00, 0xFF02)
_REJECTIONS: Final = {  # PS3.8 Table 9-21; any other refusal: the calling AE title is not recognised
    Refusal.CALLED_AE: CALLED_AE_UNKNOWN,
    Refusal.LIMIT: LOCAL_LIMIT_EXCEEDED,
    Refusal.PEER_LIMIT: LOCAL_LIMIT_EXCEEDED,
    Refusal.BUSY: TEMPORARILY_CONGESTED,
    Refusal.NEEDS_TLS: NO_REASON_GIVEN,
    Refusal.PLAIN_ON_TLS: NO_REASON_GIVEN,
}


class Association:
    """Serves one accepted connection until it ends. `run` raises nothing.

    With `refuse` the caller hears who is wanted and is rejected for this reason.
    """

    def __init__(
        self,
        sock: socket.socket,
        address: str,
        offer: Offer,
        refuse: CallerRefused | None = None,
        line: Secured = PLAIN,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.asked = False  # whether an association request has come
        self._sock = sock
        self._address = address
        self._offer = offer
        self._refuse = refuse
        self._line = line
        self._wire = Wire(sock, offer.idle_seconds)
        self._names = "unknown caller"
        self._admitted: Admitted | None = None
        self._entered: tuple[Peer | None] | None = None
        self._talk: Conversation | None = None
        self._store: StoreIntake | None = None
        self._command = bytearray()
        self._command_context = 0
        self._object: tuple[int, IncomingObject] | None = None
        self._message: Message | None = None

    def run(self) -> None:
        """Serves and closes the connection."""
        end = "failed"
        try:
            end = self._serve()
        except ConnectionLostError as error:
            end = f"connection lost ({error})"
        except ProtocolError as error:
            end = f"aborted: {error}"
            self._send_last(encode_abort(error.reason))
        except Exception as error:  # one association's failure is nobody else's
            noted(error)
            self._send_last(encode_abort(AbortReason.NOT_SPECIFIED))
        finally:
            self._close()
        counts = ", ".join(f"{number} {name}" for name, number in sorted(self.counts.items())) or "nothing"
        log.info("association %s from %s: %s; %s", self._names, self._address, counts, end)

    def _close(self) -> None:
        try:
            if self._object is not None:
                self._object[1].drop(answers.PROCESSING_FAILURE)
            if self._store is not None:
                self._store.close()
            if self._entered is not None:
                self._offer.callers.leave(*self._entered)
        except Exception as error:
            noted(error)
        self._linger()
        self._sock.close()

    def _linger(self) -> None:
        """Lets the peer read our last PDU: closing with unread input would reset the connection."""
        hang_up(self._sock)
        with contextlib.suppress(OSError, ConnectionLostError):
            self._sock.shutdown(socket.SHUT_WR)
            self._wire.drain(_LINGER_SECONDS)

    def _send_last(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionLostError):
            self._wire.write(data)

    def _serve(self) -> str:
        kind, body = self._wire.read(_ARTIM_SECONDS)
        self.asked = True
        if kind != Pdu.ASSOCIATE_RQ:
            raise ProtocolError("no association was requested", AbortReason.UNEXPECTED_PDU)
        request = parse_associate_request(bytes(body))
        self._names = f"{request.calling_ae} to {request.called_ae}"
        rejection = self._admit(request)
        if rejection is not None:
            self._wire.write(encode_associate_reject(rejection))
            return f"rejected ({rejection.result}, {rejection.source}, {rejection.reason})"
        self._negotiate(request)
        return self._exchange()

    def _admit(self, request: AssociateRequest) -> Rejection | None:
        """None when the caller is in. A refusal is noted with its reason; the answer names what the standard has a code for."""
        call = Call(self._offer.tls.now(), self._address, request.calling_ae, request.called_ae, tls=self._line.version)
        if not request.protocol_version & 1 or request.application_context != APPLICATION_CONTEXT:
            self._offer.callers.refuse(replace(call, refusal=Refusal.PROTOCOL))
            return APPLICATION_CONTEXT_UNKNOWN if request.protocol_version & 1 else PROTOCOL_VERSION_UNKNOWN
        try:
            self._enter(request, call)
        except CallerRefused as error:
            log.warning("%s from %s was not let in: %s", self._names, self._address, error)
            refusal = Refusal(error.fault)
        except NotAuthorized as error:
            noted(error)
            refusal = Refusal.NOT_REGISTERED
        except NodeError as error:
            noted(error)
            refusal = Refusal.BUSY
        else:
            return None
        self._offer.callers.refuse(replace(call, refusal=refusal))
        return _REJECTIONS.get(refusal, CALLING_AE_UNKNOWN)

    def _enter(self, request: AssociateRequest, call: Call) -> None:
        offer = self._offer
        if self._refuse is not None:
            raise self._refuse
        if not offer.calls(request.called_ae):
            raise CallerRefused(
                f"{request.calling_ae} at {self._address} calls '{request.called_ae}', which is not an AE title of this node.",
                fault=Refusal.CALLED_AE.value,
                hint="Mend it there, or add it to dicom.more_ae_titles.",
            )
        admitted = offer.admit(request.calling_ae, request.called_ae, self._address)
        offer.tls.admit(admitted.peer, self._line)
        offer.callers.enter(call, admitted.peer)
        self._entered = (admitted.peer,)
        self._admitted = admitted
        if admitted.peer is not None and admitted.peer.idle_seconds:
            self._wire.idle_seconds = admitted.peer.idle_seconds

    def _negotiate(self, request: AssociateRequest) -> None:
        admitted, offer = self._admitted, self._offer
        assert admitted is not None
        results = [offer.answer(c, admitted, request.roles.get(c.abstract_syntax, Role())) for c in request.contexts]
        agreed: dict[int, tuple[str, str]] = {}
        for context, answer in zip(request.contexts, results, strict=True):
            if answer.result == 0:  # an id that comes twice means what it meant first: the other class is refused
                agreed.setdefault(answer.id, (context.abstract_syntax, answer.transfer_syntax))
        roles, extended = offer.roles(request, admitted), offer.extended(request)
        self._talk = Conversation(
            self._wire,
            contexts=agreed,
            roles=roles,
            max_pdu=request.max_pdu,
            caller=Caller(request.calling_ae, request.called_ae, self._address, admitted.peer),
            extended=extended,
            go_on=self._go_on,
        )
        self._talk.attend(offer.by_class)
        self._store = StoreIntake(offer, admitted, self.counts)
        self._wire.write(encode_associate_accept(request, results, roles, extended))

    def _exchange(self) -> str:
        try:
            while self._go_on():
                pass
        except PeerLeft:  # perhaps while it was being answered
            self._wire.write(encode_release_response())
            return "released"
        return "aborted by the caller"

    def _go_on(self) -> bool:
        """Takes what comes next, and answers it when that completes a request; False when the caller has aborted."""
        talk = self._talk
        assert talk is not None
        if not talk.rest:
            while self._object is not None and self._take_fragment(*self._object):
                pass
            if talk.in_quiet and not (self._object or self._message or self._command or talk.pending):
                talk.use_quiet()
            kind, body = self._wire.read()
            if kind == Pdu.ABORT:
                return False
            if kind == Pdu.RELEASE_RQ and not (self._object or self._message or self._command):
                talk.left = True
                raise PeerLeft
            if kind != Pdu.P_DATA:
                raise ProtocolError("a PDU that does not belong here", AbortReason.UNEXPECTED_PDU)
            talk.rest = body
        value, rest = first_value(talk.rest)
        talk.rest = rest if rest.readonly else memoryview(bytes(rest))  # the buffer is filled again during the answer
        self._take(value)
        return True

    def _take(self, value: Pdv) -> None:
        assert self._talk is not None
        if value.context_id not in self._talk.contexts:
            raise ProtocolError("a value for a context that was not agreed")
        if not value.command:
            self._take_data(value)
            return
        if self._object or self._message:
            raise ProtocolError("a command within a data set", AbortReason.UNEXPECTED_PARAMETER)
        if self._command and value.context_id != self._command_context:
            raise ProtocolError("a command on two contexts")
        if len(self._command) + len(value.data) > COMMAND_LIMIT:
            raise ProtocolError("a command set is too long")
        self._command += value.data
        self._command_context = value.context_id
        if value.last:
            content = bytes(self._command)
            self._command.clear()
            if self._talk.pending and is_response(content):
                self._talk.hear_response(content)
            else:
                self._obey(value.context_id, parse_command(content))

    def _take_data(self, value: Pdv) -> None:
        context_id = self._object[0] if self._object else self._message.context_id if self._message else None
        if context_id is None:
            raise ProtocolError("a data set without a command", AbortReason.UNEXPECTED_PARAMETER)
        if value.context_id != context_id:
            raise ProtocolError("a data set on another context than its command")
        if self._object is not None:
            incoming = self._object[1]
            incoming.take(value.data)
            if value.last:
                self._finish(context_id, incoming)
        elif self._message is not None:
            self._message.take(value.data)
            if value.last:
                message, self._message = self._message, None
                self._provide(message)

    def _take_fragment(self, context_id: int, incoming: IncomingObject) -> bool:
        """The hot path: a fragment goes from the socket to its place in the spool. False: the next PDU is something else."""
        found = self._wire.fragment(context_id, incoming.room)
        if found is None:
            return False
        size, last = found
        incoming.filled(size)
        if last:
            self._finish(context_id, incoming)
        return True

    def _finish(self, context_id: int, incoming: IncomingObject) -> None:
        assert self._store is not None
        status = self._store.finish(incoming)
        self._object = None
        self._answer(context_id, incoming.command, Response(status))

    def _obey(self, context_id: int, command: Command) -> None:
        assert self._talk is not None
        if command.field == CommandField.C_CANCEL_RQ:  # of a request that has been answered
            return
        self._talk.asked()
        abstract, _ = self._talk.contexts[context_id]
        provider = self._offer.by_class.get(abstract)
        message = Message(context_id, command, provider, self._refusal(abstract, provider, command))
        if message.refusal is None and provider is None and abstract != VERIFICATION:
            assert self._store is not None
            self._object = context_id, self._store.begin(command, self._talk.contexts[context_id][1])
        elif command.has_data_set:
            self._message = message
        else:
            self._provide(message)

    def _refusal(self, abstract: str, provider: Provider | None, command: Command) -> Status | None:
        """Why this operation is not done on this context; None when it is."""
        assert self._talk is not None
        if provider is not None:
            return None if command.field in provider.fields else answers.UNRECOGNIZED
        if abstract == VERIFICATION:
            return None if command.field == CommandField.C_ECHO_RQ else answers.UNRECOGNIZED
        if command.field != CommandField.C_STORE_RQ:
            return answers.UNRECOGNIZED
        if not command.has_data_set:
            return answers.NO_DATA_SET
        if command.sop_class_uid != abstract:
            return answers.NO_SUCH_CLASS
        return None if self._talk.may_store(abstract) else answers.NOT_ALLOWED

    def _provide(self, message: Message) -> None:
        provider, command = message.provider, message.command
        if message.refusal is not None:
            self.counts["refused"] += 1
            self._answer(message.context_id, command, Response(message.refusal))
        elif provider is None:
            self.counts["echoes"] += 1
            self._answer(message.context_id, command, Response(answers.SUCCESS))
        else:
            self.counts[provider.service.value] += 1
            self._let_answer(provider, message)

    def _let_answer(self, provider: Provider, message: Message) -> None:
        """Sends the provider's responses one by one; its failure is answered when nothing final was said yet."""
        assert self._talk is not None
        request = self._talk.request(message.context_id, message.command, bytes(message.data))
        done = False
        try:
            for response in provider.answer(request):
                self._answer(message.context_id, message.command, response)
                done = response.status.code not in _PENDING
        except (ConnectionLostError, ProtocolError, PeerLeft):
            raise
        except Exception as error:
            noted(error)
            if not done:
                self._answer(message.context_id, message.command, Response(service_status(error)))
        if self._talk.left:
            raise PeerLeft

    def _answer(self, context_id: int, command: Command, response: Response) -> None:
        assert self._talk is not None
        numbers = {
            0x1020: response.remaining,
            0x1021: response.completed,
            0x1022: response.failed,
            0x1023: response.warned,
            **response.numbers,
        }
        content = encode_response(
            command,
            response.status,
            data_set=bool(response.data_set),
            sop_instance_uid=response.sop_instance_uid,
            numbers=numbers,
        )
        more = bool(response.data_set) and response.status.code in _PENDING  # matches come in their hundreds
        self._talk.writer.message(context_id, content, response.data_set, more=more)
