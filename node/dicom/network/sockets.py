"""How DICOM connections are set up: no waiting to fill packets, and a dead peer is noticed.

Keepalive finds a peer that went away while nothing was said; the user timeout one that takes no more of what we send
(RFC 5482). Both are of Linux; elsewhere the idle limits alone remain.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Final

DEAD_AFTER: Final = 60  # seconds without an acknowledgement
_LAST_READS: Final = 16
_OPTIONS: Final[tuple[tuple[str, int], ...]] = (
    ("TCP_KEEPIDLE", 30),  # seconds of silence before the first probe
    ("TCP_KEEPINTVL", 10),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", DEAD_AFTER * 1000),
)


def tune(sock: socket.socket) -> None:
    """Raises `OSError` when the connection is gone already."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS:
        option: int | None = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def part(sock: socket.socket, seconds: float) -> None:
    """Closes a connection so that the peer can read our last words: unread input would reset it. Raises nothing."""
    plain = socket.socket(fileno=sock.detach())  # what TLS there was has ended
    with contextlib.suppress(OSError), plain:
        plain.shutdown(socket.SHUT_WR)
        plain.settimeout(seconds)
        for _ in range(_LAST_READS):
            if not plain.recv(65536):
                break
