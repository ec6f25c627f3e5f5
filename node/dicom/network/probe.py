"""Testing the way to a peer, step by step: its address, the connection, TLS, the association, what it offers, C-ECHO.

The result is for people: how far it came, how long each step took, and where it ended and why.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from node.dicom.network.requestor import VERIFICATION, Requestor
from node.dicom.network.tls import PLAIN, Secured, Tls
from node.dicom.network.upper_layer import ProposedContext
from node.dicom.setup import configure
from node.dicom.syntaxes import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from node.domain.facility import Peer
from node.errors import NodeError, PeerRefused, PeerUnreachable

_OFFERS: Final[tuple[tuple[str, str], ...]] = (  # what it is asked whether it offers it: SOP class, name
    (VERIFICATION, "verification"),
    ("1.2.840.10008.5.1.4.1.1.2", "store"),  # CT Image Storage, for all
    ("1.2.840.10008.5.1.4.1.2.2.1", "find"),  # Study Root
    ("1.2.840.10008.5.1.4.1.2.2.2", "move"),
    ("1.2.840.10008.5.1.4.1.2.2.3", "get"),
    ("1.2.840.10008.5.1.4.31", "worklist"),
    ("1.2.840.10008.3.1.2.3.3", "procedure-step"),
    ("1.2.840.10008.1.20.1", "commitment"),
)


@dataclass
class Probe:
    """What was found. Times are in milliseconds, each of its own step; None: not reached."""

    addresses: tuple[str, ...] = ()
    resolved: float | None = None
    connected: float | None = None
    secured: float | None = None
    accepted: float | None = None
    echoed: float | None = None
    line: Secured = field(default=PLAIN)
    offers: tuple[str, ...] = ()
    failure: NodeError | None = None


def probe(
    peer: Peer,
    ae_title: str,
    tls: Tls,
    *,
    connect_seconds: float = 5.0,
    response_seconds: float = 8.0,
    clock: Callable[[], float] = time.perf_counter,
) -> Probe:
    """Raises nothing: what goes wrong is in the result."""
    configure()
    found = Probe()
    last = clock()

    def reached(step: str) -> None:
        nonlocal last
        now = clock()
        setattr(found, step, (now - last) * 1000)
        last = now

    try:
        found.addresses = _resolve(peer)
        reached("resolved")
        contexts = [
            ProposedContext(2 * number + 1, uid, (EXPLICIT_LITTLE, IMPLICIT_LITTLE))
            for number, (uid, _) in enumerate(_OFFERS)
        ]
        association = Requestor(
            peer,
            ae_title,
            contexts,
            connect_seconds=connect_seconds,
            response_seconds=response_seconds,
            tls=tls,
            progress=reached,
        )
        with association:
            found.line = association.line
            found.offers = tuple(
                name for number, (_, name) in enumerate(_OFFERS) if 2 * number + 1 in association.accepted
            )
            _echo(peer, association)
            reached("echoed")
    except NodeError as error:
        found.failure = error
    return found


def _resolve(peer: Peer) -> tuple[str, ...]:
    try:
        entries = socket.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PeerUnreachable(
            f"The host '{peer.host}' of {peer.code} has no address.",
            hint="Mend the peer's host in the registry, or ask the name server.",
            fault="no-address",
        ) from error
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in entries))


def _echo(peer: Peer, association: Requestor) -> None:
    if 1 not in association.accepted:
        raise PeerRefused(f"{peer.code} does not offer C-ECHO.", hint="Look into its settings.", fault="no-echo")
    status = association.echo(1)
    if status != 0:
        raise PeerRefused(
            f"{peer.code} answered C-ECHO with status {status:04X}.", hint="Look into its log.", fault="echo-failed"
        )
