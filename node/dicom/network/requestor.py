"""An association that we open (PS3.8 section 7): echo, store, any other request, release; as thin over the socket as the
receiving side.

A data set is sent from an open file through one buffer, so memory is bounded whatever its size, and every wait has a limit.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Final, Self, TypeVar

from node.dicom.network.command import (
    COMMAND_LIMIT,
    Answer,
    Command,
    CommandField,
    encode_request,
    encode_response,
    parse_command,
    parse_response,
)
from node.dicom.network.data_set import LIMIT
from node.dicom.network.messages import MessageWriter
from node.dicom.network.sockets import tune
from node.dicom.network.status import Status
from node.dicom.network.tls import ALERT, PLAIN, Secured, Tls, hang_up, unreachable
from node.dicom.network.upper_layer import (
    ConnectionLostError,
    Pdu,
    ProposedContext,
    ProtocolError,
    Role,
    encode_abort,
    encode_associate_request,
    encode_release_request,
    encode_release_response,
    parse_associate_accept,
    values,
)
from node.dicom.network.wire import Wire
from node.domain.facility import Peer
from node.errors import NodeError, PeerBusy, PeerRefused, PeerUnreachable

VERIFICATION: Final = "1.2.840.10008.1.1"
_PENDING: Final = range(0xFF00, 0xFF02)
_UNANSWERED: Final = (  # hints for who closes when an association is asked for: plain, TLS
    "It may expect TLS on this port (then set tls = true for it), or not know our address.",
    "It may not accept our certificate: see its log, and whether dicom.tls_certificate is of an authority that it trusts.",
)
M = TypeVar("M", Answer, Command)


@dataclass(frozen=True, slots=True)
class Heard:
    """A request of the peer on an association that we opened."""

    context_id: int
    transfer_syntax: str
    command: Command
    data_set: bytes


class Requestor:
    """An established association, used by one thread. As a context manager it is released, or aborted after an error."""

    def __init__(
        self,
        peer: Peer,
        calling_ae: str,
        contexts: Sequence[ProposedContext],
        *,
        connect_seconds: float,
        response_seconds: float,
        roles: Mapping[str, Role] | None = None,
        tls: Tls | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        """Connects and negotiates. `tls` serves peers that are called by TLS; `progress` hears "connected", "secured" and
        "accepted".

        Raises `PeerUnreachable`, `PeerBusy`, `PeerRefused`.
        """
        self._peer = peer
        self.line: Secured = PLAIN
        self._calling_ae = calling_ae
        self._seconds = response_seconds
        self._messages = itertools.cycle(range(1, 65536))
        self._progress = progress or (lambda step: None)
        self._sock = self._connect(connect_seconds, tls)
        self._wire = Wire(self._sock, response_seconds)
        try:
            self.accepted, self._max_pdu = self._negotiate(contexts, roles or {})
            self._progress("accepted")
        except BaseException:
            self._sock.close()
            raise
        if 0 < self._max_pdu < 16:
            self.abort()
            raise PeerRefused(f"{self._where()} takes no PDU of a usable length.", hint="Raise its maximum PDU length.")
        self._writer = MessageWriter(self._wire, self._max_pdu)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, PeerBusy):
            self.release()
        else:
            self.abort()

    def echo(self, context_id: int) -> int:
        """C-ECHO; returns the status. Raises `PeerUnreachable`."""
        message = next(self._messages)
        with self._translated():
            self._writer.command(context_id, encode_request(CommandField.C_ECHO_RQ, message, VERIFICATION))
            return self._response(message)[0].status

    def store(
        self,
        context_id: int,
        sop_class_uid: str,
        sop_instance_uid: str,
        data_set: BinaryIO,
        *,
        numbers: Mapping[int, int] | None = None,
        texts: Mapping[int, str] | None = None,
    ) -> int:
        """C-STORE of the bytes from where `data_set` stands to its end; returns the status. Raises `PeerUnreachable`.

        `numbers` and `texts` are more command elements (C-MOVE names its originator).

        An `OSError` of the file leaves the association unusable.
        """
        message = next(self._messages)
        with self._translated():
            self._writer.command(
                context_id,
                encode_request(
                    CommandField.C_STORE_RQ,
                    message,
                    sop_class_uid,
                    sop_instance_uid,
                    data_set=True,
                    numbers=numbers,
                    texts=texts,
                ),
            )
            self._writer.data(context_id, data_set)
            return self._response(message)[0].status

    def release(self) -> None:
        """Ends the association in good order as far as the peer goes along."""
        with contextlib.suppress(ConnectionLostError, ProtocolError):
            self._wire.write(encode_release_request())
            self._wire.read(self._seconds)
        hang_up(self._sock)
        self._sock.close()

    def abort(self) -> None:
        with contextlib.suppress(ConnectionLostError):
            self._wire.write(encode_abort())
        self._sock.close()

    def _where(self) -> str:
        return f"{self._peer.code} ({self._peer.ae_title} at {self._peer.host}:{self._peer.port})"

    def _connect(self, seconds: float, tls: Tls | None) -> socket.socket:
        try:
            sock = socket.create_connection((self._peer.host, self._peer.port), timeout=seconds)
            tune(sock)
        except OSError as error:
            reason = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
            raise PeerUnreachable(
                f"No connection to {self._where()}: {reason}.",
                hint="Check that it runs, its address and the network.",
                fault="no-connection",
            ) from error
        self._progress("connected")
        if self._peer.tls:
            if tls is None:
                raise PeerRefused(
                    f"{self._where()} is called by TLS, which is not set up here.", hint="Set tls = false."
                )
            sock, self.line = tls.call(sock, self._peer, seconds)
            self._progress("secured")
        return sock

    def _negotiate(self, contexts: Sequence[ProposedContext], roles: Mapping[str, Role]) -> tuple[dict[int, str], int]:
        with self._translated(_UNANSWERED[self._peer.tls]):
            self._wire.write(encode_associate_request(self._calling_ae, self._peer.ae_title, contexts, roles))
            kind, body = self._wire.read(self._seconds)
            if kind == Pdu.ASSOCIATE_AC:
                return parse_associate_accept(bytes(body))
            if kind == Pdu.ASSOCIATE_RJ and len(body) == 4:
                raise self._rejection(body[1], body[2], body[3])
            raise ProtocolError("the peer answered the association request with something else")

    def _rejection(self, result: int, source: int, reason: int) -> NodeError:
        """PS3.8 Table 9-21."""
        if result == 2:
            return PeerBusy(
                f"{self._where()} takes no association now.", hint="It is tried again later.", fault="takes-none-now"
            )
        if (source, reason) == (1, 3):
            return PeerRefused(
                f"The calling AE title {self._calling_ae} is not recognised by {self._where()}.",
                hint="Add it there.",
                fault="our-title-unknown",
            )
        if (source, reason) == (1, 7):
            return PeerRefused(
                f"{self._where()} does not know itself under this AE title.",
                hint="Mend the peer's ae_title here.",
                fault="its-title-wrong",
            )
        return PeerRefused(
            f"{self._where()} rejected the association (source {source}, reason {reason}).",
            hint="Look into its log.",
            fault="rejected",
        )

    @contextlib.contextmanager
    def _translated(self, hint: str = "It is tried again.") -> Iterator[None]:
        try:
            yield
        except ConnectionLostError as error:
            cause = error.__cause__
            if isinstance(cause, ssl.SSLError) and (said := unreachable(self._peer, cause)) is not None:
                raise said from error
            raise PeerUnreachable(
                f"The connection to {self._where()} broke: {error}.", hint=hint, fault="broken-off"
            ) from error
        except ProtocolError as error:
            if self._wire.begins_with(ALERT):
                raise PeerUnreachable(
                    f"{self._where()} speaks TLS here.",
                    hint="Set tls = true for this peer in the registry, or its port for plain DICOM.",
                    fault="tls-wanted",
                ) from error
            raise PeerUnreachable(
                f"{self._where()} broke the protocol: {error}.", hint="Look into its log.", fault="broke-protocol"
            ) from error

    def request(
        self,
        kind: CommandField,
        context_id: int,
        sop_class_uid: str,
        sop_instance_uid: str = "",
        *,
        data_set: bytes = b"",
        numbers: Mapping[int, int] | None = None,
        texts: Mapping[int, str] | None = None,
    ) -> Iterator[tuple[Answer, bytes]]:
        """Any request with a short data set: yields each response with its data set until one is final.

        Raises `PeerUnreachable`.
        """
        message = next(self._messages)
        command = encode_request(
            kind, message, sop_class_uid, sop_instance_uid, data_set=bool(data_set), numbers=numbers, texts=texts
        )
        with self._translated():
            self._writer.message(context_id, command, data_set)
        while True:
            with self._translated():
                answer, content = self._response(message)
            yield answer, content
            if answer.status not in _PENDING:
                return

    def hear(self, seconds: float) -> Heard | None:
        """A request of the peer, with its data set; None when it said nothing within the time.

        To be answered with `reply`. Raises `PeerUnreachable`, also when the peer has released the association.
        """
        with self._translated():
            if not self._wire.waiting(seconds):
                return None
            context_id, command, data = self._message(parse_command)
            if context_id not in self.accepted:
                raise ProtocolError("a request for a context that was not agreed")
        return Heard(context_id, self.accepted[context_id], command, data)

    def reply(self, heard: Heard, status: Status, numbers: Mapping[int, int] | None = None) -> None:
        """Answers a request of the peer. Raises `PeerUnreachable`."""
        with self._translated():
            self._writer.command(heard.context_id, encode_response(heard.command, status, numbers=numbers))

    def _response(self, message_id: int) -> tuple[Answer, bytes]:
        _, answer, data = self._message(lambda command: parse_response(command, message_id))
        return answer, data

    def _message(self, parse: Callable[[bytearray], M]) -> tuple[int, M, bytes]:
        """(context id, command set, data set) of the next message."""
        command, data = bytearray(), bytearray()
        message: M | None = None
        while True:
            kind, body = self._wire.read(self._seconds)
            if kind == Pdu.RELEASE_RQ:
                self._wire.write(encode_release_response())
                raise ConnectionLostError("the peer released the association")
            if kind == Pdu.ABORT:
                raise ConnectionLostError("the peer aborted")
            if kind != Pdu.P_DATA:
                raise ProtocolError("a PDU that does not belong here")
            for value in values(body):
                part, limit = (command, COMMAND_LIMIT) if value.command else (data, LIMIT)
                if value.command is not (message is None) or len(part) + len(value.data) > limit:
                    raise ProtocolError("a response that is none")
                part += value.data
                if not value.last:
                    continue
                if message is None:
                    message = parse(command)
                if not value.command or not message.has_data_set:
                    return value.context_id, message, bytes(data)
