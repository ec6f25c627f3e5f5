"""The state of the DICOM peers for the administrator: who is here, who was refused, whose certificate ends, and a test."""

from __future__ import annotations

from node.dicom.network.callers import Attendance, Callers
from node.dicom.network.probe import Probe, probe
from node.dicom.network.tls import Tls
from node.domain.facility import Peer
from node.flow.certificates import CertificateWatch, Watched
from node.ports import Node


class PeerDesk:
    """Safe for many threads."""

    def __init__(self, node: Node, callers: Callers, tls: Tls) -> None:
        self._node = node
        self._callers = callers
        self._tls = tls
        self._watch = CertificateWatch(node, tls)

    def attendance(self) -> Attendance:
        return self._callers.now()

    def certificates(self) -> list[Watched]:
        return self._watch.all()

    def warn(self) -> None:
        """Says in the log which certificates end soon, each once a day."""
        self._watch.warn()

    def test(self, peer: Peer) -> Probe:
        """Calls a peer of the registry step by step. Raises nothing."""
        return probe(peer, self._node.settings.dicom.ae_title, self._tls)


def callable_by_us(peer: Peer) -> bool:
    return bool(peer.host and peer.port)
