"""The DICOM ports, plain and TLS: listen, and give every connection a thread of its own. What is said there is `association`'s.

All services are served by one engine on both. The first byte tells TLS from plain DICOM, so a caller with the wrong one of
them is told apart, named in the log, and sent away in a way that it understands.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections import Counter
from typing import Final

from node.dicom.network.association import Association
from node.dicom.network.callers import Callers
from node.dicom.network.offer import Offer
from node.dicom.network.sockets import part, tune
from node.dicom.network.tls import CLIENT_HELLO, PLAIN, Secured, send_away
from node.dicom.network.tls_faults import caller_refused
from node.dicom.setup import configure
from node.domain.caller import Call, Refusal
from node.errors import CallerRefused, Invalid, NodeError

log = logging.getLogger("node.dicom.network.receive")
_REFUSING: Final = 16  # connections beyond the limit that still get a civil rejection; more are closed at once
_STOP_SECONDS: Final = 5.0
_FIRST_BYTE_SECONDS: Final = 30.0
_HANDSHAKE_SECONDS: Final = 15.0
_LINGER_SECONDS: Final = 1.0
_GRACE_SECONDS: Final = 2.0  # a connection that has asked for nothing gives way to others after this time


class _Connection:
    """An accepted connection; its socket changes when TLS begins."""

    def __init__(self, sock: socket.socket, address: str, *, secure: bool, beyond: bool) -> None:
        self.sock = sock
        self.address = address
        self.secure = secure  # it came to the TLS port
        self.beyond = beyond  # of the node's limit
        self.since = time.monotonic()
        self.association: Association | None = None
        self.given_up = False
        self.thread: threading.Thread | None = None

    @property
    def only_waits(self) -> bool:
        """Whether it has asked for nothing though it had the time."""
        silent = self.association is None or not self.association.asked
        return silent and time.monotonic() - self.since >= _GRACE_SECONDS

    def cut(self) -> None:
        """From another thread: wakes whoever reads or writes."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # not SSLSocket's, which forgets its TLS state


class DicomServer:
    """Serves an offer on a port, and with `tls_port` by TLS on another. `start` returns when it listens, `stop` when its
    threads have ended."""

    def __init__(
        self, offer: Offer, *, host: str, port: int, max_associations: int, tls_port: int | None = None
    ) -> None:
        self._host = host
        self._ports = (port, tls_port)
        self._offer = offer
        self._max_associations = max_associations
        self._lock = threading.Lock()
        self._open: dict[_Connection, None] = {}
        self._totals: Counter[str] = Counter()
        self._listeners: list[socket.socket] = []  # plain, then TLS
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    @property
    def port(self) -> int:
        """The port that is listened on, also when 0 was asked for."""
        return int(self._listeners[0].getsockname()[1]) if self._listeners else self._ports[0]

    @property
    def tls_port(self) -> int | None:
        """The same for TLS; None when it is not offered."""
        return int(self._listeners[1].getsockname()[1]) if len(self._listeners) > 1 else self._ports[1]

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return len(self._open)

    @property
    def totals(self) -> dict[str, int]:
        """Since the start: associations, and objects stored, refused, put aside."""
        with self._lock:
            return dict(self._totals)

    @property
    def callers(self) -> Callers:
        """Who is here, was here, was not let in."""
        return self._offer.callers

    def start(self) -> None:
        """Raises `Invalid` when an address cannot be listened on, or the TLS files cannot be used."""
        configure()
        port, tls_port = self._ports
        if tls_port is not None:
            self._offer.tls.check()
        self._stopping.clear()
        self._listeners = [self._listen(port, "dicom.port")]
        try:
            if tls_port is not None:
                self._listeners.append(self._listen(tls_port, "dicom.tls_port"))
        except Invalid:
            self._listeners.pop().close()
            raise
        self._threads = [
            threading.Thread(
                target=self._accept, args=(listener, bool(number)), name=f"dicom-port-{number}", daemon=True
            )
            for number, listener in enumerate(self._listeners)
        ]
        for thread in self._threads:
            thread.start()

    def _listen(self, port: int, setting: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        both = self._host == "::" and socket.has_dualstack_ipv6()
        try:
            return socket.create_server((self._host, port), family=family, backlog=128, dualstack_ipv6=both)
        except OSError as error:
            raise Invalid(
                f"The DICOM port {self._host}:{port} cannot be opened: {error.strerror}.",
                hint=f"Choose another {setting}, or stop the program that uses it.",
            ) from error

    def stop(self) -> None:
        """Closes the ports and all connections. What was not answered with success is not kept."""
        self._stopping.set()
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        for thread in self._threads:
            thread.join(_STOP_SECONDS)
        for listener in self._listeners:
            listener.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.cut()
        for connection in connections:
            if connection.thread is not None:
                connection.thread.join(_STOP_SECONDS)

    def _accept(self, listener: socket.socket, secure: bool) -> None:
        while not self._stopping.is_set():
            try:
                sock, address = listener.accept()
            except OSError as error:
                if not self._stopping.wait(0.1):
                    log.warning("a connection could not be accepted: %s", error.strerror)
                continue
            try:
                self._welcome(sock, str(address[0]).removeprefix("::ffff:"), secure)
            except (OSError, RuntimeError) as error:  # no more threads, or gone already
                log.warning("a connection could not be served: %s", type(error).__name__)
                sock.close()

    def _welcome(self, sock: socket.socket, address: str, secure: bool) -> None:
        tune(sock)
        with self._lock:
            beyond = self._make_room()
            if beyond >= _REFUSING:
                sock.close()
                return
            connection = _Connection(sock, address, secure=secure, beyond=beyond >= 0)
            connection.thread = threading.Thread(
                target=self._run, args=(connection,), name=f"dicom-{address}", daemon=True
            )
            self._open[connection] = None
        try:
            connection.thread.start()
        except RuntimeError:
            with self._lock:
                del self._open[connection]
            raise

    def _make_room(self) -> int:
        """How many are open beyond the limit, below 0 when there is room; when there is none the oldest that has asked for
        nothing gives way: silent connections keep nobody out. To be called under the lock."""
        beyond = sum(not c.given_up for c in self._open) - self._max_associations
        if beyond >= 0:
            idle = next((c for c in self._open if c.only_waits and not c.given_up), None)
            if idle is not None:
                idle.given_up = True
                idle.cut()
                beyond -= 1
        return beyond

    def _run(self, connection: _Connection) -> None:
        counts: Counter[str] = Counter()
        try:
            association = connection.association = self._begin(connection)
            if association is not None:
                association.run()
                counts = association.counts
        finally:
            with self._lock:
                del self._open[connection]
                self._totals.update(counts)
                self._totals["associations"] += 1

    def _begin(self, connection: _Connection) -> Association | None:
        """The association to be served, behind TLS where it belongs; None when there was none to be had."""
        refuse = _too_many() if connection.beyond else None
        line = PLAIN
        try:
            hello = _first_byte(connection.sock) == CLIENT_HELLO
            if hello and not connection.secure:
                self._send_away(connection)
                return None
            if hello:
                line = self._secure(connection)
            elif connection.secure:
                refuse = caller_refused(Refusal.PLAIN_ON_TLS)
        except CallerRefused as error:
            self._note(connection, error)
            return None
        except (OSError, NodeError) as error:
            log.info("a connection from %s ended before it began: %s", connection.address, error)
            connection.sock.close()
            return None
        return Association(connection.sock, connection.address, self._offer, refuse, line)

    def _secure(self, connection: _Connection) -> Secured:
        connection.sock, line = self._offer.tls.receive(connection.sock, _HANDSHAKE_SECONDS)
        return line

    def _send_away(self, connection: _Connection) -> None:
        """A TLS client on the plain port."""
        self._note(connection, caller_refused(Refusal.TLS_ON_PLAIN))
        send_away(connection.sock)
        part(connection.sock, _LINGER_SECONDS)

    def _note(self, connection: _Connection, error: CallerRefused) -> None:
        port = "TLS port" if connection.secure else "plain port"
        log.warning("a caller from %s on the %s was not let in: %s", connection.address, port, error)
        refusal = Refusal(error.fault)
        self._offer.callers.refuse(Call(self._offer.tls.now(), connection.address, refusal=refusal))


def _first_byte(sock: socket.socket) -> int | None:
    """The first byte that the peer sends, left where it is; None when it sends none. Raises `OSError`."""
    sock.settimeout(_FIRST_BYTE_SECONDS)
    first = sock.recv(1, socket.MSG_PEEK)
    return first[0] if first else None


def _too_many() -> CallerRefused:
    return CallerRefused(
        "As many associations are open as this node may have.",
        fault=Refusal.LIMIT.value,
        hint="Raise dicom.max_associations when that happens often.",
    )
