"""How DICOM connections are set up: no waiting to fill packets, and a dead peer is noticed.

Keepalive finds a peer that went away while nothing was said; the user timeout one that takes no more of what we send
(RFC 5482). Both are of Linux; elsewhere the idle limits alone remain.
"""

from __future__ import annotations

import socket
from typing import Final

DEAD_AFTER: Final = 60  # seconds without an acknowledgement
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
