"""One association that we serve: negotiation, C-ECHO, C-STORE, and the end of it.

A message is a command followed by its data set on the same presentation context; anything else aborts the association
(PS3.7 Annex D, PS3.8 section 9). Memory is bounded whatever an object's size: fragments go straight to the spool.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from pynetdicom import AllStoragePresentationContexts

from node.dicom.dataset import read_uids, require_uids
from node.dicom.network import status as answers
from node.dicom.network.command import COMMAND_LIMIT, Command, CommandField, encode_response, parse_command
from node.dicom.network.status import Status, store_status
from node.dicom.network.upper_layer import (
    APPLICATION_CONTEXT,
    APPLICATION_CONTEXT_UNKNOWN,
    CALLED_AE_UNKNOWN,
    CALLING_AE_UNKNOWN,
    PROTOCOL_VERSION_UNKNOWN,
    TEMPORARILY_CONGESTED,
    AbortReason,
    AnsweredContext,
    AssociateRequest,
    ConnectionLostError,
    Pdu,
    Pdv,
    ProposedContext,
    ProtocolError,
    Rejection,
    Wire,
    encode_abort,
    encode_associate_accept,
    encode_associate_reject,
    encode_command,
    encode_release_response,
    parse_associate_request,
    values,
)
from node.dicom.part10 import DEFLATED, SOP_CLASS, SOP_INSTANCE, file_meta, scan_uids
from node.dicom.syntaxes import EXPLICIT_BIG, IMPLICIT_LITTLE
from node.domain.study import Arrival
from node.errors import NodeError, NotAuthorized, Unreadable
from node.ports import Batch, Intake, SpoolFile

log = logging.getLogger("node.dicom.network.receive")

VERIFICATION: Final = "1.2.840.10008.1.1"
STORAGE_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
STORAGE_CLASSES: Final = frozenset(str(c.abstract_syntax) for c in AllStoragePresentationContexts)
TRANSFER_SYNTAX_ROOT: Final = "1.2.840.10008.1.2"
_ARTIM_SECONDS: Final = 30.0  # PS3.8 9.1.4: for the association request
_LINGER_SECONDS: Final = 1.0
_HEAD: Final = 32768  # bytes of a data set that are kept for the quick check


class Admission(Protocol):
    """Decides who may open an association. Raises `NotAuthorized`."""

    def __call__(self, calling_ae: str, called_ae: str, address: str) -> Arrival: ...


@dataclass(frozen=True)
class Service:
    """What all associations of a server share."""

    ae_title: str
    admit: Admission
    intake: Intake
    idle_seconds: float
    max_object_bytes: int
    received: Callable[[], None]
    any_called_ae: bool = False
    private_classes: frozenset[str] = frozenset()

    def stores(self, sop_class_uid: str) -> bool:
        known = sop_class_uid in STORAGE_CLASSES or sop_class_uid in self.private_classes
        return known or sop_class_uid.startswith(STORAGE_ROOT)

    def answer(self, context: ProposedContext) -> AnsweredContext:
        """Takes the first proposed syntax that the standard knows, else the first: bytes are kept as they come."""
        if context.abstract_syntax != VERIFICATION and not self.stores(context.abstract_syntax):
            return AnsweredContext(context.id, 3, IMPLICIT_LITTLE)
        if not context.transfer_syntaxes:
            return AnsweredContext(context.id, 4, IMPLICIT_LITTLE)
        known = [uid for uid in context.transfer_syntaxes if f"{uid}.".startswith(TRANSFER_SYNTAX_ROOT + ".")]
        return AnsweredContext(context.id, 0, (known or context.transfer_syntaxes)[0])


@dataclass
class _Incoming:
    """An object, or another message's data set, on its way in; without a file its bytes are read and dropped."""

    context_id: int
    command: Command
    transfer_syntax: str
    file: SpoolFile | None = None
    refusal: Status = answers.PROCESSING_FAILURE
    size: int = 0
    head: bytearray = field(default_factory=bytearray)

    def take(self, data: memoryview, limit: int) -> None:
        self.size += len(data)
        if self.file is None:
            return
        if self.size > limit:
            self.drop(answers.TOO_LARGE)
            return
        if len(self.head) < _HEAD:
            self.head += data[: _HEAD - len(self.head)]
        try:
            self.file.write(data)
        except Exception as error:  # the rest is read and dropped, the answer says why
            self.drop(store_status(_noted(error)))

    def drop(self, refusal: Status) -> None:
        if self.file is not None:
            self.file.abort()
        self.file, self.refusal = None, refusal

    def check(self, file: SpoolFile) -> bool:
        """Whether the object is the one that the command names. Raises `Unreadable`."""
        syntax, found = self.transfer_syntax, None
        if syntax not in DEFLATED:
            found = scan_uids(bytes(self.head), implicit=syntax == IMPLICIT_LITTLE, little=syntax != EXPLICIT_BIG)
        try:
            require_uids(found or {})
        except Unreadable:
            found = read_uids(file.path)
            require_uids(found)
        assert found is not None
        named = (self.command.sop_class_uid, self.command.sop_instance_uid)
        return (found[SOP_CLASS], found[SOP_INSTANCE]) == named


class Association:
    """Serves one accepted connection until it ends. `run` raises nothing."""

    def __init__(self, sock: socket.socket, address: str, service: Service, refuse: Rejection | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._sock = sock
        self._address = address
        self._service = service
        self._refuse = refuse
        self._wire = Wire(sock, service.idle_seconds)
        self._names = "unknown caller"
        self._contexts: dict[int, tuple[str, str]] = {}  # id: abstract, transfer syntax
        self._max_pdu = 0
        self._arrival: Arrival | None = None
        self._batch: Batch | None = None
        self._command = bytearray()
        self._command_context = 0
        self._incoming: _Incoming | None = None

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
            _noted(error)
            self._send_last(encode_abort(AbortReason.NOT_SPECIFIED))
        finally:
            self._close()
        counts = ", ".join(f"{number} {name}" for name, number in sorted(self.counts.items())) or "nothing"
        log.info("association %s from %s: %s; %s", self._names, self._address, counts, end)

    def _close(self) -> None:
        with contextlib.suppress(Exception):
            if self._incoming is not None:
                self._incoming.drop(answers.PROCESSING_FAILURE)
        try:
            if self._batch is not None:
                self._batch.close()
        except Exception as error:
            _noted(error)
        self._linger()
        self._sock.close()

    def _linger(self) -> None:
        """Lets the peer read our last PDU: closing with unread input would reset the connection."""
        with contextlib.suppress(OSError, ConnectionLostError):
            self._sock.shutdown(socket.SHUT_WR)
            self._wire.drain(_LINGER_SECONDS)

    def _send_last(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionLostError):
            self._wire.write(data)

    def _serve(self) -> str:
        kind, body = self._wire.read(_ARTIM_SECONDS)
        if kind != Pdu.ASSOCIATE_RQ:
            raise ProtocolError("no association was requested", AbortReason.UNEXPECTED_PDU)
        request = parse_associate_request(bytes(body))
        self._names = f"{request.calling_ae} to {request.called_ae}"
        rejection = self._refuse or self._admit(request)
        if rejection is not None:
            self._wire.write(encode_associate_reject(rejection))
            return f"rejected ({rejection.result}, {rejection.source}, {rejection.reason})"
        results = [self._service.answer(context) for context in request.contexts]
        names = {context.id: context.abstract_syntax for context in request.contexts}
        self._contexts = {a.id: (names[a.id], a.transfer_syntax) for a in results if a.result == 0}
        self._max_pdu = request.max_pdu
        self._wire.write(encode_associate_accept(request, results))
        return self._exchange()

    def _admit(self, request: AssociateRequest) -> Rejection | None:
        if not request.protocol_version & 1:
            return PROTOCOL_VERSION_UNKNOWN
        if request.application_context != APPLICATION_CONTEXT:
            return APPLICATION_CONTEXT_UNKNOWN
        if request.called_ae != self._service.ae_title and not self._service.any_called_ae:
            return CALLED_AE_UNKNOWN
        try:
            self._arrival = self._service.admit(request.calling_ae, request.called_ae, self._address)
        except NotAuthorized:
            return CALLING_AE_UNKNOWN
        except NodeError as error:
            _noted(error)
            return TEMPORARILY_CONGESTED
        return None

    def _exchange(self) -> str:
        while True:
            kind, body = self._wire.read()
            if kind == Pdu.P_DATA:
                for value in values(body):
                    self._take(value)
            elif kind == Pdu.ABORT:
                return "aborted by the caller"
            elif kind == Pdu.RELEASE_RQ and self._incoming is None and not self._command:
                self._wire.write(encode_release_response())
                return "released"
            else:
                raise ProtocolError("a PDU that does not belong here", AbortReason.UNEXPECTED_PDU)

    def _take(self, value: Pdv) -> None:
        if value.context_id not in self._contexts:
            raise ProtocolError("a value for a context that was not agreed")
        if not value.command:
            self._take_data(value)
            return
        if self._incoming is not None:
            raise ProtocolError("a command within a data set", AbortReason.UNEXPECTED_PARAMETER)
        if self._command and value.context_id != self._command_context:
            raise ProtocolError("a command on two contexts")
        if len(self._command) + len(value.data) > COMMAND_LIMIT:
            raise ProtocolError("a command set is too long")
        self._command += value.data
        self._command_context = value.context_id
        if value.last:
            command = parse_command(self._command)
            self._command.clear()
            self._obey(value.context_id, command)

    def _take_data(self, value: Pdv) -> None:
        incoming = self._incoming
        if incoming is None:
            raise ProtocolError("a data set without a command", AbortReason.UNEXPECTED_PARAMETER)
        if value.context_id != incoming.context_id:
            raise ProtocolError("a data set on another context than its command")
        incoming.take(value.data, self._service.max_object_bytes)
        if value.last:
            status = self._finish(incoming)
            self._incoming = None
            self._answer(incoming.context_id, incoming.command, status)

    def _obey(self, context_id: int, command: Command) -> None:
        abstract, transfer = self._contexts[context_id]
        incoming = _Incoming(context_id, command, transfer)
        if command.field == CommandField.C_CANCEL_RQ:
            return
        if command.field == CommandField.C_ECHO_RQ and abstract == VERIFICATION and not command.has_data_set:
            self.counts["echoes"] += 1
            self._answer(context_id, command, answers.SUCCESS)
            return
        if command.field != CommandField.C_STORE_RQ or abstract == VERIFICATION:
            incoming.refusal = answers.UNRECOGNIZED
        elif not command.has_data_set:
            incoming.refusal = answers.NO_DATA_SET
        elif command.sop_class_uid != abstract:
            incoming.refusal = answers.NO_SUCH_CLASS
        else:
            self._open(incoming)
        if command.has_data_set:
            self._incoming = incoming
        else:
            self.counts["refused"] += 1
            self._answer(context_id, command, incoming.refusal)

    def _open(self, incoming: _Incoming) -> None:
        arrival = self._arrival
        assert arrival is not None
        command = incoming.command
        try:
            if self._batch is None:
                self._batch = self._service.intake.begin(arrival)
            incoming.file = self._batch.create()
            incoming.file.write(
                file_meta(
                    command.sop_class_uid,
                    command.sop_instance_uid,
                    incoming.transfer_syntax,
                    arrival.calling_ae,
                    self._service.ae_title,
                )
            )
        except Exception as error:  # the data set is read and dropped, the answer says why
            incoming.drop(store_status(_noted(error)))

    def _finish(self, incoming: _Incoming) -> Status:
        """Makes a whole object durable; only then the answer is success."""
        file = incoming.file
        if file is None:
            self.counts["refused"] += 1
            return incoming.refusal
        try:
            if not incoming.check(file):
                self.counts["refused"] += 1
                incoming.drop(answers.MISMATCH)
                return answers.MISMATCH
            file.commit()
            status, count = answers.SUCCESS, "stored"
        except Unreadable as error:
            status, count = self._put_aside(incoming, file, error), "put aside"
        except Exception as error:
            incoming.drop(store_status(_noted(error)))
            status, count = incoming.refusal, "refused"
        self.counts[count] += 1
        incoming.file = None
        if count != "refused":
            self._service.received()
        return status

    def _put_aside(self, incoming: _Incoming, file: SpoolFile, error: Unreadable) -> Status:
        try:
            file.quarantine(error.message)
        except Exception as failure:
            incoming.drop(store_status(_noted(failure)))
            return incoming.refusal
        return store_status(error)

    def _answer(self, context_id: int, command: Command, status: Status) -> None:
        self._wire.write(encode_command(context_id, encode_response(command, status), self._max_pdu))


def _noted(error: Exception) -> Exception:
    """Logs what kind of error it was and where; its text may hold values of the object, so only ours is written."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_globals.get('__name__', '?')}:{frame.tb_lineno}" if frame else "?"
    text = error.message if isinstance(error, NodeError) else ""
    log.warning("%s at %s %s", type(error).__name__, where, text)
    return error
