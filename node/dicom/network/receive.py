"""The DICOM port: listens, and gives every connection a thread of its own. What is said there is `association`'s.

All services are served by one engine, on one port.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections import Counter
from typing import Final

from node.dicom.network.association import Association
from node.dicom.network.offer import Offer
from node.dicom.network.upper_layer import LOCAL_LIMIT_EXCEEDED
from node.dicom.setup import configure
from node.errors import Invalid

log = logging.getLogger("node.dicom.network.receive")
_REFUSING: Final = 16  # connections beyond the limit that still get a civil rejection; more are closed at once
_STOP_SECONDS: Final = 5.0


class DicomServer:
    """Serves an offer on a port. `start` returns when it listens, `stop` when its threads have ended."""

    def __init__(self, offer: Offer, *, host: str, port: int, max_associations: int) -> None:
        self._address = (host, port)
        self._offer = offer
        self._max_associations = max_associations
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._totals: Counter[str] = Counter()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def port(self) -> int:
        """The port that is listened on, also when 0 was asked for."""
        return int(self._listener.getsockname()[1]) if self._listener else self._address[1]

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

    def start(self) -> None:
        """Raises `Invalid` when the address cannot be listened on."""
        configure()
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        try:
            self._listener = socket.create_server(self._address, family=family, backlog=128)
        except OSError as error:
            raise Invalid(
                f"The DICOM port {self._address[0]}:{self._address[1]} cannot be opened: {error.strerror}.",
                hint="Choose another dicom.port, or stop the program that uses it.",
            ) from error
        self._stopping.clear()
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), name="dicom-port", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Closes the port and all connections. What was not answered with success is not kept."""
        self._stopping.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
        if self._listener is not None:
            self._listener.close()
        with self._lock:
            threads = dict(self._open)
        for sock in threads:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads.values():
            thread.join(_STOP_SECONDS)

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                sock, address = listener.accept()
            except OSError as error:
                if not self._stopping.wait(0.1):
                    log.warning("a connection could not be accepted: %s", error.strerror)
                continue
            try:
                self._welcome(sock, str(address[0]))
            except (OSError, RuntimeError) as error:  # no more threads, or gone already
                log.warning("a connection could not be served: %s", type(error).__name__)
                sock.close()

    def _welcome(self, sock: socket.socket, address: str) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        with self._lock:
            beyond = len(self._open) - self._max_associations
            if beyond >= _REFUSING:
                sock.close()
                return
            association = Association(sock, address, self._offer, LOCAL_LIMIT_EXCEEDED if beyond >= 0 else None)
            thread = threading.Thread(target=self._run, args=(sock, association), name=f"dicom-{address}", daemon=True)
            self._open[sock] = thread
        try:
            thread.start()
        except RuntimeError:
            with self._lock:
                del self._open[sock]
            raise

    def _run(self, sock: socket.socket, association: Association) -> None:
        try:
            association.run()
        finally:
            with self._lock:
                del self._open[sock]
                self._totals.update(association.counts)
                self._totals["associations"] += 1
